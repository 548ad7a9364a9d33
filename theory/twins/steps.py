"""Lists the twins of gates that are constant on each side of 0, up to a logarithm of |z| (theory.md 2.9).

For d = 1 such a gate takes few values: sgn(b) of every atom, or one function of x for all of them. So twins fill open
sets of truths, that of beta1 of one sign and that of both.
"""

from __future__ import annotations

import sympy as sp

from temperance.theory.twins.twin import B, C, D, E, Gauge, L, M, P, Q, T, Twin

HALF = sp.Rational(1, 2)
EVERY = "every truth"
ALONE = f"{EVERY}, atom by atom"
ONE_SIGN = "where all beta1_i have one sign, d = 1"
_BOTH_SIGNS = "where beta1 takes both signs, d = 1"


def several(atoms: int, *values: sp.Expr) -> tuple[sp.Expr, ...]:
    """The first two values, and all where there are more than two atoms."""
    return values if atoms > 2 else values[:2]


def of_a_constant(gauge: Gauge) -> list[Twin]:
    """s is constant: beta1 and tau are open."""
    c, e = (sp.S.Zero, sp.S.Zero) if gauge == "anchored" else (C, E)
    return [
        Twin((B, c), (D, e), L, EVERY, True),
        Twin((B, c), (D, c), sp.S.One, ALONE, True, alone=True),
    ]


def of_a_step(atoms: int, gauge: Gauge) -> list[Twin]:
    """s is a constant on each side of 0, and jumps there: s(b x) is told by sgn(b), which is 0 for b = 0."""
    zero, one = sp.S.Zero, sp.S.One
    if gauge == "anchored":
        alone = Twin((B, zero), (L * B, zero), one, ALONE, True, alone=True)
        if atoms == 2:
            return [alone, Twin((B, zero), (zero, -B), one, f"{EVERY}; the other atom becomes the anchor", True)]
        where = f"{ONE_SIGN}; another atom becomes the anchor"
        return [alone, Twin((P, zero, Q), (zero, -T, zero), one, where, signs="one")]
    found = [Twin((B, C), (L * B, M * C), one, ALONE, True, alone=True)]
    if atoms == 2:
        found.append(Twin((B, C), (-C, -B), one, EVERY, True))
    positive, mixed = several(atoms, P, Q, T), several(atoms, P, -Q, T)
    turned, still = tuple(-v for v in positive), (zero,) * len(positive)
    below, above = (tuple(zero if v.is_negative is sign else v for v in mixed) for sign in (True, False))
    some_zero = f"where {'one beta1_i is 0' if atoms == 2 else 'some beta1_i are 0, the others of one sign'}, d = 1"
    return [
        *found,
        *(Twin(positive, image, L, ONE_SIGN, signs="one") for image in (positive, turned, still)),
        *(Twin(mixed, image, HALF, _BOTH_SIGNS, signs="both") for image in (below, above)),
        Twin((P, zero), (P, -Q), sp.Integer(2), some_zero),
        Twin((P, zero), (zero, -P), one, some_zero),
    ]


def of_a_logarithm(c: sp.Expr, *, even: bool, one_sided: bool) -> list[Twin]:
    """s = c log|z| + const, on one side of 0 or on both, with one constant if it is even: s(b x) = s(x) + c log|b|."""
    found = [Twin((B, C), (L * B, M * C), sp.S.One, ALONE, True, alone=True, shift=(-c * sp.log(L), -c * sp.log(M)))]
    if even:
        found.append(Twin((B, C), (-B, C), sp.S.One, ALONE, True, alone=True))
    if even or one_sided:
        bias = tuple((L - 1) * c * sp.log(sp.Abs(v)) for v in (B, C))
        return [*found, Twin((B, C), (B, C), L, f"{EVERY}, d = 1", True, shift=bias)]
    bias = tuple((L - 1) * c * sp.log(v) for v in (P, Q))
    images = ((P, Q), (-P, -Q))
    return [*found, *(Twin((P, Q), image, L, ONE_SIGN, signs="one", shift=bias) for image in images)]
