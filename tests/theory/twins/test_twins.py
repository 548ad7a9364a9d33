"""The table of theory 2.3.4: which activations have twins, in which gauge, and the identity of each."""

import json
import random
from dataclasses import replace

import mpmath as mp
import pytest

import temperance
from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.twins.decision import twins
from temperance.theory.twins.parts import NotDecided, parts
from temperance.theory.twins.twin import holds

SWAP = "(b, c, beta0, tau) -> (-c, -b, beta0, tau)"
REANCHOR = "(b, 0, beta0, tau) -> (0, -b, beta0, tau)"
SIGN = "(b, c, beta0, tau) -> (-b, c, beta0, tau)"
HALF = "(b, -b, beta0, tau) -> (b, 0, beta0/2, tau/2)"
MIRROR = "(b, -b, beta0, tau) -> (b*l, -b*l, l*beta0, l*tau)"
SCALE = "(b, c, beta0, tau) -> (b*l, c*l, l*beta0, l*tau)"

ODD = (
    "tanh",
    "sigmoid",
    "erf",
    "sin",
    "atan",
    "asinh(z) + 2",
    "softsign",
    "hardtanh",
    "tan",
    "asin",
    "sinh",
    "z*cos(z)",
)
ONE_POWER = ("gelu", "gelu_tanh", "silu", "softplus", "logsigmoid", "squareplus", "hardswish", "snake", "bent_identity")
NO_PARITY = (
    "mish",
    "elu",
    "selu",
    "exp",
    "tanh(z) + z**2",
    "relu6",
    "threshold",
    "tanhexp",
    "serf",
    "phish",
    "esh",
    "cloglog",
)
EVEN = ("sqrt(2)*sqrt(pi + z**2)", "cos", "log1p_square", "gaussian", "sech", "sinc", "log1p_abs")


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


def maps(found, always=None):
    return {twin.map for twin in found.twins if always is None or twin.always == always}


@pytest.mark.parametrize("name", ODD)
def test_odd_activations_have_the_swap_for_two_atoms(name):
    found = twins(name)
    assert found.unique is False
    assert maps(found, always=True) == {SWAP}
    assert HALF in maps(found, always=False)
    assert twins(name, atoms=3).unique is True
    assert {SWAP, HALF} <= maps(twins(name, atoms=3), always=False)


@pytest.mark.parametrize("name", ODD)
def test_odd_activations_may_change_the_anchor(name):
    assert maps(twins(name, gauge="anchored"), always=True) == {REANCHOR}
    assert twins(name, atoms=3, gauge="anchored").unique is True


@pytest.mark.parametrize("name", ONE_POWER)
def test_an_odd_part_that_is_one_power_has_an_orbit_at_mirror_points_only(name):
    for atoms in (2, 3):
        found = twins(name, atoms=atoms)
        assert found.unique is True
        assert MIRROR in maps(found, always=False)
    assert twins("z**3 + cos(z)").twins[1].map == "(b, -b, beta0, tau) -> (b*l, -b*l, l**3*beta0, l**3*tau)"
    anchored = twins(name, gauge="anchored")
    assert anchored.unique is True
    assert MIRROR not in maps(anchored)


@pytest.mark.parametrize("gauge", ["free", "anchored"])
@pytest.mark.parametrize("name", NO_PARITY)
def test_without_parity_only_constant_gates_have_twins(name, gauge):
    for atoms in (2, 5):
        found = twins(name, atoms=atoms, gauge=gauge)
        assert found.unique is True
        assert len([twin for twin in found.twins if twin.reach is None]) == 1


@pytest.mark.parametrize("name", EVEN)
def test_even_activations_have_signs(name):
    found = twins(name, atoms=4)
    assert found.unique is False
    assert maps(found, always=True) == {SIGN}


def test_homogeneous_activations_have_the_scale():
    for name in ("z", "relu", "leaky_relu", "abs"):
        assert SCALE in maps(twins(name), always=True)
        assert twins(name, gauge="anchored").unique is False
    assert "(b, c, beta0, tau) -> (b + d, c + d, beta0, tau)" in maps(twins("z"), always=True)
    assert twins("relu").twins[1].where == "where all beta1_i have one sign, d = 1"
    assert "(b, c, 0, beta0, tau) -> (b - c, 0, -c, beta0, tau)" in maps(twins("z", atoms=3, gauge="anchored"))


