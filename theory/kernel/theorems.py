"""Rule "theorems": orders of a cell are at most numbers, by theorems that are taken for granted (theory 4.2, 5).

The first true atom is fitted by m atoms; the other one by one whose gate is fixed, or by m as well. A theorem of prose
is a row of `THEOREMS`: what it needs is proved here, by functions of x that are independent at points; what it says is
taken for granted, and named. The true values of the mean's parameters are any where the mean is linear in them, else
they are those of the place. A step is a theorem with "names" of parameters, a "level" e, and "points".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import combinations_with_replacement as pairs_of
from itertools import product
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from temperance.theory.kernel.balls import Balls, ball_of, nonzero, pivots, prove_rank
from temperance.theory.kernel.moments import EXPERTS
from temperance.theory.kernel.place import REACH, Case, Claim, box_point, degree_in, piece_at, require_analytic
from temperance.theory.kernel.reader import evaluate, names_in, points_of, rational, require, require_keys

Function = tuple[sp.Expr, ...]
"""A function of x by the pieces that the weights of the two atoms have there."""


class Formulas:
    """Values of expressions as SymPy formulas, for `reader.evaluate`; a symbol of its own for each name."""

    number, sound = sp.Integer, staticmethod(lambda formula: formula)

    def __init__(self, names: Sequence[str]) -> None:
        self.names = {name: sp.Dummy(name) for name in names} | {"pi": sp.pi}

    def tree(self, tree: ast.expr) -> sp.Expr:
        """The formula of a tree."""
        require(names_in(tree) <= self.names.keys(), "a name of something else")
        return sp.sympify(evaluate(tree, self))

    @staticmethod
    def power(base: sp.Expr, exponent: sp.Expr, _: Any) -> sp.Expr:
        """base^exponent."""
        return base**exponent

    @staticmethod
    def call(f: str, q: sp.Expr) -> sp.Expr:
        """f(q)."""
        return getattr(sp, f)(q)


def times(f: Function, g: Function) -> Function:
    """f g."""
    return tuple(p * q for p, q in zip(f, g, strict=True))


def vanishes(f: Function) -> bool:
    """Whether a function is 0 as a formula, on every piece."""
    return all(sp.expand(e) == 0 for e in f)


def degree(f: Function, x: Sequence[sp.Symbol]) -> int | None:
    """The degree of a polynomial in x, the same on all pieces; None for any other function."""
    degrees = {sp.Poly(e, *x).total_degree() if e.is_polynomial(*x) else None for e in map(sp.expand, f)}
    return degrees.pop() if len(degrees) == 1 else None


KEYS = ("steps",)
_LEVELS = ("means", "squares")
_INTERCEPT_ORDER = {2: 2, 3: 4}
"""m -> r with |db|^r = O(distance), unless a slope has the order 2."""

Orders = dict[str, fmpq]


def claims(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The orders that the steps prove, and the theorems that are taken for granted."""
    cell = Cell(case)
    for step in proof["steps"]:
        cell.take(step)
    bounds = [Claim(title, "at most", str(max(r, fmpq(1)))) for title, r in cell.orders.items()]
    return bounds, tuple(dict.fromkeys(filter(None, (THEOREMS[step["theorem"]][1] for step in proof["steps"]))))


