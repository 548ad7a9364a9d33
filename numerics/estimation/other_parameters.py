"""The twins of a fit: other parameters with its density, however much data there is (theory.md 2.9)."""

from __future__ import annotations

import sympy as sp

from temperance.numerics.mixture.measures import Gauge
from temperance.theory.activations.activation import Activation
from temperance.theory.twins.decision import twins
from temperance.theory.twins.twin import Twin


def twin_notes(atoms: int, source: Activation, gauge: Gauge) -> tuple[str, ...]:
    """The twins that every measure of so many atoms has beside orbits, in words; the anchor may become another atom."""
    notes = []
    for twin in single_twins(atoms, source, gauge):
        if "atom by atom" in twin.where:
            notes.append("the fit has twins: beta1 of every atom is determined up to its sign")
            continue
        text = " and ".join(f"beta1 of atom {i} is {_of_others(row)}" for i, row in enumerate(twin_matrix(twin) or ()))
        notes.append(f"the fit has a twin with the same density, in which {text}")
    return tuple(notes)


def _of_others(row: list[float]) -> str:
    """A row with at most one entry other than 0, 1 or -1, in words."""
    if not any(row):
        return "0"
    i = next(i for i, entry in enumerate(row) if entry)
    return f"{'minus ' if row[i] < 0 else ''}what it is here of atom {i}"


def single_twins(atoms: int, source: Activation, gauge: Gauge) -> list[Twin]:
    """The twins of almost every truth that are single points: orbits are flows."""
    if atoms < 2 or source.is_linear:
        return []
    found = twins(source, atoms=atoms, gauge=gauge).twins
    return [t for t in found if t.always and t.factor == 1 and twin_matrix(t) is not None]


def twin_matrix(twin: Twin) -> list[list[float]] | None:
    """The matrix that takes beta1 of the atoms to that of the twin; None where the twin has parameters of its own."""
    symbols = [v for v in twin.truth if v.is_Symbol]
    rows = [[sp.diff(image, v) if v.is_Symbol else sp.S.Zero for v in twin.truth] for image in twin.image]
    plain = all(image.free_symbols <= set(symbols) for image in twin.image)
    if twin.shift or not plain or not all(entry.is_number for row in rows for entry in row):
        return None
    return [[float(entry) for entry in row] for row in rows]
