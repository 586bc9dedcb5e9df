"""Which peers are told when a study is there, and up to where they have been told (PS3.4 annex R)."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, String, Table, delete, exists, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from hounsfield.errors import Conflict, NotFound
from hounsfield.index import reading
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata
from hounsfield.index.site.jobs import NewJob, add

AVAILABILITY_JOB = "availability"

# ``sequence`` is the change up to which the peer has been told.
availability_subscriber = Table(
    "availability_subscriber",
    metadata,
    Column("peer", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A peer that wants to be told, since when."""

    peer: str
    created_us: int


class AvailabilitySubscribers:
    """The peers that are told. May be called from any thread and process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Subscriber]:
        """All of them, by name."""
        c = availability_subscriber.c
        with self._database.reading() as connection:
            rows = connection.execute(select(c.peer, c.created_us).order_by(c.peer))
            return [Subscriber(*row) for row in rows]

    def add(self, peer: str) -> None:
        """Tell a peer of studies that become complete from now on; raises Conflict where it is told already."""
        try:
            with self._database.writing() as connection:
                _subscribe(connection, peer)
        except IntegrityError:
            raise Conflict(f"{peer} is told already") from None

    def keep(self, peer: str, *, wants: bool) -> None:
        """See to it that a peer is told from now on, or no more; one that is told already misses nothing."""
        c = availability_subscriber.c
        with self._database.writing() as connection:
            if not wants:
                forget(connection, peer)
            elif connection.execute(select(c.peer).where(c.peer == peer)).first() is None:
                _subscribe(connection, peer)

    def remove(self, peer: str) -> None:
        """Tell a peer no more; raises NotFound."""
        with self._database.writing() as connection:
            if not forget(connection, peer):
                raise NotFound(f"{peer} is not told")

    def begin_here(self) -> None:
        """Pass over all that has happened: a feed made anew tells old things again."""
        with self._database.writing() as connection:
            last = reading.last_sequence(connection)
            connection.execute(update(availability_subscriber).values(sequence=last))

    def follow(self) -> int:
        """Add the jobs that tell of the studies that became complete since the last time; gives how many."""
        c = availability_subscriber.c
        with self._database.reading() as connection:
            behind = exists().where(c.sequence < reading.last_sequence(connection))
            if not connection.execute(select(behind)).scalar():
                return 0
        with self._database.writing() as connection:
            rows = connection.execute(select(c.peer, c.sequence).with_for_update()).all()
            return sum(_tell(connection, row.peer, row.sequence) for row in rows)


def _subscribe(connection: Connection, peer: str) -> None:
    connection.execute(
        insert(availability_subscriber).values(
            peer=peer,
            sequence=reading.last_sequence(connection),
            created_us=now_us(),
        )
    )


def forget(connection: Connection, peer: str) -> bool:
    """Tell a peer no more, within a transaction of the caller's; gives whether it was told."""
    c = availability_subscriber.c
    return bool(connection.execute(delete(availability_subscriber).where(c.peer == peer)).rowcount)


def _tell(connection: Connection, peer: str, sequence: int) -> int:
    changes = reading.changes_since(connection, sequence, _AT_ONCE)
    if not changes:
        return 0
    completed = dict.fromkeys(one.study_instance_uid for one in changes if one.kind == "complete")
    for study_instance_uid in completed:
        add(connection, availability_job(peer, study_instance_uid))
    c = availability_subscriber.c
    connection.execute(
        update(availability_subscriber).where(c.peer == peer).values(sequence=changes[-1].sequence)
    )
    return len(completed)


def availability_job(
    peer: str,
    study_instance_uid: str,
    availability: str = "ONLINE",
    instances: tuple[tuple[str, str, str], ...] = (),
    actor: str = "worker",
) -> NewJob:
    """The job that tells a peer of a study, or of some of its instances: series, SOP class and instance UID of each.

    Instances must be given where they may be gone by then.
    """
    words = "is here" if availability == "ONLINE" else f"is {availability.lower()}"
    return NewJob(
        AVAILABILITY_JOB,
        f"Tell {peer} that a study {words}",
        lane=peer,
        arguments={"availability": availability, "instances": [list(one) for one in instances]},
        study_instance_uid=study_instance_uid,
        actor=actor,
    )
