"""Puts the proof of r_bar(m) = 2m together (theory.md 2.6).

>>> found = solvability(2)
>>> found.order, found.proved, str(found.below.residual)
(4, True, '-1/12')
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from temperance.theory.solvability.gauss_hermite import GaussHermite, gauss_hermite
from temperance.theory.solvability.sign_changes import ProofStep, sign_changes
from temperance.theory.solvability.system import coefficient, order, softmax_system, softmax_unknowns, system, unknowns


@dataclass(frozen=True)
class Solvability:
    """r_bar(m) and its evidence.

    Attributes:
        m: number of atoms in the cell.
        order: r_bar(m).
        below: an exact solution at order - 1 (None for m = 1, where r = 0 asks nothing).
        steps: why there is none at order.
        softmax: why the four-offset system of the softmax gate has the same order.
    """

    m: int
    order: int
    below: GaussHermite | None
    steps: tuple[ProofStep, ...]
    softmax: tuple[ProofStep, ...]

    @property
    def proved(self) -> bool:
        """Whether every check came out (cited theorems are taken as proved)."""
        below = self.below is None or self.below.verified
        return below and all(step.holds for step in (*self.steps, *self.softmax))

    @property
    def cited(self) -> tuple[str, ...]:
        """The theorems from the literature that the upper bound rests on."""
        return tuple(step.source for step in self.steps if step.source is not None)


def solvability(m: int) -> Solvability:
    """r_bar(m) with its proof: an exact solution below, the count of sign changes above.

    Args:
        m: number of atoms in a cell; the algebra of m = 6 takes a fraction of a second.

    Raises:
        ValueError: m is not a positive integer.
    """
    bound = order(m)
    if m == 1:
        square, q1, _ = unknowns(1)[0]
        step = ProofStep(
            "E_1 = p^2 q1 vanishes only for q1 = 0", "checked", sp.expand(system(1, 1)[0] - square**2 * q1) == 0
        )
        return Solvability(m, bound, None, (step,), ())
    return Solvability(m, bound, gauss_hermite(m), sign_changes(m), _softmax_reduction(m))


def _softmax_reduction(m: int) -> tuple[ProofStep, ...]:
    """Modulo two sums of squares, the four-offset system at r >= 4 is E_1..E_r in (q3, q4).

    Every equation is a sum over the atoms of one and the same term, so that the terms of one atom are compared.
    """
    r = 2 * m
    terms, (p, q1, q2, q3, q4) = softmax_system(1, r), softmax_unknowns(1)[0]
    left = {key: sp.expand(e.subs({q1: 0, q2: 0})) for key, e in terms.items()}
    two = [sp.expand(p**2 * coefficient(k, q3, q4)) for k in range(r + 1)]
    return (
        ProofStep(
            "the equation (2, 0) is sum_l p_l^2 q1_l^2/2 = 0: the beta1 offsets vanish",
            "checked",
            sp.expand(terms[2, 0] - p**2 * q1**2 / 2) == 0,
        ),
        ProofStep(
            "with q1 = 0 the equation (2, 2) is sum_l p_l^2 q2_l^2/2 = 0: for r >= 4 the a offsets vanish",
            "checked",
            sp.expand(terms[2, 2].subs(q1, 0) - p**2 * q2**2 / 2) == 0,
        ),
        ProofStep(
            f"what is left, (0, k) for k <= {r}, is the system in (q3, q4); all others vanish",
            "checked",
            all(e == (0 if j else two[k]) for (j, k), e in left.items()),
        ),
    )
