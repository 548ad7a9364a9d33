"""Rates of models that have no theorems of their own: what is proved, and never more than the named gates have."""

from fractions import Fraction

import pytest

from temperance.theory.activations.activation import activation
from temperance.theory.contact.any_model_rates import gate_of_theorems, predict_any
from temperance.theory.models.by_name import least, model
from temperance.theory.models.gates import cosine, linear, names
from temperance.theory.models.order import ReasonKind
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import Analysis, is_analytic, somewhere, truth_at

HALF, CUBIC = Fraction(1, 2), "beta1*x**3/tau + beta2*x"
WAVE = "kappa*cos(x - c)/tau"


def proved(spec, true, fitted, size, cells="any"):
    found = predict_any(spec, true, fitted)
    return {p.parameter: p for p in found if p.cell_size in (None, size) and p.cells in (cells, "any")}


def test_with_as_many_atoms_an_order_of_1_is_a_rate_and_what_a_flow_moves_has_none():
    found = proved(model(CUBIC, "tanh(a*x + b)"), 2, 2, 1)
    assert [n for n, p in found.items() if p.flat] == ["beta1", "tau"]
    assert {n: p.sharp for n, p in found.items() if not p.flat} == dict.fromkeys(
        ("beta1/tau", "beta2", "a", "b", "nu", "beta0", "density"), HALF
    )


def test_of_one_atom_the_gate_is_not_identifiable():
    found = proved(model(CUBIC, "a*x + b"), 1, 1, 1)
    assert {n for n, p in found.items() if p.flat} == {"beta1", "beta2", "tau", "beta1/tau"}
    assert {found[n].sharp for n in ("a", "b", "nu")} == {HALF}


def test_of_two_slopes_whose_product_alone_is_seen_neither_has_a_rate():
    found = proved(model("w*x + q*x**2", "a*b*x"), 2, 2, 1)
    assert [n for n, p in found.items() if p.flat] == ["a", "b"]


def test_a_bound_that_no_curve_reaches_is_a_rate_at_least():
    two = proved(model(WAVE, "a*x + b"), 2, 3, 2, "some singleton")
    assert (two["b"].sharp, two["nu"].sharp, two["mean a"].sharp) == (Fraction(1, 8), Fraction(1, 4), HALF)
    assert two["a"].sharp == two["c"].sharp == two["kappa/tau"].sharp == Fraction(1, 4)  # three atoms may be slower
    found = proved(model(WAVE, "a*x + b"), 2, 4, 3, "some singleton")
    a = found["a"]
    assert (a.sharp, a.at_least, a.reason_kind, a.identifiable) == (None, Fraction(1, 12), ReasonKind.AT_LEAST, True)
    assert found["c"].reason_kind is ReasonKind.NO_BOUND
    assert found["kappa"].flat


def test_in_cells_of_other_sizes_only_bounds_of_larger_cells_hold():
    spec = model(CUBIC, "tanh(a*x + b)")
    alike = proved(spec, 2, 4, 2, "every cell split")
    other = proved(spec, 2, 5, 2, "every cell split")
    assert (alike["a"].sharp, other["a"].sharp, other["a"].at_least) == (Fraction(1, 4), None, Fraction(1, 12))
    assert alike["beta2"].flat


def test_atoms_without_weights_have_no_rate_beside_a_singleton():
    found = predict_any(model("-log(1 + exp(-(w*x + v*x**2 + q)))", "a*x + b", bias=False), 2, 3)
    assert {p.reason_kind for p in found[:-1]} == {ReasonKind.NO_BOUND}


@pytest.mark.parametrize("name", [name for name in names() if name != "generic"])
def test_every_gate_of_the_table_has_an_answer(name):
    found = predict_any(least(name)[0], 3, 4)
    assert found[-1].parameter == "density"
    assert all(p.why and p.published_reason for p in found)
    assert len({(p.parameter, p.cell_size, p.cells) for p in found}) == len(found)


@pytest.mark.parametrize(("gate", "source"), [("softmax", None), ("linear", None), ("activation", "tanh")])
@pytest.mark.parametrize("fitted", [2, 4])
def test_no_rate_is_faster_than_by_the_theorems_of_a_named_gate(gate, source, fitted):
    """Of the tanh gate the theorems are about the anchored gauge, which singletons have here."""
    named = predict(somewhere(2), fitted, source, gauge="anchored") if source else None
    named = named or predict(somewhere(2, make=lambda d: model(gate, dim=d).gate), fitted)
    known = {}
    for p in named:
        if p.sharp is not None and (p.cell_size or 1) > 1 and p.cells in ("some singleton", "anchor singleton"):
            known[p.parameter, p.cell_size] = p.sharp
    shown = 0
    for p in predict_any(model(gate, activation=source), 2, fitted):
        if p.cells == "some singleton" and (sharp := known.get((p.parameter, p.cell_size))) is not None:
            assert p.sharp in (None, sharp)
            assert p.proved is not None
            assert p.proved <= sharp
            shown += 1
    assert shown >= 3 or fitted == 2


