"""Upper bounds of contact orders, and their certificates."""

import contextlib
import copy
import json
from fractions import Fraction
from functools import cache

import pytest
import sympy as sp
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.theory.checker.order_checker import check
from temperance.theory.checker.order_checker import statement as check_statement
from temperance.theory.checker.rejected import Rejected
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import normal
from temperance.theory.models.spec import NU, TAU, Expert, covariates
from temperance.theory.orders.split_cell import moment_equations, row_reduced
from temperance.theory.orders.taylor import NotRational, Taylor
from temperance.theory.orders.upper_bounds import certificate, upper_orders
from temperance.theory.settings.truth import Setting, Truth

Z = sp.Symbol("z", real=True)
THREE_HALVES, FOUR_THIRDS = Fraction(3, 2), Fraction(4, 3)


def cell(gate, expert="gaussian", s=None, held=(), **values):
    spec = model(gate, expert, s)
    at = {p: sp.sympify(values.get(p.name, 1)) for p in spec.parameters}
    return Setting(Truth(spec, (at, at)), (2, 1), held)


# gate, expert, activation, point -> orders of the differences, and means that are not of order 1
TABLE = [
    ("softmax", "gaussian", None, {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2}, {"a": FOUR_THIRDS, "nu": 2}),
    ("activation", "gaussian", "tanh", {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2, "tau": 1}, {"nu": 2}),
    ("activation", "gaussian", "log(1+z**2)", {"tau": 2}, {"beta1": 2, "a": 2, "b": 4, "nu": 2, "tau": 1}, {"nu": 2}),
    ("activation", "gaussian", "exp(z)", {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2}, {"nu": 2}),
    ("activation", "gaussian", "sqrt(1+z**2)", {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2}, {"nu": 2}),
    ("activation", "gaussian", "z**2+z", {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2}, {"nu": 2}),
    ("activation", "gaussian", "softplus", {}, {"beta1": 2, "a": 2, "b": 4, "nu": 2}, {"nu": 2}),
    (
        "activation-bias",
        "gaussian",
        "sigmoid",
        {"c": sp.log(2)},
        {"beta1": 2, "c": 2, "a": 2, "b": 4, "nu": 2},
        {"nu": 2},
    ),
    (
        "softmax",
        "polynomial:2",
        None,
        {},
        {"beta1": 2, "a_1": 2, "a_2": 2, "b": 4, "nu": 2},
        {"a_1": FOUR_THIRDS, "nu": 2},
    ),
    ("activation", "polynomial:2", "tanh", {}, {"beta1": 2, "a_1": 2, "a_2": 2, "b": 4, "nu": 2}, {"nu": 2}),
    ("softmax", "constant", None, {}, {"beta1": 2, "b": 4, "nu": 2}, {"nu": 2}),
    *(
        ("gaussian", "constant", None, at, {"c": 4, "Gamma": 2, "b": 4, "nu": 2}, {"Gamma": 2, "nu": 2})
        for at in ({"c": 0}, {"c": sp.Rational(1, 3), "Gamma": 3}, {"c": 0, "Gamma": sp.Rational(1, 2)})
    ),
]
SLOW = [
    (
        "gaussian",
        "gaussian",
        None,
        {"c": 0},
        {"c": 4, "Gamma": 2, "a": 2, "b": 4, "nu": 2},
        {"a": 2, "b": FOUR_THIRDS, "Gamma": 2, "nu": 2},
    )
]
ROWS = [*TABLE, *(pytest.param(*row, marks=pytest.mark.full) for row in SLOW)]


@pytest.mark.parametrize(("gate", "expert", "s", "point", "orders", "means"), ROWS)
def test_the_orders_are_bounded_and_the_certificate_is_accepted(gate, expert, s, point, orders, means):
    found = upper_orders(cell(gate, expert, s, **point))
    assert found.reason is None
    assert {name: found.order(name) for name in orders} == orders
    assert {p.name: r for p in found.reduced.cell.each if (r := found.mean(p.name)) != 1} == means
    assert check(json.loads(json.dumps(certificate(found)))).startswith("contact orders at most (")


def test_z_squared_has_bounds_with_tau_held_only():
    assert upper_orders(cell("activation", s="z**2", held=(TAU,))).order("beta1") == 2
    free = upper_orders(cell("activation", s="z**2"))
    assert free.reason.startswith("no bound")
    assert free.order("beta1") is None
    with pytest.raises(ValueError, match="nothing to certify"):
        certificate(free)


