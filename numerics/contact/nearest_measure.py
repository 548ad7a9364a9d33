"""Finds the measure nearest to G* among those near G_t along given directions, by Gauss-Newton in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flint
from flint import arb, arb_mat, fmpq

from temperance.numerics.contact.curves import Atom, ExactMeasure, exact, line
from temperance.numerics.contact.l2_distance import Support, dot, gate, segments
from temperance.theory.activations.activation import Piece

_MOST_STEPS = 12
_GAIN = 1e-6  # a step that lowers the squared distance by less, relatively, is the last


def _identical(one: Atom, other: Atom) -> bool:
    """Whether two experts share their numbers, as those of a moved measure that stay do (equal balls prove nothing)."""
    pairs = zip((*one.a, one.b, one.nu), (*other.a, other.b, other.nu), strict=True)
    return all(p is q for p, q in pairs)


def _gaussians(measures: Sequence[ExactMeasure]) -> tuple[list[Atom], list[list[int]]]:
    """The different experts of some measures, and for each measure the index of the expert of each of its atoms."""
    found: list[Atom] = []
    places = []
    for measure in measures:
        row = []
        for atom in measure.atoms:
            same = (i for i, other in enumerate(found) if _identical(other, atom))
            index = next(same, len(found))
            if index == len(found):
                found.append(atom)
            row.append(index)
        places.append(row)
    return found, places


def _products(experts: Sequence[Atom], x: tuple[arb, ...]) -> arb_mat:
    """int N_i N_j dy at x."""
    mean = [dot(atom.a, x) + atom.b for atom in experts]
    n = len(experts)
    table = arb_mat(n, n)
    for i in range(n):
        for j in range(i + 1):
            gap, v = mean[i] - mean[j], arb(experts[i].nu) + experts[j].nu
            table[i, j] = table[j, i] = (-gap * gap / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()
    return table


def _coefficients(
    measures: Sequence[ExactMeasure], places: Sequence[Sequence[int]], experts: int, formulas: Sequence[Any], x: Any
) -> list[list[arb]]:
    """The gate probabilities at x of each measure, as coefficients of the experts."""
    rows, at = [], 0
    for measure, place in zip(measures, places, strict=True):
        row = [arb(0)] * experts
        probabilities = gate(measure, formulas[at : at + len(place)], x)
        for i, p in zip(place, probabilities, strict=True):
            row[i] += p
        rows.append(row)
        at += len(place)
    return rows


def _inner_products(
    g: ExactMeasure,
    truth: ExactMeasure,
    pieces: Sequence[Piece],
    support: Support,
    nodes: int,
    moves: Sequence[Mapping[str, Any]],
) -> arb_mat:
    """E_x int h_i h_j dy, where h_0 = g - g* and h_k is the difference quotient of g along the k-th move."""
    step = fmpq(1, 2 ** (5 * int(flint.ctx.prec) // 16))  # leaves 3/8 of the digits to products of two quotients
    measures = [g, truth, *(line(g, move)(step) for move in moves)]
    experts, places = _gaussians(measures)
    atoms = [atom for measure in measures for atom in measure.atoms]
    total = arb_mat(len(moves) + 1, len(moves) + 1)
    for formulas, points in segments(pieces, atoms, support, nodes):
        for x, weight in points:
            here, there, *near = _coefficients(measures, places, len(experts), formulas, x)
            quotients = [[(p - q) / step for p, q in zip(row, here, strict=True)] for row in near]
            c = arb_mat([[p - q for p, q in zip(here, there, strict=True)], *quotients])
            total += c * _products(experts, x) * c.transpose() * weight
    return total


def _moved(g: ExactMeasure, moves: Sequence[Mapping[str, Any]], lengths: arb_mat) -> ExactMeasure:
    for k, move in enumerate(moves):
        g = line(g, move)(lengths[k, 0].mid())
    return g


def nearest(
    g: ExactMeasure,
    truth: ExactMeasure,
    pieces: Sequence[Piece],
    support: Support,
    nodes: int,
    moves: Sequence[Mapping[str, Any]],
) -> ExactMeasure:
    """A local minimum of the distance to truth over g + sum_k v_k moves_k, from v = 0 (g itself if no step helps).

    Raises ValueError if the densities do not change in independent ways along the moves.
    """
    n, best, kept = len(moves), None, g
    for _ in range(_MOST_STEPS):
        table = _inner_products(g, truth, pieces, support, nodes, moves)
        square = table[0, 0]
        if best is not None and not square.mid() < best.mid() * exact(1 - _GAIN):
            break
        best, kept = square, g
        normal = arb_mat([[table[i + 1, j + 1] for j in range(n)] for i in range(n)])
        try:
            lengths = normal.solve(arb_mat([[-table[i + 1, 0]] for i in range(n)]))
        except ZeroDivisionError:
            raise ValueError("the densities do not change in independent ways along the moves") from None
        g = _moved(g, moves, lengths)
    return kept
