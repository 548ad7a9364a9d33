"""Runs the legs of claims C5 and C10: exact-specified activation gates with F1, at regular and at mirror points."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import sympy as sp

from temperance.claims.legs import Check, Expected, certificates_of, contact_leg, proof_leg, verdict_check
from temperance.claims.monte_carlo import orbit_profile, study_leg, with_profile
from temperance.claims.study_runner import Runs
from temperance.measurements.judgement import Leg, LegOutcome, holds
from temperance.measurements.slopes import predicted
from temperance.numerics.contact.curves import CurveMeasure, cell_moves, exact, line, scale_orbit
from temperance.numerics.studies.claim_studies import EXACT, GELU_MIRROR, MIRROR, TANH_MIRROR
from temperance.theory.activations.activation import activation
from temperance.theory.conditions.degeneracies import curvature_is_outside_span, mirror

_GROUPS = ("beta1", "tau", "a", "b", "nu", "weight")
_ODD = {"beta1_sum": 0.25, "beta1_difference": 0.5, "tau": 0.5, "a": 0.5, "b": 0.5, "nu": 0.5}
_FLAT = {"beta1": None, "tau": None, "beta1^p/tau": 0.5, "a": 0.5, "b": 0.5, "nu": 0.5}


def exact_proof(_: Runs) -> Leg:
    """F1 with its certificate, the position of the truth, and the prediction n^(-1/2) for every group."""
    checks: list[Check] = []
    proofs = []
    for study in EXACT:
        s, half = study.activation, dict.fromkeys(_GROUPS, 0.5)
        generic = study.position == "generic" and bool(study.truth.beta1.all())
        checks.append(verdict_check(s, "first_order", "holds"))
        checks.append((f"{s}: the truth is off the points where mixtures are singular", partial(holds, generic)))
        checks.append((f"{s}: predicted 1/2 for every group", partial(predicted, study, half)))
        proofs += certificates_of(s, ["first_order"])
    return proof_leg(checks, proofs)


def exact_contact(_: Runs) -> Leg:
    """Order 1 along every coordinate, minimised over all others: the information is regular."""
    curves = []
    for study in EXACT:
        truth, moves = CurveMeasure.of(study.truth), cell_moves((0, 1))
        for chosen in moves:
            others = [move for move in moves if move is not chosen]
            (name,) = chosen
            label = f"{study.activation}, {name} over the others"
            curves.append(Expected(label, line(truth, chosen), truth, study.activation, 1, others))
    return contact_leg(curves)


def mirror_proof(_: Runs) -> Leg:
    """The types of tanh and GELU, and the exponents that follow at beta1_2 = -beta1_1."""
    return proof_leg(
        [
            verdict_check("tanh", "first_order", "holds"),
            verdict_check("gelu", "first_order", "holds"),
            ("tanh is odd", partial(_kind, "tanh", "odd")),
            ("z^2 s'' is not in span{1, s, z s'} for tanh", partial(_bends, "tanh")),
            ("tanh: (beta, -beta, beta0, tau) and (beta, 0, beta0/2, tau/2) have one density", _one_density),
            ("GELU is c z plus an even function", partial(_kind, "gelu", "homogeneous")),
            ("tanh: the sum of beta1 at 1/4, all else at 1/2", partial(predicted, TANH_MIRROR, _ODD)),
            ("GELU: nothing for beta1 and tau, 1/2 for the rest", partial(predicted, GELU_MIRROR, _FLAT)),
        ],
        [*certificates_of("tanh", ["first_order"]), *certificates_of("gelu", ["first_order"])],
    )


def _one_density() -> LegOutcome:
    """The difference of the two logits: (s(b x) - s(-b x) + c)/tau against (s(b x) - s(0) + c/2)/(tau/2)."""
    b, x, c, tau = sp.symbols("b x c tau", positive=True)
    mirrored = (sp.tanh(b * x) - sp.tanh(-b * x) + c) / tau
    return holds(sp.simplify(mirrored - (sp.tanh(b * x) - sp.tanh(0) + c / 2) / (tau / 2)) == 0)


def _kind(name: str, kind: str) -> LegOutcome:
    mirror_point = mirror(name)
    return holds(mirror_point.kind == kind) if mirror_point.proved else "inconclusive"


def _bends(name: str) -> LegOutcome:
    outcome = curvature_is_outside_span(activation(name)).outcome
    return "inconclusive" if outcome == "undecided" else holds(outcome == "holds")


def mirror_contact(_: Runs) -> Leg:
    """tanh: order 2 along (1, 1), 1 across; GELU: identically 0 along its orbit."""
    odd, flat = (CurveMeasure.of(study.truth) for study in (TANH_MIRROR, GELU_MIRROR))
    along, across = ({"beta1": [[1], [sign]]} for sign in (1, -1))
    return contact_leg(
        [
            Expected("tanh, beta1_1 + beta1_2", line(odd, along), odd, "tanh", 2, _regular()),
            Expected("tanh, beta1_1 - beta1_2", line(odd, across), odd, "tanh", 1, _regular()[:-1]),
            Expected("tanh, (beta, 0, beta0/2, tau/2)", lambda _: _alias(odd), odd, "tanh", None),
            Expected("GELU, (beta, -beta, beta0, tau) -> l", scale_orbit(flat), flat, "gelu", None),
        ]
    )


def _alias(truth: CurveMeasure) -> CurveMeasure:
    """The point with beta1_2 = 0 and half the temperature, d = 1."""
    first, second = truth.atoms
    atoms = (replace(first, beta0=first.beta0 / 2), replace(second, beta1=(exact(0),), beta0=second.beta0 / 2))
    return replace(truth, tau=truth.tau / 2, atoms=atoms)


def _regular() -> list[dict[str, object]]:
    """The directions along which the information is regular: all but beta1_1 + beta1_2; beta1_1 - beta1_2 is last."""
    return [*cell_moves((0, 1), held=("beta1",)), {"beta1": [(1,), (-1,)]}]


def mirror_rates(runs: Runs, level: float) -> Leg:
    """GELU: flat along its orbit, invariants at 1/2; tanh: the slopes."""
    orbit = orbit_profile(GELU_MIRROR, 1.0, at_truth=True)
    return with_profile(
        study_leg(runs, level, MIRROR), "GELU at the mirror point, (beta, -beta, beta0, tau) -> l", orbit
    )
