"""PS3.18 11 Worklist Service (UPS-RS), with 8.10 Notifications."""

import json

import pytest
from tests.conformance import data
from tests.conformance.target import JSON, XML, parts_of, single, value, values
from websockets.sync.client import connect

SECTION = "11 Worklist (UPS-RS)"
GLOBAL, FILTERED = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"


def element(vr, *several):
    return {"vr": vr, "Value": list(several)} if several else {"vr": vr}


def work(label="Read CT", patient="WORK-1"):
    """What N-CREATE requires (PS3.4 table CC.2.5-3)."""
    code = {
        "00080100": element("SH", "READ"),
        "00080102": element("SH", "99CONF"),
        "00080104": element("LO", "Read"),
    }
    return {
        "00081195": element("UI"),
        "00741000": element("CS", "SCHEDULED"),
        "00741200": element("CS", "MEDIUM"),
        "00404010": element("DT"),
        "00741204": element("LO", label),
        "00741202": element("LO", "Conformance"),
        "00741210": element("SQ"),
        "00404025": element("SQ"),
        "00404026": element("SQ"),
        "00404027": element("SQ"),
        "00404034": element("SQ"),
        "00404005": element("DT", "20300102093000"),
        "00404018": element("SQ", code),
        "00400400": element("LT"),
        "00404041": element("CS", "READY"),
        "00404021": element("SQ"),
        "0020000D": element("UI"),
        "00100010": element("PN", {"Alphabetic": "Work^Wanda"}),
        "00100020": element("LO", patient),
        "00100021": element("LO"),
        "00100030": element("DA"),
        "00100040": element("CS"),
        "00380010": element("LO"),
        "00380014": element("SQ"),
        "00081080": element("LO"),
        "00081084": element("SQ"),
        "0040A370": element("SQ"),
        "00741224": element("SQ"),
    }


def path_of(uid):
    return f"/workitems/{uid}"


def change(state, transaction):
    return {"00741000": element("CS", state), "00081195": element("UI", transaction)}


def read(target, uid):
    return single(target.expect(target.get(path_of(uid), JSON), 200))


def state(target, uid):
    return value(read(target, uid), "00741000")


@pytest.fixture
def item(target):
    uid = data.fresh()
    target.expect(target.send("POST", f"/workitems?{uid}", work()), 201)
    return uid


@pytest.fixture
def claimed(target, item):
    """A work item in progress, and the Transaction UID it is locked with."""
    lock = data.fresh()
    answer = target.send("PUT", path_of(item) + "/state", change("IN PROGRESS", lock))
    target.expect(answer, 200)
    return item, lock


def performed():
    """What a completed work item must have (table CC.2.5-3, final state)."""
    code = {
        "00080100": element("SH", "READ"),
        "00080102": element("SH", "99CONF"),
        "00080104": element("LO", "Read"),
    }
    done = {
        "00404050": element("DT", "20300102094000"),
        "00404051": element("DT", "20300102095000"),
        "00404028": element("SQ", code),
        "00404019": element("SQ", code),
        "00404033": element("SQ"),
    }
    return {"00741216": element("SQ", done)}


def test_a_work_item_is_created_where_its_location_says(target):
    # UPSR-01, 11.4
    uid = data.fresh()
    answer = target.expect(target.send("POST", f"/workitems?{uid}", work()), 201)
    assert answer.headers["location"].endswith(path_of(uid))
    assert state(target, uid) == "SCHEDULED"


def test_a_work_item_may_be_named_in_other_ways(target):
    # UPSR-01: workitem=, AffectedSOPInstanceUID=, or in the data set
    for query, more in (
        ("?workitem={}", {}),
        ("?AffectedSOPInstanceUID={}", {}),
        ("", {"00080018": "UI"}),
    ):
        uid = data.fresh()
        dataset = work() | {tag: element(vr, uid) for tag, vr in more.items()}
        answer = target.send("POST", "/workitems" + query.format(uid), dataset)
        target.expect(answer, 201)
        assert state(target, uid) == "SCHEDULED", query


