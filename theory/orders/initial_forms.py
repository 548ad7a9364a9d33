"""Combines equations so that fewer of their lowest-order terms cancel.

At orders w at which the lowest terms of every equation cancel, it eliminates the initial forms of products h^g F_i of
one order against each other over Q[s]. A combination with a single lowest monomial, or with none left, says more than
the equations do: y - x^2 - x^3 and x (y - x^2) give x^4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product

from flint import fmpq, fmpq_poly

from temperance.theory.orders.dual_simplex import dot
from temperance.theory.orders.reduced_equations import Terms
from temperance.theory.orders.split_cell import Exponents
from temperance.theory.orders.tropical import Combination, Element, Factors, combined, is_violated

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
