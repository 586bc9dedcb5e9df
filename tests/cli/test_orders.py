"""Orders on the command line."""

import json
import re

import pytest

from hounsfield.index.database import IndexConfig
from hounsfield.index.index import open_index

GIVEN = ("PatientName=Doe^Jane", "PatientID=P1", "Modality=CT",
         "ScheduledProcedureStepStartDate=20261124", "ScheduledStationAETitle=CT1")  # fmt: skip


@pytest.fixture(autouse=True)
def data(tmp_path):
    open_index(IndexConfig(tmp_path / "data" / "index.db")).close()


def test_an_order_is_added_listed_changed_and_cancelled(run):
    assert "for Doe^Jane" in run("order", "add", *GIVEN).out
    (found,) = run("order", "list", "doe", "--date", "20261124", "--json").json
    assert (found["status"], found["StudyInstanceUID"][:5]) == ("scheduled", "2.25.")
    assert "Doe^Jane" in run("order", "list").out
    assert run("order", "list", "--date", "20261125-", "--json").json == []
    done = run("order", "set", "1", "PatientSex=F", "--status", "arrived", "--json").json
    assert (done["PatientSex"], done["status"]) == ("F", "arrived")
    assert done["AccessionNumber"] == found["AccessionNumber"]
    run("order", "cancel", "1")
    assert run("order", "show", "1", "--json").json["status"] == "cancelled"
    shown = run("order", "show", "1").out
    assert "PatientName: Doe^Jane" in shown
    assert re.search(r"^created: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", shown, re.MULTILINE)
    assert "created by: local" in shown
    assert "_us" not in shown


def test_orders_come_from_a_file(run, tmp_path):
    one = dict(part.split("=", 1) for part in GIVEN) | {
        "PatientName": "山田^太郎",
        "Comments": "urgent",
        "RequestedProcedureCodeSequence": [
            {"CodeValue": "C1", "CodingSchemeDesignator": "99X", "CodeMeaning": "head"}
        ],
    }
    file = tmp_path / "orders.json"
    file.write_text(json.dumps([one, one | {"PatientID": "P2"}]), "utf-8")
    first, second = run("order", "add", "--from", file, "--json").json
    assert (first["PatientName"], second["PatientID"]) == ("山田^太郎", "P2")
    assert first["RequestedProcedureCodeSequence"][0]["CodeMeaning"] == "head"
    file.write_text("[1]")
    run("order", "add", "--from", file, code=2)


def test_what_cannot_be_done_is_said(run):
    assert "PatientID" in run("order", "add", "Modality=CT", code=1).err
    run("order", "add", "PatientName", code=2)
    assert "there is no order 7" in run("order", "show", "7", code=1).err
    run("order", "list", "--status", "lost", code=2)
    run("order", "set", "7", code=2)
    run("order", "show", "9" * 30, code=1)
    run("order", "list", "--limit", "9" * 30, code=2)
    assert "UTF-8" in run("order", "list", "\udcff", code=2).err
