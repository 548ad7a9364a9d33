"""Proves r_bar(m) = 2m, the solvability order of the polynomial system of a split cell (theory 4.1.1).

The system is E_j = 0, j = 1..r, E_j the coefficient of t^j in sum_l p_l^2 exp(q1_l t + q2_l t^2), the moment
generating function of Gaussians with means q1_l and variances 2 q2_l; all p_l and some q1_l are not 0.

>>> verdict = solvability(2)
>>> verdict.order, verdict.proved, str(verdict.below.residual)
(4, True, '-1/12')
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

_X = sp.Symbol("x")
CITED = "Kalai, Moitra, Valiant 2010, Proposition 7"


def order(m: int) -> int:
    """r_bar(m) = 2m for m >= 2, and r_bar(1) = 1; `solvability` gives the proof. Raises ValueError unless m >= 1."""
    if isinstance(m, bool) or not isinstance(m, int) or m < 1:
        raise ValueError(f"a cell has m atoms, an integer >= 1, not {m!r}")
    return 2 * m if m > 1 else 1


def coefficient(j: int, q1: sp.Expr, q2: sp.Expr) -> sp.Expr:
    """The coefficient of t^j in exp(q1 t + q2 t^2): sum over n1 + 2 n2 = j of q1^n1 q2^n2/(n1! n2!)."""
    return sp.Add(*(q1 ** (j - 2 * n) * q2**n / (sp.factorial(j - 2 * n) * sp.factorial(n)) for n in range(j // 2 + 1)))


@dataclass(frozen=True)
class GaussHermite:
    """The solution at r = 2m - 1: q1 the roots of He_m, q2 = -1/2, p^2 the weights.

    nodes: He_m in x; weight: p^2 at a node, as a polynomial in the node (modulo He_m); coefficients: E_0, .., E_2m,
    exact; verified: whether the nodes are m distinct real numbers, E_0 = 1, E_1 = .. = E_(2m-1) = 0 and
    E_2m = -m!/(2m)!.
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
    have no common root.
    """
    nodes, before = (sp.hermite_prob_poly(n, _X, polys=True).set_domain(sp.QQ) for n in (m, m - 1))
    weight = (sp.Rational(sp.factorial(m - 1), m) * sp.invert(before, nodes) ** 2).rem(nodes)
    shifted = [sp.Poly(coefficient(j, _X, -sp.Rational(1, 2)), _X, domain="QQ") for j in range(2 * m + 1)]
    values = tuple(_sum_over_roots(weight * e, nodes) for e in shifted)
    expected = (sp.S.One, *[sp.S.Zero] * (2 * m - 1), -sp.factorial(m) / sp.factorial(2 * m))
    real_and_simple = nodes.count_roots() == m and sp.gcd(nodes, nodes.diff()).degree() == 0
    return GaussHermite(nodes.as_expr(), weight.as_expr(), values, values == expected and real_and_simple)


def _sum_over_roots(g: sp.Poly, monic: sp.Poly) -> sp.Rational:
    """sum_i g(x_i), the coefficient of x^(m-1) in g f' modulo f (Euler), for the simple roots of f of degree m."""
    return (g * monic.diff()).rem(monic).coeff_monomial(_X ** (monic.degree() - 1))


@dataclass(frozen=True)
class Solvability:
    """r_bar(m) = order for m atoms in the cell, and its evidence.

    below: an exact solution at order - 1 (None for m = 1, where r = 0 asks nothing); identities: whether the two
    identities hold on which the count of sign changes at `order` rests; cited: the theorem that it rests on too.
    """

    m: int
    order: int
    below: GaussHermite | None
    identities: bool
    cited: str | None

    @property
    def proved(self) -> bool:
        """Whether every check came out (a cited theorem is taken as proved)."""
        return self.identities and (self.below is None or self.below.verified)


def solvability(m: int) -> Solvability:
    """r_bar(m) with its proof: an exact solution below, and the count of sign changes above.

    A solution at r = 2m gives a mixture of m Gaussians with the moments of one up to 2m, as adding a constant to every
    q2_l keeps the system and makes the variances positive. The difference of the densities then has 2m + 1 sign
    changes, and m + 1 Gaussians have at most 2m (cited). For m = 1, E_1 = p^2 q1 vanishes only for q1 = 0.
    Raises ValueError unless m, the number of atoms in a cell, is a positive integer.
    """
    r = order(m)
    if m == 1:
        q1, q2 = sp.symbols("q1 q2")
        return Solvability(m, r, None, coefficient(1, q1, q2) == q1, None)
    return Solvability(m, r, gauss_hermite(m), _shifted(r) and _moments(r), CITED)


def _shifted(r: int) -> bool:
    """Whether adding c to q2 takes E_j to sum_i c^i/i! E_(j-2i)."""
    q1, q2, c = sp.symbols("q1 q2 c")
    for j in range(r + 1):
        sums = (c**i / sp.factorial(i) * coefficient(j - 2 * i, q1, q2) for i in range(j // 2 + 1))
        if sp.expand(coefficient(j, q1, q2 + c) - sum(sums)) != 0:
            return False
    return True


def _moments(r: int) -> bool:
    """Whether j! E_j is the moment M_j of N(q1, 2 q2): M_j = q1 M_(j-1) + (j-1) 2 q2 M_(j-2)."""
    q1, q2 = sp.symbols("q1 q2")
    moments = [sp.S.One, q1]
    for j in range(2, r + 1):
        moments.append(sp.expand(q1 * moments[-1] + (j - 1) * 2 * q2 * moments[-2]))
    return all(sp.expand(sp.factorial(j) * coefficient(j, q1, q2) - moments[j]) == 0 for j in range(r + 1))
