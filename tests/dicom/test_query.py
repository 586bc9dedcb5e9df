import pytest

from hounsfield.dicom.matching import matches_key
from hounsfield.dicom.query import (
    Key,
    Range,
    SingleValue,
    UidList,
    Universal,
    Wildcard,
    parse_match,
)
from hounsfield.errors import InvalidQuery

NAME, DATE, UID, ID = 0x00100010, 0x00080020, 0x0020000D, 0x00100020
MODALITIES = 0x00080061


@pytest.mark.parametrize(
    ("tag", "vr", "text", "match"),
    [
        # QR-02, QIDO-06
        (ID, "LO", "", Universal()),
        (ID, "LO", "*", Universal()),
        (ID, "LO", "P1", SingleValue("P1")),
        (ID, "LO", "P*1?", Wildcard("P*1?")),
        (UID, "UI", "1.2", SingleValue("1.2")),
        (UID, "UI", "1.2,1.3", UidList(("1.2", "1.3"))),
        (UID, "UI", "1.2\\1.3", UidList(("1.2", "1.3"))),
        (MODALITIES, "CS", "CT\\MR", UidList(("CT", "MR"))),
        (MODALITIES, "CS", "CT\\", SingleValue("CT")),
        (DATE, "DA", "20260131", SingleValue("20260131")),
        (DATE, "DA", "20260101-20260131", Range("20260101", "20260131")),
        (DATE, "DA", "20260101-", Range("20260101", None)),
        (DATE, "DA", "-20260131", Range(None, "20260131")),
    ],
)
def test_keys_are_read_as_the_standard_writes_them(tag, vr, text, match):
    assert parse_match(tag, vr, text) == match


@pytest.mark.parametrize(
    ("tag", "vr", "text"),
    [
        (UID, "UI", "1.2.*"),
        (DATE, "DA", "2026*"),
        (DATE, "DA", "yesterday"),
        (0x00200013, "IS", "one"),
    ],
)
def test_what_cannot_be_asked_is_refused(tag, vr, text):
    with pytest.raises(InvalidQuery):
        parse_match(tag, vr, text)


def holds(tag, vr, text, *values):
    if vr == "PN":
        values = [{"Alphabetic": value} for value in values]
    return matches_key(
        Key(tag, vr, parse_match(tag, vr, text)), {f"{tag:08X}": {"vr": vr, "Value": list(values)}}
    )


def test_names_match_without_case_and_accents():
    # QR-03
    assert holds(NAME, "PN", "muller*", "Müller^Jörg")
    assert holds(NAME, "PN", "DOE^JANE", "Doe^Jane^^^")
    assert not holds(NAME, "PN", "doe", "Doe^Jane")


def test_everything_else_matches_exactly():
    assert holds(ID, "LO", "P1", "P1")
    assert not holds(ID, "LO", "p1", "P1")
    assert holds(0x00080060, "CS", "C?", "CT")


def test_ranges_have_open_ends_and_both_ends_belong():
    assert holds(DATE, "DA", "20260101-20260131", "20260131")
    assert not holds(DATE, "DA", "20260101-20260131", "20260201")
    assert holds(0x00080030, "TM", "-0730", "073015.5")
    assert not holds(DATE, "DA", "20260101-")


@pytest.mark.parametrize("stored", ["10", "1000", "100000", "100000.0"])
@pytest.mark.parametrize("first", ["10", "1000", "100000", "10:00:00", "100000.000"])
def test_a_time_belongs_to_a_range_that_begins_with_it_however_both_are_written(first, stored):
    # QR-02: PS3.5 6.2, what is left out of a time is not known to be later
    assert holds(0x00080030, "TM", f"{first}-", stored)
    assert holds(0x00080030, "TM", f"{first}-1030", stored)
    assert not holds(0x00080030, "TM", f"{first}-", "0959")
    assert not holds(0x00080030, "TM", f"{first}-", "095959.999")


# QR-02, PS3.4 C.2.2.2.1: dates and times are matched by their meaning, not as texts
@pytest.mark.parametrize("stored", ["2230", "223000", "22:30:00", "22:30", "223000.000000"])
@pytest.mark.parametrize("asked", ["2230", "223000", "22:30:00", "223000.0"])
def test_a_time_is_the_same_however_it_is_written(asked, stored):
    assert holds(0x00080030, "TM", asked, stored)
    assert not holds(0x00080030, "TM", asked, "223001")
    assert not holds(0x00080030, "TM", asked, "223000.5")
    assert not holds(0x00080030, "TM", asked, "22")


def test_a_fraction_of_a_second_belongs_to_a_time():
    assert holds(0x00080030, "TM", "073015.50", "073015.5")
    assert not holds(0x00080030, "TM", "073015", "073015.5")
    assert not holds(0x00080030, "TM", "073", "0730")


def test_one_of_several_values_is_enough():
    assert holds(0x00080061, "CS", "MR", "CT", "MR")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("20261124120000-0500", SingleValue("20261124120000-0500")),
        ("20261124120000.5+0130", SingleValue("20261124120000.5+0130")),
        ("20261124-20261125", Range("20261124", "20261125")),
        ("2026-2027", Range("2026", "2027")),
        ("20261124120000-0500-", Range("20261124120000-0500", None)),
        ("-20261124120000+0100", Range(None, "20261124120000+0100")),
        ("20261124-0500-20261125-0500", Range("20261124-0500", "20261125-0500")),
        ("-", Universal()),
    ],
)
def test_the_offset_of_a_date_time_is_not_taken_for_a_range(text, match):  # QR-02
    assert parse_match(0x0008002A, "DT", text) == match


@pytest.mark.parametrize("text", ["20261124--20261125", "noon", "2026:11", "20261124-05"])
def test_what_is_no_date_time_is_refused(text):
    with pytest.raises(InvalidQuery):
        parse_match(0x0008002A, "DT", text)
