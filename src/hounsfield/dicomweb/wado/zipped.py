"""Instances in a ZIP archive, with a DICOMDIR for who asks for one (PS3.18 8.7.3.1, 10.4.4.1, WADO-07)."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from hounsfield.archive.exporting import Named, named_instances
from hounsfield.archive.forms.media_directory import directory_of
from hounsfield.archive.forms.zipping import zip_stream
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import principal_of, uids_of
from hounsfield.dicomweb.wado import bodies
from hounsfield.dicomweb.wado import instances as wado
from hounsfield.errors import InvalidQuery
from hounsfield.index.records import InstanceLocation


def zipped(
    parts: DicomWebParts, request: Request, locations: Sequence[InstanceLocation]
) -> Response:
    """The answer; ``dicomdir=true`` is a query parameter of ours. Raises InvalidQuery and NotAcceptable."""
    with_directory = request.query_params.get("dicomdir", "false").lower()
    if with_directory not in {"true", "false"}:
        raise InvalidQuery("dicomdir is true or false")
    study, series, sop = uids_of(request)
    headers = {
        "Content-Disposition": f'attachment; filename="{sop or series or study}.zip"',
        "Cache-Control": "private, no-cache",
    }
    if with_directory == "true":
        directory, places = directory_of(parts.retrieve, locations)
        named = [Named(one, places.get(one.id) or f"OTHER/{one.id}") for one in locations]
        pieces = zip_stream(parts.retrieve, named, [("DICOMDIR", directory)])
    elif sop is not None:
        pieces = zip_stream(parts.retrieve, [Named(one, f"{sop}.dcm") for one in locations[:1]])
    else:
        found = named_instances(parts.search, parts.retrieve, principal_of(request), study, series)
        pieces = zip_stream(parts.retrieve, found)
    return bodies.streamed(pieces, wado.ZIP, headers)
