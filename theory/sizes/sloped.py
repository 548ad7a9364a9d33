"""Numbers that carry their derivatives by some parameters: forward differentiation for the checkers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_NONE: Mapping[str, Any] = MappingProxyType({})


class Sloped:
    """A ball, real or complex, and its derivatives by parameters; those that are left out are 0.

    The other operand may be a ball without derivatives.
    """

    __slots__ = ("slopes", "value")

    def __init__(self, value: Any, slopes: Mapping[str, Any] = _NONE) -> None:
        self.value, self.slopes = value, slopes

    def __add__(self, other: Any) -> Sloped:
        return Sloped(self.value + value(other), _sum(self.slopes, slopes(other)))

    __radd__ = __add__

    def __neg__(self) -> Sloped:
        return self._by(-self.value, -1)

    def __sub__(self, other: Any) -> Sloped:
        return self + -other

    def __rsub__(self, other: Any) -> Sloped:
        return -self + other

    def __mul__(self, other: Any) -> Sloped:
        mine = {name: slope * value(other) for name, slope in self.slopes.items()}
        theirs = {name: self.value * slope for name, slope in slopes(other).items()}
        return Sloped(self.value * value(other), _sum(mine, theirs))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Sloped:
        return self * (Sloped(value(other), slopes(other)).inverse())

    def __rtruediv__(self, other: Any) -> Sloped:
        return self.inverse() * other

    def _by(self, f: Any, derivative: Any) -> Sloped:
        """The value f of a function of it with this derivative."""
        return Sloped(f, {name: slope * derivative for name, slope in self.slopes.items()})

    def exp(self) -> Sloped:
        """Exponential."""
        f = self.value.exp()
        return self._by(f, f)

    def inverse(self) -> Sloped:
        """1 over it."""
        f = 1 / self.value
        return self._by(f, -f * f)

    def sqrt(self) -> Sloped:
        """Square root."""
        f = self.value.sqrt()
        return self._by(f, 1 / (2 * f))


def value(number: Any) -> Any:
    """A ball without its derivatives."""
    return number.value if isinstance(number, Sloped) else number


def slopes(number: Any) -> Mapping[str, Any]:
    """The derivatives of a ball."""
    return number.slopes if isinstance(number, Sloped) else _NONE


def _sum(p: Mapping[str, Any], q: Mapping[str, Any]) -> dict[str, Any]:
    return {**p, **q, **{name: p[name] + q[name] for name in p if name in q}}
