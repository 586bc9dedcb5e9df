"""Films: frames become an MP4, and single frames come out of stored video (PS3.5 8.2.5 to 8.2.11, PS3.18 8.7.4).

Needs PyAV, which is installed with the extra `video`: `pip install "hounsfield[video]"`.
"""

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.errors import InvalidInstance, NotAcceptable, NotFound

if TYPE_CHECKING:
    import av

_MAX_SIDE = 4096
# Browsers play the first in MP4 everywhere, the second in nearly all.
_ENCODERS = ("libx264", "libvpx-vp9")
_MS = Fraction(1, 1000)


def mp4(frames: Sequence[NDArray[np.uint8]], frame_times_ms: Sequence[float]) -> bytes:
    """Frames (rows, columns) or (rows, columns, 3) as H.264 or VP9 in MP4; raises NotAcceptable without PyAV."""
    av = _av()
    height, width = (side + side % 2 for side in frames[0].shape[:2])
    if max(height, width) > _MAX_SIDE:
        raise NotAcceptable("the film is too large for MP4: give a viewport")
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        # 4:2:0 sampling wants even sides; a picture in grey loses nothing by it but its last line of repetition.
        stream = container.add_stream(_encoder(av), time_base=_MS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast", "threads": "2"}
        stream.codec_context.time_base = _MS
        at_ms = 0.0
        for frame, time_ms in zip(frames, frame_times_ms, strict=True):
            shown = av.VideoFrame.from_ndarray(_even(frame, height, width), format="rgb24")
            shown.pts, shown.time_base = round(at_ms), _MS
            container.mux(stream.encode(shown))
            at_ms += time_ms
        container.mux(stream.encode(None))
    return made.getvalue()


def video_frame(content: bytes, frame_index: int) -> NDArray[np.uint8]:
    """One frame of a stored stream as RGB; raises NotFound behind its end, InvalidInstance where it is damaged."""
    av = _av()
    try:
        for n, frame in enumerate(_decoded(av, content)):
            if n == frame_index:
                return np.asarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, ValueError, IndexError) as problem:
        raise InvalidInstance(f"its video cannot be decoded: {problem}") from problem
    raise NotFound(f"there is no frame {frame_index + 1} in this video")


def playable(content: bytes, frame_time_ms: float) -> bytes:
    """A stored stream as MP4 that browsers play: in another container where that is enough, else encoded anew."""
    av = _av()
    if content[4:8] == b"ftyp":
        return content
    try:
        with av.open(io.BytesIO(content)) as source:
            if source.streams.video[0].codec_context.name in ("h264", "hevc"):
                return _remuxed(av, source)
        frames = [
            np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            for frame in _decoded(av, content)
        ]
    except (av.FFmpegError, ValueError, IndexError) as problem:
        raise InvalidInstance(f"its video cannot be decoded: {problem}") from problem
    return mp4(frames, [frame_time_ms] * len(frames))


def _remuxed(av: Any, source: Any) -> bytes:
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as target:
        given = source.streams.video[0]
        stream = target.add_stream_from_template(given)
        for packet in source.demux(given):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return made.getvalue()


def _decoded(av: Any, content: bytes) -> Iterator["av.VideoFrame"]:
    with av.open(io.BytesIO(content)) as source:
        stream = source.streams.video[0]
        stream.codec_context.thread_count = 2
        is_begun = False
        try:
            for frame in source.decode(stream):
                is_begun = True
                yield frame
        except av.EOFError:
            # Some containers tell of their end so.
            if not is_begun:
                raise


def _even(frame: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    colours = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)
    margins = (height - frame.shape[0], width - frame.shape[1])
    return np.pad(colours, ((0, margins[0]), (0, margins[1]), (0, 0)), mode="edge")


def _encoder(av: Any) -> str:
    for name in _ENCODERS:
        if name in av.codecs_available:
            return name
    raise NotAcceptable("there is no encoder for MP4 here")


def _av() -> Any:
    try:
        import av  # noqa: PLC0415 - an extra
    except ImportError:
        raise NotAcceptable(
            "MP4 and video need PyAV, which is not installed here; install it with "
            'pip install "hounsfield[video]"'
        ) from None
    return av
