"""`hounsfield serve` and `hounsfield demo`."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hounsfield.cli.output import Data, SettingsFile
from hounsfield.settings.reading import read_settings

if TYPE_CHECKING:
    from hounsfield.app.supervisor import Supervisor
    from hounsfield.settings.model import Settings

HttpPort = Annotated[
    int | None,
    typer.Option(
        "--http-port", metavar="N", help="Port of the web server; 0: any free. [default: 8080]"
    ),
]
DicomPort = Annotated[
    int | None,
    typer.Option("--dicom-port", metavar="N", help="Port for DICOM; 0: any free. [default: 11112]"),
]
AETitleOption = Annotated[
    str | None,
    typer.Option("--ae-title", metavar="AET", help="Our AE title. [default: HOUNSFIELD]"),
]
ReadyFile = Annotated[
    Path | None,
    typer.Option(
        "--ready-file",
        metavar="FILE",
        help="Write this file (JSON: addresses, ports, pid) once everything answers.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    app.command()(demo)


def serve(
    data: Data = None,
    settings: SettingsFile = None,
    http_port: HttpPort = None,
    dicom_port: DicomPort = None,
    http_host: Annotated[
        str | None, typer.Option("--http-host", metavar="ADDRESS", help="[default: 127.0.0.1]")
    ] = None,
    dicom_host: Annotated[
        str | None, typer.Option("--dicom-host", metavar="ADDRESS", help="[default: 127.0.0.1]")
    ] = None,
    ae_title: AETitleOption = None,
    accept_unknown_peers: Annotated[
        bool,
        typer.Option(
            "--accept-unknown-peers",
            help="Let anybody on this machine send, not only the peers.",
        ),
    ] = False,
    ready_file: ReadyFile = None,
    only: Annotated[
        Literal["dimse", "http", "worker"] | None,
        typer.Option("--only", help="Run this one process instead of all three."),
    ] = None,
) -> None:
    """Run the server: DICOM, web and worker processes, until SIGTERM or Ctrl-C.

    Everything else that can be set is in the settings, see `hounsfield settings`.
    """
    from hounsfield.app.supervisor import ROLES, Supervisor

    effective = read_settings(
        {
            "data": data,
            "web.port": http_port,
            "web.host": http_host,
            "dimse.port": dicom_port,
            "dimse.host": dicom_host,
            "dimse.ae_title": ae_title,
            "dimse.unknown_peers": "accept" if accept_unknown_peers else None,
        },
        file=settings,
    )
    supervisor = Supervisor(
        effective.settings, roles=(only,) if only else ROLES, ready_file=ready_file
    )
    _run(supervisor, effective.settings, on_ready=None)


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The data folder. [default: hounsfield-demo in your own data folder]",
        ),
    ] = None,
    http_port: HttpPort = None,
    dicom_port: DicomPort = None,
    ready_file: ReadyFile = None,
) -> None:
    """Run a server with demo studies that takes images from any program on this machine."""
    from hounsfield.app.supervisor import Supervisor
    from hounsfield.cli.demonstration import announce, fill, settled
    from hounsfield.settings.model import default_data_folder

    effective = read_settings(
        {
            "data": data or default_data_folder("hounsfield-demo"),
            "web.port": http_port,
            "dimse.port": dicom_port,
            "dimse.unknown_peers": "accept",
        }
    )
    settings, remarks = settled(effective)
    supervisor = Supervisor(settings, ready_file=ready_file, is_demo=True)
    filling = threading.Thread(
        target=fill, args=(settings, supervisor.stopping), name="demo studies", daemon=True
    )

    def ready(document: dict[str, Any]) -> None:
        announce(document, settings, remarks)
        filling.start()

    _run(supervisor, settings, on_ready=ready)
    if filling.ident is not None:
        filling.join(timeout=5.0)


def _run(supervisor: "Supervisor", settings: "Settings", on_ready: Any) -> None:
    from hounsfield.app.logs import set_up_log

    set_up_log(settings.log, "serve")
    try:
        supervisor.prepare()
        supervisor.run(on_ready)
    finally:
        supervisor.close()