def test_a_mean_that_contains_an_unsolved_one_linearly_is_a_right_series():
    """z^2: beta1^2/tau is what is seen, so that E[beta1] begins with sqrt(1 + tau) - 1."""
    free = upper_orders(cell("activation", s="z**2")).reduced
    at = free.variables.index("tau")
    series = {m[at]: c for m, c in free.means["mean beta1"].items() if sum(m) == m[at]}
    assert [series[k] for k in range(1, 5)] == [fmpq_poly([fmpq(*q)]) for q in ((1, 2), (-1, 8), (1, 16), (-5, 128))]


@pytest.fixture(scope="module")
def of_the_quadratic_gate():
    return upper_orders(cell("quadratic", held=(TAU,)))


def test_the_quadratic_gate_mixes_its_parameters_as_the_heat_equation_does(of_the_quadratic_gate):
    found = of_the_quadratic_gate
    assert {n: found.order(n) for n in ("beta1", "A", "a", "b", "nu")} == {"beta1": 4, "A": 2, "a": 2, "b": 4, "nu": 2}
    assert {n: found.mean(n) for n in ("beta1", "A", "a", "b", "nu")} == {"beta1": 1, "A": 2, "a": 2, "b": 1, "nu": 2}


def nodes(tree):
    yield tree
    for case in tree.get("cases", ()):
        yield from nodes(case)


def test_factors_with_a_common_root_may_both_tend_to_0(of_the_quadratic_gate):
    proof = json.loads(json.dumps(certificate(of_the_quadratic_gate)))
    check(proof)
    found = [node for step in proof["steps"] if "cases" in step for node in nodes(step["cases"]) if "coprime" in node]
    assert found
    for wrong in ([0, 0], [0], [0, 9], [0, 1, 2]):
        kept = found[0]["coprime"]
        found[0]["coprime"] = wrong
        with pytest.raises(Rejected):
            check(proof)
        found[0]["coprime"] = kept
    left = found[0]["cases"].pop()
    with pytest.raises(Rejected, match="a case is missing"):
        check(proof)
    found[0]["cases"].append(left)
    check(proof)


def test_nothing_is_bounded_along_the_exact_curve_of_log_1_z2_at_tau_1():
    found = upper_orders(cell("activation", s="log(1+z**2)"))
    assert "beta1" in found.reason
    assert {found.order(p.name) for p in found.reduced.cell.each} == {None}


def in_other_units(x, y):
    """The Gaussian expert of x/x_0 and y/y_0, in the parameters of x and y up to a factor each."""
    a, b = sp.symbols("a b", real=True)
    return Expert("in other units", normal(y * (x * a * covariates(1)[0] + b)), (a, b, NU))


SCALES = st.fractions(Fraction(1, 5), 5, max_denominator=7).filter(lambda q: q != 0)
SIGNED = st.tuples(SCALES, st.sampled_from([1, -1])).map(lambda pair: sp.Rational(str(pair[0])) * pair[1])


@cache
def in_one_unit(gate, s=None):
    """The orders that every example is compared with."""
    return upper_orders(cell(gate) if s is None else cell(gate, s=s, tau=2))


@pytest.mark.parametrize("s", [sp.tanh(Z), Z**2 + Z, sp.log(1 + Z**2), sp.exp(Z) - 2 * Z])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(x=SIGNED, y=SIGNED, size=SCALES.map(lambda q: sp.Rational(str(q))))
def test_orders_are_invariant_under_rescaling(s, x, y, size):
    """x -> x/x_0 moves beta1 and a, y -> y/y_0 the expert, s -> c s moves tau: the density is that of other units."""
    plain = in_one_unit("activation", s)
    scaled = upper_orders(cell("activation", in_other_units(x, y), s=size * s, tau=2 * size, beta1=x))
    names = [*(p.name for p in plain.reduced.cell.each), "tau"]
    assert plain.reason is None
    assert [plain.order(n) for n in names] == [scaled.order(n) for n in names]
    assert [plain.mean(n) for n in names] == [scaled.mean(n) for n in names]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(x=SIGNED, y=SIGNED)
def test_orders_of_a_softmax_gate_are_invariant_under_rescaling(x, y):
    plain, scaled = in_one_unit("softmax"), upper_orders(cell("softmax", in_other_units(x, y), beta1=x))
    assert scaled.mean("a") == plain.mean("a") == FOUR_THIRDS
    assert [scaled.order(n) for n in ("beta1", "a", "b", "nu")] == [2, 2, 4, 2]