def test_two_powers_have_an_orbit_at_every_point():
    found = twins("z + z**2")
    assert found.unique is False
    assert found.twins[0].always
    assert twins("z + z**2", atoms=3).unique is True
    for name in ("z + z**3", "z**2 - z**3", "z**2 + z**4", "abs(z) + z**3"):
        assert any(twin.named for twin in twins(name).twins if twin.always)
    # (l b + r)^3 = l b^3 + r_3 has three real roots b: a twin of almost every truth is not excluded
    assert twins("z + z**3", atoms=3).unique is None
    assert "2 powers" in twins("z + z**3", atoms=3).reason
    assert twins("z + z**3", atoms=4).unique is True
    assert twins("z + z**3 + z**4", atoms=2).unique is None


def test_no_kink_reached_leaves_the_twins_of_the_inner_formula():
    inner = [twin for twin in twins("hardtanh").twins if twin.reach is not None]
    assert SCALE in {twin.map for twin in inner}
    assert all("|beta1_i x| < 1 on the support" in twin.where for twin in inner)
    assert "reaches the kinks" in twins("hardtanh").answer


@pytest.mark.parametrize("gauge", ["free", "anchored"])
@pytest.mark.parametrize("atoms", [2, 3])
def test_every_listed_identity_holds_exactly(atoms, gauge):
    names = [
        *CATALOGUE,
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
    assert len(found) > 100
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
    assert maps(found, always=True) == {SWAP}
    assert not any(0 in (*twin.truth, *twin.image) for twin in found.twins)
    assert twins("sin(z)**2/z", gauge="anchored").unique is None


def test_a_small_even_part_is_seen():
    assert twins("tanh(z) + z**2/10**30").unique is True
    assert maps(twins("tanh(z) + z**2/10**30"), always=True) == set()


@pytest.mark.parametrize("name", ["gamma", "loggamma", "LambertW", "acosh", "z + sign(z)", "z**2 + sign(z)"])
def test_what_is_not_decided_says_why(name):
    found = twins(name)
    assert found.unique is None
    assert found.reason
    assert found.reason in found.answer


def test_parameters_are_generic():
    assert twins("elu(z, alpha)").unique is True
    assert twins("softplus(z, beta)").unique is True
    assert "region" in twins("hardtanh(z, -c, c)").reason


def test_result_is_frozen_and_speaks():
    found = temperance.twins("tanh")
    record = found.to_json()
    assert list(record) == ["activation", "atoms", "gauge", "unique", "twins", "reason", "gate_formula", "symmetries"]
    assert [list(twin) for twin in record["twins"]] == [["map", "where", "identity"]] * len(found.found.twins)
    assert json.loads(json.dumps(record)) == record
    assert str(found).splitlines()[0] == found.found.answer
    assert "for every d" in found.found.answer
    assert "for d = 1" in twins("abs(z) + z**3").answer
    with pytest.raises(AttributeError):
        found.found = None


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("relu", "for every d"),
        ("abs", "for every d"),
        ("sign", "for every d"),
        ("z + z**2", "for every d"),  # (w.x)(1 + u.x), w = b - c, u = b + c
        ("abs(z) + z**3", "for d = 1"),
        ("gelu", "for every d"),
    ],
)
def test_maps_that_multiply_vectors_are_for_every_dimension(name, scope):
    assert scope in twins(name).answer


def test_two_steps_may_be_swapped_with_their_signs():
    assert SWAP in maps(twins("sign"), always=True)
    assert SWAP not in maps(twins("sign", atoms=3), always=True)
    anchored = twins("sign", gauge="anchored")
    assert maps(anchored, always=True) == {
        "(b, 0, beta0, tau) -> (b*l, 0, beta0, tau)",
        "(b, 0, beta0, tau) -> (0, -b, beta0 - 2*s(0), tau)",
    }


