"""Reads an instance's header without decoding it, and writes file meta information (PS3.10 section 7).

The walker is what every received instance passes through, so it touches each element's header once,
copies only the values that were asked for, and stops at the pixel data. It follows PS3.5 section 7 where
a file does, and tolerates what real files do instead; what it cannot follow is given to pydicom before it
is refused. It allocates no more than the values asked for and recurses nowhere.
"""

import io
import mmap
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from struct import Struct, pack
from typing import Any, NamedTuple

import pydicom
from pydicom.dataelem import RawDataElement

from hounsfield.dicom import deflated
from hounsfield.dicom.attributes import INDEXED
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.sequences import (
    EXPLICIT,
    IMPLICIT,
    KNOWN_VRS,
    LENGTH,
    OF_UN,
    SHORT_VRS,
    UNDEFINED,
    VR_NAMES,
    Encoding,
    Unreadable,
    skip_undefined,
    vr_of,
)
from hounsfield.dicom.transfer_syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, of
from hounsfield.errors import InvalidInstance

Buffer = bytes | bytearray | memoryview | mmap.mmap

PIXEL_DATA_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
# Only these captured values may be large; a longer one is a damaged or hostile length.
MAX_CAPTURED_BYTES = 1 << 20
# More than any data set has on its top level; keeps a hostile one from holding a thread for minutes.
MAX_ELEMENTS = 1 << 20
_OTHER_FORMATS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
)
_TEXT = bytes({*range(0x20, 0x7F), *b"\t\n\f\r"})
# What pydicom is given of a file that the walker cannot follow.
_HEAD_BYTES = 4 << 20


class Element(NamedTuple):
    """One data element; ``value`` is raw, without its header; for SQ the bytes of its items."""

    tag: int
    vr: str
    value: bytes


@dataclass(frozen=True, slots=True)
class PixelDataLocation:
    """Where a pixel data element's value lies; ``length`` is None when undefined (encapsulated)."""

    tag: int
    vr: str
    value_offset: int
    length: int | None


@dataclass(slots=True)
class Header:
    """What was read before the pixel data; offsets count from the beginning of the file.

    In a deflated data set (PS3.5 A.5) nothing has an offset, so ``pixel_data`` is None there.
    """

    transfer_syntax_uid: str
    dataset_offset: int
    has_preamble: bool
    is_implicit_vr: bool
    is_big_endian: bool
    file_meta: dict[int, bytes] = field(default_factory=dict)
    elements: dict[int, Element] = field(default_factory=dict)
    pixel_data: PixelDataLocation | None = None
    end_of_header: int = 0

    def text(self, tag: int) -> str:
        """The single value of an element in the default repertoire, without padding; "" if absent."""
        element = self.elements.get(tag)
        return element.value.decode("latin-1").strip(" \0") if element else ""


def read_header(
    buffer: Buffer,
    *,
    tags: frozenset[int] = INDEXED,
    transfer_syntax_uid: str | None = None,
) -> Header:
    """Read the elements of ``tags`` that lie before the pixel data.

    ``transfer_syntax_uid`` says that ``buffer`` is a bare data set in that syntax; without it
    ``buffer`` is a file. Raises InvalidInstance.
    """
    if transfer_syntax_uid is None:
        header = _read_meta(buffer)
    else:
        header = _header_of(transfer_syntax_uid, 0)
    if of(header.transfer_syntax_uid).is_deflated:
        return _read_deflated(buffer, header, tags)
    header.is_implicit_vr, header.is_big_endian = _encoding(buffer, header)
    try:
        _walk(buffer, header, tags)
    except Unreadable as problem:
        header = _read_with_pydicom(buffer, header, tags, problem)
    location = header.pixel_data
    if location and location.length and location.value_offset + location.length > len(buffer):
        left = len(buffer) - location.value_offset
        raise InvalidInstance(
            f"pixel data is cut short: {location.length} bytes announced, {left} left"
        )
    return header


