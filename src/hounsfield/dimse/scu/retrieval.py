"""What C-GET and C-MOVE as SCU have in common: identifiers, counters, results (PS3.4 C.4.2, C.4.3)."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hounsfield.dicom.query import Level
from hounsfield.dimse.command import Command, CommandTag
from hounsfield.dimse.identifier import UNIQUE_KEYS, decode_identifier, vr_of_key
from hounsfield.dimse.scu.operation import Operation
from hounsfield.dimse.status import StatusClass, class_of
from hounsfield.errors import InvalidInstance

_FAILED_SOP_INSTANCE_UID_LIST = "00080058"
_COUNTERS = {
    "remaining": CommandTag.NUMBER_OF_REMAINING_SUB_OPERATIONS,
    "completed": CommandTag.NUMBER_OF_COMPLETED_SUB_OPERATIONS,
    "failed": CommandTag.NUMBER_OF_FAILED_SUB_OPERATIONS,
    "warning": CommandTag.NUMBER_OF_WARNING_SUB_OPERATIONS,
}


@dataclass(slots=True)
class Retrieval:
    """How a retrieval stands, and how it ended: by the counters of the peer, which may leave them out."""

    response: Command | None = None
    remaining: int = 0
    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_uids: list[str] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def done(self) -> int:
        """How many instances the peer has sent."""
        return self.completed + self.warning

    def take(self, operation: Operation, response: Command, data: bytes) -> bool:
        """Take a response in; gives whether it is the final one."""
        self._count(response)
        if class_of(response.status) is StatusClass.PENDING:
            operation.got_to(self.done + self.failed)
            return False
        self._end(operation, response, data)
        return True

    def _count(self, response: Command) -> None:
        """Take the counters of a response in."""
        for name, tag in _COUNTERS.items():
            if tag in response:
                setattr(self, name, response.number(tag, 0))

    def _end(self, operation: Operation, response: Command, data: bytes) -> None:
        """Take the final response in, with the Failed SOP Instance UID List if it has one (QR-08)."""
        self.response = response
        self.is_cancelled = operation.is_cancelled
        if not data:
            return
        self.failed_uids = failed_uids_in(data, operation.context.transfer_syntax)


def failed_uids_in(data: bytes, transfer_syntax_uid: str) -> list[str]:
    """The Failed SOP Instance UID List of a final response; empty where it cannot be read.

    The counters tell how many failed then; which ones, the index does.
    """
    try:
        identifier, _charset = decode_identifier(data, transfer_syntax_uid)
    except InvalidInstance:
        return []
    attribute = identifier.get(_FAILED_SOP_INSTANCE_UID_LIST, {})
    uids = attribute.get("Value", ())
    if "InlineBinary" in attribute:  # UN, being longer than UI can say (PS3.5 6.2.2 note 2)
        uids = base64.b64decode(attribute["InlineBinary"]).decode("latin-1").split("\\")
    return [uid for uid in (str(one or "").strip(" \0") for one in uids) if uid]


Progress = Callable[[Retrieval], None]


def retrieve_identifier(
    level: Level,
    *,
    study_instance_uid: str,
    patient_id: str | None = None,
    series_instance_uid: str = "",
    sop_instance_uids: Sequence[str] = (),
) -> dict[str, Any]:
    """The identifier of a retrieval: the unique keys of the level and of those above (PS3.4 C.4.2.1.4).

    ``patient_id`` is given for Patient Root.
    """
    keys = {Level.STUDY: [study_instance_uid]}
    if patient_id is not None:
        keys[Level.PATIENT] = [patient_id]
    if level.depth >= Level.SERIES.depth:
        keys[Level.SERIES] = [series_instance_uid]
    if level is Level.IMAGE:
        keys[Level.IMAGE] = list(sop_instance_uids)
    found: dict[str, Any] = {"00080052": {"vr": "CS", "Value": [str(level)]}}
    for at, values in keys.items():
        tag = UNIQUE_KEYS[at]
        found[f"{tag:08X}"] = {"vr": vr_of_key(tag), "Value": values}
    return found
