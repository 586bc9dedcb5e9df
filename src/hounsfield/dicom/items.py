"""Identifiers against whole data sets, sequences included: worklists are small, and not searched by SQL (PS3.4 C.2.2.2).

Data sets are in the DICOM JSON model. A key that is a sequence holds one item, whose attributes are keys again
(C.2.2.2.6); a match has an item that matches all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hounsfield.dicom.matching import in_zone, matches_key
from hounsfield.dicom.query import Key, Matching, parse_match

DataSet = Mapping[str, Any]

_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# They say how to read an identifier or an answer and select nothing.
TIMEZONE = "00080201"
_NOT_KEYS = frozenset({"00080005", "00080052", "00080053", "00080054", "00080056", "00080201"})


def matches(identifier: DataSet, dataset: DataSet) -> bool:
    """Whether a data set matches every key of an identifier; raises InvalidQuery for a key that is no value."""
    return _all_match(identifier, dataset, _Zones("", None).within(identifier, dataset))


@dataclass(frozen=True, slots=True)
class _Zones:
    """The Timezone Offset From UTC of an identifier and of what it is compared with; it holds for their items too."""

    asked: str
    there: Mapping[str, Any] | None

    def within(self, identifier: DataSet, dataset: DataSet) -> "_Zones":
        values = identifier.get(TIMEZONE, {}).get("Value") or [self.asked]
        return _Zones(str(values[0] or ""), dataset.get(TIMEZONE, self.there))


def _all_match(identifier: DataSet, dataset: DataSet, zones: _Zones) -> bool:
    return all(
        _matches(int(tag, 16), key, dataset.get(tag), zones)
        for tag, key in identifier.items()
        if tag not in _NOT_KEYS
    )


def _matches(
    tag: int, key: Mapping[str, Any], there: Mapping[str, Any] | None, zones: _Zones
) -> bool:
    if there is not None and not are_alike(key["vr"], there["vr"]):
        there = None
    if key["vr"] != "SQ":
        match = in_zone(matching_of(tag, key), key["vr"], zones.asked)
        values = {f"{tag:08X}": there, TIMEZONE: zones.there}
        return matches_key(Key(tag, key["vr"], match), values)
    wanted = first_item(key)
    if is_universal(wanted):
        return True
    return any(
        _all_match(wanted, item or {}, zones.within(wanted, item or {}))
        for item in (there or {}).get("Value", ())
    )


def is_universal(identifier: DataSet) -> bool:
    """Whether an identifier or an item of one has no key with a value (C.2.2.2.3)."""
    return not any(
        not is_universal(first_item(key)) if key["vr"] == "SQ" else key.get("Value")
        for key in identifier.values()
    )


def are_alike(one: str, other: str) -> bool:
    """Whether values of two VRs have the same form in the DICOM JSON model: items, names, or neither."""
    return one == other or not {one, other} & {"SQ", "PN"}


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
        if tag not in _NOT_KEYS or (tag == TIMEZONE and tag in dataset)
    }


def _answered(key: Mapping[str, Any], there: Mapping[str, Any] | None) -> dict[str, Any]:
    if there is None:
        return {"vr": key["vr"]}
    wanted = first_item(key) if key["vr"] == "SQ" else {}
    if not wanted or not there.get("Value") or there["vr"] != "SQ":
        return dict(there)
    return {"vr": "SQ", "Value": [answer(wanted, item) for item in there["Value"]]}
