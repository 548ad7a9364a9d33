"""Maximises a smooth function in a box: damped Newton with the exact Hessian and a projected active set.

Steps are those of `steps`. At a stationary point with negative curvature the search goes on along it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dsyevd

from temperance.numerics.fitting.charts import NO_FRAME, NO_PAIR, Chart, Frame
from temperance.numerics.fitting.steps import CHOOSE, SMALLEST_DIAGONAL, cap, compiled_step, step, told
from temperance.numerics.mixture.activation_numpy import Floats

Bools = NDArray[np.bool_]

GRADIENT = CURVATURE = 1e-6  # see `Stop`
SETTLED = 1e-12  # of a mean log-likelihood: at n points, sqrt(2e-12 n) standard errors
_NOISE = 1e-13  # relative rounding error of the value
_ROUNDING = 1e-10  # scaled curvatures below this are rounding
FLAT = 1e-8  # scaled curvatures that count as zero
_DOUBTFUL = 100.0  # curvatures below so many scaled gradients may be zero
_FIRST_DAMPING = 1e-6  # relative to curvature: starts are often close
_LEAST_AFTER_FAILURE = 1e-3


class Local(NamedTuple):
    """Value, gradient (p,) and hessian (p, p) of the function at a point."""

    value: float
    gradient: Floats
    hessian: Floats


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the search ended; passes counts the evaluations, stationary is the test of `Stop`."""

    theta: Floats
    local: Local
    passes: int
    gradient_norm: float
    stationary: bool


@dataclass(frozen=True)
class Stop:
    """When a search ends.

    gradient, curvature: a point is stationary if its projected gradient is at most gradient, and no eigenvalue of the
    scaled Hessian of -f is below -curvature. settled: predicted gains up to this are not worth another pass. damping:
    short of a maximum a search ends once the damping that its failed steps ask for exceeds this. valleys: whether it
    follows curved valleys to their top: with a second step from where one failed before it is taken back, and until no
    damped step promises a gain that is worth a pass. pairs: whether it steps in the chart of two atoms that are near
    each other, as they are where there are more atoms than needed.
    """

    gradient: float = GRADIENT
    curvature: float = CURVATURE
    settled: float = SETTLED
    damping: float = 1e14
    valleys: bool = False
    pairs: bool = False

    @staticmethod
    def in_sample_units(n: float) -> Stop:
        """For a mean log-likelihood over n points whose rounding errors stay small: see numerics.lattice.

        A gain of 1e-3 in the log-likelihood of all points is not worth a pass, and gradient and curvature are measured
        on the scale n^(-1/2) of their noise. Raises ValueError unless n is at least 1.
        """
        if not 1 <= n < math.inf:
            raise ValueError(f"the number of points must be at least 1, not {n}")
        return Stop(
            gradient=1e-3 / math.sqrt(n), curvature=1e-2 / math.sqrt(n), settled=1e-3 / n, valleys=True, pairs=True
        )


EXACT = Stop()


def inactive(theta: Floats, gradient: Floats, lower: Floats, upper: Floats) -> Bools:
    """Coordinates not held at a bound by the gradient."""
    return ~(((theta <= lower) & (gradient < 0)) | ((theta >= upper) & (gradient > 0)))


