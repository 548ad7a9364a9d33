"""`temperance twins` on the command line."""

import json

import temperance


def test_table_ends_in_an_answer(output):
    shown = output("twins", "tanh")
    assert "(b, c, beta0, tau) -> (-c, -b, beta0, tau)" in shown
    assert "(s(b*x) - s(-b*x) + beta0)/tau = (s(b*x) - s(0) + beta0/2)/(tau/2)" in shown
    assert shown.splitlines()[0].startswith("tanh, 2 atoms, free gauge: ")


def test_json(output):
    found = json.loads(output("twins", "gelu", "--atoms", "3", "--gauge", "anchored", "--json"))
    assert (found["activation"], found["atoms"], found["gauge"]) == ("gelu", 3, "anchored")
    assert found["unique"] is True
    assert found["reason"] is None


def test_undecided_is_an_answer(output):
    found = json.loads(output("twins", "--json", "gamma"))
    assert found["unique"] is None
    assert found["reason"]


def test_a_formula_of_an_activation_gate_has_its_twins(output):
    mine = json.loads(output("twins", "--gate", "tanh(w*x)/temp", "--shared", "temp", "--positive", "temp", "--json"))
    its = json.loads(output("twins", "tanh", "--json"))
    assert {**mine, "gate_formula": None} == its
    assert mine["gate_formula"]["name"] == "activation"


def test_of_any_other_gate_the_proved_symmetries_are_listed(output):
    shown = output("twins", "--gate", "v*tanh(w*x)/tau").splitlines()
    assert "  flow: v*u_{v} + tau*u_{tau} = 0" in shown
    assert "Undecided" in shown[0]
    found = json.loads(output("twins", "--gate=-cosh(x - c)**2 + exp(-x*c)", "--json"))
    assert (found["activation"], found["unique"], found["twins"]) == (None, None, [])
    assert [s["kind"] for s in found["symmetries"]] == ["permutation", "translation"]


def test_experts_may_have_twins_of_their_own():
    """|a x + b| has the mean of -a and -b: a gate whose twins are known says nothing of that, and the mean does."""
    found = temperance.twins(gate="gelu(w*x)/tau", expert="abs(a*x + b)", gauge="anchored")
    assert found.to_json()["unique"] is False
    assert found.to_json()["symmetries"][-1]["identity"] == "h(-a, -b) - h(a, b) = 0"
    assert "Undecided" in found.words[0]
