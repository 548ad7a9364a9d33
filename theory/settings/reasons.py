"""Types the reasons of answers: a kind, which programs compare, and a text, which people read and nothing parses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
