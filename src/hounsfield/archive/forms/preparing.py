"""Prepares the metadata of studies that are complete, so that whoever opens one does not wait for its first time."""

import logging
import time
from collections import deque

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.errors import HounsfieldError
from hounsfield.index.index import Index

_WORKER = Principal("worker", "worker")
_COMPLETE = "complete"
_AT_ONCE = 2000
# Beyond this many the oldest are left to whoever opens them.
_MAX_WAITING = 5000

log = logging.getLogger(__name__)


class Preparing:
    """Follows what becomes complete, from the moment that it is made."""

    def __init__(self, retrieve: Retrieve, index: Index) -> None:
        self._retrieve = retrieve
        self._index = index
        self._sequence = index.last_sequence()
        self._waiting: deque[tuple[str, str]] = deque(maxlen=_MAX_WAITING)

    def look_after(self, at_most_s: float = 1.0) -> int:
        """Prepare series for so long, or until nothing is left; gives how many. What cannot be read is passed over."""
        self._follow()
        until, prepared = time.monotonic() + at_most_s, 0
        while self._waiting and time.monotonic() < until:
            study, series = self._waiting.popleft()
            try:
                if self._retrieve.prepare(_WORKER, study, series):
                    prepared += 1
            except HounsfieldError as problem:
                log.debug("the metadata of a series is not prepared: %s", problem)
        return prepared

    def _follow(self) -> None:
        while changes := self._index.changes_since(self._sequence, _AT_ONCE):
            self._sequence = changes[-1].sequence
            completed = (one.study_instance_uid for one in changes if one.kind == _COMPLETE)
            for study in dict.fromkeys(completed):
                self._waiting.extend((study, series) for series in self._index.series_of(study))
            if len(changes) < _AT_ONCE:
                return
