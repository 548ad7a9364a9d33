from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sympy as sp

from numerics.results import StudyResult, StudySlope
from numerics.settings import TANH_EXACT
from numerics.slopes import Slope
from temperance.claims import CLAIMS
from temperance.interaction_legs import expected_rank, interactions_proof, judged, temperature_equation
from temperance.outcomes import LEGS, Leg, claim_outcome, combined
from temperance.rate_legs import first_order_proof, judged_study
from temperance.scale_legs import equal, judged_null_vector, null_vector, scale_proof, split
from theory.interactions import derive
from theory.models import symbolic_density

# design section 4
REQUIRED = {
    "C1": ("proof",),
    "C2": ("proof",),
    "C3": ("proof", "contact"),
    "C4": ("proof", "contact", "monte_carlo"),
    "C5": ("proof", "contact", "monte_carlo"),
    "C6": ("proof", "monte_carlo"),
    "C7": ("proof", "contact", "monte_carlo"),
    "C8": ("proof", "contact"),
    "C9": ("monte_carlo",),
    "C10": ("proof", "contact", "monte_carlo"),
    "C11": ("proof", "contact"),
}
# design section 2.1: (dimension, order) -> rank
RANKS = {(1, 1): 5, (1, 2): 12, (1, 3): 22, (2, 1): 7, (2, 2): 22, (2, 3): 50, (3, 1): 9, (3, 2): 35}
OUTCOMES = ("confirmed", "contradicted", "inconclusive")


def test_the_claims_require_the_legs_of_the_design():
    assert [claim.id for claim in CLAIMS] == sorted({claim.id for claim in CLAIMS}, key=lambda name: int(name[1:]))
    for claim in CLAIMS:
        assert claim.required == REQUIRED[claim.id]
        assert all(name in LEGS for name, _ in claim.legs)


@pytest.mark.parametrize(
    ("measurements", "outcome"),
    [
        ([], "inconclusive"),
        (["confirmed"], "confirmed"),
        (["confirmed", "confirmed"], "confirmed"),
        (["confirmed", "inconclusive"], "inconclusive"),
        (["confirmed", "inconclusive", "contradicted"], "contradicted"),
        (["contradicted"], "contradicted"),
    ],
)
def test_a_leg_is_what_its_measurements_amount_to(measurements, outcome):
    assert combined(measurements) == outcome


def test_a_claim_is_confirmed_by_all_required_legs_and_by_nothing_less():
    required = ("proof", "contact", "monte_carlo")
    for outcomes in product((None, *OUTCOMES), repeat=3):
        legs = {name: o and Leg(o, "") for name, o in zip(LEGS, outcomes, strict=True)}
        found = claim_outcome(required, legs)
        if "contradicted" in outcomes:
            assert found == "contradicted"
        elif set(outcomes) == {"confirmed"}:
            assert found == "confirmed"
        else:
            assert found == "inconclusive"


@pytest.mark.parametrize(
    ("proof", "extra", "outcome"),
    [
        ("confirmed", None, "proved"),
        ("confirmed", "inconclusive", "proved"),
        ("confirmed", "contradicted", "contradicted"),
        ("inconclusive", "confirmed", "inconclusive"),
        (None, "confirmed", "inconclusive"),
    ],
)
def test_a_claim_is_proved_where_the_proof_alone_is_required(proof, extra, outcome):
    legs = {"proof": proof and Leg(proof, ""), "contact": None, "monte_carlo": extra and Leg(extra, "")}
    assert claim_outcome(("proof",), legs) == outcome


def test_a_measured_claim_is_not_proved():
    assert claim_outcome(("monte_carlo",), {"monte_carlo": Leg("confirmed", "")}) == "confirmed"


@pytest.mark.parametrize(("setting", "rank"), RANKS.items())
def test_the_rank_formula_against_the_table_of_the_design(setting, rank):
    assert expected_rank(*setting) == rank


def test_the_interactions_are_derived():
    leg = interactions_proof()
    assert leg.outcome == "confirmed"
    assert [(s["dim"], s["order"], s["rank"]) for s in leg.data["settings"]] == [
        (d, r, RANKS[d, r]) for d in (1, 2) for r in (1, 2)
    ]
    assert leg.data["settings"][0]["generators"] == ["tau*u_{tau} + beta1*u_{beta1} = 0"]


def test_other_interactions_than_those_of_the_linear_gate_contradict():
    found = derive("linear", order=1)
    assert judged(replace(found, rank=found.rank + 1)) == "contradicted"
    assert judged(replace(found, relations=())) == "contradicted"
    assert judged(replace(found, generators=())) == "contradicted"
    assert judged(replace(found, complete=False)) == "inconclusive"
    assert not temperature_equation(derive("generic", order=2))
    # relu is homogeneous, so its gate obeys the equation; tanh is not
    assert temperature_equation(derive("activation", activation="relu", order=1))
    assert not temperature_equation(derive("activation", activation="tanh", order=1))


