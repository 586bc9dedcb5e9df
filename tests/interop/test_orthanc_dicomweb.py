"""Orthanc's DICOMweb client as the peer: it sends to us, searches here and fetches from us over HTTP."""

import io
import json
import urllib.request
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.benchmarks import servers
from tests.conformance import data
from tests.conformance.target import values
from tests.interop.web import Dicomweb
from tests.live import live_server


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("ours")) as running:
        yield running


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory, ours):
    if not Path(servers.ORTHANC).exists():
        pytest.skip("Orthanc is not installed")
    running = servers.Orthanc(tmp_path_factory.mktemp("orthanc") / "data", servers.NO_DELAY)
    try:
        running.start()
        ask(running, "PUT", "/dicom-web/servers/ours", {"Url": ours.dicomweb + "/"})
        yield running
    finally:
        running.stop()


def ask(orthanc, method, path, body=None):
    content = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{orthanc.http}{path}", data=content, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return json.loads(text) if text else None


@pytest.fixture(scope="module")
def images(ours):
    """A series in three transfer syntaxes, which is here and not with Orthanc."""
    first = data.image()
    made = [
        first,
        data.image(first.study, first.series, transfer_syntax_uid=data.IMPLICIT),
        data.bundled("MR_small_RLE.dcm"),
    ]
    with Dicomweb(ours.dicomweb) as web:
        assert web.store([one.content for one in made]).status_code == 200
    return made


def test_orthanc_stores_into_ours(orthanc, ours):
    # STOW-01 to STOW-04: dcmtk's encoding of the data set, in chunks
    made = [data.image(), data.multi_frame(), data.pdf()]
    for one in made:
        request = urllib.request.Request(f"{orthanc.http}/instances", one.content, method="POST")
        urllib.request.urlopen(request, timeout=60).close()
    resources = ask(orthanc, "GET", "/studies")
    answer = ask(
        orthanc, "POST", "/dicom-web/servers/ours/stow",
        {"Resources": resources, "Synchronous": True},
    )  # fmt: skip
    assert not answer.get("InstancesFailed"), answer
    with Dicomweb(ours.dicomweb) as web:
        for one in made:
            came = dcmread(io.BytesIO(web.instance(one.path)))
            assert came.get("PixelData") == one.dataset.get("PixelData")
            assert came.PatientName == one.dataset.PatientName


def test_orthanc_searches_ours(orthanc, images):
    # QIDO-01
    one = images[0]
    for path, arguments, tag, wanted in (
        ("/studies", {"StudyInstanceUID": one.study}, "0020000D", {one.study}),
        (f"{one.study_path}/series", {}, "0020000E", {one.series}),
        ("/instances", {"SOPInstanceUID": one.sop}, "00080018", {one.sop}),
        ("/studies", {"PatientID": "NOBODY"}, "0020000D", set()),
    ):
        body = {"Uri": path, "Arguments": arguments,
                "HttpHeaders": {"Accept": "application/dicom+json"}}  # fmt: skip
        found = ask(orthanc, "POST", "/dicom-web/servers/ours/get", body) or []
        assert {uid for item in found for uid in values(item, tag)} == wanted, path


def test_orthanc_retrieves_from_ours(orthanc, images):
    # WADO-01, WEB-03: by its own Accept header
    before = orthanc.number_of_instances()
    resources = [{"Study": study} for study in dict.fromkeys(one.study for one in images)]
    body = {"Resources": resources, "Synchronous": True}
    ask(orthanc, "POST", "/dicom-web/servers/ours/retrieve", body)
    assert orthanc.number_of_instances() == before + len(images)
    for one in images:
        (name,) = _found(orthanc, one.sop)
        with urllib.request.urlopen(f"{orthanc.http}/instances/{name}/file", timeout=60) as answer:
            came = dcmread(io.BytesIO(answer.read()))
        assert (came.pixel_array == one.dataset.pixel_array).all()
        assert came.PatientName == one.dataset.PatientName


def _found(orthanc, sop_instance_uid):
    query = {"Level": "Instance", "Query": {"SOPInstanceUID": sop_instance_uid}}
    return ask(orthanc, "POST", "/tools/find", query)
