"""PS3.18 8.2 Target Resources and 8.5 Status Codes."""

import pytest
from tests.conformance.data import fresh
from tests.conformance.target import JSON, media_type_of

SECTION = "8.2, 8.5 Resources and status codes"


def test_the_resources_of_one_study_hang_together(target, ct):
    # 8.2: what is stored is found under the URI templates of table 10.1-1
    for path in (ct[0].study_path, ct[0].series_path, ct[0].path):
        answer = target.expect(target.get(path + "/metadata", JSON), 200)
        assert any(item["00080018"]["Value"] == [ct[0].sop] for item in answer.json())


@pytest.mark.parametrize(
    "path",
    [
        "/studies/{0}/metadata",
        "/studies/{0}",
        "/studies/{0}/series/{0}/metadata",
        "/studies/{0}/series/{0}/instances/{0}",
        "/studies/{0}/series/{0}/instances/{0}/metadata",
        "/studies/{0}/series/{0}/instances/{0}/frames/1",
        "/nothing-of-this-name",
    ],
)
def test_what_does_not_exist_is_404(target, path):
    # WEB-09
    answer = target.get(path.format(fresh()), "*/*")
    assert answer.status_code == 404, answer.text


def test_an_instance_is_not_found_under_another_study_or_series(target, ct, implicit):
    for path in (
        f"{implicit.study_path}/series/{ct[0].series}/instances/{ct[0].sop}/metadata",
        f"{ct[0].study_path}/series/{implicit.series}/instances/{ct[0].sop}/metadata",
        f"{ct[3].series_path}/instances/{ct[0].sop}/metadata",
    ):
        assert target.get(path, JSON).status_code == 404


@pytest.mark.parametrize("uid", ["1.2.x", "..", "%00", "1" * 65, "1.2.3 ", "*", "1.2%2F3"])
def test_what_is_no_uid_is_an_error_of_the_client(target, uid):
    # WEB-12, PS3.5 9.1
    for path in (f"/studies/{uid}/metadata", f"/studies/1.2/series/{uid}/metadata"):
        assert target.get(path, JSON).status_code in (400, 404)


def test_a_method_that_a_resource_does_not_have_is_405_and_names_those_it_has(target):
    # RFC 9110 15.5.6
    answer = target.request("PATCH", "/studies", "*/*")
    assert answer.status_code in (405, 501)
    if answer.status_code == 405:
        assert "GET" in answer.headers.get("allow", "")


def test_an_error_is_never_told_with_a_status_of_success(target):
    # WEB-09
    for path, headers in (
        (f"/studies/{fresh()}", {}),
        ("/studies?limit=many", {}),
        ("/studies", {"Content-Type": "application/dicom"}),
    ):
        method = "POST" if headers else "GET"
        answer = target.request(method, path, JSON, headers=headers, content=b"no DICOM")
        assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"


def test_an_error_comes_with_words_in_a_type_that_is_told(target):
    # 8.5, WEB-09: a Status Report
    answer = target.get(f"/studies/{fresh()}/metadata", JSON)
    assert answer.status_code == 404
    assert answer.content.strip()
    assert media_type_of(answer)


def test_head_says_what_get_would(target, ct):
    # RFC 9110 9.3.2
    path = ct[0].path + "/metadata"
    head = target.expect(target.request("HEAD", path, JSON), 200)
    assert not head.content
    assert media_type_of(head) == media_type_of(target.get(path, JSON))
