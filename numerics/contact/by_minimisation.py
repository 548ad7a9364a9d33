"""Measures contact orders: minimises the true L2 distance over all mixtures with one offset at t = 2^-j.

If the minimum is of the order t^q, then |offset|^r = O(distance) holds for no r < q: the order is at least q. A missed
minimum makes q too small, never too large, up to the error of reading it off at finite t: it is the limit of the local
exponents as t -> 0. Shares of the atoms of a cell stay within a factor of each other, as an atom with share 0 may be
anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log2
from typing import Any

import numpy as np

from temperance.numerics.contact.small_offsets import NODES, followed, supported
from temperance.numerics.fitting.split_mixtures import Array, Family, Grid
from temperance.numerics.mixture.threads import one_blas_thread

_FLOOR = 1e-15  # below this a distance is rounding error
_RESOLVED = 5e-11  # below it minima are missed: rounding errors of the gradients in flat directions
_LEAST = 1.0  # G* + t v with all atoms moved alike has a distance of the order t: no order is smaller
_SCATTER = 0.1  # of the last local exponents, where a limit is read off
_CLOSE = 0.01  # exponents that close to 1 have met it
_FURTHEST = 0.1  # from the last exponent to a limit that is believed


@dataclass(frozen=True)
class Measured:
    """Distances at offsets t = 2^-j, those above `resolved` free of rounding errors, and their local exponents.

    flat: all distances are rounding error. order: the limit of the exponents, with an error; None where `trouble` says
    why none is read off.
    """

    parameter: str
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    resolved: float = _RESOLVED

    @property
    def flat(self) -> bool:
        """Whether no distance can be told from 0 (which supports an identity and does not prove it)."""
        return bool(self.distances) and max(self.distances) < _FLOOR

    @property
    def exponents(self) -> tuple[float, ...]:
        """log2 of the ratios of successive distances, as far as they are resolved.

        A missed minimum is too large, and may lie above what is resolved: the distance that the exponent before leads
        to must be resolved too.
        """
        exponents: list[float] = []
        for (j, p), (k, q) in pairwise(zip(self.levels, self.distances, strict=True)):
            if not isfinite(p * q):
                continue
            expected = p * 2.0 ** (-(k - j) * exponents[-1]) if exponents else q
            if min(q, expected) <= self.resolved:
                break
            exponents.append(log2(p / q) / (k - j))
        return tuple(exponents)

    @property
    def _limit(self) -> float:
        """The limit of the exponents by Aitken's rule where they settle geometrically, else the last one."""
        last = self.exponents[-3:]
        rest = 0.0
        if len(last) == 3:
            first, second = (q - p for p, q in pairwise(last))
            ratio = second / first if first else 0.0
            rest = second * ratio / (1 - ratio) if 0 < ratio < 0.8 else 0.0
        return last[-1] + (rest if abs(rest) <= _FURTHEST else 0.0)

    @property
    def _spread(self) -> float:
        """How far the last three exponents lie apart."""
        return max(self.exponents[-3:]) - min(self.exponents[-3:])

    @property
    def trouble(self) -> str | None:
        """Why no order is read off; None where one is."""
        if self.flat:
            return "every distance is 0 to rounding, which supports an identity and does not prove it"
        if len(self.exponents) < 2:
            return "fewer than three distances are resolved"
        values = ", ".join(f"{e:.2f}" for e in self.exponents[-3:])
        if self._spread > _SCATTER:
            return f"not measured: the last local exponents, {values}, have not settled"
        if self._limit < _LEAST - max(self._spread, _CLOSE):
            return f"not measured: minima were missed, as local exponents ({values}) below 1, the least order, show"
        return None

    @property
    def order(self) -> float | None:
        """The limit of the exponents, and at least 1; None where none is read off."""
        return None if self.trouble else max(self._limit, _LEAST)

    @property
    def error(self) -> float | None:
        """How far the last three exponents and the order lie apart."""
        return None if self.order is None else max(abs(e - self.order) for e in self.exponents[-3:])


_LEVELS: Sequence[float] = tuple(range(1, 9))
_LEVELS_3: Sequence[float] = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6)  # orders of 6 reach rounding errors soon
_LEVELS_KINK: Sequence[float] = tuple(range(2, 7))  # the grids at a kink are large
_LEVELS_MEAN: Sequence[float] = tuple(range(3, 22, 2))  # offsets of a mean's order 4/3 go down with t^(1/3) only
_LEVELS_MEAN_3: Sequence[float] = (3, 4, 5, 6, 7, 8, 9, 11, 13)  # orders of 3, whose differences go down with t^(1/2)
_LEVELS_MEAN_KINK: Sequence[float] = (6, 8, 10, 12)
_FIRST: Sequence[float] = (1, 1.5, 2)  # from there on minima are followed in more digits
_DEEP = 1e-13  # no smaller offset is of use to one that is resolved
_STARTS = 16  # at the largest offset; _MORE at each of the others
_MORE = 2
_KEPT = 3
_SOLVER: dict[str, Any] = {"method": "lm", "x_scale": "jac", "xtol": 1e-15, "ftol": 1e-15, "max_nfev": 100}
_ROUNDS = 5  # of as many steps, while they gain a part _GAIN
_GAIN = 1e-3
_EVEN = 1.0  # |log share| of an atom in its cell at most, up to a common constant


