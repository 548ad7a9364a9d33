"""Claims C14a to C14c: no leg contradicts another, what is open is said, and a wrong number contradicts a claim."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from temperance.claims import c14_atlas
from temperance.claims.c14_atlas import (
    COMPARED,
    LEFT,
    SEED,
    atlas_row,
    atlas_slopes,
    bounds_contact,
    bounds_proof,
    cheap,
    exact_proof,
)
from temperance.claims.legs import Runs
from temperance.claims.verify import claims_of
from temperance.measurements import slopes
from temperance.measurements.atlas import entry, key, stored
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.theory.kernel.reader import Rejected

ROW = AtlasRow("softmax", papers=("2305.03288",))


LEGS = (bounds_proof, bounds_contact, exact_proof)


def use(monkeypatch, *entries):
    found = list(entries)
    monkeypatch.setattr(c14_atlas, "compared", lambda _: found)


@pytest.fixture
def one(monkeypatch):
    """The atlas of the softmax gate and a cell of two, of which two orders are measured again as they are kept."""
    kept = {r.parameter: r for r in stored()[key(ROW, "two")]}
    monkeypatch.setattr(c14_atlas, "measured_now", lambda found: [kept[o.parameter] for o in found.orders])
    monkeypatch.setattr(c14_atlas, "cheap", lambda: [(ROW, "two", "b"), (ROW, "two", "nu")])
    use(monkeypatch, entry(ROW, "two", 1, stored()))


@pytest.mark.full  # claim C14 itself, which `make verify` runs
def test_no_leg_contradicts_another_and_what_is_open_is_said():
    with Runs(workers=2) as runs:
        legs = [run(runs) for run in LEGS]
    for leg in legs:
        assert leg.outcome != "contradicted", leg.detail
        assert (leg.outcome == "inconclusive") == ("inconclusive" in leg.detail)


def test_rows_are_found_in_workers_as_they_are_here():
    rows = [i for i in COMPARED if (ROWS[i].gate, ROWS[i].expert) == ("softmax", "gaussian")]
    with Runs() as runs:
        found = runs.each(atlas_row, rows)
        assert runs.each(atlas_row, rows) == found
    assert found == [atlas_row(i) for i in rows]
    assert {one.cell for one in found[0]} >= {"two"}


def test_the_legs_confirm_a_cell_in_which_all_agree(one):
    legs = [run(None) for run in LEGS] + [atlas_slopes(None, 2e-5)]
    assert [leg.outcome for leg in legs] == ["confirmed"] * 4
    assert legs[2].data["intervals"] == []
    keys = ("checks", "kept", "exact", "kept_slopes")
    assert [len(leg.data[key]) for leg, key in zip(legs, keys, strict=True)] == [1, 6, 8, 8]


@pytest.mark.parametrize(("order", "outcome"), [(4.2, "contradicted"), (3.7, "confirmed"), (4.05, "contradicted")])
def test_a_kept_order_that_is_too_large_is_found(one, monkeypatch, order, outcome):
    """4.2 is above the bound, 3.7 is below it, which says nothing, and 4.05 is not what is measured now."""
    kept = {
        name: [replace(r, order=order) if r.parameter == "b" else r for r in rows] for name, rows in stored().items()
    }
    use(monkeypatch, entry(ROW, "two", 1, kept))
    monkeypatch.setattr(c14_atlas, "stored", lambda: kept)
    monkeypatch.setattr(c14_atlas, "cheap", lambda: [(ROW, "two", "b")] if order == 4.05 else [(ROW, "two", "nu")])
    assert bounds_contact(None).outcome == outcome


def test_an_order_without_a_proof_is_open(monkeypatch):
    row = AtlasRow("softmax", "constant", papers=("2305.03288",))
    use(monkeypatch, entry(row, "three", 1, {}))
    assert bounds_proof(None).outcome == "inconclusive"


@pytest.mark.parametrize(("reached", "outcome"), [(Fraction(5), "contradicted"), (Fraction(3), "confirmed")])
def test_an_order_is_exact_only_where_a_curve_reaches_its_bound(one, monkeypatch, reached, outcome):
    """A curve above the bound 4 of b contradicts it; with one below the order is not called exact."""
    e = c14_atlas.compared(None)[0]
    orders = [replace(o, order=replace(o.order, lower=reached)) if o.order.upper == 4 else o for o in e.orders]
    use(monkeypatch, replace(e, orders=tuple(orders)))
    leg = exact_proof(None)
    assert (leg.outcome, len(leg.data["intervals"])) == (outcome, 1)


def test_an_order_is_not_called_exact_without_a_certificate(one, monkeypatch):
    """The certificates are checked again: one that the checker rejects leaves what it states unproved."""

    def reject(_):
        raise Rejected("rejected")

    monkeypatch.setattr(c14_atlas, "check", reject)
    assert exact_proof(None).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("slower", "dropped", "outcome", "tested"),
    [(0.0, 0.0, "confirmed", 8), (0.2, 0.0, "contradicted", 8), (0.0, 0.06, "inconclusive", 0)],
)
def test_a_kept_slope_that_is_slower_than_its_bound_is_found(one, monkeypatch, slower, dropped, outcome, tested):
    """Errors that fall more slowly by n^0.2; a study that drops more than 5% of its fits is not tested."""
    kept = slopes.errors_of

    def changed(study):
        sizes = np.array(study["definition"]["sizes"], dtype=float)
        return {name: errors * sizes**slower for name, errors in kept(study).items()}

    monkeypatch.setattr(slopes, "errors_of", changed)
    monkeypatch.setattr(slopes, "dropped", lambda _: dropped)
    leg = atlas_slopes(None, 2e-5)
    assert leg.outcome == outcome
    assert sum(r["test"]["p"] is not None for r in leg.data["kept_slopes"]) == tested


def test_a_tenth_is_drawn_from_what_is_cheap_and_the_parts_run_under_their_common_name():
    assert [claim.id for claim in claims_of(["C14", "C1"])] == ["C1", "C14a", "C14b", "C14c"]
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
