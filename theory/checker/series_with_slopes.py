"""Power series in balls that carry their derivatives by some parameters: forward differentiation for the checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb, arb_series

_NONE: Mapping[str, arb_series] = MappingProxyType({})


class Sloped:
    """A series in x, and its derivatives by parameters; those that are left out are 0."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: arb_series, slopes: Mapping[str, arb_series] = _NONE) -> None:
        self.value, self.slopes = value, slopes

    def __add__(self, other: Sloped) -> Sloped:
        """Sum."""
        if not (self.slopes or other.slopes):
            return Sloped(self.value + other.value)
        slopes = dict(self.slopes)
        for name, slope in other.slopes.items():
            slopes[name] = slopes[name] + slope if name in slopes else slope
        return Sloped(self.value + other.value, slopes)

    def __neg__(self) -> Sloped:
        """Negative."""
        if not self.slopes:
            return Sloped(-self.value)
        return Sloped(-self.value, {name: -slope for name, slope in self.slopes.items()})

    def __sub__(self, other: Sloped) -> Sloped:
        """Difference."""
        if not (self.slopes or other.slopes):
            return Sloped(self.value - other.value)
        return self + -other

    def __mul__(self, other: Sloped) -> Sloped:
        """Product."""
        if not (self.slopes or other.slopes):
            return Sloped(self.value * other.value)
        slopes = {name: slope * other.value for name, slope in self.slopes.items()}
        for name, slope in other.slopes.items():
            term = self.value * slope
            slopes[name] = slopes[name] + term if name in slopes else term
        return Sloped(self.value * other.value, slopes)

    def scaled(self, factor: arb) -> Sloped:
        """The product with a constant."""
        if not self.slopes:
            return Sloped(self.value * factor)
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
