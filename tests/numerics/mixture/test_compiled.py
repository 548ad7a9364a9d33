import math
import pickle

import mpmath
import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture.activation_numpy import compile_activation, modules, parity
from temperance.numerics.mixture.kernels import Printer
from temperance.theory.activations.activation import Activation, Piece, Z, activation
from temperance.theory.activations.catalogue import CATALOGUE


def smooth(expr, name="s"):
    return Activation(name, (Piece(expr),))


EXPRESSIONS = [  # that no name of the catalogue stands for
    "exp(z)/(1 + exp(z))",
    "(exp(z) - exp(-z))/(exp(z) + exp(-z))",
    "-log(1 + exp(-z))",
    "(z + sqrt(z**2 + 4))/2",
    "LambertW(exp(z/100))",
    "loggamma(z**2 + 1)",
]
GRID = np.array([-700.0, -300.5, -40.0, -5.25, -1.0, -1e-3, 0.0, 1e-3, 0.7, 3.0, 12.5, 37.0, 300.5, 700.0])


def at(exact, z):
    """exact(z), nan at a pole or where its formula is 0/0."""
    try:
        return float(mpmath.re(exact(mpmath.mpf(z))))
    except (ValueError, ZeroDivisionError):
        return np.nan


def reference(activation, order):
    """The derivative of the given order at GRID, piece by piece with 60 digits; nan outside the pieces."""
    values = np.full(GRID.shape, np.nan)
    for piece in activation.pieces:
        exact = sp.lambdify(Z, sp.diff(piece.expr, Z, order), "mpmath")
        inside = (float(piece.lower) <= GRID) & (float(piece.upper) > GRID)
        with mpmath.workdps(60):
            values[inside] = [at(exact, z) for z in GRID[inside]]
    return values


@pytest.mark.parametrize("name", [*sorted(CATALOGUE), *EXPRESSIONS])
def test_the_whole_catalogue_compiles(name):
    """Up to 700, against mpmath."""
    source = activation(name)
    source = source.at(**{p.name: sp.Rational(3, 7) for p in source.parameters}) if source.parameters else source
    for order, values in enumerate(compile_activation(source)(GRID)):
        expected = reference(source, order)
        if name == "LambertW":  # SymPy's formula is 0/0 at 0; W = z - z^2 + ...
            expected[GRID == 0] = (0.0, 1.0, -2.0)[order]
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-11)


def test_lambert_is_real_in_formulas():
    """SciPy's own is complex, which drops its imaginary part with a warning."""
    e = sp.LambertW(sp.exp(Z))
    assert sp.lambdify(Z, e, modules=modules([e]))(np.zeros(1)).dtype == np.float64


def test_the_shape_of_z_is_kept():
    for value in compile_activation(smooth(sp.tanh(Z)))(np.zeros((2, 3, 4))):
        assert value.shape == (2, 3, 4)


def test_lower_orders_return_fewer_derivatives():
    gate = compile_activation(smooth(sp.sin(Z)))
    assert [len(gate(GRID, order)) for order in range(3)] == [1, 2, 3]


HARDTANH = activation("hardtanh")


def test_pieces_are_chosen_by_their_end_points():
    z = np.array([-3.0, -1.0, -0.5, 0.25, 1.0, 2.0])
    s, s1, s2 = compile_activation(HARDTANH)(z)
    np.testing.assert_array_equal(s, [-1, -1, -0.5, 0.25, 1, 1])
    np.testing.assert_array_equal(s1, [0, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(s2, 0)


def test_nan_outside_the_domain_only():
    half = Activation("half", (Piece(sp.log(Z), sp.Integer(0), sp.oo),))
    s, *_ = compile_activation(half)(np.array([-1.0, math.e]))
    assert np.isnan(s[0])
    assert s[1] == pytest.approx(1.0)


def test_free_parameters_are_refused_by_name():
    alpha = sp.Symbol("alpha", real=True)
    with pytest.raises(ValueError, match="alpha"):
        compile_activation(Activation("elu", (Piece(alpha * Z),), (alpha,)))


@pytest.mark.parametrize(
    ("expr", "expected"),
    [("tanh", "odd"), ("sigmoid", "odd"), ("cos", "even"), ("gelu", None), ("z + z**2", None), ("z", "odd")],
)
def test_parity(expr, expected):
    assert parity(compile_activation(activation(expr))) == expected


def test_activations_travel_to_other_processes():
    copy = pickle.loads(pickle.dumps(HARDTANH))
    assert compile_activation(copy)(np.array([0.5]))[0] == 0.5


@pytest.mark.parametrize("text", ["exp(999)*z", "tanh(z) + exp(exp(7))*z**2"])
def test_numbers_beyond_the_doubles_are_refused(text):
    with pytest.raises(ValueError, match="has numbers beyond the range of doubles"):
        Printer().doprint(activation(text).pieces[0].expr)


def test_the_linear_gate_is_linear_on_the_whole_line():
    assert activation("z").is_linear
    assert not activation("where(z > 0, 1/0, z)").is_linear
    assert not activation("max(z, 0)").is_linear


@pytest.mark.parametrize(
    ("source", "where"), [("tanh", "numpy"), ("gelu", "scipy"), ("where(z > 0, z, sin(z))", "numpy")]
)
def test_scipy_is_loaded_only_for_what_numpy_lacks(source, where):
    assert modules([piece.expr for piece in activation(source).pieces])[-1] == where
