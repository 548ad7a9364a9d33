"""Which activations have twins (theory 2.3.4): what is answered, and that each identity holds.

data/twins.json has unique, the maps of all twins with where they hold, and the answer, by activation, atoms and gauge.
At the end densities of theory 2.2.3, 2.3.5 and 2.4.1, written out here: mediants, a twin of z + z^3, cells of tanh.
"""

import json
import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import least_squares

import temperance
from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.twins.decision import NotDecided, parts, twins
from temperance.theory.twins.twin import holds

SWAP = "(b, c, beta0, tau) -> (-c, -b, beta0, tau)"

NOT_SMOOTH = (
    "sign(z)*sqrt(abs(z))",
    "-2*log(abs(z))",
    "log(abs(z)) + sign(z)",
    "log(z)",
    "3*step(z) - 1",
    "exp(-z**2) + sign(z)",
    "tanh(z) + step(z)",
    "relu(z - 1)",
    "max(abs(z), 1) + tanh(z)",
    "cos(z) + hardtanh(z)",
    "softshrink(z) + z**2",
    "where(abs(z) < 1, sign(z), z)",
)


ANSWERS = json.loads((Path(__file__).parent / "data" / "twins.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("setting", ANSWERS)
def test_the_table_of_answers(setting):
    name, atoms, gauge = setting.split("; ")
    found = twins(name, atoms=int(atoms), gauge=gauge)
    where = {twin.map: twin.to_json()["where"] for twin in found.twins}
    assert {"unique": found.unique, "twins": where, "answer": found.answer} == ANSWERS[setting]


@pytest.mark.parametrize("gauge", ["free", "anchored"])
@pytest.mark.parametrize("atoms", [2, 3])
def test_every_listed_identity_holds_exactly(atoms, gauge):
    names = [
        *list(CATALOGUE)[2 * (atoms - 2) + (gauge == "free") :: 4],
        "z + z**2",
        "z + z**3",
        "z**2 + z**3",
        "z**2 + z**4",
        "abs(z) + z**3",
        "z**3 + cos(z)",
        "abs(z)**(1/2)",
        *NOT_SMOOTH,
    ]
    found = [(name, twin) for name in names for twin in twins(name, atoms=atoms, gauge=gauge).twins]
    assert len(found) > 40
    assert [(name, twin.map) for name, twin in found if not holds(activation(name), twin)] == []


def test_identities_that_do_not_hold_are_refused():
    swap, equal, half = twins("tanh").twins[:3]
    for name, twin in (("gelu", swap), ("gelu", half), ("relu", swap), ("exp", half), ("hardswish", half)):
        assert not holds(activation(name), twin)
    assert holds(activation("gelu"), equal)
    inner = next(twin for twin in twins("hardtanh").twins if twin.reach is not None)
    assert not holds(activation("relu6"), swap)
    assert not holds(activation("tanh"), inner)


POLYNOMIALS_IN_DISGUISE = (
    "cos(2*z) - 1 + 2*sin(z)**2",
    "tanh(z)**2 + 1/cosh(z)**2",
    "asinh(z) - log(z + sqrt(1 + z**2))",
    "log(exp(z) + exp(-z)) - log(cosh(z))",
    "exp(z)*exp(-z)",
    "sqrt((1 + z**2)**2)",
    "erf(z) + erfc(z)",
    "gamma(z + 2) - (z + 1)*gamma(z + 1)",
    "3*asinh(z) - asinh(4*z**3 + 3*z)",
)


@pytest.mark.parametrize("disguised", POLYNOMIALS_IN_DISGUISE)
def test_a_polynomial_in_disguise_is_never_called_free(disguised):
    for text, place in ((f"tanh(z) + ({disguised})", 0), (f"cos(z) + z*({disguised})", 1)):
        try:
            found = parts(activation(text), {})
        except NotDecided:
            continue
        assert not found[place].is_free, text


def test_a_value_at_0_that_is_not_defined_is_in_no_twin():
    found = twins("sin(z)**2/z")
    assert [twin.map for twin in found.twins if twin.always] == [SWAP]
    assert not any(0 in (*twin.truth, *twin.image) for twin in found.twins)
    assert twins("sin(z)**2/z", gauge="anchored").unique is None


def test_result_is_frozen_and_speaks():
    found = temperance.twins("tanh")
    record = found.to_json()
    keys = ["activation", "atoms", "gauge", "unique", "twins", "reason", "gate_formula", "symmetries", "at_truth"]
    assert list(record) == keys
    assert [list(twin) for twin in record["twins"]] == [["map", "where", "identity"]] * len(found.found.twins)
    assert json.loads(json.dumps(record)) == record
    assert str(found).splitlines()[0] == found.found.answer
    with pytest.raises(AttributeError):
        found.found = None


@pytest.mark.parametrize("arguments", [{"atoms": 1}, {"atoms": 2.0}, {"atoms": True}, {"gauge": "linear"}])
def test_bad_input(arguments):
    with pytest.raises(ValueError, match=r"atoms must be 2 or more|accepted: free, anchored"):
        twins("tanh", **arguments)


def test_products_of_odd_and_even_functions_keep_their_parity():
    """A random law: o1 e1 + e2 has the parts that its factors say."""
    chosen = random.Random(5)
    odd, even = ["tanh(z)", "sin(z)", "atan(z)", "z"], ["cos(z)", "exp(-z**2)", "1/(1 + z**2)", "1"]
    for _ in range(6):
        o, e, f = chosen.choice(odd), chosen.choice(even), chosen.choice(even[:3])
        if (o, e) == ("z", "1"):
            continue
        found = parts(activation(f"{o}*{e}"), {})
        assert found[0].exponents == ()
        assert found[1].is_free
        both = parts(activation(f"{o}*{e} + {f}"), {})
        assert all(part.is_free for part in both)


def test_which_truths_a_twin_acts_on():
    """For log|z| with d = 1 only; (b.x)^2 - (c.x)^2 = (u.x)(w.x), with m u and w/m, for every d."""
    line = next(twin for twin in twins("log(abs(z))").twins if not twin.alone and twin.always)
    assert not line.acts_on_vectors
    assert line.acts_on([[2.0], [-3.0]])
    assert not line.acts_on([[2.0, 1.0], [-3.0, 1.0]])
    turned = twins("z**2").twins[2]
    assert turned.always
    assert turned.acts_on_vectors
    assert all(image.free_symbols >= set(turned.truth) for image in turned.image)
    (of_one_sign,) = (twin for twin in twins("cos(z) + step(z)").twins if twin.signs)
    assert of_one_sign.acts_on([[-2.0], [-3.0]])
    assert not of_one_sign.acts_on([[2.0], [-3.0]])


@pytest.mark.parametrize("name", ["sign", "3*step(z)"])
def test_an_identity_with_another_bias_is_refused(name):
    step = activation(name)
    half = next(twin for twin in twins(step).twins if twin.signs == "both")
    assert holds(step, half)
    assert not holds(step, replace(half, shift=()))
    assert not holds(step, replace(half, factor=half.factor / 2))


def test_a_truth_and_a_twin_of_its_temperature_can_be_joined():
    assert "(b, 0, beta0, tau) -> (0, -b, beta0, tau)" in twins("tanh", gauge="anchored").mediants
    assert twins("gelu", gauge="anchored").mediants is None
    assert "sqrt(b**2 + t)" in twins("z**2").mediants  # a translation of the scores


EXPERTS = ((1, 0, 0.5), (-1, 1, 0.3))
X = np.linspace(-3, 3, 61)


def density(weights, slopes, tau, experts, x, y):
    """At 50 digits, of a gate with s = tanh."""
    weight = [w * mp.exp(mp.tanh(b * x) / tau) for w, b in zip(weights, slopes, strict=True)]
    parts = (w * mp.npdf(y, a * x + b, mp.sqrt(nu)) for w, (a, b, nu) in zip(weight, experts, strict=True))
    return sum(parts) / sum(weight)


@pytest.mark.parametrize("w", [0.3, 5])
def test_a_twin_that_keeps_tau_has_mediants(w):
    with mp.workdps(50):
        tau, b, e = mp.mpf("0.5"), mp.mpf("1.3"), mp.exp(mp.mpf("0.4"))
        first, second = EXPERTS
        for x, y in ((-1.7, 0.3), (0.4, 1.9), (1.1, -2.2)):
            true = density([e, 1], [b, 0], tau, EXPERTS, mp.mpf(x), mp.mpf(y))
            four = [first, first, second, second]
            mixed = density([e, w * e, 1, w], [b, 0, 0, -b], tau, four, mp.mpf(x), mp.mpf(y))
            assert abs(true - mixed) < 1e-45
            other = density([e, w * e, 1, 2 * w], [b, 0, 0, -b], tau, four, mp.mpf(x), mp.mpf(y))
            assert abs(true - other) > 0.001 * true


@pytest.mark.parametrize("slopes", [(-1.613, -0.933, -0.318), (0.4, -1.1, 2.0)])
def test_three_atoms_of_z_plus_z3_have_a_twin(slopes):
    b = np.array(slopes)
    e1, e2 = b.sum(), sum(p * q for p, q in combinations(b, 2))
    scale = abs(e1) / np.sqrt(e1**2 - 3 * e2)
    twin = scale * b - e1 * (scale**2 - 1) / (3 * scale)

    def score(z):
        return z + z**3

    for i, j in combinations(range(3), 2):
        odds = score(b[i] * X) - score(b[j] * X) - (score(twin[i] * X) - score(twin[j] * X)) / scale
        assert np.ptp(odds) < 1e-10
    assert abs(scale - 1) > 0.01
    if slopes[0] == -1.613:
        assert scale == pytest.approx(2.553, abs=5e-4)
        assert twin == pytest.approx([-2.054, -0.319, 1.251], abs=1e-3)


def test_a_cell_of_tanh_beside_a_singleton_has_one_gate():
    """Log odds of a cell of two and a singleton, searched for those of a truth: a stratum of it, or of its twin."""
    b, c, tau = 1.3, -0.7, 0.5
    true = (np.tanh(b * X) - np.tanh(c * X)) / tau + 0.3

    def excess(p):
        own, beside = np.tanh(np.outer(p[:2], X)) / np.exp(p[3]), np.tanh(p[2] * X) / np.exp(p[3])
        return np.logaddexp(p[4] + own[0], p[5] + own[1]) - beside - true

    rng = np.random.default_rng(1)
    starts = [[*rng.uniform(-2, 2, 3), rng.uniform(-1.5, 0.5), *rng.uniform(-1, 1, 2)] for _ in range(16)]
    fits = [least_squares(excess, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=600) for start in starts]
    exact = [fit.x for fit in fits if fit.cost < 1e-12 and abs(fit.x[4] - fit.x[5]) < 5]  # no weight vanishes
    assert len(exact) > 1
    for first, second, beside, log_tau, *_ in exact:
        assert first == pytest.approx(second, abs=0.02)
        assert np.exp(log_tau) == pytest.approx(tau, abs=0.01)
        assert (round(first, 1), round(beside, 1)) in {(1.3, -0.7), (0.7, -1.3)}
