"""Functions in balls of complex numbers, for checkers: where they are shown to be analytic, and nowhere else."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import acb, acb_series, arb

from temperance.theory.checker.rejected import evaluate, require
from temperance.theory.checker.verdict_values import DEFINED

_ENTIRE = ("exp", "sin", "cos", "erf")
_CUT = {"log": acb_series.log, "loggamma": acb_series.lgamma, "gamma": acb_series.gamma}


class Discs:
    """Taylor coefficients of a function that is analytic on a ball of complex z and real where z is; else Rejected.

    Logarithms, powers and what they make have their cuts; a value that could lie on one is rejected.
    """

    def __init__(self, z: acb, length: int) -> None:
        self.length = length
        constants = {"pi": arb.pi(), "E": arb.const_e()}
        self.names = {name: self.number(value) for name, value in constants.items()}
        self.names["z"] = acb_series([z, 1], prec=length)

    def number(self, value: Any) -> acb_series:
        """A number."""
        return acb_series([value], prec=self.length)

    @staticmethod
    def sound(value: acb_series) -> acb_series:
        """The value, if every coefficient is finite."""
        require(all(value[i].is_finite() for i in range(value.prec)), "a part is not shown to be analytic")
        return value

    def power(self, base: acb_series, exponent: acb_series, written: Fraction | None) -> acb_series:
        """base^exponent."""
        if written is None or written.denominator != 1:
            _require_off_cut(base[0])
            return (base.log() * exponent).exp()
        require(written >= 0 or not base[0].contains(0), "a denominator is not shown to differ from 0")
        return base ** int(written)

    def call(self, f: str, q: acb_series) -> acb_series:
        """f(q)."""
        if f in _ENTIRE:
            return getattr(q, f)()
        if f in _CUT:
            _require_off_cut(q[0])
            return _CUT[f](q)
        if f == "LambertW":
            _require_off_cut(q[0] + arb(-1).exp())
            return q.lambertw()
        if f == "atan":
            require(not q[0].real.contains(0) or abs(q[0].imag) < 1, "arctan could reach its cut")
            return q.atan()
        return evaluate(DEFINED[f], self, q=q)


def _require_off_cut(q: acb) -> None:
    require(q.real > 0 or not q.imag.contains(0), "a logarithm or root could reach its cut")
