"""Orders under least squares, against derivatives of the regression function at 50 digits (theory 8)."""

from dataclasses import replace

import mpmath
import pytest
import sympy as sp
from flint import fmpq_mat

from temperance.theory.least_squares.orders import (
    SplitAtom,
    cone,
    inner,
    is_definite,
    is_homogeneous,
    least_squares,
    least_squares_orders,
    relations,
    straight,
)
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import mean_of, normal
from temperance.theory.models.order import ReasonKind
from temperance.theory.models.spec import NU, TAU, Expert, Y
from temperance.theory.models.truth import Truth

C, A, B, X = sp.symbols("c a b x", real=True)
WEIGHTED = Expert("weighted tanh", normal(C * sp.tanh(A * X + B)), (C, A, B, NU))
WITHOUT = Expert("tanh without b", normal(sp.tanh(A * X)), (A, NU))

GATES = {"softmax": ("softmax", None), "linear": ("linear", None), "tanh": ("activation", "tanh")}
TABLE = [  # gate, expert, relations of order <= 2, whose squares stand in one, orders 2, flat, orders of means above 1
    ("softmax", "gaussian", 4, "ab", "beta1", "ab", {"a": 2}),
    ("softmax", "constant", 1, "b", "beta1", "b", {}),
    ("softmax", "nonlinear:tanh", 1, "", "beta1 a b", "", {}),
    ("softmax", WITHOUT, 0, "", "beta1 a", "", {}),
    ("softmax", WEIGHTED, 4, "c", "beta1 a b", "c", {"a": 2, "b": 2}),
    ("linear", "gaussian", 4, "ab", "beta1", "ab", {"a": 2}),
    ("tanh", "gaussian", 3, "ab", "beta1", "ab", {}),
    ("tanh", "nonlinear:tanh", 0, "", "beta1 a b", "", {}),
]
IDS = [f"{row[0]}-{getattr(row[1], 'name', row[1])}" for row in TABLE]


def atom_of(gate, expert):
    """A split atom at values that are in no relation; the temperature of the linear gate is held."""
    spec = model(*GATES[gate][:1], expert, GATES[gate][1])
    values = {
        "beta1": (1, 0),
        "tau": (1, 1),
        "a": ("1/2", "-2/3"),
        "b": ("2/3", "5/4"),
        "c": ("3/4", "-4/3"),
        "nu": (1, 1),
    }
    points = [{p: sp.Rational(values[p.name][i]) for p in spec.parameters} for i in range(2)]
    return cell(spec, points, (TAU,) if gate == "linear" else ())


def cell(spec, points, held=()):
    return SplitAtom(Truth(spec, tuple(points)), (2, 1), held)


def functions(atom):
    """What is seen and the weight, as functions of x and the parameters; a density is seen at one y for each x."""
    mean = mean_of(atom.spec.expert)
    seen = mean if atom.noise is None else sp.exp(normal(mean)).subs(Y, 3 * sp.sin(5 * X))
    arguments = (X, *atom.spec.parameters)
    return tuple(sp.lambdify(arguments, e, "mpmath") for e in (seen, sp.exp(atom.spec.gate.log_weight)))


def columns_of_f(atom, functions, places, x):
    """Derivatives at x of the regression function itself, numerically: the cell as two atoms of half its weight.

    Along theta + d, theta - d the first derivatives of the weights cancel, so that the second derivative of f is what
    U_dd is, up to the factor -1/(sum of weights) that all columns share. Where a density is seen, f is that at one y.
    """
    each, (h, e) = atom.each, functions
    here, other = ([mpmath.mpf(int(v.p)) / int(v.q) for v in point.values()] for point in atom.points)

    def f(first, second, weight=0, singleton=None, shift=None):
        top = bottom = mpmath.mpf(0)
        half = (1 + weight) / 2
        offsets = ((here, first, half), (here, second, half), (other, singleton or {}, 1))
        for values, move, w in offsets:
            moves = (shift or {}) | move
            at = [v + moves.get(p, 0) for p, v in zip(atom.points[0], values, strict=True)]
            weighted = w * e(x, *at)
            top += weighted * h(x, *at)
            bottom += weighted
        return top / bottom

    def apart(d):
        """The second derivative along theta + d, theta - d."""
        return mpmath.diff(lambda t: f({p: t * s for p, s in d.items()}, {p: -t * s for p, s in d.items()}), 0, 2)

    found = []
    for place in places:
        moved = [p for p, order in zip(each, place, strict=True) for _ in range(order)]
        if not moved:
            found.append(mpmath.diff(lambda t: f({}, {}, weight=t), 0))
        elif len(moved) == 1:
            found.append(mpmath.diff(lambda t, p=moved[0]: f({p: t}, {p: t}), 0))
        elif moved[0] == moved[1]:
            found.append(apart({moved[0]: 1}))
        else:
            found.append((apart(dict.fromkeys(moved, 1)) - apart({moved[0]: 1, moved[1]: -1})) / 4)
    found += [mpmath.diff(lambda t, p=p: f({}, {}, singleton={p: t}), 0) for p in atom.expert]
    found += [mpmath.diff(lambda t, p=p: f({}, {}, shift={p: t}), 0) for p in atom.shared]
    return found


def assert_all_relations(atom, count):
    """That the relations found are as many as the nullity at 50 digits, and null vectors."""
    found = relations(atom)
    with mpmath.workdps(50):
        size = len(atom.places) + len(atom.expert) + len(atom.shared)
        points = [mpmath.mpf(2 * k - 41) / 21 for k in range(size + 4)]
        seen = functions(atom)
        matrix = mpmath.matrix([columns_of_f(atom, seen, atom.places, x) for x in points])
        values = mpmath.svd_r(matrix, compute_uv=False)
        rank = sum(1 for v in values if v > mpmath.mpf(10) ** -18 * values[0])
        assert size - rank == len(found.rows) == count
        for relation in found.rows:
            padded = [mpmath.mpf(int(c.p)) / int(c.q) for c in relation] + [0] * (size - len(relation))
            assert mpmath.norm(matrix * mpmath.matrix(padded)) < mpmath.mpf(10) ** -15
    assert found.proved


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_relations_are_all_that_the_regression_function_has(row):
    assert_all_relations(atom_of(*row[:2]), row[2])


