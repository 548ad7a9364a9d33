"""Predicts the rates of any gate and expert, from the orders that are proved of them (theory 4.2 to 5).

>>> from temperance.theory.models.by_name import model
>>> found = predict_any(model("beta1*x**3/tau + beta2*x", "tanh(a*x + b)"), 2, 3)
>>> [(p.parameter, str(p.sharp)) for p in found if p.cell_size == 2][:2]
[('beta1/tau', '1/4'), ('beta2', '1/4')]
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.exact_orders import bias_orders, exact_orders
from temperance.theory.contact.order_setting import at_truth, not_shared, order_setting, require_law
from temperance.theory.contact.places import MOST_ATOMS, held_by_gauge
from temperance.theory.models.experts import mean_of
from temperance.theory.models.form import affine_mean, named
from temperance.theory.models.gates import FITTED
from temperance.theory.models.order import HALF, Cells, Order, Prediction, ReasonKind, density
from temperance.theory.models.spec import BETA0, NU, MoESpec, covariates, is_weighted, kinks, weight_parameters
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.rates.overspecified import splittings

UNPUBLISHED = "no paper on this model is in the list"
_AT = "the true atoms are {}"
_EXPERTS = "experts, whatever the gate is (theory 4.2.2)"
_NEAR = ("the means of the experts are distinct", "all fitted atoms are near true ones in the expert")
_LOCAL = "the box holds no other parameters with this density than the truth, its twins, and these with atoms split"
_SHARES = "the shares of the atoms of a cell are bounded away from 0"
_BESIDE = "a singleton beside a split cell: its gate is held where orders are proved"
_NO_LINE = "a singleton beside a split cell: theory 4.2.2 is applied to means that are polynomials in x alone"
_KNOWN = "the gate of the singleton is known: {}"
_TWO = "orders of split cells are proved for two true atoms, not for {}"
_ONE = "k* = 1 < k: no statement covers it"


def predict_any(spec: MoESpec, true: int, fitted: int, truth: Truth | None = None) -> tuple[Prediction, ...]:
    """What is proved of the rates of a model, for every parameter and every cell size that can occur.

    With as many atoms as the truth an order is 1 or flat, or undecided (`exact_orders`). Of more atoms the orders of
    cells are those of the first two true atoms (`contact_orders`). Where a curve reaches a bound the exponent is known,
    else there is one that errors have at least.

    Args:
        spec: the model; with more atoms than the truth, with a Gaussian expert. true: k*, 1 to 5. fitted: k >= k*.
        truth: of so many true atoms; a default one if None.

    Raises:
        ValueError: a model whose orders are not computed, other numbers of atoms, or kinks and another law of x.
    """
    if not 1 <= true <= fitted or true > MOST_ATOMS:
        raise ValueError(f"need 1 <= true <= fitted, and true at most {MOST_ATOMS} for this gate, not {true}, {fitted}")
    if truth is not None:
        require_law(truth)
    predictions = _exact(spec, true, truth) if true == fitted else _split(spec, true, fitted, truth)
    return (*predictions, density())


def gate_of_theorems(spec: MoESpec) -> tuple[str, Activation | None] | None:
    """The gate of `rates.predict` that a model has, and its activation; None where it has another gate or expert.

    It is found by the formulas, whatever parameters are called: softmax, linear and activation gates with experts
    N(y | a.x + b, nu).
    """
    name = named(spec.gate, spec.dim) or ""
    return (name, spec.gate.activation) if FITTED.get(name) and has_linear_expert(spec) else None


def has_linear_expert(spec: MoESpec) -> bool:
    """Whether the expert is N(y | a.x + b, nu), whatever its parameters are called."""
    mean, slopes = mean_of(spec.expert), tuple(p for p in spec.expert.parameters if p != NU)
    return mean is not None and affine_mean(mean, slopes, spec.dim) is not None


def _exact(spec: MoESpec, true: int, truth: Truth | None) -> Iterator[Prediction]:
    """With as many atoms as the truth: the order 1 of what is independent."""
    answer = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=true, truth=truth)
    shared = _names(spec.gate.shared)
    assumptions = (_AT.format(_atoms(answer.setting.truth)), _LOCAL, *_assumed(answer))
    by_experts = {p.name: by for p, _, by in _each(spec, "any", 1) if by is not None}
    for o in (*answer.orders, *(() if true == 1 else bias_orders(answer))):
        prediction = _made(o, None if o.name in shared else 1, assumptions, sharp=o.rate)
        yield prediction if prediction.sharp is not None else by_experts.get(o.parameter, prediction)


def _split(spec: MoESpec, true: int, fitted: int, truth: Truth | None) -> Iterator[Prediction]:
    """Cells of several atoms. Beside the only other true atom, a singleton, they have one size."""
    common: set[Cells] = set()  # the shared parameters are said once for all sizes
    for cells, m in splittings(true, fitted)[::-1]:
        if true == 2 and cells == "some singleton" and 1 < m < fitted - 1:
            continue
        obstacle = _obstacle(spec, true, cells, m)
        predictions = (
            _of_cell(spec, cells, m, fitted, truth) if obstacle is None else _uncovered(spec, cells, m, obstacle)
        )
        yield from (p for p in predictions if p.cell_size is not None or cells not in common)
        common.add(cells)


def _uncovered(spec: MoESpec, cells: Cells, m: int, obstacle: str) -> Iterator[Prediction]:
    """What the theorem on experts says where orders are not known."""
    for p, size, by in _each(spec, cells, m):
        reason = _NO_LINE if obstacle == _BESIDE and p in spec.expert.parameters else obstacle
        yield by or Prediction(p.name, size, None, None, reason, UNPUBLISHED, (), cells)


def _obstacle(spec: MoESpec, true: int, cells: Cells, m: int) -> str | None:
    """Why the orders of a cell are not known."""
    if true == 1:
        return _ONE
    reason = not_shared(spec) if cells == "some singleton" else None
    return reason or (_BESIDE if m == 1 else _TWO.format(true) if true > 2 else None)


def _each(spec: MoESpec, cells: Cells, m: int) -> Iterator[tuple[sp.Symbol, int | None, Prediction | None]]:
    """Every parameter, the size of its cell, and what the theorem on experts says of it."""
    weights = weight_parameters(spec)
    for p in (*spec.gate.own, *spec.expert.parameters, *spec.gate.shared):
        if p not in weights:
            yield p, None if p in spec.gate.shared else m, _of_expert(spec, p, cells, m)


def _of_cell(spec: MoESpec, cells: Cells, m: int, fitted: int, truth: Truth | None) -> Iterator[Prediction]:
    """A cell of m atoms beside a singleton, or beside a split one.

    Where the other one has more atoms the bounds are those of cells of as many: m atoms are a case of more, some equal.
    """
    largest = m if cells == "some singleton" else max(m, fitted - m)
    alike, shared = cells == "some singleton" or fitted == 2 * m, _names(spec.gate.shared)
    split = "all" if cells == "every cell split" else "one"
    setting = order_setting(spec.gate, spec.expert, size=largest, split=split, dim=spec.dim)
    answer = orders(at_truth(setting, truth))
    shown, premise = truth or answer.setting.truth, known_beside(answer.setting)
    assumptions = tuple(dict.fromkeys((_AT.format(_atoms(shown)), _SHARES, _LOCAL, *premise, *_assumed(answer))))
    by_experts = {p.name: by for p, _, by in _each(spec, cells, m) if by is not None}
    for o in answer.orders:
        size = None if o.name in shared else m
        is_sharp = (alike and o.exact) or _is_least(o, spec)
        other = by_experts.get(o.parameter)
        if other is not None and not is_sharp and other.sharp is not None:
            yield other
        else:
            yield _made(o, size, assumptions, sharp=o.rate if is_sharp else None, cells=cells)


def known_beside(setting: Setting) -> tuple[str, ...]:
    """What is assumed of the gate of a singleton, beyond the gauge (theory 4.2)."""
    gauge = held_by_gauge(setting.spec, setting.truth.point(1))
    held = [] if setting.every else [p.name for p in setting.own if p not in gauge]
    return (_KNOWN.format(", ".join(held)),) if held else ()


def _is_least(o: Order, spec: MoESpec) -> bool:
    """Whether the bound of an order in a cell of several atoms is the least possible.

    No order is below 1. Two atoms of one weight with the offsets t and -t are t^2 away where the atom is smooth, so
    that no order of an offset is below 2.
    """
    if o.is_mean or o.name in _names(spec.gate.shared):
        return o.upper == 1
    mean = mean_of(spec.expert)
    return o.upper == 2 and not any(kink.moved_by for kink in kinks(spec)) and not (mean and mean.has(sp.Piecewise))


def _of_expert(spec: MoESpec, p: sp.Symbol, cells: Cells, m: int) -> Prediction | None:
    """What the theorem on experts says of a parameter of a mean that is a polynomial in x, linear in the parameters.

    The exponents of an intercept and of nu are known where atoms have weights of their own, or there are two.
    """
    mean, slopes = mean_of(spec.expert), [q for q in spec.expert.parameters if q != NU]
    if mean is None or p not in spec.expert.parameters or (cells == "some singleton" and not is_weighted(spec)):
        return None
    if not mean.is_polynomial(*covariates(spec.dim), *slopes) or mean.subs(dict.fromkeys(slopes, 0)) != 0:
        return None
    if sp.Poly(mean, *slopes).total_degree() != 1:
        return None
    rate = HALF if m == 1 else Fraction(1, 2 * m) if p == NU else Fraction(1, 4 * m)
    sharp = m == 1 or ((is_weighted(spec) or m == 2) and (p == NU or sp.diff(mean, p) == 1))
    reason = f"{_EXPERTS}: {'singleton cell' if m == 1 else f'r_bar({m}) = {2 * m}'}"
    exponent, least = (rate, None) if sharp else (None, rate)
    return Prediction(p.name, m, exponent, None, reason, UNPUBLISHED, _NEAR, cells, at_least=least)


def _made(
    o: Order, size: int | None, assumptions: tuple[str, ...], *, sharp: Fraction | None, cells: Cells = "any"
) -> Prediction:
    """An order as a prediction."""
    least, text = o.rate if sharp is None else None, o.reason.text
    reason = f"{text}; open whether it is faster" if least is not None else text
    conditions = () if o.flat or o.rate is None else assumptions
    return Prediction(o.parameter, size, sharp, None, reason, UNPUBLISHED, conditions, cells, o.reason.kind, least)


def _atoms(truth: Truth) -> str:
    """The true atoms, as text."""
    points = [{p.name: v for p, v in truth.point(i).items() if p != BETA0} for i in range(truth.k)]
    return ", ".join(f"({', '.join(f'{name} = {value}' for name, value in at.items())})" for at in points)


def _assumed(answer: Orders) -> tuple[str, ...]:
    return tuple(r.text for r in answer.reasons if r.kind is ReasonKind.ASSUMED)


def _names(parameters: tuple[sp.Symbol, ...]) -> set[str]:
    return {p.name for p in parameters}
