"""C-FIND as SCU (PS3.4 C.4.1.2, PS3.7 9.1.2)."""

from collections.abc import Callable, Generator
from typing import Any

from hounsfield.dimse.command import CommandField
from hounsfield.dimse.identifier import decode_identifier
from hounsfield.dimse.scu.operation import CancelIgnored, Operation, failure_of, never
from hounsfield.dimse.scu.requestor import ScuAssociation
from hounsfield.dimse.status import Status, StatusClass, class_of
from hounsfield.errors import InvalidInstance, Unavailable

_NOT_DECODED = "\N{REPLACEMENT CHARACTER}"
# What all answers to one query may come to, however many are wanted: a study of 200,000 instances has half of it.
MAX_ANSWERS_BYTES = 64 << 20


class Find:
    """One query; iterate over it for the answers, then read what else there is to say.

    ``has_more`` is whether the peer had more than were wanted, ``is_late`` whether it was cut off by time,
    ``unreadable`` how many answers were no data sets, ``is_misread`` whether text came that nobody can decode,
    ``has_unsupported_keys`` whether the peer does not match by all keys (FF01).
    """

    def __init__(
        self,
        scu: ScuAssociation,
        sop_class_uid: str,
        identifier: dict[str, Any],
        *,
        limit: int | None = None,
        charset: str = "",
        within_s: float | None = None,
        is_stopped: Callable[[], bool] = never,
    ) -> None:
        """Keep what to ask; see `Operation` for the arguments. ``limit`` is how many answers are wanted."""
        self._scu = scu
        self._sop_class_uid = sop_class_uid
        self._identifier = identifier
        self._limit = limit
        self._charset = charset
        self._within_s = within_s
        self._is_stopped = is_stopped
        self.has_more = False
        self.is_late = False
        self.unreadable = 0
        self.is_misread = False
        self.has_unsupported_keys = False

    def __iter__(self) -> Generator[dict[str, Any]]:
        """Ask, and yield the answers in the DICOM JSON model as they come.

        When enough have come the rest is cancelled and passed over (QR-07); a peer that ignores this is cut off.
        Raises NotAcceptable, InvalidQuery, Refused, Unavailable.
        """
        operation = Operation(
            self._scu,
            self._sop_class_uid,
            CommandField.C_FIND_RQ,
            self._identifier,
            charset=self._charset,
            within_s=self._within_s,
            is_stopped=self._is_stopped,
        )
        try:
            yield from self._answers(operation)
        except CancelIgnored:
            if operation.is_late and not self.has_more:
                raise Unavailable(
                    f"{self._scu.target} did not answer within {self._within_s:g} s"
                ) from None

    def _answers(self, operation: Operation) -> Generator[dict[str, Any]]:
        number = size_bytes = 0
        while True:
            context, response = operation.receive()
            with self._scu.ended():
                data = self._scu.read_dataset()
            if not operation.is_answered_by(response):
                continue
            if class_of(response.status) is not StatusClass.PENDING:
                break
            if response.status == Status.PENDING_OPTIONAL_KEYS_UNSUPPORTED:
                self.has_unsupported_keys = True
            if operation.is_cancelled:
                self.has_more = True  # one that was under way when we cancelled
                continue
            size_bytes += len(data)
            if number == self._limit or size_bytes > MAX_ANSWERS_BYTES:
                self.has_more = True
                operation.cancel()
                continue
            number += 1
            answer = self._read(data, context.transfer_syntax)
            if answer is not None:
                yield answer
        self.is_late = operation.is_late
        if not operation.is_cancelled and class_of(response.status) not in {
            StatusClass.SUCCESS,
            StatusClass.CANCEL,
            StatusClass.WARNING,
        }:
            raise failure_of(self._scu, response)

    def warnings(self, name: str, *, is_selective: bool) -> list[str]:
        """What a person should know of the answers of a peer; ``is_selective`` is whether keys had values."""
        found = []
        if self.is_late:
            found.append(f"{name} took too long; there may be more")
        if self.has_unsupported_keys and is_selective:
            found.append(
                f"{name} does not search by all that was given; some matches may be others than meant"
            )
        if self.unreadable:
            found.append(f"{self.unreadable} answers of {name} cannot be read and were left out")
        if self.is_misread:
            found.append(
                f"{name} names no character set for some texts, or a wrong one: set the one it uses with the peer"
            )
        return found

    def _read(self, data: bytes, transfer_syntax: str) -> dict[str, Any] | None:
        try:
            answer, _charset = decode_identifier(data, transfer_syntax, self._charset)
        except InvalidInstance:
            answer = {}
        if not answer:
            self.unreadable += 1
            return None
        self.is_misread |= _NOT_DECODED in str(answer)
        return answer
