"""The storage commitment web service: PS3.18 chapter 13."""

import json

import pytest
from tests.dicom.samples import CT, make_file

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.commitment import CommitmentDesk
from hounsfield.dicom.commitment import Reference
from hounsfield.index.site.commitment_records import Request
from hounsfield.index.site.commitments import Commitments
from hounsfield.index.site.jobs import NewJob

JSON = {"Content-Type": "application/dicom+json"}


def sequence(*items):
    return {"vr": "SQ", "Value": list(items)}


def reference(uid, sop_class=CT):
    return {
        "00081150": {"vr": "UI", "Value": [sop_class]},
        "00081155": {"vr": "UI", "Value": [uid]},
    }


def ask(site, transaction, *references):
    path = f"/dicom-web/commitment-requests/{transaction}"
    body = json.dumps({"00081199": sequence(*references)})
    return site.client.post(path, content=body, headers=JSON)


def result(site, transaction):
    return site.client.get(f"/dicom-web/commitment-requests/{transaction}")


def test_what_is_safe_is_committed_and_what_is_not_says_why(site):
    # SC-01, SC-03, SC-04
    site.put(make_file())
    site.put(make_file(SOPInstanceUID="1.2.3.5"))
    site.store.storage.delete(
        next(one.key for one in site.store.storage.walk() if "/1.2.3.5." in one.key)
    )
    asked = [
        reference("1.2.3.4"),
        reference("1.2.3.5"),
        reference("1.2.3.6"),
        reference("1.2.3.4.1", "1.2"),
    ]
    answer = ask(site, "1.2.9", *asked)
    assert answer.status_code == 200
    (told,) = answer.json()
    assert told["00081199"]["Value"] == [reference("1.2.3.4")]
    failed = {
        item["00081155"]["Value"][0]: item["00081197"]["Value"][0]
        for item in told["00081198"]["Value"]
    }
    assert failed == {"1.2.3.5": 0x0110, "1.2.3.6": 0x0112, "1.2.3.4.1": 0x0122}
    assert "00081195" not in told  # J.2: it stands in the path
    assert result(site, "1.2.9").json() == [told]


def test_instances_may_be_named_by_study_and_series(site):
    site.put(make_file())
    by_class = {
        "00081150": {"vr": "UI", "Value": [CT]},
        "0008114A": sequence({"00081155": {"vr": "UI", "Value": ["1.2.3.4"]}}),
    }
    study = {
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "00081115": sequence({"00081112": sequence(by_class)}),
    }
    body = json.dumps({"00081110": sequence(study)})
    answer = site.client.post("/dicom-web/commitment-requests/1.2.9", content=body, headers=JSON)
    assert answer.json()[0]["00081199"]["Value"] == [reference("1.2.3.4")]


def test_a_transaction_uid_is_used_once_by_whichever_protocol(site):
    # SC-05
    site.put(make_file())
    assert ask(site, "1.2.9", reference("1.2.3.4")).status_code == 200
    again = ask(site, "1.2.9", reference("1.2.3.4"))
    assert again.status_code == 409
    assert again.json()["detail"]
    commitments = Commitments(site.index.database)
    commitments.take(
        Request("1.2.10", "SCANNER", "HOUNSFIELD", [Reference(CT, "1.2.3.4")]),
        NewJob("commitment", "x"),
    )
    assert ask(site, "1.2.10", reference("1.2.3.4")).status_code == 409
    assert result(site, "1.2.10").status_code == 404  # the result is the scanner's


def test_what_takes_long_is_202_and_there_later(site):
    # SC-02
    site.put(make_file())
    desk = CommitmentDesk(site.index, site.store.storage, at_once_s=0)
    assert desk.request(LOCAL, "1.2.9", [Reference(CT, "1.2.3.4")]) is None
    answer = result(site, "1.2.9")
    assert (answer.status_code, answer.content) == (202, b"")
    assert int(answer.headers["Retry-After"]) > 0
    one = Commitments(site.index.database)

    class Job:
        id = "a job"

        def __init__(self, commitment):
            self.arguments = {"commitment": commitment}

        def progress(self, done, total, text=""):
            pass

        def is_stopped(self):
            return False

    known = desk._of_web.of_transaction("1.2.9")
    assert desk.work(Job(known.id)) == "1 committed, 0 not"
    assert desk.work(Job(known.id)) == "it was answered at once"
    assert one.by_id(known.id).state == "reported"
    assert result(site, "1.2.9").json()[0]["00081199"]["Value"] == [reference("1.2.3.4")]
    assert desk.result(LOCAL, "1.2.9")[0].is_committed


@pytest.mark.parametrize(
    ("transaction", "body", "status"),
    [
        ("1.2.9", {}, 400),
        ("1.2.9", {"00081199": {"vr": "SQ"}}, 400),
        ("1.2.9", {"00081199": {"vr": "LO", "Value": ["1.2"]}}, 400),
        ("1.2.9", {"00081199": sequence({"00081155": {"vr": "UI", "Value": ["1.2"]}})}, 400),
        ("no-uid", {"00081199": sequence(reference("1.2.3.4"))}, 400),
    ],
)
def test_a_request_that_cannot_be_understood_is_400(site, transaction, body, status):
    path = f"/dicom-web/commitment-requests/{transaction}"
    answer = site.client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert result(site, transaction).status_code == 404
