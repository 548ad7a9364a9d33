"""Makes a truth of the values that a file holds by the names of parameters; what is left out is that of the default.

>>> from temperance.theory.models.by_name import model
>>> truth = truth_of_values({"beta1": [2, 0], "b": ["-1/2", 3]}, model("softmax"))
>>> [(str(value["b"]), str(value["nu"])) for value in ({p.name: v for p, v in a.items()} for a in truth.atoms)]
[('-1/2', '1/4'), ('3', '1/2')]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from temperance.theory.contact.default_truth import default_truth
from temperance.theory.contact.places import MOST_ATOMS
from temperance.theory.models.gates import Gauge
from temperance.theory.models.spec import TAU, MoESpec
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import constant
from temperance.theory.rates.true_point import exact as nearest

_LARGEST = 1e50  # 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500  # beta0/tau: so that weights are doubles


def truth_of_values(
    content: Any, spec: MoESpec, gauge: Gauge = "free", atoms: int | None = None, path: str = "the truth"
) -> Truth:
    """The truth of a model of values {NAME: number or [one for each atom], .., "x": {"law": "uniform", "low", "high"}}.

    A number as in `theory.rates.true_point.constant`. One number for an atom's own parameter is that of every atom; the
    rows of a vector are those of its coordinates. A gate without tau has tau = 1.

    Args:
        gauge, atoms: of the default, of as many atoms as there are values. path: of their file, for messages.

    Raises:
        ValueError: the values make none.
    """
    own = {p.name: p for p in (*spec.parameters, *spec.gate.bias) if p not in spec.gate.shared}
    shared = {p.name: p for p in spec.gate.shared}
    accepted = accepted_values(spec)
    if not isinstance(content, Mapping):
        raise ValueError(f"{path!r} must be an object; accepted: {accepted}")
    law = content.get("x")
    entries = dict(pair for name in content for pair in _by_coordinate(name, content[name], own, spec.dim))
    entries.pop("x", None)
    if TAU.name in entries and TAU.name not in (*own, *shared) and constant(TAU.name, entries[TAU.name]) == 1:
        del entries[TAU.name]
    if unknown := [name for name in entries if name not in own and name not in shared]:
        raise ValueError(f"{path!r} has {unknown[0]!r}; accepted: {accepted}")
    counts = {len(value) for value in entries.values() if isinstance(value, list)}
    least = 1 if atoms == 1 else 2
    if len(counts) > 1 or min(counts, default=2) < least or any(isinstance(entries.get(name), list) for name in shared):
        raise ValueError(f"{path!r} must have as many values of every parameter, 2 or more, and one of a shared one")
    k = counts.pop() if counts else atoms
    base = default_truth(spec, None if k is None else min(k, MOST_ATOMS), gauge)
    k = k or base.k
    if k > base.k and (missing := [name for name in own if name not in entries]):
        raise ValueError(f"{path!r} has {k} atoms and no {missing[0]!r}; accepted: {accepted}")
    values = [dict(base.atoms[min(i, base.k - 1)]) for i in range(k)]
    for name, entry in ((name, entry) for name, entry in entries.items() if name in own):
        for atom, number in zip(values, entry if isinstance(entry, list) else [entry] * k, strict=True):
            atom[own[name]] = _signed(own[name], number)
    common = {p: _signed(p, entries[p.name]) if p.name in entries else v for p, v in base.shared.items()}
    truth = Truth(spec, tuple(values), common, base.box if law is None else _box(law, path))
    if any(abs((spec.gate.offset or sp.S.Zero).subs(truth.point(i))) > _LARGEST_LOGIT for i in range(k)):
        raise ValueError(f"{path!r}: {spec.gate.offset} must lie between -{_LARGEST_LOGIT} and {_LARGEST_LOGIT}")
    return truth


def accepted_values(spec: MoESpec) -> str:
    """The form of a truth of a model, for messages."""
    names = [p.name for p in (*spec.parameters, *spec.gate.bias)]
    return f"{{NAME: a number for every atom, or one for each in [..]}}, of {', '.join(names)} and x"


def width_of(content: Any) -> int | None:
    """The length of the rows for beta1 among such values; None without rows."""
    rows = content.get("beta1") if isinstance(content, Mapping) else None
    widths = [len(row) for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
    return widths[0] if widths else None


def in_rationals(truth: Truth) -> Truth:
    """The truth with the nearest double, exactly, for every number that is not rational."""
    own = tuple({p: _rational(v) for p, v in atom.items()} for atom in truth.atoms)
    low, high = map(_rational, truth.box or ())
    return replace(truth, atoms=own, shared={p: _rational(v) for p, v in truth.shared.items()}, box=(low, high))


def _rational(value: sp.Expr) -> sp.Rational:
    return value if value.is_Rational else nearest(float(value))


def _by_coordinate(name: str, value: Any, own: Collection[str], dim: int) -> list[tuple[str, Any]]:
    """A value as it is, or the rows of a vector by its coordinates; in dimension 1 a row is its one number."""
    names = [name] if dim == 1 else [f"{name}_{j}" for j in range(1, dim + 1)]
    rows = value if isinstance(value, list) and {*names} <= {*own} else []
    if not rows or not all(isinstance(row, list) and len(row) == dim for row in rows):
        return [(name, value)]
    return [(part, [row[j] for row in rows]) for j, part in enumerate(names)]


def _signed(p: sp.Symbol, value: Any) -> sp.Expr:
    number = constant(p.name, value)
    if p.is_positive and not number.is_positive:
        raise ValueError(f"{p.name} must be positive, not {value}")
    if p.is_positive and number < 1 / sp.Rational(_LARGEST):
        raise ValueError(f"{p.name} must be at least {1 / _LARGEST:g}")
    return number


def _box(law: Any, path: str) -> tuple[sp.Expr, sp.Expr]:
    """The ends of the law of x in a file. Raises ValueError for another form."""
    if not isinstance(law, dict) or set(law) != {"law", "low", "high"} or law["law"] != "uniform":
        raise ValueError(f'{path!r}: x must be {{"law":"uniform","low":-3,"high":3}}, not {law!r}')
    low, high = (constant("x", law[end]) for end in ("low", "high"))
    if not low < high:
        raise ValueError(f"{path!r}: x must have numbers low < high, not {law['low']} and {law['high']}")
    return low, high
