"""Carries measured orders to larger cells and to dimension 2, whose mixtures hold those that were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
_ALONE = AtlasRow("softmax", "constant")
_SPLIT = "for the softmax gate and constant experts; a split of b and nu alone is one for every gate (theory.md 2.10)"
Bounds = Callable[[AtlasRow, str, int], Orders]


def carried(row: AtlasRow, cell: str, d: int, order: Order, kept: Kept, bounds: Bounds) -> tuple[float, str] | None:
    """The largest order that was measured where mixtures are some of those of this entry, and where that is.

    bounds: of an entry. Of orders that are the same within `MET`, the one that was measured nearest.
    """
    found: tuple[float, str] | None = None
    cells = [cell, "two"] if _holds_two(row, cell, d, bounds) else [cell]
    dims = (d, 1) if d == 2 and row.gate in ON_LINES else (d,)
    places = [(row, c, dim) for dim in dims for c in cells]
    alone = order.name == "nu" or (order.name == "b" and not order.mean)
    if alone and not row.expert.startswith("nonlinear"):
        places += [(_ALONE, c, 1) for c in dict.fromkeys([cell, "two"])]
    for there, smaller, dim in places[1:]:
        seen = on_line(order.name, row.expert)
        name = order.parameter if dim == d else order.parameter.replace(order.name, seen)
        value = {r["parameter"]: r["order"] for r in kept.get(key(there, smaller, dim), ())}.get(name)
        if value is not None and (found is None or value > found[0] + MET):
            words = [*([_FEWER] if smaller != cell else []), *([_LINE] if dim != d else [])]
            found = float(value), f"measured {_SPLIT if there is _ALONE else ', and '.join(words)}"
    return found


def _holds_two(row: AtlasRow, cell: str, d: int, bounds: Bounds) -> bool:
    """Whether mixtures with a cell of two, near its true gate, are some of those here, up to the distance."""
    return cell == "three" or (cell == "every cell split" and _keeps_tau(bounds(row, "two", d)))


def _keeps_tau(found: Orders) -> bool:
    """Whether mixtures near the truth have its tau, up to the distance: the other true atom may then be anywhere."""
    return all(o.flat or o.upper == 1 for o in found.orders if o.name == "tau")
