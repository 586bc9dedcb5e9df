"""The bones of the chest phantom: rib cage, spine, sternum, shoulder girdle."""

import numpy as np

from hounsfield.pixels.phantom.hounsfield_units import BONE, CARTILAGE, CORD, CSF, DISC, FAT, MARROW
from hounsfield.pixels.phantom.shapes import (
    Canvas,
    Floats,
    across,
    bump,
    only,
    step,
    tube,
    wrapped,
)

_BOTH = (-1.0, 1.0)
_RIB_SPACING = 21.5


def _profile(z: float | Floats) -> tuple[Floats, Floats, Floats]:
    """Half width, half depth and middle of the rib cage at a height."""
    rise = np.maximum((np.asarray(z, dtype=np.float32) + 60.0) / 205.0, 0.0)
    fall = np.maximum((-60.0 - np.asarray(z, dtype=np.float32)) / 90.0, 0.0)
    square = rise * rise
    width = 134.0 * np.sqrt(np.maximum(1.0 - square * 0.98, 0.02)) * (1.0 - 0.05 * fall)
    depth = 90.0 * np.sqrt(np.maximum(1.0 - square * rise * 0.86, 0.02)) * (1.0 - 0.03 * fall)
    return width, depth, 2.0 + 20.0 * square


def cage_and_front(x: Floats, y: Floats, z: float | Floats) -> tuple[Floats, Floats]:
    """The distance from the rib cage, and how far along it from 0 behind to 1 in front."""
    width, depth, middle = _profile(z)
    u, v = x / width, (y - middle) / depth
    a, b = u * u, v * v
    k = np.sqrt(np.sqrt(a * a + b * b + 1.5 * a * b) + 1e-6)
    front = 0.5 - 0.5 * v / np.sqrt(a + b + 1e-6)
    return (k - 1.0) * (0.55 * width + 0.45 * depth), front


def spine(x: Floats, y: Floats, z: float) -> tuple[Floats, float, float]:
    """The distance from the column of vertebral bodies, its middle, and the height within a vertebra."""
    middle = 54.0 + 9.0 * float(np.cos((z + 10.0) / 95.0))
    size = 1.0 - 0.0011 * z
    phase = float(wrapped(np.array([z - 8.0], np.float32), 25.0)[0])
    waist = 1.4 * (1.0 - min(abs(phase) / 10.0, 1.0) ** 2)
    a, b = (x / (16.5 * size)) ** 2, ((y - middle) / (13.5 * size)) ** 2
    body = (np.sqrt(np.sqrt(a * a + b * b + 1.4 * a * b) + 1e-6) - 1.0) * 15.0 + waist
    notch = 3.0 * bump(x, 0.0, 7.0) * step(y, middle + 7.0, 8.0)
    return np.asarray(body + notch, dtype=np.float32), middle, phase


def skeleton(canvas: Canvas, cage: Floats, front: Floats, grain: Floats) -> None:
    """Paint all bones and the spinal canal."""
    x, y, z = canvas.x, canvas.y, canvas.plane.position
    _ribs(canvas, cage, front, grain)
    body, middle, phase = spine(x, y, z)
    canvas.paint(body, (DISC,))
    inner = abs(phase) - 10.8
    bone = np.maximum(body, inner)
    canvas.paint(bone, (BONE,))
    canvas.paint(np.maximum(body + 1.1, inner + 1.2), (MARROW,), edge_mm=1.2, texture=70.0 * grain)
    canal = across(x * 0.95, y - middle - 21.5) - 8.4
    arch = np.maximum(canal - 5.2, abs(phase + 3.0) - 8.2)
    canvas.paint(np.maximum(arch, -body), (BONE,))
    canvas.paint(np.maximum(arch + 1.6, -body + 1.0), (MARROW + 140.0,), texture=90.0 * grain)
    for side in _BOTH:
        # Transverse processes go up and back, spinous ones down.
        tip = (side * 30.0, middle + 30.0, z - phase + 2.0)
        wing = tube(canvas.place, (side * 11.0, middle + 22.0, z - phase - 1.0), tip, 5.0, 4.2)
        canvas.paint(wing, (BONE,))
        canvas.paint(wing + 1.4, (MARROW + 100.0,), texture=90.0 * grain)
    for turn in (0.0, 25.0):
        top = z - phase + turn
        blade = tube(
            (x * 1.5, y, canvas.z),
            (0.0, middle + 32.0, top - 2.0),
            (0.0, middle + 52.0, top - 24.0),
            5.0,
            4.0,
        )
        canvas.paint(blade, (BONE,))
        canvas.paint(blade + 1.6, (MARROW + 100.0,), texture=90.0 * grain)
    canvas.paint(canal, (FAT + 60.0,))
    canvas.paint(canal + 1.6, (CSF,))
    canvas.paint(across(x * 0.85, y - middle - 21.0) - 4.4, (CORD,))
    _girdle(canvas, cage, front, grain)


