"""Fits of any gate to data, from starts that use no truth."""

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.fitting.fits import fit_general, held_of
from temperance.numerics.mixture.points import Points
from temperance.theory.models.by_name import model
from tests.numerics.by_hand import two_lines


def of(x, y, *weights):
    return Points(x[:, None], y, *weights)


def fitted(x, y, spec, k, **options):
    """The fit with its standard errors; a gate that is an object is fitted as a formula is."""
    return fit(x, y, fitted=k, gate=spec.gate, expert=spec.expert, **options)


def test_an_atom_on_few_points_is_a_spike():
    """Three equal responses, next to each other and far from all others."""
    x, y = two_lines(60)
    x[:3], y[:3] = (2.7, 2.8, 2.9), 9.0
    found = fitted(x, y, model("softmax", "constant"), 2, starts=12, seed=1, box={"nu": (1e-9, 100.0)})
    assert found.status == "spike"
    assert not found.fit.is_estimate
    assert all(e.se is None for e in found.estimates)


@pytest.mark.usefixtures("few_climbs")  # of all tests below as well
def test_standard_errors_are_those_of_repeated_samples():
    fits = [fitted(*two_lines(300, seed), model("softmax"), 2, starts=1, seed=1) for seed in range(24)]
    upper = [max((e.value, e.se) for e in f.estimates if e.parameter == "a") for f in fits]
    spread, told = np.std([v for v, _ in upper]), np.mean([se for _, se in upper])
    assert told == pytest.approx(spread, rel=0.35)


def test_a_seed_determines_the_fit():
    x, y = two_lines(200)
    one, two, three = (fit_general(of(x, y), model("laplace"), 2, starts=1, seed=s) for s in (1, 1, 2))
    assert one.theta.tobytes() == two.theta.tobytes() != three.theta.tobytes()


@pytest.mark.parametrize(
    ("gate", "held"),
    [("softmax", {"beta0", "beta1"}), ("quadratic", {"beta0", "A", "beta1"}), ("gaussian", {"pi"}), ("sigmoid", set())],
)
def test_what_a_translation_moves_is_held_where_it_takes_all_values(gate, held):
    assert {p.name for p in held_of(model(gate))} == held
