"""PS3.18 8.7 Media Types: what is acceptable, and what is chosen of it."""

import io

import pytest
from pydicom import dcmread
from tests.conformance.data import EXPLICIT, IMPLICIT
from tests.conformance.target import (
    AS_STORED,
    DICOM,
    JSON,
    OCTETS,
    XML,
    media_type_of,
    parameters,
    parts_of,
)

SECTION = "8.7 Media types and Accept"

# Accept headers as clients send them (WEB-03): OHIF and dicomweb-client (npm), dicomweb-client (Python),
# 3D Slicer, Weasis, dcm4che, curl, and browsers.
INSTANCES = [
    'multipart/related; type="application/dicom"',
    "multipart/related; type=application/dicom",
    "multipart/related;type=application/dicom;transfer-syntax=*",
    'multipart/related; type="application/dicom"; transfer-syntax="*"',
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1',
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1, */*;q=0.5',
    "multipart/related",
    "*/*",
    None,
]
METADATA = [
    "application/dicom+json",
    "application/json",
    "application/dicom+json, application/json",
    "application/dicom+json;q=0.9,*/*;q=0.1",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "*/*",
    None,
]
FRAMES = [
    "multipart/related; type=application/octet-stream; transfer-syntax=*",
    'multipart/related; type="application/octet-stream"',
    'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1',
    'multipart/related; type="image/jls"; q=1, multipart/related; type="application/octet-stream"; q=0.5',
    "multipart/related; type=image/jphc, multipart/related; type=application/octet-stream;q=0.9",
    "*/*",
    None,
]


@pytest.mark.parametrize("accept", INSTANCES)
def test_no_client_is_refused_an_instance(target, ct, accept):
    # WEB-03
    answer = target.expect(target.get(ct[0].path, accept), 200)
    assert media_type_of(answer) in ("multipart/related", "application/dicom")


@pytest.mark.parametrize("accept", METADATA)
def test_no_client_is_refused_metadata_or_a_search(target, ct, accept):
    # WEB-03, WEB-06
    for path in (ct[0].path + "/metadata", f"/studies?StudyInstanceUID={ct[0].study}"):
        answer = target.expect(target.get(path, accept), 200)
        assert media_type_of(answer) in (JSON, "application/json")
        assert isinstance(answer.json(), list)


@pytest.mark.parametrize("accept", FRAMES)
def test_no_client_is_refused_a_frame(target, ct, accept):
    # WEB-03
    answer = target.expect(target.get(ct[0].path + "/frames/1", accept), 200)
    if media_type_of(answer) == "multipart/related":
        (part,) = parts_of(answer)
        assert part.body == ct[0].dataset.PixelData or part.media_type != "application/octet-stream"


def test_the_best_of_the_acceptable_types_is_chosen(target, ct):
    # 8.7.5, RFC 9110 12.5.1
    path = ct[0].path + "/metadata"
    answer = target.expect(target.get(path, f"{JSON};q=0.2, {XML};q=0.8"), 200)
    assert parts_of(answer)[0].media_type == "application/dicom+xml"
    answer = target.expect(target.get(path, f"{XML};q=0.2, {JSON};q=0.8"), 200)
    assert media_type_of(answer) == JSON


def test_what_is_not_acceptable_is_406(target, ct):
    # WEB-03
    for path in (ct[0].path + "/metadata", f"/studies?StudyInstanceUID={ct[0].study}", ct[0].path):
        assert target.get(path, "video/ogg").status_code == 406, path
    assert target.get(ct[0].path + "/metadata", f"{JSON};q=0").status_code == 406


def test_xml_is_offered_beside_json(target, ct):
    # WEB-06
    for path in (ct[0].path + "/metadata", f"/studies?StudyInstanceUID={ct[0].study}"):
        answer = target.expect(target.get(path, XML), 200)
        for part in parts_of(answer):
            assert part.media_type == "application/dicom+xml"
            assert b"<NativeDicomModel" in part.body


def test_an_implicit_vr_instance_goes_out_explicit(target, implicit):
    # WEB-01, WEB-02
    for accept in (DICOM, "*/*"):
        answer = target.expect(target.get(implicit.path, accept), 200)
        if media_type_of(answer) == "multipart/related":
            (part,) = parts_of(answer)
            content, told = part.body, part.transfer_syntax
        else:
            content = answer.content
            told = parameters(answer.headers["content-type"]).get("transfer-syntax", "")
        dataset = dcmread(io.BytesIO(content))
        assert dataset.file_meta.TransferSyntaxUID == EXPLICIT
        assert told in ("", EXPLICIT)
        assert dataset.PixelData == implicit.dataset.PixelData
        assert dataset.PatientName == implicit.dataset.PatientName


def test_the_transfer_syntax_that_is_told_is_the_one_that_comes(target, ct, jpeg, rle):
    # WEB-02, WEB-04
    for instance in (ct[0], jpeg, rle):
        answer = target.expect(target.get(instance.path, AS_STORED), 200)
        (part,) = parts_of(answer)
        real = dcmread(io.BytesIO(part.body)).file_meta.TransferSyntaxUID
        assert part.transfer_syntax in ("", real)
        assert real == instance.dataset.file_meta.TransferSyntaxUID
        assert real != IMPLICIT


def test_a_compressed_instance_is_given_native_to_who_asks_for_that(target, rle):
    # 8.7.3.3: the transfer-syntax parameter
    accept = f"{DICOM}; transfer-syntax={EXPLICIT}"
    (part,) = parts_of(target.expect(target.get(rle.path, accept), 200))
    dataset = dcmread(io.BytesIO(part.body))
    assert dataset.file_meta.TransferSyntaxUID == EXPLICIT
    assert dataset.PixelData == rle.dataset.pixel_array.tobytes()


def test_the_type_of_a_message_is_that_of_its_parts(target, ct):
    # WEB-04, RFC 2387 3.1: a media type without parameters
    for path, accept in ((ct[0].path, DICOM), (ct[0].path + "/frames/1", OCTETS)):
        answer = target.expect(target.get(path, accept), 200)
        (part,) = parts_of(answer)
        assert parameters(answer.headers["content-type"])["type"] == part.media_type
