import io
import struct
import warnings

import pydicom
import pytest
from pydicom.encaps import generate_frames
from tests.dicom.samples import make_file
from tests.instances import part10

from hounsfield.dicom.frames import FrameTable, offsets
from hounsfield.dicom.part10 import read_header
from hounsfield.dicom.transfer_syntax import of
from hounsfield.errors import InvalidInstance, NotFound

JPEG = "1.2.840.10008.1.2.4.50"


def table_of(data: bytes) -> FrameTable:
    return offsets(read_header(data), data)


def frame(data: bytes, table: FrameTable, index: int) -> bytes:
    return b"".join(data[offset : offset + length] for offset, length in table.ranges(index))


def item(value: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


def encapsulated(fragments, *, table: bytes = b"", frames: int = 1, closed: bool = True) -> bytes:
    plain = make_file(syntax=JPEG, pixels=b"", NumberOfFrames=frames)
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if closed else b""
    return plain + head + item(table) + b"".join(map(item, fragments)) + end


def test_frames_of_the_corpus_are_those_of_pydicom(corpus_files):
    # WADO-03
    compared = 0
    for file in corpus_files:
        syntax = of(file.transfer_syntax_uid)
        if file.expect != "accept" or not syntax.is_encapsulated:
            continue
        data = file.read()
        table = table_of(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        if table is None or "PixelData" not in dataset:
            continue
        number = int(dataset.get("NumberOfFrames", 1) or 1)
        theirs = list(generate_frames(dataset.PixelData, number_of_frames=number))
        assert table.number_of_frames == len(theirs), str(file)
        for index, other in enumerate(theirs[:5]):
            assert frame(data, table, index) == other, f"{file}: frame {index + 1}"
            compared += 1
        assert FrameTable.from_bytes(table.to_bytes()) == table
    assert compared > 50


def test_native_frames_lie_one_behind_the_other():
    data = make_file(NumberOfFrames=3, pixels=bytes(range(24)))
    table = table_of(data)
    assert [frame(data, table, n) for n in range(3)] == [
        bytes(range(n * 8, n * 8 + 8)) for n in range(3)
    ]


def test_a_frame_of_one_bit_pixels_may_begin_inside_a_byte():
    # PS3.5 8.1.1: 9 pixels a frame, packed without gaps
    data = make_file(
        Rows=3,
        Columns=3,
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        NumberOfFrames=3,
        pixels=bytes(4),
    )
    table = table_of(data)
    assert [table.bit_offset(n) for n in range(3)] == [0, 1, 2]
    assert [length for n in range(3) for _, length in table.ranges(n)] == [2, 2, 2]


def test_one_frame_may_have_many_fragments():
    data = encapsulated([b"\xff\xd8\xff\0", b"abcd", b"ef"])
    assert frame(data, table_of(data), 0) == b"\xff\xd8\xff\0abcdef"


def test_the_offset_table_tells_which_fragment_begins_a_frame():
    parts = [b"\0\1\2\3", b"aa", b"\4\5\6\7"]
    data = encapsulated(parts, table=struct.pack("<2I", 0, 12 + 10), frames=2)
    table = table_of(data)
    assert [frame(data, table, n) for n in range(2)] == [b"\0\1\2\3aa", b"\4\5\6\7"]


def test_without_a_table_codestreams_are_told_by_how_they_begin():
    parts = [b"\xff\xd8\xff\0", b"aa", b"\xff\xd8\xff\1"]
    data = encapsulated(parts, frames=2)
    table = table_of(data)
    assert [frame(data, table, n) for n in range(2)] == [b"\xff\xd8\xff\0aa", b"\xff\xd8\xff\1"]


def test_fragments_that_are_not_closed_are_refused():
    with pytest.raises(InvalidInstance, match="not closed"):
        table_of(encapsulated([b"abcd"], closed=False))


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_a_frame_that_is_not_there_is_not_found(index):
    # WADO-01
    with pytest.raises(NotFound):
        table_of(make_file(NumberOfFrames=3, pixels=bytes(24))).ranges(index)


@pytest.mark.parametrize("number", ["-5", "0", "2147483647", "999999999999"])
def test_a_number_of_frames_that_cannot_be_is_one(number):
    for content in (
        part10(NumberOfFrames=number),
        encapsulated([b"\xff\xd8abc\xff\xd9\0"], frames=number),
    ):
        table = table_of(content)
        assert table.number_of_frames == 1
        assert FrameTable.from_bytes(table.to_bytes()) == table


def test_an_object_without_pixels_has_no_frames():
    assert table_of(make_file(pixels=b"")) is None
