"""Decides the orders of an exact-specified model: 1, or flat along an exact flow (theory.md 2.10).

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
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb

from temperance.theory.contact.contact_curves import certificates
from temperance.theory.contact.contact_orders import Orders, with_curves
from temperance.theory.contact.flat_certificates import flat_certificates
from temperance.theory.contact.order_setting import SUPPORT, require_named, require_parameters
from temperance.theory.interactions.rank_by_balls import independent_columns
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import factors
from temperance.theory.models.spec import BETA0, NU, Expert, Gate, MoESpec, Y, covariates, true_value
from temperance.theory.models.weights import weight_parameters
from temperance.theory.orders.independence import finite_rows, formula_at, numbers, random_point
from temperance.theory.rates.true_point import Constant, constant, irregularity
from temperance.theory.settings.order import Order
from temperance.theory.settings.reasons import Reason, ReasonKind
from temperance.theory.settings.truth import Setting, Truth
from temperance.theory.symmetries.flows import Flow
from temperance.theory.traits.traits import flows_of_gate, traits, translates

CONTAMINATED = "contaminated softmax"
_SLOPES, _INTERCEPTS = (1, -1, sp.Rational(1, 2), -2, 2), (0, 3, -2, 2, -4)
_VARIANCES = (1, sp.Rational(3, 2), sp.Rational(3, 4), 2, sp.Rational(5, 4))
_PROVED = Reason(
    ReasonKind.INDEPENDENCE,
    "order 1: the other derivatives of the density are independent (theory.md 2.10), at this truth; where gate and "
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
MOST_ATOMS = len(_SLOPES)


def exact_orders(
    gate: str | Gate,
    expert: str | Expert = "gaussian",
    source: str | None = None,
    point: Mapping[str, Constant] | None = None,
    d: int = 1,
    atoms: int | None = None,
) -> Orders:
    """The orders of every parameter where the number of atoms is the true one.

    Args:
        gate: an object, or a name of `temperance derive`, or "contaminated softmax" (the second expert is known).
        expert: as `models.experts.expert` takes it.
        source: the activation of an activation gate. d: the dimension of x.
        point: values of the first atom's parameters, as `order_setting` takes them.
        atoms: how many the truth has, 1 to `MOST_ATOMS`; by default two, or as many as have no further curve of one
            density.

    Returns:
        Orders of a setting with cells of one; an order neither flat nor bounded is undecided, and `reasons` say why.

    Raises:
        ValueError: what is not accepted.
    """
    spec = model("softmax" if gate == CONTAMINATED else gate, expert, source, d)
    require_named(spec)
    truth = _truth(spec, gate, point or {}, atoms)
    flows, points = flows_of_gate(spec), [truth.point(i) for i in range(truth.k)]
    taken = _taken(flows, spec)
    columns, same = [(i, p) for i, p in _moving(truth) if p not in taken], _one_expert(truth)
    if same is not None:
        columns = [(i, p) for i, p in columns if p in spec.expert.parameters]
    s = spec.gate.activation
    obstacle = None if s is None else irregularity(s, d, 1)
    proved = obstacle is None and independent_columns(lambda bits, rng: _rows(truth, columns, bits, rng))
    found = _PROVED if proved else Reason(ReasonKind.UNDECIDED, f"undecided: {obstacle or _NOT_PROVED}")
    reasons = [*([] if same is None else [same]), *map(_kept, flows), found]
    resting = {p for flow in flows for p in flow.field.moved if all(_rests(p, flows, v) for v in points)}
    if resting:
        names = ", ".join(p.name for p in resting)
        reasons.append(Reason(ReasonKind.AT_REST, f"undecided: {names}, which rest under the flow at this point"))
    elif proved:
        reasons += [Reason(ReasonKind.ASSUMED, text) for text in _assumed(truth)]
    setting = Setting(truth, (1,) * truth.k, taken)
    rows, curves = _with_curves(setting, bool(flows), _listed(spec, flows, resting, found, same))
    return Orders(setting, None, tuple(rows), tuple(reasons), None, tuple(curves))


def exact_truth(spec: MoESpec, point: Mapping[str, Constant] | None = None) -> Truth:
    """The true mixture that the orders of a model are exact at; point as `exact_orders` takes it. Raises as it does."""
    return _truth(spec, spec.gate, point or {}, None)


def bias_orders(found: Orders) -> tuple[Order, ...]:
    """The order of an atom's offset, such as beta0/tau, as `exact_orders` found the others: 1, flat or undecided."""
    spec, kinds = found.setting.spec, {r.kind for r in found.reasons}
    if spec.gate.offset is None:
        return ()
    label, flows = str(spec.gate.offset), flows_of_gate(spec)
    lost = _one_expert(found.setting.truth)
    for flow in flows:
        moved = sp.simplify(spec.gate.offset.subs(dict(flow.orbit), simultaneous=True) - spec.gate.offset)
        lost = _kept(flow) if moved != 0 and lost is None else lost
    if lost is not None:
        return (Order(label, BETA0.name, False, lost, flat=True),)
    if ReasonKind.INDEPENDENCE in kinds:
        return (Order(label, BETA0.name, False, _PROVED, Fraction(1)),)
    why = next(r for r in found.reasons if r.kind is ReasonKind.UNDECIDED)
    return (Order(label, BETA0.name, False, why),)


