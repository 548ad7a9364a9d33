"""Runs rate studies of an arbitrary gate: errors of the atoms of a cell, and of the weighted means of two.

The error of a parameter is (sum_l p_l |d_l|^q)^(1/q) over the atoms of the first cell, p_l their shares and q its
contact order; that of a mean is |sum_l p_l d_l|. A flat parameter (theory 4.3) has no order, and so no error: where
every cell is split, that may be the gate. Errors of beta1 are modulo its sign where the gate is even in it (theory
2.1). Samples are nested counts on the lattice (`studies.lattice`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import Maximum, Stop
from temperance.numerics.fitting.local_fits import Means, RegressionMixture, family_problem, require_smooth
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.fitting.profile import held_at
from temperance.numerics.fitting.search import APART, SEARCH, Effort
from temperance.numerics.fitting.split_mixtures import Array, Family
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.lattice import CONSTANTS, Experiment, family_experiment, samples
from temperance.numerics.studies.results import Result
from temperance.numerics.studies.store import Outcome
from temperance.numerics.studies.study import RateStudy
from temperance.theory.models.form import intercept as intercept_of
from temperance.theory.models.form import is_linear
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting

_ROUGH = 3  # starts from the data, where no atom is split
# as stored studies recorded it: version 2 changed peaks alone, which these searches have none of, and "apart" was the
# spacing of peaks, not the tolerance of two searches
_SEARCH = {**SEARCH, "version": 1, "apart": 1.0}


@dataclass(frozen=True, eq=False)
class GeneralStudy(RateStudy):
    """Everything that determines the outcome of a study of any gate and expert.

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
    experiment = "lattice"
    backward = False

    def __post_init__(self) -> None:
        """Refuse a family that is not fitted."""
        require_smooth(self.family)

    def __getstate__(self) -> dict[str, Any]:
        """The definition alone: compiled functions cannot be sent to workers."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def exact(self) -> bool:
        """Whether as many atoms are fitted as there are."""
        return max(self.family.sizes) == 1

    @property
    def dim(self) -> int:
        """Of x."""
        return self.family.setting.spec.dim

    @property
    def effort(self) -> Effort:
        """Splits of a fit of one atom less, or starts from the data where no atom is split."""
        rough, splits = (_ROUGH, 0) if self.exact else (0, self.starts)
        return Effort(rough, 0, splits, self.rounds)

    @cached_property
    def lattice(self) -> Experiment:
        """The lattice experiment, for samples up to the largest size."""
        return family_experiment(self.family, n=self.sizes[-1], columns=self.columns)

    def data(self, replicate: int) -> Sequence[Any]:
        """Counts on the lattice at every n."""
        return list(samples(self.lattice, self.sizes, seed=self.seed, replicate=replicate))

    def problem(self, points: Points, *, compiled: bool = True) -> Problem:
        """The fit of the family to some points."""
        return family_problem(self.family, points, compiled=compiled)

    @property
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """Of the fit, and of that of one atom less."""
        atoms = sum(self.family.sizes)
        return {(atoms - less, self.name): less for less in ((0,) if self.exact else (0, 1))}

    @cached_property
    def box(self) -> Problem:
        """A fit to no points."""
        return self.problem(Points(np.zeros((1, self.dim)), np.zeros(1)), compiled=False)

    def vector(self, u: Array) -> Array:
        """The vector of the family at coordinates u (p,)."""
        return self.box.natural(u)

    @property
    def box_of_fits(self) -> tuple[list[str], Array, Array]:
        """The parameter of every coordinate, and its bounds."""
        return self._names(self.box.places), self.box.lower, self.box.upper

    def _names(self, places: NDArray[np.intp]) -> list[str]:
        names = self.family.names * sum(self.family.sizes) + [p.name for p in self.family.setting.spec.gate.shared]
        return [names[place] for place in places]

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
class RegressionStudy(GeneralStudy):
    """The same of least squares: at fixed nodes of x, with Gaussian noise around the regression function."""

    experiment = "nodes"

    @cached_property
    def mixture(self) -> RegressionMixture:
        """The regression functions of the family."""
        return RegressionMixture(self.family)

    @property
    def kernels(self) -> dict[tuple[Any, ...], int]:
        """None: these fits have no machine code."""
        return {}

    def vector(self, u: Array) -> Array:
        """The vector of the family at coordinates u (p,)."""
        return self.mixture.vector(u)

    @property
    def box_of_fits(self) -> tuple[list[str], Array, Array]:
        """The parameter of every coordinate, and its bounds."""
        return self._names(self.mixture.free), self.mixture.lower, self.mixture.upper

    def data(self, replicate: int) -> list[Means]:
        """The mean responses at every n."""
        streams = (np.random.default_rng([self.seed, replicate, j]) for j in range(len(self.sizes)))
        return [self.mixture.means(n, rng) for n, rng in zip(self.sizes, streams, strict=True)]

    def outcome(self, replicate: int) -> Outcome:
        """What is stored of the fits of one replicate."""
        best: list[Maximum] = []
        gaps: list[float] = []
        before: list[list[Array]] = [[], []]
        for j, (n, means) in enumerate(zip(self.sizes, self.data(replicate), strict=True)):
            draws = [np.random.default_rng([self.seed, replicate, j, half]) for half in (0, 1)]
            for turn in range(self.rounds):
                count = self.starts * 2**turn
                ends = [self.mixture.search_once(means, count, before[half], draws[half]) for half in (0, 1)]
                before, gap = [[end.theta] for end in ends], abs(ends[0].value - ends[1].value) * n
                if gap <= APART:
                    break
            best.append(max(ends, key=lambda end: (end.stationary, end.value)))
            gaps.append(gap)
        return np.stack([end.theta for end in best]), [self.mixture.status(end) for end in best], [1] * len(best), gaps


@dataclass(frozen=True, eq=False)
class GeneralResult(Result):
    """The result of a `GeneralStudy`: errors of the first cell, and of what all atoms share."""

    study: GeneralStudy

    @cached_property
    def vectors(self) -> Array:
        """The vectors of the family (R, N, q)."""
        return np.array([[self.study.vector(u) for u in row] for row in self.theta])

    @property
    def smallest_share(self) -> Array:
        """The least weight of an atom of the first cell, of all of it."""
        return np.array([[shares_of(self.study.family, vector).min() for vector in row] for row in self.vectors])

    @property
    def cell_sizes(self) -> NDArray[np.intp]:
        """Atoms in each cell, which the box determines."""
        return np.broadcast_to(self.study.family.sizes, (*self.status.shape, 2))

    @cached_property
    def errors(self) -> dict[str, Array]:
        """Errors of each group in the first cell, (R, N, 1), and of shared parameters (R, N)."""
        family, orders = self.study.family, self.study.orders
        rows = [[group_errors(family, vector, orders) for vector in row] for row in self.vectors]
        groups = {name: np.array([[e[name] for e in row] for row in rows]) for name in rows[0][0]}
        shared = {p.name for p in family.setting.spec.gate.shared}
        return self.without_dropped({name: e if name in shared else e[..., None] for name, e in groups.items()})


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