def file_meta(
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    source_ae_title: str = "",
    sending_ae_title: str = "",
    receiving_ae_title: str = "",
) -> bytes:
    """Make preamble, prefix and File Meta Information for a data set that came without (PS3.10 7.1).

    The same arguments give the same bytes.
    """
    body = _explicit(0x0001, b"OB", b"\0\1")
    body += _explicit(0x0002, b"UI", _padded(sop_class_uid, b"\0"))
    body += _explicit(0x0003, b"UI", _padded(sop_instance_uid, b"\0"))
    body += _explicit(0x0010, b"UI", _padded(transfer_syntax_uid, b"\0"))
    body += _explicit(0x0012, b"UI", _padded(IMPLEMENTATION_CLASS_UID, b"\0"))
    body += _explicit(0x0013, b"SH", _padded(IMPLEMENTATION_VERSION_NAME, b" "))
    for element, title in (
        (0x0016, source_ae_title),
        (0x0017, sending_ae_title),
        (0x0018, receiving_ae_title),
    ):
        if title:
            body += _explicit(element, b"AE", _padded(title, b" "))
    length = _explicit(0x0000, b"UL", LENGTH[False].pack(len(body)))
    return bytes(128) + b"DICM" + length + body


def _padded(text: str, pad: bytes) -> bytes:
    raw = text.encode("latin-1", "replace")
    return raw + pad * (len(raw) % 2)


def _explicit(element: int, vr: bytes, value: bytes) -> bytes:
    if vr == b"OB":
        return pack("<HH2sHI", 2, element, vr, 0, len(value)) + value
    return EXPLICIT[False].pack(2, element, vr, len(value)) + value


def _header_of(uid: str, offset: int, *, has_preamble: bool = False) -> Header:
    syntax = of(uid)
    return Header(uid, offset, has_preamble, syntax.is_implicit_vr, syntax.is_big_endian)


def _read_meta(buffer: Buffer) -> Header:
    """Read the File Meta Information by its elements, not by its group length, which is often wrong."""
    has_preamble = bytes(buffer[128:132]) == b"DICM"
    at = 132 if has_preamble else 4 if bytes(buffer[:4]) == b"DICM" else 0
    begin, meta, size = at, {}, len(buffer)
    while at + 8 <= size:
        group, element, vr, length = EXPLICIT[False].unpack_from(buffer, at)
        if group != 2:
            break
        if vr in SHORT_VRS:
            at += 8
        elif vr.isalpha() and at + 12 <= size:
            length, at = LENGTH[False].unpack_from(buffer, at + 8)[0], at + 12
        else:  # meta information written in implicit VR, against PS3.10 7.1
            length, at = IMPLICIT[False].unpack_from(buffer, at)[2], at + 8
        if length > MAX_CAPTURED_BYTES or at + length > size:
            raise InvalidInstance(f"file meta element (0002,{element:04X}) is cut short")
        meta[0x20000 | element] = bytes(buffer[at : at + length])
        at += length
    uid = meta.get(0x00020010, b"").decode("latin-1").strip(" \0")
    if meta.get(0x00020002, b"").strip(b" \0") == b"1.2.840.10008.1.3.10":
        raise InvalidInstance("a DICOMDIR is the index of a disc, not an instance")
    if not uid:
        uid = _guess_syntax(buffer, at, was_announced=has_preamble or at > begin)
    header = _header_of(uid, at, has_preamble=has_preamble)
    header.file_meta = meta
    return header


def require_file(beginning: Buffer) -> None:
    """Raise InvalidInstance where what begins so is no file of ours, whatever comes behind."""
    if b"DICM" not in bytes(beginning[:132]) and bytes(beginning[:2]) != b"\2\0":
        _guess_syntax(beginning, 0, was_announced=False)


