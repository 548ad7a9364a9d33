"""The information of any gate against that of activation gates, and against Hessians by another quadrature."""

import numpy as np
import pytest
from scipy.stats import norm

from temperance.numerics.information.fisher import information, quadrature
from temperance.numerics.information.parameters import information_at
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.kernel_sums import Coordinates
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.plain_sums import atom_jets, plain_sums
from temperance.theory.models.by_name import model

LINES = ((1.0, 0.0, 1.0), (-1.0, 3.0, 1.5))  # a, b, nu


def test_it_is_the_information_of_an_activation_gate():
    """beta0 1/5 and 0, beta1 3/2 and -7/10, tau 1/2."""
    natural = np.array([0.2, 1.5, *LINES[0], 0.0, -0.7, *LINES[1], 0.5])
    found = information_at(model("activation", activation="tanh"), 2, natural, -3, 3)
    measure = MixingMeasure([[1.5], [-0.7]], [0.2, 0.0], 0.5, [[1.0], [-1.0]], [0.0, 3.0], [1.0, 1.5])
    gate = compiled("tanh")
    expected = information(measure, Layout(2, 1, "free"), gate, quadrature(measure, gate, -3, 3))
    assert found.variance("tau") == pytest.approx(expected.variance("tau"), rel=1e-8)
    for name in ("beta1", "a", "nu"):
        assert found.variance(name, 1) == pytest.approx(expected.variance(name, 1), rel=1e-8)


@pytest.mark.parametrize(
    ("gate", "own", "shared"),
    [("laplace", ((0.3, 0.2), (0.0, -1.0)), (0.8,)), ("gaussian", ((1.2, 0.5, 0.7), (1.0, -0.5, 1.1)), ())],
)
def test_it_is_minus_the_expected_hessian(gate, own, shared):
    """By midpoints in x, which are good to 1e-5 of what is integrated, and the trapezoid rule in y."""
    natural = np.array([*own[0], *LINES[0], *own[1], *LINES[1], *shared])
    spec = model(gate)
    found, formulas = information_at(spec, 2, natural, -2, 2), formulas_of(spec)
    x, y = (np.arange(4000) + 0.5) / 1000 - 2, np.arange(-9, 13, 0.25)
    at, response = np.repeat(x, len(y))[:, None], np.tile(y, len(x))
    atoms = [atom_jets(formulas, at, natural[v]) for v in Coordinates(formulas, 2).values]
    odds = np.exp([jets.log_weight for jets in atoms])
    normals = [norm.pdf(response, j.mean, nu**0.5) for j, (*_, nu) in zip(atoms, LINES, strict=True)]
    density = (odds * normals).sum(axis=0) / odds.sum(axis=0)
    sums = plain_sums(formulas, 2, natural, at, response, density * 0.25 / 4000, np.zeros(len(at)))
    free = np.ones(len(natural), dtype=bool)
    free[len(own[0]) + 3] = False  # the weight of the last atom
    np.testing.assert_allclose(found.factor.T @ found.factor, -sums.hessian[np.ix_(free, free)], rtol=1e-5, atol=1e-6)


def test_what_is_flat_has_no_variance():
    """c and Gamma of two Gaussian gates: one direction of log pi, log Gamma and c keeps the odds."""
    found = information_at(model("gaussian"), 2, np.array([1.2, 0.5, 0.7, *LINES[0], 1.0, -0.5, 1.1, *LINES[1]]), -2, 2)
    assert len(found.flat) == 2
    assert found.variance("c", 0) is None
    assert found.variance("a", 0) > 0


def test_bad_input_is_named():
    natural = np.array([1.2, 0.5, 0.7, *LINES[0], 1.0, -0.5, 1.1, *LINES[1]])
    with pytest.raises(ValueError, match="'w' of atom 0 is not fitted; accepted"):
        information_at(model("gaussian"), 2, natural, -2, 2).variance("w", 0)
    with pytest.raises(ValueError, match="d = 1 or 2, not 3"):
        information_at(model("softmax", dim=3), 2, natural, -2, 2)
