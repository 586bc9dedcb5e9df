import io
import zipfile

import pytest
from tests.dicom.samples import make_file

PATH = "/api/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"


def test_the_list_shows_what_a_person_looks_for(site):
    site.put(
        make_file(
            PatientName="Müller^Jörg", SpecificCharacterSet="ISO_IR 100", StudyDescription="CT head"
        )
    )
    page = site.client.get("/api/studies?q=muller head").json()
    assert (page["total"], page["total_is_exact"]) == (1, True)
    (study,) = page["studies"]
    assert study["PatientName"] == "Müller^Jörg"
    assert study["status"] == "receiving"
    assert site.client.get("/api/studies?q=muller chest").json()["total"] == 0


def test_pages_are_sorted_by_what_is_asked_for(site):
    for n in range(4):
        uid = f"1.2.{n}"
        site.put(
            make_file(
                StudyInstanceUID=uid,
                SeriesInstanceUID=uid + ".1",
                SOPInstanceUID=uid + ".2",
                PatientID=f"P{n}",
            )
        )
    page = site.client.get("/api/studies?sort=-PatientID&page_size=3&page=2").json()
    assert [study["PatientID"] for study in page["studies"]] == ["P0"]
    assert page["total"] == 4


@pytest.mark.parametrize(
    "query", ["sort=size", "page=0", "page_size=9999", "StudyDate=soon", "status=odd"]
)
def test_what_cannot_be_asked_is_400_with_words(site, query):
    answer = site.client.get(f"/api/studies?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_two_people_with_one_id_are_shown_apart_and_flagged(site):
    site.put(make_file())
    site.put(
        make_file(
            PatientName="Roe^Jane",
            StudyInstanceUID="1.9",
            SeriesInstanceUID="1.9.1",
            SOPInstanceUID="1.9.2",
        )
    )
    studies = site.client.get("/api/studies").json()["studies"]
    assert [study["identity_conflict"] for study in studies] == [True, True]
    detail = site.client.get("/api/studies/1.2.3").json()
    assert [other["PatientName"] for other in detail["same_patient_id"]] == ["Roe^Jane"]


def test_a_study_lists_its_series_with_what_they_are(site):
    site.put(make_file())
    site.put(
        make_file(
            SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
            SeriesInstanceUID="1.2.3.2",
            SOPInstanceUID="1.2.3.9",
            Modality="SR",
            pixels=b"",
        )
    )
    series = {
        one["Modality"]: one for one in site.client.get("/api/studies/1.2.3").json()["series"]
    }
    assert series["CT"]["is_image"]
    assert series["CT"]["thumbnail_url"]
    assert not series["SR"]["is_image"]
    assert site.client.get("/api/studies/9").status_code == 404


def test_attributes_are_shown_as_a_tree(site):
    site.put(make_file())
    found = {one["keyword"]: one for one in site.client.get(f"{PATH}/attributes").json()}
    assert found["PatientName"]["value"] == "Doe^Jane"
    assert found["PatientName"]["tag"] == "(0010,0010)"


def test_downloads_are_the_stored_bytes(site):
    data = make_file()
    site.put(data)
    assert site.client.get(f"{PATH}/file").content == data
    for path in ("/api/studies/1.2.3/archive.zip", "/api/studies/1.2.3/series/1.2.3.1/archive.zip"):
        with zipfile.ZipFile(io.BytesIO(site.client.get(path).content)) as archive:
            assert [archive.read(name) for name in archive.namelist()] == [data]


def upload(site, data, name="x"):
    return site.client.post(f"/api/uploads?name={name}", content=data).json()["results"]


def test_an_upload_says_what_became_of_it(site):
    data = make_file()
    assert [one["outcome"] for one in upload(site, data)] == ["stored"]
    assert [one["outcome"] for one in upload(site, data)] == ["duplicate"]
    assert [one["outcome"] for one in upload(site, b"just a text")] == ["skipped"]
    assert [one["outcome"] for one in upload(site, b"")] == ["skipped"]
    (failed,) = upload(site, data[:-4])
    assert (failed["outcome"], "cut short" in failed["reason"]) == ("failed", True)


def test_a_zip_is_taken_apart(site):
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep", make_file(SOPInstanceUID="1.2.3.6"))
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("one", make_file())
        archive.writestr("readme.txt", "hello")
        archive.writestr("inner.zip", inner.getvalue())
    results = upload(site, outer.getvalue(), "disc.zip")
    assert sorted(one["outcome"] for one in results) == ["skipped", "stored", "stored"]
    assert all(one["name"].startswith("disc.zip/") for one in results)


def test_a_zip_bomb_is_not_unpacked_to_its_end(site):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(256 << 20))
    (result,) = upload(site, bomb.getvalue())
    # told by its beginning: what is no DICOM is read no further
    assert result["outcome"] == "skipped"
    assert site.store.index.totals().instances == 0


def test_totals_and_server_say_how_much_and_where(site):
    site.put(make_file())
    assert site.client.get("/api/totals").json()["instances"] == 1
    assert site.client.get("/api/server").json()["ae_title"] == "HOUNSFIELD"


def test_other_sites_get_nothing(site):
    for host in ("evil.example", "[", "localhost.evil.example", ""):
        assert site.client.get("/api/totals", headers={"Host": host}).status_code == 403
    for origin in ("http://evil.example", "http://[", "null"):
        headers = {"Origin": origin}
        assert site.client.post("/api/peers/x/test", headers=headers).status_code == 403
    foreign = {"Origin": "http://evil.example"}
    assert site.client.post("/api/uploads", content=b"", headers=foreign).status_code == 403
    assert site.client.get("/healthz").text == "ok"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.js",
        "/nothing.js",
        "/assets/../../pyproject.toml",
        "/..%2f..%2fetc/passwd.txt",
    ],
)
def test_files_outside_the_app_are_not_there(site, path):
    assert site.client.get(path).status_code == 404
