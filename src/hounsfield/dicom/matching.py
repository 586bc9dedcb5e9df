"""What a query means: plain matching of attributes in the DICOM JSON model (PS3.4 C.2.2.2).

This is the definition that the index's SQL is tested against; it is not meant to be fast.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hounsfield.dicom import date_times
from hounsfield.dicom.attributes import normalise, normalise_name
from hounsfield.dicom.names import sounds_like
from hounsfield.dicom.negotiated import latest, offset_of, padded, utc
from hounsfield.dicom.query import (
    AllValues,
    DateTimeRange,
    EmptyValue,
    FuzzyName,
    Item,
    Key,
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

Attributes = Mapping[str, Any]
TIMEZONE = 0x00080201
TIMEZONE_TAG = f"{TIMEZONE:08X}"
_NUMBERS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"})


def matches(query: Query, attributes: Attributes) -> bool:
    """Whether one entity, given with the attributes of its own and all higher levels, is a match."""
    if query.text and not _has_words(query.text, attributes):
        return False
    return all(matches_key(key, attributes) for key in query.keys)


def matches_key(key: Key, attributes: Attributes) -> bool:
    """Whether any value of the key's attribute matches (PS3.4 C.2.2.2: one of several is enough)."""
    element = attributes.get(f"{key.tag:08X}")
    if element is not None and not are_alike(key.vr, element["vr"]):
        element = None
    match key.match:
        case Universal():
            return True
        case EmptyValue():
            return not any(texts(element, key.vr))
        case AllValues(values):
            each = (Key(key.tag, key.vr, SingleValue(value)) for value in values)
            return all(matches_key(one, attributes) for one in each)
        case Item(keys):
            items = (element or {}).get("Value", ())
            return any(_item_matches(keys, item or {}, attributes) for item in items)
        case DateTimeRange():
            return _is_within(key, key.match, attributes)
        case SingleValue() | Range() if key.vr == "DT":
            offset = _first(attributes, TIMEZONE, "SH")
            return any(_begins_in(key.match, value, offset) for value in texts(element, key.vr))
    return any(_matches_value(key, value) for value in texts(element, key.vr))


def _item_matches(keys: tuple[Key, ...], item: Attributes, outside: Attributes) -> bool:
    """Whether an item matches all of its keys; the time zone of its data set is its own, where it says no other."""
    if TIMEZONE_TAG in outside and TIMEZONE_TAG not in item:
        item = {**item, TIMEZONE_TAG: outside[TIMEZONE_TAG]}
    return all(matches_key(one, item) for one in keys)


def are_alike(one: str, other: str) -> bool:
    """Whether values of two VRs have the same form in the DICOM JSON model: items, names, or neither."""
    return one == other or not {one, other} & {"SQ", "PN"}


def _begins_in(wanted: SingleValue | Range, value: str, offset: str) -> bool:
    if isinstance(wanted, SingleValue):
        return date_times.is_same(value, wanted.value, offset)
    return date_times.is_within(value, wanted.first, wanted.last, offset)


def in_zone(match: Matching, vr: str, offset: str) -> Matching:
    """What is asked of a DT in a query whose Timezone Offset From UTC is this: it is that of values without one."""
    if vr != "DT" or not offset:
        return match
    match match:
        case SingleValue(value):
            return SingleValue(date_times.with_offset(value, offset))
        case Range(first, last):
            return Range(*(end and date_times.with_offset(end, offset) for end in (first, last)))
    return match


def _is_within(key: Key, wanted: DateTimeRange, attributes: Attributes) -> bool:
    """A date and its time as one moment; a time that is not known is the beginning of the day."""
    date = _first(attributes, key.tag, "DA")
    moment = padded(date + _first(attributes, wanted.time_tag, "TM"))
    if not date:
        return False
    if wanted.offset_minutes is None:
        low = wanted.first is None or moment >= padded(wanted.first)
        return low and (wanted.last is None or moment[: len(wanted.last)] <= wanted.last)
    there = utc(moment, offset_of(_first(attributes, TIMEZONE, "SH")))
    ends = utc_ends(wanted)
    return bool(there) and (ends[0] or "") <= there and (ends[1] is None or there <= ends[1])


