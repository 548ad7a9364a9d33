"""Writes the place of a setting as certificates have it (`kernel.place`); makes the truths of exact-specified models.

With the true number of atoms, orders are found at a truth (`truth_of`) of which the gauge holds a part (`moving`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.theory.contact.order_setting import SUPPORT, require_parameters
from temperance.theory.kernel.place import WEIGHT
from temperance.theory.models.experts import mean_of, unlike
from temperance.theory.models.form import factors, is_linear
from temperance.theory.models.spec import (
    BETA0,
    NU,
    Gate,
    MoESpec,
    covariates,
    own_parameters,
    true_value,
    weight_parameters,
)
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.rates.true_point import Constant, constant
from temperance.theory.symmetries.traits import flows_of_gate, traits

CONTAMINATED = "contaminated softmax"
_SLOPES, _INTERCEPTS = (1, -1, sp.Rational(1, 2), -2, 2), (0, 3, -2, 2, -4)
_VARIANCES = (1, sp.Rational(3, 2), sp.Rational(3, 4), 2, sp.Rational(5, 4))
MOST_ATOMS = len(_SLOPES)


def held_of_last(truth: Truth) -> tuple[sp.Symbol, ...]:
    """The parameters of the last atom that are held, by the gauge or because they are known."""
    move, gate = {*moving(truth)}, truth.spec.gate
    return tuple(p for p in truth.atoms[-1] if p not in gate.shared and (truth.k - 1, p) not in move)


def moved_along(truth: Truth, held: Iterable[sp.Symbol]) -> list[str]:
    """The parameters of the last atom that are held but for a flow, which keeps its score."""
    last, flows = truth.point(truth.k - 1), flows_of_gate(truth.spec)
    return [p.name for p in held if last[p] != 0 and any(p in flow.field.moved for flow in flows)]


def truth_of(spec: MoESpec, gate: str | Gate, point: Mapping[str, Constant], atoms: int | None) -> Truth:
    """So many true atoms, the first at the point."""
    require_parameters(point, spec.parameters, spec.gate)
    last = {p: _value(spec, p, 1) for p in spec.gate.parameters}
    if atoms is not None and not 1 <= atoms <= MOST_ATOMS:
        raise ValueError(f"orders are computed for 1 to {MOST_ATOMS} true atoms, not {atoms}")
    count = atoms or (2 if is_anchored(spec, last) else traits(spec).atoms_needed or 2)
    own = [p for p in (*spec.parameters, *spec.gate.bias) if p not in spec.gate.shared]
    values: list[dict[sp.Symbol, sp.Expr]] = []
    for i in range(count):
        values.append(unlike(spec.expert, {p: _value(spec, p, i) for p in own}, values))
    shared = {p: _value(spec, p, 0) for p in spec.gate.shared}
    for p in spec.parameters:
        if p.name in point:
            (shared if p in shared else values[0])[p] = constant(p.name, point[p.name])
    unfitted = {(i, p) for i in range(1, count) for p in spec.expert.parameters if gate == CONTAMINATED}
    return Truth(spec, tuple(values), shared, SUPPORT, frozenset(unfitted))


@lru_cache(maxsize=64)
def moving(truth: Truth) -> tuple[tuple[int | None, sp.Symbol], ...]:
    """The derivatives that are taken: (atom, parameter), the atom None for a shared parameter."""
    spec, last = truth.spec, truth.k - 1
    held = {BETA0, *held_by_gauge(spec, truth.point(-1))}
    held |= {*weight_parameters(spec)} if spec.gate.offset is None else set()
    columns: list[tuple[int | None, sp.Symbol]] = [(None, p) for p in spec.gate.shared]
    for i in range(truth.k):
        columns += [(i, p) for p in (*spec.gate.own, *spec.gate.bias) if i < last or p not in held]
        columns += [(i, p) for p in spec.expert.parameters if (i, p) not in truth.known]
    return tuple(columns)


def held_by_gauge(spec: MoESpec, last: Mapping[sp.Symbol, sp.Expr]) -> tuple[sp.Symbol, ...]:
    """The parameters of the gate that the gauge holds in the last atom."""
    if is_anchored(spec, last):
        return spec.gate.own
    return traits(spec).held or ()


def is_anchored(spec: MoESpec, last: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether the score of the last atom is one number, which it is in the anchored gauge."""
    score = spec.gate.log_weight.subs({p: last[p] for p in spec.gate.parameters})
    return spec.gate.offset is not None and not sp.piecewise_fold(score).has(*covariates(spec.dim))


