"""Jobs: work that nobody waits for and that must not be forgotten.

A job is a row. Any process adds one, within a transaction of its own if it likes; the worker's engine carries it out
(`index.site.claims` is what the engine asks and tells the database).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hounsfield.errors import Conflict, NotFound
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata
from hounsfield.index.site.sent import sent_instance

job = Table(
    "job",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("lane", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("wish", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("setbacks", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("next_try_us", BigInteger, nullable=False),
    Column("give_up_us", BigInteger, nullable=False),
    Column("give_up_after_us", BigInteger, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("holder", String(128), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("started_us", BigInteger),
    Column("ended_us", BigInteger),
    Index("job_by_state", "state", "next_try_us"),
    Index("job_by_lane", "state", "lane", "next_try_us"),
    Index("job_by_creation", "created_us"),
    Index("job_by_study", "study_instance_uid"),
)

# A lane without a row is not paused.
lane = Table(
    "job_lane",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("is_paused", Boolean, nullable=False),
)

OPEN = ("queued", "running", "waiting", "paused")
ENDED = ("done", "failed", "cancelled")
STATES = (*OPEN, *ENDED)
_KEYED = uuid.UUID("6c1e1c0a-5a0f-4c57-9a0e-2f5f0c9d7b11")
_THREE_DAYS_S = 3 * 86_400.0
_MOST_DELETED_AT_ONCE = 50  # each may have sent thousands of instances


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be done: which handler does it, and on whose lane.

    ``lane`` is the name of the peer it needs, or empty: jobs of one lane share that peer's limit of parallel work.
    It is tried again after Unavailable, ever more seldom, until ``give_up_after_s`` has passed.
    """

    kind: str
    title: str
    lane: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    study_instance_uid: str = ""
    actor: str = "local"
    total: int = 0
    give_up_after_s: float = _THREE_DAYS_S


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; times in µs since 1970, UTC. ``wish`` is what somebody asked of it while it runs."""

    id: str
    kind: str
    title: str
    lane: str
    study_instance_uid: str
    actor: str
    state: str
    wish: str
    attempts: int
    next_try_us: int
    done: int
    total: int
    text: str
    created_us: int
    started_us: int | None
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    """How busy the lane of a peer is."""

    is_paused: bool
    queued: int
    running: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which jobs are asked for; what is empty does not matter."""

    states: Collection[str] = ()
    kind: str = ""
    lane: str = ""
    study_instance_uid: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        wanted = {job.c.kind: self.kind, job.c.lane: self.lane}
        wanted[job.c.study_instance_uid] = self.study_instance_uid
        found: list[ColumnElement[bool]] = [c == value for c, value in wanted.items() if value]
        if self.states:
            found.append(job.c.state.in_(self.states))
        return found


_COLUMNS = tuple(job.c[one.name] for one in fields(Job))


