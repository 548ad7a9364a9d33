"""Prints expressions as text and LaTeX, and stays fast for long ones."""

from __future__ import annotations

from itertools import islice

import sympy as sp

_MOST_ORDERED = 400  # nodes: SymPy evaluates the coefficients of terms that it puts in order


def written(expr: sp.Expr) -> str:
    """An expression in the expression language's own notation."""
    return str(sp.sstr(expr, order=_order(expr)))


def latex(expr: sp.Expr) -> str:
    """An expression in LaTeX."""
    return str(sp.latex(expr, order=_order(expr)))


def has_more_nodes(expr: sp.Expr, most: int) -> bool:
    """Whether the tree of an expression has more nodes than that: no more of them are looked at."""
    return next(islice(sp.preorder_traversal(expr), most, None), None) is not None


def _order(expr: sp.Expr) -> str | None:
    return "none" if has_more_nodes(expr, _MOST_ORDERED) else None