@pytest.mark.parametrize(
    "f",
    ["exp(z)", "tanh(z)", "log(1+z**2)", "sqrt(1+z**2)", "sin(z)", "cos(z)", "atan(z)", "1/(1+exp(-z))", "asinh(z)"],
)
def test_taylor_polynomials_are_those_of_sympy(f):
    ring = Taylor({Z: sp.S.Zero}, lambda m: m[0] <= 6, 6)
    expression = sp.sympify(f, {"z": Z})
    value = ring.value(expression)
    found = value.constant + sum(
        sp.Rational(int(c.p), int(c.q)) * Z ** int(m[0]) for m, c in value.poly.to_dict().items()
    )
    assert sp.expand(found - sp.series(expression, Z, 0, 7).removeO()) == 0


@pytest.mark.parametrize("f", [sp.erf(Z), sp.log(Z), sp.exp(Z + 1), 1 / Z, sp.sqrt(2 + Z)])
def test_irrational_and_singular_taylor_coefficients_are_refused(f):
    with pytest.raises(NotRational):
        Taylor({Z: sp.S.Zero}, lambda m: m[0] <= 6, 6).value(f)


def test_the_first_moments_of_the_softmax_gate():
    """sum_l p_l e^(beta x) = const, sum_l p_l e^(beta x) (a x + b) = 0: E[beta] = 0, E[b] = 0, E[a] = -E[beta b]."""
    pivots, rows = row_reduced(moment_equations(cell("softmax"), 2, 6))
    row = dict(zip(pivots, rows, strict=True))[(0, 1, 0, 0)]
    assert row == {(0, 1, 0, 0): 1, (1, 0, 1, 0): 1}


@pytest.mark.parametrize(
    ("gate", "expert", "message"),
    [
        ("sigmoid", "gaussian", "no weight"),
        ("softmax", "multinomial:2", "Gaussian experts"),
        ("laplace", "gaussian", "kink"),
    ],
)
def test_what_is_not_covered_is_refused(gate, expert, message):
    with pytest.raises(ValueError, match=message):
        upper_orders(cell(gate, expert))


@pytest.fixture(scope="module")
def issued():
    return json.loads(json.dumps(certificate(upper_orders(cell("softmax")))))


def changed(issued, change):
    found = copy.deepcopy(issued)
    change(found)
    return found


def lower(found, title, r):
    found["orders"][title] = r


