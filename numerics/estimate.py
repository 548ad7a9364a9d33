"""Fit a mixture of experts to a user's data: estimates with standard errors, and what they do not say in plain words.

Example: ``fit(x, y, fitted=2, activation="tanh").as_json()``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics import mle
from numerics.compiled import CompiledActivation, compile_activation
from numerics.kernels import is_linear
from numerics.measures import Gauge, Layout
from numerics.mle import Box, Fit
from numerics.newton import scaled_spectrum
from numerics.points import ArrayPoints
from theory.activations import Activation, activation

Floats = NDArray[np.float64]
GateName = Literal["linear", "softmax", "activation"]
Value = float | list[float]

_MOVES = 1e-6  # part of a function's gradient along flat directions that makes it not identifiable
_FLAT = 1e-8


@dataclass(frozen=True)
class Estimate:
    """One parameter, or identifiable function of parameters, of one atom (None: shared by all).

    value and se: a number, for beta1 and a with d > 1 a list. se is None where there is none: not identifiable, at the
    edge of the box, or the search did not end at a maximum.
    """

    parameter: str
    atom: int | None
    value: Value
    se: Value | None
    identifiable: bool


@dataclass(frozen=True, eq=False)
class FitResult:
    """Estimates, the fit they come from, and warnings in plain words."""

    estimates: tuple[Estimate, ...]
    warnings: tuple[str, ...]
    fit: Fit

    def as_json(self) -> dict[str, Any]:
        """The object that `temperance fit --json` prints."""
        names = [name if atom is None else f"{name}_{atom + 1}" for name, atom in self.fit.layout.names]
        return {
            "estimates": [asdict(e) for e in self.estimates],
            "status": self.fit.status,
            "starts": self.fit.starts,
            "agree": self.fit.agree,
            "flat_directions": [_named(names, v) for v in self.fit.flat_directions],
            "warnings": list(self.warnings),
            "loglik": self.fit.log_likelihood,
            "box": asdict(self.fit.box),
        }


def _named(names: list[str], vector: Floats) -> dict[str, Value]:
    """The entries of a vector by the names of the coordinates (tau and nu stand for their logarithms)."""
    values: dict[str, Value] = {}
    for name in dict.fromkeys(names):
        part = [float(v) for n, v in zip(names, vector, strict=True) if n == name]
        values[name] = part[0] if len(part) == 1 else part
    return values


class _Errors:
    """Standard errors of functions of theta by the delta method, on the coordinates that are free to move."""

    def __init__(self, result: Fit) -> None:
        lower, upper = result.box.bounds(result.layout)
        self.flat = result.flat_directions
        self.held = (result.theta <= lower) | (result.theta >= upper)
        scale, values, vectors = scaled_spectrum(result.information[np.ix_(~self.held, ~self.held)])
        curved = values > _FLAT
        self.root = vectors[:, curved] / np.sqrt(values[curved]) / scale[:, None]
        self.stationary = result.status in ("converged", "at_bound")

    def identifiable(self, gradient: Floats) -> bool:
        """Whether the function stays put along the flat directions."""
        return bool(np.linalg.norm(self.flat @ gradient) <= _MOVES * np.linalg.norm(gradient))

    def of(self, gradient: Floats) -> float | None:
        """Standard error of the function with this gradient in theta."""
        if not self.stationary or not self.identifiable(gradient) or gradient[self.held].any():
            return None
        return float(np.linalg.norm(gradient[~self.held] @ self.root))


def _rows(result: Fit) -> list[tuple[str, int | None, list[float], list[Floats]]]:
    """(parameter, atom, values, gradients in theta) of the coordinates, tau and nu in their own units."""
    rows: list[tuple[str, int | None, list[float], list[Floats]]] = []
    for j, (name, atom) in enumerate(result.layout.names):
        logarithm = name in ("tau", "nu")
        value = float(np.exp(result.theta[j])) if logarithm else float(result.theta[j])
        gradient = np.zeros(result.layout.size)
        gradient[j] = value if logarithm else 1.0
        if rows and rows[-1][:2] == (name, atom):
            rows[-1][2].append(value)
            rows[-1][3].append(gradient)
        else:
            rows.append((name, atom, [value], [gradient]))
    return rows


def _over_tau(result: Fit) -> list[tuple[str, int | None, list[float], list[Floats]]]:
    """The same for beta1/tau and beta0/tau: what the linear gate determines."""
    tau, rows = float(result.measure.tau), []
    for name, atom, values, gradients in _rows(result):
        if name in ("beta1", "beta0"):
            moved = [g / tau for g in gradients]
            for value, g in zip(values, moved, strict=True):
                g[0] = -value / tau
            rows.append((f"{name}/tau", atom, [v / tau for v in values], moved))
    return rows


def _estimates(result: Fit, linear: bool) -> tuple[Estimate, ...]:
    rows = _rows(result) + (_over_tau(result) if linear and result.layout.tau is None else [])
    errors = _Errors(result)
    estimates = []
    for name, atom, values, gradients in rows:
        se = [errors.of(g) for g in gradients]
        known = [e for e in se if e is not None]
        complete: Value | None = None if len(known) < len(se) else known if len(se) > 1 else known[0]
        value: Value = values if len(values) > 1 else values[0]
        estimates.append(Estimate(name, atom, value, complete, all(errors.identifiable(g) for g in gradients)))
    return tuple(estimates)


def _named_atom(parameter: str, atom: int | None) -> str:
    return parameter if atom is None else f"{parameter} of atom {atom + 1}"


def _warnings(result: Fit, linear: bool, estimates: tuple[Estimate, ...]) -> tuple[str, ...]:
    notes = []
    scale = linear and result.layout.tau is None
    if scale:
        notes.append("tau is not identifiable with the linear gate: only beta1/tau and beta0/tau are")
    unknown = [_named_atom(e.parameter, e.atom) for e in estimates if not e.identifiable]
    if unknown and len(result.flat_directions) > scale:
        notes.append(
            "the likelihood is flat in more than the theory of the gate says: not determined are " + ", ".join(unknown)
        )
    if result.status == "spike":
        notes.append("an atom has collapsed on fewer points than it has parameters: this is not an estimate")
    if result.status == "max_steps":
        notes.append("the search ran out of steps before it reached a maximum: this is not an estimate")
    for name, atom in dict.fromkeys(result.bounds):
        notes.append(f"{_named_atom(name, atom)} is at the edge of the box, which is part of the estimator")
    if result.starts > 1 and result.agree == 1:
        notes.append(f"only 1 of {result.starts} starts reached this likelihood: more starts may reach a higher one")
    return tuple(notes)


def _gate(gate: str, source: str | Activation | None) -> CompiledActivation:
    if gate not in get_args(GateName):
        raise ValueError(f"gate must be one of {', '.join(get_args(GateName))} to be fitted, not {gate!r}")
    if gate == "activation" and source is None:
        raise ValueError("the activation gate needs an activation, a name or an expression in z")
    if gate == "softmax" and source is not None:
        raise ValueError("the softmax gate takes no activation")
    return compile_activation(activation(source if source is not None else "identity"))


def _checked(x: ArrayLike, y: ArrayLike) -> ArrayPoints:
    columns = np.asarray(x, dtype=float)
    points = ArrayPoints(columns[:, None] if columns.ndim == 1 else columns, np.asarray(y, dtype=float))
    for l in range(points.x.shape[1]):
        if points.n and np.ptp(points.x[:, l]) == 0:
            raise ValueError(f"column {l + 1} of x is constant, {points.x[0, l]!s}: its slopes cannot be estimated")
    if points.n and np.ptp(points.y) == 0:
        raise ValueError(f"y is constant, {points.y[0]!s}: there is nothing to fit")
    return points


def fit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    fitted: int,
    gate: str = "linear",
    activation: str | Activation | None = None,
    gauge: Gauge = "free",
    tau: float | None = None,
    starts: int = 10,
    seed: int = 0,
    box: Box | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FitResult:
    """Maximum-likelihood fit of a mixture of `fitted` linear Gaussian experts to x (n, d) or (n,), y (n,).

    gate: "linear" (always anchored), "softmax" (the linear gate with tau = 1) or "activation"; an activation alone
    chooses the last. gauge: of the activation gate. tau: None to estimate it, else its fixed value. box: the compact
    parameter set, by default wide and made from the scale of the data. progress is called with the starts done and
    their number. Raises ValueError for data or options that make no fit.
    """
    if activation is not None and gate == "linear":
        gate = "activation"
    compiled = _gate(gate, activation)
    linear = is_linear(compiled.source)
    points = _checked(x, y)
    if starts < 1 or seed < 0:
        raise ValueError(f"starts must be at least 1 and seed not negative, not {starts}, {seed}")
    layout = Layout(fitted, points.x.shape[1], "anchored" if linear else gauge, 1.0 if gate == "softmax" else tau)
    if points.n < layout.size:
        raise ValueError(f"{points.n} points are fewer than the {layout.size} parameters of {fitted} atoms")
    box = box or Box.for_data(points.x, points.y)
    result = mle.fit_points(layout, compiled, points, box=box, starts=starts, seed=seed, progress=progress)
    estimates = _estimates(result, linear)
    return FitResult(estimates, _warnings(result, linear, estimates), result)
