"""Claims C15 to C17 and what Coq checks: they are confirmed, and what is claimed otherwise contradicts them."""

import re
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from temperance.claims import c16_merging as merging
from temperance.claims import c17_volumes as volumes
from temperance.claims import verify
from temperance.claims.c15_twins import CLAIMED, decided, record_of, searches, twins_contact, twins_proof
from temperance.claims.c16_merging import merging_contact, merging_proof, merging_rates
from temperance.claims.c17_volumes import ONE, STUDIES
from temperance.claims.legs import Expected, Runs
from temperance.claims.table import CLAIMS
from temperance.claims.verify import IN_COQ, Result, accepted_digests, coq_files, coq_statement, digest
from temperance.measurements.judgement import POWER, Leg
from temperance.numerics.contact.curves import exact
from temperance.numerics.studies.claim_studies import tanh_cell
from temperance.theory.coq.files import FILES
from temperance.theory.models.by_name import model


def test_the_proof_confirms():
    assert twins_proof(None).outcome == "confirmed"


@pytest.mark.slow
def test_the_searches_confirm():
    contact = twins_contact(None)
    assert contact.outcome == "confirmed"
    assert all(r["twins_met"] == r["twins"] for r in contact.data["searches"])


def test_other_twins_than_those_claimed_contradict_the_proof():
    name, atoms, gauge, unique, maps = CLAIMED[0]
    assert decided(name, atoms, gauge, unique, maps) == "confirmed"
    assert decided(name, atoms, gauge, not unique, maps) == "contradicted"
    assert decided(name, atoms, gauge, unique, frozenset(list(maps)[1:])) == "contradicted"
    assert decided("gelu", atoms, gauge, unique, maps) == "contradicted"
    assert decided("gamma", atoms, gauge, unique, maps) == "inconclusive"


def test_a_twin_that_is_not_known_contradicts_the_search():
    search = searches()[0]
    assert record_of(replace(search, family=search.family[:1]), 0)["outcome"] == "contradicted"
    missing = replace(search, family=(*search.family, (9.0, 9.0, 9.0)))
    assert record_of(missing, 0)["outcome"] == "inconclusive"


# -- claim C16: its proof and contact legs confirm, and what is not merged contradicts them


def test_the_proof_and_the_contact_leg_confirm():
    assert merging_proof(None).outcome == "confirmed"
    leg = merging_contact(None)
    assert leg.outcome == "confirmed"
    assert [row["expected"] for row in leg.data["merged"]] == [4, 6, 8, 4, 4]


SOFTMAX = replace(tanh_cell(), tau=exact(1))
SPLIT = Expected("split", merging._apart(SOFTMAX, 2), SOFTMAX, "linear", 4)


def test_other_orders_contradict():
    row = merging.merged_order(replace(SPLIT, order=3), ((0, 1), (2,)))
    assert row["outcome"] == "contradicted"
    assert np.isclose(row["measured"], 4, atol=0.01)


def test_a_cell_that_is_left_unmerged_contradicts():
    """Without the second half of the cell of two, errors are of the order of t, as those of single atoms are."""
    assert merging.merged_order(SPLIT, ((0,), (1, 2)))["outcome"] != "confirmed"


@pytest.mark.full
def test_the_rates_are_not_contradicted():
    with Runs(workers=2) as runs:
        leg = merging_rates(runs, 2e-5)
    assert leg.outcome != "contradicted"
    assert len(leg.data["merged_slopes"]) == 26


# -- claim C17: what its legs do with coefficients and volumes that are others


LEVEL_OF_EACH = 2e-5


def test_what_is_kept_is_of_the_studies_that_are_defined():
    kept = volumes.stored()
    assert kept.keys() == {study.name for study in STUDIES}
    assert all(kept[s.name]["digest"] == s.digest and len(kept[s.name]["levels"]) == s.replicates for s in STUDIES)


