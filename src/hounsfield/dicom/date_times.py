"""Dates with times as moments, whatever their offset from UTC (PS3.5 6.2, VR DT; matching as PS3.4 C.2.2.2.5).

A date and time that is not precise to the microsecond is a span. In a range the first value counts from its beginning
and the last to its end, so that 2026-2027 ends with the last of December 2027; what is compared with them counts by
its beginning.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

FORM = r"\d{4}(?:\d\d){0,4}(?:\d\d(?:\.\d{1,6})?)?(?:[+-](?:0\d|1[0-4])[0-5]\d)?"
_PARTS = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)", re.ASCII)
_BEGINNING = datetime.min  # noqa: DTZ901 - a wall clock, its offset is kept beside it
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_UNITS_US = (0, 0, 0, 3_600_000_000, _MINUTE_US, 1_000_000)
_YEAR, _MONTH, _DAY = 1, 2, 3


@dataclass(frozen=True, slots=True)
class DateTime:
    """A span by the clock of its place, in µs from the beginning of year 1, both ends included."""

    first_us: int
    last_us: int
    offset_minutes: int | None


def read(text: str) -> DateTime | None:
    """A value of VR DT; None where it is none."""
    found = _PARTS.fullmatch(text)
    if found is None or (found[8] and offset_minutes(found[8]) is None):
        return None
    numbers = [int(part) for part in found.groups()[:6] if part is not None]
    fraction = found[7] or ""
    if len(numbers) == len(_UNITS_US):
        numbers[5] = min(numbers[5], 59)  # a leap second is no moment of its own
    try:
        first = _us(datetime(*(*numbers, 1, 1)[: max(3, len(numbers))]))  # type: ignore[arg-type]  # noqa: DTZ001
        first += int(f"{fraction:0<6}")
        last = first + _length_us(numbers, fraction) - 1
    except ValueError:
        return None
    return DateTime(first, last, offset_minutes(found[8]) if found[8] else None)


def _us(wall: datetime) -> int:
    return (wall - _BEGINNING) // _MICROSECOND


def _length_us(numbers: list[int], fraction: str) -> int:
    """How long the span is that is named by so many components."""
    precision = len(numbers)
    if precision == _YEAR:
        year = numbers[0]
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return (366 if is_leap else 365) * 24 * _UNITS_US[3]
    if precision == _MONTH:
        year, month = numbers
        begin = datetime(year, month, 1)  # noqa: DTZ001
        days = (begin.replace(day=28) + timedelta(days=4)).day if (year, month) != (9999, 12) else 1
        return (28 + 4 - days) * 24 * _UNITS_US[3]
    if precision == _DAY:
        return 24 * _UNITS_US[3]
    if precision < len(_UNITS_US):
        return _UNITS_US[precision - 1]
    return int(10 ** (6 - len(fraction)))


def offset_minutes(text: str) -> int | None:
    """An offset from UTC such as +0130 in minutes; None where it is none."""
    found = _OFFSET.fullmatch(text.strip(" "))
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def with_offset(text: str, offset: str) -> str:
    """A date and time with an offset, where it has none of its own (PS3.3 C.12.1.1.8)."""
    there = read(text)
    if there is None or there.offset_minutes is not None or offset_minutes(offset) is None:
        return text
    return text + offset.strip(" ")


def local_offset(text: str) -> str:
    """The offset from UTC of the place where we are, at a date and time by its clock; "" where it is none."""
    there = read(text)
    if there is None:
        return ""
    minutes = (there.first_us - _utc(there.first_us, None)) // _MINUTE_US
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def in_zone(text: str, minutes: int) -> str:
    """A date and time by the clock of this place, as YYYYMMDDHHMMSS by that of another offset from UTC.

    A fraction of a second is written where there is one.
    """
    there = read(text)
    if there is None:
        return text
    try:
        moved = _BEGINNING + timedelta(
            microseconds=_utc(there.first_us, None) + minutes * _MINUTE_US
        )
    except OverflowError:
        return text
    return moved.strftime("%Y%m%d%H%M%S.%f").rjust(21, "0").removesuffix(".000000")


def is_same(value: str, wanted: str, offset: str = "") -> bool:
    """Whether two begin at the same moment; ``offset`` is (0008,0201) of the data set that the value is in."""
    return _compared(value, wanted, offset, is_last=False) == 0


def is_within(value: str, first: str | None, last: str | None, offset: str = "") -> bool:
    """Whether a value begins in a range; an end that is None is open."""
    if read(value) is None:
        return False
    if first is not None and (_compared(value, first, offset, is_last=False) or 0) < 0:
        return False
    return last is None or (_compared(value, last, offset, is_last=True) or 0) <= 0


def _compared(value: str, wanted: str, offset: str, *, is_last: bool) -> int | None:
    """How far a value is after a wanted one, in µs; None where one of them is no date and time.

    What says no offset is by the clock of this place; between two of these there is nothing to convert.
    """
    one, other = read(value), read(wanted)
    if one is None or other is None:
        return None
    other_us = other.last_us if is_last else other.first_us
    mine = one.offset_minutes if one.offset_minutes is not None else offset_minutes(offset)
    if mine is None and other.offset_minutes is None:
        return one.first_us - other_us
    return _utc(one.first_us, mine) - _utc(other_us, other.offset_minutes)


def _utc(wall_us: int, minutes: int | None) -> int:
    if minutes is not None:
        return wall_us - minutes * _MINUTE_US
    try:
        there = (_BEGINNING + timedelta(microseconds=wall_us)).astimezone().utcoffset()
    except (ValueError, OverflowError, OSError):  # before and after the years that a calendar knows
        there = None
    return wall_us - (there or timedelta()) // _MICROSECOND
