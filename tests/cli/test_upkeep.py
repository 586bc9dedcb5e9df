import sqlite3
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from tests.live import live_server

from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.jobs import Jobs, NewJob

NAMES = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")


@pytest.fixture
def filled(run):
    run("import", *(Path(get_testdata_file(name)) for name in NAMES))
    return run


def objects(tmp_path):
    return sorted((tmp_path / "data" / "objects").rglob("*.dcm"))


def test_check_of_a_whole_archive_finds_nothing(filled):
    assert "all is well" in filled("check").out
    assert filled("check", "--json").json_lines == [
        {"summary": {"objects": 3, "damaged": 0, "missing": 0, "orphaned": 0, "foreign": 0}}
    ]


def test_check_names_what_is_damaged_missing_and_foreign(filled, tmp_path):
    damaged, missing, _whole = objects(tmp_path)
    damaged.chmod(0o640)
    damaged.write_bytes(damaged.read_bytes()[:-2])
    missing.unlink()
    (tmp_path / "data" / "objects" / "notes.txt").write_text("?")
    *lines, last = filled("check", "--json", code=1).json_lines
    found = {line["problem"]: Path(line["key"]).name for line in lines}
    assert found == {"damaged": damaged.name, "missing": missing.name, "foreign": "notes.txt"}
    assert last["summary"]["damaged"] == 1
    assert damaged.name in filled("check", code=1).out


def test_rebuild_gives_the_same_answers(filled, tmp_path):
    before = filled("find", "--json").json
    with sqlite3.connect(tmp_path / "data" / "index.db") as database:
        database.execute("DELETE FROM instance")
    database.close()
    filled("check", code=1)
    assert filled("rebuild", "--json").json_lines == [{"summary": {"indexed": 3, "failed": 0}}]
    assert filled("find", "--json").json == before
    filled("check")
    assert sorted(path.name for path in (tmp_path / "data").glob("index*")) == [
        "index.db",
        "index.db-turn",
    ]


def test_rebuild_keeps_what_the_site_has_set_up(filled, tmp_path):
    with open_index(IndexConfig(tmp_path / "data" / "index.db")) as index:
        job_id = Jobs(index.database).add(NewJob("send", "CT to PACS", lane="PACS"))
    filled("rebuild")
    with sqlite3.connect(tmp_path / "data" / "index.db") as database:
        assert database.execute("SELECT id, title FROM job").fetchall() == [(job_id, "CT to PACS")]
    database.close()


def test_rebuild_keeps_an_old_index_that_cannot_be_read_and_says_so(filled, tmp_path):
    old = tmp_path / "data" / "index.db"
    old.write_bytes(b"\0" * 8192)
    lines = filled("rebuild", "--json", code=1).json_lines
    assert lines == [
        {"table": "everything", "outcome": "damaged"},
        {"summary": {"indexed": 3, "failed": 0}},
    ]
    (kept,) = (tmp_path / "data").glob("index.damaged-*.db")
    assert kept.read_bytes() == b"\0" * 8192
    assert len(filled("find", "--json").json) == 3


def test_rebuild_names_what_it_could_not_index_and_keeps_it(filled, tmp_path):
    damaged = objects(tmp_path)[0]
    damaged.chmod(0o640)
    damaged.write_bytes(damaged.read_bytes()[:-2])
    line, last = filled("rebuild", "--json", code=1).json_lines
    assert Path(line["key"]).name == damaged.name
    assert last == {"summary": {"indexed": 2, "failed": 1}}
    assert damaged.exists()


def test_rebuild_is_refused_while_a_server_runs(filled, tmp_path):
    with live_server(tmp_path / "data") as server:
        result = filled("rebuild", code=3)
        assert f"in use by hounsfield serve (pid {server.process.pid})" in result.err
        assert len(filled("find", "--json").json) == 3


def test_without_its_index_an_archive_finds_its_objects_again_at_the_next_start(filled, tmp_path):
    def studies():
        return [study | {"patient_key": None} for study in filled("find", "--json").json]

    before = studies()
    for path in (tmp_path / "data").glob("index.db*"):
        path.unlink()
    with live_server(tmp_path / "data"):
        assert studies() == before


def test_a_damaged_index_is_named_with_its_cure_and_can_be_made_anew(filled, tmp_path):
    before = filled("find", "--json").json
    index = tmp_path / "data" / "index.db"
    index.write_bytes(b"no database at all" * 1000)
    refused = filled("find", code=3)
    assert "index.db cannot be read" in refused.err
    assert "hounsfield rebuild" in refused.err
    filled("rebuild", code=1)  # peers, orders and jobs cannot be told from the objects
    assert filled("find", "--json").json == before
