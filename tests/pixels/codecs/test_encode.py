"""Encoding is held to our own decoding, to DCMTK's, and to what standard says of each codestream."""

import io
import subprocess
from dataclasses import replace

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from tests.dcmtk import program
from tests.instances import dataset as make_dataset

from hounsfield.errors import NotAcceptable
from hounsfield.pixels.codecs.cells import cells_of
from hounsfield.pixels.codecs.codestreams import lossy_method, read_jpeg, read_jpeg2000
from hounsfield.pixels.codecs.encode import (
    JPEG_BASELINE,
    JXL_RECOMPRESSION,
    can_encode,
    encode_frame,
    recompress,
)
from hounsfield.pixels.description import ImagePixelDescription

EXPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
J = "1.2.840.10008.1.2.4."
RLE, PLAIN, DEFLATED = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"
LOSSLESS = [RLE, PLAIN, DEFLATED, *(J + n for n in ("57", "70", "80", "90", "110", "201", "202"))]
ANY_BITS = {RLE, PLAIN, DEFLATED}
LOSSY = [J + n for n in ("50", "51", "81", "91", "112", "203")]
ROWS, COLUMNS = 19, 23

rng = np.random.default_rng(7)


def described(bits=16, stored=None, samples=1, *, signed=False, photometric=None):
    stored = stored or bits
    return ImagePixelDescription(
        ROWS,
        COLUMNS,
        EXPLICIT,
        samples,
        bits,
        stored,
        stored - 1,
        signed,
        photometric or ("RGB" if samples == 3 else "MONOCHROME2"),
        pixel_vr="OB" if bits <= 8 else "OW",
    )


def values(image):
    """Random cells with all stored bits in use, signs filled up."""
    shape = (ROWS, COLUMNS) if image.samples_per_pixel == 1 else (ROWS, COLUMNS, 3)
    if image.bits_allocated == 1:
        return rng.integers(0, 2, shape, dtype=np.uint8)
    drawn = rng.integers(0, 1 << image.bits_stored, shape, dtype=np.uint64)
    if image.is_signed:
        drawn = drawn.astype(np.int64) - (1 << (image.bits_stored - 1))
    kind = f"{'i' if image.is_signed else 'u'}{image.bits_allocated // 8}"
    return drawn.astype(kind).view(f"u{image.bits_allocated // 8}")


KINDS = {
    "8 bits": described(8),
    "6 bits of 8": described(8, 6),
    "signed 8 bits": described(8, signed=True),
    "10 bits": described(16, 10),
    "12 bits": described(16, 12),
    "16 bits": described(16),
    "signed 12 bits": described(16, 12, signed=True),
    "signed 16 bits": described(16, signed=True),
    "RGB": described(8, samples=3),
    "RGB of 16 bits": described(16, samples=3),
    "YBR": described(8, samples=3, photometric="YBR_FULL"),
    "palette": described(8, photometric="PALETTE COLOR"),
    "32 bits": described(32),
    "single bits": described(1),
}


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_encoded_without_loss_comes_back_cell_by_cell(syntax, kind):
    image = KINDS[kind]
    cells = values(image)
    is_odd = image.bits_allocated in (1, 32) and syntax not in ANY_BITS
    is_odd |= syntax == J + "110" and (image.is_signed or kind == "YBR")
    if is_odd:
        with pytest.raises(NotAcceptable):
            encode_frame(cells, image, image.photometric_interpretation, syntax)
        return
    made = encode_frame(cells, image, image.photometric_interpretation, syntax)
    assert len(made.content) % 2 == 0
    stored = replace(
        image,
        transfer_syntax_uid=syntax,
        photometric_interpretation=made.photometric_interpretation,
    )
    back, photometric = cells_of(made.content, stored)
    assert photometric == image.photometric_interpretation
    assert (back == cells).all()


@pytest.mark.parametrize("syntax", [J + "70", J + "80", J + "90", J + "202", RLE])
def test_bits_that_are_not_stored_are_not_lost(syntax):
    image = described(16, 12)
    cells = values(image) | np.where(rng.random((ROWS, COLUMNS)) < 0.5, 0x8000, 0).astype("u2")
    made = encode_frame(cells, image, "MONOCHROME2", syntax)
    back, _ = cells_of(made.content, replace(image, transfer_syntax_uid=syntax))
    assert (back == cells).all()


