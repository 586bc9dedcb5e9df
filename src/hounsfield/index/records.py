"""What goes into the index and what comes out of it, free of SQL."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hounsfield.dicom.attributes import InstanceAttributes
from hounsfield.dicom.frames import FrameTable
from hounsfield.dicom.identity import Identity
from hounsfield.dicom.query import Level
from hounsfield.storage.keys import object_key


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """One stored instance on its way into the index.

    ``compared_with`` names the versions (their row IDs) that the caller knows of and has compared; any
    other version found makes a `Collision` instead of a row. ``becomes_current`` says whether it is shown
    instead of those, ``is_conflict`` whether it is flagged as contradicting them. ``is_stored`` is asked
    before the row is written: somebody who sent the same may have dropped the object, as nothing new or because
    the index did not take it.
    """

    identity: Identity
    attributes: InstanceAttributes
    size_bytes: int
    sha256: str
    received_us: int
    received_by: str
    source: str
    dataset_offset: int
    frame_table: FrameTable | None
    actor: str
    compared_with: frozenset[int] = frozenset()
    becomes_current: bool = True
    is_conflict: bool = False
    is_stored: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """An instance row that has the same UIDs as one that wants in."""

    id: int
    sha256: str
    received_us: int
    received_by: str
    dataset_offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Inserted:
    """The record is in the index."""

    version: int


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The very same file is in the index already."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Other versions are there that the caller has not compared with."""

    versions: tuple[Version, ...]


Outcome = Inserted | AlreadyThere | Collision


@dataclass(frozen=True, slots=True)
class InstanceLocation:
    """Where a stored instance lies and how to read it."""

    id: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int | None
    number_of_frames: int
    size_bytes: int
    sha256: str
    received_us: int
    received_by: str
    source: str
    dataset_offset: int
    version: int
    is_current: bool
    packed_frame_table: bytes | None = field(repr=False, default=None)

    @property
    def storage_key(self) -> str:
        identity = Identity(
            self.sop_class_uid,
            self.sop_instance_uid,
            self.study_instance_uid,
            self.series_instance_uid,
            *("" for _ in range(5)),
        )
        return object_key(identity, self.sha256, self.received_us)

    def frame_table(self) -> FrameTable | None:
        """Where its frames are; None if it has no pixel data of known place."""
        return FrameTable.from_bytes(self.packed_frame_table) if self.packed_frame_table else None


@dataclass(frozen=True, slots=True)
class PatientState:
    """What is ours about a patient."""

    patient_key: int
    identity_conflict: bool
    number_of_studies: int


@dataclass(frozen=True, slots=True)
class StudyState:
    """What is ours about a study; times in µs since 1970, UTC."""

    patient_key: int
    status: str
    number_of_series: int
    number_of_instances: int
    size_bytes: int
    first_received_us: int
    last_received_us: int
    identity_conflict: bool
    version_conflicts: int


@dataclass(frozen=True, slots=True)
class SeriesState:
    """What is ours about a series."""

    number_of_instances: int
    number_of_frames: int
    size_bytes: int
    revision: int
    last_received_us: int
    sop_classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceState:
    """What is ours about an instance."""

    version: int
    size_bytes: int
    sha256: str
    received_us: int
    received_by: str
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """One match of a query: its attributes in the DICOM JSON model, and what is ours about it."""

    level: Level
    attributes: dict[str, Any]
    state: PatientState | StudyState | SeriesState | InstanceState


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to what the archive holds."""

    sequence: int
    kind: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    patient_key: int
    actor: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Totals:
    """How much the archive holds."""

    patients: int
    studies: int
    series: int
    instances: int
    size_bytes: int
