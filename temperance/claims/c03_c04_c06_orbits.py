"""Runs the legs of claims C3, C4 and C6: orbits of parameters with one density, and what stays identifiable."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from temperance.claims.c01_c02_linear_gate import DIMENSIONS, flow, identifiable, scaled_density
from temperance.evidence.comparison import predicted
from temperance.evidence.contact import Expected, contact_leg
from temperance.evidence.monte_carlo import orbit_profile, study_leg, with_constants, with_profile
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import Check, certified, holds, proof_leg, verdict_check
from temperance.evidence.study_runner import Runs
from temperance.numerics.contact.curves import CurveMeasure, cell_moves, line, scale_orbit, split_every
from temperance.numerics.errors.orbit_flatness import scaled
from temperance.numerics.errors.voronoi import voronoi_loss
from temperance.numerics.studies.claim_studies import CONSTANTS, LINEAR, RELU
from temperance.theory.conditions.first_order_failures import classify
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.spec import TAU
from temperance.theory.symmetries.flows import symmetries

ORDERS = (1, 2, 4, 8)
_SLOPE_ERROR = 0.05
_HALF = 0.5


def loss_on_orbit_proof(_: Runs) -> Leg:
    """V = 0: one density along the orbit; D_r > 0: it moves tau, which translations and permutations leave."""
    return proof_leg(
        [
            *((f"g(c beta1, c beta0, c tau) - g = 0, d = {d}", partial(scaled_density, d)) for d in DIMENSIONS),
            *((f"the orbit multiplies tau by c, d = {d}", partial(_moves_tau, d)) for d in DIMENSIONS),
        ]
    )


def _moves_tau(dim: int) -> LegOutcome:
    """Every other symmetry (translation, permutation) leaves tau, so that D_r >= w |c - 1|^r tau^r for c near 1."""
    (scaling,) = symmetries(derive("linear", dim=dim, order=1)).flows
    return holds(dict(scaling.orbit)[TAU] != TAU)


def loss_on_orbit_contact(_: Runs) -> Leg:
    """The distance is 0 to within the working precision along the orbit, and D_r goes with the r-th power of c - 1."""
    truth = CurveMeasure.of(LINEAR.truth)
    leg = contact_leg([Expected("scale orbit of the linear gate", scale_orbit(truth), truth, "linear", None)])
    rows: list[dict[str, Any]] = []
    for r in ORDERS:
        order = _loss_order(r)
        rows.append({"r": r, "order": order, "outcome": holds(abs(order - r) <= _SLOPE_ERROR)})
    orders = ", ".join(f"{row['order']:.3f} (r={row['r']})" for row in rows)
    outcome = combined([leg.outcome, *(row["outcome"] for row in rows)])
    return Leg(outcome, f"{leg.detail}; D_r there has order {orders}", {**leg.data, "losses": rows})


def _loss_order(r: int) -> float:
    """log2 of D_r(2t)/D_r(t) at a small t, D_r minimised over translation."""
    steps = [1 + 2.0**-6, 1 + 2.0**-7]
    large, small = voronoi_loss(scaled(LINEAR.truth, steps), LINEAR.truth, LINEAR.symmetry, order=r)
    return math.log2(large / small)


def linear_proof(_: Runs) -> Leg:
    """The scale is the only first-order relation of the linear gate: along all else the information is regular."""
    checks: list[Check] = [(f"one flow, the scale, d = {d}", partial(flow, d)) for d in DIMENSIONS]
    checks += [(f"identifiable: the invariants, a, b, nu, d = {d}", partial(identifiable, d)) for d in DIMENSIONS]
    checks += [(f"a single relation of order 1, d = {d}", partial(_one_relation, d)) for d in DIMENSIONS]
    wanted = {"beta1/tau": _HALF, "beta0/tau": _HALF, "a": _HALF, "b": _HALF, "nu": _HALF, "tau": None, "beta1": None}
    checks.append(("predicted: 1/2 for the invariants, none for tau and beta1", partial(predicted, LINEAR, wanted)))
    return proof_leg(checks)


def _one_relation(dim: int) -> LegOutcome:
    interactions = derive("linear", dim=dim, order=1)
    return holds(len(interactions.relations) == 1) if interactions.complete else "inconclusive"


def linear_contact(_: Runs) -> Leg:
    """Identically 0 along the orbit and along splits of every atom; order 1 along every other direction."""
    truth = CurveMeasure.of(LINEAR.truth)
    still = {"beta1": [[1], [0]], "beta0": [1, 0], "a": [[1], [0]], "b": [1, 0], "nu": [1, 0]}
    curves = [
        Expected("scale orbit", scale_orbit(truth), truth, "linear", None),
        Expected("every atom split, beta1 +- t", split_every(truth), truth, "linear", None),
    ]
    for name, step in still.items():
        moves = _others(name)
        curves.append(Expected(f"{name}, over the others", line(truth, {name: step}), truth, "linear", 1, moves))
    return contact_leg(curves)


def _others(name: str) -> list[dict[str, object]]:
    """Independent directions besides one: tau is held, since the orbit already moves it."""
    moves = cell_moves((0, 1), gauge="anchored", held=("tau",))
    return [move for move in moves if not (name in move and move[name][0])]


def linear_rates(runs: Runs, level: float) -> Leg:
    """Flat likelihood in tau and beta1; the slopes of the invariants, and RMS sqrt(n) against exact information."""
    leg = with_constants(study_leg(runs, level, (LINEAR,)), runs, level, CONSTANTS)
    return with_profile(leg, "linear gate, (beta1, beta0, tau) -> l (beta1, beta0, tau)", orbit_profile(LINEAR, 1.0))


def homogeneous_proof(_: Runs) -> Leg:
    """F1 fails for ReLU as a homogeneous s does, and the invariants of its flow are predicted at 1/2."""
    wanted = {"beta1^p/tau": _HALF, "beta0/tau": _HALF, "a": _HALF, "b": _HALF, "nu": _HALF, "tau": None, "beta1": None}
    return proof_leg(
        [
            verdict_check("relu", "first_order", "fails"),
            ("s = C|z|^p + const on each half-line, p = 1, a symmetry of the model", _relu_flow),
            ("predicted: 1/2 for the invariants, none for tau and beta1", partial(predicted, RELU, wanted)),
        ],
        certified("relu", ["first_order"]),
    )


def _relu_flow() -> LegOutcome:
    failure = classify("relu")
    if failure is None:
        return "inconclusive"
    return holds(failure.kind == "homogeneous" and failure.degree == 1 and failure.symmetry is True)


def homogeneous_contact(_: Runs) -> Leg:
    """The orbits of homogeneous activations, identically 0."""
    truth = CurveMeasure.of(LINEAR.truth)
    degrees = {"relu": 1, "abs(z)": 1, "z**2": 2}
    return contact_leg([Expected(f"orbit of {s}", scale_orbit(truth, p), truth, s, None) for s, p in degrees.items()])


def homogeneous_rates(runs: Runs, level: float) -> Leg:
    """Flat likelihood along the orbit; the slopes of the invariants."""
    leg = study_leg(runs, level, (RELU,))
    return with_profile(leg, "ReLU, (beta1, beta0, tau) -> l (beta1, beta0, tau)", orbit_profile(RELU, 1.0))
