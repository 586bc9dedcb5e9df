"""The organs of the chest phantom: heart, great vessels, airways, and what lies below the diaphragm."""

from itertools import pairwise

import numpy as np

from hounsfield.pixels.phantom.hounsfield_units import (
    AORTA,
    FAT,
    KIDNEY,
    LIVER,
    MUSCLE,
    MYOCARDIUM,
    PULMONARY,
    SPLEEN,
    STOMACH,
    VEIN,
)
from hounsfield.pixels.phantom.shapes import (
    Canvas,
    Floats,
    ellipsoid,
    tube,
    union,
)

_BOTH = (-1.0, 1.0)
_Path = list[tuple[float, float, float, float]]

_AORTA: _Path = [
    (4.0, -14.0, -32.0, 15.0),
    (-12.0, -24.0, -4.0, 15.5),
    (-15.0, -20.0, 26.0, 15.0),
    (-9.0, -10.0, 46.0, 14.0),
    (4.0, 6.0, 55.0, 13.0),
    (15.0, 24.0, 50.0, 12.5),
    (21.0, 38.0, 32.0, 12.0),
    (21.0, 42.0, -10.0, 11.5),
    (14.0, 38.0, -90.0, 11.0),
    (7.0, 32.0, -170.0, 10.5),
]
_ARCH_BRANCHES: tuple[_Path, ...] = (
    [(-8.0, -8.0, 54.0, 6.5), (-16.0, -8.0, 84.0, 6.5), (-24.0, 2.0, 150.0, 4.5)],
    [(3.0, 4.0, 62.0, 4.4), (11.0, 4.0, 90.0, 4.2), (22.0, 8.0, 150.0, 4.0)],
    [(11.0, 18.0, 60.0, 5.5), (22.0, 22.0, 96.0, 5.0), (30.0, 20.0, 138.0, 4.6)],
)
_PULMONARY: tuple[_Path, ...] = (
    [(12.0, -42.0, -26.0, 14.5), (13.0, -28.0, 2.0, 14.0), (17.0, -10.0, 20.0, 13.5)],
    [(15.0, -10.0, 17.0, 11.5), (-8.0, 2.0, 10.0, 11.0), (-40.0, 8.0, 6.0, 9.5)],
    [(17.0, -8.0, 20.0, 11.5), (36.0, 14.0, 20.0, 11.0), (48.0, 26.0, 6.0, 9.0)],
)
_CAVA: tuple[_Path, ...] = (
    [(-26.0, -16.0, 88.0, 8.0), (-29.0, -14.0, 40.0, 9.5), (-30.0, -8.0, -18.0, 10.5)],
    [
        (-27.0, -18.0, 84.0, 7.0),
        (0.0, -30.0, 82.0, 6.5),
        (28.0, -26.0, 100.0, 6.5),
        (80.0, -16.0, 126.0, 6.0),
    ],
    [(-27.0, -18.0, 86.0, 7.0), (-42.0, -16.0, 108.0, 6.5), (-84.0, -14.0, 126.0, 6.0)],
)
_TRACHEA: _Path = [(0.0, 0.0, 160.0, 9.0), (1.0, 14.0, 80.0, 9.0), (0.0, 21.0, 34.0, 9.5)]
_MAIN_BRONCHI: tuple[_Path, ...] = (
    [(-2.0, 21.0, 33.0, 7.6), (-24.0, 26.0, 12.0, 7.0), (-44.0, 22.0, 2.0, 5.4)],
    [(2.0, 21.0, 33.0, 7.0), (26.0, 30.0, 8.0, 6.2), (46.0, 30.0, -4.0, 5.0)],
)
# The edges of the mediastinum: a lung begins where none of these are near.
_MEDIASTINUM: tuple[_Path, ...] = (_AORTA, *_ARCH_BRANCHES, *_PULMONARY, *_CAVA, _TRACHEA)


def heart_hull(x: Floats, y: Floats, z: Floats | float) -> Floats:
    """The distance from the heart: an egg whose tip points left, forward and down."""
    u = 0.80 * (x - 20.0) - 0.42 * (y + 22.0) - 0.42 * (z + 48.0)
    v = 0.46 * (x - 20.0) + 0.89 * (y + 22.0)
    w = 0.38 * (x - 20.0) - 0.19 * (y + 22.0) + 0.91 * (z + 48.0)
    taper = 1.0 - 0.0035 * u
    square = (u / 62.0) ** 2 + (v / (45.0 * taper)) ** 2 + (w / (46.0 * taper)) ** 2
    return np.asarray((np.sqrt(square) - 1.0) * 48.0, dtype=np.float32)


