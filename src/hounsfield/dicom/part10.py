"""Reads an instance's header without decoding it, and writes file meta information (PS3.10 section 7).

The walker is what every received instance passes through, so it touches each element's header once,
copies only the values that were asked for, and stops at the pixel data. It follows PS3.5 section 7 where
a file does, and tolerates what real files do instead; what it cannot follow is given to pydicom before it
is refused. It allocates no more than the values asked for and recurses nowhere.
"""

import io
import mmap
import zlib
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

from hounsfield.dicom.attributes import INDEXED
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.transfer_syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, of
from hounsfield.errors import InvalidInstance

Buffer = bytes | bytearray | memoryview | mmap.mmap

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
# PS3.5 7.1.2: these have a 2-byte length; every other VR, also one not yet invented, has a 4-byte one.
SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(),
)
# Only these captured values may be large; a longer one is a damaged or hostile length.
MAX_CAPTURED_BYTES = 1 << 20
MAX_INFLATED_BYTES = 64 << 20
MAX_DEPTH = 128

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_EXPLICIT = {False: Struct("<HH2sH"), True: Struct(">HH2sH")}
_IMPLICIT = {False: Struct("<HHI"), True: Struct(">HHI")}
_LENGTH = {False: Struct("<I"), True: Struct(">I")}


class _Unreadable(InvalidInstance):
    """The walker lost its way; a more patient reader may find it."""


@dataclass(frozen=True, slots=True)
class Element:
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
    except _Unreadable as problem:
        return _read_with_pydicom(buffer, header, tags, problem)
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
    length = _explicit(0x0000, b"UL", _LENGTH[False].pack(len(body)))
    return bytes(128) + b"DICM" + length + body


def _padded(text: str, pad: bytes) -> bytes:
    raw = text.encode("latin-1", "replace")
    return raw + pad * (len(raw) % 2)


def _explicit(element: int, vr: bytes, value: bytes) -> bytes:
    if vr == b"OB":
        return Struct("<HH2sHI").pack(2, element, vr, 0, len(value)) + value
    return _EXPLICIT[False].pack(2, element, vr, len(value)) + value


def _header_of(uid: str, offset: int, *, has_preamble: bool = False) -> Header:
    syntax = of(uid)
    return Header(uid, offset, has_preamble, syntax.is_implicit_vr, syntax.is_big_endian)


def _read_meta(buffer: Buffer) -> Header:
    """Read the File Meta Information by its elements, not by its group length, which is often wrong."""
    has_preamble = bytes(buffer[128:132]) == b"DICM"
    at = 132 if has_preamble else 4 if bytes(buffer[:4]) == b"DICM" else 0
    begin, meta, size = at, {}, len(buffer)
    while at + 8 <= size:
        group, element, vr, length = _EXPLICIT[False].unpack_from(buffer, at)
        if group != 2:
            break
        if vr in SHORT_VRS:
            at += 8
        elif vr.isalpha() and at + 12 <= size:
            length, at = _LENGTH[False].unpack_from(buffer, at + 8)[0], at + 12
        else:  # meta information written in implicit VR, against PS3.10 7.1
            length, at = _IMPLICIT[False].unpack_from(buffer, at)[2], at + 8
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
    raise InvalidInstance("not a DICOM file: no DICM prefix, and it does not begin like a data set")


def _encoding(buffer: Buffer, header: Header) -> tuple[bool, bool]:
    """(is implicit VR, is big endian), by what is there where it contradicts what was announced."""
    first = bytes(buffer[header.dataset_offset : header.dataset_offset + 8])
    if len(first) < 8:
        if len(buffer) <= header.dataset_offset:
            raise InvalidInstance("there is no data set after the file meta information")
        raise InvalidInstance("the data set is cut short")
    looks_explicit = first[4:6] in SHORT_VRS or first[4:6] in {
        b"OB",
        b"OW",
        b"SQ",
        b"UN",
        b"UT",
        b"UC",
    }
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
        _LENGTH[big].unpack_from,
    )
    vr = b""
    while at + 8 <= end:
        if is_implicit:
            group, element, length = implicit(buffer, at)
            value_at = at + 8
        else:
            group, element, vr, length = explicit(buffer, at)
            value_at = at + 8
            if vr not in SHORT_VRS:
                if not (vr.isalpha() and vr.isupper()):
                    if not any(bytes(buffer[at : at + 4096])):
                        break  # zeros that pad the file to a block
                    raise _Unreadable(f"unreadable VR {vr!r} at ({group:04X},{element:04X})")
                if at + 12 > end:
                    raise InvalidInstance(f"({group:04X},{element:04X}) is cut short")
                length = long_length(buffer, at + 8)[0]
                value_at = at + 12
        tag = group << 16 | element
        if tag in PIXEL_DATA_TAGS:
            name = (b"OW" if is_implicit else vr).decode("latin-1")
            size = None if length == UNDEFINED else length
            header.pixel_data = PixelDataLocation(tag, name, value_at, size)
            break
        if length == UNDEFINED:
            after, value_end = skip_undefined(
                buffer, value_at, end, is_implicit or vr == b"UN", big
            )
        else:
            after = value_end = value_at + length
            if after > end:
                raise InvalidInstance(
                    f"({group:04X},{element:04X}) announces {length} bytes, "
                    f"{end - value_at} are left",
                )
        if tag in tags:
            if value_end - value_at > MAX_CAPTURED_BYTES:
                raise InvalidInstance(f"({group:04X},{element:04X}) is too long for what it is")
            name = vr_of(tag) if is_implicit else vr.decode("latin-1")
            elements[tag] = Element(tag, name, bytes(buffer[value_at:value_end]))
        at = after
    header.end_of_header = min(at, end)


