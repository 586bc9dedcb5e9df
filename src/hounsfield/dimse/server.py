"""The DICOM server: accepts connections on one listener and serves each in a thread of its own (PS3.8 9.1)."""

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections import Counter

from hounsfield.archive.access import Principal
from hounsfield.archive.site.peer_certificates import ShownCertificate, shown_certificate
from hounsfield.archive.store import InstanceStore
from hounsfield.dimse.acceptance import Acceptance, Origin, Refusal
from hounsfield.dimse.association import Association
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.doctor.tls_findings import tls_finding
from hounsfield.dimse.exchange import DEFAULT_PEER_MAXIMUM_LENGTH, AssociationEnded, Ending
from hounsfield.dimse.places import Places
from hounsfield.dimse.records import Recording
from hounsfield.dimse.services import Services
from hounsfield.dimse.tls import TlsNotSetUp, contexts_of
from hounsfield.dimse.transport import TlsFailed, Transport, TransportClosed, TransportTimeout
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Recorder
from hounsfield.pixels.pool import DecodePool

__all__ = ["DimseConfig", "DimseServer"]

log = logging.getLogger(__name__)

# How long a process that serves more than another lets that one go first.
_AFTER_YOU_S = 0.002
# Where no place is left, connections without an association make way: how many at a time, and from which age on.
_MAKE_WAY, _YOUNG_S, _FOR_A_PLACE_S = 8, 1.0, 0.25


