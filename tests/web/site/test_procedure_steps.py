"""Performed procedure steps by the JSON API: what was reported without an order, and the order made of it."""

import pytest
from tests.instances import ROOT, numbered

from hounsfield.archive.access import LOCAL, NOBODY
from hounsfield.archive.site.procedure_steps import ProcedureSteps
from hounsfield.errors import Refused
from hounsfield.index.site.procedure_steps import Reported

ORDERS, STEPS = "/api/orders", "/api/procedure-steps"
ORDER = {
    "PatientName": "Doe^Jane", "PatientID": "P1", "Modality": "CT", "ScheduledStationAETitle": "CT1",
    "ScheduledProcedureStepStartDate": "20261124", "ScheduledProcedureStepStartTime": "0930",
}  # fmt: skip
UID = "2.25.7"


def value(text, vr="LO"):
    return {"vr": vr, "Value": [text]}


def sequence(*items):
    return {"vr": "SQ", "Value": list(items)}


def step(*scheduled, date="20261124", **more):
    """A step as a scanner reports it that was not told by a worklist whom it examines."""
    return {
        "00400270": sequence(*(scheduled or ({"0020000D": value(f"{ROOT}.1", "UI")},))),
        "00400253": value("1"), "00400241": value("CT1"), "00400244": value(date),
        "00400245": value("0931"), "00080060": value("CT"), "00400252": value("IN PROGRESS"),
        "00100020": value("P1"), "00100030": value("19700102"), "00100040": value("F"),
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane", "Phonetic": "doe"}]},
        "00400254": value("CT head"), **more,
    }  # fmt: skip


@pytest.fixture
def steps(site):
    return ProcedureSteps(site.index)


def complete(steps, uid=UID):
    series = {"0020000E": value(f"{ROOT}.1.1"), "00181030": value("Head")}
    steps.update(LOCAL, uid, {
        "00400252": value("COMPLETED"), "00400250": value("20261124"), "00400251": value("0945"),
        "00400340": sequence(series),
    })  # fmt: skip


def listed(site, **query):
    page = site.client.get(STEPS, params={"unscheduled": True, **query}).json()
    assert page["total"] >= len(page["procedure_steps"])
    return [one["sop_instance_uid"] for one in page["procedure_steps"]]


def test_what_was_reported_without_an_order_is_listed_with_whom_it_was_for(site, steps):
    site.client.post(ORDERS, json=ORDER | {"StudyInstanceUID": f"{ROOT}.2", "PatientID": "P2"})
    steps.create(
        LOCAL, "2.25.8", step({"0020000D": value(f"{ROOT}.2")}, **{"00100020": value("P2")})
    )
    steps.create(LOCAL, UID, step())
    page = site.client.get(STEPS, params={"unscheduled": True}).json()
    (one,) = page["procedure_steps"]
    assert (page["total"], page["page"], one["sop_instance_uid"]) == (1, 1, UID)
    told = {
        "PatientName": "Doe^Jane==doe", "PatientID": "P1", "PatientBirthDate": "19700102",
        "PatientSex": "F", "StudyInstanceUID": f"{ROOT}.1", "station_ae_title": "CT1",
        "modality": "CT", "began": "20261124 0931", "ended": "", "status": "IN PROGRESS",
        "description": "CT head", "series": [], "is_study_here": False,
    }  # fmt: skip
    assert told.items() <= one.items()
    site.put(numbered(1, number=1))
    assert site.client.get(STEPS).json()["total"] == 2
    (one,) = site.client.get(STEPS, params={"unscheduled": True}).json()["procedure_steps"]
    assert one["is_study_here"]


def test_steps_are_listed_by_the_day_on_which_they_began(site, steps):
    for number, date in enumerate(("20261122", "2026.11.23", "20261124", "soon")):
        steps.create(LOCAL, f"2.25.{number}", step(date=date))
    assert listed(site, date="20261123") == ["2.25.1"]
    assert listed(site, date="-20261123") == ["2.25.1", "2.25.0"]
    assert "2.25.3" in listed(site), "a day that is none hides no step"
    assert [len(listed(site, page=page, page_size=3)) for page in (1, 2, 3)] == [3, 1, 0]
    assert site.client.get(STEPS, params={"date": "soon"}).status_code == 400
    assert site.client.get(STEPS, params={"page_size": 1000}).status_code == 400


