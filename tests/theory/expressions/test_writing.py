"""Expressions as text and as LaTeX."""

import pytest
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


def test_a_long_exponent_is_written_as_it_is():
    long = sp.Rational(1000000001, 10**9) * ALPHA
    assert latex(360**long * Z) == r"{360}^{\frac{1000000001 \alpha}{1000000000}} z"
    assert latex((1 + ALPHA**2) ** (360**long)) == (
        r"{\left(\alpha^{2} + 1\right)}^{{360}^{\frac{1000000001 \alpha}{1000000000}}}"
    )


def test_nodes_are_counted():
    """Of z + 2: the sum, z and 2."""
    assert has_more_nodes(Z + 2, 2)
    assert not has_more_nodes(Z + 2, 3)


@pytest.mark.parametrize(
    ("tower", "text"), [(sp.Integer(12) ** (sp.pi * 12**sp.pi), "12**(pi*12**pi)"), (sp.exp(sp.exp(2)), "exp(exp(2))")]
)
def test_towers_of_powers_of_numbers_are_not_evaluated_to_be_put_in_order(tower, text, monkeypatch):
    def never(*_):
        pytest.fail("evaluated")

    monkeypatch.setattr(sp.Expr, "__complex__", never)
    assert sorted(written(1 + tower * Z).split(" + ")) == ["1", f"z*{text}"]
    assert latex(1 + tower * Z).startswith("1 + z ")
