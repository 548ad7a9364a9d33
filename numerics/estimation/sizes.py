"""Fits one to K experts, upwards from fresh starts and downwards from merges, and holds every fit against the others.

Example: ``sizes(x, y, 5, gate="softmax").range`` is the number of experts by BIC and that by the singular BIC.

`marginals` computes the singular BIC of nested models (Drton and Plummer, JRSS B 79, 2017) from their learning
coefficients.

Example: ``marginals([-100.0], [[(2.0, 1)]], 50)`` is -100 - 2 log 50: one model alone is charged as by BIC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.merge import (
    Cells,
    FittedMixture,
    Lines,
    Merger,
    count_lines,
    design_of,
    path,
    projected,
)
from temperance.numerics.estimation.residuals import light_and_broad
from temperance.numerics.estimation.result import FitResult, least_of
from temperance.numerics.fitting.fits import require_points
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.theory.coefficients.bounds import Coefficient, coefficient
from temperance.theory.models.spec import MOST_DERIVED


def marginals(levels: Sequence[float], charges: Sequence[Sequence[tuple[float, int]]], n: float) -> Floats:
    """Approximate log marginal likelihoods of models 0, 1, .., each of which contains those before it.

    levels: their maximal log-likelihoods. charges[k][j]: the learning coefficient and its multiplicity of model k at
    densities of model j <= k. With L_kj = l_k - lambda_kj log n + (m_kj - 1) log log n and equal prior weights, x_k is
    the positive root of x^2 + b x - c, b = sum_(j<k) x_j - exp(L_kk), c = sum_(j<k) exp(L_kj) x_j. All exponentials are
    relative to the largest.
    """
    log_n = np.log(n)
    evidence = np.empty(len(levels))
    for k, level in enumerate(levels):
        logs = np.array([level - lam * log_n + (m - 1) * np.log(log_n) for lam, m in charges[k]])
        largest = max(logs.max(), evidence[:k].max(initial=-np.inf))
        at, before = np.exp(logs - largest), np.exp(evidence[:k] - largest)
        b, c = float(before.sum() - at[-1]), float(at[:-1] @ before)
        root = np.sqrt(b * b + 4 * c)
        evidence[k] = largest + np.log((root - b) / 2 if b < 0 else 2 * c / (b + root))
    return evidence


RESOLUTIONS = (0.1, 0.05, 0.02)
"""Dissimilarities, in log-likelihood an observation, at which experts are counted."""
_STARTS = 3
_FLOOR = 0.3  # of the least variance of the fit that BIC takes: more experts than that have none below it


@dataclass(frozen=True, eq=False)
class Sizes:
    """Fits of 1, .., K experts.

    fits: the highest found. mergers: from the K experts downwards, K - 1 of them. charges: [k - 1][j - 1], learning
    coefficients; None where none is known, and silence says why. Of the fit that BIC takes, misfit: an expert whose
    residuals are not Gaussian, if the test rejects; outlying: experts that hold few points and are far broader; lines:
    how many its experts have, whatever the shape of their noise. planned: the most experts that there were to be, where
    Ctrl-C came before all searches were made; else None.
    """

    fits: tuple[FitResult, ...]
    mergers: tuple[Merger, ...]
    charges: tuple[tuple[Coefficient, ...], ...] | None
    silence: str
    misfit: int | None = None
    outlying: tuple[int, ...] = ()
    lines: Lines | None = None
    planned: int | None = None

    @property
    def missing(self) -> list[int]:
        """The numbers of experts that were not fitted, as Ctrl-C came before."""
        return list(range(len(self.fits) + 1, (self.planned or 0) + 1))

    @property
    def n(self) -> float:
        """Number of points."""
        return self.fits[0].points

    @cached_property
    def sbic(self) -> tuple[tuple[float | None, float] | None, ...]:
        """-2 log marginal likelihood by the singular BIC, for the lower and for the upper ends of the coefficients.

        None for the lower ends where a coefficient that it takes has no lower bound, or no multiplicity.
        """
        if self.charges is None:
            return (None,) * len(self.fits)
        at = [k for k, f in enumerate(self.fits) if f.fit.is_estimate]
        levels = [self.fits[k].log_likelihood for k in at]
        most = [[_most(self.charges[k][j]) for j in at if j <= k] for k in at]
        high = dict(zip(at, -2 * marginals(levels, most, self.n), strict=True))
        least = [[_least_charge(self.charges[k][j]) for j in at if j <= k] for k in at]
        charges = [[charge for charge in row if charge is not None] for row in least]
        count = next((i for i, row in enumerate(least) if None in row), len(at))  # of the sizes with lower ends
        low = dict(zip(at[:count], -2 * marginals(levels[:count], charges[:count], self.n), strict=True))
        ends = (
            (float(low[k]) if k in low else None, float(high[k])) if k in high else None for k in range(len(self.fits))
        )
        return tuple(ends)

    @cached_property
    def by_bic(self) -> int | None:
        """The number of experts with the least BIC; None where no fit is an estimate."""
        return least_of((f.bic, f.fitted) for f in self.fits)

    @cached_property
    def by_sbic(self) -> int | None:
        """The number of experts that the singular BIC takes, with the upper ends of the coefficients.

        It is consistent with these (theory 6.3.1). Lower ends are what could be proved, and often far too low.
        """
        return least_of((ends and ends[1], k) for k, ends in enumerate(self.sbic, 1))

    @property
    def range(self) -> tuple[int, int] | None:
        """From the least number that a criterion takes to the greatest."""
        choices = [k for k in (self.by_bic, self.by_sbic) if k is not None]
        return (min(choices), max(choices)) if choices else None

    @property
    def heights(self) -> tuple[float, ...]:
        """The dissimilarities of the merges, from the K experts downwards."""
        return tuple(m.height for m in self.mergers)

    @property
    def noise(self) -> float:
        """The dissimilarity below which a merge costs no more than noise would: what BIC charges for an expert.

        That is q log n/2n where an expert has q parameters, 5 with one column of x and linear experts.
        """
        fit = self.fits[-1].fit
        return (fit.size_of(3) - fit.size_of(2)) / 2 * math.log(self.n) / self.n

    def at_resolution(self, size: float) -> int:
        """How many experts are left when pairs merge until the next costs more than size, or than noise."""
        least = max(size, self.noise)
        return len(self.fits) - sum(1 for _ in takewhile(lambda height: height <= least, self.heights))

    def resolution(self, k: int) -> tuple[float, float | None] | None:
        """Between which resolutions there are k experts, noise aside; None where at none (a later merge costs less)."""
        most = len(self.fits)
        before = max(self.heights[: most - k], default=0.0)
        next_ = self.heights[most - k] if k > 1 else None
        return None if next_ is not None and next_ <= before else (before, next_)

    @property
    def grows(self) -> bool:
        """Whether there are more experts each time that the resolution is halved from .1, to .05 and to .025."""
        counts = [self.at_resolution(size) for size in (0.1, 0.05, 0.025)]
        return counts[0] < counts[1] < counts[2]

    @property
    def exhausted(self) -> bool:
        """Whether BIC takes the most experts, and more than there are at a resolution of .05."""
        return self.by_bic == len(self.fits) > self.at_resolution(0.05)

    @property
    def misspecified(self) -> bool:
        """Whether something speaks against the model: residuals, outliers, or experts that go on splitting."""
        return self.misfit is not None or bool(self.outlying) or self.grows or self.exhausted


def sizes(
    x: ArrayLike,
    y: ArrayLike,
    most: int,
    *,
    starts: int = _STARTS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
    **options: Any,
) -> Sizes:
    """Fits of one to `most` experts to x (n, d) or (n,), y (n,), the higher of two searches at each number.

    Upwards: fresh starts, and splits of the fit before. Downwards: the fit of the most experts and each best fit of one
    more, merged by conditional moments. An expert of tiny variance on a few points that lie on a line by chance raises
    every likelihood; so more experts than BIC takes have variances of at least 0.3 times the least of its fit, unless
    BIC falls again before it has risen twice. keep: Ctrl-C returns what was fitted, if that is two numbers or more.
    options: of the model and data, as `fit` takes them.

    Raises:
        ValueError: most below 2; a constant y; data or options that make no fit, such as fewer points than numbers.
    """
    if most < 2:
        raise ValueError(f"most must be at least 2, not {most}: with one expert there is nothing to choose")
    values = np.asarray(y, dtype=float)
    if values.size and np.nanmin(values) == np.nanmax(values):
        raise ValueError(f"y is {float(np.nanmin(values)):g} at every point: a constant has no experts to count")
    tell = progress or (lambda done, total: None)
    fits, planned = [fit(x, y, fitted=1, starts=starts, seed=seed, **options)], None
    for k in range(2, most + 1):
        try:
            require_points(fits[0].mixture.points, fits[0].fit.size_of(k), k)
        except ValueError as error:
            raise ValueError(f"{error}; accepted: {f'--most {k - 1}' if k > 2 else 'more points'}") from None
    try:
        _upwards(fits, most, starts, tell)
        _downwards(fits, tell)
    except KeyboardInterrupt:
        if not keep or len(fits) < 2:
            raise
        planned = most
    charges, silence = _charges(fits[-1].mixture, len(fits))
    result = Sizes(tuple(fits), _path(fits[-1]), charges, silence, planned=planned)
    if result.range is None or result.by_bic is None:
        return result
    chosen, larger = fits[result.by_bic - 1], fits[result.range[1] - 1].mixture
    outlying = light_and_broad(chosen.mixture.values, chosen.mixture.points)
    result = replace(result, misfit=chosen.misfit, outlying=outlying)
    return replace(result, lines=count_lines(chosen.mixture, larger, gaussian=not result.misspecified))


def _upwards(fits: list[FitResult], most: int, starts: int, tell: Callable[[int, int], None]) -> None:
    """Append to the fit of one expert those of two to most, from fresh starts and splits of the fit before."""
    closed, again = False, partial(fits[0].mixture.fitted_again, starts=starts)
    for k in range(2, most + 1):
        tell(k - 1, 2 * most)
        below = [f.mixture.values for f in takewhile(lambda f: f.fit.is_estimate, fits[:-3:-1])]
        (count, floor), closed = _floor(fits), closed or _rising([f.bic for f in fits])
        larger = again(k, least=floor if k > count + 1 else 0.0, fewer=below)
        rises = least_of((f.bic, f.fitted) for f in (*fits, larger)) != k
        if k > count + 1 and not rises and not closed:
            larger = again(k, fewer=below)
        elif k == count + 1 and rises and larger.mixture.values.nu.min() < floor:
            larger = again(k, least=floor, fewer=below)
        fits.append(larger)


def _downwards(fits: list[FitResult], tell: Callable[[int, int], None]) -> None:
    """Put in the place of a fit a higher one from merges of the largest, or of that of one expert more."""
    (_, floor), most, steps = _floor(fits), len(fits), dict[int, tuple[Merger, ...]]()
    for k in range(most, 0, -1):
        above = {f.fitted: f for f in (fits[-1], *fits[k : k + 1]) if f.fitted > k and f.fit.is_estimate}
        down = [_refit(f.mixture, steps[j][j - k - 1].after, floor) for j, f in above.items()]
        fits[k - 1] = _higher([fits[k - 1], *down])
        steps[k] = _path(fits[k - 1])
        tell(2 * most - k + 1, 2 * most)


def _path(fit: FitResult) -> tuple[Merger, ...]:
    """The merges of a fit to one expert."""
    return path(fit.mixture.values, *design_of(fit.mixture.points))


@dataclass(frozen=True)
class LikelihoodRatio:
    """The test of k experts against one more: statistic, twice the gain of log-likelihood; p, of so many draws.

    planned: how many draws there were to be, where Ctrl-C came before; else None.
    """

    experts: int
    statistic: float
    draws: int
    p: float
    planned: int | None = None


def likelihood_ratio(
    result: Sizes,
    draws: int,
    *,
    starts: int = _STARTS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
    **options: Any,
) -> LikelihoodRatio | None:
    """The parametric bootstrap of the likelihood ratio of k experts, which BIC takes, against k + 1.

    Each draw is y of the fit of k at the same x, to which both sizes are fitted; p = (1 + b)/(1 + draws), b: the draws
    whose ratio is as large. keep: Ctrl-C returns that of the draws so far. options: of `fit`. None where BIC takes
    none, or the most experts. Raises ValueError for draws below 1 and weighted points.
    """
    k = result.by_bic
    if draws < 1:
        raise ValueError(f"bootstrap must be at least 1, not {draws}")
    if k is None or k == len(result.fits):
        return None
    chosen, points = result.fits[k - 1], result.fits[k - 1].mixture.points
    if points.weighted:
        raise ValueError("bootstrap takes points that were each seen once, without weights")
    statistic = 2 * (result.fits[k].log_likelihood - chosen.log_likelihood)
    ratios: list[float] = []
    try:
        for b in range(draws):
            y = chosen.simulate(np.random.default_rng([seed, b]))
            small, large = (fit(points.x, y, fitted=size, starts=starts, seed=seed, **options) for size in (k, k + 1))
            ratios.append(2 * (large.log_likelihood - small.log_likelihood))
            if progress is not None:
                progress(b + 1, draws)
    except KeyboardInterrupt:
        if not keep:
            raise
    count, above = len(ratios), sum(ratio >= statistic for ratio in ratios)
    return LikelihoodRatio(k, statistic, count, (1 + above) / (1 + count), draws if count < draws else None)


def _refit(larger: FittedMixture, cells: Cells, floor: float) -> FitResult:
    _, mixture, *_ = projected(larger.values, larger.held, *design_of(larger.points, np.inf), cells)
    smaller: FitResult = larger.fitted_again(mixture.k, mixture, least=floor)
    return smaller


def _floor(fits: Sequence[FitResult]) -> tuple[int, float]:
    """The number of experts that BIC takes, and the least variance of larger fits."""
    count = least_of((f.bic, f.fitted) for f in fits) or 1
    return count, _FLOOR * float(fits[count - 1].mixture.values.nu.min())


def _rising(bic: Sequence[float | None]) -> bool:
    """Whether BIC has risen twice in a row, or there was none."""
    ends = [np.inf if value is None else value for value in bic[-3:]]
    return len(ends) == 3 and ends[0] < ends[1] <= ends[2]


def _higher(fits: list[FitResult]) -> FitResult:
    """The highest of some fits that are estimates, the first of equal ones; the first where none is."""
    estimates = [f for f in fits if f.fit.is_estimate] or fits[:1]
    most = max(f.log_likelihood for f in estimates)
    return next(f for f in estimates if f.log_likelihood >= most - AGREE)


def _charges(fitted: FittedMixture, most: int) -> tuple[tuple[tuple[Coefficient, ...], ...] | None, str]:
    """The learning coefficients of all pairs of sizes, or why some has no bound."""
    if fitted.points.x.shape[1] > MOST_DERIVED:
        return None, f"learning coefficients are computed for at most {MOST_DERIVED} columns of x"
    spec = fitted.model()
    free = spec.gate.activation is not None and not fitted.held.apart
    rows = []
    for k in range(1, most + 1):
        try:
            rows.append(tuple(coefficient(spec, j, k, gauge="free" if free else "anchored") for j in range(1, k + 1)))
        except ValueError as error:
            return None, str(error)
        for charge in rows[-1]:
            if charge.upper is None:
                return None, charge.reason.text
    return tuple(rows), ""


def _most(charge: Coefficient) -> tuple[float, int]:
    """The most that a coefficient charges: its upper bound, with the least multiplicity, which is 1 where none is."""
    assert charge.upper is not None
    return float(charge.upper), 1 if charge.multiplicity is None else charge.multiplicity[0]


def _least_charge(charge: Coefficient) -> tuple[float, int] | None:
    """The least that it charges: its lower bound, with the greatest multiplicity; None where one is not known."""
    if charge.lower is None or charge.multiplicity is None:
        return None
    return float(charge.lower), charge.multiplicity[1]
