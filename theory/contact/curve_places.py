"""Tells which curves end at the true point of a setting, and what moves along them there.

What a certificate of a curve does not name may have any true value; an offset that is a multiple of one is none at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.theory.contact.curve_models import ROOT, Q, T, shift_of_weight
from temperance.theory.settings.truth import Setting


def holds(cell: Setting, certificate: Mapping[str, Any]) -> bool:
    """Whether a curve ends in the true mixture of a setting: its points are those of the atoms that it splits."""
    cells, atoms = certificate["cells"], [cell.truth.point(i) for i in range(cell.truth.k)]
    ends = {"one": atoms[:1], "every": atoms, "listed": atoms}[certificate["split"]]
    points = [c["point"] for c in cells] if certificate["split"] == "listed" else [cells[0]["point"]] * len(ends)
    values = [{p.name: v for p, v in atom.items()} for atom in ends]
    named = all(at[p] == sp.Rational(v) for at, point in zip(values, points, strict=True) for p, v in point.items())
    far = {p for p in cell.point if p.name in certificate["nonzero"] and not is_left(cell, p)}
    return named and (not far or (far <= (first := moved_first(cell)) and not {p.name for p in first} & {*points[0]}))


def is_left(cell: Setting, p: sp.Symbol) -> bool:
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


def shown(
    cell: Setting, offsets: Mapping[str, sp.Expr], far: bool = False
) -> dict[str, tuple[int, tuple[sp.Symbol, ...]]]:
    """What is shown to move at the true point -> the power of t, and the true values that it is multiplied by.

    offsets: by title, polynomials in t or quotients. far: what moves only beside the true point (`moved_first`).
    """
    found = {}
    for title, e in offsets.items():
        power, free, single = _first(e)
        zero = {p for p in free if not is_left(cell, p)}
        if e != 0 and single and (far and zero <= moved_first(cell) if zero else not far):
            found[title] = power, free
    return found


@lru_cache(maxsize=1024)
def _first(e: sp.Expr) -> tuple[int, tuple[sp.Symbol, ...], bool]:
    """The least power of t in a quotient of polynomials; the symbols before it, and whether they are a monomial."""
    quotient = (e,) if e.is_polynomial() else sp.fraction(sp.cancel(e))
    parts = [sp.Poly(part, T).terms()[-1] for part in quotient]
    free = sorted({v for _, c in parts for v in c.free_symbols} - {Q, ROOT}, key=str)
    single = all(sp.Poly(c, *free, sp.Dummy()).is_monomial for _, c in parts)
    return parts[0][0][0], tuple(free), single
