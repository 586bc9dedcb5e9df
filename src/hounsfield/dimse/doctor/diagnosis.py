"""From what is known of an association to what was wrong with it: pure functions."""

import errno
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hounsfield.archive.access import IN_WORDS
from hounsfield.dicom.sop_classes import name_of
from hounsfield.dimse.doctor.findings import Finding, say
from hounsfield.dimse.status import StatusClass, class_of
from hounsfield.dimse.upper_layer.pdus import REJECTIONS, AssociateRj, ContextResult
from hounsfield.index.site.records import AssociationRecord, RecordedContext

_MOST_NAMED = 3

# How a whole association ended -> what that is called, for those who call us and those whom we call.
_ENDINGS = {
    "aborted by the peer": ("caller-aborted", "their-abort"),
    "connection lost": ("connection-lost", "their-loss"),
    "timed out": ("too-slow", "their-delay"),
    "aborted": ("protocol-error", "their-protocol-error"),
    "failed": ("our-error", "their-failure"),
}
# (message, family of the status or "") -> finding, when we answered and when they did.
_STATUSES: dict[tuple[str, int], tuple[str, str]] = {
    ("C-STORE", 0xA700): ("no-space", "their-no-space"),
    ("C-STORE", 0xA900): ("mismatch", "their-mismatch"),
    ("C-STORE", 0xC000): ("cannot-understand", "their-failure"),
    ("C-STORE", 0x0111): ("duplicate", "their-failure"),
    ("C-FIND", 0xA900): ("invalid-query", "their-failure"),
    ("C-GET", 0xA900): ("invalid-query", "their-failure"),
    ("C-MOVE", 0xA900): ("invalid-query", "their-failure"),
    ("C-MOVE", 0xA702): ("move-failed", "their-failure"),
    ("C-MOVE", 0xA801): ("move-destination", "their-move-destination"),
}
_RIGHT_OF_MESSAGE = {
    "C-STORE": "store",
    "C-FIND": "search",
    "C-MOVE": "retrieve",
    "C-GET": "retrieve",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is to be said about an association; a finding may be there although it is all right."""

    finding: Finding | None
    is_ok: bool


def diagnose(record: AssociationRecord) -> Diagnosis:
    """Say what was wrong with an association, the most telling thing first."""
    is_in = record.direction == "in"
    other = record.calling_ae_title if is_in else record.called_ae_title
    values: dict[str, Any] = {
        "calling": record.calling_ae_title,
        "called": record.called_ae_title,
        "address": record.address,
        "peer": record.peer or other or record.address,
        **record.details,
    }
    if code := record.details.get("finding"):
        return Diagnosis(say(code, values), is_ok=False)
    failures = [one for one in record.messages if _is_failure(one["status"])]
    if failures:
        return Diagnosis(_of_failures(failures, values, is_in=is_in), is_ok=False)
    finding, is_ok = _of_contexts(record, values, is_in=is_in)
    if finding is None or is_ok:
        ending = _of_ending(record, values, is_in=is_in)
        if ending is not None:
            return Diagnosis(ending, is_ok=False)
    return Diagnosis(finding, is_ok)


def _is_failure(status: str) -> bool:
    return class_of(int(status, 16)) is StatusClass.FAILURE


def _of_failures(failures: list[dict[str, Any]], values: dict[str, Any], *, is_in: bool) -> Finding:
    worst = max(failures, key=lambda one: int(one["count"]))
    # On one association both sides may ask: a C-GET is ours to answer, its C-STOREs are the peer's.
    is_ours = is_in is not worst.get("is_reverse", False)
    if is_in and not is_ours:
        values["calling"], values["called"] = values["called"], values["calling"]
    statuses = ", ".join(
        f"{one['count']} {one['name']} {one['status']} {one['meaning']}"
        for one in failures[:_MOST_NAMED]
    )
    values["statuses"] = statuses
    values.setdefault("comment", statuses)
    status = int(worst["status"], 16)
    if status == 0x0124:
        right = _RIGHT_OF_MESSAGE.get(worst["name"], "")
        values["rights"] = IN_WORDS.get(right, f"do that ({worst['name']})")
        return say("not-permitted" if is_ours else "their-not-authorized", values)
    family = 0xC000 if status >> 12 == 0xC else status & 0xFF00 if status >> 12 == 0xA else status
    codes = _STATUSES.get((worst["name"], status)) or _STATUSES.get((worst["name"], family))
    ours, theirs = codes or ("refused-status", "their-failure")
    return say(ours if is_ours else theirs, values)


def _of_contexts(
    record: AssociationRecord, values: dict[str, Any], *, is_in: bool
) -> tuple[Finding | None, bool]:
    """What was not accepted; only if nothing was, the association is not all right."""
    answered = [context for context in record.contexts if context.result is not None]
    taken = {context.abstract_syntax for context in answered if context.result == 0}
    missed = [context for context in answered if context.abstract_syntax not in taken]
    if not missed:
        return None, True
    if record.details.get("is_test") and taken:
        return None, True  # it offers all there is, to see what is taken
    values["contexts"] = _names(missed)
    if rights := record.details.get("missing_rights"):
        values["rights"] = ", ".join(IN_WORDS.get(one, one) for one in rights)
        return say("not-permitted", values), bool(taken)
    if is_in:
        return (None, True) if taken else (say("no-context", values), False)
    by_syntax = [
        context
        for context in missed
        if context.result == ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    ]
    if by_syntax:
        values["contexts"] = _names(by_syntax)
    return say("their-no-syntax" if by_syntax else "their-no-context", values), bool(taken)


def _of_ending(record: AssociationRecord, values: dict[str, Any], *, is_in: bool) -> Finding | None:
    codes = _ENDINGS.get(record.outcome)
    if codes is None:
        return None
    if not is_in and all(context.result is None for context in record.contexts):
        if record.outcome in {"aborted by the peer", "connection lost"}:
            return say("their-drop", values)
        if record.outcome == "timed out":
            return say("their-silence", values)
    if record.outcome == "aborted":
        if record.details.get("text") == "shutting down":
            return say("shutting-down", values)
        if not record.details.get("text"):
            return say("our-abort", values)
    return say(codes[0] if is_in else codes[1], values)


def _names(contexts: Iterable[RecordedContext]) -> str:
    names = list(dict.fromkeys(name_of(context.abstract_syntax)[:64] for context in contexts))
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


# -- what only the moment itself tells ------------------------------------------------------------


def of_connection_error(error: OSError) -> str:
    """Why no connection came about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "their-certificate"
    if isinstance(error, ssl.SSLError):
        return "their-plain"
    if isinstance(error, socket.gaierror):
        return "their-name"
    if isinstance(error, ConnectionRefusedError):
        return "their-port-closed"
    if isinstance(error, TimeoutError):
        return "their-address-silent"
    if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN}:
        return "their-address-unreachable"
    return "their-connection-failed"


