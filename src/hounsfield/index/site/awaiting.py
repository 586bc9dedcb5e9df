"""Images that a scanner said it made and that do not come: whose orders and studies need a person's attention.

A performed procedure step that named instances is awaited until all of them are here. When neither one of them came
nor more was named for long, it is overdue, and its orders and studies need attention. That is kept, so it is the same
on every node and after a restart; it ends by itself when the instances come.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import and_, delete, distinct, false, func, insert, or_, select, true, update
from sqlalchemy.engine import Connection

from hounsfield.dicom import procedure_steps as rules
from hounsfield.dicom.procedure_steps import value_of
from hounsfield.index import schema
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site.expectations import belonging, is_here, missing_number, studies_of
from hounsfield.index.site.step_tables import (
    awaited_step,
    expected_instance,
    performed_procedure_step,
    performed_step_order,
    performed_step_study,
)

a, x, link = awaited_step.c, expected_instance.c, performed_step_order.c
named_by, st = performed_step_study.c, schema.study
IS_OVERDUE = a.is_overdue == true()
# What came into a study that no step names is seen at the next of these looks.
_LOOK_AGAIN_US = 60_000_000
# Nobody who stores is to wait long for these looks.
_MOST_AT_ONCE, _MOST_AGAIN = 50, 5


@dataclass(frozen=True, slots=True)
class Look:
    """What is known now of an awaited step; ``news_us`` is None where all of it is here."""

    sop_instance_uid: str
    was_overdue: bool
    news_us: int | None
    is_overdue: bool = False


def begin(connection: Connection, procedure_step_uid: str, said_us: int) -> bool:
    """Await what a step says it made; gives whether all of it is here already."""
    connection.execute(delete(awaited_step).where(a.sop_instance_uid == procedure_step_uid))
    if not missing_number(connection, procedure_step_uid):
        return True
    connection.execute(
        insert(awaited_step).values(
            sop_instance_uid=procedure_step_uid,
            said_us=said_us,
            news_us=0,
            looked_us=0,
            is_overdue=False,
        )
    )
    return False


def plan(connection: Connection, now_us: int, patience_us: int) -> list[Look]:
    """Look at the steps that are due, and at the overdue ones of which something came; reads only."""
    news = select(st.c.id).select_from(
        performed_step_study.join(st, st.c.study_instance_uid == named_by.study_instance_uid)
    )
    news = news.where(
        named_by.sop_instance_uid == a.sop_instance_uid, st.c.last_received_us > a.news_us
    )
    has_news = and_(IS_OVERDUE, news.correlate(awaited_step).exists())
    is_due = and_(a.is_overdue == false(), a.news_us < now_us - patience_us)
    is_long_ago = and_(IS_OVERDUE, a.looked_us <= now_us - _LOOK_AGAIN_US)
    found: dict[str, Any] = {}
    for condition, most in ((or_(is_due, has_news), _MOST_AT_ONCE), (is_long_ago, _MOST_AGAIN)):
        statement = select(awaited_step).where(condition).order_by(a.looked_us).limit(most)
        found |= {row.sop_instance_uid: row for row in connection.execute(statement)}
    return [_look(connection, row, now_us, patience_us) for row in found.values()]


def _look(connection: Connection, row: Any, now_us: int, patience_us: int) -> Look:
    uid = row.sop_instance_uid
    if not missing_number(connection, uid):
        return Look(uid, row.is_overdue, None)
    received = select(func.max(st.c.last_received_us))
    received = received.where(st.c.study_instance_uid.in_(studies_of(connection, uid)))
    news_us = max(row.said_us, connection.execute(received).scalar() or 0)
    return Look(uid, row.is_overdue, news_us, now_us - news_us > patience_us)


def settle(connection: Connection, looks: list[Look], now_us: int) -> None:
    """Keep what the looks found, and tell of it whoever follows the changes."""
    for look in looks:
        same = a.sop_instance_uid == look.sop_instance_uid
        if look.news_us is None:
            connection.execute(delete(awaited_step).where(same))
        else:
            values = {"news_us": look.news_us, "is_overdue": look.is_overdue, "looked_us": now_us}
            connection.execute(update(awaited_step).where(same).values(**values))
        if look.is_overdue != look.was_overdue:
            kind = "overdue" if look.is_overdue else "expected"
            for study_uid in sorted(studies_of(connection, look.sop_instance_uid)):
                tell(connection, kind, study_uid, "worker", now_us)


def tell(
    connection: Connection, kind: str, study_instance_uid: str, actor: str, at_us: int
) -> None:
    """Say in the feed of changes that what is expected of a study is something else now."""
    patient = select(st.c.patient_fk).where(st.c.study_instance_uid == study_instance_uid)
    connection.execute(
        insert(schema.change).values(
            kind=kind,
            study_instance_uid=study_instance_uid,
            series_instance_uid="",
            sop_instance_uid="",
            patient_fk=connection.execute(patient.limit(1)).scalar() or 0,
            actor=actor[:64],
            at_us=at_us,
        )
    )


def accept(connection: Connection, order_id: int) -> None:
    """Await no more what was made for an order: a person says that it will not come."""
    for uid in _steps_of(connection, order_id):
        studies = studies_of(connection, uid)
        done = connection.execute(delete(awaited_step).where(a.sop_instance_uid == uid, IS_OVERDUE))
        for study_uid in sorted(studies) if done.rowcount else ():
            tell(connection, "expected", study_uid, "", now_us())


def _steps_of(connection: Connection, order_id: int) -> list[str]:
    statement = select(link.sop_instance_uid).where(link.order_id == order_id)
    return list(connection.execute(statement).scalars())


# -- what is missing -------------------------------------------------------------------------------


@dataclass(slots=True)
class Shortfall:
    """What was made for an order or a study and is not here though it is overdue since ``since_us``."""

    since_us: int
    missing: dict[str, int] = field(default_factory=dict)
    """How many, by the description of the series, or its UID where it has none."""


class Awaited:
    """What does not come, for orders and for studies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_orders(self, order_ids: Collection[int]) -> dict[int, Shortfall]:
        """By order."""
        joined = awaited_step.join(
            performed_step_order, link.sop_instance_uid == a.sop_instance_uid
        ).join(expected_instance, x.procedure_step_uid == a.sop_instance_uid)
        columns = (a.sop_instance_uid, x.series_instance_uid, a.news_us)
        statement = select(link.order_id, *columns, func.count(distinct(x.sop_instance_uid)))
        statement = statement.select_from(joined).group_by(link.order_id, *columns)
        statement = statement.where(
            link.order_id.in_(order_ids), IS_OVERDUE, ~is_here(x.sop_instance_uid)
        )
        return self._short(statement)

    def of_studies(self, study_instance_uids: Collection[str]) -> dict[str, Shortfall]:
        """By Study Instance UID."""
        each = belonging(study_instance_uids).c
        columns = (each.procedure_step_uid, each.series_instance_uid, a.news_us)
        statement = select(
            each.study_instance_uid, *columns, func.count(distinct(each.sop_instance_uid))
        )
        statement = statement.join(awaited_step, a.sop_instance_uid == each.procedure_step_uid)
        statement = statement.where(IS_OVERDUE, ~is_here(each.sop_instance_uid))
        return self._short(statement.group_by(each.study_instance_uid, *columns))

    def _short(self, statement: Any) -> dict[Any, Shortfall]:
        found: dict[Any, Shortfall] = {}
        with self._database.reading() as connection:
            if (
                connection.execute(select(a.sop_instance_uid).where(IS_OVERDUE).limit(1)).first()
                is None
            ):
                return found
            rows = connection.execute(statement).all()
            names = _series_names(connection, {row[1] for row in rows})
        for key, step_uid, series_uid, news_us, number in rows:
            one = found.setdefault(key, Shortfall(news_us))
            one.since_us = max(one.since_us, news_us)
            name = names.get((step_uid, series_uid), "") or series_uid
            one.missing[name] = one.missing.get(name, 0) + number
        return found


def _series_names(connection: Connection, step_uids: set[str]) -> dict[tuple[str, str], str]:
    p = performed_procedure_step.c
    statement = select(p.sop_instance_uid, p.attributes).where(p.sop_instance_uid.in_(step_uids))
    return dict(_names_in(connection.execute(statement).all()))


def _names_in(rows: Collection[Any]) -> Iterator[tuple[tuple[str, str], str]]:
    for step_uid, attributes in rows:
        for series in rules.items_of(orjson.loads(attributes), rules.PERFORMED_SERIES):
            uid = value_of(series, rules.SERIES_INSTANCE_UID)
            yield (step_uid, uid), value_of(series, rules.SERIES_DESCRIPTION)
