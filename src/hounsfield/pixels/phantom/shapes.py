"""The drawing tools of the phantoms: planes through the patient, smooth noise, and shapes painted as soft masks.

Coordinates are millimetres in the patient's directions (PS3.3 C.7.6.2.1.1): x to the left, y to the
back, z to the head. A shape is its signed distance, negative inside, roughly in millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Point = tuple[float, float, float]

_F = np.float32


@dataclass(frozen=True, slots=True)
class Plane:
    """One slice: the coordinates of its rows and columns, and where it lies on the third axis.

    ``axes`` names row axis and column axis as indices into (x, y, z): (1, 0) is transverse, (2, 1) sagittal.
    """

    axes: tuple[int, int]
    rows: Floats
    columns: Floats
    position: float

    @property
    def along(self) -> tuple[Floats, Floats, Floats]:
        """The coordinates the plane has on x, y and z."""
        result = [np.array([self.position], dtype=_F)] * 3
        result[self.axes[0]], result[self.axes[1]] = self.rows, self.columns
        return result[0], result[1], result[2]

    def spread(self, values: Floats) -> Floats:
        """A (x, y, z) block with one axis of length 1 as (rows, columns)."""
        third = 3 - sum(self.axes)
        return np.ascontiguousarray(values.transpose(*self.axes, third)[..., 0])

    def grid(self) -> tuple[Floats, Floats, Floats]:
        """x, y and z of every pixel."""
        shape = (len(self.rows), len(self.columns))
        result = [np.full(shape, self.position, dtype=_F)] * 3
        result[self.axes[0]] = np.broadcast_to(self.rows[:, None], shape).astype(_F)
        result[self.axes[1]] = np.broadcast_to(self.columns[None, :], shape).astype(_F)
        return result[0], result[1], result[2]


class Field:
    """Smooth noise in space, about one in strength, with bumps about ``size_mm`` across."""

    def __init__(self, seed: int, size_mm: float, reach_mm: float = 260.0) -> None:
        count = int(2 * reach_mm / size_mm) + 4
        self._size_mm, self._reach_mm = size_mm, reach_mm
        noise = np.random.default_rng(seed).standard_normal((count,) * 3, dtype=_F)
        # The spline that reads the lattice smooths it; the factor makes up for it.
        self._lattice = noise * _F(2.0)

    def on(self, plane: Plane) -> Floats:
        """Its values on a plane."""
        block: Floats = self._lattice
        # The thin axis first, so that the rest is small work.
        thin = 3 - sum(plane.axes)
        along = plane.along
        for axis in (thin, *plane.axes):
            block = self._read(block, along[axis], axis)
        return plane.spread(block)

    def at(self, points: NDArray[np.float32]) -> Floats:
        """Its values at scattered (n, 3) points, read from the nearest eight lattice points."""
        place = (points + self._reach_mm) / self._size_mm
        np.clip(place, 0, self._lattice.shape[0] - 2, out=place)
        low = place.astype(np.intp)
        x, y, z = (place - low).T
        i, j, k = low.T
        flat, n = self._lattice.ravel(), self._lattice.shape[0]
        base = (i * n + j) * n + k
        front = flat[base] * (1 - z) + flat[base + 1] * z
        front = front * (1 - y) + (flat[base + n] * (1 - z) + flat[base + n + 1] * z) * y
        base += n * n
        back = flat[base] * (1 - z) + flat[base + 1] * z
        back = back * (1 - y) + (flat[base + n] * (1 - z) + flat[base + n + 1] * z) * y
        return np.asarray(front * (1 - x) + back * x, dtype=_F)

    def _read(self, block: Floats, coordinates: Floats, axis: int) -> Floats:
        """Replace one axis of lattice points by coordinates, with a quadratic B-spline."""
        place = (coordinates + self._reach_mm) / self._size_mm + 1.0
        nearest = np.clip(np.rint(place).astype(np.intp), 1, self._lattice.shape[0] - 2)
        off = np.clip(place - nearest, -0.5, 0.5).reshape(
            [-1 if n == axis else 1 for n in range(3)]
        )
        result = np.take(block, nearest, axis) * (0.75 - off * off)
        result += np.take(block, nearest - 1, axis) * (0.5 * (0.5 - off) ** 2)
        result += np.take(block, nearest + 1, axis) * (0.5 * (0.5 + off) ** 2)
        return np.asarray(result, dtype=_F)


class Grain:
    """Fine texture that fills space by repeating; cheap, and the same in every direction of cut."""

    def __init__(self, seed: int, size_mm: float, cells: int = 64) -> None:
        noise: Floats = np.random.default_rng(seed).standard_normal((cells,) * 3, dtype=_F)
        for axis in range(3):
            noise = (np.roll(noise, 1, axis) + noise + np.roll(noise, -1, axis)) / 3
        self._cube, self._size_mm = noise / noise.std(), size_mm

    def on(self, plane: Plane) -> Floats:
        """Its values on a plane."""
        count = self._cube.shape[0]
        index = [np.rint(c / self._size_mm).astype(np.intp) % count for c in plane.along]
        return plane.spread(self._cube[np.ix_(*index)])


def ellipsoid(place: Sequence[Floats], centre: Point, radii: Point) -> Floats:
    """The distance from an ellipsoid."""
    square = sum(((p - c) / r) ** 2 for p, c, r in zip(place, centre, radii, strict=True))
    return np.asarray((np.sqrt(square) - 1.0) * (sum(radii) / 3), dtype=_F)


def tube(place: Sequence[Floats], begin: Point, end: Point, first: float, last: float) -> Floats:
    """The distance from a round tube between two points, of radius ``first`` to ``last``."""
    axis = [b - a for a, b in zip(begin, end, strict=True)]
    length = max(sum(a * a for a in axis), 1e-6)
    delta = [p - a for p, a in zip(place, begin, strict=True)]
    along = np.clip(sum(d * a for d, a in zip(delta, axis, strict=True)) / length, 0.0, 1.0)
    square = sum((d - along * a) ** 2 for d, a in zip(delta, axis, strict=True))
    return np.asarray(np.sqrt(square) - (first + (last - first) * along), dtype=_F)


def union(first: Floats, second: Floats, blend_mm: float) -> Floats:
    """The distance from two shapes that flow into each other."""
    mix = np.clip(0.5 + (second - first) / (2 * blend_mm), 0.0, 1.0)
    return np.asarray(second + (first - second) * mix - blend_mm * mix * (1 - mix), dtype=_F)


def bump(values: Floats, centre: float, width: float) -> Floats:
    """A smooth hill of height 1."""
    return np.asarray(1.0 / (1.0 + ((values - centre) / width) ** 2) ** 2, dtype=_F)


def step(values: Floats, at: float, width: float) -> Floats:
    """From 0 below ``at`` to 1 above it, over ``width``."""
    t = np.clip((values - at) / width + 0.5, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=_F)


def only(where: NDArray[np.bool_], value: float) -> Floats:
    """``value`` there and 0 elsewhere, in single precision, which a bare product would not keep."""
    return np.asarray(where * _F(value), dtype=_F)


def across(first: Floats, second: Floats) -> Floats:
    """The length of a two-dimensional vector; numpy's own hypot takes eight times as long."""
    return np.asarray(np.sqrt(first * first + second * second), dtype=_F)


