"""The head phantom: scalp, skull with its tables and sinuses, eyes, face and neck round the brain."""

from collections.abc import Callable

import numpy as np

from hounsfield.pixels.phantom.brain import Brain
from hounsfield.pixels.phantom.face import cervical_spine, jaws, neck, nose, orbits
from hounsfield.pixels.phantom.shapes import (
    Canvas,
    Field,
    Floats,
    Grain,
    Plane,
    across,
    bump,
    ellipsoid,
    only,
    step,
    tube,
    union,
)
from hounsfield.pixels.phantom.tissues import Look, Tissue

CT_CHANNELS = (0,)
MR_CHANNELS = (1, 2)

_Palette = Callable[[Tissue], Look]
_BOTH = (-1.0, 1.0)


class Head:
    """An imagined head; ``draw`` cuts it in any plane."""

    def __init__(self, seed: int = 7) -> None:
        self._warps = [Field(seed + 10 + n, 55.0) for n in range(3)]
        self._rough = Field(seed + 20, 9.0, reach_mm=180)
        self._soft = Field(seed + 21, 20.0, reach_mm=220)
        self._sieve = Field(seed + 24, 5.6, reach_mm=100)
        self._cells = Field(seed + 22, 4.6, reach_mm=100)
        self._grain = Grain(seed + 23, 0.9)
        self._brain = Brain(seed)

    def draw(
        self, plane: Plane, channels: tuple[int, ...], *, is_bleeding: bool = False
    ) -> np.ndarray:
        """The slice as (channels, rows, columns)."""
        place = plane.grid()
        values = np.zeros((len(channels), *place[0].shape), np.float32)
        whole = Canvas(plane, place, values)

        def look(tissue: Tissue) -> Look:
            return tissue.on(channels)

        values += np.array(look(Tissue.AIR), dtype=np.float32)[:, None, None]
        if 0 in channels:
            _headrest(whole, look)
        part = whole.near((-98.0, -128.0, -300.0), (98.0, 122.0, 102.0), 0.0)
        if part is not None:
            self._paint(part, look, is_ct=0 in channels, is_bleeding=is_bleeding)
        return values

    def _paint(self, part: Canvas, look: _Palette, *, is_ct: bool, is_bleeding: bool) -> None:
        plane = part.plane
        x, y, z = (
            axis + amount * warp.on(plane)
            for axis, amount, warp in zip(part.place, (1.5, 1.7, 1.5), self._warps, strict=True)
        )
        canvas = Canvas(plane, (x, y, z), part.values)
        vault = _vault(canvas)
        rough = self._rough.on(plane)
        thickness = _thickness(canvas, rough)
        outside = _outline(canvas, vault - thickness)
        self._soft_tissue(canvas, outside, vault - thickness, look)
        neck(canvas, look)
        inside = np.maximum(vault, _floor(canvas))
        grain = self._grain.on(plane) * (1.0 if is_ct else 0.22)
        self._skull(canvas, inside, vault, thickness, grain=grain, look=look)
        self._base(canvas, look)
        self._brain.paint(canvas, inside, look, is_bleeding=is_bleeding)
        self._airways(canvas, inside, rough, look)
        orbits(canvas, look)

    def _soft_tissue(self, canvas: Canvas, outside: Floats, skull: Floats, look: _Palette) -> None:
        x, y, z = canvas.place
        canvas.paint(outside, look(Tissue.SKIN))
        canvas.paint(outside + 2.2, look(Tissue.FAT))
        # Below the vault, muscle between planes of fat; over it the temporal muscle.
        soft = self._soft.on(canvas.plane)
        deep = np.maximum(outside + 7.0 + 2.0 * soft, 1.2 - 9.0 * np.abs(soft))
        canvas.paint(np.maximum(deep, z + 26.0), look(Tissue.MUSCLE), edge_mm=2.0)
        temporal = ellipsoid((np.abs(x), y, z), (72.0, -22.0, -18.0), (10.0, 34.0, 40.0))
        canvas.paint(np.maximum(temporal, outside + 3.2), look(Tissue.MUSCLE), edge_mm=1.4)
        nape = np.maximum(
            ellipsoid(canvas.place, (0.0, 72.0, -80.0), (46.0, 26.0, 50.0)), outside + 6.0
        )
        canvas.paint(np.maximum(nape, 1.2 - np.abs(x)), look(Tissue.MUSCLE), edge_mm=2.0)
        galea = np.maximum(np.abs(outside + 4.4) - 0.5, -skull)
        canvas.paint(np.maximum(galea, -20.0 - z), look(Tissue.MUSCLE), opacity=0.6)

    def _skull(
        self,
        canvas: Canvas,
        inside: Floats,
        vault: Floats,
        thickness: Floats,
        *,
        grain: Floats,
        look: _Palette,
    ) -> None:
        shell = np.maximum(-inside, inside - thickness)
        canvas.paint(shell, look(Tissue.CORTICAL_BONE), edge_mm=0.9, texture=60.0 * grain)
        middle = np.abs(inside / thickness - 0.5)
        diploe = (middle - 0.27) * thickness
        canvas.paint(
            np.maximum(diploe, -inside),
            look(Tissue.SPONGY_BONE),
            edge_mm=1.2,
            texture=190.0 * grain,
        )
        x, y, z = canvas.place
        # The coronal and lambdoid sutures wander; the sagittal one follows the midline.
        wander = 2.2 * np.sin(0.55 * x) + 1.3 * np.sin(1.3 * x + 0.6 * z)
        coronal = np.abs(y + 24.0 - 0.22 * z + wander) + only(z < 0, 20.0)
        lambdoid = np.abs(y - 62.0 - 0.5 * z + 0.5 * np.abs(x) + wander) + only(z < -20, 20.0)
        sagittal = np.abs(x + 0.6 * np.sin(0.9 * y)) + only((y < -24) | (z < 20), 20.0)
        suture = np.minimum(np.minimum(coronal, lambdoid), sagittal) - 0.55
        part = np.maximum(suture, np.maximum(-vault - 1.0, vault - thickness))
        canvas.paint(np.maximum(part, shell), look(Tissue.CARTILAGE), edge_mm=1.0, opacity=0.75)

    def _base(self, canvas: Canvas, look: _Palette) -> None:
        """The bones below the vault: petrous and mastoid, sphenoid and clivus, face, jaw, spine."""
        bone, spongy = look(Tissue.CORTICAL_BONE), look(Tissue.SPONGY_BONE)
        dense = look(Tissue.DENSE_BONE)
        for side in _BOTH:
            canvas.tube(
                [
                    (side * 16.0, 4.0, -42.0, 5.0),
                    (side * 34.0, 18.0, -43.0, 8.0),
                    (side * 52.0, 30.0, -45.0, 11.0),
                ],
                dense,
            )
            canvas.tube(
                [
                    (side * 10.0, -24.0, -23.0, 2.0),
                    (side * 44.0, -36.0, -24.0, 2.6),
                    (side * 58.0, -42.0, -26.0, 3.0),
                ],
                bone,
            )
            canvas.tube([(side * 57.0, 32.0, -42.0, 12.0), (side * 56.0, 30.0, -66.0, 7.0)], bone)
            canvas.tube(
                [
                    (side * 40.0, -52.0, -46.0, 5.0),
                    (side * 57.0, -56.0, -44.0, 4.0),
                    (side * 63.0, -32.0, -42.0, 2.6),
                    (side * 60.0, -4.0, -41.0, 3.4),
                ],
                bone,
            )
            canvas.tube([(side * 45.0, -58.0, -24.0, 3.6), (side * 46.0, -56.0, -44.0, 4.2)], bone)
            canvas.tube(
                [
                    (side * 48.0, 0.0, -48.0, 4.6),
                    (side * 51.0, -2.0, -70.0, 4.4),
                    (side * 49.0, -8.0, -104.0, 5.5),
                    (side * 34.0, -52.0, -122.0, 6.2),
                    (side * 10.0, -78.0, -126.0, 6.6),
                ],
                bone,
            )
            canvas.tube(
                [
                    (side * 49.0, -8.0, -102.0, 3.0),
                    (side * 34.0, -52.0, -122.0, 3.6),
                    (side * 10.0, -78.0, -126.0, 3.6),
                ],
                spongy,
            )
            canvas.tube([(side * 15.0, -14.0, -52.0, 2.0), (side * 17.0, -18.0, -78.0, 2.0)], bone)
        canvas.tube([(0.0, -4.0, -38.0, 7.0), (0.0, 16.0, -62.0, 4.0)], bone)
        canvas.tube([(0.0, -4.0, -39.0, 5.0), (0.0, 15.0, -60.0, 2.2)], look(Tissue.MARROW))
        jaws(canvas, bone, look)
        cervical_spine(canvas, look)
        # Mastoid cells: a foam of bone and air.
        for side in _BOTH:
            part = canvas.near(
                (min(side * 38, side * 70), 18.0, -70.0), (max(side * 38, side * 70), 52.0, -28.0)
            )
            if part is None:
                continue
            area = ellipsoid(part.place, (side * 56.0, 34.0, -47.0), (11.5, 13.5, 17.0))
            foam = 1.5 - 2.6 * np.abs(self._cells.on(part.plane))
            part.paint(area - 1.6, bone, edge_mm=1.4)
            part.paint(np.maximum(area, foam), look(Tissue.AIR), edge_mm=1.0)
            canvas.tube(
                [
                    (side * 45.0, 12.0, -42.0, 3.0),
                    (side * 60.0, 13.0, -42.0, 3.2),
                    (side * 90.0, 12.0, -43.0, 4.5),
                ],
                look(Tissue.AIR),
            )
            canvas.ellipsoid((side * 43.0, 14.0, -41.0), (3.2, 4.5, 5.0), look(Tissue.AIR))
            canvas.ellipsoid((side * 34.0, 14.0, -42.0), (2.4, 2.4, 2.4), look(Tissue.CSF))
            canvas.tube(
                [(side * 20.0, 16.0, -41.0, 2.0), (side * 32.0, 20.0, -41.0, 2.0)], look(Tissue.CSF)
            )

    def _airways(self, canvas: Canvas, inside: Floats, rough: Floats, look: _Palette) -> None:
        """Sinuses, nose, pharynx; each lined with a thin wall."""
        air, bone, mucosa = look(Tissue.AIR), look(Tissue.CORTICAL_BONE), look(Tissue.MUCOSA)
        low, high = (-48.0, -125.0, -190.0), (48.0, 20.0, 14.0)
        window, part = canvas.window(low, high), canvas.near(low, high)
        if part is None or window is None:
            return
        x, y, z = part.place
        wave, skull = rough[window], inside[window]
        cavities = []
        for side in _BOTH:
            antrum = ellipsoid((side * x, y, z), (29.0, -57.0, -56.0), (13.5, 16.5, 16.5))
            cavities.append(np.maximum(antrum + 0.9 * wave, 14.0 - side * x))
            frontal = ellipsoid((side * x, y, z), (11.0, -87.0, -8.0), (11.0, 4.6, 13.0))
            cavities.append(np.maximum(frontal + 1.3 * wave, 1.0 - side * x))
            sphenoid = ellipsoid((side * x, y, z), (8.0, -18.0, -39.0), (9.0, 12.0, 8.0))
            cavities.append(np.maximum(sphenoid + 0.7 * wave, 1.1 - side * (x - 2.0)))
        ethmoid = np.maximum(
            np.abs(x) - 11.0, np.maximum(np.abs(y + 55.0) - 23.0, np.abs(z + 30.0) - 9.0)
        )
        walls = 2.4 * np.abs(self._sieve.on(part.plane))
        cells = np.maximum(np.maximum(ethmoid, 0.9 - walls), 0.8 - np.abs(x))
        everything = cavities[0]
        for cavity in cavities[1:]:
            everything = np.minimum(everything, cavity)
        everything = np.minimum(everything, cells)
        hull = np.minimum(np.minimum.reduce(cavities), ethmoid)
        free = -1.2 - skull
        part.paint(np.maximum(hull - 1.5, free), bone, edge_mm=1.1)
        part.paint(np.maximum(hull - 0.3, free), mucosa, edge_mm=1.1)
        part.paint(np.maximum(everything + 0.5, free - 1.0), air, edge_mm=1.1)
        nose(part, wave, look)


