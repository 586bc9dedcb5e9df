"""Performed procedure steps in the JSON API: what modalities reported by MPPS."""

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.errors import InvalidQuery
from hounsfield.index.site.procedure_steps import Reported

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts


class PerformedSeries(BaseModel):
    """A series that a scanner says it made, and how much of it is here."""

    SeriesInstanceUID: str
    SeriesDescription: str
    referenced_instances: int
    received_instances: int
    missing_instances: list[str]
    """Their SOP Instance UIDs, of a step the first thousand."""


class ProcedureStep(BaseModel):
    """A performed procedure step; began and ended as DICOM writes date and time."""

    sop_instance_uid: str
    status: str
    station_ae_title: str
    began: str
    ended: str
    modality: str
    description: str
    discontinuation_reason: str
    series: list[PerformedSeries]


class ProcedureStepList(BaseModel):
    """What was performed for an order."""

    procedure_steps: list[ProcedureStep]


class ReportedStep(ProcedureStep):
    """A performed procedure step with whom it was for, as the modality says."""

    PatientName: str
    PatientID: str
    IssuerOfPatientID: str
    PatientBirthDate: str
    PatientSex: str
    StudyInstanceUID: str
    AccessionNumber: str
    RequestedProcedureID: str
    RequestedProcedureDescription: str
    ScheduledProcedureStepID: str
    ScheduledProcedureStepDescription: str
    is_study_here: bool


class ReportedStepPage(BaseModel):
    """One page of performed procedure steps, what was reported last first."""

    procedure_steps: list[ReportedStep]
    total: int
    page: int
    page_size: int


def add_procedure_steps(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of performed procedure steps."""
    steps = ProcedureSteps(parts.index)

    @app.get("/procedure-steps")
    async def list_reported_steps(
        request: Request,
        date: Annotated[str, Query(max_length=17)] = "",
        *,
        unscheduled: bool = False,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=100)] = 25,
    ) -> ReportedStepPage:
        """One page of what modalities reported; ``unscheduled`` only what no order belongs to."""
        reported = Reported(unscheduled, *dates_of(date))

        def read() -> ReportedStepPage:
            offset = (page - 1) * page_size
            found, total = steps.page(principal_of(request), reported, page_size, offset)
            return ReportedStepPage.model_validate(
                {"procedure_steps": found, "total": total, "page": page, "page_size": page_size}
            )

        return await in_thread(read)


def dates_of(text: str) -> tuple[str, str]:
    """The first and last day of a date or range of dates; raises InvalidQuery."""
    first, dash, last = text.replace(" ", "").partition("-")
    for part in (first, last):
        if part and not (len(part) == 8 and part.isdigit()):
            raise InvalidQuery(
                f"date: {text!r} is no date or range: write YYYYMMDD or YYYYMMDD-YYYYMMDD"
            )
    return (first, last) if dash else (first, first)
