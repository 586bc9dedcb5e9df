"""From what is known of an association to what was wrong with it, without a network."""

import re

import pytest

from hounsfield.dimse.doctor import diagnosis
from hounsfield.dimse.doctor.diagnosis import diagnose, of_first_bytes, of_rejection
from hounsfield.dimse.doctor.findings import FINDINGS, say
from hounsfield.dimse.upper_layer.pdus import REJECTIONS, AssociateRj
from hounsfield.index.site.records import AssociationRecord, RecordedContext

CT = "1.2.840.10008.5.1.4.1.1.2"


def record(direction="in", outcome="released", *, messages=(), contexts=((CT, 0),), **details):
    return AssociationRecord(
        direction,
        1,
        "CT2",
        "HOUNSFIELD",
        "10.0.0.7",
        outcome=outcome,
        contexts=[RecordedContext(uid, ("1.2",), result) for uid, result in contexts],
        messages=[
            {"name": name, "status": status, "meaning": "words", "count": 1}
            for name, status in messages
        ],
        details={"ours": "HOUNSFIELD", **details},
    )


def test_every_finding_speaks_in_sentences_and_names_its_values():
    for code in FINDINGS:
        finding = say(code, {})
        for text in (finding.reason, finding.advice):
            assert text[0].isupper() or text[0] in "?{", code
            assert text.endswith("."), code
        assert not re.search(r"[{}]{2}", finding.reason), code


def test_every_code_that_a_diagnosis_gives_has_its_row():
    codes = {code for pair in diagnosis._ENDINGS.values() for code in pair}
    codes |= {code for pair in diagnosis._STATUSES.values() for code in pair}
    codes |= set(diagnosis._REJECTION_CODES.values())
    assert codes <= set(FINDINGS)


def test_what_a_peer_sent_cannot_break_a_sentence():
    finding = say("unknown-caller", {"calling": "{x}\n\x00", "address": ""})
    assert "\n" not in finding.reason
    assert "(empty)" in finding.reason


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("outcome", ["open", "released"])
def test_an_association_in_good_order_has_no_finding(direction, outcome):
    found = diagnose(record(direction, outcome, messages=[("C-STORE", "0000"), ("C-FIND", "FF00")]))
    assert (found.finding, found.is_ok) == (None, True)


# NET-10
@pytest.mark.parametrize(
    ("direction", "message", "status", "code"),
    [
        ("in", "C-STORE", "A700", "no-space"),
        ("in", "C-STORE", "A900", "mismatch"),
        ("in", "C-STORE", "C123", "cannot-understand"),
        ("in", "C-STORE", "0111", "duplicate"),
        ("in", "C-STORE", "0124", "not-permitted"),
        ("in", "C-MOVE", "A801", "move-destination"),
        ("in", "C-FIND", "A900", "invalid-query"),
        ("in", "C-GET", "A900", "invalid-query"),
        ("in", "C-MOVE", "A900", "invalid-query"),
        ("in", "C-MOVE", "A702", "move-failed"),
        ("in", "C-FIND", "C000", "refused-status"),
        ("out", "C-STORE", "A700", "their-no-space"),
        ("out", "C-STORE", "A9FF", "their-mismatch"),
        ("out", "C-STORE", "0124", "their-not-authorized"),
        ("out", "C-STORE", "C000", "their-failure"),
        ("out", "C-MOVE", "A801", "their-move-destination"),
        ("out", "C-ECHO", "0122", "their-failure"),
    ],
)
def test_a_failure_is_told_by_message_status_and_side(direction, message, status, code):
    found = diagnose(record(direction, messages=[(message, status), (message, "0000")]))
    assert (found.finding.code, found.is_ok) == (code, False)


