"""Conditions on one text or one name in SQL (PS3.4 C.2.2.2.1, C.2.2.2.4, C.2.2.2.5)."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from hounsfield.dicom.attributes import normalise_name
from hounsfield.dicom.query import Matching, NameGroups, SingleValue, Wildcard

_LAST = "\U0010ffff"


def between(
    text: ColumnElement[Any], first: str | None, last: str | None
) -> Iterator[ColumnElement[bool]]:
    """From ``first`` to ``last``, both included; an absent value is in no range."""
    yield text != ""
    if first is not None:
        yield text >= first
    if last is not None:
        # All values that begin with ``last`` are in the range: 0730 covers 073015.5.
        yield text < last + _LAST


def day_near(moment: str | None, days: int) -> str | None:
    """The date that is so many days away from a moment; None where there is none."""
    if moment is None:
        return None
    try:
        made = datetime.strptime(moment[:8], "%Y%m%d") + timedelta(days=days)  # noqa: DTZ007 - a date only
    except (ValueError, OverflowError):
        return None
    return made.strftime("%Y%m%d")


def exactly(text: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    """An absent value matches only the universal key."""
    return text == wanted if wanted else false()


def glob(text: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """``*`` and ``?`` with regard to case, using an index for what stands before the first of them."""
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    begins = beginning(text, head) if head else [text != ""]
    return and_(*begins, matches_glob(text, escaped(pattern)))


def beginning(text: ColumnElement[Any], head: str) -> list[ColumnElement[bool]]:
    """Texts that begin so, as an index can find them."""
    return [text >= head, text < head + _LAST]


def matches_glob(text: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """An escaped pattern against the whole text."""
    return text.op("GLOB", is_comparison=True)(pattern)


def escaped(pattern: str, *, keep_wildcards: bool = True) -> str:
    """A pattern in which nothing but ``*`` and ``?`` is special, or not even these."""
    special = "[]" if keep_wildcards else "[]*?"
    return "".join(f"[{c}]" if c in special else c for c in pattern)


def in_groups(groups: Sequence[ColumnElement[Any]], patterns: Sequence[str]) -> ColumnElement[bool]:
    """Each component group by its own pattern; one that is not asked for may be anything."""
    wanted = [
        glob(group, normalise_name(pattern))
        for group, pattern in zip(groups, patterns, strict=False)
        if not set(pattern) <= {"*"}
    ]
    return and_(true(), *wanted)


def name_in(groups: Sequence[ColumnElement[Any]], match: Matching) -> ColumnElement[bool]:
    """PN matching on the folded component groups of one name."""
    match match:
        case SingleValue(value):
            return or_(*(exactly(group, normalise_name(value)) for group in groups))
        case Wildcard(pattern):
            return or_(*(glob(group, normalise_name(pattern)) for group in groups))
        case NameGroups(patterns):
            return in_groups(groups, patterns)
    return false()


def maybe_in_groups(names: ColumnElement[Any], match: Matching) -> ColumnElement[bool]:
    """On one column that has all groups of all names, joined by ``=``: true for at least those that match."""
    match match:
        case SingleValue(value):
            pattern = escaped(normalise_name(value), keep_wildcards=False)
        case Wildcard(value):
            pattern = escaped(normalise_name(value))
        case _:
            return true()
    return and_(names != "", matches_glob(names, f"*{pattern}*"))
