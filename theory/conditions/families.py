"""Derives from the atom the families of functions of z that the conditions want independent (theory.md 2.3, 2.4).

For u = exp(s(beta1.x)/tau) N(y | a.x + b, nu), with d/db = d/dmu, d/da_l = x_l d/dmu and d/dnu = (1/2) d^2/dmu^2 acting
on the normal density, every derivative is

    D^alpha u = u * g(x, s, s', s'', 1/tau) * H_k(y),    H_k = (d/dmu)^k N / N,

and the H_k are independent functions of y for every x. A relation with constant coefficients therefore splits by the
Hermite degree k and, in coordinates with beta1 along the first axis, by the monomial in the other coordinates. The
part of degree k without those coordinates is a family of functions of z; the parts with them, multiplied by a power
of z, lie in its span, so that the families of d = 1 decide every d (test_families.py checks it for d = 1, 2, 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from typing import TypeAlias

import sympy as sp

S, S1, S2 = sp.symbols("s s' s''")
VARIABLE = sp.Symbol("z")
INVERSE_TAU = sp.Symbol("w", positive=True)  # 1/tau

Member: TypeAlias = sp.Expr
Derivative: TypeAlias = tuple[str, ...]  # the parameters differentiated by, such as ("beta1", "tau") or ("a2", "b")
Grade: TypeAlias = tuple[int, sp.Expr]  # Hermite degree, monomial in the coordinates across beta1


@dataclass(frozen=True)
class Family:
    """Functions of z as monomials in z, s, s' and s''.

    Attributes:
        name: what theory.md calls it.
        members: the monomials.
        at_tau: whether the last two members p, q enter as one, p + q/tau.
        target_last: whether only relations that involve the last member count.
    """

    name: str
    members: tuple[Member, ...]
    at_tau: bool = False
    target_last: bool = False

    def __len__(self) -> int:
        """Number of members, p and q of the pair p + q/tau counted apart."""
        return len(self.members)

    def combined(self, coefficients: Iterable[sp.Expr]) -> sp.Expr:
        """The combination sum c_j f_j of the members."""
        return sp.Add(*(c * m for c, m in zip(coefficients, self.members, strict=True)))


def _coordinates(dim: int) -> tuple[sp.Symbol, ...]:
    return (VARIABLE, *sp.symbols(f"x2:{dim + 1}"))


def _by_gate(ratio: sp.Expr, direction: sp.Expr | None) -> sp.Expr:
    """D(w r)/w for the weight w = exp(s/tau), by beta1 along a coordinate, or by tau (None)."""
    if direction is None:
        return sp.expand(-(INVERSE_TAU**2) * (sp.diff(ratio, INVERSE_TAU) + ratio * S))
    jets = sp.diff(ratio, S) * S1 + sp.diff(ratio, S1) * S2
    return sp.expand(direction * (jets + ratio * S1 * INVERSE_TAU))


def _differentiated(derivative: Derivative, coordinates: tuple[sp.Symbol, ...]) -> tuple[int, sp.Expr]:
    """The Hermite degree and the factor g of one derivative of u."""
    degree, factor = 0, sp.S.One
    for name in sorted(derivative):
        if name == "tau":
            factor = _by_gate(factor, None)
        elif name.startswith("beta"):
            factor = _by_gate(factor, coordinates[int(name[4:]) - 1])
        elif name == "nu":
            degree, factor = degree + 2, factor / 2
        else:
            degree, factor = degree + 1, factor * (1 if name == "b" else coordinates[int(name[1:]) - 1])
    return degree, sp.expand(factor)


def derivatives(dim: int, order: int) -> list[Derivative]:
    """All derivatives of u of order <= order; beta1 and a have the components 1..dim."""
    parameters = [f"{name}{j}" for name in ("beta", "a") for j in range(1, dim + 1)] + ["b", "nu", "tau"]
    return [d for r in range(order + 1) for d in combinations_with_replacement(sorted(parameters), r)]


def graded(
    dim: int, order: int, keep: Callable[[Derivative], bool] = lambda _: True
) -> dict[Grade, list[tuple[Derivative, sp.Expr]]]:
    """The factors of the derivatives of u, by Hermite degree and monomial across beta1.

    Args:
        dim: d.
        order: highest order of derivatives.
        keep: which derivatives take part.

    Returns:
        For every grade, the derivatives with a part in it, and that part: a polynomial in z, s, s', s'' and 1/tau.
    """
    coordinates = _coordinates(dim)
    parts: dict[Grade, list[tuple[Derivative, sp.Expr]]] = {}
    for derivative in filter(keep, derivatives(dim, order)):
        degree, factor = _differentiated(derivative, coordinates)
        if dim == 1:
            parts.setdefault((degree, sp.S.One), []).append((derivative, factor))
            continue
        polynomial = sp.Poly(factor, *coordinates[1:])
        for monomial, part in polynomial.terms():
            across = sp.Mul(*(x**e for x, e in zip(coordinates[1:], monomial, strict=True)))
            parts.setdefault((degree, across), []).append((derivative, part))
    return parts


def span(functions: Iterable[sp.Expr]) -> list[sp.Expr]:
    """A reduced basis, over Q(tau), of the span of polynomials in z, s, s' and s''."""
    polynomials = [sp.Poly(f, VARIABLE, S, S1, S2) for f in functions]
    monomials = sorted({m for p in polynomials for m in p.monoms()}, key=lambda m: (m[3] == 0, sum(m), m))
    matrix = sp.Matrix([[p.coeff_monomial(m) for m in monomials] for p in polynomials])
    basis, pivots = matrix.rref(simplify=sp.cancel, iszerofunc=lambda e: sp.cancel(e) == 0)
    letters = [sp.Mul(*(x**e for x, e in zip((VARIABLE, S, S1, S2), m, strict=True))) for m in monomials]
    return [sum((basis[i, j] * letters[j] for j in range(len(letters))), sp.S.Zero) for i in range(len(pivots))]


