"""Writes stored data sets in a compressed transfer syntax (PS3.5 annex A.4), without a loss unless one is wanted."""

import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO

from hounsfield.archive.forms.transcoding import (
    IMAGE_TAGS,
    alternatives,
    even,
    image_of,
    lossy_attributes,
    transcode,
)
from hounsfield.dicom.frames import FrameTable, offsets
from hounsfield.dicom.part10 import Buffer, Header, file_meta, inflated, read_header
from hounsfield.dicom.reencoding import Changes, Fragments, Write, reencode
from hounsfield.dicom.sequences import Encoding
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE, of
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.cells import cells_of
from hounsfield.pixels.codecs.encode import (
    JPEG_BASELINE,
    JXL_RECOMPRESSION,
    RECOMPRESSIBLE,
    can_encode,
    encode_frame,
    recompress,
)
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.pool import DecodePool

_IN_MEMORY_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 20
_EXPLICIT = Encoding(is_implicit_vr=False, is_big_endian=False)
_RLE = "1.2.840.10008.1.2.5"
_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_LOSSY, _LOSSY_RATIO, _LOSSY_METHOD = 0x00282110, 0x00282112, 0x00282114
_EXTENDED_OFFSETS, _EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_OF_FRAGMENTS = frozenset((_EXTENDED_OFFSETS, _EXTENDED_LENGTHS, 0x7FE00003))
_MAX_OFFSET = 0xFFFFFFFF
# PS3.3 C.7.6.1.1.5: what each lossy transfer syntax is called by.
_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.112": "ISO_18181_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}


@dataclass(frozen=True, slots=True)
class Codec:
    """How frames are encoded: in which transfer syntax, how good, and in which processes."""

    transfer_syntax_uid: str
    quality: int = 0
    pool: DecodePool | None = None

    def frame(
        self, frame: bytes, image: ImagePixelDescription, bit_offset: int
    ) -> tuple[str, bytes]:
        """(photometric interpretation, codestream) of one frame in this transfer syntax."""
        if is_recompression(image.transfer_syntax_uid, self.transfer_syntax_uid):
            if self.pool is None:
                made = recompress(frame, self.transfer_syntax_uid)
            else:
                made = self.pool.run("recompress", frame, self.transfer_syntax_uid)[1]
            return image.photometric_interpretation, made
        if self.pool is not None and of(image.transfer_syntax_uid).is_encapsulated:
            size = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated // 8
            arguments = (frame, image, bit_offset, self.transfer_syntax_uid, self.quality)
            return self.pool.run("encode", *arguments, makes_bytes=size * 2)
        cells, photometric = cells_of(frame, image, bit_offset)
        encoded = encode_frame(cells, image, photometric, self.transfer_syntax_uid, self.quality)
        return encoded.photometric_interpretation, encoded.content


def is_recompression(stored: str, wanted: str) -> bool:
    """Whether frames change their form without being decoded."""
    return (stored in RECOMPRESSIBLE and wanted == JXL_RECOMPRESSION) or (
        stored == JXL_RECOMPRESSION and wanted == JPEG_BASELINE
    )


def is_possible(stored: str, wanted: str, *, with_loss: bool = False) -> bool:
    """Whether what has frames and is stored in one transfer syntax can be written in another."""
    if wanted == stored or wanted in alternatives(stored) or is_recompression(stored, wanted):
        return True
    return bool(alternatives(stored)) and can_encode(wanted, with_loss=with_loss)


