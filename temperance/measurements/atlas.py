"""The atlas: gates of the literature, the contact orders of their cells, what is published, and whether all agree.

An entry is a gate with an expert, a kind of cell and a dimension of x. It has a bound of each parameter and of each
weighted mean, what proves it, a measured order, the rate, the slope of a kept study and the published exponent. Bounds
are computed on demand; measurements are kept in `data/atlas.json`, which `campaigns/remeasure.py` makes.

`carried_measurement` brings measured orders to larger cells and to dimension 2, whose mixtures hold those that were
measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache, partial
from math import inf
from typing import Any, Literal

import sympy as sp

from temperance.measurements.contact_orders import KeptOrder, reasons_of, setting_record, true_atoms
from temperance.measurements.literature import PAPERS, ROWS, AtlasRow
from temperance.measurements.slopes import KeptSlope, claim_studies, of_claims, of_study, study_of
from temperance.show.inputs import read_stored
from temperance.theory.activations.activation import activation
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import flat_curves, order_setting, same_factor
from temperance.theory.contact.orders_from_theorems import published_rates
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import expert, gaussian, mean_of
from temperance.theory.models.form import activated, on_lines_as
from temperance.theory.models.gates import names
from temperance.theory.models.order import MET, Measurement, Order, Reason, ReasonKind
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting
from temperance.theory.symmetries.traits import on_lines

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
        return [f"{key(e.row, e.cell, e.d)}: {o.order.parameter}" for e, o in self.every if o.agrees is False]

    @property
    def answer(self) -> tuple[str, ...]:
        """How many orders are proved, known and sampled, whether any contradict, and the slowest rates: sentences."""
        orders = [order for _, order in self.every]
        proofs, means = Counter(order.proof for order in orders), sum(order.order.is_mean for order in orders)
        slopes = [order.slope for order in orders if isinstance(order.slope, KeptSlope)]
        elsewhere, exact = sum(o.measurement == "carried" for o in orders), sum(o.exact for o in orders)
        confirmed = sum(s.outcome == "confirmed" for s in slopes)
        empty = sum(not entry.orders for entry in self.entries)
        verdict = "Bounds, measured orders and slopes nowhere contradict each other."
        if against := self.contradictions:
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


Kept = Mapping[str, Sequence[KeptOrder]]
_FEWER = "in a cell of two, whose mixtures are some of those here"
_LINE = "in d = 1; a curve there is one in dimension 2"
_LINEAR = "for linear experts, whose slopes are some of those here"
_ALONE = AtlasRow("softmax", "constant")
_SPLIT = "for the softmax gate and constant experts; a split of b and nu alone is one for every gate (theory 5.9.3)"
Bounds = Callable[[AtlasRow, str, int], Orders]


def carried_measurement(
    row: AtlasRow, cell: str, d: int, order: Order, measured: Kept, bounds: Bounds
) -> tuple[KeptOrder, str] | None:
    """The measurement with the largest order where mixtures are some of those of this entry, and where that is.

    bounds: of an entry. Of orders that are the same within `MET`, the one that was measured nearest.
    """
    best: tuple[KeptOrder, str] | None = None
    reached = -inf
    cells = [cell, "two"] if _holds_two(row, cell, d, bounds) else [cell]
    dims = (d, 1) if d == 2 and seen_on_lines(row.gate, row.source) else (d,)
    places = [(row, c, dim) for dim in dims for c in cells]
    linear = replace(row, expert="gaussian")
    if linear != row and _holds_terms(row, linear, d):
        places += [(linear, c, dim) for _, c, dim in places]
    alone = order.name == NU.name or (order.name in _seen(row, d, _ALONE, 1) and not order.is_mean)
    if alone and _holds_terms(row, _ALONE, d):
        places += [(_ALONE, c, 1) for c in dict.fromkeys([cell, "two"])]
    for there, smaller, dim in places[1:]:
        name_there = _seen(row, d, there, dim).get(order.name, order.name)
        name = order.parameter.replace(order.name, name_there)
        here = next((r for r in measured.get(key(there, smaller, dim), ()) if r.parameter == name), None)
        if here is not None and here.order is not None and here.order > reached + MET:
            reached = here.order
            apart = ((smaller != cell, _FEWER), (dim != d, _LINE), (there.expert != row.expert, _LINEAR))
            words = [text for differs, text in apart if differs]
            best = here, f"measured {_SPLIT if there is _ALONE else ', and '.join(words)}"
    return best


@cache
def seen_on_lines(gate: str, source: str | None) -> bool:
    """Whether a gate in the plane is that of dimension 1 on every line."""
    return gate in names() and on_lines(model(gate, "gaussian", source, 2))


@cache
def _holds_terms(row: AtlasRow, other: AtlasRow, d: int) -> bool:
    """Whether the mean of a row's expert has all terms of another's, which is linear in its parameters."""
    both = expert(row.expert, d), expert(other.expert, d)
    terms = [{sp.diff(mean, p) for p in e.parameters} if (mean := mean_of(e)) is not None else set() for e in both]
    return terms[1] <= terms[0]


@cache
def _seen(row: AtlasRow, d: int, there: AtlasRow, dim: int) -> dict[str, str]:
    """Name of a parameter of an entry -> that of what is seen of it in another, where that is known."""
    renamed = None if dim == d or there is _ALONE else on_lines_as(model(row.gate, "gaussian", row.source, d).gate, d)
    gate = {} if renamed is None else {p.name: q.name for p, (q, _) in renamed[1].items()}
    return gate | same_factor(expert(row.expert, d), d, expert(there.expert, dim), dim)


def _holds_two(row: AtlasRow, cell: str, d: int, bounds: Bounds) -> bool:
    """Whether mixtures with a cell of two, near its true gate, are some of those here, up to the distance."""
    if cell != "every cell split" or not bounds(row, cell, d).setting.weighted:
        return cell == "three"
    two = bounds(row, "two", d)
    shared = {p.name for p in two.setting.spec.gate.shared}  # what atoms share they have up to the distance
    return all(o.flat or o.upper == 1 for o in two.orders if o.name in shared)


CELLS: Mapping[str, Mapping[str, Any]] = {
    "exact": {"size": 1},
    "two": {"size": 2},
    "three": {"size": 3},
    "every cell split": {"size": 2, "split": "all"},
}
"""Kinds of cells: as many atoms as the truth has, two or three atoms beside a singleton, and two cells of two."""
PLACES: tuple[tuple[str, int], ...] = tuple((cell, d) for cell in CELLS for d in (1, 2))
"""The kinds of cells and the dimensions of x that a row has entries in."""

_SLOW = ": the mean takes many minutes in a cell of three, and no order above 1 is known in a smaller one"


def atlas(
    *,
    rows: Sequence[AtlasRow] | None = None,
    places: Sequence[tuple[str, int]] = PLACES,
    report: Callable[[Sequence[Entry]], None] = lambda entries: None,
) -> Atlas:
    """The atlas.

    Args:
        rows: a part of `ROWS`, in place of all. places: a part of `PLACES`.
        report: called with the entries of a row as soon as they are found.
    """
    entries: list[Entry] = []
    for row in ROWS if rows is None else rows:
        row_entries = [entry(row, cell, d, stored()) for cell, d in places]
        report(row_entries)
        entries += row_entries
    return Atlas(tuple(entries))


@cache
def setting(row: AtlasRow, cell: str, d: int) -> Setting:
    """The setting of an entry; where no cell is split, of cells of two. Raises ValueError without orders there."""
    if row.refused is not None:
        raise ValueError(row.refused)
    how = {**CELLS[cell], "size": max(CELLS[cell]["size"], 2)}
    return order_setting(row.gate, row.expert, row.source, point=row.point, dim=d, **how)


@cache
def bounds(row: AtlasRow, cell: str, d: int) -> Orders:
    """What is proved in an entry. Raises ValueError where orders cannot be computed there."""
    if row.point and d != row.d:
        raise ValueError(f"not computed: the true point is given in dimension {row.d}")
    if cell == "exact":
        return exact_orders(row.gate, row.expert, row.source, row.point or None, d)
    return orders(setting(row, cell, d))


def entry(row: AtlasRow, cell: str, d: int, measured: Kept) -> Entry:
    """One entry, with what was measured."""
    try:
        proved = bounds(row, cell, d)
    except ValueError as error:
        return Entry(row, cell, d, (), (Reason(ReasonKind.REFUSED, str(error)),), None)
    measured_orders = {r.parameter: r for r in measured.get(key(row, cell, d), ())}
    published, slopes = _published(row, cell, d), _slopes(row, cell, d)
    atlas_orders = []
    for order in proved.orders:
        own = measured_orders.get(order.parameter)
        measurement, where = _measurement(order, cell, own)
        elsewhere = carried_measurement(row, cell, d, order, measured, bounds) if measurement != "needless" else None
        reached = own.order if own is not None and measurement == "settled" else None
        if elsewhere and not order.flat and (reached is None or (elsewhere[0].order or 0.0) > reached + MET):
            measurement, (own, where) = "carried", elsewhere
        value = own if measurement in ("settled", "carried") else None
        slope = "no study of it is kept" if slopes is None else slopes(order)
        slope = "a flat parameter has no rate" if order.flat else slope
        exponent, reason = _exponent(row, order, proved, published)
        if value is not None:
            order = replace(order, measured=Measurement(value.order, value.error))
        atlas_orders.append(AtlasOrder(order, measurement, where, slope, exponent, reason))
    proofs = (*proved.certificates, *proved.curves)
    return Entry(row, cell, d, tuple(atlas_orders), proved.reasons, true_atoms(proved.setting), proofs, proved.premises)


def _measurement(order: Order, cell: str, measured: KeptOrder | None) -> tuple[Tried, str]:
    """The measurement's status, and its explanation."""
    if order.flat and not (measured and measured.flat):  # an identity is not overruled by what a minimisation reached
        return "needless", "an exact curve of one density is known"
    if order.upper == 1 and (measured is None or (measured.order is None and not measured.flat)):
        return "needless", "no order is below 1"
    if measured is None:
        return "missing", "not measured yet" + (_SLOW if order.is_mean and cell == "three" else "")
    if measured.flat:
        return "zero", "every distance is 0 to rounding"
    if measured.order is None:
        return "not settled", "the local exponents have not settled"
    return "settled", "measured here"


