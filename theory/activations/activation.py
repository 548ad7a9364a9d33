"""Activations: scalar functions s(z), held as smooth pieces of SymPy expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import sympy as sp
from flint import fmpq

from temperance.theory.activations.catalogue import NAMED, refuse_dotted
from temperance.theory.activations.parser import SourceExpression, explored, look_at, survey, written_pieces
from temperance.theory.activations.piecewise import Piece, Pieces, sample_points
from temperance.theory.expressions.arguments import checked
from temperance.theory.expressions.language import check_numbers, short
from temperance.theory.expressions.sign_changes import NO_CLOSED_FORM, NoClosedForm, Sample, Z

__all__ = ["Activation", "Piece", "Z", "activation"]

Found = TypeVar("Found")
UNSURVEYED = "depends on the parameters: more than one decides which pieces s has, or one by no polynomial"


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
    source = SourceExpression(text, dict(fixed))
    structures, used, domain, surveyed = survey(source)
    if not structures:
        scope = " that was found" if domain else ""
        raise ValueError(f"{short(text.strip())} is real and finite on no interval{scope}; accepted: what is on some")
    parameters = tuple(sp.Symbol(name, real=True) for name in source.parameters if name in used)
    first, *others = (
        Activation(text.strip(), pieces, parameters, sample, (), fixed, surveyed, domain)
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
