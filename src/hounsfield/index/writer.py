"""Group commit: one thread a process writes what all associations have ready as one transaction."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from hounsfield.errors import HounsfieldError, Unavailable
from hounsfield.index.database import Database
from hounsfield.index.insertion import Insertion
from hounsfield.index.known import Known
from hounsfield.index.records import InstanceRecord, Outcome
from hounsfield.index.statements import Statements

MAX_BATCH = 64
_Waiting = tuple[InstanceRecord, "Future[Outcome]"]


class Writer:
    """Takes records from any thread; `write` returns when the record's transaction is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements(database.engine.dialect)
        self._known = Known()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._is_closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="index-writer", daemon=True)
        self._thread.start()

    def write(self, record: InstanceRecord) -> Outcome:
        """Insert one record durably; raises Unavailable if the database does not take it."""
        future: Future[Outcome] = Future()
        with self._closing:
            if self._is_closed:
                raise Unavailable("the index is closed")
            self._queue.put((record, future))
        return future.result()

    def close(self) -> None:
        """Commit what is queued and stop."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, is_last = [first], False
            while len(batch) < MAX_BATCH:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    is_last = True
                    break
                batch.append(more)
            self._commit(batch)
            if is_last:
                return

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._transaction([record for record, _ in batch])
        except Exception as problem:  # noqa: BLE001 - every waiting thread must hear of it
            self._known.forget()
            if len(batch) > 1:
                for one in batch:  # one bad record must not take its neighbours with it
                    self._commit([one])
                return
            batch[0][1].set_exception(_told(problem))
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            future.set_result(outcome)

    def _transaction(self, records: Sequence[InstanceRecord]) -> list[Outcome]:
        self._known.bound()
        connection = self._database.engine.raw_connection()
        try:
            cursor: Any = connection.cursor()
            if self._database.engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            try:
                insertion = Insertion(self._statements, self._known, cursor)
                outcomes = [insertion.add(record) for record in records]
                insertion.finish()
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            return outcomes
        finally:
            connection.close()


def _told(problem: Exception) -> Exception:
    if isinstance(problem, HounsfieldError):
        return problem
    told = Unavailable(f"the index did not take the instance: {problem}")
    told.__cause__ = problem
    return told
