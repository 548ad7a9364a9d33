"""Solves the system of two atoms by elimination: a second proof of r_bar(2) <= 4, without citation."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from temperance.theory.solvability.system import system, unknowns

_W = sp.Symbol("w", positive=True)


@dataclass(frozen=True)
class Elimination:
    """m = 2: E_1 = E_2 = E_3 = 0 solved for the other unknowns leaves E_4 < 0 for every w = p_2^2/p_1^2 > 0.

    Attributes:
        substitution: q1_1, q2_1 and q2_2 as functions of w, with q1_2 = 1 by (q1, q2) -> (c q1, c^2 q2).
        remainder: E_4/p_1^2 after the substitution.
        verified: whether the substitution solves E_1..E_3 and every coefficient of the remainder is negative.
    """

    substitution: tuple[tuple[sp.Symbol, sp.Expr], ...]
    remainder: sp.Expr
    verified: bool


def eliminate() -> Elimination:
    """m = 2, r = 4, divided by p_1^2: E_1 gives q1_1 = -w q1_2, so that q1_2 != 0 is scaled to 1."""
    (p1, a1, c1), (p2, a2, c2) = unknowns(2)
    scaled = [e.subs({p1: 1, p2: sp.sqrt(_W), a2: 1}) for e in system(2, 4)]
    found: dict[sp.Symbol, sp.Expr] = {}
    divisors = []
    for equation, unknown in zip(scaled[:3], (a1, c1, c2), strict=True):
        left = sp.Poly(sp.expand(equation.subs(found)), unknown)
        slope, constant = left.all_coeffs()  # linear in it, or this raises
        divisors.append(sp.expand(slope))
        value = sp.cancel(-constant / slope)
        found = {u: sp.cancel(e.subs(unknown, value)) for u, e in found.items()} | {unknown: value}
    remainder = sp.factor(scaled[3].subs(found))
    solved = all(sp.cancel(e.subs(found)) == 0 for e in scaled[:3])
    divided = all(_same_sign(d, 1) or _same_sign(-d, 1) for d in divisors)
    return Elimination(tuple(found.items()), remainder, solved and divided and _same_sign(remainder, -1))


def _same_sign(polynomial: sp.Expr, sign: int) -> bool:
    """Whether all coefficients of a polynomial in w have this sign, so that it has it for w > 0."""
    return all(sign * c > 0 for c in sp.Poly(polynomial, _W).coeffs())