# The comments to failures of these say how something was asked for, and nothing of a patient.
_REPEATED = frozenset({"C-FIND-RQ", "C-GET-RQ", "C-MOVE-RQ"})
_NO_TLS = "there is none yet: `hounsfield tls init` or `hounsfield tls use` opens it"


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
        recorder: Recorder | None = None,
        tls_listener: socket.socket | None = None,
        decoding: DecodePool | None = None,
    ) -> None:
        self.config = config
        self._listener = listener
        self._tls_listener = tls_listener
        self._new_tls_listener: socket.socket | None = None
        self._places = places or Places(config.max_associations, config.max_associations_by_peer)
        self._peers = peers or Peers(store.index.database, config.peers, config.tls)
        self._acceptance = Acceptance(config, self._places, self._peers)
        self._services = Services(config, store, self._peers, decoding)
        self._recorder = recorder
        if recorder is not None:
            self._peers.record_with(recorder)
        self._lock = threading.Lock()
        self._open: dict[Association, threading.Thread] = {}
        self._counts: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        # What a caller that speaks TLS at the wrong port, or does not at the right one, is to be told.
        self._ports: dict[str, int | str] = {
            "plain_port": _port_of(listener),
            "tls_port": _NO_TLS if tls_listener is None else _port_of(tls_listener),
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many connections were taken, and how many associations ended in which way."""
        with self._lock:
            return {"connections": 0, **self._counts, "open": len(self._open)}

    # -- connections --------------------------------------------------------------------------------

    def serve_tls(self, listener: socket.socket) -> None:
        """Serve TLS too from now on, on a socket that we own then; from any thread, once."""
        with self._lock:
            self._new_tls_listener = listener
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"\0")

    def serve_forever(self) -> None:
        """Accept connections until `shutdown`."""
        with (
            contextlib.ExitStack() as stack,
            self._wake_receiver,
            self._wake_sender,
            selectors.DefaultSelector() as selector,
        ):

            def listen_to(listener: socket.socket | None) -> None:
                if listener is not None:
                    listener.setblocking(False)
                    selector.register(stack.enter_context(listener), selectors.EVENT_READ)

            listen_to(self._listener)
            listen_to(self._tls_listener)
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            while not self._stopping.is_set():
                ready = selector.select()
                if self._places.has_more_than_its_share():
                    self._stopping.wait(_AFTER_YOU_S)
                for key, _events in ready:
                    assert isinstance(key.fileobj, socket.socket)
                    if key.fileobj is self._wake_receiver:
                        self._wake_receiver.recv(64)
                    elif not self._stopping.is_set():
                        self._accept_one(key.fileobj)
                listen_to(self._take_new_tls_listener())

    def _take_new_tls_listener(self) -> socket.socket | None:
        with self._lock:
            new, self._new_tls_listener = self._new_tls_listener, None
        if new is not None:
            self._tls_listener = new
            self._ports = {**self._ports, "tls_port": _port_of(new)}
        return new

    def _accept_one(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
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
            place = self._make_way()
        if place is None:
            log.warning("Connection from %s closed: too many are open", host)
            connection.close()
            return
        try:
            self._begin(connection, host, place, is_tls=listener is self._tls_listener)
        except (OSError, RuntimeError) as error:  # gone already, or no thread to be had
            log.warning("Connection from %s closed: %s", host, error)
            connection.close()
            self._places.give_back(place)

    def _begin(
        self, connection: socket.socket, host: str, place: int, *, is_tls: bool = False
    ) -> None:
        transport = Transport(connection, self.config.times)
        association = Association(transport, is_requestor=False, artim_s=self.config.times.artim_s)
        association.peer_address = host
        recording = Recording("in", self._recorder, self.config.ae_title, host)
        recording.transport, recording.messages = transport, association.messages
        recording.is_tls = is_tls
        recording.remark(**self._ports)
        recording.is_worth_keeping = False  # a connection that says nothing is none
        association.recording = recording
        thread = threading.Thread(
            target=self._serve, args=(association, place), name=f"dimse {host}", daemon=True
        )
        with self._lock:  # until it runs nobody may see it: `shutdown` joins every thread here
            if self._stopping.is_set():  # it has looked already and would not end this one
                raise ConnectionAbortedError("shutting down")
            thread.start()
            self._open[association] = thread

    def _make_way(self) -> int | None:
        """A place of connections that were opened long enough ago and are no associations, the oldest first.

        Otherwise whoever opens connections and says nothing would keep everybody out.
        """
        old_us = time.time_ns() // 1000 - int(_YOUNG_S * 1e6)
        with self._lock:
            idle = [
                (one.recording.began_us, one)
                for one in self._open
                if not one.is_established and one.recording is not None
            ]
        idle = sorted((one for one in idle if one[0] < old_us), key=lambda one: one[0])
        for _began_us, association in idle[:_MAKE_WAY]:
            association.transport.kill()
        until = time.monotonic() + _FOR_A_PLACE_S
        while idle and time.monotonic() < until:
            place = self._places.take()
            if place is not None:
                return place
            self._stopping.wait(_AFTER_YOU_S)
        return None

    def _forget(self, association: Association) -> None:
        with self._lock:
            self._open.pop(association, None)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    # -- associations -------------------------------------------------------------------------------

    def _serve(self, association: Association, place: int) -> None:
        try:
            if association.recording is not None and association.recording.is_tls:
                self._secure(association, association.recording)
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
                        comment = response.error_comment if request.name in _REPEATED else ""
                        if comment and association.recording is not None:
                            association.recording.remark(comment=comment)
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
            if association.recording is not None:
                association.recording.end("failed")
            association.abort()
        finally:
            self._services.ended(association)
            association.transport.close()
            self._places.give_back(place)
            self._forget(association)

    def _secure(self, association: Association, recording: Recording) -> None:
        """Set TLS up, in no more time than the request for an association may take (SEC-01)."""
        times = self.config.times
        try:
            context = contexts_of(self.config.tls).for_server()
            association.transport.secure(context, times.artim_s)
        except TransportTimeout as problem:
            raise AssociationEnded(Ending.TIMED_OUT, str(problem)) from problem
        except (TlsNotSetUp, TransportClosed) as problem:
            text = str(problem)
            kind = problem.kind if isinstance(problem, TlsFailed) else ""
            if kind != "gone":  # who only looks whether the port is open is no caller
                log.warning("TLS with %s failed: %s", association.peer_address, text)
                recording.found(tls_finding(kind, is_in=True), {"text": text})
                recording.end("failed", text)
            raise AssociationEnded(Ending.CONNECTION_LOST, text) from problem

    def _negotiate(self, association: Association, place: int) -> None:
        """Take the request in; returns only if it was accepted."""
        request = association.await_request()
        recording = association.recording
        assert recording is not None
        recording.is_worth_keeping = request.calling_ae_title != self.config.probe_ae_title
        recording.asked(request)
        association.is_tls, association.certificate = recording.is_tls, _shown(association)
        origin = Origin(
            association.peer_address, association.is_tls, association.certificate, self._ports
        )
        decision = self._acceptance.decide(request, origin, place)
        if isinstance(decision, Refusal):
            log.warning(
                "Association from %s refused: %s", association.peer_address, decision.advice
            )
            recording.found(decision.finding.code, decision.values)
            raise association.reject(decision.answer)
        association.calling_ae_title = request.calling_ae_title
        association.called_ae_title = request.called_ae_title
        association.peer = decision.peer
        if decision.peer is not None:
            recording.peer = decision.peer.name
        if decision.missing_rights:
            recording.remark(missing_rights=decision.missing_rights)
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
        recording.accepted(decision.negotiated.answer)

    # -- the end ------------------------------------------------------------------------------------

    def shutdown(self, timeout_s: float = 8.0) -> None:
        """Stop accepting, let messages in progress be answered, then abort what is left.

        Returns when every association's thread has ended, or soon after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        self._stopping.set()
        self._wake()
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


def _shown(association: Association) -> ShownCertificate | None:
    """The certificate that a caller showed."""
    der = association.transport.peer_certificate
    return None if der is None else shown_certificate(der)


def _port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
