"""The parts of the head phantom below the brain: eyes, nose, jaws, neck and upper spine."""

from collections.abc import Callable

import numpy as np

from hounsfield.pixels.phantom.shapes import Canvas, Floats, across, ellipsoid, tube, wrapped
from hounsfield.pixels.phantom.tissues import Look, Tissue

_Palette = Callable[[Tissue], Look]
_BOTH = (-1.0, 1.0)


def orbits(canvas: Canvas, look: _Palette) -> None:
    """Eyes with their muscles, nerves and fat, in cones of thin bone."""
    bone = look(Tissue.CORTICAL_BONE)
    for side in _BOTH:
        low, high = sorted((side * 10.0, side * 54.0))
        part = canvas.near((low, -100.0, -52.0), (high, -24.0, -4.0))
        if part is None:
            continue
        # Drawn a little deeper than they lie, then pressed together towards the apex.
        x, y, z = part.place
        y = (y + 30.0) * 1.15 - 30.0
        part = Canvas(part.plane, (x, y, z), part.values)
        # A cone from the apex, opening to the front and to the side.
        depth = np.clip((y + 30.0) / -48.0, 0.0, 1.3)
        axis_x, axis_z = side * (13.0 + 18.5 * depth), -25.0 - 4.0 * depth
        radius = 3.0 + 17.0 * np.sqrt(np.maximum(depth, 0.0)) - 2.5 * depth**3
        cone = across(x - axis_x, (z - axis_z) * 1.2) - radius
        cone = np.maximum(cone, y + 30.0)
        front = y + 79.0
        shell = np.maximum(cone - 2.0, -83.0 - y + 0.28 * np.abs(x - side * 31.0))
        part.paint(shell, bone, edge_mm=1.1)
        part.paint(np.maximum(cone, -84.0 - y), look(Tissue.FAT), edge_mm=1.1)
        part.paint(
            np.maximum(cone + 1.0, np.abs(front + 4.5) - 2.0), look(Tissue.MUSCLE), opacity=0.5
        )
        eye = (side * 31.5, -74.0, -29.0)
        for begin, end, size in (
            ((14.5, -34.0, -25.0), (20.5, -70.0, -29.0), 2.1),
            ((15.0, -34.0, -25.0), (43.0, -68.0, -29.0), 2.0),
            ((14.0, -34.0, -24.0), (31.0, -68.0, -17.5), 2.0),
            ((14.0, -34.0, -27.0), (30.0, -68.0, -40.5), 2.0),
        ):
            middle = tuple(
                (a + b) / 2 + o for a, b, o in zip(begin, end, (0.0, 0.0, 0.0), strict=True)
            )
            part.tube(
                [
                    (side * begin[0], begin[1], begin[2], 1.0),
                    (side * middle[0], middle[1], middle[2], size),
                    (side * end[0], end[1], end[2], 0.9),
                ],
                look(Tissue.MUSCLE),
            )
        part.tube(
            [
                (side * 14.0, -33.0, -24.5, 1.8),
                (side * 22.0, -48.0, -28.5, 2.0),
                (side * 30.0, -63.0, -29.0, 2.2),
            ],
            look(Tissue.NERVE),
        )
        part.ellipsoid((side * 41.0, -72.0, -20.0), (4.0, 7.0, 5.0), look(Tissue.GLAND))
        globe = ellipsoid(part.place, eye, (12.0, 13.6, 12.0))
        part.paint(globe, look(Tissue.SCLERA))
        part.paint(globe + 1.3, look(Tissue.VITREOUS))
        lens = ellipsoid(part.place, (eye[0], eye[1] - 7.6, eye[2]), (4.6, 2.0, 4.6))
        part.paint(lens, look(Tissue.LENS))


