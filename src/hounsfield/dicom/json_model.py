"""The DICOM JSON model, written straight from a data set's bytes (PS3.18 annex F)."""

import base64
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from hounsfield.dicom.charset import AFFECTED_VRS, decode
from hounsfield.dicom.part10 import (
    MAX_DEPTH,
    PIXEL_DATA_TAGS,
    SHORT_VRS,
    UNDEFINED,
    Buffer,
    Element,
    Header,
    inflated,
    skip_undefined,
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
_BYTES = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})
# A UN longer than this was UN because its VR has a 2-byte length (PS3.5 6.2.2 note 2).
_MAX_SHORT = 1 << 16
_SWAP = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_ONE_TEXT = frozenset({"LT", "ST", "UT", "UR"})
# A number token of JSON (RFC 8259 section 6); anything else goes out as a string with its digits kept.
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PN_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


class _Reader:
    """Walks one data set; holds what stays the same while it descends into items."""

    __slots__ = ("base", "big", "buffer", "bulk_data_uri", "threshold")

    def __init__(
        self, buffer: Buffer, *, big: bool, bulk_data_uri: BulkDataUri | None, threshold: int
    ) -> None:
        self.buffer = buffer
        self.big = big
        self.bulk_data_uri = bulk_data_uri
        self.threshold = threshold

    def elements(self, at: int, end: int, is_implicit: bool) -> "_Elements":
        return _Elements(self.buffer, at, end, is_implicit, self.big)

    def dataset(
        self, at: int, end: int, charset: str, path: str, is_implicit: bool, depth: int
    ) -> dict[str, Any]:
        if depth > MAX_DEPTH // 2:
            raise InvalidInstance("sequences are nested too deep")
        found: list[tuple[int, Any]] = []
        for tag, vr, value_at, value_end, length in self.elements(at, end, is_implicit):
            if (
                tag & 0xFFFF == 0 or tag < 0x00080000
            ):  # PS3.18 F.2.2: no group lengths, no file meta
                continue
            if tag == 0x00080005:
                charset = bytes(self.buffer[value_at:value_end]).decode("latin-1").strip(" \0")
                found.append((tag, {"vr": "CS", "Value": ["ISO_IR 192"]}))
                continue
            element_path = f"{path}{tag:08X}"
            if vr == "UN" and length < _MAX_SHORT and (known := known_vr(tag)):
                raw = bytes(self.buffer[value_at:value_end])
                found.append((tag, value_json(raw, known, charset, is_big_endian=False)))
                continue
            if vr == "SQ":
                items = self.items(value_at, value_end, charset, element_path, is_implicit, depth)
                found.append((tag, {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}))
            elif tag in PIXEL_DATA_TAGS or length == UNDEFINED:
                found.append((tag, self.bulk(vr, element_path)))
            elif vr in _BYTES:
                found.append((tag, self.binary(tag, vr, value_at, value_end, element_path)))
            else:
                raw = bytes(self.buffer[value_at:value_end])
                found.append((tag, value_json(raw, vr, charset, is_big_endian=self.big)))
        found.sort(key=lambda pair: pair[0])
        return {f"{tag:08X}": value for tag, value in found}

    def items(
        self, at: int, end: int, charset: str, path: str, is_implicit: bool, depth: int
    ) -> list[dict[str, Any]]:
        return [
            self.dataset(begin, stop, charset, f"{path}/{n}/", is_implicit, depth + 1)
            for n, (begin, stop) in enumerate(
                item_ranges(self.buffer, at, end, is_implicit, self.big)
            )
        ]

    def bulk(self, vr: str, path: str) -> dict[str, Any]:
        if self.bulk_data_uri is None:
            return {"vr": vr}
        return {"vr": vr, "BulkDataURI": self.bulk_data_uri(path)}

    def binary(self, tag: int, vr: str, at: int, end: int, path: str) -> dict[str, Any]:
        size = end - at
        if not size:
            return {"vr": vr}
        limit = _ALWAYS_INLINE_BYTES if tag in _ALWAYS_INLINE else self.threshold
        if size > limit and self.bulk_data_uri is not None:
            return self.bulk(vr, path)
        raw = bytes(self.buffer[at:end])
        return {
            "vr": vr,
            "InlineBinary": base64.b64encode(_little(raw, vr, self.big)).decode("ascii"),
        }


