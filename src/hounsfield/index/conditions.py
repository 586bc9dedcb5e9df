"""Turns the keys of a query into SQL conditions (PS3.4 C.2.2.2)."""

import re
from collections.abc import Iterator
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
from hounsfield.dicom.query import (
    Key,
    Level,
    Matching,
    Query,
    Range,
    SingleValue,
    UidList,
    Universal,
    Wildcard,
)
from hounsfield.errors import InvalidQuery
from hounsfield.index import schema
from hounsfield.index.answers import MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY

p, st, se, i = schema.patient, schema.study, schema.series, schema.instance

# SQLite's full-text table; its hidden column of the same name stands for the whole row in MATCH.
_WORDS = table("study_words", column("rowid"), column("study_words"))
_TRIGRAM = 3
# A word that so many studies have is met soon enough by reading them in the order wanted.
_FEW = 1000
# More than this is no query of a person or a viewer; databases refuse yet longer ones less clearly.
_MAX_TEXT, _MAX_UIDS, _MAX_MEMBERS, _MAX_WORDS, _MAX_KEYS = 1024, 10_000, 100, 40, 100
_MAX_INTEGER = 1 << 62  # more than IS can have (PS3.5 6.2), less than a column takes
_LAST = "\U0010ffff"
_NUMBERS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"})
_PATIENT_NAME, _REFERRING_PHYSICIAN_NAME = 0x00100010, 0x00080090
_NAME_GROUPS = (st.c.patient_name, st.c.patient_name_ideographic, st.c.patient_name_phonetic)
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


def check(query: Query) -> None:
    """Raise InvalidQuery for what no database could be asked."""
    texts = [query.text or "", query.status or ""]
    for key in query.keys:
        values = _values(key.match)
        is_set = key.tag in {MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY}
        if len(values) > (_MAX_MEMBERS if is_set else _MAX_UIDS):
            raise InvalidQuery(f"a list of {len(values)} values is too long")
        texts += values
    for text in texts:
        if len(text) > _MAX_TEXT:
            raise InvalidQuery(f"a value of {len(text)} characters is too long")
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise InvalidQuery("a value has characters that no text can have")
    if len(query.keys) > _MAX_KEYS or len((query.text or "").split()) > _MAX_WORDS:
        raise InvalidQuery("more is asked at once than can be answered")


def _values(match: Matching) -> tuple[str, ...]:
    match match:
        case SingleValue(value):
            return (value,)
        case Wildcard(pattern):
            return (pattern,)
        case Range(first, last):
            return (first or "", last or "")
        case UidList(uids):
            return uids
    return ()


class Conditions:
    """Makes conditions for one statement.

    ``is_page`` says that only the first matches in an order are wanted, so that reading in that order may be
    quicker than finding all matches first.
    """

    def __init__(self, connection: Connection, *, is_page: bool) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._is_page = is_page

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
            return _name_in_groups(st.c.referring_physician_name, match)
        if key.tag == MODALITIES_IN_STUDY:
            return self._member(st.c.modalities, match)
        if key.tag == SOP_CLASSES_IN_STUDY:
            return self._member(st.c.sop_classes, match)
        if attribute is None or attribute.vr == "SQ":
            return true()  # not supported as a matching key: ignored, as PS3.4 C.4.1.1.3.1 wants
        if attribute.level.depth > level.depth:
            return _below(level, attribute.level, key)
        return _on_column(key) if _has_column(key) else self._in_json(attribute.level, key)

    def _patient_name(self, match: Matching) -> ColumnElement[bool]:
        """PN matching on folded columns, one for each component group (PS3.5 6.2.1)."""
        whole = _NAME_GROUPS[0] + "=" + _NAME_GROUPS[1] + "=" + _NAME_GROUPS[2]
        has_groups = or_(*(group != "" for group in _NAME_GROUPS[1:]))
        if isinstance(match, SingleValue):
            wanted = normalise_name(match.value)
            if "=" not in wanted:
                return or_(*(_exactly(group, wanted) for group in _NAME_GROUPS))
            groups = [*wanted.split("="), "", ""][: len(_NAME_GROUPS)]
            return and_(*(c == group for c, group in zip(_NAME_GROUPS, groups, strict=True)))
        if not isinstance(match, Wildcard):
            return false()
        pattern = normalise_name(match.pattern)
        runs = [run for run in re.split(r"[*?]", pattern) if run]
        globs = [_glob(group, pattern) for group in _NAME_GROUPS]
        # The whole name, groups and all, is one more text that may match; its head is that of its first group.
        crossing = [has_groups, _glob(func.rtrim(whole, "="), pattern)]
        first = re.split(r"[*?=]", pattern, maxsplit=1)[0]
        if first:
            crossing += _beginning(_NAME_GROUPS[0], first)
        globs.append(and_(*crossing))
        if pattern[:1] in {"*", "?"}:
            # It begins with a wild card: trigrams narrow it down before the columns are looked at.
            words = [re.sub(r"[\^=]", " ", run) for run in runs]  # as `searchable_text` has them
            return and_(or_(*globs), *self._trigrams(words))
        return or_(*globs)

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
            case SingleValue() | UidList():
                wanted = [value for value in _values(match) if "\\" not in value]
                return or_(false(), *(position(members, f"\\{value}\\") > 0 for value in wanted))
            case Wildcard(pattern):
                each = "".join("[^\\]" if c == "?" else c for c in _escaped(pattern))
                return _matches_glob(members, f"*\\{each}\\*")
        return true()

    def _in_json(self, level: Level, key: Key) -> ColumnElement[bool]:
        """A key without a column of its own, looked up in the JSON of its level."""
        if not self._is_sqlite:
            raise InvalidQuery(f"{ATTRIBUTES[key.tag].keyword} cannot be searched for")
        path = f"$.{key.tag:08X}.Value"
        each = func.json_each(_TABLES[level].c.attributes, path).table_valued(
            "value", name=f"v{key.tag:08x}"
        )
        value: ColumnElement[Any] = each.c.value
        if key.vr == "PN":
            groups = [
                func.hounsfield_fold(func.json_extract(value, f"$.{group}"))
                for group in ("Alphabetic", "Ideographic", "Phonetic")
            ]
            condition = or_(*(_name(group, key.match) for group in groups))
        elif key.vr in _NUMBERS and isinstance(key.match, SingleValue):
            condition = value == float(key.match.value)
        else:
            condition = _plain(value, key.match)
        return select(literal(1)).select_from(each).where(condition).exists()


