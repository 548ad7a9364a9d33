"""Finds the measure nearest to G* among those near G_t along given directions, by Gauss-Newton in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flint
from flint import arb_mat, fmpq

from temperance.numerics.contact.curves import CurveMeasure, exact, line
from temperance.numerics.contact.l2_distance import Support, inner_products
from temperance.theory.activations.activation import Piece

_MOST_STEPS = 12
_GAIN = 1e-6  # a step that lowers the squared distance by less, relatively, is the last


def _moved(g: CurveMeasure, moves: Sequence[Mapping[str, Any]], lengths: arb_mat) -> CurveMeasure:
    for k, move in enumerate(moves):
        g = line(g, move)(lengths[k, 0].mid())
    return g


def nearest(
    g: CurveMeasure,
    truth: CurveMeasure,
    pieces: Sequence[Piece],
    support: Support,
    nodes: int,
    moves: Sequence[Mapping[str, Any]],
) -> CurveMeasure:
    """A local minimum of the distance to truth over g + sum_k v_k moves_k, from v = 0 (g itself if no step helps).

    Raises ValueError if the densities do not change in independent ways along the moves.
    """
    n, best, kept = len(moves), None, g
    step = fmpq(1, 2 ** (5 * int(flint.ctx.prec) // 16))  # leaves 3/8 of the digits to products of two quotients
    quotients = [[-1 / step, fmpq(0), *((1 / step) * (i == j) for j in range(n))] for i in range(n)]
    contrasts = [[fmpq(1), fmpq(-1), *[fmpq(0)] * n], *quotients]
    for _ in range(_MOST_STEPS):
        measures = [g, truth, *(line(g, move)(step) for move in moves)]
        table = inner_products(measures, contrasts, pieces, support, nodes)
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
