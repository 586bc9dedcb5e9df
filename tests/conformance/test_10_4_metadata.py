"""PS3.18 10.4 Retrieve: Metadata Resources (10.4.1.1.2)."""

from xml.etree import ElementTree as ET

from pydicom import Dataset
from tests.conformance.target import JSON, XML, parts_of, value, values

SECTION = "10.4 Retrieve: metadata"


def test_a_study_a_series_and_an_instance_have_metadata(target, ct):
    # WADO-01
    for path, wanted in (
        (ct[0].study_path, ct),
        (ct[0].series_path, ct[:3]),
        (ct[0].path, ct[:1]),
    ):
        found = target.expect(target.get(path + "/metadata", JSON), 200).json()
        assert sorted(value(one, "00080018") for one in found) == sorted(i.sop for i in wanted)


def test_metadata_says_what_the_data_set_says(target, ct, implicit, jpeg, report):
    # WADO-01
    for instance in (ct[0], implicit, jpeg, report):
        (item,) = target.expect(target.get(instance.path + "/metadata", JSON), 200).json()
        told = Dataset.from_json(item, lambda *_: b"")
        for element in instance.dataset:
            if (
                element.keyword not in ("PixelData", "SpecificCharacterSet")
                and not element.is_empty
            ):
                assert element.tag in told, element
                if element.VR not in ("OB", "OW", "UN", "SQ"):
                    assert told[element.tag].value == element.value, element


def test_file_meta_information_is_no_metadata(target, ct):
    # 10.4.1.1.2: "does not include any Group 0002"
    (item,) = target.expect(target.get(ct[0].path + "/metadata", JSON), 200).json()
    assert not [tag for tag in item if tag.startswith("0002")]


def test_pixel_data_is_told_by_its_address(target, ct, jpeg):
    # 10.4.1.1.2
    for instance in (ct[0], jpeg):
        (item,) = target.expect(target.get(instance.path + "/metadata", JSON), 200).json()
        assert item["7FE00010"].get("BulkDataURI")
        assert "Value" not in item["7FE00010"]


def test_xml_says_the_same(target, ct):
    # WEB-06, PS3.19 A.1
    answer = target.expect(target.get(ct[0].path + "/metadata", XML), 200)
    (part,) = parts_of(answer)
    model = ET.fromstring(part.body)
    names = {e.get("keyword"): e for e in model.iter() if e.tag.endswith("DicomAttribute")}
    texts = [v.text for v in names["SOPInstanceUID"] if v.tag.endswith("Value")]
    assert texts == [ct[0].sop]
    assert names["PatientName"].get("vr") == "PN"
    assert names["PatientName"].get("tag") == "00100010"


def test_xml_of_a_series_has_a_part_for_each_instance(target, ct):
    # WEB-06
    answer = target.expect(target.get(ct[0].series_path + "/metadata", XML), 200)
    assert len(parts_of(answer)) == 3


def test_names_in_other_alphabets_come_in_utf_8(target, names):
    # WEB-07, FILE-03
    answer = target.expect(target.get(names.path + "/metadata", JSON), 200)
    (item,) = answer.json()
    told = value(item, "00100010")
    assert told == {
        "Alphabetic": "Yamada^Tarou",
        "Ideographic": "山田^太郎",
        "Phonetic": "やまだ^たろう",
    }
    assert values(item, "00080005") in ([], ["ISO_IR 192"])
