"""theory 7.5: how fast n grows near points where the information is singular."""

import numpy as np
import pytest

from temperance.numerics.information.fisher import information, quadrature
from temperance.numerics.information.required import matched
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import activation


def pair(beta1, beta0=-0.2, tau=0.5):
    return MixingMeasure(np.array(beta1)[:, None], [beta0, 0.0], tau, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])


def variances(measure, name, gauge):
    gate = compile_activation(activation(name))
    found = information(measure, Layout(2, 1, gauge), gate, quadrature(measure, gate, -3.0, 3.0))
    return found.variance("tau"), found.variance("beta1")


def orders(make, steps):
    """Slopes of log n of tau and beta1 over the logarithm of the distance."""
    values = np.log([make(t) for t in steps])
    return np.diff(values, axis=0)[0] / np.diff(np.log(steps))[0]


@pytest.mark.parametrize(("gauge", "beta1"), [("anchored", (1.0, 0.0)), ("free", (1.0, -0.5))])
def test_a_nearly_linear_gate(gauge, beta1):
    def make(t):
        return variances(pair(beta1), f"z + {t:.6f}*(tanh(z) - z)", gauge)

    assert orders(make, (0.002, 0.001)) == pytest.approx([-2, -2], abs=0.05)


@pytest.mark.parametrize(
    ("name", "order"), [("gelu", -2), ("softplus", -2), ("tanh", -4), ("sin", -4), ("log(cosh(z))", -4)]
)
def test_a_shallow_gate(name, order):
    def make(t):
        gate = compile_activation(activation(name))
        measure = matched(pair((t, 0.0)), gate, -3.0, 3.0, (0.1, 0.9))
        return variances(measure, name, "anchored")

    assert orders(make, (0.02, 0.01))[0] == pytest.approx(order, abs=0.05)


def test_equal_gates():
    def make(t):
        return variances(pair((1.0 + t, 1.0)), "gelu", "free")

    assert orders(make, (0.02, 0.01)) == pytest.approx([-6, -4], abs=0.1)


@pytest.mark.parametrize(
    ("name", "wanted"), [("gelu", (-2, -2)), ("softplus", (-2, -2)), ("tanh", (0, -2)), ("sin", (0, -2))]
)
def test_mirror_points(name, wanted):
    def make(t):
        return variances(pair((1.0, -1.0 + t)), name, "free")

    assert orders(make, (0.002, 0.001)) == pytest.approx(wanted, abs=0.05)