CHANGES = {
    "a smaller order": lambda c: lower(c, "difference b", "3"),
    "a smaller order of a mean": lambda c: lower(c, "mean a", "5/4"),
    "an order below 1": lambda c: lower(c, "mean b", "1/2"),
    "another gate": lambda c: c["model"].update(log_weight="beta1*x**2"),
    "another expert": lambda c: c["model"].update(mean="a*x**2 + b"),
    "a wrong mean": lambda c: c["means"]["mean a"][0][1].append("1"),
    "a bound that is too good": lambda c: next(s for s in c["steps"] if s.get("target")).update(value="1"),
    "no steps": lambda c: c.update(steps=[]),
    "a step left out": lambda c: c["steps"].pop(0),
    "a wrong monomial": lambda c: c["steps"][0].update(monomial=[0, 0, 1, 0]),
    "nonsense": lambda c: c.update(variables=3),
    "code": lambda c: c["model"].update(log_weight="__import__('os').getcwd()"),
    "a title with a space before it": lambda c: lower(c, " difference b", "1"),
    "a title of no parameter": lambda c: c["means"].update({"mean b2": []}) or lower(c, "mean b2", "1"),
    "a title of another kind": lambda c: c["means"].update({"offset b": []}) or lower(c, "offset b", "1"),
    "a name for its difference": lambda c: lower(c, "nu", "2"),
    "a mean of no parameter": lambda c: c["means"].update({"mean b2": []}),
    "a monomial named twice": lambda c: c["means"]["mean a"].append([c["means"]["mean a"][0][0], ["0"]]),
    "no orders": lambda c: c.update(orders={}),
    "more in a certificate": lambda c: c.update(remark="more"),
    "more in a model": lambda c: c["model"].update(remark="more"),
    "more in a point": lambda c: c["model"]["point"].update(p="1"),
    "more in a step": lambda c: c["steps"][-1].update(remark="more"),
    "more in a case": lambda c: c["steps"][-1]["cases"].update(remark="more"),
    "an order that is no number": lambda c: lower(c, "difference b", "4_0"),
    "an element from behind": lambda c: c["steps"][0].update(element=c["steps"][0]["element"] - 99),
    "a name that is none": lambda c: c["model"].update(expert=["a", "b ", "nu"], mean="a*x"),
    "a power in the mean beyond the degree": lambda c: c["model"].update(mean="a*x + b + a**5"),
    "a slope that vanishes where the powers do": lambda c: c["model"].update(mean="(a + a**5)*x + b"),
    "a slope that changes with b": lambda c: c["model"].update(mean="a*x*exp(b**5) + b"),
    "a mean beside a constant": lambda c: c["model"].update(mean="a*x + b + x**9"),
    "a logarithm in the mean": lambda c: c["model"].update(mean="a*x + b + log(2)"),
}
READ = {  # each read as beta1*x before
    "a keyword": "beta1*x + log(2, base=10)",
    "a comment": "beta1*x # + x**2*beta1",
    "a truth value": "beta1*x*True",
    "another line": "beta1*x +\n0",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_certificate_is_rejected(issued, change):
    check(issued)
    found = changed(issued, change)
    with contextlib.suppress(AttributeError):  # of a model that is none
        found["statement"] = check_statement(found)
    with pytest.raises(Rejected):
        check(found)


def test_a_mean_is_linear_as_it_is_written_or_refused(issued):
    """At every true expert, then: with a**5, the mean of b has the order 4/3 beside a true a other than 0."""
    for mean in ("a*x + b + a**5", "a*x + b + b**9", "a*x + b + a*b**7"):
        forged = changed(issued, lambda c, mean=mean: c["model"].update(mean=mean) or c.update(orders={"mean b": "1"}))
        with pytest.raises(Rejected, match=r"^the mean is not linear$"):
            check(forged | {"statement": check_statement(forged)})
    for mean in ("x*a + b", "-(-(a*x)) + b", "(2*a*x + 2*b)/2", "a*(x + x**2 - x*x) + b"):
        same = changed(issued, lambda c, mean=mean: c["model"].update(mean=mean))
        check(same | {"statement": check_statement(same)})


def test_a_statement_says_which_parameters_are_shared_and_at_which_truth_it_holds(issued):
    assert "each with its own beta1, a, b, nu, shares bounded away from 0" in issued["statement"]
    assert (
        "log weight beta1*x at beta1 = 1; mean a*x + b at every true a, b and nu > 0; x = (x) " in issued["statement"]
    )
    swapped = changed(issued, lambda c: c["model"].update(own=[], shared=["beta1"]))
    assert "each with its own a, b, nu and all with one beta1, shares" in check_statement(swapped)


@pytest.mark.parametrize("weight", READ.values(), ids=READ)
def test_nothing_in_a_model_is_passed_over(issued, weight):
    found = changed(issued, lambda c: c["model"].update(log_weight=weight))
    with pytest.raises(Rejected, match=r"understood|one line"):
        check(found | {"statement": check_statement(found)})


@pytest.mark.parametrize("factor", ["log(2)", "2**(1/2)", "exp(log(2)/2)", "(1 + log(2)/3)", "cosh(log(3)/2)"])
def test_irrational_numbers_may_be_added_to_a_log_weight_and_not_multiplied(issued, factor):
    added = changed(issued, lambda c: c["model"].update(log_weight="beta1*x + log(2)/3 - 5*log(3/7)/2"))
    with pytest.raises(Rejected, match="statement"):  # the model is read, and is another than that of the statement
        check(added)
    added["statement"] = check_statement(added)
    check(added)
    with pytest.raises(Rejected, match=r"rational|logarithm"):
        check(changed(issued, lambda c: c["model"].update(log_weight=f"{factor}*beta1*x")))


def test_every_leaf_counts(issued):
    """Without any one multiplier a certificate proves nothing."""
    at = next(i for i, s in enumerate(issued["steps"]) if "split" in s.get("cases", {}))
    leaf = issued["steps"][at]["cases"]
    while "split" in leaf:
        leaf = leaf["cases"][0]
    for name in list(leaf["multipliers"]):
        kept = leaf["multipliers"].pop(name)
        with pytest.raises(Rejected, match="leaf"):
            check(issued)
        leaf["multipliers"][name] = kept
    check(issued)
