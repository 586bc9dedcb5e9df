"""PS3.18 10.5 Store Transaction (STOW-RS) and Annex I Store Instances Response Module."""

import gzip
import io
import json
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from pydicom import dcmread
from tests.conformance import data
from tests.conformance.target import (
    AS_STORED,
    BOUNDARY,
    DICOM,
    JSON,
    body_of,
    media_type_of,
    parts_of,
    value,
    values,
)

SECTION = "10.5 Store (STOW-RS)"


def referenced(answer):
    return [value(item, "00081155") for item in values(answer.json(), "00081199")]


def failed(answer):
    """FailureReasons of FailedSOPSequence and OtherFailuresSequence."""
    items = values(answer.json(), "00081198") + values(answer.json(), "0008119A")
    return [value(item, "00081197") for item in items]


def is_stored(target, instance):
    return target.get(instance.path + "/metadata", JSON).status_code == 200


def test_all_stored_is_200_and_names_each_instance(target):
    # STOW-01, STOW-02, STOW-04
    first = data.image()
    second = data.image(first.study, first.series)
    answer = target.expect(target.store([first.content, second.content]), 200)
    assert media_type_of(answer) == JSON
    assert sorted(referenced(answer)) == sorted([first.sop, second.sop])
    told = answer.json()
    assert value(told, "00081190") == target.base + first.study_path
    for item in values(told, "00081199"):
        assert value(item, "00081150") == data.instances.CT_IMAGE
        assert value(item, "00081190").startswith(target.base + first.series_path)
    # "only when there are failures"
    assert "00081198" not in told
    assert "0008119A" not in told
    assert is_stored(target, first)
    assert is_stored(target, second)


def test_an_instance_may_be_stored_into_its_study(target):
    # 10.5.1.1
    one = data.image()
    answer = target.expect(target.store([one.content], one.study_path), 200)
    assert referenced(answer) == [one.sop]


def test_an_instance_of_another_study_is_not_stored_there(target):
    # STOW-03
    one, other = data.image(), data.image()
    answer = target.store([other.content], one.study_path)
    assert answer.status_code == 409
    assert failed(answer)
    assert not is_stored(target, other)
    both = target.store([one.content, other.content], one.study_path)
    assert both.status_code == 202
    assert referenced(both) == [one.sop]
    assert len(failed(both)) == 1


def test_some_stored_is_202_and_none_is_409(target):
    # STOW-01
    good = data.image()
    some = target.store([good.content, b"no DICOM at all " * 30])
    assert some.status_code == 202
    assert referenced(some) == [good.sop]
    assert len(failed(some)) == 1
    none = target.store([b"no DICOM at all " * 30])
    assert none.status_code in (400, 409)


def test_an_instance_that_cannot_be_stored_is_named_with_its_reason(target):
    # STOW-02: FailedSOPSequence with SOP Class, SOP Instance and Failure Reason
    one, elsewhere = data.image(), data.image()
    answer = target.store([one.content], elsewhere.study_path)
    assert answer.status_code == 409
    (item,) = values(answer.json(), "00081198")
    assert value(item, "00081155") == one.sop
    assert value(item, "00081150") == data.instances.CT_IMAGE
    assert isinstance(value(item, "00081197"), int)


def test_the_same_again_is_no_failure(target):
    # STO-04
    one = data.image()
    target.expect(target.store([one.content]), 200)
    again = target.store([one.content])
    assert again.status_code in (200, 202)
    assert referenced(again) == [one.sop]


def test_one_instance_may_be_the_whole_body(target):
    # STOW-04, 8.6.1.1 single part payload
    one = data.image()
    headers = {"Content-Type": "application/dicom"}
    answer = target.request("POST", "/studies", JSON, content=one.content, headers=headers)
    assert referenced(target.expect(answer, 200)) == [one.sop]


