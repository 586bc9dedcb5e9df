"""Transactions of storage commitment in the index."""

import time

import pytest
from sqlalchemy import select, update

from hounsfield.dicom.commitment import Reference
from hounsfield.index.database import Database, IndexConfig
from hounsfield.index.site.commitment_records import Request, commitment
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import NewJob, job
from hounsfield.index.site.takeover import take_over

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def database(tmp_path):
    opened = Database(IndexConfig(tmp_path / "index.db"))
    yield opened
    opened.close()


@pytest.fixture
def commitments(database):
    return Commitments(database)


def request(transaction_uid="1.2", *instances, peer="SCANNER", **more):
    references = [Reference(CT, uid) for uid in instances or ("1.2.3", "1.2.4")]
    return Request(transaction_uid, peer, "HOUNSFIELD", references, **more)


def take(commitments, wanted, holder="", hold_s=0.0):
    return commitments.take(wanted, NewJob("commitment", "title", lane="scanner"), holder, hold_s)


def jobs_of(database):
    with database.reading() as connection:
        return connection.execute(select(job)).all()


def test_a_request_is_kept_with_its_job_in_one_step(database, commitments):
    one = take(commitments, request())
    (queued,) = jobs_of(database)
    known = commitments.by_id(one)
    assert known.job_id == queued.id
    assert known.state == "asked"
    assert [ref.sop_instance_uid for ref in commitments.references(one)] == ["1.2.3", "1.2.4"]
    assert all(ref.failure_reason is None for ref in commitments.references(one))


# SC-05
def test_the_same_request_in_another_order_is_the_same_one_by_the_same_peer_only(commitments):
    one = take(commitments, request("1.2", "1.2.3", "1.2.4"))
    assert take(commitments, request("1.2", "1.2.4", "1.2.3")) == one
    stranger = take(commitments, request("1.2", "1.2.3", "1.2.4", peer="OTHER"))
    assert stranger != one
    assert {ref.failure_reason for ref in commitments.references(stranger)} == {0x0131}
    assert commitments.by_id(stranger).state == "checked"


def test_one_holder_at_a_time_may_report_and_none_when_it_is_reported(commitments):
    one = take(commitments, request())
    assert commitments.hold(one, "a", 60)
    assert commitments.hold(one, "a", 60)
    assert not commitments.hold(one, "b", 60)
    commitments.let_go("a")
    assert commitments.hold(one, "b", 0.01)
    time.sleep(0.02)
    assert commitments.hold(one, "a", 60)
    commitments.checked(one, {"1.2.3": 0, "1.2.4": 0x0112})
    commitments.reported(one)
    assert not commitments.hold(one, "a", 60)
    assert not commitments.by_id(one).is_held


def test_only_results_that_are_known_and_that_nobody_reports_are_looked_for(commitments):
    first, second, third = (take(commitments, request(f"1.2.{n}")) for n in range(3))
    assert commitments.unreported("SCANNER", "HOUNSFIELD") == []
    for one in (first, second, third):
        commitments.checked(one, {})
    commitments.hold(second, "somebody", 60)
    assert commitments.unreported("SCANNER", "HOUNSFIELD") == [first, third]
    assert commitments.unreported("SCANNER", "OTHER") == []
    assert commitments.unreported("OTHER", "HOUNSFIELD") == []


@pytest.mark.parametrize("role", ["scp", "scu"])
def test_a_job_that_waits_looks_again_when_what_it_waits_for_is_there(database, commitments, role):
    one = take(commitments, request())
    (queued,) = jobs_of(database)
    if role == "scu":
        one = commitments.ask(request("1.9", job_id=queued.id))
    later = 10**18
    with database.writing() as connection:
        connection.execute(update(job).values(state="waiting", next_try_us=later))
    if role == "scu":
        assert commitments.answered("1.9", {"1.2.3": 0}).id == one
        assert commitments.of_job(queued.id).state == "answered"
    else:
        commitments.reported(one)
    assert jobs_of(database)[0].next_try_us < later


def test_what_was_never_asked_has_no_answer(commitments):
    take(commitments, request("1.2"))
    assert commitments.answered("1.2", {"1.2.3": 0}) is None
    assert commitments.by_id("nothing") is None
    assert commitments.of_job("nothing") is None


def test_what_ended_long_ago_is_forgotten(database, commitments):
    old, recent = take(commitments, request("1.1")), take(commitments, request("1.2"))
    for one in (old, recent):
        commitments.reported(one)
    with database.writing() as connection:
        connection.execute(update(commitment).where(commitment.c.id == old).values(ended_us=1))
    take(commitments, request("1.3"))
    assert commitments.by_id(old) is None
    assert commitments.references(old) == []
    assert commitments.by_id(recent) is not None


def test_what_never_came_to_an_end_is_forgotten_too(database, commitments):
    old, recent = take(commitments, request("1.1")), take(commitments, request("1.2"))
    commitments.checked(old, {"1.2.3": 0, "1.2.4": 0})
    with database.writing() as connection:
        connection.execute(update(commitment).where(commitment.c.id == old).values(created_us=1))
    take(commitments, request("1.3"))
    assert commitments.by_id(old) is None
    assert commitments.by_id(recent) is not None


def test_transactions_are_taken_over_into_an_index_made_anew(database, commitments, tmp_path):
    one = take(commitments, request())
    commitments.checked(one, {"1.2.3": 0, "1.2.4": 0x0112})
    anew = Database(IndexConfig(tmp_path / "anew.db"))
    try:
        take_over(tmp_path / "index.db", anew)
        assert Commitments(anew).by_id(one).state == "checked"
        assert [ref.failure_reason for ref in Commitments(anew).references(one)] == [0, 0x0112]
    finally:
        anew.close()
