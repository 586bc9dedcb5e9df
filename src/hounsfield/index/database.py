"""Opens the index: connections, their settings, and migrations."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from hounsfield.dicom.attributes import normalise_name
from hounsfield.dicom.date_times import is_same, is_within
from hounsfield.dicom.names import words_of
from hounsfield.dicom.negotiated import offset_of, utc
from hounsfield.errors import HounsfieldError, OutOfResources, Unavailable

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
HEAD = "0010"  # the newest migration; a test holds it to the migrations folder


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """Which database: a file's path, or an SQLAlchemy URL."""

    location: Path | str
    busy_timeout_s: float = 30.0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.location}" if isinstance(self.location, Path) else self.location


class Database:
    """An engine whose database has the tables of `schema`."""

    def __init__(self, config: IndexConfig) -> None:
        self.config = config
        if isinstance(config.location, Path):
            # Names of patients lie in it: nobody but its owner and their group is to read it.
            config.location.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.engine = _make_engine(config)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._turn = threading.RLock()
        self._turn_file = -1
        if isinstance(config.location, Path):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._turn_file = os.open(f"{config.location}-turn", flags, 0o640)
        try:
            migrate(self.engine)
        except DatabaseError as problem:
            self.close()
            if getattr(problem.orig, "sqlite_errorcode", None) in _FULL:
                raise Unavailable(
                    f"the index {config.url} cannot be opened: the disk is full"
                ) from problem
            raise Unavailable(
                f"the index {config.url} cannot be read: {problem.orig}. If it is damaged,"
                " `hounsfield rebuild` makes it anew from the stored objects"
            ) from problem

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one who writes to an SQLite file, among all threads and processes.

        SQLite's own waiting sleeps and tries again, ever longer; a lock of the operating system wakes
        the next one at once. Other databases need no turns.
        """
        if self._turn_file < 0:
            yield
            return
        with self._turn:
            fcntl.flock(self._turn_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._turn_file, fcntl.LOCK_UN)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; it waits for its turn before it reads anything. Raises Unavailable and OutOfResources."""
        options = {"hounsfield_writes": True}
        try:
            with (
                self.turn(),
                self.engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as problem:
            raise told(problem.orig or problem) from problem

    def connect_for_ingest(self) -> Any:
        """A driver's connection whose commits survive a crash of ours, but on SQLite not a power cut.

        The rows of instances can be told from the objects, which are synced before: what a power cut took
        is found by the sweep at the next start. So an instance costs one sync instead of two.
        """
        connection: Any = self.engine.raw_connection()
        connection.detach()
        if self.is_sqlite:
            connection.cursor().execute("PRAGMA synchronous=NORMAL")
        return connection

    def sync_journal(self) -> None:
        """Make what was committed by `connect_for_ingest` durable.

        SQLite does so when the last connection of all processes is closed. At a clean end we take away the mark that
        would let the next start compare storage and index, so it must not depend on others who may read just then.
        """
        if not self.is_sqlite or not isinstance(self.config.location, Path):
            return
        for path in (f"{self.config.location}-wal", self.config.location.parent):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # no journal: all of it is in the database
                continue
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        self.engine.dispose()
        if self._turn_file >= 0:
            os.close(self._turn_file)
            self._turn_file = -1


def told(problem: BaseException) -> HounsfieldError:
    """What it means to whoever wanted to write that the database did not take it."""
    if isinstance(problem, HounsfieldError):
        return problem
    if getattr(problem, "sqlite_errorcode", None) in _FULL:
        return OutOfResources("the disk is full: the index does not take more")
    return Unavailable(f"the index did not take the instance: {problem}")


def _make_engine(config: IndexConfig) -> Engine:
    if not config.url.startswith("sqlite"):
        return create_engine(config.url, pool_pre_ping=True)
    engine = create_engine(
        config.url,
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=48,
        connect_args={"timeout": config.busy_timeout_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: SqliteConnection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _begin
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a committed row survives a power cut
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-32768",
            "mmap_size=1073741824",
            "wal_autocheckpoint=4000",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        connection.create_function("hounsfield_fold", 1, _fold, deterministic=True)
        connection.create_function("hounsfield_utc", 2, _utc, deterministic=True)
        connection.create_function("hounsfield_is_same", 3, _is_same, deterministic=True)
        connection.create_function("hounsfield_is_within", 4, _is_within, deterministic=True)
        connection.create_function("hounsfield_has_word", 2, _has_word, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that will write takes its turn at once: one that read first could not be
        # retried when another process wrote in between (SQLITE_BUSY_SNAPSHOT).
        writes = connection.get_execution_options().get("hounsfield_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _fold(name: str | None) -> str:
    """Person names in JSON are folded as they are compared; those with a column were when they came."""
    return normalise_name(name or "")


def _utc(moment: str | None, offset: str | None) -> str:
    return utc(moment or "", offset_of(offset or ""))


def _is_same(value: str | None, wanted: str, offset: str | None) -> bool:
    return is_same(value or "", wanted, offset or "")


def _is_within(value: str | None, first: str | None, last: str | None, offset: str | None) -> bool:
    return is_within(value or "", first, last, offset or "")


def _has_word(name: str | None, beginning: str) -> bool:
    return any(word.startswith(beginning) for word in words_of(name or ""))


def current_revision(engine: Engine) -> str | None:
    """The migration the database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()


def migrate(engine: Engine) -> None:
    """Bring the database to `HEAD`; several processes may try at once."""
    if current_revision(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - a quarter of a second that a start seldom needs
    from alembic.config import Config  # noqa: PLC0415

    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with (
        engine.connect().execution_options(hounsfield_writes=True) as connection,
        connection.begin(),
    ):
        # Inside the write lock: a second process waits here and then finds the work done.
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
