"""Peers that may call over TLS only, and those tied to a certificate (SEC-01, NET-02)."""

import contextlib
import dataclasses
import ssl

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as Find
from tests.dimse.peer import RawPeer, eventually
from tests.dimse.secured import HOST, peer_of, serving, site
from tests.dimse.test_tls import Records

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.peer_certificates import read_tie, shown_certificate
from hounsfield.archive.site.peers import change_peer
from hounsfield.dimse.doctor.checks import OurSide, check_peer
from hounsfield.dimse.upper_layer.pdus import AssociateAc
from hounsfield.errors import InvalidQuery
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer, TlsSettings

CT2 = Peer("CT2", HOST, name="ct2", requires_tls=True)
MR1 = Peer("MR1", HOST, name="mr1")


@pytest.fixture
def folder(tmp_path):
    return site(tmp_path / "tls")


@pytest.fixture
def scanner(folder):
    return peer_of(folder, "ct2")


def certificate_of(identity):
    return shown_certificate(ssl.PEM_cert_to_DER_cert(identity.certificate.read_text()))


class Called:
    """A server, and what its doctor says of callers."""

    def __init__(self, ports, records):
        (self.tls_port, self.plain_port), self.records = ports, records

    def is_let_in(self, ae_title, identity=None, *, shows=True):
        with RawPeer(self.plain_port if identity is None else self.tls_port) as peer:
            if identity is not None:
                context = identity.client_context(shows=shows)
                peer.sock = context.wrap_socket(peer.sock, server_hostname=HOST)
            answer = peer.ask(calling=ae_title)
        if isinstance(answer, AssociateAc):
            return True
        # PS3.8 table 9-21: rejected for good, by the user, and no reason that would mislead
        assert (answer.result, answer.source, answer.reason) == (1, 1, 1)
        return False

    def finding(self):
        eventually(lambda: self.records.kept)
        return self.records.kept.pop()


@contextlib.contextmanager
def called(archive, folder, *peers, **more):
    records = Records()
    serves = serving(archive, folder, recorder=records, unknown_peers="refuse", peers=peers, **more)
    with serves as (_server, *ports):
        yield Called(ports, records)


def test_a_peer_of_tls_only_is_refused_without_and_told_how(archive, folder, scanner):
    with called(archive, folder, CT2, MR1) as server:
        assert not server.is_let_in("CT2")
        record = server.finding()
        assert record.finding == "caller-tls-only"
        assert record.reason == "ct2 called from 127.0.0.1 without TLS, and may call over TLS only."
        assert f"our port for TLS ({server.tls_port})" in record.advice
        assert "peer set ct2 --no-tls-only" in record.advice
        assert server.is_let_in("CT2", scanner)
        assert server.is_let_in("MR1")


def test_a_peer_that_is_tied_to_a_certificate_must_show_it(archive, folder, scanner):
    other = peer_of(folder, "other")
    for tie in (certificate_of(scanner).sha256, "CN=ct2"):
        tied = dataclasses.replace(CT2, certificate=read_tie(tie))
        with called(archive, folder, tied) as server:
            assert server.is_let_in("CT2", scanner)
            server.finding()
            assert not server.is_let_in("CT2", other)
            record = server.finding()
            assert record.finding == "caller-certificate"
            assert tied.certificate in record.reason
            assert certificate_of(other).sha256 in record.reason
            assert "peer set ct2 --certificate" in record.advice
            assert not server.is_let_in("CT2")
            assert server.finding().finding == "caller-tls-only"


def test_the_certificate_of_one_peer_does_not_let_it_call_as_another(archive, folder, scanner):
    tied = dataclasses.replace(CT2, certificate="CN=ct2")
    with called(archive, folder, tied, MR1) as server:
        assert not server.is_let_in("MR1", scanner)
        record = server.finding()
        assert record.finding == "caller-certificate-of-other"
        assert "the certificate of another peer, ct2: CN=ct2" in record.reason
        assert server.is_let_in("MR1", peer_of(folder, "mr1"))


def test_a_system_of_two_ae_titles_is_tied_to_its_certificate_with_both(archive, folder, scanner):
    tied = [dataclasses.replace(one, certificate="CN=ct2") for one in (CT2, MR1)]
    with called(archive, folder, *tied) as server:
        assert server.is_let_in("CT2", scanner)
        assert server.is_let_in("MR1", scanner)


def test_who_shows_no_certificate_is_not_taken_for_one_that_is_tied(archive, folder, scanner):
    tied = dataclasses.replace(CT2, certificate="CN=ct2")
    with called(archive, folder, tied, requires_client_certificate=False) as server:
        assert not server.is_let_in("CT2", scanner, shows=False)
        assert server.finding().finding == "caller-certificate"


def test_an_association_without_tls_loses_its_rights_when_its_peer_may_call_over_tls_only(
    archive, folder
):
    peers = Peers(archive.store.index.database)
    peers.add(dataclasses.replace(MR1, origin="app"))
    with called(archive, folder) as server:
        ae = AE("MR1")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_requested_context(Find)
        association = ae.associate(HOST, server.plain_port, ae_title="HOUNSFIELD")
        keys = Dataset()
        keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", ""

        def status():
            return [answer.Status for answer, _ in association.send_c_find(keys, Find)][-1]

        assert status() == 0x0000
        change_peer(peers, LOCAL, "mr1", dataclasses.replace(MR1, requires_tls=True))
        eventually(lambda: status() == 0x0124)
        association.release()


@pytest.mark.parametrize("is_secured", [True, False])
def test_the_test_of_a_peer_says_that_tls_only_needs_certificates_here(
    folder, tmp_path, is_secured
):
    tls = TlsSettings(folder if is_secured else tmp_path / "none")
    peer = dataclasses.replace(CT2, port=9, tls=tls)
    settings = check_peer(peer, OurSide("US"), step_s=1.0)[0]
    assert settings.state == ("ok" if is_secured else "warning")
    assert is_secured or "hounsfield tls init" in settings.advice


def test_a_tie_is_kept_in_one_way_of_writing_it(scanner):
    sha256 = certificate_of(scanner).sha256
    for text in (sha256, sha256.lower(), sha256.replace(":", ""), f" SHA256:{sha256} "):
        assert read_tie(text) == sha256
    assert read_tie("CN=ct2, O=Clinic") == read_tie("CN=ct2,O=Clinic") == "CN=ct2,O=Clinic"
    assert read_tie("  ") == ""
    for text in ("ct2", "AB:CD", "CN", "=x", "\N{BULLET}" * 2000):
        with pytest.raises(InvalidQuery, match="neither the SHA-256 fingerprint"):
            read_tie(text)
