"""Curves that reach bounds: their orders, which the density confirms in many digits, and theorems that they meet."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from temperance.measurements.contact_orders import family
from temperance.numerics.contact.by_minimisation import measure
from temperance.theory.contact.contact_curves import ROOT, Curve, Q, T, _curves, is_contact, quadrature
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.spec import covariates
from temperance.theory.orders.split_cell import weight_parameters

THIRD, NINTH = Fraction(4, 3), Fraction(9, 4)
SETTINGS = [
    ("softmax", "gaussian", 3, "one"),
    ("softmax", "polynomial:2", 3, "one"),
    ("softmax", "gaussian", 3, "all"),
    ("softmax", "polynomial:2", 2, "all"),
    ("softmax", "nonlinear:tanh", 2, "all"),
    ("quadratic", "gaussian", 3, "one"),
    ("quadratic", "polynomial:2", 2, "all"),
    ("gaussian", "gaussian", 2, "one"),
    ("gaussian", "gaussian", 3, "one"),
]


def found(gate, expert, size, split, dim=1):
    return orders(order_setting(gate, expert, size=size, split=split, dim=dim))


@pytest.mark.parametrize(
    ("setting", "exact"),
    [
        (("linear", "gaussian", 3, "one"), {"mean a": Fraction(3, 2)}),
        (("softmax", "gaussian", 4, "one"), {"mean a": Fraction(8, 5)}),
        (("softmax", "polynomial:2", 3, "one"), {"a_1": Fraction(8, 3), "mean a_2": Fraction(8, 7)}),
        (("softmax", "polynomial:2", 2, "all"), {"a_1": 2, "mean a_1": 2, "mean a_2": Fraction(3, 2)}),
        (("softmax", "nonlinear:tanh", 2, "all"), {"b": 2, "mean a": Fraction(3, 2)}),
        (("quadratic", "gaussian", 3, "one"), {"a": 3, "mean a": 3, "mean A/tau": 3, "nu": 3}),
        (("gaussian", "gaussian", 3, "one"), {"c": 6, "a": 3, "mean Gamma": 3, "mean b": 2}),
        (("gaussian", "gaussian", 2, "all"), {"mean b": 2}),
        (("gaussian", "polynomial:2", 3, "one"), {"a_1": 3, "mean a_1": 3, "mean b": 2}),
        (("gaussian", "polynomial:2", 2, "all"), {"a_1": NINTH, "mean a_1": NINTH, "mean a_2": 2}),
    ],
)
def test_orders_that_a_theorem_and_a_curve_know_exactly(setting, exact):
    rows = found(*setting).orders
    assert {o.parameter: o.upper for o in rows if o.parameter in exact and o.exact} == exact
    assert all(o.reached <= o.upper for o in rows if o.reached)


def test_a_curve_on_a_line_is_one_in_every_dimension():
    exact = {o.parameter: o.upper for o in found("softmax", "polynomial:2", 3, "one", dim=2).orders if o.exact}
    assert {exact[f"mean a_{i}_{j}"] for i, j in ((1, 1), (1, 2), (2, 2))} == {Fraction(8, 7)}
    assert not any(o.reached for o in found("gaussian", "gaussian", 3, "one", dim=2).orders)  # one Gamma


def test_orders_that_theorems_bound_without_a_curve():
    rows = {o.parameter: o.upper for o in found("gaussian", "polynomial:2", 3, "one").orders}
    assert (rows["a_2"], rows["mean a_2"], rows["mean c"]) == (2, 2, 1)
    rows = {o.parameter: o.upper for o in found("quadratic", "gaussian", 3, "one", dim=2).orders}
    assert (rows["a_1"], rows["mean beta1_1/tau"]) == (3, 1)
    rows = {o.parameter: o.upper for o in found("gaussian", "gaussian", 3, "one", dim=2).orders}
    assert (rows["a_1"], rows["c_1"], rows["mean b"]) == (3, 3, Fraction(3, 2))
    rows = {o.parameter: o.upper for o in found("quadratic", "polynomial:2", 2, "one").orders}
    assert rows["a_2"] == 2  # by the certificate: the theorem asks for a degree below m


def curves():
    return [
        pytest.param(place, curve, split == "all", id=f"{gate}-{expert}-{size}-{split}-{n}")
        for gate, expert, size, split in SETTINGS
        for n, (place, curve) in enumerate(_curves(order_setting(gate, expert, size=size).line, size, split == "all"))
    ]


@pytest.mark.parametrize(("place", "curve", "every"), curves())
def test_the_distance_of_the_densities_has_the_order(place, curve, every):
    """L2 over y in closed form, at points of x, at t = 2^-7 and 2^-8 in 60 digits."""
    with mpmath.workdps(60):
        far, near = (distance(place, curve, every, mpmath.mpf(2) ** -j) for j in (7, 8))
        assert abs(mpmath.log(far / near, 2) - curve.order) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize(("place", "curve", "every"), curves())
def test_a_curve_is_held_to_its_order(place, curve, every):
    assert is_contact(place, curve, every=every)
    more = Curve(curve.offsets, curve.order + 1, curve.nodes, curve.moments)
    assert not is_contact(place, more, every=every)
    wrong = Curve({**curve.offsets, "nu": sp.S.Zero}, curve.order, curve.nodes, curve.moments)
    assert "nu" not in curve.offsets or not is_contact(place, wrong, every=every)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expert", "name", "mean"),
    [("polynomial:2", "a_2", True), ("nonlinear:tanh", "a", True), ("nonlinear:tanh", "a", False)],
)
def test_the_least_distances_have_the_orders_of_the_theorems(expert, name, mean):
    """Softmax, every cell split: minimised over all other parameters, which knows nothing of the proofs."""
    setting = order_setting("softmax", expert, split="all")
    proved = next(o.upper for o in orders(setting).orders if (o.name, o.mean) == (name, mean))
    assert measure(family(setting), name, mean=mean).order == pytest.approx(float(proved), abs=0.1)


def test_cells_that_do_not_change_alike_are_refused():
    cell = order_setting("activation", source="tanh").cell
    assert not is_contact(cell, Curve({"beta1": T * Q}, 2, *quadrature(2)), every=True)


def test_quadratures_have_the_moments_of_their_laws():
    nodes, moments = quadrature(3)
    assert (sp.expand(nodes - Q * (Q**2 - 3)), moments) == (0, [1, 0, 1])
    skewed, _ = quadrature(2, 1)
    assert sp.expand(skewed - (Q**2 - Q - 1)) == 0


def test_log_quotients_of_parabolas_vanish_on_the_diagonal_alone():
    """The two eliminations in the proof of the order 9/4."""
    (x,), names = covariates(1), sp.symbols("u1 u2 w1 w2 z T")
    u1, u2, w1, w2, z, t = names
    first, second = (sp.Poly(_logarithm(a * x + b * x**2, x, 6), x) for a, b in ((u1, u2), (w1, w2)))
    logs = {n: (first - second).coeff_monomial(x**n) for n in range(3, 7)}
    for gap in (u1 - w1, u2 - w2):
        assert sp.groebner([*logs.values(), 1 - t * gap], *names[:4], t, order="grevlex").exprs == [1]
    big, small, q = 1 + u1 * x + u2 * x**2, 1 + w1 * x + w2 * x**2, ((1 + z) / 2, (1 - z) / 2)
    right = (q[0] - z / 3) * big + (q[1] + z / 3) * small
    cubic = sp.Poly(sp.expand(big * small * (q[0] * big + q[1] * small) - right), x)
    system = [cubic.coeff_monomial(x), cubic.coeff_monomial(x**2), logs[3], logs[4]]
    assert sp.groebner([e.subs({u1: 1, w1: 0}) for e in system], u2, w2, z).exprs == [1]
    last = sp.Poly(sp.groebner([e.subs(w1, 1) for e in system], u2, w2, u1, z).exprs[-1], z)
    assert sp.count_roots(last, -1, 1) == 0
    left = sp.groebner([e.subs({u1: 0, w1: 0}) for e in system], u2, w2, z)
    assert left.contains(z * w2**2)
    assert left.contains(w2 * (u2 + w2))


def _logarithm(e, x, degree):
    return sp.expand(sum((-1) ** (n + 1) * e**n / n for n in range(1, degree + 1)))


def distance(place, curve, every, t):
    """The L2 distance along a curve, beside an atom of the same gate weight at the mean 3 and the variance 3/2."""
    (x,), cell = covariates(1), place
    values = {p: cell.point.get(p, sp.S.One) for p in (*cell.own, *cell.shared, *cell.held)}
    values |= dict.fromkeys(weight_parameters(cell.spec), sp.S.One) | dict.fromkeys(cell.expert, sp.S.One)
    values |= {p: sp.Rational(1, 3) for v in values.values() for p in v.free_symbols}  # a true c that may be anywhere
    root = mpmath.sqrt((3 + 2 * mpmath.sqrt(6)) / 180)
    weight, mean = (
        sp.lambdify([x, *cell.each], e.subs({p: v for p, v in values.items() if p not in cell.each}), "mpmath")
        for e in (cell.spec.gate.log_weight, cell.mean)
    )
    atoms = list(_atoms(cell, curve, t, root))
    true = [mpmath.mpf(sp.N(values[p].subs(values), 70)) for p in cell.each]
    total = mpmath.mpf(0)
    for i in range(9):
        at = mpmath.mpf(i) / 2 - 2 + mpmath.mpf(1) / 7
        e = mpmath.exp(weight(at, *true))
        split = [(p, [v + d for v, d in zip(true, ds, strict=True)]) for p, ds in atoms]
        mine = [(p * mpmath.exp(weight(at, *v)), mean(at, *v), v[-1]) for p, v in split]
        # the other cell: of the same weights, split alike where every cell is, else with its true weight
        other = sum(w for w, *_ in mine) if every else e
        norm = sum(w for w, *_ in mine) + other
        difference = [(w / norm, m, v) for w, m, v in mine] + [(other / norm - mpmath.mpf(1) / 2, 3, mpmath.mpf(3) / 2)]
        difference.append((-mpmath.mpf(1) / 2, mean(at, *true), true[-1]))
        total += _square(difference)
    return mpmath.sqrt(total)


def _atoms(cell, curve, t, root):
    """The shares and the offsets of the atoms."""
    numbers = {T: t, ROOT: root, **{s: mpmath.mpf(1) / 3 for e in curve.offsets.values() for s in e.free_symbols}}
    numbers |= {T: t, ROOT: root}
    free = sp.Poly(curve.nodes, Q)
    nodes = mpmath.polyroots([mpmath.mpf(c.p) / c.q for c in free.all_coeffs()], maxsteps=500, extraprec=400)
    moments = [sp.lambdify(ROOT, sp.sympify(m), "mpmath")(root) for m in curve.moments]
    shares = mpmath.lu_solve(mpmath.matrix([[q**n for q in nodes] for n in range(len(nodes))]), mpmath.matrix(moments))
    for q, p in zip(nodes, shares, strict=True):
        offsets = []
        for symbol in cell.each:
            e = sp.sympify(curve.offsets.get(symbol.name, 0))
            names = sorted(e.free_symbols, key=str)
            offsets.append(sp.lambdify(names, e, "mpmath")(*(q if s == Q else numbers[s] for s in names)))
        yield p, offsets


def _square(terms):
    """The integral over y of the square of a sum of Gaussian densities."""

    def overlap(m, v):
        return mpmath.exp(-(m**2) / (2 * v)) / mpmath.sqrt(2 * mpmath.pi * v)

    return sum(c * k * overlap(m - n, v + w) for c, m, v in terms for k, n, w in terms)
