"""PS3.18 8.4 Header Fields, and what RFC 9110 says of those."""

import json
import re

import pytest
from tests.conformance.target import AS_STORED, JSON, OCTETS, parts_of, values

SECTION = "8.4 Header fields"


def test_a_compressed_answer_says_so_and_only_where_it_is_taken(target, ct):
    # 8.4: Accept-Encoding
    path = ct[0].series_path + "/metadata"
    plain = target.expect(target.get(path, JSON, headers={"Accept-Encoding": "identity"}), 200)
    assert plain.headers.get("content-encoding", "identity") == "identity"
    packed = target.expect(target.get(path, JSON, headers={"Accept-Encoding": "gzip"}), 200)
    assert packed.headers.get("content-encoding", "identity") in ("identity", "gzip")
    assert packed.json() == plain.json()


def test_the_length_that_is_told_is_the_length_that_comes(target, ct):
    for path, accept in ((ct[0].path + "/metadata", JSON), (ct[0].path + "/frames/1", OCTETS)):
        answer = target.get(path, accept, headers={"Accept-Encoding": "identity"})
        target.expect(answer, 200)
        told = answer.headers.get("content-length")
        assert told is None or int(told) == len(answer.content)


@pytest.mark.parametrize(
    ("resource", "accept"),
    [("series_path", "/metadata"), ("path", "/metadata"), ("path", "/frames/1"), ("path", "/thumbnail")],
)  # fmt: skip
def test_what_has_not_changed_is_not_sent_again(target, ct, resource, accept):
    # WEB-11, RFC 9110 13.1.2
    path = getattr(ct[0], resource) + accept
    first = target.expect(target.get(path, "*/*"), 200)
    tag = first.headers.get("etag")
    if tag is None:
        target.not_offered("no ETag")
    assert re.fullmatch(r'(W/)?"[^"]*"', tag), tag
    again = target.get(path, "*/*", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert not again.content
    other = target.get(path, "*/*", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


def test_addresses_in_answers_are_those_by_which_the_client_came(target, ct):
    # 8.2: the base URI is the client's
    metadata = target.expect(target.get(ct[0].path + "/metadata", JSON), 200).json()
    address = metadata[0]["7FE00010"].get("BulkDataURI")
    assert address, "pixel data without BulkDataURI"
    assert address.startswith(target.base)
    target.expect(target.get(address, OCTETS), 200)
    for item in target.found(f"/studies?StudyInstanceUID={ct[0].study}"):
        assert values(item, "00081190") == [f"{target.base}{ct[0].study_path}"]


def test_addresses_behind_a_proxy_are_those_of_the_proxy(target, ct):
    # WEB-10: RFC 7239 and what was usual before it
    for headers in (
        {"Forwarded": "proto=https;host=pacs.example.org"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pacs.example.org"},
    ):
        answer = target.get(ct[0].path + "/metadata", JSON, headers=headers)
        text = json.dumps(target.expect(answer, 200).json())
        if "https://pacs.example.org" not in text:
            target.not_offered(f"{next(iter(headers))} is not regarded")


def test_parts_say_where_they_are_from(target, ct):
    # WEB-04: Content-Location
    answer = target.expect(target.get(ct[0].series_path, AS_STORED), 200)
    places = {part.headers.get("content-location", "") for part in parts_of(answer)}
    if places == {""}:
        target.not_offered("no Content-Location")
    assert {place.rpartition("/")[2] for place in places} == {i.sop for i in ct[:3]}
