"""Prints expressions as text and LaTeX, and stays fast for long ones."""

from __future__ import annotations

from itertools import islice

import sympy as sp
from temperance.theory.expressions.size_limits import is_long

_MOST_ORDERED = 400  # nodes: SymPy evaluates the coefficients of terms that it puts in order


def written(expr: sp.Expr) -> str:
    """An expression in the expression language's own notation."""
    return str(sp.sstr(expr, order=_order(expr)))


def latex(expr: sp.Expr) -> str:
    """An expression in LaTeX, long exponents on their own: SymPy puts numbers for symbols in them, to see a sign."""
    long = {p: sp.Dummy() for p in expr.atoms(sp.Pow) if is_long(p.exp)}
    outer = expr.xreplace(long)
    names = {d: f"{{{_braced(p.base)}}}^{{{latex(p.exp)}}}" for p, d in long.items() if outer.has(d)}
    return str(sp.latex(outer, order=_order(outer), symbol_names=names))


def has_more_nodes(expr: sp.Expr, most: int) -> bool:
    """Whether the tree of an expression has more nodes than that: no more of them are looked at."""
    return next(islice(sp.preorder_traversal(expr), most, None), None) is not None


def _order(expr: sp.Expr) -> str | None:
    return "none" if has_more_nodes(expr, _MOST_ORDERED) or _has_tall_number(expr) else None


def _has_tall_number(expr: sp.Expr) -> bool:
    """Whether a number in it has a power in its exponent: SymPy evaluates 12**(pi*12**pi) to 27000 bits and more."""
    exponents = (e.as_base_exp()[1] for e in expr.atoms(sp.Pow, sp.exp) if not e.free_symbols)
    return any(e.func is sp.exp or not e.exp.is_Rational for x in exponents for e in x.atoms(sp.Pow, sp.exp))


def _braced(base: sp.Expr) -> str:
    return latex(base) if base.is_Symbol or base.is_Integer else rf"\left({latex(base)}\right)"
