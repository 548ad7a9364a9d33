"""Which activations have twins (theory 2.3.4): what is answered, and that each identity holds.

data/twins.json has unique, the maps of all twins with where they hold, and the answer, by activation, atoms and gauge.
"""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

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
