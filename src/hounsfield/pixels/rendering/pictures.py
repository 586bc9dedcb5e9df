"""Writes 8-bit pictures in the rendered media types (PS3.18 8.7.4)."""

import io
from collections.abc import Sequence
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hounsfield.errors import NotAcceptable

# For single frames, the best known first.
SINGLE_FRAME = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/jp2", "image/jxl")
DEFAULT_QUALITY = 90
_MAX_SIDE = {"image/jpeg": 65_500, "image/gif": 65_535, "image/webp": 16_383}
_ICC_SEGMENT = 65_519


def encode(
    picture: NDArray[np.uint8],
    media_type: str,
    quality: int = DEFAULT_QUALITY,
    icc_profile: bytes = b"",
) -> bytes:
    """A picture (rows, columns) or (rows, columns, 3) as a file; raises NotAcceptable where it is too large for it."""
    if max(picture.shape[:2]) > _MAX_SIDE.get(media_type, 1 << 31):
        raise NotAcceptable(f"the picture is too large for {media_type}: give a viewport")
    encoder = _ENCODERS.get(media_type)
    if encoder is None:
        raise NotAcceptable(f"pictures are not made as {media_type}")
    return encoder(np.ascontiguousarray(picture), quality, icc_profile)


def _jpeg(picture: NDArray[np.uint8], quality: int, icc_profile: bytes) -> bytes:
    sampling = "444" if quality >= 90 else "420"
    made = bytes(imagecodecs.jpeg8_encode(picture, level=quality, subsampling=sampling))
    return made[:2] + _icc_segments(icc_profile) + made[2:] if icc_profile else made


def _icc_segments(profile: bytes) -> bytes:
    """The profile in APP2 segments (ICC.1 B.4)."""
    pieces = [profile[at : at + _ICC_SEGMENT] for at in range(0, len(profile), _ICC_SEGMENT)]
    segments = bytearray()
    for number, piece in enumerate(pieces, 1):
        length = (len(piece) + 16).to_bytes(2, "big")
        segments += b"\xff\xe2" + length + b"ICC_PROFILE\0" + bytes((number, len(pieces))) + piece
    return bytes(segments)


def _png(picture: NDArray[np.uint8], _quality: int, icc_profile: bytes) -> bytes:
    if icc_profile:
        return _by_pillow(picture, "PNG", icc_profile=icc_profile, compress_level=4)
    return bytes(imagecodecs.png_encode(picture, level=4))


def _gif(picture: NDArray[np.uint8], _quality: int, _icc_profile: bytes) -> bytes:
    return _by_pillow(picture, "GIF")


def _webp(picture: NDArray[np.uint8], quality: int, icc_profile: bytes) -> bytes:
    options = {"icc_profile": icc_profile} if icc_profile else {}
    return _by_pillow(picture, "WEBP", quality=quality, **options)


def _jp2(picture: NDArray[np.uint8], quality: int, _icc_profile: bytes) -> bytes:
    # The codec's level is a signal-to-noise ratio in decibels; 0 keeps everything.
    level = 0 if quality >= 100 else 25 + quality // 4
    return bytes(imagecodecs.jpeg2k_encode(picture, level=level, codecformat="jp2"))


def _jxl(picture: NDArray[np.uint8], quality: int, _icc_profile: bytes) -> bytes:
    if quality >= 100:
        return bytes(imagecodecs.jpegxl_encode(picture, lossless=True, numthreads=1))
    return bytes(
        imagecodecs.jpegxl_encode(picture, distance=(100 - quality) / 10, effort=3, numthreads=1)
    )


def _by_pillow(picture: NDArray[np.uint8], form: str, **options: Any) -> bytes:
    made = io.BytesIO()
    Image.fromarray(picture).save(made, form, **options)
    return made.getvalue()


def animated_gif(frames: Sequence[NDArray[np.uint8]], frame_times_ms: Sequence[float]) -> bytes:
    """Frames that follow one another for ever."""
    first, *others = (Image.fromarray(frame) for frame in frames)
    made = io.BytesIO()
    # The times are in hundredths of a second, and browsers slow down what is below two of them.
    durations = [max(round(time_ms / 10) * 10, 20) for time_ms in frame_times_ms]
    first.save(
        made, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False
    )
    return made.getvalue()


_ENCODERS = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jp2": _jp2,
    "image/jxl": _jxl,
}
