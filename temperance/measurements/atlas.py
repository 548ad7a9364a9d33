"""The atlas: gates of the literature, the contact orders of their cells, and what is published.

An entry is a gate with an expert, a kind of cell and a dimension of x. It has a bound of each parameter and of each
weighted mean, what proves it, a measured order, the rate, the slope of a kept study and the published exponent. Bounds
are computed on demand; measurements are kept in `data/atlas.json`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache, partial
from importlib.resources import files
from itertools import chain
from typing import Any

from temperance.measurements import exponent_results, kept_slopes
from temperance.measurements.atlas_entries import Atlas, AtlasOrder, Entry, Tried, key
from temperance.measurements.carried_orders import Kept, carried, seen_on_lines
from temperance.measurements.contact_orders import KeptOrder, family, true_atoms
from temperance.measurements.contact_orders import kept as measured_again
from temperance.measurements.kept_slopes import KeptSlope
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.numerics.studies.store import prepare
from temperance.numerics.studies.workers import local_workers
from temperance.theory.activations.activation import activation
from temperance.theory.contact.bound_certificates import assumed
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import Arguments, flat_curves
from temperance.theory.contact.orders_from_theorems import published_rates
from temperance.theory.models.experts import gaussian
from temperance.theory.models.form import activated
from temperance.theory.settings.order import MET, Measurement, Order
from temperance.theory.settings.reasons import Reason, ReasonKind
from temperance.theory.settings.truth import Setting

CELLS: Mapping[str, Mapping[str, Any]] = {
    "exact": {"size": 1},
    "two": {"size": 2},
    "three": {"size": 3},
    "every cell split": {"size": 2, "split": "all"},
}
"""Kinds of cells: as many atoms as the truth has, two or three atoms beside a singleton, and two cells of two."""
PLACES: tuple[tuple[str, int], ...] = tuple((cell, d) for cell in CELLS for d in (1, 2))
"""The kinds of cells and the dimensions of x that a row has entries in."""

_TABLE = "CREATE TABLE atlas (entry TEXT PRIMARY KEY, orders TEXT NOT NULL)"
_SLOW = ": the mean takes many minutes in a cell of three, and no order above 1 is known in a smaller one"


def atlas(
    kept: Kept | None = None,
    *,
    rows: Sequence[AtlasRow] | None = None,
    places: Sequence[tuple[str, int]] = PLACES,
    told: Callable[[Sequence[Entry]], None] = lambda entries: None,
) -> Atlas:
    """The atlas.

    Args:
        kept: measurements in place of those kept (`stored`), by `key`.
        rows: a part of `ROWS`, in place of all. places: a part of `PLACES`.
        told: called with the entries of a row as soon as they are found.
    """
    measured = stored() if kept is None else kept
    chosen = ROWS if rows is None else rows
    found: list[Entry] = []
    for row in chosen:
        entries_ = [entry(row, cell, d, measured) for cell, d in places]
        told(entries_)
        found += entries_
    return Atlas(tuple(found))


@cache
def setting(row: AtlasRow, cell: str, d: int) -> Setting:
    """The setting of the cells of an entry. Raises ValueError where orders cannot be computed there."""
    if row.refused is not None:
        raise ValueError(row.refused)
    return _arguments(row, cell, d).setting()


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
        found = bounds(row, cell, d)
    except ValueError as error:
        return Entry(row, cell, d, (), (Reason(ReasonKind.REFUSED, str(error)),), None)
    seen = {r.parameter: r for r in measured.get(key(row, cell, d), ())}
    published, slopes = _published(row, cell, d), _slopes(row, cell, d)
    made = []
    for order in found.orders:
        own = seen.get(order.parameter)
        measurement, where = _measurement(order, cell, own)
        elsewhere = carried(row, cell, d, order, measured, bounds) if measurement != "needless" else None
        reached = own.order if own is not None and measurement == "settled" else None
        if elsewhere and not order.flat and (reached is None or (elsewhere[0].order or 0.0) > reached + MET):
            measurement, (own, where) = "carried", elsewhere
        value = own if measurement in ("settled", "carried") else None
        slope = "no study of it is kept" if slopes is None else slopes(order)
        slope = "a flat parameter has no rate" if order.flat else slope
        exponent, reason = _exponent(row, order, found, published)
        if value is not None:
            order = replace(order, measured=Measurement(value.order, value.error))
        made.append(AtlasOrder(order, measurement, where, slope, exponent, reason))
    given = tuple(dict.fromkeys(theorem for proof in found.certificates for theorem in assumed(proof)))
    proofs = (*found.certificates, *found.curves)
    return Entry(row, cell, d, tuple(made), found.reasons, true_atoms(found.setting), proofs, given)


def _is_scaled(order: Order, found: Orders) -> bool:
    """Whether a parameter is flat along a symmetry that has invariants, whose orders are apart."""
    exact = found.setting.size == 1
    return order.flat and (exact or (flat_curves(found.setting).scale is not None and order.parameter == order.name))


def _measurement(order: Order, cell: str, kept: KeptOrder | None) -> tuple[Tried, str]:
    """The measurement's status, and its explanation."""
    if order.flat and not (kept and kept.flat):  # an identity is not overruled by what a minimisation reached
        return "needless", "an exact curve of one density is known"
    if order.upper == 1 and (kept is None or (kept.order is None and not kept.flat)):
        return "needless", "no order is below 1"
    if kept is None:
        return "missing", "not measured yet" + (_SLOW if order.is_mean and cell == "three" else "")
    if kept.flat:
        return "zero", "every distance is 0 to rounding"
    if kept.order is None:
        return "not settled", "the local exponents have not settled"
    return "settled", "measured here"


