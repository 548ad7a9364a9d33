"""Contact orders of arbitrary gates: the command, its results, and what it refuses."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from temperance.measurements.contact_orders import measured
from temperance.numerics.contact.by_minimisation import Measured
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import flat_curves, order_setting
from temperance.theory.models.by_name import model
from temperance.theory.models.order import Order, Reason, ReasonKind
from tests.theory.contact.settings import known


@pytest.mark.slow
def test_the_orders_of_a_softmax_gate_with_constant_experts(output):
    record = json.loads(output("exponents", "--gate", "softmax", "--expert", "constant", "--json"))
    found = {o["parameter"]: o for o in record["orders"]}
    assert {name: (o["upper"], o["certified"], o["rate"]) for name, o in found.items()} == {
        **{"beta1": ("2", True, "1/4"), "b": ("4", True, "1/8"), "nu": ("2", True, "1/4")},
        **{"mean beta1": ("1", True, "1/2"), "mean b": ("1", True, "1/2"), "mean nu": ("2", True, "1/4")},
    }
    for order in found.values():
        if order["upper"] != "1":
            assert abs(order["measured"] - float(Fraction(order["upper"]))) < 0.1
        assert not order["flat"]


BARE = Order("a", "a", False, Reason(ReasonKind.NO_BOUND, "none"))


def test_a_rate_is_stated_only_where_it_is_proved():
    assert measured(BARE, Measured("a", (1, 2, 3), (1e-1, 1e-2, 1e-3))).to_json()["rate"] is None
    assert replace(BARE, upper=Fraction(4, 3)).to_json()["rate"] == "3/8"
    assert replace(BARE, flat=True).to_json()["rate"] is None


def test_an_interval_is_named_where_proof_and_measurement_do_not_meet():
    halving = Measured("a", tuple(range(1, 7)), tuple(2.0 ** (-2 * j) for j in range(1, 7)))
    assert halving.order == pytest.approx(2)
    met, apart, bare = (measured(replace(BARE, upper=r), halving) for r in (Fraction(2), Fraction(3), None))
    assert met.remark() is None
    assert apart.remark() == "a: the order lies between about 2.00 (measured) and 3 (proved)"
    assert bare.remark() == "a: the order is at least about 2.00 (measured)"
    assert "does not prove it" in measured(BARE, Measured("a", (1, 2), (1e-16,) * 2)).remark()


ANCHORED = ("--truth", "anchored.json")


@pytest.mark.parametrize(
    ("options", "granted", "given"),
    [
        (
            ["--gate", "softmax", "--cell", "3"],
            "the theorem on the solvability order r_bar(m) = 2m (theory 4.1.1), shares",
            "given the theorems on the solvability order r_bar(m) = 2m",
        ),
        (["--activation", "tanh", "--dim", "2", *ANCHORED], "shares bounded away from 0", "given no theorem"),
    ],
)
def test_a_certificate_by_moments_is_written_and_proved_again(options, granted, given, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anchored.json").write_text('{"beta1": [[1, 1], [0, 0]]}')
    file = tmp_path / "orders.json"
    record = json.loads(output("exponents", *options, "--bounds-only", "--json", "--certificate", str(file)))
    proof, *_ = json.loads(file.read_text())
    titles = {o["parameter"]: o["upper"] for o in record["orders"] if o["certified"]}
    assert titles == {claim["title"]: claim["value"] for claim in proof["claims"]}
    assert {"b", "nu", "mean nu"} <= set(titles)
    assert any(f"for granted: {granted}" in reason for reason in record["reasons"])
    assert given in output("certify", str(file))


HELD = {
    ("linear", 3, None): "beta1 stands for beta1/tau",
    ("quadratic", 2, None): "A stands for A/tau, beta1 stands for beta1/tau",
    ("activation", 2, "z**2"): "beta1 stands for beta1^2/tau",
    ("softmax", 2, None): None,
}


@pytest.mark.parametrize(("gate", "size", "source"), HELD)
def test_what_a_certificate_holds_is_told(gate, size, source):
    found = known(gate, source=source, size=size)
    told = [r.text for r in found.reasons if r.text.startswith("the certificate holds")]
    meant = HELD[gate, size, source]
    assert told == ([] if meant is None else [f"the certificate holds tau at its true value: {meant}"])


BY_THEOREMS = {
    ("--gate", "laplace"): "a log weight with kinks has no Taylor polynomial",
    ("--activation", "tanh", "--cell", "4", "--dim", "2"): "the equations are in 3432 moments, more than 2100",
    ("--activation", "tanh", "--expert", "nonlinear:tanh"): "the mean is not a polynomial in x that is linear in the "
    "parameters",
    ("--activation", "log(1+z**2)", *ANCHORED): "no bound below 5 was found for beta1",
    ("--gate", "softmax", "--split", "all"): "a certificate takes theorems for granted: on experts (theory 4.2.2)",
}


@pytest.mark.parametrize("options", BY_THEOREMS, ids=" ".join)
def test_where_equations_have_no_certificate_one_takes_theorems_for_granted(options, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anchored.json").write_text('{"beta1": [1, 0], "tau": 1}')
    target = tmp_path / "orders.json"
    assert BY_THEOREMS[options] in output("exponents", *options, "--bounds-only", "--certificate", str(target))
    proof, *_ = json.loads(target.read_text())
    assert proof["proof"]["kind"] == "theorems"
    assert "given the theorems on experts (theory 4.2.2)" in output("certify", str(target))


def test_flat_directions_come_with_an_identity():
    for chosen, flat in [
        (order_setting("linear"), {"beta1", "tau"}),
        (order_setting("activation", source="z**2"), {"beta1", "tau"}),
        (order_setting("activation", source="relu"), {"beta1", "tau"}),
        (order_setting("softmax", split="all"), {"beta1"}),
        (order_setting("activation", source="log(1+z**2)"), {"beta1"}),
        (order_setting("activation", source="log(1+z**2)", point={"tau": 2}), set()),
        (order_setting("activation", source="tanh"), set()),
    ]:
        curves = flat_curves(chosen)
        names = set(curves.flat) | ({*curves.labels, "tau"} if curves.scale else set())
        assert names == flat


def test_equations_of_the_theory_need_no_measurement():
    found = known("softmax", "constant")
    assert found.certificates
    assert [o.upper for o in found.orders] == [2, 4, 2, 1, 1, 2]


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), Fraction(1, 2), "0.5"])
def test_a_point_may_have_numbers_of_python(value):
    half = order_setting("softmax", point={"beta1": "1/2"})
    assert order_setting("softmax", point={"beta1": value}) == half


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, 1j])
def test_what_is_no_number_is_refused_in_a_point(value):
    with pytest.raises(ValueError, match="beta1 is no number"):
        order_setting("softmax", point={"beta1": value})


def test_two_temperatures_have_an_invariant_each():
    """w x^3/tau + v x/tau2: two flows, and w/tau and v/tau2 have the orders of a gate without temperatures."""
    found = orders(order_setting(model("w*x**3/tau + v*x/tau2", shared=["tau2"]).gate))
    plain = orders(order_setting("w*x**3 + v*x"))
    assert [o.parameter for o in found.orders if o.flat] == ["w", "v", "tau", "tau2"]
    assert {"w/tau", "v/tau2"} <= {o.parameter for o in found.orders}
    assert {o.of: o.upper for o in found.orders if not o.flat} == {o.of: o.upper for o in plain.orders}


def test_a_true_point_at_which_a_gate_has_no_derivative_is_refused():
    with pytest.raises(ValueError, match="no derivative at this true point"):
        order_setting("cosine-perturbed", dim=2, point={"beta1_1": 0, "beta1_2": 0})
    order_setting("activation", source="relu", point={"beta1": 0})
