"""`hounsfield jobs`, `forward` and `route`, on an archive that no server runs on."""

import time

import pytest
from tests.instances import ROOT, numbered
from tests.live import live_server

STUDY = f"{ROOT}.1"
SETTINGS = """
[dimse.peers.pacs2]
ae_title = "PACS2"
host = "127.0.0.1"
port = 1
[dimse.peers.scanner]
ae_title = "CT1"
"""


@pytest.fixture
def filled(run, tmp_path):
    """An archive with one study of two series and a peer that nobody answers for."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hounsfield.toml").write_text(SETTINGS)
    disc = tmp_path / "disc"
    disc.mkdir()
    for number in range(1, 4):
        (disc / f"{number}.dcm").write_bytes(numbered(1, 1 + number // 3, number))
    run("import", disc)
    return run


def test_a_study_is_forwarded_by_a_job_that_waits_for_a_server(filled):
    out = filled("forward", STUDY, "pacs2").out
    assert "3 instances to pacs2" in out
    assert "hounsfield serve --data" in out
    (job,) = filled("jobs", "list", "--json").json
    assert (job["state"], job["peer"], job["total"]) == ("queued", "pacs2", 3)
    assert "CT Head, 2024-01-31 to pacs2" in filled("jobs", "list").out
    assert "state: queued" in filled("jobs", "show", job["id"][:8]).out


def test_a_series_is_forwarded(filled):
    job = filled("forward", STUDY, "pacs2", "--series", f"{STUDY}.2", "--json").json
    assert job["total"] == 1


def test_a_study_is_forwarded_with_the_wish_to_have_it_committed(filled):
    assert filled("forward", STUDY, "pacs2", "--commit", "--json").json["state"] == "queued"


@pytest.mark.parametrize(
    ("study", "peer", "text"),
    [
        ("1.2.3", "pacs2", "no such study"),
        (STUDY, "nobody", "no peer 'nobody' (there: pacs2, scanner)"),
        (STUDY, "scanner", "has no host"),
    ],
)
def test_what_cannot_be_forwarded_is_told(filled, study, peer, text):
    assert text in filled("forward", study, peer, code=1).err


def test_jobs_are_paused_resumed_cancelled_and_carried_out_again(filled):
    job = filled("forward", STUDY, "pacs2", "--json").json["id"]
    for action, state in (
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ):
        assert filled("jobs", action, job, "--json").json["state"] == state
    assert f"job {job[:8]} is cancelled" in filled("jobs", "cancel", job[:6]).out
    assert "the job is cancelled" in filled("jobs", "pause", job, code=1).err
    assert "no such job" in filled("jobs", "pause", "nothing", code=1).err
    assert filled("jobs", "list", "--json", "--state", "queued").json == []
    assert len(filled("jobs", "list", "--json", "--state", "cancelled").json) == 1


def test_a_server_carries_out_what_was_added_without_it(filled, tmp_path):
    job = filled("forward", STUDY, "pacs2", "--json").json["id"]
    with live_server(tmp_path / "data"):
        for _ in range(500):
            shown = filled("jobs", "show", job, "--json").json
            if shown["state"] == "waiting":
                break
        assert shown["state"] == "waiting", shown
        assert "no connection to 127.0.0.1:1" in shown["text"]
        assert "hounsfield serve" not in filled("forward", STUDY, "pacs2").out


def test_rules_are_added_listed_disabled_and_removed(filled):
    added = filled(
        "route", "add", "Heads", "--to", "pacs2", "--modality", "CT", "--modality", "MR",
        "--description", "head*", "--from", "CT1", "--when", "received",
    )  # fmt: skip
    sentence = (
        "Heads: from CT1, modality CT/MR, description head*, each instance as received, to pacs2"
    )
    assert added.out.strip() == sentence
    assert filled("route", "list").out.strip() == sentence
    assert filled("route", "disable", "Heads").out.strip() == f"{sentence} (disabled)"
    (rule,) = filled("route", "list", "--json").json
    assert (rule["is_enabled"], rule["destinations"]) == (False, ["pacs2"])
    assert rule["match"]["modalities"] == ["CT", "MR"]
    assert filled("route", "enable", rule["id"], "--json").json["is_enabled"]
    assert (
        "there is a rule 'Heads' already"
        in filled("route", "add", "Heads", "--to", "pacs2", code=1).err
    )
    assert "no peer 'nobody'" in filled("route", "add", "X", "--to", "nobody", code=1).err
    asking = filled("route", "add", "Kept", "--to", "pacs2", "--commit")
    assert asking.out.strip().endswith("to pacs2, asked to commit it")
    assert [one["asks_commitment"] for one in filled("route", "list", "--json").json] == [
        False,
        True,
    ]
    filled("route", "remove", "Kept")
    assert "removed" in filled("route", "remove", "Heads").out
    assert filled("route", "list").out.strip() == "there are no routing rules"
    assert "no routing rule" in filled("route", "remove", "Heads", code=1).err


def test_a_rebuilt_index_still_has_rules_and_jobs_and_sends_nothing_anew(filled, tmp_path):
    filled("route", "add", "All", "--to", "pacs2")
    job = filled("forward", STUDY, "pacs2", "--json").json["id"]
    filled("jobs", "pause", job)
    time.sleep(2.5)  # what came just before may not have been complete
    quick = {"HOUNSFIELD_COMPLETE_AFTER_S": "0.1"}
    filled("rebuild", environment=quick)
    with live_server(tmp_path / "data", environment=quick):
        deadline = time.monotonic() + 20
        while filled("find", "--json").json[0]["status"] != "complete":
            assert time.monotonic() < deadline
        time.sleep(1.5)  # the rules are followed each second
        assert [one["id"] for one in filled("jobs", "list", "--json").json] == [job]
    assert filled("route", "list").out.startswith("All: everything")
