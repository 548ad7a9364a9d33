"""Writes expressions and domains as Coq reads them, and as the data type `expr` of Temperance.v."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, reread
from temperance.theory.activations.piecewise import Algebra, Piece, cut_at_poles
from temperance.theory.kernel.balls import DEFINED

Condition = tuple[ast.expr, int, str]  # (q, n, relation): q^n <> 0 or 0 < q must hold

_SUM, _PRODUCT, _SIGN, _POWER, _CALL, _ATOM = range(6)  # how tightly a text is bound, as in Coq's notations
_OPERATIONS: dict[type[ast.operator], tuple[str, int, Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: ("+", _SUM, operator.add),
    ast.Sub: ("-", _SUM, operator.sub),
    ast.Mult: ("*", _PRODUCT, operator.mul),
    ast.Div: ("/", _PRODUCT, operator.truediv),
}
_FUNCTIONS = {f: f.capitalize() for f in ("exp", "sqrt", "sin", "cos", "atan", "tanh", "erf")}
_FUNCTIONS |= {"log": "Ln", "LambertW": "Lambert"}
_POSITIVE_ARGUMENT = ("log", "sqrt")
_COQ_NAMES = {"log": "ln", "asinh": "arcsinh"}
# of the functions that the kernel defines by others, those that Coq defines likewise
_NAMED_BY_COQ = ("tan", "sinh", "cosh", "asinh")


class Unstated(ValueError):
    """The library cannot state a verdict; the message says why."""


@dataclass(frozen=True)
class Term:
    """An expression.

    Attributes:
        code: as an `expr` of Temperance.v.
        text: as a real number in Coq.
        level: how tightly the text is bound.
        conditions: what must hold for derivatives to exist, in the order of the code.
    """

    code: str
    text: str
    level: int = _ATOM
    conditions: tuple[Condition, ...] = ()

    def at(self, level: int) -> str:
        """The text, in parentheses where it is bound less tightly."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def argument(self) -> str:
        """The code as an argument."""
        return f"({self.code})" if " " in self.code else self.code


def parsed(text: str) -> ast.expr:
    """The syntax tree of an expression of the language."""
    return ast.parse(text, mode="eval").body


def rational(tree: ast.expr) -> Fraction | None:
    """The value of a rational constant; None of anything else."""
    match tree:
        case ast.Constant(int(n)):
            return Fraction(n)
        case ast.UnaryOp(ast.USub(), p):
            return None if (value := rational(p)) is None else -value
        case ast.BinOp(p, symbol, q) if type(symbol) in _OPERATIONS:
            u, v = rational(p), rational(q)
            return None if u is None or v is None else _OPERATIONS[type(symbol)][2](u, v)
    return None


def term(tree: ast.expr) -> Term:
    """A syntax tree as a term.

    Raises Unstated: it holds a function that the library does not define, or a parameter.
    """
    match tree:
        case ast.Constant(int(n)):
            return Term(f"Int {n}", str(n))
        case ast.Name("z"):
            return Term("X", "z")
        case ast.Name("pi"):
            return Term("Pi", "PI")
        case ast.Name("E"):
            return term(parsed("exp(1)"))
        case ast.Name(name):
            raise Unstated(f"{name} is a parameter: give it a value")
        case ast.UnaryOp(ast.USub(), p):
            inner = term(p)
            return Term(f"Neg {inner.argument}", f"- {inner.at(_SIGN)}", _SIGN, inner.conditions)
        case ast.BinOp(p, ast.Pow(), q):
            return _power(p, q)
        case ast.BinOp(p, symbol, q):
            return _operation(p, symbol, q)
        case ast.Call(ast.Name(f), [q], []):
            return _call(f, q)
    raise Unstated(f"{ast.unparse(tree)[:60]} is not understood")


