"""The whole web application over an archive in memory."""

from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from hounsfield.archive.access import LOCAL
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.store import InstanceStore, Source
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.pixels.pool import DecodePool
from hounsfield.storage.memory import MemoryStorage
from hounsfield.web.application import WebParts, web_app

SERVER = {
    "ae_title": "HOUNSFIELD",
    "dicom_host": "127.0.0.1",
    "dicom_port": 11112,
    "dicom_tls_port": None,
    "unknown_peers": "refuse",
    "is_demo": False,
}


class Site:
    """An archive and a client of its web application."""

    def __init__(self, store, client, index, pool):
        self.store, self.client, self.index, self.pool = store, client, index, pool

    def put(self, data: bytes):
        spool = self.store.spool()
        spool.write(data)
        return self.store.store_instance(spool, Source(LOCAL, "import", "test"))


@contextmanager
def open_site(folder, **options):
    storage = MemoryStorage()
    with open_index(IndexConfig(folder / "index.db")) as index, DecodePool() as pool:
        store = InstanceStore(storage, index)
        peers = Peers(
            index.database, [Peer("PACS1", "127.0.0.1", 104, "pacs1"), Peer("ANY", name="any")]
        )
        retrieve = Retrieve(storage, index, decoding=pool)
        parts = WebParts(store, Search(index), retrieve, index, folder, SERVER, peers, **options)
        with TestClient(web_app(parts), base_url="http://127.0.0.1") as client:
            yield Site(store, client, index, pool)


@pytest.fixture
def site(tmp_path):
    with open_site(tmp_path) as opened:
        yield opened
