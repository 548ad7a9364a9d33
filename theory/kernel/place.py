"""Holds what a certificate is about, as data: the model, the place, the claims. Places are equal as data, or different.

What each key means stands in docs/certificates.md, "The envelope". x has a density on [-2, 2]^d, bounded, and bounded
away from 0 there, where all formulas are real; shares within a cell are bounded away from 0.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from flint import arb, fmpq

from temperance.theory.kernel.balls import Balls, nonzero
from temperance.theory.kernel.reader import (
    ENTIRE,
    Pieces,
    Rejected,
    evaluate,
    expression,
    names_in,
    names_of,
    pieces,
    rational,
    require,
    require_keys,
    written_fraction,
)

REACH = 2
"""Every coordinate of x is in [-REACH, REACH]."""
WEIGHT = "_weight"
SUBJECTS = ("densities", "regressions", "activation")
SIDES = ("at most", "at least", "flat", "holds", "fails")
_NAMES = ("covariates", "own", "expert", "shared", "held")
_MOST_NAMES, _MOST_ATOMS, _MOST_SIZE = 24, 5, 8
_WITNESSES = ("3/7", "-5/8", "13/9", "-17/10", "1/9", "-1/5", "19/10", "8/9")
_TRIES = 3 * len(_WITNESSES)


@dataclass(frozen=True)
class Model:
    """One atom: log weight and mean as written, and the role of each parameter."""

    covariates: tuple[str, ...]
    log_weight: str
    mean: str
    own: tuple[str, ...]
    expert: tuple[str, ...]
    shared: tuple[str, ...]
    held: tuple[str, ...]
    weighted: bool

    @property
    def gate(self) -> tuple[str, ...]:
        """The parameters of the log weight."""
        return (*self.own, *self.shared, *self.held)


@dataclass(frozen=True)
class Place:
    """A true mixture and how it is fitted. Points and pairs are ordered by name, so that equal places compare equal."""

    subject: str
    model: Model
    sizes: tuple[int, ...]
    points: tuple[tuple[tuple[str, str], ...], ...]
    fixed: tuple[tuple[int, str], ...]
    nonzero: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Claim:
    """What is claimed of a title: a parameter, "mean PARAMETER" of the weighted mean in its cell, or a condition.

    value: the order of "at most" and "at least"; the temperature at which what holds fails; else None.
    """

    title: str
    side: str
    value: str | None = None


@dataclass(frozen=True)
class Checked:
    """What a certificate proves: the claims at a place, given the theorems that are assumed.

    left_out: the ends of pieces of which nothing is claimed.
    """

    place: Place
    claims: tuple[Claim, ...]
    assumed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A place with its expressions read, each true value as a tree and as a ball."""

    place: Place
    weight: Pieces
    mean: ast.expr
    values: tuple[Mapping[str, ast.expr], ...]

    @property
    def model(self) -> Model:
        """The model of an atom."""
        return self.place.model

    @property
    def split(self) -> bool:
        """Whether the first true atom is fitted by several."""
        return self.place.sizes[0] > 1

    def is_fixed(self, atom: int, name: str) -> bool:
        """Whether a parameter does not move at an atom."""
        return name in self.model.held or (atom, name) in self.place.fixed

    def is_singleton(self, atom: int) -> bool:
        """Whether an atom is fitted by one, its gate being held."""
        names = (*self.model.own, *([WEIGHT] if self.model.weighted else []))
        return self.place.sizes[atom] == 1 and all(self.is_fixed(atom, p) for p in names)

    def value(self, atom: int, name: str) -> fmpq | None:
        """The true value of a parameter, where it is a rational number."""
        tree = self.values[atom].get(name)
        value = None if tree is None else written_fraction(tree)
        return None if value is None else fmpq(value.numerator, value.denominator)

    def balls(self, atom: int, *, length: int = 1) -> dict[str, Any]:
        """The true values of an atom as balls."""
        numbers = Balls(length=length)
        return {name: evaluate(tree, numbers) for name, tree in self.values[atom].items()}


