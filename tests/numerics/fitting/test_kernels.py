"""The likelihood of fitted gates in machine code against the one by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.kernels import BLOCK
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Layout
from tests.numerics import by_hand

pytestmark = pytest.mark.machine_code


def case(layout, seed, n):
    rng = np.random.default_rng([seed, layout.k, layout.d])
    return rng.normal(0, 0.7, layout.size), rng.uniform(-2, 2, (n, layout.d)), rng.normal(0, 2, n)


def check(layout, name, seed=0, n=2 * BLOCK + 77, scale=1.0):
    theta, x, y = case(layout, seed, n)
    value, *ours = evaluate(scale * theta, layout, compiled(name), x, y)
    plain = by_hand.log_likelihood(scale * theta, layout, compiled(name), x, y)
    assert value == pytest.approx(float(plain.value), rel=1e-10)
    m = layout.unpack(scale * theta)
    logits = (compiled(name)(m.beta1 @ x.T, 0)[0] + m.beta0[:, None]) / m.tau
    # both round each probability to eps, and multiply it by products of two logits, large where tau is small
    rounding = np.finfo(float).eps * n * np.abs(logits).max() ** 2
    for part, exact in zip(ours, (plain.score, plain.hessian), strict=True):
        most = 1e-10 * np.abs(exact).max() + rounding
        np.testing.assert_allclose(part, exact, rtol=1e-10, atol=most)


SOME = [("linear", "anchored", 1, 1), ("linear", "anchored", 2, 1), ("linear", "anchored", 3, 1)]
SOME += [("tanh", "free", 2, 1), ("tanh", "free", 3, 2), ("gelu", "anchored", 2, 1), ("linear", "anchored", 2, 2)]
MANY = [
    (name, gauge, k, d) for k in (1, 4) for d in (1, 3) for name in ("linear", "gelu") for gauge in ("anchored", "free")
]


@pytest.mark.parametrize(
    ("name", "gauge", "k", "d"),
    [
        *(pytest.param(*row, marks=pytest.mark.slow) for row in SOME),
        *(pytest.param(*row, marks=pytest.mark.full) for row in MANY),
    ],
)
@pytest.mark.parametrize("tau", [None, 0.7])
def test_the_kernel_is_the_likelihood_by_hand(name, gauge, k, d, tau):
    check(Layout(k, d, gauge, tau), name)


@settings(derandomize=True, deadline=None, max_examples=15)
@given(
    n=st.integers(1, 3 * BLOCK),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.01, 1.0, 3.0]),
)
def test_any_number_of_points_and_any_theta(n, seed, scale):
    check(Layout(2, 1, "free"), "tanh", seed, n, scale)


ROOTS = "(1 + z**2)**(1/3) + sinh(z)/9 + asinh(z)*cosh(z/3)"
OTHERS = ["hardtanh", "log_abs", "z*tanh(z) + sin(z)/3", "2**z", "acosh(z**2+1)", ROOTS]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_any_activation(name):
    check(Layout(2, 1, "free"), name)


@pytest.mark.parametrize("name", ["log", "atanh", "loggamma"])
@pytest.mark.parametrize("machine_code", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_outside_of_the_pieces_of_s_there_is_no_likelihood(name, machine_code):
    layout = Layout(2, 1, "free")
    theta, x, y = case(layout, 3, 20)
    theta[[j for j, (parameter, _) in enumerate(layout.names) if parameter == "beta1"]] = 0.3, 0.4
    made = replace(compiled(name), machine_code=machine_code)
    assert np.isfinite(evaluate(theta, layout, made, np.abs(x), y).value)
    assert np.isnan(evaluate(theta, layout, made, 10 * x, y).value)


def test_the_result_does_not_depend_on_where_the_data_lie():
    layout = Layout(2, 1, "free")
    theta, x, y = case(layout, 2, 1000)
    value, _, hessian = evaluate(theta, layout, compiled("tanh"), x, y)
    for skip in range(1, 9):
        room = np.zeros(1000 + skip)
        room[skip:] = y
        again = evaluate(theta, layout, compiled("tanh"), x.copy(), room[skip:])
        np.testing.assert_array_equal(again[2], hessian)
        assert again[0] == value
