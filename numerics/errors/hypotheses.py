"""Tests statements about errors: exponents by slopes, and variances by the information (theory 9.2).

A p-value is that of the hypothesis that the statement is true, so that a small one speaks against it. The power is the
probability to reject, at the level that is given, where the truth deviates by as much as matters: as planned, from the
sizes and replicates alone, and as reached, at the precision that the errors have.

Example: ``slope_test(errors, n, 0.5, exact=True, level=2e-5).p``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtr, chdtrc, chdtri, stdtr, stdtrit

from temperance.numerics.errors.slopes import enough, log_slope, slope_contrast
from temperance.numerics.mixture.activation_numpy import Floats

DEVIATION = 0.125  # of an exponent, that a test should find; half of the exponent where that is less
VARIANCE = 0.2  # of a variance, either way


@dataclass(frozen=True)
class Hypothesis:
    """A hypothesis, which is that the statement holds; its p-value, and the power against deviation.

    planned: the power from the design alone, for normal errors. p: None where the errors do not allow a test.
    """

    null: str
    deviation: str
    planned: float
    p: float | None = None
    power: float = 0.0


def holm(p: Sequence[float], level: float, count: int) -> list[bool]:
    """Which hypotheses Holm's method rejects: the probability to reject any true one is at most the level.

    count: how many hypotheses the family has; those that are not among p count as not rejected, as if their p were 1.
    """
    rejected, order = [False] * len(p), sorted(range(len(p)), key=p.__getitem__)
    for before, i in enumerate(order):
        if p[i] > level / (max(count, len(p)) - before):
            break
        rejected[i] = True
    return rejected


def correlations(n: Floats) -> Floats:
    """Of squared errors at nested sizes: normal errors have the correlations sqrt(n_i/n_j)."""
    return np.minimum.outer(n, n) / np.maximum.outer(n, n)


def deviation_of(exponent: float) -> float:
    """By how much a smaller exponent should be found."""
    return min(DEVIATION, exponent / 2)


def slope_test(errors: ArrayLike, n: ArrayLike, exponent: float, *, exact: bool, level: float) -> Hypothesis:
    """Whether the RMS of errors (R, N), nan where a fit was dropped, falls over n as stated.

    exact: the hypothesis is RMS = C n^-exponent at these n, and both sides speak against it. Else it is a bound, RMS <=
    C (log n/n)^exponent at these n, and only a slower fall does. The statistic is the slope of log RMS on log n less
    that of the hypothesis, over its jackknife standard error by replicates; Student's t of half as many degrees of
    freedom as the fewest fits at an n keeps the level down to 1e-5 for normal errors and for those of boundary optima
    (simulated in tests; the usual R - 1 does not).
    """
    sizes, errors = np.asarray(n, dtype=float), np.asarray(errors, dtype=float)
    line, gap = slope_contrast(sizes), deviation_of(exponent)
    allowed = 0.0 if exact else exponent * float(line @ np.log(np.log(sizes)))
    rate = f"n^(-{exponent:.4g})" if exact else f"(log n/n)^{exponent:.4g} or faster"
    planned = math.sqrt(line @ correlations(sizes) @ line / (2 * len(errors)))

    def power(error: float, freedom: float) -> float:
        critical = -stdtrit(freedom, level / 2 if exact else level)
        return float(stdtr(freedom, (gap - allowed) / error - critical))

    plan = (f"the RMS error falls as {rate}", f"an exponent smaller by {gap:.4g}", power(planned, len(errors) / 2))
    slope = log_slope(errors, sizes) if enough(errors).all() else None
    if slope is None or not math.isfinite(slope.error):
        return Hypothesis(*plan)
    t = (slope.value + exponent - allowed) / slope.error
    p = 2 * stdtr(slope.freedom, -abs(t)) if exact else stdtr(slope.freedom, -t)
    return Hypothesis(*plan, float(p), power(slope.error, slope.freedom))


def variance_test(
    ratios: Floats, n: ArrayLike, *, level: float, replicates: int, floor: bool = False, numbers: int = 1
) -> Hypothesis:
    """Whether squared errors have the mean that is stated: ratios (R, N) of the squares to it have the mean 1.

    The errors are asymptotically normal, so that the mean of all ratios is chi-squared over its degrees of freedom: R
    N^2 over the sum of the correlations, times the numbers that one error is of. floor: the hypothesis is that the mean
    is at least 1. replicates: planned ones.
    """
    shared = len(np.asarray(n)) ** 2 / correlations(np.asarray(n, dtype=float)).sum() * numbers

    def power(replicates: int) -> float:
        freedom = replicates * shared
        lowest = chdtri(freedom, 1 - (level if floor else level / 2))
        below = chdtr(freedom, lowest / (1 - VARIANCE))
        return float(below if floor else min(below, chdtrc(freedom, chdtri(freedom, level / 2) / (1 + VARIANCE))))

    null = f"the mean squared error is {'at least ' if floor else ''}that of the information"
    plan = (null, f"a variance {'smaller' if floor else 'smaller or larger'} by {VARIANCE:.0%}", power(replicates))
    if not len(ratios):
        return Hypothesis(*plan)
    freedom = len(ratios) * shared
    low, high = (float(tail(freedom, freedom * ratios.mean())) for tail in (chdtr, chdtrc))
    return Hypothesis(*plan, low if floor else 2 * min(low, high, 0.5), power(len(ratios)))
