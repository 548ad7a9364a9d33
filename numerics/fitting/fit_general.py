"""Fits a model of any gate and Gaussian expert to data by maximum likelihood; no start uses a true mixture.

Starts: clusterwise regression with the model's own mean on a subsample, and the best of many random gates there. The
box is part of the estimator. What is held in the last atom, as weights and scores may be translated: its offset at 0
(or a parameter that only scales its weight at 1), and parameters of its gate at 0 that a translation of scores moves.

Example: ``fit_general(x, y, model("quadratic"), 2, seed=1).values`` has the parameters by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.fitting.mle import effort_of, flat_directions
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.fitting.search import Optimum, Status, search
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.likelihood.generated import few
from temperance.numerics.likelihood.kernel_sums import Coordinates
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import NONE, Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.models.spec import BETA0, NU, MoESpec, true_value
from temperance.theory.models.weights import weight_parameters
from temperance.theory.symmetries.traits import translations

_REACH = 50.0  # of the gate's parameters
_LEAST_NU = 1e-3  # of the variance of y

Name = tuple[str, int | None]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GeneralFitResult:
    """The best of the climbs.

    names: of the parameters, in the order of theta, which holds the logarithms of those in logs. moves (p, q): how
    theta follows its q free coordinates; others are held, a choice of gauge, or tied to the first nu. edge (p,): what
    is at the edge of the box; bounds: its names. status: as in `fitting.search`: "converged", "at_bound", "spike" (a
    variance at the least of the box, in an atom that holds fewer points than it has parameters), "max_steps".
    information (q, q): of the log-likelihood. flat_directions (m, p): unit vectors in theta along which it vanishes.
    n_parameters: free coordinates less these directions. starts, agree: climbs, and those that reached this
    likelihood; gap: by how much two searches differ. box: of every parameter.
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
    gap: float = np.nan

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


def formula_problem(
    spec: MoESpec,
    k: int,
    points: Points,
    box: Mapping[str, tuple[float, float]],
    noise: float | Literal["common"] | None,
) -> Problem:
    """The fit of k atoms of a model to points in a box.

    noise: None where every atom has its own nu, "common" where all have that of the first, or the value that is known.
    """
    gate, formulas = spec.gate, formulas_of(spec)
    own = list(gate.own if gate.offset is None else (BETA0, *gate.own))
    held = held_of(spec) if k > 1 else {p: float(true_value(gate, p, 0)) for p in own}  # of one atom, no gate tells
    gates, where = k if {*own} - {*held} else k - 1, Coordinates(formulas, k)
    bounds = [bounds_of(p, p in own, points, box) for p in (*own, *spec.expert.parameters)]
    common = [bounds_of(p, True, points, box) for p in gate.shared]
    every = np.array([*bounds * k, *common])
    every[where.logs] = np.log(every[where.logs])
    lower, upper = every.T.copy()
    free = np.ones(where.size, dtype=bool)
    base = np.clip(np.zeros(where.size), lower, upper)
    for p, value in held.items():
        at = (k - 1) * where.width + own.index(p)
        free[at], base[at] = False, np.log(value) if where.logs[at] else value
    if k == 1:
        free[where.size - len(gate.shared) :] = False
    tied = where.nu[1:] if noise == "common" else where.nu[:0]
    free[tied] = False
    if isinstance(noise, float):
        free[where.nu], base[where.nu] = False, np.log(noise)
    return Problem(
        formulas,
        k,
        gates,
        points,
        not few(k, len(points.y)),
        base,
        np.flatnonzero(free),
        lower[free],
        upper[free],
        tied=tied,
        offset=gate.offset is not None,
        smaller=partial(formula_problem, spec, k - 1, points, box, noise) if k > 1 else None,
    )


def _names(spec: MoESpec, k: int) -> list[Name]:
    """Parameter and atom of every coordinate; the atom of shared ones is None."""
    each = [*((BETA0,) if spec.gate.offset is not None else ()), *spec.gate.own, *spec.expert.parameters]
    return [*((p.name, i) for i in range(k) for p in each), *((p.name, None) for p in spec.gate.shared)]


def _box_record(
    spec: MoESpec, points: Points, box: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """The bounds of every parameter by name."""
    offset = (BETA0,) if spec.gate.offset is not None else ()
    gate = {*offset, *spec.gate.own, *spec.gate.shared}
    every = (*offset, *spec.gate.own, *spec.expert.parameters, *spec.gate.shared)
    return {p.name: bounds_of(p, p in gate, points, box) for p in every}


def bounds_of(
    p: sp.Symbol, of_gate: bool, points: Points, box: Mapping[str, tuple[float, float]]
) -> tuple[float, float]:
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
    inside = _box(spec, box or {})
    problem = formula_problem(spec, k, points, inside, noise)
    fitted = len(problem.places)
    if len(points.y) < fitted:
        raise ValueError(f"{len(points.y)} points are fewer than the {fitted} numbers that are fitted for {k} atoms")
    vectors = [theta[problem.places] for theta in known_starts]
    optimum = search(problem, seed=seed, effort=effort_of(problem, starts), known=vectors, progress=progress)
    return _report(spec, optimum, _box_record(spec, points, inside))


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


def _report(spec: MoESpec, optimum: Optimum, box: Mapping[str, tuple[float, float]]) -> GeneralFitResult:
    problem, n, u = optimum.problem, optimum.problem.points.n, optimum.u
    where, theta, hessian = problem.where, problem.full(u), optimum.maximum.hessian
    moves, edge = np.eye(where.size)[:, problem.places], np.zeros(where.size, dtype=bool)
    moves[problem.tied] = moves[where.nu[0]]
    edge[problem.places] = problem.edges(u)
    flat = flat_directions(-hessian, problem.edges(u)) @ moves.T
    edge[problem.tied] = edge[where.nu[0]]
    return GeneralFitResult(
        spec=spec,
        k=problem.k,
        names=tuple(_names(spec, problem.k)),
        theta=theta,
        logs=where.logs,
        moves=moves,
        edge=edge,
        log_likelihood=optimum.log_likelihood,
        status=optimum.status,
        information=-hessian * n,
        flat_directions=flat,
        n_parameters=len(u) - len(flat),
        starts=optimum.starts,
        agree=optimum.agree,
        points=n,
        box=box,
        gap=optimum.gap,
    )
