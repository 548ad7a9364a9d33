"""Profile intervals of the parameters of a fit, as the user reads them, and whether the curvature misleads.

A standard error replaces the likelihood by a parabola. The profile interval does not (`fitting.profile`).

Example: ``print(fit(x, y, fitted=2, activation="gelu").profiled(["tau"]))`` has the profile interval of tau.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np

from temperance.numerics.estimation.data import Units
from temperance.numerics.fitting.fits import LayoutFit, ModelFit, Name, formula_problem
from temperance.numerics.fitting.problem import Problem, layout_problem
from temperance.numerics.fitting.profile import End, Profile
from temperance.numerics.mixture.activation_numpy import Floats, compile_activation
from temperance.numerics.mixture.generated import needs_machine_code
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
