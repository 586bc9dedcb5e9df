"""DICOM over TLS with DCMTK, pynetdicom and Orthanc, both ways (SEC-01)."""

import dataclasses
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from pydicom.filereader import dcmread
from tests.benchmarks import servers
from tests.dimse.secured import Identity
from tests.interop import dimse_client
from tests.interop.corpus import dataset, dataset_offset, rounds
from tests.interop.test_dcmtk import run, storescp
from tests.interop.web import Dicomweb
from tests.live import hounsfield


@dataclasses.dataclass
class Secure:
    """A server that speaks TLS, as its ready file tells of it, and a peer's certificate."""

    live: object
    peer: Identity

    host = "127.0.0.1"
    ae_title = "HOUNSFIELD"

    @property
    def port(self):
        return self.live.ready["dicom_tls"]["port"]

    @property
    def tls_args(self):
        return self.peer.client_context(), self.host

    @property
    def dcmtk(self):
        return ("+tls", self.peer.key, self.peer.certificate, "+cf", self.peer.ca)


@pytest.fixture
def prepared(tmp_path):
    """A data folder with certificates, made by the commands; gives it and the certificate of a peer."""
    data = tmp_path / "ours"
    subprocess.run(hounsfield("tls", "init", "--data", data, "127.0.0.1"), check=True, timeout=60)
    issued = subprocess.run(
        hounsfield("tls", "issue", "--json", "--data", data, "peer", "127.0.0.1"),
        check=True,
        capture_output=True,
        timeout=60,
    )
    files = json.loads(issued.stdout)
    return data, Identity(Path(files["certificate"]), Path(files["key"]), Path(files["ca"]))


@pytest.fixture
def secure(prepared, start):
    data, peer = prepared
    return Secure(start(data=data, environment={"HOUNSFIELD_DIMSE_TLS_PORT": "0"}), peer)


@pytest.fixture
def images(corpus_files):
    """One instance of each transfer syntax and SOP class: implicit, big-endian, deflated and compressed ones too."""
    chosen = {}
    for file in rounds(corpus_files)[0]:
        if file.expect == "accept":
            chosen.setdefault((file.sop_class_uid, file.transfer_syntax_uid), file)
    return list(chosen.values())


def sent_over_tls(secure, images):
    answers = dimse_client.send(secure, [file.path for file in images])
    assert all(answer.is_success for answer in answers.values()), answers


def same(ours, file):
    sent, came = file.read()[dataset_offset(file.read()) :], dataset(ours)
    # PS3.5 A.5: a deflated data set of odd length gets a null byte.
    return came in (sent, sent + b"\0" * (len(sent) % 2))


# SEC-01
def test_pynetdicom_sends_files_of_every_syntax_unharmed(secure, images):
    sent_over_tls(secure, images)
    with Dicomweb(secure.live.dicomweb) as web:
        for file in images:
            assert same(web.instance(file.resource), file), str(file)


