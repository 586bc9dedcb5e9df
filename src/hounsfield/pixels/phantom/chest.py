"""The chest phantom: the body wall, lungs with their trees, and the whole of it put together."""

import numpy as np

from hounsfield.pixels.phantom import vessels
from hounsfield.pixels.phantom.chest_bones import cage_and_front, skeleton, spine
from hounsfield.pixels.phantom.chest_organs import (
    abdomen,
    diaphragm,
    great_vessels,
    heart,
    heart_hull,
    mediastinum,
)
from hounsfield.pixels.phantom.hounsfield_units import AIR, FAT, LUNG, MUSCLE, SKIN
from hounsfield.pixels.phantom.shapes import (
    Canvas,
    Field,
    Floats,
    Grain,
    Plane,
    bump,
    ellipsoid,
    only,
    step,
    tube,
    union,
)

_BOTH = (-1.0, 1.0)
NODULE = (-78.0, 8.0, 52.0)
NODULE_RADIUS_MM = 6.0


class Chest:
    """An imagined chest, arms raised; ``draw`` gives transverse slices of it."""

    def __init__(self, size: int, spacing_mm: float, thickness_mm: float, seed: int = 11) -> None:
        self._size, self._spacing_mm, self._thickness_mm = size, spacing_mm, thickness_mm
        half = size // 2
        self._axis = ((np.arange(half) - (half - 1) / 2) * 2 * spacing_mm).astype(np.float32)
        self._warps = [Field(seed + n, 70.0) for n in range(2)]
        self._soft = Field(seed + 2, 24.0)
        self._patchy = Field(seed + 3, 11.0)
        self._grain = Grain(seed + 4, 1.3)
        self._rng = np.random.default_rng(seed)
        self._arteries, self._veins, self._walls, self._lumens = self._trees()

    def draw(self, z: float) -> Floats:
        """The CT numbers of the slice at height ``z``, without noise, at half the size."""
        whole = Plane((1, 0), self._axis, self._axis, z)
        place = whole.grid()
        picture = Canvas(whole, place, np.full((1, *place[0].shape), AIR, dtype=np.float32))
        _couch(picture)
        body = picture.near((-400.0, -122.0, z), (400.0, 122.0, z), 0.0)
        if body is not None:
            self._body(body)
        return np.asarray(picture.values[0])

    def _body(self, part: Canvas) -> None:
        plane, (px, py, pz) = part.plane, part.place
        z = plane.position
        x = px + 2.2 * self._warps[0].on(plane)
        y = py + 2.2 * self._warps[1].on(plane)
        canvas = Canvas(plane, (x, y, pz), part.values)
        soft, grain = self._soft.on(plane), self._grain.on(plane)
        ribcage, front = cage_and_front(x, y, z)
        outside = _outline(x, y, z)
        _wall(canvas, outside, ribcage, front, soft)
        inside = ribcage + 5.0
        canvas.paint(inside, (FAT,))
        below = diaphragm(x, y) - z
        between = mediastinum(canvas)
        lung = np.maximum(np.maximum(inside + 0.8, 7.0 - between), below / 1.3)
        lung = np.maximum(lung, -spine(x, y, z)[0] + 3.0)
        air = LUNG + 42.0 * (y / 100.0) + 10.0 * soft + 9.0 * grain
        canvas.paint(lung, (0.0,), edge_mm=1.3, texture=air)
        _fissures(canvas, lung)
        abdomen(canvas, np.maximum(inside + 1.0, -below / 1.3), self._patchy.on(plane))
        dome = np.abs(below / 1.3) - 1.4
        canvas.paint(np.maximum(np.maximum(dome, inside), 6.0 - between), (MUSCLE,), opacity=0.7)
        heart(canvas)
        great_vessels(canvas)
        skeleton(canvas, ribcage, front, grain)
        self._nodule(canvas)

    def trees(self, picture: Floats, z: float) -> Floats:
        """Draw vessels and airways of the lungs into the full-size slice."""
        for points, value in (
            (self._veins, 95.0),
            (self._arteries, 120.0),
            (self._walls, -120.0),
            (self._lumens, -985.0),
        ):
            cover = vessels.draw(points, z, self._thickness_mm, self._size, self._spacing_mm)
            # What is denser than a vessel hides it.
            cover *= picture < 40.0
            picture += cover * (value - picture)
        return picture

    def _nodule(self, canvas: Canvas) -> None:
        """A nodule with spicules in the right upper lobe: what there is to find."""
        reach = NODULE_RADIUS_MM + 8.0
        low = (NODULE[0] - reach, NODULE[1] - reach, NODULE[2] - reach)
        high = (NODULE[0] + reach, NODULE[1] + reach, NODULE[2] + reach)
        part = canvas.near(low, high)
        if part is None:
            return
        angle = np.arctan2(part.y - NODULE[1], part.x - NODULE[0])
        spikes = 1.3 * np.maximum(np.sin(7.0 * angle + 0.4 * part.z), 0.0) ** 3
        distance = ellipsoid(part.place, NODULE, (NODULE_RADIUS_MM,) * 3) - 2.6 * spikes
        part.paint(distance - 2.0, (-700.0,), edge_mm=5.0, opacity=0.7)
        part.paint(distance, (42.0,), edge_mm=1.6)

    def _trees(self) -> tuple[vessels.Points, ...]:
        rng = self._rng
        groups: list[list[tuple[Floats, Floats]]] = [[], [], [], []]
        for side in _BOTH:
            hilum = (side * 42.0, 14.0, 4.0)
            targets = self._targets(side, 1000)
            lines, radii = vessels.grow(rng, hilum, targets, 7.0)
            groups[0].append((lines, radii))
            drift = np.array([side * 1.5, -1.5, 1.0], dtype=np.float32)
            thick = radii > 1.5
            shift = radii[thick, None, None] * 1.6 * np.array([0.5, 0.75, -0.45], np.float32)
            airway = lines[thick] + shift
            groups[2].append((airway, radii[thick] * 0.95 + 0.35))
            groups[3].append((airway, radii[thick] * 0.80 - 0.15))
            lower = (side * 30.0, 16.0, -24.0)
            veins, vein_radii = vessels.grow(rng, lower, self._targets(side, 800), 6.5)
            groups[1].append((veins + drift, vein_radii))
        strung = []
        for parts in groups:
            lines = np.concatenate([each[0] for each in parts])
            radii = np.concatenate([each[1] for each in parts])
            strung.append(vessels.string(lines, radii))
        return tuple(strung)

    def _targets(self, side: float, count: int) -> Floats:
        """Places in one lung for the ends of branches, fewer at its very edge."""
        rng = self._rng
        found: list[Floats] = []
        while sum(len(part) for part in found) < count:
            n = 4 * count
            x = (side * rng.uniform(18.0, 130.0, n)).astype(np.float32)
            y = rng.uniform(-88.0, 95.0, n).astype(np.float32)
            z = rng.uniform(-135.0, 125.0, n).astype(np.float32)
            ribcage, _ = cage_and_front(x, y, z)
            free = (ribcage < -11.0) & (z > diaphragm(x, y) + 6.0)
            free &= heart_hull(x, y, z) > 6.0
            free &= np.abs(x) > 30.0
            found.append(np.stack([x, y, z], axis=1)[free])
        return np.concatenate(found)[:count]