def held_of_last(truth: Truth) -> tuple[sp.Symbol, ...]:
    """The parameters of the last atom that are held, by the gauge or because they are known."""
    moving, gate = {*_moving(truth)}, truth.spec.gate
    return tuple(p for p in truth.atoms[-1] if p not in gate.shared and (truth.k - 1, p) not in moving)


def _assumed(truth: Truth) -> list[str]:
    """What is said of the gauge, and of the number of atoms."""
    said = [_COUNTED.format(_NUMERALS[truth.k])] if traits(truth.spec).atoms_needed == truth.k > 2 else []
    last = truth.point(-1)
    held = _held(truth.spec, last)
    if not held:
        return said
    flowing = {p for flow in flows_of_gate(truth.spec) for p in flow.field.moved if last.get(p, sp.S.Zero) != 0}
    moved = [p.name for p in held if p in flowing]
    along = _ALONG.format(", ".join(moved)) if moved else ""
    return [*said, (_HELD if translates(truth.spec) else _ANCHORED) + along]


def _kept(flow: Flow) -> Reason:
    return Reason(ReasonKind.IDENTITY, f"{flow.statement} keeps the density")


def _listed(
    spec: MoESpec, flows: Sequence[Flow], resting: Collection[sp.Symbol], found: Reason, same: Reason | None
) -> list[Order]:
    """What flows move, their invariants, and what nothing moves; the parameters of equal experts' gate are flat.

    found: of what is not flat: the order 1, or undecided.
    """
    weights, taken = {*weight_parameters(spec), BETA0}, _taken(flows, spec)
    order = Fraction(1) if found.kind is ReasonKind.INDEPENDENCE else None
    rows, moved = [], [p for flow in flows for p in flow.field.moved]
    for p in (p for p in moved if p not in weights):
        why = _AT_REST if p in resting else next(_kept(flow) for flow in flows if p in flow.field.moved)
        rows.append(Order(p.name, p.name, False, why, flat=p not in resting))

    def add(label: str, p: sp.Symbol) -> None:
        lost = None if p in spec.expert.parameters else same
        rows.append(Order(label, p.name, False, lost or found, None if lost else order, flat=lost is not None))

    for f in (f for flow in flows for f in flow.invariants if not f.free_symbols & weights):
        inside = [p for p in moved if p in f.free_symbols]
        add(str(f).replace("**", "^"), next((p for p in inside if p not in taken), inside[0]))
    for p in (*spec.gate.own, *spec.expert.parameters, *spec.gate.shared):
        if p not in moved and p not in weights:
            add(p.name, p)
    return rows


def _with_curves(setting: Setting, flows: bool, rows: Sequence[Order]) -> tuple[list[Order], list[dict[str, Any]]]:
    """The orders with what certificates of curves show; of Gaussian experts alone."""
    if mean_of(setting.spec.expert) is None or setting.truth.k == 1:
        return list(rows), []
    scales = flat_certificates(setting)[0] if flows else []
    curves = [*certificates(setting), *scales]
    return with_curves(rows, curves), curves