# SEC-01
def test_we_send_files_of_every_syntax_unharmed_to_another_of_us(secure, images, tmp_path):
    ours = tmp_path / "ours"
    done = subprocess.run(
        hounsfield(
            "send", "--tls", "--json", "--data", ours, *(file.path for file in images),
            f"{secure.ae_title}@{secure.host}:{secure.port}",
        ),
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with Dicomweb(secure.live.dicomweb) as web:
        for file in images:
            assert same(web.instance(file.resource), file), str(file)


# SEC-01
def test_dcmtk_asks_stores_and_finds_over_tls(secure, images, dcmtk_program):
    where = ("-aec", secure.ae_title, secure.host, secure.port)
    run(dcmtk_program("echoscu"), *secure.dcmtk, *where)
    native = [f for f in images if f.transfer_syntax_uid == "1.2.840.10008.1.2.1"][:3]
    run(dcmtk_program("storescu"), *secure.dcmtk, "-xe", *where, *(f.path for f in native))
    study = str(dcmread(native[0].path, stop_before_pixels=True).StudyInstanceUID)
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    _, found = run(dcmtk_program("findscu"), *secure.dcmtk, "-v", "-S", *keys, *where)
    assert study in found


def test_dcmtk_without_a_certificate_or_without_tls_is_not_let_in(secure, dcmtk_program):
    where = ("-aec", secure.ae_title, secure.host, secure.port)
    code, text = run(dcmtk_program("echoscu"), "+tla", "+cf", secure.peer.ca, *where, check=False)
    assert code != 0, text
    code, text = run(dcmtk_program("echoscu"), "-to", "5", *where, check=False)
    assert code != 0, text


# SEC-01
def test_dcmtk_receives_over_tls_what_we_send_and_what_we_move(
    prepared, images, dcmtk_program, start, tmp_path
):
    data, peer = prepared
    native = [f for f in images if f.transfer_syntax_uid == "1.2.840.10008.1.2.1"][:3]
    options = ("+tls", peer.key, peer.certificate, "+cf", peer.ca)
    received = tmp_path / "received"
    with storescp(dcmtk_program("storescp"), received, *map(str, options)) as port:
        (data / "hounsfield.toml").write_text(
            f"[dimse.peers.storescp]\nae_title = 'STORESCP'\nhost = '127.0.0.1'\nport = {port}\ntls = true\n"
        )
        run(*hounsfield("send", "--data", data, *(f.path for f in native), "storescp"))
        assert len(list(received.iterdir())) == len(native)
        for path in received.iterdir():
            path.unlink()
        server = start(data=data, environment={"HOUNSFIELD_DIMSE_TLS_PORT": "0"})
        secure = Secure(server, peer)
        sent_over_tls(secure, native)
        study = str(dcmread(native[0].path, stop_before_pixels=True).StudyInstanceUID)
        run(
            # It knows no TLS itself; what it asks for goes over TLS to the peer that uses it.
            dcmtk_program("movescu"), "-S", "-aem", "STORESCP",
            "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}",
            "-aec", secure.ae_title, secure.host, server.port,
        )  # fmt: skip
        assert dataset(native[0].read()) in [dataset(p.read_bytes()) for p in received.iterdir()]


class SecureOrthanc(servers.Orthanc):
    """Debian's Orthanc with TLS on, in both roles, and certificates asked for."""

    def __init__(self, folder, identity):
        super().__init__(folder, servers.NO_DELAY)
        self.identity = identity
        self.modalities = {}

    def configuration(self):
        return super().configuration() | {
            "DicomTlsEnabled": True,
            "DicomTlsRemoteCertificateRequired": True,
            "DicomTlsCertificate": str(self.identity.certificate),
            "DicomTlsPrivateKey": str(self.identity.key),
            "DicomTlsTrustedCertificates": str(self.identity.ca),
        }

    def _answers(self):
        try:
            return bool(self._statistics())
        except OSError:
            return False


@pytest.fixture
def orthanc(prepared, tmp_path):
    if not Path(servers.ORTHANC).exists():
        pytest.skip("Orthanc is not installed")
    running = SecureOrthanc(tmp_path / "orthanc", prepared[1])
    try:
        running.start()
        yield running
    finally:
        running.stop()


def ask(orthanc, path, body=None, method=None):
    request = urllib.request.Request(f"{orthanc.http}{path}", data=body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def introduce(orthanc, secure):
    """Tell Orthanc who we are, and to call us over TLS."""
    modality = {
        "AET": secure.ae_title,
        "Host": secure.host,
        "Port": secure.port,
        "UseDicomTls": True,
    }
    ask(orthanc, "/modalities/us", json.dumps(modality).encode(), "PUT")


# SEC-01
def test_orthanc_takes_what_we_send_over_tls_and_sends_it_back(prepared, orthanc, secure, images):
    native = [f for f in images if f.transfer_syntax_uid == "1.2.840.10008.1.2.1"][:4]
    peer = f"{orthanc.ae_title}@{orthanc.host}:{orthanc.dicom_port}"
    run(*hounsfield("send", "--tls", "--data", prepared[0], *(f.path for f in native), peer))
    assert orthanc.number_of_instances() == len(native)
    introduce(orthanc, secure)
    ask(orthanc, "/modalities/us/echo", b"{}", "POST")
    ask(orthanc, "/modalities/us/store", json.dumps(ask(orthanc, "/studies")).encode(), "POST")
    with Dicomweb(secure.live.dicomweb) as web:
        for file in native:
            assert web.instance(file.resource)


# SC-02, SEC-01
def test_storage_commitment_with_orthanc_goes_over_tls_in_both_roles(
    prepared, orthanc, images, start
):
    data, peer = prepared
    (data / "hounsfield.toml").write_text(
        f"[dimse.peers.orthanc]\nae_title = 'ORTHANC'\nhost = '127.0.0.1'\nport = {orthanc.dicom_port}\ntls = true\n"
    )
    secure = Secure(start(data=data, environment={"HOUNSFIELD_DIMSE_TLS_PORT": "0"}), peer)
    introduce(orthanc, secure)
    file = next(f for f in images if f.transfer_syntax_uid == "1.2.840.10008.1.2.1")
    sent_over_tls(secure, [file])
    names = {"SOPClassUID": file.sop_class_uid, "SOPInstanceUID": file.sop_instance_uid}
    asked = json.dumps({"DicomInstances": [names]}).encode()
    began = ask(orthanc, "/modalities/us/storage-commitment", asked, "POST")
    until = time.monotonic() + 60
    while (told := ask(orthanc, began["Path"]))["Status"] == "Pending":
        assert time.monotonic() < until, secure.live.log_tail()
        time.sleep(0.1)
    assert told["Status"] == "Success"
    run(*hounsfield("send", "--data", data, file.path, "orthanc"))
    study = str(dcmread(file.path, stop_before_pixels=True).StudyInstanceUID)
    _, text = run(*hounsfield("commit", "--data", data, study, "orthanc"))
    assert "1 of 1 committed" in text


def test_certificates_that_are_changed_while_the_server_runs_count_at_once(secure, dcmtk_program):
    where = ("-aec", secure.ae_title, secure.host, secure.port)
    run(dcmtk_program("echoscu"), *secure.dcmtk, *where)
    data = secure.live.data
    kept = secure.live.data.parent / "kept"
    shutil.copytree(data / "tls", kept)
    run(*hounsfield("tls", "init", "--force", "--data", data, "127.0.0.1"))
    code, _ = run(
        dcmtk_program("echoscu"),
        *("+tls", kept / "issued" / "peer-key.pem", kept / "issued" / "peer.pem"),
        *("+cf", kept / "ca.pem"),
        *where,
        check=False,
    )
    assert code != 0
    run(*hounsfield("tls", "issue", "--data", data, "peer", "127.0.0.1"))
    run(dcmtk_program("echoscu"), *secure.dcmtk, *where)


def test_a_server_without_certificates_does_not_speak_tls(start, tmp_path):
    server = start(data=tmp_path / "plain", environment={"HOUNSFIELD_DIMSE_TLS_PORT": "0"})
    assert "dicom_tls" not in server.ready
