"""Standard errors of the parameters of a fit, and of the functions that are identifiable where some of them are not.

Example: ``Errors(found, proved, matrix).of(gradient)`` for each gradient in ``parameters(found)``.
"""

from __future__ import annotations

from itertools import groupby
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from temperance.numerics.estimation.identifiability import Proved
from temperance.numerics.fitting.climb import FLAT, scaled_spectrum
from temperance.numerics.fitting.mle import Fit
from temperance.numerics.mixture.activation_numpy import Floats

Interval = tuple[float, float]
Caveat = Literal["edge", "near edge", "no maximum", "singular", "no estimate", "held"]
Scale = Literal["real", "log", "unit"]
"""On which scale a function has its interval: as it is, by its logarithm (positive numbers), or within [-1, 1]."""

_QUANTILE = NormalDist().inv_cdf(0.975)
_MOVES = 1e-6  # part of a function's gradient along flat directions that makes it not identifiable
_TOUCHED = 0.1  # standard errors by which a function moves with an edge before it is said


def interval(value: float, se: float, scale: Scale) -> Interval:
    """The 95% interval, on a scale."""
    ends = np.array([-1.0, 1.0]) * _QUANTILE * se
    with np.errstate(over="ignore"):
        low, high = value * np.exp(ends / value) if scale == "log" else value + ends
    return (max(float(low), -1.0), min(float(high), 1.0)) if scale == "unit" else (float(low), float(high))


class Row(NamedTuple):
    """Functions of theta: parameter, atom, values (m,), their gradients in theta (m, p), and the scale."""

    name: str
    atom: int | None
    values: Floats
    gradients: Floats
    scale: Scale = "real"


class Told(NamedTuple):
    """Standard error of a function, whether it is identifiable, and what keeps it from being used as it is."""

    se: float | None
    identifiable: bool | None
    caveat: Caveat | None = None


class Errors:
    """Standard errors of functions of theta by the delta method, on the coordinates that are free to move.

    result: the fit of the data as they were searched; proved: what theory says of it; matrix: A of `Units.matrix`, for
    gradients in the data's units; lost (p,): coordinates that have no maximum. Flows proved count as flat whatever the
    information is. It may add directions, which are no statement on the data: a point where it vanishes may be a
    saddle. They are flat where there is one, it moves tau, and the profile of tau is level; and where they are as many
    as a gate has more parameters than values at the x of the data (fewer): on a manifold these values are constant. A
    flow that moves a coordinate at the edge of the box frees it: functions that the flow keeps have errors all the
    same. A function that follows the edge has none: to first order it moves by more than its standard error when every
    edge that holds a coordinate is twice as far out (tau and nu: by a factor of two).
    """

    def __init__(
        self, result: Fit, proved: Proved, matrix: Floats, lost: NDArray[np.bool_], *, level: bool, fewer: int
    ) -> None:
        self.matrix, self.stationary, self.lost, self.held = matrix, result.is_estimate, lost, result.held
        information = result.information[np.ix_(~self.held, ~self.held)]
        flows, self.blocked = proved.every, self.held.copy()
        if len(flows) and self.held.any():
            left, sizes, _ = np.linalg.svd(flows[:, self.held])
            rank = int((sizes > _MOVES * max(1.0, float(sizes.max()))).sum())
            # so many of those held are a choice of the place on the orbit, tau before others
            _, upper = np.linalg.qr(left[:, :rank].T @ flows[:, self.held])
            steps = np.abs(upper) > _MOVES * max(1.0, float(sizes.max()))
            self.blocked[np.flatnonzero(self.held)[steps[steps.any(axis=1)].argmax(axis=1)]] = False
            flows = left[:, rank:].T @ flows
        scale, values, vectors = scaled_spectrum(information)
        if len(flows):
            across = null_space(flows[:, ~self.held] * scale)
            values, vectors = np.linalg.eigh(across.T @ (information / np.outer(scale, scale)) @ across)
            vectors = across @ vectors
        curved = values > FLAT
        self.root = vectors[:, curved] / np.sqrt(values[curved]) / scale[:, None]
        # the free coordinates follow those held as -(their information)^-1 (the cross information)
        edges = np.array([name in ("tau", "nu") for name, _ in result.layout.names])
        self.doubled = (np.where(edges, np.log(2), np.abs(result.theta)) * self.blocked)[self.held]
        self.pull = -self.root.T @ result.information[np.ix_(~self.held, self.held)] @ self.doubled
        more = np.zeros((int((np.abs(values) <= FLAT).sum()), len(self.held)))
        more[:, ~self.held] = (vectors[:, np.abs(values) <= FLAT] / scale[:, None]).T
        self.known, self.found = _units(proved.every), _units(more)
        self.by_values = len(self.found) == fewer > 0
        self.is_flat = self.by_values or (level and len(self.found) == 1 and bool(self.found[0, 0]))

    def left_open(self, gradient: Floats) -> bool:
        """Whether the information tells nothing of the function with this gradient, where theory does not say why."""
        gradient = gradient @ self.matrix
        return not (_moves(gradient, self.known) or gradient[self.lost].any()) and _moves(gradient, self.found)

    def of(self, gradient: Floats) -> Told:
        """What is told of the function with this gradient in theta."""
        gradient = gradient @ self.matrix
        if _moves(gradient, self.known):
            return Told(None, False)
        if gradient[self.lost].any():
            return Told(None, None, "no maximum")
        if not self.stationary:
            return Told(None, None, "no estimate")
        if _moves(gradient, self.found):
            return Told(None, False) if self.is_flat else Told(None, None, "singular")
        if gradient[self.blocked].any():
            return Told(None, True, "edge")
        spread = gradient[~self.held] @ self.root
        se, follows = float(np.linalg.norm(spread)), abs(spread @ self.pull + gradient[self.held] @ self.doubled)
        if follows > se > 0:
            return Told(None, True, "edge")
        return Told(se, True, "near edge" if follows > _TOUCHED * se else None)


