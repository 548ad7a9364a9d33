"""What was read in papers, against the exponents that are proved, and where one is too fast."""

import pytest
from mpmath import exp, log, mpf, sqrt, workdps

from temperance.measurements.atlas import Atlas, entry, stored
from temperance.measurements.judgement import LEVEL, POWER, Leg, count, describe_family, family, stepped_down, with_test
from temperance.measurements.literature import ROWS
from temperance.numerics.studies.slopes import Hypothesis

ASKED = [("softmax", None), ("linear", None), ("laplace", None), ("activation", "tanh")]


@pytest.mark.parametrize("cell", ["exact", "two", "every cell split"])
@pytest.mark.parametrize(("gate", "source"), ASKED)
def test_nothing_published_is_faster_than_what_is_proved_but_where_the_same_split_cancels(gate, source, cell):
    """These bounds are attained, so that a larger exponent is false: that of a flat parameter, alone."""
    row = next(row for row in ROWS if (row.gate, row.source, row.expert) == (gate, source, "gaussian"))
    published = {o.order.parameter: o for o in entry(row, cell, 1, {}).orders if o.published}
    assert published or cell == "every cell split"
    fast = {name for name, o in published.items() if o.is_overtaken}
    flat = {"softmax": {"beta1"}, "linear": {"beta1/tau"}} if cell == "every cell split" else {}
    assert fast == flat.get(gate, set())


def test_exponents_of_the_laplace_gate_are_those_of_its_paper():
    (row,) = (row for row in ROWS if row.gate == "laplace")
    found = {o.order.parameter: o for o in entry(row, "three", 2, {}).orders}
    assert [found[name].published for name in ("beta1_2", "a_1", "b", "nu")] == ["1/4", "1/4", "1/12", "1/6"]
    assert found["tau"].published is None
    assert "no temperature" in found["tau"].published_reason.text
    line = {o.order.parameter: o for o in entry(row, "two", 1, {}).orders}
    assert (line["beta1"].published, str(line["beta1"].order.rate)) == ("1/4", "1/3")


POINTS = [(x, y) for x in (-1, 0.3, 1.7) for y in (-2, 0.1, 2.5)]


def density(atoms):
    """The normalised sigmoid gate, atoms of beta1, w, a, b, nu."""

    def at(x, y):
        weights = [1 / (1 + exp(-beta1 * x - w)) for beta1, w, *_ in atoms]
        experts = [exp(-((y - a * x - b) ** 2) / (2 * nu)) / sqrt(nu) for *_, a, b, nu in atoms]
        return sum(w * f for w, f in zip(weights, experts, strict=True)) / sum(weights)

    return [at(x, y) for x, y in POINTS]


def moved(atom, name, t):
    """An atom with an offset t of a parameter; that of b takes the variance of the two from nu."""
    offsets = [t if name == p else -(t**2) if (name, p) == ("b", "nu") else 0 for p in PARAMETERS]
    return [value + offset for value, offset in zip(atom, offsets, strict=True)]


PARAMETERS = ("beta1", "w", "a", "b", "nu")


@pytest.mark.parametrize("name", ["w", "b"])
def test_two_equal_atoms_for_each_of_a_normalised_sigmoid_gate_are_too_slow_for_theorem_4_of_2505_10860(name):
    """They have the true density, and moved apart its distance reaches the bound of the order: 2, or 4 for b."""
    (row,) = (row for row in ROWS if row.gate == "sigmoid-tau-1")
    (bound,) = (o for o in entry(row, "every cell split", 1, {}).orders if o.order.parameter == name)
    assert (bound.published, bound.is_overtaken) == ("1/2", True)
    with workdps(80):
        first, second = ([mpf(v) for v in atom] for atom in (("1.3", ".4", 1, ".5", 1), ("-.6", ".1", -1, "-.7", ".8")))
        true, gaps = density([first, second]), []
        for t in (mpf(0), mpf(2) ** -20, mpf(2) ** -21):
            near = density([moved(first, name, t), moved(first, name, -t), second, second])
            gaps.append(max(abs(p - q) for p, q in zip(near, true, strict=True)))
        order = log(gaps[1] / gaps[2], 2)
    assert gaps[0] < 1e-75
    assert float(order) == pytest.approx(float(bound.order.upper), abs=1e-9)


