"""Shows stored values as 8-bit grey: modality, VOI and presentation steps (PS3.4 N.2, PS3.3 C.11)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.pixels.colour import apply_palette
from hounsfield.pixels.description import ImagePixelDescription, LookupTable, Palette
from hounsfield.pixels.rendering.resampling import finite

_AT_ONCE = 1 << 14
# Data sets hold any number. What is beyond these shows the same, and float32 and float64 can calculate with it.
_MAX_VALUE = 1e36
_MAX_FACTOR = 1e6
_MAX_WINDOW = 1e300
_QUICK_SPANS = (1e-30, 1e30)


def greyscale(
    values: NDArray[Any], image: ImagePixelDescription, whole: NDArray[Any]
) -> NDArray[np.uint8]:
    """Show stored values as 8-bit grey: modality, VOI and presentation steps (PS3.4 N.2).

    Where the data set has no window, or one that shows nothing, the values of the ``whole`` frame choose.
    """
    shown = _voi(_modality(values, image), image)
    if shown is None or float(shown.std()) < 1.0:
        shown = _ramp(_modality(values, image), *_chosen(whole, image))
    if (image.photometric_interpretation == "MONOCHROME1") != image.is_inverse:
        shown = 255.0 - shown
    return np.rint(shown).astype(np.uint8)


def picture_grey(values: NDArray[Any], image: ImagePixelDescription) -> NDArray[np.uint8]:
    """The same for a whole frame that is looked at and not only recognised.

    A window of the data set is taken as it is. Without one, what has 8 bits or fewer is shown as it is, and the
    values choose for what has more.
    """
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        low, high = int(values.min()), int(values.max())
        if high - low < values.size:
            # Every value is looked up, once calculated: a tenth of the work.
            table = _picture_grey(np.arange(low, high + 1), image, values)
            return _looked_up(table, values, low)
    return _picture_grey(values, image, values)


def _looked_up(table: NDArray[np.uint8], values: NDArray[Any], low: int) -> NDArray[np.uint8]:
    """The entry of each value, some thousands at a time, so that the places looked up stay in the processor's cache."""
    flat = np.ascontiguousarray(values).reshape(-1)
    shown = np.empty(flat.size, np.uint8)
    for at in range(0, flat.size, _AT_ONCE):
        places = np.subtract(flat[at : at + _AT_ONCE], low, dtype=np.intp)
        table.take(places, out=shown[at : at + _AT_ONCE], mode="clip")
    return shown.reshape(values.shape)


def _picture_grey(
    values: NDArray[Any], image: ImagePixelDescription, whole: NDArray[Any]
) -> NDArray[np.uint8]:
    shown = _after_voi(values, image, whole)
    if image.presentation_lut is not None:
        # C.11.6: the values of the step before are spread over its entries.
        shown = _through(shown, image.presentation_lut)
    elif (image.photometric_interpretation == "MONOCHROME1") != image.is_inverse:
        shown = 255.0 - shown
    return np.asarray(np.rint(shown), dtype=np.uint8)


def pseudo_coloured(
    values: NDArray[Any], image: ImagePixelDescription, palette: Palette
) -> NDArray[np.uint8]:
    """Values in the colours of a palette, as (rows, columns, 3) RGB.

    All that can come out of the VOI step is spread over all entries of the palette (PS3.4 N.2.4.2).
    """
    entries = len(palette[0].values)
    places = np.rint(_after_voi(values, image, values).astype(np.float64) * ((entries - 1) / 255.0))
    return apply_palette(places + palette[0].first_value, palette)


def _after_voi(
    values: NDArray[Any], image: ImagePixelDescription, whole: NDArray[Any]
) -> NDArray[Any]:
    """Values from 0 to 255 by window or table, else by all that they may be, else by what they are."""
    scaled = _modality(values, image)
    shown = _voi(scaled, image)
    if shown is None and image.bits_stored <= 8 and values.dtype.kind != "f":
        ends = np.array([0, (1 << image.bits_stored) - 1])
        if image.is_signed:
            ends -= 1 << (image.bits_stored - 1)
        low, high = sorted(float(n) for n in _modality(ends, image))
        shown = _ramp(scaled, low, high)
    if shown is None:
        shown = _ramp(scaled, *_chosen(whole, image))
    return shown


