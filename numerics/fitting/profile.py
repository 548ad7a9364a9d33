"""Follows a profile likelihood: the maximum with one coordinate held, over the values of that coordinate.

With l the maximum of the log-likelihood and l(v) the maximum where the coordinate is v, the values that data do not
exclude at 95% are {v: 2 (l - l(v)) <= 1.96^2}: the profile interval. The root (2 (l - l(v)))^(1/2) is nearly linear in
v, and a line where the likelihood is quadratic.

Example: ``Profile.of(problem, optimum.u, 0).end(1).value`` is the upper end of the interval of the first coordinate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import brentq

from temperance.numerics.fitting.climb import EXACT, FLAT, Stop
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.mixture.activation_numpy import Floats

QUANTILE = NormalDist().inv_cdf(0.975)
_MOST = 40  # values on the way to the end of an interval
_PART = 1 / 16  # of the way to the edge of the box, where the information gives no step
_FINE = 1e-4  # relative, of the distance from the estimate to an end


class Place(NamedTuple):
    """A point u (p,) of a profile, and the log-likelihood of all points there."""

    u: Floats
    height: float


def held_at(problem: Problem, index: int, value: float, starts: Sequence[Floats], stop: Stop = EXACT) -> Place:
    """The highest of the climbs from starts (p,) with a coordinate held at a value."""
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[index] = upper[index] = value
    held = replace(problem, lower=lower, upper=upper)
    best = max((held.climb(np.clip(u, lower, upper), stop=stop) for u in starts), key=lambda end: end.value)
    return Place(best.theta, best.value * problem.points.n)


class End(NamedTuple):
    """An end of a profile interval: closed, at the edge of the box, or where the profile rises above the maximum."""

    value: float
    kind: Literal["closed", "edge", "higher"]


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of a coordinate of a problem from its maximum, top; tangent (p,): its direction there, by value.

    se: the standard error of the coordinate by the curvature; infinite where the information is singular.
    """

    problem: Problem
    index: int
    top: Place
    tangent: Floats
    se: float

    @staticmethod
    def of(problem: Problem, u: Floats, index: int) -> Profile:
        """The profile of the coordinate at an index, from a maximum u (p,)."""
        value, _, hessian = problem.sums(u)
        free = ~problem.edges(u)
        free[index] = False
        tangent = np.eye(len(u))[index]
        tangent[free] = -np.linalg.lstsq(hessian[np.ix_(free, free)], hessian[free, index], rcond=FLAT)[0]
        curvature = float(-tangent @ hessian @ tangent)
        is_curved = curvature > FLAT * abs(hessian[index, index])
        return Profile(problem, index, Place(u, value), tangent, curvature**-0.5 if is_curved else np.inf)

    def onwards(self, value: float, path: Sequence[Place]) -> Place:
        """The place at a value, from the last of a path and from where its line leads; path: from the top outwards."""
        last = path[-1].u
        slope = self.tangent
        if len(path) > 1:
            slope = (last - path[-2].u) / (last[self.index] - path[-2].u[self.index])
        return held_at(self.problem, self.index, value, [last, last + (value - last[self.index]) * slope])

    def root(self, place: Place) -> float:
        """(2 (l - l(v)))^(1/2), with a minus where the place is above the maximum."""
        fall = 2 * (self.top.height - place.height)
        return float(np.sign(fall) * np.sqrt(abs(fall)))

    def end(self, side: Literal[-1, 1]) -> End:
        """The lower (-1) or upper end of the interval."""
        edge = float((self.problem.lower if side < 0 else self.problem.upper)[self.index])
        middle, path, root = float(self.top.u[self.index]), [self.top], 0.0
        step = min(QUANTILE * self.se, abs(edge - middle))
        step = step if np.isfinite(self.se) else _PART * abs(edge - middle)
        while root < QUANTILE:
            value = path[-1].u[self.index]
            if value == edge or len(path) > _MOST:
                return End(float(value), "edge")
            value = middle + side * step
            path.append(self.onwards(edge if side * (value - edge) >= 0 else float(value), path))
            root = self.root(path[-1])
            if path[-1].height > self.top.height + AGREE:
                return End(float(path[-1].u[self.index]), "higher")
            step *= min(max(1.05 * QUANTILE / max(root, 1e-3), 1.2), 3.0)
        inner, outer = (float(place.u[self.index]) for place in path[-2:])
        roots = {outer: root, inner: self.root(path[-2])}
        del path[-1]

        def excess(value: float) -> float:
            return (roots[value] if value in roots else self.root(self.onwards(value, path))) - QUANTILE

        return End(float(brentq(excess, inner, outer, xtol=_FINE * abs(outer - middle))), "closed")
