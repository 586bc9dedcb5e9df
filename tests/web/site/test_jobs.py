"""Jobs, lanes and sending by the JSON API."""

import pytest
from tests.instances import ROOT, numbered

from hounsfield.dicom.commitment import Reference
from hounsfield.index.clock import now_us
from hounsfield.index.site.claims import Claims, Ended
from hounsfield.index.site.commitment_records import Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import Jobs, NewJob
from hounsfield.index.site.sent import SentInstance, SentInstances

STUDY = f"{ROOT}.1"


@pytest.fixture
def study(site):
    for number in range(1, 4):
        site.put(numbered(1, 1, number))
    site.put(numbered(1, 2, 4))
    return STUDY


def send(site, study, status=201, **body):
    answer = site.client.post(f"/api/studies/{study}/send", json={"peer": "pacs1", **body})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_study_is_sent_by_a_job(site, study):
    job = send(site, study)
    assert job == {
        "id": job["id"],
        "kind": "send",
        "title": "CT Head, 2024-01-31 to pacs1",
        "PatientName": "",
        "peer": "pacs1",
        "study_instance_uid": STUDY,
        "state": "queued",
        "attempts": 0,
        "done": 0,
        "total": 4,
        "failed_instances": 0,
        "text": "",
        "next_try_us": None,
        "is_peer_paused": False,
        "created_us": job["created_us"],
        "started_us": None,
        "ended_us": None,
        "actor": "local",
    }
    assert site.client.get(f"/api/jobs/{job['id']}").json() == job | {
        "PatientName": "Doe^Jane",
        "failures": [],
    }


def test_some_series_of_a_study_are_sent(site, study):
    assert send(site, study, series_instance_uids=[f"{STUDY}.2"])["total"] == 1
    assert "has no series" in send(site, study, 404, series_instance_uids=["1.2"])["detail"]


@pytest.mark.parametrize(
    ("study", "peer", "status", "detail"),
    [
        (STUDY, "nobody", 400, "there is no peer 'nobody' (there: pacs1, any)"),
        (STUDY, "any", 400, "the peer 'any' has no host and port to send to"),
        ("1.2.3", "pacs1", 404, "there is no such study here"),
        (STUDY, "x" * 65, 400, "peer: String should have at most 64 characters"),
    ],
)
def test_what_cannot_be_sent_is_told(site, study, peer, status, detail):
    site.put(numbered(1))
    problem = send(site, study, status, peer=peer)
    assert problem["status"] == status
    assert problem["detail"] == detail


def test_jobs_are_listed_the_newest_first_by_state_and_page(site, study):
    ids = [send(site, study)["id"] for _ in range(5)]
    other = Jobs(site.index.database).add(NewJob("pull", "Pull", lane="pacs1"))
    site.client.post(f"/api/jobs/{ids[0]}/cancel")
    page = site.client.get("/api/jobs?page_size=2").json()
    assert [job["id"] for job in page["jobs"]] == [other, ids[4]]
    assert (page["total"], page["page"], page["page_size"]) == (6, 1, 2)
    assert page["counts"]["queued"] == 5
    assert page["counts"]["cancelled"] == 1
    assert page["counts"]["failed"] == 0
    page = site.client.get("/api/jobs?state=cancelled&state=failed").json()
    assert [job["id"] for job in page["jobs"]] == ids[:1]
    assert page["total"] == 1
    assert page["counts"]["queued"] == 5
    assert site.client.get("/api/jobs?kind=pull").json()["total"] == 1
    assert site.client.get(f"/api/jobs?study_instance_uid={STUDY}&peer=pacs1").json()["total"] == 5
    assert site.client.get("/api/jobs?state=lost").status_code == 400


