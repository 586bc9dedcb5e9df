"""Writes stored data sets in another transfer syntax, for receivers that do not take the one they are stored in.

Nothing is ever lost by it: what is compressed is decoded, what is not is written in other VRs, lengths and byte order
(PS3.5 annex A). Only what cannot be decoded, such as video, is not to be had otherwise.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hounsfield.dicom.frames import FrameTable, offsets
from hounsfield.dicom.part10 import Buffer, Header, inflated, read_header
from hounsfield.dicom.reencoding import Changes, Write, reencode
from hounsfield.dicom.sequences import Encoding
from hounsfield.dicom.transfer_syntax import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    of,
)
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.codestreams import lossy_method
from hounsfield.pixels.codecs.native import is_decodable, native_frames
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.pool import DecodePool

# What a receiver is offered besides the stored one, the best first.
ALTERNATIVES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG)
# Their frames lie in the data set as they are.
_NATIVE = frozenset(ALTERNATIVES)

_PIXEL_DATA = 0x7FE00010
_SAMPLES_PER_PIXEL, _PHOTOMETRIC, _PLANAR = 0x00280002, 0x00280004, 0x00280006
_NUMBER_OF_FRAMES, _ROWS, _COLUMNS = 0x00280008, 0x00280010, 0x00280011
_BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT, _REPRESENTATION = (0x00280100 + n for n in range(4))
_LOSSY, _LOSSY_RATIO, _LOSSY_METHOD = 0x00282110, 0x00282112, 0x00282114
# What says how pixels lie.
IMAGE_TAGS = frozenset(
    (
        _SAMPLES_PER_PIXEL,
        _PHOTOMETRIC,
        _PLANAR,
        _NUMBER_OF_FRAMES,
        _ROWS,
        _COLUMNS,
        _BITS_ALLOCATED,
        _BITS_STORED,
        _HIGH_BIT,
        _REPRESENTATION,
        _LOSSY,
        _LOSSY_RATIO,
        _LOSSY_METHOD,
        0x7FE00001,
    )
)
# Offset tables and the length of the encapsulated value are about fragments that are gone (PS3.3 C.7.6.3).
_OF_FRAGMENTS = frozenset((0x7FE00001, 0x7FE00002, 0x7FE00003))
# PS3.3 C.7.6.1.1.5: these processes always lose something, whatever the data set says of it.
_ALWAYS_LOSSY = {
    f"1.2.840.10008.1.2.4.{n}": "ISO_10918_1" for n in (*range(50, 57), *range(59, 65))
}


# Annex Z: what is not sent where bulk data is not wanted. Overlays and curves are in repeating groups.
BULK_DATA = frozenset(
    (0x00287FE0, 0x56000020, 0x7FE00008, 0x7FE00009, 0x7FE00010, 0x7FE00120, *_OF_FRAGMENTS)
)
_WAVEFORM_DATA = (0x54000100, 0x54001010)


def _is_bulk(path: tuple[int, ...]) -> bool:
    tag = path[-1]
    if len(path) == 1:
        return tag & 0xFF00FFFF == 0x60003000 or tag & 0xFF00FFFF in {0x50003000, 0x5000200C}
    return path == _WAVEFORM_DATA


WITHOUT_BULK_DATA = Changes(drop=BULK_DATA, is_dropped=_is_bulk)


def alternatives(stored_transfer_syntax_uid: str) -> tuple[str, ...]:
    """The transfer syntaxes that what is stored in this one can be written in without loss, the best first."""
    if stored_transfer_syntax_uid not in _NATIVE and not is_decodable(stored_transfer_syntax_uid):
        return ()
    return tuple(uid for uid in ALTERNATIVES if uid != stored_transfer_syntax_uid)


def transcode(
    file: Buffer,
    wanted: str,
    write: Write,
    changes: Changes | None = None,
    pool: DecodePool | None = None,
) -> None:
    """Write the data set of a stored file in the wanted transfer syntax.

    ``changes`` are further ones; with its own pixel data, that of the file is not looked at. What is compressed is
    decoded in the processes of a ``pool``, where there is one, so that no codestream can harm this one. Raises NotAcceptable
    where it cannot be had, InvalidInstance where the file is damaged; what was written then is of no use.
    """
    header = read_header(file, tags=IMAGE_TAGS)
    stored = header.transfer_syntax_uid
    changes = changes or Changes()
    takes_pixels = _PIXEL_DATA not in changes.drop
    is_possible = wanted in alternatives(stored) or (wanted in _NATIVE and not takes_pixels)
    if wanted != stored and not is_possible:
        raise NotAcceptable(f"{of(stored).name} is not written in {of(wanted).name}")
    buffer: Buffer = file
    if of(stored).is_deflated:
        buffer = inflated(file, header)
        header = read_header(buffer, tags=IMAGE_TAGS, transfer_syntax_uid=EXPLICIT_LITTLE)
    location = header.pixel_data
    header = replace(header, transfer_syntax_uid=stored)
    changes = replace(changes, of_item=lambda *item: _decoded_item(buffer, stored, pool, *item))
    is_encapsulated = location is not None and location.length is None
    if is_encapsulated and changes.pixel_data is None and takes_pixels:
        changes = _decoded(buffer, header, changes, pool)
    target = of(wanted)
    source = Encoding(header.is_implicit_vr, header.is_big_endian)
    encoding = Encoding(target.is_implicit_vr, target.is_big_endian)
    at, end = header.dataset_offset, len(buffer)
    if target.is_deflated:
        with_deflate(write, lambda put: reencode(buffer, at, end, source, encoding, put, changes))
    else:
        reencode(buffer, at, end, source, encoding, write, changes)


def with_deflate(write: Write, produce: Callable[[Write], None]) -> None:
    """Deflate what is produced (PS3.5 A.5)."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    written = 0

    def put(data: bytes) -> None:
        nonlocal written
        packed = deflate.compress(data)
        written += len(packed)
        write(packed)

    produce(put)
    rest = deflate.flush()
    write(rest + b"\0" * ((written + len(rest)) % 2))


