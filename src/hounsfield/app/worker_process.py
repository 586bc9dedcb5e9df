"""The process that does what nobody waits for: it marks studies as complete. And the one before all others."""

import logging
import os

from hounsfield.app.archive import open_archive
from hounsfield.app.child import LifeLine, Orders
from hounsfield.app.lock import FolderLock
from hounsfield.archive.sweep import sweep
from hounsfield.errors import HounsfieldError

_NICENESS = 10  # what waits for a person or a scanner goes first
_SETTLE_EVERY_S = 0.5
_TROUBLED_S = 10.0

log = logging.getLogger(__name__)


def run_worker(orders: Orders, life_line: LifeLine) -> None:
    """Look every half second for studies that nothing has arrived for, until the life-line ends."""
    os.nice(_NICENESS)
    with open_archive(orders.settings) as archive:
        life_line.watch(lambda: None)
        while not life_line.ended.wait(_SETTLE_EVERY_S):
            try:
                archive.index.settle(orders.settings.complete_after_s)
            except HounsfieldError as problem:
                log.warning("studies cannot be marked as complete now: %s", problem)
                life_line.ended.wait(_TROUBLED_S)
        life_line.wait()  # its thread must not be cut off while it reports


def run_sweep(orders: Orders) -> None:
    """Bring storage and index to agree after a crash."""
    unclean_since = FolderLock(orders.settings.data, "hounsfield serve").unclean_since()
    with open_archive(orders.settings) as archive:
        sweep(archive.store, unclean_since)
