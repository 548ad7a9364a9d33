"""Whether an expression depends on symbols: by balls where they tell, once simplified where they do not."""

import pytest
import sympy as sp

from temperance.theory.expressions.balls import is_constant_in

X, P = sp.symbols("x p")


@pytest.mark.parametrize(
    ("expression", "constant"),
    [
        (X - P, False),
        (sp.tanh(X * P), False),
        (sp.sin(X) ** 2 + sp.cos(X) ** 2 + P, True),
        (P + (X**2 - 1) / (X - 1) - X, True),
        (P**2, True),
        (sp.Piecewise((X, X > 0), (P, True)), False),  # has no balls
        (sp.log(-1 - X**2) - sp.log(-2 - 2 * X**2), True),  # nor has this a real value
    ],
)
def test_what_depends_on_x(expression, constant):
    assert is_constant_in(expression, expression.free_symbols & {X}) == constant
