"""The power fails: synced objects stay, the last commits are gone, and the next start finds them again."""

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.instances import numbered

from hounsfield.app.child import Orders
from hounsfield.app.lock import INDEX, FolderLock
from hounsfield.app.worker_process import run_sweep
from hounsfield.archive.access import LOCAL
from hounsfield.archive.check import check
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.archive.sweep import sweep
from hounsfield.dicom.query import Level, Query
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.settings.model import Settings
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

SOURCE = Source(LOCAL, "import", "disc")
DAY_US = 86_400_000_000


def store_of(folder: Path, index) -> InstanceStore:
    return InstanceStore(FilesystemStorage(FilesystemConfig(folder, reserve_bytes=0)), index)


def put(store: InstanceStore, content: bytes, received_us: int | None = None) -> str:
    spool = store.spool()
    spool.write(content)
    return store.store_instance(spool, SOURCE, received_us=received_us).sha256


def answers(index) -> list[list[str]]:
    search = Search(index)
    return [
        sorted(repr(found.attributes) for found in search.search(LOCAL, Query(level)))
        for level in Level
    ]


def shown(index) -> list[str]:
    return [one.sha256 for one in index.locate("2.25.4711.1")]


def after_the_cut(store: InstanceStore, unclean_since: float | None = None):
    """Sweep a folder and see that everything in it is well."""
    swept = sweep(store, unclean_since)
    assert list(check(store.storage, store.index)) == []
    return swept


@pytest.mark.parametrize("kept", [0, 1, 40, 97])
def test_a_journal_that_is_cut_off_anywhere_is_made_whole_from_the_objects(tmp_path, kept):
    # STO-02; `kept` is in percent
    before, after = tmp_path / "before", tmp_path / "after"
    with open_index(IndexConfig(before / "index.db")) as index:
        store = store_of(before, index)
        for number in range(12):
            put(store, numbered(1 + number % 3, 1, number, PatientName=f"Doe^{number % 3}"))
            put(store, numbered(4, 1, 1, PatientName="Roe", StudyDescription=str(number // 4)))
        wanted, shown_before, totals = answers(index), shown(index), index.totals()
        shutil.copytree(before, after)
    (after / "index.db-shm").unlink()
    journal = after / "index.db-wal"
    os.truncate(journal, journal.stat().st_size * kept // 100)
    with open_index(IndexConfig(after / "index.db")) as index:
        after_the_cut(store_of(after, index))
        assert answers(index) == wanted
        assert shown(index) == shown_before
        assert index.totals() == totals


def test_of_versions_whose_rows_are_lost_the_first_received_is_shown_again(tmp_path):
    # STO-05
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        store = store_of(tmp_path, index)
        at = time.time_ns() // 1000
        hashes = [
            put(store, numbered(1, StudyDescription=str(n)), at + n * 1_000_000) for n in range(6)
        ]
        assert hashes[0] != min(hashes)  # the names of the objects are not in order of receipt
        assert shown(index) == [hashes[0]]
        studies = answers(index)[1]
    with open_index(IndexConfig(tmp_path / "lost.db")) as index:
        assert after_the_cut(store_of(tmp_path, index)).adopted == 6
        assert shown(index) == [hashes[0]]
        assert answers(index)[1] == studies


@pytest.mark.parametrize("newer_days", [0, 4000])
def test_rows_lost_days_ago_are_found_although_newer_ones_were_written_since(tmp_path, newer_days):
    # STO-02: an import before the next start of a server, or one with a clock that was wrong
    now_us = time.time_ns() // 1000
    with open_index(IndexConfig(tmp_path / "lost.db")) as index:
        put(store_of(tmp_path, index), numbered(1), now_us - 9 * DAY_US)
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        store = store_of(tmp_path, index)
        put(store, numbered(2), now_us + newer_days * DAY_US)
        swept = after_the_cut(store, unclean_since=now_us / 1e6 - 9 * 86_400)
        assert swept.adopted == 1


def test_what_came_today_is_found_beside_a_row_of_the_far_future(tmp_path):
    # STO-02
    now_us = time.time_ns() // 1000
    with open_index(IndexConfig(tmp_path / "lost.db")) as index:
        put(store_of(tmp_path, index), numbered(1), now_us)
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        store = store_of(tmp_path, index)
        put(store, numbered(2), now_us + 4000 * DAY_US)
        assert after_the_cut(store).adopted == 1


def test_nothing_in_the_spool_is_in_use_when_a_sweep_begins(tmp_path):
    # A process ID may belong to somebody else by now; in a container it nearly always does.
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        store = store_of(tmp_path, index)
        (tmp_path / "spool" / f"{os.getppid()}-1").write_bytes(b"half")
        assert after_the_cut(store).spool_files == 1


def test_the_start_after_a_cut_goes_back_to_the_time_of_the_mark(tmp_path):
    # STO-02
    now_us = time.time_ns() // 1000
    with open_index(IndexConfig(tmp_path / "lost.db")) as index:
        put(store_of(tmp_path, index), numbered(1), now_us - 9 * DAY_US)
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        put(store_of(tmp_path, index), numbered(2), now_us)
    lock = FolderLock(tmp_path, "serve")
    lock.take(INDEX, shared=True)
    lock.mark()
    lock.release(is_clean=False)
    (mark,) = (tmp_path / "locks").glob("unclean.*")
    at = now_us / 1e6 - 9 * 86_400
    os.utime(mark, (at, at))
    run_sweep(Orders(settings=Settings(data=tmp_path), dimse_port=0, probe_ae_title="PROBE"))
    with open_index(IndexConfig(tmp_path / "index.db")) as index:
        assert index.totals().instances == 2