def jaws(canvas: Canvas, bone: Look, look: _Palette) -> None:
    """Palate, teeth, the bone that holds them, and the tongue."""
    part = canvas.near((-40.0, -100.0, -128.0), (40.0, -20.0, -66.0))
    if part is None:
        return
    x, y, z = part.place
    # The dental arch is a parabola; teeth are where its length is not in a gap.
    arch = (y + 86.0 - 0.032 * x * x) / np.sqrt(1.0 + (0.05 * x) ** 2)
    reach = np.abs(x) - 33.0
    palate = np.maximum(np.maximum(np.abs(z + 75.0) - 2.0, -82.0 - y + 0.032 * x * x), y + 30.0)
    part.paint(np.maximum(palate, np.abs(x) - 27.0), bone)
    alveolar = np.maximum(np.maximum(np.abs(arch) - 5.0, np.abs(z + 80.0) - 6.0), reach)
    lower = np.maximum(np.maximum(np.abs(arch - 2.0) - 4.6, np.abs(z + 114.0) - 6.0), reach)
    part.paint(np.minimum(alveolar, lower), bone)
    part.paint(np.minimum(alveolar, lower) + 1.6, look(Tissue.SPONGY_BONE))
    length = x * (1.0 + 0.006 * np.abs(x))
    gap = np.abs(wrapped(length, 8.2))
    upper_teeth = np.maximum(np.abs(arch + 0.5) - 3.4, np.abs(z + 89.0) - 8.5)
    lower_teeth = np.maximum(np.abs(arch - 1.6) - 3.0, np.abs(z + 106.0) - 8.0)
    teeth = np.maximum(np.minimum(upper_teeth, lower_teeth), gap - 3.6)
    part.paint(np.maximum(teeth, reach), look(Tissue.TOOTH))
    tongue = ellipsoid(part.place, (0.0, -46.0, -100.0), (25.0, 36.0, 21.0))
    part.paint(np.maximum(tongue, 3.0 - arch), look(Tissue.TONGUE))


def nose(part: Canvas, wave: Floats, look: _Palette) -> None:
    """The nasal cavity with septum and turbinates, the nostrils and the pharynx."""
    air, bone, mucosa = look(Tissue.AIR), look(Tissue.CORTICAL_BONE), look(Tissue.MUCOSA)
    x, y, z = part.place
    cavity = np.maximum(
        np.abs(x) - 13.5 + 0.35 * np.maximum(z + 52.0, 0.0) + 0.45 * np.maximum(-68.0 - y, 0.0),
        np.maximum(np.abs(y + 54.0) - 33.0, np.abs(z + 56.0) - 15.5),
    )
    part.paint(cavity - 0.6, mucosa)
    septum = np.abs(x - 0.8 * np.sin(y * 0.09)) - 0.8
    free = np.maximum(cavity + 0.8, 1.4 - np.abs(x - 0.8 * np.sin(y * 0.09)))
    side = np.abs(x)
    for height, width, size in ((-64.0, 7.5, 5.0), (-53.0, 6.8, 3.8), (-44.0, 5.4, 2.6)):
        swollen = tube(
            (side, y, z), (width, -84.0, height), (width, -40.0, height + 2.0), size, size
        )
        free = np.maximum(free, 0.6 - swollen - 0.5 * wave)
    part.paint(free, air)
    part.paint(np.maximum(septum, cavity + 0.5), bone, opacity=0.35)
    for height, width in ((-63.0, 8.5), (-52.0, 7.5)):
        core = tube((side, y, z), (width, -82.0, height), (width, -44.0, height + 2.0), 0.8, 0.8)
        part.paint(core, bone, opacity=0.6)
    part.tube([(6.0, -88.0, -64.0, 3.6), (6.0, -101.0, -78.0, 3.6)], air)
    part.tube([(-6.0, -88.0, -64.0, 3.6), (-6.0, -101.0, -78.0, 3.6)], air)
    # From the choanae down: naso- and oropharynx, with the soft palate hanging in.
    throat = tube((x * 0.6, y, z), (0.0, -14.0, -58.0), (0.0, -4.0, -84.0), 8.0, 6.0)
    lower = tube((x * 0.5, y, z), (0.0, -4.0, -84.0), (0.0, 2.0, -170.0), 6.0, 7.0)
    link = np.maximum(np.abs(x) - 12.0, np.maximum(np.abs(y + 20.0) - 9.0, np.abs(z + 58.0) - 9.0))
    part.paint(np.minimum(np.minimum(throat, lower), link), air)
    part.tube([(0.0, -28.0, -75.0, 3.2), (0.0, -13.0, -82.0, 3.4), (0.0, -8.0, -94.0, 2.2)], mucosa)


