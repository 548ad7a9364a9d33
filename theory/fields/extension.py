"""Grows a differential field in z one generator at a time, with every operation bounded in size.

>>> import sympy as sp
>>> from temperance.theory.expressions.sign_changes import Z
>>> field = AdjoinedField(sp.symbols("_g:2"))
>>> z = field.adjoined("variable", Z, constant=False, rule=field.unit)
>>> field.stands_for(field.d(field.power(z, 3)).num)
3*z**2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod

import sympy as sp
from flint import fmpz_mpoly

from temperance.theory.fields.differential_field import (
    MOST_DEGREE,
    DifferentialField,
    Fraction,
    NoTower,
    has_high_degrees,
)

_MOST_TERMS = 6000
_MOST_EXPANDED = 20_000


@dataclass(frozen=True)
class Generator:
    """A generator: its kind, the function it stands for, and whether it is constant in z."""

    kind: str
    stands_for: sp.Expr
    constant: bool


class AdjoinedField(DifferentialField):
    """The fractions in the generators adjoined so far, of which there may be as many as there are symbols.

    Operations raise NoTower where fractions, products or powers would grow too large to go on with.
    """

    def __init__(self, symbols: Sequence[sp.Symbol]) -> None:
        super().__init__(symbols, {})
        self.rules = [[self.zero] * len(self.generators)]
        self.described: dict[int, Generator] = {}
        self.known: dict[sp.Expr, int] = {}
        self._underived: set[int] = set()

    def adjoined(self, kind: str, stands_for: sp.Expr, constant: bool, rule: Fraction | None = None) -> Fraction:
        """A new generator, whose derivative may be given later by `derive`.

        Later ones come first in the order, so that a root precedes what it is a root of.
        """
        index = len(self.generators) - 1 - len(self.described)
        if index < 0:
            raise NoTower("too many functions for one tower")
        self.described[index] = Generator(kind, stands_for, constant)
        self.known[stands_for] = index
        if rule is not None:
            self.derive(index, rule)
        elif not constant:
            self._underived.add(index)
        return self.element(index)

    def derive(self, index: int, rule: Fraction) -> None:
        """Give the derivative of a generator."""
        self.rules[0][index] = rule
        self._underived.discard(index)

    def element(self, index: int) -> Fraction:
        """The generator as a field element."""
        return Fraction(self.context.gen(index), self.one)

    def constant(self, stands_for: sp.Expr, kind: str = "constant") -> Fraction:
        """A constant as a field element, adjoined where it is new."""
        index = self.known.get(stands_for)
        return self.adjoined(kind, stands_for, True) if index is None else self.element(index)

    def number(self, value: sp.Rational | int) -> Fraction:
        """A rational number as a field element."""
        value = sp.Rational(value)
        return self.fraction(self.context.constant(int(value.p)), self.context.constant(int(value.q)))

    def power(self, f: Fraction, n: int) -> Fraction:
        """f^n for any integer n."""
        f, n = (self.inverse(f), -n) if n < 0 else (f, n)
        if max(_terms_of_power(f.num, n), _terms_of_power(f.den, n)) > _MOST_EXPANDED:
            raise NoTower(f"a power would have over {_MOST_EXPANDED} terms")
        return self.fraction(f.num**n, f.den**n)

    def d(self, f: Fraction) -> Fraction:
        """The derivative in z.

        Raises:
            NoTower: f holds a generator whose derivative is still worked out, and needs that of f.
        """
        for index in self._underived:
            if f.num.degrees()[index] or f.den.degrees()[index]:
                raise NoTower(f"the derivative of {self.described[index].stands_for} is made of itself")
        return self.derivative(f, 0)

    def fraction(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Fraction:
        """num/den in lowest terms.

        Raises:
            NoTower: numerator and denominator have grown too large to go on with.
        """
        if len(num) + len(den) > _MOST_TERMS:
            raise NoTower(f"the tower's fractions grow over {_MOST_TERMS} terms")
        if has_high_degrees(num, den):  # such as those of exp(z) + exp(1.000001*z)
            raise NoTower(f"the tower's fractions grow over the degree {MOST_DEGREE}")
        return super().fraction(num, den)

    def _rationalise(self, num: fmpz_mpoly, den: fmpz_mpoly) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        # relations are read off numerators over one common denominator, which may hold roots
        return num, den

    @property
    def constants(self) -> set[int]:
        """Indices of the constant generators."""
        return {i for i, g in self.described.items() if g.constant}

    def is_constant(self, p: fmpz_mpoly) -> bool:
        """Whether a polynomial involves constant generators only."""
        return all(e <= 0 or self.described[i].constant for i, e in enumerate(p.degrees()))

    def stands_for(self, p: fmpz_mpoly) -> sp.Expr:
        """The function that a polynomial in the generators is."""
        return self.expression(p, {self.generators[i]: g.stands_for for i, g in self.described.items()})


def _terms_of_power(p: fmpz_mpoly, n: int) -> int:
    """A bound of the number of terms of p^n, by multinomials and by degrees."""
    if len(p) <= 1:
        return 1
    return min(comb(n + len(p) - 1, n), prod(n * d + 1 for d in p.degrees())) if n < 10**6 else n
