"""Makes a small picture of a frame, with the greyscale pipeline the data set asks for (PS3.4 N.2, PS3.18 8.2.3)."""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from hounsfield.dicom.part10 import Buffer
from hounsfield.pixels.colour import apply_palette
from hounsfield.pixels.decode import decode_frame
from hounsfield.pixels.description import ImagePixelDescription

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


def greyscale(
    values: NDArray[Any], image: ImagePixelDescription, whole: NDArray[Any]
) -> NDArray[np.uint8]:
    """Show stored values as 8-bit grey: modality, VOI and presentation steps (PS3.4 N.2).

    Where the data set has no window, or one that shows nothing, the values of the ``whole`` frame choose.
    """
    shown = _voi(_modality(values, image), image)
    if shown is None or float(shown.std()) < 1.0:
        sample = whole[:: max(whole.shape[0] // 256, 1), :: max(whole.shape[1] // 256, 1)]
        if image.padding_range is not None:
            first, last = image.padding_range
            sample = sample[(sample < first) | (sample > last)]
        low, high = _extremes(_modality(sample, image))
        shown = _ramp(_modality(values, image), low, high)
    if (image.photometric_interpretation == "MONOCHROME1") != image.is_inverse:
        shown = 255.0 - shown
    return np.rint(shown).astype(np.uint8)


def _modality(values: NDArray[Any], image: ImagePixelDescription) -> NDArray[np.float32]:
    if image.modality_lut is not None:
        return image.modality_lut.apply(np.rint(values)).astype(np.float32)
    scaled = _finite(values) * image.rescale_slope + image.rescale_intercept
    return np.asarray(scaled, dtype=np.float32)


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """As numbers that can be averaged: what is none, or absurd, becomes 0 or the end of a wide range."""
    if values.dtype.kind == "f":
        values = np.clip(np.nan_to_num(values, posinf=0, neginf=0), -1e30, 1e30)
    return values.astype(np.float32)


def _voi(values: NDArray[np.float32], image: ImagePixelDescription) -> NDArray[Any] | None:
    """Values from 0 to 255 by the data set's own VOI LUT or window (PS3.3 C.11.2); None if it has none."""
    if image.voi_lut is not None:
        entries = image.voi_lut.apply(np.rint(values)).astype(np.float32)
        largest = max(int(image.voi_lut.values.max()), 1)
        return np.asarray(entries * (255.0 / max(largest, (1 << image.voi_lut.bits) - 1)))
    center, width = image.window_center, image.window_width
    if center is None or width is None:
        return None
    if image.voi_lut_function == "SIGMOID" and width > 0:
        power = np.clip(-4.0 * (values - center) / width, -80.0, 80.0)
        return np.asarray(255.0 / (1.0 + np.exp(power)))
    if image.voi_lut_function == "LINEAR_EXACT":
        return _ramp(values, center - width / 2, center + width / 2)
    # C.11.2.1.2.1: a window of width w covers w values, hence w - 1 steps.
    return _ramp(values, center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2)


def _ramp(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    if high <= low:
        return np.where(values > low, 255.0, 0.0)
    return np.asarray(np.clip((values - low) * (255.0 / (high - low)), 0.0, 255.0))


def _extremes(values: NDArray[np.float32]) -> tuple[float, float]:
    """Where black and white belong so that a few outliers do not decide."""
    if not values.size:
        return 0.0, 1.0
    low, high = (float(n) for n in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (min(low, 0.0), max(high, 0.0) or 1.0)


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
    pixels = _finite(pixels[::down_step, ::across_step])
    return _resampled(_resampled(pixels, 0, rows), 1, columns)


def _resampled(pixels: NDArray[Any], axis: int, wanted: int) -> NDArray[Any]:
    """Bring an axis to a length with a triangle filter: an average on the way down, linear on the way up.

    Few source pixels make one of the result, so they are gathered: a matrix product would do more work
    and, with the threads of its library, wait for cores that serve others.
    """
    size = pixels.shape[axis]
    step = size / wanted
    reach = max(step, 1.0)
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    index = np.floor(centres - reach)[:, None] + 1 + np.arange(int(np.ceil(2 * reach)))
    weights = np.maximum(1.0 - np.abs(index - centres[:, None]) / reach, 0.0)
    weights *= (index >= 0) & (index < size)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    index = np.clip(index, 0, size - 1).astype(np.intp)
    shape = [-1 if n == axis else 1 for n in range(pixels.ndim)]
    result = np.take(pixels, index[:, 0], axis) * weights[:, 0].reshape(shape)
    for tap in range(1, index.shape[1]):
        result += np.take(pixels, index[:, tap], axis) * weights[:, tap].reshape(shape)
    return np.asarray(result)
