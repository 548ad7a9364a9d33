"""Computes exactly with rational functions of finitely many generators and their partial derivations.

A generator is a free variable, or a root t with t^n = q. Fractions are pairs of python-flint polynomials in lowest
terms whose denominators are free of roots, so that equality and zero are decided exactly. `nullspace`
finds the linear relations with constant coefficients among elements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import reduce
from itertools import combinations
from math import comb, inf, prod

import sympy as sp
from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx
from flint.utils.flint_exceptions import DomainError

_MOST_EXPANDED = 20_000  # terms of a power
_MOST_DEGREE = 1000  # of what greatest common divisors and factors are looked for


class OutsideTowers(ValueError):
    """The function is outside the towers; the message names the part that is."""


@dataclass(frozen=True)
class Fraction:
    """An element num/den of a field, in lowest terms; den has a positive leading coefficient."""

    num: fmpz_mpoly
    den: fmpz_mpoly
    field: DifferentialField = dataclass_field(repr=False, compare=False)

    def is_zero(self) -> bool:
        """Whether it is 0."""
        return bool(self.num.is_zero())

    def __add__(self, other: Fraction) -> Fraction:
        if self.den == other.den:
            return self.field.fraction(self.num + other.num, self.den)
        return self.field.fraction(self.num * other.den + other.num * self.den, self.den * other.den)

    def __neg__(self) -> Fraction:
        return Fraction(-self.num, self.den, self.field)

    def __sub__(self, other: Fraction) -> Fraction:
        return self + -other

    def __mul__(self, other: Fraction) -> Fraction:
        return self.field.fraction(self.num * other.num, self.den * other.den)

    def __truediv__(self, other: Fraction) -> Fraction:
        """Quotient; raises ZeroDivisionError for a division by 0."""
        return self * self.field.fraction(other.den, other.num)

    def __pow__(self, n: int) -> Fraction:
        """Power with any integer exponent; raises OutsideTowers where it would have too many terms."""
        num, den, n = (self.den, self.num, -n) if n < 0 else (self.num, self.den, n)
        if max(_terms_of_power(num, n), _terms_of_power(den, n)) > _MOST_EXPANDED:
            raise OutsideTowers(f"a power would have over {_MOST_EXPANDED} terms")
        return self.field.fraction(num**n, den**n)


class DifferentialField:
    """Q(generators) with roots t^n = q adjoined and derivations d_i given by their values on the generators.

    generators: symbols, roots first, a root before those that its q involves. roots: {symbol: (n, polynomial q)}.
    Raises ValueError where t^n - q is reducible (t would not be a root of a field extension).
    """

    def __init__(self, generators: Sequence[sp.Symbol], roots: dict[sp.Symbol, tuple[int, sp.Expr]]) -> None:
        self.generators = tuple(generators)
        self.index = {g: i for i, g in enumerate(self.generators)}
        self.context = fmpz_mpoly_ctx.get([f"g{i}" for i in range(len(self.generators))], Ordering.lex)
        self.one, self.null = self.context.constant(1), self.context.constant(0)
        self.zero, self.unit = self.whole(self.null), self.whole(self.one)
        self.roots: dict[int, tuple[int, fmpz_mpoly]] = {}
        for symbol, (n, q) in reversed(list(roots.items())):
            self._adjoin(self.index[symbol], n, self.fraction_of(q).num)
        self._require_independent_roots()
        self.rules: list[list[Fraction]] = []

    def _adjoin(self, i: int, n: int, q: fmpz_mpoly) -> None:
        if any(n % prime == 0 and _is_power(q, prime) for prime in sp.primefactors(n)):
            raise ValueError(f"the root number {i} is a root of a perfect power: write it without the root")
        self.roots = {i: (n, q), **self.roots}

    def _require_independent_roots(self) -> None:
        """Square roots generate a field of full degree iff no product of the radicands is a square (Kummer)."""
        squares = [q for n, q in self.roots.values() if n == 2]
        for size in range(2, len(squares) + 1):
            for chosen in combinations(squares, size):
                if _is_power(reduce(lambda p, q: p * q, chosen), 2):
                    raise ValueError("a product of the square roots in the expression is rational: write it with fewer")

    def whole(self, p: fmpz_mpoly) -> Fraction:
        """A polynomial as a field element."""
        return Fraction(p, self.one, self)

    def fraction_of(self, expr: sp.Expr) -> Fraction:
        """The field element that a rational SymPy expression in the generators stands for."""
        parts = []
        for e in sp.fraction(sp.together(expr)):
            common, poly = sp.Poly(e, *self.generators, domain=sp.QQ).clear_denoms(convert=True)
            parts.append((int(common), self.context.from_dict({m: int(c) for m, c in poly.terms() if c})))
        (common_of_num, num), (common_of_den, den) = parts
        return self.fraction(num * common_of_den, den * common_of_num)

    def reduce(self, p: fmpz_mpoly) -> fmpz_mpoly:
        """Remainder of p modulo the relations t^n = q."""
        degrees = p.degrees()
        for i, (n, q) in self.roots.items():
            if degrees[i] >= n:
                p = p % (self.context.gen(i) ** n - q)
                degrees = p.degrees()
        return p

    def fraction(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Fraction:
        """num/den in lowest terms, roots removed from den. Raises ZeroDivisionError for den = 0."""
        if self.roots:
            num, den = self._rationalise(self.reduce(num), self.reduce(den))
        if den.is_zero():
            raise ZeroDivisionError("division by zero in a differential field")
        if num.is_zero():
            return self.zero
        common = common_divisor(num, den)
        if not common.is_one():
            num, den = num / common, den / common
        if den.leading_coefficient() < 0:
            num, den = -num, -den
        return Fraction(num, den, self)

    def _rationalise(self, num: fmpz_mpoly, den: fmpz_mpoly) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        for i, (n, _) in self.roots.items():
            if den.degrees()[i]:
                factor = self._cofactor(den, i, n)
                num, den = self.reduce(num * factor), self.reduce(den * factor)
        return num, den

    def _cofactor(self, den: fmpz_mpoly, i: int, n: int) -> fmpz_mpoly:
        powers = {m[i] for m in den.to_dict()}
        if len(powers) == 1:
            return self.context.gen(i) ** (n - powers.pop())
        if n != 2:
            raise ValueError("sums with roots of order 3 or more in a denominator are not supported")
        signed = {m: -c if m[i] % 2 else c for m, c in den.to_dict().items()}
        return self.context.from_dict(signed)

    def derivative(self, f: Fraction, i: int) -> Fraction:
        """d_i f = (den d_i num - num d_i den)/den^2 by the rules of the generators."""
        num, den = self.whole(f.num), self.whole(f.den)
        top = self._derivative_of(f.num, i)
        if f.den.is_constant():
            return top / den
        return (top * den - self._derivative_of(f.den, i) * num) / (den * den)

    def _derivative_of(self, p: fmpz_mpoly, i: int) -> Fraction:
        total = self.zero
        for k, (rule, degree) in enumerate(zip(self.rules[i], p.degrees(), strict=True)):
            if degree and not rule.is_zero():
                total += self.whole(p.derivative(k)) * rule
        return total

    def expression(self, p: fmpz_mpoly, names: dict[sp.Symbol, sp.Expr] | None = None) -> sp.Expr:
        """The SymPy expression of a polynomial, generators replaced by what names says they stand for."""
        values = [(names or {}).get(g, g) for g in self.generators]
        terms = (
            sp.Mul(sp.Integer(int(c)), *(v**e for v, e in zip(values, m, strict=True) if e))
            for m, c in p.to_dict().items()
        )
        return sp.Add(*terms)


def _terms_of_power(p: fmpz_mpoly, n: int) -> int:
    """A bound of the number of terms of p^n, by multinomials and by degrees."""
    if len(p) <= 1:
        return 1
    return min(comb(n + len(p) - 1, n), prod(n * d + 1 for d in p.degrees())) if n < 10**6 else n


def common_divisor(p: fmpz_mpoly, q: fmpz_mpoly) -> fmpz_mpoly:
    """The greatest common divisor; raises OutsideTowers where high degrees would take too much memory."""
    if len(p) > 1 and len(q) > 1 and max(*p.degrees(), *q.degrees()) > _MOST_DEGREE:
        raise OutsideTowers(f"the tower's fractions grow over the degree {_MOST_DEGREE}")
    return p.gcd(q)


def least_common_multiple(polynomials: Iterator[fmpz_mpoly], start: fmpz_mpoly) -> fmpz_mpoly:
    """The least common multiple of the polynomials and start."""
    return reduce(lambda p, q: p * (q / common_divisor(p, q)), polynomials, start)


def factored(p: fmpz_mpoly) -> tuple[int, list[tuple[fmpz_mpoly, int]]]:
    """The content of p, with its sign, and its irreducible factors with their exponents.

    Raises OutsideTowers: p has high degrees, or coefficients of over 64 bits.
    """
    if len(p) > 1 and max(p.degrees()) > _MOST_DEGREE:
        raise OutsideTowers(f"a polynomial of a degree over {_MOST_DEGREE} would have to be factored")
    try:
        content, factors = p.factor()
    except OverflowError:  # python-flint sorts factors by their coefficients, as C integers
        raise OutsideTowers("a polynomial with long coefficients would have to be factored") from None
    return int(content), factors


def _is_power(q: fmpz_mpoly, n: int) -> bool:
    if n == 2:
        try:
            q.sqrt()
        except DomainError:
            return False
        return True
    constant, factors = factored(q)
    exact = sp.integer_nthroot(abs(constant), n)[1]
    return bool(exact) and all(e % n == 0 for _, e in factors)


Row = tuple[fmpz_mpoly, ...]


@dataclass(frozen=True)
class Nullspace:
    """All relations sum_j c_j f_j = 0 found among the columns f_j.

    Attributes:
        relations: basis of the relations, each a vector of polynomials in the constants.
        pivots: columns that are independent of one another.
        pivot_values: what was divided by; where none of them vanishes, no parameter value adds a relation.
    """

    relations: tuple[Row, ...]
    pivots: tuple[int, ...]
    pivot_values: tuple[fmpz_mpoly, ...]


def coefficient_rows(
    field: DifferentialField, columns: Sequence[Fraction], constants: Collection[int], most_terms: float = inf
) -> list[Row]:
    """Rows of coefficients: sum_j c_j f_j = 0 iff every row is orthogonal to c.

    The columns are brought over one denominator and compared monomial by monomial in the generators outside
    `constants`; the entries are polynomials in the constants. Raises OutsideTowers where the numerators have more terms
    than most_terms.
    """
    common = least_common_multiple((f.den for f in columns), field.one)
    if sum(len(f.num) * len(common / f.den) for f in columns) > most_terms:
        raise OutsideTowers(f"numerators over one denominator have over {most_terms} terms")
    rows: dict[tuple[int, ...], list[dict[tuple[int, ...], int]]] = {}
    for j, f in enumerate(columns):
        numerator = field.reduce(f.num * (common / f.den))
        for monomial, c in numerator.to_dict().items():
            outer = tuple(0 if i in constants else e for i, e in enumerate(monomial))
            inner = tuple(e if i in constants else 0 for i, e in enumerate(monomial))
            rows.setdefault(outer, [{} for _ in columns])[j][inner] = int(c)
    return [tuple(field.context.from_dict(entry) for entry in row) for row in rows.values()]


def nullspace(field: DifferentialField, rows: Sequence[Row], width: int) -> Nullspace:
    """The vectors orthogonal to every row, over the fraction field of the constants.

    By Gauss-Jordan elimination; pivots with few terms keep the entries small.
    """
    distinct = {tuple(tuple(entry.to_dict().items()) for entry in row): row for row in rows}
    remaining = [[field.whole(e) for e in row] for key, row in distinct.items() if any(key)]
    done: list[list[Fraction]] = []
    pivots: list[int] = []
    values: list[fmpz_mpoly] = []
    for column in range(width):
        candidates = [row for row in remaining if not row[column].is_zero()]
        if not candidates:
            continue
        pivot = min(candidates, key=lambda row: len(row[column].num.to_dict()) + len(row[column].den.to_dict()))
        values += [pivot[column].num, pivot[column].den]
        unit = [e / pivot[column] for e in pivot]
        remaining = [_cleared(row, unit, column) for row in remaining if row is not pivot]
        done = [_cleared(row, unit, column) for row in done] + [unit]
        pivots.append(column)
    relations = []
    for free in (j for j in range(width) if j not in pivots):
        vector = [field.zero] * width
        vector[free] = field.unit
        for row, pivot_column in zip(done, pivots, strict=True):
            vector[pivot_column] = -row[free]
        relations.append(cleared_denominators(field, vector))
    return Nullspace(tuple(relations), tuple(pivots), tuple(values))


def _cleared(row: list[Fraction], unit: list[Fraction], column: int) -> list[Fraction]:
    factor = row[column]
    if factor.is_zero():
        return row
    return [e if u.is_zero() else e - factor * u for e, u in zip(row, unit, strict=True)]


def cleared_denominators(field: DifferentialField, fractions: Sequence[Fraction]) -> Row:
    """The multiple of a vector without denominators or common factors, its last entry but for zeros led by > 0."""
    denominator = least_common_multiple((f.den for f in fractions), field.one)
    vector = [field.reduce(f.num * (denominator / f.den)) for f in fractions]
    common = field.null
    for entry in vector:
        common = common_divisor(common, entry) if common else entry
    last = next(e for e in reversed(vector) if e)
    if (last / common).leading_coefficient() < 0:
        common = -common
    return tuple(entry / common for entry in vector)
