"""Writes a data set of the DICOM JSON model as an instance, its bulk data from where it lies (PS3.5 7, PS3.10 7).

The data set is written in explicit VR little endian, which every transfer syntax with encapsulated pixel data has too
(PS3.5 A.4). Lengths are known before anything is written, so bulk data of any size goes through in pieces.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import error as struct_error
from struct import pack
from typing import Any

from hounsfield.dicom.charset import AFFECTED_VRS
from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.sequences import ITEM, SEQUENCE_END, SHORT_VRS, UNDEFINED
from hounsfield.errors import InvalidInstance

DataSet = Mapping[str, Any]
Write = Callable[[bytes], object]

_CHARSET = "00080005"
_UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_SHORT = frozenset(vr.decode() for vr in SHORT_VRS)
_ONE_TEXT = frozenset({"LT", "ST", "UT", "UR"})
_PN_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_MAX_SHORT = 0xFFFE
_MAX_LONG = 0xFFFFFFFE
_FRAGMENT_BYTES = 1 << 31
_CHUNK_BYTES = 1 << 20
_MAX_DEPTH = 64
_SEQUENCE_END = pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)


@dataclass(frozen=True, slots=True)
class Bulk:
    """A value and where it lies."""

    buffer: Buffer
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Frames:
    """Compressed frames, to be encapsulated (PS3.5 A.4)."""

    frames: Sequence[Bulk]


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """Pixel data with its item tags, offset table first, with or without what closes it."""

    value: Bulk


Given = Bulk | Frames | Encapsulated
# Gives the value of an attribute by its tag and BulkDataURI; raises InvalidInstance where there is none.
BulkOf = Callable[[int, str], Given]
_Piece = bytes | Bulk


def no_bulk_data(tag: int, uri: str) -> Given:
    """For data sets that have to have all their values in them."""
    raise InvalidInstance(f"{tag:08X}: no part has the location {uri[:128]!r}")


def write_dataset(dataset: DataSet, write: Write, bulk_of: BulkOf = no_bulk_data) -> None:
    """Write a data set; raises InvalidInstance before anything was written. Group 0002 is left out.

    Texts are written in UTF-8, and Specific Character Set says so where it is needed (PS3.18 F.2.2).
    """
    planner = _Planner(bulk_of)
    pieces = planner.dataset(dataset, 0)
    if planner.needs_charset and _CHARSET not in dataset:
        pieces = planner.dataset({**dataset, _CHARSET: _UTF_8}, 0)
    for piece in pieces:
        if isinstance(piece, bytes):
            write(piece)
            continue
        end = piece.offset + piece.length
        for at in range(piece.offset, end, _CHUNK_BYTES):
            write(bytes(piece.buffer[at : min(at + _CHUNK_BYTES, end)]))


class _Planner:
    """Lays out what is to be written."""

    def __init__(self, bulk_of: BulkOf) -> None:
        self.needs_charset = False
        self._bulk_of = bulk_of

    def dataset(self, dataset: DataSet, depth: int) -> list[_Piece]:
        if depth > _MAX_DEPTH:
            raise InvalidInstance("sequences are nested too deep")
        pieces: list[_Piece] = []
        for name, attribute in sorted(dataset.items()):
            tag = int(name, 16)
            if not tag & 0xFFFF or tag >> 16 == 2:
                continue  # group lengths and meta information are not of the data set
            # PS3.5 7.8 has no use for odd groups below 8 either, but there are files with them.
            if not tag >> 16 or tag >> 16 >= 0xFFFE:
                raise InvalidInstance(f"{name} is no tag of a data set")
            shown = _UTF_8 if name == _CHARSET else attribute
            try:
                pieces += self._element(tag, shown, depth)
            except (ValueError, OverflowError, struct_error, TypeError) as problem:
                raise InvalidInstance(
                    f"{name} has no value of VR {shown['vr']}: {str(problem)[:80]}"
                ) from None
        return pieces

    def _element(self, tag: int, attribute: Mapping[str, Any], depth: int) -> list[_Piece]:
        vr: str = attribute["vr"]
        if "BulkDataURI" in attribute:
            given = self._bulk_of(tag, attribute["BulkDataURI"])
            if isinstance(given, Frames):
                return _encapsulated(tag, given.frames)
            if isinstance(given, Encapsulated):
                return _as_encapsulated(tag, given.value)
            return _framed(tag, vr, [given], given.length)
        if vr == "SQ":
            content: list[_Piece] = []
            length = 0
            for item in attribute.get("Value", ()):
                made = self.dataset(item or {}, depth + 1)
                size = _size_of(made)
                content += [_item(size), *made]
                length += 8 + size
            return _framed(tag, vr, content, length)
        value = self._value(vr, attribute)
        return _framed(tag, vr, [value], len(value))

    def _value(self, vr: str, attribute: Mapping[str, Any]) -> bytes:
        if "InlineBinary" in attribute:
            return _decoded(attribute["InlineBinary"])
        values: Sequence[Any] = attribute.get("Value", ())
        if vr in _NUMBERS:
            kind = float if vr in {"FL", "FD"} else _integer
            return pack(f"<{len(values)}{_NUMBERS[vr]}", *(kind(value) for value in values))
        if vr == "AT":
            return b"".join(_tag(value) for value in values)
        if vr in _BYTES:
            if values:
                raise InvalidInstance(f"a value of VR {vr} is given as InlineBinary")
            return b""
        if vr == "PN":
            text = "\\".join(_person_name(value) for value in values)
        else:
            if len(values) > 1 and vr in _ONE_TEXT:
                raise InvalidInstance(f"VR {vr} has one value")
            text = "\\".join("" if value is None else str(value) for value in values)
        if vr in AFFECTED_VRS:
            self.needs_charset = self.needs_charset or not text.isascii()
            return text.encode("utf-8")
        return text.encode("latin-1", "replace")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as problem:
        raise InvalidInstance(f"its InlineBinary is no base64: {problem}") from None


def _integer(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        number = float(value)
        if number != int(number):
            raise
        return int(number)


def _tag(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) != 8:
        raise InvalidInstance("a tag has 8 hexadecimal digits")
    number = int(value, 16)
    return pack("<HH", number >> 16, number & 0xFFFF)


def _person_name(groups: Mapping[str, str] | None) -> str:
    return "=".join((groups or {}).get(name, "") for name in _PN_GROUPS).rstrip("=")


def _size_of(pieces: Sequence[_Piece]) -> int:
    return sum(len(one) if isinstance(one, bytes) else one.length for one in pieces)


def _item(length: int) -> bytes:
    return pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, length)


def _framed(tag: int, vr: str, value: list[_Piece], length: int) -> list[_Piece]:
    """A value, padded, behind its tag, VR and length (PS3.5 7.1.2)."""
    pad = b""
    if length % 2:
        pad = b"\0" if vr == "UI" or vr in _BYTES else b" "
        length += 1
    head = pack("<HH", tag >> 16, tag & 0xFFFF)
    if vr in _SHORT and length <= _MAX_SHORT:
        return [head + vr.encode() + pack("<H", length), *value, pad]
    if length > _MAX_LONG:
        raise InvalidInstance(f"{length} bytes do not fit an element")
    if vr in _SHORT:
        vr = "UN"  # PS3.5 6.2.2 note 2
    return [head + vr.encode() + pack("<HI", 0, length), *value, pad]


def _encapsulated(tag: int, frames: Sequence[Bulk]) -> list[_Piece]:
    """Each frame in a fragment, with a basic offset table where there are several (PS3.5 A.4)."""
    body: list[_Piece] = []
    offsets, at = [], 0
    for frame in frames:
        offsets.append(at)
        for begin in range(0, frame.length, _FRAGMENT_BYTES):
            length = min(_FRAGMENT_BYTES, frame.length - begin)
            pad = b"\0" * (length % 2)
            body += [
                _item(length + len(pad)),
                Bulk(frame.buffer, frame.offset + begin, length),
                pad,
            ]
            at += 8 + length + len(pad)
    table = pack(f"<{len(offsets)}I", *offsets) if len(frames) > 1 and at <= _MAX_LONG else b""
    return [_open_head(tag) + _item(len(table)) + table, *body, _SEQUENCE_END]


def _as_encapsulated(tag: int, value: Bulk) -> list[_Piece]:
    end = value.offset + value.length
    is_closed = bytes(value.buffer[max(end - 8, value.offset) : end]) == _SEQUENCE_END
    return [_open_head(tag), value, b"" if is_closed else _SEQUENCE_END]


def _open_head(tag: int) -> bytes:
    return pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"OB", 0, UNDEFINED)
