"""uvicorn on a listening socket that several processes share, so that all of them get their part of the connections.

Left to itself, whichever event loop wakes first takes all that wait, and browsers and viewers keep their connections.
"""

import asyncio
import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from select import POLLIN, poll

import uvicorn

# So long a process lets others go first, for each connection that it has. Another one needs some of it to wake up.
_AFTER_YOU_S = 0.0005
_AT_MOST_S = 0.01

_STARTUP_FAILED = 3  # the exit code that uvicorn has for it

log = logging.getLogger(__name__)


class SharingServer(uvicorn.Server):
    """Takes connections in a thread; without signal handlers of its own: the life-line says when to end."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        listener.setblocking(False)
        self._listener = listener
        self._wake, self._waker = socket.socketpair()
        self._stopping = threading.Event()
        # Each is counted by one thread alone: how many were taken, and of how many the loop knows by now.
        self._taken = self._known = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    def end(self) -> None:
        """Stop accepting, finish what is in progress; from any thread."""
        self.should_exit = True
        self._stopping.set()
        with contextlib.suppress(OSError):  # it has ended already
            self._waker.send(b"\0")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin to serve."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(_STARTUP_FAILED)
        self.servers = []
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._accept, args=(loop,), name="accept", daemon=True
        )
        self._thread.start()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening socket and finish what is in progress."""
        self.end()
        self._thread.join(1)
        for one in (self._listener, self._wake, self._waker):
            one.close()
        await super().shutdown(sockets)

    def _accept(self, loop: asyncio.AbstractEventLoop) -> None:
        watched = poll()
        for one in (self._listener, self._wake):
            watched.register(one.fileno(), POLLIN)
        while not self._stopping.is_set():
            watched.poll()
            # A burst is over before the loop knows of its first.
            connections = len(self.server_state.connections) + self._taken - self._known
            if self._stopping.wait(min(connections * _AFTER_YOU_S, _AT_MOST_S)):
                break
            try:
                connection, _address = self._listener.accept()
            except BlockingIOError:
                continue  # another process was quicker
            except OSError as problem:
                if self._stopping.is_set():
                    break
                log.warning("a connection could not be taken: %s", problem)
                self._stopping.wait(_AT_MOST_S)
                continue
            self._taken += 1
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._take, loop, connection)

    def _take(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
                _loop=loop,
            )
            return made

        opening = loop.create_task(loop.connect_accepted_socket(protocol, connection))
        opening.add_done_callback(self._opened)

    def _opened(self, opening: "asyncio.Task[object]") -> None:
        self._known += 1
        _say_why(opening)


def _say_why(opening: "asyncio.Task[object]") -> None:
    if not opening.cancelled() and (problem := opening.exception()) is not None:
        log.debug("a connection was closed before it was served: %s", problem)
