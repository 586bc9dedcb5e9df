"""Orthanc as the peer: it sends to us and receives from us by C-STORE."""

import io
import json
import subprocess
import urllib.request
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.benchmarks import servers
from tests.interop import dimse_client
from tests.interop.corpus import rounds
from tests.interop.web import Dicomweb
from tests.live import hounsfield

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def orthanc(tmp_path):
    if not Path(servers.ORTHANC).exists():
        pytest.skip("Orthanc is not installed")
    running = servers.Orthanc(tmp_path / "orthanc", servers.NO_DELAY)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def images(corpus_files):
    files = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    native = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    return [f for f in files if f.sop_class_uid == CT and f.transfer_syntax_uid in native][:20]


def ask(orthanc, path, body=None, method=None):
    request = urllib.request.Request(f"{orthanc.http}{path}", data=body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_orthanc_receives_what_hounsfield_sends(orthanc, images, tmp_path):
    peer = f"{orthanc.ae_title}@{orthanc.host}:{orthanc.dicom_port}"
    command = hounsfield("send", "--data", tmp_path / "ours", *(f.path for f in images), peer)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert orthanc.number_of_instances() == len(images)


def introduce(orthanc, server):
    """Tell Orthanc who we are."""
    modality = {"AET": server.ae_title, "Host": server.host, "Port": server.port}
    request = urllib.request.Request(
        f"{orthanc.http}/modalities/us", data=json.dumps(modality).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=60).close()


# QR-01
def test_orthanc_finds_our_studies_and_their_series(orthanc, images, start):
    server = start()
    dimse_client.send(server, [file.path for file in images])
    introduce(orthanc, server)
    for level, query, tag in (
        ("Study", {"StudyInstanceUID": ""}, "StudyInstanceUID"),
        ("Patient", {"PatientID": ""}, "PatientID"),
    ):
        body = json.dumps({"Level": level, "Query": query}).encode()
        answers = ask(
            orthanc, f"{ask(orthanc, '/modalities/us/query', body)['Path']}/answers?expand&simplify"
        )
        wanted = {str(dcmread(file.path, stop_before_pixels=True)[tag].value) for file in images}
        assert {answer[tag] for answer in answers} == wanted


def test_hounsfield_receives_what_orthanc_sends(orthanc, images, start):
    server = start()
    for file in images:
        ask(orthanc, "/instances", file.read())
    introduce(orthanc, server)
    studies = ask(orthanc, "/studies")
    ask(orthanc, "/modalities/us/store", json.dumps(studies).encode())
    with Dicomweb(server.dicomweb) as web:
        for file in images:
            ours = web.instance(file.resource)
            # Orthanc sends with DCMTK, which encodes lengths anew: the values are the measure
            sent, came = dcmread(file.path), dcmread(io.BytesIO(ours))
            assert came.get("PixelData") == sent.get("PixelData"), str(file)
            assert came.PatientName == sent.PatientName
