"""The forms in which data sets are answered (PS3.18 10.4.4, 10.6.4)."""

from collections.abc import Sequence

from starlette.responses import Response

from hounsfield.dicomweb.negotiation import MediaRange
from hounsfield.errors import NotAcceptable

JSON, PLAIN_JSON = "application/dicom+json", "application/json"


def choose_representation(ranges: Sequence[MediaRange]) -> str:
    """The media type of the answer; raises NotAcceptable where the client takes none (WEB-03, WEB-06)."""
    for entry in ranges:
        for offer in (JSON, PLAIN_JSON):
            # JSON is never in parts, but some clients ask for it so, and can read it.
            if entry.allows(offer) or (entry.is_multipart and entry.part_type == offer):
                return offer
    raise NotAcceptable(f"data sets are given as {JSON}")


async def dataset_list(representation: str, datasets: Sequence[bytes], _base: str) -> Response:
    """The answer with these data sets, each a DICOM JSON object."""
    return Response(b"[" + b",".join(datasets) + b"]", media_type=representation)