def _vault(canvas: Canvas) -> Floats:
    """The distance from the inner surface of the skull cap."""
    x, y, z = canvas.place
    front = np.clip(-y / 84.0, 0.0, 1.0)
    a = (x * (1.0 + 0.17 * front * front) / 67.0) ** 2
    b = ((y - 1.0) / 84.0) ** 2
    c = (z / (74.0 + only(z < 0, 6.0))) ** 2
    k = np.sqrt(np.sqrt(a * a + b * b + c * c + 1.62 * (a * b + b * c + c * a)))
    return np.asarray((k - 1.0) * 74.0, dtype=np.float32)


def _thickness(canvas: Canvas, rough: Floats) -> Floats:
    x, y, z = canvas.place
    base = 6.6 + 2.2 * step(y, 62.0, 40.0) + 1.2 * step(-y, 62.0, 30.0)
    thin = 2.6 * step(np.abs(x), 52.0, 20.0) * step(-z, -14.0, 30.0)
    inion = 4.0 * bump(x, 0.0, 9.0) * bump(z, -12.0, 14.0) * step(y, 60.0, 20.0)
    return np.asarray(np.maximum(base - thin + inion + 0.35 * rough, 2.2), dtype=np.float32)


def _floor(canvas: Canvas) -> Floats:
    """The distance below the floor of the skull: three fossae like stairs, with a hole in the last."""
    x, y, z = canvas.place
    side = np.abs(x)
    front = -19.0 + 7.0 * bump(side, 31.0, 22.0) - 5.0 * bump(x, 0.0, 9.0)
    middle = np.minimum(-45.0 + np.maximum(17.0 - side, 0.0) * 1.3, -26.0)
    back = -66.0 + 0.012 * side * side
    # The wall of a stair is as thick as its tread: the distance is divided by the slope.
    first = np.clip((y + 0.25 * side + 24.0) / 12.0 + 0.5, 0.0, 1.0)
    ridge = y - 0.55 * side
    second = np.clip((ridge - 4.0) / 14.0 + 0.5, 0.0, 1.0)
    floor = front + (middle - front) * first * first * (3.0 - 2.0 * first)
    floor = floor + (back - floor) * second * second * (3.0 - 2.0 * second)
    floor = floor + 7.0 * np.exp(-(((ridge - 1.0) / 7.0) ** 2)) * step(side, 14.0, 6.0)
    slope = (middle - front) * first * (1.0 - first) / 2.0 + (back - middle) * second * (
        1.0 - second
    ) / 2.4
    distance = (floor - z) / np.sqrt(1.0 + slope * slope)
    hole = across(x * 1.1, y - 26.0) - 15.0
    return np.asarray(distance - 90.0 * np.clip(0.5 - hole / 5.0, 0.0, 1.0), dtype=np.float32)


