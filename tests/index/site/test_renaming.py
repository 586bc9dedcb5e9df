"""A peer gets another name: what knows it by name follows, and nothing of others is touched."""

import dataclasses

import pytest
from sqlalchemy import select

from hounsfield.dicom.commitment import Reference
from hounsfield.errors import Conflict, NotFound, Refused
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.associations import Associations, AssociationWriter
from hounsfield.index.site.availability import AvailabilitySubscribers
from hounsfield.index.site.claims import Claims
from hounsfield.index.site.commitment_records import Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import Jobs, NewJob, Selection
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import AssociationRecord, Peer
from hounsfield.index.site.routed import Match
from hounsfield.index.site.routing import RoutingRules, Rule
from hounsfield.index.site.sent import SentInstance, SentInstances, sent_instance

OLD = Peer("PACS", "10.0.0.7", 104, name="old_pacs", origin="app")


@pytest.fixture
def database(tmp_path):
    database = Database(IndexConfig(tmp_path / "index.db"))
    yield database
    database.close()


@pytest.fixture
def peers(database):
    peers = Peers(database, (Peer("FIXED", "10.0.0.1", 104, name="fixed"),))
    peers.add(OLD)
    peers.add(Peer("CT", "10.0.0.8", name="oldXpacs", origin="app"))
    return peers


def renamed(peers, name="new", old="old_pacs"):
    peers.replace(dataclasses.replace(OLD, name=name), old)


def test_rules_jobs_and_records_follow(peers, database):
    rules, jobs = RoutingRules(database), Jobs(database)
    rules.add(Rule("All", "complete", Match(), ("ct", "old_pacs")))
    rules.add(Rule("Others", "complete", Match(), ("oldXpacs",)))
    for title, lane in (
        ("CT Head to old_pacs", "old_pacs"),
        ("Pull CT from old_pacs", "old_pacs"),
        ("MR to oldXpacs", "oldXpacs"),
    ):
        jobs.add(NewJob("route", title, lane=lane))
    job = jobs.page(Selection(), 9)[-1]
    sent = SentInstances(database)
    sent.note(job.id, "old_pacs", [SentInstance("1.2.3", "", "1.2", True, 0, "", 1)])
    jobs.pause_lane("old_pacs", is_paused=True)
    jobs.pause_lane("new", is_paused=True)  # left by one of that name that was removed
    AvailabilitySubscribers(database).add("old_pacs")
    commitments = Commitments(database)
    asked = commitments.ask(
        Request("1.9", "PACS", "US", [Reference("1.2", "1.2.3")], peer="old_pacs")
    )
    writer = AssociationWriter(database)
    writer.write([AssociationRecord("out", 1, peer="old_pacs", ended_us=2)], [], [])
    writer.close()

    renamed(peers)

    assert [one.name for one in peers.all()] == ["fixed", "new", "oldXpacs"]
    assert peers.by_name("new").host == "10.0.0.7"
    assert [rule.destinations for rule in rules.all()] == [("ct", "new"), ("oldXpacs",)]
    assert {(one.title, one.lane) for one in jobs.page(Selection(), 9)} == {
        ("CT Head to new", "new"),
        ("Pull CT from new", "new"),
        ("MR to oldXpacs", "oldXpacs"),
    }
    assert jobs.paused_lanes() == {"new"}
    assert [one.peer for one in AvailabilitySubscribers(database).all()] == ["new"]
    assert commitments.by_id(asked).peer == "new"
    assert Associations(database).last_of(["new"]) == {"new": (2, "open")}
    with database.reading() as connection:
        assert connection.execute(select(sent_instance.c.peer)).scalars().all() == ["new"]


def test_a_peer_that_a_job_talks_to_keeps_its_name_till_then(peers, database):
    jobs = Jobs(database)
    jobs.add(NewJob("route", "CT to old_pacs", lane="old_pacs"))
    claims = Claims(database, "here", ["route"])
    (claimed,) = claims.claim(lambda _lane: 1, 1, 60.0)
    with pytest.raises(Conflict, match="a job is talking to 'old_pacs' just now: pause"):
        renamed(peers)
    assert peers.by_name("old_pacs") == OLD
    assert peers.by_name("new") is None
    assert claimed.lane == "old_pacs"


def test_what_ended_is_told_as_it_was(peers, database):
    jobs = Jobs(database)
    jobs.cancel(jobs.add(NewJob("route", "CT to old_pacs", lane="old_pacs")))
    renamed(peers)
    (job,) = jobs.page(Selection(lane="new"), 9)
    assert (job.state, job.title) == ("cancelled", "CT to old_pacs")


def test_a_name_that_is_taken_or_set_elsewhere_is_refused(peers):
    for name in ("oldXpacs", "fixed"):
        with pytest.raises(Conflict, match=f"a peer '{name}' already"):
            renamed(peers, name)
    with pytest.raises(Refused):
        renamed(peers, "new", old="fixed")
    with pytest.raises(NotFound):
        renamed(peers, "new", old="nobody")
    assert peers.by_name("old_pacs") == OLD
