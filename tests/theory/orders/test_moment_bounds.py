"""Upper bounds of contact orders by moments, for cells of any size and d = 2, and their certificates."""

import copy
import json
import math
import random
from fractions import Fraction

import pytest
from flint import fmpq, fmpq_mat, fmpq_poly

from temperance.theory.checker import limited_work, verdict_checker
from temperance.theory.checker.moment_checker import FORMAT, Cell, check, statement
from temperance.theory.checker.rejected import Rejected, objection
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.orders.moment_bounds import certified
from temperance.theory.orders.split_cell import moment_equations
from temperance.theory.orders.upper_bounds import upper_orders
from temperance.theory.settings.reasons import ReasonKind


def issued(*names, size, dim=1, **how):
    setting = order_setting(*names, size=size, dim=dim, **how)
    found, proof, why = certified(setting)
    return setting, {str(of): r for of, r in found.items()}, json.loads(json.dumps(proof)), why


SETTINGS = [
    (("softmax",), 3, 1),
    (("softmax",), 4, 1),
    (("linear", "constant"), 3, 1),
    (("activation", "gaussian", "tanh"), 3, 1),
    (("activation", "gaussian", "exp(z)"), 3, 1),
    (("activation", "gaussian", "sqrt(1 + z**2)"), 3, 1),
    (("softmax",), 2, 2),
    (("softmax", "constant"), 3, 2),
    (("activation", "gaussian", "tanh"), 2, 2),
]
LONG = [
    (("activation-bias", "gaussian", "sigmoid"), 3, 1),
    (("activation", "gaussian", "tanh"), 4, 1),
    (("activation", "gaussian", "tanh"), 3, 2),
    (("activation-bias", "gaussian", "sigmoid"), 2, 2),
]
ROWS = [*SETTINGS, *(pytest.param(*row, marks=pytest.mark.full) for row in LONG)]


@pytest.mark.parametrize(("names", "size", "dim"), ROWS)
def test_the_orders_are_those_of_the_theorems_and_the_certificate_is_accepted(names, size, dim):
    """Two ways to one number, for every parameter and mean."""
    setting, found, proof, _ = issued(*names, size=size, dim=dim)
    theorems = {o.title: o.upper for o in orders(setting).orders if o.upper}
    assert found == {name: theorems[name] for name in found}
    assert theorems.keys() == found.keys()
    assert check(proof) == proof["statement"]
    verdict_checker.check(proof)


def test_a_cell_of_two_in_dimension_one_has_the_orders_of_its_reduced_equations():
    setting, found, _, _ = issued("softmax", "polynomial:2", size=2)
    exact = upper_orders(setting)
    assert {name: exact.order(name) for name in ("beta1", "a_2")} == {name: found[name] for name in ("beta1", "a_2")}
    assert found["a_1"] == Fraction(8, 3) > exact.order("a_1") == 2
    assert found["mean a_1"] == exact.mean("a_1") == Fraction(4, 3)


@pytest.mark.parametrize("names", [("activation", "gaussian", "tanh"), ("gaussian", "polynomial:2")])
def test_the_equations_are_those_of_the_other_code(names):
    """The echelon form of the same space, put in order by weights."""
    setting, _, proof, _ = issued(*names, size=3)
    known = moment_equations(setting, proof["degree"], proof["reach"])
    rows = Cell(proof).rows
    columns = sorted({m for row in [*known, *rows] for m in row})
    ranks = [
        fmpq_mat([[row.get(m, fmpq(0)) for m in columns] for row in table]).rank()
        for table in (known, rows, [*known, *rows])
    ]
    assert ranks == [len(rows)] * 3


REFUSED = [
    (("laplace",), 3, 1, "has a kink"),
    (("cosine",), 2, 2, "has no value at x = 0"),
    (("activation", "gaussian", "log(1+z**2)"), 3, 1, "no bound below 6 was found for beta1"),
    (("activation", "gaussian", "gelu"), 3, 1, "cannot set up the equations"),
    (("softmax", "nonlinear:tanh"), 3, 1, "linear in the parameters"),
    (("activation", "polynomial:2", "tanh"), 4, 2, "moments, more than"),
]


