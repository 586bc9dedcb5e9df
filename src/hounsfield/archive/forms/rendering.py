"""Makes pictures of stored instances, for every edge that shows some (PS3.18 8.3.5, 9.4, 10.4)."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydicom import Dataset

from hounsfield.archive.forms.blending import OverFrame
from hounsfield.archive.forms.bulk import Bulk
from hounsfield.archive.forms.image_headers import FrameLook, ImageHeaders
from hounsfield.archive.forms.notes import notes_of
from hounsfield.archive.retrieve import Retrieve
from hounsfield.dicom.frames import FrameTable
from hounsfield.dicom.transfer_syntax import EXPLICIT_BIG, EXPLICIT_LITTLE
from hounsfield.errors import InvalidInstance, NotAcceptable, Unavailable
from hounsfield.index.records import InstanceLocation
from hounsfield.pixels.description import ImagePixelDescription
from hounsfield.pixels.pool import DecodePool
from hounsfield.pixels.rendering.blending import Superimposed
from hounsfield.pixels.rendering.drawing import PictureForm, picture_file
from hounsfield.pixels.rendering.presentation_states import apply, apply_superimposed
from hounsfield.pixels.rendering.view import View, Viewport

# A picture is no reason to read a whole-slide level or an hour of video.
MAX_FRAME_BYTES = 512 << 20
MAX_FILM_FRAMES = 3000
_MAX_FILM_BYTES = 192 << 20
_MAX_VIDEO_WORK_BYTES = 1 << 30
# What needs no codec and is small is drawn here: another process would cost more than the drawing.
_MAX_HERE_BYTES = 8 << 20
# What is drawn in about a millisecond, in a form that is written as quickly.
_MAX_QUICK_BYTES = 1 << 20
_QUICK_FORMS = frozenset({"image/jpeg", "image/png"})
_LARGE_BYTES = 64 << 20
_MAX_LARGE = 2
_WAIT_S = 30.0
_DEFAULT_FRAME_TIME_MS = 100.0


@dataclass(frozen=True, slots=True)
class WindowAsked:
    """A window that is used instead of the stored one; the function is a VOI LUT Function (0028,1056)."""

    center: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What somebody wants to see, beside which frame.

    Args:
        form: the file to be made.
        window: instead of what the instance says.
        viewport: size and region of the picture.
        notes: "patient" and "technique", to be burned in.
        region: left, top, right and bottom of what is shown, as parts of the image (PS3.18 9.4.1.2.6).
        state: the presentation state that it is shown by, instead of what the image says of itself.
        over: what a blending state lays over the frame.
        max_columns: the width of the picture at most, with ``max_rows`` as for a viewport without a region.
    """

    form: PictureForm = field(default_factory=PictureForm)
    window: WindowAsked | None = None
    viewport: Viewport | None = None
    notes: frozenset[str] = frozenset()
    region: tuple[float, float, float, float] | None = None
    max_columns: int | None = None
    max_rows: int | None = None
    state: Dataset | None = field(default=None, repr=False)
    over: OverFrame | None = field(default=None, repr=False)