def _rests(p: sp.Symbol, flows: Sequence[Flow], values: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """Whether no flow moves a parameter at its value in an atom."""
    speeds = [c for flow in flows for q, c in flow.field.components if q == p]
    return all(sp.simplify(c.subs(values)) == 0 for c in speeds)


def _truth(spec: MoESpec, gate: str | Gate, point: Mapping[str, Constant], atoms: int | None) -> Truth:
    """So many true atoms, the first at the point."""
    require_parameters(point, spec.parameters, spec.gate)
    last = {p: _value(spec, p, 1) for p in spec.gate.parameters}
    if atoms is not None and not 1 <= atoms <= MOST_ATOMS:
        raise ValueError(f"orders are computed for 1 to {MOST_ATOMS} true atoms, not {atoms}")
    count = atoms or (2 if _is_anchored(spec, last) else traits(spec).atoms_needed or 2)
    own = [p for p in (*spec.parameters, *_bias(spec)) if p not in spec.gate.shared]
    found = [{p: _value(spec, p, i) for p in own} for i in range(count)]
    shared = {p: _value(spec, p, 0) for p in spec.gate.shared}
    for p in spec.parameters:
        if p.name in point:
            (shared if p in shared else found[0])[p] = constant(p.name, point[p.name])
    known = {(i, p) for i in range(1, count) for p in spec.expert.parameters if gate == CONTAMINATED}
    return Truth(spec, tuple(found), shared, SUPPORT, frozenset(known))


def _bias(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    return () if spec.gate.offset is None else (BETA0,)


@lru_cache(maxsize=64)
def _moving(truth: Truth) -> tuple[tuple[int | None, sp.Symbol], ...]:
    """The derivatives that are taken: (atom, parameter), the atom None for a shared parameter."""
    spec, last = truth.spec, truth.k - 1
    held = {BETA0, *_held(spec, truth.point(-1))}
    held |= {*weight_parameters(spec)} if spec.gate.offset is None else set()
    moving: list[tuple[int | None, sp.Symbol]] = [(None, p) for p in spec.gate.shared]
    for i in range(truth.k):
        moving += [(i, p) for p in (*spec.gate.own, *_bias(spec)) if i < last or p not in held]
        moving += [(i, p) for p in spec.expert.parameters if (i, p) not in truth.known]
    return tuple(moving)


def _held(spec: MoESpec, last: Mapping[sp.Symbol, sp.Expr]) -> tuple[sp.Symbol, ...]:
    """The parameters of the gate that the gauge holds in the last atom."""
    if _is_anchored(spec, last):
        return spec.gate.own
    return traits(spec).held or ()


def _is_anchored(spec: MoESpec, last: Mapping[sp.Symbol, sp.Expr]) -> bool:
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


def _taken(flows: Sequence[Flow], spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """A parameter of each flow that its flow can bring to the true value."""
    shared = [[p for p in flow.field.moved if p in spec.gate.shared] for flow in flows]
    return tuple((found or flow.field.moved)[0] for found, flow in zip(shared, flows, strict=True))


def _one_expert(truth: Truth) -> Reason | None:
    """Why the density is that of one expert, if it is."""
    first, *others = ([v[p] for p in truth.spec.expert.parameters] for v in truth.atoms)
    return _ALONE if not others else _SAME if others == [first] else None


def _rows(
    truth: Truth, columns: Sequence[tuple[int | None, sp.Symbol]], bits: int, rng: random.Random
) -> list[list[arb]]:
    """The derivatives of the density at observations with x in [-2, 2]^d and y in [-6, 6], or an outcome."""
    spec = truth.spec
    outcomes = [r.rhs for r in spec.expert.log_density.atoms(sp.Eq)]

    def row() -> list[arb]:
        x = random_point(rng, spec.dim)
        y = rng.choice(outcomes) if outcomes else sp.Rational(rng.randrange(-600, 601), 100)
        return _row(truth, columns, {**x, Y: y}, bits)

    return finite_rows(row, len(columns))


@lru_cache(maxsize=256)
def _slope(f: sp.Expr, p: sp.Symbol) -> sp.Expr:
    """One for all observations."""
    return sp.diff(f, p)


def _row(
    truth: Truth, columns: Sequence[tuple[int | None, sp.Symbol]], seen: Mapping[sp.Symbol, sp.Expr], bits: int
) -> list[arb]:
    """d g/d theta: pi_i (f_i - g) dL_i/d theta for the gate, pi_i df_i/d theta for the experts."""
    spec, atoms = truth.spec, []
    offset = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
    for i in range(truth.k):
        at = {**truth.point(i), **seen}
        number = numbers(at, bits)
        score, density = formula_at(spec.gate.log_weight, at) + offset, formula_at(spec.expert.log_density, at)
        atoms.append((number, score, density, number(score).exp(), number(density).exp()))
    total = sum((w for *_, w, _ in atoms), arb(0))
    g = sum((w * f for *_, w, f in atoms), arb(0)) / total
    row = []
    for atom, p in columns:
        entry = arb(0)
        for number, score, density, w, f in atoms if atom is None else [atoms[atom]]:
            gate = p not in spec.expert.parameters
            entry += w / total * ((f - g) * number(_slope(score, p)) if gate else f * number(_slope(density, p)))
        row.append(entry)
    return row
