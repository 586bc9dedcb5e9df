"""At the start: adopts objects that have no row, and removes spool files that were never finished.

A crash can leave two things. A spool file whose writer is gone was never acknowledged: it is removed. An object
under its key without a row may have been acknowledged just before the power failed in the index, or not: if its
content has the hash of its name it is indexed. If not, it was cut short before its sync, or was damaged later while
its row was lost. The two cannot be told apart, so it stays where it is, for `check` to name and a person to judge.

Only the day folders since the day before the newest row are looked at: an object gets its row within moments of its
file, so older days were complete when that row was written. `check` looks at everything.

Hooks are not asked again: they admitted the object before it got its name.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from hounsfield.archive.adoption import Damaged, record_of
from hounsfield.archive.store import InstanceStore
from hounsfield.errors import HounsfieldError
from hounsfield.index.index import Index
from hounsfield.storage.filesystem import FilesystemStorage
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import ObjectStorage, StoredKey

log = logging.getLogger(__name__)

_DAYS_BACK = 1
_AT_ONCE = 500


@dataclass(slots=True)
class Swept:
    """What a sweep did."""

    adopted: int = 0
    damaged: int = 0
    spool_files: int = 0


def sweep(store: InstanceStore) -> Swept:
    """Bring storage and index to agree after a crash; call it before anything is received."""
    swept = Swept()
    if isinstance(store.storage, FilesystemStorage):
        swept.spool_files = _clear_spool(store.storage)
    for prefix in _recent_days(store.index.newest_receipt_us()):
        for stored in without_rows(store.storage, store.index, prefix):
            adopt(store, stored, swept)
    if swept.adopted or swept.damaged or swept.spool_files:
        log.warning(
            "after an unclean end: %d objects indexed, %d damaged ones left alone, %d spool files removed",
            swept.adopted,
            swept.damaged,
            swept.spool_files,
        )
    return swept


def without_rows(storage: ObjectStorage, index: Index, prefix: str = "") -> Iterator[StoredKey]:
    """Objects that no row stands for; files that are none of ours are passed over."""
    objects = ((stored, parse_key(stored.key)) for stored in storage.walk(prefix))
    ours = ((stored, parts.sop_instance_uid) for stored, parts in objects if parts is not None)
    while some := list(islice(ours, _AT_ONCE)):
        named = index.storage_keys([uid for _, uid in some])
        yield from (stored for stored, _ in some if stored.key not in named)


def adopt(store: InstanceStore, stored: StoredKey, swept: Swept) -> None:
    """Index an object that has no row, unless its content is not what its name says."""
    try:
        store.index_stored(record_of(store.storage, stored, "sweep"))
        swept.adopted += 1
    except Damaged:
        swept.damaged += 1
    except (HounsfieldError, OSError) as problem:
        log.warning("an object without a row cannot be indexed: %s: %s", stored.key, problem)


def _clear_spool(storage: FilesystemStorage) -> int:
    removed = 0
    for path in storage.spool_folder.iterdir():
        writer = path.name.partition("-")[0]
        if writer.isdigit() and _is_alive(int(writer)):
            continue
        path.unlink(missing_ok=True)
        removed += 1
    return removed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


def _recent_days(newest_us: int) -> list[str]:
    today = datetime.now(UTC).date()
    first = (
        datetime.fromtimestamp(newest_us / 1e6, UTC).date() - timedelta(days=_DAYS_BACK)
        if newest_us
        else None
    )
    if first is None:
        return [""]  # an empty index beside objects: look at all of them
    days = (today - first).days + 1
    return [f"{first + timedelta(days=n):%Y/%m/%d}/" for n in range(max(days, 1) + 1)]
