"""Lists of revoked certificates: taken over, made, and held to at every connection (SEC-01)."""

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from tests.dimse.peer import eventually
from tests.dimse.secured import peer_of, serving, site
from tests.dimse.test_tls import Records, connected, refused, target

from hounsfield.app import certificates, revocation
from hounsfield.errors import Conflict, InvalidQuery, NotFound


@pytest.fixture
def folder(tmp_path):
    return site(tmp_path / "tls")


def made_list(folder, *names, days=7.0, encoding=serialization.Encoding.PEM):
    """A list as another authority's software makes it."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateRevocationListBuilder(
        authority.subject, now - dt.timedelta(days=8), now + dt.timedelta(days=days)
    )
    for name in names:
        content = (folder / "issued" / f"{name}.pem").read_bytes()
        number = x509.load_pem_x509_certificate(content).serial_number
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(number, now).build()
        )
    file = folder.parent / f"{folder.name}.crl"
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(encoding))
    return file


def is_let_in(port, identity):
    try:
        with connected(port, identity.client_context()) as sock:
            sock.settimeout(0.5)
            sock.recv(1)  # with TLS 1.3 the client hears of it only now
    except TimeoutError:
        return True  # it waits for our request
    except (ssl.SSLError, ConnectionError):
        return False
    raise AssertionError("closed without a word")


def test_a_certificate_that_we_revoke_is_refused_from_the_next_connection_on(archive, folder):
    lost, kept = peer_of(folder, "lost"), peer_of(folder, "kept")
    records = Records()
    with serving(archive, folder, recorder=records) as (_server, port, _plain):
        assert is_let_in(port, lost)
        revocation.revoke(folder, "lost")
        assert not is_let_in(port, lost)
        eventually(lambda: records.kept)
        assert records.kept[-1].finding == "caller-tls-revoked"
        assert "its certificate has been revoked" in records.kept[-1].reason
        assert is_let_in(port, kept)
        revocation.revoke(folder, "kept")
        assert not is_let_in(port, kept)
        assert not is_let_in(port, lost)
    assert [one.number_revoked for one in revocation.lists(folder)] == [2]
    with pytest.raises(Conflict, match="already"):
        revocation.revoke(folder, "lost")
    for name in ("nobody", "../key", "lost-key"):
        with pytest.raises(NotFound, match="no certificate"):
            revocation.revoke(folder, name)


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_a_list_that_is_given_is_held_to_in_both_roles(archive, folder, encoding):
    lost = peer_of(folder, "lost")
    (shown,) = revocation.use_lists(folder, [made_list(folder, "lost", encoding=encoding)])
    assert (shown.number_revoked, shown.is_expired) == (1, False)
    with serving(archive, folder) as (_server, port, _plain):
        assert not is_let_in(port, lost)
    # And whom we call: it shows the certificate that was revoked.
    for name in ("certificate", "key"):
        source = folder / "issued" / ("lost.pem" if name == "certificate" else "lost-key.pem")
        other = folder.parent / "there"
        other.mkdir(exist_ok=True)
        (other / f"{name}.pem").write_bytes(source.read_bytes())
    (other / "ca.pem").write_bytes((folder / "ca.pem").read_bytes())
    with serving(archive, other) as (_server, port, _plain):
        record = refused(target(port, folder), "has been revoked")
    assert record.finding == "their-certificate-revoked"


def test_a_list_that_has_expired_lets_nobody_in_and_says_so(archive, folder):
    scanner = peer_of(folder)
    (shown,) = revocation.use_lists(folder, [made_list(folder, days=-1.0)])
    assert shown.is_expired
    records = Records()
    with serving(archive, folder, recorder=records) as (_server, port, _plain):
        assert not is_let_in(port, scanner)
        eventually(lambda: records.kept)
        assert records.kept[-1].finding == "caller-tls-crl"
        assert "crl.pem here has expired" in records.kept[-1].reason
        assert "hounsfield tls crl" in records.kept[-1].advice
        revocation.use_lists(folder, [made_list(folder)])
        assert is_let_in(port, scanner)


def test_only_lists_of_authorities_that_are_trusted_are_taken(folder, tmp_path):
    other = site(tmp_path / "other")
    kept = made_list(folder)
    revocation.use_lists(folder, [kept])
    before = (folder / "crl.pem").read_bytes()
    forged = tmp_path / "forged.crl"
    forged.write_bytes(kept.read_bytes()[:-60] + b"AAAA" + kept.read_bytes()[-56:])
    empty = tmp_path / "empty.crl"
    empty.write_bytes(b"")
    for file in (made_list(other), forged, empty, folder / "ca.pem"):
        with pytest.raises(InvalidQuery):
            revocation.use_lists(folder, [file])
    assert (folder / "crl.pem").read_bytes() == before
    with pytest.raises(NotFound):
        revocation.use_lists(tmp_path / "nothing", [kept])


def test_new_authorities_bring_their_lists_or_do_without(folder, tmp_path):
    other = site(tmp_path / "other")
    files = (other / "certificate.pem", other / "key.pem", [other / "ca.pem"])
    revocation.use_lists(folder, [made_list(folder)])
    with pytest.raises(Conflict, match="--crl"):
        revocation.use(folder, *files)
    with pytest.raises(InvalidQuery, match="none of the authorities"):
        revocation.use(folder, *files, [made_list(folder)])
    assert (folder / "ca.pem").read_bytes() != (other / "ca.pem").read_bytes()
    revocation.use(folder, *files, [made_list(other)])
    assert (folder / "ca.pem").read_bytes() == (other / "ca.pem").read_bytes()
    assert len(revocation.lists(folder)) == 1
    assert revocation.without_list(folder) == []
    revocation.use(folder, *files)  # the same authority: its list stays
    assert len(revocation.lists(folder)) == 1
    two = (*files[:2], [other / "ca.pem", site(tmp_path / "third") / "ca.pem"])
    revocation.use(folder, *two)
    assert len(revocation.without_list(folder)) == 1
    with pytest.raises(NotFound, match="who gave the certificate"):
        revocation.revoke(folder, "lost")
    certificates.initialise(folder, ("127.0.0.1",), is_forced=True)
    assert revocation.lists(folder) == []