def test_a_job_is_paused_resumed_cancelled_and_carried_out_again(site, study):
    job = f"/api/jobs/{send(site, study)['id']}"
    for action, state in (
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ):
        answer = site.client.post(f"{job}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    site.client.post(f"{job}/cancel")
    answer = site.client.post(f"{job}/pause")
    assert (answer.status_code, answer.json()["detail"]) == (409, "the job is cancelled")
    assert site.client.post("/api/jobs/none/pause").status_code == 404
    assert site.client.get("/api/jobs/none").status_code == 404


def test_each_instance_that_was_not_accepted_is_named(site, study):
    job_id = send(site, study)["id"]
    database = site.index.database
    SentInstances(database).note(
        job_id,
        "pacs1",
        [
            SentInstance("1.1", "a", STUDY, True, 0, "success", now_us()),
            SentInstance("1.2", "b", STUDY, False, 0xA900, "does not match", now_us()),
            SentInstance("1.3", "c", STUDY, False, None, "not taken", now_us() + 1),
        ],
    )
    claims = Claims(database, "test", ["send"])
    claims.claim(lambda _lane: 1, 1, 60)
    claims.note([], [Ended(job_id, "failed", "2 of 4 refused", 2, 4, 0, 0)], [], 60)
    job = site.client.get(f"/api/jobs/{job_id}").json()
    assert (job["state"], job["text"], job["failed_instances"]) == ("failed", "2 of 4 refused", 2)
    assert job["failures"] == [
        {"sop_instance_uid": "1.2", "status": "A900", "text": "does not match"},
        {"sop_instance_uid": "1.3", "status": None, "text": "not taken"},
    ]
    assert site.client.get("/api/jobs").json()["jobs"][0]["failed_instances"] == 2
    assert site.client.post(f"/api/jobs/{job_id}/retry").json()["failed_instances"] == 0


def test_what_a_peer_did_not_commit_is_named_by_the_job_that_asked(site, study):
    database = site.index.database
    job_id = Jobs(database).add(NewJob("commitment-request", "Commitment", lane="pacs1"))
    commitments = Commitments(database)
    references = [Reference("1.2.840.10008.5.1.4.1.1.2", f"1.{number}") for number in (1, 2, 3)]
    commitments.ask(Request("2.25.1", "PACS1", "HOUNSFIELD", references, job_id=job_id))
    assert site.client.get(f"/api/jobs/{job_id}").json()["failures"] == []
    commitments.answered("2.25.1", {"1.1": 0, "1.2": 0x0110})
    job = site.client.get(f"/api/jobs/{job_id}").json()
    assert job["failed_instances"] == 2
    assert [(one["sop_instance_uid"], one["status"]) for one in job["failures"]] == [
        ("1.2", "0110"),
        ("1.3", None),
    ]
    assert site.client.get("/api/jobs").json()["jobs"][0]["failed_instances"] == 2


def test_a_study_is_sent_with_the_wish_to_have_it_committed(site, study):
    job_id = send(site, study, asks_commitment=True)["id"]
    claims = Claims(site.index.database, "test", ["send"])
    (claimed,) = claims.claim(lambda _lane: 1, 1, 60)
    assert (claimed.id, claimed.arguments) == (job_id, {"asks_commitment": True})


def test_a_job_that_waits_has_no_next_try_while_its_peer_is_paused(site, study):
    job_id = send(site, study)["id"]
    claims = Claims(site.index.database, "test", ["send"])
    claims.claim(lambda _lane: 1, 1, 60)
    next_try_us = now_us() + 60_000_000
    claims.note([], [Ended(job_id, "waiting", "not there", 0, 4, 1, next_try_us)], [], 60)

    def told():
        one = site.client.get(f"/api/jobs/{job_id}").json()
        (listed,) = site.client.get("/api/jobs").json()["jobs"]
        assert {key: one[key] for key in listed} == listed
        return one["state"], one["next_try_us"], one["is_peer_paused"]

    assert told() == ("waiting", next_try_us, False)
    site.client.post("/api/peers/pacs1/pause")
    assert told() == ("waiting", None, True)
    site.client.post("/api/peers/pacs1/resume")
    assert told() == ("waiting", next_try_us, False)


def test_the_lane_of_a_peer_is_paused_and_resumed(site, study):
    send(site, study)
    lane = "/api/peers/pacs1"
    assert site.client.get(f"{lane}/lane").json() == {"is_paused": False, "queued": 1, "running": 0}
    assert site.client.post(f"{lane}/pause").json()["is_paused"]
    assert site.client.post(f"{lane}/pause").json()["is_paused"]
    assert site.client.get(f"{lane}/lane").json()["is_paused"]
    assert not site.client.post(f"{lane}/resume").json()["is_paused"]
    assert site.client.post("/api/peers/nobody/pause").status_code == 404
