"""Runs the leg of claim C1: the interactions of the linear gate, found by linear algebra."""

from __future__ import annotations

from math import comb

from temperance.evidence.outcomes import Leg, LegOutcome
from temperance.evidence.proof import Check, proof_leg
from temperance.evidence.study_runner import Runs
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.spec import TAU, coordinates

SETTINGS = tuple((dim, order) for dim in (1, 2) for order in (1, 2))


def expected_rank(dim: int, order: int) -> int:
    """sum_{i=0..r} C(i+d-1, d-1) (2r-i+1), the rank of the derivatives of order <= r (theory.md 2.1)."""
    return sum(comb(i + dim - 1, dim - 1) * (2 * order - i + 1) for i in range(order + 1))


def temperature_equation(found: Interactions) -> bool:
    """Whether tau u_tau + beta1.u_beta1 = 0, up to a factor, is among the generators."""
    scaled = {*coordinates("beta1", found.spec.dim), TAU}
    for relation in found.generators:
        if relation.order != 1 or any(sum(alpha) == 0 for _, alpha in relation.terms):
            continue
        ratios = {relation.parameters[alpha.index(1)]: c for c, alpha in relation.terms}
        if set(ratios) == scaled and len({c / p for p, c in ratios.items()}) == 1:
            return True
    return False


def judged(found: Interactions) -> LegOutcome:
    """The relations found against the counts of theory.md 2.1 and the temperature equation."""
    if not found.complete:
        return "inconclusive"
    dim, order = found.spec.dim, found.order
    derivatives, rank = comb(2 * dim + 3 + order, order), expected_rank(dim, order)
    counts = (found.derivatives, found.rank, len(found.relations)) == (derivatives, rank, derivatives - rank)
    return "confirmed" if counts and temperature_equation(found) else "contradicted"


def interactions_proof(_: Runs) -> Leg:
    """Derive all relations for d = 1, 2 and orders 1, 2, and compare them with the closed formulas."""
    return proof_leg([_counted(dim, order) for dim, order in SETTINGS])


def _counted(dim: int, order: int) -> Check:
    derivatives, rank = comb(2 * dim + 3 + order, order), expected_rank(dim, order)
    text = f"d = {dim}, r = {order}: {derivatives} derivatives, rank {rank}, {derivatives - rank} relations"
    return text, lambda: judged(derive("linear", dim=dim, order=order))
