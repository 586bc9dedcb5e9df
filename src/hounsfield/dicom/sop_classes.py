"""The storage SOP classes, present and retired, and what they are called (PS3.4 B.5, PS3.6 A)."""

from pydicom._uid_dict import UID_dictionary

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
