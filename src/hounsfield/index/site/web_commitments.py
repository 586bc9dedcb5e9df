"""Storage commitment transactions of clients that come back for the result (PS3.18 chapter 13)."""

from sqlalchemy import select

from hounsfield.errors import Conflict
from hounsfield.index.database import Database
from hounsfield.index.site import jobs
from hounsfield.index.site.commitment_records import (
    Commitment,
    Request,
    add,
    commitment,
    forget_old,
    set_values,
    with_id,
)
from hounsfield.index.site.jobs import NewJob

# What a DIMSE caller has and they have not.
NO_AE_TITLE = ""


class WebCommitments:
    """The transactions of an archive that were asked for over the web."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, request: Request, job: NewJob, holder: str, hold_s: float) -> str:
        """Take in a request with the job that sees to it; for so long ``holder`` does it alone.

        Raises Conflict for a Transaction UID that is in use, by whichever protocol (SC-05).
        """
        c = commitment.c
        known = select(c.id).where(c.transaction_uid == request.transaction_uid, c.role == "scp")
        with self._database.writing() as connection:
            forget_old(connection)
            if connection.execute(known).first() is not None:
                raise Conflict(f"the Transaction UID {request.transaction_uid} is in use already")
            new_id = add(connection, request, "scp", holder=holder, hold_s=hold_s)
            set_values(connection, new_id, job_id=jobs.add(connection, with_id(job, new_id)))
            return new_id

    def of_transaction(self, transaction_uid: str) -> Commitment | None:
        """A transaction by the UID that the client gave it."""
        c = commitment.c
        statement = select(commitment).where(
            c.transaction_uid == transaction_uid, c.role == "scp", c.peer_ae_title == NO_AE_TITLE
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else Commitment(*row)
