"""Estimates slopes of log error on log n, with bootstrap intervals, and judges predicted rates (theory.md 4).

Example: ``judge(log_slope(errors, n, seed=1), predicted=0.5, dropped=0.0).outcome``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import Floats

Outcome = Literal["confirmed", "contradicted", "inconclusive"]
Interval = tuple[float, float] | None

FEWEST_REPLICATES = 10
WIDEST = 0.15
LARGEST_DROPPED = 0.05
CURVATURE_LEVEL = 0.99
_ZERO_ERROR = 1e-12  # relative standard errors that are rounding


@dataclass(frozen=True)
class Slope:
    """Least-squares slope of L(n) = log (mean |error|^q)^(1/q) on log n, with its interval.

    The interval is infinite where the bootstrap has none that holds the slope: few errors make most of a mean.
    curvature: the coefficient of (log n)^2 in the quadratic fit, with its interval; curved: it excludes 0.
    """

    value: float
    interval: tuple[float, float]
    curvature: float
    curvature_interval: tuple[float, float]
    replicates: int

    @property
    def width(self) -> float:
        """Width of the interval."""
        return self.interval[1] - self.interval[0]

    @property
    def curved(self) -> bool:
        """Whether log error is found not to be a line in log n."""
        low, high = self.curvature_interval
        return not low <= 0.0 <= high


@dataclass(frozen=True)
class Judgement:
    """Outcome of a predicted exponent p by theory.md 4; sharp: the slope also agrees with -p from below."""

    outcome: Outcome
    sharp: bool
    reason: str


def log_contrasts(n: Floats) -> Floats:
    """Rows c with c . L the slope of the straight line, and the leading coefficient of the parabola, in log n."""
    u = np.log(n) - np.log(n).mean()
    line = u / (u @ u)
    if len(n) < 3:
        return np.stack([line, np.zeros(len(n))])
    return np.stack([line, np.linalg.pinv(np.vander(u, 3))[0]])


def _estimates(powers: Floats, seen: Floats, counts: Floats, contrasts: Floats, q: float) -> tuple[Floats, Floats]:
    """Contrasts of L and their standard errors (delta method), each (B, 2), for B weightings of the replicates.

    powers = |error|^q (R, N), zero where missing; seen (R, N) is 1 where it is there; counts (B, R).
    """
    shown = counts @ seen
    means = (counts @ powers) / shown
    values = (np.log(means) / q) @ contrasts.T
    errors, weights = np.empty_like(values), np.ascontiguousarray(counts.T)
    for i, c in enumerate(contrasts):
        coefficients = c / (q * shown)
        influence = powers @ (coefficients / means).T  # (R, B), of which every further array costs a tenth of the time
        influence -= seen @ coefficients.T
        influence *= influence
        influence *= weights
        errors[:, i] = np.sqrt(influence.sum(axis=0))
    return values, errors


@lru_cache(maxsize=2)
def _resampled(replicates: int, resamples: int, seed: int) -> Floats:
    """How often each replicate is drawn, (resamples, replicates); shared by all slopes and errors of a study."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(replicates, np.full(replicates, 1 / replicates), size=resamples).astype(float)
    counts.setflags(write=False)
    return counts


def _interval(value: float, error: float, t: Floats, level: float) -> tuple[float, float]:
    """Studentised bootstrap interval; infinite if a resample has no finite value."""
    rounding = _ZERO_ERROR * (1 + abs(value))
    if error <= rounding:
        return (value - rounding, value + rounding)
    if not np.isfinite(t).all():
        return (-np.inf, np.inf)
    low, high = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
    return (float(value - high * error), float(value - low * error))


def log_slope(
    errors: ArrayLike,
    n: ArrayLike,
    *,
    seed: int,
    power: float = 2.0,
    resamples: int = 2000,
    level: float = 0.95,
    curvature_level: float = CURVATURE_LEVEL,
) -> Slope:
    """Slope over n of log (mean over replicates of |error|^power)^(1/power): power 2 is the RMS, power 1 the mean.

    errors, shape (R, N), nan where a fit was dropped; n, shape (N,). Whole replicates are resampled (resamples times,
    with seed), so that samples may be nested across n; intervals are studentised (percentile intervals cover about 90%
    at ten replicates). level, curvature_level: of the two intervals; several slopes that are judged together want a
    larger curvature_level, so that a bend in one of them is not found by chance. Raises ValueError for fewer than ten
    replicates or two sizes, for infinite errors, sizes or powers that are not positive, sizes that are all equal, and
    where every error at a size is zero or missing.
    """
    errors, n = np.asarray(errors, dtype=float), np.asarray(n, dtype=float)
    if errors.ndim != 2 or errors.shape[1:] != n.shape or len(n) < 2:
        raise ValueError(f"errors must have shape (replicates, {len(n)}) with at least two sizes, not {errors.shape}")
    if not (0 < n.min() < n.max() < np.inf and 0 < power < np.inf):
        raise ValueError(f"sizes must be positive and not all equal, power positive, not {n.tolist()}, {power}")
    (value, curvature), (error, curvature_error), t = _studentised(errors, log_contrasts(n), power, resamples, seed)
    interval = _interval(value, error, t[:, 0], level)
    if not interval[0] <= value <= interval[1]:
        interval = (-np.inf, np.inf)
    bend = _interval(curvature, curvature_error, t[:, 1], curvature_level)
    return Slope(value, interval, curvature, bend, len(errors))


