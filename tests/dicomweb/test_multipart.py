import pytest
from hypothesis import given
from hypothesis import strategies as st

from hounsfield.dicomweb.multipart import (
    MAX_HEADER_BYTES,
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    closing,
    part_head,
)


def parts_of(body: bytes, boundary: str, cuts: list[int]) -> tuple[list[tuple[dict, bytes]], bool]:
    reader = MultipartReader(boundary)
    found, at = [], 0
    for cut in [*sorted(cuts), len(body)]:
        for event in reader.feed(body[at:cut]):
            if isinstance(event, PartBegin):
                found.append((event.headers, bytearray()))
            elif isinstance(event, PartData):
                found[-1][1].extend(event.data)
            else:
                assert isinstance(event, PartEnd)
        at = max(at, cut)
    return [(headers, bytes(data)) for headers, data in found], reader.is_complete


def written(parts: list[bytes], boundary: str) -> bytes:
    body = b"".join(
        part_head(boundary, "application/dicom", is_first=n == 0) + data
        for n, data in enumerate(parts)
    )
    return body + closing(boundary)


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_what_is_written_is_read_however_it_is_cut(parts, cuts):
    # WEB-04
    body = written(parts, "=-b0und")
    found, is_complete = parts_of(body, "=-b0und", [min(cut, len(body)) for cut in cuts])
    assert is_complete
    assert [data for _, data in found] == parts
    assert all(headers["content-type"] == "application/dicom" for headers, _ in found)


def test_a_boundary_inside_a_part_is_data_unless_a_line_begins_with_it():
    parts = [b"x--b--y", b"a --b inside a line is no delimiter"]
    assert [data for _, data in parts_of(written(parts, "b"), "b", [])[0]] == parts


def test_what_stands_before_and_behind_the_message_is_ignored():
    body = b"preamble\r\n" + written([b"one"], "b") + b"epilogue --b--"
    assert [data for _, data in parts_of(body, "b", [])[0]] == [b"one"]


def test_a_message_that_does_not_end_is_not_complete():
    body = written([b"one"], "b")[:-6]
    assert not parts_of(body, "b", [])[1]


@given(st.binary(max_size=400))
def test_garbage_is_read_or_refused(body):
    reader = MultipartReader("b")
    try:
        reader.feed(b"--b" + body)
    except MultipartError as problem:
        assert str(problem)  # noqa: PT017 - any reason will do


@pytest.mark.parametrize("boundary", ["", "x" * 257])
def test_a_boundary_of_a_wrong_length_is_refused(boundary):
    with pytest.raises(MultipartError):
        MultipartReader(boundary)


def test_headers_without_end_are_refused_and_not_collected():
    with pytest.raises(MultipartError):
        MultipartReader("b").feed(b"--b\r\nX: " + b"y" * (MAX_HEADER_BYTES + 8))


def test_a_boundary_as_long_as_that_of_orthanc_is_read():
    boundary = "bb0a9148-2468-43db-aeb7-89538d46b70d-" * 2
    assert parts_of(written([b"abc"], boundary), boundary, [])[0] == [
        ({"content-type": "application/dicom"}, b"abc")
    ]
