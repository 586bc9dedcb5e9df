"""Keeps other web sites out of a server that trusts whoever reaches its loopback address.

A page on any site can make a browser send requests to 127.0.0.1. The Host header must name this machine, so that a
name an attacker lets point here (DNS rebinding) gets nothing, and requests that change something must not come from
another site's page.
"""

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from hounsfield.dicomweb.problems import problem
from hounsfield.web.cross_origin import BASE

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class LoopbackOnly:
    """ASGI middleware: refuses foreign Host and Origin, and adds security headers to every answer."""

    def __init__(self, app: ASGIApp, allowed_origins: Collection[str] = ()) -> None:
        """``allowed_origins`` are those of other sites whose pages may use DICOMweb."""
        self._app = app
        self._allowed = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if scope["type"] == "websocket":
            # A browser lets any page open one, and says only by its Origin which page it is.
            if is_loopback_host(host) and (not origin or self._is_trusted(scope, origin, host)):
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        if not is_loopback_host(host):
            answer = problem(
                403, "This server answers only to names of this machine, such as 127.0.0.1."
            )
            await answer(scope, receive, send)
            return
        is_ours = not origin or self._is_trusted(scope, origin, host)
        if scope["method"] not in _SAFE and not is_ours:
            answer = problem(403, "Another web site may not change anything here.")
            await answer(scope, receive, send)
            return

        async def send_with_headers(message: object) -> None:
            assert isinstance(message, dict)
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _is_trusted(self, scope: Scope, origin: str, host: str) -> bool:
        is_allowed = origin in self._allowed and scope["path"].startswith(f"{BASE}/")
        return is_allowed or is_same_origin(origin, host)


@lru_cache(maxsize=256)
def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        name = urlsplit("//" + host).hostname if host else None
    except ValueError:  # brackets without an address in them
        return False
    if name is None:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_same_origin(origin: str, host: str) -> bool:
    """Whether an Origin header is that of the server itself."""
    try:
        return origin != "null" and urlsplit(origin).netloc == host
    except ValueError:
        return False
