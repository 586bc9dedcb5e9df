"""Metadata and bulk data through STOW-RS (PS3.18 10.5.2, 8.7.3)."""

import io
import itertools
import json
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from tests.dicom.samples import make_file
from tests.dicomweb.storing import (
    JSON,
    XML,
    bulk,
    contents,
    datasets,
    failures,
    message,
    metadata,
    mp4,
    post,
    stored,
    stow,
    value,
)

from hounsfield.archive.access import LOCAL
from hounsfield.dicom import xml_model
from hounsfield.dicom.json_model import write_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.dicomweb.stow import described
from hounsfield.dicomweb.stow.intake import Intake, form_of
from hounsfield.pixels.codecs.photographs import photograph

EXPLICIT = "1.2.840.10008.1.2.1"
PIXELS = b"\1\0\2\0\3\0\4\0"
PARAMETERS = '; transfer-syntax="{}"'


def described_file(content: bytes, prefix: str = "bulk/") -> dict:
    return json.loads(
        write_dataset(content, read_header(content), bulk_data_uri=lambda path: prefix + path)
    )


def bundled(name: str):
    raw = Path(get_testdata_file(name, download=False)).read_bytes()
    return raw, dcmread(io.BytesIO(raw))


def frames_of(dataset) -> list[bytes]:
    return list(
        generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames", 1)))
    )


@pytest.mark.parametrize("kind", [JSON, XML])
def test_metadata_and_bulk_data_make_the_instance_they_came_from(site, kind):
    # STOW-04
    file = make_file(
        PatientName="Doe^Jane=山田", SpecificCharacterSet="ISO_IR 192", SliceThickness="1.250"
    )
    document = write_dataset(file, read_header(file), bulk_data_uri=lambda path: "bulk/" + path)
    if kind == XML:
        document = xml_model.from_json(document)
    answer = stow(
        site, ({"Content-Type": kind}, document), bulk("bulk/7FE00010", PIXELS), kind=kind
    )
    assert (answer.status_code, stored(answer)) == (200, ["1.2.3.4"])
    (kept,) = datasets(site)
    assert kept == dcmread(io.BytesIO(file))
    assert kept.file_meta.TransferSyntaxUID == EXPLICIT
    assert kept.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert b"1.250 " in contents(site)[0]


@pytest.mark.parametrize("kind", [JSON, XML])
def test_metadata_that_needs_no_bulk_data_may_be_the_whole_body(site, kind):
    # STOW-04
    found = described_file(make_file(pixels=b""))
    document = xml_model.write(found) if kind == XML else json.dumps(found).encode()
    assert post(site, document, kind).status_code == 200
    assert datasets(site)[0].PatientID == "P1"


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
def test_the_first_part_is_what_the_message_says_it_is(site, headers):
    # STOW-04, RFC 2387 3.1
    document = json.dumps(described_file(make_file())).encode()
    answer = stow(site, (headers, document), bulk("bulk/7FE00010", PIXELS), kind=JSON)
    assert answer.status_code == 200, answer.text


def test_parts_come_in_any_order_and_instances_may_share_one(site):
    # STOW-04
    one = described_file(make_file())
    two = described_file(make_file(SOPInstanceUID="1.2.3.5"), "http://x/two%20/")
    three = described_file(make_file(SOPInstanceUID="1.2.3.6"))
    answer = stow(
        site,
        bulk("./bulk/7FE00010", PIXELS),
        metadata(one, two, three),
        bulk("http://x/two /7FE00010", PIXELS[::-1]),
        kind=JSON,
    )
    assert (answer.status_code, len(stored(answer))) == (200, 3)
    assert {one.SOPInstanceUID: one.PixelData for one in datasets(site)} == {
        "1.2.3.4": PIXELS,
        "1.2.3.5": PIXELS[::-1],
        "1.2.3.6": PIXELS,
    }