@pytest.mark.parametrize(("names", "size", "dim", "why"), REFUSED)
def test_where_there_is_no_certificate_the_reason_is_named(names, size, dim, why):
    _, found, proof, reason = issued(*names, size=size, dim=dim)
    assert (found, proof) == ({}, None)
    assert reason.kind is ReasonKind.NO_CERTIFICATE
    assert why in reason.text


def test_another_temperature_frees_beta1():
    assert issued("activation", "constant", "log(1+z**2)", size=3, point={"beta1": 1, "tau": 2})[1]["beta1"] == 2


QUADRATIC = [
    ("quadratic", "gaussian", 3, 1, {"a": 3, "mean a": 3, "mean beta1": 1, "mean b": 1}),
    ("quadratic", "polynomial:2", 3, 1, {"a_1": 3, "a_2": 2, "mean beta1": 1, "mean b": 1}),
    ("quadratic", "constant", 3, 2, {"mean beta1_1": 1, "mean beta1_2": 1, "mean b": 1}),
    ("gaussian", "gaussian", 2, 1, {"a": 2, "mean a": 2, "mean c": 1, "mean b": Fraction(4, 3)}),
    ("gaussian", "gaussian", 3, 1, {"a": 3, "mean a": 3, "mean c": 1, "mean b": 2}),
    ("gaussian", "gaussian", 2, 2, {"a_1": 2, "a_2": 2, "mean c_1": 1, "mean c_2": 1}),
]


@pytest.mark.parametrize(("gate", "expert", "size", "dim", "some"), QUADRATIC)
def test_gates_whose_offsets_mix_as_the_heat_equation_does(gate, expert, size, dim, some):
    """In a cell of three a has the order 3, which was measured (3.00)."""
    _, found, proof, _ = issued(gate, expert, size=size, dim=dim)
    assert {name: found[name] for name in some} == some
    linear, square = map(", ".join, proof["gate"])
    assert check(proof).endswith(f"the theorem on quadratic gates (orders {2 * size} of {linear}, {size} of {square})")


# -- forgeries


@pytest.fixture(scope="module")
def proof():
    return issued("softmax", size=3)[2]


@pytest.fixture(scope="module")
def quadratic():
    return issued("quadratic", size=3)[2]


def _weight(text):
    return lambda c: c["model"].update(log_weight=text)


def _all_targets(value):
    def change(c):
        for step in c["steps"]:
            step["value"] = value

    return change


def _first_leaf(tree):
    while "cases" in tree:
        tree = tree["cases"][0]
    return tree


def _split(c):
    return next(tree for step in c["steps"] for tree in step["cases"] if "row" in tree)


