"""The rules of the Unified Procedure Step: its states, its lock, and what it must hold when (PS3.4 annex CC).

Pure functions over data sets in the DICOM JSON model. A refusal says which rule was broken, not in which protocol's
code: DIMSE and UPS-RS have a table each.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from hounsfield.dicom.matching import are_alike
from hounsfield.dicom.sequences import vr_of

DataSet = Mapping[str, Any]

_UID = re.compile(r"(?=.{1,64}\Z)[0-9]+(\.[0-9]+)*")

STATE = "00741000"
TRANSACTION_UID = "00081195"
INPUT_READINESS_STATE = "00404041"
PROGRESS = "00741002"
PERFORMED = "00741216"
STATION_NAMES = "00404025"
HUMAN_PERFORMERS = "00404034"
HUMAN_PERFORMER_CODES, HUMAN_PERFORMERS_ORGANISATION = "00404009", "00404036"
REASON_FOR_CANCELLATION, DISCONTINUATION_REASONS = "00741238", "0074100E"
CANCELLATION_DATETIME = "00404052"
CONTACT_URI, CONTACT_DISPLAY_NAME = "0074100A", "0074100C"
SOP_CLASS_UID, SOP_INSTANCE_UID = "00080016", "00080018"
LABEL, WORKLIST_LABEL, PRIORITY = "00741204", "00741202", "00741200"
START_DATETIME, MODIFICATION_DATETIME = "00404005", "00404010"
PATIENT_ID, STUDY_INSTANCE_UID = "00100020", "0020000D"


class State(StrEnum):
    """Table CC.1.1-1."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"

    @property
    def is_final(self) -> bool:
        return self in {State.CANCELED, State.COMPLETED}


class Rule(StrEnum):
    """The rules that a request can break; the value says so to the one who asked."""

    MAY_NO_LONGER_BE_UPDATED = "the work item is in a final state and may no longer be updated"
    WRONG_TRANSACTION_UID = "the Transaction UID is not the one that the work item is locked with"
    ALREADY_IN_PROGRESS = "the work item is in progress already"
    ONLY_CREATION_SCHEDULES = "a work item becomes SCHEDULED only by being created"
    FINAL_STATE_REQUIREMENTS = "the work item lacks what it must have in that final state"
    NOT_YET_IN_PROGRESS = "the work item is not in progress yet"
    ALREADY_COMPLETED = "the work item is completed already"
    NOT_CREATED_SCHEDULED = "a work item is created in the state SCHEDULED"
    UNKNOWN_STATE = "that is no state of a work item"
    NO_SUCH_WORK_ITEM = "there is no such work item"
    RECEIVER_UNKNOWN = "the receiving AE is no peer with an address here"
    NOT_FOR_THIS_INSTANCE = "this action is not for that instance"


class Notice(StrEnum):
    """What is no refusal, but no change either."""

    ALREADY_CANCELED = "the work item is canceled already"
    ALREADY_COMPLETED = "the work item is completed already"


def decide(
    state: State, lock: str, asked: str, transaction_uid: str, dataset: DataSet
) -> State | Rule | Notice:
    """What comes of a Change UPS State: the new state, or why there is none (table CC.1.1-2).

    ``lock`` is the Transaction UID that the work item was claimed with, empty before that.
    """
    if asked == State.SCHEDULED:
        return Rule.ONLY_CREATION_SCHEDULES
    if asked not in list(State):
        return Rule.UNKNOWN_STATE
    if not transaction_uid or (lock and transaction_uid != lock):
        return Rule.WRONG_TRANSACTION_UID
    target = State(asked)
    if target is State.IN_PROGRESS:
        if state is State.SCHEDULED:
            return target
        return Rule.MAY_NO_LONGER_BE_UPDATED if state.is_final else Rule.ALREADY_IN_PROGRESS
    if state is State.SCHEDULED:
        return Rule.NOT_YET_IN_PROGRESS
    if state is target:
        canceled = target is State.CANCELED
        return Notice.ALREADY_CANCELED if canceled else Notice.ALREADY_COMPLETED
    if state.is_final:
        return Rule.MAY_NO_LONGER_BE_UPDATED
    return Rule.FINAL_STATE_REQUIREMENTS if any(missing_for(target, dataset)) else target


def decide_cancel(state: State) -> State | Rule | Notice | None:
    """What comes of a Request UPS Cancel; None: whoever works on it is told, and decides."""
    match state:
        case State.SCHEDULED:
            return State.CANCELED
        case State.IN_PROGRESS:
            return None
        case State.CANCELED:
            return Notice.ALREADY_CANCELED
        case _:
            return Rule.ALREADY_COMPLETED