class Rendering:
    """Makes pictures and films of frames; may be called from many threads."""

    def __init__(self, retrieve: Retrieve, pool: DecodePool) -> None:
        self._retrieve = retrieve
        self.pool = pool
        self.headers = ImageHeaders(retrieve)
        self._large = threading.BoundedSemaphore(_MAX_LARGE)

    def picture(
        self, location: InstanceLocation, frame_index: int, request: PictureRequest
    ) -> bytes:
        """A file with one frame as it is to be looked at.

        ``location`` was asked for with its frame table. Raises NotFound for a frame that it does not have,
        NotAcceptable and InvalidInstance where it cannot be shown, InvalidQuery where the region lies outside.
        """
        table, frame = self._frame(location, frame_index)
        image, view, form = self._asked(location, frame_index, request)
        arguments = (frame, image, view, form, table.bit_offset(frame_index))
        drawn_bytes = _drawn_bytes(image, view)
        if request.over is not None:
            over = self._superimposed(request.over, request.state or Dataset())
            made = _decoded_bytes(image) + _decoded_bytes(over.image) + 4 * drawn_bytes
            return self.pool.run("picture", *arguments, over, makes_bytes=made)[1]
        if not table.is_encapsulated and max(len(frame), drawn_bytes) <= _MAX_HERE_BYTES:
            try:
                return picture_file(*arguments)
            except (ValueError, TypeError, IndexError, OverflowError, MemoryError) as problem:
                raise InvalidInstance(f"it cannot be shown: {problem}") from problem
        makes_bytes = _decoded_bytes(image) + drawn_bytes
        return self.pool.run("picture", *arguments, makes_bytes=makes_bytes)[1]

    def is_quick(self, location: InstanceLocation, request: PictureRequest) -> bool:
        """Whether a picture of one frame costs less than to hand it to another thread would."""
        table, _ = self._retrieve.frames(location)
        return (
            table is not None
            and not table.is_encapsulated
            and location.transfer_syntax_uid != EXPLICIT_BIG
            and request.form.media_type in _QUICK_FORMS
            and request.viewport is None
            and request.max_columns is None
            and request.max_rows is None
            and request.state is None
            and sum(length for _, length in table.ranges(0)) <= _MAX_QUICK_BYTES
        )

    def thumbnail(
        self, location: InstanceLocation, width: int, height: int, frame_index: int | None = None
    ) -> bytes:
        """A small JPEG of one frame, of the one in the middle if not said."""
        table, _ = self._retrieve.frames(location)
        if frame_index is None and table is not None:
            frame_index = table.number_of_frames // 2
        table, frame = self._frame(location, frame_index or 0)
        image = self._look(location, frame_index or 0).image
        arguments = (frame, image, width, height, table.bit_offset(frame_index or 0))
        return self.pool.run("thumbnail", *arguments, makes_bytes=_decoded_bytes(image))[1]

    def film(
        self, location: InstanceLocation, frame_indices: Sequence[int], request: PictureRequest
    ) -> bytes:
        """Frames one after the other at the speed that the instance asks for; a large film is made smaller."""
        times_ms = self.frame_times_ms(location, frame_indices)
        with self._room_for(_MAX_FILM_BYTES):
            rasters = list(self._rasters(location, frame_indices, request))
            size = sum(len(content) for _, content in rasters)
            task = "MP4" if request.form.media_type == "video/mp4" else "animated GIF"
            return self.pool.run(task, rasters, times_ms, makes_bytes=size * 4)[1]

    def video_picture(
        self, location: InstanceLocation, frame_index: int, request: PictureRequest
    ) -> bytes:
        """One frame of a stored video as a picture."""
        look = self.headers.look(location, 0)
        view = View(viewport=_viewport(request, look.image))
        if request.notes:
            view = replace(view, notes=notes_of(self.headers.dataset(location), request.notes))
        # What lies before a frame has to be decoded as well.
        size = min(_decoded_bytes(look.image) * (frame_index + 1), _MAX_VIDEO_WORK_BYTES)
        with self._room_for(size):
            arguments = (self.video(location), frame_index, view, request.form)
            return self.pool.run("video picture", *arguments, makes_bytes=size)[1]

    def playable_video(self, location: InstanceLocation) -> bytes:
        """A stored video as MP4 that browsers play."""
        look = self.headers.look(location, 0)
        (time_ms,) = self.frame_times_ms(location, [0])
        dataset = self.headers.dataset(location)
        number = (_numbers(dataset.get("NumberOfFrames")) or [1.0])[0]
        size = min(_decoded_bytes(look.image) * int(number), _MAX_VIDEO_WORK_BYTES)
        with self._room_for(_MAX_FILM_BYTES):
            arguments = (self.video(location), time_ms)
            return self.pool.run("playable video", *arguments, makes_bytes=size)[1]

    def video(self, location: InstanceLocation) -> bytes:
        """The stream of a stored video, whole."""
        table, opens = self._retrieve.frames(location)
        if table is None:
            raise NotAcceptable("this instance has no video")
        if sum(length for _, length in table.fragments) > MAX_FRAME_BYTES:
            raise NotAcceptable("the video is too large to be shown: retrieve its pixel data")
        with opens() as stored:
            return b"".join(stored.read_at(offset, length) for offset, length in table.fragments)

    def frame_times_ms(
        self, location: InstanceLocation, frame_indices: Sequence[int]
    ) -> list[float]:
        """How long each of these frames is shown (PS3.3 C.7.6.5)."""
        dataset = self.headers.dataset(location)
        vector = _numbers(dataset.get("FrameTimeVector"))
        if vector:
            # The vector holds the time before each frame.
            after = [*vector[1:], vector[-1]]
            return [_sane_ms(after[n]) if n < len(after) else _sane_ms(0) for n in frame_indices]
        for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
            rate = _numbers(dataset.get(keyword))
            if rate and rate[0] > 0:
                return [_sane_ms(1000.0 / rate[0])] * len(frame_indices)
        time_ms = _numbers(dataset.get("FrameTime"))
        return [_sane_ms(time_ms[0] if time_ms else 0)] * len(frame_indices)

    @contextlib.contextmanager
    def _room_for(self, size: int) -> Iterator[None]:
        """Few large pictures are made at a time, so that many who want some do not use up all memory."""
        if size <= _LARGE_BYTES:
            yield
            return
        if not self._large.acquire(timeout=_WAIT_S):
            raise Unavailable("other large pictures are being made at this moment")
        try:
            yield
        finally:
            self._large.release()

    def _rasters(
        self, location: InstanceLocation, frame_indices: Sequence[int], request: PictureRequest
    ) -> Iterator[tuple[list[int], bytes]]:
        if len(frame_indices) > MAX_FILM_FRAMES:
            raise NotAcceptable(f"a film of {len(frame_indices)} frames is too long")
        for frame_index in frame_indices:
            table, frame = self._frame(location, frame_index)
            image, view, _ = self._asked(location, frame_index, request)
            view = replace(view, viewport=_small_enough(view.viewport, image, len(frame_indices)))
            yield self.pool.run(
                "raster",
                frame,
                image,
                view,
                table.bit_offset(frame_index),
                makes_bytes=_decoded_bytes(image),
            )

    def _frame(self, location: InstanceLocation, frame_index: int) -> tuple[FrameTable, bytes]:
        table, opens = self._retrieve.frames(location)
        if table is None:
            raise NotAcceptable("this instance has no frames to be shown")
        ranges = table.ranges(frame_index)
        if sum(length for _, length in ranges) > MAX_FRAME_BYTES:
            raise NotAcceptable("the frame is too large to be shown")
        if location.transfer_syntax_uid == EXPLICIT_BIG:
            (octets,) = Bulk(self._retrieve, self.pool).frames(location, [frame_index + 1])
            return FrameTable(table.number_of_frames), b"".join(octets.read())
        with opens() as stored:
            return table, b"".join(stored.read_at(offset, length) for offset, length in ranges)

    def _superimposed(self, over: OverFrame, state: Dataset) -> Superimposed:
        table, frame = self._frame(over.location, over.frame_index)
        image = self._look(over.location, over.frame_index).image
        uid = over.location.sop_instance_uid
        image, opacity = apply_superimposed(state, uid, over.frame_index + 1, image)
        return Superimposed(frame, image, over.mapping, opacity, table.bit_offset(over.frame_index))

    def _look(self, location: InstanceLocation, frame_index: int) -> FrameLook:
        """What the instance says of a frame; one in big endian is given in little endian by `_frame`."""
        look = self.headers.look(location, frame_index)
        if location.transfer_syntax_uid == EXPLICIT_BIG:
            image = replace(look.image, transfer_syntax_uid=EXPLICIT_LITTLE)
            return replace(look, image=image)
        return look

    def _asked(
        self, location: InstanceLocation, frame_index: int, request: PictureRequest
    ) -> tuple[ImagePixelDescription, View, PictureForm]:
        """(what the frame is, how it is shown, as which file) by the instance and by what is wanted."""
        look = self._look(location, frame_index)
        image, view = look.image, look.view
        if request.state is not None:
            uid = location.sop_instance_uid
            image, view = apply(request.state, uid, frame_index + 1, image, view)
        window = request.window
        if window is not None:
            image = replace(
                image,
                window_center=window.center,
                window_width=window.width,
                voi_lut_function=window.function,
                voi_lut=None,
            )
        view = replace(view, viewport=_viewport(request, image))
        if request.notes:
            dataset = self.headers.dataset(location, frame_index)
            view = replace(view, notes=notes_of(dataset, request.notes))
        form = request.form
        if form.colour_space and form.colour_space != "no":
            # C.11.15: that of a state says what the colours are that it makes.
            profile = _profile(request.state or Dataset())
            profile = profile or _profile(self.headers.dataset(location, frame_index))
            form = replace(form, own_profile=profile)
        return image, view, form


