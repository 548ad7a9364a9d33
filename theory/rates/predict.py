"""Predicts the exponents of the errors of fitted parameters, from verdicts and symmetries (theory 2.1 to 4.2).

>>> from temperance.theory.rates.true_point import somewhere
>>> [str(p.sharp) for p in predict(somewhere(2), 2, "tanh") if p.parameter == "tau"]
['1/2']
>>> [str(p.sharp) for p in predict(somewhere(2), 2, "relu") if p.parameter == "tau"]
['None']

Where as many atoms are fitted as there are, two or more, every parameter of one density has the same answer
(`exact_specified`): the rate is to the nearest of them, and so the slowest at any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.piecewise import Piece
from temperance.theory.conditions.degeneracies import Failure, classify, curvature_is_outside_span, mirror
from temperance.theory.models.gates import Gauge, gauge_of
from temperance.theory.models.order import HALF, Prediction, ReasonKind, density
from temperance.theory.models.spec import covariates, dot
from temperance.theory.models.truth import Truth
from temperance.theory.rates.overspecified import (
    DISTINCT,
    EXPERT,
    activation_cells,
    bounds,
    softmax_cells,
    with_experts,
)
from temperance.theory.rates.true_point import Analysis, covers_line, irregularity, is_analytic, slope_at_zero
from temperance.theory.twins.twin import touching_zero

INVARIANTS = ("beta1^p/tau", "beta1_direction")  # of the flow of a homogeneous s, beside beta0/tau
_REGULAR = "exact-specified and the Fisher information is not singular"
_EXACT = "exact-specified: n^(-1/2) under the first-order condition"


def exact_specified(at: Analysis) -> list[Prediction]:
    """The exact-specified activation gate, k* >= 2."""
    obstacle = at.unpublished("first", at.whole.first_order)
    published = None if obstacle else HALF
    return [replace(p, published=published, published_reason=obstacle or _EXACT) for p in _exact_at(at)]


def _exact_at(at: Analysis) -> list[Prediction]:
    """By the place of the true point (theory 3.3.4): every parameter of one density has the same answer."""
    first = at.whole.first_order
    if at.has_constant_gate:
        return _constant_gate(at)
    if first.outcome == "fails":
        return _first_order_fails(at)
    if at.gauge == "free" and at.position == "mirror":
        return _mirror(at)
    if first.outcome == "undecided":
        return _nothing(f"the first-order condition is undecided: {first.reason}", ReasonKind.UNDECIDED)
    obstacle = at.irregularity(order=1) or at.zero_slope(all_nonzero=False)
    if obstacle:
        return _nothing(f"no statement covers this: {obstacle}")
    if at.gauge == "anchored":
        return _groups(f"{_REGULAR}: F1 holds, anchored gauge", HALF, HALF, _anchored_conditions(at))
    if at.position == "half" and at.odd is not False:
        if at.odd is None:
            parity = at.mirror.reason or "the parity of s is"
            reason = f"whether (b, -b, 2 beta0, 2 tau) has this density is undecided: {parity}"
            return _nothing(reason, ReasonKind.UNDECIDED)
        return _mirror_odd(at)
    return _free(at)


def _constant_gate(at: Analysis) -> list[Prediction]:
    """All beta1_i are equal; where one is the anchor's, all are 0, and stay so in every parameter of this density."""
    if at.gauge == "free" or at.is_constant:
        return _nothing("the gate of the truth is constant: no statement covers this")
    rough = at.irregularity(order=1)
    if rough or slope_at_zero(at.source) != "nonzero":
        return _nothing(
            f"all beta1_i are 0: no statement covers this: {rough or 's(0) finite, no 0 slope: not proved'}"
        )
    reason = "all beta1_i are 0, in every parameter of this density; s'(0) != 0 shows them to first order"
    return _groups(reason, HALF, HALF, (DISTINCT,))


def _groups(
    reason: str, gate: Fraction | None, expert: Fraction | None, conditions: tuple[str, ...] = ()
) -> list[Prediction]:
    """One number for the gate (beta1, tau) and one for the experts and the weights."""
    predictions = [Prediction("tau", None, gate, None, reason, "", conditions)]
    numbers = {"beta1": gate, **dict.fromkeys(EXPERT, expert), "weight": expert}
    return predictions + [Prediction(name, 1, p, None, reason, "", conditions) for name, p in numbers.items()]


