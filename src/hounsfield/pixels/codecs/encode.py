"""Encodes frames: RLE, JPEG, JPEG-LS, JPEG 2000, HTJ2K, JPEG XL and deflated ones (PS3.5 8.2, Annex A.4, G)."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from hounsfield.errors import NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription

_RLE, _DEFLATED_FRAME = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1"
_ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_JPEG = "1.2.840.10008.1.2.4."
JPEG_BASELINE, JXL_RECOMPRESSION = _JPEG + "50", _JPEG + "111"
# Whose frames JPEG XL can hold without a loss, and give back byte for byte.
RECOMPRESSIBLE = frozenset({JPEG_BASELINE})
_MAX_RLE_SEGMENTS = 15


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """A codestream, and what the samples in it mean."""

    content: bytes
    photometric_interpretation: str


@dataclass(frozen=True, slots=True)
class _Frame:
    cells: NDArray[Any]
    image: ImagePixelDescription
    photometric: str
    quality: int

    @property
    def is_rgb(self) -> bool:
        return self.cells.ndim == 3 and self.photometric == "RGB"

    @property
    def precision(self) -> int:
        """How many bits a codec without signs needs: those stored, or the whole cell if there is more in it."""
        fits = not int(self.cells.max(initial=0)) >> self.image.bits_stored
        return self.image.bits_stored if fits else self.image.bits_allocated


def can_encode(transfer_syntax_uid: str, *, with_loss: bool = False) -> bool:
    """Whether frames can be written in a transfer syntax, with a loss only if that is wanted."""
    return transfer_syntax_uid in _LOSSLESS or (with_loss and transfer_syntax_uid in _LOSSY)


def encode_frame(
    cells: NDArray[Any],
    image: ImagePixelDescription,
    photometric_interpretation: str,
    transfer_syntax_uid: str,
    quality: int = 0,
) -> EncodedFrame:
    """Encode the cells of one frame as `cells.cells_of` gives them.

    ``quality`` from 1 to 100 is for lossy transfer syntaxes, which are not written without it. Raises NotAcceptable
    where the transfer syntax has no room for such cells.
    """
    encoder = _LOSSLESS.get(transfer_syntax_uid)
    if encoder is None and quality:
        encoder = _LOSSY.get(transfer_syntax_uid)
    if encoder is None:
        raise NotAcceptable("frames are not encoded in this transfer syntax")
    frame = _Frame(np.ascontiguousarray(cells), image, photometric_interpretation, quality)
    try:
        content, photometric = encoder(frame)
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as problem:
        raise NotAcceptable(f"these pixels cannot be encoded so: {problem}") from problem
    return EncodedFrame(content + b"\0" * (len(content) % 2), photometric)


def recompress(frame: bytes, wanted: str) -> bytes:
    """A JPEG as JPEG XL that holds it whole, or the JPEG out of one (PS3.5 A.4.12); raises NotAcceptable."""
    try:
        if wanted == JXL_RECOMPRESSION:
            # What stands behind the end of the image would be kept as well.
            end = frame.rfind(b"\xff\xd9")
            made = bytes(imagecodecs.jpegxl_encode_jpeg(frame[: end + 2] if end > 0 else frame))
        else:
            made = bytes(imagecodecs.jpegxl_decode_jpeg(frame, numthreads=1))
    except (RuntimeError, ValueError) as problem:
        raise NotAcceptable(f"this frame cannot be recompressed: {problem}") from problem
    return made + b"\0" * (len(made) % 2)


Made = tuple[bytes, str]


def _require(frame: _Frame, *bits_allocated: int, is_signed: bool = True) -> None:
    image = frame.image
    if image.bits_allocated not in bits_allocated:
        raise NotAcceptable(f"it has no room for {image.bits_allocated} bits allocated")
    if image.is_signed and not is_signed:
        raise NotAcceptable("it has no room for signed values")


def _plain(frame: _Frame) -> bytes:
    if frame.image.bits_allocated == 1:
        return np.packbits(frame.cells.astype(np.uint8), bitorder="little").tobytes()
    return frame.cells.astype(frame.cells.dtype.newbyteorder("<")).tobytes()


def _uncompressed(frame: _Frame) -> Made:
    return _plain(frame), frame.photometric


def _deflated(frame: _Frame) -> Made:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(_plain(frame)) + packer.flush(), frame.photometric


def _rle(frame: _Frame) -> Made:
    """PS3.5 Annex G: a segment for each byte of each sample, the most significant first, packed row by row."""
    image = frame.image
    if image.bits_allocated == 1:
        # G.2: packed bits are one segment; a row need not end on a byte.
        planes = [np.frombuffer(_plain(frame), np.uint8)[None]]
    else:
        size = image.bits_allocated // 8
        samples = frame.cells.reshape(image.rows, image.columns, -1)
        octets = np.ascontiguousarray(samples, dtype=f">u{size}").view(np.uint8)
        octets = octets.reshape(image.rows, image.columns, -1, size)
        planes = [
            np.ascontiguousarray(octets[:, :, sample, byte])
            for sample in range(octets.shape[2])
            for byte in range(size)
        ]
    if len(planes) > _MAX_RLE_SEGMENTS:
        raise NotAcceptable("RLE has no room for so many bytes of a pixel")
    segments, offsets, at = [], [], 64
    for plane in planes:
        packed = bytes(imagecodecs.packbits_encode(plane))
        packed += b"\0" * (len(packed) % 2)
        offsets.append(at)
        at += len(packed)
        segments.append(packed)
    padding = [0] * (_MAX_RLE_SEGMENTS - len(planes))
    head = struct.pack("<16I", len(planes), *offsets, *padding)
    return head + b"".join(segments), frame.photometric


def _jpeg_lossless(frame: _Frame) -> Made:
    _require(frame, 8, 16)
    options: dict[str, Any] = {"lossless": True, "predictor": 1}
    if frame.image.bits_allocated == 16:
        options["bitspersample"] = max(frame.precision, 9)
    if frame.cells.ndim == 3:
        options |= {"colorspace": "RGB", "outcolorspace": "RGB"}
    return bytes(imagecodecs.jpeg8_encode(frame.cells, **options)), frame.photometric


def _jpegls(frame: _Frame) -> Made:
    _require(frame, 8, 16)
    return bytes(imagecodecs.jpegls_encode(frame.cells)), frame.photometric


def _jpegls_near(frame: _Frame) -> Made:
    _require(frame, 8, 16, is_signed=False)
    near = max(round((100 - frame.quality) * 2 ** (frame.image.bits_stored - 8) / 25), 1)
    return bytes(imagecodecs.jpegls_encode(frame.cells, level=min(near, 255))), frame.photometric


def _signed(frame: _Frame) -> NDArray[Any]:
    """The values with their sign, for codecs that have one."""
    cells = frame.cells
    return cells.view(f"i{cells.dtype.itemsize}") if frame.image.is_signed else cells


def _jpeg2000(frame: _Frame) -> Made:
    _require(frame, 8, 16)
    bits = frame.image.bits_allocated if frame.image.is_signed else frame.precision
    content = imagecodecs.jpeg2k_encode(
        _signed(frame),
        level=0,
        codecformat="j2k",
        reversible=True,
        bitspersample=bits,
        mct=frame.is_rgb,
    )
    return bytes(content), "YBR_RCT" if frame.is_rgb else frame.photometric


def _jpeg2000_lossy(frame: _Frame) -> Made:
    _require(frame, 8, 16)
    bits = frame.image.bits_allocated if frame.image.is_signed else frame.precision
    # The level is a signal-to-noise ratio in decibels.
    content = imagecodecs.jpeg2k_encode(
        _signed(frame),
        level=30 + frame.quality // 3,
        codecformat="j2k",
        reversible=False,
        bitspersample=bits,
        mct=frame.is_rgb,
    )
    return bytes(content), "YBR_ICT" if frame.is_rgb else frame.photometric


def _htj2k(frame: _Frame) -> Made:
    """Progression RPCL with tile-part lengths, as PS3.5 A.4.13 wants it of the second transfer syntax."""
    _require(frame, 8, 16)
    content = imagecodecs.htj2k_encode(_signed(frame), reversible=True, rgb=frame.is_rgb, tlm=True)
    return bytes(content), "YBR_RCT" if frame.is_rgb else frame.photometric


def _htj2k_lossy(frame: _Frame) -> Made:
    _require(frame, 8, 16)
    # The level is the size of a quantization step.
    step = 0.0002 * 2 ** ((100 - frame.quality) / 10)
    content = imagecodecs.htj2k_encode(
        _signed(frame), level=min(step, 0.5), reversible=False, rgb=frame.is_rgb, tlm=True
    )
    return bytes(content), "YBR_ICT" if frame.is_rgb else frame.photometric


def _jpegxl(frame: _Frame) -> Made:
    _require(frame, 8, 16, is_signed=False)
    if frame.cells.ndim == 3 and not frame.is_rgb:
        raise NotAcceptable("JPEG XL is made of RGB only")
    content = imagecodecs.jpegxl_encode(frame.cells, lossless=True, effort=3, numthreads=1)
    return bytes(content), frame.photometric


def _jpegxl_lossy(frame: _Frame) -> Made:
    _require(frame, 8, 16, is_signed=False)
    if frame.cells.ndim == 3 and not frame.is_rgb:
        raise NotAcceptable("JPEG XL is made of RGB only")
    distance = max((100 - frame.quality) / 10, 0.1)
    content = imagecodecs.jpegxl_encode(frame.cells, distance=distance, effort=3, numthreads=1)
    return bytes(content), "XYB" if frame.is_rgb else frame.photometric


def _jpeg_baseline(frame: _Frame) -> Made:
    _require(frame, 8, is_signed=False)
    if frame.cells.ndim == 2:
        return bytes(imagecodecs.jpeg8_encode(frame.cells, level=frame.quality)), frame.photometric
    if not frame.is_rgb:
        raise NotAcceptable("JPEG with a loss is made of RGB only")
    content = imagecodecs.jpeg8_encode(frame.cells, level=frame.quality, subsampling="422")
    return bytes(content), "YBR_FULL_422"


def _jpeg_extended(frame: _Frame) -> Made:
    if frame.image.bits_allocated == 8:
        return _jpeg_baseline(frame)
    _require(frame, 16, is_signed=False)
    if frame.cells.ndim == 3 or frame.precision > 12:
        raise NotAcceptable("JPEG with a loss has room for 12 bits of grey")
    content = imagecodecs.jpeg8_encode(frame.cells, level=frame.quality, bitspersample=12)
    return bytes(content), frame.photometric


_LOSSLESS: dict[str, Callable[[_Frame], Made]] = {
    _ENCAPSULATED_UNCOMPRESSED: _uncompressed,
    _DEFLATED_FRAME: _deflated,
    _RLE: _rle,
    _JPEG + "57": _jpeg_lossless,
    _JPEG + "70": _jpeg_lossless,
    _JPEG + "80": _jpegls,
    _JPEG + "90": _jpeg2000,
    _JPEG + "110": _jpegxl,
    _JPEG + "201": _htj2k,
    _JPEG + "202": _htj2k,
}
_LOSSY: dict[str, Callable[[_Frame], Made]] = {
    _JPEG + "50": _jpeg_baseline,
    _JPEG + "51": _jpeg_extended,
    _JPEG + "81": _jpegls_near,
    _JPEG + "91": _jpeg2000_lossy,
    _JPEG + "112": _jpegxl_lossy,
    _JPEG + "203": _htj2k_lossy,
}