@pytest.mark.parametrize("arguments", [{"atoms": 1}, {"atoms": 2.0}, {"atoms": True}, {"gauge": "linear"}])
def test_bad_input(arguments):
    with pytest.raises(ValueError, match=r"atoms must be 2 or more|accepted: free, anchored"):
        twins("tanh", **arguments)


def test_products_of_odd_and_even_functions_keep_their_parity():
    """A random law: o1 e1 + e2 has the parts that its factors say."""
    chosen = random.Random(5)
    odd, even = ["tanh(z)", "sin(z)", "atan(z)", "z"], ["cos(z)", "exp(-z**2)", "1/(1 + z**2)", "1"]
    for _ in range(12):
        o, e, f = chosen.choice(odd), chosen.choice(even), chosen.choice(even[:3])
        if (o, e) == ("z", "1"):
            continue
        found = parts(activation(f"{o}*{e}"), {})
        assert found[0].exponents == ()
        assert found[1].is_free
        both = parts(activation(f"{o}*{e} + {f}"), {})
        assert all(part.is_free for part in both)


def where(found):
    return {twin.map: twin.where for twin in found.twins}


@pytest.mark.parametrize(("name", "mean"), [("sign", ""), ("heaviside", " - 1/2")])
def test_a_step_of_one_variable_has_two_temperatures(name, mean):
    """sgn(b x) - sgn(-c x) = 2 sgn(x), and sgn(b x) - 0 is half of it."""
    both, one = "where beta1 takes both signs, d = 1", "where all beta1_i have one sign, d = 1"
    found = where(twins(name))
    assert found[f"(b, -c, beta0, tau) -> (b, 0, beta0/2 + s(0){mean}, tau/2)"] == both
    assert found["(b, c, beta0, tau) -> (b, c, l*beta0, l*tau)"] == one
    three = where(twins(name, atoms=3))
    assert three[f"(b, -c, t, beta0, tau) -> (b, 0, t, beta0/2 + s(0){mean}, tau/2)"] == both
    assert three["(b, c, t, beta0, tau) -> (-b, -c, -t, l*beta0, l*tau)"] == one
    anchored = where(twins(name, atoms=3, gauge="anchored"))
    assert any(image.startswith("(b, 0, c, beta0, tau) -> (0, -t, 0, ") for image in anchored)


def test_a_logarithm_of_one_variable_leaves_the_temperature_open():
    """log|b x| - log|c x| = log|b/c|: the gate does not depend on x."""
    found = {twin.map: twin for twin in twins("log(abs(z))").twins}
    assert "(b, c, beta0, tau) -> (-b, c, beta0, tau)" in found
    bias = "l*beta0 + (l - 1)*log(Abs(b)) - (l - 1)*log(Abs(c))"
    twin = found[f"(b, c, beta0, tau) -> (b, c, {bias}, l*tau)"]
    assert twin.always
    assert not twin.acts_on_vectors
    assert twin.acts_on([[2.0], [-3.0]])
    assert not twin.acts_on([[2.0, 1.0], [-3.0, 1.0]])
    assert len(twins("log(abs(z)) + sign(z)").twins) == 3


def test_below_its_upper_kink_relu6_is_relu():
    found = where(twins("relu6"))
    inside = "beta1_i x is in (-oo, 6) on the support for both"
    assert found[SCALE] == f"where {inside}"
    translated = "(b, c, beta0, tau) -> (b + t, c + t, beta0, tau)"
    assert found[translated] == f"where all beta1_i have one sign, d = 1, and {inside}"
    assert "Truths that reach no kink have twins" in twins("relu6").answer


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("softshrink", "|beta1_i x| < 1/2"),
        ("hardshrink", "|beta1_i x| < 1/2"),
        ("relu(z - 1)", "beta1_i x is in (-oo, 1)"),
    ],
)
def test_an_atom_in_a_dead_zone_is_free_whatever_the_others_are(name, inside):
    dead = "(b, c, beta0, tau) -> (d, c, beta0, tau)"
    assert where(twins(name))[dead].startswith(f"atom by atom, where {inside} on the support for both; ")
    anchored = where(twins(name, atoms=3, gauge="anchored"))
    assert "(b, 0, beta0, tau) -> (d, 0, beta0, tau)" in anchored