def _value(spec: MoESpec, p: sp.Symbol, atom: int) -> sp.Expr:
    """The value of a parameter in an atom, where none is given; those of a vector are not proportional in two atoms."""
    if p not in spec.expert.parameters:
        return true_value(spec.gate, p, atom, exact=True)
    if p == NU:
        return sp.sympify(_VARIANCES[atom])
    step = _step(spec, p)
    return sp.Integer(_INTERCEPTS[atom]) if step == 0 else _SLOPES[atom] * sp.Integer(step + 2) / 3


def _step(spec: MoESpec, p: sp.Symbol) -> int:
    """0 for the intercept of the mean, the sum of j over the factors x_j that a slope stands before, else its place."""
    names, mean, x = spec.expert.parameters, mean_of(spec.expert), covariates(spec.dim)
    parts = {} if mean is None else factors(mean, names[:-1], spec.dim)
    monomials = sp.Poly(parts[p], *x).monoms() if parts else []
    return sum(j * n for j, n in enumerate(monomials[0], 1)) if len(monomials) == 1 else names.index(p) + 1


@lru_cache(maxsize=64)
def place(setting: Setting) -> dict[str, Any]:
    """The place of a cell beside a singleton whose gate is fixed, or of cells that are all split."""
    names = [*own_parameters(setting.spec), *setting.spec.gate.shared]
    names += [] if is_linear(setting) else [*setting.expert[:-1]]
    points = [{p.name: text(values[p]) for p in names} for values in map(setting.truth.point, range(setting.truth.k))]
    single = [i for i, size in enumerate(setting.cells) if size == 1]
    gate = [*(p.name for p in setting.own), *([WEIGHT] if setting.weighted else [])]
    fixed = [[i, p] for i in single for p in gate]
    return {
        "subject": "densities",
        "model": model_text(setting),
        "sizes": [*setting.cells],
        "points": points,
        "fixed": fixed,
        "nonzero": [],
    }


@lru_cache(maxsize=64)
def exact_place(setting: Setting) -> dict[str, Any]:
    """The place of as many atoms as the truth has; what the truth holds is fixed, and the last atom's weight."""
    truth, spec = setting.truth, setting.spec
    names = (*own_parameters(spec), *spec.gate.shared, *setting.expert)
    offset = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
    points = []
    for i in range(truth.k):
        values = truth.point(i)
        weight = sp.simplify((spec.gate.log_weight - log_weight(spec) + offset).subs(values))
        points.append({p.name: text(values[p]) for p in names} | {WEIGHT: text(weight)})
    free = {(i, p.name) for i, p in moving(truth)}
    own = (*(p.name for p in setting.own), *(p.name for p in setting.expert))
    fixed: list[list[Any]] = [[i, p] for i in range(truth.k) for p in own if (i, p) not in free]
    fixed += [[truth.k - 1, WEIGHT]] if setting.weighted else []
    return {**place(setting), "points": points, "fixed": fixed}


def model_text(setting: Setting) -> dict[str, Any]:
    """The model as a certificate has it."""
    spec, held = setting.spec, {*setting.held}
    return {
        "covariates": [v.name for v in covariates(spec.dim)],
        "log_weight": text(log_weight(spec)),
        "mean": text(setting.mean),
        "own": [p.name for p in own_parameters(spec) if p not in held],
        "expert": [*(p.name for p in setting.expert[:-1]), "nu"],
        "shared": [p.name for p in spec.gate.shared if p not in held],
        "held": [p.name for p in (*own_parameters(spec), *spec.gate.shared) if p in held],
        "weighted": setting.weighted,
    }


@lru_cache(maxsize=256)
def text(e: sp.Expr) -> str:
    """An expression as the kernel reads it; a gate with kinks as where(u < v, .., ..)."""
    e = sp.piecewise_fold(e) if e.has(sp.Piecewise) else e
    if not isinstance(e, sp.Piecewise):
        return str(sp.sstr(e))
    *pieces, (last, _) = e.args
    written = text(last)
    for formula, condition in reversed(pieces):
        chosen = text(formula)
        for one in sp.And.make_args(condition):
            chosen = f"where({text(one.lts)} < {text(one.gts)}, {chosen}, {written})"
        written = chosen
    return written


@lru_cache(maxsize=256)
def log_weight(spec: MoESpec) -> sp.Expr:
    """The log weight without what is a number."""
    variables = (*covariates(spec.dim), *own_parameters(spec), *spec.gate.shared)
    weight = spec.gate.log_weight.subs(dict.fromkeys(weight_parameters(spec), sp.S.One))
    if weight.has(sp.Piecewise):
        return weight
    return sp.expand_log(weight).as_independent(*variables, as_Add=True)[1]
