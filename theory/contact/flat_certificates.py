"""Writes certificates of what is flat: exact curves along which a parameter moves and the density does not (2.5, 2.10).

A curve is told from the log weight: all offsets of the gate scaled; all cells moved by what is linear in the weight;
two atoms that keep the mean of a power. Of those that are tried those count that the checker accepts, and that hold at
the true point of the setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import sympy as sp

from temperance.theory.checker.rejected import objection
from temperance.theory.contact.curve_models import ROOT, T, model_text, shift_of_weight
from temperance.theory.contact.curve_places import holds, shown
from temperance.theory.curves.curve_checker import FORMAT, check, statement
from temperance.theory.models.weights import own_parameters
from temperance.theory.settings.truth import Setting

Place = Mapping[sp.Symbol, sp.Expr]
"""The true values of a gate's parameters in an atom."""
_MOST_POWER = 4


def flat_certificates(cell: Setting) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The certificates of exact curves that the checker accepts: along a scale, and along other curves.

    Along a scale the invariants of the gate stay; along the others they move.
    """
    first = cell.held if cell.size > 1 else ()  # in the words of a statement
    places = [{p: at[p] for p in (*first, *at)} for at in map(cell.truth.point, range(cell.truth.k))]
    others = [_means_of_squares(cell)]
    others += [_shifts(cell), _of_two(cell, places)] if cell.every and cell.weighted else []
    return _accepted(cell, [_scales(cell), _by_lengths(cell, places)]), _accepted(cell, others)


def _accepted(cell: Setting, tried: Sequence[Iterator[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Those that show of something new that it is flat."""
    found: list[dict[str, Any]] = []
    for certificate in chain(*tried):
        known = {title for other in found for title in other["orders"]}
        new = certificate["orders"].keys() - known
        if new and holds(cell, certificate) and objection(check, certificate) is None:
            found.append(certificate)
    return found


def _issued(
    cell: Setting,
    cells: Sequence[tuple[Place, Sequence[tuple[sp.Expr, Place]]]],
    split: str,
    shared: Place,
    length: sp.Expr | None = None,
) -> dict[str, Any]:
    """A certificate. cells: the true values that are told, and the shares and offsets of atoms. length: r^2."""
    written, moved = [], shown(cell, {p.name: e for p, e in shared.items()})
    for place, atoms in cells:
        point = {p.name: str(v) for p, v in place.items()}
        parts = [
            {
                "nodes": ["0", "1"],
                "share": str(share),
                "offsets": {p.name: sp.sstr(e) for p, e in offsets.items() if e != 0},
            }
            for share, offsets in atoms
        ]
        written.append({"point": point, "atoms": parts})
        for _, offsets in atoms:
            moved |= shown(cell, {p.name: e for p, e in offsets.items()})
        names = dict.fromkeys(p for _, at in atoms for p in at)
        means = {p: sum(share * offsets.get(p, 0) for share, offsets in atoms) for p in names}
        moved |= shown(cell, {f"mean {p.name}": mean for p, mean in means.items()})
    issued = {
        "format": FORMAT,
        "model": model_text(cell),
        "split": split,
        "number": None
        if length is None
        else {"polynomial": [str(-length), "0", "1"], "between": ["0", str(length + 1)]},
        "shared": {p.name: sp.sstr(e) for p, e in shared.items() if e != 0},
        "cells": written,
        "nonzero": sorted({p.name for _, free in moved.values() for p in free}),
        "degree": None,
        "orders": dict.fromkeys(moved, "flat"),
    }
    return {**issued, "statement": statement(issued)}


def _scales(cell: Setting) -> Iterator[dict[str, Any]]:
    """All parameters of the gate times 1 + t, shared ones times a power of it, at any true values."""
    for power in range(_MOST_POWER + 1) if cell.spec.gate.shared else (0,):
        shared = {p: sp.expand(p * ((1 + T) ** power - 1)) for p in cell.spec.gate.shared}
        place = {p: cell.point[p] for p in shared if cell.point[p].is_Rational}
        shared = {p: e.subs(place) for p, e in shared.items()}
        yield _issued(cell, [(place, [(sp.S.One, {p: p * T for p in own_parameters(cell.spec)})])], "every", shared)


