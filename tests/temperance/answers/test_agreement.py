"""What the commands say of one formula agrees: derive, twins, efficiency, coefficient, predict and exponents."""

from fractions import Fraction

import pytest

import temperance
from temperance.theory.interactions.independence import null_directions
from temperance.theory.models.by_name import model

QUICK = """
kappa*cos(x - c) + w*x
log(exp(v*x) + exp(w*x))
kappa*cos(x - c)**2
beta1*x/tau + w*x**2/T
tanh(v*x)/tau
v*w*x
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
h*(x - g)**2 + c
w*tanh(v*x + c)
w*max(x - c, 0)
""".strip().splitlines()
SPLIT = [("softmax", expert) for expert in EXPERTS]
SPLIT += [(gate, "gaussian") for gate in ("kappa*cos(x - c)", "w*tanh(v*x + c)", "w*max(x - c, 0)")]
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
    orders = temperance.exponents(gate, expert, bounds_only=True, loss=loss).rows()
    predicted = temperance.predict(gate, expert=expert, true=2, fitted=3, loss=loss).to_json()
    rates = {row["parameter"]: row for row in predicted if row["cell_size"] == 2}
    assert {o["parameter"] for o in orders} == rates.keys()
    for o in orders:
        row = rates[o["parameter"]]
        known = row["sharp"] or row["at_least"]
        assert known == (None if o["upper"] is None else str(1 / (2 * Fraction(o["upper"]))))
        assert (row["identifiable"] is False) == o["flat"]
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
