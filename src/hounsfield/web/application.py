"""The whole web application: DICOMweb, API, health, and the browser app behind everything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from hounsfield.archive.forms.derived import DerivedFiles
from hounsfield.archive.forms.quick_copies import quick_copies
from hounsfield.archive.forms.rendering import Rendering
from hounsfield.archive.forms.representations import Representations
from hounsfield.archive.forms.thumbnails import Thumbnails
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.search import Search
from hounsfield.archive.site.peers import CheckPeer
from hounsfield.archive.site.remote import AskPeer
from hounsfield.archive.store import InstanceStore
from hounsfield.dicomweb.parts import PLAIN, DicomWebParts, DicomWebPolicy
from hounsfield.dicomweb.problems import HANDLERS
from hounsfield.dicomweb.routes import dicomweb_app
from hounsfield.dicomweb.wado.uri import wado_uri
from hounsfield.index.index import Index
from hounsfield.index.site.peers import Peers
from hounsfield.pixels.pool import DecodePool
from hounsfield.web.api import ApiParts, api_app
from hounsfield.web.app_files import AppFiles
from hounsfield.web.cross_origin import CrossOrigin
from hounsfield.web.events import Feed
from hounsfield.web.proxies import BehindProxy
from hounsfield.web.security import LoopbackOnly

_THREADS = 64


@dataclass(frozen=True, slots=True)
class WebParts:
    """The parts of the archive that the web application needs; ``server`` is what /api/server tells."""

    store: InstanceStore
    search: Search
    retrieve: Retrieve
    index: Index
    data_folder: Path
    server: dict[str, Any]
    peers: Peers
    check_peer: CheckPeer | None = None
    ask_peer: AskPeer | None = None
    thumbnails_bytes: int = 1 << 30
    quick_copies_bytes: int = 0
    policy: DicomWebPolicy = PLAIN
    trusted_proxies: tuple[str, ...] = ()


def web_app(parts: WebParts) -> ASGIApp:
    """Build the application."""
    feed = Feed(parts.index)
    api = ApiParts(
        store=parts.store,
        search=parts.search,
        retrieve=parts.retrieve,
        index=parts.index,
        feed=feed,
        server=parts.server,
        data_folder=parts.data_folder,
        peers=parts.peers,
        check_peer=parts.check_peer,
        ask_peer=parts.ask_peer,
        trash_days=parts.policy.trash_days,
    )
    pool = parts.retrieve.decoding or DecodePool()
    shown = Representations(parts.retrieve, Rendering(parts.retrieve, pool))
    derived = DerivedFiles(parts.data_folder / "derived" / "thumbnails", parts.thumbnails_bytes)
    thumbnails = Thumbnails(parts.retrieve, shown, derived)
    dicomweb = DicomWebParts(
        store=parts.store,
        search=parts.search,
        retrieve=parts.retrieve,
        thumbnails=thumbnails,
        representations=shown,
        peers=parts.peers,
        policy=parts.policy,
        copies=quick_copies(parts.data_folder, parts.quick_copies_bytes),
    )

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_request: Request) -> Response:
        await to_thread.run_sync(parts.index.totals)
        return PlainTextResponse("ready")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        with pool:
            async with feed.running():
                yield

    app = Starlette(
        routes=[
            Mount("/dicom-web", dicomweb_app(dicomweb)),
            Route("/wado", wado_uri(dicomweb)),
            Mount("/api", api_app(api)),
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/{path:path}", AppFiles().answer, methods=["GET"]),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    origins = parts.policy.allowed_origins
    behind_proxy = BehindProxy(app, parts.trusted_proxies)
    return LoopbackOnly(CrossOrigin(behind_proxy, origins), origins)