def _outline(x: Floats, y: Floats, z: float) -> Floats:
    rise = max((z - 40.0) / 110.0, 0.0)
    width = 158.0 - 16.0 * rise * rise - 6.0 * max((-60.0 - z) / 90.0, 0.0)
    depth = 112.0 - 30.0 * rise
    a, b = (x / width) ** 2, ((y - 4.0 - 22.0 * rise) / depth) ** 2
    trunk = (np.sqrt(np.sqrt(a * a + b * b + 1.2 * a * b) + 1e-6) - 1.0) * 140.0
    furrow = 5.0 * bump(x, 0.0, 10.0) * step(y, 70.0, 40.0)
    trunk = trunk + furrow + 3.0 * bump(x, 0.0, 14.0) * step(-y, 70.0, 40.0)
    place = (np.abs(x), y, np.full((1, 1), z, dtype=np.float32))
    shoulder = ellipsoid(place, (146.0, 22.0, 142.0), (44.0, 52.0, 74.0))
    return union(trunk, shoulder, 14.0)


def _wall(canvas: Canvas, outside: Floats, cage: Floats, front: Floats, soft: Floats) -> None:
    x, y, z = canvas.x, canvas.y, canvas.plane.position
    canvas.paint(outside, (SKIN,))
    canvas.paint(outside + 2.0, (FAT,), texture=6.0 * soft)
    high = float(step(np.array([z], np.float32), 10.0, 90.0)[0])
    thickness = 7.0 + (5.0 + 13.0 * high) * bump(front, 0.80, 0.20) * step(np.abs(x), 10.0, 12.0)
    thickness = thickness + (7.0 + 10.0 * high) * bump(front, 0.36, 0.24)
    muscle = np.maximum(cage - thickness, outside + 5.0)
    planes = 1.1 - 7.0 * np.abs(soft) + only(cage < 3.0, 3.0)
    canvas.paint(np.maximum(muscle, np.minimum(planes, 0.5)), (MUSCLE,), edge_mm=1.6)
    back = ellipsoid((np.abs(x), y, y * 0), (29.0, 88.0, 0.0), (25.0, 19.0, 1e3))
    back = np.maximum(back, 3.5 - np.abs(x))
    canvas.paint(np.maximum(back, outside + 6.0), (MUSCLE,), edge_mm=1.6, texture=10.0 * soft)
    trapezius = np.maximum(np.abs(outside + 10.0 - 3.0 * soft) - 2.6, 62.0 - y)
    canvas.paint(trapezius, (MUSCLE,), edge_mm=1.6, opacity=0.8)
    if z > 40.0:
        for side in _BOTH:
            deltoid = ellipsoid((side * x, y, canvas.z), (146.0, 22.0, 142.0), (39.0, 46.0, 70.0))
            fibres = 1.2 - 9.0 * np.abs(soft)
            canvas.paint(np.maximum(deltoid, fibres), (MUSCLE,), edge_mm=1.6)
            _shoulder_muscles(canvas, side, soft)
            canvas.tube(
                [(side * 52.0, 20.0, 118.0, 9.0), (side * 118.0, -4.0, 126.0, 10.0)], (FAT,), 3.0
            )


