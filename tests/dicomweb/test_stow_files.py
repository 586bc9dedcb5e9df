"""Files of everyday formats through STOW-RS, each wrapped into the SOP class that holds it (PS3.18 10.5.2)."""

import io
import itertools
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from tests.dicomweb.storing import JSON, bulk, datasets, failures, metadata, mp4, stored, stow

PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
BASELINE, EXPLICIT = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1"
WHO = {
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Photo^Paula"}]},
    "00100020": {"vr": "LO", "Value": ["P1"]},
}


def with_file(tag: str = "7FE00010", **attributes) -> dict:
    given = {tag.replace("T", ""): value for tag, value in attributes.items()}
    return WHO | given | {tag: {"vr": "OB", "BulkDataURI": "file"}}


def send(site, dataset, kind: str, *files: bytes, **options):
    return stow(
        site, metadata(dataset), *(bulk("file", one, kind) for one in files), kind=JSON, **options
    )


def picture(form: str, mode: str = "RGB", size=(24, 16), **options) -> bytes:
    out = io.BytesIO()
    pixels = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(size[1], size[0], 3)
    Image.fromarray(pixels).convert(mode).save(out, form, **options)
    return out.getvalue()


def pixels_of(content: bytes, mode: str | None = None):
    opened = Image.open(io.BytesIO(content))
    return np.asarray(opened.convert(mode) if mode else opened)


@pytest.mark.parametrize(
    ("mode", "options", "photometric"),
    [
        ("RGB", {}, "YBR_FULL_422"),
        ("RGB", {"subsampling": 0}, "YBR_FULL"),
        ("L", {}, "MONOCHROME2"),
    ],
)
def test_a_jpeg_stays_as_it_is(site, mode, options, photometric):
    # STOW-04
    content = picture("JPEG", mode, **options)
    answer = send(site, with_file(), "image/jpeg", content)
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert (kept.SOPClassUID, kept.Modality) == (PHOTOGRAPH, "XC")
    assert kept.file_meta.TransferSyntaxUID == BASELINE
    assert content in kept.PixelData
    assert (kept.Rows, kept.Columns) == (16, 24)
    assert kept.PhotometricInterpretation == photometric
    assert (kept.BitsAllocated, kept.BitsStored, kept.HighBit, kept.PixelRepresentation) == (
        8,
        8,
        7,
        0,
    )
    assert (kept.LossyImageCompression, kept.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert kept.ImageType == ["ORIGINAL", "PRIMARY"]
    assert kept.PatientName == "Photo^Paula"
    shown = site.client.get(f"/dicom-web/studies/1.2.3/series/{kept.SeriesInstanceUID}/instances/{kept.SOPInstanceUID}/rendered", headers={"Accept": "image/png"})  # fmt: skip
    assert np.abs(pixels_of(shown.content, mode).astype(int) - pixels_of(content)).max() < 12


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture("JPEG", exif=exif)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (picture("JPEG", progressive=True), (16, 24)),
        (picture("JPEG", "CMYK"), (16, 24)),
        (turned(), (24, 16)),
    ],
    ids=["progressive", "CMYK", "turned"],
)
def test_a_jpeg_without_a_transfer_syntax_becomes_native_pixels(site, content, shape):
    # STOW-04
    assert send(site, with_file(), "image/jpeg", content).status_code == 200
    (kept,) = datasets(site)
    assert kept.file_meta.TransferSyntaxUID == EXPLICIT
    assert (kept.pixel_array.shape[:2], kept.PhotometricInterpretation) == (shape, "RGB")
    assert kept.LossyImageCompression == "01"


@pytest.mark.parametrize(
    ("mode", "photometric", "bits"),
    [
        ("RGB", "RGB", 8),
        ("L", "MONOCHROME2", 8),
        ("1", "MONOCHROME2", 8),
        ("P", "RGB", 8),
        ("I;16", "MONOCHROME2", 16),
    ],
)
def test_a_png_becomes_native_pixels_that_are_the_same(site, mode, photometric, bits):
    # STOW-04
    if mode == "I;16":
        expected = np.arange(384, dtype=np.uint16).reshape(16, 24) * 170
        out = io.BytesIO()
        Image.fromarray(expected).save(out, "PNG")
        content = out.getvalue()
    else:
        content = picture("PNG", mode)
        expected = pixels_of(content, "L" if mode == "1" else "RGB" if mode == "P" else None)
    assert send(site, with_file(), "image/png", content).status_code == 200
    (kept,) = datasets(site)
    assert (kept.SOPClassUID, kept.PhotometricInterpretation) == (PHOTOGRAPH, photometric)
    assert (kept.BitsAllocated, kept.LossyImageCompression) == (bits, "00")
    assert np.array_equal(kept.pixel_array, expected)


def test_colours_of_16_bits_become_8_and_that_is_told(site):
    # STOW-04
    pixels = (np.arange(3 * 64, dtype=np.uint16) * 300).reshape(8, 8, 3)
    assert send(site, with_file(), "image/png", imagecodecs.png_encode(pixels)).status_code == 200
    (kept,) = datasets(site)
    assert (kept.ImageType[0], kept.DerivationDescription) == (
        "DERIVED",
        "colours reduced from 16 to 8 bits",
    )
    assert np.array_equal(kept.pixel_array, pixels >> 8)


