"""Answers made of runs of bytes: one, a part of one, or several as parts of a message (PS3.18 8.6.1, RFC 9110 14).

What lies in a file as it is wanted goes from there to the socket, where the server can do that (ASGI's extension
`zerocopysend`); a thread sees to it before that it is in memory. Elsewhere what is small is read at once and sent
without being copied together. What is large is made ready ahead of the client in batches, a thread's turn for each.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hounsfield.archive.forms.octets import FilePart, Octets
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.requests import byte_range

# Up to so much is in memory for one answer.
AT_ONCE_BYTES = 8 << 20
_BATCH_BYTES = 1 << 20
_BATCH_PIECES = 32
_SMALL_BYTES = 16 << 10
# So many bodies are read at a time; the others wait for their turn, which is short.
_reading = ThreadPoolExecutor(16, thread_name_prefix="read-ahead")
_ZERO_COPY_SEND = "http.response.zerocopysend"

Piece = bytes | FilePart


class Gathered(Response):
    """A body in pieces that are all there; they go to the socket one after the other, as they are."""

    def __init__(
        self, pieces: Sequence[Piece], content_type: str, headers: dict[str, str], status: int = 200
    ) -> None:
        self.status_code = status
        self.background = None
        size = sum(map(_length, pieces))
        self._pieces = pieces
        # Each piece is a message: many small ones cost more than to copy them together.
        if size <= _SMALL_BYTES * len(pieces):
            small = [piece for piece in pieces if isinstance(piece, bytes)]
            self._pieces = [b"".join(small)] if len(small) == len(pieces) else pieces
        headers = {
            "content-type": content_type,
            "content-length": str(size),
            **headers,
        }
        self.raw_headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        try:
            if scope["method"] != "HEAD":
                for piece in self._pieces:
                    await _send_piece(send, piece)
        finally:
            for piece in self._pieces:
                if isinstance(piece, FilePart):
                    piece.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, FilePart) else len(piece)


async def _send_piece(send: Send, piece: Piece) -> None:
    if isinstance(piece, bytes):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        return
    await send(
        {
            "type": _ZERO_COPY_SEND,
            "file": piece.descriptor,
            "offset": piece.offset,
            "count": piece.length,
            "more_body": True,
        }
    )


def streamed(
    pieces: Iterator[Piece], content_type: str, headers: dict[str, str], status: int = 200
) -> Response:
    """A body that is read while it is sent."""
    response = _Streamed(pieces, status, headers)
    response.headers["Content-Type"] = content_type
    return response


class _Streamed(StreamingResponse):
    def __init__(self, pieces: Iterator[Piece], status: int, headers: dict[str, str]) -> None:
        self._pieces = pieces
        super().__init__((), status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._reading = _read_ahead(self._pieces)
        try:
            if scope["method"] == "HEAD":  # nobody takes the body: nothing is read for it
                await self._begin(send)
                await self._end(send)
            else:
                await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._reading.aclose()

    async def stream_response(self, send: Send) -> None:
        """Send what is read, piece by piece."""
        await self._begin(send)
        async for piece in self._reading:
            await _send_piece(send, piece)
        await self._end(send)

    async def _begin(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})

    async def _end(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_ahead(pieces: Iterator[Piece]) -> AsyncGenerator[Piece, None]:
    """The pieces, the next batch being read while one is sent."""
    run = asyncio.get_running_loop().run_in_executor
    coming = run(_reading, _batch, pieces)
    batch: list[Piece] = []
    try:
        # Who is cancelled ends the waiting, not the thread that reads.
        while batch := await asyncio.shield(coming):
            coming = run(_reading, _batch, pieces)
            while batch:
                yield batch[0]
                _give_back([batch.pop(0)])
    finally:
        # The client may have left, and a thread may still be reading from what is closed now.
        _give_back(batch)
        with CancelScope(shield=True):
            await asyncio.wait((coming,))
            if coming.exception() is None:
                _give_back(coming.result())
            await run(_reading, _close, pieces)


def _batch(pieces: Iterator[Piece]) -> list[Piece]:
    """Some pieces, no more bytes of them than are to be in memory; of parts of files there are none."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece) if isinstance(piece, bytes) else 0
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_PIECES:
            break
    return batch


def _give_back(pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if isinstance(piece, FilePart):
            piece.close()


def _close(pieces: Iterator[Piece]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def can_send_files(scope: Scope) -> bool:
    """Whether the server takes parts of files instead of their bytes."""
    return _ZERO_COPY_SEND in scope.get("extensions", {})


def one(request: Request, octets: Octets, content_type: str, headers: dict[str, str]) -> Response:
    """One run of bytes, or the range of it that is asked for (WEB-11); raises RangeNotSatisfiable."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    size = octets.length
    first, last = byte_range(request, size, headers.get("ETag", "")) if size else (0, -1)
    length, status = last - first + 1, 200
    if length != size:
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if length <= AT_ONCE_BYTES:
        pieces: Sequence[Piece]
        if can_send_files(request.scope):
            pieces = list(octets.sent(first, length))
        elif length == size:
            pieces = octets.read()
        else:
            pieces = list(octets.stream(first, length))
        return Gathered(pieces, content_type, headers, status)
    headers["Content-Length"] = str(length)
    take = octets.sent if can_send_files(request.scope) else octets.stream
    return streamed(take(first, length), content_type, headers, status)


def parts(
    request: Request, octets: Sequence[Octets], part_type: str, content_types: Sequence[str],
    urls: Sequence[str], headers: dict[str, str],
) -> Response:  # fmt: skip
    """Runs of bytes as the parts of a message, each with its type and address (WEB-04)."""
    boundary = new_boundary()
    heads = [
        part_head(boundary, content_type, is_first=n == 0, location=url)
        for n, (content_type, url) in enumerate(zip(content_types, urls, strict=True))
    ]
    end = closing(boundary)
    media_type = f'multipart/related; type="{part_type}"; boundary={boundary}'
    size = sum(one.length for one in octets) + sum(map(len, heads)) + len(end)
    sends_files = can_send_files(request.scope)
    if size <= AT_ONCE_BYTES:
        pieces: list[Piece] = []
        for head, body in zip(heads, octets, strict=True):
            pieces.append(head)
            pieces += body.sent() if sends_files else body.read()
        return Gathered([*pieces, end], media_type, headers)

    def whole() -> Iterator[Piece]:
        for head, body in zip(heads, octets, strict=True):
            yield head
            yield from body.sent() if sends_files else body.stream()
        yield end

    return streamed(whole(), media_type, {**headers, "Content-Length": str(size)})
