"""Check, sweep, rebuild, import, export and settle, over real files in a folder."""

import io
import zipfile
from pathlib import Path

import pytest
from tests.instances import numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.check import check
from hounsfield.archive.exporting import export, named_instances
from hounsfield.archive.importing import import_paths
from hounsfield.archive.rebuild import rebuild
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore, Source, StorePolicy
from hounsfield.archive.sweep import sweep
from hounsfield.dicom.query import Level, Query
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

SOURCE = Source(LOCAL, "import", "disc")


class Place:
    """An archive in a folder that can be closed and opened again, with or without its index."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open()

    def open(self, name: str = "index.db") -> None:
        self.storage = FilesystemStorage(FilesystemConfig(self.root, reserve_bytes=0))
        self.index = open_index(IndexConfig(self.root / name))
        self.store = InstanceStore(self.storage, self.index)

    def put(self, content: bytes):
        spool = self.store.spool()
        spool.write(content)
        return self.store.store_instance(spool, SOURCE)

    def paths(self) -> list[Path]:
        return sorted((self.root / "objects").rglob("*.dcm"))

    def answers(self) -> list:
        search = Search(self.index)
        return [
            sorted(repr(found.attributes) for found in search.search(LOCAL, Query(level)))
            for level in Level
        ]

    def findings(self) -> list[str]:
        return sorted(finding.problem for finding in check(self.storage, self.index))


@pytest.fixture
def place(tmp_path):
    opened = Place(tmp_path / "data")
    yield opened
    opened.index.close()


def fill(place, count=3):
    for n in range(1, count + 1):
        place.put(numbered(n))


def test_check_names_what_is_damaged_missing_orphaned_and_foreign(place):
    fill(place, 4)
    damaged, missing, orphaned, _ = place.paths()
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    moved = orphaned.read_bytes()
    missing.unlink()
    (orphaned.parent / "notes.txt").write_text("not ours")
    assert place.findings() == ["damaged", "foreign", "missing"]
    place.index.close()
    place.open("other.db")
    assert place.findings() == ["damaged", "foreign", "orphaned", "orphaned"]
    assert orphaned.read_bytes() == moved


def test_a_sweep_takes_in_what_has_no_row_and_removes_what_was_not_finished(place):
    fill(place)
    before = place.answers()
    (place.root / "spool" / "999999999-left").write_bytes(b"half")
    place.index.close()
    place.open("lost.db")
    swept = sweep(place.store)
    assert (swept.adopted, swept.damaged, swept.spool_files) == (3, 0, 1)
    assert place.answers() == before
    assert place.findings() == []


def test_a_sweep_never_removes_an_object_it_cannot_vouch_for(place):
    fill(place)
    first = place.paths()[0]
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(content)
    place.index.close()
    place.open("lost.db")
    swept = sweep(place.store)
    assert (swept.adopted, swept.damaged) == (2, 1)
    assert first.read_bytes() == content
    assert place.findings() == ["damaged"]


@pytest.mark.parametrize("again", [rebuild, sweep])
def test_versions_once_taken_are_kept_whatever_the_policy_is_by_now(place, again):  # STO-04
    for description in ("Head", "Neck"):
        place.put(numbered(1, StudyDescription=description))
    before = place.answers()
    place.index.close()
    place.open("lost.db")
    again(InstanceStore(place.storage, place.index, policy=StorePolicy("keep-first")))
    assert len(place.paths()) == 2
    assert place.answers() == before
    assert place.findings() == []


def test_a_rebuilt_index_answers_as_the_old_one_did(place):
    fill(place, 5)
    place.put(numbered(1) + b"\0\0")  # another version of the first
    before = place.answers()
    place.index.close()
    place.open("new.db")
    rebuilt = rebuild(place.store)
    assert (rebuilt.indexed, rebuilt.failed) == (6, [])
    assert place.answers() == before
    assert place.findings() == []


def test_an_import_says_of_each_file_what_became_of_it_and_can_be_repeated(place, tmp_path):
    folder = tmp_path / "disc" / "IMAGES"
    folder.mkdir(parents=True)
    (folder / "A").write_bytes(numbered(1))
    (folder / "notes.txt").write_text("hello")
    (folder / "B.dcm").write_bytes(numbered(2)[:-7])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/C", numbered(3))
    (folder / "more.zip").write_bytes(packed.getvalue())
    found = {
        Path(one.name).name: one.outcome
        for one in import_paths(place.store, [tmp_path / "disc"], SOURCE)
    }
    assert found == {"A": "stored", "B.dcm": "failed", "C": "stored", "notes.txt": "skipped"}
    again = [one.outcome for one in import_paths(place.store, [tmp_path / "disc"], SOURCE)]
    assert sorted(again) == ["duplicate", "duplicate", "failed", "skipped"]
    assert place.index.totals().instances == 2


@pytest.mark.parametrize("is_zipped", [False, True])
def test_an_import_brings_back_objects_that_were_lost(place, tmp_path, is_zipped):  # STO-02
    file = tmp_path / "in" / ("disc.zip" if is_zipped else "one.dcm")
    file.parent.mkdir()
    if is_zipped:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("one.dcm", numbered(1))
    else:
        file.write_bytes(numbered(1))
    list(import_paths(place.store, [file], SOURCE))
    (lost,) = place.paths()
    lost.unlink()
    (imported,) = import_paths(place.store, [file], SOURCE)
    assert imported.outcome == "duplicate"
    assert place.paths() == [lost]
    assert place.findings() == []


def test_an_export_writes_the_stored_bytes_under_readable_names(place, tmp_path):
    content = numbered(1)
    study = place.put(content).identity.study_instance_uid
    retrieve = Retrieve(place.storage, place.index)
    named = named_instances(Search(place.index), retrieve, LOCAL, study)
    (written,) = export(retrieve, named, tmp_path / "out")
    path = written.path
    assert path.read_bytes() == content
    assert "Doe" in str(path.relative_to(tmp_path / "out"))
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_study_is_complete_when_nothing_came_for_a_while(place):
    fill(place, 1)

    def status():
        return Search(place.index).search(LOCAL, Query(Level.STUDY))[0].state.status

    assert place.index.settle(3600) == 0
    assert status() == "receiving"
    assert place.index.settle(0) == 1
    assert status() == "complete"
    assert place.index.changes_since(0)[-1].kind == "complete"
    place.put(numbered(1) + b"\0\0")
    assert status() == "receiving"
