"""Records of associations and the callers that were refused: bounded, written without a sync, read by page."""

import os
import socket
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import OperationalError

from hounsfield.index.clock import now_us
from hounsfield.index.database import Database, told
from hounsfield.index.schema import RowId, metadata
from hounsfield.index.site.records import AssociationRecord, Caller, RecordedContext
from hounsfield.processes import is_running

KEPT_ASSOCIATIONS = 10_000
KEPT_CALLERS, KEPT_CALLERS_OF_AN_ADDRESS = 200, 50
KEPT_S = 30 * 86_400.0
# An open association that its process has not spoken of for so long is over.
SILENT_S = 60.0
_PRUNE_EVERY = 256

association = Table(
    "association",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("process", String(128), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("seen_us", BigInteger, nullable=False),
    Column("calling_ae_title", String(64), nullable=False),
    Column("called_ae_title", String(64), nullable=False),
    Column("address", String(255), nullable=False),
    Column("peer", String(64), nullable=False),
    Column("is_tls", Boolean, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("is_ok", Boolean, nullable=False),
    Column("finding", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("contexts", LargeBinary, nullable=False),
    Column("messages", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("bytes_received", BigInteger, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("implementation", String(128), nullable=False),
    Index("association_by_peer", "peer", "id"),
    Index("association_by_outcome", "outcome", "id"),
    Index("association_by_start", "began_us"),
)

caller = Table(
    "caller",
    metadata,
    Column("ae_title", String(64), primary_key=True),
    Column("called_ae_title", String(64), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("finding", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Index("caller_by_time", "last_us"),
)

_JSON = ("messages", "details")
_TEXTS = (
    "direction", "began_us", "ended_us", "calling_ae_title", "called_ae_title", "address", "peer", "is_tls",
    "outcome", "is_ok", "finding", "reason", "advice", "bytes_received", "bytes_sent", "implementation",
)  # fmt: skip
_LENGTHS = {column.name: getattr(column.type, "length", None) for column in association.c}


class Associations:
    """What associations there were, and who was refused. May be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        *,
        direction: str = "",
        peer: str = "",
        outcome: str = "",
        text: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[AssociationRecord]:
        """The newest records that fit, before the one of an ID; ``outcome`` is "ok", "failed" or "open"."""
        columns = association.c
        conditions: list[Any] = []
        if direction:
            conditions.append(columns.direction == direction)
        if peer:
            conditions.append(columns.peer == peer)
        if outcome == "open":
            conditions.append(columns.outcome == "open")
        elif outcome:
            conditions += [columns.is_ok == (outcome == "ok"), columns.outcome != "open"]
        for word in text.split()[:8]:
            conditions.append(
                or_(
                    *(
                        column.icontains(word, autoescape=True)
                        for column in (
                            columns.calling_ae_title,
                            columns.called_ae_title,
                            columns.address,
                            columns.peer,
                            columns.reason,
                            columns.messages,
                            columns.implementation,
                        )
                    )
                )
            )
        if before is not None:
            conditions.append(columns.id < before)
        query = select(association).where(*conditions).order_by(columns.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def state(self) -> tuple[int, int]:
        """Something that changes whenever a record does."""
        query = select(func.max(association.c.id), func.max(association.c.seen_us))
        with self._database.reading() as connection:
            newest, seen_us = connection.execute(query).one()
        return newest or 0, seen_us or 0

    def last_of(self, peers: Iterable[str]) -> dict[str, tuple[int, str]]:
        """When each of some peers was last associated with, and how that went."""
        columns = association.c
        found: dict[str, tuple[int, str]] = {}
        with self._database.reading() as connection:
            for name in peers:
                query = (
                    select(columns.began_us, columns.ended_us, columns.outcome)
                    .where(columns.peer == name)
                    .order_by(columns.id.desc())
                    .limit(1)
                )
                for began_us, ended_us, outcome in connection.execute(query):
                    found[name] = (ended_us or began_us, outcome)
        return found

    def callers(self) -> list[Caller]:
        """Who was refused, the latest first."""
        query = select(caller).order_by(caller.c.last_us.desc())
        with self._database.reading() as connection:
            return [Caller(**row) for row in connection.execute(query).mappings()]

    def dismiss(self, ae_title: str, address: str) -> int:
        """Forget a refused caller, under whatever name it called us; say how many rows that were."""
        chosen = (caller.c.ae_title == ae_title) & (caller.c.address == address)
        with self._database.writing() as connection:
            return connection.execute(delete(caller).where(chosen)).rowcount


class AssociationWriter:
    """Writes the records of one process, in batches, for one thread.

    Its commits survive a crash of ours but need no sync: what a power cut takes of them is no loss.
    """

    def __init__(self, database: Database, *, kept: int = KEPT_ASSOCIATIONS) -> None:
        self._database = database
        self._kept = kept
        self.process = f"{socket.gethostname()[:64]}/{os.getpid()}/{time.time_ns()}"
        self._connection: Connection | None = None
        self._written = 0

    def write(
        self,
        new: Sequence[AssociationRecord],
        changed: Sequence[AssociationRecord],
        refused: Sequence[Caller],
    ) -> None:
        """Insert some records, which get their ID, update others, and count refused callers."""
        with self._transaction() as connection:
            for record in new:
                values = {**_values(record), "process": self.process, "seen_us": now_us()}
                key = connection.execute(insert(association).values(values)).inserted_primary_key
                assert key is not None
                record.id = key[0]
            for record in changed:
                values = {**_values(record), "seen_us": now_us()}
                row = association.c.id == record.id
                connection.execute(update(association).where(row).values(values))
            for one in refused:
                _count_caller(connection, one)
            if refused:
                _prune_callers(connection, {one.address[:64] for one in refused})
            before = self._written // _PRUNE_EVERY
            self._written += len(new)
            if self._written // _PRUNE_EVERY != before:
                self._prune(connection)

    def touch(self, ids: Sequence[int]) -> None:
        """Say that these are still open."""
        with self._transaction() as connection:
            statement = (
                update(association)
                .where(association.c.id == bindparam("row"))
                .values(seen_us=now_us())
            )
            connection.execute(statement, [{"row": one} for one in ids])

    def close_those_of_the_dead(self) -> int:
        """End the records of processes that died with associations open; say how many."""
        columns = association.c
        with self._transaction() as connection:
            self._prune(connection)
            open_ones = connection.execute(
                select(columns.id, columns.process, columns.seen_us).where(
                    columns.outcome == "open", columns.process != self.process
                )
            ).all()
            dead = [
                key
                for key, process, seen_us in open_ones
                if seen_us < now_us() - SILENT_S * 1e6 or not _is_alive(process)
            ]
            for key in dead:
                connection.execute(
                    update(association)
                    .where(columns.id == key)
                    .values(
                        outcome="connection lost",
                        is_ok=False,
                        finding="process-ended",
                        reason="Our own process ended while this association was open.",
                        advice="Our log says why, unless the machine itself was switched off.",
                        ended_us=columns.seen_us,
                        seen_us=now_us(),
                    )
                )
        return len(dead)

    def _prune(self, connection: Connection) -> None:
        newest = connection.execute(select(func.max(association.c.id))).scalar_one_or_none() or 0
        surplus = association.c.id <= newest - self._kept
        aged = association.c.began_us < now_us() - int(KEPT_S * 1e6)
        connection.execute(delete(association).where(surplus))
        connection.execute(delete(association).where(aged, association.c.outcome != "open"))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction in its turn, on the connection that stays open; raises Unavailable and OutOfResources."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._database.turn(), self._connection.begin():
                yield self._connection
        except OperationalError as problem:
            raise told(problem.orig or problem) from problem

    def _connect(self) -> Connection:
        connection = self._database.engine.connect()
        connection = connection.execution_options(hounsfield_writes=True)
        driver: Any = connection.connection.driver_connection
        connection.detach()  # it stays with us, since others must not find it as we set it
        if self._database.is_sqlite:
            driver.execute("PRAGMA synchronous=NORMAL")
        else:
            connection.exec_driver_sql("SET synchronous_commit TO OFF")
            connection.commit()
        return connection


def _count_caller(connection: Connection, one: Caller) -> None:
    row = and_(
        caller.c.ae_title == one.ae_title[:64],
        caller.c.called_ae_title == one.called_ae_title[:64],
        caller.c.address == one.address[:64],
    )
    told = {"finding": one.finding, "reason": one.reason, "advice": one.advice}
    changed = connection.execute(
        update(caller)
        .where(row)
        .values(count=caller.c.count + one.count, last_us=one.last_us, **told)
    )
    if changed.rowcount:
        return
    connection.execute(
        insert(caller).values(
            ae_title=one.ae_title[:64],
            called_ae_title=one.called_ae_title[:64],
            address=one.address[:64],
            count=one.count,
            first_us=one.first_us,
            last_us=one.last_us,
            **told,
        )
    )


def _prune_callers(connection: Connection, addresses: Iterable[str]) -> None:
    """Forget the oldest of too many; first of those addresses that call under ever new AE titles."""
    limits: list[tuple[ColumnElement[bool], int]] = [
        (caller.c.address == address, KEPT_CALLERS_OF_AN_ADDRESS) for address in addresses
    ]
    for chosen, kept in (*limits, (true(), KEPT_CALLERS)):
        newest = select(caller.c.last_us).where(chosen).order_by(caller.c.last_us.desc())
        oldest = connection.execute(newest.offset(kept).limit(1)).scalar_one_or_none()
        if oldest is not None:
            connection.execute(delete(caller).where(chosen, caller.c.last_us <= oldest))


def _is_alive(process: str) -> bool:
    """Whether a process of this machine lives; of others only its silence tells."""
    host, _, rest = process.partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname()[:64] or not pid.isdigit():
        return True
    # One with our own number is an earlier process that had it.
    return int(pid) != os.getpid() and is_running(int(pid))


def _values(record: AssociationRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in _TEXTS}
    for name, value in values.items():
        length = _LENGTHS[name]
        if length is not None and isinstance(value, str):
            values[name] = value[:length]
    values |= {name: orjson.dumps(getattr(record, name)).decode() for name in _JSON}
    # A peer may propose 128 contexts each time: as text they would be most of the index.
    values["contexts"] = zlib.compress(orjson.dumps(record.contexts), 1)
    return values


def _record(row: Mapping[Any, Any]) -> AssociationRecord:
    return AssociationRecord(
        id=row["id"],
        **{name: row[name] for name in _TEXTS},
        **{name: orjson.loads(row[name]) for name in _JSON},
        contexts=[
            RecordedContext(**{**one, "offered": tuple(one["offered"])})
            for one in orjson.loads(zlib.decompress(row["contexts"]))
        ],
    )
