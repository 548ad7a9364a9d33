"""Adjoins roots of elements that are positive on a piece, and keeps the sign of every factor under a root."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq, fmpz_mpoly

from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import has_parameters
from temperance.theory.expressions.sign_changes import NoClosedForm, Sample, Z, real_roots
from temperance.theory.fields.differential_field import Fraction, NoTower, factored
from temperance.theory.fields.extension import AdjoinedField

_MOST_FACTORED_BITS = 64


class RootedField(AdjoinedField):
    """A field with roots, seen on one piece of the line at a time.

    Args:
        symbols: one for every generator that may be adjoined.
        order: roots are adjoined as powers of the root of this order, where it is a multiple of theirs.
        sample: values of the parameters, by name.

    Attributes:
        assumptions: signs under roots that are not proved, in words.
    """

    def __init__(self, symbols: Sequence[sp.Symbol], order: int, sample: Sample) -> None:
        super().__init__(symbols)
        self.assumptions: set[str] = set()
        self._order, self._sample = order, sample
        self._points: Sequence[fmpq] = ()
        self._piece: Piece | None = None

    def look_at(self, points: Sequence[fmpq], piece: Piece | None) -> bool:
        """Read signs on a piece from now on, at sample points of it.

        Returns:
            Whether it was another piece before.
        """
        moved = (points, piece) != (self._points, self._piece)
        self._points, self._piece = points, piece
        return moved

    def rooted(self, q: Fraction, exponent: sp.Rational) -> Fraction:
        """q^(m/n), q > 0, as the product of |f_i|^(e_i m/n) over the irreducible factors of q."""
        total = self.unit
        for part, side in ((q.num, 1), (q.den, -1)):
            content, factors = factored(part)
            bases = [(self.context.constant(p), e) for p, e in prime_powers(abs(content))]
            for base, e in [*bases, *factors]:
                total = self.mul(total, self._root_of(base, side * int(e) * exponent))
        return total

    def _root_of(self, base: fmpz_mpoly, exponent: sp.Rational) -> Fraction:
        positive = base if self._sign(base, exponent.is_Integer) > 0 else -base
        if exponent.is_Integer:
            return self.power(Fraction(positive, self.one), int(exponent))
        order = self._order if self._order % exponent.q == 0 else int(exponent.q)
        stands_for = sp.Pow(self.stands_for(positive), sp.Rational(1, order), evaluate=False)
        if stands_for not in self.known:
            constant = self.is_constant(positive)
            root = self.adjoined("root", stands_for, constant)
            index = self.known[stands_for]
            self._adjoin(index, order, positive)
            if not constant:
                below = self.inverse(self.mul(self.number(order), Fraction(positive, self.one)))
                self.derive(index, self.mul(self.mul(self.d(Fraction(positive, self.one)), root), below))
        root = self.element(self.known[stands_for])
        return self.power(root, int(exponent * order))

    def _sign(self, base: fmpz_mpoly, squared: bool) -> int:
        """The sign on the piece of a factor of what is positive; squared: that leaves the sign of the factor open."""
        if base.is_constant():
            return 1 if base.leading_coefficient() > 0 else -1
        function = self.stands_for(base)
        signs = {balls.sign(function, {**self._sample, "z": p}, 512) for p in self._points or (fmpq(1, 3),)}
        if len(signs) != 1 or None in signs:
            raise NoTower(f"the sign of {function} under a root changes within a piece")
        if not self._visibly_positive(base) and not self._keeps_its_sign(function, squared):
            self.assumptions.add(f"the sign of {function} was read at sample points")
        return int(signs.pop() or 0)

    def _keeps_its_sign(self, function: sp.Expr, squared: bool) -> bool:
        """Whether a polynomial is known to have no roots inside the piece, nor another sign for other parameters."""
        if not function.is_polynomial(Z) or (squared and has_parameters(function)):
            return False
        if not function.has(Z) or self._piece is None:
            return True
        try:
            roots = real_roots(function, self._sample)
        except NoClosedForm:
            return False
        algebra, (lower, upper) = Algebra(self._sample), (self._piece.lower, self._piece.upper)
        return all(algebra.compare(r, lower) <= 0 or algebra.compare(upper, r) <= 0 for r in roots)

    def _visibly_positive(self, base: fmpz_mpoly) -> bool:
        # positive generators with positive coefficients, or squares
        kinds = {i: self.described[i].kind for i, e in enumerate(base.degrees()) if e}
        even = all(all(not e % 2 or kinds[i] in ("exp", "root") for i, e in enumerate(m) if e) for m in base.to_dict())
        return even and all(c > 0 for c in base.to_dict().values())


def prime_powers(n: int) -> list[tuple[int, int]]:
    """The primes of a positive number and their exponents; a long number, whose primes take long to find, as it is."""
    primes = sp.factorint(n) if n.bit_length() <= _MOST_FACTORED_BITS else {n: 1}
    return [(int(p), int(e)) for p, e in primes.items() if p != 1]
