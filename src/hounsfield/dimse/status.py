"""The status codes of DIMSE responses and which error becomes which (PS3.7 annex C, PS3.4 B.2.3)."""

from enum import IntEnum, StrEnum

from hounsfield.archive.store import DuplicateInstance, SopMismatch
from hounsfield.errors import (
    Conflict,
    Gone,
    HounsfieldError,
    InvalidInstance,
    InvalidQuery,
    NotAcceptable,
    NotFound,
    OutOfResources,
    Refused,
    Unavailable,
)


class StatusClass(StrEnum):
    """What kind of end a status means (PS3.7 C.1 to C.5)."""

    SUCCESS = "success"
    PENDING = "pending"
    CANCEL = "cancel"
    WARNING = "warning"
    FAILURE = "failure"


class Status(IntEnum):
    """The codes we send."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    INVALID_ARGUMENT_VALUE = 0x0115
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    UNABLE_TO_COUNT_MATCHES = 0xA701
    UNABLE_TO_PERFORM_SUBOPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATASET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    NO_SUCH_FRAMES = 0xAA00
    UNABLE_TO_EXTRACT_FRAMES = 0xAA02
    TIME_OF_FRAMES_UNKNOWN = 0xAA03
    INVALID_FRAMES_REQUEST = 0xAA04
    CANNOT_UNDERSTAND = 0xC000
    COERCION_OF_DATA_ELEMENTS = 0xB000
    SUBOPERATIONS_WITH_FAILURES = 0xB000
    ELEMENTS_DISCARDED = 0xB006
    WARNING_DATASET_DOES_NOT_MATCH_SOP_CLASS = 0xB007
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_OPTIONAL_KEYS_UNSUPPORTED = 0xFF01


MEANINGS: dict[int, str] = {
    0x0000: "success",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0113: "no such event type",
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0116: "attribute value out of range",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class-instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "SOP class not supported",
    0x0123: "no such action",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xA700: "out of resources",
    0xA701: "out of resources: number of matches cannot be counted",
    0xA702: "out of resources: sub-operations cannot be performed",
    0xA801: "move destination unknown",
    0xA900: "data set does not match SOP class",
    0xAA00: "none of the frames requested are in the instance",
    0xAA01: "no new object can be made for this SOP class",
    0xAA02: "frames cannot be extracted",
    0xAA03: "frames were asked for by time, which is not known",
    0xAA04: "invalid request for frames",
    0xB000: "coercion of data elements, or sub-operations with failures",
    0xB006: "elements discarded",
    0xB007: "data set does not match SOP class (stored all the same)",
    0xC000: "cannot understand",
    0xFE00: "cancelled",
    0xFF00: "pending",
    0xFF01: "pending: optional keys not supported",
}

# PS3.4 table B.2-1: what a C-STORE of ours can answer; the reference docs are made from it.
STORE_STATUSES: tuple[tuple[Status, str], ...] = (
    (Status.SUCCESS, "stored, durable and indexed; or it was here already, byte for byte"),
    (Status.OUT_OF_RESOURCES, "no space left, the object is too large, or a part is unavailable"),
    (Status.DATASET_DOES_NOT_MATCH_SOP_CLASS, "the UIDs of command and data set differ"),
    (Status.CANNOT_UNDERSTAND, "the data set cannot be read, or lacks what identifies it"),
    (Status.DUPLICATE_SOP_INSTANCE, "here with other content, and the policy keeps the first"),
    (Status.SOP_CLASS_NOT_SUPPORTED, "sent on a presentation context that is not for storage"),
    (Status.NOT_AUTHORIZED, "the peer may not store, or a hook refused the instance"),
    (Status.PROCESSING_FAILURE, "an error of ours; the log tells it"),
)

STATUS_OF: dict[type[HounsfieldError], Status] = {
    InvalidInstance: Status.CANNOT_UNDERSTAND,
    InvalidQuery: Status.DATASET_DOES_NOT_MATCH_SOP_CLASS,
    NotFound: Status.NO_SUCH_SOP_INSTANCE,
    Gone: Status.NO_SUCH_SOP_INSTANCE,
    NotAcceptable: Status.SOP_CLASS_NOT_SUPPORTED,
    Conflict: Status.PROCESSING_FAILURE,
    SopMismatch: Status.DATASET_DOES_NOT_MATCH_SOP_CLASS,
    DuplicateInstance: Status.DUPLICATE_SOP_INSTANCE,
    Refused: Status.NOT_AUTHORIZED,
    Unavailable: Status.OUT_OF_RESOURCES,
    OutOfResources: Status.OUT_OF_RESOURCES,
}


def status_of(error: HounsfieldError) -> Status:
    """Return the status for an error, by its own class or the nearest it derives from."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            return STATUS_OF[kind]
    return Status.PROCESSING_FAILURE


def class_of(code: int) -> StatusClass:
    """Classify any code, ours or a peer's."""
    if code == 0:
        return StatusClass.SUCCESS
    if code in {0xFF00, 0xFF01}:
        return StatusClass.PENDING
    if code == 0xFE00:
        return StatusClass.CANCEL
    if code in {0x0001, 0x0107, 0x0116} or code >> 12 == 0xB:
        return StatusClass.WARNING
    return StatusClass.FAILURE


def describe(code: int) -> str:
    """Say a code in words; families of codes (PS3.4 table B.2-1: A7xx, A9xx, Cxxx) by their first."""
    family = 0xC000 if code >> 12 == 0xC else code & 0xFF00 if code >> 12 == 0xA else code
    words = MEANINGS.get(code) or MEANINGS.get(family) or class_of(code)
    return f"{code:04X} {words}"
