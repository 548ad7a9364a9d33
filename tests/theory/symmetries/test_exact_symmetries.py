"""The exact symmetries of gates of no paper, with their identities; the density is compared at both parameters."""

import pytest
import sympy as sp

from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Y, covariates, symbolic_density
from temperance.theory.symmetries.flows import exact_symmetries
from temperance.theory.symmetries.parity import mixture_symmetries

PRODUCT = "v*tanh(w*x)/tau"


def density(spec, values, x, y):
    log_g, names = symbolic_density(spec, 2)
    at = {p: values[p.name] for p in names}
    return sp.N(log_g.subs({**at, covariates(1)[0]: x, Y: y}), 30)


def kinds(formula, atoms=2, gauge="free"):
    return {s.kind: s for s in exact_symmetries(model(formula), atoms, gauge)}


def moved(values, **changes):
    return {**values, **{name.replace("_", "[") + "]" * ("_" in name): v for name, v in changes.items()}}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("flow", {"v_1": 4, "v_2": -6, "tau": 3, "beta0_1": sp.Rational(2, 5)}),
        ("even", {"v_1": -2, "w_1": -sp.Rational(1, 3)}),
        ("odd", {"v_1": 3, "v_2": -2, "w_1": sp.Rational(7, 5), "w_2": sp.Rational(1, 3)}),
    ],
)
def test_each_keeps_the_density(kind, changes):
    spec, third = model(PRODUCT), sp.Rational(1, 3)
    own = {
        "v[1]": 2,
        "v[2]": -3,
        "w[1]": third,
        "w[2]": sp.Rational(7, 5),
        "beta0[1]": sp.Rational(1, 5),
        "beta0[2]": 0,
    }
    lines = {"a[1]": 1, "a[2]": -1, "b[1]": 0, "b[2]": 3, "nu[1]": 1, "nu[2]": sp.Rational(3, 2)}
    values = {**own, **lines, "tau": sp.Rational(3, 2)}
    assert kind in kinds(PRODUCT)
    for x, y in ((third, 1), (-2, third)):
        gap = density(spec, moved(values, **changes), x, y) - density(spec, values, x, y)
        assert abs(gap) < 1e-25


def test_each_has_its_identity():
    found = kinds(PRODUCT)
    assert found["flow"].identity == "v*u_{v} + tau*u_{tau} = 0"
    assert found["even"].identity == "L(-v, -w) - L(v, w) = 0"
    assert found["odd"].identity == "L(-v) + L(v) = 0"
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
