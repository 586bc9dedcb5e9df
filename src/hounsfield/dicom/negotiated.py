"""What extended negotiation adds to the matching of a query (PS3.4 C.5.1.1): each kind is on only when asked for."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from hounsfield.dicom.query import (
    AllValues,
    DateTimeRange,
    EmptyValue,
    FuzzyName,
    Key,
    Matching,
    NameGroups,
    Range,
    SingleValue,
    Wildcard,
    name_of,
    parse_match,
)
from hounsfield.errors import InvalidQuery

_EMPTY = '""'
# C.2.2.2.8, for attributes of more than one value; UIDs have a list of their own.
_SEVERAL_VRS = frozenset({"AE", "AS", "CS", "LO", "PN", "SH", "UC"})
PATIENT_NAME = 0x00100010
TIME_OF_DATE = {
    0x00080012: 0x00080013,
    0x00080020: 0x00080030,
    0x00080021: 0x00080031,
    0x00080022: 0x00080032,
    0x00080023: 0x00080033,
    0x00100030: 0x00100032,
    0x00400244: 0x00400245,
}
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")
_LAST_TIME = "235959.999999"


@dataclass(frozen=True, slots=True)
class Options:
    """What was negotiated for one query class; the order is that of the bytes of C.5.1.1."""

    is_relational: bool = False
    combines_date_and_time: bool = False
    is_fuzzy: bool = False
    adjusts_timezone: bool = False
    converts_multi_frame: bool = False
    matches_empty: bool = False
    matches_several: bool = False


def parse_key(tag: int, vr: str, text: str, options: Options) -> Matching:
    """As `parse_match`, with what was negotiated; raises InvalidQuery."""
    text = text.strip(" \0")
    if options.matches_empty and text == _EMPTY:
        return EmptyValue()
    if options.matches_several and vr in _SEVERAL_VRS and "\\" in text:
        return _all_of(tag, text)
    match = parse_match(tag, vr, text)
    return fuzzy(match) if options.is_fuzzy and tag == PATIENT_NAME else match


def fuzzy(match: Matching) -> Matching:
    """The fuzzy form of a name's matching; a word that begins with a wild card is only matched as it stands."""
    match match:
        case SingleValue(text) | Wildcard(text):
            pass
        case NameGroups(patterns):
            text = " ".join(patterns)
        case _:
            return match
    has_sound = any(character.isalpha() for character in text)
    begins_wild = re.search(r"(?:^|[\s^=,])[*?]\w", text)
    return FuzzyName(text) if has_sound and not begins_wild else match


def _all_of(tag: int, text: str) -> Matching:
    values = tuple(dict.fromkeys(part.strip(" ") for part in text.split("\\") if part.strip(" ")))
    if any("*" in value or "?" in value for value in values):
        raise InvalidQuery(f"{name_of(tag)}: wild cards cannot be used in a list of values")
    return AllValues(values) if len(values) > 1 else parse_match(tag, "LO", "".join(values))


def combined(keys: Iterable[Key], offset: str = "") -> Iterator[Key]:
    """Keys in which a range of dates and a range of times are one range; ``offset`` is (0008,0201) of the query.

    Without a time a date stays as it is, in whatever time zone: it is a day, not a moment. Raises InvalidQuery.
    """
    kept = {key.tag: key for key in keys}
    minutes = offset_minutes(offset) if offset else None
    for date_tag, time_tag in TIME_OF_DATE.items():
        date, time = kept.get(date_tag), kept.get(time_tag)
        if date is None or time is None:
            continue
        match = _together(date.match, time.match, time_tag, minutes)
        if match is not None:
            kept[date_tag] = Key(date_tag, date.vr, match)
            del kept[time_tag]
    yield from kept.values()


def _together(
    date: Matching, time: Matching, time_tag: int, minutes: int | None
) -> DateTimeRange | None:
    days, times = _ends(date), _ends(time)
    if days is None or times is None:
        return None
    if isinstance(date, SingleValue) and isinstance(time, SingleValue) and minutes is None:
        return None  # one moment is matched as it is written
    first = days[0] and days[0] + (times[0] or "000000")
    last = days[1] and days[1] + (times[1] or _LAST_TIME)
    return DateTimeRange(time_tag, first, last, minutes)


def _ends(match: Matching) -> tuple[str | None, str | None] | None:
    match match:
        case SingleValue(value):
            return value, value
        case Range(first, last):
            return first, last
    return None


def offset_minutes(offset: str) -> int:
    """A Timezone Offset From UTC such as +0130 in minutes; raises InvalidQuery."""
    found = _OFFSET.fullmatch(offset.strip(" "))
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise InvalidQuery(f"(0008,0201): {offset[:16]!r} is no offset such as +0100")
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def padded(moment: str) -> str:
    """A date and time to the second at least: what is not said is its beginning."""
    return moment + "00000000000000"[len(moment) :]


def utc(moment: str, minutes: int | None) -> str:
    """YYYYMMDDHHMMSS with perhaps a fraction as YYYYMMDDHHMMSS.ffffff in UTC; "" where it is no moment.

    ``minutes`` are its offset from UTC, None meaning that of the place where we are.
    """
    whole, _, fraction = padded(moment).partition(".")
    if len(whole) != 14 or not whole.isascii() or not whole.isdigit():
        return ""
    microseconds = f"{fraction:0<6}"[:6]
    try:
        made = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(microsecond=int(microseconds))  # noqa: DTZ007 - it is given one next
        zone = None if minutes is None else timezone(timedelta(minutes=minutes))
        there = made.astimezone() if zone is None else made.replace(tzinfo=zone)
        return there.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f")
    except (ValueError, OverflowError, OSError):
        return ""


def offset_of(text: str) -> int | None:
    """The offset that a data set says it is in; None where it says none that can be read."""
    try:
        return offset_minutes(text) if text else None
    except InvalidQuery:
        return None


def latest(moment: str) -> str:
    """The last moment that begins with what is written: 0730 is until 073059.999999."""
    return moment + "99991231235959.999999"[len(moment) :]
