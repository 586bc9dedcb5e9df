"""Burns overlays into pictures and hides what a shutter hides (PS3.3 C.9.2, C.7.6.11, C.7.6.15)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import HounsfieldError
from hounsfield.pixels.codecs.decode import decode_frame
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.view import OverlayPlane, Shutter

_WHITE = 255


def burn_overlays(
    picture: NDArray[np.uint8],
    overlays: Iterable[OverlayPlane],
    frame: Buffer,
    image: ImagePixelDescription,
    bit_offset: int,
) -> None:
    """Set the pixels under overlays to white; ``frame`` and ``image`` are where embedded ones are."""
    cells: NDArray[Any] | None = None
    for overlay in overlays:
        if overlay.data is None:
            if cells is None:
                cells = _cells(frame, image, bit_offset)
            if cells is None or cells.ndim != 2:
                continue
            mask = ((cells >> overlay.embedded_bit) & 1).astype(bool)
        else:
            mask = _bits(overlay).astype(bool)
        _set(picture, mask, overlay.top, overlay.left, _WHITE)


def _cells(frame: Buffer, image: ImagePixelDescription, bit_offset: int) -> NDArray[Any] | None:
    """Every bit of each pixel cell, also those that are not stored values; None where there are none."""
    whole = replace(
        image,
        bits_stored=image.bits_allocated,
        high_bit=image.bits_allocated - 1,
        is_signed=False,
    )
    if image.bits_allocated not in (8, 16, 32):
        return None
    try:
        return decode_frame(frame, whole, bit_offset=bit_offset)
    except HounsfieldError:
        return None


def _bits(overlay: OverlayPlane) -> NDArray[np.uint8]:
    assert overlay.data is not None
    count, first = overlay.rows * overlay.columns, overlay.first_bit
    packed = np.frombuffer(overlay.data, np.uint8)[first // 8 : -(-(first + count) // 8)]
    bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + count]
    return bits.reshape(overlay.rows, overlay.columns)


def _set(
    picture: NDArray[np.uint8], mask: NDArray[np.bool_], top: int, left: int, value: int
) -> None:
    """Give a value to the pixels under a mask that lies at (top, left), which may be outside."""
    rows, columns = picture.shape[:2]
    cut = mask[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(columns - left, 0)]
    top, left = max(top, 0), max(left, 0)
    picture[top : top + cut.shape[0], left : left + cut.shape[1]][cut] = value


def close_shutter(picture: NDArray[np.uint8], shutter: Shutter) -> None:
    """Give the shutter's grey to all that it hides: what is outside of any of its shapes."""
    rows, columns = picture.shape[:2]
    grey = min(max(shutter.grey, 0), 65_535) >> 8
    seen = np.ones((rows, columns), bool)
    if shutter.rectangle is not None:
        left, right, upper, lower = shutter.rectangle
        inside = np.zeros_like(seen)
        inside[max(upper - 1, 0) : max(lower, 0), max(left - 1, 0) : max(right, 0)] = True
        seen &= inside
    down = np.arange(1, rows + 1, dtype=np.float32)[:, None]
    across = np.arange(1, columns + 1, dtype=np.float32)[None]
    if shutter.circle is not None:
        row, column, radius = shutter.circle
        seen &= (down - row) ** 2 + (across - column) ** 2 <= radius**2
    if shutter.polygon:
        seen &= _inside(shutter.polygon, down, across)
    picture[~seen] = grey
    if shutter.bitmap is not None and shutter.bitmap.data is not None:
        # C.7.6.15: here a bit hides the pixel that it is over.
        hidden = _bits(shutter.bitmap).astype(bool)
        _set(picture, hidden, shutter.bitmap.top, shutter.bitmap.left, grey)


def _inside(
    polygon: tuple[tuple[float, float], ...],
    down: NDArray[np.float32],
    across: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Which pixels lie in a polygon of (row, column), by how many of its edges lie to their left."""
    odd = np.zeros((down.shape[0], across.shape[1]), bool)
    for (row_a, column_a), (row_b, column_b) in zip(
        polygon, polygon[1:] + polygon[:1], strict=True
    ):
        if row_a == row_b:
            continue
        crosses = (down >= min(row_a, row_b)) & (down < max(row_a, row_b))
        at = column_a + (down - row_a) * ((column_b - column_a) / (row_b - row_a))
        odd ^= crosses & (across >= at)
    return odd
