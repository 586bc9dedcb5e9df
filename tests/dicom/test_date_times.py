"""Dates with times and offsets from UTC, held to a plain matcher over `datetime` (QR-02, QR-04; PS3.4 C.2.2.2.5)."""

import os
import time
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hounsfield.dicom.date_times import (
    in_zone,
    is_same,
    is_within,
    local_offset,
    offset_minutes,
    read,
    with_offset,
)
from hounsfield.dicom.matching import in_zone as match_in_zone
from hounsfield.dicom.matching import matches_key
from hounsfield.dicom.query import Key, parse_match

OFFSETS = ("", "+0000", "+0100", "-0500", "+0545", "-1200", "+1400")
ACQUISITION_DATE_TIME = 0x0008002A


@pytest.fixture(autouse=True, scope="module")
def in_berlin():
    """A place with a summer time, whatever the machine's is."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@st.composite
def date_times(draw):
    """Values of VR DT of every precision, close enough together to meet."""
    there = draw(st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30, 23)))  # noqa: DTZ001
    whole = there.strftime("%Y%m%d%H%M%S.%f")
    length = draw(st.sampled_from([4, 6, 8, 10, 12, 14, 16, 18, 21]))
    return whole[:length] + draw(st.sampled_from(OFFSETS))


def plain(text, offset):
    """(first, last) moment of a value as aware datetimes, written down without regard to how we do it."""
    own = len(text) > 5 and text[-5] in "+-"
    digits, zone = (text[:-5], text[-5:]) if own else (text, offset)
    whole, _, fraction = digits.partition(".")
    parts = [int(whole[:4])] + [int(whole[at : at + 2]) for at in range(4, len(whole), 2)]
    first = parts + [1, 1, 0, 0, 0][len(parts) - 1 :]
    month = parts[1] if len(parts) > 1 else 12
    last = parts + [12, monthrange(parts[0], month)[1], 23, 59, 59][len(parts) - 1 :]
    tzinfo = None
    if zone:
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        tzinfo = timezone(-ahead if zone[0] == "-" else ahead)
    ends = (
        datetime(*first, int(f"{fraction:0<6}"), tzinfo=tzinfo),
        datetime(*last, int(f"{fraction:9<6}"), tzinfo=tzinfo),
    )
    return [(end if zone else end.astimezone()).astimezone(UTC) for end in ends]


def has_zone(text, offset):
    return bool(offset) or text[-5:-4] in {"+", "-"}


@given(date_times(), date_times(), date_times(), st.sampled_from(OFFSETS), st.sampled_from(OFFSETS))
@example("20260329023000", "20260329", "20260329", "", "+0100")  # an hour that there is not
@example("20260101", "2026", "2026", "", "")
def test_a_range_takes_in_the_moments_that_lie_in_it(value, first, last, theirs, asked):
    """``theirs`` is the offset of the data set, ``asked`` that of the query (0008,0201)."""
    if not has_zone(value, theirs) and not all(has_zone(end, asked) for end in (first, last)):
        theirs = (
            "+0100"  # two clocks of one place are compared as they are written: not the plain way
        )
    moment = plain(value, theirs)[0]
    for text, expected in (
        (f"{first}-{last}", plain(first, asked)[0] <= moment <= plain(last, asked)[1]),
        (f"{first}-", plain(first, asked)[0] <= moment),
        (f"-{last}", moment <= plain(last, asked)[1]),
        (first, plain(first, asked)[0] == moment),
    ):
        match = match_in_zone(parse_match(ACQUISITION_DATE_TIME, "DT", text), "DT", asked)
        dataset = {
            "0008002A": {"vr": "DT", "Value": [value]},
            "00080201": {"vr": "SH", "Value": [theirs] if theirs else []},
        }
        assert matches_key(Key(ACQUISITION_DATE_TIME, "DT", match), dataset) is expected, text


@given(date_times(), date_times())
def test_what_says_no_zone_anywhere_is_compared_by_one_clock(value, wanted):
    value, wanted = value.split("+")[0].split("-")[0], wanted.split("+")[0].split("-")[0]
    first, last = plain(wanted, "+0000")
    moment = plain(value, "+0000")[0]
    assert is_within(value, wanted, None) is (first <= moment)
    assert is_within(value, None, wanted) is (moment <= last)


def test_the_same_moment_is_found_under_any_offset():
    assert is_same("20261124093000+0100", "20261124083000+0000")
    assert is_same("20261124093000", "202611240330-0500")  # by the clock of this place
    assert is_same("20260724093000", "202607240330-0400")  # in summer
    assert is_same("20261124093000", "20261124083000+0000", "+0100")
    assert not is_same("20261124093000-0500", "20261124093000+0100")


@pytest.mark.parametrize(
    "text",
    ["", "2026112", "20261324", "20260230", "2026112425", "20261124093000.", "20261124093000.1234567",
     "20261124+1500", "20261124+0060", "20261124+01", " 20261124", "0000", "\uff12026", "now"],
)  # fmt: skip
def test_what_is_no_date_and_time_matches_nothing(text):
    assert read(text) is None
    assert not is_within(text, None, None)
    assert not is_within(text, "2026", "2027")
    assert not is_same(text, "20261124")


def test_the_ends_of_the_calendar_are_no_harm():
    for value in ("0001", "9999", "99991231235959.999999-1200", "0001+1400"):
        assert is_within(value, "0001-1200", "9999+1400") in {True, False}
        assert is_same(value, value)
        assert is_within(value, None, None)
        assert len(local_offset(value)) == 5
        assert in_zone(value, -720)
    assert read("202612").last_us - read("20261231").first_us == 86_400_000_000 - 1
    assert read("999912").last_us == read("9999").last_us
    assert read("20261231235960") == read("20261231235959")  # a leap second


def test_an_offset_is_added_only_where_there_is_none():
    assert with_offset("20261124", "+0100") == "20261124+0100"
    assert with_offset("20261124-0500", "+0100") == "20261124-0500"
    assert with_offset("20261124", "nonsense") == "20261124"
    assert (offset_minutes("-0130"), offset_minutes("+1500")) == (-90, None)


def test_a_time_of_here_is_told_by_another_clock():
    assert in_zone("20261124003000", -300) == "20261123183000"
    assert in_zone("20261124003000.5", 60) == "20261124003000.500000"
    assert (local_offset("20261124"), local_offset("20260724"), local_offset("x")) == (
        "+0100",
        "+0200",
        "",
    )