def neck(canvas: Canvas, look: _Palette) -> None:
    """Muscles and vessels of the neck, for planes that reach so low."""
    for side in _BOTH:
        canvas.tube(
            [(side * 50.0, 32.0, -68.0, 8.0), (side * 34.0, -8.0, -190.0, 10.0)],
            look(Tissue.MUSCLE),
            1.6,
        )
        canvas.tube(
            [(side * 26.0, 4.0, -60.0, 3.0), (side * 26.0, 2.0, -190.0, 3.6)],
            look(Tissue.SINUS_BLOOD),
        )
        canvas.tube(
            [(side * 33.0, 10.0, -60.0, 4.2), (side * 34.0, 8.0, -190.0, 6.0)],
            look(Tissue.SINUS_BLOOD),
        )
        canvas.ellipsoid((side * 55.0, 4.0, -72.0), (11.0, 13.0, 22.0), look(Tissue.GLAND), 2.0)
        canvas.tube(
            [(side * 57.0, -12.0, -62.0, 7.0), (side * 54.0, -18.0, -108.0, 8.0)],
            look(Tissue.MUSCLE),
            1.6,
        )


def cervical_spine(canvas: Canvas, look: _Palette) -> None:
    """The upper vertebrae, seen where a plane reaches so low."""
    part = canvas.near((-34.0, -6.0, -190.0), (34.0, 74.0, -58.0))
    if part is None:
        return
    x, y, z = part.place
    bone, marrow = look(Tissue.CORTICAL_BONE), look(Tissue.MARROW)
    lean = 12.0 - 0.10 * (z + 84.0)
    phase = -wrapped(z + 93.5, 19.0)
    column = np.maximum(across(x * 0.82, y - lean) - 8.4, z + 80.0)
    part.paint(column, look(Tissue.DISC))
    body = np.maximum(column + 0.3, np.abs(phase) - 7.2)
    part.paint(body, bone)
    part.paint(body + 1.0, marrow)
    canal = across(x, y - lean - 17.5) - 8.6
    below = z + 66.0
    ring = np.maximum(np.maximum(np.abs(canal - 2.2) - 2.2, np.abs(phase) - 6.0), below + 16.0)
    part.paint(ring, bone)
    spine = np.maximum(
        np.maximum(np.abs(x) - 2.6, np.abs(y - lean - 34.0) - 9.0),
        np.abs(phase + 0.3 * (y - lean - 30.0)) - 4.2,
    )
    part.paint(np.maximum(spine, below + 16.0), bone)
    part.paint(np.maximum(spine + 1.2, below + 16.0), marrow)
    atlas = np.maximum(np.abs(across(x * 0.82, y - 24.0) - 17.0) - 3.4, np.abs(z + 75.0) - 4.6)
    part.paint(atlas, bone)
    part.paint(atlas + 1.4, marrow)
    part.tube([(0.0, 11.0, -84.0, 6.2), (0.0, 12.0, -66.0, 4.6)], bone)
    part.tube([(0.0, 11.0, -84.0, 4.8), (0.0, 12.0, -67.0, 3.2)], marrow)
    part.paint(np.maximum(canal, z + 56.0), look(Tissue.CSF))
