"""Makes the truth that every command takes where none is given; what a file of a truth leaves out is from it, too.

>>> from temperance.theory.models.by_name import model
>>> truth = default_truth(model("w*tanh(c*x)/tau"))
>>> [{p.name: str(v) for p, v in atom.items()} for atom in truth.atoms][1]
{'w': '1/2', 'c': '1/3', 'a': '-1', 'b': '3', 'nu': '3/2', 'beta0': '0'}
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations_with_replacement

import mpmath
import sympy as sp

from temperance.theory.contact.order_setting import SUPPORT
from temperance.theory.contact.places import is_anchored, truth_of
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import activated, affine_mean, named
from temperance.theory.models.gates import FITTED, Gauge, generic
from temperance.theory.models.spec import BETA0, NU, TAU, MoESpec, covariates, own_parameters, true_value
from temperance.theory.models.truth import Truth
from temperance.theory.symmetries.score_translations import generic_rank, plain_parameters
from temperance.theory.symmetries.traits import flows_of_gate, traits

_HALF = sp.Rational(1, 2)
_WIDE = (sp.Integer(-3), sp.Integer(3))  # x beside experts that are lines
_PRECISE = 60  # digits of a rank
_MOVED = sp.Rational(3, 10)  # to another true value


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
