"""What is a sensible peer, and where it is."""

import dataclasses

import pytest

from hounsfield.archive.access import LOCAL, NOBODY
from hounsfield.archive.site.addresses import is_host, is_network
from hounsfield.archive.site.peers import (
    add_peer,
    change_peer,
    checked,
    look_up,
    may_call,
    name_for,
    peer_named,
    remove_peer,
)
from hounsfield.errors import InvalidQuery, NotFound, Refused
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer

CT = Peer("CT1", "10.0.0.7", 104, name="ct")


@pytest.fixture
def peers(tmp_path):
    database = Database(IndexConfig(tmp_path / "index.db"))
    yield Peers(database)
    database.close()


# NET-12
def test_what_is_typed_with_spaces_around_is_kept_without():
    kept = checked(Peer(" CT1 ", " localhost ", name=" ct "))
    assert (kept.ae_title, kept.host, kept.name) == ("CT1", "localhost", "ct")
    assert "127.0.0.1/32" in kept.addresses


# NET-12
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ae_title": ""}, "AE title"),
        ({"ae_title": "SEVENTEEN_LETTERS"}, "16"),
        ({"ae_title": "A\\B"}, "backslash"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "AET@host"}, "name"),
        ({"host": "not a host"}, "host"),
        ({"host": "10.0.0.256"}, "host"),
        ({"host": "http://pacs"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"may": frozenset({"delete"})}, "right"),
        ({"transfer_syntaxes": ("1.2.3",)}, "transfer syntax"),
        ({"max_parallel": 0}, "at a time"),
    ],
)
def test_what_cannot_be_is_refused_with_words(change, words):
    with pytest.raises(InvalidQuery, match=words):
        checked(dataclasses.replace(CT, **change))


def test_only_who_may_administer_changes_peers(peers):
    with pytest.raises(Refused):
        add_peer(peers, NOBODY, CT)
    add_peer(peers, LOCAL, CT)
    with pytest.raises(Refused):
        change_peer(peers, NOBODY, "ct", CT)
    with pytest.raises(Refused):
        remove_peer(peers, NOBODY, "ct")
    change_peer(peers, LOCAL, "ct", dataclasses.replace(CT, port=105))
    assert peer_named(peers, "ct").port == 105
    with pytest.raises(Refused):
        change_peer(peers, NOBODY, "ct", dataclasses.replace(CT, name="mr"))
    change_peer(peers, LOCAL, "ct", dataclasses.replace(CT, name=" mr "))
    with pytest.raises(InvalidQuery, match="no name"):
        change_peer(peers, LOCAL, "mr", dataclasses.replace(CT, name="/"))
    remove_peer(peers, LOCAL, "mr")
    with pytest.raises(NotFound, match="none"):
        peer_named(peers, "ct")


def test_a_name_is_made_from_the_ae_title(peers):
    assert name_for(peers, "CT 1/A") == "ct-1-a"
    add_peer(peers, LOCAL, Peer("X", name="ct-1-a"))
    assert name_for(peers, "CT 1/A") == "ct-1-a-2"
    assert name_for(peers, "///") == "peer"


def test_a_name_is_looked_up_ahead_of_calls_and_the_last_answer_stays(peers):
    peers.add(Peer("LO", "localhost", name="lo"))
    peers.add(Peer("GONE", "nowhere.invalid", name="gone", addresses=("10.1.2.3/32",)))
    assert not may_call(peers.by_name("lo"), "127.0.0.1")
    look_up(peers)
    assert may_call(peers.by_name("lo"), "127.0.0.1")
    assert may_call(peers.by_name("gone"), "10.1.2.3")


@pytest.mark.parametrize(
    ("host", "address", "expected"),
    [
        (None, "10.0.0.9", True),
        ("::ffff:10.0.0.0/120", "10.0.0.9", True),
        ("::/0", "10.0.0.9", False),
        ("10.0.0.0/24", "10.0.0.9", True),
        ("10.0.0.0/24", "10.0.1.9", False),
        ("10.0.0.9", "::ffff:10.0.0.9", True),
        ("fe80::/10", "fe80::7%eth0", True),
    ],
)
def test_a_peer_is_where_its_host_says(host, address, expected):
    assert may_call(Peer("A", host), address) is expected


def test_hosts_are_told_from_nonsense():
    assert all(map(is_host, ("ct1", "ct-1.ward.example", "10.0.0.1", "::1", "10.0.0.0/8")))
    assert not any(map(is_host, ("", "a b", "1.2.3", "10.0.0.1:104", "-x", "a/b")))
    assert is_network("10.0.0.0/8")
    assert not is_network("10.0.0.1")
    assert not is_network("ct1")
