"""DICOM over TLS, in both roles (SEC-01)."""

import contextlib
import dataclasses
import os
import shutil
import socket
import ssl
import threading
import time
import warnings

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)
from tests.dimse.committing import Results, Worker, action, put, report_handler
from tests.dimse.committing import ask as ask_commitment
from tests.dimse.conftest import QUICK
from tests.dimse.peer import CT, EXPLICIT, RawPeer, dataset_bytes, eventually, instance
from tests.dimse.secured import HOST, peer_of, serving, site

from hounsfield.app import certificates
from hounsfield.dimse.doctor.checks import OurSide, check_peer
from hounsfield.dimse.doctor.findings import say
from hounsfield.dimse.doctor.tls_findings import tls_finding
from hounsfield.dimse.scu.requestor import Target, echo
from hounsfield.dimse.scu.store_scu import read_outgoing, send
from hounsfield.dimse.tls import TlsContexts, TlsNotSetUp, failure_of, has_certificates
from hounsfield.dimse.transport import TimeLimits, _one_record
from hounsfield.errors import Unavailable
from hounsfield.index.site.records import Peer, TlsSettings


@pytest.fixture
def folder(tmp_path):
    return site(tmp_path / "tls")


@pytest.fixture
def scanner(folder):
    return peer_of(folder)


@pytest.fixture
def secure(archive, folder):
    with serving(archive, folder) as (_server, port, _plain):
        yield port


def connected(port, context, name=HOST):
    return context.wrap_socket(socket.create_connection((HOST, port), 10), server_hostname=name)


