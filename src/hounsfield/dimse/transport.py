"""One TCP connection of an association: reading into one buffer, gathered writes, time limits (PS3.8 9.1).

The socket blocks, with SO_RCVTIMEO and SO_SNDTIMEO as the clock tick: unlike Python's own time-outs these
cost no poll() before each read.
"""

import contextlib
import select
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import dataclass

from hounsfield.dimse.tls import TlsFailure, failure_of

_TICK_S = 0.5
_MAX_GATHERED = 64
_LAST_WORD_S = 1.0
_TLS_RECORD_BYTES = 16_384  # RFC 8446 5.1: the most one record holds


class TransportClosed(Exception):
    """The connection is gone."""


class TransportTimeout(Exception):
    """The peer was silent, or too slow, for too long."""


class TlsFailed(TransportClosed):
    """TLS could not be set up, or broke."""

    def __init__(self, failure: TlsFailure) -> None:
        super().__init__(failure.text)
        self.kind = failure.kind


class TransportStopping(Exception):
    """We are shutting down, and the peer is between two messages."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a peer may keep a thread waiting.

    Args:
        artim_s: from connecting to a whole A-ASSOCIATE-RQ, and from our last word to the close.
        pdu_s: silence inside a PDU or a message; and what a message may take beyond its share at
            `minimum_bytes_per_s`.
        idle_s: silence between two messages.
        minimum_bytes_per_s: the slowest peer served, counted over a message.
    """

    artim_s: float = 30.0
    pdu_s: float = 60.0
    idle_s: float = 600.0
    minimum_bytes_per_s: int = 1024


def _timeval(seconds: float) -> bytes:
    if sys.platform == "win32":
        return struct.pack("@I", max(1, int(seconds * 1000)))
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))