def place_of(part: Any) -> Place:
    """The place that a certificate names. Raises Rejected."""
    require_keys(part, "subject", "model", "sizes", "points", "fixed", "nonzero", of="the place")
    require(part["subject"] in SUBJECTS, "the subject")
    model = _model(part["model"])
    sizes, points = part["sizes"], part["points"]
    require(isinstance(points, list) and 1 <= len(points) <= _MOST_ATOMS, "the points")
    require(isinstance(sizes, list) and len(sizes) == len(points), "the sizes")
    require(all(type(n) is int and 1 <= n <= _MOST_SIZE for n in sizes), "the sizes")
    named = {*model.gate, *model.expert, *([WEIGHT] if model.weighted else [])}
    require(all(isinstance(p, dict) and {*p} <= named for p in points), "a true point")
    require(all(isinstance(v, str) for p in points for v in p.values()), "a true value")
    shared = [{n: p.get(n) for n in model.shared} for p in points]
    require(all(values == shared[0] for values in shared), "a shared parameter with two values")
    nonzero_ = names_of(part["nonzero"], "what is not 0")
    require({*nonzero_} <= {*model.gate} - {*points[0]}, "what is not 0 is named at the first atom")
    fixed = part["fixed"]
    require(isinstance(fixed, list) and all(isinstance(f, list) and len(f) == 2 for f in fixed), "what is fixed")
    own = {*model.own, *model.expert, WEIGHT}
    fits = all(type(i) is int and 0 <= i < len(points) and p in own for i, p in fixed)
    require(fits and (model.weighted or not any(p == WEIGHT for _, p in fixed)), "what is fixed")
    pairs = tuple(sorted((i, p) for i, p in fixed))
    require(len({*pairs}) == len(pairs), "what is fixed")
    ordered = tuple(tuple(sorted(p.items())) for p in points)
    return Place(part["subject"], model, tuple(sizes), ordered, pairs, tuple(sorted(nonzero_)))


def _model(part: Any) -> Model:
    require_keys(part, *_NAMES, "log_weight", "mean", "weighted", of="the model")
    names = {key: names_of(part[key], key) for key in _NAMES}
    every = [n for of in names.values() for n in of]
    require(len({*every}) == len(every) <= _MOST_NAMES and names["covariates"], "the parameters")
    require(type(part["weighted"]) is bool, "the weights")
    return Model(log_weight=part["log_weight"], mean=part["mean"], weighted=part["weighted"], **names)


def case_of(place: Place) -> Case:
    """A place with its expressions read, and shown to be real at a point x of the box. Raises Rejected."""
    model = place.model
    require(place.subject != "activation", "the place of a mixture")
    last = {"densities": ("nu",), "regressions": ()}[place.subject]
    require(model.expert and model.expert[-1:] == (last or model.expert[-1:]), "the parameters of the expert")
    means = model.expert[: len(model.expert) - len(last)]
    weight = pieces(model.log_weight, {*model.covariates, *model.gate, "pi"})
    mean = expression(model.mean, {*model.covariates, *means, "pi"})
    values = tuple({n: expression(v, {"pi"}) for n, v in point} for point in place.points)
    case = Case(place, weight, mean, values)
    _require_real(case)
    for i, j in combinations(range(len(values)), 2):
        require(_are_different(case, i, j), "the experts of two atoms are not shown to be different")
    return case


def _require_real(case: Case) -> None:
    """That log weight and mean are real and smooth at a point of the box, at every true atom.

    What is left out of a point is tried at some numbers; there the formulas are real for an open set of it.
    """
    for atom in range(len(case.values)):
        require(any(_is_real(case, atom, n) for n in range(_TRIES)), "a formula is not shown to be real")
        at = case.balls(atom)
        require(all(ball[0].is_finite() for ball in at.values()), "a true value is not real")
        require("nu" not in at or at["nu"][0] > 0, "a variance that is not positive")


