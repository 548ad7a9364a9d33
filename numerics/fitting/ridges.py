"""Ends a search at a maximum of a likelihood that is smooth only piece by piece: gates with kinks, such as ReLU.

Where beta1_i . x_j is a kink of s, at which s' jumps by D, the slope of the mean log-likelihood jumps by c along the
unit normal m = x_j/|x_j| of that hyperplane in beta1_i, with c = (r_ij - pi_ij) D |x_j|/(tau n), summed over the points
that share it. Where c < 0 it is a ridge, and a maximum may lie on several. With g the gradient on the side of smaller
m . beta1 of each, every one-sided derivative g . v + sum_l c_l max(0, m_l . v) is at most 0 if and only if

    g + sum_l mu_l m_l = 0  for some  c_l <= mu_l <= 0.

The search holds ridges as linear constraints and takes damped Newton steps along them. A step that does not gain what
it should is bisected over the hyperplanes that it crosses, until it ends between two of them or on one, which is held
from then on. A ridge whose mu is outside its range is left, to the side on which the likelihood rises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from temperance.numerics.fitting.hyperplanes import Hyperplanes, Kinks, Ridge, beside
from temperance.numerics.fitting.newton import CURVATURE, GRADIENT, Local, Maximum, capped, inactive
from temperance.numerics.mixture.activation_numpy import CompiledActivation
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NOISE = 1e-12  # relative, of values taken beside a ridge
_SMALLEST_SCALE = 1e-6  # sqrt|diagonal| of a coordinate that the likelihood ignores
_LEAST_DAMPING, _MOST_DAMPING = 1e-10, 1e6
_ENOUGH = 0.1  # of the predicted gain


@dataclass(frozen=True, eq=False)
class _Place:
    """A point of the search: theta, the model on the side of smaller normal . theta of every ridge held there."""

    theta: Floats
    local: Local
    held: tuple[Ridge, ...]


@dataclass(frozen=True, eq=False)
class _Face:
    """The model at a place along the ridges held, on the free coordinates.

    mu, jumps (h,): of the ridges, c being the jumps. others: whether hyperplanes that are not held meet here as well.
    residual (p,): the least subgradient; along: norm of the gradient along the face. lift (f, q): from coordinates of
    the face in which -hessian has a unit diagonal, to the free ones; values (q,), vectors (q, q): its spectrum; slope
    (q,): the gradient in the eigenbasis.
    """

    free: Bools
    mu: Floats
    jumps: Floats
    others: bool
    residual: Floats
    along: float
    lift: Floats
    values: Floats
    vectors: Floats
    slope: Floats

    @property
    def norm(self) -> float:
        """Of the projected subgradient."""
        return float(np.linalg.norm(self.residual[self.free]))

    @property
    def excess(self) -> Floats:
        """The slopes away from the ridges, the larger one of both sides."""
        return np.maximum(self.mu, self.jumps - self.mu)

    def lifted(self, coefficients: Floats) -> Floats:
        """A step (p,) from coefficients in the eigenbasis."""
        step = np.zeros(len(self.free))
        step[self.free] = self.lift @ (self.vectors @ coefficients)
        return step

    def newton(self, damping: float) -> tuple[Floats, float]:
        """The damped Newton step, and what the model gains by it."""
        coefficients = self.slope / (np.abs(self.values) + damping)
        return self.lifted(coefficients), float(self.slope @ coefficients - 0.5 * self.values @ coefficients**2)


class RidgeSearch:
    """The search, from a theta that a smooth search has brought near a maximum; f is the mean log-likelihood."""

    def __init__(
        self,
        f: Callable[[Floats], Local],
        layout: Layout,
        gate: CompiledActivation,
        points: Points,
        bounds: tuple[Floats, Floats],
        kinks: Kinks,
    ) -> None:
        self.f, self.hyperplanes = f, Hyperplanes(layout, gate, points, kinks)
        self.lower, self.upper = bounds
        self.passes = self.most = 0

    def end(self, theta: Floats, max_passes: int) -> Maximum:
        """The maximum that the search climbs to; `stationary` says whether it is one."""
        self.most = max_passes
        place, damping, stationary = self._at(theta, self.hyperplanes.through(theta)), _LEAST_DAMPING, False
        face = self._face(place)
        while self.passes + 3 <= max_passes and damping <= _MOST_DAMPING:
            if face.norm <= GRADIENT:
                stationary = not face.others and not (face.values < -CURVATURE).any()
                further = None if stationary else self._escaped(place, face)
                if further is None:
                    break
            elif face.mu.size and face.along <= max(0.1 * face.excess.max(), 0.1 * GRADIENT):
                further = self._left(place, face, int(face.excess.argmax()), damping)
            else:
                further = self._stepped(place, *face.newton(damping))
            damping = max(8 * damping, 1e-6) if further is None else max(damping / 8, _LEAST_DAMPING)
            if further is not None:
                place = further
                face = self._face(place)
        local = Local(place.local.value, face.residual, place.local.hessian)
        return Maximum(place.theta, local, self.passes, face.norm, stationary)

    def _at(self, theta: Floats, held: tuple[Ridge, ...], left: Ridge | None = None) -> _Place:
        """The place nearest to theta on the ridges held; the ridge `left` is seen from the side of larger values."""
        moved = _on(theta, held)
        if ((moved < self.lower) | (moved > self.upper)).any():  # a bound of the box takes the place of a ridge
            held, moved = (), np.clip(theta, self.lower, self.upper)
        sides = np.array([-1.0] * len(held) + [1.0] * (left is not None)) * beside(moved)
        normals = np.array([r.normal for r in (*held, left) if r is not None]).reshape(-1, len(theta))
        local = self.f(moved + np.linalg.pinv(normals) @ sides if sides.size else moved)
        self.passes += 1
        finite = np.isfinite(local.value) and np.isfinite(local.gradient).all() and np.isfinite(local.hessian).all()
        return _Place(moved, local if finite else Local(-np.inf, 0 * theta, np.zeros((len(theta),) * 2)), held)

    def _face(self, place: _Place) -> _Face:
        """The model along the ridges held."""
        jumps, others = self.hyperplanes.jumps(place.theta, place.held)
        gradient, theta = place.local.gradient, place.theta
        normals = np.array([r.normal for r in place.held]).reshape(-1, len(theta))
        residual, free = gradient, inactive(theta, gradient, self.lower, self.upper)
        mu = np.zeros(len(jumps))
        if mu.size:
            mu = -np.linalg.lstsq(normals[:, free].T, gradient[free], rcond=None)[0]
            residual = gradient + normals.T @ np.clip(mu, np.minimum(jumps, 0.0), 0.0)
            free = inactive(theta, residual, self.lower, self.upper)
        hessian = place.local.hessian[np.ix_(free, free)]
        scale = np.sqrt(np.abs(hessian.diagonal()))
        scale[scale < _SMALLEST_SCALE] = 1.0
        basis = null_space(normals[:, free] / scale) if mu.size else np.eye(len(scale))
        values, vectors = np.linalg.eigh(-basis.T @ (hessian / np.outer(scale, scale)) @ basis)
        lift = basis / scale[:, None]
        slope = vectors.T @ (lift.T @ gradient[free])
        along = float(np.linalg.norm(gradient[free] + normals[:, free].T @ mu))
        return _Face(free, mu, jumps, others, residual, along, lift, values, vectors, slope)

    def _left(self, place: _Place, face: _Face, l: int, damping: float) -> _Place | None:
        """A step off ridge l, to the side on which the likelihood rises."""
        ridge, held = place.held[l], (*place.held[:l], *place.held[l + 1 :])
        above = face.jumps[l] - face.mu[l] > face.mu[l]
        off = _Place(place.theta, place.local, held) if not above else self._at(place.theta, held, ridge)
        return self._stepped(off, *self._face(off).newton(damping))

    def _escaped(self, place: _Place, face: _Face) -> _Place | None:
        """A step off a saddle, either way along the direction of most negative curvature."""
        if not (face.values < -CURVATURE).any():
            return None
        step = capped(face.lifted(np.eye(len(face.values))[0]), place.theta)
        for length in (0.5, 0.05, 0.005, 0.0005, -0.5, -0.05, -0.005, -0.0005):
            if self.passes >= self.most:
                break
            end = self._at(np.clip(place.theta + length * step, self.lower, self.upper), place.held)
            if end.local.value > place.local.value + _NOISE * abs(place.local.value):
                return end
        return None

    def _stepped(self, place: _Place, step: Floats, gain: float) -> _Place | None:
        """Where a step leads that rises at first; None if it gains nothing."""
        theta, noise = place.theta, _NOISE * abs(place.local.value)
        step = capped(step, theta)
        step = np.clip(theta + step, self.lower, self.upper) - theta
        full = self._at(theta + step, place.held)
        if full.local.value >= place.local.value + max(_ENOUGH * gain, noise):
            return full
        crossings = self.hyperplanes.crossings(theta, step)
        low, high = (0.0, place), (1.0, full)
        while len(between := [c for c in crossings if low[0] < c[0] < high[0]]) > 1 and self.passes + 2 <= self.most:
            i = len(between) // 2
            t = (between[i - 1][0] + between[i][0]) / 2
            middle = self._at(theta + t * step, place.held)
            rises = middle.local.value >= low[1].local.value - noise and float(middle.local.gradient @ step) > 0
            low, high = ((t, middle), high) if rises else (low, (t, middle))
        end = self._highest(theta, step, low, high, between[0] if between else None)
        best = max((end, low[1]), key=lambda p: p.local.value)
        moved = best is not place and best.local.value >= place.local.value - noise
        return best if moved else None

    def _highest(
        self,
        theta: Floats,
        step: Floats,
        low: tuple[float, _Place],
        high: tuple[float, _Place],
        crossing: tuple[float, Ridge] | None,
    ) -> _Place:
        """The highest place of a step between two shares of it, with at most one hyperplane between them."""
        (left, rise, bend), (right, fall, bent) = (
            (t, float(p.local.gradient @ step), float(step @ p.local.hessian @ step)) for t, p in (low, high)
        )
        held = low[1].held
        if crossing is None:
            return self._at(theta + _top(left, rise, bend, left, right) * step, held)
        t, ridge = crossing
        before, after = rise + bend * (t - left), fall + bent * (t - right)
        if before > 0 > after:
            return self._at(theta + t * step, (*held, ridge))
        top = _top(left, rise, bend, left, t) if before <= 0 else _top(right, fall, bent, t, right)
        return self._at(theta + top * step, held)


def _top(at: float, slope: float, bend: float, low: float, high: float) -> float:
    """Where the parabola with this slope and bend at a point is highest; the middle, if that is not inside."""
    top = at - slope / bend if bend < 0 else low
    return top if low < top < high else (low + high) / 2


def _on(theta: Floats, held: tuple[Ridge, ...]) -> Floats:
    """The point nearest to theta on the ridges held."""
    if not held:
        return theta
    normals = np.array([r.normal for r in held])
    return theta - np.linalg.pinv(normals) @ (normals @ theta - [r.offset for r in held])
