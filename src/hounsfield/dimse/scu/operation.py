"""Operations that are answered more than once, and can be cancelled: C-FIND, C-GET, C-MOVE as SCU (PS3.7 9.1, 9.3)."""

import io
import time
from collections.abc import Callable, Mapping
from typing import Any

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dimse.command import Command, CommandField, CommandTag
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.status import describe
from hounsfield.dimse.upper_layer.negotiation import AcceptedContext
from hounsfield.errors import (
    HounsfieldError,
    InvalidQuery,
    NotAcceptable,
    OutOfResources,
    Refused,
    Unavailable,
)

_LOOK_S = 0.2
# So many times the longest silence a peer may say that it goes on without getting further.
_STALLED_AFTER = 3
# How long a peer may go on after a C-CANCEL before we end the association.
CANCEL_WITHIN_S = 5.0

Elements = Mapping[CommandTag, int | str | tuple[int, ...]]


def never() -> bool:
    """For an operation that nobody stops."""
    return False


class CancelIgnored(Unavailable):
    """The peer went on after a C-CANCEL, so the association was aborted."""


class Operation:
    """One operation, from its request to the final response."""

    def __init__(
        self,
        scu: ScuAssociation,
        sop_class_uid: str,
        command_field: CommandField,
        identifier: dict[str, Any],
        *,
        elements: Elements | None = None,
        charset: str = "",
        within_s: float | None = None,
        is_stopped: Callable[[], bool] = never,
    ) -> None:
        """Send the request. Raises NotAcceptable, Unavailable.

        Args:
            scu: the association.
            sop_class_uid: the class whose context is used.
            command_field: which operation.
            identifier: what is asked for, in the DICOM JSON model.
            elements: what the command has besides.
            charset: the Specific Character Set that the peer understands best.
            within_s: after so long it is cancelled.
            is_stopped: whether somebody wants it to be cancelled.
        """
        self.scu = scu
        self.context = scu.context_for(sop_class_uid)
        self.is_cancelled = False
        self.is_late = False
        self._is_stopped = is_stopped
        self._done, self._done_since = -1, time.monotonic()
        self._until = None if within_s is None else time.monotonic() + within_s
        data = encode_dataset(identifier, self.context.transfer_syntax, charset)
        self.request = scu.request(
            self.context,
            command_field,
            {
                CommandTag.AFFECTED_SOP_CLASS_UID: sop_class_uid,
                CommandTag.PRIORITY: 0,
                **(elements or {}),
            },
            io.BytesIO(data).readinto,
        )

    def receive(self) -> tuple[AcceptedContext, Command]:
        """Wait for the next message on the association; its data set is to be read next.

        Raises Unavailable, CancelIgnored where the peer does not end in time.
        """
        association = self.scu.association
        begun, silence_s = time.monotonic(), self.scu.target.times.idle_s
        while True:
            self._look()
            if association.transport.has_input(_LOOK_S):
                break
            if time.monotonic() - begun > silence_s:
                association.abort()
                raise Unavailable(f"{self.scu.target} says nothing for {silence_s:g} s")
        with self.scu.ended():
            return association.receive_command()

    def _look(self) -> None:
        """Cancel what is stopped or late, and end the association if that did not help."""
        if not self.is_cancelled and self._is_stopped():
            self.cancel()
        if self._until is None or time.monotonic() < self._until:
            return
        if self.is_cancelled:
            self.scu.association.abort()
            raise CancelIgnored(f"{self.scu.target} does not heed the C-CANCEL")
        self.is_late = True
        self.cancel()

    def cancel(self) -> None:
        """Ask the peer to end; it answers with its final response (PS3.7 9.3.2.3)."""
        self.is_cancelled = True
        self._until = time.monotonic() + CANCEL_WITHIN_S
        command = Command.of(
            CommandField.C_CANCEL_RQ,
            {CommandTag.MESSAGE_ID_BEING_RESPONDED_TO: self.request.message_id},
        )
        with self.scu.ended():
            self.scu.association.send_command(self.context.context_id, command)

    def got_to(self, done: int) -> None:
        """Note how much the peer has done by its count; raises Unavailable where it has got no further for too long.

        One that only says Pending would hold who waits for it for ever.
        """
        now, patience_s = time.monotonic(), _STALLED_AFTER * self.scu.target.times.idle_s
        if done != self._done:
            self._done, self._done_since = done, now
        elif now - self._done_since > patience_s:
            self.scu.association.abort()
            raise Unavailable(f"{self.scu.target} gets no further for {patience_s:g} s")

    def is_answered_by(self, command: Command) -> bool:
        """Whether a message is a response to our request."""
        return command.is_response and (
            command.message_id_being_responded_to == self.request.message_id
        )


def failure_of(scu: ScuAssociation, response: Command) -> HounsfieldError:
    """The error that a final response stands for, in the words of the peer (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4)."""
    status = response.status
    words = describe(status)
    if response.error_comment:
        words += f": {response.error_comment}"
    if response.offending_elements:
        tags = (f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in response.offending_elements)
        words += f"; it objects to {', '.join(tags)}"
    text = f"{scu.target} answered {words}"
    if status >> 8 == 0xA7:
        return Unavailable(text)
    kinds: dict[int, type[HounsfieldError]] = {
        0x0122: NotAcceptable,
        0x0124: Refused,
        0x0213: OutOfResources,
        0xA801: Refused,
        0xA900: InvalidQuery,
    }
    return kinds.get(status, Unavailable)(text)
