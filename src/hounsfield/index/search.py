"""Answers `dicom.query.Query` in SQL, meaning the same as `dicom.matching` (PS3.4 C.2.2.2)."""

import re
from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    column,
    false,
    func,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.sql import Join
from sqlalchemy.sql.expression import literal

from hounsfield.dicom.attributes import ATTRIBUTES, normalise, normalise_name
from hounsfield.dicom.query import (
    Key,
    Level,
    Query,
    Range,
    SingleValue,
    UidList,
    Universal,
    Wildcard,
)
from hounsfield.index import schema
from hounsfield.index.records import Found, InstanceState, PatientState, SeriesState, StudyState

p, st, se, i = schema.patient, schema.study, schema.series, schema.instance

# SQLite's full-text table; its hidden column of the same name stands for the whole row in MATCH.
_WORDS = table("study_words", column("rowid"), column("study_words"))

MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY = 0x00080061, 0x00080062
_NUMBER_OF = {
    "patient_studies": 0x00201200,
    "patient_series": 0x00201202,
    "patient_instances": 0x00201204,
    "study_series": 0x00201206,
    "study_instances": 0x00201208,
    "series_instances": 0x00201209,
}
_PATIENT_NAME = (st.c.patient_name, st.c.patient_name_ideographic, st.c.patient_name_phonetic)
_COLUMNS: dict[int, ColumnElement[Any]] = {
    0x00100020: st.c.patient_id,
    0x00080020: st.c.study_date,
    0x00080030: st.c.study_time,
    0x00080050: st.c.accession_number,
    0x00200010: st.c.study_id,
    0x00081030: st.c.study_description,
    0x0020000D: st.c.study_instance_uid,
    0x00080060: se.c.modality,
    0x0020000E: se.c.series_instance_uid,
    0x0008103E: se.c.series_description,
    0x00080016: i.c.sop_class_uid,
    0x00080018: i.c.sop_instance_uid,
}
_INTEGERS = {0x00200011: se.c.series_number, 0x00200013: i.c.instance_number}
_ORDERS: dict[int | str, tuple[Level, tuple[ColumnElement[Any], ...]]] = {
    0x00080020: (Level.STUDY, (st.c.study_date, st.c.study_time)),
    0x00080030: (Level.STUDY, (st.c.study_time,)),
    0x00100010: (Level.STUDY, (st.c.patient_name,)),
    0x00100020: (Level.STUDY, (st.c.patient_id,)),
    0x00081030: (Level.STUDY, (st.c.study_description,)),
    0x00080050: (Level.STUDY, (st.c.accession_number,)),
    0x00201208: (Level.STUDY, (st.c.number_of_instances,)),
    "last_received_at": (Level.STUDY, (st.c.last_received_us,)),
    0x00200011: (Level.SERIES, (se.c.series_number,)),
    0x00200013: (Level.IMAGE, (i.c.instance_number,)),
}
_DEFAULT_ORDER = {
    Level.PATIENT: (p.c.id.desc(),),
    Level.STUDY: (st.c.study_date.desc(), st.c.study_time.desc(), st.c.id.desc()),
    Level.SERIES: (se.c.study_fk.desc(), se.c.series_number, se.c.id),
    Level.IMAGE: (i.c.series_fk.desc(), i.c.instance_number, i.c.id),
}
_IDS = {Level.PATIENT: p.c.id, Level.STUDY: st.c.id, Level.SERIES: se.c.id, Level.IMAGE: i.c.id}


def search(connection: Connection, query: Query) -> list[Found]:
    """The matches of ``query`` in its order; the order is total, so that pages never overlap."""
    statement = _select(connection, query, _answer_columns(query.level))
    statement = statement.order_by(*_order(query)).offset(query.offset or None)
    if query.limit is not None:
        statement = statement.limit(query.limit)
    elif query.offset:
        statement = statement.limit(1 << 62)
    make = _MAKERS[query.level]
    return [make(row, query) for row in connection.execute(statement)]


def count(connection: Connection, query: Query, at_most: int) -> int:
    """How many match, counted no further than ``at_most``."""
    if query == Query(query.level) and query.level is Level.STUDY:
        return int(connection.execute(select(schema.totals.c.studies)).scalar_one())
    inner = _select(connection, query, [literal(1)]).limit(at_most).subquery()
    return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())


