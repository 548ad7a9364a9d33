"""Six models that no paper has, against derivatives in 60 digits of densities that are written by hand, in mpmath.

The theory reads a formula and differentiates it; here the density is a Python function and derivatives are central
differences with 160 digits. What is compared: the rank of the derivatives of an atom, and the null space of the score
matrix of the true mixture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement
from random import Random
from typing import Any

import pytest
from mpmath import mp, mpf, workdps

from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.places import held_of_last
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.by_name import model

DIGITS, STEP = 160, mpf(10) ** -35
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A formula of gate and mean, and the same two written by hand, as functions of parameters v and of x1 (and x2).

    bias: what is added to the score. invariants: functions that orders are of.
    """

    gate: str
    expert: str
    score: Callable[..., Any]
    mean: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    bias: Callable[[Values], Any] | None = lambda v: v["beta0"]
    invariants: Mapping[str, Callable[[Values], Any]] = field(default_factory=dict)

    @cached_property
    def spec(self):
        return model(self.gate, self.expert, **self.options)

    def atom(self, v, x, y):
        """The log of the weight without beta0 times the density: u of the theory."""
        gap = y - self.mean(v, *x)
        return self.score(v, *x) - gap**2 / (2 * v["nu"]) - mp.log(2 * mp.pi * v["nu"]) / 2

    def density(self, atoms, x, y):
        """Of a mixture."""
        offset = [0 if self.bias is None else self.bias(v) for v in atoms]
        weights = [mp.exp(self.score(v, *x) + b) for v, b in zip(atoms, offset, strict=True)]
        experts = [mp.exp(self.atom(v, x, y) - self.score(v, *x)) for v in atoms]
        return mp.fdot(weights, experts) / mp.fsum(weights)


def over_tau(name):
    return {f"{name}/tau": lambda v: v[name] / v["tau"]}


def norm(*e):
    return mp.sqrt(mp.fsum(f * f for f in e))


def tau_too(v):
    return v["beta0"] / v["tau"]


MODELS = [
    Model(
        "beta1*x**3/tau + beta2*x",
        "a*x + b",
        lambda v, x: v["beta1"] * x**3 / v["tau"] + v["beta2"] * x,
        lambda v, x: v["a"] * x + v["b"],
        invariants=over_tau("beta1"),
    ),
    Model(
        "kappa*cos(x - c)/tau",
        "tanh(a*x + b)",
        lambda v, x: v["kappa"] * mp.cos(x - v["c"]) / v["tau"],
        lambda v, x: mp.tanh(v["a"] * x + v["b"]),
        bias=tau_too,
        invariants=over_tau("kappa"),
    ),
    Model(
        "w*exp(-norm(x - c))/tau",
        "a @ x + b",
        lambda v, x, z: v["w"] * mp.exp(-norm(x - v["c_1"], z - v["c_2"])) / v["tau"],
        lambda v, x, z: v["a_1"] * x + v["a_2"] * z + v["b"],
        {"dim": 2},
        tau_too,
        over_tau("w"),
    ),
    Model(
        "w*max(x - c, 0)/tau",
        "a1*x + a2*x**2 + b",
        lambda v, x: v["w"] * (x - v["c"] if x > v["c"] else 0) / v["tau"],
        lambda v, x: v["a1"] * x + v["a2"] * x * x + v["b"],
        bias=tau_too,
        invariants=over_tau("w"),
    ),
    Model(
        "-log(1 + (w*x - c)**2)",
        "a*x + b",
        lambda v, x: -mp.log(1 + (v["w"] * x - v["c"]) ** 2),
        lambda v, x: v["a"] * x + v["b"],
        {"bias": False},
        None,
    ),
    Model(
        "tanh(w*x)/tau + q*sin(v*x)",
        "a*x",
        lambda v, x: mp.tanh(v["w"] * x) / v["tau"] + v["q"] * mp.sin(v["v"] * x),
        lambda v, x: v["a"] * x,
        {"shared": ("v",)},
    ),
]
each = pytest.mark.parametrize("chosen", MODELS, ids=lambda m: m.gate)


def differences(f, v, order):
    """f and all its derivatives in the entries of v up to an order of 1 or 2, by central differences."""

    def at(*moves):
        moved = dict(v)
        for name, step in moves:
            moved[name] += step * STEP
        return f(moved)

    here, sides = at(), {n: (at((n, 1)), at((n, -1))) for n in v}
    found = [here, *((up - down) / (2 * STEP) for up, down in sides.values())]
    bends = {n: up + down - 2 * here for n, (up, down) in sides.items()}
    for n, m in combinations_with_replacement(v, 2) if order == 2 else ():
        both = 0 if n == m else at((n, 1), (m, 1)) + at((n, -1), (m, -1)) - 2 * here
        found.append((bends[n] if n == m else (both - bends[n] - bends[m]) / 2) / STEP**2)
    return found


