"""Who acts, and what they may do.

Until accounts exist, whoever reaches the archive does so from its own machine (`settings` lets it listen on
loopback only) or is a peer that the DICOM edge has recognised; a peer may store, search, retrieve and ask for an echo.
"""

from dataclasses import dataclass
from typing import Literal

from hounsfield.errors import Refused

Action = Literal["store", "search", "retrieve", "administer"]

_MAY: dict[str, frozenset[str]] = {
    "peer": frozenset({"store", "search", "retrieve"}),
    "person": frozenset({"store", "search", "retrieve"}),
    "local": frozenset({"store", "search", "retrieve", "administer"}),
    "worker": frozenset({"search", "retrieve", "administer"}),
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
        raise Refused(f"{principal.name} may not {action}")
