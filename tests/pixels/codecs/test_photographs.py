import io
import itertools

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.photographs import (
    decoded_bytes,
    jpeg_as_it_is,
    photograph,
    transfer_syntax_of,
)

RAMP = np.arange(1024, dtype=np.uint16).reshape(32, 32)


def file(form: str, pixels=None, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(RAMP.astype(np.uint8) if pixels is None else pixels).save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "uid"),
    [
        (file("JPEG"), "1.2.840.10008.1.2.4.50"),
        (imagecodecs.jpeg8_encode(RAMP, lossless=True, predictor=1), "1.2.840.10008.1.2.4.70"),
        (imagecodecs.ljpeg_encode(RAMP), "1.2.840.10008.1.2.4.57"),
    ],
    ids=itertools.count(),
)
def test_a_jpeg_says_which_transfer_syntax_it_has(content, uid):
    # STOW-04, WEB-05
    assert transfer_syntax_of(content, "image/jpeg") == uid
    kept = jpeg_as_it_is(content, may_turn=True)
    assert (kept.transfer_syntax_uid, kept.pixels) == (uid, None)
    assert kept.attributes["00280010"] == ("US", 32)


def test_a_jpeg_that_has_none_is_decoded_or_refused():
    progressive = file("JPEG", progressive=True)
    with pytest.raises(NotAcceptable):
        transfer_syntax_of(progressive, "image/jpeg")
    assert jpeg_as_it_is(progressive, may_turn=True) is None
    made = photograph("image/jpeg", True, progressive)
    assert len(made.pixels) == decoded_bytes("image/png", file("PNG")) // 8 == 1024


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_is_turned_back_only_where_it_may_be(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    corner = np.zeros((32, 48, 3), np.uint8)
    corner[:16, :16] = 255
    turned = file("JPEG", corner, exif=exif, quality=95)
    assert photograph("image/jpeg", False, turned).pixels is None
    made = photograph("image/jpeg", True, turned)
    if orientation == 1:
        assert made.pixels is None
        return
    rows, columns = made.attributes["00280010"][1], made.attributes["00280011"][1]
    assert (rows, columns) == ((48, 32) if orientation > 4 else (32, 48))
    pixels = np.frombuffer(made.pixels, np.uint8).reshape(rows, columns, 3)
    # EXIF 2.3 table 4: where the first row and column of what is stored are when it is shown.
    first_row = orientation in (1, 2, 5, 6)
    first_column = orientation in (1, 4, 5, 8)
    at = (4 if first_row else -4, 4 if first_column else -4)
    assert pixels[at][0] > 200


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg"])
def test_damaged_files_are_read_or_refused_with_words(media_type):
    # WEB-09
    content = file("PNG" if media_type == "image/png" else "JPEG", np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8))  # fmt: skip
    generator = np.random.default_rng(4711)
    for _ in range(150):
        damaged = bytearray(content[: generator.integers(1, len(content))])
        for _ in range(3):
            damaged[generator.integers(0, len(damaged))] = generator.integers(0, 255)
        try:
            made = photograph(media_type, True, bytes(damaged))
        except HounsfieldError as problem:
            assert str(problem)  # noqa: PT017 - any reason will do
        else:
            assert made.attributes["00280010"][1] > 0


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded():
    content = bytearray(file("PNG"))
    content[16:24] = (0xFFFF).to_bytes(4, "big") * 2
    with pytest.raises(InvalidInstance, match="65535 x 65535"):
        decoded_bytes("image/png", bytes(content))
