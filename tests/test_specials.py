"""Gamma, its logarithm and derivatives, Lambert's W and hyperbolic functions in machine code, against mpmath."""

import ctypes

import mpmath
import numpy as np
import pytest
import sympy as sp
from numba import njit

from numerics import gammas, hyperbolic
from numerics.compiled import compile_activation, stable_jets
from numerics.jets import NoMachineCode, machine_jets, source_of
from theory.activations import Activation, Piece, Z, activation

ULP = 2.0**-52
RNG = np.random.default_rng(0)
SIDES = np.concatenate([np.linspace(-20.03, 20, 201), RNG.uniform(-2, 9, 200), [1, 2, 3, 8, 0.5, -0.5, 1e-10, -1e-10]])
SIDES = SIDES[(SIDES > 0) | (np.rint(SIDES) != SIDES)]
POSITIVE = np.concatenate([np.geomspace(1e-150, 170, 201), SIDES[SIDES > 0]])
BRANCH = -np.exp(-1) + np.geomspace(1e-15, 0.36, 101)
LAMBERT = np.concatenate(
    [BRANCH, np.geomspace(1e-300, 1e300, 201), -np.geomspace(1e-300, 0.3, 101), np.linspace(0, 9, 99)]
)
WIDE = np.concatenate([np.linspace(-700, 700, 201), np.linspace(-2, 2, 200), np.geomspace(1e-300, 1e300, 101)])
UNIT = np.concatenate([np.linspace(-0.999, 0.999, 201), np.geomspace(1e-300, 0.9, 51), [1 - 1e-15]])


def lambert(u):
    return mpmath.lambertw(u).real


# function, points, its value, and its derivative, in mpmath
GAMMAS = {
    "gamma": (np.concatenate([POSITIVE, SIDES]), mpmath.gamma, lambda x: mpmath.gamma(x) * mpmath.psi(0, x), 16),
    "log_gamma": (np.concatenate([POSITIVE, [1e10, 1e300]]), mpmath.loggamma, lambda x: mpmath.psi(0, x), 8),
    "digamma": (np.concatenate([POSITIVE, SIDES]), lambda x: mpmath.psi(0, x), lambda x: mpmath.psi(1, x), 4),
    "trigamma": (np.concatenate([POSITIVE, SIDES]), lambda x: mpmath.psi(1, x), lambda x: mpmath.psi(2, x), 4),
    "lambertw": (LAMBERT, lambert, lambda x: 1 / (x + mpmath.exp(lambert(x))), 4),
}
HYPERBOLIC = {
    "sinh": (WIDE[np.abs(WIDE) < 705], mpmath.sinh),
    "cosh": (WIDE[np.abs(WIDE) < 705], mpmath.cosh),
    "log1p": (np.concatenate([UNIT, WIDE[WIDE > 0]]), mpmath.log1p),
    "asinh": (WIDE, mpmath.asinh),
    "acosh": (1 + np.geomspace(1e-15, 1e300, 301), mpmath.acosh),
    "atanh": (UNIT, mpmath.atanh),
    "tan": (np.concatenate([np.linspace(-1e6, 1e6, 201), np.linspace(-7, 7, 200)]), mpmath.tan),
}


def compiled(function):
    @njit
    def over(x, out):
        for j in range(len(x)):
            out[j] = function(x[j])

    def call(x):
        x = np.asarray(x, dtype=float)
        out = np.empty(len(x))
        over(x, out)
        return out

    return call


@pytest.mark.parametrize("name", GAMMAS)
def test_errors_are_a_few_roundings_of_value_and_argument(name):
    """|error| <= ulps (|f| + |x f'|): what a rounding of x alone does, at at least 200 points."""
    x, value, slope, ulps = GAMMAS[name]
    found = compiled(getattr(gammas, name))(x)
    assert len(x) >= 200
    with mpmath.workdps(40):
        for u, f in zip(map(float, x), map(float, found), strict=True):
            u = mpmath.mpf(u)
            allowed = ulps * ULP * (abs(value(u)) + abs(u * slope(u)))
            assert abs(mpmath.mpf(f) - value(u)) <= allowed, u


@pytest.mark.parametrize("name", HYPERBOLIC)
def test_hyperbolic_functions(name):
    x, value = HYPERBOLIC[name]
    with mpmath.workdps(40):
        expected = np.array([float(value(mpmath.mpf(float(u)))) for u in x])
    np.testing.assert_allclose(compiled(getattr(hyperbolic, name))(x), expected, rtol=8 * ULP, atol=0)


