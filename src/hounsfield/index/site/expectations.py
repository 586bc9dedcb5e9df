"""How many instances studies and orders should have, by what the scanners say, and how many are here (MPPS-03).

What is here is looked up when somebody asks, so that an instance that comes costs nothing more.

A performed procedure step names its series without saying of which study each is (PS3.4 table F.7.2-1). A series of
which something is here is of the study that it is in, whatever the step names; one of which nothing is here may be of
any study that the step names, and counts for each of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, distinct, func, insert, select, union, union_all
from sqlalchemy.engine import Connection

from hounsfield.index import schema
from hounsfield.index.database import Database
from hounsfield.index.site.step_tables import (
    expected_instance,
    performed_step_order,
    performed_step_study,
)

st, se = schema.study, schema.series
x, named_by, link = expected_instance.c, performed_step_study.c, performed_step_order.c
_instance = schema.instance.c
_AT_A_TIME = 500
_MAX_UID = 64


def is_here(sop_instance_uid: Any) -> Any:
    """Whether an instance is in the archive, in whichever study."""
    return select(_instance.id).where(_instance.sop_instance_uid == sop_instance_uid).exists()


def _counts(sop_instance_uid: Any) -> tuple[Any, ...]:
    here = case((is_here(sop_instance_uid), sop_instance_uid))
    return func.count(distinct(sop_instance_uid)), func.count(distinct(here))


@dataclass(frozen=True, slots=True)
class Expected:
    """How many instances were made, and how many of these are here."""

    expected: int
    received: int

    @property
    def missing(self) -> int:
        return self.expected - self.received


class Expectations:
    """What studies and orders should have, against what is here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, study_instance_uids: Collection[str]) -> dict[str, Expected]:
        """By Study Instance UID; of studies that no scanner said anything about there is nothing."""
        with self._database.reading() as connection:
            return of_studies(connection, study_instance_uids)

    def of_orders(self, order_ids: Collection[int]) -> dict[int, Expected]:
        """By order; of those that no performed procedure step carries out there is nothing."""
        joined = expected_instance.join(
            performed_step_order, link.sop_instance_uid == x.procedure_step_uid
        )
        statement = select(link.order_id, *_counts(x.sop_instance_uid)).select_from(joined)
        statement = statement.where(link.order_id.in_(order_ids)).group_by(link.order_id)
        with self._database.reading() as connection:
            return _by_first(connection, statement)

    def series_of(self, procedure_step_uid: str) -> dict[str, Expected]:
        """By Series Instance UID, of one performed procedure step."""
        statement = select(x.series_instance_uid, *_counts(x.sop_instance_uid))
        statement = statement.where(x.procedure_step_uid == procedure_step_uid)
        with self._database.reading() as connection:
            return _by_first(connection, statement.group_by(x.series_instance_uid))

    def missing_of(self, procedure_step_uid: str, at_most: int) -> dict[str, list[str]]:
        """The first SOP Instance UIDs that a step named and that are not here, by Series Instance UID."""
        statement = select(x.series_instance_uid, x.sop_instance_uid)
        statement = statement.where(
            x.procedure_step_uid == procedure_step_uid, ~is_here(x.sop_instance_uid)
        )
        found: dict[str, list[str]] = {}
        with self._database.reading() as connection:
            for series_uid, sop_uid in connection.execute(statement.limit(at_most)):
                found.setdefault(series_uid, []).append(sop_uid)
        return found


def of_studies(connection: Connection, study_instance_uids: Collection[str]) -> dict[str, Expected]:
    """What studies should have, by Study Instance UID."""
    each = belonging(study_instance_uids)
    statement = select(each.c.study_instance_uid, *_counts(each.c.sop_instance_uid))
    return _by_first(connection, statement.group_by(each.c.study_instance_uid))


def of_study(connection: Connection, study_instance_uid: str) -> Expected:
    """What one study should have; nothing where no scanner said anything."""
    found = of_studies(connection, [study_instance_uid])
    return found.get(study_instance_uid, Expected(0, 0))


def belonging(study_instance_uids: Collection[str]) -> Any:
    """The instances that were made for studies: (study, step, series, SOP) Instance UIDs, some perhaps twice."""
    rest = (x.procedure_step_uid, x.series_instance_uid, x.sop_instance_uid)
    its_series = se.join(st, st.c.id == se.c.study_fk)
    there = select(st.c.study_instance_uid, *rest).select_from(
        its_series.join(expected_instance, x.series_instance_uid == se.c.series_instance_uid)
    )
    has_series = select(se.c.id).where(se.c.series_instance_uid == x.series_instance_uid).exists()
    named = select(named_by.study_instance_uid, *rest).select_from(
        expected_instance.join(
            performed_step_study, named_by.sop_instance_uid == x.procedure_step_uid
        )
    )
    return union_all(
        there.where(st.c.study_instance_uid.in_(study_instance_uids)),
        named.where(named_by.study_instance_uid.in_(study_instance_uids), ~has_series),
    ).subquery("belonging")


def studies_of(connection: Connection, procedure_step_uid: str) -> set[str]:
    """The studies that a step names, and those in which series are that it made."""
    its_series = se.join(st, st.c.id == se.c.study_fk)
    named = select(named_by.study_instance_uid)
    there = select(st.c.study_instance_uid).select_from(
        its_series.join(expected_instance, x.series_instance_uid == se.c.series_instance_uid)
    )
    found = union(
        named.where(named_by.sop_instance_uid == procedure_step_uid),
        there.where(x.procedure_step_uid == procedure_step_uid),
    )
    return set(connection.execute(found).scalars())


def missing_number(connection: Connection, procedure_step_uid: str) -> int:
    """How many of the instances that a step named are not here."""
    statement = select(func.count()).select_from(expected_instance)
    statement = statement.where(
        x.procedure_step_uid == procedure_step_uid, ~is_here(x.sop_instance_uid)
    )
    return connection.execute(statement).scalar() or 0


def _by_first(connection: Connection, statement: Any) -> dict[Any, Expected]:
    return {row[0]: Expected(row[1], row[2]) for row in connection.execute(statement)}


def reference(
    connection: Connection, procedure_step_uid: str, references: Iterable[tuple[str, str]]
) -> None:
    """Put what a step says it made in the place of what it said before; (Series, SOP) Instance UIDs."""
    connection.execute(delete(expected_instance).where(x.procedure_step_uid == procedure_step_uid))
    rows = [
        {
            "procedure_step_uid": procedure_step_uid,
            "sop_instance_uid": sop_uid,
            "series_instance_uid": series_uid[:_MAX_UID],
        }
        for sop_uid, series_uid in {sop: series for series, sop in references}.items()
        if len(sop_uid) <= _MAX_UID
    ]
    for begin in range(0, len(rows), _AT_A_TIME):
        connection.execute(insert(expected_instance), rows[begin : begin + _AT_A_TIME])
