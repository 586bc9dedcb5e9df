"""The process that talks DICOM on the network."""

import contextlib
import dataclasses
import logging
import socket
import threading

from hounsfield.app.archive import open_archive
from hounsfield.app.child import DRAIN_S, LifeLine, Orders
from hounsfield.archive.site.peers import look_up
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.journal import Journal
from hounsfield.dimse.places import Places
from hounsfield.dimse.server import DimseServer
from hounsfield.dimse.tls import TlsNotSetUp, contexts_of
from hounsfield.errors import HounsfieldError
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer
from hounsfield.settings.parts import dimse_config

_LOOK_UP_EVERY_S = 60.0

log = logging.getLogger(__name__)


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
        threading.Thread(target=_look_up, args=(peers, life_line), daemon=True).start()
        tls_listener = (
            socket.socket(fileno=orders.tls_descriptor) if orders.tls_descriptor >= 0 else None
        )
        server = DimseServer(
            config,
            archive.store,
            listener,
            places,
            peers,
            journal,
            tls_listener,
            archive.decoding,
        )
        _load_certificates(config)
        life_line.when_tls_opens(lambda _port, descriptor: _serve_tls(server, descriptor))
        life_line.watch(lambda: server.shutdown(DRAIN_S))
        orders.tell_that_we_serve()
        server.serve_forever()
        life_line.wait()
        journal.close()


def _load_certificates(config: DimseConfig) -> None:
    """Have the certificates at hand, so that they stay in use where later ones are no good."""
    with contextlib.suppress(TlsNotSetUp):  # who needs them is told so
        contexts_of(config.tls).for_server()


def _serve_tls(server: DimseServer, descriptor: int | None) -> None:
    if descriptor is not None:
        _load_certificates(server.config)
        server.serve_tls(socket.socket(fileno=descriptor))


def _look_up(peers: Peers, life_line: LifeLine) -> None:
    """Look up the names of peers' hosts now and then, so that no call has to wait for it."""
    while True:
        try:
            look_up(peers)
        except HounsfieldError as problem:
            log.warning("the addresses of peers cannot be kept now: %s", problem)
        except Exception:
            log.exception("the addresses of peers could not be looked up")
        if life_line.ended.wait(_LOOK_UP_EVERY_S):
            return