def parameters(result: Fit) -> list[Row]:
    """The coordinates, tau and nu in their own units."""
    names = result.layout.names
    logarithms = np.array([name in ("tau", "nu") for name, _ in names])
    values = np.where(logarithms, np.exp(np.where(logarithms, result.theta, 0.0)), result.theta)
    gradients = np.diag(np.where(logarithms, values, 1.0))
    groups = [(key, list(places)) for key, places in groupby(range(len(names)), names.__getitem__)]
    return [Row(*key, values[at], gradients[at], "log" if logarithms[at[0]] else "real") for key, at in groups]


def _over_tau(rows: list[Row], tau: float, names: tuple[str, ...]) -> list[Row]:
    """The rows of the names, divided by tau."""
    divided = []
    for name, atom, values, gradients, _ in rows:
        if name in names:
            moved = gradients / tau
            moved[:, 0] = -values / tau
            divided.append(Row(f"{name}/tau", atom, values / tau, moved))
    return divided


def _power_over_tau(rows: list[Row], tau: float, name: str, p: float, signed: bool) -> list[Row]:
    """|beta1|^p/tau, with the sign of a single beta1 if `signed`."""
    powers = []
    for parameter, atom, values, gradients, _ in rows:
        size = float(np.linalg.norm(values))
        if parameter == "beta1" and size > 0:
            value = size**p / tau * (float(np.sign(values[0])) if signed else 1.0)
            gradient = p * value * (values @ gradients) / size**2
            gradient[0] = -value
            powers.append(Row(name, atom, np.array([value]), gradient[None], "real" if signed else "log"))
    return powers


def _directions(rows: list[Row]) -> list[Row]:
    """beta1/|beta1|: for d = 1 a sign, which has no gradient."""
    directions = []
    for parameter, atom, values, gradients, _ in rows:
        size = float(np.linalg.norm(values))
        if parameter == "beta1" and size > 0:
            unit, slopes = values / size, gradients / size
            turned = slopes - np.outer(unit, unit @ slopes) if len(values) > 1 else np.zeros_like(slopes)
            directions.append(Row("beta1/|beta1|", atom, unit, turned, "unit"))
    return directions


def identifiable_functions(result: Fit, rows: list[Row], linear: bool, proved: Proved) -> list[Row]:
    """What a linear or homogeneous gate with a free temperature determines instead of its parameters."""
    tau, failure = float(result.measure.tau), proved.failure
    if result.layout.tau is not None or result.layout.k == 1:
        return []
    if linear:
        return _over_tau(rows, tau, ("beta1", "beta0"))
    if failure is None or failure.kind != "homogeneous":
        return []
    name, ratios = failure.invariants[1], _over_tau(rows, tau, ("beta0",))
    if proved.powers == "odd":
        name = f"sgn(beta1) {name}"
    powers = _power_over_tau(rows, tau, name, float(failure.degree), proved.powers == "odd")
    if proved.powers:
        *powers, (_, last, origin, slope, _) = powers
        less = name.replace("beta1", f"beta1_{last}")
        powers = [Row(f"{name} - {less}", atom, v - origin, g - slope) for _, atom, v, g, _ in powers]
    directions = _directions(rows) if proved.signs or result.layout.d > 1 else []
    return [*directions, *powers, *ratios]


def left_open(rows: list[Row], errors: Errors) -> list[tuple[str, int | None]]:
    """(parameter, atom) of what the information leaves open and the theory does not."""
    return [(row.name, row.atom) for row in rows if any(map(errors.left_open, row.gradients))]


def _units(directions: Floats) -> Floats:
    """The directions (m, p) at unit length, without those that are 0."""
    sizes = np.linalg.norm(directions, axis=1)
    return directions[sizes > 0] / sizes[sizes > 0, None]


def _moves(gradient: Floats, directions: Floats) -> bool:
    """Whether a function changes along some directions."""
    return bool(np.linalg.norm(directions @ gradient) > _MOVES * np.linalg.norm(gradient))
