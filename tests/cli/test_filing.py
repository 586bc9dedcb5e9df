import hashlib
import shutil
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from tests.live import live_server

CT = Path(get_testdata_file("CT_small.dcm"))
MR = Path(get_testdata_file("MR_small.dcm"))
CT_STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


@pytest.fixture
def folder(tmp_path):
    """Two images, a ZIP with one of them again, a text, an empty file and an image cut short."""
    made = tmp_path / "in"
    (made / "deep").mkdir(parents=True)
    shutil.copy(CT, made / "deep" / "scan.txt")
    shutil.copy(MR, made / "IM0001")
    with zipfile.ZipFile(made / "disc.zip", "w") as disc:
        disc.write(CT, "images/ct")
    (made / "notes.txt").write_text("no image")
    (made / "nothing").touch()
    (made / "short.dcm").write_bytes(get_bytes(CT)[:20_000])
    return made


def get_bytes(path):
    return Path(path).read_bytes()


def test_import_says_what_became_of_every_file_and_fails_for_a_damaged_one(run, folder):
    result = run("import", folder, "--json", code=1)
    *lines, last = result.json_lines
    outcomes = {Path(line["name"]).name: line["outcome"] for line in lines}
    assert outcomes == {
        "scan.txt": "stored" if outcomes["ct"] == "duplicate" else "duplicate",
        "ct": outcomes["ct"],
        "IM0001": "stored",
        "notes.txt": "skipped",
        "nothing": "skipped",
        "short.dcm": "failed",
    }
    assert {outcomes["scan.txt"], outcomes["ct"]} == {"stored", "duplicate"}
    summary = last["summary"]
    assert {name: summary[name] for name in ("stored", "duplicate", "skipped", "failed")} == {
        "stored": 2, "duplicate": 1, "skipped": 2, "failed": 1,
    }  # fmt: skip
    assert sum(reason["files"] for reason in summary["reasons"]) == 3
    assert all(line["reason"] for line in lines if line["outcome"] in {"skipped", "failed"})


def test_import_for_people_counts_by_reason_and_lists_all_when_verbose(run, folder):
    result = run("import", folder, "--verbose", code=1)
    assert "2 stored" in result.out
    assert "1 were here already" in result.out
    assert "1 an empty file" in result.out
    assert f"stored    {folder / 'IM0001'}" in result.err + result.out


def test_the_same_import_again_changes_nothing(run, folder):
    (folder / "short.dcm").unlink()
    run("import", folder)
    before = run("find", "--json").json
    again = run("import", folder, "--json").json_lines[-1]["summary"]
    assert (again["stored"], again["duplicate"], again["version"]) == (0, 3, 0)
    assert run("find", "--json").json == before


def test_a_file_that_is_imported_comes_back_to_the_byte(run, folder, tmp_path):
    run("import", CT)
    out = tmp_path / "out"
    result = run("export", CT_STUDY, out, "--json")
    line, last = result.json_lines
    assert last == {"summary": {"written": 1, "present": 0, "failed": 0}}
    assert Path(line["path"]).read_bytes() == CT.read_bytes()
    assert Path(line["path"]).is_relative_to(out)


def test_an_export_again_writes_what_is_missing_and_overwrites_nothing(run, tmp_path):
    run("import", CT)
    path = Path(run("export", CT_STUDY, tmp_path / "out", "--json").json_lines[0]["path"])
    assert run("export", CT_STUDY, tmp_path / "out", "--json").json_lines[-1] == {
        "summary": {"written": 0, "present": 1, "failed": 0}
    }
    path.write_bytes(b"something of the user's own")
    result = run("export", CT_STUDY, tmp_path / "out", code=1)
    assert "another file is there" in result.err + result.out
    assert path.read_bytes() == b"something of the user's own"


def test_a_damaged_object_is_not_exported_as_if_it_were_whole(run, tmp_path):
    run("import", CT)
    (stored,) = (tmp_path / "data" / "objects").rglob("*.dcm")
    stored.chmod(0o640)
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    result = run("export", CT_STUDY, tmp_path / "out", "--json", code=1)
    assert result.json_lines[0]["outcome"] == "failed"
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_a_study_that_is_not_there_cannot_be_exported(run, tmp_path):
    run("import", CT)
    assert "no such study" in run("export", "1.2.3", tmp_path / "out", code=1).err


def test_a_path_that_is_not_there_is_wrong_usage(run, tmp_path):
    run("import", tmp_path / "nowhere", code=2)


def test_without_space_the_import_stops_and_says_so(run, folder):
    result = run("import", folder, code=1, environment={"HOUNSFIELD_RESERVE_BYTES": str(1 << 62)})
    assert "stopped" in result.err
    assert "0 stored" in result.out


def test_files_can_be_imported_while_a_server_runs_and_are_found_by_it(run, tmp_path):
    with live_server(tmp_path / "data"):
        run("import", CT, MR)
        names = {study["PatientName"] for study in run("find", "--json").json}
    assert names == {str(pydicom.dcmread(path).PatientName) for path in (CT, MR)}


def test_stored_files_carry_their_hash_in_their_name(run, tmp_path):
    run("import", CT)
    (stored,) = (tmp_path / "data" / "objects").rglob("*.dcm")
    assert stored.name.split(".")[-2] == hashlib.sha256(CT.read_bytes()).hexdigest()[:32]


@pytest.mark.parametrize("command", [("import",), ("order", "list")])
def test_what_lies_in_a_data_folder_is_not_for_everybody_on_the_machine(run, tmp_path, command):
    if command[0] == "import":
        command = (*command, get_testdata_file("CT_small.dcm"))
    else:
        run("import", get_testdata_file("CT_small.dcm"))
    run(*command)
    assert (tmp_path / "data").stat().st_mode & 0o007 == 0
