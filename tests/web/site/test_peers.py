"""Peers, refused callers and associations over the JSON API."""

import time

import pytest
from starlette.testclient import TestClient

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.site.peers import CHECKS, Check
from hounsfield.archive.store import InstanceStore
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.associations import AssociationWriter
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import AssociationRecord, Caller, Peer, RecordedContext
from hounsfield.storage.memory import MemoryStorage
from hounsfield.web.application import WebParts, web_app

CT = "1.2.840.10008.5.1.4.1.1.2"
NEW = {"name": "ct2", "ae_title": "CT2", "host": "10.0.0.7", "port": 104}


class Site:
    def __init__(self, client, writer):
        self.client, self.writer, self.tested = client, writer, []

    def check(self, peer, stores):
        self.tested.append((peer.name, stores))
        states = {"echo": "warning"} if stores else {"connection": "failed"}
        return [Check(name, states.get(name, "ok"), "text", "advice", 1.5) for name in CHECKS]

    def refuse(self, ae_title="MR7", address="10.0.0.8", finding="unknown-caller"):
        now_us = time.time_ns() // 1000
        words = ("reason", "advice")
        caller = Caller(ae_title, "HOUNSFIELD", address, finding, *words, 1, now_us, now_us)
        self.writer.write([], [], [caller])


@pytest.fixture
def site(tmp_path):
    storage = MemoryStorage()
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        writer = AssociationWriter(index.database)
        made = Site(None, writer)
        parts = WebParts(
            store=InstanceStore(storage, index),
            search=Search(index),
            retrieve=Retrieve(storage, index),
            index=index,
            data_folder=tmp_path,
            server={},
            peers=Peers(index.database, (Peer("OLD", "10.0.0.1", 104, name="old"),)),
            check_peer=made.check,
        )
        with TestClient(web_app(parts), base_url="http://127.0.0.1") as made.client:
            yield made
        writer.close()


# IAN
def test_a_peer_is_told_of_complete_studies_if_it_is_wished(site):
    def told():
        peers = site.client.get("/api/peers").json()["peers"]
        return [one["name"] for one in peers if one["wants_availability"]]

    answer = site.client.post("/api/peers", json=NEW | {"wants_availability": True})
    assert (answer.status_code, answer.json()["wants_availability"], told()) == (201, True, ["ct2"])
    site.client.put("/api/peers/ct2", json=answer.json() | {"port": 105})
    assert told() == ["ct2"]
    site.client.put("/api/peers/ct2", json=answer.json() | {"wants_availability": False})
    assert told() == []
    site.client.put("/api/peers/ct2", json=answer.json())
    site.client.delete("/api/peers/ct2")
    site.client.post("/api/peers", json=NEW)
    assert told() == [], "a peer that is gone is told nothing when it comes back"
    for change in ({"host": None}, {"port": None}, {"host": "10.0.0.0/24"}):
        nowhere = NEW | {"name": "ct3", "wants_availability": True} | change
        refused = site.client.post("/api/peers", json=nowhere)
        assert (refused.status_code, "no host and port" in refused.json()["detail"]) == (400, True)
    assert len(site.client.get("/api/peers").json()["peers"]) == 2


