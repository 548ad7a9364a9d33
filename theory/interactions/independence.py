"""Proves by balls that derivatives of an atom are linearly independent.

At a rational parameter, the values of P_alpha at m observations form a matrix with a row for each observation. If the
determinant of a square combination of rows is a ball without 0, the columns are independent at that parameter, hence
over the functions of the parameters. `independent` proves the same of functions of x, at a true point.

`null_directions` bounds the directions in which a mixture does not change, to first order, at random points (theory
2.1.3). Its Jacobian is d log g at random (x, y) by all parameters of k atoms. A rank that balls prove at one point
bounds the number of such directions at generic points from above.

>>> from temperance.theory.models.by_name import model
>>> null_directions(model("linear"), 2)  # beta1, beta0 of both atoms, tau: a flow, and two translations
3
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
from temperance.theory.expressions.balls import pivot_rows, value
from temperance.theory.expressions.language import KNOWN
from temperance.theory.interactions.derivatives import DerivativeFamily, Index
from temperance.theory.models.pieces import boundaries
from temperance.theory.models.spec import Jet, MoESpec, Y, covariates

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
    functions = {type(f) for kernel in family.names.values() for f in kernel.atoms(sp.Function)}
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
        quotients = [[_at_parameters(p, point, family.observed) for p in (f.num, f.den)] for f in fractions]
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
    names, generators = family.names, family.field.generators
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


def independent(
    functions: Sequence[sp.Expr], place: Place, dim: int, draw: Callable[[random.Random], Place] = lambda _: {}
) -> bool:
    """Whether functions of x are proved to be independent on [-2, 2]^dim, the parameters being at a place.

    draw: the values of other variables that they are functions of.
    """
    kinked = any(f.has(sp.Piecewise) for f in functions)

    def rows(bits: int, rng: random.Random) -> list[list[arb]]:
        def row() -> list[arb]:
            at = {**place, **drawn_point(dim, rng), **draw(rng)}
            number = numbers(at, bits)
            return [number(formula_at(f, at)) for f in functions]

        return finite_rows(row, max(len(functions), BETWEEN_KINKS // _ROWS * kinked))

    return independent_columns(rows)


def formulas_seen(e: sp.Expr, place: Place, dim: int) -> list[sp.Expr]:
    """The formulas that an expression with pieces has on [-2, 2]^dim off its kinks, near a place; none at a kink."""
    rng, gaps = random.Random(1), boundaries(e)
    points = [{**place, **drawn_point(dim, rng)} for _ in range(_POINTS if gaps else 1)]
    return list(dict.fromkeys(formula_at(e, at) for at in points if all(gap.subs(at) != 0 for gap in gaps)))


def finite_rows(row: Callable[[], list[arb]], columns: int) -> list[list[arb]]:
    """Three rows for every column, without those that are not finite."""
    return [values for values in (row() for _ in range(_ROWS * columns)) if all(entry.is_finite() for entry in values)]


def numbers(at: Place, bits: int) -> Callable[[sp.Expr], arb]:
    """Encloses expressions where their symbols have these values."""
    values = {p.name: balls.value(v, {}, bits) for p, v in at.items()}
    return lambda e: balls.value(e, values, bits)


def formula_at(e: sp.Expr, at: Place) -> sp.Expr:
    """The formula that an expression with pieces has around a point (which lies on no kink)."""
    return e.xreplace({r: sp.true if r.subs(at) == sp.true else sp.false for r in e.atoms(Relational)})


RANK_BITS = 256
BETWEEN_KINKS = 120  # points of a gate with kinks: a few would miss an interval between those of all atoms
_PLACES = 2  # of the parameters
_TRIES = 12  # for each of them, until the density is finite at enough (x, y)
_MORE = 6  # rows than columns
_APART = sp.Rational(8, 5)  # the ratio of one atom's parameters to those of the next, so that kinks are apart
_HOPELESS = 4  # points without a finite density, after which other parameters are drawn


@lru_cache(maxsize=64)
def null_directions(spec: MoESpec, k: int) -> int | None:
    """The least number of directions at two random points; None where no density was finite at points that were drawn.

    Parameters that may have both signs are positive in all atoms.
    """
    counts: list[int] = []
    with flint.ctx.workprec(RANK_BITS):
        for seed in range(_PLACES * _TRIES):
            rows = _jacobian(spec, k, random.Random(seed))
            if rows is not None:
                counts.append(len(rows[0]) - len(pivot_rows(rows)))
            if len(counts) == _PLACES:
                return min(counts)
    return min(counts, default=None)


def _jacobian(spec: MoESpec, k: int, rng: random.Random) -> list[list[arb]] | None:
    """The Jacobian at one point of the parameters; None where too few (x, y) give finite numbers."""
    gate, expert = spec.gate, spec.expert
    score, own = gate.score, (*gate.own, *gate.bias)
    fixed = {p: sp.Rational(7, 5) for p in spec.constants} | drawn(gate.shared, rng, one_sign=True)
    each = (*own, *expert.parameters)
    atoms = [{p: _APART**i * v for p, v in drawn(each, rng, one_sign=True).items()} | fixed for i in range(k)]
    width = k * (len(own) + len(expert.parameters)) + len(gate.shared)
    kinked = any(not isinstance(r, sp.Eq) for e in (score, expert.log_density) for r in e.atoms(Relational))
    wanted = max(width + _MORE, BETWEEN_KINKS if kinked else 0)
    outcomes = [r.args[1] for r in expert.log_density.atoms(sp.Eq) if r.args[0] == Y]
    rows: list[list[arb]] = []
    for tried in range(wanted + wanted // 2):
        if not rows and tried == _HOPELESS:
            return None
        at = drawn_point(spec.dim, rng, wide=kinked and tried % 3 == 0)
        response = sp.Rational(rng.randrange(-3000, 3001), 1000) + sp.Rational(1, 7907)
        at[Y] = rng.choice(outcomes) if outcomes else response
        gates = finite_slopes(score, (*own, *gate.shared), atoms, at)
        experts = finite_slopes(expert.log_density, expert.parameters, atoms, at)
        if gates is not None and experts is not None:
            rows.append(jacobian_row(gates, experts, len(own)))
        if len(rows) == wanted:
            return rows
    return None


def jacobian_row(gates: Sequence[Sequence[arb]], experts: Sequence[Sequence[arb]], own: int) -> list[arb]:
    """d log g = sum_i (r_i - pi_i) d score_i + r_i d log f_i, pi the weights and r the shares of the atoms in g.

    By the own parameters of the gates, atom by atom, those of the experts, and shared ones.
    """
    weights = [values[0].exp() for values in gates]
    joint = [w * values[0].exp() for w, values in zip(weights, experts, strict=True)]
    whole, density = sum(weights, arb(0)), sum(joint, arb(0))
    shares = [f / density for f in joint]
    gains = [r - w / whole for r, w in zip(shares, weights, strict=True)]
    of_gates = [g * e for g, values in zip(gains, gates, strict=True) for e in values[1 : 1 + own]]
    of_experts = [r * e for r, values in zip(shares, experts, strict=True) for e in values[1:]]
    common = range(1 + own, len(gates[0]))
    of_shared = [sum((g * values[c] for g, values in zip(gains, gates, strict=True)), arb(0)) for c in common]
    return [*of_gates, *of_experts, *of_shared]


def slopes_at(
    e: sp.Expr, parameters: Sequence[sp.Symbol], atoms: Sequence[Place], point: Place, bits: int
) -> list[list[arb]]:
    """The value of an expression at every atom, and its derivatives by parameters. Raises ValueError as `balls`."""
    table: list[list[arb]] = []
    for atom in atoms:
        at = {**atom, **point}
        number, slopes = numbers(at, bits), _slopes(formula_at(e, at), (*parameters,))
        table.append([number(_without_jets(f, at) if f.has(Jet) else f) for f in slopes])
    return table


def finite_slopes(
    e: sp.Expr, parameters: Sequence[sp.Symbol], atoms: Sequence[Place], point: Place
) -> list[list[arb]] | None:
    """The same where all are finite; else None."""
    with flint.ctx.workprec(RANK_BITS):
        try:
            table = slopes_at(e, parameters, atoms, point, RANK_BITS)
        except ValueError:  # no ball arithmetic
            return None
    return table if all(ball.is_finite() for values in table for ball in values) else None


@lru_cache(maxsize=256)
def _slopes(e: sp.Expr, parameters: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, ...]:
    return (e, *(sp.diff(e, p) for p in parameters))


def _without_jets(e: sp.Expr, at: Place) -> sp.Expr:
    """A free function has any values: here random ones, the same at the same point."""
    jets = {j: (str(j.args[0]), int(j.args[1]), j.args[2].subs(at)) for j in e.atoms(Jet)}
    return e.xreplace({j: sp.Rational(random.Random(repr(key)).randrange(-999, 1000), 100) for j, key in jets.items()})


def drawn(own: Sequence[sp.Symbol], rng: random.Random, *, one_sign: bool) -> dict[sp.Symbol, sp.Expr]:
    """Random rational values of parameters."""
    sign = {p: 1 if one_sign or p.is_positive else rng.choice((1, -1)) for p in own}
    return {p: sign[p] * sp.Rational(rng.randrange(600, 1800), 1000) for p in own}


def drawn_point(dim: int, rng: random.Random, *, wide: bool = False) -> dict[sp.Symbol, sp.Expr]:
    """A random rational point x in [-2, 2]^d; wide: or in a cube of 2, 4 or 8 times the length."""
    size = rng.choice((2, 4, 8)) if wide else 1
    return {v: sp.Rational(size * rng.randrange(-2000, 2001), 1000) + sp.Rational(1, 7919) for v in covariates(dim)}
