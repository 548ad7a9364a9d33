"""Writes s(z) and s(-z) on common pieces of the half-line z > 0."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, sample_points
from temperance.theory.expressions.sign_changes import Sample, Z
from temperance.theory.fields.differential_field import Fraction
from temperance.theory.fields.tower import Tower


class Halves:
    """s(z) and s(-z) on common pieces of the half-line z > 0."""

    def __init__(self, source: Activation, sample: Sample) -> None:
        self.source, self.sample = source, sample
        turned = tuple(Piece(p.expr.xreplace({Z: -Z}).doit(), -p.upper, -p.lower) for p in reversed(source.pieces))
        half = (Piece(sp.S.One, sp.S.Zero, sp.oo),)
        self.pieces: Pieces = Algebra(sample).map(lambda s, t, _: sp.Tuple(s, t), source.pieces, turned, half)

    def elements(self) -> tuple[list[Fraction], list[Fraction]]:
        """Twice the even and odd parts, on every piece, in one tower."""
        self.tower = tower = Tower([e for p in self.pieces for e in p.expr], self.sample)
        even, odd = [], []
        for piece in self.pieces:
            s, t = (tower.embed(e, sample_points(piece, self.sample), piece) for e in piece.expr)
            even.append(s + t)
            odd.append(s - t)
        return even, odd

    def points(self, piece: Piece) -> list[fmpq]:
        """Points at which the formulas of a piece are those of s(z) and s(-z)."""
        domain = self.source.domain
        return list(sample_points(piece, self.sample, (*domain, *(c.xreplace({Z: -Z}) for c in domain))))
