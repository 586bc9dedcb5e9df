"""Which SOP class holds a file of an everyday format, and what the data set says of it (PS3.3 A.32.4, A.45, A.85; PS3.18 10.5.2)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DataSet = dict[str, Any]

PIXEL_DATA, DOCUMENT = "7FE00010", "00420011"
_PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
_VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
# PS3.3 A.8.3 to A.8.5, by samples per pixel and bits allocated.
_MULTI_FRAME = {
    (1, 8): "1.2.840.10008.5.1.4.1.1.7.2",
    (1, 16): "1.2.840.10008.5.1.4.1.1.7.3",
    (3, 8): "1.2.840.10008.5.1.4.1.1.7.4",
}
_ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."


@dataclass(frozen=True, slots=True)
class Format:
    """One format: the SOP class that holds it, and what is said of it where the sender says nothing."""

    sop_class_uid: str
    modality: str
    document_type: str = ""

    @property
    def is_document(self) -> bool:
        return bool(self.document_type)

    @property
    def value_tag(self) -> str:
        return DOCUMENT if self.is_document else PIXEL_DATA


_PDF = Format(_ENCAPSULATED + "1", "DOC", "application/pdf")
_CDA = Format(_ENCAPSULATED + "2", "DOC", "text/XML")
_STL = Format(_ENCAPSULATED + "3", "M3D", "model/stl")
_VIDEO_FORMAT = Format(_VIDEO, "XC")
FORMATS = {
    "image/jpeg": Format(_PHOTOGRAPH, "XC"),
    "image/png": Format(_PHOTOGRAPH, "XC"),
    "video/mp4": _VIDEO_FORMAT,
    "video/mpeg": _VIDEO_FORMAT,
    "application/pdf": _PDF,
    "text/xml": _CDA,
    "application/xml": _CDA,
    "model/stl": _STL,
    "model/x.stl-binary": _STL,
    "application/sla": _STL,
    "model/obj": Format(_ENCAPSULATED + "4", "M3D", "model/obj"),
    "model/mtl": Format(_ENCAPSULATED + "5", "M3D", "model/mtl"),
}
SOP_CLASSES = frozenset({*(one.sop_class_uid for one in FORMATS.values()), *_MULTI_FRAME.values()})


def value_of(dataset: Mapping[str, Any], tag: str) -> Any:
    """The first value of an attribute, None where it has none."""
    values = dataset.get(tag, {}).get("Value")
    return values[0] if values else None


def number_of(dataset: Mapping[str, Any], tag: str) -> int:
    """The same as a whole number, 0 where it is none."""
    try:
        return int(value_of(dataset, tag) or 0)
    except (TypeError, ValueError):
        return 0


def completed(dataset: DataSet, given: Mapping[str, tuple[str, Any]]) -> DataSet:
    """A data set with attributes, by tag as (VR, value), that it does not say itself. None is no value."""
    made = dict(dataset)
    for tag, (vr, value) in given.items():
        values = value if isinstance(value, list) else [value]
        if not made.get(tag, {}).get("Value"):
            made[tag] = {"vr": vr} if value is None else {"vr": vr, "Value": values}
    return made


def described(dataset: DataSet, media_type: str, length: int) -> DataSet:
    """A data set with what its SOP class requires and the sender did not say of a file of this type."""
    form = FORMATS[media_type]
    sop_class = form.sop_class_uid
    if media_type.startswith("image/") and number_of(dataset, "00280008") > 1:
        key = (number_of(dataset, "00280002"), number_of(dataset, "00280100"))
        sop_class = _MULTI_FRAME.get(key, sop_class)
    given: dict[str, tuple[str, Any]] = {
        "00080016": ("UI", sop_class),
        "00080060": ("CS", form.modality),
        "00200013": ("IS", "1"),
    }
    if form.is_document:
        given |= {
            "00080064": ("CS", "WSD"),
            "00280301": ("CS", "YES"),
            "00420010": ("ST", None),
            "00420012": ("LO", form.document_type),
            "00420015": ("UL", length),
        }
    else:
        given |= {"00080008": ("CS", ["ORIGINAL", "PRIMARY"]), "00400555": ("SQ", None)}
    return completed(dataset, given)


def named(dataset: DataSet, digest: bytes) -> DataSet:
    """A data set with the UIDs of series and instance that it has not, the same each time the same is sent.

    ``digest`` is that of the metadata and the file; the UIDs are of the kind that PS3.5 B.2 makes of a UUID.
    """
    study = str(value_of(dataset, "0020000D") or "")
    sop_class = str(value_of(dataset, "00080016") or "")
    series = hashlib.sha256(f"{study} {sop_class}".encode()).digest()
    return completed(
        dataset, {"00080018": ("UI", _uid_of(digest)), "0020000E": ("UI", _uid_of(series))}
    )


def _uid_of(digest: bytes) -> str:
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
