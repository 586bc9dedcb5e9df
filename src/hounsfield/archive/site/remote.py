"""Other archives as we ask them: what a query is, what is here of its answers, and pulls as jobs (PS3.4 C.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from hounsfield.archive.access import Principal, require
from hounsfield.archive.search import Search
from hounsfield.dicom.query import Key, Level, Query, UidList
from hounsfield.errors import InvalidQuery
from hounsfield.index.site.jobs import NewJob
from hounsfield.index.site.records import Peer
from hounsfield.index.site.routed import in_words

PULL_JOB = "pull"
MOST_MATCHES = 10_000
QUERY_RETRIEVE_LEVEL = "00080052"
UNIQUE_KEYWORDS = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
# What we want to know of each level: keys that most archives have, and not more (PS3.4 C.6.1.1, C.6.2.1).
RETURN_KEYWORDS: dict[Level, tuple[str, ...]] = {
    Level.PATIENT: (
        "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
        "NumberOfPatientRelatedStudies",
    ),
    Level.STUDY: (
        "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription",
        "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
        "ReferringPhysicianName", "ModalitiesInStudy", "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
    ),
    Level.SERIES: (
        "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "BodyPartExamined",
        "SeriesDate", "SeriesTime", "NumberOfSeriesRelatedInstances",
    ),
    Level.IMAGE: ("SOPInstanceUID", "SOPClassUID", "InstanceNumber", "ContentDate", "ContentTime"),
}  # fmt: skip
# Not for matching: what the question itself is made of.
_NOT_KEYS = frozenset({"QueryRetrieveLevel", "SpecificCharacterSet", "TimezoneOffsetFromUTC"})
_LISTS = frozenset({"ModalitiesInStudy", "SOPClassesInStudy"})
_NO_KEY_VRS = frozenset({"SQ", "OB", "OW", "OF", "OD", "OL", "OV", "UN", "AT"})
_AT_ONCE = 200
_LONGEST_KEY = 4096


@dataclass(frozen=True, slots=True)
class RemoteQuery:
    """What a peer is asked for: entities of ``level`` that match values by keyword."""

    level: Level
    match: Mapping[str, str]
    limit: int = 200
    within_s: float = 30.0


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """What a peer answered: data sets in the DICOM JSON model, and what a person should know about them."""

    matches: list[dict[str, Any]]
    has_more: bool
    milliseconds: float
    warnings: list[str]


class AskPeer(Protocol):
    """Whoever asks peers."""

    def __call__(self, peer: Peer, query: RemoteQuery) -> RemoteAnswer:
        """Ask; raises InvalidQuery, NotAcceptable, Refused, Unavailable."""


def identifier_of(query: RemoteQuery) -> dict[str, Any]:
    """The identifier of a query in the DICOM JSON model, return keys included; raises InvalidQuery."""
    found = keys_of(dict.fromkeys(RETURN_KEYWORDS[query.level], "") | dict(query.match))
    # A unique key of a level above is none to be returned: it is there to match, or not at all.
    return {QUERY_RETRIEVE_LEVEL: {"vr": "CS", "Value": [str(query.level)]}, **found}


def keys_of(values: Mapping[str, str]) -> dict[str, Any]:
    """Keys by keyword as attributes of the DICOM JSON model, an empty value for universal matching.

    Raises InvalidQuery.
    """
    found: dict[str, Any] = {}
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        vr = "" if tag is None else dictionary_VR(tag).split(" ")[0]
        if tag is None or keyword in _NOT_KEYS or vr in _NO_KEY_VRS or tag >> 16 in {0, 2}:
            raise InvalidQuery(f"{keyword[:64]!r} is no attribute that can be asked for")
        if len(value) > _LONGEST_KEY or any(ord(c) < 0x20 or ord(c) == 0x7F for c in value):
            raise InvalidQuery(f"the value of {keyword} is too long, or has control characters")
        found[f"{tag:08X}"] = {"vr": vr, "Value": _values(vr, value)} if value else {"vr": vr}
    return found


def _values(vr: str, value: str) -> list[Any]:
    parts: list[Any] = value.split("\\")
    if vr != "PN":
        return parts
    names = ("Alphabetic", "Ideographic", "Phonetic")
    return [dict(zip(names, part.split("="), strict=False)) for part in parts]


def missing_above(level: Level, match: Mapping[str, str], top: Level) -> list[str]:
    """The unique keys above a level that a hierarchical query has to have, and this one has not (C.4.1.3.1)."""
    return [
        UNIQUE_KEYWORDS[above]
        for above in Level
        if top.depth <= above.depth < level.depth and not match.get(UNIQUE_KEYWORDS[above])
    ]


def value_of(answer: Mapping[str, Any], keyword: str) -> Any:
    """The value of an attribute for people and scripts: a text, a number, or a list of several; "" for none."""
    tag = tag_for_keyword(keyword)
    attribute = answer.get(f"{tag:08X}", {}) if tag is not None else {}
    values = [_plain(one) for one in attribute.get("Value", ())]
    if keyword in _LISTS:
        return [one for one in values if one != ""]
    return values[0] if len(values) == 1 else values or ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):  # a name, or an item of a sequence
        groups = [str(value.get(one, "")) for one in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return "" if value is None else value


def document(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with keywords for tags; private attributes and what has no keyword are left out."""
    found = {}
    for tag, attribute in answer.items():
        keyword = keyword_for_tag(int(tag, 16))
        if keyword and attribute.get("vr") != "SQ" and keyword != "SpecificCharacterSet":
            found[keyword] = value_of(answer, keyword)
    return found


