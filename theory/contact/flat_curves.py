"""Finds exact curves along which a gate moves and the density does not, in and across cells (theory 3.3, B.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.expressions import balls
from temperance.theory.interactions.independence import Place
from temperance.theory.models.gates import cosine
from temperance.theory.models.renaming import renaming
from temperance.theory.models.spec import BETA0, MoESpec
from temperance.theory.models.truth import Setting
from temperance.theory.symmetries.flows import Flow
from temperance.theory.symmetries.traits import flows_of_gate, translations
from temperance.theory.symmetries.vector_fields import SCALE

_MOST_OPERATIONS = 40  # of an activation whose weight is looked at as a polynomial


def scale_curve(spec: MoESpec, s: Activation | None) -> tuple[dict[str, str], str | None, tuple[sp.Symbol, ...]]:
    """Labels of the invariants, the flow and what is held: where the gate has a scale of its own, or shares tau's."""
    own = spec.gate.own
    failure = classify(s) if s is not None and without_bias(spec) else None
    if failure is not None:
        if failure.kind != "homogeneous" or not failure.symmetry or failure.flow is None:
            return {}, None, ()
        power = "" if failure.degree == 1 else f"^{failure.degree}"
        tau = spec.gate.shared
        return {p.name: f"{p}{power}/{tau[0]}" for p in own}, f"{failure.flow} has the same density", tau
    labels: dict[str, str] = {}
    held: list[sp.Symbol] = []
    said = []
    for flow in (f for f in flows_of_gate(spec) if {*f.field.moved} <= {*spec.gate.parameters}):
        moved = [p for p in flow.field.moved if p not in held]
        if not moved or labels.keys() & {p.name for p in moved}:
            continue  # it shares a parameter with one before: their invariants are not those of each
        held.append(next((p for p in moved if p in spec.gate.shared), moved[0]))
        found = {p.name: _invariant(flow, p, held[-1]) for p in own if p in moved and p != held[-1]}
        said.append(_said(flow, [*own, BETA0, *spec.gate.shared], found))
        labels |= found
    return labels, "; ".join(said) or None, tuple(held)


def _invariant(flow: Flow, p: sp.Symbol, held: sp.Symbol) -> str:
    """What a flow keeps of a parameter: it has the order of its offset where another one is held."""
    factors = {q: sp.cancel(e / q) for q, e in flow.orbit}
    if not (factors[p] * factors[held]).free_symbols - {SCALE}:
        power = sp.simplify(sp.log(factors[p]) / sp.log(factors[held]))
        return _text(p / held**power)
    return _text(flow.invariants[[q for q in flow.field.moved if q != held].index(p)])  # one for each


def without_bias(spec: MoESpec) -> bool:
    """Whether beta1 alone is in the activation: a bias inside is a parameter more than there are coordinates."""
    return len(spec.gate.own) == spec.dim


def _said(flow: Flow, order: Sequence[sp.Symbol], labels: Mapping[str, str]) -> str:
    """The flow in words: as a scaling where it is one."""
    orbit = dict(flow.orbit)
    moved = [p for p in order if p in orbit]
    letter = next(s for s in ("l", "k", "m") if s not in {p.name for p in order})
    factors = [sp.cancel(orbit[p] / p).subs(SCALE, sp.Symbol(letter, positive=True)) for p in moved]
    if any(f.free_symbols - {sp.Symbol(letter, positive=True)} for f in factors):
        names = ", ".join(p.name for p in moved if p != BETA0)
        return f"changes of {names} that keep {', '.join(labels.values())} keep the density"
    scaled = ", ".join(_text(f) + f" {p}" for f, p in zip(factors, moved, strict=True))
    return f"({scaled}) has the same density for every {letter} > 0"


def _text(e: sp.Expr) -> str:
    return str(e).replace("**", "^")


