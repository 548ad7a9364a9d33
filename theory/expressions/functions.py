"""The functions of one variable that the theory knows, each with all that is known of it, in one table.

What machine code computes of them is in `numerics`, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy as sp
from flint import arb_series
from sympy import atan, cos, erf, exp, log, pi, sin, sqrt

Series: TypeAlias = arb_series
Formula: TypeAlias = Callable[[sp.Expr], sp.Expr]
MOST_POWER = 1000
MOST_ROOT = 12
_MOST_GAMMA = 400


@dataclass(frozen=True)
class Function:
    """A function g of one variable q.

    Attributes:
        symbol: the SymPy function.
        ball: the power series of g(q) from that of q, enclosed.
        written: g in exp, log, atan and roots, for towers.
        real: where g is real: every (c, edge) asks for c >= 0, with q = edge where c = 0 throughout.
        inverse: that of a strictly increasing g.
        inside: numbers that must be positive for c to be a value of such a g.
        entire: whether g is real-analytic on the whole line.
        steep: whether g is made of exp, in which SymPy takes c*log(b) for b**c.
        build: g(q) as the expression language has it, if not by the SymPy function.
    """

    symbol: Any
    ball: Callable[[Series], Series]
    written: Formula | None = None
    real: Callable[[sp.Expr], list[tuple[sp.Expr, sp.Expr]]] = lambda q: []
    inverse: Formula | None = None
    inside: Callable[[sp.Expr], list[sp.Expr]] = lambda c: []
    entire: bool = False
    steep: bool = False
    build: Formula | None = None

    def of(self, q: sp.Expr) -> sp.Expr:
        """g(q); raises ValueError for a number that SymPy would write out at length."""
        if self.steep:
            _check_logarithms(q)
        return (self.build or self.symbol)(q)


def _check_logarithms(q: sp.Expr) -> None:
    """Raise ValueError for c*log(b) in an exponent, which SymPy takes for b**c, where `power` would for b**c."""
    for product in q.atoms(sp.Mul):
        times, logarithm = product.as_coeff_Mul()
        if logarithm.func is log and times.is_Rational and abs(times) > MOST_POWER:
            raise ValueError(f"a power of {str(times)[:60]}; accepted: at most {MOST_POWER}")


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """base**exponent.

    Raises ValueError: an exponent m/n with n over 12 or m over 1000, or an irrational number to an irrational power.
    """
    if exponent.is_Rational and base not in (0, 1, -1) and (exponent.q > MOST_ROOT or abs(exponent.p) > MOST_POWER):
        raise ValueError(
            f"a power of {str(exponent)[:60]}; accepted: m/n with n at most {MOST_ROOT} and m at most {MOST_POWER}"
        )
    numbers = not base.free_symbols and not exponent.free_symbols
    if numbers and not exponent.is_Rational and not base.is_Rational and base is not sp.E:
        raise ValueError("an irrational number to an irrational power; accepted: powers of rational numbers and of E")
    return base**exponent


def inverse(q: Series) -> Series:
    """1/q; raises ZeroDivisionError if q may be 0."""
    if q[0].contains(0):
        raise ZeroDivisionError
    return q.inv()


def _tanh(q: Series) -> Series:
    # the decaying exponential keeps the ball narrow for large |q|
    sign = -1 if q[0] < 0 else 1
    e = (q * (-2 * sign)).exp()
    return (1 - e) * inverse(1 + e) * sign


def _abs(q: Series) -> Series:
    if q[0].contains(0):
        raise ZeroDivisionError
    return q if q[0] > 0 else -q


def _short(q: sp.Expr) -> sp.Expr:
    if q.is_number and q > _MOST_GAMMA:
        raise ValueError(f"gamma of a number over {_MOST_GAMMA}; accepted: at most {_MOST_GAMMA}")
    return q


def _not_negative(q: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    return [(q, sp.S.Zero)]


def _at_most_one(q: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    return [(1 - q, sp.S.One), (1 + q, -sp.S.One)]


def _acute(c: sp.Expr) -> list[sp.Expr]:
    return [pi / 2 - c, pi / 2 + c]


def _asin(q: sp.Expr) -> sp.Expr:
    return atan(q / sqrt(1 - q**2))


# fmt: off
LANGUAGE: dict[str, Function] = {
    "exp": Function(exp, lambda q: q.exp(), inverse=log, inside=lambda c: [c], entire=True, steep=True),
    "log": Function(log, lambda q: q.log(), real=_not_negative, inverse=exp),
    "sqrt": Function(sqrt, lambda q: q.sqrt(), real=_not_negative),
    "sin": Function(sin, lambda q: q.sin(), entire=True),
    "cos": Function(cos, lambda q: q.cos(), entire=True),
    "tan": Function(sp.tan, lambda q: q.tan(), build=lambda q: sp.tan(q).replace(sp.cot, lambda a: cos(a) / sin(a))),
    "sinh": Function(sp.sinh, lambda q: (q.exp() - (-q).exp()) / 2, lambda q: (exp(q) - exp(-q)) / 2,
                     inverse=sp.asinh, entire=True, steep=True),
    "cosh": Function(sp.cosh, lambda q: (q.exp() + (-q).exp()) / 2, lambda q: (exp(q) + exp(-q)) / 2,
                     entire=True, steep=True),
    "tanh": Function(sp.tanh, _tanh, lambda q: (exp(2 * q) - 1) / (exp(2 * q) + 1),
                     inverse=sp.atanh, inside=lambda c: [1 - c, 1 + c], entire=True, steep=True),
    "asin": Function(sp.asin, lambda q: q.asin(), _asin, real=_at_most_one, inverse=sin, inside=_acute),
    "acos": Function(sp.acos, lambda q: q.acos(), lambda q: pi / 2 - _asin(q), real=_at_most_one),
    "atan": Function(atan, lambda q: q.atan(), inverse=sp.tan, inside=_acute, entire=True),
    "asinh": Function(sp.asinh, lambda q: (q + (q * q + 1).sqrt()).log(), lambda q: log(q + sqrt(q**2 + 1)),
                      inverse=sp.sinh, entire=True),
    "acosh": Function(sp.acosh, lambda q: (q + (q * q - 1).sqrt()).log(), lambda q: log(q + sqrt(q**2 - 1)),
                      real=lambda q: [(q - 1, sp.S.One)]),
    "atanh": Function(sp.atanh, lambda q: ((1 + q) * inverse(1 - q)).log() / 2,
                      lambda q: (log(1 + q) - log(1 - q)) / 2, real=_at_most_one, inverse=sp.tanh),
    "erf": Function(erf, lambda q: q.erf(), entire=True),
    "erfc": Function(sp.erfc, lambda q: q.erfc(), lambda q: 1 - erf(q), entire=True, build=lambda q: 1 - erf(q)),
    "LambertW": Function(sp.LambertW, lambda q: q.lambertw(), real=lambda q: [(sp.E * q + 1, -1 / sp.E)]),
    "gamma": Function(sp.gamma, lambda q: q.gamma(), build=lambda q: sp.gamma(_short(q))),
    "loggamma": Function(sp.loggamma, lambda q: q.lgamma(), real=_not_negative,
                         build=lambda q: sp.loggamma(_short(q))),
}
"""The smooth functions of the expression language, by name."""

_MADE_BY_SYMPY = (
    Function(sp.Abs, _abs),
    Function(sp.cot, lambda q: q.cos() * inverse(q.sin()), lambda q: cos(q) / sin(q)),
)
# fmt: on
KNOWN: dict[Any, Function] = {f.symbol: f for f in (*LANGUAGE.values(), *_MADE_BY_SYMPY)}
"""All functions, those too that SymPy makes of the others, by their SymPy function."""