def _operation(p: ast.expr, symbol: ast.operator, q: ast.expr) -> Term:
    sign, level, _ = _OPERATIONS[type(symbol)]
    u, v = term(p), term(q)
    conditions = u.conditions + v.conditions
    text = f"{u.at(level)} {sign} {v.at(level + 1)}"
    match symbol:
        case ast.Div():
            return Term(f"Mul {u.argument} (App Inv {v.argument})", text, level, (*conditions, (q, 1, "<>")))
        case ast.Sub():
            return Term(f"Add {u.argument} (Neg {v.argument})", text, level, conditions)
    return Term(f"{type(symbol).__name__.removesuffix('t')} {u.argument} {v.argument}", text, level, conditions)


def _power(p: ast.expr, q: ast.expr) -> Term:
    """p^q: a square root, an integer power, or exp (q ln p)."""
    n, base = rational(q), term(p)
    if n == Fraction(1, 2):
        return _applied("sqrt", p)
    if n is None or n.denominator != 1:
        product = ast.BinOp(q, ast.Mult(), ast.Call(ast.Name("log"), [p], []))
        return term(ast.Call(ast.Name("exp"), [product], []))
    code, text = f"App (Power {abs(n)}) {base.argument}", f"{base.at(_CALL)} ^ {abs(n)}"
    if n >= 0:
        return Term(code, text, _POWER, base.conditions)
    return Term(f"App Inv ({code})", f"/ {text}", _SIGN, (*base.conditions, (p, -int(n), "<>")))


def _call(f: str, q: ast.expr) -> Term:
    if f in _FUNCTIONS:
        return _applied(f, q)
    if f not in DEFINED:
        raise Unstated(f"{f} is not defined in the library")
    full = term(parsed(re.sub(r"\bq\b", f"({ast.unparse(q)})", ast.unparse(DEFINED[f]))))
    if f not in _NAMED_BY_COQ:
        return full
    return Term(full.code, f"{_COQ_NAMES.get(f, f)} {term(q).at(_ATOM)}", _CALL, full.conditions)


def _applied(f: str, q: ast.expr) -> Term:
    inner = term(q)
    needed: tuple[Condition, ...] = ((q, 1, "<"),) if f in _POSITIVE_ARGUMENT else ()
    if f == "LambertW":
        needed = ((parsed(f"exp(-1) + ({ast.unparse(q)})"), 1, "<"),)
    text = f"{_COQ_NAMES.get(f, f)} {inner.at(_ATOM)}"
    return Term(f"App {_FUNCTIONS[f]} {inner.argument}", text, _CALL, inner.conditions + needed)


_INFINITE = (sp.oo, -sp.oo)


@dataclass(frozen=True)
class Function:
    """An activation as Coq reads it.

    Attributes:
        text: s z as a real number.
        domain: D z as a proposition.
        code: s as `pieces` of Temperance.v.
    """

    text: str
    domain: str
    code: str


def function(activation: Activation) -> Function:
    """The activation as its certificates write it. Raises Unstated: see `terms.term`."""
    grouped = [list(group) for _, group in groupby(_joined(activation), key=lambda piece: piece.expr)]
    branches = [term(parsed(str(pieces[0].expr))) for pieces in grouped]
    bounds = [term(parsed(str(pieces[0].lower))) for pieces in grouped[1:]]
    text, code = branches[-1].text, f"Last {branches[-1].argument}"
    for bound, branch in reversed(list(zip(bounds, branches, strict=False))):
        text = f"if Rlt_dec z {bound.at(5)} then {branch.text} else {text}"
        code = f"Below {bound.argument} {branch.argument} ({code})"
    regions = [region for branch, pieces in zip(branches, grouped, strict=True) for region in _regions(branch, pieces)]
    return Function(text, " \\/ ".join(regions), code)


def _joined(activation: Activation) -> list[Piece]:
    """The pieces, joined again at poles: the conditions on denominators leave these out."""
    joined = list(activation.pieces[:1])
    for piece in activation.pieces[1:]:
        last, whole = joined[-1], replace(joined[-1], upper=piece.upper)
        is_same = last.expr == piece.expr and last.upper == piece.lower
        if is_same and any(p.upper == piece.lower for p in cut_at_poles((whole,), dict(activation.sample))[0]):
            joined[-1] = whole
        else:
            joined.append(piece)
    return joined


