"""Carries measured orders to larger cells and to dimension 2, whose mixtures hold those that were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from temperance.measurements.atlas_entries import key
from temperance.measurements.literature import AtlasRow
from temperance.theory.contact.contact_orders import Orders
from temperance.theory.contact.order_setting import on_line
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import names
from temperance.theory.settings.order import MET, Order
from temperance.theory.traits.traits import on_lines

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
_FEWER = "in a cell of two, whose mixtures are some of those here"
_LINE = "in d = 1; a curve there is one in dimension 2"
_LINEAR = "for linear experts, whose slopes are some of those here"
_ALONE = AtlasRow("softmax", "constant")
_SPLIT = "for the softmax gate and constant experts; a split of b and nu alone is one for every gate (theory.md 2.10)"
Bounds = Callable[[AtlasRow, str, int], Orders]


def carried(
    row: AtlasRow, cell: str, d: int, order: Order, kept: Kept, bounds: Bounds
) -> tuple[Mapping[str, Any], str] | None:
    """The measurement with the largest order where mixtures are some of those of this entry, and where that is.

    bounds: of an entry. Of orders that are the same within `MET`, the one that was measured nearest.
    """
    found: tuple[Mapping[str, Any], str] | None = None
    cells = [cell, "two"] if _holds_two(row, cell, d, bounds) else [cell]
    dims = (d, 1) if d == 2 and seen_on_lines(row.gate, row.source) else (d,)
    places = [(row, c, dim) for dim in dims for c in cells]
    if row.expert == "polynomial:2":
        places += [(replace(row, expert="gaussian"), c, dim) for _, c, dim in places]
    alone = order.name == "nu" or (order.name == "b" and not order.is_mean)
    if alone and not row.expert.startswith("nonlinear"):
        places += [(_ALONE, c, 1) for c in dict.fromkeys([cell, "two"])]
    for there, smaller, dim in places[1:]:
        seen = on_line(order.name, row.expert) if dim != d else order.name
        seen = "a" if (seen, dim, there.expert) == ("a_1", 1, "gaussian") else seen
        name = order.parameter.replace(order.name, seen)
        here = {r["parameter"]: r for r in kept.get(key(there, smaller, dim), ()) if r["order"] is not None}.get(name)
        if here is not None and (found is None or here["order"] > found[0]["order"] + MET):
            apart = ((smaller != cell, _FEWER), (dim != d, _LINE), (there.expert != row.expert, _LINEAR))
            words = [text for differs, text in apart if differs]
            found = here, f"measured {_SPLIT if there is _ALONE else ', and '.join(words)}"
    return found


@cache
def seen_on_lines(gate: str, source: str | None) -> bool:
    """Whether a gate in the plane is that of dimension 1 on every line."""
    return gate in names() and on_lines(model(gate, "gaussian", source, 2))


def _holds_two(row: AtlasRow, cell: str, d: int, bounds: Bounds) -> bool:
    """Whether mixtures with a cell of two, near its true gate, are some of those here, up to the distance."""
    doubled = cell == "every cell split" and bounds(row, cell, d).setting.weighted
    return cell == "three" or (doubled and _keeps_tau(bounds(row, "two", d)))


def _keeps_tau(found: Orders) -> bool:
    """Whether mixtures near the truth have its tau, up to the distance: the other true atom may then be anywhere."""
    return all(o.flat or o.upper == 1 for o in found.orders if o.name == "tau")
