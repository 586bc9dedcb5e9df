"""What an order says, and how it looks in a modality worklist (PS3.4 K.6.1, PS3.3 C.4.10 to C.4.12, C.2).

An order is one scheduled procedure step with the request and the patient that it belongs to, as texts by keyword:
dates ``YYYYMMDD``, times ``HHMM[SS]``, person names in their three groups, several values with a backslash between.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

from hounsfield.errors import InvalidQuery

Values = Mapping[str, str]

_PATIENT = (
    "PatientName PatientID IssuerOfPatientID OtherPatientIDs PatientBirthDate PatientSex PatientSize PatientWeight "
    "PatientComments PatientState PregnancyStatus MedicalAlerts Allergies SpecialNeeds EthnicGroup LastMenstrualDate "
    "SmokingStatus AdditionalPatientHistory ConfidentialityConstraintOnPatientDataDescription "
    "CurrentPatientLocation AdmissionID"
)
_REQUEST = (
    "AccessionNumber ReferringPhysicianName RequestingPhysician RequestingService StudyInstanceUID "
    "RequestedProcedureID RequestedProcedureDescription RequestedProcedurePriority PatientTransportArrangements "
    "RequestedProcedureLocation RequestedProcedureComments ReasonForTheRequestedProcedure "
    "NamesOfIntendedRecipientsOfResults PlacerOrderNumberImagingServiceRequest "
    "FillerOrderNumberImagingServiceRequest ImagingServiceRequestComments"
)
_STEP = (
    "ScheduledProcedureStepID ScheduledProcedureStepDescription Modality ScheduledStationAETitle ScheduledStationName "
    "ScheduledProcedureStepLocation ScheduledProcedureStepStartDate ScheduledProcedureStepStartTime "
    "ScheduledProcedureStepEndDate ScheduledProcedureStepEndTime ScheduledPerformingPhysicianName "
    "PreMedication RequestedContrastAgent CommentsOnTheScheduledProcedureStep"
)
STEP_KEYWORDS = tuple(_STEP.split())
KEYWORDS = (*_PATIENT.split(), *_REQUEST.split(), *STEP_KEYWORDS)
# Table K.6-1: what a match need not say (return keys 3).
_OPTIONAL = frozenset(
    (
        "IssuerOfPatientID OtherPatientIDs PatientSize PatientComments EthnicGroup LastMenstrualDate SmokingStatus "
        "AdditionalPatientHistory RequestingService RequestedProcedureLocation RequestedProcedureComments "
        "ReasonForTheRequestedProcedure NamesOfIntendedRecipientsOfResults PlacerOrderNumberImagingServiceRequest "
        "FillerOrderNumberImagingServiceRequest ImagingServiceRequestComments ScheduledProcedureStepEndDate "
        "ScheduledProcedureStepEndTime CommentsOnTheScheduledProcedureStep"
    ).split()
)
# Sequences that a modality expects, empty where we have nothing for them (type 2).
_EMPTY_SEQUENCES = ("ReferencedStudySequence", "ReferencedPatientSequence")
REQUEST_CODES, STEP_CODES = "RequestedProcedureCodeSequence", "ScheduledProtocolCodeSequence"
STEP_SEQUENCE, STEP_STATUS = "00400100", "00400020"

_LENGTHS = {"AE": 16, "CS": 16, "DA": 8, "IS": 12, "LO": 64, "SH": 16, "TM": 14, "UI": 64, "LT": 10_240,
            "ST": 1024, "PN": 3 * 64 + 2, "DS": 16, "US": 5, "UT": 100_000}  # fmt: skip
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d))?(\.\d{1,6})?")
_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+")
_CS = re.compile(r"[A-Z0-9 _]*")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_PRIORITIES = frozenset({"STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW"})
_SEXES = frozenset({"M", "F", "O"})


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8)."""

    value: str
    designator: str
    meaning: str

    def json(self) -> dict[str, Any]:
        """The item of a code sequence."""
        return {
            "00080100": {"vr": "SH", "Value": [self.value]},
            "00080102": {"vr": "SH", "Value": [self.designator]},
            "00080104": {"vr": "LO", "Value": [self.meaning]},
        }