def skip_undefined(  # noqa: C901 - the hot loop
    buffer: Buffer,
    at: int,
    end: int,
    is_implicit: bool,
    is_big_endian: bool,
) -> tuple[int, int]:
    """(offset after the delimiter, offset of it) of the value of undefined length that begins at ``at``.

    Serves sequences, encapsulated pixel data and UN (PS3.5 6.2.2: its content is implicit little endian).
    Items inside items are followed with an explicit stack, at most MAX_DEPTH deep.
    """
    explicit, implicit = _EXPLICIT[is_big_endian].unpack_from, _IMPLICIT[is_big_endian].unpack_from
    long_length = _LENGTH[is_big_endian].unpack_from
    stack = [(False, is_implicit)]  # (within an item?, implicit VR?)
    while at + 8 <= end:
        in_item, is_implicit = stack[-1]
        group, element, length = implicit(buffer, at)
        tag, value_at = group << 16 | element, at + 8
        if tag == (_ITEM_END if in_item else _SEQUENCE_END):
            stack.pop()
            if not stack:
                return value_at, at
            at = value_at
            continue
        if not in_item:
            if tag != _ITEM:
                raise _Unreadable(f"({group:04X},{element:04X}) stands where an item should")
            child = (True, is_implicit)
        elif not is_implicit:
            _, _, vr, length = explicit(buffer, at)
            if vr not in SHORT_VRS:
                if not vr.isalpha() or at + 12 > end:
                    raise _Unreadable(f"unreadable VR {vr!r} at ({group:04X},{element:04X})")
                length, value_at = long_length(buffer, at + 8)[0], at + 12
            child = (False, vr == b"UN")
        else:
            child = (False, True)
        if length != UNDEFINED:
            at = value_at + length
            continue
        if len(stack) >= MAX_DEPTH:
            raise InvalidInstance(f"sequences are nested more than {MAX_DEPTH // 2} deep")
        stack.append(child)
        at = value_at
    raise InvalidInstance("a sequence is cut short")


def vr_of(tag: int) -> str:
    """The VR of a tag by the dictionary, the first where there is a choice; UN if it is not there."""
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UN"


def _read_deflated(buffer: Buffer, header: Header, tags: frozenset[int]) -> Header:
    """Read a deflated data set by inflating as much as its header needs (PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    raw = memoryview(buffer)[header.dataset_offset :]
    limit = 1 << 16
    inflated = b""
    try:
        while True:
            inflated += inflater.decompress(inflater.unconsumed_tail or raw, limit)
            inner = Header(header.transfer_syntax_uid, 0, header.has_preamble, False, False)
            is_whole = inflater.eof or not inflater.unconsumed_tail
            try:
                _walk(inflated, inner, tags)
            except InvalidInstance:
                if is_whole:
                    raise
            else:
                if inner.pixel_data or is_whole:
                    break
            if len(inflated) > MAX_INFLATED_BYTES:
                raise InvalidInstance("the header of the deflated data set is unreasonably large")
            limit = len(inflated)
    except zlib.error as problem:
        raise InvalidInstance(f"the deflated data set is damaged: {problem}") from problem
    finally:
        raw.release()
    if tags and not inner.elements:
        raise InvalidInstance("the deflated data set is empty or damaged")
    inner.dataset_offset, inner.file_meta, inner.pixel_data = (
        header.dataset_offset,
        header.file_meta,
        None,
    )
    inner.end_of_header = header.dataset_offset
    return inner


def inflated(buffer: Buffer, header: Header) -> bytes:
    """The data set of a deflated file as it was before deflation; raises InvalidInstance if it is unreasonable."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    with memoryview(buffer) as view, view[header.dataset_offset :] as raw:
        try:
            content = inflater.decompress(raw, MAX_INFLATED_BYTES)
        except zlib.error as problem:
            raise InvalidInstance(f"the deflated data set is damaged: {problem}") from problem
    if inflater.unconsumed_tail:
        raise InvalidInstance("the deflated data set is unreasonably large")
    return content


def _read_with_pydicom(
    buffer: Buffer,
    header: Header,
    tags: frozenset[int],
    problem: _Unreadable,
) -> Header:
    """Let pydicom try what the walker could not follow; raises ``problem`` if it cannot either."""
    head = bytes(buffer[: header.dataset_offset + (4 << 20)])
    prefix = (
        b""
        if header.file_meta
        else file_meta(
            sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=header.transfer_syntax_uid
        )
    )
    try:
        dataset = pydicom.dcmread(io.BytesIO(prefix + head), stop_before_pixels=True, force=True)
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
    header.pixel_data, header.end_of_header = None, header.dataset_offset
    return header
