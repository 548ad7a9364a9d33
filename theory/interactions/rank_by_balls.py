"""Proves by balls that derivatives of an atom are linearly independent.

At a rational parameter, the values of P_alpha at m observations form a matrix with a row for each observation. If the
determinant of a square combination of rows is a ball without 0, the columns are independent at that parameter, hence
over the functions of the parameters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpz_mpoly

from temperance.theory.expressions.balls import value
from temperance.theory.expressions.functions import KNOWN
from temperance.theory.interactions.derivatives import DerivativeFamily, Index
from temperance.theory.models.spec import Jet

BITS = (256, 1024, 4096)


def independent_by_balls(family: DerivativeFamily, standard: Sequence[Index]) -> bool:
    """Whether the derivatives are proved to be linearly independent; False says that no proof was found."""
    functions = {type(f) for kernel in family.atom.names.values() for f in kernel.atoms(sp.Function)}
    if not functions <= {*KNOWN, Jet}:
        return False
    return independent_columns(lambda bits, rng: _rows(family, standard, rng, bits))


def independent_columns(rows_at: Callable[[int, random.Random], list[list[arb]]]) -> bool:
    """Whether the columns of a matrix are proved to be independent: a square combination of its rows is regular.

    rows_at: the rows, enclosed with so many bits; the same rows at every precision. False: no proof was found.
    """
    for bits in BITS:
        with flint.ctx.workprec(bits):
            rng = random.Random(1)
            rows = rows_at(bits, rng)
            if not rows or len(rows) < len(rows[0]):
                return False
            mixing = arb_mat([[rng.randrange(-9, 10) for _ in rows] for _ in rows[0]])
            determinant = (mixing * arb_mat(rows)).det()
            if determinant.is_finite() and not determinant.contains(0):
                return True
    return False


def _rows(family: DerivativeFamily, standard: Sequence[Index], rng: random.Random, bits: int) -> list[list[arb]]:
    parameters = {p.name: _rational(rng, 3, 12) for p in (*family.spec.parameters, *family.spec.constants)}
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
