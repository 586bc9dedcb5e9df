import pytest

from hounsfield.archive.access import LOCAL
from hounsfield.archive.site.work_items import UnifiedWorklist
from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index


def value(vr, text):
    return {"vr": vr, "Value": [text]}


@pytest.fixture
def work_item(tmp_path):
    """The UID of a work item, and a worklist to change it by."""
    dataset = {
        "00100010": value("PN", {"Alphabetic": "Doe^Jane"}),
        "00100020": value("LO", "4711"),
        "00404005": value("DT", "20261124120000"),
        "00404041": value("CS", "READY"),
        "00741000": value("CS", "SCHEDULED"),
        "00741200": value("CS", "HIGH"),
        "00741204": value("LO", "Read [CT]"),
    }
    with open_index(IndexConfig(tmp_path / "data" / "index.db")) as index:
        worklist = UnifiedWorklist(index, lambda _title: None)
        yield worklist.create(LOCAL, "1.2.3", dataset).sop_instance_uid, worklist


def test_work_items_are_listed_and_shown(run, work_item):
    uid, _ = work_item
    assert "Read [CT]" in run("workitem", "list").out
    (found,) = run("workitem", "list", "--state", "scheduled", "--json").json
    assert (found["SOPInstanceUID"], found["PatientName"]) == (uid, "Doe^Jane")
    assert run("workitem", "list", "--patient-id", "4712", "--json").json == []
    assert "there are no such work items" in run("workitem", "list", "--state", "completed").out
    assert "(0010,0010) PatientName: Doe^Jane" in run("workitem", "show", uid).out
    assert run("workitem", "show", uid, "--json").json["00741204"]["Value"] == ["Read [CT]"]


def test_a_work_item_that_nobody_has_begun_is_canceled(run, work_item):
    uid, worklist = work_item
    assert run("workitem", "cancel", uid, "--reason", "wrong patient").out == "canceled\n"
    assert worklist.get(LOCAL, uid).state == "CANCELED"
    assert "already" in run("workitem", "cancel", uid).out


def test_whoever_works_on_a_work_item_is_asked(run, work_item):
    uid, worklist = work_item
    worklist.change_state(LOCAL, uid, "IN PROGRESS", "9.9")
    assert "asked" in run("workitem", "cancel", uid).out
    assert worklist.get(LOCAL, uid).state == "IN PROGRESS"


def test_what_is_not_there_is_told(run, work_item):
    assert "no such work item" in run("workitem", "show", "1.9", code=1).err
    assert "no state" in run("workitem", "list", "--state", "new", code=1).err


def test_a_label_that_looks_like_markup_or_steers_the_terminal_is_shown_as_it_is(run, work_item):
    _, worklist = work_item
    dataset = dict(worklist.get(LOCAL, "1.2.3").attributes)
    worklist.create(LOCAL, "1.2.4", dataset | {"00741204": value("LO", "[/red] \x1b[31mRead")})
    assert "[/red] \N{REPLACEMENT CHARACTER}[31mRead" in run("workitem", "list").out
    assert "[/red] \N{REPLACEMENT CHARACTER}[31mRead" in run("workitem", "show", "1.2.4").out
