"""Claim C16: its proof and contact legs confirm, and what is not merged contradicts them."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.claims import c16_merging as merging
from temperance.claims.c16_merging import merging_contact, merging_proof, merging_rates
from temperance.claims.legs import Expected, Runs
from temperance.numerics.contact.curves import exact
from temperance.numerics.studies.claim_studies import tanh_cell


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
