"""Storage commitment over associations we ask for: requests of ours, and results that we owe (PS3.4 annex J)."""

import io
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.archive.site.addresses import can_be_called
from hounsfield.archive.site.commitment import CommitmentCheck, new_transaction_uid
from hounsfield.archive.site.peers import peer_named
from hounsfield.dicom.commitment import (
    NO_SUCH_OBJECT_INSTANCE,
    REQUEST_STORAGE_COMMITMENT,
    SOP_CLASS_NOT_SUPPORTED,
    Reference,
    event_type_of,
    explain,
    request_dataset,
    result_dataset,
)
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sop_classes import (
    STORAGE_COMMITMENT_PUSH_MODEL,
    STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
)
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.exchange import AssociationEnded
from hounsfield.dimse.scp.commitment_scp import take_result
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, ScuAssociation, Target
from hounsfield.dimse.status import StatusClass, class_of, describe
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.upper_layer.items import RoleSelection
from hounsfield.errors import (
    Conflict,
    HounsfieldError,
    NotAcceptable,
    NotFound,
    Refused,
    Unavailable,
)
from hounsfield.index.site.commitment_records import Commitment, Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import NewJob
from hounsfield.index.site.peers import Peers
from hounsfield.jobs.handlers import RunningJob

log = logging.getLogger(__name__)

REQUEST_JOB = "commitment-request"

_CONTEXTS = [(STORAGE_COMMITMENT_PUSH_MODEL, MESSAGE_SYNTAXES)]
# PS3.4 J.3.3, NET-06: on an association that the SCP opens it must say that it is the SCP.
_AS_SCP = (RoleSelection(STORAGE_COMMITMENT_PUSH_MODEL, scu_role=False, scp_role=True),)
_NAMED_AT_MOST = 5
_WAIT_S, _LOOK_EVERY_S = 5.0, 0.1
_REPORT_S = 120.0
# Who has not answered for so long is asked anew, under another Transaction UID.
_ASK_AGAIN_AFTER_US = 86_400_000_000

_MISSING = {NO_SUCH_OBJECT_INSTANCE, SOP_CLASS_NOT_SUPPORTED}


def report_result(
    target: Target, transaction_uid: str, references: Sequence[Reference], our_ae_title: str
) -> None:
    """Report a result on an association of our own (SC-02). Raises Unavailable, Refused, NotAcceptable."""
    with ScuAssociation(target, _CONTEXTS, roles=_AS_SCP) as scu:
        context = scu.context_for(STORAGE_COMMITMENT_PUSH_MODEL)
        if not context.requestor_is_scp:
            # A peer that does not know role selection leaves it out, and takes the report all the same.
            log.info("%s does not confirm that we are the SCP of storage commitment", target)
        responses = scu.perform(
            STORAGE_COMMITMENT_PUSH_MODEL,
            CommandField.N_EVENT_REPORT_RQ,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: STORAGE_COMMITMENT_PUSH_MODEL,
                CommandTag.AFFECTED_SOP_INSTANCE_UID: STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
                CommandTag.EVENT_TYPE_ID: event_type_of(references),
            },
            result_dataset(transaction_uid, references, our_ae_title),
        )
        status = [response.status for response, _dataset in responses][-1]
    if class_of(status) not in {StatusClass.SUCCESS, StatusClass.WARNING}:
        raise Unavailable(f"{target} answers {describe(status)} to the result")


def request_commitment(
    commitments: Commitments, target: Target, request: Request, *, wait_s: float = 2.0
) -> Commitment:
    """Ask a peer to commit instances, and wait a little on the same association for its result.

    A result that comes later comes to our server, from the peer. Raises Unavailable, Refused, NotAcceptable, and Conflict
    where the peer does not take the request.
    """
    ours = commitments.ask(request)
    try:
        with ScuAssociation(target, _CONTEXTS) as scu:
            _ask(scu, commitments, ours, request, wait_s)
    except HounsfieldError as problem:
        commitments.refused(ours, str(problem))
        raise
    answer = commitments.by_id(ours)
    assert answer is not None
    return answer


