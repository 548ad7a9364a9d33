"""Samples uniformly below a falling level of a distance, so that each level has a known volume (Skilling 2006).

Of `live` uniform points the farthest is taken away and replaced by a uniform one that is nearer; the volume falls by a
factor exp(-1/live) on average. New points come from a random walk that starts at another point: moves along differences
of points, of all or few coordinates, of one at many scales, and multiples of one (with their Jacobian).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from temperance.numerics.volumes.hellinger import Local, squared_distance

Floats = NDArray[np.float64]


@njit(cache=True)
def _copy(values: Floats, out: Floats) -> None:
    """Write values to out, one by one: for a whole array at once, messages about shapes would be compiled, too."""
    for q in range(out.size):
        out[q] = values[q]


@njit(cache=True)
def _inside(point: Floats, half: Floats) -> bool:
    inside = True
    for q in range(point.size):
        inside = inside and abs(point[q]) <= half[q]
    return inside


@njit(cache=True)
def _proposal(current: Floats, points: Floats, spread: Floats, rng: np.random.Generator, out: Floats) -> bool:
    """Write a proposal to out; whether the Jacobian of the move accepts it."""
    live, size = points.shape
    _copy(current, out)
    kind = rng.random()
    if kind < 0.7:
        one, other = int(rng.random() * live), int(rng.random() * live)
        if kind < 0.35:
            scale = math.exp(-2.5 * rng.random()) * 2.38 / math.sqrt(2.0 * size)
            if rng.random() < 0.05:
                scale = 1.0
            for q in range(size):
                out[q] += scale * (points[one, q] - points[other, q]) + 1e-9 * spread[q] * rng.standard_normal()
        else:
            scale = math.exp(-2.0 * rng.random())
            for _ in range(1 + int(rng.random() * 4)):
                q = int(rng.random() * size)
                out[q] += scale * (points[one, q] - points[other, q])
        return True
    if kind < 0.85:
        for _ in range(1 + int(rng.random() * 2)):
            q = int(rng.random() * size)
            out[q] += 2.0 * spread[q] * math.exp(-4.0 * rng.random()) * rng.standard_normal()
        return True
    q, factor = int(rng.random() * size), math.exp(0.7 * rng.standard_normal())
    out[q] *= factor
    return rng.random() < factor


@njit(cache=True)
def levels(at: Local, live: int, steps: int, deepest: float, rng: np.random.Generator) -> Floats:
    """The logs of the squared distances of the points that are taken away, until one is below `deepest`.

    The volume below the i-th of them (i = 0, ..) is exp(-(i + 1)/live) of that of the box, on average.
    """
    size = at.half.size
    points, values = np.empty((live, size)), np.empty(live)
    atoms, filled = np.zeros((at.cells.sum(), 5)), np.empty_like(at.roots)
    for i in range(live):
        for q in range(size):
            points[i, q] = (2.0 * rng.random() - 1.0) * at.half[q]
        values[i] = squared_distance(points[i], at, atoms, filled)
    found, spread, proposal, current = [0.0], np.empty(size), np.empty(size), np.empty(size)
    found.pop()
    while True:
        worst = int(np.argmax(values))
        level = values[worst]
        found.append(math.log(level))
        if found[-1] < deepest:
            return np.array(found)
        if len(found) % (live // 2) == 1:
            for q in range(size):
                spread[q] = np.std(points[:, q])
        start = int(rng.random() * (live - 1))
        start += start >= worst
        _copy(points[start], current)
        value = values[start]
        for _ in range(steps):
            if _proposal(current, points, spread, rng, proposal) and _inside(proposal, at.half):
                new = squared_distance(proposal, at, atoms, filled)
                if new < level:
                    _copy(proposal, current)
                    value = new
        _copy(current, points[worst])
        values[worst] = value
