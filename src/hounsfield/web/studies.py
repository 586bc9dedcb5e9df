"""Turns the API's parameters into queries and what is found into its models."""

from datetime import UTC, datetime
from typing import Literal, cast

from hounsfield.archive.access import Principal
from hounsfield.archive.search import Found, PatientState, Search, SeriesState, StudyState
from hounsfield.archive.site.completeness import Completeness
from hounsfield.dicom.attributes import tag_of
from hounsfield.dicom.matching import texts
from hounsfield.dicom.query import (
    Key,
    Level,
    Order,
    Query,
    SingleValue,
    UidList,
    Universal,
    parse_match,
)
from hounsfield.dicom.sop_classes import is_image, name_of
from hounsfield.errors import InvalidQuery, NotFound
from hounsfield.web import models

MAX_PAGE_SIZE = 500
_COUNT_AT_MOST = 10_000
_SORTS: dict[str, int | str] = {
    "StudyDate": tag_of("StudyDate"),
    "PatientName": tag_of("PatientName"),
    "PatientID": tag_of("PatientID"),
    "StudyDescription": tag_of("StudyDescription"),
    "AccessionNumber": tag_of("AccessionNumber"),
    "NumberOfStudyRelatedInstances": tag_of("NumberOfStudyRelatedInstances"),
    "last_received_at": "last_received_at",
}


def study_query(
    *,
    q: str | None,
    matches: dict[str, str | None],
    modalities: list[str],
    status: str | None,
    sort: str | None,
    page: int,
    page_size: int,
) -> Query:
    """A page of the study list as a query; raises InvalidQuery."""
    keys = []
    for keyword, value in matches.items():
        if value is None:
            continue
        vr = {"PatientName": "PN", "StudyDate": "DA", "StudyInstanceUID": "UI"}.get(keyword, "LO")
        match = parse_match(tag_of(keyword), vr, value)
        if not isinstance(match, Universal):
            keys.append(Key(tag_of(keyword), vr, match))
    chosen = [modality for modality in modalities if modality]
    if chosen:
        keys.append(Key(tag_of("ModalitiesInStudy"), "CS", _any_of(chosen)))
    return Query(
        Level.STUDY,
        tuple(keys),
        text=q or None,
        order=_order(sort),
        limit=page_size,
        offset=(page - 1) * page_size,
        status=status,
    )


def study_page(
    search: Search, completeness: Completeness, principal: Principal, query: Query, page: int
) -> models.StudyPage:
    """Answer a page of the study list."""
    found = search.search(principal, query)
    counted = Query(Level.STUDY, query.keys, query.text, status=query.status)
    total = search.count(principal, counted, _COUNT_AT_MOST)
    assert query.limit is not None
    return models.StudyPage(
        total=total,
        total_is_exact=total < _COUNT_AT_MOST or counted == Query(Level.STUDY),
        page=page,
        page_size=query.limit,
        studies=_with_expected(completeness, [study_model(one) for one in found]),
    )


def study_detail(
    search: Search,
    completeness: Completeness,
    principal: Principal,
    study_instance_uid: str,
    patient_key: int | None,
) -> models.StudyDetail:
    """A study with its series; raises NotFound."""
    keys = (Key(tag_of("StudyInstanceUID"), "UI", SingleValue(study_instance_uid)),)
    found = search.search(principal, Query(Level.STUDY, keys, patient_key=patient_key))
    if not found:
        raise NotFound("there is no such study here")
    study = found[0]
    state = _study_state(study)
    series_query = Query(Level.SERIES, keys, patient_key=state.patient_key)
    series = [
        _series_model(one, study_instance_uid) for one in search.search(principal, series_query)
    ]
    return models.StudyDetail(
        **_with_expected(completeness, [study_model(study)])[0].model_dump(),
        series=sorted(series, key=lambda one: (one.SeriesNumber is None, one.SeriesNumber or 0)),
        same_patient_id=_same_id(search, principal, study) if state.identity_conflict else [],
    )


def _with_expected(completeness: Completeness, studies: list[models.Study]) -> list[models.Study]:
    """Say of each study how many instances scanners say they made for it, and what does not come."""
    counts = completeness.of_studies([one.StudyInstanceUID for one in studies])
    attention = completeness.attention_of_studies(counts)
    for one in studies:
        if count := counts.get(one.StudyInstanceUID):
            one.expected_instances, one.missing_instances = count.expected, count.missing
            one.needs_attention = attention.get(one.StudyInstanceUID, "")
    return studies