def _along_flow(reason: str) -> list[Prediction]:
    """A flow moves beta1 and tau, not experts and weights; beta0/tau is the log odds where s is constant (4.2)."""
    predictions = _groups(f"{reason}: not moved", None, HALF, (DISTINCT,))
    return [*predictions, replace(predictions[-1], parameter="beta0/tau")]


def _nothing(reason: str, kind: ReasonKind = ReasonKind.NO_BOUND) -> list[Prediction]:
    return [replace(p, unproved=kind) for p in _groups(reason, None, None)]


def _anchored_conditions(at: Analysis) -> tuple[str, ...]:
    assumptions = [DISTINCT, *at.conditions([at.whole.first_order])]
    if at.beta1 is None:
        assumptions.append("some beta1_j != 0, and every other j < k has beta1_j != 0 or s'(0) != 0")
        if at.truth.k > 2 and at.odd is not False and slope_at_zero(at.source) != "nonzero":
            assumptions.append("not all beta1_j with j < k are equal")
    return (*assumptions, *at.support_conditions())


def _free(at: Analysis) -> list[Prediction]:
    """Free gauge, off the sets of theory 3.3.3."""
    if not is_analytic(at.source):
        reason = "only analytic s are covered, and s is not proved analytic on the whole line"
        return _nothing(reason, ReasonKind.FREE_GAUGE)
    expr = at.source.pieces[0].expr
    if expr.is_polynomial(Z):
        singular = at.truth.k == 2 and at.truth.spec.dim == 1 and len(sp.Poly(expr - expr.subs(Z, 0), Z).terms()) == 2
        if singular:
            return _nothing("a polynomial of two monomials is singular for every beta1 when k = 2, d = 1")
        return _nothing("polynomials are not covered", ReasonKind.FREE_GAUGE)
    conditions = [DISTINCT]
    if at.beta1 is None:
        off = "beta1_2 is neither beta1_1 nor -beta1_1" if at.truth.k == 2 else "not all beta1_i are +-beta"
        strict = at.odd is not False and at.truth.k == 2
        conditions += [off, "no beta1_i is 0" if strict else "beta1_i != 0 or s'(0) != 0"]
        if at.odd is not False and not strict:
            conditions.append("not all beta1_i are beta or 0")
    return _groups(f"{_REGULAR}: F1 holds, free gauge, beta1_i not all equal up to sign", HALF, HALF, tuple(conditions))


def _first_order_fails(at: Analysis) -> list[Prediction]:
    """The flows of theory 3.1.2."""
    failure = at.failure
    if failure is None:
        relation = classify(at.source)
        note = relation.note if relation else "its class is not proved"
        return _nothing(f"F1 fails, but not as a symmetry of the model ({note}): no statement covers it")
    if at.scale is None:
        what = f"F1 fails, s is {failure.kind} on each half-line; no rate is stated (flow: {failure.flow})"
        lost = _nothing(f"{what}: not identifiable", ReasonKind.IDENTITY)
        rest = _nothing(what)
        return [p if _is_lost(at, failure, p.parameter) else q for p, q in zip(lost, rest, strict=True)]
    if not failure.degree.is_positive:
        return _nothing(f"degree {failure.degree} is not positive: s is not continuous at 0")
    predictions = _along_flow(at.scale)
    obstacle = _homogeneous_obstacle(at, failure.degree)
    if obstacle:
        return predictions + [
            Prediction(name, 1, None, None, f"no statement covers this: {obstacle}", "") for name in INVARIANTS
        ]
    conditions = (DISTINCT, *at.conditions([]), *at.support_conditions())
    if at.beta1 is None:
        conditions = (*conditions, "no beta1_j is 0, the anchor's excepted")
        if at.truth.k > 2 and at.odd_power:
            conditions = (*conditions, "the beta1_j are distinct")
    return predictions + _invariants(f"invariants of the flow {failure.flow}", conditions)


def _is_lost(at: Analysis, failure: Failure, parameter: str) -> bool:
    """Whether a flow of one atom moves a parameter: the length of beta1; tau where log|x| is common to all atoms."""
    common = failure.kind == "logarithmic" and at.truth.spec.dim == 1
    return parameter == "beta1" or (parameter == "tau" and common)


