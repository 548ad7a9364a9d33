"""The number of experts of data with a known number, and what is refused."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from temperance import MixingMeasure, fit, sample
from temperance.numerics.estimation.merge import FittedMixture, Held, count_lines
from temperance.numerics.estimation.residuals import departure, light_and_broad, outliers
from temperance.numerics.estimation.sizes import Sizes, marginals, sizes
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.points import Points
from temperance.theory.models import by_name

TRUTH = MixingMeasure(
    np.array([[1.5], [0.0]]),
    np.zeros(2),
    np.array(1.0),
    np.array([[0.5], [-0.5]]),
    np.array([2.0, -2.0]),
    np.full(2, 0.5),
)


@pytest.fixture(scope="module")
def data():
    return sample(TRUTH, "z", 1000, seed=1)


@pytest.fixture(scope="module")
def found(data):
    return sizes(*data, 3, gate="softmax")


def test_two_experts_that_are_apart_are_counted(found):
    assert found.by_bic == 2
    assert found.range == (2, 2)
    assert [found.at_resolution(s) for s in (0.1, 0.05, 0.02)] == [2, 2, 2]
    assert not found.misspecified


def test_a_fit_of_more_experts_is_no_lower(found, data):
    levels = [f.log_likelihood for f in found.fits]
    assert levels == sorted(levels)
    for k, level in enumerate(levels[:2], 1):
        assert level >= fit(*data, fitted=k, gate="softmax", starts=2).log_likelihood - 1e-3


def test_more_experts_than_bic_takes_have_no_tiny_variances(found):
    least = found.fits[1].fit.measure.nu.min()
    assert found.fits[2].fit.measure.nu.min() >= 0.3 * least * (1 - 1e-9)


def test_criteria_of_one_expert_are_those_of_a_regression(found, data):
    x, y = data[0][:, 0], data[1]
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    level = -len(y) / 2 * (np.log(2 * np.pi * left.var()) + 1)
    assert found.fits[0].log_likelihood == pytest.approx(level, rel=1e-9)
    assert found.sbic[0][0] == pytest.approx(-2 * level + 3 * np.log(len(y)), rel=1e-9)


def test_the_singular_bic_charges_less_than_bic(found):
    for fit_, pair in zip(found.fits[1:], found.sbic[1:], strict=True):
        assert pair[1] <= fit_.bic + 1e-6
    assert found.charges[2][1].upper == 5  # theory: two true experts, three fitted, d = 1


def test_a_lower_end_takes_a_lower_bound_and_a_multiplicity(found):
    for change in ({"lower": None}, {"multiplicity": None}):
        first, (one, two), third = found.charges
        changed = replace(found, charges=(first, (replace(one, **change), two), third))
        lows, highs = zip(*changed.sbic, strict=True)
        assert lows[0] == found.sbic[0][0]
        assert lows[1:] == (None, None)
        assert None not in highs


def test_resolutions_count_merges(found):
    heights = found.heights
    assert len(heights) == 2
    assert found.resolution(1) == (max(heights), None)
    doubled = replace(
        found, mergers=tuple(m._replace(height=h) for m, h in zip(found.mergers, (0.3, 0.1), strict=True))
    )
    assert doubled.at_resolution(0.2) == 3
    assert doubled.at_resolution(0.4) == 1
    assert doubled.resolution(2) is None


def test_fits_without_coefficients_have_bic_alone():
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, 200)
    y = np.where(x > 0, 2 + x, -2 - x) + rng.normal(0, 0.5, 200)
    found = sizes(x, y, 2, activation="hardtanh", gauge="anchored", starts=2)
    assert found.charges is None
    assert "kink" in found.silence
    assert found.range == (found.by_bic, found.by_bic)


FEW = "20 points are fewer than two for each of the 13 numbers that are fitted for 3 atoms; accepted: --most 2"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most": 1}, "most must be at least 2"),
        ({"y": np.ones(60)}, "y is 1 at every point"),
        ({"points": 20}, FEW),
        ({"points": 20, "gate": "beta1*x1"}, FEW),
        ({"points": 25, "gate": "linear"}, "25 points are fewer than two for each of the 13 numbers"),  # no tau
        ({"points": 7}, "7 points are fewer than the 8 numbers that are fitted for 2 atoms; accepted: more points"),
        ({"weights": -np.ones(60)}, "weight"),
    ],
)
def test_what_makes_no_answer_is_refused_before_a_second_fit(data, change, message):
    x, y = (part[: change.get("points", 60)] for part in data)
    given = {"x": x, "y": y, "most": 3, "gate": "softmax", **change}
    given.pop("points", None)
    with pytest.raises(ValueError, match=message):
        sizes(given.pop("x"), given.pop("y"), given.pop("most"), progress=lambda *_: pytest.fail("a fit"), **given)


# -- the singular BIC against its equations, and in the cases where it is known


def test_one_model_is_charged_as_by_bic():
    (found,) = marginals([-100.0], [[(2.5, 1)]], 50)
    assert found == pytest.approx(-100 - 2.5 * np.log(50), rel=1e-15)


def test_regular_models_are_charged_as_by_bic():
    """With lambda_kj = p_k/2 for every j all models agree on L_kj, and x_k = exp(L_kk)."""
    sizes = (2, 5, 8)
    found = marginals([-100.0, -80.0, -79.0], [[(p / 2, 1)] * (k + 1) for k, p in enumerate(sizes)], 200)
    assert found == pytest.approx([l - p / 2 * np.log(200) for l, p in zip((-100, -80, -79), sizes, strict=True)])


@pytest.mark.parametrize("levels", [[-50.0, -48.0, -47.5], [-1000.0, -600.0, -599.0], [-50.0, -49.9, -20.0]])
def test_the_fixed_point_is_solved(levels):
    """The equations of Drton and Plummer, in 60 digits: x_k = sum_j x_j exp(L_kj) / sum_j x_j over j <= k."""
    charges = [[(1.5, 1)], [(2.5, 2), (4.0, 1)], [(3.5, 1), (5.0, 1), (6.5, 1)]]
    n = 300
    found = marginals(levels, charges, n)
    with mpmath.workdps(60):
        x = []
        for k, level in enumerate(levels):
            at = [
                mpmath.exp(mpmath.mpf(level) - mpmath.mpf(lam) * mpmath.log(n) + (m - 1) * mpmath.log(mpmath.log(n)))
                for lam, m in charges[k]
            ]
            if k == 0:
                x.append(at[0])
                continue
            b = sum(x) - at[k]
            c = sum(a * before for a, before in zip(at, x, strict=False))
            x.append((-b + mpmath.sqrt(b * b + 4 * c)) / 2)
            total = sum(x)
            assert mpmath.almosteq(x[k], sum(a * v for a, v in zip(at, x, strict=True)) / total, rel_eps=1e-30)
        exact = [float(mpmath.log(v)) for v in x]
    assert found == pytest.approx(exact, rel=1e-12)


# -- the test of residuals keeps its level on data of the model, and finds other noise and outliers


FORMULAS = formulas_of(by_name.model("linear", "gaussian", None, 1))
TWO = Mixture(
    FORMULAS,
    np.array([[0.0, 1.0], [0.0, 0.0]]),
    np.ones(1),
    np.array([[0.5, 1.0], [-0.5, -1.0]]),
    np.array([0.5, 0.5]),
)


def drawn(n, seed, noise):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, (n, 1))
    atom = (rng.random(n) >= TWO.probabilities(x)[:, 0]).astype(int)
    return x, TWO.means(x)[np.arange(n), atom] + np.sqrt(0.5) * noise(rng, n)


def normal(rng, n):
    return rng.standard_normal(n)


def test_data_of_the_model_are_rejected_at_the_level():
    """Of 80 data sets 1% at most are expected to be: more than 4 have a probability below 0.2%."""
    rejected = sum(departure(TWO, Points(*drawn(150, seed, normal))) is not None for seed in range(80))
    assert rejected <= 4


def test_noise_with_heavy_tails_is_found():
    found = [departure(TWO, Points(*drawn(2000, s, lambda r, n: r.standard_t(4, n) / 2**0.5))) for s in range(2)]
    assert all(f is not None for f in found)


def test_whole_weights_are_repeated_points():
    x, y = drawn(400, 1, lambda r, n: r.standard_t(3, n) / 3**0.5)
    once = departure(TWO, Points(np.repeat(x, 2, axis=0), np.repeat(y, 2)))
    assert departure(TWO, Points(x, y, np.full(400, 2.0))) == once
    assert departure(TWO, Points(x, y, np.full(400, 0.5))) is None


def test_a_light_and_broad_expert_is_named():
    own = np.array([[0.0, 0.0], [0.0, 0.0], [np.log(0.03), 0.0]])
    three = Mixture(FORMULAS, own, np.ones(1), np.vstack([TWO.lines, [0.0, 0.0]]), np.array([0.5, 0.5, 20.0]))
    rng = np.random.default_rng(0)
    x, y = drawn(1000, 3, normal)
    outlying = rng.random(1000) < 0.02
    y = np.where(outlying, rng.uniform(-12, 12, 1000), y)
    assert light_and_broad(three, Points(x, y)) == (2,)
    assert light_and_broad(TWO, Points(x, y)) == ()


def test_points_far_off_are_named_and_points_of_the_model_are_not():
    x, y = drawn(1000, 3, normal)
    assert outliers(TWO, Points(x, y)) == {}
    y[[17, 400]] = [50.0, -90.0]
    far = outliers(TWO, Points(x, y))
    assert list(far) == [400, 17]
    nearest = np.abs(y[17] - TWO.means(x)[17]).min() / np.sqrt(0.5)
    assert far[17] == pytest.approx(nearest)
    own = np.array([[0.0, 0.0], [0.0, 0.0], [np.log(0.03), 0.0]])
    three = Mixture(FORMULAS, own, np.ones(1), np.vstack([TWO.lines, [0.0, 0.0]]), np.array([0.5, 0.5, 3e3]))
    assert list(outliers(three, Points(x, y))) == [400, 17]  # of the others, where one stands for outliers


@pytest.mark.parametrize(("d", "numbers"), [(1, 5), (10, 23)])
def test_merges_cost_no_more_than_noise_below_what_bic_charges_for_an_expert(d, numbers):
    """With ten columns an expert of nothing gains more: parts of one expert are not told apart at .05 and .025."""
    rng = np.random.default_rng(1)
    one = fit(rng.normal(size=(800, d)), rng.normal(size=800), fitted=1, gate="softmax")
    assert Sizes((one,), (), None, "").noise == pytest.approx(numbers * np.log(800) / 1600)


# -- lines whose noise has any shape: atoms of one line are one, lines that lie apart are not, whatever the units


X = np.linspace(-3, 3, 61)[:, None]
WIDE = ([0.0, 0.0], [0.5, 2.0], 0.5)  # beta0 and beta1; a and b; nu
LOW = ([0.0, 1.0], [-0.5, -2.0], 0.5)


def lines_of(*atoms, gaussian=False, scale=1.0):
    own, lines, nu = map(np.array, zip(*atoms, strict=True))
    mixture = Mixture(FORMULAS, own, np.ones(1), lines * scale, nu * scale**2)
    held = Held((0, 1), (0.0, 0.0), True, False)
    fitted = FittedMixture(mixture, held, Points(X, X[:, 0]), None, ((), (), ()))  # neither model nor names are asked
    lines = count_lines(fitted, fitted, gaussian=gaussian)
    return lines.low, lines.count, lines.high


@pytest.mark.parametrize(
    ("atoms", "count"),
    [
        ([WIDE], 1),
        ([WIDE, LOW], 2),
        ([WIDE, ([-1.0, 0.0], [0.5, 2.0], 3.0)], 1),  # heavy tails
        ([WIDE, ([-4.0, 0.0], [-1.0, -1.0], 25.0)], 1),  # outliers
        ([WIDE, ([-1.0, 0.0], [0.5, 3.0], 1.5)], 1),  # skewness
        ([([0.0, 2.0], [0.5, 2.0], 0.5), ([0.0, -2.0], [0.5, 2.0], 0.1)], 1),  # a variance that grows
        ([WIDE, LOW, ([-1.0, 1.0], [-0.5, -2.0], 3.0)], 2),
        ([WIDE, ([-5.0, 0.0], [0.5, -4.0], 0.5)], 1),  # a few outliers on a line
        ([([0.0, 9.0], [2.0, 0.0], 0.1), ([0.0, 0.0], [-2.0, 0.0], 0.1)], 2),  # a mean with a kink
    ],
)
def test_lines_are_counted_and_the_shapes_of_noise_are_not(atoms, count):
    assert lines_of(*atoms) == (count, count, count)
    assert lines_of(*atoms[::-1], scale=1e-3) == (count, count, count)


def test_close_lines_are_a_range_which_gaussian_noise_widens():
    apart = [([0.0, 0.0], [0.0, c], 0.5) for c in (0.0, 1.5)]  # S is 1.06
    assert lines_of(*apart) == (1, 1, 2)
    nearer = [([0.0, 0.0], [0.0, c], 0.5) for c in (0.0, 1.0)]  # .71
    assert lines_of(*nearer) == (1, 1, 1)
    assert lines_of(*nearer, gaussian=True) == (1, 1, 2)
