"""PS3.18 Annex F DICOM JSON Model."""

import json
import re

from tests.conformance import data
from tests.conformance.conftest import stored
from tests.conformance.target import JSON, value, values

SECTION = "Annex F JSON model"


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def items(target, instance):
    answer = target.expect(target.get(instance.path + "/metadata", JSON), 200)
    # F.2: UTF-8, no NaN or Infinity (RFC 8259)
    return json.loads(answer.content.decode("utf-8"), parse_constant=refuse)


def walk(item):
    yield item
    for attribute in item.values():
        for one in attribute.get("Value", []):
            if attribute["vr"] == "SQ":
                yield from walk(one)


def test_attributes_are_in_the_form_of_the_annex(target, ct, report, jpeg, names):
    # WEB-07, F.2.2
    for instance in (ct[0], report, jpeg, names):
        for item in walk(items(target, instance)[0]):
            tags = list(item)
            assert tags == sorted(tags), "not in ascending order"
            for tag, attribute in item.items():
                assert re.fullmatch("[0-9A-F]{8}", tag), tag
                assert not tag.endswith("0000"), "a group length"
                assert re.fullmatch("[A-Z]{2}", attribute["vr"]), attribute
                kinds = {"Value", "BulkDataURI", "InlineBinary"} & attribute.keys()
                assert len(kinds) <= 1, attribute
                assert attribute.get("Value") != [], "an empty list of values"
                if attribute["vr"] == "PN":
                    for name in filter(None, attribute.get("Value", [])):
                        assert name.keys() <= {"Alphabetic", "Ideographic", "Phonetic"}


def test_numbers_are_numbers_or_the_strings_that_came(target, ct):
    # WEB-07: DS, IS
    (item,) = items(target, ct[0])
    assert values(item, "00280010") == [data.SIDE]
    spacing = values(item, "00280030")
    assert [float(one) for one in spacing] == [0.5, 0.5]


def test_an_empty_value_among_others_is_null(target):
    # WEB-07, F.2.5
    one = data.image(ImageType=["ORIGINAL", "", "AXIAL"], PatientComments="", ImageComments="x")
    stored(target, one)
    (item,) = items(target, one)
    assert values(item, "00080008") == ["ORIGINAL", None, "AXIAL"]
    assert item["00104000"] == {"vr": "LT"}


def test_attribute_tags_are_eight_digits(target):
    # WEB-07: AT
    one = data.image(FrameIncrementPointer=[0x00181063, 0x00540010])
    stored(target, one)
    (item,) = items(target, one)
    assert values(item, "00280009") == ["00181063", "00540010"]


def test_floats_that_json_has_no_word_for_do_not_break_it(target):
    # WEB-07: no NaN, no Infinity
    one = data.image(RealWorldValueIntercept=None, RecommendedDisplayFrameRateInFloat=float("nan"))
    stored(target, one)
    items(target, one)


def test_an_empty_item_is_an_empty_object(target):
    # WEB-07, F.2.5
    from pydicom import Dataset

    one = data.image(ReferencedStudySequence=[Dataset()], ReferencedPatientSequence=[])
    stored(target, one)
    (item,) = items(target, one)
    assert values(item, "00081110") == [{}]
    assert item["00081120"] == {"vr": "SQ"}


def test_private_attributes_have_their_creator(target):
    # WEB-07
    made = data.image()
    dataset = made.dataset
    block = dataset.private_block(0x0029, "CONFORMANCE", create=True)
    block.add_new(0x10, "LO", "private words")
    one = data.Instance(data.written(dataset), made.study, made.series, made.sop)
    stored(target, one)
    (item,) = items(target, one)
    assert value(item, "00290010") == "CONFORMANCE"
    assert value(item, "00291010") == "private words"
