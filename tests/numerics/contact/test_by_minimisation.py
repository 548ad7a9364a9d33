"""Distances on the grid and their minima, and the orders that are read off them."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import temperance
from temperance.measurements.contact_orders import family, measured, unmeasured
from temperance.numerics.contact.by_minimisation import Measured, measure
from temperance.numerics.fitting.families import Family
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.order import Order, Reason, ReasonKind

LOG = "log(1+z**2)"


def largest_gap(chosen, moved):
    """The largest residual on the grid, with offsets of some entries of the vector."""
    mixtures = family(chosen)
    grid = mixtures.grid(1.0)
    vector = mixtures.center.copy()
    for i, offset in moved(mixtures).items():
        vector[i] += offset
    return float(abs(grid.residual(vector)).max())


def test_the_identity_of_log_1_z2_at_tau_1_is_one():
    """Weights 1/2, 1/2 and beta1^2 = 1 +- 1/2: the mean of beta1^2 stays, and so does the density."""
    chosen = order_setting("activation", source="log(1+z**2)")

    def moved(mixtures: Family):
        up, down = math.sqrt(1.5) - 1, math.sqrt(0.5) - 1
        weights = {mixtures.index(l, "weight"): -math.log(2) for l in (0, 1)}
        return {**weights, mixtures.index(0, "beta1"): up, mixtures.index(1, "beta1"): down}

    assert largest_gap(chosen, moved) < 1e-15
    at_two = order_setting("activation", source="log(1+z**2)", point={"tau": 2})
    assert largest_gap(at_two, moved) > 1e-4


@pytest.mark.parametrize(
    "chosen",
    [
        order_setting("gaussian"),
        order_setting("activation-bias", "polynomial:2", "sigmoid"),
        order_setting("cosine-perturbed", dim=2),
    ],
)
def test_slopes_of_the_residual_are_derivatives(chosen):
    """Central differences of the residual, for every entry of the vector."""
    mixtures = family(chosen)
    grid, rng = mixtures.grid(1.0), np.random.default_rng(0)
    at = mixtures.center + 0.1 * rng.normal(size=len(mixtures.center))
    moves = 1e-6 * np.eye(len(at))
    gaps = [(grid.residual(at + move) - grid.residual(at - move)) / 2e-6 for move in moves]
    assert np.allclose(grid.slopes(at), np.stack(gaps, axis=1), atol=1e-8)


@pytest.mark.parametrize(("gate", "source"), [("softmax", None), ("activation", "gelu")])
def test_the_distance_vanishes_at_the_truth_and_for_equal_atoms(gate, source):
    """GELU has erf, which NumPy has not."""
    chosen = order_setting(gate, source=source)

    def halves(mixtures):
        return {mixtures.index(0, "weight"): math.log(0.3), mixtures.index(1, "weight"): math.log(0.7)}

    assert largest_gap(chosen, halves) < 1e-15
    assert largest_gap(chosen, lambda m: {**halves(m), m.index(0, "b"): 0.1}) > 1e-4


def measured_order(chosen, parameter, levels=None, **how):
    return measure(family(chosen), parameter, levels=levels, **how).order


def test_a_mean_of_a_softmax_gate_has_an_order_of_its_own():
    assert measured_order(order_setting("softmax"), "a", (4, 5, 6, 7), mean=True) == pytest.approx(4 / 3, abs=0.05)


@pytest.mark.full
def test_the_mean_of_nu_in_a_cell_of_three_goes_down_as_at_gauss_hermite_nodes():
    """One way only: the mean of b^2 is what is lost of it."""
    chosen = order_setting("softmax", "constant", size=3)
    assert measured_order(chosen, "nu", mean=True, sign=-1) == pytest.approx(3, abs=0.05)


def test_measured_orders_are_invariant_under_rescaling():
    """x of another unit moves beta1 and the support; y of another unit moves b and the deviations."""
    here, x, y = order_setting("softmax", "constant"), sp.Rational(1, 2), sp.Integer(3)
    scales = {"beta1": 1 / x, "b": y, "nu": y * y}
    atoms = tuple({p: v * scales.get(p.name, 1) for p, v in atom.items()} for atom in here.truth.atoms)
    there = replace(here, truth=replace(here.truth, atoms=atoms, box=tuple(end * x for end in here.truth.box)))
    assert measure(Family(there), "nu", levels=(4, 5, 6)).order == pytest.approx(2, abs=0.1)


@pytest.mark.slow
def test_a_kink_that_moves_is_seen_to_the_power_three_halves():
    assert measured_order(order_setting("laplace", "constant"), "beta1", (4, 5, 6)) == pytest.approx(1.5, abs=0.1)


BARE = Order("a", "a", False, Reason(ReasonKind.NO_BOUND, "none"))


def measured_at(*exponents):
    """Distances at t = 1/2, 1/4, .. with these local exponents."""
    distances = [1e-2]
    for e in exponents:
        distances.append(distances[-1] * 2**-e)
    return Measured("a", tuple(range(1, len(distances) + 1)), tuple(distances))


@pytest.mark.parametrize(
    ("exponents", "words"),
    [
        ((0.98, 1.046, 1.63, 0.81, 1.0), "have not settled"),
        ((0.83, 0.83, 0.83), "below 1, the least order"),
        ((2.0,), "fewer than three"),
    ],
)
def test_what_is_no_order_is_said_in_words(exponents, words):
    """The first are the local exponents of minima that were missed."""
    found = measured_at(*exponents)
    assert found.order is None
    row = measured(BARE, found)
    assert words in row.remark()
    assert row.value is None


def test_a_measured_order_has_an_error_and_is_at_least_1():
    assert measured_at(0.97, 0.99, 0.995).order == 1
    assert measured_at(1.90, 1.95, 1.975).error >= 0.075
    assert measured_at(1.90, 1.95, 1.975).order == pytest.approx(2)


def test_an_order_above_its_bound_is_a_contradiction():
    row = measured(replace(BARE, upper=Fraction(2)), measured_at(2.5, 2.5, 2.5))
    assert row.value == 2.5
    assert "contradicted" in row.remark()
    assert "above the proved bound" in row.remark()


@pytest.mark.full
@pytest.mark.parametrize(("name", "sign", "order"), [("b", -1, 1), ("nu", -1, 2)])
def test_means_at_a_kink_have_their_orders_one_way(name, sign, order):
    found = measure(family(order_setting("laplace")), name, mean=True, sign=sign)
    assert found.error < 0.1
    assert found.order == pytest.approx(order, abs=found.error)


def test_along_a_flat_direction_the_distance_is_rounding_error():
    found = measure(family(order_setting("activation", "constant", LOG)), "beta1", levels=(3, 4))
    assert found.flat
    at_two = order_setting("activation", "constant", LOG, point={"tau": 2})
    assert not measure(family(at_two), "beta1", levels=(3, 4)).flat


def test_a_missed_minimum_near_what_is_resolved_is_left_out():
    """Distances of t^6, measured; the sixth is 4 times the minimum, above what is resolved."""
    distances = (2.66e-7, 3.2126e-8, 3.9485e-9, 4.8946e-10, 6.0929e-11, 3.228e-11, 2.361e-12)
    found = Measured("b", (0.5, 1, 1.5, 2, 2.5, 3, 4), distances)
    assert len(found.exponents) == 4
    assert found.order == pytest.approx(6, abs=0.05)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (order_setting("activation", source="where(z > 1, 1, 0)"), "the gate jumps where a parameter moves"),
        (order_setting("activation", source="where(z > 1, z, 0)"), "the gate jumps where a parameter moves"),
        (order_setting("activation", source="hardtanh", split="all"), "they move here"),
        (order_setting("activation", source="relu", dim=2), "measured in d = 1"),
        (order_setting("activation", source="hardtanh"), None),
        (order_setting("activation", source="where(z > 0, 1, 0)"), None),  # at x = 0, whatever beta1 is
        (order_setting("activation", source="relu", split="all"), None),
        (order_setting("laplace", dim=2), None),
    ],
)
def test_what_is_not_measured_is_said_and_its_bounds_are_shown(chosen, why):
    assert unmeasured(chosen) is None if why is None else why in unmeasured(chosen)


def test_an_order_that_is_not_measured_has_its_bound():
    found = temperance.exponents(activation="where(z > 1, 1, 0)")
    assert "not measured: the gate jumps" in found.to_json()["reasons"][-1]
    assert {o["parameter"]: o["upper"] for o in found.to_json()["orders"]}["b"] == "4"
