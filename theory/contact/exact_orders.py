"""Decides the orders of an exact-specified model: 1, or flat along an exact flow (theory 5.1.1).

At a truth whose parameters are exact numbers, the derivatives of the density by all parameters are compared at
observations, in balls. Where they are independent, the offsets are O(distance): every order is 1. A relation that the
atom has (`interactions`) gives a flow (`symmetries`) along which the density does not change: the parameters that it
moves are flat, and if the derivatives that are left are independent, its invariants have the order 1.

    >>> found = exact_orders("linear")
    >>> [(o.parameter, "flat" if o.flat else str(o.upper)) for o in found.orders]
    [('beta1', 'flat'), ('tau', 'flat'), ('beta1/tau', '1'), ('a', '1'), ('b', '1'), ('nu', '1')]
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from temperance.theory.contact.bound_certificates import exact_certificate
from temperance.theory.contact.contact_curves import certificates, flat_certificates
from temperance.theory.contact.contact_orders import Orders, with_curves
from temperance.theory.contact.order_setting import require_named
from temperance.theory.contact.places import CONTAMINATED, exact_place, held_by_gauge, moved_along, moving, truth_of
from temperance.theory.interactions.independence import (
    drawn_point,
    finite_rows,
    independent_columns,
    jacobian_row,
    slopes_at,
)
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import mean_of
from temperance.theory.models.order import Order, Reason, ReasonKind
from temperance.theory.models.spec import BETA0, Expert, Gate, MoESpec, Y, weight_parameters
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.rates.true_point import Constant, irregularity
from temperance.theory.symmetries.flows import Flow, joint_invariants
from temperance.theory.symmetries.traits import flows_of_gate, traits, translates

_PROVED = Reason(
    ReasonKind.INDEPENDENCE,
    "order 1: the other derivatives of the density are independent (theory 5.1.1), at this truth; where gate and "
    "expert are analytic, at almost every one",
)
_AT_REST = Reason(ReasonKind.AT_REST, "rests under the flow at this point")
_NOT_PROVED = "the derivatives of the density were not proved to be independent"
_SAME = Reason(ReasonKind.IDENTITY, "the two experts are the same: the density is theirs, whatever the gate is")
_ALONE = Reason(ReasonKind.IDENTITY, "one atom: the density is its expert's, whatever the gate is")
_HELD = "the gate of the last atom is held, where all atoms could change together"
_ANCHORED = "the gate of the last atom is held, where its score is one number: the anchored gauge"
_ALONG = ": its score, so that {} of it moves along the flow"
_COUNTED = "for {} atoms: fewer have further curves of one density, on which shared parameters may move"
_NUMERALS = ("", "one", "two", "three", "four", "five")


def exact_orders(
    gate: str | Gate,
    expert: str | Expert = "gaussian",
    source: str | None = None,
    point: Mapping[str, Constant] | None = None,
    d: int = 1,
    atoms: int | None = None,
    truth: Truth | None = None,
) -> Orders:
    """The orders of every parameter where the number of atoms is the true one.

    Args:
        gate: an object, or a name of `temperance derive`, or "contaminated softmax" (the second expert is known).
        expert: as `models.experts.expert` takes it.
        source: the activation of an activation gate. d: the dimension of x.
        point: values of the first atom's parameters, as `order_setting` takes them.
        atoms: how many the truth has, 1 to `MOST_ATOMS`; by default two, or as many as have no further curve of one
            density.
        truth: the true mixture, in the place of point and atoms.

    Returns:
        Orders of a setting with cells of one; an order neither flat nor bounded is undecided, and `reasons` say why.

    Raises:
        ValueError: what is not accepted.
    """
    spec = model("softmax" if gate == CONTAMINATED else gate, expert, source, d)
    require_named(spec)
    truth = truth or truth_of(spec, gate, point or {}, atoms)
    flows, points = flows_of_gate(spec), [truth.point(i) for i in range(truth.k)]
    gauge = _taken(flows, spec)
    columns, same = [(i, p) for i, p in moving(truth) if p not in gauge], _one_expert(truth)
    if same is not None:
        columns = [(i, p) for i, p in columns if p in spec.expert.parameters]
    s = spec.gate.activation
    obstacle = None if s is None else irregularity(s, d, 1)
    proved = obstacle is None and independent_columns(lambda bits, rng: _rows(truth, columns, bits, rng))
    reason = _PROVED if proved else Reason(ReasonKind.UNDECIDED, f"undecided: {obstacle or _NOT_PROVED}")
    reasons = [*([] if same is None else [same]), *map(_kept, flows), reason]
    resting = {p for flow in flows for p in flow.field.moved if all(_rests(p, flows, v) for v in points)}
    if resting:
        names = ", ".join(p.name for p in resting)
        reasons.append(Reason(ReasonKind.AT_REST, f"undecided: {names}, which rest under the flow at this point"))
    elif proved:
        reasons += [Reason(ReasonKind.ASSUMED, text) for text in _assumed(truth)]
    setting = Setting(truth, (1,) * truth.k, gauge)
    rows, curves = _with_curves(setting, bool(flows), _listed(spec, flows, resting, reason, same))
    certificates_, rows = _certified(setting, rows)
    return Orders(setting, tuple(rows), tuple(reasons), certificates_, tuple(curves))


def _certified(setting: Setting, rows: Sequence[Order]) -> tuple[tuple[dict[str, Any], ...], list[Order]]:
    """The certificate of the order 1, and the orders with it."""
    first = [row for row in rows if row.upper == 1 and mean_of(setting.spec.expert) is not None]
    issued = exact_certificate(setting) if first else None
    if issued is None:
        return (), [*rows]
    reason = Reason(ReasonKind.CERTIFICATE, _PROVED.text)
    return (issued,), [replace(row, reason=reason) if row.upper == 1 else row for row in rows]


def bias_orders(answer: Orders) -> tuple[Order, ...]:
    """The order of an atom's offset, such as beta0/tau, as `exact_orders` found the others: 1, flat or undecided."""
    spec, kinds = answer.setting.spec, {r.kind for r in answer.reasons}
    if spec.gate.offset is None:
        return ()
    label, flows = str(spec.gate.offset), flows_of_gate(spec)
    lost = _one_expert(answer.setting.truth)
    for flow in flows:
        change = sp.simplify(spec.gate.offset.subs(dict(flow.orbit), simultaneous=True) - spec.gate.offset)
        lost = _kept(flow) if change != 0 and lost is None else lost
    if lost is not None:
        return (Order(label, BETA0.name, False, lost, flat=True),)
    if ReasonKind.INDEPENDENCE in kinds:
        return (Order(label, BETA0.name, False, _PROVED, Fraction(1)),)
    reason = next(r for r in answer.reasons if r.kind is ReasonKind.UNDECIDED)
    return (Order(label, BETA0.name, False, reason),)


