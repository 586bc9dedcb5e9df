"""UPS-RS over the whole web application: PS3.18 chapter 11, status codes and warnings included."""

import json

import pytest
from starlette.websockets import WebSocketDisconnect

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.dicom import xml_model
from hounsfield.index.site.work_item_events import EventQueue

BASE = "/dicom-web"
JSON = {"Content-Type": "application/dicom+json"}
ALL, MATCHING = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
LOCK = "1.2.3.999"


def value(vr, *values):
    return {"vr": vr, "Value": list(values)}


def work(**changes):
    made = {
        "00100010": value("PN", {"Alphabetic": "Doe^Jane"}),
        "00100020": value("LO", "4711"),
        "00404005": value("DT", "20261124120000"),
        "00404025": {"vr": "SQ", "Value": [{"00080100": value("SH", "READER1")}]},
        "00404041": value("CS", "READY"),
        "00741000": value("CS", "SCHEDULED"),
        "00741200": value("CS", "HIGH"),
        "00741204": value("LO", "Read CT"),
    }
    for tag, attribute in changes.items():
        made[tag.removeprefix("T")] = attribute
        if attribute is None:
            del made[tag.removeprefix("T")]
    return made


class Client:
    """What a UPS-RS client does, over the paths of the standard."""

    def __init__(self, site):
        self.site, self.http = site, site.client

    def create(self, dataset, query=""):
        body = json.dumps([dataset])
        return self.http.post(f"{BASE}/workitems{query}", content=body, headers=JSON)

    def update(self, uid, dataset, query=""):
        body = json.dumps([dataset])
        return self.http.post(f"{BASE}/workitems/{uid}{query}", content=body, headers=JSON)

    def state(self, uid, state, lock=LOCK):
        dataset = {"00741000": value("CS", state)}
        if lock:
            dataset["00081195"] = value("UI", lock)
        path = f"{BASE}/workitems/{uid}/state"
        return self.http.put(path, content=json.dumps(dataset), headers=JSON)

    def get(self, uid):
        return self.http.get(f"{BASE}/workitems/{uid}")

    def at(self, url):
        return self.http.get(url)

    def search(self, query=""):
        return self.http.get(f"{BASE}/workitems{query}")

    def subscribe(self, uid, ae_title="VIEWER", query=""):
        return self.http.post(f"{BASE}/workitems/{uid}/subscribers/{ae_title}{query}")

    def listen(self, ae_title="VIEWER"):
        return self.http.websocket_connect(
            f"{BASE}/subscribers/{ae_title}", headers={"host": "127.0.0.1"}
        )


@pytest.fixture
def client(site):
    return Client(site)


def told(channel):
    """(work item, event type, state) of the next event."""
    report = json.loads(channel.receive_text())
    state = report.get("00741000", {}).get("Value", [None])[0]
    return report["00001000"]["Value"][0], report["00001002"]["Value"][0], state


def test_a_work_item_is_created_and_its_place_told(client):
    # UPSR-01
    answer = client.create(work(), "?1.2.3.4")
    assert answer.status_code == 201
    assert client.at(answer.headers["Location"]).json() == client.get("1.2.3.4").json()
    (found,) = client.get("1.2.3.4").json()
    assert found["00741204"] == value("LO", "Read CT")
    assert found["00080018"] == value("UI", "1.2.3.4")


@pytest.mark.parametrize(
    "query", ["?workitem=1.2.3.4", "?AffectedSOPInstanceUID=1.2.3.4", "?1.2.3.4"]
)
def test_its_uid_may_be_given_in_each_of_the_ways_there_were(client, query):
    # UPSR-01
    assert client.create(work(), query).headers["Location"].endswith("/workitems/1.2.3.4")


def test_its_uid_may_stand_in_the_data_set_or_be_made(client):
    # UPSR-01
    inside = client.create(work(T00080018=value("UI", "1.2.3.5")))
    assert inside.headers["Location"].endswith("/workitems/1.2.3.5")
    assert "/workitems/2.25." in client.create(work()).headers["Location"]


def test_a_uid_that_is_there_is_409(client):
    # UPSR-01
    client.create(work(), "?1.2.3.4")
    again = client.create(work(), "?1.2.3.4")
    assert again.status_code == 409
    assert again.headers["Warning"].startswith("299 Hounsfield: ")


