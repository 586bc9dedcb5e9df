"""Data sets as bodies of requests and answers: work items, procedure steps and the like (PS3.18 8.7.3, annex F)."""

import base64
import binascii
import re
import struct
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hounsfield.dicom import xml_model
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sequences import VR_NAMES, vr_of
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
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
_MAX_DEPTH = 32
_TAG_DIGITS = 8
_NAMES = frozenset(VR_NAMES.values())
_INTEGERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_NUMBERS = _INTEGERS | {"FL", "FD"}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
DataSet = dict[str, Any]


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
        return from_json(body)
    if media_type in {XML, "application/xml", "text/xml"}:
        return checked(xml_model.read(body))
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


def from_json(body: bytes) -> DataSet:
    """The one data set of a JSON document, alone or in an array; raises InvalidInstance."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise InvalidInstance(f"the body is no JSON: {problem}") from None
    if isinstance(document, list):
        if len(document) != 1:
            raise InvalidInstance(f"the body has {len(document)} data sets; one is taken")
        document = document[0]
    return checked(document)


def checked(document: Any) -> DataSet:
    """A data set that came from outside, in the form that ours have; raises InvalidInstance."""
    found = _dataset(document, 0)
    try:  # what no transfer syntax can hold would trip whoever reads it later
        encode_dataset(found, EXPLICIT_LITTLE)
    except (struct.error, ValueError, TypeError, OverflowError) as problem:
        raise InvalidInstance(f"a value does not fit its VR: {problem}") from None
    return found


def _dataset(document: Any, depth: int) -> DataSet:
    if not isinstance(document, dict):
        raise InvalidInstance("a data set is an object of attributes by tag")
    if depth > _MAX_DEPTH:
        raise InvalidInstance("sequences are nested too deep")
    found = {}
    for name, attribute in document.items():
        tag = name.upper()
        if len(tag) != _TAG_DIGITS or not set(tag) <= set("0123456789ABCDEF") or tag < "0008":
            raise InvalidInstance(f"{name[:40]!r} is no tag of a data set")
        found[tag] = _attribute(tag, attribute, depth)
    return dict(sorted(found.items()))


def _attribute(tag: str, attribute: Any, depth: int) -> dict[str, Any]:
    if not isinstance(attribute, dict):
        raise InvalidInstance(f"({tag[:4]},{tag[4:]}) is no attribute")
    vr = attribute.get("vr", vr_of(int(tag, 16)))
    if vr not in _NAMES:
        raise InvalidInstance(f"({tag[:4]},{tag[4:]}) has no known VR")
    if "BulkDataURI" in attribute:
        raise InvalidInstance(f"({tag[:4]},{tag[4:]}): bulk data cannot be taken here")
    if "InlineBinary" in attribute:
        return {"vr": vr, "InlineBinary": _inline(tag, vr, attribute["InlineBinary"])}
    values = attribute.get("Value", [])
    if not isinstance(values, list):
        raise InvalidInstance(f"({tag[:4]},{tag[4:]}): Value is an array")
    made = [_value(tag, vr, value, depth) for value in values]
    return {"vr": vr, "Value": made} if made and made != [None] else {"vr": vr}


def _inline(tag: str, vr: str, text: Any) -> str:
    try:
        if vr in _BYTES and isinstance(text, str):
            base64.b64decode(text, validate=True)
            return text
    except binascii.Error:
        pass
    raise InvalidInstance(f"({tag[:4]},{tag[4:]}): InlineBinary is base64 of a binary VR")


def _value(tag: str, vr: str, value: Any, depth: int) -> Any:
    if vr == "SQ":
        return _dataset(value or {}, depth + 1)
    if value is None and vr not in _NUMBERS:
        return None
    if vr == "PN":
        names = {"Alphabetic": value} if isinstance(value, str) else value
        if isinstance(names, dict) and all(isinstance(names.get(one, ""), str) for one in _GROUPS):
            return {one: names[one] for one in _GROUPS if names.get(one)}
    elif vr in _NUMBERS or vr in {"IS", "DS"}:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, str) and vr in _INTEGERS:
            value, is_number = _integer(value), True
        if is_number or isinstance(value, str):
            return str(value) if isinstance(value, str) else value
    elif vr not in _BYTES and isinstance(value, str):
        return value
    raise InvalidInstance(f"({tag[:4]},{tag[4:]}): {str(value)[:40]!r} is no value of VR {vr}")


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInstance(f"{text[:40]!r} is no number") from None


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
