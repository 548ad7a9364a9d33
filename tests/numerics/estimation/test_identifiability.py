"""What `fit` calls identifiable follows from theory, wherever the search ended."""

import re

import numpy as np
import pytest

from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.identifiability import proved_of
from temperance.numerics.fitting import fits
from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points
from tests.numerics import by_hand

pytestmark = pytest.mark.usefixtures("few_climbs")
BOX = Box(50.0, 50.0, (0.02, 50.0), 50.0, 50.0, (1e-3, 4.0))


def truth(beta1, tau=0.5, beta0=0.4):
    d = len(beta1[0])
    return MixingMeasure(beta1, [beta0, 0.0], tau, [[1.5, 0.5][:d], [-1.0, 0.3][:d]], [1.0, -1.5], [0.25, 0.09])


PLANE, LINE = truth([[2.0, -1.0], [-0.7, 0.8]]), truth([[1.2], [0.5]])


def draw(measure, name, n=500, seed=3):
    return sample(measure, compiled(name), n, seed=seed)


def verdicts(result):
    return {(e.parameter, e.atom): e.identifiable for e in result.estimates}


def slope_along(flow, gate, fitted):
    """The slope along a flow, relative, of the likelihood of data that have nothing to do with the fit."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(50, fitted.layout.d)), rng.normal(size=50)
    score = by_hand.log_likelihood(fitted.theta, fitted.layout, gate, x, y).score
    return abs(score @ flow) / (np.abs(score) @ np.abs(flow))


def test_a_homogeneous_gate_of_two_covariates_has_no_temperature():
    result = fit(*draw(PLANE, "abs"), fitted=2, activation="abs", starts=2)
    found = verdicts(result)
    assert result.fit.status == "converged"
    assert not any(found[key] for key in (("tau", None), ("beta1", 0), ("beta1", 1), ("beta0", 0)))
    assert all(found["|beta1|/tau", i] for i in (0, 1))
    assert all(e.se > 0 for e in result.estimates if e.parameter in ("|beta1|/tau", "beta0/tau"))
    assert result.answer.startswith(
        "Not identifiable: tau, beta1, beta0; --tau 1 holds tau. Identifiable up to a twin: "
        "a, b, nu, beta1/|beta1|, |beta1|/tau, beta0/tau, the density and predictions."
    )


@pytest.mark.parametrize("name", ["abs", "z**3", "log(abs(z))"])
def test_in_the_free_gauge_of_one_covariate_only_differences_count(name):
    x, y = draw(LINE, name)
    gate = compiled(name)
    found = fits.fit_points(Layout(2, 1, "free"), gate, Points(x, y), box=BOX, starts=2, seed=0)
    proved = proved_of(found, gate, Points(x, y))
    assert len(proved.flows) >= 2
    for flow in proved.flows:
        assert slope_along(flow, gate, found) < 1e-12
    values = verdicts(fit(x, y, fitted=2, activation=name, starts=2))
    assert not any(verdict for (parameter, _), verdict in values.items() if parameter in ("tau", "beta1"))
    powers = {key: verdict for key, verdict in values.items() if key[0].startswith(("|beta1|", "sgn"))}
    assert all(" - " in parameter and verdict for (parameter, _), verdict in powers.items())


@pytest.mark.parametrize(
    ("name", "options"),
    [("relu", {"gauge": "anchored"}), ("abs", {"gauge": "anchored", "tau": None}), ("hardtanh", {"tau": 0.5})],
)
def test_the_bound_of_tau_takes_no_standard_error_from_what_a_homogeneous_gate_determines(name, options):
    x, y = draw(truth([[1.2], [0.0]]), name)
    box = Box(50.0, 50.0, (2.0, 2.1), 50.0, 50.0, (1e-3, 4.0))
    result = fit(x, y, fitted=2, activation=name, starts=2, box=box, **options)
    if options.get("tau") is None:
        assert result.fit.bounds == (("tau", None),)
        (power,) = (e for e in result.estimates if e.parameter == "|beta1|/tau")
        assert power.identifiable
        assert power.se > 0
    else:
        assert all(verdicts(result).values())


def at(measure, name, layout, x, y, box=BOX):
    """A fit that has not moved from a measure."""
    return fits.fit_points(
        layout,
        compiled(name),
        Points(x, y),
        box=box,
        starts=0,
        seed=0,
        known_starts=[layout.pack(measure)],
        max_passes=1,
    )


@pytest.mark.parametrize(
    ("name", "beta1", "flows", "twin", "said"),
    [
        ("gelu", [[1.0], [-1.0]], 1, False, "the fit is at a mirror point"),
        ("tanh", [[1.0], [-1.0]], 0, True, "another temperature as well, tau = 0.25"),
        ("tanh", [[1.0], [0.0]], 0, True, "another temperature as well, tau = 1"),
        ("tanh", [[1.0], [1.0]], 2, False, "does not depend on x"),
        ("log(1 + z**2)", [[1.0], [-1.0]], 2, False, "does not depend on x"),
        ("tanh", [[1.0], [0.3]], 0, False, None),
        ("mish", [[1.0], [-1.0]], 0, False, None),
    ],
)
def test_special_places_are_found(name, beta1, flows, twin, said):
    """Where a fit is at a mirror point, or at its twin, theory says no, whatever the information is."""
    measure, layout = truth(beta1), Layout(2, 1, "free")
    x, y = draw(measure, name, 5000)
    fitted = at(measure, name, layout, x, y)
    proved = proved_of(fitted, compiled(name), Points(x, y))
    assert (len(proved.flows), proved.twin) == (flows, twin)
    assert [note for note in proved.notes if said and said in note] == list(proved.notes)
    for flow in proved.flows:
        assert slope_along(flow, compiled(name), fitted) < 1e-12


def test_a_singular_point_has_no_more_flows_than_its_model():
    """Squares of three atoms of the plane, two of them parallel: more directions are flat, and to first order only."""
    beta1 = [[2.0, 1.0], [-1.0, -0.5], [0.3, -0.8]]
    g = MixingMeasure(beta1, [0.4, -0.2, 0.0], 0.5, [[1.5, 0.5], [-1.0, 0.3], [0.2, 0.1]], [1.0, -1.5, 0.0], [0.25] * 3)
    x, y = draw(g, "z**2", 300)
    proved = proved_of(at(g, "z**2", Layout(3, 2, "free"), x, y), compiled("z**2"), Points(x, y))
    assert len(proved.flows) == proved.open_dimensions == 1


@pytest.mark.parametrize(("bounds", "tau"), [((0.02, 50.0), 1.0), ((2.0, 8.0), 4.0)])
def test_the_linear_gate_has_the_ratios_of_a_softmax_gate_at_a_temperature_of_its_box(bounds, tau):
    x, y = draw(LINE, "z")
    softmax = fit(x, y, fitted=2, gate="softmax", starts=2)
    linear = fit(x, y, fitted=2, starts=2, box=Box(50.0, 50.0, bounds, 50.0, 50.0, (1e-3, 4.0)))
    assert linear.estimates[0].value == pytest.approx(tau)
    assert [e.parameter for e in linear.estimates if not e.identifiable] == ["tau", "beta1", "beta0"]
    assert all((e.se is None) == (e.parameter in ("tau", "beta1", "beta0")) for e in linear.estimates)
    assert linear.warnings[0] == "tau is not identifiable with the linear gate: only beta1/tau and beta0/tau are"
    assert (linear.fit.status, len(linear.fit.flat_directions)) == ("converged", 1)
    assert linear.log_likelihood == pytest.approx(softmax.log_likelihood, abs=1e-6)
    assert linear.n_parameters == softmax.n_parameters == 8
    assert linear.aic == pytest.approx(softmax.aic, abs=1e-4)
    assert linear.bic == pytest.approx(8 * np.log(len(y)) - 2 * linear.log_likelihood)
    for name in ("beta1", "beta0", "a", "b", "nu"):
        theirs = sorted((abs(e.value), e.se) for e in softmax.estimates if e.parameter == name)
        ours = sorted(
            (abs(e.value), e.se) for e in linear.estimates if e.parameter.removesuffix("/tau") == name and e.se
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_a_narrow_box_holds_the_ratios_of_the_linear_gate_at_its_edge():
    x, y = draw(LINE, "z")
    narrow = fit(x, y, fitted=2, starts=2, box=Box(0.1, 50.0, (0.5, 2.0), 50.0, 50.0, (1e-3, 4.0)))
    assert set(narrow.fit.bounds) == {("tau", None), ("beta1", 0)}
    assert abs(next(e.value for e in narrow.estimates if e.parameter == "beta1/tau")) == pytest.approx(0.2)


def test_a_twin_outside_of_the_box_leaves_tau_identifiable():
    measure, layout = truth([[1.0], [-1.0]]), Layout(2, 1, "free")
    x, y = draw(measure, "tanh")
    narrow = Box(50.0, 50.0, (0.3, 50.0), 50.0, 50.0, (1e-3, 4.0))
    proved = proved_of(at(measure, "tanh", layout, x, y, narrow), compiled("tanh"), Points(x, y))
    assert not proved.twin
    assert not proved.notes


def test_a_valley_of_the_temperature_is_followed_to_its_end():
    """log(1 + z^2) on these data of relu: the profile of tau rises to the edge of the box."""
    x, y = draw(truth([[1.0], [0.3]]), "relu", 1000)
    options = {"fitted": 2, "activation": "log(1 + z**2)", "starts": 2}
    end = fit(x, y, **options).fit
    edge = end.box.tau[0]
    profile = [fit(x, y, tau=tau, **options).fit.log_likelihood for tau in (5 * edge, edge)]
    assert profile == sorted(profile)
    assert end.status == "at_bound"
    assert end.bounds == (("tau", None),)
    assert end.measure.tau == pytest.approx(edge)
    assert end.log_likelihood == pytest.approx(profile[-1], abs=1e-6)


def test_a_profile_of_the_temperature_that_hardly_falls_is_told():
    """The warnings state the relative error of tau, and by how much the likelihood falls where tau is held low."""
    x, y = draw(truth([[0.6, -0.5], [-0.3, 0.2]], tau=0.8), "abs", 500, 4)
    options = {"fitted": 2, "activation": "log(1 + z**2)", "starts": 2}
    result = fit(x, y, **options)
    tau = result.estimates[0]
    fall = result.fit.log_likelihood - fit(x, y, tau=result.fit.box.tau[0], **options).fit.log_likelihood
    assert result.fit.status == "converged"
    assert tau.se > tau.value
    assert fall < 1
    said = " ".join(result.warnings)
    assert f"the standard error of tau is {tau.se / tau.value:.2g} times tau" in said
    told = re.search("the profile likelihood of tau falls by only ([0-9.e-]+) .*: the data give no lower bound", said)
    assert float(told[1]) == pytest.approx(fall, rel=0.06)


KINKED = [
    (MixingMeasure([[2.0], [0.0]], [0.5, 0.0], 1.0, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5]), 2),
    (MixingMeasure([[1.0], [0.0]], [0.3, 0.0], 0.5, [[1.0], [-1.0]], [1.0, -1.0], [0.3, 0.3]), 3),
]
OPTIONS = {"fitted": 2, "activation": "hardtanh", "gauge": "anchored", "starts": 2}


def test_a_flat_part_of_the_likelihood_is_left_where_a_higher_point_lies_behind_its_end():
    """hardtanh below its kinks is linear: most starts end there, and a higher maximum lies beyond the kink."""
    x, y = draw(KINKED[0][0], "hardtanh", 200, KINKED[0][1])
    result = fit(x, y, **OPTIONS)
    held = [fit(x, y, tau=tau, **OPTIONS).log_likelihood for tau in (0.3, 0.5, 0.65)]
    assert held[0] == pytest.approx(held[1], abs=1e-6)  # the flat part
    assert result.log_likelihood > held[2] - 1e-3 > held[1] + 1e-2
    assert np.abs(x @ result.fit.measure.beta1.T).max() > 1
    assert result.estimates[0].identifiable
    assert not any("is flat" in w or "singular" in w for w in result.warnings)


def test_a_flat_maximum_is_told_with_the_profile_that_shows_it():
    x, y = draw(KINKED[1][0], "hardtanh", 200, KINKED[1][1])
    result = fit(x, y, **OPTIONS)
    held = [fit(x, y, tau=tau, **OPTIONS).log_likelihood for tau in (0.05, 0.15, 0.8)]
    assert held[:2] == pytest.approx([result.log_likelihood] * 2, abs=1e-6)
    assert max(held) <= result.log_likelihood + 1e-6
    assert not any(e.identifiable for e in result.estimates if e.parameter in ("tau", "beta1", "beta0"))
    assert [w for w in result.warnings if "is flat" in w] == [
        "the likelihood is flat at the maximum that was found: there the data do not determine tau, beta1 of atom 0, "
        "beta0 of atom 0"
    ]


@pytest.mark.parametrize(
    ("hidden", "plain"),
    [
        ("atan(z) + atan(1/z)", "sign"),
        ("z**2*(atan((1 + z)/(1 - z)) - atan(z))", "where(z < 1, pi/4, -3*pi/4)*z**2"),
    ],
)
def test_a_step_behind_a_pole_leaves_as_many_parameters_open_as_the_step(hidden, plain):
    measure, layout = truth([[1.2], [-0.5]]), Layout(2, 1, "free")
    x, y = draw(measure, plain, 300)
    one, other = (proved_of(at(measure, name, layout, x, y), compiled(name), Points(x, y)) for name in (hidden, plain))
    assert one.open_dimensions == other.open_dimensions
    here, there = (np.linalg.pinv(proved.flows) @ proved.flows for proved in (one, other))
    np.testing.assert_allclose(here, there, atol=1e-8)
