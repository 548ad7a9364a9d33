"""Holds what is known of a contact order: an interval, how it was proved, and what was measured of it.

The reason of an answer is a kind, which programs compare, and a text, which people read and nothing parses.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple


class ReasonKind(StrEnum):
    """What a reason of an order, of a predicted rate, or of a certificate that is missing, is.

    Of an order that is proved: `certificate` (the kernel accepts one of the bound), `theorem`, `independence` (of the
    derivatives of the density) or `identity` (an exact curve of one density: the parameter is flat). Of one that is
    not: `no_bound` (no theorem gives one), `free_gauge` (none in this gauge), `at_rest` (a flow moves it, but not at
    this point) or `undecided`. Of a setting, besides: `curve` (a curve reaches bounds), `assumed` (what bounds hold
    for), `no_certificate` (why there is none), `not_issued` (there are none for such cells) and `refused` (orders
    cannot be computed). Of a predicted rate: `at_least` (it is proved that errors fall so fast, not that they fall no
    faster). Of a published exponent: `published`, or why there is none: `unread`, or `unmet` (conditions
    of a theorem do not hold).
    """

    CERTIFICATE = "certificate"
    THEOREM = "theorem"
    INDEPENDENCE = "independence"
    IDENTITY = "identity"
    AT_LEAST = "at_least"
    NO_BOUND = "no_bound"
    FREE_GAUGE = "free_gauge"
    AT_REST = "at_rest"
    UNDECIDED = "undecided"
    CURVE = "curve"
    ASSUMED = "assumed"
    NO_CERTIFICATE = "no_certificate"
    NOT_ISSUED = "not_issued"
    REFUSED = "refused"
    PUBLISHED = "published"
    UNREAD = "unread"
    UNMET = "unmet"


@dataclass(frozen=True)
class Reason:
    """A kind, and a text for people."""

    kind: ReasonKind
    text: str

    def __str__(self) -> str:
        return f"no certificate: {self.text}" if self.kind is ReasonKind.NO_CERTIFICATE else self.text


def theorem(text: str) -> Reason:
    """The reason of a bound that a theorem gives."""
    return Reason(ReasonKind.THEOREM, text)


MET = 0.1  # a measured order this close to the bound has met it


class Quantity(NamedTuple):
    """What an order is of: a parameter, by its name in the model, or its weighted mean over the cell."""

    name: str
    is_mean: bool = False

    def __str__(self) -> str:
        """What certificates and groups of errors call it."""
        return f"{'mean ' * self.is_mean}{self.name}"


Bounds = dict[Quantity, tuple[Fraction, Reason]]
"""Upper bounds of orders, each with what it is by."""


@dataclass(frozen=True)
class Measurement:
    """A measured order with its error, both None where `trouble` says why there is none."""

    order: float | None
    error: float | None
    trouble: str | None = None


@dataclass(frozen=True)
class Order:
    """The order r of a parameter: the smallest with |offset|^r = O(distance).

    Attributes:
        parameter: what it is called in results, an invariant such as beta1/tau or a weighted mean.
        name: of the parameter in the model. is_mean: whether the order is that of its weighted mean over the cell.
        reason: what the bound is by, or that it is flat, or why nothing is proved.
        upper: a bound that is proved; None: none.
        lower: an order that is proved to be no larger than this one, by the certificate of a curve; None: none.
        flat: an exact curve of one density moves it: it has no order. shown: such a curve has a certificate.
        measured: what was measured of it; None: nothing.
    """

    parameter: str
    name: str
    is_mean: bool
    reason: Reason
    upper: Fraction | None = None
    lower: Fraction | None = None
    flat: bool = False
    shown: bool = False
    measured: Measurement | None = None

    @property
    def of(self) -> Quantity:
        """What it is the order of."""
        return Quantity(self.name, self.is_mean)

    @property
    def title(self) -> str:
        """What a certificate of a curve calls it."""
        return str(self.of)

    @property
    def certified(self) -> bool:
        """Whether the bound has a certificate that the kernel accepts."""
        return self.reason.kind is ReasonKind.CERTIFICATE

    @property
    def certified_below(self) -> bool:
        """Whether a certificate proves that the order is no smaller, or that the parameter is flat."""
        return self.lower is not None or self.shown

    @property
    def exact(self) -> bool:
        """Whether a curve reaches the bound: the order is proved to be neither larger nor smaller."""
        return self.upper is not None and self.lower == self.upper

    @property
    def rate(self) -> Fraction | None:
        """1/(2 r), the exponent of n, where r is proved."""
        return None if self.upper is None else 1 / (2 * self.upper)

    @property
    def value(self) -> float | None:
        """The measured order; None where there is none."""
        return None if self.measured is None else self.measured.order

    @property
    def is_contradicted(self) -> bool:
        """Whether the measured order is above what is proved by more than its error: one of them errs."""
        measurement = self.measured
        if measurement is None or measurement.order is None or self.upper is None:
            return False
        return measurement.order > float(self.upper) + max(MET, measurement.error or 0.0)

    @property
    def error(self) -> float | None:
        """How far the last local exponents lie from the measured order."""
        return None if self.measured is None or self.value is None else round(self.measured.error or 0.0, 3)

    def to_json(self) -> dict[str, Any]:
        """The keys of an order in `exponents --json`."""
        return {
            "parameter": self.parameter,
            "upper": None if self.upper is None else str(self.upper),
            "certified": self.certified,
            "lower": None if self.lower is None else str(self.lower),
            "certified_below": self.certified_below,
            "measured": None if self.value is None else round(self.value, 3),
            "error": self.error,
            "flat": self.flat,
            "rate": None if self.rate is None else str(self.rate),
            "reason": self.reason.text,
            "reason_kind": self.reason.kind.value,
        }

    def remark(self) -> str | None:
        """Where the bound and the measurement have not met, or why nothing was measured."""
        name, upper, value = self.parameter, self.upper, self.value
        if self.is_contradicted:
            return f"{name}: contradicted: {value:.2f} is measured, above the proved bound {upper}"
        if self.flat or self.exact or self.measured is None:
            return None
        if self.measured.trouble or value is None:
            return f"{name}: {self.measured.trouble or 'not measured'}"
        if upper is None:
            return f"{name}: the order is at least about {value:.2f} (measured)"
        if abs(float(upper) - value) > MET:
            return f"{name}: the order lies between about {value:.2f} (measured) and {upper} (proved)"
        return None
