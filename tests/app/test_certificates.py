"""Making, taking over and showing the certificates of DICOM TLS."""

import datetime as dt
import stat

import pytest

from hounsfield.app import certificates
from hounsfield.dimse.tls import TlsContexts, has_certificates
from hounsfield.errors import Conflict, InvalidQuery, NotFound
from hounsfield.index.site.records import TlsSettings


@pytest.fixture
def folder(tmp_path):
    certificates.initialise(tmp_path / "tls", ("pacs.example", "192.0.2.7"))
    return tmp_path / "tls"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_can_be_used_and_keys_are_for_the_owner_only(folder):
    assert has_certificates(folder)
    contexts = TlsContexts(TlsSettings(folder))
    contexts.for_server()
    contexts.for_client()
    assert mode(folder / "key.pem") == mode(folder / "ca-key.pem") == 0o600
    assert mode(folder) == 0o700
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_certificates_that_are_there_are_not_replaced_by_accident(folder):
    before = (folder / "certificate.pem").read_bytes()
    with pytest.raises(Conflict, match="--force"):
        certificates.initialise(folder, ("other",))
    assert (folder / "certificate.pem").read_bytes() == before
    certificates.initialise(folder, ("other",), is_forced=True)
    assert (folder / "certificate.pem").read_bytes() != before


def test_a_peers_certificate_names_its_hosts_and_its_key_is_private(folder):
    certificate, key, authority = certificates.issue(folder, "ct1", ("ct1.example", "192.0.2.9"))
    assert mode(key) == 0o600
    assert authority == folder / "ca.pem"
    (shown,) = [one for one in certificates.show(folder) if one.file == "issued/ct1.pem"]
    assert shown.names == ("ct1.example", "192.0.2.9")
    assert shown.state == "valid"
    assert certificate == folder / "issued" / "ct1.pem"


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "x" * 300])
def test_a_peers_name_cannot_lead_out_of_the_folder(folder, name):
    with pytest.raises(InvalidQuery):
        certificates.issue(folder, name)


def test_a_peers_certificate_never_takes_the_place_of_the_key_of_another(folder):
    _certificate, key, _authority = certificates.issue(folder, "ct1", ("ct1",))
    before = key.read_bytes()
    with pytest.raises(InvalidQuery, match="key"):
        certificates.issue(folder, "ct1-key", ("ct1-key",))
    assert key.read_bytes() == before


def test_without_an_authority_of_ours_nothing_is_issued(tmp_path):
    with pytest.raises(NotFound, match="tls init"):
        certificates.issue(tmp_path, "ct1")


def test_names_that_are_none_are_refused(tmp_path):
    for names in ((), ("päcs",)):
        with pytest.raises(InvalidQuery):
            certificates.initialise(tmp_path / "tls", names)


def test_given_files_are_taken_over_and_an_own_authority_is_forgotten(folder, tmp_path):
    other = tmp_path / "other"
    certificates.initialise(other, ("other",))
    certificates.use(
        folder, other / "certificate.pem", other / "key.pem", [other / "ca.pem", folder / "ca.pem"]
    )
    assert (folder / "certificate.pem").read_bytes() == (other / "certificate.pem").read_bytes()
    assert mode(folder / "key.pem") == 0o600
    assert not (folder / "ca-key.pem").exists()
    assert sum(one.file == "ca.pem" for one in certificates.show(folder)) == 2
    TlsContexts(TlsSettings(folder)).for_server()


def test_given_files_that_do_not_belong_together_change_nothing(folder, tmp_path):
    other = tmp_path / "other"
    certificates.initialise(other, ("other",))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    for certificate, key, ca in (
        (other / "certificate.pem", folder / "key.pem", other / "ca.pem"),
        (bad, other / "key.pem", other / "ca.pem"),
        (other / "certificate.pem", bad, other / "ca.pem"),
        (other / "certificate.pem", other / "key.pem", bad),
    ):
        with pytest.raises(InvalidQuery):
            certificates.use(folder, certificate, key, [ca])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_state_of_a_certificate_goes_by_the_clock(folder):
    certificates.issue(folder, "old", days=-0.01)
    certificates.issue(folder, "soon", days=5)
    states = {one.file: one.state for one in certificates.show(folder)}
    assert states["issued/old.pem"] == "expired"
    assert states["issued/soon.pem"] == "expires soon"
    assert states["certificate.pem"] == "valid"
    ours = next(one for one in certificates.show(folder) if one.file == "certificate.pem")
    assert ours.not_after - dt.datetime.now(dt.UTC) < dt.timedelta(days=826)
    assert len(ours.sha256.split(":")) == 32
    assert not ours.is_authority


def test_there_is_nothing_to_show_where_nothing_is(tmp_path):
    with pytest.raises(NotFound):
        certificates.show(tmp_path)