def write_in(file: Buffer, codec: Codec, write: Write, changes: Changes | None = None) -> None:
    """Write the data set of a stored file in a transfer syntax of any kind; see `transcoding.transcode`.

    Raises NotAcceptable for what has no frames and what cannot be had so, InvalidInstance where it is damaged.
    """
    wanted = codec.transfer_syntax_uid
    header = read_header(file, tags=IMAGE_TAGS)
    stored = header.transfer_syntax_uid
    if wanted == stored or wanted in alternatives(stored):
        transcode(file, wanted, write, changes)
        return
    if not is_possible(stored, wanted, with_loss=codec.quality > 0):
        raise NotAcceptable(f"{of(stored).name} is not written in {of(wanted).name}")
    if of(stored).is_big_endian:
        # Bytes of words lie across the borders of frames: it is written in little endian before.
        native = bytearray(
            file_meta(sop_class_uid="", sop_instance_uid="", transfer_syntax_uid=EXPLICIT_LITTLE)
        )
        transcode(file, EXPLICIT_LITTLE, native.extend)
        write_in(native, codec, write, changes)
        return
    buffer: Buffer = file
    if of(stored).is_deflated:
        buffer = inflated(file, header)
        header = read_header(buffer, tags=IMAGE_TAGS, transfer_syntax_uid=EXPLICIT_LITTLE)
        # From here on it lies as if it had never been deflated.
        stored = EXPLICIT_LITTLE
    header = replace(header, transfer_syntax_uid=stored)
    table = offsets(header, buffer)
    if table is None or header.pixel_data is None or header.pixel_data.tag != 0x7FE00010:
        raise NotAcceptable("it has no pixels to be compressed")
    source = Encoding(header.is_implicit_vr, header.is_big_endian)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        made = _encoded(buffer, header, table, codec, spool, changes or Changes())
        at, end = header.dataset_offset, len(buffer)
        reencode(buffer, at, end, source, _EXPLICIT, write, made)


def _encoded(
    buffer: Buffer,
    header: Header,
    table: FrameTable,
    codec: Codec,
    spool: "tempfile.SpooledTemporaryFile[bytes]",
    changes: Changes,
) -> Changes:
    """The changes that put codestreams in the place of the frames; these are in the spool."""
    image = replace(image_of(header), pixel_vr=header.pixel_data.vr if header.pixel_data else "OW")
    lengths, photometric = [], ""
    for frame_index in range(table.number_of_frames):
        frame = b"".join(bytes(buffer[at : at + n]) for at, n in table.ranges(frame_index))
        meaning, content = codec.frame(frame, image, table.bit_offset(frame_index))
        if photometric not in ("", meaning):
            raise InvalidInstance("its frames differ in their colours")
        photometric = meaning
        lengths.append(len(content))
        spool.write(content)
    put = dict(changes.put) | {_PHOTOMETRIC: ("CS", even(photometric.encode(), b" "))}
    if image.samples_per_pixel > 1:
        planar = int(codec.transfer_syntax_uid == _RLE)
        put[_PLANAR] = ("US", struct.pack("<H", planar))
    put |= _loss(buffer, header, table, image, codec, sum(lengths))
    fragments = Fragments(tuple(lengths), _pieces(spool))
    if fragments.offsets[-1] > _MAX_OFFSET:
        # PS3.5 A.4: 32 bits are not enough for a basic offset table.
        count = len(lengths)
        put[_EXTENDED_OFFSETS] = ("OV", struct.pack(f"<{count}Q", *fragments.offsets))
        put[_EXTENDED_LENGTHS] = ("OV", struct.pack(f"<{count}Q", *lengths))
    drop = frozenset(changes.drop) | (_OF_FRAGMENTS - frozenset(put))
    return replace(changes, put=put, drop=drop, fragments=fragments)


def _loss(
    buffer: Buffer,
    header: Header,
    table: FrameTable,
    image: ImagePixelDescription,
    codec: Codec,
    size: int,
) -> Mapping[int, tuple[str, bytes]]:
    """What must be said of a loss that was made before, or is made now (PS3.3 C.7.6.1.1.5)."""
    bits = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated
    native = bits * table.number_of_frames // 8
    before = dict(lossy_attributes(buffer, header, table, native)) if table.is_encapsulated else {}
    method = _METHODS.get(codec.transfer_syntax_uid)
    if method is None or is_recompression(header.transfer_syntax_uid, codec.transfer_syntax_uid):
        return before
    ratios = [before[_LOSSY_RATIO][1].decode() if before else header.text(_LOSSY_RATIO)]
    methods = [before[_LOSSY_METHOD][1].decode() if before else header.text(_LOSSY_METHOD)]
    ratios.append(f"{native / max(size, 1):.2f}")
    methods.append(method)
    return {
        _LOSSY: ("CS", b"01"),
        _LOSSY_RATIO: ("DS", _joined(ratios)),
        _LOSSY_METHOD: ("CS", _joined(methods)),
    }


def _joined(values: list[str]) -> bytes:
    stripped = (value.strip(" \0") for value in values)
    return even("\\".join(value for value in stripped if value).encode(), b" ")


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while piece := spool.read(_CHUNK_BYTES):
        yield piece
