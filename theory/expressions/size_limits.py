"""Refuses powers and exponentials whose numbers would be too long for SymPy to write out."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

MOST_DIGITS = 1000
MOST_POWER = 1000
MOST_BITS = 3322  # 1000 decimal digits
_MOST_FRACTION = 10**5  # for m and n in f(z)**(m/n), of which SymPy may make a dense polynomial of degree m
_MOST_NUMBER = 10**30  # for m and n in 24**(m/n): nearer to 1, SymPy tells it from 1 by a polynomial of degree n
_MOST_WRITTEN = 60  # for n in 24**(m/n), for which SymPy writes out 24**m
_MOST_TRIED = 2**15  # primes, as SymPy does


def bits(expr: sp.Expr) -> int:
    """Length of the longest rational number in an expression, numerator and denominator together."""
    return max((int(n.p).bit_length() + int(n.q).bit_length() for n in expr.atoms(sp.Rational)), default=0)


def is_large(expr: sp.Expr) -> bool:
    """Whether an expression has powers, or multiples in an exponential, over 60, or integers of over 60 digits.

    To factor it could take SymPy for ever: exp(999) is the 999th power of its variable exp(1).
    """
    exponents = (e.as_base_exp()[1].as_coeff_Mul()[0] for e in expr.atoms(sp.Pow, sp.exp))
    return any(abs(n) > 60 for n in exponents) or any(abs(n) > 10**60 for n in expr.atoms(sp.Integer))


def has_long_exponent(expr: sp.Expr) -> bool:
    """Whether it has a power m/n with m or n over 1000: for SymPy's polynomials, the m-th of a variable."""
    return any(is_long(e.as_base_exp()[1]) for e in expr.atoms(sp.Pow, sp.exp))


def is_long(exponent: sp.Expr) -> bool:
    """Whether an exponent has a number m/n with m or n over 1000."""
    return any(_length(n) > MOST_POWER for n in exponent.atoms(sp.Rational))


def _length(number: sp.Rational) -> int:
    """The larger of numerator and denominator."""
    return max(abs(int(number.p)), int(number.q))


def bounded(number: sp.Rational, times: sp.Rational = sp.S.One) -> None:
    """Raise ValueError for a number, or one to the power `times`, of over 1000 digits."""
    if max(int(number.p).bit_length(), int(number.q).bit_length()) * times > MOST_BITS and number not in (0, 1, -1):
        raise ValueError(f"a number of over {MOST_DIGITS} digits; accepted: at most {MOST_DIGITS}")


def bounded_power(base: sp.Expr, exponent: sp.Rational) -> None:
    """Raise ValueError if base**exponent has a number of over 1000 digits, or a power over 1000 of anything else.

    Likewise for a power m/n with m or n over 10^5 of a function, over 10^30 of a number.
    """
    size = abs(exponent)
    for factor in sp.Mul.make_args(base):
        inner, power = factor.as_base_exp()
        times = size * (abs(power) if power.is_Rational else 1)
        if inner.is_Rational:
            bounded(inner, times)
        elif times > MOST_POWER:
            raise ValueError(f"a power of {times}; accepted: at most {MOST_POWER}")
        most = _MOST_FRACTION if inner.free_symbols else _MOST_NUMBER
        if inner not in (0, 1, sp.E) and _length(times) > most:
            shown = str(exponent)[:60]
            raise ValueError(f"a power of {shown}; accepted: a numerator and a denominator of at most {most}")
    if size > MOST_POWER:
        raise ValueError(f"a power of {exponent}; accepted: at most {MOST_POWER}")


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """base**exponent; raises ValueError where `bounded_power` does."""
    if base is sp.E:
        return exponential(exponent)
    if not exponent.is_Rational:
        return base**exponent
    bounded_power(base, exponent)
    if exponent.q <= _MOST_WRITTEN:
        return base**exponent
    return sp.Mul(*(factor ** (times * exponent) for factor, times in _apart(base)))


def _apart(base: sp.Expr) -> list[tuple[sp.Expr, int]]:
    """Factors of an expression and their exponents: the primes of its number, and the rest with its sign."""
    number, rest = base.as_coeff_Mul()
    if not number.is_Rational:
        return [(base, 1)]
    primes = abs(number).factors(limit=_MOST_TRIED)
    return [*((sp.Integer(p), times) for p, times in primes.items()), (sp.sign(number) * rest, 1)]


def put(expr: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """An expression with numbers, or other expressions, put for symbols.

    Raises:
        ValueError: a number in it would have over 1000 digits, or a power would be over 1000.
    """
    seen: dict[sp.Expr, sp.Expr] = dict(values)

    def visit(e: sp.Expr) -> sp.Expr:
        if e.is_Atom or not e.free_symbols:
            return seen.get(e, e)
        if e not in seen:
            build = {sp.Pow: power, sp.exp: exponential}.get(e.func, e.func)
            seen[e] = build(*map(visit, e.args))
        return seen[e]

    return visit(expr)


def exponential(q: sp.Expr) -> sp.Expr:
    """exp(q), where SymPy takes c*log(b) for b**c; raises ValueError where `power` would for one of these."""
    return sp.exp(exponent(q))


def exponent(q: sp.Expr) -> sp.Expr:
    """q, a number times a sum multiplied out and c*log(24) taken apart.

    Raises:
        ValueError: c*log(b) in it has too large a power b**c.
    """
    c, rest = q.as_coeff_Mul()
    if rest.is_Add:
        q = sp.Add(*(c * term for term in rest.args))
    apart = {}
    for product in q.atoms(sp.Mul):
        times, logarithm = product.as_coeff_Mul()
        if logarithm.func is sp.log:
            bounded_power(logarithm.args[0], times)
            if times.q > _MOST_WRITTEN:
                apart[product] = sp.Add(*(times * n * sp.log(factor) for factor, n in _apart(logarithm.args[0])))
    return q.xreplace(apart)
