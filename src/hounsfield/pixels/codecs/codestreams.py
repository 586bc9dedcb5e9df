"""Decodes compressed frames: RLE, the JPEG family, JPEG 2000, HTJ2K and JPEG XL (PS3.5 8.2, Annex A.4, G).

What a codestream says of its own size is read and held against the data set before a codec may
allocate by it.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES, of
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription

Decoded = tuple[NDArray[Any], bool]

_RLE = "1.2.840.10008.1.2.5"
_SIZ = struct.Struct(">HHIIIIIIIIH")


@dataclass(frozen=True, slots=True)
class Codestream:
    """What a codestream says of itself; ``frame_type`` is a JPEG's SOF marker."""

    rows: int
    columns: int
    components: int
    bits: int
    is_signed: bool = False
    frame_type: int = 0
    adobe_transform: int | None = None
    is_jfif: bool = False
    component_ids: bytes = b""


def decode(frame: bytes, image: ImagePixelDescription) -> Decoded:
    """Decode a compressed frame; the second value is whether its colours are RGB already."""
    if image.transfer_syntax_uid == _RLE:
        return _rle(frame, image), False
    media_type = TRANSFER_SYNTAXES[image.transfer_syntax_uid].media_type
    decoder = _DECODERS.get(media_type)
    if decoder is None:
        raise NotAcceptable(
            f"{TRANSFER_SYNTAXES[image.transfer_syntax_uid].name} cannot be shown as an image"
        )
    pixels, is_rgb = decoder(frame, image)
    return _shaped(pixels, image), is_rgb


def stored_bits(values: NDArray[Any], image: ImagePixelDescription) -> NDArray[Any]:
    """Only the bits that are stored, with their sign (PS3.5 8.1.1)."""
    width = values.dtype.itemsize * 8
    stored = min(image.bits_stored, width)
    above = max(width - 1 - min(image.high_bit, width - 1), 0)
    if stored + above > width or stored == width:
        return values
    return (values << above) >> (width - stored)


