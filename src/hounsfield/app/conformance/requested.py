"""The services that we use at other systems beside storage, and when."""

from hounsfield.dicom.sop_classes import (
    INSTANCE_AVAILABILITY_NOTIFICATION,
    MODALITY_WORKLIST_FIND,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STORAGE_COMMITMENT_PUSH_MODEL,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    UPS_EVENT,
    VERIFICATION,
)

REQUESTED: tuple[tuple[str, str], ...] = (
    (VERIFICATION, "a peer is tested"),
    (STUDY_ROOT_FIND, "another archive is searched"),
    (PATIENT_ROOT_FIND, "another archive is searched that has no Study Root"),
    (STUDY_ROOT_GET, "studies are pulled"),
    (STUDY_ROOT_MOVE, "studies are pulled from an archive without C-GET"),
    (PATIENT_ROOT_GET, "studies are pulled from an archive that has no Study Root"),
    (PATIENT_ROOT_MOVE, "studies are pulled from an archive that has neither C-GET nor Study Root"),
    (MODALITY_WORKLIST_FIND, "another system's worklist is asked"),
    (STORAGE_COMMITMENT_PUSH_MODEL, "a peer is to commit what was sent; results of commitment are told"),
    (INSTANCE_AVAILABILITY_NOTIFICATION, "a study is complete, and a peer has asked to be told"),
    (UPS_EVENT, "watchers are told of work items (as SCP of the class)"),
)  # fmt: skip
