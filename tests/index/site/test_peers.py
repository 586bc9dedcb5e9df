"""The peers of a site, kept in the index beside those of the settings."""

import pytest

from hounsfield.errors import Conflict, NotFound, Refused
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer

CT = Peer(
    "CT1",
    "10.0.0.7",
    104,
    name="ct",
    uses_tls=True,
    may=frozenset({"store", "worklist"}),
    transfer_syntaxes=("1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1"),
    character_set="ISO_IR 100",
    max_parallel=4,
    description="the one in the cellar",
    origin="app",
    addresses=("10.0.0.7/32",),
)


@pytest.fixture
def database(tmp_path):
    database = Database(IndexConfig(tmp_path / "index.db"))
    yield database
    database.close()


@pytest.fixture
def peers(database):
    return Peers(database, (Peer("OLD", "10.0.0.1", 104, name="old"),))


def test_a_peer_comes_back_as_it_was_kept_and_at_once_in_every_process(peers, database):
    peers.add(CT)
    elsewhere = Peers(database)
    assert elsewhere.by_name("ct") == CT
    assert elsewhere.by_name("ct").addresses == ("10.0.0.7/32",)
    assert elsewhere.by_ae_title("CT1") == [CT]


def test_an_ae_title_may_exist_at_several_hosts(peers):
    peers.add(CT)
    peers.add(Peer("CT1", "10.0.0.8", name="other"))
    assert [one.name for one in peers.by_ae_title("CT1")] == ["ct", "other"]
    assert peers.by_ae_title("ct1") == []


def test_those_of_the_settings_are_there_too_and_stay_as_they_are(peers):
    assert [one.name for one in peers.all()] == ["old"]
    with pytest.raises(Conflict):
        peers.add(Peer("X", name="old"))
    with pytest.raises(Refused):
        peers.replace(Peer("X", name="old"))
    with pytest.raises(Refused):
        peers.remove("old")


def test_a_name_is_given_once(peers):
    peers.add(CT)
    with pytest.raises(Conflict, match="ct"):
        peers.add(CT)


def test_a_peer_is_changed_and_removed_by_its_name(peers):
    peers.add(CT)
    peers.replace(Peer("CT9", name="ct"))
    assert peers.by_name("ct").ae_title == "CT9"
    peers.remove("ct")
    assert peers.by_name("ct") is None
    for act in (lambda: peers.remove("ct"), lambda: peers.replace(CT)):
        with pytest.raises(NotFound):
            act()


def test_a_name_that_the_settings_took_later_hides_the_kept_one(peers, database):
    peers.add(CT)
    later = Peers(database, (Peer("NEW", name="ct"),))
    assert later.by_name("ct").ae_title == "NEW"
    assert later.by_ae_title("CT1") == []


def test_a_nameless_fixed_peer_is_found_by_ae_title_only(database):
    peers = Peers(database, (Peer("PROBE"),))
    assert peers.by_name("") is None
    assert len(peers.by_ae_title("PROBE")) == 1
