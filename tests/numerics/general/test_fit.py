"""`temperance.fit` with any gate and Gaussian expert: estimates, what stays open, and refusals in one line."""

import json
import pickle

import numpy as np
import pytest
import sympy as sp

import temperance
from temperance.numerics.estimation.identifiability import flows_of
from temperance.numerics.fitting.fits import fit_general
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import Mixture, log_weight_and_mean
from temperance.numerics.mixture.points import Points
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import normal
from temperance.theory.models.spec import BETA0, NU, TAU, Expert, Gate, covariates
from tests.numerics.by_hand import two_lines

pytestmark = pytest.mark.usefixtures("few_climbs")

CUBIC = "beta1*x**3/tau + beta2*x"


def drawn(gate, expert, atoms, n, seed):
    """Data of a model whose gate is affine in its own parameters; atoms: these, and those of the expert, by names."""
    spec = model(gate, expert)
    f, rng = log_weight_and_mean(formulas_of(spec)), np.random.default_rng(seed)
    names = [p.name for p in (BETA0, *spec.gate.own, *spec.gate.shared, *spec.expert.parameters) if p != NU]
    x = rng.uniform(-2, 2, (n, spec.dim))
    logs, means = np.swapaxes([f(x, np.array([atom[name] for name in names])) for atom in atoms], 0, 1)
    shares = np.exp(logs - np.logaddexp.reduce(logs))
    which = (rng.random(n) > np.cumsum(shares, axis=0)[:-1]).sum(axis=0)
    return x, means[which, np.arange(n)] + np.sqrt([a["nu"] for a in atoms])[which] * rng.normal(size=n)


OWN = {
    ("beta1*x1 + beta2*x1*x2", "a1*x1 + a2*x2 + b"): (
        {"beta0": 0.3, "beta1": 1.5, "beta2": -1.0, "a1": 1.0, "a2": 0.0, "b": 1.0, "nu": 0.16},
        {"beta0": 0.0, "beta1": 0.0, "beta2": 0.0, "a1": 0.0, "a2": -1.0, "b": -1.0, "nu": 0.25},
    ),
    ("w*cos(2*x) + v*x", "c*tanh(2*x) + b"): (
        {"beta0": -0.2, "w": 1.0, "v": 1.2, "c": 1.5, "b": 1.0, "nu": 0.09},
        {"beta0": 0.0, "w": 0.0, "v": 0.0, "c": -1.0, "b": -1.0, "nu": 0.16},
    ),
    ("w*sqrt(1 + x**2) + v*x", "a*x + m*x**2 + b"): (
        {"beta0": 0.5, "w": -1.0, "v": 1.0, "a": 1.0, "m": 0.5, "b": 1.0, "nu": 0.1},
        {"beta0": 0.0, "w": 0.0, "v": 0.0, "a": -0.5, "m": 0.0, "b": -1.5, "nu": 0.2},
    ),
}
"""The last atom has a gate of 0, as it is held."""


@pytest.mark.parametrize(("gate", "expert"), OWN)
def test_a_mixture_of_a_formula_that_nobody_has_is_found_again(gate, expert):
    atoms = OWN[gate, expert]
    x, y = drawn(gate, expert, atoms, 1000, 11)
    found = temperance.fit(x, y, fitted=2, gate=gate, expert=expert, starts=4, seed=1)
    assert found.status == "converged"
    free = [e for e in found.estimates if e.caveat != "held"]
    held = {e.parameter for e in found.estimates if e.caveat == "held"}
    assert held == {"beta0", *(p.name for p in model(gate, expert).gate.own)}
    assert len(free) == found.n_parameters
    swapped = {e.atom: e.value for e in free if e.parameter == "b"}[0] < 0
    for e in free:
        true = (-1) ** swapped * atoms[0][e.parameter] if e.parameter in held else atoms[e.atom ^ swapped][e.parameter]
        assert abs(e.value - true) < 4 * e.se
        assert e.interval[0] < e.value < e.interval[1]


@pytest.mark.parametrize(("formula", "name"), [("w*x", "softmax"), ("w*x/tau", "linear")])
def test_a_formula_of_a_gate_with_a_name_has_its_fit(formula, name):
    """The same likelihood to 1e-6, by other code from other starts, and the same number of parameters."""
    x, y = two_lines()
    mine = temperance.fit(x, y, fitted=2, gate=formula, expert="a*x + b", seed=1)
    its = temperance.fit(x, y, fitted=2, gate=name)
    assert mine.log_likelihood == pytest.approx(its.log_likelihood, abs=1e-6)
    assert (mine.status, mine.n_parameters, mine.bic) == (its.status, its.n_parameters, pytest.approx(its.bic))
    ours, theirs = (sorted((e.value, e.se) for e in f.estimates if e.parameter == "nu") for f in (mine, its))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    invariants = {"w/tau", "beta1/tau"} if name == "linear" else {"w", "beta1"}
    ours, theirs = ([(abs(e.value), e.se) for e in f.estimates if {e.parameter} & invariants] for f in (mine, its))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4)


