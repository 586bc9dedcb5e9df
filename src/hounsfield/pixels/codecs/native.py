"""Gives compressed frames as native pixel data: the cells that a decoder makes of them, nothing taken away.

Unlike `decode`, which gives what is to be shown, this leaves colours as they are stored where the codec does, keeps
bits beyond those stored, and packs single bits again (PS3.5 sections 8.1 and 8.2).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs import codestreams
from hounsfield.pixels.codecs.decode import check
from hounsfield.pixels.description import ImagePixelDescription

_RLE = "1.2.840.10008.1.2.5"
_DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_DECODED = frozenset(
    ("image/jpeg", "image/jls", "image/jp2", "image/jpx", "image/jphc", "image/jxl")
)


@dataclass(frozen=True, slots=True)
class NativeFrames:
    """The frames of one instance in native form.

    Args:
        photometric_interpretation: what the samples mean now.
        length: of all frames in bytes, without padding.
        pieces: the frames in little endian, one after the other, to be read once.
    """

    photometric_interpretation: str
    length: int
    pieces: Iterator[bytes]


def is_decodable(transfer_syntax_uid: str) -> bool:
    """Whether frames in a transfer syntax can be had in native form."""
    uids = (_RLE, _DEFLATED_FRAME, _ENCAPSULATED_UNCOMPRESSED)
    return transfer_syntax_uid in uids or of(transfer_syntax_uid).media_type in _DECODED


# Decodes the cells of a frame elsewhere: what `as_told` makes of them, and their bytes.
Decode = Callable[[bytes], tuple[Any, bytes]]


def as_told(cells: NDArray[Any], photometric: str) -> tuple[Any, bytes]:
    """Decoded cells in a form that goes from process to process."""
    return [photometric, cells.dtype.str, list(cells.shape)], _bytes(cells)


def _elsewhere(decode: Decode, frame: bytes) -> tuple[NDArray[Any], str]:
    (photometric, kind, shape), content = decode(frame)
    return np.frombuffer(content, np.dtype(kind)).reshape(shape), photometric


def native_frames(
    frames: Iterable[Buffer],
    number_of_frames: int,
    image: ImagePixelDescription,
    decode: Decode | None = None,
) -> NativeFrames:
    """Decode frames one at a time; the first at once, since it says what the colours are.

    ``decode`` does it in another process.
    Samples lie by pixel (Planar Configuration 0). Raises InvalidInstance and NotAcceptable, later too.
    """
    check(image)
    if number_of_frames < 1:
        raise InvalidInstance("it has no frames")
    decoded = (
        decoded_cells(bytes(frame), image) if decode is None else _elsewhere(decode, bytes(frame))
        for frame in frames
    )
    try:
        first, photometric = next(decoded)
    except StopIteration:
        raise InvalidInstance("it has no frames") from None

    def cells() -> Iterator[NDArray[Any]]:
        yield first
        for cell, meaning in decoded:
            if meaning != photometric:
                raise InvalidInstance("its frames differ in their colours")
            yield cell

    bits = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated
    if _is_422(image, photometric):
        bits = bits // 3 * 2
    length = -(-bits * number_of_frames // 8)
    made = _packed(cells()) if image.bits_allocated == 1 else (_bytes(one) for one in cells())
    return NativeFrames(photometric, length, made)


def _is_422(image: ImagePixelDescription, photometric: str) -> bool:
    """Whether the cells are still subsampled: only what was never encoded is."""
    return photometric.endswith("_422") and image.samples_per_pixel == 3


def decoded_cells(frame: bytes, image: ImagePixelDescription) -> tuple[NDArray[Any], str]:
    """Give (cells of one frame as they will lie, what they mean)."""
    photometric = image.photometric_interpretation
    syntax = image.transfer_syntax_uid
    if syntax in (_DEFLATED_FRAME, _ENCAPSULATED_UNCOMPRESSED):
        return _as_it_lies(frame, image), photometric
    # Every bit of a cell is wanted, whatever is stored in it.
    whole = replace(
        image,
        bits_stored=image.bits_allocated,
        high_bit=image.bits_allocated - 1,
        is_signed=False,
    )
    pixels, is_rgb = codestreams.decode(frame, whole)
    if image.bits_allocated == 1:
        return pixels.reshape(-1), photometric
    pixels = _widened(pixels, image)
    if image.samples_per_pixel == 3:
        # A codec undoes subsampling, and some the whole transformation (PS3.5 8.2).
        photometric = "RGB" if is_rgb else photometric.removesuffix("_422").removesuffix("_420")
        if photometric == "YBR_PARTIAL":
            raise NotAcceptable("partial range colours have no form without subsampling")
    return pixels, photometric


def _widened(pixels: NDArray[Any], image: ImagePixelDescription) -> NDArray[Any]:
    """Cells of the size that is allocated, with the sign of what is stored."""
    if pixels.dtype.kind == "f" or pixels.dtype.itemsize * 8 > image.bits_allocated:
        if pixels.dtype.kind == "f" or int(pixels.max()) >> image.bits_allocated:
            raise InvalidInstance(f"its frame does not fit {image.bits_allocated} bits allocated")
        pixels = pixels.astype(f"u{image.bits_allocated // 8}")
    cells = pixels.astype(f"<u{image.bits_allocated // 8}")
    above = image.bits_allocated - image.bits_stored
    if (
        image.is_signed
        and above
        and image.high_bit == image.bits_stored - 1
        and image.transfer_syntax_uid != _RLE
        and not int(cells.max()) >> image.bits_stored
    ):
        # A codec of as many bits as are stored knows no sign: readers look for it in the whole cell.
        signed = cells.view(f"<i{image.bits_allocated // 8}")
        cells = ((signed << above) >> above).view(cells.dtype)
    return cells


def _as_it_lies(frame: bytes, image: ImagePixelDescription) -> NDArray[Any]:
    bits = image.rows * image.columns * image.samples_per_pixel * image.bits_allocated
    if _is_422(image, image.photometric_interpretation):
        bits = bits // 3 * 2
    size = -(-bits // 8)
    if image.transfer_syntax_uid == _DEFLATED_FRAME:
        try:
            frame = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, size + 8)
        except zlib.error as error:
            raise InvalidInstance(f"its deflated frame cannot be inflated: {error}") from error
    if len(frame) < size:
        raise InvalidInstance(f"a frame needs {size} bytes, here are {len(frame)}")
    cells = np.frombuffer(frame, np.uint8, count=size)
    if image.bits_allocated == 1:
        return np.unpackbits(cells, bitorder="little", count=bits)
    if image.is_planar and image.samples_per_pixel == 3:
        bytes_each = image.bits_allocated // 8
        planes = cells.reshape(3, image.rows * image.columns, bytes_each)
        return np.ascontiguousarray(np.moveaxis(planes, 0, 1)).reshape(-1)
    return cells


def _bytes(cells: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(cells).tobytes()


def _packed(frames: Iterable[NDArray[Any]]) -> Iterator[bytes]:
    """Bits packed without gaps between the frames (PS3.5 8.1.1)."""
    left = np.empty(0, np.uint8)
    for frame in frames:
        bits = np.concatenate([left, frame.astype(np.uint8)])
        whole = len(bits) // 8 * 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        left = bits[whole:]
    if len(left):
        yield np.packbits(left, bitorder="little").tobytes()
