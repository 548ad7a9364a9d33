"""The mirror types of theory 3.3.1, and the classification of first-order failures of 3.1.2."""

import random

import pytest
import sympy as sp

from temperance.theory.conditions.degeneracies import classify, mirror
from tests.tables import tables


@pytest.mark.parametrize(("expression", "kind", "proved"), tables(__file__)["MIRRORS"])
def test_mirror_type(expression, kind, proved):
    found = mirror(expression)
    assert (found.kind, found.proved) == (kind, proved)
    regions = "alpha" in expression or "beta" in expression
    assert proved or not regions or "region" in found.reason


def test_orbits_and_directions():
    assert mirror("z**3 + cos(z)").degree == 3
    assert "contact order 2" in mirror("tanh").description
    assert "exact orbit" in mirror("z + z**3").description
    assert "kinks" in mirror("max(-1, min(1, z))").description
    assert "contact order not decided" in mirror("z/(z**2 - 1)").description


@pytest.mark.parametrize("even", ["abs(z)", "log(z**2)", "tanh(z)**2"])
def test_an_odd_part_that_is_0_in_disguise_is_not_called_homogeneous(even):
    found = mirror(f"{even} + asinh(z) - log(z + sqrt(1 + z**2))")
    assert found.kind == "even" or not found.proved


def test_a_power_in_disguise_is_not_called_odd():
    found = mirror("-3*z + asinh(3*z) - log(3*z + (1 + (3*z)**2)**(1/2))")
    assert found.kind == "homogeneous" or not found.proved


@pytest.mark.parametrize("seed", range(4))
def test_powers_with_other_constants_on_the_half_lines(seed):
    rng = random.Random(seed)
    p, c, k = sp.Rational(rng.randint(1, 9), rng.randint(1, 4)), rng.randint(1, 9), rng.randint(-5, 5)
    left = rng.randint(-9, 9)
    failure = classify(f"where(z > 0, {c}*abs(z)**({p}), {left}*abs(z)**({p})) + {k}")
    assert (failure.kind, failure.degree, failure.symmetry) == ("homogeneous", p, True)
    assert f"|beta1|^{p}/tau" in failure.invariants[1].replace("(", "").replace(")", "") or p == 1


@pytest.mark.parametrize("seed", range(2))
def test_logarithms(seed):
    rng = random.Random(seed)
    c, left, right = (rng.randint(1, 9) for _ in range(3))
    failure = classify(f"{c}*log(abs(z)) + where(z > 0, {right}, {left})")
    assert (failure.kind, failure.coefficient, failure.symmetry) == ("logarithmic", c, True)


def test_steps_and_constants():
    assert classify("where(z > 0, 1, 0)").kind == "constant"
    assert classify("where(z > 0, 1, 0)").symmetry
    assert not classify("where(z > 1, 1, 0)").symmetry
    assert "jump at z = 1" in classify("where(z > 1, 1, 0)").note


@pytest.mark.parametrize("seed", range(2))
def test_hardshrink_is_a_failure_almost_everywhere_only(seed):
    bound = random.Random(seed).randint(1, 9)
    failure = classify(f"where(abs(z) > {bound}/7, z, 0)")
    assert (failure.kind, failure.symmetry, failure.flow) == ("homogeneous", False, None)


@pytest.mark.parametrize("expression", ["tanh", "z + z**2", "where(z > 0, log(z), 2*log(-z))", "where(z > 0, z, z**2)"])
def test_no_failure(expression):
    assert classify(expression) is None


def test_the_temperature_is_fixed_along_an_orbit_of_degree_0():
    assert mirror("sign(z) + cos(z)").description.endswith("(l beta, -l beta, beta0, tau): beta is not identifiable")
    assert mirror("relu").description.endswith("l tau): tau and beta are not identifiable")
