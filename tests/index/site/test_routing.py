"""Routing rules over a real index: what they are true of, and that each change counts exactly once."""

import time
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import select, update
from tests.instances import CT_IMAGE, MR_IMAGE, ROOT, numbered

from hounsfield.errors import NotFound
from hounsfield.index.clock import now_us
from hounsfield.index.site.jobs import Jobs, Selection, job
from hounsfield.index.site.routed import Match
from hounsfield.index.site.routing import RoutingRules, Rule, routing_cursor

KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"


@pytest.fixture
def rules(archive):
    return RoutingRules(archive.index.database)


@pytest.fixture
def jobs(archive):
    return Jobs(archive.index.database)


@pytest.fixture
def settle(archive):
    def all_of_them():
        time.sleep(0.002)  # what is quiet for 0 s came before this moment
        return archive.index.settle(0)

    return all_of_them


def rule(when="complete", destinations=("pacs2",), **match):
    wanted = {
        name: value if isinstance(value, str) else tuple(value) for name, value in match.items()
    }
    return Rule("A rule", when, Match(**wanted), destinations)


def added(jobs):
    return jobs.page(Selection(), 1000)


def test_a_complete_study_gets_one_job_for_each_destination(archive, rules, jobs, settle):
    rules.add(rule(destinations=("pacs2", "research")))
    archive.send(numbered(1, 1, 1))
    archive.send(numbered(1, 2, 2))
    assert rules.follow(0) == 0  # not complete yet
    settle()
    assert rules.follow(0) == 2
    assert rules.follow(0) == 0
    assert {job.lane for job in added(jobs)} == {"pacs2", "research"}
    assert {job.study_instance_uid for job in added(jobs)} == {f"{ROOT}.1"}
    assert {job.title for job in added(jobs)} == {
        "CT Head, 2024-01-31 to pacs2",
        "CT Head, 2024-01-31 to research",
    }
    assert rules.all()[0].last_job_us


def test_what_was_before_a_rule_is_not_of_it(archive, rules, settle):
    archive.send(numbered(1))
    settle()
    kept = rules.add(rule())
    assert rules.follow(0) == 0
    archive.send(numbered(2))
    settle()
    assert rules.follow(0) == 1
    rules.replace(Rule(**{**_fields(kept), "is_enabled": False}))
    archive.send(numbered(3))
    settle()
    assert rules.follow(0) == 0
    rules.replace(kept)
    assert rules.follow(0) == 0
    archive.send(numbered(4))
    settle()
    assert rules.follow(0) == 1


def test_a_rule_that_comes_beside_another_holds_from_then_on_too(archive, rules, jobs, settle):
    rules.add(rule())
    archive.send(numbered(1))
    settle()
    time.sleep(0.002)
    rules.add(Rule("Late", "complete", Match(), ("late",)))
    assert rules.follow(0) == 1
    assert [job.lane for job in added(jobs)] == ["pacs2"]


def _fields(one):
    return {name: getattr(one, name) for name in Rule.__dataclass_fields__}


@pytest.mark.parametrize(
    ("match", "is_matched"),
    [
        ({}, True),
        ({"source_ae_titles": ["CT2", "CT1"]}, True),
        ({"source_ae_titles": ["CT2"]}, False),
        ({"modalities": ["MR", "CT"]}, True),
        ({"modalities": ["C"]}, False),
        ({"study_description": "head*"}, True),
        ({"study_description": "HEAD w?o *"}, True),
        ({"study_description": "*100%*"}, True),
        ({"study_description": "*100_*"}, False),
        ({"study_description": "Head"}, False),
        ({"study_description": "*"}, True),
        ({"station_names": ['ST"1', "X"]}, True),
        ({"station_names": ["ST"]}, False),
        ({"sop_classes": [CT_IMAGE]}, True),
        ({"sop_classes": [MR_IMAGE]}, False),
        ({"source_ae_titles": ["CT1"], "modalities": ["CT"], "sop_classes": [CT_IMAGE]}, True),
        ({"source_ae_titles": ["CT1"], "modalities": ["MR"]}, False),
    ],
)
@pytest.mark.parametrize("when", ["complete", "received"])
def test_all_that_a_rule_names_must_be_true(archive, rules, settle, when, match, is_matched):
    rules.add(rule(when, **match))
    archive.send(numbered(1, StudyDescription="Head w/o 100% _", StationName='ST"1'), sender="CT1")
    settle()
    assert rules.follow(0) == is_matched
    studies, count = rules.studies_that_match(
        Match(**{n: v if isinstance(v, str) else tuple(v) for n, v in match.items()}), 20
    )
    assert count == len(studies) == is_matched


