"""Profile intervals of the parameters of a fit, as the user reads them, and whether the curvature misleads.

A standard error replaces the likelihood by a parabola. The profile interval does not.

Example: ``print(fit(x, y, fitted=2, activation="gelu").profiled(["tau"]))`` has the profile interval of tau.

A `Profile` follows the maximum with one coordinate held, over the values of that coordinate. With l the maximum of the
log-likelihood and l(v) the maximum where the coordinate is v, the values that data do not exclude at 95% are {v: 2 (l -
l(v)) <= 1.96^2}: the profile interval. The root (2 (l - l(v)))^(1/2) is nearly linear in v, and a line where the
likelihood is quadratic.

Example: ``Profile.of(problem, optimum.u, 0).end(1).value`` is the upper end of the interval of the first coordinate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import brentq

from temperance.numerics.estimation.data import Units
from temperance.numerics.fitting.climb import EXACT, FLAT, Stop
from temperance.numerics.fitting.fits import LayoutFit, ModelFit, Name, formula_problem
from temperance.numerics.fitting.problem import Problem, layout_problem
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.mixture.activation_numpy import Floats, compile_activation
from temperance.numerics.mixture.likelihood import needs_machine_code
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation

Ends = tuple[Literal["closed", "edge", "higher"], Literal["closed", "edge", "higher"]]
TAILS = (0.01, 0.05)
"""The curvature misleads where the likelihood ratio gives an end of its interval a tail outside of these, not 2.5%."""
_WORDS = {
    "closed": "",
    "edge": "open {side}: reaches the edge of the box",
    "higher": "no end {side}: the likelihood is higher there than at the fit, and more starts may find its maximum",
}


@dataclass(frozen=True)
class ProfileInterval:
    """The profile interval at 95% of one number: column is that of x where the parameter has several, else None.

    ends: how the lower and the upper end were reached: "closed", "edge" (of the box; the interval is open there), or
    "higher" (the likelihood rises above that of the fit, so that there is no end).
    """

    parameter: str
    atom: int | None
    column: str | None
    low: float
    high: float
    ends: Ends

    def __str__(self) -> str:
        """In a line."""
        name = self.parameter if self.column is None else f"{self.parameter} ({self.column})"
        name = name if self.atom is None else f"{name} of atom {self.atom}"
        sides = zip(self.ends, ("below", "above"), strict=True)
        notes = [_WORDS[kind].format(side=side) for kind, side in sides if kind != "closed"]
        return "; ".join([f"profile interval of {name}: [{self.low:.5g}, {self.high:.5g}]", *notes])


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The likelihood around a fit, in coordinates u (p,) each of which is a parameter that the user reads.

    A parameter is scale u + shift, or the exponential of that where logs says so. indices: of u, by the names of the
    parameters, several for one that has an entry for each column of x.
    """

    problem: Problem
    u: Floats
    scale: Floats
    shift: Floats
    logs: np.ndarray
    indices: dict[Name, list[int]]

    def natural(self, index: int, u: float) -> float:
        """The parameter at a value of its coordinate."""
        value = self.scale[index] * u + self.shift[index]
        return float(np.exp(value) if self.logs[index] else value)

    def interval(self, index: int) -> tuple[End, End]:
        """The ends of a profile interval, in the parameter."""
        profile = Profile.of(self.problem, self.u, index)
        low, high = (end._replace(value=self.natural(index, end.value)) for end in (profile.end(-1), profile.end(1)))
        return low, high

    def tails(self, index: int, ends: tuple[float, float]) -> list[float]:
        """The tails that the likelihood ratio gives to the ends of an interval, those outside of the box left out."""
        profile, problem, tails = Profile.of(self.problem, self.u, index), self.problem, []
        for end in ends:
            value = ((np.log(end) if self.logs[index] else end) - self.shift[index]) / self.scale[index]
            if problem.lower[index] <= value <= problem.upper[index]:
                root = profile.root(profile.onwards(float(value), [profile.top]))
                tails.append(NormalDist().cdf(-root))
        return tails