def associate(port, identity, *contexts, handlers=(), roles=()):
    ae = AE("SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for context in contexts or (Verification, CTImageStorage):
        ae.add_requested_context(context, EXPLICIT)
    assoc = ae.associate(
        HOST,
        port,
        ae_title="HOUNSFIELD",
        evt_handlers=list(handlers),
        ext_neg=list(roles),
        tls_args=(identity.client_context(), HOST),
    )
    assert assoc.is_established
    return assoc


def as_file(ds):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    return ds


class Records:
    """Keeps what the doctor says about each association that is over."""

    def __init__(self):
        self.kept = []

    def note(self, recording):
        if recording.ended_us is not None:
            self.kept.append(recording.record())


def target(port, folder=None, **more):
    settings = None if folder is None else TlsSettings(folder, **more)
    return Target(HOST, port, "HOUNSFIELD", "SCANNER", uses_tls=True, tls=settings)


# -- as server


# SEC-01
def test_a_peer_stores_over_tls_what_lies_here_byte_for_byte(archive, secure, scanner):
    ds = as_file(instance(1, pixels=5_000_001))
    assoc = associate(secure, scanner)
    assert assoc.send_c_echo().Status == 0
    assert assoc.send_c_store(ds).Status == 0
    assoc.release()
    assert archive.datasets() == [dataset_bytes(ds)]


# SEC-01: TLS 1.2 is there, 1.3 is preferred, older ones are not
@pytest.mark.parametrize(
    ("highest", "version"), [(None, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")]
)
def test_the_highest_version_in_common_is_spoken_with_forward_secrecy(
    secure, scanner, highest, version
):
    context = scanner.client_context()
    if highest:
        context.maximum_version = highest
    with connected(secure, context) as sock:
        assert sock.version() == version
        name, _, bits = sock.cipher()
        assert "GCM" in name or "CHACHA20" in name
        assert bits >= 128
        assert sock.compression() is None


@pytest.mark.parametrize(
    "ciphers", ["AES128-SHA256", "ECDHE-ECDSA-AES128-SHA256", "AES256-GCM-SHA384"]
)
def test_cipher_suites_without_forward_secrecy_or_authenticated_encryption_are_refused(
    secure, scanner, ciphers
):
    context = scanner.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connected(secure, context)


def test_tls_1_1_is_refused(secure, scanner):
    context = scanner.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connected(secure, context)


# SEC-01: mutual authentication
@pytest.mark.parametrize("tls_1_2", [True, False])
def test_a_caller_without_a_certificate_is_refused(archive, folder, scanner, tls_1_2):
    records = Records()
    context = scanner.client_context(shows=False)
    if tls_1_2:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(archive, folder, recorder=records) as (_, port, _plain):
        with pytest.raises((ssl.SSLError, ConnectionError)), connected(port, context) as sock:
            sock.recv(1)  # with TLS 1.3 the client hears of it only now
        eventually(lambda: records.kept)
    (record,) = records.kept
    assert record.finding == "caller-tls-none"
    assert "shows no certificate" in record.reason


def test_a_caller_without_a_certificate_is_let_in_where_the_site_says_so(archive, folder, scanner):
    with (
        serving(archive, folder, requires_client_certificate=False) as (_, port, _plain),
        connected(port, scanner.client_context(shows=False)) as sock,
    ):
        sock.sendall(b"\1")
        assert sock.version()


def test_a_certificate_that_the_site_does_not_know_is_refused_in_words(
    archive, folder, scanner, tmp_path
):
    stranger = peer_of(site(tmp_path / "other"))
    stranger.ca = scanner.ca
    records = Records()
    with serving(archive, folder, recorder=records) as (_, port, _plain):
        with (
            pytest.raises((ssl.SSLError, ConnectionError)),
            connected(port, stranger.client_context()) as sock,
        ):
            sock.recv(1)
        eventually(lambda: records.kept)
    assert records.kept[0].finding == "caller-tls-unknown"
    assert "ca.pem here does not have" in records.kept[0].reason


def test_an_expired_certificate_is_refused_in_words(archive, folder):
    old = peer_of(folder, "old", days=-0.01)
    records = Records()
    with serving(archive, folder, recorder=records) as (_, port, _plain):
        with (
            pytest.raises((ssl.SSLError, ConnectionError)),
            connected(port, old.client_context()) as sock,
        ):
            sock.recv(1)
        eventually(lambda: records.kept)
    assert records.kept[0].finding == "caller-tls-expired"
    assert "has expired" in records.kept[0].reason


def test_a_caller_without_tls_on_the_port_for_tls_is_told_apart(archive, folder):
    records = Records()
    with serving(archive, folder, recorder=records) as (_, port, plain):
        with pytest.raises(Unavailable):
            echo(Target(HOST, port, "HOUNSFIELD", "SCANNER"))
        eventually(lambda: records.kept)
        assert echo(Target(HOST, plain, "HOUNSFIELD", "SCANNER")) == 0
    assert records.kept[0].finding == "caller-plain"
    assert f"without TLS ({plain})" in records.kept[0].advice


@pytest.mark.parametrize(
    "says",
    [
        b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
        bytes(range(256)) * 80,
        b"\x16\x03\x01\xff\xff" + bytes(70_000),
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x80\x2e\x01\x00\x02" + bytes(41),
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
)
def test_whatever_is_said_to_the_port_for_tls_the_next_caller_is_served(
    archive, folder, scanner, says
):
    with serving(archive, folder, times=QUICK) as (server, port, _plain):
        with socket.create_connection((HOST, port), 10) as sock, contextlib.suppress(OSError):
            sock.sendall(says)
            while sock.recv(1000):
                pass
        associate(port, scanner).release()
        eventually(lambda: not server.counts["open"])
        assert "failed" not in server.counts


def test_who_only_looks_whether_the_port_is_open_leaves_no_record(archive, folder):
    records = Records()
    with serving(archive, folder, recorder=records) as (server, port, _plain):
        socket.create_connection((HOST, port)).close()
        eventually(lambda: server.counts["connections"] == 1 and not server.counts["open"])
    assert not records.kept


def test_a_caller_that_hangs_up_on_our_certificate_without_a_word_is_told_of(archive, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    records = Records()
    with (
        serving(archive, folder, recorder=records) as (server, port, _plain),
        socket.create_connection((HOST, port), 10) as caller,
    ):
        caller.sendall(outgoing.read())
        assert caller.recv(5)[:1] == b"\x16"  # our hello, with the certificate behind it
        caller.shutdown(socket.SHUT_WR)
        eventually(lambda: server.counts["connections"] == 1 and not server.counts["open"])
    assert records.kept[0].finding == "caller-tls-left"


@pytest.mark.parametrize("says", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_that_does_not_go_on_is_cut_off_in_time_and_holds_up_nobody(
    archive, folder, scanner, says
):
    with serving(archive, folder, times=QUICK) as (server, port, _plain):
        with contextlib.ExitStack() as stack:
            slow = [
                stack.enter_context(socket.create_connection((HOST, port), 10)) for _ in range(8)
            ]
            for one in slow:
                one.sendall(says)
            associate(port, scanner).release()
            for one in slow:
                with contextlib.suppress(ConnectionError):
                    while one.recv(100):
                        pass
        eventually(lambda: not server.counts["open"])


def test_a_handshake_in_progress_does_not_hold_up_the_end(archive, folder):
    with (
        serving(archive, folder) as (server, port, _plain),
        socket.create_connection((HOST, port), 10),
    ):
        eventually(lambda: server.counts["open"] == 1)
        begun = time.monotonic()
        server.shutdown(0.1)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("sizes", [[1], [7, 16_384, 3], [16_385], [65_536]])
def test_records_of_any_size_are_put_together(archive, secure, scanner, sizes):
    ds = instance(1, pixels=40_000)
    with contextlib.closing(connected(secure, scanner.client_context())) as sock:
        peer = RawPeer.__new__(RawPeer)
        peer.sock, peer.message_id = sock, 0
        peer.associate((CT, (EXPLICIT,)))
        whole = sock.sendall

        def in_pieces(data):
            at, turn = 0, 0
            while at < len(data):
                size = sizes[turn % len(sizes)] if len(data) > 100 else len(data)
                whole(data[at : at + size])
                at, turn = at + size, turn + 1

        peer.write = in_pieces
        assert peer.store(ds, size=16_000).status == 0
    assert archive.datasets() == [dataset_bytes(ds)]


def test_a_study_comes_back_over_tls_as_it_lies_here(archive, secure, scanner):
    for number in range(3):
        put(archive, number, pixels=700_001)
    got = []

    def on_store(event):
        got.append(event.request.DataSet.getvalue())
        return 0

    assoc = associate(
        secure,
        scanner,
        StudyRootQueryRetrieveInformationModelGet,
        CTImageStorage,
        handlers=[(evt.EVT_C_STORE, on_store)],
        roles=[build_role(CTImageStorage, scp_role=True)],
    )
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "STUDY"
    wanted.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.9.1"
    answers = list(assoc.send_c_get(wanted, StudyRootQueryRetrieveInformationModelGet))
    assoc.release()
    assert answers[-1][0].Status == 0
    assert sorted(got) == sorted(archive.datasets())


# SC-02
def test_a_result_of_storage_commitment_comes_over_tls_on_the_same_association(
    archive, secure, scanner
):
    references = [put(archive, 1)]
    results = Results()
    with Worker(archive, "commitment", report_handler(archive)):
        assoc = associate(secure, scanner, StorageCommitmentPushModel, handlers=results.handlers)
        assert ask_commitment(assoc, action(references)) == 0
        assert results.wait()[0] == 1
        assoc.release()


# -- as client


def test_we_send_over_tls(archive, folder, secure, tmp_path):
    paths = []
    for number in range(4):
        ds = as_file(instance(number, pixels=[10, 16_384, 400_001, 3_000_000][number]))
        ds.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
        paths.append(tmp_path / f"{number}.dcm")
    sent = list(send(target(secure, folder), [read_outgoing(path) for path in paths]))
    assert [one.status for one in sent] == [0, 0, 0, 0]
    assert len(archive.files()) == 4


def test_a_server_without_a_certificate_for_its_host_is_refused_unless_names_do_not_matter(
    archive, tmp_path
):
    folder = site(tmp_path / "tls", ("pacs.example",))
    with serving(archive, folder) as (_, port, _plain):
        record = refused(target(port, folder), "for another address")
        assert record.finding == "their-certificate-name"
        assert "tls_check_names" in record.advice
        assert echo(target(port, folder, checks_names=False)) == 0


def refused(where, words):
    """Call where TLS cannot be set up; gives what the doctor says of it."""
    records = Records()
    with pytest.raises(Unavailable, match=words):
        echo(dataclasses.replace(where, recorder=records))
    (record,) = records.kept
    assert record.is_tls
    return record


def test_a_server_that_we_do_not_trust_is_refused(folder, secure, tmp_path):
    other = site(tmp_path / "other")
    record = refused(target(secure, other), r"ca\.pem here does not have")
    assert record.finding == "their-certificate-unknown"


def test_a_server_whose_certificate_has_expired_is_refused(archive, folder, tmp_path):
    old = peer_of(folder, "old", days=-0.01)
    other = tmp_path / "other"
    other.mkdir()
    for file, name in ((old.certificate, "certificate"), (old.key, "key"), (old.ca, "ca")):
        shutil.copy(file, other / f"{name}.pem")
    with serving(archive, other) as (_, port, _plain):
        record = refused(target(port, folder), "has expired")
    assert record.finding == "their-certificate-expired"


def test_a_server_that_does_not_trust_us_is_told_of_in_words(archive, folder, tmp_path):
    ours = site(tmp_path / "ours")
    shutil.copy(folder / "ca.pem", ours / "ca.pem")
    with serving(archive, folder) as (_, port, _plain):
        record = refused(target(port, ours), "does not know the authority that signed our")
    assert record.finding == "their-certificate-refused"


@pytest.mark.parametrize("is_known", [True, False])
def test_the_test_of_a_peer_says_whether_tls_is_in_order(archive, folder, tmp_path, is_known):
    ours = folder if is_known else site(tmp_path / "other")
    with serving(archive, folder) as (_, port, _plain):
        peer = Peer("HOUNSFIELD", HOST, port, name="us", uses_tls=True, tls=TlsSettings(ours))
        checks = {one.name: one for one in check_peer(peer, OurSide("SCANNER", ()), stores=False)}
    assert checks["tls"].state == ("ok" if is_known else "failed")
    if not is_known:
        assert "hounsfield tls use" in checks["tls"].advice


def test_a_server_without_tls_is_told_of_in_words(archive, folder):
    with serving(archive, folder) as (_, _port, plain):
        record = refused(target(plain, folder), "TLS")
    assert record.finding in {"their-plain", "their-certificate"}


def test_without_certificates_of_ours_nothing_is_called_over_tls(secure, tmp_path):
    for settings in (None, tmp_path / "nothing"):
        record = refused(target(secure, settings), r"certificates|missing")
        assert record.finding == "our-certificates"


# -- new files


def test_new_certificates_count_for_the_next_connection(archive, folder):
    with serving(archive, folder) as (_, port, _plain):
        old = peer_of(folder)
        before = old.client_context()
        associate(port, old).release()
        certificates.initialise(folder, (HOST,), is_forced=True)
        with pytest.raises(ssl.SSLCertVerificationError):
            connected(port, before)
        associate(port, peer_of(folder, "new")).release()


def test_new_files_that_cannot_be_used_leave_those_before_in_use(folder, caplog):
    contexts = TlsContexts(TlsSettings(folder))
    before = contexts.for_server()
    assert contexts.for_server() is before
    (folder / "certificate.pem").write_text("no certificate")
    assert contexts.for_server() is before
    assert "stay in use" in caplog.text
    caplog.clear()
    assert contexts.for_server() is before
    assert not caplog.text
    with pytest.raises(TlsNotSetUp):
        TlsContexts(TlsSettings(folder)).for_server()


def test_a_key_that_is_not_that_of_the_certificate_is_told_of(folder, tmp_path):
    shutil.copy(site(tmp_path / "other") / "key.pem", folder / "key.pem")
    with pytest.raises(TlsNotSetUp, match="not that of the certificate"):
        TlsContexts(TlsSettings(folder)).for_client()


def test_certificates_are_there_when_all_files_are(folder):
    assert has_certificates(folder)
    (folder / "ca.pem").unlink()
    assert not has_certificates(folder)


def test_certificates_that_cannot_be_looked_at_are_told_of_and_not_passed_over(tmp_path):
    folder = tmp_path / ("x" * 300)  # longer than any file system takes
    assert has_certificates(folder)
    with pytest.raises(TlsNotSetUp, match="File name too long"):
        TlsContexts(TlsSettings(folder)).for_server()


# -- small parts


def test_small_pieces_are_put_into_one_record_and_large_ones_left_as_they_are():
    def views(*sizes):
        return [memoryview(bytes([number]) * size) for number, size in enumerate(sizes)]

    assert _one_record(views(10, 20, 100_000)) == bytes(10) + b"\1" * 20 + b"\2" * 16_354
    large = views(16_384, 5)
    assert _one_record(large) is large[0]
    alone = views(3)
    assert _one_record(alone) is alone[0]
    assert _one_record(views(1, 2)) == b"\0\1\1"


def test_a_failure_that_nobody_has_words_for_keeps_openssls():
    assert failure_of(OSError(5, "input/output error")).text == "input/output error"
    assert failure_of(ssl.SSLError(1, "[SSL] something")).text == "[SSL] something"


def test_a_peer_that_takes_nothing_is_given_up(archive, folder, scanner):
    """A full socket must not lose or repeat a record when it can be written again."""
    quick = TimeLimits(artim_s=5.0, pdu_s=20.0, idle_s=20.0)
    for number in range(2):
        put(archive, number, pixels=6_000_001)
    got = []

    def on_store(event):
        time.sleep(0.8)  # longer than a tick of ours, with the socket's buffers full
        got.append(event.request.DataSet.getvalue())
        return 0

    with serving(archive, folder, times=quick) as (_, port, _plain):
        assoc = associate(
            port,
            scanner,
            StudyRootQueryRetrieveInformationModelGet,
            CTImageStorage,
            handlers=[(evt.EVT_C_STORE, on_store)],
            roles=[build_role(CTImageStorage, scp_role=True)],
        )
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "STUDY"
        wanted.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.9.1"
        list(assoc.send_c_get(wanted, StudyRootQueryRetrieveInformationModelGet))
        assoc.release()
    assert sorted(got) == sorted(archive.datasets())


def test_a_reader_that_pauses_gets_every_byte_once(folder, scanner):
    from hounsfield.dimse.transport import Transport

    ours, theirs = socket.socketpair()
    listener = socket.create_server((HOST, 0))
    ours.close(), theirs.close()
    ours = socket.create_connection(listener.getsockname())
    theirs = listener.accept()[0]
    listener.close()
    sender = Transport(theirs, TimeLimits(pdu_s=20.0))
    content = os.urandom(20_000_000)
    done = threading.Event()

    def run():
        sender.secure(TlsContexts(TlsSettings(folder)).for_server(), 10.0)
        sender.send(content[:100], content[100:5_000_000], content[5_000_000:])
        sender.close()
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    got = bytearray()
    with scanner.client_context().wrap_socket(ours, server_hostname=HOST) as sock:
        while piece := sock.recv(1 << 16):
            got += piece
            if len(got) < 3_000_000 and len(got) % 5 == 0:
                time.sleep(0.7)
    thread.join(20)
    assert done.is_set()
    assert got == content


@pytest.mark.parametrize("code", [24, 26, 66, 67, 68, 79])
@pytest.mark.parametrize("is_in", [True, False])
def test_a_certificate_that_is_unfit_has_to_be_replaced_and_not_trusted(code, is_in):
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_code, problem.verify_message = code, "unfit"
    failure = failure_of(problem)
    finding = say(tls_finding(failure.kind, is_in=is_in), {"text": failure.text})
    assert failure.text in finding.reason
    assert "another one" in finding.advice
