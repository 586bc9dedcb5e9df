"""Who acts, and what they may do.

Until accounts exist, whoever reaches the archive does so from its own machine (`settings` lets it listen on
loopback only) or is a peer that the DICOM edge has recognised; what a peer may is kept with it (`index.site.records.RIGHTS`).
"""

from dataclasses import dataclass
from typing import Literal

from hounsfield.errors import Refused
from hounsfield.index.site.records import ALL_RIGHTS

Action = Literal[
    "store",
    "search",
    "retrieve",
    "worklist",
    "procedure-step",
    "commit",
    "work-item",
    "delete",
    "administer",
]

_MAY: dict[str, frozenset[str]] = {
    "peer": ALL_RIGHTS,
    "person": frozenset({"store", "search", "retrieve"}),
    "local": ALL_RIGHTS | {"delete", "administer"},
    "worker": frozenset({"search", "retrieve", "administer"}),
}


# What each is, for people: "CT2 may not read the worklist here".
IN_WORDS: dict[str, str] = {
    "store": "store images",
    "search": "search",
    "retrieve": "retrieve images",
    "worklist": "read the worklist",
    "procedure-step": "report procedure steps",
    "commit": "ask for storage commitment",
    "work-item": "work on work items",
    "delete": "delete",
    "administer": "administer",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who does something: ``name`` is an AE title, an account or "local"."""

    name: str
    kind: Literal["peer", "person", "local", "worker"]
    address: str | None = None
    may: frozenset[str] | None = None  # what it may do, where that is less than its kind may


LOCAL = Principal("local", "local")
NOBODY = Principal("", "peer", may=frozenset())


def require(principal: Principal, action: Action) -> None:
    """Raise Refused unless the principal may do this."""
    if action not in _MAY[principal.kind] or (
        principal.may is not None and action not in principal.may
    ):
        raise Refused(f"{principal.name} may not {IN_WORDS[action]}")
