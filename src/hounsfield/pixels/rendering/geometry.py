"""Crops, turns and scales 8-bit pictures: displayed area, source region and viewport (PS3.18 8.3.5.1.3, PS3.3 C.10.4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hounsfield.errors import InvalidQuery
from hounsfield.pixels.rendering.resampling import resampled
from hounsfield.pixels.rendering.view import DisplayedArea, View, Viewport

MAX_VIEWPORT = 8192
_MAX_MARGIN = 2048


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the pixels of the source came to lie in the picture, for graphics to be drawn over them.

    A place (column, row) of the source is turned, then moved by ``origin`` and
    scaled by ``scale``. ``shown`` is the displayed area among turned pixels.
    """

    source_size: tuple[int, int]
    rotation: int
    is_flipped: bool
    origin: tuple[float, float]
    scale: tuple[float, float]
    mirrored: tuple[bool, bool]
    size: tuple[int, int]
    shown: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def of_display(self, across: float, down: float) -> tuple[float, float]:
        """The place of a part (0 to 1) of the displayed area (C.10.5.1.2)."""
        left, top, right, bottom = self.shown
        return self._put(left + across * (right - left), top + down * (bottom - top))

    def of(self, column: float, row: float) -> tuple[float, float]:
        """The place in the picture of a place of the source, both from 0."""
        return self._put(*self._turned(column, row))

    def _put(self, x: float, y: float) -> tuple[float, float]:
        x, y = (x - self.origin[0]) * self.scale[0], (y - self.origin[1]) * self.scale[1]
        return (
            self.size[0] - x if self.mirrored[0] else x,
            self.size[1] - y if self.mirrored[1] else y,
        )

    def _turned(self, x: float, y: float) -> tuple[float, float]:
        width, height = self.source_size
        if self.rotation == 90:
            x, y, width, height = height - y, x, height, width
        elif self.rotation == 180:
            x, y = width - x, height - y
        elif self.rotation == 270:
            x, y, width, height = y, width - x, height, width
        return (width - x if self.is_flipped else x), y


