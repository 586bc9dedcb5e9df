"""A study is deleted on its page, gone from the list, and comes back: by Undo, and from the trash."""

import httpx
import pytest
from tests.dicom.samples import make_file


@pytest.fixture
def study(server):
    content = make_file(StudyDescription="CT head")
    headers = {"Content-Type": "application/dicom"}
    assert httpx.post(f"{server.dicomweb}/studies", content=content, headers=headers).is_success
    return "1.2.3"


def delete(app, study):
    app.page.goto(f"{app.server.http}/studies/{study}")
    app("study-header").wait_for()
    app.run("study.delete")
    app("delete-what").wait_for()
    assert "Doe" in app("delete-what").inner_text()
    app.page.get_by_label("Reason").fill("a trial")


def test_a_deleted_study_comes_back_by_undo_and_from_the_trash(wide, study):
    delete(wide, study)
    wide("confirm").click()
    undo = wide.page.get_by_role("button", name="Undo")
    undo.wait_for()
    wide.until("gone from the list", lambda: wide("study-row").count() == 0)
    undo.click()
    wide.until("in the list again", lambda: wide("study-row").count() == 1)
    delete(wide, study)
    wide("confirm").click()
    wide.page.get_by_role("button", name="Undo").wait_for()
    wide.run("app.go-trash")
    row = wide("deletions").get_by_test_id("row")
    row.wait_for()
    assert "CT head" in row.inner_text()
    assert "a trial" in row.inner_text()
    wide.shoot("trash")
    wide("restore").click()
    wide.until("the trash is empty", lambda: wide("no-deletions").count() == 1)
    wide.run("app.go-studies")
    wide.until("in the list again", lambda: wide("study-row").count() == 1)