def test_bulk_data_of_any_vr_on_any_level_is_found_by_location_or_content_id(site):
    # STOW-04
    item = {
        "00091010": {"vr": "OB", "BulkDataURI": "cid:deep@x"},
        "00090010": {"vr": "LO", "Value": ["ACME"]},
    }
    found = described_file(make_file()) | {
        "00081140": {"vr": "SQ", "Value": [{}, item]},
        "00104000": {"vr": "LT", "BulkDataURI": "text"},
    }
    answer = stow(
        site,
        metadata(found),
        ({"Content-Type": "text/plain", "Content-ID": "<deep@x>"}, b"abc"),
        bulk("text", b"words", "text/plain"),
        bulk("bulk/7FE00010", PIXELS),
        kind=JSON,
    )
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert kept.ReferencedImageSequence[1][0x00091010].value == b"abc\0"
    assert kept.PatientComments == "words"


def test_files_and_metadata_may_come_in_one_message(site):
    # STOW-04
    other = make_file(SOPInstanceUID="1.2.3.5")
    found = described_file(make_file())
    answer = stow(site, metadata(found), other, bulk("bulk/7FE00010", PIXELS), kind=JSON)
    assert sorted(stored(answer)) == ["1.2.3.4", "1.2.3.5"]
    assert other in contents(site)


def test_an_instance_is_stored_as_soon_as_its_bulk_data_is_here(site):
    # STOW-05: and nothing is kept of it then
    body = message(
        metadata(
            described_file(make_file()), described_file(make_file(SOPInstanceUID="1.2.3.5"), "b/")
        ),
        bulk("bulk/7FE00010", PIXELS),
        bulk("b/7FE00010", PIXELS),
    )
    intake = Intake(
        site.store,
        LOCAL,
        None,
        form_of(f'multipart/related; type="{JSON}"; boundary=b'),
        photograph,
    )
    cut = body.rindex(b"--b\r\n") + 5
    for at in range(0, cut, 100):
        intake.feed(body[at : min(at + 100, cut)])
    assert [one.identity.sop_instance_uid for one in intake.results.stored] == ["1.2.3.4"]
    intake.feed(body[cut:])
    assert intake.finish().status == 200
    assert intake._described.bulk_data._spool is None
    intake.discard()


COMPRESSED = [
    ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg"),
    ("JPGExtended.dcm", "image/jpeg"),
    ("MR_small_jpeg_ls_lossless.dcm", "image/jls"),
    ("JPEG2000.dcm", "image/jp2"),
    ("MR_small_jp2klossless.dcm", "image/jp2"),
    ("MR_small_RLE.dcm", "image/dicom-rle"),
    ("SC_rgb_rle_2frame.dcm", "image/dicom-rle"),
]


@pytest.mark.parametrize(("name", "media_type"), COMPRESSED)
@pytest.mark.parametrize("says_syntax", ["part", "metadata", "nobody"])
def test_compressed_pixel_data_is_stored_in_its_transfer_syntax(
    site, name, media_type, says_syntax
):
    # STOW-04, WEB-05
    raw, dataset = bundled(name)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    found = described_file(raw, "")
    if says_syntax == "metadata":
        found["00083002"] = {"vr": "UI", "Value": [syntax]}
    kind = media_type + (PARAMETERS.format(syntax) if says_syntax == "part" else "")
    frames = frames_of(dataset)
    answer = stow(site, metadata(found), *(bulk("7FE00010", f, kind) for f in frames), kind=JSON)
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert frames_of(kept) == [frame + b"\0" * (len(frame) % 2) for frame in frames]
    assert kept.Rows == dataset.Rows
    assert "AvailableTransferSyntaxUID" not in kept
    assert kept.file_meta.TransferSyntaxUID == syntax


def first_order(pixels):
    return imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1)


@pytest.mark.parametrize(
    ("media_type", "encode", "syntax"),
    [
        ("image/jphc", imagecodecs.htj2k_encode, "1.2.840.10008.1.2.4.201"),
        ("image/jpeg", imagecodecs.ljpeg_encode, "1.2.840.10008.1.2.4.57"),
        ("image/jpeg", first_order, "1.2.840.10008.1.2.4.70"),
        ("image/jls", lambda a: imagecodecs.jpegls_encode(a, level=2), "1.2.840.10008.1.2.4.81"),
    ],
    ids=itertools.count(),
)
def test_the_transfer_syntax_is_told_by_the_codestream(site, media_type, encode, syntax):
    # STOW-04, WEB-05
    frame = encode(np.arange(1024, dtype=np.uint16).reshape(32, 32))
    found = described_file(make_file(Rows=32, Columns=32), "")
    answer = stow(site, metadata(found), bulk("7FE00010", frame, media_type), kind=JSON)
    assert answer.status_code == 200, answer.text
    assert datasets(site)[0].file_meta.TransferSyntaxUID == syntax


