"""What the commands about peers share: the peers of a data folder, and how one is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hounsfield.cli.output import console, print_json
from hounsfield.index.site.records import RIGHTS, Peer
from hounsfield.settings.model import Settings

if TYPE_CHECKING:
    from hounsfield.index.database import Database
    from hounsfield.index.site.peers import Peers

May = Annotated[
    str | None,
    typer.Option(
        "--may",
        metavar="LIST",
        help=f"What it may, with commas between: {', '.join(RIGHTS)}; or all, none.",
    ),
]


def document(peer: Peer) -> dict[str, Any]:
    """A peer for scripts, as the JSON API shows it."""
    return {
        "name": peer.name,
        "ae_title": peer.ae_title,
        "host": peer.host,
        "port": peer.port,
        "uses_tls": peer.uses_tls,
        "requires_tls": peer.requires_tls,
        "certificate": peer.certificate,
        "may": in_order(peer.may),
        "transfer_syntaxes": list(peer.transfer_syntaxes),
        "character_set": peer.character_set,
        "max_parallel": peer.max_parallel,
        "description": peer.description,
        "origin": peer.origin,
    }


@contextmanager
def opened_peers(
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


def rights_of(text: str) -> frozenset[str]:
    """The rights that a command line names."""
    if text == "all":
        return frozenset(RIGHTS)
    if text == "none":
        return frozenset()
    return frozenset(one.strip() for one in text.split(",") if one.strip())


def in_order(may: frozenset[str]) -> list[str]:
    """Rights as they are always listed."""
    return [right for right in RIGHTS if right in may]


def tell(peer: Peer, as_json: bool) -> None:
    """Show a peer as it is kept now."""
    if as_json:
        print_json(document(peer))
        return
    where = "anywhere" if peer.host is None else peer.host
    port = "" if peer.port is None else f", port {peer.port}"
    may = ", ".join(in_order(peer.may)) or "nothing but verification"
    console().print(f"{peer.name}: {peer.ae_title} at {where}{port}; it may: {may}", markup=False)
    if peer.host is not None and not peer.addresses:
        console().print(
            f"{peer.host} cannot be resolved now, so it cannot call us yet", markup=False
        )
