"""Samples the volumes of claim C17: of the mixtures within a distance of a true one (theory 6.2).

``python campaigns/volumes.py FILE.json`` runs the studies into a file, a replicate at a time; begun again, it goes on
where the file ends. Six minutes on one core make temperance/claims/data/volumes.json again.

A mixture is a vector u of local coordinates, 0 at the truth. They are the gate's tau (tanh); and for each cell its log
weight (but for the last), log shares, differences of its atoms to the first, and weighted means. Means of a and nu are
those of theory 6.2 plus their coordinates, a change of volume 1, so that small distances are not curved.

By nested sampling (Skilling 2006), of `live` uniform points the farthest is taken away and replaced by a uniform one
that is nearer; the volume falls by a factor exp(-1/live) on average, so that each level has a known volume. New points
come from a random walk that starts at another point: moves along differences of points, of all or few coordinates, of
one at many scales, and multiples of one (with their Jacobian).
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from temperance.claims.c17_volumes import STUDIES, VolumeStudy

Floats = NDArray[np.float64]
BETA1, BETA0, A, B, NU = range(5)

_DIGITS = 6
_TRUE_TAU = 0.5
_LEAST_NU = 0.02
_FAR = 1e9  # the distance where a variance is too small
_X = np.linspace(-2.0, 2.0, 7)
_STEP = 0.45  # in y: the lattice of theory D sees every relation
_SHARE, _WEIGHT, _TAU = 1.5, 0.8, 0.5  # half widths of the local box
_HALF = np.array([0.8, 0.0, 0.6, 0.9, 0.5])  # of differences: beta1, -, a, b, nu
_MEANS = np.array([0.8, 0.0, 0.5, 0.6, 0.3])


class Local(NamedTuple):
    """A truth, its cells and the local box, as the compiled functions take them.

    half: half widths of the box in u. cells: numbers of atoms. truth: rows beta1, beta0, a, b, nu of the true atoms.
    tanh, constant: whether the gate is tanh, anchored at the last true atom (else softmax), and a is held.
    roots: square roots of the true density on the grid.
    """

    half: Floats
    cells: NDArray[np.int64]
    truth: Floats
    tanh: bool
    constant: bool
    x: Floats
    y: Floats
    roots: Floats


def local(cells: tuple[int, ...], *, tanh: bool, constant: bool) -> Local:
    """The truth of a study: b = 3 j about 0, a = 0.4 and -0.4, nu = 0.5 and 0.8, beta1 = 1 and 0."""
    count = len(cells)
    truth = np.zeros((count, 5))
    truth[:-1, BETA1] = 1.0
    truth[:, A] = 0.0 if constant else [0.4 * (-1) ** j for j in range(count)]
    truth[:, B] = 3.0 * (np.arange(count) - (count - 1) / 2)
    truth[:, NU] = [0.5, 0.8][:count]
    own = [q for q in (BETA1, A, B, NU) if not (constant and q == A)]
    half = [_TAU] if tanh else []
    for j, size in enumerate(cells):
        last = j == count - 1
        half += [] if last else [_WEIGHT]
        half += [_SHARE] * (size - 1) + [_HALF[q] for _ in range(size - 1) for q in own]
        half += [_MEANS[q] for q in own if not (last and q == BETA1)]
    reach = 1.5 * (count - 1) + 5.8
    y = np.arange(-reach, reach, _STEP)
    made = Local(np.array(half), np.array(cells), truth, tanh, constant, _X, y, np.zeros((_X.size, y.size)))
    once = made._replace(cells=np.ones(count, dtype=np.int64))
    own_half = np.zeros(len(half))
    squared_distance(own_half, once, np.zeros((count, 5)), once.roots)  # fills in the roots of the truth
    return made._replace(roots=once.roots.copy())


@njit(cache=True)
def _averages(logs: Floats, total: float, rows: Floats) -> tuple[Floats, float, float]:
    """Weighted means of a cell's differences, and those of b b and of b beta1 about them; logs: of its shares."""
    mean = np.zeros(5)
    for l in range(rows.shape[0]):
        share = (math.exp(logs[l - 1]) if l else 1.0) / total
        for q in (0, 2, 3, 4):
            mean[q] += share * rows[l, q]
    squares = slopes = 0.0
    for l in range(rows.shape[0]):
        share = (math.exp(logs[l - 1]) if l else 1.0) / total
        gap = rows[l, 3] - mean[3]
        squares += share * gap * gap
        slopes += share * gap * (rows[l, 0] - mean[0])
    return mean, squares, slopes