def _profile(dataset: Dataset) -> bytes:
    """The ICC profile of an image, which may stand in its optical path (PS3.3 C.11.15, C.8.12.5)."""
    places = [dataset, *(dataset.get("OpticalPathSequence") or ())]
    for place in places:
        profile = place.get("ICCProfile")
        if isinstance(profile, bytes):
            return profile
    return b""


def _viewport(request: PictureRequest, image: ImagePixelDescription) -> Viewport | None:
    if request.viewport is not None:
        return request.viewport
    if request.region is None and request.max_columns is None and request.max_rows is None:
        return None
    left, top, right, bottom = request.region or (0.0, 0.0, 1.0, 1.0)
    width, height = (right - left) * image.columns, (bottom - top) * image.rows
    if request.max_columns is None and request.max_rows is None:
        columns, rows = max(round(width), 1), max(round(height), 1)
    else:
        # One of them alone leaves the other free.
        free = 1 << 14
        columns, rows = request.max_columns or free, request.max_rows or free
    return Viewport(columns, rows, left * image.columns, top * image.rows, width, height)


def _drawn_bytes(image: ImagePixelDescription, view: View) -> int:
    """How large the picture is, which may be asked for much larger than the image."""
    if view.viewport is None:
        return image.rows * image.columns * 3
    return view.viewport.width * view.viewport.height * 3