def test_a_work_item_is_created_once(target, item):
    # UPSR-01: 409
    assert target.send("POST", f"/workitems?{item}", work()).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"00741000": element("CS", "IN PROGRESS")},
        {"00741204": element("LO")},
        {"00081195": element("UI", "1.2.3")},
    ],
    ids=["in progress", "without a label", "with a Transaction UID"],
)
def test_a_work_item_that_breaks_the_rules_is_400(target, wrong):
    # UPS-01, 11.4.3
    answer = target.send("POST", f"/workitems?{data.fresh()}", work() | wrong)
    if not target.is_ours and answer.status_code in (404, 405):
        target.not_offered("work items")
    assert answer.status_code == 400


def test_the_lock_of_a_work_item_is_told_to_nobody(target, claimed):
    # UPS-03
    item, lock = claimed
    assert value(read(target, item), "00081195") is None
    assert lock not in target.get("/workitems?00741000=IN%20PROGRESS", JSON).text


def test_work_is_claimed_completed_and_then_stays(target, claimed):
    # UPS-01, 11.7
    item, lock = claimed
    assert state(target, item) == "IN PROGRESS"
    update = target.send("POST", f"{path_of(item)}?transaction-uid={lock}", performed())
    target.expect(update, 200)
    answer = target.send("PUT", path_of(item) + "/state", change("COMPLETED", lock))
    target.expect(answer, 200)
    assert state(target, item) == "COMPLETED"
    again = target.send("PUT", path_of(item) + "/state", change("CANCELED", lock))
    assert again.status_code in (400, 409)
    late = target.send("POST", f"{path_of(item)}?transaction-uid={lock}", performed())
    assert late.status_code in (400, 409)


def test_only_who_has_the_lock_changes_work_in_progress(target, claimed):
    # UPS-01
    item, _ = claimed
    for lock in (data.fresh(), None):
        dataset = change("CANCELED", lock) if lock else {"00741000": element("CS", "CANCELED")}
        answer = target.send("PUT", path_of(item) + "/state", dataset)
        assert answer.status_code in (400, 409)
        query = f"?transaction-uid={lock}" if lock else ""
        update = target.send("POST", path_of(item) + query, {"00741204": element("LO", "Mine")})
        assert update.status_code in (400, 409)
    other = target.send("PUT", path_of(item) + "/state", change("IN PROGRESS", data.fresh()))
    assert other.status_code in (400, 409)
    assert state(target, item) == "IN PROGRESS"


def test_work_lacking_what_completed_work_has_is_not_completed(target, claimed):
    # UPS-01: final state requirements
    item, lock = claimed
    answer = target.send("PUT", path_of(item) + "/state", change("COMPLETED", lock))
    assert answer.status_code in (400, 409)
    assert state(target, item) == "IN PROGRESS"


@pytest.mark.parametrize("name", ["transaction", "transaction-uid", "Transaction-uid", None])
def test_the_transaction_uid_of_an_update_may_be_spelt_in_all_its_ways(target, claimed, name):
    # UPSR-02: spellings of three editions, and in the body
    item, lock = claimed
    dataset = {"00741204": element("LO", f"By {name}")}
    query = f"?{name}={lock}" if name else ""
    if name is None:
        dataset["00081195"] = element("UI", lock)
    target.expect(target.send("POST", path_of(item) + query, dataset), 200)
    assert value(read(target, item), "00741204") == f"By {name}"


def test_scheduled_work_is_updated_without_a_transaction_uid(target, item):
    # 11.6
    answer = target.send("POST", path_of(item), {"00741200": element("CS", "HIGH")})
    target.expect(answer, 200)
    assert value(read(target, item), "00741200") == "HIGH"


def test_a_request_to_cancel_scheduled_work_cancels_it(target, item):
    # UPSR-04
    answer = target.send("POST", path_of(item) + "/cancelrequest", {})
    target.expect(answer, 202)
    assert state(target, item) == "CANCELED"