def test_an_order_made_of_a_step_has_its_status_whatever_the_step_names(site, steps):
    steps.create(LOCAL, UID, step())
    complete(steps)
    wrong = site.client.post(ORDERS, params={"procedure_step_uid": "2.25.99"}, json=ORDER)
    assert (wrong.status_code, site.client.get(ORDERS).json()["total"]) == (404, 0)
    corrected = ORDER | {"PatientID": "P-1"}  # as the scanner had it typed in was wrong
    answer = site.client.post(ORDERS, params={"procedure_step_uid": UID}, json=corrected)
    assert (answer.status_code, answer.json()["status"]) == (201, "completed")
    assert listed(site) == []
    (told,) = site.client.get(f"{ORDERS}/{answer.json()['id']}/procedure-steps").json()[
        "procedure_steps"
    ]
    assert told["sop_instance_uid"] == UID
    again = site.client.post(ORDERS, params={"procedure_step_uid": UID}, json=ORDER)
    assert again.status_code == 409
    assert site.client.get(ORDERS).json()["total"] == 1


@pytest.mark.parametrize(("scheduled", "ordered", "status"), [
    ({}, {"StudyInstanceUID": f"{ROOT}.1"}, "in progress"),
    ({"00080050": value("A1")}, {"AccessionNumber": "A1"}, "in progress"),
    ({"00080050": value("A1")}, {"AccessionNumber": "A2"}, "scheduled"),
    ({"00080050": value("A1")}, {"AccessionNumber": "A1", "PatientID": "P2"}, "scheduled"),
    ({}, {"StudyInstanceUID": f"{ROOT}.1", "PatientID": "P2"}, "scheduled"),
])  # fmt: skip
def test_an_order_that_comes_later_is_linked_to_the_steps_that_name_it(
    site, steps, scheduled, ordered, status
):
    steps.create(LOCAL, UID, step({"0020000D": value(f"{ROOT}.1")} | scheduled))
    order = site.client.post(ORDERS, json=ORDER | ordered).json()
    assert order["status"] == status
    complete(steps)
    now = site.client.get(f"{ORDERS}/{order['id']}").json()["status"]
    assert now == ("scheduled" if status == "scheduled" else "completed")


def test_an_order_that_is_put_right_is_linked_then(site, steps):
    steps.create(LOCAL, UID, step({"0020000D": value(f"{ROOT}.1"), "00080050": value("A1")}))
    order = site.client.post(ORDERS, json=ORDER | {"AccessionNumber": "A7"}).json()
    assert order["status"] == "scheduled"
    where = f"{ORDERS}/{order['id']}"
    assert site.client.put(where, json=order | {"AccessionNumber": "A1"}).json()["status"] == (
        "in progress"
    )


def test_what_one_order_answers_is_not_another_s(site, steps):
    """A further step of a request that is begun is still to be done; of a group each has its own order."""
    first = site.client.post(ORDERS, json=ORDER | {"AccessionNumber": "A1"}).json()
    scheduled = [
        {"0020000D": value(f"{ROOT}.1"), "00080050": value(number), "00401001": value(request)}
        for number, request in (("A1", first["RequestedProcedureID"]), ("A2", "RP-2"))
    ]
    steps.create(LOCAL, UID, step(*scheduled))
    further = {"AccessionNumber": "A1", "RequestedProcedureID": first["RequestedProcedureID"]}
    assert site.client.post(ORDERS, json=ORDER | further).json()["status"] == "scheduled"
    second = {"AccessionNumber": "A2", "RequestedProcedureID": "RP-2"}
    assert site.client.post(ORDERS, json=ORDER | second).json()["status"] == "in progress"


def test_steps_are_for_those_who_may_see_the_worklist(steps):
    with pytest.raises(Refused):
        steps.page(NOBODY, Reported(), 25)
