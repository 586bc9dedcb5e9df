"""Performed procedure steps as modalities report them, and which orders they carry out."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from hounsfield.dicom import procedure_steps as rules
from hounsfield.dicom.procedure_steps import Status, value_of
from hounsfield.index import schema
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site import awaiting, expectations, orders
from hounsfield.index.site.step_tables import (
    performed_procedure_step,
    performed_step_order,
    performed_step_study,
)

p, link, of_study = performed_procedure_step.c, performed_step_order.c, performed_step_study.c
_HAS_ORDER = (
    select(link.order_id)
    .where(link.sop_instance_uid == p.sop_instance_uid)
    .correlate(performed_procedure_step)
    .exists()
)
# Of one patient; who has more has earlier ones that were answered long ago.
_MOST_EARLIER = 500
_MAX_UID = 64
_PAGE = 500

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

    def derive(self) -> None:
        """Tell anew from the reports which studies they name, and look at all that they made.

        An index of an earlier version, whose tables were taken over, did not have that.
        """
        last = ""
        while True:
            statement = select(performed_procedure_step).where(p.sop_instance_uid > last)
            with self._database.writing() as connection:
                rows = connection.execute(statement.order_by(p.sop_instance_uid).limit(_PAGE)).all()
                for step in map(_step, rows):
                    _name_studies(connection, step)
                    awaiting.begin(connection, step.sop_instance_uid, step.updated_us)
            if len(rows) < _PAGE:
                return
            last = rows[-1].sop_instance_uid

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
        self._now_us = now_us()

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
        ways: list[Any] = []
        if study_uid := order.get("StudyInstanceUID"):
            named = select(of_study.sop_instance_uid)
            ways.append(
                p.sop_instance_uid.in_(named.where(of_study.study_instance_uid == study_uid))
            )
        if patient_id := order.get("PatientID"):
            ways.append(p.patient_id == patient_id)
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
        """Bring orders, expectations, studies and the feed of changes to what a step says now."""
        uid = step.sop_instance_uid
        for order_id in sorted(self.orders_of(uid)):
            self._move(order_id, step)
        _name_studies(self._connection, step)
        expectations.reference(self._connection, uid, rules.references(step.attributes))
        is_whole = awaiting.begin(self._connection, uid, self._now_us)
        for study_uid in sorted(expectations.studies_of(self._connection, uid)):
            if not is_whole:
                self._reopen(study_uid)
            awaiting.tell(self._connection, "expected", study_uid, step.created_by, self._now_us)

    def _reopen(self, study_instance_uid: str) -> None:
        """A study that was taken for complete receives again where a scanner says that there is more."""
        if expectations.of_study(self._connection, study_instance_uid).missing:
            study = schema.study
            self._connection.execute(
                update(study)
                .where(
                    study.c.study_instance_uid == study_instance_uid,
                    study.c.status != schema.RECEIVING,
                )
                .values(status=schema.RECEIVING)
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


def _name_studies(connection: Connection, step: ProcedureStep) -> None:
    """Keep which studies a step names."""
    uid = step.sop_instance_uid
    connection.execute(delete(performed_step_study).where(of_study.sop_instance_uid == uid))
    rows = [
        {"sop_instance_uid": uid, "study_instance_uid": study_uid}
        for study_uid in rules.studies_of(step.attributes)
        if len(study_uid) <= _MAX_UID
    ]
    if rows:
        connection.execute(insert(performed_step_study), rows)


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
