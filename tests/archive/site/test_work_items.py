"""The unified worklist over a real index: long worklists, and what is done in the background."""

import pytest
from sqlalchemy import event

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.dicom.items import keys_of
from hounsfield.dicom.sop_classes import GLOBAL_SUBSCRIPTION
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index
from hounsfield.index.site.records import Peer
from hounsfield.index.site.work_item_events import EventQueue

START = "00404005"


def value(vr, text):
    return {"vr": vr, "Value": [text]}


@pytest.fixture
def index(tmp_path):
    with open_index(IndexConfig(tmp_path / "index.db")) as opened:
        yield opened


@pytest.fixture
def peers():
    """Who can be called, by AE title."""
    return {"WATCHER": Peer("WATCHER", host="127.0.0.1", port=104, name="watcher")}


@pytest.fixture
def worklist(index, peers):
    return UnifiedWorklist(index, peers.get)


def create(worklist, uid, start="20261124120000"):
    dataset = {
        START: value("DT", start),
        "00404041": value("CS", "READY"),
        "00741000": value("CS", "SCHEDULED"),
        "00741200": value("CS", "HIGH"),
        "00741204": value("LO", "Read CT"),
    }
    return worklist.create(LOCAL, uid, dataset)


def test_a_work_item_that_is_rescheduled_while_all_are_read_comes_once_and_no_other_is_missed(
    worklist,
):
    for number in range(250):
        create(worklist, f"1.2.{number}", f"20261124{number:06}")
    found = []
    for item in worklist.find(LOCAL, []):
        found.append(item.sop_instance_uid)
        if len(found) == 1:  # one goes to the end, one to the beginning
            worklist.update(LOCAL, "1.2.0", "", {START: value("DT", "20261125")})
            worklist.update(LOCAL, "1.2.249", "", {START: value("DT", "20261123")})
    assert sorted(found) == sorted(f"1.2.{number}" for number in range(250))


def test_more_uids_may_be_asked_for_than_a_statement_has_room_for(worklist):
    create(worklist, "1.2.3")
    uids = [f"1.2.{number}" for number in range(40_000)]
    found = worklist.find(LOCAL, keys_of({"00080018": {"vr": "UI", "Value": uids}}))
    assert [item.sop_instance_uid for item in found] == ["1.2.3"]


@pytest.mark.parametrize("lock", [False, True])
def test_a_global_subscription_to_a_long_worklist_lets_others_write_meanwhile(
    index, worklist, lock
):
    for number in range(450):
        create(worklist, f"1.2.{number}")
    commits = []
    event.listen(index.database.engine, "commit", lambda _connection: commits.append(1))
    worklist.subscribe(LOCAL, "WATCHER", GLOBAL_SUBSCRIPTION, deletion_lock=lock)
    assert len(commits) > 4
    items = worklist._items
    assert all(items.subscriptions(f"1.2.{number}") for number in range(450))
    assert len(EventQueue(index.database).events_for("WATCHER", limit=1000)) == (450 if lock else 0)


def test_who_is_no_peer_any_more_keeps_no_work_item_and_is_told_nothing(index, worklist, peers):
    create(worklist, "1.2.3")
    worklist.subscribe(LOCAL, "WATCHER", GLOBAL_SUBSCRIPTION, deletion_lock=True)
    worklist.request_cancel(LOCAL, "1.2.3", {})
    assert worklist.prune(older_than_s=-1) == 0
    assert len(EventQueue(index.database).events_for("WATCHER")) == 4
    del peers["WATCHER"]
    assert worklist.prune(older_than_s=-1) == 1
    assert worklist._items.subscriptions("") == []
    assert EventQueue(index.database).events_for("WATCHER") == []


def test_a_long_worklist_goes_some_work_items_at_a_time(index, worklist):
    for number in range(250):
        create(worklist, f"1.2.{number}")
        worklist.request_cancel(LOCAL, f"1.2.{number}", {})
    commits = []
    event.listen(index.database.engine, "commit", lambda _connection: commits.append(1))
    assert worklist.prune(older_than_s=-1) == 250
    assert len(commits) > 2
