"""Writes down the polynomial system of a split cell, and its solvability order (theory.md 2.6).

r_bar(m) is the smallest r for which

    E_j = sum_l p_l^2 sum_{n1 + 2 n2 = j} q1_l^n1 q2_l^n2 / (n1! n2!) = 0,    j = 1..r,

has no real solution with all p_l != 0 and some q1_l != 0. E_j is the coefficient of t^j in
sum_l p_l^2 exp(q1_l t + q2_l t^2), the moment generating function of Gaussians with means q1_l and variances 2 q2_l.
"""

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


def unknowns(m: int) -> tuple[tuple[sp.Symbol, sp.Symbol, sp.Symbol], ...]:
    """(p_l, q1_l, q2_l) for l = 1..m, real."""
    return tuple(
        (sp.Symbol(f"p_{i}", real=True), sp.Symbol(f"q1_{i}", real=True), sp.Symbol(f"q2_{i}", real=True))
        for i in range(1, m + 1)
    )


def coefficient(j: int, q1: sp.Expr, q2: sp.Expr) -> sp.Expr:
    """The coefficient of t^j in exp(q1 t + q2 t^2): sum over n1 + 2 n2 = j of q1^n1 q2^n2/(n1! n2!)."""
    return sp.Add(*(q1 ** (j - 2 * n) * q2**n / (sp.factorial(j - 2 * n) * sp.factorial(n)) for n in range(j // 2 + 1)))


def system(m: int, r: int) -> tuple[sp.Expr, ...]:
    """E_1, .., E_r, the left sides of the system of m atoms."""
    return tuple(sp.Add(*(p**2 * coefficient(j, q1, q2) for p, q1, q2 in unknowns(m))) for j in range(1, r + 1))


def softmax_unknowns(m: int) -> tuple[tuple[sp.Symbol, ...], ...]:
    """(p_l, q1_l, .., q4_l): offsets of beta1, a, b and nu/2 of the softmax gate, for one coordinate of x."""
    return tuple(
        tuple(sp.Symbol(f"{n}_{i}", real=True) for n in ("p", "q1", "q2", "q3", "q4")) for i in range(1, m + 1)
    )


def softmax_system(m: int, r: int) -> dict[tuple[int, int], sp.Expr]:
    """The four-offset system: for 1 <= j + k <= r, the coefficient of X^j Y^k in

        sum_l p_l^2 exp(q1_l X + q2_l X Y + q3_l Y + q4_l Y^2),

    X = x and Y the derivative in the mean of the expert (arXiv 2305.03288; alpha_1..alpha_4 are the powers of q1..q4).
    """
    atoms = softmax_unknowns(m)
    keys = [(j, k) for j in range(r + 1) for k in range(r + 1 - j) if j + k]
    return {(j, k): sp.Add(*(p**2 * _four(j, k, *q) for p, *q in atoms)) for j, k in keys}


def _four(j: int, k: int, q1: sp.Expr, q2: sp.Expr, q3: sp.Expr, q4: sp.Expr) -> sp.Expr:
    return sp.Add(
        *(
            q1 ** (j - n) * q2**n / (sp.factorial(j - n) * sp.factorial(n)) * coefficient(k - n, q3, q4)
            for n in range(min(j, k) + 1)
        )
    )