def _regions(branch: Term, pieces: list[Piece]) -> Iterator[str]:
    """The part of the domain on each piece of a branch, as a proposition."""
    for piece in pieces:
        ends = [None if end in _INFINITE else term(parsed(str(end))).text for end in (piece.lower, piece.upper)]
        inside = " < ".join(filter(None, [ends[0], "z", ends[1]])) if any(ends) else None
        open_conditions = [_stated(c) for c in branch.conditions if not _holds_on(c, piece)]
        yield " /\\ ".join(dict.fromkeys(filter(None, [inside, *open_conditions]))) or "True"


def _stated(condition: Condition) -> str:
    tree, n, relation = condition
    if relation == "<":
        return f"0 < {term(tree).text}"
    return f"{term(tree).text} <> 0" if n == 1 else f"{term(tree).at(4)} ^ {n} <> 0"


def _holds_on(condition: Condition, piece: Piece) -> bool:
    """Whether a condition is seen to hold on a piece, by a rule that the tactic `pos` of Temperance.v follows too."""
    tree, _, relation = condition
    if (value := rational(tree)) is not None:
        return value > 0 or (value < 0 and relation == "<>")
    above_end = ast.unparse(tree) == "exp(-1) + z" and piece.lower == -sp.exp(-1)
    return above_end or _sign(tree, piece) == "+" or _is_positive_polynomial(tree, piece)


def _sign(tree: ast.expr, piece: Piece) -> str:
    """'+' if positive on a piece, '0' if not negative, '?' if not seen."""
    if (value := rational(tree)) is not None:
        return "+" if value > 0 else "0" if value == 0 else "?"
    match tree:
        case ast.Name("z"):
            return "+" if piece.lower >= 0 else "?"
        case ast.UnaryOp(ast.USub(), ast.Name("z")):
            return "+" if piece.upper <= 0 else "?"
        case ast.Name("pi" | "E") | ast.Call(ast.Name("exp" | "cosh")):
            return "+"
        case ast.Call(ast.Name("sqrt")):
            return "+"  # its argument is positive, by another condition
        case ast.BinOp(p, ast.Add(), ast.Call(ast.Name("sqrt"), [q], [])) if _is_square_and_one(q, of=p):
            return "+"
        case ast.BinOp(p, ast.Pow(), q) if (n := rational(q)) is not None:
            return "+" if _sign(p, piece) == "+" else "0" if n.denominator == 1 and n % 2 == 0 and n > 0 else "?"
        case ast.BinOp(p, ast.Add() | ast.Mult() | ast.Div() as symbol, q):
            signs = {_sign(p, piece), _sign(q, piece)}
            certain = "+" in signs if isinstance(symbol, ast.Add) else signs == {"+"}
            return "?" if "?" in signs else "+" if certain else "0"
    return "?"


def _is_square_and_one(tree: ast.expr, *, of: ast.expr) -> bool:
    return ast.unparse(tree) == f"{ast.unparse(ast.BinOp(of, ast.Pow(), ast.Constant(2)))} + 1"


def _is_positive_polynomial(tree: ast.expr, piece: Piece) -> bool:
    """Whether a tree is linear or quadratic in z, and positive on a piece with rational ends.

    It is then a sum of squares and of products of distances to the ends of the piece, which `pos` finds.
    """
    if not all(end.is_Rational or end in _INFINITE for end in (piece.lower, piece.upper)):
        return False
    formula = reread(ast.unparse(tree)).pieces[0].expr
    if not formula.is_polynomial(Z) or not 1 <= sp.degree(formula, Z) <= 2:
        return False
    rational_coefficients = all(c.is_Rational for c in sp.Poly(formula, Z).coeffs())
    return rational_coefficients and [s for _, s in Algebra({}).signs((replace(piece, expr=formula),))] == [1]
