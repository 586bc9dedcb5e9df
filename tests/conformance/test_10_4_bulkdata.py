"""PS3.18 10.4 Retrieve: Bulkdata and Pixel Data Resources (10.4.1.1.5, 10.4.1.1.7)."""

import pytest
from tests.conformance.target import JSON, OCTETS, media_type_of, parts_of

SECTION = "10.4 Retrieve: bulkdata and pixel data"


def address_of(target, instance, tag="7FE00010"):
    (item,) = target.expect(target.get(instance.path + "/metadata", JSON), 200).json()
    return item[tag]["BulkDataURI"]


def test_bulk_data_is_at_the_address_that_the_metadata_gives(target, ct, implicit):
    # WADO-02
    for instance in (ct[0], implicit):
        answer = target.expect(target.get(address_of(target, instance), OCTETS), 200)
        (part,) = parts_of(answer)
        assert part.body == instance.dataset.PixelData


def test_bulk_data_says_by_which_address_it_is_known(target, ct):
    # WEB-04, 10.4.3.3.5: Content-Location is the URI in the metadata
    address = address_of(target, ct[0])
    (part,) = parts_of(target.expect(target.get(address, OCTETS), 200))
    assert part.headers.get("content-location", "") in (address, address.removeprefix(target.base))


def test_bulk_data_comes_as_a_single_part(target, ct):
    # 8.7.3
    address = address_of(target, ct[0])
    answer = target.expect(target.get(address, "application/octet-stream"), 200, is_optional=True)
    assert media_type_of(answer) == "application/octet-stream"
    assert answer.content == ct[0].dataset.PixelData


def test_a_range_of_bulk_data_is_given(target, ct):
    # WADO-02, WEB-11, RFC 9110 14
    address, whole = address_of(target, ct[0]), ct[0].dataset.PixelData
    for asked, wanted in (
        ("bytes=0-99", whole[:100]),
        ("bytes=100-", whole[100:]),
        ("bytes=-10", whole[-10:]),
        (f"bytes=2000-{10**9}", whole[2000:]),
    ):
        answer = target.get(address, "application/octet-stream", headers={"Range": asked})
        target.expect(answer, 200, 206, is_optional=True)
        if answer.status_code == 200:  # a server may disregard it (RFC 9110 14.2)
            target.not_offered("ranges of bulk data")
        assert answer.content == wanted
        assert answer.headers["content-range"].endswith(f"/{len(whole)}")
    beyond = target.get(
        address, "application/octet-stream", headers={"Range": f"bytes={len(whole)}-"}
    )
    assert beyond.status_code == 416


def test_an_encapsulated_document_is_bulk_data_in_its_own_type_or_bytes(target, pdf):
    # 8.7.3.3
    for instance, tag in ((pdf, "00420011"),):
        (item,) = target.expect(target.get(instance.path + "/metadata", JSON), 200).json()
        if "InlineBinary" in item[tag]:
            return
        answer = target.expect(target.get(item[tag]["BulkDataURI"], "*/*"), 200)
        content = (
            parts_of(answer)[0].body
            if media_type_of(answer) == "multipart/related"
            else answer.content
        )
        assert content.rstrip(b"\0") == instance.dataset.EncapsulatedDocument.rstrip(b"\0")


@pytest.mark.parametrize("level", ["study_path", "series_path", "path"])
def test_bulk_data_of_a_study_a_series_and_an_instance(target, ct, level):
    # WADO-02: table 10.4.1-5
    answer = target.expect(target.get(getattr(ct[0], level) + "/bulkdata", OCTETS), 200)
    wanted = {"study_path": 4, "series_path": 3, "path": 1}[level]
    parts = parts_of(answer)
    assert len([part for part in parts if part.body == ct[0].dataset.PixelData]) == wanted


@pytest.mark.parametrize("level", ["study_path", "series_path", "path"])
def test_pixel_data_of_a_study_a_series_and_an_instance(target, ct, level):
    # WADO-01: table 10.4.1-7
    answer = target.expect(target.get(getattr(ct[0], level) + "/pixeldata", OCTETS), 200)
    wanted = {"study_path": 4, "series_path": 3, "path": 1}[level]
    assert [part.body for part in parts_of(answer)] == [ct[0].dataset.PixelData] * wanted


def test_bulk_data_that_is_not_there_is_404(target, ct):
    address = address_of(target, ct[0]).replace(ct[0].sop, ct[0].sop[:-4] + "1")
    assert target.get(address, "*/*").status_code == 404
