"""The test of residuals keeps its level on data of the model, and finds other noise and outliers."""

import numpy as np

from temperance.numerics.estimation.mixture import Mixture
from temperance.numerics.estimation.sizes import departure, light_and_broad
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.points import Points
from temperance.theory.models import by_name

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