@njit(cache=True)
def _atoms(u: Floats, at: Local, out: Floats) -> float:
    """Write the atoms of u to rows of out; return tau."""
    i, row, count = 0, 0, at.cells.size
    tau = 1.0
    if at.tanh:
        tau, i = _TRUE_TAU * math.exp(u[0]), 1
    for j in range(count):
        size, last = at.cells[j], j == count - 1
        weight = at.truth[j, 1]
        if not last:
            weight, i = weight + u[i], i + 1
        total = 1.0
        for l in range(1, size):
            total += math.exp(u[i + l - 1])
        for l in range(size):
            out[row + l, 1] = weight - tau * math.log(total) + (tau * u[i + l - 1] if l else 0.0)
        shares = i
        i += size - 1
        for q in (0, 2, 3, 4):
            out[row, q] = 0.0
        for l in range(1, size):
            for q in (0, 2, 3, 4):
                held = at.constant and q == 2
                out[row + l, q] = 0.0 if held else u[i]
                i += 0 if held else 1
        mean, squares, slopes = _averages(u[shares : shares + size - 1], total, out[row : row + size])
        for q in (0, 2, 3, 4):
            if at.constant and q == 2:
                continue
            moved = 0.0
            if not (last and q == 0):
                moved, i = u[i], i + 1
            for l in range(size):
                out[row + l, q] += at.truth[j, q] + moved - mean[q]
        for l in range(size):
            out[row + l, 4] -= squares
            if not at.tanh and not at.constant:
                out[row + l, 2] -= slopes
            if at.tanh and last:  # the anchor stays at 0
                out[row + l, 0] += mean[0]
        row += size
    return tau


@njit(cache=True)
def squared_distance(u: Floats, at: Local, atoms: Floats, filled: Floats) -> float:
    """The squared Hellinger distance from the truth, averaged over x; `filled` takes the roots of the density."""
    tau = _atoms(u, at, atoms)
    count, total = atoms.shape[0], 0.0
    for l in range(count):
        if atoms[l, 4] < _LEAST_NU:
            return _FAR
    weights, means, rates = np.empty(count), np.empty(count), np.empty(count)
    for i in range(at.x.size):
        whole = 0.0
        for l in range(count):
            score = atoms[l, 0] * at.x[i]
            weights[l] = math.exp(((math.tanh(score) if at.tanh else score) + atoms[l, 1]) / tau)
            means[l], rates[l] = atoms[l, 2] * at.x[i] + atoms[l, 3], -0.5 / atoms[l, 4]
            whole += weights[l]
        for l in range(count):
            weights[l] /= whole * math.sqrt(2 * math.pi * atoms[l, 4])
        for t in range(at.y.size):
            density = 0.0
            for l in range(count):
                gap = at.y[t] - means[l]
                density += weights[l] * math.exp(rates[l] * gap * gap)
            root = math.sqrt(density)
            filled[i, t] = root
            total += (root - at.roots[i, t]) ** 2
    return 0.5 * total * (at.y[1] - at.y[0]) / at.x.size


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


def run(study: VolumeStudy, replicate: int, deepest: float | None = None) -> list[float]:
    """Logs of the squared distances at the volumes exp(-1), exp(-2), .. of the box, to `deepest`."""
    rng = np.random.default_rng((study.seed, replicate))
    at = local(study.cells, tanh=study.gate == "tanh", constant=study.expert == "constant")
    found = levels(at, study.live, study.steps, study.deepest if deepest is None else deepest, rng)
    return [round(float(v), _DIGITS) for v in found[study.live - 1 :: study.live]]


def run_studies(
    path: str | Path, studies: Sequence[VolumeStudy] = STUDIES, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run what a file does not hold, and write it after every replicate; what it holds, by names of studies.

    Raises:
        ValueError: the file holds a study of this name with another definition.
    """
    place = Path(path)
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for study in studies:
        kept = found.setdefault(study.name, {"definition": asdict(study), "digest": study.digest, "levels": []})
        if kept["digest"] != study.digest:
            raise ValueError(f"{str(path)!r} holds another study {study.name!r}; accepted: a new file")
        while len(kept["levels"]) < study.replicates:
            kept["levels"].append(run(study, len(kept["levels"])))
            beside = place.with_suffix(".part")
            beside.write_text(json.dumps(found) + "\n", encoding="utf-8")
            os.replace(beside, place)
            progress(f"{study.name}: {len(kept['levels'])} of {study.replicates}")
    return found


if __name__ == "__main__":
    run_studies(sys.argv[1], progress=lambda text: print(text, file=sys.stderr, flush=True))
