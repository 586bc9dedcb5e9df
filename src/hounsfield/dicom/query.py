"""What a query asks, in terms of the standard and of no protocol (PS3.4 C.2.2.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hounsfield.dicom import date_times
from hounsfield.errors import InvalidQuery


class Level(StrEnum):
    """Query/Retrieve levels, from the top down (PS3.4 C.6.1.1)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"

    @property
    def depth(self) -> int:
        return _DEPTH[self]


_DEPTH = {level: n for n, level in enumerate(Level)}


# Attributes that no instance has: what is known of the entities below (C.3.4), and in the answers of which levels.
COMPUTED: dict[int, frozenset[Level]] = {
    0x00201200: frozenset({Level.PATIENT}),
    0x00201202: frozenset({Level.PATIENT}),
    0x00201204: frozenset({Level.PATIENT}),
    0x00080061: frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),
    0x00080062: frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),
    0x00201206: frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),
    0x00201208: frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),
    0x00201209: frozenset({Level.SERIES, Level.IMAGE}),
    0x00083002: frozenset({Level.IMAGE}),
}
# Those of them that can be searched for.
COMPUTED_KEYS = frozenset({0x00080061, 0x00080062})


@dataclass(frozen=True, slots=True)
class Universal:
    """Matches everything, also the absent value (C.2.2.2.3)."""


@dataclass(frozen=True, slots=True)
class SingleValue:
    """Matches an equal value; for PN without regard to case and accents (C.2.2.2.1)."""

    value: str


@dataclass(frozen=True, slots=True)
class UidList:
    """Matches any of the listed values (C.2.2.2.2); codes are listed too, as in Modalities in Study."""

    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``*`` any sequence, ``?`` any one character (C.2.2.2.4)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Range:
    """From ``first`` to ``last``, both included; None is an open end (C.2.2.2.5)."""

    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class EmptyValue:
    """Matches the absent value and the empty one, where that was negotiated (C.2.2.2.7)."""


@dataclass(frozen=True, slots=True)
class AllValues:
    """Matches where each of these is among the values, where that was negotiated (C.2.2.2.8)."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FuzzyName:
    """Matches names that sound alike, where that was negotiated (C.2.2.2.1.1, `dicom.names`)."""

    name: str


@dataclass(frozen=True, slots=True)
class NameGroups:
    """Matches component groups of a name each with its own pattern; an empty one matches everything (PS3.5 6.2.1)."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DateTimeRange:
    """From ``first`` to ``last`` of a date with the time in ``time_tag``, both included (C.2.2.2.5).

    They are written as YYYYMMDDHHMMSS and perhaps a fraction. With ``offset_minutes`` they count from UTC by it, and
    what is compared with them by its own Timezone Offset From UTC (0008,0201), else by ours.
    """

    time_tag: int
    first: str | None
    last: str | None
    offset_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Matches a sequence that has an item matching all these keys (C.2.2.2.6)."""

    keys: "tuple[Key, ...]"


Matching = (
    Universal
    | SingleValue
    | UidList
    | Wildcard
    | Range
    | EmptyValue
    | AllValues
    | FuzzyName
    | NameGroups
    | DateTimeRange
    | Item
)

# C.2.2.2.4: no wild cards in dates, times, numbers and UIDs.
WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
RANGE_VRS = frozenset({"DA", "TM", "DT"})
_DIGITS = {
    "DA": frozenset("0123456789"),
    "TM": frozenset("0123456789."),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One matching key of a query."""

    tag: int
    vr: str
    match: Matching


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by an attribute (its tag) or by a column of ours (its name)."""

    by: int | str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which entities of ``level`` are asked for, in what order, and how many.

    ``text`` is a person's search box: each of its words must occur in the name, ID, accession number or
    description. ``include`` are tags wanted in the answer, None meaning all that is indexed.
    """

    level: Level
    keys: tuple[Key, ...] = ()
    text: str | None = None
    include: frozenset[int] | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    status: str | None = None
    patient_key: int | None = None


def parse_match(tag: int, vr: str, text: str) -> Matching:
    r"""Read one key's value as C-FIND and QIDO-RS write it; raises InvalidQuery.

    >>> parse_match(0x00080020, "DA", "20260101-")
    Range(first='20260101', last=None)
    """
    text = text.strip(" \0")
    if not text or (vr in WILDCARD_VRS and set(text) == {"*"}):
        return Universal()
    if vr == "PN" and "=" in text:
        return _groups(text)
    if vr == "UI":
        return _uids(tag, text.replace(",", "\\").split("\\"))
    if vr in RANGE_VRS:
        return _range(tag, vr, text)
    if vr == "CS" and "\\" in text and not set(text) & {"*", "?"}:
        # Without negotiation such a key has no meaning, but many ask for CT\MR and mean any of them.
        return _codes(text)
    if vr in WILDCARD_VRS and ("*" in text or "?" in text):
        return Wildcard(text)
    if vr in {"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"}:
        try:
            float(text)
        except ValueError:
            raise InvalidQuery(f"{name_of(tag)} is a number, and its value is not") from None
    return SingleValue(text)


