"""The likelihood of fitted gates against the one by hand, and its cache on disk."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.kernels import BLOCK
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import Activation, Piece, Z, activation
from tests.numerics import by_hand

pytestmark = pytest.mark.machine_code


def gate(name):
    return compile_activation(activation(name))


def case(layout, seed, n):
    rng = np.random.default_rng([seed, layout.k, layout.d])
    return rng.normal(0, 0.7, layout.size), rng.uniform(-2, 2, (n, layout.d)), rng.normal(0, 2, n)


def check(layout, name, seed=0, n=2 * BLOCK + 77, scale=1.0, compiled=True):
    theta, x, y = case(layout, seed, n)
    value, *ours = evaluate(scale * theta, layout, replace(gate(name), machine_code=compiled), x, y)
    plain = by_hand.log_likelihood(scale * theta, layout, gate(name), x, y)
    assert value == pytest.approx(float(plain.value), rel=1e-10)
    m = layout.unpack(scale * theta)
    logits = (gate(name)(m.beta1 @ x.T, 0)[0] + m.beta0[:, None]) / m.tau
    # both round each probability to eps, and multiply it by products of two logits, large where tau is small
    rounding = np.finfo(float).eps * n * np.abs(logits).max() ** 2
    for part, exact in zip(ours, (plain.score, plain.hessian), strict=True):
        most = 1e-10 * np.abs(exact).max() + rounding
        np.testing.assert_allclose(part, exact, rtol=1e-10, atol=most)


QUICK = [("linear", "anchored", 1, 1), ("linear", "anchored", 2, 1), ("linear", "anchored", 3, 1)]
QUICK += [("tanh", "free", 2, 1), ("tanh", "free", 3, 2), ("gelu", "anchored", 2, 1), ("linear", "anchored", 2, 2)]
FULL = [
    (name, gauge, k, d) for k in (1, 4) for d in (1, 3) for name in ("linear", "gelu") for gauge in ("anchored", "free")
]


COMPILED = [("tanh", "free", 2, 1)]


@pytest.mark.parametrize(("name", "gauge", "k", "d"), QUICK)
@pytest.mark.parametrize("tau", [None, 0.7])
def test_the_generated_likelihood_is_the_one_by_hand(name, gauge, k, d, tau):
    check(Layout(k, d, gauge, tau), name, compiled=False)


@pytest.mark.parametrize(
    ("name", "gauge", "k", "d"),
    [row if row in COMPILED else pytest.param(*row, marks=pytest.mark.slow) for row in QUICK],
)
@pytest.mark.parametrize("tau", [None, 0.7])
def test_the_kernel_is_the_likelihood_by_hand(name, gauge, k, d, tau):
    check(Layout(k, d, gauge, tau), name)


@pytest.mark.full
@pytest.mark.parametrize(("name", "gauge", "k", "d"), FULL)
@pytest.mark.parametrize("tau", [None, 0.7])
def test_kernel_and_plain_version_agree_for_many_sizes(name, gauge, k, d, tau):
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
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_outside_of_the_pieces_of_s_there_is_no_likelihood(name, compiled):
    layout = Layout(2, 1, "free")
    theta, x, y = case(layout, 3, 20)
    theta[[j for j, (parameter, _) in enumerate(layout.names) if parameter == "beta1"]] = 0.3, 0.4
    made = replace(gate(name), machine_code=compiled)
    assert np.isfinite(evaluate(theta, layout, made, np.abs(x), y).value)
    assert np.isnan(evaluate(theta, layout, made, 10 * x, y).value)


def test_functions_without_machine_code_go_through_the_plain_version():
    check(Layout(2, 1, "free"), Activation("bessel", (Piece(sp.besselj(0, Z)),)), n=50)


def test_logits_and_exponents_of_any_size():
    measure = MixingMeasure([[5.0], [-5.0]], [0.0, 0.0], 1e-3, [[1.0], [-1.0]], [0.0, 0.0], [1e-4, 1e-4])
    x, y = np.array([[3.0], [-3.0], [0.0]]), np.array([3.0, 40.0, 0.0])
    layout = Layout(2, 1, "free")
    theta = layout.pack(measure)
    *_, ours = evaluate(theta, layout, gate("tanh"), x, y)
    plain = by_hand.log_likelihood(theta, layout, gate("tanh"), x, y).hessian
    np.testing.assert_allclose(ours, plain, rtol=1e-10, atol=1e-10 * np.abs(plain).max())


def test_the_result_does_not_depend_on_where_the_data_lie():
    layout = Layout(2, 1, "free")
    theta, x, y = case(layout, 2, 1000)
    value, _, hessian = evaluate(theta, layout, gate("tanh"), x, y)
    for skip in range(1, 9):
        room = np.zeros(1000 + skip)
        room[skip:] = y
        again = evaluate(theta, layout, gate("tanh"), x.copy(), room[skip:])
        np.testing.assert_array_equal(again[2], hessian)
        assert again[0] == value


SCRIPT = """
import json, os
import numpy as np
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.likelihood import evaluate, layout_formulas, likelihood
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import Activation, Piece, Z, activation

gate, layout = compile_activation(activation("z*tanh(z) + atan(z)/7")), Layout(1, 1, "free")
value, *_ = evaluate(np.full(layout.size, 0.5), layout, gate, np.ones((9, 1)), np.ones(9))
stats = likelihood(layout_formulas(gate.source, 1), 1, layout.gates, True).sums.kernel.stats
files = sorted(os.path.join(folder, f) for folder, _, names in os.walk(os.environ["NUMBA_CACHE_DIR"]) for f in names)
found, compiled = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
print(json.dumps({"value": value, "compiled": compiled, "found": found, "files": files}))
"""


@pytest.mark.slow
def test_a_second_process_finds_the_machine_code_of_a_users_expression(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "TEMPERANCE_CACHE": str(tmp_path)}
    first, second = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(2)
    )
    assert first["compiled"] == 1
    assert first["found"] == 0
    assert second["compiled"] == 0
    assert second["found"] == 1
    assert second["files"] == first["files"]
    assert second["value"] == first["value"]