@pytest.mark.parametrize(("mode", "white"), [("RGBA", [255] * 3), ("LA", 255)])
def test_what_is_transparent_is_put_on_white(site, mode, white):
    # STOW-04
    out = io.BytesIO()
    made = Image.new(mode, (4, 4), (9, 9, 9, 0) if mode == "RGBA" else (9, 0))
    made.putpixel((0, 0), (9, 9, 9, 255) if mode == "RGBA" else (9, 255))
    made.save(out, "PNG")
    assert send(site, with_file(), "image/png", out.getvalue()).status_code == 200
    (kept,) = datasets(site)
    assert (kept.ImageType[0], kept.DerivationDescription) == (
        "DERIVED",
        "transparent parts put on white",
    )
    pixels = kept.pixel_array
    assert np.all(pixels[1, 1] == white)
    assert np.all(pixels[0, 0] == 9)


@pytest.mark.parametrize(
    ("mode", "sop_class"),
    [("RGB", "1.2.840.10008.5.1.4.1.1.7.4"), ("L", "1.2.840.10008.5.1.4.1.1.7.2")],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_several_pictures_become_one_multi_frame_image_where_that_is_asked_for(
    site, mode, sop_class, form
):
    # STOW-04
    asked = with_file(T00280008={"vr": "IS", "Value": ["2"]})
    files = [picture(form, mode), picture(form, mode)]
    answer = send(site, asked, f"image/{form.lower()}", *files)
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert (kept.SOPClassUID, kept.NumberOfFrames) == (sop_class, 2)
    assert kept.pixel_array.shape[:3] == (2, 16, 24)


def test_pictures_that_differ_do_not_become_one_image(site):
    # STOW-02
    asked = with_file(T00280008={"vr": "IS", "Value": ["2"]})
    answer = send(site, asked, "image/png", picture("PNG"), picture("PNG", size=(16, 16)))
    assert failures(answer) == [(0xC000, "its pictures differ in size or kind")]


def test_a_file_goes_with_the_only_metadata_although_that_does_not_name_it(site):
    # STOW-04
    answer = stow(site, metadata(WHO), bulk("elsewhere", picture("PNG"), "image/png"), kind=JSON)
    assert answer.status_code == 200, answer.text
    assert datasets(site)[0].SOPClassUID == PHOTOGRAPH
    nothing = stow(site, metadata(WHO), kind=JSON)
    assert (nothing.status_code, failures(nothing)) == (
        409,
        [(0xC000, "no part has its pixel data or document")],
    )


def test_the_same_file_sent_again_is_the_same_instance(site):
    # STOW-04: a client that repeats its request makes nothing twice
    first = send(site, with_file(), "image/png", picture("PNG"))
    again = send(site, with_file(), "image/png", picture("PNG"))
    other = send(site, with_file(), "image/png", picture("PNG", "L"))
    assert stored(first) == stored(again) != stored(other)
    assert len(datasets(site)) == 2
    assert len({one.SeriesInstanceUID for one in datasets(site)}) == 1


DOCUMENTS = [
    ("application/pdf", b"%PDF-1.4 x", "1.2.840.10008.5.1.4.1.1.104.1", "DOC", "application/pdf"),
    ("text/xml", b"<ClinicalDocument/>", "1.2.840.10008.5.1.4.1.1.104.2", "DOC", "text/XML"),
    ("model/stl", b"solid x", "1.2.840.10008.5.1.4.1.1.104.3", "M3D", "model/stl"),
    ("application/sla", b"solid xy", "1.2.840.10008.5.1.4.1.1.104.3", "M3D", "model/stl"),
    ("model/obj", b"v 0 0 0", "1.2.840.10008.5.1.4.1.1.104.4", "M3D", "model/obj"),
    ("model/mtl", b"newmtl a", "1.2.840.10008.5.1.4.1.1.104.5", "M3D", "model/mtl"),
]


@pytest.mark.parametrize(("kind", "content", "sop_class", "modality", "said"), DOCUMENTS)
@pytest.mark.parametrize("tag", ["00420011", ""])
def test_documents_and_models_are_encapsulated(site, kind, content, sop_class, modality, said, tag):
    # STOW-04
    answer = send(site, with_file(tag) if tag else WHO, kind, content)
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert (kept.SOPClassUID, kept.Modality) == (sop_class, modality)
    assert kept.MIMETypeOfEncapsulatedDocument == said
    assert kept.EncapsulatedDocumentLength == len(content)
    assert kept.EncapsulatedDocument[: len(content)] == content
    assert kept.BurnedInAnnotation == "YES"
    assert "DocumentTitle" in kept


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (mp4(), "1.2.840.10008.1.2.4.102"),
        (mp4(moov_first=False), "1.2.840.10008.1.2.4.102"),
        (mp4(level=42), "1.2.840.10008.1.2.4.104"),
        (mp4(b"hvc1", 1), "1.2.840.10008.1.2.4.107"),
        (mp4(b"hev1", 2), "1.2.840.10008.1.2.4.108"),
    ],
    ids=itertools.count(),
)
def test_an_mp4_file_is_one_fragment_and_tells_what_it_is(site, content, syntax):
    # STOW-04
    answer = send(site, with_file(), "video/mp4", content)
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert (kept.SOPClassUID, kept.Modality) == (VIDEO, "XC")
    assert kept.file_meta.TransferSyntaxUID == syntax
    assert (kept.Rows, kept.Columns, kept.NumberOfFrames) == (240, 320, 50)
    assert (kept.FrameTime, kept.FrameIncrementPointer) == (40, 0x00181063)
    assert kept.PhotometricInterpretation == "YBR_PARTIAL_420"
    assert kept.PixelData[8:16] == b"\xfe\xff\x00\xe0" + struct.pack(
        "<I", len(content) + len(content) % 2
    )
    assert content in kept.PixelData


