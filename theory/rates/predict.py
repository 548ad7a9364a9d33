"""Predicts the exponents of the errors of fitted parameters, from verdicts and symmetries (theory.md 2.2 to 2.7).

>>> from temperance.theory.rates.predict import predict
>>> [str(p.sharp) for p in predict("activation", "tanh", true_k=2, fitted_k=2) if p.parameter == "tau"]
['1/2']
>>> [str(p.sharp) for p in predict("activation", "relu", true_k=2, fitted_k=2) if p.parameter == "tau"]
['None']
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.conditions.decision import Decision
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.conditions.mirror_points import curvature_is_outside_span, mirror
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.rates.overspecified import EXPERT, activation_cells, softmax_cells, with_experts
from temperance.theory.rates.prediction import HALF, Prediction, density
from temperance.theory.rates.setting import Gauge, Setting
from temperance.theory.rates.true_point import TruePoint, covers_line, is_analytic

INVARIANTS = ("beta1^p/tau", "beta1_direction", "beta0/tau")  # of the flow of a homogeneous s
_DISTINCT = "the experts (a, b, nu) are distinct"
_REGULAR = "exact-specified and the Fisher information is not singular"
_EXACT = "exact-specified: n^(-1/2) under the first-order condition"


def predict(
    gate: str,
    source: str | sp.Expr | Activation | None = None,
    *,
    true_k: int,
    fitted_k: int,
    gauge: Gauge = "free",
    dim: int = 1,
    point: TruePoint | None = None,
    decision: Decision | None = None,
) -> tuple[Prediction, ...]:
    """The exponents for every parameter group and every cell size that can occur.

    Args:
        gate: "linear" (dense-to-sparse, with tau), "softmax" (the same with tau = 1) or "activation".
        source: the activation of an activation gate; None for the others.
        true_k: k*, number of true atoms; fitted_k: k >= k*.
        gauge: of an activation gate (the others are taken modulo translation).
        dim: d.
        point: the true point; without it, a generic one is meant and `conditions` say what is assumed.
        decision: the verdicts on the activation, where they are known.

    Returns:
        Predictions; several for one parameter and cell size where the sizes of the other cells matter (see
        `Prediction.applies`).

    Raises:
        ValueError: an unknown gate or gauge, k* < 1, k < k*, d < 1, or a true point of another shape.
    """
    _validate(gate, source, true_k, fitted_k, gauge, dim, point)
    if gate != "activation":
        return (*_translated(gate, true_k, fitted_k), density())
    assert source is not None
    s = activation(source)
    if [p.expr for p in s.pieces] == [Z]:
        return (*_translated("linear", true_k, fitted_k), density())
    setting = Setting(s, true_k, fitted_k, gauge, dim, point, decision)
    return (*with_experts(setting, _activation_gate(setting)), density())


def _activation_gate(setting: Setting) -> tuple[Prediction, ...]:
    if setting.true_k == 1:
        return _one_atom(setting.fitted_k)
    return activation_cells(setting) if setting.fitted_k > setting.true_k else _exact(setting)


def _validate(
    gate: str, source: object, true_k: int, fitted_k: int, gauge: str, dim: int, point: TruePoint | None
) -> None:
    require_gate(gate, source is not None, FITTED)
    gauge_of(gauge)
    if true_k < 1 or fitted_k < true_k or dim < 1:
        raise ValueError(f"need 1 <= true <= fitted and dim >= 1, not {true_k}, {fitted_k}, {dim}")
    if point is not None and (len(point.beta1), len(point.beta1[0])) != (true_k, dim):
        raise ValueError(f"the true point must have {true_k} vectors beta1 of length {dim}")
    if point is not None and gate == "activation" and gauge == "anchored" and any(point.beta1[-1]):
        raise ValueError("in the anchored gauge beta1 of the last atom is 0")


def _translated(gate: str, true_k: int, fitted_k: int) -> tuple[Prediction, ...]:
    """The linear gate and the softmax gate, whose parameters are meant modulo translation."""
    slope = "beta1/tau" if gate == "linear" else "beta1"
    found = softmax_cells(slope, true_k, fitted_k)
    if gate == "softmax":
        return found
    scale = (
        "scale symmetry (beta1, beta0, tau) -> (c beta1, c beta0, c tau): not identifiable, the minimax risk is bounded"
        " below by a constant"
    )
    published = "published as slower than any polynomial"
    sizes = sorted({p.cell_size for p in found if p.cell_size is not None})
    free = [Prediction("tau", None, None, None, scale, published)]
    free += [Prediction("beta1", m, None, None, scale, published) for m in sizes]
    return (*free, *found)


def _one_atom(fitted_k: int) -> tuple[Prediction, ...]:
    """k* = 1: the gate of the truth is constant."""
    constant = "k* = 1: the gate of the truth is 1 whatever beta1 and tau are: not identifiable"
    published = "the published statement supposes a gate"
    gate = [Prediction(n, m, None, None, constant, published) for n, m in (("tau", None), ("beta1", fitted_k))]
    if fitted_k == 1:
        regression = "one atom: linear regression with Gaussian errors"
        return (*gate, *(Prediction(p, 1, HALF, HALF, regression, regression) for p in EXPERT))
    reason = "k* = 1 < k in an activation gate: no statement covers it"
    return (*gate, *(Prediction(p, fitted_k, None, None, reason, reason) for p in EXPERT))


def _exact(setting: Setting) -> tuple[Prediction, ...]:
    """The exact-specified activation gate, k* >= 2."""
    position = setting.point.position if setting.point is not None else "generic"
    obstacle = setting.unpublished("first", setting.whole.first_order)
    if setting.gauge == "free" and position != "generic":
        found = _special_point(setting, position)
    elif setting.whole.first_order.outcome == "fails":
        found = _first_order_fails(setting)
    else:
        found = _first_order_not_failing(setting)
    published = None if obstacle else HALF
    return tuple(replace(p, published=published, published_reason=obstacle or _EXACT) for p in found)


def _groups(
    reason: str, gate: Fraction | None, expert: Fraction | None, conditions: tuple[str, ...] = ()
) -> list[Prediction]:
    """One number for the gate (beta1, tau) and one for the experts and the weights."""
    found = [Prediction("tau", None, gate, None, reason, "", conditions)]
    numbers = {"beta1": gate, **dict.fromkeys(EXPERT, expert), "weight": expert}
    return found + [Prediction(name, 1, p, None, reason, "", conditions) for name, p in numbers.items()]


def _along_flow(reason: str, conditions: tuple[str, ...]) -> list[Prediction]:
    """A flow moves beta1 and tau, and leaves the experts and the weights."""
    return [
        replace(p, reason=f"{reason}: {'not identifiable' if p.sharp is None else 'not moved'}")
        for p in _groups(reason, None, HALF, conditions)
    ]


def _nothing(reason: str) -> list[Prediction]:
    return _groups(reason, None, None)


def _first_order_not_failing(setting: Setting) -> list[Prediction]:
    first = setting.whole.first_order
    if first.outcome == "undecided":
        return _nothing(f"the first-order condition is undecided: {first.reason}")
    obstacle = setting.irregularity(order=1) or setting.zero_slope(all_nonzero=False)
    if obstacle:
        return _nothing(f"no statement covers this: {obstacle}")
    if setting.gauge == "anchored":
        return _groups(f"{_REGULAR}: F1 holds, anchored gauge", HALF, HALF, _anchored_conditions(setting))
    return _free(setting)


def _anchored_conditions(setting: Setting) -> tuple[str, ...]:
    found = [_DISTINCT, *setting.conditions([setting.whole.first_order])]
    if setting.point is None:
        found.append("some beta1_j != 0, and every other j < k has beta1_j != 0 or s'(0) != 0")
    return (*found, *setting.seen_conditions())


def _free(setting: Setting) -> list[Prediction]:
    """Free gauge, off the sets of theory.md 2.5."""
    if not is_analytic(setting.source):
        return _nothing("free gauge: only analytic s are covered, and s is not proved analytic on the whole line")
    expr = setting.source.pieces[0].expr
    if expr.is_polynomial(Z):
        singular = setting.true_k == 2 and setting.dim == 1 and len(sp.Poly(expr - expr.subs(Z, 0), Z).terms()) == 2
        two = "a polynomial of two monomials is singular for every beta1 when k = 2, d = 1"
        return _nothing(two if singular else "free gauge: polynomials are not covered")
    conditions = [_DISTINCT]
    if setting.point is None:
        off = "beta1_2 is neither beta1_1 nor -beta1_1" if setting.true_k == 2 else "not all beta1_i are +-beta"
        conditions += [off, "beta1_i != 0 or s'(0) != 0"]
    elif setting.true_k == 2 and mirror(setting.source).kind == "odd" and not all(map(any, setting.point.beta1)):
        conditions.append("a box without the mirror point (beta, -beta, 2 beta0, 2 tau): the same density")
    return _groups(f"{_REGULAR}: F1 holds, free gauge, beta1_i not all equal up to sign", HALF, HALF, tuple(conditions))


def _first_order_fails(setting: Setting) -> list[Prediction]:
    """The flows of theory.md 2.3."""
    failure = classify(setting.source)
    if failure is None or not failure.symmetry:
        note = failure.note if failure else "its class is not proved"
        return _nothing(f"F1 fails, but not as a symmetry of the model ({note}): no statement covers it")
    if setting.scale is None:
        return _nothing(f"F1 fails, s is {failure.kind} on each half-line; no rate is stated (flow: {failure.flow})")
    obstacle = _homogeneous_obstacle(setting, failure.degree)
    if obstacle:
        return _nothing(f"s is homogeneous up to a constant, but no statement covers this: {obstacle}")
    conditions = (_DISTINCT, *setting.conditions([]), *setting.seen_conditions())
    if setting.point is None:
        conditions = (*conditions, "no beta1_j is 0, the anchor's excepted")
    return _along_flow(setting.scale, conditions) + _invariants(
        setting, f"invariants of the flow {failure.flow}", conditions
    )


def _degree_obstacle(setting: Setting, degree: sp.Expr) -> str | None:
    if not degree.is_positive:
        return f"degree {degree} is not positive: s is not continuous at 0"
    if setting.dim > 1 and not (2 * degree - 1).is_positive:
        return f"degree {degree}: the derivative in the direction of beta1 is not square integrable"
    return None


def _homogeneous_obstacle(setting: Setting, degree: sp.Expr) -> str | None:
    if obstacle := _degree_obstacle(setting, degree):
        return obstacle
    if setting.unseen:
        return setting.unseen
    if setting.point is not None and any(not any(setting.point.beta1[j]) for j in setting.atoms):
        return "some beta1_j is 0"
    return None


def _invariants(setting: Setting, reason: str, conditions: tuple[str, ...]) -> list[Prediction]:
    """|beta1|^p/tau, the direction of beta1 and beta0/tau."""
    if setting.gauge == "free":
        why = "free gauge: what all atoms share cancels in the softmax; a single invariant may not be identifiable"
        return [Prediction(name, 1, None, None, why, "") for name in INVARIANTS]
    return [Prediction(name, 1, HALF, None, reason, "", conditions) for name in INVARIANTS]


def _special_point(setting: Setting, position: str) -> list[Prediction]:
    """Free gauge, on the sets of theory.md 2.5."""
    found = mirror(setting.source)
    if position == "collapsed":
        return _nothing("all beta1_i are +-beta with k >= 3: singular, and no rate is stated")
    if position == "equal" or (found.kind == "even" and found.proved):
        return _nothing("the gate of the truth is constant: beta1 and tau are not identifiable, nothing else is stated")
    if not found.proved or setting.whole.first_order.outcome == "undecided":
        return _nothing(f"mirror point of undecided type: {found.reason or setting.whole.first_order.reason}")
    if setting.whole.first_order.outcome == "fails":
        return _first_order_fails(setting)
    obstacle = setting.irregularity(order=1)
    if obstacle or not covers_line(setting.source):
        return _nothing(f"mirror point: {obstacle or 'the atoms do not see s on the whole line'}: not covered")
    if found.kind == "homogeneous" and found.degree is not None:
        return _mirror_homogeneous(setting, found.degree, found.even_part_moves)
    if found.kind == "odd":
        return _mirror_odd(setting)
    reason = f"{_REGULAR}: at a mirror point whose type is none of even, homogeneous and odd"
    return _groups(reason, HALF, HALF, (_DISTINCT,))


def _mirror_homogeneous(setting: Setting, degree: sp.Expr, even_part_moves: bool) -> list[Prediction]:
    if not even_part_moves:
        return _nothing("mirror point of type homogeneous, and a second flow is not excluded")
    obstacle = _degree_obstacle(setting, degree)
    if obstacle:
        return _nothing(f"mirror point of type homogeneous, not covered: {obstacle}")
    power = "l" if degree == 1 else f"l^({degree})"
    orbit = (
        f"exact orbit (beta, -beta, beta0, tau) -> (l beta, -l beta, {power} beta0, {power} tau) of the mirror point"
    )
    conditions = (_DISTINCT,)
    found = _along_flow(orbit, conditions)
    return found + [Prediction(n, 1, HALF, None, f"invariant at the {orbit}", "", conditions) for n in INVARIANTS]


def _mirror_odd(setting: Setting) -> list[Prediction]:
    verdict = curvature_is_outside_span(setting.source)
    if verdict.outcome != "holds":
        return _nothing(f"mirror point of type odd: {verdict.reason}")
    reason = "mirror point of type odd: information singular along beta1_1 + beta1_2 alone, contact order 2 there"
    # s(beta x) - s(-beta x) = 2 (s(beta x) - s(0)) for s odd + const: three points have one density
    conditions = (_DISTINCT, "a box without (beta, 0, beta0/2, tau/2) and (0, -beta, beta0/2, tau/2): the same density")
    groups = _groups(reason, HALF, HALF, conditions)
    quarter = [replace(p, sharp=HALF / 2) if p.parameter == "beta1" else p for p in groups]
    sums = {"beta1_sum": HALF / 2, "beta1_difference": HALF}
    return quarter + [Prediction(n, None, p, None, reason, "", conditions) for n, p in sums.items()]
