"""PS3.18 13 Storage Commitment Service."""

import time

import pytest
from tests.conformance import data
from tests.conformance.target import JSON, single, value, values

SECTION = "13 Storage commitment"
UNKNOWN_INSTANCE = 0x0112


def module(*instances):
    """The Storage Commitment Request Module (J.1)."""
    items = [
        {
            "00081150": {"vr": "UI", "Value": [data.instances.CT_IMAGE]},
            "00081155": {"vr": "UI", "Value": [sop]},
        }
        for sop in instances
    ]
    return {"00081199": {"vr": "SQ", "Value": items}}


@pytest.fixture
def commit(target):
    """Ask for commitment and wait for its result."""

    def ask(*instances):
        path = f"/commitment-requests/{data.fresh()}"
        answer = target.expect(target.send("POST", path, module(*instances)), 200, 202)
        deadline = time.monotonic() + 60
        while answer.status_code == 202:
            # 13.4.3: no payload, and when to come again
            assert not answer.content
            time.sleep(min(int(answer.headers.get("retry-after", "1")), 1) / 10)
            assert time.monotonic() < deadline
            answer = target.expect(target.get(path, JSON), 200, 202)
        return path, single(answer)

    return ask


def test_what_is_stored_is_committed(target, ct, commit):
    # SC-01, SC-04
    _, told = commit(*(one.sop for one in ct[:3]))
    assert sorted(value(i, "00081155") for i in values(told, "00081199")) == sorted(
        one.sop for one in ct[:3]
    )
    assert "00081198" not in told


def test_what_is_not_there_fails_with_its_reason(target, ct, commit):
    # SC-03
    missing = data.fresh()
    _, told = commit(ct[0].sop, missing)
    assert [value(i, "00081155") for i in values(told, "00081199")] == [ct[0].sop]
    (failed,) = values(told, "00081198")
    assert value(failed, "00081155") == missing
    assert value(failed, "00081197") == UNKNOWN_INSTANCE


def test_a_transaction_uid_is_used_once(target, ct, commit):
    # SC-05, 13.4.3: 409
    path, _ = commit(ct[0].sop)
    assert target.send("POST", path, module(ct[0].sop)).status_code == 409


def test_the_result_can_be_asked_for(target, ct, commit):
    # 13.5 Result Check
    path, told = commit(ct[0].sop)
    assert single(target.expect(target.get(path, JSON), 200)) == told


def test_a_request_that_nobody_made_is_404(target):
    path = f"/commitment-requests/{data.fresh()}"
    assert target.get(path, JSON).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"00081199": {"vr": "SQ"}}, [1], "no"],
    ids=["no sequence", "an empty sequence", "no data set", "a text"],
)
def test_a_request_for_nothing_is_400(target, body):
    # 13.4.3
    answer = target.send("POST", f"/commitment-requests/{data.fresh()}", body)
    if not target.is_ours and answer.status_code in (404, 405):
        target.not_offered("storage commitment")
    assert answer.status_code == 400
