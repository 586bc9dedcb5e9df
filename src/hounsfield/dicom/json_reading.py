"""Reads the DICOM JSON model as strangers send it, with the digits that stand there (PS3.18 annex F)."""

import json
import re
from typing import Any

from hounsfield.dicom.sequences import VR_NAMES, vr_of
from hounsfield.errors import InvalidInstance

DataSet = dict[str, Any]

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NAMES = frozenset(VR_NAMES.values())
_FORMS = ("Value", "InlineBinary", "BulkDataURI")
_GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
_MAX_DEPTH = 64


class Digits(str):
    """A number as it was written: no float in between that would change it."""

    __slots__ = ()


def read(document: bytes) -> list[DataSet]:
    """The data sets of a document, which holds one or an array of them; raises InvalidInstance."""
    try:
        found = json.loads(document, parse_float=Digits, parse_int=Digits, parse_constant=_special)
    except (ValueError, RecursionError) as problem:
        raise InvalidInstance(f"the metadata is no JSON: {str(problem)[:200]}") from None
    datasets = found if isinstance(found, list) else [found]
    return [_dataset(one, 0) for one in datasets]


def _special(name: str) -> str:
    """NaN and infinity are no JSON (PS3.18 F.2.3), but senders write them: they count as the strings they should be."""
    return name


def _dataset(given: Any, depth: int) -> DataSet:
    if not isinstance(given, dict):
        raise InvalidInstance("a data set is an object of attributes by tag")
    if depth > _MAX_DEPTH:
        raise InvalidInstance("sequences are nested too deep")
    made = {}
    for name, attribute in given.items():
        if not _TAG.fullmatch(name):
            raise InvalidInstance(f"{name[:40]!r} is no tag of a data set")
        made[name.upper()] = _attribute(name.upper(), attribute, depth)
    return dict(sorted(made.items()))


def _attribute(tag: str, given: Any, depth: int) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidInstance(f"{tag} is no attribute, which is an object")
    vr = given.get("vr") or vr_of(int(tag, 16))
    if vr not in _NAMES:
        raise InvalidInstance(f"{tag}: {str(vr)[:16]!r} is no VR")
    forms = [form for form in _FORMS if given.get(form) is not None]
    if len(forms) > 1:
        raise InvalidInstance(f"{tag} has its value in two forms")
    if not forms:
        return {"vr": vr}
    if forms[0] == "Value":
        return _with_values(tag, vr, given["Value"], depth)
    value = given[forms[0]]
    if not isinstance(value, str) or vr == "SQ":
        raise InvalidInstance(f"{tag}: {forms[0]} is text, and sequences have none")
    return {"vr": vr, forms[0]: value}


def _with_values(tag: str, vr: str, values: Any, depth: int) -> dict[str, Any]:
    if not isinstance(values, list):
        raise InvalidInstance(f"{tag}: Value is an array")
    if vr == "SQ":
        made: list[Any] = [_dataset({} if one is None else one, depth + 1) for one in values]
    elif vr == "PN":
        made = [_name(tag, one) for one in values]
    else:
        made = values
        if any(isinstance(one, dict | list | bool) for one in values):
            raise InvalidInstance(f"{tag}: a value of VR {vr} is a text or a number")
    return {"vr": vr, "Value": made} if made and made != [None] else {"vr": vr}


def _name(tag: str, given: Any) -> dict[str, str] | None:
    if isinstance(given, str) and not isinstance(given, Digits):  # against PS3.18 F.2.2, and common
        given = {"Alphabetic": given}
    if given is None:
        return None
    if (
        not isinstance(given, dict)
        or not given.keys() <= _GROUPS
        or any(not isinstance(text, str) for text in given.values())
    ):
        raise InvalidInstance(f"{tag}: a name is an object of {', '.join(sorted(_GROUPS))}")
    return {group: text for group, text in given.items() if text} or None
