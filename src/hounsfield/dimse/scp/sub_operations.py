"""The sub-operations of a C-GET or C-MOVE: what became of them, and what the requestor hears (PS3.4 C.4.2, C.4.3)."""

import time
from dataclasses import dataclass, field

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dimse.association import Association
from hounsfield.dimse.command import Command, CommandField, CommandTag, respond
from hounsfield.dimse.status import Status, StatusClass, class_of
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.index.records import InstanceLocation

# A Pending response for each of a thousand instances would be half the messages.
_PENDING_EVERY_S = 0.2
_FAILED_SOP_INSTANCE_UID_LIST = "00080058"


@dataclass(slots=True)
class Progress:
    """What became of the sub-operations so far."""

    remaining: int
    completed: int = 0
    warnings: int = 0
    failed: list[str] = field(default_factory=list)

    def count(self, sop_instance_uid: str, status: int | None) -> None:
        """Take in how one sub-operation ended; None where the instance could not be sent."""
        self.remaining -= 1
        kind = StatusClass.FAILURE if status is None else class_of(status)
        if kind is StatusClass.SUCCESS:
            self.completed += 1
        elif kind is StatusClass.WARNING:
            self.warnings += 1
        else:
            self.failed.append(sop_instance_uid)

    def final_status(self) -> Status:
        """The status that all sub-operations come to (PS3.4 C.4.2.1.5, C.4.3.1.4)."""
        if not self.failed and not self.warnings:
            return Status.SUCCESS
        if self.failed and not self.completed and not self.warnings:
            return Status.UNABLE_TO_PERFORM_SUBOPERATIONS
        return Status.SUBOPERATIONS_WITH_FAILURES


class Operation:
    """One C-GET or C-MOVE in progress: its answers to the requestor."""

    def __init__(
        self,
        association: Association,
        context: AcceptedContext,
        request: Command,
        locations: list[InstanceLocation],
    ) -> None:
        self.association = association
        self.request = request
        self.locations = locations
        self.comment = ""
        self._context = context
        self._progress = Progress(len(locations))
        self._is_cancelled = False
        self._told_at = -1.0
        self._done = 0

    @property
    def left(self) -> list[InstanceLocation]:
        """What has not been tried yet."""
        return self.locations[self._done :]

    def is_cancelled(self) -> bool:
        """Whether the requestor has cancelled (QR-07)."""
        if not self._is_cancelled:
            self._is_cancelled = self.association.is_cancelled(self.request.message_id)
        return self._is_cancelled

    def response_to(self, message_id: int) -> int:
        """The status of the answer to a C-STORE of ours over the requestor's association."""
        while True:
            _context, command = self.association.receive_command()
            if not command.is_response and command.command_field != CommandField.C_CANCEL_RQ:
                raise self.association.out_of_turn(command)
            self.association.skip_dataset(1 << 20)
            if command.command_field == CommandField.C_CANCEL_RQ:
                self._is_cancelled |= (
                    command.message_id_being_responded_to == self.request.message_id
                )
            elif command.is_response and command.message_id_being_responded_to == message_id:
                return command.status

    def done(self, location: InstanceLocation, status: int | None) -> None:
        """Count one sub-operation and tell the requestor, at most some times a second."""
        self._progress.count(location.sop_instance_uid, status)
        self._done += 1
        now = time.monotonic()
        if self._progress.remaining and now - self._told_at >= _PENDING_EVERY_S:
            self._told_at = now
            response = self._response(Status.PENDING)
            self.association.send_command(self._context.context_id, response)

    def give_up(self) -> None:
        """Nothing more can be sent."""
        for location in self.left:
            self._progress.count(location.sop_instance_uid, None)
        self._done = len(self.locations)

    def finish(self, ended_early: Status | None) -> Command | tuple[Command, bytes]:
        """The final response, with the list of failed instances as its data set (C.4.2.1.4.2)."""
        status = ended_early or self._progress.final_status()
        failed = self._progress.failed
        if not failed:
            return self._response(status)
        identifier = {_FAILED_SOP_INSTANCE_UID_LIST: {"vr": "UI", "Value": failed}}
        data = encode_dataset(identifier, self._context.transfer_syntax)
        return self._response(status, dataset=True), data

    def _response(self, status: Status, *, dataset: bool = False) -> Command:
        progress = self._progress
        counters = {
            CommandTag.NUMBER_OF_COMPLETED_SUB_OPERATIONS: progress.completed,
            CommandTag.NUMBER_OF_FAILED_SUB_OPERATIONS: len(progress.failed),
            CommandTag.NUMBER_OF_WARNING_SUB_OPERATIONS: progress.warnings,
        }
        if status in {Status.PENDING, Status.CANCEL}:  # PS3.7 9.1.3.1.6: not in a final one
            counters[CommandTag.NUMBER_OF_REMAINING_SUB_OPERATIONS] = progress.remaining
        comment = self.comment if status is not Status.PENDING else ""
        return respond(self.request, status, comment=comment, numbers=counters, dataset=dataset)