def wrapped(values: Floats, period: float) -> Floats:
    """How far each value is from the nearest multiple of ``period``, with its sign."""
    turns = values * (1.0 / period)
    return np.asarray((turns - np.rint(turns)) * period, dtype=_F)


class Canvas:
    """A slice being painted: every pixel's place in the (warped) body, and its value in each channel."""

    def __init__(
        self, plane: Plane, place: tuple[Floats, Floats, Floats], values: NDArray[np.float32]
    ) -> None:
        self.plane, self.place, self.values = plane, place, values

    @property
    def x(self) -> Floats:
        """To the left, in mm."""
        return self.place[0]

    @property
    def y(self) -> Floats:
        """To the back, in mm."""
        return self.place[1]

    @property
    def z(self) -> Floats:
        """To the head, in mm."""
        return self.place[2]

    def near(self, low: Point, high: Point, margin_mm: float = 8.0) -> "Canvas | None":
        """The part of the canvas within a box, sharing its pixels; None if the plane misses it."""
        window = self.window(low, high, margin_mm)
        if window is None:
            return None
        rows, columns = window
        plane = Plane(
            self.plane.axes,
            self.plane.rows[rows],
            self.plane.columns[columns],
            self.plane.position,
        )
        x, y, z = (p[rows, columns] for p in self.place)
        return Canvas(plane, (x, y, z), self.values[:, rows, columns])

    def window(self, low: Point, high: Point, margin_mm: float = 8.0) -> tuple[slice, slice] | None:
        """The rows and columns within a box; None if the plane misses it."""
        thin = 3 - sum(self.plane.axes)
        if not low[thin] - margin_mm <= self.plane.position <= high[thin] + margin_mm:
            return None
        spans = []
        for axis, along in zip(self.plane.axes, (self.plane.rows, self.plane.columns), strict=True):
            inside = np.flatnonzero(
                (along >= low[axis] - margin_mm) & (along <= high[axis] + margin_mm)
            )
            if not len(inside):
                return None
            spans.append(slice(int(inside[0]), int(inside[-1]) + 1))
        return spans[0], spans[1]

    def paint(
        self,
        distance: Floats,
        tissue: Sequence[float],
        *,
        edge_mm: float = 1.0,
        opacity: float | Floats = 1.0,
        texture: Floats | None = None,
    ) -> None:
        """Lay a tissue over what is inside; ``texture`` is added to the first channel."""
        mask = np.clip(0.5 - distance / edge_mm, 0.0, 1.0)
        if not np.isscalar(opacity) or opacity != 1.0:
            mask = mask * opacity
        for channel, value in enumerate(tissue):
            layer = self.values[channel]
            target = value if texture is None or channel else value + texture
            layer += mask * (target - layer)

    def ellipsoid(
        self, centre: Point, radii: Point, tissue: Sequence[float], edge_mm: float = 1.0
    ) -> None:
        """Paint an ellipsoid."""
        low = tuple(c - r for c, r in zip(centre, radii, strict=True))
        high = tuple(c + r for c, r in zip(centre, radii, strict=True))
        part = self.near((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        if part is not None:
            part.paint(ellipsoid(part.place, centre, radii), tissue, edge_mm=edge_mm)

    def tube(
        self,
        points: Sequence[tuple[float, float, float, float]],
        tissue: Sequence[float],
        edge_mm: float = 1.0,
    ) -> None:
        """Paint a tube through points (x, y, z, radius)."""
        for begin, end in pairwise(points):
            reach = max(begin[3], end[3])
            low = [min(a, b) - reach for a, b in zip(begin[:3], end[:3], strict=True)]
            high = [max(a, b) + reach for a, b in zip(begin[:3], end[:3], strict=True)]
            part = self.near((low[0], low[1], low[2]), (high[0], high[1], high[2]))
            if part is not None:
                distance = tube(part.place, begin[:3], end[:3], begin[3], end[3])
                part.paint(distance, tissue, edge_mm=edge_mm)
