"""`hounsfield delete` and `hounsfield trash`: what is deleted can be brought back for a while."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    SettingsFile,
    console,
    existing_archive,
    print_json,
    size_text,
)

if TYPE_CHECKING:
    from hounsfield.archive.trash import Trash
    from hounsfield.index.site.deletions import Deletion

_MOST = 10_000
Uid = Annotated[
    str, typer.Argument(metavar="DELETION", help="A deletion, as `hounsfield trash list` names it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(delete)
    group = typer.Typer(
        help="See, bring back or remove for good what was deleted.", no_args_is_help=True
    )
    group.command("list")(list_trash)
    group.command()(restore)
    group.command()(purge)
    app.add_typer(group, name="trash")


def delete(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A Study Instance UID.")],
    series: Annotated[str | None, typer.Option(help="Only this series of it.")] = None,
    instance: Annotated[str | None, typer.Option(help="Only this instance of the series.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks into the trash.")] = "",
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Move a study to the trash, or a series or instance of it; the server may run meanwhile.

    It is gone for everybody at once. `hounsfield trash restore` brings it back, until `dicomweb.trash_days` are over.
    """
    if instance is not None and series is None:
        raise typer.BadParameter("an instance is named with its series: --series and --instance")
    from hounsfield.archive.access import LOCAL

    with _trash(data, settings) as trash:
        _tell(trash.delete(LOCAL, study, series, instance, reason), as_json=as_json)


def list_trash(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show what was deleted and can be brought back, the newest first. With --json: one line for each."""
    from hounsfield.archive.access import LOCAL

    with _trash(data, settings) as trash:
        found = trash.page(LOCAL, _MOST)
    for one in found:
        _tell(one, as_json=as_json)
    if not found and not as_json:
        console().print("the trash is empty")


def restore(
    deletion: Uid, data: Data = None, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """Bring back what one deletion took; the server may run meanwhile."""
    from hounsfield.archive.access import LOCAL

    with _trash(data, settings) as trash:
        _tell(trash.restore(LOCAL, deletion), as_json=as_json)


def purge(
    deletion: Annotated[
        str | None, typer.Argument(metavar="DELETION", help="A deletion; without one, with --all.")
    ] = None,
    all_of_it: Annotated[bool, typer.Option("--all", help="Empty the trash.")] = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Remove for good what was deleted: nothing brings it back after that."""
    if (deletion is None) == (not all_of_it):
        raise typer.BadParameter("name a deletion, or say --all")
    from hounsfield.archive.access import LOCAL

    with _trash(data, settings) as trash:
        uids = [deletion] if deletion else [one.uid for one in trash.page(LOCAL, _MOST)]
        for uid in uids:
            _tell(trash.purge(LOCAL, uid), as_json=as_json)


@contextmanager
def _trash(data: Data, settings: SettingsFile) -> Iterator["Trash"]:
    from hounsfield.app.archive import open_archive
    from hounsfield.app.lock import working_on
    from hounsfield.archive.trash import Trash

    configured = existing_archive(data, settings)
    with (
        working_on(configured.data, "hounsfield trash", writes=True),
        open_archive(configured) as archive,
    ):
        yield Trash(archive.store, configured.data / "derived")


def _tell(one: "Deletion", *, as_json: bool) -> None:
    if as_json:
        print_json(_document(one))
        return
    when = dt.datetime.fromtimestamp(one.deleted_us / 1e6).astimezone()
    what = f"{one.number_of_instances} instances, {size_text(one.size_bytes)}"
    line = (
        f"{one.uid}  {one.state:9} {when:%Y-%m-%d %H:%M}  {one.level} of {one.description} ({what})"
    )
    line += f": {one.reason}" if one.reason else ""
    # What would steer the terminal may stand in a name that somebody sent.
    console().print("".join(c if c.isprintable() else "\ufffd" for c in line), markup=False)


def _document(one: "Deletion") -> dict[str, Any]:
    return {
        "uid": one.uid,
        "state": one.state,
        "level": one.level,
        "StudyInstanceUID": one.study_instance_uid,
        "SeriesInstanceUID": one.series_instance_uid,
        "SOPInstanceUID": one.sop_instance_uid,
        "description": one.description,
        "instances": one.number_of_instances,
        "size_bytes": one.size_bytes,
        "deleted_by": one.deleted_by,
        "reason": one.reason,
        "deleted_us": one.deleted_us,
    }
