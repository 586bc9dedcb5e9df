"""uvicorn's HTTP with an end to everything: heads, requests that stop in the middle, answers that nobody reads.

uvicorn keeps a head in memory however long it becomes, and a connection for as long as its client likes (RFC 9110
15.5.9 and 15.5.22, RFC 6585 5 are what it is told then).
"""

import asyncio

from hounsfield.app.body_gathering import GathersBodies
from hounsfield.app.file_sending import SendsFiles

_REFUSAL = (
    b"HTTP/1.1 %d %s\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
    b"connection: close\r\n\r\n%s"
)
_TOO_LONG = "Request Header Fields Too Large"
_TOO_LATE = "Request Timeout"


class BoundedHttp(SendsFiles, GathersBodies):
    """One connection.

    Whoever sends little by little is served, whoever sends nothing at all for long is not; time in which the server
    itself is busy does not count.
    """

    max_head_bytes = 1 << 17
    head_within_s = 30.0
    stalled_after_s = 120.0
    unread_after_s = (
        600.0  # the kernel takes megabytes at a time, which a slow line carries for minutes
    )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self._is_incomplete = False
        self._without_body_bytes = 0
        self._heard_at = self._drained_at = self.loop.time()
        self._head_since: float | None = self._heard_at
        self._unsent_bytes = 0
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """End to watch."""
        self._watch.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol that it goes on with."""
        self._watch.cancel()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Read on; a head or trailer that grows too long ends the connection."""
        self._heard_at = self.loop.time()
        if not self._is_incomplete and self._head_since is None:
            self._head_since = self._heard_at
        self._without_body_bytes += len(data)
        super().data_received(data)
        if self._without_body_bytes > self.max_head_bytes and not self.transport.is_closing():
            self._refuse(431, _TOO_LONG, "URL and header fields are too long")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_incomplete = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._head_since = None
        self._without_body_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body came."""
        self._without_body_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._is_incomplete = False
        self._without_body_bytes = 0
        super().on_message_complete()

    def _look_again(self) -> None:
        delay_s = min(self.head_within_s, self.stalled_after_s) / 4
        self._watch = self.loop.call_later(delay_s, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent_bytes or not unsent:
            self._unsent_bytes, self._drained_at = unsent, now
        is_idle = self.cycle is None or self.cycle.response_complete
        is_late = self._head_since is not None and now - self._head_since > self.head_within_s
        if now - self._drained_at > self.unread_after_s:
            self.transport.abort()  # nobody reads, so nobody can be told
        elif is_idle and is_late:
            self._refuse(408, _TOO_LATE, "the request did not come in time")
        elif self._is_stalled(now):
            self._refuse(408, _TOO_LATE, "the request stopped in the middle")
        else:
            self._look_again()

    def _is_stalled(self, now: float) -> bool:
        is_awaited = self._is_incomplete and not self.flow.read_paused
        return is_awaited and now - self._heard_at > self.stalled_after_s

    def _refuse(self, status: int, title: str, detail: str) -> None:
        body = f'{{"title":"{title}","status":{status},"detail":"{detail}"}}'.encode()
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(_REFUSAL % (status, title.encode(), len(body), body))
        self.transport.close()
