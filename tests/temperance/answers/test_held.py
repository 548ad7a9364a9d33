"""What is held of the last atom is its score, in predictions and in numbers of observations alike (theory 2.1)."""

import pytest

import temperance

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
