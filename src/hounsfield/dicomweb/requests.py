"""What every transaction reads from a request: who asks, under which address, and what of the resource (PS3.18 8)."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Scope

from hounsfield.archive.access import LOCAL, Principal
from hounsfield.dicomweb.problems import RangeNotSatisfiable

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
# No value is so long that its length has twenty digits.
_RANGE = re.compile(r"bytes=([0-9]{0,20})-([0-9]{0,20})", re.IGNORECASE)

T = TypeVar("T")


async def in_thread(
    function: Callable[..., T], *arguments: Any, limiter: CapacityLimiter | None = None
) -> T:
    """Run a call of the synchronous core without holding up other requests.

    With a limiter of its own, what waits for something slow does not take the threads of everything else.
    """
    return await to_thread.run_sync(partial(function, *arguments), limiter=limiter)


# More threads than this only wait for each other: they hold the interpreter's lock nearly all the time (a third one costs frames
# a tenth).
_AT_ONCE = 2
_brief = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="brief")


async def briefly(function: Callable[..., T], *arguments: Any) -> T:
    """Run a call that takes a millisecond or so; many of them at once are slower than one after the other.

    An executor gives a call to a thread and back in a third of the time that `in_thread` takes for it. If the client
    leaves the call still runs to its end.
    """
    return await asyncio.get_running_loop().run_in_executor(_brief, partial(function, *arguments))


def principal_of(request: Request) -> Principal:
    """Who asks; until there are accounts, everybody who reaches the loopback address is the same."""
    principal = request.scope.get("principal", LOCAL)
    assert isinstance(principal, Principal)
    return principal


def base_url(request: Request) -> str:
    """The base of the service as the client reached it (WEB-10 is done before: `web.proxies`)."""
    return base_of(request.scope)


def base_of(scope: Scope) -> str:
    """The same for whoever has no request."""
    server = scope.get("server")
    host = next((v for k, v in scope["headers"] if k == b"host"), b"").decode("latin-1")
    if not host and server is not None:
        host = f"{server[0]}:{server[1]}"
    elif host in _LOOPBACK_NAMES and server is not None and server[1] not in (None, 80, 443):
        # dicomweb-client sends a Host without the port that it went to, and then follows our addresses.
        host = f"{host}:{server[1]}"
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"


def uids_of(request: Request) -> tuple[str, str | None, str | None]:
    """The UIDs of study, series and instance that stand in the path."""
    parameters = request.path_params
    return parameters["study"], parameters.get("series"), parameters.get("instance")


def is_current(request: Request, tag: str) -> bool:
    """Whether the client has what this entity tag stands for (RFC 9110 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    if not given:
        return False
    ours = tag.removeprefix("W/")
    return given.strip() == "*" or ours in (
        part.strip().removeprefix("W/") for part in given.split(",")
    )


def byte_range(request: Request, length: int, tag: str = "") -> tuple[int, int]:
    """(first, last) of a single range (RFC 9110 14.2) of what has this entity tag.

    All of it when there is no range that can be read, and to whoever has the beginning of something else (If-Range,
    13.1.5). Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or not (match[1] or match[2]) or request.method != "GET":
        return 0, length - 1
    if request.headers.get("if-range", tag).strip() != tag:
        return 0, length - 1
    if match[1] and match[2] and int(match[2]) < int(match[1]):
        return 0, length - 1  # no range at all, so it counts as not there (14.1.1)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or length - 1), length - 1)
    else:
        first, last = max(length - int(match[2]), 0), length - 1
    if first > last:
        raise RangeNotSatisfiable(f"the value has {length} bytes")
    return first, last


def respond(
    media_type: str,
    pieces: Iterator[bytes] | bytes,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> Response:
    """An answer of bytes, or of pieces that are read in a thread as the client takes them."""
    made = dict(headers or {})
    if isinstance(pieces, bytes):
        response = Response(pieces, headers=made)
    else:
        if length is not None:
            made["Content-Length"] = str(length)
        response = StreamingResponse(iterate_in_threadpool(pieces), headers=made)
    response.headers["Content-Type"] = media_type
    return response
