"""Computes the squared L2 distance of two conditional densities in ball arithmetic, at the precision of the caller.

    dist^2 = E_x int (g(y|x) - g*(y|x))^2 dy,    x uniform on a box

g - g* is a sum of Gaussians c_i N(m_i, v_i) at every x, and int N(m, v) N(m', v') dy = N(m - m'; 0, v + v'): the
integral over y is a finite sum. The integral over x is a Gauss-Legendre sum, cut at the kinks of s. As its weights
are positive, it is a squared distance even before it converges: that of the laws at the nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import TypeAlias

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq

from temperance.numerics.contact.curves import Atom, CurveMeasure, Number, exact
from temperance.theory.activations.piecewise import Piece, ends_of
from temperance.theory.expressions.balls import value

Support: TypeAlias = Sequence[tuple[Number, Number]]


def _ball(point: sp.Expr) -> arb:
    return value(point, {}, int(flint.ctx.prec))


def _piece(pieces: Sequence[Piece], z: arb) -> Piece:
    """The first piece whose closure holds z."""
    for piece in pieces:
        above = piece.lower == -sp.oo or not z < _ball(piece.lower)
        if above and (piece.upper == sp.oo or not z > _ball(piece.upper)):
            return piece
    raise ValueError(f"the activation has no real value at z = {z.str(8, radius=False)}, inside the support")


def _cuts(pieces: Sequence[Piece], atoms: Sequence[Atom], low: arb, high: arb) -> list[arb]:
    """The ends of the support and, sorted between them, the x at which some beta1_i x is an end of a piece; d = 1."""
    ends = [_ball(end) for end in ends_of(pieces)]
    slopes = [arb(atom.beta1[0]) for atom in atoms]
    inner = [end / slope for end in ends for slope in slopes if not slope.contains(0)]
    cuts = [low]
    for cut in sorted((x for x in inner if x > low and x < high), key=lambda x: x.mid()):
        if cut > cuts[-1]:  # the same end comes up for several atoms
            cuts.append(cut)
    return [*cuts, high]


@lru_cache(maxsize=64)
def _unit_rule(nodes: int, bits: int) -> list[tuple[arb, arb]]:
    """Nodes and weights on [-1, 1]; bits: the current precision, at which every part and every measure has the same."""
    return [arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes)]


def _interval_rule(low: arb, high: arb, nodes: int) -> list[tuple[arb, arb]]:
    half, middle = (high - low) / 2, (high + low) / 2
    return [(middle + half * x, half * w) for x, w in _unit_rule(nodes, int(flint.ctx.prec))]


def segments(
    pieces: Sequence[Piece], atoms: Sequence[Atom], support: Support, nodes: int
) -> Iterator[tuple[list[sp.Expr], list[tuple[tuple[arb, ...], arb]]]]:
    """Parts of the support on which every atom has one formula of s: the formulas, and (x, weight of x) for each node.

    The weights of all parts sum to 1.
    """
    box = [(arb(exact(low)), arb(exact(high))) for low, high in support]
    edges = [_cuts(pieces, atoms, *box[0])] if len(box) == 1 else [list(side) for side in box]
    for part in product(*map(pairwise, edges)):
        middle = [(low + high) / 2 for low, high in part]
        formulas = [_piece(pieces, dot(atom.beta1, middle)).expr for atom in atoms]
        rules = [_interval_rule(low, high, nodes) for low, high in part]
        points = []
        for node in product(*rules):
            weight = arb(1)
            for (_, w), (low, high) in zip(node, box, strict=True):
                weight *= w / (high - low)
            points.append((tuple(x for x, _ in node), weight))
        yield formulas, points


def dot(u: Sequence[fmpq | arb], v: Sequence[arb]) -> arb:
    """The inner product."""
    return sum((p * q for p, q in zip(u, v, strict=True)), arb(0))


def _score(atom: Atom, formula: sp.Expr, x: tuple[arb, ...]) -> arb:
    s = value(formula, {"z": dot(atom.beta1, x)}, int(flint.ctx.prec))
    if not s.is_finite():
        raise ValueError(f"the activation has no finite value at x = {[float(v.mid()) for v in x]}")
    return s


def softmax(logits: Sequence[arb]) -> list[arb]:
    """exp(logits)/sum exp(logits)."""
    powers = [logit.exp() for logit in logits]
    total = sum(powers, arb(0))
    return [p / total for p in powers]


def _gate(g: CurveMeasure, scores: Sequence[arb]) -> list[arb]:
    """Gate probabilities, from s(beta1 x) of each atom."""
    return softmax([(s + atom.beta0) / g.tau for s, atom in zip(scores, g.atoms, strict=True)])


def _places(numbers: Iterable[Sequence[Number]]) -> list[int]:
    """The first place with the same numbers, as those of a moved measure that stay are (equal balls prove nothing)."""
    first: dict[tuple[int, ...], int] = {}
    return [first.setdefault(tuple(map(id, some)), place) for place, some in enumerate(numbers)]


def _variances(experts: Sequence[Atom]) -> list[tuple[int, int, arb, arb]]:
    """(i, j, 2 v, sqrt(2 pi v)) with v = nu_i + nu_j, of every pair of experts."""
    sums = [(i, j, arb(experts[i].nu) + experts[j].nu) for i in range(len(experts)) for j in range(i + 1)]
    return [(i, j, 2 * v, (2 * arb.pi() * v).sqrt()) for i, j, v in sums]


def _products(experts: Sequence[Atom], variances: Sequence[tuple[int, int, arb, arb]], x: tuple[arb, ...]) -> arb_mat:
    """int N_i N_j dy at x."""
    mean = [dot(atom.a, x) + atom.b for atom in experts]
    table = arb_mat(len(experts), len(experts))
    for i, j, double, root in variances:
        gap = mean[i] - mean[j]
        table[i, j] = table[j, i] = (-gap * gap / double).exp() / root
    return table


def inner_products(
    measures: Sequence[CurveMeasure],
    contrasts: Sequence[Sequence[fmpq]],
    pieces: Sequence[Piece],
    support: Support,
    nodes: int,
) -> arb_mat:
    """E_x int h_i h_j dy of h_i = sum_l contrasts_il g_l, but for the error of the quadrature over x.

    g_l: the densities of the measures. It is computed in the current precision.
    """
    atoms = [atom for g in measures for atom in g.atoms]
    expert, scored = _places((*u.a, u.b, u.nu) for u in atoms), _places(u.beta1 for u in atoms)
    gated = _places((g.tau, *(v for u in g.atoms for v in (*u.beta1, u.beta0))) for g in measures)
    different = sorted(set(expert))
    experts, columns = [atoms[i] for i in different], [different.index(i) for i in expert]
    variances = _variances(experts)
    rows, total = arb_mat(contrasts), arb_mat(len(contrasts), len(contrasts))
    for formulas, points in segments(pieces, atoms, support, nodes):
        for x, weight in points:
            probabilities = arb_mat(len(measures), len(experts))
            score = {i: _score(atoms[i], formulas[i], x) for i in dict.fromkeys(scored)}
            gates: dict[int, list[arb]] = {}
            at = 0
            for l, g in enumerate(measures):
                if gated[l] not in gates:
                    gates[gated[l]] = _gate(g, [score[i] for i in scored[at : at + len(g.atoms)]])
                for p in gates[gated[l]]:
                    probabilities[l, columns[at]] += p
                    at += 1
            c = rows * probabilities
            total += c * _products(experts, variances, x) * c.transpose() * weight
    return total


def squared_distance(
    g: CurveMeasure, truth: CurveMeasure, pieces: Sequence[Piece], support: Support, nodes: int
) -> arb:
    """E_x int (g_g - g_truth)^2 dy in the current precision, but for the error of the quadrature over x."""
    return inner_products([g, truth], [[fmpq(1), fmpq(-1)]], pieces, support, nodes)[0, 0]