def test_a_part_that_is_free_by_its_kink_only_has_twins_before_it():
    assert SWAP in maps(twins("max(abs(z), 1) + tanh(z)"), always=False)
    assert SIGN in maps(twins("softshrink(z) + z**2"), always=False)
    assert twins("softshrink(z) + z**2").unique is True
    assert "reaches a kink" in twins("hardswish").reason


def test_two_squares_turn_into_each_other():
    """(b.x)^2 - (c.x)^2 = (u.x)(w.x): u is multiplied by m, w divided by it."""
    twin = twins("z**2").twins[2]
    assert twin.always
    assert twin.acts_on_vectors
    assert all(image.free_symbols >= set(twin.truth) for image in twin.image)
    assert "hyperbola" in twins("z**2", atoms=3).reason
    for name, atoms, gauge in (("z**2", 4, "free"), ("z**2", 3, "anchored"), ("where(z > 0, z**2, 0)", 3, "free")):
        assert twins(name, atoms=atoms, gauge=gauge).reason is None


@pytest.mark.parametrize("name", ["exp(-z**2) + sign(z)", "cos(z) + step(z)"])
@pytest.mark.parametrize("atoms", [2, 3])
def test_a_free_even_part_and_a_step_may_be_turned_where_signs_agree(name, atoms):
    found = twins(name, atoms=atoms)
    (turned,) = (twin for twin in found.twins if twin.signs)
    assert turned.image == tuple(-v for v in turned.truth)
    assert found.unique is False
    assert "not almost every truth" in found.answer
    assert turned.acts_on([[-2.0], [-3.0]])
    assert not turned.acts_on([[2.0], [-3.0]])
    assert "(b, -b, beta0, tau) -> (b*l, -b*l, beta0, tau)" in maps(found)
    assert twins(name, gauge="anchored").unique is True


def test_a_jump_at_0_leaves_the_twins_of_an_odd_part():
    found = twins("tanh(z) + sign(z)")
    assert maps(found, always=True) == {SWAP}
    assert "(b, -b, beta0, tau) -> (b, 0, beta0/2 + s(0), tau/2)" in maps(found)


def test_cubes_are_swapped_in_every_dimension():
    assert SWAP in maps(twins("z**3"), always=True)
    assert SWAP not in maps(twins("z**3", atoms=3), always=True)


@pytest.mark.parametrize("name", ["sign", "3*step(z)"])
def test_an_identity_with_another_bias_is_refused(name):
    step = activation(name)
    half = next(twin for twin in twins(step).twins if twin.signs == "both")
    assert holds(step, half)
    assert not holds(step, replace(half, shift=()))
    assert not holds(step, replace(half, factor=half.factor / 2))


@pytest.mark.parametrize("w", [0.3, 1, 5])
def test_a_truth_and_its_twin_can_be_joined_in_any_proportion(w):
    """Anchored tanh: cells at the gates (b, 0) and (0, -b), in the shares 1 : w."""
    assert "(b, 0, beta0, tau) -> (0, -b, beta0, tau)" in twins("tanh", gauge="anchored").mediants
    assert twins("gelu", gauge="anchored").mediants is None
    assert "sqrt(b**2 + t)" in twins("z**2").mediants  # a translation of the scores
    b, beta0, tau = mp.mpf(13) / 10, mp.mpf(1) / 5, mp.mpf(1) / 2
    with mp.workdps(45):
        for x in (mp.mpf(-2), mp.mpf(1) / 3, mp.mpf(3)):
            first, anchor = mp.exp((mp.tanh(b * x) + beta0) / tau), mp.mpf(1)
            moved, other = mp.exp(beta0 / tau), mp.exp(mp.tanh(-b * x) / tau)
            joined = (first + w * moved) / (first + w * moved + anchor + w * other)
            assert abs(joined - first / (first + anchor)) < mp.mpf(10) ** -40


def test_a_twin_that_holds_for_some_signs_says_so():
    (twin,) = (
        t
        for t in temperance.twins("where(z > 0, 1, 0)").found.twins
        if t.map.startswith("(b, 0, beta0, tau) -> (b, -c")
    )
    assert twin.where.endswith("as for b, c > 0")
