"""Runs rate studies of an arbitrary gate: errors of the atoms of a cell, and of the weighted means of two.

The error of a parameter is (sum_l p_l |d_l|^q)^(1/q) over the atoms of the first cell, p_l their shares and q its
contact order; that of a mean is |sum_l p_l d_l|. A flat parameter (theory 4.3) has no order, and so no error: where
every cell is split, that may be the gate. Errors of beta1 are modulo its sign where the gate is even in it (theory
2.1). Samples are nested counts on the lattice (`studies.lattice`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.fitting.climb import Stop
from temperance.numerics.fitting.local_fits import RegressionMixture, family_problem, require_smooth
from temperance.numerics.fitting.profile import held_at
from temperance.numerics.fitting.search import APART, SEARCH, Effort
from temperance.numerics.fitting.split_mixtures import Array, Family
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.lattice import CONSTANTS, family_experiment, samples
from temperance.numerics.studies.run import fits_of_sizes, seeds_of
from temperance.theory.models.form import intercept as intercept_of
from temperance.theory.models.form import is_linear
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting

_ROUGH = 3  # starts from the data, where no atom is split
# as stored studies recorded it: version 2 changed peaks alone, which these searches have none of, and "apart" was the
# spacing of peaks, not the tolerance of two searches
_SEARCH = {**SEARCH, "version": 1, "apart": 1.0}


@dataclass(frozen=True, eq=False)
class GeneralStudy:
    """Everything that determines the outcome of a study.

    name: what reports call it. family: the truth, with cells that `family_problem` fits. orders: parameter -> q, where
    it is not flat. sizes, replicates, seed: of the samples. starts: of each of two searches at every n, splits of a fit
    of one atom less; a search also begins at its estimate at the n before. rounds: as of an `Effort`. columns: points
    of x of the lattice, None for as many as its dimension takes.
    """

    name: str
    family: Family
    orders: Mapping[str, float]
    sizes: tuple[int, ...]
    replicates: int
    starts: int
    seed: int
    columns: int | None = None
    rounds: int = 1

    @property
    def definition(self) -> dict[str, Any]:
        """The definition as JSON values."""
        setting = self.family.setting
        gate = (*setting.held, *setting.own, *setting.shared)
        gates = [{p.name: str(setting.point[p]) for p in gate}, {p.name: float(v) for p, v in setting.other.items()}]
        experts = [{p.name: float(atom[p]) for p in setting.expert} for atom in setting.truth.atoms]
        return {
            "name": self.name,
            "log_weight": str(setting.spec.gate.log_weight),
            "mean": str(setting.mean),
            "gates": gates,
            "experts": experts,
            "x": [self.family.low, self.family.high],
            "cell": self.family.m,
            **({"split": "all"} if min(self.family.sizes) > 1 else {}),
            "q": dict(self.orders),
            "sizes": list(self.sizes),
            "replicates": self.replicates,
            "starts": self.starts,
            "seed": self.seed,
            "columns": self.columns,
            "lattice": CONSTANTS,
            "search": _SEARCH,
            **({"rounds": self.rounds} if self.rounds > 1 else {}),
            **({"modulo_sign": list(signs)} if (signs := self.family.signs) else {}),
        }


@dataclass(frozen=True, eq=False)
class GeneralResult:
    """Errors of each group (R, N); status of each fit (R, N), and by how much its two searches differ.

    at_edge: the share of the fits with a parameter at the edge of the box; smallest_share (R, N): the least weight of
    an atom of the first cell, of all of it.
    """

    study: GeneralStudy
    errors: Mapping[str, Array]
    status: list[list[str]]
    gaps: Array
    at_edge: Mapping[str, float]
    smallest_share: Array

    @property
    def starts(self) -> int:
        """Climbs of a fit, of both searches."""
        return 2 * self.study.starts


@dataclass(frozen=True)
class GroupFit:
    """A fit of a family: its vector, status, by how much two searches differ, and the parameters at an edge."""

    vector: Array
    status: str
    gap: float
    edges: frozenset[str]


def kept_apart(chosen: Setting) -> Setting:
    """A setting with other experts: slopes 1/(2 d) and -1/(2 d), intercepts 2 and -2, variances 1/4 and 1/2.

    The experts stay apart, so that an error is hardly one of telling the two cells from each other: where means are
    bounded by 1, intercepts are 1 and -1, and variances a quarter.
    """
    slope = sp.Rational(1, 2 * chosen.spec.dim)
    intercept, nu = (sp.Integer(2), sp.Rational(1, 4)) if is_linear(chosen) else (sp.S.One, sp.Rational(1, 16))
    b = intercept_of(chosen.mean, tuple(p for p in chosen.expert if p != NU), chosen.spec.dim)
    line = {p: intercept if p == b else slope for p in chosen.expert}
    experts = ({**line, NU: nu}, {**{p: -v for p, v in line.items()}, NU: 2 * nu})
    atoms = tuple({**atom, **expert} for atom, expert in zip(chosen.truth.atoms, experts, strict=True))
    return replace(chosen, truth=replace(chosen.truth, atoms=atoms))


def run_general(study: GeneralStudy, progress: Callable[[int], None] = lambda _: None) -> GeneralResult:
    """Sample, fit and compare; progress is told the number of finished replicates."""
    require_smooth(study.family)
    lattice = family_experiment(study.family, n=study.sizes[-1], columns=study.columns)

    def fits(replicate: int) -> list[GroupFit]:
        return _fits(study, list(samples(lattice, study.sizes, seed=study.seed, replicate=replicate)), replicate)

    return _result(study, fits, progress)


def run_regression(study: GeneralStudy, progress: Callable[[int], None]) -> GeneralResult:
    """The same of least squares: at fixed nodes of x, with Gaussian noise around the regression function."""
    mixture = RegressionMixture(study.family)
    return _result(study, lambda replicate: _by_least_squares(study, mixture, replicate), progress)


def _result(
    study: GeneralStudy, fits: Callable[[int], list[GroupFit]], progress: Callable[[int], None]
) -> GeneralResult:
    """The errors of the fits of all replicates."""
    rows = []
    for replicate in range(study.replicates):
        rows.append(fits(replicate))
        progress(replicate + 1)
    errors = [[group_errors(study.family, fit.vector, study.orders) for fit in row] for row in rows]
    edges = [fit.edges for row in rows for fit in row]
    at_edge = {name: sum(name in some for some in edges) / len(edges) for name in sorted(frozenset().union(*edges))}
    return GeneralResult(
        study,
        {name: np.array([[e[name] for e in row] for row in errors]) for name in errors[0][0]},
        [[fit.status for fit in row] for row in rows],
        np.array([[fit.gap for fit in row] for row in rows]),
        at_edge,
        np.array([[shares_of(study.family, fit.vector).min() for fit in row] for row in rows]),
    )


def _fits(study: GeneralStudy, data: list[Points], replicate: int) -> list[GroupFit]:
    """The fits of one replicate."""
    family = study.family
    problems = [family_problem(family, points) for points in data]
    seeds = seeds_of(study.seed, replicate, study.sizes)
    stops = [Stop.in_sample_units(points.n) for points in data]
    rough, splits = (0, study.starts) if problems[0].smaller else (_ROUGH, 0)
    effort = Effort(rough, 0, splits, study.rounds)
    names = names_of(family)
    fits = []
    for optimum in fits_of_sizes(problems, seeds, stops, effort, backward=False):
        problem = optimum.problem
        at = problem.places[problem.edges(optimum.u)]
        vector = problem.natural(optimum.u)
        fits.append(GroupFit(vector, optimum.status, optimum.gap, frozenset(names[place] for place in at)))
    return fits


def names_of(family: Family) -> list[str]:
    """The parameter of every entry of a vector."""
    return family.names * sum(family.sizes) + [p.name for p in family.setting.spec.gate.shared]


def _by_least_squares(study: GeneralStudy, mixture: RegressionMixture, replicate: int) -> list[GroupFit]:
    fits: list[GroupFit] = []
    before: list[list[Array]] = [[], []]
    names = names_of(study.family)
    for j, n in enumerate(study.sizes):
        means = mixture.means(n, np.random.default_rng([study.seed, replicate, j]))
        draws = [np.random.default_rng([study.seed, replicate, j, half]) for half in (0, 1)]
        for turn in range(study.rounds):
            count = study.starts * 2**turn
            ends = [mixture.search_once(means, count, before[half], draws[half]) for half in (0, 1)]
            before = [[end.theta] for end in ends]
            if abs(ends[0].value - ends[1].value) * n <= APART:
                break
        best = max(ends, key=lambda end: (end.stationary, end.value))
        at = mixture.free[(best.theta <= mixture.lower) | (best.theta >= mixture.upper)]
        gap = abs(ends[0].value - ends[1].value) * n
        fits.append(GroupFit(mixture.vector(best.theta), mixture.status(best), gap, frozenset(names[i] for i in at)))
    return fits


def shares_of(family: Family, vector: Array) -> Array:
    """The weights of the atoms of the first cell, of all of it."""
    weights = np.exp([vector[family.index(l, "weight")] for l in range(family.m)])
    return np.asarray(weights / weights.sum())


def group_errors(family: Family, vector: Array, orders: Mapping[str, float]) -> dict[str, float]:
    """The error of every parameter of the first cell, of its weighted means, and of the shared parameters."""
    vector = _nearest_image(family, vector)
    shares, errors = shares_of(family, vector), {}
    for name, q in orders.items():
        if name not in family.names:
            errors[name] = float(abs(vector[family.shared_index(name)] - family.center[family.shared_index(name)]))
            continue
        at = [family.index(l, name) for l in range(family.m)]
        d = vector[at] - family.center[at]
        errors[name] = float((shares @ np.abs(d) ** q) ** (1 / q))
        if family.m > 1:
            errors[f"mean {name}"] = float(abs(shares @ d))
    return errors


def _nearest_image(family: Family, vector: Array) -> Array:
    """The vector with beta1 or -beta1 for every atom of the first cell, whichever is nearer to the truth."""
    image = vector.copy()
    for l in range(family.m if family.signs else 0):
        at = [family.index(l, name) for name in family.signs]
        here, true = vector[at], family.center[at]
        image[at] = min(here, -here, key=lambda v: float(((v - true) ** 2).sum()))
    return image


def profile(family: Family, name: str, values: Sequence[float], n: int, seed: int) -> Array:
    """The maximum of the log-likelihood of one sample with a shared positive parameter held at each value, less the
    largest of these; -inf where no climb ends.

    family: with as many atoms as the truth. Climbs begin at the truth and at the maximum of the value before.
    """
    (points,) = samples(family_experiment(family, n=n), (n,), seed=seed)
    problem, at = family_problem(family, points, compiled=False), family.shared_index(name)
    rest = problem.places != at  # it may be held
    places, lower, upper = (np.append(part[rest], at) for part in (problem.places, problem.lower, problem.upper))
    problem = replace(problem, places=places, lower=lower, upper=upper)
    stop, heights, start = Stop.in_sample_units(n), [], problem.base[problem.places]
    before = start
    for value in values:
        before, height = held_at(problem, -1, float(np.log(value)), (start, before), stop)
        heights.append(height)
    return np.array(heights) - max(heights)