def _select(connection: Connection, query: Query, columns: list[Any]) -> Select[Any]:
    conditions = [_condition(connection, query.level, key) for key in query.keys]
    if query.text:
        conditions += _words(connection, normalise(query.text).split())
    if query.status:
        conditions.append(st.c.status == query.status)
    if query.patient_key is not None:
        conditions.append(
            (p.c.id if query.level is Level.PATIENT else st.c.patient_fk) == query.patient_key
        )
    if query.level is Level.IMAGE:
        conditions.append(i.c.is_current == true())
    statement: Select[Any] = select(*columns).select_from(_tables(query.level))
    if query.level is Level.PATIENT:
        # Study-level keys that came with a patient query restrict which of the patient's studies count.
        inner = select(literal(1)).where(st.c.patient_fk == p.c.id, *conditions)
        return statement.where(inner.exists()) if conditions else statement
    return statement.where(and_(true(), *conditions))


def _tables(level: Level) -> Any:
    if level is Level.PATIENT:
        return p
    joined: Join = st.join(p, p.c.id == st.c.patient_fk)
    if level in {Level.SERIES, Level.IMAGE}:
        joined = joined.join(se, se.c.study_fk == st.c.id)
    if level is Level.IMAGE:
        joined = joined.join(i, i.c.series_fk == se.c.id)
    return joined


def _order(query: Query) -> list[ColumnElement[Any]]:
    if not query.order:
        return list(_DEFAULT_ORDER[query.level])
    made: list[ColumnElement[Any]] = []
    descending = False
    for order in query.order:
        level, columns = _ORDERS.get(order.by, (query.level, ()))
        if level.depth <= query.level.depth and query.level is not Level.PATIENT:
            made += [column.desc() if order.descending else column.asc() for column in columns]
            descending = order.descending
    tie = _IDS[query.level]
    return [*made, tie.desc() if descending else tie.asc()]


def _condition(connection: Connection, level: Level, key: Key) -> ColumnElement[bool]:
    match = key.match
    if isinstance(match, Universal):
        return true()
    attribute = ATTRIBUTES.get(key.tag)
    if key.tag == 0x00100010:
        return _name(connection, _PATIENT_NAME, match)
    if key.tag == 0x00080090:
        return _name(connection, (st.c.referring_physician_name,), match)
    if key.tag == MODALITIES_IN_STUDY:
        return _member(st.c.modalities, match)
    if key.tag == SOP_CLASSES_IN_STUDY:
        return _member(st.c.sop_classes, match)
    if attribute is not None and attribute.level.depth > level.depth:
        # A key of a lower level: some entity below has it (relational queries, PS3.4 C.4.1.3.2.2).
        return _below(level, key)
    if key.tag in _INTEGERS:
        return _integer(_INTEGERS[key.tag], match)
    if key.tag in _COLUMNS:
        return _plain(_COLUMNS[key.tag], match)
    if attribute is None or attribute.vr == "SQ":
        return true()  # not supported as a matching key: ignored, as PS3.4 C.4.1.1.3.1 wants
    table = {Level.PATIENT: p, Level.STUDY: st, Level.SERIES: se, Level.IMAGE: i}[attribute.level]
    return _in_json(connection, table.c.attributes, key)


def _below(level: Level, key: Key) -> ColumnElement[bool]:
    column = _COLUMNS.get(key.tag)
    condition = (
        _integer(_INTEGERS[key.tag], key.match)
        if key.tag in _INTEGERS
        else _plain(column, key.match)
        if column is not None
        else None
    )
    if condition is None:
        return true()
    lower = ATTRIBUTES[key.tag].level
    inner = select(literal(1)).select_from(
        se if lower is Level.SERIES or level is Level.SERIES else se.join(i)
    )
    if level is Level.SERIES:
        inner = select(literal(1)).select_from(i).where(i.c.series_fk == se.c.id)
    elif lower is Level.SERIES:
        inner = select(literal(1)).select_from(se).where(se.c.study_fk == st.c.id)
    else:
        inner = (
            select(literal(1))
            .select_from(se.join(i, i.c.series_fk == se.c.id))
            .where(se.c.study_fk == st.c.id)
        )
    return inner.where(condition).exists()


def _plain(column: ColumnElement[Any], match: Any) -> ColumnElement[bool]:
    match match:
        case SingleValue(value):
            return column == value
        case UidList(uids):
            return column.in_(uids)
        case Wildcard(pattern):
            return _glob(column, pattern)
        case Range(first, last):
            return and_(*_between(column, first, last))
    return true()


