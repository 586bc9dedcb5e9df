"""The rules of the modality performed procedure step: what it must say when (PS3.4 F.7.2, PS3.3 C.4.13 to C.4.15).

Pure functions over data sets in the DICOM JSON model.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DataSet = Mapping[str, Any]

STATUS = "00400252"
STEP_ID, STATION_AE_TITLE, MODALITY = "00400253", "00400241", "00080060"
START_DATE, START_TIME = "00400244", "00400245"
END_DATE, END_TIME = "00400250", "00400251"
DESCRIPTION, DISCONTINUATION_REASONS = "00400254", "00400281"
SCHEDULED_STEPS, PERFORMED_SERIES = "00400270", "00400340"
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID = "0020000D", "0020000E"
ACCESSION_NUMBER, PATIENT_ID = "00080050", "00100020"
REQUESTED_PROCEDURE_ID, SCHEDULED_STEP_ID = "00401001", "00400009"
SERIES_DESCRIPTION, PROTOCOL_NAME = "0008103E", "00181030"
REFERENCED_IMAGES, REFERENCED_NON_IMAGES = "00081140", "00400220"
REFERENCED_SOP_INSTANCE_UID = "00081155"
PATIENT_NAME, PATIENT_BIRTH_DATE, PATIENT_SEX = "00100010", "00100030", "00100040"
ISSUER_OF_PATIENT_ID, REQUESTED_DESCRIPTION = "00100021", "00321060"
SCHEDULED_DESCRIPTION = "00400007"
CODE_VALUE, CODE_MEANING = "00080100", "00080104"
# PS3.16 CID 9300: the scanner's operator had taken the wrong entry of the worklist.
INCORRECT_WORKLIST_ENTRY = "110514"


class Status(StrEnum):
    """Table F.7.1-1."""

    IN_PROGRESS = "IN PROGRESS"
    DISCONTINUED = "DISCONTINUED"
    COMPLETED = "COMPLETED"

    @property
    def is_final(self) -> bool:
        return self is not Status.IN_PROGRESS


# Table F.7.2-1, N-CREATE, type 1.
AT_CREATION = (
    SCHEDULED_STEPS,
    STEP_ID,
    STATION_AE_TITLE,
    START_DATE,
    START_TIME,
    STATUS,
    MODALITY,
)
# The same, N-SET: not allowed, because it is what the step is known by.
UNCHANGEABLE = frozenset(
    {SCHEDULED_STEPS, STEP_ID, STATION_AE_TITLE, START_DATE, START_TIME, MODALITY, PATIENT_ID}
    | {"00100010", "00100030", "00100040", "00200010", "00081120", "00080016", "00080018"}
)


@dataclass(frozen=True, slots=True)
class Faults:
    """Tags that are not there, that lack the value they need, and whose value is none that they may have."""

    absent: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.absent or self.empty or self.invalid)


def faults_at_creation(dataset: DataSet) -> Faults:
    """What a new step lacks; it must be IN PROGRESS (MPPS-01)."""
    absent = [tag for tag in AT_CREATION if tag not in dataset]
    empty = [tag for tag in AT_CREATION if tag in dataset and not dataset[tag].get("Value")]
    for item in items_of(dataset, SCHEDULED_STEPS):
        if not value_of(item, STUDY_INSTANCE_UID):
            (empty if STUDY_INSTANCE_UID in item else absent).append(STUDY_INSTANCE_UID)
            break
    status = value_of(dataset, STATUS)
    invalid = (STATUS,) if status not in {"", Status.IN_PROGRESS} else ()
    return Faults(tuple(absent), tuple(empty), invalid)


def faults_at_update(dataset: DataSet, before: DataSet) -> Faults:
    """What an update may not say, and what the step then lacks for its final status (MPPS-02)."""
    status = value_of(dataset, STATUS) or value_of(before, STATUS)
    if status not in list(Status):
        return Faults(invalid=(STATUS,))
    if not Status(status).is_final:
        return Faults()
    after = {**before, **dataset}
    wanted = [END_DATE, END_TIME]
    if status == Status.COMPLETED:
        wanted.append(PERFORMED_SERIES)
    absent = tuple(tag for tag in wanted if tag not in after)
    empty = [tag for tag in wanted if tag in after and not after[tag].get("Value")]
    for item in items_of(after, PERFORMED_SERIES):
        empty += [tag for tag in (SERIES_INSTANCE_UID, PROTOCOL_NAME) if not value_of(item, tag)]
    return Faults(absent, tuple(dict.fromkeys(empty)))


def references(dataset: DataSet) -> Iterator[tuple[str, str]]:
    """The (Series, SOP) Instance UIDs of what was made, images or not (MPPS-03)."""
    for series in items_of(dataset, PERFORMED_SERIES):
        series_uid = value_of(series, SERIES_INSTANCE_UID)
        for tag in (REFERENCED_IMAGES, REFERENCED_NON_IMAGES):
            for item in items_of(series, tag):
                sop_uid = value_of(item, REFERENCED_SOP_INSTANCE_UID)
                if sop_uid:
                    yield series_uid, sop_uid


def studies_of(dataset: DataSet) -> tuple[str, ...]:
    """The studies that a step names: one where its modality did what it was told for one, else several.

    Which series is of which of them, no attribute says.
    """
    uids = (value_of(item, STUDY_INSTANCE_UID) for item in items_of(dataset, SCHEDULED_STEPS))
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def study_of(dataset: DataSet) -> str:
    """The study of the first scheduled step."""
    return next(iter(studies_of(dataset)), "")


def reason_of(dataset: DataSet) -> tuple[str, str]:
    """(code, meaning) of why a step was discontinued; empty where nobody says."""
    for item in items_of(dataset, DISCONTINUATION_REASONS):
        return value_of(item, CODE_VALUE), value_of(item, CODE_MEANING)
    return "", ""


def value_of(dataset: DataSet, tag: str) -> str:
    """The first value of an attribute as text; empty without one."""
    values = dataset.get(tag, {}).get("Value")
    return str(values[0]).strip() if values and values[0] is not None else ""


def name_of(dataset: DataSet, tag: str) -> str:
    """A person name with its groups as DICOM writes it (PS3.5 6.2.1); empty without one."""
    values = dataset.get(tag, {}).get("Value")
    name = values[0] if values else None
    if not isinstance(name, Mapping):
        return str(name or "").strip()
    groups = (str(name.get(one, "")) for one in ("Alphabetic", "Ideographic", "Phonetic"))
    return "=".join(groups).rstrip("=").strip()


def first_scheduled(dataset: DataSet) -> DataSet:
    """The first step that the modality was told to perform, or that it made up where it had no worklist."""
    return next(iter(items_of(dataset, SCHEDULED_STEPS)), {})


def items_of(dataset: DataSet, tag: str) -> list[DataSet]:
    """The items of a sequence."""
    return [item or {} for item in dataset.get(tag, {}).get("Value") or ()]
