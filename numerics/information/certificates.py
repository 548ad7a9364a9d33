"""Certificates of sample sizes: n from below and above, y on the whole line, at a point or over a box (theory.md 6.7).

What is found here in doubles is proved by `theory.sizes.sample_size_checker`, in balls and from the model on.

Example: ``certificate(truth, "anchored", gate, -3, 3, precision=0.1)`` has the bounds "least" and "most".
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
from temperance.theory.rates.true_point import exact
from temperance.theory.sizes.sample_size_checker import FORMAT, proved_bounds, statement

TOLERANCE = "1/10000"  # of the integrals: of n, about a tenth of this
_OWN = ("beta1", "beta0", "a", "b", "nu")
_REACH = 9.0  # of the range of y, in standard deviations
_ROUNDED = 1e-12  # more than the rounding of a bound to a double


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
) -> dict[str, Any]:
    """A certificate of n for tau, with the bounds that the checker proves.

    Args:
        truth: d = 1.
        gauge: of the gate.
        gate: s, by name or compiled; one formula on the whole line.
        low, high: x is uniform on [low, high].
        precision: relative standard error.
        radii: half-widths of the box, by names such as tau, beta1_1, nu_2; 0 for those left out.
        parts: into how many parts the box is cut along a parameter.

    Raises:
        ValueError: another model, or nothing is proved (`theory.checker.rejected.Rejected`).
    """
    gate = compiled(gate)
    if truth.d != 1:
        raise ValueError(f"certificates are for d = 1, not d = {truth.d}")
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
        "atoms": truth.k,
        "gauge": gauge,
        "x": {"low": _text(low), "high": _text(high)},
        "y": _reached(truth, low, high),
        "box": {name: [str(a), str(b)] for name, (a, b) in box.items()},
        "parts": cuts,
        "matrices": [_matrix(middle, gauge, gate, low, high) for middle in _middles(box, cuts, truth.k)],
        "tolerance": TOLERANCE,
        "precision": _text(precision),
        "least": "",
        "most": "",
    }
    least, most = map(float, proved_bounds(made))
    made["least"] = str(max(0, int(np.floor(least * (1 - _ROUNDED)))))
    made["most"] = str(int(np.ceil(most * (1 + _ROUNDED))))
    made["statement"] = statement(made)
    return made


def _text(value: float) -> str:
    return str(exact(value))


def _box(truth: MixingMeasure, radii: Mapping[str, float]) -> dict[str, tuple[Fraction, Fraction]]:
    values = {"tau": float(truth.tau)}
    for i in range(truth.k):
        values |= {f"{name}_{i + 1}": float(np.ravel(getattr(truth, name))[i]) for name in _OWN}
    if unknown := set(radii) - set(values):
        raise ValueError(f"the box has no parameter {sorted(unknown)[0]!r}; accepted: {', '.join(values)}")
    found = {}
    for name, value in values.items():
        middle, radius = Fraction(_text(value)), Fraction(_text(float(radii.get(name, 0.0))))
        found[name] = (middle - radius, middle + radius)
    return found


def _middles(box: Mapping[str, tuple[Fraction, Fraction]], parts: Mapping[str, int], k: int) -> list[MixingMeasure]:
    """The middles of the parts, in the order of the checker."""
    cuts = []
    for name, (low, high) in box.items():
        n = parts.get(name, 1)
        cuts.append([float(low + (high - low) * Fraction(2 * i + 1, 2 * n)) for i in range(n)])
    found = []
    for tau, *own in product(*cuts):
        beta1, beta0, a, b, nu = np.reshape(own, (k, len(_OWN))).T
        found.append(MixingMeasure(beta1[:, None], beta0, np.array(tau), a[:, None], b, nu))
    return found


def _matrix(truth: MixingMeasure, gauge: Gauge, gate: CompiledActivation, low: float, high: float) -> list[list[float]]:
    """B with B B^T near I^-1, at the middle of a part."""
    found = information(truth, Layout(truth.k, 1, gauge), gate, quadrature(truth, gate, low, high))
    return [[float(v) for v in row] for row in found.inverse_factor]


def _reached(truth: MixingMeasure, low: float, high: float) -> dict[str, str]:
    """A range of y beyond which there is next to nothing."""
    lines = np.array([[low], [high]]) * truth.a[:, 0] + truth.b
    reach = _REACH * np.sqrt(truth.nu)
    ends = np.floor((lines - reach).min()), np.ceil((lines + reach).max())
    return dict(zip(("low", "high"), map(_text, ends), strict=True))