def _assumed(truth: Truth) -> list[str]:
    """What is said of the gauge, and of the number of atoms."""
    texts = [_COUNTED.format(_NUMERALS[truth.k])] if traits(truth.spec).atoms_needed == truth.k > 2 else []
    last = truth.point(-1)
    held = held_by_gauge(truth.spec, last)
    if not held:
        return texts
    names = moved_along(truth, held)
    along = _ALONG.format(", ".join(names)) if names else ""
    return [*texts, (_HELD if translates(truth.spec) else _ANCHORED) + along]


def _kept(flow: Flow) -> Reason:
    return Reason(ReasonKind.IDENTITY, f"{flow.statement} keeps the density")


def _listed(
    spec: MoESpec, flows: Sequence[Flow], resting: Collection[sp.Symbol], reason: Reason, same: Reason | None
) -> list[Order]:
    """What flows move, their invariants, and what nothing moves; the parameters of equal experts' gate are flat.

    reason: of what is not flat: the order 1, or undecided.
    """
    weights, gauge = {*weight_parameters(spec), BETA0}, _taken(flows, spec)
    order = Fraction(1) if reason.kind is ReasonKind.INDEPENDENCE else None
    rows, flowing = [], list(dict.fromkeys(p for flow in flows for p in flow.field.moved))
    for p in (p for p in flowing if p not in weights):
        cause = _AT_REST if p in resting else next(_kept(flow) for flow in flows if p in flow.field.moved)
        rows.append(Order(p.name, p.name, False, cause, flat=p not in resting))

    def add(label: str, p: sp.Symbol) -> None:
        lost = None if p in spec.expert.parameters else same
        rows.append(Order(label, p.name, False, lost or reason, None if lost else order, flat=lost is not None))

    named = {*gauge}
    for f in (f for f in joint_invariants(spec, flows) or () if not f.free_symbols & weights):
        inside = [p for p in flowing if p in f.free_symbols]
        named.add(p := next((p for p in inside if p not in named), inside[0]))
        add(str(f).replace("**", "^"), p)
    for p in (*spec.gate.own, *spec.expert.parameters, *spec.gate.shared):
        if p not in flowing and p not in weights:
            add(p.name, p)
    return rows


