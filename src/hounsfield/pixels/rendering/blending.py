"""Lays a coloured frame over a grey one, as a blending presentation state says (PS3.3 A.33.4, PS3.4 N.2.4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.errors import InvalidInstance
from hounsfield.pixels.codecs.decode import decode_frame
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.greyscale import pseudo_coloured
from hounsfield.pixels.rendering.planes import Mapping
from hounsfield.pixels.rendering.resampling import finite

_ROWS_AT_ONCE = 64
# What lies on the very edge of a pixel is inside, whatever was rounded.
_EDGE = 0.5 + 1e-6


@dataclass(frozen=True, slots=True)
class Superimposed:
    """The frame that is laid over another.

    Args:
        frame: its bytes, as `decode_frame` takes them, from ``bit_offset`` on.
        image: what they mean, with the colours that they get.
        mapping: where the pixels of the underlying frame are in it.
        opacity: 1 hides what is below.
    """

    frame: bytes
    image: ImagePixelDescription
    mapping: Mapping
    opacity: float
    bit_offset: int = 0


def blended(grey: NDArray[np.uint8], over: Superimposed) -> NDArray[np.uint8]:
    """(rows, columns) of grey with the other frame over it, as (rows, columns, 3) RGB (PS3.4 N.2.4.3).

    Stored values are interpolated where pixels do not lie on one another. Beyond the edge of the other frame, what
    lies below is seen alone.
    """
    pixels = decode_frame(over.frame, over.image, bit_offset=over.bit_offset)
    palette = over.image.pseudo_colours
    if pixels.ndim != 2 or palette is None:
        raise InvalidInstance("what is laid over an image has to be grey, with a palette for it")
    made = np.repeat(grey[..., None], 3, axis=2)
    for top in range(0, grey.shape[0], _ROWS_AT_ONCE):
        part = made[top : top + _ROWS_AT_ONCE]
        values, is_inside = _sampled(pixels, over.mapping, top, part.shape[:2])
        colours = pseudo_coloured(values, over.image, palette)
        mixed = colours * over.opacity + part * (1.0 - over.opacity)
        part[is_inside] = np.rint(mixed[is_inside]).astype(np.uint8)
    return made


def _sampled(
    pixels: NDArray[Any], mapping: Mapping, top: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(values between pixels, whether there are some) for rows of the underlying frame from ``top`` on."""
    down, across = np.arange(top, top + shape[0])[:, None], np.arange(shape[1])[None, :]
    row = mapping[0] + mapping[1] * down + mapping[2] * across
    column = mapping[3] + mapping[4] * down + mapping[5] * across
    last_row, last_column = (side - 1 for side in pixels.shape)
    is_inside = (row >= -_EDGE) & (row <= last_row + _EDGE)
    is_inside &= (column >= -_EDGE) & (column <= last_column + _EDGE)
    row, column = np.clip(row, 0, last_row), np.clip(column, 0, last_column)
    above, left = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
    below, right = np.minimum(above + 1, last_row), np.minimum(left + 1, last_column)
    part_down, part_across = row - above, column - left
    upper = (
        finite(pixels[above, left]) * (1 - part_across) + finite(pixels[above, right]) * part_across
    )
    lower = (
        finite(pixels[below, left]) * (1 - part_across) + finite(pixels[below, right]) * part_across
    )
    return (upper * (1 - part_down) + lower * part_down).astype(np.float32), is_inside
