"""Grows a differential field in z one generator at a time, with every operation bounded in size.

Roots are adjoined of elements that are positive on a piece, whose factors keep their signs there.

>>> import sympy as sp
>>> from temperance.theory.expressions.sign_changes import Z
>>> field = AdjoinedField(sp.symbols("_g:2"))
>>> z = field.adjoined("variable", Z, constant=False, rule=field.unit)
>>> field.stands_for(field.d(z**3).num)
3*z**2
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import sympy as sp
from flint import fmpq, fmpz_mpoly

from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import has_parameters
from temperance.theory.expressions.sign_changes import NoClosedForm, Sample, Z
from temperance.theory.fields.differential_field import DifferentialField, Fraction, OutsideTowers, factored

_MOST_TERMS = 6000
_MOST_FACTORED_BITS = 64


@dataclass(frozen=True)
class Generator:
    """A generator: its kind, the function it stands for, and whether it is constant in z."""

    kind: str
    stands_for: sp.Expr
    constant: bool


def _of_square(logarithm: sp.Expr) -> sp.Expr:
    return sp.log(logarithm.args[0].args[0] ** 2) / 2


class AdjoinedField(DifferentialField):
    """The fractions in the generators adjoined so far, seen on one piece of the line at a time.

    Operations raise OutsideTowers where fractions, products or powers would grow too large to go on with.

    symbols: one for every generator that may be adjoined; order: roots are adjoined as powers of the root of this
    order, where it is a multiple of theirs; assumptions: signs under roots that are not proved, in words.
    """

    def __init__(self, symbols: Sequence[sp.Symbol], order: int = 1, sample: Sample | None = None) -> None:
        super().__init__(symbols, {})
        self.rules = [[self.zero] * len(self.generators)]
        self.described: dict[int, Generator] = {}
        self.indices: dict[sp.Expr, int] = {}
        self.assumptions: set[str] = set()
        self._order, self._sample = order, sample or {}
        self._points: Sequence[fmpq] = ()
        self._piece: Piece | None = None

    def adjoined(self, kind: str, stands_for: sp.Expr, constant: bool, rule: Fraction | None = None) -> Fraction:
        """A new generator, whose derivative may be given later, in `rules[0]`.

        Later ones come first in the order, so that a root precedes what it is a root of.
        """
        index = len(self.generators) - 1 - len(self.described)
        if index < 0:
            raise OutsideTowers("too many functions for one tower")
        self.described[index] = Generator(kind, stands_for, constant)
        self.indices[stands_for] = index
        if rule is not None:
            self.rules[0][index] = rule
        return self.element(index)

    def element(self, index: int) -> Fraction:
        """The generator as a field element."""
        return self.whole(self.context.gen(index))

    def constant(self, stands_for: sp.Expr, kind: str = "constant") -> Fraction:
        """A constant as a field element, adjoined where it is new."""
        index = self.indices.get(stands_for)
        return self.adjoined(kind, stands_for, True) if index is None else self.element(index)

    def number(self, value: sp.Rational | int) -> Fraction:
        """A rational number as a field element."""
        value = sp.Rational(value)
        return self.fraction(self.context.constant(int(value.p)), self.context.constant(int(value.q)))

    def d(self, f: Fraction) -> Fraction:
        """The derivative in z."""
        return self.derivative(f, 0)

    def fraction(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Fraction:
        """num/den in lowest terms."""
        if len(num) + len(den) > _MOST_TERMS:
            raise OutsideTowers(f"the tower's fractions grow over {_MOST_TERMS} terms")
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

    def rooted(self, q: Fraction, exponent: sp.Rational) -> Fraction:
        """q^(m/n), q > 0, as the product of |f_i|^(e_i m/n) over the irreducible factors of q."""
        return reduce(operator.mul, (self._root_of(base, e * exponent) for base, e in self.factors_of(q)), self.unit)

    def factors_of(self, q: Fraction) -> Iterator[tuple[fmpz_mpoly, int]]:
        """The primes and the irreducible factors of q, up to its sign, with their exponents.

        A long number, whose primes take long to find, counts as one.
        """
        for part, side in ((q.num, 1), (q.den, -1)):
            content, factors = factored(part)
            short = abs(content).bit_length() <= _MOST_FACTORED_BITS
            primes = sp.factorint(abs(content)) if short else {abs(content): 1}
            constants = [(self.context.constant(int(prime)), e) for prime, e in primes.items()]
            yield from ((factor, side * int(e)) for factor, e in [*constants, *factors])

    def _root_of(self, base: fmpz_mpoly, exponent: sp.Rational) -> Fraction:
        positive = base if self._sign(base, exponent.is_Integer) > 0 else -base
        if exponent.is_Integer:
            return self.whole(positive) ** int(exponent)
        order = self._order if self._order % exponent.q == 0 else int(exponent.q)
        stands_for = sp.Pow(self.stands_for(positive), sp.Rational(1, order), evaluate=False)
        if stands_for not in self.indices:
            root = self.adjoined("root", stands_for, self.is_constant(positive))
            index = self.indices[stands_for]
            self._adjoin(index, order, positive)
            radicand = self.whole(positive)
            self.rules[0][index] = self.d(radicand) * root / (self.number(order) * radicand)
        return self.element(self.indices[stands_for]) ** int(exponent * order)

    def _sign(self, base: fmpz_mpoly, squared: bool) -> int:
        """The sign on the piece of a factor of what is positive; squared: that leaves the sign of the factor open."""
        if base.is_constant():
            return 1 if base.leading_coefficient() > 0 else -1
        function = self.stands_for(base)
        signs = {balls.sign(function, {**self._sample, "z": p}, 512) for p in self._points or (fmpq(1, 3),)}
        if len(signs) != 1 or None in signs:
            raise OutsideTowers(f"the sign of {function} under a root changes within a piece")
        if not self._visibly_positive(base) and not self._keeps_its_sign(function, squared):
            self.assumptions.add(f"the sign of {function} was read at sample points")
        return int(signs.pop() or 0)

    def _keeps_its_sign(self, function: sp.Expr, squared: bool) -> bool:
        """Whether a function is known to have no roots inside the piece, nor another sign for other parameters."""
        if has_parameters(function) and (squared or not function.is_polynomial(Z)):
            return False
        if not function.has(Z) or self._piece is None:
            return function.is_polynomial(Z)
        # log|f| = log(f^2)/2 has no absolute value, of which real_roots knows nothing
        smooth = function.replace(lambda e: isinstance(e, sp.log) and isinstance(e.args[0], sp.Abs), _of_square)
        try:
            return len(Algebra(self._sample).split(replace(self._piece, expr=smooth))) == 1
        except NoClosedForm:
            return False

    def _visibly_positive(self, base: fmpz_mpoly) -> bool:
        # positive generators with positive coefficients, or squares
        kinds = {i: self.described[i].kind for i, e in enumerate(base.degrees()) if e}
        even = all(all(not e % 2 or kinds[i] in ("exp", "root") for i, e in enumerate(m) if e) for m in base.to_dict())
        return even and all(c > 0 for c in base.to_dict().values())