def _guess_syntax(buffer: Buffer, at: int, *, was_announced: bool) -> str:
    """The syntax of a data set that nobody named, by the look of its first element."""
    first = bytes(buffer[at : at + 8])
    if len(first) == 8:
        is_explicit = first[4:6].isalpha() and first[4:6].isupper()
        if is_explicit and first[0] == 0 and first[1] <= 0x20:
            return EXPLICIT_BIG
        # A data set begins with a group that scanners use: 0008, seldom 0000 to 0020.
        if first[1] == 0 and (was_announced or first[0] in {0x00, 0x02, 0x04, 0x08, 0x10}):
            if is_explicit:
                return EXPLICIT_LITTLE
            if was_announced or (first[0] == 0x08 and first[6:8] == b"\0\0"):
                return IMPLICIT_LITTLE
    raise InvalidInstance(_other_format(buffer, was_announced=was_announced))


def _other_format(buffer: Buffer, *, was_announced: bool) -> str:
    """Say what a file is that is none of ours."""
    if was_announced:
        return "no data set follows where the DICM prefix announces one"
    head = bytes(buffer[:256])
    if not head:
        return "not a DICOM file: it is empty"
    for magic, name in _OTHER_FORMATS:
        if head.startswith(magic):
            return f"not a DICOM file but {name}"
    if not head.translate(None, _TEXT):
        return "not a DICOM file but a text"
    return "not a DICOM file: no DICM prefix, and it does not begin like a data set"


def _encoding(buffer: Buffer, header: Header) -> tuple[bool, bool]:
    """(is implicit VR, is big endian), by what is there where it contradicts what was announced."""
    first = bytes(buffer[header.dataset_offset : header.dataset_offset + 8])
    if len(first) < 8:
        if len(buffer) <= header.dataset_offset:
            raise InvalidInstance("there is no data set after the file meta information")
        raise InvalidInstance("the data set is cut short")
    looks_explicit = first[4:6] in KNOWN_VRS
    is_big = header.is_big_endian
    if is_big and first[0] and not first[1]:
        is_big = False
    elif not is_big and first[1] and not first[0] and looks_explicit:
        is_big = True
    return not looks_explicit, is_big


def _walk(buffer: Buffer, header: Header, tags: frozenset[int]) -> None:  # noqa: C901, PLR0912 - the hot loop
    """Fill ``header`` from the data set at ``header.dataset_offset``."""
    at, end, big = header.dataset_offset, len(buffer), header.is_big_endian
    is_implicit, elements = header.is_implicit_vr, header.elements
    explicit, implicit, long_length = (
        _EXPLICIT[big].unpack_from,
        _IMPLICIT[big].unpack_from,
        LENGTH[big].unpack_from,
    )
    wanted = _by_number(tags, big)
    short_vrs, undefined = SHORT_VRS, UNDEFINED
    vr = b""
    for _ in range(MAX_ELEMENTS):
        if at + 8 > end:
            break
        if is_implicit:
            number, length = implicit(buffer, at)
            value_at = at + 8
        else:
            number, vr, length = explicit(buffer, at)
            value_at = at + 8
            if vr not in short_vrs:
                if not (vr.isalpha() and vr.isupper()):
                    if not any(bytes(buffer[at : at + 4096])):
                        break  # zeros that pad the file to a block
                    raise Unreadable(f"unreadable VR {vr!r} at {_told(number, big)}")
                if at + 12 > end:
                    raise InvalidInstance(f"{_told(number, big)} is cut short")
                length = long_length(buffer, at + 8)[0]
                value_at = at + 12
        tag = wanted.get(number)
        if tag in PIXEL_DATA_TAGS:
            assert tag is not None
            name = _implicit_pixel_vr(tag) if is_implicit else vr.decode("latin-1")
            size = None if length == undefined else length
            header.pixel_data = PixelDataLocation(tag, name, value_at, size)
            break
        if length == undefined:
            of_un = vr == b"UN" and not is_implicit
            encoding = OF_UN if of_un else Encoding(is_implicit, big)
            after, value_end = skip_undefined(buffer, value_at, end, encoding)
        else:
            after = value_end = value_at + length
            if after > end:
                raise InvalidInstance(
                    f"{_told(number, big)} announces {length} bytes, {end - value_at} are left",
                )
        if tag is not None:
            if value_end - value_at > MAX_CAPTURED_BYTES:
                raise InvalidInstance(f"{_told(number, big)} is too long for what it is")
            name = vr_of(tag) if is_implicit else VR_NAMES.get(vr) or vr.decode("latin-1")
            elements[tag] = Element(tag, name, bytes(buffer[value_at:value_end]))
        at = after
    else:
        raise InvalidInstance(f"the data set has more than {MAX_ELEMENTS} elements")
    header.end_of_header = min(at, end)