def _slopes(row: AtlasRow, cell: str, d: int) -> Callable[[Order], KeptSlope | str] | None:
    """The slopes of the kept study of an entry; None where there is no such study."""
    arguments, kept = _arguments(row, cell, d), exponent_results.stored()
    name = next((name for name, plan in exponent_results.STUDIES.items() if plan.setting == arguments), None)
    if name is not None and name in kept:
        groups = {o.parameter: o.title for o in bounds(row, cell, d).orders}
        return partial(kept_slopes.of_study, kept[name], groups)
    if cell == "every cell split" or row.point:
        return None
    try:
        spec = setting(row, "two", d).spec
    except ValueError:  # of no cell orders are computed
        return None
    form = activated(spec.gate, d)
    if form is None or form.bias is not None or spec.expert != gaussian(d):
        return None
    source = "linear" if form.s.is_linear else activation(row.source or form.s).name
    studies = kept_slopes.claim_studies(source, 1.0 if form.tau is None else None, CELLS[cell]["size"], d)
    return partial(kept_slopes.of_claims, studies) if studies else None


def is_tested(row: AtlasRow, cell: str, d: int, kept: Kept) -> bool:
    """Whether a measurement or a study is kept that the bounds of an entry can be held against."""
    return key(row, cell, d) in kept or _slopes(row, cell, d) is not None


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
    row: AtlasRow, order: Order, found: Orders, published: Mapping[str, tuple[Any, Reason]]
) -> tuple[str | None, Reason]:
    """The published exponent of an order and where it is from, or None and why none is known."""
    if order.is_mean:
        return None, Reason(ReasonKind.UNREAD, "no exponent of a weighted mean was read")
    if _is_scaled(order, found):
        return None, Reason(ReasonKind.UNREAD, "exponents are of the invariants")
    unread = Reason(ReasonKind.UNREAD, f"no exponent was read in arXiv {', '.join(row.papers)}")
    exponent, reason = published.get(order.name, (None, unread))
    return None if exponent is None else str(exponent), reason


