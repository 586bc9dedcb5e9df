"""`hounsfield peer`: the remote systems we know, refused callers, and the test of a peer."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

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
from hounsfield.cli.peer_names import parse_address
from hounsfield.index.site.records import RIGHTS, Peer
from hounsfield.settings.model import Settings

if TYPE_CHECKING:
    from hounsfield.archive.peers import Check
    from hounsfield.index.database import Database
    from hounsfield.index.site.peers import Peers

_NOT_GIVEN = "[default: as it is]"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The peer's name.")]
Address = Annotated[
    str,
    typer.Argument(
        metavar="AETITLE[@HOST[:PORT]]",
        help="Its AE title, and the address, network or name it calls from and listens at.",
    ),
]
May = Annotated[
    str | None,
    typer.Option(
        "--may",
        metavar="LIST",
        help=f"What it may, with commas between: {', '.join(RIGHTS)}; or all, none.",
    ),
]
Tls = Annotated[bool | None, typer.Option("--tls/--no-tls", help="Call it with TLS or without.")]
Syntaxes = Annotated[
    list[str] | None,
    typer.Option(
        "--syntax", metavar="UID", help="A transfer syntax it prefers; several, best first."
    ),
]
CharacterSet = Annotated[
    str | None,
    typer.Option(
        "--charset", metavar="TERM", help="The character set to assume where it sends none."
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option("--parallel", metavar="N", help="How many jobs may talk to it at a time."),
]
Description = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="For people.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="The remote systems we know, and callers that were refused.")
    group.command("list")(list_peers)
    group.command("set")(change)
    group.command("test")(check)
    for command in (add, remove, callers, trust, dismiss):
        group.command()(command)
    app.add_typer(group, name="peer", no_args_is_help=True)


def list_peers(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the peers, those of the settings first. With --json: an array of objects."""
    from rich.table import Table

    with _opened(settings_for(data, settings)) as (peers, _database):
        found = peers.all()
    if as_json:
        print_json([document(peer) for peer in found])
        return
    table = Table("name", "AE title", "host", "port", "may", "TLS", "kept in")
    for peer in found:
        may = "anything" if peer.may >= set(RIGHTS) else ", ".join(_in_order(peer.may))
        port = "" if peer.port is None else str(peer.port)
        kept = "settings" if peer.origin == "settings" else "the archive"
        tls = "yes" if peer.uses_tls else ""
        table.add_row(peer.name, peer.ae_title, peer.host or "anywhere", port, may, tls, kept)
    console().print(table if found else "no peers are known; see `hounsfield peer add --help`")