def of_layout(fit: LayoutFit, source: Activation, points: Points, units: Units) -> Surroundings:
    """Those of a fit with linear experts in the units in which it was searched; points: in those of the data.

    Where x was centred the box has room for all that is in it once it is not. Where tau is free and no data tell it,
    the coordinates of the gate are the ratios to it.
    """
    gate = replace(compile_activation(source), machine_code=needs_machine_code(fit.layout.k, points.x))
    layout, plain = fit.layout, replace(units, x_centre=0.0 * units.x_centre)
    (searched, centre), (matrix, shift) = units.matrix(layout), plain.matrix(layout)
    scale, names = matrix.diagonal().copy(), list(fit.names)
    to_plain, aside = searched / scale[:, None], (centre - shift) / scale
    lower, upper = fit.box.bounds(layout)
    u, middle, reach = to_plain @ fit.theta + aside, to_plain @ (lower + upper) / 2 + aside, upper - lower
    reach, free = np.abs(to_plain) @ reach / 2, np.ones(len(u), dtype=bool)
    if gate.source.is_linear:
        gates, tau = np.array([name in ("beta1", "beta0") for name, _ in names]), float(fit.measure.tau)
        u = np.where(gates, u / tau, u)
        reach = np.where(gates, reach / (tau if layout.tau is not None else fit.box.tau[0]), reach)
        if layout.tau is None:
            free[0] = False
            names = [(f"{name}/tau" if at else name, atom) for (name, atom), at in zip(names, gates, strict=True)]
        else:
            scale = np.where(gates, scale * tau, scale)
        layout = replace(layout, tau=1.0)
    problem = layout_problem(layout, gate, plain.rescale(points), fit.box)
    problem = replace(problem, lower=(middle - reach)[free], upper=(middle + reach)[free])
    names = [name for name, at in zip(names, free, strict=True) if at]
    return Surroundings(problem, u[free], scale[free], shift[free], fit.logs[free], _indices(names, range(len(names))))


def of_model(fit: ModelFit, points: Points, noise: str) -> Surroundings:
    """Those of a fit to formulas; noise: each, common or known."""
    variance = fit.values["nu", 0] if noise == "known" else None
    problem = formula_problem(fit.spec, fit.k, points, fit.box, "common" if noise == "common" else variance)
    at, scale = problem.places, np.ones(len(problem.places))
    moved = [i for i in range(len(fit.names)) if fit.moves[i].any()]
    indices = _indices([fit.names[i] for i in moved], [int(fit.moves[i].argmax()) for i in moved])
    return Surroundings(problem, fit.theta[at], scale, 0 * scale, fit.logs[at], indices)


def _indices(names: Sequence[Name], at: Sequence[int]) -> dict[Name, list[int]]:
    """The indices of coordinates by names that several may have."""
    indices: dict[Name, list[int]] = {}
    for name, index in zip(names, at, strict=True):
        indices.setdefault(name, []).append(index)
    return indices


def intervals(around: Surroundings, names: Sequence[Name], columns: Sequence[str]) -> Iterator[ProfileInterval]:
    """The profile intervals of parameters, of each entry of those that have one for each column of x."""
    for parameter, atom in names:
        indices = around.indices[parameter, atom]
        for index, column in zip(indices, columns if len(indices) > 1 else [None], strict=True):
            low, high = around.interval(index)
            yield ProfileInterval(parameter, atom, column, low.value, high.value, (low.kind, high.kind))


def misled(around: Surroundings, name: str, interval: tuple[float, float]) -> list[str]:
    """That the curvature misleads about a shared parameter with a 95% interval, in a line, where it does."""
    tails = [t for index in around.indices.get((name, None), []) for t in around.tails(index, interval)]
    if all(TAILS[0] <= tail <= TAILS[1] for tail in tails):
        return []
    percents = " and ".join(f"{100 * tail:.2g}%" for tail in tails)
    return [
        f"the curvature misleads about {name}: beyond its 95% interval the likelihood ratio has tails of {percents}, "
        f"not 2.5%; --profile {name} gives the interval by the likelihood"
    ]


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
