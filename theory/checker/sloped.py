"""Power series in balls that carry their derivatives by some parameters: forward differentiation for the checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb, arb_series

_NONE: Mapping[str, arb_series] = MappingProxyType({})


class Sloped:
    """A series in x or a ball, and its derivatives by parameters; those that are left out are 0."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: Any, slopes: Mapping[str, Any] = _NONE) -> None:
        self.value, self.slopes = value, slopes

    def __add__(self, other: Sloped) -> Sloped:
        return Sloped(self.value + other.value, _sum(self.slopes, other.slopes))

    def __neg__(self) -> Sloped:
        return Sloped(-self.value, {name: -slope for name, slope in self.slopes.items()})

    def __sub__(self, other: Sloped) -> Sloped:
        return self + -other

    def __mul__(self, other: Sloped) -> Sloped:
        mine = {name: slope * other.value for name, slope in self.slopes.items()}
        theirs = {name: self.value * slope for name, slope in other.slopes.items()}
        return Sloped(self.value * other.value, _sum(mine, theirs))

    def scaled(self, factor: arb) -> Sloped:
        """The product with a constant."""
        return Sloped(self.value * factor, {name: slope * factor for name, slope in self.slopes.items()})

    def mapped(self, f: arb_series, derivative: Callable[[], arb_series]) -> Sloped:
        """The value f of a function of it, the derivative of the function there being called for if it is needed."""
        if not self.slopes:
            return Sloped(f)
        factor = derivative()
        return Sloped(f, {name: slope * factor for name, slope in self.slopes.items()})

    def exp(self) -> Sloped:
        """Exponential."""
        value: Any = self.value.exp()
        return self.mapped(value, lambda: value)

    def inverse(self) -> Sloped:
        """1 over it."""
        value: Any = 1 / self.value
        return self.mapped(value, lambda: -value * value)

    def root(self) -> Sloped:
        """Square root."""
        value: Any = self.value.sqrt()
        return self.mapped(value, lambda: 1 / (2 * value))

    def erf(self) -> Sloped:
        """Error function."""
        return self.mapped(self.value.erf(), lambda: (-self.value * self.value).exp() * (2 / arb.pi().sqrt()))


def _sum(p: Mapping[str, arb_series], q: Mapping[str, arb_series]) -> dict[str, arb_series]:
    return {**p, **q, **{name: p[name] + q[name] for name in p if name in q}}
