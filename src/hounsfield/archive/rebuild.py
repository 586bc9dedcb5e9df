"""Makes the index anew from what lies in storage (architecture, principle 8).

Objects go in again in the order in which they were received, so that of several versions the same one is shown,
and the first instance of a study describes it as before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hounsfield.archive.adoption import by_receipt, record_of
from hounsfield.archive.store import InstanceStore
from hounsfield.errors import HounsfieldError


@dataclass(slots=True)
class Rebuilt:
    """What went into the new index, which objects could not, and which tables of the site came over in part."""

    indexed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    damaged_tables: list[str] = field(default_factory=list)


def rebuild(
    store: InstanceStore, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Rebuilt:
    """Index every object of a storage into ``store``'s index, which should be empty."""
    total = sum(1 for _ in store.storage.walk())
    rebuilt = Rebuilt()
    for done, stored in enumerate(by_receipt(store.storage.walk()), 1):
        try:
            store.index_stored(record_of(store.storage, stored, "rebuild"), is_adopted=True)
            rebuilt.indexed += 1
        except (HounsfieldError, OSError) as problem:
            rebuilt.failed.append((stored.key, str(problem)))
        progress(done, total)
    return rebuilt