def _between(
    column: ColumnElement[Any], first: str | None, last: str | None
) -> Iterable[ColumnElement[bool]]:
    yield column != ""
    if first is not None:
        yield column >= first
    if last is not None:
        # All values that begin with ``last`` are in the range: 0730 covers 073015.5.
        yield column < last + "\uffff"


def _integer(column: ColumnElement[Any], match: Any) -> ColumnElement[bool]:
    if isinstance(match, SingleValue):
        return column == int(float(match.value))
    return true()


def _member(column: ColumnElement[Any], match: Any) -> ColumnElement[bool]:
    match match:
        case SingleValue(value):
            return column.contains(f"\\{value}\\", autoescape=True)
        case UidList(uids):
            return or_(false(), *(column.contains(f"\\{uid}\\", autoescape=True) for uid in uids))
        case Wildcard(pattern):
            return _glob(column, f"*\\{pattern}\\*")
    return true()


def _name(
    connection: Connection, columns: tuple[ColumnElement[Any], ...], match: Any
) -> ColumnElement[bool]:
    """PN matching on folded columns, one for each component group (PS3.4 C.2.2.2.1)."""
    if isinstance(match, SingleValue):
        wanted = normalise_name(match.value)
        return or_(*(column == wanted for column in columns), *_whole_name(columns, wanted))
    if not isinstance(match, Wildcard):
        return false()
    pattern = normalise_name(match.pattern)
    # `*^JO*` starts with a wild card: trigrams narrow it down before the columns are looked at.
    runs = [run for run in re.split(r"[*?]", pattern) if run]
    globs = or_(*(_glob(column, pattern) for column in columns))
    if pattern[:1] in {"*", "?"} and len(columns) > 1:
        return and_(globs, *_trigrams(connection, [run.replace("^", " ") for run in runs]))
    return globs


def _whole_name(
    columns: tuple[ColumnElement[Any], ...], wanted: str
) -> Iterable[ColumnElement[bool]]:
    groups = wanted.split("=")
    if len(groups) > 1 and len(columns) >= len(groups):
        yield and_(*(column == group for column, group in zip(columns, groups, strict=False)))


def _words(connection: Connection, words: list[str]) -> list[ColumnElement[bool]]:
    """Each word must occur somewhere in the search text."""
    found = _trigrams(connection, words)
    return found + [st.c.search_text.contains(word, autoescape=True) for word in words]


def _trigrams(connection: Connection, runs: list[str]) -> list[ColumnElement[bool]]:
    """A condition that the trigram index answers, true for at least all texts that have all ``runs``."""
    usable = [" ".join(run.split()) for run in runs]
    usable = [run for run in usable if len(run) >= 3]
    if not usable:
        return []
    if connection.dialect.name != "sqlite":
        return [st.c.search_text.contains(run, autoescape=True) for run in usable]
    phrase = " AND ".join('"' + run.replace('"', '""') + '"' for run in usable)
    words = select(_WORDS.c.rowid).where(_WORDS.c.study_words.match(phrase))
    return [st.c.id.in_(words)]


def _glob(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """``*`` and ``?`` with regard to case, using an index for what stands before the first of them."""
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    escaped = "".join("[" + c + "]" if c in "[]" else c for c in pattern)
    glob = column.op("GLOB", is_comparison=True)(escaped)
    if not head:
        return glob
    return and_(column >= head, column < head + "\uffff", glob)


def _in_json(connection: Connection, column: ColumnElement[Any], key: Key) -> ColumnElement[bool]:
    """A key without a column of its own, looked up in the JSON of the level."""
    if connection.dialect.name != "sqlite":
        raise NotImplementedError(connection.dialect.name)
    element = f"$.{key.tag:08X}.Value"
    each = func.json_each(column, element).table_valued("value", name=f"v{key.tag:08x}")
    value: ColumnElement[Any] = each.c.value
    if key.vr == "PN":
        value = func.json_extract(each.c.value, "$.Alphabetic")
        condition = _folded(value, key.match)
    elif key.vr in {"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"} and isinstance(
        key.match, SingleValue
    ):
        condition = value == float(key.match.value)
    else:
        condition = _plain(value, key.match)
    return select(literal(1)).select_from(each).where(condition).exists()


def _folded(value: ColumnElement[Any], match: Any) -> ColumnElement[bool]:
    if isinstance(match, SingleValue):
        return func.hounsfield_fold(value) == normalise_name(match.value)
    if isinstance(match, Wildcard):
        return _glob(func.hounsfield_fold(value), normalise_name(match.pattern))
    return false()


def _answer_columns(level: Level) -> list[Any]:
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


_MAKERS = {
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
