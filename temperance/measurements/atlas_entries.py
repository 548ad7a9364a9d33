"""Holds the entries of the atlas with what is known of every order, and says whether its legs agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

from temperance.measurements.contact_orders import reasons_of
from temperance.measurements.exponent_results import KeptSlope
from temperance.measurements.literature import PAPERS, AtlasRow
from temperance.theory.models.order import MET, Order, Reason, ReasonKind

_PROOFS = (ReasonKind.CERTIFICATE, ReasonKind.THEOREM, ReasonKind.INDEPENDENCE, ReasonKind.IDENTITY)
Tried = Literal["settled", "carried", "not settled", "zero", "needless", "missing"]
Agreement = Literal["met", "apart", "contradicted", "not compared"]


@dataclass(frozen=True)
class AtlasOrder:
    """What is proved, measured and published of a parameter, or of a weighted mean, in an entry of the atlas.

    Attributes:
        order: what is proved and measured of it.
        measurement: how it was measured, or why not. carried: in a smaller cell or dimension, whose curves are some of
            those here; zero: every distance is 0 to rounding; needless: no order is below 1, or it is flat.
        measured_reason: the same in words.
        slope: of a kept study; as text, why there is none.
        published: the exponent of n, None where none is known; published_reason: from where, or why not.
    """

    order: Order
    measurement: Tried
    measured_reason: str
    slope: KeptSlope | str
    published: str | None
    published_reason: Reason

    @property
    def proof(self) -> str | None:
        """What the order is proved by (independence: of the first derivatives; identity: it is flat), or None."""
        kind = self.order.reason.kind
        return kind.value if kind in _PROOFS else None

    @property
    def both(self) -> bool:
        """Whether the order is proved exactly by certificates: of its bound and of a curve, or of an identity."""
        return self.order.shown or (self.order.exact and self.order.certified)

    @property
    def sides(self) -> str:
        """From which sides it is proved: both, above, below or none; (theorem): the bound has no certificate."""
        above, below = self.proof is not None and not self.order.flat, self.order.lower is not None
        if self.order.flat:
            return "both" if self.order.shown else "none"
        side = "both" if self.order.exact else "above" if above else "below" if below else "none"
        return f"{side} (theorem)" if above and not self.order.certified else side

    @property
    def measured(self) -> float | None:
        """The measured order, whether it is above the bound or not."""
        return None if self.order.measured is None else self.order.measured.order

    @property
    def contact(self) -> Agreement:
        """How the measured order compares with the proof; a missed minimum makes it too small, never too large."""
        upper, tried = self.order.upper, self.measurement in ("settled", "carried", "not settled")
        if self.order.flat:
            return "apart" if tried else "met" if self.measurement == "zero" else "not compared"
        if upper is None or self.measured is None:
            return "apart" if upper is not None and (tried or self.measurement == "zero") else "not compared"
        if self.measured > float(upper) + MET:
            return "contradicted"
        below = self.measured < float(upper) - MET  # what is carried from a smaller cell says nothing of a larger bound
        return ("not compared" if self.measurement == "carried" else "apart") if below else "met"

    @property
    def agrees(self) -> bool | None:
        """Whether all legs agree; False where one contradicts the proof, None where one is missing or apart."""
        slope = self.slope.outcome if isinstance(self.slope, KeptSlope) else "confirmed"
        if "contradicted" in (self.contact, slope):
            return False
        return True if self.exact and slope == "confirmed" else None

    @property
    def exact(self) -> bool:
        """Whether the order is known: the certificate of a curve meets the bound, or shows that it is flat."""
        return self.order.exact or self.order.shown

    @property
    def is_overtaken(self) -> bool:
        """Whether the published exponent is larger than what is proved, or of a flat parameter, which has none."""
        rate = Fraction(0) if self.order.flat else self.order.rate
        return self.published is not None and rate is not None and Fraction(self.published) > rate

    @property
    def is_awaited(self) -> bool:
        """Whether a measurement would tell more, and none is kept."""
        return self.measurement == "missing" and self.order.upper is not None and not self.order.exact

    def to_json(self) -> dict[str, Any]:
        """The keys of an order in `atlas --json`."""
        order, slope, record = self.order, self.slope, self.order.to_json()
        return {
            "parameter": order.parameter,
            "mean": order.is_mean,
            "flat": order.flat,
            "identity": order.reason.text if order.flat else None,
            **{key: record[key] for key in ("upper", "lower", "certified_below")},
            "proof": self.proof,
            "sides": self.sides,
            "measured": self.measured,
            "error": None if order.measured is None else order.measured.error,
            "measurement": self.measurement,
            "measured_reason": self.measured_reason,
            "slope": slope.to_json() if isinstance(slope, KeptSlope) else None,
            "slope_reason": None if isinstance(slope, KeptSlope) else slope,
            "rate": record["rate"],
            "published": self.published,
            "published_reason": self.published_reason.text,
            "agrees": self.agrees,
            "reason": order.reason.text,
            "reason_kind": order.reason.kind.value,
        }


@dataclass(frozen=True)
class Entry:
    """A gate with an expert in one kind of cell, d the dimension of x.

    orders: none where they are not computed. reasons: why not, or what the orders assume. truth: None without orders.
    certificates: of the bounds and of curves. assumes: the theorems that those of the bounds take for granted.
    """

    row: AtlasRow
    cell: str
    d: int
    orders: tuple[AtlasOrder, ...]
    reasons: tuple[Reason, ...]
    truth: Mapping[str, Any] | None
    certificates: Sequence[Mapping[str, Any]] = ()
    assumes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys of an entry in `atlas --json`."""
        row = self.row
        return {
            "gate": row.gate,
            "activation": row.source,
            "expert": row.expert,
            "point": dict(row.point),
            "truth": self.truth,
            "cell": self.cell,
            "d": self.d,
            "orders": [order.to_json() for order in self.orders],
            "reasons": reasons_of(self.reasons, self.certificates),
            "assumes": list(self.assumes),
            "papers": list(row.papers),
        }