@pytest.mark.parametrize(
    ("gate", "expert", "count", "noise"), [("softmax", "gaussian", 1, "common"), ("tanh", "gaussian", 0, "known")]
)
def test_densities_with_a_variance_that_is_not_fitted(gate, expert, count, noise):
    """u_bb = 2 u_nu is no relation then: nu is known, or the derivative is that of all atoms together."""
    atom = replace(atom_of(gate, expert), noise=noise)
    assert_all_relations(atom, count)
    found = least_squares_orders(atom)
    assert found.all.outcome == "trivial"
    assert found.everywhere
    names = [p.name for p in atom.shared]
    assert {o.upper for o in found.orders if o.is_mean or o.name in names} == {1}
    assert {o.upper for o in found.orders if not o.is_mean and o.name not in names} == {2}


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_orders(row):
    atom = atom_of(*row[:2])
    found = least_squares_orders(atom)
    squares, two, flat, means = row[3:]
    assert found.semidefinite(found.all, atom.each) == tuple(squares)
    assert found.all.outcome == ("nontrivial" if squares else "trivial")
    assert found.rest.outcome == "trivial"
    assert found.everywhere
    for order in found.orders:
        name = order.name
        if order.is_mean:
            assert order.upper == means.get(name, 1)
        elif name in flat:
            assert order.flat
            assert order.upper is None
        else:
            assert order.upper == (2 if name in two.split() else 1)


def test_the_atom_of_least_squares_has_the_relations_in_the_text():
    found = relations(atom_of("softmax", "gaussian"))
    assert [r.equation for r in found.interactions.generators] == ["u_{b b} = 0", "u_{beta1 b} = u_{a}"]
    with pytest.raises(ValueError, match="named mean"):
        least_squares(model("softmax", "multinomial:2"))


def test_a_relation_in_a_square_of_the_gate_leaves_the_orders_open():
    found = least_squares_orders(
        cell(
            model("quadratic", "nonlinear:tanh"),
            [{p: sp.Rational(v[p.name]) for p in model("quadratic", "nonlinear:tanh").parameters} for v in PLACES],
            (TAU,),
        )
    )
    assert found.semidefinite(found.rest, found.others) == ("beta1",)
    assert {o.reason.kind for o in found.orders} == {ReasonKind.NO_BOUND}
    assert all(o.upper is None and not o.flat for o in found.orders)


PLACES = (
    {"A": "1/3", "beta1": "1", "tau": "1", "a": "1/2", "b": "2/3", "nu": "1"},
    {"A": "0", "beta1": "0", "tau": "1", "a": "-2/3", "b": "5/4", "nu": "1"},
)


def test_kinks_that_move_exclude_the_theorem_and_not_the_identity():
    spec = model("laplace")
    points = [
        {p: sp.Integer(v) for p, v in zip(spec.parameters, at, strict=True)}
        for at in ((0, 1, 1, 2, 1), (-1, 1, 3, 1, 1))
    ]
    found = {o.name: o for o in least_squares_orders(cell(spec, points)).orders if not o.is_mean}
    assert found["beta1"].reason.kind == found["tau"].reason.kind == ReasonKind.NO_BOUND
    assert found["a"].flat
    assert found["b"].flat


def test_rays_and_straight_parameters():
    z = A * X + B
    relu = sp.Piecewise((0, z < 0), (z, True))
    assert is_homogeneous(relu, (A, B))
    assert not is_homogeneous(relu + 1, (A, B))
    assert not is_homogeneous(sp.Piecewise((0, z < 1), (z, True)), (A, B))
    assert straight(relu, (A, B)) == (A, B)
    assert straight(C * sp.tanh(z), (C, A, B)) == (C,)
    assert straight(A * B + C * X, (A, B, C)) == (A, C)


def matrix(*rows):
    return fmpq_mat([list(row) for row in rows])


@pytest.mark.parametrize(
    ("space", "outcome"),
    [
        ([matrix((0, 1), (1, 0))], "trivial"),
        ([matrix((1, 0), (0, -3))], "trivial"),
        ([matrix((1, 2), (2, 3))], "trivial"),
        ([matrix((1, 2), (2, 5))], "nontrivial"),
        ([matrix((1, 1), (1, 1))], "nontrivial"),
        ([matrix((1, 0), (0, -3)), matrix((-1, 0), (0, 4))], "nontrivial"),
        ([matrix((1, 2, 0), (2, 3, 0), (0, 0, 0)), matrix((0, 0, 1), (0, 1, 0), (1, 0, 0))], "trivial"),
        ([], "trivial"),
    ],
)
def test_semidefinite_matrices_of_a_space(space, outcome):
    size = space[0].nrows() if space else 2
    found = cone(space, size)
    assert found.outcome == outcome
    if outcome == "trivial":
        assert is_definite(found.matrix)
        assert all(inner(found.matrix, s) == 0 for s in space)
    else:
        minors = [found.matrix[i, i] for i in range(size)] + [found.matrix.det()]
        assert all(m >= 0 for m in minors)
        assert any(m > 0 for m in minors)
        flat = [[s[i, j] for i in range(size) for j in range(size)] for s in (*space, found.matrix)]
        assert fmpq_mat(flat).rank() == fmpq_mat(flat[:-1]).rank()
