"""Turns the keys of a query into SQL conditions (PS3.4 C.2.2.2)."""

import re
from dataclasses import replace
from typing import Any

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
from sqlalchemy.sql.expression import literal

from hounsfield.dicom.attributes import ATTRIBUTES, normalise, normalise_name
from hounsfield.dicom.matching import TIMEZONE, utc_ends
from hounsfield.dicom.names import asked_sounds
from hounsfield.dicom.negotiated import padded
from hounsfield.dicom.query import (
    AllValues,
    DateTimeRange,
    EmptyValue,
    FuzzyName,
    Item,
    Key,
    Level,
    Matching,
    NameGroups,
    Query,
    Range,
    SingleValue,
    UidList,
    Universal,
    Wildcard,
    same_times,
)
from hounsfield.errors import InvalidQuery
from hounsfield.index import schema
from hounsfield.index.answers import MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY
from hounsfield.index.limits import values_of
from hounsfield.index.texts import (
    beginning,
    between,
    day_near,
    escaped,
    exactly,
    glob,
    in_groups,
    matches_glob,
    maybe_in_groups,
    name_in,
)

p, st, se, i = schema.patient, schema.study, schema.series, schema.instance

# SQLite's full-text table; its hidden column of the same name stands for the whole row in MATCH.
_WORDS = table("study_words", column("rowid"), column("study_words"))
_TRIGRAM = 3
# A word that so many studies have is met soon enough by reading them in the order wanted.
_FEW = 1000
_MAX_INTEGER = 1 << 62  # more than IS can have (PS3.5 6.2), less than a column takes
_NUMBERS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"})
_PATIENT_NAME, _REFERRING_PHYSICIAN_NAME, _STUDY_DATE = 0x00100010, 0x00080090, 0x00080020
NAME_GROUPS = (st.c.patient_name, st.c.patient_name_ideographic, st.c.patient_name_phonetic)
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
_TABLES = {Level.PATIENT: p, Level.STUDY: st, Level.SERIES: se, Level.IMAGE: i}
_ON_STUDY = {_PATIENT_NAME, _REFERRING_PHYSICIAN_NAME, MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY}


