"""Searches for work items and scheduled procedure steps: the parameters that QIDO-RS has, with their meaning there."""

import json

import pytest
from tests.conformance.target import parts_of

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.orders import OrderBook
from hounsfield.dicom import xml_model
from hounsfield.index.site.orders import Order

WORK = "/dicom-web/workitems"
STEPS = "/dicom-web/modality-scheduled-procedure-steps"
STEP = "ScheduledProcedureStepSequence"
JSON = {"Content-Type": "application/dicom+json"}
XML = {"Accept": 'multipart/related; type="application/dicom+xml"'}


def value(vr, *values):
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def code(meaning, **more):
    return {
        "00080100": value("SH", meaning),
        "00080102": value("SH", "99TEST"),
        "00080104": value("LO", meaning.title()),
        **more,
    }


PLAIN = {
    "00100010": value("PN", {"Alphabetic": "Müller^Jürgen"}),
    "00100020": value("LO", "P1"),
    "00404005": value("DT", "20261124093000"),
    "00404025": value("SQ", code("READER1")),
    "00404034": value("SQ", {"00404037": value("PN", {"Alphabetic": "Meyer^Anna"})}),
    "00404041": value("CS", "READY"),
    "00741000": value("CS", "SCHEDULED"),
    "00741200": value("CS", "HIGH"),
    "00741202": value("LO", "Morning"),
    "00741204": value("LO", "Read CT"),
}
# What no table of the standard asks a work item for.
FURTHER = {
    "00104000": value("LT", "Comes by taxi"),
    "00290010": value("LO", "MAKER"),
    "00291010": value("LO", "private text"),
    "00291011": value("LO", "another"),
    "00404018": value("SQ", code("READ", **{"0040A170": value("SQ", code("WHY"))})),
}


@pytest.fixture
def work(site):
    """1.2.1 with further attributes; 1.2.2 without worklist label or performer."""
    scarce = {
        "00100010": value("PN", {"Alphabetic": "Roe^Richard"}),
        "00404005": value("DT", "20261124101500"),
        "00404034": value("SQ"),
        "00741200": value("CS", "LOW"),
        "00741202": value("LO"),
    }
    for uid, dataset in (("1.2.1", PLAIN | FURTHER), ("1.2.2", PLAIN | scarce)):
        answer = site.client.post(f"{WORK}?{uid}", content=json.dumps(dataset), headers=JSON)
        assert answer.status_code == 201, answer.text
    return lambda query, **headers: site.client.get(f"{WORK}?{query}", headers=headers)


@pytest.fixture
def steps(site):
    """STEP1 for CT1 or CT2 with a performing physician; STEP2 for MR1 without."""
    common = {
        "PatientID": "P1",
        "IssuerOfPatientID": "WARD",
        "PatientName": "Müller^Jürgen",
        "ScheduledProcedureStepStartDate": "20261124",
        "CommentsOnTheScheduledProcedureStep": "Slowly",
    }
    first = {
        "ScheduledProcedureStepID": "STEP1",
        "Modality": "CT",
        "ScheduledStationAETitle": "CT1\\CT2",
        "ScheduledPerformingPhysicianName": "Meyer^Anna",
        "ScheduledProcedureStepStartTime": "0930",
        "AccessionNumber": "A1",
    }
    second = {
        "ScheduledProcedureStepID": "STEP2",
        "Modality": "MR",
        "ScheduledStationAETitle": "MR1",
        "ScheduledProcedureStepStartTime": "1015",
        "AccessionNumber": "A2",
    }
    orders = OrderBook(site.index)
    for one in (first, second):
        orders.add(LOCAL, Order(common | one))
    return lambda query, **headers: site.client.get(f"{STEPS}?{query}", headers=headers)


def uids(answer):
    return [one["00080018"]["Value"][0] for one in answer.json()] if answer.content else []


def ids(answer):
    found = answer.json() if answer.content else []
    return [one["00400100"]["Value"][0]["00400009"]["Value"][0] for one in found]


# -- includefield -------------------------------------------------------------------------------------