@dataclass(frozen=True)
class Atlas:
    """Entries of the atlas: all, or a part."""

    entries: tuple[Entry, ...]

    @property
    def every(self) -> Iterator[tuple[Entry, AtlasOrder]]:
        """The orders, each with its entry."""
        return ((entry, order) for entry in self.entries for order in entry.orders)

    @property
    def contradictions(self) -> list[str]:
        """The orders of which two legs contradict each other."""
        return [
            f"{key(entry.row, entry.cell, entry.d)}: {order.order.parameter}"
            for entry, order in self.every
            if order.agrees is False
        ]

    @property
    def answer(self) -> tuple[str, ...]:
        """How many orders are proved, known and sampled, whether any contradict, and the slowest rates: sentences."""
        orders = [order for _, order in self.every]
        proofs, means = Counter(order.proof for order in orders), sum(order.order.is_mean for order in orders)
        slopes = [order.slope for order in orders if isinstance(order.slope, KeptSlope)]
        elsewhere, exact = sum(o.measurement == "carried" for o in orders), sum(o.exact for o in orders)
        confirmed, empty = (
            sum(s.outcome == "confirmed" for s in slopes),
            sum(not entry.orders for entry in self.entries),
        )
        against = self.contradictions
        verdict = "Bounds, measured orders and slopes nowhere contradict each other."
        if against:
            verdict = f"Bounds, measurements or slopes contradict each other: {'; '.join(against)}."
        awaited, granted = sum(o.is_awaited for o in orders), sum(bool(entry.assumes) for entry in self.entries)
        return (
            f"{len(self.entries)} entries, {empty} of them not computed, with {len(orders)} orders, {means} of "
            "weighted means.",
            f"Proofs: {proofs['certificate']} certificates, {proofs['theorem']} theorems, {proofs['independence']} "
            f"independent derivatives, {proofs['identity']} identities (flat); {proofs[None]} orders are without one. "
            f"The certificates of {granted} entries take a theorem for granted; temperance atlas --gate NAME names it.",
            f"{exact} are known exactly: a curve with a certificate meets the bound, or shows that the order is flat. "
            f"{sum(o.both for o in orders)} of them have certificates from both sides. "
            f"{len(orders) - exact} are not, {awaited} of them not measured. {elsewhere} are measured in a smaller "
            "cell, in d = 1 or with a linear expert, whose curves are some of those here.",
            f"{len(slopes)} have slopes to n = 10^12: {confirmed} confirm the rate by a test, and "
            f"{sum(s.outcome == 'inconclusive' for s in slopes)} settle nothing.",
            *self._overtaken,
            verdict,
            *self._slowest,
        )

    @property
    def _slowest(self) -> Iterator[str]:
        """The slowest rate that is proved in each kind of cell, and of what: a sentence, if there are any."""
        rates: dict[str, dict[Fraction, dict[str, None]]] = {}
        for entry, order in self.every:
            if (rate := order.order.rate) is not None:
                rates.setdefault(entry.cell, {}).setdefault(rate, {})[_without_place(order.order.parameter)] = None
        slowest = {cell: min(cell_rates) for cell, cell_rates in rates.items()}
        phrases = (
            f"{cell} n^(-{rate})" + (f" of {', '.join(rates[cell][rate])}" if rate != Fraction(1, 2) else "")
            for cell, rate in slowest.items()
        )
        if slowest:
            yield f"The slowest proved rates, but for what is flat: {'; '.join(phrases)}."

    @property
    def _overtaken(self) -> Iterator[str]:
        """How many published exponents are faster than what is proved, and of what: a sentence, if there are any."""
        overtaken = [(entry, order) for entry, order in self.every if order.is_overtaken]
        named: dict[str, dict[str, None]] = {}
        for entry, order in overtaken:
            place = ", ".join(filter(None, (entry.row.gate, entry.row.source, entry.cell)))
            name = _without_place(order.order.parameter) + (", flat" if order.order.flat else "")
            named.setdefault(place, {})[name] = None
        places = "; ".join(f"{place}: {', '.join(names)}" for place, names in named.items())
        exact: int | str = sum(order.exact for _, order in overtaken)
        exact = "all" if exact == len(overtaken) else exact
        if overtaken:
            yield (
                f"{len(overtaken)} published exponents are faster than what is proved, {exact} of them where the order "
                f"is known exactly ({places})."
            )

    def to_json(self) -> dict[str, Any]:
        """What `atlas --json` prints."""
        entries = [entry.to_json() for entry in self.entries]
        return {"entries": entries, "papers": [asdict(paper) for paper in PAPERS], "answer": " ".join(self.answer)}


def key(row: AtlasRow, cell: str, d: int | None = None) -> str:
    """The name of an entry among measurements; d is told where it is not the least of the row."""
    point = ", ".join(f"{name} = {value}" for name, value in row.point.items())
    return "; ".join(
        filter(None, (row.gate, row.source, row.expert, point, cell, "" if d in (None, row.d) else f"d = {d}"))
    )


def _without_place(parameter: str) -> str:
    """The parameter that a coordinate is one of."""
    return re.sub(r"(_\d+)+", "", parameter)
