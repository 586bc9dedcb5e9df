import pytest
from tests.dicom.samples import make_file
from tests.instances import part10

BASE = "/dicom-web"
INSTANCE = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"


def test_no_match_is_204_and_malformed_is_400(site):
    # QIDO-02, WEB-12
    assert site.client.get(f"{BASE}/studies").status_code == 204
    for query in (
        "limit=x",
        "offset=-1",
        "StudyDate=never",
        "StudyInstanceUID=1.*",
        "fuzzymatching=perhaps",
    ):
        assert site.client.get(f"{BASE}/studies?{query}").status_code == 400, query
    assert site.client.get(f"{BASE}/studies?nonsense=1").status_code == 204


@pytest.fixture
def filled(site):
    for n in range(5):
        site.put(
            make_file(
                StudyInstanceUID=f"1.2.{n}",
                SeriesInstanceUID=f"1.2.{n}.1",
                SOPInstanceUID=f"1.2.{n}.1.1",
                StudyDate=f"2026010{n + 1}",
                PatientName=f"Doe{n}^Jane",
                PatientID=f"P{n}",
            )
        )
    return site


def uids(answer, tag="0020000D"):
    return [one[tag]["Value"][0] for one in answer.json()] if answer.status_code == 200 else []


@pytest.mark.parametrize(
    "path",
    [
        "/studies",
        "/series",
        "/instances",
        "/studies/1.2.0/series",
        "/studies/1.2.0/instances",
        "/studies/1.2.0/series/1.2.0.1/instances",
    ],
)
def test_every_search_resource_answers(filled, path):
    # QIDO-01, QIDO-07
    answer = filled.client.get(BASE + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert all(one["00081190"]["Value"] for one in answer.json())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # QIDO-01, QIDO-06
        ("PatientID=P3", ["1.2.3"]),
        ("00100020=P3", ["1.2.3"]),
        ("PatientName=doe3*", ["1.2.3"]),
        ("PatientName=*3%5EJ*", ["1.2.3"]),
        ("StudyInstanceUID=1.2.1,1.2.2", ["1.2.2", "1.2.1"]),
        ("StudyDate=20260104-", ["1.2.4", "1.2.3"]),
        ("ModalitiesInStudy=CT&limit=2", ["1.2.4", "1.2.3"]),
        ("Modality=MR", []),
        ("limit=2&offset=4", ["1.2.0"]),
    ],
)
def test_studies_are_found_by_their_keys(filled, query, expected):
    assert uids(filled.client.get(f"{BASE}/studies?{query}")) == expected


def test_pages_follow_each_other_and_say_how_much_is_left(filled):
    # QIDO-03
    first = filled.client.get(f"{BASE}/studies?limit=2")
    assert first.headers["warning"].startswith("299 ")
    assert "3 additional" in first.headers["warning"]
    rest = filled.client.get(f"{BASE}/studies?limit=10&offset=2")
    assert "warning" not in rest.headers
    assert uids(first) + uids(rest) == ["1.2.4", "1.2.3", "1.2.2", "1.2.1", "1.2.0"]


def test_names_that_sound_alike_and_empty_values_are_found_where_they_are_asked_for(filled):
    # QIDO-04, QR-03
    assert uids(filled.client.get(f"{BASE}/studies?PatientName=Jayne%5ED3")) == []
    answer = filled.client.get(f"{BASE}/studies?PatientName=Jayne%20Dough3&fuzzymatching=true")
    assert "warning" not in answer.headers
    alike = filled.client.get(f"{BASE}/studies?PatientName=Jean&fuzzymatching=true")
    assert len(uids(alike)) == 5
    empty = "&emptyvaluematching=true"
    assert len(uids(filled.client.get(f"{BASE}/studies?PatientComments=%22%22{empty}"))) == 5
    assert uids(filled.client.get(f"{BASE}/studies?PatientID=%22%22{empty}")) == []


