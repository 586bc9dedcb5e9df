"""Stored data sets in compressed transfer syntaxes: pixels and attributes as they were (PS3.5 A.4, PS3.3 C.7.6)."""

import io
import warnings

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames
from tests import corpus
from tests.instances import part10

from hounsfield.archive.forms.compressing import Codec, is_possible, write_in
from hounsfield.archive.forms.transcoding import transcode
from hounsfield.dicom.frames import offsets
from hounsfield.dicom.part10 import file_meta, read_header
from hounsfield.dicom.reencoding import Changes, Fragments, reencode
from hounsfield.dicom.sequences import Encoding
from hounsfield.errors import HounsfieldError, InvalidInstance, NotAcceptable
from hounsfield.pixels.pool import DecodePool, PoolConfig

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
J = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
LOSSLESS = [
    RLE,
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.1.98",
    *(J + n for n in ("70", "80", "90", "110", "201", "202")),
]
PIXELS = np.random.default_rng(3).integers(0, 4096, (3, 8, 10), dtype=np.uint16)


def film(**changes):
    return part10(Rows=8, Columns=10, NumberOfFrames=3, PixelData=PIXELS.tobytes(), **changes)


def written(file, wanted, changes=None, **options):
    meta = file_meta(sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=wanted)
    out = bytearray(meta)
    write_in(file, Codec(wanted, **options), out.extend, changes)
    return bytes(out)


def native(file):
    """The same data set with native pixels, as other tests hold it to pydicom's."""
    out = bytearray(
        file_meta(sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=EXPLICIT)
    )
    transcode(file, EXPLICIT, out.extend)
    return bytes(out)