def _homogeneous_obstacle(at: Analysis, degree: sp.Expr) -> str | None:
    """What forbids a rate of the single invariants of the flow."""
    if at.gauge == "free":
        return "free gauge: what all atoms share cancels in the softmax; a single invariant may not be identifiable"
    if at.truth.spec.dim > 1 and not (2 * degree - 1).is_positive:
        return f"degree {degree}: the derivative in the direction of beta1 is not square integrable"
    if at.unseen:
        return at.unseen
    if at.beta1 is None:
        return None
    moving = [at.beta1[j] for j in at.atoms]
    if not all(map(any, moving)):
        return "some beta1_j is 0"
    if len(set(moving)) < len(moving) and at.odd_power:
        return "two beta1_j are equal: with one as the anchor, the other is 0, and the density is the same"
    return None


def _invariants(reason: str, conditions: tuple[str, ...]) -> list[Prediction]:
    """|beta1|^p/tau and the direction of beta1."""
    return [Prediction(name, 1, HALF, None, reason, "", conditions) for name in INVARIANTS]


def _mirror(at: Analysis) -> list[Prediction]:
    """Free gauge, all beta1_i are b or -b, and both occur (theory 3.3.3); F1 does not fail."""
    mirror_point, first = at.mirror, at.whole.first_order
    if not mirror_point.proved or first.outcome == "undecided":
        return _nothing(f"mirror point of undecided type: {mirror_point.reason or first.reason}", ReasonKind.UNDECIDED)
    homogeneous = mirror_point.kind == "homogeneous" and mirror_point.degree is not None
    obstacle = irregularity(at.source, at.truth.spec.dim, 1) or (None if homogeneous else at.unseen)
    if obstacle or not covers_line(at.source):
        return _nothing(f"mirror point: {obstacle or 'the atoms do not see s on the whole line'}: not covered")
    if homogeneous:
        return _mirror_homogeneous(at, mirror_point.degree)
    if mirror_point.kind == "odd":
        return _mirror_odd(at)
    reason = f"{_REGULAR}: at a mirror point whose type is none of even, homogeneous and odd"
    return _groups(reason, HALF, HALF, (DISTINCT,))


def _mirror_homogeneous(at: Analysis, degree: sp.Expr) -> list[Prediction]:
    """The orbit comes near beta1 = 0, where no kink is reached: so what is asked of s is asked of it around 0."""
    where, source = "mirror point of type homogeneous", at.source
    around = touching_zero(source.pieces, dict(source.sample))
    sides = [Piece(p.expr, p.lower if p.lower == 0 else -sp.oo, p.upper if p.upper == 0 else sp.oo) for p in around]
    if not mirror(replace(source, pieces=tuple(sides))).even_part_moves:
        return _nothing(f"{where}, and a second flow is not excluded")
    if not degree.is_positive or (at.truth.spec.dim > 1 and not (2 * degree - 1).is_positive):
        return _nothing(f"{where}, not covered: degree {degree}")
    orbit = f"{where}: invariants of its exact orbit"
    return _along_flow(f"{where}, exact orbit") + _invariants(orbit, (DISTINCT,))


def _mirror_odd(at: Analysis) -> list[Prediction]:
    """All beta1_i are b or -b, or b or 0: with s odd + const, (b, -b), (b, 0) and (0, -b) have one density."""
    verdict = curvature_is_outside_span(at.source)
    if verdict.outcome != "holds":
        return _nothing(f"mirror point of type odd: {verdict.reason}")
    reason = (
        "mirror point of type odd: information singular along the sum of beta1 over b and -b, contact order 2 there"
    )
    if at.odd:
        if slope_at_zero(at.source) != "nonzero":
            return _nothing("(b, -b), (b, 0) and (0, -b) have one density; of (b, 0) s'(0) != 0 is not proved")
        reason += (
            "; (b, -b, beta0, tau), (b, 0, beta0/2, tau/2) and (0, -b, beta0/2, tau/2) have one density, and the rate"
            " is to the nearest: in a box without the first all have 1/2"
        )
    groups = _groups(reason, HALF, HALF, (DISTINCT,))
    quarter = [replace(p, sharp=HALF / 2) if p.parameter == "beta1" else p for p in groups]
    if at.truth.k > 2:
        return quarter
    sums = {"beta1_sum": HALF / 2, "beta1_difference": HALF}
    return quarter + [Prediction(n, None, p, None, reason, "", (DISTINCT,)) for n, p in sums.items()]


