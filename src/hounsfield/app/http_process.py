"""The process that serves DICOMweb, the JSON API and the browser app."""

import asyncio
import contextlib
import resource
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hounsfield.app.accepting import SharingServer
from hounsfield.app.archive import open_archive
from hounsfield.app.bounded_http import BoundedHttp
from hounsfield.app.calls import checks_from, recording_calls
from hounsfield.app.child import DRAIN_S, LifeLine, Orders
from hounsfield.dicomweb.parts import DicomWebPolicy
from hounsfield.dicomweb.problems import problem
from hounsfield.dimse.browsing import PeerBrowser
from hounsfield.web.application import WebParts, web_app

_ENDLESS = frozenset({"/api/events", "/api/changes"})
_COME_BACK = problem(503, "The server ends; ask again soon.", {"Retry-After": "1"})
_LOOK_EVERY_S = 0.25
_LONGEST_WS_MESSAGE = 4096  # clients of an event channel have nothing to say


# Each client that takes its time over a series holds some thirty files; many systems begin with 1024 of all kinds.
_WANTED_DESCRIPTORS = 1 << 16


def run_http(orders: Orders, listener: socket.socket, life_line: LifeLine) -> None:
    """Serve until the life-line ends; answers in progress are finished first."""
    _allow_many_files()
    settings = orders.settings
    server_facts: dict[str, Any] = {
        "ae_title": settings.dimse.ae_title,
        "dicom_host": settings.dimse.host,
        "dicom_port": orders.dimse_port,
        "dicom_tls_port": orders.dimse_tls_port,
        "unknown_peers": settings.dimse.unknown_peers,
        "is_demo": orders.is_demo,
    }

    def our_ports() -> tuple[int | None, ...]:
        return server_facts["dicom_port"], server_facts["dicom_tls_port"]

    with open_archive(settings) as archive, recording_calls(archive):
        parts = WebParts(
            store=archive.store,
            search=archive.search,
            retrieve=archive.retrieve,
            index=archive.index,
            data_folder=settings.data,
            peers=archive.peers,
            check_peer=checks_from(settings.dimse.ae_title, our_ports),
            ask_peer=PeerBrowser(settings.dimse.ae_title),
            server=server_facts,
            thumbnails_bytes=settings.pixels.thumbnails_bytes,
            quick_copies_bytes=settings.pixels.quick_copies_bytes,
            trusted_proxies=settings.web.trusted_proxies,
            policy=DicomWebPolicy(
                may_delete=settings.dicomweb.delete == "allow",
                keeps_started=settings.dimse.worklist_keeps_started,
                allowed_origins=settings.dicomweb.allowed_origins,
                trash_days=settings.dicomweb.trash_days,
            ),
        )
        server = SharingServer(
            uvicorn.Config(
                EndsEndless(web_app(parts), life_line),
                loop="uvloop",
                http=BoundedHttp,
                ws="websockets-sansio",
                ws_max_size=_LONGEST_WS_MESSAGE,
                lifespan="on",
                log_config=None,
                access_log=settings.web.access_log,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(DRAIN_S),
            ),
            listener,
        )
        life_line.when_tls_opens(lambda port, _descriptor: server_facts.update(dicom_tls_port=port))
        life_line.watch(server.end)
        server.run()


def _allow_many_files() -> None:
    """As many as the system lets us have without asking anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_WANTED_DESCRIPTORS, hard) if hard >= 0 else _WANTED_DESCRIPTORS
    if 0 <= soft < wanted:
        # What a Mac calls unlimited it may refuse.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class EndsEndless:
    """ASGI middleware: ends answers that have no end of their own when the server is to end.

    Without it every open browser would hold up the end until its time is out.
    """

    def __init__(self, app: ASGIApp, life_line: LifeLine) -> None:
        self._app = app
        self._life_line = life_line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] not in _ENDLESS:
            await self._app(scope, receive, send)
            return
        is_open = has_begun = False

        async def noting(message: Message) -> None:
            nonlocal is_open, has_begun
            has_begun = True
            is_open = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        answer = asyncio.ensure_future(self._app(scope, receive, noting))
        try:
            while not self._life_line.ended.is_set():
                done, _ = await asyncio.wait((answer,), timeout=_LOOK_EVERY_S)
                if done:
                    answer.result()
                    return
        finally:
            answer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answer
        if not has_begun:
            await _COME_BACK(scope, receive, send)
        elif is_open:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
