"""The start that bounds lead to is the one that the likelihoods of all random gates lead to."""

import numpy as np
import pytest

from temperance.numerics.fitting import starting_points
from temperance.numerics.fitting.starting_points import rough_start
from temperance.numerics.lattice.counts import samples
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.studies.claim_studies import SOFTMAX_CELL, TANH

CASES = [
    ("tanh", Layout(2, 1, "free")),
    ("linear", Layout(3, 1, "anchored", 1.0)),
    ("relu", Layout(2, 2)),
    ("sqrt(z + 3)", Layout(2, 1)),  # has no value where many draws would need one
    ("exp(z)", Layout(3, 1)),
    ("tanh", Layout(1, 1)),
]


def data(kind, d):
    rng = np.random.default_rng(5)
    if kind == "lattice" and d == 1:
        (points,) = samples(TANH.lattice, (1000,), seed=1)
        return points.some(1000, rng)
    x = rng.uniform(-3, 3, (400, d))
    return x, x[:, 0] * np.where(rng.random(400) < 0.5, 1, -1) + rng.normal(size=400) * 1e-3


@pytest.mark.parametrize("kind", ["lattice", "sample"])
@pytest.mark.parametrize(("name", "layout"), CASES)
def test_it_is_the_best_of_all(monkeypatch, name, layout, kind):
    gate, (x, y) = compiled(name), data(kind, layout.d)
    found = [rough_start(layout, gate, x, y, np.random.default_rng(seed)) for seed in range(3)]

    def unbounded(gate, drawn, *rest):
        return np.full(len(drawn[2]), np.inf), 0.0

    monkeypatch.setattr(starting_points, "_likelihood_bounds", unbounded)
    for seed, theta in enumerate(found):
        assert theta.tobytes() == rough_start(layout, gate, x, y, np.random.default_rng(seed)).tobytes()


def test_few_likelihoods_are_needed(monkeypatch):
    made, calls = starting_points.evaluation(SOFTMAX_CELL.layout, SOFTMAX_CELL.gate), []
    monkeypatch.setattr(starting_points, "evaluation", lambda *_: lambda *given: calls.append(1) or made(*given))
    (points,) = samples(SOFTMAX_CELL.lattice, (10**6,), seed=1)
    rng = np.random.default_rng(0)
    rough_start(SOFTMAX_CELL.layout, SOFTMAX_CELL.gate, *points.some(1000, rng), rng)
    assert len(calls) < 10