def decide_update(state: State, lock: str, transaction_uid: str) -> Rule | None:
    """Whether the attributes may be changed now, and by this one (CC.2.6.2, CC.2.6.3)."""
    if state.is_final:
        return Rule.MAY_NO_LONGER_BE_UPDATED
    if state is State.SCHEDULED:
        return Rule.NOT_YET_IN_PROGRESS if transaction_uid else None
    return None if transaction_uid == lock else Rule.WRONG_TRANSACTION_UID


# Table CC.2.5-3, N-CREATE: what must be there with a value, and what must be there but may be empty.
_VALUED = {
    PRIORITY: "CS", LABEL: "LO", START_DATETIME: "DT", INPUT_READINESS_STATE: "CS", STATE: "CS",
}  # fmt: skip
_EMPTY_ALLOWED = {
    TRANSACTION_UID: "UI",
    WORKLIST_LABEL: "LO",
    "00741210": "SQ",  # Scheduled Processing Parameters Sequence
    STATION_NAMES: "SQ",
    "00404026": "SQ",  # Scheduled Station Class Code Sequence
    "00404027": "SQ",  # Scheduled Station Geographic Location Code Sequence
    "00404018": "SQ",  # Scheduled Workitem Code Sequence
    "00400400": "LT",  # Comments on the Scheduled Procedure Step
    "00404021": "SQ",  # Input Information Sequence
    STUDY_INSTANCE_UID: "UI",
    "00100010": "PN",
    PATIENT_ID: "LO",
    "00100021": "LO",
    "00100030": "DA",
    "00100040": "CS",
    "00380010": "LO",  # Admission ID
    "00081080": "LO",  # Admitting Diagnoses Description
    "0040A370": "SQ",  # Referenced Request Sequence
    PROGRESS: "SQ",
    PERFORMED: "SQ",
}
# The same table, C-FIND and PS3.18 11.9.3: what a match says whether it is asked for or not (return keys 1, 1C and 2).
RETURN_KEYS = frozenset({*_VALUED, *_EMPTY_ALLOWED}) - {TRANSACTION_UID} | {
    "00080005", "00080201",  # how to read its texts and times
    SOP_CLASS_UID, SOP_INSTANCE_UID, MODIFICATION_DATETIME, HUMAN_PERFORMERS,
    "00404011",  # Expected Completion DateTime
    "00380014",  # Issuer of Admission ID Sequence
    "00081084",  # Admitting Diagnoses Code Sequence
    "00741224",  # Replaced Procedure Step Sequence
}  # fmt: skip
_PRIORITIES = frozenset({"HIGH", "MEDIUM", "LOW"})
_READINESS = frozenset({"READY", "UNAVAILABLE", "INCOMPLETE"})
# What a creator leaves empty: it is filled while the work is done.
_EMPTY_AT_CREATION = (TRANSACTION_UID, PROGRESS, PERFORMED)


def missing_at_creation(dataset: DataSet) -> tuple[list[str], list[str]]:
    """(tags that are not there at all, tags that are there without the value they need)."""
    absent = [tag for tag in _VALUED if tag not in dataset]
    return absent, emptied(dataset)


def emptied(dataset: DataSet) -> list[str]:
    """Tags that an update would leave without the value that every work item has."""
    return [tag for tag in _VALUED if tag in dataset and not value_of(dataset, tag).strip()]


def invalid_values(dataset: DataSet) -> list[str]:
    """Tags whose value is none of those enumerated, or that must be empty and are not, at creation."""
    found = [tag for tag in _EMPTY_AT_CREATION if dataset.get(tag, {}).get("Value")]
    return found + invalid_codes(dataset)


def invalid_codes(dataset: DataSet) -> list[str]:
    """Tags whose value is none of those enumerated for them, or of a form that the attribute never has."""
    enumerated = ((PRIORITY, _PRIORITIES), (INPUT_READINESS_STATE, _READINESS))
    found = [tag for tag, values in enumerated if value_of(dataset, tag) not in {"", *values}]
    return found + [tag for tag in misread(dataset) if tag not in found]


def misread(dataset: DataSet) -> list[str]:
    """Tags that have text where items or names belong, or the other way round, at any depth of theirs.

    In explicit VR a peer may write what it likes, and all who read the work item later would stumble over it.
    """
    return [tag for tag, attribute in dataset.items() if _is_misread(tag, attribute)]


def _is_misread(tag: str, attribute: DataSet) -> bool:
    known = vr_of(int(tag, 16))
    if known != "UN" and not are_alike(known, attribute["vr"]):
        return True
    within = attribute.get("Value", ()) if attribute["vr"] == "SQ" else ()
    return any(misread(item) for item in within)


