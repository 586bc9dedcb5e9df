"""What those who watch work items have still to be told, and who hears it over a WebSocket (PS3.4 CC.2.4, PS3.18 8.10).

The newest row is never removed: so the numbers of events only grow, and whoever follows them misses none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import RowId, metadata

work_item_event = Table(
    "work_item_event",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("ae_title", String(16), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("event_type", Integer, nullable=False),
    Column("information", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("told_us", BigInteger),
    Index("work_item_event_by_ae", "ae_title", "id"),
)

# Who hears of events over a WebSocket, and when it last had one open (`index.site.event_channels`).
work_item_channel = Table(
    "work_item_channel",
    metadata,
    Column("ae_title", String(16), primary_key=True),
    Column("seen_us", BigInteger, nullable=False),
)

_PAGE = 100
_MOST_AT_ONCE = 1000
# An event that was told stays for those who follow the same AE title by another way.
_TOLD_KEPT_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """What an AE has still to be told."""

    id: int
    ae_title: str
    sop_instance_uid: str
    event_type: int
    information: dict[str, Any]


class EventQueue:
    """The events of an archive, for any process: each asks the index what is new."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events_for(self, ae_title: str, limit: int = 100) -> list[Event]:
        """What an AE has still to be told, oldest first."""
        table = work_item_event.c
        untold = (table.ae_title == ae_title, table.told_us.is_(None))
        statement = select(work_item_event).where(*untold).order_by(table.id).limit(limit)
        with self._database.reading() as connection:
            return [_event_of(row) for row in connection.execute(statement)]

    def told(self, ae_title: str, event_ids: Sequence[int]) -> None:
        """Note that an AE has heard of events; those that it heard of a while ago go."""
        table, now = work_item_event.c, now_us()
        its_own = table.ae_title == ae_title
        with self._database.writing() as connection:
            for start in range(0, len(event_ids), _PAGE):
                some = table.id.in_(event_ids[start : start + _PAGE])
                connection.execute(
                    update(work_item_event)
                    .where(its_own, some, table.told_us.is_(None))
                    .values(told_us=now)
                )
            remove(connection, its_own & (table.told_us < now - _TOLD_KEPT_US), _MOST_AT_ONCE)

    # -- those without an address ---------------------------------------------------------------------

    def seen(self, ae_title: str) -> None:
        """Note that an AE is reached this way: from now on events wait for it."""
        c = work_item_channel.c
        with self._database.writing() as connection:
            connection.execute(delete(work_item_channel).where(c.ae_title == ae_title))
            connection.execute(
                insert(work_item_channel).values(ae_title=ae_title, seen_us=now_us())
            )

    def is_known(self, ae_title: str, within_s: float | None = None) -> bool:
        """Whether an AE is reached this way, and was there within the last ``within_s`` seconds."""
        c = work_item_channel.c
        statement = select(c.ae_title).where(c.ae_title == ae_title)
        if within_s is not None:
            statement = statement.where(c.seen_us > now_us() - int(within_s * 1e6))
        with self._database.reading() as connection:
            return connection.execute(statement).first() is not None

    def last(self) -> int:
        """The number of the newest event; 0 where there is none."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.max(work_item_event.c.id))).scalar() or 0)

    def since(self, after: int, ae_titles: Collection[str]) -> list[Event]:
        """What came for any of these after an event, whether it was told or not, oldest first."""
        c = work_item_event.c
        these = (c.id > after, c.ae_title.in_(list(ae_titles)))
        statement = select(work_item_event).where(*these).order_by(c.id).limit(_MOST_AT_ONCE)
        with self._database.reading() as connection:
            return [_event_of(row) for row in connection.execute(statement)]

    def forget(self, ae_title: str) -> None:
        """Let no more events wait for an AE."""
        with self._database.writing() as connection:
            gone = work_item_channel.c.ae_title == ae_title
            connection.execute(delete(work_item_channel).where(gone))


def remove(connection: Connection, which: ColumnElement[bool], at_most: int) -> int:
    """Remove so many events, and let the newest of all be told, which has to stay; gives how many went."""
    table = work_item_event.c
    newest = int(connection.execute(select(func.max(table.id))).scalar() or 0)
    some = select(table.id).where(which, table.id < newest).order_by(table.id).limit(at_most)
    ids = connection.execute(some).scalars().all()
    connection.execute(delete(work_item_event).where(table.id.in_(ids)))
    mark = update(work_item_event).where(which, table.id == newest, table.told_us.is_(None))
    connection.execute(mark.values(told_us=now_us()))
    return len(ids)


def _event_of(row: Any) -> Event:
    """An event as its row has it."""
    information = orjson.loads(row.information)
    return Event(row.id, row.ae_title, row.sop_instance_uid, row.event_type, information)
