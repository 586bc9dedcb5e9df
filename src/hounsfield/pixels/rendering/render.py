"""Makes a small picture of a frame, with the greyscale pipeline the data set asks for (PS3.4 N.2, PS3.18 8.2.3)."""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.pixels.codecs.decode import decode_frame
from hounsfield.pixels.colour import apply_palette
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.rendering.greyscale import greyscale
from hounsfield.pixels.rendering.resampling import finite, resampled

THUMBNAIL_PIXELS = 160
_MAX_VIEWPORT = 4096


def thumbnail(
    frame: Buffer,
    image: ImagePixelDescription,
    width: int = THUMBNAIL_PIXELS,
    height: int = THUMBNAIL_PIXELS,
    *,
    bit_offset: int = 0,
) -> bytes:
    """Render one frame as a JPEG that fits into ``width`` by ``height`` and keeps its proportions.

    ``frame`` is what the ranges of its FrameTable give, joined, and ``bit_offset`` is the table's.
    Raises InvalidInstance or NotAcceptable with the reason; show a neutral picture then.
    """
    pixels = decode_frame(frame, image, bit_offset=bit_offset)
    small = _fit(pixels, image, width, height)
    if image.photometric_interpretation == "PALETTE COLOR" and image.palette:
        picture = apply_palette(small, image.palette)
    elif small.ndim == 3:
        # To 8 bits, also where the data set has more or fewer.
        picture = np.clip(small * (255.0 / ((1 << image.bits_stored) - 1)), 0, 255).astype(np.uint8)
    else:
        picture = greyscale(small, image, pixels)
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(picture), level=88))


def _fit(
    pixels: NDArray[Any], image: ImagePixelDescription, width: int, height: int
) -> NDArray[Any]:
    """Resample to the largest size that fits into the viewport at the right proportions."""
    width, height = (min(max(n, 1), _MAX_VIEWPORT) for n in (width, height))
    natural = image.rows * image.pixel_aspect, float(image.columns)
    scale = min(height / natural[0], width / natural[1])
    rows, columns = (max(1, round(n * scale)) for n in natural)
    if image.photometric_interpretation == "PALETTE COLOR":
        # Indices are names, not amounts: they cannot be averaged.
        down = np.arange(rows) * image.rows // rows
        across = np.arange(columns) * image.columns // columns
        return pixels[down[:, None], across]
    # Three samples a pixel of the result are enough, and spare a large image most of the work.
    down_step = max(image.rows // (3 * rows), 1)
    across_step = max(image.columns // (3 * columns), 1)
    pixels = finite(pixels[::down_step, ::across_step])
    return resampled(resampled(pixels, 0, rows), 1, columns)
