"""Maximisation of a smooth function in a box: damped Newton with the exact Hessian and a projected active set.

The step on the coordinates that are not held by a bound is, with H = -hessian scaled to unit |diagonal| and
H = V L V^T, V (|L| + damping)^-1 V^T gradient: Levenberg-Marquardt where H is positive, away from saddles elsewhere.
At a stationary point with negative curvature the search goes on along it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GRADIENT = 1e-6  # a stationary point has a projected gradient at most this
CURVATURE = 1e-6  # and no eigenvalue of the scaled Hessian of -f below minus this
_POLISHED = 1e-9  # gradients that are not worth another pass
_NOISE = 1e-13  # relative rounding error of the value
_SMALLEST_DIAGONAL = 1e-12


@dataclass(frozen=True, eq=False)
class Local:
    """Value, gradient (p,) and hessian (p, p) of the function at a point."""

    value: float
    gradient: Floats
    hessian: Floats


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the search ended; passes counts the evaluations, stationary is the test of `GRADIENT` and `CURVATURE`."""

    theta: Floats
    local: Local
    passes: int
    gradient_norm: float
    stationary: bool


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

    def gain(self, coefficients: Floats) -> float:
        return float(self.slope @ coefficients - 0.5 * self.values @ coefficients**2)


def inactive(theta: Floats, gradient: Floats, lower: Floats, upper: Floats) -> Bools:
    """Coordinates not held at a bound by the gradient."""
    return ~(((theta <= lower) & (gradient < 0)) | ((theta >= upper) & (gradient > 0)))


def scaled_spectrum(information: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale d = sqrt|diag|, eigenvalues and eigenvectors of information / (d d^T)."""
    diagonal = np.abs(np.diagonal(information))
    scale = np.sqrt(np.maximum(diagonal, _SMALLEST_DIAGONAL))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    return scale, values, vectors


def _model(theta: Floats, local: Local, lower: Floats, upper: Floats) -> _Model:
    free = inactive(theta, local.gradient, lower, upper)
    scale, values, vectors = scaled_spectrum(-local.hessian[np.ix_(free, free)])
    return _Model(free, scale, values, vectors, vectors.T @ (local.gradient[free] / scale))


def _capped(step: Floats, theta: Floats) -> Floats:
    """The step, at most 2 + |theta|/2 long."""
    return step * min(1.0, (2.0 + 0.5 * float(np.linalg.norm(theta))) / max(float(np.linalg.norm(step)), 1e-300))


def _projected_norm(theta: Floats, local: Local, lower: Floats, upper: Floats) -> float:
    return float(np.linalg.norm(local.gradient[inactive(theta, local.gradient, lower, upper)]))


class _Search:
    """State of one search."""

    def __init__(self, f: Callable[[Floats], Local], theta: Floats, lower: Floats, upper: Floats) -> None:
        self.f, self.lower, self.upper = f, lower, upper
        self.theta = np.clip(theta, lower, upper)
        self.local = f(self.theta)
        self.passes, self.damping = 1, 1e-2

    def norm(self) -> float:
        return _projected_norm(self.theta, self.local, self.lower, self.upper)

    def model(self) -> _Model:
        return _model(self.theta, self.local, self.lower, self.upper)

    def try_step(self, step: Floats, predicted: float) -> bool:
        """Move by the step, cut to the box, if the function does not fall; adapt the damping."""
        theta = np.clip(self.theta + _capped(step, self.theta), self.lower, self.upper)
        local = self.f(theta)
        self.passes += 1
        gain, noise = local.value - self.local.value, _NOISE * abs(self.local.value)
        flatter = _projected_norm(theta, local, self.lower, self.upper) < self.norm()
        accepted = gain > noise or (gain >= -noise and flatter)
        if not accepted or gain < 0.1 * predicted - noise:
            self.damping *= 8.0
        elif gain > 0.5 * predicted - noise:
            self.damping = max(self.damping / 8.0, 1e-14)
        if accepted:
            self.theta, self.local = theta, local
        return accepted

    def newton_step(self, model: _Model) -> bool:
        coefficients = model.slope / (np.abs(model.values) + self.damping)
        return self.try_step(model.lift(coefficients), model.gain(coefficients))

    def escape(self, model: _Model) -> bool:
        """Leave a saddle along the direction of most negative curvature, either way."""
        for length in (0.5, -0.5, 0.05, -0.05):
            coefficients = np.zeros(len(model.values))
            coefficients[0] = length
            if self.try_step(model.lift(coefficients), 0.0):
                return True
        return False


def maximise(f: Callable[[Floats], Local], theta: Floats, lower: Floats, upper: Floats, max_passes: int) -> Maximum:
    """A local maximum of f on lower <= theta <= upper, from theta.

    f should be scaled so that `GRADIENT` makes sense (a mean over the data). Never raises for lack of convergence:
    `Maximum.stationary` says it.
    """
    search = _Search(f, theta, lower, upper)
    saddle = True
    while search.passes < max_passes:
        model, norm = search.model(), search.norm()
        saddle = bool(model.values.size) and float(model.values[0]) < -CURVATURE
        if norm > _POLISHED and search.newton_step(model):
            continue
        if norm <= GRADIENT and (not saddle or not search.escape(model)):
            break
        if norm > GRADIENT and search.damping > 1e14:
            break
    norm, model = search.norm(), search.model()
    saddle = bool(model.values.size) and float(model.values[0]) < -CURVATURE
    return Maximum(search.theta, search.local, search.passes, norm, norm <= GRADIENT and not saddle)
