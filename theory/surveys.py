"""The smooth pieces of an expression, found at samples of its parameters until every region of them has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

import sympy as sp
from flint import arb, fmpq

from theory import balls
from theory.catalogue import FUNCTIONS
from theory.language import names_in, syntax_tree
from theory.parser import Reader, check_names, variables
from theory.piecewise import Algebra, Germs, Piece, Pieces, sample_points
from theory.regions import unseen
from theory.rewriting import has_root_of_square, has_roots
from theory.roots import Sample, Watched, Z

# parameters are tried at these values, to see which pieces exist; the first is the one that numbers are shown for
_SAMPLES = (fmpq(5, 7), fmpq(-8, 5), fmpq(19, 8), fmpq(-2, 9))
_MOST_SAMPLES = 16
_MOST_TRIED = 40
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
class _Look:
    """What an expression is at one sample of its parameters.

    Attributes:
        pieces: those on which s is finite; where a switch was searched for, those whose formula is proved somewhere.
        exhaustive: whether there are no others.
        searched: whether a switch or the end of a domain was searched for.
        settled: whether no other sample can show other pieces.
        uniform: whether no other sample can show another formula.
    """

    pieces: Pieces
    exhaustive: bool
    searched: bool
    settled: bool
    uniform: bool


def _look(source: Text, sample: dict[str, fmpq], conditions: dict[sp.Expr, None]) -> _Look:
    """Read an expression at a sample; `conditions` gains what was asked of the parameters."""
    algebra = Algebra(Watched(sample, conditions))
    pieces = source.read(algebra)
    asked, searched = algebra.asked, algebra.searches > 0
    # a piece whose values are too large to enclose may be finite all the same
    finite = tuple(p for p in pieces if next(_finite_at(p, algebra), None) is not None)
    met = tuple(p for p in finite if not searched or _is_met(p, source, algebra))
    known = len(finite) == len(pieces) and {p.expr for p in met} == {p.expr for p in finite}
    uniform = not algebra.branched and not any(has_roots(p.expr) for p in pieces)  # no root of (alpha - 1)^2 or z^2
    return _Look(met, algebra.exhaustive and known, searched, not asked, uniform)


@dataclass
class Survey:
    """The piece structures of an expression, over samples of its parameters; the flags are those of `Activation`."""

    structures: list[Structure] = field(default_factory=list)
    exhaustive: bool = True
    surveyed: bool = True
    searched: bool = False
    uniform: bool = True

    def add(self, look: _Look, sample: dict[str, fmpq]) -> None:
        """Note what an expression is at one sample."""
        self.exhaustive = self.exhaustive and look.exhaustive
        self.searched = self.searched or look.searched
        self.uniform = self.uniform and look.uniform
        if look.pieces and not any(_same(look.pieces, known.pieces) for known in self.structures):
            self.structures.append(Structure(look.pieces, tuple(sample.items())))


def survey(source: Text) -> Survey:
    """Look at an expression at samples of its parameters, until every region of them that is asked for has one."""
    found = Survey()
    conditions: dict[sp.Expr, None] = {}
    pending, tried = _samples(source.parameters), []
    while pending:
        sample = pending.pop(0)
        tried.append(sample)
        look = _look(source, sample, conditions)
        found.add(look, sample)
        if (look.searched and sp.nan in conditions) or (found.structures and look.settled):
            found.surveyed = not conditions
            break  # pieces may be missing at every sample, or are the same
        if not pending:
            regions, found.surveyed = unseen(conditions, tried)
            pending = regions[: _MOST_TRIED - len(tried)]
            found.surveyed = found.surveyed and len(pending) == len(regions)
    return found


def _is_met(piece: Piece, source: Text, algebra: Algebra) -> bool:
    """Whether s is proved to have the formula of a piece somewhere.

    A searched-for switching point may have been missed, and the formula of the piece with it.
    """
    return any(source.near(point, algebra.sample) == (piece.expr,) for point in _finite_at(piece, algebra))


def _same(p: Pieces, q: Pieces) -> bool:
    """Whether two structures have the same formulas, on the same intervals if one may be another function elsewhere."""
    if any(has_root_of_square(piece.expr) for piece in p):
        return False
    if any(has_roots(piece.expr) and piece.expr.free_symbols - {Z} for piece in p):
        return p == q
    return {piece.expr for piece in p} == {piece.expr for piece in q}


def _finite_at(piece: Piece, algebra: Algebra) -> Iterator[fmpq]:
    """Points of a piece, of a few that are tried, at which its formula is finite."""
    for point in sample_points(piece, algebra.sample)[:_MOST_POINTS]:
        if balls.value(piece.expr, {**algebra.sample, "z": point}).is_finite():
            yield point