@pytest.mark.parametrize("cut", [0, 7, 30, 200, 400])
def test_an_mp4_file_that_is_cut_short_fails_with_words(site, cut):
    # STOW-02
    answer = send(site, with_file(), "video/mp4", mp4()[:cut])
    assert (answer.status_code, failures(answer)[0][0]) == (409, 0xC000)


def test_mpeg_needs_its_transfer_syntax_and_its_size(site):
    # STOW-02
    content = b"\0\0\1\xb3" + bytes(100)
    assert failures(send(site, with_file(), "video/mpeg", content))[0][0] == 0xC122
    kind = "video/mpeg; transfer-syntax=1.2.840.10008.1.2.4.100"
    assert failures(send(site, with_file(), kind, content))[0][0] == 0xC000
    told = {
        "T00280010": {"vr": "US", "Value": [480]},
        "T00280011": {"vr": "US", "Value": [640]},
        "T00280008": {"vr": "IS", "Value": [25]},
    }
    assert send(site, with_file(**told), kind, content).status_code == 200


def explosion() -> bytes:
    """A PNG that says it has four thousand million pixels."""
    made = bytearray(picture("PNG"))
    made[16:24] = struct.pack(">II", 0xFFFF, 0xFFFF)
    return bytes(made)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image/png", explosion()),
        ("image/png", picture("PNG")[:-40]),
        ("image/png", picture("JPEG")),
        ("image/jpeg", picture("JPEG")[:30]),
        ("image/jpeg", picture("PNG")),
        ("image/jpeg", picture("JPEG", progressive=True)[:300]),
        ("image/jpeg", b""),
    ],
    ids=itertools.count(),
)
def test_pictures_that_are_none_fail_with_words(site, kind, content):
    # STOW-02
    answer = send(site, with_file(), kind, content)
    assert answer.status_code == 409
    assert failures(answer)[0][0] == 0xC000
    assert datasets(site) == []


def test_a_picture_may_not_contradict_its_metadata(site):
    # STOW-02
    asked = with_file(T00280011={"vr": "US", "Value": [25]})
    answer = send(site, asked, "image/png", picture("PNG"))
    assert failures(answer) == [(0xC000, "Columns is 25, in the picture 24")]


def test_what_the_picture_says_otherwise_is_stored_with_a_warning(site):
    # STOW-01, STOW-02: Warning Reason, and the attributes as they were sent
    asked = with_file(
        T00280100={"vr": "US", "Value": [16]}, T00280004={"vr": "CS", "Value": ["RGB"]}
    )
    answer = send(site, asked, "image/png", picture("PNG", "L"))
    assert (answer.status_code, len(stored(answer))) == (202, 1)
    (item,) = answer.json()["00081199"]["Value"]
    assert item["00081196"]["Value"] == [0xB000]
    (original,) = item["04000561"]["Value"]
    (sent,) = original["04000550"]["Value"]
    assert sent == {tag: asked[tag] for tag in ("00280004", "00280100")}
    assert original["04000565"]["Value"] == ["COERCE"]
    (kept,) = datasets(site)
    assert (kept.BitsAllocated, kept.PhotometricInterpretation) == (8, "MONOCHROME2")


def test_a_picture_without_metadata_is_told_what_it_needs(site):
    # STOW-04
    answer = stow(site, ({"Content-Type": "image/png"}, picture("PNG")), path="/studies/1.2.3")
    assert answer.status_code == 409
    assert failures(answer) == [(0xC000, "image/png needs metadata before it")]


def test_files_of_one_message_are_stored_each_by_itself(site):
    # STOW-01, STOW-04
    one = with_file() | {"00100020": {"vr": "LO", "Value": ["P1"]}}
    two = WHO | {"00420011": {"vr": "OB", "BulkDataURI": "paper"}}
    answer = stow(
        site,
        metadata(one, two),
        bulk("paper", b"%PDF-1.4", "application/pdf"),
        bulk("file", b"no picture", "image/png"),
        kind=JSON,
        path="/studies/1.2.3",
    )
    assert (answer.status_code, len(stored(answer)), len(failures(answer))) == (202, 1, 1)
