"""The modality worklist and performed procedure steps over the web: PS3.18 chapters 14 and 15."""

import json

import pytest

JSON = {"Content-Type": "application/dicom+json"}
WORKLIST = "/dicom-web/modality-scheduled-procedure-steps"
STEP = "/dicom-web/modality-performed-procedure-steps/1.2.3"
ORDER = {
    "PatientName": "Müller^Jörg=山田^太郎", "PatientID": "P1", "Modality": "CT",
    "ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20261124",
    "ScheduledProcedureStepStartTime": "0930", "RequestedProcedureDescription": "CT head",
}  # fmt: skip


def value(vr, *values):
    return {"vr": vr, "Value": list(values)}


def order(site, **changes):
    answer = site.client.post("/api/orders", json=ORDER | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def begun(site, an_order):
    scheduled = {
        "0020000D": value("UI", an_order["StudyInstanceUID"]),
        "00080050": value("SH", an_order["AccessionNumber"]),
        "00401001": value("SH", an_order["RequestedProcedureID"]),
        "00400009": value("SH", an_order["ScheduledProcedureStepID"]),
    }
    dataset = {
        "00400270": {"vr": "SQ", "Value": [scheduled]},
        "00100010": value("PN", {"Alphabetic": "Doe^Jane"}),
        "00100020": value("LO", "P1"),
        "00400253": value("SH", "1"),
        "00400241": value("AE", "CT1"),
        "00400244": value("DA", "20261124"),
        "00400245": value("TM", "0930"),
        "00400252": value("CS", "IN PROGRESS"),
        "00080060": value("CS", "CT"),
        "00400340": {"vr": "SQ"},
    }
    return post(site, STEP, dataset)


def post(site, path, dataset):
    return site.client.post(path, content=json.dumps(dataset), headers=JSON)


def ended(status="COMPLETED"):
    series = {"0020000E": value("UI", "1.2.3.1"), "00181030": value("LO", "Head")}
    return {
        "00400252": value("CS", status),
        "00400250": value("DA", "20261124"),
        "00400251": value("TM", "1000"),
        "00400340": {"vr": "SQ", "Value": [series]},
    }


def names(answer):
    return [one["00100010"]["Value"][0]["Alphabetic"] for one in answer.json()]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 2),
        ("?ScheduledProcedureStepSequence.Modality=CT", 1),
        ("?00400100.00080060=MR", 1),
        ("?Modality=MR", 1),
        ("?00400100.00400002=20261124", 2),
        ("?ScheduledProcedureStepStartDate=20261125-", 0),
        ("?00400100.00400001=CT1&PatientID=P1", 1),
        ("?PatientName=m%C3%BCller*", 2),
        ("?PatientID=P9", 0),
        ("?limit=1", 1),
    ],
)
def test_the_worklist_is_searched_as_by_a_modality(site, query, number):
    # MWL-01, QIDO-01, QIDO-02
    order(site)
    order(site, Modality="MR", ScheduledStationAETitle="MR1")
    answer = site.client.get(WORKLIST + query)
    assert answer.status_code == (200 if number else 204)
    assert len(answer.json() if number else []) == number
    if query == "?limit=1":
        assert "1 additional results" in answer.headers["Warning"]


def test_an_item_has_all_that_a_modality_needs(site):
    # MWL-02, MWL-04
    made = order(site)
    (item,) = site.client.get(WORKLIST).json()
    assert item["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg", "Ideographic": "山田^太郎"}]
    assert item["0020000D"]["Value"] == [made["StudyInstanceUID"]]
    (step,) = item["00400100"]["Value"]
    assert step["00400001"]["Value"] == ["CT1"]
    assert list(item) == sorted(item)  # WEB-07


def test_a_step_is_begun_and_ended_and_its_order_follows(site):
    # MPPS-01, MWL-03
    made = order(site)
    answer = begun(site, made)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(STEP)
    assert site.client.get(f"/api/orders/{made['id']}").json()["status"] == "in progress"
    (step,) = site.client.get(STEP).json()
    assert step["00400252"] == value("CS", "IN PROGRESS")
    assert post(site, STEP + "?update", ended()).status_code == 200
    assert site.client.get(f"/api/orders/{made['id']}").json()["status"] == "completed"
    assert site.client.get(WORKLIST).status_code == 204
    late = post(site, STEP + "/update", ended("DISCONTINUED"))
    assert late.status_code == 409
    assert "no longer be updated" in late.json()["detail"]


def test_a_uid_that_is_in_use_is_409_and_one_that_is_not_404(site):
    made = order(site)
    assert post(site, STEP + "?update", ended()).status_code == 404
    assert site.client.get(STEP).status_code == 404
    begun(site, made)
    assert begun(site, made).status_code == 409


def test_a_step_cannot_end_without_what_its_end_needs(site):
    # MPPS-02
    begun(site, order(site))
    lacking = {"00400252": value("CS", "COMPLETED")}
    answer = post(site, STEP + "/update", lacking)
    assert answer.status_code == 409
    assert "(0040,0250)" in answer.json()["detail"]
    assert post(site, STEP + "?update", {"00400252": value("CS", "DONE")}).status_code == 400


@pytest.mark.parametrize("dataset", [{}, {"00400252": {"vr": "CS", "Value": ["COMPLETED"]}}])
def test_a_step_that_is_not_as_it_must_be_is_400(site, dataset):
    answer = post(site, STEP, dataset)
    assert answer.status_code == 400
    assert site.client.get(STEP).status_code == 404


def test_only_the_attributes_asked_for_come(site):
    # B.40.2
    begun(site, order(site))
    answer = site.client.get(f"{STEP}?includefield=00100010,PerformedProcedureStepStatus")
    assert list(answer.json()[0]) == ["00100010", "00400252"]
    assert site.client.get(f"{STEP}?includefield=all").json() == site.client.get(STEP).json()
    assert site.client.get(f"{STEP}?includefield=NoSuchThing").status_code == 400