def _completed(case: Case, atom: int, n: int) -> Balls:
    """The true values of an atom, with a number for x and for what a point leaves out: the choice n of these."""
    names, numbers = (*case.model.covariates, *case.model.gate, *case.model.expert), case.balls(atom)
    free = [p for p in names if p not in numbers]
    for j, p in enumerate(free):
        witness = _WITNESSES[(n + (j + 1) * (1 + n // len(_WITNESSES))) % len(_WITNESSES)]
        numbers[p] = Balls(length=1).number(arb(rational(witness)))
    return Balls(numbers, length=1)


def _are_different(case: Case, i: int, j: int) -> bool:
    """Whether the experts of two atoms have another mean at some x, or another variance, for some of what is left out.

    Of a mean without parameters the variances may be left out.
    """
    named = [values["nu"][0] for values in map(case.balls, (i, j)) if "nu" in values]
    if len(named) == 2 and nonzero(named[0] - named[1]):
        return True
    if len(named) < 2 and not names_in(case.mean) & {*case.model.expert}:
        return True
    for n in range(_TRIES):
        one, other = _completed(case, i, n), _completed(case, j, n + 1)
        other.names |= {p: one.names[p] for p in case.model.covariates}
        try:
            if nonzero(evaluate(case.mean, one)[0] - evaluate(case.mean, other)[0]):
                return True
        except Rejected:
            continue
    return False


def _is_real(case: Case, atom: int, n: int) -> bool:
    values = _completed(case, atom, n)
    try:
        at = piece_at(case, atom, values, still=True)
        evaluate(case.weight.formulas[at], values)
        evaluate(case.mean, values)
    except Rejected:
        return False
    return True


def piece_at(case: Case, atom: int, values: Balls, *, still: bool = False) -> int:
    """The piece of an atom's weight at a point, strictly inside of it.

    A condition u < v is passed over where both are 0 at the atom, whatever x is, and cannot move. still: nothing moves.
    """
    zero = {p for p in case.values[atom] if case.value(atom, p) == 0 and (still or case.is_fixed(atom, p))}
    for i, (low, high) in enumerate(case.weight.sides):
        if zero and _is_zero(low, zero) and _is_zero(high, zero):
            continue
        gap = evaluate(high, values)[0] - evaluate(low, values)[0]
        require(nonzero(gap), "a point that is not shown to lie inside a piece")
        if gap > 0:
            return i
    return len(case.weight.sides)


def _is_zero(tree: ast.expr, zero: set[str]) -> bool:
    """Whether a polynomial is 0 where these names are, by its terms as they are written."""
    match tree:
        case ast.Constant(n):
            return bool(n == 0)
        case ast.Name(name):
            return name in zero
        case ast.UnaryOp(_, p):
            return _is_zero(p, zero)
        case ast.BinOp(p, ast.Add() | ast.Sub(), q):
            return _is_zero(p, zero) and _is_zero(q, zero)
        case ast.BinOp(p, ast.Mult(), q):
            return (_is_zero(p, zero) and _is_polynomial(q)) or (_is_zero(q, zero) and _is_polynomial(p))
        case ast.BinOp(p, ast.Div(), ast.Constant(int(n))):
            return n != 0 and _is_zero(p, zero)
    return False


def _is_polynomial(tree: ast.expr) -> bool:
    fits = (ast.Constant, ast.Name, ast.UnaryOp, ast.BinOp, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Load)
    return all(isinstance(node, fits) for node in ast.walk(tree))


def box_point(case: Case, part: Any, *, length: int = 1) -> dict[str, Any]:
    """The coordinates of a point of [-2, 2]^d as balls, by name."""
    x, numbers = [rational(v) for v in part], Balls(length=length)
    inside = all(abs(v) <= REACH for v in x)
    require(len(x) == len(case.model.covariates) and inside, "a point of another space")
    return {name: numbers.number(arb(v)) for name, v in zip(case.model.covariates, x, strict=True)}


def require_analytic(tree: ast.expr, x: frozenset[str]) -> None:
    """That a formula is analytic for all x, as it is written."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(_, ast.Div(), q):
                require(not names_in(q) & x, "a division by what depends on x")
            case ast.BinOp(p, ast.Pow(), q):
                n = written_fraction(q)
                whole = n is not None and n.denominator == 1 and n >= 0
                require(n is not None and (whole or not names_in(p) & x), "a root of what depends on x")
            case ast.Call(ast.Name(f), [q]):
                require(f in ENTIRE or not names_in(q) & x, f"{f} is not analytic everywhere")


def degree_in(tree: ast.expr, names: Set[str]) -> int:
    """1 for a formula that is linear in the names as it is written, 0 for one without them; else Rejected.

    So it is linear at every value of the names, and 0 where they are.
    """
    match tree:
        case ast.Name(name):
            return int(name in names)
        case ast.UnaryOp(_, p):
            return degree_in(p, names)
        case ast.BinOp(p, symbol, q):
            degrees = u, v = degree_in(p, names), degree_in(q, names)
            fits = {ast.Mult: u + v <= 1, ast.Div: v == 0, ast.Pow: not any(degrees)}.get(type(symbol), u == v)
            require(fits, "the mean is not linear")
            return max(degrees)
        case ast.Call(_, [q]):
            require(degree_in(q, names) == 0, "the mean is not linear")
    return 0
