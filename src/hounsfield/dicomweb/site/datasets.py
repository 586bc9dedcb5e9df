"""Data sets as bodies of requests and answers: work items, procedure steps and the like (PS3.18 8.7.3, annex F)."""

import re
from collections.abc import Sequence

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hounsfield.dicom import json_reading, xml_model
from hounsfield.dicom.json_reading import DataSet
from hounsfield.dicomweb.multipart import (
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    closing,
    new_boundary,
    part_head,
)
from hounsfield.dicomweb.negotiation import accepted
from hounsfield.dicomweb.problems import TooLarge, UnsupportedMediaType
from hounsfield.dicomweb.wado.representations import (
    JSON,
    PLAIN_JSON,
    XML,
    choose_representation,
)
from hounsfield.errors import InvalidInstance

_BOUNDARY = re.compile(r'boundary\s*=\s*("([^"]+)"|[^;,\s]+)', re.IGNORECASE)
MAX_BODY_BYTES = 4 << 20


async def read_body(request: Request, at_most: int = MAX_BODY_BYTES) -> bytes:
    """The whole body of a request that is small by its nature; raises TooLarge."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > at_most:
                raise TooLarge(f"the body has more than {at_most} bytes")
    except ClientDisconnect:
        raise InvalidInstance("the client left before the end of the request") from None
    return bytes(body)


async def read_dataset(
    request: Request, *, may_be_absent: bool = False, at_most: int = MAX_BODY_BYTES
) -> DataSet:
    """The one data set of a request's body, in the DICOM JSON model.

    Raises UnsupportedMediaType, TooLarge, InvalidInstance.
    """
    content_type = request.headers.get("content-type", JSON)
    body = await read_body(request, at_most)
    if not body.strip():
        if may_be_absent:
            return {}
        raise InvalidInstance("the request has no data set")
    media_type = _type_of(content_type)
    if media_type == "multipart/related":
        content_type, body = _only_part(content_type, body)
        media_type = _type_of(content_type)
    if media_type in {JSON, PLAIN_JSON}:
        return json_reading.read_checked(body)
    if media_type in {XML, "application/xml", "text/xml"}:
        return json_reading.checked(xml_model.read(body))
    raise UnsupportedMediaType(f"a data set is taken as {JSON} or {XML}, not as {media_type[:80]}")


def _type_of(content_type: str) -> str:
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def _only_part(content_type: str, body: bytes) -> tuple[str, bytes]:
    """(Content-Type, content) of the one part of a multipart body; raises InvalidInstance."""
    found = _BOUNDARY.search(content_type)
    parts: list[tuple[str, bytearray]] = []
    try:
        reader = MultipartReader((found[2] or found[1]) if found else "")
        for event in reader.feed(body):
            if isinstance(event, PartBegin):
                parts.append((event.headers.get("content-type", XML), bytearray()))
            elif isinstance(event, PartData):
                parts[-1][1].extend(event.data)
    except MultipartError as problem:
        raise InvalidInstance(str(problem)) from None
    if len(parts) != 1 or not reader.is_complete:
        raise InvalidInstance("one whole part with one data set is taken")
    return parts[0][0], bytes(parts[0][1])


def dataset_response(request: Request, found: Sequence[DataSet], status: int = 200) -> Response:
    """An answer of data sets, in the form that the client prefers; raises NotAcceptable (WEB-03, WEB-06)."""
    ordered = [dict(sorted(one.items())) for one in found]
    ranges = accepted(request)
    representation = choose_representation(ranges)
    if representation != XML:
        return Response(orjson.dumps(ordered), status, media_type=representation)
    wants_one = next((one for one in ranges if one.allows(XML) or one.allows_parts(XML)), None)
    if len(ordered) == 1 and wants_one is not None and wants_one.media_type == XML:
        return Response(xml_model.write(ordered[0]), status, media_type=XML)
    boundary = new_boundary()
    pieces = []
    for number, one in enumerate(ordered):
        pieces += [part_head(boundary, XML, is_first=number == 0), xml_model.write(one)]
    media_type = f'multipart/related; type="{XML}"; boundary={boundary}'
    return Response(b"".join([*pieces, closing(boundary)]), status, media_type=media_type)
