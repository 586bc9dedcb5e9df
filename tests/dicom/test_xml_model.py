import io
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dicom.json_values import DATASETS
from tests.dicom.samples import make_file

from hounsfield.dicom import xml_model
from hounsfield.dicom.json_model import write_dataset
from hounsfield.dicom.part10 import read_header
from hounsfield.errors import InvalidInstance

X = f"{{{xml_model.NAMESPACE}}}"


def as_json(data: bytes) -> bytes:
    return write_dataset(data, read_header(data), bulk_data_uri=lambda path: f"bulk/{path}?a&b")


def model(content: str) -> bytes:
    return f'<NativeDicomModel xmlns="{xml_model.NAMESPACE}">{content}</NativeDicomModel>'.encode()


def attribute(tag: str, vr: str, content: str) -> bytes:
    return model(f'<DicomAttribute tag="{tag}" vr="{vr}">{content}</DicomAttribute>')


def test_attributes_have_tag_vr_keyword_and_numbered_values():
    # WEB-06
    data = make_file(ImageType=["ORIGINAL", "PRIMARY"], StudyDescription='a < b & "c"')
    root = ET.fromstring(xml_model.from_json(as_json(data)))
    assert root.tag == X + "NativeDicomModel"
    found = {one.get("tag"): one for one in root}
    kind = found["00080008"]
    assert (kind.get("vr"), kind.get("keyword")) == ("CS", "ImageType")
    assert [(v.get("number"), v.text) for v in kind] == [("1", "ORIGINAL"), ("2", "PRIMARY")]
    assert found["00081030"][0].text == 'a < b & "c"'
    name = found["00100010"].find(f"{X}PersonName/{X}Alphabetic")
    assert [(part.tag, part.text) for part in name] == [
        (X + "FamilyName", "Doe"),
        (X + "GivenName", "Jane"),
    ]
    assert found["7FE00010"].find(X + "BulkData").get("uri") == "bulk/7FE00010?a&b"


def test_private_attributes_name_their_creator():
    document = xml_model.write(
        {
            "00091000": {"vr": "LO", "Value": ["x"]},
            "00090010": {"vr": "LO", "Value": ["ACME"]},
        }
    )
    assert b'tag="00091000" vr="LO" privateCreator="ACME"' in document


def test_digits_stay_as_they_were_sent():
    # WEB-06
    data = make_file(SliceThickness="1.2500", WindowCenter=["+40", "4.0E1"])
    document = xml_model.from_json(as_json(data))
    assert b">1.2500<" in document
    read = xml_model.read(document)
    assert read["00180050"] == {"vr": "DS", "Value": ["1.2500"]}
    assert read["00281050"]["Value"] == ["+40", "4.0E1"]


@settings(max_examples=80, deadline=None)
@given(DATASETS)
def test_what_is_written_in_xml_is_read_as_it_was(dataset):
    # STOW-04, WEB-06
    document = xml_model.write(dataset)
    ET.fromstring(document)
    assert xml_model.read(document) == dataset


def test_every_file_of_the_corpus_can_be_written_and_read(corpus_files):
    for file in corpus_files[::5]:
        if file.expect == "accept":
            found = orjson.loads(as_json(file.read()))
            document = xml_model.write(found)
            ET.parse(io.BytesIO(document))
            assert xml_model.read(document).keys() == found.keys(), str(file)


def test_a_private_attribute_without_a_block_gets_one():
    # PS3.5 7.8.1
    read = xml_model.read(
        model(
            '<DicomAttribute tag="00090010" vr="LO"><Value>OTHER</Value></DicomAttribute>'
            '<DicomAttribute tag="00090001" vr="SH" privateCreator="ACME"><Value>x</Value></DicomAttribute>'
            '<DicomAttribute tag="00091002" vr="SH" privateCreator="ACME"><Value>y</Value></DicomAttribute>'
        )
    )
    assert read == {
        "00090010": {"vr": "LO", "Value": ["OTHER"]},
        "00090011": {"vr": "LO", "Value": ["ACME"]},
        "00091101": {"vr": "SH", "Value": ["x"]},
        "00091102": {"vr": "SH", "Value": ["y"]},
    }


def test_values_may_stand_without_a_namespace_in_any_order_and_with_gaps():
    read = xml_model.read(
        b'<NativeDicomModel><DicomAttribute tag="00080008" vr="CS"><Value number="3">C</Value>'
        b'<Value number="1">A</Value></DicomAttribute></NativeDicomModel>'
    )
    assert read == {"00080008": {"vr": "CS", "Value": ["A", None, "C"]}}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no XML",
        b"<html/>",
        b"<NativeDicomModel>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel>&a;</NativeDicomModel>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
        b'<?xml version="1.0" encoding="no-such"?><NativeDicomModel/>',
        model("<Value>1</Value>"),
        attribute("x", "CS", ""),
        attribute("00080008", "ZZ", ""),
        attribute("00080008", "CS", '<Value number="0">1</Value>'),
        attribute("00080008", "CS", '<Value number="999999999">1</Value>'),
        attribute("00080008", "CS", '<Value number="-1">1</Value>'),
        attribute("00080008", "CS", "<Value>1</Value><InlineBinary>AA==</InlineBinary>"),
        attribute("00280010", "US", "<Value>many</Value>"),
        attribute("00081115", "SQ", "<Value>1</Value>"),
        model('<DicomAttribute tag="00081115" vr="SQ"><Item number="1">' * 200),
    ],
)
def test_what_is_no_native_model_is_refused_with_words(document):
    # WEB-09
    with pytest.raises(InvalidInstance) as problem:
        xml_model.read(document)
    assert str(problem.value)


@settings(max_examples=80, deadline=None)
@given(DATASETS, st.data())
def test_damaged_documents_are_read_or_refused(dataset, data):
    document = bytearray(xml_model.write(dataset))
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(xml_model.read(bytes(document)), dict)
    except InvalidInstance as problem:
        assert str(problem)  # noqa: PT017 - any reason will do
