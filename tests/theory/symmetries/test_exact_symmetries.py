"""The exact symmetries of gates of no paper, with their identities."""

import pytest
import sympy as sp

from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, covariates
from temperance.theory.symmetries.flows import exact_symmetries
from temperance.theory.symmetries.parity import mixture_symmetries

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
    ("formula", "name"),
    [("w1*x1 + w2*x2", "(w1, w2)"), ("w @ x", "w")],
)
def test_a_split_names_all_that_moves(formula, name):
    (split,) = [
        s for s in mixture_symmetries(model(formula, dim=None if "@" not in formula else 2)) if s.name == "split"
    ]
    assert f"split every atom alike, {name} + delta and {name} - delta" in split.statement
