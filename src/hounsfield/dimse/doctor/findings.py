"""What can be wrong with an association, one row each: the reason, and what to change on which side.

``{peer}`` is what the other side is called, ``{ours}`` our own AE title; the other values are those that the
finding was made of. Incoming rows speak of who calls us, outgoing ones (``their-…``) of whom we call.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hounsfield.dimse.doctor.tls_findings import TLS_FINDINGS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found out about an association."""

    code: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class _Row:
    reason: str
    advice: str


_LONGEST_SHOWN = 300
_TRY_AGAIN = "Nothing has to be changed if it works when tried again."

FINDINGS: dict[str, _Row] = {
    **{code: _Row(*words) for code, words in TLS_FINDINGS.items()},
    # -- who calls us, and under which names (PS3.8 table 9-21)
    "called-ae-title": _Row(
        "{calling} calls with the called AE title {called}; this server is {ours}.",
        "Set the called AE title on {calling} to {ours}, or add {called} to dimse.called_ae_titles here.",
    ),
    "called-ae-title-case": _Row(
        "{calling} calls with the called AE title {called}; this server is {meant}, and capital and small "
        "letters differ in AE titles.",
        "Set the called AE title on {calling} to {meant}, exactly so, or add {called} to "
        "dimse.called_ae_titles here.",
    ),
    "called-ae-title-invalid": _Row(
        "{calling} calls with {called} as the called AE title, which is not one: it has bytes that no AE title "
        "has, or none at all.",
        "Type the called AE title anew on {calling}: {ours}, without anything before or behind it.",
    ),
    "unknown-caller": _Row(
        "No peer with the AE title {calling} is known here; it called from {address}.",
        "If it is one of yours, trust it here (refused callers on the page of peers, or `hounsfield peer trust "
        '{calling:shell}`), or set dimse.peers.NAME = {{ae_title = {calling:toml}, host = "{address}"}}.',
    ),
    "unknown-caller-case": _Row(
        "{calling} called from {address}; the peer known here is {meant}, and capital and small letters differ "
        "in AE titles.",
        "Set the AE title of the caller to {meant}, or change the AE title of that peer here to {calling}.",
    ),
    "unknown-caller-similar": _Row(
        "No peer with the AE title {calling} is known here, but one with {meant}; it called from {address}.",
        "If it is the same system, set its own AE title there to {meant}, without anything before or behind "
        "it, or change the AE title of the peer here to {calling}. If it is another one, trust it here.",
    ),
    "unknown-caller-cut": _Row(
        "No peer with the AE title {calling} is known here; it called from {address}. The title fills all 16 "
        "characters there are, so perhaps a longer one was cut off.",
        "If it is one of yours, give it an AE title of at most 16 characters and add a peer of that here, or "
        "trust it here as it calls now.",
    ),
    "calling-ae-title-invalid": _Row(
        "The caller at {address} names itself {calling}, which is no AE title: it has bytes that no AE title "
        "has, or none at all.",
        "Type the AE title of the caller anew on its side: 1 to 16 letters, digits, spaces or signs, filled up "
        "with spaces. Then trust it here.",
    ),
    "other-address": _Row(
        "The peer {calling} is known here, but not at {address}: it is to call from {known}.",
        "If it is the same system, set the host of the peer here (in dimse.peers, if it is set there) to "
        "{address}. If not, somebody else uses its AE title: give it one of its own.",
    ),
    "application-context": _Row(
        "{calling} asks for the application context {application_context}, which is not DICOM's.",
        "Its software does not follow the standard (PS3.7 A.2.1); ask whoever makes it.",
    ),
    "protocol-version": _Row(
        "{calling} speaks no version of the protocol that we do.",
        "Its software does not follow the standard (PS3.8 9.3.2); ask whoever makes it.",
    ),
    "maximum-length": _Row(
        "{calling} takes no PDU longer than {maximum_length} bytes, and no message fits that.",
        "Set the maximum PDU length on {calling} to 16384 or more.",
    ),
    "limit-by-peer": _Row(
        "{calling} has {open_count} associations open, the most that one peer may have.",
        "Let {calling} use fewer associations at a time, or raise dimse.max_associations_by_peer here. "
        "Associations that it forgot are ended after dimse.idle_s.",
    ),
    "limit": _Row(
        "{open_count} associations are open, the most that may be here.",
        "It works again when some have ended. If that happens often, raise dimse.max_associations here.",
    ),
    # -- what an accepted caller gets
    "not-permitted": _Row(
        "{peer} may not {rights} here, and tried to.",
        "If it should, allow it: on the page of peers here, or with `hounsfield peer set {peer:shell} --may …`. If not, "
        "take this server out of its list for that.",
    ),
    "no-context": _Row(
        "{peer} asked for {contexts}; nothing of that is offered here in a transfer syntax that it proposed.",
        "Look at what {peer} is set to do with this server: it offers verification, storage, query and retrieve. "
        "A file it cannot offer in a standard transfer syntax must be converted there.",
    ),
    "move-destination": _Row(
        "{peer} asked us to send images to {destination}, and no peer with that AE title, a host and a port is "
        "known here.",
        "Add a peer with the AE title {destination}, its host and its port here, or correct the destination on "
        "{peer}.",
    ),
    "move-failed": _Row(
        "{peer} asked us to send images to {destination}, and nothing could be sent there ({comment}).",
        "Look for the connection to {destination} at the same time: it says what to change.",
    ),
    "get-no-context": _Row(
        "{peer} asked for images by C-GET and did not offer to take {contexts}.",
        "Let {peer} propose this with the role of SCP selected, or retrieve by C-MOVE.",
    ),
    "invalid-query": _Row(
        "{peer} asked for something that cannot be asked for so: {comment}.",
        "Correct it on {peer}: each level above needs one value of its unique key, and UIDs have no wild cards.",
    ),
    "no-space": _Row(
        "We could not take what {peer} sent: there is no space left here, or a part of the archive did not answer.",
        "Look at the free space of the data folder (setting reserve_bytes) and at our log. Then let {peer} send again.",
    ),
    "mismatch": _Row(
        "{peer} sent data sets whose UIDs are not those that it announced for them (status A900).",
        "The software on {peer} mixed instances up; nothing of these was stored. Send them again from there, and "
        "tell whoever makes it if it happens again.",
    ),
    "cannot-understand": _Row(
        "{peer} sent what cannot be read as a DICOM data set, or lacks the UIDs that identify it (status C000).",
        "Send it again from {peer}; if that does not help, the object is damaged there. `hounsfield serve` says "
        "more in its log at the level debug.",
    ),
    "duplicate": _Row(
        "{peer} sent instances that are here already with other content, and the first is kept (status 0111).",
        "If the later one is to be kept too, set duplicates = keep-both here. {peer} should give changed images "
        "new UIDs.",
    ),
    "refused-status": _Row(
        "We answered {peer} with a failure: {statuses}.",
        "Our log says more about it, at the time of this association.",
    ),
    # -- what comes to our port and is no DICOM
    "tls-to-plain": _Row(
        "The caller at {address} speaks TLS, and this is our port without TLS.",
        "Turn TLS off on the caller, or let it call the port for TLS here ({tls_port}).",
    ),
    "http-to-dicom": _Row(
        "The caller at {address} speaks HTTP, as a browser does, and this is the port for DICOM.",
        "Open the web pages and DICOMweb at the HTTP port of this server instead.",
    ),
    "no-dicom": _Row(
        "The caller at {address} sent bytes that are no DICOM: {bytes}.",
        "If it is one of yours, look at which port of which server it is set to.",
    ),
    # -- how associations end
    "caller-aborted": _Row(
        "{peer} broke the association off ({text}).",
        "Look at the log of {peer} for the reason: it ended it, we did not.",
    ),
    "connection-lost": _Row(
        "The connection with {peer} was lost before the association was over.",
        "The system at the other end was switched off or its software ended, or the network between is disturbed. "
        + _TRY_AGAIN,
    ),
    "process-ended": _Row(
        "Our own process ended while the association with {peer} was open.",
        "Our log says why, unless the machine itself was switched off. " + _TRY_AGAIN,
    ),
    "too-slow": _Row(
        "{peer} kept us waiting for too long ({text}).",
        "It hangs or the network is disturbed. If it is only slow, raise dimse.pdu_s or dimse.idle_s here.",
    ),
    "protocol-error": _Row(
        "We broke the association with {peer} off, since it did not keep to the protocol ({text}).",
        "Its software does not follow the standard here (PS3.8 9); tell whoever makes it what stands above.",
    ),
    "shutting-down": _Row(
        "This server was being stopped, so the association with {peer} was ended.",
        _TRY_AGAIN,
    ),
    "our-abort": _Row(
        "We broke the association with {peer} off.",
        "Whoever asked us for it ended it, or an error did that our log tells.",
    ),
    "our-error": _Row(
        "An error of ours ended the association with {peer}.",
        "Our log tells it. Please report it.",
    ),
    # -- whom we call: getting through to it
    "their-name": _Row(
        "The name {host} of {peer} cannot be resolved to an address.",
        "Correct the host of the peer here, give its address in numbers, or have the name entered in your DNS.",
    ),
    "their-port-closed": _Row(
        "{host} is there, but nothing listens at port {port}.",
        "Start the DICOM service on {peer}, or correct the port of the peer here; 104 and 11112 are usual.",
    ),
    "their-address-silent": _Row(
        "Nobody answered at {host}:{port} within {seconds} s.",
        "Check that {peer} is switched on and that {host} is its address. If it is, a firewall between passes "
        "over what comes for port {port}: open it.",
    ),
    "their-address-unreachable": _Row(
        "There is no way from here to {host} ({text}).",
        "Correct the host of the peer here, or look at the network between: cable, VPN, routes.",
    ),
    "their-connection-failed": _Row(
        "No connection to {host}:{port} could be made ({text}).",
        "Check the host and the port of the peer here, and that {peer} is switched on.",
    ),
    # -- what answers there
    "their-http": _Row(
        "What answers at {host}:{port} is a web server, not DICOM.",
        "Correct the port of the peer here: the one for DICOM is another one than that of its web pages.",
    ),
    "their-ssh": _Row(
        "What answers at {host}:{port} is a remote login (SSH), not DICOM.",
        "Correct the port of the peer here; 104 and 11112 are usual for DICOM.",
    ),
    "their-hl7": _Row(
        "What answers at {host}:{port} speaks HL7, not DICOM.",
        "Correct the port of the peer here: the one for DICOM is another one than that for HL7.",
    ),
    "their-other-service": _Row(
        "What answers at {host}:{port} is no DICOM ({bytes}).",
        "Correct the port of the peer here; 104 and 11112 are usual for DICOM.",
    ),
    "their-tls": _Row(
        "{peer} speaks TLS at {host}:{port}, and we called without.",
        "Turn TLS on for the peer here, or correct the port to the one of {peer} without TLS.",
    ),
    # -- its answer to our request
    "their-caller-unknown": _Row(
        "{peer} does not know our AE title {calling}.",
        "Add us on {peer}: AE title {calling}, our address and our port. Or let us call it under a name that it knows.",
    ),
    "their-title": _Row(
        "{peer} does not go by the AE title {called}.",
        "Look up the AE title on {host} itself and correct it in the peer here; capital and small letters differ.",
    ),
    "their-application-context": _Row(
        "{peer} does not know the application context of DICOM.",
        "What answers there does not follow the standard (PS3.7 A.2.1); ask whoever makes it.",
    ),
    "their-limit": _Row(
        "{peer} has no room for another association now.",
        "Try again later. If it stays so, associations are stuck there: look at {peer}, or lower the number of "
        "parallel jobs of the peer here.",
    ),
    "their-rejection": _Row(
        "{peer} rejected the association: {text}.",
        "Look at the log of {peer} for the reason. Often it does not know our AE title {calling} or our address, or lets us "
        "in over TLS only, or with another certificate.",
    ),
    "their-drop": _Row(
        "{peer} closed the connection instead of answering our request for an association.",
        "It probably lets in only addresses that it knows: add ours on {peer}. If it speaks TLS only, turn TLS on "
        "for the peer here.",
    ),
    "their-silence": _Row(
        "{peer} took the connection, but did not answer our request for an association ({text}).",
        "Its DICOM service hangs, or something else listens at port {port}: restart it, or correct the port here.",
    ),
    "their-no-context": _Row(
        "{peer} takes nothing of what we offered: {contexts}.",
        "Allow these SOP classes for us on {peer}. Some systems take only what they are set to take.",
    ),
    "their-no-syntax": _Row(
        "{peer} takes {contexts}, but not in the transfer syntax that we have it in.",
        "Allow that transfer syntax on {peer}. What can be is sent uncompressed instead, what cannot is named "
        "as not sent.",
    ),
    "their-maximum-length": _Row(
        "{peer} takes no PDU longer than {maximum_length} bytes, and no message fits that.",
        "Set the maximum PDU length on {peer} to 16384 or more.",
    ),
    # -- its answers to our messages
    "their-no-space": _Row(
        "{peer} refused what we sent for want of space ({statuses}).",
        "Make room on {peer}, then send again: what it had accepted is not sent twice.",
    ),
    "their-mismatch": _Row(
        "{peer} refused data sets as not fitting their SOP class ({statuses}).",
        "It checks more strictly than we do: look at its log for the attribute it misses. The objects were made "
        "so by whoever sent them to us.",
    ),
    "their-not-authorized": _Row(
        "{peer} does not permit this to us ({statuses}).",
        "Allow it for our AE title {calling} on {peer}.",
    ),
    "their-move-destination": _Row(
        "{peer} does not know where to send the images: the destination is not in its list ({statuses}).",
        "Add us on {peer} as a destination: AE title {calling}, our address and our port.",
    ),
    "their-failure": _Row(
        "{peer} answered with a failure: {statuses}.",
        "Look at the log of {peer} at the time of this association.",
    ),
    "their-abort": _Row(
        "{peer} broke the association off ({text}).",
        "Look at the log of {peer} for the reason: it ended it, we did not.",
    ),
    "their-loss": _Row(
        "The connection to {peer} was lost before the association was over.",
        "{peer} was switched off or its software ended, or the network between is disturbed. "
        + _TRY_AGAIN,
    ),
    "their-delay": _Row(
        "{peer} kept us waiting for too long ({text}).",
        "It hangs, or the network is disturbed. " + _TRY_AGAIN,
    ),
    "their-protocol-error": _Row(
        "We broke the association with {peer} off, since it did not keep to the protocol ({text}).",
        "Its software does not follow the standard here (PS3.8 9); tell whoever makes it what stands above.",
    ),
    # -- the settings of a peer
    "no-host": _Row(
        "No host is set for {peer}, so it cannot be called; it may still call us, from anywhere.",
        "Set its address or name, if we should send to it or ask it.",
    ),
    "network": _Row(
        "The host of {peer} is the whole network {host}: it may call from there, but cannot be called.",
        "Add a peer with the address of the system that we should send to.",
    ),
    "no-port": _Row(
        "No port is set for {peer}, so it cannot be called.",
        "Set the port of its DICOM service; 104 and 11112 are usual.",
    ),
    "ourselves": _Row(
        "{host}:{port} is this server itself.",
        "Set the host and port of the other system; what is sent there would come back to us.",
    ),
    "their-no-verification": _Row(
        "{peer} lets us in, but does not offer verification (C-ECHO).",
        "Nothing has to be changed: it only cannot be asked in this way whether it is there.",
    ),
    "their-no-storage": _Row(
        "{peer} takes no images from us: none of the usual storage classes.",
        "If we should send to it, allow storage for our AE title {calling} on {peer}.",
    ),
    "their-loss-of-objects": _Row(
        "{peer} accepted a test object, but does not find it again.",
        "It may file what it gets later, or only for patients that it knows. Look there for the patient {patient}.",
    ),
    "same-title": _Row(
        "{peer} has the AE title {called}, which is our own too.",
        "Give one of the two another AE title: systems tell each other apart by it.",
    ),
}


class _Shown(str):
    """A value for a sentence, or, by format, for a command line (``shell``) or the settings (``toml``).

    People copy those: what a caller sent must stay one word of them.
    """

    __slots__ = ()

    def __format__(self, kind: str) -> str:
        if kind == "shell":
            return ("-- " if self.startswith("-") else "") + shlex.quote(self)
        return json.dumps(self) if kind == "toml" else str(self)


class _Values(dict[str, _Shown]):
    def __missing__(self, key: str) -> _Shown:
        return _Shown("?")


def say(code: str, values: Mapping[str, Any]) -> Finding:
    """Put the values of a case into the words of its row."""
    row = FINDINGS[code]
    shown = _Values({key: _shown(value) for key, value in values.items()})
    return Finding(code, row.reason.format_map(shown), row.advice.format_map(shown))


def _shown(value: Any) -> _Shown:
    """A value as it can stand in a sentence: what a peer sent may hold anything, and as much of it as it likes."""
    text = str(value)
    if len(text) > _LONGEST_SHOWN:
        text = text[:_LONGEST_SHOWN] + "…"
    if text == "":
        return _Shown("(empty)")
    return _Shown(text if text.isprintable() else ascii(text))
