"""Which patient, study, series and instance a header belongs to (PS3.3 C.7.1.1, PS3.4 C.6.1.1)."""

import re
from dataclasses import dataclass

from hounsfield.dicom.attributes import InstanceAttributes, normalise, normalise_name
from hounsfield.dicom.part10 import Header
from hounsfield.errors import InvalidInstance

# PS3.5 9.1 allows digits and dots only. Files in the field have more; what is kept safe is our folder.
_UID = re.compile(r"(?!\.)(?!.*\.\.)[0-9A-Za-z._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """The names under which an instance is filed."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str

    @property
    def patient_key(self) -> str:
        """What tells two patients apart: ID and issuer, name and birth date.

        Case, accents, blanks and empty name components do not count. A patient without an ID is nobody
        else's: the study is then part of the key.
        """
        parts = [
            self.patient_id.strip(),
            self.issuer_of_patient_id.strip(),
            normalise_name(self.patient_name),
            normalise(self.patient_birth_date),
        ]
        if not parts[0]:
            parts.append(self.study_instance_uid)
        return "\x1f".join(parts)


def identify(header: Header, attributes: InstanceAttributes | None = None) -> Identity:
    """Read the names from a header; raises InvalidInstance saying which is missing or unusable."""
    attributes = attributes or InstanceAttributes(header)
    sop_class = header.text(0x00080016) or _from_meta(header, 0x00020002)
    return Identity(
        sop_class_uid=_uid("SOP Class UID (0008,0016)", sop_class),
        sop_instance_uid=_uid("SOP Instance UID (0008,0018)", header.text(0x00080018)),
        study_instance_uid=_uid("Study Instance UID (0020,000D)", header.text(0x0020000D)),
        series_instance_uid=_uid("Series Instance UID (0020,000E)", header.text(0x0020000E)),
        patient_id=attributes.text(0x00100020),
        issuer_of_patient_id=attributes.text(0x00100021),
        patient_name=attributes.text(0x00100010),
        patient_birth_date=attributes.text(0x00100030),
        patient_sex=attributes.text(0x00100040),
    )


def _from_meta(header: Header, tag: int) -> str:
    return header.file_meta.get(tag, b"").decode("latin-1").strip(" \0")


def _uid(name: str, text: str) -> str:
    if not text:
        raise InvalidInstance(f"no {name}")
    if not _UID.fullmatch(text):
        raise InvalidInstance(f"{name} is not a UID")
    return text
