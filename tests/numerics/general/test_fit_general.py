"""Fits of any gate to data, from starts that use no truth."""

import numpy as np
import pytest
import sympy as sp

from temperance.numerics.estimation.fit import fit
from temperance.numerics.fitting.fits import fit_general, held_of
from temperance.numerics.mixture.points import Points
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import normal
from temperance.theory.models.spec import BETA0, NU, TAU, Expert, Gate, MoESpec, covariates
from tests.numerics.by_hand import two_lines

(X,) = covariates(1)
C, W, A, B = sp.symbols("c w a b", real=True)
CUBIC = MoESpec(
    Gate("cubic", C * X**3 / TAU + W * X, (C, W, TAU), (TAU,), BETA0 / TAU),
    Expert("tanh", normal(sp.tanh(A * X + B)), (A, B, NU)),
)


def of(x, y, *weights):
    return Points(x[:, None], y, *weights)


def values(found, *names):
    return [value for (name, _), value in found.values.items() if name in names]


def fitted(x, y, spec, k, **options):
    """The fit with its standard errors; a gate that is an object is fitted as a formula is."""
    return fit(x, y, fitted=k, gate=spec.gate, expert=spec.expert, **options)


def test_an_atom_on_few_points_is_a_spike():
    """Three equal responses, next to each other and far from all others."""
    x, y = two_lines(60)
    x[:3], y[:3] = (2.7, 2.8, 2.9), 9.0
    found = fitted(x, y, model("softmax", "constant"), 2, starts=12, seed=1, box={"nu": (1e-9, 100.0)})
    assert found.status == "spike"
    assert not found.fit.is_estimate
    assert all(e.se is None for e in found.estimates)


@pytest.mark.usefixtures("few_climbs")  # of all tests below as well
def test_it_finds_what_the_fit_of_activation_gates_finds():
    """The same maximum, number of parameters and standard errors, by other code from other starts."""
    x, y = two_lines()
    found = fitted(x, y, model("activation", activation="tanh"), 2, seed=1)
    other = fit(x[:, None], y, fitted=2, activation="tanh", seed=3)
    assert found.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-4)
    assert (found.status, found.n_parameters) == (other.status, other.n_parameters)
    assert found.bic == pytest.approx(other.bic, abs=1e-3)
    ours = sorted((e.value, e.se) for e in found.estimates if e.parameter == "a")
    theirs = sorted((e.value, e.se) for e in other.estimates if e.parameter == "a")
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@pytest.mark.slow
def test_the_quadratic_and_the_gaussian_gate_have_the_same_maximum():
    """Where a Gaussian gate with its own Gammas has the log odds of a quadratic one."""
    x, y = two_lines()
    one, two = (fitted(x, y, model(gate), 2, seed=2) for gate in ("quadratic", "gaussian"))
    assert one.log_likelihood == pytest.approx(two.log_likelihood, abs=1e-6)
    assert one.n_parameters == two.n_parameters == 9
    open_ = {e.parameter for e in two.estimates if e.identifiable is False}
    assert open_ == {"pi", "c", "Gamma"}
    assert all(e.se is None for e in two.estimates if e.parameter in open_)


def test_a_gate_of_ones_own_is_fitted():
    """Data of the model itself: the truth's likelihood is reached, experts within five standard errors or so."""
    rng = np.random.default_rng(4)
    x = rng.uniform(-2, 2, 1000)
    first = rng.random(1000) < 1 / (1 + np.exp(-(1.5 * x**3 - x)))
    y = np.where(first, np.tanh(2 * x + 1), np.tanh(-x - 2)) + 0.3 * rng.normal(size=1000)
    found = fitted(x, y, CUBIC, 2, starts=3, seed=5)
    assert found.status == "converged"
    nearest = sorted((e.value, e.se) for e in found.estimates if e.parameter == "a")
    assert all(abs(value - true) < 5 * se for (value, se), true in zip(nearest, (-1, 2), strict=True))
    assert values(found.fit, "nu") == pytest.approx([0.09, 0.09], rel=0.2)


def test_standard_errors_are_those_of_repeated_samples():
    fits = [fitted(*two_lines(300, seed), model("softmax"), 2, starts=1, seed=1) for seed in range(24)]
    upper = [max((e.value, e.se) for e in f.estimates if e.parameter == "a") for f in fits]
    spread, told = np.std([v for v, _ in upper]), np.mean([se for _, se in upper])
    assert told == pytest.approx(spread, rel=0.35)


def test_a_seed_determines_the_fit():
    x, y = two_lines(200)
    one, two, three = (fit_general(of(x, y), model("laplace"), 2, starts=1, seed=s) for s in (1, 1, 2))
    assert one.theta.tobytes() == two.theta.tobytes() != three.theta.tobytes()


@pytest.mark.parametrize(
    ("gate", "held"),
    [("softmax", {"beta0", "beta1"}), ("quadratic", {"beta0", "A", "beta1"}), ("gaussian", {"pi"}), ("sigmoid", set())],
)
def test_what_a_translation_moves_is_held_where_it_takes_all_values(gate, held):
    assert {p.name for p in held_of(model(gate))} == held


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"box": {"beta": (0, 1)}}, "box: beta is no parameter; the parameters are beta0, beta1, a, b, nu"),
        ({"box": {"nu": (2, 1)}}, "box: nu must be a pair"),
        ({"box": {"nu": (-1, 1)}}, "box: nu must be positive"),
        ({"starts": 0}, "at least one start is needed"),
        ({"spec": model("softmax", "multinomial:3")}, "Gaussian expert"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"points": of(np.zeros(9), np.zeros(9)), "spec": model("softmax"), "k": 2} | change
    with pytest.raises(ValueError, match=message):
        fit_general(**arguments)