def test_an_instance_comes_back_to_the_byte(site):
    # WADO-01
    data = make_file()
    site.put(data)
    single = site.client.get(BASE + INSTANCE, headers={"Accept": "application/dicom"})
    assert single.content == data
    many = site.client.get(f"{BASE}/studies/1.2.3")
    assert many.headers["content-type"].startswith('multipart/related; type="application/dicom"')
    assert data in many.content


def test_frames_come_in_the_order_asked_for_with_their_syntax(site):
    # WADO-01, WADO-03, WEB-05
    site.put(make_file(NumberOfFrames=3, pixels=bytes(range(24))))
    answer = site.client.get(f"{BASE}{INSTANCE}/frames/3,1")
    assert answer.content.index(bytes(range(16, 24))) < answer.content.index(bytes(range(8)))
    assert (
        b"Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
        in answer.content
    )
    single = site.client.get(
        f"{BASE}{INSTANCE}/frames/2", headers={"Accept": "application/octet-stream"}
    )
    assert single.content == bytes(range(8, 16))
    assert site.client.get(f"{BASE}{INSTANCE}/frames/4").status_code == 404
    for path in ("0", "x", "1,,2", "-1"):
        assert site.client.get(f"{BASE}{INSTANCE}/frames/{path}").status_code == 400
    assert (
        site.client.get(f"{BASE}{INSTANCE}/frames/1", headers={"Accept": "text/html"}).status_code
        == 406
    )


def test_frames_of_a_deflated_data_set_are_given_as_they_were_before(site):
    # WADO-03
    deflated = "1.2.840.10008.1.2.1.99"
    content = part10(
        transfer_syntax_uid=deflated, NumberOfFrames="2", PixelData=bytes(range(64)),
        StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", SOPInstanceUID="1.2.3.1.1",
    )  # fmt: skip
    site.put(content)
    path = f"{BASE}/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/frames"
    octets = {"Accept": "application/octet-stream"}
    single = site.client.get(f"{path}/2", headers=octets)
    assert single.content == bytes(range(32, 64))
    assert single.headers["content-type"].endswith("transfer-syntax=1.2.840.10008.1.2.1")
    assert bytes(range(32)) in site.client.get(f"{path}/1,2").content
    assert site.client.get(f"{path}/3", headers=octets).status_code == 404


def test_metadata_is_current_and_says_when_it_has_not_changed(site):
    # WEB-06, WEB-11
    site.put(make_file())
    path = f"{BASE}/studies/1.2.3/series/1.2.3.1/metadata"
    first = site.client.get(path)
    assert len(first.json()) == 1
    again = site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    site.put(make_file(SOPInstanceUID="1.2.3.5", InstanceNumber=8))
    grown = site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert grown.status_code == 200
    assert len(grown.json()) == 2


def test_bulk_data_is_found_by_the_uri_in_the_metadata_and_in_ranges(site):
    # WADO-02, WEB-11
    site.put(make_file())
    uri = site.client.get(f"{BASE}{INSTANCE}/metadata").json()[0]["7FE00010"]["BulkDataURI"]
    assert site.client.get(uri).content == b"\1\0\2\0\3\0\4\0"
    part = site.client.get(uri, headers={"Range": "bytes=2-3"})
    assert (part.status_code, part.content) == (206, b"\2\0")
    assert site.client.get(uri, headers={"Range": "bytes=99-"}).status_code == 416


@pytest.mark.parametrize(
    "path",
    ["/studies/9", "/studies/9/metadata", "/studies/9/series/9/thumbnail", f"{INSTANCE}/frames/1"],
)
def test_what_is_not_here_is_404_with_words(site, path):
    # WEB-09
    answer = site.client.get(BASE + path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


def test_a_thumbnail_is_a_jpeg_of_the_size_asked_for(site):
    # WADO-06
    site.put(make_file(Rows=32, Columns=32, pixels=bytes(range(256)) * 8))
    answer = site.client.get(f"{BASE}/studies/1.2.3/series/1.2.3.1/thumbnail?viewport=64,64")
    assert answer.content.startswith(b"\xff\xd8")
    assert site.client.get(f"{BASE}{INSTANCE}/thumbnail?viewport=0,9").status_code == 400
