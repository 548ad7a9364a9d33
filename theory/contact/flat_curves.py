"""Finds exact curves along which a gate moves and the density does not, in and across cells (theory.md 2.5, 2.10)."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.models.gates import COSINE
from temperance.theory.models.spec import TAU, MoESpec
from temperance.theory.orders.split_cell import Splitting

_MOST_OPERATIONS = 40  # of an activation whose weight is looked at as a polynomial


def scale_curve(spec: MoESpec, s: Activation | None) -> tuple[dict[str, str], str | None, tuple[sp.Symbol, ...]]:
    """Labels of the invariants, the flow and what is held: where the gate has a scale of its own, or shares tau's."""
    gate, own = spec.gate.name, [p for p in spec.gate.parameters if p not in spec.gate.shared]
    names = [p.name for p in own]
    length = f"sqrt({' + '.join(f'{n}^2' for n in names)})"
    if gate in ("linear", "quadratic", "sigmoid"):
        moved = [*names, "tau"] if spec.gate.offset is None else [*names, "beta0", "tau"]
        flow = f"(l {', l '.join(moved)}) has the same density for every l > 0"
        return {n: f"{n}/tau" for n in names}, flow, (TAU,)
    if gate == COSINE:
        flow = f"(l {', l '.join(names)}) has the same density for every l > 0"
        return {n: f"{n}/{names[0]}" for n in names[1:]}, flow, (own[0],)
    if gate == "cosine-perturbed":
        flow = f"changes of {', '.join(names)}, tau that keep beta1/((|beta1| + 1) tau) keep the density"
        return {n: f"{n}/(tau*({length} + 1))" for n in names}, flow, (TAU,)
    failure = classify(s) if s is not None and gate == "activation" else None
    if failure is None or failure.kind != "homogeneous" or not failure.symmetry or failure.flow is None:
        return {}, None, ()
    power = "" if failure.degree == 1 else f"^{failure.degree}"
    return {n: f"{n}{power}/tau" for n in names}, f"{failure.flow} has the same density", (TAU,)


def common_curve(cell: Splitting, s: Activation | None, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """What is flat where both of two cells are split, and all of their atoms may move.

    other: the gate of the other true atom. Returns the names of parameters -> the identity.
    """
    gate, own = cell.spec.gate, cell.own
    if gate.name == "gaussian":
        text = "offsets of c/Gamma and 1/Gamma that are the same in every cell cancel: log weights are linear in them"
        return dict.fromkeys((p.name for p in own), text)
    if gate.name == COSINE:
        text = "two true atoms show (beta1_1/|beta1_1| - beta1_2/|beta1_2|)/tau alone: tau moves on a curve"
        return dict.fromkeys((p.name for p in (*own, *cell.shared)), text)
    if s is not None and gate.name == "activation":
        return _along_rays(cell, s, other)
    of = " of beta1/((|beta1| + 1) tau)" if gate.name == "cosine-perturbed" else ""
    linear = of or all(sp.diff(gate.log_weight, p, q) == 0 for p in own for q in own)
    text = f"offsets{of} that are the same in every cell cancel in the softmax: the log weight is linear in them"
    return {p.name: text for p in own} if linear and not gate.log_weight.has(sp.Piecewise) else {}


def _along_rays(cell: Splitting, s: Activation, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
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
    return dict.fromkeys((*own, TAU.name), text)


def weight_power(s: Activation, tau: sp.Expr) -> int:
    """k, where exp(s/tau) = c0 + c1 z^k and k >= 2; else 0."""
    if len(s.pieces) > 1 or s.pieces[0].expr.count_ops() > _MOST_OPERATIONS:
        return 0
    weight = sp.powsimp(sp.simplify(sp.exp(s.pieces[0].expr / tau)))
    powers = {m for (m,) in sp.Poly(weight, Z).monoms()} - {0} if weight.is_polynomial(Z) else set()
    return int(min(powers)) if len(powers) == 1 and min(powers) > 1 else 0


def power_curve(cell: Splitting, k: int) -> tuple[int, dict[str, str]]:
    """What is flat where the weight is linear in beta1^k, k >= 2: the mean of beta1^k alone is seen.

    Those of the gate that are not 0, as two atoms with the mean of (beta1.x)^k have multiples of the true beta1.
    Returns (k, names -> the identity); (0, {}) where k = 0 or all are 0.
    """
    moved = [p.name for p in cell.own if cell.point[p].is_zero is False] if k else []
    text = f"exp(s/tau) is linear in beta1^{k}: two atoms that keep the mean of beta1^{k} keep the density"
    return (k, dict.fromkeys(moved, text)) if moved else (0, {})