def test_what_an_identity_leaves_open_is_named_with_what_is_determined_instead():
    x, y = two_lines()
    found = temperance.fit(x, y, fitted=2, gate=CUBIC, starts=4)
    assert [e.parameter for e in found.estimates if e.identifiable is False] == ["beta1", "tau"]
    assert all(e.se is None for e in found.estimates if e.identifiable is False)
    assert len(found.fit.flat_directions) == 1
    (warning,) = found.warnings
    assert warning.startswith("by an identity of this model beta1, tau are not identifiable; ")
    assert "beta1/tau" in warning
    hold = "hold one at a number to determine the others"
    assert found.words[0].startswith(f"Not identifiable: beta1, tau; {hold}. Identifiable: beta0, beta2, ")
    assert found.words[0].endswith(", the density and predictions.")
    gaussian = temperance.fit(x, y, fitted=2, gate="gaussian", starts=4)
    assert "pi, c, Gamma are not identifiable" in gaussian.warnings[0]
    assert "1/Gamma" in gaussian.warnings[0]
    assert gaussian.n_parameters == 9


def test_a_function_that_is_determined_has_its_error_where_the_box_holds_what_is_not():
    x, y = two_lines()
    options = {"fitted": 2, "expert": "a*x + b", "seed": 1, "starts": 3}
    held = temperance.fit(x, y, gate="w*x/tau + v*sin(x)", box={"tau": (5.0, 5.5)}, **options)
    fixed = temperance.fit(x, y, gate="w*x/tau + v*sin(x)", constants={"tau": 1}, **options)
    free = {e.parameter: e for e in held.estimates if e.atom in (None, 0)}
    w = next(e for e in fixed.estimates if e.parameter == "w")
    assert held.fit.bounds == (("tau", None),)
    assert (abs(free["w/tau"].value), free["w/tau"].se) == pytest.approx((abs(w.value), w.se), rel=1e-4)
    assert free["tau"].identifiable is free["w"].identifiable is False


def test_text_and_objects_are_one_model():
    x, y = two_lines(200)
    (X,), w, a, b = covariates(1), *sp.symbols("w a b", real=True)
    objects = Gate("wave", w * sp.sin(X) / TAU, (w, TAU), (TAU,)), Expert("line", normal(a * X + b), (a, b, NU))
    texts = "w*sin(x)/tau", "a*x + b"
    one, two = (temperance.fit(x, y, fitted=2, gate=g, expert=e, starts=2) for g, e in (objects, texts))
    assert one.to_json() == two.to_json()
    assert one.to_json()["gate_formula"]["shared"] == ["tau"]
    json.dumps(one.to_json(), allow_nan=False)


def test_sizes_are_compared_and_one_atom_is_a_regression():
    x, y = two_lines()
    found = temperance.fit(x, y, fitted=[1, 2], gate="w*x**3 + v*x", starts=3)
    assert (found.least["bic"], [f.n_parameters for f in found.fits]) == (2, [3, 9])
    slope, intercept = np.polyfit(x, y, 1)
    (one, _) = found.fits
    left = y - slope * x - intercept
    assert [e.value for e in one.estimates] == pytest.approx([slope, intercept, np.mean(left**2)], rel=1e-5)
    assert str(found).startswith("Number of experts with the least AIC: 2, least BIC: 2.\n")
    assert "\n\nGate exp(beta0 + v*x + w*x**3): own w, v" in str(found)


def test_rows_are_counted_and_dropped_and_columns_named():
    x, y = two_lines(150)
    counts = np.random.default_rng(1).integers(1, 4, 150).astype(float)
    options = {"fitted": 2, "gate": "w*x**3", "starts": 2}
    one = temperance.fit(
        np.append(x, np.nan), np.append(y, 0), weights=np.append(counts, 1), drop_missing=True, **options
    )
    two = temperance.fit(np.repeat(x, counts.astype(int)), np.repeat(y, counts.astype(int)), **options)
    assert (one.dropped, one.points, one.log_likelihood) == (1, counts.sum(), pytest.approx(two.log_likelihood))
    assert "x is column dose" in str(temperance.fit(x, y, columns=["dose"], **options))


def test_a_kink_that_x_reaches_is_said():
    x, y = two_lines(300)
    found = temperance.fit(x, y, fitted=2, gate="laplace", starts=4)
    assert any("kinks that x reaches, where the likelihood is not smooth" in w for w in found.warnings)
    smooth = temperance.fit(x + 10, y, fitted=2, gate="laplace", box={"beta1": (-1.0, 1.0)}, starts=2)
    assert not any("kinks" in w for w in smooth.warnings)


