"""Holds what is known of a learning coefficient: an interval, the multiplicity, where it is attained, and why."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from temperance.theory.models.order import Reason

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
BOX = (
    "This holds on a compact box with beta0 bounded, the truth inside: where weights can vanish, a superfluous expert "
    "of weight 0 may cost less."
)
LOCAL = "It is local: near mixtures whose atoms of a cell have the gate of the true one."


@dataclass(frozen=True)
class Coefficient:
    """The learning coefficient lambda: vol{K < eps} ~ c eps^lambda log(1/eps)^(m-1), K the Kullback-Leibler distance.

    Attributes:
        gate: what answers call it. true, fitted: k* and k. dim: of x.
        lower, upper: bounds of lambda that are proved; None: none is.
        multiplicity: bounds of m; None where lambda is not exact.
        bic: half the number of free parameters, which BIC charges; None where it is not known.
        stratum: the true parameters at which lambda is attained, or where its upper bound comes from.
        local: whether only mixtures are meant whose atoms of a cell have the gate of the true one.
        reason: the theorem, or why lambda is not exact.
    """

    gate: str
    true: int
    fitted: int
    dim: int
    lower: Fraction | None
    upper: Fraction | None
    multiplicity: tuple[int, int] | None
    bic: Fraction | None
    stratum: str
    local: bool
    reason: Reason

    @property
    def exact(self) -> Fraction | None:
        """Lambda, where both bounds meet."""
        return self.lower if self.lower == self.upper else None

    @property
    def sentence(self) -> str:
        """The answer: lambda = 5: two true softmax experts, three fitted; BIC charges 6.5."""
        if self.exact is not None:
            value = f"lambda = {number(self.exact)}{self._multiple}"
        elif self.lower is not None and self.upper is not None:
            value = f"lambda lies between {number(self.lower)} and {number(self.upper)}"
        elif self.upper is not None:
            value = f"lambda is at most {number(self.upper)}"
        else:
            value = "lambda is undecided"
        charged = "" if self.bic is None else f"; BIC charges {number(self.bic)}"
        experts = "expert" if self.true == 1 else "experts"
        return f"{value}: {word(self.true)} true {self.gate} {experts}, {word(self.fitted)} fitted{charged}"

    @property
    def _multiple(self) -> str:
        if self.multiplicity in (None, (1, 1)):
            return ""
        low, high = self.multiplicity or (1, 1)
        return f" with multiplicity {low}" + ("" if low == high else f" to {high}")

    @property
    def assumed(self) -> tuple[str, ...]:
        """What every answer says besides: the box, and whether it is local."""
        return (BOX, LOCAL) if self.local else (BOX,)

    def to_json(self) -> dict[str, Any]:
        """Fractions as text; multiplicity a number, or its bounds [least, most]."""
        bounds = self.multiplicity
        return {
            "true": self.true,
            "fitted": self.fitted,
            "dim": self.dim,
            "lower": _text(self.lower),
            "upper": _text(self.upper),
            "exact": _text(self.exact),
            "multiplicity": bounds[0] if bounds and bounds[0] == bounds[1] else bounds and list(bounds),
            "bic": _text(self.bic),
            "stratum": self.stratum,
            "local": self.local,
            "reason": self.reason.text,
            "reason_kind": self.reason.kind.value,
            "assumes": list(self.assumed),
        }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def number(value: Fraction) -> str:
    """A fraction as a decimal number where that ends, else as p/q."""
    return f"{float(value):g}" if 10**6 % value.denominator == 0 else str(value)


def word(n: int) -> str:
    """A small number in words."""
    return _WORDS[n] if n < len(_WORDS) else str(n)