class _Constrained:
    """Vectors with |D_1 - D_2| = t (or a weighted mean of t) in one parameter, as functions of unconstrained ones."""

    def __init__(self, family: Family, name: str, mean: bool, t: float) -> None:
        self.family, self.t, self.mean = family, t, mean and name in family.names
        self.fixed, self.free, self.slopes = family.held(name, family.m - 1 if mean else 0)
        self.columns = [family.index(l, name) for l in range(family.m)] if self.mean else []
        self.weights = [family.index(l, "weight") for l in range(family.m)]
        log_weights = [l * family.width for l in range(sum(family.sizes))]
        cells = [log_weights[: family.m], log_weights[family.m :]]
        self.split_cells = [cell for cell in cells if len(cell) > 1]

    def vector(self, u: Array) -> tuple[Array, Array]:
        """The vector and its derivatives by u."""
        full, chain = self.family.center + self.slopes @ u, self.slopes.copy()
        for cell in self.split_cells:
            self._shares(cell, full, chain)
        if self.mean:
            self._mean(full, chain)
        else:
            full[self.fixed] += self.t
        return full, chain

    def shrunk(self, u: Array, factor: float) -> Array:
        """The point of G* + factor (G - G*): all offsets scaled, the shares in a cell kept."""
        gap = np.zeros_like(self.family.center)
        gap[self.free] = u
        offsets = factor * gap
        for cell in self.split_cells:
            offsets[cell] += (1 - factor) * (gap[cell] - gap[cell].mean())
        return np.asarray(offsets[self.free])

    def _shares(self, cell: list[int], full: Array, chain: Array) -> None:
        """log weight_l = (mean of the u) + tanh(u_l - their mean)."""
        u, rows = full[cell], chain[cell].copy()
        middle, spread = u.mean(), u - u.mean()
        bent = np.tanh(spread)
        full[cell] = middle - np.log(len(cell)) + _EVEN * bent
        slope = _EVEN * (1 - bent * bent)
        average = rows.mean(axis=0)
        chain[cell] = average + slope[:, None] * (rows - average)

    def _mean(self, full: Array, chain: Array) -> None:
        w = np.exp(full[self.weights])
        offsets = full[self.columns] - self.family.center[self.columns]
        offsets[-1] = (self.t * w.sum() - w[:-1] @ offsets[:-1]) / w[-1]
        full[self.fixed] = self.family.center[self.fixed] + offsets[-1]
        by_weight = (w * (self.t - offsets)) @ chain[self.weights]
        chain[self.fixed] = (by_weight - w[:-1] @ chain[self.columns[:-1]]) / w[-1]


def _excess(family: Family, vector: Array) -> tuple[Array, Array]:
    """How far entries are beyond their radius, and the derivatives."""
    gap = vector - family.center
    excess = np.maximum(np.abs(gap) - family.radius, 0.0)
    return excess, np.diag(np.where(excess > 0, np.sign(gap), 0.0))


_Found = tuple[float, Array]


@dataclass(frozen=True)
class _Problem:
    """The least distance at one offset."""

    grid: Grid
    constrained: _Constrained

    def residual(self, u: Array) -> Array:
        vector, _ = self.constrained.vector(u)
        return np.concatenate([self.grid.residual(vector), _excess(self.grid.family, vector)[0]])

    def jacobian(self, u: Array) -> Array:
        vector, chain = self.constrained.vector(u)
        return np.asarray(np.concatenate([self.grid.slopes(vector), _excess(self.grid.family, vector)[1]]) @ chain)

    def minimised(self, start: Array) -> _Found:
        """A local minimum; infinite where it is beyond the radius, or the density is not finite on the way."""
        from scipy.optimize import least_squares

        with np.errstate(all="ignore"):
            try:
                solution = least_squares(self.residual, start, self.jacobian, **_SOLVER)
            except (ValueError, np.linalg.LinAlgError):
                return float("inf"), start
        distance = float(np.sqrt(2 * solution.cost))
        near = not np.any(_excess(self.grid.family, self.constrained.vector(solution.x)[0])[0])
        return (distance if near and np.isfinite(distance) else float("inf")), solution.x

    def polished(self, minimum: _Found) -> _Found:
        """The minimum, with the steps begun again until they gain nothing: they run out in narrow valleys."""
        for _ in range(_ROUNDS):
            again = self.minimised(minimum[1])
            gain, minimum = minimum[0] - again[0], min(minimum, again, key=lambda f: f[0])
            if not gain > _GAIN * minimum[0]:
                break
        return minimum