def common_curve(cell: Setting, s: Activation | None, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """What is flat where both of two cells are split, and all of their atoms may move.

    other: the gate of the other true atom. Returns the names of parameters -> the identity.
    """
    gate, own = cell.spec.gate, cell.own
    if s is not None and without_bias(cell.spec):
        return _along_rays(cell, s, other)
    if all(sp.diff(gate.log_weight, p, q) == 0 for p in own for q in own) and not gate.log_weight.has(sp.Piecewise):
        text = "offsets that are the same in every cell cancel in the softmax: the log weight is linear in them"
        return {p.name: text for p in own}
    moved = translations(cell.spec)
    if moved and _all_move(moved, own, (cell.point, {**cell.point, **other})):
        functions = ", ".join(_text(f.as_independent(*gate.parameters, as_Add=False)[1]) for f in moved)
        text = f"offsets of {functions} that are the same in every cell cancel: log weights are linear in them"
        return dict.fromkeys((p.name for p in own), text)
    if cell.spec.dim > 1 and renaming(gate, cosine(cell.spec.dim)):
        text = "two true atoms show (beta1_1/|beta1_1| - beta1_2/|beta1_2|)/tau alone: tau moves on a curve"
        return dict.fromkeys((p.name for p in (*own, *cell.shared)), text)
    return {}


def _all_move(functions: Sequence[sp.Expr], own: Sequence[sp.Symbol], places: Iterable[Place]) -> bool:
    """Whether at every true atom any change of the functions is one of the parameters, and each of these is needed."""
    slopes = sp.Matrix(functions).jacobian(own)
    if slopes.rows != slopes.cols:
        return False
    return all(balls.is_nonzero(balls.value(slopes.subs(dict(place)).det(), {})) for place in places)


def _along_rays(cell: Setting, s: Activation, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """The curves of an activation gate whose true beta1 are positive multiples of each other."""
    ratios = {cell.point[p] / other[p] for p in cell.own}  # the other beta1 is not 0 in any coordinate
    if len(ratios) != 1 or not min(ratios).is_positive:
        return {}
    own = [p.name for p in cell.own]
    if cell.held:
        text = "beta1 has multiples of one vector: offsets of beta1^p/tau that are the same in every cell cancel"
        return dict.fromkeys(own, text)
    formula = s.pieces[0].expr
    terms = {*sp.Poly(formula, Z).monoms()} - {(0,)} if formula.is_polynomial(Z) and len(s.pieces) == 1 else ()
    if len(terms) != 2 or ratios == {sp.S.One}:
        return {}
    text = "two powers show two numbers; beta1 of two cells and tau are three, so that all move on a curve"
    return dict.fromkeys((*own, *(p.name for p in cell.shared)), text)


def weight_power(s: Activation, tau: sp.Expr) -> int:
    """k, where exp(s/tau) = c0 + c1 z^k and k >= 2; else 0."""
    if len(s.pieces) > 1 or s.pieces[0].expr.count_ops() > _MOST_OPERATIONS:
        return 0
    weight = sp.powsimp(sp.simplify(sp.exp(s.pieces[0].expr / tau)))
    powers = {m for (m,) in sp.Poly(weight, Z).monoms()} - {0} if weight.is_polynomial(Z) else set()
    return int(min(powers)) if len(powers) == 1 and min(powers) > 1 else 0


def power_curve(cell: Setting, k: int) -> tuple[int, dict[str, str]]:
    """What is flat where the weight is linear in beta1^k, k >= 2: the mean of beta1^k alone is seen.

    Those of the gate that are not 0, as two atoms with the mean of (beta1.x)^k have multiples of the true beta1.
    Returns (k, names -> the identity); (0, {}) where k = 0 or all are 0.
    """
    moved = [p.name for p in cell.own if cell.point[p].is_zero is False] if k else []
    text = f"exp(s/tau) is linear in beta1^{k}: two atoms that keep the mean of beta1^{k} keep the density"
    return (k, dict.fromkeys(moved, text)) if moved else (0, {})
