"""The process that serves the web: DICOMweb, JSON API and browser app, on uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from hounsfield.app.archive import open_archive
from hounsfield.app.child import LifeLine, Orders
from hounsfield.web.application import WebParts, web_app

_DRAIN_S = 4


def run_http(orders: Orders, listener: socket.socket, life_line: LifeLine) -> None:
    """Serve requests until the life-line ends; those in progress get a moment to finish."""
    settings = orders.settings
    with open_archive(settings) as archive:
        parts = WebParts(
            store=archive.store,
            search=archive.search,
            retrieve=archive.retrieve,
            index=archive.index,
            data_folder=settings.data,
            server={
                "ae_title": settings.dimse.ae_title,
                "dicom_host": settings.dimse.host,
                "dicom_port": orders.dimse_port,
                "unknown_peers": settings.dimse.unknown_peers,
                "is_demo": orders.is_demo,
            },
        )
        config = uvicorn.Config(
            web_app(parts),
            loop="uvloop",
            http="httptools",
            access_log=settings.web.access_log,
            log_config=None,
            timeout_graceful_shutdown=_DRAIN_S,
            timeout_keep_alive=75,
            server_header=False,
            date_header=True,
            lifespan="on",
        )
        server = _Server(config)
        life_line.watch(lambda: setattr(server, "should_exit", True))
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=[listener]))
        life_line.wait()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: when to go is the life-line's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM to `LifeLine`."""
        yield
