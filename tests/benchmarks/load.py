"""A closed loop of HTTP/1.1 connections in one thread: each sends its next request when it has its answer.

It is written to cost little, so that what is measured is the server: one `epoll`, one buffer, nothing parsed but
what tells the end of an answer.
"""

import selectors
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_BUFFER_BYTES = 1 << 20


@dataclass
class Taken:
    """What a run took: the time of each answer, and how much came."""

    seconds: list[float] = field(default_factory=list)
    body_bytes: int = 0
    elapsed_s: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.elapsed_s

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def mb_s(self) -> float:
        return self.body_bytes / self.elapsed_s / 1e6


class _Connection:
    """One kept connection and how far its present answer has come."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self.begun = 0.0
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.is_closed = False

    def send(self, request: bytes) -> None:
        self.begun = time.perf_counter()
        if self.is_closed:
            self.socket.close()
            self._open()
        self._head = b""
        self._is_in_head = True
        self._left = 0  # bytes of the body, or of the chunk
        self._is_chunked = self._is_to_the_end = False
        self._line = b""
        self.body_bytes = 0
        if self.socket.send(request) != len(request):
            raise RuntimeError("a request was not taken whole")

    def take(self, buffer: bytearray) -> bool:
        """Read what has come; gives whether the answer is complete."""
        count = self.socket.recv_into(buffer)
        if not count:
            if not self._is_to_the_end:
                raise RuntimeError("the server closed the connection")
            self.is_closed = True
            return True
        at = 0
        if self._is_in_head:
            before = len(self._head)
            self._head += bytes(memoryview(buffer)[: min(count, 1 << 16)])
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return False
            at = end + 4 - before
            self._is_in_head = False
            self._begin(self._head[:end])
        if self._is_chunked:
            return self._chunks(buffer, at, count)
        self.body_bytes += count - at
        self._left -= count - at
        return self._left <= 0 and not self._is_to_the_end

    def _begin(self, head: bytes) -> None:
        status = int(head[9:12])
        if status not in (200, 204, 206):
            raise RuntimeError(f"HTTP {status}: {self._head[:2000]!r}")
        lower = head.lower()
        self._is_chunked = b"transfer-encoding: chunked" in lower
        if (at := lower.find(b"content-length:")) >= 0:
            self._left = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        else:  # Orthanc's whole series ends with the connection
            self._is_to_the_end = not self._is_chunked and status != 204

    def _chunks(self, buffer: bytearray, at: int, count: int) -> bool:
        while at < count:
            if self._left > 0:
                step = min(self._left, count - at)
                self._left -= step
                at += step
                continue
            end = buffer.find(b"\n", at, count)
            if end < 0:
                self._line += buffer[at:count]
                return False
            line = (self._line + buffer[at : end + 1]).strip()
            self._line, at = b"", end + 1
            if line:
                size = int(line.split(b";")[0], 16)
                self.body_bytes += size
                self._left = size
                if size == 0:  # the empty line behind it is all that follows
                    return True
        return False


def run(
    base: str, paths: Iterator[str], accept: str, *, connections: int, seconds: float, most: int = 0
) -> Taken:
    """Ask for the paths, each connection for the next, until the time is over or ``most`` have been answered."""
    url = urlsplit(base)
    assert url.hostname
    assert url.port
    root = url.path.rstrip("/")
    head = f" HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: {accept}\r\n\r\n"

    def request() -> bytes:
        return f"GET {root}{next(paths)}{head}".encode()

    buffer, taken = bytearray(_BUFFER_BYTES), Taken()
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(url.hostname, url.port) for _ in range(connections)]
        begin = time.perf_counter()
        stop = begin + seconds
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(request())
        busy = connections
        while busy:
            if not (ready := selector.select(120)):
                raise RuntimeError("no answer in two minutes")
            for key, _ in ready:
                connection = key.data
                if not connection.take(buffer):
                    continue
                now = time.perf_counter()
                taken.seconds.append(now - connection.begun)
                taken.body_bytes += connection.body_bytes
                if now >= stop or (most and len(taken.seconds) >= most):
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    busy -= 1
                    continue
                if is_new := connection.is_closed:
                    selector.unregister(connection.socket)
                connection.send(request())
                if is_new:
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
        taken.elapsed_s = time.perf_counter() - begin
    return taken
