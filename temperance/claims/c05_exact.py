"""Runs the legs of claim C5: exact-specified activation gates with F1, off the sets where the mixture degenerates."""

from __future__ import annotations

from functools import partial

from temperance.evidence.comparison import predicted
from temperance.evidence.contact import Expected, contact_leg
from temperance.evidence.outcomes import Leg
from temperance.evidence.proof import Check, certified, holds, proof_leg, verdict_check
from temperance.evidence.study_runner import Runs
from temperance.numerics.contact.curves import ExactMeasure, cell_moves, line
from temperance.numerics.studies.claim_studies import EXACT

_GROUPS = ("beta1", "tau", "a", "b", "nu", "weight")


def exact_proof(_: Runs) -> Leg:
    """F1 with its certificate, the position of the truth, and the prediction n^(-1/2) for every group."""
    checks: list[Check] = []
    proofs = []
    for study in EXACT:
        s, half = study.activation, dict.fromkeys(_GROUPS, 0.5)
        generic = study.point.position == "generic" and all(map(any, study.point.beta1))
        checks.append(verdict_check(s, "first_order", "holds"))
        checks.append((f"{s}: the truth is off the points where mixtures are singular", partial(holds, generic)))
        checks.append((f"{s}: predicted 1/2 for every group", partial(predicted, study, half)))
        proofs += certified(s, ["first_order"])
    return proof_leg(checks, proofs)


def exact_contact(_: Runs) -> Leg:
    """Order 1 along every coordinate, minimised over all others: the information is regular."""
    curves = []
    for study in EXACT:
        truth, moves = ExactMeasure.of(study.truth), cell_moves((0, 1))
        for chosen in moves:
            others = [move for move in moves if move is not chosen]
            (name,) = chosen
            label = f"{study.activation}, {name} over the others"
            curves.append(Expected(label, line(truth, chosen), truth, study.activation, 1, others))
    return contact_leg(curves)