@cache
def tag_and_vr(keyword: str) -> tuple[str, str]:
    """An attribute's tag and VR by its keyword."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise LookupError(keyword)
    return f"{tag:08X}", dictionary_VR(tag).split(" ")[0]


def checked(values: Values) -> dict[str, str]:
    """The values of an order, cleaned; raises InvalidQuery with the words for a person.

    What says nothing is left out. IDs and UIDs that are missing are made by whoever keeps the order.
    """
    unknown = sorted(set(values) - set(KEYWORDS))
    if unknown:
        raise InvalidQuery(f"an order has no attribute {unknown[0][:64]!r}")
    kept = {
        keyword: text
        for keyword, value in values.items()
        if (text := _checked_value(keyword, value.strip()))
    }
    if not kept.get("PatientID") and not kept.get("PatientName"):
        raise InvalidQuery("an order needs a patient: PatientID and PatientName")
    for keyword in ("PatientID", "PatientName", "Modality", "ScheduledProcedureStepStartDate"):
        if keyword not in kept:
            raise InvalidQuery(f"an order needs a value for {keyword}")
    return kept


def _checked_value(keyword: str, text: str) -> str:
    """One value, in the form that its VR has (PS3.5 6.2)."""
    tag, vr = tag_and_vr(keyword)
    if vr not in {"DA", "TM"} and len(text) > _LENGTHS.get(vr, 64) * (16 if "\\" in text else 1):
        raise InvalidQuery(
            f"{keyword} is longer than the {_LENGTHS.get(vr, 64)} characters it may have"
        )
    if not text:
        return ""
    # PS3.5 6.2: in these a backslash is one, in all others it divides values.
    if "\\" in text and vr not in {"LT", "ST", "UT"} and dictionary_VM(int(tag, 16)) == "1":
        raise InvalidQuery(f"{keyword} has one value: there may be no backslash in it")
    if any(ord(character) < 32 and character not in "\r\n\t\f" for character in text):
        raise InvalidQuery(f"{keyword} has control characters in it")
    check = _CHECKS.get(vr)
    return check(keyword, text) if check else text


def _date(keyword: str, text: str) -> str:
    match = _DATE.fullmatch(text)
    try:
        if match:
            return dt.date(*map(int, match.groups())).strftime("%Y%m%d")
    except ValueError:
        pass  # the 31st of a short month
    raise InvalidQuery(f"{keyword}: {text[:20]!r} is no date; write it as YYYYMMDD")


def _time(keyword: str, text: str) -> str:
    match = _TIME.fullmatch(text)
    if not match:
        raise InvalidQuery(f"{keyword}: {text[:20]!r} is no time; write it as HHMM or HHMMSS")
    hours, minutes, seconds, fraction = match.groups()
    return f"{hours}{minutes}{seconds or '00'}{fraction or ''}"


def _uid(keyword: str, text: str) -> str:
    if not _UID.fullmatch(text):
        raise InvalidQuery(f"{keyword}: {text[:70]!r} is no UID")
    return text


def _code_string(keyword: str, text: str) -> str:
    upper = text.upper()
    if not _CS.fullmatch(upper.replace("\\", "")):
        raise InvalidQuery(f"{keyword}: {text[:20]!r} may have letters, digits, spaces and _ only")
    if keyword == "PatientSex" and upper not in _SEXES:
        raise InvalidQuery(f"PatientSex: {text[:20]!r} is none of M, F and O")
    return upper


def _ae_titles(keyword: str, text: str) -> str:
    titles = [title.strip() for title in text.split("\\") if title.strip()]
    for title in titles:
        if len(title) > _LENGTHS["AE"] or not (title.isascii() and title.isprintable()):
            raise InvalidQuery(f"{keyword}: {title[:40]!r} is no AE title")
    return "\\".join(titles)


def _short_text(keyword: str, text: str) -> str:
    if keyword == "RequestedProcedurePriority" and text.upper() not in _PRIORITIES:
        names = ", ".join(sorted(_PRIORITIES))
        raise InvalidQuery(f"RequestedProcedurePriority: {text[:20]!r} is none of {names}")
    return text.upper() if keyword == "RequestedProcedurePriority" else text


def _name(keyword: str, text: str) -> str:
    groups = text.split("=")
    if len(groups) > len(_GROUPS) or any(group.count("^") > 4 for group in groups):
        raise InvalidQuery(
            f"{keyword}: a name has up to five parts with ^ between, in up to three groups with = between"
        )
    if any(len(group) > _LENGTHS["LO"] for group in groups):
        raise InvalidQuery(f"{keyword}: a group of a name has up to 64 characters")
    return "=".join(group.rstrip("^ ") for group in groups).rstrip("=")


_CHECKS = {"DA": _date, "TM": _time, "UI": _uid, "CS": _code_string, "AE": _ae_titles, "SH": _short_text,
           "PN": _name}  # fmt: skip


# -- the worklist item -----------------------------------------------------------------------------


def attribute(keyword: str, text: str) -> dict[str, Any]:
    """An attribute in the DICOM JSON model."""
    _tag, vr = tag_and_vr(keyword)
    if not text:
        return {"vr": vr}
    if vr == "PN":
        groups = zip(_GROUPS, text.split("="), strict=False)
        return {"vr": vr, "Value": [{group: part for group, part in groups if part}]}
    if vr in {"LT", "ST", "UT"}:  # PS3.5 6.2: here a backslash is one
        return {"vr": vr, "Value": [text]}
    return {"vr": vr, "Value": list(text.split("\\"))}


def worklist_item(
    values: Values,
    status: str,
    request_codes: tuple[Code, ...] = (),
    step_codes: tuple[Code, ...] = (),
) -> dict[str, Any]:
    """An order as an item of the modality worklist, in the DICOM JSON model (MWL-02).

    Every attribute that we know is there, empty where the order does not say it.
    """
    item: dict[str, Any] = {}
    step: dict[str, Any] = {STEP_STATUS: {"vr": "CS", "Value": [status]}}
    for keyword in KEYWORDS:
        place = step if keyword in STEP_KEYWORDS else item
        place[tag_and_vr(keyword)[0]] = attribute(keyword, values.get(keyword, ""))
    for keyword in _EMPTY_SEQUENCES:
        item[tag_and_vr(keyword)[0]] = {"vr": "SQ"}
    item[tag_and_vr(REQUEST_CODES)[0]] = _codes(request_codes)
    step[tag_and_vr(STEP_CODES)[0]] = _codes(step_codes)
    item[STEP_SEQUENCE] = {"vr": "SQ", "Value": [step]}
    return item


def known_attributes() -> frozenset[tuple[int, ...]]:
    """The paths of all attributes that a worklist item can say: (tag,), and (sequence, tag) for those of the step."""
    item = worklist_item({}, "SCHEDULED")
    step = item[STEP_SEQUENCE]["Value"][0]
    sequence = int(STEP_SEQUENCE, 16)
    return frozenset({(int(tag, 16),) for tag in item} | {(sequence, int(tag, 16)) for tag in step})


def return_keys() -> frozenset[tuple[int, ...]]:
    """Those that a match says whether it is asked for or not: return keys 1, 1C and 2 of table K.6-1 (MWL-02)."""
    optional = {int(tag_and_vr(keyword)[0], 16) for keyword in _OPTIONAL}
    whole = {int(STEP_SEQUENCE, 16), int(STEP_STATUS, 16)}
    return frozenset(
        path for path in known_attributes() if path[-1] not in optional and path[-1] not in whole
    )


def _codes(codes: tuple[Code, ...]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": [code.json() for code in codes]} if codes else {"vr": "SQ"}
