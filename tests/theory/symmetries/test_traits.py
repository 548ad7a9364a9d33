"""What holds of gates, computed from their formulas: hand-made tables, and gates that nobody has named."""

from itertools import product

import pytest
import sympy as sp

from temperance.theory.models.by_name import model
from temperance.theory.models.spec import (
    Y,
    covariates,
    is_weighted,
    kinks,
    weight_parameters,
)
from temperance.theory.symmetries.flows import exact_symmetries
from temperance.theory.symmetries.parity import mixture_symmetries
from temperance.theory.symmetries.traits import on_lines, traits
from tests.tables import tables
from tests.theory.symmetries.mixtures import distance, numbers

B1, B2 = sp.symbols("beta1 beta2", real=True)
(X,) = covariates(1)


@pytest.mark.parametrize(("gate", "source", "dim", "expected"), tables(__file__)["BY_HAND"])
def test_traits_are_those_found_by_hand(gate, source, dim, expected):
    """Alone, common, shared, held of the last atom, atoms needed, weighted, on lines."""
    spec = model(gate, "gaussian", source, dim)
    found = traits(spec)
    held = None if found.held is None else " ".join(p.name for p in found.held)
    counts = (found.alone, found.common, found.shared, held, found.atoms_needed, is_weighted(spec), on_lines(spec))
    assert [*counts] == expected


@pytest.mark.parametrize(
    ("gate", "dim", "source", "places"),
    [
        ("laplace", 1, None, [("boundary", ["beta1"])]),
        ("laplace", 2, None, [("cone", ["beta1_1", "beta1_2"])]),
        ("sigmoid-euclidean", 2, None, [("cone", ["beta1_1", "beta1_2"])]),
        ("cosine", 2, None, [("cone", [])]),
        ("activation", 1, "relu", [("boundary", [])]),
        ("activation", 2, "relu", [("boundary", ["beta1_1", "beta1_2"])]),
        ("activation", 1, "hardtanh", [("boundary", ["beta1"])] * 2),
        ("activation", 2, "tanh", []),
    ],
)
def test_kinks_and_cones_say_what_moves_them(gate, dim, source, places):
    found = kinks(model(gate, "gaussian", source, dim))
    assert [(kink.kind, [p.name for p in kink.moved_by]) for kink in found] == places


@pytest.mark.parametrize(
    ("source", "dim", "unseen"), [("step", 1, ["beta1"]), ("step", 2, []), ("where(z > 1, 1, 0)", 1, []), ("z", 1, [])]
)
def test_only_what_changes_no_value_of_the_weight_is_unseen(source, dim, unseen):
    """A step in d = 1 jumps at 0 whatever beta1 > 0 is; in d = 2 on a line, and a step at 1 jumps at 1/beta1."""
    spec = model("activation", "gaussian", source, dim)
    assert [p.name for p in weight_parameters(spec)] == unseen
    points = [dict(zip(covariates(dim), at, strict=True)) for at in product((-2, -0.7, 0.4, 0.6, 2), repeat=dim)]
    places = [dict(zip(spec.gate.parameters, (first, *[1] * dim), strict=True)) for first in (1, 2)]
    values = [[spec.gate.log_weight.subs(at).subs(x) for x in points] for at in places]
    assert (values[0] == values[1]) == (unseen != [])


# -- the exact symmetries of gates of no paper, with their identities


PRODUCT = "v*tanh(w*x)/tau"


def kinds(formula, atoms=2, gauge="free"):
    return {s.kind: s for s in exact_symmetries(model(formula), atoms, gauge)}


def test_each_has_its_identity():
    found = kinds(PRODUCT)
    assert found["flow"].identity == "v*u_{v} + tau*u_{tau} = 0"
    assert found["even"].identity == "L(-v, -w) - L(v, w) = 0"
    assert found["odd"].identity == "S(-v) + S(v) = 0"
    assert "2*c[i]/tau - 2*c[j]/tau" in kinds("-(x - c)**2/tau")["temperature"].identity


def test_atoms_and_gauge_choose_what_acts():
    assert "odd" not in kinds(PRODUCT, atoms=3)
    assert {*kinds(PRODUCT, gauge="anchored")} == {"permutation", "flow", "even"}
    assert not any(s.is_twin for s in kinds("sin(q*x) + r*x**2 + exp(-(q*x)**2)").values())


@pytest.mark.parametrize(
    ("mean", "turned"),
    [
        ("c*tanh(a*x + b)", ("c", "a", "b")),
        ("cos(a*x) + b", ("a",)),
        ("tanh(a*x + b)", ()),
    ],
)
def test_an_expert_may_change_signs_that_keep_its_mean(mean, turned):
    spec = model("w*x", mean)
    found = [s for s in exact_symmetries(spec, 2, "free") if s.kind == "expert even"]
    assert [s.map for s in found] == (
        [", ".join(f"{p}_i -> -{p}_i" for p in turned) + ", atom by atom"] if turned else []
    )
    own = {p: sp.Rational(2 + i, 3) for i, p in enumerate(p for p in spec.expert.parameters if p.name != "nu")}
    seen = spec.expert.log_density.subs({Y: 1, covariates(1)[0]: sp.Rational(-9, 4)})
    changed = {p: -v if p.name in turned else v for p, v in own.items()}
    assert sp.N(seen.subs(changed) - seen.subs(own), 30) == 0


@pytest.mark.parametrize(
    ("formula", "shared", "turned"),
    [
        ("w*tanh(v*x)", ("v",), ("w", "v")),
        ("v*(tanh(w*x) + 1)", ("v",), ("w", "v")),
        ("w*v*x**3 + r*x", ("v",), ("w", "v")),
        ("w*cos(v*x)", ("v",), ("v",)),
        ("w*tanh(v*x)/tau", ("v", "tau"), ("w", "v")),
        ("w*exp(v*x)", ("v",), ()),
    ],
)
def test_atoms_change_the_signs_of_shared_parameters_together(formula, shared, turned):
    spec = model(formula, shared=shared)
    found = [s for s in exact_symmetries(spec, 2, "anchored") if s.kind == "sign"]
    own = {p.name for p in spec.gate.own}
    image = [f"{p}_i -> -{p}_i" if p in own else f"{p} -> -{p}" for p in sorted(turned, key=lambda p: p in own)]
    assert [s.map for s in found] == ([", ".join(image) + ", in all atoms together"] if turned else [])
    point = numbers(spec, 2)
    changed = {p: -v if p.name.split("[")[0] in turned else v for p, v in point.items()}
    assert turned == () or distance(spec, 2, point, changed) < 1e-25


@pytest.mark.parametrize(
    ("formula", "name"),
    [("w1*x1 + w2*x2", "(w1, w2)"), ("w @ x", "w")],
)
def test_a_split_names_all_that_moves(formula, name):
    (split,) = [
        s for s in mixture_symmetries(model(formula, dim=None if "@" not in formula else 2)) if s.name == "split"
    ]
    assert f"split every atom alike, {name} + delta and {name} - delta" in split.statement
