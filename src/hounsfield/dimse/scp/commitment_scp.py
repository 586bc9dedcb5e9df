"""Storage commitment as acceptor: requests of peers, and results of what we asked of them (PS3.4 annex J)."""

import io
import logging
import time
import uuid
from dataclasses import dataclass, field

from hounsfield.archive.access import require
from hounsfield.archive.site.addresses import is_network
from hounsfield.archive.site.peers import may_call
from hounsfield.dicom.commitment import (
    ALL_COMMITTED,
    FAILURES_EXIST,
    REQUEST_STORAGE_COMMITMENT,
    TooManyReferences,
    event_type_of,
    read_request,
    read_result,
    result_dataset,
)
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sop_classes import (
    STORAGE_COMMITMENT_PUSH_MODEL,
    STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
)
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.identifier import decode_identifier
from hounsfield.dimse.status import Status, StatusClass, class_of, describe
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import (
    HounsfieldError,
    InvalidInstance,
    OutOfResources,
    Refused,
    Unavailable,
)
from hounsfield.index.site.commitment_records import Commitment, Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import NewJob
from hounsfield.index.site.peers import Peers

log = logging.getLogger(__name__)

REPORT_JOB = "commitment"

MAX_REQUEST_BYTES = 32 << 20
# For so long an association that is open keeps the job from opening another.
HOLD_S = 30.0
_REPORT_S = 60.0
_LOOK_EVERY_S = 0.2
# A caller that falls silent for so long waits for us, most likely.
_QUIET_S = 2.0
_GIVE_UP_AFTER_S = 7 * 86_400.0
_FIRST_MESSAGE_ID = 0x8000


@dataclass(slots=True)
class _Reporter:
    """What one open association still has to report."""

    context: AcceptedContext
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    transactions: list[str] = field(default_factory=list)
    sent: dict[int, str] = field(default_factory=dict)
    next_message_id: int = _FIRST_MESSAGE_ID
    has_looked_back: bool = False
    held_since: float = field(default_factory=time.monotonic)


