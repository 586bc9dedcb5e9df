"""Storage commitment transactions as they are kept: their tables, and what is done to a row (PS3.4 annex J)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from hounsfield.dicom.commitment import Reference
from hounsfield.index.clock import now_us
from hounsfield.index.schema import metadata
from hounsfield.index.site import jobs
from hounsfield.index.site.jobs import NewJob

commitment = Table(
    "commitment",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("transaction_uid", String(64), nullable=False),
    Column("peer_ae_title", String(16), nullable=False),
    Column("our_ae_title", String(16), nullable=False),
    Column("peer", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("job_id", String(36), nullable=False),
    Column("held_by", String(64), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("checked_us", BigInteger),
    Column("ended_us", BigInteger),
    Column("text", Text, nullable=False),
    Index("commitment_by_transaction", "transaction_uid"),
    Index("commitment_by_peer", "peer_ae_title", "state"),
    Index("commitment_by_end", "ended_us"),
    Index("commitment_by_job", "job_id"),
)
commitment_instance = Table(
    "commitment_instance",
    metadata,
    Column("commitment_id", String(36), ForeignKey("commitment.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sop_class_uid", String(64), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("failure_reason", Integer),
    Index("commitment_instance_by_uid", "sop_instance_uid"),
)

_DAY_US = 86_400_000_000
# Transactions whose end is so long ago are forgotten, some whenever one is added.
_KEPT_US = 90 * _DAY_US
_FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Commitment:
    """One transaction. Its ``role`` is ours: "scp" when a peer asked us, "scu" when we asked.

    As SCP it is "asked", "checked" when the result is known, "reported" when the peer has it. As SCU it is "asked",
    then "answered"; "failed" when the peer did not take the request.
    """

    id: str
    role: str
    transaction_uid: str
    peer_ae_title: str
    our_ae_title: str
    peer: str
    study_instance_uid: str
    state: str
    digest: str
    job_id: str
    held_by: str
    held_until_us: int
    created_us: int
    checked_us: int | None
    ended_us: int | None
    text: str

    @property
    def is_held(self) -> bool:
        """Whether somebody is about to report its result."""
        return self.held_until_us > now_us()


@dataclass(frozen=True, slots=True)
class Request:
    """A request for commitment, on its way into the index; ``job_id`` names the job of ours that asks."""

    transaction_uid: str
    peer_ae_title: str
    our_ae_title: str
    references: Sequence[Reference]
    peer: str = ""
    study_instance_uid: str = ""
    job_id: str = ""

    @property
    def digest(self) -> str:
        """Tells requests for different instances apart, whatever their order."""
        pairs = sorted({f"{one.sop_class_uid} {one.sop_instance_uid}" for one in self.references})
        return sha256("\n".join(pairs).encode()).hexdigest()


def with_id(job: NewJob, commitment_id: str) -> NewJob:
    """The job, with the transaction that it is about among its arguments."""
    return replace(job, arguments={**job.arguments, "commitment": commitment_id})


def add(
    connection: Connection,
    request: Request,
    role: str,
    *,
    failure_reason: int | None = None,
    holder: str = "",
    hold_s: float = 0.0,
) -> str:
    """Insert a transaction, within one of the database; gives its ID."""
    new_id, now = str(uuid.uuid4()), now_us()
    is_checked = failure_reason is not None
    connection.execute(
        insert(commitment).values(
            id=new_id,
            role=role,
            transaction_uid=request.transaction_uid,
            peer_ae_title=request.peer_ae_title,
            our_ae_title=request.our_ae_title,
            peer=request.peer,
            study_instance_uid=request.study_instance_uid,
            state="checked" if is_checked else "asked",
            digest=request.digest,
            job_id=request.job_id,
            held_by=holder,
            held_until_us=now + int(hold_s * 1e6),
            created_us=now,
            checked_us=now if is_checked else None,
            text="",
        )
    )
    connection.execute(
        insert(commitment_instance),
        [
            {
                "commitment_id": new_id,
                "position": position,
                "sop_class_uid": one.sop_class_uid,
                "sop_instance_uid": one.sop_instance_uid,
                "failure_reason": failure_reason,
            }
            for position, one in enumerate(request.references)
        ],
    )
    return new_id


def set_values(connection: Connection, commitment_id: str, **values: object) -> None:
    """Change columns of a transaction."""
    connection.execute(update(commitment).where(commitment.c.id == commitment_id).values(**values))


def wake(connection: Connection, commitment_id: str) -> None:
    """Let the job that waits for this look again now."""
    j = jobs.job.c
    its_job = select(commitment.c.job_id).where(commitment.c.id == commitment_id).scalar_subquery()
    connection.execute(
        update(jobs.job).where(j.id == its_job, j.state == "waiting").values(next_try_us=now_us())
    )


def set_reasons(connection: Connection, commitment_id: str, reasons: Mapping[str, int]) -> None:
    """Keep the failure reason of each SOP Instance UID, 0 for those committed."""
    if not reasons:
        return
    i = commitment_instance.c
    statement = (
        update(commitment_instance)
        .where(
            i.commitment_id == bindparam("wanted_id"), i.sop_instance_uid == bindparam("wanted_uid")
        )
        .values(failure_reason=bindparam("reason"))
    )
    rows: Iterable[dict[str, object]] = (
        {"wanted_id": commitment_id, "wanted_uid": uid, "reason": reason}
        for uid, reason in reasons.items()
    )
    connection.execute(statement, list(rows))


def forget_old(connection: Connection) -> None:
    """Remove some transactions that ended long ago."""
    c = commitment.c
    before_us = now_us() - _KEPT_US
    # What came to no end, since its peer was never reached, is as old.
    given_up = and_(c.ended_us.is_(None), c.created_us < before_us)
    old = select(c.id).where(or_(c.ended_us < before_us, given_up)).limit(_FORGOTTEN_AT_ONCE)
    for one in connection.execute(old).scalars().all():
        i = commitment_instance.c
        connection.execute(delete(commitment_instance).where(i.commitment_id == one))
        connection.execute(delete(commitment).where(c.id == one))
