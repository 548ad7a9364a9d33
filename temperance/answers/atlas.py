"""Answers `atlas`: which exponents do the gates of the literature have, proved, measured, sampled and published?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

from temperance.measurements.atlas import CELLS, PLACES, AtlasOrder, Entry, key
from temperance.measurements.atlas import Atlas as Found
from temperance.measurements.atlas import atlas as gathered
from temperance.measurements.contact_orders import LEAST_ERROR, describe_truth, reasons_of
from temperance.measurements.least_squares import atlas_by_least_squares
from temperance.measurements.literature import PAPERS, ROWS, AtlasRow
from temperance.measurements.slopes import KeptSlope
from temperance.numerics.studies.slopes import is_sharp
from temperance.show.answer import Answer
from temperance.show.options import Whole
from temperance.show.output import BadInput, Display, check_writable, to_json, write_file
from temperance.show.table import Columns, Part, Summary, Table
from temperance.theory.activations.catalogue import NAMED
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.order import Reason, ReasonKind
from temperance.theory.models.truth import loss_of

_SUMMARY = ("gate, expert", "cell", "slowest", "flat", "proved", "known", "both", "slopes")
SHORT = {"every cell split": "all split"}
_OF_OTHERS = "; the column of another d has slowest, and below it known"
_LEGEND = (
    "cell: one true atom is fitted by one (exact), two or three atoms; all split: every true atom by two.",
    "slowest: p of the slowest rate n^(-p) that is proved, without flat parameters; *: some orders have no bound.",
    "flat: so many of the orders are of parameters without a rate: a curve of one density moves them.",
    "proved: so many of the orders have an upper bound, or are flat.",
    "known: so many are exact: a curve shows that the order is no smaller than its bound, or that it is flat.",
    "both: so many of these have certificates from above and from below (--certificates).",
    "slopes: so many slopes of log error up to n = 10^12 confirm the rate; none: there is no study.",
)
_LEGEND_OF_ORDERS = (
    "bound: the order r is at most this: |offset|^r = O(L2 distance); flat: a curve of one density moves it.",
    "proof: of the bound: a certificate, a theorem, independence of the first derivatives, or an identity (flat).",
    "sides: both, if a curve shows that the order is no smaller than its bound; (theorem): the bound is by a theorem.",
    "measured: 2.62(8) is 2.62 +- 0.08, how far the last local exponents are from it; a missed minimum makes it too",
    "small; x is uniform on [-2, 2]^d. *: in a smaller cell, in d = 1 or with a linear expert: its curves exist here.",
    "least: not measured, as no order is below 1; 0: no distance differs; no limit: the exponents do not settle.",
    "slope: of log error over log n, with a 95% interval; inconclusive: its test has less power than 0.9; faster:",
    "below -p by more than min(0.1, p/3), and so is its interval; no study: none is kept.",
    "rate: p = 1/(2 bound): errors are O(n^(-p)).",
    "published: the exponent in a paper; faster: than what is proved; not read: in no paper that was read; none: the",
    "conditions of the paper do not hold here.",
)
_MEASURED = {"not settled": "no limit", "zero": "0", "needless": "least", "missing": "not yet"}


def summary_of(entries: Found, whole: bool) -> Summary:
    """What is said of the entries; whole: with every order."""
    title = "The exponents of the gates of the literature"
    return Summary(title, tuple(_parts(entries, whole)), tuple(entries.answer))


def _parts(atlas_part: Found, whole: bool) -> Iterator[Part]:
    """A line for each entry, every order where all are shown, why entries are not computed, and the papers."""
    yield from _summary(atlas_part, whole)
    if whole:
        yield from _orders(atlas_part)
    if len(atlas_part.entries) > 1:
        answered = {arxiv for entry in atlas_part.entries for arxiv in entry.row.papers}
        papers = (paper for paper in PAPERS if paper.arxiv in answered)
        yield "What the papers state of rates, as far as they were read"
        for paper in papers:
            yield f"  arXiv {paper.arxiv}, {paper.gates}: {paper.abstract}"
            yield f"    beyond the abstract: {paper.rates or 'not read'}"


def _summary(atlas_part: Found, whole: bool) -> Iterator[Part]:
    reasons = {entry.reasons[0]: "" for entry in atlas_part.entries if not entry.orders}
    marks = {reason: f"[{i}]" for i, reason in enumerate(reasons, 1)}
    dims = sorted({entry.d for entry in atlas_part.entries})
    rows = []
    for row, group in groupby(atlas_part.entries, key=lambda entry: entry.row):
        lines: dict[str, tuple[str, ...]] = {}
        for cell, entries in groupby(group, key=lambda entry: entry.cell):
            (_, first), *others = ((entry, _counts(entry, marks)) for entry in entries)
            more = (f"{counts[0]} {counts[3]}" if entry.orders else counts[0] for entry, counts in others)
            lines[SHORT.get(cell, cell)] = (*first, *more)
        refused = [cell for cell, line in lines.items() if line[0] == line[-1]]
        if len({lines[cell] for cell in refused}) == 1 and len(refused) > 1:
            lines = {c: x for c, x in lines.items() if c not in refused} | {", ".join(refused): lines[refused[0]]}
        names = [name_of(row), *[""] * len(lines)]
        rows += [(name, *line) for name, line in zip(names, ((c, *x) for c, x in lines.items()), strict=False)]
    yield Table("Entries", (*_SUMMARY, *(f"d = {d}" for d in dims[1:])), tuple(rows))
    yield f"For d = {dims[0]}{_OF_OTHERS if dims[1:] else ''}."
    yield from _LEGEND
    if not whole:
        yield "Every order is shown with --gate NAME, --json, and on the page (-o atlas.html)."
    yield from (f"{mark} {reason}" for reason, mark in marks.items())


def _orders(atlas_part: Found) -> Iterator[Part]:
    for entry in atlas_part.entries:
        if entry.orders:
            yield f"{name_of(entry.row)}; {_cell(entry)}; arXiv {', '.join(entry.row.papers)}"
            split = entry.cell == "every cell split"
            yield f"  {describe_truth(entry.truth or {}, every=split)}"
            yield Table.of("Orders", _COLUMNS, entry.orders)
            yield from (f"  {reason}" for reason in reasons_of(entry.reasons, entry.certificates))
            yield f"  certificates of bounds take for granted: {'; '.join(entry.assumes) or 'no theorem'}"
            yield from (f"  {o.order.parameter}: {o.measured_reason}" for o in entry.orders if o.is_awaited)
            yield from _open_slopes(entry)
    yield from _LEGEND_OF_ORDERS


def name_of(row: AtlasRow) -> str:
    """A row by its gate, its expert where it is not the linear Gaussian one, and its point."""
    point = ", ".join(f"{name} = {value}" for name, value in row.point.items())
    expert = None if row.expert == "gaussian" else row.expert
    return ", ".join(filter(None, (row.gate if row.source is None else f"{row.gate} {row.source}", expert, point)))


def _cell(entry: Entry) -> str:
    return f"{entry.cell}, d = {entry.d}"


def _counts(entry: Entry, marks: Mapping[Reason, str]) -> tuple[str, ...]:
    """The slowest rate, and how many orders are flat, proved, known and sampled; a mark where none is computed."""
    orders = entry.orders
    if not orders:
        return (marks[entry.reasons[0]],) * 6
    bounds = [o.order.upper for o in orders if not o.order.flat]
    proved = [1 / (2 * r) for r in bounds if r is not None]
    slowest = (str(min(proved)) if proved else "none") + ("" if len(proved) == len(bounds) else "*")
    flat, exact = len(orders) - len(bounds), sum(o.exact for o in orders)
    slopes = [o.slope.outcome == "confirmed" for o in orders if isinstance(o.slope, KeptSlope)]
    sampled = f"{sum(slopes)}/{len(slopes)}" if slopes else "none"
    both = f"{sum(o.both for o in orders)}/{exact}"
    return slowest, str(flat), f"{len(proved) + flat}/{len(orders)}", f"{exact}/{len(orders)}", both, sampled


def slowest(entries: Sequence[Entry]) -> str:
    """A row in a line: the slowest rate that is proved in each kind of cell."""
    rates = (f"{_cell(e)}: {_counts(e, {})[0]}" if e.orders else f"{_cell(e)}: not computed" for e in entries)
    return f"{name_of(entries[0].row)}, slowest rate: {'; '.join(rates)}"


def _bound(o: AtlasOrder) -> str:
    return "flat" if o.order.flat else "none" if o.order.upper is None else str(o.order.upper)


def _measured(o: AtlasOrder) -> str:
    if o.order.flat and o.measurement == "needless":
        return "flat"
    if o.order.measured is None or o.measured is None:
        return _MEASURED.get(o.measurement, "")
    error = max(o.order.measured.error or 0.0, LEAST_ERROR)
    return f"{o.measured:.2f}({100 * error:.0f})" + ("*" if o.measurement == "carried" else "")


def _published(o: AtlasOrder) -> str:
    if not o.published:
        return "none" if o.published_reason.kind is ReasonKind.UNMET else "not read"
    return f"{o.published} faster" if o.is_overtaken else o.published


def _slope(o: AtlasOrder) -> str:
    if isinstance(o.slope, str):
        return "flat" if o.order.flat else "no study"
    low, high = ("?" if end is None else f"{end:.2f}" for end in (o.slope.low, o.slope.high))
    mark = f" {o.slope.outcome}"
    if o.slope.outcome == "confirmed":
        ends = (-inf if o.slope.low is None else o.slope.low, inf if o.slope.high is None else o.slope.high)
        mark = "" if o.order.rate is None or is_sharp(o.slope.value, ends, float(o.order.rate)) else " faster"
    return f"{o.slope.value:.2f} [{low}, {high}]{mark}"


_COLUMNS: Columns = {
    "parameter": lambda o: o.order.parameter,
    "bound": _bound,
    "proof": lambda o: o.proof or "none",
    "sides": lambda o: o.sides,
    "measured": _measured,
    "slope to 1e12": _slope,
    "rate": lambda o: "none" if o.order.rate is None else str(o.order.rate),
    "published": _published,
}


def _open_slopes(entry: Entry) -> Iterator[str]:
    """Why slopes do not settle whether they have the rate."""
    slopes = [(o.order.parameter, o.slope) for o in entry.orders if isinstance(o.slope, KeptSlope)]
    reasons = dict.fromkeys(slope.reason for _, slope in slopes if slope.outcome != "confirmed")
    for reason in reasons:
        yield f"  slope of {', '.join(name for name, slope in slopes if slope.reason == reason)}: {reason}"


@dataclass(frozen=True, repr=False, eq=False)
class Atlas(Answer):
    """The exponents of the gates of the literature.

    Attributes:
        found: the entries; None by least squares.
        record: the entries, what the papers state, and the answer.
    """

    found: Found | None

    @property
    def on_page(self) -> Summary:
        """What its page says: every order."""
        return self.summary if self.found is None else summary_of(self.found, whole=True)

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: an order of an entry a row; a slope by its value and its interval."""
        if self.found is None:
            keys = ("gate", "activation", "expert", "d")
            return [{key: e[key] for key in keys} | order for e in self.record["entries"] for order in e["orders"]]
        return [
            {"gate": name_of(entry.row), "cell": entry.cell, "d": entry.d, **order.to_json(), **_interval(order)}
            for entry, order in self.found.every
        ]


