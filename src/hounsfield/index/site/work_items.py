"""Unified procedure steps: the work items, who watches them, and what those still have to be told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
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

from hounsfield.dicom.work_items import (
    LABEL,
    PATIENT_ID,
    START_DATETIME,
    STATE,
    STUDY_INSTANCE_UID,
    WORKLIST_LABEL,
    EventType,
    State,
    value_of,
)
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata
from hounsfield.index.site import jobs
from hounsfield.index.site.jobs import NewJob
from hounsfield.index.site.work_item_events import work_item_channel, work_item_event

work_item = Table(
    "work_item",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("transaction_uid", String(64), nullable=False),
    Column("label", Text, nullable=False),
    Column("worklist_label", Text, nullable=False),
    Column("start_datetime", String(26), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("attributes", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("work_item_by_state", "state", "start_datetime"),
    Index("work_item_by_patient", "patient_id"),
)

# An empty UID stands for the global subscription, whose filter may be {}: all work items.
work_item_subscription = Table(
    "work_item_subscription",
    metadata,
    Column("ae_title", String(16), primary_key=True),
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("deletion_lock", Boolean, nullable=False),
    Column("filter", Text, nullable=False),
    Index("work_item_subscription_by_uid", "sop_instance_uid"),
)

EVENT_JOB = "work-item-event"
_PAGE = 100


@dataclass(slots=True)
class WorkItem:
    """One work item; ``attributes`` in the DICOM JSON model, without its Transaction UID."""

    sop_instance_uid: str
    state: State
    transaction_uid: str = field(repr=False)
    attributes: dict[str, Any] = field(repr=False)
    created_by: str = ""
    created_us: int = 0
    updated_us: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """That an AE is told of a work item, or, with an empty UID, of all new ones that match ``filter``."""

    ae_title: str
    sop_instance_uid: str
    deletion_lock: bool
    filter: dict[str, Any] = field(default_factory=dict)


class WorkItems:
    """The work items of an archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def changing(self) -> Iterator["Changes"]:
        """One transaction in which work items are read and changed; nobody else changes them meanwhile."""
        with self._database.writing() as connection:
            yield Changes(connection)

    def get(self, sop_instance_uid: str) -> WorkItem | None:
        with self._database.reading() as connection:
            return _get(connection, sop_instance_uid)

    def stream(
        self, *, state: str = "", patient_id: str = "", sop_instance_uids: tuple[str, ...] = ()
    ) -> Iterator[WorkItem]:
        """The work items by start time, each once however it is changed meanwhile, narrowed by what has an index."""
        for some in self.pages(state, patient_id, sop_instance_uids):
            with self._database.reading() as connection:
                found = {item.sop_instance_uid: item for item in _those(connection, some)}
            yield from (found[uid] for uid in some if uid in found)

    def pages(
        self, state: str = "", patient_id: str = "", sop_instance_uids: tuple[str, ...] = ()
    ) -> Iterator[list[str]]:
        """The UIDs of the work items there are now, by start time, as many at a time as are read at once."""
        table = work_item.c
        statement = select(table.start_datetime, table.sop_instance_uid)
        if state:
            statement = statement.where(table.state == state)
        if patient_id:
            statement = statement.where(table.patient_id == patient_id)
        keys: list[tuple[str, str]] = []
        named = list(dict.fromkeys(sop_instance_uids))
        with self._database.reading() as connection:
            for start in range(0, len(named), _PAGE):
                some = table.sop_instance_uid.in_(named[start : start + _PAGE])
                keys += (tuple(row) for row in connection.execute(statement.where(some)))
            if not named:
                keys = [tuple(row) for row in connection.execute(statement)]
        uids = [uid for _start_datetime, uid in sorted(keys)]
        for start in range(0, len(uids), _PAGE):
            yield uids[start : start + _PAGE]

    def subscriptions(self, sop_instance_uid: str) -> list[Subscription]:
        """Who is told of one work item, or with an empty UID, who of all new ones."""
        with self._database.reading() as connection:
            return _subscriptions(connection, sop_instance_uid)


