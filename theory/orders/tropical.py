"""Finds what equations force on the orders of vanishing of their variables along curves (theory.md 2.8).

Along an analytic curve (h(t), s(t)) -> (0, s_0), scaled so that every equation vanishes at order 1 or more, let w_i be
the order of h_i and w_q that of a factor q(s). A polynomial F = sum_m c_m(s) h^m whose value has order >= 1 either has
all its terms of order >= 1, or those of the lowest order cancel: two of them at least, and of opposite signs. A
combination G = sum_g c_g(s) h^g F_g has order >= 1 + min_g w.g in the same way. Each alternative is a set of linear
inequalities in w; `theory.orders.branch_and_bound` runs through them.

Where the lowest terms of every equation cancel, `refutations` eliminates the initial forms of products h^g F_i of one
order against each other over Q[s]. A combination with a single lowest monomial, or with none left, says more than the
equations do: y - x^2 - x^3 and x (y - x^2) give x^4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import product

import sympy as sp
from flint import fmpq, fmpq_poly

from temperance.theory.interactions.derivatives import divides
from temperance.theory.orders.dual_simplex import Row, dot
from temperance.theory.orders.split_cell import Exponents, Terms

Combination = tuple[tuple[fmpq_poly, Exponents, int], ...]
"""sum c(s) h^g F_i, as (c, g, i)."""


@dataclass(frozen=True)
class Element:
    """A polynomial and how it comes about.

    terms: the polynomial. origin: the combination of earlier elements, () for an equation of the cell. shifts: the g
    with order >= 1 + min_g w.g.
    """

    terms: Terms
    origin: Combination
    shifts: tuple[Exponents, ...]


@dataclass(frozen=True)
class Key:
    """A term up to a unit: its exponents, those of the factors of its coefficient, and the sign of the unit."""

    exponents: Exponents
    factors: Exponents
    sign: int

    @property
    def powers(self) -> Exponents:
        """The exponents of the variables and of the factors."""
        return (*self.exponents, *self.factors)


def sign_changes(p: fmpq_poly) -> int:
    """Number of different real roots in the open interval (-1, 1)."""
    closed = sp.Poly([sp.Rational(int(c.p), int(c.q)) for c in reversed(p.coeffs())], sp.Symbol("s"))
    return int(closed.count_roots(-1, 1)) - sum(p(end) == 0 for end in (fmpq(-1), fmpq(1)))


@dataclass
class Factors:
    """The irreducible factors of coefficients that have a root in (-1, 1); all others are units there."""

    found: list[fmpq_poly] = field(default_factory=list)
    _known: dict[str, tuple[dict[int, int], int]] = field(default_factory=dict)

    def split(self, c: fmpq_poly) -> tuple[dict[int, int], int]:
        """The exponents of the factors, and the sign of the unit that is left."""
        text = str(c)
        if text not in self._known:
            powers, unit = {}, c
            for q, n in c.factor()[1]:
                if q.degree() > 0 and sign_changes(q):
                    if q not in self.found:
                        self.found.append(q)
                    powers[self.found.index(q)] = int(n)
                    unit = unit // q**n
            self._known[text] = powers, 1 if unit(fmpq(0)) > 0 else -1
        return self._known[text]

    def keys(self, terms: Terms) -> list[Key]:
        """The terms that can be of the lowest order: none is a multiple of another."""
        split = [(m, *self.split(c)) for m, c in terms.items()]
        size = len(self.found)
        keys = [Key(m, tuple(powers.get(i, 0) for i in range(size)), sign) for m, powers, sign in split]
        return [k for k in keys if not any(j is not k and divides(j.powers, k.powers) for j in keys)]


def can_cancel(j: Key, k: Key) -> bool:
    """Whether the two terms can have opposite signs: not if their quotient is a square times a positive unit."""
    return j.sign != k.sign or any((p - q) % 2 for p, q in zip(j.powers, k.powers, strict=True))


def cleaned(terms: Terms, monomial: Exponents) -> Terms:
    """Without the multiples of a monomial."""
    return {m: c for m, c in terms.items() if not divides(monomial, m)}


def combined(combination: Combination, elements: Sequence[Element]) -> Terms:
    """sum c(s) h^g F_i."""
    found: dict[Exponents, fmpq_poly] = {}
    for c, g, i in combination:
        for m, d in elements[i].terms.items():
            at = tuple(p + q for p, q in zip(g, m, strict=True))
            found[at] = found.get(at, fmpq_poly([0])) + c * d
    return {m: c for m, c in found.items() if c != 0}


def at_least(left: Sequence[int], right: Sequence[int], offset: int = 0) -> Row:
    """The constraint w.left >= w.right + offset."""
    return tuple(fmpq(p - q) for p, q in zip(left, right, strict=True)), fmpq(offset)


def alternatives(keys: Sequence[Key], shifts: Sequence[Exponents]) -> list[list[Row]]:
    """All cases of an element whose terms are those, and multiples of them, as inequalities.

    Either all terms are of order >= 1 + w.g for one of the shifts g, or two terms tie at the lowest order.
    """
    vectors = [k.powers for k in keys]
    width = len(vectors[0])
    padded = [(*g, *(0,) * (width - len(g))) for g in shifts]
    found = []
    for g in padded:
        lowest = [at_least(other, g) for other in padded if other != g]
        found.append([*lowest, *(at_least(v, g, 1) for v in vectors)])
    for i, v in enumerate(vectors):
        for j in range(i):
            if can_cancel(keys[i], keys[j]):
                rows = [at_least(v, vectors[j]), *(at_least(u, v) for k, u in enumerate(vectors) if k != i)]
                found.append([*rows, *(at_least(g, v, -1) for g in padded)])
    return found


def is_violated(weights: Sequence[fmpq], keys: Sequence[Key], shifts: Sequence[Exponents]) -> bool:
    """Whether the terms of the lowest order are below what is required and cannot cancel."""
    orders = [dot(weights, k.powers) for k in keys]
    lowest = min(orders)
    if lowest >= 1 + min(dot(weights, g) for g in shifts):
        return False
    tied = [k for k, w in zip(keys, orders, strict=True) if w == lowest]
    return not any(can_cancel(j, k) for i, j in enumerate(tied) for k in tied[:i])


_MOST_DEGREE = 2  # of the monomials that equations are multiplied by
_MOST_ROWS = 60  # of one order that are eliminated against each other, those with the fewest terms
_Product = tuple[Exponents, int]


def refutations(
    elements: Sequence[Element], factors: Factors, weights: Sequence[fmpq], usable: Sequence[int]
) -> Iterator[Element]:
    """Combinations of the usable elements that cannot have orders `weights`."""
    classes: dict[fmpq, list[tuple[_Product, Terms]]] = {}
    for i in usable:
        terms = elements[i].terms
        orders = {k.exponents: dot(weights, k.powers) for k in factors.keys(terms)}
        lowest = min(orders.values())
        if lowest >= 1:
            continue
        form = {m: terms[m] for m, w in orders.items() if w == lowest}
        powers = product(range(_MOST_DEGREE + 1), repeat=len(next(iter(form))))
        for g in sorted((g for g in powers if sum(g) <= _MOST_DEGREE), key=sum):
            weight = lowest + dot(weights, g)
            shifted = {tuple(p + q for p, q in zip(g, m, strict=True)): c for m, c in form.items()}
            classes.setdefault(weight, []).append(((g, i), shifted))
    for weight in sorted(classes):
        rows = sorted(classes[weight], key=lambda row: len(row[1]))[:_MOST_ROWS]
        for combination in _eliminated(rows):
            terms = combined(combination, elements)
            shifts = tuple(dict.fromkeys(g for _, g, _ in combination))
            if terms and is_violated(weights, factors.keys(terms), shifts):
                yield Element(terms, combination, shifts)


def _eliminated(rows: Sequence[tuple[_Product, Terms]]) -> Iterator[Combination]:
    """The combinations of a row echelon form over Q[s] that involve more than one row."""
    columns = sorted({m for _, form in rows for m in form}, reverse=True)
    width = len(columns)
    zero, one = fmpq_poly([0]), fmpq_poly([1])
    table = [
        [form.get(m, zero) for m in columns] + [one if i == j else zero for j in range(len(rows))]
        for i, (_, form) in enumerate(rows)
    ]
    for row in _echelon(table, width):
        used = [(c, *rows[i][0]) for i, c in enumerate(row[width:]) if c != 0]
        if len(used) > 1:
            yield tuple(used)


def _echelon(table: list[list[fmpq_poly]], width: int) -> list[list[fmpq_poly]]:
    """Fraction-free reduction of the first columns; a pivot row is also reduced above."""
    done = 0
    for j in range(width):
        pivots = [i for i in range(done, len(table)) if table[i][j] != 0]
        if not pivots:
            continue
        best = min(pivots, key=lambda i: table[i][j].degree())
        table[done], table[best] = table[best], table[done]
        pivot = table[done]
        for i, row in enumerate(table):
            if i != done and row[j] != 0:
                common = pivot[j].gcd(row[j])
                up, down = pivot[j] // common, row[j] // common
                table[i] = [up * p - down * q for p, q in zip(row, pivot, strict=True)]
                content = reduce(fmpq_poly.gcd, table[i], fmpq_poly([0]))
                table[i] = [c // content for c in table[i]] if content != 0 else table[i]
        done += 1
    return table
