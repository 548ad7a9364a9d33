"""Estimates slopes of log error on log n, and tests statements about errors (theory 9.2).

Slopes have jackknife standard errors and 95% intervals. A p-value is that of the hypothesis that a statement is true,
so that a small one speaks against it: an exponent by slopes, a variance by the information. The power is the
probability to reject, at the level that is given, where the truth deviates by as much as matters: as planned, from the
sizes and replicates alone, and as reached, at the precision that the errors have.

Example: ``log_slope(errors, n).value`` is about -0.5 for errors of the order n^(-1/2).
Example: ``slope_test(errors, n, 0.5, exact=True, level=2e-5).p``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr, chdtrc, chdtri, stdtr, stdtrit

from temperance.numerics.mixture.activation_numpy import Floats

Interval = tuple[float, float] | None

FEWEST_REPLICATES = 10
LARGEST_DROPPED = 0.05
_COVERED = 0.95
_ZERO_ERROR = 1e-12  # relative standard errors that are rounding


@dataclass(frozen=True)
class Slope:
    """Least-squares slope of the log of the RMS error on log n, with its jackknife standard error.

    interval: 95%, by Student's t of `freedom` degrees: half as many as the fewest errors at an n. It is infinite where
    a single replicate has all errors at some n. median: the slope of the log of the median |error|; None where a median
    is 0.
    """

    value: float
    error: float
    freedom: float
    median: float | None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        half = _half_interval(self.error, self.freedom)
        return self.value - half, self.value + half


def _half_interval(error: float, freedom: float) -> float:
    return float(stdtrit(freedom, (1 + _COVERED) / 2)) * error


def slope_contrast(n: Floats) -> Floats:
    """The vector c with c . L the least-squares slope of L on log n."""
    u = np.log(n) - np.log(n).mean()
    return np.asarray(u / (u @ u))


def jackknife(errors: Floats, contrast: Floats) -> tuple[float, float]:
    """contrast . log of the RMS of errors (R, N), and its standard error.

    Each replicate is left out in turn, at all n. The standard error is infinite where one has all errors at some n.
    """
    squares, valid = np.abs(np.nan_to_num(errors)) ** 2.0, ~np.isnan(errors)
    total, count = squares.sum(axis=0), valid.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.log(total / count) @ contrast / 2.0)
        without = np.log((total - squares) / (count - valid)) @ contrast / 2.0
    if not np.isfinite(without).all():
        return value, np.inf
    error = np.sqrt(((without - without.mean()) ** 2).sum() * (len(errors) - 1) / len(errors))
    return value, max(float(error), _ZERO_ERROR * (1 + abs(value)))


def log_slope(errors: ArrayLike, n: ArrayLike) -> Slope:
    """Slope over n of the log of the RMS error over replicates.

    errors, shape (R, N), nan where a fit was dropped; n, shape (N,). Whole replicates are left out, so that samples may
    be nested across n. Raises ValueError for fewer than ten replicates or two sizes, for infinite errors, sizes
    that are not positive or all equal, and where every error at a size is zero or missing.
    """
    errors, n = np.asarray(errors, dtype=float), np.asarray(n, dtype=float)
    if errors.ndim != 2 or errors.shape[1:] != n.shape or len(n) < 2:
        raise ValueError(f"errors must have shape (replicates, {len(n)}) with at least two sizes, not {errors.shape}")
    if not 0 < n.min() < n.max() < np.inf:
        raise ValueError(f"sizes must be positive and not all equal, not {n.tolist()}")
    if len(errors) < FEWEST_REPLICATES:
        raise ValueError(f"at least {FEWEST_REPLICATES} replicates are needed for an interval, not {len(errors)}")
    if np.isinf(errors).any():
        raise ValueError("errors must be finite, or nan where they are missing")
    if not (np.nansum(np.abs(errors), axis=0) > 0).all():
        raise ValueError("at some size every error is zero or missing: its logarithm has no slope")
    contrast = slope_contrast(n)
    medians = np.nanmedian(np.abs(errors), axis=0)
    median = float(np.log(medians) @ contrast) if (medians > 0).all() else None
    fewest = int((~np.isnan(errors)).sum(axis=0).min())
    return Slope(*jackknife(errors, contrast), fewest / 2, median)


def rms_intervals(errors: ArrayLike) -> list[Interval]:
    """The 95% interval of the RMS error at every size, from errors (R, N) with nan where a fit was dropped.

    By the jackknife of `log_slope`, of log RMS. None where fewer than ten replicates have an error, every error is 0,
    or one replicate has all errors.
    """
    errors = np.asarray(errors, dtype=float)
    intervals: list[Interval] = []
    for good, column in zip(enough(errors), errors.T, strict=True):
        intervals.append(None)
        if good:
            valid = column[~np.isnan(column)]
            log, error = jackknife(valid[:, None], np.ones(1))
            if np.isfinite(error):
                half = _half_interval(error, len(valid) / 2)
                intervals[-1] = (float(np.exp(log - half)), float(np.exp(log + half)))
    return intervals


def enough(errors: Floats) -> NDArray[np.bool_]:
    """Whether errors (R, N) have an RMS with an interval at each size: ten at least, not all 0, none too large."""
    with np.errstate(over="ignore", under="ignore"):
        totals = np.nansum(errors**2, axis=0)
    return ((~np.isnan(errors)).sum(axis=0) >= FEWEST_REPLICATES) & (totals > 0) & (totals < np.inf)


def is_sharp(value: float, interval: tuple[float, float], predicted: float) -> bool:
    """Whether a slope is about -predicted: that lies in its interval, or within min(0.1, predicted/3) of it."""
    low, high = interval
    return low <= -predicted <= high or abs(value + predicted) <= min(0.1, predicted / 3)


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


def slope_test(errors: ArrayLike, n: ArrayLike, exponent: float, *, exact: bool, level: float) -> Hypothesis:
    """Whether the RMS of errors (R, N), nan where a fit was dropped, falls over n as stated.

    exact: the hypothesis is RMS = C n^-exponent at these n, and both sides speak against it. Else it is a bound, RMS <=
    C (log n/n)^exponent at these n, and only a slower fall does. The statistic is the slope of log RMS on log n less
    that of the hypothesis, over its jackknife standard error by replicates; Student's t of half as many degrees of
    freedom as the fewest fits at an n keeps the level down to 1e-5 for normal errors and for those of boundary optima
    (simulated in tests; the usual R - 1 does not).
    """
    sizes, errors = np.asarray(n, dtype=float), np.asarray(errors, dtype=float)
    line, gap = slope_contrast(sizes), min(DEVIATION, exponent / 2)
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
