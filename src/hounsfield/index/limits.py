"""What a query may ask at most: more is no query of a person or a viewer, and some of it no database can be asked."""

from hounsfield.dicom.query import (
    AllValues,
    DateTimeRange,
    FuzzyName,
    Item,
    Key,
    Matching,
    NameGroups,
    Query,
    Range,
    SingleValue,
    UidList,
    Wildcard,
)
from hounsfield.errors import InvalidQuery
from hounsfield.index.answers import MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY

# Databases refuse yet longer ones less clearly.
_MAX_TEXT, _MAX_UIDS, _MAX_MEMBERS, _MAX_WORDS, _MAX_KEYS = 1024, 10_000, 100, 40, 100


def check(query: Query) -> None:
    """Raise InvalidQuery for what no database could be asked."""
    texts = [query.text or "", query.status or ""]
    for key in query.keys:
        values = values_of(key.match)
        is_set = key.tag in {MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY}
        if len(values) > (_MAX_MEMBERS if is_set else _MAX_UIDS):
            raise InvalidQuery(f"a list of {len(values)} values is too long")
        texts += values
    for text in texts:
        if len(text) > _MAX_TEXT:
            raise InvalidQuery(f"a value of {len(text)} characters is too long")
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise InvalidQuery("a value has characters that no text can have")
    if sum(map(_weight, query.keys)) > _MAX_KEYS or len((query.text or "").split()) > _MAX_WORDS:
        raise InvalidQuery("more is asked at once than can be answered")


def _weight(key: Key) -> int:
    """How many conditions a key makes."""
    match key.match:
        case Item(keys):
            return 1 + sum(map(_weight, keys))
        case AllValues(values):
            return len(values)
    return 1


def values_of(match: Matching) -> tuple[str, ...]:
    """The texts that a kind of matching compares with."""
    match match:
        case SingleValue(value):
            return (value,)
        case Wildcard(pattern):
            return (pattern,)
        case Range(first, last):
            return (first or "", last or "")
        case UidList(uids):
            return uids
        case AllValues(values) | NameGroups(values):
            return values
        case FuzzyName(name):
            return (name,)
        case DateTimeRange(_, first, last):
            return (first or "", last or "")
        case Item(keys):
            return tuple(value for key in keys for value in values_of(key.match))
    return ()