class Cell:
    """The orders of a cell that are proved so far, by title, and the functions before its offsets.

    at: the true values of each atom, as formulas by symbol. slopes: before the offsets of the mean's parameters.
    is_linear: whether the mean is linear in them, and their true values are any. every: whether both cells are split;
    atoms: those of which the functions are asked.
    """

    def __init__(self, case: Case) -> None:
        place, model, self.case = case.place, case.model, case
        self.size, self.every = place.sizes[0], len({*place.sizes}) == 1
        moves = not any(atom == 0 or self.every for atom, _ in place.fixed)
        is_cell = place.subject == "densities" and len(place.sizes) == 2 and self.size >= 2 and not place.nonzero
        require(is_cell and moves and (self.every or case.is_singleton(1)), "the place is no cell, nor two of one size")
        require(model.weighted or self.every, "atoms without weights, of which one is split")
        self.own, self.shared, self.means = model.own, model.shared, model.expert[:-1]
        self.atoms, self.has_other = (0, 1) if self.every else (0,), self.every or bool(model.shared)
        self.formulas = Formulas((*model.covariates, *model.gate, *self.means))
        self.symbols = self.formulas.names
        self.x = [self.symbols[name] for name in model.covariates]
        require(all({*model.gate} <= values.keys() for values in case.values), "a true value is not named")
        self.at = [
            {self.symbols[n]: self.formulas.tree(v) for n, v in values.items() if n in model.gate}
            for values in case.values
        ]
        self.is_linear = not {*self.means} & case.values[0].keys()
        require(self.is_linear or {*self.means} <= case.values[0].keys(), "some true values of the mean are not named")
        linear = not self.is_linear or not self.means or degree_in(case.mean, {*self.means}) == 1
        require(linear, "the mean is not linear in its parameters")
        self.count = len(case.weight.formulas)
        self.places = [*product(range(self.count), range(self.count if self.has_other else 1))]
        self.one: Function = (sp.S.One,) * len(self.places)
        self.slopes = {p: self._slope(p) for p in self.means}
        self.degrees = {p: degree(f, self.x) for p, f in self.slopes.items()}
        self.orders: Orders = {}

    def _slope(self, name: str) -> Function:
        """d mu/d eta for a parameter of the mean."""
        slope = sp.diff(self.formulas.tree(self.case.mean), self.symbols[name])
        if not self.is_linear:
            slope = slope.subs({self.symbols[q]: self.formulas.tree(self.case.values[0][q]) for q in self.means})
        return (slope,) * len(self.places)

    @cached_property
    def scores(self) -> list[sp.Expr]:
        """The log weight on each piece."""
        return [self.formulas.tree(piece) for piece in self.case.weight.formulas]

    def _derivative(self, atom: int, make: Callable[[sp.Expr], sp.Expr]) -> Function:
        """What is made of a piece's formula, at the place of an atom."""
        each = [sp.sympify(make(score)).subs(self.at[atom]) for score in self.scores]
        return tuple(each[place[atom]] for place in self.places)

    def gate_slope(self, name: str, atom: int = 0) -> Function:
        """L_p: the derivative of the log weight by a parameter."""
        return self._derivative(atom, lambda score: sp.diff(score, self.symbols[name]))

    def gate_bend(self, name: str, other: str, atom: int = 0) -> Function:
        """E_pq/E = L_pq + L_p L_q."""
        p, q = self.symbols[name], self.symbols[other]
        return self._derivative(atom, lambda L: sp.diff(L, p, q) + sp.diff(L, p) * sp.diff(L, q))

    def shared_slope(self, name: str) -> Function:
        """(L - L_k)_tau: by a shared parameter, of an atom less the other one."""
        return tuple(p - q for p, q in zip(self.gate_slope(name), self.gate_slope(name, 1), strict=True))

    def pieces_at(self, point: Any) -> tuple[int, ...]:
        """The pieces of the weights of the two atoms at a point, which is inside of them."""
        x, indices = box_point(self.case, point), []
        for atom in range(1 + self.has_other):
            values = Balls({**self.case.balls(atom), **x}, length=1)
            indices.append(piece_at(self.case, atom, values))
        return tuple(indices)

    def row(self, functions: Sequence[Function], point: Any) -> list[arb]:
        """The values of functions at a point inside the pieces of the weights."""
        here, values = (*self.pieces_at(point), 0)[:2], Balls(length=1)
        place = self.places.index((here[0], here[1]))
        at = {self.symbols[name]: value for name, value in box_point(self.case, point).items()}
        return [ball_of(f[place], values, at)[0] for f in functions]

    def take(self, step: Any) -> None:
        """Check that a theorem applies, and note its bounds."""
        require_keys(step, "theorem", "names", "level", "points", of="a step")
        require(step["theorem"] in THEOREMS, "a theorem that is not known")
        require(step["level"] is None or step["theorem"] in _LEVELS, "a level of a theorem that has none")
        require(isinstance(step["names"], list) and {*step["names"]} <= {*self.slopes}, "the names of a step")
        rule = THEOREMS[step["theorem"]][0]
        for title, r in rule(self, step).items():
            self.orders[title] = min(r, self.orders.get(title, r))

    def independent(self, functions: Sequence[Function], step: Any) -> None:
        """That functions of x are independent on [-2, 2]^d, by their values at as many points of a step."""
        prove_rank(lambda point: self.row(functions, point), points_of(step["points"]), "functions")

    def determined(self, targets: Sequence[Function], others: Sequence[Function], step: Any) -> None:
        """That the targets are independent, also of the others, which may depend on each other."""
        functions = [*others, *targets]
        vectors = [
            {(i, term): c for i, e in enumerate(f) for term, c in sp.expand(e).as_coefficients_dict().items() if e != 0}
            for f in functions
        ]
        terms = list(dict.fromkeys(term for vector in vectors for term in vector))
        chosen = pivots([[rational(str(v.get(term, 0))) for v in vectors] for term in terms], len(functions))
        require({*range(len(others), len(functions))} <= {*chosen}, "a target is not independent")
        self.independent([functions[j] for j in chosen], step)

    def order(self, title: str) -> fmpq:
        """An order that is proved so far. Rejected where none is."""
        require(title in self.orders, f"{title} has no bound yet")
        return self.orders[title]

    # -- what is before the offsets of the gate

    def gate_slopes(self, *, seen: bool = True) -> dict[str, list[Function]]:
        """L_p of each own parameter, of both atoms where both are split; seen: without those that are 0."""
        slopes = {p: [self.gate_slope(p, atom) for atom in self.atoms] for p in self.own}
        return {p: [f for f in fs if not (seen and vanishes(f))] for p, fs in slopes.items()}

    def gate_orders(self) -> dict[str, fmpq]:
        """The orders of the own parameters, where all are known and shared ones have the order 1."""
        shared = all(self.orders.get(p) == 1 for p in self.shared)
        require(shared and all(p in self.orders for p in self.own), "the gate has no bounds")
        return {p: self.orders[p] for p in self.own}

    def weights(self) -> list[tuple[Function, fmpq]]:
        """L_p of the split atom with 1/r, for every own parameter."""
        return [(self.gate_slope(p), 1 / r) for p, r in self.gate_orders().items()]

    def is_plain(self) -> bool:
        """Whether the log weight is a polynomial in x whose value at 0 does not depend on the own parameters."""
        if self.count > 1:
            return False
        (score,) = self.scores
        own = {self.symbols[p] for p in self.own}
        return bool(score.is_polynomial(*self.x) and not score.subs(dict.fromkeys(self.x, 0)).free_symbols & own)

    def require_linear(self) -> None:
        """That the mean is linear in its parameters, each before a function of x."""
        require(self.is_linear, "the mean is not linear")

    def intercept(self) -> str:
        """The parameter of a linear mean that stands before 1, all others before polynomials that are 0 at x = 0."""
        self.require_linear()
        require(None not in self.degrees.values(), "the mean is no polynomial in x")
        constant = [p for p, n in self.degrees.items() if n == 0]
        require(len(constant) == 1 and self.slopes[constant[0]] == self.one, "the mean has no intercept")
        at_0 = [tuple(e.subs(dict.fromkeys(self.x, 0)) for e in f) for p, f in self.slopes.items() if p != constant[0]]
        require(all(map(vanishes, at_0)), "the mean has no intercept")
        return constant[0]


