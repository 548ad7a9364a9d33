"""Bounds contact orders by theorems: the one on experts, those of theory 3.2 and 5, and r_bar(m) = 2m (4.1.1).

`expert_orders` bounds the expert where the kernel has no theorem: weights linear in a power of beta1, two atoms on
lines, and means with kinks. The weights of the Gaussian gate, which is known by its formula, are normalised over the
whole space, so that integrals of the equations over it determine what no coefficient does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement as pairs_of

import sympy as sp

from temperance.theory.contact.bound_certificates import searched_orders
from temperance.theory.contact.gate_orders import AVERAGE, Quadratic, gate_orders, least, quadratic
from temperance.theory.contact.order_setting import flat_curves, line_of
from temperance.theory.interactions.independence import formulas_seen, independent
from temperance.theory.models import gates
from temperance.theory.models.form import activated, affine_mean, degree, in_places, intercept, is_linear
from temperance.theory.models.gates import Gauge
from temperance.theory.models.order import Bounds, Quantity, Reason, ReasonKind, theorem
from temperance.theory.models.spec import NU, covariates
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction
from temperance.theory.symmetries.traits import on_lines

_EXPERTS = theorem("the theorem on experts, which holds for every gate: |b|^(2m) and |nu|^m are O(distance)")
_PAIR = theorem("two atoms: the slopes of the mean and their products with those of the gate are independent")
_POWER = theorem(
    "the weights of the cell are polynomials of a degree above 1, and so are the equations r = 1 and r = 2"
)
_MEANS = theorem("the second derivatives of the mean and 1 are independent, and the gate has the order 2")
_TOO_HIGH = 100  # the degree of what is no polynomial
_TWO = theorem("two atoms: 1, the derivatives of the log weight and the products of those of the mean are independent")


def expert_orders(
    cell: Setting, *, order_two: bool = False, power: bool = False, line: Setting | None = None
) -> Bounds:
    """Bounds of the expert's parameters and of their weighted means.

    order_two: whether the gate has at most the order 2. power: whether the weight is linear in a power of beta1 above
    1, and tau has the order 1. line: what is seen on lines, if shares are the same there.
    """
    slopes = {p: sp.diff(cell.mean, p) for p in cell.expert if p != NU}
    if not independent([*slopes.values()], cell.point, cell.spec.dim):
        return {}
    orders = {p: Fraction(cell.size if p == NU else 2 * cell.size) for p in cell.expert}
    bounds: Bounds = {Quantity(p.name): (r, _EXPERTS) for p, r in orders.items()}
    if cell.mean.has(sp.Piecewise):
        return bounds | _with_kinks(cell, slopes, order_two=order_two)
    if not is_linear(cell):
        return bounds
    means = [Quantity(p.name, True) for p in slopes]
    degrees = {Quantity(p.name): degree(f, cell.spec.dim) for p, f in slopes.items()}
    if power and max(_TOO_HIGH if n is None else n for n in degrees.values()) == 1:
        bounds |= {name: (Fraction(2), _POWER) for name, n in degrees.items() if n}
        bounds |= dict.fromkeys(means, (Fraction(1), _POWER))
    if cell.size == 2 and _parts_products(line if line and _shows_all(cell, line) else cell):
        bounds |= dict.fromkeys(means, (Fraction(1), _PAIR))
    return bounds


def _shows_all(cell: Setting, line: Setting) -> bool:
    """Whether the atom sees every piece of its gate that a line, scaled so that beta1 is 1 on it, would show."""
    pieces = [formulas_seen(c.spec.gate.log_weight, c.point, c.spec.dim) for c in (cell, line)]
    return len(pieces[0]) == len(pieces[1])


def _parts_products(cell: Setting) -> bool:
    """Whether the slopes of a linear mean and their products with those of the gate are independent."""
    weight, dim = cell.spec.gate.log_weight, cell.spec.dim
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p != NU]
    products = [f * g for f in [sp.S.One, *(sp.diff(weight, p) for p in cell.own)] for g in slopes]
    return bool(formulas_seen(weight, cell.point, dim)) and independent(products, cell.point, dim)


def _with_kinks(cell: Setting, slopes: dict[sp.Symbol, sp.Expr], *, order_two: bool) -> Bounds:
    """The bounds where the mean has kinks: its offsets are linear up to squares of theirs, in L1."""
    place, dim, weight = dict(cell.point), cell.spec.dim, cell.spec.gate.log_weight
    offsets = [Quantity(p.name) for p in cell.expert]
    functions = [sp.S.One, *(f * g for f, g in pairs_of(slopes.values(), 2))]
    if order_two and independent(functions, place, dim):
        means = [Quantity(p.name, True) for p in cell.expert]
        return dict.fromkeys(offsets, (Fraction(2), _MEANS)) | dict.fromkeys(means, (Fraction(1), _MEANS))
    gates = [sp.diff(weight, p) for p in cell.own]
    if cell.size == 2 and formulas_seen(weight, cell.point, dim) and independent([*functions, *gates], place, dim):
        return dict.fromkeys(offsets, (Fraction(2), _TWO)) | {Quantity(NU.name, True): (Fraction(1), _TWO)}
    return {}


_SPREAD = theorem(
    "the weights of the cell determine the second moment: Gamma in the mean, and the squares of the offsets of c"
)
_SHARED_OUT = theorem(
    "the means of x and y in the cell are the true ones: what b owes to a and to the gate has their orders"
)
_APART = theorem(
    "where every cell is split, b has the true mean at x = 0, and what shares owe to the gate is small with b"
)


def _means_of_gaussian(cell: Setting, gate: Sequence[sp.Symbol]) -> Bounds:
    """Those of c and Gamma, the gate's parameters being in the order pi, c, Gamma."""
    if cell.every or not gate:
        return {}
    bounds: Bounds = {Quantity(c.name, True): (Fraction(1), AVERAGE) for c in gate[1:-1]}
    if cell.spec.dim > 1:
        bounds[Quantity(gate[-1].name, True)] = max(Fraction(cell.size, 2), Fraction(1)), _SPREAD
    return bounds


