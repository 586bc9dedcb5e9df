"""Which associations and presentation contexts we accept (PS3.8 section 9.3.4, PS3.7 annex D.3)."""

import functools
import ipaddress
import logging
import re
import socket
from dataclasses import dataclass

from hounsfield.dicom.sop_classes import STORAGE_SOP_CLASSES, name_of
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES
from hounsfield.dimse.config import DimseConfig, Peer
from hounsfield.dimse.identifier import negotiate_options
from hounsfield.dimse.places import Full, Places
from hounsfield.dimse.scp.find_scp import FIND_SOP_CLASSES
from hounsfield.dimse.scp.retrieve_scp import GET_SOP_CLASSES, MOVE_SOP_CLASSES
from hounsfield.dimse.upper_layer.negotiation import (
    SMALLEST_MAXIMUM_LENGTH,
    Negotiated,
    Support,
    answer,
    is_valid_ae_title,
)
from hounsfield.dimse.upper_layer.pdus import (
    APPLICATION_CONTEXT_NAME,
    AssociateRj,
    AssociateRq,
    RejectResult,
    RejectSource,
)

log = logging.getLogger(__name__)

VERIFICATION = "1.2.840.10008.1.1"
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

# The requestor may take the SCP role too: a C-GET brings instances back to it (PS3.4 C.5.3.1).
_STORAGE = Support(
    STORED_SYNTAXES,
    requestor_may_be_scp=True,
    answer_information=lambda _asked: _STORAGE_INFORMATION,
)
_VERIFICATION = Support(_MESSAGE_SYNTAXES)
_QUERY_RETRIEVE = Support(_MESSAGE_SYNTAXES, answer_information=negotiate_options)

_PERMANENT, _TRANSIENT = RejectResult.PERMANENT, RejectResult.TRANSIENT
NO_REASON = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 1)
APPLICATION_CONTEXT_NOT_SUPPORTED = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 2)
CALLING_AE_TITLE_UNKNOWN = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 3)
CALLED_AE_TITLE_UNKNOWN = AssociateRj(_PERMANENT, RejectSource.SERVICE_USER, 7)
PROTOCOL_VERSION_NOT_SUPPORTED = AssociateRj(_PERMANENT, RejectSource.SERVICE_PROVIDER_ACSE, 2)
LOCAL_LIMIT_EXCEEDED = AssociateRj(_TRANSIENT, RejectSource.SERVICE_PROVIDER_PRESENTATION, 2)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejection, and what the log says about it."""

    answer: AssociateRj
    advice: str


def is_storable(sop_class_uid: str) -> bool:
    """Say whether a UID is that of a storage SOP class, or may be that of one we do not know."""
    if sop_class_uid in STORAGE_SOP_CLASSES:
        return True
    if not _UID.fullmatch(sop_class_uid) or name_of(sop_class_uid) != sop_class_uid:
        return False
    # Not in the standard's register as we have it: a private class, or one that is newer than we are.
    return sop_class_uid.startswith(_STORAGE_ROOT) or not sop_class_uid.startswith(_STANDARD_ROOT)


@functools.cache
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _networks(host: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Turn a peer's host into networks; a name is looked up once, here, and never on a call."""
    try:
        return (ipaddress.ip_network(host, strict=False),)
    except ValueError:
        pass
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        log.warning("The host %r of a peer cannot be resolved; it cannot call us", host)
        return ()
    return tuple(ipaddress.ip_network(address) for address in sorted(found))


class Acceptance:
    """Decides about callers and seats those let in. May be called from any thread."""

    def __init__(self, config: DimseConfig, places: Places) -> None:
        if not is_valid_ae_title(config.ae_title):
            raise ValueError(f"{config.ae_title!r} is no AE title")
        self._config = config
        self._called = {config.ae_title, *config.called_ae_titles}
        self._peers = [
            (peer, None if peer.host is None else _networks(peer.host)) for peer in config.peers
        ]
        self._places = places

    def support(self, abstract_syntax: str, service_class_uid: str) -> Support | None:
        """Say what we can do with an abstract syntax."""
        if abstract_syntax == VERIFICATION:
            return _VERIFICATION
        if abstract_syntax in FIND_SOP_CLASSES | GET_SOP_CLASSES | MOVE_SOP_CLASSES:
            return _QUERY_RETRIEVE
        if abstract_syntax in STORAGE_SOP_CLASSES:
            return _STORAGE
        if self._config.unknown_sop_classes == "refuse" or not is_storable(abstract_syntax):
            return None
        # PS3.7 D.3.3.6: the requestor may say itself which service a class of its own belongs to.
        return _STORAGE if service_class_uid in {"", STORAGE_SERVICE_CLASS} else None

    def decide(self, request: AssociateRq, address: str, place: int) -> Negotiated | Refusal:
        """Answer a request that came over the connection at ``place``; one that is let in is seated there."""
        refusal = self._refuse(request, address)
        if refusal is not None:
            return refusal
        try:
            self._places.seat(place, request.calling_ae_title, address)
        except Full as full:
            if full.by_peer:
                advice = f"it has {full.open_count} associations open, the most that dimse.max_associations_by_peer allows"
            else:
                advice = f"{full}, the most that dimse.max_associations allows"
            return Refusal(LOCAL_LIMIT_EXCEEDED, advice)
        return answer(request, self.support, maximum_length=self._config.max_pdu_bytes)

    def _refuse(self, request: AssociateRq, address: str) -> Refusal | None:
        if not request.protocol_version & 1:
            return Refusal(
                PROTOCOL_VERSION_NOT_SUPPORTED, "it speaks no version of the protocol that we do"
            )
        if request.application_context_name != APPLICATION_CONTEXT_NAME:
            return Refusal(
                APPLICATION_CONTEXT_NOT_SUPPORTED,
                f"its application context {request.application_context_name!a} is not DICOM's",
            )
        called = request.called_ae_title
        if not is_valid_ae_title(called) or not ({called, "*"} & self._called):
            return Refusal(
                CALLED_AE_TITLE_UNKNOWN,
                f"it calls {called!a}, and we are {self._config.ae_title!r}. Set the AE title there, "
                "or add this one to dimse.called_ae_titles here",
            )
        maximum_length = request.user_information.maximum_length
        if maximum_length is not None and 0 < maximum_length < SMALLEST_MAXIMUM_LENGTH:
            return Refusal(NO_REASON, f"no message fits its maximum length of {maximum_length}")
        return self._refuse_caller(request.calling_ae_title, address)

    def _refuse_caller(self, calling: str, address: str) -> Refusal | None:
        if not is_valid_ae_title(calling):
            return Refusal(CALLING_AE_TITLE_UNKNOWN, f"{calling!a} is not a valid AE title")
        where = _address(address)
        known: list[Peer] = []
        for peer, networks in self._peers:
            if peer.ae_title != calling:
                continue
            if networks is None or any(where in network for network in networks):
                return None
            known.append(peer)
        if known:
            return Refusal(
                CALLING_AE_TITLE_UNKNOWN,
                f"the peer {calling!r} is known, but not at this address. If it is the same system, "
                f"set its host in dimse.peers (now {known[0].host}) to {address}",
            )
        if self._config.unknown_peers == "accept" and where.is_loopback:
            return None
        return Refusal(
            CALLING_AE_TITLE_UNKNOWN,
            f"no peer with the AE title {calling!r} is known. To let it in, add to hounsfield.toml: "
            f'dimse.peers.NAME = {{ae_title = "{calling}", host = "{address}"}}',
        )
