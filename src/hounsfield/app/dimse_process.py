"""The process that talks DICOM on the network."""

import dataclasses
import socket

from hounsfield.app.archive import open_archive
from hounsfield.app.child import DRAIN_S, LifeLine, Orders
from hounsfield.dimse.journal import Journal
from hounsfield.dimse.places import Places
from hounsfield.dimse.server import DimseServer
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.settings.parts import dimse_config


def run_dimse(orders: Orders, listener: socket.socket, life_line: LifeLine) -> None:
    """Serve associations until the life-line ends; messages in progress are answered first."""
    probe = Peer(orders.probe_ae_title, host=orders.settings.dimse.host, may=frozenset())
    config = dataclasses.replace(
        dimse_config(orders.settings, further_peers=(probe,)), probe_ae_title=probe.ae_title
    )
    with open_archive(orders.settings) as archive:
        peers = Peers(archive.index.database, config.peers, config.tls)
        places = Places(
            config.max_associations, config.max_associations_by_peer, orders.places_descriptor
        )
        journal = Journal(archive.index.database)
        journal.start()
        tls_listener = (
            socket.socket(fileno=orders.tls_descriptor) if orders.tls_descriptor >= 0 else None
        )
        server = DimseServer(config, archive.store, listener, places, peers, journal, tls_listener)
        life_line.watch(lambda: server.shutdown(DRAIN_S))
        orders.tell_that_we_serve()
        server.serve_forever()
        life_line.wait()
        journal.close()
