"""Makes the index anew from what lies in storage (architecture, principle 8).

Objects go in again in the order in which they were received, which their modification time keeps, so that of several
versions the same one is shown, and the first instance of a study describes it as before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from hounsfield.archive.store import InstanceStore
from hounsfield.archive.sweep import received_by_of
from hounsfield.dicom import frames
from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.identity import identify
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import HounsfieldError
from hounsfield.index.records import InstanceRecord
from hounsfield.storage.keys import parse_key
from hounsfield.storage.objects import StoredKey


@dataclass(slots=True)
class Rebuilt:
    """What went into the new index, and which objects could not."""

    indexed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def rebuild(
    store: InstanceStore, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Rebuilt:
    """Index every object of a storage into ``store``'s index, which should be empty."""
    keys = sorted(store.storage.walk(), key=lambda stored: (stored.modified_us, stored.key))
    rebuilt = Rebuilt()
    for done, stored in enumerate(keys, 1):
        try:
            store.index_stored(_record(store, stored))
            rebuilt.indexed += 1
        except (HounsfieldError, OSError) as problem:
            rebuilt.failed.append((stored.key, str(problem)))
        progress(done, len(keys))
    return rebuilt


def _record(store: InstanceStore, stored: StoredKey) -> InstanceRecord:
    parts = parse_key(stored.key)
    if parts is None:
        raise HounsfieldError("not a file that the archive wrote")
    received_by = received_by_of(store, stored)
    with store.storage.open(stored.key) as source, source.map() as buffer:
        digest = sha256(buffer).hexdigest()
        if not digest.startswith(parts.sha256_prefix):
            raise HounsfieldError("damaged: its SHA-256 is not that in its name")
        header = read_header(buffer)
        table = frames.offsets(header, buffer)
    attributes = InstanceAttributes(header)
    return InstanceRecord(
        identity=identify(header, attributes),
        attributes=attributes,
        size_bytes=stored.size_bytes,
        sha256=digest,
        received_us=stored.modified_us,
        received_by=received_by,
        source=header.file_meta.get(0x00020016, b"").decode("latin-1").strip()
        if received_by == "dimse"
        else "",
        dataset_offset=header.dataset_offset,
        frame_table=table,
        actor="rebuild",
    )
