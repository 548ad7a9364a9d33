"""Carries measured orders to larger cells and to dimension 2, whose mixtures hold those that were measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from temperance.measurements.atlas_entries import key
from temperance.measurements.contact_orders import MET
from temperance.measurements.literature import AtlasRow
from temperance.theory.rates.contact_orders import Order, Orders, on_line

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
ON_LINES = ("linear", "softmax", "activation", "activation-bias", "quadratic")
"""The gates whose curves in dimension 1 are curves in every dimension (theory.md 2.10, curves of dimension 1)."""
_FEWER = "in a cell of two, whose mixtures are some of those here"
_LINE = "in d = 1; a curve there is one in dimension 2"
_NODES = "in d = 1; the split of b and nu at Gauss-Hermite nodes has this order whatever the gate and d (theory.md 2.7)"


def carried(
    row: AtlasRow, cell: str, d: int, order: Order, kept: Kept, bounds: Callable[[AtlasRow, str, int], Orders]
) -> tuple[float, str] | None:
    """The largest order that was measured where mixtures are some of those of this entry, and where that is.

    bounds: of an entry. Of orders that are the same within `MET`, the one that was measured nearest.
    """
    found: tuple[float, str] | None = None
    line = _LINE if row.gate in ON_LINES else _NODES
    for smaller, dim in _places(row, cell, d, order, bounds):
        name = order.parameter if dim == d else order.parameter.replace(order.name, on_line(order.name, row.expert))
        value = {r["parameter"]: r["order"] for r in kept.get(key(row, smaller, dim), ())}.get(name)
        words = [*([_FEWER] if smaller != cell else []), *([line] if dim != d else [])]
        if value is not None and (found is None or value > found[0] + MET):
            found = float(value), f"measured {', and '.join(words)}"
    return found


def _places(
    row: AtlasRow, cell: str, d: int, order: Order, bounds: Callable[[AtlasRow, str, int], Orders]
) -> Iterator[tuple[str, int]]:
    """The cells and dimensions of such mixtures."""
    split = order.name in ("b", "nu") and not order.mean
    dims = (d, 1) if d == 2 and (row.gate in ON_LINES or split) else (d,)
    larger = cell == "three" or (cell == "every cell split" and _keeps_tau(bounds(row, "two", d)))
    places = [(c, dim) for dim in dims for c in ([cell, "two"] if larger else [cell])]
    return iter(places[1:])


def _keeps_tau(found: Orders) -> bool:
    """Whether mixtures near the truth have its tau, up to the distance: the other true atom may then be anywhere."""
    return all(o.flat or o.upper == 1 for o in found.orders if o.name == "tau")
