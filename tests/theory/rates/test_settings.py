"""What predictions are told of a true point: what its atoms see of s, and which points and settings are refused."""

import pytest

from temperance.theory.activations.activation import activation
from temperance.theory.rates.predict import predict
from temperance.theory.rates.setting import Setting
from temperance.theory.rates.true_point import TruePoint, is_analytic

GENERIC = TruePoint(((1.5,), (0.7,)), 0.8, (-3, 3))


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
    point = TruePoint(((slope,), (0,)), 1, (-1, 1))
    unseen = Setting(activation(s), 2, 2, "anchored", 1, point).unseen
    assert unseen is None if obstacle is None else obstacle in unseen


def test_a_statement_about_all_of_s_says_nothing_of_an_atom_that_sees_less():
    setting = Setting(activation("hardtanh"), 2, 2, "anchored", 1, TruePoint(((0.25,), (0,)), 1, (-1, 1)))
    why = setting.unpublished("first", setting.whole.first_order)
    assert why == f"the first-order condition of the published statement holds, but {setting.unseen}"


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
    ("arguments", "message"),
    [
        ({"gate": "cosine"}, "accepted: linear, softmax, activation"),
        ({"gate": "activation"}, "needs an activation"),
        ({"gate": "linear", "source": "tanh"}, "takes no activation"),
        ({"gate": "linear", "fitted_k": 1}, "true <= fitted"),
        ({"gate": "linear", "gauge": "none"}, "accepted: free, anchored"),
        ({"gate": "linear", "point": TruePoint(((1,),), 1)}, "2 vectors beta1 of length 1"),
        ({"gate": "activation", "source": "tanh", "gauge": "anchored", "point": GENERIC}, "last atom is 0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        predict(**{"true_k": 2, "fitted_k": 2, **arguments})


@pytest.mark.parametrize(
    "arguments", [(((1,), (1, 2)), 1), (((1,),), 0), (((1,),), 1, (3, 3)), (((float("nan"),),), 1)]
)
def test_bad_points(arguments):
    with pytest.raises(ValueError):
        TruePoint(*arguments)


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
    found = predict("activation", source, true_k=2, fitted_k=2, point=TruePoint(beta1, 1))
    tau = next(p for p in found if p.parameter == "tau")
    assert ("have one density" in tau.reason) == named