def _experts(cell: Cell, step: Any) -> Orders:
    """|d|^(2m) for the parameters of the mean, |dnu|^m."""
    cell.independent([*cell.slopes.values()], step)
    return {p: fmpq(2 * cell.size) for p in cell.slopes} | {"nu": fmpq(cell.size)}


def _gate(cell: Cell, step: Any) -> Orders:
    """Own parameters have the order 2, shared ones 1, and weighted means whose L_p is not 0."""
    bends = [cell.gate_bend(p, q, atom) for atom in cell.atoms for p, q in pairs_of(cell.own, 2)]
    return _of_gate(cell, step, fmpq(2), cell.gate_slopes(), bends)


def _of_gate(
    cell: Cell, step: Any, own: fmpq, slopes: Mapping[str, Sequence[Function]], bends: Sequence[Function]
) -> Orders:
    shared = [cell.shared_slope(p) for p in cell.shared]
    cell.independent([cell.one, *(f for fs in slopes.values() for f in fs), *shared, *bends], step)
    means = {f"mean {p}": fmpq(1) for p, fs in slopes.items() if len(fs) == len(cell.atoms)}
    return dict.fromkeys(cell.own, own) | dict.fromkeys(cell.shared, fmpq(1)) | means


def _kinks(cell: Cell, step: Any) -> Orders:
    """An own parameter that moves a kink has the order 3/2, d = 1."""
    require(len(cell.own) == len(cell.x) == 1, "kinks are moved by one parameter, in dimension 1")
    require(_shows_by_kinks(cell), "no kink is shown to move inside of [-2, 2]")
    return _of_gate(cell, step, fmpq(3, 2), cell.gate_slopes(seen=False), ())