@pytest.mark.parametrize("syntax", LOSSY)
@pytest.mark.parametrize("kind", ["8 bits", "12 bits", "RGB"])
def test_a_loss_is_made_only_where_it_is_wanted_and_is_small(syntax, kind):
    image = KINDS[kind]
    down, across = np.mgrid[:ROWS, :COLUMNS]
    smooth = (np.sin(down / 5) + np.cos(across / 7) + 2) / 4 * ((1 << image.bits_stored) - 1)
    cells = smooth.astype(f"u{image.bits_allocated // 8}")
    if image.samples_per_pixel == 3:
        cells = np.stack([cells, cells // 2, 255 - cells], axis=-1)
    assert not can_encode(syntax)
    assert can_encode(syntax, with_loss=True)
    with pytest.raises(NotAcceptable):
        encode_frame(cells, image, image.photometric_interpretation, syntax)
    if (syntax == J + "50" and kind == "12 bits") or (syntax == J + "51" and kind == "RGB"):
        if kind == "12 bits":
            with pytest.raises(NotAcceptable):
                encode_frame(cells, image, image.photometric_interpretation, syntax, 90)
        return
    made = encode_frame(cells, image, image.photometric_interpretation, syntax, 95)
    stored = replace(
        image,
        transfer_syntax_uid=syntax,
        photometric_interpretation=made.photometric_interpretation,
    )
    back, photometric = cells_of(made.content, stored)
    if image.samples_per_pixel == 1:
        assert np.abs(back.astype(int) - cells).max() <= (1 << image.bits_stored) // 20
    else:
        assert photometric == "RGB"
        assert np.abs(back.astype(int) - cells).mean() < 10
    worse = encode_frame(cells, image, image.photometric_interpretation, syntax, 10)
    assert len(worse.content) <= len(made.content)


@settings(max_examples=40, deadline=None)
@given(
    st.binary(min_size=ROWS * COLUMNS * 2, max_size=ROWS * COLUMNS * 2),
    st.sampled_from([RLE, J + "70", J + "80", J + "90", J + "201"]),
    st.booleans(),
)
def test_any_cells_come_back(content, syntax, signed):
    image = described(16, signed=signed)
    cells = np.frombuffer(content, "<u2").reshape(ROWS, COLUMNS)
    made = encode_frame(cells, image, "MONOCHROME2", syntax)
    back, _ = cells_of(made.content, replace(image, transfer_syntax_uid=syntax))
    assert (back == cells).all()


def test_codestreams_say_of_themselves_what_their_transfer_syntax_says():
    grey, colour = KINDS["12 bits"], KINDS["RGB"]
    cells = values(grey)
    stream = read_jpeg(encode_frame(cells, grey, "MONOCHROME2", J + "70").content)
    assert (stream.frame_type, stream.bits) == (0xC3, 12)
    made = encode_frame(values(colour), colour, "RGB", J + "202")
    assert made.photometric_interpretation == "YBR_RCT"
    # ISO 15444-1 A.6.1: progression order 2 is RPCL; a TLM marker tells the tile-parts' lengths.
    at = made.content.find(b"\xff\x52")
    assert made.content[at + 5] == 2
    assert b"\xff\x55" in made.content[:200]
    made = encode_frame(values(colour), colour, "RGB", J + "91", 60)
    assert made.photometric_interpretation == "YBR_ICT"
    assert lossy_method(made.content, J + "91") == "ISO_15444_1"
    near = encode_frame(values(KINDS["8 bits"]), KINDS["8 bits"], "MONOCHROME2", J + "81", 80)
    assert lossy_method(near.content, J + "81") == "ISO_14495_1"
    signed = encode_frame(
        values(KINDS["signed 12 bits"]), KINDS["signed 12 bits"], "MONOCHROME2", J + "90"
    )
    assert read_jpeg2000(signed.content).is_signed


def test_a_jpeg_comes_out_of_jpeg_xl_byte_for_byte():
    colour = KINDS["RGB"]
    jpeg = encode_frame(values(colour), colour, "RGB", JPEG_BASELINE, 90)
    packed = recompress(jpeg.content, JXL_RECOMPRESSION)
    back = recompress(packed, JPEG_BASELINE)
    assert back.rstrip(b"\0") == jpeg.content.rstrip(b"\0")
    with pytest.raises(NotAcceptable):
        recompress(b"no JPEG", JXL_RECOMPRESSION)
    with pytest.raises(NotAcceptable):
        recompress(bytes(imagecodecs.jpegxl_encode(values(colour))), JPEG_BASELINE)


@pytest.mark.parametrize(
    ("tool", "syntax"),
    [("dcmdjpeg", J + "57"), ("dcmdjpeg", J + "70"), ("dcmdjpls", J + "80"), ("dcmdrle", RLE)],
)
@pytest.mark.parametrize("kind", ["8 bits", "12 bits", "16 bits", "signed 16 bits", "RGB"])
def test_dcmtk_reads_what_we_encode(tmp_path, tool, syntax, kind):
    path = program(tool)
    if path is None:
        pytest.skip("DCMTK is not installed")
    image = KINDS[kind]
    cells = values(image)
    made = encode_frame(cells, image, image.photometric_interpretation, syntax)
    dataset = make_dataset(
        Rows=ROWS,
        Columns=COLUMNS,
        BitsAllocated=image.bits_allocated,
        BitsStored=image.bits_stored,
        HighBit=image.high_bit,
        PixelRepresentation=int(image.is_signed),
        SamplesPerPixel=image.samples_per_pixel,
        PhotometricInterpretation=made.photometric_interpretation,
        PlanarConfiguration=0 if image.samples_per_pixel == 3 else None,
        PixelData=encapsulate([made.content]),
    )
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    packed, plain = tmp_path / "packed.dcm", tmp_path / "plain.dcm"
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    packed.write_bytes(out.getvalue())
    run = subprocess.run(
        [path, packed, plain], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    read = pydicom.dcmread(plain)
    theirs = read.pixel_array
    ours = cells.view(f"{'i' if image.is_signed else 'u'}{cells.dtype.itemsize}")
    assert (theirs == ours).all()
