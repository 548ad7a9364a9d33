"""Searches for the maximum of a likelihood in a box: many climbs, in two searches that share no start.

A search starts from the data (`starts.rough_start`), and where there is a fit of one atom less, from the local maxima
of its gradient process (`starts.process_starts`) and from splits of its atoms. Then it moves single atoms of its best
end (`starts.hop`), which leads to maxima that are neither splits of the smaller fit nor near its peaks. Two searches
have different random numbers, and grids that share no node. That both end at one value is the evidence that it is the
maximum; starts of one search that agree are not, as one start in a hundred may find it. Where they differ, each goes on
for a number of rounds, with twice as many starts in each, on other grids.

Example: ``search(layout_problem(Layout(3, 1, "free"), gate, points, box), seed=0).gap``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import EXACT, Maximum, Stop
from temperance.numerics.fitting.problem import MAX_PASSES, Problem
from temperance.numerics.fitting.starts import (
    GRIDS,
    ROUGH_PASSES,
    SUBSAMPLE,
    hop,
    process_starts,
    rough_start,
    splits,
    start_in_box,
)
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.likelihood import FEW_COLUMNS, Mixture
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread

Status = Literal["converged", "at_bound", "spike", "max_steps"]
FAILED: tuple[Status, ...] = ("spike", "max_steps")

AGREE = 1e-4  # climbs whose log-likelihoods differ by no more (plus 1e-9 of it) found the same maximum
APART = 0.05  # of log-likelihood: two searches that differ by more did not find the same maximum
_ROUNDING = 1e-3  # of the tolerance within which climbs agree
_FEWER = 3  # rough starts for fits of fewer atoms, which others begin at
_SLACK = 0.5  # ends lower by this on pooled points are not climbed further: rounding to cells moves differences less
_SAME = 0.02  # ends on pooled points that differ by no more are one maximum
_MANY = 5_000  # fewer points are not worth pooling
_PART, _LEAST_PART = 10, 2_000  # points for each coordinate, and at least, on which starts are climbed without a grid
_ROUGH_PART = 5  # points for each coordinate, at least, for a rough start
_FINALISTS, _DRAWN_SLACK = 3, 5.0  # ends on them, at most, that are climbed on all points; times sqrt(n)
_GAIN = 6  # times fewer cells than points, at least
_LEVEL = 1e-3  # of log-likelihood: less is no rise from beside a kink
_ASIDE = 1e-3  # relative: from where a climb that ended short of a maximum is made again
_ON_EDGE = 1e-12  # relative, of the least variance

COUNTS = ("rough", "peaks", "splits", "hops", "uniform")
"""Fields of an `Effort` that count starts."""
SEARCH = {"version": 2, "apart": APART, "fewer": _FEWER, **GRIDS}
"""What determines a search besides an `Effort`; a part of the definition of every study."""


@dataclass(frozen=True)
class Effort:
    """How many starts each of two searches makes: rough ones, peaks of the gradient process, splits, and others.

    Uniform ones lie anywhere in the box. A hop moves one atom of the best end so far.

    rounds: how often at most, with twice as many in each, as long as the two differ. passes: the most of a climb.
    spacings: how far peaks lie apart at least in the first and in the second search, in deviations of their densities;
    peaks that lie close are the highest, and those far apart reach more of the box.
    """

    rough: int = 5
    peaks: int = 20
    splits: int = 10
    rounds: int = 3
    passes: int = MAX_PASSES
    spacings: tuple[float, float] = (1.0, 3.0)
    hops: int = 0
    uniform: int = 0

    @property
    def count(self) -> int:
        """Climbs of one search."""
        return sum(getattr(self, name) for name in COUNTS)

    def at(self, turn: int) -> Effort:
        """The starts of a turn: the two of the first round are 0 and 1, those of the second 2 and 3, .."""
        many = 2 ** (turn // 2)
        return replace(self, **{name: many * getattr(self, name) for name in COUNTS})


@dataclass(frozen=True, eq=False)
class Optimum:
    """The highest end of the climbs to a problem.

    u (p,), log_likelihood: where and how high. maximum: the climb that ended there, of the mean log-likelihood.
    status: "converged" (by the stop of the climb), "at_bound" (the same, with coordinates at the edge of the box),
    "spike" (an atom with nu at its lower bound that holds fewer points than it has parameters; takes precedence),
    "max_steps". starts: how many climbs; agree: those that reached it. gap: by how much the two searches differ in
    log-likelihood; nan where there was one. fewer: the optimum for one atom less that a search began at. planned: how
    many climbs there would have been, where Ctrl-C stopped the search; else None. gain: by how much it is above the
    best fit of one atom less that a search began at; nan where none did, or on other points.
    """

    problem: Problem
    maximum: Maximum
    status: Status
    starts: int
    agree: int
    gap: float = np.nan
    fewer: Optimum | None = None
    planned: int | None = None
    gain: float = np.nan

    @property
    def u(self) -> Floats:
        """Where it is."""
        return self.maximum.theta

    @property
    def log_likelihood(self) -> float:
        """Of all points."""
        return self.maximum.value * self.problem.points.n

    @property
    def is_estimate(self) -> bool:
        """Whether the climb ended at a maximum that is no spike."""
        return self.status not in FAILED


def higher(one: Optimum, other: Optimum) -> bool:
    """Whether an optimum is above another of the same data: by more than two climbs differ that agree."""
    return one.log_likelihood > other.log_likelihood + AGREE + 1e-9 * abs(other.log_likelihood)


def best_end(ends: Sequence[Maximum], n: float) -> tuple[Maximum, int]:
    """The best of the ends, a maximum if one is as high, and how many are; n: the number of points.

    Of those that rounding alone distinguishes it is the first, so that rounding does not number the atoms. Raises
    ValueError if the likelihood is finite at no start.
    """
    most = _top(ends)
    if most == -np.inf:
        raise ValueError(
            "the likelihood is finite at no start: gate and experts must be defined at every x of the data"
        )
    tolerance = AGREE / n + 1e-9 * abs(most)
    equal = [end for end in ends if end.value >= most - tolerance]
    top = max(equal, key=lambda end: (end.stationary, end.value))
    first = (e for e in equal if e.stationary == top.stationary and e.value >= top.value - _ROUNDING * tolerance)
    return next(first), len(equal)


def climb_all(
    problem: Problem,
    starts: Sequence[Floats],
    passes: int = MAX_PASSES,
    stop: Stop = EXACT,
    *,
    hops: int = 0,
    seed: Sequence[int] = (),
) -> Optimum:
    """The optimum of climbs from starts (p,), and then of hops, each of which begins beside the best end so far.

    seed: of the hops. Raises ValueError if the likelihood is finite at no start.
    """
    ends = [problem.climb(start, passes, stop) for start in starts]
    for start in hops_from(ends, problem, hops, seed):
        ends.append(problem.climb(start, passes, stop))
    return _optimum(problem, ends)


def hops_from(ends: Sequence[Maximum], problem: Problem, count: int, seed: Sequence[int]) -> Iterator[Floats]:
    """Starts (p,), each beside the best of the ends that there are when it is asked for."""
    rng = np.random.default_rng(seed)
    for _ in range(count if _top(ends) > -np.inf else 0):
        yield hop(problem, best_end(ends, problem.points.n)[0].theta, rng)


def _optimum(problem: Problem, ends: Sequence[Maximum]) -> Optimum:
    """The best of the ends of climbs, and how that climb ended."""
    end, agree = best_end(ends, problem.points.n)
    status: Status = "at_bound" if problem.edges(end.theta).any() else "converged"
    if _has_spike(problem, end.theta):
        status = "spike"
    elif not end.stationary:
        status = "max_steps"
    return Optimum(problem, end, status, len(ends), agree)


def _has_spike(problem: Problem, u: Floats) -> bool:
    """Whether an atom at the least variance holds fewer points than it has parameters."""
    where = problem.where
    at_floor = np.isin(where.nu, problem.places[u <= problem.lower + _ON_EDGE])
    if not at_floor.any() or len(problem.tied):
        return False
    points = problem.points
    mixture = Mixture.of(problem.formulas, problem.k, problem.natural(u))
    return bool((at_floor & (points.total(mixture.responsibilities(points)) < where.width)).any())


def fewer_atoms(problem: Problem, effort: Effort, seed: Sequence[int], stop: Stop) -> Optimum | None:
    """The optimum for one atom less, found in the same way; None where there is nothing to begin at.

    Where the box numbers the atoms, as around a true mixture, the smallest fit begins in its middle.
    """
    if problem.smaller is None or not effort.peaks + effort.splits:
        return None
    smaller = problem.smaller().at(problem.points)
    middle = [(smaller.lower + smaller.upper) / 2] if smaller.parents is not None and smaller.smaller is None else []
    rough = 0 if smaller.parents is not None else _FEWER if smaller.k > 1 else 1
    less = replace(effort, rough=rough) if smaller.smaller is not None and smaller.k > 2 else Effort(rough, 0, 0)
    return search_once(smaller, less, [*seed, smaller.k], 0, known=middle, stop=stop)


def starts_of(problem: Problem, fewer: Optimum | None, effort: Effort, seed: Sequence[int], turn: int) -> list[Floats]:
    """The starts (p,) of a search: rough ones, of the streams (seed, turn, 0), ..; peaks, splits, and uniform ones."""
    thetas, begin = [], rough_start if problem.parents is None else start_in_box
    for index in range(effort.rough):
        rng = np.random.default_rng([*seed, turn, index])
        part = problem.at(Points(*problem.points.some(max(SUBSAMPLE, _ROUGH_PART * len(problem.places)), rng)))
        thetas.append(part.climb(begin(part, rng), ROUGH_PASSES).theta)
    if fewer is not None:
        rng, small = np.random.default_rng([*seed, turn, effort.rough]), fewer.problem
        if effort.peaks:
            shift, spacing = shift_of(turn), effort.spacings[turn % 2]
            thetas += process_starts(problem, small, fewer.u, effort.peaks, shift, rng, spacing=spacing)
        bases = [(small, fewer.u)] * effort.splits
        if fewer.fewer is not None and small.k > 2:  # every other one doubles two atoms of the fit before
            least = fewer.fewer.problem
            twice = splits(small, [(least, fewer.fewer.u)] * (effort.splits // 2), rng)
            bases[: len(twice)] = [(small, u) for u in twice]
        thetas += splits(problem, bases, rng)
    rng = np.random.default_rng([*seed, turn, effort.rough + 2])
    return thetas + list(rng.uniform(problem.lower, problem.upper, (effort.uniform, len(problem.places))))


def shift_of(turn: int) -> float:
    """The shift of the grids of a turn: 0, 1/2; 1/4, 3/4; 1/8, 5/8; .. (van der Corput's sequence)."""
    digits = f"{turn:b}"
    return int(digits[::-1], 2) / 2 ** len(digits)


@one_blas_thread()
def search_once(
    problem: Problem,
    effort: Effort,
    seed: Sequence[int],
    turn: int,
    *,
    fewer: Optimum | None = None,
    known: Sequence[Floats] = (),
    stop: Stop = EXACT,
) -> Optimum:
    """One search, at a turn (`Effort.at`): the best of its starts and of any known ones.

    fewer: the optimum for one atom less, found first if it is not given. Raises ValueError if the likelihood is finite
    at no start.
    """
    fewer = fewer or fewer_atoms(problem, effort, [*seed, turn], stop)
    thetas = [*known, *starts_of(problem, fewer, effort, seed, turn)]
    stream = [*seed, turn, effort.rough + 1]
    return replace(climb_all(problem, thetas, effort.passes, stop, hops=effort.hops, seed=stream), fewer=fewer)


def better(one: Optimum, other: Optimum) -> Optimum:
    """The higher of two searches of the same data, with what they differ by and the climbs of both."""
    gap = abs(one.log_likelihood - other.log_likelihood)
    best = (
        other if higher(other, one) or (other.is_estimate and not one.is_estimate and not higher(one, other)) else one
    )
    alike = one.agree + other.agree if gap <= AGREE + 1e-9 * abs(one.log_likelihood) else best.agree
    return replace(best, gap=gap, starts=one.starts + other.starts, agree=alike)


@one_blas_thread()
def search(
    problem: Problem,
    *,
    seed: int,
    effort: Effort = Effort(),
    known: Sequence[Floats] = (),
    fewer: Sequence[Floats] = (),
    stop: Stop = EXACT,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
) -> Optimum:
    """The maximum of a likelihood: the higher of two searches, and of climbs from known starts (p,).

    fewer: the optimum for one atom less, then for two less, if they are known; else each search finds its own.
    Both go on for another round, up to `Effort.rounds`, where they differ by more than `APART`. Every start is climbed
    to the precision of the noise, and the ends that may be highest are climbed further, by stop. Where there are many
    points, starts are climbed on pooled ones, the cells of a fine grid; in more than two columns, if no grid can be
    made, on a part of the points that is drawn.
    progress(done, starts) is called on the way. keep: Ctrl-C stops the search, and the best end so far is the optimum.
    Raises ValueError if there are no starts, or none at which the likelihood is finite; KeyboardInterrupt if there is
    no end to keep.
    """
    total = 2 * (effort if problem.smaller is not None else replace(effort, peaks=0, splits=0)).count + len(known)
    if not total:
        raise ValueError("at least one start is needed")
    planned, stopped = total, False

    def climb_each(starts: Iterable[Floats], climbs: list[Maximum]) -> None:
        for u in starts:
            climbs.append(here.climb(u, effort.passes, at))
            if progress is not None:
                progress(min(sum(map(len, (*halves, first))), total), total)

    def onwards(end: Maximum) -> Maximum:
        return problem.climb(end.theta, effort.passes, stop)

    few = pooled(problem.points, float(problem.natural(problem.lower)[problem.where.nu].min()))
    enough = max(_LEAST_PART, _PART * len(problem.places))
    drawn = few is None and problem.formulas.dim > FEW_COLUMNS and len(problem.points.y) > 2 * enough
    if drawn:
        few = Points(*problem.points.some(enough, np.random.default_rng([seed, 0])))
    here = problem if few is None else problem.at(few)
    at = Stop.in_sample_units(here.points.n)  # what it leaves on a valley is climbed from the ends that may be highest
    halves: list[list[Maximum]] = [[], []] if total > len(known) else []
    first: list[Maximum] = []
    levels: list[float] = []
    try:
        below = _climbed_below(here, fewer, at) if halves else None
        for turn in range(2 * effort.rounds if halves else 0):
            if turn and turn % 2 == 0 and not _differ(halves, here.points.n):
                break
            planned = len(known) + (total - len(known)) * (2 ** (turn // 2 + 1) - 1)
            less = below or fewer_atoms(here, effort, [seed, turn], at)
            levels += [] if less is None or drawn else [less.log_likelihood]
            starts, half = effort.at(turn), halves[turn % 2]
            climb_each(starts_of(here, less, starts, [seed], turn), half)
            climb_each(hops_from(half, here, starts.hops, [seed, turn, starts.rough + 1]), half)
        climb_each(known, first)
    except KeyboardInterrupt:
        stopped = True
        if not keep or max(map(_top, (*halves, first))) == -np.inf:
            raise
    ends = [end for climbs in (*halves, first) for end in climbs]
    highest = [_highest(climbs, here.points.n, drawn=drawn) for climbs in halves if _top(climbs) > -np.inf]
    first = [onwards(end) for end in first]
    optima = [_optimum(problem, [onwards(end) for end in climbs]) for climbs in highest]
    best = reduce(better, optima) if optima else _optimum(problem, first)
    if first and optima:
        best = replace(_optimum(problem, [*first, best.maximum]), gap=best.gap)
    alike = sum(end.value >= _top(ends) - _SAME / here.points.n for end in ends)
    best = _settled(replace(best, starts=len(ends), agree=max(alike, 1)), stop)
    gain = _top(ends) * here.points.n - max(levels) if levels else np.nan
    return replace(best, planned=planned if stopped else None, gain=gain)


def _top(climbs: Sequence[Maximum]) -> float:
    """The highest value of some climbs; -inf without any."""
    return max((end.value for end in climbs), default=-np.inf)


def _climbed_below(problem: Problem, fewer: Sequence[Floats], stop: Stop) -> Optimum | None:
    """The optimum for one atom less from where it is known to be, cut to the box, and so on downwards."""
    if not fewer or problem.smaller is None:
        return None
    small = problem.smaller().at(problem.points)
    optimum = climb_all(small, [np.clip(fewer[0], small.lower, small.upper)], stop=stop)
    return replace(optimum, fewer=_climbed_below(small, fewer[1:], stop))


def _differ(halves: Sequence[Sequence[Maximum]], n: float) -> bool:
    """Whether the best climbs of two searches end apart; where none was finite there is nothing to compare."""
    best = [_top(climbs) for climbs in halves]
    return len(best) == 2 and abs(best[0] - best[1]) * n > APART


def _settled(best: Optimum, stop: Stop) -> Optimum:
    """An optimum that ended short of a maximum climbed again from beside its end.

    No gradient vanishes at a maximum on a kink of the gate: it counts as one if no climb from beside it rises.
    """
    if best.status != "max_steps":
        return best
    aside = _ASIDE * (1.0 + np.abs(best.u))
    again = climb_all(best.problem, [best.u + aside, best.u - aside], stop=stop)
    end = again if (again.is_estimate and not higher(best, again)) or higher(again, best) else best
    if end.status == "max_steps" and end.problem.kinked and again.log_likelihood <= best.log_likelihood + _LEVEL:
        end = replace(end, status="at_bound" if end.problem.edges(end.u).any() else "converged")
    return replace(end, starts=best.starts, agree=best.agree, gap=best.gap, fewer=best.fewer)


def _highest(ends: Sequence[Maximum], n: float, *, drawn: bool) -> list[Maximum]:
    """The different ends that are lower than the best by at most the slack: of those that are alike the first climbed.

    On a part of the points that was drawn, the difference of two ends is known up to a multiple of sqrt(n).
    """
    apart: list[Maximum] = []
    tops: list[float] = []
    order, slack = sorted(ends, key=lambda end: -end.value), _DRAWN_SLACK * math.sqrt(n) if drawn else _SLACK
    for end in order:
        if (order[0].value - end.value) * n > slack or (drawn and len(apart) == _FINALISTS):
            break
        if not tops or (tops[-1] - end.value) * n > _SAME:
            tops.append(end.value)
            apart.append(next(e for e in ends if 0 <= (end.value - e.value) * n <= _SAME))
    return apart


def pooled(points: Points, least_nu: float) -> Points | None:
    """The means of x and y in the cells of a grid, weighted with the points in them; None where this loses too much.

    The grid is the finest with at most one cell for `_GAIN` points, and has at most as many cells as there are points.
    It loses too much where cells are so high that y varies inside of them by more than least_nu, the least variance of
    an atom.
    """
    columns, count = [*points.x.T, points.y], len(points.y)
    sides = int(count ** (1 / len(columns)))
    height = float(np.ptp(points.y))
    while count >= _MANY and (height / sides) ** 2 <= 12 * least_nu:
        cell = np.zeros(count, dtype=np.int64)
        for column in columns:
            low, width = column.min(), np.ptp(column) / sides
            cell = cell * sides + np.minimum((column - low) / (width or 1.0), sides - 1).astype(np.int64)
        held = np.bincount(cell)
        used = np.flatnonzero(held)
        if _GAIN * len(used) <= count:
            return _means(points, cell, used)
        sides = int(sides / np.sqrt(2))
    return None


def _means(points: Points, cell: NDArray[np.int64], used: NDArray[np.intp]) -> Points:
    """The points of each used cell as one."""
    weights = points.weights if points.weighted else np.ones(len(cell))
    held = np.bincount(cell, weights)[used]
    x, y = ([np.bincount(cell, weights * c)[used] / held for c in part] for part in (points.x.T, [points.y]))
    reference = np.bincount(cell, weights * points.reference)[used] / held if points.weighted else np.zeros(len(held))
    return Points(np.stack(x, axis=1), y[0], held.astype(float), reference)