class Jobs:
    """The jobs of an archive; any process may add some, the worker carries them out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: NewJob) -> str:
        """Queue a job durably, and give its ID."""
        with self._database.writing() as connection:
            return add(connection, new)

    def add_once(self, new: NewJob, key: str) -> str:
        """Queue a job unless one of this key was queued before; gives its ID."""
        job_id = str(uuid.uuid5(_KEYED, key))
        with self._database.writing() as connection:
            if connection.execute(select(job.c.id).where(job.c.id == job_id)).first() is None:
                add(connection, new, job_id)
        return job_id

    def get(self, job_id: str) -> Job:
        """One job; raises NotFound."""
        with self._database.reading() as connection:
            return _get(connection, job_id)

    def beginning_with(self, text: str) -> Job:
        """The job whose ID begins so; raises NotFound, and Conflict where there are several."""
        statement = select(*_COLUMNS).where(job.c.id.startswith(text, autoescape=True)).limit(2)
        with self._database.reading() as connection:
            found = [Job(*row) for row in connection.execute(statement)]
        if not found or not text:
            raise NotFound("there is no such job")
        if len(found) > 1:
            raise Conflict(f"several jobs begin with {text!r}")
        return found[0]

    def page(self, selection: Selection, limit: int, offset: int = 0) -> list[Job]:
        """The jobs of a selection, the newest first."""
        statement = select(*_COLUMNS).where(*selection.conditions())
        statement = statement.order_by(job.c.created_us.desc(), job.c.id)
        with self._database.reading() as connection:
            return [Job(*row) for row in connection.execute(statement.limit(limit).offset(offset))]

    def counts(self, selection: Selection) -> dict[str, int]:
        """How many jobs of a selection are in each state."""
        statement = select(job.c.state, func.count()).where(*selection.conditions())
        with self._database.reading() as connection:
            found = connection.execute(statement.group_by(job.c.state)).all()
        return dict.fromkeys(STATES, 0) | {state: int(count) for state, count in found}

    # -- what people ask of a job -------------------------------------------------------------------

    def pause(self, job_id: str) -> Job:
        """Let a job rest until it is resumed; a running one stops soon. Raises NotFound and Conflict."""
        return self._ask(job_id, {"queued", "waiting"}, "paused", wish="pause")

    def cancel(self, job_id: str) -> Job:
        """End a job, undone; a running one stops soon. Raises NotFound and Conflict."""
        return self._ask(job_id, {"queued", "waiting", "paused"}, "cancelled", wish="cancel")

    def resume(self, job_id: str) -> Job:
        """Go on with a paused job. Raises NotFound and Conflict."""
        return self._ask(job_id, {"paused"}, "queued", wish="")

    def retry(self, job_id: str) -> Job:
        """Queue again a job that has ended, or one that waits for its next try. Raises NotFound and Conflict.

        What it did before is not done again: a job that sends finds out what was accepted.
        """
        return self._ask(job_id, {"waiting", *ENDED}, "queued", wish=None)

    def _ask(self, job_id: str, changeable: set[str], becomes: str, wish: str | None) -> Job:
        at_us = now_us()
        values: dict[str, Any] = {"state": becomes, "next_try_us": at_us, "wish": ""}
        if becomes == "queued":
            values |= {"ended_us": None, "give_up_us": at_us + job.c.give_up_after_us}
        elif becomes == "cancelled":
            values["ended_us"] = at_us
        if wish is None:
            values |= {"setbacks": 0, "deaths": 0, "text": ""}
        with self._database.writing() as connection:
            found = _get(connection, job_id)
            if found.state == "running":
                if wish is None or found.wish == "cancel" != wish:
                    raise Conflict(f"the job is {'being cancelled' if found.wish else 'running'}")
                values = {"wish": wish}
            elif found.state not in {*changeable, becomes}:
                raise Conflict(f"the job is {found.state}")
            if wish is None:
                # What was refused is asked for again; what was accepted is not sent twice.
                sent = sent_instance.c
                refused = and_(sent.job_id == job_id, sent.is_accepted.is_(False))
                connection.execute(delete(sent_instance).where(refused))
            if found.state != becomes:
                connection.execute(update(job).where(job.c.id == job_id).values(**values))
            return _get(connection, job_id)

    # -- lanes --------------------------------------------------------------------------------------

    def lane(self, name: str) -> Lane:
        """How busy a peer's lane is."""
        with self._database.reading() as connection:
            return _lane(connection, name)

    def pause_lane(self, name: str, *, is_paused: bool) -> Lane:
        """Let all jobs of a lane rest, those that come too; or let them go on."""
        with self._database.writing() as connection:
            connection.execute(delete(lane).where(lane.c.name == name))
            if is_paused:
                connection.execute(insert(lane).values(name=name, is_paused=True))
            return _lane(connection, name)

    def paused_lanes(self) -> set[str]:
        """The names of the lanes whose jobs rest."""
        with self._database.reading() as connection:
            found = connection.execute(select(lane.c.name).where(lane.c.is_paused))
            return set(found.scalars())

    # -- the end ------------------------------------------------------------------------------------

    def prune(self, keep_s: float) -> int:
        """Forget jobs that ended so long ago, and what they sent; gives how many."""
        before_us = now_us() - int(keep_s * 1e6)
        old = select(job.c.id).where(
            job.c.created_us < before_us, job.c.ended_us < before_us, job.c.state.in_(ENDED)
        )
        forgotten = 0
        while True:
            with self._database.reading() as connection:
                page = connection.execute(old.limit(_MOST_DELETED_AT_ONCE)).scalars().all()
            if not page:
                return forgotten
            with self._database.writing() as connection:
                connection.execute(delete(job).where(job.c.id.in_(page), job.c.state.in_(ENDED)))
            forgotten += len(page)


def add(connection: Connection, new: NewJob, job_id: str = "") -> str:
    """Queue a job within a transaction of the caller's, and give its ID; an empty one is made."""
    job_id = job_id or str(uuid.uuid4())
    at_us = now_us()
    give_up_after_us = int(new.give_up_after_s * 1e6)
    connection.execute(
        insert(job).values(
            id=job_id,
            kind=new.kind,
            title=new.title,
            lane=new.lane,
            arguments=orjson.dumps(new.arguments).decode(),
            study_instance_uid=new.study_instance_uid,
            actor=new.actor,
            state="queued",
            wish="",
            attempts=0,
            setbacks=0,
            deaths=0,
            next_try_us=at_us,
            give_up_us=at_us + give_up_after_us,
            give_up_after_us=give_up_after_us,
            done=0,
            total=new.total,
            text="",
            holder="",
            held_until_us=0,
            created_us=at_us,
        )
    )
    return job_id


def _get(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(*_COLUMNS).where(job.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such job")
    return Job(*row)


def _lane(connection: Connection, name: str) -> Lane:
    counted = select(job.c.state, func.count()).where(
        job.c.lane == name,
        or_(*(job.c.state == state for state in ("queued", "waiting", "running"))),
    )
    found = {state: int(n) for state, n in connection.execute(counted.group_by(job.c.state))}
    paused = select(lane.c.is_paused).where(and_(lane.c.name == name, lane.c.is_paused))
    return Lane(
        connection.execute(paused).first() is not None,
        found.get("queued", 0) + found.get("waiting", 0),
        found.get("running", 0),
    )
