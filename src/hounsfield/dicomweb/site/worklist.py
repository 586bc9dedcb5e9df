"""The modality worklist over the web: Modality Scheduled Procedure Step Service (PS3.18 chapter 14)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.site.orders import OrderBook
from hounsfield.dicom.matching import TIMEZONE
from hounsfield.dicom.orders import STEP_SEQUENCE, known_attributes, return_keys
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.query_parameters import Parameters, Path, not_matched
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.dicomweb.searching import matches_response
from hounsfield.dicomweb.site.searches import keys_of, page_of
from hounsfield.dicomweb.wado.representations import choose_representation

_STEP = int(STEP_SEQUENCE, 16)
_KNOWN = known_attributes()
# The offset from UTC tells how to read the times of an item.
_DEFAULT = return_keys() | {(TIMEZONE,)}


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    orders = OrderBook(parts.store.index)

    async def search(request: Request) -> Response:
        """Search (14.4): items of the worklist by start time, 204 where none matches."""
        representation = choose_representation(accepted(request))
        asked = Parameters(
            request.query_params.multi_items(), place=_place, all_names_are_fuzzy=True
        )
        # PS3.4 K.2.2.1.1.2: a key that no item can have is ignored, but answered like any other.
        unknown = [path for path, _ in asked.matched if not _is_known(path)]
        asked.matched = [one for one in asked.matched if one[0] not in unknown]
        if unknown:
            asked.warnings.append(not_matched(path[-1] for path in unknown))
        keys = keys_of(asked)

        def answer() -> tuple[list[bytes], int]:
            found = orders.worklist(
                principal_of(request),
                keys,
                offset_from_utc=asked.offset_from_utc,
                keeps_started=parts.policy.keeps_started,
            )
            return page_of(asked, _DEFAULT, found)

        return await matches_response(representation, *await in_thread(answer), asked.warnings)

    return [Route("/modality-scheduled-procedure-steps", search, methods=["GET"])]


def _place(path: Path) -> Path:
    """What belongs to the step inside its sequence, also where the way there was left out."""
    return (_STEP, *path) if (path[0],) not in _KNOWN and (_STEP, path[0]) in _KNOWN else path


def _is_known(path: Path) -> bool:
    return path[:1] in _KNOWN - {(_STEP,)} or path[:2] in _KNOWN
