"""Makes a new index beside the old one and puts it in its place when it is complete."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from hounsfield.archive.rebuild import Rebuilt, rebuild
from hounsfield.archive.store import InstanceStore
from hounsfield.archive.trash import Trash
from hounsfield.hooks import Hooks
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.availability import AvailabilitySubscribers
from hounsfield.index.site.procedure_steps import ProcedureStepTable
from hounsfield.index.site.routing import RoutingRules
from hounsfield.index.site.takeover import go_on_counting, take_over
from hounsfield.settings.model import Settings
from hounsfield.settings.parts import index_config, storage_config, store_policy
from hounsfield.storage.filesystem import FilesystemStorage


def rebuild_index(settings: Settings, progress: Callable[[int, int], None]) -> Rebuilt:
    """Index every stored object anew, and keep what the site has set up.

    The caller sees to it that nobody else uses the index. Where the old one cannot be read to its end, it is kept
    beside the new one.
    """
    current = index_config(settings).location
    if not isinstance(current, Path):
        raise TypeError("only an index that is a file can be made beside the old one")
    scratch = current.with_name("index.rebuilding.db")
    _remove(scratch)
    try:
        index = open_index(IndexConfig(scratch))
        try:
            storage = FilesystemStorage(storage_config(settings))
            store = InstanceStore(storage, index, Hooks(), store_policy(settings))
            go_on_counting(current, index.database)
            trash = Trash(store)
            trash.before_rebuild()
            rebuilt = rebuild(store, progress)
            rebuilt.damaged_tables += take_over(current, index.database).damaged
            trash.after_rebuild()
            ProcedureStepTable(index.database).derive()
            RoutingRules(index.database).begin_here(settings.complete_after_s)
            AvailabilitySubscribers(index.database).begin_here()
        finally:
            index.close()  # its journal goes into the file with that
        if rebuilt.damaged_tables:  # what a person may still want to get out of it
            os.link(current, current.with_name(f"index.damaged-{int(time.time())}.db"))
        _remove(current)
        scratch.replace(current)
    finally:
        _remove(scratch)
    return rebuilt


def _remove(database: Path) -> None:
    """Remove a database and then its journal: a journal without its database is ignored."""
    for suffix in ("", "-wal", "-shm", "-turn"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