def kernel(rows):
    """A basis of the null space: pivots above 10^-20 of their row, and nothing between 10^-60 and that."""
    left = [[e / max(map(abs, row)) for e in row] for row in rows]
    count, pivots, done = len(left[0]), [], []
    while left:
        i, j = max(
            ((i, j) for i in range(len(left)) for j in range(count) if j not in pivots),
            key=lambda ij: abs(left[ij[0]][ij[1]]),
            default=(0, 0),
        )
        if len(pivots) == count or abs(left[i][j]) < mpf(10) ** -60:
            break
        assert abs(left[i][j]) > mpf(10) ** -20, "neither 0 nor clearly not 0"
        pivot = left.pop(i)
        row = [e / pivot[j] for e in pivot]
        left = [[e - r[j] * p for e, p in zip(r, row, strict=True)] for r in left]
        done = [[e - r[j] * p for e, p in zip(r, row, strict=True)] for r in done]
        pivots.append(j)
        done.append(row)
    free = [j for j in range(count) if j not in pivots]
    basis = []
    for j in free:
        vector = [mpf(int(i == j)) for i in range(count)]
        for place, row in zip(pivots, done, strict=True):
            vector[place] = -row[j]
        basis.append(vector)
    return basis


def observations(rng, dim, count):
    """x in [-2, 2]^d and y."""
    drawn = [[mpf(rng.randrange(-2000, 2001)) / 1009 for _ in range(dim + 1)] for _ in range(count)]
    return [(tuple(x), 2 * y) for *x, y in drawn]


@each
def test_relations_are_those_of_the_derivatives(chosen):
    found, rng = derive(chosen.spec.gate, chosen.spec.expert, dim=chosen.spec.dim, order=2), Random(7)
    with workdps(DIGITS):
        v = {p.name: mpf(rng.randrange(200, 400)) / 500 for p in chosen.spec.parameters}
        seen = observations(rng, chosen.spec.dim, found.derivatives + 8)
        rows = [differences(lambda at, x=x, y=y: mp.exp(chosen.atom(at, x, y)), v, 2) for x, y in seen]
        assert found.complete
        assert (found.derivatives, len(kernel(rows))) == (len(rows[0]), len(found.relations))


def truth_of(found):
    """The true atoms of an exact-specified setting, as numbers, and the names of what all have in common."""
    truth = found.setting.truth
    shared = [p.name for p in truth.shared]
    atoms = [{p.name: mpf(v.p) / v.q for p, v in truth.point(i).items()} for i in range(truth.k)]
    return [{"beta0": mpf(0), **atom} for atom in atoms], shared, {p.name for p in held_of_last(truth)}


def columns_of(atoms, shared, weighted):
    """(atom, name) of every parameter of a mixture; the atom None for a shared one."""
    own = [n for n in atoms[0] if n not in shared and (n != "beta0" or weighted)]
    return [*((None, n) for n in shared), *((i, n) for i in range(len(atoms)) for n in own)]


def moved(atoms, columns, offsets):
    """The atoms with offsets of their columns."""
    changed = [dict(atom) for atom in atoms]
    for (i, n), step in zip(columns, offsets, strict=True):
        for atom in changed if i is None else [changed[i]]:
            atom[n] += step
    return changed


def null_spaces(chosen, atoms, columns):
    """Of the derivatives of the density by the columns, at observations; and with the score of the last atom held."""
    seen = observations(Random(11), chosen.spec.dim, len(columns) + 12)
    start = dict.fromkeys(columns, mpf(0))

    def slopes(f):
        return differences(lambda offsets: f(moved(atoms, columns, offsets.values())), start, 1)[1:]

    rows = [slopes(lambda at, x=x, y=y: chosen.density(at, x, y)) for x, y in seen]
    free = kernel(rows)
    if chosen.bias is None:
        return free, free
    return free, kernel(
        rows + [slopes(lambda at, x=x: chosen.score(at[-1], *x) + chosen.bias(at[-1])) for x, _ in seen]
    )


def slope_along(f, atoms, columns, vector):
    """The derivative along a vector of a function of the first atom."""
    ends = [f(moved(atoms, columns, [sign * STEP * e for e in vector])[0]) for sign in (1, -1)]
    return abs(ends[0] - ends[1]) / (2 * STEP)


@each
def test_exact_orders_are_what_the_scores_say(chosen):
    """With the score of the last atom held, what moves in the null space is flat, and all else has the order 1."""
    found = exact_orders(chosen.spec.gate, chosen.spec.expert, d=chosen.spec.dim)
    with workdps(DIGITS):
        atoms, shared, held = truth_of(found)
        columns = columns_of(atoms, shared, chosen.bias is not None)
        free, null = null_spaces(chosen, atoms, columns)
        assert len(free) - len(null) == len(held)
        assert found.orders
        for o in found.orders:
            f = chosen.invariants.get(o.parameter, lambda v, name=o.name: v[name])
            moves = any(slope_along(f, atoms, columns, vector) > mpf(10) ** -20 for vector in null)
            assert (o.flat, o.upper) == ((True, None) if moves else (False, 1)), o.parameter
