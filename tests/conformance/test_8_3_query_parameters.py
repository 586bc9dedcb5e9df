"""PS3.18 8.3 Query Parameters."""

import pytest
from tests.conformance.target import JSON, media_type_of, parts_of, value

SECTION = "8.3 Query parameters"


def test_the_accept_parameter_chooses_as_the_header_does(target, ct):
    # 8.3.3.1, WEB-03
    path = ct[0].path + "/metadata"
    assert media_type_of(target.expect(target.get(f"{path}?accept={JSON}"), 200)) == JSON
    quoted = "multipart/related;%20type=%22application/dicom%2Bxml%22"
    answer = target.expect(target.get(f"{path}?accept={quoted}"), 200)
    assert parts_of(answer)[0].media_type == "application/dicom+xml"


def test_the_accept_parameter_goes_before_the_header(target, ct):
    # 8.3.3.1: where both are there the parameter is what is acceptable
    path = ct[0].path + "/metadata?accept=application/dicom%2Bjson"
    answer = target.expect(target.get(path, 'multipart/related; type="application/dicom+xml"'), 200)
    assert media_type_of(answer) == JSON


def test_the_charset_parameter_is_taken(target, names):
    # 8.3.3.2
    answer = target.expect(target.get(names.path + "/metadata?charset=utf-8", JSON), 200)
    assert value(answer.json()[0], "00100010")["Ideographic"] == "山田^太郎"


def test_parameters_that_nobody_knows_are_ignored(target, ct):
    # 8.3.1, WEB-12
    found = target.found(f"/studies?StudyInstanceUID={ct[0].study}&nobodyknowsthis=1&_=2")
    assert len(found) == 1
    target.expect(target.get(ct[0].path + "/metadata?nobodyknowsthis=1", JSON), 200)


@pytest.mark.parametrize("query", ["limit=many", "limit=-1", "offset=x", "StudyDate=yesterday"])
def test_parameters_that_cannot_be_understood_are_400(target, query):
    # WEB-12
    assert target.get(f"/studies?{query}", JSON).status_code == 400


def test_values_are_percent_encoded(target, ct):
    # RFC 3986 2.1, QIDO-06: ^ and * and = may come encoded
    for name in ("Conformance%5ECurt", "Conformance^Curt", "Conformance%5EC%2A", "Conf%2a"):
        found = target.found(f"/studies?PatientName={name}&StudyInstanceUID={ct[0].study}")
        assert [value(item, "0020000D") for item in found] == [ct[0].study], name


def test_names_and_order_of_parameters_are_as_the_client_likes(target, ct):
    # 8.3.4.1: keyword or tag, both are the same attribute
    uid, number = ct[0].study, ct[0].dataset.AccessionNumber
    for query in (
        f"limit=1&AccessionNumber={number}&StudyInstanceUID={uid}",
        f"00080050={number}&0020000D={uid}&limit=1",
        f"0020000d={uid}",
    ):
        assert [value(i, "0020000D") for i in target.found(f"/studies?{query}")] == [uid], query
