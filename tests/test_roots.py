"""Where a function may change sign, exactly or enclosed."""

import sympy as sp

from theory.roots import Z, real_roots


def test_roots_of_a_polynomial_lie_within_their_error():
    f = Z**24 - Z + sp.Rational(1001, 10**6)
    found = real_roots(f, {})
    assert found.exact
    assert list(found.points) == sorted(found.points)
    assert len(found.points) == sp.Poly(f, Z).count_roots()
    step = sp.Rational(1, 2**256)
    assert all(f.subs(Z, p - step) * f.subs(Z, p + step) < 0 for p in found.points)