def predict(
    truth: Truth,
    fitted: int,
    source: str | sp.Expr | Activation | None = None,
    *,
    gauge: Gauge = "free",
) -> tuple[Prediction, ...]:
    """The exponents for every parameter group and every cell size that can occur.

    Args:
        truth: the true mixture, its gate exp(beta1.x), exp(beta1.x/tau) or exp(s(beta1.x)/tau) with a free s; where it
            is generic, `conditions` say what is assumed.
        fitted: k >= k*.
        source: the activation in the place of a free s; None for the others.
        gauge: of an activation gate (the others are taken modulo translation).

    Returns:
        Predictions; several for one parameter and cell size where the sizes of the other cells matter (see
        `Prediction.applies`).

    Raises:
        ValueError: another gate, an unknown gauge, k* < 1, k < k*, or a truth that does not obey the gauge.
    """
    gate, x = truth.spec.gate, covariates(truth.spec.dim)
    tau_is_known = not gate.shared
    if source is None:
        score = gate.log_weight * sp.prod(gate.shared)
        slopes = [sp.expand(sp.diff(score, p)) for p in gate.own]
        if len(gate.shared) > 1 or {*slopes} != {*x} or sp.expand(score - dot(gate.own, slopes)) != 0:
            raise ValueError("rates are predicted of the gates exp(beta1.x), exp(beta1.x/tau) and of activation gates")
    if not 1 <= truth.k <= fitted:
        raise ValueError(f"need 1 <= true <= fitted, not {truth.k}, {fitted}")
    s = None if source is None else activation(source)
    if s is None or [p.expr for p in s.pieces] == [Z]:
        return (*_translated(truth.k, fitted, tau_is_known=tau_is_known), density())
    at = Analysis(s, truth, fitted, gauge_of(gauge))
    if at.gauge == "anchored" and at.beta1 is not None and any(at.beta1[-1]):
        raise ValueError("in the anchored gauge beta1 of the last atom is 0")
    return (*with_experts(at, _activation_gate(at)), density())


def _activation_gate(at: Analysis) -> tuple[Prediction, ...]:
    if at.truth.k == 1:
        return _one_atom(at.fitted)
    return _flat(at, activation_cells(at) if at.fitted > at.truth.k else exact_specified(at))


def _flat(at: Analysis, rates: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """With tau and beta1 not identifiable where a curve of parameters with the density of the truth moves them."""
    if at.flat is None:
        return tuple(rates)
    curve, names = at.flat
    reason = f"{curve}: not identifiable{bounds(at) if at.fitted > at.truth.k else ''}"
    return tuple(
        replace(p, sharp=None, why=reason, unproved=ReasonKind.IDENTITY) if p.parameter in names else p for p in rates
    )


def _translated(true_k: int, fitted: int, *, tau_is_known: bool) -> tuple[Prediction, ...]:
    """The linear gate and the softmax gate, whose parameters are meant modulo translation."""
    cells = softmax_cells("beta1" if tau_is_known else "beta1/tau", true_k, fitted)
    if tau_is_known:
        return cells
    scale = (
        "scale symmetry (beta1, beta0, tau) -> (c beta1, c beta0, c tau): not identifiable, the minimax risk is bounded"
        " below by a constant"
    )
    published = "published as slower than any polynomial"
    sizes = sorted({p.cell_size for p in cells if p.cell_size is not None})
    free = [Prediction("tau", None, None, None, scale, published, unproved=ReasonKind.IDENTITY)]
    free += [Prediction("beta1", m, None, None, scale, published, unproved=ReasonKind.IDENTITY) for m in sizes]
    return (*free, *cells)


def _one_atom(fitted: int) -> tuple[Prediction, ...]:
    """k* = 1: the gate of the truth is constant."""
    constant = "k* = 1: the gate of the truth is 1 whatever beta1 and tau are: not identifiable"
    published = "the published statement supposes a gate"
    gate = [
        Prediction(n, m, None, None, constant, published, unproved=ReasonKind.IDENTITY)
        for n, m in (("tau", None), ("beta1", fitted))
    ]
    if fitted == 1:
        regression = "one atom: linear regression with Gaussian errors"
        return (*gate, *(Prediction(p, 1, HALF, HALF, regression, regression) for p in EXPERT))
    reason = "k* = 1 < k in an activation gate: no statement covers it"
    return (*gate, *(Prediction(p, fitted, None, None, reason, reason) for p in EXPERT))