def rms_intervals(errors: ArrayLike, *, seed: int, resamples: int = 2000) -> list[Interval]:
    """The 95% interval of the RMS error at every size, from errors (R, N) with nan where a fit was dropped.

    The studentised bootstrap of `log_slope`, of log RMS. None where fewer than ten replicates have an error, every
    error is 0, or a resample has no finite value.
    """
    errors = np.asarray(errors, dtype=float)
    found: list[Interval] = []
    for good, column in zip(enough(errors), errors.T, strict=True):
        found.append(None)
        if good:
            (log,), (deviation,), t = _studentised(column[:, None], np.ones((1, 1)), 2.0, resamples, seed)
            low, high = np.exp(_interval(log, deviation, t[:, 0], 0.95))
            found[-1] = (float(low), float(high)) if np.isfinite(high) else None
    return found


def enough(errors: Floats) -> NDArray[np.bool_]:
    """Whether errors (R, N) have an RMS with an interval at each size: ten at least, not all 0, none too large."""
    with np.errstate(over="ignore", under="ignore"):
        totals = np.nansum(errors**2, axis=0)
    return ((~np.isnan(errors)).sum(axis=0) >= FEWEST_REPLICATES) & (totals > 0) & (totals < np.inf)


def _studentised(
    errors: Floats, contrasts: Floats, power: float, resamples: int, seed: int
) -> tuple[list[float], list[float], Floats]:
    """Contrasts (C, N) of L, their standard errors, and the bootstrap's t statistics (resamples, C)."""
    replicates = len(errors)
    if replicates < FEWEST_REPLICATES:
        raise ValueError(f"at least {FEWEST_REPLICATES} replicates are needed for an interval, not {replicates}")
    if np.isinf(errors).any():
        raise ValueError("errors must be finite, or nan where they are missing")
    seen = (~np.isnan(errors)).astype(float)
    powers = np.abs(np.nan_to_num(errors)) ** power
    if not (powers.sum(axis=0) > 0).all():
        raise ValueError("at some size every error is zero or missing: its logarithm has no slope")
    counts = _resampled(replicates, resamples, seed)
    with one_blas_thread():
        values, deviations = _estimates(powers, seen, np.ones((1, replicates)), contrasts, power)
        with np.errstate(divide="ignore", invalid="ignore"):
            resampled, spreads = _estimates(powers, seen, counts, contrasts, power)
            t = (resampled - values) / spreads
    return values[0].tolist(), deviations[0].tolist(), t


def margin(predicted: float) -> float:
    """h of theory.md 4: by how much a slope may miss -predicted."""
    return min(0.1, predicted / 3)


def is_sharp(value: float, interval: tuple[float, float], predicted: float) -> bool:
    """Whether a slope agrees with -predicted from both sides (theory.md 4): it may not lie far below."""
    low, high = interval
    return low <= -predicted <= high or abs(value + predicted) <= margin(predicted)


def judge(slope: Slope, predicted: float, dropped: float, *, supported: bool = False) -> Judgement:
    """The outcome of the prediction error <= n^-predicted by theory.md 4.

    dropped: share of the fits left out (spikes and fits that ran out of steps). supported: a proof or a contact order
    stands behind the prediction, so that a slope alone does not contradict it.
    """
    limit, (low, high) = -predicted + margin(predicted), slope.interval
    if dropped > LARGEST_DROPPED:
        reason = f"{dropped:.1%} of the fits were dropped, more than {LARGEST_DROPPED:.0%}"
    elif not np.isfinite(slope.interval).all():
        reason = "the bootstrap has no interval that holds the slope"
    elif slope.curved:
        reason = "log error is curved in log n"
    elif high < limit and slope.width < WIDEST:
        sharp = is_sharp(slope.value, slope.interval, predicted)
        return Judgement("confirmed", sharp, f"the interval lies below {limit:.3f}")
    elif low > limit and not supported:
        return Judgement("contradicted", False, f"the interval lies above {limit:.3f}")
    elif high < limit:
        reason = f"the interval is {slope.width:.3f} wide, not below {WIDEST}"
    else:
        reason = f"the interval does not lie below {limit:.3f}"
    return Judgement("inconclusive", False, reason)
