"""Refuses powers and exponentials that no researcher writes, whose numbers SymPy would write out at length."""

from __future__ import annotations

import sympy as sp

MOST_POWER = 1000
MOST_ROOT = 12
_MOST_BITS = 3322  # of a number that is computed: 1000 decimal digits


def bounded(number: sp.Expr, times: sp.Expr = sp.S.One) -> sp.Expr:
    """The number; raises ValueError if it is rational and has, to the power `times`, over 1000 digits."""
    if number.is_Rational and max(int(number.p).bit_length(), int(number.q).bit_length()) * abs(times) > _MOST_BITS:
        raise ValueError("a number of over 1000 digits is computed; accepted: at most 1000")
    return number


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """base**exponent.

    Raises:
        ValueError: an exponent m/n with n over 12 or m over 1000, a number of over 1000 digits, or an irrational number
            to an irrational power.
    """
    if base is sp.E:
        return exponential(exponent)
    check_power(base, exponent)
    return base**exponent


def check_power(base: sp.Expr, exponent: sp.Expr) -> None:
    """Raise ValueError where `power` does."""
    if exponent.is_Rational:
        if base not in (0, 1, -1):
            _check_exponent(exponent)
        for factor in sp.Mul.make_args(base):
            inner, times = factor.as_base_exp()
            bounded(inner, exponent * times if times.is_Rational else exponent)
            if times.is_Rational and abs(times * exponent) > MOST_POWER and inner not in (1, -1):
                raise ValueError(f"a power of {times * exponent}; accepted: at most {MOST_POWER}")
    elif not base.free_symbols and not exponent.free_symbols and not base.is_Rational:
        raise ValueError("an irrational number to an irrational power; accepted: powers of rational numbers and of E")


def _check_exponent(exponent: sp.Rational) -> None:
    if exponent.q > MOST_ROOT or abs(exponent.p) > MOST_POWER:
        raise ValueError(
            f"a power of {str(exponent)[:60]}; accepted: m/n with n at most {MOST_ROOT} and m at most {MOST_POWER}"
        )


def exponential(q: sp.Expr) -> sp.Expr:
    """exp(q), where SymPy takes c*log(b) for b**c; raises ValueError where `power` would for one of these."""
    return sp.exp(exponent(q))


def exponent(q: sp.Expr) -> sp.Expr:
    """q, a number times a sum multiplied out. Raises ValueError for c*log(b) in it where `power` does for b**c."""
    c, rest = q.as_coeff_Mul()
    if rest.is_Add:
        q = sp.Add(*(c * term for term in rest.args))
    for product in q.atoms(sp.Mul):
        times, logarithm = product.as_coeff_Mul()
        if logarithm.func is sp.log:
            check_power(logarithm.args[0], times)
    return q
