"""How commands name a peer: by its name in the settings or the archive, or as AETITLE@HOST:PORT."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hounsfield.cli.output import ExitCode, Failure
from hounsfield.index.site.records import Peer
from hounsfield.settings.model import Settings

if TYPE_CHECKING:
    from hounsfield.dimse.journal import Journal
    from hounsfield.dimse.scu.requestor import Target
    from hounsfield.index.site.peers import Peers

PEER_HELP = "A peer's name, or AETITLE@HOST:PORT."
_ADDRESS = re.compile(
    r"(?P<title>[^@]{1,64}?)(?:@(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?)?"
)
_TLS_PORT = 2762  # PS3.15 B.1


def parse_address(text: str, *, default_port: int) -> Peer | None:
    """Read AETITLE, AETITLE@HOST or AETITLE@HOST:PORT; a network has no port by itself."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    host = match["host"]
    if host is None:
        return Peer(match["title"])
    port = match["port"]
    if port is None:
        return Peer(match["title"], host.strip("[]"), None if "/" in host else default_port)
    return Peer(match["title"], host.strip("[]"), int(port))


@contextmanager
def peer_for(settings: Settings, text: str, *, uses_tls: bool = False) -> Iterator[Peer]:
    """The peer that an argument names; calls to it are recorded where there is an archive. Raises Failure."""
    from hounsfield.settings.parts import fixed_peers, tls_settings

    tls = tls_settings(settings)
    with _recorded(settings) as found:
        peer = next((one for one in fixed_peers(settings) if one.name == text), None)
        recorder = None
        names = list(settings.dimse.peers)
        if found is not None:
            peers, recorder = found
            peer = peer or peers.by_name(text)
            names = [one.name for one in peers.all()]
        if peer is None and "@" in text:
            peer = parse_address(text, default_port=_TLS_PORT if uses_tls else 104)
        if peer is None:
            raise Failure(
                f"{text!r} is no peer (there: {', '.join(names) or 'none'}) and not AETITLE@HOST:PORT",
                ExitCode.USAGE,
            )
        yield dataclasses.replace(
            peer, uses_tls=peer.uses_tls or uses_tls, tls=tls, recorder=recorder
        )


@contextmanager
def target_for(
    settings: Settings, text: str, ae_title: str | None = None, *, uses_tls: bool = False
) -> Iterator["Target"]:
    """How to call the peer that an argument names. Raises Failure."""
    from hounsfield.dimse.targets import target_of
    from hounsfield.errors import Refused

    with peer_for(settings, text, uses_tls=uses_tls) as peer:
        try:
            target = target_of(peer, ae_title or settings.dimse.ae_title)
        except Refused as problem:
            raise Failure(str(problem), ExitCode.USAGE) from problem
        yield target


@contextmanager
def _recorded(settings: Settings) -> Iterator["tuple[Peers, Journal] | None"]:
    """The peers of an archive that is there, and who keeps the records of calls to them."""
    if not (settings.data / "index.db").exists():
        yield None
        return
    from hounsfield.dimse.journal import Journal
    from hounsfield.index.database import Database
    from hounsfield.index.site.peers import Peers
    from hounsfield.settings.parts import fixed_peers, index_config

    database = Database(index_config(settings))
    journal = Journal(database)
    try:
        yield Peers(database, fixed_peers(settings)), journal
    finally:
        journal.close()
        database.close()
