"""Storage commitment against a live server: with Orthanc in both roles, with pynetdicom, over a crash, over TLS."""

import json
import time

import pytest
from pydicom import dcmread
from tests.corpus import rounds
from tests.dimse.committing import (
    Keeper,
    Results,
    action,
    ask,
    committed_in,
    failed_in,
    listening,
    scu_association,
)
from tests.interop import dimse_client
from tests.interop.test_dcmtk import run
from tests.live import hounsfield

CT = "1.2.840.10008.5.1.4.1.1.2"
WITHIN_S = 60


@pytest.fixture
def images(corpus_files):
    files = [f for f in rounds(corpus_files)[0] if f.expect == "accept"]
    native = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    return [f for f in files if f.sop_class_uid == CT and f.transfer_syntax_uid in native][:6]


def settings(folder, wire=None, **peers):
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (title, port) in peers.items():
        lines += [f"[dimse.peers.{name}]", f"ae_title = '{title}'", "host = '127.0.0.1'"]
        lines.append(f"port = {port}\n" + (wire.toml if wire else ""))
    (folder / "hounsfield.toml").write_text("\n".join(lines) + "\n")
    return folder


def names(file):
    return (file.sop_class_uid, file.sop_instance_uid)


# SC-01, SC-02, SC-03
def test_orthanc_asks_us_and_hears_what_is_safe_here(orthanc, images, start, tmp_path, wire):
    folder = settings(tmp_path / "ours", wire, orthanc=("ORTHANC", orthanc.dicom_port))
    server = start(data=folder, wire=wire)
    orthanc.meets(server)
    dimse_client.send(server, [file.path for file in images[1:]])
    wanted = [{"SOPClassUID": c, "SOPInstanceUID": i} for c, i in map(names, images)]
    for asked, status in ((wanted[1:], "Success"), (wanted, "Failure")):
        began = orthanc.ask("/modalities/us/storage-commitment", {"DicomInstances": asked}, "POST")
        until = time.monotonic() + WITHIN_S
        while (told := orthanc.ask(began["Path"]))["Status"] == "Pending":
            assert time.monotonic() < until, server.log_tail()
            time.sleep(0.1)
        assert told["Status"] == status, told
    failed = {one["SOPInstanceUID"] for one in told["Failures"]}
    assert failed == {images[0].sop_instance_uid}


# SC-01, SC-02, NET-06
def test_we_ask_orthanc_and_it_reports_on_an_association_of_its_own(
    orthanc, images, start, tmp_path, wire
):
    folder = settings(tmp_path / "ours", wire, orthanc=("ORTHANC", orthanc.dicom_port))
    server = start(data=folder, wire=wire)
    orthanc.meets(server)
    dimse_client.send(server, [file.path for file in images])
    run(*hounsfield("send", "--data", folder, images[0].path, "orthanc"))
    study = str(dcmread(images[0].path, stop_before_pixels=True).StudyInstanceUID)
    here = sum(
        str(dcmread(file.path, stop_before_pixels=True).StudyInstanceUID) == study
        for file in images
    )
    code, text = run(
        *hounsfield("commit", "--json", "--data", folder, study, "orthanc"), check=False
    )
    told = json.loads(text)
    assert told["state"] == "answered", server.log_tail()
    assert (told["committed"], told["total"]) == (1, here)
    assert code == (0 if here == 1 else 1)


# SC-02
def test_a_result_survives_the_death_of_the_server_and_of_its_peer(images, start, tmp_path):
    results = Results()
    with listening(results) as peer:
        port = peer.port
    folder = settings(tmp_path / "ours", scanner=("SCANNER", port))
    server = start(data=folder)
    dimse_client.send(server, [file.path for file in images])
    with scu_association(server.port) as assoc:
        assert ask(assoc, action([*map(names, images), (CT, "1.2.3")])) == 0
    server.kill()
    ae_port = port
    with listening(results, port=ae_port):
        start(data=folder)
        event_type, result = results.wait()
    assert event_type == 2
    assert committed_in(result) == [file.sop_instance_uid for file in images]
    assert failed_in(result) == {"1.2.3": 0x0112}


# SC-02
def test_a_live_server_reports_on_the_association_that_asked(images, start, tmp_path):
    server = start(data=tmp_path / "ours")
    dimse_client.send(server, [file.path for file in images])
    results = Results()
    with scu_association(server.port, results) as assoc:
        assert ask(assoc, action(map(names, images))) == 0
        event_type, result = results.wait()
    assert event_type == 1
    assert len(committed_in(result)) == len(images)


def test_a_live_server_takes_a_result_that_comes_on_an_association_of_the_keepers(
    images, start, tmp_path
):
    keeper = Keeper()
    with keeper.listening() as peer:
        folder = settings(tmp_path / "ours", keeper=("KEEPER", peer.port))
        server = start(data=folder)
        keeper.answers_to = server.port
        dimse_client.send(server, [images[0].path])
        study = str(dcmread(images[0].path, stop_before_pixels=True).StudyInstanceUID)
        _, text = run(*hounsfield("commit", "--data", folder, study, "keeper"))
    assert "1 of 1 committed" in text
