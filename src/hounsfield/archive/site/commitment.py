"""Storage commitment: what of the instances that somebody names is safe here (PS3.4 annex J, SC-04)."""

import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from hounsfield.archive.access import Principal, require
from hounsfield.archive.check import verify
from hounsfield.dicom.commitment import (
    CLASS_INSTANCE_CONFLICT,
    COMMITTED,
    NO_SUCH_OBJECT_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
    SOP_CLASS_NOT_SUPPORTED,
    Reference,
)
from hounsfield.dicom.sop_classes import STORAGE_SOP_CLASSES
from hounsfield.dicom.work_items import is_uid
from hounsfield.errors import InvalidInstance, NotFound, OutOfResources, Unavailable
from hounsfield.index.index import Index
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.commitment_records import Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import NewJob
from hounsfield.index.site.web_commitments import NO_AE_TITLE, WebCommitments
from hounsfield.jobs.handlers import RunningJob
from hounsfield.storage.objects import ObjectStorage

log = logging.getLogger(__name__)

CHECK_JOB = "commitment-check"

_AT_ONCE = 500
# A client waits so long for the result of its request; then it is told to come back.
AT_ONCE_S = 10.0
_HELD_S = 3600.0


def new_transaction_uid() -> str:
    """A UID that nobody has used (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


class CommitmentCheck:
    """Says which instances the archive takes responsibility for."""

    def __init__(self, storage: ObjectStorage, commitments: Commitments) -> None:
        self._storage = storage
        self._commitments = commitments

    def check(
        self,
        references: Sequence[Reference],
        progress: Callable[[int], None] = lambda _done: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> dict[str, int] | None:
        """Give a failure reason for each SOP Instance UID, 0 where it is safe; None if it was stopped.

        Safe is what the index has under the same SOP class and whose object was read from storage now, with the
        SHA-256 recorded at receipt. Of an instance that came with different contents, each must be.
        """
        reasons: dict[str, int] = {}
        classes: dict[str, set[str]] = defaultdict(set)
        for one in references:
            classes[one.sop_instance_uid].add(one.sop_class_uid)
        uids = list(classes)
        for start in range(0, len(uids), _AT_ONCE):
            some = uids[start : start + _AT_ONCE]
            versions: dict[str, list[InstanceLocation]] = defaultdict(list)
            for location in self._commitments.locations(some):
                versions[location.sop_instance_uid].append(location)
            for uid in some:
                if is_stopped():
                    return None
                reasons[uid] = self._reason(classes[uid], versions[uid])
                progress(len(reasons))
        return reasons

    def _reason(self, sop_classes: Collection[str], versions: list[InstanceLocation]) -> int:
        if not versions:
            known = all(uid in STORAGE_SOP_CLASSES for uid in sop_classes)
            return NO_SUCH_OBJECT_INSTANCE if known else SOP_CLASS_NOT_SUPPORTED
        if any(one.sop_class_uid not in sop_classes for one in versions) or len(sop_classes) > 1:
            return CLASS_INSTANCE_CONFLICT
        for one in versions:
            try:
                finding = verify(self._storage, one.storage_key, one.sha256, one.size_bytes)
            except OutOfResources:
                return RESOURCE_LIMITATION
            if finding is not None:
                log.error("%s is not committed: %s", one.storage_key, finding.detail)
                return PROCESSING_FAILURE
        return COMMITTED


class CommitmentDesk:
    """Takes requests of clients that come back for the result (PS3.18 13.1): at once where it is quick."""

    def __init__(self, index: Index, storage: ObjectStorage, at_once_s: float = AT_ONCE_S) -> None:
        self._at_once_s = at_once_s
        self._commitments = Commitments(index.database)
        self._of_web = WebCommitments(index.database)
        self._check = CommitmentCheck(storage, self._commitments)

    def request(
        self, principal: Principal, transaction_uid: str, references: Sequence[Reference]
    ) -> list[Reference] | None:
        """Check instances; None if it takes longer and is left to a job. Raises Conflict, InvalidInstance, Refused."""
        require(principal, "commit")
        if not is_uid(transaction_uid):
            raise InvalidInstance(f"{transaction_uid[:80]!a} is no UID")
        title = f"Storage commitment of {len(references)} instances for {principal.name}"
        job = NewJob(CHECK_JOB, title, actor=principal.name, total=len(references))
        wanted = Request(transaction_uid, NO_AE_TITLE, "", references)
        holder, until = uuid.uuid4().hex, time.monotonic() + self._at_once_s
        one = self._of_web.begin(wanted, job, holder, 2 * self._at_once_s)
        done = self._check.check(references, is_stopped=lambda: time.monotonic() > until)
        if done is None:
            self._commitments.let_go(holder)
            return None
        return self._answered(one, done)

    def result(self, principal: Principal, transaction_uid: str) -> list[Reference] | None:
        """What came of a request; None while it is not known. Raises NotFound, Refused."""
        require(principal, "commit")
        known = self._of_web.of_transaction(transaction_uid)
        if known is None:
            raise NotFound(f"there is no request {transaction_uid[:64]!a}")
        return None if known.state == "asked" else self._commitments.references(known.id)

    def work(self, job: RunningJob) -> str:
        """The handler of the jobs that check what was not quick."""
        one = str(job.arguments["commitment"])
        if not self._commitments.hold(one, job.id, _HELD_S):
            known = self._commitments.by_id(one)
            if known is not None and known.state == "asked":
                raise Unavailable("it is being checked already")
            return "it was answered at once"
        references = self._commitments.references(one)
        total = len(references)

        def progressed(done: int) -> None:
            job.progress(done, total)

        done = self._check.check(references, progressed, job.is_stopped)
        if done is None:
            raise Unavailable("it was stopped")
        failed = sum(not reference.is_committed for reference in self._answered(one, done))
        return f"{total - failed} committed, {failed} not"

    def _answered(self, one: str, reasons: dict[str, int]) -> list[Reference]:
        self._commitments.checked(one, reasons)
        self._commitments.reported(one, "over the web")
        return self._commitments.references(one)
