"""Ends a search at a maximum of a likelihood that is smooth only piece by piece: gates with kinks, such as ReLU.

Where beta1_i . x_j is a kink of s, at which s' jumps by D, the slope of the mean log-likelihood jumps by c along the
unit normal m = x_j/|x_j| of that hyperplane in beta1_i, with c = (r_ij - pi_ij) D |x_j|/(tau n), summed over the points
that share it. Where c < 0 it is a ridge, and a maximum may lie on several. With g the gradient on the side of smaller
m . beta1 of each, every one-sided derivative g . v + sum_l c_l max(0, m_l . v) is at most 0 if and only if

    g + sum_l mu_l m_l = 0  for some  c_l <= mu_l <= 0.

The search holds ridges as linear constraints and takes damped Newton steps along them. A step that does not gain what
it should is bisected over the hyperplanes that it crosses, until it ends between two of them or on one, which is held
from then on. A ridge whose mu is outside its range is left, to the side on which the likelihood rises. Curved valleys,
along which the chart of a pair cannot be used where ridges are held, are followed by leaps in the direction of the last
move, with a Newton step back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import null_space

from temperance.numerics.fitting.faces import Face, Place
from temperance.numerics.fitting.hyperplanes import Hyperplanes, Kinks, Ridge, beside
from temperance.numerics.fitting.newton import EXACT, Bools, Local, Maximum, Stop, inactive
from temperance.numerics.fitting.steps import cap
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points

_NOISE = 1e-12  # relative, of values taken beside a ridge
_ROUNDING = 1e-13  # relative, of a bound that a step ends at
_SMALLEST_SCALE = 1e-6  # sqrt|diagonal| of a coordinate that the likelihood ignores
_LEAST_DAMPING, _MOST_DAMPING = 1e-10, 1e6
_ENOUGH = 0.1  # of the predicted gain
_WORTH = 0.01  # of the gain that is worth a pass: by a leap, which longer ones may follow
_LEAPS = (4.0, 1.0)  # how far a leap goes, in lengths of the move before it


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
        stop: Stop = EXACT,
    ) -> None:
        self.f, self.stop, self.hyperplanes = f, stop, Hyperplanes(layout, gate, points, kinks)
        self.lower, self.upper = bounds
        self.passes = self.most = 0

    def end(self, theta: Floats, max_passes: int) -> Maximum:
        """The maximum that the search climbs to; `stationary` says whether it is one."""
        self.passes, self.most = 0, max_passes
        place, damping = self._at(theta, self.hyperplanes.through(theta)), _LEAST_DAMPING
        face, move = self._face(place), np.zeros(0)
        while self.passes + 3 <= max_passes and damping <= _MOST_DAMPING:
            further = self._leapt(place, move) if move.size else None
            if further is None:
                further, over = self._next(place, face, damping)
                if over:
                    break
                damping = max(8 * damping, 1e-6) if further is None else max(damping / 8, _LEAST_DAMPING)
            move = np.zeros(0)
            if further is not None:
                if self.stop.valleys and len(further.held) == len(place.held):
                    move = further.theta - place.theta
                place, face = further, self._face(further)
        local = Local(place.local.value, face.residual, place.local.hessian)
        return Maximum(place.theta, local, self.passes, face.norm, face.stationary(self.stop))

    def _next(self, place: Place, face: Face, damping: float) -> tuple[Place | None, bool]:
        """The next place, None if a step failed, and whether the search is over."""
        if face.norm > self.stop.gradient:
            if face.mu.size and face.along <= max(0.1 * face.excess.max(), 0.1 * self.stop.gradient):
                return self._left(place, face, int(face.excess.argmax()), damping), False
            return self._stepped(place, face, damping), False
        if not face.stationary(self.stop):
            further = self._escaped(place, face)
            return further, further is None
        if self._step(place, face, damping)[1] <= self.stop.settled:
            return None, True
        return self._stepped(place, face, damping), False

    def _leapt(self, place: Place, move: Floats) -> Place | None:
        """Further along the move that led here, and one Newton step back into its valley; None if it gains nothing."""
        for reach in _LEAPS:
            end = self._returned(self._at(place.theta + reach * move, place.held))
            if len(end.held) == len(place.held) and end.local.value > place.local.value + _WORTH * self.stop.settled:
                return end
        return None

    def _returned(self, place: Place) -> Place:
        """The place or, if that is higher, the end of a Newton step from it."""
        if place.local.value == -np.inf:
            return place
        step, _ = self._step(place, self._face(place), _LEAST_DAMPING)
        return max(place, self._at(place.theta + step, place.held), key=lambda p: p.local.value)

    def _at(self, theta: Floats, held: tuple[Ridge, ...], left: Ridge | None = None) -> Place:
        """The place nearest to theta on the ridges held; the ridge `left` is seen from the side of larger values."""
        moved, held = self._on(theta, held)
        sides = np.array([-1.0] * len(held) + [1.0] * (left is not None)) * beside(moved)
        normals = np.array([r.normal for r in (*held, left) if r is not None]).reshape(-1, len(theta))
        aside = np.linalg.pinv(normals) @ sides if sides.size else 0 * theta
        local = self.f(moved + aside)
        self.passes += 1
        finite = np.isfinite(local.value) and np.isfinite(local.gradient).all() and np.isfinite(local.hessian).all()
        if not finite:
            return Place(moved, Local(-np.inf, 0 * theta, np.zeros((len(theta),) * 2)), held)
        return Place(moved, local._replace(value=local.value - float(local.gradient @ aside)), held)

    def _on(self, theta: Floats, held: tuple[Ridge, ...]) -> tuple[Floats, tuple[Ridge, ...]]:
        """The point nearest to theta on the ridges held, and those of them that meet the box there.

        Coordinates at the edge of the box stay there.
        """
        theta = np.clip(theta, self.lower, self.upper)
        while held:
            for edge in (self.lower, self.upper):
                theta = np.where(np.abs(theta - edge) <= _ROUNDING * (1 + np.abs(edge)), edge, theta)
            inside = (theta > self.lower) & (theta < self.upper)
            normals, offsets = np.array([r.normal for r in held]), np.array([r.offset for r in held])
            moved = theta.copy()
            moved[inside] -= np.linalg.pinv(normals[:, inside]) @ (normals @ theta - offsets)
            met = np.abs(normals @ np.clip(moved, self.lower, self.upper) - offsets) <= beside(theta)
            if met.all():
                return np.clip(moved, self.lower, self.upper), held
            held = tuple(r for r, m in zip(held, met, strict=True) if m)
        return theta, ()

    def _multipliers(self, place: Place, normals: Floats, low: Floats, high: Floats) -> tuple[Floats, Bools, Floats]:
        """The mu (h,) from low to high and the walls of the box that take the most of the gradient.

        Returns mu, the coordinates that no wall holds, and what is left of the gradient (p,).
        """
        from scipy.optimize import lsq_linear  # slow to import, and few gates have kinks

        theta, gradient = place.theta, place.local.gradient
        edge = np.flatnonzero((theta <= self.lower) | (theta >= self.upper))
        outward = np.where(theta <= self.lower, -1.0, 1.0)[edge]
        walls = -np.eye(len(theta))[edge] * outward[:, None]  # a wall takes what pushes outwards
        matrix = np.vstack([normals, walls]).T
        bounds = np.r_[low, 0 * outward], np.r_[high, 0 * outward + np.inf]
        some = bounds[0] < bounds[1]  # a mu that must be 0 is no variable
        found, free = np.zeros(len(some)), np.ones(len(theta), dtype=bool)
        if some.any():
            found[some] = lsq_linear(matrix[:, some], -gradient, (bounds[0][some], bounds[1][some]), method="bvls").x
        free[edge] = found[len(low) :] <= 0
        return found[: len(low)], free, gradient + matrix @ found

    def _face(self, place: Place, pinned: Bools | None = None) -> Face:
        """The model along the ridges held; pinned (p,): coordinates that are not free besides."""
        jumps, others = self.hyperplanes.jumps(place.theta, place.held)
        gradient, theta = place.local.gradient, place.theta
        normals = np.array([r.normal for r in place.held]).reshape(-1, len(theta))
        residual, free, mu = gradient, inactive(theta, gradient, self.lower, self.upper), np.zeros(len(jumps))
        projected = gradient * free
        if mu.size:
            mu, free, _ = self._multipliers(place, normals, np.full(len(mu), -np.inf), np.full(len(mu), np.inf))
            least, _, projected = self._multipliers(place, normals, np.minimum(jumps, 0.0), np.zeros(len(mu)))
            residual = gradient + normals.T @ least
        free = free if pinned is None else free & ~pinned
        hessian = place.local.hessian[np.ix_(free, free)]
        scale = np.sqrt(np.abs(hessian.diagonal()))
        scale[scale < _SMALLEST_SCALE] = 1.0
        basis = null_space(normals[:, free] / scale) if mu.size else np.eye(len(scale))
        values, vectors = np.linalg.eigh(-basis.T @ (hessian / np.outer(scale, scale)) @ basis)
        lift = basis / scale[:, None]
        slope = vectors.T @ (lift.T @ gradient[free])
        along, norm = (float(np.linalg.norm(v)) for v in (gradient[free] + normals[:, free].T @ mu, projected))
        return Face(free, mu, jumps, others, residual, norm, along, lift, values, vectors, slope)

    def _left(self, place: Place, face: Face, l: int, damping: float) -> Place | None:
        """A step off ridge l, to the side on which the likelihood rises."""
        ridge, held = place.held[l], (*place.held[:l], *place.held[l + 1 :])
        above = face.jumps[l] - face.mu[l] > face.mu[l]
        off = Place(place.theta, place.local, held) if not above else self._at(place.theta, held, ridge)
        return self._stepped(off, self._face(off), damping)

    def _escaped(self, place: Place, face: Face) -> Place | None:
        """A step off a saddle, either way along the direction of most negative curvature."""
        if not (face.values < -self.stop.curvature).any():
            return None
        along = face.lifted(np.eye(len(face.values))[0])
        step = cap(along, place.theta) * along
        for length in (0.5, 0.05, 0.005, 0.0005, -0.5, -0.05, -0.005, -0.0005):
            if self.passes >= self.most:
                break
            end = self._at(place.theta + length * step, place.held)
            end = self._returned(end) if self.stop.valleys else end
            if end.local.value > place.local.value + _NOISE * abs(place.local.value):
                return end
        return None

    def _step(self, place: Place, face: Face, damping: float) -> tuple[Floats, float]:
        """The damped Newton step, no further than to the edge of the box if ridges are held, and its gain."""
        theta, pinned = place.theta, np.zeros(len(place.theta), dtype=bool)
        while True:
            step, gain = face.newton(damping)
            step = cap(step, theta) * step
            out = ((theta <= self.lower) & (step < 0)) | ((theta >= self.upper) & (step > 0))
            if not place.held:
                return np.clip(theta + step, self.lower, self.upper) - theta, gain
            if not out.any():
                room = np.where(step < 0, self.lower, self.upper) - theta
                share = np.divide(room, step, out=np.ones_like(step), where=step != 0).min(initial=1.0)
                return step * share, gain * share
            pinned |= out
            face = self._face(place, pinned)

    def _stepped(self, place: Place, face: Face, damping: float) -> Place | None:
        """Where a step leads that rises at first; None if it gains nothing."""
        theta, noise = place.theta, _NOISE * abs(place.local.value)
        step, gain = self._step(place, face, damping)
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
        gain = best.local.value - place.local.value
        return best if gain > noise or (best.held is not place.held and gain >= -noise) else None

    def _highest(
        self,
        theta: Floats,
        step: Floats,
        low: tuple[float, Place],
        high: tuple[float, Place],
        crossing: tuple[float, Ridge] | None,
    ) -> Place:
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
