"""`hounsfield jobs` and `hounsfield forward`: work in the background on the command line."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    SettingsFile,
    console,
    existing_archive,
    print_json,
)

if TYPE_CHECKING:
    from hounsfield.app.archive import Archive
    from hounsfield.index.site.jobs import Job, Jobs

_SHOWN_FAILURES = 20
_MOST_FAILURES = 100_000
_JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's ID, or how it begins.")]


class State(StrEnum):
    """The states of a job, for `--state`."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Work in the background: sending to peers, and the like.")
    group.command("list")(list_jobs)
    group.command()(show)
    for command in (pause, resume, cancel, retry):
        group.command()(command)
    app.add_typer(group, name="jobs", no_args_is_help=True)
    app.command()(forward)


def list_jobs(
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only these; may be given several times.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="As in send.")] = "",
    peer: Annotated[str, typer.Option("--peer", metavar="NAME", help="Of this peer.")] = "",
    study: Annotated[
        str,
        typer.Option("--study", metavar="UID", help="About the study of this Study Instance UID."),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000)] = 50,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first. With --json: an array of objects."""
    from rich.table import Table

    from hounsfield.index.site.failures import Failures
    from hounsfield.index.site.jobs import Selection

    with _archive(data, settings, "hounsfield jobs list") as archive:
        jobs = _jobs(archive)
        chosen = Selection([str(one) for one in state or ()], kind, peer, study)
        found = jobs.page(chosen, limit)
        failures = Failures(archive.index.database).numbers(one.id for one in found)
    if as_json:
        print_json([document(one, failures.get(one.id, 0)) for one in found])
        return
    if not found:
        console().print("there are no such jobs")
        return
    table = Table("job", "added", "state", "done", "what", "", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            one.id[:8],
            _time(one.created_us),
            one.state,
            f"{one.done}/{one.total}" if one.total else "",
            _plain(one.title),
            _plain(one.text),
        )
    console(width=1000).print(table)


def show(
    job: _JobId, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Show a job, and each instance that was not accepted, or not committed."""
    from hounsfield.index.site.failures import Failures

    with _archive(data, settings, "hounsfield jobs show") as archive:
        found = _one(archive, job)
        failures = Failures(archive.index.database).of_job(found.id, _MOST_FAILURES)
    shown = document(found, len(failures)) | {"failures": [asdict(one) for one in failures]}
    if as_json:
        print_json(shown)
        return
    out = console()
    for name, value in shown.items():
        if name == "failures" or value in (None, ""):
            continue
        text = _time(value) if name.endswith("_us") else value
        out.print(f"{name.removesuffix('_us').replace('_', ' ')}: {text}", markup=False)
    for one in shown["failures"][:_SHOWN_FAILURES]:
        status = f"{one['status']}: " if one["status"] else ""
        out.print(f"  {one['sop_instance_uid']}  {status}{one['text']}", markup=False)
    if len(failures) > _SHOWN_FAILURES:
        out.print(f"  … and {len(failures) - _SHOWN_FAILURES} more; see --json")


def pause(
    job: _JobId, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Let a job rest until it is resumed."""
    _change("pause", job, data, settings, as_json)


def resume(
    job: _JobId, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Go on with a paused job."""
    _change("resume", job, data, settings, as_json)


def cancel(
    job: _JobId, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """End a job, undone; what was accepted stays where it is."""
    _change("cancel", job, data, settings, as_json)


def retry(
    job: _JobId, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Carry out a job again, or at once if it waits; sends only what was not accepted."""
    _change("retry", job, data, settings, as_json)


def forward(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Study Instance UID.")],
    peer: Annotated[str, typer.Argument(metavar="PEER", help="A peer's name.")],
    series: Annotated[
        list[str] | None,
        typer.Option(
            "--series", metavar="UID", help="Only this series; may be given several times."
        ),
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="Ask the peer to commit what it accepted.")
    ] = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Send a stored study to a peer by a job, which the server carries out."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.routing import Routing

    with _archive(data, settings, "hounsfield forward") as archive:
        routing = Routing(archive.index, archive.peers)
        added = routing.send(LOCAL, study, peer, series or (), asks_commitment=commit)
    if as_json:
        print_json(document(added, 0))
        return
    console().print(f"job {added.id[:8]}: {added.total} instances to {peer}", markup=False)
    remark_without_worker(existing_archive(data, settings).data)


def document(job: "Job", failed_instances: int) -> dict[str, Any]:
    """A job as scripts get it, as in the JSON API."""
    shown = asdict(job)
    del shown["wish"]
    peer = shown.pop("lane")
    shown["next_try_us"] = job.next_try_us if job.state == "waiting" else None
    return {**shown, "peer": peer, "failed_instances": failed_instances}


def remark_without_worker(folder: Path) -> None:
    """Say what to run where nobody carries out jobs."""
    from hounsfield.app.lock import FolderLock

    lock = FolderLock(folder, "hounsfield")
    if lock.try_to_take("worker", shared=True):
        lock.release()
        console().print(
            f"no server carries out jobs now: start `hounsfield serve --data {folder}`",
            markup=False,
        )


def _change(action: str, job: str, data: Path | None, file: Path | None, as_json: bool) -> None:
    from hounsfield.archive.access import LOCAL, require

    require(LOCAL, "administer")
    with _archive(data, file, f"hounsfield jobs {action}") as archive:
        changed: Job = getattr(_jobs(archive), action)(_one(archive, job).id)
    if as_json:
        print_json(document(changed, 0))
        return
    soon = " (it stops soon)" if changed.wish else ""
    console().print(f"job {changed.id[:8]} is {changed.state}{soon}", markup=False)
    if changed.state == "queued":
        remark_without_worker(existing_archive(data, file).data)


@contextlib.contextmanager
def _archive(data: Path | None, file: Path | None, command: str) -> "Iterator[Archive]":
    """The archive, used beside a server if one runs."""
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on

    found = existing_archive(data, file)
    # Jobs are in the index alone, and synced: there is nothing to compare after a crash.
    with working_on(found.data, command, writes=False), open_archive(found) as archive:
        yield archive


def _jobs(archive: "Archive") -> "Jobs":
    from hounsfield.index.site.jobs import Jobs

    return Jobs(archive.index.database)


def _one(archive: "Archive", beginning: str) -> "Job":
    """The job whose ID begins so; raises NotFound, and Conflict where several do."""
    return _jobs(archive).beginning_with(beginning)


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(text: str) -> str:
    """Keep what looks like markup, and what would steer the terminal, from being obeyed."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "�" for letter in text))
