"""Activations: scalar functions s(z), held as smooth pieces of SymPy expressions."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

Z = sp.Symbol("z", real=True)


@dataclass(frozen=True)
class Piece:
    """One open interval (lower, upper) on which s(z) = expr is smooth and real."""

    expr: sp.Expr
    lower: sp.Expr = sp.S.NegativeInfinity
    upper: sp.Expr = sp.S.Infinity


@dataclass(frozen=True)
class Activation:
    """A scalar activation s(z)."""

    name: str
    pieces: tuple[Piece, ...]
    parameters: tuple[sp.Symbol, ...] = ()


def activation(source: str | sp.Expr | Activation) -> Activation:
    """Build the activation named or written by source."""
    raise NotImplementedError
