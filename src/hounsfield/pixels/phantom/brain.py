"""The brain of the head phantom: folded cortex, white matter, ventricles, deep nuclei, brainstem, cerebellum."""

from collections.abc import Callable

import numpy as np

from hounsfield.pixels.phantom.shapes import (
    Canvas,
    Field,
    Floats,
    Point,
    across,
    ellipsoid,
    only,
    step,
    tube,
    union,
)
from hounsfield.pixels.phantom.tissues import Look, Tissue

_Palette = Callable[[Tissue], Look]
_BOTH = (-1.0, 1.0)


class Brain:
    """Paints everything inside the dura."""

    def __init__(self, seed: int) -> None:
        self._folds = Field(seed + 1, 9.5, reach_mm=110)
        self._fine_folds = Field(seed + 2, 6.0, reach_mm=110)
        self._patches = Field(seed + 3, 14.0, reach_mm=110)

    def paint(self, canvas: Canvas, inside: Floats, look: _Palette, *, is_bleeding: bool) -> None:
        """Fill the cranial cavity, of which ``inside`` is the distance."""
        canvas.paint(inside, look(Tissue.CSF))
        tentorium = _tentorium(canvas)
        self._cerebrum(canvas, inside, tentorium, look)
        self._cerebellum(canvas, inside, tentorium, look)
        _dura(canvas, inside, tentorium, look)
        _deep(canvas, look)
        _ventricles(canvas, look)
        _stem(canvas, look)
        _details(canvas, look)
        if is_bleeding:
            _haemorrhage(canvas, self._patches, look)
        else:
            _white_matter_lesions(canvas, look)

    def _cerebrum(self, canvas: Canvas, inside: Floats, tentorium: Floats, look: _Palette) -> None:
        x, y, z = canvas.place
        mask = np.nonzero((inside < 0.5) & (tentorium < 1.0))
        if not len(mask[0]):
            return
        px, py, pz, depth = (a[mask] for a in (x, y, z, -inside))
        roof = -tentorium[mask]
        side = np.abs(px)
        # The temporal lobes and the frontal base leave room for stem, sella and cisterns.
        centre = ellipsoid((px, py, pz + 32.0), (0.0, 6.0, 0.0), (19.0, 29.0, 26.0))
        pial = np.minimum(np.minimum(depth - 0.7 - 0.9 * step(pz, -30.0, 24.0), roof - 1.2), centre)
        pial = np.minimum(pial, side - 0.5 + 40.0 * _callosal(py, pz))
        fold = self._sulci(px, py, pz)
        # Sulci reach about 17 mm down and close below.
        pial_folded = np.minimum(pial, fold + np.maximum(pial - 15.0, 0.0) * 0.8)
        patch = self._patches.at(np.stack([px, py, pz], axis=1))
        pial_folded = np.minimum(pial_folded, _sylvian(side + 2.0 * patch, py, pz + 2.6 * patch))
        ribbon = 2.9 + 0.5 * patch
        brain = np.clip(0.5 + pial_folded / 0.9, 0.0, 1.0)
        white = np.clip((pial_folded - ribbon) / 1.3 + 0.5, 0.0, 1.0)
        for channel, (csf, grey, matter) in enumerate(
            zip(look(Tissue.CSF), look(Tissue.GREY_MATTER), look(Tissue.WHITE_MATTER), strict=True)
        ):
            tissue = grey + white * (matter - grey)
            layer = canvas.values[channel]
            keep = np.clip(0.5 - inside[mask], 0.0, 1.0)
            layer[mask] += keep * (csf + brain * (tissue - csf) - layer[mask])

    def _sulci(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """The distance from the nearest sulcus: they run in from the surface, so radius hardly counts."""
        radius = np.sqrt(x * x + y * y + z * z) + 1e-3
        stretch = (68.0 * 0.72 / radius + 0.28).astype(np.float32)
        # The two hemispheres are not mirrored: beyond the midline another part of the noise is read.
        where = np.stack([x * stretch + 17.0 * np.sign(x), y * stretch, z * stretch], 1)
        coarse = np.abs(self._folds.at(where.astype(np.float32))) * 6.2
        fine = np.abs(self._fine_folds.at(where.astype(np.float32))) * 5.5 + 1.6
        return np.asarray(np.minimum(coarse, fine) - 0.5, dtype=np.float32)

    def _cerebellum(
        self, canvas: Canvas, inside: Floats, tentorium: Floats, look: _Palette
    ) -> None:
        low, high = (-60.0, 12.0, -74.0), (60.0, 86.0, 2.0)
        window, part = canvas.window(low, high), canvas.near(low, high)
        if part is None or window is None:
            return
        x, y, z = part.place
        lobe = ellipsoid((np.abs(x), y, z), (25.0, 45.0, -38.0), (34.0, 33.0, 27.0))
        vermis = ellipsoid(part.place, (0.0, 44.0, -34.0), (11.0, 26.0, 25.0))
        whole = union(lobe, vermis, 3.0)
        whole = np.maximum(whole, inside[window] + 1.8)
        whole = np.maximum(whole, 1.6 - tentorium[window])
        # The falx of the cerebellum and the cistern below it part the hemispheres behind.
        whole = np.maximum(whole, 5.0 - 0.9 * np.abs(x) - 0.35 * (70.0 - y) - 0.25 * (z + 50.0))
        # Folia: thin leaves in shells round the middle, deepest at the surface.
        shell = np.sqrt((0.8 * x) ** 2 + (y - 22.0) ** 2 + (1.25 * (z + 34.0)) ** 2)
        waves = np.sin(shell * 1.75 + 1.4 * self._patches.on(part.plane))
        leaf = np.minimum(-whole, 1.25 + 1.15 * waves + np.maximum(-whole - 9.0, 0.0))
        part.paint(whole, look(Tissue.GREY_MATTER))
        part.paint(
            4.2 - leaf - 0.18 * np.minimum(-whole, 12.0), look(Tissue.WHITE_MATTER), edge_mm=1.6
        )
        part.paint(
            np.maximum(whole, waves * 2.2 + 1.85 + np.maximum(-whole - 5.0, 0.0)),
            look(Tissue.CSF),
            edge_mm=1.5,
            opacity=0.6,
        )


def _tentorium(canvas: Canvas) -> Floats:
    """The distance below the tentorium: positive in the posterior fossa, very negative in front of it."""
    x, y, z = canvas.place
    tent = -5.0 - 0.36 * np.sqrt(x * x + 30.0) - 0.003 * np.maximum(y - 34.0, 0.0) ** 2
    behind = step(y - 0.25 * np.abs(x), 6.0, 14.0)
    return np.asarray((tent - z) * behind - 12.0 * (1.0 - behind), dtype=np.float32)


def _callosal(y: Floats, z: Floats) -> Floats:
    """Positive where the hemispheres are joined: the corpus callosum, seen from the side."""
    outer = _ring(y, z, 43.0, 31.0)
    inner = _ring(y, z, 35.0, 23.5)
    arch = np.minimum(-outer, inner)
    return np.asarray(np.clip(np.minimum(arch, z + 4.0), -0.5, 1.0) * 0.5 + 0.25, dtype=np.float32)


def _ring(y: Floats, z: Floats, length: float, height: float) -> Floats:
    k = np.sqrt(((y + 3.0) / length) ** 2 + ((z + 2.0) / height) ** 2)
    return np.asarray((k - 1.0) * (length + height) / 2, dtype=np.float32)


def _sylvian(side: Floats, y: Floats, z: Floats) -> Floats:
    """The distance from the lateral fissure: a cleft from the side in to the insula."""
    line = -7.0 + 0.55 * (y + 18.0)
    cleft = np.abs(z - line) * 0.88 + np.maximum(37.0 - side, 0.0)
    cleft = cleft + np.maximum(np.abs(y + 2.0) - 24.0, 0.0)
    bend = np.abs(side - 38.5 - 0.06 * (y + 4.0)) + np.maximum(np.abs(z - line - 1.0) - 9.0, 0.0)
    bend = bend + np.maximum(np.abs(y + 4.0) - 16.0, 0.0)
    return np.asarray(np.minimum(cleft - 0.8, bend - 0.8), dtype=np.float32)


def _dura(canvas: Canvas, inside: Floats, tentorium: Floats, look: _Palette) -> None:
    x, y, z = canvas.place
    falx = np.abs(x) - 0.5
    falx = np.maximum(falx, 4.0 - _ring(y, z, 46.0, 37.0)) + np.maximum(-8.0 - z, 0.0)
    canvas.paint(np.maximum(falx, inside + 0.5), look(Tissue.DURA), opacity=0.8)
    sheet = np.abs(tentorium) - 0.5 + 20.0 * (1.0 - step(y - 0.25 * np.abs(x), 16.0, 6.0))
    sheet = sheet + np.maximum(7.0 - np.abs(x), 0.0) * (y < 52.0)
    canvas.paint(np.maximum(sheet, inside + 0.5), look(Tissue.DURA), opacity=0.7)
    # The superior sagittal sinus, and the transverse sinuses along the tentorium.
    corner = np.abs(x) * 1.1 - 4.5 + 0.7 * np.abs(inside + 1.0)
    canvas.paint(
        np.maximum(corner + only(z < -6.0, 8.0) + np.maximum(-30.0 - y, 0.0) * 0.2, inside),
        look(Tissue.SINUS_BLOOD),
    )
    transverse = across(inside + 3.0, tentorium) - 3.4 + np.maximum(38.0 - y, 0.0)
    canvas.paint(np.maximum(transverse, inside), look(Tissue.SINUS_BLOOD))


def _deep(canvas: Canvas, look: _Palette) -> None:
    part = canvas.near((-45.0, -50.0, -25.0), (45.0, 50.0, 45.0))
    if part is None:
        return
    x, y, z = part.place
    # White matter round the ventricles, so that no sulcus reaches them.
    core = ellipsoid((np.abs(x), y, z), (16.0, 0.0, 10.0), (22.0, 44.0, 21.0))
    part.paint(np.maximum(core, 1.5 - np.abs(x)), look(Tissue.WHITE_MATTER), edge_mm=4.0)
    callosum = 2.0 - 5.0 * _callosal(y, z) + np.maximum(np.abs(x) - 16.0, 0.0)
    part.paint(callosum, look(Tissue.WHITE_MATTER))
    grey = look(Tissue.DEEP_GREY)
    for side in _BOTH:
        part.ellipsoid((side * 12.5, -22.0, 10.0), (5.5, 9.0, 9.0), grey, 1.6)
        part.tube(
            [
                (side * 14.0, -14.0, 18.0, 4.0),
                (side * 18.0, 8.0, 22.0, 2.2),
                (side * 24.0, 24.0, 14.0, 1.5),
            ],
            grey,
            1.6,
        )
        slant = (side * x) - 0.30 * y
        lentiform = ellipsoid((slant, y, z), (25.5, -4.0, 2.0), (6.0, 17.0, 10.0))
        part.paint(np.maximum(lentiform, 20.0 - side * x * 1.0), grey, edge_mm=1.6)
        thalamus = ellipsoid((side * x - 0.12 * y, y, z), (9.0, 11.0, 4.0), (7.6, 14.5, 10.0))
        part.paint(np.maximum(thalamus, 1.6 - side * x), grey, edge_mm=1.6)


def _ventricles(canvas: Canvas, look: _Palette) -> None:
    csf = look(Tissue.CSF)
    part = canvas.near((-46.0, -50.0, -30.0), (46.0, 66.0, 36.0))
    if part is None:
        return
    for side, size in ((-1.0, 1.0), (1.0, 1.12)):
        body = [
            (side * 11.0, -39.0, 6.0, 2.6 * size),
            (side * 7.5, -28.0, 14.0, 5.2 * size),
            (side * 8.5, -8.0, 19.0, 4.6 * size),
            (side * 13.0, 14.0, 21.0, 4.8 * size),
            (side * 22.0, 32.0, 12.0, 7.0 * size),
            (side * 24.0, 44.0, 6.0, 4.0 * size),
            (side * 22.0, 58.0, 4.0, 1.8 * size),
        ]
        horn = [
            (side * 24.0, 31.0, 8.0, 5.0),
            (side * 31.0, 18.0, -10.0, 2.6),
            (side * 31.0, -2.0, -19.0, 2.0),
            (side * 28.0, -10.0, -20.0, 2.4),
        ]
        # The septum keeps the two apart: beyond it the place is pushed out of reach.
        beyond = part.x - only(part.x * side < 0.7, side * 30.0)
        Canvas(part.plane, (beyond, part.y, part.z), part.values).tube(body, csf)
        part.tube(horn, csf)
        part.tube(
            [(side * 18.0, 18.0, 17.0, 1.3), (side * 22.0, 31.0, 9.0, 3.0)], look(Tissue.GLAND)
        )
        part.ellipsoid((side * 22.5, 32.5, 9.0), (2.6, 3.4, 2.2), look(Tissue.CALCIFICATION), 1.4)
    slit = ellipsoid(part.place, (0.0, 2.0, -2.0), (2.4, 16.0, 11.0))
    part.paint(slit, csf)
    part.ellipsoid((0.0, 6.0, 0.0), (4.0, 3.0, 2.5), look(Tissue.DEEP_GREY))
    part.tube(
        [(-2.0, 24.0, 14.0, 1.6), (-2.0, 5.0, 16.0, 1.6), (-1.0, -14.0, 9.0, 1.5)],
        look(Tissue.WHITE_MATTER),
    )


def _stem(canvas: Canvas, look: _Palette) -> None:
    white = look(Tissue.CORD)
    part = canvas.near((-24.0, -12.0, -190.0), (24.0, 60.0, 0.0))
    if part is None:
        return
    for side in _BOTH:
        part.tube([(side * 14.0, 2.0, -6.0, 7.0), (side * 7.0, 8.0, -18.0, 7.5)], white)
        part.tube([(side * 9.0, 14.0, -34.0, 6.0), (side * 24.0, 36.0, -40.0, 7.0)], white)
        part.ellipsoid((side * 5.0, 19.0, -10.0), (4.2, 3.6, 4.0), white)
        part.ellipsoid((side * 5.0, 19.0, -17.0), (3.8, 3.2, 3.4), white)
    pons = ellipsoid(part.place, (0.0, 4.0, -33.0), (16.5, 13.0, 13.5))
    medulla = tube(part.place, (0.0, 12.0, -22.0), (0.0, 17.0, -56.0), 11.0, 7.5)
    cord = tube(part.place, (0.0, 17.0, -54.0), (0.0, 27.0, -84.0), 7.2, 6.0)
    lower = tube(part.place, (0.0, 27.0, -84.0), (0.0, 34.0, -190.0), 6.0, 5.8)
    part.paint(union(union(union(pons, medulla, 3.0), cord, 2.0), lower, 2.0), white)
    part.tube([(0.0, 14.0, -8.0, 1.2), (0.0, 18.0, -26.0, 1.2)], look(Tissue.CSF))
    fourth = np.maximum(
        np.abs(part.x) - 8.0 + 0.35 * np.abs(part.z + 37.0),
        np.abs(part.y - 23.5) - 4.2 + 0.24 * np.abs(part.z + 37.0),
    )
    part.paint(np.maximum(fourth, np.abs(part.z + 38.0) - 14.0), look(Tissue.CSF), edge_mm=1.4)
    part.tube([(-2.0, -11.0, -44.0, 1.7), (1.0, -10.5, -24.0, 1.7)], look(Tissue.SINUS_BLOOD))


def _details(canvas: Canvas, look: _Palette) -> None:
    canvas.ellipsoid((0.0, 21.5, -2.0), (3.0, 3.6, 2.8), look(Tissue.GLAND))
    canvas.ellipsoid((0.4, 22.0, -2.0), (1.9, 2.4, 1.8), look(Tissue.CALCIFICATION), 1.4)
    canvas.ellipsoid((0.0, -14.0, -29.0), (6.0, 4.5, 3.6), look(Tissue.GLAND))
    canvas.tube([(0.0, -12.0, -26.0, 1.0), (0.0, -6.0, -14.0, 1.4)], look(Tissue.DEEP_GREY))
    chiasm = look(Tissue.NERVE)
    blood = look(Tissue.SINUS_BLOOD)
    for side in _BOTH:
        canvas.tube([(side * 12.0, -30.0, -24.0, 2.0), (side * 1.0, -15.0, -18.5, 2.0)], chiasm)
        canvas.ellipsoid((side * 8.0, -2.0, -19.0), (2.2, 2.4, 2.4), look(Tissue.DEEP_GREY))
        canvas.tube(
            [
                (side * 11.0, -12.0, -38.0, 2.4),
                (side * 12.0, -16.0, -22.0, 2.2),
                (side * 22.0, -18.0, -17.0, 1.6),
                (side * 37.0, -16.0, -12.0, 1.5),
                (side * 42.0, -2.0, -3.0, 1.2),
            ],
            blood,
        )
        canvas.tube(
            [
                (side * 12.0, -16.0, -21.0, 1.4),
                (side * 1.6, -27.0, -12.0, 1.3),
                (side * 1.6, -48.0, 6.0, 1.2),
                (side * 1.6, -34.0, 36.0, 1.0),
            ],
            blood,
        )


def _haemorrhage(canvas: Canvas, patches: Field, look: _Palette) -> None:
    """A fresh bleed in the right parietal white matter: what there is to find."""
    centre: Point = (-31.0, 26.0, 30.0)
    part = canvas.near((-52.0, 4.0, 8.0), (-10.0, 48.0, 52.0))
    if part is None:
        return
    ragged = 3.6 * patches.on(part.plane)
    distance = ellipsoid(part.place, centre, (8.0, 10.5, 8.0)) + ragged
    part.paint(distance - 6.5, look(Tissue.OEDEMA), edge_mm=7.0, opacity=0.85)
    part.paint(distance, look(Tissue.FRESH_BLOOD), edge_mm=1.8)


def _white_matter_lesions(canvas: Canvas, look: _Palette) -> None:
    """A few spots beside the ventricles, as many people of this age have."""
    for x, y, z, radius in (
        (-23.0, -22.0, 20.0, 2.6),
        (22.0, 26.0, 26.0, 3.4),
        (-26.0, 34.0, 24.0, 2.8),
        (28.0, -2.0, 31.0, 2.2),
        (-20.0, 6.0, 33.0, 3.0),
    ):
        canvas.ellipsoid((x, y, z), (radius, radius * 1.5, radius), look(Tissue.OEDEMA), 1.8)
