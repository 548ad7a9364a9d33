"""Independent checker for certificates of orders under least squares (theory.md 2.12).

A certificate states: |offset|^2 = O(distance of the regression functions), and |offset| for shared parameters, for all
mixtures near the true one in which an atom is fitted by a cell with shares bounded away from 0, another atom being a
singleton with its gate held and the same weight. It holds

- the model: log weight and mean as expressions, and which parameters are whose; "straight": those of the mean in which
  it is affine, of which nothing is stated; "truth": rational values of all parameters of the two atoms;
- "relations": rows (c_alpha) with sum c_alpha U_alpha = 0, U = exp(L) (f - h), alpha over 1, single parameters, pairs;
- "matrix": positive definite, over the parameters that are not straight, orthogonal to the relations;
- "points": rational x at which the other derivatives have a determinant that excludes 0.

Only functions that are analytic for all real arguments are read, and no division or root of what depends on x.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpq_mat

from temperance.theory.checker.rejected import evaluate, proving, rational, require, require_keys, understood

FORMAT = "temperance-least-squares/1"
_KEYS = ("format", "statement", "model", "truth", "relations", "matrix", "points")
_MODEL = ("log_weight", "mean", "x", "own", "expert", "shared", "straight")
_BALLS: Mapping[Any, Callable[[arb], arb]] = {
    sp.exp: arb.exp,
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.sinh: arb.sinh,
    sp.cosh: arb.cosh,
    sp.tanh: arb.tanh,
    sp.atan: arb.atan,
    sp.asinh: arb.asinh,
    sp.erf: arb.erf,
}
_ANALYTIC = {"exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "asinh", "erf"}
_MOST = 60  # derivatives
_MOST_GROWTH = 100
_BITS = (256, 1024, 4096)


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        return _Checker(certificate).run()


def statement(model: Mapping[str, Any], truth: Sequence[Mapping[str, str]]) -> str:
    """What a certificate with this model and this true point states, in words."""
    others = [p for p in (*model["own"], *model["expert"]) if p not in model["straight"]]
    atoms = ", ".join(f"({', '.join(f'{name} = {value}' for name, value in atom.items())})" for atom in truth)
    order_one = f"; |offset| of {', '.join(model['shared'])}" if model["shared"] else ""
    return (
        f"least squares, log weight {model['log_weight']}, mean {model['mean']}, true atoms {atoms} of one weight; "
        "a cell of the first, shares bounded away from 0, the second a singleton with its gate held; near the truth, x "
        f"on any compact set with interior: |offset|^2 of {', '.join(others)}{order_one} is O(distance of the "
        "regression functions)"
    )


class _Symbols:
    """Reads expressions: values of `rejected.evaluate` in SymPy."""

    def __init__(self, names: Sequence[str], x: Sequence[str]) -> None:
        self.names = {name: sp.Symbol(name, real=True) for name in names}
        self.x = {self.names[name] for name in x}

    def number(self, n: int) -> sp.Expr:
        return sp.Integer(n)

    def power(self, base: sp.Expr, exponent: sp.Expr, written: Fraction | None) -> sp.Expr:
        require(written is not None, "an exponent is no number")
        whole = written is not None and written.denominator == 1 and written >= 0
        require(whole or not base.free_symbols & self.x, "a division or a root of what depends on x")
        return base ** sp.Rational(str(written))

    def call(self, f: str, argument: sp.Expr) -> sp.Expr:
        if f == "sqrt":
            return self.power(argument, argument, Fraction(1, 2))
        require(f in _ANALYTIC or not argument.free_symbols & self.x, f"{f} is not analytic everywhere")
        return getattr(sp, f)(argument)

    def sound(self, value: sp.Expr) -> sp.Expr:
        require(not value.has(sp.nan, sp.oo, sp.zoo, sp.I, sp.Abs), "an expression has no value, or is not smooth")
        return value


_Column = list[tuple[int, tuple[sp.Expr, sp.Expr]]]
"""Derivatives A, B of atoms, which add up."""


class _Checker:
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self.certificate, model = certificate, certificate["model"]
        require_keys(model, *_MODEL, of="the model")
        lists = {key: list(model[key]) for key in _MODEL[2:]}
        names = [*lists["x"], *lists["own"], *lists["expert"], *lists["shared"]]
        require(all(isinstance(n, str) and n.isidentifier() for n in names), "a name is none")
        require(len(set(names)) == len(names) and lists["x"], "a name is used twice, or there is no x")
        require(set(lists["straight"]) <= set(lists["expert"]), "what is straight is not of the mean")
        symbols = _Symbols(names, lists["x"])
        self.weight, self.mean = (self._read(model[key], symbols) for key in ("log_weight", "mean"))
        of = {key: [symbols.names[n] for n in value] for key, value in lists.items()}
        self.x, self.own, self.expert, self.shared = (of[key] for key in ("x", "own", "expert", "shared"))
        self.straight = of["straight"]
        require(not self.weight.free_symbols & set(self.expert), "the log weight has a parameter of the mean")
        require(not self.mean.free_symbols & {*self.own, *self.shared}, "the mean has a parameter of the gate")
        self.each = [*self.own, *self.expert]
        self.places = [(), *((p,) for p in self.each), *combinations_with_replacement(self.each, 2)]
        require(len(self.places) <= _MOST, "too many derivatives")
        self.truth = [self._values(atom, symbols) for atom in certificate["truth"]]
        require(len(self.truth) == 2, "there are not two true atoms")
        require(all(self.truth[0][p] == self.truth[1][p] for p in self.shared), "a shared parameter has two values")

    @staticmethod
    def _read(text: Any, symbols: _Symbols) -> sp.Expr:
        tree = understood(text, set(symbols.names))
        require(_growth(tree) <= _MOST_GROWTH, "an expression is too large")
        return evaluate(tree, symbols)

    def _values(self, atom: Any, symbols: _Symbols) -> dict[sp.Symbol, sp.Rational]:
        names = [p.name for p in (*self.own, *self.expert, *self.shared)]
        require_keys(atom, *names, of="a true atom")
        return {symbols.names[n]: _rational(rational(atom[n])) for n in names}

    def run(self) -> str:
        self._check_straight()
        rows = self._relations()
        self._check_matrix(rows)
        self._check_determinant(rows)
        said = statement(self.certificate["model"], self.certificate["truth"])
        require(self.certificate["statement"] == said, "the statement is not what is proved")
        return said

    def _check_straight(self) -> None:
        """That the mean is affine in what is straight, whatever the parameters are."""
        for p, q in combinations_with_replacement(self.straight, 2):
            require(_is_zero(sp.diff(self.mean, p, q)), f"the mean is not affine in {p}, {q}")

    def _derivative(self, place: Sequence[sp.Symbol], atom: int) -> tuple[sp.Expr, sp.Expr]:
        """A, B at a true atom, of exp(L) (A f - B), a derivative of exp(L) (f - h)."""
        a, b = sp.S.One, self.mean
        for p in place:
            slope = sp.diff(self.weight, p)
            a, b = sp.diff(a, p) + slope * a, sp.diff(b, p) + slope * b
        return a.xreplace(self.truth[atom]), b.xreplace(self.truth[atom])

    def _relations(self) -> list[list[fmpq]]:
        """The relations, each shown to hold identically in x and f."""
        rows = [[rational(c) for c in row] for row in self.certificate["relations"]]
        parts = [self._derivative(place, 0) for place in self.places]
        for row in rows:
            require(len(row) == len(parts), "a relation has another number of coefficients")
            for k in range(2):
                total = sp.Add(*(_rational(c) * part[k] for c, part in zip(row, parts, strict=True)))
                require(_is_zero(total), "a relation does not hold")
        return rows

    def _check_matrix(self, rows: Sequence[Sequence[fmpq]]) -> None:
        """That a positive definite matrix is orthogonal to the parts of order 2 outside of what is straight."""
        others = [p for p in self.each if p not in self.straight]
        n = len(others)
        entries = [[rational(e) for e in row] for row in self.certificate["matrix"]]
        require(len(entries) == n and all(len(row) == n for row in entries), "the size of the matrix")
        require(all(entries[i][j] == entries[j][i] for i in range(n) for j in range(i)), "the matrix is not symmetric")
        minors = (fmpq_mat([row[:m] for row in entries[:m]]).det() for m in range(1, n + 1))
        require(all(minor > 0 for minor in minors), "the matrix is not positive definite")
        at = {place: j for j, place in enumerate(self.places)}
        for row in rows:
            total = fmpq(0)
            for (i, p), (j, q) in combinations_with_replacement(list(enumerate(others)), 2):
                total += 2 * entries[i][j] * row[at[p, q]]  # S_pq = c_pq, S_pp = 2 c_pp
            require(total == 0, "the matrix is not orthogonal to a relation")

    def _check_determinant(self, rows: Sequence[Sequence[fmpq]]) -> None:
        """That the relations are all: the other derivatives, also of the singleton, are independent functions of x."""
        reduced, rank = fmpq_mat([list(row) for row in rows] or [[0] * len(self.places)]).rref()
        require(rank == len(rows), "the relations are not independent")
        lead = {next(j for j in range(len(self.places)) if reduced[i, j] != 0) for i in range(rank)}
        columns: list[_Column] = [[(0, self._derivative(p, 0))] for j, p in enumerate(self.places) if j not in lead]
        columns += [[(1, self._derivative((p,), 1))] for p in self.expert]
        columns += [[(i, self._derivative((p,), i)) for i in range(2)] for p in self.shared]
        points = [[rational(v) for v in point] for point in self.certificate["points"]]
        require(len(points) == len(columns), "there are not as many points as derivatives")
        require(all(len(point) == len(self.x) for point in points), "a point has another dimension")
        for bits in _BITS:
            with flint.ctx.workprec(bits):
                matrix = arb_mat([self._row(point, columns) for point in points])
                determinant = matrix.det()
                if determinant.is_finite() and not determinant.contains(0):
                    return
        require(False, "the determinant is not separated from 0")

    def _row(
        self, point: Sequence[fmpq], columns: Sequence[Sequence[tuple[int, tuple[sp.Expr, sp.Expr]]]]
    ) -> list[arb]:
        at = dict(zip(self.x, map(arb, point), strict=True))
        weights = [_ball(self.weight.xreplace(atom), at).exp() for atom in self.truth]
        means = [_ball(self.mean.xreplace(atom), at) for atom in self.truth]
        f = (weights[0] * means[0] + weights[1] * means[1]) / (weights[0] + weights[1])
        return [sum((weights[i] * (_ball(a, at) * f - _ball(b, at)) for i, (a, b) in c), arb(0)) for c in columns]


def _growth(tree: ast.expr) -> int:
    """A bound of the degree of an expression, and of the digits of its numbers."""
    match tree:
        case ast.Constant(int(n)):
            return 1 + n.bit_length() // 8
        case ast.UnaryOp(_, p) | ast.Call(_, [p]):
            return _growth(p)
        case ast.BinOp(p, ast.Pow(), q):
            exponent = sum(
                abs(c.value) for c in ast.walk(q) if isinstance(c, ast.Constant) and isinstance(c.value, int)
            )
            return _growth(p) * max(1, exponent)
        case ast.BinOp(p, _, q):
            return _growth(p) + _growth(q)
    return 1


def _rational(q: fmpq) -> sp.Rational:
    return sp.Rational(int(q.p), int(q.q))


def _is_zero(e: sp.Expr) -> bool:
    """Whether an expression is 0 once its functions are letters: 0 then, whatever relations there are between them."""
    return bool(sp.cancel(sp.together(sp.expand(e))) == 0)


def _ball(e: sp.Expr, at: Mapping[sp.Symbol, arb]) -> arb:
    """Encloses an expression."""
    if e.is_Symbol:
        return at[e]
    if e.is_Rational:
        return arb(fmpq(int(e.p), int(e.q)))
    if e is sp.pi:
        return arb.pi()
    if e.is_Add or e.is_Mul:
        parts = [_ball(part, at) for part in e.args]
        total = parts[0]
        for part in parts[1:]:
            total = total + part if e.is_Add else total * part
        return total
    if e.is_Pow and e.exp.is_Integer:
        return _ball(e.base, at) ** int(e.exp)
    if e.is_Pow and e.exp.is_Rational and e.exp.q == 2:
        return _ball(e.base, at).sqrt() ** int(e.exp.p)
    require(e.func in _BALLS, f"{e.func} has no enclosure")
    return _BALLS[e.func](_ball(e.args[0], at))
