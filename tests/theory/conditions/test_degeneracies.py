"""The mirror types of theory 3.3.1, and the classification of first-order failures of 3.1.2."""

import random

import pytest
import sympy as sp

from temperance.theory.conditions.degeneracies import classify, mirror

KINDS = [
    *((e, "odd") for e in ("tanh", "sigmoid", "erf(z)", "z + z**3", "asinh(z) + 2")),
    *((e, "homogeneous") for e in ("gelu", "softplus", "relu", "z", "z**3 + cos(z)", "squareplus", "hardswish")),
    *((e, "even") for e in ("log(1 + z**2)", "cos(z)", "abs(z)", "5", "log(abs(z))")),
    *((e, None) for e in ("mish", "elu", "exp(z)", "gamma(z)", "z**2 + z + z**3", "log(z)")),
]


UNDER_ROOTS = [
    ("sqrt(log(1 + z**2))", "even"),
    ("sqrt(cosh(z) - 1)", "even"),
    ("log(z + sqrt(1 + z**2))", "odd"),
    ("log(sqrt(1 + z**2) - z) + 2*z", "odd"),
    ("log(2*z + sqrt(1 + 3*z**2))", None),  # real above -1
    ("sqrt(log(z))", None),
]


@pytest.mark.parametrize(("expression", "kind"), KINDS + UNDER_ROOTS)
def test_mirror_type(expression, kind):
    found = mirror(expression)
    assert found.kind == kind
    assert found.proved


def test_orbits_and_directions():
    assert mirror("z**3 + cos(z)").degree == 3
    assert "contact order 2" in mirror("tanh").description
    assert "exact orbit" in mirror("z + z**3").description
    assert "kinks" in mirror("max(-1, min(1, z))").description
    assert "contact order not decided" in mirror("z/(z**2 - 1)").description


def test_a_jump_away_from_zero_is_no_orbit():
    hardshrink = mirror("where(abs(z) > 1/2, z, 0)")
    assert hardshrink.kind == "odd"  # its even part is 0; z o' = o holds almost everywhere only


@pytest.mark.parametrize("even", ["abs(z)", "log(z**2)", "tanh(z)**2"])
def test_an_odd_part_that_is_0_in_disguise_is_not_called_homogeneous(even):
    found = mirror(f"{even} + asinh(z) - log(z + sqrt(1 + z**2))")
    assert found.kind == "even" or not found.proved


def test_a_power_in_disguise_is_not_called_odd():
    found = mirror("-3*z + asinh(3*z) - log(3*z + (1 + (3*z)**2)**(1/2))")
    assert found.kind == "homogeneous" or not found.proved


def test_an_exponential_is_not_made_of_logarithms_of_itself():
    """gelu(z - 2), whose exponents span a lattice with a basis in which exp(3z/2) would be such a product."""
    found = mirror("gelu(z + log(exp(3*z/2) + 1) - 3*z/2 - log(1 + exp(-3*z/2)) - 2)")
    assert (found.kind, found.proved) == (None, True)


def test_what_is_searched_for_numerically_is_not_called_proved():
    assert not mirror("abs(sin(z))").proved


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


def test_a_side_of_0_that_may_be_missing_is_not_denied():
    assert not mirror("where(z > 0, z**2/min(erf(z), softplus(z)), 1/0)").proved
    assert not mirror("sqrt(z + erf(z) + exp(-z - 3000))").proved  # it is defined below -3008
    assert mirror("sqrt(z)").proved


@pytest.mark.parametrize(
    "text",
    [
        "where(abs(z) > 3, sqrt(z**2 - 25), z)",  # the odd part is z on (0, 3), 0 beyond 5
        "where(abs(z) > 3, z, z**2)*sqrt(cos(z))/sqrt(cos(z))",
        "z**2 + atan(erf(z) - 1/3) + atan(1/(erf(z) - 1/3))",
        "z - atan(tan(z))",
    ],
)
def test_a_constant_that_may_differ_beyond_a_gap_or_a_pole_proves_no_type(text):
    assert not mirror(text).proved


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("z*(2 + atan(z - 1) + atan(1/(z - 1)))", None),  # a jump at 1
        ("erf(1/z)", "odd"),
        ("atan(z) + atan(1/z) + cos(z)", "homogeneous"),  # (pi/2) sign(z) + cos z
        ("z/(z**2 - 1)", "odd"),
        ("asinh(1/z)", "odd"),
    ],
)
def test_types_beyond_poles(text, kind):
    found = mirror(text)
    assert (found.kind, found.proved) == (kind, True)
