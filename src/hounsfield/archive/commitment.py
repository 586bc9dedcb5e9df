"""Storage commitment: what of the instances that somebody names is safe here (PS3.4 annex J, SC-04)."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

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
from hounsfield.errors import OutOfResources
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site.commitments import Commitments
from hounsfield.storage.objects import ObjectStorage

log = logging.getLogger(__name__)

_AT_ONCE = 500


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