def _slopes(row: AtlasRow, cell: str, d: int) -> Callable[[Order], KeptSlope | str] | None:
    """The slopes of the kept study of an entry; None where there is no such study."""
    try:
        chosen = setting(row, cell, d)
    except ValueError:  # of no cell orders are computed
        return None
    study = study_of({**setting_record(chosen), "dim": d}, CELLS[cell]["size"])
    if study is not None:
        groups = {o.parameter: o.title for o in bounds(row, cell, d).orders}
        return partial(of_study, study, groups)
    if cell == "every cell split" or row.point:
        return None
    spec = chosen.spec
    form = activated(spec.gate, d)
    if form is None or form.bias is not None or spec.expert != gaussian(d):
        return None
    source = "linear" if form.s.is_linear else activation(row.source or form.s).name
    studies = claim_studies(source, 1.0 if form.tau is None else None, CELLS[cell]["size"], d)
    return partial(of_claims, studies) if studies else None


def is_tested(row: AtlasRow, cell: str, d: int, measured: Kept) -> bool:
    """Whether a measurement or a study is kept that the bounds of an entry can be held against."""
    return key(row, cell, d) in measured or _slopes(row, cell, d) is not None


def _published(row: AtlasRow, cell: str, d: int) -> Mapping[str, tuple[Any, Reason]]:
    """What is published of the parameters of an entry; {} for gates of which no exponent was read."""
    if row.published is not None:
        return {o.name: row.published.of(o.name, CELLS[cell]["size"]) for o in bounds(row, cell, d).orders}
    try:
        chosen = setting(row, "two" if cell == "exact" else cell, d)
    except ValueError:
        return {}
    return published_rates(replace(chosen, cells=(CELLS[cell]["size"], *chosen.cells[1:])))


def _exponent(
    row: AtlasRow, order: Order, proved: Orders, published: Mapping[str, tuple[Any, Reason]]
) -> tuple[str | None, Reason]:
    """The published exponent of an order and where it is from, or None and why none is known."""
    if order.is_mean:
        return None, Reason(ReasonKind.UNREAD, "no exponent of a weighted mean was read")
    scaled = order.parameter == order.name and flat_curves(proved.setting).scale is not None
    if order.flat and (proved.setting.size == 1 or scaled):
        return None, Reason(ReasonKind.UNREAD, "exponents are of the invariants")
    unread = Reason(ReasonKind.UNREAD, f"no exponent was read in arXiv {', '.join(row.papers)}")
    exponent, reason = published.get(order.name, (None, unread))
    return None if exponent is None else str(exponent), reason


@cache
def stored() -> Mapping[str, tuple[KeptOrder, ...]]:
    """The measurements that are kept, by `key`."""
    entries = read_stored("measurements/data/atlas.json")
    return {name: tuple(KeptOrder(**r) for r in rows) for name, rows in entries.items()}
