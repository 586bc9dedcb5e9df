"""Orders by the JSON API."""

import pytest
from tests.instances import ROOT, numbered

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.procedure_steps import ProcedureSteps

ORDERS = "/api/orders"
ORDER = {
    "PatientName": "Müller^Jörg=山田^太郎", "PatientID": "P1", "Modality": "CT",
    "ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20261124",
    "ScheduledProcedureStepStartTime": "0930", "RequestedProcedureDescription": "CT head",
    "Comments": "line one\nline \\ two",
}  # fmt: skip


def cs(text, vr="CS"):
    return {"vr": vr, "Value": [text]}


def sequence(*items):
    return {"vr": "SQ", "Value": list(items)}


def test_an_order_is_made_found_changed_and_moved(site):
    answer = site.client.post(ORDERS, json=ORDER)
    assert answer.status_code == 201
    order = answer.json()
    assert ORDER.items() - {("ScheduledProcedureStepStartTime", "0930")} <= order.items()
    assert order["StudyInstanceUID"].startswith("2.25.")
    assert all(
        order[k] for k in ("AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID")
    )
    assert (order["status"], order["expected_instances"]) == ("scheduled", None)
    where = f"{ORDERS}/{order['id']}"
    assert site.client.get(where).json() == order
    changed = site.client.put(where, json=order | {"PatientSex": "F"}).json()
    assert (changed["PatientSex"], changed["StudyInstanceUID"]) == ("F", order["StudyInstanceUID"])
    moved = site.client.post(f"{where}/status", json={"status": "arrived"}).json()
    assert moved["status"] == "arrived"
    for query, number in (
        ({"q": "muller"}, 1), ({"q": "nobody"}, 0), ({"date": "20261124"}, 1),
        ({"date": "20261125-"}, 0), ({"status": "arrived"}, 1), ({"status": "scheduled"}, 0),
        ({"Modality": "CT"}, 1), ({"ScheduledStationAETitle": "CT2"}, 0), ({"page": 2}, 1),
    ):  # fmt: skip
        page = site.client.get(ORDERS, params=query).json()
        assert page["total"] == number, query
        assert len(page["orders"]) == (0 if query.get("page") == 2 else number)


@pytest.mark.parametrize("wrong", [
    {"PatientID": ""}, {"Modality": ""}, {"StudyInstanceUID": "1.a"}, {"PatientSex": "X"},
    {"ScheduledProcedureStepStartDate": "24.11.2026"}, {"PatientID": "A\\B"}, {"ScheduledProcedureStepStartDate": "20260231"}, {"PatientName": "a\u0007"}, {"Nonsense": 1},
])  # fmt: skip
def test_an_order_that_no_scanner_could_use_is_refused_in_words(site, wrong):
    answer = site.client.post(ORDERS, json=ORDER | wrong)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert site.client.get(ORDERS).json()["total"] == 0


def test_what_contradicts_or_is_not_there_has_its_status(site):
    first = site.client.post(ORDERS, json=ORDER | {"AccessionNumber": "A1"}).json()
    other = ORDER | {"AccessionNumber": "A1", "PatientID": "P2"}
    answer = site.client.post(ORDERS, json=other)
    assert (answer.status_code, "A1" in answer.json()["detail"]) == (409, True)
    for number in ("99", "-1", "9" * 30):
        assert site.client.get(f"{ORDERS}/{number}").status_code == 404
        assert (
            site.client.post(f"{ORDERS}/{number}/status", json={"status": "arrived"}).status_code
            == 404
        )
    assert (
        site.client.post(f"{ORDERS}/{first['id']}/status", json={"status": "x"}).status_code == 400
    )
    assert site.client.get(ORDERS, params={"date": "soon"}).status_code == 400


def test_a_study_and_its_order_say_how_many_instances_are_expected(site):  # MPPS-03
    order = site.client.post(ORDERS, json=ORDER | {"StudyInstanceUID": f"{ROOT}.1"}).json()
    site.put(numbered(1, number=1))
    scheduled = {"0020000D": cs(f"{ROOT}.1", "UI")}
    references = [{"00081155": cs(f"{ROOT}.1.1.{number}", "UI")} for number in (1, 2, 3)]
    series = {
        "0020000E": cs(f"{ROOT}.1.1", "UI"), "00181030": cs("Head", "LO"),
        "0008103E": cs("Axial", "LO"), "00081140": sequence(*references),
    }  # fmt: skip
    step = {
        "00400270": sequence(scheduled), "00400253": cs("1", "SH"), "00400241": cs("CT1", "AE"),
        "00400244": cs("20261124", "DA"), "00400245": cs("0931", "TM"), "00080060": cs("CT"),
        "00400252": cs("IN PROGRESS"), "00100020": cs("P1", "LO"), "00400340": sequence(series),
    }  # fmt: skip
    ProcedureSteps(site.index).create(LOCAL, "2.25.7", step)
    read = site.client.get(f"{ORDERS}/{order['id']}").json()
    assert (read["status"], read["expected_instances"], read["received_instances"]) == (
        "in progress",
        3,
        1,
    )
    (told,) = site.client.get(f"{ORDERS}/{order['id']}/procedure-steps").json()["procedure_steps"]
    assert (told["status"], told["began"], told["ended"]) == ("IN PROGRESS", "20261124 0931", "")
    assert told["series"] == [{
        "SeriesInstanceUID": f"{ROOT}.1.1", "SeriesDescription": "Axial",
        "referenced_instances": 3, "received_instances": 1,
        "missing_instances": [f"{ROOT}.1.1.2", f"{ROOT}.1.1.3"],
    }]  # fmt: skip
    (study,) = site.client.get("/api/studies").json()["studies"]
    assert (study["NumberOfStudyRelatedInstances"], study["expected_instances"]) == (1, 3)
    assert (study["missing_instances"], study["needs_attention"]) == (2, "")
    site.index.settle(-1.0, -1.0)
    told = site.client.get(f"/api/studies/{ROOT}.1").json()
    assert (told["expected_instances"], told["missing_instances"]) == (3, 2)
    (needing,) = site.client.get(ORDERS, params={"needs_attention": True}).json()["orders"]
    for one in (told, needing):
        assert one["needs_attention"].startswith("MPPS names 3 images, 1 is here, and nothing more")
        assert one["needs_attention"].endswith("Missing: 2 of Axial.")