def test_a_request_to_cancel_completed_work_is_409(target, claimed):
    # 11.8.3
    item, lock = claimed
    target.expect(target.send("POST", f"{path_of(item)}?transaction-uid={lock}", performed()), 200)
    target.expect(target.send("PUT", path_of(item) + "/state", change("COMPLETED", lock)), 200)
    assert target.send("POST", path_of(item) + "/cancelrequest", {}).status_code == 409


def test_what_nobody_created_is_404(target):
    # UPSR-01
    uid = data.fresh()
    assert target.get(path_of(uid), JSON).status_code == 404
    for method, path, dataset in (
        ("PUT", "/state", change("IN PROGRESS", data.fresh())),
        ("POST", "", {"00741200": element("CS", "HIGH")}),
        ("POST", "/cancelrequest", {}),
    ):
        assert target.send(method, path_of(uid) + path, dataset).status_code == 404, path


def test_work_is_searched_for(target):
    # 11.9, table 8.3.4-1
    patient = "WORK-" + data.fresh()[-10:]
    uids = [data.fresh() for _ in range(3)]
    for number, uid in enumerate(uids):
        dataset = work(f"Read {number}", patient)
        target.expect(target.send("POST", f"/workitems?{uid}", dataset), 201)
    for query, wanted in (
        ({"PatientID": patient}, uids),
        ({"00100020": patient, "00741204": "Read 1"}, uids[1:2]),
        ({"PatientID": patient, "ProcedureStepState": "COMPLETED"}, []),
        ({"PatientID": patient, "ScheduledProcedureStepStartDateTime": "20300101-20300103"}, uids),
        ({"PatientID": patient, "ScheduledWorkitemCodeSequence.CodeValue": "READ"}, uids),
        ({"PatientID": patient, "00404018.00080100": "WRITE"}, []),
    ):
        found = target.found("/workitems", query)
        assert sorted(value(one, "00080018") for one in found) == sorted(wanted), query
    page = target.found("/workitems", {"PatientID": patient, "limit": 2, "offset": 2})
    assert len(page) == 1
    answer = target.get("/workitems", JSON, params={"PatientID": "NO-SUCH"})
    assert target.expect(answer, 204).content == b""


@pytest.fixture
def some(target):
    """(Patient ID, UIDs) of two work items, the second with more attributes than a search is asked to give."""
    patient = "WORK-" + data.fresh()[-10:]
    uids = sorted(data.fresh() for _ in range(2))
    more = {
        "00100010": element("PN", {"Alphabetic": "Mueller^Juergen"}),
        "00404005": element("DT", "20300102103000"),
        "00741202": element("LO"),
        "00104000": element("LT", "Comes by taxi"),
        "00290010": element("LO", "CONFORMANCE"),
        "00291010": element("LO", "words"),
    }
    for uid, changes in zip(uids, ({}, more), strict=True):
        dataset = work(f"Read {uid}", patient) | changes
        target.expect(target.send("POST", f"/workitems?{uid}", dataset), 201)
    return patient, uids


def test_more_of_work_is_given_where_it_is_asked_for(target, some):
    # QIDO-05, 11.9.1.2: includefield, in lists and repeated
    patient, uids = some
    path = f"/workitems?PatientID={patient}&SOPInstanceUID={uids[1]}"
    (whole,) = target.found(f"{path}&includefield=all")
    assert value(whole, "00104000") == "Comes by taxi"
    assert "00081195" not in whole
    for fields in (
        "includefield=PatientComments",
        "includefield=00741204,00104000",
        "includefield=00741204&includefield=00104000",
    ):
        (item,) = target.found(f"{path}&{fields}")
        assert value(item, "00104000") == "Comes by taxi", fields
        for tag in ("00080018", "00100010", "00100020", "00404005", "00741000", "00741204"):
            assert tag in item, (fields, tag)


def test_private_attributes_of_work_bring_their_creator(target, some):
    # QIDO-05
    patient, uids = some
    path = f"/workitems?PatientID={patient}&SOPInstanceUID={uids[1]}&includefield=00291010"
    (item,) = target.found(path)
    if "00291010" not in item:
        target.not_offered("private attributes")
    assert value(item, "00291010") == "words"
    assert value(item, "00290010") == "CONFORMANCE"


