"""Parses the expression language of activations to smooth pieces in z."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from itertools import pairwise

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.expressions.functions import LANGUAGE, power
from temperance.theory.expressions.language import NOT_REAL, WORDS, Definition, Language, Reader, did_you_mean, short
from temperance.theory.expressions.sign_changes import Z, sign_at

ACTIVATIONS = Language(
    accepted=f"accepted: the variable z, parameters (other names), {WORDS}, and the names of `temperance catalogue`",
    variable="z",
    refused={
        **NOT_REAL,
        **dict.fromkeys(("x", "y"), "the variable is called z"),
        "tau": "s is what stands before the temperature, in s(beta1.x)/tau: give s alone, such as tanh",
    },
)
"""The language of activations."""


class PiecesReader(Reader[Pieces]):
    """Builds the piecewise formula of a syntax tree at one sample of the parameters."""

    def __init__(self, text: str, algebra: Algebra, definitions: Mapping[str, Definition]) -> None:
        super().__init__(text, ACTIVATIONS, definitions)
        self.algebra = algebra

    def number(self, number: sp.Expr) -> Pieces:
        """One piece."""
        return (Piece(number),)

    def apply(self, operation: Callable[..., sp.Expr], *arguments: Pieces) -> Pieces:
        """On the common refinement."""
        return self.algebra.map(operation, *arguments)

    def power(self, base: Pieces, exponent: Pieces) -> Pieces:
        """Where it is real."""
        if all(p.expr.is_Integer for p in exponent):
            return self.algebra.map(power, base, exponent)
        return self._smooth(lambda b, e: _power_of(b, e, self.algebra), lambda b, _: [(b, sp.S.Zero)], base, exponent)

    def function(self, name: str, argument: Pieces) -> Pieces:
        """Where it is real."""
        return self._smooth(LANGUAGE[name].of, LANGUAGE[name].real, argument)

    def choose(self, switch: Pieces, positive: Pieces, zero: Pieces, negative: Pieces) -> Pieces:
        """Piece by piece of the switch."""
        return self.algebra.choose(switch, positive, zero, negative)

    def of_definition(self, text: str) -> PiecesReader:
        """With the same algebra."""
        return PiecesReader(text, self.algebra, self.definitions)

    def _smooth(
        self, build: Callable[..., sp.Expr], domain: Callable[..., list[tuple[sp.Expr, sp.Expr]]], *arguments: Pieces
    ) -> Pieces:
        """Apply a smooth function where its argument keeps it real, then resolve any |.| SymPy made."""
        parts = self.algebra.map(lambda *a: sp.Tuple(*a), *arguments)
        result: list[Piece] = []
        for part in parts:
            for piece in self.algebra.in_domain(part, domain(*part.expr)):
                built = self.algebra.map(lambda a: build(*a), (piece,))
                result += [p for b in built for p in self._without_abs(b)]
        return tuple(result)

    def _without_abs(self, piece: Piece) -> Pieces:
        inner = next(iter(sorted(piece.expr.atoms(sp.Abs, sp.sign), key=lambda a: a.count_ops())), None)
        if inner is None:
            return (piece,)
        signs = self.algebra.signs((Piece(inner.args[0], piece.lower, piece.upper),))
        replacement = (lambda s: s * inner.args[0]) if inner.func is sp.Abs else sp.Integer
        return tuple(
            p
            for part, sign in signs
            for p in self._without_abs(Piece(piece.expr.xreplace({inner: replacement(sign)}), part.lower, part.upper))
        )


def _power_of(base: sp.Expr, exponent: sp.Expr, algebra: Algebra) -> sp.Expr:
    """base**exponent, where 0**exponent is 0 if the exponent is positive (at the sample), else not finite."""
    if base != 0 or not exponent.free_symbols:
        return power(base, exponent)
    if exponent.has(Z):
        raise ValueError(f"0 to the power {short(str(exponent))}; accepted: powers of 0 that do not vary with z")
    return sp.S.Zero if sign_at(exponent, algebra.sample) == 1 else sp.zoo


def parameters_of(tree: ast.expr, definitions: Mapping[str, Definition]) -> list[str]:
    """The names of the parameters of an expression, in order of appearance.

    Raises ValueError: a refused name, a function used as a value, or names without z.
    """
    names = ACTIVATIONS.names_in(tree, definitions)
    parameters = [name for name in names if name != "z"]
    if parameters and "z" not in names:
        named = ", ".join(map(repr, parameters))
        hint = did_you_mean(parameters[0], definitions) if len(parameters) == 1 else None
        what = "unknown activation" if hint else "unknown activation, or an expression without the variable z:"
        raise ACTIVATIONS.refuse(f"{what} {named}", hint)
    return parameters


def written_pieces(pieces: Pieces) -> str:
    """Pieces as one expression of the language: where(z < p1, e1, where(z < p2, e2, ...))."""
    distinct = [pieces[0]]
    for piece in pieces[1:]:
        if piece.expr != distinct[-1].expr:
            distinct.append(piece)
    text = str(distinct[-1].expr)
    for piece, after in reversed(list(pairwise(distinct))):
        text = f"where(z < {after.lower}, {piece.expr}, {text})"
    return text