def utc_ends(wanted: DateTimeRange) -> tuple[str | None, str | None]:
    """The ends of a range in UTC; "" is one that is no moment, which nothing comes up to."""
    first = wanted.first and utc(wanted.first, wanted.offset_minutes)
    last = wanted.last and utc(latest(wanted.last), wanted.offset_minutes)
    return ("~" if first == "" else first), last


def _first(attributes: Attributes, tag: int, vr: str) -> str:
    return next(iter(texts(attributes.get(f"{tag:08X}"), vr)), "")


def texts(element: Mapping[str, Any] | None, vr: str) -> list[str]:
    """The values of an attribute as C-FIND compares them."""
    values = (element or {}).get("Value", ())
    if vr == "PN":
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        return ["=".join(v.get(g, "") for g in groups).rstrip("=") for v in values if v]
    return [str(value) for value in values if value is not None]


def _matches_value(key: Key, value: str) -> bool:
    match key.match:
        case SingleValue(wanted):
            return _is_same(key.vr, wanted, value)
        case UidList(uids):
            return value in uids
        case FuzzyName(name):
            return sounds_like(name, value)
        case NameGroups(patterns):
            return groups_match(patterns, value)
        case Wildcard(pattern):
            if key.vr == "PN":
                return name_matches(pattern, value)
            return bool(_pattern(pattern).fullmatch(value))
        case Range(first, last):
            low = first is None or value >= first
            # PS3.4 C.2.2.2.5: a shorter last value covers all it is the beginning of.
            return low and (last is None or value[: len(last)] <= last)
        case _:
            return True


def _is_same(vr: str, wanted: str, value: str) -> bool:
    """Single value matching (PS3.4 C.2.2.2.1)."""
    if vr == "PN":
        return name_matches(wanted, value)
    if vr == "TM":
        return value in same_times(wanted)
    if vr in _NUMBERS:
        return _is_number(value) and float(wanted) == float(value)
    return wanted == value


def _is_number(text: str) -> bool:
    """Whether a value is a number; digits that are none come from the field and match nothing."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def name_matches(pattern: str, name: str) -> bool:
    """PN matching: any component group, without case and accents; ``*`` and ``?`` are wild cards."""
    wanted = _pattern(normalise_name(pattern))
    return any(wanted.fullmatch(group) for group in normalise_name(name).split("=") if group)


def groups_match(patterns: tuple[str, ...], name: str) -> bool:
    """PN matching by component groups; one that is not asked for, or by ``*`` alone, may be anything."""
    groups = [*normalise_name(name).split("="), "", "", ""]
    return all(
        bool(group and _pattern(normalise_name(pattern)).fullmatch(group))
        for pattern, group in zip(patterns, groups, strict=False)
        if not set(pattern) <= {"*"}
    )


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """A text with wild cards.

    What stands between two ``*`` is taken where it comes first, and never sought again: so the time that it takes grows
    with the lengths, and not with a power of them for every ``*``.
    """
    first, *parts = (_literally(part) for part in re.split(r"\*+", text))
    if not parts:
        return re.compile(first, re.DOTALL)
    *between, last = parts
    return re.compile(
        first + "".join(f"(?>.*?{part})" for part in between) + ".*" + last, re.DOTALL
    )


def _literally(text: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in text)


def _has_words(text: str, attributes: Attributes) -> bool:
    haystack = searchable_text(attributes)
    return all(word in haystack for word in normalise(text).split())


def searchable_text(attributes: Attributes) -> str:
    """What a study's search box looks at: name, ID, accession number and description, normalised."""
    parts = []
    for tag, vr in (("00100010", "PN"), ("00100020", "LO"), ("00080050", "SH"), ("00081030", "LO")):
        parts += texts(attributes.get(tag), vr)
    return normalise(" ".join(part.replace("^", " ").replace("=", " ") for part in parts))
