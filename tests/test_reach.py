"""How far the pieces of an activation are s, where switching points were searched for."""

import math

import numpy as np
import pytest

from numerics.compiled import compile_activation
from theory.activations import activation
from theory.reach import within_reach

EVERYWHERE = (-math.inf, math.inf)
POINTS = np.linspace(-300.01, 300, 4321)


@pytest.mark.parametrize(
    ("text", "reach", "function"),
    [
        ("abs(sin(z))", (-16, 16), lambda z: np.abs(np.sin(z))),
        ("sign(sin(z))*z", (-16, 16), lambda z: np.sign(np.sin(z)) * z),
        ("max(cos(z), z/50)", (-16, 16), lambda z: np.maximum(np.cos(z), z / 50)),  # its last zero lies at 48.6
        ("relu(z - cos(z))", (-(2**20), 2**20), lambda z: np.maximum(z - np.cos(z), 0)),
        ("relu(z - 50 - cos(z))", (-(2**20), 32), lambda z: np.maximum(z - 50 - np.cos(z), 0)),
        ("max(cos(2), z)", EVERYWHERE, lambda z: np.maximum(np.cos(2), z)),
        (
            "cos(z) + 0*log(z - cos(z))",
            (0.7390851332151607, math.inf),
            lambda z: np.where(z > 0.739, np.cos(z), np.nan),
        ),
    ],
)
def test_an_activation_is_known_as_far_as_its_pieces_are_told_to_be_all(text, reach, function):
    source = within_reach(activation(text))
    assert (float(source.pieces[0].lower), float(source.pieces[-1].upper)) == reach
    values = compile_activation(activation(text))(POINTS, 0)[0]
    inside = (reach[0] < POINTS) & (reach[1] > POINTS)
    np.testing.assert_allclose(values[inside], function(POINTS)[inside], rtol=1e-12, atol=1e-12)
    assert np.isnan(values[~inside]).all()
