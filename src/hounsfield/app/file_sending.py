"""Answers that the kernel takes from a file to the socket, without a copy of ours (ASGI extension `zerocopysend`).

uvicorn does not offer the extension; this puts it under its protocol. The event loop calls sendfile itself, which does
not wait: what asks for it has seen to it that the bytes are in memory. Only on Linux, where a file may be larger than
2 GiB, and where a socket that is full says so before it has taken anything.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

ZERO_COPY_SEND = "http.response.zerocopysend"
_IS_POSSIBLE = sys.platform == "linux"


class SendsFiles(HttpToolsProtocol):
    """One connection on which parts of files may be sent."""

    # Nobody waits for longer until the other side takes something.
    unread_after_s = 600.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._application = self.app
        self._socket_of_ours = -1
        self._is_lost = False
        self._writable: asyncio.Future[None] | None = None
        if _IS_POSSIBLE:
            self.app = self._offering

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits to send more."""
        self._is_lost = True
        if self._writable is not None:
            # Before the number of the descriptor may be somebody else's.
            self.loop.remove_writer(self._socket_of_ours)
            _settle(self._writable)
        self._close_ours()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol that it goes on with, which does not know of ours."""
        self._close_ours()
        super().handle_websocket_upgrade()

    def _close_ours(self) -> None:
        if self._socket_of_ours >= 0:
            os.close(self._socket_of_ours)
            self._socket_of_ours = -1

    async def _offering(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[ZERO_COPY_SEND] = {}
        cycle = getattr(send, "__self__", None)
        assert isinstance(cycle, RequestResponseCycle)

        async def sending(message: Message) -> None:
            if message["type"] == ZERO_COPY_SEND:
                await self._send_file(cycle, message)
            else:
                await send(message)

        await self._application(scope, receive, sending)

    async def _send_file(self, cycle: RequestResponseCycle, message: Message) -> None:
        """Send ``count`` bytes from ``offset`` of ``file`` as they are; the answer has a Content-Length."""
        offset, left = message["offset"], message["count"]
        if left > cycle.expected_content_length or cycle.chunked_encoding:
            raise RuntimeError("these bytes are not in the Content-Length of the answer")
        if self.transport.is_closing():
            return  # the client has left, which is no error: nor is it where bytes are sent
        with self._written_at_once():
            if not cycle.disconnected and cycle.flow.write_paused:
                await cycle.flow.drain()
            while left and not self.transport.is_closing():
                try:
                    sent = os.sendfile(self._socket(), message["file"], offset, left)
                except BlockingIOError:
                    await self._until_writable()
                    continue
                except (BrokenPipeError, ConnectionResetError):
                    self.transport.abort()
                    return
                if not sent:
                    raise RuntimeError("the file is shorter than it was")
                offset += sent
                left -= sent
        cycle.expected_content_length -= message["count"]

    @contextlib.contextmanager
    def _written_at_once(self) -> Iterator[None]:
        """What the transport is given to write overtakes nothing and is overtaken by nothing."""
        self.transport.set_write_buffer_limits(high=0)
        try:
            yield
        finally:
            if not self.transport.is_closing():
                self.transport.set_write_buffer_limits()

    def _socket(self) -> int:
        """A descriptor of our own, so that it is this connection's as long as we use it, whatever the loop closes."""
        if self._socket_of_ours < 0:
            self._socket_of_ours = os.dup(self.transport.get_extra_info("socket").fileno())
        return self._socket_of_ours

    async def _until_writable(self) -> None:
        """Wait until the socket takes more; gives up on whoever takes nothing."""
        self._writable = self.loop.create_future()
        self.loop.add_writer(self._socket(), _settle, self._writable)
        try:
            await asyncio.wait_for(self._writable, self.unread_after_s)
        except TimeoutError:
            self.transport.abort()
        finally:
            if not self._is_lost:
                self.loop.remove_writer(self._socket_of_ours)
            self._writable = None


def _settle(writable: "asyncio.Future[None]") -> None:
    if not writable.done():
        writable.set_result(None)
