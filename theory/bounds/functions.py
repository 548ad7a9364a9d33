"""Functions of x that stand before offsets, from a model's formula alone, and proofs that they are independent.

Derivatives are taken by SymPy, on each piece of a weight with kinks. Functions that are rational combinations of
others, as sums of terms that are equal as formulas, are left out where a theorem allows it. What remains is independent
if the determinant of its values at points is a ball without 0: near the points all formulas are analytic, so that it is
so on an open set of x.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from temperance.theory.checker.rejected import evaluate, parsed, rational, require, require_keys, understood
from temperance.theory.checker.verdict_values import Balls, nonzero
from temperance.theory.curves.curve_flat import Pieces

MODEL = ("covariates", "log_weight", "mean", "own", "expert", "shared", "held", "weighted")
_ONE = ("log_weight", "mean", "weighted")
_BITS = (128, 512, 2048)
_MOST_NAMES, _MOST_FUNCTIONS = 24, 120
REACH = 2
"""Every coordinate of x is in [-REACH, REACH]."""

Function = tuple[sp.Expr, ...]
"""A function of x by the pieces that the weights of the two atoms have there."""


class Formulas:
    """Values of expressions as SymPy formulas, for `rejected.evaluate`."""

    number, sound = sp.Integer, staticmethod(lambda formula: formula)

    def __init__(self, names: Sequence[str]) -> None:
        self.names = {name: sp.Symbol(name) for name in names} | {"pi": sp.pi}

    @staticmethod
    def power(base: sp.Expr, exponent: sp.Expr, _: Any) -> sp.Expr:
        """base^exponent."""
        return base**exponent

    @staticmethod
    def call(f: str, q: sp.Expr) -> sp.Expr:
        """f(q)."""
        return getattr(sp, f)(q)


class Parts:
    """The parts of a model that a certificate states: names, pieces of the weight, and the mean."""

    def __init__(self, model: Any) -> None:
        require_keys(model, *MODEL, of="the model")
        self.covariates, self.own, self.expert, self.shared, self.held = (
            tuple(model[key]) for key in MODEL if key not in _ONE
        )
        names = (*self.covariates, *self.own, *self.expert, *self.shared, *self.held)
        require(len(set(names)) == len(names) <= _MOST_NAMES and self.expert[-1] == "nu", "the parameters")
        require(all(n.isidentifier() and n.isascii() and n not in ("pi", "E") for n in names), "a name")
        self.weighted, self.gate = model["weighted"], (*self.own, *self.shared, *self.held)
        require(type(self.weighted) is bool and self.covariates, "the model")
        self.pieces = Pieces(parsed(model["log_weight"]), {*self.covariates, *self.gate})
        self.mean = understood(model["mean"], {*self.covariates, *self.expert[:-1]})

    def place(self, given: Any, *names: str) -> dict[str, Any]:
        """The true values of parameters, as trees without names."""
        require_keys(given, *names, of="a true point")
        return {name: understood(text, {"pi"}) for name, text in given.items()}

    def point(self, given: Any) -> list[fmpq]:
        """A point of [-2, 2]^d."""
        x = [rational(v) for v in given]
        require(len(x) == len(self.covariates) and all(abs(v) <= REACH for v in x), "a point of another space")
        return x


def require_regular(row: Callable[[Any], list[arb]], points: Sequence[Any], what: str) -> None:
    """That rows of values at points are a regular matrix: what has these values is independent."""
    for bits in _BITS:
        with ctx.workprec(bits):
            determinant = arb_mat([row(point) for point in points]).det()
        if nonzero(determinant):
            return
    require(False, f"{what} are not shown to be independent")


def piece_at(pieces: Pieces, values: Balls, moving: Iterable[str] | None = None) -> int:
    """The piece of the weight at a point, inside of it.

    moving: the parameters that move there; of a condition u < v without them, u and v may be equal. None: all do.
    """
    for i, sides in enumerate(pieces.sides):
        low, high = (evaluate(side, values)[0] for side in sides)
        used = {n.id for side in sides for n in ast.walk(side) if isinstance(n, ast.Name)}
        if moving is not None and high - low == 0 and not used & {*moving}:
            continue
        require(nonzero(high - low), "a point that is not shown to lie inside a piece")
        if low < high:
            return i
    return len(pieces.sides)


class Functions(Parts):
    """The functions before the offsets of a cell at one true point, or of both cells where every one is split.

    places: the values of the gate's parameters at the first true atom and at the other one. every: whether both are
    split; else the other one matters where parameters are shared. expert: the values of the
    expert's parameters; None for every value, where the mean is linear in them.
    """

    def __init__(self, model: Any, places: Sequence[Any], expert: Any, *, every: bool) -> None:
        super().__init__(model)
        require(len(places) == 2, "a true point of two atoms")
        self.every, self.has_other = every, every or bool(self.shared)
        self.places = [self.place(given, *self.gate) for given in places]
        slopes = self.expert[:-1]
        self.there = None if expert is None else self.place(expert, *slopes)
        self.formulas = Formulas((*self.covariates, *self.gate, *slopes))
        self.symbols = self.formulas.names
        self.at = [{self.symbols[n]: evaluate(v, self.formulas) for n, v in p.items()} for p in self.places]
        self.pairs = [*product(range(self.count), range(self.count if self.has_other else 1))]
        self.one: Function = (sp.S.One,) * len(self.pairs)
        self.slopes = {p: self._slope(p) for p in slopes}
        self.is_linear = expert is None

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self.pieces.formulas)

    def _slope(self, name: str) -> Function:
        """d mu/d eta for a parameter of the mean."""
        mean, p = evaluate(self.mean, self.formulas), self.symbols[name]
        slope = sp.diff(mean, p)
        if self.there is None:
            others = {self.symbols[q] for q in self.expert[:-1]}
            linear = not sp.expand(slope).free_symbols & others and sp.expand(mean.subs(dict.fromkeys(others, 0))) == 0
            require(linear, "the mean is not linear in its parameters")
        else:
            slope = slope.subs({self.symbols[q]: evaluate(v, self.formulas) for q, v in self.there.items()})
        return (slope,) * len(self.pairs)

    @cached_property
    def scores(self) -> list[sp.Expr]:
        """The log weight on each piece."""
        return [evaluate(piece, self.formulas) for piece in self.pieces.formulas]

    def _derivative(self, atom: int, make: Any) -> Function:
        """What is made of a piece's formula, at the place of an atom."""
        each = [sp.sympify(make(score)).subs(self.at[atom]) for score in self.scores]
        return tuple(each[pair[atom]] for pair in self.pairs)

    def gate_slope(self, name: str, atom: int = 0) -> Function:
        """L_p: the derivative of the log weight by a parameter."""
        return self._derivative(atom, lambda score: sp.diff(score, self.symbols[name]))

    def gate_bend(self, name: str, other: str, atom: int = 0) -> Function:
        """E_pq/E = L_pq + L_p L_q."""
        p, q = self.symbols[name], self.symbols[other]
        return self._derivative(atom, lambda L: sp.diff(L, p, q) + sp.diff(L, p) * sp.diff(L, q))

    def shared_slope(self, name: str) -> Function:
        """(L - L_k)_tau: by a shared parameter, of an atom less the other one."""
        return minus(self.gate_slope(name), self.gate_slope(name, 1))

    def places_at(self, point: Any) -> list[int]:
        """The pieces of the weights of the two atoms at a point, which is inside of them."""
        x, found = dict(zip(self.covariates, self.point(point), strict=True)), []
        for values in self.places[: 1 + self.has_other]:
            known = Balls({}, length=1)
            known.names |= {name: evaluate(v, known) for name, v in values.items()}
            known.names |= {name: known.number(arb(v)) for name, v in x.items()}
            found.append(piece_at(self.pieces, known))
        return found

    def _place(self, pieces: Sequence[int]) -> int:
        """The place of the pieces of the atoms in a function."""
        first, second = (*pieces, 0)[:2]
        return self.pairs.index((first, second))

    def row(self, functions: Sequence[Function], point: Any) -> list[arb]:
        """The values of functions at a point inside the pieces of the weights."""
        place, seen = self._place(self.places_at(point)), Balls({}, length=1)
        seen.names |= {name: seen.number(arb(v)) for name, v in zip(self.covariates, self.point(point), strict=True)}
        return [evaluate(_tree(f[place]), seen)[0] for f in functions]

    def require_independent(self, functions: Sequence[Function], points: Any) -> None:
        """That functions of x are independent on [-2, 2]^d, by their values at as many points."""
        require(len(points) == len(functions) <= _MOST_FUNCTIONS, "as many points as functions are needed")
        require_regular(lambda point: self.row(functions, point), points, "functions")

    def determined(self, targets: Sequence[Function], others: Sequence[Function]) -> list[Function] | None:
        """Functions whose independence shows that the targets are independent, also of the others.

        The others may depend on each other. None where a target is a combination of what comes before it.
        """
        functions = [*others, *targets]
        vectors = [
            {(i, term): c for i, e in enumerate(f) for term, c in sp.expand(e).as_coefficients_dict().items() if e != 0}
            for f in functions
        ]
        terms = list(dict.fromkeys(term for vector in vectors for term in vector))
        matrix = [[_number(v.get(term, sp.S.Zero)) for v in vectors] for term in terms]
        reduced, rank = fmpq_mat(matrix or [[0] * len(functions)]).rref()
        pivots = [next(j for j in range(len(functions)) if reduced[i, j] != 0) for i in range(rank)]
        targets_seen = {*range(len(others), len(functions))} <= {*pivots}
        return [functions[j] for j in pivots] if targets_seen else None