def test_all_must_be_true_of_one_instance(archive, rules, settle):
    rules.add(rule(modalities=["SR"], source_ae_titles=["CT1"]))
    archive.send(numbered(1, 1, 1), sender="CT1")
    archive.send(numbered(1, 2, 2, Modality="SR", SOPClassUID=KEY_OBJECT), sender="WORKSTATION")
    settle()
    assert rules.follow(0) == 0


def test_modality_and_sop_class_must_be_true_of_one_instance_too(archive, rules, settle):
    rules.add(rule(modalities=["CT"], sop_classes=[KEY_OBJECT]))
    archive.send(numbered(1, 1, 1))
    archive.send(numbered(1, 2, 2, Modality="KO", SOPClassUID=KEY_OBJECT))
    settle()
    assert rules.follow(0) == 0
    assert rules.studies_that_match(Match((), ("CT",), "", (), (KEY_OBJECT,)), 20) == ([], 0)
    assert rules.studies_that_match(Match((), ("KO",)), 20)[1] == 1


def test_received_sends_just_the_instances_that_match(archive, rules, jobs):
    rules.add(rule("received", sop_classes=[KEY_OBJECT]))
    for number in range(1, 6):
        archive.send(numbered(1, 1, number))
    assert rules.follow(0) == 0
    archive.send(numbered(1, 2, 6, Modality="KO", SOPClassUID=KEY_OBJECT))
    archive.send(numbered(1, 2, 7, Modality="KO", SOPClassUID=KEY_OBJECT))
    assert rules.follow(0) == 1
    assert arguments(archive, added(jobs)[0])["instances"] == [f"{ROOT}.1.2.6", f"{ROOT}.1.2.7"]
    assert added(jobs)[0].total == 2


def arguments(archive, job):
    from hounsfield.index.site.claims import Claims

    claims = Claims(archive.index.database, "test", ["send"])
    return {one.id: one.arguments for one in claims.claim(lambda _lane: 100, 100, 60)}[job.id]


def test_what_is_received_while_a_job_waits_goes_with_that_job(archive, rules, jobs):
    rules.add(rule("received"))
    archive.send(numbered(1, 1, 1))
    assert rules.follow(0) == 1
    archive.send(numbered(1, 1, 2))
    archive.send(numbered(2, 1, 1))
    assert rules.follow(0) == 1
    of_study = [job for job in added(jobs) if job.study_instance_uid == f"{ROOT}.1"]
    assert arguments(archive, of_study[0])["instances"] == [f"{ROOT}.1.1.1", f"{ROOT}.1.1.2"]
    archive.send(numbered(1, 1, 3))
    assert rules.follow(0) == 1  # the other has begun


@pytest.mark.parametrize("when", ["complete", "received"])
def test_a_rule_that_asks_for_commitment_says_so_to_its_jobs_and_to_those_that_wait(
    archive, rules, jobs, settle, when
):
    rules.add(rule(when))
    archive.send(numbered(1, 1, 1))
    settle()
    assert rules.follow(0) == 1
    asking = rules.add(replace(rule(when), name="Asks", asks_commitment=True))
    assert rules.get(asking.id).asks_commitment
    archive.send(numbered(1, 1, 2))
    archive.send(numbered(2, 1, 1))
    settle()
    assert rules.follow(0) == 1
    mine = {one.study_instance_uid: one for one in added(jobs)}
    told = [arguments_of(archive, one)["asks_commitment"] for one in mine.values()]
    assert told == [True, True]


