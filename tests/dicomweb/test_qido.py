"""QIDO-RS, rule by rule."""

import io
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from pydicom import Dataset, Sequence, dcmread, dcmwrite
from tests.dicomweb.conftest import open_site
from tests.instances import part10

from hounsfield.archive.access import Principal
from hounsfield.archive.search import Search
from hounsfield.dicom.query import Level
from hounsfield.dicomweb import qido, searching
from hounsfield.errors import Refused

BASE = "/dicom-web"
STUDY, SERIES = "1.2.3", "1.2.3.1"
OF_STUDIES = (
    "00080020 00080030 00080050 00080056 00080061 00080090 00081190 00100010 00100020 00100030 "
    "00100040 0020000D 00200010 00201206 00201208"
)


def code(value: str, scheme: str = "99TEST") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, value.title()
    return item


def request(step: str, protocol: str) -> Dataset:
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = step, f"R{step}"
    item.ScheduledProtocolCodeSequence = Sequence([code(protocol)])
    return item


def with_private(data: bytes) -> bytes:
    dataset = dcmread(io.BytesIO(data))
    block = dataset.private_block(0x0029, "TEST GROUP", create=True)
    block.add_new(0x10, "LO", "private text")
    out = io.BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two patients: one with a CT study of two series, one with an MR study without a name of its own."""
    with open_site(tmp_path_factory.mktemp("qido")) as opened:
        common = {
            "StudyInstanceUID": STUDY,
            "PatientName": "Doe^Jane^^Dr.=\u5c71\u7530^\u592a\u90ce",
            "PatientID": "P*1",
            "StudyDate": "20260131",
            "StudyTime": "080512.25",
            "TimezoneOffsetFromUTC": "+0100",
            "PatientWeight": "70.50",
            "Allergies": "pollen",
            "RequestAttributesSequence": Sequence([request("S1", "HEAD")]),
        }
        for number in (1, 2, 3):
            data = part10(
                SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number}", InstanceNumber=str(number),
                SliceThickness=f"{number}.250", SliceLocation="10.00", KVP="120", **common,
            )  # fmt: skip
            opened.put(with_private(data))
        opened.put(
            part10(SeriesInstanceUID="1.2.3.2", SOPInstanceUID="1.2.3.2.1", SeriesNumber="2", Modality="SR",
                   SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", PixelData=None, **common)
        )  # fmt: skip
        opened.put(
            part10(
                StudyInstanceUID="1.2.4", SeriesInstanceUID="1.2.4.1", SOPInstanceUID="1.2.4.1.1",
                PatientName="Roe^Richard", PatientID="P21", StudyDate="20260201", StudyTime="2230", Modality="MR",
                AccessionNumber="", SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
            )
        )  # fmt: skip
        yield opened


def find(site, resource: str, **headers):
    return site.client.get(BASE + resource, headers=headers)


def uids(answer, tag: str = "0020000D") -> list[str]:
    return [one[tag]["Value"][0] for one in answer.json()] if answer.status_code == 200 else []


@pytest.mark.parametrize(
    ("resource", "count"),
    [
        ("/studies", 2),
        ("/series", 3),
        ("/instances", 5),
        (f"/studies/{STUDY}/series", 2),
        (f"/studies/{STUDY}/instances", 4),
        (f"/studies/{STUDY}/series/{SERIES}/instances", 3),
        (f"/series/{SERIES}/instances", 3),
    ],
)
def test_each_of_the_seven_resources_lists_what_lies_below_it(site, resource, count):
    # QIDO-01
    assert len(find(site, resource).json()) == count


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientID=P21", ["1.2.4"]),
        ("00100020=P21", ["1.2.4"]),
        ("RequestAttributesSequence.ScheduledProcedureStepID=S1", [STUDY]),
        ("00400275.00400009=S1", [STUDY]),
        ("00400275.00400008.00080100=HEAD", [STUDY]),
        ("00400275.00400008.00080100=HEAD&00400275.00400009=S2", []),
        ("00400275.00400009=other", []),
    ],
)
def test_attributes_are_named_by_keyword_by_tag_and_by_the_path_into_a_sequence(site, query, found):
    # QIDO-01: what is asked of a sequence is asked of one and the same item
    level = "/series" if "275" in query or "Request" in query else "/studies"
    assert sorted(set(uids(find(site, f"{level}?{query}")))) == found


def test_no_match_is_204_without_a_body(site):
    # QIDO-02
    answer = find(site, "/studies?PatientID=nobody")
    assert answer.status_code == 204
    assert answer.content == b""


def test_pages_follow_each_other_and_the_warning_says_how_much_is_left(site):
    # QIDO-03: results = min(max(0, matches - offset), limit), in one order however often it is asked
    whole = uids(find(site, "/instances"), "00080018")
    first = find(site, "/instances?limit=2")
    assert first.headers["warning"] == (
        '299 Hounsfield: "There are 3 additional results that can be requested"'
    )
    assert uids(find(site, "/instances?limit=2"), "00080018") == uids(first, "00080018")
    pages = [
        uids(find(site, f"/instances?limit=2&offset={offset}"), "00080018") for offset in (0, 2, 4)
    ]
    assert [one for page in pages for one in page] == whole
    assert "warning" not in find(site, "/instances?limit=2&offset=4").headers
    assert find(site, "/instances?offset=5").status_code == 204


def test_every_kind_of_matching_is_done_and_only_when_asked_for(site):
    # QIDO-04
    assert uids(find(site, "/studies?PatientName=Jayne%5EDo")) == []
    fuzzy = find(site, "/studies?PatientName=Jayne%5EDoh&fuzzymatching=true")
    assert uids(fuzzy) == [STUDY]
    assert "warning" not in fuzzy.headers
    empty = "/studies?AccessionNumber=%22%22&emptyvaluematching=true"
    assert uids(find(site, empty)) == ["1.2.4"]
    both = "/studies?ModalitiesInStudy=CT,SR"
    assert uids(find(site, both)) == [STUDY]
    assert uids(find(site, "/studies?ModalitiesInStudy=CT,MR")) == ["1.2.4", STUDY]
    assert uids(find(site, f"{both}&multiplevaluematching=true")) == [STUDY]
    none_has_both = "/studies?ModalitiesInStudy=CT,MR&multiplevaluematching=true"
    assert uids(find(site, none_has_both)) == []


def test_what_cannot_be_matched_is_told(site):
    # QIDO-04: a filter that is passed over in silence shows more than was asked for
    answer = find(site, "/studies?KVP=7")
    assert len(answer.json()) == 2
    assert "00180060" in answer.headers["warning"]


def test_further_attributes_are_included_at_their_own_level_only(site):
    # QIDO-05
    listed = "/instances?includefield=SliceThickness,00180060&includefield=PatientID,Allergies"
    found = find(site, f"/studies/{STUDY}/series/{SERIES}{listed}")
    assert b'"00180050":{"vr":"DS","Value":[1.250]}' in found.content
    first = found.json()[0]
    assert first["00180060"]["Value"] == [120]
    assert first["00100020"]["Value"] == ["P*1"]
    assert first["00102110"]["Value"] == ["pollen"]
    study = find(site, "/studies?PatientID=P%5C*1&includefield=Allergies,SliceThickness,Modality")
    assert study.status_code == 204  # a backslash is no escape
    study = find(site, "/studies?PatientID=P*1&includefield=Allergies,SliceThickness,Modality")
    of_first = study.json()[-1]
    assert of_first["00102110"]["Value"] == ["pollen"]
    assert not {"00180050", "00080060"} & of_first.keys()


def test_the_digits_of_numbers_stay_as_they_were_sent(site):
    # QIDO-05, WEB-07
    assert b'"00101030":{"vr":"DS","Value":[70.50]}' in find(site, "/studies").content
    instances = find(site, f"/series/{SERIES}/instances")
    assert b'"00201041":{"vr":"DS","Value":[10.00]}' in instances.content


def test_all_includes_what_is_indexed_of_all_levels(site):
    # QIDO-05
    found = find(site, f"/studies/{STUDY}/series?includefield=all").json()[0]
    assert {"00100010", "00080020", "0008103E", "00201209", "00400275"} <= found.keys()


def test_private_elements_come_with_their_creator(site):
    # QIDO-05
    found = find(site, f"/series/{SERIES}/instances?includefield=00291010").json()[0]
    assert found["00290010"]["Value"] == ["TEST GROUP"]
    assert found["00291010"]["Value"] == ["private text"]


def test_of_a_sequence_all_or_only_some_members_are_included(site):
    # QIDO-05
    path = f"/studies/{STUDY}/series/{SERIES}/instances?includefield="
    some = find(site, path + "00400275.00400009").json()[0]["00400275"]
    assert some == {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["S1"]}}]}
    whole = find(site, path + "RequestAttributesSequence").json()[0]["00400275"]["Value"][0]
    assert {"00400009", "00401001", "00400008"} <= whole.keys()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("StudyDate=20260201-", ["1.2.4"]),
        ("StudyDate=-20260131", [STUDY]),
        ("StudyDate=20260101-20261231", ["1.2.4", STUDY]),
        ("StudyTime=0700-0900", [STUDY]),
        (f"StudyInstanceUID={STUDY},1.2.4", ["1.2.4", STUDY]),
        (f"StudyInstanceUID={STUDY}%5C1.2.4", ["1.2.4", STUDY]),
        ("PatientName=doe%5Ejane*", [STUDY]),
        ("PatientName=DOE^J*", [STUDY]),
        ("PatientName=Doe%5EJane%5E%5EDr.%3D%E5%B1%B1%E7%94%B0*", [STUDY]),
        ("PatientName=%E5%B1%B1%E7%94%B0%5E%E5%A4%AA%E9%83%8E", [STUDY]),
        ("PatientName=%2Adoe%2A", [STUDY]),
        ("PatientID=P%2A", ["1.2.4", STUDY]),
        ("PatientID=P?1", ["1.2.4", STUDY]),
        ("PatientID=p21", []),
        ("PatientName=", ["1.2.4", STUDY]),
        ("PatientName=*", ["1.2.4", STUDY]),
    ],
)
def test_values_mean_what_they_mean_in_c_find(site, query, found):
    # QIDO-06
    assert uids(find(site, f"/studies?{query}")) == found


@pytest.mark.parametrize(
    ("resource", "required"),
    [
        (
            "/studies",
            OF_STUDIES,
        ),
        (
            f"/studies/{STUDY}/series",
            "00080060 0008103E 00081190 0020000D 0020000E 00200011 00201209 00400275 00080056",
        ),
        (
            f"/series/{SERIES}/instances",
            "00080016 00080018 00080056 00081190 0020000D 0020000E 00200013 00280010 00280011 00280100",
        ),
    ],
)
def test_answers_have_what_each_level_requires_in_ascending_order(site, resource, required):
    # QIDO-07, WEB-07 (tables 10.6.3-3 to 10.6.3-5)
    for one in find(site, resource).json():
        assert set(required.split()) - one.keys() <= {"00400275"}
        assert list(one) == sorted(one)


def test_counts_and_addresses_are_right(site):
    # QIDO-07
    study = find(site, f"/studies?StudyInstanceUID={STUDY}").json()[0]
    assert study["00201206"]["Value"] == [2]
    assert study["00201208"]["Value"] == [4]
    assert study["00080061"]["Value"] == ["CT", "SR"]
    base = f"http://127.0.0.1{BASE}/studies/{STUDY}"
    assert study["00081190"]["Value"] == [base]
    series = find(site, f"/studies/{STUDY}/series").json()[0]
    assert series["00081190"]["Value"] == [f"{base}/series/{SERIES}"]
    assert series["00201209"]["Value"] == [3]
    instance = find(site, f"/series/{SERIES}/instances").json()[1]
    assert instance["00081190"]["Value"] == [f"{base}/series/{SERIES}/instances/{SERIES}.2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # As one moment: both days are within the dates, the times alone would exclude both studies.
        ("StudyDate=20260131-20260201&StudyTime=080000-223000", ["1.2.4", STUDY]),
        ("StudyDate=20260131-20260201&StudyTime=090000-220000", []),
        ("StudyDate=20260131-20260202&StudyTime=090000-010000", ["1.2.4"]),
        # 08:05 at +0100 is 07:05 UTC.
        (f"StudyDate=20260131&StudyTime=0700-0710&TimezoneOffsetFromUTC=%2B0000&PatientID=P*1&StudyInstanceUID={STUDY}",
         [STUDY]),
        (f"StudyDate=20260131&StudyTime=0800-0810&TimezoneOffsetFromUTC=+0000&StudyInstanceUID={STUDY}", []),
    ],
)  # fmt: skip
def test_date_and_time_are_one_moment_in_the_time_zone_of_the_query(site, query, found):
    # QIDO-08
    assert uids(find(site, f"/studies?{query}")) == found


def test_who_may_not_search_gets_nothing(site):
    # QIDO-09: access is asked where the index is, not when pages are cut
    parts = SimpleNamespace(search=Search(site.index), retrieve=None)
    nobody = Principal("someone", "peer", may=frozenset({"retrieve"}))
    asked = qido.parse_query(Level.STUDY, {}, [])
    with pytest.raises(Refused):
        searching.answer(parts, nobody, asked, "http://x")


def test_unknown_parameters_are_ignored_and_malformed_ones_are_400(site):
    # WEB-12
    assert len(find(site, "/studies?nonsense=1&No.Such.Path=2&orderby=x").json()) == 2
    for query in (
        "limit=x", "limit=-1", "offset=1.5", "StudyDate=never", "StudyInstanceUID=1.*", "fuzzymatching=perhaps",
        "includefield=NoSuchThing", "StudyDate=20260101-20260102&StudyTime=01-02&TimezoneOffsetFromUTC=x",
    ):  # fmt: skip
        assert find(site, f"/studies?{query}").status_code == 400, query


@pytest.mark.parametrize("resource", ["/studies", "/workitems"])
def test_paths_that_lead_deeper_than_any_sequence_are_400(site, resource):
    path = ".".join(["00400275"] * 3000)
    for query in (f"{path}=1", f"{path}.PatientID=1"):
        answer = site.client.get(f"{BASE}{resource}?{query}")
        assert answer.status_code == 400
        assert "16" in answer.json()["detail"]
    within = ".".join(["RequestAttributesSequence"] * 15)
    answer = site.client.get(f"{BASE}{resource}?{within}.ScheduledProcedureStepID=1")
    assert answer.status_code in (200, 204)


@pytest.mark.parametrize(
    "accept",
    ["application/dicom+json", "application/json", "*/*", "", "text/html, */*;q=0.1",
     "multipart/related; type=application/dicom+json", "application/*"],
)  # fmt: skip
def test_json_is_the_default_and_never_refused(site, accept):
    # WEB-03, WEB-06
    answer = find(site, "/studies", Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] in {"application/dicom+json", "application/json"}
    assert find(site, "/studies?accept=application/json", Accept="image/png").status_code == 200


def test_other_forms_are_406(site):
    # WEB-09
    answer = find(site, "/studies", Accept="image/png")
    assert answer.status_code == 406
    assert answer.json()["detail"]


def test_xml_has_a_part_for_each_match(site):
    # WEB-06, WEB-04
    answer = find(site, "/studies", Accept='multipart/related; type="application/dicom+xml"')
    media_type, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert media_type == 'multipart/related; type="application/dicom+xml"'
    parts = answer.content.split(f"--{boundary}".encode())
    assert parts[0] == b""
    assert parts[-1] == b"--\r\n"
    assert len(parts) == 4
    for part in parts[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/dicom+xml"
        root = ET.fromstring(body.removesuffix(b"\r\n"))
        keywords = {one.get("keyword") for one in root}
        assert {"StudyInstanceUID", "PatientName", "NumberOfStudyRelatedInstances"} <= keywords