@lru_cache(maxsize=1024)
def _tree(formula: sp.Expr) -> ast.expr:
    """A formula of SymPy as the tree of an expression, made once for all points."""
    return parsed(str(formula))


def _number(c: sp.Expr) -> fmpq:
    require(c.is_Rational, "a coefficient is not rational")
    return fmpq(int(c.p), int(c.q))


def support(model: Any) -> str:
    """What a statement says of x."""
    names = ", ".join(model["covariates"])
    return f"x = ({names}) of a density bounded away from 0 on [-{REACH}, {REACH}]^{len(model['covariates'])}"


def times(f: Function, g: Function) -> Function:
    """f g."""
    return tuple(p * q for p, q in zip(f, g, strict=True))


def minus(f: Function, g: Function) -> Function:
    """f - g."""
    return tuple(p - q for p, q in zip(f, g, strict=True))


def vanishes(f: Function) -> bool:
    """Whether a function is 0 as a formula, on every piece."""
    return all(sp.expand(e) == 0 for e in f)


def degree(f: Function, x: Sequence[sp.Symbol]) -> int | None:
    """The degree of a polynomial in x, the same on all pieces; None for any other function."""
    found = {sp.Poly(e, *x).total_degree() if e.is_polynomial(*x) else None for e in map(sp.expand, f)}
    return found.pop() if len(found) == 1 else None
