"""What a query's answer says of each match: the DICOM JSON of its levels, and what is ours about it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import func, literal, select

from hounsfield.dicom.attributes import TAGS_OF
from hounsfield.dicom.query import COMPUTED, Level, Query
from hounsfield.index import schema
from hounsfield.index.records import Found, InstanceState, PatientState, SeriesState, StudyState

p, st, se, i = schema.patient, schema.study, schema.series, schema.instance

MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY = 0x00080061, 0x00080062
_NUMBER_OF = {
    "patient_studies": 0x00201200,
    "patient_series": 0x00201202,
    "patient_instances": 0x00201204,
    "study_series": 0x00201206,
    "study_instances": 0x00201208,
    "series_instances": 0x00201209,
}


class AnswerPlan:
    """How the rows of one query become attributes: no more is read and taken apart than is asked for.

    ``columns`` are what to select; `read` takes one row of them.
    """

    def __init__(self, level: Level, include: frozenset[int] | None) -> None:
        of_levels = [one for one in Level if one.depth <= level.depth]
        wanted = [
            _ATTRIBUTES[one]
            for one in of_levels
            if include is None or not include.isdisjoint(TAGS_OF[one])
        ]
        self._texts = len(wanted)
        self.columns: list[Any] = [*wanted]
        self._computed: list[tuple[str, str]] = []
        # Plans of the same shape read the same columns.
        self.shape = (level, include)
        for tag, levels in COMPUTED.items():
            if level in levels and (include is None or tag in include):
                vr, column = _COLUMN_OF[tag]
                self.columns.append(column().label(f"computed_{tag:08x}"))
                self._computed.append((f"{tag:08X}", vr))
        if not self.columns:
            self.columns.append(literal(1))

    @property
    def computed_tags(self) -> list[str]:
        """The tags of what `computed` gives."""
        return [tag for tag, _ in self._computed]

    def texts(self, row: Sequence[Any]) -> tuple[str, ...]:
        """The attributes of the levels, each in one JSON object."""
        return tuple(row[: self._texts])

    def computed(self, row: Sequence[Any]) -> Iterator[tuple[str, str, list[Any]]]:
        """(tag, VR, values) of what no instance says."""
        for value, (tag, vr) in zip(row[self._texts :], self._computed, strict=False):
            yield tag, vr, [int(value or 0)] if vr == "IS" else _members(value)

    def read(self, row: Sequence[Any]) -> dict[str, Any]:
        """The attributes of one match in the DICOM JSON model: at least those asked for."""
        at = self._texts
        found: dict[str, Any] = orjson.loads(row[0]) if at else {}
        for text in row[1:at]:
            found.update(orjson.loads(text))
        for tag, vr, values in self.computed(row):
            found[tag] = {"vr": vr, "Value": values} if values else {"vr": vr}
        return found


def _of_patient(column: Any) -> Any:
    return select(column).where(st.c.patient_fk == p.c.id).scalar_subquery()


_ATTRIBUTES = {
    Level.PATIENT: p.c.attributes,
    Level.STUDY: st.c.attributes,
    Level.SERIES: se.c.attributes,
    Level.IMAGE: i.c.attributes,
}
_COLUMN_OF: dict[int, tuple[str, Callable[[], Any]]] = {
    0x00201200: ("IS", lambda: _of_patient(func.count())),
    0x00201202: ("IS", lambda: _of_patient(func.sum(st.c.number_of_series))),
    0x00201204: ("IS", lambda: _of_patient(func.sum(st.c.number_of_instances))),
    MODALITIES_IN_STUDY: ("CS", lambda: st.c.modalities),
    SOP_CLASSES_IN_STUDY: ("UI", lambda: st.c.sop_classes),
    0x00201206: ("IS", lambda: st.c.number_of_series),
    0x00201208: ("IS", lambda: st.c.number_of_instances),
    0x00201209: ("IS", lambda: se.c.number_of_instances),
    0x00083002: ("UI", lambda: i.c.transfer_syntax_uid),
}


def answer_columns(level: Level) -> list[Any]:
    """What `MAKERS` needs of a row."""
    if level is Level.PATIENT:
        counted = select(func.count()).where(st.c.patient_fk == p.c.id).scalar_subquery()
        series = (
            select(func.sum(st.c.number_of_series))
            .where(st.c.patient_fk == p.c.id)
            .scalar_subquery()
        )
        images = (
            select(func.sum(st.c.number_of_instances))
            .where(st.c.patient_fk == p.c.id)
            .scalar_subquery()
        )
        return [p, counted.label("studies"), series.label("series"), images.label("instances")]
    columns: list[Any] = [p.c.attributes.label("patient_attributes"), st]
    if level in {Level.SERIES, Level.IMAGE}:
        columns += [
            se.c.attributes.label("series_attributes"),
            se.c.number_of_instances.label("series_instances"),
            se.c.number_of_frames.label("series_frames"),
            se.c.size_bytes.label("series_bytes"),
            se.c.revision,
            se.c.last_received_us.label("series_received_us"),
            se.c.sop_classes.label("series_classes"),
        ]
    if level is Level.IMAGE:
        columns += [
            i.c.attributes.label("instance_attributes"),
            i.c.version,
            i.c.size_bytes.label("instance_bytes"),
            i.c.sha256,
            i.c.received_us,
            i.c.received_by,
            i.c.source,
            i.c.transfer_syntax_uid,
        ]
    return columns


def _patient(row: Any, query: Query) -> Found:
    found = _loads(row.attributes)
    _put_number(found, "patient_studies", row.studies)
    _put_number(found, "patient_series", row.series or 0)
    _put_number(found, "patient_instances", row.instances or 0)
    return Found(
        query.level,
        _kept(found, query),
        PatientState(row.id, bool(row.identity_conflict), row.studies),
    )


def _study(row: Any, query: Query) -> Found:
    found = _study_attributes(row)
    state = StudyState(
        row.patient_fk,
        row.status,
        row.number_of_series,
        row.number_of_instances,
        row.size_bytes,
        row.first_received_us,
        row.last_received_us,
        bool(row.identity_conflict),
        row.version_conflicts,
    )
    return Found(query.level, _kept(found, query), state)


def _study_attributes(row: Any) -> dict[str, Any]:
    found = _loads(row.patient_attributes) | _loads(row.attributes)
    _put(found, MODALITIES_IN_STUDY, "CS", _members(row.modalities))
    _put(found, SOP_CLASSES_IN_STUDY, "UI", _members(row.sop_classes))
    _put_number(found, "study_series", row.number_of_series)
    _put_number(found, "study_instances", row.number_of_instances)
    return found


def _series(row: Any, query: Query) -> Found:
    found = _study_attributes(row) | _loads(row.series_attributes)
    _put_number(found, "series_instances", row.series_instances)
    state = SeriesState(
        row.series_instances,
        row.series_frames,
        row.series_bytes,
        row.revision,
        row.series_received_us,
        tuple(_members(row.series_classes)),
    )
    return Found(query.level, _kept(found, query), state)


def _instance(row: Any, query: Query) -> Found:
    found = _study_attributes(row) | _loads(row.series_attributes) | _loads(row.instance_attributes)
    _put_number(found, "series_instances", row.series_instances)
    _put(found, 0x00083002, "UI", [row.transfer_syntax_uid])
    state = InstanceState(
        row.version, row.instance_bytes, row.sha256, row.received_us, row.received_by, row.source
    )
    return Found(query.level, _kept(found, query), state)


MAKERS = {
    Level.PATIENT: _patient,
    Level.STUDY: _study,
    Level.SERIES: _series,
    Level.IMAGE: _instance,
}


def _loads(attributes: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(attributes)
    return loaded


def _members(members: str) -> list[str]:
    return [member for member in members.split("\\") if member]


def _put(found: dict[str, Any], tag: int, vr: str, values: list[Any]) -> None:
    found[f"{tag:08X}"] = {"vr": vr, "Value": values} if values else {"vr": vr}


def _put_number(found: dict[str, Any], name: str, number: int) -> None:
    _put(found, _NUMBER_OF[name], "IS", [number])


def _kept(found: dict[str, Any], query: Query) -> dict[str, Any]:
    if query.include is None:
        return found
    return {tag: value for tag, value in found.items() if int(tag, 16) in query.include}