def _pair(cell: Cell, step: Any) -> Orders:
    """Two atoms, any gate: weighted means of the mean's parameters have the order 1."""
    cell.require_linear()
    require(cell.size == 2, "the theorem is about two atoms")
    gate = [cell.gate_slope(p) for p in cell.own]
    cell.independent([times(f, g) for f in (cell.one, *gate) for g in cell.slopes.values()], step)
    return {f"mean {p}": fmpq(1) for p in cell.slopes}


def _means(cell: Cell, step: Any) -> Orders:
    """sum_l p_l d eta_l = O(V^e) by the equation r = 1."""
    cell.require_linear()
    require(len(step["names"]) == 1, "a theorem about one mean")
    (p,), e, weights = step["names"], rational(step["level"]), cell.weights()
    largest = max(cell.order(q) for q in cell.slopes)
    require(0 < e <= min(fmpq(1), 2 * min((w for _, w in weights), default=fmpq(1)) + 1 / largest), "the level")
    others = [f for q, f in cell.slopes.items() if q != p]
    others += [times(f, g) for f, w in weights for q, g in cell.slopes.items() if w + 1 / cell.order(q) < e]
    cell.determined([cell.slopes[p]], others, step)
    return {f"mean {p}": 1 / e}


def _squares(cell: Cell, step: Any) -> Orders:
    """sum_l p_l |d eta_l|^2 = O(V^e) for the parameters named, by the equation r = 2."""
    cell.require_linear()
    group, e, weights = {*step["names"]}, rational(step["level"]), cell.weights()
    require(group and 0 not in {cell.degrees[p] for p in group}, "squares of what is no slope")
    require(0 < e <= 1 and all(w >= fmpq(1, 2) for _, w in weights), "the level, or the orders of the gate")
    orders = {p: cell.order(p) for p in (*cell.slopes, "nu")}
    open_ = [p for p, n in cell.degrees.items() if n != 0 and orders[p] > 2]
    few = cell.size in _INTERCEPT_ORDER and None not in cell.degrees.values()
    if few and group == {*open_} and all(cell.degrees[p] == 1 for p in open_):
        b = cell.intercept()
        orders |= {b: min(orders[b], fmpq(_INTERCEPT_ORDER[cell.size])), "nu": min(orders["nu"], fmpq(2))}
    plain = [(cell.one, 1 / orders["nu"], set[str]())]
    for f, (p, q) in zip(_products(cell), pairs_of(cell.slopes, 2), strict=True):
        plain.append((f, 1 / orders[p] + 1 / orders[q], {p, q}))
    targets = [f for f, _, names in plain if names and names <= group]
    others = [(f, w) for f, w, names in plain if not names or not names <= group]
    others += [(times(g, f), v + w) for g, v in weights for f, w, names in plain if not names & group]
    cell.determined(targets, [f for f, w in others if w < e], step)
    return dict.fromkeys(group, 2 / e)


