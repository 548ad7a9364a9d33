"""What legs find, each kind by itself, and what legs amount to."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from temperance.claims.legs import (
    Expected,
    certificates_of,
    contact_leg,
    proof_leg,
    verdict_check,
    with_lattices,
)
from temperance.claims.legs import judged as judged_slopes
from temperance.measurements.judgement import (
    LEGS,
    LEVEL,
    Leg,
    claim_outcome,
    combined,
    conditions,
    describe_conditions,
    least_agreement,
)
from temperance.measurements.slopes import planned_slopes, predicted, study_record
from temperance.numerics.contact.curves import CurveMeasure, line, scale_orbit
from temperance.numerics.studies.claim_studies import GELU_MIRROR, LINEAR, TANH, TANH_SPLITS
from temperance.numerics.studies.results import StudyResult

OUTCOMES = ("confirmed", "contradicted", "inconclusive")


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
        alone = claim_outcome(("proof",), legs)
        confirmed = "proved" if outcomes[0] == "confirmed" else "inconclusive"
        assert alone == ("contradicted" if "contradicted" in outcomes else confirmed)
        assert outcomes[0] is None or combined(outcomes) == found
    assert combined([]) == "inconclusive"


def slope_record(outcome, **changes):
    record = {"study": "s", "parameter": "a", "cell": 0, "outcome": outcome, "sharp": False, "reason": "it is so"}
    return {**record, **changes}


FITS = {"total": 24, "converged": 22, "at_bound": 1, "failed": 1}


RECORDS = {name: {"fits": FITS, "setting": {}, "conditions": {}} for name in ("s", "t")}


def test_a_leg_of_slopes_is_confirmed_only_if_every_predicted_slope_is():
    for outcomes in ([None], ["confirmed", None], ["confirmed", "inconclusive"], ["confirmed", "contradicted"]):
        leg = judged_slopes([slope_record(o) for o in outcomes], RECORDS)
        assert leg.outcome == combined(o for o in outcomes if o)
        assert leg.data["fits"]["total"] == 48


TRUE = CurveMeasure.of(TANH.truth)


@pytest.mark.parametrize(
    ("curve", "activation", "order", "outcome"),
    [
        (line(TRUE, {"b": [1, 0]}), "tanh", 1, "confirmed"),
        (line(TRUE, {"b": [1, 0]}), "tanh", 2, "contradicted"),
        (scale_orbit(TRUE), "linear", None, "confirmed"),
        (scale_orbit(TRUE), "linear", 1, "contradicted"),
    ],
)
def test_a_contact_order_is_held_against_the_expected_one(curve, activation, order, outcome):
    leg = contact_leg([Expected("a curve", curve, TRUE, activation, order)])
    assert leg.outcome == outcome
    assert ("a curve" in leg.detail) == (outcome != "confirmed")


@pytest.mark.parametrize(
    ("name", "condition", "expected", "at_tau", "outcome"),
    [
        ("tanh", "first_order", "holds", (), "confirmed"),
        ("relu", "first_order", "holds", (), "contradicted"),
        ("log(1+z**2)", "second_order", "holds", ("1",), "confirmed"),
        ("log(1+z**2)", "second_order", "holds", ("2",), "contradicted"),
    ],
)
def test_verdicts_are_held_against_the_expected_ones(name, condition, expected, at_tau, outcome):
    _, run = verdict_check(name, condition, expected, at_tau=at_tau)
    assert run() == outcome


def test_a_forged_certificate_proves_nothing():
    (good,) = certificates_of("tanh", ["first_order"])
    assert proof_leg([], [good]).outcome == "confirmed"
    assert proof_leg([], [{**good, "expression": "z"}]).outcome == "inconclusive"


def test_predictions_are_held_against_the_expected_exponents():
    assert predicted(TANH, {"tau": 0.5}) == "confirmed"
    assert predicted(replace(TANH, activation="relu"), {"tau": 0.5}) == "contradicted"


@pytest.mark.parametrize("study", [LINEAR, TANH_SPLITS, GELU_MIRROR], ids=lambda study: study.name)
def test_every_slope_that_is_tested_was_planned(study):
    """By the definition alone, whatever cells the fits have: here those of random atoms near the true ones."""
    shape = (study.replicates, len(study.sizes))
    theta = np.random.default_rng(0).normal(size=(*shape, study.layout.size))
    result = StudyResult(study, theta, np.full(shape, "converged"), np.ones(shape, dtype=int), np.zeros(shape))
    level = LEVEL / len(planned_slopes((study,), LEVEL))
    tested = [s for s in study_record(result)["slopes"] if "test" in s]
    (density,) = planned_slopes((study,), level, parameters=("density",))
    planned = [*planned_slopes((study,), level), density]
    assert len(tested) <= len(planned)
    assert {s["parameter"] for s in tested} <= {p.group.split(" ")[0].rstrip(",") for p in planned}
    assert {s["test"]["planned"] for s in tested if s["parameter"] == "density"} == {density.power}


def scattered(study, fall, dropped=0):
    """A result whose estimates scatter around the truth with normal errors of n^-fall."""
    rng, sizes = np.random.default_rng(study.seed), np.array(study.sizes, dtype=float)
    theta = np.tile(study.layout.pack(study.truth), (study.replicates, len(sizes), 1))
    theta += rng.normal(size=theta.shape) * 0.3 * sizes[:, None] ** -fall
    status = np.full(theta.shape[:2], "converged")
    status[:dropped] = "max_steps"
    return StudyResult(study, theta, status, np.ones(status.shape, dtype=int), np.zeros(status.shape))


@pytest.mark.parametrize(
    ("fall", "changes", "outcome"),
    [
        (0.5, {}, "confirmed"),
        (0.43, {}, "contradicted"),
        (0.6, {}, "contradicted"),  # of as many atoms as there are the rate is exact
        (0.5, {"dropped": 3}, "inconclusive"),  # more than 5% of the fits
        (0.5, {"gap": 0.051, "apart": 0.03}, "inconclusive"),  # more than 2% of the fits
        (0.5, {"gap": 0.05, "apart": 0.03}, "confirmed"),
    ],
)
def test_slopes_are_judged_by_their_tests_alone(fall, changes, outcome):
    result = scattered(LINEAR, fall, changes.get("dropped", 0))
    gaps = np.zeros(result.status.shape)
    gaps.flat[: int(changes.get("apart", 0) * gaps.size)] = changes.get("gap", 0.0)
    record = study_record(replace(result, gaps=gaps), level=2e-5)
    slope = next(s for s in record["slopes"] if s["parameter"] == "b")
    assert slope["outcome"] == outcome
    assert (slope["test"]["p"] is None) == (outcome == "inconclusive")
    assert slope["agreement"] == pytest.approx((gaps <= 0.05).mean())
    assert judged_slopes([{**slope, "study": "s"}], RECORDS).outcome == outcome


def test_below_ten_thousand_nothing_is_contradicted_as_no_limit_is_reached():
    study = replace(LINEAR, sizes=(10**2, 10**6, 10**10))
    slopes = study_record(scattered(study, 0.3))["slopes"]
    (slope,) = (s for s in slopes if s["parameter"] == "b" and s["cell"] == 0)
    assert slope["outcome"] == "inconclusive"
    assert slope["test"]["p"] < slope["test"]["level"]
    assert slope["reason"].endswith("n below 10^4 says nothing of the limit")
    later = replace(LINEAR, sizes=(10**4, 10**8, 10**12))
    assert {s["outcome"] for s in study_record(scattered(later, 0.3))["slopes"]} == {"contradicted"}


def test_the_conditions_of_a_study_are_in_a_line():
    result = scattered(LINEAR, 0.5)
    gaps, edges = np.zeros(result.status.shape), replace(result).theta
    gaps[0] = 0.06
    edges[:, 0, -1] = LINEAR.box.bounds(LINEAR.layout)[1][-1]
    beside = conditions(replace(result, gaps=gaps, theta=edges))
    assert beside["agreement"] == pytest.approx(1 - 1 / len(gaps))
    assert beside["starts"] == 2
    assert beside["at_edge"] == {"nu": pytest.approx(1 / len(LINEAR.sizes))}
    assert 0.1 < beside["smallest_share"] < 0.5
    assert describe_conditions(
        {**beside, "starts": 96, "smallest_share": 1.23e-3, "at_edge": {"nu": 0.625, "a": 0.0}}
    ) == (
        "two searches, each from 48 starts, agree on 97.5% of the fits; parameters at an edge of the box: nu in 62% of "
        "the fits; median share of the lightest atom at the largest n: 0.0012"
    )
    assert describe_conditions(beside).startswith("two searches, each from one start, agree on 97.5%")
    assert describe_conditions({}) is None
    rows = [{"agreement": 0.95}, {"agreement": 0.9}, {"agreement": None}]
    assert least_agreement({"fits": {}, "slopes": rows, "studies": [{"conditions": beside}]}) == 0.9
    assert least_agreement({"studies": [{"conditions": {"agreement": 0.97}}]}) == 0.97
    assert least_agreement({"slopes": [{"agreement": None}]}) is None


def test_a_lattice_that_is_too_coarse_confirms_no_slope(monkeypatch):
    """With a step of a standard deviation the laws of the box are normalised to 1e-8 only."""
    leg = Leg("confirmed", "1 of 1 slopes confirmed")
    fine = with_lattices(leg, [LINEAR, TANH])
    assert fine.outcome == "confirmed"
    assert [row["gates"] for row in fine.data["lattices"]][1:3] == ["polynomials, fewer than points", "independent"]
    monkeypatch.setattr("temperance.numerics.studies.lattice._PER_DEVIATION", 1.0)
    coarse = with_lattices(leg, [replace(LINEAR)])
    assert coarse.outcome == "inconclusive"
    assert coarse.detail.endswith(f"not proved to be the right experiment: the lattice of {LINEAR.name}")
    assert 1e-9 < coarse.data["lattices"][0]["not_normalised"] < 1e-8
