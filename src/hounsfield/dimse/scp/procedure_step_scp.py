"""Modality performed procedure step as SCP, with its retrieval (PS3.4 F.7 and F.8)."""

import logging
from collections.abc import Callable

from hounsfield.archive.site.procedure_steps import (
    DuplicateStep,
    FaultyStep,
    FinishedStep,
    ProcedureSteps,
)
from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sop_classes import MODALITY_PERFORMED_PROCEDURE_STEP, MPPS_RETRIEVE
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.identifier import read_identifier
from hounsfield.dimse.status import Status, status_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import HounsfieldError, InvalidInstance, InvalidQuery

log = logging.getLogger(__name__)

MPPS = MODALITY_PERFORMED_PROCEDURE_STEP
PROCEDURE_STEP_SOP_CLASSES = frozenset({MPPS, MPPS_RETRIEVE})

_INVALID_VALUE, _ATTRIBUTE_LIST_ERROR = 0x0106, 0x0107
_MISSING_ATTRIBUTE, _MISSING_VALUE = 0x0120, 0x0121
MAY_NO_LONGER_BE_UPDATED = 0xA710  # table F.7.2-2: an Error ID, not a status

Answer = Command | tuple[Command, bytes]
Handler = Callable[[Association, AcceptedContext, Command], Answer]


class ProcedureStepScp:
    """Takes what modalities say of their work."""

    def __init__(self, procedures: ProcedureSteps) -> None:
        self._procedures = procedures

    def handlers(self) -> dict[tuple[int, str], Handler]:
        """The handler of each request, by SOP class of the context."""
        return {
            (CommandField.N_CREATE_RQ, MPPS): self.on_n_create,
            (CommandField.N_SET_RQ, MPPS): self.on_n_set,
            (CommandField.N_GET_RQ, MPPS_RETRIEVE): self.on_n_get,
        }

    def on_n_create(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Begin a step (F.7.2.1)."""

        def create() -> Answer:
            dataset = read_identifier(association, context, request)[0]
            uid = request.affected_sop_instance_uid
            step = self._procedures.create(association.principal, uid, dataset)
            return respond(request, Status.SUCCESS, sop_instance_uid=step.sop_instance_uid)

        return _answered(association, request, create)

    def on_n_set(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Say more of a step, or end it (F.7.2.2)."""

        def update() -> Answer:
            dataset = read_identifier(association, context, request)[0]
            uid = request.requested_sop_instance_uid
            self._procedures.update(association.principal, uid, dataset)
            return respond(request, Status.SUCCESS)

        return _answered(association, request, update)

    def on_n_get(
        self, association: Association, context: AcceptedContext, request: Command
    ) -> Answer:
        """Give the attributes asked for, or all (F.8.2.1)."""

        def get() -> Answer:
            uid = request.requested_sop_instance_uid
            step = self._procedures.get(association.principal, uid)
            asked = [f"{tag:08X}" for tag in request.attribute_identifiers]
            given = {tag: step.attributes[tag] for tag in asked if tag in step.attributes}
            missing = tuple(int(tag, 16) for tag in asked if tag not in given)
            data = encode_dataset(given if asked else step.attributes, context.transfer_syntax)
            status = _ATTRIBUTE_LIST_ERROR if missing else Status.SUCCESS
            response = respond(request, status, dataset=True, offending_elements=missing)
            return response, data

        return _answered(association, request, get)


def _answered(association: Association, request: Command, work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except FaultyStep as error:
        log.warning("%s from %s: %s", request.name, association.calling_ae_title, error)
        return _invalid(request, error)
    except FinishedStep as error:
        numbers = {CommandTag.ERROR_ID: MAY_NO_LONGER_BE_UPDATED}
        comment = str(error)
        return respond(request, Status.PROCESSING_FAILURE, comment=comment, numbers=numbers)
    except DuplicateStep as error:
        return respond(request, Status.DUPLICATE_SOP_INSTANCE, comment=str(error))
    except InvalidInstance as error:
        return respond(request, Status.PROCESSING_FAILURE, comment=str(error))
    except InvalidQuery as error:  # there is no data set, or it is too large
        return respond(request, Status.PROCESSING_FAILURE, comment=str(error))
    except HounsfieldError as error:
        log.warning("%s from %s refused: %s", request.name, association.calling_ae_title, error)
        return respond(request, status_of(error), comment=str(error))


def _invalid(request: Command, error: FaultyStep) -> Command:
    """The status for the first kind of fault, with all tags of it."""
    faults = error.faults
    for tags, status in (
        (faults.invalid, _INVALID_VALUE),
        (faults.absent, _MISSING_ATTRIBUTE),
        (faults.empty, _MISSING_VALUE),
    ):
        if tags:
            elements = tuple(int(tag, 16) for tag in tags)
            return respond(request, status, comment=str(error), offending_elements=elements)
    return respond(request, Status.PROCESSING_FAILURE, comment=str(error))
