"""Fits a model of any gate and Gaussian expert to data by maximum likelihood; no start uses a true mixture.

Starts: clusterwise regression with the model's own mean on a subsample, and the best of many random gates there. The
box is part of the estimator. What is held in the last atom, as weights and scores may be translated: its offset at 0
(or a parameter that only scales its weight at 1), and parameters of its gate at 0 that a translation of scores moves.

Example: ``fit_general(x, y, model("quadratic"), 2, seed=1).values`` has the parameters by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.fitting.mle import MAX_PASSES, START_PASSES, Status, best_of, flat_directions
from temperance.numerics.fitting.newton import Local, Maximum, maximise
from temperance.numerics.fitting.starting_points import SUBSAMPLE
from temperance.numerics.general.data_starts import rough_start
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.likelihood.generated import GeneratedLikelihood, likelihood, pays
from temperance.numerics.likelihood.plain_sums import responsibilities
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.density import NONE
from temperance.numerics.mixture.points import Points
from temperance.theory.models.spec import BETA0, NU, MoESpec, true_value
from temperance.theory.models.weights import weight_parameters
from temperance.theory.traits.traits import translations

_REACH = 50.0  # of the gate's parameters
_LEAST_NU = 1e-3  # of the variance of y

Name = tuple[str, int | None]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GeneralFitResult:
    """The best of the climbs.

    names: of the parameters, in the order of theta, which holds the logarithms of those in logs. moves (p, q): how
    theta follows its q free coordinates; others are held, a choice of gauge, or tied to the first nu. edge (p,): what
    is at the edge of the box; bounds: its names. status: as in `fitting.mle`: "converged", "at_bound", "spike" (a
    variance at the least of the box, in an atom that holds fewer points than it has parameters), "max_steps".
    information (q, q): of the log-likelihood. flat_directions (m, p): unit vectors in theta along which it vanishes.
    n_parameters: free coordinates less these directions. starts, agree: climbs, and those that reached this
    likelihood. box: of every parameter.
    """

    spec: MoESpec
    k: int
    names: tuple[Name, ...]
    theta: Floats
    logs: Bools
    moves: Floats
    edge: Bools
    log_likelihood: float
    status: Status
    information: Floats
    flat_directions: Floats
    n_parameters: int
    starts: int
    agree: int
    points: float
    box: Mapping[str, tuple[float, float]]

    @property
    def bounds(self) -> tuple[Name, ...]:
        """What is at the edge of the box."""
        return tuple(name for name, at in zip(self.names, self.edge, strict=True) if at)

    @property
    def is_estimate(self) -> bool:
        """Whether the search ended at a maximum that is no spike."""
        return self.status in ("converged", "at_bound")

    @property
    def natural(self) -> Floats:
        """The parameters (p,), of which theta has logarithms."""
        return np.where(self.logs, np.exp(np.where(self.logs, self.theta, 0.0)), self.theta)

    @property
    def values(self) -> dict[Name, float]:
        """The parameters by their names."""
        return dict(zip(self.names, self.natural.tolist(), strict=True))


def held_of(spec: MoESpec) -> dict[sp.Symbol, float]:
    """What is held in the last atom, and at which value: weights and scores are told up to a common factor or shift."""
    held = {BETA0: 0.0} if spec.gate.offset is not None else dict.fromkeys(weight_parameters(spec)[:1], 1.0)
    own = {*spec.gate.own}
    for f in translations(spec):
        held |= {p: 0.0 for p in own if not (p.is_positive or (f / p).free_symbols & own)}
    return held


class _Problem:
    """The likelihood of k atoms in a box, and which coordinates move.

    noise: None where every atom has its own nu, "common" where all have that of the first, or the value that is known.
    """

    def __init__(
        self,
        spec: MoESpec,
        k: int,
        points: Points,
        box: Mapping[str, tuple[float, float]],
        noise: float | Literal["common"] | None,
    ) -> None:
        gate, formulas = spec.gate, formulas_of(spec)
        own = list(gate.own if gate.offset is None else (BETA0, *gate.own))
        held = held_of(spec) if k > 1 else {p: float(true_value(gate, p, 0)) for p in own}  # of one atom, no gate tells
        moved = k if {*own} - {*held} else k - 1
        self.compiled = pays(formulas, k, moved, len(points.y))
        self.likelihood: GeneratedLikelihood = likelihood(formulas, k, moved, self.compiled)
        where = self.likelihood.where
        self.points, self.k, self.where = points, k, where
        each = [*own, *spec.expert.parameters]
        self.names: list[Name] = [(p.name, i) for i in range(k) for p in each]
        self.names += [(p.name, None) for p in gate.shared]
        bounds = [_bounds(p, p in own, points, box) for p in each]
        common = [_bounds(p, True, points, box) for p in gate.shared]
        self.box = dict(zip((p.name for p in (*each, *gate.shared)), (*bounds, *common), strict=True))
        every = np.array([*bounds * k, *common])
        every[where.logs] = np.log(every[where.logs])
        self.lower, self.upper = every.T.copy()
        self.free = np.ones(where.size, dtype=bool)
        for p, value in held.items():
            at = (k - 1) * where.width + own.index(p)
            self.free[at], self.lower[at], self.upper[at] = False, value, value
        logs = ~self.free & where.logs
        self.lower[logs] = self.upper[logs] = np.log(self.lower[logs])
        if k == 1:
            self.free[where.size - len(gate.shared) :] = False
        self.tied = where.nu[1:] if noise == "common" else where.nu[:0]
        self.free[self.tied] = False
        if isinstance(noise, float):
            self.free[where.nu], self.lower[where.nu], self.upper[where.nu] = False, np.log(noise), np.log(noise)

    def full(self, u: Floats) -> Floats:
        """Theta of its free entries."""
        theta = np.clip(np.zeros(self.where.size), self.lower, self.upper)
        theta[self.free] = u
        theta[self.tied] = theta[self.where.nu[0]]
        return theta

    def climb(self, theta: Floats, points: Points, passes: int) -> Maximum:
        """The local maximum to which a search from theta leads."""
        n, free, first = points.n, self.free, self.where.nu[0]

        def local(u: Floats) -> Local:
            value, score, hessian = self.likelihood(self.full(u), points.x, points.y, points.weights, points.reference)
            for rows in (score, hessian, hessian.T):
                rows[first] += rows[self.tied].sum(axis=0)
            return Local(value / n, score[free] / n, hessian[np.ix_(free, free)] / n)

        return maximise(local, theta[free], self.lower[free], self.upper[free], passes, compiled=self.compiled)


def _bounds(p: sp.Symbol, of_gate: bool, points: Points, box: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """The box of a parameter: the one given, or a wide one from the scale of the data."""
    if p.name in box:
        return box[p.name]
    deviation = float(np.sqrt(points.mean((points.y - points.mean(points.y)) ** 2))) or 1.0
    if p == NU:
        return _LEAST_NU * deviation**2, 4 * deviation**2
    narrow = min(1.0, *points.middle[1][points.middle[1] > 0], 1.0)  # the least standard deviation of a column
    if p.is_positive:
        return 1 / _REACH, _REACH * max(1.0, float((points.x**2).max()))
    reach = _REACH if of_gate else 10 * (float(np.abs(points.y).max()) + 10 * deviation)
    return -reach / narrow, reach / narrow


@one_blas_thread()
def fit_general(
    x: ArrayLike,
    y: ArrayLike,
    spec: MoESpec,
    k: int,
    *,
    starts: int = 10,
    seed: int = 0,
    weights: ArrayLike | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    noise: float | Literal["common"] | None = None,
    known_starts: tuple[Floats, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> GeneralFitResult:
    """The maximum-likelihood mixture of k atoms of a model, from starts that use the data alone.

    Args:
        x, y: (n, d) and (n,). spec: a gate and a Gaussian expert whose mean is a formula. weights (n,): how often each
            point was seen. box: bounds of parameters by name, for every atom; others have wide ones.
        noise: None where each atom has its own nu, "common" where all have one, or the value that is known.
        starts, seed: random starts, one for each stream (seed, 0), (seed, 1), ...; known_starts: further thetas.
        progress: called with the starts done and their number.

    Raises:
        ValueError: bad data; an expert without a mean; a bound that is not a pair; k below 1; fewer points than
            numbers that are fitted; no start at which the likelihood is finite.
    """
    points = Points(*_data(x, y), NONE if weights is None else np.asarray(weights, dtype=float))
    if k < 1 or points.x.shape[1] != spec.dim:
        raise ValueError(f"k must be at least 1 and x have {spec.dim} columns, not {k} and {points.x.shape[1]}")
    if not starts and not known_starts:
        raise ValueError("at least one start is needed")
    problem, thetas = _Problem(spec, k, points, _box(spec, box or {}), noise), [*known_starts]
    if len(points.y) < problem.free.sum():
        fitted = f"the {problem.free.sum()} numbers that are fitted for {k} atoms"
        raise ValueError(f"{len(points.y)} points are fewer than {fitted}")
    for index in range(starts):
        rng = np.random.default_rng([seed, index])
        part = Points(*points.some(SUBSAMPLE, rng))
        rough = rough_start(problem.likelihood, part, problem.lower, problem.upper, rng)
        thetas.append(problem.full(problem.climb(rough, part, START_PASSES).theta))
    ends = []
    for theta in thetas:
        ends.append(problem.climb(theta, points, MAX_PASSES))
        if progress is not None:
            progress(len(ends), len(thetas))
    best, agree = best_of(ends, points.n, "formulas must be defined at every x of the data")
    return _report(spec, problem, best, len(thetas), agree)


def _box(spec: MoESpec, box: Mapping[str, tuple[float, float]]) -> Mapping[str, tuple[float, float]]:
    """The box, checked."""
    names = {p.name: p for p in ((BETA0,) if spec.gate.offset is not None else ()) + spec.parameters}
    for name, (low, high) in box.items():
        if name not in names:
            raise ValueError(f"box: {name} is no parameter; the parameters are {', '.join(names)}")
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"box: {name} must be a pair of finite numbers that increases, not {(low, high)}")
        if names[name].is_positive and low <= 0:
            raise ValueError(f"box: {name} must be positive, not within {(low, high)}")
    return box


def _data(x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    rows = np.asarray(x, dtype=float)
    return (rows[:, None] if rows.ndim == 1 else rows), np.asarray(y, dtype=float)


def _report(spec: MoESpec, problem: _Problem, end: Maximum, starts: int, agree: int) -> GeneralFitResult:
    theta, free, n = problem.full(end.theta), problem.free, problem.points.n
    edge = free & ((theta <= problem.lower) | (theta >= problem.upper))
    if _has_spike(problem, theta, problem.likelihood.natural(theta)):
        status: Status = "spike"
    else:
        status = "max_steps" if not end.stationary else "at_bound" if edge.any() else "converged"
    moves = np.eye(len(theta))[:, free]
    first = problem.where.nu[0]
    moves[problem.tied] = moves[first]
    flat = flat_directions(-end.local.hessian, edge[free]) @ moves.T
    edge[problem.tied] = edge[first]
    return GeneralFitResult(
        spec=spec,
        k=problem.k,
        names=tuple(problem.names),
        theta=theta,
        logs=problem.where.logs,
        moves=moves,
        edge=edge,
        log_likelihood=end.local.value * n,
        status=status,
        information=-end.local.hessian * n,
        flat_directions=flat,
        n_parameters=int(free.sum()) - len(flat),
        starts=starts,
        agree=agree,
        points=n,
        box=problem.box,
    )


def _has_spike(problem: _Problem, theta: Floats, natural: Floats) -> bool:
    at = problem.where.nu
    floor: Bools = theta[at] <= problem.lower[at] + 1e-12
    floor &= problem.free[at]
    if not floor.any() or len(problem.tied):
        return False
    held = problem.points.total(
        responsibilities(problem.likelihood.formulas, natural, problem.points.x, problem.points.y).T
    )
    return bool((floor & (held < problem.where.width)).any())
