"""Bodies of requests in large pieces: an instance that comes in sixteen reads would cost sixteen turns of the loop.

uvicorn wakes whoever reads a body with every read, and stops reading each time until it is taken.
"""

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_WORTH_TELLING_BYTES = 1 << 18
_KEPT_FOR_S = 0.02


class GathersBodies(HttpToolsProtocol):
    """One connection; what has come of a body is told when it is much, or has waited for a moment."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._telling: asyncio.TimerHandle | None = None
        self._reader = self.app
        self.app = self._read_to_the_end

    def on_body(self, body: bytes) -> None:
        """Some of the body came."""
        self._gathered.append(body)
        self._gathered_bytes += len(body)
        if self._gathered_bytes >= _WORTH_TELLING_BYTES:
            self._tell()
        elif self._telling is None:
            self._telling = self.loop.call_later(_KEPT_FOR_S, self._tell)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._tell()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """What came before the end has come."""
        if self.cycle is not None:
            self.cycle.body += self._taken()
        super().connection_lost(exc)

    def _tell(self) -> None:
        body = self._taken()
        if not body or self.cycle is None:
            return
        if not self.cycle.body:
            # uvicorn appends to this and hands out a copy; bytes after nothing are the same bytes.
            self.cycle.body = b""  # type: ignore[assignment]
        super().on_body(body)

    def _taken(self) -> bytes:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        pieces, self._gathered, self._gathered_bytes = self._gathered, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _read_to_the_end(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = getattr(receive, "__self__", None)
        assert isinstance(cycle, RequestResponseCycle)

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and cycle.body and not cycle.response_complete:
                body, cycle.body = bytes(cycle.body), bytearray()
                return {"type": "http.request", "body": body, "more_body": True}
            return message

        await self._reader(scope, receiving, send)
