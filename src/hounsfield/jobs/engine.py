"""The engine: takes jobs from the index, carries each out in a thread, and writes down what becomes of it.

One loop looks for work, keeps hold of what runs, and writes; so a job costs few transactions, and its handler none.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hounsfield.errors import HounsfieldError, Unavailable
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site.claims import Claimed, Claims, Ended, Progressed
from hounsfield.index.site.jobs import Jobs
from hounsfield.jobs.handlers import Handler
from hounsfield.jobs.holder import is_dead, name_of_this_process

_TROUBLED_S = 2.0
_MOST_TEXT = 1000
_MOST_ERRORS = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How jobs are carried out.

    Args:
        parallel: how many at a time, over all lanes.
        first_retry_s: how long to wait after a first setback; twice as long after each further one.
        longest_retry_s: how long at most.
        keep_s: how long jobs are kept after their end.
        look_s: how often to look for work.
        note_s: how often to write down how far jobs are.
        hold_s: how long a job is ours unless we say so again.
        prune_every_s: how often to look for jobs to forget.
    """

    parallel: int = 16
    first_retry_s: float = 5.0
    longest_retry_s: float = 1800.0
    keep_s: float = 90 * 86_400.0
    look_s: float = 0.2
    note_s: float = 0.5
    hold_s: float = 8.0
    prune_every_s: float = 3600.0


class _Running:
    """A job that a thread of ours carries out; what its handler sees."""

    def __init__(self, claimed: Claimed) -> None:
        self.claimed = claimed
        self.id, self.lane = claimed.id, claimed.lane
        self.study_instance_uid = claimed.study_instance_uid
        self.arguments = claimed.arguments
        self.attempt = claimed.attempt
        self.done, self.total, self.text = claimed.done, claimed.total, ""
        self.is_noted = True
        self.stops = threading.Event()
        self.was_told = False

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.done, self.total, self.text = done, total, text
        self.is_noted = False

    def is_stopped(self) -> bool:
        self.was_told |= self.stops.is_set()
        return self.was_told

    @property
    def is_over(self) -> bool:
        """Whether the handler got to the end although it was told to stop."""
        return not self.was_told or 0 < self.total <= self.done