def _has_column(key: Key) -> bool:
    return key.tag in _COLUMNS or key.tag in _INTEGERS


def _on_column(key: Key) -> ColumnElement[bool]:
    if key.tag in _INTEGERS:
        return _integer(_INTEGERS[key.tag], key.match)
    return _plain(_COLUMNS[key.tag], key.match)


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
        case SingleValue(value):
            return text == value
        case UidList(uids):
            return text.in_(uids)
        case Wildcard(pattern):
            return _glob(text, pattern)
        case Range(first, last):
            return and_(*_between(text, first, last))
    return true()


def _between(
    text: ColumnElement[Any], first: str | None, last: str | None
) -> Iterator[ColumnElement[bool]]:
    yield text != ""
    if first is not None:
        yield text >= first
    if last is not None:
        # All values that begin with ``last`` are in the range: 0730 covers 073015.5.
        yield text < last + _LAST


def _integer(number: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    if not isinstance(match, SingleValue):
        return true()
    wanted = float(match.value)
    if not wanted.is_integer() or abs(wanted) > _MAX_INTEGER:
        return false()
    return number == int(wanted)


def _name(folded: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    if isinstance(match, SingleValue):
        return _exactly(folded, normalise_name(match.value))
    if isinstance(match, Wildcard):
        return _glob(folded, normalise_name(match.pattern))
    return false()


def _name_in_groups(names: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    """PN matching on one column that has all component groups, joined by ``=``."""
    if isinstance(match, SingleValue):
        pattern = _escaped(normalise_name(match.value), keep_wildcards=False)
    elif isinstance(match, Wildcard):
        pattern = _escaped(normalise_name(match.pattern))
    else:
        return false()
    places = (pattern, f"{pattern}=*", f"*={pattern}", f"*={pattern}=*")
    return and_(names != "", or_(*(_matches_glob(names, place) for place in places)))


def _exactly(text: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    return text == wanted if wanted else false()  # an absent value matches only the universal key


def _glob(text: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """``*`` and ``?`` with regard to case, using an index for what stands before the first of them."""
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    begins = _beginning(text, head) if head else [text != ""]
    return and_(*begins, _matches_glob(text, _escaped(pattern)))


def _beginning(text: ColumnElement[Any], head: str) -> list[ColumnElement[bool]]:
    return [text >= head, text < head + _LAST]


def _matches_glob(text: ColumnElement[Any], escaped: str) -> ColumnElement[bool]:
    return text.op("GLOB", is_comparison=True)(escaped)


def _escaped(pattern: str, *, keep_wildcards: bool = True) -> str:
    special = "[]" if keep_wildcards else "[]*?"
    return "".join(f"[{c}]" if c in special else c for c in pattern)