def _outline(canvas: Canvas, skull: Floats) -> Floats:
    """The distance from the skin."""
    x, y, z = canvas.place
    scalp = skull - 5.6 - 2.6 * step(y, 40.0, 60.0)
    face = ellipsoid(canvas.place, (0.0, -36.0, -62.0), (66.0, 60.0, 66.0))
    jaw = ellipsoid(canvas.place, (0.0, -48.0, -108.0), (50.0, 50.0, 32.0))
    throat = 22.0 - 0.12 * (z + 90.0)
    neck = (np.sqrt((x / 61.0) ** 2 + ((y - throat) / 60.0) ** 2) - 1.0) * 60.0
    neck = np.maximum(neck, z + 52.0)
    cheek = ellipsoid((np.abs(x), y, z), (31.0, -64.0, -38.0), (27.0, 20.0, 26.0))
    result = union(scalp, union(union(face, cheek, 6.0), jaw, 12.0), 9.0)
    result = union(result, neck, 14.0)
    chin = ellipsoid(canvas.place, (0.0, -90.0, -124.0), (17.0, 12.0, 11.0))
    lips = ellipsoid(canvas.place, (0.0, -93.0, -98.0), (20.0, 10.0, 10.0))
    result = union(result, union(chin, lips, 4.0), 8.0)
    nose = tube(canvas.place, (0.0, -89.0, -34.0), (0.0, -107.0, -66.0), 6.0, 9.0)
    wings = tube((np.abs(x), y, z), (0.0, -99.0, -70.0), (12.0, -95.0, -70.0), 7.0, 5.5)
    result = union(result, union(nose, wings, 4.0), 5.0)
    ear = ellipsoid((np.abs(x) - 0.35 * (y - 14.0), y, z), (71.5, 20.0, -36.0), (4.6, 15.0, 29.0))
    behind = ellipsoid((np.abs(x), y, z), (50.0, 30.0, -50.0), (23.0, 30.0, 34.0))
    return union(union(result, behind, 8.0), ear, 3.0)


def _headrest(canvas: Canvas, look: _Palette) -> None:
    x, y, _ = canvas.place
    bowl = np.abs(across(x, y - 12.0) - 108.0) - 4.5 + np.maximum(48.0 - y, 0.0)
    canvas.paint(bowl, look(Tissue.FOAM))
    canvas.paint(np.abs(bowl) - 0.6, look(Tissue.COUCH))