def scaled_spectrum(information: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale d = sqrt|diag|, eigenvalues and eigenvectors of information / (d d^T)."""
    scale = np.sqrt(np.maximum(np.abs(information.diagonal()), SMALLEST_DIAGONAL))
    if not scale.size:
        return scale, scale, information
    # a quarter of the time of numpy's at this size
    values, vectors, failed = dsyevd(information / (scale[:, None] * scale))
    if failed:
        raise FloatingPointError("the eigenvalues of the Hessian were not found")
    return scale, values, vectors


def _norm(vector: Floats) -> float:
    return math.sqrt(float(vector @ vector))


class _Search:
    """State of one search."""

    def __init__(
        self,
        f: Callable[[Floats], Local],
        theta: Floats,
        box: tuple[Floats, Floats],
        frame: Frame | None,
        stop: Stop,
        compiled: bool,
    ) -> None:
        self.f, self.stop, (self.lower, self.upper) = f, stop, np.array(box)
        self.step = compiled_step() if compiled else step
        self.frame, self.charted = (NO_FRAME, False) if frame is None else (frame, stop.pairs)
        self.passes, self.damping, self.gain, self.failed = 0, _FIRST_DAMPING, math.inf, 0
        start = np.clip(theta, self.lower, self.upper)
        self._move(start, *self._evaluate(start))

    def _evaluate(self, theta: Floats) -> tuple[Local, Bools, float]:
        """The function at theta, the coordinates that are free there, and the norm of the projected gradient."""
        local = self.f(theta)
        self.passes += 1
        if not math.isfinite(local.value + local.gradient.sum() + local.hessian.sum()):
            return Local(-math.inf, local.gradient, local.hessian), np.ones(len(theta), dtype=bool), math.inf
        free = inactive(theta, local.gradient, self.lower, self.upper)
        return local, free, _norm(local.gradient[free])

    def _move(self, theta: Floats, local: Local, free: Bools, norm: float) -> None:
        self.theta, self.local, self.free, self.norm = theta, local, free, norm
        self._spectrum: tuple[Floats, Floats, Floats] | None = None

    @property
    def spectrum(self) -> tuple[Floats, Floats, Floats]:
        """`scaled_spectrum` of -hessian on the free coordinates that the derivatives tell anything of."""
        if self._spectrum is None:
            self.told = told(self.local.gradient, self.local.hessian, self.free)
            self._spectrum = scaled_spectrum(-self.local.hessian[np.ix_(self.told, self.told)])
        return self._spectrum

    @property
    def level(self) -> bool:
        """Whether the gradient is small."""
        return self.norm <= self.stop.gradient

    @property
    def saddle(self) -> bool:
        """Whether there is negative curvature beyond the tolerance."""
        values = self.spectrum[1]
        return bool(values.size) and float(values[0]) < -self.stop.curvature

    @property
    def settled(self) -> bool:
        """Whether another step is not worth its pass: in value, or to tell a flat direction from a curved one.

        Along an exact orbit of parameters the curvature is not 0 but of the size of the gradient.
        """
        if not self.level:
            return False
        scale, values, vectors = self.spectrum
        slope, curvature = vectors.T @ (self.local.gradient[self.told] / scale), np.abs(values)
        if float(slope**2 @ (1.0 / (curvature + _ROUNDING))) > 2 * self.stop.settled:
            return False
        return not ((curvature > FLAT) & (curvature < _DOUBTFUL * _norm(slope))).any()

    @property
    def rising(self) -> bool:
        """Whether a failed step with more damping still promises what is worth a pass, and is to be tried."""
        return self.stop.valleys and not self.settled and self.gain > self.stop.settled

    def try_step(self, theta: Floats, predicted: float) -> bool:
        """Move to theta if the function does not fall; adapt the damping."""
        local, free, norm = self._evaluate(theta)
        self.trial = local, free
        gain, noise = local.value - self.local.value, _NOISE * abs(self.local.value)
        accepted = local.value > -math.inf and (gain > noise or (gain >= -noise and norm < self.norm))
        if not accepted:
            self.damping = max(8.0 * self.damping, _LEAST_AFTER_FAILURE)
        elif gain < 0.1 * predicted - noise:
            self.damping *= 8.0
        elif gain > 0.5 * predicted - noise:
            self.damping = max(self.damping / 8.0, 1e-14)
        if accepted:
            self._move(theta, local, free, norm)
        return accepted

    def newton_step(self) -> bool:
        """One damped step, in a chart where there is one; if it fails, perhaps a second one from there.

        A step that failed often only left a curved valley, to which the second one returns.
        """
        damping = self.damping
        theta, self.gain, kind, chart = self._proposed(self.theta, self.local, self.free, damping)
        taken = self.try_step(theta, self.gain)
        if not taken and self.stop.valleys and self.trial[0].value > -math.inf:
            further, gain, *_ = self._proposed(theta, *self.trial, damping, kind, chart)
            if gain >= 0:
                raised, self.damping = self.damping, damping
                taken = self.try_step(further, self.gain)
                self.damping = self.damping if taken else raised
        self.failed = 0 if taken else self.failed + 1
        return taken

    def _proposed(
        self, theta: Floats, local: Local, free: Bools, damping: float, kind: int = CHOOSE, chart: Chart = NO_PAIR
    ) -> tuple[Floats, float, int, Chart]:
        """Where the damped step from theta ends, what the model gains by it, and the chart it is made in."""
        derivatives, bounds = (local.gradient, local.hessian, free), (self.lower, self.upper)
        end = np.empty_like(theta)
        gain, kind, pair = self.step(
            end, theta, *derivatives, *bounds, self.frame, self.failed, damping, self.charted, kind, chart
        )
        return end, gain, kind, Chart(*pair)

    def escape(self) -> bool:
        """Leave a saddle along the direction of most negative curvature, either way."""
        scale, _, vectors = self.spectrum
        along = np.zeros(len(self.theta))
        along[self.told] = vectors[:, 0] / scale
        for length in (0.5, 0.05, 0.005, 0.0005):
            move = length * along
            move *= cap(move, self.theta)
            for end in (self.theta + move, self.theta - move):
                if self.try_step(np.clip(end, self.lower, self.upper), 0.0):
                    return True
        return False


def maximise(
    f: Callable[[Floats], Local],
    theta: Floats,
    lower: Floats,
    upper: Floats,
    max_passes: int,
    frame: Frame | None = None,
    stop: Stop = EXACT,
    *,
    compiled: bool = True,
) -> Maximum:
    """A local maximum of f on lower <= theta <= upper, from theta.

    frame: of the mixture that theta describes, if steps are to be made in charts: in that of a near pair of atoms if
    `stop.pairs`, else in ratios to tau. compiled: whether steps are.
    f should be scaled so that `stop` makes sense (a mean over the data). Never raises for lack of convergence:
    `Maximum.stationary` says it. Points where f or a derivative is not finite are not entered; a start at one is where
    the search ends, with the value -inf.
    """
    with np.errstate(all="ignore"):
        search = _Search(f, theta, (lower, upper), frame, stop, compiled)
        return _ended(search, max_passes)


def _ended(search: _Search, max_passes: int) -> Maximum:
    """The search, climbed to its end."""
    stop = search.stop
    while search.passes < max_passes and search.local.value > -math.inf:
        if not search.settled and search.newton_step():
            continue
        if search.level and not search.rising and (not search.saddle or not search.escape()):
            break
        if not search.level and search.damping > stop.damping:
            break
    stationary = search.level and not search.saddle
    return Maximum(search.theta, search.local, search.passes, search.norm, stationary)
