"""Decoding is held to pydicom, to DCMTK, and to what an encoder was given."""

import shutil
import subprocess
import warnings
from dataclasses import replace

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.pixels.encoders import RLELosslessEncoder

from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.pixels.codecs.decode import decode_frame
from hounsfield.pixels.description import ImagePixelDescription

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE, JPEG, JLS = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.80"
J2K, HTJ2K, JXL = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.110"
LOSSLESS = "1.2.840.10008.1.2.4.70"

rng = np.random.default_rng(3)
RAMP = (np.add.outer(np.arange(24) * 37, np.arange(40) * 53) % 4096).astype(np.uint16)
COLOUR = rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)


def describe(pixels, syntax, **changes):
    bits = pixels.dtype.itemsize * 8
    description = ImagePixelDescription(
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        transfer_syntax_uid=syntax,
        samples_per_pixel=1 if pixels.ndim == 2 else 3,
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        is_signed=pixels.dtype.kind == "i",
        photometric_interpretation="MONOCHROME2" if pixels.ndim == 2 else "RGB",
        pixel_vr="OB" if bits == 8 else "OW",
    )
    return replace(description, **changes)


@pytest.mark.filterwarnings("ignore")
def test_every_file_pydicom_can_decode_comes_out_the_same(corpus_files, first_frame):
    different, compared = [], 0
    for path, row in corpus_files:
        try:
            frame = first_frame(path)
            if not frame.has_pixels:
                continue
            expected = frame.dataset.pixel_array
        except Exception:  # noqa: BLE001
            continue  # damaged, or pydicom has no decoder for it without a GPL one
        colour = frame.description.samples_per_pixel > 1
        if expected.ndim > (3 if colour else 2):
            expected = expected[0]
        if (odd := expected.size % 2) and row["transfer_syntax"] == BIG and odd:
            continue  # its last pixel lies in the pad byte, outside of the frame's own range
        pixels = decode_frame(frame.content, frame.description, bit_offset=frame.bit_offset)
        compared += 1
        tolerance = 1 if row["transfer_syntax"] == JPEG else 0
        if pixels.shape != expected.shape or not np.allclose(
            pixels.astype(float), expected.astype(float), atol=tolerance, equal_nan=True
        ):
            different.append(str(path))
    assert different == []
    assert compared > 700


@pytest.mark.filterwarnings("ignore")
def test_the_jpeg_family_comes_out_as_dcmtk_decodes_it(corpus_files, first_frame, tmp_path):
    tools = {"dcmdjpeg": range(50, 71), "dcmdjpls": range(80, 82)}
    if not all(shutil.which(tool) for tool in tools):
        pytest.skip("DCMTK is not installed")
    different, compared = [], 0
    for path, row in corpus_files:
        prefix, _, process = row["transfer_syntax"].rpartition(".")
        tool = next((t for t, r in tools.items() if process.isdigit() and int(process) in r), None)
        if prefix != "1.2.840.10008.1.2.4" or tool is None or int(row["size"]) > 2_000_000:
            continue
        plain = tmp_path / "plain.dcm"
        if subprocess.run([tool, path, plain], capture_output=True, check=False).returncode:
            continue
        try:
            frame = first_frame(path)
        except HounsfieldError:
            continue
        if not frame.has_pixels:
            continue
        if "integration_test/data/example" in row["path"]:
            continue  # says RGB over a JFIF stream of luma and chroma; DCMTK believes it and is wrong
        expected = pydicom.dcmread(plain).pixel_array
        pixels = decode_frame(frame.content, frame.description)
        expected = expected if expected.ndim == pixels.ndim else expected[0]
        compared += 1
        if int(np.abs(pixels.astype(int) - expected).max()) > 1:
            different.append(str(path))
    assert different == []
    assert compared > 40


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i2", "<u4", "<i4"])
def test_native_little_endian_values_are_read_in_their_type(dtype):
    pixels = rng.integers(0, 100, (5, 7)).astype(dtype)
    assert np.array_equal(decode_frame(pixels.tobytes(), describe(pixels, EXPLICIT)), pixels)


@pytest.mark.parametrize(("dtype", "vr"), [("<f4", "OF"), ("<f8", "OD")])
def test_float_pixel_data_is_read(dtype, vr):
    pixels = rng.standard_normal((5, 7)).astype(dtype)
    found = decode_frame(pixels.tobytes(), describe(pixels, EXPLICIT, pixel_vr=vr))
    assert np.array_equal(found, pixels)


@pytest.mark.parametrize("dtype", ["u2", "i2", "u4"])
def test_big_endian_values_are_turned_round(dtype):
    pixels = rng.integers(0, 30000, (5, 7)).astype(dtype)
    stored = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    found = decode_frame(stored, describe(pixels, BIG))
    assert found.dtype.isnative
    assert np.array_equal(found, pixels)


