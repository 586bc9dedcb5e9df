"""The forms in which data sets are answered: JSON by default, XML in parts where it is asked for (PS3.18 10.4.4, 10.6.4)."""

from collections.abc import Sequence

from starlette.responses import Response

from hounsfield.dicom import xml_model
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.negotiation import MediaRange
from hounsfield.dicomweb.requests import in_thread
from hounsfield.errors import NotAcceptable

JSON, PLAIN_JSON, XML = "application/dicom+json", "application/json", "application/dicom+xml"


def choose_representation(ranges: Sequence[MediaRange]) -> str:
    """JSON, PLAIN_JSON or XML; raises NotAcceptable where the client takes none of them (WEB-03, WEB-06)."""
    for entry in ranges:
        for offer in (JSON, PLAIN_JSON):
            # JSON is never in parts, but some clients ask for it so, and can read it.
            if entry.allows(offer) or (entry.is_multipart and entry.part_type == offer):
                return offer
        if entry.allows_parts(XML) or entry.allows(XML):
            return XML
    raise NotAcceptable(f'data sets are given as {JSON} or as multipart/related; type="{XML}"')


async def dataset_list(representation: str, datasets: Sequence[bytes]) -> Response:
    """The answer with these data sets, each a DICOM JSON object."""
    if representation != XML:
        return Response(b"[" + b",".join(datasets) + b"]", media_type=representation)
    boundary = new_boundary()
    body = await in_thread(_xml_parts, datasets, boundary)
    return Response(body, media_type=f'multipart/related; type="{XML}"; boundary={boundary}')


def _xml_parts(datasets: Sequence[bytes], boundary: str) -> bytes:
    pieces = []
    for n, dataset in enumerate(datasets):
        pieces += [part_head(boundary, XML, is_first=n == 0), xml_model.from_json(dataset)]
    return b"".join([*pieces, closing(boundary)])
