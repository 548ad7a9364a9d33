"""How far the pieces of an activation are s, where switching points were searched for."""

import math

import numpy as np
import pytest

from numerics.compiled import compile_activation
from theory.activations import activation
from theory.reach import within_reach

POINTS = np.linspace(-300.01, 300, 4321)
EVERYWHERE = (-math.inf, math.inf)
PROVED = (-(2**20), 2**20)
SIXTEEN = (-16 + 2**-10, 16 - 2**-10)


def above(q, yes, no):
    return lambda z: np.where(q(z) > 0, yes(z), no(z))


@pytest.mark.parametrize(
    ("text", "reach", "function"),
    [
        ("relu(z - cos(z))", PROVED, lambda z: np.maximum(z - np.cos(z), 0)),
        ("max(z, tanh(z) + 1/10)", PROVED, lambda z: np.maximum(z, np.tanh(z) + 0.1)),
        ("max(sin(z), z/7)", PROVED, lambda z: np.maximum(np.sin(z), z / 7)),
        ("abs(1 - cos(z))", EVERYWHERE, lambda z: 1 - np.cos(z)),  # one formula
        ("max(cos(2), z)", EVERYWHERE, lambda z: np.maximum(np.cos(2), z)),
        ("abs(sin(z))", SIXTEEN, lambda z: np.abs(np.sin(z))),
        ("sign(sin(z))*z", SIXTEEN, lambda z: np.sign(np.sin(z)) * z),
        (
            "where(z > cos(z), sqrt(sin(z) + 2), z)",
            PROVED,
            above(lambda z: z - np.cos(z), lambda z: np.sqrt(np.sin(z) + 2), np.copy),
        ),
    ],
)
def test_an_activation_is_known_as_far_as_its_pieces_are_proved(text, reach, function):
    source = within_reach(activation(text))
    assert (float(source.pieces[0].lower), float(source.pieces[-1].upper)) == reach
    values = compile_activation(activation(text))(POINTS, 0)[0]
    inside = (reach[0] < POINTS) & (reach[1] > POINTS)
    np.testing.assert_allclose(values[inside], function(POINTS)[inside], rtol=1e-12, atol=1e-12)
    assert np.isnan(values[~inside]).all()


@pytest.mark.parametrize(
    ("text", "function", "least"),
    [
        ("abs(sin(z**2))", lambda z: np.abs(np.sin(z**2)), 4),
        ("abs(sin(5*z**2))", lambda z: np.abs(np.sin(5 * z**2)), 1),
        ("abs(sin(exp(z)))", lambda z: np.abs(np.sin(np.exp(z))), 3),
        ("max(cos(z), z/50)", lambda z: np.maximum(np.cos(z), z / 50), 16),
        ("max(z, tan(z))", lambda z: np.maximum(z, np.tan(z)), 1),
        (
            "where(sin(z**2) > 0, z**2, z*abs(z))",
            above(lambda z: np.sin(z**2), lambda z: z**2, lambda z: z * abs(z)),
            4,
        ),
    ],
)
def test_where_switching_points_were_missed_nothing_is_known(text, function, least):
    points = np.linspace(-16.003, 16, 20_011)
    values = compile_activation(activation(text))(points, 0)[0]
    known = np.isfinite(values)
    np.testing.assert_allclose(values[known], function(points)[known], rtol=1e-9, atol=1e-9)
    assert known[np.abs(points) < least].all()


def test_an_activation_that_is_not_known_around_0_is_refused():
    with pytest.raises(ValueError, match="next to 0 are not known"):
        compile_activation(activation("sign(sin(1/z))"))