def read(file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(io.BytesIO(file), force=True)


@pytest.mark.parametrize("wanted", LOSSLESS)
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_film_is_the_same_after_compression_and_back(wanted, syntax):
    file = film(transfer_syntax_uid=syntax, PatientName="Müller^Jörg")
    packed = written(file, wanted)
    dataset = read(packed)
    assert dataset.file_meta.TransferSyntaxUID == wanted
    assert len(list(generate_frames(dataset.PixelData, number_of_frames=3))) == 3
    assert "LossyImageCompression" not in dataset
    back = read(native(packed))
    assert (np.frombuffer(back.PixelData, "<u2") == PIXELS.reshape(-1)).all()
    before = read(native(file))
    for dataset in (before, back):
        del dataset.PixelData
    assert before == back


def test_every_frame_is_found_by_the_offset_table():
    packed = written(film(), RLE)
    header = read_header(packed)
    table = offsets(header, packed)
    assert table.number_of_frames == 3
    assert len(table.fragments) == 3
    first = table.fragments[0][0] - 8
    basic = np.frombuffer(packed[first - 12 : first], "<u4")
    assert [first + int(at) + 8 for at in basic] == [at for at, _ in table.fragments]


def test_offsets_beyond_32_bits_go_into_the_extended_table():
    fragments = Fragments((1 << 31, 1 << 31, 1 << 31), ())
    assert fragments.offsets == (0, (1 << 31) + 8, (1 << 32) + 16)


def test_colours_are_transformed_and_named(tmp_path):
    pixels = np.random.default_rng(4).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    colours = {
        "Rows": 8,
        "Columns": 10,
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
    }
    planar = part10(PlanarConfiguration=1, PixelData=np.moveaxis(pixels, 2, 0).tobytes(), **colours)
    for wanted, photometric in ((J + "90", "YBR_RCT"), (J + "80", "RGB"), (RLE, "RGB")):
        dataset = read(written(planar, wanted))
        assert dataset.PhotometricInterpretation == photometric
        assert dataset.PlanarConfiguration == int(wanted == RLE)
        back = read(native(written(planar, wanted)))
        assert back.PhotometricInterpretation == "RGB"
        assert back.PlanarConfiguration == 0
        assert back.PixelData == pixels.tobytes()


def test_a_loss_is_made_only_if_wanted_and_told():
    # QR-10
    file = film(
        LossyImageCompression="01", LossyImageCompressionRatio="3", LossyImageCompressionMethod="X"
    )
    assert not is_possible(EXPLICIT, J + "91")
    with pytest.raises(NotAcceptable):
        written(file, J + "91")
    dataset = read(written(file, J + "91", quality=50))
    assert dataset.LossyImageCompression == "01"
    assert dataset.LossyImageCompressionMethod == ["X", "ISO_15444_1"]
    assert dataset.LossyImageCompressionRatio[0] == 3
    again = read(written(written(film(), J + "91", quality=50), J + "201"))
    assert again.LossyImageCompressionMethod == "ISO_15444_1"


def test_a_jpeg_becomes_jpeg_xl_and_itself_again():
    grey = np.random.default_rng(5).integers(0, 256, (16, 16), dtype=np.uint8)
    options = {"Rows": 16, "Columns": 16, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    jpeg = written(part10(PixelData=grey.tobytes(), **options), J + "50", quality=80)
    packed = written(jpeg, J + "111")
    back = written(packed, J + "50")
    frames = [
        next(iter(generate_frames(read(file).PixelData, number_of_frames=1))).rstrip(b"\0")
        for file in (jpeg, back)
    ]
    assert frames[0] == frames[1]
    assert read(packed).LossyImageCompression == "01"


def test_frames_are_decoded_in_the_pool_where_there_is_one():
    with DecodePool(PoolConfig(processes=1)) as pool:
        packed = written(film(), J + "90")
        assert not pool.processes()
        assert written(packed, J + "201", pool=pool) == written(packed, J + "201")
        assert pool.processes()
        broken = packed.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x00")
        with pytest.raises(InvalidInstance):
            written(broken, J + "201", pool=pool)


def test_what_has_no_frames_or_no_decoder_is_refused():
    with pytest.raises(NotAcceptable):
        written(part10(PixelData=None, Rows=None, Columns=None), RLE)
    assert not is_possible(J + "100", RLE)
    with pytest.raises(InvalidInstance):
        written(film()[:-100], RLE)


def test_fewer_bytes_than_announced_are_no_instance():
    file, little = film(), Encoding(is_implicit_vr=False, is_big_endian=False)
    changes = Changes(fragments=Fragments((4, 4), (b"1234",)))
    at = read_header(file).dataset_offset
    with pytest.raises(InvalidInstance):
        reencode(file, at, len(file), little, little, bytearray().extend, changes)


def test_every_image_of_the_corpus_is_the_same_after_compression_or_refused():
    rows = corpus.rows()
    kinds, compared, wrong = set(), 0, []
    for n, (path, row) in enumerate(rows):
        kind = (row["sop_class"], row["transfer_syntax"], row["dims"], row["notes"])
        if kind in kinds or row["expect"] == "reject" or int(row["size"]) > 4 << 20:
            continue
        kinds.add(kind)
        file = path.read_bytes()
        try:
            before = native(file)
        except HounsfieldError:
            continue
        for wanted in (LOSSLESS[n % len(LOSSLESS)], J + "201"):
            try:
                after = native(written(file, wanted))
            except HounsfieldError:
                continue
            compared += 1
            mine, theirs = read(before), read(after)
            if "PixelData" not in mine or len(mine.PixelData) < 16:
                continue
            samples = mine.Rows * mine.Columns * mine.SamplesPerPixel
            cut = samples * int(mine.get("NumberOfFrames") or 1) * mine.BitsAllocated // 8
            is_422 = "422" in str(mine.get("PhotometricInterpretation"))
            # A pixel that is subsampled comes out whole, and planes come out pixel by pixel.
            if is_422 or mine.get("PlanarConfiguration"):
                continue
            if theirs.PixelData[:cut] != mine.PixelData[:cut]:
                wrong.append((row["path"], wanted))
    assert not wrong
    assert compared > 150
