"""Answers made of runs of bytes: one, a part of one, or several as parts of a message (PS3.18 8.6.1, RFC 9110 14).

What is small is read at once and sent without being copied together; what is large is read ahead of the client in
batches, a thread's turn for each.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hounsfield.archive.forms.octets import Octets
from hounsfield.dicomweb.multipart import closing, new_boundary, part_head
from hounsfield.dicomweb.requests import byte_range

# Up to so much is in memory for one answer.
AT_ONCE_BYTES = 8 << 20
_BATCH_BYTES = 1 << 20
_SMALL_BYTES = 16 << 10
# So many bodies are read at a time; the others wait for their turn, which is short.
_reading = ThreadPoolExecutor(16, thread_name_prefix="read-ahead")


class Gathered(Response):
    """A body in pieces that are all there; they go to the socket one after the other, as they are."""

    def __init__(
        self, pieces: Sequence[bytes], content_type: str, headers: dict[str, str], status: int = 200
    ) -> None:
        self.status_code = status
        self.background = None
        # Each piece is a message: many small ones cost more than to copy them together.
        size = sum(map(len, pieces))
        self._pieces = [b"".join(pieces)] if size <= _SMALL_BYTES * len(pieces) else pieces
        headers = {
            "content-type": content_type,
            "content-length": str(size),
            **headers,
        }
        self.raw_headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        pieces = self._pieces if scope["method"] != "HEAD" else ()
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def streamed(
    pieces: Iterator[bytes], content_type: str, headers: dict[str, str], status: int = 200
) -> Response:
    """A body that is read while it is sent."""
    response = _Streamed(pieces, status, headers)
    response.headers["Content-Type"] = content_type
    return response


class _Streamed(StreamingResponse):
    def __init__(self, pieces: Iterator[bytes], status: int, headers: dict[str, str]) -> None:
        self._reading = _read_ahead(pieces)
        super().__init__(self._reading, status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            # Nobody takes the body: nothing is read for it.
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._reading.aclose()


async def _read_ahead(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The pieces, the next batch being read while one is sent."""
    run = asyncio.get_running_loop().run_in_executor
    coming = run(_reading, _batch, pieces)
    try:
        while batch := await coming:
            coming = run(_reading, _batch, pieces)
            for piece in batch:
                yield piece
    finally:
        # The client may have left, and a thread may still be reading from what is closed now.
        with CancelScope(shield=True):
            await asyncio.wait((coming,))
            if not coming.cancelled():
                coming.exception()
            await run(_reading, _close, pieces)


def _batch(pieces: Iterator[bytes]) -> list[bytes]:
    batch, size = [], 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece)
        if size >= _BATCH_BYTES:
            break
    return batch


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def one(request: Request, octets: Octets, content_type: str, headers: dict[str, str]) -> Response:
    """One run of bytes, or the range of it that is asked for (WEB-11); raises RangeNotSatisfiable."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    size = octets.length
    first, last = byte_range(request, size) if size else (0, -1)
    length, status = last - first + 1, 200
    if length != size:
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if length <= AT_ONCE_BYTES:
        pieces = octets.read() if length == size else list(octets.stream(first, length))
        return Gathered(pieces, content_type, headers, status)
    headers["Content-Length"] = str(length)
    return streamed(octets.stream(first, length), content_type, headers, status)


def parts(
    octets: Sequence[Octets], part_type: str, content_types: Sequence[str], urls: Sequence[str],
    headers: dict[str, str],
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
    if size <= AT_ONCE_BYTES:
        pieces = [
            piece
            for head, body in zip(heads, octets, strict=True)
            for piece in (head, *body.read())
        ]
        return Gathered([*pieces, end], media_type, headers)
    each = (chain((head,), body.stream()) for head, body in zip(heads, octets, strict=True))
    whole = chain(chain.from_iterable(each), (end,))
    return streamed(whole, media_type, {**headers, "Content-Length": str(size)})
