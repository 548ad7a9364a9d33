"""The hand-written likelihood against the symbolic density, differentiated with 60 digits, and finite differences."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.generated import evaluate
from temperance.numerics.mixture.measures import (
    Layout,
    MixingMeasure,
    check_data,
    gate_probabilities,
    log_density,
    responsibilities,
)
from temperance.theory.activations.activation import activation
from temperance.theory.models.experts import gaussian
from temperance.theory.models.gates import activated, linear
from temperance.theory.models.spec import MoESpec, Y, covariates, symbolic_density
from tests.numerics import by_hand
from tests.numerics.by_hand import log_likelihood

ACTIVATIONS = {
    "linear": "z",
    "tanh": "tanh(z)",
    "gelu": "z*(1 + erf(z/sqrt(2)))/2",
    "sigmoid": "1/(1 + exp(-z))",
    "softplus": "log(1 + exp(z))",
}
GATES = {name: compile_activation(activation(source)) for name, source in ACTIVATIONS.items()}


def symbolic_log_density(name, layout):
    """log g of temperance.theory.models.spec, as a function of (theta, x, y) on mpmath numbers."""
    k, d, q = layout.k, layout.d, layout.atom_size
    gate = linear(d) if name == "linear" else activated(d, activation(ACTIVATIONS[name]))
    log_g, symbols = symbolic_density(MoESpec(gate, gaussian(d), d), k)
    full = sp.symbols(f"t:{1 + k * q}", real=True)
    atoms = [full[1 + i * q : 1 + (i + 1) * q] for i in range(k)]
    ordered = [v for p in atoms for v in p[:d]] + [p[d] for p in atoms] + [sp.exp(full[0])]
    ordered += (
        [v for p in atoms for v in p[d + 1 : 2 * d + 1]] + [p[-2] for p in atoms] + [sp.exp(p[-1]) for p in atoms]
    )
    fixed = {full[j]: 0 for j in range(len(full)) if j not in layout.free}
    if layout.tau is not None:
        fixed[full[0]] = sp.log(sp.nsimplify(layout.tau))
    ours = log_g.subs(dict(zip(symbols, ordered, strict=True))).subs(fixed)
    return sp.lambdify([[full[j] for j in layout.free], covariates(d), Y], ours, "mpmath", cse=True)


def central_differences(f, theta):
    """f, its gradient and Hessian, by central differences with 60 digits: exact to far below a double."""
    h, p = mpmath.mpf(10) ** -15, len(theta)

    def at(*shifts):
        moved = list(theta)
        for j, sign in shifts:
            moved[j] += sign * h
        return f(moved)

    value = at()
    plus, minus = [at((j, 1)) for j in range(p)], [at((j, -1)) for j in range(p)]
    gradient = [(u - v) / (2 * h) for u, v in zip(plus, minus, strict=True)]
    hessian = [[(plus[i] - 2 * value + minus[i]) / h**2 if i == j else None for j in range(p)] for i in range(p)]
    for i in range(p):
        for j in range(i):
            mixed = at((i, 1), (j, 1)) - plus[i] - plus[j] + 2 * value - minus[i] - minus[j] + at((i, -1), (j, -1))
            hessian[i][j] = hessian[j][i] = mixed / (2 * h**2)
    return float(value), np.array(gradient, dtype=float), np.array(hessian, dtype=float)


def case(layout, seed, points=1):
    rng = np.random.default_rng([seed, layout.k, layout.d])
    return rng.normal(0, 0.7, layout.size), rng.uniform(-2, 2, (points, layout.d)), rng.normal(0, 2, points)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("gauge", "tau"), [("anchored", None), ("free", None), ("anchored", 1.0)])
def test_value_score_and_hessian_against_the_symbolic_density(name, k, d, gauge, tau):
    layout = Layout(k, d, gauge, tau)
    symbolic = symbolic_log_density(name, layout)
    theta, x, y = case(layout, seed=len(name))
    with mpmath.workdps(60):
        point, target = [mpmath.mpf(v) for v in x[0]], mpmath.mpf(y[0])
        value, score, hessian = central_differences(
            lambda t: symbolic(t, point, target), [mpmath.mpf(v) for v in theta]
        )
    ours = log_likelihood(theta, layout, GATES[name], x, y)
    np.testing.assert_allclose(log_density(layout.unpack(theta), GATES[name], x, y), [value], rtol=1e-12)
    np.testing.assert_allclose(ours.value, value, rtol=1e-12)
    np.testing.assert_allclose(ours.score, score, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(ours.hessian, hessian, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_score_and_hessian_against_finite_differences_of_the_value(name):
    layout = Layout(3, 2, "free")
    theta, x, y = case(layout, seed=5, points=40)
    h = 1e-6

    def slope(part, v):
        return (part(theta + h * v) - part(theta - h * v)) / (2 * h)

    ours = log_likelihood(theta, layout, GATES[name], x, y)
    basis = np.eye(layout.size)
    values = [slope(lambda t: log_density(layout.unpack(t), GATES[name], x, y).sum(), v) for v in basis]
    scores = [slope(lambda t: log_likelihood(t, layout, GATES[name], x, y).score, v) for v in basis]
    np.testing.assert_allclose(ours.score, values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.hessian, scores, rtol=1e-5, atol=1e-5)


def test_blocks_add_up(monkeypatch):
    layout = Layout(2, 1, "free")
    theta, x, y = case(layout, seed=1, points=1000)
    whole = log_likelihood(theta, layout, GATES["tanh"], x, y)
    monkeypatch.setattr(by_hand, "WORKSPACE", 4 * layout.k * (1 + layout.k * layout.atom_size) * 7)
    parts = log_likelihood(theta, layout, GATES["tanh"], x, y)
    for name in ("value", "score", "hessian"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-11)


@pytest.mark.parametrize(("name", "d"), [("tanh", 6), ("gelu", 3), ("linear", 25)])
def test_sums_over_many_columns_are_those_by_hand(name, d):
    """All derivatives by beta1 have one function of the parameters, so that sums over the data are few."""
    layout = Layout(3, d, "free")
    theta, x, y = case(layout, seed=8, points=300)
    plain = replace(GATES[name], machine_code=False)
    weights, reference = np.random.default_rng(9).uniform(0.5, 2, (2, len(y)))
    for given in ((), (weights, reference)):
        ours, by_formula = (f(theta, layout, plain, x, y, *given) for f in (log_likelihood, evaluate))
        for mine, other in zip(ours, by_formula, strict=True):
            np.testing.assert_allclose(other, mine, rtol=1e-11, atol=1e-11 * np.abs(mine).max())


def test_an_overflow_of_s_is_no_number_and_no_warning():
    gate = compile_activation(activation("exp(z)"))
    measure = MixingMeasure([[800.0], [0.0]], [0.0, 0.0], 1.0, [[1.0], [0.0]], [0.0, 0.0], [1.0, 1.0])
    assert np.isnan(log_density(measure, gate, np.array([[1.0], [0.0]]), np.zeros(2))).tolist() == [True, False]


def test_one_measure_at_many_sets_of_points_and_many_measures_at_one():
    measures = Layout(2, 1, "free").unpack(np.random.default_rng(4).normal(size=(3, 10)))
    x, y = np.random.default_rng(5).normal(size=(2, 4, 20, 1)), np.random.default_rng(6).normal(size=(2, 4, 20))
    many, single = log_density(measures, GATES["tanh"], x[0, 0], y[0, 0]), measures[1]
    np.testing.assert_array_equal(many, [log_density(measures[r], GATES["tanh"], x[0, 0], y[0, 0]) for r in range(3)])
    sets = log_density(single, GATES["tanh"], x, y)
    assert sets.shape == (2, 4, 20)
    for index in np.ndindex(2, 4):
        np.testing.assert_array_equal(sets[index], log_density(single, GATES["tanh"], x[index], y[index]))


def test_numbers_of_other_types_are_worked_with_in_double():
    layout = Layout(2, 1, "free")
    assert [v.dtype for v in check_data([[1], [2]], [3, 4], 1)] == [np.float64, np.float64]
    theta, x, y = (array.astype(np.float32) for array in case(layout, seed=1, points=20))
    single, double = (log_likelihood(t, layout, GATES["tanh"], x, y) for t in (theta, theta.astype(float)))
    np.testing.assert_array_equal(single.score, double.score)


def test_the_scale_symmetry_of_the_linear_gate_is_exact():
    """theory 2.1.1: the score is orthogonal to (beta1, beta0, 1) in (beta1, beta0, log tau), at every point."""
    layout = Layout(3, 2, "anchored")
    theta, x, y = case(layout, seed=8, points=30)
    direction = [
        1.0 if n == "tau" else t if n in ("beta1", "beta0") else 0.0
        for (n, _), t in zip(layout.names, theta, strict=True)
    ]
    evaluation = log_likelihood(theta, layout, GATES["linear"], x, y)
    assert abs(evaluation.score @ direction) <= 1e-12 * np.abs(evaluation.score).sum() * np.abs(direction).max()
    assert abs(log_likelihood(theta, layout, GATES["tanh"], x, y).score @ direction) > 1e-3


def test_a_density_integrates_to_one():
    measure = Layout(3, 1, "free").unpack(case(Layout(3, 1, "free"), seed=2)[0])
    y = np.linspace(-60, 60, 40001)
    density_y = np.exp(log_density(measure, GATES["gelu"], np.full((len(y), 1), 0.8), y))
    assert np.trapezoid(density_y, y) == pytest.approx(1.0, abs=1e-10)


def test_extreme_logits_do_not_overflow():
    measure = MixingMeasure([[5.0], [-5.0]], [0.0, 0.0], 1e-3, [[1.0], [-1.0]], [0.0, 0.0], [1e-4, 1e-4])
    x, y = np.array([[3.0], [-3.0], [0.0]]), np.array([3.0, 40.0, 0.0])
    assert np.isfinite(log_density(measure, GATES["tanh"], x, y)).all()
    for share in (gate_probabilities(measure, GATES["tanh"], x), responsibilities(measure, GATES["tanh"], x, y)):
        np.testing.assert_allclose(share.sum(axis=1), 1.0)
        assert share.min() == np.exp(-300.0)  # smaller ones are cut off, not left to be denormal or 0


def test_points_far_from_all_atoms_beside_near_ones():
    """Each point has a largest logit of its own: log g is -5e7 at one of them, and 0 to 1 at others."""
    measure = MixingMeasure([[5.0], [-5.0]], [0.0, 0.0], 0.01, [[1.0], [-1.0]], [0.0, 0.0], [0.01, 0.02])
    x, y = np.array([[3.0], [-3.0], [0.2], [0.0]]), np.array([3.0, 1000.0, -0.2, 0.1])
    values, first = log_density(measure, GATES["tanh"], x, y), gate_probabilities(measure, GATES["tanh"], x)[:, 0]
    after = responsibilities(measure, GATES["tanh"], x, y)[:, 0]
    for at, (point, target) in enumerate(zip(x[:, 0], y, strict=True)):
        with mpmath.workdps(60):
            logits = [mpmath.tanh(mpmath.mpf(float(b)) * point) / mpmath.mpf(0.01) for b in measure.beta1[:, 0]]
            shares = [mpmath.exp(t) / sum(mpmath.exp(u) for u in logits) for t in logits]
            terms = [
                s * mpmath.npdf(target, mpmath.mpf(float(a)) * point, mpmath.sqrt(mpmath.mpf(float(nu))))
                for s, a, nu in zip(shares, measure.a[:, 0], measure.nu, strict=True)
            ]
            exact = float(mpmath.log(sum(terms))), float(shares[0]), float(terms[0] / sum(terms))
        assert (values[at], first[at], after[at]) == pytest.approx(exact, rel=1e-11, abs=1e-80)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((5, 2)), np.zeros(5), r"^x must have shape \(..., n, 1\), not \(5, 2\)$"),
        (np.zeros(5), np.zeros(5), r"^x must have shape \(..., n, 1\), not \(5,\)$"),
        (np.zeros((5, 1)), np.zeros(4), r"^y must have shape \(5,\) to go with x, not \(4,\)$"),
        (np.zeros((3, 5, 1)), np.zeros((3, 4)), r"^y must have shape \(3, 5\) to go with x, not \(3, 4\)$"),
    ],
)
def test_wrong_shapes_are_named(x, y, message):
    layout = Layout(2, 1)
    with pytest.raises(ValueError, match=message):
        log_likelihood(np.zeros(layout.size), layout, GATES["tanh"], x, y)
