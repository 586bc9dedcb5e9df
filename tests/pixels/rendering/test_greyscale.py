"""Windows that no scanner would write, and values that no detector gives (PS3.3 C.11.1, C.11.2)."""

import math
import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hounsfield.pixels.description import ImagePixelDescription, LookupTable
from hounsfield.pixels.rendering.greyscale import greyscale, picture_grey

WHOLE = np.add.outer(np.arange(16) * 160, np.arange(16) * 16).astype("<u2")
BROKEN = WHOLE.astype(np.float32)
BROKEN[0, :4] = np.nan, np.inf, -np.inf, 3e38
IMAGE = ImagePixelDescription(16, 16, "1.2.840.10008.1.2.1")
NUMBERS = (0.0, 1.0, -5.0, 40.0, 1e-320, 1e-30, 1e30, -1e300, 1e308, math.nan, math.inf, -math.inf)
SLOPES = (1.0, -1e-320, 1e-300, 1e6, 1e38, 1e308, -1e300)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def image(center, width, function="LINEAR", **changes):
    return replace(
        IMAGE, window_center=center, window_width=width, voi_lut_function=function, **changes
    )


def by_the_standard(value, center, width, function):
    """C.11.2.1.2.1 and C.11.2.1.3.2 in numbers of any size."""
    value, center, width = map(Fraction, (int(value), center, width))
    if function == "LINEAR":
        center, width = center - Fraction(1, 2), width - 1
    if value <= center - width / 2:
        return 0.0
    if value > center + width / 2:
        return 255.0
    return float(((value - center) / width + Fraction(1, 2)) * 255)


# WADO-04
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
@pytest.mark.parametrize(
    ("center", "width"),
    [
        (1200.0, 2000.0), (40.0, 1.0), (1e30, 10.0), (-1e300, 10.0), (0.0, 1e30), (100.0, 1e299),
        (1e299, 1e299), (2000.5, 1.0000001), (1e6, 1e6 + 1.5), (1300.0, 1.5),
    ],
)  # fmt: skip
def test_extreme_windows_show_what_the_standard_says(center, width, function):
    shown = picture_grey(WHOLE, image(center, width, function)).astype(float)
    expected = [by_the_standard(value, center, width, function) for value in WHOLE.flat]
    assert np.abs(shown.ravel() - expected).max() <= 0.502


@pytest.mark.parametrize("width", [1e-320, 1e-30, 1e-3])
def test_a_window_of_almost_no_width_is_a_threshold(width):
    for function in ("LINEAR_EXACT", "SIGMOID"):
        shown = picture_grey(WHOLE, image(1000.5, width, function))
        assert (shown == np.where(WHOLE > 1000.5, 255, 0)).all()


def test_a_sigmoid_window_is_one_however_wide():
    shown = picture_grey(WHOLE, image(1200.0, 800.0, "SIGMOID"))
    expected = 255 / (1 + np.exp(-4 * (WHOLE.astype(float) - 1200) / 800))
    assert np.abs(shown - expected).max() <= 0.502
    assert set(picture_grey(WHOLE, image(0.0, 1e308, "SIGMOID")).flat) == {128}
    assert set(picture_grey(WHOLE, image(1e308, 5.0, "SIGMOID")).flat) == {0}


@pytest.mark.parametrize("center", [math.nan, math.inf, -math.inf])
def test_a_window_that_is_no_number_is_none(center):
    without = picture_grey(WHOLE, IMAGE)
    assert (picture_grey(WHOLE, image(center, 100.0)) == without).all()
    assert (picture_grey(WHOLE, image(100.0, center, "SIGMOID")) == without).all()


@pytest.mark.parametrize("values", [WHOLE, BROKEN], ids=["whole numbers", "broken numbers"])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_nothing_in_a_data_set_makes_a_warning(values, function):
    for center in NUMBERS:
        for width in NUMBERS:
            for slope in SLOPES:
                described = image(center, width, function, rescale_slope=slope)
                assert picture_grey(values, described).shape == values.shape
                assert greyscale(values, described, values).shape == values.shape


def test_slopes_beyond_all_measure_keep_the_order_of_values():
    described = replace(image(0.0, 1e35, "LINEAR_EXACT"), rescale_slope=1e31)
    expected = np.clip(WHOLE.astype(float) * 1e31 / 1e35 + 0.5, 0, 1) * 255
    assert np.abs(picture_grey(WHOLE, described) - expected).max() <= 0.502


def test_numbers_that_are_none_go_through_a_modality_table():
    table = LookupTable(0, np.arange(4096, dtype=np.uint16), 12)
    described = image(2048.0, 4096.0, modality_lut=table)
    shown, whole = (picture_grey(values, described) for values in (BROKEN, WHOLE))
    assert (shown[1:] == whole[1:]).all()
    assert shown[0, :4].tolist() == [0, 0, 0, 255]