def _decoded_item(
    buffer: Buffer,
    stored: str,
    pool: DecodePool | None,
    begin: int,
    end: int,
    encoding: Encoding,
) -> Changes:
    """The same for an item with a small image in it, such as an icon (PS3.3 C.7.6.1.1.6)."""
    content = bytes(buffer[begin:end])
    if encoding.is_implicit_vr or encoding.is_big_endian:
        raise InvalidInstance("compressed pixel data in an encoding that has none")
    header = read_header(content, tags=IMAGE_TAGS, transfer_syntax_uid=EXPLICIT_LITTLE)
    return _decoded(content, replace(header, transfer_syntax_uid=stored), Changes(), pool)


def _decoded(buffer: Buffer, header: Header, changes: Changes, pool: DecodePool | None) -> Changes:
    """The changes that make the frames native."""
    table = offsets(header, buffer)
    if table is None:
        raise InvalidInstance("its pixel data has no fragments")
    image = image_of(header)
    number = _integer(header, _NUMBER_OF_FRAMES) or 1
    if table.number_of_frames != number:
        raise InvalidInstance(
            f"it should have {number} frames, {table.number_of_frames} can be told apart"
        )
    size = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated // 8

    def in_pool(frame: bytes) -> tuple[Any, bytes]:
        assert pool is not None
        return pool.run("cells", frame, image, makes_bytes=size)

    decode = None if pool is None else in_pool
    native = native_frames(pieces_of(buffer, table), number, image, decode)
    put = dict(changes.put)
    put[_PHOTOMETRIC] = ("CS", even(native.photometric_interpretation.encode(), b" "))
    if image.samples_per_pixel > 1:
        put[_PLANAR] = ("US", struct.pack("<H", 0))
    put |= lossy_attributes(buffer, header, table, native.length)
    vr = "OW" if image.bits_allocated > 8 else "OB"
    return replace(
        changes,
        put=put,
        drop=frozenset(changes.drop) | _OF_FRAGMENTS,
        pixel_data=(vr, native.length, native.pieces),
    )


def lossy_attributes(
    buffer: Buffer, header: Header, table: FrameTable, length: int
) -> Mapping[int, tuple[str, bytes]]:
    """What (0028,2110) and its like must say if nobody else has said it (PS3.3 C.7.6.1.1.5)."""
    syntax = header.transfer_syntax_uid
    method = _ALWAYS_LOSSY.get(syntax) or lossy_method(next(pieces_of(buffer, table)), syntax)
    if not method or header.text(_LOSSY) == "01":
        return {}
    ratio = length / max(sum(size for _at, size in table.fragments), 1)
    return {
        _LOSSY: ("CS", b"01"),
        _LOSSY_RATIO: ("DS", even(f"{ratio:.2f}".encode(), b" ")),
        _LOSSY_METHOD: ("CS", even(method.encode(), b" ")),
    }


def pieces_of(buffer: Buffer, table: FrameTable) -> Iterator[bytes]:
    """The bytes of each frame."""
    for frame_index in range(table.number_of_frames):
        yield b"".join(bytes(buffer[at : at + size]) for at, size in table.ranges(frame_index))


def image_of(header: Header) -> ImagePixelDescription:
    """What decoding needs to know of the pixels; raises InvalidInstance."""
    rows, columns = _integer(header, _ROWS), _integer(header, _COLUMNS)
    allocated = _integer(header, _BITS_ALLOCATED) or 16
    stored = _integer(header, _BITS_STORED) or allocated
    high_bit = header.elements.get(_HIGH_BIT)
    if not rows or not columns:
        raise InvalidInstance("it is no image: Rows or Columns is missing")
    return ImagePixelDescription(
        rows=rows,
        columns=columns,
        transfer_syntax_uid=header.transfer_syntax_uid,
        samples_per_pixel=_integer(header, _SAMPLES_PER_PIXEL) or 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_integer(header, _HIGH_BIT) if high_bit else stored - 1,
        is_signed=_integer(header, _REPRESENTATION) == 1,
        photometric_interpretation=header.text(_PHOTOMETRIC) or "MONOCHROME2",
        is_planar=_integer(header, _PLANAR) == 1,
    )


def _integer(header: Header, tag: int) -> int:
    """A number of one value; 0 where there is none that can be read."""
    element = header.elements.get(tag)
    if element is None:
        return 0
    if element.vr == "IS":
        try:
            return int(element.value.split(b"\\")[0].strip(b" \0") or 0)
        except ValueError:
            return 0
    if len(element.value) < 2:
        return 0
    return int(struct.unpack_from(">H" if header.is_big_endian else "<H", element.value)[0])


def even(value: bytes, pad: bytes) -> bytes:
    """A value of even length."""
    return value + pad * (len(value) % 2)
