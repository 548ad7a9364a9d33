"""Expressions as text and as LaTeX."""

import sympy as sp

from temperance.theory.activations.activation import activation
from temperance.theory.expressions.printing import has_more_nodes, latex, written
from temperance.theory.expressions.sign_changes import Z

ALPHA = sp.Symbol("alpha", real=True)


def test_short_expressions_are_written_in_sympys_order():
    expr = 1 + Z**2 * ALPHA - sp.exp(Z) / 3
    assert written(expr) == str(expr)
    assert latex(expr) == sp.latex(expr)


def test_long_expressions_are_the_same_in_another_order():
    expr = sp.Add(*(sp.sin(k * Z + sp.sqrt(k) * ALPHA) * sp.log(k + 2) for k in range(1, 40)))
    assert written(expr) != str(expr)
    assert activation(written(expr)).pieces[0].expr - expr == 0
    assert all(sp.latex(term, order="none") in latex(expr) for term in expr.args)


def test_nodes_are_counted():
    """Of z + 2: the sum, z and 2."""
    assert has_more_nodes(Z + 2, 2)
    assert not has_more_nodes(Z + 2, 3)
