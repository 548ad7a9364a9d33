"""Solves the system at r = 2m - 1 by the nodes of Gauss-Hermite quadrature: the lower bound r_bar(m) >= 2m.

With q1 the nodes, q2 = -1/2 and p^2 the weights, E_j is the quadrature of He_j/j!, which is exact up to 2m - 1 and then
0, as He_j is orthogonal to 1. At 2m it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from temperance.theory.solvability.system import coefficient

_X = sp.Symbol("x")


@dataclass(frozen=True)
class GaussHermite:
    """The solution at r = 2m - 1: q1 the roots of He_m, q2 = -1/2, p^2 the weights.

    Attributes:
        nodes: He_m in x, all of whose roots are real and simple.
        weight: p^2 at a node, as a polynomial in the node (modulo He_m).
        coefficients: E_0, .., E_2m, exact.
        verified: whether the nodes are m distinct real numbers, the weights positive, E_0 = 1, E_1 = .. = E_(2m-1) = 0
            and E_2m = -m!/(2m)!.
    """

    nodes: sp.Expr
    weight: sp.Expr
    coefficients: tuple[sp.Rational, ...]
    verified: bool

    @property
    def residual(self) -> sp.Rational:
        """E_2m, the first equation that this solution fails."""
        return self.coefficients[-1]


def gauss_hermite(m: int) -> GaussHermite:
    """The Gauss-Hermite solution of E_1 = .. = E_(2m-1) = 0, by exact algebra modulo He_m.

    The weight (m-1)!/(m He_(m-1)(x)^2) at a node x is a square up to a positive factor, and finite as He_m and He_(m-1)
    have no common root; a sum over the nodes is a polynomial in their power sums, which Newton's identities give.
    """
    nodes, before = (sp.hermite_prob_poly(n, _X, polys=True).set_domain(sp.QQ) for n in (m, m - 1))
    weight = (sp.Rational(sp.factorial(m - 1), m) * sp.invert(before, nodes) ** 2).rem(nodes)
    sums = _power_sums(nodes)
    shifted = [sp.Poly(coefficient(j, _X, -sp.Rational(1, 2)), _X, domain="QQ") for j in range(2 * m + 1)]
    values = tuple(_sum_over_roots((weight * e).rem(nodes), sums) for e in shifted)
    expected = (sp.S.One, *[sp.S.Zero] * (2 * m - 1), -sp.factorial(m) / sp.factorial(2 * m))
    real_and_simple = nodes.count_roots() == m and sp.gcd(nodes, nodes.diff()).degree() == 0
    return GaussHermite(nodes.as_expr(), weight.as_expr(), values, values == expected and real_and_simple)


def _power_sums(monic: sp.Poly) -> list[sp.Rational]:
    """sum_i x_i^k over the roots, k = 0..degree-1, by Newton's identities."""
    m, c = monic.degree(), monic.all_coeffs()
    sums = [sp.Integer(m)]
    for k in range(1, m):
        sums.append(-k * c[k] - sum((c[i] * sums[k - i] for i in range(1, k)), sp.S.Zero))
    return sums


def _sum_over_roots(reduced: sp.Poly, sums: list[sp.Rational]) -> sp.Rational:
    return sum((c * sums[power] for (power,), c in reduced.terms()), sp.S.Zero)
