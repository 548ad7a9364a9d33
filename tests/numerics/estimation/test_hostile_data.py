"""Fits of data that no estimator likes: refused in one line, or ended with a status that says what happened.

Warnings are errors here as in every test, so that a storm of them would show.
"""

import json
import tracemalloc
from itertools import cycle

import numpy as np
import pytest

import temperance
from temperance.commands.app import run
from temperance.numerics.fitting.fits import Box
from temperance.numerics.studies.results import STATUSES

pytestmark = pytest.mark.usefixtures("few_climbs")

N = 200
RNG = np.random.default_rng(11)
X = RNG.uniform(-3, 3, N)
NOISE = RNG.normal(size=N)
FIRST = RNG.random(N) < 1 / (1 + np.exp(-2 * X))
Y = np.where(FIRST, X + 2, -X - 2) + 0.5 * NOISE


def box(tau, nu=(0.01, 10.0)):
    return Box(50.0, 50.0, tau, 50.0, 50.0, nu)


DATA = {
    "a mixture": (X, Y),
    "six points, each fifty times": (np.repeat(X[:6], 50), np.repeat(Y[:6], 50)),
    "two points, each fifty times": (np.repeat(X[:2], 50), np.repeat(Y[:2], 50)),
    "x of two values": (np.repeat([0.0, 1.0], N // 2), NOISE),
    "x of one value but for one": (np.r_[np.zeros(N - 1), 1.0], Y),
    "separated by the sign of x": (X, np.where(X > 0, 2 * X + 1, -X - 3) + 0.1 * NOISE),
    "separated, without noise": (X, np.where(X > 0, 2 * X + 1, -X - 3)),
    "one line, without noise": (X, 2 * X + 1),
    "one line, with the noise of rounding": (X, 2 * X + 1 + 1e-14 * NOISE),
    "y of two values": (X, np.where(X > 0, 1.0, 0.0)),
    "a column twice": (np.column_stack([X, X]), Y),
    "a column and its double": (np.column_stack([X, 2 * X]), Y),
    "a column and nearly its double": (np.column_stack([X, 2 * X + 1e-9 * NOISE]), Y),
    "a point far away in x": (np.r_[X[1:], 1e8], Y),
    "a point far away in y": (X, np.r_[Y[1:], 1e12]),
    "scales far apart": (1e30 * X, 1e-30 * Y),
    "far from the origin": (X + 1e8, Y + 1e10),
    "hardly more points than parameters": (X[:16], Y[:16]),
}
GATES = {
    "linear": {},
    "softmax": {"gate": "softmax"},
    "tanh": {"activation": "tanh"},
    "relu": {"activation": "relu", "gauge": "anchored"},
    "exp": {"activation": "exp(z)"},
    "a step": {"activation": "where(z > 0, 1, 0)"},
    "linear, tau held at 1e-6": {"tau": 1e-6},
    "tanh, tau held at 1e6": {"activation": "tanh", "tau": 1e6},
    "tau held at 1e-70": {"activation": "tanh", "tau": 1e-70},
    "tau held at 1e70": {"activation": "tanh", "tau": 1e70},
    "tau near 0 in the box": {"activation": "tanh", "box": box((1e-9, 1e-6))},
    "tau near 1e6 in the box": {"activation": "tanh", "box": box((1e5, 1e6))},
    "tau free to go to 0 or 1e6": {"box": box((1e-9, 1e6))},
    "nu far above the data": {"activation": "tanh", "box": box((0.02, 50.0), nu=(1e3, 1e4))},
    "nu far below the data": {"activation": "tanh", "box": box((0.02, 50.0), nu=(1e-9, 1e-8))},
}
SPOKEN = {"spike": "collapsed on fewer points", "max_steps": "ended before it reached a maximum"}


def check_says_what_happened(result):
    """A status, finite numbers, a warning for what is no estimate and for each parameter at the edge of the box."""
    fit = result.fit
    assert fit.status in STATUSES
    text = json.dumps(result.to_json(), allow_nan=False)
    assert all(warning.isprintable() for warning in result.warnings)
    for status, words in SPOKEN.items():
        assert any(words in warning for warning in result.warnings) == (fit.status == status)
    assert not (fit.status == "converged" and fit.bounds)
    assert fit.bounds or fit.status != "at_bound"
    for parameter, atom in fit.bounds:
        named = parameter if atom is None else f"{parameter} of atom {atom}"
        assert any(warning.startswith(f"{named} is at the edge of the box") for warning in result.warnings)
    if fit.status in SPOKEN:
        assert all(e.se is None and not e.identifiable for e in result.estimates)
    assert any("the likelihood has no maximum" in warning for warning in result.warnings) == result.separated
    return text


CASES = [(data, gate, fitted) for data, (_, y) in DATA.items() for gate in GATES for fitted in (2, 3)[: len(y) // 16]]
QUICK = [(*pair, 2) for pair in zip(DATA, cycle(GATES))]  # every data set and every gate


@pytest.mark.parametrize(
    ("data", "gate", "fitted"), [pytest.param(*case, marks=() if case in QUICK else pytest.mark.full) for case in CASES]
)
def test_a_fit_ends_and_says_how(data, gate, fitted):
    check_says_what_happened(temperance.fit(*DATA[data], fitted=fitted, starts=2, **GATES[gate]))


def test_what_is_known_of_hostile_data_is_said():
    """nu cannot but lie at its bound; a separated gate goes to the edge."""
    above = temperance.fit(X, Y, fitted=2, starts=2, **GATES["nu far above the data"])
    assert above.fit.status == "at_bound"
    assert {("nu", 0), ("nu", 1)} <= set(above.fit.bounds)
    below = temperance.fit(X, Y, fitted=2, starts=2, **GATES["nu far below the data"])
    assert below.fit.status in ("at_bound", "spike", "max_steps")
    assert {name for name, _ in below.fit.bounds} >= {"nu"} or below.fit.status == "max_steps"
    separated = temperance.fit(*DATA["separated by the sign of x"], fitted=2, starts=3, gate="softmax")
    assert separated.fit.status == "at_bound"
    assert {name for name, _ in separated.fit.bounds} <= {"beta1", "beta0"}
    cold = temperance.fit(X, Y, fitted=2, starts=3, tau=1e6)
    warm = temperance.fit(X, Y, fitted=2, starts=3, tau=1.0)
    assert cold.fit.log_likelihood <= warm.fit.log_likelihood + 1e-6


def test_the_command_says_what_happened_and_prints_strict_json(tmp_path, capsys):
    path = tmp_path / "data.csv"
    np.savetxt(path, np.column_stack(DATA["separated, without noise"]), delimiter=",")
    assert run(["fit", str(path), "--fitted", "2", "--starts", "2", "--tau", "1e6", "--json"]) == 0
    captured = capsys.readouterr()
    record = json.loads(captured.out, parse_constant=pytest.fail)
    assert captured.err == ""
    assert record["status"] == "separated"
    assert any("the likelihood has no maximum" in warning for warning in record["warnings"])


def test_weights_that_are_shares_are_told():
    """Weights 1/n say that one point was seen."""
    result = temperance.fit(X, Y, fitted=2, starts=2, weights=np.full(N, 1 / N))
    assert any("the weights sum to 1 points, fewer than the 8 parameters" in w for w in result.warnings)
    assert not any("weights" in w for w in temperance.fit(X, Y, fitted=2, starts=2, weights=np.ones(N)).warnings)


def test_a_search_that_ends_short_of_a_maximum_at_a_kink_is_finished():
    """All starts lead to one ridge of hardtanh, where the last step of the best one gains no more than rounding."""
    rng = np.random.default_rng(77)
    x, noise = rng.uniform(-2, 2, 200), rng.normal(size=200)
    y = np.where(rng.random(200) < 1 / (1 + np.exp(-2 * x)), x + 2, -x - 2) + 0.5 * noise
    ends = [temperance.fit(x, y, fitted=2, activation="hardtanh", gauge="anchored", starts=starts) for starts in (2, 4)]
    # ridges are not followed: an end at a kink says max_steps where a climb from beside it still rises a little
    assert {end.status for end in ends} <= {"converged", "max_steps"}
    assert np.ptp([end.log_likelihood for end in ends]) < 0.01


@pytest.mark.machine_code  # sums in NumPy take long to trace
@pytest.mark.parametrize("data", ["scales far apart", "far from the origin", "tiny x, huge y"])
def test_formulas_of_hostile_data_take_bounded_memory(data):
    """The grid of lines has a bounded number of nodes, however wide the box is in the units of the data."""
    x, y = (part[:20] for part in {**DATA, "tiny x, huge y": (1e-30 * X, 1e30 * Y)}[data])
    asked = {"fitted": 2, "starts": 1, "gate": "beta1*x1", "expert": "a1*x1 + b"}
    temperance.fit(x, y, **asked)  # loads and compiles what every later fit finds, which is slow to trace
    tracemalloc.start()
    fit = temperance.fit(x, y, **asked).fit
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fit.status in STATUSES
    assert most < 200e6


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (30 * X + 20, {"gate": "softmax", "expert": "nonlinear:exp(z)"}),
        (X + 1e5, {"activation": "exp(z)"}),
        (30 * X + 1e5, {"activation": "exp(z)", "gauge": "anchored"}),
    ],
)
def test_exponentials_far_from_the_origin_overflow_in_silence(x, options):
    check_says_what_happened(temperance.fit(x, Y, fitted=2, starts=2, **options))
