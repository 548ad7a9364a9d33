"""Where the likelihood of a fit has no maximum, `fit` says so; where it has one, or nothing is proved, it does not."""

from dataclasses import replace
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from temperance.numerics.estimation.data import Units
from temperance.numerics.estimation.fit import fit
from temperance.numerics.estimation.identifiability import _rises, separated
from temperance.numerics.fitting.fits import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.points import Points

pytestmark = pytest.mark.usefixtures("few_climbs")

NOISE = np.random.default_rng(5).normal(size=400)


def line(n, seed):
    """Experts that cross at -4/3, split at 0: near the crossing each fits some points of the other better."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n)
    return x, np.where(x > 0, 2 * x + 1, -x - 3) + 0.3 * rng.normal(size=n)


def half_line():
    x = np.linspace(0.1, 3, 40)
    return x, np.where(x > 1.5, 5.0, -5.0) + 0.3 * NOISE[:40]


def sectors(n=90):
    """Three sectors of the plane, none of which a line separates from the two others."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False) + 0.01
    x = np.column_stack([np.cos(angle), np.sin(angle)]) * (1 + np.arange(n) % 3)[:, None]
    third = (angle // (2 * np.pi / 3)).astype(int)
    return x, np.array([-20.0, 0.0, 20.0])[third] + 0.3 * NOISE[:n]


def groups(n=120):
    """A column of -1, 0 and 1 that tells the expert, but at 0, where the experts overlap in the other column."""
    rng = np.random.default_rng(8)
    x1, x2 = rng.uniform(-2, 2, n), np.arange(n) % 3 - 1
    first = (x2 > 0) | ((x2 == 0) & (rng.random(n) < 1 / (1 + np.exp(-x1))))
    return np.column_stack([x1, x2]), np.where(first, 5.0, -5.0) + 0.3 * NOISE[:n]


def overlap():
    x = np.linspace(-3, 3, 200)
    return x, np.where(np.random.default_rng(2).random(200) < 1 / (1 + np.exp(-2 * x)), x + 4, -x - 4) + 0.5 * NOISE[
        :200
    ]


def one_overlap():
    """x of whole numbers, split at 2, but that some points at 2 are of each expert."""
    x = np.repeat(np.arange(5.0), 12)
    first = (x > 2) | ((x == 2) & (np.arange(60) % 3 == 0))
    return x, np.where(first, 5.0, -5.0) + 0.3 * NOISE[:60]


SEPARATED = {
    "40 points": (line(40, 0), {}),
    "200 points, some nearer to the other line": (line(200, 3), {}),
    "tau held": (line(40, 0), {"gate": "softmax"}),
    "tanh": (line(40, 0), {"activation": "tanh", "gauge": "anchored"}),
    "relu, tau held": (half_line(), {"activation": "relu", "tau": 1.0, "gauge": "anchored"}),
    "three atoms, three sectors": (sectors(), {"fitted": 3, "gate": "softmax"}),
    "groups": (groups(), {"gate": "softmax"}),
    "one value of x with both": (one_overlap(), {}),
}


@pytest.mark.parametrize("case", SEPARATED)
def test_a_likelihood_without_a_maximum_is_told(case):
    (x, y), options = SEPARATED[case]
    result = fit(x, y, **{"fitted": 2, "starts": 3, **options})
    assert result.separated
    assert result.status == "separated" == result.to_json()["status"]
    assert sum("the likelihood has no maximum" in w for w in result.warnings) == 1
    assert "The search ended at no maximum, for there is none." in result.answer
    told = {(e.parameter, e.atom): e for e in result.estimates}
    gates = [e for (name, _), e in told.items() if name.startswith("beta")]
    assert gates
    assert all(e.se is None and not e.identifiable for e in gates)
    assert any(e.verdict == "not told: there is no maximum" for e in gates)
    assert all(e.se > 0 for (name, _), e in told.items() if name == "b")
    assert result.aic is not None  # the log-likelihood is near its bound


def steeper(measure, factor, name):
    """The measure on the ray along which all logits grow by a factor."""
    if name == "z":
        return replace(measure, beta1=measure.beta1 * factor, beta0=measure.beta0 * factor)
    return replace(measure, tau=measure.tau / factor)


@pytest.mark.parametrize(("case", "name"), [("40 points", "z"), ("tau held", "z"), ("tanh", "tanh")])
def test_the_likelihood_rises_along_the_ray_as_long_as_doubles_tell(case, name):
    """By other code: the whole likelihood, with more digits, at gates ever steeper than that of the fit."""
    (x, y), options = SEPARATED[case]
    measure = fit(x, y, **{"fitted": 2, "starts": 3, **options}).fit.measure
    s, exact = {"z": lambda z: z, "tanh": mpmath.tanh}[name], np.vectorize(mpmath.mpf, otypes=[object])

    def log_likelihood(factor):
        m, total = steeper(measure, factor, name), mpmath.mpf(0)
        slopes, beta0, a, b, nu = (exact(v) for v in (m.beta1[:, 0], m.beta0, m.a[:, 0], m.b, m.nu))
        for x_j, y_j in zip(exact(x), exact(y), strict=True):
            t = [(s(slopes[i] * x_j) + beta0[i]) / mpmath.mpf(float(m.tau)) for i in (0, 1)]
            f = [-((y_j - a[i] * x_j - b[i]) ** 2) / (2 * nu[i]) - mpmath.log(nu[i]) / 2 for i in (0, 1)]
            total += mpmath.log(mpmath.exp(t[0] + f[0]) + mpmath.exp(t[1] + f[1]))
            total -= mpmath.log(mpmath.exp(t[0]) + mpmath.exp(t[1]))
        return total

    with mpmath.workdps(400):
        values = [log_likelihood(2.0**i) for i in range(4)]
        assert all(low < high for low, high in pairwise(values))


NOT_SEPARATED = {
    "experts that overlap in x": (overlap(), {}),
    "overlap, tau held": (overlap(), {"gate": "softmax"}),
    "overlap, tanh": (overlap(), {"activation": "tanh", "gauge": "anchored"}),
    "overlap, three atoms": (overlap(), {"fitted": 3}),
    "a bounded gate, tau held": (line(40, 0), {"activation": "tanh", "gauge": "anchored", "tau": 0.5}),
    "one atom": (line(40, 0), {"fitted": 1}),
}


@pytest.mark.parametrize("case", NOT_SEPARATED)
def test_nothing_is_said_of_a_likelihood_that_may_have_a_maximum(case):
    (x, y), options = NOT_SEPARATED[case]
    result = fit(x, y, **{"fitted": 2, "starts": 3, **options})
    assert not result.separated
    assert result.status == result.fit.status
    assert not any("no maximum" in w for w in result.warnings)


def test_one_point_on_the_other_side_makes_a_maximum():
    """Split at 0 but for one point far inside: the likelihood of a steep gate falls, and the fit has errors."""
    x = np.linspace(-3, 3, 40)
    y = np.where(x > 0, 5.0, -5.0) + 0.3 * NOISE[:40]
    assert fit(x, y, fitted=2, starts=2).separated
    y[3] = 5.1
    result = fit(x, y, fitted=2, starts=2)
    assert not result.separated
    slope = next(e for e in result.estimates if e.parameter == "beta1/tau")
    assert 0 < slope.se < 10 * abs(slope.value)


def test_points_on_a_plane_in_doubles_only_are_no_proof():
    """Some points lie off the plane by a rounding: what is 0 in doubles may have the wrong sign."""
    x, y = groups()
    result = fit(x, y, fitted=2, starts=2, gate="softmax")
    assert result.separated
    points, units = Points(x, y), Units.of(Points(x, y), centred_x=True, centred_y=True)
    scaled = units.rescale(points)
    found = replace(result.fit, theta=np.linalg.solve(*reversed_units(units, result)))
    assert separated(found, compiled("z"), scaled, x) == (0,)
    moved = x.copy()
    moved[x[:, 1] == 0, 1] += 1e-15 * np.arange((x[:, 1] == 0).sum())
    assert separated(found, compiled("z"), scaled, moved) == ()


def reversed_units(units, result):
    matrix, shift = units.matrix(result.fit.layout)
    return matrix, result.fit.theta - shift


def test_the_ratio_of_an_atom_inside_has_its_error_where_another_is_at_the_edge():
    """Three atoms, the first split off for certain: its gate and tau are at the edge, the others keep theirs."""
    rng = np.random.default_rng(1)
    x = np.linspace(-2, 2, 300)
    inside = rng.random(300) < 1 / (1 + np.exp(-2 * x))
    y = np.where(x > 1, 20.0, np.where(inside, 3.0, -3.0)) + 0.3 * NOISE[:300]
    result = fit(x, y, fitted=3, starts=6, seed=1, box=Box(50.0, 50.0, (0.2, 50.0), 50.0, 50.0, (1e-3, 4.0)))
    assert result.status == "separated"
    assert {name for name, _ in result.fit.bounds} > {"tau"}
    (outer,) = np.flatnonzero(result.fit.measure.b > 10)
    assert f"splits the points of atom {outer} from the others" in " ".join(result.warnings)
    assert outer != 2  # the last atom, which the gauge holds, is one of the two
    ratios = {e.atom: e for e in result.estimates if e.parameter == "beta1/tau"}
    assert ratios[outer].caveat == "no maximum"
    alone = next(e for e in fit(x[x <= 1], y[x <= 1], fitted=2, starts=6).estimates if e.parameter == "beta1/tau")
    assert abs(ratios[1 - outer].value) == pytest.approx(abs(alone.value), rel=1e-3)
    assert ratios[1 - outer].se == pytest.approx(alone.se, rel=1e-2)


def test_a_ray_is_called_rising_only_where_it_rises():
    """Random points on either side of a gate, with more digits; of the rays called rising many have wrong points."""
    rng, called, mixed = np.random.default_rng(3), 0, 0
    for _ in range(400):
        n = int(rng.integers(2, 9))
        ray = rng.normal(size=n) * rng.choice([1.0, 5.0])
        odds = ray * rng.choice([0.0, 1.0, 4.0]) + rng.normal(size=n)
        gain = np.where(rng.random(n) < 0.85, 1, -1) * np.sign(ray) * rng.exponential(3.0, n)
        if not _rises(odds, gain, ray, Points(ray[:, None], ray)):
            continue
        called += 1
        mixed += bool((gain * ray < 0).any())
        with mpmath.workdps(60):
            values = [
                sum(
                    mpmath.log1p(mpmath.exp(u + r * d + g)) - mpmath.log1p(mpmath.exp(u + r * d))
                    for u, g, d in zip(odds, gain, ray, strict=True)
                )
                for r in map(mpmath.mpf, (0, 0.01, 0.1, 0.3, 1, 3, 10))
            ]
        assert all(low < high for low, high in pairwise(values))
    assert called > 80
    assert mixed > 8
