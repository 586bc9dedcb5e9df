"""Takes the site's tables over from an old index into one made anew: they cannot be told from the stored objects."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert

from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import IMAGE_TABLES, change

_PAGE = 500
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
_NOT_THE_SITES = ("sqlite_", "study_words", "alembic_")


@dataclass(slots=True)
class TakenOver:
    """How many rows came over, and which tables could not be read to their end."""

    rows: int = 0
    damaged: list[str] = field(default_factory=list)


def take_over(old: Path, new: Database) -> TakenOver:
    """Copy what the two have in common of the site's tables, as far as the old file can be read.

    A table of the old file that is damaged in the middle is taken up to there, and named. Both are SQLite files.
    """
    taken = TakenOver()
    if not old.exists():
        return taken
    with contextlib.closing(sqlite3.connect(old, timeout=30.0)) as source:
        try:
            there = {str(name) for (name,) in source.execute(_TABLES)}
        except sqlite3.DatabaseError:
            taken.damaged.append("everything")
            return taken
        with new.writing() as connection:
            target = connection.connection.driver_connection
            assert isinstance(target, sqlite3.Connection)
            # A row may come before the one that it points to.
            target.execute("PRAGMA defer_foreign_keys=ON")
            for (name,) in target.execute(_TABLES).fetchall():
                if name not in there or name in IMAGE_TABLES or name.startswith(_NOT_THE_SITES):
                    continue
                try:
                    for rows in _copied(source, target, name):
                        taken.rows += rows
                except sqlite3.DatabaseError:
                    taken.damaged.append(name)
            for name in _without_orphans(target):
                if name not in taken.damaged:
                    taken.damaged.append(name)
    return taken


def go_on_counting(old: Path, new: Database) -> None:
    """Let the changes of an index made anew follow those of the old one, so that who reads them misses nothing.

    The first of them says what happened: that everything is told once more.
    """
    if not old.exists():
        return
    with contextlib.closing(sqlite3.connect(old, timeout=30.0)) as source:
        try:
            last = source.execute("SELECT max(sequence) FROM change").fetchone()[0]
        except sqlite3.DatabaseError:  # it cannot be read: a time is later than any count
            last = time.time_ns() // 1_000_000_000
    values = {
        "sequence": (last or 0) + 1,
        "kind": "rebuilt",
        "study_instance_uid": "",
        "series_instance_uid": "",
        "sop_instance_uid": "",
        "patient_fk": 0,
        "actor": "local",
        "at_us": now_us(),
    }
    with new.writing() as connection:
        connection.execute(insert(change).values(values))


def _without_orphans(target: sqlite3.Connection) -> set[str]:
    """Leave out rows that belong to one which could not be read, and give the tables that had some."""
    tables: set[str] = set()
    while orphans := target.execute("PRAGMA foreign_key_check").fetchall():
        for table, row_id, _parent, _key in orphans:
            target.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row_id,))  # noqa: S608 - as below
            tables.add(str(table))
    return tables


def _copied(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Iterator[int]:
    """Copy one table page by page, yielding how many rows each brought."""
    columns = [name for name in _columns(target, table) if name in _columns(source, table)]
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    rows = source.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 - names of our own schema
    insert = f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608 - as above
    while page := rows.fetchmany(_PAGE):
        target.executemany(insert, page)
        yield len(page)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]
