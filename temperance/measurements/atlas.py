"""The atlas: gates of the literature, the contact orders of their cells, and what is published (d = 1).

Every entry is a gate with an expert and a kind of cell: a bound that is certified or by a theorem, a measured order,
the rate that the bound proves, and the published exponent. Bounds are computed on demand; measurements are kept in
`data/exponent_table.json` and `data/atlas.json`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from temperance.measurements import order_results
from temperance.measurements.contact_orders import MET
from temperance.measurements.literature import PAPERS, ROWS, AtlasRow
from temperance.theory.rates.contact_orders import Order, Orders, OrderSetting, order_setting, orders
from temperance.theory.rates.orders_from_theorems import published_rates

CELLS: Mapping[str, Mapping[str, Any]] = {
    "two": {"size": 2},
    "three": {"size": 3},
    "every cell split": {"size": 2, "split": "all"},
}
"""Kinds of cells: of two or three atoms beside a singleton, and two true atoms that are fitted by two each."""


@dataclass(frozen=True)
class AtlasOrder:
    """A parameter of an entry.

    proof: certificate, theorem, identity (flat), or None. measured: the order, None where there is none. measurement:
    settled, not settled, zero (no distance is told from 0), needless (no order is below 1) or missing. published: the
    exponent of n, None where none is known.
    """

    order: Order
    proof: str | None
    measured: float | None
    measurement: str
    published: str | None

    @property
    def agrees(self) -> bool | None:
        """Whether proof and measurement have met; False where they contradict each other, None where they are apart."""
        upper = self.order.upper
        if self.order.flat:  # a distance that is not 0 is a minimum that was missed
            return None if self.measurement in ("settled", "not settled") else True
        if upper == 1:
            return True
        if upper is None or self.measured is None:
            return None
        if self.measured > float(upper) + MET:
            return False
        return True if self.measured >= float(upper) - MET else None

    def to_json(self) -> dict[str, Any]:
        """The keys of an order in `atlas --json`."""
        upper = self.order.upper
        return {
            "parameter": self.order.parameter,
            "flat": self.order.flat,
            "upper": None if upper is None else str(upper),
            "proof": self.proof,
            "measured": self.measured,
            "measurement": self.measurement,
            "rate": None if upper is None else str(1 / (2 * upper)),
            "published": self.published,
            "agrees": self.agrees,
        }


@dataclass(frozen=True)
class Entry:
    """A gate with an expert in one kind of cell; reason: why it has no orders, or what they assume."""

    row: AtlasRow
    cell: str
    orders: tuple[AtlasOrder, ...]
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of an entry in `atlas --json`."""
        row = self.row
        return {
            "gate": row.gate,
            "activation": row.source,
            "expert": row.expert,
            "point": dict(row.point),
            "cell": self.cell,
            "orders": [order.to_json() for order in self.orders],
            "reasons": list(self.reasons),
            "papers": list(row.papers),
        }


@dataclass(frozen=True)
class Atlas:
    """All entries."""

    entries: tuple[Entry, ...]

    @property
    def answer(self) -> str:
        """How many orders are proved and measured, and whether any two legs contradict each other."""
        every = [order for entry in self.entries for order in entry.orders]
        proofs = Counter(order.proof for order in every)
        met = sum(order.agrees is True for order in every)
        against = sum(order.agrees is False for order in every)
        empty = sum(not entry.orders for entry in self.entries)
        verdict = "no measurement contradicts a proof" if not against else f"{against} measurements contradict a proof"
        return (
            f"{len(self.entries)} entries, {len(every)} orders: {proofs['certificate']} bounded with a certificate, "
            f"{proofs['theorem']} by a theorem, {proofs['identity']} flat by an identity, {proofs[None]} without a "
            f"proof; {met} known exactly, as bound and measurement meet; {verdict}; {empty} entries are not computed"
        )

    def to_json(self) -> dict[str, Any]:
        """What `atlas --json` prints."""
        papers = [{"arxiv": p.arxiv, "gates": p.gates, "abstract": p.abstract} for p in PAPERS]
        return {"entries": [entry.to_json() for entry in self.entries], "papers": papers, "answer": self.answer}


def atlas(kept: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, *, every: bool = True) -> Atlas:
    """The atlas.

    Args:
        kept: measurements in place of those kept (`stored`), by `key`.
        every: all kinds of cells, or cells of two alone.
    """
    measured = stored() if kept is None else kept
    cells = CELLS if every else {"two": CELLS["two"]}
    return Atlas(tuple(entry(row, cell, measured) for row in ROWS for cell in cells))


