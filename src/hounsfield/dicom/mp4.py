"""Reads what an MP4 file says of its video track: size, frames, rate, codec (ISO 14496-12, 14496-15)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hounsfield.dicom.part10 import Buffer
from hounsfield.errors import InvalidInstance

_BOX = struct.Struct(">I4s")
_MAX_BOXES = 10_000
_AVC_LEVEL_4_1, _HEVC_10_BITS = 41, 2


@dataclass(frozen=True, slots=True)
class Video:
    """The video track; ``duration_s`` is 0 where it is not told."""

    rows: int
    columns: int
    number_of_frames: int
    duration_s: float
    transfer_syntax_uid: str


def read_video(buffer: Buffer, offset: int, length: int) -> Video:
    """The first video track of the file that lies in ``buffer``; raises InvalidInstance."""
    try:
        for _ in _boxes(buffer, offset, offset + length):
            pass  # all of them must be whole
        for track in _find(buffer, offset, offset + length, (b"moov", b"trak")):
            if (video := _video_of(buffer, *track)) is not None:
                return video
    except struct.error:
        raise InvalidInstance("the MP4 file is cut short") from None
    raise InvalidInstance("the MP4 file has no video track")


def _boxes(buffer: Buffer, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, begin, end) of the content of each box."""
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, kind = _BOX.unpack_from(buffer, at)
        begin = at + 8
        if size == 1:
            size, begin = struct.unpack_from(">Q", buffer, begin)[0], begin + 8
        stop = end if size == 0 else at + size
        if stop < begin or stop > end:
            raise InvalidInstance("the MP4 file is cut short")
        yield kind, begin, stop
        at = stop
    raise InvalidInstance("the MP4 file has too many boxes")


def _find(buffer: Buffer, at: int, end: int, path: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    for kind, begin, stop in _boxes(buffer, at, end):
        if kind == path[0]:
            if len(path) == 1:
                yield begin, stop
            else:
                yield from _find(buffer, begin, stop, path[1:])


def _video_of(buffer: Buffer, at: int, end: int) -> Video | None:
    table = (b"mdia", b"minf", b"stbl")
    for begin, stop in _find(buffer, at, end, (*table, b"stsd")):
        for codec, first, last in _boxes(buffer, begin + 8, stop):
            if codec not in {b"avc1", b"avc3", b"hvc1", b"hev1"}:
                continue
            columns, rows = struct.unpack_from(">HH", buffer, first + 24)
            frames = next(
                (
                    struct.unpack_from(">I", buffer, one + 8)[0]
                    for one, _ in _find(buffer, at, end, (*table, b"stsz"))
                ),
                0,
            )
            uid = _transfer_syntax(buffer, codec, first + 78, last)
            return Video(rows, columns, frames, _duration_s(buffer, at, end), uid)
    return None


def _duration_s(buffer: Buffer, at: int, end: int) -> float:
    for begin, _ in _find(buffer, at, end, (b"mdia", b"mdhd")):
        if buffer[begin] == 1:
            scale, duration = struct.unpack_from(">IQ", buffer, begin + 20)
        else:
            scale, duration = struct.unpack_from(">II", buffer, begin + 12)
        return float(duration) / scale if scale else 0.0
    return 0.0


def _transfer_syntax(buffer: Buffer, codec: bytes, at: int, end: int) -> str:
    """PS3.5 8.2.7 to 8.2.10: which profile and level a stream keeps to."""
    if codec in {b"hvc1", b"hev1"}:
        for begin, stop in _find(buffer, at, end, (b"hvcC",)):
            if stop > begin + 1 and buffer[begin + 1] & 0x1F == _HEVC_10_BITS:
                return "1.2.840.10008.1.2.4.108"
        return "1.2.840.10008.1.2.4.107"
    for begin, stop in _find(buffer, at, end, (b"avcC",)):
        if stop > begin + 3 and buffer[begin + 3] > _AVC_LEVEL_4_1:
            return "1.2.840.10008.1.2.4.104"
    return "1.2.840.10008.1.2.4.102"
