"""A live DICOM server over a real archive in a temporary folder."""

import contextlib
import dataclasses
import socket
import threading
from pathlib import Path

import pytest

from hounsfield.archive.store import InstanceStore, StorePolicy
from hounsfield.dicom.part10 import read_header
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.server import DimseServer
from hounsfield.dimse.transport import TimeLimits
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage

QUICK = TimeLimits(artim_s=0.5, pdu_s=0.5, idle_s=30.0)


@dataclasses.dataclass
class Archive:
    """An archive and what lies in it."""

    root: Path
    storage: FilesystemStorage
    store: InstanceStore

    def files(self) -> list[bytes]:
        return [self.storage.open(key.key).read_at(0, 1 << 30) for key in self.storage.walk()]

    def datasets(self) -> list[bytes]:
        return [content[read_header(content).dataset_offset :] for content in self.files()]

    def spooled(self) -> list[Path]:
        return [path for path in (self.root / "spool").rglob("*") if path.is_file()]


@pytest.fixture
def make_archive(tmp_path):
    """Make an archive of the wanted policy and kind of storage; it is closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(*, max_object_bytes=1 << 30, kind=FilesystemStorage, **policy):
            root = tmp_path / "data"
            storage = kind(
                FilesystemConfig(root, reserve_bytes=0, max_object_bytes=max_object_bytes)
            )
            index = stack.enter_context(Index(IndexConfig(root / "index.db")))
            store = InstanceStore(storage, index, policy=StorePolicy(**policy))
            return Archive(root, storage, store)

        yield make


@pytest.fixture
def archive(make_archive):
    return make_archive()


@pytest.fixture
def serve():
    """Start servers on ports of their own; give back server and port, shut down at the end."""
    running = []

    def start(archive, **config):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = DimseServer(
            DimseConfig(**{"unknown_peers": "accept", **config}), archive.store, listener
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return server, port

    yield start
    for server, thread in running:
        server.shutdown(5.0)
        thread.join(5.0)
        assert not thread.is_alive()


@pytest.fixture
def port(archive, serve):
    return serve(archive)[1]
