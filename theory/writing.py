"""Expressions as text and as LaTeX, without what takes SymPy long for long ones."""

from __future__ import annotations

import sympy as sp

from theory.powers import is_long

_MOST_ORDERED = 200  # operations: SymPy evaluates the coefficients of terms that it puts in order


def written(expr: sp.Expr) -> str:
    """An expression in the expression language's own notation."""
    return str(sp.sstr(expr, order=_order(expr)))


def latex(expr: sp.Expr) -> str:
    """An expression in LaTeX, long exponents on their own: SymPy puts numbers for symbols in them, to see a sign."""
    long = {p: sp.Dummy() for p in expr.atoms(sp.Pow) if is_long(p.exp)}
    outer = expr.xreplace(long)
    names = {d: f"{{{_braced(p.base)}}}^{{{latex(p.exp)}}}" for p, d in long.items() if outer.has(d)}
    return str(sp.latex(outer, order=_order(outer), symbol_names=names))


def _order(expr: sp.Expr) -> str | None:
    return "none" if expr.count_ops() > _MOST_ORDERED else None


def _braced(base: sp.Expr) -> str:
    return latex(base) if base.is_Symbol or base.is_Integer else rf"\left({latex(base)}\right)"
