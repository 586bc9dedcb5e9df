"""Performed procedure steps are reported, and orders and studies follow them (PS3.4 annex F).

DIMSE's MPPS class and the web service of PS3.18 chapter 15 are edges of it.
"""

import uuid
from typing import Any

from hounsfield.archive.access import Principal, require
from hounsfield.dicom import procedure_steps as rules
from hounsfield.dicom.procedure_steps import DataSet, Faults, value_of
from hounsfield.errors import Conflict, InvalidInstance, NotFound
from hounsfield.index.index import Index
from hounsfield.index.site.expectations import Expectations, Expected
from hounsfield.index.site.procedure_steps import ProcedureStep, ProcedureStepTable, Reported

_MAX_UID = 64
_MOST_MISSING = 1000


class FaultyStep(InvalidInstance):
    """A report without what it must have, or with what it may not."""

    def __init__(self, faults: Faults) -> None:
        named = (*faults.absent, *faults.empty, *faults.invalid)
        tags = ", ".join(f"({tag[:4]},{tag[4:]})" for tag in named)
        super().__init__(f"the step lacks, or may not have: {tags}")
        self.faults = faults


class DuplicateStep(Conflict):
    """There is a step of this UID already."""


class FinishedStep(Conflict):
    """The step has ended and may no longer be updated (MPPS-01)."""


class ProcedureSteps:
    """The performed procedure steps of an archive; may be called from any thread."""

    def __init__(self, index: Index) -> None:
        self._steps = ProcedureStepTable(index.database)
        self._expectations = Expectations(index.database)

    def create(
        self, principal: Principal, sop_instance_uid: str, dataset: dict[str, Any]
    ) -> ProcedureStep:
        """Take the report that a step has begun; an empty UID is made. Raises FaultyStep, DuplicateStep, Refused."""
        require(principal, "procedure-step")
        faults = rules.faults_at_creation(dataset)
        if faults:
            raise FaultyStep(faults)
        uid = sop_instance_uid or f"2.25.{uuid.uuid4().int}"
        if len(uid) > _MAX_UID or not set(uid) <= set("0123456789."):
            raise FaultyStep(Faults(invalid=("00080018",)))
        step = ProcedureStep(uid, dict(dataset), created_by=principal.name)
        with self._steps.changing() as changes:
            if changes.get(uid) is not None:
                raise DuplicateStep(f"there is a performed procedure step {uid} already")
            changes.add(step)
        return step

    def update(
        self, principal: Principal, sop_instance_uid: str, dataset: dict[str, Any]
    ) -> ProcedureStep:
        """Take the report of how a step goes on or ended.

        What a step is known by stays as it was created; modalities that send it again are not refused for it.
        Raises NotFound, FinishedStep, FaultyStep, Refused.
        """
        require(principal, "procedure-step")
        with self._steps.changing() as changes:
            step = changes.get(sop_instance_uid)
            if step is None:
                raise NotFound(f"there is no performed procedure step {sop_instance_uid}")
            if step.status.is_final:
                raise FinishedStep("the performed procedure step may no longer be updated")
            changed = {tag: v for tag, v in dataset.items() if tag not in rules.UNCHANGEABLE}
            faults = rules.faults_at_update(changed, step.attributes)
            if faults:
                raise FaultyStep(faults)
            step.attributes |= changed
            changes.save(step)
        return step

    def get(self, principal: Principal, sop_instance_uid: str) -> ProcedureStep:
        """One step; raises NotFound, Refused."""
        require(principal, "procedure-step")
        step = self._steps.get(sop_instance_uid)
        if step is None:
            raise NotFound(f"there is no performed procedure step {sop_instance_uid}")
        return step

    def for_order(self, principal: Principal, order_id: int) -> list[dict[str, Any]]:
        """What was performed for an order, for people to read. Raises Refused."""
        require(principal, "worklist")
        return [self._told(step) for step in self._steps.for_order(order_id)]

    def page(
        self, principal: Principal, reported: Reported, limit: int, offset: int = 0
    ) -> tuple[list[dict[str, Any]], int]:
        """What was reported, with whom it was for and whether its study has come; and how many there are.

        Raises Refused.
        """
        require(principal, "worklist")
        steps, total = self._steps.page(reported, limit, offset)
        here = self._steps.studies_here({rules.study_of(step.attributes) for step in steps})
        return [self._told(step) | _whose(step, here) for step in steps], total

    def _told(self, step: ProcedureStep) -> dict[str, Any]:
        attributes = step.attributes
        counts = self._expectations.series_of(step.sop_instance_uid)
        missing = self._expectations.missing_of(step.sop_instance_uid, _MOST_MISSING)
        _code, reason = rules.reason_of(attributes)
        return {
            "sop_instance_uid": step.sop_instance_uid,
            "status": str(step.status),
            "station_ae_title": value_of(attributes, rules.STATION_AE_TITLE),
            "began": _moment(attributes, rules.START_DATE, rules.START_TIME),
            "ended": _moment(attributes, rules.END_DATE, rules.END_TIME),
            "modality": value_of(attributes, rules.MODALITY),
            "description": value_of(attributes, rules.DESCRIPTION),
            "discontinuation_reason": reason,
            "series": [
                _series(series, counts, missing)
                for series in rules.items_of(attributes, rules.PERFORMED_SERIES)
            ],
        }


def _whose(step: ProcedureStep, studies_here: set[str]) -> dict[str, Any]:
    attributes = step.attributes
    scheduled = rules.first_scheduled(attributes)
    study_instance_uid = rules.study_of(attributes)
    return {
        "PatientName": rules.name_of(attributes, rules.PATIENT_NAME),
        "PatientID": value_of(attributes, rules.PATIENT_ID),
        "IssuerOfPatientID": value_of(attributes, rules.ISSUER_OF_PATIENT_ID),
        "PatientBirthDate": value_of(attributes, rules.PATIENT_BIRTH_DATE),
        "PatientSex": value_of(attributes, rules.PATIENT_SEX),
        "StudyInstanceUID": study_instance_uid,
        "AccessionNumber": value_of(scheduled, rules.ACCESSION_NUMBER),
        "RequestedProcedureID": value_of(scheduled, rules.REQUESTED_PROCEDURE_ID),
        "RequestedProcedureDescription": value_of(scheduled, rules.REQUESTED_DESCRIPTION),
        "ScheduledProcedureStepID": value_of(scheduled, rules.SCHEDULED_STEP_ID),
        "ScheduledProcedureStepDescription": value_of(scheduled, rules.SCHEDULED_DESCRIPTION),
        "is_study_here": study_instance_uid in studies_here,
    }


def _series(
    series: DataSet, counts: dict[str, Expected], missing: dict[str, list[str]]
) -> dict[str, Any]:
    uid = value_of(series, rules.SERIES_INSTANCE_UID)
    count = counts.get(uid, Expected(0, 0))
    return {
        "SeriesInstanceUID": uid,
        "SeriesDescription": value_of(series, rules.SERIES_DESCRIPTION),
        "referenced_instances": count.expected,
        "received_instances": count.received,
        "missing_instances": missing.get(uid, []),
    }


def _moment(attributes: DataSet, date: str, time: str) -> str:
    return f"{value_of(attributes, date)} {value_of(attributes, time)}".strip()
