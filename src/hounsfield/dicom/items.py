"""Identifiers against whole data sets, sequences included: worklists are small, and not searched by SQL (PS3.4 C.2.2.2).

Data sets are in the DICOM JSON model. A key that is a sequence holds one item, whose attributes are keys again
(C.2.2.2.6); a match has an item that matches all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hounsfield.dicom.matching import TIMEZONE_TAG, in_zone, matches_key
from hounsfield.dicom.query import Item, Key, Matching, Universal, parse_match

DataSet = Mapping[str, Any]

_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# They say how to read an identifier or an answer and select nothing.
NOT_KEYS = frozenset({"00080005", "00080052", "00080053", "00080054", "00080056", TIMEZONE_TAG})


def matches(identifier: DataSet, dataset: DataSet) -> bool:
    """Whether a data set matches every key of an identifier; raises InvalidQuery for a key that is no value."""
    return all_match(keys_of(identifier), dataset)


def all_match(keys: Iterable[Key], dataset: DataSet) -> bool:
    """Whether a data set matches every one of the keys."""
    return all(matches_key(key, dataset) for key in keys)


def keys_of(identifier: DataSet, offset_from_utc: str = "") -> tuple[Key, ...]:
    """The keys of an identifier that select something; raises InvalidQuery for one that is no value.

    Its Timezone Offset From UTC holds for its items too, and is ``offset_from_utc`` where it has none.
    """
    offset = offset_of(identifier) or offset_from_utc
    keys = (
        _key(int(tag, 16), key, offset) for tag, key in identifier.items() if tag not in NOT_KEYS
    )
    return tuple(key for key in keys if not isinstance(key.match, Universal))


def offset_of(identifier: DataSet) -> str:
    """The Timezone Offset From UTC of an identifier, empty where it has none."""
    values = identifier.get(TIMEZONE_TAG, {}).get("Value") or [""]
    return str(values[0] or "")


def _key(tag: int, key: Mapping[str, Any], offset: str) -> Key:
    vr = key["vr"]
    if vr != "SQ":
        return Key(tag, vr, in_zone(matching_of(tag, key), vr, offset))
    inside = keys_of(first_item(key), offset)
    return Key(tag, vr, Item(inside) if inside else Universal())


def first_item(key: Mapping[str, Any]) -> DataSet:
    """The item of keys in a sequence; empty where there is none."""
    values = key.get("Value") if key["vr"] == "SQ" else None
    item: DataSet = (values[0] if values else None) or {}
    return item


def matching_of(tag: int, key: Mapping[str, Any]) -> Matching:
    """How an attribute that is no sequence selects; raises InvalidQuery."""
    values = key.get("Value", ())
    if key["vr"] == "PN":
        names = (
            # One group alone may match any: some write a name in Kanji as the first.
            "=".join(value.get(group, "") for group in _NAME_GROUPS).strip("=")
            for value in values
            if value
        )
        return parse_match(tag, "PN", "\\".join(names))
    return parse_match(tag, key["vr"], "\\".join("" if v is None else str(v) for v in values))


def answer(identifier: DataSet, dataset: DataSet) -> dict[str, Any]:
    """What an identifier asks for of a data set: what is not there is empty, a sequence asked whole comes whole."""
    return {
        tag: _answered(key, dataset.get(tag))
        for tag, key in identifier.items()
        # PS3.4 C.2.2.2: where times are said to be in a zone, and only there.
        if tag not in NOT_KEYS or (tag == TIMEZONE_TAG and tag in dataset)
    }


def _answered(key: Mapping[str, Any], there: Mapping[str, Any] | None) -> dict[str, Any]:
    if there is None:
        return {"vr": key["vr"]}
    wanted = first_item(key) if key["vr"] == "SQ" else {}
    if not wanted or not there.get("Value") or there["vr"] != "SQ":
        return dict(there)
    return {"vr": "SQ", "Value": [answer(wanted, item) for item in there["Value"]]}
