"""Proves that orders are no smaller, by curves along which the distance is small (theory.md 2.10).

The offsets of the atoms of a cell are power series in t and in the node q of a quadrature, whose m positive weights are
the shares. Along a curve sum_l p_l E_l f_l is the true E f up to O(t^N): the coefficients of the powers of t below N
decide this exactly. If an offset, or a weighted mean, is of the order t^k, its contact order is N/k at least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

import sympy as sp

from temperance.theory.models.by_name import model
from temperance.theory.models.spec import NU, covariates
from temperance.theory.orders.split_cell import Splitting, is_linear, weight_parameters

T, Q, ROOT = sp.symbols("t q r")
_Y = sp.Symbol("Y")  # its powers stand for the derivatives d/dmu
_QUARTIC = 2160 * ROOT**4 - 72 * ROOT**2 - 1  # r = sqrt((3 + 2 sqrt(6))/180) in formulas that hold at one number r


@dataclass(frozen=True)
class Curve:
    """Offsets in t and q by parameter (of others 0), with the distance O(t^order).

    nodes: the monic polynomial whose roots are the values of q in the m atoms. moments: sum_l p_l q_l^n for n < m.
    """

    offsets: Mapping[str, sp.Expr]
    order: int
    nodes: sp.Expr
    moments: Sequence[sp.Expr]

    def mean(self, e: sp.Expr) -> sp.Expr:
        """sum_l p_l of a polynomial in q."""
        terms = sp.Poly(sp.rem(sp.sympify(e), self.nodes, Q), Q).terms()
        return sp.rem(sp.expand(sum(c * self.moments[n] for ((n,), c) in terms)), _QUARTIC, ROOT)


def quadrature(size: int, skew: int = 0) -> tuple[sp.Expr, list[sp.Expr]]:
    """The nodes and the moments of the quadrature, exact for powers of q below 2 size, of a law of variance 1.

    It is normal (skew 0), or an inverse Gaussian law less its mean, with the third moment skew. Its cumulants are
    (2j - 3)!! (skew/3)^(j - 2), j = 2, 3, ..
    """
    third, found = sp.Rational(skew, 3), [sp.S.One]
    for k in range(1, 2 * size):
        parts = [(comb(k - 1, j - 1), j, found[k - j]) for j in range(2, k + 1)]
        found.append(sum((c * sp.factorial2(2 * j - 3) * third ** (j - 2) * m for c, j, m in parts), sp.S.Zero))
    products = sp.Matrix(size, size + 1, lambda i, j: found[i + j])
    lower = products[:, :size].LUsolve(-products[:, size])  # orthogonal to what has a lower degree
    return Q**size + sum(c * Q**n for n, c in enumerate(lower)), found[:size]


def reached(cell: Splitting, size: int, *, every: bool) -> dict[str, Fraction]:
    """Name of a parameter, or "mean NAME" of a weighted mean -> an order that is proved to be no larger than its own.

    cell: in dimension 1. size: m. every: whether every cell is split, so that what all cells have in common cancels.
    """
    found: dict[str, Fraction] = {}
    for place, curve in _curves(cell, size, every):
        # at a moved c the other cell's atoms are equal; else every cell's atoms change alike
        if is_contact(place, curve, every=every and place.spec.gate.name != "gaussian"):
            for name, offset in _offsets(cell, place, curve).items():
                if offset != 0:
                    found[name] = max(found.get(name, Fraction(0)), Fraction(curve.order, _least(offset)))
    return found


def _offsets(cell: Splitting, place: Splitting, curve: Curve) -> dict[str, sp.Expr]:
    """The offsets of parameters of the cell, and of their weighted means.

    Behind another gate shares are others, up to O(t): a mean of a higher order than its offsets is not told there.
    """
    same = place.spec is cell.spec
    names = {p.name for p in (cell.each if same else cell.expert)} & {*curve.offsets}
    found = {name: _series(curve.offsets[name], curve.order) for name in names}
    means = {n: curve.mean(e) for n, e in found.items()}
    return found | {f"mean {n}": e for n, e in means.items() if same or (e != 0 and _least(e) == _least(found[n]))}


def _least(e: sp.Expr) -> int:
    """The least power of t."""
    return int(sp.Poly(e, T).monoms()[-1][0])


def is_contact(cell: Splitting, curve: Curve, *, every: bool) -> bool:
    """Whether the density along a curve is proved to be the true one up to O(t^order)."""
    (x,), gate = covariates(1), cell.spec.gate
    if every and any(sp.diff(gate.log_weight, p, q) != 0 for p in cell.own for q in cell.own):
        return False  # the cells do not change alike
    moved = {p: p + curve.offsets.get(p.name, 0) for p in cell.each}
    place = {p: v for p, v in cell.point.items() if p in gate.parameters}
    place |= dict.fromkeys(weight_parameters(cell.spec), sp.S.One)
    change = [e.subs(moved, simultaneous=True) - e for e in (gate.log_weight, cell.mean)]
    spread = curve.offsets.get(NU.name, sp.S.Zero)
    exponent = _series(change[0].subs(place) + _Y * change[1] + _Y**2 * spread / 2, curve.order)
    density = power = sp.S.One
    for k in range(1, curve.order):
        power = _series(power * exponent / k, curve.order)
        density += power
    for n in range(1, curve.order):
        mean = curve.mean(sp.expand(density).coeff(T, n))
        seen = [c if k else sp.S.Zero if every else sp.diff(c, x) for ((k,), c) in sp.Poly(mean, _Y).terms()]
        if any(sp.simplify(c) != 0 for c in seen):
            return False
    return True


def _series(e: sp.Expr, order: int) -> sp.Expr:
    """The powers of t below an order, of an expression that is analytic in t."""
    if not e.is_polynomial(T):
        e = sum((sp.diff(e, T, n).subs(T, 0) / sp.factorial(n) * T**n for n in range(order)), sp.S.Zero)
    e = sp.expand(e)
    return sum((e.coeff(T, n) * T**n for n in range(order)), sp.S.Zero)


def _curves(cell: Splitting, m: int, every: bool) -> Iterator[tuple[Splitting, Curve]]:
    """The curves that are tried, each with the cell and the true point that it is meant for."""
    gate, expert, nodes = cell.spec.gate.name, cell.spec.expert.name, quadrature(m)
    a, second = ("a_1", "a_2") if expert.startswith("polynomial") else ("a", "")
    spread = {"b": T * Q, a: -(T**2), NU.name: -(T**2)}
    if not is_linear(cell):
        if every and gate in ("linear", "softmax"):
            yield cell, Curve({"beta1": T * Q, "b": T**3 * Q, a: -(T**4)}, 6, *nodes)
    elif gate in ("linear", "softmax") and not every:
        yield cell, Curve({"beta1": T**m * Q, "b": T * Q, a: -(T ** (m + 1)), NU.name: -(T**2)}, 2 * m, *nodes)
        if second and m == 3:
            bend = Q**2 - 1
            slopes = {"beta1": T**4 * bend, a: T**3 * bend, second: -(T**4) * Q - 2 * T**7}
            yield cell, Curve({**slopes, "b": T**2 * Q, NU.name: -(T**4) * Q**2}, 8, *nodes)
    elif gate in ("linear", "softmax"):
        yield cell, Curve({"beta1": T * Q, **spread}, 2 * m, *nodes)
        if second and m == 2:
            slopes = {"beta1": T * Q, a: T**3 * (1 - Q), second: T**4 * (1 - Q / 3)}
            yield cell, Curve({**slopes, "b": -(T**2) * Q, NU.name: -(T**4) * (1 + 2 * Q)}, 6, *nodes)
    elif gate == "quadratic":
        yield cell, Curve({"A": -(T**2) / 2, "beta1": T * Q, **spread}, 2 * m, *nodes)
        if every and second:
            yield from ((cell, curve) for curve in _quadratic_in_two(m))
    elif gate == "gaussian":
        yield _jointly_gaussian(cell, m, every, a)
        if every and second:
            spec = model("quadratic", expert)
            same = Splitting(spec, dict.fromkeys(spec.gate.parameters, sp.S.One), spec.gate.shared)
            yield from ((same, curve) for curve in _quadratic_in_two(m))


def _jointly_gaussian(cell: Splitting, m: int, every: bool, a: str) -> tuple[Splitting, Curve]:
    """x and y are jointly Gaussian; where every cell is split, the true c may be anywhere."""
    c, gamma = cell.own
    variance = -(T**2) * (1 + Q / 3)
    start = sp.Symbol("kappa") if every else cell.point[c]
    slope = variance / (cell.point[gamma] + variance)
    joint = {c.name: T * Q, gamma.name: variance, a: slope, NU.name: variance * (1 - slope)}
    offsets = {**joint, "b": T * Q - slope * (start + T * Q)}
    return Splitting(cell.spec, {**cell.point, c: start}), Curve(offsets, 2 * m, *quadrature(m, 1))


def _quadratic_in_two(m: int) -> Iterator[Curve]:
    """Quadratic log weights and means, every cell split: x^2 in the place of x; for m = 2 the order 9/4 of a_1."""
    square = {"A": T * Q, "b": T * Q, "a_2": -(T**2), NU.name: -(T**2)}
    yield Curve(square, 2 * m, *quadrature(m))
    if m > 2:
        return
    r, share = ROOT, 54 * ROOT**3 - ROOT * 43 / 10 + sp.S.Half
    a_1 = 18 * r**3 - r**2 * 21 / 5 - r * 11 / 10 + sp.Rational(97, 300) + Q * (r * 11 / 5 - 36 * r**3)
    a_2 = r**3 * 21 / 5 + r**2 / 10 + r / 100 - sp.Rational(37, 600) + Q * (sp.Rational(37, 300) - r**2 / 5)
    nu = r * 21 / 10 - 18 * r**3 - r**2 * 4 / 5 - sp.Rational(41, 150) + Q * (36 * r**3 - r * 21 / 5)
    expert = {"a_1": T**4 * a_1, "a_2": T**5 * a_2, "b": T**3 * (Q - share), NU.name: T**6 * nu}
    yield Curve({"A": -r * T**2 * Q, "beta1": -T * Q, **expert}, 9, Q**2 - Q, (sp.S.One, share))
