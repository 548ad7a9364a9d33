"""A gate of one's own that has the formula of a named one has its orders, whatever its parameters are called."""

import pytest
import sympy as sp

from temperance.measurements.literature import ROWS
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.gates import gate, gaussian, gaussian_full
from temperance.theory.models.spec import BETA0, TAU, Gate, coordinates, covariates, dot
from tests.theory.contact.settings import known

(X,) = covariates(1)


NAMES = ("t", "q", "r", "l", "n", "s", "size", "weight", "x1", "y1", "S", "N")
"""Names with meanings of their own in proofs, in code, or in SymPy; E and I are numbers in formulas."""


def renamed(made, names=NAMES):
    """The same formula in other letters, and nothing beside it; with what each is called in the table."""
    new = {p: sp.Symbol(name, **p.assumptions0) for p, name in zip(made.parameters, names, strict=False)}
    shared, offset = tuple(new[p] for p in made.shared), made.offset
    theirs = None if offset is None else offset.xreplace(new)
    return Gate("mine", made.log_weight.xreplace(new), tuple(new.values()), shared, theirs), new


def rows(found, back):
    said = [(o.is_mean, o.upper, o.flat, o.certified, o.lower, o.shown) for o in found.orders]
    return [(back.get(o.name, o.name), *row) for o, row in zip(found.orders, said, strict=True)]


CASES = [  # beside those of tests/temperance/answers/test_atlas_from_formulas.py
    ("linear", None, 1, 3, "all"),
    ("quadratic", None, 1, 3, "one"),
    ("gaussian", None, 1, 2, "all"),
    ("activation", "tanh", 1, 3, "one"),
    ("activation", "relu", 2, 2, "all"),
    ("activation", "log(1 + z**2)", 1, 2, "one"),
]


@pytest.mark.parametrize(("name", "source", "dim", "size", "split"), CASES)
def test_a_renamed_gate_has_the_same_bounds(name, source, dim, size, split):
    other, new = renamed(gate(name, dim, source))
    found = known(name, source=source, dim=dim, size=size, split=split)
    theirs = orders(order_setting(other, dim=dim, size=size, split=split))
    assert rows(theirs, {p.name: q.name for q, p in new.items()}) == rows(found, {})


ENTRIES = [
    (i, row, split)
    for i, row in enumerate(ROWS)
    for split in ("one", "all")
    if row.refused is None and (split == "all" or not row.gate.startswith("sigmoid"))  # which has no weights
]
QUICK = ("softmax", "relu")


def proved(found, back):
    """What is proved of names of the table."""
    return {(back.get(o.name, o.name), o.is_mean, o.upper, o.flat, o.certified, o.lower) for o in found.orders}


@pytest.mark.parametrize(
    ("place", "row", "split"),
    [pytest.param(*e, marks=() if {e[1].gate, e[1].source} & {*QUICK} else pytest.mark.slow) for e in ENTRIES],
)
def test_the_names_of_parameters_change_nothing_in_the_atlas(place, row, split):
    """The names are not in the alphabetical order of those of the table."""
    names = NAMES[place % len(NAMES) :] + NAMES
    other, new = renamed(gate(row.gate, row.d, row.source), names)
    point = {new[p].name: row.point[p.name] for p in new if p.name in row.point} or None
    found = known(row.gate, row.expert, row.source, point=row.point, dim=row.d, split=split)
    theirs = orders(order_setting(other, row.expert, point=point, dim=row.d, split=split))
    assert proved(theirs, {p.name: q.name for q, p in new.items()}) == proved(found, {})


@pytest.mark.parametrize(("name", "dim"), [("gaussian", 2), ("laplace", 1)])
def test_a_renamed_gate_has_the_same_exact_orders(name, dim):
    other, new = renamed(gate(name, dim))
    assert rows(exact_orders(other, d=dim), {p.name: q.name for q, p in new.items()}) == rows(
        exact_orders(name, d=dim), {}
    )


def test_the_gaussian_gate_with_a_covariance_is_the_gaussian_gate_in_dimension_1():
    bounds = [
        {(o.name, o.is_mean): o.upper for o in known(name, size=3).orders} for name in ("gaussian", "gaussian-full")
    ]
    assert bounds[0] == bounds[1]
    assert gaussian(1).log_weight != gaussian_full(1).log_weight


def uppers(made, **given):
    return {o.title: o.upper for o in orders(order_setting(made, **given)).orders}


def test_a_quadratic_gate_in_other_coordinates_has_a_weaker_bound_of_means_that_shares_hide():
    """A weight that is not normalised moves the shares with its width, and with them the means of places."""
    m, s = sp.Symbol("m", real=True), sp.Symbol("s", positive=True)
    bounds = uppers(Gate("mine", -((X - m) ** 2) / (2 * s), (m, s)), size=3)
    assert (bounds["m"], bounds["s"], bounds["a"]) == (6, 3, 3)
    assert bounds["mean m"] == 2  # where the normalised gate has 1
    assert uppers("gaussian", size=3)["mean c"] == 1


def test_squares_of_one_coordinate_each_are_not_one_form():
    """|x|^2 alone has isotropic complex directions; x_1^2 and x_2^2 with widths of their own have none in common."""
    x, b, w = covariates(2), coordinates("b1", 2), coordinates("w", 2)
    apart = Gate("mine", dot(b, x) + w[0] * x[0] ** 2 + w[1] * x[1] ** 2, (*b, *w), (), BETA0)
    one = Gate("mine", dot(b, x) + w[0] * (x[0] ** 2 + x[1] ** 2), (*b, w[0]), (), BETA0)
    assert [uppers(apart, dim=2, size=2)[n] for n in ("b1_1", "w_1", "mean b1_1")] == [4, 2, 1]
    assert [uppers(one, dim=2, size=2)[n] for n in ("b1_1", "w_1", "mean b1_1")] == [2, 2, 1]


B, C = sp.symbols("b1 c1", real=True)


@pytest.mark.parametrize(
    ("log_weight", "own", "shared"),
    [
        (B * X**2 / TAU, (B,), (TAU,)),  # squares alone: their products are independent
        (B * X + C * (X**2 + X**3), (B, C), ()),
        (B * X + C * sp.sin(X), (B, C), ()),
    ],
)
def test_other_sums_are_not_bounded_as_quadratic_gates(log_weight, own, shared):
    made = Gate("mine", log_weight, (*own, *shared), shared, BETA0 / TAU if shared else BETA0)
    assert max(uppers(made, size=3)[p.name] for p in own) == 2
