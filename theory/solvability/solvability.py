"""Proves r_bar(m) = 2m, the solvability order of the polynomial system of a split cell (theory.md 2.6).

r_bar(m) is the smallest r for which

    E_j = sum_l p_l^2 sum_{n1 + 2 n2 = j} q1_l^n1 q2_l^n2 / (n1! n2!) = 0,    j = 1..r,

has no real solution with all p_l != 0 and some q1_l != 0. E_j is the coefficient of t^j in
sum_l p_l^2 exp(q1_l t + q2_l t^2), the moment generating function of Gaussians with means q1_l and variances 2 q2_l.

>>> found = solvability(2)
>>> found.order, found.proved, str(found.below.residual)
(4, True, '-1/12')
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from temperance.theory.solvability.gauss_hermite import GaussHermite, gauss_hermite
from temperance.theory.solvability.system import coefficient, order

CITED = "Kalai, Moitra, Valiant 2010, Proposition 7"


@dataclass(frozen=True)
class Solvability:
    """r_bar(m) and its evidence.

    Attributes:
        m: number of atoms in the cell.
        order: r_bar(m).
        below: an exact solution at order - 1 (None for m = 1, where r = 0 asks nothing).
        identities: whether the two identities hold on which the count of sign changes at `order` rests.
        cited: the theorem from the literature that it rests on too.
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

    Args:
        m: number of atoms in a cell; the algebra of m = 6 takes a fraction of a second.

    Raises:
        ValueError: m is not a positive integer.
    """
    r = order(m)
    if m == 1:
        q1, q2 = sp.symbols("q1 q2")
        return Solvability(m, r, None, coefficient(1, q1, q2) == q1, None)
    return Solvability(m, r, gauss_hermite(m), _shifted(r) and _moments(r), CITED)


def _shifted(r: int) -> bool:
    """Whether adding c to q2 takes E_j to sum_i c^i/i! E_(j-2i)."""
    q1, q2, c = sp.symbols("q1 q2 c")
    return all(
        sp.expand(
            coefficient(j, q1, q2 + c)
            - sum(c**i / sp.factorial(i) * coefficient(j - 2 * i, q1, q2) for i in range(j // 2 + 1))
        )
        == 0
        for j in range(r + 1)
    )


def _moments(r: int) -> bool:
    """Whether j! E_j is the moment M_j of N(q1, 2 q2): M_j = q1 M_(j-1) + (j-1) 2 q2 M_(j-2)."""
    q1, q2 = sp.symbols("q1 q2")
    moments = [sp.S.One, q1]
    for j in range(2, r + 1):
        moments.append(sp.expand(q1 * moments[-1] + (j - 1) * 2 * q2 * moments[-2]))
    return all(sp.expand(sp.factorial(j) * coefficient(j, q1, q2) - moments[j]) == 0 for j in range(r + 1))
