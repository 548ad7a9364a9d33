"""Lists the families of functions of z that the conditions want independent (theory 3.1, 3.2).

For u = exp(s(beta1.x)/tau) N(y | a.x + b, nu) every derivative is

    D^alpha u = u * g(x, s, s', s'', 1/tau) * H_k(y),    H_k = (d/dmu)^k N / N,

and the H_k are independent functions of y for every x. A relation with constant coefficients therefore splits by the
Hermite degree k and, in coordinates with beta1 along the first axis, by the monomial in the other coordinates. The
part of degree k without those coordinates is a family; the parts with them, multiplied by a power of z, lie in its
span, so that the families of d = 1 decide every d (test_families.py derives all of them from the atom).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

S, S1, S2 = sp.symbols("s s' s''")
VARIABLE = sp.Symbol("z")


@dataclass(frozen=True)
class Family:
    """Functions of z as monomials in z, s, s' and s''.

    Attributes:
        name: what theory calls it.
        members: the monomials.
        at_tau: whether the last two members p, q enter as one, p + q/tau.
        target_last: whether only relations that involve the last member count.
    """

    name: str
    members: tuple[sp.Expr, ...]
    at_tau: bool = False
    target_last: bool = False

    def combined(self, coefficients: Iterable[sp.Expr]) -> sp.Expr:
        """The combination sum c_j f_j of the members."""
        return sp.Add(*(c * m for c, m in zip(coefficients, self.members, strict=True)))


_ONE, _SLOPE, _CURVATURE = sp.S.One, VARIABLE * S1, (VARIABLE**2 * S2, VARIABLE**2 * S1**2)

FIRST_ORDER = Family("F1", (_ONE, S, _SLOPE))
"""The gate's part of u and its first derivatives (the other parts, {1, z} and {1}, are always independent)."""

SECOND_ORDER = (
    Family("A", (_ONE, S, S**2, _SLOPE, S * _SLOPE, *_CURVATURE), at_tau=True),
    Family("B", (_ONE, S, VARIABLE, VARIABLE * S, _SLOPE, VARIABLE * _SLOPE)),
    Family("C", (_ONE, S, VARIABLE, VARIABLE**2, _SLOPE)),
)
"""The parts of Hermite degree 0, 1 and 2 of u and its derivatives of order <= 2."""

SHARP = (
    Family("(i)", (_ONE, S, _SLOPE, *_CURVATURE), at_tau=True),
    Family("(ii)", (_ONE, VARIABLE, _SLOPE, VARIABLE**2), target_last=True),
    Family("(iii)", (VARIABLE, _SLOPE, _ONE), target_last=True),
)
"""The families of the sharp conditions, the member that must stay outside last in (ii) and (iii).

(i): degree 0 of the derivatives of order <= 2 without products with tau; (ii): z^2, from u_aa, against the rest of
degree 2; (iii): 1, from the moments in b and nu at every degree, against single derivatives by a and beta1.
"""

MIRROR = Family("mirror", (_ONE, S, _SLOPE, _CURVATURE[0]), target_last=True)
"""z^2 s'' against what moves a mirror point of type odd (theory 3.3.1)."""

EVERY = (FIRST_ORDER, *SECOND_ORDER, *SHARP)
MEMBERS = tuple(dict.fromkeys(m for family in EVERY for m in family.members))
"""All functions that some family has, once each."""