@pytest.mark.parametrize(
    ("option", "query", "wanted"),
    [
        ("fuzzymatching", {"PatientName": "Mueler^Jurgen"}, [1]),
        ("emptyvaluematching", {"WorklistLabel": '""'}, [1]),
        ("multiplevaluematching", {"ProcedureStepLabel": "Read {}\\Read {}"}, [0, 1]),
    ],
    ids=["fuzzy", "empty", "several values"],
)
def test_work_is_matched_in_further_ways_or_a_warning_says_that_it_is_not(
    target, some, option, query, wanted
):
    # QIDO-04, 8.3.4.2
    patient, uids = some
    (name, text), *_ = query.items()
    params = {"PatientID": patient, name: text.format(*uids), option: "true"}
    answer = target.expect(target.get("/workitems", JSON, params=params), 200, 204)
    found = [value(item, "00080018") for item in answer.json()] if answer.content else []
    assert sorted(found) == [uids[n] for n in wanted] or option in answer.headers.get("warning", "")


def test_pages_of_work_say_how_much_more_there_is(target, some):
    # QIDO-03, 8.3.4.4
    patient, uids = some
    pages = []
    for offset in range(3):
        params = {"PatientID": patient, "limit": 1, "offset": offset}
        answer = target.expect(target.get("/workitems", JSON, params=params), 200, 204)
        pages += [value(item, "00080018") for item in answer.json()] if answer.content else []
        if offset == 0:
            assert answer.headers["warning"].startswith("299 ")
    assert sorted(pages) == uids


def test_what_is_asked_of_work_and_cannot_be_understood_is_400(target, some):
    # WEB-12
    for query in ("limit=many", "fuzzymatching=perhaps", "00404005=soon-later"):
        answer = target.get(f"/workitems?{query}", JSON)
        if not target.is_ours and answer.status_code in (404, 405):
            target.not_offered("a search for work items")
        assert answer.status_code == 400, query


def test_work_is_given_in_xml_too(target, some):
    # WEB-06
    patient, uids = some
    answer = target.get("/workitems", XML, params={"PatientID": patient})
    parts = parts_of(target.expect(answer, 200))
    assert [sum(uid.encode() in part.body for part in parts) for uid in uids] == [1, 1]


def test_subscribers_hear_what_becomes_of_work(target, item):
    # UPSR-03, UPS-02, 11.10, 8.10.4
    ae_title = "CONF" + data.fresh()[-8:]
    subscribers = f"{path_of(item)}/subscribers/{ae_title}"
    answer = target.expect(target.request("POST", subscribers), 200, 201)
    address = answer.headers["content-location"]
    assert address.startswith(("ws://", "wss://"))
    with connect(address, open_timeout=20) as channel:
        lock = data.fresh()
        change_state = target.send("PUT", path_of(item) + "/state", change("IN PROGRESS", lock))
        target.expect(change_state, 200)
        states = []
        while "IN PROGRESS" not in states:
            event = json.loads(channel.recv(timeout=20))
            assert value(event, "00001000") == item
            states += values(event, "00741000")
    target.expect(target.request("DELETE", subscribers), 200, 204)


def test_all_work_can_be_subscribed_to(target):
    # UPS-02
    ae_title = "CONF" + data.fresh()[-8:]
    subscribers = f"/workitems/{GLOBAL}/subscribers/{ae_title}"
    answer = target.expect(target.request("POST", subscribers), 200, 201)
    with connect(answer.headers["content-location"], open_timeout=20) as channel:
        uid = data.fresh()
        target.expect(target.send("POST", f"/workitems?{uid}", work()), 201)
        while value(json.loads(channel.recv(timeout=20)), "00001000") != uid:
            pass
    target.expect(target.request("POST", subscribers + "/suspend"), 200)
    target.expect(target.request("DELETE", subscribers), 200, 204)
