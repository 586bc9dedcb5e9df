"""`hounsfield availability`: which peers are told that a study can be retrieved here (PS3.4 annex R)."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    SettingsFile,
    console,
    print_json,
    settings_for,
)

if TYPE_CHECKING:
    from hounsfield.app.archive import Archive

app = typer.Typer(
    no_args_is_help=True, help="Peers that are told when a study is complete (availability)."
)
PeerName = Annotated[str, typer.Argument(metavar="PEER", help="A peer's name.")]


def register(main: typer.Typer) -> None:
    """Add the commands of this module."""
    main.add_typer(app, name="availability")


@app.command()
def add(peer: PeerName, data: Data = None, settings: SettingsFile = None) -> None:
    """Tell a peer of every study that becomes complete from now on, by Instance Availability Notification."""
    from hounsfield.archive.site.peers import peer_named
    from hounsfield.index.site.availability import AvailabilitySubscribers

    with _archive(data, settings) as archive:
        known = peer_named(archive.peers, peer)
        AvailabilitySubscribers(archive.index.database).add(known.name)
    console().print(f"{known.name} is told of studies that become complete", markup=False)


@app.command()
def remove(peer: PeerName, data: Data = None, settings: SettingsFile = None) -> None:
    """Tell a peer no more."""
    from hounsfield.index.site.availability import AvailabilitySubscribers

    with _archive(data, settings) as archive:
        AvailabilitySubscribers(archive.index.database).remove(peer)
    console().print(f"{peer} is told no more", markup=False)


@app.command("list")
def show(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the peers that are told. With --json: an array of objects."""
    from hounsfield.index.site.availability import AvailabilitySubscribers

    with _archive(data, settings) as archive:
        found = AvailabilitySubscribers(archive.index.database).all()
    if as_json:
        print_json([{"peer": one.peer, "created_us": one.created_us} for one in found])
        return
    for one in found:
        console().print(one.peer, markup=False)
    if not found:
        console().print("nobody is told")


@app.command()
def tell(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A Study Instance UID.")],
    peer: PeerName,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell a peer of one study, by a job of the server."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.peers import peer_named
    from hounsfield.index.site.availability import availability_job
    from hounsfield.index.site.jobs import Jobs

    with _archive(data, settings) as archive:
        known = peer_named(archive.peers, peer)
        archive.retrieve.locate(LOCAL, study)  # who asks hears now that there is no such study
        job = Jobs(archive.index.database).add(availability_job(known.name, study, actor="local"))
    if as_json:
        print_json({"job": job})
    else:
        console().print(f"job {job} tells {known.name}", markup=False)


@contextlib.contextmanager
def _archive(data: Path | None, file: Path | None) -> "Iterator[Archive]":
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on

    configured = settings_for(data, file)
    with (
        working_on(configured.data, "hounsfield availability", writes=False),
        open_archive(configured) as archive,
    ):
        yield archive