def _through(shown: NDArray[Any], table: LookupTable) -> NDArray[Any]:
    last = len(table.values) - 1
    entries = table.values[np.rint(shown * (last / 255.0)).astype(np.int32)].astype(np.float32)
    return np.asarray(entries * (255.0 / ((1 << table.bits) - 1))).clip(0, 255)


def _chosen(whole: NDArray[Any], image: ImagePixelDescription) -> tuple[float, float]:
    """Black and white by the values of a frame, those of the padding left out."""
    sample = whole[:: max(whole.shape[0] // 256, 1), :: max(whole.shape[1] // 256, 1)]
    if image.padding_range is not None:
        first, last = image.padding_range
        sample = sample[(sample < first) | (sample > last)]
    return _extremes(_modality(sample, image))


def _modality(values: NDArray[Any], image: ImagePixelDescription) -> NDArray[np.float32]:
    """Rescaled values (PS3.3 C.11.1), finite whatever was stored."""
    if image.modality_lut is not None:
        stored = finite(values) if values.dtype.kind == "f" else values
        return image.modality_lut.apply(np.rint(stored)).astype(np.float32)
    slope, intercept = image.rescale_slope, image.rescale_intercept
    if max(abs(slope), abs(intercept)) <= _MAX_FACTOR:
        return np.asarray(finite(values) * slope + intercept, dtype=np.float32)
    wide = finite(values).astype(np.float64) * _bounded(slope, 1e250) + _bounded(intercept, 1e300)
    return np.clip(wide, -_MAX_VALUE, _MAX_VALUE).astype(np.float32)


def _bounded(number: float, limit: float) -> float:
    return min(max(number, -limit), limit)


def _voi(values: NDArray[np.float32], image: ImagePixelDescription) -> NDArray[Any] | None:
    """Values from 0 to 255 by the data set's own VOI LUT or window (PS3.3 C.11.2); None if it has none."""
    if image.voi_lut is not None:
        entries = image.voi_lut.apply(np.rint(values)).astype(np.float32)
        largest = max(int(image.voi_lut.values.max()), 1)
        return np.asarray(entries * (255.0 / max(largest, (1 << image.voi_lut.bits) - 1)))
    center, width = image.window_center, image.window_width
    if center is None or width is None or not (math.isfinite(center) and math.isfinite(width)):
        return None
    center, width = _bounded(center, _MAX_WINDOW), _bounded(width, _MAX_WINDOW)
    if image.voi_lut_function == "SIGMOID" and width > 0:
        return _sigmoid(values, center, width)
    if image.voi_lut_function == "LINEAR_EXACT":
        return _ramp(values, center - width / 2, center + width / 2)
    # C.11.2.1.2.1: a window of width w covers w values, hence w - 1 steps.
    return _ramp(values, center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2)


def _sigmoid(values: NDArray[Any], center: float, width: float) -> NDArray[Any]:
    if not (_QUICK_SPANS[0] < width < _QUICK_SPANS[1] and abs(center) < _QUICK_SPANS[1]):
        values = values.astype(np.float64)
    # Beyond 20 widths it is black or white to the last bit.
    distance = np.clip(values - center, -20.0 * width, 20.0 * width) / width
    return np.asarray(255.0 / (1.0 + np.exp(distance * -4.0)))


def _ramp(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    if high <= low:
        # In float64, as a number beyond those of the values may be the threshold.
        return np.where(values.astype(np.float64) > low, 255.0, 0.0)
    span = high - low
    # Cut off first: what is outside of the window may be too large to be multiplied.
    if _QUICK_SPANS[0] < span < _QUICK_SPANS[1] and span > 1e-3 * max(abs(low), abs(high)):
        return np.asarray((np.clip(values, low, high) - low) * (255.0 / span))
    return np.asarray((np.clip(values.astype(np.float64), low, high) - low) / span * 255.0)


def _extremes(values: NDArray[np.float32]) -> tuple[float, float]:
    """Where black and white belong so that a few outliers do not decide."""
    if not values.size:
        return 0.0, 1.0
    low, high = (float(n) for n in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (min(low, 0.0), max(high, 0.0) or 1.0)