def test_a_work_item_has_what_its_table_says_and_what_is_named(work):
    # UPSR-01, QIDO-05, QIDO-07: table CC.2.5-3, return keys 1 and 2, whether they have a value or not
    (plain,) = work("SOPInstanceUID=1.2.1").json()
    for tag in ("00080016", "00080018", "00100010", "00404005", "00404021", "00741000", "00741202"):
        assert tag in plain, tag
    assert not plain.keys() & {"00081195", "00104000", "00290010", "00291010"}
    listed = work(
        "SOPInstanceUID=1.2.1&includefield=PatientComments,00741210&includefield=00402016"
    )
    assert listed.json()[0] == plain | {"00104000": FURTHER["00104000"]}
    matched = work("PatientComments=*taxi").json()[0]
    assert matched["00104000"] == FURTHER["00104000"]


def test_all_of_a_work_item_comes_for_all(site, work):
    # QIDO-05: all but the lock, which nobody is told (UPS-03)
    lock = {"00741000": value("CS", "IN PROGRESS"), "00081195": value("UI", "1.2.99")}
    claimed = site.client.put(f"{WORK}/1.2.1/state", content=json.dumps(lock), headers=JSON)
    assert claimed.status_code == 200
    (whole,) = work("SOPInstanceUID=1.2.1&includefield=all,TransactionUID").json()
    assert whole == site.client.get(f"{WORK}/1.2.1").json()[0]
    assert FURTHER.items() <= whole.items()
    assert "00081195" not in whole
    assert "1.2.99" not in work("includefield=TransactionUID").text
    assert uids(work("TransactionUID=1.2.3")) == ["1.2.1", "1.2.2"]  # it is no key either


def test_private_attributes_of_a_work_item_come_with_their_creator(work):
    # QIDO-05, PS3.5 7.8.1
    (found,) = work("00291010=private text").json()
    assert found["00291010"] == FURTHER["00291010"]
    assert found["00290010"] == FURTHER["00290010"]
    assert "00291011" not in found
    assert work("00291010=other").status_code == 204


def test_of_a_sequence_of_a_step_some_members_are_given_more(steps):
    # QIDO-05, MWL-02: return keys 1 and 2 of table K.6-1; others where they are named
    (plain,) = steps("AccessionNumber=A1").json()
    (inside,) = plain["00400100"]["Value"]
    assert {"00080060", "00400001", "00400002", "00400007", "00400010"} <= inside.keys()
    assert not inside.keys() & {"00400004", "00400020", "00400400"}
    assert "00100021" not in plain
    named = f"AccessionNumber=A1&includefield={STEP}.00400020,IssuerOfPatientID"
    (found,) = steps(named).json()
    assert found["00100021"] == value("LO", "WARD")
    (more,) = found["00400100"]["Value"]
    assert more == inside | {"00400020": value("CS", "SCHEDULED")}
    # what belongs to the step may be named without the way there
    assert steps("AccessionNumber=A1&includefield=00400020,00100021").json() == [found]
    (whole,) = steps("AccessionNumber=A1&includefield=all").json()
    assert whole["00400100"]["Value"][0]["00400400"] == value("LT", "Slowly")
    (of_step,) = steps(f"AccessionNumber=A1&includefield={STEP}").json()
    assert of_step["00400100"] == whole["00400100"]


def test_of_a_sequence_in_a_performed_step_some_members_may_be_named(site):
    # QIDO-05 in PS3.18 15.6.1.2
    path = "/dicom-web/modality-performed-procedure-steps/1.2.3"
    scheduled = {
        "0020000D": value("UI", "1.2"),
        **{
            tag: value(vr)
            for tag, vr in {
                "00080050": "SH",
                "00081110": "SQ",
                "00321060": "LO",
                "00400007": "LO",
                "00400008": "SQ",
                "00400009": "SH",
                "00401001": "SH",
            }.items()
        },
    }
    begun = {
        "00080060": value("CS", "CT"),
        "00100010": value("PN"),
        "00100020": value("LO"),
        "00100030": value("DA"),
        "00100040": value("CS"),
        "00081120": value("SQ"),
        "00081032": value("SQ"),
        "00200010": value("SH"),
        "00400241": value("AE", "CT1"),
        "00400242": value("SH"),
        "00400243": value("SH"),
        "00400244": value("DA", "20261124"),
        "00400245": value("TM", "0930"),
        "00400250": value("DA"),
        "00400251": value("TM"),
        "00400252": value("CS", "IN PROGRESS"),
        "00400253": value("SH", "PPS1"),
        "00400254": value("LO"),
        "00400255": value("LO"),
        "00400260": value("SQ"),
        "00400270": value("SQ", scheduled),
        "00400340": value("SQ"),
    }
    made = site.client.post(path, content=json.dumps(begun), headers=JSON)
    assert made.status_code == 201, made.text
    (found,) = site.client.get(f"{path}?includefield=00400270.0020000D").json()
    assert found == {"00400270": value("SQ", {"0020000D": value("UI", "1.2")})}


