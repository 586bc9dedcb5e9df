"""How a frame is to be shown: everything that changes its look and is not in its pixels (PS3.4 N.2, PS3.18 8.3.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from hounsfield.errors import InvalidInstance
from hounsfield.pixels.rendering.dataset_values import numbers_of, whole_number_of

_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
_MAX_OVERLAY_PIXELS = 1 << 28


@dataclass(frozen=True, slots=True)
class Viewport:
    """The size of the picture and the region of the source that is in it (PS3.18 8.3.5.1.3).

    Without ``source_width`` or ``source_height`` the region reaches to the edge.
    """

    width: int
    height: int
    x: float = 0.0
    y: float = 0.0
    source_width: float | None = None
    source_height: float | None = None
    flips_horizontally: bool = False
    flips_vertically: bool = False


@dataclass(frozen=True, slots=True)
class OverlayPlane:
    """Graphics of one bit a pixel over an image (PS3.3 C.9.2); ``top`` and ``left`` count from 0.

    ``data`` holds packed bits from ``first_bit`` on; without it the bits are bit ``embedded_bit`` of the pixels.
    """

    rows: int
    columns: int
    top: int = 0
    left: int = 0
    data: bytes | None = None
    first_bit: int = 0
    embedded_bit: int = 0
    group: int = 0x6000


@dataclass(frozen=True, slots=True)
class Shutter:
    """What is hidden from view (PS3.3 C.7.6.11, C.7.6.15); places are (row, column) from 1, greys from 0 to 65535."""

    rectangle: tuple[int, int, int, int] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    bitmap: OverlayPlane | None = None
    grey: int = 0


@dataclass(frozen=True, slots=True)
class Graphic:
    """A figure of an annotation (PS3.3 C.10.5); points are (column, row), of pixels or of parts of the displayed area."""

    kind: str
    points: tuple[tuple[float, float], ...]
    is_filled: bool = False
    is_of_display: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text of an annotation, in a box from ``top_left`` to ``bottom_right``, or beside an ``anchor``."""

    text: str
    top_left: tuple[float, float] | None = None
    bottom_right: tuple[float, float] | None = None
    anchor: tuple[float, float] | None = None
    shows_anchor: bool = False
    is_of_display: bool = False
    is_anchor_of_display: bool = False


@dataclass(frozen=True, slots=True)
class DisplayedArea:
    """The part of an image that a presentation state shows (PS3.3 C.10.4); corners are (column, row) from 1."""

    top_left: tuple[int, int]
    bottom_right: tuple[int, int]
    mode: str = "SCALE TO FIT"
    magnification: float = 1.0
    pixel_aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """How a frame is shown; without arguments, as it is.

    ``rotation`` is in degrees clockwise, before ``is_flipped`` (left to right). ``notes`` are the lines to be burned
    into the upper left and the lower left corner.
    """

    viewport: Viewport | None = None
    overlays: tuple[OverlayPlane, ...] = ()
    shutter: Shutter | None = None
    graphics: tuple[Graphic, ...] = ()
    labels: tuple[Label, ...] = ()
    area: DisplayedArea | None = None
    rotation: int = 0
    is_flipped: bool = False
    notes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def overlays_of(dataset: Dataset, frame_index: int = 0) -> tuple[OverlayPlane, ...]:
    """The overlays of a data set that are over this frame; those that make no sense are left out."""
    found = []
    for group in _OVERLAY_GROUPS:
        if (group << 16) + 0x10 in dataset:
            found += list(_overlay(dataset, group << 16, frame_index))
    return tuple(found)


def _overlay(dataset: Dataset, group: int, frame_index: int) -> Iterator[OverlayPlane]:
    rows, columns = whole_number_of(dataset, group + 0x10), whole_number_of(dataset, group + 0x11)
    if not rows or not columns or rows * columns > _MAX_OVERLAY_PIXELS:
        return
    origin = numbers_of(dataset, group + 0x50) or [1, 1]
    top, left = int(origin[0]) - 1, int(origin[-1]) - 1
    count = whole_number_of(dataset, group + 0x15) or 1
    first = (whole_number_of(dataset, group + 0x51) or 1) - 1
    plane = frame_index - first if group + 0x15 in dataset else 0
    if not 0 <= plane < count:
        return
    data = _bytes_of(dataset, group + 0x3000)
    if data is not None:
        if (plane + 1) * rows * columns <= len(data) * 8:
            yield OverlayPlane(
                rows, columns, top, left, data, plane * rows * columns, group=group >> 16
            )
        return
    # PS3.5 8.1.2: retired, and still sent: the overlay is in bits of the pixels that are not stored.
    if whole_number_of(dataset, group + 0x100) > 1:
        yield OverlayPlane(
            rows,
            columns,
            top,
            left,
            None,
            0,
            whole_number_of(dataset, group + 0x102),
            group >> 16,
        )


def _bytes_of(dataset: Dataset, tag: int) -> bytes | None:
    if tag not in dataset:
        return None
    value: Any = dataset[tag].value
    return value if isinstance(value, bytes) and value else None


def shutter_of(dataset: Dataset) -> Shutter | None:
    """The display shutter of a data set (PS3.3 C.7.6.11, C.7.6.15), or None; raises InvalidInstance."""
    shapes = {str(one).strip() for one in _texts_of(dataset, 0x00181600)}
    if not shapes & {"RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP"}:
        return None
    edges = [
        whole_number_of(dataset, tag) for tag in (0x00181602, 0x00181604, 0x00181606, 0x00181608)
    ]
    centre, radius = numbers_of(dataset, 0x00181610), whole_number_of(dataset, 0x00181612)
    vertices = numbers_of(dataset, 0x00181620)
    points = tuple(zip(vertices[::2], vertices[1::2], strict=False))
    bitmap = None
    if "BITMAP" in shapes:
        group = whole_number_of(dataset, 0x00181623) << 16
        if not 0x6000 <= group >> 16 < 0x6020:
            raise InvalidInstance("its bitmap shutter names no overlay")
        bitmap = next(_overlay(dataset, group, 0), None)
    return Shutter(
        rectangle=(edges[0], edges[1], edges[2], edges[3]) if "RECTANGULAR" in shapes else None,
        circle=(centre[0], centre[1], radius)
        if "CIRCULAR" in shapes and len(centre) == 2 and radius
        else None,
        polygon=points if "POLYGONAL" in shapes and len(points) > 2 else (),
        bitmap=bitmap,
        grey=whole_number_of(dataset, 0x00181622),
    )


def _texts_of(dataset: Dataset, tag: int) -> list[Any]:
    value: Any = dataset[tag].value if tag in dataset else None
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
