"""The atlas: kept measurements against bounds, its JSON, and measuring again with a store."""

import json
import os
import random

import numpy as np
import pytest

from temperance.commands.app import run
from temperance.measurements import atlas as module
from temperance.measurements.atlas import CELLS, atlas, entries, entry, key, measure, remeasured, stored
from temperance.measurements.contact_orders import family
from temperance.measurements.literature import PAPERS, ROWS, AtlasRow
from temperance.theory.rates.contact_orders import order_setting

QUICK = tuple(row for row in ROWS if row.gate == "softmax" or row.source in ("tanh", "relu") or row.refused)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "ROWS", QUICK)


def test_kept_measurements_are_those_of_entries():
    names = {key(row, cell) for row, cell in entries()}
    assert set(stored()) <= names
    assert len(stored()) >= 20


def test_rows_name_papers_that_were_read():
    read = {paper.arxiv for paper in PAPERS}
    assert all(row.papers and set(row.papers) <= read for row in ROWS)
    assert read == {arxiv for row in ROWS for arxiv in row.papers}


def test_no_measurement_contradicts_a_proof(quick):
    found = atlas()
    assert {(e.row, e.cell) for e in found.entries} == {(row, cell) for row in QUICK for cell in CELLS}
    assert all(order.agrees is not False for e in found.entries for order in e.orders)
    assert all(e.orders or e.reasons for e in found.entries)
    every = [order for e in found.entries for order in e.orders]
    assert all((order.measured is None) == (order.measurement != "settled") for order in every)
    assert {"settled", "zero", "needless", "missing"} <= {order.measurement for order in every}
    assert "no measurement contradicts a proof" in found.answer


@pytest.mark.slow
def test_no_measurement_of_the_whole_atlas_contradicts_a_proof():
    found = atlas()
    assert all(order.agrees is not False for e in found.entries for order in e.orders)
    flat = [o for e in found.entries for o in e.orders if o.order.flat]
    assert all(o.proof == "identity" and o.measured is None for o in flat)


def test_a_measurement_above_a_bound_contradicts_it():
    row = AtlasRow("softmax", papers=("2305.03288",))
    kept = [
        {"parameter": name, "order": order, "flat": False} for name, order in (("beta1", 2.3), ("a", 1.5), ("b", 4.0))
    ]
    found = {o.order.parameter: o.agrees for o in entry(row, "two", {key(row, "two"): kept}).orders}
    assert found == {"beta1": False, "a": None, "b": True, "nu": None}


def test_published_exponents_are_told_apart_from_rates():
    found = {o.order.parameter: o.to_json() for o in entry(AtlasRow("softmax"), "two", {}).orders}
    assert (found["beta1"]["rate"], found["beta1"]["published"]) == ("1/4", "1/8")
    assert entry(AtlasRow("gaussian"), "every cell split", {}).orders[2].published is None


def test_what_cannot_be_computed_says_why():
    refused = [e for e in (entry(row, "two", {}) for row in ROWS if row.refused) if not e.orders]
    assert len(refused) >= 5
    assert all(e.reasons[0].startswith(("not computed: ", "no order: ")) for e in refused)
    assert "no theorem" in entry(AtlasRow("activation", source="hardtanh"), "every cell split", {}).reasons[-1]


def test_json(quick, capsys):
    assert run(["atlas", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["entries", "papers", "answer"]
    assert len(found["entries"]) == len(QUICK) * len(CELLS)
    assert len(found["papers"]) == len(PAPERS)


def test_table_ends_in_an_answer(quick, capsys):
    assert run(["atlas"]) == 0
    shown = capsys.readouterr().out
    assert "arXiv 2401.13875" in shown
    assert "no measurement contradicts a proof" in shown.splitlines()[-1]


def test_measuring_again_goes_on_after_a_stop(quick, monkeypatch, tmp_path):
    path, seen = str(tmp_path / "atlas.sqlite"), []

    def stopped(row, cell):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(key(row, cell))
        return [{"parameter": "b", "order": 4.0, "flat": False}]

    monkeypatch.setattr(module, "measure", stopped)
    with pytest.raises(KeyboardInterrupt):
        remeasured(path)
    monkeypatch.setattr(module, "measure", lambda row, cell: seen.append(key(row, cell)) or [])
    assert list(remeasured(path)) == seen == [key(row, cell) for row, cell in entries()]


def test_a_store_that_is_none_is_bad_input(quick, tmp_path, capsys):
    path = tmp_path / "atlas.sqlite"
    path.write_text("no database at all, but a text of some length")
    assert run(["atlas", "--store", str(path)]) == 2
    assert run(["atlas", "--store", str(tmp_path / "atlas.txt")]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_gates_with_functions_beyond_numpy_are_measured():
    """GELU has erf."""
    mixtures = family(order_setting("activation", source="gelu"))
    halves = mixtures.center.copy()
    halves[[mixtures.index(0, "weight"), mixtures.index(1, "weight")]] -= np.log(2)
    assert abs(mixtures.grid(0.1).residual(halves)).max() < 1e-15


@pytest.mark.full
def test_a_random_tenth_is_measured_again():
    chosen = random.Random(int(os.environ.get("ATLAS_SEED", "0")))
    kept = stored()
    every = [(row, cell) for row, cell in entries() if key(row, cell) in kept]
    for row, cell in chosen.sample(every, max(1, len(every) // 10)):
        before = {r["parameter"]: r for r in kept[key(row, cell)]}
        for r in measure(row, cell):
            assert r["flat"] == before[r["parameter"]]["flat"]
            if r["order"] is not None:
                assert r["order"] == pytest.approx(before[r["parameter"]]["order"], abs=0.02)