def test_the_planned_power_and_the_slope_with_a_logarithm():
    eps = np.linspace(-1.0, -40.0, 400)
    levels = list(np.interp(-np.arange(1, 90), (2.5 * eps + np.log(-eps))[::-1], eps[::-1]))
    assert ONE.slope(levels) == pytest.approx(ONE.expected(levels, 2.5, 2), abs=2e-3)
    assert ONE.expected(levels, 2.5, 2) < 2.47
    assert all(study.test([], 5.0, 1, 2e-5).planned > 0.9 for study in STUDIES)


def test_a_wrong_coefficient_is_contradicted_and_a_change_of_a_study_leaves_nothing_to_test(monkeypatch):
    row = volumes._row(ONE, LEVEL_OF_EACH)
    assert row["test"]["planned"] >= POWER
    slopes = np.array([ONE.slope(run) for run in volumes.stored()[ONE.name]["levels"]])
    assert row["slope"] == pytest.approx(slopes.mean())
    off = ONE.test(volumes.stored()[ONE.name]["levels"], 3.0, 2, LEVEL_OF_EACH)
    assert off.p < LEVEL_OF_EACH
    assert volumes._row(replace(ONE, seed=18), LEVEL_OF_EACH)["outcome"] == "inconclusive"
    spoiled = deepcopy(volumes.stored())
    spoiled[ONE.name]["levels"] = [[0.7 * v for v in run] for run in spoiled[ONE.name]["levels"]]
    monkeypatch.setattr(volumes, "stored", lambda: spoiled)
    assert volumes._row(ONE, LEVEL_OF_EACH)["outcome"] == "contradicted"
    assert volumes.volumes_measured(None, LEVEL_OF_EACH).outcome == "contradicted"


def test_the_proof_leg_tells_a_wrong_coefficient():
    spec = partial(model, "softmax")
    assert volumes._decided(spec, 2, 3, Fraction(5), 1) == "confirmed"
    assert volumes._decided(spec, 2, 3, Fraction(13, 2), 1) == "contradicted"
    assert volumes._decided(spec, 2, 3, Fraction(5), 2) == "contradicted"
    coefficients = {study.name: volumes.predicted(study) for study in STUDIES}
    assert [c.exact for c in coefficients.values()] == [5, Fraction(11, 2), Fraction(15, 4), Fraction(5, 2)]
    assert [c.multiplicity for c in coefficients.values()] == [(1, 1)] * 3 + [(2, 2)]
    assert volumes._decided(spec, 4, 7, Fraction(12), 1) == "inconclusive"


@pytest.mark.pinned
@pytest.mark.parametrize("claim", IN_COQ)
def test_kept_results_are_of_the_files_of_today(claim):
    assert accepted_digests()[claim] == digest(coq_files(IN_COQ[claim])), "run tools/coq_results.py, which needs Coq"
    assert coq_statement(claim) == IN_COQ[claim].coq


def test_parts_with_verdicts_have_a_theorem_for_each():
    for part in IN_COQ.values():
        stated = re.findall(r"^\(\* \w+ (?:holds|fails) \*\)$", coq_files(part).get("Verdicts", ""), re.MULTILINE)
        assert len(stated) == len(part.verdicts)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_claimed_for_another_library(name, monkeypatch):
    written = verify.library
    monkeypatch.setattr(verify, "library", lambda n: written(n) + " " * (n == name))
    coq_statement.cache_clear()
    assert [claim for claim in (*IN_COQ, "C9") if coq_statement(claim) is not None] == []
    coq_statement.cache_clear()


@pytest.mark.parametrize(("outcome", "claimed"), [("confirmed", True), ("inconclusive", False)])
def test_nothing_is_claimed_where_the_proof_does_not_confirm(outcome, claimed, monkeypatch):
    monkeypatch.setattr("temperance.claims.verify.coq_statement", lambda claim: f"part of {claim}")
    result = Result(CLAIMS[0], {"proof": Leg(outcome, "", {}), "contact": None, "monte_carlo": None})
    assert result.coq == ("part of C1" if claimed else None)
    assert result.record()["coq"] == result.coq
