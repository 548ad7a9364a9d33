"""What a fit says: criteria and their number of parameters, intervals, sizes, the answer in words, compilation."""

import importlib.util
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.result import Estimate, FitResult
from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.measures import MixingMeasure, sample

pytestmark = pytest.mark.usefixtures("few_climbs")
LINE = MixingMeasure([[2.0], [-1.0]], [0.5, 0.0], 1.0, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
PLANE = MixingMeasure([[2.0, -1.0], [-1.0, -1.0]], [0.5, 0.0], 1.0, [[1.0, 0.5], [-1.0, 1]], [2.0, -2.0], [0.25, 0.5])


def draw(measure, name, n=600, seed=1):
    return sample(measure, compiled(name), n, seed=seed)


@pytest.mark.parametrize(
    ("measure", "name", "options"),
    [
        (LINE, "identity", {}),
        (LINE, "identity", {"tau": 0.5}),
        (LINE, "identity", {"fitted": 1}),
        (LINE, "tanh", {"activation": "tanh"}),
        (LINE, "relu", {"activation": "relu"}),
        (LINE, "z**2", {"activation": "z**2"}),
    ],
)
def test_the_number_of_parameters_is_the_rank_of_the_information(measure, name, options):
    result = fit(*draw(measure, name), **{"fitted": 2, "starts": 3, **options})
    assert result.fit.is_estimate
    spectrum = np.linalg.eigvalsh(scaled(result.fit.information))
    # along an orbit the information is of the size of the gradient at which climbs end, 1e-6
    assert result.n_parameters == (spectrum > 3e-6).sum()


def scaled(information):
    size = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    return information / np.outer(size, size)


def test_a_mirror_point_keeps_the_parameters_of_its_model():
    """gelu at beta1_2 = -beta1_1 has an orbit there, and none beside it."""
    mirrored = MixingMeasure([[1.0], [-1.0]], [0.3, 0.0], 0.6, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    result = fit(*draw(mirrored, "gelu", 600), fitted=2, starts=3, activation="gelu")
    assert result.n_parameters == 10


def test_a_direction_has_the_error_that_a_fixed_temperature_gives_it():
    anchored = {"fitted": 2, "starts": 3, "activation": "z**2", "gauge": "anchored"}
    x, y = draw(PLANE, "z**2")
    free = fit(x, y, **anchored)
    tau = next(e.value for e in free.estimates if e.parameter == "tau")
    fixed = fit(x, y, **anchored, tau=tau)
    at = [j for j, name in enumerate(fixed.fit.layout.names) if name == ("beta1", 0)]
    beta1 = fixed.fit.theta[at]
    unit = beta1 / np.linalg.norm(beta1)
    slope = (np.eye(2) - np.outer(unit, unit)) / np.linalg.norm(beta1)
    covariance = np.linalg.inv(fixed.fit.information)[np.ix_(at, at)]
    (found,) = (e for e in free.estimates if e.parameter == "beta1/|beta1|")
    assert abs(unit @ found.value) == pytest.approx(1, abs=1e-6)  # s is even: the sign is free
    np.testing.assert_allclose(found.se, np.sqrt(np.diagonal(slope @ covariance @ slope.T)), rtol=1e-3)
    assert all(-1 <= low < high <= 1 for low, high in found.interval)


def test_a_sign_is_identifiable_and_has_no_error():
    rows = fit(*draw(LINE, "relu"), fitted=2, starts=3, activation="relu").rows()
    signs = [row for row in rows if row["parameter"] == "beta1/|beta1|"]
    assert [(row["value"], row["se"], row["identifiable"]) for row in sorted(signs, key=lambda r: r["value"])] == [
        (-1.0, None, "yes (a sign)"),
        (1.0, None, "yes (a sign)"),
    ]
    even = fit(*draw(LINE, "z**2"), fitted=2, starts=3, activation="z**2", gauge="anchored")
    assert "beta1/|beta1|" not in [e.parameter for e in even.estimates]


def test_intervals_of_positive_numbers_are_those_of_their_logarithms():
    result = fit(*draw(LINE, "relu", 60), fitted=2, starts=3, activation="relu")
    positive = [e for e in result.estimates if e.parameter in ("nu", "|beta1|/tau") and e.se is not None]
    assert len(positive) >= 3
    for e in positive:
        factor = np.exp(1.959963984540054 * e.se / e.value)
        assert e.interval == pytest.approx((e.value / factor, e.value * factor))


def test_rows_with_nan_are_left_out_when_asked():
    x, y = draw(LINE, "identity", 500)
    holes = np.insert(x, 3, np.nan, axis=0), np.insert(y, 3, 1.0)
    result = fit(*holes, fitted=2, starts=2, drop_missing=True)
    assert (result.dropped, result.points) == (1, 500)
    assert "500 points, 1 rows with missing values left out" in str(result)
    assert result.log_likelihood == fit(x, y, fitted=2, starts=2).log_likelihood
    with pytest.raises(ValueError, match=r"x\[3, 0\] is nan.*drop_missing leaves out rows with nan"):
        fit(*holes, fitted=2, starts=2)
    with pytest.raises(ValueError, match=r"x\[3, 0\] is inf"):
        fit(np.where(np.isnan(holes[0]), np.inf, holes[0]), holes[1], fitted=2, drop_missing=True)


def test_sizes_are_compared_and_a_missed_maximum_is_told():
    x, y = draw(LINE, "identity", 500)
    found = fit(x, y, fitted=[1, 2, 3], starts=2, gate="softmax")
    assert [f.n_parameters for f in found.fits] == [3, 8, 13]
    assert found.least == {"aic": min(found.fits, key=lambda f: f.aic).fit.layout.k, "bic": 2}
    assert "not chi-squared" in str(found)
    one, two, _ = found.fits
    crossed = type(found)((one, replaced(two, one.log_likelihood - 1)))
    assert "with 2 experts the search ended below the likelihood of 1" in crossed.warnings[0]
    assert repr(found).startswith("<FitComparison: fitted 1, 2, 3; least BIC: 2")
    for wrong in ([], [2, 2]):
        with pytest.raises(ValueError, match="several that differ"):
            fit(x, y, fitted=wrong)


def test_a_size_at_the_edge_of_the_box_is_told_in_a_comparison():
    x, y = draw(LINE, "identity", 500)
    box = Box(10, 10, (0.1, 10), 10, 10, (0.01, 0.3))
    edge = fit(x, y, fitted=[2], starts=2, gate="softmax", box=box)
    assert edge.words[0] == (
        "Number of experts with the least AIC: 2 (in doubt, see the warnings), "
        "least BIC: 2 (in doubt, see the warnings)."
    )
    assert edge.to_json()["warnings"][0].startswith("with 2 experts the maximum is at the edge of the box (nu of atom")
    inside = fit(x, y, fitted=[2], starts=2, gate="softmax")
    assert (inside.warnings, inside.words[0]) == ((), "Number of experts with the least AIC: 2, least BIC: 2.")
    (alone,) = inside.fits
    object.__setattr__(alone.fit, "agree", 1)
    (warning,) = type(inside)((alone,)).warnings
    assert warning.startswith("with 2 experts only 1 of 6 starts reached this likelihood")
    one = fit(x, y, fitted=[1], starts=2, gate="softmax", box=box)
    assert one.warnings[0].startswith("with 1 expert the maximum is at the edge of the box (nu of atom 0)")


def replaced(result: FitResult, log_likelihood):
    from dataclasses import replace

    return replace(result, fit=replace(result.fit, log_likelihood=log_likelihood))


def test_residuals_that_are_not_gaussian_are_told_in_every_answer():
    rng = np.random.default_rng(7)
    x, first = rng.uniform(-3, 3, 600), rng.random(600) < 0.5
    y = np.where(first, 1 + 1.5 * x, 1 - 1.5 * x)
    clean, heavy = y + 0.7 * rng.normal(size=600), y + 0.4 * rng.standard_t(3, 600)
    for noisy, warned in ((clean, False), (heavy, True)):
        one = fit(x, noisy, fitted=2, starts=2, gate="softmax")
        several = fit(x, noisy, fitted=[1, 2], starts=2, gate="softmax")
        assert (one.misfit is not None) is warned
        assert ("standard errors and intervals, above all of nu" in one.answer) is warned
        for result in (one, several):
            assert (
                any("2 experts the residuals of atom" in w and "far too short" in w for w in result.warnings) is warned
            )
            assert not any("1 expert the residuals" in w for w in result.warnings)


def test_a_temperature_that_is_open_is_named_after_what_the_data_determine():
    x, y = draw(LINE, "identity", 500)
    first = fit(x, y, fitted=2, starts=2).words[0]
    assert first.startswith("Not identifiable: tau, beta1, beta0; the gate softmax holds tau at 1. Identifiable: a, b,")
    assert first.endswith(", beta1/tau, beta0/tau, the density and predictions.")


@pytest.mark.parametrize("options", [{"gate": "softmax"}, {"gate": "w*x"}, {"activation": "tanh"}])
def test_an_expert_that_bic_does_not_take_is_said_first(options):
    """Noise about one line, with one expert too many and with two; two lines have no word of it."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-2, 2, 300)
    for y, k in ((1 + x + 0.5 * rng.normal(size=300), 2), (np.where(x > 0, x, 4 - x) + rng.normal(0, 0.3, 300), 3)):
        few, many = fit(x, y, fitted=[k - 1, k], starts=4, **options).fits
        lower = float(re.match(r"By BIC .* enough: it is lower by (\S+) or more\. If so, ", many.words[0])[1])
        assert 0 < lower <= many.bic - few.bic + 0.05  # three digits are printed
        assert many.words[1].startswith("Otherwise: ")
        assert "By BIC" not in few.answer


def test_the_answer_says_where_the_search_ended_and_what_to_distrust():
    x, y = draw(LINE, "identity", 500)
    inside = fit(x, y, fitted=2, starts=2, gate="softmax")
    assert inside.words == (
        "Every parameter is identifiable.",
        "The search ended at a maximum inside the box. Standard errors assume that the model is right.",
    )
    box = Box(10, 10, (0.1, 10), 10, 10, (0.01, 0.3))
    edge = fit(x, y, fitted=2, starts=2, gate="softmax", box=box)
    assert "at a maximum at the edge of the box (nu of atom" in edge.answer
    assert "AIC and BIC, which assume a maximum inside the box" in edge.answer
    assert "yes, but not to be used (set by the edge of the box)" in str(edge)
    weak = Estimate("tau", None, 0.5, 0.6, True, (0.1, 3.0))
    assert weak.verdict == "yes, but not to be used (std err above the value)"
    assert Estimate("b", 0, 0.5, 0.6, True, (-0.7, 1.7)).verdict == "yes"
    lone = replaced(inside, inside.log_likelihood)
    object.__setattr__(lone.fit, "agree", 1)
    assert "the maximum itself, which only one start reached" in lone.answer


def test_what_follows_the_edge_of_the_box_is_not_to_be_used():
    """A gate of tanh that is linear in the data: beta1 and beta0 are proportional to tau, which is at its bound."""
    truth = MixingMeasure([[1.0], [0.0]], [0.5, 0.0], 0.5, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    x, y = draw(truth, "tanh", 300, seed=3)
    options = {"fitted": 2, "starts": 2, "activation": "tanh", "gauge": "anchored"}
    low, high = (fit(x, y, **options, box=Box(10, 10, (tau, 10), 10, 10, (0.05, 3))) for tau in (0.02, 0.04))
    for once, twice in zip(low.estimates, high.estimates, strict=True):
        if once.parameter in ("tau", "beta1", "beta0"):
            assert once.verdict == "yes, but not to be used (set by the edge of the box)"
            assert twice.value == pytest.approx(2 * once.value, rel=0.05)
        else:
            assert once.se is not None
            assert twice.value == pytest.approx(once.value, abs=once.se)


def test_it_shows_itself_in_every_form():
    result = fit(*draw(PLANE, "identity", 300), fitted=2, starts=2, columns=["age", "<b>"])
    assert repr(result).startswith("<FitResult: fitted 2, converged, log-likelihood -")
    assert "beta1/tau (age)" in str(result)
    assert "beta1/tau (&lt;b&gt;)" in result._repr_html_()
    assert result.status == "converged"
    with pytest.raises(ValueError, match="columns must name each of the 2 columns of x, not 1"):
        fit(*draw(PLANE, "identity", 300), fitted=2, columns=["age"])
    if importlib.util.find_spec("pandas"):
        assert list(result.to_frame().columns)[:4] == ["parameter", "column", "atom", "value"]


@pytest.mark.slow
def test_a_likelihood_is_announced_when_it_is_compiled_and_only_then(tmp_path):
    code = "import numpy as np, temperance\nx = np.linspace(0, 9, 50_000)\ntemperance.fit(x, x**2, fitted=1, starts=1)"
    folder = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "TEMPERANCE_CACHE": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=folder).stderr
        for _ in range(2)
    ]
    assert said == ["compiling the likelihood of this gate, once\n", ""]


def test_what_moves_with_the_edge_of_the_box_says_so():
    """gelu on data of relu: tau goes to the edge, and beta0 goes with it, by half a standard error when it doubles."""
    truth = MixingMeasure([[1.0], [0.5]], [0.1, 0.0], 0.5, [[1.0], [-1.0]], [2.0, -2.0], [0.3, 0.3])
    x, y = draw(truth, "relu", 300, seed=2)
    result = fit(x, y, fitted=2, activation="gelu", starts=4)
    assert result.fit.bounds == (("tau", None),)
    twice = fit(x, y, fitted=2, activation="gelu", starts=4, tau=2 * result.fit.box.tau[0])
    told = {(e.parameter, e.atom): e for e in result.estimates}
    swapped = np.argmin(result.fit.measure.b) != np.argmin(twice.fit.measure.b)
    for other in twice.estimates:
        here = told[other.parameter, 1 - other.atom if swapped and other.parameter != "beta0" else other.atom]
        value = -other.value if swapped and other.parameter == "beta0" else other.value
        moved = abs(here.value - value) / here.se
        assert (here.caveat == "near edge") == (moved > 0.1)
        assert here.verdict == ("yes, but it moves with the edge of the box" if moved > 0.1 else "yes")
    assert told["beta0", 0].caveat == "near edge"
    assert told["tau", None].caveat == "edge"


def test_residuals_intervals_and_simulated_points_are_those_of_the_fit():
    x, y = draw(LINE, "tanh", 4000)
    result = fit(x, y, fitted=2, activation="tanh", starts=3)
    np.testing.assert_allclose(result.residuals, y - result.predict(x))
    rows = [e for e in result.estimates if e.interval is not None]
    assert result.conf_int() == {(e.parameter, e.atom): e.interval for e in rows}
    assert ("a", 0) in result.conf_int()
    simulated = result.simulate(5)
    np.testing.assert_array_equal(simulated, result.simulate(np.random.default_rng(5)))
    # mean and variance of y given x are those of the fit, within four standard errors
    gates, means = result.curves(x)
    spread = np.sqrt((gates * (result.mixture.values.nu + means**2)).sum(axis=1) - result.predict(x) ** 2)
    for power in (0, 1):
        z = (simulated - result.predict(x)) / spread * x[:, 0] ** power
        assert abs(z.sum()) < 4 * np.sqrt((x[:, 0] ** (2 * power)).sum())
    z = ((simulated - result.predict(x)) / spread) ** 2
    assert abs(z.mean() - 1) < 4 * z.std() / np.sqrt(len(z))
    with pytest.raises(ValueError, match="negative"):
        result.simulate(-1)


def test_predictions_posteriors_and_icl_are_those_of_the_formulas():
    x, y = draw(LINE, "tanh", 300)
    result = fit(x, y, fitted=2, activation="tanh", starts=3)
    measure = result.fit.measure
    scores = np.tanh(x @ measure.beta1.T) / measure.tau + measure.beta0 / measure.tau
    gates = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    means = x @ measure.a.T + measure.b
    joint = gates * np.exp(-((y[:, None] - means) ** 2) / (2 * measure.nu)) / np.sqrt(2 * np.pi * measure.nu)
    shares = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result.predict(x), (gates * means).sum(axis=1))
    np.testing.assert_allclose(result.predict(x[:, 0]), result.predict(x))
    np.testing.assert_allclose(result.posterior(x, y), shares, atol=1e-12)
    assert result.icl == pytest.approx(result.bic - 2 * np.sum(shares * np.log(np.maximum(shares, 1e-300))))
    with pytest.raises(ValueError, match=r"^x must have shape \(n, 1\), as the data of the fit, not \(300, 2\)$"):
        result.predict(np.column_stack([x, x]))
    with pytest.raises(ValueError, match=r"^x must have shape \(n, d\) and y \(n,\), not \(300, 1\) and \(2,\)$"):
        result.posterior(x, [1.0, 2.0])


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        (1, {}),
        (1, {"activation": "tanh", "gauge": "anchored"}),
        (2, {"activation": "tanh", "tau": 0.5}),
        (1, {"gate": "w*x/tau + v*sin(x)", "expert": "a*x + m*x**2 + b"}),
        (1, {"gate": "softmax", "noise": "common"}),
    ],
)
def test_standard_errors_of_predictions_follow_the_likelihood(columns, options):
    """Held against those of slopes by differences."""
    rng = np.random.default_rng(7)
    x = rng.uniform(-3, 3, (4000, columns))
    y = np.where(rng.random(4000) < 1 / (1 + np.exp(-2 * x[:, 0])), x[:, 0], -1) + rng.normal(size=4000) / 4
    result = fit(x, y, fitted=2, starts=4, **options)
    at = x[:5]
    values, errors = result.mixture.values, result.errors
    theta, places = values.theta, np.array(result.places)
    step, slopes = 1e-6, []
    for column in result.fit.moves.T:
        ends = []
        for sign in (-1, 1):
            moved = theta.copy()
            moved[places] += sign * step * column
            mixture = Mixture.at(values.formulas, 2, moved)
            ends.append((mixture.probabilities(at) * mixture.means(at)).sum(axis=1))
        slopes.append((ends[1] - ends[0]) / (2 * step))
    by_differences = np.array([errors.of(slope).se for slope in np.array(slopes).T], dtype=float)
    found = result.standard_error(at)
    assert (found > 0).all()
    np.testing.assert_allclose(found, by_differences, rtol=1e-5)
    own = np.array([np.nan if row["se"] is None else row["se"] for row in result.rows()], dtype=float)
    np.testing.assert_allclose(np.sqrt(np.diag(result.vcov())), own)


def test_the_standard_error_of_a_regression_is_that_of_least_squares():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 2))
    y = x @ [1.0, -2.0] + 0.5 + rng.normal(size=300)
    result = fit(x, y, fitted=1)
    design = np.column_stack([x, np.ones(300)])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    covariance = np.linalg.inv(design.T @ design) * (left @ left / 300)
    by_hand = np.sqrt(np.einsum("ni,ij,nj->n", design, covariance, design))
    np.testing.assert_allclose(result.standard_error(x), by_hand, rtol=1e-5)
    names = [(row["parameter"], row["column"]) for row in result.rows()]
    places = [names.index(name) for name in names if name[0] in "ab"]
    np.testing.assert_allclose(result.vcov()[np.ix_(places, places)], covariance, rtol=1e-4, atol=1e-8)


def test_a_prediction_that_the_edge_of_the_box_moves_has_no_standard_error():
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, 300)
    y = np.where(x > 0, x, -1) + rng.normal(size=300) / 4
    result = fit(x, y, fitted=2, starts=4)
    assert result.separated
    assert np.isnan(result.standard_error([0.01])).all()