def test_a_formula_of_a_gate_with_theorems_is_known_whatever_it_is_called():
    assert gate_of_theorems(model("w*x", "p*x + q")) == ("softmax", None)
    assert gate_of_theorems(model("w*x/tau", "p + q*x"))[0] == "linear"
    assert gate_of_theorems(model("relu(w*x)/tau"))[1].name == "relu"
    for gate, expert in (("w*x", "p*x**2 + q"), ("w*x", "p*x"), ("w*x + v*x**2", "gaussian"), ("tanh(w*x)", "a*x + b")):
        assert gate_of_theorems(model(gate, expert)) is None


def test_a_free_function_is_refused():
    with pytest.raises(ValueError, match=r"^orders need functions by name.*$"):
        predict_any(model("generic"), 2, 2)


def test_numbers_of_atoms_that_are_not_accepted():
    for true, fitted in ((0, 1), (3, 2), (6, 6)):
        with pytest.raises(ValueError, match="need 1 <= true <= fitted, and true at most 5"):
            predict_any(model(CUBIC), true, fitted)


# -- what predictions are told of a true point: what its atoms see of s, and which points and settings are refused


GENERIC = truth_at(((1.5,), (0.7,)), 0.8, (-3, 3))


@pytest.mark.parametrize(
    ("s", "slope", "obstacle"),
    [
        ("hardtanh", 1.5, None),
        ("hardtanh", 0.25, "atom 1 sees no kink"),
        ("log(z)", 1, "not real on all"),
        ("where(z > 1, z**2, where(z < 0, z, 1/0))", 1, "not real on a whole interval"),
        ("tanh", 0.25, None),
    ],
)
def test_what_an_atom_does_not_see(s, slope, obstacle):
    unseen = Analysis(activation(s), truth_at(((slope,), (0,)), 1, (-1, 1)), 2, "anchored").unseen
    assert unseen is None if obstacle is None else obstacle in unseen


def test_a_statement_about_all_of_s_says_nothing_of_an_atom_that_sees_less():
    at = Analysis(activation("hardtanh"), truth_at(((0.25,), (0,)), 1, (-1, 1)), 2, "anchored")
    why = at.unpublished("first", at.whole.first_order)
    assert why == f"the first-order condition of the published statement holds, but {at.unseen}"


@pytest.mark.parametrize(
    ("s", "analytic"),
    [
        *((f, True) for f in ("gelu", "sqrt(1 + z**2)", "mish", "1/(1 + exp(z))**2")),
        *((f, False) for f in ("exp(-1/z**2)", "tan(z)", "1/(cosh(z) - 1)", "1/(z**2 - 2*z + 1)")),
    ],
)
def test_analytic(s, analytic):
    assert is_analytic(activation(s)) is analytic


@pytest.mark.parametrize(
    ("truth", "fitted", "options", "message"),
    [
        (somewhere(2, 2, cosine), 2, {}, "rates are predicted of the gates"),
        (somewhere(2), 2, {}, "rates are predicted of the gates"),
        (somewhere(2, make=linear), 1, {}, "true <= fitted"),
        (somewhere(2), 2, {"source": "tanh", "gauge": "none"}, "accepted: free, anchored"),
        (GENERIC, 2, {"source": "tanh", "gauge": "anchored"}, "last atom is 0"),
    ],
)
def test_bad_input(truth, fitted, options, message):
    with pytest.raises(ValueError, match=message):
        predict(truth, fitted, **options)


@pytest.mark.parametrize("beta1", [((1,), (1, 2)), ((float("nan"),),)])
def test_bad_points(beta1):
    with pytest.raises(ValueError):
        truth_at(beta1, 1)


@pytest.mark.parametrize(
    ("source", "beta1", "named"),
    [
        ("tanh", ((1,), (-1,)), True),
        ("sigmoid", ((2,), (0,)), True),
        ("tanh", ((0,), (1,)), True),
        ("tanh", ((2,), (1,)), False),
        ("mish", ((2,), (0,)), False),
    ],
)
def test_points_of_one_density_are_named(source, beta1, named):
    """s(beta x) - s(-beta x) = 2 (s(beta x) - s(0)) for s odd + const, k = 2."""
    found = predict(truth_at(beta1, 1), 2, source)
    tau = next(p for p in found if p.parameter == "tau")
    assert ("have one density" in tau.reason) == named
