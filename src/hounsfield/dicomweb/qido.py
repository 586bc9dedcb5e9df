"""QIDO-RS: a request's parameters become a query, its matches an answer (PS3.18 10.6, 8.3.4)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pydicom.datadict import dictionary_VR, tag_for_keyword

from hounsfield.archive.access import Principal
from hounsfield.archive.search import Search
from hounsfield.dicom import json_model
from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.negotiated import Options, parse_key
from hounsfield.dicom.query import Key, Level, Query, SingleValue, Universal
from hounsfield.errors import InvalidQuery

MAX_RESULTS = 5000
SERVICE = "Hounsfield"
_NOT_ATTRIBUTES = frozenset(
    {
        "limit",
        "offset",
        "includefield",
        "fuzzymatching",
        "emptyvaluematching",
        "multiplevaluematching",
        "accept",
        "charset",
    }
)
_RETRIEVE_URL = "00081190"
# 8.3.4: kinds of matching by parameter, and what they are in C-FIND; None where there is none here.
_OPTIONS = {
    "fuzzymatching": "is_fuzzy",
    "emptyvaluematching": "matches_empty",
    "multiplevaluematching": None,
}
_ALWAYS = {
    Level.STUDY: frozenset({0x0020000D}),
    Level.SERIES: frozenset({0x0020000D, 0x0020000E}),
    Level.IMAGE: frozenset({0x0020000D, 0x0020000E, 0x00080016, 0x00080018}),
}
# Attributes that the answers of a level have by default (tables 10.6.3-3 to 10.6.3-5), beyond its own indexed ones.
_COMPUTED = {
    Level.STUDY: frozenset({0x00080061, 0x00201206, 0x00201208}),
    Level.SERIES: frozenset({0x00201209}),
    Level.IMAGE: frozenset({0x00083002}),
}


def parse_query(
    level: Level, path_uids: dict[int, str], parameters: Iterable[tuple[str, str]]
) -> tuple[Query, list[str]]:
    """(the query, warnings) of a QIDO-RS request; raises InvalidQuery for what is malformed.

    ``path_uids`` are UIDs that stand in the path. Parameters that name no attribute are ignored (8.3.1).
    """
    keys = [Key(tag, "UI", SingleValue(uid)) for tag, uid in path_uids.items()]
    include: set[int] | None = set()
    limit, offset, warnings = MAX_RESULTS, 0, []
    parameters = list(parameters)
    options = _options(parameters)
    for name, value in parameters:
        lower = name.lower()
        if lower == "limit":
            limit = min(_natural(name, value), MAX_RESULTS)
        elif lower == "offset":
            offset = _natural(name, value)
        elif lower == "includefield":
            include = _included(include, value)
        elif lower in _OPTIONS:
            if _boolean(name, value) and _OPTIONS[lower] is None:
                warnings.append(
                    f'299 {SERVICE}: "The {lower} parameter is not supported. Only literal matching has been performed."'
                )
        elif lower not in _NOT_ATTRIBUTES:
            tag = tag_named(name)
            if tag is not None:
                match = parse_key(tag, _vr(tag), value, options)
                if not isinstance(match, Universal):
                    keys.append(Key(tag, _vr(tag), match))
    wanted = None if include is None else frozenset(_default(level, path_uids)) | include
    return Query(level, tuple(keys), include=wanted, limit=limit, offset=offset), warnings


def _options(parameters: Iterable[tuple[str, str]]) -> Options:
    """The kinds of matching that a request asks for; they count for all its keys, also those before them."""
    wanted = (_OPTIONS.get(name.lower()) for name, value in parameters if value.lower() == "true")
    return Options(**{option: True for option in wanted if option})


def answer(
    search: Search, principal: Principal, query: Query, base_url: str
) -> tuple[list[dict[str, Any]], int]:
    """(the matches as DICOM JSON objects, how many more there are)."""
    assert query.limit is not None
    ahead = Query(
        query.level, query.keys, None, query.include, query.order, query.limit + 1, query.offset
    )
    found = search.search(principal, ahead)
    more = 0
    if len(found) > query.limit:
        found = found[: query.limit]
        total = search.count(principal, Query(query.level, query.keys), at_most=1_000_000)
        more = max(total - query.offset - query.limit, 1)
    made = []
    for one in found:
        attributes = one.attributes
        attributes["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
        attributes["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
        attributes[_RETRIEVE_URL] = {
            "vr": "UR",
            "Value": [_retrieve_url(base_url, query.level, attributes)],
        }
        made.append(dict(sorted(attributes.items())))
    return made, more


def dumps(matches: list[dict[str, Any]]) -> bytes:
    """The answer's body."""
    return json_model.dumps(matches)


def tag_named(name: str) -> int | None:
    """The tag of a keyword, ``ggggeeee`` or the first of a dotted path; None if it is no attribute (QIDO-01)."""
    first = name.split(".", 1)[0]
    if len(first) == 8:
        try:
            return int(first, 16)
        except ValueError:
            pass
    return tag_for_keyword(first)


def _vr(tag: int) -> str:
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.vr
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UN"


def _default(level: Level, path_uids: dict[int, str]) -> set[int]:
    """What is answered when nothing is asked for: the level's own, and those above that the path leaves open."""
    tags = set(_ALWAYS[level] | _COMPUTED[level])
    levels = {level}
    if 0x0020000D not in path_uids:
        levels.add(Level.STUDY)
        tags |= _COMPUTED[Level.STUDY]
    if level is Level.IMAGE and 0x0020000E not in path_uids:
        levels.add(Level.SERIES)
    if Level.STUDY in levels:
        levels.add(Level.PATIENT)
    tags |= {tag for tag, attribute in ATTRIBUTES.items() if attribute.level in levels}
    return tags


def _included(include: set[int] | None, value: str) -> set[int] | None:
    for name in value.split(","):
        text = name.strip()
        if text.lower() == "all" or include is None:
            include = None
        elif text:
            tag = tag_named(text)
            if tag is None:
                raise InvalidQuery(f"includefield: there is no attribute {text!r}")
            include.add(tag)
    return include


def _natural(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise InvalidQuery(f"{name} is a number from 0, {value[:40]!r} is not")
    return int(value)


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise InvalidQuery(f"{name} is true or false, {value[:40]!r} is not")
    return value.lower() == "true"


def _retrieve_url(base_url: str, level: Level, attributes: dict[str, Any]) -> str:
    url = f"{base_url}/studies/{_uid(attributes, '0020000D')}"
    if level in {Level.SERIES, Level.IMAGE}:
        url += f"/series/{_uid(attributes, '0020000E')}"
    if level is Level.IMAGE:
        url += f"/instances/{_uid(attributes, '00080018')}"
    return url


def _uid(attributes: dict[str, Any], tag: str) -> str:
    return quote(str((attributes.get(tag, {}).get("Value") or [""])[0]), safe="")