def arguments_of(archive, one):
    statement = select(job.c.arguments).where(job.c.id == one.id)
    with archive.index.database.reading() as connection:
        return orjson.loads(connection.execute(statement).scalar())


def test_a_study_gets_at_most_one_job_in_the_time_named(archive, rules):
    rules.add(rule("received"))
    archive.send(numbered(1, 1, 1))
    assert rules.follow(0.2) == 1
    archive.send(numbered(2, 1, 1))
    assert rules.follow(0.2) == 0
    time.sleep(0.25)
    assert rules.follow(0.2) == 1


def test_a_reopened_study_is_sent_again_unless_a_job_for_it_has_not_begun(
    archive, rules, jobs, settle
):
    rules.add(rule())
    archive.send(numbered(1, 1, 1))
    settle()
    assert rules.follow(0) == 1
    archive.send(numbered(1, 1, 2))
    settle()
    assert rules.follow(0) == 0
    jobs.cancel(added(jobs)[0].id)
    archive.send(numbered(1, 1, 3))
    settle()
    assert rules.follow(0) == 1


def test_two_who_follow_at_the_same_time_add_each_job_once(archive, rules, jobs, settle):
    import threading

    rules.add(rule())
    for study in range(30):
        archive.send(numbered(study))
    settle()
    threads = [threading.Thread(target=rules.follow, args=(0,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(added(jobs)) == 30


def test_many_changes_are_passed_in_portions(archive, rules, jobs, settle):
    rules.add(rule())
    for study in range(8):
        archive.send(numbered(study))
    settle()
    rounds = 0
    while len(added(jobs)) < 8:
        rules.follow(0, limit=5)
        rounds += 1
        assert rounds < 10
    assert rounds > 1


def test_what_a_feed_made_anew_tells_again_is_passed_over(archive, rules, settle):
    rules.add(rule())
    archive.send(numbered(1))
    settle()
    rules.begin_here(60)
    assert rules.follow(0) == 0


def test_a_rebuilt_archive_routes_nothing_of_old_but_what_may_not_have_been_complete(
    archive, rules, settle
):
    rules.add(rule())
    archive.send(numbered(1))
    with archive.index.database.writing() as connection:  # as if this study was of long before
        connection.execute(update(routing_cursor).values(moved_us=now_us() + 3_600_000_000))
    rules.begin_here(60)
    settle()
    assert rules.follow(0) == 0
    with archive.index.database.writing() as connection:
        connection.execute(update(routing_cursor).values(moved_us=now_us()))
    rules.begin_here(60)
    archive.send(numbered(2))
    settle()
    assert rules.follow(0) == 1


def test_rules_are_kept_changed_and_removed(rules):
    kept = rules.add(rule(modalities=["CT"]))
    assert rules.get(kept.id) == kept
    changed = rules.replace(Rule(**{**_fields(kept), "name": "Another", "when": "received"}))
    assert rules.all() == [changed]
    assert (changed.name, changed.when, changed.match.modalities) == (
        "Another",
        "received",
        ("CT",),
    )
    assert changed.since_us == kept.since_us
    rules.remove(kept.id)
    assert rules.all() == []
    for forget in (rules.get, rules.remove):
        with pytest.raises(NotFound):
            forget(kept.id)


def test_the_newest_studies_come_first_among_those_that_match(archive, rules):
    for study in range(5):
        archive.send(numbered(study))
    found, count = rules.studies_that_match(Match(modalities=("CT",)), 3)
    assert [row.study_instance_uid for row in found] == [f"{ROOT}.{n}" for n in (4, 3, 2)]
    assert count == 5