@pytest.mark.parametrize(
    "content_type",
    [
        f"multipart/related; type=application/dicom; boundary={BOUNDARY}",
        f'multipart/related; boundary="{BOUNDARY}"; type="application/dicom"',
        f'Multipart/Related;Type="application/dicom";Boundary={BOUNDARY}',
    ],
    ids=["not quoted", "the other way round", "in capitals"],
)
def test_parameters_may_be_quoted_or_not_and_in_any_order(target, content_type):
    # WEB-03, RFC 2045 5.1
    one = data.image()
    headers = {"Content-Type": content_type}
    body = body_of([one.content])
    answer = target.request("POST", "/studies", JSON, content=body, headers=headers)
    assert referenced(target.expect(answer, 200)) == [one.sop]


def test_a_body_without_a_length_is_taken(target):
    # STOW-05: Transfer-Encoding: chunked
    one = data.image()
    body = body_of([one.content])
    pieces = (body[at : at + 700] for at in range(0, len(body), 700))
    headers = {"Content-Type": f"{DICOM}; boundary={BOUNDARY}"}
    answer = target.request("POST", "/studies", JSON, content=pieces, headers=headers)
    assert referenced(target.expect(answer, 200)) == [one.sop]


def test_a_compressed_body_is_taken(target):
    # 8.4: Content-Encoding
    one = data.image()
    headers = {"Content-Type": f"{DICOM}; boundary={BOUNDARY}", "Content-Encoding": "gzip"}
    body = gzip.compress(body_of([one.content]))
    answer = target.request("POST", "/studies", JSON, content=body, headers=headers)
    assert referenced(target.expect(answer, 200)) == [one.sop]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json", 'multipart/related; type="video/ogg"; boundary=x', ""],
)
def test_what_is_no_form_of_instances_is_415(target, content_type):
    # STOW-01
    headers = {"Content-Type": content_type}
    answer = target.request("POST", "/studies", JSON, content=b"x" * 300, headers=headers)
    assert answer.status_code in (415, 400 if content_type == "" else 415)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (DICOM, body_of([b"x"])),  # no boundary is told
        (f"{DICOM}; boundary={BOUNDARY}", b""),
        (f"{DICOM}; boundary={BOUNDARY}", b"nothing that begins with the boundary"),
        (f"{DICOM}; boundary={BOUNDARY}", f"--{BOUNDARY}--\r\n".encode()),
    ],
    ids=["no boundary told", "empty", "nothing of the boundary", "no part"],
)
def test_a_body_that_is_no_multipart_message_is_400(target, content_type, body):
    # STOW-01, WEB-09
    headers = {"Content-Type": content_type}
    assert (
        target.request("POST", "/studies", JSON, content=body, headers=headers).status_code == 400
    )


