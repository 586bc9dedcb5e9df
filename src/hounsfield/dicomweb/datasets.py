"""Data sets as bodies of requests and answers: work items, procedure steps and the like (PS3.18 8.7.3, annex F)."""

import base64
import binascii
import struct
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sequences import VR_NAMES, vr_of
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
from hounsfield.dicomweb.negotiation import accepted, choose
from hounsfield.dicomweb.problems import TooLarge, UnsupportedMediaType
from hounsfield.errors import InvalidInstance

JSON = "application/dicom+json"
MAX_BODY_BYTES = 4 << 20
_MAX_DEPTH = 32
_TAG_DIGITS = 8
_NAMES = frozenset(VR_NAMES.values())
_NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"})
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
    media_type = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    body = await read_body(request, at_most)
    if not body.strip():
        if may_be_absent:
            return {}
        raise InvalidInstance("the request has no data set")
    if media_type in {JSON, "application/json"}:
        return from_json(body)
    raise UnsupportedMediaType(f"a data set is taken as {JSON}, not as {media_type[:80]}")


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
        if is_number or isinstance(value, str):
            return value
    elif vr not in _BYTES and isinstance(value, str):
        return value
    raise InvalidInstance(f"({tag[:4]},{tag[4:]}): {str(value)[:40]!r} is no value of VR {vr}")


def dataset_response(request: Request, found: Sequence[DataSet], status: int = 200) -> Response:
    """An answer of data sets, in the form that the client prefers; raises NotAcceptable."""
    media_type = choose(accepted(request), (JSON, "application/json"))
    ordered = [dict(sorted(one.items())) for one in found]
    return Response(orjson.dumps(ordered), status, media_type=media_type)
