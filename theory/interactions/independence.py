"""Proves by balls that derivatives of an atom are linearly independent.

At a rational parameter, the values of P_alpha at m observations form a matrix with a row for each observation. If the
determinant of a square combination of rows is a ball without 0, the columns are independent at that parameter, hence
over the functions of the parameters. `independent` proves the same of functions of x, at a true point.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpz_mpoly
from sympy.core.relational import Relational

from temperance.theory.expressions import balls
from temperance.theory.expressions.balls import value
from temperance.theory.expressions.language import KNOWN
from temperance.theory.interactions.derivatives import DerivativeFamily, Index
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import Jet, covariates

BITS = (256, 1024, 4096)
SEED = 1


@dataclass(frozen=True)
class RankProof:
    """Where derivatives are proved to be independent.

    point: rational parameters, by name. determinant: the ball of it, without 0, of a square combination of the
    derivatives at random observations.
    """

    point: Mapping[str, str]
    determinant: str


def rank_proof(family: DerivativeFamily, standard: Sequence[Index]) -> RankProof | None:
    """A proof that the derivatives are linearly independent; None where none was found."""
    functions = {type(f) for kernel in family.atom.names.values() for f in kernel.atoms(sp.Function)}
    if not functions <= {*KNOWN, Jet}:
        return None
    determinant = nonzero_determinant(lambda bits, rng: _rows(family, standard, rng, bits))
    if determinant is None:
        return None
    return RankProof({name: str(v) for name, v in _point(family, random.Random(SEED)).items()}, determinant)


def independent_columns(rows_at: Callable[[int, random.Random], list[list[arb]]]) -> bool:
    """Whether the columns of a matrix are proved to be independent, as `nonzero_determinant` does; else no proof."""
    return nonzero_determinant(rows_at) is not None


def nonzero_determinant(rows_at: Callable[[int, random.Random], list[list[arb]]]) -> str | None:
    """The ball, as text, of a square combination of the rows of a matrix, without 0; None where none was found.

    rows_at: the rows, enclosed with so many bits; the same rows at every precision.
    """
    for bits in BITS:
        with flint.ctx.workprec(bits):
            rng = random.Random(SEED)
            rows = rows_at(bits, rng)
            if not rows or len(rows) < len(rows[0]):
                return None
            mixing = arb_mat([[rng.randrange(-9, 10) for _ in rows] for _ in rows[0]])
            determinant = (mixing * arb_mat(rows)).det()
            if determinant.is_finite() and not determinant.contains(0):
                return str(determinant.str(6, radius=False))
    return None


def _point(family: DerivativeFamily, rng: random.Random) -> dict[str, fmpq]:
    """The parameters of a proof, the first numbers that are drawn."""
    return {p.name: _rational(rng, 3, 12) for p in (*family.spec.parameters, *family.spec.constants)}


def _rows(family: DerivativeFamily, standard: Sequence[Index], rng: random.Random, bits: int) -> list[list[arb]]:
    parameters = _point(family, rng)
    rows = []
    for branch in range(family.branches):
        point = _generators(family, parameters, rng, bits)
        fractions = [family.fraction(alpha, branch) for alpha in standard]
        quotients = [[_at_parameters(p, point, family.atom.observed) for p in (f.num, f.den)] for f in fractions]
        for _ in range(2 * len(standard)):
            point = _generators(family, parameters, rng, bits)
            row = [_evaluate(num, point) / _evaluate(den, point) for num, den in quotients]
            if all(entry.is_finite() for entry in row):  # else a function of this branch is not real there
                rows.append(row)
    return rows


def _rational(rng: random.Random, low: int, high: int) -> fmpq:
    return fmpq(rng.randrange(low, high), rng.randrange(5, 12))


def _generators(family: DerivativeFamily, parameters: dict[str, fmpq], rng: random.Random, bits: int) -> list[arb]:
    """Values of the generators at a random observation, not finite where they are not real."""
    names, generators = family.atom.names, family.field.generators
    observed = [g.name for g in generators if g not in names and g.name not in parameters]
    values = parameters | {name: _rational(rng, -15, 16) for name in observed}
    kernels = [names.get(g, g) for g in generators]
    # the jets of a free function take any values
    return [arb(_rational(rng, -15, 16)) if isinstance(k, Jet) else value(k, values, bits) for k in kernels]


def _at_parameters(p: fmpz_mpoly, values: list[arb], observed: Sequence[int]) -> dict[Index, arb]:
    """The polynomial in the observed generators that is left with values of the others."""
    coefficients: dict[Index, arb] = {}
    for monomial, coefficient in p.to_dict().items():
        exponents = tuple(e if i in observed else 0 for i, e in enumerate(monomial))
        rest = tuple(0 if i in observed else e for i, e in enumerate(monomial))
        coefficients[exponents] = coefficients.get(exponents, arb(0)) + _evaluate({rest: arb(coefficient)}, values)
    return coefficients


def _evaluate(terms: dict[Index, arb], values: list[arb]) -> arb:
    total = arb(0)
    for monomial, term in terms.items():
        for v, e in zip(values, monomial, strict=True):
            if e:
                term *= v**e
        total += term
    return total


Place = Mapping[sp.Symbol, sp.Expr]

_ROWS = 3  # values for every function
_POINTS = 20  # at which formulas are looked for
_CLEAR = 1e-9  # a difference in floats that has its sign


def independent(
    functions: Sequence[sp.Expr], place: Place, dim: int, draw: Callable[[random.Random], Place] = lambda _: {}
) -> bool:
    """Whether functions of x are proved to be independent on [-2, 2]^dim, the parameters being at a place.

    draw: the values of other variables that they are functions of.
    """
    most = max((len(w.args) for f in functions for w in f.atoms(sp.Piecewise)), default=1)

    def rows(bits: int, rng: random.Random) -> list[list[arb]]:
        def row() -> list[arb]:
            at = {**place, **random_point(rng, dim), **draw(rng)}
            number = numbers(at, bits)
            return [number(formula_at(f, at)) for f in functions]

        return finite_rows(row, most * len(functions))

    return independent_columns(rows)


def formulas_seen(e: sp.Expr, place: Place, dim: int) -> list[sp.Expr]:
    """The formulas that an expression with pieces has on [-2, 2]^dim off its kinks, near a place; none at a kink."""
    rng, gaps = random.Random(1), boundaries(e)
    points = [{**place, **random_point(rng, dim)} for _ in range(_POINTS if gaps else 1)]
    return list(dict.fromkeys(formula_at(e, at) for at in points if all(gap.subs(at) != 0 for gap in gaps)))


def finite_rows(row: Callable[[], list[arb]], columns: int) -> list[list[arb]]:
    """Three rows for every column, without those that are not finite."""
    return [values for values in (row() for _ in range(_ROWS * columns)) if all(entry.is_finite() for entry in values)]


def random_point(rng: random.Random, dim: int) -> dict[sp.Symbol, sp.Expr]:
    """x in [-2, 2]^dim."""
    return {p: sp.Rational(rng.randrange(-199, 200), 100) for p in covariates(dim)}


def numbers(at: Place, bits: int) -> Callable[[sp.Expr], arb]:
    """Encloses expressions where their symbols have these values."""
    values = {p.name: balls.value(v, {}, bits) for p, v in at.items()}
    return lambda e: balls.value(e, values, bits)


def formula_at(e: sp.Expr, at: Place) -> sp.Expr:
    """The formula that an expression with pieces has around a point (which lies on no kink)."""
    relations, symbols, gaps = _comparisons(e)
    if not relations:
        return e
    values = zip(relations, gaps(*(float(at[p]) for p in symbols)), strict=True)
    return _formula(e, tuple(bool(r.func(v, 0)) if abs(v) > _CLEAR else r.subs(at) == sp.true for r, v in values))


@lru_cache(maxsize=256)
def _comparisons(e: sp.Expr) -> tuple[tuple[Relational, ...], tuple[sp.Symbol, ...], Callable[..., list[float]]]:
    """What an expression compares, and the differences of the two sides as a function of their symbols."""
    relations = tuple(sorted(e.atoms(Relational), key=sp.default_sort_key))
    symbols = tuple(sorted({p for r in relations for p in r.free_symbols}, key=str))
    names = {p: sp.Symbol(f"v{i}") for i, p in enumerate(symbols)}
    gaps = [(r.lhs - r.rhs).xreplace(names) for r in relations]
    return relations, symbols, sp.lambdify([*names.values()], gaps, "math")


@lru_cache(maxsize=1024)
def _formula(e: sp.Expr, truths: tuple[bool, ...]) -> sp.Expr:
    """An expression where its comparisons have these outcomes."""
    outcomes = {r: sp.true if truth else sp.false for r, truth in zip(_comparisons(e)[0], truths, strict=True)}
    return e.xreplace(outcomes)
