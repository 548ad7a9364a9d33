"""Translations of the scores: the functions found, and the density of mixtures that they leave alone."""

import pytest
import sympy as sp

from temperance.theory.interactions.interactions import derive
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import TAU, atom_symbol
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.symmetries.score_translations import scores
from tests.tables import tables
from tests.theory.symmetries.mixtures import distance, numbers

BETA = sp.Symbol("beta1", real=True)

GAINS = [  # activation, F(beta1) of which all atoms can gain one constant, whether whatever the signs of beta1
    ("z**2", BETA**2, True),
    ("abs(z)", sp.Abs(BETA), True),
    ("sqrt(abs(z))", sp.sqrt(sp.Abs(BETA)), True),
    ("z**2 + log(abs(z))", BETA**2, True),
    ("relu", sp.Abs(BETA), False),
]


@pytest.mark.parametrize(("activation", "function", "any_sign"), GAINS)
def test_all_atoms_can_gain_a_constant(activation, function, any_sign):
    spec = model("activation", activation=activation)
    found = scores(spec)
    assert [sp.simplify(f * TAU) for f in found.translated] == [function]
    assert (found.one_sign is None) is any_sign
    for betas in ([2, 3, 5], [-2, -3, -5], [2, -3, 5]):
        values = numbers(spec, 3) | {atom_symbol(BETA, i + 1): b for i, b in enumerate(betas)}
        moved = dict(values)
        for i, b in enumerate(betas):
            size = sp.nsolve(function.subs(BETA, BETA) - function.subs(BETA, b) - 1, BETA, b, prec=40)
            moved[atom_symbol(BETA, i + 1)] = size
            bias = atom_symbol(sp.Symbol("beta0", real=True), i + 1)
            moved[bias] = values[bias] - (sp.log(abs(size / b)) if "log" in activation else 0)
        unchanged = distance(spec, 3, values, moved) < 1e-25
        assert unchanged == (any_sign or len({b > 0 for b in betas}) == 1)


def test_what_is_identifiable_is_what_the_translation_leaves():
    squares = symmetries(derive("activation", activation="z**2", order=1))
    assert [str(f) for f in squares.identifiable] == ["(beta1[i]**2 - beta1[j]**2)/tau", "beta0/tau", "a", "b", "nu"]
    assert "score translation" in [s.name for s in squares.discrete]
    assert "free gauge" in squares.proved
    rectified = symmetries(derive("activation", activation="relu", order=1))
    assert str(rectified.identifiable[0]) == "(Abs(beta1[i]) - Abs(beta1[j]))/tau"
    assert "one sign" in rectified.proved


def test_a_gaussian_gate_is_translated_in_its_natural_parameters():
    """Each atom gains 1 in c/Gamma and -1 in 1/Gamma, and its weight makes up for the constants."""
    spec = model("gaussian")
    names = {p.name: p for p in spec.gate.parameters}
    one = {p: atom_symbol(p, 1) for p in spec.gate.parameters}
    values = numbers(spec, 2)
    moved = dict(values)
    for i in (1, 2):
        weight, c, gamma = (atom_symbol(names[n], i) for n in ("pi", "c", "Gamma"))
        new_gamma = 1 / (1 / values[gamma] - sp.Rational(1, 4))
        new_c = (values[c] / values[gamma] + 1) * new_gamma
        exponent = new_c**2 / new_gamma / 2 - values[c] ** 2 / values[gamma] / 2
        moved |= {gamma: new_gamma, c: new_c}
        moved[weight] = values[weight] * sp.sqrt(new_gamma / values[gamma]) * sp.exp(exponent)
    assert one[names["c"]] in values
    assert distance(spec, 2, values, moved) < 1e-25
    assert any(f == names["c"] / names["Gamma"] for f in scores(spec).translated)
    assert names["c"] not in symmetries(derive("gaussian", order=1)).identifiable


TRANSLATED = tables(__file__)["TRANSLATED"]  # gate, shared, what is identifiable of it


@pytest.mark.parametrize(("gate", "shared", "identifiable"), TRANSLATED, ids=[row[0] for row in TRANSLATED])
def test_the_whole_space_of_translations_is_listed(gate, shared, identifiable):
    """The Jacobian of two and three atoms has no other null direction, and no further curve of two atoms is claimed."""
    spec = model(gate, shared=[shared] if shared else [])
    answer = symmetries(derive(spec.gate, spec.expert, order=1))
    assert ", ".join(map(str, answer.identifiable)) == f"{identifiable}, a, b, nu"
    assert answer.unexplained == ()
    assert "pair" not in [s.name for s in answer.discrete]


def test_a_translation_that_is_not_listed_is_seen_in_the_jacobian():
    """log(1 + exp(z)) - log(1 + exp(-z)) = z: v^3 is translated."""
    spec = model("log(1 + exp(v**3*x)) - log(1 + exp(-v**3*x)) + tanh(w*x)")
    answer = symmetries(derive(spec.gate, spec.expert, order=1))
    assert answer.identifiable is None
    assert [(u.atoms, u.directions - u.listed) for u in answer.unexplained] == [(2, 1), (3, 1), (4, 1)]


@pytest.mark.parametrize(
    ("gate", "kind", "what"),
    [
        ("log(exp(v*x + c) + exp(w*x + m))", "exchange", "v_i <-> w_i, c_i <-> m_i"),
        ("kappa*cos(x - c) + w*x", "shift", "c_i -> c_i + pi, kappa_i -> -kappa_i"),
        ("kappa*cos(x - c)**2", "shift", "c_i -> c_i + pi/2, kappa_i -> -kappa_i, beta0 -> beta0 + kappa"),
    ],
)
def test_discrete_symmetries_inside_of_an_atom_are_listed(gate, kind, what):
    spec = model(gate)
    (symmetry,) = (s for s in symmetries(derive(spec.gate, spec.expert, order=1)).discrete if s.name == kind)
    assert symmetry.statement == f"{what}, atom by atom"


@pytest.mark.parametrize(("dim", "k"), [(2, 2), (2, 3)])
def test_two_squares_can_be_turned_into_each_other(dim, k):
    """(beta1_1.x)^2 - (beta1_2.x)^2 is a product of two linear forms, and a third atom is in the way."""
    spec = model("activation", activation="z**2", dim=dim)
    assert scores(spec).translated == ()
    assert scores(spec).pair == 1
    values, beta = numbers(spec, k), [p for p in spec.gate.parameters if p.name.startswith("beta1")]
    moved = dict(values)
    for p in beta:
        one, two = atom_symbol(p, 1), atom_symbol(p, 2)
        total, gap = (values[one] + values[two]) * 2, (values[one] - values[two]) / 2
        moved |= {one: (total + gap) / 2, two: (total - gap) / 2}
    assert (distance(spec, k, values, moved) < 1e-25) == (k == 2)


@pytest.mark.parametrize(
    ("activation", "dim", "pair"), [("z**2 + z", 1, 1), ("z**4", 2, 0), ("z**3 + z**2 + z", 1, 0), ("z**2", 1, 0)]
)
def test_further_curves_of_two_atoms_are_counted(activation, dim, pair):
    assert scores(model("activation", activation=activation, dim=dim)).pair == pair
