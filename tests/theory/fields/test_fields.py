"""Polynomials and fractions of the fields that towers are made of."""

import pytest
from flint import Ordering, fmpz_mpoly_ctx

from temperance.theory.fields.differential_field import OutsideTowers, common_divisor, factored, least_common_multiple


def test_what_would_take_too_long_to_factor_is_outside_towers():
    context = fmpz_mpoly_ctx.get(["a", "b"], Ordering.lex)
    a, b = context.gens()
    with pytest.raises(OutsideTowers, match="long coefficients"):
        factored((a + 10**30 * b) * (10**31 * a - 7))
    with pytest.raises(OutsideTowers, match="degree over 1000"):
        factored(a**1001 + b)


def test_the_greatest_common_divisor_of_high_degrees_is_not_looked_for():
    context = fmpz_mpoly_ctx.get(["a", "b"], Ordering.lex)
    a, b = context.gens()
    p, high = a**1000 + b, context.from_dict({(10**15, 0): 1, (0, 1): 1})
    assert common_divisor(p, 2 * p) == p
    assert least_common_multiple(iter([p, 2 * p]), context.constant(1)) == 2 * p
    assert common_divisor(high * b, b**2) == b
    with pytest.raises(OutsideTowers, match="over the degree 1000"):
        common_divisor(high, 2 * high)
