"""An archive of real parts in a temporary folder, for whoever needs one."""

import contextlib
import dataclasses
import logging
from pathlib import Path

import pytest
from tests import corpus
from tests.chromium import running as chromium_running

from hounsfield.archive.access import LOCAL, Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore, Source, Stored, StorePolicy
from hounsfield.dicom.part10 import file_meta, read_header
from hounsfield.hooks import Hooks
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import Index
from hounsfield.storage.filesystem import FilesystemConfig, FilesystemStorage
from hounsfield.storage.memory import MemoryStorage
from hounsfield.storage.objects import ObjectStorage

PEER = Principal("SCANNER", "peer")


@dataclasses.dataclass
class LocalArchive:
    """The parts of an archive, and short ways to put something in and to look at what is there."""

    root: Path
    storage: ObjectStorage
    index: Index
    store: InstanceStore
    search: Search
    retrieve: Retrieve

    def put(self, content: bytes, **options) -> Stored:
        """Store a file as an import does."""
        spool = self.store.spool(len(content))
        spool.write(content)
        return self.store.store_instance(spool, Source(LOCAL, "import", "disc"), **options)

    def send(self, content: bytes, sender: str = "SCANNER", **options) -> Stored:
        """Store the data set of a file as C-STORE does."""
        spool = self.store.spool(len(content))
        spool.write(as_sent(content, sender))
        return self.store.store_instance(spool, Source(PEER, "dimse", sender), **options)

    def contents(self) -> list[bytes]:
        return [self.storage.open(one.key).read_at(0, 1 << 30) for one in self.storage.walk()]

    def changes(self) -> list[str]:
        return [change.kind for change in self.index.changes_since(0)]


def as_sent(content: bytes, sender: str = "SCANNER") -> bytes:
    """What is stored of a file when only its data set comes over the network (STO-07)."""
    header = read_header(content)
    meta = file_meta(
        sop_class_uid=header.text(0x00080016),
        sop_instance_uid=header.text(0x00080018),
        transfer_syntax_uid=header.transfer_syntax_uid,
        source_ae_title=sender,
        sending_ae_title=sender,
        receiving_ae_title="HOUNSFIELD",
    )
    return meta + content[header.dataset_offset :]


@pytest.fixture(autouse=True)
def log_as_before():
    """Undo what a command in this process did to the log: its stream is closed with its test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def open_archive(tmp_path):
    """Open archives over a folder, or with their objects in memory; all are closed at the end."""
    with contextlib.ExitStack() as stack:

        def opened(
            root: Path = tmp_path / "data", *, hooks: Hooks | None = None, in_memory=False, **policy
        ) -> LocalArchive:
            storage = (
                MemoryStorage()
                if in_memory
                else FilesystemStorage(FilesystemConfig(root, reserve_bytes=0))
            )
            index = stack.enter_context(Index(IndexConfig(root / "index.db")))
            store = InstanceStore(storage, index, hooks, StorePolicy(**policy))
            return LocalArchive(
                root, storage, index, store, Search(index), Retrieve(storage, index)
            )

        yield opened


@pytest.fixture
def archive(open_archive):
    return open_archive()


@pytest.fixture(scope="session")
def corpus_files():
    """Every file of the corpus, as `tests.corpus` describes it."""
    return corpus.load()


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a process."""
    with chromium_running() as browser:
        yield browser
