"""Performed procedure steps as modalities report them, and which orders they carry out."""

import datetime as dt
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from hounsfield.dicom import procedure_steps as rules
from hounsfield.dicom.procedure_steps import Status, study_of, value_of
from hounsfield.index import schema
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata
from hounsfield.index.site import expectations, orders

_Id = BigInteger().with_variant(Integer, "sqlite")

performed_procedure_step = Table(
    "performed_procedure_step",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("start_date", String(8), nullable=False),
    Column("attributes", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("performed_procedure_step_by_study", "study_instance_uid", "status"),
    Index("performed_procedure_step_by_patient", "patient_id"),
    Index("performed_procedure_step_by_start", "start_date"),
)
performed_step_order = Table(
    "performed_step_order",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("order_id", _Id, primary_key=True),
    Index("performed_step_order_by_order", "order_id"),
)
p, link = performed_procedure_step.c, performed_step_order.c
_HAS_ORDER = (
    select(link.order_id)
    .where(link.sop_instance_uid == p.sop_instance_uid)
    .correlate(performed_procedure_step)
    .exists()
)
# Of one patient; who has more has earlier ones that were answered long ago.
_MOST_EARLIER = 500

_WRONG_ENTRY = (
    "The scanner gave this step up because the wrong worklist entry had been taken."
    " See whether images have been stored under this patient that are another's."
)
_ORDER_STATUS = {
    Status.IN_PROGRESS: "in progress",
    Status.COMPLETED: "completed",
    Status.DISCONTINUED: "discontinued",
}


@dataclass(slots=True)
class ProcedureStep:
    """One performed procedure step; ``attributes`` in the DICOM JSON model."""

    sop_instance_uid: str
    attributes: dict[str, Any] = field(repr=False)
    created_by: str = ""
    created_us: int = 0
    updated_us: int = 0

    @property
    def status(self) -> Status:
        return Status(value_of(self.attributes, rules.STATUS))


class ProcedureStepTable:
    """The performed procedure steps of an archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def changing(self) -> Iterator["Changes"]:
        """One transaction in which steps are read and changed."""
        with self._database.writing() as connection:
            yield Changes(connection)

    def get(self, sop_instance_uid: str) -> ProcedureStep | None:
        with self._database.reading() as connection:
            return _get(connection, sop_instance_uid)

    def for_order(self, order_id: int) -> list[ProcedureStep]:
        """The steps that carry out an order, in the order in which they were reported."""
        statement = (
            select(performed_procedure_step)
            .join(performed_step_order, link.sop_instance_uid == p.sop_instance_uid)
            .where(link.order_id == order_id)
            .order_by(p.created_us)
        )
        with self._database.reading() as connection:
            return [_step(row) for row in connection.execute(statement)]

    def page(
        self, reported: "Reported", limit: int, offset: int = 0
    ) -> tuple[list[ProcedureStep], int]:
        """Steps, what was reported last first, and how many there are."""
        conditions: list[Any] = [~_HAS_ORDER] if reported.unscheduled else []
        if reported.first_date:
            conditions.append(p.start_date >= reported.first_date)
        if reported.last_date:
            conditions.append(p.start_date <= reported.last_date)
        statement = select(performed_procedure_step).where(*conditions)
        statement = statement.order_by(p.created_us.desc(), p.sop_instance_uid)
        count = select(func.count()).select_from(performed_procedure_step).where(*conditions)
        with self._database.reading() as connection:
            total = connection.execute(count).scalar() or 0
            rows = connection.execute(statement.limit(limit).offset(offset)).all()
        return [_step(row) for row in rows], total

    def studies_here(self, study_instance_uids: Collection[str]) -> set[str]:
        """Which of these studies have come."""
        uid = schema.study.c.study_instance_uid
        with self._database.reading() as connection:
            found = connection.execute(select(uid).where(uid.in_(study_instance_uids)))
            return set(found.scalars())


@dataclass(frozen=True, slots=True)
class Reported:
    """Which steps are asked for; dates are inclusive, what is empty does not matter.

    ``unscheduled`` are those that no order belongs to.
    """

    unscheduled: bool = False
    first_date: str = ""
    last_date: str = ""


class Changes:
    """What can be done within one transaction; orders and expectations follow in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._now_us = time.time_ns() // 1000

    def get(self, sop_instance_uid: str) -> ProcedureStep | None:
        return _get(self._connection, sop_instance_uid, for_update=True)

    def add(self, step: ProcedureStep) -> None:
        self._connection.execute(
            insert(performed_procedure_step).values(
                sop_instance_uid=step.sop_instance_uid,
                created_by=step.created_by[:64],
                created_us=self._now_us,
                **self._columns(step),
            )
        )
        named = {one for orders_ in self._named(step) for one in orders_}
        self._link(step, sorted(named))
        self._follow(step)

    def save(self, step: ProcedureStep) -> None:
        self._connection.execute(
            update(performed_procedure_step)
            .where(p.sop_instance_uid == step.sop_instance_uid)
            .values(**self._columns(step))
        )
        self._follow(step)

    def link_earlier(self, order: orders.Order) -> None:
        """Link an order to the steps that named it before it was there; it has their status then.

        What of a step another order answers already stays with that one.
        """
        ways = [
            column == value
            for column, value in (
                (p.study_instance_uid, order.get("StudyInstanceUID")),
                (p.patient_id, order.get("PatientID")),
            )
            if value
        ]
        statement = select(performed_procedure_step).where(or_(*ways)) if ways else None
        if statement is None:
            return
        statement = statement.order_by(p.created_us.desc()).limit(_MOST_EARLIER)
        for step in map(_step, self._connection.execute(statement).all()):
            linked = self.orders_of(step.sop_instance_uid)
            if any(order.id in named and not linked & set(named) for named in self._named(step)):
                self.link(step, order.id)

    def link(self, step: ProcedureStep, order_id: int) -> None:
        """Say that a step carried out an order, whatever it names; the order has its status then."""
        self._link(step, [order_id])
        self._move(order_id, step)

    def orders_of(self, sop_instance_uid: str) -> set[int]:
        """The orders that a step carries out."""
        statement = select(link.order_id).where(link.sop_instance_uid == sop_instance_uid)
        return set(self._connection.execute(statement).scalars())

    def _link(self, step: ProcedureStep, order_ids: Iterable[int]) -> None:
        rows = [{"sop_instance_uid": step.sop_instance_uid, "order_id": one} for one in order_ids]
        if rows:
            self._connection.execute(insert(performed_step_order), rows)

    def _columns(self, step: ProcedureStep) -> dict[str, Any]:
        return {
            "status": str(step.status),
            "study_instance_uid": study_of(step.attributes)[:64],
            "patient_id": value_of(step.attributes, rules.PATIENT_ID)[:64],
            "start_date": _start_date(step, self._now_us),
            "attributes": orjson.dumps(step.attributes).decode(),
            "updated_us": self._now_us,
        }

    def _named(self, step: ProcedureStep) -> Iterator[list[int]]:
        """The orders that each item of a step's Scheduled Step Attributes Sequence names."""
        patient_id = value_of(step.attributes, rules.PATIENT_ID)
        for item in rules.items_of(step.attributes, rules.SCHEDULED_STEPS):
            found = orders.for_steps(
                self._connection,
                study_instance_uid=value_of(item, rules.STUDY_INSTANCE_UID),
                accession_number=value_of(item, rules.ACCESSION_NUMBER),
                requested_procedure_id=value_of(item, rules.REQUESTED_PROCEDURE_ID),
                scheduled_procedure_step_id=value_of(item, rules.SCHEDULED_STEP_ID),
                patient_id=patient_id,
            )
            yield [one.id for one in found]

    def _follow(self, step: ProcedureStep) -> None:
        """Bring orders, expectations and the feed of changes to what a step says now."""
        uid, study_uid = step.sop_instance_uid, study_of(step.attributes)[:64]
        for order_id in sorted(self.orders_of(uid)):
            self._move(order_id, step)
        expectations.reference(self._connection, uid, study_uid, rules.references(step.attributes))
        study = schema.study.c
        patient = select(study.patient_fk).where(study.study_instance_uid == study_uid)
        self._connection.execute(
            insert(schema.change).values(
                kind="expected",
                study_instance_uid=study_uid,
                series_instance_uid="",
                sop_instance_uid="",
                patient_fk=self._connection.execute(patient.limit(1)).scalar() or 0,
                actor=step.created_by[:64],
                at_us=self._now_us,
            )
        )

    def _move(self, order_id: int, step: ProcedureStep) -> None:
        """An order is in progress while any of its steps is, completed when one was, otherwise discontinued."""
        statement = (
            select(p.status)
            .join(performed_step_order, link.sop_instance_uid == p.sop_instance_uid)
            .where(link.order_id == order_id)
        )
        statuses = {Status(one) for one in self._connection.execute(statement).scalars()}
        status = next(
            one
            for one in (Status.IN_PROGRESS, Status.COMPLETED, Status.DISCONTINUED)
            if one in statuses
        )
        is_wrong = (
            step.status is Status.DISCONTINUED
            and rules.reason_of(step.attributes)[0] == rules.INCORRECT_WORKLIST_ENTRY
        )
        orders.move(
            self._connection, [order_id], _ORDER_STATUS[status], _WRONG_ENTRY if is_wrong else None
        )


def _get(
    connection: Connection, sop_instance_uid: str, *, for_update: bool = False
) -> ProcedureStep | None:
    statement = select(performed_procedure_step).where(p.sop_instance_uid == sop_instance_uid)
    if for_update and connection.dialect.name != "sqlite":  # which has one writer at a time
        statement = statement.with_for_update()
    row = connection.execute(statement).first()
    return None if row is None else _step(row)


def _start_date(step: ProcedureStep, now_us: int) -> str:
    """The day on which a step began; the day of its report where it names none that is one."""
    said = value_of(step.attributes, rules.START_DATE).replace(".", "")  # as ACR-NEMA wrote it
    if len(said) == len("YYYYMMDD") and said.isascii() and said.isdigit():
        return said
    reported_us = step.created_us or now_us
    return dt.datetime.fromtimestamp(reported_us / 1e6).astimezone().strftime("%Y%m%d")


def _step(row: Any) -> ProcedureStep:
    return ProcedureStep(
        row.sop_instance_uid,
        orjson.loads(row.attributes),
        row.created_by,
        row.created_us,
        row.updated_us,
    )
