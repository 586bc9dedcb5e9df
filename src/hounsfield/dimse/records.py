"""What is noted of each association while it runs, and who keeps it.

A `Recording` is filled by the association's thread, which must not wait for it: it costs some assignments. What
becomes a record is made of it by whoever keeps it.
"""

import time
from collections.abc import Mapping
from typing import Any, Literal

from hounsfield.dimse.command import IS_RESPONSE, CommandField
from hounsfield.dimse.doctor.diagnosis import diagnose
from hounsfield.dimse.status import describe
from hounsfield.dimse.transport import Transport
from hounsfield.dimse.upper_layer.pdus import AssociateAc, AssociateRq
from hounsfield.index.site.records import AssociationRecord, RecordedContext, Recorder

# (command field of the response, status, whether the acceptor asked and the requestor answered) -> how many
Messages = dict[tuple[int, int, bool], int]


# What is kept of what a peer says about itself: it may say a megabyte, and as often as it likes.
_LONGEST_VALUE = 1000
_MOST_SYNTAXES, _FEWEST_SYNTAXES = 512, 4
_MOST_KINDS, _ANY_OTHER = 64, (0xFFFF, 0xFFFF, False)


class Recording:
    """What is noted of one association. Its thread writes, any other may read."""

    def __init__(
        self, direction: Literal["in", "out"], recorder: Recorder | None, ours: str, address: str
    ) -> None:
        self.direction = direction
        self.address = address
        self.began_us = time.time_ns() // 1000
        self.ended_us: int | None = None
        self.calling_ae_title = ""
        self.called_ae_title = ""
        self.peer = ""
        self.is_tls = False
        self.outcome = "open"
        self.details: dict[str, Any] = {"ours": ours}
        self.messages: Messages = {}
        self.transport: Transport | None = None
        self.is_worth_keeping = True
        self.row_id = 0  # belongs to the keeper
        self._recorder = recorder
        self._request: AssociateRq | None = None
        self._answer: AssociateAc | None = None

    # -- what its thread says -----------------------------------------------------------------------

    def asked(self, request: AssociateRq) -> None:
        """The request for the association, received or about to be sent."""
        self._request = request
        self.calling_ae_title = request.calling_ae_title
        self.called_ae_title = request.called_ae_title

    def accepted(self, answer: AssociateAc) -> None:
        """The association stands."""
        self._answer = answer
        self._note()

    def found(self, code: str, values: Mapping[str, Any] | None = None) -> None:
        """A finding that only the moment itself could tell; the first one counts."""
        self.is_worth_keeping = True
        if "finding" not in self.details:
            self.details = {**self.details, **(values or {}), "finding": code}

    def remark(self, **values: Any) -> None:
        """Values that a finding may be made of later."""
        self.details = {**self.details, **values}

    def end(self, outcome: str, text: str = "") -> None:
        """The association is over, or did not come about; the first end counts."""
        if self.ended_us is not None:
            return
        if text:
            self.details = {"text": text, **self.details}
        self.outcome = outcome
        self.ended_us = time.time_ns() // 1000
        self._note()

    def _note(self) -> None:
        if self._recorder is not None and self.is_worth_keeping:
            self._recorder.note(self)

    @property
    def is_of_a_stranger(self) -> bool:
        """Whether it is of somebody who called us and was not let in."""
        return self.direction == "in" and self._answer is None

    # -- what becomes of it -------------------------------------------------------------------------

    @property
    def counters(self) -> tuple[int, int, int]:
        """Something that changes with every message and byte."""
        transport = self.transport
        if transport is None:
            return 0, 0, 0
        return sum(self.messages.copy().values()), transport.bytes_received, transport.bytes_sent

    def record(self) -> AssociationRecord:
        """All of it as it is now, with what the doctor says about it."""
        request, answer = self._request, self._answer
        theirs = request if self.direction == "in" else answer
        information = None if theirs is None else theirs.user_information
        _, received, sent = self.counters
        made = AssociationRecord(
            direction=self.direction,
            began_us=self.began_us,
            ended_us=self.ended_us,
            calling_ae_title=_safe(self.calling_ae_title),
            called_ae_title=_safe(self.called_ae_title),
            address=self.address,
            peer=self.peer,
            is_tls=self.is_tls,
            outcome=self.outcome,
            contexts=_contexts(request, answer),
            messages=_messages(self.messages.copy()),
            details={name: _short(value) for name, value in self.details.items()},
            bytes_received=received,
            bytes_sent=sent,
            implementation=""
            if information is None
            else _safe(
                information.implementation_version_name or information.implementation_class_uid
            ),
            id=self.row_id,
        )
        diagnosis = diagnose(made)
        made.is_ok = diagnosis.is_ok
        if diagnosis.finding is not None:
            made.finding = diagnosis.finding.code
            made.reason = diagnosis.finding.reason
            made.advice = diagnosis.finding.advice
        return made


def count(
    messages: Messages, command_field: int, status: int, *, is_reverse: bool, number: int = 1
) -> None:
    """Count answers of one kind; a peer that makes up ever new ones has them counted as one.

    ``is_reverse`` says that they are the requestor's, as those to the C-STOREs of a C-GET are.
    """
    key = (command_field, status, is_reverse)
    if key not in messages and len(messages) >= _MOST_KINDS:
        key = _ANY_OTHER
    messages[key] = messages.get(key, 0) + number


def _short(value: Any) -> Any:
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value


def _safe(text: str) -> str:
    """What a peer sent, as it may be shown: nothing unprintable stays."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _contexts(request: AssociateRq | None, answer: AssociateAc | None) -> list[RecordedContext]:
    if request is None:
        return []
    answered = {}
    if answer is not None:
        answered = {context.context_id: context for context in answer.presentation_contexts}
    made = []
    proposals = request.presentation_contexts
    each = max(_FEWEST_SYNTAXES, _MOST_SYNTAXES // max(1, len(proposals)))
    for proposed in proposals:
        theirs = answered.get(proposed.context_id)
        is_accepted = theirs is not None and theirs.result == 0
        made.append(
            RecordedContext(
                _safe(proposed.abstract_syntax)[:64],
                tuple(_safe(one)[:64] for one in proposed.transfer_syntaxes[:each]),
                None if theirs is None else theirs.result,
                _safe(theirs.transfer_syntax)[:64] if theirs is not None and is_accepted else "",
            )
        )
    return made


def _messages(counts: Messages) -> list[dict[str, Any]]:
    made = []
    for (field, status, is_reverse), number in counts.items():
        try:
            name = CommandField(field).name.removesuffix("_RSP").replace("_", "-")
        except ValueError:
            name = f"command {field & ~IS_RESPONSE:04X}H"
        row = {
            "name": name,
            "status": f"{status:04X}",
            "meaning": describe(status).partition(" ")[2],
            "count": number,
        }
        made.append(row | ({"is_reverse": True} if is_reverse else {}))
    return made
