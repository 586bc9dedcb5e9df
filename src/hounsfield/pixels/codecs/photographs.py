"""What everyday pictures say of themselves in the words of a data set, and their pixels (PS3.3 C.7.6.3, PS3.5 8.2).

A JPEG file stays as it is where its process has a transfer syntax and its upper edge is up; what is else, and every PNG
file, becomes native pixels.
"""

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.codestreams import Codestream, lossy_method, read_jpeg, read_jpeg2000

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_JPEG_OF_FRAME_TYPE = {0xC0: JPEG_BASELINE, 0xC1: "1.2.840.10008.1.2.4.51"}
_JPEG_LOSSLESS, _JPEG_FIRST_ORDER = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
MAX_PIXELS = 1 << 27
_ORIENTATION = 0x0112
# What Pillow meets in damaged files; a SyntaxError is its own for a format that is not kept to.
_DAMAGED = (OSError, SyntaxError, ArithmeticError, LookupError, TypeError, ValueError, struct.error)
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture: its attributes by tag as (VR, value); ``pixels`` is None where the file is the frame."""

    transfer_syntax_uid: str
    attributes: dict[str, tuple[str, Any]]
    pixels: bytes | None = None


def transfer_syntax_of(frame: bytes, media_type: str) -> str:
    """The transfer syntax of a compressed frame by what it says itself; raises InvalidInstance, NotAcceptable."""
    if media_type == "image/jpeg":
        stream = read_jpeg(frame)
        if stream.frame_type == 0xC3:
            # ISO 10918-1 B.2.3: the predictor stands where other processes begin their spectral band.
            at = frame.find(b"\xff\xda")
            selection = at + 5 + 2 * frame[at + 4] if 0 <= at < len(frame) - 5 else len(frame)
            predictor = frame[selection] if selection < len(frame) else 0
            return _JPEG_FIRST_ORDER if predictor == 1 else _JPEG_LOSSLESS
        if stream.frame_type in _JPEG_OF_FRAME_TYPE:
            return _JPEG_OF_FRAME_TYPE[stream.frame_type]
        raise NotAcceptable("a JPEG of this process has no transfer syntax")
    lossless, lossy = {
        "image/jls": ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"),
        "image/jp2": ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
        "image/jpx": ("1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"),
        "image/jphc": ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.203"),
        "image/dicom-rle": ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.5"),
    }.get(media_type, ("", ""))
    if not lossless:
        raise NotAcceptable(f"pixel data of type {media_type} needs a transfer-syntax")
    return lossy if lossy_method(frame, lossy) else lossless


def stream_attributes(frame: bytes, media_type: str) -> dict[str, tuple[str, Any]]:
    """What a compressed frame tells of its size; nothing where it tells nothing. Raises InvalidInstance."""
    if media_type in {"image/jpeg", "image/jls"}:
        stream = read_jpeg(frame)
        return _cells(stream, _photometric(frame, stream))
    if media_type in {"image/jp2", "image/jpx", "image/jphc"}:
        stream = read_jpeg2000(frame)
        return _cells(stream, "MONOCHROME2" if stream.components == 1 else "YBR_RCT")
    return {}


def photograph(media_type: str, may_turn: bool, content: bytes) -> Photograph:
    """A JPEG or PNG file; where it ``may_turn``, its upper edge will be up. Raises InvalidInstance, NotAcceptable."""
    if media_type == "image/png":
        return png(content)
    return jpeg_as_it_is(content, may_turn=may_turn) or _decoded_jpeg(content, may_turn=may_turn)


def decoded_bytes(media_type: str, content: bytes) -> int:
    """What a file becomes when it is decoded, by what it says itself; raises InvalidInstance."""
    if media_type == "image/png":
        rows, columns = _png_size(content)
        return rows * columns * 8
    stream = read_jpeg(content)
    return stream.rows * stream.columns * 3


def jpeg_as_it_is(content: bytes, *, may_turn: bool) -> Photograph | None:
    """A JPEG file that can be the frame, None if it has to be decoded; no pixel is looked at. Raises InvalidInstance."""
    stream = read_jpeg(content)
    if stream.frame_type == 0xC3:
        lossless = transfer_syntax_of(content, "image/jpeg")
        return Photograph(lossless, _cells(stream, _photometric(content, stream)))
    if stream.frame_type not in _JPEG_OF_FRAME_TYPE or stream.components not in (1, 3):
        return None
    with _opened(content) as picture:
        if may_turn and _orientation(picture) not in (0, 1):
            return None
    syntax = _JPEG_OF_FRAME_TYPE[stream.frame_type]
    attributes = _cells(stream, _photometric(content, stream))
    return Photograph(syntax, attributes | _lossy(content, stream))


def _decoded_jpeg(content: bytes, *, may_turn: bool) -> Photograph:
    stream = read_jpeg(content)
    if stream.bits != 8 or stream.frame_type == 0xF7:
        raise NotAcceptable("a JPEG of this process is taken with its transfer-syntax only")
    with _opened(content) as picture:
        try:
            upright = ImageOps.exif_transpose(picture) if may_turn else picture
            pixels = np.asarray(upright if upright.mode == "L" else upright.convert("RGB"))
        except (*_DAMAGED, MemoryError) as problem:
            raise InvalidInstance(f"the JPEG cannot be decoded: {problem}") from None
        was_turned = may_turn and _orientation(picture) not in (0, 1)
    made = _native(pixels)
    attributes = made.attributes | _lossy(content, stream)
    if was_turned:
        attributes |= _derived("turned upright")
    return Photograph(EXPLICIT_LITTLE, attributes, made.pixels)


def png(content: bytes) -> Photograph:
    """A PNG file as native pixels; what is transparent is put on white. Raises InvalidInstance."""
    _png_size(content)
    try:
        pixels = imagecodecs.png_decode(content)
    except (RuntimeError, ValueError, MemoryError, NotImplementedError) as problem:
        raise InvalidInstance(f"the PNG cannot be decoded: {problem}") from None
    changes = []
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        if (pixels[..., -1] != np.iinfo(pixels.dtype).max).any():
            changes.append("transparent parts put on white")
        pixels = _on_white(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        pixels = (pixels >> 8).astype(np.uint8)  # PS3.3 A.32.4.3: colours have 8 bits
        changes.append("colours reduced from 16 to 8 bits")
    made = _native(pixels)
    attributes = made.attributes | {"00282110": ("CS", "00")}
    if changes:
        attributes |= _derived(", ".join(changes))
    return Photograph(made.transfer_syntax_uid, attributes, made.pixels)


def _derived(how: str) -> dict[str, tuple[str, Any]]:
    """PS3.3 C.7.6.1.1.2: the pixels are not those that were made."""
    return {"00080008": ("CS", ["DERIVED", "PRIMARY"]), "00082111": ("ST", how)}


def _png_size(content: bytes) -> tuple[int, int]:
    if not content.startswith(_PNG) or len(content) < 33:
        raise InvalidInstance("the file is no PNG")
    columns, rows = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    _require_reasonable(rows, columns)
    return rows, columns


def _on_white(pixels: NDArray[Any]) -> NDArray[Any]:
    alpha = pixels[..., -1:].astype(np.uint32)
    full = np.iinfo(pixels.dtype).max
    colours = pixels[..., :-1].astype(np.uint32)
    return ((colours * alpha + full * (full - alpha)) // full).astype(pixels.dtype)


def _native(pixels: NDArray[Any]) -> Photograph:
    stream = Codestream(
        pixels.shape[0],
        pixels.shape[1],
        1 if pixels.ndim == 2 else pixels.shape[2],
        pixels.dtype.itemsize * 8,
    )
    attributes = _cells(stream, "MONOCHROME2" if stream.components == 1 else "RGB")
    little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
    return Photograph(EXPLICIT_LITTLE, attributes, np.ascontiguousarray(little).tobytes())


def _orientation(picture: Image.Image) -> Any:
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own warning of large pictures; the limit is ours
            picture = Image.open(io.BytesIO(content), formats=("JPEG",))
    except (*_DAMAGED, Image.DecompressionBombError) as problem:
        raise InvalidInstance(f"the JPEG cannot be read: {problem}") from None
    _require_reasonable(picture.height, picture.width)
    return picture


def _require_reasonable(rows: int, columns: int) -> None:
    if not 0 < rows <= 0xFFFF or not 0 < columns <= 0xFFFF or rows * columns > MAX_PIXELS:
        raise InvalidInstance(f"a picture of {rows} x {columns} pixels is not taken")


def _photometric(frame: bytes, stream: Codestream) -> str:
    """What the components of a JPEG are (PS3.5 8.2.1)."""
    if stream.components == 1:
        return "MONOCHROME2"
    is_rgb = stream.component_ids == b"RGB" and not stream.is_jfif
    if stream.adobe_transform == 0 or is_rgb or stream.frame_type in (0xC3, 0xF7):
        return "RGB"
    return "YBR_FULL_422" if _is_subsampled(frame, stream) else "YBR_FULL"


def _is_subsampled(frame: bytes, stream: Codestream) -> bool:
    """ISO 10918-1 B.2.2: the first component's sampling factors stand behind its identifier."""
    size = stream.rows.to_bytes(2, "big") + stream.columns.to_bytes(2, "big")
    at = frame.find(bytes([stream.bits]) + size + bytes([stream.components]))
    return at >= 0 and at + 7 < len(frame) and frame[at + 7] != 0x11


def _cells(stream: Codestream, photometric: str) -> dict[str, tuple[str, Any]]:
    allocated = 8 if stream.bits <= 8 else 16 if stream.bits <= 16 else 32
    made: dict[str, tuple[str, Any]] = {
        "00280002": ("US", stream.components),
        "00280004": ("CS", photometric),
        "00280010": ("US", stream.rows),
        "00280011": ("US", stream.columns),
        "00280100": ("US", allocated),
        "00280101": ("US", stream.bits),
        "00280102": ("US", stream.bits - 1),
        "00280103": ("US", int(stream.is_signed)),
    }
    if stream.components > 1:
        made["00280006"] = ("US", 0)
    return made


def _lossy(content: bytes, stream: Codestream) -> dict[str, tuple[str, Any]]:
    """PS3.3 C.7.6.1.1.5: what was lost before it came here."""
    native = stream.rows * stream.columns * stream.components * (1 if stream.bits <= 8 else 2)
    return {
        "00282110": ("CS", "01"),
        "00282112": ("DS", f"{native / max(len(content), 1):.4g}"[:16]),
        "00282114": ("CS", "ISO_10918_1"),
    }