def setting(row: AtlasRow, cell: str) -> OrderSetting:
    """The setting of an entry. Raises ValueError where orders cannot be computed there."""
    return order_setting(row.gate, row.expert, row.source, point=row.point or None, dim=row.d, **CELLS[cell])


def key(row: AtlasRow, cell: str) -> str:
    """The name of an entry among measurements."""
    point = ", ".join(f"{name} = {value}" for name, value in row.point.items())
    return "; ".join(filter(None, (row.gate, row.source, row.expert, point, cell)))


def entry(row: AtlasRow, cell: str, measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> Entry:
    """One entry, with what was measured."""
    if row.refused is not None:
        return Entry(row, cell, (), (row.refused,))
    try:
        chosen = setting(row, cell)
    except ValueError as error:
        return Entry(row, cell, (), (str(error),))
    found, seen = _bounds(row, cell), {r["parameter"]: r for r in measured.get(key(row, cell), ())}
    published = published_rates(chosen.cell, chosen.source, chosen.size, chosen.split == "all")
    made = []
    for order in found.orders:
        if order.mean:
            continue
        proof = "identity" if order.flat else "certificate" if order.certified else "theorem" if order.upper else None
        kept = seen.get(order.parameter)
        exponent, _ = published.get(order.name, (None, ""))
        measurement, value = _measurement(order, kept)
        made.append(AtlasOrder(order, proof, value, measurement, None if exponent is None else str(exponent)))
    return Entry(row, cell, tuple(made), found.reasons)


def _measurement(order: Order, kept: Mapping[str, Any] | None) -> tuple[str, float | None]:
    """What became of the measurement of an order, and the order."""
    if kept is None:
        return "needless" if order.upper == 1 else "missing", None
    if kept["flat"]:
        return "zero", None
    return ("not settled", None) if kept["order"] is None else ("settled", float(kept["order"]))


@cache
def _bounds(row: AtlasRow, cell: str) -> Orders:
    return orders(setting(row, cell))


def measure(row: AtlasRow, cell: str) -> list[dict[str, Any]]:
    """Measure an entry: the orders of its differences and shared parameters."""
    found = _bounds(row, cell)
    return order_results.records(replace(found, orders=tuple(o for o in found.orders if not o.mean)))


def entries() -> list[tuple[AtlasRow, str]]:
    """The entries whose orders can be computed."""
    found = []
    for row in ROWS:
        for cell in CELLS:
            try:
                if row.refused is None and setting(row, cell):
                    found.append((row, cell))
            except ValueError:
                continue
    return found


def stored() -> dict[str, list[dict[str, Any]]]:
    """The measurements that are kept, by `key`; those of `order_results` among them."""
    text = files("temperance.measurements").joinpath("data/atlas.json").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = json.loads(text)
    table = order_results.stored()
    for name, given in order_results.SETTINGS.items():
        for row, cell in ((row, cell) for row in ROWS for cell in CELLS):
            if name in table and row.refused is None and _same(row, cell, given):
                found.setdefault(key(row, cell), list(table[name].values()))
    return found


def _same(row: AtlasRow, cell: str, given: Mapping[str, Any]) -> bool:
    """Whether an entry is a setting of `order_results`."""
    ours = {"gate": row.gate, "expert": row.expert, "source": row.source, "point": dict(row.point), **CELLS[cell]}
    defaults: dict[str, Any] = {"expert": "gaussian", "source": None, "point": {}, "size": 2, "split": "one"}
    theirs = {**defaults, **given}
    theirs["point"] = {name: str(value) for name, value in theirs["point"].items()}
    return {**defaults, **ours} == theirs


def remeasured(path: str) -> dict[str, list[dict[str, Any]]]:
    """Measure every entry again, each kept in an SQLite file as soon as it is done; those that it holds are not."""
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE IF NOT EXISTS atlas (entry TEXT PRIMARY KEY, orders TEXT NOT NULL)")
        done = {name: json.loads(text) for name, text in store.execute("SELECT entry, orders FROM atlas")}
        for row, cell in entries():
            name = key(row, cell)
            if name not in done:
                done[name] = measure(row, cell)
                with store:
                    store.execute("INSERT OR REPLACE INTO atlas VALUES (?, ?)", (name, json.dumps(done[name])))
    return done
