"""Storage commitment transactions: what a peer asked us to keep, and what we asked of a peer (PS3.4 annex J)."""

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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

from hounsfield.dicom.commitment import COMMITTED, DUPLICATE_TRANSACTION_UID, Reference
from hounsfield.index import reading
from hounsfield.index.database import Database
from hounsfield.index.records import InstanceLocation
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
_PAGE = 500


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
        return self.held_until_us > _now_us()


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


class Commitments:
    """The transactions of an archive, for any process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- as SCP ------------------------------------------------------------------------------------

    def take(self, request: Request, job: NewJob, holder: str = "", hold_s: float = 0.0) -> str:
        """Take in what a peer asks for, with the job that sees to it; gives the transaction's ID.

        ``holder`` may report the result first, for so long.

        The same request again is the same transaction: its answer or its result was lost. If the result had been
        reported it is checked and reported anew. Another request under the UID of one that we know is answered with
        0131 for each instance (SC-05).
        """
        with self._database.writing() as connection:
            forget_old(connection)
            c = commitment.c
            known = connection.execute(
                select(commitment).where(
                    c.transaction_uid == request.transaction_uid, c.role == "scp"
                )
            ).all()
            for row in known:
                same = row.digest == request.digest and row.peer_ae_title == request.peer_ae_title
                if not same:
                    continue
                if row.state == "reported":
                    held = {"held_by": holder, "held_until_us": _now_us() + int(hold_s * 1e6)}
                    set_values(
                        connection, row.id, state="asked", checked_us=None, ended_us=None, **held
                    )
                    set_values(
                        connection, row.id, job_id=jobs.add(connection, with_id(job, row.id))
                    )
                return str(row.id)
            duplicate = DUPLICATE_TRANSACTION_UID if known else None
            new_id = add(
                connection,
                request,
                "scp",
                failure_reason=duplicate,
                holder=holder,
                hold_s=hold_s,
            )
            set_values(connection, new_id, job_id=jobs.add(connection, with_id(job, new_id)))
            return new_id

    def checked(self, commitment_id: str, reasons: Mapping[str, int]) -> None:
        """Keep what came of a check: the failure reason of each SOP Instance UID, 0 for those committed."""
        with self._database.writing() as connection:
            _set_reasons(connection, commitment_id, reasons)
            set_values(connection, commitment_id, state="checked", checked_us=_now_us())

    def reported(self, commitment_id: str, text: str = "") -> None:
        """The peer has the result."""
        now = _now_us()
        with self._database.writing() as connection:
            set_values(
                connection,
                commitment_id,
                state="reported",
                ended_us=now,
                held_by="",
                held_until_us=0,
                text=text,
            )
            _wake(connection, commitment_id)

    def hold(self, commitment_id: str, holder: str, seconds: float) -> bool:
        """Become the one who reports the result, for so long; False where somebody else is, or it is reported."""
        now = _now_us()
        c = commitment.c
        statement = (
            update(commitment)
            .where(
                c.id == commitment_id,
                c.state.in_(("asked", "checked")),
                or_(c.held_by == holder, c.held_until_us < now),
            )
            .values(held_by=holder, held_until_us=now + int(seconds * 1e6))
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def let_go(self, holder: str) -> None:
        """Leave to others what this one was to report."""
        c = commitment.c
        statement = update(commitment).where(c.held_by == holder, c.state.in_(("asked", "checked")))
        with self._database.writing() as connection:
            connection.execute(statement.values(held_by="", held_until_us=0))

    def unreported(self, peer_ae_title: str, our_ae_title: str) -> list[str]:
        """The transactions of a caller whose results are known, and nobody is about to report; oldest first."""
        c = commitment.c
        statement = (
            select(c.id)
            .where(
                c.peer_ae_title == peer_ae_title,
                c.our_ae_title == our_ae_title,
                c.state == "checked",
                c.role == "scp",
                c.held_until_us < _now_us(),
            )
            .order_by(c.created_us)
            .limit(_PAGE)
        )
        with self._database.reading() as connection:
            return [str(one) for one in connection.execute(statement).scalars()]

    # -- as SCU ------------------------------------------------------------------------------------

    def ask(self, request: Request) -> str:
        """Note what we are about to ask of a peer; gives the transaction's ID."""
        with self._database.writing() as connection:
            forget_old(connection)
            return add(connection, request, "scu")

    def refused(self, commitment_id: str, text: str) -> None:
        """The peer did not take the request."""
        with self._database.writing() as connection:
            set_values(connection, commitment_id, state="failed", ended_us=_now_us(), text=text)

    def asked_by(self, transaction_uid: str) -> Commitment | None:
        """What we asked for under a transaction UID."""
        c = commitment.c
        wanted = select(commitment).where(c.transaction_uid == transaction_uid, c.role == "scu")
        with self._database.reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else Commitment(*row)

    def answered(self, transaction_uid: str, reasons: Mapping[str, int]) -> Commitment | None:
        """Keep the result of what we asked for; None for what we never asked. A repeated one is taken too."""
        c = commitment.c
        wanted = select(commitment).where(c.transaction_uid == transaction_uid, c.role == "scu")
        with self._database.writing() as connection:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            _set_reasons(connection, row.id, reasons)
            set_values(connection, row.id, state="answered", ended_us=_now_us())
            _wake(connection, row.id)
            return Commitment(*row)

    def told(self, commitment_id: str, text: str) -> None:
        """Note what the job that asked has ended with: that transaction is not looked at by it again."""
        with self._database.writing() as connection:
            set_values(connection, commitment_id, text=text)

    def failures(self, job_ids: Iterable[str]) -> dict[str, list[Reference]]:
        """What was not committed of what jobs of ours asked last, by job; where all was or nobody has said, nothing."""
        c, i = commitment.c, commitment_instance.c
        asked = select(c.id, c.job_id, c.state).where(c.job_id.in_(list(job_ids)), c.role == "scu")
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(c.created_us)).all()
            last = {row.job_id: row for row in rows}
            answered = {row.id: row.job_id for row in last.values() if row.state == "answered"}
            found: dict[str, list[Reference]] = {}
            if not answered:
                return found
            statement = select(
                i.commitment_id, i.sop_class_uid, i.sop_instance_uid, i.failure_reason
            ).where(
                i.commitment_id.in_(list(answered)),
                or_(i.failure_reason.is_(None), i.failure_reason != COMMITTED),
            )
            statement = statement.order_by(i.commitment_id, i.position)
            for commitment_id, *reference in connection.execute(statement):
                found.setdefault(answered[commitment_id], []).append(Reference(*reference))
            return found

    def of_job(self, job_id: str) -> Commitment | None:
        """What a job of ours asked last."""
        c = commitment.c
        statement = select(commitment).where(c.job_id == job_id).order_by(c.created_us.desc())
        with self._database.reading() as connection:
            row = connection.execute(statement.limit(1)).first()
        return None if row is None else Commitment(*row)

    # -- either ------------------------------------------------------------------------------------

    def by_id(self, commitment_id: str) -> Commitment | None:
        """One transaction, by our own ID of it."""
        statement = select(commitment).where(commitment.c.id == commitment_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else Commitment(*row)

    def references(self, commitment_id: str) -> list[Reference]:
        """The instances of a transaction, as they were asked for."""
        i = commitment_instance.c
        statement = (
            select(i.sop_class_uid, i.sop_instance_uid, i.failure_reason)
            .where(i.commitment_id == commitment_id)
            .order_by(i.position)
        )
        with self._database.reading() as connection:
            return [Reference(*row) for row in connection.execute(statement)]

    def of_study(self, study_instance_uid: str) -> list[Commitment]:
        """What we asked of peers for a study, newest first."""
        c = commitment.c
        statement = (
            select(commitment)
            .where(c.study_instance_uid == study_instance_uid, c.role == "scu")
            .order_by(c.created_us.desc())
            .limit(_PAGE)
        )
        with self._database.reading() as connection:
            return [Commitment(*row) for row in connection.execute(statement)]

    def locations(self, sop_instance_uids: Sequence[str]) -> list[InstanceLocation]:
        """Every version of the instances, where they are here."""
        found: list[InstanceLocation] = []
        for start in range(0, len(sop_instance_uids), _PAGE):
            with self._database.reading() as connection:
                found += reading.versions_of(connection, sop_instance_uids[start : start + _PAGE])
        return found


def _now_us() -> int:
    return time.time_ns() // 1000


def with_id(job: NewJob, commitment_id: str) -> NewJob:
    """The job, with the transaction that it is about among its arguments."""
    return NewJob(
        job.kind,
        job.title,
        job.lane,
        {**job.arguments, "commitment": commitment_id},
        job.study_instance_uid,
        job.actor,
        job.total,
        job.give_up_after_s,
    )


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
    new_id, now = str(uuid.uuid4()), _now_us()
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


def _wake(connection: Connection, commitment_id: str) -> None:
    """Let the job that waits for this look again now."""
    j = jobs.job.c
    its_job = select(commitment.c.job_id).where(commitment.c.id == commitment_id).scalar_subquery()
    connection.execute(
        update(jobs.job).where(j.id == its_job, j.state == "waiting").values(next_try_us=_now_us())
    )


def _set_reasons(connection: Connection, commitment_id: str, reasons: Mapping[str, int]) -> None:
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
    before_us = _now_us() - _KEPT_US
    # What came to no end, since its peer was never reached, is as old.
    given_up = and_(c.ended_us.is_(None), c.created_us < before_us)
    old = select(c.id).where(or_(c.ended_us < before_us, given_up)).limit(_FORGOTTEN_AT_ONCE)
    for one in connection.execute(old).scalars().all():
        i = commitment_instance.c
        connection.execute(delete(commitment_instance).where(i.commitment_id == one))
        connection.execute(delete(commitment).where(c.id == one))