def _offsets(cell: Cell, step: Any) -> Orders:
    """A weighted mean has at most the order of the offsets."""
    return {f"mean {p}": cell.orders[p] for p in (*cell.own, *cell.slopes, "nu") if p in cell.orders}


def _origin(cell: Cell, step: Any) -> Orders:
    """The mean of b has the order 1, where atoms of a cell weigh at x = 0 what their shares say."""
    b = cell.intercept()
    require(cell.is_plain(), "the log weight is no polynomial, or its value at x = 0 moves")
    return {f"mean {b}": fmpq(1)}


def _doubled(cell: Cell, step: Any) -> Orders:
    """Slopes where every cell is split into two; the log weight near a point is of a degree at most 2 in x."""
    cell.intercept()
    cell.independent([*cell.slopes.values()], step)
    top, point = max(n or 0 for n in cell.degrees.values()), step["points"][0]
    score = cell.scores[cell.pieces_at(point)[0]]
    quadratic = score.is_polynomial(*cell.x) and sp.Poly(score, *cell.x).total_degree() <= 2
    require(cell.every and cell.size == 2 and top in (1, 2) and quadratic, "the theorem is about degrees up to 2")
    orders = {p: fmpq(2) if n == top else fmpq(9, 4) for p, n in cell.degrees.items() if n}
    if top == 2 and cell.is_plain() and degree((score,), cell.x) == 1:
        orders = dict.fromkeys(orders, fmpq(2)) | {f"mean {p}": fmpq(3, 2) for p, n in cell.degrees.items() if n == top}
    return orders


def _curved(cell: Cell, step: Any) -> Orders:
    """A mean that is not linear, behind a gate with the order 2: the orders are 2, of weighted means 1."""
    return _of_order_two(cell, _products(cell), step)


def _unlike(cell: Cell, step: Any) -> Orders:
    """The same for two atoms, where 1 and the slopes are independent."""
    require(cell.size == 2, "the theorem is about two atoms")
    require_analytic(cell.case.mean, frozenset(cell.case.model.covariates))
    return _of_order_two(cell, [*cell.slopes.values()], step)


def _of_order_two(cell: Cell, functions: Sequence[Function], step: Any) -> Orders:
    require(max(cell.gate_orders().values(), default=fmpq(1)) <= 2, "the gate has no order 2")
    cell.independent([cell.one, *functions], step)
    names = (*cell.slopes, "nu")
    return dict.fromkeys(names, fmpq(2)) | {f"mean {p}": fmpq(1) for p in names}


def _curved_pair(cell: Cell, step: Any) -> Orders:
    """Two atoms with a mean that is not linear, any gate: the orders are 2, of the weighted mean of nu 1."""
    require(cell.size == 2, "the theorem is about two atoms")
    gate = [cell.gate_slope(p) for p in cell.own]
    cell.independent([cell.one, *gate, *_products(cell)], step)
    return dict.fromkeys((*cell.slopes, "nu"), fmpq(2)) | {"mean nu": fmpq(1)}


def _products(cell: Cell) -> list[Function]:
    return [times(cell.slopes[p], cell.slopes[q]) for p, q in pairs_of(cell.slopes, 2)]