def _small_enough(
    viewport: Viewport | None, image: ImagePixelDescription, frames: int
) -> Viewport | None:
    """A viewport in which a film of so many frames is not too large."""
    is_colour = image.samples_per_pixel > 1 or image.palette or image.pseudo_colours
    samples = 3 if is_colour else 1
    most = max(_MAX_FILM_BYTES // (frames * samples), 1024)
    width, height = (viewport.width, viewport.height) if viewport else (image.columns, image.rows)
    if width * height <= most:
        return viewport
    factor = (most / (width * height)) ** 0.5
    width, height = max(int(width * factor), 1), max(int(height * factor), 1)
    return replace(viewport, width=width, height=height) if viewport else Viewport(width, height)


def _decoded_bytes(image: ImagePixelDescription) -> int:
    return image.rows * image.columns * image.samples_per_pixel * max(image.bits_allocated // 8, 1)


def _numbers(value: object) -> list[float]:
    if value is None or value == "":
        return []
    values = value if isinstance(value, list | tuple) or hasattr(value, "__iter__") else [value]
    try:
        return [float(one) for one in values]
    except (TypeError, ValueError):
        return []


def _sane_ms(time_ms: float) -> float:
    return time_ms if 1.0 <= time_ms <= 60_000.0 else _DEFAULT_FRAME_TIME_MS