FORGERIES = {
    "a smaller order": lambda c: c["orders"].update(a="3/2"),
    "a smaller order of a mean": lambda c: c["orders"].update({"mean a": "4/3"}),
    "an order of the expert below that of the theorem": lambda c: c["orders"].update(b="5"),
    "an order below 1": lambda c: c["orders"].update({"mean beta1": "1/2"}),
    "an order of no parameter": lambda c: c["orders"].update(tau="1"),
    "a difference, which has no order here": lambda c: c["orders"].update({"difference a": "2"}),
    "no order": lambda c: c.update(orders={}),
    "another statement": lambda c: c.update(statement="contact orders at most 1"),
    "no steps": lambda c: c.update(steps=[]),
    "a step less": lambda c: c["steps"].pop(0),
    "steps in another order": lambda c: c["steps"].reverse(),
    "larger values": _all_targets("2"),
    "negative values, which show nothing": _all_targets("-1"),
    "a target of another parameter": lambda c: c["steps"][0]["targets"][0].__setitem__(0, 2),
    "a target of a smaller multiple": lambda c: c["steps"][0]["targets"][0].__setitem__(1, 1),
    "no targets": lambda c: c["steps"][0].update(targets=[], cases=[]),
    "a target twice": lambda c: c["steps"][0]["targets"].append(c["steps"][0]["targets"][0]),
    "a case of a target less": lambda c: c["steps"][0]["cases"].pop(),
    "an alternative less": lambda c: _split(c)["cases"].pop(),
    "the first alternative less": lambda c: _split(c)["cases"].pop(0),
    "another row": lambda c: _split(c).update(row=_split(c)["row"] + 1),
    "a row from the end": lambda c: _split(c).update(row=_split(c)["row"] - 35),
    "a moment that may cancel": lambda c: _split(c).update(moment=[1, 0, 1, 0]),
    "a moment that is not in the row": lambda c: _split(c).update(moment=[0, 4, 0, 0]),
    "no multipliers": lambda c: _first_leaf(c["steps"][0]["cases"][0]).update(multipliers={}),
    "a negative multiplier": lambda c: _first_leaf(c["steps"][0]["cases"][0])["multipliers"].update({"0": "-1"}),
    "a multiplier of no row": lambda c: _first_leaf(c["steps"][0]["cases"][0])["multipliers"].update({"99": "1"}),
    "a remark": lambda c: c["steps"][0].update(remark="trust me"),
    "a gate that shows beta1 squared": lambda c: c["model"].update(log_weight="beta1**2*x", point={"beta1": "0"}),
    "a gate that is flat": _weight("log(1 + beta1**2*x**2)"),
    "a gate of twice the power": _weight("beta1*x**2 + beta1*x + beta1**2*x**2/2"),
    "a gate without its parameter": _weight("x"),
    "a Python expression": _weight("__import__('os')"),
    "a mean with a slope twice": lambda c: c["model"].update(mean="a*x + b*x"),
    "a mean without a slope": lambda c: c["model"].update(mean="b"),
    "a mean that is not linear": lambda c: c["model"].update(mean="a*x + b**2"),
    "a power in the mean beyond the degree": lambda c: c["model"].update(mean="a*x + b + a**6"),
    "a slope that vanishes where the powers do": lambda c: c["model"].update(mean="(a + a**6)*x + b"),
    "a mean with a constant": lambda c: c["model"].update(mean="a*x + b + 1"),
    "more atoms than the degree reaches": lambda c: c.update(atoms=4),
    "one atom": lambda c: c.update(atoms=1),
    "a number of atoms that is no integer": lambda c: c.update(atoms=2.5),
    "true atoms": lambda c: c.update(atoms=True),
    "a low degree": lambda c: c.update(degree=4),
    "a high degree": lambda c: c.update(degree=9),
    "no reach": lambda c: c.update(reach=0),
    "a weight less": lambda c: c["weights"].pop(),
    "no covariates": lambda c: c.update(covariates=[]),
    "a parameter as covariate": lambda c: c.update(covariates=["x", "a"]),
    "another covariate": lambda c: c.update(covariates=["y"]),
    "the format of cells of two": lambda c: c.update(format="temperance-orders/3"),
    "a key more": lambda c: c.update(means={}),
    "a quadratic gate": lambda c: c.update(gate=[["beta1"], []]),
    "a gate of parameters that are not there": lambda c: c.update(gate=[["beta1"], ["A"]]),
}
QUADRATIC_FORGERIES = {
    "a smaller order": lambda c: c["orders"].update(a="2"),
    "a smaller order of the gate than that of the theorem": lambda c: c["orders"].update(A="2"),
    "the theorem is not named": lambda c: c.update(gate=[]),
    "the parameters exchanged": lambda c: c.update(gate=c["gate"][::-1]),
    "all before squares": lambda c: c.update(gate=[[], ["A", "beta1"]]),
    "one parameter less": lambda c: c.update(gate=[["beta1"], []]),
    "a parameter of the expert": lambda c: c.update(gate=[["beta1", "a"], ["A"]]),
    "a cubic gate": _weight("A*x**2 + beta1*x + A*x**3"),
    "a gate of degree six": _weight("A*x**2 + beta1*x + A*x**6"),
    "a cubic gate beyond the degree of the equations": _weight("A*x**2 + beta1*x + (beta1 - 1)**6*x**3"),
    "a square of another parameter": _weight("A*x**2 + beta1*x + beta1**2*x**2"),
    "a parameter that is seen once more": _weight("(A + beta1)*x**2 + beta1*x"),
    "a parameter that is not seen": _weight("A*x**2 + A*x + 0*beta1"),
    "a parameter that is seen through its square": lambda c: c["model"].update(
        log_weight="A*x**2 + beta1**2*x", point={"A": "1", "beta1": "0"}
    ),
    "a shared parameter": lambda c: c["model"].update(own=["beta1"], shared=["A"]),
    "a reach that does not show the moments": lambda c: c.update(reach=5),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_an_altered_certificate_is_rejected(proof, name):
    _require_rejected(proof, FORGERIES[name], name != "another statement")


@pytest.mark.parametrize("name", QUADRATIC_FORGERIES)
def test_an_altered_certificate_of_a_quadratic_gate_is_rejected(quadratic, name):
    assert objection(check, quadratic) is None
    _require_rejected(quadratic, QUADRATIC_FORGERIES[name], True)


def _require_rejected(proof, change, states):
    changed = copy.deepcopy(proof)
    change(changed)
    if states:
        changed["statement"] = statement(changed)  # what anybody can compute
    assert objection(check, changed) is not None
    with pytest.raises(Rejected):
        verdict_checker.check(changed)


def test_the_certificate_that_was_altered_is_accepted_and_another_way_to_write_its_gate_too(proof):
    assert objection(check, proof) is None
    same = copy.deepcopy(proof)
    same["model"]["log_weight"] = "beta1*x + 0*beta1**2*x"
    assert objection(check, same | {"statement": statement(same)}) is None
    assert "for a cell of 3 atoms" in proof["statement"]
    assert "given r_bar(3) = 6 (orders 6 of b, 3 of nu)" in proof["statement"]
    by_experts = same | {"intercept": None}
    assert "given the theorem on experts (orders 6 of a, b, 3 of nu)" in statement(by_experts)
    assert objection(check, by_experts | {"statement": statement(by_experts)}) is None
    for change in ({"intercept": "a"}, {"intercept": "nu"}, {"intercept": "c"}):
        forged = same | change
        assert objection(check, forged | {"statement": statement(forged)}) is not None


def test_for_two_atoms_no_theorem_is_assumed():
    proof = issued("activation", "gaussian", "tanh", size=2, dim=2)[2]
    assert proof["statement"].endswith("; given no theorem")
    assert {proof["orders"][title] for title in ("b", "nu", "a_1")} == {"4", "2"}
    moved = copy.deepcopy(proof)
    moved["model"]["mean"] = "a_1*x_1 + a_2*x_2 + a_1 + b"
    assert objection(check, moved | {"statement": statement(moved)}) == "the mean at x = 0 is another"


def of_five_covariates(degree=8, reach=16):
    x, own = [[f"{p}{i}" for i in range(1, 6)] for p in ("x", "b")]
    model = {
        "log_weight": f"tanh({' + '.join(f'{p}*{q}' for p, q in zip(own, x, strict=True))})",
        **{"mean": "b", "own": own, "expert": ["b", "nu"], "shared": [], "point": dict.fromkeys(own, "1")},
    }
    how = {
        "degree": degree,
        "reach": reach,
        "weights": ["1"] * 7,
        "intercept": "b",
        "gate": [],
        "steps": [],
        "orders": {"b": "4"},
    }
    made = {"format": FORMAT, "model": model, "covariates": x, "atoms": 2, **how}
    return made | {"statement": statement(made)}


def test_a_short_text_that_asks_for_more_monomials_than_a_computer_holds_is_refused():
    assert objection(check, of_five_covariates()) == "the formulas have too many monomials"
    assert objection(check, of_five_covariates(degree=3, reach=6)) == "the formulas have too many monomials"


def test_work_is_counted_before_it_is_done(proof, monkeypatch):
    monkeypatch.setattr(limited_work, "_MOST_WORK", 100)
    assert objection(check, proof) == "the equations take too long to set up"
    monkeypatch.undo()
    monkeypatch.setattr(limited_work, "_MOST_TERMS", 10)
    assert objection(check, proof) == "the formulas have too many monomials"


def test_the_echelon_form_is_that_of_flint():
    rng = random.Random(1)
    for _ in range(20):
        rows = [[fmpq(rng.choice([0, 0, 1, -2, 3]), rng.choice([1, 2])) for _ in range(7)] for _ in range(5)]
        table, rank = fmpq_mat(rows).rref()
        found = limited_work.echelon([{j: c for j, c in enumerate(row) if c} for row in rows], limited_work.Work())
        assert found == [{j: table[i, j] for j in range(7) if table[i, j]} for i in range(rank)]


# -- the rules of the cases


def test_orders_of_moments_along_curves():
    """E[D^m] is of the order that is said, at least; of exactly that where it is said to be exact."""
    rng = random.Random(1)
    cell = Cell({**issued("softmax", size=3)[2]})
    count, width, exact = cell.count, 12, 0
    for _ in range(200):
        shares = [fmpq(n, 6) for n in (1, 2, 3)]
        offsets = [[curve(rng) for _ in range(count)] for _ in shares]
        means = [sum((p * d[i] for p, d in zip(shares, offsets, strict=True)), fmpq_poly([0])) for i in range(count)]
        w = [min(valuation(d[i]) for d in offsets) for i in range(count)] + [valuation(m) for m in means]
        moment = tuple(rng.choice([0, 0, 1, 2]) for _ in range(count))
        atoms = zip(shares, offsets, strict=True)
        parts = [math.prod((d[i] ** n for i, n in enumerate(moment)), start=p) for p, d in atoms]
        found = valuation(sum(parts, fmpq_poly([0])))
        said = sum(o * n for o, n in zip(w, cell.order(moment), strict=True))
        exact += cell.is_exact(moment) and 0 < said < width
        assert found == said if cell.is_exact(moment) else found >= said
    assert exact > 20


def curve(rng):
    return fmpq_poly([0, *(rng.choice([0, 0, 1, -1, 2]) for _ in range(2)), rng.choice([1, -2])])


def valuation(p):
    return next((i for i, c in enumerate(p.coeffs()) if c != 0), 99)


FAR = fmpq(9)  # of an offset that is 0
CURVES = {
    "Gauss and Hermite": {"b": fmpq(1, 6), "nu": fmpq(1, 3), "mean nu": fmpq(1, 3)},
    "beta1 to both sides": {"beta1": fmpq(1, 2)},
    "a to both sides, and nu": {"a": fmpq(1, 2), "nu": fmpq(1), "mean nu": fmpq(1)},
    "beta1 with b to both sides": {
        **{"beta1": fmpq(1, 2), "b": fmpq(1, 6), "nu": fmpq(1, 3), "mean nu": fmpq(1, 3), "a": fmpq(2, 3)},
        **{"mean a": fmpq(2, 3)},
    },
}


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_that_there_is_obeys_every_alternative(proof, name):
    cell = Cell(proof)
    w = [CURVES[name].get(title, FAR) for title in cell.names]
    rows = [(i, moment) for i, row in enumerate(cell.rows) for moment in row if cell.is_exact(moment)]
    assert len(rows) > 10
    for i, moment in rows:
        assert any(
            sum((x * y for x, y in zip(w, a, strict=True)), fmpq(0)) >= b for a, b in cell.alternatives(i, moment)
        )
