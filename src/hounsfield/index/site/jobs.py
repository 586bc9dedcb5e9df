"""Jobs: work that nobody waits for and that must not be forgotten."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, insert
from sqlalchemy.engine import Connection

from hounsfield.index.database import Database
from hounsfield.index.schema import metadata

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
    Column("attempts", Integer, nullable=False),
    Column("next_try_us", BigInteger, nullable=False),
    Column("give_up_us", BigInteger, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("started_us", BigInteger),
    Column("ended_us", BigInteger),
    Index("job_by_state", "state", "next_try_us"),
    Index("job_by_creation", "created_us"),
    Index("job_by_study", "study_instance_uid"),
)

_THREE_DAYS_S = 3 * 86_400.0


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


class Jobs:
    """The jobs of an archive; any process may add some, the worker carries them out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: NewJob) -> str:
        """Queue a job durably, and give its ID."""
        with self._database.writing() as connection:
            return add(connection, new)


def add(connection: Connection, new: NewJob) -> str:
    """Queue a job within a transaction of the caller's, and give its ID."""
    job_id = str(uuid.uuid4())
    now_us = time.time_ns() // 1000
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
            attempts=0,
            next_try_us=now_us,
            give_up_us=now_us + int(new.give_up_after_s * 1e6),
            done=0,
            total=new.total,
            text="",
            created_us=now_us,
        )
    )
    return job_id