def test_the_scale_symmetry_and_the_split_are_exact():
    leg = scale_proof()
    assert leg.outcome == "confirmed"
    assert len(leg.data["identities"]) == 8


def test_densities_that_differ_are_told_apart():
    spec = derive("linear", order=1).spec
    log_g, parameters = symbolic_density(spec, 2)
    tau = next(p for p in parameters if p.name == "tau")
    assert equal(log_g, log_g.subs(tau, 2 * tau)) == "contradicted"
    assert equal(log_g, log_g + sp.log(1 + sp.Rational(1, 10**20))) == "contradicted"
    log_split, four = symbolic_density(spec, 4)
    uneven = {**split(spec), four[0]: split(spec)[four[0]] + 1}
    assert equal(log_g, log_split.subs(uneven, simultaneous=True)) == "contradicted"


def test_a_difference_too_small_to_see_is_not_decided():
    x = sp.Symbol("x", real=True)
    assert equal(x, x + sp.Float("1e-50", 60)) == "inconclusive"


def test_the_information_is_null_along_the_orbit():
    leg = null_vector()
    assert leg.outcome == "confirmed"
    assert leg.data["eigenvalue_ratio"] < 1e-10 < 1e-3 < leg.data["next_eigenvalue_ratio"]
    assert leg.data["angle"] < 1e-6


@pytest.mark.parametrize(
    ("flat", "status", "outcome"),
    [
        ([[0.0, 0.0, 1.0]], "converged", "confirmed"),
        ([[0.0, 0.0, -1.0]], "converged", "confirmed"),
        ([[0.0, 0.6, 0.8]], "converged", "contradicted"),
        ([], "converged", "contradicted"),
        ([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], "converged", "contradicted"),
        ([[0.0, 0.0, 1.0]], "at_bound", "inconclusive"),
    ],
)
def test_another_null_vector_contradicts(flat, status, outcome):
    information = np.diag([3.0, 2.0, 0.0])
    directions = np.array(flat).reshape(-1, 3)
    assert judged_null_vector(information, directions, np.array([0.0, 0.0, 2.0]), status).outcome == outcome


def study_result(statuses):
    """Fits of those statuses, two sizes a replicate; the estimates do not matter."""
    status = np.array(statuses)
    theta = np.tile(TANH_EXACT.layout.pack(TANH_EXACT.truth), (*status.shape, 1))
    return StudyResult(TANH_EXACT, theta, status, np.ones(status.shape, dtype=int))


def slope(value, width=0.06):
    return Slope(value, (value - width / 2, value + width / 2), 0.0, (-0.1, 0.1), 240)


def test_a_study_is_confirmed_only_if_every_predicted_slope_is():
    result = study_result([["converged", "converged"]] * 20)
    good = StudySlope("a", 0, 1, 1.0, slope(-0.5))
    flat = StudySlope("tau", None, None, 1.0, slope(-0.2))
    rare = StudySlope("a", 1, 2, 0.01, None)
    assert judged_study(result, (good, rare), supported=True).outcome == "confirmed"
    assert judged_study(result, (good, flat), supported=True).outcome == "inconclusive"
    assert judged_study(result, (good, flat), supported=False).outcome == "contradicted"
    assert judged_study(result, (rare,), supported=True).outcome == "inconclusive"
    records = judged_study(result, (good, rare, flat), supported=True).data["slopes"]
    assert [(r["predicted"], r["outcome"], r["sharp"]) for r in records] == [
        (0.5, "confirmed", True),
        (None, None, None),
        (0.5, "inconclusive", False),
    ]


def test_too_many_dropped_fits_leave_a_study_open():
    result = study_result([["converged", "spike"]] * 2 + [["converged", "converged"]] * 10)
    leg = judged_study(result, (StudySlope("a", 0, 1, 1.0, slope(-0.5)),), supported=True)
    assert leg.outcome == "inconclusive"
    assert leg.data["fits"] == {"total": 24, "converged": 22, "at_bound": 0, "failed": 2}


def test_an_unbounded_interval_is_null():
    wide = Slope(-0.5, (-np.inf, np.inf), 0.0, (-1.0, 1.0), 240)
    leg = judged_study(study_result([["converged", "converged"]]), (StudySlope("a", 0, 1, 1.0, wide),), supported=True)
    assert leg.data["slopes"][0]["ci"] == [None, None]
    assert leg.outcome == "inconclusive"


def test_the_first_order_condition_of_the_study():
    leg = first_order_proof()
    assert leg.outcome == "confirmed"
    assert leg.data["beta1_ratio"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("activation", "ratio", "outcome"),
    [("relu", 2.0, "contradicted"), ("tanh", -1.0, "inconclusive"), ("tanh", 1.0, "inconclusive")],
)
def test_the_proof_sees_failures_and_excluded_truths(monkeypatch, activation, ratio, outcome):
    truth = replace(TANH_EXACT.truth, beta1=np.array([[1.0], [ratio]]))
    monkeypatch.setattr("numerics.settings.TANH_EXACT", replace(TANH_EXACT, activation=activation, truth=truth))
    assert first_order_proof().outcome == outcome
