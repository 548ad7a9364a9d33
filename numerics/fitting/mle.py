"""Maximises the likelihood in a declared compact box, from several starts, with a named status for every fit.

Example: ``fit_points(Layout(2, 1, "free"), gate, points, box=Box.for_data(x, y), starts=5, seed=1).status``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.box import Box
from temperance.numerics.fitting.charts import frame_of
from temperance.numerics.fitting.hyperplanes import kinks_of
from temperance.numerics.fitting.newton import EXACT, FLAT, Local, Maximum, Stop, maximise, scaled_spectrum
from temperance.numerics.fitting.ridges import RidgeSearch
from temperance.numerics.fitting.starting_points import SUBSAMPLE, rough_start
from temperance.numerics.likelihood.by_layout import evaluation
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.density import responsibilities
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points

Status = Literal["converged", "at_bound", "spike", "max_steps"]

MAX_PASSES = 500
START_PASSES = 30  # of the search on the subsample that ends a start
_TURN = 60  # passes on ridges before the charts of a pair are tried again
_FEWEST = 3  # passes of a step on ridges
_AT_KINKS = 1.0  # damping at which the steps of a kinked likelihood are taken to fail for its kinks
_ROUNDING = 1e-3  # of the tolerance within which starts agree
AGREE = 1e-4  # starts whose log-likelihoods differ by no more (plus 1e-9 of it) found the same maximum


@dataclass(frozen=True, eq=False)
class Fit:
    """The best of the starts.

    measure, theta (p,), log_likelihood: where the search ended, as a measure and in the coordinates that layout names,
    and the sum of log g over the data there. box: what it was confined to; bounds: (parameter, atom) at its edge.
    status: "converged" (by the stop that the fit was given, projected gradient at most stop.gradient n and no negative
    curvature beyond stop.curvature: 1e-6 n by default; a study names its own in its definition), "at_bound" (the same,
    with the parameters in bounds at the edge of the box), "spike" (an atom with nu at its lower bound and
    responsibilities that sum to fewer points than its 2d + 3 parameters; takes precedence), "max_steps".
    score, information: of the log-likelihood at theta (p,), (p, p); where kinks of s hold theta (`ridges`), the least
    subgradient and the information beside them. flat_directions (m, p): unit vectors along which
    the information vanishes on the coordinates that are not at a bound. gradient_norm: of the projected gradient of the
    log-likelihood. passes: over the data, from the best start. starts: how many, known ones included; agree: those that
    reached this likelihood.
    """

    measure: MixingMeasure
    theta: Floats
    log_likelihood: float
    status: Status
    bounds: tuple[tuple[str, int | None], ...]
    gradient_norm: float
    passes: int
    starts: int
    agree: int
    score: Floats
    information: Floats
    flat_directions: Floats
    box: Box
    layout: Layout

    @property
    def k(self) -> int:
        """The number of atoms."""
        return self.layout.k

    @property
    def held(self) -> NDArray[np.bool_]:
        """The coordinates (p,) at the edge of the box."""
        return _at_bound(self.layout, self.box, self.theta)

    @property
    def is_estimate(self) -> bool:
        """Whether the search ended at a maximum that is no spike."""
        return self.status in ("converged", "at_bound")


def climb(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    box: Box,
    theta: Floats,
    passes: int = MAX_PASSES,
    stop: Stop = EXACT,
) -> Maximum:
    """The local maximum of the mean log-likelihood to which a search from theta leads, in at most so many passes."""
    n, evaluate = points.n, evaluation(layout, gate)

    def mean_log_likelihood(theta: Floats) -> Local:
        value, score, hessian = evaluate(theta, points.x, points.y, points.weights, points.reference, True)
        return Local(value / n, score / n, hessian / n)

    frame = frame_of(layout, *points.middle, linear=gate.source.is_linear)
    bounds, kinks = box.bounds(layout), kinks_of(gate)
    if kinks is None:
        return maximise(mean_log_likelihood, theta, *bounds, passes, frame, stop, compiled=gate.machine_code)
    ridges = RidgeSearch(mean_log_likelihood, layout, gate, points, bounds, kinks, stop)
    smooth, used, before = replace(stop, damping=_AT_KINKS), 0, -np.inf
    while True:
        end = maximise(mean_log_likelihood, theta, *bounds, passes - used, frame, smooth, compiled=gate.machine_code)
        used += end.passes
        if not end.stationary and end.local.value > -np.inf and used < passes:
            end = ridges.end(end.theta, min(passes - used, _TURN) if stop.pairs else passes - used)
            used += end.passes
        rises = end.local.value > before + stop.settled
        if end.stationary or not rises or used + _FEWEST > passes or not stop.pairs:
            return replace(end, passes=used)
        theta, before = end.theta, end.local.value


def start_points(
    layout: Layout, gate: CompiledActivation, points: Points, box: Box, starts: int, seed: int
) -> list[Floats]:
    """Starts that do not use the truth, one for each of the streams (seed, 0), (seed, 1), ..."""
    thetas = []
    for index in range(starts):
        rng = np.random.default_rng([seed, index])
        part = Points(*points.some(SUBSAMPLE, rng))
        rough = rough_start(layout, gate, part.x, part.y, rng)
        thetas.append(climb(layout, gate, part, box, rough, START_PASSES).theta)
    return thetas


def climbs(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    box: Box,
    thetas: Sequence[Floats],
    passes: int = MAX_PASSES,
    stop: Stop = EXACT,
    progress: Callable[[int, int], None] | None = None,
) -> list[Maximum]:
    """`climb` from each start; progress(done, starts) is called after each."""
    ends: list[Maximum] = []
    for theta in thetas:
        ends.append(climb(layout, gate, points, box, theta, passes, stop))
        if progress is not None:
            progress(len(ends), len(thetas))
    return ends


def _at_bound(layout: Layout, box: Box, theta: Floats) -> NDArray[np.bool_]:
    lower, upper = box.bounds(layout)
    return (theta <= lower) | (theta >= upper)


def _has_spike(layout: Layout, gate: CompiledActivation, points: Points, box: Box, theta: Floats) -> bool:
    measure = layout.unpack(theta)
    at_floor = measure.nu <= box.nu[0] * (1 + 1e-12)
    if not at_floor.any():
        return False
    held = points.total(responsibilities(measure, gate, points.x, points.y))
    return bool((at_floor & (held < layout.atom_size)).any())


def flat_directions(information: Floats, held: NDArray[np.bool_]) -> Floats:
    """Unit vectors (m, p), zero on the held coordinates, along which the information (p, p) vanishes to rounding."""
    scale, values, vectors = scaled_spectrum(information[np.ix_(~held, ~held)])
    flat = np.abs(values) <= FLAT
    directions = np.zeros((int(flat.sum()), len(held)))
    directions[:, ~held] = (vectors[:, flat] / scale[:, None]).T
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


@one_blas_thread()
def fit_points(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    *,
    box: Box,
    starts: int,
    seed: int,
    known_starts: Sequence[Floats] = (),
    max_passes: int = MAX_PASSES,
    stop: Stop = EXACT,
    progress: Callable[[int, int], None] | None = None,
) -> Fit:
    """The maximum-likelihood measure of the points in the box; the best of the starts and of any known_starts.

    stop: when a search ends and is a maximum, of the mean log-likelihood; not of the rough ones that make the starts.
    progress(done, starts) is called on the way. Raises ValueError if there are no starts, too few points, or no start
    at which the likelihood is finite.
    """
    if len(points.y) <= layout.d + 1:
        raise ValueError(f"x and y must hold more than {layout.d + 1} points, not {len(points.y)}")
    thetas = [*known_starts, *start_points(layout, gate, points, box, starts, seed)]
    if not thetas:
        raise ValueError("at least one start is needed")
    ends = climbs(layout, gate, points, box, thetas, max_passes, stop, progress)
    best, agree = best_of(ends, points.n, "s must be defined at beta1 . x for every point")
    return _report(layout, gate, points, box, best, len(thetas), agree)


def best_of(ends: Sequence[Maximum], n: float, defined: str) -> tuple[Maximum, int]:
    """The best of the ends, a maximum if one is as high, and how many are; n: the number of points.

    Of those that rounding alone tells apart it is the first, so that rounding does not number the atoms. Raises
    ValueError if the likelihood is finite at no start; defined: what must be.
    """
    most = max(end.local.value for end in ends)
    if most == -np.inf:
        raise ValueError(f"the likelihood is finite at no start: {defined}")
    tolerance = AGREE / n + 1e-9 * abs(most)
    equal = [end for end in ends if end.local.value >= most - tolerance]
    top = max(equal, key=lambda end: (end.stationary, end.local.value))
    first = (
        e for e in equal if e.stationary == top.stationary and e.local.value >= top.local.value - _ROUNDING * tolerance
    )
    return next(first), len(equal)


def higher(found: Fit, other: Fit) -> bool:
    """Whether a fit is at a higher maximum than another of the same data: by more than two starts differ that agree."""
    return found.log_likelihood > other.log_likelihood + AGREE + 1e-9 * abs(other.log_likelihood)


def _report(
    layout: Layout, gate: CompiledActivation, points: Points, box: Box, end: Maximum, starts: int, agree: int
) -> Fit:
    n, held = points.n, _at_bound(layout, box, end.theta)
    if _has_spike(layout, gate, points, box, end.theta):
        status: Status = "spike"
    elif not end.stationary:
        status = "max_steps"
    else:
        status = "at_bound" if held.any() else "converged"
    return Fit(
        measure=layout.unpack(end.theta),
        theta=end.theta,
        log_likelihood=end.local.value * n,
        status=status,
        bounds=tuple(name for name, h in zip(layout.names, held, strict=True) if h),
        gradient_norm=end.gradient_norm * n,
        passes=end.passes,
        starts=starts,
        agree=agree,
        score=end.local.gradient * n,
        information=-end.local.hessian * n,
        flat_directions=flat_directions(-end.local.hessian, held),
        box=box,
        layout=layout,
    )
