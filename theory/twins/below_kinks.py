"""Lists the twins of truths that reach no kink of s on the support of x: those of the formulas at 0 (theory.md 2.9)."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Pieces
from temperance.theory.expressions.sign_changes import Sample
from temperance.theory.twins.listing import listed
from temperance.theory.twins.parts import Part
from temperance.theory.twins.twin import Gauge, Twin


def below_kinks(
    pieces: Pieces, sample: Sample, parts: tuple[Part, Part], atoms: int, gauge: Gauge
) -> tuple[list[Twin], str | None]:
    """The twins that parts with a kink have before it, but those of all truths, and what is not decided of them.

    Args:
        pieces: those of s.
        sample: of its parameters.
        parts: the even and the odd part of s.
        atoms: their number.
        gauge: free or anchored.
    """
    kinks = [part.kink for part in parts if part.kink is not None]
    if not kinks:
        return [], None
    inside = _where(pieces, sample)
    even, odd = (part if part.kink is None else Part(part.inner) for part in parts)
    dead = "; such an atom is as one of beta1_i = 0" if even.exponents == odd.exponents == () else ""
    reached = {twin.map for twin in listed(*parts, atoms, gauge)[1]}
    _, found, reason = listed(even, odd, atoms, gauge)
    twins = []
    for twin in found:
        if twin.map in reached:
            continue
        where = f"atom by atom, where {inside}{dead}" if twin.alone else f"where {inside}"
        if not (twin.always or twin.alone):
            where = f"{twin.where}, and {inside}"
        twins.append(replace(twin, where=where, always=False, signs=None, reach=sp.Min(*kinks)))
    return twins, reason and f"where no beta1_i x reaches a kink, {reason}"


def _where(pieces: Pieces, sample: Sample) -> str:
    """That beta1_i x stays where s has the formulas that it has at 0."""
    algebra = Algebra(sample)
    near = [p for p in pieces if algebra.compare(p.lower, sp.S.Zero) <= 0 <= algebra.compare(p.upper, sp.S.Zero)]
    lower, upper = near[0].lower, near[-1].upper
    size = f"|beta1_i x| < {upper}" if algebra.compare(lower, -upper) == 0 else None
    return f"{size or f'beta1_i x is in ({lower}, {upper})'} on the support for both"
