"""Keeps the records of one process's associations in the index, from a thread of its own."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from hounsfield.dimse.records import Recording
from hounsfield.errors import HounsfieldError
from hounsfield.index.database import Database
from hounsfield.index.site.associations import AssociationWriter
from hounsfield.index.site.records import AssociationRecord, Caller

log = logging.getLogger(__name__)

# What comes within this time is written together; and so often do open associations show their counters.
_GATHER_S = 0.03
_COUNTERS_EVERY_S = 1.5
_TOUCH_EVERY_S = 20.0
# What waits to be written while the index is not to be had; and, each by itself so that it takes no room of the
# others, what strangers leave.
_MOST_WAITING, _MOST_STRANGERS_WAITING = 10_000, 2000
# So many failures of strangers leave records in a minute, of one address and of all: a scanner of ports must not
# push out the rest.
_FAILURES_A_MINUTE, _ALL_FAILURES_A_MINUTE = 30, 300
# Refusals that a person can end by trusting the caller, or by naming things alike.
CALLER_FINDINGS = frozenset(
    {
        "unknown-caller", "unknown-caller-case", "unknown-caller-similar", "unknown-caller-cut", "other-address",
        "calling-ae-title-invalid", "called-ae-title", "called-ae-title-case", "called-ae-title-invalid",
        "caller-tls-only", "caller-certificate", "caller-certificate-of-other",
    }
)  # fmt: skip


class Journal:
    """Takes recordings from any thread and writes them down; `close` writes what is left."""

    def __init__(self, database: Database) -> None:
        self._writer = AssociationWriter(database)
        self._waiting: deque[Recording] = deque(maxlen=_MOST_WAITING)
        self._strangers: deque[Recording] = deque(maxlen=_MOST_STRANGERS_WAITING)
        self._open: dict[Recording, tuple[int, int, int]] = {}
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._failures: dict[str, int] = defaultdict(int)
        self._minute = 0
        self._counted_at = self._touched_at = time.monotonic()
        self._is_troubled = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def note(self, recording: Recording) -> None:
        """Queue a recording that has something new; never waits."""
        (self._strangers if recording.is_of_a_stranger else self._waiting).append(recording)
        self._wake.set()
        if self._thread is None:
            self.start()

    def start(self) -> None:
        """Begin to write; records of processes that died are closed first."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="records", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what is left and end."""
        self._closing.set()
        self._wake.set()
        with self._lock:
            if self._thread is not None:
                self._thread.join(10.0)
                self._thread = None

    # -- the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._try(self._writer.close_those_of_the_dead)
            while not self._closing.is_set():
                if self._wake.wait(_COUNTERS_EVERY_S):
                    self._closing.wait(_GATHER_S)
                self._try(self._round)
            self._try(self._round)
        finally:
            self._writer.close()

    def _round(self) -> None:
        self._wake.clear()
        new: dict[Recording, AssociationRecord] = {}
        changed: dict[Recording, AssociationRecord] = {}
        refused: list[Caller] = []
        while self._waiting:
            recording = self._waiting.popleft()
            (changed if recording.row_id else new)[recording] = recording.record()
        while self._strangers:
            recording = self._strangers.popleft()
            record = recording.record()
            if record.finding in CALLER_FINDINGS:
                refused.append(_caller(record))
            if self._is_wanted(record):
                new[recording] = record
        self._look_at_open(changed)
        if not (new or changed or refused):
            return
        written = list(new.items()) + list(changed.items())
        try:
            self._writer.write(list(new.values()), list(changed.values()), refused)
        except HounsfieldError:
            self._waiting.extend(one for one, _record in written)  # with the next round
            raise
        for recording, record in written:
            recording.row_id = record.id
            if record.ended_us is None:
                self._open[recording] = recording.counters
            else:
                self._open.pop(recording, None)

    def _look_at_open(self, changed: dict[Recording, AssociationRecord]) -> None:
        """Every other second, take up the counters of open associations."""
        now = time.monotonic()
        if now - self._counted_at < _COUNTERS_EVERY_S:
            return
        self._counted_at = now
        for recording, counters in list(self._open.items()):
            if recording not in changed and recording.counters != counters:
                changed[recording] = recording.record()
        if now - self._touched_at >= _TOUCH_EVERY_S:
            self._touched_at = now
            ids = [one.row_id for one in self._open]
            if ids:
                self._try(lambda: self._writer.touch(ids))
            self._try(self._writer.close_those_of_the_dead)

    def _is_wanted(self, failure: AssociationRecord) -> bool:
        """Whether one more failure of a stranger is to leave a record this minute."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._failures.clear()
        self._failures[failure.address] += 1
        self._failures[""] += 1
        return (
            self._failures[failure.address] <= _FAILURES_A_MINUTE
            and self._failures[""] <= _ALL_FAILURES_A_MINUTE
        )

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except HounsfieldError as problem:
            if not self._is_troubled:
                log.warning("Associations cannot be recorded now: %s", problem)
            self._is_troubled = True
        except Exception:  # a record that cannot be made is not worth all others
            log.exception("Some associations could not be recorded")
        else:
            self._is_troubled = False


def _caller(record: AssociationRecord) -> Caller:
    at_us = record.ended_us or record.began_us
    return Caller(
        record.calling_ae_title,
        record.called_ae_title,
        record.address,
        record.finding,
        record.reason,
        record.advice,
        1,
        at_us,
        at_us,
    )
