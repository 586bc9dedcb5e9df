"""`hounsfield query`, `pull` and `worklist` against pynetdicom's SCP; without a server of ours."""

import socket

import pytest
from tests.dimse.answering_peer import answering_peer
from tests.instances import ROOT, numbered

from hounsfield.cli.output import ExitCode


@pytest.fixture
def port():
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def peer(port):
    with answering_peer() as running:
        for study in (1, 2):
            for number in (1, 2, 3):
                running.add(numbered(study, 1, number))
        running.addresses = {"HOUNSFIELD": ("127.0.0.1", port)}
        yield running


@pytest.fixture
def pacs(peer):
    return f"PACS2@127.0.0.1:{peer.port}"


@pytest.fixture
def environment(port):
    return {"HOUNSFIELD_DIMSE_PORT": str(port), "HOUNSFIELD_DIMSE_HOST": "127.0.0.1"}


def test_an_archive_is_asked_and_says_what_is_here(run, pacs):
    answer = run("query", pacs, "PatientName=Doe*", "--json")
    assert [one["StudyInstanceUID"] for one in answer.json] == [f"{ROOT}.1", f"{ROOT}.2"]
    assert [one["number_here"] for one in answer.json] == [0, 0]
    run("pull", pacs, f"{ROOT}.1", "--method", "get")
    answer = run("query", pacs, "--json")
    assert [one["number_here"] for one in answer.json] == [3, 0]
    table = run("query", pacs, "--level", "series", f"StudyInstanceUID={ROOT}.1").out
    assert f"{ROOT}.1.1" in table
    assert "Axial" in table
    assert "nothing matches" in run("query", pacs, "PatientID=nobody").out


def test_a_limit_is_told(run, pacs):
    answer = run("query", pacs, "--limit", 1, "--json")
    assert len(answer.json) == 1
    assert "these are the first 1" in answer.err


def test_wrong_keys_are_told_before_anybody_is_asked(run, pacs, peer):
    assert "is not KEY=VALUE" in run("query", pacs, "PatientID", code=ExitCode.USAGE).err
    assert "'Nonsense'" in run("query", pacs, "Nonsense=1", code=ExitCode.FAILED).err
    assert "no peer" in run("query", "nobody", code=ExitCode.USAGE).err
    assert not peer.asked


@pytest.mark.parametrize("method", ["get", "move"])
def test_studies_are_pulled_without_a_server(run, pacs, environment, method):
    command = ("pull", pacs, f"{ROOT}.1", f"{ROOT}.2", "--method", method, "--json")
    lines = run(*command, environment=environment).json_lines
    assert [one["outcome"] for one in lines] == ["pulled", "pulled"]
    assert [(one["done"], one["total"]) for one in lines] == [(3, 3), (3, 3)]
    assert len(run("find", "--json").json) == 2
    again = run("pull", pacs, f"{ROOT}.1", environment=environment)
    assert "all 3 are here already" in again.out


def test_what_cannot_be_pulled_is_told(run, pacs, environment):
    answer = run("pull", pacs, "1.2.3", environment=environment, code=ExitCode.FAILED)
    assert "no such study" in answer.out
    assert "is no UID" in run("pull", pacs, "1.2*", code=ExitCode.FAILED).err
    nobody = "PACS2@127.0.0.1:1"
    answer = run("pull", nobody, "1.2.3", environment=environment, code=ExitCode.UNAVAILABLE)
    assert "no connection" in answer.out


def test_a_pull_can_be_left_to_the_server(run, pacs, peer):
    run("peer", "add", "pacs2", pacs)
    lines = run("pull", "pacs2", f"{ROOT}.1", "--background", "--json").json_lines
    assert [one["StudyInstanceUID"] for one in lines] == [f"{ROOT}.1"]
    jobs = run("jobs", "list", "--json")
    assert lines[0]["job"] in jobs.out
    assert not peer.asked


def test_a_name_cannot_talk_to_the_terminal(run, pacs, peer):
    peer.instances[0].PatientName = "Doe^\x1b[31mRed"
    assert "\x1b" not in run("query", pacs).out
