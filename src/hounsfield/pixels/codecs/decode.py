"""Turns the bytes of one frame, as they lie in the file, into an array of its pixels (PS3.5 section 8)."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs import codestreams
from hounsfield.pixels.colour import expand_422, ybr_to_rgb
from hounsfield.pixels.description import ImagePixelDescription

# The largest decoded frame: a digitised mammogram has 0.1 GiB, a whole-slide tile far less.
MAX_FRAME_BYTES = 1 << 30

_DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"


def decode_frame(
    frame: Buffer, image: ImagePixelDescription, *, bit_offset: int = 0
) -> NDArray[Any]:
    """Decode one frame to (rows, columns) or, in colour, to (rows, columns, 3) in RGB.

    ``frame`` is what the ranges of its FrameTable give, joined; ``bit_offset`` is the table's. Values
    are stored values, before any modality or VOI transformation; those of PALETTE COLOR are indices.
    Raises InvalidInstance where bytes and attributes contradict each other or the codec gives up, and
    NotAcceptable for video and for syntaxes that cannot be decoded here. A frame that would be larger
    than MAX_FRAME_BYTES is refused before anything is allocated.
    """
    check(image)
    syntax = TRANSFER_SYNTAXES.get(image.transfer_syntax_uid)
    if syntax is not None and syntax.is_encapsulated and not _is_plain(syntax.uid):
        pixels, is_rgb = codestreams.decode(bytes(frame), image)
        return pixels if is_rgb else _to_rgb(pixels, image)
    if syntax is not None and syntax.uid == _DEFLATED_FRAME:
        frame = inflate(frame, native_bytes(image))
    return native_values(frame, image, bit_offset)


def _is_plain(uid: str) -> bool:
    return uid in (_DEFLATED_FRAME, _ENCAPSULATED_UNCOMPRESSED)


def check(image: ImagePixelDescription) -> None:
    """Refuse what cannot be right or would not fit, before anything is allocated."""
    if not (0 < image.rows < 1 << 32 and 0 < image.columns < 1 << 32):
        raise InvalidInstance(f"no image has {image.rows} rows and {image.columns} columns")
    if image.samples_per_pixel not in (1, 3, 4):
        raise NotAcceptable(f"{image.samples_per_pixel} samples per pixel cannot be shown")
    if image.bits_allocated not in (1, 8, 16, 32, 64):
        raise NotAcceptable(f"{image.bits_allocated} bits allocated cannot be decoded")
    if not 0 < image.bits_stored <= image.bits_allocated:
        raise InvalidInstance(
            f"{image.bits_stored} bits stored do not fit {image.bits_allocated} allocated"
        )
    size = image.rows * image.columns * image.samples_per_pixel * max(image.bits_allocated // 8, 1)
    if size > MAX_FRAME_BYTES:
        raise NotAcceptable(f"a frame of {size} bytes is too large to decode")


def _samples(image: ImagePixelDescription) -> int:
    """How many values a native frame has."""
    pixels = image.rows * image.columns
    if image.photometric_interpretation.endswith("_422") and image.samples_per_pixel == 3:
        return pixels * 2
    return pixels * image.samples_per_pixel


def native_bytes(image: ImagePixelDescription) -> int:
    """How many bytes a native frame has."""
    return -(-_samples(image) * image.bits_allocated // 8)


def inflate(frame: Buffer, size: int) -> bytes:
    """A deflated frame of so many bytes (PS3.5 A.4.14), never more; raises InvalidInstance."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, size + 8)
    except zlib.error as error:
        raise InvalidInstance(f"its deflated frame cannot be inflated: {error}") from error


def native_values(frame: Buffer, image: ImagePixelDescription, bit_offset: int) -> NDArray[Any]:
    """The stored values of a native frame, as `decode_frame` gives them; ``image`` was checked."""
    count = _samples(image)
    if len(frame) * 8 < count * image.bits_allocated + bit_offset:
        raise InvalidInstance(
            f"a frame of {image.rows} x {image.columns} pixels needs {native_bytes(image)} bytes, "
            f"here are {len(frame)}"
        )
    if image.bits_allocated == 1:
        bits = np.unpackbits(
            np.frombuffer(frame, np.uint8), bitorder="little", count=count + bit_offset
        )
        return bits[bit_offset:].reshape(image.rows, image.columns)
    flat = _values(frame, image, count)
    if count == image.rows * image.columns * 2:
        if image.columns % 2:
            raise InvalidInstance("4:2:2 sampling needs an even number of columns")
        return _to_rgb(expand_422(flat, image.rows, image.columns), image)
    if image.samples_per_pixel == 1:
        return flat.reshape(image.rows, image.columns)
    if image.is_planar:
        planes = flat.reshape(image.samples_per_pixel, image.rows, image.columns)
        return _to_rgb(np.ascontiguousarray(np.moveaxis(planes, 0, -1)), image)
    return _to_rgb(flat.reshape(image.rows, image.columns, image.samples_per_pixel), image)


def _values(frame: Buffer, image: ImagePixelDescription, count: int) -> NDArray[Any]:
    """The stored values, in the machine's byte order and without the bits that are not stored."""
    is_big = image.transfer_syntax_uid == "1.2.840.10008.1.2.2"
    kind = "f" if image.pixel_vr in ("OF", "OD") else "i" if image.is_signed else "u"
    if is_big and image.bits_allocated == 8 and image.pixel_vr == "OW":
        # PS3.5 7.3: the bytes of each word are swapped, also where a word holds two pixels.
        even = bytes(frame) + bytes(len(frame) % 2)
        swapped = np.frombuffer(even, np.uint16).byteswap().view(np.uint8)
        flat = swapped[:count].view(f"{kind}1")
    else:
        dtype = np.dtype(f"{'>' if is_big else '<'}{kind}{image.bits_allocated // 8}")
        flat = np.frombuffer(frame, dtype, count=count)
    if is_big:
        flat = flat.astype(flat.dtype.newbyteorder("="))
    return flat if kind == "f" else codestreams.stored_bits(flat, image)


def _to_rgb(pixels: NDArray[Any], image: ImagePixelDescription) -> NDArray[Any]:
    if pixels.ndim == 2 or image.samples_per_pixel == 1:
        return pixels
    photometric = image.photometric_interpretation
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        return ybr_to_rgb(pixels[..., :3], image.bits_stored)
    if photometric in ("YBR_PARTIAL_422", "YBR_PARTIAL_420"):
        return ybr_to_rgb(pixels[..., :3], image.bits_stored, is_partial=True)
    return pixels[..., :3]
