import io
import struct
import time
import warnings
import zlib

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from tests.dicom.samples import make_file

from hounsfield.dicom.attributes import ATTRIBUTES, INDEXED
from hounsfield.dicom.identity import identify
from hounsfield.dicom.part10 import file_meta, read_header
from hounsfield.dicom.sequences import MAX_DEPTH
from hounsfield.dicom.transfer_syntax import TRANSFER_SYNTAXES, of
from hounsfield.errors import InvalidInstance


def test_every_file_of_the_corpus_is_judged_as_its_table_says(corpus_files):
    # FILE-02, STO-01: damage is refused with a reason, everything else is read
    refused = {}
    for file in corpus_files:
        try:
            identify(read_header(file.read()))
        except InvalidInstance as problem:
            refused[file] = str(problem)
        else:
            # What is cut short inside its encapsulated pixels is found by dicom.frames.
            assert file.expect != "reject" or "too_short" in str(file), str(file)
    assert all(refused.values())
    assert not [file for file in refused if file.expect == "accept"]


def test_the_walker_reads_what_pydicom_reads(corpus_files):
    compared = 0
    for file in corpus_files:
        if file.expect != "accept":
            continue
        data = file.read()
        header = read_header(data)
        if of(header.transfer_syntax_uid).is_deflated:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True, defer_size=None)
        for tag in INDEXED:
            element = dataset.get_item(tag) if tag in dataset else None
            if not isinstance(element, RawDataElement) or element.value is None:
                continue
            if element.length == 0xFFFFFFFF:
                continue
            found = header.elements.get(tag)
            assert found is not None, f"{file}: {tag:08X} was not read"
            assert found.value == element.value, f"{file}: {tag:08X}"
            compared += 1
        for tag in (0x7FE00008, 0x7FE00009, 0x7FE00010):
            if tag in dataset and header.pixel_data:
                raw = dataset.get_item(tag)
                place = header.pixel_data
                assert place.tag == tag
                if place.length is not None:
                    at = place.value_offset
                    assert data[at : at + place.length] == raw.value, str(file)
    assert compared > 20_000


@pytest.mark.parametrize(
    "uid", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]
)
def test_a_header_is_the_same_in_every_encoding(uid):
    header = read_header(make_file(syntax=uid))
    assert identify(header).patient_name == "Doe^Jane"
    assert (header.pixel_data is None) == (uid == "1.2.840.10008.1.2.1.99")


def test_a_bare_data_set_is_read_in_the_syntax_it_was_sent_in():
    data = make_file()
    header = read_header(data)
    bare = data[header.dataset_offset :]
    again = read_header(bare, transfer_syntax_uid=header.transfer_syntax_uid)
    assert again.elements == header.elements
    assert again.dataset_offset == 0


def test_implicit_data_that_is_called_explicit_is_read():
    # FILE-02
    data = make_file(syntax="1.2.840.10008.1.2").replace(
        b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2.1\0"[:18]
    )
    assert identify(read_header(data)).patient_id == "P1"


def test_file_meta_is_what_ps3_10_wants_and_always_the_same():
    # STO-07
    arguments = {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "sop_instance_uid": "1.2.3",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "source_ae_title": "SCANNER",
        "sending_ae_title": "SCANNER",
        "receiving_ae_title": "HOUNSFIELD",
    }
    made = file_meta(**arguments)
    assert made == file_meta(**arguments)
    meta = pydicom.dcmread(io.BytesIO(made)).file_meta
    assert meta.FileMetaInformationGroupLength == len(made) - 132 - 12
    assert meta.SourceApplicationEntityTitle == "SCANNER"
    assert meta.ReceivingApplicationEntityTitle == "HOUNSFIELD"
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"


def test_what_is_no_dicom_says_what_it_is():
    for data, words in (
        (b"hello world, this is a text file", "not a DICOM file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not a DICOM file but a PNG image"),
        (b"", "it is empty"),
        (bytes(128) + b"DICM", "no data set follows"),
    ):
        with pytest.raises(InvalidInstance, match=words):
            read_header(data)


def test_pixel_data_that_runs_past_the_end_is_refused():
    with pytest.raises(InvalidInstance, match="cut short"):
        read_header(make_file()[:-3])


def nested(depth: int) -> bytes:
    head = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return (head + item) * depth


def test_nesting_without_end_is_refused_quickly():
    # NET-11
    meta = file_meta(
        sop_class_uid="1.2", sop_instance_uid="1.2", transfer_syntax_uid="1.2.840.10008.1.2.1"
    )
    begin = time.monotonic()
    with pytest.raises(InvalidInstance):
        read_header(meta + nested(MAX_DEPTH * 200))
    assert time.monotonic() - begin < 5


def test_a_deflated_bomb_is_refused():
    meta = file_meta(
        sop_class_uid="1.2", sop_instance_uid="1.2", transfer_syntax_uid="1.2.840.10008.1.2.1.99"
    )
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = struct.pack("<HH2sHI", 0x0009, 0x1010, b"OB", 0, 0xFFFFFFF0)
    bomb = deflate.compress(head + bytes(200 << 20)) + deflate.flush()
    with pytest.raises(InvalidInstance):
        read_header(meta + bomb)


@settings(max_examples=400, deadline=2000)
@given(st.data())
def test_damaged_headers_are_read_or_refused_and_nothing_else(data):
    # NET-11: bytes changed, cut and repeated anywhere
    raw = bytearray(
        make_file(
            syntax=data.draw(
                st.sampled_from(
                    ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]
                )
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for candidate in (bytes(raw), bytes(raw[:cut]), bytes(raw) + bytes(raw[cut:])):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                identify(read_header(candidate))
        except InvalidInstance as problem:
            assert str(problem)  # noqa: PT017 - any reason will do


def test_the_tables_hold_what_the_standard_names():
    # FILE-04
    for uid in ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.107"):
        assert uid in TRANSFER_SYNTAXES
    assert {"PatientID", "StudyDate", "Modality", "SOPInstanceUID"} <= {
        a.keyword for a in ATTRIBUTES.values()
    }
