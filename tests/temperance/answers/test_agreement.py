"""What the commands say of one formula agrees: derive, twins, efficiency, coefficient, predict and exponents."""

from fractions import Fraction

import pytest

import temperance
from temperance.measurements.contact_orders import family
from temperance.measurements.true_measures import exact as in_digits
from temperance.measurements.true_measures import read_truth, values_of
from temperance.show.options import Options
from temperance.show.table import Table
from temperance.theory.interactions.independence import null_directions
from temperance.theory.models.by_name import model

PRODUCT = "w*v*x/tau + r*x**2"
QUICK = """
kappa*cos(x - c) + w*x
log(exp(v*x) + exp(w*x))
beta1*x/tau + w*x**2/T
tanh(v*x)/tau
v*w*x
w*v*x/tau + r*x**2
""".strip().splitlines()
LONG = """
log(exp(v*x + c) + exp(w*x + m))
w*sinh(x + c) + v*x
kappa*sin(w*x + c)/tau
-(x - c)**2/tau
-abs(x - c)/tau
log(1 + exp(w*x + c))
w*max(x - c, 0)
w*exp(-(x - c)**2)
a1*x + a2*x**2 + a3*x**3
cosh(w*x)/tau
""".strip().splitlines()
EXPERTS = """
a*exp(x) + b
w*tanh(v*x + c)
w*max(x - c, 0)
""".strip().splitlines()
SPLIT = [("softmax", expert) for expert in EXPERTS]
SPLIT += [(gate, "gaussian") for gate in ("kappa*cos(x - c)", "w*max(x - c, 0)", "w*(x - c)**2")]
GATES = [*QUICK, *(pytest.param(gate, marks=pytest.mark.slow) for gate in LONG)]


@pytest.mark.parametrize("gate", GATES)
def test_the_commands_agree(gate):
    spec = model(gate)
    symmetries = temperance.derive(gate, order=1).symmetries
    identifiable = {str(f) for f in symmetries.identifiable}
    moved = {p.name for flow in symmetries.flows for p, _ in flow.orbit}
    names = [p.name for p in spec.gate.parameters]

    coefficient = temperance.coefficient(gate, true=2, fitted=2, gauge="free").found
    width = 2 * (len(spec.gate.own) + 1 + len(spec.expert.parameters)) + len(spec.gate.shared)
    assert 2 * coefficient.bic == width - null_directions(spec, 2)
    assert coefficient.exact in (None, coefficient.bic)

    twins = temperance.twins(gate=gate)
    if twins.symmetries:
        assert [s.map for s in twins.symmetries if s.kind == "flow"] == [flow.statement for flow in symmetries.flows]

    predicted = {row["parameter"]: row["identifiable"] for row in temperance.predict(gate, true=2, fitted=2).to_json()}
    for name in names:
        row = temperance.efficiency(gate=gate, parameter=name).parameter
        if name in moved:
            assert row.n is None
            assert row.not_identifiable == "flow"
            assert predicted.get(name) is not True
        elif name in identifiable:
            assert row.not_identifiable is None
            assert row.n is not None or row.singular_values  # below the digits of a double
            assert predicted.get(name) is not False


@pytest.mark.parametrize("loss", ["likelihood", "least-squares"])
@pytest.mark.parametrize(("gate", "expert"), SPLIT)
def test_exponents_and_predict_agree(gate, expert, loss):
    answer = temperance.exponents(gate, expert, bounds_only=True, loss=loss)
    orders, (table,) = answer.rows(), [part for part in answer.summary.parts if isinstance(part, Table)]
    shown = {row[0]: row[-1] for row in table.rows}
    predicted = temperance.predict(gate, expert=expert, true=2, fitted=3, loss=loss).to_json()
    rates = {row["parameter"]: row for row in predicted if row["cell_size"] == 2}
    assert {o["parameter"] for o in orders} == rates.keys()
    for o in orders:
        row = rates[o["parameter"]]
        known = row["sharp"] or row["at_least"]
        assert known == (None if o["upper"] is None else str(1 / (2 * Fraction(o["upper"]))))
        assert (row["identifiable"] is False) == o["flat"]
        assert shown[o["parameter"]].endswith(" or faster") == (row["at_least"] is not None)
        assert f"{shown[o['parameter']]} for " in answer.words[0] or o["flat"] or loss == "least-squares"
        if loss == "likelihood":
            assert (row["sharp"] is not None) == (o["upper"] in ("1", o["lower"]) and o["upper"] is not None)


@pytest.mark.parametrize("expert", EXPERTS)
def test_what_is_identifiable_is_not_flat(expert):
    spec = model("softmax", expert)
    symmetries = temperance.derive("softmax", expert, order=1).symmetries
    assert not {p.name for flow in symmetries.flows for p, _ in flow.orbit} & {p.name for p in spec.expert.parameters}
    orders = temperance.exponents("softmax", expert, bounds_only=True).rows()
    assert not any(o["flat"] for o in orders)
    coefficient = temperance.coefficient("softmax", expert, true=2, fitted=2).found
    assert coefficient.bic == Fraction(2 * len(spec.parameters) + 2 - 2, 2) - Fraction(null_directions(spec, 2) - 2, 2)


# -- what is held of the last atom is its score, in predictions and in numbers of observations alike (theory 2.1)


WAVE = "kappa*cos(x - c)/tau"
TWO_WAVES = "(p*sin(x) + q*x**2)/tau"


def n_of(gate, parameter):
    return temperance.efficiency(gate=gate, parameter=parameter).rows()[0]["n"]


