"""Orders are made, changed and found: by people, by the command line, and for the modality worklist (PS3.4 annex K)."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.completeness import Completeness
from hounsfield.dicom import items
from hounsfield.dicom.date_times import in_zone, local_offset, offset_minutes
from hounsfield.dicom.matching import TIMEZONE_TAG
from hounsfield.dicom.orders import STEP_SEQUENCE, checked, worklist_item
from hounsfield.dicom.query import Item, Key, Matching, Range, SingleValue
from hounsfield.errors import Conflict, InvalidQuery, NotFound
from hounsfield.index.index import Index
from hounsfield.index.site import awaiting
from hounsfield.index.site.orders import Changes, Order, Orders, Wanted
from hounsfield.index.site.procedure_steps import Changes as StepChanges
from hounsfield.index.site.procedure_steps import ProcedureStep

STATUSES = ("scheduled", "arrived", "in progress", "completed", "discontinued", "cancelled")
# MWL-03: an item leaves the list when its work is done or given up, not by the time of day.
ON_THE_WORKLIST = {"scheduled": "SCHEDULED", "arrived": "ARRIVED", "in progress": "STARTED"}
FINISHED = frozenset({"completed", "discontinued", "cancelled"})

_DATE, _TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
_START_DATE, _START_TIME = 0x00400002, 0x00400003
_STATION, _MODALITY, _PATIENT_ID = 0x00400001, 0x00080060, 0x00100020
_STEP_SEQUENCE = int(STEP_SEQUENCE, 16)


class OrderBook:
    """The orders of an archive; may be called from any thread."""

    def __init__(self, index: Index) -> None:
        self._orders = Orders(index.database)
        self._completeness = Completeness(index)

    def add(self, principal: Principal, new: Order, *, procedure_step_uid: str = "") -> Order:
        """Keep a new order; IDs and UIDs that it lacks are made.

        It has the status of the performed procedure steps that named it before it was there, and of the one
        that it is made of, if any. Raises InvalidQuery, Conflict, NotFound, Refused.
        """
        require(principal, "administer")
        kept = replace(new, values=checked(new.values), created_by=principal.name)
        with self._orders.changing() as changes:
            self._check(changes, kept)
            _name(changes, kept)
            changes.add(kept)
            steps = StepChanges(changes.connection)
            if procedure_step_uid:
                steps.link(_without_order(steps, procedure_step_uid), kept.id)
            steps.link_earlier(kept)
            made = _existing(changes, kept.id)
        return self._with_attention([made])[0]

    def change(self, principal: Principal, order_id: int, new: Order) -> Order:
        """Change what an order says; its status stays, unless a step was reported for what it says now. Raises InvalidQuery, Conflict, NotFound, Refused."""
        require(principal, "administer")
        values = checked(new.values)
        with self._orders.changing() as changes:
            before = _existing(changes, order_id)
            kept = replace(
                before, values=values, request_codes=new.request_codes, step_codes=new.step_codes
            )
            for keyword in ("AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID",
                            "StudyInstanceUID"):  # fmt: skip
                if not kept.get(keyword):  # a form that leaves them empty means: as they are
                    kept.values[keyword] = before.get(keyword)
            self._check(changes, kept)
            changes.save(kept)
            if kept.status != "cancelled":
                StepChanges(changes.connection).link_earlier(kept)
                kept = _existing(changes, kept.id)
        return self._with_attention([kept])[0]

    def set_status(self, principal: Principal, order_id: int, status: str) -> Order:
        """Say how far an order is: it arrived, is cancelled, or is scheduled again.

        What needed attention is settled with that; images that do not come are waited for no more. Raises InvalidQuery, NotFound, Refused.
        """
        require(principal, "administer")
        if status not in STATUSES:
            raise InvalidQuery(f"{status[:40]!r} is no status; there are {', '.join(STATUSES)}")
        with self._orders.changing() as changes:
            order = _existing(changes, order_id)
            order.status, order.needs_attention = status, ""
            changes.save(order)
            awaiting.accept(changes.connection, order_id)
        return order

    def get(self, principal: Principal, order_id: int) -> Order:
        """One order; raises NotFound, Refused."""
        require(principal, "worklist")
        found = self._orders.get(order_id)
        if found is None:
            raise NotFound(f"there is no order {order_id}")
        return self._with_attention([found])[0]

    def page(
        self, principal: Principal, wanted: Wanted, limit: int, offset: int = 0
    ) -> tuple[list[Order], int]:
        """Orders by start time, and how many there are. Raises Refused."""
        require(principal, "worklist")
        orders, total = self._orders.page(wanted, limit, offset)
        return self._with_attention(orders), total

    def worklist(
        self,
        principal: Principal,
        keys: Sequence[Key],
        *,
        offset_from_utc: str = "",
        only_station: str = "",
        keeps_started: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """The items of the modality worklist that match all keys, by start time, in the DICOM JSON model.

        ``offset_from_utc``, as +0100, is that of the dates and times in the keys; ours where it is none.
        ``only_station`` is the AE title of the station that asks, where each is to see its own items only (MWL-05).
        What has begun is in it until it ends, unless ``keeps_started`` is false.
        Raises Refused.
        """
        require(principal, "worklist")
        zone = offset_minutes(offset_from_utc)
        period = Period.of(keys)
        rest = keys if period is None else Period.without(keys)
        for order in self._orders.stream(_narrowed(keys, only_station, zone)):
            if order.status == "in progress" and not keeps_started:
                continue
            if (period is None or period.has(_begins(order, zone))) and items.all_match(
                rest, _item(order, zone)
            ):
                yield _item(order)

    def _with_attention(self, orders: list[Order]) -> list[Order]:
        """Say of orders of which images do not come what is missing, too."""
        told = self._completeness.attention_of_orders([one.id for one in orders])
        return [
            replace(
                one, needs_attention=" ".join(filter(None, (one.needs_attention, told.get(one.id))))
            )
            for one in orders
        ]

    def _check(self, changes: Changes, order: Order) -> None:
        """Hold an order to those that there are: one accession number is of one patient."""
        number = order.get("AccessionNumber")
        others = changes.with_accession_number(number) if number else []
        for other in others:
            if other.id != order.id and _patient(other) != _patient(order):
                raise Conflict(
                    f"the accession number {number} is that of an order for {other.get('PatientName')}"
                    f" ({other.get('PatientID')})"
                )
        uid = order.get("StudyInstanceUID")
        for other in changes.with_study(uid) if uid else []:
            if other.id != order.id and _patient(other) != _patient(order):
                raise Conflict(f"the study {uid} is ordered for {other.get('PatientName')}")


def _step_keys(keys: Sequence[Key]) -> list[Key]:
    """The keys inside the Scheduled Procedure Step Sequence."""
    steps = (key.match for key in keys if key.tag == _STEP_SEQUENCE)
    return [key for step in steps if isinstance(step, Item) for key in step.keys]


def _match(keys: Sequence[Key], tag: int) -> Matching | None:
    return next((key.match for key in keys if key.tag == tag), None)


@dataclass(frozen=True, slots=True)
class Period:
    """A range of dates and one of times asked for together: from then to then, not some hours of each day.

    So PS3.4 K.6.1.2.2 has it: the 5th to the 7th and 10:00 to 18:00 is from 10:00 on the 5th to 18:00 on the 7th.
    """

    first: str
    last: str

    @classmethod
    def of(cls, keys: Sequence[Key]) -> "Period | None":
        """The period that keys ask for; None where date and time are not both ranges."""
        inside = [key for key in _step_keys(keys) if key.tag in {_START_DATE, _START_TIME}]
        if len(inside) != 2:  # what is asked twice is asked of each by itself
            return None
        dates, times = _match(inside, _START_DATE), _match(inside, _START_TIME)
        if not isinstance(dates, Range) or not isinstance(times, Range):
            return None
        first = dates.first + (times.first or "") if dates.first else ""
        return cls(first, dates.last + (times.last or "~") if dates.last else "~")

    def has(self, begins: str) -> bool:
        """Whether a date and time is in it; a last time without seconds takes in all of its minute."""
        return self.first <= begins and begins[: len(self.last)] <= self.last

    @staticmethod
    def without(keys: Sequence[Key]) -> list[Key]:
        """The keys without those that the period stands for."""
        rest = [key for key in keys if key.tag != _STEP_SEQUENCE]
        of_start = {_START_DATE, _START_TIME}
        step = tuple(key for key in _step_keys(keys) if key.tag not in of_start)
        return [*rest, Key(_STEP_SEQUENCE, "SQ", Item(step))] if step else rest


def _begins(order: Order, zone: int | None = None) -> str:
    """When an order begins, by the clock of this place or of a zone, in minutes from UTC."""
    begins = order.get(_DATE) + (order.get(_TIME) or "000000")
    return begins if zone is None else in_zone(begins, zone)


def _item(order: Order, zone: int | None = None) -> dict[str, Any]:
    """An order as an item of the worklist; with a zone, as one who lives there has its date and time."""
    values = dict(order.values)
    if zone is not None:
        begins = _begins(order, zone)
        values[_DATE], values[_TIME] = begins[:8], begins[8:]
    item = worklist_item(
        values, ON_THE_WORKLIST[order.status], order.request_codes, order.step_codes
    )
    item[TIMEZONE_TAG] = {"vr": "SH", "Value": [local_offset(_begins(order))]}
    return item


def _narrowed(asked: Sequence[Key], only_station: str, zone: int | None) -> Wanted:
    """What of the keys the index can answer; the rest is matched item by item."""
    keys = _step_keys(asked)
    dates = _match(keys, _START_DATE)
    first = last = ""
    if isinstance(dates, SingleValue):
        first = last = dates.value
    elif isinstance(dates, Range):
        first, last = dates.first or "", dates.last or ""
    if zone is not None:  # which day it is there may be another one here
        first, last = _day_near(first, -1), _day_near(last, 1)
    station, modality = _match(keys, _STATION), _match(keys, _MODALITY)
    patient_id = _match(asked, _PATIENT_ID)
    return Wanted(
        first_date=first,
        last_date=last,
        statuses=tuple(ON_THE_WORKLIST),
        station_ae_title=only_station
        or (station.value if isinstance(station, SingleValue) else ""),
        modality=modality.value if isinstance(modality, SingleValue) else "",
        patient_id=patient_id.value if isinstance(patient_id, SingleValue) else "",
    )


def _day_near(day: str, days: int) -> str:
    try:
        near = dt.date(int(day[:4]), int(day[4:6]), int(day[6:])) + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return near.strftime("%Y%m%d").rjust(8, "0")


def _name(changes: Changes, order: Order) -> None:
    """Make the IDs and UIDs that an order lacks; a further step of one request shares those of the request."""
    number = changes.next_number()
    today = dt.datetime.now().astimezone().strftime("%y%m%d")
    values = order.values
    if not values.get("AccessionNumber"):
        values["AccessionNumber"] = f"H{today}{number:06}"[:16]
    if not values.get("RequestedProcedureID"):
        values["RequestedProcedureID"] = f"RP{number:06}"
    if not values.get("ScheduledProcedureStepID"):
        values["ScheduledProcedureStepID"] = f"SPS{number:06}"
    if not values.get("StudyInstanceUID"):
        same = [
            one.get("StudyInstanceUID")
            for one in changes.with_accession_number(values["AccessionNumber"])
            if one.get("RequestedProcedureID") == values["RequestedProcedureID"]
        ]
        values["StudyInstanceUID"] = same[0] if same else f"2.25.{uuid.uuid4().int}"
    values.setdefault("ScheduledProcedureStepStartTime", "000000")


def _existing(changes: Changes, order_id: int) -> Order:
    found = changes.get(order_id)
    if found is None:
        raise NotFound(f"there is no order {order_id}")
    return found


def _without_order(steps: StepChanges, sop_instance_uid: str) -> ProcedureStep:
    step = steps.get(sop_instance_uid)
    if step is None:
        raise NotFound(f"there is no performed procedure step {sop_instance_uid[:64]}")
    if steps.orders_of(sop_instance_uid):
        raise Conflict("this performed procedure step has an order by now")
    return step


def _patient(order: Order) -> tuple[str, str]:
    return order.get("PatientID"), order.get("IssuerOfPatientID")
