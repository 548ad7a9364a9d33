"""Coordinates for steps: derivatives in them, the box, and the passes they save in the near-linear valley of tanh."""

import numpy as np
import pytest

from temperance.numerics.fitting import mle
from temperance.numerics.fitting.mle import Box, start_points
from temperance.numerics.fitting.newton import Local, maximise
from temperance.numerics.fitting.reparametrisation import chart_of
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.theory.activations.activation import activation

TANH = compile_activation(activation("tanh"))
BOX = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.25 / 3, 1.5))
WIDE = (np.full(40, -50.0), np.full(40, 50.0))


@pytest.mark.parametrize("layout", [Layout(2, 1, "free"), Layout(3, 2, "anchored")])
def test_derivatives_are_those_of_the_function_in_the_chart(layout):
    """Of a cubic in theta, against central differences in phi."""
    chart, p, rng = chart_of(layout), layout.size, np.random.default_rng(0)
    a, b = rng.normal(size=p), rng.normal(size=(p, p))

    def in_theta(theta):
        u, q = a @ theta, b @ theta
        return u**3 + q @ q, 3 * u**2 * a + 2 * b.T @ q, 6 * u * np.outer(a, a) + 2 * b.T @ b

    def in_phi(phi):
        return in_theta(chart.theta(phi, *(bound[:p] for bound in WIDE)))[0]

    theta = rng.normal(0, 0.5, p)
    phi, (_, gradient, hessian) = chart.coordinates(theta), in_theta(theta)
    gradient, hessian = chart.derivatives(theta, gradient, hessian)
    h, unit = 1e-4, np.eye(p)
    slopes = [(in_phi(phi + h * e) - in_phi(phi - h * e)) / (2 * h) for e in unit]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-5 * np.abs(slopes).max())
    # BLAS adds rows and columns in its own order
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-14 * np.abs(hessian).max())
    for i, e in enumerate(unit):
        for j, f in enumerate(unit[: i + 1]):
            corners = [in_phi(phi + s * h * e + t * h * f) * s * t for s in (1, -1) for t in (1, -1)]
            assert sum(corners) / (4 * h * h) == pytest.approx(hessian[i, j], abs=1e-4 * np.abs(hessian).max())


def test_the_chart_goes_there_and_back_and_into_the_box():
    layout = Layout(2, 1, "free")
    chart, theta = chart_of(layout), np.linspace(-1, 0.4, layout.size)
    lower, upper = BOX.bounds(layout)
    np.testing.assert_allclose(chart.theta(chart.coordinates(theta), lower, upper), theta, atol=1e-14)
    phi = chart.coordinates(theta)
    phi[0] = -100.0
    cut = chart.theta(phi, lower, upper)
    assert cut[0] == lower[0]
    np.testing.assert_allclose(chart.coordinates(cut)[chart.gate], phi[chart.gate])


def test_there_is_no_chart_without_a_temperature_or_a_gate():
    assert chart_of(Layout(2, 1, tau=1.0)) is None
    assert chart_of(Layout(1, 1)) is None


def test_a_near_linear_gate_takes_fewer_passes():
    """beta1 = (.3, -.1), tau = .1: with steps in theta, the same starts take more than twice the passes."""
    truth = MixingMeasure([[0.3], [-0.1]], [0.05, 0.0], 0.1, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    layout, passes = Layout(2, 1, "free"), []
    for replicate in range(12):
        x, y = sample(truth, TANH, 4000, seed=8, replicate=replicate)
        points = Points(x, y)

        def f(theta, x=x, y=y):
            value, score, hessian = mle.evaluate(theta, layout, TANH, x, y)
            return Local(value / 4000, score / 4000, hessian / 4000)

        for start in start_points(layout, TANH, points, BOX, 2, seed=replicate):
            ends = [maximise(f, start, *BOX.bounds(layout), 500, chart) for chart in (None, chart_of(layout))]
            passes.append([end.passes for end in ends])
            assert ends[1].stationary
    plain, charted = np.mean(passes, axis=0)
    assert charted < plain / 2
