"""Orders in the JSON API: the worklist as people see it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hounsfield.archive.site.completeness import Completeness, Expected
from hounsfield.archive.site.orders import OrderBook
from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.dicom.orders import KEYWORDS, Code
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.site.orders import Order, Wanted
from hounsfield.web.site.procedure_steps import ProcedureStepList, add_procedure_steps, dates_of

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

Status = Literal["scheduled", "arrived", "in progress", "completed", "discontinued", "cancelled"]
# The form calls it by what it is.
_COMMENTS_KEYWORD = "CommentsOnTheScheduledProcedureStep"


Models = Callable[[list[Order]], list["KeptOrder"]]


class CodedConcept(BaseModel):
    """A code, its coding scheme and what it means (PS3.3 8.8)."""

    CodeValue: str = Field(max_length=16)
    CodingSchemeDesignator: str = Field(max_length=16)
    CodeMeaning: str = Field(max_length=64)


class NewOrder(BaseModel):
    """An order, by the keywords of its attributes; IDs and UIDs left empty are made.

    Dates are YYYYMMDD, times HHMM or HHMMSS, names as in DICOM (``Doe^Jane``), several values have a backslash between.
    """

    model_config = ConfigDict(extra="forbid")

    PatientName: str = ""
    PatientID: str = ""
    IssuerOfPatientID: str = ""
    OtherPatientIDs: str = ""
    PatientBirthDate: str = ""
    PatientSex: str = ""
    PatientSize: str = ""
    PatientWeight: str = ""
    PatientComments: str = ""
    PatientState: str = ""
    PregnancyStatus: str = ""
    MedicalAlerts: str = ""
    Allergies: str = ""
    SpecialNeeds: str = ""
    EthnicGroup: str = ""
    LastMenstrualDate: str = ""
    SmokingStatus: str = ""
    AdditionalPatientHistory: str = ""
    ConfidentialityConstraintOnPatientDataDescription: str = ""
    CurrentPatientLocation: str = ""
    AdmissionID: str = ""
    AccessionNumber: str = ""
    ReferringPhysicianName: str = ""
    RequestingPhysician: str = ""
    RequestingService: str = ""
    StudyInstanceUID: str = ""
    RequestedProcedureID: str = ""
    RequestedProcedureDescription: str = ""
    RequestedProcedurePriority: str = ""
    PatientTransportArrangements: str = ""
    RequestedProcedureLocation: str = ""
    RequestedProcedureComments: str = ""
    ReasonForTheRequestedProcedure: str = ""
    NamesOfIntendedRecipientsOfResults: str = ""
    PlacerOrderNumberImagingServiceRequest: str = ""
    FillerOrderNumberImagingServiceRequest: str = ""
    ImagingServiceRequestComments: str = ""
    ScheduledProcedureStepID: str = ""
    ScheduledProcedureStepDescription: str = ""
    Modality: str = ""
    ScheduledStationAETitle: str = ""
    ScheduledStationName: str = ""
    ScheduledProcedureStepLocation: str = ""
    ScheduledProcedureStepStartDate: str = ""
    ScheduledProcedureStepStartTime: str = ""
    ScheduledProcedureStepEndDate: str = ""
    ScheduledProcedureStepEndTime: str = ""
    ScheduledPerformingPhysicianName: str = ""
    PreMedication: str = ""
    RequestedContrastAgent: str = ""
    Comments: str = ""
    RequestedProcedureCodeSequence: list[CodedConcept] = Field(default=[], max_length=16)
    ScheduledProtocolCodeSequence: list[CodedConcept] = Field(default=[], max_length=16)

    @model_validator(mode="before")
    @classmethod
    def _without_ours(cls, data: Any) -> Any:
        """What was read may be sent back as it is: what is not the sender's to say is passed over."""
        if cls is NewOrder and isinstance(data, dict):
            return {key: value for key, value in data.items() if key not in _OURS}
        return data

    def kept(self) -> Order:
        """The same for the order book."""
        values = {keyword: getattr(self, keyword, "") for keyword in KEYWORDS}
        values[_COMMENTS_KEYWORD] = self.Comments
        return Order(
            values,
            tuple(_code(one) for one in self.RequestedProcedureCodeSequence),
            tuple(_code(one) for one in self.ScheduledProtocolCodeSequence),
        )


class KeptOrder(NewOrder):
    """An order and how far it is; times in µs since 1970, UTC.

    The instances are those that scanners said they made for it (MPPS), and how many of them are here.
    """

    id: int
    status: Status
    needs_attention: str
    expected_instances: int | None
    received_instances: int | None
    created_us: int
    updated_us: int
    created_by: str


_OURS = frozenset(KeptOrder.model_fields) - frozenset(NewOrder.model_fields)


class OrderPage(BaseModel):
    """One page of orders, by start date and time."""

    orders: list[KeptOrder]
    total: int
    page: int
    page_size: int


class NewStatus(BaseModel):
    """Which status an order is to have."""

    status: Status


