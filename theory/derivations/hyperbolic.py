"""Writes what a derivation has of tanh with tanh and sech, where the field of its derivation has exponentials."""

from __future__ import annotations

import sympy as sp

_T, _S = sp.Dummy("t"), sp.Dummy("s")


def hyperbolic(value: sp.Expr, source: sp.Expr) -> sp.Expr:
    """A rational function of exp(2 u), for every tanh(u) of source, in tanh(u) and sech(u); else as it is.

    exp(2 u) is (1 + tanh u)/(1 - tanh u), and tanh(u)^2 = 1 - sech(u)^2.

    >>> u = sp.Symbol("u")
    >>> hyperbolic(4 * sp.exp(2 * u) / (sp.exp(2 * u) + 1) ** 2, sp.tanh(u))
    sech(u)**2
    """
    for function in sorted(source.atoms(sp.tanh), key=str):
        (u,) = function.args

        def rational(exponential: sp.Expr, u: sp.Expr = u) -> sp.Expr:
            power = sp.cancel(exponential.args[0] / (2 * u))
            return ((1 + _T) / (1 - _T)) ** power if power.is_Integer else exponential

        num, den = sp.fraction(sp.cancel(value.replace(lambda e: isinstance(e, sp.exp), rational)))
        if num.has(_T) and not den.has(_T):
            value = (sp.rem(num, _T**2 + _S**2 - 1, _T) / den).subs({_T: function, _S: sp.sech(u)})
    return value
