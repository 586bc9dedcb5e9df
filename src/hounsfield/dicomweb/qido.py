"""QIDO-RS: a request's parameters become a query and the attributes of its answers (PS3.18 10.6, 8.3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from hounsfield.dicom.attributes import ATTRIBUTES
from hounsfield.dicom.entity_attributes import is_said_of
from hounsfield.dicom.query import COMPUTED, COMPUTED_KEYS, Key, Level, Query, SingleValue
from hounsfield.dicomweb.query_parameters import Parameters, Path, not_matched

# Answers whose attributes have to be read from stored objects are shorter: each costs a file.
MAX_READ_RESULTS = 500

_STUDY_UID, _SERIES_UID = 0x0020000D, 0x0020000E
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
    read = Parameters(parameters)
    keys = [Key(tag, "UI", SingleValue(uid)) for tag, uid in path_uids.items()]
    keys += read.matching_keys()
    asked = Asked(Query(level, tuple(keys)), warnings=read.warnings)
    _include(asked, level, frozenset(path_uids), read.included, is_all=read.is_all)
    limit = min(read.limit, MAX_READ_RESULTS) if asked.further else read.limit
    include = asked.query.include
    asked.query = Query(level, tuple(keys), include=include, limit=limit, offset=read.offset)
    ignored = [path[0] for path, _ in read.matched if not _is_matched(path[0])]
    if ignored:
        asked.warnings.append(not_matched(ignored))
    return asked


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