def numbers_here(
    search: Search, principal: Principal, level: Level, answers: Sequence[Mapping[str, Any]]
) -> list[int]:
    """How many instances of each match of a query are here."""
    keyword = UNIQUE_KEYWORDS[level]
    tag = tag_for_keyword(keyword)
    assert tag is not None
    uids = [str(value_of(answer, keyword)) for answer in answers]
    if level is Level.PATIENT:  # an ID of theirs need not be ours
        return [0 for _ in uids]
    known: dict[str, int] = {}
    wanted = list(dict.fromkeys(filter(None, uids)))
    for at in range(0, len(wanted), _AT_ONCE):
        key = Key(tag, "UI", UidList(tuple(wanted[at : at + _AT_ONCE])))
        for found in search.search(principal, Query(level, (key,))):
            uid = str(value_of(found.attributes, keyword))
            number = getattr(found.state, "number_of_instances", 1)
            # Patients under one ID, but with other names, may each have a part of a study.
            known[uid] = known.get(uid, 0) + number if level is not Level.IMAGE else 1
    return [known.get(uid, 0) for uid in uids]


def require_uids(*uids: str) -> None:
    """Raise InvalidQuery for what is no UID, such as a pattern, by which more would come than was meant."""
    for uid in uids:
        if not uid or len(uid) > 64 or not set(uid) <= set("0123456789."):
            raise InvalidQuery(f"{uid[:64]!r} is no UID")


def _named(known: Mapping[str, Any]) -> str:
    """A study by what a peer said of it, without the patient; empty where it said nothing."""
    description, date = (str(known.get(name, "")) for name in ("StudyDescription", "StudyDate"))
    modalities = [str(one) for one in known.get("ModalitiesInStudy") or ()]
    if not (description or date or modalities):
        return ""
    return in_words(modalities, description, date)


def pull_job(
    principal: Principal,
    peer: Peer,
    study_instance_uid: str,
    series_instance_uids: Sequence[str] = (),
    patient_id: str = "",
    method: str = "auto",
    known: Mapping[str, Any] | None = None,
) -> NewJob:
    """The job that pulls a study, or series of it, from a peer. Raises InvalidQuery, Refused.

    ``known`` is what the peer said of the study, by keyword: the job is called by it.
    """
    require(principal, "store")
    require_uids(study_instance_uid, *series_instance_uids)
    what = _named(known or {}) or f"study {study_instance_uid}"
    if series_instance_uids:
        what = f"{len(series_instance_uids)} series of {what}"
    return NewJob(
        PULL_JOB,
        f"Pull {what} from {peer.name}",
        lane=peer.name,
        arguments={
            "series": list(series_instance_uids),
            "patient_id": patient_id,
            "method": method,
        },
        study_instance_uid=study_instance_uid,
        actor=principal.name,
    )
