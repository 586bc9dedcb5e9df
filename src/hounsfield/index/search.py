"""Answers `dicom.query.Query` in SQL, meaning the same as `dicom.matching` (PS3.4 C.2.2.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, true
from sqlalchemy.sql import Join
from sqlalchemy.sql.expression import literal

from hounsfield.dicom.query import Key, Level, Query
from hounsfield.index import schema
from hounsfield.index.answers import MAKERS, AnswerPlan, answer_columns
from hounsfield.index.conditions import Conditions
from hounsfield.index.limits import check
from hounsfield.index.reading import LOCATION
from hounsfield.index.records import Found, InstanceLocation

p, st, se, i = schema.patient, schema.study, schema.series, schema.instance

_ORDERS: dict[int | str, tuple[Level, tuple[ColumnElement[Any], ...]]] = {
    0x00080020: (Level.STUDY, (st.c.study_date, st.c.study_time)),
    0x00080030: (Level.STUDY, (st.c.study_time,)),
    0x00100010: (Level.STUDY, (st.c.patient_name,)),
    0x00100020: (Level.STUDY, (st.c.patient_id,)),
    0x00081030: (Level.STUDY, (st.c.study_description,)),
    0x00080050: (Level.STUDY, (st.c.accession_number,)),
    0x00201208: (Level.STUDY, (st.c.number_of_instances,)),
    "last_received_at": (Level.STUDY, (st.c.last_received_us,)),
    0x00200011: (Level.SERIES, (se.c.series_number,)),
    0x00200013: (Level.IMAGE, (i.c.instance_number,)),
}
# Each of these is the order of an index, so that a page is read and nothing is sorted.
DEFAULT_ORDER = {
    Level.PATIENT: (p.c.id.desc(),),
    Level.STUDY: (st.c.study_date.desc(), st.c.study_time.desc(), st.c.id.desc()),
    Level.SERIES: (se.c.study_fk.desc(), se.c.series_number, se.c.id),
    Level.IMAGE: (i.c.series_fk.desc(), i.c.instance_number, i.c.id),
}
_AT_ONCE = 200
_IDS = {Level.PATIENT: p.c.id, Level.STUDY: st.c.id, Level.SERIES: se.c.id, Level.IMAGE: i.c.id}
TOTALS = {
    Level.PATIENT: schema.totals.c.patients,
    Level.STUDY: schema.totals.c.studies,
    Level.SERIES: schema.totals.c.series,
    Level.IMAGE: schema.totals.c.instances,
}


def search(connection: Connection, query: Query) -> list[Found]:
    """The matches of ``query`` in its order; the order is total, so that pages never overlap.

    Raises InvalidQuery.
    """
    make = MAKERS[query.level]
    statement = _statement(connection, query, answer_columns(query.level))
    return [make(row, query) for row in connection.execute(statement)]


def stream(connection: Connection, query: Query) -> Iterator[dict[str, Any]]:
    """The attributes of the matches in the query's order, some at a time; more may come than it includes."""
    plan = AnswerPlan(query.level, query.include)
    statement = _statement(connection, query, plan.columns)
    with connection.execute(statement.execution_options(yield_per=_AT_ONCE)) as rows:
        for some in rows.partitions():
            yield from map(plan.read, some)


def rows(connection: Connection, query: Query, plan: AnswerPlan) -> list[Sequence[Any]]:
    """The rows of the matches in the query's order, as ``plan`` reads them; raises InvalidQuery."""
    return [*connection.execute(_statement(connection, query, plan.columns))]


def locate(connection: Connection, keys: tuple[Key, ...]) -> list[InstanceLocation]:
    """Where the instances lie that keys of any level choose, in the order of series and instance number.

    Raises InvalidQuery.
    """
    query = Query(Level.IMAGE, keys)
    check(query)
    conditions = Conditions(connection, is_page=False)
    statement = _select(conditions, query, [*LOCATION]).order_by(
        se.c.study_fk.desc(), se.c.series_number, se.c.id, i.c.instance_number, i.c.id
    )
    return [InstanceLocation(*row) for row in connection.execute(statement)]


def _statement(connection: Connection, query: Query, columns: list[Any]) -> Select[Any]:
    check(query)
    conditions = Conditions(connection, is_page=query.limit is not None)
    statement = _select(conditions, query, columns)
    statement = statement.order_by(*_order(query)).offset(query.offset or None)
    if query.limit is not None:
        statement = statement.limit(query.limit)
    elif query.offset:
        statement = statement.limit(1 << 62)
    return statement


def is_of_all(query: Query) -> bool:
    """Whether a query is for all that there is at its level, whose number is known without counting."""
    return replace(query, order=(), include=None, limit=None, offset=0) == Query(query.level)


def count(connection: Connection, query: Query, at_most: int) -> int:
    """How many match, counted no further than ``at_most``; raises InvalidQuery."""
    check(query)
    conditions = Conditions(connection, is_page=False)
    inner = _select(conditions, query, [literal(1)]).limit(at_most).subquery()
    return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())


def _select(conditions: Conditions, query: Query, columns: list[Any]) -> Select[Any]:
    statement: Select[Any] = select(*columns).select_from(tables(query.level))
    if query.level is Level.PATIENT:
        return statement.where(*_of_patients(conditions, query))
    of_study = [key for key in query.keys if conditions.is_of_study(key)]
    wanted = conditions.of_study(query)
    wanted += [conditions.of_key(query.level, key) for key in of_study]
    if wanted and query.level is not Level.STUDY and not any(map(conditions.is_exact, of_study)):
        # Left to itself SQLite would read all series or instances in order, however few studies match.
        studies = select(st.c.id).select_from(tables(Level.STUDY)).where(*wanted)
        if conditions.are_few(studies):
            wanted = [se.c.study_fk.in_(studies.correlate(None))]
    wanted += [conditions.of_key(query.level, key) for key in query.keys if key not in of_study]
    if query.level is Level.IMAGE:
        wanted.append(i.c.is_current == true())
    return statement.where(*wanted)


def _of_patients(conditions: Conditions, query: Query) -> list[ColumnElement[bool]]:
    """Keys that the study rows carry choose studies, and with them their patients."""
    of_patients = [key for key in query.keys if conditions.is_of_patient(key)]
    wanted = [conditions.of_key(Level.PATIENT, key) for key in of_patients]
    of_studies = conditions.of_study(query)
    of_studies += [
        conditions.of_key(Level.STUDY, key) for key in query.keys if key not in of_patients
    ]
    if of_studies:
        wanted.append(p.c.id.in_(select(st.c.patient_fk).where(*of_studies)))
    return wanted


def tables(level: Level) -> Any:
    """What a query at a level selects from."""
    if level is Level.PATIENT:
        return p
    joined: Join = st.join(p, p.c.id == st.c.patient_fk)
    if level in {Level.SERIES, Level.IMAGE}:
        joined = joined.join(se, se.c.study_fk == st.c.id)
    if level is Level.IMAGE:
        joined = joined.join(i, i.c.series_fk == se.c.id)
    return joined


def _order(query: Query) -> list[ColumnElement[Any]]:
    if not query.order:
        return list(DEFAULT_ORDER[query.level])
    made: list[ColumnElement[Any]] = []
    descending = False
    for order in query.order:
        level, columns = _ORDERS.get(order.by, (query.level, ()))
        if level.depth <= query.level.depth and query.level is not Level.PATIENT:
            made += [column.desc() if order.descending else column.asc() for column in columns]
            descending = order.descending
    tie = _IDS[query.level]
    return [*made, tie.desc() if descending else tie.asc()]
