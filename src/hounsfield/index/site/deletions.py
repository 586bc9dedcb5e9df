"""What was deleted: its rows are gone, its objects wait in the trash of the storage, and this says so."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hounsfield.index import schema
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import RowId, metadata
from hounsfield.index.site import jobs
from hounsfield.index.site.jobs import NewJob

deletion = Table(
    "deletion",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("deleted_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("deleted_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Index("deletion_by_study", "study_instance_uid"),
    Index("deletion_by_state", "state", "deleted_us"),
)

# In these, what storage has is brought in line with what was decided; then the next state is entered.
UNDER_WAY = {"deleting": "trash", "restoring": "restored", "purging": "purged"}
ENDED = frozenset({"restored", "purged"})


@dataclass(frozen=True, slots=True)
class Deletion:
    """One act of deleting a study, a series (then with its UID) or an instance (then with both).

    "deleting" until its objects are in the trash, where they stay ("trash") until it is "restoring", then
    "restored", or "purging", then "purged".
    """

    uid: str
    state: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    description: str
    number_of_instances: int
    size_bytes: int
    deleted_by: str
    reason: str
    deleted_us: int
    ended_us: int | None = None

    @property
    def level(self) -> str:
        """What was deleted: "study", "series" or "instance"."""
        if self.sop_instance_uid:
            return "instance"
        return "series" if self.series_instance_uid else "study"


_COLUMNS = [column for column in deletion.columns if column.name != "id"]


def new_uid() -> str:
    """A name for a deletion, also of its folder in the trash."""
    return str(uuid.uuid4())


class Deletions:
    """The deletions of an archive, for any process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, uid: str) -> Deletion | None:
        found = self._select(deletion.c.uid == uid)
        return found[0] if found else None

    def page(
        self, limit: int, offset: int = 0, states: Sequence[str] = ("deleting", "trash")
    ) -> list[Deletion]:
        """Deletions, the newest first."""
        return self._select(deletion.c.state.in_(states), limit=limit, offset=offset)

    def count(self, states: Sequence[str]) -> int:
        """How many deletions there are in these states."""
        statement = select(func.count()).where(deletion.c.state.in_(states))
        with self._database.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def under_way(self) -> list[Deletion]:
        """Those whose objects are not yet where they should be."""
        return self._select(deletion.c.state.in_(tuple(UNDER_WAY)))

    def older_than(self, seconds: float) -> list[Deletion]:
        """What has been in the trash for so long."""
        before_us = now_us() - int(seconds * 1e6)
        return self._select(deletion.c.state == "trash", deletion.c.deleted_us < before_us)

    def covers(self, study: str, series: str | None, sop: str | None) -> bool:
        """Whether a study, series or instance was here once and was deleted, with or in what it is part of."""
        c = deletion.c
        condition = (c.study_instance_uid == study) & c.state.not_in(("restored", "restoring"))
        condition &= c.series_instance_uid.in_(("", series) if series else ("",))
        condition &= c.sop_instance_uid.in_(("", sop) if sop else ("",))
        return bool(self._select(condition, limit=1))

    def add(self, new: Deletion) -> None:
        """Take in a deletion that the storage knows of and the index does not; harmless when repeated."""
        with self._database.writing() as connection:
            known = select(deletion.c.id).where(deletion.c.uid == new.uid)
            if connection.execute(known).first() is None:
                connection.execute(insert(deletion).values(values_of(new)))

    def move(
        self,
        uid: str,
        before: Sequence[str],
        after: str,
        *,
        actor: str = "",
        job: NewJob | None = None,
    ) -> bool:
        """Enter a state from one of those before, with a job if there is one; gives whether it was in one.

        That it ended is a change of the archive, made by ``actor``.
        """
        now = now_us()
        values: dict[str, object] = {"state": after}
        if after in ENDED:
            values["ended_us"] = now
        chosen = (deletion.c.uid == uid, deletion.c.state.in_(before))
        with self._database.writing() as connection:
            if connection.execute(update(deletion).where(*chosen).values(values)).rowcount != 1:
                return False
            if job is not None:
                jobs.add(connection, job)
            if after in ENDED:
                row = connection.execute(select(deletion).where(deletion.c.uid == uid)).one()
                study = schema.study.c
                mine = study.study_instance_uid == row.study_instance_uid
                patient_fk = connection.execute(select(study.patient_fk).where(mine)).scalar()
                connection.execute(
                    insert(schema.change).values(
                        kind=after,
                        study_instance_uid=row.study_instance_uid,
                        series_instance_uid=row.series_instance_uid,
                        sop_instance_uid=row.sop_instance_uid,
                        patient_fk=patient_fk or 0,
                        actor=actor[:64],
                        at_us=now,
                    )
                )
            return True

    def _select(
        self, *conditions: ColumnElement[bool], limit: int | None = None, offset: int = 0
    ) -> list[Deletion]:
        statement = select(*_COLUMNS).where(*conditions).order_by(deletion.c.id.desc())
        if limit is not None:
            statement = statement.limit(limit).offset(offset)
        with self._database.reading() as connection:
            return [Deletion(*row) for row in connection.execute(statement)]


def is_in(connection: Connection, uid: str, state: str) -> bool:
    """Whether a deletion is in a state, within a transaction."""
    chosen = (deletion.c.uid == uid, deletion.c.state == state)
    return connection.execute(select(deletion.c.id).where(*chosen)).first() is not None


def values_of(new: Deletion) -> dict[str, object]:
    """A deletion as the values of its row."""
    return {column.name: getattr(new, column.name) for column in _COLUMNS}
