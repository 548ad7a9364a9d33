"""Shows that the system has no solution at r = 2m by counting sign changes: the upper bound r_bar(m) <= 2m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy as sp

from temperance.theory.solvability.system import coefficient


@dataclass(frozen=True)
class ProofStep:
    """One step of a proof: checked here by exact algebra, cited from the literature, or following from others.

    Attributes:
        statement: what is said.
        kind: "checked", "cited" or "follows".
        holds: whether the check came out; True for the steps that have none.
        source: of a cited step.
    """

    statement: str
    kind: Literal["checked", "cited", "follows"]
    holds: bool = True
    source: str | None = None


def sign_changes(m: int) -> tuple[ProofStep, ...]:
    """No solution at r = 2m, because 2m + 1 sign changes are more than m + 1 Gaussians have."""
    r = 2 * m
    return (
        ProofStep(
            "adding c to every q2_l multiplies the generating function by exp(c t^2): E_j -> sum_i c^i/i! E_(j-2i);"
            " with c large all q2_l are positive",
            "checked",
            _shift_identity(r),
        ),
        ProofStep(
            "j! times the coefficient of t^j in exp(q1 t + q2 t^2) is the moment M_j of N(q1, 2 q2):"
            " M_j = q1 M_(j-1) + (j-1) 2 q2 M_(j-2)",
            "checked",
            _moment_identity(r),
        ),
        ProofStep(
            f"a solution at r = {r} gives a mixture of N(q1_l, 2(q2_l + c)), weights p_l^2/sum p^2, with the moments of"
            f" N(0, 2c) up to {r}; their difference f is orthogonal to the polynomials of degree <= {r}",
            "follows",
        ),
        ProofStep(
            "f != 0: some q1_l != 0, the weight of N(q1_l, 2(q2_l + c)) is positive and not cancelled, and distinct"
            " Gaussian densities are linearly independent",
            "follows",
        ),
        ProofStep(
            f"f has at least {r + 1} sign changes: with s <= {r}, f times the product of (y - z_i) over them keeps its"
            " sign and has a positive or negative integral, though the product has degree s",
            "follows",
        ),
        ProofStep(
            f"a combination of {m + 1} Gaussian densities of distinct variances has at most {2 * m} zeros; of any"
            f" variances, at most {2 * m} sign changes, for these survive a small change of the variances",
            "cited",
            source="Kalai, Moitra, Valiant 2010, Proposition 7",
        ),
        ProofStep(f"{r + 1} > {2 * m}: there is no solution at r = {r}", "checked", r + 1 > 2 * m),
    )


def _shift_identity(r: int) -> bool:
    q1, q2, c = sp.symbols("q1 q2 c")
    return all(
        sp.expand(
            coefficient(j, q1, q2 + c)
            - sum(c**i / sp.factorial(i) * coefficient(j - 2 * i, q1, q2) for i in range(j // 2 + 1))
        )
        == 0
        for j in range(r + 1)
    )


def _moment_identity(r: int) -> bool:
    q1, q2 = sp.symbols("q1 q2")
    moments = [sp.S.One, q1]
    for j in range(2, r + 1):
        moments.append(sp.expand(q1 * moments[-1] + (j - 1) * 2 * q2 * moments[-2]))
    return all(sp.expand(sp.factorial(j) * coefficient(j, q1, q2) - moments[j]) == 0 for j in range(r + 1))
