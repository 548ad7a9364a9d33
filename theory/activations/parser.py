"""Parses the expression language of activations to smooth pieces in z, in every region of the parameter.

A parameter decides which pieces there are: they change where an expression in it, whose sign was looked at, changes
its sign. `explored` finds these regions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.catalogue import FUNCTIONS
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, cut_at_poles, rational_inside, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.language import (
    LANGUAGE,
    NOT_REAL,
    WORDS,
    Definition,
    Language,
    Reader,
    did_you_mean,
    power,
    short,
)
from temperance.theory.expressions.normal_forms import has_parameters, has_roots
from temperance.theory.expressions.sign_changes import (
    NoClosedForm,
    RecordingSample,
    Sample,
    Z,
    enclosed_roots,
    note,
    sign_at,
)

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


# parameters are given these values, to see which pieces there are; the first is the one that numbers are shown for
_SAMPLES = (fmpq(5, 7), fmpq(-8, 5), fmpq(19, 8), fmpq(-2, 9))
_BITS = 256
_MOST_DEGREE = 60
_MOST_LOOKS = 80

_Seen = TypeVar("_Seen")
Structure = tuple[Pieces, tuple[tuple[str, fmpq], ...]]  # smooth pieces, sorted, as they are at one sample


def _samples(parameters: list[str]) -> list[dict[str, fmpq]]:
    """Values of the parameters, no two of which coincide."""
    ratios = [fmpq(1), fmpq(4, 3), *(fmpq(i + 3, i + 2) for i in range(2, len(parameters)))]
    first, *others = [
        {name: _SAMPLES[(i + shift) % 4] * ratios[i] for i, name in enumerate(parameters)}
        for shift in range(len(_SAMPLES))
    ]
    return [first, {name: abs(value) for name, value in first.items()}, *others]


class SourceExpression:
    """An expression of the language, some of its parameters given; `parameters` names the others."""

    def __init__(self, text: str, constants: Mapping[str, sp.Expr]) -> None:
        self.text, self.tree = text, ACTIVATIONS.syntax_tree(text)
        self.parameters = [p for p in parameters_of(self.tree, FUNCTIONS) if p not in constants]
        formulas = {"z": Z, **{name: sp.Symbol(name, real=True) for name in self.parameters}, **constants}
        self._values = {name: (Piece(formula),) for name, formula in formulas.items()}

    def read(self, algebra: Algebra) -> Pieces:
        """Its pieces at the sample of an algebra."""
        try:
            return PiecesReader(self.text, algebra, FUNCTIONS).read(self.tree, self._values)
        except (ArithmeticError, RecursionError, MemoryError, NotImplementedError, sp.PolynomialError) as error:
            # SymPy's own limits, on numbers and nests within ours
            raise ValueError(f"the expression is too large to work with ({type(error).__name__})") from None


@dataclass(frozen=True)
class PiecesAtSample:
    """What an expression is at one sample of its parameters; uniform: no other sample can show another formula."""

    pieces: Pieces
    domain: tuple[sp.Expr, ...]
    uniform: bool


def look_at(source: SourceExpression, sample: Sample) -> PiecesAtSample:
    """Read an expression at a sample.

    Raises NoClosedForm: a switching point, or the end of a domain beside one, has no closed form.
    """
    algebra = Algebra(sample)
    pieces, poles = cut_at_poles(source.read(algebra), sample)
    domain = (*algebra.domain, *(pole**2 for pole in poles))
    if any(map(has_parameters, poles)):
        note(sp.nan, sample)
    if algebra.switched and domain:
        raise NoClosedForm(domain[0])
    values = (balls.value(p.expr, {**sample, "z": point}) for p in pieces for point in sample_points(p, sample, domain))
    if not any(value.is_finite() for value in values):
        pieces = ()
    uniform = not algebra.branched and not any(map(_depends_on_region, pieces))
    return PiecesAtSample(pieces, domain, uniform)


def _depends_on_region(piece: Piece) -> bool:
    """Whether one formula may be several functions: the root of (alpha - 1)^2 is |alpha - 1|."""
    return has_roots(piece.expr) and has_parameters(piece.expr)


def survey(source: SourceExpression) -> tuple[list[Structure], set[str], tuple[sp.Expr, ...], bool]:
    """The pieces of an expression in all regions of its parameters.

    Returns:
        The piece structures, the names of the parameters that they depend on, `domain` and `surveyed` of `Activation`.
    """
    for start in _samples(source.parameters):
        looks, conditions, complete = explored(lambda sample: look_at(source, sample), start)
        real_looks = [(sample, view) for sample, view in looks if view.pieces]
        if real_looks:
            break
    if real_looks and real_looks[0][1].uniform:
        real_looks, complete = real_looks[:1], True
    domain = tuple(c for _, look in real_looks or looks for c in look.domain)
    if domain and len(real_looks) > 1:
        raise NoClosedForm(domain[0])
    structures: list[Structure] = []
    for sample, look in real_looks:
        if not any(_same(look.pieces, other) for other, _ in structures):
            structures.append((look.pieces, tuple(sample.items())))
    ends = [e for pieces, _ in structures for p in pieces for e in (p.expr, p.lower, p.upper)]
    used = {symbol.name for e in (*ends, *conditions, *domain) for symbol in e.free_symbols}
    return structures, used, domain, complete


def _same(p: Pieces, q: Pieces) -> bool:
    """Whether two structures have the same formulas, none of which may be another function of other parameters."""
    return {piece.expr for piece in p} == {piece.expr for piece in q} and not any(map(_depends_on_region, p))


def explored(
    look: Callable[[Sample], _Seen], start: Mapping[str, fmpq]
) -> tuple[list[tuple[Sample, _Seen]], list[sp.Expr], bool]:
    """Look at a sample of the parameters, and at one in every other region of the one that decides.

    Returns:
        The samples and what was seen there, what was asked of the parameters, and whether every region was seen: not
        where more than one parameter decides, or one by other conditions than polynomials.
    """
    conditions: dict[sp.Expr, None] = {}
    views: list[tuple[Sample, _Seen]] = []
    pending: list[dict[str, fmpq]] | None = [dict(start)]
    while pending:
        views += [(sample, look(RecordingSample(sample, conditions))) for sample in pending]
        pending = unseen(conditions, [sample for sample, _ in views]) if len(views) < _MOST_LOOKS else None
    return views, list(conditions), pending is not None


def unseen(conditions: Collection[sp.Expr], tried: Sequence[Mapping[str, fmpq]]) -> list[dict[str, fmpq]] | None:
    """One value in every region of the parameter that has none of those tried; None where regions are not told."""
    symbols = {s for c in conditions for s in c.free_symbols}
    if not symbols:
        return None if conditions else []
    if len(symbols) > 1 or sp.nan in conditions:
        return None
    name, factors = symbols.pop().name, _boundaries(conditions)
    if factors is None:
        return None
    ends = sorted((e for f in factors for e in enclosed_roots(f)), key=lambda end: float(end.mid()))
    cells = list(pairwise([None, *ends, None]))
    empty = [cell for cell in cells if not any(_is_inside(values[name], *cell) for values in tried)]
    return [dict(tried[0]) | {name: _inside(low, high)} for low, high in empty]


def _boundaries(conditions: Iterable[sp.Expr]) -> set[sp.Poly] | None:
    """Polynomials one of which vanishes wherever a condition in one parameter changes its sign; None if there are none.

    A sum with a square root r vanishes only where its product with the same sum with -r does.
    """
    parts = [part for condition in conditions for part in sp.fraction(sp.together(condition)) if part.free_symbols]
    if any(part.has(sp.Function) for part in parts):  # its roots would come back with every product
        return None
    while roots := {r for part in parts for r in part.atoms(sp.Pow) if r.exp.is_Rational and not r.exp.is_Integer}:
        if any(r.exp.q != 2 for r in roots):
            return None
        base = max((r.base for r in roots), key=sp.count_ops)
        other = {r: -r for r in roots if r.base == base}
        products = [sp.expand(part * part.xreplace(other)) if part.has(*other) else part for part in parts]
        parts = [p for product in (*products, base) for p in sp.fraction(sp.together(product))]
    polynomials: set[sp.Poly] = set()
    for part in (part for part in parts if part.free_symbols):
        (symbol,) = part.free_symbols
        if not part.is_polynomial(symbol) or sp.degree(part, symbol) > _MOST_DEGREE:
            return None
        poly = sp.Poly(part, symbol).monic()
        if not all(c.is_Rational for c in poly.coeffs()):
            return None
        polynomials |= {factor for factor, _ in poly.factor_list()[1]}
    return polynomials


def _is_inside(value: fmpq, low: arb | None, high: arb | None) -> bool:
    return (low is None or value > low) and (high is None or value < high)


def _inside(low: arb | None, high: arb | None) -> fmpq:
    """A number between two others that no simple relation singles out."""
    start, step = rational_inside(low, high), fmpq(5, 7)
    with flint.ctx.workprec(_BITS):
        while not _is_inside(start + step, low, high):
            step /= 2
    return start + step
