"""Makes the truth that every command takes where none is given; what a file of a truth leaves out is from it, too.

>>> from temperance.theory.models.by_name import model
>>> truth = default_truth(model("w*tanh(c*x)/tau"))
>>> [{p.name: str(v) for p, v in atom.items()} for atom in truth.atoms][1]
{'w': '1/2', 'c': '1/3', 'a': '-1', 'b': '3', 'nu': '3/2', 'beta0': '0'}
>>> [str(truth_of_values({"w": [2, "1/3"]}, truth.spec).point(i)[sp.Symbol("w", real=True)]) for i in (0, 1)]
['2', '1/3']
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import mpmath
import sympy as sp

from temperance.theory.contact.order_setting import SUPPORT
from temperance.theory.contact.places import MOST_ATOMS, is_anchored, truth_of
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import activated, affine_mean, named
from temperance.theory.models.gates import FITTED, Gauge, generic
from temperance.theory.models.spec import BETA0, NU, TAU, MoESpec, covariates, own_parameters, true_value
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import constant
from temperance.theory.rates.true_point import exact as nearest
from temperance.theory.symmetries.score_translations import generic_rank, plain_parameters
from temperance.theory.symmetries.traits import flows_of_gate, traits

_HALF = sp.Rational(1, 2)
_WIDE = (sp.Integer(-3), sp.Integer(3))  # x beside experts that are lines
_PRECISE = 60  # digits of a rank
_MOVED = sp.Rational(3, 10)  # to another true value
_LARGEST = 1e50  # 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500  # beta0/tau: so that weights are doubles


@lru_cache(maxsize=256)
def default_truth(spec: MoESpec, atoms: int | None = None, gauge: Gauge = "free") -> Truth:
    """The default truth of a model with so many true atoms, by default two, or as many as the gate needs.

    Linear, softmax and activation gates, however they are written, have tau = 1/2 and, with experts that are lines, x
    uniform on [-3, 3]^d; any other gate has tau = 1, or 1/2 where 1 is special, and x uniform on [-2, 2]^d. beta0 = 0.
    In the free gauge the score of the last atom depends on x, where nothing holds it: at one number the information is
    singular. No parameter of the first atom's gate is 0.

    Raises:
        ValueError: other experts than lines, or another gate, and more than five atoms.
    """
    on_lines = named(spec.gate, spec.dim) in {*FITTED, generic(1).name}
    return _on_lines(spec, atoms or 2, gauge) if on_lines else _regular(spec, atoms, gauge)


def _on_lines(spec: MoESpec, k: int, gauge: Gauge) -> Truth:
    """Gates of alternating direction, the last 0 where a gauge holds it; experts that are lines stay apart.

    For d = 1: beta1_j = 1, -3/2, 2, -5/2, .., the last 0 or 1/2; a_j = +-1/2; b_j = 4 apart; nu_j = 1/4, 1/2 in turn. A
    vector has the half of such a number in each coordinate but one.
    """
    form, free = activated(spec.gate, spec.dim), gauge == "free"
    direction = spec.gate.own[: spec.dim] if form is None else form.direction
    free = free and not {*direction} & {*plain_parameters(spec)}
    lengths = [((-1) ** j * (1 + sp.Rational(j, 2)), j) for j in range(k - 1)]
    gates = [_vector(direction, *part) for part in (*lengths, (_HALF * int(free), spec.dim - 1))]
    lines = _lines(spec, k)
    experts = lines or [{p: atom[p] for p in spec.expert.parameters} for atom in truth_of(spec, spec.gate, {}, k).atoms]
    atoms = ({**at, BETA0: sp.S.Zero, **expert} for at, expert in zip(gates, experts, strict=True))
    return Truth(spec, tuple(atoms), dict.fromkeys(spec.gate.shared, _HALF), _WIDE if lines else SUPPORT)


def _lines(spec: MoESpec, k: int) -> list[dict[sp.Symbol, sp.Expr]]:
    """Parameters of so many experts that are lines; none of other experts."""
    mean, slopes = mean_of(spec.expert), tuple(p for p in spec.expert.parameters if p != NU)
    line = None if mean is None else affine_mean(mean, slopes, spec.dim)
    if line is None:
        return []
    *a, b = line
    own = ({b: sp.Integer(4 * j - 2 * (k - 1)), NU: sp.Rational(1 + j % 2, 4)} for j in range(k))
    return [{**_vector(a, (-1) ** j * _HALF, j), **values} for j, values in enumerate(own)]


def _vector(names: Sequence[sp.Symbol], length: sp.Expr, j: int) -> dict[sp.Symbol, sp.Expr]:
    """A length in the coordinate j, modulo their number, and half of it in the others."""
    return {p: length if i == j % len(names) else length / 2 for i, p in enumerate(names)}


def _regular(spec: MoESpec, atoms: int | None, gauge: Gauge) -> Truth:
    """Where nothing is special about the gate of the first atom: where 1 is, tau is 1/2, or a parameter is moved.

    At a 0 of a gate terms vanish, and orders are others; and they need one sign of what a scale moves.
    """
    own, truth = spec.gate.own, truth_of(spec, spec.gate, {}, atoms)
    others = [dict(atom) for atom in truth.atoms]
    free = [p for p in own if p not in (traits(spec).held or ())]
    if gauge == "free" and is_anchored(spec, truth.point(-1)):
        others[-1] |= {p: true_value(spec.gate, p, 2) for p in free}
    special = relation_parameters(truth)
    shared = {**truth.shared, TAU: _HALF} if TAU in special else truth.shared
    apart = [] if TAU in special else [p for p in special if p in own][-1:]
    first, *others = others
    first = {p: v + _HALF if p in apart or (v == 0 and p in own) else v for p, v in first.items()}
    flows = [flow.field.moved for flow in flows_of_gate(spec)]
    scales = {movers[0] for movers in flows if not {*movers} & {*spec.gate.shared}}
    others = [{p: 1 - v if p in scales and v * first[p] < 0 else v for p, v in atom.items()} for atom in others]
    bias = {} if spec.gate.offset is None else {BETA0: sp.S.Zero}
    return replace(truth, atoms=tuple({**atom, **bias} for atom in (first, *others)), shared=shared)


def relation_parameters(truth: Truth) -> list[sp.Symbol]:
    """The parameters whose values in the first atom give its weight more relations among its derivatives.

    v = 1 and tau = 1 of (1 + w x^2)^(v/tau), as its second derivative by w is 0 there: found by ranks at random x.
    """
    spec, point = truth.spec, truth.point(0)
    own, x = own_parameters(spec), covariates(spec.dim)
    slopes = {p: sp.diff(spec.gate.log_weight, p) for p in own}
    bends = [sp.diff(slopes[p], q) + slopes[p] * slopes[q] for p, q in combinations_with_replacement(own, 2)]
    functions = [sp.S.One, *slopes.values(), *bends]
    parameters = [p for p in spec.gate.parameters if p in point]
    compiled = sp.lambdify([*x, *parameters], functions, "mpmath")
    rng = random.Random(5)
    points = [[mpmath.mpf(rng.randrange(-199, 200)) / 100 for _ in x] for _ in range(2 * len(functions))]

    def rank(values: Mapping[sp.Symbol, sp.Expr]) -> int:
        numbers = [mpmath.mpmathify(values[p].evalf(_PRECISE)) for p in parameters]
        return generic_rank(sp.Matrix([compiled(*at, *numbers) for at in points]))

    with mpmath.workdps(_PRECISE):
        here = rank(point)
        return [p for p in parameters if rank({**point, p: point[p] + _MOVED}) > here]


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
