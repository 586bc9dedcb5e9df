"""Which attributes are indexed at which level, and how they are read from a header (PS3.18 10.6.3.3, PS3.4 C.6)."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from pydicom.datadict import dictionary_VR, tag_for_keyword

from hounsfield.dicom.charset import decode
from hounsfield.dicom.query import Level

if TYPE_CHECKING:
    from hounsfield.dicom.part10 import Header

_KEYWORDS = {
    Level.PATIENT: (
        "PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex OtherPatientIDs "
        "OtherPatientNames EthnicGroup PatientComments QualityControlSubject PatientSpeciesDescription"
    ),
    Level.STUDY: (
        "StudyDate StudyTime AccessionNumber ReferringPhysicianName TimezoneOffsetFromUTC StudyDescription "
        "ProcedureCodeSequence NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription PatientAge PatientSize "
        "PatientWeight Occupation AdditionalPatientHistory StudyInstanceUID StudyID IssuerOfAccessionNumberSequence"
    ),
    Level.SERIES: (
        "SeriesDate SeriesTime Modality Manufacturer InstitutionName StationName SeriesDescription "
        "InstitutionalDepartmentName PerformingPhysicianName OperatorsName ManufacturerModelName BodyPartExamined "
        "DeviceSerialNumber SoftwareVersions ProtocolName PatientPosition SeriesInstanceUID SeriesNumber Laterality "
        "FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepID "
        "PerformedProcedureStepDescription RequestAttributesSequence PresentationIntentType"
    ),
    Level.IMAGE: (
        "ImageType InstanceCreationDate InstanceCreationTime SOPClassUID SOPInstanceUID AcquisitionDate ContentDate "
        "AcquisitionDateTime AcquisitionTime ContentTime InstanceNumber AcquisitionNumber SliceLocation "
        "ImagePositionPatient ImageOrientationPatient NumberOfFrames Rows Columns BitsAllocated BitsStored "
        "PhotometricInterpretation SamplesPerPixel ConceptNameCodeSequence CompletionFlag VerificationFlag "
        "ContentLabel ContentDescription DocumentTitle MIMETypeOfEncapsulatedDocument"
    ),
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One indexed attribute."""

    tag: int
    keyword: str
    vr: str
    level: Level


def _table() -> dict[int, Attribute]:
    table = {}
    for level, keywords in _KEYWORDS.items():
        for keyword in keywords.split():
            tag = tag_for_keyword(keyword)
            if tag is None:
                raise LookupError(keyword)
            table[tag] = Attribute(tag, keyword, dictionary_VR(tag).split(" ")[0], level)
    return table


ATTRIBUTES: dict[int, Attribute] = _table()
TAGS_OF: dict[Level, tuple[int, ...]] = {
    level: tuple(sorted(tag for tag, a in ATTRIBUTES.items() if a.level is level))
    for level in Level
}
SPECIFIC_CHARACTER_SET = 0x00080005
# (7FE0,0001): the extended offset table, for frames.
INDEXED: frozenset[int] = frozenset(ATTRIBUTES) | {SPECIFIC_CHARACTER_SET, 0x7FE00001}


def tag_of(keyword: str) -> int:
    """The tag of an indexed attribute; raises KeyError."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return tag


def normalise(text: str) -> str:
    """Fold case, accents and runs of blanks, so that people find what they mean.

    >>> normalise("Müller  Ångström")
    'muller angstrom'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return " ".join("".join(c for c in folded if not unicodedata.combining(c)).split())


def normalise_name(name: str) -> str:
    """A person name for comparison: as ``normalise``, without empty trailing components and groups.

    >>> normalise_name("DOE^John^^^ ")
    'doe^john'
    """
    groups = name.split("=")
    folded = [
        "^".join(normalise(part) for part in group.split("^")).rstrip("^ ") for group in groups
    ]
    return "=".join(folded).rstrip("=")


class InstanceAttributes:
    """The indexed attributes of one instance, decoded only as far as somebody asks."""

    __slots__ = ("__dict__", "header")

    def __init__(self, header: "Header") -> None:
        self.header = header

    @cached_property
    def specific_character_set(self) -> str:
        return self.header.text(SPECIFIC_CHARACTER_SET)

    def text(self, tag: int) -> str:
        """The decoded value, several joined by a backslash; "" if absent or binary."""
        element = self.header.elements.get(tag)
        if element is None:
            return ""
        if element.vr in _BINARY:
            return "\\".join(str(value) for value in self.values(tag))
        # What a sender could only call UN is text to us where the table has a text VR.
        vr = ATTRIBUTES[tag].vr if element.vr == "UN" and tag in ATTRIBUTES else element.vr
        return decode(element.value, vr, self.specific_character_set).strip()

    def values(self, tag: int) -> list[Any]:
        """The values as a reader of DICOM JSON gets them."""
        found: list[Any] = orjson.loads(orjson.dumps(self.json_of(tag).get("Value", [])))
        return found

    def json_of(self, tag: int) -> dict[str, Any]:
        """One attribute in the DICOM JSON model, ``{"vr": …, "Value": […]}``."""
        from hounsfield.dicom.json_model import element_json  # noqa: PLC0415 - json_model reads headers too

        element = self.header.elements.get(tag)
        if element is None:
            return {"vr": ATTRIBUTES[tag].vr if tag in ATTRIBUTES else "UN"}
        return element_json(
            element,
            self.specific_character_set,
            is_implicit_vr=self.header.is_implicit_vr,
            is_big_endian=self.header.is_big_endian,
        )

    def json(self, level: Level) -> dict[str, Any]:
        """The indexed attributes of ``level`` that are there, as a DICOM JSON object (PS3.18 F.2)."""
        elements = self.header.elements
        return {f"{tag:08X}": self.json_of(tag) for tag in TAGS_OF[level] if tag in elements}


_BINARY = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "AT", "SV", "UV"})