# A tag is read as one number, which little endian gives with its halves exchanged: `_by_number` takes care
# of it once, and the elements that nobody asked for cost neither a shift nor a second look.
_EXPLICIT = {False: Struct("<I2sH"), True: Struct(">I2sH")}
_IMPLICIT = {False: Struct("<II"), True: Struct(">II")}


def _halves_exchanged(number: int) -> int:
    return (number & 0xFFFF) << 16 | number >> 16


@lru_cache(maxsize=16)
def _by_number(tags: frozenset[int], is_big_endian: bool) -> dict[int, int]:
    """The tags to stop at, pixel data included, by the number they are read as."""
    wanted = tags | PIXEL_DATA_TAGS
    return {tag if is_big_endian else _halves_exchanged(tag): tag for tag in wanted}


def _told(number: int, is_big_endian: bool) -> str:
    tag = number if is_big_endian else _halves_exchanged(number)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _implicit_pixel_vr(tag: int) -> str:
    return {0x7FE00008: "OF", 0x7FE00009: "OD"}.get(tag, "OW")


def _read_deflated(buffer: Buffer, header: Header, tags: frozenset[int]) -> Header:
    """Read a deflated data set by inflating as much as its header needs (PS3.5 A.5)."""
    for content, is_whole in deflated.beginnings(buffer, header.dataset_offset):
        inner = Header(header.transfer_syntax_uid, 0, header.has_preamble, False, False)
        try:
            _walk(content, inner, tags)
        except InvalidInstance:
            if is_whole:
                raise
        else:
            if inner.pixel_data or is_whole:
                break
    if not content:
        raise InvalidInstance("the deflated data set is empty or damaged")
    inner.dataset_offset = inner.end_of_header = header.dataset_offset
    inner.file_meta, inner.pixel_data = header.file_meta, None
    return inner


def inflated(buffer: Buffer, header: Header) -> bytes:
    """The data set of a deflated file as it was before; raises InvalidInstance if it is unreasonable."""
    return deflated.inflated(buffer, header.dataset_offset)


def _read_with_pydicom(
    buffer: Buffer,
    header: Header,
    tags: frozenset[int],
    problem: Unreadable,
) -> Header:
    """Let pydicom try what the walker could not follow; raises ``problem`` if it cannot either."""
    offset = header.dataset_offset
    prefix = file_meta(
        sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=header.transfer_syntax_uid
    )
    stream = io.BytesIO(prefix + bytes(buffer[offset : offset + _HEAD_BYTES]))
    try:
        dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
        found: dict[int, Any] = {tag: dataset.get_item(tag) for tag in tags if tag in dataset}
    except Exception as error:
        raise problem from error
    header.elements.clear()
    for tag, element in found.items():
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
            vr = element.VR or vr_of(tag)
            header.elements[tag] = Element(tag, vr, element.value[:MAX_CAPTURED_BYTES])
    if not header.elements:
        raise problem
    # It stopped before the pixel data; what lies there is found as in any file.
    rest = replace(header, dataset_offset=offset + stream.tell() - len(prefix), elements={})
    with suppress(InvalidInstance):
        _walk(buffer, rest, frozenset())
    header.pixel_data, header.end_of_header = rest.pixel_data, rest.dataset_offset
    return header
