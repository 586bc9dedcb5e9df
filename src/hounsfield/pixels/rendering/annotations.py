"""Draws the graphics and texts of presentation states, and notes in the corners (PS3.3 C.10.5, PS3.18 8.3.5.1.1)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hounsfield.pixels.rendering.geometry import Placement
from hounsfield.pixels.rendering.view import Graphic, Label, View

Point = tuple[float, float]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WHITE, _BLACK = 255, 0
_MAX_POINTS = 20_000
_MAX_TEXT = 2000
# The font that comes with Pillow has Latin letters; for others one of the machine's is taken.
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
)


def draw(picture: NDArray[np.uint8], view: View, placement: Placement) -> NDArray[np.uint8]:
    """The picture with all that the view has to be drawn over it."""
    if not (view.graphics or view.labels or any(view.notes)):
        return picture
    canvas = Image.fromarray(picture)
    pen = ImageDraw.Draw(canvas)
    for graphic in view.graphics:
        _graphic(pen, graphic, placement)
    for label in view.labels:
        _label(pen, label, placement)
    _notes(pen, view.notes, canvas.size)
    return np.asarray(canvas)


def card(lines: Sequence[str], width: int, height: int) -> NDArray[np.uint8]:
    """A small picture of the first lines of a text, for what has no frames."""
    canvas = Image.new("L", (width, height), 24)
    pen = ImageDraw.Draw(canvas)
    size = max(8, min(width, height) // 12)
    y = size
    for n, line in enumerate(lines[: max(height // size, 1)]):
        shown = line[: max(2 * width // size, 1)]
        pen.text((size, y), shown, fill=_WHITE if n == 0 else 190, font=_font(shown, size))
        y += size + size // 3
    return np.asarray(canvas)


def _white(pen: ImageDraw.ImageDraw, grey: int = _WHITE) -> int | tuple[int, int, int]:
    return (grey, grey, grey) if pen.mode == "RGB" else grey


def _places(points: Sequence[Point], placement: Placement, *, is_of_display: bool) -> list[Point]:
    put = placement.of_display if is_of_display else placement.of
    return [put(*point) for point in points[:_MAX_POINTS]]


def _graphic(pen: ImageDraw.ImageDraw, graphic: Graphic, placement: Placement) -> None:
    points = graphic.points
    if graphic.kind == "CIRCLE" and len(points) == 2:
        points = _ellipse(points[0], *_of_circle(*points))
    elif graphic.kind == "ELLIPSE" and len(points) == 4:
        points = _ellipse(*_of_axes(points))
    elif graphic.kind == "INTERPOLATED":
        points = _smooth(points)
    places = _places(points, placement, is_of_display=graphic.is_of_display)
    if graphic.kind in ("POINT", "MULTIPOINT"):
        for x, y in places:
            pen.line([(x - 4, y), (x + 4, y)], fill=_white(pen))
            pen.line([(x, y - 4), (x, y + 4)], fill=_white(pen))
    elif len(places) > 1:
        if graphic.is_filled and len(places) > 2:
            pen.polygon(places, fill=_white(pen))
        else:
            pen.line(places, fill=_white(pen), width=1)


def _of_circle(centre: Point, on_it: Point) -> tuple[Point, Point]:
    radius = ((on_it[0] - centre[0]) ** 2 + (on_it[1] - centre[1]) ** 2) ** 0.5
    return (radius, 0.0), (0.0, radius)


def _of_axes(points: Sequence[Point]) -> tuple[Point, Point, Point]:
    """Centre and half axes from the ends of the major and of the minor axis."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    return (
        ((ax + bx) / 2, (ay + by) / 2),
        ((bx - ax) / 2, (by - ay) / 2),
        ((dx - cx) / 2, (dy - cy) / 2),
    )


def _ellipse(centre: Point, major: Point, minor: Point) -> tuple[Point, ...]:
    turns = np.linspace(0.0, 2.0 * np.pi, 129)
    x = centre[0] + major[0] * np.cos(turns) + minor[0] * np.sin(turns)
    y = centre[1] + major[1] * np.cos(turns) + minor[1] * np.sin(turns)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _smooth(points: Sequence[Point]) -> tuple[Point, ...]:
    """A Catmull-Rom curve through the points."""
    if len(points) < 3:
        return tuple(points)
    given = np.asarray(points[: _MAX_POINTS // 8])
    is_closed = bool((given[0] == given[-1]).all())
    before, after = (given[-2], given[1]) if is_closed else (given[0], given[-1])
    padded = np.vstack([before, given, after])
    t = np.linspace(0.0, 1.0, 8, endpoint=False)[:, None]
    made = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        made.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    curve = np.vstack([*made, given[-1:]])
    return tuple((float(x), float(y)) for x, y in curve)


def _label(pen: ImageDraw.ImageDraw, label: Label, placement: Placement) -> None:
    text = label.text[:_MAX_TEXT]
    font = _font(text, max(11, min(placement.size) // 36))
    anchor = None
    if label.anchor is not None:
        (anchor,) = _places([label.anchor], placement, is_of_display=label.is_anchor_of_display)
    at = anchor
    if label.top_left is not None:
        corners = [label.top_left, label.bottom_right or label.top_left]
        places = _places(corners, placement, is_of_display=label.is_of_display)
        at = min(x for x, _ in places), min(y for _, y in places)
        if anchor is not None and label.shows_anchor:
            pen.line([at, anchor], fill=_white(pen))
    if at is not None:
        _text(pen, at, text, font)


def _notes(
    pen: ImageDraw.ImageDraw, notes: tuple[tuple[str, ...], tuple[str, ...]], size: tuple[int, int]
) -> None:
    height = max(9, min(size) // 32)
    for lines, is_low in zip(notes, (False, True), strict=True):
        step = height + height // 4
        y = size[1] - step * len(lines) - height // 2 if is_low else height // 2
        for line in lines:
            _text(pen, (height // 2, y), line[:_MAX_TEXT], _font(line, height))
            y += step


def _text(pen: ImageDraw.ImageDraw, at: Point, text: str, font: Font) -> None:
    # Letters are readable on any picture with an edge in the other colour.
    pen.text(at, text, fill=_white(pen), font=font, stroke_width=1, stroke_fill=_white(pen, _BLACK))


def _font(text: str, size: int) -> Font:
    if not text.isascii() and any(ord(letter) > 0x24F for letter in text):
        for path in _FONTS:
            if Path(path).exists():
                return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)
