"""The DICOM server: accepts connections on one listener and serves each in a thread of its own (PS3.8 9.1)."""

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections import Counter

from hounsfield.archive.access import Principal
from hounsfield.archive.store import InstanceStore
from hounsfield.dimse.acceptance import Acceptance, Refusal
from hounsfield.dimse.association import DEFAULT_PEER_MAXIMUM_LENGTH, Association, AssociationEnded
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.places import Places
from hounsfield.dimse.services import Services
from hounsfield.dimse.transport import Transport
from hounsfield.index.site.peers import Peers

__all__ = ["DimseConfig", "DimseServer"]

log = logging.getLogger(__name__)

# How long a process that serves more than another lets that one go first.
_AFTER_YOU_S = 0.002


class DimseServer:
    """Serves associations from a listening socket, which it owns, until it is shut down.

    Several processes may serve one socket: they share `Places` then, and with it the limits.
    """

    def __init__(
        self,
        config: DimseConfig,
        store: InstanceStore,
        listener: socket.socket,
        places: Places | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.config = config
        self._listener = listener
        self._places = places or Places(config.max_associations, config.max_associations_by_peer)
        self._peers = peers or Peers(store.index.database, config.peers)
        self._acceptance = Acceptance(config, self._places, self._peers)
        self._services = Services(config, store, self._peers)
        self._lock = threading.Lock()
        self._open: dict[Association, threading.Thread] = {}
        self._counts: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._wake_receiver, self._wake_sender = socket.socketpair()

    @property
    def counts(self) -> dict[str, int]:
        """How many connections were taken, and how many associations ended in which way."""
        with self._lock:
            return {"connections": 0, **self._counts, "open": len(self._open)}

    # -- connections --------------------------------------------------------------------------------

    def serve_forever(self) -> None:
        """Accept connections until `shutdown`."""
        self._listener.setblocking(False)
        with (
            self._listener,
            self._wake_receiver,
            self._wake_sender,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if self._places.has_more_than_its_share():
                    self._stopping.wait(_AFTER_YOU_S)
                if not self._stopping.is_set():
                    self._accept_one()

    def _accept_one(self) -> None:
        try:
            connection, address = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:  # out of file descriptors, most likely: let others end first
            log.warning("A connection could not be accepted: %s", error)
            self._stopping.wait(0.1)
            return
        host = str(address[0])
        with self._lock:
            self._counts["connections"] += 1
        place = self._places.take()
        if place is None:
            log.warning("Connection from %s closed: too many are open", host)
            connection.close()
            return
        try:
            self._begin(connection, host, place)
        except (OSError, RuntimeError) as error:  # gone already, or no thread to be had
            log.warning("Connection from %s closed: %s", host, error)
            connection.close()
            self._places.give_back(place)

    def _begin(self, connection: socket.socket, host: str, place: int) -> None:
        transport = Transport(connection, self.config.times)
        association = Association(transport, is_requestor=False, artim_s=self.config.times.artim_s)
        association.peer_address = host
        thread = threading.Thread(
            target=self._serve, args=(association, place), name=f"dimse {host}", daemon=True
        )
        with self._lock:  # until it runs nobody may see it: `shutdown` joins every thread here
            if self._stopping.is_set():  # it has looked already and would not end this one
                raise ConnectionAbortedError("shutting down")
            thread.start()
            self._open[association] = thread

    def _forget(self, association: Association) -> None:
        with self._lock:
            self._open.pop(association, None)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    # -- associations -------------------------------------------------------------------------------

    def _serve(self, association: Association, place: int) -> None:
        try:
            self._negotiate(association, place)
            try:
                log.info(
                    "Association from %s at %s: %d contexts accepted",
                    association.calling_ae_title,
                    association.peer_address,
                    len(association.contexts),
                )
                while True:
                    answered = self._services.answer_one(association)
                    if answered is not None:
                        request, response = answered
                        self._count(f"{request.name} {response.status:04X}")
            finally:
                self._places.rise(place)
        except AssociationEnded as end:
            self._count(str(end.ending))
            log.info(
                "Association from %s at %s over: %s",
                association.calling_ae_title or "?",
                association.peer_address,
                end,
            )
        except Exception:
            self._count("failed")
            log.exception("Association from %s failed", association.peer_address)
            association.abort()
        finally:
            self._services.ended(association)
            association.transport.close()
            self._places.give_back(place)
            self._forget(association)

    def _negotiate(self, association: Association, place: int) -> None:
        """Take the request in; returns only if it was accepted."""
        request = association.await_request()
        decision = self._acceptance.decide(request, association.peer_address, place)
        if isinstance(decision, Refusal):
            log.warning(
                "Association from %s refused: %s", association.peer_address, decision.advice
            )
            raise association.reject(decision.answer)
        association.calling_ae_title = request.calling_ae_title
        association.called_ae_title = request.called_ae_title
        association.peer = decision.peer
        association.principal = Principal(
            request.calling_ae_title,
            "peer",
            association.peer_address,
            None if decision.peer is None else decision.peer.may,
        )
        association.contexts = decision.negotiated.contexts
        maximum_length = request.user_information.maximum_length
        association.peer_maximum_length = (
            DEFAULT_PEER_MAXIMUM_LENGTH if maximum_length is None else maximum_length
        )
        association.accept(decision.negotiated.answer)

    # -- the end ------------------------------------------------------------------------------------

    def shutdown(self, timeout_s: float = 8.0) -> None:
        """Stop accepting, let messages in progress be answered, then abort what is left.

        Returns when every association's thread has ended, or soon after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"\0")
        with self._lock:
            running = dict(self._open)
        for association in running:
            association.transport.stop()
            if not association.is_established:
                association.transport.kill()
        for thread in running.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        left = [association for association, thread in running.items() if thread.is_alive()]
        for association in left:
            log.warning("Association from %s cut off at shutdown", association.peer_address)
            association.transport.kill()
        for association in left:
            running[association].join(1.0)
