"""Flat curves and orders under least squares, against distances of regression functions that are minimised."""

import numpy as np
import pytest
from scipy.optimize import least_squares

GRID = np.linspace(-2, 2, 81)
TRUE = {"beta1": (1.0, 0.0), "tau": 1.0, "c": (0.75, -1.4), "a": (0.5, -0.7), "b": (0.7, 1.2)}
GATES = {"softmax": lambda z, tau: z, "tanh": lambda z, tau: np.tanh(z) / tau}
MEANS = {
    "linear": lambda c, a, b: a * GRID + b,
    "tanh": lambda c, a, b: np.tanh(a * GRID + b),
    "weighted": lambda c, a, b: c * np.tanh(a * GRID + b),
    "relu": lambda c, a, b: np.maximum(a * GRID + b, 0),
}


def regression(gate, mean, atoms, tau=1.0):
    """sum pi_i h_i on the grid; an atom is (log weight, beta1, c, a, b)."""
    scores = np.array([w + GATES[gate](beta1 * GRID, tau) for w, beta1, *_ in atoms])
    share = np.exp(scores - scores.max(axis=0))
    means = np.array([MEANS[mean](c, a, b) for _, _, c, a, b in atoms])
    return (share * means).sum(axis=0) / share.sum(axis=0)


def split(first, second):
    halves = [(np.log(0.5), *(TRUE[p][0] + d.get(p, 0) for p in ("beta1", "c", "a", "b"))) for d in (first, second)]
    return [*halves, (0.0, *(TRUE[p][1] for p in ("beta1", "c", "a", "b")))]


def truth(gate, mean):
    return regression(gate, mean, split({}, {}))


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(("mean", "moved"), [("linear", "a"), ("linear", "b"), ("linear", "ab"), ("weighted", "c")])
def test_straight_parameters_are_flat(gate, mean, moved):
    near = regression(gate, mean, split(dict.fromkeys(moved, 0.3), dict.fromkeys(moved, -0.3)))
    assert np.abs(near - truth(gate, mean)).max() < 1e-14


@pytest.mark.parametrize("gate", GATES)
def test_a_relu_is_flat_along_its_ray_and_not_across(gate):
    ray = {p: 0.3 * TRUE[p][0] for p in "ab"}
    back = {p: -d for p, d in ray.items()}
    assert np.abs(regression(gate, "relu", split(ray, back)) - truth(gate, "relu")).max() < 1e-14
    across = regression(gate, "relu", split({"b": 0.3}, {"b": -0.3}))
    assert np.abs(across - truth(gate, "relu")).max() > 1e-3


def distance(gate, mean, free, p, t):
    """The least distance of regression functions where the offsets of p differ by 2 t and all others at most 3 t."""
    target, n, rng = truth(gate, mean), len(free), np.random.default_rng(5)

    def residual(v):
        moves = [dict(zip(free, v[i * n : (i + 1) * n], strict=True)) for i in range(2)]
        middle = moves[0][p]
        moves[0][p], moves[1][p] = middle + t, middle - t
        weight, share, tau, *rest = v[2 * n :]
        (one, *first), (two, *second), (_, *last) = split(*moves)
        last[-2:] = (q + d for q, d in zip(last[-2:], rest, strict=True))
        atoms = [(one + weight + share, *first), (two + weight - share, *second), (0.0, *last)]
        return (regression(gate, mean, atoms, 1 + tau * (gate == "tanh")) - target) / (9 * t**2)

    def minimised():
        start = 2.5 * t * rng.uniform(-1, 1, 2 * n + 5)
        return least_squares(residual, start, bounds=(-3 * t, 3 * t), x_scale=t, xtol=1e-15, ftol=1e-15, gtol=1e-15)

    return t**2 * min(np.linalg.norm(minimised().fun) for _ in range(6))


@pytest.mark.parametrize(
    ("gate", "mean", "free", "p"),
    [
        ("softmax", "tanh", ("beta1", "a", "b"), "b"),
        ("softmax", "linear", ("beta1", "a", "b"), "beta1"),
    ],
)
def test_measured_orders_are_two(gate, mean, free, p):
    far, near = (distance(gate, mean, free, p, t) for t in (0.02, 0.01))
    assert near > 1e-14  # far above the rounding of doubles in a norm
    assert abs(np.log2(far / near) - 2) < 0.2