class _Elements:
    """Iterates (tag, VR, value begin, value end, announced length) over one level of a data set."""

    def __init__(self, buffer: Buffer, at: int, end: int, is_implicit: bool, big: bool) -> None:
        self.buffer, self.at, self.end, self.is_implicit, self.big = (
            buffer,
            at,
            end,
            is_implicit,
            big,
        )

    def __iter__(self) -> Iterator[tuple[int, str, int, int, int]]:
        buffer, at, end, big, is_implicit = (
            self.buffer,
            self.at,
            self.end,
            self.big,
            self.is_implicit,
        )
        order = ">" if big else "<"
        explicit = struct.Struct(order + "HH2sH").unpack_from
        implicit = struct.Struct(order + "HHI").unpack_from
        long_length = struct.Struct(order + "I").unpack_from
        while at + 8 <= end:
            if is_implicit:
                group, element, length = implicit(buffer, at)
                value_at, vr = at + 8, ""
            else:
                group, element, raw_vr, length = explicit(buffer, at)
                value_at = at + 8
                if raw_vr not in SHORT_VRS:
                    if not raw_vr.isalpha() or at + 12 > end:
                        return
                    length, value_at = long_length(buffer, at + 8)[0], at + 12
                vr = raw_vr.decode("latin-1")
            tag = group << 16 | element
            if is_implicit:
                vr = _implicit_vr(tag, length)
            if tag in (0xFFFEE00D, 0xFFFEE0DD):
                return
            if length == UNDEFINED:
                try:
                    after, value_end = skip_undefined(
                        buffer, value_at, end, is_implicit or vr == "UN", big
                    )
                except InvalidInstance:
                    after = value_end = end
                if vr == "UN":
                    vr = "SQ"  # PS3.5 6.2.2 note 4: UN of undefined length is a sequence in implicit VR
            else:
                after = value_end = min(value_at + length, end)
            yield tag, vr, value_at, value_end, length
            at = after


def known_vr(tag: int) -> str | None:
    """The VR of a standard attribute that was sent as UN, whose value is little endian (PS3.5 6.2.2)."""
    vr = vr_of(tag)
    return None if tag >> 16 & 1 or vr in _BYTES or vr == "SQ" else vr


def _implicit_vr(tag: int, length: int) -> str:
    if tag >> 16 & 1:
        if tag & 0xFFFF < 0x100 and tag & 0xFFFF >= 0x10:
            return "LO"  # PS3.5 7.8.1: a private creator
        return "SQ" if length == UNDEFINED else "UN"
    return vr_of(tag)


def item_ranges(
    buffer: Buffer, at: int, end: int, is_implicit: bool, big: bool
) -> list[tuple[int, int]]:
    """(begin, end) of each item's content in a sequence's value."""
    implicit = struct.Struct(">HHI" if big else "<HHI").unpack_from
    found = []
    while at + 8 <= end:
        group, element, length = implicit(buffer, at)
        if (group, element) != (0xFFFE, 0xE000):
            break
        begin = at + 8
        if length == UNDEFINED:
            stop = _item_end(buffer, begin, end, is_implicit, big)
            at = stop + 8
        else:
            at = stop = min(begin + length, end)
        found.append((begin, stop))
    return found


def _item_end(buffer: Buffer, at: int, end: int, is_implicit: bool, big: bool) -> int:
    """Where the delimiter of the item of undefined length stands whose content begins at ``at``."""
    for tag, _vr, _begin, stop, length in _Elements(buffer, at, end, is_implicit, big):
        del tag
        at = stop + 8 if length == UNDEFINED and stop < end else stop
    return at


