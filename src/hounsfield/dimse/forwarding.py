"""The job that sends stored instances to a peer by C-STORE (PS3.4 annex B), and knows what the peer has accepted.

What a peer answers is kept in the index while the job runs, so that a job which is carried out again, after a crash
or a setback, sends only what has no answer yet.
"""

import contextlib
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from hounsfield.archive.access import Principal
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dimse.scu.commitment_scu import request_job
from hounsfield.dimse.scu.requestor import ScuAssociation, Target
from hounsfield.dimse.sending import batch_of, contexts_for, send_stored
from hounsfield.dimse.targets import target_of
from hounsfield.dimse.transport import Transport
from hounsfield.errors import NotFound, Refused, Unavailable
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.jobs import Jobs
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.sent import SentInstance, SentInstances
from hounsfield.jobs.handlers import RunningJob

_WORKER = Principal("worker", "worker")
_BATCH, _BATCH_S = 32, 0.2
# PS3.4 B.2.3: A7xx, out of resources, may pass; every other refusal is of the instance.
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_MOST_IN_A_ROW = 20
_LOOK_S, _ANSWER_WITHIN_S = 0.2, 3.0
_MOST_REASONS = 3

Key = tuple[str, str]  # SOP Instance UID, SHA-256


class Forwarding:
    """Sends what a job names: ``series`` or ``instances`` (lists of UIDs) of its study, or all of it.

    With ``only_new`` it leaves out what the peer has accepted from any job, and what came from that peer. With
    ``asks_commitment`` the peer is asked, by a job of its own, to commit what it accepted, once all is sent.
    """

    def __init__(
        self,
        retrieve: Retrieve,
        sent: SentInstances,
        peers: Peers,
        our_ae_title: str,
        jobs: Jobs,
    ) -> None:
        self._jobs = jobs
        self._retrieve = retrieve
        self._sent = sent
        self._peers = peers
        self._our_ae_title = our_ae_title

    def __call__(self, job: RunningJob) -> str:
        """Carry out a job. Raises Unavailable where trying again may help, and Refused where it does not."""
        peer = self._peers.by_name(job.lane)
        if peer is None:
            raise NotFound(f"there is no peer {job.lane!r} any more")
        target = target_of(peer, self._our_ae_title)
        locations = self._locations(job, peer.ae_title)
        results = _Results(job, self._sent, locations)
        left = results.left(locations)
        with results:
            while left and not job.is_stopped():
                left = self._send_some(job, target, peer.transfer_syntaxes, left, results)
        if left:
            return results.stopped()
        try:
            text = results.verdict(peer.name)
        except Refused:  # for good: what else was sent is to be kept all the same
            self._ask_commitment(job, results.accepted())
            raise
        return text + self._ask_commitment(job, results.accepted())

    def _ask_commitment(self, job: RunningJob, sop_instance_uids: list[str]) -> str:
        """Add the job that asks for commitment, if it is wanted; gives the words for it.

        Carried out again, the same instances are asked for by the same job.
        """
        if not job.arguments.get("asks_commitment") or not sop_instance_uids:
            return ""
        sending = self._jobs.get(job.id)
        new = request_job(
            job.lane,
            job.study_instance_uid,
            sop_instance_uids,
            sending.actor,
            title=f"Commitment of {sending.title}",
        )
        digest = hashlib.sha256("\n".join(sorted(sop_instance_uids)).encode()).hexdigest()
        self._jobs.add_once(new, f"{job.id} {digest}")
        return ", which is asked to commit them"

    def _locations(self, job: RunningJob, ae_title: str) -> list[InstanceLocation]:
        """What the job is to send, in the order of series and instance number."""
        found = self._retrieve.locate(_WORKER, job.study_instance_uid)
        series = frozenset(job.arguments.get("series", ()))
        instances = frozenset(job.arguments.get("instances", ()))
        if series:
            found = [one for one in found if one.series_instance_uid in series]
        if instances:
            found = [one for one in found if one.sop_instance_uid in instances]
        if job.arguments.get("only_new"):
            by_others = self._sent.accepted_by(
                job.lane, job.study_instance_uid, besides_job_id=job.id
            )
            found = [
                one
                for one in found
                if _key(one) not in by_others
                and not (one.received_by == "dimse" and one.source == ae_title)
            ]
        return found

    def _send_some(
        self,
        job: RunningJob,
        target: Target,
        preferred: Sequence[str],
        left: list[InstanceLocation],
        results: "_Results",
    ) -> list[InstanceLocation]:
        """Send as many as one association has contexts for; gives what is left. Raises Unavailable."""
        batch = batch_of(left, preferred)
        proposed = dict.fromkeys(
            context for one in batch for context in contexts_for(one, preferred)
        )
        with contextlib.ExitStack() as stack:
            watch = stack.enter_context(_cut_when_stopped(job))
            try:
                scu = ScuAssociation(target, list(proposed), connected=watch)
            except Refused as problem:
                # Who rejects us today may know us tomorrow: somebody has to set that up first.
                raise Unavailable(str(problem)) from problem
            stack.enter_context(scu)
            for number, location in enumerate(batch):
                if job.is_stopped():
                    return left[number:]
                try:
                    sent = send_stored(scu, self._retrieve, location, preferred=preferred)
                except Unavailable as problem:
                    if not job.is_stopped():
                        results.add(location, is_accepted=False, status=None, text=str(problem))
                    raise
                results.add(
                    location, is_accepted=sent.is_stored, status=sent.status, text=sent.text
                )
        return left[len(batch) :]


