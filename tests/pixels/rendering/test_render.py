from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.pixels.description import ImagePixelDescription, LookupTable
from hounsfield.pixels.rendering.render import thumbnail

EXPLICIT = "1.2.840.10008.1.2.1"
SQUARES = np.repeat(np.repeat(np.array([[0, 1000], [2000, 3000]], "<u2"), 32, 0), 32, 1)
GREY = ImagePixelDescription(
    rows=64, columns=64, transfer_syntax_uid=EXPLICIT, bits_stored=12, high_bit=11
)


def rendered(pixels, description, *size):
    return imagecodecs.jpeg8_decode(thumbnail(pixels.tobytes(), description, *size))


def corners(picture):
    quarter = picture.shape[0] // 4
    return [int(picture[y, x]) for y in (quarter, -quarter) for x in (quarter, -quarter)]


def test_without_a_window_the_values_fill_the_range():
    assert corners(rendered(SQUARES, GREY)) == pytest.approx([0, 85, 170, 255], abs=4)


def test_the_window_of_the_data_set_is_used_after_the_rescale():
    windowed = replace(GREY, rescale_intercept=-1000, window_center=0, window_width=2000)
    assert corners(rendered(SQUARES, windowed)) == pytest.approx([0, 128, 255, 255], abs=4)


def test_monochrome1_is_shown_dark_where_values_are_high():
    inverted = replace(GREY, photometric_interpretation="MONOCHROME1")
    assert corners(rendered(SQUARES, inverted)) == pytest.approx([255, 170, 85, 0], abs=4)


def test_an_inverse_presentation_turns_it_round_too():
    inverted = replace(GREY, is_inverse=True)
    assert corners(rendered(SQUARES, inverted)) == pytest.approx([255, 170, 85, 0], abs=4)


def test_a_voi_table_goes_before_the_window():
    table = LookupTable(0, np.array([255, 0], np.uint16), 8)
    shown = replace(GREY, voi_lut=table, window_center=1, window_width=2)
    assert corners(rendered(SQUARES, shown)) == pytest.approx([255, 0, 0, 0], abs=4)


def test_a_modality_table_replaces_the_rescale():
    table = LookupTable(0, np.arange(4096, dtype=np.uint16)[::-1].copy(), 16)
    shown = replace(GREY, modality_lut=table)
    assert corners(rendered(SQUARES, shown)) == pytest.approx([255, 170, 85, 0], abs=4)


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_other_window_functions_keep_the_order_and_the_middle(function):
    shown = replace(GREY, voi_lut_function=function, window_center=1500, window_width=3000)
    found = corners(rendered(SQUARES, shown))
    assert found == sorted(found)
    assert found[1] + found[2] == pytest.approx(255, abs=6)


def test_a_window_that_shows_nothing_gives_way_to_the_values():
    blind = replace(GREY, window_center=-50000, window_width=10)
    assert corners(rendered(SQUARES, blind)) == pytest.approx([0, 85, 170, 255], abs=4)


def test_padding_does_not_darken_the_picture():
    padded = SQUARES.astype("<i2").copy()
    padded[:20] = -2000
    shown = replace(GREY, is_signed=True, bits_stored=16, high_bit=15, padding_range=(-2000, -2000))
    assert corners(rendered(padded, shown))[2:] == pytest.approx([170, 255], abs=6)


def test_one_outlier_does_not_decide_the_contrast():
    noisy = SQUARES.copy()
    noisy[0, 0] = 4095
    assert corners(rendered(noisy, GREY))[3] == pytest.approx(255, abs=4)


@pytest.mark.parametrize(
    ("aspect", "viewport", "shape"),
    [
        (1.0, (160, 160), (160, 160)),
        (2.0, (160, 160), (160, 80)),
        (0.5, (160, 160), (80, 160)),
        (1.0, (200, 50), (50, 50)),
        (1.0, (0, 0), (1, 1)),
        (1.0, (99999, 64), (64, 64)),
    ],
)
def test_it_fits_the_viewport_and_keeps_the_proportions_of_the_body(aspect, viewport, shape):
    picture = rendered(SQUARES, replace(GREY, pixel_aspect=aspect), *viewport)
    assert picture.shape[:2] == shape


def test_one_pixel_makes_a_picture():
    pixels = np.array([[7]], "<u2")
    assert rendered(pixels, replace(GREY, rows=1, columns=1)).shape == (160, 160)


def test_nothing_but_zeros_is_black():
    assert rendered(np.zeros_like(SQUARES), GREY).max() < 4


def test_a_segmentation_of_one_bit_is_black_and_white():
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 1
    description = replace(GREY, bits_allocated=1, bits_stored=1, high_bit=0)
    stored = np.packbits(mask, bitorder="little")
    assert corners(rendered(stored, description)) == pytest.approx([0, 255, 0, 255], abs=4)


def test_values_that_are_no_numbers_do_not_spoil_the_rest():
    pixels = SQUARES.astype("<f4")
    pixels[0, :8] = [np.nan, np.inf, -np.inf, 1, 2, 3, 4, 5]
    description = replace(GREY, bits_allocated=32, bits_stored=32, high_bit=31, pixel_vr="OF")
    assert rendered(pixels, description).shape == (160, 160)


@pytest.mark.parametrize("bits", [8, 16])
def test_colours_stay_what_they_are(bits):
    top = (1 << bits) - 1
    pixels = np.zeros((64, 64, 3), f"<u{bits // 8}")
    pixels[...] = [top, top // 2, 0]
    description = replace(
        GREY,
        samples_per_pixel=3,
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        photometric_interpretation="RGB",
    )
    assert rendered(pixels, description)[80, 80].tolist() == pytest.approx([255, 127, 0], abs=6)


@pytest.mark.parametrize("scale", [1, 257])
def test_a_palette_gives_its_colours(scale):
    tables = tuple(
        LookupTable(0, np.array(values, np.uint16) * scale, 16)
        for values in ([255, 0], [0, 255], [40, 40])
    )
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 32:] = 1
    description = replace(
        GREY,
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        photometric_interpretation="PALETTE COLOR",
        palette=tables,
    )
    picture = rendered(pixels, description)
    assert picture[80, 40].tolist() == pytest.approx([255, 0, 40], abs=8)
    assert picture[80, 120].tolist() == pytest.approx([0, 255, 40], abs=8)


@pytest.mark.filterwarnings("ignore")
def test_every_image_of_the_corpus_has_a_thumbnail_or_a_reason(corpus_files, first_frame):
    refused, dull, made = [], [], 0
    for path, row in corpus_files:
        try:
            frame = first_frame(path)
        except HounsfieldError:
            continue
        if not frame.has_pixels:
            continue
        try:
            picture = thumbnail(frame.content, frame.description, bit_offset=frame.bit_offset)
        except (InvalidInstance, NotAcceptable) as reason:
            refused.append(f"{row['path']}: {reason}")
            continue
        made += 1
        shown = imagecodecs.jpeg8_decode(picture)
        assert max(shown.shape[:2]) == 160
        # Neither black nor white all over, for an image that is neither.
        if not 1 < shown.mean() < 254 and np.ptp(np.frombuffer(frame.content, np.uint8)) > 8:
            dull.append(row["path"])
    assert made > 850
    assert len(refused) < 8, refused
    assert len(dull) < 12, dull
