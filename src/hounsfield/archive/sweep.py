"""At the start: adopts objects that have no row, and removes what was never finished.

A crash can leave two things. A spool file whose writer is gone was never acknowledged: it is removed. An object
under its key without a row may have been acknowledged just before the power failed in the index, or not: if its
content has the hash of its name it is indexed, otherwise it was cut short before its sync and is removed.

Only the day folders since the day before the newest row are looked at: an object gets its row within moments of its
file, so older days were complete when that row was written. `check` looks at everything.
"""

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore, ReceivedBy, Source
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID
from hounsfield.errors import HounsfieldError
from hounsfield.storage.filesystem import FilesystemStorage
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import StoredKey

log = logging.getLogger(__name__)

_SWEEPER = Principal("sweep", "local")
_DAYS_BACK = 1


@dataclass(slots=True)
class Swept:
    """What a sweep did."""

    adopted: int = 0
    removed: int = 0
    spool_files: int = 0


def sweep(store: InstanceStore) -> Swept:
    """Bring storage and index to agree after a crash; call it before anything is received."""
    swept = Swept()
    if isinstance(store.storage, FilesystemStorage):
        swept.spool_files = _clear_spool(store.storage)
    for prefix in _recent_days(store.index.newest_receipt_us()):
        for stored in store.storage.walk(prefix):
            parts = parse_key(stored.key)
            if parts is None or store.index.has_object(parts.sop_instance_uid, parts.sha256_prefix):
                continue
            adopt(store, stored, swept)
    if swept.adopted or swept.removed or swept.spool_files:
        log.warning(
            "after an unclean end: %d objects indexed, %d unfinished ones and %d spool files removed",
            swept.adopted,
            swept.removed,
            swept.spool_files,
        )
    return swept


def adopt(store: InstanceStore, stored: StoredKey, swept: Swept) -> None:
    """Index an object that has no row, or remove it if its content is not what its name says."""
    parts = parse_key(stored.key)
    spool = store.storage.spool()
    try:
        with store.storage.open(stored.key) as source:
            for piece in source.stream():
                spool.write(piece)
        if parts is None or not spool.sha256().startswith(parts.sha256_prefix):
            store.storage.delete(stored.key)
            swept.removed += 1
            return
        origin = Source(_SWEEPER, received_by_of(store, stored), "")
        store.store_instance(spool, origin, received_us=stored.modified_us)
        swept.adopted += 1
    except HounsfieldError as problem:
        log.warning("an object without a row cannot be indexed: %s", problem)
    finally:
        spool.discard()


def received_by_of(store: InstanceStore, stored: StoredKey) -> ReceivedBy:
    """Whether an object came by C-STORE, told by the meta information that we give those (STO-07)."""
    with store.storage.open(stored.key) as source:
        head = source.read_at(0, 1024)
    ours = IMPLEMENTATION_CLASS_UID.encode() in head and b"\x02\x00\x18\x00AE" in head
    return "dimse" if ours and head.startswith(bytes(128) + b"DICM") else "import"


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
