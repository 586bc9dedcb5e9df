"""Compressed frames in native form: nothing of a cell is lost, and what is said of it stays true."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest

from hounsfield.errors import InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.native import is_decodable, native_frames
from hounsfield.pixels.description import ImagePixelDescription

RLE, JPEG_LS, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
UNCOMPRESSED, DEFLATED_FRAME = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"
HTJ2K, BASELINE, MPEG = "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.100"  # fmt: skip


def image(syntax, rows=2, columns=4, **more):
    bits = more.pop("bits", 8)
    values = {"bits_allocated": bits, "bits_stored": bits, "high_bit": bits - 1, **more}
    return ImagePixelDescription(rows, columns, syntax, **values)


def rle(*segments):
    """An RLE frame of literal runs (PS3.5 annex G)."""
    packed = [
        b"".join(
            bytes((len(part) - 1,)) + part
            for part in (segment[at : at + 128] for at in range(0, len(segment), 128))
        )
        for segment in segments
    ]
    packed = [one + b"\x80" * (len(one) % 2) for one in packed]
    offsets = [64 + sum(map(len, packed[:n])) for n in range(len(packed))]
    head = struct.pack("<16I", len(packed), *offsets, *[0] * (15 - len(packed)))
    return head + b"".join(packed)


def native(frames, description):
    made = native_frames(frames, len(frames), description)
    raw = b"".join(made.pieces)
    assert len(raw) == made.length
    return raw, made.photometric_interpretation


# QR-10
def test_colours_that_the_codec_leaves_alone_stay_what_they_are():
    luma, blue, red = bytes(range(8)), bytes(range(8, 16)), bytes(range(16, 24))
    description = image(RLE, samples_per_pixel=3, photometric_interpretation="YBR_FULL")
    raw, photometric = native([rle(luma, blue, red)], description)
    assert photometric == "YBR_FULL"
    assert raw == bytes(value for pixel in zip(luma, blue, red, strict=True) for value in pixel)


# QR-10
def test_bits_beyond_the_stored_ones_are_kept():
    cells = np.array([0xF001, 0x0FFF, 0x8000, 3], "<u2").tobytes()
    description = image(RLE, 1, bits=16, bits_stored=12, high_bit=11)
    raw, _ = native([rle(cells[1::2], cells[::2])], description)
    assert raw == cells


# QR-10
def test_a_sign_fills_the_cell_where_the_codec_knows_none():
    stored = np.array([[-1, -2048, 5, 2047]], "<i2")
    frame = imagecodecs.jpegls_encode((stored & 0xFFF).astype("<u2"))
    description = image(JPEG_LS, 1, bits=16, bits_stored=12, high_bit=11, is_signed=True)
    raw, _ = native([frame], description)
    assert raw == stored.tobytes()


# QR-10
@pytest.mark.parametrize("syntax", [J2K, HTJ2K])
@pytest.mark.parametrize("kind", ["<i2", "<u2"])
def test_reversible_wavelets_come_back_to_the_bit(syntax, kind):
    pixels = np.random.default_rng(5).integers(0, 1 << 12, (16, 16)).astype(kind)
    if kind == "<i2":
        pixels -= 2048
    encode = imagecodecs.htj2k_encode if syntax == HTJ2K else imagecodecs.jpeg2k_encode
    options = {"reversible": True} if syntax == HTJ2K else {"reversible": True, "level": 0}
    description = image(syntax, 16, 16, bits=16, is_signed=kind == "<i2")
    raw, photometric = native([encode(pixels, **options)], description)
    assert (raw, photometric) == (pixels.tobytes(), "MONOCHROME2")


# QR-10
def test_lossy_colour_is_told_as_the_rgb_that_it_is_decoded_to():
    pixels = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    frame = imagecodecs.jpeg8_encode(pixels, level=95)
    description = image(
        BASELINE, 8, 8, samples_per_pixel=3, photometric_interpretation="YBR_FULL_422"
    )
    raw, photometric = native([frame], description)
    assert photometric == "RGB"
    assert abs(np.frombuffer(raw, np.uint8).astype(int) - pixels.reshape(-1)).max() <= 3


# QR-10
def test_single_bits_are_packed_without_gaps_between_the_frames():
    frames = [bytes((0b101,)), bytes((0b010,)), bytes((0b111,))]  # of three pixels each
    description = image(UNCOMPRESSED, 1, 3, bits=1)
    raw, _ = native(frames, description)
    assert int.from_bytes(raw, "little") == 0b111_010_101


# QR-10
def test_deflated_frames_and_planes_lie_by_pixel():
    planes = bytes((1, 2, 3, 4)) + bytes((11, 12, 13, 14)) + bytes((21, 22, 23, 24))
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    frame = deflate.compress(planes) + deflate.flush()
    description = image(
        DEFLATED_FRAME, 1, 4, samples_per_pixel=3, photometric_interpretation="RGB", is_planar=True
    )
    raw, _ = native([frame], description)
    assert raw == bytes((1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24))


@pytest.mark.parametrize(
    ("frames", "description"),
    [
        ([], image(RLE)),
        ([b"short"], image(RLE)),
        ([b"x"], image(UNCOMPRESSED)),
        ([b"\xff\xd8\xff"], image(BASELINE)),
        ([b""], image(DEFLATED_FRAME)),
    ],
)
def test_frames_that_are_none_are_refused(frames, description):
    with pytest.raises((InvalidInstance, NotAcceptable)):
        native(frames, description)


def test_video_has_no_native_form():
    assert not is_decodable(MPEG)
