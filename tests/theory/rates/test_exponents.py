"""Contact orders of arbitrary gates: the command, its results, and what it refuses."""

import json
import math
from fractions import Fraction

import pytest
import sympy as sp

from temperance.commands.app import run
from temperance.measurements.contact_orders import MeasuredOrder, family
from temperance.numerics.contact.by_minimisation import measure
from temperance.numerics.contact.local_exponents import Measured
from temperance.numerics.general.split_mixtures import Family
from temperance.theory.rates.contact_orders import Order, order_setting, orders
from temperance.theory.rates.orders_from_theorems import known_orders


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
    assert all(
        list(o) == ["parameter", "upper", "certified", "measured", "error", "flat", "rate"] for o in record["orders"]
    )
    assert record["setting"] == {
        **{"gate": "softmax", "expert": "constant", "activation": None},
        **{"cell": 2, "split": "one", "point": {"beta1": "1"}},
    }
    assert "h_beta1^2 = 0" in record["equations"]


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
    assert ": proved: contact orders at most (difference beta1: 2, " in capsys.readouterr().out
    (proof,) = json.loads(file.read_text())
    for change in ({"statement": "contact orders at most 1"}, {"orders": {"difference b": "3"}}, {"steps": []}):
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps({**proof, **change}))
        assert run(["certify", str(changed)]) == 1
        assert ": rejected (" in capsys.readouterr().out


def test_a_rate_is_stated_only_where_it_is_proved():
    bare = Order("a", "a", False, None, False)
    assert MeasuredOrder(bare, Measured("a", (1, 2, 3), (1e-1, 1e-2, 1e-3))).record()["rate"] is None
    assert MeasuredOrder(Order("a", "a", False, Fraction(4, 3), False), None).record()["rate"] == "3/8"
    assert MeasuredOrder(Order("a", "a", False, None, True), None).record()["rate"] is None


def test_an_interval_is_named_where_proof_and_measurement_do_not_meet():
    halving = Measured("a", tuple(range(1, 7)), tuple(2.0 ** (-2 * j) for j in range(1, 7)))
    assert halving.order == pytest.approx(2)
    met, apart, bare = (
        MeasuredOrder(Order("a", "a", False, r, False), halving) for r in (Fraction(2), Fraction(3), None)
    )
    assert met.remark() is None
    assert apart.remark() == "a: the order lies between about 2.00 (measured) and 3 (proved)"
    assert bare.remark() == "a: the order is at least about 2.00 (measured)"
    assert (
        "does not prove it"
        in MeasuredOrder(Order("a", "a", False, None, False), Measured("a", (1, 2), (1e-16,) * 2)).remark()
    )


BAD = {
    ("--gate", "sofmax"): "softmax",
    ("--gate", "sigmoid"): "softmax",
    ("--expert", "gausian"): "gaussian",
    ("--expert", "multinomial:2"): "polynomial:M",
    ("--expert", "polynomial:9"): "at most 7",
    ("--activation", "import os"): "",
    ("--activation", "elu(z, alpha)"): "free parameters",
    ("--gate", "activation"): "needs an activation",
    ("--gate", "softmax", "--activation", "tanh"): "activation",
    ("--gate", "activation-bias", "--activation", "relu"): "kinks",
    ("--cell", "1"): "at least 2",
    ("--cell", "5"): "2, 3 or 4",
    ("--cell", "two"): "integer",
    ("--split", "some"): "'all'",
    ("--point", "missing.json"): "cannot be read",
    ("--certificate", "orders.txt"): ".json",
}


def test_a_missed_minimum_near_what_is_resolved_is_left_out():
    """Distances of t^6, measured; the sixth is 4 times the minimum, above what is resolved."""
    distances = (2.66e-7, 3.2126e-8, 3.9485e-9, 4.8946e-10, 6.0929e-11, 3.228e-11, 2.361e-12)
    found = Measured("b", (0.5, 1, 1.5, 2, 2.5, 3, 4), distances)
    assert len(found.exponents) == 4
    assert found.order == pytest.approx(6, abs=0.05)