def _shoulder_muscles(canvas: Canvas, side: float, soft: Floats) -> None:
    """Trapezius and levator behind, pectoral and neck muscles in front, towards the arm."""
    fibres = 1.0 - 9.0 * np.abs(soft + 0.35)
    for begin, end in (
        ((26.0, 66.0, 165.0, 20.0), (74.0, 84.0, 108.0, 15.0)),
        ((74.0, 84.0, 108.0, 15.0), (128.0, 58.0, 116.0, 19.0)),
        ((64.0, -62.0, 84.0, 17.0), (120.0, -14.0, 112.0, 17.0)),
        ((30.0, 26.0, 165.0, 11.0), (38.0, 12.0, 108.0, 9.0)),
        ((24.0, -16.0, 165.0, 10.0), (20.0, -50.0, 106.0, 7.0)),
        ((84.0, 60.0, 90.0, 15.0), (126.0, 42.0, 122.0, 13.0)),
    ):
        reach = max(begin[3], end[3])
        low = [
            min(side * a, side * b) if n == 0 else min(a, b)
            for n, (a, b) in enumerate(zip(begin[:3], end[:3], strict=True))
        ]
        high = [
            max(side * a, side * b) if n == 0 else max(a, b)
            for n, (a, b) in enumerate(zip(begin[:3], end[:3], strict=True))
        ]
        box = (
            (low[0] - reach, low[1] - reach, low[2] - reach),
            (high[0] + reach, high[1] + reach, high[2] + reach),
        )
        part, window = canvas.near(*box), canvas.window(*box)
        if part is None or window is None:
            continue
        first, last = (side * begin[0], *begin[1:3]), (side * end[0], *end[1:3])
        belly = tube(part.place, first, last, begin[3], end[3])
        part.paint(np.maximum(belly, fibres[window]), (MUSCLE,), edge_mm=1.6)


def _fissures(canvas: Canvas, lung: Floats) -> None:
    x, y, z = canvas.place
    for side, offset in ((-1.0, 0.0), (1.0, 6.0)):
        oblique = (
            np.abs(z - 4.0 - offset - 0.95 * (y - 8.0) - 0.00035 * y * y - 0.06 * side * x) * 0.72
        )
        sheet = np.maximum(np.maximum(oblique - 0.4, lung + 0.5), 1.0 - side * x)
        canvas.paint(sheet, (-700.0,), edge_mm=1.6, opacity=0.7)
    level = np.abs(z - 8.0 + 0.08 * (x + 60.0)) - 0.4
    sheet = np.maximum(np.maximum(level, lung + 0.5), np.maximum(x, y - 12.0))
    canvas.paint(sheet, (-790.0,), edge_mm=1.6, opacity=0.5)


def _couch(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    surface = 128.0 - 0.0009 * x * x
    top = np.maximum(np.abs(y - surface - 9.0) - 8.0, np.abs(x) - 205.0)
    canvas.paint(top, (-940.0,))
    canvas.paint(np.abs(top) - 0.8, (-420.0,))