def add(
    name: Name,
    address: Address,
    may: May = None,
    tls: Tls = None,
    syntax: Syntaxes = None,
    charset: CharacterSet = None,
    parallel: Parallel = None,
    description: Description = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a peer; it may call at once, also a server that runs.

    Without --may it may store, search, ask for the worklist, report procedure steps and ask for commitment.
    """
    from hounsfield.archive import peers as managing
    from hounsfield.archive.access import LOCAL

    peer = dataclasses.replace(_named(address, name), may=managing.RIGHTS_OF_THE_TRUSTED)
    peer = _changed(peer, may, tls, syntax, charset, parallel, description)
    with _opened(settings_for(data, settings), writes=True) as (peers, _database):
        _tell(managing.add_peer(peers, LOCAL, peer), as_json)


def change(
    name: Name,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="AETITLE[@HOST[:PORT]]", help=f"Its AE title and place. {_NOT_GIVEN}"
        ),
    ] = None,
    may: May = None,
    tls: Tls = None,
    syntax: Syntaxes = None,
    charset: CharacterSet = None,
    parallel: Parallel = None,
    description: Description = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Change a peer; what is not named stays as it is."""
    from hounsfield.archive import peers as managing
    from hounsfield.archive.access import LOCAL

    with _opened(settings_for(data, settings), writes=True) as (peers, _database):
        peer = managing.peer_named(peers, name)
        if address is not None:
            place = _named(address, name)
            peer = dataclasses.replace(
                peer, ae_title=place.ae_title, host=place.host, port=place.port
            )
        peer = _changed(peer, may, tls, syntax, charset, parallel, description)
        _tell(managing.change_peer(peers, LOCAL, name, peer), as_json)


def remove(name: Name, data: Data = None, settings: SettingsFile = None) -> None:
    """Forget a peer; it may not call any more."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.peers import remove_peer

    with _opened(settings_for(data, settings), writes=True) as (peers, _database):
        remove_peer(peers, LOCAL, name)
    console().print(f"{name} is no peer any more", markup=False)


def check(
    peer: Annotated[
        str, typer.Argument(metavar="PEER", help="A peer's name, or AETITLE@HOST:PORT.")
    ],
    stores: Annotated[
        bool, typer.Option("--store", help="Also store a small test object there, which stays.")
    ] = False,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Test a peer step by step, and say what to change on which side. Exit code 1 if a check fails."""
    from hounsfield.app.calls import checks_from
    from hounsfield.cli.peer_names import peer_for

    configured = settings_for(data, settings)
    ours = configured.dimse
    check_peer = checks_from(ours.ae_title, lambda: (ours.port, ours.tls_port))
    with peer_for(configured, peer) as chosen:
        checks = check_peer(chosen, stores)
    is_ok = all(one.state != "failed" for one in checks)
    if as_json:
        print_json({"is_ok": is_ok, "checks": [dataclasses.asdict(one) for one in checks]})
    else:
        for one in checks:
            _print_check(one)
    if not is_ok:
        raise typer.Exit(ExitCode.FAILED)


def callers(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List who was refused because we do not know them so, the latest first. With --json: an array of objects."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.peers import can_trust, refused_callers
    from hounsfield.index.site.associations import Associations

    with _opened(settings_for(data, settings)) as (peers, database):
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
    from hounsfield.archive import peers as managing
    from hounsfield.archive.access import LOCAL
    from hounsfield.index.site.associations import Associations

    with _opened(settings_for(data, settings), writes=True) as (peers, database):
        assert database is not None
        associations = Associations(database)
        refused = managing.refused_callers(peers, associations, LOCAL)
        found = sorted({one.address for one in refused if one.ae_title == ae_title})
        if address is None and len(found) != 1:
            told = "from several addresses: " + ", ".join(found) if found else "lately"
            verb = "was refused" if found else "no caller of that AE title was refused"
            raise Failure(f"{ae_title}: {verb} {told}; name one with --address", ExitCode.USAGE)
        rights = None if may is None else _rights(may)
        where = address or found[0]
        kept = managing.trust(peers, associations, LOCAL, ae_title, where, name=name, may=rights)
        _tell(kept, as_json)


def dismiss(
    ae_title: Annotated[str, typer.Argument(metavar="AETITLE", help="The AE title it calls with.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where it called from.")],
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Forget that a caller was refused."""
    from hounsfield.archive import peers as managing
    from hounsfield.archive.access import LOCAL
    from hounsfield.index.site.associations import Associations

    with _opened(settings_for(data, settings), writes=True) as (_peers, database):
        assert database is not None
        managing.dismiss(Associations(database), LOCAL, ae_title, address)


def document(peer: Peer) -> dict[str, Any]:
    """A peer for scripts, as the JSON API shows it."""
    return {
        "name": peer.name,
        "ae_title": peer.ae_title,
        "host": peer.host,
        "port": peer.port,
        "uses_tls": peer.uses_tls,
        "may": _in_order(peer.may),
        "transfer_syntaxes": list(peer.transfer_syntaxes),
        "character_set": peer.character_set,
        "max_parallel": peer.max_parallel,
        "description": peer.description,
        "origin": peer.origin,
    }


@contextmanager
def _opened(
    settings: Settings, *, writes: bool = False
) -> Iterator[tuple["Peers", "Database | None"]]:
    """The peers of a data folder; an index is made only by what writes."""
    from hounsfield.index.database import Database
    from hounsfield.index.site.peers import Peers
    from hounsfield.settings.parts import fixed_peers, index_config

    if not writes and not (settings.data / "index.db").exists():
        yield Peers(None, fixed_peers(settings)), None
        return
    database = Database(index_config(settings))
    try:
        yield Peers(database, fixed_peers(settings)), database
    finally:
        database.close()


def _named(address: str, name: str) -> Peer:
    place = parse_address(address, default_port=104)
    if place is None:
        raise Failure(
            f"{address!r} is not AETITLE, AETITLE@HOST or AETITLE@HOST:PORT", ExitCode.USAGE
        )
    return Peer(place.ae_title, place.host, place.port, name=name, origin="app")


def _changed(
    peer: Peer,
    may: str | None,
    tls: bool | None,
    syntaxes: list[str] | None,
    character_set: str | None,
    parallel: int | None,
    description: str | None,
) -> Peer:
    """A peer with what was given on the command line."""
    given: dict[str, Any] = {
        "may": None if may is None else _rights(may),
        "uses_tls": tls,
        "transfer_syntaxes": None if not syntaxes else tuple(syntaxes),
        "character_set": character_set,
        "max_parallel": parallel,
        "description": description,
    }
    return dataclasses.replace(
        peer, **{key: value for key, value in given.items() if value is not None}
    )


def _rights(text: str) -> frozenset[str]:
    if text == "all":
        return frozenset(RIGHTS)
    if text == "none":
        return frozenset()
    return frozenset(one.strip() for one in text.split(",") if one.strip())


def _in_order(may: frozenset[str]) -> list[str]:
    return [right for right in RIGHTS if right in may]


def _tell(peer: Peer, as_json: bool) -> None:
    if as_json:
        print_json(document(peer))
        return
    where = "anywhere" if peer.host is None else peer.host
    port = "" if peer.port is None else f", port {peer.port}"
    may = ", ".join(_in_order(peer.may)) or "nothing but verification"
    console().print(f"{peer.name}: {peer.ae_title} at {where}{port}; it may: {may}", markup=False)
    if peer.host is not None and not peer.addresses:
        console().print(
            f"{peer.host} cannot be resolved now, so it cannot call us yet", markup=False
        )


def _print_check(check: "Check") -> None:
    out = console()
    out.print(f"{check.state:8}{check.name:12} {check.text}", markup=False)
    if check.advice and check.state in {"failed", "warning"}:
        out.print(f"{'':21}{check.advice}", markup=False)
