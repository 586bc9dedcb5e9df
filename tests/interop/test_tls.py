"""DICOM over TLS with DCMTK, pynetdicom and Orthanc beside what each service is tried with (SEC-01)."""

import shutil

import httpx
import pytest
from pydicom.filereader import dcmread
from tests.corpus import is_among, kept_in, rounds
from tests.interop import dimse_client
from tests.interop.test_dcmtk import run
from tests.interop.test_services import eventually
from tests.interop.wire import Wire
from tests.live import hounsfield


@pytest.fixture
def tls(certificates):
    """The wire with TLS."""
    made = Wire(True, certificates)
    with made.stack:
        yield made


@pytest.fixture
def secure(start, tls):
    return start(wire=tls)


@pytest.fixture(scope="module")
def images(corpus_files):
    """One instance of each transfer syntax and SOP class: implicit, big-endian, deflated and compressed ones too."""
    chosen = {}
    for file in rounds(corpus_files)[0]:
        if file.expect == "accept":
            chosen.setdefault((file.sop_class_uid, file.transfer_syntax_uid), file)
    syntaxes = {file.transfer_syntax_uid for file in chosen.values()}
    assert {"1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"} <= syntaxes
    return list(chosen.values())


def unharmed(server, images):
    came = kept_in(server.data)
    for file in images:
        assert is_among(came[file.sop_instance_uid], file), str(file)


# SEC-01, STO-01, QR-08, QR-09
def test_files_of_every_syntax_come_go_on_and_are_pulled_unharmed(start, images, wire):
    server, other, third = (
        start(ae_title=title, wire=wire) for title in ("HOUNSFIELD", "OTHER", "THIRD")
    )
    answers = dimse_client.send(wire.reached(server), [file.path for file in images])
    assert all(answer.is_success for answer in answers.values()), answers
    unharmed(server, images)
    few = list({file.transfer_syntax_uid: file for file in images}.values())
    studies = sorted({file.study_instance_uid for file in few})
    wire.introduce(server, "other", "OTHER", wire.port(other))
    for uid in studies:
        sent = httpx.post(f"{server.http}/api/studies/{uid}/send", json={"peer": "other"})
        assert sent.is_success, sent.text
    eventually(lambda: states(server) == {"done"}, server)
    unharmed(other, few)
    wire.introduce(third, "other", "OTHER", wire.port(other))
    run(*hounsfield("pull", "--data", third.data, "other", *studies))
    unharmed(third, few)


def states(server):
    jobs = httpx.get(f"{server.http}/api/jobs?page_size=500", timeout=30).json()["jobs"]
    return {job["state"] for job in jobs}


# SEC-01
def test_dcmtk_stores_over_tls_with_tls_of_its_own(secure, tls, images, dcmtk_program):
    where = ("-aec", secure.ae_title, secure.host, tls.port(secure))
    native = [f for f in images if f.transfer_syntax_uid == "1.2.840.10008.1.2.1"][:3]
    run(dcmtk_program("storescu"), *tls.dcmtk, "-xe", *where, *(f.path for f in native))
    study = str(dcmread(native[0].path, stop_before_pixels=True).StudyInstanceUID)
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    _, found = run(dcmtk_program("findscu"), *tls.dcmtk, "-v", "-S", *keys, *where)
    assert study in found


def test_dcmtk_without_a_certificate_or_without_tls_is_not_let_in(secure, tls, dcmtk_program):
    where = ("-aec", secure.ae_title, secure.host, tls.port(secure))
    ca = tls.certificates.peer.ca
    code, text = run(dcmtk_program("echoscu"), "+tla", "+cf", ca, *where, check=False)
    assert code != 0, text
    code, text = run(dcmtk_program("echoscu"), "-to", "5", *where, check=False)
    assert code != 0, text


def test_certificates_that_are_changed_while_the_server_runs_count_at_once(
    secure, tls, dcmtk_program
):
    where = ("-aec", secure.ae_title, secure.host, tls.port(secure))
    echoscu = dcmtk_program("echoscu")
    run(echoscu, *tls.dcmtk, *where)
    run(*hounsfield("tls", "init", "--force", "--data", secure.data, "127.0.0.1"))
    code, _ = run(echoscu, *tls.dcmtk, *where, check=False)
    assert code != 0
    folder = secure.data / "tls"
    shutil.rmtree(folder / "issued")
    run(*hounsfield("tls", "issue", "--data", secure.data, "peer", "127.0.0.1"))
    issued = folder / "issued"
    shown = ("+tls", issued / "peer-key.pem", issued / "peer.pem", "+cf", folder / "ca.pem")
    run(echoscu, *shown, *where)
    run(*hounsfield("tls", "revoke", "--data", secure.data, "peer"))
    code, _ = run(echoscu, *shown, *where, check=False)
    assert code != 0


def test_a_server_without_certificates_does_not_speak_tls(start):
    assert "dicom_tls" not in start().ready