@checked
def atlas(
    *,
    gate: str | None = None,
    cell: str | None = None,
    dim: Whole | None = None,
    loss: str = "likelihood",
    certificates: str | None = None,
) -> Atlas:
    """Show the exponents of the gates of the literature: proved, measured, sampled and published.

    Args:
        gate: Only this gate, or the activation gate of this activation, with every order.
        cell: Only this kind of cell: exact (as many atoms as the truth has), two, three, or "all split".
        dim: Only this dimension of x, 1 or 2.
        loss: likelihood, or least-squares: relations and orders of the regression function, without other options.
        certificates: Write the certificates of every entry, of bounds and of curves, to a .json file each in this
            folder, made if there is none; see certify.

    Raises:
        ValueError: there is no such gate, cell or dimension, or a file cannot be written.
    """
    if loss_of(loss) == "least-squares":
        if any(option is not None for option in (gate, cell, dim, certificates)):
            raise BadInput("--loss least-squares has one table, in dimension 1: accepted without other options")
        with Display() as display, display.doing("bounding the orders"):
            record, summary = atlas_by_least_squares()
        return Atlas(None, record=record, summary=summary)
    rows, places = _rows_of(gate), _places_of(cell, dim)
    if certificates is not None:
        _make_folder(certificates)
    with Display() as display, display.doing("bounding the orders") as progress:
        several, done = rows or ROWS, count_from(1)

        def report(entries: Sequence[Entry]) -> None:
            if len(several) > 1:
                progress(i := next(done), len(several))
                display.step(f"row {i} of {len(several)}: {slowest(entries)}")

        entries = gathered(rows=rows or None, places=places, report=report)
    written = () if certificates is None else (_write_certificates(entries, certificates),)
    summary = summary_of(entries, whole=gate is not None)
    return Atlas(entries, record=entries.to_json(), summary=summary, written=written)


