"""The families of functions of z whose independence the conditions ask for (design 2.3 and 2.4)."""

from __future__ import annotations

from typing import TypeAlias

import sympy as sp

S, S1, S2 = sp.symbols("s s' s''")
VARIABLE = sp.Symbol("z")

Member: TypeAlias = sp.Expr

F1: tuple[Member, ...] = (sp.S.One, S, VARIABLE * S1)
# A at every tau at once: A is the first five with z^2 s'' + z^2 s'^2/tau
A7: tuple[Member, ...] = (
    sp.S.One,
    S,
    S**2,
    VARIABLE * S1,
    VARIABLE * S * S1,
    VARIABLE**2 * S2,
    VARIABLE**2 * S1**2,
)
B: tuple[Member, ...] = (sp.S.One, VARIABLE, S, VARIABLE * S, VARIABLE * S1, VARIABLE**2 * S1)
C: tuple[Member, ...] = (sp.S.One, VARIABLE, VARIABLE**2, S, VARIABLE * S1)
# sharp conditions (i), (ii), (iii); (i) at every tau at once, like A
SHARP_TAU_BETA1: tuple[Member, ...] = (sp.S.One, S, VARIABLE * S1, VARIABLE**2 * S2, VARIABLE**2 * S1**2)
SHARP_A: tuple[Member, ...] = (sp.S.One, VARIABLE, VARIABLE * S1, VARIABLE**2)
SHARP_B_NU: tuple[Member, ...] = (VARIABLE, VARIABLE * S1, sp.S.One)

MEMBERS: tuple[Member, ...] = tuple(dict.fromkeys(F1 + A7 + B + C + SHARP_TAU_BETA1 + SHARP_A + SHARP_B_NU))


def written(coefficients: tuple[sp.Expr, ...], members: tuple[Member, ...]) -> str:
    """A relation sum c_j f_j = 0 as text, in s, s', s'' and z."""
    return f"{sp.Add(*(c * m for c, m in zip(coefficients, members, strict=True)))} = 0"