class CommitmentScp:
    """Takes requests for commitment, and reports their results on the same association while it is open (SC-02).

    What the association does not live to see is reported by a job over one of its own.
    """

    def __init__(
        self, commitments: Commitments, peers: Peers | None = None, *, idle_s: float = 600.0
    ) -> None:
        self._commitments = commitments
        self._peers = peers
        self._idle_s = idle_s
        self._reporters: dict[Association, _Reporter | None] = {}

    # -- requests ----------------------------------------------------------------------------------

    def on_n_action(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command:
        """Take a request in durably, and answer at once; it is checked in the background (SC-01)."""
        comment = ""
        try:
            status = self._take(association, context, request)
        except HounsfieldError as error:
            status, comment = _status_of(error), str(error)
            log.warning("%s from %s: %s", request.name, association.calling_ae_title, error)
        numbers = {CommandTag.ACTION_TYPE_ID: request.action_type_id}
        return respond(request, status, comment=comment, numbers=numbers)

    def _take(self, association: Association, context: AcceptedContext, request: Command) -> Status:
        if request.requested_sop_instance_uid != STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE:
            return Status.NO_SUCH_SOP_INSTANCE
        if request.action_type_id != REQUEST_STORAGE_COMMITMENT:
            return Status.NO_SUCH_ACTION
        require(association.principal, "commit")
        transaction_uid, references = read_request(_dataset(association, context))
        calling = association.calling_ae_title
        name = "" if association.peer is None else association.peer.name
        reporter = self._reporters.get(association)
        if reporter is None:
            reporter = self._reporters[association] = _Reporter(context)
        job = NewJob(
            REPORT_JOB,
            f"Storage commitment of {len(references)} instances for {calling}",
            lane=name,
            actor=calling,
            total=len(references),
            give_up_after_s=_GIVE_UP_AFTER_S,
        )
        wanted = Request(
            transaction_uid, calling, association.called_ae_title, references, peer=name
        )
        taken = self._commitments.take(wanted, job, reporter.holder, HOLD_S)
        if taken not in reporter.transactions:
            reporter.transactions.append(taken)
        return Status.SUCCESS

    # -- results that we owe -----------------------------------------------------------------------

    def report_while_idle(self, association: Association) -> None:
        """Report results until the peer says something, or nothing is left to report.

        To whom we cannot call, results of earlier requests are reported once it has fallen silent.
        """
        if association not in self._reporters:
            context = _own_context(association)
            self._reporters[association] = None if context is None else _Reporter(context)
        reporter = self._reporters[association]
        if reporter is None:
            return
        began = time.monotonic()
        while not reporter.sent and (reporter.transactions or not reporter.has_looked_back):
            idle_s = time.monotonic() - began
            if association.transport.has_input(_LOOK_EVERY_S) or association.transport.is_stopping:
                return
            if idle_s > self._idle_s:
                reporter.transactions.clear()
                return
            try:
                if idle_s > _QUIET_S and not reporter.has_looked_back:
                    reporter.has_looked_back = True
                    self._look_back(association, reporter)
                self._report_ready(association, reporter)
            except HounsfieldError as problem:  # the index is not to be had: the job sees to it
                log.warning("results of storage commitment are put off: %s", problem)
                return

    def _look_back(self, association: Association, reporter: _Reporter) -> None:
        calling, called = association.calling_ae_title, association.called_ae_title
        for one in self._commitments.unreported(calling, called):
            if one not in reporter.transactions:
                reporter.transactions.append(one)

    def _report_ready(self, association: Association, reporter: _Reporter) -> None:
        """Send the first result that is known; the peer's answer comes as its next message."""
        now = time.monotonic()
        renews = now - reporter.held_since > HOLD_S / 3
        if renews:
            reporter.held_since = now
        for one in list(reporter.transactions):
            commitment = self._commitments.by_id(one)
            if commitment is None or commitment.state not in {"asked", "checked"}:
                reporter.transactions.remove(one)
                continue
            is_checked = commitment.state == "checked"
            if (is_checked or renews) and not self._commitments.hold(
                one, reporter.holder, _REPORT_S if is_checked else HOLD_S
            ):
                reporter.transactions.remove(one)
                continue
            if is_checked:
                reporter.transactions.remove(one)
                self._report(association, reporter, one, commitment.transaction_uid)
                return

    def _report(
        self, association: Association, reporter: _Reporter, one: str, transaction_uid: str
    ) -> None:
        references = self._commitments.references(one)
        message_id = reporter.next_message_id
        # Those of sub-operations lie below, so that no answer is taken for another's.
        reporter.next_message_id = max(_FIRST_MESSAGE_ID, (message_id + 1) & 0xFFFF)
        command = event_report(event_type_of(references), message_id)
        dataset = result_dataset(transaction_uid, references, association.called_ae_title)
        data = encode_dataset(dataset, reporter.context.transfer_syntax)
        reporter.sent[message_id] = one
        association.send_message(reporter.context.context_id, command, io.BytesIO(data).readinto)

    def on_response(self, association: Association, response: Command) -> None:
        """Take in the peer's answer to a result."""
        reporter = self._reporters.get(association)
        if reporter is None or response.command_field != CommandField.N_EVENT_REPORT_RSP:
            return
        one = reporter.sent.pop(response.message_id_being_responded_to, None)
        if one is None:
            return
        try:
            if class_of(response.status) in {StatusClass.SUCCESS, StatusClass.WARNING}:
                self._commitments.reported(one, "on the association of the request")
                return
            log.warning(
                "%s answers %s to a result of storage commitment",
                association.calling_ae_title,
                describe(response.status),
            )
            self._commitments.let_go(reporter.holder)
        except HounsfieldError as problem:  # it will be reported once more: better than never
            log.warning("a reported result of storage commitment is not noted: %s", problem)

    def ended(self, association: Association) -> None:
        """Leave what was not reported to the job."""
        reporter = self._reporters.pop(association, None)
        if reporter is None or not (reporter.transactions or reporter.sent):
            return
        try:
            self._commitments.let_go(reporter.holder)
        except HounsfieldError as problem:  # the hold ends by itself
            log.warning("results of storage commitment are put off: %s", problem)

    # -- results that we are owed ------------------------------------------------------------------

    def on_n_event_report(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Command:
        """Keep the result of a commitment that we asked for."""
        return take_result(self._commitments, association, context, request, self._peers)


def take_result(
    commitments: Commitments,
    association: Association,
    context: AcceptedContext,
    request: Command,
    peers: Peers | None = None,
) -> Command:
    """Keep a result that the peer that was asked reports, on whichever association; gives the response."""
    numbers = {CommandTag.EVENT_TYPE_ID: request.event_type_id}
    comment = ""
    try:
        status = _keep_result(commitments, association, context, request, peers)
        if status is Status.INVALID_ARGUMENT_VALUE:
            comment = "no such transaction"
    except HounsfieldError as error:
        status, comment = _status_of(error), str(error)
    if status:
        log.warning("a result of storage commitment was not taken: %s %s", status.name, comment)
    return respond(request, status, comment=comment, numbers=numbers)


def _keep_result(
    commitments: Commitments,
    association: Association,
    context: AcceptedContext,
    request: Command,
    peers: Peers | None,
) -> Status:
    if request.event_type_id not in {ALL_COMMITTED, FAILURES_EXIST}:
        return Status.NO_SUCH_EVENT_TYPE
    transaction_uid, references = read_result(_dataset(association, context))
    asked = commitments.asked_by(transaction_uid)
    if asked is not None and not _is_of(asked, association, peers):
        log.warning(
            "%s at %s reports a commitment that %s was asked for",
            association.peer_ae_title,
            association.peer_address,
            asked.peer_ae_title,
        )
        return Status.INVALID_ARGUMENT_VALUE  # who was not asked need not know that somebody was
    reasons = {one.sop_instance_uid: one.failure_reason or 0 for one in references}
    if commitments.answered(transaction_uid, reasons) is None:
        return Status.INVALID_ARGUMENT_VALUE
    return Status.SUCCESS


def _is_of(asked: Commitment, association: Association, peers: Peers | None) -> bool:
    """Whether somebody is whom we asked: by AE title, or as a peer, or another application of it at its address."""
    if association.peer_ae_title == asked.peer_ae_title:
        return True
    if association.peer is not None and asked.peer and association.peer.name == asked.peer:
        return True
    peer = None if peers is None else peers.by_name(asked.peer)
    return (
        peer is not None
        and peer.host is not None
        and not is_network(peer.host)
        and may_call(peer, association.peer_address)
    )


def event_report(event_type_id: int, message_id: int) -> Command:
    """The command of a result."""
    return Command.of(
        CommandField.N_EVENT_REPORT_RQ,
        {
            CommandTag.MESSAGE_ID: message_id,
            CommandTag.AFFECTED_SOP_CLASS_UID: STORAGE_COMMITMENT_PUSH_MODEL,
            CommandTag.AFFECTED_SOP_INSTANCE_UID: STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
            CommandTag.EVENT_TYPE_ID: event_type_id,
        },
        dataset=True,
    )


def _own_context(association: Association) -> AcceptedContext | None:
    """The context on which the peer, as SCU, can be told results."""
    for context in association.contexts.values():
        if context.abstract_syntax == STORAGE_COMMITMENT_PUSH_MODEL and context.requestor_is_scu:
            return context
    return None


def _dataset(association: Association, context: AcceptedContext) -> dict[str, object]:
    """The data set of the message that was received last; raises InvalidInstance."""
    data = bytearray()
    for piece in association.dataset():
        data += piece
        if len(data) > MAX_REQUEST_BYTES:
            raise TooManyReferences(f"over {MAX_REQUEST_BYTES} bytes in one request")
    if not data:
        raise InvalidInstance("the message has no data set")
    return decode_identifier(bytes(data), context.transfer_syntax)[0]


def _status_of(error: HounsfieldError) -> Status:
    """Which error becomes which status of an N-ACTION or N-EVENT-REPORT (PS3.7 10.1.1.1.8, 10.1.4.1.10)."""
    if isinstance(error, TooManyReferences | Unavailable | OutOfResources):
        return Status.RESOURCE_LIMITATION
    if isinstance(error, InvalidInstance):
        return Status.INVALID_ARGUMENT_VALUE
    if isinstance(error, Refused):
        return Status.NOT_AUTHORIZED
    return Status.PROCESSING_FAILURE
