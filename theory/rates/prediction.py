"""Holds predicted exponents, and selects those that apply to a fit with given cell sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from temperance.theory.models.order import ReasonKind

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
