"""PS3.18 15 Modality Performed Procedure Step Service."""

import pytest
from tests.conformance import data
from tests.conformance.target import JSON, single, value

SECTION = "15 Modality performed procedure steps"


def path_of(uid):
    return f"/modality-performed-procedure-steps/{uid}"


def begun():
    """What N-CREATE requires (PS3.4 table F.7.2-1)."""
    step = {
        "0020000D": {"vr": "UI", "Value": [data.fresh()]},
        "00080050": {"vr": "SH"},
        "00081110": {"vr": "SQ"},
        "00321060": {"vr": "LO"},
        "00400007": {"vr": "LO"},
        "00400008": {"vr": "SQ"},
        "00400009": {"vr": "SH"},
        "00401001": {"vr": "SH"},
    }
    return {
        "00400270": {"vr": "SQ", "Value": [step]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Step^Stella"}]},
        "00100020": {"vr": "LO", "Value": ["STEP-1"]},
        "00100030": {"vr": "DA"},
        "00100040": {"vr": "CS"},
        "00081120": {"vr": "SQ"},
        "00400253": {"vr": "SH", "Value": ["PPS1"]},
        "00400241": {"vr": "AE", "Value": ["CT1"]},
        "00400242": {"vr": "SH"},
        "00400243": {"vr": "SH"},
        "00400244": {"vr": "DA", "Value": ["20260102"]},
        "00400245": {"vr": "TM", "Value": ["0930"]},
        "00400252": {"vr": "CS", "Value": ["IN PROGRESS"]},
        "00400254": {"vr": "LO"},
        "00400255": {"vr": "LO"},
        "00081032": {"vr": "SQ"},
        "00400250": {"vr": "DA"},
        "00400251": {"vr": "TM"},
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00200010": {"vr": "SH"},
        "00400260": {"vr": "SQ"},
        "00400340": {"vr": "SQ"},
    }


def ended(status="COMPLETED"):
    series = {
        "00081050": {"vr": "PN"},
        "00181030": {"vr": "LO", "Value": ["Head"]},
        "00081070": {"vr": "PN"},
        "0020000E": {"vr": "UI", "Value": [data.fresh()]},
        "0008103E": {"vr": "LO"},
        "00080054": {"vr": "AE"},
        "00081140": {"vr": "SQ"},
        "00400220": {"vr": "SQ"},
    }
    return {
        "00400252": {"vr": "CS", "Value": [status]},
        "00400250": {"vr": "DA", "Value": ["20260102"]},
        "00400251": {"vr": "TM", "Value": ["0945"]},
        "00400340": {"vr": "SQ", "Value": [series]},
    }


@pytest.fixture
def step(target):
    uid = data.fresh()
    target.expect(target.send("POST", path_of(uid), begun()), 201)
    return uid


def state(target, uid):
    answer = target.expect(target.get(path_of(uid), JSON), 200)
    return value(single(answer), "00400252")


def test_a_step_is_created_and_told(target, step):
    # MPPS-01, 15.4, 15.6
    assert state(target, step) == "IN PROGRESS"


def test_a_step_is_updated_and_ends(target, step):
    # MPPS-01, MPPS-02, 15.5
    target.expect(target.send("POST", path_of(step) + "?update", ended()), 200)
    assert state(target, step) == "COMPLETED"


def test_what_has_ended_stays_as_it_is(target, step):
    # MPPS-01, 15.5.3: 409
    target.expect(target.send("POST", path_of(step) + "?update", ended("DISCONTINUED")), 200)
    assert target.send("POST", path_of(step) + "?update", ended()).status_code == 409
    assert state(target, step) == "DISCONTINUED"


def test_a_step_that_begins_otherwise_than_in_progress_is_refused(target):
    # MPPS-01
    made = begun() | {"00400252": {"vr": "CS", "Value": ["COMPLETED"]}}
    answer = target.send("POST", path_of(data.fresh()), made)
    if not target.is_ours and answer.status_code in (404, 405):
        target.not_offered("performed procedure steps")
    assert answer.status_code in (400, 409)


def test_a_step_that_nobody_knows_is_404(target):
    assert target.get(path_of(data.fresh()), JSON).status_code == 404


def test_a_body_that_is_no_data_set_is_400(target):
    # 15.4.3
    headers = {"Content-Type": JSON}
    answer = target.request(
        "POST", path_of(data.fresh()), JSON, content=b"{no JSON", headers=headers
    )
    if not target.is_ours and answer.status_code in (404, 405):
        target.not_offered("performed procedure steps")
    assert answer.status_code == 400
