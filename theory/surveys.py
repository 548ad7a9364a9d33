"""Finds the smooth pieces of an expression by sampling one point per parameter region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeVar

import sympy as sp
from flint import arb, fmpq

from theory import balls
from theory.catalogue import FUNCTIONS
from theory.language import names_in, syntax_tree
from theory.parser import Reader, check_names, variables
from theory.piecewise import Algebra, Germs, Piece, Pieces, sample_points
from theory.regions import is_seen, unseen
from theory.rewriting import has_parameters, has_root_of_square, has_roots
from theory.roots import Sample, Watched

# parameters are tried at these values, to see which pieces exist; the first is the one that numbers are shown for
_SAMPLES = (fmpq(5, 7), fmpq(-8, 5), fmpq(19, 8), fmpq(-2, 9))
_MOST_SAMPLES = 16
_MOST_TRIED = 80
_MOST_CONDITIONS = 40  # the roots of a search give new ones at every sample, without end
_MOST_POINTS = 8


@dataclass(frozen=True)
class Structure:
    """The smooth pieces of an activation, sorted, as they are at one sample of its parameters."""

    pieces: Pieces
    sample: tuple[tuple[str, fmpq], ...] = ()


def _samples(parameters: list[str]) -> list[dict[str, fmpq]]:
    """Values of the parameters, no two of which coincide."""
    if len(parameters) <= 2:
        scaled = [[p * scale for p in _SAMPLES] for scale in (fmpq(1), fmpq(4, 3))]
        choices = list(product(*scaled[: len(parameters)]))
    else:
        shifts = range(_MOST_SAMPLES)
        ratios = [[fmpq(i + 3, i + 2 + shift) for i in range(len(parameters))] for shift in shifts]
        choices = [tuple(_SAMPLES[(i + shift) % 4] * r for i, r in enumerate(ratios[shift])) for shift in shifts]
    return [dict(zip(parameters, choice, strict=True)) for choice in choices]


class Text:
    """An expression of the language, some of its parameters given; `parameters` names the others."""

    def __init__(self, text: str, given: Mapping[str, sp.Expr]) -> None:
        self.text, self.tree = text, syntax_tree(text)
        self.parameters = [p for p in check_names(names_in(self.tree), FUNCTIONS) if p not in given]
        self._values = {**variables(self.parameters), **{name: (Piece(v),) for name, v in given.items()}}

    def read(self, algebra: Algebra) -> Pieces:
        """Its pieces at the sample of an algebra."""
        try:
            return Reader(self.text, algebra, FUNCTIONS).read(self.tree, self._values)
        except (ArithmeticError, RecursionError, MemoryError, NotImplementedError, sp.PolynomialError) as error:
            # SymPy's own limits, on numbers and nests within ours
            raise ValueError(f"the expression is too large to work with ({type(error).__name__})") from None

    def near(self, point: fmpq | arb, sample: Sample) -> tuple[sp.Expr, ...] | None:
        """What `Activation.formula_near` says."""
        germs = Germs(sample, point)
        formula = tuple(p.expr for p in self.read(germs))
        return formula if germs.exhaustive else None


@lru_cache(maxsize=16)
def text_of(text: str, given: tuple[tuple[str, sp.Expr], ...]) -> Text:
    """A text and the values of some of its parameters, read once.

    Raises:
        ValueError: the text is not in the expression language.
    """
    return Text(text, dict(given))


@dataclass(frozen=True)
class Look:
    """What an expression is at one sample of its parameters.

    Attributes:
        pieces: those on which s is finite; where a switch was searched for, those whose formula is proved somewhere.
        exhaustive: whether there are no others.
        searched: whether a switch or the end of a domain was searched for.
        uniform: whether no other sample can show another formula.
    """

    pieces: Pieces
    exhaustive: bool
    searched: bool
    uniform: bool


def look_at(source: Text, sample: Sample) -> Look:
    """Read an expression at a sample."""
    algebra = Algebra(sample)
    pieces = source.read(algebra)
    searched = algebra.searches > 0
    # a piece whose values are too large to enclose may be finite all the same
    finite = tuple(p for p in pieces if next(_finite_at(p, sample), None) is not None)
    met = tuple(p for p in finite if not searched or _is_met(p, source, sample))
    known = len(finite) == len(pieces) and {p.expr for p in met} == {p.expr for p in finite}
    # there may be another function under a root of (alpha - 1)^2 or z^2
    uniform = not algebra.branched and not any(has_root_of_square(p.expr, of_parameters=False) for p in pieces)
    return Look(met, algebra.exhaustive and known, searched, uniform)


_Seen = TypeVar("_Seen")


def explored(
    look: Callable[[Sample], _Seen], names: list[str], is_enough: Callable[[_Seen], bool]
) -> tuple[list[tuple[dict[str, fmpq], _Seen]], list[sp.Expr], bool]:
    """Look at samples of parameters until every region of them that is asked for has one.

    Args:
        look: what to look at, all of whose decisions are noted in the sample (`roots.Watched`).
        names: of the parameters.
        is_enough: whether what was seen will do where other regions cannot be told, or there are none.

    Returns:
        The samples and what was seen there, what was asked of the parameters, and whether every region was seen.
    """
    conditions: dict[sp.Expr, None] = {}
    pending, found = _samples(names), []
    first = len(pending)
    tried: list[dict[str, fmpq]] = []
    complete = True
    while pending:
        sample = pending.pop(0)
        if sp.nan in conditions or not is_seen(conditions, sample, tried):
            tried.append(sample)
            found.append((sample, look(Watched(sample, conditions))))
            hopeless = sp.nan in conditions or len(conditions) > _MOST_CONDITIONS
            if (not conditions or hopeless) and is_enough(found[-1][1]):
                complete = not conditions
                break
        if len(conditions) > _MOST_CONDITIONS and (len(tried) >= first or not pending):
            complete = False
            break
        if not pending:
            regions, complete = unseen(conditions, tried)
            if not complete and any(is_enough(seen) for _, seen in found):
                break
            pending = regions[: _MOST_TRIED - len(tried)]
            complete = complete and len(pending) == len(regions)
    return found, list(conditions), complete


@dataclass(frozen=True)
class Survey:
    """The piece structures of an expression, over samples of its parameters; the flags are those of `Activation`.

    Attributes:
        structures: one for every set of formulas.
        parameters: the names of those that are in some piece, or decide which there are.
    """

    structures: tuple[Structure, ...]
    parameters: frozenset[str]
    exhaustive: bool
    surveyed: bool
    searched: bool
    uniform: bool


def survey(source: Text) -> Survey:
    """The pieces of an expression in all regions of its parameters."""
    found, conditions, complete = explored(
        lambda sample: look_at(source, sample), source.parameters, lambda look: bool(look.pieces)
    )
    looks = [look for _, look in found]
    structures: list[Structure] = []
    for sample, look in found:
        if look.pieces and not any(_same(look.pieces, known.pieces) for known in structures):
            structures.append(Structure(look.pieces, tuple(sample.items())))
    searched = any(look.searched for look in looks)
    ends = [e for s in structures for p in s.pieces for e in (p.expr, p.lower, p.upper)]
    used = {symbol.name for e in [*ends, *conditions] for symbol in e.free_symbols}
    return Survey(
        tuple(structures),
        frozenset(source.parameters if searched else used.intersection(source.parameters)),
        all(look.exhaustive for look in looks),
        complete,
        searched,
        all(look.uniform for look in looks),
    )


def _is_met(piece: Piece, source: Text, sample: Sample) -> bool:
    """Whether s is proved to have the formula of a piece somewhere.

    A searched-for switching point may have been missed, and the formula of the piece with it.
    """
    return any(source.near(point, sample) == (piece.expr,) for point in _finite_at(piece, sample))


def _same(p: Pieces, q: Pieces) -> bool:
    """Whether two structures have the same formulas, on the same intervals if one may be another function elsewhere."""
    if any(has_root_of_square(piece.expr) for piece in p):
        return False
    if any(has_roots(piece.expr) and has_parameters(piece.expr) for piece in p):
        return p == q
    return {piece.expr for piece in p} == {piece.expr for piece in q}


def _finite_at(piece: Piece, sample: Sample) -> Iterator[fmpq]:
    """Points of a piece, of a few that are tried, at which its formula is finite."""
    for point in sample_points(piece, sample)[:_MOST_POINTS]:
        if balls.value(piece.expr, {**sample, "z": point}).is_finite():
            yield point
