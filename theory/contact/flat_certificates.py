"""Finds what is flat: exact curves along which a parameter moves and the density does not (theory 3.3, B.1).

A curve is told from the log weight: all offsets of the gate scaled; all cells moved by what is linear in the weight;
two atoms that keep the mean of a power of some parameters. Of those that are tried those count that the kernel
accepts at the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import sympy as sp

from temperance.theory.contact.contact_curves import ROOT, T, shift_of_weight
from temperance.theory.contact.places import exact_place, place
from temperance.theory.kernel.check import certificate
from temperance.theory.kernel.reader import Rejected
from temperance.theory.models.spec import own_parameters
from temperance.theory.models.truth import Setting
from temperance.theory.symmetries.score_translations import plain_parameters

Place = Mapping[sp.Symbol, sp.Expr]
"""The true values of a gate's parameters in an atom."""
Atoms = Sequence[tuple[sp.Expr, Place]]
"""The shares and offsets of the atoms of a cell."""
_MOST_POWER = 4


def flat_certificates(cell: Setting) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The certificates of exact curves that the kernel accepts: along a scale, and along other curves.

    Along a scale the invariants of the gate stay, and nothing is held; along the others they move.
    """
    places = [{p: at[p] for p in (*cell.held, *at)} for at in map(cell.truth.point, range(cell.truth.k))]
    others = [_means_of_squares(cell)]
    others += [_shifts(cell), _of_two(cell, places)] if cell.every and cell.weighted else []
    free = replace(cell, held=())
    moving = {**(exact_place(free) if cell.size == 1 else place(free)), "fixed": []}
    return _accepted([moving], [_scales(free), _by_lengths(free, places)]), _accepted([place(cell), moving], others)


def _accepted(where: Sequence[Mapping[str, Any]], tried: Sequence[Iterator[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Those that show of something new that it is flat, each at the first place where the kernel accepts it."""
    proofs: list[dict[str, Any]] = []
    for proof in chain(*tried):
        titles = {claim["title"] for other in proofs for claim in other["claims"]}
        for here in where:
            try:
                issued = certificate(here, proof)
            except Rejected:
                continue
            if {claim["title"] for claim in issued["claims"]} - titles:
                proofs.append(issued)
            break
    return proofs


def _identity(cells: Sequence[Atoms], shared: Place, length: sp.Expr | None = None) -> dict[str, Any]:
    """A proof: the atoms of each cell, and the offsets of shared parameters. length: r^2."""
    written = [
        [
            {
                "nodes": ["0", "1"],
                "share": str(share),
                "offsets": {p.name: sp.sstr(e) for p, e in offsets.items() if e != 0},
            }
            for share, offsets in atoms
        ]
        for atoms in cells
    ]
    return {
        "kind": "identity",
        "number": None
        if length is None
        else {"polynomial": [str(-length), "0", "1"], "between": ["0", str(length + 1)]},
        "shared": {p.name: sp.sstr(e) for p, e in shared.items() if e != 0},
        "cells": written,
    }


def _scales(cell: Setting) -> Iterator[dict[str, Any]]:
    """All parameters of the gate times 1 + t, shared ones times a power of it, at any true values."""
    for power in range(_MOST_POWER + 1) if cell.spec.gate.shared else (0,):
        shared = {p: sp.expand(p * ((1 + T) ** power - 1)) for p in cell.spec.gate.shared}
        yield _identity([[(sp.S.One, {p: p * T for p in own_parameters(cell.spec)})]] * cell.truth.k, shared)


def _by_lengths(cell: Setting, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Vectors of one length r times 1 + t, and shared parameters so that v/((|v| + 1) tau) stays."""
    own, shared = own_parameters(cell.spec), cell.spec.gate.shared
    squares = {sum(at[p] ** 2 for p in own) for at in places}
    if not own or len(squares) != 1 or not (square := squares.pop()).is_Rational:
        return
    cells = [[(sp.S.One, {p: at[p] * T for p in own if at[p].is_Rational})] for at in places]
    factor = (1 + T) * (ROOT + 1) / ((1 + T) * ROOT + 1) - 1
    yield _identity(cells, {p: sp.cancel(places[0][p] * factor) for p in shared}, square)


def _means_of_squares(cell: Setting) -> Iterator[dict[str, Any]]:
    """Two atoms whose parameters are multiples of the true ones and keep the mean of squares."""
    size = cell.size
    if size < 2 or not cell.weighted:
        return
    sides, own = [(1 + sign * 2 * T - T**2) / (1 + T**2) for sign in (1, -1)], own_parameters(cell.spec)
    for movers in dict.fromkeys((own, *((p,) for p in own))):
        atoms = [{p: sp.cancel(p * (side - 1)) for p in movers} for side in sides] + [{}] * (size - 2)
        yield _identity([[(sp.Rational(1, size), offsets) for offsets in atoms], *[()] * (cell.truth.k - 1)], {})


def _shifts(cell: Setting) -> Iterator[dict[str, Any]]:
    """What stands before powers of x, or before x alone, in every log weight moved by t; so what it is linear in."""
    for most in (None, 1):
        if (offsets := shift_of_weight(cell, most)) is not None:
            yield _identity([[(sp.S.One, offsets)]] * cell.truth.k, {})
    plain = plain_parameters(cell.spec)
    yield _identity([[(sp.S.One, {p: T for p in own_parameters(cell.spec) if p in plain})]] * cell.truth.k, {})


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
        cells = [[(sp.S.One, {p: sp.cancel(e) for p, e in atom.items()})] for atom in offsets]
        yield _identity(cells, {p: sp.cancel(e) for p, e in shared.items()})
