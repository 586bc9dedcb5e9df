"""Branching trees of vessels and airways that fill a lung, and how they are drawn into a slice."""

from dataclasses import dataclass

import numpy as np

from hounsfield.pixels.phantom.shapes import Floats

# How much thinner both branches are together than their stem: r^n = r1^n + r2^n.
_BRANCHING_EXPONENT = 2.9
# Sizes of the square patches points are drawn with, by the radius in pixels they suffice for.
_PATCHES = ((1.2, 2), (2.6, 4), (5.2, 7), (10.5, 12))


@dataclass(frozen=True, slots=True)
class Points:
    """Balls strung along the branches, in the order of z."""

    places: Floats
    radii: Floats


def grow(
    rng: np.random.Generator, start: tuple[float, float, float], targets: Floats, radius_mm: float
) -> tuple[Floats, Floats]:
    """A tree from ``start`` to every target: (n, 2, 3) ends of its branches and (n,) radii."""
    total = len(targets)
    branches: list[tuple[Floats, Floats]] = []
    radii: list[float] = []
    stack = [(np.array(start, dtype=np.float32), targets)]
    while stack:
        begin, reached = stack.pop()
        count = len(reached)
        radius = radius_mm * (count / total) ** (1 / _BRANCHING_EXPONENT)
        if count == 1:
            branches.append((begin, reached[0]))
            radii.append(radius)
            continue
        towards = reached.mean(axis=0) - begin
        wander = rng.standard_normal(3, dtype=np.float32) * 0.07 * float(np.abs(towards).sum())
        end = begin + towards * rng.uniform(0.38, 0.55) + wander
        branches.append((begin, end.astype(np.float32)))
        radii.append(radius)
        spread = np.abs(reached - end).mean(axis=0) * rng.uniform(0.75, 1.25, 3)
        order = np.argsort(reached[:, int(spread.argmax())])
        cut = min(max(int(count * rng.uniform(0.32, 0.68)), 1), count - 1)
        stack += [(branches[-1][1], reached[order[:cut]]), (branches[-1][1], reached[order[cut:]])]
    return np.array(branches, dtype=np.float32), np.array(radii, dtype=np.float32)


def string(branches: Floats, radii: Floats, step_mm: float = 0.8) -> Points:
    """Balls along the branches, close enough to run together."""
    lengths = np.linalg.norm(branches[:, 1] - branches[:, 0], axis=1)
    counts = np.maximum(np.ceil(lengths / step_mm).astype(int), 2)
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    along = (np.arange(len(owner)) - first[owner]) / (counts[owner] - 1)
    places = branches[owner, 0] + (branches[owner, 1] - branches[owner, 0]) * along[:, None]
    order = np.argsort(places[:, 2], kind="stable")
    return Points(places[order].astype(np.float32), radii[owner][order])


def draw(points: Points, z: float, thickness_mm: float, size: int, spacing_mm: float) -> Floats:
    """How much of each pixel of a transverse slice the balls cover, from 0 to 1."""
    covered = np.zeros(size * size, dtype=np.float32)
    half = thickness_mm / 2
    reach = float(points.radii.max()) + half
    low, high = np.searchsorted(points.places[:, 2], (z - reach, z + reach))
    places, radii = points.places[low:high], points.radii[low:high]
    beyond = np.abs(places[:, 2] - z)
    near = beyond < radii + half
    places, radii, beyond = places[near], radii[near], beyond[near]
    outside = np.minimum(np.maximum(beyond - half * 0.6, 0.0), radii)
    disc = np.sqrt(np.maximum(radii * radii - outside * outside, 0.04)) / spacing_mm
    amount = np.clip((radii + half - beyond) / (2 * np.minimum(radii, half)), 0.0, 1.0)
    # A branch thinner than the slice fills only a part of it.
    amount = amount * np.minimum(1.0, 2.4 * radii / thickness_mm)
    x = places[:, 0] / spacing_mm + (size - 1) / 2
    y = places[:, 1] / spacing_mm + (size - 1) / 2
    smallest = 0.0
    for largest, patch in _PATCHES:
        chosen = np.flatnonzero((disc > smallest) & (disc <= largest))
        smallest = largest
        if len(chosen):
            discs = np.stack([x[chosen], y[chosen], disc[chosen], amount[chosen]])
            _splat(covered, size, discs, patch)
    return covered.reshape(size, size)


def _splat(covered: Floats, size: int, discs: Floats, patch: int) -> None:
    x, y, disc, amount = discs
    offsets = np.arange(-patch, patch + 1)
    columns = np.rint(x).astype(int)[:, None] + offsets
    rows = np.rint(y).astype(int)[:, None] + offsets
    np.clip(columns, 0, size - 1, out=columns)
    np.clip(rows, 0, size - 1, out=rows)
    across = (columns - x[:, None]).astype(np.float32) ** 2
    down = (rows - y[:, None]).astype(np.float32) ** 2
    distance = np.sqrt(down[:, :, None] + across[:, None, :])
    cover = np.clip(disc[:, None, None] - distance + 0.5, 0.0, 1.0) * amount[:, None, None]
    index = rows[:, :, None] * size + columns[:, None, :]
    lit = cover > 0
    np.maximum.at(covered, index[lit], cover[lit])
