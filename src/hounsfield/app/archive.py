"""Puts the archive together from its parts, for one process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore
from hounsfield.index.index import Index, open_index
from hounsfield.index.site.peers import Peers
from hounsfield.pixels.pool import DecodePool
from hounsfield.settings.model import Settings
from hounsfield.settings.parts import (
    decoding_config,
    fixed_peers,
    index_config,
    storage_config,
    store_policy,
    tls_settings,
)
from hounsfield.storage.filesystem import FilesystemStorage


@dataclass(frozen=True, slots=True)
class Archive:
    """The parts that the edges and commands are given."""

    storage: FilesystemStorage
    index: Index
    store: InstanceStore
    search: Search
    retrieve: Retrieve
    peers: Peers
    decoding: DecodePool


@contextmanager
def open_archive(settings: Settings) -> Iterator[Archive]:
    """Open storage and index; close what must be closed at the end."""
    storage = FilesystemStorage(storage_config(settings))
    with (
        open_index(index_config(settings)) as index,
        DecodePool(decoding_config(settings)) as decoding,
    ):
        yield Archive(
            storage,
            index,
            InstanceStore(storage, index, policy=store_policy(settings)),
            Search(index),
            Retrieve(storage, index, decoding=decoding),
            Peers(index.database, fixed_peers(settings), tls_settings(settings)),
            decoding,
        )