def measure(
    family: Family,
    parameter: str,
    *,
    mean: bool = False,
    sign: int = 1,
    levels: Sequence[float] | None = None,
    seed: int = 0,
) -> Measured:
    """The least distances found at offsets sign 2^-j of a parameter, j increasing.

    Minima are found in doubles and followed in more digits. Doubles alone minimise, from large offsets to small ones,
    up and down again, for means, where kinks move, and where the followed minimum is lost.

    Args:
        family: the mixtures. parameter: of the atoms ("beta1", "a", ..), or shared ("tau").
        mean: hold the weighted mean of the first cell at the offset, not the difference of its first two atoms.
        levels: the j in doubles, in place of those that suit the cell. seed: of the starts.
    """
    if not mean and supported(family):
        run = _followed(family, parameter, sign, seed)
        if run.flat or not run.trouble:
            return run
    levels = _levels(family, mean) if levels is None else levels
    offsets = [2.0**-level for level in levels]
    problems = [_Problem(family.grid(t), _Constrained(family, parameter, mean, sign * t)) for t in offsets]
    with one_blas_thread():  # where a minimum ends must not depend on how sums are split
        minima, _ = _downwards(problems, np.random.default_rng(seed), 1 if family.m == 2 else 3)
        _swept(problems, minima, range(len(minima) - 2, -1, -1))
        _swept(problems, minima, range(1, len(minima)))
    return Measured(parameter, tuple(levels[: len(minima)]), tuple(d for d, _ in minima))


def _levels(family: Family, mean: bool) -> Sequence[float]:
    if family.m > 2:
        return _LEVELS_MEAN_3 if mean else _LEVELS_3
    smooth, kinked = (_LEVELS_MEAN, _LEVELS_MEAN_KINK) if mean else (_LEVELS, _LEVELS_KINK)
    return kinked if family.kinks() else smooth


def _followed(family: Family, parameter: str, sign: int, seed: int) -> Measured:
    """The same in more digits, begun at minima in doubles."""
    grid = Grid(family, *family.panels(NODES))
    problems = [_Problem(grid, _Constrained(family, parameter, False, sign * 2.0**-level)) for level in _FIRST]
    with one_blas_thread():
        minima, tracks = _downwards(problems, np.random.default_rng(seed), 1)
    if len(minima) < len(problems) or not tracks:
        return Measured(parameter, tuple(_FIRST[: len(minima)]), tuple(d for d, _ in minima))
    before, here = (problem.constrained for problem in problems[-2:])
    starts = [(before.vector(first)[0], here.vector(last)[0]) for first, last in tracks[:_KEPT]]
    levels, distances = followed(family, parameter, starts, (_FIRST[-2], _FIRST[-1]), sign)
    return Measured(parameter, tuple(levels), tuple(distances), 0.0)


def _downwards(
    problems: Sequence[_Problem], rng: np.random.Generator, effort: int
) -> tuple[list[_Found], list[tuple[Array, Array]]]:
    """The least distances found from large offsets to small ones, until rounding error is reached."""
    minima: list[_Found] = []
    tracks: list[tuple[Array, Array]] = []
    larger = 1.0
    for problem in problems:
        size, t = len(problem.constrained.free), abs(problem.constrained.t)
        count = effort * (_MORE if tracks else _STARTS)
        fresh = [t ** rng.uniform(0.3, 1.5, size) * rng.normal(size=size) for _ in range(count)]
        starts = [(_continued(*track), track[1]) for track in tracks]
        starts += [(problem.constrained.shrunk(u, t / larger), u) for _, u in tracks[:1]]
        starts += [(start, start) for start in [np.zeros(size), *fresh]]
        results = [(*problem.minimised(start), before) for start, before in starts]
        results = sorted((r for r in results if np.isfinite(r[0])), key=lambda r: r[0])
        results = [r for i, r in enumerate(results) if i == 0 or r[0] > (1 + _GAIN) * results[i - 1][0]]
        polished = [(*problem.polished(r[:2]), r[2]) for r in results[: effort * _KEPT]]
        results = sorted(polished, key=lambda r: r[0])
        tracks = [(before, u) for _, u, before in results]
        larger = t
        minima.append(results[0][:2] if results else (float("inf"), np.zeros(size)))
        if minima[-1][0] < _DEEP:
            break
    return minima, tracks


def _swept(problems: Sequence[_Problem], minima: list[_Found], places: Sequence[int]) -> None:
    """Start again at each place from its two neighbours on the side of the first one, and keep what is better."""
    side = 1 if len(places) > 1 and places[0] > places[1] else -1
    for here in places:
        last = minima[here + side][1]
        factor = problems[here].constrained.t / problems[here + side].constrained.t
        starts = [last, problems[here].constrained.shrunk(last, factor)]
        if 0 <= here + 2 * side < len(minima):
            starts.append(_continued(minima[here + 2 * side][1], last))
        for start in starts:
            result = problems[here].minimised(start)
            if result[0] < minima[here][0]:
                minima[here] = problems[here].polished(result)


def _continued(before: Array, last: Array) -> Array:
    """The next point of a curve whose entries are powers of t."""
    ratio = np.divide(last, before, out=np.full_like(last, 0.5), where=np.abs(before) > 1e-14)
    return last * np.clip(np.abs(ratio), 0.02, 16.0)
