"""What can be set about the DICOM network edge."""

from dataclasses import dataclass, field
from typing import Literal

from hounsfield.dimse.transport import TimeLimits
from hounsfield.index.site.records import Peer, TlsSettings

__all__ = ["DimseConfig", "Peer"]


@dataclass(frozen=True, slots=True)
class DimseConfig:
    """Settings of the DICOM server.

    Args:
        ae_title: our own AE title.
        peers: the remote systems that the settings name; the index may have more.
        unknown_peers: whether others may; "accept" lets in callers from this machine only.
        called_ae_titles: further names to be called by; "*" stands for any.
        unknown_sop_classes: whether to store instances of classes the standard does not know.
        worklist_only_own_station: whether each station sees only its own items of the worklist.
        worklist_keeps_started: whether items whose work has begun stay in it until that ends.
        max_associations: how many there may be at a time.
        max_associations_by_peer: how many of these one peer may have.
        max_pdu_bytes: what we announce as the longest PDU we take; longer ones are taken too.
        max_skipped_bytes: how much of a data set that failed is read before its sender is cut off.
        probe_ae_title: the calling AE title of our own probe, which leaves no record; empty for none.
        times: how long a peer may keep us waiting.
        tls: with which certificates TLS is spoken.
    """

    ae_title: str = "HOUNSFIELD"
    peers: tuple[Peer, ...] = ()
    unknown_peers: Literal["refuse", "accept"] = "refuse"
    called_ae_titles: tuple[str, ...] = ()
    unknown_sop_classes: Literal["accept", "refuse"] = "accept"
    worklist_only_own_station: bool = False
    worklist_keeps_started: bool = True
    max_associations: int = 200
    max_associations_by_peer: int = 64
    max_pdu_bytes: int = 1 << 18
    max_skipped_bytes: int = 1 << 30
    probe_ae_title: str = ""
    times: TimeLimits = field(default_factory=TimeLimits)
    tls: TlsSettings | None = None