def test_a_peer_is_kept_changed_and_forgotten(site):
    added = site.client.post("/api/peers", json={**NEW, "may": ["store", "retrieve"]})
    assert added.status_code == 201
    assert added.json() == {
        **NEW,
        "uses_tls": False,
        "requires_tls": False,
        "certificate": "",
        "may": ["store", "retrieve"],
        "transfer_syntaxes": [],
        "character_set": "",
        "max_parallel": 2,
        "description": "",
        "wants_availability": False,
        "origin": "app",
        "last_seen_us": None,
        "last_outcome": None,
    }
    changed = {**added.json(), "port": 11112, "uses_tls": True, "description": "in the cellar"}
    assert site.client.put("/api/peers/ct2", json=changed).json() == changed
    listed = site.client.get("/api/peers").json()["peers"]
    assert [(one["name"], one["origin"]) for one in listed] == [("old", "settings"), ("ct2", "app")]
    assert site.client.delete("/api/peers/ct2").status_code == 204
    assert site.client.delete("/api/peers/ct2").status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"ae_title": "SEVENTEEN_LETTERS"}, 400, "1 to 16 characters"),
        ({"ae_title": "A\\B"}, 400, "no backslash"),
        ({"host": "no host"}, 400, "no address, network or name"),
        ({"port": 70000}, 400, "TCP port"),
        ({"may": ["delete"]}, 400, "may"),
        ({"name": "old"}, 409, "old"),
        ({"name": ""}, 400, "name"),
        ({"max_parallel": 1000}, 400, "jobs at a time"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_words(site, change, status, words):
    answer = site.client.post("/api/peers", json={**NEW, **change})
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert len(site.client.get("/api/peers").json()["peers"]) == 1


def test_peers_of_the_settings_stay(site):
    site.client.post("/api/peers", json=NEW)
    assert site.client.post("/api/peers", json=NEW).status_code == 409
    assert site.client.put("/api/peers/old", json={**NEW, "name": "old"}).status_code == 403
    assert site.client.delete("/api/peers/old").status_code == 403
    assert site.client.put("/api/peers/ct9", json={**NEW, "name": "ct9"}).status_code == 404


def test_a_peer_is_renamed_and_the_rules_that_name_it_follow(site):
    told = NEW | {"wants_availability": True}
    site.client.post("/api/peers", json=told)
    rule = {"name": "All", "destinations": ["ct2"]}
    assert site.client.post("/api/routing-rules", json=rule).status_code == 201
    answer = site.client.put("/api/peers/ct2", json=told | {"name": "CT room 2"})
    assert (answer.status_code, answer.json()["name"]) == (200, "CT room 2")
    listed = site.client.get("/api/peers").json()["peers"]
    assert [(one["name"], one["wants_availability"]) for one in listed[1:]] == [("CT room 2", True)]
    (rule,) = site.client.get("/api/routing-rules").json()["rules"]
    assert rule["destinations"] == ["CT room 2"]
    for name, status in (("old", 409), ("", 400), ("/", 400)):
        answer = site.client.put("/api/peers/CT room 2", json=told | {"name": name})
        assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


# SEC-01
def test_a_peer_is_tied_to_a_certificate_and_to_tls_with_it(site):
    sha256 = "ab" * 32
    made = site.client.post("/api/peers", json=NEW | {"certificate": sha256}).json()
    assert (made["certificate"], made["requires_tls"]) == (":".join(["AB"] * 32), True)
    changed = site.client.put("/api/peers/ct2", json=made | {"certificate": ""}).json()
    assert (changed["certificate"], changed["requires_tls"]) == ("", True)
    changed = site.client.put("/api/peers/ct2", json=changed | {"requires_tls": False}).json()
    assert changed["requires_tls"] is False
    answer = site.client.put("/api/peers/ct2", json=changed | {"certificate": "ct2"})
    assert (answer.status_code, "nor a subject" in answer.json()["detail"]) == (400, True)


def test_a_peer_is_tested(site):
    test = site.client.post("/api/peers/old/test").json()
    assert not test["is_ok"]
    assert [check["name"] for check in test["checks"]] == list(CHECKS)
    assert test["checks"][2] == {
        "name": "connection",
        "state": "failed",
        "text": "text",
        "advice": "advice",
        "milliseconds": 1.5,
    }
    assert site.client.post("/api/peers/old/test?stores=true").json()["is_ok"]
    assert site.tested == [("old", False), ("old", True)]
    assert site.client.post("/api/peers/none/test").status_code == 404


def test_a_refused_caller_is_trusted_with_one_request(site):
    for _ in range(3):
        site.refuse()
    (caller,) = site.client.get("/api/callers").json()["callers"]
    assert (caller["ae_title"], caller["count"], caller["can_trust"]) == ("MR7", 3, True)
    body = {"ae_title": "MR7", "address": "10.0.0.8"}
    trusted = site.client.post("/api/callers/trust", json=body)
    assert trusted.status_code == 201
    peer = trusted.json()
    assert (peer["name"], peer["ae_title"], peer["host"], peer["port"]) == (
        "mr7",
        "MR7",
        "10.0.0.8",
        None,
    )
    assert "store" in peer["may"]
    assert site.client.get("/api/callers").json() == {"callers": []}
    assert site.client.put("/api/peers/mr7", json={**peer, "port": 104}).json()["port"] == 104


def test_a_caller_that_became_a_peer_otherwise_is_not_shown_any_more(site):
    site.refuse("CT2", "10.0.0.7")
    site.refuse("CT2", "10.0.0.7", "called-ae-title")
    site.client.post("/api/peers", json=NEW)
    (left,) = site.client.get("/api/callers").json()["callers"] or [None]
    assert left["can_trust"] is False


def test_a_caller_is_dismissed(site):
    site.refuse()
    body = {"ae_title": "MR7", "address": "10.0.0.8"}
    assert site.client.post("/api/callers/dismiss", json=body).status_code == 204
    assert site.client.get("/api/callers").json() == {"callers": []}
    assert site.client.post("/api/callers/dismiss", json=body).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ae_title": "MR7", "address": "somewhere"}, 400),
        ({"ae_title": "M\x01", "address": "10.0.0.8"}, 400),
        ({"ae_title": "MR7", "address": "10.0.0.8", "name": "old"}, 409),
        ({"address": "10.0.0.8"}, 400),
    ],
)
def test_nobody_can_be_trusted_wrongly(site, body, status):
    assert site.client.post("/api/callers/trust", json=body).status_code == status


