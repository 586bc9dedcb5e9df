"""`hounsfield query`, `pull` and `worklist`: other archives and worklists (PS3.4 C.4 and annex K)."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    Failure,
    SettingsFile,
    console,
    existing_archive,
    print_json,
    progress,
    settings_for,
)
from hounsfield.cli.peer_names import PEER_HELP, peer_for
from hounsfield.errors import HounsfieldError, Unavailable
from hounsfield.index.site.records import Peer
from hounsfield.settings.model import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from hounsfield.app.archive import Archive
    from hounsfield.dicom.query import Level
    from hounsfield.dimse.pulling import Pulling

PeerName = Annotated[str, typer.Argument(metavar="PEER", help=PEER_HELP)]
Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE…]", help="As in PatientName=Doe* or StudyDate=20240101-; wildcards * ?."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000)]
Within = Annotated[
    float, typer.Option("--timeout", metavar="S", min=1, help="How long the peer may take.")
]
Tls = Annotated[bool, typer.Option("--tls", help="Speak TLS; a known peer says itself whether to.")]


class QueryLevel(StrEnum):
    """The levels to ask at."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    IMAGE = "image"


class Method(StrEnum):
    """How to retrieve."""

    AUTO = "auto"
    GET = "get"
    MOVE = "move"


_COLUMNS = {
    QueryLevel.PATIENT: {
        "patient ID": "PatientID", "name": "PatientName", "born": "PatientBirthDate", "sex": "PatientSex",
        "studies": "NumberOfPatientRelatedStudies",
    },
    QueryLevel.STUDY: {
        "date": "StudyDate", "patient ID": "PatientID", "name": "PatientName", "modality": "ModalitiesInStudy",
        "description": "StudyDescription", "accession": "AccessionNumber",
        "images": "NumberOfStudyRelatedInstances", "here": "number_here", "study": "StudyInstanceUID",
    },
    QueryLevel.SERIES: {
        "number": "SeriesNumber", "modality": "Modality", "description": "SeriesDescription",
        "images": "NumberOfSeriesRelatedInstances", "here": "number_here", "series": "SeriesInstanceUID",
    },
    QueryLevel.IMAGE: {
        "number": "InstanceNumber", "here": "number_here", "class": "SOPClassUID", "instance": "SOPInstanceUID",
    },
}  # fmt: skip
_WORKLIST_COLUMNS = {
    "date": "ScheduledProcedureStepStartDate", "time": "ScheduledProcedureStepStartTime",
    "modality": "Modality", "station": "ScheduledStationAETitle", "patient ID": "PatientID",
    "name": "PatientName", "procedure": "RequestedProcedureDescription",
    "step": "ScheduledProcedureStepDescription", "accession": "AccessionNumber",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (query, pull, worklist):
        app.command()(command)


def query(
    peer: PeerName,
    keys: Keys = None,
    level: Annotated[QueryLevel, typer.Option("--level")] = QueryLevel.STUDY,
    limit: Limit = 100,
    within_s: Within = 30.0,
    uses_tls: Tls = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask another archive what it has (C-FIND). With --json: an array of objects."""
    from hounsfield.archive.site.remote import RemoteQuery, document
    from hounsfield.dicom.query import Level
    from hounsfield.dimse.browsing import PeerBrowser

    configured = settings_for(data, settings)
    at = Level(level.upper())
    with peer_for(configured, peer, uses_tls=uses_tls) as known:
        ask = PeerBrowser(configured.dimse.ae_title)
        answer = ask(known, RemoteQuery(at, _pairs(keys), limit, within_s))
    here = _numbers_here(configured, at, answer.matches)
    found = [
        document(one) | {"is_here": number > 0, "number_here": number}
        for one, number in zip(answer.matches, here, strict=True)
    ]
    _show(found, _COLUMNS[level], answer.warnings, has_more=answer.has_more, as_json=as_json)


def worklist(
    peer: PeerName,
    keys: Keys = None,
    limit: Limit = 100,
    within_s: Within = 30.0,
    uses_tls: Tls = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask the worklist of another system what is scheduled (C-FIND). With --json: an array of objects."""
    from hounsfield.dimse.scu.worklist_scu import ask_worklist

    configured = settings_for(data, settings)
    with peer_for(configured, peer, uses_tls=uses_tls) as known:
        answer = ask_worklist(
            known, configured.dimse.ae_title, _pairs(keys), limit=limit, within_s=within_s
        )
    _show(
        answer.items,
        _WORKLIST_COLUMNS,
        answer.warnings,
        has_more=answer.has_more,
        as_json=as_json,
    )


def pull(
    peer: PeerName,
    studies: Annotated[
        list[str], typer.Argument(metavar="STUDY_UID…", help="Study Instance UIDs.")
    ],
    series: Annotated[
        list[str] | None,
        typer.Option(
            "--series", metavar="UID", help="Only this series; may be given several times."
        ),
    ] = None,
    patient_id: Annotated[
        str,
        typer.Option("--patient-id", metavar="ID", help="For archives that ask for it."),
    ] = "",
    method: Annotated[Method, typer.Option("--method")] = Method.AUTO,
    in_background: Annotated[
        bool, typer.Option("--background/--wait", help="Leave it to the server as a job.")
    ] = False,
    uses_tls: Tls = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Pull studies from another archive by C-GET, or by C-MOVE to us; what is here is not fetched again.

    With --json: one line for each study.
    """
    from hounsfield.archive.site.remote import require_uids

    require_uids(*studies, *(series or ()))
    arguments = {"series": list(series or ()), "patient_id": patient_id, "method": str(method)}
    if in_background:
        _queue(existing_archive(data, settings), peer, studies, arguments, as_json=as_json)
        return
    configured = settings_for(data, settings)
    failures: list[HounsfieldError] = []
    with _pulling(configured, peer, arguments, uses_tls=uses_tls) as (pulling, known):
        for uid in studies:
            failure = _pull_one(pulling, known, uid, arguments, as_json=as_json)
            failures += [failure] if failure is not None else []
    if failures:
        is_unavailable = all(isinstance(one, Unavailable) for one in failures)
        raise typer.Exit(ExitCode.UNAVAILABLE if is_unavailable else ExitCode.FAILED)


class _Foreground:
    """A job that is carried out here and now, and shown as a bar."""

    lane = ""
    id = ""
    attempt = 1

    def __init__(self, uid: str, arguments: dict[str, Any], bar: "Progress") -> None:
        self.study_instance_uid = uid
        self.arguments = arguments
        self.done = self.total = 0
        self._bar = bar
        self._task = bar.add_task(f"pulling {uid}", total=None)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Move the bar."""
        del text
        self.done, self.total = done, total
        self._bar.update(self._task, completed=done, total=total or None)

    def is_stopped(self) -> bool:
        """Only Ctrl-C stops it."""
        return False


def _pull_one(
    pulling: "Pulling", peer: Peer, uid: str, arguments: dict[str, Any], *, as_json: bool
) -> HounsfieldError | None:
    failure = None
    with progress() as bar:
        job = _Foreground(uid, arguments, bar)
        try:
            text = pulling.pull(peer, job)
        except HounsfieldError as problem:
            failure, text = problem, str(problem)
    if as_json:
        outcome = "pulled" if failure is None else "failed"
        line = {"StudyInstanceUID": uid, "outcome": outcome, "text": text}
        print_json(line | {"done": job.done, "total": job.total})
    else:
        console().print(f"{uid}: {text}", markup=False)
    return failure


@contextlib.contextmanager
def _pulling(
    settings: Settings, name: str, arguments: dict[str, Any], *, uses_tls: bool
) -> "Iterator[tuple[Pulling, Peer]]":
    """What pulls into the archive, whether or not a server runs over it."""
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.dimse.pulling import OurAddress, Pulling

    with (
        peer_for(settings, name, uses_tls=uses_tls) as peer,
        working_on(settings.data, "hounsfield pull", writes=True),
        open_archive(settings) as archive,
    ):
        ours = OurAddress(settings.dimse.ae_title, settings.dimse.port)
        with _receiving(settings, archive, peer, is_wanted=arguments["method"] != Method.GET):
            yield Pulling(archive.store, archive.peers, ours), peer


@contextlib.contextmanager
def _receiving(
    settings: Settings, archive: "Archive", peer: Peer, *, is_wanted: bool
) -> Iterator[None]:
    """Take what the peer sends by C-MOVE, unless a server runs here that does."""
    from hounsfield.dimse.server import DimseServer
    from hounsfield.settings.parts import dimse_config

    try:
        address = (settings.dimse.host, settings.dimse.port)
        listener = socket.create_server(address) if is_wanted and settings.dimse.port else None
    except OSError:
        listener = None
    if listener is None:
        yield
        return
    sender = Peer(peer.ae_title, peer.host, may=frozenset({"store"}))
    server = DimseServer(dimse_config(settings, further_peers=(sender,)), archive.store, listener)
    thread = threading.Thread(target=server.serve_forever, name="receiving")
    thread.start()
    try:
        yield
    finally:
        server.shutdown(5.0)
        thread.join()


def _queue(
    settings: Settings, name: str, studies: list[str], arguments: dict[str, Any], *, as_json: bool
) -> None:
    """Leave pulls to the server."""
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.peers import peer_named
    from hounsfield.archive.site.remote import pull_job
    from hounsfield.index.site.jobs import Jobs

    with (
        working_on(settings.data, "hounsfield pull", writes=True),
        open_archive(settings) as archive,
    ):
        peer = peer_named(archive.peers, name)
        jobs = Jobs(archive.index.database)
        new = [
            pull_job(
                LOCAL,
                peer,
                uid,
                arguments["series"],
                arguments["patient_id"],
                arguments["method"],
            )
            for uid in studies
        ]
        for one in new:
            job_id = jobs.add(one)
            if as_json:
                print_json({"StudyInstanceUID": one.study_instance_uid, "job": job_id})
            else:
                console().print(f"job {job_id}: {one.title}", markup=False)


def _pairs(keys: list[str] | None) -> dict[str, str]:
    found = {}
    for text in keys or ():
        keyword, equals, value = text.partition("=")
        if not equals:
            raise Failure(f"{text!r} is not KEY=VALUE, as in PatientID=123", ExitCode.USAGE)
        found[keyword] = value
    return found


def _numbers_here(
    settings: Settings, level: "Level", matches: Sequence[Mapping[str, Any]]
) -> list[int]:
    """How many instances of each match are here; none where there is no archive."""
    if not (settings.data / "index.db").exists():
        return [0 for _ in matches]
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.remote import numbers_here

    with (
        working_on(settings.data, "hounsfield query", writes=False),
        open_archive(settings) as archive,
    ):
        return numbers_here(archive.search, LOCAL, level, matches)


def _show(
    found: list[dict[str, Any]],
    columns: dict[str, str],
    warnings: list[str],
    *,
    has_more: bool,
    as_json: bool,
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    notes = Console(stderr=True, soft_wrap=True, highlight=False)
    for warning in warnings:
        notes.print(f"warning: {warning}", markup=False)
    if has_more:
        notes.print(f"… and more; these are the first {len(found)}, see --limit", markup=False)
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("nothing matches")
        return
    table = Table(*columns, box=None, pad_edge=False)
    for one in found:
        table.add_row(*(Text(_text(one.get(keyword, ""))) for keyword in columns.values()))
    console(width=1000).print(table)


def _text(value: Any) -> str:
    """A value for a terminal, which must not be told anything by a patient's name."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(c if c.isprintable() else " " for c in text)