def _mean_of_intercept(cell: Setting, bounds: Bounds, gate: Sequence[sp.Symbol]) -> Bounds:
    """By E[m(x)] = O(distance), x ~ N(c, Gamma) of each atom, m the offset of a mean that is linear in its parameters.

    Where every cell is split into two: from the mean at x = 0.
    """
    b = intercept(cell.mean, tuple(p for p in cell.expert if p != NU), cell.spec.dim)
    degrees = _degrees(cell) if is_linear(cell) else None
    if b is None or degrees is None or {*gate[1:]} != {*cell.own}:
        return {}
    top = max(degrees.values())
    if cell.every:
        apart = Fraction(2) if top < 2 else Fraction(9, 4)
        return {Quantity(b.name, True): (apart, _APART)} if cell.size == 2 and top < 3 else {}
    if top > max(cell.size - 1, 1):
        return {}
    return {Quantity(b.name, True): (_order_of_mean(cell, bounds, b, gate[1:]), _SHARED_OUT)}


def _order_of_mean(cell: Setting, bounds: Bounds, b: sp.Symbol, gate: Sequence[sp.Symbol]) -> Fraction:
    """What the least power of the distance is in the other terms of E[m(x)], c and Gamma of the gate in this order."""
    x = covariates(cell.spec.dim)
    slopes = [p for p in cell.expert if p not in (NU, b)]
    term = total = sum((p * sp.diff(cell.mean, p) for p in slopes), sp.S.Zero)
    for k in range(1, sp.total_degree(term, *x) // 2 + 1):
        term = gate[-1] / (2 * k) * sum(sp.diff(term, v, 2) for v in x)
        total += term
    if total == 0:
        return Fraction(1)
    total = total.subs(dict(zip(x, gate, strict=False))).subs({p: p + cell.point[p] for p in gate}, simultaneous=True)
    sizes = {p: 1 / bounds[Quantity(p.name)][0] for p in (*gate, *slopes)}
    powers = [sum(n * sizes[p] for n, p in zip(m, sizes, strict=True)) for m in sp.Poly(total, *sizes).monoms()]
    return max(Fraction(1), 1 / min(powers))


_KNOWN = theorem("known already")
_JOINTLY = theorem("(x, d/dmu) sees the cell as Gaussians, whose means and covariances every direction determines")
_THREE_APART = theorem(
    "three atoms: 1, b and b^2 + nu are independent, and x sees a beside each of them (Gaussian gate, d >= 2)"
)


def known_orders(cell: Setting, upper: Mapping[Quantity, Fraction] | None = None) -> Bounds:
    """The least upper bounds that a theorem gives. upper: those that are known already."""
    curves, every, size = flat_curves(cell), cell.every, cell.size
    proved = {of: (r, _KNOWN) for of, r in (upper or {}).items()}
    gate = least(proved, gate_orders(cell, flat=bool(curves.flat), power=curves.power))
    first = {p: gate[of][0] for p in (*cell.own, *cell.shared) if (of := Quantity(p.name)) in gate}
    seen = {*cell.own} <= first.keys() and all(first.get(p, 2) <= 1 for p in cell.shared)
    own = {p: first[p] for p in cell.own} if seen else {}
    line = line_of(cell) if on_lines(cell.spec) else None
    beside = expert_orders(
        cell, order_two=bool(own) and max(own.values()) <= 2, power=bool(curves.power and gate), line=line
    )
    expert = least(searched_orders(cell, {p.name: r for p, r in first.items()} if own else {}), beside)
    rates = _predicted(cell).items()
    predicted = {Quantity(n): (1 / (2 * p.sharp), theorem(p.reason)) for n, p in rates if p.sharp is not None}
    gaussian = in_places(cell.spec.gate, gates.gaussian(cell.spec.dim)) or ()
    bounds = least(predicted, gate, _means_of_gaussian(cell, gaussian), expert)
    if not is_linear(cell):
        return bounds
    squares = quadratic(cell)
    if squares is not None and not every:
        bounds = least(bounds, _jointly_gaussian(cell, squares, size))
    return least(bounds, _mean_of_intercept(cell, bounds, gaussian) if gaussian else {})


def _degrees(cell: Setting) -> dict[sp.Symbol, int] | None:
    """A coefficient of a mean that is linear in them -> the degree of what it stands before; None: no polynomials."""
    degrees = {p: degree(sp.diff(cell.mean, p), cell.spec.dim) for p in cell.expert if p != NU}
    finite = {p: n for p, n in degrees.items() if n is not None}
    return finite if finite == degrees else None


def _jointly_gaussian(cell: Setting, gate: Quadratic, size: int) -> Bounds:
    """Slopes of the mean with a quadratic or Gaussian gate."""
    degrees = _degrees(cell)
    if degrees is None or max(degrees.values()) > max(size - 1, 1):
        return {}
    bounds: Bounds = {Quantity(p.name): (Fraction(2 * size, k + 1), _JOINTLY) for p, k in degrees.items() if k}
    if gate.one_form and size == 3 and max(degrees.values()) == 1:
        return dict.fromkeys(bounds, (Fraction(2), _THREE_APART))
    return bounds


def published_rates(cell: Setting) -> dict[str, tuple[Fraction | None, Reason]]:
    """Name of a parameter -> (its published exponent, None where none is polynomial; the reason).

    Only for the gates of arXiv 2401.13875 and 2305.03288 with linear Gaussian experts.
    """
    rates = {}
    for name, p in _predicted(cell).items():
        kind = ReasonKind.UNMET if p.published is None else ReasonKind.PUBLISHED
        rates[name] = p.published, Reason(kind, p.published_reason)
    return rates


def _predicted(cell: Setting) -> dict[str, Prediction]:
    """Name of a parameter -> what `rates.predict` says of it; {} for other gates and experts."""
    gate, source, size, every = cell.spec.gate, cell.spec.gate.activation, cell.size, cell.every
    parts, form = _parts(cell), activated(gate, cell.spec.dim)
    if parts is None or form is None or form.bias is not None or gate.offset is None:
        return {}
    if not form.s.is_linear if source is None else form.tau is None:
        return {}
    truth = Truth(cell.spec, ({}, {}))
    if source is not None:
        if not all(cell.point[p].is_Rational for p in (*cell.own, *gate.shared)) or not cell.own:  # a step has no beta1
            return {}
        truth = cell.truth
    fitted, sizes = (2 * size, (size, size)) if every else (size + 1, (size, 1))
    gauge: Gauge = "free" if source is None or every else "anchored"
    predictions = predict(truth, fitted, source, gauge=gauge)
    apt = (p for p in predictions if p.applies(sizes, None if p.cell_size is None else 0))
    by_part = {p.parameter.replace("beta1/tau", "beta1"): p for p in apt}
    return {q.name: by_part[part] for q, part in parts.items() if part in by_part}


def _parts(cell: Setting) -> dict[sp.Symbol, str] | None:
    """What `rates.predict` calls each parameter of an atom with a linear Gaussian expert; None for another expert."""
    linear = affine_mean(cell.mean, cell.expert[:-1], cell.spec.dim)
    if linear is None:
        return None
    parts = {**dict.fromkeys(cell.own, "beta1"), **dict.fromkeys(linear, "a"), linear[-1]: "b", NU: "nu"}
    return {**parts, **dict.fromkeys(cell.shared, "tau")}
