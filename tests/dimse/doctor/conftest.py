"""A live server whose associations are recorded, and what its doctor says of them."""

import contextlib
import socket
import threading

import pytest
from tests.dimse.conftest import QUICK, make_archive
from tests.dimse.peer import eventually

from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.journal import Journal
from hounsfield.dimse.server import DimseServer
from hounsfield.index.site.associations import Associations
from hounsfield.index.site.peers import Peers

__all__ = ["make_archive"]


class Site:
    """A server, its peers and its records."""

    def __init__(self, archive, journal, port, peers):
        self.archive, self.journal, self.port, self.peers = archive, journal, port, peers
        self.associations = Associations(archive.store.index.database)

    def records(self, count=1, **filters):
        """Wait for so many records that are over; the newest first."""

        def found():
            return [one for one in self.associations.page(**filters) if one.ended_us is not None]

        eventually(lambda: len(found()) >= count)
        assert len(found()) == count
        return found()

    def the_record(self, **filters):
        return self.records(1, **filters)[0]


@pytest.fixture
def open_site(make_archive):
    with contextlib.ExitStack() as stack:

        def start(*peers, storage=None, **config):
            archive = make_archive(**(storage or {}))
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            config = DimseConfig(**{"times": QUICK, **config})
            kept = Peers(archive.store.index.database)
            for peer in peers:
                kept.add(peer)
            journal = Journal(archive.store.index.database)
            stack.callback(journal.close)
            server = DimseServer(config, archive.store, listener, peers=kept, recorder=journal)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join, 5.0)
            stack.callback(server.shutdown, 5.0)
            return Site(archive, journal, port, kept)

        yield start


@pytest.fixture
def site(open_site):
    return open_site(unknown_peers="accept")