def test_associations_are_listed_page_by_page(site):
    now_us = time.time_ns() // 1000
    records = [
        AssociationRecord(
            "in",
            now_us,
            f"CT{number}",
            "HOUNSFIELD",
            "10.0.0.7",
            "old",
            outcome="released",
            ended_us=now_us + 1,
            contexts=[
                RecordedContext(CT, ("1.2.840.10008.1.2.1",), 0, "1.2.840.10008.1.2.1"),
                RecordedContext("1.2.3", ("1.2.840.10008.1.2.4.90",), 4),
            ],
            messages=[{"name": "C-STORE", "status": "0000", "meaning": "success", "count": 7}],
        )
        for number in range(3)
    ]
    site.writer.write(records, [], [])
    page = site.client.get("/api/associations?limit=2").json()
    assert page["has_more"]
    assert [one["calling_ae_title"] for one in page["associations"]] == ["CT2", "CT1"]
    before = page["associations"][-1]["id"]
    rest = site.client.get(f"/api/associations?limit=2&before={before}").json()
    assert [one["calling_ae_title"] for one in rest["associations"]] == ["CT0"]
    assert not rest["has_more"]
    accepted, refused = rest["associations"][0]["contexts"]
    assert (accepted["name"], accepted["result"]) == ("CT Image", "accepted")
    assert accepted["accepted"]["name"] == "Explicit VR Little Endian"
    assert (refused["accepted"], refused["result"]) == (None, "not in these transfer syntaxes")
    assert rest["associations"][0]["messages"][0]["count"] == 7
    (listed,) = [
        one for one in site.client.get("/api/peers").json()["peers"] if one["name"] == "old"
    ]
    assert (listed["last_outcome"], listed["last_seen_us"]) == ("released", now_us + 1)


@pytest.mark.parametrize(
    "query", ["limit=0", "outcome=odd", "direction=up", "before=-1", "before=x"]
)
def test_what_cannot_be_asked_is_400(site, query):
    assert site.client.get(f"/api/associations?{query}").status_code == 400
