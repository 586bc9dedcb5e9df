"""The SOP classes: those of services by name, those of storage in a table, present and retired (PS3.4, PS3.6 A)."""

from pydicom._uid_dict import UID_dictionary

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT_PUSH_MODEL = "1.2.840.10008.1.20.1"
MODALITY_PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"
MPPS_RETRIEVE = "1.2.840.10008.3.1.2.3.4"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
INSTANCE_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.4.2"
INSTANCE_ROOT_GET = "1.2.840.10008.5.1.4.1.2.4.3"
WITHOUT_BULK_DATA_GET = "1.2.840.10008.5.1.4.1.2.5.3"
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
INSTANCE_AVAILABILITY_NOTIFICATION = "1.2.840.10008.5.1.4.33"
UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
UPS_WATCH = "1.2.840.10008.5.1.4.34.6.2"
UPS_PULL = "1.2.840.10008.5.1.4.34.6.3"
UPS_EVENT = "1.2.840.10008.5.1.4.34.6.4"
UPS_QUERY = "1.2.840.10008.5.1.4.34.6.5"
# Well-known SOP Instance UIDs (PS3.4 J.3.5, CC.2.3).
STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1.1"
GLOBAL_SUBSCRIPTION = "1.2.840.10008.5.1.4.34.5"
FILTERED_SUBSCRIPTION = "1.2.840.10008.5.1.4.34.5.1"

_STORAGE_ROOTS = (
    "1.2.840.10008.5.1.4.1.1.",
    "1.2.840.10008.5.1.4.34.7",
    "1.2.840.10008.5.1.4.34.10",
)
# Non-image objects whose series a viewer cannot scroll, by UID below 1.2.840.10008.5.1.4.1.1.
_NOT_IMAGES = (
    "8", "9", "10", "11", "29", "66", "67", "68", "88", "104", "130.2", "200", "201.1", "481.3", "481.4",
    "481.5", "481.6", "481.7", "481.8", "481.9", "481.10", "501.4", "78",
)  # fmt: skip

STORAGE_SOP_CLASSES: dict[str, str] = {
    uid: name.replace(" (Retired)", "")
    for uid, (name, kind, *_rest) in UID_dictionary.items()
    if kind == "SOP Class"
    and "Storage" in name
    and "Commitment" not in name
    and uid.startswith("1.2.840.10008.5")
}


def name_of(uid: str) -> str:
    """The class's name without "Storage", or the UID if the standard does not know it."""
    entry = UID_dictionary.get(uid)
    if entry is None:
        return uid
    return entry[0].removesuffix(" Storage").replace(" Storage -", " -").removesuffix(" (Retired)")


def is_image(uid: str) -> bool:
    """Whether instances of the class carry frames to look at."""
    if not uid.startswith(_STORAGE_ROOTS[0]):
        return uid not in STORAGE_SOP_CLASSES
    part = uid.removeprefix(_STORAGE_ROOTS[0])
    return not any(part == other or part.startswith(other + ".") for other in _NOT_IMAGES)
