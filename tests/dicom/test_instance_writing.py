"""From DICOM JSON and XML back to bytes (PS3.18 annex F, PS3.19 A.1, PS3.5 7)."""

import io
import itertools
import struct

import orjson
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dicom.json_values import DATASETS, NUMBERS, TAGS, TEXT, WORDS
from tests.dicom.samples import make_file

from hounsfield.dicom import json_reading, xml_model
from hounsfield.dicom.instance_writing import Bulk, Frames, no_bulk_data, write_dataset
from hounsfield.dicom.json_model import find_bulk_data
from hounsfield.dicom.json_model import write_dataset as write_json
from hounsfield.dicom.part10 import file_meta, read_header
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance

EXPLICIT = "1.2.840.10008.1.2.1"
META = file_meta(sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=EXPLICIT)
LONG_VRS = {*WORDS, "SQ", "UC", "UR", "UT", "SV", "UV"}


def element(tag: int, vr: str, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return (
        head
        + struct.pack("<HI" if vr in LONG_VRS else "<H", *[0, len(value)][vr not in LONG_VRS :])
        + value
    )


def even(raw: bytes, pad: bytes = b" ") -> bytes:
    return raw + pad * (len(raw) % 2)


def joined(one, vr):
    pad = b"\0" if vr == "UI" else b" "
    return st.lists(one, min_size=1, max_size=3).map(lambda v: even("\\".join(v).encode(), pad))


ASCII = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)
DIGITS = st.from_regex(r"[+-]?[0-9]{0,5}(\.[0-9]{1,5})?(E[+-]?[0-9]{1,2})?", fullmatch=True).filter(
    lambda text: any(c.isdigit() for c in text)
)
NAMES = st.lists(TEXT, min_size=1, max_size=5).map("^".join)
RAW = {
    **{vr: joined(TEXT, vr) for vr in ("SH", "LO", "UC")},
    **{vr: joined(ASCII, vr) for vr in ("AE", "AS", "CS", "DA", "DT", "TM", "UI")},
    "DS": joined(DIGITS, "DS"),
    "IS": joined(st.from_regex(r"[+-]?[0-9]{1,9}", fullmatch=True), "IS"),
    "PN": joined(st.lists(NAMES, min_size=1, max_size=3).map("=".join), "PN"),
    **{
        vr: st.text(st.sampled_from("aä\\^=<&\n\r\t.")).map(lambda t: even(t.encode()))
        for vr in ("LT", "ST", "UT")
    },
    "UR": ASCII.map(lambda text: even(text.encode())),
    "AT": st.lists(st.binary(min_size=4, max_size=4), max_size=3).map(b"".join),
    **{
        vr: st.lists(
            st.floats(width=8 * struct.calcsize(code), allow_nan=False)
            if code in "fd"
            else st.binary(min_size=struct.calcsize(code), max_size=struct.calcsize(code)).map(
                lambda raw, code=code: struct.unpack("<" + code, raw)[0]
            ),
            max_size=3,
        ).map(lambda values, code=code: struct.pack(f"<{len(values)}{code}", *values))
        for vr, code in NUMBERS.items()
    },
    **{
        vr: st.binary(max_size=40).map(lambda raw, size=size: raw[: len(raw) // size * size])
        for vr, size in WORDS.items()
    },
}
CREATOR = element(0x00710010, "LO", b"ACME 1.1")
LEAF = st.sampled_from(sorted(RAW)).flatmap(lambda vr: RAW[vr].map(lambda raw: (vr, raw)))


def content(elements: dict[str, tuple[str, bytes]]) -> bytes:
    """One level: private attributes behind their creator, in the order of their tags."""
    tags = {int(tag, 16): element(int(tag, 16), vr, raw) for tag, (vr, raw) in elements.items()}
    if any(tag >> 16 == 0x71 for tag in tags):
        tags[0x00710010] = CREATOR
    return b"".join(raw for _, raw in sorted(tags.items()))


def level(inner):
    return st.dictionaries(TAGS, inner, max_size=5).map(content)


def sequence(inner):
    items = st.lists(level(inner), min_size=1, max_size=3)
    return items.map(
        lambda many: (
            "SQ",
            b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in many),
        )
    )


CONTENT = level(st.recursive(LEAF, sequence, max_leaves=8)).map(
    lambda raw: element(0x00080005, "CS", b"ISO_IR 192") + raw
)


def in_json(file: bytes, threshold: int) -> bytes:
    return write_json(
        file,
        read_header(file),
        bulk_data_uri=lambda path: f"bulk/{path}",
        bulk_threshold_bytes=threshold,
    )


def written(dataset, file: bytes = b"") -> bytes:
    """The bytes of a data set whose bulk data lies in a file."""
    made = io.BytesIO()
    header = read_header(file) if file else None

    def bulk_of(_tag, uri):
        offset, length, _ = find_bulk_data(file, header, uri.removeprefix("bulk/"))
        return Bulk(file, offset, length)

    write_dataset(dataset, made.write, bulk_of if file else no_bulk_data)
    return made.getvalue()


@settings(max_examples=120, deadline=None)
@given(CONTENT, st.sampled_from([0, 8, 1024]))
def test_part_10_to_json_to_part_10_keeps_every_byte(raw, threshold):
    # STOW-04, WEB-07: all VRs, private, UN, sequences, digits as sent; bulk data inline and by URI
    file = META + raw
    (read,) = json_reading.read(in_json(file, threshold))
    assert written(read, file) == raw


@settings(max_examples=80, deadline=None)
@given(CONTENT, st.sampled_from([0, 1024]))
def test_part_10_to_xml_to_part_10_keeps_every_byte(raw, threshold):
    # STOW-04, WEB-06
    file = META + raw
    read = xml_model.read(xml_model.from_json(in_json(file, threshold)))
    assert written(read, file) == raw


def test_instances_of_the_corpus_say_the_same_after_json_and_xml(corpus_files):
    # STOW-04
    identical = 0
    for file in corpus_files[::5]:
        if file.expect != "accept":
            continue
        data = file.read()
        header = read_header(data)
        if (
            of(header.transfer_syntax_uid).is_deflated
            or of(header.transfer_syntax_uid).is_encapsulated
        ):
            continue
        if of(header.transfer_syntax_uid).is_big_endian:
            continue
        before = in_json(data, 1024)
        try:
            again = META + written(json_reading.read(before)[0], data)
            other = META + written(xml_model.read(xml_model.from_json(before)), data)
        except InvalidInstance as problem:
            # Values that no VR of theirs can hold, such as text of two values in LT.
            assert str(problem), str(file)  # noqa: PT017
            continue
        assert as_text(in_json(again, 1024)) == as_text(before), str(file)
        assert as_text(in_json(other, 1024)).keys() == as_text(before).keys(), str(file)
        identical += again[len(META) :] == data[header.dataset_offset :]
    assert identical > 3


def as_text(document: bytes):
    found = orjson.loads(document)
    found.pop("00080005", None)
    return found


def test_frames_are_encapsulated_with_a_table_of_offsets():
    # PS3.5 A.4
    made = io.BytesIO()
    one, two = b"\xff\xd8one", b"\xff\xd8second"
    frames = Frames([Bulk(one + two, 0, len(one)), Bulk(one + two, len(one), len(two))])
    dataset = {
        "00280008": {"vr": "IS", "Value": ["2"]},
        "7FE00010": {"vr": "OB", "BulkDataURI": "x"},
    }
    write_dataset(dataset, made.write, lambda _tag, _uri: frames)
    meta = file_meta(
        sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid="1.2.840.10008.1.2.4.50"
    )
    found = pydicom.dcmread(io.BytesIO(meta + made.getvalue()))
    from pydicom.encaps import generate_frames, parse_basic_offsets

    assert list(generate_frames(found.PixelData, number_of_frames=2)) == [one + b"\0", two]
    assert parse_basic_offsets(found.PixelData) == [0, 14]


def test_texts_beyond_ascii_are_in_utf_8_and_say_so():
    # PS3.18 F.2.2
    made = io.BytesIO()
    write_dataset({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]}}, made.write)
    found = pydicom.dcmread(io.BytesIO(META + made.getvalue()))
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert found.PatientName.family_name == "Müller"


