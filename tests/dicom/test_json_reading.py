"""DICOM JSON of strangers: read with its digits, or with every value checked."""

import orjson
import pytest

from hounsfield.dicom import json_reading, xml_model
from hounsfield.errors import InvalidInstance


def document(tag, vr, *values, **forms):
    return orjson.dumps([{tag: {"vr": vr, **({"Value": values} if values else {}), **forms}}])


def test_what_becomes_an_instance_keeps_its_digits_and_what_is_kept_has_numbers():
    # WEB-07: a number or a string
    given = b'[{"00101030": {"vr": "DS", "Value": [70.50, "1.0"]}, "00280010": {"Value": ["512"]}}]'
    (read,) = json_reading.read(given)
    assert read["00101030"]["Value"] == ["70.50", "1.0"]
    checked = json_reading.read_checked(given)
    assert checked["00101030"]["Value"] == [70.5, "1.0"]
    assert checked["00280010"] == {"vr": "US", "Value": [512]}


def test_both_take_names_and_empty_items_as_they_are_found():
    # WEB-07
    given = (
        b'{"0040A370": {"vr": "SQ", "Value": [null, {"00100010": {"vr": "PN", "Value": ["Doe^J"]}}]},'
        b' "00100010": {"vr": "PN", "Value": [{"Alphabetic": "", "Ideographic": "x"}]},'
        b' "00080050": {"vr": "SH", "Value": [null]}, "00080020": {}}'
    )
    expected = {
        "00080020": {"vr": "DA"},
        "00080050": {"vr": "SH"},
        "00100010": {"vr": "PN", "Value": [{"Ideographic": "x"}]},
        "0040A370": {
            "vr": "SQ",
            "Value": [{}, {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^J"}]}}],
        },
    }
    assert json_reading.read_checked(given) == expected
    assert json_reading.read(given) == [expected]
    assert list(json_reading.read_checked(given)) == sorted(expected)


BAD = {
    "cut": b"{",
    "nothing": b"[]",
    "two": b"[{}, {}]",
    "not a number": b'{"00189074": {"vr": "FD", "Value": [NaN]}}',
    "surrogate": b'{"00100020": {"vr": "LO", "Value": ["\\ud800"]}}',
    "latin 1": b'{"00100020": {"vr": "LO", "Value": ["\xff"]}}',
    "too much": b'{"00189074": {"vr": "FD", "Value": [1e999]}}',
    "file meta": document("00020010", "UI", "1.2"),
    "command": document("00000002", "UI", "1.2"),
    "no tag": document("0010001", "LO", "x"),
    "no VR": document("00100020", "QQ", "x"),
    "a list as VR": document("00100020", ["LO"], "x"),
    "bulk data": document("7FE00010", "OW", BulkDataURI="http://elsewhere/1"),
    "two forms": document("00091001", "OB", "x", InlineBinary="AA=="),
    "no base64": document("00091001", "OB", InlineBinary="!"),
    "base64 of another alphabet": document("00091001", "OB", InlineBinary="ÿÿÿÿ"),
    "base64 of text": document("00100020", "LO", InlineBinary="AA=="),
    "binary as numbers": document("00091001", "OB", 1),
    "too large": document("00280010", "US", 70_000),
    "negative": document("00280010", "US", -1),
    "no number": document("00280010", "US", "many"),
    "digits without end": document("00280010", "US", "9" * 5000),
    "nothing among numbers": document("00280010", "US", 1, None),
    "a truth": document("00280010", "US", True),
    "a number as text": document("00100020", "LO", 7),
    "a name of no groups": document("00100010", "PN", {"Family": "Doe"}),
    "a number as name": document("00100010", "PN", 7),
    "a text as item": document("0040A370", "SQ", "x"),
    "no tag as AT": document("00280009", "AT", "Rows"),
    "deep": b'{"0040A370": {"vr": "SQ", "Value": [' * 40 + b"{}" + b"]}}" * 40,
    "brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_kept_is_refused_with_words(given):
    # WEB-09
    with pytest.raises(InvalidInstance) as problem:
        json_reading.read_checked(given)
    assert str(problem.value)


@pytest.mark.parametrize(("vr", "text"), [("US", "9" * 400), ("UV", "-1"), ("FL", "1e300")])
def test_values_of_xml_are_checked_too(vr, text):
    # WEB-09
    written = (
        f'<NativeDicomModel><DicomAttribute tag="00189074" vr="{vr}"><Value number="1">{text}'
        "</Value></DicomAttribute></NativeDicomModel>"
    )
    with pytest.raises(InvalidInstance):
        json_reading.checked(xml_model.read(written.encode()))


def test_what_is_kept_can_be_written_as_json_again():
    for number in (-(1 << 63), (1 << 64) - 1, 1.5):
        given = orjson.dumps({"00200013": {"vr": "DS", "Value": [number]}})
        assert orjson.loads(orjson.dumps(json_reading.read_checked(given))) == orjson.loads(given)
