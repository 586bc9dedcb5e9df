"""Where a frame lies in the patient, and where the pixels of one frame lie in another (PS3.3 C.7.6.2.1.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue

from hounsfield.pixels.description import groups_of

# Directions of planes that are parallel but for what was rounded in them.
_PARALLEL = 0.9999
# What is farther away, or smaller, is no part of a patient; it could not be calculated with either.
_MAX_MM, _MIN_MM = 1e6, 1e-6
# (row of the first pixel, rows for each row down, rows for each column across, and the same in columns)
Mapping = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of a frame; lengths are in mm, directions of length 1.

    ``position`` is the centre of the first pixel; ``across`` and ``down`` lead to the next column and row, which are
    ``column_spacing`` and ``row_spacing`` away; frames of its kind are ``slice_spacing`` apart.
    """

    frame_of_reference_uid: str
    position: tuple[float, ...]
    across: tuple[float, ...]
    down: tuple[float, ...]
    row_spacing: float
    column_spacing: float
    slice_spacing: float

    def is_parallel_to(self, other: "Plane") -> bool:
        """Whether the two lie in one frame of reference and nowhere cross."""
        is_same = self.frame_of_reference_uid == other.frame_of_reference_uid
        return is_same and abs(float(self.normal() @ other.normal())) > _PARALLEL

    def distance_to(self, other: "Plane") -> float:
        """How far a parallel plane is away, in mm."""
        between = np.subtract(other.position, self.position)
        return abs(float(between @ self.normal()))

    def mapping_from(self, other: "Plane") -> Mapping:
        """Where the pixels of a parallel plane are in rows and columns of this one, counted from 0."""
        start = np.subtract(other.position, self.position)
        next_row = np.multiply(other.down, other.row_spacing)
        next_column = np.multiply(other.across, other.column_spacing)
        ways = (start, next_row, next_column)
        rows = [float(way @ np.asarray(self.down)) / self.row_spacing for way in ways]
        columns = [float(way @ np.asarray(self.across)) / self.column_spacing for way in ways]
        return rows[0], rows[1], rows[2], columns[0], columns[1], columns[2]

    def normal(self) -> NDArray[np.float64]:
        """The direction that stands on the plane."""
        return np.asarray(np.cross(self.across, self.down), dtype=np.float64)


def plane_of(dataset: Dataset) -> Plane | None:
    """The plane of an image, or of the frame whose functional groups a data set has; None where it does not say."""
    groups = list(groups_of(dataset, 0))
    position = _numbers(groups, "ImagePositionPatient", 3)
    orientation = _numbers(groups, "ImageOrientationPatient", 6)
    spacing = _numbers(groups, "PixelSpacing", 2)
    frame_of_reference = str(dataset.get("FrameOfReferenceUID") or "")
    if not (position and orientation and spacing and frame_of_reference):
        return None
    if max(map(abs, (*position, *orientation, *spacing))) > _MAX_MM or min(spacing) < _MIN_MM:
        return None
    lengths = [float(np.linalg.norm(orientation[at : at + 3])) for at in (0, 3)]
    if not all(0.5 < length < 2 for length in lengths):
        return None
    apart = _numbers(groups, "SpacingBetweenSlices", 1) or _numbers(groups, "SliceThickness", 1)
    return Plane(
        frame_of_reference,
        tuple(position),
        tuple(one / lengths[0] for one in orientation[:3]),
        tuple(one / lengths[1] for one in orientation[3:]),
        row_spacing=spacing[0],
        column_spacing=spacing[1],
        slice_spacing=abs(apart[0]) if apart and apart[0] else 1.0,
    )


def _numbers(groups: Sequence[Dataset], keyword: str, count: int) -> list[float]:
    """So many finite numbers of the first group that has them, or none."""
    for group in groups:
        value: Any = group.get(keyword)
        if value is None or value == "":
            continue
        values = [float(one) for one in (value if isinstance(value, MultiValue) else [value])]
        if len(values) == count and np.isfinite(values).all():
            return values
    return []
