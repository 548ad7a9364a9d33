"""Finds the measure nearest to G* among those near G_t along given directions, by Gauss-Newton in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flint
from flint import arb, arb_mat, fmpq

from temperance.numerics.contact.curves import CurveMeasure, line
from temperance.numerics.contact.l2_distance import Support, inner_products
from temperance.theory.activations.activation import Piece

_MOST_STEPS = 12
_GAIN = 1e-6  # a step that is expected to lower the squared distance by less, relatively, is not taken


@dataclass(frozen=True)
class Nearest:
    """A measure, its squared distance to G*, and how far it was moved along each of the moves."""

    measure: CurveMeasure
    square: arb
    lengths: arb_mat


def _displace(g: CurveMeasure, moves: Sequence[Mapping[str, Any]], lengths: arb_mat) -> CurveMeasure:
    for k, move in enumerate(moves):
        g = line(g, move)(lengths[k, 0])
    return g


def nearest(
    g: CurveMeasure,
    truth: CurveMeasure,
    pieces: Sequence[Piece],
    support: Support,
    nodes: int,
    moves: Sequence[Mapping[str, Any]],
    start: arb_mat | None = None,
) -> Nearest:
    """A local minimum of the distance to truth over g + sum_k v_k moves_k, by steps from v = start (0 if not given).

    It is the start itself if no step helps. Raises ValueError if the densities do not change in independent ways along
    the moves.
    """
    n, best = len(moves), None
    lengths = arb_mat(n, 1) if start is None else start
    step = fmpq(1, 2 ** (5 * int(flint.ctx.prec) // 16))  # leaves 3/8 of the digits to products of two quotients
    quotients = [[-1 / step, fmpq(0), *((1 / step) * (i == j) for j in range(n))] for i in range(n)]
    contrasts = [[fmpq(1), fmpq(-1), *[fmpq(0)] * n], *quotients]
    for _ in range(_MOST_STEPS):
        here = _displace(g, moves, lengths)
        measures = [here, truth, *(line(here, move)(step) for move in moves)]
        table = inner_products(measures, contrasts, pieces, support, nodes)
        if best is not None and not table[0, 0].mid() < best.square.mid():
            break
        best = Nearest(here, table[0, 0], lengths)
        normal = arb_mat([[table[i + 1, j + 1] for j in range(n)] for i in range(n)])
        slopes = arb_mat([[-table[i + 1, 0]] for i in range(n)])
        try:
            change = normal.solve(slopes)
        except ZeroDivisionError:
            raise ValueError("the densities do not change in independent ways along the moves") from None
        if (slopes.transpose() * change)[0, 0].mid() < _GAIN * best.square.mid():
            break
        lengths = (lengths + change).mid()
    assert best is not None
    return best
