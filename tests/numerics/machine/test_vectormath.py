"""The branch-free functions against mpmath, to a few units in the last place, and at the ends of their ranges."""

import math

import mpmath
import numpy as np
import pytest
from numba import njit

from temperance.numerics.mixture.vector_code import erf, exp, expm1, log, logistic, softplus, tanh

WIDE = np.concatenate(
    [np.linspace(-700, 700, 501), np.linspace(-3, 3, 301), [1e-300, -1e-12, 1e-8, 0.5, 1.0, 6.0, -6.0]]
)
POSITIVE = np.concatenate([np.geomspace(1e-300, 1e300, 601), np.linspace(0.5, 2, 301), [5e-324, 1e-310]])
CASES = {
    "exp": (WIDE, mpmath.exp),
    "expm1": (WIDE, mpmath.expm1),
    "tanh": (WIDE, mpmath.tanh),
    "erf": (WIDE, mpmath.erf),
    "logistic": (WIDE, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (WIDE, lambda x: mpmath.log1p(mpmath.exp(x))),
    "log": (POSITIVE, mpmath.log),
}


@njit
def every(x, out):
    for j in range(len(x)):
        z = x[j]
        out[0, j], out[1, j], out[2, j], out[3, j] = exp(z), expm1(z), tanh(z), erf(z)
        out[4, j], out[5, j], out[6, j] = logistic(z), softplus(z), log(z)


def compiled(name, x):
    out = np.empty((len(CASES), len(x)))
    every(np.asarray(x, dtype=float), out)
    return out[list(CASES).index(name)]


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    """To a few units in the last place."""
    x, exact = CASES[name]
    with mpmath.workdps(40):
        expected = np.array([float(exact(mpmath.mpf(float(u)))) for u in x])
    np.testing.assert_allclose(compiled(name, x), expected, rtol=2e-15, atol=0)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [-800.0, 800.0, np.inf, -np.inf, np.nan], [0.0, np.inf, np.inf, 0.0, np.nan]),
        ("log", [0.0, -1.0, np.inf, np.nan], [-np.inf, np.nan, np.inf, np.nan]),
        ("tanh", [-1e300, np.inf, np.nan, 0.0], [-1.0, 1.0, np.nan, 0.0]),
        ("erf", [-1e300, np.inf, np.nan, 0.0], [-1.0, 1.0, np.nan, 0.0]),
        ("logistic", [-1e5, 1e5, np.nan], [math.exp(-708), 1.0, np.nan]),
    ],
)
def test_the_ends(name, x, expected):
    np.testing.assert_allclose(compiled(name, x), expected, rtol=1e-13, atol=0)
