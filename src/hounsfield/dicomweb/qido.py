"""QIDO-RS: a request's parameters become a query and the attributes of its answers (PS3.18 10.6, 8.3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.entity_attributes import is_said_of
from hounsfield.dicom.negotiated import TIME_OF_DATE, Options, combined, parse_key
from hounsfield.dicom.query import (
    COMPUTED,
    COMPUTED_KEYS,
    Item,
    Key,
    Level,
    Matching,
    Query,
    SingleValue,
    UidList,
    Universal,
)
from hounsfield.dicomweb.site.searches import MAX_PATH
from hounsfield.errors import InvalidQuery

MAX_RESULTS = 5000
# Answers whose attributes have to be read from stored objects are shorter: each costs a file.
MAX_READ_RESULTS = 500
MAX_INCLUDED = 200
SERVICE = "Hounsfield"
Path = tuple[int, ...]

_NOT_ATTRIBUTES = frozenset({"limit", "offset", "includefield", "accept", "charset"})
# 8.3.4: kinds of matching by parameter, and what they are in C-FIND.
_OPTIONS = {
    "fuzzymatching": "is_fuzzy",
    "emptyvaluematching": "matches_empty",
    "multiplevaluematching": "matches_several",
}
_STUDY_UID, _SERIES_UID, _TIMEZONE = 0x0020000D, 0x0020000E, 0x00080201
_ALWAYS = {
    Level.STUDY: frozenset({_STUDY_UID}),
    Level.SERIES: frozenset({_STUDY_UID, _SERIES_UID}),
    Level.IMAGE: frozenset({_STUDY_UID, _SERIES_UID, 0x00080016, 0x00080018}),
}
# Attributes that the answers of a level have by default (tables 10.6.3-3 to 10.6.3-5), beyond its own indexed ones.
_COMPUTED = {
    Level.STUDY: frozenset({0x00080061, 0x00201206, 0x00201208}),
    Level.SERIES: frozenset({0x00201209}),
    Level.IMAGE: frozenset({0x00083002}),
}
# What every answer has whether it is asked for or not.
_ANSWERED = frozenset({0x00080005, 0x00080056, 0x00081190})
_SINGLE = frozenset({"AE", "CS", "LO", "SH"})
_DATES_AND_TIMES = frozenset(TIME_OF_DATE) | frozenset(TIME_OF_DATE.values())


@dataclass(slots=True)
class Asked:
    """A request, understood.

    Args:
        query: what the index is asked.
        further: paths of attributes that are read from stored objects.
        parts: those members of a sequence that are wanted, where not all of it is.
    """

    query: Query
    further: frozenset[int] = frozenset()
    parts: dict[int, frozenset[Path]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def parse_query(
    level: Level, path_uids: dict[int, str], parameters: Iterable[tuple[str, str]]
) -> Asked:
    """Read a request; raises InvalidQuery for what is malformed.

    ``path_uids`` are UIDs that stand in the path. Parameters that name no attribute are ignored (8.3.1, WEB-12).
    """
    read = _Parameters(list(parameters))
    keys = [Key(tag, "UI", SingleValue(uid)) for tag, uid in path_uids.items()]
    keys += _keys(read.matched, read.offset_from_utc)
    asked = Asked(Query(level, tuple(keys)))
    _include(asked, level, frozenset(path_uids), read.included, is_all=read.is_all)
    limit = min(read.limit, MAX_READ_RESULTS) if asked.further else read.limit
    include = asked.query.include
    asked.query = Query(level, tuple(keys), include=include, limit=limit, offset=read.offset)
    ignored = [path[0] for path, _ in read.matched if not _is_matched(path[0])]
    if ignored:
        names = ", ".join(f"{tag:08X}" for tag in ignored)
        asked.warnings.append(f'299 {SERVICE}: "These attributes are not matched: {names}"')
    return asked


class _Parameters:
    """The parameters of a request, each put where it belongs."""

    def __init__(self, parameters: list[tuple[str, str]]) -> None:
        self.limit, self.offset, self.offset_from_utc = MAX_RESULTS, 0, ""
        self.included: set[Path] = set()
        self.matched: list[tuple[Path, Matching]] = []
        self.is_all = False
        self._options = _options(parameters)
        for name, value in parameters:
            lower = name.lower()
            if lower == "limit":
                self.limit = min(_natural(name, value), MAX_RESULTS)
            elif lower == "offset":
                self.offset = _natural(name, value)
            elif lower == "includefield":
                self._include(value)
            elif lower not in _NOT_ATTRIBUTES and lower not in _OPTIONS:
                self._match(name, value)
        if len(self.included) > MAX_INCLUDED:
            raise InvalidQuery(f"no more than {MAX_INCLUDED} attributes can be included")

    def _include(self, value: str) -> None:
        for name in filter(None, map(str.strip, value.split(","))):
            if name.lower() == "all":
                self.is_all = True
                continue
            path = path_of(name)
            if path is None:
                raise InvalidQuery(f"includefield: there is no attribute {name[:80]!r}")
            self.included.add(path)

    def _match(self, name: str, value: str) -> None:
        path = path_of(name)
        if path is None:
            return
        if path == (_TIMEZONE,):
            # A + in a query is a blank unless it is written as %2B, which hardly anybody does.
            self.offset_from_utc = value.replace(" ", "+")
            return
        self.included.add(path)  # 10.6.3.3: what is matched is also answered
        match = _parsed(path, value, self._options)
        if not isinstance(match, Universal):
            self.matched.append((path, match))


def path_of(name: str) -> Path | None:
    """The tags of keywords or ``ggggeeee``, joined by dots; None if it names no attribute (QIDO-01).

    Raises InvalidQuery for a path that leads deeper than any sequence of the standard.
    """
    path = tuple(map(_tag_named, name.split(".", MAX_PATH)))
    if len(path) > MAX_PATH:
        raise InvalidQuery(f"{name[:80]}...: no path has more than {MAX_PATH} parts")
    return None if None in path else path  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def _tag_named(name: str) -> int | None:
    if len(name) == 8:
        try:
            return int(name, 16)
        except ValueError:
            pass
    return tag_for_keyword(name)


def _vr(tag: int) -> str:
    attribute = ATTRIBUTES.get(tag)
    if attribute is not None:
        return attribute.vr
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UN"


def _options(parameters: Iterable[tuple[str, str]]) -> Options:
    """The kinds of matching that a request asks for; they count for all its keys, also those before them."""
    wanted = []
    for name, value in parameters:
        option = _OPTIONS.get(name.lower())
        if option and _boolean(name, value):
            wanted.append(option)
    return Options(**dict.fromkeys(wanted, True))


def _parsed(path: Path, value: str, options: Options) -> Matching:
    vr = _vr(path[-1])
    if vr == "CS":
        # No code has a comma in it (PS3.5 6.2), and on the web lists are written with commas.
        value = value.replace(",", "\\")
    if options.matches_several and vr in _SINGLE and _has_one_value(path[-1]):
        # PS3.4 C.2.2.2.8 is about attributes with several values; of one value a list can only mean any of them.
        values = tuple(part.strip(" ") for part in value.split("\\") if part.strip(" "))
        if len(values) > 1 and not set(value) & {"*", "?"}:
            return UidList(values)
    return parse_key(path[-1], vr, value, options)


def _has_one_value(tag: int) -> bool:
    try:
        return dictionary_VM(tag) == "1"
    except KeyError:
        return False


def _keys(matched: list[tuple[Path, Matching]], offset_from_utc: str) -> list[Key]:
    """Keys in which date and time are one moment (QIDO-08), and all that is asked of a sequence is asked of one item."""
    plain = [Key(path[0], _vr(path[0]), match) for path, match in matched if len(path) == 1]
    dates = [key for key in plain if key.tag in _DATES_AND_TIMES]
    keys = [key for key in plain if key.tag not in _DATES_AND_TIMES]
    if len({key.tag for key in dates}) == len(dates):
        dates = list(combined(dates, offset_from_utc))
    return [*keys, *dates, *_items([one for one in matched if len(one[0]) > 1])]


def _items(matched: list[tuple[Path, Matching]]) -> list[Key]:
    inside: dict[int, list[tuple[Path, Matching]]] = {}
    for path, match in matched:
        inside.setdefault(path[0], []).append((path[1:], match))
    return [
        Key(
            tag,
            "SQ",
            Item(
                tuple(Key(path[0], _vr(path[0]), m) for path, m in within if len(path) == 1)
                + tuple(_items([one for one in within if len(one[0]) > 1]))
            ),
        )
        for tag, within in inside.items()
    ]


def _is_matched(tag: int) -> bool:
    return tag in ATTRIBUTES or tag in COMPUTED_KEYS


def _include(
    asked: Asked, level: Level, above: frozenset[int], included: set[Path], *, is_all: bool
) -> None:
    """Sort what is wanted into what the index has and what only the stored objects have (QIDO-05)."""
    default = _default(level, _STUDY_UID in above, _SERIES_UID in above)
    wanted = {
        path
        for path in included
        if path[0] not in _ANSWERED
        and (level in COMPUTED[path[0]] if path[0] in COMPUTED else is_said_of(level, path[0]))
    }
    tags = {path[0] for path in wanted}
    whole = {path[0] for path in wanted if len(path) == 1} | default
    indexed = {tag for tag in tags if tag in ATTRIBUTES or tag in COMPUTED}
    asked.further = frozenset(tags - indexed)
    asked.parts = {
        tag: frozenset(path[1:] for path in wanted if path[0] == tag) for tag in tags - whole
    }
    include = None if is_all else default | indexed if indexed - default else default
    asked.query = Query(level, asked.query.keys, include=include)


@lru_cache(maxsize=16)
def _default(level: Level, has_study: bool, has_series: bool) -> frozenset[int]:
    """What is answered when nothing is asked for: the level's own, and those above that the path leaves open."""
    tags = set(_ALWAYS[level] | _COMPUTED[level])
    levels = {level}
    if not has_study:
        levels |= {Level.STUDY, Level.PATIENT}
        tags |= _COMPUTED[Level.STUDY]
    if level is Level.STUDY:
        levels.add(Level.PATIENT)
    if level is Level.IMAGE and not has_series:
        levels.add(Level.SERIES)
    tags |= {tag for tag, attribute in ATTRIBUTES.items() if attribute.level in levels}
    return frozenset(tags)


def _natural(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise InvalidQuery(f"{name} is a number from 0, {value[:40]!r} is not")
    return int(value)


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise InvalidQuery(f"{name} is true or false, {value[:40]!r} is not")
    return value.lower() == "true"
