"""Orders: what is to be done, one row a scheduled procedure step, and how far it is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.engine import Connection

from hounsfield.dicom.attributes import normalise, normalise_name
from hounsfield.dicom.orders import Code, Values
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import RowId, metadata
from hounsfield.index.site.step_tables import awaited_step, performed_step_order

order = Table(
    "imaging_order",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("status", String(16), nullable=False),
    Column("needs_attention", Text, nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("accession_number", String(16), nullable=False),
    Column("requested_procedure_id", String(16), nullable=False),
    Column("scheduled_procedure_step_id", String(16), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("station_ae_title", Text, nullable=False),
    Column("start_date", String(8), nullable=False),
    Column("start_time", String(14), nullable=False),
    Column("search_text", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("imaging_order_by_start", "start_date", "start_time", "id"),
    Index("imaging_order_by_status", "status", "start_date"),
    Index("imaging_order_by_patient", "patient_id"),
    Index("imaging_order_by_accession", "accession_number"),
    Index("imaging_order_by_study", "study_instance_uid"),
)
o, link = order.c, performed_step_order.c
_IS_SHORT = o.id.in_(
    select(link.order_id)
    .join(awaited_step, awaited_step.c.sop_instance_uid == link.sop_instance_uid)
    .where(awaited_step.c.is_overdue == true())
)
_PAGE = 200


@dataclass(slots=True)
class Order:
    """One order, that is one scheduled procedure step; ``values`` by keyword, as `dicom.orders` has them."""

    values: dict[str, str]
    request_codes: tuple[Code, ...] = ()
    step_codes: tuple[Code, ...] = ()
    status: str = "scheduled"
    needs_attention: str = ""
    id: int = 0
    created_by: str = ""
    created_us: int = 0
    updated_us: int = 0

    def get(self, keyword: str) -> str:
        """A value; empty where there is none."""
        return self.values.get(keyword, "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders are asked for; what is empty does not matter. Dates are inclusive."""

    text: str = ""
    first_date: str = ""
    last_date: str = ""
    statuses: tuple[str, ...] = ()
    modality: str = ""
    station_ae_title: str = ""
    patient_id: str = ""
    needs_attention: bool = False
    any_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Orders:
    """The orders of an archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def changing(self) -> Iterator["Changes"]:
        """One transaction in which orders are read and changed."""
        with self._database.writing() as connection:
            yield Changes(connection)

    def get(self, order_id: int) -> Order | None:
        with self._database.reading() as connection:
            return _one(connection, order_id)

    def page(self, wanted: Wanted, limit: int, offset: int = 0) -> tuple[list[Order], int]:
        """Orders by start date and time, and how many there are."""
        conditions = _conditions(wanted)
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).where(*conditions)).scalar() or 0
            statement = select(order).where(*conditions)
            statement = statement.order_by(o.start_date, o.start_time, o.id)
            rows = connection.execute(statement.limit(limit).offset(offset)).all()
        return [_order(row) for row in rows], total

    def stream(self, wanted: Wanted) -> Iterator[Order]:
        """Orders by start date and time, a page in memory at a time."""
        conditions = _conditions(wanted)
        last: tuple[str, str, int] | None = None
        while True:
            statement = select(order).where(*conditions)
            if last is not None:
                statement = statement.where(_after(*last))
            statement = statement.order_by(o.start_date, o.start_time, o.id).limit(_PAGE)
            with self._database.reading() as connection:
                rows = connection.execute(statement).all()
            yield from map(_order, rows)
            if len(rows) < _PAGE:
                return
            last = (rows[-1].start_date, rows[-1].start_time, rows[-1].id)


class Changes:
    """What can be done to orders within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def get(self, order_id: int) -> Order | None:
        return _one(self.connection, order_id)

    def next_number(self) -> int:
        """A number that no order had yet, to make IDs of."""
        return int(self.connection.execute(select(func.max(o.id))).scalar() or 0) + 1

    def with_accession_number(self, accession_number: str) -> list[Order]:
        statement = select(order).where(o.accession_number == accession_number)
        return [_order(row) for row in self.connection.execute(statement)]

    def with_study(self, study_instance_uid: str) -> list[Order]:
        statement = select(order).where(o.study_instance_uid == study_instance_uid)
        return [_order(row) for row in self.connection.execute(statement)]

    def add(self, new: Order) -> int:
        new.created_us = new.updated_us = now_us()
        done = self.connection.execute(
            insert(order).values(
                created_by=new.created_by[:64], created_us=new.created_us, **_columns(new)
            )
        )
        new.id = int(done.inserted_primary_key[0])  # type: ignore[index]
        return new.id

    def save(self, changed: Order) -> None:
        changed.updated_us = now_us()
        self.connection.execute(update(order).where(o.id == changed.id).values(**_columns(changed)))


