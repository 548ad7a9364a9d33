"""Claim C14: no leg contradicts another, what is open is said, and a wrong number contradicts the claim."""

from fractions import Fraction

import pytest

from temperance.claims import c14_atlas as claim
from temperance.claims.c14_atlas import LEFT, SEED, atlas_contact, atlas_proof, atlas_slopes, cheap
from temperance.measurements.atlas import entry, stored
from temperance.measurements.atlas_entries import key
from temperance.measurements.literature import ROWS, AtlasRow

ROW = AtlasRow("softmax", papers=("2305.03288",))


@pytest.fixture
def one(monkeypatch):
    """The atlas of the softmax gate and a cell of two, of which two orders are measured again as they are kept."""
    kept = {r["parameter"]: r for r in stored()[key(ROW, "two")]}
    monkeypatch.setattr(claim, "records", lambda found: [kept[o.parameter] for o in found.orders])
    monkeypatch.setattr(claim, "compared", lambda: (entry(ROW, "two", 1, claim.stored()),))
    monkeypatch.setattr(claim, "cheap", lambda: [(ROW, "two", "b"), (ROW, "two", "nu")])


@pytest.mark.slow
def test_no_leg_contradicts_another_and_what_is_open_is_said():
    for run in (atlas_proof, atlas_contact, atlas_slopes):
        leg = run(None)
        assert leg.outcome != "contradicted", leg.detail
        assert (leg.outcome == "inconclusive") == ("inconclusive" in leg.detail)


def test_the_legs_confirm_a_cell_in_which_all_agree(one):
    legs = [run(None) for run in (atlas_proof, atlas_contact, atlas_slopes)]
    assert [leg.outcome for leg in legs] == ["confirmed"] * 3
    assert [len(leg.data[key]) for leg, key in zip(legs, ("checks", "kept", "kept_slopes"), strict=True)] == [1, 6, 8]


@pytest.mark.parametrize(
    ("order", "outcome"), [(4.2, "contradicted"), (3.7, "inconclusive"), (None, "inconclusive"), (4.05, "contradicted")]
)
def test_a_kept_order_that_is_wrong_is_found(one, monkeypatch, order, outcome):
    """4.2 is above the bound, 3.7 below it, and 4.05 is not what is measured now."""
    kept = {
        name: [{**r, "order": order} if r["parameter"] == "b" else r for r in rows] for name, rows in stored().items()
    }
    monkeypatch.setattr(claim, "stored", lambda: kept)
    monkeypatch.setattr(claim, "cheap", lambda: [(ROW, "two", "b")] if order == 4.05 else [(ROW, "two", "nu")])
    assert atlas_contact(None).outcome == outcome


def test_an_order_without_a_proof_is_open(monkeypatch):
    row = AtlasRow("softmax", "constant", papers=("2305.03288",))
    monkeypatch.setattr(claim, "compared", lambda: (entry(row, "three", 1, {}),))
    assert atlas_proof(None).outcome == "inconclusive"


def test_a_tenth_is_drawn_from_what_is_cheap():
    assert len(cheap()) >= 15
    assert {cell for _, cell, _ in cheap()} == {"two"}
    assert not any(parameter.startswith("mean") for _, _, parameter in cheap())
    assert SEED == 14


@pytest.mark.slow
def test_the_row_that_the_claim_leaves_to_tests_agrees():
    (row,) = (row for row in ROWS if (row.gate, row.expert) == LEFT)
    found = entry(row, "two", 1, stored())
    assert all(o.agrees is not False for o in found.orders)
    assert found.orders[4].order.upper == Fraction(4)
