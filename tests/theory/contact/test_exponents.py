"""Contact orders of arbitrary gates: the command, its results, and what it refuses."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from temperance.commands.app import run
from temperance.measurements.contact_orders import measured
from temperance.numerics.contact.by_minimisation import Measured
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import flat_curves, line_of, order_setting
from temperance.theory.contact.orders_from_theorems import known_orders
from temperance.theory.models.by_name import model
from temperance.theory.models.order import Order, Reason, ReasonKind
from temperance.theory.models.spec import BETA0, TAU, Gate, covariates
from tests.theory.contact.settings import known

KEYS = ["parameter", "upper", "certified", "lower", "certified_below", "measured", "error", "flat", "rate"]
KEYS += ["reason", "reason_kind"]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the command prints as JSON for a quick setting, and the certificate that it writes."""
    import contextlib
    import io

    file = tmp_path_factory.mktemp("orders") / "orders.json"
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        status = run(["exponents", "--gate", "softmax", "--expert", "constant", "--json", "--certificate", str(file)])
    return status, screen.getvalue(), file


@pytest.mark.slow
def test_the_json_has_the_keys_that_it_should_have(printed):
    status, text, _ = printed
    assert status == 0
    record = json.loads(text, parse_constant=pytest.fail)
    assert list(record) == ["setting", "equations", "orders", "reasons"]
    assert all(list(o) == KEYS for o in record["orders"])
    assert record["setting"] == {
        **{"gate": "softmax", "expert": "constant", "activation": None},
        **{"cell": 2, "split": "one", "point": {"beta1": "1"}, "dim": 1},
        "x": {"law": "uniform", "low": -2, "high": 2},
        "truth": {
            "atoms": [
                {"beta1": "1", "beta0": "0", "b": "0", "nu": "1"},
                {"beta1": "0", "beta0": "0", "b": "3", "nu": "1.5"},
            ],
            "held": ["beta0", "beta1"],
        },
        "gate_formula": None,
    }
    assert record["equations"] == []


@pytest.mark.slow
def test_the_orders_of_a_softmax_gate_with_constant_experts(printed):
    found = {o["parameter"]: o for o in json.loads(printed[1])["orders"]}
    assert {name: (o["upper"], o["certified"], o["rate"]) for name, o in found.items()} == {
        **{"beta1": ("2", True, "1/4"), "b": ("4", True, "1/8"), "nu": ("2", True, "1/4")},
        **{"mean beta1": ("1", True, "1/2"), "mean b": ("1", True, "1/2"), "mean nu": ("2", True, "1/4")},
    }
    for order in found.values():
        if order["upper"] != "1":
            assert abs(order["measured"] - float(Fraction(order["upper"]))) < 0.1
        assert not order["flat"]


@pytest.mark.slow
def test_the_certificate_is_proved_again_by_certify(printed, capsys, tmp_path):
    file = printed[2]
    assert run(["certify", str(file)]) == 0
    assert (
        ": proved: contact orders (distance of densities) at most 2: beta1, nu, mean nu; at most 4: b; at most 1: "
        in capsys.readouterr().out
    )
    proof, *curves = json.loads(file.read_text())
    assert curves
    assert {curve["proof"]["kind"] for curve in curves} == {"curve"}
    lower = [{"title": "b", "side": "at most", "value": "3"}]
    for change in ({"statement": "all orders are 1"}, {"claims": lower}, {"proof": {**proof["proof"], "steps": []}}):
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps({**proof, **change}))
        assert run(["certify", str(changed)]) == 1
        assert ": rejected (" in capsys.readouterr().out


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


@pytest.mark.parametrize(
    ("options", "granted", "given"),
    [
        (
            ["--gate", "softmax", "--cell", "3"],
            "the theorem on the solvability order r_bar(m) = 2m (theory 4.1.1), shares",
            "given the theorems on the solvability order r_bar(m) = 2m",
        ),
        (["--activation", "tanh", "--dim", "2"], "shares bounded away from 0", "given no theorem"),
    ],
)
def test_a_certificate_by_moments_is_written_and_proved_again(options, granted, given, output, tmp_path):
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
    ("--activation", "log(1+z**2)"): "no bound below 5 was found for beta1",
    ("--gate", "softmax", "--split", "all"): "a certificate takes theorems for granted: on experts (theory 4.2.2)",
}


@pytest.mark.parametrize("options", BY_THEOREMS, ids=" ".join)
def test_where_equations_have_no_certificate_one_takes_theorems_for_granted(options, output, tmp_path):
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


@pytest.mark.parametrize("s", ["z**2 + z", "tanh"])
def test_certified_orders_are_those_of_the_theorems(s):
    """Where both speak: two ways to one number."""
    chosen = order_setting("activation", source=s)
    certified = {o.parameter: o.upper for o in known("activation", source=s).orders if o.certified}
    by_theorems = {str(of): r for of, (r, _) in known_orders(chosen).items()}
    assert by_theorems
    assert by_theorems == {name: certified[name] for name in by_theorems}


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), Fraction(1, 2), "0.5"])
def test_a_point_may_have_numbers_of_python(value):
    half = order_setting("softmax", point={"beta1": "1/2"})
    assert order_setting("softmax", point={"beta1": value}) == half


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, 1j])
def test_what_is_no_number_is_refused_in_a_point(value):
    with pytest.raises(ValueError, match="beta1 is no number"):
        order_setting("softmax", point={"beta1": value})


def test_a_gate_of_ones_own_has_orders():
    """Given as an object: kappa cos(x - c)/tau; and the softmax gate of the plane, which has the orders of its name."""
    kappa, c = sp.symbols("kappa c", real=True)
    log_weight = kappa * sp.cos(covariates(1)[0] - c) / TAU
    found = orders(order_setting(Gate("bump", log_weight, (kappa, c, TAU), (TAU,), BETA0 / TAU)))
    assert [o.parameter for o in found.orders if o.flat] == ["kappa", "tau"]
    assert {o.upper for o in found.orders if o.name in ("b", "nu")} == {4, 2, 1}
    assert {o.reason.kind for o in found.orders if o.name == "c"} <= {ReasonKind.NO_BOUND, ReasonKind.THEOREM}
    plain = model("softmax", dim=2)
    mine = order_setting(replace(plain.gate, name="of one's own"), plain.expert, dim=2)
    assert line_of(mine) == line_of(order_setting("softmax", dim=2))
    both = (mine, order_setting("softmax", dim=2))
    uppers = [[(o.title, o.upper) for o in orders(chosen).orders] for chosen in both]
    assert uppers[0] == uppers[1]


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
