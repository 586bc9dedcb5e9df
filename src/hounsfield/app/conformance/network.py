"""The statement's part on the network: which services, over which associations and contexts (PS3.8, PS3.7 annex D)."""

from collections import defaultdict
from collections.abc import Iterator

from hounsfield.app.conformance.markdown import sop_class, syntax_name, table
from hounsfield.app.conformance.requested import REQUESTED
from hounsfield.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hounsfield.dicom.sop_classes import STORAGE_SOP_CLASSES, VERIFICATION
from hounsfield.dimse.acceptance import OFFERED, STORED_SYNTAXES
from hounsfield.dimse.scu.requestor import MAX_CONTEXTS
from hounsfield.dimse.upper_layer.pdus import APPLICATION_CONTEXT_NAME
from hounsfield.settings.model import Settings


def overview() -> Iterator[str]:
    """Which SOP classes, in which role."""
    yield "## Overview\n"
    requested = {uid for uid, _ in REQUESTED}
    yield f"""\
{len(STORAGE_SOP_CLASSES)} storage SOP classes, retired ones included, and all private or newer ones that a peer
proposes, are accepted and sent (listed under *Storage*). Beside them:
"""
    rows = []
    for uid in sorted({VERIFICATION, *OFFERED, *requested}):
        is_scp, is_scu = uid == VERIFICATION or uid in OFFERED, uid in requested
        rows.append((*sop_class(uid), "yes" if is_scp else "no", "yes" if is_scu else "no"))
    yield table(("SOP class", "UID", "provider (SCP)", "user (SCU)"), rows)


def associations(settings: Settings) -> Iterator[str]:
    """How associations are accepted and asked for."""
    dimse = settings.dimse
    yield "## Associations\n"
    yield table(
        ("what", "value"),
        (
            ("application context name", f"`{APPLICATION_CONTEXT_NAME}`"),
            ("AE title", f"`{dimse.ae_title}` (setting `dimse.ae_title`)"),
            ("associations accepted at a time", f"{dimse.max_associations}, {dimse.max_associations_by_peer} from one peer"),
            ("associations asked for at a time", "one for each job; a peer's `max_parallel` is its limit"),
            ("asynchronous operations", "answered 1/1: one operation at a time"),
            ("implementation class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
            ("implementation version name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
            ("longest PDU announced", f"{dimse.max_pdu_bytes} bytes; longer ones are taken too, up to 64 MiB"),
            ("longest PDU sent", "what the peer announces, at most 256 KiB"),
            ("time to ask for an association (ARTIM)", f"{dimse.artim_s:g} s"),
            ("silence inside a message", f"{dimse.pdu_s:g} s"),
            ("silence between messages", f"{dimse.idle_s:g} s"),
            ("presentation contexts proposed", f"at most {MAX_CONTEXTS} in one association"),
        ),
    )  # fmt: skip
    yield """\
A caller is let in if it is a peer: AE title and, where the peer has one, address must be right. Others are rejected
with *calling AE title not recognised*; a wrong called AE title with *called AE title not recognised*. When the limits
are reached the rejection is transient, *local limit exceeded*. A context of a service that the peer has no right to is
answered with *user rejection*. Of the transfer syntaxes of a context the first one that is known is accepted. SCP/SCU
role selection and SOP class extended negotiation are answered where they have a meaning; common extended negotiation
tells the service of private classes. A user identity is read and recorded.
"""


def contexts() -> Iterator[str]:
    """Which presentation contexts are accepted and proposed."""
    yield "## Presentation contexts\n"
    yield "### Accepted\n"
    grouped: defaultdict[tuple[str, frozenset[str], bool], list[str]] = defaultdict(list)
    for uid, (right, support) in OFFERED.items():
        grouped[right, support.transfer_syntaxes, support.requestor_may_be_scp].append(uid)
    rows: list[tuple[str, ...]] = [
        ("all storage SOP classes", f"all {len(STORED_SYNTAXES)} below", "SCP; SCU for C-GET", "`store`")
    ]  # fmt: skip
    for (right, syntaxes, may_be_scp), uids in grouped.items():
        names = ", ".join(sop_class(uid)[0] for uid in sorted(uids))
        in_syntaxes = ", ".join(syntax_name(uid) for uid in sorted(syntaxes))
        rows.append(
            (
                names,
                in_syntaxes,
                "SCP and SCU" if may_be_scp else "SCP",
                f"`{right}`" if right else "everybody who is let in",
            )
        )
    yield table(("SOP classes", "transfer syntaxes", "our role", "right"), rows)
    yield "### Proposed\n"
    yield table(
        ("SOP class", "UID", "transfer syntaxes", "when"),
        (
            (*sop_class(uid), "Explicit and Implicit VR Little Endian", when)
            for uid, when in REQUESTED
        ),
    )
    yield """\
For storage a context is proposed for each pair of SOP class and transfer syntax as stored, and one with the syntaxes
that it can be rewritten in without loss.

### Transfer syntaxes
"""
    yield table(
        ("transfer syntax", "UID"), ((syntax_name(uid), f"`{uid}`") for uid in sorted(STORED_SYNTAXES, key=_by_number))
    )  # fmt: skip


def _by_number(uid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in uid.split("."))
