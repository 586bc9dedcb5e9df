"""What is kept about the network of a site, free of SQL: peers, refused callers, associations."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

# What a peer may be allowed; each service of the network belongs to one of them.
RIGHTS = ("store", "search", "retrieve", "worklist", "procedure-step", "commit", "work-item")
ALL_RIGHTS = frozenset(RIGHTS)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """With which certificates we speak TLS.

    Args:
        folder: where `certificate.pem`, `key.pem` and `ca.pem` lie.
        requires_client_certificate: whether who calls us must show a certificate.
        checks_names: whether the certificate of whom we call must be for the host that the peer has.
    """

    folder: Path
    requires_client_certificate: bool = True
    checks_names: bool = True


class Recorder(Protocol):
    """Whoever keeps records of associations."""

    def note(self, recording: Any) -> None:
        """Hear that a recording has something new: it was opened, or it is over."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A remote system we know.

    Args:
        ae_title: its AE title, as it calls and is called.
        host: the address, network or name it must call from; None lets it call from anywhere.
        port: where it listens, for what we send it.
        name: what people and commands call it here.
        uses_tls: whether we speak TLS when we call it.
        requires_tls: whether it may call us over TLS only.
        certificate: the SHA-256 fingerprint or the subject of the certificate that it must show when it calls.
        may: what it may ask of us.
        transfer_syntaxes: the ones it prefers, best first.
        character_set: the Specific Character Set to assume where it sends none.
        max_parallel: how many jobs may talk to it at a time.
        description: for people.
        origin: "settings" for those that are changed in the settings only.
        addresses: the networks that ``host`` stands for, looked up ahead of the calls.
        tls: what we call it with where it uses TLS; the site's own, the same for all.
        recorder: who keeps the records of our calls to it.
    """

    ae_title: str
    host: str | None = None
    port: int | None = None
    name: str = ""
    uses_tls: bool = False
    requires_tls: bool = False
    certificate: str = ""
    may: frozenset[str] = ALL_RIGHTS
    transfer_syntaxes: tuple[str, ...] = ()
    character_set: str = ""
    max_parallel: int = 2
    description: str = ""
    origin: Literal["app", "settings"] = "settings"
    addresses: tuple[str, ...] = field(default=(), compare=False)
    tls: TlsSettings | None = field(default=None, compare=False)
    recorder: Recorder | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was refused because we do not know them so, and how often."""

    ae_title: str
    called_ae_title: str
    address: str
    finding: str
    reason: str
    advice: str
    count: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class RecordedContext:
    """A presentation context as it was proposed, and the answer; None where there was none (PS3.8 table 9-18)."""

    abstract_syntax: str
    offered: tuple[str, ...]
    result: int | None
    accepted: str = ""


@dataclass(slots=True)
class AssociationRecord:
    """One association, or the attempt of one. Nothing in it may tell of a patient.

    ``messages`` counts answers: each has name, status, meaning and count. ``details`` are the values that
    the finding was made of.
    """

    direction: Literal["in", "out"]
    began_us: int
    calling_ae_title: str = ""
    called_ae_title: str = ""
    address: str = ""
    peer: str = ""
    is_tls: bool = False
    outcome: str = "open"
    is_ok: bool = True
    finding: str = ""
    reason: str = ""
    advice: str = ""
    contexts: list[RecordedContext] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    bytes_received: int = 0
    bytes_sent: int = 0
    implementation: str = ""
    ended_us: int | None = None
    id: int = 0