# NET-10, QR-09: the C-STOREs of a C-GET go the other way, and so do their answers
@pytest.mark.parametrize(
    ("direction", "status", "code", "words"),
    [
        ("in", "A700", "their-no-space", "Make room on CT2"),
        ("in", "0124", "their-not-authorized", "Allow it for our AE title HOUNSFIELD on CT2"),
        ("in", "C123", "their-failure", "Look at the log of CT2"),
        ("out", "A700", "no-space", "free space of the data folder"),
        ("out", "0111", "duplicate", "duplicates = keep-both here"),
    ],
)
def test_who_answered_is_told_where_both_sides_ask(direction, status, code, words):
    made = record(direction, messages=[("C-STORE", status)])
    made.messages[0]["is_reverse"] = True
    finding = diagnose(made).finding
    assert finding.code == code
    assert words in finding.advice


@pytest.mark.parametrize(
    ("direction", "outcome", "details", "code"),
    [
        ("in", "aborted by the peer", {}, "caller-aborted"),
        ("in", "connection lost", {}, "connection-lost"),
        ("in", "timed out", {}, "too-slow"),
        ("in", "aborted", {"text": "a PDU of type 09H"}, "protocol-error"),
        ("in", "aborted", {"text": "shutting down"}, "shutting-down"),
        ("in", "failed", {}, "our-error"),
        ("out", "aborted by the peer", {}, "their-abort"),
        ("out", "connection lost", {}, "their-loss"),
        ("out", "timed out", {}, "their-delay"),
        ("out", "aborted", {}, "our-abort"),
    ],
)
def test_how_it_ended_is_told_where_nothing_else_is(direction, outcome, details, code):
    assert diagnose(record(direction, outcome, **details)).finding.code == code


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("connection lost", "their-drop"),
        ("aborted by the peer", "their-drop"),
        ("timed out", "their-silence"),
    ],
)
def test_an_end_before_any_answer_is_another_thing(outcome, code):
    assert diagnose(record("out", outcome, contexts=[(CT, None)])).finding.code == code


def test_what_failed_counts_for_more_than_how_it_ended():
    found = diagnose(record(outcome="connection lost", messages=[("C-STORE", "A700")]))
    assert found.finding.code == "no-space"


def test_a_part_that_was_not_accepted_is_said_but_no_failure():
    mixed = [(CT, 0), ("1.2.840.10008.5.1.4.1.1.4", 4)]
    found = diagnose(record("out", contexts=mixed))
    assert (found.finding.code, found.is_ok) == ("their-no-syntax", True)
    assert "MR Image" in found.finding.reason
    assert diagnose(record("in", contexts=mixed)).finding is None
    found = diagnose(record("in", contexts=[(CT, 0), (CT + ".1", 1)], missing_rights=["search"]))
    assert (found.finding.code, found.is_ok) == ("not-permitted", True)


def test_a_class_accepted_in_one_syntax_of_two_is_accepted():
    assert diagnose(record("out", contexts=[(CT, 0), (CT, 4)])).finding is None


# NET-02
@pytest.mark.parametrize(("source", "reason"), [*REJECTIONS, (9, 9)])
def test_every_rejection_has_a_finding_and_words(source, reason):
    code, text = of_rejection(AssociateRj(1, source, reason))
    assert code in FINDINGS
    assert text


@pytest.mark.parametrize(
    "first", [b"", b"\xff" * 6, b"GET / ", b"\x16\x03\x01\x00\x05\x01", b"\x80"]
)
@pytest.mark.parametrize("is_in", [True, False])
def test_any_first_bytes_have_a_finding(first, is_in):
    code, shown = of_first_bytes(first, is_in=is_in)
    say(code, {"bytes": shown})


@pytest.mark.parametrize(
    ("calling", "command", "setting"),
    [
        ("CT2", "peer trust CT2`", 'ae_title = "CT2"'),
        ("$(reboot)", "peer trust '$(reboot)'`", 'ae_title = "$(reboot)"'),
        ("a;b `c`", "peer trust 'a;b `c`'`", 'ae_title = "a;b `c`"'),
        ('A"B', "peer trust 'A\"B'`", 'ae_title = "A\\"B"'),
        ("-rf", "peer trust -- -rf`", 'ae_title = "-rf"'),
    ],
)
def test_what_a_caller_names_itself_stays_one_word_of_a_command_to_be_copied(
    calling, command, setting
):
    found = say("unknown-caller", {"calling": calling, "address": "10.0.0.9"})
    assert command in found.advice
    assert setting in found.advice
