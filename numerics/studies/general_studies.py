"""Runs rate studies of an arbitrary gate: errors of the atoms of a cell, and of the weighted means of two.

The error of a parameter is (sum_l p_l |d_l|^q)^(1/q) over the atoms of the first cell, p_l their shares and q its
contact order; that of a mean is |sum_l p_l d_l|. A flat parameter (theory.md 2.8) has no order, and so no error: where
every cell is split, that may be the gate. Errors of beta1 are modulo its sign where the gate is even in it (theory.md
2.2). Samples are nested counts on the lattice (`numerics.lattice`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.general.general_mle import GeneralFit, GeneralMixture
from temperance.numerics.general.regression import RegressionMixture
from temperance.numerics.general.split_mixtures import Array, Family
from temperance.numerics.lattice.counts import samples
from temperance.numerics.lattice.experiment import Experiment, family_experiment
from temperance.theory.models.form import intercept as intercept_of
from temperance.theory.models.spec import NU
from temperance.theory.orders.linear_means import is_linear
from temperance.theory.settings.truth import Setting

_SPLIT = 0.5  # of the offsets of a start, times n^(-1/(4m)): n^(-1/8) for one or two atoms


@dataclass(frozen=True, eq=False)
class GeneralStudy:
    """Everything that determines the outcome of a study.

    name: what reports call it. family: the truth, with cells that `GeneralMixture` fits. orders: parameter -> q, where
    it is not flat. sizes, replicates, seed: of the samples. starts: `GeneralMixture.split` at every n (they use the
    truth); the estimate at the n before is one more.
    """

    name: str
    family: Family
    orders: Mapping[str, float]
    sizes: tuple[int, ...]
    replicates: int
    starts: int
    seed: int

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
            **({"modulo_sign": list(signs)} if (signs := self.family.signs) else {}),
        }


@dataclass(frozen=True, eq=False)
class GeneralResult:
    """Errors of each group (R, N), and the status and number of agreeing climbs of each fit (R, N)."""

    study: GeneralStudy
    errors: Mapping[str, Array]
    status: list[list[str]]
    agree: list[list[int]]


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
    mixture, made = GeneralMixture(study.family), family_experiment(study.family, n=study.sizes[-1])
    return _result(study, lambda replicate: _replicate(study, mixture, made, replicate), progress)


def run_regression(study: GeneralStudy, progress: Callable[[int], None] = lambda _: None) -> GeneralResult:
    """The same of least squares: at fixed nodes of x, with Gaussian noise around the regression function."""
    mixture = RegressionMixture(study.family)
    return _result(study, lambda replicate: _by_least_squares(study, mixture, replicate), progress)


def _result(
    study: GeneralStudy, fits: Callable[[int], list[GeneralFit]], progress: Callable[[int], None]
) -> GeneralResult:
    """The errors of the fits of all replicates."""
    rows = []
    for replicate in range(study.replicates):
        rows.append(fits(replicate))
        progress(replicate + 1)
    errors = [[group_errors(study.family, fit.vector, study.orders) for fit in row] for row in rows]
    return GeneralResult(
        study,
        {name: np.array([[e[name] for e in row] for row in errors]) for name in errors[0][0]},
        [[fit.status for fit in row] for row in rows],
        [[fit.agree for fit in row] for row in rows],
    )


def _replicate(study: GeneralStudy, mixture: GeneralMixture, made: Experiment, replicate: int) -> list[GeneralFit]:
    found: list[GeneralFit] = []
    before: list[Array] = []
    drawn = samples(made, study.sizes, seed=study.seed, replicate=replicate)
    for points, starts in zip(drawn, _starts(study, mixture, replicate), strict=True):
        fit, u = mixture.fitted(points, [*before, *starts])
        before = [u]
        found.append(fit)
    return found


def _starts(study: GeneralStudy, mixture: GeneralMixture, replicate: int) -> Iterator[list[Array]]:
    """The starts at every n."""
    choices = np.random.default_rng([study.seed, replicate, len(study.sizes)])  # the streams before are of the data
    for n in study.sizes:
        size = _SPLIT * n ** (-1 / (4 * max(study.family.m, 2)))
        yield [mixture.split(choices, size) for _ in range(study.starts)]


def _by_least_squares(study: GeneralStudy, mixture: RegressionMixture, replicate: int) -> list[GeneralFit]:
    found: list[GeneralFit] = []
    before: list[Array] = []
    for j, starts in enumerate(_starts(study, mixture, replicate)):
        n = study.sizes[j]
        means = mixture.means(n, np.random.default_rng([study.seed, replicate, j]))
        fit, u = mixture.fitted(means, [*before, *starts])  # type: ignore[arg-type] # means in place of points
        before = [u]
        found.append(fit)
    return found


def group_errors(family: Family, vector: Array, orders: Mapping[str, float]) -> dict[str, float]:
    """The error of every parameter of the first cell, of its weighted means, and of the shared parameters."""
    vector = _nearest_image(family, vector)
    weights = np.exp([vector[family.index(l, "weight")] for l in range(family.m)])
    shares = weights / weights.sum()
    found = {}
    for name, q in orders.items():
        if name not in family.names:
            found[name] = float(abs(vector[family.shared_index(name)] - family.center[family.shared_index(name)]))
            continue
        at = [family.index(l, name) for l in range(family.m)]
        d = vector[at] - family.center[at]
        found[name] = float((shares @ np.abs(d) ** q) ** (1 / q))
        if family.m > 1:
            found[f"mean {name}"] = float(abs(shares @ d))
    return found


def _nearest_image(family: Family, vector: Array) -> Array:
    """The vector with beta1 or -beta1 for every atom of the first cell, whichever is nearer to the truth."""
    found = vector.copy()
    for l in range(family.m if family.signs else 0):
        at = [family.index(l, name) for name in family.signs]
        here, true = vector[at], family.center[at]
        found[at] = min(here, -here, key=lambda v: float(((v - true) ** 2).sum()))
    return found