def patients_of(
    search: Search, principal: Principal, study_instance_uids: set[str]
) -> dict[str, str]:
    """Whose studies these are, by Study Instance UID, as far as they are here."""
    uids = tuple(sorted(study_instance_uids - {""}))
    if not uids:
        return {}
    found = search.search(
        principal, Query(Level.STUDY, (Key(tag_of("StudyInstanceUID"), "UI", UidList(uids)),))
    )
    studies = map(study_model, found)
    return {one.StudyInstanceUID: one.PatientName for one in studies}


def study_model(found: Found) -> models.Study:
    """A match at study level as the API shows it."""
    state = _study_state(found)

    def text(keyword: str, vr: str = "LO") -> str:
        return "\\".join(texts(found.attributes.get(f"{tag_of(keyword):08X}"), vr))

    return models.Study(
        StudyInstanceUID=text("StudyInstanceUID"),
        PatientID=text("PatientID"),
        IssuerOfPatientID=text("IssuerOfPatientID"),
        PatientName=text("PatientName", "PN"),
        PatientBirthDate=text("PatientBirthDate"),
        PatientSex=text("PatientSex"),
        StudyDate=text("StudyDate"),
        StudyTime=text("StudyTime"),
        AccessionNumber=text("AccessionNumber"),
        StudyID=text("StudyID"),
        StudyDescription=text("StudyDescription"),
        ReferringPhysicianName=text("ReferringPhysicianName", "PN"),
        ModalitiesInStudy=texts(found.attributes.get("00080061"), "CS"),
        NumberOfStudyRelatedSeries=state.number_of_series,
        NumberOfStudyRelatedInstances=state.number_of_instances,
        size_bytes=state.size_bytes,
        status=cast("Literal['receiving', 'complete']", state.status),
        first_received_at=iso_time(state.first_received_us),
        last_received_at=iso_time(state.last_received_us),
        identity_conflict=state.identity_conflict,
        version_conflicts=state.version_conflicts,
        patient_key=state.patient_key,
    )


def iso_time(at_us: int) -> str:
    """µs since 1970 as ISO 8601 in UTC."""
    return (
        datetime.fromtimestamp(at_us / 1e6, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _series_model(found: Found, study_instance_uid: str) -> models.Series:
    state = found.state
    assert isinstance(state, SeriesState)

    def text(keyword: str) -> str:
        values = texts(found.attributes.get(f"{tag_of(keyword):08X}"), "LO")
        return values[0] if values else ""

    uid = text("SeriesInstanceUID")
    shows = state.number_of_frames > 0 and any(is_image(one) for one in state.sop_classes)
    url = f"/dicom-web/studies/{study_instance_uid}/series/{uid}/thumbnail"
    return models.Series(
        SeriesInstanceUID=uid,
        Modality=text("Modality"),
        SeriesNumber=_whole(text("SeriesNumber")),
        SeriesDescription=text("SeriesDescription"),
        BodyPartExamined=text("BodyPartExamined"),
        ProtocolName=text("ProtocolName"),
        NumberOfSeriesRelatedInstances=state.number_of_instances,
        number_of_frames=state.number_of_frames,
        size_bytes=state.size_bytes,
        sop_classes=[models.SopClass(uid=one, name=name_of(one)) for one in state.sop_classes],
        is_image=shows,
        thumbnail_url=url if shows else None,
        representative=None,
    )


def _same_id(search: Search, principal: Principal, study: Found) -> list[models.PatientWithSameId]:
    """Who else has this Patient ID: the people between whom a mix-up is possible."""
    patient_id = "\\".join(texts(study.attributes.get("00100020"), "LO"))
    if not patient_id:
        return []
    key = Key(tag_of("PatientID"), "LO", SingleValue(patient_id))
    others = []
    for found in search.search(principal, Query(Level.PATIENT, (key,), limit=50)):
        state = found.state
        assert isinstance(state, PatientState)
        if state.patient_key == _study_state(study).patient_key:
            continue
        others.append(
            models.PatientWithSameId(
                patient_key=state.patient_key,
                PatientName="\\".join(texts(found.attributes.get("00100010"), "PN")),
                PatientBirthDate="\\".join(texts(found.attributes.get("00100030"), "DA")),
                number_of_studies=state.number_of_studies,
            )
        )
    return others


def _study_state(found: Found) -> StudyState:
    assert isinstance(found.state, StudyState)
    return found.state


def _any_of(modalities: list[str]) -> SingleValue | UidList:
    return SingleValue(modalities[0]) if len(modalities) == 1 else UidList(tuple(modalities))


def _order(sort: str | None) -> tuple[Order, ...]:
    if not sort:
        return ()
    name = sort.removeprefix("-")
    if name not in _SORTS:
        raise InvalidQuery(f"sort is one of {', '.join(_SORTS)}, with - before it for descending")
    return (Order(_SORTS[name], descending=sort.startswith("-")),)


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None
