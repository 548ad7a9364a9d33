"""Certificates of sample sizes: bounds of n from above, y on the whole line, at a point or over a box (theory.md 6.7).

What is found here in doubles is proved by `theory.checker.sample_size_checker`, in balls and from the model on.

Example: ``certificate(truth, "anchored", gate, -3, 3, precision=0.1)["bound"]`` is a little above n.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from temperance.numerics.information.fisher import information
from temperance.numerics.information.quadrature import quadrature
from temperance.numerics.mixture.activation_numpy import Compilable, CompiledActivation, compiled
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure
from temperance.theory.checker.sample_size_checker import FORMAT, check, proved_bound, statement
from temperance.theory.rates.true_point import exact

INTERVALS = 200
_REACH, _PER_DEVIATION = 5.5, 3.0  # of the cells of y, in the least standard deviation
_ROUNDED = 1e-12  # more than the rounding of the bound to a double


def certificate(
    truth: MixingMeasure,
    gauge: Gauge,
    gate: Compilable,
    low: float,
    high: float,
    *,
    precision: float = 0.1,
    radii: Mapping[str, float] | None = None,
    parts: Mapping[str, int] | None = None,
    intervals: int = INTERVALS,
) -> dict[str, Any]:
    """A certificate of n for tau, accepted by the checker.

    Args:
        truth: two atoms, d = 1.
        gauge: of the gate.
        gate: s, by name or compiled; one formula on the whole line.
        low, high: x is uniform on [low, high].
        precision: relative standard error.
        radii: half-widths of the box, by names such as tau, beta1_1, nu_2; 0 for those left out.
        parts: into how many parts the box is cut along a parameter.
        intervals: of x.

    Raises:
        ValueError: another model, or nothing is proved (`theory.checker.rejected.Rejected`).
    """
    gate = compiled(gate)
    if truth.k != 2 or truth.d != 1:
        raise ValueError(f"certificates are for two atoms and d = 1, not k = {truth.k}, d = {truth.d}")
    if len(gate.source.pieces) != 1 or np.isfinite([gate.pieces[0].lower, gate.pieces[0].upper]).any():
        raise ValueError(
            f"certificates are for activations with one formula on the whole line, not {gate.source.name!r}"
        )
    box = _box(truth, radii or {})
    cuts = {name: int(n) for name, n in (parts or {}).items()}
    made: dict[str, Any] = {
        "format": FORMAT,
        "statement": "",
        "expression": gate.source.expression,
        "gauge": gauge,
        "x": {"low": _text(low), "high": _text(high), "intervals": intervals},
        "edges": _edges(truth, low, high),
        "box": {name: [str(a), str(b)] for name, (a, b) in box.items()},
        "parts": cuts,
        "matrices": [_matrix(middle, gauge, gate, low, high) for middle in _middles(box, cuts)],
        "precision": _text(precision),
        "bound": "",
    }
    made["bound"] = str(int(np.ceil(float(proved_bound(made).upper()) * (1 + _ROUNDED))))
    made["statement"] = statement(made)
    check(made)
    return made


def _text(value: float) -> str:
    return str(exact(value))


def _box(truth: MixingMeasure, radii: Mapping[str, float]) -> dict[str, tuple[Fraction, Fraction]]:
    values = {
        "tau": float(truth.tau),
        "beta1_1": truth.beta1[0, 0],
        "beta1_2": truth.beta1[1, 0],
        "beta0": truth.beta0[0],
    }
    values |= {f"{name}_{i + 1}": np.ravel(getattr(truth, name))[i] for name in ("a", "b", "nu") for i in range(2)}
    if unknown := set(radii) - set(values):
        raise ValueError(f"the box has no parameter {sorted(unknown)[0]!r}; accepted: {', '.join(values)}")
    found = {}
    for name, value in values.items():
        middle, radius = Fraction(_text(float(value))), Fraction(_text(float(radii.get(name, 0.0))))
        found[name] = (middle - radius, middle + radius)
    return found


def _middles(box: Mapping[str, tuple[Fraction, Fraction]], parts: Mapping[str, int]) -> list[MixingMeasure]:
    """The middles of the parts, in the order of the checker."""
    cuts = []
    for name, (low, high) in box.items():
        n = parts.get(name, 1)
        cuts.append([float(low + (high - low) * Fraction(2 * i + 1, 2 * n)) for i in range(n)])
    found = []
    for chosen in product(*cuts):
        v = dict(zip(box, chosen, strict=True))
        found.append(
            MixingMeasure(
                np.array([[v["beta1_1"]], [v["beta1_2"]]]),
                np.array([v["beta0"], 0.0]),
                np.array(v["tau"]),
                np.array([[v["a_1"]], [v["a_2"]]]),
                np.array([v["b_1"], v["b_2"]]),
                np.array([v["nu_1"], v["nu_2"]]),
            )
        )
    return found


def _matrix(truth: MixingMeasure, gauge: Gauge, gate: CompiledActivation, low: float, high: float) -> list[list[float]]:
    """B with B B^T near I^-1, at the middle of a part."""
    found = information(truth, Layout(2, 1, gauge), gate, quadrature(truth, gate, low, high))
    return [[float(v) for v in row] for row in found.inverse_factor]


def _edges(truth: MixingMeasure, low: float, high: float) -> list[str]:
    """Edges of y at multiples of a simple step."""
    lines = np.array([[low], [high]]) * truth.a[:, 0] + truth.b
    deviation = np.sqrt(truth.nu)
    step = 2.0 ** np.floor(np.log2(deviation.min() / _PER_DEVIATION * 1.5))
    first = int(np.floor((lines - _REACH * deviation).min() / step))
    last = int(np.ceil((lines + _REACH * deviation).max() / step))
    return [str(Fraction(i) * Fraction(step)) for i in range(first, last + 1)]
