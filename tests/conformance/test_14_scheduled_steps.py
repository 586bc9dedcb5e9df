"""PS3.18 14 Modality Scheduled Procedure Step Service."""

import httpx
import pytest
from tests.conformance import data
from tests.conformance.target import JSON, XML, parts_of, value, values

SECTION = "14 Modality scheduled procedure steps"
STEPS = "/modality-scheduled-procedure-steps"


@pytest.fixture(scope="module")
def order(target):
    """An order. DICOMweb has no way to make one, so only ours is given one, by its own API."""
    accession = "MSPS" + data.fresh()[-10:]
    if not target.is_ours:
        answer = target.expect(target.get(STEPS, JSON), 200, 204)
        target.not_offered(f"a way to make an order (search: HTTP {answer.status_code})")
    body = {
        "PatientID": accession,
        "PatientName": "Order^Olga",
        "AccessionNumber": accession,
        "Modality": "CT",
        "ScheduledStationAETitle": "CT1",
        "ScheduledProcedureStepStartDate": "20300102",
        "ScheduledProcedureStepStartTime": "0930",
        "RequestedProcedureDescription": "Head",
    }
    answer = httpx.post(target.base.replace("/dicom-web", "/api/orders"), json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    return accession


def test_a_step_is_found_by_its_keys(target, order):
    # MWL-01: the required matching keys, those of the step in their sequence
    step = "ScheduledProcedureStepSequence"
    for query, number in (
        ({"AccessionNumber": order}, 1),
        ({"PatientID": order, "PatientName": "Order*"}, 1),
        ({"PatientID": order, f"{step}.Modality": "CT"}, 1),
        ({"PatientID": order, "00400100.00080060": "MR"}, 0),
        ({"PatientID": order, f"{step}.ScheduledProcedureStepStartDate": "20300101-20300103"}, 1),
        ({"PatientID": order, f"{step}.ScheduledStationAETitle": "CT2"}, 0),
    ):
        assert len(target.found(STEPS, query)) == number, query


def test_a_step_has_what_a_modality_needs(target, order):
    # MWL-02
    (item,) = target.found(STEPS, {"AccessionNumber": order})
    for tag in ("00100010", "00100020", "0020000D", "00401001", "00400100"):
        assert tag in item, tag
    (step,) = values(item, "00400100")
    for tag in ("00080060", "00400001", "00400002", "00400003", "00400009"):
        assert tag in step, tag
    assert value(step, "00400002") == "20300102"


def test_no_match_is_204(target, order):
    # 14.4.3
    answer = target.get(STEPS, JSON, params={"AccessionNumber": "NO-SUCH-ORDER"})
    assert target.expect(answer, 204).content == b""


def test_pages_and_mistakes_are_as_in_other_searches(target, order):
    # 14.4.1.2, WEB-12
    assert len(target.found(STEPS, {"AccessionNumber": order, "limit": "1"})) == 1
    assert target.found(STEPS, {"AccessionNumber": order, "offset": "1"}) == []
    assert target.get(STEPS, JSON, params={"limit": "many"}).status_code == 400


def test_more_of_a_step_is_given_where_it_is_asked_for(target, order):
    # QIDO-05, 14.4.1.2
    step = "ScheduledProcedureStepSequence"
    (plain,) = target.found(STEPS, {"AccessionNumber": order})
    for fields in (
        f"includefield={step}.ScheduledProcedureStepStatus",
        "includefield=00100020,00400100.00400020",
        "includefield=all",
    ):
        (item,) = target.found(f"{STEPS}?AccessionNumber={order}&{fields}")
        assert plain.keys() <= item.keys(), fields
        assert value(values(item, "00400100")[0], "00400020"), fields


@pytest.mark.parametrize(
    ("option", "query"),
    [
        ("fuzzymatching", {"PatientName": "Ordar^Olga"}),
        ("emptyvaluematching", {"ReferringPhysicianName": '""'}),
        ("multiplevaluematching", {"PatientID": "{}\\NOBODY"}),
    ],
    ids=["fuzzy", "empty", "several values"],
)
def test_steps_are_matched_in_further_ways_or_a_warning_says_that_they_are_not(
    target, order, option, query
):
    # QIDO-04, 8.3.4.2
    (name, text), *_ = query.items()
    params = {"AccessionNumber": order, name: text.format(order)}
    assert target.found(STEPS, params) == []
    answer = target.expect(target.get(STEPS, JSON, params=params | {option: "true"}), 200, 204)
    assert answer.content or option in answer.headers.get("warning", "")


def test_xml_is_offered_too(target, order):
    # table 14.1.3-1
    answer = target.get(STEPS, XML, params={"AccessionNumber": order})
    (part,) = parts_of(target.expect(answer, 200))
    assert order.encode() in part.body


def test_the_resource_is_there(target):
    target.expect(target.get(STEPS, JSON), 200, 204)
