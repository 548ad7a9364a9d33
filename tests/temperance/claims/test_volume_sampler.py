"""Volumes by nested sampling: distances against the density, and small runs with honest error bars."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from temperance.claims.c17_volumes import CONSTANT, ONE, SOFTMAX, STUDIES, TANH, stored
from temperance.numerics.mixture.measures import MixingMeasure

sys.path.insert(0, str(Path(__file__).parents[3] / "campaigns"))
from volumes import _atoms, local, run, run_studies, squared_distance

sys.path.pop(0)
pytestmark = pytest.mark.slow

SMALL = replace(ONE, name="small", live=40, steps=20, deepest=-14.0, window=(-6.0, -14.0), replicates=6, seed=3)


def local_of(study):
    return local(study.cells, tanh=study.gate == "tanh", constant=study.expert == "constant")


def distance_of(at):
    """The squared distance as a function of u alone."""
    atoms, filled = np.zeros((int(at.cells.sum()), 5)), np.zeros_like(at.roots)
    return lambda u: squared_distance(u, at, atoms, filled)


@pytest.mark.parametrize("study", STUDIES, ids=lambda s: s.name)
def test_the_truth_has_no_distance_and_every_coordinate_counts(study):
    at = local_of(study)
    distance = distance_of(at)
    assert distance(np.zeros(at.half.size)) < 1e-30
    moved = [distance(0.5 * at.half * (np.arange(at.half.size) == q)) for q in range(at.half.size)]
    shares = sum(size - 1 for size in study.cells)
    alone = len(study.cells) == 1  # then the gate of equal experts is not seen either
    assert sum(value < 1e-25 for value in moved) == shares + alone
    assert all(value > 1e-8 for value in moved if value >= 1e-25)


@pytest.mark.parametrize("study", [SOFTMAX, TANH, CONSTANT], ids=lambda s: s.name)
def test_distances_are_those_of_the_density(study):
    at = local_of(study)
    rng = np.random.default_rng(1)
    for _ in range(3):
        u = rng.uniform(-0.3, 0.3, at.half.size) * at.half
        atoms = np.zeros((3, 5))
        tau = _atoms(u, at, atoms)
        truth = at.truth

        def measure(rows, tau):
            return MixingMeasure(rows[:, :1], rows[:, 1], tau, rows[:, 2:3], rows[:, 3], rows[:, 4])

        x = np.repeat(at.x, at.y.size)[:, None]
        y = np.tile(at.y, at.x.size)
        gate = "tanh" if study.gate == "tanh" else "z"
        true_tau = 0.5 if study.gate == "tanh" else 1.0
        logs = [measure(rows, t).log_density(x, y, gate) for rows, t in ((atoms, tau), (truth, true_tau))]
        step = at.y[1] - at.y[0]
        wanted = 0.5 * ((np.exp(logs[0] / 2) - np.exp(logs[1] / 2)) ** 2).sum() * step / at.x.size
        assert distance_of(at)(u) == pytest.approx(wanted, rel=1e-9)


def test_slopes_do_not_depend_on_how_many_threads_blas_has(monkeypatch):
    fit, seen = np.polyfit, []

    def line(*given):
        seen.append({library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"})
        return fit(*given)

    monkeypatch.setattr(np, "polyfit", line)
    with threadpool_limits(2, user_api="blas"):
        levels = [-1.0 * k for k in range(1, 15)]
        SMALL.expected(levels, 1.5, 2)
        SMALL.slope(levels)
    assert seen == [{1}, {1}]


def test_a_regular_model_has_half_of_its_parameters():
    study = replace(SMALL, name="regular", cells=(1,), window=(-5.0, -14.0))
    slopes = np.array([study.slope(run(study, i)) for i in range(6)])
    error = slopes.std(ddof=1) / np.sqrt(6)
    assert error < 0.12
    assert abs(slopes.mean() - 1.5) < 4 * error  # a, b and nu of one atom


def test_a_small_run_of_one_true_expert():
    runs = [run(SMALL, i) for i in range(SMALL.replicates)]
    assert runs[0] == run(SMALL, 0)
    found = SMALL.test(runs, 2.5, 2, 1e-3)
    assert found.p > 1e-3
    assert SMALL.test(runs, 4.0, 1, 1e-3).p < 1e-3  # what BIC charges


def test_what_is_kept_is_made_again():
    """The first replicate, down to e^-14: the same levels, or on another machine levels of the same law."""
    made, levels = run(ONE, 0, -14.0), stored()[ONE.name]["levels"][0]
    deviation = np.sqrt(2 * len(made) / ONE.live) / ONE.slope(levels)
    assert abs(made[-1] - levels[len(made) - 1]) < 4 * deviation
    assert len(made) > 20


def test_runs_go_on_where_the_file_ends(tmp_path):
    path, told = tmp_path / "volumes.json", []
    short = replace(SMALL, replicates=2, deepest=-7.0)
    whole = run_studies(path, [replace(short, replicates=3, name="three")])
    with pytest.raises(ValueError, match="another study"):
        run_studies(path, [replace(short, replicates=3, name="three", steps=21)])
    whole["three"]["levels"].pop()
    path.write_text(json.dumps(whole))
    again = run_studies(path, [replace(short, replicates=3, name="three")], progress=told.append)
    assert told == ["three: 3 of 3"]
    assert len(again["three"]["levels"]) == 3
