"""The change feed by the JSON API."""

import json
import threading

import pytest
from tests.dicom.samples import make_file

from hounsfield.archive.access import LOCAL
from hounsfield.archive.trash import Trash


def changes(site, **parameters):
    return site.client.get("/api/changes", params=parameters).json()


def test_everything_that_happened_is_told_in_order_and_in_pages(site):
    for number in range(3):
        site.put(make_file(SOPInstanceUID=f"1.2.3.{number}"))
    Trash(site.store).delete(LOCAL, "1.2.3")
    page = changes(site, limit=2)
    assert [one["SOPInstanceUID"] for one in page["changes"]] == ["1.2.3.0", "1.2.3.1"]
    assert page["has_more"]
    assert page["last"] == page["changes"][-1]["sequence"]
    rest = changes(site, since=page["last"])
    assert [(one["kind"], one["actor"]) for one in rest["changes"]] == [
        ("stored", "local"),
        ("deleted", "local"),
    ]
    assert not rest["has_more"]
    assert changes(site, since=rest["last"]) == {
        "changes": [],
        "last": rest["last"],
        "has_more": False,
    }


def test_a_change_a_line_for_programs_that_like_lines(site):
    site.put(make_file())
    answer = site.client.get("/api/changes", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    (line,) = answer.text.splitlines()
    assert json.loads(line)["StudyInstanceUID"] == "1.2.3"


def test_who_waits_hears_of_the_next_change_and_else_gets_an_empty_page(site):
    assert changes(site, wait_s=0.05)["changes"] == []
    later = threading.Timer(0.3, site.put, [make_file()])
    later.start()
    found = changes(site, wait_s=30)
    later.join()
    assert [one["kind"] for one in found["changes"]] == ["stored"]


@pytest.mark.parametrize("query", ["since=-1", "limit=0", "limit=many", "wait_s=3600"])
def test_what_cannot_be_asked_is_400(site, query):
    assert site.client.get(f"/api/changes?{query}").status_code == 400
