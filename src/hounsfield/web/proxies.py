"""Believes what a reverse proxy says of the request that it was sent, if the proxy is one that is trusted (WEB-10).

RFC 7239, and the headers that were usual before it. Everybody else can write the same headers, and would be named in
the addresses that we answer with.
"""

import ipaddress
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PAIR = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^;,\s]+)', re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
_SCHEMES = frozenset({"http", "https"})


class BehindProxy:
    """ASGI middleware: puts the scheme, host and prefix that the client used into the request."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(one, strict=False) for one in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in {"http", "websocket"} and self._is_trusted(scope.get("client")):
            scope = _as_sent(scope)
        await self._app(scope, receive, send)

    def _is_trusted(self, client: tuple[str, int] | None) -> bool:
        if not self._trusted or client is None:
            return False
        try:
            address = ipaddress.ip_address(client[0])
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _as_sent(scope: Scope) -> Scope:
    headers = {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}
    told = {name.lower(): value.strip('"') for name, value in _first(headers)}
    scheme = told.get("proto") or headers.get(b"x-forwarded-proto", "").split(",")[0].strip()
    host = told.get("host") or headers.get(b"x-forwarded-host", "").split(",")[0].strip()
    prefix = headers.get(b"x-forwarded-prefix", "").split(",")[0].strip()
    changed = dict(scope)
    if scheme.lower() in _SCHEMES:
        changed["scheme"] = scheme.lower()
    if host and _HOST.fullmatch(host):
        kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [(b"host", host.encode("ascii")), *kept]
        # What stands in addresses is the proxy's, so our own port has no place there.
        changed["server"] = None
    if prefix.strip("/") and _PREFIX.fullmatch(prefix):
        prefix = prefix.rstrip("/")
        changed["root_path"] = prefix + scope.get("root_path", "")
        changed["path"] = prefix + scope["path"]
    return changed


def _first(headers: dict[bytes, str]) -> list[tuple[str, str]]:
    """The parameters of the first element of Forwarded: of the proxy that the client spoke with."""
    return _PAIR.findall(headers.get(b"forwarded", "").split(",")[0])