def test_bytes_in_big_endian_words_are_swapped_back():
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    stored = pixels.ravel().view("u2").byteswap().tobytes()
    found = decode_frame(stored, describe(pixels, BIG, pixel_vr="OW"))
    assert np.array_equal(found, pixels)


@pytest.mark.parametrize("bit_offset", [0, 3, 7])
def test_one_bit_frames_may_begin_within_a_byte(bit_offset):
    pixels = rng.integers(0, 2, (5, 7), dtype=np.uint8)
    bits = np.concatenate([np.ones(bit_offset, np.uint8), pixels.ravel()])
    description = describe(pixels, EXPLICIT, bits_allocated=1, bits_stored=1, high_bit=0)
    found = decode_frame(
        np.packbits(bits, bitorder="little").tobytes(), description, bit_offset=bit_offset
    )
    assert np.array_equal(found, pixels)


def test_bits_that_are_not_stored_do_not_count():
    pixels = np.array([[-5, 7], [2047, -2048]], dtype=np.int16)
    dirty = ((pixels.astype(np.uint16) & 0x0FFF) | 0xA000).astype("<u2")
    description = describe(pixels, EXPLICIT, bits_stored=12, high_bit=11)
    assert np.array_equal(decode_frame(dirty.tobytes(), description), pixels)
    shifted = ((pixels.astype(np.uint16) & 0x0FFF) << 4 | 0x5).astype("<u2")
    description = replace(description, high_bit=15)
    assert np.array_equal(decode_frame(shifted.tobytes(), description), pixels)


def test_planes_become_samples():
    stored = np.moveaxis(COLOUR, -1, 0).tobytes()
    found = decode_frame(stored, describe(COLOUR, EXPLICIT, is_planar=True))
    assert np.array_equal(found, COLOUR)


def test_full_range_luma_and_chroma_become_rgb():
    ybr = np.array([[[76, 85, 255], [150, 44, 21]]], dtype=np.uint8)  # red and green
    found = decode_frame(
        ybr.tobytes(), describe(ybr, EXPLICIT, photometric_interpretation="YBR_FULL")
    )
    assert np.abs(found.astype(int) - [[[254, 0, 0], [0, 255, 1]]]).max() <= 2


def test_chroma_of_two_pixels_is_shared_in_422():
    stored = bytes([76, 150, 128, 128, 10, 20, 128, 128])
    pixels = np.zeros((1, 4, 3), np.uint8)
    found = decode_frame(
        stored, describe(pixels, EXPLICIT, photometric_interpretation="YBR_FULL_422")
    )
    assert found[0, :, 0].tolist() == [76, 150, 10, 20]


@pytest.mark.parametrize("pixels", [RAMP, COLOUR, RAMP.astype(np.int16) - 2000])
def test_rle_frames_of_pydicom_are_read_back(pixels):
    description = describe(pixels, RLE)
    encoded = RLELosslessEncoder.encode(
        np.ascontiguousarray(pixels).tobytes(),
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        samples_per_pixel=description.samples_per_pixel,
        bits_allocated=description.bits_allocated,
        bits_stored=description.bits_stored,
        pixel_representation=int(description.is_signed),
        photometric_interpretation=description.photometric_interpretation,
        number_of_frames=1,
        planar_configuration=0,
        encoding_plugin="pydicom",
    )
    assert np.array_equal(decode_frame(encoded, description), pixels)


ENCODERS = {
    JLS: imagecodecs.jpegls_encode,
    J2K: lambda pixels: imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True),
    HTJ2K: lambda pixels: imagecodecs.htj2k_encode(pixels, reversible=True),
    JXL: lambda pixels: imagecodecs.jpegxl_encode(pixels, lossless=True),
    LOSSLESS: lambda pixels: imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1),
}


@pytest.mark.parametrize("syntax", ENCODERS)
@pytest.mark.parametrize("pixels", [RAMP, COLOUR], ids=["grey 16 bit", "colour"])
def test_a_losslessly_compressed_frame_comes_back_as_it_was(syntax, pixels):
    if syntax == LOSSLESS and pixels is COLOUR:
        pixels = np.ascontiguousarray(COLOUR[..., 0])
    encoded = ENCODERS[syntax](pixels)
    assert np.array_equal(decode_frame(encoded, describe(pixels, syntax)), pixels)


@pytest.mark.parametrize("syntax", [JLS, J2K, HTJ2K])
def test_the_sign_of_the_data_set_counts_not_that_of_the_stream(syntax):
    pixels = (RAMP.astype(np.int16) - 2048)[:, ::-1]
    unsigned = np.ascontiguousarray(pixels.astype(np.uint16) & 0x0FFF)
    description = describe(pixels, syntax, bits_stored=12, high_bit=11)
    assert np.array_equal(decode_frame(ENCODERS[syntax](unsigned), description), pixels)