BAD = [
    b"", b"{", b"nul", b"7", b'"x"', b"[[]]", b'{"PatientID": {"vr": "LO"}}', b'{"00100020": 7}',
    b'{"00100020": {"vr": "QQ"}}', b'{"00100020": {"vr": "LO", "Value": "x"}}',
    b'{"00100020": {"vr": "LO", "Value": [{}]}}', b'{"00100020": {"vr": "LO", "Value": [[]]}}',
    b'{"00100020": {"vr": "LO", "Value": [true]}}', b'{"00100010": {"vr": "PN", "Value": [{"Family": "x"}]}}',
    b'{"00100010": {"vr": "PN", "Value": [7]}}', b'{"00081115": {"vr": "SQ", "Value": ["x"]}}',
    b'{"00081115": {"vr": "SQ", "InlineBinary": "AAAA"}}',
    b'{"00091001": {"vr": "OB", "InlineBinary": "AA==", "BulkDataURI": "x"}}',
    b'{"00280010": {"vr": "US", "Value": [70000]}}', b'{"00280010": {"vr": "US", "Value": [-1]}}',
    b'{"00280010": {"vr": "US", "Value": ["x"]}}', b'{"00280010": {"vr": "US", "Value": [1.5]}}',
    b'{"00280010": {"vr": "US", "Value": [1, null]}}', b'{"00280009": {"vr": "AT", "Value": ["0028"]}}',
    b'{"00189074": {"vr": "FL", "Value": [1e300]}}', b'{"00091001": {"vr": "OB", "InlineBinary": "!"}}',
    b'{"00091001": {"vr": "OB", "Value": [1]}}', b'{"00091001": {"vr": "OB", "BulkDataURI": "nowhere"}}',
    b'{"00000002": {"vr": "UI", "Value": ["1.2"]}}', b'{"FFFEE000": {"vr": "LO", "Value": ["x"]}}',
    b'{"00104000": {"vr": "LT", "Value": ["a", "b"]}}',
    b'{"00081115": {"vr": "SQ", "Value": [' * 80 + b"{}" + b"]}}" * 80, b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("document", BAD, ids=itertools.count())
def test_what_is_no_data_set_is_refused_with_words(document):
    # WEB-09
    with pytest.raises(InvalidInstance) as problem:
        [written(dataset) for dataset in json_reading.read(document)]
    assert str(problem.value)


def test_numbers_may_be_texts_and_names_may_be_plain():
    # WEB-07
    (read,) = json_reading.read(
        b'{"00100010": {"Value": ["Doe^J"]}, "00280010": {"vr": "US", "Value": ["512"]},'
        b' "00189074": {"vr": "FD", "Value": [NaN, "Infinity"]}}'
    )
    found = pydicom.dcmread(io.BytesIO(META + written(read)))
    assert (found.PatientName, found.Rows) == ("Doe^J", 512)
    assert found["00189074"].value[1:] == [float("inf")]


def test_a_value_that_is_too_long_for_its_vr_becomes_un():
    # PS3.5 6.2.2 note 2
    made = io.BytesIO()
    write_dataset({"00081030": {"vr": "LO", "Value": ["x" * 70_000]}}, made.write)
    assert made.getvalue()[4:6] == b"UN"


@settings(max_examples=80, deadline=None)
@given(DATASETS, st.data())
def test_damaged_json_is_read_or_refused(dataset, data):
    document = bytearray(orjson.dumps(dataset))
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    try:
        for one in json_reading.read(bytes(document)):
            write_dataset(one, io.BytesIO().write)
    except InvalidInstance as problem:
        assert str(problem)  # noqa: PT017 - any reason will do


def test_a_file_written_from_json_is_one_that_pydicom_reads():
    # STOW-04
    file = make_file(
        PatientName="Doe^Jane=山田", SpecificCharacterSet="ISO_IR 192", ImageType=["A", "B"]
    )
    again = pydicom.dcmread(
        io.BytesIO(META + written(json_reading.read(in_json(file, 1024))[0], file))
    )
    assert again.PixelData == b"\1\0\2\0\3\0\4\0"
    assert again.ImageType == ["A", "B"]
    assert str(again.PatientName) == "Doe^Jane=山田"
