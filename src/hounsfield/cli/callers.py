"""`hounsfield peer callers`, `trust` and `dismiss`: who was refused, and what is done about it."""

import dataclasses
from typing import Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    Failure,
    SettingsFile,
    console,
    print_json,
    settings_for,
)
from hounsfield.cli.peer_shown import May, opened_peers, rights_of, tell


def add_to(group: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (callers, trust, dismiss):
        group.command()(command)


def callers(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List who was refused because we do not know them so, the latest first. With --json: an array of objects."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.peers import can_trust, refused_callers
    from hounsfield.index.site.associations import Associations

    with opened_peers(settings_for(data, settings)) as (peers, database):
        found = [] if database is None else refused_callers(peers, Associations(database), LOCAL)
    if as_json:
        print_json([{**dataclasses.asdict(one), "can_trust": can_trust(one)} for one in found])
        return
    out = console()
    for one in found:
        times = "once" if one.count == 1 else f"{one.count} times"
        out.print(f"{one.ae_title or '(no AE title)'} at {one.address}, {times}", markup=False)
        out.print(f"  {one.reason}\n  {one.advice}", markup=False)
    if not found:
        out.print("nobody was refused")


def trust(
    ae_title: Annotated[str, typer.Argument(metavar="AETITLE", help="The AE title it calls with.")],
    address: Annotated[
        str | None,
        typer.Option(
            "--address", metavar="ADDRESS", help="Where from, if it was refused from several."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="What to call it. [default: made of the AE title]")
    ] = "",
    may: May = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a peer of a caller that was refused."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site import peers as managing
    from hounsfield.index.site.associations import Associations

    with opened_peers(settings_for(data, settings), writes=True) as (peers, database):
        assert database is not None
        associations = Associations(database)
        refused = managing.refused_callers(peers, associations, LOCAL)
        found = sorted({one.address for one in refused if one.ae_title == ae_title})
        if address is None and len(found) != 1:
            told = "from several addresses: " + ", ".join(found) if found else "lately"
            verb = "was refused" if found else "no caller of that AE title was refused"
            raise Failure(f"{ae_title}: {verb} {told}; name one with --address", ExitCode.USAGE)
        rights = None if may is None else rights_of(may)
        where = address or found[0]
        kept = managing.trust(peers, associations, LOCAL, ae_title, where, name=name, may=rights)
        tell(kept, as_json)


def dismiss(
    ae_title: Annotated[str, typer.Argument(metavar="AETITLE", help="The AE title it calls with.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where it called from.")],
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Forget that a caller was refused."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site import peers as managing
    from hounsfield.index.site.associations import Associations

    with opened_peers(settings_for(data, settings), writes=True) as (_peers, database):
        assert database is not None
        managing.dismiss(Associations(database), LOCAL, ae_title, address)
