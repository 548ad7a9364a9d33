"""Carries measured orders to larger cells and to dimension 2, whose mixtures hold those that were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import inf

import sympy as sp

from temperance.measurements.atlas_entries import key
from temperance.measurements.contact_orders import KeptOrder
from temperance.measurements.literature import AtlasRow
from temperance.theory.contact.contact_orders import Orders
from temperance.theory.contact.order_setting import same_factor
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import names
from temperance.theory.models.renaming import on_lines_as
from temperance.theory.models.spec import NU
from temperance.theory.settings.order import MET, Order
from temperance.theory.traits.traits import on_lines

Kept = Mapping[str, Sequence[KeptOrder]]
_FEWER = "in a cell of two, whose mixtures are some of those here"
_LINE = "in d = 1; a curve there is one in dimension 2"
_LINEAR = "for linear experts, whose slopes are some of those here"
_ALONE = AtlasRow("softmax", "constant")
_SPLIT = "for the softmax gate and constant experts; a split of b and nu alone is one for every gate (theory.md 2.10)"
Bounds = Callable[[AtlasRow, str, int], Orders]


def carried(row: AtlasRow, cell: str, d: int, order: Order, kept: Kept, bounds: Bounds) -> tuple[KeptOrder, str] | None:
    """The measurement with the largest order where mixtures are some of those of this entry, and where that is.

    bounds: of an entry. Of orders that are the same within `MET`, the one that was measured nearest.
    """
    found: tuple[KeptOrder, str] | None = None
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
        seen = _seen(row, d, there, dim).get(order.name, order.name)
        name = order.parameter.replace(order.name, seen)
        here = next((r for r in kept.get(key(there, smaller, dim), ()) if r.parameter == name), None)
        if here is not None and here.order is not None and here.order > reached + MET:
            reached = here.order
            apart = ((smaller != cell, _FEWER), (dim != d, _LINE), (there.expert != row.expert, _LINEAR))
            words = [text for differs, text in apart if differs]
            found = here, f"measured {_SPLIT if there is _ALONE else ', and '.join(words)}"
    return found


@cache
def seen_on_lines(gate: str, source: str | None) -> bool:
    """Whether a gate in the plane is that of dimension 1 on every line."""
    return gate in names() and on_lines(model(gate, "gaussian", source, 2))


@cache
def _holds_terms(row: AtlasRow, other: AtlasRow, d: int) -> bool:
    """Whether the mean of a row's expert has all terms of another's, which is linear in its parameters."""
    made = expert(row.expert, d), expert(other.expert, d)
    terms = [{sp.diff(mean, p) for p in e.parameters} if (mean := mean_of(e)) is not None else set() for e in made]
    return terms[1] <= terms[0]


@cache
def _seen(row: AtlasRow, d: int, there: AtlasRow, dim: int) -> dict[str, str]:
    """Name of a parameter of an entry -> that of what is seen of it in another, where that is known."""
    found = None if dim == d or there is _ALONE else on_lines_as(model(row.gate, "gaussian", row.source, d).gate, d)
    gate = {} if found is None else {p.name: q.name for p, (q, _) in found[1].items()}
    return gate | same_factor(expert(row.expert, d), d, expert(there.expert, dim), dim)


def _holds_two(row: AtlasRow, cell: str, d: int, bounds: Bounds) -> bool:
    """Whether mixtures with a cell of two, near its true gate, are some of those here, up to the distance."""
    doubled = cell == "every cell split" and bounds(row, cell, d).setting.weighted
    return cell == "three" or (doubled and _keeps_shared(bounds(row, "two", d)))


def _keeps_shared(found: Orders) -> bool:
    """Whether mixtures near the truth have what its atoms share, up to the distance: the other may then be anywhere."""
    shared = {p.name for p in found.setting.spec.gate.shared}
    return all(o.flat or o.upper == 1 for o in found.orders if o.name in shared)