def write_dataset(
    buffer: Buffer,
    header: Header,
    *,
    bulk_data_uri: BulkDataUri | None = None,
    bulk_threshold_bytes: int = DEFAULT_BULK_THRESHOLD_BYTES,
) -> bytes:
    """One instance's data set as a DICOM JSON object (PS3.18 F.2), pixel data and long values by URI.

    ``bulk_data_uri`` gets a path such as ``00081140/0/00091010`` and gives the URI. Values stand with the
    digits they were sent with.
    """
    if of(header.transfer_syntax_uid).is_deflated:
        buffer, header = inflated(buffer, header), replace(header, dataset_offset=0)
    reader = _Reader(
        buffer,
        big=header.is_big_endian,
        bulk_data_uri=bulk_data_uri,
        threshold=bulk_threshold_bytes,
    )
    found = reader.dataset(header.dataset_offset, len(buffer), "", "", header.is_implicit_vr, 0)
    return dumps(found)


def find_bulk_data(buffer: Buffer, header: Header, path: str) -> tuple[int, int, str]:
    """(offset, length, VR) of the value at a path as ``write_dataset`` made it; raises NotFound."""
    at, end, is_implicit = header.dataset_offset, len(buffer), header.is_implicit_vr
    parts = path.split("/")
    while parts:
        try:
            wanted = int(parts[0], 16)
        except ValueError:
            raise NotFound(f"{path} is not the path of an attribute") from None
        elements = _Elements(buffer, at, end, is_implicit, header.is_big_endian)
        found = next((element for element in elements if element[0] == wanted), None)
        if found is None:
            raise NotFound(f"the instance has no attribute {path}")
        _tag, vr, value_at, value_end, _length = found
        if len(parts) == 1:
            return value_at, value_end - value_at, vr
        ranges = item_ranges(buffer, value_at, value_end, is_implicit, header.is_big_endian)
        if not parts[1].isdigit() or int(parts[1]) >= len(ranges):
            raise NotFound(f"the instance has no attribute {path}")
        at, end = ranges[int(parts[1])]
        parts = parts[2:]
    raise NotFound("no attribute is named")


def element_json(
    element: Element, charset: str, *, is_implicit_vr: bool, is_big_endian: bool
) -> dict[str, Any]:
    """One attribute in the DICOM JSON model, from the raw value a header keeps."""
    if element.vr == "SQ":
        reader = _Reader(element.value, big=is_big_endian, bulk_data_uri=None, threshold=1 << 16)
        items = reader.items(0, len(element.value), charset, "", is_implicit_vr, 0)
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if element.vr in _BYTES:
        vr = vr_of(element.tag)
        if element.vr == "UN" and vr not in _BYTES and vr != "SQ":  # a known attribute sent as UN
            return value_json(element.value, vr, charset, is_big_endian=False)
        raw = _little(element.value, element.vr, is_big_endian)
        return (
            {"vr": element.vr, "InlineBinary": base64.b64encode(raw).decode("ascii")}
            if raw
            else {"vr": element.vr}
        )
    return value_json(element.value, element.vr, charset, is_big_endian=is_big_endian)


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
    if _JSON_NUMBER.fullmatch(raw):
        return orjson.Fragment(raw)
    return raw.decode("latin-1")


def _person_name(text: str) -> dict[str, str] | None:
    groups = [group.strip(" \0") for group in text.split("=")][:3]
    return {name: group for name, group in zip(_PN_GROUPS, groups, strict=False) if group} or None


def _little(raw: bytes, vr: str, is_big_endian: bool) -> bytes:
    """Bulk bytes are little endian on the web (PS3.18 8.7.3.2)."""
    size = _SWAP.get(vr)
    if not is_big_endian or size is None or len(raw) % size:
        return raw
    swapped = bytearray(len(raw))
    for n in range(size):
        swapped[n::size] = raw[size - 1 - n :: size]
    return bytes(swapped)
