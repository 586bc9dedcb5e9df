"""Frames as they are given: big endian ones, whose words hold pixels of two, and many large ones at once."""

import io

import pydicom
import pytest
from tests.instances import part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.forms.bulk import Bulk
from hounsfield.pixels.pool import DecodePool

BIG_ENDIAN, NATIVE = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1"
FRAMES = [bytes(range(9 * n, 9 * n + 9)) for n in range(3)]


@pytest.fixture
def bulk(archive):
    with DecodePool() as pool:
        yield Bulk(archive.retrieve, pool)


def located(archive, content: bytes):
    stored = archive.put(content).identity
    uids = stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
    return archive.retrieve.locate(LOCAL, *uids)[0]


def swapped(content: bytes) -> bytes:
    made = bytearray(content)
    made[::2], made[1::2] = content[1::2], content[::2]
    return bytes(made)


def big_endian(vr: str) -> bytes:
    """Three frames of 3 by 3 pixels of 8 bits."""
    pixels = b"".join(FRAMES) + b"\0"
    dataset = pydicom.dcmread(
        io.BytesIO(
            part10(
                NumberOfFrames="3", Rows=3, Columns=3, BitsAllocated=8, BitsStored=8, HighBit=7,
                PixelData=swapped(pixels) if vr == "OW" else pixels,
            )
        )
    )  # fmt: skip
    dataset["PixelData"].VR = vr
    dataset.file_meta.TransferSyntaxUID = BIG_ENDIAN
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, implicit_vr=False, little_endian=False)
    return out.getvalue()


@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_bytes_of_big_endian_frames_come_in_their_order(archive, bulk, vr):
    # WADO-03, WEB-01, PS3.5 7.3: words of OW are swapped, bytes of OB are not
    content = big_endian(vr)
    lies = content[content.index(b"\x7f\xe0\x00\x10" + vr.encode()) + 12 :][:8]
    assert lies == (swapped(FRAMES[0][:8]) if vr == "OW" else FRAMES[0][:8])
    found = bulk.frames(located(archive, content), [1, 2, 3])
    assert [b"".join(one.read()) for one in found] == FRAMES
    assert [b"".join(one.stream(2, 3)) for one in found] == [frame[2:5] for frame in FRAMES]
    assert [one.length for one in found] == [9, 9, 9]


def test_of_many_large_frames_only_some_are_in_memory_at_a_time(archive, bulk):
    # WADO-01: whoever names a frame a thousand times takes no more memory than for a few
    side = 2048
    pixels = bytes(range(256)) * (side * side * 2 // 256)
    dataset = pydicom.dcmread(io.BytesIO(part10(Rows=side, Columns=side, PixelData=pixels)))
    dataset.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset)
    location = located(archive, out.getvalue())
    frames = bulk.frames(location, [1] * 30)
    made = bulk.written(location, frames, NATIVE)
    assert [one.length for one in made] == [len(pixels)] * 30
    assert sum(one.content is not None for one in made) == 8
    assert b"".join(made[-1].stream()) == pixels
