"""Writes down the coefficients of the polynomial system of a split cell, and its order (see `solvability`)."""

from __future__ import annotations

import sympy as sp


def order(m: int) -> int:
    """r_bar(m) = 2m for m >= 2, and r_bar(1) = 1; `solvability` gives the proof.

    Raises:
        ValueError: m is not a positive integer.
    """
    if isinstance(m, bool) or not isinstance(m, int) or m < 1:
        raise ValueError(f"a cell has m atoms, an integer >= 1, not {m!r}")
    return 2 * m if m > 1 else 1


def coefficient(j: int, q1: sp.Expr, q2: sp.Expr) -> sp.Expr:
    """The coefficient of t^j in exp(q1 t + q2 t^2): sum over n1 + 2 n2 = j of q1^n1 q2^n2/(n1! n2!)."""
    return sp.Add(*(q1 ** (j - 2 * n) * q2**n / (sp.factorial(j - 2 * n) * sp.factorial(n)) for n in range(j // 2 + 1)))
