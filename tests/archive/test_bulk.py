"""Frames of big endian objects, whose words hold the pixels of two frames."""

import io

import pydicom
import pytest
from tests.instances import part10

from hounsfield.archive.access import LOCAL
from hounsfield.archive.bulk import Bulk
from hounsfield.pixels.pool import DecodePool

BIG_ENDIAN = "1.2.840.10008.1.2.2"
FRAMES = [bytes(range(9 * n, 9 * n + 9)) for n in range(3)]


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
def test_bytes_of_big_endian_frames_come_in_their_order(archive, vr):
    # WADO-03, WEB-01, PS3.5 7.3: words of OW are swapped, bytes of OB are not
    content = big_endian(vr)
    element = content.index(b"\x7f\xe0\x00\x10" + vr.encode())
    assert FRAMES[0][:8] in (content[element + 12 :][:8], swapped(content[element + 12 :][:8]))
    stored = archive.put(content).identity
    uids = stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
    (location,) = archive.retrieve.locate(LOCAL, *uids)
    with DecodePool() as pool:
        found = Bulk(archive.retrieve, pool).frames(location, [1, 2, 3])
        assert [b"".join(one.read()) for one in found] == FRAMES
