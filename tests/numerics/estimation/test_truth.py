"""A truth given to a fit: one more start, and what its estimates are compared with."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.truth_comparison import in_gauge, matched
from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.measures import MixingMeasure, sample

pytestmark = pytest.mark.usefixtures("few_climbs")
THREE = MixingMeasure(
    [[2.0], [-1.0], [0.0]], [0.5, 0.2, 0.0], 1.0, [[1.0], [-1.0], [0.0]], [2.0, -2.0, 6.0], [0.25, 0.5, 0.3]
)
TWO = MixingMeasure([[2.0], [0.0]], [0.3, 0.0], 0.5, [[1.0], [-1.0]], [0.0, 1.0], [0.1, 0.2])
PLANE = MixingMeasure([[2.0, -1.0], [0.0, 0.0]], [0.5, 0.0], 1.0, [[1.0, 0.5], [-1.0, 1]], [2.0, -2.0], [0.25, 0.5])
NAMES = ("beta1", "beta0", "tau", "a", "b", "nu")
KINDS = [
    (TWO, "identity", {}),
    (THREE, "identity", {"gate": "softmax"}),
    (PLANE, "identity", {"tau": 0.5}),
    (TWO, "tanh", {"activation": "tanh", "gauge": "anchored"}),
    (TWO, "identity", {"gate": "w*x", "expert": "a*x + b"}),
]


def values(measure, **others):
    """What a file of the truth holds."""
    whole = {name: getattr(measure, name).tolist() for name in NAMES} | others
    return {name: value for name, value in whole.items() if value is not None}


def of_formula(measure):
    """The same by the names of the gate w*x, which has no temperature."""
    plain = values(measure, beta1=None, tau=None, beta0=(measure.beta0 / measure.tau).tolist())
    return plain | {"w": (measure.beta1[:, 0] / measure.tau).tolist(), "a": measure.a[:, 0].tolist()}


@pytest.mark.parametrize(("measure", "name", "options"), KINDS)
def test_a_truth_stands_beside_every_estimate_with_a_standard_error(measure, name, options):
    x, y = sample(measure, name, 800, seed=1)
    truth = of_formula(measure) if "expert" in options else values(measure)
    result = fit(x, y, fitted=measure.k, starts=2, truth=truth, **options)
    scale = options.get("tau", 1.0) / float(measure.tau) if name == "identity" else 1.0
    true = {f"{p}/tau": getattr(measure, p) / measure.tau for p in ("beta1", "beta0")}
    true |= {p: getattr(measure, p) * scale for p in ("beta1", "beta0")} | {"w": measure.beta1[:, 0] / measure.tau}
    true |= {p: getattr(measure, p) for p in ("a", "b", "nu")} | {"tau": [measure.tau]}
    compared = {(e.parameter, e.atom): e for e in result.estimates if e.se is not None}
    assert {p for p, _ in compared} >= {"a", "b", "nu"} | ({"beta1/tau"} if not options else set())
    for (p, atom), e in compared.items():
        np.testing.assert_allclose(np.ravel(e.truth), np.ravel(true[p][atom or 0]), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(np.array(e.value), np.array(e.truth) + np.array(e.off) * np.array(e.se))
    # of three or nine samples in a hundred thousand
    assert max(np.abs(row["off"]) for row in result.rows() if row["off"] is not None) < 4.5


@pytest.mark.parametrize(("measure", "name", "options"), KINDS)
def test_the_likelihood_ratio_is_held_against_chi_square(measure, name, options):
    x, y = sample(measure, name, 800, seed=2)
    truth = of_formula(measure) if "expert" in options else values(measure)
    result = fit(x, y, fitted=measure.k, starts=2, truth=truth, **options)
    ratio = 2 * (result.log_likelihood - measure.log_density(x, y, name).sum())
    assert result.truth.ratio == pytest.approx(ratio, abs=1e-6)
    assert 0 < result.truth.p == pytest.approx(chi2.sf(ratio, result.n_parameters), rel=1e-6)
    assert f"not above {chi2.isf(0.05, result.n_parameters):.3g}" in str(result.truth)


def test_a_wrong_truth_is_above_what_chi_square_gives():
    x, y = sample(TWO, "identity", 800, seed=1)
    result = fit(x, y, fitted=2, starts=2, truth=values(TWO, b=[0.0, 1.2]))
    assert result.truth.p < 1e-6
    assert " = " in str(result.truth)
    assert ", above " in str(result.truth)
    assert max(abs(row["off"] or 0) for row in result.rows()) > 4


def test_weights_count_in_the_log_likelihood_of_a_truth():
    x, y = sample(TWO, "identity", 400, seed=1)
    weights = np.tile([1.0, 3.0], 200)
    result = fit(x, y, fitted=2, starts=2, truth=values(TWO), weights=weights)
    assert result.truth.log_likelihood == pytest.approx(weights @ TWO.log_density(x, y))


def test_a_start_at_the_truth_finds_the_maximum_beside_it():
    """A narrow expert of 6% of the points, which one rough start does not find."""
    rare = MixingMeasure([[0.0], [0.0]], [-2.8, 0.0], 1.0, [[0.0], [1.0]], [0.0, 0.0], [1e-4, 1.0])
    x, y = sample(rare, "identity", 300, seed=3)
    box = Box(50.0, 50.0, (0.02, 50.0), 20.0, 20.0, (1e-6, 8.0))
    options = {"fitted": 2, "gate": "softmax", "starts": 1, "box": box}
    below, result = fit(x, y, **options), fit(x, y, **options, truth=values(rare))
    assert result.log_likelihood > below.log_likelihood + 20
    assert result.truth.ratio > 0
    assert result.fit.starts == below.fit.starts + 1
    narrow = min((e for e in result.estimates if e.parameter == "nu"), key=lambda e: e.value)
    assert narrow.atom == 0  # as the truth has it


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("identity", {"gate": "softmax"}),
        ("tanh", {"activation": "tanh", "gauge": "anchored"}),
        ("identity", {"gate": "w*x", "expert": "a*x + b"}),
        ("identity", {"gate": "w*x + log(v)", "expert": "a*x + b", "positive": ("v",)}),
    ],
)
def test_atoms_are_matched_whatever_their_order(name, options):
    x, y = sample(THREE, name, 600, seed=1)
    mixture = fit(x, y, fitted=3, starts=3, **options).mixture
    fitted, free = mixture.values, 3 - mixture.held.apart
    for order in ([1, 0, 2], [2, 0, 1], [2, 1, 0]):
        if sorted(order[:free]) != list(range(free)):
            continue  # the anchor stays where it is
        shuffled = replace(fitted, **{name: getattr(fitted, name)[order] for name in ("own", "lines", "nu")})
        again = matched(shuffled, mixture)
        np.testing.assert_allclose(again.natural, fitted.natural, atol=1e-9)


def test_a_gauge_that_a_gate_does_not_have_is_refused():
    x, y = sample(TWO, "tanh", 300, seed=1)
    mixture = fit(x, y, fitted=2, starts=2, activation="tanh", gauge="anchored").mixture
    bent = replace(mixture.values, own=np.array([[0.0, 1.0], [0.0, 2.0]]))
    with pytest.raises(ValueError, match="the truth is not in the gauge of the fit; accepted"):
        in_gauge(bent, mixture.held, x)


@pytest.mark.parametrize("options", [{}, {"gate": "w*x", "expert": "a*x + b"}])
def test_a_truth_of_fewer_or_more_atoms_is_no_row_of_the_table(options):
    x, y = sample(TWO, "identity", 400, seed=1)
    truth = of_formula(TWO) if options else values(TWO)
    options = {"starts": 2, **options}
    one, two, three = fit(x, y, fitted=[1, 2, 3], truth=truth, **options).fits
    assert [f.truth.p is None for f in (one, two, three)] == [True, False, True]
    assert {row["truth"] for row in (*one.rows(), *three.rows())} == {None}
    assert one.truth.log_likelihood == three.truth.log_likelihood == pytest.approx(TWO.log_density(x, y).sum())
    assert "the truth has 2 experts, the fit 1, too many to start the search from" in str(one)
    assert "whose law is not known: the truth has 2 experts, the fit 3\n" in f"{three}\n"
    starts = [f.fit.starts for f in fit(x, y, fitted=[1, 3], **options).fits]
    assert [one.fit.starts, three.fit.starts] == [starts[0], starts[1] + 1]


def test_a_truth_with_equal_experts_has_no_law():
    x, y = sample(TWO, "identity", 400, seed=1)
    result = fit(x, y, fitted=2, starts=2, truth={"a": 0, "b": 0, "nu": 1})
    assert (result.truth.p, result.status) == (None, "converged")
    assert "whose law is not known: the fit is not regular" in str(result)


SMALL = Box(50.0, 50.0, (0.02, 50.0), 20.0, 20.0, (0.15, 8.0))
REFUSED = [
    ({"box": SMALL}, values(TWO), "nu of atom 0 of the truth is not in the box of the fit"),
    ({"box": {"nu": (0.15, 8)}, "gate": "w*x", "expert": "a*x + b"}, of_formula(TWO), "nu of atom 0 of the truth"),
    ({"box": {"w": (-1, 1)}, "gate": "w*x", "expert": "a*x + b"}, of_formula(TWO), "w of atom 0 of the truth"),
    ({}, values(PLANE), "a row of beta1 in the truth has 2 numbers; accepted: 1, the columns of x"),
    ({}, {"w": 1}, "'the truth' has 'w'; accepted: .* of beta1, .* and x"),
    ({"gate": "w*x"}, {"beta1": 1}, "'the truth' has 'beta1'; accepted"),
    ({"activation": "tanh", "gauge": "anchored"}, {"beta1": [1, 2]}, "the truth is not in the gauge of the fit"),
    ({"activation": "tanh", "tau": 0.7}, {"tau": 0.5}, "the truth has tau = 0.5, which the fit holds at 0.7"),
    ({"gate": "softmax"}, {"tau": 2}, "'the truth' has 'tau'"),
    ({"noise": "common"}, of_formula(TWO) | {"beta1": 1, "w": 1}, "'the truth' has 'w'"),
    ({"noise": "common", "gate": "w*x", "expert": "a*x + b"}, of_formula(TWO), "nu of the truth is not as the noise"),
    ({"noise": "known", "nu": 0.3, "gate": "w*x", "expert": "a*x + b"}, {"nu": 0.2}, "nu of the truth is not as the"),
    ({}, {"nu": -1}, "nu must be positive, not -1"),
    ({}, [], "truth must be"),
]


@pytest.mark.parametrize(("options", "truth", "message"), REFUSED)
def test_a_truth_that_the_fit_cannot_have_is_refused(options, truth, message):
    x, y = sample(TWO, "identity", 60, seed=1)
    with pytest.raises(ValueError, match=message) as refusal:
        fit(x, y, fitted=2, starts=1, truth=truth, **options)
    assert "\n" not in str(refusal.value)


def test_without_a_truth_nothing_of_it_is_said():
    x, y = sample(TWO, "identity", 200, seed=1)
    result = fit(x, y, fitted=2, starts=1)
    record = result.to_json()
    assert [result.truth, record["truth"], record["estimates"][3]["truth"], result.rows()[3]["off"]] == [None] * 4
    assert "truth" not in str(result)
