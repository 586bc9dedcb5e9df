"""The process that does what nobody waits for: it marks studies as complete. And the one before all others."""

import os

from hounsfield.app.archive import open_archive
from hounsfield.app.child import LifeLine, Orders
from hounsfield.app.lock import FolderLock
from hounsfield.archive.sweep import sweep

_NICENESS = 10  # what waits for a person or a scanner goes first
_SETTLE_EVERY_S = 0.5


def run_worker(orders: Orders, life_line: LifeLine) -> None:
    """Look every half second for studies that nothing has arrived for, until the life-line ends."""
    os.nice(_NICENESS)
    with open_archive(orders.settings) as archive:
        life_line.watch(lambda: None)
        while not life_line.ended.wait(_SETTLE_EVERY_S):
            archive.index.settle(orders.settings.complete_after_s)
        life_line.wait()  # its thread must not be cut off while it reports


def run_sweep(orders: Orders) -> None:
    """Bring storage and index to agree after a crash."""
    unclean_since = FolderLock(orders.settings.data, "hounsfield serve").unclean_since()
    with open_archive(orders.settings) as archive:
        sweep(archive.store, unclean_since)