def _rows_of(gate: str | None) -> list[AtlasRow]:
    """The rows of a gate, none for all. Raises ValueError for one that has none."""
    rows = [row for row in ROWS if gate is not None and gate in (row.gate, row.source, name_of(row))]
    if not rows and gate is not None:
        names = dict.fromkeys(name for row in ROWS for name in (row.gate, row.source) if name)
        hint = f"; its orders: `temperance exponents --activation {gate}`" if gate in NAMED else ""
        raise BadInput(f"the atlas has no gate {gate!r}; accepted: {', '.join(names)}{hint}")
    return rows


def _places_of(cell: str | None, dim: int | None) -> list[tuple[str, int]]:
    """The cells and dimensions of these. Raises ValueError for one that is not known."""
    cell = next((long for long, short in SHORT.items() if cell == short), cell)
    if cell not in (None, *CELLS):
        accepted = ", ".join(f'"{SHORT[c]}"' if c in SHORT else c for c in CELLS)
        raise BadInput(f"unknown cell {cell!r}; accepted: {accepted}")
    if dim not in (None, 1, 2):
        raise BadInput(f"the atlas has no entries of dimension {dim}; accepted: 1, 2")
    return [place for place in PLACES if cell in (None, place[0]) and dim in (None, place[1])]


def _make_folder(folder: str) -> None:
    """Make a folder of certificates, where there is none. Raises BadInput if it cannot be made or written to."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(
            f"--certificates: cannot make the folder {folder!r}: {reason}; accepted: a folder of yours"
        ) from None
    check_writable(str(Path(folder) / "entry.json"))


def _write_certificates(atlas_part: Found, folder: str) -> str:
    """Write the certificates of every entry, and say so in a line."""
    entries = [entry for entry in atlas_part.entries if entry.certificates]
    for entry in entries:
        name = re.sub(r"[^a-z0-9]+", "-", key(entry.row, entry.cell, entry.d).lower()).strip("-")
        write_file(str(Path(folder) / f"{name}.json"), to_json([dict(proof) for proof in entry.certificates]) + "\n")
    count = sum(len(entry.certificates) for entry in entries)
    return f"{count} certificates of {len(entries)} entries written to {folder}"


def _interval(order: AtlasOrder) -> dict[str, float | None]:
    slope = order.slope
    if isinstance(slope, str):
        return {"slope": None, "slope_low": None, "slope_high": None}
    return {"slope": slope.value, "slope_low": slope.low, "slope_high": slope.high}
