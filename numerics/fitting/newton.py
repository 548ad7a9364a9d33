"""Maximises a smooth function in a box: damped Newton with the exact Hessian and a projected active set.

The step on the coordinates that are not held by a bound is, with H = -hessian scaled to unit |diagonal| and
H = V L V^T, V (|L| + damping)^-1 V^T gradient: Levenberg-Marquardt where H is positive, away from saddles elsewhere.
At a stationary point with negative curvature the search goes on along it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dsyevd

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GRADIENT = CURVATURE = 1e-6  # see `Stop`
SETTLED = 1e-12  # of a mean log-likelihood: at n points, sqrt(2e-12 n) standard errors
_HALVINGS = 10  # of a step in a chart that leaves the box
_LEAST_SHARE = 0.1  # of such a step that is worth making
_NOISE = 1e-13  # relative rounding error of the value
_SMALLEST_DIAGONAL = _SMALLEST_SLOPE = 1e-12  # both below: rounding, in a coordinate that the function ignores
_ROUNDING = 1e-10  # scaled curvatures below this are rounding
FLAT = 1e-8  # scaled curvatures that count as zero
_DOUBTFUL = 100.0  # curvatures below so many scaled gradients may be zero
_FIRST_DAMPING = 1e-6  # relative to curvature: starts are often close
_LEAST_AFTER_FAILURE = 1e-3


@dataclass(frozen=True, eq=False)
class Local:
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


@dataclass(frozen=True, eq=False)
class _Model:
    """The quadratic model on the free coordinates, diagonalised."""

    free: Bools
    scale: Floats
    values: Floats
    vectors: Floats
    slope: Floats  # the scaled gradient in the eigenbasis

    def lift(self, coefficients: Floats) -> Floats:
        step = np.zeros(len(self.free))
        step[self.free] = (self.vectors @ coefficients) / self.scale
        return step

    def damped(self, damping: float) -> tuple[Floats, float]:
        """The damped Newton step, and what the model gains by it."""
        coefficients = self.slope / (np.abs(self.values) + damping)
        return self.lift(coefficients), float(self.slope @ coefficients - 0.5 * self.values @ coefficients**2)


def inactive(theta: Floats, gradient: Floats, lower: Floats, upper: Floats) -> Bools:
    """Coordinates not held at a bound by the gradient."""
    return ~(((theta <= lower) & (gradient < 0)) | ((theta >= upper) & (gradient > 0)))


def scaled_spectrum(information: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale d = sqrt|diag|, eigenvalues and eigenvectors of information / (d d^T)."""
    scale = np.sqrt(np.maximum(np.abs(information.diagonal()), _SMALLEST_DIAGONAL))
    if not scale.size:
        return scale, scale, information
    values, vectors, failed = dsyevd(
        information / (scale[:, None] * scale)
    )  # a quarter of the time of numpy's at this size
    if failed:
        raise FloatingPointError("the eigenvalues of the Hessian were not found")
    return scale, values, vectors


def capped(step: Floats, theta: Floats) -> Floats:
    """The step, at most 2 + |theta|/2 long."""
    return step * min(1.0, (2.0 + 0.5 * _norm(theta)) / max(_norm(step), 1e-300))


def _norm(vector: Floats) -> float:
    return math.sqrt(float(vector @ vector))


