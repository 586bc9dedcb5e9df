"""Stores instances and dies at a chosen step: `python -m tests.faults.dying FOLDER STEP`.

Prints the SOP Instance UID of each instance once it is acknowledged.
"""

import os
import sys
from pathlib import Path

from tests.instances import numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

STEPS = ("spooled", "put", "indexed", "answered")
COUNT, DIES_AT = 6, 4


class Dying:
    """Ends the process without any clean-up when the step of the chosen instance is reached."""

    def __init__(self, step: str) -> None:
        self.step, self.instance = step, 0

    def reached(self, step: str) -> None:
        if step == self.step and self.instance == DIES_AT:
            sys.stdout.flush()
            os._exit(9)


class DyingStorage(FilesystemStorage):
    """Dies before or after an object gets its name."""

    dying: Dying

    def put(self, spool, key, received_at_us):
        self.dying.reached("spooled")
        super().put(spool, key, received_at_us)
        self.dying.reached("put")


class DyingIndex(Index):
    """Dies after the row is committed."""

    dying: Dying

    def write(self, record):
        outcome = super().write(record)
        self.dying.reached("indexed")
        return outcome


def main(folder: Path, step: str) -> None:
    dying = Dying(step)
    storage = DyingStorage(FilesystemConfig(folder, reserve_bytes=0))
    index = DyingIndex(IndexConfig(folder / "index.db"))
    storage.dying = index.dying = dying
    store = InstanceStore(storage, index)
    for dying.instance in range(1, COUNT + 1):
        spool = store.spool()
        spool.write(numbered(dying.instance))
        stored = store.store_instance(spool, Source(LOCAL, "import", "disc"))
        sys.stdout.write(stored.identity.sop_instance_uid + "\n")
        sys.stdout.flush()
        dying.reached("answered")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
