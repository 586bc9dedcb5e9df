"""`hounsfield peer`: managing, testing and trusting, with and without a server."""

import socket
import time

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.associations import Associations, AssociationWriter
from hounsfield.index.site.records import Caller


@pytest.fixture
def port():
    """A peer that answers to C-ECHO."""
    ae = AE("PEER")
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def opened(tmp_path):
    """The index of this test's data folder, as a server would have it."""
    opened = []

    def open_index():
        opened.append(Database(IndexConfig(tmp_path / "data" / "index.db")))
        return opened[-1]

    yield open_index
    for database in opened:
        database.close()


def refuse(database, ae_title="MR7", address="10.0.0.8"):
    writer = AssociationWriter(database)
    now_us = time.time_ns() // 1000
    words = ("unknown-caller", "MR7 is not known.", "Trust it.")
    writer.write([], [], [Caller(ae_title, "HOUNSFIELD", address, *words, 1, now_us, now_us)])
    writer.close()


def test_a_peer_is_added_changed_listed_and_removed(run):
    assert "worklist" in run("peer", "add", "ct2", "CT2@10.0.0.7:104").out
    changed = run("peer", "set", "ct2", "CT9@10.0.0.9", "--may", "store,retrieve", "--json").json
    assert (changed["ae_title"], changed["host"], changed["port"]) == ("CT9", "10.0.0.9", 104)
    assert changed["may"] == ["store", "retrieve"]
    options = (
        "--tls",
        "--syntax",
        "1.2.840.10008.1.2.1",
        "--charset",
        "ISO_IR 100",
        "--parallel",
        "4",
    )
    changed = run("peer", "set", "ct2", *options, "--description", "old", "--json").json
    assert changed["ae_title"] == "CT9"
    assert changed["uses_tls"]
    assert changed["transfer_syntaxes"] == ["1.2.840.10008.1.2.1"]
    assert (changed["character_set"], changed["max_parallel"]) == ("ISO_IR 100", 4)
    assert [one["name"] for one in run("peer", "list", "--json").json] == ["ct2"]
    assert "CT9" in run("peer", "list").out
    run("peer", "remove", "ct2")
    assert run("peer", "list", "--json").json == []
    run("peer", "remove", "ct2", code=1)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("CT2", None, None),
        ("CT2@ct2", "ct2", 104),
        ("CT2@10.0.0.0/24", "10.0.0.0/24", None),
        ("CT2@[::1]:105", "::1", 105),
        ("A CT2@ct2:1", "ct2", 1),
    ],
)
def test_an_address_says_as_much_as_is_known(run, address, host, port):
    added = run("peer", "add", "ct2", address, "--json").json
    assert (added["host"], added["port"]) == (host, port)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ct2", "SEVENTEEN_LETTERS"), 1, "AE title"),
        (("ct2", "CT2@10.0.0.7:x"), 2, "AETITLE@HOST:PORT"),
        (("ct2", "CT2@10.0.0.7", "--may", "delete"), 1, "right"),
        (("ct2", "CT2@10.0.0.7:70000"), 1, "port"),
        (("a/b", "CT2"), 1, "name"),
    ],
)
def test_what_is_no_peer_is_refused_with_words(run, arguments, code, words):
    assert words in run("peer", "add", *arguments, code=code).err


def test_those_of_the_settings_are_listed_and_not_changed(run, tmp_path):
    (tmp_path / "hounsfield.toml").write_text('[dimse.peers.old]\nae_title = "OLD"\n')
    data = ("--data", tmp_path)
    (listed,) = run("peer", "list", "--json", *data).json
    assert (listed["name"], listed["origin"]) == ("old", "settings")
    assert not (tmp_path / "index.db").exists()
    assert "settings" in run("peer", "set", "old", "--may", "none", *data, code=1).err
    assert "settings" in run("peer", "add", "old", "X", *data, code=1).err


