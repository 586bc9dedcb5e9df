"""The trash by the JSON API."""

from tests.dicom.samples import make_file

from hounsfield.archive.trash import Trash


def delete(site, **parameters):
    return site.client.delete("/api/studies/1.2.3", params=parameters)


def test_a_study_is_deleted_seen_in_the_trash_and_brought_back(site):
    site.put(make_file(StudyDescription="CT head"))
    deleted = delete(site, reason="a test of the scanner").json()
    assert (deleted["level"], deleted["state"], deleted["reason"]) == (
        "study",
        "trash",
        "a test of the scanner",
    )
    assert deleted["description"] == "Doe, Jane · P1 · CT head · 2026-01-31"
    assert site.client.get("/api/studies").json()["total"] == 0
    assert site.client.get("/api/studies/1.2.3").status_code == 410
    page = site.client.get("/api/trash").json()
    assert (page["total"], page["deletions"], page["keeps_days"]) == (1, [deleted], 30)
    assert deleted["deleted_at"] < deleted["removed_at"]
    answer = site.client.post(f"/api/trash/{deleted['uid']}/restore")
    assert (answer.status_code, answer.json()["state"]) == (202, "restoring")
    (job,) = site.client.get("/api/jobs").json()["jobs"]
    assert (job["kind"], job["title"]) == ("trash", "Return of 1 instance of a deleted study")
    Trash(site.store).settle_all()  # as the job does
    assert site.client.get("/api/studies").json()["total"] == 1
    assert site.client.get("/api/trash").json()["total"] == 0
    assert site.client.post(f"/api/trash/{deleted['uid']}/restore").status_code == 409


def test_what_is_removed_for_good_does_not_come_back(site):
    site.put(make_file())
    uid = delete(site).json()["uid"]
    assert site.client.delete(f"/api/trash/{uid}").status_code == 202
    assert site.client.get("/api/trash").json()["total"] == 0
    assert site.client.post(f"/api/trash/{uid}/restore").status_code == 409
    Trash(site.store).settle_all()
    assert list(site.store.storage.walk()) == []


def test_what_is_not_there_is_not_deleted_and_not_brought_back(site):
    assert delete(site).status_code == 404
    assert site.client.post("/api/trash/no-deletion/restore").status_code == 404
    assert site.client.delete("/api/trash/no-deletion").status_code == 404
