"""Lets pages of other web sites use DICOMweb, those that the settings name (CORS, Fetch Standard 3.2).

A preflight is an OPTIONS request that a browser sends by itself; any other is Retrieve Capabilities (PS3.18 8.9).
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hounsfield.dicomweb.problems import problem

BASE = "/dicom-web"
_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_EXPOSED = "Allow, Content-Location, Content-Range, ETag, Location, Retry-After, Warning"
_KEPT_S = "600"


class CrossOrigin:
    """ASGI middleware: answers preflights, and says with each answer that the page may have it."""

    def __init__(self, app: ASGIApp, allowed_origins: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{BASE}/"):
            await self._app(scope, receive, send)
            return
        if scope["path"] == BASE:  # the base with and without its slash is one resource
            scope = {**scope, "path": f"{BASE}/", "raw_path": f"{BASE}/".encode()}
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        if origin not in self._allowed:
            if is_preflight:
                text = f"{origin[:200]!a} is none of the sites of dicomweb.allowed_origins"
                await problem(403, text, {"Vary": "Origin"})(scope, receive, send)
                return
            await self._app(scope, receive, send)
            return
        if is_preflight:
            allowed = {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": headers.get("access-control-request-headers", ""),
                "Access-Control-Max-Age": _KEPT_S,
                "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            }
            await Response(status_code=204, headers=allowed)(scope, receive, send)
            return

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"access-control-allow-origin", origin.encode("latin-1")),
                    (b"access-control-expose-headers", _EXPOSED.encode()),
                    (b"vary", b"Origin"),
                ]
            await send(message)

        await self._app(scope, receive, send_allowed)