def _ask(
    scu: ScuAssociation, commitments: Commitments, ours: str, request: Request, wait_s: float
) -> None:
    context = scu.context_for(STORAGE_COMMITMENT_PUSH_MODEL)
    dataset = request_dataset(request.transaction_uid, request.references)
    sent = scu.request(
        context,
        CommandField.N_ACTION_RQ,
        {
            CommandTag.REQUESTED_SOP_CLASS_UID: STORAGE_COMMITMENT_PUSH_MODEL,
            CommandTag.REQUESTED_SOP_INSTANCE_UID: STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
            CommandTag.ACTION_TYPE_ID: REQUEST_STORAGE_COMMITMENT,
        },
        io.BytesIO(encode_dataset(dataset, context.transfer_syntax)).readinto,
    )
    while True:  # the result may come before the answer to the request
        try:
            response = _next_response(scu, commitments)
        except AssociationEnded as end:
            raise Unavailable(f"{scu.target}: {end}") from end
        if response is not None and response.message_id_being_responded_to == sent.message_id:
            break
    if class_of(response.status) not in {StatusClass.SUCCESS, StatusClass.WARNING}:
        comment = f": {response.error_comment}" if response.error_comment else ""
        raise Conflict(f"{scu.target} does not take it: {describe(response.status)}{comment}")
    until = time.monotonic() + wait_s
    try:
        while time.monotonic() < until and not _is_answered(commitments, ours):
            if scu.association.transport.has_input(_LOOK_EVERY_S):
                _next_response(scu, commitments)
    except AssociationEnded as end:  # the request was taken, its result comes another way
        log.info("%s: %s", scu.target, end)


def _next_response(scu: ScuAssociation, commitments: Commitments) -> Command | None:
    """Receive one message; a result is kept and answered, and is no response."""
    association = scu.association
    context, command = association.receive_command()
    if command.command_field == CommandField.N_EVENT_REPORT_RQ:
        answer = take_result(commitments, association, context, command)
        association.send_command(context.context_id, answer)
        return None
    scu.read_dataset()
    return command if command.is_response else None


def _is_answered(commitments: Commitments, ours: str) -> bool:
    row = commitments.by_id(ours)
    return row is not None and row.state != "asked"


@dataclass(frozen=True, slots=True)
class ReportCommitment:
    """The job that checks what a peer asked to be committed, and sees to it that the peer hears the result.

    ``when_all_are_here`` is told of the SOP Instance UIDs if none of them is missing: who asks for a whole study has
    sent it all.
    """

    commitments: Commitments
    check: CommitmentCheck
    peers: Peers
    when_all_are_here: Callable[[list[str]], object] = lambda _uids: None

    def __call__(self, job: RunningJob) -> str:
        """Check, then report, on the association that asked if it is open, else on one of our own."""
        one = str(job.arguments["commitment"])
        asked = self._get(one)
        if asked.state == "asked":
            references = self.commitments.references(one)
            total = len(references)
            reasons = self.check.check(
                references,
                lambda done: job.progress(done, total, f"{done} of {total} checked"),
                job.is_stopped,
            )
            if reasons is None:
                return "stopped"
            self.commitments.checked(one, reasons)
            if not _MISSING & set(reasons.values()):
                try:
                    self.when_all_are_here(list(reasons))
                except HounsfieldError as problem:  # the study is complete later, when it is quiet
                    log.warning("a committed study is not marked as complete: %s", problem)
        return self._report(one, job)

    def _report(self, one: str, job: RunningJob) -> str:
        until = time.monotonic() + _WAIT_S
        while (known := self._get(one)).is_held and known.state != "reported":
            if job.is_stopped():
                raise Unavailable("the result is checked and not yet reported")
            if time.monotonic() > until:
                raise Unavailable("the result waits for the association that asked for it")
            time.sleep(_LOOK_EVERY_S)
        references = self.commitments.references(one)
        if known.state != "reported":
            target = self._target(known)
            if not self.commitments.hold(one, f"job {job.id} {os.getpid()}", _REPORT_S):
                raise Unavailable("the result is just being reported")
            try:
                report_result(target, known.transaction_uid, references, known.our_ae_title)
            except (Refused, NotAcceptable) as problem:  # somebody will set it right within days
                raise Unavailable(str(problem)) from problem
            finally:
                self.commitments.let_go(f"job {job.id} {os.getpid()}")
            self.commitments.reported(one, "on an association of our own")
        return f"reported to {known.peer_ae_title}: {summary(references)}"

    def _get(self, one: str) -> Commitment:
        found = self.commitments.by_id(one)
        if found is None:
            raise NotFound("the transaction is not known any more")
        return found

    def _target(self, known: Commitment) -> Target:
        """Where to report: to the AE title that asked, wherever it listens; we are whom it called."""
        peers = self.peers.by_ae_title(known.peer_ae_title)
        able = [one for one in peers if can_be_called(one)]
        best = next((one for one in able if one.name == known.peer), able[0] if able else None)
        if best is None:
            raise Unavailable(
                f"no peer {known.peer_ae_title} with host and port is known: it hears the result when it"
                " asks for the next commitment, or once it is given host and port here"
            )
        return target_of(best, known.our_ae_title)