def heart(canvas: Canvas) -> None:
    """Paint the heart in its pericardium: chambers, muscle, pulmonary veins, a coronary artery."""
    part = canvas.near((-70.0, -85.0, -112.0), (96.0, 42.0, 12.0))
    if part is None:
        return
    x, y, z = part.place
    hull = heart_hull(x, y, z)
    part.paint(hull - 1.5, (MUSCLE - 20.0,))
    part.paint(hull, (FAT + 20.0,))
    left = (36.0, -20.0, -58.0)
    # Rotated into the heart's own axes: along it, and across.
    u = 0.80 * (x - left[0]) - 0.42 * (y - left[1]) - 0.42 * (z - left[2])
    v = 0.46 * (x - left[0]) + 0.89 * (y - left[1])
    w = 0.38 * (x - left[0]) - 0.19 * (y - left[1]) + 0.91 * (z - left[2])
    ventricle = (np.sqrt((u / 44.0) ** 2 + (v / 30.0) ** 2 + (w / 30.0) ** 2) - 1.0) * 33.0
    right_heart = (
        np.sqrt(((u + 2.0) / 46.0) ** 2 + ((v + 25.0) / 19.0) ** 2 + ((w + 4.0) / 30.0) ** 2) - 1.0
    ) * 28.0
    part.paint(np.maximum(right_heart, hull + 2.0), (MYOCARDIUM,))
    part.paint(np.maximum(right_heart + 3.0, hull + 5.0), (PULMONARY + 10.0,), edge_mm=1.6)
    part.paint(np.maximum(ventricle, hull + 1.5), (MYOCARDIUM,))
    ripple = 1.6 * np.sin(u * 0.45) * np.sin(np.arctan2(v, w) * 5.0)
    part.paint(ventricle + 10.5 + ripple, (AORTA - 10.0,), edge_mm=1.6)
    for centre, radii, value in (
        ((-28.0, -14.0, -46.0), (23.0, 27.0, 31.0), PULMONARY + 20.0),
        ((8.0, 18.0, -32.0), (33.0, 17.0, 24.0), AORTA - 15.0),
    ):
        room = ellipsoid(part.place, centre, radii)
        part.paint(room, (MYOCARDIUM,))
        part.paint(room + 2.0, (value,), edge_mm=1.4)
    for side in _BOTH:
        for height in (-24.0, -38.0):
            part.tube(
                [(8.0 + side * 26.0, 20.0, -32.0, 6.5), (side * 46.0, 22.0, height, 5.5)],
                (AORTA - 20.0,),
            )
    part.tube(
        [(-4.0, -24.0, -20.0, 1.8), (24.0, -44.0, -36.0, 1.7), (58.0, -50.0, -74.0, 1.3)], (AORTA,)
    )


def mediastinum(canvas: Canvas) -> Floats:
    """The distance from everything between the lungs."""
    x, y, z = canvas.place
    height = canvas.plane.position
    nearest = np.full(x.shape, 60.0, dtype=np.float32)
    if -115.0 < height < 20.0:
        nearest = np.minimum(nearest, heart_hull(x, y, z) + 4.5)
    for path in _MEDIASTINUM:
        for begin, end in pairwise(path):
            reach = max(begin[3], end[3]) + 6.0
            if abs(begin[0]) > 46.0 or abs(end[0]) > 46.0:
                continue
            if min(begin[2], end[2]) - reach < height < max(begin[2], end[2]) + reach:
                gap = tube(canvas.place, begin[:3], end[:3], begin[3], end[3])
                nearest = union(nearest, gap + 2.0, 4.0)
    # The membranes before and behind, to sternum and spine.
    septum = np.abs(x - 3.0) - 5.0 + np.maximum(y - 30.0, 0.0) * -0.15
    wide = max(0.0, (height - 40.0) / 60.0)
    thymus = ellipsoid(
        (x, y, y * 0), (0.0, -38.0 + 22.0 * wide, 0.0), (16.0 + 12.0 * wide, 26.0, 1e3)
    )
    nearest = union(nearest, septum + 5.0, 5.0)
    return union(nearest, thymus + 6.0, 6.0)


