"""Storage commitment transactions: what a peer asked us to keep, and what we asked of a peer (PS3.4 annex J)."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import or_, select, update

from hounsfield.dicom.commitment import COMMITTED, DUPLICATE_TRANSACTION_UID, Reference
from hounsfield.index import reading
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.records import InstanceLocation
from hounsfield.index.site import jobs
from hounsfield.index.site.commitment_records import (
    Commitment,
    Request,
    add,
    commitment,
    commitment_instance,
    forget_old,
    set_reasons,
    set_values,
    wake,
    with_id,
)
from hounsfield.index.site.jobs import NewJob

_PAGE = 500


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
                    held = {"held_by": holder, "held_until_us": now_us() + int(hold_s * 1e6)}
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
            set_reasons(connection, commitment_id, reasons)
            set_values(connection, commitment_id, state="checked", checked_us=now_us())

    def reported(self, commitment_id: str, text: str = "") -> None:
        """The peer has the result."""
        now = now_us()
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
            wake(connection, commitment_id)

    def hold(self, commitment_id: str, holder: str, seconds: float) -> bool:
        """Become the one who reports the result, for so long; False where somebody else is, or it is reported."""
        now = now_us()
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
                c.held_until_us < now_us(),
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
            set_values(connection, commitment_id, state="failed", ended_us=now_us(), text=text)

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
            set_reasons(connection, row.id, reasons)
            set_values(connection, row.id, state="answered", ended_us=now_us())
            wake(connection, row.id)
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