def _family(name: str, functions: Iterable[sp.Expr]) -> Family:
    """A basis of monomials, except for one pair p + q/tau, which comes last."""
    pair: tuple[Member, ...] = ()
    members: list[Member] = []
    for function in span(functions):
        terms = sp.Add.make_args(function)
        if len(terms) == 1:
            members.append(function)
            continue
        (second,) = (t for t in terms if t.has(INVERSE_TAU))
        pair = (sp.expand(function - second), second / INVERSE_TAU)
    members.sort(key=lambda m: (m.has(S2), sp.Poly(m, S1).degree(), sp.Poly(m, VARIABLE, S).total_degree(), str(m)))
    return Family(name, (*members, *pair), bool(pair))


def _part(degree: int, order: int, keep: Callable[[Derivative], bool] = lambda _: True) -> list[sp.Expr]:
    return [factor for _, factor in graded(1, order, keep)[degree, sp.S.One]]


def _without_tau_products(derivative: Derivative) -> bool:
    # tau is shared: its offset is one number, of the size of the error, and its products are of a higher order
    return "tau" not in derivative or len(derivative) == 1


@cache
def first_order() -> Family:
    """F1: the gate's part of u and its first derivatives (the other parts, {1, z} and {1}, are always independent)."""
    return _family("F1", _part(0, 1))


@cache
def second_order() -> tuple[Family, Family, Family]:
    """A, B and C: the parts of Hermite degree 0, 1 and 2 of u and its derivatives of order <= 2."""
    return _family("A", _part(0, 2)), _family("B", _part(1, 2)), _family("C", _part(2, 2))


@cache
def sharp() -> tuple[Family, Family, Family]:
    """The families of the sharp conditions (i), (ii), (iii), the member that must stay outside last in (ii) and (iii).

    (i): degree 0 of the derivatives of order <= 2 without products with tau; (ii): z^2, from u_aa, against the rest of
    degree 2; (iii): 1, from the moments in b and nu at every degree, against single derivatives by a and beta1.
    """
    first = _family("(i)", _part(0, 2, lambda d: _without_tau_products(d)))
    second = _family("(ii)", _part(2, 2, _without_tau_products))
    third = [_differentiated(d, _coordinates(1))[1] for d in (("nu",), ("a1",), ("beta1",))]
    return first, _last(second, VARIABLE**2), _last(_family("(iii)", third), sp.S.One)


def _last(family: Family, member: Member) -> Family:
    return Family(family.name, (*(m for m in family.members if m != member), member), target_last=True)


def every() -> tuple[Family, ...]:
    """F1, A, B, C, (i), (ii) and (iii)."""
    return (first_order(), *second_order(), *sharp())


@cache
def members() -> tuple[Member, ...]:
    """All functions that some family has, once each."""
    return tuple(dict.fromkeys(m for family in every() for m in family.members))