def test_frames_may_have_a_location_each(site):
    # STOW-04
    raw, dataset = bundled("SC_rgb_rle_2frame.dcm")
    one, two = frames_of(dataset)
    answer = stow(
        site,
        metadata(described_file(raw, "")),
        bulk("7FE00010/frames/2", two, "image/dicom-rle"),
        bulk("7FE00010/frames/1", one, "image/dicom-rle"),
        kind=JSON,
    )
    assert answer.status_code == 200, answer.text
    assert frames_of(datasets(site)[0]) == [one, two]


def test_frames_that_did_not_come_make_it_fail(site):
    # STOW-02, STOW-04
    raw, dataset = bundled("SC_rgb_rle_2frame.dcm")
    answer = stow(
        site,
        metadata(described_file(raw, "")),
        bulk("7FE00010", frames_of(dataset)[0], "image/dicom-rle"),
        kind=JSON,
    )
    assert (answer.status_code, failures(answer)) == (409, [(0xC000, "1 of 2 frames came")])
    assert value(answer.json()["00081198"]["Value"][0], "00081155") == dataset.SOPInstanceUID


def test_pixel_data_may_come_as_it_lies_in_a_file(site):
    # STOW-04: with its items, as some clients read it
    raw, dataset = bundled("SC_rgb_rle_2frame.dcm")
    kind = "application/octet-stream" + PARAMETERS.format(dataset.file_meta.TransferSyntaxUID)
    for content in (dataset.PixelData, dataset.PixelData + b"\xfe\xff\xdd\xe0\0\0\0\0"):
        assert (
            stow(
                site, metadata(described_file(raw, "")), bulk("7FE00010", content, kind), kind=JSON
            ).status_code
            == 200
        )
    assert frames_of(datasets(site)[0]) == frames_of(dataset)


@pytest.mark.parametrize("kind", ["image/jls", "application/octet-stream"])
def test_a_compressed_icon_is_encapsulated_as_the_image_is(site, kind):
    # STOW-04
    raw, dataset = bundled("MR_small_jpeg_ls_lossless.dcm")
    (frame,) = frames_of(dataset)
    found = described_file(raw, "")
    icon = {"7FE00010": {"vr": "OB", "BulkDataURI": "icon"}}
    found["00880200"] = {"vr": "SQ", "Value": [icon]}
    items = b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0" + len(frame).to_bytes(4, "little") + frame
    content = frame if kind == "image/jls" else items
    answer = stow(
        site,
        metadata(found),
        bulk("icon", content, kind),
        bulk("7FE00010", frame, "image/jls"),
        kind=JSON,
    )
    assert answer.status_code == 200, answer.text
    (kept,) = datasets(site)
    assert kept.IconImageSequence[0].PixelData[8:].startswith(items[8:])
    assert frames_of(kept) == [frame]


