"""Proves upper bounds of the contact orders of a cell from the moments of its offsets, with certificates.

The cell may have any number m of atoms, and x any dimension. What r_bar(m) = 2m says of the intercept (theory 4.1.1),
or the theorem on experts where there is none, is taken for granted; the equations and the rules of the cases are the
kernel's (theory 4.3.2). Here is the search for a proof; `minimise` solves linear programs in few variables
exactly, by the dual simplex over Q.

Example: ``certified(setting)`` of the softmax gate, size 3, claims the orders beta1 2, a 2 and, for the mean of a, 3/2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_mat

from temperance.theory.contact.orders_from_theorems import quadratic
from temperance.theory.contact.places import place
from temperance.theory.kernel.check import Issued, prove
from temperance.theory.kernel.moments import Cell, Exponents, Inequality
from temperance.theory.kernel.place import case_of, place_of
from temperance.theory.kernel.reader import Rejected, proving
from temperance.theory.models.form import intercept, is_linear
from temperance.theory.models.order import Reason, ReasonKind
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting

Row = tuple[tuple[fmpq, ...], fmpq]
"""(a, b): the constraint a.w >= b."""


@dataclass(frozen=True)
class Solution:
    """The minimum (None: infeasible), a minimiser, and the multipliers {index of a row: y > 0} that prove it."""

    value: fmpq | None
    point: tuple[fmpq, ...]
    multipliers: dict[int, fmpq]
    basis: tuple[int, ...] = ()


def minimise(cost: Sequence[fmpq], rows: Sequence[Row], start: Sequence[int] = ()) -> Solution:
    """Minimise cost.w subject to the rows; the first len(cost) rows must be w_i >= bound_i, and cost >= 0.

    start: the basis of the minimum of the same cost under the first of the rows only.

    Bland's rule: the first violated row enters, the lowest index among ties leaves, so that it ends.
    """
    n = len(cost)
    basis = list(start or range(n))
    constraints, _ = fmpq_mat([[*a, -b] for a, b in rows]).numer_denom()
    while True:
        square = fmpq_mat([rows[i][0] for i in basis])
        point = square.solve(fmpq_mat(n, 1, [rows[i][1] for i in basis])).entries()
        whole, _ = fmpq_mat(n + 1, 1, [*point, 1]).numer_denom()
        entering = next((i for i, slack in enumerate((constraints * whole).entries()) if slack < 0), None)
        if entering is None:
            multipliers = square.transpose().solve(fmpq_mat(n, 1, list(cost))).entries()
            support = {i: y for i, y in zip(basis, multipliers, strict=True) if y != 0}
            return Solution(dot(point, cost), tuple(point), support, tuple(basis))
        both = fmpq_mat(n, 2, [v for pair in zip(cost, rows[entering][0], strict=True) for v in pair])
        solutions = square.transpose().solve(both).entries()
        multipliers, direction = solutions[::2], solutions[1::2]
        steps = [(y / d, i) for y, d, i in zip(multipliers, direction, basis, strict=True) if d > 0]
        if not steps:
            ray = {i: -d for i, d in zip(basis, direction, strict=True) if d != 0}
            return Solution(None, (), ray | {entering: fmpq(1)})
        basis[basis.index(min(steps)[1])] = entering


def dot(w: Sequence[fmpq], a: Sequence[fmpq | int]) -> fmpq:
    """w.a, where a may be shorter."""
    return sum((p * q for p, q in zip(w, a, strict=False) if q), fmpq(0))


_REACH = {1: 10}  # by the dimension of x; 6 beyond
_MOST_CASES = 1000
_MOST_ROUNDS = 3
_MOST_MOMENTS = 2100  # which take up to 10 seconds
_HALF, _ONE = fmpq(1, 2), fmpq(1)


def certified(cell: Setting) -> tuple[Issued | None, Reason]:
    """A certificate of orders of the first cell of a setting that the kernel accepts.

    Another cell is a singleton whose gate is held. The reason says why there is no certificate, or what it assumes.
    """
    try:
        issued = prove(place(cell), _proof(cell))
    except Rejected as error:
        return None, Reason(ReasonKind.NO_CERTIFICATE, f"the equations cannot be set up ({error})")
    except ValueError as error:
        return None, Reason(ReasonKind.NO_CERTIFICATE, str(error))
    theorems = (f"the theorem {text}" for text in issued[1].assumed)
    assumptions = ", ".join([*theorems, "shares bounded away from 0"])
    return issued, Reason(ReasonKind.ASSUMED, f"the certificate takes for granted: {assumptions}")


def _proof(cell: Setting) -> dict[str, Any]:
    """The proof of all bounds that the search reaches. Raises Rejected or ValueError where none are."""
    if not is_linear(cell):
        raise ValueError("the mean is not a polynomial in x that is linear in the parameters")
    size, dim = cell.size, cell.spec.dim
    degree = max(4, 2 * size - 1)
    if (moments := comb(len(cell.each) + len(cell.shared) + degree, degree)) > _MOST_MOMENTS:
        raise ValueError(f"the equations are in {moments} moments, more than {_MOST_MOMENTS}")
    b = intercept(cell.mean, cell.expert[:-1], dim)
    proof = {
        "kind": "moments",
        "degree": degree,
        "reach": _REACH.get(dim, 6),
        "weights": [str(w) for w in _weights(cell, size)],
        "intercept": None if b is None else b.name,
        "gate": _quadratic(cell),
    }
    with proving():
        equations = Cell(case_of(place_of(place(cell))), proof)
        steps = _steps(equations, len(cell.own))
    if short := equations.short():
        raise ValueError(f"no bound below {degree + 1} was found for {', '.join(short)}")
    return {**proof, "steps": steps}


def _quadratic(cell: Setting) -> list[list[str]]:
    """The parameters of a quadratic or Gaussian gate: those before x, and those before squares."""
    gate = quadratic(cell)
    if gate is None or not gate.narrow:
        return []
    square = [p.name for p in gate.narrow]
    return [[p.name for p in cell.own if p.name not in square], square]


def _weights(cell: Setting, size: int) -> list[fmpq]:
    """The orders to be expected: what is light is solved for first."""
    light, (linear, square) = fmpq(1, 2 * size), _quadratic(cell) or ([], [])
    weights = {p: light if sp.diff(cell.mean, p) == 1 else _HALF for p in cell.each} | {NU: 2 * light}
    weights |= {p: light * (2 if p.name in square else 1) for p in cell.own if p.name in (*linear, *square)}
    return [*weights.values(), *(_ONE for _ in cell.shared)]


def _steps(equations: Cell, own: int) -> list[dict[str, Any]]:
    """The steps that raise the bounds of the orders, until none does; the bounds are noted in the equations.

    The gate first, whose squares, means and shared offsets bound each other; then the slopes, then each for itself.
    """
    count, size = equations.count, len(equations.names)
    gate = [[i, 2] for i in range(own)]
    gate += [[i, 1] for i in (*range(count, count + own), *range(2 * count, size))]
    slopes = [[i, 2] for i in range(own, count - 1)]
    single = [*gate, *slopes, *([count + i, 1] for i in range(own, count))]
    steps: list[dict[str, Any]] = []
    for _ in range(_MOST_ROUNDS):
        before = len(steps)
        for targets in [gate, slopes, *([t] for t in single)]:
            open_ = [[i, k] for i, k in targets if k * equations.least[i] < 1]
            step = _step(equations, open_) if open_ else None
            if step is not None:
                steps.append(step)
                equations.note(open_, fmpq(step["value"]))
        if len(steps) == before:
            break
    return steps


def _step(equations: Cell, pairs: list[list[int]]) -> dict[str, Any] | None:
    """The step that shows the largest value, 1 at most, that all targets have; None where it is no news."""
    targets, least = equations.targets(pairs), _ONE
    moments = _moments(equations)
    trees = []
    for t, target in enumerate(targets):
        search = _Search(equations, moments, target, least)
        trees.append(search.tree(equations.start(targets, t)))
        least = search.least
    bound = min(k * equations.least[i] for i, k in pairs)
    if least <= bound or None in trees:
        return None
    return {"targets": pairs, "value": str(least), "cases": trees}


def _moments(equations: Cell) -> list[tuple[int, Exponents, list[Inequality]]]:
    """What can be split by: a row, an exact moment of it that can be of an order below 1, and its alternatives."""
    splits = []
    for i, row in enumerate(equations.rows):
        for moment in row:
            at = equations.order(moment)
            if equations.is_exact(moment) and dot(equations.least, at) < 1:
                splits.append((i, moment, equations.alternatives(i, moment)))
    return sorted(splits, key=lambda entry: len(entry[2]))


class _Search:
    """Looks for the least of a target over all cases, depth first."""

    def __init__(
        self, equations: Cell, moments: list[tuple[int, Exponents, list[Inequality]]], target: Sequence[int], most: fmpq
    ) -> None:
        # the target first: where it is the least of all, nothing else of its rows is of a lower order
        self.moments = sorted(moments, key=lambda entry: equations.order(entry[1]) != tuple(target))
        self.cost = [fmpq(n) for n in target]
        self.least, self.count = most, 0

    def tree(self, rows: list[Inequality], start: Sequence[int] = ()) -> dict[str, Any] | None:
        """The cases as the kernel takes them; None where there are too many."""
        self.count += 1
        if self.count > _MOST_CASES:
            return None
        solution = minimise(self.cost, rows, start)
        split = None
        if solution.value is not None and solution.value < self.least:
            at = solution.point
            missed = (entry for entry in self.moments if all(dot(at, a) < b for a, b in entry[2]))
            split = next(missed, None)
            if split is None:
                self.least = solution.value
        if split is None:
            return {"multipliers": {str(i): str(y) for i, y in sorted(solution.multipliers.items())}}
        i, moment, alternatives = split
        cases = []
        for row in alternatives:
            cases.append(self.tree([*rows, row], solution.basis))
            if cases[-1] is None:
                return None
        return {"row": i, "moment": list(moment), "cases": cases}


@dataclass(frozen=True)
class Equation:
    """Combined moments that are O(distance): coefficients by the powers of the offsets, the first `own` of atoms."""

    terms: Mapping[Exponents, fmpq]
    names: tuple[str, ...]
    own: int


def leading_equations(proved: Mapping[str, Any]) -> tuple[Equation, ...]:
    """The equations that the cases of a certificate use, their moments of least order by its bounds alone.

    The order of a moment is at least the sum of those of its offsets (theory 4.3.2); what is above 1 and above the
    least is left out.
    """
    cell, steps = Cell(case_of(place_of(proved["place"])), proved["proof"]), proved["proof"]["steps"]
    for step in steps:
        cell.require_step(step)
    equations = []
    for i in sorted({i for step in steps for tree in step["cases"] for i in _rows_of(tree)}):
        orders = {m: dot(cell.least, cell.order(m)) for m in cell.rows[i]}
        most = max(fmpq(1), min(orders.values()))
        terms = {m: c for m, c in cell.rows[i].items() if orders[m] <= most}
        equations.append(Equation(terms, (*cell.each, *cell.shared), cell.count))
    return tuple(equations)


def _rows_of(tree: Mapping[str, Any]) -> Iterator[int]:
    """The equations that a tree of cases uses."""
    if "row" in tree:
        yield tree["row"]
    for case in tree.get("cases", ()):
        yield from _rows_of(case)
