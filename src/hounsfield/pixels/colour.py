"""Brings every photometric interpretation of colour to RGB (PS3.3 C.7.6.3.1.2)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.pixels.description import Palette

# The inverse of the equations of YBR_FULL and YBR_PARTIAL_422.
_FULL = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], dtype=np.float32)
_PARTIAL = np.array(
    [[1.1644, 0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0]], dtype=np.float32
)


def ybr_to_rgb(ybr: NDArray[Any], bits: int, *, is_partial: bool = False) -> NDArray[Any]:
    """Convert (…, 3) luma and chroma values of ``bits`` bits to RGB of the same type."""
    middle = 1 << (bits - 1)
    black = 16 << (bits - 8) if is_partial else 0
    values = ybr.astype(np.float32) - np.array([black, middle, middle], dtype=np.float32)
    rgb = values @ (_PARTIAL if is_partial else _FULL).T
    return np.asarray(np.clip(np.rint(rgb), 0, (1 << bits) - 1), dtype=ybr.dtype)


def expand_422(frame: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """(rows, columns, 3) from samples that lie as Y1 Y2 Cb Cr for each two pixels of a row."""
    pairs = frame[: rows * columns * 2].reshape(rows, columns // 2, 4)
    ybr = np.empty((rows, columns, 3), dtype=frame.dtype)
    ybr[:, 0::2, 0], ybr[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    for column in (0, 1):
        ybr[:, column::2, 1:] = pairs[..., 2:]
    return ybr


def apply_palette(stored: NDArray[Any], palette: Palette) -> NDArray[np.uint8]:
    """(rows, columns, 3) 8-bit RGB of palette colour values (PS3.3 C.7.6.3.1.5)."""
    planes = []
    for table in palette:
        values = table.apply(stored.astype(np.int64))
        # Some writers say 16 bits and store 8: the largest entry of all three tells.
        is_wide = max(int(each.values.max()) for each in palette) > 255
        planes.append((values >> 8 if is_wide else values).astype(np.uint8))
    return np.stack(planes, axis=-1)