def test_a_body_that_breaks_off_is_no_success(target):
    # STOW-01, WEB-09
    one, two = data.image(), data.image()
    body = body_of([one.content, two.content])[: -len(two.content) // 2]
    headers = {"Content-Type": f"{DICOM}; boundary={BOUNDARY}"}
    answer = target.request("POST", "/studies", JSON, content=body, headers=headers)
    assert answer.status_code in (202, 400, 409)
    assert not is_stored(target, two)


def test_the_answer_is_in_xml_for_who_wants_that(target):
    # STOW-06
    one = data.image()
    answer = target.store([one.content], accept="application/dicom+xml")
    target.expect(answer, 200)
    assert media_type_of(answer) == "application/dicom+xml"
    model = ET.fromstring(answer.content)
    assert one.sop in [e.text for e in model.iter() if e.tag.endswith("Value")]


def test_bytes_are_kept_as_they_come(target):
    # STO-01, 10.5.2
    one = data.bundled("MR_small_jpeg_ls_lossless.dcm")
    target.expect(target.store([one.content]), 200)
    (part,) = parts_of(target.expect(target.get(one.path, AS_STORED), 200))
    kept = dcmread(io.BytesIO(part.body))
    assert kept.PixelData == one.dataset.PixelData
    assert kept == one.dataset


def described(instance, *, location):
    """Return DICOM JSON whose pixel data is bulk data of another part."""
    item = json.loads(instance.dataset.to_json())
    item["7FE00010"] = {"vr": "OW", "BulkDataURI": location}
    item["00083002"] = {"vr": "UI", "Value": [data.EXPLICIT]}
    return item


def described_body(items, bulk):
    made = f"--{BOUNDARY}\r\nContent-Type: {JSON}\r\n\r\n".encode() + json.dumps(items).encode()
    for location, content_type, content in bulk:
        head = f"\r\n--{BOUNDARY}\r\nContent-Type: {content_type}\r\nContent-Location: {location}"
        made += head.encode() + b"\r\n\r\n" + content
    return made + f"\r\n--{BOUNDARY}--\r\n".encode()


def send_described(target, items, bulk):
    headers = {"Content-Type": f'multipart/related; type="{JSON}"; boundary={BOUNDARY}'}
    body = described_body(items, bulk)
    return target.request("POST", "/studies", JSON, content=body, headers=headers)


def test_metadata_and_bulk_data_make_an_instance(target):
    # STOW-04, 10.5.2
    one = data.image()
    pixels = one.dataset.PixelData
    items = [described(one, location="bulk/1")]
    answer = send_described(target, items, [("bulk/1", "application/octet-stream", pixels)])
    assert referenced(target.expect(answer, 200)) == [one.sop]
    (part,) = parts_of(target.expect(target.get(one.path, AS_STORED), 200))
    kept = dcmread(io.BytesIO(part.body))
    assert kept.PixelData == pixels
    assert kept.PatientName == one.dataset.PatientName


def test_metadata_without_its_bulk_data_makes_none(target):
    # STOW-04
    one = data.image()
    answer = send_described(target, [described(one, location="bulk/none")], [])
    if not target.is_ours and answer.status_code == 415:
        target.not_offered("metadata and bulk data")
    assert answer.status_code in (400, 409)
    assert not is_stored(target, one)


def test_a_jpeg_photograph_is_stored_with_its_metadata(target):
    # STOW-04, table 10.5.2-1: image/jpeg is JPEG Baseline; rows and columns are those of the codestream
    out = io.BytesIO()
    Image.new("RGB", (24, 16), (200, 30, 30)).save(out, "JPEG")
    study, series, sop = data.fresh(), data.fresh(), data.fresh()
    item = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.77.1.4"]},
        "00080018": {"vr": "UI", "Value": [sop]},
        "0020000D": {"vr": "UI", "Value": [study]},
        "0020000E": {"vr": "UI", "Value": [series]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Photo^Paula"}]},
        "00100020": {"vr": "LO", "Value": ["PHOTO"]},
        "00080060": {"vr": "CS", "Value": ["XC"]},
        "7FE00010": {"vr": "OB", "BulkDataURI": "photo.jpg"},
    }
    answer = send_described(target, [item], [("photo.jpg", "image/jpeg", out.getvalue())])
    assert referenced(target.expect(answer, 200)) == [sop]
    path = f"/studies/{study}/series/{series}/instances/{sop}"
    (part,) = parts_of(target.expect(target.get(path, AS_STORED), 200))
    kept = dcmread(io.BytesIO(part.body))
    assert (kept.Rows, kept.Columns) == (16, 24)
    assert kept.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert out.getvalue() in kept.PixelData


def test_a_pdf_is_stored_with_its_metadata(target):
    # STOW-04, table 10.5.2-2
    study, series, sop = data.fresh(), data.fresh(), data.fresh()
    item = {
        "00080016": {"vr": "UI", "Value": [data.PDF_STORAGE]},
        "00080018": {"vr": "UI", "Value": [sop]},
        "0020000D": {"vr": "UI", "Value": [study]},
        "0020000E": {"vr": "UI", "Value": [series]},
        "00100020": {"vr": "LO", "Value": ["PAPER"]},
        "00080060": {"vr": "CS", "Value": ["DOC"]},
        "00420012": {"vr": "LO", "Value": ["application/pdf"]},
        "00420011": {"vr": "OB", "BulkDataURI": "paper.pdf"},
    }
    answer = send_described(target, [item], [("paper.pdf", "application/pdf", data.PDF)])
    assert referenced(target.expect(answer, 200)) == [sop]
    path = f"/studies/{study}/series/{series}/instances/{sop}"
    (part,) = parts_of(target.expect(target.get(path, AS_STORED), 200))
    kept = dcmread(io.BytesIO(part.body)).EncapsulatedDocument
    assert kept[: len(data.PDF)] == data.PDF
