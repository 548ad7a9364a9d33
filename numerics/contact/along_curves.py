"""Measures the contact order of a curve of measures G_t with G*, in ball arithmetic (theory 4.3).

The order is extrapolated from the distances (`numerics.contact.l2_distance`) at t = 2^-j.

Example: ``contact(gauss_hermite_split(truth, 0, m=2), truth, "tanh").order`` is 4 up to its error.

`nearest` finds the measure nearest to G* among those near G_t along given directions, by Gauss-Newton in
ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, log10
from typing import Any

import flint
from flint import arb, arb_mat, fmpq

from temperance.numerics.contact.curves import Curve, CurveMeasure, exact, line
from temperance.numerics.contact.l2_distance import Support, inner_products, squared_distance
from temperance.theory.activations.activation import Activation, Piece, activation

_MOST_STEPS = 12
_GAIN = 1e-6  # a step that is expected to lower the squared distance by less, relatively, is not taken


@dataclass(frozen=True)
class Nearest:
    """A measure, its squared distance to G*, and how far it was moved along each of the moves."""

    measure: CurveMeasure
    square: arb
    lengths: arb_mat


def _moved(g: CurveMeasure, moves: Sequence[Mapping[str, Any]], lengths: arb_mat) -> CurveMeasure:
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
        here = _moved(g, moves, lengths)
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


LEVELS = tuple(range(4, 13))
NODES = 96
MOST_BITS = 1024
_FEWEST_BITS = 256
_RESOLVED_BITS = 60  # of a squared distance, so that exponents carry no rounding error to speak of
_COLUMNS = 4  # of the Richardson table


@dataclass(frozen=True)
class Contact:
    """The order q in dist(t) ~ c t^q, over t = 2^-j for the given levels j.

    distances: at each level, or an upper bound where `zero`. exponents: log2 dist(2^-j)/dist(2^-j-1), one fewer.
    order: extrapolated to t = 0, None where `zero`; error: its change in the last column of the extrapolation.
    digits: the working precision, at least twice the digits of the smallest distance. quadrature: relative change of
    the smallest squared distance when the nodes are doubled, None where `zero`. zero: no distance can be told from 0
    with these digits (which supports an identity and does not prove it).
    """

    levels: tuple[int, ...]
    distances: tuple[float, ...]
    exponents: tuple[float, ...]
    order: float | None
    error: float | None
    digits: int
    quadrature: float | None

    @property
    def zero(self) -> bool:
        """Whether all distances are zero to within the working precision."""
        return self.order is None


def extrapolate(values: Sequence[float], columns: int = _COLUMNS) -> tuple[float, float]:
    """Limit of v_j = v + c_1 2^-j + c_2 4^-j + ... by Richardson, and its change in the last column.

    The squared distance of a curve analytic in t is a power series in t, also where a kink moves with t, so these are
    the powers that its local exponents have.
    """
    row, last = list(values), [values[-1]]
    for k in range(1, min(columns, len(values) - 1) + 1):
        row = [(2**k * b - a) / (2**k - 1) for a, b in pairwise(row)]
        last.append(row[-1])
    return last[-1], abs(last[-1] - last[-2])


def _resolved(square: arb, bits: int) -> bool:
    """Whether it is positive, well above its rounding error, and no smaller than the rounding of numbers of size 1."""
    if not square > 0 or square.rel_accuracy_bits() < _RESOLVED_BITS:
        return False
    return -float(square.log().mid()) / log(2) <= bits


def _result(levels: tuple[int, ...], squares: list[arb], quadrature: float) -> Contact:
    exponents = tuple(float(((p / q).log() / (2 * arb.const_log2())).mid()) for p, q in pairwise(squares))
    order, error = extrapolate(exponents)
    distances = tuple(float(square.sqrt().mid()) for square in squares)
    return Contact(levels, distances, exponents, order, error, _digits(flint.ctx.prec), quadrature)


def _digits(bits: int) -> int:
    return int(bits * log10(2))


def _check(s: Activation, truth: CurveMeasure, support: Support, levels: Sequence[int], nodes: int) -> None:
    if s.parameters:
        raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
    if len(support) != truth.d or not all(exact(low) < exact(high) for low, high in support):
        raise ValueError(f"support must be {truth.d} intervals (low, high) with low < high, one for each axis of x")
    if truth.d > 1 and len(s.pieces) > 1:
        raise ValueError(f"activation {s.name!r} has kinks, at which x is cut in dimension 1 only, not d = {truth.d}")
    if len(levels) < 3 or list(levels) != list(range(levels[0], levels[0] + len(levels))):
        raise ValueError(f"levels must be at least three successive integers j of t = 2^-j, not {tuple(levels)}")
    if nodes < 1:
        raise ValueError(f"nodes must be at least 1, not {nodes}")


def contact(
    curve: Curve,
    truth: CurveMeasure,
    s: str | Activation,
    *,
    support: Support | None = None,
    levels: Sequence[int] = LEVELS,
    moves: Sequence[Mapping[str, Any]] = (),
    nodes: int = NODES,
    most_bits: int = MOST_BITS,
) -> Contact:
    """The contact order of a curve with G*: q in dist(G_t, G*) ~ c t^q, deterministic (theory 9, leg 2).

    Args:
        curve: t -> G_t, called with exact t = 2^-j and in the working precision; see `numerics.contact.curves`.
        truth: G*, whose numbers must be exact.
        s: the activation, "linear" for the linear gate (the softmax gate: tau = 1).
        support: (low, high) for each axis of x, uniform in the box; [-3, 3]^d if not given.
        levels: successive j.
        moves: directions (see `curves.line`, `curves.cell_moves`) along which G_t is first moved to a local minimum of
            the distance, so that the order is that of the curve up to these directions. More directions can only raise
            it: it bounds the order over all curves from below.
        nodes: Gauss-Legendre nodes along each axis between cuts.
        most_bits: precision at which a distance that is still not resolved counts as zero.

    Raises:
        ValueError: what the arguments are not, or distances of which only some are resolved with most_bits, or numbers
            of the curve that are rounded to fewer digits than the working precision.
    """
    s, box, levels = activation(s), support or ((-3, 3),) * truth.d, tuple(levels)
    _check(s, truth, box, levels, nodes)
    pieces = s.pieces

    def distance(g: CurveMeasure, nodes: int) -> arb:
        return squared_distance(g, truth, pieces, box, nodes)

    bits = min(_FEWEST_BITS, most_bits)
    while True:
        with flint.ctx.workprec(bits):
            measures = [curve(fmpq(1, 2**j)) for j in levels]
            if moves:
                measures = _nearest(measures, lambda g, start: nearest(g, truth, pieces, box, nodes, moves, start))
            squares = [distance(g, nodes) for g in measures]
            if all(_resolved(square, bits) for square in squares):
                doubled = distance(measures[-1], 2 * nodes)
                return _result(levels, squares, abs(float((doubled / squares[-1] - 1).mid())))
            if bits >= most_bits:
                return _zero(levels, squares)
        bits = min(2 * bits, most_bits)


def _nearest(
    measures: Sequence[CurveMeasure], minimised: Callable[[CurveMeasure, arb_mat | None], Nearest]
) -> list[CurveMeasure]:
    """The measures moved to minima, each search begun at half the lengths of the one before, as t is halved."""
    minima: list[Nearest] = []
    for g in measures:
        minima.append(minimised(g, minima[-1].lengths * arb(0.5) if minima else None))
    return [minimum.measure for minimum in minima]


def _zero(levels: tuple[int, ...], squares: list[arb]) -> Contact:
    bits = flint.ctx.prec
    bounds = [float(square.abs_upper().sqrt().mid()) for square in squares]
    if not all(square.is_finite() for square in squares):
        raise ValueError("the densities along the curve are not finite")
    if not all(square.contains(0) for square in squares):
        raise ValueError(f"some distances of the curve are not resolved with {_digits(bits)} digits: raise most_bits")
    if max(bounds) > 2.0 ** (-bits // 4):
        raise ValueError("the curve's numbers are rounded to fewer digits than the working precision")
    return Contact(levels, tuple(bounds), (), None, None, _digits(bits), None)