def move(
    connection: Connection,
    order_ids: Iterable[int],
    status: str,
    needs_attention: str | None = None,
) -> None:
    """Give orders another status, and what a person should look at, within a transaction of the caller's."""
    values: dict[str, Any] = {"status": status, "updated_us": now_us()}
    if needs_attention is not None:
        values["needs_attention"] = needs_attention
    connection.execute(update(order).where(o.id.in_(list(order_ids))).values(**values))


def for_steps(
    connection: Connection,
    *,
    study_instance_uid: str,
    accession_number: str,
    requested_procedure_id: str,
    scheduled_procedure_step_id: str,
    patient_id: str,
) -> list[Order]:
    """The orders that a performed procedure step names in an item of its Scheduled Step Attributes Sequence.

    The step's ID decides where it is given; of one request all its steps otherwise. What names another patient is
    none, whatever its numbers are.
    """
    ways = []
    if study_instance_uid:
        ways.append(o.study_instance_uid == study_instance_uid)
    if accession_number:
        ways.append(o.accession_number == accession_number)
    if not ways:
        return []
    rows = connection.execute(select(order).where(or_(*ways)).order_by(o.id)).all()
    found = [_order(row) for row in rows if not patient_id or row.patient_id == patient_id]
    for keyword, value in (
        ("RequestedProcedureID", requested_procedure_id),
        ("ScheduledProcedureStepID", scheduled_procedure_step_id),
    ):
        exact = [one for one in found if value and one.get(keyword) == value]
        found = exact or found
    return found


def _after(start_date: str, start_time: str, order_id: int) -> Any:
    return or_(
        o.start_date > start_date,
        and_(o.start_date == start_date, o.start_time > start_time),
        and_(o.start_date == start_date, o.start_time == start_time, o.id > order_id),
    )


def _conditions(wanted: Wanted) -> list[Any]:
    conditions: list[Any] = [
        o.search_text.contains(word, autoescape=True) for word in normalise(wanted.text).split()
    ]
    if wanted.first_date:
        conditions.append(o.start_date >= wanted.first_date)
    if wanted.last_date:
        conditions.append(o.start_date <= wanted.last_date)
    if wanted.statuses:
        conditions.append(o.status.in_(wanted.statuses))
    if wanted.modality:
        conditions.append(o.modality == wanted.modality)
    if wanted.patient_id:
        conditions.append(o.patient_id == wanted.patient_id)
    if wanted.station_ae_title:  # one of several, with backslashes around each
        conditions.append(
            o.station_ae_title.contains(f"\\{wanted.station_ae_title}\\", autoescape=True)
        )
    if wanted.needs_attention:
        conditions.append(or_(o.needs_attention != "", _IS_SHORT))
    conditions += [order.c[name].in_(values) for name, values in wanted.any_of.items()]
    return conditions or [o.id > 0]


def _columns(one: Order) -> dict[str, Any]:
    words = ("PatientName", "PatientID", "AccessionNumber", "RequestedProcedureDescription",
             "ScheduledProcedureStepDescription", "ScheduledStationAETitle",
             "ScheduledStationName")  # fmt: skip
    text = " ".join(one.get(keyword) for keyword in words)
    for mark in "^=\\":
        text = text.replace(mark, " ")
    return {
        "status": one.status,
        "needs_attention": one.needs_attention,
        "patient_id": one.get("PatientID"),
        "patient_name": normalise_name(one.get("PatientName")),
        "accession_number": one.get("AccessionNumber"),
        "requested_procedure_id": one.get("RequestedProcedureID"),
        "scheduled_procedure_step_id": one.get("ScheduledProcedureStepID"),
        "study_instance_uid": one.get("StudyInstanceUID"),
        "modality": one.get("Modality"),
        "station_ae_title": f"\\{one.get('ScheduledStationAETitle')}\\",
        "start_date": one.get("ScheduledProcedureStepStartDate"),
        "start_time": one.get("ScheduledProcedureStepStartTime"),
        "search_text": normalise(text),
        "content": orjson.dumps(
            {
                "values": one.values,
                "request_codes": [(c.value, c.designator, c.meaning) for c in one.request_codes],
                "step_codes": [(c.value, c.designator, c.meaning) for c in one.step_codes],
            }
        ).decode(),
        "updated_us": one.updated_us,
    }


def _one(connection: Connection, order_id: int) -> Order | None:
    if not 0 < order_id < 1 << 63:  # more than a column takes
        return None
    row = connection.execute(select(order).where(o.id == order_id)).first()
    return None if row is None else _order(row)


def _order(row: Any) -> Order:
    content = orjson.loads(row.content)
    values: Values = content["values"]
    return Order(
        dict(values),
        tuple(Code(*parts) for parts in content["request_codes"]),
        tuple(Code(*parts) for parts in content["step_codes"]),
        row.status,
        row.needs_attention,
        row.id,
        row.created_by,
        row.created_us,
        row.updated_us,
    )
