"""The dotted names of libraries that need not be installed; test_interop.py compares them with the libraries."""

import pytest
import sympy as sp

from temperance.theory.activations.activation import Z, activation
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE, LIBRARY_NAMES, NAMED
from temperance.theory.conditions.decision import decide

z = Z
# name, the formula of the library's documentation on an interval, a point of the interval
DOCUMENTED = [
    ("torch.nn.GELU", z * (1 + sp.erf(z / sp.sqrt(2))) / 2, 1),
    ("jax.nn.gelu", z * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (z + sp.Rational("0.044715") * z**3))) / 2, 1),
    ("keras.ops.gelu", z * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (z + sp.Rational("0.044715") * z**3))) / 2, 1),
    ("torch.nn.LeakyReLU", z / 100, -1),
    ("keras.activations.leaky_relu", z / 5, -1),
    ("keras.layers.LeakyReLU", 3 * z / 10, -1),
    ("tf.nn.leaky_relu", z / 5, -1),
    ("torch.nn.PReLU", z / 4, -1),
    ("keras.layers.PReLU", sp.S.Zero, -1),
    ("torch.nn.RReLU", 11 * z / 48, -1),
    ("keras.activations.hard_sigmoid", (z + 3) / 6, 1),
    ("torch.nn.Hardsigmoid", sp.S.One, 4),
    ("torch.nn.functional.softshrink", z - sp.Rational(1, 2), 1),
    ("torch.nn.Hardshrink", sp.S.Zero, sp.Rational(1, 4)),
    ("jax.nn.sparse_plus", (z + 1) ** 2 / 4, 0),
    ("jax.nn.squareplus", (z + sp.sqrt(z**2 + 4)) / 2, 0),
    ("tf.nn.relu6", sp.Integer(6), 7),
    ("torch.sinc", sp.sin(sp.pi * z) / (sp.pi * z), 1),
]


def test_each_name_is_an_activation():
    assert set(LIBRARY_NAMES) <= set(NAMED)
    for name in LIBRARY_NAMES:
        assert activation(name).name == name


@pytest.mark.parametrize(("name", "formula", "point"), DOCUMENTED)
def test_a_name_has_the_formula_of_its_documentation(name, formula, point):
    (piece,) = (p for p in activation(name).pieces if p.lower < point <= p.upper)
    assert sp.simplify(piece.expr - formula) == 0


def test_an_argument_without_default_is_a_free_parameter_that_can_be_given():
    assert [p.name for p in activation("torch.nn.functional.prelu").parameters] == ["weight"]
    assert activation("torch.nn.PReLU").parameters == ()
    shifted = activation("torch.nn.Threshold").at(bound=2, value=5)
    assert [(piece.expr, piece.lower, piece.upper) for piece in shifted.pieces] == [(5, -sp.oo, 2), (z, 2, sp.oo)]
    assert (
        decide("torch.nn.Threshold").exceptional_parameters
        == decide("where(z > bound, z, value)").exceptional_parameters
    )


def test_the_aliases_of_the_catalogue_are_the_names_with_its_defaults():
    assert "torch.nn.GELU" in ALIASES["gelu"]
    assert "jax.nn.gelu" in ALIASES["gelu_tanh"]
    assert not any("keras.activations.leaky_relu" in ALIASES[name] for name in CATALOGUE)


def test_functions_of_a_vector_are_refused_as_such():
    for name in ("torch.nn.Softmax", "jax.nn.glu", "keras.activations.log_softmax"):
        with pytest.raises(ValueError, match="function of a vector"):
            activation(name)


def test_other_texts_with_dots_are_no_names():
    assert activation("0.5*z + gelu(1.5*z)").parameters == ()
    with pytest.raises(ValueError, match="unknown activation"):
        activation("z.real")
