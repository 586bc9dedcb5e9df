"""The DICOM JSON model, written straight from a data set's bytes (PS3.18 annex F)."""

import base64
import math
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson

from hounsfield.dicom.attributes import SPECIFIC_CHARACTER_SET, TAGS_OF, InstanceAttributes
from hounsfield.dicom.charset import AFFECTED_VRS, decode
from hounsfield.dicom.part10 import PIXEL_DATA_TAGS, Buffer, Element, Header, inflated
from hounsfield.dicom.query import Level
from hounsfield.dicom.sequences import (
    MAX_DEPTH,
    OF_UN,
    UNDEFINED,
    VR_NAMES,
    Encoding,
    Place,
    elements,
    is_private_creator,
    items,
    may_be_signed,
    vr_of,
)
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotFound

BulkDataUri = Callable[[str], str]

DEFAULT_BULK_THRESHOLD_BYTES = 1024
# The viewer needs palettes at once; PS3.3 C.7.6.3.1.6 bounds them to 128 KiB.
_ALWAYS_INLINE = frozenset(
    {0x00281201, 0x00281202, 0x00281203, 0x00281204, 0x00281221, 0x00281222, 0x00281223}
)
_ALWAYS_INLINE_BYTES = 1 << 17

_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
_KNOWN_VRS = frozenset(VR_NAMES.values())
_BYTES = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})
# A UN longer than this was UN because its VR has a 2-byte length (PS3.5 6.2.2 note 2).
_MAX_SHORT = 1 << 16
_SWAP = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_ONE_TEXT = frozenset({"LT", "ST", "UT", "UR"})
# A number token of JSON (RFC 8259 section 6); anything else goes out as a string with its digits kept.
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UNCERTAIN = frozenset({"UN", "US"})
_PIXEL_REPRESENTATION = 0x00280103
_tag_of = itemgetter(0)
_PN_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


class _Reader:
    """Walks one data set; holds what stays the same while it descends into items."""

    __slots__ = ("buffer", "bulk_data_uri", "is_for_writing", "threshold")

    def __init__(
        self,
        buffer: Buffer,
        bulk_data_uri: BulkDataUri | None,
        threshold: int,
        *,
        is_for_writing: bool = False,
    ) -> None:
        """``is_for_writing`` says that nobody looks into what is made before it is serialised."""
        self.buffer = buffer
        self.bulk_data_uri = bulk_data_uri
        self.threshold = threshold
        self.is_for_writing = is_for_writing

    def dataset(
        self,
        at: int,
        end: int,
        encoding: Encoding,
        *,
        charset: str = "",
        path: str = "",
        is_signed: bool = False,
        depth: int = 0,
    ) -> dict[str, Any]:
        """One data set or item; ``is_signed`` is what Pixel Representation (0028,0103) says around it."""
        if depth > MAX_DEPTH // 2:
            raise InvalidInstance("sequences are nested too deep")
        buffer = self.buffer
        found: list[tuple[int, Any]] = []
        for place in elements(buffer, at, end, encoding):
            tag, vr, begin, stop, _length, _inner = place
            if tag & 0xFFFF == 0 or tag >> 16 in {0, 2}:
                continue  # PS3.18 F.2.2: no group lengths, no command set, no file meta
            if tag == SPECIFIC_CHARACTER_SET:
                charset = bytes(buffer[begin:stop]).decode("latin-1").strip(" \0")
                found.append((tag, {"vr": "CS", "Value": ["ISO_IR 192"]}))
                continue
            if tag == _PIXEL_REPRESENTATION:
                is_signed = b"\1" in bytes(buffer[begin:stop])
            if vr in _UNCERTAIN:
                place = _as_meant(place, encoding, is_signed=is_signed)  # noqa: PLW2901
            if place.vr == "SQ":
                content = [
                    self.dataset(
                        *item,
                        charset=charset,
                        path=f"{path}{tag:08X}/{n}/",
                        is_signed=is_signed,
                        depth=depth + 1,
                    )
                    for n, item in enumerate(items(buffer, begin, stop, place.encoding))
                ]
                found.append((tag, {"vr": "SQ", "Value": content} if content else {"vr": "SQ"}))
            else:
                found.append((tag, self.value(place, charset, path)))
        found.sort(key=_tag_of)
        return {f"{tag:08X}": value for tag, value in found}

    def value(self, place: Place, charset: str, path: str) -> Any:
        tag, vr, begin, end, length, encoding = place
        if tag in PIXEL_DATA_TAGS or length == UNDEFINED:
            return self.bulk(vr, f"{path}{tag:08X}")
        if vr not in _BYTES:
            raw = bytes(self.buffer[begin:end])
            if self.is_for_writing and len(raw) <= _REMEMBERED_BYTES:
                return _short_value(raw, vr, charset, encoding.is_big_endian)
            return value_json(raw, vr, charset, is_big_endian=encoding.is_big_endian)
        limit = _ALWAYS_INLINE_BYTES if tag in _ALWAYS_INLINE else self.threshold
        if end - begin > limit and self.bulk_data_uri is not None:
            return self.bulk(vr, f"{path}{tag:08X}")
        return binary_json(bytes(self.buffer[begin:end]), vr, is_big_endian=encoding.is_big_endian)

    def bulk(self, vr: str, path: str) -> dict[str, Any]:
        if self.bulk_data_uri is None:
            return {"vr": vr}
        return {"vr": vr, "BulkDataURI": self.bulk_data_uri(path)}