@pytest.mark.parametrize("resource", [WORK, STEPS, "/dicom-web/studies"])
@pytest.mark.parametrize(
    "query",
    [
        "includefield=NoSuchThing",
        "includefield=PatientID.PatientName",
        "PatientID.PatientName=x",
        "0x100020.00100010=x&limit=-1",
        "multiplevaluematching=perhaps",
        "emptyvaluematching=1",
        "StudyInstanceUID=1.*",
        f"{STEP}=CT",
        "includefield=" + ",".join(f"0011{n:04X}" for n in range(0x1000, 0x1100)),
    ],
)
def test_what_is_malformed_is_400_in_every_search(site, resource, query):
    # WEB-12, QIDO-05
    answer = site.client.get(f"{resource}?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"]


# -- matching -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientName=Mueler^Jurgen", []),
        ("PatientName=Mueler^Jurgen&fuzzymatching=true", ["1.2.1"]),
        ("fuzzymatching=TRUE&PatientName=Mueler", ["1.2.1"]),
        ("ScheduledHumanPerformersSequence.HumanPerformerName=Maier", []),
        (
            "ScheduledHumanPerformersSequence.HumanPerformerName=Maier&fuzzymatching=true",
            ["1.2.1"],
        ),
        ('WorklistLabel=""', []),
        ('WorklistLabel=""&emptyvaluematching=true', ["1.2.2"]),
        ('PatientComments=""&emptyvaluematching=true', ["1.2.2"]),
        ("ProcedureStepLabel=Read CT\\Read MR", []),
        ("ProcedureStepLabel=Read CT\\Read MR&multiplevaluematching=true", ["1.2.1", "1.2.2"]),
        ("ScheduledProcedureStepPriority=HIGH,MEDIUM", ["1.2.1"]),
        ("ScheduledProcedureStepPriority=HIGH\\LOW&multiplevaluematching=true", ["1.2.1", "1.2.2"]),
        ("00404018.0040A170.CodeValue=WHY", ["1.2.1"]),
        ("00404018.CodeValue=READ&00404018.0040A170.CodeValue=READ", []),
        ("00404005=20261124090000-20261124100000", ["1.2.1"]),
        ("ScheduledProcedureStepStartDateTime=20261124100000-&SOPInstanceUID=1.2.2,1.2.1", ["1.2.2"]),
    ],
)  # fmt: skip
def test_every_kind_of_matching_is_done_on_work_items_and_only_when_asked_for(work, query, found):
    # UPSR-01, QIDO-04, QIDO-06
    answer = work(query)
    assert uids(answer) == found
    assert answer.status_code == (200 if found else 204)
    assert "Warning" not in answer.headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientName=Mueler^Jurgen", []),
        ("PatientName=Mueler^Jurgen&fuzzymatching=true", ["STEP1", "STEP2"]),
        (f"{STEP}.ScheduledPerformingPhysicianName=Maier^Ana", []),
        ("ScheduledPerformingPhysicianName=Maier^Ana&fuzzymatching=true", ["STEP1"]),
        (f'{STEP}.ScheduledPerformingPhysicianName=""', []),
        (f'{STEP}.ScheduledPerformingPhysicianName=""&emptyvaluematching=true', ["STEP2"]),
        ("ScheduledStationAETitle=CT1\\CT2", []),
        ("ScheduledStationAETitle=CT1\\CT2&multiplevaluematching=true", ["STEP1"]),
        ("ScheduledStationAETitle=CT1\\MR1&multiplevaluematching=true", []),
        ("AccessionNumber=A1\\A2&multiplevaluematching=true", ["STEP1", "STEP2"]),
        ("Modality=CT,MR", ["STEP1", "STEP2"]),
        ("ScheduledProcedureStepStartDate=20261124-&ScheduledProcedureStepStartTime=1000-", ["STEP2"]),
        # from then on, not these hours of each day (PS3.4 K.6.1.2.2)
        ("ScheduledProcedureStepStartDate=20261123-&ScheduledProcedureStepStartTime=1200-", ["STEP1", "STEP2"]),
        ("ScheduledProcedureStepStartDate=20261124-&ScheduledProcedureStepStartDate=-20261123", []),
        ("ScheduledProcedureStepID=STEP?", ["STEP1", "STEP2"]),
    ],
)  # fmt: skip
def test_every_kind_of_matching_is_done_on_scheduled_steps_and_only_when_asked_for(
    steps, query, found
):
    # MWL-01, QIDO-04, QIDO-06
    answer = steps(query)
    assert ids(answer) == found
    assert answer.status_code == (200 if found else 204)
    assert "Warning" not in answer.headers