def test_orders_of_a_normalised_sigmoid_gate_are_shown_beside_what_is_published():
    (row,) = (row for row in ROWS if row.gate == "sigmoid-tau-1")
    for d, several in ((1, 5), (2, 7)):
        made = entry(row, "every cell split", d, stored())
        every = [o for o in made.orders if not o.order.is_mean]
        assert made.truth["held"] == []
        assert {o.proof for o in every} == {"certificate"}
        assert {o.order.parameter: o.order.rate for o in every if o.order.name == "b"} == {"b": 1 / 8}
        assert all(o.contact == "met" and o.exact and o.is_overtaken for o in every)
        told = Atlas((made,)).answer[-3]
        assert told.startswith(f"{several} published exponents")
        assert "all of them" in told
    assert entry(row, "exact", 1, {}).orders[0].published is None
    assert entry(row, "two", 1, {}).orders == ()
    assert not any("faster" in text for text in Atlas((entry(ROWS[1], "two", 1, {}),)).answer)


# -- all tests of a run at one level: what a leg finds alone, what Holm's method adds, and what is said of it


TESTS = 500
EACH = LEVEL / TESTS


def row(p, power=0.99, *, rare=False, study="s", objection=None):
    tested = Hypothesis("it holds", "it is off", 0.95, p, power)
    return with_test({"study": study, "parameter": "a", "cell": 1}, tested, EACH, rare=rare, objection=objection)


@pytest.mark.parametrize(
    ("p", "power", "rare", "outcome"),
    [
        (0.3, POWER, False, "confirmed"),
        (0.3, POWER - 1e-9, False, "inconclusive"),
        (0.3, POWER - 1e-9, True, None),
        (EACH, 0.99, False, "contradicted"),
        (EACH, 0.1, True, "contradicted"),
        (1.01 * EACH, 0.99, False, "confirmed"),
        (None, 0.0, False, "inconclusive"),
        (None, 0.0, True, None),
    ],
)
def test_the_outcome_of_a_test(p, power, rare, outcome):
    assert row(p, power, rare=rare)["outcome"] == outcome


@pytest.mark.parametrize(
    ("rows", "outcome", "counts"),
    [
        ([], "inconclusive", "0 slopes to n = 10^12: 0 rejected, 0 not rejected"),
        (
            [row(0.3, rare=True)],
            "confirmed",
            "0 rejected, 1 not rejected with power 0.9, 0 not rejected without it, 0 not",
        ),
        ([row(0.3, rare=True), row(0.3, 0.1, rare=True)], "confirmed", "1 not rejected without it, 0 not tested"),
        ([row(0.3, rare=True), *[row(0.3, 0.1, rare=True)] * 2], "inconclusive", "2 not rejected without it, 0 not"),
        ([row(0.3, rare=True), row(None, rare=True)], "confirmed", "0 not rejected without it, 1 not tested"),
        ([row(0.3, rare=True), row(EACH / 2, rare=True)], "contradicted", "1 rejected, 1 not rejected with power"),
    ],
)
def test_rare_tests_are_counted(rows, outcome, counts):
    """Half of them need the power, and one that is rejected contradicts."""
    found, words = count(rows)
    assert found == outcome
    assert counts in words


@pytest.mark.parametrize("p", [0.3, EACH / 2])
def test_fits_that_settle_nothing_have_no_test_whatever_they_say(p):
    found = row(p, objection="two searches differ")
    assert (found["outcome"], found["reason"]) == ("inconclusive", "two searches differ")
    assert (found["test"]["p"], found["test"]["power"]) == (None, 0.0)
    assert row(p, rare=True, objection="two searches differ")["outcome"] is None


def test_holm_rejects_more_only_after_what_is_rejected_alone():
    """499 hypotheses are left after the first: what lies between 1/500 and 1/499 of the level is rejected then."""
    between = LEVEL / (TESTS - 0.5)
    legs = [Leg("confirmed", "one", {"slopes": [row(between), row(0.5)]}), None]
    assert stepped_down(legs) == legs
    other = Leg("contradicted", "two", {"variances": [row(EACH / 2, study="t")], "sizes": [1, 2], "least": 0.1})
    one, _, two = stepped_down([*legs, other])
    assert [r["outcome"] for r in one.data["slopes"]] == ["contradicted", "confirmed"]
    assert one.outcome == "contradicted"
    assert one.detail == "one; Holm's method rejects 1 more"
    assert two == other


def test_what_a_run_tested_is_said():
    rows = [row(0.5), row(0.5, 0.2, rare=True), row(EACH / 9, study="t"), row(None)]
    found = family([Leg("contradicted", "", {"slopes": rows, "other": [{"outcome": "confirmed"}]}), None])
    assert (found["made"], found["rejected"], found["powerful"]) == (3, ["t: a in cell 1"], 2)
    assert (found["least_power"], found["least_planned"]) == (0.99, 0.95)
    assert (found["tests"], found["planned"]) == (TESTS, 3)
    words = "rejected are t: a in cell 1; power 0.9 was planned in 3 (at least 0.95 in all), reached in 2"
    assert words in describe_family(found)
