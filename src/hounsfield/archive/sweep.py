"""At the start: adopts objects that have no row, and removes spool files that were never finished.

A crash can leave two things. A spool file whose writer is gone was never acknowledged: it is removed. An object
under its key without a row may have been acknowledged just before the power failed in the index, or not: if its
content has the hash of its name it is indexed. If not, it was cut short before its sync, or was damaged later while
its row was lost. The two cannot be told apart, so it stays where it is, for `check` to name and a person to judge.

Only the day folders since the day before the newest row, or before the mark of the unclean end if that is older, are
looked at: an object gets its row within moments of its file, so older days were complete when that row was written, or
while somebody still renewed the mark. The mark counts because others may have written rows since. `check` looks at
everything.

Objects go in by the moment of receipt, so that of several versions the same one is shown as before.

Hooks are not asked again: they admitted the object before it got its name.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from hounsfield.archive.adoption import Damaged, by_receipt, record_of
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


def sweep(store: InstanceStore, unclean_since: float | None = None) -> Swept:
    """Bring storage and index to agree after a crash; only for who is alone on the folder.

    ``unclean_since`` is the time of the oldest mark of an unclean end, in seconds since 1970.
    """
    swept = Swept()
    if isinstance(store.storage, FilesystemStorage):
        swept.spool_files = _clear_spool(store.storage)
    for prefix in _recent_days(store.index.newest_receipt_us(), unclean_since):
        for stored in by_receipt(without_rows(store.storage, store.index, prefix)):
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
        store.index_stored(record_of(store.storage, stored, "sweep"), is_adopted=True)
        swept.adopted += 1
    except Damaged:
        swept.damaged += 1
    except (HounsfieldError, OSError) as problem:
        log.warning("an object without a row cannot be indexed: %s: %s", stored.key, problem)


def _clear_spool(storage: FilesystemStorage) -> int:
    removed = 0
    for path in storage.spool_folder.iterdir():
        path.unlink(missing_ok=True)
        removed += 1
    return removed


def _recent_days(newest_us: int, unclean_since: float | None) -> Iterator[str]:
    """The folders to look at; a clock that was wrong for a while only makes them more."""
    if not newest_us:
        yield ""  # an empty index beside objects: look at all of them
        return
    today = datetime.now(UTC).date()
    known = [today, datetime.fromtimestamp(newest_us / 1e6, UTC).date()]
    if unclean_since is not None:
        known.append(datetime.fromtimestamp(unclean_since, UTC).date())
    day, last = min(known) - timedelta(days=_DAYS_BACK), max(known) + timedelta(days=1)
    while day <= last:
        yield f"{day:%Y/%m/%d}/"
        day += timedelta(days=1)