@pytest.mark.parametrize(
    ("gate", "parameters"),
    [
        (WAVE, ("kappa", "kappa/tau", "c", "beta0/tau", "nu")),
        (TWO_WAVES, ("q", "tau", "p/tau")),
        ("v*tanh(w*x)/tau", ("v", "v/tau", "w")),
    ],
)
def test_what_has_a_rate_has_a_number_of_observations(gate, parameters):
    sharp = {p["parameter"]: p["sharp"] for p in temperance.predict(gate, true=2, fitted=2).to_json()}
    for parameter in parameters:
        assert (n_of(gate, parameter) is not None) == (sharp[parameter] == "1/2"), parameter


def test_a_score_that_is_held_is_a_gate_without_temperature():
    """The flow brings tau to 1, where the gate is another model, of which nothing has to be held along a flow."""
    for with_tau, without in (("c", "c"), ("kappa/tau", "kappa")):
        assert n_of(WAVE, with_tau) == pytest.approx(n_of("kappa*cos(x - c)", without), rel=1e-6)


def test_differences_do_not_depend_on_what_is_held():
    gap = "(kappa[1]*cos(c[1]) - kappa[2]*cos(c[2]))/tau"
    row = temperance.efficiency(gate=WAVE, parameter="kappa").rows()[0]
    assert row["not_identifiable"] == "flow"
    assert row["n_invariant"] == pytest.approx(n_of(WAVE, gap), rel=1e-6)


def test_a_temperature_that_no_flow_of_an_atom_moves_stays_free():
    row = temperance.efficiency(gate="-(x - c)**2/tau", parameter="c").rows()[0]
    assert (row["n"], row["not_identifiable"]) == (None, "temperature")
    assert n_of("-(x - c)**2/tau", "(c[1] - c[2])/tau") == pytest.approx(row["n_invariant"], rel=1e-6)


# -- `temperance coefficient` and `temperance.coefficient`


def test_a_formula_is_understood_and_has_the_answer_of_its_name():
    found = temperance.coefficient("tanh(w*x)/tau", "m*x + c", true=2, fitted=3)
    named = temperance.coefficient(activation="tanh", true=2, fitted=3)
    assert found.found.exact == named.found.exact
    assert found.to_json()["gate_formula"] is not None
    assert named.to_json()["gate_formula"] is None


@pytest.mark.parametrize(("gauge", "value", "held"), [("free", "5", "nothing"), ("anchored", "4.5", "v")])
def test_the_gauge_of_the_value_is_named(gauge, value, held):
    answer = temperance.coefficient("tanh(v*x)/tau", true=2, fitted=2, gauge=gauge)
    first, _, understood, *_ = map(str, answer.summary.all)
    assert first == f"lambda = {value}: two true tanh experts, two fitted; BIC charges {value} ({gauge} gauge)"
    assert f"held of the last atom: {held};" in understood
    assert answer.to_json()["gauge"] == gauge
    assert temperance.coefficient("softmax", true=2, fitted=2).gauge is None


# -- one truth where none is given, and of what is left out, in every command


@pytest.mark.parametrize(
    "model_", [("linear",), ("w*x/tau",), (None, "gaussian", "tanh"), ("laplace",), ("v*tanh(w*x)",)]
)
@pytest.mark.parametrize("left", [None, {"a": [2, -2]}])
def test_all_commands_have_one_truth(model_, left):
    spec = Options(*model_).spec
    orders = temperance.exponents(*model_, bounds_only=True, truth=left)
    exact = read_truth(left, spec)
    assert orders.true_values() == values_of(exact, in_digits)
    found = temperance.efficiency(gate=spec.gate, parameter="a", truth=left)
    assert found.true_values() == values_of(exact)
    rows = {} if left is None else {"a": [[2], [-2]]}
    if None in model_:
        named = temperance.efficiency("tanh", truth=rows).true_values()
        assert named["tau"] == found.true_values()["tau"] == 0.5
        assert [v for (v,) in named["beta1"]] == found.true_values()["beta1"]
        assert all(named[name] == found.true_values()[name] for name in ("b", "nu", "beta0", "x"))


def test_orders_are_measured_with_the_law_of_the_truth():
    law = {"law": "uniform", "low": -1, "high": "5/2"}
    found = temperance.exponents("beta1*x**3", truth={"x": law}, bounds_only=True)
    assert found.record["setting"]["x"] == {**law, "high": 2.5}
    assert found.true_values()["x"] == law
    assert (family(found.found.setting).low, family(found.found.setting).high) == (-1, 2.5)
    assert found.record["reasons"][-1].endswith("without kinks orders are the same on every interval")


def test_a_gauge_holds_all_that_a_product_leaves_free():
    """A constant may be added to v w/tau and to r of all atoms: with v and w alone of the last atom r is free."""
    orders = {o["parameter"]: o for o in temperance.exponents(PRODUCT, bounds_only=True).rows()}
    assert [name for name, o in orders.items() if o["flat"]] == ["w", "v", "tau"]
    assert (orders["v*w/tau"]["upper"], orders["r"]["upper"]) == ("4", "2")
    exact = {p["parameter"]: p["sharp"] for p in temperance.predict(PRODUCT, true=2, fitted=2).to_json()}
    assert [exact[name] for name in ("v*w/tau", "r", "beta0")] == ["1/2"] * 3


def test_no_cell_of_a_coefficient_is_without_words():
    def values(**options):
        parts = temperance.coefficient(true=2, fitted=3, **options).summary.parts
        (grid,) = (part for part in parts if isinstance(part, Table))
        return [value for _, value in grid.rows]

    assert values(gate="cosine", dim=2) == ["none proved", "none proved", "open, as lambda is not exact", "9"]
    assert values(gate="softmax") == ["5", "5", "1", "6.5"]