def _as_meant(place: Place, encoding: Encoding, *, is_signed: bool) -> Place:
    """The element with the VR that it has by the dictionary, where the one it stands with says less."""
    if place.vr == "UN":
        known = known_vr(place.tag)
        if known is None or (place.length >= _MAX_SHORT and known != "SQ"):
            return place
        place = place._replace(vr=known, encoding=OF_UN)
    elif not encoding.is_implicit_vr:
        return place
    return place._replace(vr="SS") if is_signed and may_be_signed(place.tag) else place


def known_vr(tag: int) -> str | None:
    """The VR of an attribute that was sent as UN though everybody knows it; it is little endian (PS3.5 6.2.2)."""
    if tag >> 16 & 1:
        return "LO" if is_private_creator(tag) else None
    vr = vr_of(tag)
    return None if vr in _BYTES else vr


def write_dataset(
    buffer: Buffer,
    header: Header,
    *,
    bulk_data_uri: BulkDataUri | None = None,
    bulk_threshold_bytes: int = DEFAULT_BULK_THRESHOLD_BYTES,
    assumed_charset: str = "",
) -> bytes:
    """One instance's data set as a DICOM JSON object (PS3.18 F.2), pixel data and long values by URI.

    ``bulk_data_uri`` gets a path such as ``00081140/0/00091010`` and gives the URI. Values stand with the
    digits they were sent with. ``assumed_charset`` is the Specific Character Set of a data set that names none.
    """
    if of(header.transfer_syntax_uid).is_deflated:
        buffer, header = inflated(buffer, header), replace(header, dataset_offset=0)
    reader = _Reader(buffer, bulk_data_uri, bulk_threshold_bytes, is_for_writing=True)
    begin, encoding = header.dataset_offset, _encoding_of(header)
    return dumps(reader.dataset(begin, len(buffer), encoding, charset=assumed_charset))


def _encoding_of(header: Header) -> Encoding:
    return Encoding(header.is_implicit_vr, header.is_big_endian)


def find_bulk_data(buffer: Buffer, header: Header, path: str) -> tuple[int, int, str]:
    """(offset, length, VR) of the value at a path as ``write_dataset`` made it; raises NotFound."""
    at, end, encoding = header.dataset_offset, len(buffer), _encoding_of(header)
    parts = path.split("/")
    while parts:
        try:
            wanted = int(parts[0], 16)
        except ValueError:
            raise NotFound(f"{path} is not the path of an attribute") from None
        # Of an element that is there twice, which no data set should have, the last one counts.
        found = None
        for place in elements(buffer, at, end, encoding):
            if place.tag == wanted:
                found = place
        if found is None:
            raise NotFound(f"the instance has no attribute {path}")
        if len(parts) == 1:
            return found.begin, found.end - found.begin, found.vr
        inner = OF_UN if found.vr == "UN" else found.encoding
        within = list(items(buffer, found.begin, found.end, inner))
        if not (parts[1].isascii() and parts[1].isdigit()) or int(parts[1]) >= len(within):
            raise NotFound(f"the instance has no attribute {path}")
        at, end, encoding = within[int(parts[1])]
        parts = parts[2:]
    raise NotFound("no attribute is named")


def element_json(
    element: Element, charset: str, *, is_implicit_vr: bool, is_big_endian: bool
) -> dict[str, Any]:
    """One attribute in the DICOM JSON model, from the raw value a header keeps."""
    vr, encoding = element.vr, Encoding(is_implicit_vr, is_big_endian)
    if vr == "UN" and (known := known_vr(element.tag)):
        vr, encoding = known, OF_UN
    elif vr not in _KNOWN_VRS:  # a damaged byte; no client could read it
        vr = known_vr(element.tag) or "UN"
    if vr == "SQ":
        reader = _Reader(element.value, None, _ALWAYS_INLINE_BYTES)
        content = [
            reader.dataset(*item, charset=charset, depth=1)
            for item in items(element.value, 0, len(element.value), encoding)
        ]
        return {"vr": "SQ", "Value": content} if content else {"vr": "SQ"}
    if vr in _BYTES:
        return binary_json(element.value, vr, is_big_endian=encoding.is_big_endian)
    return value_json(element.value, vr, charset, is_big_endian=encoding.is_big_endian)