def completed(dataset: DataSet) -> dict[str, Any]:
    """The data set as it is kept: attributes that have to be there are, empty where nobody gave a value."""
    kept = {tag: {"vr": vr} for tag, vr in _EMPTY_ALLOWED.items() if tag != TRANSACTION_UID}
    return kept | {tag: value for tag, value in dataset.items() if tag != TRANSACTION_UID}


def missing_for(final: State, dataset: DataSet) -> Iterator[str]:
    """Tags without which a work item cannot go into a final state (final state codes R, P and X)."""
    if final is State.CANCELED:
        progress = first_item(dataset, PROGRESS)
        wanted = (CANCELLATION_DATETIME, DISCONTINUATION_REASONS)
        yield from (tag for tag in wanted if not progress.get(tag, {}).get("Value"))
        return
    performed = first_item(dataset, PERFORMED)
    # Performed Station Name Codes, Performed Workitem Codes, start and end: P. Output may be empty, but is there.
    for tag in ("00404028", "00404019", "00404050", "00404051"):
        if not performed.get(tag, {}).get("Value"):
            yield tag
    if "00404033" not in performed:
        yield "00404033"


# What never is changed by an N-SET: identity, state (by N-ACTION only), lock, and who the patient is.
UNCHANGEABLE = frozenset(
    {STATE, TRANSACTION_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, PATIENT_ID, "00100010", "00100021"}
    | {"00100030", "00100040", STUDY_INSTANCE_UID}
)


def is_uid(text: str) -> bool:
    """Whether a text can be a UID (PS3.5 9.1); components that begin with 0 are let pass, since there are some."""
    return bool(_UID.fullmatch(text))


def value_of(dataset: DataSet, tag: str) -> str:
    """The first value of an attribute as text; empty without one."""
    values = dataset.get(tag, {}).get("Value") or ("",)
    return str(values[0] if values[0] is not None else "")


def first_item(dataset: DataSet, tag: str) -> DataSet:
    """The first item of a sequence; empty without one."""
    items = dataset.get(tag, {}).get("Value")
    item: DataSet = (items[0] if items else None) or {}
    return item


# -- what subscribers are told (table CC.2.4-1) ---------------------------------------------------


class EventType(StrEnum):
    """The event types, in the order of their numbers from 1."""

    STATE_REPORT = "state report"
    CANCEL_REQUESTED = "cancel requested"
    PROGRESS_REPORT = "progress report"
    SCP_STATUS_CHANGE = "SCP status change"
    ASSIGNED = "assigned"

    @property
    def number(self) -> int:
        return list(EventType).index(self) + 1


def state_report(dataset: DataSet) -> dict[str, Any]:
    """The information of a UPS State Report."""
    told = {tag: dataset[tag] for tag in (STATE, INPUT_READINESS_STATE) if tag in dataset}
    if value_of(dataset, STATE) == State.CANCELED:
        progress = first_item(dataset, PROGRESS)
        told |= _those(progress, REASON_FOR_CANCELLATION, DISCONTINUATION_REASONS)
    return told


def progress_report(dataset: DataSet) -> dict[str, Any]:
    """The information of a UPS Progress Report."""
    return {PROGRESS: dataset.get(PROGRESS, {"vr": "SQ"})}


def assignment(dataset: DataSet) -> dict[str, Any]:
    """The information of a UPS Assigned; empty where nobody and nothing is assigned."""
    told = _those(dataset, STATION_NAMES)
    performer = first_item(dataset, HUMAN_PERFORMERS)
    return told | _those(performer, HUMAN_PERFORMER_CODES, HUMAN_PERFORMERS_ORGANISATION)


def cancel_request(asked: DataSet, requesting_ae: str) -> dict[str, Any]:
    """The information of a UPS Cancel Requested, from what the N-ACTION brought."""
    told: dict[str, Any] = {"00741236": {"vr": "AE", "Value": [requesting_ae]}}
    return told | _those(
        asked,
        REASON_FOR_CANCELLATION,
        DISCONTINUATION_REASONS,
        CONTACT_URI,
        CONTACT_DISPLAY_NAME,
    )


def restarted() -> dict[str, Any]:
    """The information of an SCP Status Change after a restart that lost nothing."""
    return {
        "00741242": {"vr": "CS", "Value": ["RESTARTED"]},
        "00741244": {"vr": "CS", "Value": ["WARM START"]},
        "00741246": {"vr": "CS", "Value": ["WARM START"]},
    }


def _those(dataset: DataSet, *tags: str) -> dict[str, Any]:
    return {tag: dataset[tag] for tag in tags if dataset.get(tag, {}).get("Value")}
