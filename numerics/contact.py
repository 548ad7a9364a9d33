"""Contact orders: how fast the densities of a curve of measures G_t approach that of G*, in ball arithmetic.

    dist(t)^2 = E_x int (g_t(y|x) - g*(y|x))^2 dy,    x uniform on a box

g_t - g* is a sum of Gaussians c_i N(m_i, v_i) at every x, and int N(m, v) N(m', v') dy = N(m - m'; 0, v + v'): the
integral over y is a finite sum. That over x is a Gauss-Legendre sum, cut at the kinks of s. Its weights are positive:
even before it converges it is a squared distance, of the laws given the nodes.

Example: ``contact(gauss_hermite_split(truth, 0, m=2), truth, "tanh").order`` is 4 up to its error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import log, log10
from typing import TypeAlias

import flint
import sympy as sp
from flint import arb, fmpq

from numerics.curves import Atom, Curve, ExactMeasure, Number, exact
from theory.activations import Activation, Piece, activation
from theory.balls import value

Support: TypeAlias = Sequence[tuple[Number, Number]]

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


def _bits() -> int:
    return int(flint.ctx.prec)


def _ball(point: sp.Expr) -> arb:
    return value(point, {}, _bits())


def _piece(pieces: Sequence[Piece], z: arb) -> Piece:
    """The first piece whose closure holds z."""
    for piece in pieces:
        above = piece.lower == -sp.oo or not z < _ball(piece.lower)
        if above and (piece.upper == sp.oo or not z > _ball(piece.upper)):
            return piece
    raise ValueError(f"the activation has no real value at z = {z.str(8, radius=False)}, inside the support")


def _cuts(pieces: Sequence[Piece], atoms: Sequence[Atom], low: arb, high: arb) -> list[arb]:
    """The ends of the support and, sorted between them, the x at which some beta1_i x is an end of a piece; d = 1."""
    ends = [_ball(end) for p in pieces for end in (p.lower, p.upper) if end.is_finite]
    slopes = [arb(atom.beta1[0]) for atom in atoms]
    inner = [end / slope for end in ends for slope in slopes if not slope.contains(0)]
    cuts = [low]
    for cut in sorted((x for x in inner if x > low and x < high), key=lambda x: x.mid()):
        if cut > cuts[-1]:  # the same end comes up for several atoms
            cuts.append(cut)
    return [*cuts, high]


def _interval_rule(low: arb, high: arb, nodes: int) -> list[tuple[arb, arb]]:
    half, middle = (high - low) / 2, (high + low) / 2
    rule = (arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes))
    return [(middle + half * x, half * w) for x, w in rule]


def _segments(
    pieces: Sequence[Piece], atoms: Sequence[Atom], support: Support, nodes: int
) -> Iterator[tuple[list[sp.Expr], list[tuple[tuple[arb, ...], arb]]]]:
    """Parts of the support on which every atom has one formula of s: the formulas, and (x, weight of x) for each node.

    The weights of all parts sum to 1.
    """
    box = [(arb(exact(low)), arb(exact(high))) for low, high in support]
    edges = [_cuts(pieces, atoms, *box[0])] if len(box) == 1 else [list(side) for side in box]
    for part in product(*map(pairwise, edges)):
        middle = [(low + high) / 2 for low, high in part]
        formulas = [_piece(pieces, _dot(atom.beta1, middle)).expr for atom in atoms]
        rules = [_interval_rule(low, high, nodes) for low, high in part]
        points = []
        for node in product(*rules):
            weight = arb(1)
            for (_, w), (low, high) in zip(node, box, strict=True):
                weight *= w / (high - low)
            points.append((tuple(x for x, _ in node), weight))
        yield formulas, points


def _dot(u: Sequence[fmpq | arb], v: Sequence[arb]) -> arb:
    return sum((p * q for p, q in zip(u, v, strict=True)), arb(0))


def _gate(g: ExactMeasure, formulas: Sequence[sp.Expr], x: tuple[arb, ...]) -> list[arb]:
    """Gate probabilities at x."""
    bits = _bits()
    logits = []
    for atom, formula in zip(g.atoms, formulas, strict=True):
        s = value(formula, {"z": _dot(atom.beta1, x)}, bits)
        if not s.is_finite():
            raise ValueError(f"the activation has no finite value at x = {[float(v.mid()) for v in x]}")
        logits.append((s + atom.beta0) / g.tau)
    top = max(logits, key=lambda c: c.mid())
    weights = [(c - top).exp() for c in logits]
    total = sum(weights, arb(0))
    return [w / total for w in weights]


def squared_distance(
    g: ExactMeasure, truth: ExactMeasure, pieces: Sequence[Piece], support: Support, nodes: int
) -> arb:
    """E_x int (g_g - g_truth)^2 dy in the current precision, but for the error of the quadrature over x."""
    atoms = (*g.atoms, *truth.atoms)
    pairs = list(combinations(range(len(atoms)), 2))
    spreads = [arb(atoms[i].nu) + atoms[j].nu for i, j in pairs]
    heights = [1 / (2 * arb.pi() * v).sqrt() for v in spreads]
    own = [1 / (4 * arb.pi() * atom.nu).sqrt() for atom in atoms]
    total = arb(0)
    for formulas, points in _segments(pieces, atoms, support, nodes):
        for x, weight in points:
            c = _gate(g, formulas[: len(g.atoms)], x) + [-p for p in _gate(truth, formulas[len(g.atoms) :], x)]
            mean = [_dot(atom.a, x) + atom.b for atom in atoms]
            square = sum((u * u * h for u, h in zip(c, own, strict=True)), arb(0))
            for (i, j), v, height in zip(pairs, spreads, heights, strict=True):
                gap = mean[i] - mean[j]
                square += 2 * c[i] * c[j] * height * (-gap * gap / (2 * v)).exp()
            total += weight * square
    return total


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
    """Whether it is positive, well above its rounding error, and has at most half of the digits of the precision."""
    if not square > 0 or square.rel_accuracy_bits() < _RESOLVED_BITS:
        return False
    return -float(square.log().mid()) / log(2) <= bits


def _result(levels: tuple[int, ...], squares: list[arb], quadrature: float) -> Contact:
    exponents = tuple(float(((p / q).log() / (2 * arb.const_log2())).mid()) for p, q in pairwise(squares))
    order, error = extrapolate(exponents)
    distances = tuple(float(square.sqrt().mid()) for square in squares)
    return Contact(levels, distances, exponents, order, error, _digits(_bits()), quadrature)


def _digits(bits: int) -> int:
    return int(bits * log10(2))


def _check(s: Activation, truth: ExactMeasure, support: Support, levels: Sequence[int], nodes: int) -> None:
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
    truth: ExactMeasure,
    s: str | Activation,
    *,
    support: Support | None = None,
    levels: Sequence[int] = LEVELS,
    nodes: int = NODES,
    most_bits: int = MOST_BITS,
) -> Contact:
    """The contact order of a curve with G*: q in dist(G_t, G*) ~ c t^q, deterministic (design section 4, leg 2).

    Args:
        curve: t -> G_t, called with exact t = 2^-j and in the working precision; see `numerics.curves`.
        truth: G*, whose numbers must be exact.
        s: the activation, "linear" for the linear gate (the softmax gate: tau = 1).
        support: (low, high) for each axis of x, uniform in the box; [-3, 3]^d if not given.
        levels: successive j.
        nodes: Gauss-Legendre nodes along each axis between cuts.
        most_bits: precision at which a distance that is still not resolved counts as zero.

    Raises:
        ValueError: what the arguments are not, or distances of which only some are resolved with most_bits, or numbers
            of the curve that are rounded to fewer digits than the working precision.
    """
    s, support, levels = activation(s), support or ((-3, 3),) * truth.d, tuple(levels)
    _check(s, truth, support, levels, nodes)
    bits = min(_FEWEST_BITS, most_bits)
    while True:
        with flint.ctx.workprec(bits):
            points = [curve(fmpq(1, 2**j)) for j in levels]
            squares = [squared_distance(g, truth, s.pieces, support, nodes) for g in points]
            if all(_resolved(square, bits) for square in squares):
                again = squared_distance(points[-1], truth, s.pieces, support, 2 * nodes)
                return _result(levels, squares, abs(float((again / squares[-1] - 1).mid())))
            if bits >= most_bits:
                return _zero(levels, squares)
        bits = min(2 * bits, most_bits)


def _zero(levels: tuple[int, ...], squares: list[arb]) -> Contact:
    bits = _bits()
    bounds = [float(square.abs_upper().sqrt().mid()) for square in squares]
    if not all(square.is_finite() for square in squares):
        raise ValueError("the densities along the curve are not finite")
    if not all(square.contains(0) for square in squares):
        raise ValueError(f"some distances of the curve are not resolved with {_digits(bits)} digits: raise most_bits")
    if max(bounds) > 2.0 ** (-bits // 4):
        raise ValueError("the curve's numbers are rounded to fewer digits than the working precision")
    return Contact(levels, tuple(bounds), (), None, None, _digits(bits), None)
