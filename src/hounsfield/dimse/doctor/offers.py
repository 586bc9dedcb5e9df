"""What a peer takes and offers, in words, and a small object that goes there and is asked for again."""

import base64
import io
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sop_classes import (
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT_PUSH_MODEL,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    UPS_PUSH,
)
from hounsfield.dicom.transfer_syntax import of as transfer_syntax_of
from hounsfield.dimse.command import CommandField, CommandTag
from hounsfield.dimse.scu.requestor import MESSAGE_SYNTAXES, Context, ScuAssociation
from hounsfield.dimse.status import StatusClass, class_of

PATIENT_ID = "HOUNSFIELD-TEST"
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

_STORAGE = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.2": "MG",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "enhanced CT",
    "1.2.840.10008.5.1.4.1.1.3.1": "US multi-frame",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "enhanced MR",
    "1.2.840.10008.5.1.4.1.1.6.1": "US",
    _SECONDARY_CAPTURE: "secondary capture",
    "1.2.840.10008.5.1.4.1.1.12.1": "XA",
    "1.2.840.10008.5.1.4.1.1.20": "NM",
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.88.11": "basic text SR",
    "1.2.840.10008.5.1.4.1.1.104.1": "PDF",
    "1.2.840.10008.5.1.4.1.1.128": "PET",
    "1.2.840.10008.5.1.4.1.1.481.3": "RT structure set",
}
_COMPRESSED = (
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.5",
)
_COMPRESSED_CLASSES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4")
_SERVICES = {
    STUDY_ROOT_FIND: "query",
    STUDY_ROOT_MOVE: "C-MOVE",
    STUDY_ROOT_GET: "C-GET",
    MODALITY_WORKLIST_FIND: "worklist",
    MODALITY_PERFORMED_PROCEDURE_STEP: "procedure steps",
    STORAGE_COMMITMENT_PUSH_MODEL: "storage commitment",
    UPS_PUSH: "work items",
}


def proposals() -> list[tuple[str, tuple[str, ...]]]:
    """Presentation contexts for what is usual, compressed ones each by itself."""
    return [
        *((one, MESSAGE_SYNTAXES) for one in _STORAGE),
        *((one, (syntax,)) for one in _COMPRESSED_CLASSES for syntax in _COMPRESSED),
        *((one, MESSAGE_SYNTAXES) for one in _SERVICES),
    ]


class Taken:
    """Which of the proposals a peer accepted."""

    def __init__(self, accepted: Collection[Context]) -> None:
        classes = {sop_class for sop_class, _ in accepted}
        syntaxes = {syntax for _, syntax in accepted}
        self._storage = [name for uid, name in _STORAGE.items() if uid in classes]
        self._refused = [name for uid, name in _STORAGE.items() if uid not in classes]
        self._compressed = [one for one in _COMPRESSED if one in syntaxes]
        self._services = [name for uid, name in _SERVICES.items() if uid in classes]

    @property
    def takes_storage(self) -> bool:
        """Whether anything can be sent to it."""
        return bool(self._storage)

    def in_words(self) -> str:
        """All of it as sentences."""
        sentences = []
        if self._storage and not self._refused:
            sentences.append("It takes all usual images and documents.")
        elif self._storage:
            sentences.append(
                f"It takes {', '.join(self._storage)}, but not {', '.join(self._refused)}."
            )
        if self._storage:
            names = ", ".join(transfer_syntax_of(one).name for one in self._compressed)
            sentences.append(
                f"Compressed it takes {names}." if names else "It takes nothing compressed."
            )
        if self._services:
            sentences.append(f"It offers {', '.join(self._services)}.")
        return " ".join(sentences)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The status of the test object's C-STORE, and whether it was found again; None where that cannot be asked."""

    status: int
    is_found: bool | None = None


def round_trip(scu: ScuAssociation) -> RoundTrip:
    """Store a small object and ask for it again. Raises NotAcceptable, Unavailable."""
    dataset = _test_object()
    context = scu.context_for(_SECONDARY_CAPTURE, MESSAGE_SYNTAXES)
    request = scu.request(
        context,
        CommandField.C_STORE_RQ,
        {
            CommandTag.AFFECTED_SOP_CLASS_UID: _SECONDARY_CAPTURE,
            CommandTag.AFFECTED_SOP_INSTANCE_UID: str(dataset["00080018"]["Value"][0]),
            CommandTag.PRIORITY: 0,
        },
        io.BytesIO(encode_dataset(dataset, context.transfer_syntax)).readinto,
    )
    status = scu.response_to(request)[0].status
    if class_of(status) is StatusClass.FAILURE:
        return RoundTrip(status)
    if not any(sop_class == STUDY_ROOT_FIND for sop_class, _ in scu.accepted):
        return RoundTrip(0)
    identifier = {
        "00080052": {"vr": "CS", "Value": ["STUDY"]},
        "0020000D": dataset["0020000D"],
        "00100020": {"vr": "LO"},
    }
    elements: dict[CommandTag, int | str | tuple[int, ...]] = {
        CommandTag.AFFECTED_SOP_CLASS_UID: STUDY_ROOT_FIND,
        CommandTag.PRIORITY: 0,
    }
    answers = scu.perform(STUDY_ROOT_FIND, CommandField.C_FIND_RQ, elements, identifier)
    # All of them are taken in: an answer left unread would stand before the next one.
    matches = [1 for answer, _ in answers if class_of(answer.status) is StatusClass.PENDING]
    return RoundTrip(0, bool(matches))


def _test_object() -> dict[str, Any]:
    """A secondary capture of eight by eight black pixels, of nobody."""

    def uid() -> dict[str, Any]:
        return {"vr": "UI", "Value": [f"2.25.{uuid.uuid4().int}"]}

    def text(vr: str, value: Any) -> dict[str, Any]:
        return {"vr": vr, "Value": [value]}

    return {
        "00080016": text("UI", _SECONDARY_CAPTURE),
        "00080018": uid(),
        "00080020": {"vr": "DA"},
        "00080030": {"vr": "TM"},
        "00080050": {"vr": "SH"},
        "00080060": text("CS", "OT"),
        "00080064": text("CS", "SYN"),
        "00080090": {"vr": "PN"},
        "00081030": text("LO", "Connection test, may be deleted"),
        "00100010": text("PN", {"Alphabetic": "Hounsfield^Connection test"}),
        "00100020": text("LO", PATIENT_ID),
        "00100030": {"vr": "DA"},
        "00100040": {"vr": "CS"},
        "0020000D": uid(),
        "0020000E": uid(),
        "00200010": {"vr": "SH"},
        "00200011": text("IS", 1),
        "00200013": text("IS", 1),
        "00200020": {"vr": "CS"},
        "00280002": text("US", 1),
        "00280004": text("CS", "MONOCHROME2"),
        "00280010": text("US", 8),
        "00280011": text("US", 8),
        "00280100": text("US", 8),
        "00280101": text("US", 8),
        "00280102": text("US", 7),
        "00280103": text("US", 0),
        "7FE00010": {"vr": "OB", "InlineBinary": base64.b64encode(bytes(64)).decode()},
    }