class _Results:
    """What became of the instances of a job, in earlier attempts too; as a context it writes the rest down at its end.

    Written in batches: a crash forgets at most one, whose instances are sent again, and then count once.
    """

    def __init__(
        self, job: RunningJob, sent: SentInstances, locations: Sequence[InstanceLocation]
    ) -> None:
        self._job = job
        self._sent = sent
        self._total = len(locations)
        wanted = {_key(one) for one in locations}
        of_job = {(one.sop_instance_uid, one.sha256): one for one in sent.of_job(job.id)}
        self._known = {key: one for key, one in of_job.items() if key in wanted}
        self._accepted = sum(one.is_accepted for one in self._known.values())
        self._unwritten: list[SentInstance] = []
        self._unwritten_since = 0.0
        self._in_a_row = 0
        self._tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._write()

    def left(self, locations: Sequence[InstanceLocation]) -> list[InstanceLocation]:
        """What has to be sent: first what was not tried yet, then what had no answer or was refused for now.

        So an instance that a peer cannot stand, and breaks off at, holds up no other.
        """
        untried = [one for one in locations if _key(one) not in self._known]
        tried = [(one, self._known[_key(one)]) for one in locations if _key(one) in self._known]
        again = [
            (location, one)
            for location, one in tried
            if not one.is_accepted and (one.status is None or _is_for_now(one.status))
        ]
        again.sort(key=lambda pair: pair[1].status is None)
        return untried + [location for location, _one in again]

    def add(
        self, location: InstanceLocation, *, is_accepted: bool, status: int | None, text: str
    ) -> None:
        """Take in one result. Raises Unavailable if the peer takes nothing at all now."""
        result = SentInstance(
            location.sop_instance_uid,
            location.sha256,
            location.study_instance_uid,
            is_accepted,
            status,
            text,
            time.time_ns() // 1000,
        )
        self._known[_key(location)] = result
        self._accepted += is_accepted
        now = time.monotonic()
        if not self._unwritten:
            self._unwritten_since = now
        self._unwritten.append(result)
        if len(self._unwritten) >= _BATCH or now - self._unwritten_since >= _BATCH_S:
            self._write()
        self._tell()
        self._in_a_row = self._in_a_row + 1 if _is_for_now(status) else 0
        if self._in_a_row >= _MOST_IN_A_ROW:
            raise Unavailable(self._sentence())

    def accepted(self) -> list[str]:
        """The UIDs of what the peer has accepted."""
        return sorted({one.sop_instance_uid for one in self._known.values() if one.is_accepted})

    def stopped(self) -> str:
        """What there is to say when the job was stopped."""
        return f"stopped after {self._accepted} of {self._total}"

    def verdict(self, peer: str) -> str:
        """What came of the job. Raises Unavailable if trying again may help, Refused if it does not."""
        open_ones = [one for one in self._known.values() if not one.is_accepted]
        if any(_is_for_now(one.status) for one in open_ones):
            raise Unavailable(self._sentence())
        if open_ones:
            raise Refused(self._sentence())
        return f"{self._total} sent to {peer}" if self._total else f"nothing new for {peer}"

    def _sentence(self) -> str:
        """How many were refused, and with which words, the most frequent first."""
        reasons = Counter(
            one.text
            if one.status is None or one.text.startswith(f"{one.status:04X}")
            else f"{one.text} ({one.status:04X})"
            for one in self._known.values()
            if not one.is_accepted
        )
        refused = f"{reasons.total()} of {self._total} refused"
        words = (text for text, _number in reasons.most_common(_MOST_REASONS))
        return f"{refused}: {'; '.join(words)}"

    def _tell(self) -> None:
        refused = len(self._known) - self._accepted
        self._job.progress(self._accepted, self._total, f"{refused} refused" if refused else "")

    def _write(self) -> None:
        if self._unwritten:
            self._sent.note(self._job.id, self._job.lane, self._unwritten)
            self._unwritten.clear()


@contextlib.contextmanager
def _cut_when_stopped(job: RunningJob) -> Iterator[Callable[[Transport], None]]:
    """Cut a connection whose peer keeps us waiting for its answer although the job is stopped.

    Gives what is to be told of the connection, before anything is said on it.
    """
    is_over = threading.Event()
    connections: list[Transport] = []

    def watch() -> None:
        while not is_over.wait(_LOOK_S):
            if job.is_stopped():
                while not is_over.wait(_ANSWER_WITHIN_S):
                    for transport in connections:
                        transport.kill()
                return

    thread = threading.Thread(target=watch, name="stop of a job", daemon=True)
    thread.start()
    try:
        yield connections.append
    finally:
        is_over.set()
        thread.join()


def _key(location: InstanceLocation) -> Key:
    return location.sop_instance_uid, location.sha256


def _is_for_now(status: int | None) -> bool:
    return status is not None and status in _OUT_OF_RESOURCES
