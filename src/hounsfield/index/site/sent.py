"""What became of each instance that a job sent to a peer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    tuple_,
)

from hounsfield.index.database import Database
from hounsfield.index.schema import metadata

sent_instance = Table(
    "sent_instance",
    metadata,
    Column("job_id", String(36), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("peer", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("is_accepted", Boolean, nullable=False),
    Column("status", Integer),
    Column("text", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("sent_instance_by_study", "study_instance_uid", "peer"),
)

s = sent_instance.c


@dataclass(frozen=True, slots=True)
class SentInstance:
    """What a peer answered for an instance; ``status`` is None where it did not, and ``text`` says why."""

    sop_instance_uid: str
    sha256: str
    study_instance_uid: str
    is_accepted: bool
    status: int | None
    text: str
    at_us: int


_COLUMNS = (
    s.sop_instance_uid,
    s.sha256,
    s.study_instance_uid,
    s.is_accepted,
    s.status,
    s.text,
    s.at_us,
)


class SentInstances:
    """The answers to what jobs sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, job_id: str, peer: str, results: Sequence[SentInstance]) -> None:
        """Keep results in one transaction; a later one for the same instance takes the place of an earlier."""
        latest = {(one.sop_instance_uid, one.sha256): one for one in results}
        if not latest:
            return
        rows = [
            {name: getattr(one, name) for name in SentInstance.__dataclass_fields__}
            | {"job_id": job_id, "peer": peer}
            for one in latest.values()
        ]
        with self._database.writing() as connection:
            connection.execute(
                delete(sent_instance).where(
                    s.job_id == job_id, tuple_(s.sop_instance_uid, s.sha256).in_(list(latest))
                )
            )
            connection.execute(insert(sent_instance), rows)

    def of_job(self, job_id: str) -> list[SentInstance]:
        """All results of a job."""
        statement = select(*_COLUMNS).where(s.job_id == job_id)
        with self._database.reading() as connection:
            return [SentInstance(*row) for row in connection.execute(statement)]

    def failures(self, job_id: str, limit: int) -> list[SentInstance]:
        """What a job sent without its being accepted, in the order of time."""
        statement = select(*_COLUMNS).where(s.job_id == job_id, s.is_accepted.is_(False))
        statement = statement.order_by(s.at_us, s.sop_instance_uid).limit(limit)
        with self._database.reading() as connection:
            return [SentInstance(*row) for row in connection.execute(statement)]

    def numbers_of_failures(self, job_ids: Iterable[str]) -> dict[str, int]:
        """How many instances of each job were not accepted; jobs without any are left out."""
        counted = select(s.job_id, func.count()).where(
            s.job_id.in_(list(job_ids)), s.is_accepted.is_(False)
        )
        with self._database.reading() as connection:
            rows = connection.execute(counted.group_by(s.job_id))
            return {job_id: int(number) for job_id, number in rows}

    def accepted_by(
        self, peer: str, study_instance_uid: str, *, besides_job_id: str
    ) -> set[tuple[str, str]]:
        """What a peer has accepted of a study from other jobs: SOP Instance UID and SHA-256 of each."""
        statement = select(s.sop_instance_uid, s.sha256).where(
            s.study_instance_uid == study_instance_uid,
            s.peer == peer,
            s.is_accepted.is_(True),
            s.job_id != besides_job_id,
        )
        with self._database.reading() as connection:
            return {(uid, sha256) for uid, sha256 in connection.execute(statement)}