NAN, INF = np.nan, np.inf
ENDS = [
    (gammas.gamma, [0.0, -1.0, -2.0, 171.0, 200.0, NAN], [NAN, NAN, NAN, 7.257415615307999e306, INF, NAN]),
    (gammas.log_gamma, [0.0, -0.5, INF, NAN], [NAN, NAN, NAN, NAN]),
    (gammas.lambertw, [-0.4, 0.0, -np.exp(-1), NAN, INF], [NAN, 0.0, -1.0, NAN, NAN]),
    (hyperbolic.sinh, [-INF, INF, 800.0, NAN, 0.0], [-INF, INF, INF, NAN, 0.0]),
    (hyperbolic.cosh, [-INF, 800.0, NAN, 0.0], [INF, INF, NAN, 1.0]),
    (hyperbolic.log1p, [-1.0, -1.5, INF, NAN, 0.0], [-INF, NAN, INF, NAN, 0.0]),
    (hyperbolic.asinh, [-INF, INF, NAN, 0.0], [-INF, INF, NAN, 0.0]),
    (hyperbolic.acosh, [1.0, 0.9, INF, NAN], [0.0, NAN, INF, NAN]),
    (hyperbolic.atanh, [-1.0, 1.0, 1.5, NAN, 0.0], [-INF, INF, NAN, NAN, 0.0]),
    (hyperbolic.tan, [0.0, 1e7, INF, NAN], [0.0, NAN, NAN, NAN]),
]


@pytest.mark.parametrize(("function", "x", "expected"), ENDS, ids=lambda v: getattr(v, "__name__", None))
def test_the_ends(function, x, expected):
    np.testing.assert_allclose(compiled(function)(x), expected, rtol=1e-13, atol=1e-15)


def test_powers():
    x = np.geomspace(1e-30, 1e30, 201)
    power = compiled(njit(lambda x: hyperbolic.power(x, 1 / 3)))
    np.testing.assert_allclose(power(x), np.cbrt(x), rtol=1e-14)
    assert np.isnan(power([-1.0])[0])
    assert power([0.0])[0] == 0.0


def jets_of(source, z):
    z, out = np.ascontiguousarray(z, dtype=float), np.empty((3, len(z)))
    addresses = (array.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for array in (z, out))
    machine_jets(activation(source)).ctypes(*addresses, len(z), len(z))
    return out


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [("LambertW(z)", -0.3, 40), ("gamma(z)", -3.9, 12), ("loggamma(z)", 0.05, 40), ("LambertW(exp(z))", -30, 5)],
)
def test_jets_of_special_functions_are_those_of_mpmath(source, low, high):
    """s, s', s'' at 200 points, relative to |s| + |z s'| + |z^2 s''| + |z^3 s'''|, and the plain version."""
    z = np.linspace(low, high, 200)
    found, plain = jets_of(source, z), np.array(compile_activation(activation(source))(z))
    exprs = stable_jets(activation(source).pieces[0])
    names = [{"Lambert": lambert}, "mpmath"]
    exact = [sp.lambdify(Z, expr, modules=names) for expr in exprs]
    with mpmath.workdps(40):
        expected = np.array([[float(mpmath.re(f(mpmath.mpf(float(u))))) for u in z] for f in exact])
    third = np.abs(np.gradient(expected[2], z))
    powers = np.abs(z) ** np.arange(3)[:, None]
    scale = (np.abs(expected) * powers).sum(axis=0) + third * np.abs(z) ** 3
    assert (np.abs(found - expected) * powers <= 16 * ULP * scale).all()
    np.testing.assert_allclose(plain, expected, rtol=1e-11, atol=1e-13)


def test_lambert_at_zero():
    """SymPy's derivative of W is 0/0 there: W' = 1, W'' = -2."""
    np.testing.assert_allclose(jets_of("LambertW(z)", [0.0])[:, 0], [0, 1, -2], atol=1e-15)
    np.testing.assert_allclose(np.array(compile_activation(activation("LambertW(z)"))(np.zeros(1)))[:, 0], [0, 1, -2])


LANGUAGE = "sin cos tan tanh sinh cosh atan asinh erf erfc exp LambertW gamma loggamma log sqrt asin acos atanh acosh"


@pytest.mark.parametrize("name", LANGUAGE.split())
def test_every_function_of_the_language_is_translated(name):
    assert "def jets" in source_of(activation(f"{name}(z)"))


def test_other_functions_are_refused():
    with pytest.raises(NoMachineCode):
        source_of(Activation("bessel", (Piece(sp.besselj(0, Z)),)))
