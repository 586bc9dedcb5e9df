"""Group commit: many threads and processes, a record that fails, and the end."""

import errno
import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tests.index.conftest import record
from tests.instances import part10

from hounsfield.dicom.query import Level, Query
from hounsfield.errors import HounsfieldError, OutOfResources, Unavailable
from hounsfield.index import database
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.index.insertion import Insertion
from hounsfield.index.records import AlreadyThere, Inserted


@pytest.fixture
def index(tmp_path):
    with Index(IndexConfig(tmp_path / "index.db")) as opened:
        yield opened


def one(number: int, study: int = 1):
    """The record of one instance of a study."""
    return record(
        part10(
            SOPInstanceUID=f"1.2.3.{study}.1.{number}",
            SeriesInstanceUID=f"1.2.3.{study}.1",
            StudyInstanceUID=f"1.2.3.{study}",
            InstanceNumber=str(number),
        )
    )


def counts(index) -> tuple[int, int]:
    """(instances by the totals, by the sum over the studies)."""
    found = index.search(Query(Level.STUDY, limit=1000))
    return index.totals().instances, sum(study.state.number_of_instances for study in found)


def test_many_threads_get_their_own_outcome(index):
    records = [one(number, study) for study in range(4) for number in range(50)]
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(index.write, records + records[:20]))
    assert sum(isinstance(outcome, Inserted) for outcome in outcomes) == 200
    assert sum(isinstance(outcome, AlreadyThere) for outcome in outcomes) == 20
    assert counts(index) == (200, 200)


def test_what_came_while_one_was_writing_is_committed_together(index, monkeypatch):
    index.write(one(0))
    is_writing, go_on = threading.Event(), threading.Event()
    batches = []
    transaction = index.writer._transaction

    def slowly(records):
        batches.append(len(records))
        if len(batches) == 1:
            is_writing.set()
            assert go_on.wait(10)
        return transaction(records)

    monkeypatch.setattr(index.writer, "_transaction", slowly)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(index.write, one(1))
        assert is_writing.wait(10)
        others = [pool.submit(index.write, one(number)) for number in range(2, 8)]
        while len(index.writer._queue) < 6:
            threading.Event().wait(0.01)
        go_on.set()
        assert {first.result(10), *(other.result(10) for other in others)} == {Inserted(1)}
    assert batches == [1, 6]


def test_a_record_that_fails_takes_no_neighbour_with_it(index, monkeypatch):
    add = Insertion.add

    def add_or_fail(self, new):
        if new.identity.sop_instance_uid.endswith(".13"):
            raise RuntimeError("cannot be")
        return add(self, new)

    monkeypatch.setattr(Insertion, "add", add_or_fail)
    problems = []

    def write(number):
        try:
            index.write(one(number))
        except Unavailable as problem:
            problems.append((number, str(problem)))

    writer = index.writer
    with ThreadPoolExecutor(20) as pool:
        with writer._writing:  # everybody queues behind us, so that the bad one shares its batch
            waiting = [pool.submit(write, number) for number in range(20)]
            while len(writer._queue) < 20:
                threading.Event().wait(0.01)
        for future in waiting:
            future.result(20)
    assert problems == [(13, "the index did not take the instance: cannot be")]
    assert counts(index) == (19, 19)


def test_a_lost_connection_is_opened_again(index):
    index.write(one(1))
    index.writer._connection.close()
    with pytest.raises(Unavailable):
        index.write(one(2))
    assert index.write(one(2)) == Inserted(1)
    assert counts(index) == (2, 2)


def test_after_the_end_nothing_is_taken(index):
    index.write(one(1))
    writer = index.writer
    writer.close()
    with pytest.raises(Unavailable, match="closed"):
        writer.write(one(2))


def together(index, numbers):
    """Write records that share one batch; what became of each."""
    writer, results = index.writer, {}

    def write(number):
        try:
            results[number] = index.write(one(number))
        except HounsfieldError as problem:
            results[number] = problem

    with ThreadPoolExecutor(len(numbers)) as pool:
        with writer._writing:
            waiting = [pool.submit(write, number) for number in numbers]
            while len(writer._queue) < len(numbers):
                threading.Event().wait(0.01)
        for future in waiting:
            future.result(20)
    return results


