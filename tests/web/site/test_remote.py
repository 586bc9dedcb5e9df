"""Other archives by the JSON API: what a peer answered, what of it is here, and pulls."""

import dataclasses

import pytest
from starlette.testclient import TestClient
from tests.dicomweb.conftest import SERVER
from tests.instances import ROOT, numbered

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.site.remote import RemoteAnswer
from hounsfield.dicom.query import Level
from hounsfield.errors import InvalidQuery, Unavailable
from hounsfield.index.site.jobs import Jobs
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.web.application import WebParts, web_app


class Asked:
    """A peer that answers what it is told to, and remembers what it was asked."""

    def __init__(self):
        self.queries = []
        self.answer = RemoteAnswer([], False, 1.5, [])
        self.problem = None

    def __call__(self, peer, query):
        self.queries.append((peer.name, query))
        if self.problem is not None:
            raise self.problem
        return self.answer


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def client(site, asked, tmp_path):
    peers = Peers(site.index.database, [Peer("PACS1", "127.0.0.1", 104, "pacs1")])
    parts = WebParts(
        site.store,
        Search(site.index),
        Retrieve(site.store.storage, site.index),
        site.index,
        tmp_path,
        SERVER,
        peers,
        ask_peer=asked,
    )
    with TestClient(web_app(parts), base_url="http://127.0.0.1") as opened:
        yield opened


def query(client, status=200, **body):
    answer = client.post("/api/peers/pacs1/query", json={"level": "study", **body})
    assert answer.status_code == status, answer.text
    return answer.json()


def uid(tag, value):
    return {tag: {"vr": "UI", "Value": [value]}}


def test_the_answers_come_with_keywords_and_with_what_is_here(client, site, asked):
    for number in (1, 2, 3):
        site.put(numbered(1, 1, number))
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}
    asked.answer = dataclasses.replace(
        asked.answer,
        matches=[
            uid("0020000D", f"{ROOT}.1")
            | {
                "00100010": {"vr": "PN", "Value": [name]},
                "00080061": {"vr": "CS", "Value": ["CT"]},
                "00201208": {"vr": "IS", "Value": [5]},
                "00081030": {"vr": "LO"},
                "00091001": {"vr": "LO", "Value": ["private"]},
            },
            uid("0020000D", f"{ROOT}.2"),
        ],
        has_more=True,
        warnings=["careful"],
    )
    found = query(client, match={"PatientName": "Yam*", "ModalitiesInStudy": ["CT", "MR"]}, limit=2)
    assert found == {
        "matches": [
            {
                "StudyInstanceUID": f"{ROOT}.1",
                "PatientName": "Yamada^Tarou=山田^太郎",
                "ModalitiesInStudy": ["CT"],
                "NumberOfStudyRelatedInstances": 5,
                "StudyDescription": "",
                "is_here": True,
                "number_here": 3,
            },
            {"StudyInstanceUID": f"{ROOT}.2", "is_here": False, "number_here": 0},
        ],
        "has_more": True,
        "milliseconds": 1.5,
        "warnings": ["careful"],
    }
    name, sent = asked.queries[0]
    assert name == "pacs1"
    assert (sent.level, sent.limit, sent.within_s) == (Level.STUDY, 2, 25.0)
    assert sent.match == {"PatientName": "Yam*", "ModalitiesInStudy": "CT\\MR"}


@pytest.mark.parametrize(
    ("level", "tag", "value", "number"),
    [("series", "0020000E", f"{ROOT}.1.1", 2), ("instance", "00080018", f"{ROOT}.1.1.2", 1)],
)
def test_series_and_instances_tell_what_is_here_too(client, site, asked, level, tag, value, number):
    site.put(numbered(1, 1, 1))
    site.put(numbered(1, 1, 2))
    answers = [uid(tag, value), uid(tag, "1.2.3"), {}]
    asked.answer = dataclasses.replace(asked.answer, matches=answers)
    found = query(client, level=level, match={"StudyInstanceUID": f"{ROOT}.1"})["matches"]
    assert [one["number_here"] for one in found] == [number, 0, 0]


@pytest.mark.parametrize(
    ("problem", "status"),
    [(Unavailable("PACS1 says nothing for 30 s"), 503), (InvalidQuery("wants the StudyInstanceUID"), 400)],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_words(client, asked, problem, status):
    asked.problem = problem
    assert query(client, status)["detail"] == str(problem)


@pytest.mark.parametrize(
    "body",
    [{"level": "patient"}, {"limit": 0}, {"limit": 10**9}, {"match": {"PatientName": 1}},
     {"match": {"PatientName": "x" * 5000}}, {"match": {str(n): "" for n in range(100)}}],
)  # fmt: skip
def test_a_request_that_is_wrong_reaches_no_peer(client, asked, body):
    query(client, 400, **body)
    assert not asked.queries
    assert client.post("/api/peers/nobody/query", json={"level": "study"}).status_code == 404


def test_a_pull_is_a_job(client, site):
    body = {
        "StudyInstanceUID": f"{ROOT}.1",
        "SeriesInstanceUIDs": [f"{ROOT}.1.2"],
        "PatientID": "P1",
    }
    answer = client.post("/api/peers/pacs1/pull", json=body)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["kind"], job["peer"], job["state"]) == ("pull", "pacs1", "queued")
    assert job["study_instance_uid"] == f"{ROOT}.1"
    assert Jobs(site.index.database).get(job["id"]).actor == "local"
    listed = client.get("/api/jobs?kind=pull&peer=pacs1").json()
    assert [one["id"] for one in listed["jobs"]] == [job["id"]]


def test_a_pull_is_called_by_what_the_peer_said_of_the_study_and_by_whose_it_is(client, site):
    site.put(numbered(1, PatientName="Doe^Jane"))
    known = {
        "StudyInstanceUID": f"{ROOT}.1", "StudyDescription": "CT chest", "StudyDate": "20240131",
        "ModalitiesInStudy": ["CT"],
    }  # fmt: skip
    for more, title in (
        (known, "Pull CT chest, 2024-01-31 from pacs1"),
        (
            known | {"StudyDescription": "Chest", "SeriesInstanceUIDs": ["1.2", "1.3"]},
            "Pull 2 series of CT Chest, 2024-01-31 from pacs1",
        ),
        ({"StudyInstanceUID": f"{ROOT}.1"}, f"Pull study {ROOT}.1 from pacs1"),
    ):
        answer = client.post("/api/peers/pacs1/pull", json=more)
        assert answer.json()["title"] == title
    listed = client.get("/api/jobs?kind=pull&peer=pacs1").json()["jobs"]
    assert {one["PatientName"] for one in listed} == {"Doe^Jane"}
    assert client.get(f"/api/jobs/{listed[0]['id']}").json()["PatientName"] == "Doe^Jane"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"StudyInstanceUID": ""}, 400), ({"StudyInstanceUID": "1.2*"}, 400),
     ({"StudyInstanceUID": "1.2", "SeriesInstanceUIDs": ["x"]}, 400)],
)  # fmt: skip
def test_a_pull_of_nothing_that_has_a_uid_is_none(client, body, status):
    assert client.post("/api/peers/pacs1/pull", json=body).status_code == status
    body = {"StudyInstanceUID": "1.2"}
    assert client.post("/api/peers/nobody/pull", json=body).status_code == 404
