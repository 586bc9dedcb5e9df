"""Which studies are complete, which orders the arrival of images moves, and what does not come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select, true, update
from sqlalchemy.engine import Connection

from hounsfield.dicom.procedure_steps import Status
from hounsfield.index import schema
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.site import awaiting, expectations, orders
from hounsfield.index.site.awaiting import Look
from hounsfield.index.site.expectations import Expected
from hounsfield.index.site.step_tables import (
    performed_procedure_step,
    performed_step_order,
    performed_step_study,
)

st, se, i = schema.study, schema.series, schema.instance
p, link, o = performed_procedure_step.c, performed_step_order.c, orders.order.c
named_by = performed_step_study.c
_STEP_OF_STUDY = performed_procedure_step.join(
    performed_step_study, named_by.sop_instance_uid == p.sop_instance_uid
)
_OPEN = ("scheduled", "arrived", "in progress")
_SOME = 500
_COLUMNS = (
    st.c.id,
    st.c.study_instance_uid,
    st.c.patient_fk,
    st.c.last_received_us,
    st.c.patient_id,
    st.c.accession_number,
    st.c.modalities,
)
_NOTHING = Expected(0, 0)
_IS_RECEIVING = st.c.status == schema.RECEIVING


@dataclass(frozen=True, slots=True)
class _Study:
    id: int
    uid: str
    patient_fk: int
    last_received_us: int
    patient_id: str
    accession_number: str
    modalities: str


@dataclass(frozen=True, slots=True)
class Times:
    """When it is now, and how long to wait for more, in µs.

    ``quiet_us`` is for a study of which nobody said more, ``incomplete_us`` for one that lacks instances or is still
    being made.
    """

    now_us: int
    quiet_us: int
    incomplete_us: int

    @classmethod
    def of(cls, quiet_s: float, incomplete_s: float) -> "Times":
        return cls(now_us(), int(quiet_s * 1e6), int(incomplete_s * 1e6))


@dataclass(slots=True)
class Plan:
    """What is to be done about studies that still receive; orders by the status that they get."""

    complete: list[_Study] = field(default_factory=list)
    orders: dict[str, list[int]] = field(default_factory=dict)
    awaited: list[Look] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.complete or self.orders or self.awaited)


def plan(connection: Connection, times: Times) -> Plan:
    """See what is to be done; reads only.

    A study of which a performed procedure step is in progress, or fewer instances came than were made, waits long
    for more; one that has all of them is complete at once, and any other when it has been quiet.
    """
    found = Plan()
    # Nothing but the status may be asked here: the partial index on it is small, any other is not.
    statement = select(*_COLUMNS).where(_IS_RECEIVING)
    receiving = [_Study(*row) for row in connection.execute(statement)]
    said = _said(connection, [study.uid for study in receiving])
    for study in receiving:
        steps = said.get(study.uid, _Said())
        quiet_us = times.now_us - max(study.last_received_us, steps.at_us)
        if steps.is_in_progress or steps.count.missing:
            is_complete = quiet_us > times.incomplete_us
        else:
            is_complete = steps.count.expected > 0 or quiet_us > times.quiet_us
        if is_complete:
            found.complete.append(study)
    _plan_orders(connection, receiving, found)
    found.awaited = awaiting.plan(connection, times.now_us, times.incomplete_us)
    return found


@dataclass(slots=True)
class _Said:
    """What performed procedure steps say of a study, and when one said something last."""

    is_in_progress: bool = False
    at_us: int = 0
    count: Expected = _NOTHING


def _said(connection: Connection, study_instance_uids: list[str]) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    if not _is_any(connection, select(p.sop_instance_uid)):
        return found
    for some in _parts(study_instance_uids):
        columns = (named_by.study_instance_uid, p.status, p.updated_us)
        statement = select(*columns).select_from(_STEP_OF_STUDY)
        for uid, status, updated_us in connection.execute(
            statement.where(named_by.study_instance_uid.in_(some))
        ):
            one = found.setdefault(uid, _Said())
            one.is_in_progress |= status == Status.IN_PROGRESS
            one.at_us = max(one.at_us, updated_us)
        for uid, count in expectations.of_studies(connection, some).items():
            found.setdefault(uid, _Said()).count = count
    return found


def _plan_orders(connection: Connection, receiving: list[_Study], found: Plan) -> None:
    """Orders whose images come without a performed procedure step (MWL-03).

    Of several steps of one request it is the one of the images' modality; where that does not tell, none.
    """
    if not receiving or not _is_any(connection, select(o.id).where(o.status.in_(_OPEN))):
        return
    completed = {study.id for study in found.complete}
    by_study = _open_orders(connection, o.study_instance_uid, [one.uid for one in receiving])
    numbers = [one.accession_number for one in receiving if one.accession_number]
    by_number = _open_orders(connection, o.accession_number, numbers)
    for study in receiving:
        same = (one for one in by_number.get(study.accession_number, ())
                if one.patient_id == study.patient_id)  # fmt: skip
        candidates: dict[str, dict[int, str]] = {}
        for one in (*by_study.get(study.uid, ()), *same):
            if f"\\{one.modality}\\" in study.modalities:
                candidates.setdefault(one.modality, {})[one.id] = one.status
        status = "completed" if study.id in completed else "in progress"
        for some in candidates.values():
            begun = [one for one, was in some.items() if was == "in progress"] or list(some)
            if len(begun) == 1 and some[begun[0]] != status:
                found.orders.setdefault(status, []).append(begun[0])


def _open_orders(connection: Connection, by: Any, values: list[str]) -> dict[str, list[Any]]:
    """Orders that no performed procedure step speaks of, by the value of a column."""
    has_step = select(link.order_id).where(link.order_id == o.id).exists()
    columns = (o.id, o.modality, o.status, o.patient_id)
    found: dict[str, list[Any]] = {}
    for some in _parts(values):
        statement = select(by.label("by"), *columns).where(by.in_(some), ~has_step)
        for row in connection.execute(statement):
            if row.status in _OPEN:
                found.setdefault(row.by, []).append(row)
    return found


def _is_any(connection: Connection, statement: Any) -> bool:
    return connection.execute(statement.limit(1)).first() is not None


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _SOME):
        yield values[start : start + _SOME]


def settle(connection: Connection, times: Times) -> int:
    """Do what is to be done, within one transaction; gives how many studies became complete."""
    found = plan(connection, times)
    number = sum(_complete(connection, study, times.now_us) for study in found.complete)
    for status, order_ids in found.orders.items():
        for start in range(0, len(order_ids), _SOME):
            orders.move(connection, order_ids[start : start + _SOME], status)
    awaiting.settle(connection, found.awaited, times.now_us)
    return number


def _complete(connection: Connection, study: _Study, now_us: int) -> bool:
    """Mark a study complete unless more came or it is; gives whether it was done."""
    done = connection.execute(
        update(st)
        .where(st.c.id == study.id, _IS_RECEIVING, st.c.last_received_us == study.last_received_us)
        .values(status="complete")
    )
    if not done.rowcount:
        return False
    connection.execute(
        insert(schema.change).values(
            kind="complete",
            study_instance_uid=study.uid,
            series_instance_uid="",
            sop_instance_uid="",
            patient_fk=study.patient_fk,
            actor="worker",
            at_us=now_us,
        )
    )
    return True


def complete_whole(database: Database, sop_instance_uids: Sequence[str]) -> list[str]:
    """Complete the receiving studies of which these are all instances; gives their UIDs.

    One of which a performed procedure step is in progress, or says that there is more, goes on receiving.
    """
    uids = list(dict.fromkeys(sop_instance_uids))
    with database.reading() as connection:  # a look before taking the write lock
        if not _whole(connection, uids):
            return []
    now = now_us()
    with database.writing() as connection:
        whole = _whole(connection, uids)
        return [study.uid for study in whole if _complete(connection, study, now)]


def _whole(connection: Connection, sop_instance_uids: Sequence[str]) -> list[_Study]:
    named: dict[int, int] = {}
    joined = i.join(se, se.c.id == i.c.series_fk).join(st, st.c.id == se.c.study_fk)
    for start in range(0, len(sop_instance_uids), _SOME):
        some = sop_instance_uids[start : start + _SOME]
        statement = select(st.c.id, func.count()).select_from(joined).group_by(st.c.id)
        statement = statement.where(
            i.c.sop_instance_uid.in_(some), i.c.is_current == true(), _IS_RECEIVING
        )
        for study_id, number in connection.execute(statement):
            named[study_id] = named.get(study_id, 0) + number
    whole = []
    for study_id, number in named.items():
        statement = select(*_COLUMNS)
        statement = statement.where(st.c.id == study_id, st.c.number_of_instances == number)
        row = connection.execute(statement).first()
        if row is not None and not _waits_for_more(connection, row.study_instance_uid):
            whole.append(_Study(*row))
    return whole


def _waits_for_more(connection: Connection, study_instance_uid: str) -> bool:
    working = select(p.sop_instance_uid).select_from(_STEP_OF_STUDY)
    working = working.where(
        named_by.study_instance_uid == study_instance_uid, p.status == Status.IN_PROGRESS
    )
    missing = expectations.of_study(connection, study_instance_uid).missing
    return _is_any(connection, working) or missing > 0
