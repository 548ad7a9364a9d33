"""Fits mixtures of softmax and activation gates with linear experts: the optimum of `search` as a mixing measure.

Example: ``fit_points(Layout(2, 1, "free"), gate, points, box=Box.for_data(x, y), starts=5, seed=1).status``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import EXACT, FLAT, Stop, scaled_spectrum
from temperance.numerics.fitting.problem import MAX_PASSES, Box, Problem, layout_problem
from temperance.numerics.fitting.search import Effort, Optimum, Status, climb_all, search, starts_of
from temperance.numerics.likelihood.generated import evaluate, few
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread


@dataclass(frozen=True, eq=False)
class Fit:
    """The maximum that a search found.

    measure, theta (p,), log_likelihood: where the search ended, as a measure and in the coordinates that layout names,
    and the sum of log g over the data there. box: what it was confined to; bounds: (parameter, atom) at its edge.
    status, starts, agree, gap: as of an `Optimum`. information: of the log-likelihood at theta (p, p).
    flat_directions (m, p): unit vectors along which the information vanishes on the coordinates that are not at a
    bound.
    """

    measure: MixingMeasure
    theta: Floats
    log_likelihood: float
    status: Status
    bounds: tuple[tuple[str, int | None], ...]
    starts: int
    agree: int
    information: Floats
    flat_directions: Floats
    box: Box
    layout: Layout
    gap: float = np.nan

    @property
    def k(self) -> int:
        """The number of atoms."""
        return self.layout.k

    @property
    def held(self) -> NDArray[np.bool_]:
        """The coordinates (p,) at the edge of the box."""
        lower, upper = self.box.bounds(self.layout)
        return (self.theta <= lower) | (self.theta >= upper)

    @property
    def is_estimate(self) -> bool:
        """Whether the search ended at a maximum that is no spike."""
        return self.status in ("converged", "at_bound")


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
    """The maximum of one search from so many rough starts, and from known ones (p,), with no peaks and no splits.

    stop: when a climb ends and is a maximum, of the mean log-likelihood. progress(done, starts) is called on the way.
    Raises ValueError if there are no starts, too few points, or no start at which the likelihood is finite.
    """
    ratios = _Ratios(layout, gate, points, box)
    thetas = [ratios.inner(theta) for theta in known_starts]
    thetas += starts_of(ratios.problem, None, Effort(starts, 0, 0), [seed], 0)
    if not thetas:
        raise ValueError("at least one start is needed")
    tell = progress or (lambda done, total: None)
    optimum = climb_all(ratios.problem, thetas, max_passes, stop, lambda done: tell(done, len(thetas)))
    return ratios.fit_of(optimum)


@one_blas_thread()
def search_layout(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    *,
    box: Box,
    starts: int,
    seed: int,
    known_starts: Sequence[Floats] = (),
    stop: Stop = EXACT,
    progress: Callable[[int, int], None] | None = None,
) -> Fit:
    """The maximum-likelihood measure of the points in the box, by `search`.

    starts: rough ones, half of them in each of two searches; from two atoms on peaks of the gradient process and
    splits of a fit of one atom less besides. known_starts (p,): further ones; with no others (starts = 0) there are no
    peaks and no splits. Raises ValueError as `fit_points`.
    """
    ratios = _Ratios(layout, gate, points, box)
    effort = effort_of(ratios.problem, starts)
    known = [ratios.inner(theta) for theta in known_starts]
    return ratios.fit_of(search(ratios.problem, seed=seed, effort=effort, known=known, stop=stop, progress=progress))


def effort_of(problem: Problem, starts: int) -> Effort:
    """That of a fit from so many rough starts; from two atoms on with peaks and splits, fewer for few points.

    With no rough starts there are none at all, but for known ones.
    """
    rough = -(-starts // 2)
    if not starts or problem.k == 1:
        return Effort(rough, 0, 0)
    return Effort(rough, 8, 6, rounds=1) if few(problem.k, len(problem.points.y)) else Effort(rough)


class _Ratios:
    """The problem of a layout; where data tell ratios to tau alone, that of the temperature 1."""

    def __init__(self, layout: Layout, gate: CompiledActivation, points: Points, box: Box) -> None:
        if len(points.y) <= layout.d + 1:
            raise ValueError(f"x and y must hold more than {layout.d + 1} points, not {len(points.y)}")
        self.layout, self.gate, self.points, self.box = layout, gate, points, box
        self.free = gate.source.is_linear and layout.tau is None
        low = box.tau[0]
        if self.free:
            widest = (tuple(b / low for b in np.atleast_1d(box.beta1)), box.beta0 / low)
            wide = replace(box, beta1=widest[0] if len(widest[0]) > 1 else widest[0][0], beta0=widest[1])
            self.problem: Problem = layout_problem(replace(layout, tau=1.0), gate, points, wide)
        else:
            self.problem = layout_problem(layout, gate, points, box)
        self._gates = np.array([name in ("beta1", "beta0") for name, _ in layout.names])
        held = gate.source.is_linear and layout.tau is not None
        self._scale = np.where(self._gates, 1 / float(layout.tau or 1.0), 1.0) if held else np.ones(layout.size)

    def inner(self, theta: Floats) -> Floats:
        """Coordinates of the problem."""
        if not self.free:
            return np.asarray(theta, dtype=float) * self._scale
        return np.where(self._gates, theta * np.exp(-theta[0]), theta)[1:]

    def outer(self, u: Floats) -> Floats:
        """Coordinates of the layout; a tau that no data tell is 1, or smaller where the gate would leave the box.

        So a fit is at an edge if and only if its ratios are.
        """
        if not self.free:
            return u / self._scale
        low, high = self.box.tau
        upper = self.box.bounds(self.layout)[1][self._gates]
        ratios, theta = u[self._gates[1:]], np.concatenate([[0.0], u])
        edge = np.abs(ratios) >= upper / low
        most = float((upper / np.maximum(np.abs(ratios), 1e-300)).min(initial=np.inf))  # of tau in the box
        inside = 1.0 if low < 1.0 < high else float(np.sqrt(low * high))
        tau = low if edge.any() else inside if inside < most else float(np.sqrt(low * most))
        theta[0] = np.log(tau)
        theta[self._gates] = np.where(edge, np.sign(ratios) * upper, ratios * tau)
        return theta

    def fit_of(self, optimum: Optimum) -> Fit:
        """An optimum as a fit."""
        theta, points = self.outer(optimum.u), self.points
        lower, upper = self.box.bounds(self.layout)
        theta = np.clip(theta, lower, upper)
        data = (points.x, points.y, points.weights, points.reference)
        hessian = evaluate(theta, self.layout, self.gate, *data).hessian
        held = (theta <= lower) | (theta >= upper)
        return Fit(
            measure=self.layout.unpack(theta),
            theta=theta,
            log_likelihood=optimum.log_likelihood,
            status=optimum.status,
            bounds=tuple(name for name, h in zip(self.layout.names, held, strict=True) if h),
            starts=optimum.starts,
            agree=optimum.agree,
            information=-hessian,
            flat_directions=self._flat(theta, -hessian / points.n, held, optimum),
            box=self.box,
            layout=self.layout,
            gap=optimum.gap,
        )

    def _flat(self, theta: Floats, information: Floats, held: NDArray[np.bool_], optimum: Optimum) -> Floats:
        """Where tau is free and no data tell it: along its orbit, and what is flat in the ratios to it besides.

        On the orbit the information is of the size of the gradient at which climbs end, and not of rounding.
        """
        if not self.free:
            return flat_directions(information, held)
        scale = np.where(self._gates, np.exp(theta[0]), 1.0)[1:]
        inner = flat_directions(-optimum.maximum.hessian, self.problem.edges(optimum.u)) * scale
        rows = np.column_stack([np.zeros(len(inner)), inner])
        if not held[0]:
            orbit = np.where(self._gates, theta, 0.0)
            orbit[0] = 1.0
            rows = np.vstack([rows, orbit])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
