"""The rules of work items over all states, requests and locks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicom.work_items import (
    Notice,
    Rule,
    State,
    completed,
    decide,
    decide_cancel,
    decide_update,
    invalid_values,
    missing_at_creation,
    missing_for,
)

UID, OTHER = "1.2.3", "4.5.6"


def code(value):
    return {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": [value]}}]}


DONE = {
    "00741216": {
        "vr": "SQ",
        "Value": [
            {
                "00404028": code("CT1"),
                "00404019": code("READ"),
                "00404050": {"vr": "DT", "Value": ["20261124"]},
                "00404051": {"vr": "DT", "Value": ["20261124"]},
                "00404033": {"vr": "SQ"},
            }
        ],
    },
    "00741002": {
        "vr": "SQ",
        "Value": [{"00404052": {"vr": "DT", "Value": ["20261124"]}, "0074100E": code("110513")}],
    },
}

# PS3.4 table CC.1.1-2, row by row: what each request comes to in each of the four states. # UPS-01
SCHEDULED, PROGRESS, COMPLETED, CANCELED = (
    State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED, State.CANCELED,
)  # fmt: skip
TABLE = {
    ("IN PROGRESS", True): {
        SCHEDULED: PROGRESS,
        PROGRESS: Rule.ALREADY_IN_PROGRESS,
        COMPLETED: Rule.MAY_NO_LONGER_BE_UPDATED,
        CANCELED: Rule.MAY_NO_LONGER_BE_UPDATED,
    },
    ("SCHEDULED", True): dict.fromkeys(State, Rule.ONLY_CREATION_SCHEDULES),
    ("COMPLETED", True): {
        SCHEDULED: Rule.NOT_YET_IN_PROGRESS,
        PROGRESS: COMPLETED,
        COMPLETED: Notice.ALREADY_COMPLETED,
        CANCELED: Rule.MAY_NO_LONGER_BE_UPDATED,
    },
    ("CANCELED", True): {
        SCHEDULED: Rule.NOT_YET_IN_PROGRESS,
        PROGRESS: CANCELED,
        COMPLETED: Rule.MAY_NO_LONGER_BE_UPDATED,
        CANCELED: Notice.ALREADY_CANCELED,
    },
    ("IN PROGRESS", False): dict.fromkeys(State, Rule.WRONG_TRANSACTION_UID),
    ("COMPLETED", False): dict.fromkeys(State, Rule.WRONG_TRANSACTION_UID),
    ("CANCELED", False): dict.fromkeys(State, Rule.WRONG_TRANSACTION_UID),
}


@pytest.mark.parametrize(("asked", "is_correct"), TABLE)
@pytest.mark.parametrize("state", State)
def test_each_cell_of_the_state_table(asked, is_correct, state):
    lock = "" if state is SCHEDULED else UID
    given_uid = UID if is_correct else ("" if state is SCHEDULED else OTHER)
    assert decide(state, lock, asked, given_uid, DONE) == TABLE[asked, is_correct][state]


@given(st.sampled_from(list(State)), st.text(max_size=12), st.sampled_from(["", UID, OTHER]))
def test_no_request_leaves_a_final_state_or_comes_back_to_the_first(state, asked, uid):
    lock = "" if state is SCHEDULED else UID
    outcome = decide(state, lock, asked, uid, DONE)
    if isinstance(outcome, State):
        assert not state.is_final
        assert outcome is not SCHEDULED
        assert uid == UID or state is SCHEDULED


@pytest.mark.parametrize("tag", ["00404028", "00404019", "00404050", "00404051", "00404033"])
def test_what_is_completed_says_who_did_what_when(tag):
    performed = {t: v for t, v in DONE["00741216"]["Value"][0].items() if t != tag}
    dataset = {"00741216": {"vr": "SQ", "Value": [performed]}}
    assert list(missing_for(COMPLETED, dataset)) == [tag]
    assert decide(PROGRESS, UID, "COMPLETED", UID, dataset) is Rule.FINAL_STATE_REQUIREMENTS


def test_what_is_canceled_says_when_and_why():
    assert list(missing_for(CANCELED, {})) == ["00404052", "0074100E"]
    assert not list(missing_for(CANCELED, DONE))


def test_a_cancellation_is_asked_for_only_while_it_means_something():
    assert decide_cancel(SCHEDULED) is CANCELED
    assert decide_cancel(PROGRESS) is None
    assert decide_cancel(CANCELED) is Notice.ALREADY_CANCELED
    assert decide_cancel(COMPLETED) is Rule.ALREADY_COMPLETED


def test_only_the_holder_of_the_lock_changes_what_is_in_progress():
    assert decide_update(SCHEDULED, "", "") is None
    assert decide_update(SCHEDULED, "", UID) is Rule.NOT_YET_IN_PROGRESS
    assert decide_update(PROGRESS, UID, UID) is None
    assert decide_update(PROGRESS, UID, OTHER) is Rule.WRONG_TRANSACTION_UID
    assert decide_update(PROGRESS, UID, "") is Rule.WRONG_TRANSACTION_UID
    assert decide_update(COMPLETED, UID, UID) is Rule.MAY_NO_LONGER_BE_UPDATED


def test_what_a_new_work_item_lacks_is_named():
    absent, empty = missing_at_creation({"00741204": {"vr": "LO"}})
    assert absent == ["00741200", "00404005", "00404041", "00741000"]
    assert empty == ["00741204"]
    filled = {"00081195": {"vr": "UI", "Value": [UID]}, "00741200": {"vr": "CS", "Value": ["SOON"]}}
    assert invalid_values(filled) == ["00081195", "00741200"]


def test_a_kept_work_item_has_what_must_be_there_and_never_the_lock():
    kept = completed({"00741204": {"vr": "LO", "Value": ["Read"]}, "00081195": {"vr": "UI"}})
    assert kept["00741204"]["Value"] == ["Read"]
    assert kept["00741216"] == {"vr": "SQ"}
    assert "00081195" not in kept
