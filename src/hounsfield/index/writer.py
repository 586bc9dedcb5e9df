"""Group commit: whoever comes first writes what all associations have ready as one transaction."""

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hounsfield.errors import Unavailable
from hounsfield.index.database import Database, told
from hounsfield.index.insertion import Insertion
from hounsfield.index.known import Known
from hounsfield.index.records import InstanceRecord, Outcome
from hounsfield.index.statements import Statements

MAX_BATCH = 64


class _Waiting:
    """A record on its way, and what became of it."""

    __slots__ = ("outcome", "problem", "record")

    def __init__(self, record: InstanceRecord) -> None:
        self.record = record
        self.outcome: Outcome | None = None
        self.problem: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.outcome is not None or self.problem is not None


class Writer:
    """Takes records from any thread; `write` returns when the record's transaction is committed.

    There is no thread of its own: one that has a record and finds nobody writing takes along what the others
    queued meanwhile. A single association so never waits for another thread to be scheduled.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements(database.engine.dialect)
        self._known = Known()
        self._queue: deque[_Waiting] = deque()
        self._writing = threading.Lock()
        self._connection: Any = None
        self._is_closed = False

    def write(self, record: InstanceRecord) -> Outcome:
        """Insert one record; raises Unavailable if the database does not take it."""
        waiting = _Waiting(record)
        self._queue.append(waiting)
        while not waiting.is_done:
            with self._writing:
                if not waiting.is_done:
                    self._commit_queued()
        if waiting.problem is not None:
            raise waiting.problem
        assert waiting.outcome is not None
        return waiting.outcome

    def close(self) -> None:
        """Let what is being written be finished, and take nothing more."""
        with self._writing:
            self._is_closed = True
            self._database.sync_journal()
            self._drop_connection()

    def _commit_queued(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        if self._is_closed:
            for waiting in batch:
                waiting.problem = Unavailable("the index is closed")
            return
        try:
            with self._database.turn():
                self._commit(batch)
        except BaseException as problem:
            for waiting in batch:  # they are queued no more: nobody else would answer them
                if not waiting.is_done:
                    waiting.problem = _told(problem)
            if not isinstance(problem, Exception):
                raise

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._transaction([waiting.record for waiting in batch])
        except Exception as problem:  # noqa: BLE001 - every waiting thread must hear of it
            self._known.forget()
            self._drop_connection()
            if len(batch) > 1 and not isinstance(problem, sqlite3.OperationalError):
                for one in batch:  # one bad record must not take its neighbours with it
                    self._commit([one])
                return
            # Full, locked or unreadable is the database, and that for everybody: do not wait for it once each.
            for one in batch:
                one.problem = _told(problem)
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.outcome = outcome

    def _transaction(self, records: Sequence[InstanceRecord]) -> list[Outcome]:
        self._known.bound()
        if self._connection is None:
            self._connection = self._database.connect_for_ingest()
        cursor: Any = self._connection.cursor()
        if self._database.is_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        try:
            insertion = Insertion(self._statements, self._known, cursor)
            outcomes = [insertion.add(record) for record in records]
            insertion.finish()
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise
        return outcomes

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it may be what failed
                connection.close()


def _told(problem: BaseException) -> Exception:
    answer = told(problem)
    if answer is not problem:
        answer.__cause__ = problem
    return answer
