"""`hounsfield delete` and `hounsfield trash`."""

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

CT = get_testdata_file("CT_small.dcm")


@pytest.fixture
def study(run):
    run("import", CT)
    return str(dcmread(CT, stop_before_pixels=True).StudyInstanceUID)


def test_a_study_is_deleted_listed_and_brought_back(run, study):
    assert "trash is empty" in run("trash", "list").out
    deleted = run("delete", study, "--reason", "a trial", "--json").json
    assert (deleted["state"], deleted["instances"], deleted["reason"]) == ("trash", 1, "a trial")
    assert run("find", "--json").json == []
    assert run("trash", "list", "--json").json == deleted
    assert "a trial" in run("trash", "list").out
    assert run("trash", "restore", deleted["uid"], "--json").json["state"] == "restored"
    assert len(run("find", "--json").json) == 1
    run("check")


def test_what_is_purged_is_gone_for_good(run, study):
    uid = run("delete", study, "--json").json["uid"]
    assert "already" in run("delete", study, code=1).err
    assert run("trash", "purge", "--all", "--json").json["state"] == "purged"
    assert "already" in run("trash", "restore", uid, code=1).err
    assert "trash is empty" in run("trash", "list").out


def test_what_was_deleted_stays_deleted_when_the_index_is_made_anew(run, study, tmp_path):
    run("delete", study)
    run("rebuild")
    assert run("find", "--json").json == []
    assert len(run("trash", "list", "--json").json_lines) == 1
    (tmp_path / "data" / "index.db").unlink()
    run("rebuild")
    assert run("find", "--json").json == []
    (deleted,) = run("trash", "list", "--json").json_lines
    run("trash", "restore", deleted["uid"])
    assert len(run("find", "--json").json) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("trash", "purge"),
        ("trash", "purge", "x", "--all"),
        ("delete", "1.2", "--instance", "1.2.3"),
    ],
)
def test_half_a_name_is_wrong_usage(run, study, arguments):
    run(*arguments, code=2)


def test_what_there_is_not_cannot_be_deleted(run, study):
    run("delete", "1.9", code=1)
    run("trash", "restore", "1.9", code=1)