def test_a_compressed_icon_in_an_uncompressed_image_is_refused(site):
    # STOW-02
    found = described_file(make_file(), "")
    found["00880200"] = {"vr": "SQ", "Value": [{"7FE00010": {"vr": "OB", "BulkDataURI": "icon"}}]}
    answer = stow(
        site,
        metadata(found),
        bulk("icon", b"\xff\xd8", "image/jpeg"),
        bulk("7FE00010", PIXELS),
        kind=JSON,
    )
    assert failures(answer)[0][0] == 0xC122


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.90", b"\xff\xd8", 0xC122),
        ("image/jpeg; transfer-syntax=1.2.3", b"\xff\xd8", 0xC122),
        ("image/jpeg; transfer-syntax=1.2.840.10008.1.2.2", b"\xff\xd8", 0xC122),
        ("image/jpeg", b"no jpeg", 0xC000),
        ("image/jls", b"", 0xC000),
        ("image/jp2", b"x" * 99, 0xC000),
        ("image/webp", b"x", 0xC122),
        ("image/png", b"x", 0xC000),
        ("video/mp4", b"x", 0xC000),
        ("video/ogg", b"x", 0xC122),
        ("text/plain", b"x", 0xC122),
        ("application/octet-stream", b"\1\0", 0xC000),
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5", b"\xfe\xff\0\xe0\xff\xff", 0xC000),
    ],
)  # fmt: skip
def test_pixel_data_that_cannot_be_taken_is_told(site, kind, content, reason):
    # STOW-02
    answer = stow(
        site, metadata(described_file(make_file(), "")), bulk("7FE00010", content, kind), kind=JSON
    )
    assert answer.status_code == 409, answer.text
    ((found, text),) = failures(answer)
    assert found == reason, text
    assert text
    assert value(answer.json()["00081198"]["Value"][0], "00081155") == "1.2.3.4"
    assert contents(site) == []


def test_a_picture_of_another_size_than_the_metadata_says_fails(site):
    # STOW-02
    raw, dataset = bundled("MR_small_jpeg_ls_lossless.dcm")
    found = described_file(raw, "") | {"00280010": {"vr": "US", "Value": [63]}}
    answer = stow(
        site, metadata(found), bulk("7FE00010", frames_of(dataset)[0], "image/jls"), kind=JSON
    )
    assert failures(answer) == [(0xC000, "Rows is 63, in the picture 64")]


def test_metadata_without_its_bulk_data_and_bulk_data_without_metadata_fail(site):
    # STOW-02, STOW-04
    answer = stow(site, metadata(described_file(make_file())), bulk("elsewhere", b"x"), kind=JSON)
    assert answer.status_code == 409
    found = answer.json()
    (named,) = found["00081198"]["Value"]
    assert "bulk/7FE00010" in value(named, "00000902")
    (nameless,) = found["0008119A"]["Value"]
    assert "elsewhere" in value(nameless, "00000902")
    assert contents(site) == []


def test_a_study_that_the_metadata_does_not_name_is_that_of_the_resource(site):
    # STOW-03
    found = described_file(make_file(pixels=b""))
    del found["0020000D"]
    assert stow(site, metadata(found), path="/studies/7.7", kind=JSON).status_code == 200
    assert datasets(site)[0].StudyInstanceUID == "7.7"
    assert stow(site, metadata(found), kind=JSON).status_code == 409
    other = stow(
        site, metadata(described_file(make_file(pixels=b""))), path="/studies/7.7", kind=JSON
    )
    assert (other.status_code, failures(other)[0][0]) == (409, 0xA900)


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (JSON, b""), (JSON, b"{"), (JSON, b"[]"), (JSON, b"[[[["), (JSON, b'{"00100010": 7}'), (JSON, b"[" * 99_999),
        (XML, b""), (XML, b"<a/>"), (XML, b"<NativeDicomModel>"),
        (XML, b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel/>'),
    ],
)  # fmt: skip
def test_metadata_that_cannot_be_read_is_400(site, kind, document):
    # STOW-01, WEB-09
    for answer in (
        stow(site, ({"Content-Type": kind}, document), bulk("x", b"x"), kind=kind),
        post(site, document, kind),
    ):
        assert answer.status_code == 400
        assert failures(answer)[0][1]


@pytest.mark.parametrize(
    "change",
    [
        {"00080016": {"vr": "UI"}}, {"00080018": {"vr": "UI"}}, {"0020000D": {"vr": "UI"}},
        {"00080018": {"vr": "UI", "Value": ["1" * 70_000]}}, {"00080018": {"vr": "UI", "Value": ["../x"]}},
        {"00280010": {"vr": "US", "Value": ["many"]}}, {"00091001": {"vr": "OB", "Value": ["x"]}},
        {"00280008": {"vr": "IS", "Value": ["9" * 5000]}},
    ],
)  # fmt: skip
def test_metadata_that_makes_no_instance_fails_with_words(site, change):
    # STOW-02
    found = described_file(make_file(pixels=b"")) | change
    answer = stow(site, metadata(found), kind=JSON)
    assert answer.status_code in {200, 409}
    if answer.status_code == 409:
        assert failures(answer)[0][1]
        assert contents(site) == []