class Engine:
    """Carries out the jobs whose kinds it has handlers for; `run` returns after `stop`.

    ``limit_of`` says how many jobs of a lane may run at a time, over all engines of a database.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        limit_of: Callable[[str], int],
        config: EngineConfig | None = None,
    ) -> None:
        self._config = config or EngineConfig()
        self._handlers = dict(handlers)
        self._limit_of = limit_of
        self._jobs = Jobs(database)
        self._claims = Claims(database, name_of_this_process(), self._handlers)
        self._running: dict[str, _Running] = {}
        self._ended: list[Ended] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._noted_at = self._held_at = 0.0
        self._prune_at = time.monotonic() + random.random() * self._config.prune_every_s  # noqa: S311

    def stop(self) -> None:
        """Tell every handler to return, and `run` to do so when they have; from any thread."""
        self._stopping.set()
        for running in list(self._running.values()):
            running.stops.set()
        self._wake.set()

    def run(self, grace_s: float = 6.0) -> None:
        """Carry out jobs until `stop`; what does not end within ``grace_s`` then is left to the next start."""
        while not self._stopping.is_set():
            self._try(self._look)
            self._wake.wait(self._config.look_s)
            self._wake.clear()
        deadline = time.monotonic() + grace_s
        while self._running and time.monotonic() < deadline:
            for running in list(self._running.values()):
                running.stops.set()
            self._wake.wait(0.05)
            self._wake.clear()
            self._try(self._note)
        self._try(self._note)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except HounsfieldError as problem:
            log.warning("jobs cannot be looked after now: %s", problem)
            self._stopping.wait(_TROUBLED_S)
        except Exception:
            log.exception("an error of the job engine")
            self._stopping.wait(_TROUBLED_S)

    def _look(self) -> None:
        """One round: write down, obey wishes, and take new jobs."""
        self._note()
        if self._running:
            told = self._claims.told(list(self._running))
            for job_id, running in list(self._running.items()):
                # What is not ours any more, somebody else does by now.
                if told.get(job_id, True):
                    running.stops.set()
        room = self._config.parallel - len(self._running)
        if room > 0 and self._claims.is_something_due():
            self._claims.revive(is_dead)
            for claimed in self._claims.claim(self._limit_of, room, self._config.hold_s):
                self._start(claimed)
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + self._config.prune_every_s
            if forgotten := self._jobs.prune(self._config.keep_s):
                log.info("jobs that ended long ago are forgotten", extra={"jobs": forgotten})

    def _note(self) -> None:
        """Write down ends at once, progress some times a second, and our hold before it runs out."""
        now = time.monotonic()
        with self._lock:
            ended = list(self._ended)
        ended_ids = {one.id for one in ended}
        running = [one for one in list(self._running.values()) if one.id not in ended_ids]
        is_time = now - self._noted_at >= self._config.note_s
        moved = [one for one in running if is_time and not one.is_noted]
        held = [one.id for one in running] if now - self._held_at >= self._config.hold_s / 4 else []
        if not (ended or moved or held):
            return
        progressed = []
        for one in moved:
            one.is_noted = True
            progressed.append(Progressed(one.id, one.done, one.total, one.text[:_MOST_TEXT]))
        self._claims.note(progressed, ended, held, self._config.hold_s)
        if moved:
            self._noted_at = now
        if held:
            self._held_at = now
        with self._lock:
            del self._ended[: len(ended)]
        for job_id in ended_ids:
            self._running.pop(job_id, None)

    def _start(self, claimed: Claimed) -> None:
        running = self._running[claimed.id] = _Running(claimed)
        if self._stopping.is_set():
            running.stops.set()
        name = f"job {claimed.id[:8]}"
        # A daemon: a handler that hangs must not keep the process from its end.
        threading.Thread(target=self._carry_out, args=(running,), name=name, daemon=True).start()

    def _carry_out(self, running: _Running) -> None:
        claimed = running.claimed
        extra = {"job": claimed.id, "kind": claimed.kind, "lane": claimed.lane}
        setbacks, next_try_us = 0, 0
        try:
            text = self._handlers[claimed.kind](running)
            state = "done" if running.is_over else "stopped"
        except Unavailable as problem:
            text, state = str(problem), "waiting"
            log.info("job has to wait: %s", problem, extra=extra)
        except HounsfieldError as problem:
            state, text = "failed", str(problem)
            log.warning("job failed: %s", problem, extra=extra)
        except Exception as problem:
            # A database that is being restarted looks like an error of ours: a few tries tell them apart.
            state = "waiting" if claimed.setbacks + 1 < _MOST_ERRORS else "failed"
            text = f"an error of the archive: {type(problem).__name__}: {problem}"
            log.exception("error in a job", extra=extra)
        if state == "waiting":
            # Whoever gets further, be it by little, has not met the same obstacle again.
            setbacks = 1 if running.done > claimed.done else claimed.setbacks + 1
            state = "stopped" if running.was_told else "waiting"
            next_try_us = now_us() + int(self._delay_s(setbacks) * 1e6)
        with self._lock:
            self._ended.append(
                Ended(
                    claimed.id,
                    state,
                    text[:_MOST_TEXT],
                    running.done,
                    running.total,
                    setbacks,
                    next_try_us,
                )
            )
        self._wake.set()

    def _delay_s(self, setbacks: int) -> float:
        """Ever longer, and not the same for all who wait for one peer."""
        longest = self._config.longest_retry_s
        # The exponent is bounded: a job may be tried for months.
        delay_s: float = min(longest, self._config.first_retry_s * 2 ** min(setbacks - 1, 40))
        return delay_s * random.uniform(0.8, 1.2)  # noqa: S311