def test_a_key_that_no_step_can_have_is_passed_over_and_told(steps):
    # QIDO-04, PS3.4 K.2.2.1.1.2
    answer = steps(f"InstitutionName=Elsewhere&{STEP}.PatientName=x&Modality=CT")
    assert ids(answer) == ["STEP1"]
    (told,) = answer.headers.get_list("Warning")
    assert told == '299 Hounsfield: "These attributes are not matched: 00080080, 00100010"'


def test_of_studies_only_the_name_of_the_patient_is_fuzzy_and_that_is_told(site):
    # QIDO-04: the text of 8.3.4.2
    fuzzy = "fuzzymatching=true"
    assert "Warning" not in site.client.get(f"/dicom-web/studies?PatientName=x&{fuzzy}").headers
    answer = site.client.get(f"/dicom-web/studies?ReferringPhysicianName=x&{fuzzy}")
    text = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
    assert answer.headers.get_list("Warning") == [f'299 Hounsfield: "{text}"']


def test_the_time_zone_of_a_query_is_that_of_its_moments(site, work, steps):
    # QIDO-08
    with_zone = PLAIN | {"00080201": value("SH", "+0100")}
    site.client.post(f"{WORK}?1.2.3", content=json.dumps(with_zone), headers=JSON)
    at = "SOPInstanceUID=1.2.3&00404005=20261124083000"
    assert uids(work(f"{at}&TimezoneOffsetFromUTC=%2B0100")) == []
    assert uids(work(f"{at}&TimezoneOffsetFromUTC=%2B0000")) == ["1.2.3"]
    assert uids(work(f"{at}&TimezoneOffsetFromUTC=+0000")) == ["1.2.3"]
    (item,) = steps("Modality=CT").json()
    here = int(item["00080201"]["Value"][0][:3])
    there = f"{'-' if here < 1 else '+'}{abs(here - 1):02}00"
    begins = "ScheduledProcedureStepStartDate=20261124&ScheduledProcedureStepStartTime=083000"
    assert ids(steps(begins)) == []
    assert ids(steps(f"{begins}&TimezoneOffsetFromUTC={there}")) == ["STEP1"]


# -- pages and forms ----------------------------------------------------------------------------------


def test_pages_of_both_say_how_much_more_there_is(work, steps):
    # QIDO-02, QIDO-03
    for search, first, second in ((work, "1.2.1", "1.2.2"), (steps, "STEP1", "STEP2")):
        listed = uids if search is work else ids
        page = search("limit=1")
        assert listed(page) == [first]
        assert page.headers["Warning"] == (
            '299 Hounsfield: "There are 1 additional results that can be requested"'
        )
        rest = search("limit=1&offset=1")
        assert listed(rest) == [second]
        assert "Warning" not in rest.headers
        assert search("offset=2").status_code == 204


def test_both_are_given_in_xml_too_with_what_was_asked_for(work, steps):
    # WEB-06, WEB-07, QIDO-05
    for search, query, tag in (
        (work, "limit=1&includefield=00104000", "00104000"),
        (steps, "limit=1&includefield=00100021", "00100021"),
    ):
        (part,) = parts_of(search(query, **XML))
        found = xml_model.read(part.body)
        assert found[tag] == search(query).json()[0][tag]
        assert search(query, Accept="image/png").status_code == 406
        assert search("PatientID=nobody", Accept="image/png").status_code == 406
    text = steps("Modality=CT").json()[0]["00400100"]["Value"][0]
    assert list(text) == sorted(text)
