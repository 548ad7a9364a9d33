"""Activations: scalar functions s(z), read from names and texts and held as smooth pieces of SymPy expressions.

A parameter decides which pieces there are: they change where an expression in it, whose sign was looked at, changes
its sign. `explored` finds these regions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar, cast

import flint
import sympy as sp
from flint import arb, fmpq

from temperance.theory.activations.catalogue import FUNCTIONS, NAMED, refuse_dotted
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, cut_at_poles, rational_inside, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.arguments import checked
from temperance.theory.expressions.formulas import (
    NO_CLOSED_FORM,
    NoClosedForm,
    RecordingSample,
    Sample,
    Z,
    enclosed_roots,
    has_parameters,
    has_roots,
    note,
    sign_at,
)
from temperance.theory.expressions.language import (
    LANGUAGE,
    NOT_REAL,
    WORDS,
    Language,
    Reader,
    check_numbers,
    did_you_mean,
    power,
    short,
)

__all__ = ["Activation", "Piece", "Z", "activation"]

Found = TypeVar("Found")

UNSURVEYED = "depends on the parameters: more than one decides which pieces s has, or one by no polynomial"
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

    def __init__(self, text: str, algebra: Algebra) -> None:
        super().__init__(text, ACTIVATIONS, FUNCTIONS)
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


def _parameters_of(tree: ast.expr) -> list[str]:
    """The names of the parameters of an expression, in order of appearance.

    Raises ValueError: a refused name, a function used as a value, or names without z.
    """
    names = ACTIVATIONS.names_in(tree, FUNCTIONS)
    parameters = [name for name in names if name != "z"]
    if parameters and "z" not in names:
        named = ", ".join(map(repr, parameters))
        hint = did_you_mean(parameters[0], FUNCTIONS) if len(parameters) == 1 else None
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
        self.parameters = [p for p in _parameters_of(self.tree) if p not in constants]
        formulas = {"z": Z, **{name: sp.Symbol(name, real=True) for name in self.parameters}, **constants}
        self._values = {name: (Piece(formula),) for name, formula in formulas.items()}

    def read(self, algebra: Algebra) -> Pieces:
        """Its pieces at the sample of an algebra."""
        try:
            return PiecesReader(self.text, algebra).read(self.tree, self._values)
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


def _same(p: Pieces, q: Pieces) -> bool:
    """Whether two structures have the same formulas, none of which may be another function of other parameters."""
    return {piece.expr for piece in p} == {piece.expr for piece in q} and not any(map(_depends_on_region, p))


def explored(
    look: Callable[[Sample], Found], start: Mapping[str, fmpq]
) -> tuple[list[tuple[Sample, Found]], list[sp.Expr], bool]:
    """Look at a sample of the parameters, and at one in every other region of the one that decides.

    Returns:
        The samples and what was seen there, what was asked of the parameters, and whether every region was seen: not
        where more than one parameter decides, or one by other conditions than polynomials.
    """
    conditions: dict[sp.Expr, None] = {}
    views: list[tuple[Sample, Found]] = []
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


@checked
@dataclass(frozen=True)
class Activation:
    """A scalar activation s(z), called `name`.

    Attributes:
        pieces: smooth pieces, sorted; the gaps between them are where s is not real.
        parameters: free real parameters, taken as generic; numerics require none.
        sample: parameter values at which the pieces are these.
        others: the activation in the other regions of its parameters, where it has other pieces.
        fixed: parameters of the name that have been given values (see `at`).
        surveyed: False when the parameters may have regions, none of whose values was tried, with other formulas.
        domain: what must be positive where s is real, of what has no closed form; empty where s is real on its pieces.
    """

    name: str
    pieces: Pieces
    parameters: tuple[sp.Symbol, ...] = ()
    sample: tuple[tuple[str, fmpq], ...] = ()
    others: tuple[Activation, ...] = ()
    fixed: tuple[tuple[str, sp.Expr], ...] = ()
    surveyed: bool = field(default=True, repr=False)
    domain: tuple[sp.Expr, ...] = field(default=(), repr=False)

    @property
    def text(self) -> SourceExpression:
        """What was read."""
        return SourceExpression(NAMED.get(self.name, self.name), dict(self.fixed))

    @property
    def is_linear(self) -> bool:
        """Whether s(z) = z, on the whole line."""
        return self.pieces == (Piece(Z),)

    @property
    def expression(self) -> str:
        """s in the expression language, with catalogue names, abs, max and the like written out as pieces.

        The name where the pieces are not known.
        """
        return written_pieces(self.pieces) if self.pieces else self.name

    @property
    def structures(self) -> tuple[Activation, ...]:
        """The activation in all regions of its parameters, this one first."""
        return (self, *self.others)

    @checked
    def points(self, piece: Piece, sample: Sample) -> tuple[fmpq, ...]:
        """Points of a piece of some structure at which s is real, at a sample of the parameters."""
        return sample_points(piece, sample, self.domain)

    @checked
    def at(self, **values: sp.Expr | int) -> Activation:
        """The activation with parameters replaced by values: real SymPy numbers or integers, by their names.

        Raises ValueError: a name that is not a parameter, or no real value on any interval.
        """
        unknown = set(values) - {p.name for p in self.parameters}
        if unknown:
            accepted = ", ".join(p.name for p in self.parameters) or "none"
            raise ValueError(f"no parameter {min(unknown)!r} in {self.name}; accepted: {accepted}")
        constants = {name: sp.sympify(value) for name, value in values.items()}
        return _parse(self.text.text, (*self.fixed, *constants.items()))


def _parse(text: str, fixed: tuple[tuple[str, sp.Expr], ...] = ()) -> Activation:
    """The activation of a text in all regions of its parameters, some of which are given values."""
    source = SourceExpression(text, dict(fixed))
    for start in _samples(source.parameters):
        looks, conditions, complete = explored(lambda sample: look_at(source, sample), start)
        real = [(sample, look) for sample, look in looks if look.pieces]
        if real:
            break
    if real and real[0][1].uniform:
        real, complete = real[:1], True
    domain = tuple(c for _, look in real or looks for c in look.domain)
    if not real:
        scope = " that was found" if domain else ""
        raise ValueError(f"{short(text.strip())} is real and finite on no interval{scope}; accepted: what is on some")
    if domain and len(real) > 1:
        raise NoClosedForm(domain[0])
    structures: list[tuple[Pieces, Sample]] = []
    for sample, look in real:
        if not any(_same(look.pieces, other) for other, _ in structures):
            structures.append((look.pieces, sample))
    ends = [e for pieces, _ in structures for p in pieces for e in (p.expr, p.lower, p.upper)]
    used = {symbol.name for e in (*ends, *conditions, *domain) for symbol in e.free_symbols}
    parameters = tuple(sp.Symbol(name, real=True) for name in source.parameters if name in used)
    first, *others = (
        Activation(text.strip(), pieces, parameters, tuple(sample.items()), (), fixed, complete, domain)
        for pieces, sample in structures
    )
    return replace(first, others=tuple(others))


def activation(source: str | sp.Expr | Activation) -> Activation:
    """The activation that a name, an expression of the language, or a SymPy expression describes.

    Args:
        source: a catalogue name or alias ("gelu", "torch.nn.GELU"), an expression ("z*tanh(z)"), a SymPy expression in
            the symbol z, or an Activation (returned as it is).

    Raises:
        ValueError: the text is no known name and not in the expression language, or has no real value on any interval.
        NoClosedForm: a switching point has no closed form (a ValueError).
    """
    if isinstance(source, Activation):
        return source
    if isinstance(source, sp.Basic):
        return _parse(str(_with_language_names(cast(sp.Expr, source))))
    if not isinstance(source, str):
        raise ValueError(f"an activation is a name, an expression or a SymPy expression, not {type(source).__name__}")
    name = source.strip()
    if name in NAMED:
        return replace(_parse(NAMED[name]), name=name)
    try:
        refuse_dotted(name)
        check_numbers(name)
        return _parse(source)
    except NoClosedForm:
        raise
    except ValueError as error:
        about = "" if short(name)[1:-1] in str(error) else f"{short(name)}: "
        raise ValueError(f"{about}{error}") from None


def in_every_region(source: Activation, find: Callable[[Activation, Sample], Found]) -> tuple[list[Found], str | None]:
    """What is found of an activation in every region of its parameters in which s is real; and why not, if it is not.

    find: is given the activation as it is in one region, and a sample of the parameters there.
    """

    def found_at(sample: Sample) -> Found | None:
        look = look_at(source.text, sample)
        alone = replace(source, pieces=look.pieces, sample=tuple(sample.items()), others=(), domain=look.domain)
        return find(alone, sample) if look.pieces else None

    try:
        if not source.parameters:
            return [find(source, {})], None
        outcomes, _, complete = explored(found_at, dict(source.sample))
    except NoClosedForm:
        return [], NO_CLOSED_FORM
    return [outcome for _, outcome in outcomes if outcome is not None], None if complete else UNSURVEYED


def reread(expression: str) -> Activation:
    """The activation of an `Activation.expression`, whose numbers may be products of those of a text, and longer."""
    return _parse(expression)


def _with_language_names(expr: sp.Expr) -> sp.Expr:
    """Write SymPy's own piecewise functions with the names of the language."""
    for kind, name in {sp.Abs: "abs", sp.Max: "max", sp.Min: "min"}.items():
        expr = expr.replace(kind, sp.Function(name))
    expr = expr.replace(sp.Heaviside, lambda q, *_: (1 + sp.Function("sign")(q)) / 2)
    return expr.replace(sp.Piecewise, _nested)


def _nested(branch: tuple[sp.Expr, sp.Basic], *rest: tuple[sp.Expr, sp.Basic]) -> sp.Expr:
    value, condition = branch
    return sp.Function("where")(condition, value, _nested(*rest)) if rest and condition != sp.true else value
