"""Reads true points: from a JSON file, or what it would hold, beside the default."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import sympy as sp

from temperance.numerics.mixture.measures import measure_of
from temperance.show.inputs import read_json, read_value
from temperance.show.options import File, FileOr, Options
from temperance.theory.activations.activation import Activation
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.contact.places import MOST_ATOMS
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import Gauge, generic
from temperance.theory.models.spec import BETA0, TAU, Gate, MoESpec, covariates
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import constant
from temperance.theory.rates.true_point import exact as nearest

_LARGEST = 1e50  # 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500  # beta0/tau: so that weights are doubles


def named_gate_at(options: Options, source: FileOr) -> tuple[str, str | Activation | None] | None:
    """The gate that has theorems, and its activation; None of a formula whose truth goes by the formula's own names.

    The truth of a gate with theorems has rows for beta1. Raises ValueError where it cannot be read.
    """
    by_own_names = source is not None and options.reading is not None and _width(source, options.spec) is None
    return None if by_own_names else options.named_gate


def _width(source: File, spec: MoESpec) -> int | None:
    """The length of the rows for beta1 in a file of a truth, or in what it holds; None without rows."""
    content = _content(source, spec)
    rows = content.get("beta1") if isinstance(content, dict) else None
    widths = [len(row) for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
    return widths[0] if widths else None


def _content(source: File, spec: MoESpec) -> Any:
    accepted = _accepted(spec)
    return read_json(source, accepted, str) if isinstance(source, str) else read_value(source, accepted, str)


def _accepted(spec: MoESpec) -> str:
    names = [p.name for p in (*spec.parameters, *spec.gate.bias)]
    return f"{{NAME: a number for every atom, or one for each in [..]}}, of {', '.join(names)} and x"


def read_measure(
    source: FileOr, make: Callable[[int], Gate] = generic, gauge: Gauge = "free", atoms: int | None = None, dim: int = 1
) -> Truth:
    """The truth of a gate that has theorems, in rational numbers, as `read_truth` reads it.

    make: the gate in dimension d, which is that of the rows for beta1, or dim without a truth.
    """
    width = dim if source is None else _width(source, model(make(dim), dim=dim)) or dim
    truth = read_truth(source, model(make(width), dim=width), gauge, atoms)
    own = tuple({p: _rational(v) for p, v in atom.items()} for atom in truth.atoms)
    low, high = map(_rational, truth.box or ())
    return replace(truth, atoms=own, shared={p: _rational(v) for p, v in truth.shared.items()}, box=(low, high))


def _rational(value: sp.Expr) -> sp.Rational:
    return value if value.is_Rational else nearest(float(value))


def read_truth(source: FileOr, spec: MoESpec, gauge: Gauge = "free", atoms: int | None = None) -> Truth:
    """The truth of a model in a JSON file, or in what such a file holds; what is left out is that of the default.

    {NAME: number or [one for each atom], .., "x": {"law": "uniform", "low": -3, "high": 3}}, a number as in
    `theory.rates.true_point.constant`. One number for an atom's own parameter is that of every atom; the rows of a
    vector are those of its coordinates. A gate without tau has tau = 1.

    Args:
        source: None for the default truth. gauge, atoms: of the default, of as many atoms as the file has.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    if source is None:
        return default_truth(spec, atoms, gauge)
    path = source if isinstance(source, str) else "the truth"
    own = {p.name: p for p in (*spec.parameters, *spec.gate.bias) if p not in spec.gate.shared}
    shared = {p.name: p for p in spec.gate.shared}
    content, accepted = _content(source, spec), _accepted(spec)
    if not isinstance(content, dict):
        raise ValueError(f"{path!r} must be an object; accepted: {accepted}")
    law = content.pop("x", None)
    entries = dict(pair for name, value in content.items() for pair in _by_coordinate(name, value, own, spec.dim))
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


def read_atoms(source: FileOr, spec: MoESpec, true: int | None, gauge: Gauge = "free") -> Truth:
    """The truth of so many atoms of any model, or of any number for None, as `read_truth` reads it.

    Raises:
        ValueError: it cannot be read, has another number of atoms, or equal experts.
    """
    truth = read_truth(source, spec, gauge, true)
    check_atoms(truth, true)
    return truth


def check_atoms(truth: Truth, true: int | None) -> None:
    """Raise ValueError for another number of atoms, where one is asked for, or equal experts."""
    if true is not None and truth.k != true:
        raise ValueError(f"the truth has {truth.k} atoms, not {true}; accepted: --truth with {true} atoms")
    check_experts(truth)


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


def values_of(truth: Truth, number: Callable[[sp.Expr], Any] = float) -> dict[str, Any]:
    """A truth as JSON values that `read_values` reads; number: how each is written, by default in double precision."""
    low, high = map(number, truth.box or ())
    own = {p.name: [number(atom[p]) for atom in truth.atoms] for p in truth.atoms[0]}
    shared = {p.name: number(v) for p, v in truth.shared.items()}
    return {**own, **shared, "x": {"law": "uniform", "low": low, "high": high}}


def exact(value: sp.Expr) -> int | str:
    """A number of `values_of` as it is: an integer, or else the text of it."""
    return int(value) if value.is_Integer else str(value)


def measure_values_of(truth: Truth) -> dict[str, Any]:
    """The truth of an activation gate as JSON values that `read_truth` reads."""
    m, (low, high) = measure_of(truth), map(float, truth.box or ())
    values = {name: getattr(m, name).tolist() for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
    return {**values, "x": {"law": "uniform", "low": low, "high": high}}


def check_gauge(truth: Truth, anchored: bool) -> None:
    """Raise ValueError unless beta0 of the last atom is 0, and in the anchored gauge its beta1."""
    last, own = truth.atoms[-1], truth.spec.gate.own
    if last[BETA0] != 0 or (anchored and any(last[p] for p in own)):
        what = "beta0 and beta1 of the last atom" if anchored else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")


def check_anchored(truth: Truth) -> None:
    """Raise ValueError unless the score of the last atom is one number."""
    score = sp.piecewise_fold(truth.spec.gate.log_weight.subs(truth.point(truth.k - 1)))
    if score.has(*covariates(truth.spec.dim)):
        raise ValueError("in the anchored gauge the score of the last atom must be one number; accepted: such a truth")


def check_experts(truth: Truth) -> None:
    """Raise ValueError where two experts (a, b, nu) are the same: statements on gates suppose distinct ones."""
    experts = {tuple(atom[p] for p in truth.spec.expert.parameters) for atom in truth.atoms}
    if len(experts) < truth.k:
        raise ValueError("the experts (a, b, nu) of the truth must be distinct: no data tell equal ones apart")


def check_truth(truth: Truth, true: int, dim: int, anchored: bool) -> None:
    """Raise ValueError for another shape or gauge, or equal experts."""
    if (truth.k, truth.spec.dim) != (true, dim):
        raise ValueError(f"the truth has k* = {truth.k}, d = {truth.spec.dim}, not k* = {true}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored)
