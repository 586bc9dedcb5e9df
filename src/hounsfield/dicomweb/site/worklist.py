"""The modality worklist over the web: Modality Scheduled Procedure Step Service (PS3.18 chapter 14)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.site.orders import OrderBook
from hounsfield.dicom.items import first_item
from hounsfield.dicom.orders import STEP_SEQUENCE, worklist_item
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.dicomweb.site.datasets import DataSet
from hounsfield.dicomweb.site.searches import parse_search, search_response

_ITEM = worklist_item({}, "SCHEDULED")
_IN_THE_STEP = frozenset(first_item(_ITEM[STEP_SEQUENCE])) - _ITEM.keys()


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    orders = OrderBook(parts.store.index)

    async def search(request: Request) -> Response:
        """Search (14.4): items of the worklist by start time, 204 where none matches."""
        asked = parse_search(request.query_params.multi_items())
        identifier = _nested(asked.identifier)

        def answer() -> Response:
            found = orders.worklist(
                principal_of(request), identifier, keeps_started=parts.policy.keeps_started
            )
            return search_response(request, asked, found)

        return await in_thread(answer)

    return [Route("/modality-scheduled-procedure-steps", search, methods=["GET"])]


def _nested(identifier: DataSet) -> DataSet:
    """The identifier with what belongs to the step inside it, also where its path was left out."""
    loose = {tag: key for tag, key in identifier.items() if tag in _IN_THE_STEP}
    if not loose:
        return identifier
    step = dict(first_item(identifier[STEP_SEQUENCE])) if STEP_SEQUENCE in identifier else {}
    rest = {tag: key for tag, key in identifier.items() if tag not in loose}
    return rest | {STEP_SEQUENCE: {"vr": "SQ", "Value": [loose | step]}}
