"""`hounsfield peer`: the remote systems we know, refused callers, and the test of a peer."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.callers import add_to as add_callers_to
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
from hounsfield.cli.peer_shown import May, document, in_order, opened_peers, rights_of, tell
from hounsfield.index.site.records import RIGHTS, Peer

if TYPE_CHECKING:
    from hounsfield.archive.site.peers import Check

_NOT_GIVEN = "[default: as it is]"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The peer's name.")]
Address = Annotated[
    str,
    typer.Argument(
        metavar="AETITLE[@HOST[:PORT]]",
        help="Its AE title, and the address, network or name it calls from and listens at.",
    ),
]
Tls = Annotated[bool | None, typer.Option("--tls/--no-tls", help="Call it with TLS or without.")]
TlsOnly = Annotated[
    bool | None,
    typer.Option("--tls-only/--no-tls-only", help="Let it call over TLS only, or without too."),
]
Certificate = Annotated[
    str | None,
    typer.Option(
        "--certificate",
        metavar="TEXT",
        help="The SHA-256 fingerprint or the subject (CN=…) of the certificate that it must show when it calls, and"
        " nobody else may; empty: any that we trust.",
    ),
]
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


@dataclass(frozen=True, slots=True)
class _Given:
    """What was given on the command line; None leaves it as it is."""

    tls: bool | None
    tls_only: bool | None
    certificate: str | None
    syntaxes: list[str] | None
    character_set: str | None
    parallel: int | None
    description: str | None


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="The remote systems we know, and callers that were refused.")
    group.command("list")(list_peers)
    group.command("set")(change)
    group.command("rename")(rename)
    group.command("test")(check)
    for command in (add, remove):
        group.command()(command)
    add_callers_to(group)
    app.add_typer(group, name="peer", no_args_is_help=True)


def list_peers(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the peers, those of the settings first. With --json: an array of objects."""
    from rich.table import Table

    with opened_peers(settings_for(data, settings)) as (peers, _database):
        found = peers.all()
    if as_json:
        print_json([document(peer) for peer in found])
        return
    table = Table("name", "AE title", "host", "port", "may", "TLS", "kept in")
    for peer in found:
        may = "anything" if peer.may >= set(RIGHTS) else ", ".join(in_order(peer.may))
        port = "" if peer.port is None else str(peer.port)
        kept = "settings" if peer.origin == "settings" else "the archive"
        words = [
            word
            for word, holds in (("called", peer.uses_tls), ("only", peer.requires_tls))
            if holds
        ]
        tls = ", ".join(words)
        table.add_row(peer.name, peer.ae_title, peer.host or "anywhere", port, may, tls, kept)
    console().print(table if found else "no peers are known; see `hounsfield peer add --help`")


def add(
    name: Name,
    address: Address,
    may: May = None,
    tls: Tls = None,
    tls_only: TlsOnly = None,
    certificate: Certificate = None,
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
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site import peers as managing

    given = _Given(tls, tls_only, certificate, syntax, charset, parallel, description)
    peer = dataclasses.replace(_named(address, name), may=managing.RIGHTS_OF_THE_TRUSTED)
    peer = _changed(peer, may, given)
    with opened_peers(settings_for(data, settings), writes=True) as (peers, _database):
        tell(managing.add_peer(peers, LOCAL, peer), as_json)


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
    tls_only: TlsOnly = None,
    certificate: Certificate = None,
    syntax: Syntaxes = None,
    charset: CharacterSet = None,
    parallel: Parallel = None,
    description: Description = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Change a peer; what is not named stays as it is."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site import peers as managing

    given = _Given(tls, tls_only, certificate, syntax, charset, parallel, description)
    with opened_peers(settings_for(data, settings), writes=True) as (peers, _database):
        peer = managing.peer_named(peers, name)
        if address is not None:
            place = _named(address, name)
            peer = dataclasses.replace(
                peer, ae_title=place.ae_title, host=place.host, port=place.port
            )
        peer = _changed(peer, may, given)
        tell(managing.change_peer(peers, LOCAL, name, peer), as_json)


def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="What to call it from now on.")],
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Call a peer by another name; rules and jobs that name it follow. Not while a job talks to it."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site import peers as managing

    with opened_peers(settings_for(data, settings), writes=True) as (peers, _database):
        renamed = dataclasses.replace(managing.peer_named(peers, name), name=new_name)
        tell(managing.change_peer(peers, LOCAL, name, renamed), as_json)


def remove(name: Name, data: Data = None, settings: SettingsFile = None) -> None:
    """Forget a peer; it may not call any more."""
    from hounsfield.archive.access import LOCAL
    from hounsfield.archive.site.peers import remove_peer

    with opened_peers(settings_for(data, settings), writes=True) as (peers, _database):
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


def _named(address: str, name: str) -> Peer:
    place = parse_address(address, default_port=104)
    if place is None:
        raise Failure(
            f"{address!r} is not AETITLE, AETITLE@HOST or AETITLE@HOST:PORT", ExitCode.USAGE
        )
    return Peer(place.ae_title, place.host, place.port, name=name, origin="app")


def _changed(peer: Peer, may: str | None, given: _Given) -> Peer:
    """A peer with what was given on the command line."""
    values: dict[str, Any] = {
        "may": None if may is None else rights_of(may),
        "uses_tls": given.tls,
        "requires_tls": given.tls_only,
        "certificate": given.certificate,
        "transfer_syntaxes": None if not given.syntaxes else tuple(given.syntaxes),
        "character_set": given.character_set,
        "max_parallel": given.parallel,
        "description": given.description,
    }
    if given.tls_only is False and given.certificate is None and peer.certificate:
        raise Failure(
            f"{peer.name} is tied to a certificate, which only TLS shows: untie it with --certificate ''",
            ExitCode.USAGE,
        )
    return dataclasses.replace(
        peer, **{key: value for key, value in values.items() if value is not None}
    )


def _print_check(check: "Check") -> None:
    out = console()
    out.print(f"{check.state:8}{check.name:12} {check.text}", markup=False)
    if check.advice and check.state in {"failed", "warning"}:
        out.print(f"{'':21}{check.advice}", markup=False)
