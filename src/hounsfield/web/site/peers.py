"""Peers and refused callers in the JSON API."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field

from hounsfield.archive.access import require
from hounsfield.archive.site import peers as managing
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.errors import Unavailable
from hounsfield.index.site.associations import Associations
from hounsfield.index.site.availability import AvailabilitySubscribers
from hounsfield.index.site.records import Caller as KeptCaller
from hounsfield.index.site.records import Peer as KeptPeer

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

Right = Literal["store", "search", "retrieve", "worklist", "procedure-step", "commit", "work-item"]
_TRUSTED: list[Right] = ["store", "search", "worklist", "procedure-step", "commit"]


class NewPeer(BaseModel):
    """A remote system: who it is, where, and what it may ask of us."""

    name: str = Field(max_length=200)
    ae_title: str = Field(max_length=200)
    host: str | None = Field(default=None, max_length=255)
    """The address, network or name it calls from and listens at; without one it may call from anywhere."""
    port: int | None = None
    uses_tls: bool = False
    """Whether it is called over TLS."""
    requires_tls: bool = False
    """Whether it may call over TLS only."""
    certificate: str = Field(default="", max_length=1024)
    """The SHA-256 fingerprint or the subject (`CN=ct2,O=Clinic`) of the certificate that it must show when it calls; it
    may call over TLS only then, and nobody else with that certificate."""
    may: list[Right] = _TRUSTED
    transfer_syntaxes: list[str] = Field(default=[], max_length=64)
    """The ones it prefers, best first."""
    character_set: str = Field(default="", max_length=255)
    """The Specific Character Set to assume where it sends none."""
    max_parallel: int = 2
    """How many jobs may talk to it at a time."""
    description: str = Field(default="", max_length=2000)
    wants_availability: bool = False
    """Whether it is told of every study that becomes complete here (Instance Availability Notification)."""

    def kept(self) -> KeptPeer:
        """The same for the index."""
        return KeptPeer(
            self.ae_title,
            self.host or None,
            self.port,
            name=self.name,
            uses_tls=self.uses_tls,
            requires_tls=self.requires_tls,
            certificate=self.certificate,
            may=frozenset(self.may),
            transfer_syntaxes=tuple(self.transfer_syntaxes),
            character_set=self.character_set.strip(),
            max_parallel=self.max_parallel,
            description=self.description.strip(),
        )


class Peer(NewPeer):
    """A peer that is kept; those of the settings cannot be changed here."""

    origin: Literal["app", "settings"]
    last_seen_us: int | None
    last_outcome: str | None


class Peers(BaseModel):
    """All peers, those of the settings first, then by name."""

    peers: list[Peer]


class Check(BaseModel):
    """One step of the test of a peer."""

    name: managing.CheckName
    state: Literal["ok", "warning", "failed", "skipped"]
    text: str
    advice: str
    milliseconds: float


class PeerTest(BaseModel):
    """What the test of a peer found out."""

    is_ok: bool
    checks: list[Check]


class Caller(BaseModel):
    """Somebody who was refused; ``can_trust`` says whether making a peer of it would let it in."""

    ae_title: str
    called_ae_title: str
    address: str
    count: int
    first_us: int
    last_us: int
    reason: str
    advice: str
    can_trust: bool


class Callers(BaseModel):
    """Who was refused and would be again, the latest first."""

    callers: list[Caller]


class Trust(BaseModel):
    """Which caller to make a peer of."""

    ae_title: str = Field(max_length=200)
    address: str = Field(max_length=255)
    name: str = Field(default="", max_length=200)
    may: list[Right] | None = None


class Dismissal(BaseModel):
    """Which caller to forget."""

    ae_title: str = Field(max_length=200)
    address: str = Field(max_length=255)


def add_peers(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of this module."""
    _add_managing(app, parts)
    _add_test(app, parts)
    _add_callers(app, parts)