def great_vessels(canvas: Canvas) -> None:
    """Paint the vessels between the lungs, with oesophagus, lymph nodes, thyroid and airways."""
    for path in _CAVA:
        canvas.tube(path, (VEIN,), 1.6)
    for path in _PULMONARY:
        canvas.tube(path, (PULMONARY,), 1.6)
    canvas.tube([(x, y, z, r + 1.2) for x, y, z, r in _AORTA], (75.0,), 1.4)
    canvas.tube(_AORTA, (AORTA,), 1.4)
    for path in _ARCH_BRANCHES:
        canvas.tube(path, (AORTA,), 1.4)
    canvas.ellipsoid((7.0, 3.0, 67.5), (3.6, 2.2, 1.6), (700.0,))
    canvas.tube(
        [
            (5.0, 16.0, 160.0, 6.0),
            (6.0, 34.0, 80.0, 6.5),
            (6.0, 38.0, 0.0, 6.5),
            (12.0, 24.0, -90.0, 7.5),
            (28.0, 6.0, -122.0, 8.0),
        ],
        (MUSCLE,),
        1.6,
    )
    canvas.tube(
        [(5.0, 16.0, 160.0, 1.2), (6.0, 34.0, 80.0, 1.6), (6.0, 38.0, 0.0, 1.0)], (-500.0,), 2.0
    )
    canvas.tube([(-7.0, 44.0, 44.0, 3.6), (-9.0, 42.0, -110.0, 3.4)], (VEIN - 160.0,))
    canvas.tube(
        [(-8.0, 44.0, 42.0, 3.6), (-22.0, 26.0, 48.0, 4.0), (-29.0, 0.0, 44.0, 4.0)],
        (VEIN - 100.0,),
    )
    for centre, radii in (
        ((-13.0, 6.0, 42.0), (4.0, 3.0, 5.0)),
        ((8.0, 14.0, 32.0), (3.4, 5.0, 4.0)),
        ((-4.0, 32.0, 14.0), (8.0, 4.0, 7.0)),
        ((-22.0, -2.0, 30.0), (3.0, 3.4, 4.0)),
    ):
        canvas.ellipsoid(centre, radii, (72.0,), 1.6)
    for side in _BOTH:
        canvas.ellipsoid((side * 20.0, -2.0, 138.0), (9.0, 12.0, 22.0), (150.0,), 1.6)
    walls = (_TRACHEA, *_MAIN_BRONCHI)
    for path in walls:
        canvas.tube([(x, y, z, r + 1.5) for x, y, z, r in path], (50.0,))
    for path in walls:
        canvas.tube(path, (-995.0,))


def diaphragm(x: Floats, y: Floats) -> Floats:
    """The height of its two domes."""
    right = -66.0 - 0.0062 * (x + 66.0) ** 2 - 0.0078 * (y + 6.0) ** 2
    left = -80.0 - 0.0066 * (x - 70.0) ** 2 - 0.0078 * (y + 2.0) ** 2
    return np.asarray(np.maximum(np.maximum(right, left), -210.0), dtype=np.float32)


def abdomen(canvas: Canvas, room: Floats, patchy: Floats) -> None:
    """Paint what lies under the diaphragm: liver, spleen, stomach, upper poles of the kidneys."""
    if canvas.plane.position > -58.0 or float(room.min()) > 2.0:
        return
    x, y, z = canvas.place
    canvas.paint(room, (FAT,), texture=5.0 * patchy)
    spleen = ellipsoid(canvas.place, (92.0, 36.0, -128.0), (30.0, 40.0, 44.0))
    stomach = ellipsoid(canvas.place, (52.0, -12.0, -134.0), (44.0, 46.0, 46.0))
    liver = ellipsoid(canvas.place, (-48.0, -2.0, -140.0), (96.0, 96.0, 82.0))
    lobe = ellipsoid(canvas.place, (18.0, -48.0, -132.0), (56.0, 34.0, 50.0))
    kept = room + 2.2
    canvas.paint(np.maximum(stomach, kept), (70.0,))
    bubble = -34.0 - y
    canvas.paint(np.maximum(stomach + 4.0, kept + 3.0), (STOMACH,), texture=12.0 * patchy)
    canvas.paint(np.maximum(np.maximum(stomach + 4.0, kept + 3.0), -bubble), (-985.0,))
    canvas.paint(np.maximum(union(liver, lobe, 8.0), kept), (LIVER,), texture=3.0 * patchy)
    canvas.paint(np.maximum(spleen, kept), (SPLEEN,), texture=7.0 * patchy)
    kidney = ellipsoid((np.abs(x), y, z), (56.0, 56.0, -164.0), (24.0, 22.0, 30.0))
    canvas.paint(np.maximum(kidney, kept), (KIDNEY,), texture=4.0 * patchy)
    canvas.tube(
        [(-24.0, 8.0, -30.0, 11.0), (-24.0, 10.0, -76.0, 12.0), (-20.0, 18.0, -170.0, 11.0)],
        (PULMONARY - 70.0,),
        1.6,
    )
    for end in (
        (-92.0, -8.0, -104.0),
        (-50.0, -52.0, -106.0),
        (-6.0, -38.0, -104.0),
        (-88.0, 44.0, -116.0),
    ):
        canvas.tube([(-24.0, 8.0, -84.0, 5.5), (*end, 2.0)], (LIVER + 48.0,), 1.8)
    for end in (
        (-96.0, 10.0, -134.0),
        (-60.0, -50.0, -132.0),
        (-74.0, 50.0, -140.0),
        (8.0, -46.0, -130.0),
    ):
        canvas.tube([(-34.0, -10.0, -146.0, 6.5), (*end, 2.2)], (LIVER + 40.0,), 1.8)
    crus = np.maximum(np.abs(x - 6.0) - 20.0, np.abs(y - 30.0) - 14.0)
    canvas.paint(np.maximum(np.abs(crus) - 2.0, room + 1.0), (MUSCLE,), edge_mm=1.6, opacity=0.8)
