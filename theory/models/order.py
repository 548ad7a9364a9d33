"""Holds what is known of a contact order: an interval, how it was proved, and what was measured of it; and rates.

The reason of an answer is a kind, which programs compare, and a text, which people read and nothing parses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal, NamedTuple


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
    """The order r of a parameter: the smallest with |offset|^r = O(distance in L2).

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


Cells = Literal["any", "some singleton", "every cell split", "anchor singleton", "anchor split"]
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Prediction:
    """An error exponent: the error of a parameter group is of the order n^(-p), up to logarithms.

    It is no order of a parameter with something beside: groups such as beta1_sum, weight and density are no parameters,
    one parameter has several p, by the other cells, and p = 1/(2r) says nothing of bounds of r from both sides.

    Attributes:
        parameter: beta1, tau, a, b, nu, beta1/tau, beta0/tau, beta1_sum, beta1_difference, beta1^p/tau,
            beta1_direction, weight (of a whole cell) or density (Hellinger distance).
        cell_size: number m of fitted atoms in the cell; None for what belongs to none.
        sharp: p by theory 2.1 to 4.2; None where the parameter is not identifiable or no statement covers it.
        published: p by the published theorems (arXiv 2401.13875, for the softmax gate 2305.03288); None where they
            give no polynomial rate or their condition fails.
        why: the reason for `sharp`, as a text.
        published_reason: why `published` is what it is.
        conditions: what the numbers assume of the true point beyond what was given.
        cells: the cell sizes of the fit for which it is meant; the anchor's cell is that of the fitted anchor.
        unproved: the kind of the reason where there is no rate.
        at_least: where no exponent is known, one that is proved, and may be larger; errors fall at least as n^(-p).
    """

    parameter: str
    cell_size: int | None
    sharp: Fraction | None
    published: Fraction | None
    why: str
    published_reason: str
    conditions: tuple[str, ...] = ()
    cells: Cells = "any"
    unproved: ReasonKind = ReasonKind.NO_BOUND
    at_least: Fraction | None = None

    @property
    def reason_kind(self) -> ReasonKind:
        """The kind of `reason`."""
        if self.sharp is not None:
            return ReasonKind.THEOREM
        return self.unproved if self.at_least is None else ReasonKind.AT_LEAST

    @property
    def proved(self) -> Fraction | None:
        """The exponent of a rate that is proved, whether it is sharp or not."""
        return self.at_least if self.sharp is None else self.sharp

    @property
    def reason(self) -> str:
        """Why `sharp` is what it is."""
        return f"free gauge: {self.why}" if self.reason_kind is ReasonKind.FREE_GAUGE else self.why

    @property
    def flat(self) -> bool:
        """Whether it is proved not to be identifiable: a curve of parameters of one density moves it."""
        return self.reason_kind is ReasonKind.IDENTITY

    @property
    def identifiable(self) -> bool | None:
        """Whether it is identifiable, up to the parameters of one density; None where no statement says."""
        return False if self.flat else None if self.proved is None else True

    @property
    def published_is_too_fast(self) -> bool:
        """Whether the published exponent is more than what is proved here; what is not identifiable has none."""
        return self.published is not None and (self.flat or (self.sharp is not None and self.published > self.sharp))

    def applies(self, sizes: Sequence[int], cell: int | None) -> bool:
        """Whether it is meant for a cell (None: what belongs to none) of a fit with these sizes, the anchor's last."""
        if min(sizes) < 1 or (cell is None) != (self.cell_size is None):
            return False
        if cell is not None and sizes[cell] != self.cell_size:
            return False
        match self.cells:
            case "any":
                return True
            case "some singleton":
                return min(sizes) == 1
            case "every cell split":
                return min(sizes) > 1
            case "anchor singleton":
                return sizes[-1] == 1
            case "anchor split":
                return sizes[-1] > 1


def density() -> Prediction:
    """The rate of the density itself, in every setting."""
    reason = "maximum likelihood in a parametric family: n^(-1/2) up to logarithms, in the Hellinger distance"
    return Prediction("density", None, HALF, HALF, reason, reason)


def weakest(
    predictions: Sequence[Prediction], parameter: str, cell: int | None, patterns: Sequence[Sequence[int]]
) -> Prediction | None:
    """The prediction that holds whatever the cell sizes are: the smallest exponent over these patterns of sizes.

    None if nothing is said of the parameter for some pattern, or there is no pattern.
    """
    groups = [[p for p in predictions if p.parameter == parameter and p.applies(sizes, cell)] for sizes in patterns]
    if not groups or not all(groups):
        return None
    every = [p for group in groups for p in group]
    unknown = [p for p in every if p.sharp is None]
    return unknown[0] if unknown else min(every, key=lambda p: p.sharp or 0)