def test_infinite_distances_are_passed_over():
    found = Measured("a", (1, 2, 3, 4, 5), (math.inf, 1e-2, 1e-2 / 4, 1e-2 / 16, 1e-2 / 64))
    assert found.exponents == pytest.approx((2, 2, 2))


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_is_one_line_and_status_two(capsys, arguments):
    assert run(["exponents", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert BAD[arguments] in captured.err


POINTS = {
    "": "not JSON",
    "[1, 2]": "no point",
    "{}": "no point",
    '{"beta1": 1}': "no value of 'tau'",
    '{"beta1": 1, "tau": 1, "c": 1}': "no parameter 'c'",
    '{"beta1": 1, "beta1": 2, "tau": 1}': "twice",
    '{"beta1": 1, "tau": 0}': "positive",
    '{"beta1": 1, "tau": -1}': "positive",
    '{"beta1": 1, "tau": NaN}': "is no number",
    '{"beta1": 1, "tau": Infinity}': "is no number",
    '{"beta1": 1, "tau": true}': "must be a number",
    '{"beta1": [1], "tau": 1}': "must be a number",
    '{"beta1": {"a": 1}, "tau": 1}': "must be a number",
    '{"beta1": "__import__(\'os\')", "tau": 1}': "",
    '{"beta1": "z", "tau": 1}': "no number",
    '{"beta1": "relu", "tau": 1}': "no number",
    '{"beta1": "alpha", "tau": 1}': "",
    '{"beta1": 1e999999999, "tau": 1}': "",
    '{"beta1": ' + "9" * 5000 + ', "tau": 1}': "",
    '{"beta1": "exp(exp(exp(exp(100))))", "tau": 1}': "",
    '{"beta1": 1000, "tau": 1}': "between -100 and 100",
    "[" * 100000: "not JSON",
    '{"beta1": 1, "tau": 1, "\\u001b[31m\\n": 1}': "no parameter",
    "\x00": "not JSON",
    " " * 1000001: "more than",
}


@pytest.mark.parametrize("text", POINTS, ids=[f"point {i}" for i in range(len(POINTS))])
def test_a_bad_point_is_one_line_and_status_two(capsys, tmp_path, text):
    file = tmp_path / "point.json"
    file.write_text(text)
    assert run(["exponents", "--activation", "tanh", "--point", str(file)]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.isprintable() or captured.err[:-1].isprintable()
    assert POINTS[text] in captured.err


def test_a_certificate_is_not_promised_where_nothing_is_proved(capsys, tmp_path):
    target = tmp_path / "orders.json"
    assert run(["exponents", "--gate", "laplace", "--certificate", str(target)]) == 2
    assert "nothing is certified" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("text", ["1/2", "0.5", 0.5, 1, "log(2)", "-3"])
def test_values_of_a_point_are_exact(text):
    value = order_setting("softmax", point={"beta1": str(text)}).cell.point
    assert list(value.values()) == [sp.nsimplify(str(text))]


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
        names = set(chosen.flat) | ({*chosen.labels, "tau"} if chosen.scale else set())
        assert names == flat


def largest_gap(chosen, moved):
    """The largest residual on the grid, with offsets of some entries of the vector."""
    mixtures = family(chosen)
    grid = mixtures.grid(1.0)
    vector = mixtures.center.copy()
    for i, offset in moved(mixtures).items():
        vector[i] += offset
    return float(abs(grid.residual(vector)).max())


def test_the_identity_of_log_1_z2_at_tau_1_is_one():
    """Weights 1/2, 1/2 and beta1^2 = 1 +- 1/2: the mean of beta1^2 stays, and so does the density."""
    chosen = order_setting("activation", source="log(1+z**2)")

    def moved(mixtures: Family):
        up, down = math.sqrt(1.5) - 1, math.sqrt(0.5) - 1
        weights = {mixtures.index(l, "weight"): -math.log(2) for l in (0, 1)}
        return {**weights, mixtures.index(0, "beta1"): up, mixtures.index(1, "beta1"): down}

    assert largest_gap(chosen, moved) < 1e-15
    at_two = order_setting("activation", source="log(1+z**2)", point={"tau": 2})
    assert largest_gap(at_two, moved) > 1e-4


def test_slopes_of_the_residual_are_derivatives():
    """Central differences of the residual, for every entry of the vector."""
    import numpy as np

    for chosen in (order_setting("gaussian"), order_setting("activation-bias", "polynomial:2", "sigmoid")):
        mixtures = family(chosen)
        grid = mixtures.grid(1.0)
        rng = np.random.default_rng(0)
        at = mixtures.center + 0.1 * rng.normal(size=len(mixtures.center))
        slopes, step = grid.slopes(at), 1e-6
        for i in range(len(at)):
            unit = step * np.eye(len(at))[i]
            gap = (grid.residual(at + unit) - grid.residual(at - unit)) / (2 * step)
            assert np.allclose(slopes[:, i], gap, atol=1e-8)


def test_the_distance_vanishes_at_the_truth_and_for_equal_atoms():
    chosen = order_setting("softmax")

    def halves(mixtures):
        return {mixtures.index(0, "weight"): math.log(0.3), mixtures.index(1, "weight"): math.log(0.7)}

    assert largest_gap(chosen, halves) < 1e-15
    assert largest_gap(chosen, lambda m: {**halves(m), m.index(0, "b"): 0.1}) > 1e-4


def test_a_parameter_that_does_not_move_is_refused():
    with pytest.raises(ValueError, match="accepted: beta1, a, b, nu"):
        measure(family(order_setting("softmax")), "tau")


def test_equations_of_the_theory_need_no_measurement():
    found = orders(order_setting("softmax", "constant"))
    assert found.certificate is not None
    assert [o.upper for o in found.orders] == [2, 4, 2, 1, 1, 2]
    assert found.equations[:3] == ("mean beta1 = 0", "mean b = 0", "mean nu = ((s - 1)*(s + 1)/4)*h_b^2")


LOG = "log(1+z**2)"
KNOWN = [
    ("softmax", None, {"size": 3}, {"beta1": 2, "a": 2, "b": 6, "nu": 3}),
    ("softmax", None, {"split": "all"}, {"a": 2, "b": 4, "nu": 2}),
    ("activation", "tanh", {"size": 3}, {"tau": 1, "beta1": 2, "a": 2, "b": 6, "nu": 3}),
    ("activation", "gelu", {}, {"tau": 1, "beta1": 2, "a": 2, "b": 4, "nu": 2}),
    ("activation", "hardtanh", {}, {"tau": 1, "beta1": Fraction(3, 2), "a": 2, "b": 4, "nu": 2}),
    ("activation", LOG, {}, {"tau": 1, "a": 2, "b": 4, "nu": 2}),
    ("activation", "relu", {}, {"beta1/tau": 2, "a": 2, "b": 4, "nu": 2}),
    ("laplace", None, {}, {"tau": 1, "beta1": Fraction(3, 2), "a": 2, "b": 4, "nu": 2}),
    ("gaussian", None, {"size": 3}, {"c": 6, "Gamma": 3, "a": 6, "b": 6, "nu": 3}),
]


@pytest.mark.parametrize(("gate", "s", "options", "bounds"), KNOWN)
def test_what_the_equations_do_not_cover_is_bounded_by_theorems_without_a_certificate(gate, s, options, bounds):
    found = orders(order_setting(gate, source=s, **options))
    assert found.certificate is None
    assert {o.parameter: o.upper for o in found.orders if o.upper is not None and not o.mean} == bounds
    assert not any(o.certified for o in found.orders)
    assert any("without a certificate" in reason for reason in found.reasons)


def test_bounds_that_take_those_of_the_expert_from_a_theorem_have_no_certificate():
    """The Gaussian gate with a quadratic expert: the equations alone take too many cases."""
    found = orders(order_setting("gaussian", "polynomial:2"))
    upper = {o.parameter: o.upper for o in found.orders if not o.mean}
    assert upper == {"c": 4, "Gamma": 2, "a_1": 2, "a_2": 2, "b": 4, "nu": 2}
    assert found.certificate is None
    assert not any(o.certified for o in found.orders)
    assert "theorem on experts" in found.reasons[0]


@pytest.mark.parametrize("s", ["z**2 + z", "tanh", "exp(z)"])
def test_certified_orders_are_those_of_the_theorems(s):
    """Where both speak: two ways to one number."""
    chosen = order_setting("activation", source=s)
    certified = {o.parameter: o.upper for o in orders(chosen).orders if o.certified}
    other = dict.fromkeys(chosen.cell.own, sp.S.Zero)
    found = known_orders(chosen.cell, chosen.source, other, 2, every=False, flat=False)
    known = {name: r for name, (r, _) in found.items()}
    assert known
    assert known == {name: certified[name] for name in known}


def measured_order(chosen, parameter, levels=None, **how):
    return measure(family(chosen), parameter, levels=levels, **how).order


def test_a_mean_of_a_softmax_gate_has_an_order_of_its_own():
    chosen = order_setting("softmax")
    assert measured_order(chosen, "a", (4, 5, 6, 7), mean=True) == pytest.approx(4 / 3, abs=0.05)
    assert measured_order(chosen, "a", (3, 4, 5)) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(("x", "y"), [(2.0, 1.0), pytest.param(0.5, 3.0, marks=pytest.mark.slow)])
def test_measured_orders_are_invariant_under_rescaling(x, y):
    """x of another unit moves beta1 and the support; y of another unit moves b and the deviations."""
    from dataclasses import replace

    truth = family(order_setting("softmax", "constant")).truth
    there = replace(
        truth,
        cell=order_setting("softmax", "constant", point={"beta1": Fraction(1 / x)}).cell,
        expert={p: v * (y * y if p.name == "nu" else y) for p, v in truth.expert.items()},
        other_expert={p: v * (y * y if p.name == "nu" else y) for p, v in truth.other_expert.items()},
        low=truth.low * x,
        high=truth.high * x,
    )
    found = [measure(Family(t, 2), "nu", levels=(4, 5, 6)).order for t in (truth, there)]
    assert found == pytest.approx([2, 2], abs=0.1)


def test_a_kink_that_moves_is_seen_to_the_power_three_halves():
    assert measured_order(order_setting("laplace", "constant"), "beta1", (4, 5, 6)) == pytest.approx(1.5, abs=0.1)


def measured_at(*exponents):
    """Distances at t = 1/2, 1/4, .. with these local exponents."""
    distances = [1e-2]
    for e in exponents:
        distances.append(distances[-1] * 2**-e)
    return Measured("a", tuple(range(1, len(distances) + 1)), tuple(distances))


@pytest.mark.parametrize(
    ("exponents", "words"),
    [
        ((0.98, 1.046, 1.63, 0.81, 1.0), "have not settled"),
        ((0.83, 0.83, 0.83), "below 1, the least order"),
        ((2.0,), "fewer than three"),
    ],
)
def test_what_is_no_order_is_said_in_words(exponents, words):
    """The first are the local exponents of minima that were missed."""
    found = measured_at(*exponents)
    assert found.order is None
    row = MeasuredOrder(Order("a", "a", False, None, False), found)
    assert words in row.remark()
    assert row.record()["measured"] is None


def test_a_measured_order_has_an_error_and_is_at_least_1():
    assert measured_at(0.97, 0.99, 0.995).order == 1
    assert measured_at(1.90, 1.95, 1.975).error >= 0.075
    assert measured_at(1.90, 1.95, 1.975).order == pytest.approx(2)


def test_an_order_above_its_bound_is_not_printed():
    row = MeasuredOrder(Order("a", "a", False, Fraction(2), False), measured_at(2.5, 2.5, 2.5))
    assert row.record()["measured"] is None
    assert "above the proved bound" in row.remark()


@pytest.mark.full
@pytest.mark.parametrize(("name", "order"), [("beta1", 1), ("a", 1), ("b", 1), ("nu", 2)])
def test_means_at_a_kink_have_no_order_below_1(name, order):
    chosen = order_setting("laplace")
    found = [measured_order(chosen, name, mean=True, sign=sign) for sign in (1, -1)]
    assert max(found) == pytest.approx(order, abs=0.03)
    assert min(found) >= 1


@pytest.mark.full
def test_a_mean_of_a_gaussian_gate_is_measured_as_proved():
    """Its order is 4/3, and the differences go down with t^(1/3): exponents settle at offsets of 2^-20 only."""
    assert measured_order(order_setting("gaussian"), "b", mean=True) == pytest.approx(4 / 3, abs=0.03)


def test_along_a_flat_direction_the_distance_is_rounding_error():
    found = measure(family(order_setting("activation", "constant", LOG)), "beta1", levels=(3, 4))
    assert found.flat
    at_two = order_setting("activation", "constant", LOG, point={"tau": 2})
    assert not measure(family(at_two), "beta1", levels=(3, 4)).flat
