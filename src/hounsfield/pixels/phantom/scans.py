"""The scans of the demonstration: a number of slices each, their geometry, and the stored values of any one.

Slices are drawn one at a time, when asked for, and come out the same every time.
"""

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from hounsfield.pixels.phantom.chest import Chest
from hounsfield.pixels.phantom.head import CT_CHANNELS, Head
from hounsfield.pixels.phantom.scanner import Coil, Noise, ct_image, doubled
from hounsfield.pixels.phantom.shapes import Floats, Plane

_TRANSVERSE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the slices of a scan lie (PS3.3 C.7.6.2); ``first`` is the centre of the first pixel of slice 0."""

    rows: int
    columns: int
    number_of_slices: int
    spacing_mm: float
    thickness_mm: float
    first: tuple[float, float, float]
    step: tuple[float, float, float]
    orientation: tuple[float, ...]

    def position(self, index: int) -> tuple[float, float, float]:
        """Image Position (Patient) of a slice, in mm."""
        x, y, z = (a + index * b for a, b in zip(self.first, self.step, strict=True))
        return round(x, 4), round(y, 4), round(z, 4)


class Scan(Protocol):
    """A stack of slices of 12 bits stored in 16, unsigned, little endian."""

    @property
    def geometry(self) -> Geometry:
        """Where its slices lie."""

    @property
    def rescale_intercept(self) -> int:
        """What makes CT numbers of stored values; 0 where they are none."""

    def pixels(self, index: int) -> bytes:
        """The stored values of one slice; may be called from any thread."""


def _transverse(size: int, count: int, spacing: float, start: float, step: float) -> Geometry:
    corner = -(size - 1) / 2 * spacing
    return Geometry(
        size,
        size,
        count,
        spacing,
        abs(step),
        (corner, corner, start),
        (0.0, 0.0, step),
        _TRANSVERSE,
    )


class HeadCt:
    """A head without contrast medium from the skull base up; there is a bleed to be found."""

    geometry = _transverse(512, 128, 0.449, -70.0, 1.25)
    rescale_intercept = -1024

    @cached_property
    def _parts(self) -> tuple[Head, Noise]:
        return Head(), Noise(101, 512, 0.10, 0.24)

    def pixels(self, index: int) -> bytes:
        """The stored values of one slice."""
        head, noise = self._parts
        spacing = self.geometry.spacing_mm
        axis = ((np.arange(256) - 127.5) * 2 * spacing).astype(np.float32)
        plane = Plane((1, 0), axis, axis, self.geometry.position(index)[2])
        clean = doubled(head.draw(plane, CT_CHANNELS, is_bleeding=True)[0])
        return ct_image(clean, noise.take(index), 3.6, self.rescale_intercept)


class _ChestSlices:
    """The chest without noise, which both kernels share; the latest slices are kept."""

    geometry = _transverse(512, 130, 0.76, 128.0, -2.2)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[int, Floats] = {}

    @cached_property
    def _chest(self) -> Chest:
        return Chest(512, self.geometry.spacing_mm, self.geometry.thickness_mm)

    def clean(self, index: int) -> Floats:
        with self._lock:
            if index not in self._latest:
                while len(self._latest) >= 3:
                    del self._latest[next(iter(self._latest))]
                z = self.geometry.position(index)[2]
                self._latest[index] = self._chest.trees(doubled(self._chest.draw(z)), z)
            return self._latest[index]


class ChestCt:
    """A chest with contrast medium, by the soft or the lung kernel; there is a nodule to be found."""

    rescale_intercept = -1024

    def __init__(self, slices: _ChestSlices, *, is_lung_kernel: bool) -> None:
        self._slices, self.is_lung_kernel = slices, is_lung_kernel
        # Every second slice is enough for the second series.
        self.every = 2 if is_lung_kernel else 1
        whole = slices.geometry
        self.geometry = _transverse(
            512,
            whole.number_of_slices // self.every,
            whole.spacing_mm,
            whole.first[2],
            whole.step[2] * self.every,
        )

    @cached_property
    def _noise(self) -> Noise:
        return Noise(203, 512, 0.3, 0.42) if self.is_lung_kernel else Noise(202, 512, 0.1, 0.22)

    def pixels(self, index: int) -> bytes:
        """The stored values of one slice."""
        clean = self._slices.clean(index * self.every)
        deviation = 42.0 if self.is_lung_kernel else 11.0
        return ct_image(clean, self._noise.take(index), deviation, self.rescale_intercept)


def chest_ct() -> tuple[ChestCt, ChestCt]:
    """The chest by the soft kernel and by the lung kernel."""
    slices = _ChestSlices()
    return ChestCt(slices, is_lung_kernel=False), ChestCt(slices, is_lung_kernel=True)


class HeadT1:
    """A head, T1-weighted, sagittal."""

    geometry = Geometry(
        256, 256, 144, 1.0, 1.1, (-78.65, -135.5, 107.0), (1.1, 0.0, 0.0), _SAGITTAL
    )
    rescale_intercept = 0

    @cached_property
    def _parts(self) -> tuple[Head, Coil]:
        return Head(29), Coil(301, 256)

    def pixels(self, index: int) -> bytes:
        """The stored values of one slice."""
        head, coil = self._parts
        x, y, z = self.geometry.position(index)
        count = np.arange(256, dtype=np.float32)
        plane = Plane((2, 1), z - count, y + count, x)
        return coil.image(head.draw(plane, (1,))[0], plane, index, 16.0)


class HeadT2:
    """The same head, T2-weighted, transverse."""

    geometry = _transverse(256, 128, 0.898, -72.0, 1.3)
    rescale_intercept = 0

    @cached_property
    def _parts(self) -> tuple[Head, Coil]:
        return Head(29), Coil(301, 256)

    def pixels(self, index: int) -> bytes:
        """The stored values of one slice."""
        head, coil = self._parts
        axis = ((np.arange(256) - 127.5) * self.geometry.spacing_mm).astype(np.float32)
        plane = Plane((1, 0), axis, axis, self.geometry.position(index)[2])
        return coil.image(head.draw(plane, (2,))[0], plane, index, 18.0)