def _groups(text: str) -> Matching:
    groups = tuple(group.strip(" ") for group in text.split("=")[:3])
    if all(set(group) <= {"*"} for group in groups):
        return Universal()
    return NameGroups(groups)


def _codes(text: str) -> Matching:
    kept = tuple(code.strip(" ") for code in text.split("\\") if code.strip(" "))
    if not kept:
        return Universal()
    return SingleValue(kept[0]) if len(kept) == 1 else UidList(kept)


def name_of(tag: int) -> str:
    """A tag as the standard prints it: (0010,0020)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _uids(tag: int, uids: Iterable[str]) -> Matching:
    kept = tuple(uid.strip(" \0") for uid in uids if uid.strip(" \0"))
    if any("*" in uid or "?" in uid for uid in kept):
        raise InvalidQuery(f"{name_of(tag)} is a UID: wild cards cannot be used in it")
    if not kept:
        return Universal()
    return SingleValue(kept[0]) if len(kept) == 1 else UidList(kept)


# An offset from UTC ends a DT, and the hyphen before it is not that of a range (PS3.4 C.2.2.2.5, PS3.5 6.2).
_DATE_TIMES = re.compile(rf"({date_times.FORM})?(?:(-)({date_times.FORM})?)?", re.ASCII)


def _range(tag: int, vr: str, text: str) -> Matching:
    first, dash, last = text.partition("-")
    if vr == "DT":
        found = _DATE_TIMES.fullmatch(text.replace(" ", ""))
        if found is None:
            raise InvalidQuery(f"{name_of(tag)}: its value is no date, time or range of them")
        first, dash, last = (part or "" for part in found.groups())
        text = first
    parts = [part.strip() for part in (first, last)] if dash else [text]
    if vr == "DT" and any(part and date_times.read(part) is None for part in parts):
        raise InvalidQuery(f"{name_of(tag)}: its value is no date, time or range of them")
    for part in parts if vr != "DT" else ():
        # ACR-NEMA wrote 2026.01.31 and 12:30:00; PS3.5 6.2 lets readers accept both.
        if not set(part.replace(":", "").replace(".", "")) <= _DIGITS[vr]:
            raise InvalidQuery(f"{name_of(tag)}: its value is no date, time or range of them")
    if vr == "DA":
        parts = [_date(tag, part) for part in parts]
    elif vr == "TM":
        parts = [part.replace(":", "") for part in parts]
    if not dash:
        return SingleValue(parts[0])
    if not parts[0] and not parts[1]:
        return Universal()
    earliest = _earliest(parts[0]) if vr == "TM" else parts[0]
    return Range(earliest or None, parts[1] or None)


def _earliest(time: str) -> str:
    """The shortest way to write a time, which no way to write it or a later one comes before (PS3.5 6.2).

    >>> _earliest("101500.000")
    '1015'
    """
    if "." in time:
        time = time.rstrip("0").rstrip(".")
    while len(time) > 2 and time.endswith("00") and not len(time) % 2:
        time = time[:-2]
    return time


def same_times(time: str) -> tuple[str, ...]:
    """All ways to write a time, those of ACR-NEMA 2.0 included: times match by what they mean (PS3.4 C.2.2.2.1).

    >>> same_times("2230")[:3]
    ('2230', '223000', '223000.0')
    """
    shortest = _earliest(time)
    whole, point, fraction = shortest.partition(".")
    ways = [whole + "00" * more for more in range((6 - len(whole)) // 2 + 1)]
    if point:
        ways = []
    if len(whole) in {2, 4, 6}:
        fractions = (fraction.ljust(digits, "0") for digits in range(max(1, len(fraction)), 7))
        seconds = whole.ljust(6, "0")
        ways += [f"{seconds}.{digits}" for digits in fractions]
    ways += [
        f"{way[:2]}:{way[2:4]}:{way[4:]}".rstrip(":") for way in ways if len(way) >= len("HHMM")
    ]
    return tuple(dict.fromkeys([shortest, *ways]))


def _date(tag: int, text: str) -> str:
    digits = text.replace(".", "")
    if digits and len(digits) != 8:
        raise InvalidQuery(f"{name_of(tag)}: its value is no date; write it as YYYYMMDD")
    return digits
