"""Polynomials and fractions of the fields that towers are made of."""

import pytest
import sympy as sp
from flint import Ordering, fmpz_mpoly_ctx

from temperance.theory.expressions.sign_changes import Z
from temperance.theory.fields import differential_field as fields
from temperance.theory.fields.differential_field import NoTower, common_divisor, factored, least_common_multiple
from temperance.theory.fields.extension import AdjoinedField


def test_factors_with_large_coefficients():
    context = fmpz_mpoly_ctx.get(["a", "b"], Ordering.lex)
    a, b = context.gens()
    p, q = a + 10**30 * b, 10**31 * a - 7
    content, factors = factored(-6 * p * q**2)
    assert content == -6
    assert sorted((str(f), e) for f, e in factors) == sorted([(str(p), 1), (str(q), 2)])


def test_what_would_take_too_long_to_factor_is_not_factored(monkeypatch):
    context = fmpz_mpoly_ctx.get(["a", "b"], Ordering.lex)
    a, b = context.gens()
    product = (a + 10**30 * b) * (10**31 * a - 7)  # with 3 * 2 terms, by its degrees
    monkeypatch.setattr(fields, "_MOST_FACTORED", 6)
    assert len(factored(product)[1]) == 2
    monkeypatch.setattr(fields, "_MOST_FACTORED", 5)
    with pytest.raises(NoTower, match="too high degrees"):
        factored(product)


def test_the_greatest_common_divisor_of_high_degrees_is_not_looked_for():
    context = fmpz_mpoly_ctx.get(["a", "b"], Ordering.lex)
    a, b = context.gens()
    for degree, common in ((4000, True), (10**15, False)):
        p = a**degree + b if common else context.from_dict({(degree, 0): 1, (0, 1): 1})
        assert common_divisor(p, 2 * p) == (p if common else 1)
        assert common_divisor(p * b, b**2) == b
        multiple = least_common_multiple(iter([p, 2 * p]), context.constant(1))
        assert multiple == (2 * p if common else 2 * p * p)


def test_a_function_has_no_derivative_before_it_is_given_one():
    field = AdjoinedField(sp.symbols("_g:2"))
    exponential = field.adjoined("exp", sp.exp(Z), constant=False)
    with pytest.raises(NoTower, match=r"the derivative of exp\(z\) is made of itself"):
        field.d(exponential)
    field.derive(field.known[sp.exp(Z)], exponential)
    assert field.d(exponential) == exponential
