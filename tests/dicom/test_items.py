"""Keys inside sequences, and what an identifier is answered with."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicom.items import answer, keys_of, matches
from hounsfield.errors import InvalidQuery


def sequence(*items):
    return {"vr": "SQ", "Value": list(items)}


def value(vr, *values):
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def code(meaning, designator="99X"):
    return {"00080100": value("SH", meaning), "00080102": value("SH", designator)}


ITEM = {
    "00100010": value("PN", {"Alphabetic": "Müller^Jörg", "Ideographic": "山田^太郎"}),
    "00100020": value("LO", "4711"),
    "00404005": value("DT", "20261124143000"),
    "00404025": sequence(code("CT1"), code("CT2")),
    "00741000": value("CS", "SCHEDULED"),
}


@pytest.mark.parametrize(
    "identifier",
    [
        {},
        {"00100010": value("PN", {"Alphabetic": "MULLER^*"})},  # QR-03
        {"00100010": value("PN", {"Ideographic": "山田*"})},
        {"00404025": sequence(code("CT2"))},
        {"00404025": sequence({})},
        {"00404025": sequence({"00080100": value("SH")})},
        {"00404025": value("SQ")},
        {"00404005": value("DT", "20261124-")},
        {"00404005": value("DT", "2026112414-2026112415")},
        {"00741000": value("CS", "SCHEDULED"), "00100020": value("LO", "47*")},
        {"00080005": value("CS", "ISO_IR 100")},
    ],
)
def test_an_item_matches_all_keys_that_have_a_value(identifier):  # QR-02
    assert matches(identifier, ITEM)


@pytest.mark.parametrize(
    "identifier",
    [
        {"00100020": value("LO", "471")},
        {"00404025": sequence({**code("CT1"), "00080102": value("SH", "other")})},
        {"00404025": sequence(code("CT3"))},
        {"00404005": value("DT", "20261125-")},
        {"00404018": sequence(code("READ"))},
        {"00404011": value("DT", "2026-")},
    ],
)
def test_one_key_that_does_not_match_is_enough(identifier):
    assert not matches(identifier, ITEM)


def test_both_keys_of_an_item_must_match_in_the_same_item():
    item = {"00404025": sequence(code("CT1", "A"), code("CT2", "B"))}
    assert not matches({"00404025": sequence(code("CT1", "B"))}, item)


@pytest.mark.parametrize(
    ("asked", "there", "is_match"),
    [
        ({"00404005": value("DT", "20261124120000+0000-20261124140000+0000")}, {}, True),
        ({"00404005": value("DT", "20261124143000+0100-")}, {}, False),
        ({"00404005": value("DT", "202611241330+0200")}, {"00080201": value("SH", "+0100")}, False),
        (
            {"00404005": value("DT", "202611241330"), "00080201": value("SH", "+0000")},
            {"00080201": value("SH", "+0100")},
            True,
        ),
        (
            {"00404018": sequence({"00404011": value("DT", "2026112408-")}), "00080201": value("SH", "+0000")},
            {"00080201": value("SH", "+0100"), "00404018": sequence({"00404011": value("DT", "2026112410")})},
            True,
        ),
        (
            {"00404018": sequence({"00404011": value("DT", "2026112410-")}), "00080201": value("SH", "+0000")},
            {"00080201": value("SH", "+0100"), "00404018": sequence({"00404011": value("DT", "2026112410")})},
            False,
        ),
    ],
)  # fmt: skip
def test_moments_are_compared_whatever_their_offsets_from_utc(asked, there, is_match):  # QR-04
    item = ITEM | {"00404005": value("DT", "20261124143000+0200")} | there
    if "00080201" in there and "00404018" not in there:
        item["00404005"] = value("DT", "20261124143000")
    assert matches(asked, item) is is_match


def test_an_answer_says_its_offset_from_utc_where_it_has_one_and_is_asked():
    asked = {"00100020": value("LO"), "00080201": value("SH")}
    assert answer(asked, ITEM) == {"00100020": value("LO", "4711")}
    there = ITEM | {"00080201": value("SH", "+0100")}
    assert answer(asked, there)["00080201"] == value("SH", "+0100")


def test_a_key_that_is_no_value_of_its_kind_is_refused():
    with pytest.raises(InvalidQuery):
        matches({"0020000D": value("UI", "1.2.*")}, ITEM)


def test_an_answer_has_what_was_asked_for_and_no_more():
    asked = {
        "00100020": value("LO"),
        "00404011": value("DT"),
        "00404025": sequence({"00080100": value("SH")}),
        "00741000": value("CS", "SCHEDULED"),
    }
    assert answer(asked, ITEM) == {
        "00100020": value("LO", "4711"),
        "00404011": value("DT"),
        "00404025": sequence({"00080100": value("SH", "CT1")}, {"00080100": value("SH", "CT2")}),
        "00741000": value("CS", "SCHEDULED"),
    }


def test_a_sequence_asked_for_without_attributes_comes_whole():
    assert answer({"00404025": value("SQ")}, ITEM) == {"00404025": ITEM["00404025"]}


def test_an_item_of_empty_keys_selects_nothing():
    empty = {"00404025": sequence({"00080100": value("SH")}), "00100020": value("LO")}
    assert keys_of(empty) == ()
    assert [key.tag for key in keys_of({"00404025": sequence(code("CT1"))})] == [0x00404025]


def test_what_is_there_in_another_form_than_the_key_is_as_if_it_were_not_there():
    there = {"00100010": value("LO", "Doe"), "00404025": value("LO", "CT1")}
    assert not matches({"00100010": value("PN", {"Alphabetic": "Doe"})}, there)
    assert not matches({"00404025": sequence(code("CT1"))}, there)
    assert not matches({"00404025": sequence(code("CT1"))}, {"00404025": sequence(None)})


@given(st.text("ab*?", max_size=10), st.text("ab", min_size=1, max_size=12))
def test_wild_cards_mean_any_characters_and_any_one(pattern, text):
    # QR-03, PS3.4 C.2.2.2.4
    expected = not pattern or fnmatchcase(text, pattern)
    assert matches({"00100020": value("LO", pattern)}, {"00100020": value("LO", text)}) is expected


def test_many_wild_cards_do_not_take_for_ever():
    # QIDO-06: with backtracking this pattern has more ways to fit than there are seconds to try them in
    for pattern in ("*" + "a*" * 31 + "b", "*a?" * 20 + "b*c"):
        assert not matches(
            {"00741204": value("LO", pattern)}, {"00741204": value("LO", "a" * 64)}
        ), pattern