class Conditions:
    """Makes conditions for one statement.

    ``is_page`` says that only the first matches in an order are wanted, so that reading in that order may be
    quicker than finding all matches first.
    """

    def __init__(self, connection: Connection, *, is_page: bool) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._is_page = is_page
        self._tables_made = 0

    def of_study(self, query: Query) -> list[ColumnElement[bool]]:
        """Conditions for what is ours in a query: words, status and patient."""
        words = normalise(query.text or "").split()
        found = self._trigrams(words)
        found += [st.c.search_text.contains(word, autoescape=True) for word in words]
        if query.status:
            found.append(st.c.status == query.status)
        if query.patient_key is not None:
            found.append(st.c.patient_fk == query.patient_key)
        return found

    def is_of_patient(self, key: Key) -> bool:
        """Whether a key is answered from the patient's row, and not from those of the studies."""
        attribute = ATTRIBUTES.get(key.tag)
        return (
            attribute is not None
            and attribute.level is Level.PATIENT
            and key.tag not in _COLUMNS
            and key.tag not in _ON_STUDY
        )

    def is_of_study(self, key: Key) -> bool:
        """Whether a key is answered from the rows of studies and their patients."""
        attribute = ATTRIBUTES.get(key.tag)
        return key.tag in _ON_STUDY or (
            attribute is not None and attribute.level.depth <= Level.STUDY.depth
        )

    def is_exact(self, key: Key) -> bool:
        """Whether a key is so narrow that any database begins with it."""
        return key.tag in _COLUMNS and isinstance(key.match, SingleValue | UidList)

    def are_few(self, ids: Select[Any]) -> bool:
        """Whether it is better to find these first than to meet them in the order wanted."""
        if not self._is_page:
            return True
        return len(self._connection.execute(ids.limit(_FEW + 1)).all()) <= _FEW

    def of_key(self, level: Level, key: Key) -> ColumnElement[bool]:
        """The condition for one matching key of a query at ``level``."""
        attribute = ATTRIBUTES.get(key.tag)
        match = key.match
        if isinstance(match, Universal):
            return true()
        if key.tag == _PATIENT_NAME:
            return self._patient_name(match)
        if key.tag == _REFERRING_PHYSICIAN_NAME:
            narrow = maybe_in_groups(st.c.referring_physician_name, match)
            return and_(narrow, self._in_json(Level.STUDY, key)) if self._is_sqlite else narrow
        if key.tag == MODALITIES_IN_STUDY:
            return self._member(st.c.modalities, match)
        if key.tag == SOP_CLASSES_IN_STUDY:
            return self._member(st.c.sop_classes, match)
        if attribute is None or (attribute.vr == "SQ") is not isinstance(match, Item):
            return true()  # not supported as a matching key: ignored, as PS3.4 C.4.1.1.3.1 wants
        if attribute.level.depth > level.depth:
            return _below(level, attribute.level, key)
        if isinstance(match, DateTimeRange):
            return self._within(attribute.level, key.tag, match)
        return _on_column(key) if _has_column(key) else self._in_json(attribute.level, key)

    def _patient_name(self, match: Matching) -> ColumnElement[bool]:
        """PN matching on folded columns, one for each component group (PS3.5 6.2.1)."""
        match match:
            case FuzzyName(name):
                return self._fuzzy(name)
            case EmptyValue():
                return and_(*(group == "" for group in NAME_GROUPS))
            case SingleValue(value):
                return or_(*(exactly(group, normalise_name(value)) for group in NAME_GROUPS))
            case AllValues(values):
                return and_(*(self._patient_name(SingleValue(value)) for value in values))
            case NameGroups(patterns):
                wanted = in_groups(NAME_GROUPS, patterns)
                # A first group that is asked for has its trigrams; the others have an index each.
                return and_(wanted, *self._of_infix(patterns[0])) if patterns[0] else wanted
            case Wildcard(pattern):
                globs = [glob(group, normalise_name(pattern)) for group in NAME_GROUPS]
                return and_(or_(*globs), *self._of_infix(pattern))
        return false()

    def _of_infix(self, pattern: str) -> list[ColumnElement[bool]]:
        """What trigrams tell of a pattern that begins with a wild card, so that no index of a column helps."""
        folded = normalise_name(pattern)
        if folded[:1] not in {"*", "?"}:
            return []
        runs = [run for run in re.split(r"[*?]", folded) if run]
        return self._trigrams(
            [run.replace("^", " ") for run in runs]
        )  # as `searchable_text` has them

    def _fuzzy(self, name: str) -> ColumnElement[bool]:
        """Names by their sounds, which have a table of their own."""
        whole, begun, letters = asked_sounds(name)
        sound = schema.study_name_sound.c
        found: list[ColumnElement[bool]] = [
            st.c.id.in_(select(sound.study_fk).where(sound.sound == one)) for one in whole
        ]
        found += [
            st.c.id.in_(select(sound.study_fk).where(*beginning(sound.sound, one)))
            for one in begun
            if one
        ]
        has_words = or_(*(group != "" for group in NAME_GROUPS))
        if letters:
            if not self._is_sqlite:
                raise InvalidQuery("a name cannot be searched for by single letters alone")
            joined = NAME_GROUPS[0] + "=" + NAME_GROUPS[1] + "=" + NAME_GROUPS[2]
            found += [func.hounsfield_has_word(joined, letter) == 1 for letter in letters]
        return and_(has_words, *found)

    def _trigrams(self, words: list[str]) -> list[ColumnElement[bool]]:
        """Conditions that the trigram index answers, true for at least all texts that have all ``words``."""
        usable = [" ".join(word.split()) for word in words]
        usable = [word for word in usable if len(word) >= _TRIGRAM]
        if not usable:
            return []
        if not self._is_sqlite:
            return [st.c.search_text.contains(word, autoescape=True) for word in usable]
        phrase = " AND ".join('"' + word.replace('"', '""') + '"' for word in usable)
        ids = select(_WORDS.c.rowid).where(_WORDS.c.study_words.match(phrase))
        return [st.c.id.in_(ids)] if self.are_few(ids) else []

    def _member(self, members: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
        r"""Matching of one in a set that is kept as ``\CT\MR\``."""
        position = func.instr if self._is_sqlite else func.strpos
        match match:
            case EmptyValue():
                return members == ""
            case SingleValue() | UidList() | AllValues():
                wanted = [value for value in values_of(match) if "\\" not in value]
                each = [position(members, f"\\{value}\\") > 0 for value in wanted]
                return and_(*each) if isinstance(match, AllValues) else or_(false(), *each)
            case Wildcard(pattern):
                one = "".join("[^\\]" if c == "?" else c for c in escaped(pattern))
                return matches_glob(members, f"*\\{one}\\*")
        return true()

    def _within(self, level: Level, tag: int, match: DateTimeRange) -> ColumnElement[bool]:
        """A date and its time as one moment."""
        if not self._is_sqlite and tag != _STUDY_DATE:
            raise InvalidQuery(f"{ATTRIBUTES[tag].keyword} cannot be searched for")
        date, time = self._first(level, tag), self._first(level, match.time_tag)
        moment = date + time + func.substr("000000", func.length(time) + 1)
        if match.offset_minutes is None:
            first = match.first and padded(match.first)
            # The day alone is what the index of dates has.
            days = between(date, match.first and match.first[:8], match.last and match.last[:8])
            return and_(*days, *between(moment, first, match.last))
        if not self._is_sqlite:
            raise InvalidQuery("dates cannot be searched for across time zones")
        ends = utc_ends(match)
        there = func.hounsfield_utc(moment, self._first(Level.STUDY, TIMEZONE))
        near = between(
            date, *(day_near(end, days) for end, days in zip(ends, (-1, 1), strict=True))
        )
        exact = [there != ""]
        exact += [there >= ends[0]] if ends[0] is not None else []
        exact += [there <= ends[1]] if ends[1] is not None else []
        return and_(*near, *exact)

    def _begins_in(
        self, value: ColumnElement[Any], match: SingleValue | Range
    ) -> ColumnElement[bool]:
        """A date and time against one or a range, each with its offset from UTC."""
        offset = self._first(Level.STUDY, TIMEZONE)
        if isinstance(match, SingleValue):
            return func.hounsfield_is_same(value, match.value, offset) == 1
        return func.hounsfield_is_within(value, match.first, match.last, offset) == 1

    def _first(self, level: Level, tag: int) -> ColumnElement[Any]:
        """The first value of an attribute, "" if there is none."""
        if tag in _COLUMNS:
            return _COLUMNS[tag]
        holder = _TABLES[level].c.attributes
        return func.coalesce(func.json_extract(holder, f"$.{tag:08X}.Value[0]"), "")

    def _in_json(self, level: Level, key: Key) -> ColumnElement[bool]:
        """A key without a column of its own, looked up in the JSON of its level."""
        if not self._is_sqlite:
            raise InvalidQuery(f"{ATTRIBUTES[key.tag].keyword} cannot be searched for")
        return self._in(_TABLES[level].c.attributes, key)

    def _in(self, holder: ColumnElement[Any], key: Key) -> ColumnElement[bool]:
        """A key looked up in a data set in JSON: that of a level, or an item."""
        self._tables_made += 1
        each = func.json_each(holder, f"$.{key.tag:08X}.Value").table_valued(
            "value", name=f"v{key.tag:08x}_{self._tables_made}"
        )
        value: ColumnElement[Any] = each.c.value
        match key.match:
            case Universal():
                return true()
            case AllValues(values):
                return and_(*(self._in(holder, replace(key, match=SingleValue(v))) for v in values))
            case EmptyValue():
                is_name = key.vr == "PN"
                there = _any_group(value) if is_name else and_(value.is_not(None), value != "")
                return ~select(literal(1)).select_from(each).where(there).exists()
            case Item(keys):
                inside = (self._in(value, one) for one in keys)
                return select(literal(1)).select_from(each).where(and_(true(), *inside)).exists()
        if key.vr == "PN":
            condition = name_in(_groups_in(value), key.match)
        elif key.vr == "DT" and isinstance(key.match, SingleValue | Range):
            condition = self._begins_in(value, key.match)
        elif key.vr in _NUMBERS and isinstance(key.match, SingleValue):
            condition = value == float(key.match.value)
        else:
            condition = _plain(value, _by_meaning(key))
        return select(literal(1)).select_from(each).where(condition).exists()


def _groups_in(name: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The folded component groups of a name in JSON."""
    return [
        func.hounsfield_fold(func.json_extract(name, f"$.{group}"))
        for group in ("Alphabetic", "Ideographic", "Phonetic")
    ]


def _any_group(name: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(group != "" for group in _groups_in(name)))


def _has_column(key: Key) -> bool:
    is_number = key.tag in _INTEGERS and not isinstance(key.match, EmptyValue)
    return key.tag in _COLUMNS or is_number


def _on_column(key: Key) -> ColumnElement[bool]:
    if key.tag in _INTEGERS:
        return _integer(_INTEGERS[key.tag], key.match)
    return _plain(_COLUMNS[key.tag], _by_meaning(key))


def _by_meaning(key: Key) -> Matching:
    """What texts are to be compared with: a time is the same in all the ways that it can be written."""
    if key.vr == "TM" and isinstance(key.match, SingleValue):
        return UidList(same_times(key.match.value))
    return key.match


def _below(level: Level, lower: Level, key: Key) -> ColumnElement[bool]:
    """A key of a lower level: some entity below has it (relational queries, PS3.4 C.4.1.3.2.2)."""
    if not _has_column(key):
        return true()
    inner = select(literal(1))
    if level is Level.SERIES:
        inner = inner.select_from(i).where(i.c.series_fk == se.c.id)
    elif lower is Level.SERIES:
        inner = inner.select_from(se).where(se.c.study_fk == st.c.id)
    else:
        joined = se.join(i, i.c.series_fk == se.c.id)
        inner = inner.select_from(joined).where(se.c.study_fk == st.c.id)
    return inner.where(_on_column(key)).correlate(_TABLES[level]).exists()


def _plain(text: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    match match:
        case EmptyValue():
            return text == ""
        case AllValues(values):
            return and_(*(text == value for value in values))
        case SingleValue(value):
            return text == value
        case UidList(uids):
            return text.in_(uids)
        case Wildcard(pattern):
            return glob(text, pattern)
        case Range(first, last):
            return and_(*between(text, first, last))
    return true()


def _integer(number: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    if not isinstance(match, SingleValue):
        return true()
    wanted = float(match.value)
    if not wanted.is_integer() or abs(wanted) > _MAX_INTEGER:
        return false()
    return number == int(wanted)