def _by_lengths(cell: Setting, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Vectors of one length r times 1 + t, and shared parameters so that v/((|v| + 1) tau) stays."""
    own, shared = own_parameters(cell.spec), cell.spec.gate.shared
    squares = {sum(at[p] ** 2 for p in own) for at in places}
    if len(squares) != 1 or not (square := squares.pop()).is_Rational:
        return
    told = [{p: v for p, v in at.items() if p in (*own, *shared) and v.is_Rational} for at in places]
    cells = [(at, [(sp.S.One, {p: at[p] * T for p in own if p in at})]) for at in told]
    factor = (1 + T) * (ROOT + 1) / ((1 + T) * ROOT + 1) - 1
    yield _issued(cell, cells, "listed", {p: sp.cancel(places[0][p] * factor) for p in shared}, square)


def _means_of_squares(cell: Setting) -> Iterator[dict[str, Any]]:
    """Two atoms whose parameters are multiples of the true ones and keep the mean of squares."""
    size = cell.size
    if size < 2 or not cell.weighted:
        return
    sides = [(1 + sign * 2 * T - T**2) / (1 + T**2) for sign in (1, -1)]
    atoms = [{p: sp.cancel(p * (side - 1)) for p in own_parameters(cell.spec)} for side in sides] + [{}] * (size - 2)
    place = {p: cell.point[p] for p in cell.spec.gate.shared if cell.point[p].is_Rational}
    yield _issued(cell, [(place, [(sp.Rational(1, size), offsets) for offsets in atoms])], "one", {})


def _shifts(cell: Setting) -> Iterator[dict[str, Any]]:
    """What stands before powers of x, or before x alone, in every log weight moved by t."""
    for most in (None, 1):
        if (found := shift_of_weight(cell, most)) is not None:
            yield _issued(cell, [({}, [(sp.S.One, found)])], "every", {})


def _of_two(cell: Setting, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Two true atoms at told places that change in different ways: on one ray, or turned to both sides."""
    own = own_parameters(cell.spec)
    if len(places) != 2 or any(not at[p].is_Rational for at in places for p in own):
        return
    first, second = places
    drift = {p: first[p] * T for p in cell.spec.gate.shared}
    half = {p: (first[p] + second[p]) / 2 for p in own}
    gap = {p: (first[p] - second[p]) / 2 for p in own}
    ways: list[tuple[Sequence[Place], Place]] = [([{p: at[p] * 0 + first[p] * T for p in own} for at in places], {})]
    ways.append(([{p: sign * gap[p] * T for p in own} for sign in (1, -1)], drift))
    bent = [
        {p: half[p] / (1 + T) + sign * gap[p] * (1 + T) - at[p] for p in own} for sign, at in ((1, first), (-1, second))
    ]
    ways.append((bent, {}))
    if len(own) == 2 and sum(v**2 for v in gap.values()) != 0:
        c, s = (1 - T**2) / (1 + T**2), 2 * T / (1 + T**2)
        turned = [
            {own[0]: (c - 1) * at[own[0]] - way * at[own[1]], own[1]: way * at[own[0]] + (c - 1) * at[own[1]]}
            for at, way in ((first, s), (second, -s))
        ]
        u, v = own  # the difference of the two is multiplied by this factor, where their lengths are the same
        factor = c + s * (half[u] * gap[v] - half[v] * gap[u]) / (gap[u] ** 2 + gap[v] ** 2)
        ways.append((turned, {p: first[p] * (factor - 1) for p in cell.spec.gate.shared}))
    for offsets, shared in ways:
        told = [{p: v for p, v in at.items() if p in (*own, *cell.spec.gate.shared)} for at in places]
        atoms = [
            (at, [(sp.S.One, {p: sp.cancel(e) for p, e in d.items()})]) for at, d in zip(told, offsets, strict=True)
        ]
        yield _issued(cell, atoms, "listed", {p: sp.cancel(e) for p, e in shared.items()})
