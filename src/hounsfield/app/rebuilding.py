"""Makes a new index beside the old one and puts it in its place when it is complete."""

from collections.abc import Callable
from pathlib import Path

from hounsfield.archive.rebuild import Rebuilt, rebuild
from hounsfield.archive.store import InstanceStore
from hounsfield.hooks import Hooks
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.settings.model import Settings
from hounsfield.settings.parts import index_config, storage_config, store_policy
from hounsfield.storage.filesystem import FilesystemStorage


def rebuild_index(settings: Settings, progress: Callable[[int, int], None]) -> Rebuilt:
    """Index every stored object anew. The caller sees to it that nobody else uses the index."""
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
            rebuilt = rebuild(store, progress)
        finally:
            index.close()  # its journal goes into the file with that
        _remove(current)
        scratch.replace(current)
    finally:
        _remove(scratch)
    return rebuilt


def _remove(database: Path) -> None:
    """Remove a database and then its journal: a journal without its database is ignored."""
    for suffix in ("", "-wal", "-shm", "-turn"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