@pytest.mark.parametrize(
    "dataset",
    [
        work(T00741204=None),
        work(T00741000=value("CS", "IN PROGRESS")),
        work(T00741200=value("CS", "SOON")),
        work(T00404025=value("LO", "no items")),
        work(T00741204=value("LO", {"Alphabetic": "no name"})),
        work(T00020010=value("UI", "1.2")),
        {"a work item": "it is none"},
    ],
)
def test_what_is_no_work_item_is_400_and_says_why(client, dataset):
    # UPSR-01
    answer = client.create(dataset)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert client.search().status_code == 204


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b"[]", JSON, 400),
        (b"[{}, {}]", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"x", {"Content-Type": "text/plain"}, 415),
        (b"<x", {"Content-Type": "application/dicom+xml"}, 400),
        (b"--b", {"Content-Type": "multipart/related; boundary=b"}, 400),
        (b" " * (5 << 20), JSON, 413),
    ],
    ids=["cut", "empty", "none", "two", "deep", "binary", "text", "XML", "parts", "huge"],
)
def test_a_body_that_is_no_data_set_is_refused(client, content, headers, status):
    # WEB-09
    answer = client.http.post(f"{BASE}/workitems", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_work_item_may_be_written_and_read_in_xml(client):
    # UPSR-01, WEB-06
    document = xml_model.write(work())
    parts = b"--b\r\nContent-Type: application/dicom+xml\r\n\r\n" + document + b"\r\n--b--\r\n"
    for number, (content, kind) in enumerate(
        [
            (document, "application/dicom+xml"),
            (parts, 'multipart/related; type="application/dicom+xml"; boundary=b'),
        ]
    ):
        path = f"{BASE}/workitems?1.2.{number}"
        answer = client.http.post(path, content=content, headers={"Content-Type": kind})
        assert answer.status_code == 201, answer.text
        (found,) = client.get(f"1.2.{number}").json()
        assert {tag: found[tag] for tag in work()} == work()
    alone = {"Accept": "application/dicom+xml"}
    answer = client.http.get(f"{BASE}/workitems/1.2.1", headers=alone)
    assert answer.headers["content-type"] == "application/dicom+xml"
    assert xml_model.read(answer.content)["00741204"] == value("LO", "Read CT")
    many = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    answer = client.http.get(f"{BASE}/workitems", headers=many)
    assert answer.headers["content-type"].startswith(
        'multipart/related; type="application/dicom+xml"'
    )
    assert answer.content.count(b"Read CT") == 2
    assert client.http.get(f"{BASE}/workitems", headers={"Accept": "image/png"}).status_code == 406


def test_sequences_without_end_are_refused(client):
    inner = value("LO", "x")
    for _ in range(200):
        inner = {"vr": "SQ", "Value": [{"00404025": inner}]}
    assert client.create(work(T00404025=inner)).status_code == 400


def test_work_items_are_found_by_attributes_at_any_depth(client):
    # QIDO-01, QIDO-02
    client.create(work(), "?1.2.1")
    other = work(
        T00741204=value("LO", "Measure"),
        T00404025={"vr": "SQ", "Value": [{"00080100": value("SH", "READER2")}]},
        T00404005=value("DT", "20261125120000"),
    )
    client.create(other, "?1.2.2")

    def uids(query):
        answer = client.search(query)
        return [one["00080018"]["Value"][0] for one in answer.json()] if answer.content else []

    assert uids("") == ["1.2.1", "1.2.2"]
    assert uids("?ProcedureStepLabel=Mea*") == ["1.2.2"]
    assert uids("?00741204=Read CT") == ["1.2.1"]
    assert uids("?ScheduledStationNameCodeSequence.CodeValue=READER2") == ["1.2.2"]
    assert uids("?00404025.00080100=READER1") == ["1.2.1"]
    assert uids("?00404005=20261125-") == ["1.2.2"]
    assert uids("?SOPInstanceUID=1.2.1,1.2.2,1.2.3") == ["1.2.1", "1.2.2"]
    assert uids("?PatientName=doe^jane") == ["1.2.1", "1.2.2"]
    assert uids("?NoSuchThing=1&PatientID=4711") == ["1.2.1", "1.2.2"]
    assert client.search("?PatientID=0815").status_code == 204


def test_a_page_says_how_much_more_there_is(client):
    # QIDO-03, QIDO-04
    for number in range(5):
        client.create(work(T00404005=value("DT", f"2026112412000{number}")), f"?1.2.{number}")
    page = client.search("?limit=2&offset=1&fuzzymatching=true")
    assert [one["00080018"]["Value"][0] for one in page.json()] == ["1.2.1", "1.2.2"]
    (more,) = page.headers.get_list("Warning")
    assert "There are 2 additional results that can be requested" in more
    assert "Warning" not in client.search("?limit=5").headers


@pytest.mark.parametrize(
    "query", ["?limit=many", "?offset=-1", "?fuzzymatching=perhaps", "?00404005=soon-later"]
)
def test_a_search_that_cannot_be_understood_is_400(client, query):
    # WEB-12
    assert client.search(query).status_code == 400


def test_a_work_item_goes_from_scheduled_to_completed(client):
    client.create(work(), "?1.2.3")
    assert client.state("1.2.3", "IN PROGRESS").status_code == 200
    lacking = client.state("1.2.3", "COMPLETED")
    assert lacking.status_code == 409
    assert "inconsistent with the current state" in lacking.headers["Warning"]
    code = {
        "vr": "SQ",
        "Value": [{"00080100": value("SH", "1"), "00080102": value("SH", "99X")}],
    }
    performed = {
        "00404019": code,
        "00404028": code,
        "00404033": {"vr": "SQ"},
        "00404050": value("DT", "20261124120000"),
        "00404051": value("DT", "20261124121000"),
    }
    done = {"00741216": {"vr": "SQ", "Value": [performed]}}
    assert client.update("1.2.3", done, f"?transaction-uid={LOCK}").status_code == 200
    assert client.state("1.2.3", "COMPLETED").status_code == 200
    again = client.state("1.2.3", "COMPLETED")
    assert again.status_code == 200
    assert "already in the requested state of COMPLETED" in again.headers["Warning"]
    final = client.update("1.2.3", done, f"?transaction-uid={LOCK}")
    assert final.status_code == 400
    assert "Warning" in final.headers


@pytest.mark.parametrize(
    "query",
    [
        f"?Transaction-uid={LOCK}",
        f"?transaction-uid={LOCK}",
        f"?transaction={LOCK}",
        f"?transactionUID={LOCK}",
        f"?{LOCK}",
        None,
    ],
)
def test_the_transaction_uid_of_an_update_is_taken_in_each_spelling(client, query):
    # UPSR-02
    client.create(work(), "?1.2.3")
    client.state("1.2.3", "IN PROGRESS")
    progress = {"00741002": {"vr": "SQ", "Value": [{"00741004": value("DS", "50")}]}}
    if query is None:
        progress["00081195"] = value("UI", LOCK)
    assert client.update("1.2.3", progress, query or "").status_code == 200
    (found,) = client.get("1.2.3").json()
    assert found["00741002"]["Value"][0]["00741004"]["Value"] == ["50"]
    assert "00081195" not in found  # UPS-03


def test_a_wrong_or_missing_transaction_uid_is_400_and_the_warning_says_which(client):
    # UPS-01, UPSR-02
    client.create(work(), "?1.2.3")
    missing = client.state("1.2.3", "IN PROGRESS", lock="")
    assert missing.status_code == 400
    assert "Transaction UID is missing" in missing.headers["Warning"]
    client.state("1.2.3", "IN PROGRESS")
    wrong = client.state("1.2.3", "COMPLETED", lock="1.2.3.1000")
    assert wrong.status_code == 400
    assert "Transaction UID is incorrect" in wrong.headers["Warning"]
    progress = {"00741002": {"vr": "SQ", "Value": [{"00741004": value("DS", "50")}]}}
    assert client.update("1.2.3", progress, "?transaction-uid=1.2.3.1000").status_code == 400


@pytest.mark.parametrize(
    ("asked", "status"),
    [("SCHEDULED", 400), ("ASLEEP", 400), ("COMPLETED", 409), ("CANCELED", 409)],
)
def test_a_state_that_cannot_be_entered_is_refused(client, asked, status):
    client.create(work(), "?1.2.3")
    answer = client.state("1.2.3", asked)
    assert answer.status_code == status
    assert "Warning" in answer.headers


def test_of_two_who_claim_a_work_item_the_later_is_told_409(client):
    client.create(work(), "?1.2.3")
    assert client.state("1.2.3", "IN PROGRESS").status_code == 200
    assert client.state("1.2.3", "IN PROGRESS", lock="1.2.3.1000").status_code == 400
    assert client.state("1.2.3", "IN PROGRESS").status_code == 409


def test_what_is_not_there_is_404(client):
    # UPSR-01
    assert client.get("1.9").status_code == 404
    assert client.update("1.9", {}, "").status_code == 404
    assert client.state("1.9", "IN PROGRESS").status_code == 404
    assert client.http.post(f"{BASE}/workitems/1.9/cancelrequest").status_code == 404
    assert client.subscribe("1.9").status_code == 404
    assert client.http.delete(f"{BASE}/workitems/1.9/subscribers/VIEWER").status_code == 404


def test_a_cancel_request_is_202_and_ends_what_nobody_began(client):
    # UPSR-04
    client.create(work(), "?1.2.3")
    reason = json.dumps({"00741238": value("LT", "not needed")})
    path = f"{BASE}/workitems/1.2.3/cancelrequest"
    assert client.http.post(path, content=reason, headers=JSON).status_code == 202
    (found,) = client.get("1.2.3").json()
    assert found["00741000"] == value("CS", "CANCELED")
    assert found["00741002"]["Value"][0]["00741238"] == value("LT", "not needed")
    again = client.http.post(path)
    assert again.status_code == 202
    assert "already in the requested state of CANCELED" in again.headers["Warning"]


def test_a_subscriber_is_told_over_its_websocket(client):
    # UPSR-03
    client.create(work(), "?1.2.3")
    answer = client.subscribe("1.2.3")
    assert answer.status_code == 201
    assert answer.headers["Content-Location"].startswith("ws://127.0.0.1")
    assert answer.headers["Content-Location"].endswith("/dicom-web/subscribers/VIEWER")
    with client.listen() as channel:
        report = json.loads(channel.receive_text())
        assert report["00000002"] == value("UI", "1.2.840.10008.5.1.4.34.6.4")
        assert report["00000100"] == value("US", 0x0100)
        assert report["00001000"] == value("UI", "1.2.3")
        assert report["00001002"] == value("US", 1)
        assert report["00741000"] == value("CS", "SCHEDULED")
        assert report["00404041"] == value("CS", "READY")
        client.state("1.2.3", "IN PROGRESS")
        assert told(channel) == ("1.2.3", 1, "IN PROGRESS")
        client.http.post(f"{BASE}/workitems/1.2.3/cancelrequest/RADIOLOGIST")
        report = json.loads(channel.receive_text())
        assert report["00001002"] == value("US", 2)
        assert report["00741236"] == value("AE", "RADIOLOGIST")


def test_an_ae_title_may_have_spaces_in_it(client):
    url = client.subscribe(ALL, "A READER").headers["Content-Location"]
    assert url.endswith("/subscribers/A%20READER")
    with client.listen("A%20READER") as channel:
        client.create(work(), "?1.2.3")
        assert told(channel) == ("1.2.3", 1, "SCHEDULED")


def test_several_clients_of_one_ae_title_hear_the_same(client):
    # UPSR-03
    client.subscribe(ALL)
    with client.listen() as one, client.listen() as other, client.listen("SOMEBODY") as stranger:
        client.create(work(), "?1.2.3")
        assert [told(one), told(other)] == [("1.2.3", 1, "SCHEDULED")] * 2
        client.subscribe(ALL, "SOMEBODY", "?deletionlock=true")
        assert told(stranger) == ("1.2.3", 1, "SCHEDULED")


def test_what_comes_while_nobody_is_connected_waits_and_is_told_once(client):
    # UPSR-03
    client.subscribe(ALL)
    for number in range(3):
        client.create(work(T00404025={"vr": "SQ"}), f"?1.2.{number}")
    with client.listen() as channel:
        assert [told(channel)[0] for _ in range(3)] == ["1.2.0", "1.2.1", "1.2.2"]
        client.state("1.2.0", "IN PROGRESS")
        assert told(channel) == ("1.2.0", 1, "IN PROGRESS")
        # Only when it has been noted as told is it known that the next channel does not get it.
        client.state("1.2.1", "IN PROGRESS")
        assert told(channel) == ("1.2.1", 1, "IN PROGRESS")
    queue = EventQueue(client.site.index.database)
    queue.told("VIEWER", [event.id for event in queue.events_for("VIEWER")])
    client.state("1.2.2", "IN PROGRESS")
    with client.listen() as channel:
        assert told(channel) == ("1.2.2", 1, "IN PROGRESS")


def test_it_does_not_matter_which_process_changes_a_work_item(client):
    # UPSR-03
    client.subscribe(ALL)
    other = UnifiedWorklist(client.site.index, lambda _ae_title: None)
    with client.listen() as channel:
        other.create(LOCAL, "1.2.3", work(T00404025={"vr": "SQ"}))
        assert told(channel) == ("1.2.3", 1, "SCHEDULED")
        other.announce_restart()
        assert told(channel)[:2] == (ALL, 4)


def test_a_filtered_subscription_hears_only_of_what_matches(client):
    # UPS-02
    assert client.subscribe(MATCHING).status_code == 400
    assert client.subscribe(MATCHING, query="?filter=nonsense").status_code == 400
    assert (
        client.subscribe(MATCHING, query="?filter=00741204=Mea*,PatientID=4711").status_code == 201
    )
    with client.listen() as channel:
        client.create(work(), "?1.2.1")
        client.create(work(T00741204=value("LO", "Measure")), "?1.2.2")
        assert told(channel)[0] == "1.2.2"


def test_a_suspended_subscriber_hears_of_what_it_knows_and_of_nothing_new(client):
    # UPS-02
    client.subscribe(ALL)
    client.create(work(T00404025={"vr": "SQ"}), "?1.2.1")
    path = f"{BASE}/workitems/{ALL}/subscribers/VIEWER"
    assert client.http.post(f"{path}/suspend").status_code == 200
    client.create(work(), "?1.2.2")
    client.state("1.2.1", "IN PROGRESS")
    with client.listen() as channel:
        assert told(channel) == ("1.2.1", 1, "SCHEDULED")
        assert told(channel) == ("1.2.1", 1, "IN PROGRESS")
    assert client.http.delete(path).status_code == 200
    client.state("1.2.1", "CANCELED")
    assert EventQueue(client.site.index.database).events_for("VIEWER") == []
    elsewhere = client.http.post(f"{BASE}/workitems/1.2.1/subscribers/VIEWER/suspend")
    assert elsewhere.status_code == 400


def test_a_deletion_lock_keeps_a_work_item(client):
    # UPS-02
    worklist = UnifiedWorklist(client.site.index, lambda _ae_title: None)
    client.create(work(), "?1.2.3")
    client.subscribe("1.2.3", query="?deletionlock=true")
    client.http.post(f"{BASE}/workitems/1.2.3/cancelrequest")
    assert worklist.prune(older_than_s=-1) == 0
    client.http.delete(f"{BASE}/workitems/1.2.3/subscribers/VIEWER")
    assert worklist.prune(older_than_s=-1) == 1
    assert client.get("1.2.3").status_code == 404


@pytest.mark.parametrize("query", ["?deletionlock=perhaps"])
def test_a_subscription_that_cannot_be_understood_is_400(client, query):
    client.create(work(), "?1.2.3")
    assert client.subscribe("1.2.3", query=query).status_code == 400
    assert client.subscribe("1.2.3", "A TITLE OF TOO MANY LETTERS").status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1", "origin": "http://evil.example"},
        {"host": "evil.example"},
    ],
)
def test_a_page_of_another_site_gets_no_channel(client, headers):
    path = f"{BASE}/subscribers/VIEWER"
    with (
        pytest.raises(WebSocketDisconnect),
        client.http.websocket_connect(path, headers=headers),
    ):
        pass


def test_a_channel_is_for_an_ae_title(client):
    with pytest.raises(WebSocketDisconnect), client.listen("A-TITLE-OF-TOO-MANY-LETTERS"):
        pass