def _add_managing(app: FastAPI, parts: "ApiParts") -> None:
    peers, associations = parts.peers, Associations(parts.index.database)
    subscribers = AvailabilitySubscribers(parts.index.database)

    def kept(work: Callable[[KeptPeer], KeptPeer], sent: NewPeer) -> Peer:
        """Keep a peer as it was sent, with what it is told of."""
        one = sent.kept()
        if sent.wants_availability:
            managing.require_address(one)
        one = work(one)
        subscribers.keep(one.name, wants=sent.wants_availability)
        last = associations.last_of([one.name]).get(one.name)
        return _shown(one, last, wants_availability=sent.wants_availability)

    @app.get("/peers")
    async def list_peers(request: Request) -> Peers:
        """All peers, and when each was last associated with."""

        def read() -> Peers:
            require(principal_of(request), "administer")
            found = peers.all()
            last = associations.last_of([one.name for one in found])
            told = {one.peer for one in subscribers.all()}
            return Peers(
                peers=[
                    _shown(one, last.get(one.name), wants_availability=one.name in told)
                    for one in found
                ]
            )

        return await in_thread(read)

    @app.post("/peers", status_code=201)
    async def add_peer(request: Request, peer: NewPeer) -> Peer:
        """Keep a new peer; it may call at once."""
        principal = principal_of(request)
        return await in_thread(kept, partial(managing.add_peer, peers, principal), peer)

    @app.put("/peers/{name}")
    async def change_peer(request: Request, name: str, peer: NewPeer) -> Peer:
        """Change a peer; with another name, rules and jobs follow it. 409 while a job talks to one that is renamed."""
        principal = principal_of(request)
        return await in_thread(kept, partial(managing.change_peer, peers, principal, name), peer)

    @app.delete("/peers/{name}", status_code=204)
    async def remove_peer(request: Request, name: str) -> Response:
        """Forget a peer; on associations in progress it may ask for nothing more."""
        await in_thread(managing.remove_peer, peers, principal_of(request), name)
        return Response(status_code=204)


def _add_test(app: FastAPI, parts: "ApiParts") -> None:
    @app.post("/peers/{name}/test")
    async def test_peer(request: Request, name: str, stores: bool = False) -> PeerTest:  # noqa: FBT002
        """Test a peer, in under half a minute; with ``stores`` a small test object is stored there, which stays."""

        def test() -> PeerTest:
            require(principal_of(request), "administer")
            peer = managing.peer_named(parts.peers, name)
            if parts.check_peer is None:
                raise Unavailable("this process does not talk DICOM")
            checks = parts.check_peer(peer, stores)
            return PeerTest(
                is_ok=all(check.state != "failed" for check in checks),
                checks=[
                    Check(
                        name=check.name,
                        state=check.state,
                        text=check.text,
                        advice=check.advice,
                        milliseconds=check.milliseconds,
                    )
                    for check in checks
                ],
            )

        return await in_thread(test)


def _add_callers(app: FastAPI, parts: "ApiParts") -> None:
    peers, associations = parts.peers, Associations(parts.index.database)

    @app.get("/callers")
    async def list_callers(request: Request) -> Callers:
        """Who was refused because we do not know them so."""
        principal = principal_of(request)
        found = await in_thread(managing.refused_callers, peers, associations, principal)
        return Callers(callers=[_shown_caller(one) for one in found])

    @app.post("/callers/trust", status_code=201)
    async def trust_caller(request: Request, caller: Trust) -> Peer:
        """Make a peer of a refused caller, at the address that it called from."""

        def trust() -> Peer:
            kept = managing.trust(
                peers,
                associations,
                principal_of(request),
                caller.ae_title,
                caller.address,
                name=caller.name,
                may=None if caller.may is None else frozenset(caller.may),
            )
            return _shown(kept, None, wants_availability=False)

        return await in_thread(trust)

    @app.post("/callers/dismiss", status_code=204)
    async def dismiss_caller(request: Request, caller: Dismissal) -> Response:
        """Forget that a caller was refused; it is named again if it calls again."""
        principal = principal_of(request)
        await in_thread(managing.dismiss, associations, principal, caller.ae_title, caller.address)
        return Response(status_code=204)


def _shown(one: KeptPeer, last: tuple[int, str] | None, *, wants_availability: bool) -> Peer:
    return Peer(
        name=one.name,
        ae_title=one.ae_title,
        host=one.host,
        port=one.port,
        uses_tls=one.uses_tls,
        requires_tls=one.requires_tls,
        certificate=one.certificate,
        may=[right for right in get_args(Right) if right in one.may],
        transfer_syntaxes=list(one.transfer_syntaxes),
        character_set=one.character_set,
        max_parallel=one.max_parallel,
        description=one.description,
        wants_availability=wants_availability,
        origin=one.origin,
        last_seen_us=None if last is None else last[0],
        last_outcome=None if last is None else last[1],
    )


def _shown_caller(one: KeptCaller) -> Caller:
    return Caller(
        ae_title=one.ae_title,
        called_ae_title=one.called_ae_title,
        address=one.address,
        count=one.count,
        first_us=one.first_us,
        last_us=one.last_us,
        reason=one.reason,
        advice=one.advice,
        can_trust=managing.can_trust(one),
    )