def test_a_peer_is_tested_by_its_name_and_the_test_is_recorded(run, port, opened):
    run("peer", "add", "pacs", f"PEER@127.0.0.1:{port}")
    result = run("peer", "test", "pacs")
    assert "ok      echo" in result.out
    assert "warning contexts" in result.out
    assert "allow storage for our AE title HOUNSFIELD on pacs" in result.out
    assert run("peer", "test", "pacs", "--json").json["is_ok"]
    run("echo", "pacs")
    records = Associations(opened()).page(peer="pacs", direction="out")
    assert len(records) == 5
    assert {one.outcome for one in records} == {"released"}


def test_a_test_that_fails_says_what_to_do_and_is_exit_code_1(run):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = run("peer", "test", f"PEER@127.0.0.1:{port}", code=1)
    assert "failed  connection" in result.out
    assert "correct the port of the peer here" in result.out
    assert "skipped" in result.out
    assert "is no peer" in run("peer", "test", "nobody", code=2).err


def test_our_own_server_as_the_peer_is_told(run):
    result = run("peer", "test", "PEER@127.0.0.1:11112", "--json", code=1).json
    assert "is this server itself" in result["checks"][1]["text"]


def test_a_refused_caller_is_shown_and_trusted(run, opened):
    refuse(opened())
    assert "MR7 at 10.0.0.8, once" in run("peer", "callers").out
    assert run("peer", "callers", "--json").json[0]["can_trust"]
    assert run("peer", "trust", "MR7", "--json").json["host"] == "10.0.0.8"
    assert "nobody" in run("peer", "callers").out
    assert "no caller" in run("peer", "trust", "MR7", code=2).err


def test_of_several_addresses_one_must_be_named(run, opened):
    refuse(opened())
    refuse(opened(), address="10.0.0.9")
    assert "10.0.0.8, 10.0.0.9" in run("peer", "trust", "MR7", code=2).err
    trusted = run("peer", "trust", "MR7", "--address", "10.0.0.9", "--name", "mr", "--json").json
    assert (trusted["name"], trusted["host"]) == ("mr", "10.0.0.9")
    run("peer", "dismiss", "MR7", "10.0.0.8")
    assert run("peer", "callers", "--json").json == []
    run("peer", "dismiss", "MR7", "10.0.0.8", code=1)


def test_without_an_archive_nobody_was_refused(run):
    assert "nobody" in run("peer", "callers").out


def test_a_peer_is_renamed(run):
    run("peer", "add", "ct2", "CT2@10.0.0.7:104")
    run("route", "add", "All", "--to", "ct2")
    assert run("peer", "rename", "ct2", "CT room 2", "--json").json["name"] == "CT room 2"
    assert [one["name"] for one in run("peer", "list", "--json").json] == ["CT room 2"]
    assert run("route", "list", "--json").json[0]["destinations"] == ["CT room 2"]
    assert "no peer 'ct2'" in run("peer", "rename", "ct2", "ct3", code=1).err
    run("peer", "add", "ct3", "CT3")
    assert "'ct3' already" in run("peer", "rename", "CT room 2", "ct3", code=1).err


# SEC-01
def test_a_peer_may_be_held_to_tls_and_to_a_certificate(run):
    run("peer", "add", "ct2", "CT2", "--tls-only")
    assert "only" in run("peer", "list").out
    tied = run("peer", "set", "ct2", "--certificate", "CN=ct2, O=Clinic", "--json").json
    assert (tied["certificate"], tied["requires_tls"]) == ("CN=ct2,O=Clinic", True)
    refused = run("peer", "set", "ct2", "--no-tls-only", code=2)
    assert "--certificate ''" in refused.err
    untied = run("peer", "set", "ct2", "--no-tls-only", "--certificate", "", "--json").json
    assert (untied["certificate"], untied["requires_tls"]) == ("", False)
    assert "nor a subject" in run("peer", "set", "ct2", "--certificate", "x", code=1).err
