"""Tells where curves begin that end at the true point of a setting: there, or beside it, where a true value 0 moves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.theory.contact.curve_models import T, shift_of_weight
from temperance.theory.settings.truth import Setting


def places_beside(cell: Setting, here: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The place where parameters with the true value 0 are any other number, if an identity leads there.

    An exact curve of all cells moves them from any true value. Orders are no smaller than at the mixtures with the true
    density that are near the true one.
    """
    moved = moved_first(cell)
    zero = sorted(p.name for p in moved if not is_nonzero_at_truth(cell, p))
    names = {p.name for p in moved}
    if not zero or not names <= {*here["model"]["own"]}:
        return []
    points = [{p: v for p, v in point.items() if p not in names} for point in here["points"]]
    return [{**here, "points": points, "nonzero": zero}]


def is_nonzero_at_truth(cell: Setting, p: sp.Symbol) -> bool:
    """Whether the true value of a parameter is not 0."""
    return cell.point[p].is_zero is False


@lru_cache(maxsize=64)
def moved_first(cell: Setting) -> frozenset[sp.Symbol]:
    """The parameters that an exact curve of all cells moves from any true value, so that no value 0 is in the way.

    Orders are no smaller than at the mixtures with the true density that are near the true one.
    """
    shift = shift_of_weight(cell, 1) if cell.every and cell.weighted else None
    moved = {p: sp.diff(e, T).subs(T, 0).subs(cell.point) for p, e in (shift or {}).items()}
    return frozenset(p for p, speed in moved.items() if speed != 0)