def test_metadata_beyond_the_limit_is_413(site, monkeypatch):
    # WEB-09
    monkeypatch.setattr("hounsfield.dicomweb.stow.intake.MAX_METADATA_BYTES", 100)
    assert stow(site, metadata(described_file(make_file())), kind=JSON).status_code == 413
    monkeypatch.undo()
    monkeypatch.setattr(described, "MAX_METADATA_BYTES", 100)
    found = metadata(described_file(make_file()))
    assert stow(site, found, found, kind=JSON).status_code == 409


def test_a_message_that_breaks_off_names_what_waited(site):
    # STOW-02, STOW-05, WEB-09
    found = [described_file(make_file(SOPInstanceUID=f"1.2.3.{n}"), f"{n}/") for n in (4, 5)]
    body = message(metadata(*found), bulk("4/7FE00010", PIXELS), bulk("5/7FE00010", PIXELS))
    answer = post(site, body[:-12], f'multipart/related; type="{JSON}"; boundary=b')
    assert (answer.status_code, stored(answer)) == (400, ["1.2.3.4"])
    (named,) = answer.json()["00081198"]["Value"]
    assert value(named, "00081155") == "1.2.3.5"
    assert len(contents(site)) == 1


def test_a_full_disk_is_507_for_bulk_data_too(site):
    # STOW-01
    site.store.storage._max_bytes = 4
    answer = stow(
        site, metadata(described_file(make_file())), bulk("bulk/7FE00010", PIXELS), kind=JSON
    )
    assert (answer.status_code, failures(answer)[0][0]) == (507, 0xA700)


def test_many_instances_and_many_frames_take_no_longer_each(site):
    # STOW-05
    found = [described_file(make_file(SOPInstanceUID=f"1.2.4.{n}"), f"{n}/") for n in range(150)]
    answer = stow(
        site,
        metadata(*found),
        *(bulk(f"{n}/7FE00010", PIXELS) for n in reversed(range(150))),
        kind=JSON,
    )
    assert (answer.status_code, len(stored(answer))) == (200, 150)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_messages_with_metadata_are_answered(site, data):
    # WEB-09
    body = bytearray(message(metadata(described_file(make_file())), bulk("bulk/7FE00010", PIXELS)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = post(site, bytes(body), f'multipart/related; type="{JSON}"; boundary=b')
    assert answer.status_code in {200, 202, 400, 409}, answer.text


@pytest.mark.parametrize(
    ("media_type", "encode"),
    [
        ("image/jpeg", first_order),
        ("image/jpeg", lambda a: imagecodecs.jpeg8_encode(a.astype(np.uint8))),
        ("image/jls", imagecodecs.jpegls_encode),
        ("image/jp2", lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k")),
        ("image/jphc", imagecodecs.htj2k_encode),
        ("video/mp4", lambda _: mp4()),
    ],
    ids=itertools.count(),
)
def test_damaged_pixel_data_is_stored_as_it_is_or_fails_with_words(site, media_type, encode):
    # WEB-09: compressed frames are not decoded on the way in, but what is read of them is read with care
    whole = encode(np.arange(1024, dtype=np.uint16).reshape(32, 32))
    generator = np.random.default_rng(4711)
    found = [
        described_file(make_file(Rows=32, Columns=32, SOPInstanceUID=f"1.2.7.{n}"), f"{n}/")
        for n in range(80)
    ]
    parts = []
    for number in range(len(found)):
        damaged = bytearray(whole[: generator.integers(1, len(whole) + 1)])
        for _ in range(4):
            damaged[generator.integers(0, len(damaged))] = generator.integers(0, 256)
        parts.append(bulk(f"{number}/7FE00010", bytes(damaged), media_type))
    answer = stow(site, metadata(*found), *parts, kind=JSON)
    assert answer.status_code in {200, 202, 409}, answer.text
    assert len(stored(answer)) + len(failures(answer)) == len(found)
    assert all(text and reason != 0x0110 for reason, text in failures(answer))
