"""What a query means: plain matching of attributes in the DICOM JSON model (PS3.4 C.2.2.2).

This is the definition that the index's SQL is tested against; it is not meant to be fast.
"""

import re
from collections.abc import Mapping
from typing import Any

from hounsfield.dicom.attributes import normalise, normalise_name
from hounsfield.dicom.query import Key, Query, Range, SingleValue, UidList, Universal, Wildcard

Attributes = Mapping[str, Any]
_NUMBERS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"})


def matches(query: Query, attributes: Attributes) -> bool:
    """Whether one entity, given with the attributes of its own and all higher levels, is a match."""
    if query.text and not _has_words(query.text, attributes):
        return False
    return all(matches_key(key, attributes) for key in query.keys)


def matches_key(key: Key, attributes: Attributes) -> bool:
    """Whether any value of the key's attribute matches (PS3.4 C.2.2.2: one of several is enough)."""
    if isinstance(key.match, Universal):
        return True
    return any(
        _matches_value(key, value) for value in texts(attributes.get(f"{key.tag:08X}"), key.vr)
    )


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
            if key.vr == "PN":
                return name_matches(wanted, value)
            if key.vr in _NUMBERS:
                return _is_number(value) and float(wanted) == float(value)
            return wanted == value
        case UidList(uids):
            return value in uids
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
    groups = [group for group in normalise_name(name).split("=") if group]
    return any(wanted.fullmatch(group) for group in [*groups, normalise_name(name)])


def _pattern(text: str) -> re.Pattern[str]:
    escaped = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    return re.compile("".join(escaped), re.DOTALL)


def _has_words(text: str, attributes: Attributes) -> bool:
    haystack = searchable_text(attributes)
    return all(word in haystack for word in normalise(text).split())


def searchable_text(attributes: Attributes) -> str:
    """What a study's search box looks at: name, ID, accession number and description, normalised."""
    parts = []
    for tag, vr in (("00100010", "PN"), ("00100020", "LO"), ("00080050", "SH"), ("00081030", "LO")):
        parts += texts(attributes.get(tag), vr)
    return normalise(" ".join(part.replace("^", " ").replace("=", " ") for part in parts))
