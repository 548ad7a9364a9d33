"""States an activation and its domain: the pieces, with the conditions for derivatives that are not seen there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import sympy as sp

from temperance.theory.activations.activation import Activation, Z, reread
from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.activations.poles import cut_at_poles
from temperance.theory.coq.terms import Condition, Term, parsed, rational, term

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
    """The activation as its certificates write it.

    Raises:
        Unstated: see `terms.term`.
    """
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
        one = last.expr == piece.expr and last.upper == piece.lower
        if one and any(p.upper == piece.lower for p in cut_at_poles((whole,), dict(activation.sample))[0]):
            joined[-1] = whole
        else:
            joined.append(piece)
    return joined


def _regions(branch: Term, pieces: list[Piece]) -> Iterator[str]:
    """The part of the domain on each piece of a branch, as a proposition."""
    for piece in pieces:
        ends = [None if end in _INFINITE else term(parsed(str(end))).text for end in (piece.lower, piece.upper)]
        inside = " < ".join(filter(None, [ends[0], "z", ends[1]])) if any(ends) else None
        open_conditions = [_stated(c) for c in branch.conditions if not _seen(c, piece)]
        yield " /\\ ".join(dict.fromkeys(filter(None, [inside, *open_conditions]))) or "True"


def _stated(condition: Condition) -> str:
    tree, n, relation = condition
    if relation == "<":
        return f"0 < {term(tree).text}"
    return f"{term(tree).text} <> 0" if n == 1 else f"{term(tree).at(4)} ^ {n} <> 0"


def _seen(condition: Condition, piece: Piece) -> bool:
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