def test_a_jpeg_that_names_its_components_rgb_is_not_converted():
    smooth = np.zeros((16, 16, 3), np.uint8)
    smooth[..., 0] = 200
    encoded = imagecodecs.jpeg8_encode(smooth, level=95, colorspace="RGB", outcolorspace="RGB")
    found = decode_frame(encoded, describe(smooth, JPEG))
    assert np.abs(found.astype(int) - smooth).max() <= 3


def test_a_jpeg_of_luma_and_chroma_becomes_rgb_whatever_the_data_set_calls_it():
    smooth = np.zeros((16, 16, 3), np.uint8)
    smooth[..., 0] = 200
    encoded = imagecodecs.jpeg8_encode(smooth, level=95)
    for name in ("YBR_FULL_422", "RGB"):
        found = decode_frame(encoded, describe(smooth, JPEG, photometric_interpretation=name))
        assert np.abs(found.astype(int) - smooth).max() <= 4


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102"])
def test_video_is_refused_with_its_name(syntax):
    with pytest.raises(NotAcceptable, match="MPEG"):
        decode_frame(b"\0\0\1\xb3" * 8, describe(RAMP, syntax))


def test_a_frame_that_is_too_short_is_refused():
    with pytest.raises(InvalidInstance, match="needs 1920 bytes"):
        decode_frame(bytes(1919), describe(RAMP, EXPLICIT))


@pytest.mark.parametrize("syntax", [EXPLICIT, RLE, J2K, JLS, JXL])
def test_a_frame_of_sixty_gigabytes_is_refused_before_memory_is_taken(syntax):
    with pytest.raises(HounsfieldError):
        decode_frame(bytes(100), replace(describe(RAMP, syntax), rows=65535, columns=65535))


@pytest.mark.parametrize("syntax", [JLS, J2K, HTJ2K, JXL, LOSSLESS])
def test_a_stream_of_another_size_than_the_data_set_says_is_refused(syntax):
    encoded = ENCODERS[syntax](RAMP)
    with pytest.raises(InvalidInstance, match="its frame"):
        decode_frame(encoded, replace(describe(RAMP, syntax), rows=25))


def test_an_rle_frame_that_unpacks_to_too_little_is_refused():
    with pytest.raises(InvalidInstance, match="RLE"):
        decode_frame(bytes([1, 0, 0, 0, 64]) + bytes(75), describe(COLOUR[..., 0], RLE))


def test_a_deflated_frame_is_inflated_no_further_than_needed():
    import zlib

    pixels = np.arange(240, dtype=np.uint16).reshape(12, 20)
    squeeze = zlib.compressobj(wbits=-15)
    encoded = squeeze.compress(pixels.tobytes() + bytes(50_000_000)) + squeeze.flush()
    found = decode_frame(encoded, describe(pixels, "1.2.840.10008.1.2.8.1"))
    assert np.array_equal(found, pixels)


@pytest.mark.parametrize("syntax", [RLE, *ENCODERS])
def test_damaged_frames_raise_nothing_but_our_own_errors(syntax):
    damage = np.random.default_rng(17)
    encoded = bytearray(
        imagecodecs.packbits_encode(RAMP.tobytes()) if syntax == RLE else ENCODERS[syntax](RAMP)
    )
    if syntax == RLE:
        encoded = bytearray(bytes([2, 0, 0, 0, 64]) + bytes(59)) + encoded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(300):
            broken = bytearray(encoded)
            for at in damage.integers(0, len(broken), 4):
                broken[at] = int(damage.integers(0, 256))
            try:
                found = decode_frame(
                    bytes(broken[: damage.integers(1, len(broken) + 1)]), describe(RAMP, syntax)
                )
            except HounsfieldError:
                continue
            assert found.shape == RAMP.shape


@pytest.mark.filterwarnings("ignore")
def test_a_lossy_htj2k_frame_is_near_its_lossless_twin(corpus_files, first_frame):
    names = ("HTJ2KLossless_08_RGB.dcm", "HTJ2K_08_RGB.dcm")
    frames = [first_frame(path) for path, _ in corpus_files if path.name in names]
    assert len(frames) == 2
    one, other = (decode_frame(each.content, each.description).astype(int) for each in frames)
    assert np.abs(one - other).max() <= 4


def test_a_stream_of_fewer_bits_than_are_allocated_keeps_its_values():
    pixels = COLOUR[..., 1]
    wide = describe(pixels.astype(np.uint16), J2K)
    assert np.array_equal(decode_frame(ENCODERS[J2K](np.ascontiguousarray(pixels)), wide), pixels)
    signed = ENCODERS[J2K](pixels.astype(np.int8))
    assert np.array_equal(decode_frame(signed, wide), pixels)


def test_a_cut_jpeg_ls_stream_is_refused():
    encoded = ENCODERS[JLS](RAMP)
    with pytest.raises(InvalidInstance, match="cannot be decoded"):
        decode_frame(encoded[: len(encoded) // 2], describe(RAMP, JLS))