def tune(sock: socket.socket, tick_s: float) -> None:
    """Set the options every association's socket has."""
    sock.settimeout(None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(tick_s))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(tick_s))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class Transport:
    """A connected socket with a receive buffer; for one thread, except `stop` and `kill`."""

    def __init__(
        self, sock: socket.socket, limits: TimeLimits, *, buffer_bytes: int = 262_144
    ) -> None:
        shortest = min(limits.artim_s, limits.pdu_s, limits.idle_s)
        self._tick_s = min(_TICK_S, max(0.01, shortest / 2))
        tune(sock, self._tick_s)
        self._sock = sock
        self._tls: ssl.SSLSocket | None = None
        self._is_killed = False
        self._limits = limits
        self._view = memoryview(bytearray(buffer_bytes))
        self._size = buffer_bytes
        self._start = 0
        self._end = 0
        self._stopping = threading.Event()
        self._silence_s = limits.artim_s
        self._is_idle = False
        self._deadline: float | None = None
        self._begun: float | None = None
        self._last_heard = time.monotonic()
        self._received = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self._quick_ack: int | None = getattr(socket, "TCP_QUICKACK", None)

    # -- TLS ----------------------------------------------------------------------------------

    def secure(
        self, context: ssl.SSLContext, within_s: float, *, server_name: str | None = None
    ) -> None:
        """Speak TLS from now on: as client with a server's name, else as server.

        Raises TlsFailed in words and TransportTimeout. It takes no longer than ``within_s``, whatever the peer sends.
        """
        begun = time.monotonic()
        try:
            tls = context.wrap_socket(
                self._sock,
                server_side=server_name is None,
                server_hostname=server_name,
                do_handshake_on_connect=False,
            )
        except (OSError, ValueError) as error:
            raise TlsFailed(_failure(error)) from error
        self._sock = self._tls = tls
        if self._is_killed:  # while the socket changed hands
            self.kill()
        # An SSL socket goes on waiting by itself when SO_RCVTIMEO strikes: it has Python's time-outs.
        tls.settimeout(within_s)
        try:
            tls.do_handshake()
        except TimeoutError as error:
            spent_s = time.monotonic() - begun
            raise TransportTimeout(f"TLS was not set up within {spent_s:.0f} s") from error
        except (OSError, ValueError) as error:
            failure = _failure(error)
            if server_name is None:
                _let_the_last_word_arrive(tls)
                if failure.kind == "gone" and tls.shared_ciphers() is not None:
                    failure = TlsFailure("left", failure.text)  # it had said what it can
            raise TlsFailed(failure) from error
        tls.settimeout(self._tick_s)

    @property
    def is_tls(self) -> bool:
        """Whether it speaks TLS."""
        return self._tls is not None

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate that the other side has shown, in DER."""
        return None if self._tls is None else self._tls.getpeercert(binary_form=True)

    # -- time ---------------------------------------------------------------------------------

    def expect_message(self) -> None:
        """Begin to wait for the next message: idle until its first byte is there."""
        self._deadline = None
        self._begun = None
        self._received = 0
        self._is_idle = self._start == self._end
        self._silence_s = self._limits.idle_s if self._is_idle else self._limits.pdu_s
        self._last_heard = time.monotonic()
        if self._is_idle and self._stopping.is_set():
            raise TransportStopping

    def expect_whole_within(self, seconds: float) -> None:
        """Begin to wait for something that must be over within `seconds` (the ARTIM timer)."""
        self._begun = None
        self._received = 0
        self._is_idle = False
        self._silence_s = seconds
        self._last_heard = time.monotonic()
        self._deadline = self._last_heard + seconds

    def _check_silence(self) -> None:
        now = time.monotonic()
        if self._is_idle and self._stopping.is_set():
            raise TransportStopping
        if self._deadline is not None and now >= self._deadline:
            raise TransportTimeout("the time for this step of the association is over")
        if now - self._last_heard >= self._silence_s:
            raise TransportTimeout(f"no byte for {self._silence_s:g} s")

    def _check_pace(self, received: int) -> None:
        now = self._last_heard = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            raise TransportTimeout("the time for this step of the association is over")
        if self._begun is None:
            self._begun = now
            self._is_idle = False
            self._silence_s = self._limits.pdu_s
        self._received += received
        allowed_s = self._limits.pdu_s + self._received / self._limits.minimum_bytes_per_s
        if now - self._begun > allowed_s:
            raise TransportTimeout(f"{self._received} bytes in {now - self._begun:.0f} s")

    # -- reading ------------------------------------------------------------------------------

    def _receive(self, at_most: int, flags: int = 0) -> None:
        """Receive behind what is buffered, at least one byte."""
        sock = self._sock
        target = self._view[self._end : self._end + at_most]
        while True:
            try:
                if self._quick_ack is not None:
                    # The kernel forgets it after each answer of ours; without it a peer that has
                    # Nagle's algorithm on waits 40 ms for our delayed acknowledgement.
                    sock.setsockopt(socket.IPPROTO_TCP, self._quick_ack, 1)
                # An SSL socket takes no flags, and is read by the record.
                received = sock.recv_into(target, 0, flags if self._tls is None else 0)
            except (BlockingIOError, TimeoutError):
                self._check_silence()
                continue
            except ssl.SSLError as error:
                # With TLS 1.3 a client hears only now that the server does not accept its certificate.
                raise TlsFailed(failure_of(error)) from error
            except OSError as error:
                raise TransportClosed(str(error)) from error
            if received == 0:
                raise TransportClosed("the peer closed the connection")
            self._end += received
            self.bytes_received += received
            self._check_pace(received)
            return

    def exactly(self, count: int) -> memoryview:
        """Return the next `count` bytes, fewer than the buffer; valid until the next read."""
        start = self._start
        if self._end - start < count:
            if self._size - start < count:
                left = self._end - start
                self._view[:left] = self._view[start : self._end]
                self._start, self._end = 0, left
            elif start == self._end:
                self._start = self._end = 0
            while self._end - self._start < count:
                self._receive(self._size - self._end)
            start = self._start
        self._start = start + count
        return self._view[start : start + count]

    def some(self, at_most: int) -> memoryview:
        """Return between 1 and `at_most` next bytes, as many as there are; valid until the next read.

        When nothing is buffered it waits for a whole buffer or for `at_most` bytes: they are sure to
        come, and one long read costs less than many short ones.
        """
        if self._start == self._end:
            self._start = self._end = 0
            wanted = min(at_most, self._size)
            self._receive(wanted, socket.MSG_WAITALL)
            while self._tls is not None and self._end < wanted:
                self._receive(wanted - self._end)
        start = self._start
        end = min(self._end, start + at_most)
        self._start = end
        return self._view[start:end]

    def whole(self, count: int) -> bytes:
        """Return a copy of the next `count` bytes; memory grows only as bytes arrive."""
        if count <= self._size:
            return bytes(self.exactly(count))
        parts = bytearray()
        while len(parts) < count:
            parts += self.some(count - len(parts))
        return bytes(parts)

    def has_input(self, within_s: float = 0.0) -> bool:
        """Whether something is there to be read, or the peer has closed; waits no longer than ``within_s``."""
        if self._start != self._end:
            return True
        if self._tls is not None and self._tls.pending():
            return True
        poll = select.poll()  # select itself knows no descriptor above 1023
        poll.register(self._sock, select.POLLIN)
        if not poll.poll(within_s * 1000):
            return False
        return self._tls is None or self._has_tls_input(self._tls)

    def _has_tls_input(self, tls: ssl.SSLSocket) -> bool:
        """Whether what came is for us: a record may be incomplete, or TLS's own."""
        self._start = self._end = 0
        tls.settimeout(0.0)
        try:
            self._end = tls.recv_into(self._view)
            self.bytes_received += self._end
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            return True
        finally:
            tls.settimeout(self._tick_s)
        return True

    @property
    def is_stopping(self) -> bool:
        """Whether we are shutting down."""
        return self._stopping.is_set()

    # -- writing ------------------------------------------------------------------------------

    def send(self, *buffers: bytes | memoryview) -> None:
        """Send all buffers in one gathered write."""
        pending = [memoryview(buffer) for buffer in buffers if len(buffer)]
        begun, sent_bytes = time.monotonic(), 0
        while pending:
            try:
                sent = self._send_some(pending)
            except (BlockingIOError, TimeoutError):
                sent = 0
            except ssl.SSLEOFError as error:
                raise TransportClosed("the peer closed the connection") from error
            except ssl.SSLError as error:
                raise TlsFailed(failure_of(error)) from error
            except OSError as error:
                raise TransportClosed(str(error)) from error
            sent_bytes += sent
            self.bytes_sent += sent
            while pending and sent >= len(pending[0]):
                sent -= len(pending.pop(0))
            if pending:
                pending[0] = pending[0][sent:]
                allowed_s = self._limits.pdu_s + sent_bytes / self._limits.minimum_bytes_per_s
                if time.monotonic() - begun > allowed_s:
                    raise TransportTimeout("the peer does not take what we send")

    def _send_some(self, pending: list[memoryview]) -> int:
        if self._tls is not None:
            return self._tls.send(_one_record(pending))
        if len(pending) == 1 or not hasattr(self._sock, "sendmsg"):
            return self._sock.send(pending[0])
        return self._sock.sendmsg(pending[:_MAX_GATHERED])

    # -- ending -------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask from another thread to end at the next moment between two messages."""
        self._stopping.set()

    def kill(self) -> None:
        """Cut the connection from another thread; whoever reads or writes ends with TransportClosed."""
        self._is_killed = True
        with contextlib.suppress(OSError):
            # Not that of an SSL socket: it would let the other thread read on without TLS.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._tls is not None and not self._is_killed:
            # The peer hears that nothing was cut off (RFC 8446 6.1); for its answer we do not wait.
            with contextlib.suppress(OSError, ValueError):
                self._tls.settimeout(0.0)
                self._tls.unwrap()
        with contextlib.suppress(OSError):
            self._sock.close()

    def linger(self, seconds: float) -> bool:
        """Wait until the peer closes, passing over what it still sends; say whether it did."""
        self.expect_whole_within(min(seconds, 1.0) if self._stopping.is_set() else seconds)
        try:
            while True:
                self._start = self._end = 0
                self._receive(self._size)
        except TransportClosed:
            return True
        except TransportTimeout:
            return False


def _one_record(pending: list[memoryview]) -> memoryview | bytes:
    """What to hand to TLS next: small pieces are put together, so that not each becomes a record.

    It gives the same for the same pieces: what could not be sent yet must be offered again as it was.
    """
    first = pending[0]
    if len(pending) == 1 or len(first) >= _TLS_RECORD_BYTES:
        return first
    record = bytearray()
    for piece in pending:
        record += piece[: _TLS_RECORD_BYTES - len(record)]
        if len(record) == _TLS_RECORD_BYTES:
            break
    return bytes(record)


def _failure(error: OSError | ValueError) -> TlsFailure:
    return failure_of(error) if isinstance(error, OSError) else TlsFailure("", str(error))


def _let_the_last_word_arrive(sock: socket.socket) -> None:
    """Read on a little after a failure: to close with bytes unread would take the alert away from the peer."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_WR)
        until = time.monotonic() + _LAST_WORD_S
        while (left_s := until - time.monotonic()) > 0:
            sock.settimeout(left_s)
            if not socket.socket.recv(sock, 1 << 16):
                return