@dataclass(frozen=True, slots=True)
class RequestCommitment:
    """The job that asks a peer to commit what we have sent it, and waits until the peer has answered."""

    commitments: Commitments
    retrieve: Retrieve
    peers: Peers
    our_ae_title: str

    def __call__(self, job: RunningJob) -> str:
        """Ask once, then look for the result; ends failed where the peer does not commit all.

        Carried out once more after that, it asks anew.
        """
        known = self.commitments.of_job(job.id)
        if known is None or known.state == "failed" or known.text or _is_old(known):
            known = self._ask(job)
        references = self.commitments.references(known.id)
        if known.state != "answered":
            raise Unavailable(f"{known.peer_ae_title} was asked and has not answered yet")
        committed = sum(one.is_committed for one in references)
        job.progress(committed, len(references))
        text = f"{known.peer_ae_title}: {summary(references)}"
        if committed < len(references):
            self.commitments.told(known.id, text)
            raise Conflict(text)
        return text

    def _ask(self, job: RunningJob) -> Commitment:
        peer = peer_named(self.peers, job.lane)
        wanted = frozenset(job.arguments.get("sop_instance_uids", ()))
        references = references_of(self.retrieve, job.study_instance_uid, wanted)
        request = Request(
            new_transaction_uid(),
            peer.ae_title,
            self.our_ae_title,
            references,
            peer=peer.name,
            study_instance_uid=job.study_instance_uid,
            job_id=job.id,
        )
        target = target_of(peer, self.our_ae_title)
        try:
            return request_commitment(self.commitments, target, request)
        except Refused as problem:
            raise Unavailable(str(problem)) from problem


def request_job(
    peer: str,
    study_instance_uid: str,
    sop_instance_uids: Sequence[str] = (),
    actor: str = "local",
    title: str = "",
) -> NewJob:
    """The job that asks a peer to commit a study, or some of its instances."""
    return NewJob(
        REQUEST_JOB,
        title or f"Ask {peer} to commit what it was sent",
        lane=peer,
        arguments={"sop_instance_uids": list(sop_instance_uids)} if sop_instance_uids else {},
        study_instance_uid=study_instance_uid,
        actor=actor,
        total=len(sop_instance_uids),
    )


def references_of(
    retrieve: Retrieve, study_instance_uid: str, sop_instance_uids: frozenset[str] = frozenset()
) -> list[Reference]:
    """What to ask for: the instances of a study, or those of them that are named. Raises NotFound."""
    worker = Principal("worker", "worker")
    found = [
        Reference(one.sop_class_uid, one.sop_instance_uid)
        for one in retrieve.locate(worker, study_instance_uid)
        if not sop_instance_uids or one.sop_instance_uid in sop_instance_uids
    ]
    if not found:
        raise NotFound(f"no instance of the study {study_instance_uid} is here")
    return found


def summary(references: Sequence[Reference]) -> str:
    """How many are committed, and why the others are not, the first of them by name."""
    failed = [one for one in references if not one.is_committed]
    text = f"{len(references) - len(failed)} of {len(references)} committed"
    if not failed:
        return text
    reasons = Counter(explain(one.failure_reason) for one in failed)
    words = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common())
    named = ", ".join(one.sop_instance_uid for one in failed[:_NAMED_AT_MOST])
    more = " …" if len(failed) > _NAMED_AT_MOST else ""
    return f"{text}; {words} ({named}{more})"


def _is_old(known: Commitment) -> bool:
    is_waiting = known.state == "asked"
    return is_waiting and time.time_ns() // 1000 - known.created_us > _ASK_AGAIN_AFTER_US