def _with_curves(setting: Setting, flows: bool, rows: Sequence[Order]) -> tuple[list[Order], list[dict[str, Any]]]:
    """The orders with what certificates of curves show; of Gaussian experts alone."""
    if mean_of(setting.spec.expert) is None or setting.truth.k == 1:
        return list(rows), []
    scales = flat_certificates(setting)[0] if flows else []
    curves = [*certificates(setting, exact_place(setting)), *scales]
    return with_curves(setting, rows, curves), curves


def _rests(p: sp.Symbol, flows: Sequence[Flow], values: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether no flow moves a parameter at its value in an atom."""
    speeds = [c for flow in flows for q, c in flow.field.components if q == p]
    return all(sp.simplify(c.subs(values)) == 0 for c in speeds)


def _taken(flows: Sequence[Flow], spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """A parameter of each flow that its flow can bring to the true value."""
    shared = [[p for p in flow.field.moved if p in spec.gate.shared] for flow in flows]
    return tuple((candidates or flow.field.moved)[0] for candidates, flow in zip(shared, flows, strict=True))


def _one_expert(truth: Truth) -> Reason | None:
    """Why the density is that of one expert, if it is."""
    first, *others = ([v[p] for p in truth.spec.expert.parameters] for v in truth.atoms)
    return _ALONE if not others else _SAME if others == [first] else None


def _rows(
    truth: Truth, columns: Sequence[tuple[int | None, sp.Symbol]], bits: int, rng: random.Random
) -> list[list[arb]]:
    """The derivatives of log density at observations with x in [-2, 2]^d and y in [-6, 6], or an outcome."""
    spec, atoms = truth.spec, [truth.point(i) for i in range(truth.k)]
    outcomes = [r.rhs for r in spec.expert.log_density.atoms(sp.Eq)]
    own, expert, shared = (*spec.gate.own, *spec.gate.bias), spec.expert.parameters, spec.gate.shared
    every: list[tuple[int | None, sp.Symbol]] = [(i, p) for part in (own, expert) for i in range(truth.k) for p in part]
    every += [(None, p) for p in shared]

    def row() -> list[arb]:
        at = drawn_point(spec.dim, rng)
        at[Y] = rng.choice(outcomes) if outcomes else sp.Rational(rng.randrange(-600, 601), 100)
        gates = slopes_at(spec.gate.score, (*own, *shared), atoms, at, bits)
        experts = slopes_at(spec.expert.log_density, expert, atoms, at, bits)
        derivatives = dict(zip(every, jacobian_row(gates, experts, len(own)), strict=True))
        return [derivatives[column] for column in columns]

    return finite_rows(row, len(columns))
