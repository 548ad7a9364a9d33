"""Standard errors of the parameters of a fit, and of the functions that are identifiable where some of them are not.

Example: ``Errors(found, proved, matrix).of(gradient)`` for each gradient in ``parameters(found)``.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from scipy.linalg import null_space

from temperance.numerics.estimation.identifiability import Proved
from temperance.numerics.fitting.mle import Fit
from temperance.numerics.fitting.newton import FLAT, scaled_spectrum
from temperance.numerics.mixture.activation_numpy import Floats

Row = tuple[str, int | None, Floats, Floats]
"""(parameter, atom, values (m,), their gradients in theta (m, p))."""

_MOVES = 1e-6  # part of a function's gradient along flat directions that makes it not identifiable


class Errors:
    """Standard errors of functions of theta by the delta method, on the coordinates that are free to move.

    result: the fit of the data as they were searched; proved: what theory says of it; matrix: A of `Units.matrix`, for
    gradients in the data's units. Flows proved count as flat whatever the information is; it may add directions. A flow
    that moves a coordinate at the edge of the box frees it: functions that the flow keeps have errors all the same.
    A function that follows the edge has none: to first order it moves by more than its standard error when every edge
    that holds a coordinate is twice as far out (tau and nu: by a factor of two).
    """

    def __init__(self, result: Fit, proved: Proved, matrix: Floats) -> None:
        self.matrix, self.stationary = matrix, result.is_estimate
        self.held = result.held
        information = result.information[np.ix_(~self.held, ~self.held)]
        flows, self.blocked = proved.flows, self.held
        if len(flows) and self.held.any():
            left, sizes, _ = np.linalg.svd(flows[:, self.held])
            rank = int((sizes > _MOVES * max(1.0, float(sizes.max()))).sum())
            flows = left[:, rank:].T @ flows
            if rank == self.held.sum():
                self.blocked = np.zeros_like(self.held)
        scale, values, vectors = scaled_spectrum(information)
        if len(flows):
            across = null_space(flows[:, ~self.held] * scale)
            values, vectors = np.linalg.eigh(across.T @ (information / np.outer(scale, scale)) @ across)
            vectors = across @ vectors
        curved = values > FLAT
        self.root = vectors[:, curved] / np.sqrt(values[curved]) / scale[:, None]
        # the free coordinates follow those held as -(their information)^-1 (the cross information)
        edges = np.array([name in ("tau", "nu") for name, _ in result.layout.names])
        self.doubled = np.where(edges, np.log(2), np.abs(result.theta))[self.held]
        self.pull = -self.root.T @ result.information[np.ix_(~self.held, self.held)] @ self.doubled
        more = np.zeros((int((np.abs(values) <= FLAT).sum()), len(self.held)))
        more[:, ~self.held] = (vectors[:, np.abs(values) <= FLAT] / scale[:, None]).T
        flat = np.vstack([proved.flows, more])
        self.flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        self.found = self.flat[len(proved.flows) :]

    def moves(self, gradient: Floats, directions: Floats) -> bool:
        """Whether a function with this gradient in theta changes along some directions."""
        gradient = gradient @ self.matrix
        return bool(np.linalg.norm(directions @ gradient) > _MOVES * np.linalg.norm(gradient))

    def of(self, gradient: Floats) -> tuple[float | None, bool | None]:
        """Standard error of the function with this gradient in theta, and whether the function is identifiable."""
        if self.moves(gradient, self.flat):
            return None, False
        if not self.stationary:
            return None, None
        gradient = gradient @ self.matrix
        if gradient[self.blocked].any():
            return None, True
        spread = gradient[~self.held] @ self.root
        se = float(np.linalg.norm(spread))
        follows = abs(spread @ self.pull + gradient[self.held] @ self.doubled) > se > 0
        return None if follows else se, True


def parameters(result: Fit) -> list[Row]:
    """The coordinates, tau and nu in their own units."""
    names = result.layout.names
    logarithms = np.array([name in ("tau", "nu") for name, _ in names])
    values = np.where(logarithms, np.exp(np.where(logarithms, result.theta, 0.0)), result.theta)
    gradients = np.diag(np.where(logarithms, values, 1.0))
    groups = [(key, list(places)) for key, places in groupby(range(len(names)), names.__getitem__)]
    return [(name, atom, values[at], gradients[at]) for (name, atom), at in groups]


def _over_tau(rows: list[Row], tau: float, names: tuple[str, ...]) -> list[Row]:
    """The rows of the names, divided by tau."""
    divided = []
    for name, atom, values, gradients in rows:
        if name in names:
            moved = gradients / tau
            moved[:, 0] = -values / tau
            divided.append((f"{name}/tau", atom, values / tau, moved))
    return divided


def _power_over_tau(rows: list[Row], tau: float, name: str, p: float, signed: bool) -> list[Row]:
    """|beta1|^p/tau, with the sign of a single beta1 if `signed`."""
    powers = []
    for parameter, atom, values, gradients in rows:
        size = float(np.linalg.norm(values))
        if parameter == "beta1" and size > 0:
            value = size**p / tau * (float(np.sign(values[0])) if signed else 1.0)
            gradient = p * value * (values @ gradients) / size**2
            gradient[0] = -value
            powers.append((name, atom, np.array([value]), gradient[None]))
    return powers


def _directions(rows: list[Row]) -> list[Row]:
    """beta1/|beta1|: for d = 1 a sign, which has no gradient."""
    directions = []
    for parameter, atom, values, gradients in rows:
        size = float(np.linalg.norm(values))
        if parameter == "beta1" and size > 0:
            unit, slopes = values / size, gradients / size
            turned = slopes - np.outer(unit, unit @ slopes) if len(values) > 1 else np.zeros_like(slopes)
            directions.append(("beta1/|beta1|", atom, unit, turned))
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
        *powers, (_, last, origin, slope) = powers
        less = name.replace("beta1", f"beta1_{last}")
        powers = [(f"{name} - {less}", atom, v - origin, g - slope) for _, atom, v, g in powers]
    directions = _directions(rows) if proved.signs or result.layout.d > 1 else []
    return [*directions, *powers, *ratios]


def left_open(rows: list[Row], errors: Errors, proved: Proved) -> list[tuple[str, int | None]]:
    """(parameter, atom) of what the information leaves open and the theory does not."""
    return [
        (name, atom)
        for name, atom, _, gradients in rows
        if any(errors.moves(g, errors.found) and not errors.moves(g, proved.flows) for g in gradients)
    ]
