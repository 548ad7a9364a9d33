"""Sums up what accepted certificates prove of orders, place by place: bounds from both sides, and contradictions.

A contradiction is an error of the kernel or of a theorem that it takes for granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from temperance.theory.kernel.place import Checked, Claim, Place


@dataclass(frozen=True)
class Interval:
    """What is proved of an order: bounds, or that there is none as the parameter is flat."""

    at_least: Fraction | None = None
    at_most: Fraction | None = None
    flat: bool = False

    @property
    def contradicts(self) -> bool:
        """Whether the bounds contradict each other."""
        if self.at_most is None:
            return False
        return self.flat or (self.at_least is not None and self.at_least > self.at_most)

    @property
    def exact(self) -> Fraction | None:
        """The order, where both bounds meet."""
        return self.at_most if self.at_least == self.at_most and not self.flat else None

    def __str__(self) -> str:
        """In words."""
        if self.contradicts:
            flat = ["flat"] if self.flat else []
            return "contradicted: " + ", ".join([*flat, *self._sides()])
        if self.flat:
            return "flat"
        return f"exactly {self.exact}" if self.exact is not None else ", ".join(self._sides())

    def _sides(self) -> list[str]:
        sides = (("at least", self.at_least), ("at most", self.at_most))
        return [f"{side} {r}" for side, r in sides if r is not None]


def interval(claims: Iterable[Claim]) -> Interval:
    """What claims of one title at one place say of its order."""
    values: dict[str, list[Fraction]] = {"at least": [], "at most": [], "flat": []}
    for claim in claims:
        if claim.side in values:
            values[claim.side].append(Fraction(claim.value or 0))
    low, high = max(values["at least"], default=None), min(values["at most"], default=None)
    return Interval(low, high, bool(values["flat"]))


@dataclass(frozen=True)
class Together:
    """All that is proved at one place: the intervals by title, and what they take for granted."""

    place: Place
    orders: dict[str, Interval]
    assumed: tuple[str, ...]

    @property
    def contradictions(self) -> tuple[str, ...]:
        """The titles whose claims contradict each other."""
        return tuple(title for title, bounds in self.orders.items() if bounds.contradicts)


def together(proofs: Iterable[Checked]) -> list[Together]:
    """What accepted certificates prove of orders, place by place."""
    places: dict[Place, list[Checked]] = {}
    for proof in proofs:
        if proof.place.subject != "activation":
            places.setdefault(proof.place, []).append(proof)
    summaries = []
    for place, several in places.items():
        titles: dict[str, list[Claim]] = {}
        for claim in (claim for proof in several for claim in proof.claims):
            titles.setdefault(claim.title, []).append(claim)
        assumed = tuple(dict.fromkeys(text for proof in several for text in proof.assumed))
        summaries.append(Together(place, {title: interval(claims) for title, claims in titles.items()}, assumed))
    return summaries