def test_columns_of_unlike_size_are_said_and_not_scaled():
    x, y = two_lines(200)
    found = temperance.fit(np.c_[x, 1e6 * np.sin(7 * x)], y, fitted=1, gate="w*x1 + v*x2", starts=1)
    assert found.warnings[0].startswith("column 1 of x is at most 2.98 and column 2 of x 1e+06 in size")


def test_a_model_of_many_parameters_is_fitted_or_refused_by_their_number():
    """Fourteen an atom, in four columns: the search is one in NumPy, and nothing is compiled."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (400, 4))
    y = np.where(rng.random(400) < 1 / (1 + np.exp(-2 * x[:, 0])), x[:, 1] + 1, -x[:, 2] - 1) + 0.3 * rng.normal(
        size=400
    )
    gate = "w1*x1 + w2*x2 + w3*x3 + w4*x4 + u1*x1*x2 + u2*x3*x4"
    expert = "v*tanh(a1*x1 + a2*x2 + a3*x3 + a4*x4 + b) + m*x1"
    found = temperance.fit(x, y, fitted=2, gate=gate, expert=expert, starts=1)
    assert len(found.estimates) == 2 * 15
    with pytest.raises(ValueError, match="20 points are fewer than the 23 numbers that are fitted for 2 atoms"):
        fit_general(Points(x[:20], y[:20]), model(gate, expert), 2)


def test_a_formula_in_many_columns_is_told_from_the_table_in_a_moment():
    """No gate is written out for it whose matrix takes minutes to invert."""
    assert len(model(" + ".join(f"w{j}*x{j}" for j in range(1, 9)), "a*x8 + b").gate.own) == 8
    with pytest.raises(ValueError, match="gate 'gaussian-full' is for dimension 1 to 5, not 6: Gamma is inverted"):
        model("gaussian-full", "gaussian", None, 6)


def test_scores_beyond_what_doubles_resolve_are_no_maximum():
    """exp(w x) reaches 1e43 in the box: densities have no digit left beside it, compiled or not."""
    rng = np.random.default_rng(11)
    x = rng.uniform(-2, 2, 1000)
    first = rng.random(1000) < 1 / (1 + np.exp(np.exp(-x) - np.exp(x)))
    y = np.where(first, 0.6 * x + 1, -0.5 * x - 1) + 0.45 * rng.normal(size=1000)
    found = temperance.fit(x, y, fitted=2, gate="exp(w*x)", expert="m*x + b", seed=1)
    value = {(e.parameter, e.atom): e.value for e in found.estimates}
    score = np.array([value["beta0", j] + np.exp(value["w", j] * x) for j in (0, 1)])
    gaps = np.array([y - value["m", j] * x - value["b", j] for j in (0, 1)])
    nus = np.array([[value["nu", j]] for j in (0, 1)])
    densities = np.exp(-gaps * gaps / (2 * nus)) / np.sqrt(2 * np.pi * nus)
    shares = np.exp(score - score.max(axis=0))
    loglik = np.log((shares * densities).sum(axis=0) / shares.sum(axis=0)).sum()
    assert found.status == "converged"
    assert found.fit.log_likelihood == pytest.approx(loglik, abs=1e-6)
    assert sorted(round(value["w", j]) for j in (0, 1)) == [-1, 1]


def test_slopes_whose_squares_underflow_tell_of_no_direction():
    """At these x the gate is 1 but for exp(-400) or less: nothing is learnt of its parameters, and all of the means."""
    f = formulas_of(model("sigmoid"))
    mixture = Mixture.of(f, 2, np.array([13.0, 1.3, 1.0, 2.0, 0.3, 12.0, 1.2, -1.0, -2.0, 0.3, 0.02]))
    flows = flows_of(mixture, np.eye(11), np.linspace(0.6, 1.0, 300)[:, None])
    assert np.isfinite(flows).all()
    assert np.abs(flows[:, [2, 3, 4, 7, 8, 9]]).max() < 1e-12


@pytest.mark.parametrize("options", [{"gate": "beta1*x1", "expert": "a1*x1 + b"}, {"activation": "tanh"}])
def test_a_fit_can_be_pickled(options):
    """With its data, and all that fits it again or looks at the likelihood around it."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, 60)
    y = np.where(rng.random(60) < 0.5, x + 1, -x - 1) + 0.3 * rng.normal(size=60)
    fit = temperance.fit(x, y, fitted=2, starts=2, progress=lambda done, total: None, **options)
    copy = pickle.loads(pickle.dumps(fit))
    assert np.array_equal(copy.predict(x), fit.predict(x))
    assert str(copy) == str(fit)
    assert str(copy.merged(1)) == str(fit.merged(1))
    assert str(copy.profiled(["nu"])) == str(fit.profiled(["nu"]))
