"""What jobs did not achieve, instance by instance: what a peer refused, and what it did not commit."""

from collections.abc import Iterable
from dataclasses import dataclass

from hounsfield.dicom.commitment import explain
from hounsfield.index.database import Database
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.sent import SentInstances


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that a peer did not take over; ``status`` is what it answered, in hexadecimal digits."""

    sop_instance_uid: str
    status: str | None
    text: str


class Failures:
    """The failures of the jobs of an archive, of whatever kind."""

    def __init__(self, database: Database) -> None:
        self._sent = SentInstances(database)
        self._commitments = Commitments(database)

    def numbers(self, job_ids: Iterable[str]) -> dict[str, int]:
        """How many instances failed, by job; jobs without any are left out."""
        ids = list(job_ids)
        missing = self._commitments.failures(ids)
        return self._sent.numbers_of_failures(ids) | {
            one: len(some) for one, some in missing.items()
        }

    def of_job(self, job_id: str, limit: int) -> list[Failure]:
        """The instances that failed, the first of them."""
        refused = [
            Failure(
                one.sop_instance_uid, None if one.status is None else f"{one.status:04X}", one.text
            )
            for one in self._sent.failures(job_id, limit)
        ]
        missing = self._commitments.failures([job_id]).get(job_id, [])
        return refused + [
            Failure(
                one.sop_instance_uid,
                None if one.failure_reason is None else f"{one.failure_reason:04X}",
                explain(one.failure_reason),
            )
            for one in missing[: limit - len(refused)]
        ]