def _rle(frame: bytes, image: ImagePixelDescription) -> NDArray[Any]:
    """PS3.5 Annex G: one segment for each byte of each sample, the most significant byte first."""
    bytes_each = max(image.bits_allocated // 8, 1)
    pixels = image.rows * image.columns
    if image.bits_allocated == 1:
        # PS3.5 8.2.2: one-bit pixels are packed as in native form before they are compressed.
        packed = _rle_segments(frame, 1, -(-pixels // 8))[0]
        bits = np.unpackbits(packed, bitorder="little", count=pixels)
        return bits.reshape(image.rows, image.columns)
    segments = _rle_segments(frame, image.samples_per_pixel * bytes_each, pixels)
    planes = segments.reshape(image.samples_per_pixel, bytes_each, pixels)[:, ::-1]
    kind = "i" if image.is_signed else "u"
    values = np.ascontiguousarray(np.moveaxis(planes, 1, -1)).view(f"<{kind}{bytes_each}")[..., 0]
    values = stored_bits(values, image)
    if image.samples_per_pixel == 1:
        return values.reshape(image.rows, image.columns)
    return np.ascontiguousarray(values.T).reshape(image.rows, image.columns, -1)


def _rle_segments(frame: bytes, count: int, size: int) -> NDArray[np.uint8]:
    """(segments, bytes) of an RLE frame, each decoded to exactly ``size`` bytes."""
    if len(frame) < 64:
        raise InvalidInstance("its RLE frame is shorter than an RLE header")
    number, *offsets = struct.unpack_from("<16I", frame)
    if number != count:
        raise InvalidInstance(f"its RLE frame has {number} segments where {count} are needed")
    ends = [*offsets[1:number], len(frame)]
    segments = np.zeros((count, size), dtype=np.uint8)
    for index, (begin, end) in enumerate(zip(offsets, ends, strict=False)):
        if not 64 <= begin <= end <= len(frame):
            raise InvalidInstance("its RLE segments run past the end of the frame")
        # A run makes at most 128 bytes of 2.
        if (end - begin) * 64 < size:
            raise InvalidInstance("its RLE segment is too short for the image")
        try:
            plane = imagecodecs.packbits_decode(frame[begin:end])
        except (RuntimeError, ValueError) as error:
            raise InvalidInstance(f"its RLE segment cannot be decoded: {error}") from error
        if len(plane) < size:
            raise InvalidInstance(
                f"its RLE segment gives {len(plane)} bytes where {size} are needed"
            )
        segments[index] = np.frombuffer(plane, np.uint8, count=size)
    return segments


def _jpeg(frame: bytes, image: ImagePixelDescription) -> Decoded:
    stream = read_jpeg(frame)
    _agree(stream, image)
    if stream.frame_type == 0xF7:
        return _jpegls(frame, image)
    if stream.components == 1:
        return _call(imagecodecs.jpeg8_decode, frame), False
    is_lossless = stream.frame_type in (0xC3, 0xC7, 0xCB)
    if is_lossless or not is_ybr(stream, image):
        # Handed out as they lie: the codec must not see a colour space to convert from.
        pixels = _call(imagecodecs.jpeg8_decode, frame, colorspace="RGB", outcolorspace="RGB")
        return pixels, not is_lossless
    return _call(imagecodecs.jpeg8_decode, frame, colorspace="YCBCR", outcolorspace="RGB"), True


def is_ybr(stream: Codestream, image: ImagePixelDescription) -> bool:
    """Whether the components of a lossy JPEG are luma and chroma; what the file itself says counts first."""
    if stream.adobe_transform is not None:
        return stream.adobe_transform == 1
    if stream.is_jfif:
        return True
    if stream.component_ids == b"RGB":
        return False
    return image.photometric_interpretation.startswith("YBR")


def _jpegls(frame: bytes, image: ImagePixelDescription) -> Decoded:
    _agree(read_jpeg(frame), image)
    # The codec looks for the end marker for seconds where a cut stream has none.
    if b"\xff\xd9" not in frame[-16:]:
        frame += b"\xff\xd9"
    return _call(imagecodecs.jpegls_decode, frame), False


def _jpeg2000(frame: bytes, image: ImagePixelDescription) -> Decoded:
    stream = read_jpeg2000(frame)
    _agree(stream, image)
    # Also for HTJ2K: the wrapper of OpenJPH lets errors pass and wraps round what overshoots.
    pixels = _call(imagecodecs.jpeg2k_decode, frame)
    # The multiple component transformation is undone by the codec (PS3.5 A.4.4).
    return pixels, image.photometric_interpretation in ("YBR_RCT", "YBR_ICT", "RGB")


def _jpegxl(frame: bytes, image: ImagePixelDescription) -> Decoded:
    stream = read_jpegxl(frame, image)
    _agree(stream, image)
    pixels = _call(imagecodecs.jpegxl_decode, frame, numthreads=1)
    # The codec gives out RGB also where the stream is in XYB or a recompressed JPEG.
    return pixels, True


def _call(decoder: Callable[..., NDArray[Any]], frame: bytes, **options: Any) -> NDArray[Any]:
    try:
        return decoder(frame, **options)
    except (RuntimeError, ValueError, TypeError, MemoryError, NotImplementedError) as error:
        raise InvalidInstance(f"its compressed frame cannot be decoded: {error}") from error


def _agree(stream: Codestream, image: ImagePixelDescription) -> None:
    """Refuse a codestream that is not the image the data set speaks of."""
    if (stream.rows, stream.columns) != (image.rows, image.columns):
        raise InvalidInstance(
            f"the data set has {image.rows} x {image.columns} pixels, its frame "
            f"{stream.rows} x {stream.columns}"
        )
    if stream.components not in (1, 3, 4) or (
        image.samples_per_pixel == 1 and stream.components != 1
    ):
        raise InvalidInstance(
            f"the data set has {image.samples_per_pixel} samples per pixel, its frame "
            f"{stream.components}"
        )
    if stream.bits > 32:
        raise NotAcceptable(f"{stream.bits} bits per sample cannot be decoded")


def _shaped(pixels: NDArray[Any], image: ImagePixelDescription) -> NDArray[Any]:
    """The array in the type and shape the data set says."""
    if pixels.ndim == 3 and image.samples_per_pixel == 1:
        # A second channel would be transparency, which DICOM does not have.
        pixels = pixels[..., 0]
    elif pixels.ndim == 3:
        pixels = pixels[..., :3]
    elif pixels.ndim == 2 and image.samples_per_pixel > 1:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[:2] != (image.rows, image.columns):
        raise InvalidInstance(f"its frame decodes to {pixels.shape[0]} x {pixels.shape[1]} pixels")
    if pixels.dtype.kind == "f":
        return pixels
    # The codec may give a narrower type than is allocated, never a wider sign.
    bits = min(image.bits_stored, pixels.dtype.itemsize * 8)
    if not image.is_signed:
        if pixels.dtype.kind == "i":
            pixels = pixels.view(pixels.dtype.str.replace("i", "u")) & ((1 << bits) - 1)
        return pixels
    # The codec's sign does not count, the data set's does (PS3.5 8.2.4).
    width = pixels.dtype.itemsize * 8
    signed = pixels.view(f"i{pixels.dtype.itemsize}")
    return (signed << (width - bits)) >> (width - bits) if bits < width else signed


def read_jpeg(frame: bytes) -> Codestream:
    """Read the markers of a JPEG or JPEG-LS stream up to its frame header (ISO 10918-1 B.1)."""
    if frame[:2] != b"\xff\xd8":
        raise InvalidInstance("its frame is no JPEG stream")
    adobe, is_jfif, at = None, False, 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            break
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(frame[at + 2 : at + 4], "big")
        body = frame[at + 4 : at + 2 + length]
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif marker == 0xE0 and body[:5] == b"JFIF\0":
            is_jfif = True
        elif marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            if len(body) < 6:
                break
            bits, rows, columns, components = struct.unpack_from(">BHHB", body)
            return Codestream(
                rows, columns, components, bits, False, marker, adobe, is_jfif, body[6::3]
            )
        at += 2 + length
    raise InvalidInstance("its JPEG stream has no frame header")


def read_jpeg2000(frame: bytes) -> Codestream:
    """Read the SIZ marker of a JPEG 2000 codestream, inside a JP2 file or not (ISO 15444-1 A.5.1)."""
    at = 0 if frame[:4] == b"\xff\x4f\xff\x51" else frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if at < 0 or len(frame) < at + 4 + _SIZ.size + 1:
        raise InvalidInstance("its frame is no JPEG 2000 stream")
    values = _SIZ.unpack_from(frame, at + 4)
    width, height, left, top, tile_width, tile_height = values[2:8]
    if width <= left or height <= top or not tile_width or not tile_height:
        raise InvalidInstance("its JPEG 2000 stream has no pixels")
    precision = frame[at + 4 + _SIZ.size]
    return Codestream(
        height - top, width - left, values[-1], (precision & 0x7F) + 1, bool(precision & 0x80)
    )


def lossy_method(frame: bytes, transfer_syntax_uid: str) -> str:
    """The Lossy Image Compression Method (0028,2114) of a stream that says itself that it has lost something, else ""."""
    syntax = of(transfer_syntax_uid)
    media_type = syntax.media_type if syntax.is_lossy else ""
    if media_type == "image/jls":
        # ISO 14495-1 C.2.3: NEAR stands behind the components of the scan; 0 is lossless.
        at = frame.find(b"\xff\xda")
        near = at + 5 + 2 * frame[at + 4] if 0 <= at < len(frame) - 5 else len(frame)
        return "ISO_14495_1" if near < len(frame) and frame[near] else ""
    if media_type in {"image/jp2", "image/jphc"}:
        # ISO 15444-1 A.6.1: transformation 0 is the irreversible wavelet.
        at = frame.find(b"\xff\x52", max(frame.find(b"\xff\x4f\xff\x51"), 0))
        if 0 <= at < len(frame) - 13 and not frame[at + 13]:
            return "ISO_15444_1" if media_type == "image/jp2" else "ISO_15444_15"
    return ""


class _Bits:
    """Reads numbers from the least significant bit on, as JPEG XL headers have them."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data[:32], "little")

    def take(self, count: int) -> int:
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        return value

    def size(self) -> int:
        return self.take((9, 13, 18, 30)[self.take(2)]) + 1


_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def read_jpegxl(frame: bytes, image: ImagePixelDescription) -> Codestream:
    """Read the size header of a JPEG XL codestream, inside a container or not (ISO 18181-1 D.2)."""
    at = 0
    if frame[:12] == b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a":
        at = frame.find(b"\xff\x0a", 12, 4096 + frame.find(b"jxl", 32))
    if at < 0 or frame[at : at + 2] != b"\xff\x0a":
        raise InvalidInstance("its frame is no JPEG XL stream")
    bits = _Bits(frame[at + 2 :])
    is_small = bits.take(1)
    rows = (bits.take(5) + 1) * 8 if is_small else bits.size()
    ratio = _RATIOS[bits.take(3)]
    if ratio:
        columns = rows * ratio[0] // ratio[1]
    else:
        columns = (bits.take(5) + 1) * 8 if is_small else bits.size()
    return Codestream(rows, columns, image.samples_per_pixel, image.bits_stored)


_DECODERS: dict[str, Callable[[bytes, ImagePixelDescription], Decoded]] = {
    "image/jpeg": _jpeg,
    "image/jls": _jpegls,
    "image/jp2": _jpeg2000,
    "image/jpx": _jpeg2000,
    "image/jphc": _jpeg2000,
    "image/jxl": _jpegxl,
}
