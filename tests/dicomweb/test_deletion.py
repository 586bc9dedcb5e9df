"""DELETE over DICOMweb: refused unless the site lets clients, then gone for every way to ask."""

import pytest
from tests.dicom.samples import make_file
from tests.dicomweb.conftest import open_site

from hounsfield.dicomweb.parts import DicomWebPolicy

BASE = "/dicom-web"
STUDY = f"{BASE}/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"


@pytest.fixture
def permissive(tmp_path):
    with open_site(tmp_path, policy=DicomWebPolicy(may_delete=True)) as opened:
        yield opened


def test_clients_may_not_delete_unless_the_site_lets_them(site):
    site.put(make_file())
    for path in (STUDY, SERIES, INSTANCE):
        answer = site.client.delete(path)
        assert answer.status_code == 403
        assert "dicomweb.delete" in answer.json()["detail"]
    assert site.client.get(f"{STUDY}/metadata").status_code == 200


@pytest.mark.parametrize("path", [STUDY, SERIES, INSTANCE])
def test_what_was_deleted_is_gone_for_every_way_to_ask(permissive, path):
    # WADO-01, WEB-09
    permissive.put(make_file())
    assert permissive.client.get(INSTANCE).status_code == 200
    etag = permissive.client.get(f"{SERIES}/metadata").headers["ETag"]
    assert permissive.client.delete(path).status_code == 204
    ways = ["", "/metadata", "/frames/1", "/thumbnail", "/rendered", "/bulkdata/7FE00010"]
    for way in ways:
        answer = permissive.client.get(INSTANCE + way)
        assert answer.status_code == 410, way
        assert "deleted" in answer.json()["detail"]
    stale = permissive.client.get(f"{SERIES}/metadata", headers={"If-None-Match": etag})
    assert stale.status_code == 410 if path != INSTANCE else 404
    for search in ("/studies", "/series", "/instances", "/studies/1.2.3/series"):
        assert permissive.client.get(BASE + search).status_code == 204
    assert permissive.client.get("/api/totals").json()["instances"] == 0
    assert permissive.client.delete(path).status_code == 410


def test_what_never_was_is_404(permissive):
    permissive.put(make_file())
    assert permissive.client.delete(f"{BASE}/studies/1.9").status_code == 404
    assert permissive.client.delete(f"{STUDY}/series/1.9").status_code == 404


def test_what_is_left_of_a_study_is_still_there(permissive):
    permissive.put(make_file())
    permissive.put(make_file(SOPInstanceUID="1.2.3.5"))
    permissive.client.delete(INSTANCE)
    assert len(permissive.client.get(f"{STUDY}/metadata").json()) == 1
    assert len(permissive.client.get(f"{SERIES}/metadata").json()) == 1


def test_what_comes_again_is_there_again(permissive):
    permissive.put(make_file())
    before = permissive.client.get(f"{SERIES}/metadata").headers["ETag"]
    permissive.client.delete(STUDY)
    permissive.put(make_file(PatientSex="F"))
    answer = permissive.client.get(f"{SERIES}/metadata", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert answer.json()[0]["00100040"]["Value"] == ["F"]