class Changes:
    """What can be done within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._now_us = now_us()
        self._told: set[str] = set()

    def get(self, sop_instance_uid: str) -> WorkItem | None:
        return _get(self._connection, sop_instance_uid, for_update=True)

    def not_watched_by(self, ae_title: str, uids: Sequence[str]) -> list[WorkItem]:
        """Those of the work items that are there and that an AE is not told of yet."""
        table = work_item_subscription.c
        statement = select(table.sop_instance_uid).where(table.ae_title == ae_title)
        watched = set(
            self._connection.execute(statement.where(table.sop_instance_uid.in_(uids))).scalars()
        )
        return _those(self._connection, [uid for uid in uids if uid not in watched])

    def add(self, item: WorkItem) -> None:
        self._connection.execute(
            insert(work_item).values(
                sop_instance_uid=item.sop_instance_uid,
                created_by=item.created_by,
                created_us=self._now_us,
                **self._columns(item),
            )
        )

    def save(self, item: WorkItem) -> int:
        """Keep a changed work item; gives how many characters its attributes take."""
        columns = self._columns(item)
        self._connection.execute(
            update(work_item)
            .where(work_item.c.sop_instance_uid == item.sop_instance_uid)
            .values(**columns)
        )
        return len(columns["attributes"])

    def _columns(self, item: WorkItem) -> dict[str, Any]:
        attributes = item.attributes
        attributes[STATE] = {"vr": "CS", "Value": [str(item.state)]}
        return {
            "state": str(item.state),
            "transaction_uid": item.transaction_uid,
            "label": value_of(attributes, LABEL),
            "worklist_label": value_of(attributes, WORKLIST_LABEL),
            "start_datetime": _start(attributes),
            "patient_id": value_of(attributes, PATIENT_ID)[:64],
            "study_instance_uid": value_of(attributes, STUDY_INSTANCE_UID)[:64],
            "attributes": orjson.dumps(attributes).decode(),
            "updated_us": self._now_us,
        }

    # -- subscriptions ------------------------------------------------------------------------------

    def watchers(self) -> list[str]:
        """Every AE that has a subscription of any kind."""
        statement = select(work_item_subscription.c.ae_title).distinct().order_by("ae_title")
        return list(self._connection.execute(statement).scalars())

    def subscriptions(self, sop_instance_uid: str) -> list[Subscription]:
        return _subscriptions(self._connection, sop_instance_uid)

    def is_subscribed(self, ae_title: str, sop_instance_uid: str) -> bool:
        table = work_item_subscription.c
        mine = (table.ae_title == ae_title, table.sop_instance_uid == sop_instance_uid)
        return self._connection.execute(select(table.ae_title).where(*mine)).first() is not None

    def subscribe(self, subscription: Subscription) -> bool:
        """Subscribe, or change the deletion lock or filter; gives whether it is new."""
        is_new = not self.unsubscribe(subscription.ae_title, subscription.sop_instance_uid)
        self._connection.execute(
            insert(work_item_subscription).values(
                ae_title=subscription.ae_title,
                sop_instance_uid=subscription.sop_instance_uid,
                deletion_lock=subscription.deletion_lock,
                filter=orjson.dumps(subscription.filter).decode(),
            )
        )
        return is_new

    def unsubscribe(self, ae_title: str, sop_instance_uid: str) -> bool:
        """End one subscription; gives whether there was one."""
        table = work_item_subscription.c
        gone = self._connection.execute(
            delete(work_item_subscription).where(
                table.ae_title == ae_title, table.sop_instance_uid == sop_instance_uid
            )
        )
        return bool(gone.rowcount)

    def unsubscribe_globally(self, ae_title: str) -> None:
        """End the global and every specific subscription of an AE (table CC.2.3-2)."""
        self._connection.execute(
            delete(work_item_subscription).where(work_item_subscription.c.ae_title == ae_title)
        )

    # -- events -------------------------------------------------------------------------------------

    def has_channel(self, ae_title: str) -> bool:
        """Whether an AE hears of events over a WebSocket."""
        c = work_item_channel.c
        return (
            self._connection.execute(select(c.ae_title).where(c.ae_title == ae_title)).first()
            is not None
        )

    def tell(
        self,
        ae_title: str,
        lane: str | None,
        item_uid: str,
        kind: EventType,
        information: dict[str, Any],
    ) -> None:
        """Queue an event for an AE, with a job on its lane that tells it, in this very transaction.

        Without a lane it waits for the AE to open a channel.
        """
        self._connection.execute(
            insert(work_item_event).values(
                ae_title=ae_title,
                sop_instance_uid=item_uid,
                event_type=kind.number,
                information=orjson.dumps(information).decode(),
                created_us=self._now_us,
            )
        )
        if lane is None or ae_title in self._told:
            return
        self._told.add(ae_title)
        if self._has_waiting_job(lane):
            return
        title = f"Work item events to {ae_title}"
        arguments = {"ae_title": ae_title}
        jobs.add(
            self._connection,
            NewJob(EVENT_JOB, title, lane=lane, arguments=arguments, actor="work items"),
        )

    def has_untold(self, ae_title: str, kind: EventType) -> bool:
        """Whether an AE has yet to hear of an event of this kind."""
        table = work_item_event.c
        mine = (
            table.ae_title == ae_title,
            table.event_type == kind.number,
            table.told_us.is_(None),
        )
        return self._connection.execute(select(table.id).where(*mine)).first() is not None

    def _has_waiting_job(self, lane: str) -> bool:
        """Whether a job that has not begun will tell it: one that runs may just have looked for the last time."""
        table = jobs.job.c
        statement = select(func.count()).where(
            table.kind == EVENT_JOB,
            table.lane == lane,
            table.state.in_(("queued", "waiting", "paused")),
        )
        return bool(self._connection.execute(statement).scalar())


def _get(
    connection: Connection, sop_instance_uid: str, *, for_update: bool = False
) -> WorkItem | None:
    statement = select(work_item).where(work_item.c.sop_instance_uid == sop_instance_uid)
    if for_update:  # SQLite knows no row locks: there the whole transaction is alone
        statement = statement.with_for_update()
    row = connection.execute(statement).first()
    return None if row is None else _item(row)


def _those(connection: Connection, uids: Sequence[str]) -> list[WorkItem]:
    statement = select(work_item).where(work_item.c.sop_instance_uid.in_(uids))
    return [_item(row) for row in connection.execute(statement)]


def _item(row: Any) -> WorkItem:
    return WorkItem(
        row.sop_instance_uid,
        State(row.state),
        row.transaction_uid,
        orjson.loads(row.attributes),
        row.created_by,
        row.created_us,
        row.updated_us,
    )


def _subscriptions(connection: Connection, sop_instance_uid: str) -> list[Subscription]:
    table = work_item_subscription
    statement = select(table).where(table.c.sop_instance_uid == sop_instance_uid)
    return [
        Subscription(
            row.ae_title, row.sop_instance_uid, row.deletion_lock, orjson.loads(row.filter)
        )
        for row in connection.execute(statement.order_by(table.c.ae_title))
    ]


def _start(attributes: dict[str, Any]) -> str:
    return value_of(attributes, START_DATETIME)[:26]
