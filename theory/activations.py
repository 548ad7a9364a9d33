"""Activations: scalar functions s(z), held as smooth pieces of SymPy expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, product
from typing import cast

import sympy as sp
from flint import arb, fmpq

from theory import balls
from theory.catalogue import FUNCTIONS, NAMED
from theory.language import ACCEPTED, names_in, syntax_tree
from theory.library_names import refuse_dotted
from theory.parser import Reader, check_names, variables, written, written_pieces
from theory.piecewise import Algebra, Germs, Piece, Pieces, sample_points
from theory.regions import unseen
from theory.rewriting import has_root_of_square, has_roots
from theory.roots import Sample, Watched, Z

__all__ = ["Activation", "Piece", "Z", "activation"]

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


@dataclass(frozen=True)
class Activation:
    """A scalar activation s(z).

    Attributes:
        name: what the user called it.
        pieces: smooth pieces, sorted; the gaps between them are where s is not real.
        parameters: free real parameters, taken as generic; numerics require none.
        sample: parameter values at which the pieces are these.
        others: piece structures found at other values of the parameters.
        exhaustive: False when pieces may be missing (`theory.piecewise.Algebra`).
        fixed: parameters of the name that have been given values (see `at`).
        surveyed: False when the parameters may have regions, none of whose values was tried, with other pieces.
        searched: True when the end of a domain, or a switching point, was searched for numerically: s may be defined
            elsewhere too.
    """

    name: str
    pieces: Pieces
    parameters: tuple[sp.Symbol, ...] = ()
    sample: tuple[tuple[str, fmpq], ...] = ()
    others: tuple[Structure, ...] = ()
    exhaustive: bool = True
    fixed: tuple[tuple[str, sp.Expr], ...] = ()
    surveyed: bool = field(default=True, repr=False)
    searched: bool = field(default=False, repr=False)

    @property
    def is_linear(self) -> bool:
        """Whether s(z) = z, on the whole line."""
        return self.pieces == (Piece(Z),)

    @property
    def expression(self) -> str:
        """s in the expression language, with catalogue names, abs, max and the like written out as pieces."""
        return written_pieces(self.pieces)

    @property
    def structures(self) -> tuple[Structure, ...]:
        """All piece structures, the one of `pieces` first."""
        return (Structure(self.pieces, self.sample), *self.others)

    def points(self, piece: Piece, sample: Sample, enough: int = 16) -> tuple[fmpq, ...]:
        """Points at which the formula of a piece is that of s: a few at which it is proved, if switches were searched.

        Args:
            piece: one of `pieces`, or of those of another structure.
            sample: the values of the parameters.
            enough: how many are looked for, if it takes a proof.
        """
        found = sample_points(piece, sample)
        if not self.searched:
            return found
        met = (point for point in found if self.formula_near(point, sample) == (piece.expr,))
        return tuple(islice(met, enough))

    def formula_near(self, point: fmpq | arb, sample: Sample) -> tuple[sp.Expr, ...] | None:
        """The formula that is proved to be that of s near a point; () where s is not real, None where neither is known.

        Args:
            point: a number, or a ball for all numbers in it.
            sample: the values of the parameters.
        """
        return _read_text(NAMED.get(self.name, self.name), self.fixed).near(point, sample)

    def at(self, **values: sp.Expr | int) -> Activation:
        """The activation with parameters replaced by real numbers.

        Args:
            values: a real SymPy number or an integer for each parameter that is replaced, by its name.

        Raises:
            ValueError: a name that is not a parameter, or no real value on any interval.
        """
        unknown = set(values) - {p.name for p in self.parameters}
        if unknown:
            accepted = ", ".join(p.name for p in self.parameters) or "none"
            raise ValueError(f"no parameter {min(unknown)!r} in {self.name}; accepted: {accepted}")
        return _parse(
            NAMED.get(self.name, self.name), {**dict(self.fixed), **{k: sp.sympify(v) for k, v in values.items()}}
        )


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


class _Text:
    """An expression of the language, some of its parameters given."""

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
def _read_text(text: str, given: tuple[tuple[str, sp.Expr], ...]) -> _Text:
    return _Text(text, dict(given))


def _parse(text: str, given: Mapping[str, sp.Expr] | None = None) -> Activation:
    """The activation of a text, some of its parameters given."""
    given = given or {}
    source = _Text(text, given)
    found: list[Structure] = []
    exhaustive = surveyed = True
    searched = False
    conditions: dict[sp.Expr, None] = {}
    pending, tried = _samples(source.parameters), []
    while pending:
        sample = pending.pop(0)
        tried.append(sample)
        algebra = Algebra(Watched(sample, conditions))
        pieces = source.read(algebra)
        asked = algebra.asked
        finite = tuple(p for p in pieces if next(_finite_at(p, algebra), None) is not None)
        # a piece whose values are too large to enclose may be finite all the same
        exhaustive = exhaustive and algebra.exhaustive and len(finite) == len(pieces)
        searched = searched or algebra.searches > 0
        pieces = tuple(p for p in finite if not algebra.searches or _is_met(p, source, algebra))
        exhaustive = exhaustive and {p.expr for p in pieces} == {p.expr for p in finite}
        if pieces and not any(_same(pieces, known.pieces) for known in found):
            found.append(Structure(pieces, tuple(sample.items())))
        if algebra.searches or (found and not asked):
            surveyed = not (conditions or (algebra.searches and source.parameters))
            break  # pieces may be missing at every sample, or are the same
        if not pending:
            regions, surveyed = unseen(conditions, tried)
            pending = regions[: _MOST_TRIED - len(tried)]
            surveyed = surveyed and len(pending) == len(regions)
    if not found:
        seen = " that was found" if searched or not exhaustive else ""
        raise ValueError(f"{text.strip()[:60]!r} is real and finite on no interval{seen}; {ACCEPTED}")
    used = {s for structure in found for p in structure.pieces for s in p.expr.free_symbols | p.lower.free_symbols}
    named = [sp.Symbol(n, real=True) for n in source.parameters]
    kept = tuple(s for s in named if searched or s in used)  # switching points that were searched for are numbers
    return Activation(
        text.strip(),
        found[0].pieces,
        kept,
        found[0].sample,
        tuple(found[1:]),
        exhaustive,
        tuple(given.items()),
        surveyed,
        searched,
    )


def _is_met(piece: Piece, source: _Text, algebra: Algebra) -> bool:
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


def activation(source: str | sp.Expr | Activation) -> Activation:
    """The activation that a name, an expression of the language, or a SymPy expression describes.

    Args:
        source: a catalogue name or alias ("gelu", "torch.nn.GELU"), an expression ("z*tanh(z)"), a SymPy expression in
            the symbol z, or an Activation (returned as it is).

    Raises:
        ValueError: the text is no known name and not in the expression language, or has no real value on any interval.
    """
    if isinstance(source, Activation):
        return source
    if isinstance(source, sp.Basic):
        return _parse(written(_with_language_names(cast(sp.Expr, source))))
    if not isinstance(source, str):
        raise ValueError(f"an activation is a name, an expression or a SymPy expression, not {type(source).__name__}")
    name = source.strip()
    if name in NAMED:
        return replace(_parse(NAMED[name]), name=name)
    refuse_dotted(name)
    return _parse(source)


def _with_language_names(expr: sp.Expr) -> sp.Expr:
    """Write SymPy's own piecewise functions with the names of the language."""
    functions = {sp.Abs: "abs", sp.Max: "max", sp.Min: "min"}
    for kind, name in functions.items():
        expr = expr.replace(kind, sp.Function(name))
    heaviside = sp.Function("where")
    expr = expr.replace(sp.Heaviside, lambda q, *_: (1 + sp.Function("sign")(q)) / 2)
    return expr.replace(sp.Piecewise, lambda *branches: _nested(heaviside, branches))


def _nested(where: type, branches: tuple[tuple[sp.Expr, sp.Basic], ...]) -> sp.Expr:
    (value, condition), *rest = branches
    if condition == sp.true or not rest:
        return value
    return where(condition, value, _nested(where, tuple(rest)))
