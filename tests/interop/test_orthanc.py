"""Orthanc as the peer: it sends to us and receives from us by C-STORE."""

import io
import subprocess

import pytest
from pydicom import dcmread
from tests.corpus import rounds
from tests.interop import dimse_client
from tests.interop.web import Dicomweb
from tests.live import hounsfield

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def images(corpus_files):
    files = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    native = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    return [f for f in files if f.sop_class_uid == CT and f.transfer_syntax_uid in native][:20]


def test_orthanc_receives_what_hounsfield_sends(orthanc, images, tmp_path, wire):
    peer = f"{orthanc.ae_title}@{orthanc.host}:{orthanc.dicom_port}"
    data = wire.certificates.put_into(tmp_path / "ours")
    command = hounsfield("send", "--data", data, *wire.flag, *(f.path for f in images), peer)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert orthanc.number_of_instances() == len(images)


# QR-01
def test_orthanc_finds_our_studies_and_their_series(orthanc, images, start, wire):
    server = start(wire=wire)
    dimse_client.send(server, [file.path for file in images])
    orthanc.meets(server)
    for level, query, tag in (
        ("Study", {"StudyInstanceUID": ""}, "StudyInstanceUID"),
        ("Patient", {"PatientID": ""}, "PatientID"),
    ):
        asked = orthanc.ask("/modalities/us/query", {"Level": level, "Query": query})
        answers = orthanc.ask(f"{asked['Path']}/answers?expand&simplify")
        wanted = {str(dcmread(file.path, stop_before_pixels=True)[tag].value) for file in images}
        assert {answer[tag] for answer in answers} == wanted


def test_hounsfield_receives_what_orthanc_sends(orthanc, images, start, wire):
    server = start(wire=wire)
    for file in images:
        orthanc.ask("/instances", file.read())
    orthanc.meets(server)
    studies = orthanc.ask("/studies")
    orthanc.ask("/modalities/us/store", studies)
    with Dicomweb(server.dicomweb) as web:
        for file in images:
            ours = web.instance(file.resource)
            # Orthanc sends with DCMTK, which encodes lengths anew: the values are the measure
            sent, came = dcmread(file.path), dcmread(io.BytesIO(ours))
            assert came.get("PixelData") == sent.get("PixelData"), str(file)
            assert came.PatientName == sent.PatientName


# QR-08
def test_orthanc_has_our_studies_moved_to_itself(orthanc, images, start, wire):
    server = start(wire=wire)
    dimse_client.send(server, [file.path for file in images])
    orthanc.meets(server)
    wire.introduce(server, "orthanc", orthanc.ae_title, orthanc.dicom_port)
    found = orthanc.ask("/modalities/us/query", {"Level": "Study", "Query": {}})
    orthanc.ask(f"{found['Path']}/retrieve", {"TargetAet": orthanc.ae_title})
    assert orthanc.number_of_instances() == len(images)