def add_orders(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of orders."""
    book = OrderBook(parts.index)
    completeness = Completeness(parts.index)

    def models(orders: list[Order]) -> list[KeptOrder]:
        counts = completeness.of_orders([one.id for one in orders])
        return [_model(one, counts.get(one.id)) for one in orders]

    add_procedure_steps(app, parts)
    _add_reading(app, parts, book, models)
    _add_changing(app, book, models)


def _add_reading(app: FastAPI, parts: "ApiParts", book: OrderBook, models: Models) -> None:
    procedure_steps = ProcedureSteps(parts.index)

    @app.get("/orders")
    async def list_orders(
        request: Request,
        q: Annotated[str, Query(max_length=200)] = "",
        date: Annotated[str, Query(max_length=17)] = "",
        status: Annotated[str, Query(max_length=100)] = "",
        modality: Annotated[str, Query(alias="Modality", max_length=16)] = "",
        station: Annotated[str, Query(alias="ScheduledStationAETitle", max_length=16)] = "",
        patient_id: Annotated[str, Query(alias="PatientID", max_length=64)] = "",
        *,
        needs_attention: bool = False,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=500)] = 25,
    ) -> OrderPage:
        """One page of orders by start date and time; ``status`` may be several with commas between."""
        first, last = dates_of(date)
        wanted = Wanted(
            text=q,
            first_date=first,
            last_date=last,
            statuses=tuple(one.strip() for one in status.split(",") if one.strip()),
            modality=modality,
            station_ae_title=station,
            patient_id=patient_id,
            needs_attention=needs_attention,
        )

        def read() -> OrderPage:
            offset = (page - 1) * page_size
            orders, total = book.page(principal_of(request), wanted, page_size, offset)
            return OrderPage(orders=models(orders), total=total, page=page, page_size=page_size)

        return await in_thread(read)

    @app.get("/orders/{order_id}")
    async def read_order(request: Request, order_id: int) -> KeptOrder:
        """One order."""
        return (await in_thread(lambda: models([book.get(principal_of(request), order_id)])))[0]

    @app.get("/orders/{order_id}/procedure-steps")
    async def list_procedure_steps(request: Request, order_id: int) -> ProcedureStepList:
        """What modalities have reported for an order by MPPS."""

        def read() -> ProcedureStepList:
            book.get(principal_of(request), order_id)
            found = procedure_steps.for_order(principal_of(request), order_id)
            return ProcedureStepList.model_validate({"procedure_steps": found})

        return await in_thread(read)


def _add_changing(app: FastAPI, book: OrderBook, models: Models) -> None:
    @app.post("/orders", status_code=201)
    async def add_order(
        request: Request,
        order: NewOrder,
        procedure_step_uid: Annotated[str, Query(max_length=64)] = "",
    ) -> KeptOrder:
        """Keep a new order; modalities find it in their worklist at once.

        Made of a performed procedure step that was reported without one, it has that step's status.
        """

        def add() -> list[KeptOrder]:
            kept = order.kept()
            made = book.add(principal_of(request), kept, procedure_step_uid=procedure_step_uid)
            return models([made])

        return (await in_thread(add))[0]

    @app.put("/orders/{order_id}")
    async def change_order(request: Request, order_id: int, order: NewOrder) -> KeptOrder:
        """Change what an order says; its status stays."""

        def change() -> list[KeptOrder]:
            return models([book.change(principal_of(request), order_id, order.kept())])

        return (await in_thread(change))[0]

    @app.post("/orders/{order_id}/status")
    async def set_order_status(request: Request, order_id: int, new: NewStatus) -> KeptOrder:
        """Say that the patient arrived, that an order is cancelled, or scheduled again."""

        def change() -> list[KeptOrder]:
            return models([book.set_status(principal_of(request), order_id, new.status)])

        return (await in_thread(change))[0]


def _code(concept: CodedConcept) -> Code:
    return Code(concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning)


def _concepts(codes: tuple[Code, ...]) -> list[CodedConcept]:
    return [
        CodedConcept(
            CodeValue=one.value, CodingSchemeDesignator=one.designator, CodeMeaning=one.meaning
        )
        for one in codes
    ]


def _model(order: Order, counts: Expected | None) -> KeptOrder:
    values: dict[str, Any] = {
        keyword: order.get(keyword) for keyword in KEYWORDS if keyword != _COMMENTS_KEYWORD
    }
    return KeptOrder(
        **values,
        Comments=order.get(_COMMENTS_KEYWORD),
        RequestedProcedureCodeSequence=_concepts(order.request_codes),
        ScheduledProtocolCodeSequence=_concepts(order.step_codes),
        id=order.id,
        status=order.status,  # type: ignore[arg-type]
        needs_attention=order.needs_attention,
        expected_instances=counts.expected if counts else None,
        received_instances=counts.received if counts else None,
        created_us=order.created_us,
        updated_us=order.updated_us,
        created_by=order.created_by,
    )