_REJECTION_CODES = {
    (1, 2): "their-application-context",
    (1, 3): "their-caller-unknown",
    (1, 7): "their-title",
    (3, 1): "their-limit",
    (3, 2): "their-limit",
}


def of_rejection(answer: AssociateRj) -> tuple[str, str]:
    """What a peer's rejection says: the finding and the words of the standard (PS3.8 table 9-21)."""
    key = (answer.source, answer.reason)
    text = REJECTIONS.get(key, f"source {answer.source}, reason {answer.reason}")
    return _REJECTION_CODES.get(key, "their-rejection"), text


def of_first_bytes(first: bytes, *, is_in: bool) -> tuple[str, str]:
    """What speaks when it is not DICOM: the finding, and the bytes as they can be shown."""
    shown = first.decode("ascii", "replace") if first.isascii() else first.hex(" ")
    if first[:1] in {b"\x16", b"\x15"} and first[1:2] == b"\x03":  # RFC 8446 5.1: a TLS record
        return ("tls-to-plain" if is_in else "their-tls"), first.hex(" ")
    if first.startswith((b"HTTP/", b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI", b"PRI ")):
        return ("http-to-dicom" if is_in else "their-http"), shown
    if is_in:
        return "no-dicom", shown
    if first.startswith(b"SSH-"):
        return "their-ssh", shown
    if first.startswith(b"\x0b"):  # HL7 2.x, minimal lower layer protocol: start block
        return "their-hl7", shown
    return "their-other-service", shown