class Chart(Protocol):
    """Other coordinates phi of theta, in which steps are made; `mixed`: indices of theta that phi does not keep."""

    @property
    def mixed(self) -> NDArray[np.intp]:
        """Indices."""

    def coordinates(self, theta: Floats) -> Floats:
        """Phi."""

    def theta(self, phi: Floats, lower: Floats, upper: Floats) -> Floats:
        """Theta, cut to the box."""

    def derivatives(self, theta: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
        """Gradient and Hessian in phi."""


Near = Callable[[Floats], Chart | None]


class _Search:
    """State of one search."""

    def __init__(
        self,
        f: Callable[[Floats], Local],
        theta: Floats,
        lower: Floats,
        upper: Floats,
        charts: tuple[Chart | None, Near | None],
        stop: Stop,
    ) -> None:
        self.f, self.lower, self.upper, self.charts, self.stop = f, lower, upper, charts, stop
        self.anywhere = np.full(len(theta), math.inf)
        self.passes, self.damping, self.gain, self.failed = 0, _FIRST_DAMPING, math.inf, 0
        start = np.clip(theta, lower, upper)
        self._move(start, *self._evaluate(start))

    def _evaluate(self, theta: Floats) -> tuple[Local, Bools, float]:
        """The function at theta, the coordinates that are free there, and the norm of the projected gradient."""
        local = self.f(theta)
        self.passes += 1
        if not (math.isfinite(local.value) and np.isfinite(local.gradient).all() and np.isfinite(local.hessian).all()):
            return Local(-math.inf, local.gradient, local.hessian), np.ones(len(theta), dtype=bool), math.inf
        free = inactive(theta, local.gradient, self.lower, self.upper)
        return local, free, _norm(local.gradient[free])

    def _move(self, theta: Floats, local: Local, free: Bools, norm: float) -> None:
        self.theta, self.local, self.free, self.norm = theta, local, free, norm
        self._model: _Model | None = None

    def _diagonalised(self, gradient: Floats, hessian: Floats, free: Bools) -> _Model:
        """The model on the free coordinates that the derivatives tell anything of."""
        free = free & ((np.abs(hessian.diagonal()) > _SMALLEST_DIAGONAL) | (np.abs(gradient) > _SMALLEST_SLOPE))
        scale, values, vectors = scaled_spectrum(-(hessian if free.all() else hessian[np.ix_(free, free)]))
        return _Model(free, scale, values, vectors, vectors.T @ (gradient[free] / scale))

    @property
    def model(self) -> _Model:
        """The quadratic model here."""
        if self._model is None:
            self._model = self._diagonalised(self.local.gradient, self.local.hessian, self.free)
        return self._model

    @property
    def level(self) -> bool:
        """Whether the gradient is small."""
        return self.norm <= self.stop.gradient

    @property
    def saddle(self) -> bool:
        """Whether there is negative curvature beyond the tolerance."""
        return bool(self.model.values.size) and float(self.model.values[0]) < -self.stop.curvature

    @property
    def settled(self) -> bool:
        """Whether another step is not worth its pass: in value, or to tell a flat direction from a curved one.

        Along an exact orbit of parameters the curvature is not 0 but of the size of the gradient.
        """
        if not self.level:
            return False
        slope, curvature = self.model.slope, np.abs(self.model.values)
        if float(slope**2 @ (1.0 / (curvature + _ROUNDING))) > 2 * self.stop.settled:
            return False
        return not ((curvature > FLAT) & (curvature < _DOUBTFUL * _norm(slope))).any()

    @property
    def rising(self) -> bool:
        """Whether a failed step with more damping still promises what is worth a pass, and is to be tried."""
        return self.stop.valleys and not self.settled and self.gain > self.stop.settled

    def cut(self, theta: Floats) -> Floats:
        """Theta cut to the box."""
        return np.minimum(np.maximum(theta, self.lower), self.upper)

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

    def chart(self) -> Chart | None:
        """The chart of the next step: of a near pair, else the one of everywhere, where no bound holds what it mixes.

        A step that fails in a chart is followed by one without it: in that of a pair, every third.
        """
        everywhere, near = self.charts
        pair = near(self.theta) if near is not None and self.stop.pairs else None
        if pair is not None and self.failed % 3 < 2:
            edge = (self.theta <= self.lower) | (self.theta >= self.upper)
            if not edge[pair.mixed].any():
                return pair
        if everywhere is not None and self.failed % 2 == 0 and self.free[everywhere.mixed].all():
            return everywhere
        return None

    def newton_step(self) -> bool:
        """One damped step, in a chart where there is one; if it fails, perhaps a second one from there."""
        damping, chart = self.damping, self.chart()
        theta, self.gain, chart = self._proposed(self.theta, self.local, self.free, chart, damping)
        if self.try_step(theta, self.gain) or (self.stop.valleys and self._second(theta, chart, damping)):
            self.failed = 0
            return True
        self.failed += 1
        return False

    def _second(self, theta: Floats, chart: Chart | None, damping: float) -> bool:
        """A further step from theta, where one failed: that often only left a curved valley, to which this returns."""
        local, free = self.trial
        if local.value == -math.inf or (chart is not None and not free[chart.mixed].all()):
            return False
        raised, self.damping = self.damping, damping
        if self.try_step(self._proposed(theta, local, free, chart, damping)[0], self.gain):
            return True
        self.damping = raised
        return False

    def _proposed(
        self, theta: Floats, local: Local, free: Bools, chart: Chart | None, damping: float
    ) -> tuple[Floats, float, Chart | None]:
        """Where the damped step from theta ends, what the model gains by it, and the chart it is made in.

        A step in a chart that leaves the box ends just out of it, and is cut to it; one that leaves it at once is made
        without the chart.
        """
        if chart is not None:
            model = self._diagonalised(*chart.derivatives(theta, local.gradient, local.hessian), free)
            step, gain = model.damped(damping)
            at = chart.coordinates(theta)
            step = capped(step, at)
            share = self._share_inside(chart, at, step) if self.stop.pairs else 1.0
            if share > _LEAST_SHARE:
                return chart.theta(at + share * step, self.lower, self.upper), gain, chart
        here = self.model if local is self.local else self._diagonalised(local.gradient, local.hessian, free)
        step, gain = here.damped(damping)
        return self.cut(theta + capped(step, theta)), gain, None

    def _share_inside(self, chart: Chart, at: Floats, step: Floats) -> float:
        """The share of a step in a chart at which it has just left the box; 1 if it stays."""

        def leaves(share: float) -> bool:
            theta = chart.theta(at + share * step, -self.anywhere, self.anywhere)
            return bool(((theta < self.lower) | (theta > self.upper)).any())

        inside, outside = 0.0, 1.0
        if not leaves(outside):
            return outside
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if leaves(middle) else (middle, outside)
        return outside

    def escape(self) -> bool:
        """Leave a saddle along the direction of most negative curvature, either way."""
        model, unit = self.model, np.zeros(len(self.model.values))
        unit[0] = 1.0
        for length in (0.5, 0.05, 0.005, 0.0005):
            step = capped(model.lift(length * unit), self.theta)
            if self.try_step(self.cut(self.theta + step), 0.0) or self.try_step(self.cut(self.theta - step), 0.0):
                return True
        return False


def maximise(
    f: Callable[[Floats], Local],
    theta: Floats,
    lower: Floats,
    upper: Floats,
    max_passes: int,
    chart: Chart | None = None,
    stop: Stop = EXACT,
    near: Near | None = None,
) -> Maximum:
    """A local maximum of f on lower <= theta <= upper, from theta; steps are made in the chart where it can be.

    near: the chart, if any, of a pair of atoms at a theta, in place of it if `stop.pairs`.
    f should be scaled so that `stop` makes sense (a mean over the data). Never raises for lack of convergence:
    `Maximum.stationary` says it. Points where f or a derivative is not finite are not entered; a start at one is where
    the search ends, with the value -inf.
    """
    search = _Search(f, theta, lower, upper, (chart, near), stop)
    while search.passes < max_passes and search.local.value > -math.inf:
        if not search.settled and search.newton_step():
            continue
        if search.level and not search.rising and (not search.saddle or not search.escape()):
            break
        if not search.level and search.damping > stop.damping:
            break
    stationary = search.level and not search.saddle
    return Maximum(search.theta, search.local, search.passes, search.norm, stationary)