def measure(row: AtlasRow, cell: str, d: int, parameter: str | None = None) -> list[KeptOrder]:
    """Measure an entry, or one order of it: differences, shared parameters, weighted means.

    Means in cells of three, which take long, are left out where there are four parameters or more and the order that is
    carried to them meets the bound, or, for d > 1, where there is one.
    """
    found, kept = bounds(row, cell, d), stored()
    chosen = tuple(o for o in found.orders if parameter in (None, o.parameter))

    def is_open(order: Order) -> bool:
        elsewhere = carried(row, cell, d, order, kept, bounds)
        return elsewhere is None or (d == 1 and (elsewhere[0].order or 0.0) < float(order.upper or 1) - MET)

    slow = [o for o in chosen if o.is_mean and o.upper not in (None, 1) and is_open(o)]
    return measured_again(replace(found, orders=chosen), slow)


def entries() -> list[tuple[AtlasRow, str, int]]:
    """The entries whose orders are measured: in the least dimension, and in 2 where those of 1 are not carried."""

    def computed(row: AtlasRow, cell: str, d: int) -> bool:
        try:
            return bool(family(setting(row, cell, d)))
        except ValueError:
            return False

    dims = [(row, d) for row in ROWS for d in {row.d, row.d if seen_on_lines(row.gate, row.source) else 2}]
    return [(row, cell, d) for row, d in dims for cell in CELLS if computed(row, cell, d)]


@cache
def stored() -> Mapping[str, tuple[KeptOrder, ...]]:
    """The measurements that are kept, by `key`."""
    text = files("temperance.measurements").joinpath("data/atlas.json").read_text(encoding="utf-8")
    return {name: tuple(KeptOrder(**r) for r in rows) for name, rows in json.loads(text).items()}


def _arguments(row: AtlasRow, cell: str, d: int) -> Arguments:
    """What an entry is of: its cells are those of `CELLS`."""
    return Arguments(row.gate, row.expert, row.source, point=row.point, dim=d, **CELLS[cell])


def remeasured(
    path: str,
    *,
    rows: Sequence[AtlasRow] | None = None,
    places: Sequence[tuple[str, int]] = PLACES,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Sequence[KeptOrder]]:
    """Measure entries again, each kept in an SQLite file as soon as it is done; those that it holds are not.

    Args:
        path: the file. rows, places: a part of the entries, as `atlas` has them.
        workers: processes, each of which measures one order after the other; 1: this one.
        progress: told how many entries are done, and of how many.
    """
    with closing(sqlite3.connect(path)) as store:
        prepare(store, path, [_TABLE], "store of the atlas")
        kept = store.execute("SELECT entry, orders FROM atlas")
        done: dict[str, Sequence[KeptOrder]] = {name: [KeptOrder(**r) for r in json.loads(text)] for name, text in kept}
        every = [e for e in entries() if (rows is None or e[0] in rows) and e[1:] in places]
        todo = [e for e in every if key(*e) not in done]
        runs = zip(todo, _measured(todo, workers), strict=True)
        for finished, (e, found) in enumerate(runs, len(every) - len(todo) + 1):
            done[key(*e)] = found
            kept_as = json.dumps([asdict(r) for r in found])
            with store:
                store.execute("INSERT OR REPLACE INTO atlas VALUES (?, ?)", (key(*e), kept_as))
            progress(finished, len(every))
    return done


def _measured(todo: Sequence[tuple[AtlasRow, str, int]], workers: int) -> Iterator[list[KeptOrder]]:
    """The measurements of entries, in their order."""
    if workers == 1:
        yield from (measure(*e) for e in todo)
        return
    tasks = [[(ROWS.index(row), cell, d, o.parameter) for o in bounds(row, cell, d).orders] for row, cell, d in todo]
    with local_workers(workers) as pool:
        found = pool.map(_order, chain.from_iterable(tasks))  # an interrupt in it cancels what waits
        for some in tasks:
            yield [r for _ in some for r in next(found)]


def _order(task: tuple[int, str, int, str]) -> list[KeptOrder]:
    """The measurement of one order, if it needs one; row: its place in `ROWS`."""
    row, cell, d, parameter = task
    return measure(ROWS[row], cell, d, parameter)
