"""Clusterwise regression is the same, bit for bit, where machine code makes the steps that rounding cannot change."""

import numpy as np
import pytest

from temperance.numerics.fitting.cluster_steps import ahead, compiled_ahead
from temperance.numerics.fitting.starting_points import clusterwise_regression


def two_lines(rng, d, noise):
    x = rng.uniform(-3, 3, (300, d))
    return x, np.where(rng.random(300) < 0.5, 1, -1) * (1 + x.sum(axis=1)) + noise * rng.normal(size=300)


DATA = {
    "two lines": lambda rng: two_lines(rng, 1, 0.3),
    "two planes": lambda rng: two_lines(rng, 2, 0.3),
    "no noise": lambda rng: two_lines(rng, 1, 0.0),
    "far from 0": lambda rng: (two_lines(rng, 1, 0.3)[0] + 1e6, rng.normal(size=300)),
    "one x": lambda rng: (np.ones((300, 1)), rng.normal(size=300)),
    "ties": lambda rng: (np.tile([[-1.0], [1.0]], (150, 1)), np.repeat([-1.0, 1.0, 0.0], 100)),
    "few": lambda rng: (rng.normal(size=(5, 2)), rng.normal(size=5)),
}


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("name", DATA)
def test_it_is_the_same(name, k):
    for seed in range(4):
        x, y = DATA[name](np.random.default_rng(seed))
        one, other = (
            clusterwise_regression(x, y, k, np.random.default_rng(seed), compiled=compiled)
            for compiled in (False, True)
        )
        for plain, machine in zip(one, other, strict=True):
            assert plain.tobytes() == machine.tobytes()


def test_most_steps_are_made_ahead_and_none_at_a_tie():
    rng = np.random.default_rng(0)
    x, y = two_lines(rng, 1, 0.3)
    x1, labels = np.column_stack([x, np.ones(300)]), (y > 2).astype(np.int64)
    again = labels.copy()
    made = compiled_ahead()(x1, y, labels, 2, 9)
    assert 2 <= made == ahead(x1, y, again, 2, 9)
    assert (labels == again).all()
    assert compiled_ahead()(x1, y, np.zeros(300, np.int64), 2, 9) == 0  # an empty cluster has no line
    halves = np.tile([0, 1], 150)
    assert compiled_ahead()(np.column_stack([x, np.ones(300)]), 0 * y, halves, 2, 9) == 0  # both lines are one