def write_indexed(attributes: InstanceAttributes, level: Level) -> str:
    """The indexed attributes of ``level`` that are there, as a serialised DICOM JSON object (PS3.18 F.2)."""
    header = attributes.header
    elements, charset = header.elements, attributes.specific_character_set
    encoding = (header.is_implicit_vr, header.is_big_endian)
    parts = []
    for tag in TAGS_OF[level]:
        element = elements.get(tag)
        if element is not None:
            write = _member if len(element.value) <= _REMEMBERED_BYTES else _write_member
            parts.append(write(tag, element.vr, element.value, charset, *encoding))
    return "{" + ",".join(parts) + "}"


def _write_member(
    tag: int, vr: str, raw: bytes, charset: str, is_implicit_vr: bool, is_big_endian: bool
) -> str:
    found = element_json(
        Element(tag, vr, raw), charset, is_implicit_vr=is_implicit_vr, is_big_endian=is_big_endian
    )
    return f'"{tag:08X}":{dumps(found).decode()}'


# The instances of a series say nearly all the same, so most of their JSON is at hand.
_REMEMBERED_BYTES = 64
_member = lru_cache(maxsize=16_384)(_write_member)


@lru_cache(maxsize=16_384)
def _short_value(raw: bytes, vr: str, charset: str, is_big_endian: bool) -> orjson.Fragment:
    return orjson.Fragment(dumps(value_json(raw, vr, charset, is_big_endian=is_big_endian)))


def binary_json(raw: bytes, vr: str, *, is_big_endian: bool) -> dict[str, Any]:
    """A value of bytes, inline (PS3.18 F.2.7)."""
    if not raw:
        return {"vr": vr}
    encoded = base64.b64encode(_little(raw, vr, is_big_endian)).decode("ascii")
    return {"vr": vr, "InlineBinary": encoded}


def value_json(raw: bytes, vr: str, charset: str, *, is_big_endian: bool) -> dict[str, Any]:
    """A value that is neither sequence nor bytes (PS3.18 table F.2.3-1); empty values have no ``Value``."""
    if vr in _NUMBERS:
        return _present(vr, _numbers(raw, vr, is_big_endian))
    if vr == "AT":
        count = len(raw) // 4
        pairs = struct.unpack_from(f"{'>' if is_big_endian else '<'}{count * 2}H", raw)
        return _present(vr, [f"{pairs[2 * n]:04X}{pairs[2 * n + 1]:04X}" for n in range(count)])
    if vr in {"DS", "IS"}:
        return _present(
            vr,
            [_decimal(part.strip(b" \0")) for part in raw.split(b"\\")]
            if raw.strip(b" \0")
            else [],
        )
    if vr in _ONE_TEXT:
        text = (
            decode(raw, vr, charset) if vr in AFFECTED_VRS else raw.decode("latin-1").rstrip(" \0")
        )
        return {"vr": vr, "Value": [text]} if text else {"vr": vr}
    text = decode(raw, vr, charset)
    if not text:
        return {"vr": vr}
    parts = text.split("\\")
    if vr == "PN":
        return _present(vr, [_person_name(part) for part in parts])
    keep_leading = vr == "UC"
    return _present(
        vr, [(part.rstrip(" \0") if keep_leading else part.strip(" \0")) or None for part in parts]
    )


def dumps(dataset: Any) -> bytes:
    """Serialise what this module made."""
    return orjson.dumps(dataset, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def _present(vr: str, values: list[Any]) -> dict[str, Any]:
    if not values or (all(value is None for value in values) and len(values) == 1):
        return {"vr": vr}
    return {"vr": vr, "Value": values}


def _numbers(raw: bytes, vr: str, is_big_endian: bool) -> list[Any]:
    code = _NUMBERS[vr]
    count = len(raw) // struct.calcsize(code)
    values: list[Any] = list(
        struct.unpack_from(f"{'>' if is_big_endian else '<'}{count}{code}", raw)
    )
    if vr in {"FL", "FD"}:
        # PS3.18 F.2.3: no NaN or infinity in JSON numbers; as strings they stay readable.
        values = [value if value - value == 0 else _special(value) for value in values]
    return values


def _special(value: float) -> str:
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124


def _decimal(raw: bytes) -> Any:
    if not raw:
        return None
    if _JSON_NUMBER.fullmatch(raw) and not math.isinf(float(raw)):
        return orjson.Fragment(raw)
    return raw.decode("latin-1")


def _person_name(text: str) -> dict[str, str] | None:
    groups = [group.strip(" \0") for group in text.split("=")][:3]
    return {name: group for name, group in zip(_PN_GROUPS, groups, strict=False) if group} or None


def _little(raw: bytes, vr: str, is_big_endian: bool) -> bytes:
    return little_endian(raw, vr) if is_big_endian else raw


def little_endian(raw: bytes, vr: str) -> bytes:
    """Big endian bulk bytes as they are on the web (PS3.18 8.7.3.2)."""
    size = _SWAP.get(vr)
    if size is None or len(raw) % size:
        return raw
    swapped = bytearray(len(raw))
    for n in range(size):
        swapped[n::size] = raw[size - 1 - n :: size]
    return bytes(swapped)
