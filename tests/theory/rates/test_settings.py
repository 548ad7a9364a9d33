"""What predictions are told of a true point: what its atoms see of s, and which points and settings are refused."""

import pytest

from temperance.theory.activations.activation import activation
from temperance.theory.models.gates import cosine, linear
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import Analysis, is_analytic, somewhere, truth_at

GENERIC = truth_at(((1.5,), (0.7,)), 0.8, (-3, 3))


@pytest.mark.parametrize(
    ("s", "slope", "obstacle"),
    [
        ("hardtanh", 1.5, None),
        ("hardtanh", 0.25, "atom 1 sees no kink"),
        ("log(z)", 1, "not real on all"),
        ("where(z > 1, z**2, where(z < 0, z, 1/0))", 1, "not real on a whole interval"),
        ("tanh", 0.25, None),
    ],
)
def test_what_an_atom_does_not_see(s, slope, obstacle):
    unseen = Analysis(activation(s), truth_at(((slope,), (0,)), 1, (-1, 1)), 2, "anchored").unseen
    assert unseen is None if obstacle is None else obstacle in unseen


def test_a_statement_about_all_of_s_says_nothing_of_an_atom_that_sees_less():
    at = Analysis(activation("hardtanh"), truth_at(((0.25,), (0,)), 1, (-1, 1)), 2, "anchored")
    why = at.unpublished("first", at.whole.first_order)
    assert why == f"the first-order condition of the published statement holds, but {at.unseen}"


@pytest.mark.parametrize(
    ("s", "analytic"),
    [
        *((f, True) for f in ("gelu", "sqrt(1 + z**2)", "mish", "1/(1 + exp(z))**2")),
        *((f, False) for f in ("exp(-1/z**2)", "tan(z)", "1/(cosh(z) - 1)", "1/(z**2 - 2*z + 1)")),
    ],
)
def test_analytic(s, analytic):
    assert is_analytic(activation(s)) is analytic


@pytest.mark.parametrize(
    ("truth", "fitted", "options", "message"),
    [
        (somewhere(2, 2, cosine), 2, {}, "rates are predicted of the gates"),
        (somewhere(2), 2, {}, "rates are predicted of the gates"),
        (somewhere(2, make=linear), 1, {}, "true <= fitted"),
        (somewhere(2), 2, {"source": "tanh", "gauge": "none"}, "accepted: free, anchored"),
        (GENERIC, 2, {"source": "tanh", "gauge": "anchored"}, "last atom is 0"),
    ],
)
def test_bad_input(truth, fitted, options, message):
    with pytest.raises(ValueError, match=message):
        predict(truth, fitted, **options)


@pytest.mark.parametrize("beta1", [((1,), (1, 2)), ((float("nan"),),)])
def test_bad_points(beta1):
    with pytest.raises(ValueError):
        truth_at(beta1, 1)


@pytest.mark.parametrize(
    ("source", "beta1", "named"),
    [
        ("tanh", ((1,), (-1,)), True),
        ("sigmoid", ((2,), (0,)), True),
        ("tanh", ((0,), (1,)), True),
        ("tanh", ((2,), (1,)), False),
        ("mish", ((2,), (0,)), False),
    ],
)
def test_points_of_one_density_are_named(source, beta1, named):
    """s(beta x) - s(-beta x) = 2 (s(beta x) - s(0)) for s odd + const, k = 2."""
    found = predict(truth_at(beta1, 1), 2, source)
    tau = next(p for p in found if p.parameter == "tau")
    assert ("have one density" in tau.reason) == named