def place(
    picture: NDArray[np.uint8], view: View, pixel_aspect: float
) -> tuple[NDArray[np.uint8], Placement]:
    """The picture as the view wants it, and where its pixels are now.

    Rotation and flip of a presentation state come first, its displayed area next, then the region of the viewport,
    and the size of the viewport last. Raises InvalidQuery.
    """
    rows, columns = picture.shape[:2]
    turned = np.rot90(picture, -(view.rotation // 90)) if view.rotation else picture
    if view.rotation in (90, 270):
        pixel_aspect = 1 / pixel_aspect
    if view.is_flipped:
        turned = turned[:, ::-1]
    box = (0.0, 0.0, float(turned.shape[1]), float(turned.shape[0]))
    if view.area is not None:
        box, pixel_aspect = _area(view.area, view, (columns, rows))
    shown, mirrored = box, (False, False)
    size: tuple[int, int] | None = None
    viewport = view.viewport
    if viewport is not None:
        box = _region(box, viewport)
        mirrored = (viewport.flips_horizontally, viewport.flips_vertically)
        size = _fitted(box, viewport, pixel_aspect)
    elif view.area is not None:
        size = _shown_size(view.area, box, pixel_aspect)
    made, exact = _cut(np.ascontiguousarray(turned), box, size)
    if mirrored[0]:
        made = made[:, ::-1]
    if mirrored[1]:
        made = made[::-1]
    height, width = made.shape[:2]
    scale = width / (exact[2] - exact[0]), height / (exact[3] - exact[1])
    placement = Placement(
        (columns, rows),
        view.rotation,
        view.is_flipped,
        (exact[0], exact[1]),
        scale,
        mirrored,
        (width, height),
        shown,
    )
    return np.ascontiguousarray(made), placement


Box = tuple[float, float, float, float]


def _region(box: Box, viewport: Viewport) -> Box:
    """The part of what is shown that the viewport takes; raises InvalidQuery where it lies outside."""
    left, top = box[0] + viewport.x, box[1] + viewport.y
    right = box[2] if viewport.source_width is None else left + viewport.source_width
    bottom = box[3] if viewport.source_height is None else top + viewport.source_height
    if left >= box[2] or top >= box[3] or right <= left or bottom <= top:
        width, height = box[2] - box[0], box[3] - box[1]
        raise InvalidQuery(f"viewport: the region lies outside of {width:g} x {height:g} pixels")
    return left, top, min(right, box[2]), min(bottom, box[3])


def _fitted(box: Box, viewport: Viewport, pixel_aspect: float) -> tuple[int, int]:
    """The largest size that fits into the viewport without distortion."""
    width, height = box[2] - box[0], (box[3] - box[1]) * pixel_aspect
    scale = min(viewport.width / width, viewport.height / height)
    return (
        min(max(round(width * scale), 1), viewport.width),
        min(max(round(height * scale), 1), viewport.height),
    )


def _area(area: DisplayedArea, view: View, source: tuple[int, int]) -> tuple[Box, float]:
    """The displayed area in the turned picture (C.10.4: its corners are those of the turned image)."""
    columns, rows = source if view.rotation in (0, 180) else source[::-1]
    turn = Placement(source, view.rotation, view.is_flipped, (0, 0), (1, 1), (False, False), source)
    # The corners are given in the pixels of the stored image.
    (x1, y1), (x2, y2) = area.top_left, area.bottom_right
    low = min(x1, x2) - 1, min(y1, y2) - 1
    high = max(x1, x2), max(y1, y2)
    a, b = turn.of(*low), turn.of(*high)
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
    aspect = 1 / area.pixel_aspect if view.rotation in (90, 270) else area.pixel_aspect
    if box[2] <= 0 or box[3] <= 0 or box[0] >= columns or box[1] >= rows:
        return (0.0, 0.0, float(columns), float(rows)), aspect
    return box, aspect


def _shown_size(area: DisplayedArea, box: Box, pixel_aspect: float) -> tuple[int, int]:
    """The size that a presentation state gives to what it shows, where the client gives none."""
    factor = area.magnification if area.mode == "MAGNIFY" else 1.0
    width, height = (box[2] - box[0]) * factor, (box[3] - box[1]) * factor * pixel_aspect
    limit = min(1.0, MAX_VIEWPORT / max(width, height, 1.0))
    return max(round(width * limit), 1), max(round(height * limit), 1)


def _cut(
    picture: NDArray[np.uint8], box: Box, size: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], Box]:
    """The pixels of a box, in a size; the box in whole pixels where it has to be. What lies outside is black."""
    left, top = int(np.floor(box[0])), int(np.floor(box[1]))
    right, bottom = int(np.ceil(box[2])), int(np.ceil(box[3]))
    rows, columns = picture.shape[:2]
    # A displayed area far larger than the image would be all margin.
    limit_x, limit_y = max(columns, _MAX_MARGIN), max(rows, _MAX_MARGIN)
    left, top = max(left, -limit_x), max(top, -limit_y)
    right, bottom = min(right, columns + limit_x), min(bottom, rows + limit_y)
    exact = (float(left), float(top), float(right), float(bottom))
    if (left, top, right, bottom) == (0, 0, columns, rows):
        part = picture
    elif left >= 0 and top >= 0 and right <= columns and bottom <= rows:
        part = picture[top:bottom, left:right]
    else:
        part = _with_margins(picture, (left, top, right, bottom))
    if size is None or size == (part.shape[1], part.shape[0]):
        return part, exact
    return scaled(part, size), exact


def _with_margins(picture: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    part = np.zeros((bottom - top, right - left, *picture.shape[2:]), np.uint8)
    inside = picture[max(top, 0) : bottom, max(left, 0) : right]
    at_y, at_x = max(-top, 0), max(-left, 0)
    part[at_y : at_y + inside.shape[0], at_x : at_x + inside.shape[1]] = inside
    return part


def scaled(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in another (width, height)."""
    width, height = size
    steps = max(picture.shape[0] // (3 * height), 1), max(picture.shape[1] // (3 * width), 1)
    values: NDArray[Any] = picture[:: steps[0], :: steps[1]].astype(np.float32)
    values = resampled(resampled(values, 0, height), 1, width)
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