def _exponential(cell: Cell, step: Any) -> Orders:
    """Two atoms whose log weights are linear in x, with a mean h(a.x + b): of means b has the order 1, a 3/2."""
    require(len(step["names"]) == 1, "a theorem about one parameter")
    (b,) = step["names"]
    require(cell.size == 2 and cell.is_plain() and cell.order(b) <= 2, "the theorem is about two atoms")
    require(degree(tuple(cell.scores), cell.x) == 1, "the log weight is not linear in x")
    ratios = [sp.cancel(f[0] / cell.slopes[b][0]) for p, f in cell.slopes.items() if p != b]
    require(len(ratios) == len(cell.x) and {*ratios} == {*cell.x}, "the mean is no function of a.x + b")
    return {f"mean {p}": fmpq(1) if p == b else fmpq(3, 2) for p in cell.slopes}


def _shows_by_kinks(cell: Cell) -> bool:
    """Whether the own parameter of each atom that is split moves a kink that the other atom has not."""
    sides = range(len(cell.case.weight.sides))
    with ctx.workprec(256):
        return all(any(_is_shown(cell, atom, i) for i in sides) for atom in cell.atoms)


def _is_shown(cell: Cell, atom: int, i: int) -> bool:
    """Whether piece i of an atom's weight ends in a kink x_0 inside [-2, 2] with d x_0/d beta1 != 0."""
    (x,), (own,) = cell.x, cell.case.model.own
    p = cell.symbols[own]
    here, there = cell.at[atom], cell.at[1 - atom]
    sides = (map(cell.formulas.tree, pair) for pair in cell.case.weight.sides)
    gaps = [low - high for low, high in sides]
    if not gaps[i].is_polynomial(x) or sp.Poly(gaps[i], x).degree() != 1:
        return False
    slope, constant = sp.Poly(gaps[i], x).all_coeffs()
    if not nonzero(_ball(slope.subs(here))):
        return False
    root = -constant / slope
    at = root.subs(here)
    before, after = (cell.scores[k].subs(here) for k in (i, i + 1))
    bends = sp.diff(before, x) - sp.diff(after, x)
    inside = abs(_ball(at)) < arb(REACH)
    # at the kink the pieces before it are left, and the next one is entered: only these two meet there
    past = all(_ball(gap.subs(here).subs(x, at)) > 0 for gap in gaps[:i])
    entered = all(_ball(gap.subs(here).subs(x, at)) < 0 for gap in gaps[i + 1 : i + 2])
    apart = all(nonzero(_ball(gap.subs(there).subs(x, at))) for gap in gaps)
    joined = sp.expand((before - after).subs(x, at)) == 0
    moves = nonzero(_ball(sp.diff(root, p).subs(here))) and nonzero(_ball(bends.subs(x, at)))
    return bool(inside and past and entered and apart and joined and moves)


def _ball(e: sp.Expr) -> arb:
    return ball_of(e, Balls(length=1), {})[0]


THEOREMS: Mapping[str, tuple[Callable[[Cell, Any], Orders], str]] = {
    "experts": (_experts, EXPERTS),
    "gate": (_gate, "on the gate in a cell (5.2.1)"),
    "kinks": (_kinks, "on kinks that move (5.7.1)"),
    "pair": (_pair, "on means of two atoms (5.3.5)"),
    "means": (_means, "on means of linear experts (5.3.1)"),
    "squares": (_squares, "on squares of linear experts (5.3.2)"),
    "offsets": (_offsets, ""),
    "origin": (_origin, "at x = 0 (5.3.6)"),
    "doubled": (_doubled, "on slopes with every cell split into two (A.1.1)"),
    "curved": (_curved, "on means that are not linear (5.8.1)"),
    "curved pair": (_curved_pair, "on two atoms with means that are not linear (5.8.2)"),
    "unlike": (_unlike, "on two atoms whose mean has no intercept (5.3.4)"),
    "exponential": (_exponential, "on two atoms with means h(a.x + b) (5.8.3)"),
}
"""Name of a theorem -> the rule that checks what it assumes, and what statements call it."""
