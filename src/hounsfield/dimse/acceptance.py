"""Which associations and presentation contexts we accept (PS3.8 section 9.3.4, PS3.7 annex D.3)."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hounsfield.archive.site.addresses import address_of, is_numeric
from hounsfield.archive.site.peer_certificates import ShownCertificate, is_tied_to
from hounsfield.archive.site.peers import caller_at, look_up
from hounsfield.dicom.ae_titles import MAX_AE_TITLE_LENGTH, is_valid_ae_title
from hounsfield.dicom.sop_classes import (
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT_PUSH_MODEL,
    STORAGE_SOP_CLASSES,
    VERIFICATION,
    name_of,
)
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.dimse.config import DimseConfig
from hounsfield.dimse.doctor.findings import Finding, say
from hounsfield.dimse.identifier import negotiate_query, negotiate_retrieval
from hounsfield.dimse.places import Full, Places
from hounsfield.dimse.scp.find_scp import FIND_SOP_CLASSES
from hounsfield.dimse.scp.procedure_step_scp import PROCEDURE_STEP_SOP_CLASSES
from hounsfield.dimse.scp.retrieve_scp import GET_SOP_CLASSES, MOVE_SOP_CLASSES
from hounsfield.dimse.scp.work_item_scp import WORK_ITEM_SOP_CLASSES
from hounsfield.dimse.upper_layer.negotiation import (
    SMALLEST_MAXIMUM_LENGTH,
    Negotiated,
    Support,
    answer,
)
from hounsfield.dimse.upper_layer.pdus import (
    APPLICATION_CONTEXT_NAME,
    AssociateRj,
    AssociateRq,
    RejectResult,
    RejectSource,
)
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer

STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
_STANDARD_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."
_UID = re.compile(r"[0-9.]{1,64}")

# Names of encodings that are no DICOM data set (PS3.6 annex A, both retired).
_NOT_DATASETS = frozenset(("1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2"))
STORED_SYNTAXES = frozenset(TRANSFER_SYNTAXES) - _NOT_DATASETS
_MESSAGE_SYNTAXES = frozenset(
    ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
)
# PS3.4 B.3.1: storage level 2 (full), digital signatures level 3 (bit-preserving), no coercion.
_STORAGE_INFORMATION = bytes((2, 0, 3, 0, 0, 0))

_VERIFICATION = Support(_MESSAGE_SYNTAXES)
_QUERY = Support(_MESSAGE_SYNTAXES, answer_information=negotiate_query)
_RETRIEVE = Support(_MESSAGE_SYNTAXES, answer_information=negotiate_retrieval)
# Who keeps what we sent reports as SCP on an association that it asks for (PS3.4 J.3.3, NET-06).
_COMMITMENT = Support(_MESSAGE_SYNTAXES, requestor_may_be_scp=True)
_NOT_PERMITTED = Support(frozenset(), is_permitted=False)

# Every SOP class but those of storage: the right that it takes, and what we can do with it.
OFFERED: dict[str, tuple[str, Support]] = {
    **dict.fromkeys(sorted(FIND_SOP_CLASSES), ("search", _QUERY)),
    **dict.fromkeys(sorted(GET_SOP_CLASSES | MOVE_SOP_CLASSES), ("retrieve", _RETRIEVE)),
    **dict.fromkeys(
        sorted(PROCEDURE_STEP_SOP_CLASSES), ("procedure-step", Support(_MESSAGE_SYNTAXES))
    ),
    MODALITY_WORKLIST_FIND: ("worklist", Support(_MESSAGE_SYNTAXES)),
    **dict.fromkeys(sorted(WORK_ITEM_SOP_CLASSES), ("work-item", Support(_MESSAGE_SYNTAXES))),
    STORAGE_COMMITMENT_PUSH_MODEL: ("commit", _COMMITMENT),
}

_PERMANENT, _TRANSIENT = RejectResult.PERMANENT, RejectResult.TRANSIENT
NO_REASON = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 1)
APPLICATION_CONTEXT_NOT_SUPPORTED = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 2)
CALLING_AE_TITLE_UNKNOWN = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 3)
CALLED_AE_TITLE_UNKNOWN = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 7)
PROTOCOL_VERSION_NOT_SUPPORTED = AssociateRj(_PERMANENT, RejectSource.SERVICE_PROVIDER_ACSE, 2)
LOCAL_LIMIT_EXCEEDED = AssociateRj(_TRANSIENT, RejectSource.SERVICE_PROVIDER_PRESENTATION, 2)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the address, and how the connection is secured.

    ``ports`` are those that we serve, as the doctor tells of them.
    """

    address: str
    is_tls: bool = False
    certificate: ShownCertificate | None = None
    ports: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejection, and what the log and the doctor say about it."""

    answer: AssociateRj
    finding: Finding
    values: Mapping[str, Any]

    @property
    def advice(self) -> str:
        """Why, and what to do."""
        return f"{self.finding.reason} {self.finding.advice}"


@dataclass(frozen=True, slots=True)
class Admission:
    """What is agreed with a caller that is let in, and which peer it is; None for one that is unknown."""

    negotiated: Negotiated
    peer: Peer | None
    missing_rights: tuple[str, ...] = field(default=())


def is_storable(sop_class_uid: str) -> bool:
    """Say whether a UID is that of a storage SOP class, or may be that of one we do not know."""
    if sop_class_uid in STORAGE_SOP_CLASSES:
        return True
    if not _UID.fullmatch(sop_class_uid) or name_of(sop_class_uid) != sop_class_uid:
        return False
    # Not in the standard's register as we have it: a private class, or one that is newer than we are.
    return sop_class_uid.startswith(_STORAGE_ROOT) or not sop_class_uid.startswith(_STANDARD_ROOT)


class Acceptance:
    """Decides about callers and seats those let in. May be called from any thread."""

    def __init__(self, config: DimseConfig, places: Places, peers: Peers | None = None) -> None:
        if not is_valid_ae_title(config.ae_title):
            raise ValueError(f"{config.ae_title!r} is no AE title")
        self._config = config
        self._called = {config.ae_title, *config.called_ae_titles}
        self._peers = Peers(None, config.peers) if peers is None else peers
        self._places = places
        look_up(self._peers, only_fixed=True)

    def support(self, abstract_syntax: str, service_class_uid: str) -> Support | None:
        """Say what we can do with an abstract syntax, for a peer that may do anything."""
        return self._support(abstract_syntax, service_class_uid, None)[1]

    def _support(
        self, abstract_syntax: str, service_class_uid: str, may: frozenset[str] | None
    ) -> tuple[str, Support | None]:
        """The right that an abstract syntax takes, and what there is of it for a peer that has these rights."""
        if abstract_syntax == VERIFICATION:
            return "", _VERIFICATION
        if abstract_syntax == STORAGE_COMMITMENT_PUSH_MODEL:
            # Any peer may answer what we asked of it; the right to ask is looked at with each request.
            return "", _COMMITMENT
        if abstract_syntax in OFFERED:
            right, support = OFFERED[abstract_syntax]
            return right, support if may is None or right in may else _NOT_PERMITTED
        if abstract_syntax not in STORAGE_SOP_CLASSES and (
            self._config.unknown_sop_classes == "refuse"
            or not is_storable(abstract_syntax)
            # PS3.7 D.3.3.6: the requestor may say itself which service a class of its own belongs to.
            or service_class_uid not in {"", STORAGE_SERVICE_CLASS}
        ):
            return "", None
        return "store", storage_support(may)

    def decide(self, request: AssociateRq, origin: Origin, place: int) -> Admission | Refusal:
        """Answer a request that came over the connection at ``place``; one that is let in is seated there."""
        address = origin.address
        found = self._refuse(request, address)
        if not isinstance(found, Refusal):
            found = self._refuse_connection(found, request, origin) or found
        if isinstance(found, Refusal):
            return found
        try:
            self._places.seat(place, request.calling_ae_title, address)
        except Full as full:
            code = "limit-by-peer" if full.by_peer else "limit"
            return _refusal(
                LOCAL_LIMIT_EXCEEDED, code, request, address, open_count=full.open_count
            )
        may = None if found is None else found.may
        missing: dict[str, None] = {}

        def supported(abstract_syntax: str, service_class_uid: str) -> Support | None:
            right, support = self._support(abstract_syntax, service_class_uid, may)
            if support is not None and right and may is not None and right not in may:
                missing[right] = None
            return support

        negotiated = answer(request, supported, maximum_length=self._config.max_pdu_bytes)
        return Admission(negotiated, found, tuple(missing))

    def _refuse(self, request: AssociateRq, address: str) -> Refusal | Peer | None:
        """Why a request is refused; if it is not, the peer that it comes from, or None for an unknown one."""
        if not request.protocol_version & 1:
            return _refusal(PROTOCOL_VERSION_NOT_SUPPORTED, "protocol-version", request, address)
        if request.application_context_name != APPLICATION_CONTEXT_NAME:
            return _refusal(
                APPLICATION_CONTEXT_NOT_SUPPORTED, "application-context", request, address,
                application_context=request.application_context_name,
            )  # fmt: skip
        called = request.called_ae_title
        if not is_valid_ae_title(called):
            return self._refuse_called("called-ae-title-invalid", request, address)
        if not ({called, "*"} & self._called):
            if meant := [one for one in sorted(self._called) if one.lower() == called.lower()]:
                return self._refuse_called("called-ae-title-case", request, address, meant[0])
            return self._refuse_called("called-ae-title", request, address)
        maximum_length = request.user_information.maximum_length
        if maximum_length is not None and 0 < maximum_length < SMALLEST_MAXIMUM_LENGTH:
            return _refusal(
                NO_REASON, "maximum-length", request, address, maximum_length=maximum_length
            )
        return self._refuse_caller(request, address)

    def _refuse_connection(
        self, caller: Peer | None, request: AssociateRq, origin: Origin
    ) -> Refusal | None:
        """Why a caller that may call is refused over this connection: for want of TLS, or of the right certificate.

        None of the rejections of PS3.8 table 9-21 says so; "no reason given" at least says nothing wrong.
        """
        shown = origin.certificate
        peer = request.calling_ae_title if caller is None else caller.name or caller.ae_title
        if not may_come_by(caller, is_tls=origin.is_tls, shown=shown):
            code = "caller-tls-only" if not origin.is_tls else "caller-certificate"
            return _refusal(
                NO_REASON, code, request, origin.address, **origin.ports, peer=peer,
                wanted="" if caller is None else caller.certificate, shown=str(shown or "none"),
            )  # fmt: skip
        if shown is None or (caller is not None and caller.certificate):
            return None
        owners = [
            one.name or one.ae_title
            for one in self._peers.tied_to_certificates()
            if is_tied_to(one.certificate, shown)
        ]
        if not owners:
            return None
        return _refusal(
            NO_REASON, "caller-certificate-of-other", request, origin.address, peer=peer, owner=owners[0], shown=str(shown),
        )  # fmt: skip

    def _refuse_called(
        self, code: str, request: AssociateRq, address: str, meant: str = ""
    ) -> Refusal:
        ours = self._config.ae_title
        return _refusal(CALLED_AE_TITLE_UNKNOWN, code, request, address, ours=ours, meant=meant)

    def _refuse_caller(self, request: AssociateRq, address: str) -> Refusal | Peer | None:
        calling = request.calling_ae_title
        if not is_valid_ae_title(calling):
            return _refusal(CALLING_AE_TITLE_UNKNOWN, "calling-ae-title-invalid", request, address)
        known = self._peers.by_ae_title(calling)
        caller = caller_at(known, address)
        if caller is not None:
            return caller
        if known:
            hosts = ", ".join(where_it_may_call_from(peer) for peer in known)
            return _refusal(
                CALLING_AE_TITLE_UNKNOWN, "other-address", request, address, known=hosts
            )
        if self._config.unknown_peers == "accept" and address_of(address).is_loopback:
            return None
        code, meant = similar_to(calling, [peer.ae_title for peer in self._peers.all()])
        return _refusal(CALLING_AE_TITLE_UNKNOWN, code, request, address, meant=meant)


def may_come_by(peer: Peer | None, *, is_tls: bool, shown: ShownCertificate | None) -> bool:
    """Whether a peer may call over a connection that is secured so."""
    if peer is None or not (peer.requires_tls or peer.certificate):
        return True
    return is_tls and is_tied_to(peer.certificate, shown)


def storage_support(may: frozenset[str] | None) -> Support:
    """What a peer of some rights can do with storage classes.

    It takes the SCP role to retrieve: a C-GET brings instances back to it (PS3.4 C.5.3.1).
    """
    return Support(
        STORED_SYNTAXES,
        requestor_may_be_scp=may is None or "retrieve" in may,
        requestor_may_be_scu=may is None or "store" in may,
        answer_information=lambda _asked: _STORAGE_INFORMATION,
    )


def where_it_may_call_from(peer: Peer) -> str:
    """The host of a peer, and what the name of one stands for now."""
    host = str(peer.host)
    if is_numeric(host):
        return host
    addresses = (one.removesuffix("/32").removesuffix("/128") for one in peer.addresses)
    return f"{host} ({', '.join(addresses) or 'a name that cannot be resolved here'})"


def similar_to(calling: str, titles: list[str]) -> tuple[str, str]:
    """The finding about an unknown AE title, and the one of a peer that was perhaps meant."""
    for title in titles:
        if title.lower() == calling.lower():
            return "unknown-caller-case", title
    if near := difflib.get_close_matches(calling, titles, n=1, cutoff=0.75):
        return "unknown-caller-similar", near[0]
    is_full = len(calling) == MAX_AE_TITLE_LENGTH
    return ("unknown-caller-cut" if is_full else "unknown-caller"), ""


def _refusal(
    reject: AssociateRj, code: str, request: AssociateRq, address: str, **values: Any
) -> Refusal:
    values = {
        "calling": request.calling_ae_title,
        "called": request.called_ae_title,
        "peer": request.calling_ae_title,
        "address": address,
        **values,
    }
    return Refusal(reject, say(code, values), values)
