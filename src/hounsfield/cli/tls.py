"""`hounsfield tls`: the certificates of DICOM over TLS (PS3.15 B.12)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hounsfield.cli.output import (
    AsJson,
    Data,
    ExitCode,
    SettingsFile,
    console,
    print_json,
    settings_for,
)

if TYPE_CHECKING:
    from hounsfield.app.certificates import Shown
    from hounsfield.app.revocation import ShownList

_NEXT = "A server that runs speaks TLS within a second or two; new certificates count for its next connection."

Lists = Annotated[
    list[Path] | None,
    typer.Option(
        "--crl",
        metavar="FILE",
        help="Lists of certificates that these authorities revoked.",
        exists=True,
    ),
]

app = typer.Typer(no_args_is_help=True, help="Certificates for DICOM over TLS.")


def register(main: typer.Typer) -> None:
    """Add the commands of this module."""
    main.add_typer(app, name="tls")


@app.command()
def init(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST…",
            help="Names and addresses of this machine. [default: what it is called]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the certificates there.")] = False,
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Make an authority of our own and a certificate for this server, for tests and small sites."""
    from hounsfield.app.certificates import initialise, own_names

    folder = settings_for(data, settings).data / "tls"
    chosen = list(names or own_names())
    initialise(folder, chosen, is_forced=force)
    out = console()
    out.print(f"certificate for {', '.join(chosen)} in {folder}", markup=False)
    out.print(f"peers must trust {folder / 'ca.pem'}", markup=False)
    out.print("`hounsfield tls issue NAME` makes the certificate of a peer", markup=False)
    out.print(_NEXT, markup=False)


@app.command()
def issue(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the peer; the file's name.")],
    hosts: Annotated[
        list[str] | None,
        typer.Argument(metavar="HOST…", help="Its names and addresses. [default: NAME]"),
    ] = None,
    data: Data = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a certificate and key for a peer, signed by our own authority."""
    from hounsfield.app.certificates import issue as make

    folder = settings_for(data, settings).data / "tls"
    certificate, key, authority = make(folder, name, hosts or ())
    if as_json:
        print_json({"certificate": certificate, "key": key, "ca": authority})
        return
    out = console()
    for what, file in (("certificate", certificate), ("private key", key), ("to trust", authority)):
        out.print(f"{what}: {file}", markup=False)
    out.print("Take the three to the peer by a safe way, and delete the key here.", markup=False)


@app.command()
def use(
    cert: Annotated[
        Path,
        typer.Option(
            "--cert", metavar="FILE", help="Our certificate, with its chain.", exists=True
        ),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Its private key.", exists=True)
    ],
    ca: Annotated[
        list[Path],
        typer.Option(
            "--ca", metavar="FILE", help="Authorities that peers are trusted by.", exists=True
        ),
    ],
    crl: Lists = None,
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Use given certificates, all in PEM."""
    from hounsfield.app.revocation import use as take

    folder = settings_for(data, settings).data / "tls"
    take(folder, cert, key, ca, crl or ())
    console().print(f"taken over into {folder}. {_NEXT}", markup=False)


@app.command()
def crl(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Lists of revoked certificates.", exists=True),
    ],
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Take lists of revoked certificates over, in PEM or DER, in place of those before; one of each authority."""
    from hounsfield.app.revocation import use_lists, without_list

    folder = settings_for(data, settings).data / "tls"
    for one in use_lists(folder, files):
        _print_list(one)
    for name in without_list(folder):
        console().print(
            f"no list of {name}: what it signed for peers is refused from now on", markup=False
        )


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it was issued.")],
    data: Data = None,
    settings: SettingsFile = None,
) -> None:
    """Withdraw a certificate that `hounsfield tls issue` made: from the next connection on it does not count."""
    from hounsfield.app.revocation import revoke as withdraw

    sha256 = withdraw(settings_for(data, settings).data / "tls", name)
    console().print(f"{name} is revoked, SHA-256 {sha256}", markup=False)


@app.command()
def show(data: Data = None, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show the certificates: names, how long they are good, SHA-256 fingerprints. Exit code 1 if one has expired."""
    from hounsfield.app.certificates import show as look
    from hounsfield.app.revocation import lists

    folder = settings_for(data, settings).data / "tls"
    found = look(folder)
    for one in found:
        if as_json:
            print_json(_line(one))
        else:
            _print(one)
    made = lists(folder)
    for listed in made:
        if as_json:
            print_json(
                {
                    "file": "crl.pem",
                    "issuer": listed.issuer,
                    "revoked": listed.number_revoked,
                    "next_update": listed.next_update and listed.next_update.isoformat(),
                    "state": "expired" if listed.is_expired else "valid",
                }
            )
        else:
            _print_list(listed)
    if any(one.is_expired for one in made) or any(
        one.state in {"expired", "not valid yet"} for one in found
    ):
        raise typer.Exit(ExitCode.FAILED)


def _print_list(one: "ShownList") -> None:
    until = "" if one.next_update is None else f", until {one.next_update:%Y-%m-%d}"
    state = "expired" if one.is_expired else "valid"
    console().print(
        f"crl.pem: {one.number_revoked} revoked by {one.issuer}\n  {state}{until}", markup=False
    )


def _line(one: "Shown") -> dict[str, object]:
    return {
        "file": one.file,
        "subject": one.subject,
        "issuer": one.issuer,
        "names": list(one.names),
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "state": one.state,
        "sha256": one.sha256,
        "is_authority": one.is_authority,
    }


def _print(one: "Shown") -> None:
    out = console()
    out.print(f"{one.file}: {one.subject}", markup=False)
    if one.names:
        out.print(f"  for {', '.join(one.names)}", markup=False)
    out.print(f"  signed by {one.issuer}", markup=False)
    out.print(f"  {one.state}, until {one.not_after:%Y-%m-%d}", markup=False)
    out.print(f"  SHA-256 {one.sha256}", markup=False)