def _ribs(canvas: Canvas, cage: Floats, front: Floats, grain: Floats) -> None:
    # Each rib falls on its way to the front, so all of them are one wave over the cage.
    z = canvas.plane.position
    drop = 74.0 * front**1.15
    high = z + drop - 118.0
    number = np.rint(-high / _RIB_SPACING)
    off = wrapped(high, _RIB_SPACING) * 0.84
    rib = (np.sqrt((cage / 4.3) ** 2 + (off / 6.4) ** 2) - 1.0) * 5.2
    # The last two pairs end free; in front of the others is cartilage up to the sternum.
    end = 0.93 - only(number > 8.5, 0.32) - only(number > 10.5, 0.2)
    rib = np.maximum(rib, (front - end) * 180.0)
    rib = np.maximum(rib, 17.0 - np.abs(canvas.x))
    gristle = step(front, 0.79 - 0.0008 * z, 0.03)
    canvas.paint(rib, (BONE,), opacity=1.0 - gristle)
    canvas.paint(rib + 1.4, (MARROW,), opacity=1.0 - gristle, texture=80.0 * grain)
    canvas.paint(rib, (CARTILAGE,), opacity=gristle, texture=12.0 * grain)


def _girdle(canvas: Canvas, cage: Floats, front: Floats, grain: Floats) -> None:
    """Sternum, clavicles, shoulder blades, heads of the humeri."""
    x, y, z = canvas.x, canvas.y, canvas.plane.position
    _, depth, middle = _profile(z)
    edge = float(middle - depth)
    if -72.0 < z < 96.0:
        half = (
            17.0 + 8.0 * max(0.0, min((z - 52.0) / 30.0, 1.0)) - 9.0 * max(0.0, (-38.0 - z) / 30.0)
        )
        a, b = (x / half) ** 2, ((y - edge + 0.5 + 0.004 * x * x) / 5.4) ** 2
        plate = (np.sqrt(np.sqrt(a * a + b * b)) - 1.0) * 5.4
        joint = 6.0 * (abs(z - 54.0) < 2.0)
        canvas.paint(plate + joint, (BONE - 250.0,))
        canvas.paint(plate + 1.5 + joint, (MARROW - 60.0,), texture=60.0 * grain)
    for side in _BOTH:
        bones = [
            (side * 18.0, _front_edge(98.0), 96.0, 7.0),
            (side * 70.0, -48.0, 116.0, 5.4),
            (side * 112.0, -8.0, 128.0, 5.6),
            (side * 138.0, 4.0, 136.0, 5.0),
        ]
        inner = [(a, b, c, r - 1.8) for a, b, c, r in bones]
        canvas.tube(bones, (BONE,))
        canvas.tube(inner, (MARROW,))
        if z < -30.0:
            continue
        across_blade = (front - 0.30) / (0.05 + 0.16 * min(max((z + 30.0) / 100.0, 0.0), 1.0))
        blade = np.maximum(
            np.abs(cage - 17.0 - 4.0 * across_blade**2) - 1.7, (np.abs(across_blade) - 1.0) * 14.0
        )
        blade = np.maximum(blade, z - 122.0)
        blade = np.maximum(blade, 1.0 - side * x)
        canvas.paint(blade, (BONE - 150.0,))
        ridge = [
            (side * 78.0, 106.0, 84.0, 3.6),
            (side * 120.0, 86.0, 112.0, 4.6),
            (side * 150.0, 44.0, 138.0, 5.4),
        ]
        canvas.tube(ridge, (BONE,))
        canvas.tube([(a, b, c, r - 1.6) for a, b, c, r in ridge], (MARROW,))
        for radii, value in ((23.0, BONE), (21.2, MARROW + 60.0)):
            canvas.ellipsoid((side * 150.0, 18.0, 134.0), (radii, radii, radii), (value,))
        for grow, value in ((0.0, BONE), (1.6, MARROW + 60.0)):
            socket = (9.0 - grow, 15.0 - grow, 18.0 - grow)
            canvas.ellipsoid((side * 122.0, 32.0, 128.0), socket, (value,))


def _front_edge(z: float) -> float:
    """How far forward the rib cage reaches at a height."""
    _, depth, middle = _profile(z)
    return float(middle - depth)
