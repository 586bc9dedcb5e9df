"""Reads the DICOM JSON model as strangers send it (PS3.18 annex F).

What becomes an instance is read with the digits that stand there; what is kept as JSON, such as a work item, has every
value checked, so that whoever reads it later can rely on it.
"""

import base64
import json
import re
import struct
from typing import Any

import orjson

from hounsfield.dicom.encoding import encode_dataset
from hounsfield.dicom.sequences import VR_NAMES, vr_of
from hounsfield.dicom.transfer_syntax import EXPLICIT_LITTLE
from hounsfield.errors import InvalidInstance

DataSet = dict[str, Any]

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_NAMES = frozenset(VR_NAMES.values())
_FORMS = ("Value", "InlineBinary", "BulkDataURI")
_GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
_MAX_DEPTH, _MAX_CHECKED_DEPTH = 64, 32
_INTEGERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_NUMBERS = _INTEGERS | {"FL", "FD", "IS", "DS"}
_NEVER_NULL = _INTEGERS | {"FL", "FD"}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


class Digits(str):
    """A number as it was written: no float in between that would change it."""

    __slots__ = ()


def read(document: bytes) -> list[DataSet]:
    """The data sets of a document, which holds one or an array of them; raises InvalidInstance.

    Numbers are `Digits`. Whether values fit their VRs is for whoever writes them.
    """
    try:
        found = json.loads(document, parse_float=Digits, parse_int=Digits, parse_constant=_special)
    except (ValueError, RecursionError) as problem:
        raise InvalidInstance(f"the metadata is no JSON: {str(problem)[:200]}") from None
    datasets = found if isinstance(found, list) else [found]
    return [_dataset(one, _MAX_DEPTH) for one in datasets]


def read_checked(document: bytes) -> DataSet:
    """The one data set of a document, alone or in an array, with its values checked; raises InvalidInstance."""
    try:
        found = orjson.loads(document)
    except orjson.JSONDecodeError as problem:
        raise InvalidInstance(f"the body is no JSON: {problem}") from None
    if isinstance(found, list):
        if len(found) != 1:
            raise InvalidInstance(f"the body has {len(found)} data sets; one is taken")
        found = found[0]
    return checked(found)


def checked(given: Any) -> DataSet:
    """A data set in which every value fits its VR, without bulk data and the groups of files and commands.

    Raises InvalidInstance.
    """
    found = _checked(_dataset(given, _MAX_CHECKED_DEPTH))
    try:  # what no transfer syntax can hold would trip whoever reads it later
        encode_dataset(found, EXPLICIT_LITTLE)
    except (struct.error, ValueError, TypeError, OverflowError) as problem:
        raise InvalidInstance(f"a value does not fit its VR: {problem}") from None
    return found


def _special(name: str) -> str:
    """NaN and infinity are no JSON (PS3.18 F.2.3), but senders write them: they count as the strings they should be."""
    return name


# -- the form ---------------------------------------------------------------------------------------


def _dataset(given: Any, levels: int) -> DataSet:
    """A data set of the model's form; ``levels`` are those that sequences may lead down."""
    if not isinstance(given, dict):
        raise InvalidInstance("a data set is an object of attributes by tag")
    if levels < 0:
        raise InvalidInstance("sequences are nested too deep")
    made = {}
    for name, attribute in given.items():
        if not _TAG.fullmatch(name):
            raise InvalidInstance(f"{name[:40]!r} is no tag of a data set")
        made[name.upper()] = _attribute(name.upper(), attribute, levels)
    return dict(sorted(made.items()))


def _attribute(tag: str, given: Any, levels: int) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidInstance(f"{tag} is no attribute, which is an object")
    vr = given.get("vr") or vr_of(int(tag, 16))
    if not isinstance(vr, str) or vr not in _NAMES:
        raise InvalidInstance(f"{tag}: {str(vr)[:16]!r} is no VR")
    forms = [form for form in _FORMS if given.get(form) is not None]
    if len(forms) > 1:
        raise InvalidInstance(f"{tag} has its value in two forms")
    if not forms:
        return {"vr": vr}
    if forms[0] == "Value":
        return _with_values(tag, vr, given["Value"], levels)
    value = given[forms[0]]
    if not isinstance(value, str) or vr == "SQ":
        raise InvalidInstance(f"{tag}: {forms[0]} is text, and sequences have none")
    return {"vr": vr, forms[0]: value}


def _with_values(tag: str, vr: str, values: Any, levels: int) -> dict[str, Any]:
    if not isinstance(values, list):
        raise InvalidInstance(f"{tag}: Value is an array")
    if vr == "SQ":
        made: list[Any] = [_dataset({} if one is None else one, levels - 1) for one in values]
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


# -- the values -------------------------------------------------------------------------------------


def _checked(dataset: DataSet) -> DataSet:
    return {tag: _checked_attribute(tag, attribute) for tag, attribute in dataset.items()}


def _checked_attribute(tag: str, attribute: dict[str, Any]) -> dict[str, Any]:
    if tag < "0008":
        raise InvalidInstance(f"{tag!r} is no tag of a data set")
    if "BulkDataURI" in attribute:
        raise InvalidInstance(f"{tag}: bulk data cannot be taken here")
    vr = attribute["vr"]
    if "InlineBinary" in attribute:
        _check_binary(tag, vr, attribute["InlineBinary"])
        return attribute
    if "Value" not in attribute or vr == "PN":
        return attribute
    values = attribute["Value"]
    made = [_checked(one) if vr == "SQ" else _checked_value(tag, vr, one) for one in values]
    return {"vr": vr, "Value": made}


def _check_binary(tag: str, vr: str, text: str) -> None:
    try:
        is_binary = vr in _BYTES and base64.b64decode(text, validate=True) is not None
    except ValueError:
        is_binary = False
    if not is_binary:
        raise InvalidInstance(f"{tag}: InlineBinary is base64 of a binary VR")


def _checked_value(tag: str, vr: str, value: Any) -> Any:
    if value is None and vr not in _NEVER_NULL | _BYTES:
        return None
    if vr in _INTEGERS and isinstance(value, str):
        return _integer(tag, value)
    if vr in _NUMBERS and isinstance(value, int | float):
        return value
    if vr not in _BYTES and isinstance(value, str):
        return value
    raise InvalidInstance(f"{tag}: {str(value)[:40]!r} is no value of VR {vr}")


def _integer(tag: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInstance(f"{tag}: {text[:40]!r} is no number") from None