def test_whoever_shared_a_batch_that_got_no_turn_is_told(index, monkeypatch):
    @contextmanager
    def no_turn():
        raise OSError(errno.ENOLCK, "No locks available")
        yield

    monkeypatch.setattr(index.database, "turn", no_turn)
    results = together(index, range(6))
    assert {type(result) for result in results.values()} == {Unavailable}
    monkeypatch.undo()
    assert set(together(index, range(6)).values()) == {Inserted(1)}
    assert counts(index) == (6, 6)


def test_a_full_disk_is_told_as_such_and_writing_goes_on_when_there_is_room(index):
    # STO-06
    index.write(one(0))
    cursor = index.writer._connection.cursor()
    (pages,) = cursor.execute("PRAGMA page_count").fetchone()
    cursor.execute(f"PRAGMA max_page_count={pages}")
    results = {}
    while not any(isinstance(result, OutOfResources) for result in results.values()):
        first = len(results) + 1
        assert first < 2000
        results |= together(index, range(first, first + 4))
    taken = sum(isinstance(result, Inserted) for result in results.values())
    assert counts(index) == (1 + taken, 1 + taken)
    left = [number for number, result in results.items() if result != Inserted(1)]
    assert set(together(index, left).values()) == {
        Inserted(1)
    }  # by a new connection, without the limit
    assert counts(index) == (1 + len(results),) * 2


def test_an_index_that_cannot_be_opened_on_a_full_disk_is_not_called_damaged(tmp_path, monkeypatch):
    def full(_engine):
        problem = sqlite3.OperationalError("disk I/O error")
        problem.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
        raise OperationalError("PRAGMA journal_mode=WAL", {}, problem)

    monkeypatch.setattr(database, "migrate", full)
    with pytest.raises(Unavailable, match=r"cannot be opened: the disk is full$"):
        Index(IndexConfig(tmp_path / "index.db"))


def test_a_locked_database_is_waited_for_once_and_not_once_for_each(tmp_path):
    config = IndexConfig(tmp_path / "locked.db", busy_timeout_s=0.3)
    with Index(config) as index:
        index.write(one(0))
        other = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        begin = time.monotonic()
        results = together(index, range(1, 17))
        with pytest.raises(Unavailable):
            index.drop_unless_named("1.2.3", "key", lambda: None)
        assert time.monotonic() - begin < 3
        assert {type(result) for result in results.values()} == {Unavailable}
        other.execute("ROLLBACK")
        other.close()
        assert index.write(one(1)) == Inserted(1)


def test_at_the_end_rows_are_durable_although_somebody_else_reads(tmp_path, monkeypatch):
    # STO-02: with the mark gone nobody would look for rows that a power cut took
    synced = []
    fsync = os.fsync

    def noting(descriptor):
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    index = Index(IndexConfig(tmp_path / "index.db"))
    index.write(one(1))
    reader = sqlite3.connect(tmp_path / "index.db")
    reader.execute("SELECT * FROM instance").fetchall()
    monkeypatch.setattr(os, "fsync", noting)
    index.close()
    assert (tmp_path / "index.db-wal").stat().st_ino in synced
    reader.close()


OTHER = """
import sys
from pathlib import Path
from tests.index.test_writer import Index, IndexConfig, one
study = int(sys.argv[2])
with Index(IndexConfig(Path(sys.argv[1]))) as index:
    for number in range(60):
        index.write(one(number, study % 2))
        index.write(one(1000 + 100 * study + number, 7))
"""


def test_processes_that_write_at_the_same_time_lose_no_count(index, tmp_path):
    root = Path(__file__).parents[2]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER, str(tmp_path / "index.db"), str(number)], cwd=root
        )
        for number in range(4)
    ]
    for other in others:
        assert other.wait(120) == 0
    # Two and two wrote the same sixty instances; all four wrote others into one study.
    assert counts(index) == (2 * 60 + 4 * 60, 360)
    studies = {s.state.number_of_instances for s in index.search(Query(Level.STUDY))}
    assert studies == {60, 240}
