"""Standard errors of the parameters of a fit, and of the functions that are identifiable where some of them are not.

One path for every gate and expert: a row of functions of theta with their gradients (`parameters`,
`identifiable_functions`), and `Errors`, made of where the search ended and of what theory proves.

Example: ``[estimate_of(row, errors) for row in parameters(fit)]``.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from temperance.numerics.estimation.identifiability import Proved
from temperance.numerics.estimation.result import Caveat, Estimate, Interval
from temperance.numerics.fitting.climb import FLAT, scaled_spectrum
from temperance.numerics.fitting.fits import Fit, LayoutFit
from temperance.numerics.mixture.activation_numpy import Floats

Bools = NDArray[np.bool_]
Scale = Literal["real", "log", "unit"]
"""On which scale a function has its interval: as it is, by its logarithm (positive numbers), or within [-1, 1]."""

_QUANTILE = NormalDist().inv_cdf(0.975)
_MOVES = 1e-6  # part of a function's gradient along flat directions that makes it not identifiable
_TOUCHED = 0.1  # standard errors by which a function moves with an edge before it is said


class Row(NamedTuple):
    """Functions of theta: parameter, atom, values (m,), their gradients in theta (m, p), and the scale.

    held: whether they are parameters that are not fitted.
    """

    name: str
    atom: int | None
    values: Floats
    gradients: Floats
    scale: Scale = "real"
    held: bool = False


class StandardError(NamedTuple):
    """Standard error of a function, whether it is identifiable, and what keeps it from being used as it is."""

    se: float | None
    identifiable: bool | None
    caveat: Caveat | None = None


class Errors:
    """Standard errors of functions of theta by the delta method, on the coordinates that are free to move.

    fit: where the search ended, in the units that it had; flows (m, p): directions that theory proves to be flat;
    matrix: A of `Units.matrix`, for gradients in the data's units, where these are others; lost (p,): coordinates that
    have no maximum. Flows count as flat whatever the information is. It may add directions, which are no statement on
    the data: a point where it vanishes may be a saddle. They are flat where there is one, it moves tau, and the profile
    of tau is level; and where they are at most as many as a gate has more parameters than values at the x of the data
    (open_dimensions): on a manifold these values are constant.

    A flow that moves a coordinate at the edge of the box frees it: functions that the flow keeps have errors all the
    same. A function that follows the edge has none: to first order it moves by more than its standard error when every
    edge that holds a coordinate is twice as far out (tau and nu: by a factor of two).
    """

    def __init__(
        self,
        fit: Fit,
        flows: Floats,
        matrix: Floats | None = None,
        lost: Bools | None = None,
        *,
        level: bool = False,
        open_dimensions: int = 0,
    ) -> None:
        free = fit.moves.argmax(axis=0)
        size, self.held = len(free), fit.edge[free]
        self.matrix = np.eye(size) if matrix is None else matrix
        self.lost = np.zeros(size, dtype=bool) if lost is None else lost
        self.stationary = fit.is_estimate
        information = fit.information[np.ix_(~self.held, ~self.held)]
        self.proved, self.blocked = _units(flows), self.held.copy()
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
        self.doubled = (np.where(fit.logs, np.log(2), np.abs(fit.theta))[free] * self.blocked)[self.held]
        self.pull = -self.root.T @ fit.information[np.ix_(~self.held, self.held)] @ self.doubled
        more = np.zeros((int((np.abs(values) <= FLAT).sum()), size))
        more[:, ~self.held] = (vectors[:, np.abs(values) <= FLAT] / scale[:, None]).T
        self.flat = _units(more)
        self.is_counted = 0 < len(self.flat) <= open_dimensions
        self.is_flat = self.is_counted or (level and len(self.flat) == 1 and bool(self.flat[0, 0]))

    def leaves_open(self, row: Row) -> bool:
        """Whether the information tells nothing of some function of a row, where theory does not say why."""
        return self.stationary and any(
            not (_moves(g, self.proved) or g[self.lost].any()) and _moves(g, self.flat)
            for g in row.gradients @ self.matrix
        )

    def of(self, gradient: Floats) -> StandardError:
        """The standard error of the function with this gradient in theta, or why there is none."""
        gradient = gradient @ self.matrix
        if _moves(gradient, self.proved):
            return StandardError(None, False)
        if gradient[self.lost].any():
            return StandardError(None, None, "no maximum")
        if not self.stationary:
            return StandardError(None, None, "no estimate")
        if _moves(gradient, self.flat):
            return StandardError(None, False) if self.is_flat else StandardError(None, None, "singular")
        if gradient[self.blocked].any():
            return StandardError(None, True, "edge")
        spread = gradient[~self.held] @ self.root
        se, follows = float(np.linalg.norm(spread)), abs(spread @ self.pull + gradient[self.held] @ self.doubled)
        if follows > se > 0:
            return StandardError(None, True, "edge")
        return StandardError(se, True, "near edge" if follows > _TOUCHED * se else None)


def estimate_of(row: Row, errors: Errors, twins: Collection[str] = ()) -> Estimate:
    """A row with its standard errors and intervals, or why there are none; twins: names that have another value."""
    name, atom, _, gradients, scale, held = row
    values: list[float] = row.values.tolist()
    if held:
        return Estimate(name, atom, _unwrap(values), None, None, caveat="held")
    entries = [StandardError(None, False) if name in twins else errors.of(g) for g in gradients]
    verdicts = [e.identifiable for e in entries]
    identifiable = False if False in verdicts else None if None in verdicts else True
    caveat = next((e.caveat for e in entries if e.caveat and e.identifiable is identifiable), None)
    sizes = [e.se for e in entries if e.se is not None]
    if len(sizes) < len(values) or not np.any(gradients):
        return Estimate(name, atom, _unwrap(values), None, identifiable, caveat=caveat)
    ends = [_interval(value, size, scale) for value, size in zip(values, sizes, strict=True)]
    return Estimate(
        name, atom, _unwrap(values), _unwrap(sizes), identifiable, ends if len(ends) > 1 else ends[0], caveat
    )


def _unwrap(values: list[float]) -> float | list[float]:
    """The values; the only one as itself."""
    return values if len(values) > 1 else values[0]


def _interval(value: float, se: float, scale: Scale) -> Interval:
    """The 95% interval, on a scale."""
    ends = np.array([-1.0, 1.0]) * _QUANTILE * se
    with np.errstate(over="ignore"):
        low, high = value * np.exp(ends / value) if scale == "log" else value + ends
    return (max(float(low), -1.0), min(float(high), 1.0)) if scale == "unit" else (float(low), float(high))


def parameters(fit: Fit) -> list[Row]:
    """The parameters of a fit, in their own units."""
    values = fit.natural
    gradients = fit.moves * np.where(fit.logs, values, 1.0)[:, None]
    groups = [(key, list(places)) for key, places in groupby(range(len(values)), fit.names.__getitem__)]
    return [
        Row(*key, values[at], gradients[at], "log" if fit.logs[at[0]] else "real", held=not gradients[at].any())
        for key, at in groups
    ]


def identifiable_functions(result: LayoutFit, rows: list[Row], linear: bool, proved: Proved) -> list[Row]:
    """What a linear or homogeneous gate with a free temperature determines instead of its parameters."""
    tau, failure = float(result.measure.tau), proved.failure
    if result.layout.tau is not None or result.layout.k == 1:
        return []
    if linear:
        return [_over_tau(row, tau) for row in rows if row.name in ("beta1", "beta0")]
    if failure is None or failure.kind != "homogeneous":
        return []
    gates, signed = [row for row in rows if row.name == "beta1" and row.values.any()], proved.powers == "odd"
    name = f"{'sgn(beta1) ' * signed}{failure.invariants[1]}"
    powers = [_power_over_tau(row, tau, name, float(failure.degree), signed=signed) for row in gates]
    if proved.powers:
        *powers, last = powers
        name = f"{name} - {name.replace('beta1', f'beta1_{last.atom}')}"
        powers = [Row(name, r.atom, r.values - last.values, r.gradients - last.gradients) for r in powers]
    directions = [_direction(row) for row in gates] if proved.signs or result.layout.d > 1 else []
    return [*directions, *powers, *(_over_tau(row, tau) for row in rows if row.name == "beta0")]


def _over_tau(row: Row, tau: float) -> Row:
    """The row divided by tau."""
    values = row.values / tau
    return _composed(row, f"{row.name}/tau", values, np.eye(len(values)) / tau, -values)


def _power_over_tau(row: Row, tau: float, name: str, p: float, *, signed: bool) -> Row:
    """|beta1|^p/tau, with the sign of a single beta1 if `signed`."""
    square = float(row.values @ row.values)
    value = np.array([square ** (p / 2) / tau * (float(np.sign(row.values[0])) if signed else 1.0)])
    return _composed(row, name, value, p * value * row.values[None] / square, -value, "real" if signed else "log")


def _direction(row: Row) -> Row:
    """beta1/|beta1|: for d = 1 a sign, which has no gradient."""
    size = float(np.linalg.norm(row.values))
    unit = row.values / size
    return _composed(row, "beta1/|beta1|", unit, (np.eye(len(unit)) - np.outer(unit, unit)) / size, 0 * unit, "unit")


def _composed(row: Row, name: str, values: Floats, slopes: Floats, by_log_tau: Floats, scale: Scale = "real") -> Row:
    """Functions of the values of a row, with their slopes by these (m, q), and of log tau, the first in theta."""
    gradients = slopes @ row.gradients
    gradients[:, 0] += by_log_tau
    return Row(name, row.atom, values, gradients, scale)


def _units(directions: Floats) -> Floats:
    """The directions (m, p) at unit length, without those that are 0."""
    sizes = np.linalg.norm(directions, axis=1)
    return directions[sizes > 0] / sizes[sizes > 0, None]


def _moves(gradient: Floats, directions: Floats) -> bool:
    """Whether a function changes along some directions."""
    return bool(np.linalg.norm(directions @ gradient) > _MOVES * np.linalg.norm(gradient))
