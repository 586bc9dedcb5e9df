"""Managing peers: what is a sensible one, whom a caller is trusted as, and where peers are now."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.addresses import (
    address_of,
    is_host,
    is_network,
    is_numeric,
    is_within,
    narrowness,
    networks_of,
)
from hounsfield.archive.site.peer_certificates import read_tie
from hounsfield.dicom.ae_titles import MAX_AE_TITLE_LENGTH, is_valid_ae_title
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.errors import InvalidQuery, NotFound
from hounsfield.index.site.associations import Associations
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import ALL_RIGHTS, RIGHTS, Caller, Peer

CheckName = Literal[
    "settings", "address", "connection", "tls", "association", "echo", "contexts", "round-trip"
]
CHECKS: tuple[CheckName, ...] = get_args(CheckName)


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the test of a peer, and what to do about it."""

    name: CheckName
    state: Literal["ok", "warning", "failed", "skipped"]
    text: str
    advice: str = ""
    milliseconds: float = 0.0


# Tests a peer; with True it stores a small object there. Whoever talks DICOM provides it.
CheckPeer = Callable[[Peer, bool], list[Check]]

# A peer that is trusted with one click may do what a scanner needs.
RIGHTS_OF_THE_TRUSTED = frozenset({"store", "search", "worklist", "procedure-step", "commit"})
RESOLVE_EVERY_S = 60.0
_NAME = re.compile(r"\w[\w .-]{0,62}\w|\w")
_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


def checked(peer: Peer) -> Peer:
    """A peer as it can be kept, spaces trimmed and its host looked up; raises InvalidQuery with the words for it."""
    ae_title = peer.ae_title.strip(" ")
    name, host = peer.name.strip(), (peer.host or "").strip().strip("[]")
    if not is_valid_ae_title(ae_title):
        raise InvalidQuery(
            f"{ae_title[:40]!r} is no AE title: 1 to {MAX_AE_TITLE_LENGTH} characters of plain ASCII, no backslash"
        )
    if not _NAME.fullmatch(name):
        raise InvalidQuery(
            f"{name[:40]!r} is no name for a peer: 1 to 64 letters, digits, spaces and . _ -,"
            " with a letter or digit at both ends"
        )
    if host and not is_host(host):
        raise InvalidQuery(f"{host[:80]!r} is no address, network or name of a host")
    if peer.port is not None and not 0 < peer.port < 1 << 16:
        raise InvalidQuery(f"{peer.port} is no TCP port: 1 to 65535")
    if unknown := sorted(peer.may - ALL_RIGHTS):
        raise InvalidQuery(f"{unknown[0]!r} is no right; there are {', '.join(RIGHTS)}")
    if strange := [one for one in peer.transfer_syntaxes if one not in TRANSFER_SYNTAXES]:
        raise InvalidQuery(f"{strange[0][:64]!r} is no transfer syntax of DICOM")
    certificate = read_tie(peer.certificate)
    if not 0 < peer.max_parallel <= 64:
        raise InvalidQuery(f"{peer.max_parallel} jobs at a time: 1 to 64 are possible")
    return dataclasses.replace(
        peer,
        ae_title=ae_title,
        name=name,
        host=host or None,
        origin="app",
        certificate=certificate,
        # Who need not speak TLS need not show any certificate.
        requires_tls=peer.requires_tls or bool(certificate),
        addresses=networks_of(host) if host else (),
    )


def add_peer(peers: Peers, principal: Principal, peer: Peer) -> Peer:
    """Keep a new peer; raises InvalidQuery, Conflict, Refused."""
    require(principal, "administer")
    new = checked(peer)
    peers.add(new)
    return new


def change_peer(peers: Peers, principal: Principal, name: str, peer: Peer) -> Peer:
    """Change a peer; rules and jobs follow one that gets another name.

    Raises NotFound, InvalidQuery, Refused; Conflict if the name is taken, or a job talks to one that is renamed.
    """
    require(principal, "administer")
    changed = checked(peer)
    peers.replace(changed, name)
    return changed


def require_address(peer: Peer) -> None:
    """Raise InvalidQuery unless we can call a peer."""
    if peer.host is None or peer.port is None or is_network(peer.host):
        raise InvalidQuery(f"the peer {peer.name!r} has no host and port at which it can be told")


def remove_peer(peers: Peers, principal: Principal, name: str) -> None:
    """Forget a peer; raises NotFound, Refused."""
    require(principal, "administer")
    peers.remove(name)


def trust(
    peers: Peers,
    associations: Associations,
    principal: Principal,
    ae_title: str,
    address: str,
    *,
    name: str = "",
    may: frozenset[str] | None = None,
) -> Peer:
    """Make a peer of a refused caller, which may call from its address from now on; raises InvalidQuery, Conflict."""
    try:
        host = str(address_of(address))
    except ValueError:
        raise InvalidQuery(f"{address[:80]!r} is no address") from None
    rights = RIGHTS_OF_THE_TRUSTED if may is None else may
    new = Peer(ae_title, host, name=name or name_for(peers, ae_title), may=rights)
    kept = add_peer(peers, principal, new)
    associations.dismiss(ae_title, address)
    return kept


def refused_callers(peers: Peers, associations: Associations, principal: Principal) -> list[Caller]:
    """Who was refused and would be again: those that were trusted meanwhile are left out."""
    require(principal, "administer")
    return [
        one
        for one in associations.callers()
        if not can_trust(one)
        or not any(may_call(peer, one.address) for peer in peers.by_ae_title(one.ae_title))
    ]


def can_trust(caller: Caller) -> bool:
    """Whether a caller is let in once it is a peer."""
    return caller.finding.startswith(("unknown-caller", "other-address"))


def dismiss(associations: Associations, principal: Principal, ae_title: str, address: str) -> None:
    """Forget that a caller was refused; raises NotFound."""
    require(principal, "administer")
    if not associations.dismiss(ae_title, address):
        raise NotFound(f"no refused caller {ae_title[:40]!a} at {address[:80]!a} is kept")


def peer_named(peers: Peers, name: str) -> Peer:
    """The peer of a name; raises NotFound, with the names that there are."""
    found = peers.by_name(name)
    if found is None:
        names = ", ".join(one.name for one in peers.all()[:20] if one.name) or "none"
        raise NotFound(f"there is no peer {name!r}; known are {names}")
    return found


def name_for(peers: Peers, ae_title: str) -> str:
    """A name that no peer has yet, made from an AE title."""
    stem = _NOT_IN_A_NAME.sub("-", ae_title.lower()).strip("-._") or "peer"
    name, number = stem, 1
    while peers.by_name(name) is not None:
        number += 1
        name = f"{stem}-{number}"
    return name


def may_call(peer: Peer, address: str) -> bool:
    """Whether a peer is at an address; one without a host may be anywhere."""
    if peer.host is None:
        return True
    return is_within(address, (peer.host,) if is_numeric(peer.host) else peer.addresses)


def caller_at(known: Iterable[Peer], address: str) -> Peer | None:
    """Which of the peers of one AE title calls from an address: the one whose host says so most closely."""
    there = [one for one in known if may_call(one, address)]
    return max(there, key=lambda one: narrowness(one.host), default=None)


def look_up(peers: Peers, *, only_fixed: bool = False) -> None:
    """Look up the names of all peers' hosts again and keep what changed; one that fails keeps its last addresses."""
    for peer in peers.fixed if only_fixed else peers.all():
        if peer.host is None or is_numeric(peer.host):
            continue
        found = networks_of(peer.host)
        if found and found != peer.addresses:
            peers.set_addresses(peer, found)
