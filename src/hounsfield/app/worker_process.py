"""The process that does what nobody waits for: completeness, routing and jobs. And the one before all others."""

import logging
import threading
import time
from functools import partial

from hounsfield.app.archive import Archive, open_archive
from hounsfield.app.calls import recording_calls
from hounsfield.app.child import DRAIN_S, LifeLine, Orders
from hounsfield.app.job_handlers import engine_over
from hounsfield.app.lock import FolderLock
from hounsfield.archive.forms.preparing import Preparing
from hounsfield.archive.forms.quick_copies import Ordering
from hounsfield.archive.site.work_item_watchers import receiver_of
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.archive.sweep import sweep
from hounsfield.archive.trash import Trash
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.availability import AvailabilitySubscribers
from hounsfield.index.site.routing import RoutingRules

_SETTLE_EVERY_S = 0.5
# Half a tick less, so that it is each second tick: a study gets at most one job a second for what came in.
_FOLLOW_EVERY_S = 0.75
_TROUBLED_S = 10.0
_PRUNE_EVERY_S = 86_400.0
_EMPTY_EVERY_S = 3600.0

log = logging.getLogger(__name__)


def run_worker(orders: Orders, life_line: LifeLine) -> None:
    """Carry out jobs, and look every half second for what follows from what arrived, until the life-line ends."""
    with open_archive(orders.settings) as archive, recording_calls(archive):
        rules = RoutingRules(archive.index.database)
        subscribers = AvailabilitySubscribers(archive.index.database)
        watched = _WatchedWorklist(archive, orders)
        kept = _KeptTrash(archive, orders)
        preparing = Preparing(archive.retrieve, archive.index)
        copying = Ordering(archive.index) if orders.settings.pixels.quick_copies_bytes else None
        engine = engine_over(archive, orders.settings, orders.dimse_port)
        life_line.watch(engine.stop)
        jobs = threading.Thread(target=engine.run, args=(DRAIN_S,), name="jobs")
        jobs.start()
        try:
            while not life_line.ended.wait(_SETTLE_EVERY_S):
                try:
                    archive.index.settle(
                        orders.settings.complete_after_s, orders.settings.incomplete_after_s
                    )
                    rules.follow(_FOLLOW_EVERY_S)
                    subscribers.follow()
                    watched.look_after()
                    kept.look_after()
                    preparing.look_after()
                    if copying is not None:
                        copying.look_after()
                except HounsfieldError as problem:
                    log.warning("the archive cannot be looked after now: %s", problem)
                    life_line.ended.wait(_TROUBLED_S)
        finally:  # an unexpected error, too, must end this process, so that it is started again
            engine.stop()
            jobs.join()
        life_line.wait()  # its thread must not be cut off while it reports


class _WatchedWorklist:
    """The unified worklist: who watches it hears that the server started, and what is long done goes."""

    def __init__(self, archive: Archive, orders: Orders) -> None:
        self._worklist = UnifiedWorklist(archive.index, partial(receiver_of, archive.peers))
        self._keep_s = orders.settings.work_items.keep_days * 86_400
        self._is_told = orders.is_again
        self._prune_at = 0.0

    def look_after(self) -> None:
        """Do what is due; what fails is due again at the next call."""
        if not self._is_told:
            self._worklist.announce_restart()
            self._is_told = True
        if time.monotonic() >= self._prune_at:
            if gone := self._worklist.prune(self._keep_s):
                log.info("work items that ended long ago are forgotten", extra={"work_items": gone})
            self._prune_at = time.monotonic() + _PRUNE_EVERY_S


class _KeptTrash:
    """The trash: what a process that died left undone is done, and what was long enough in it goes for good."""

    def __init__(self, archive: Archive, orders: Orders) -> None:
        self._trash = Trash(archive.store, orders.settings.data / "derived")
        self._days = orders.settings.dicomweb.trash_days
        self._look_at = 0.0

    def look_after(self) -> None:
        """Do what is due; what fails is due again at the next call."""
        if time.monotonic() < self._look_at:
            return
        self._trash.settle_all(states=("deleting", "purging"))
        if gone := self._trash.purge_old(self._days):
            log.info("what was deleted long ago is removed for good", extra={"deletions": gone})
        self._look_at = time.monotonic() + _EMPTY_EVERY_S


def run_sweep(orders: Orders) -> None:
    """Bring storage and index to agree after a crash."""
    unclean_since = FolderLock(orders.settings.data, "hounsfield serve").unclean_since()
    with open_archive(orders.settings) as archive:
        Trash(archive.store).clear_up()
        sweep(archive.store, unclean_since)
