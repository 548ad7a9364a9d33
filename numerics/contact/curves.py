"""Measures the contact order of a curve of measures G_t with G* as t -> 0, in exact and ball arithmetic (theory 4.3).

A curve is a function of an exact rational t > 0. It may use `flint.arb`, whose precision is that of the caller: the
contact order raises it until the distance is resolved. Rounded numbers (float functions of t) would end up in the
distance, so a curve of one's own must be written with fmpq and arb.

Example: ``gauss_hermite_split(truth, atom=0, m=2)(fmpq(1, 8))`` has the atom 0 replaced by two at b +- 1/8.

    dist^2 = E_x int (g(y|x) - g*(y|x))^2 dy,    x uniform on an interval

g - g* is a sum of Gaussians c_i N(m_i, v_i) at every x, and int N(m, v) N(m', v') dy = N(m - m'; 0, v + v'): the
integral over y is a finite sum. The integral over x is a Gauss-Legendre sum, cut at the kinks of s. As its weights
are positive, it is a squared distance even before it converges: that of the laws at the nodes. The order is
extrapolated from the distances at t = 2^-j.

Example: ``contact(gauss_hermite_split(truth, 0, m=2), truth, "tanh").order`` is 4 up to its error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import factorial, log, log10
from typing import Any, Literal, TypeAlias

import flint
import sympy as sp
from flint import arb, arb_mat, fmpq, fmpz_poly

from temperance.numerics.mixture.measures import Gauge, MixingMeasure
from temperance.theory.activations.activation import Activation, Piece, activation
from temperance.theory.activations.piecewise import ends_of
from temperance.theory.expressions.balls import value

Number: TypeAlias = int | float | Fraction | fmpq | arb
Group = Literal["beta1", "a", "b", "nu"]

_ATOM = ("beta1", "beta0", "a", "b", "nu")


def exact(value: Number) -> fmpq | arb:
    """The number without rounding: a float stands for the binary fraction that it is, a ball for itself."""
    if isinstance(value, fmpq | arb):
        return value
    return fmpq(*value.as_integer_ratio())


@dataclass(frozen=True)
class Atom:
    """One atom of x in one dimension: beta1, beta0, a, b and the variance nu."""

    beta1: Any
    beta0: Any
    a: Any
    b: Any
    nu: Any

    def __post_init__(self) -> None:
        """Make the entries exact."""
        for f in fields(self):
            object.__setattr__(self, f.name, exact(getattr(self, f.name)))


@dataclass(frozen=True)
class CurveMeasure:
    """A measure along a curve: sum_i exp(beta0_i/tau) delta_(beta1_i, tau, a_i, b_i, nu_i) in exact numbers or balls.

    No `Truth`, whose values are expressions: its numbers are FLINT's, at a precision that is raised along the curve.
    """

    tau: Any
    atoms: tuple[Atom, ...]

    def __post_init__(self) -> None:
        """Make tau exact."""
        object.__setattr__(self, "tau", exact(self.tau))

    @staticmethod
    def of(measure: MixingMeasure) -> CurveMeasure:
        """The measure whose numbers are exactly the doubles of a MixingMeasure without leading axes, of d = 1."""
        columns = (getattr(measure, f.name).ravel().tolist() for f in fields(Atom))
        return CurveMeasure(float(measure.tau), tuple(Atom(*values) for values in zip(*columns, strict=True)))


Curve: TypeAlias = Callable[[fmpq], CurveMeasure]


def with_parts(truth: CurveMeasure, atom: int, parts: Sequence[tuple[Any, Atom]]) -> CurveMeasure:
    """The measure with one atom replaced by parts (share of its weight, atom)."""
    # exp(beta0/tau) is the weight
    new = tuple(replace(part, beta0=part.beta0 + truth.tau * arb(share).log()) for share, part in parts)
    return replace(truth, atoms=truth.atoms[:atom] + new + truth.atoms[atom + 1 :])


def _displace(atom: Atom, name: str, step: Any) -> Atom:
    """The atom with a step added to one of its parameters."""
    return replace(atom, **{name: getattr(atom, name) + step})


def split(truth: CurveMeasure, atom: int, group: Group) -> Curve:
    """Two halves of an atom at +-t in one group."""
    old, half = truth.atoms[atom], fmpq(1, 2)

    def curve(t: fmpq) -> CurveMeasure:
        return with_parts(truth, atom, [(half, _displace(old, group, step)) for step in (t, -t)])

    return curve


def split_every(truth: CurveMeasure) -> Curve:
    """Every atom in two halves at beta1 +- t: cancels in the linear gate, theory 2.2.2."""

    def curve(t: fmpq) -> CurveMeasure:
        g = truth
        for i in reversed(range(len(truth.atoms))):
            g = split(g, i, "beta1")(t)
        return g

    return curve


def split_square(truth: CurveMeasure, atom: int) -> Curve:
    """Two halves of an atom at beta1^2 +- t: keeps the weighted mean of beta1^2 (claim C11)."""
    old = truth.atoms[atom]

    def curve(t: fmpq) -> CurveMeasure:
        roots = [arb(old.beta1 * old.beta1 + step).sqrt() for step in (t, -t)]
        return with_parts(truth, atom, [(fmpq(1, 2), replace(old, beta1=root)) for root in roots])

    return curve


def gauss_hermite(m: int) -> list[tuple[arb, arb]]:
    """Nodes and weights of the m-point rule that integrates polynomials of degree < 2m against N(0, 1) exactly.

    The nodes are the roots of the Hermite polynomial He_m = x He_(m-1) - (m-1) He_(m-2), a node q has the weight
    (m-1)! / (m He_(m-1)(q)^2).
    """
    below, hermite = fmpz_poly([1]), fmpz_poly([0, 1])
    for k in range(1, m):
        below, hermite = hermite, fmpz_poly([0, 1]) * hermite - k * below
    nodes = [root.real for root, _ in hermite.complex_roots()]
    return [(q, arb(factorial(m - 1)) / (m * below(q) * below(q))) for q in nodes]


def gauss_hermite_split(truth: CurveMeasure, atom: int, m: int) -> Curve:
    """An atom in m: b + t q, nu - t^2, for the Gauss-Hermite nodes q, with their weights as shares.

    q2 = -1/2 in the system of theory 4.1.1: the moments agree up to 2m - 1.
    """
    old = truth.atoms[atom]

    def curve(t: fmpq) -> CurveMeasure:
        rule = gauss_hermite(m)
        return with_parts(truth, atom, [(share, replace(old, b=old.b + t * q, nu=old.nu - t * t)) for q, share in rule])

    return curve


def scale_orbit(truth: CurveMeasure, degree: int = 1) -> Curve:
    """(l beta1, l^p beta0, l^p tau), l = 1 + t, p the degree: exact for s homogeneous of degree p (1: linear gate)."""

    def curve(t: fmpq) -> CurveMeasure:
        scale, power = 1 + t, (1 + t) ** degree
        atoms = (replace(u, beta1=scale * u.beta1, beta0=power * u.beta0) for u in truth.atoms)
        return CurveMeasure(power * truth.tau, tuple(atoms))

    return curve


def line(truth: CurveMeasure, direction: Mapping[str, Any]) -> Curve:
    """G* + t v. v has tau (a number) and beta1, beta0, a, b, nu (k numbers), any of them left out.

    A regular direction, or with {"beta1": [1, 1]} the singular one of a mirror point (theory 3.3.1).
    """

    def curve(t: fmpq) -> CurveMeasure:
        atoms = list(truth.atoms)
        for name in set(direction) - {"tau"}:
            for i, step in zip(range(len(atoms)), direction[name], strict=True):
                if step:
                    atoms[i] = _displace(atoms[i], name, t * exact(step))
        tau = truth.tau + t * exact(direction["tau"]) if "tau" in direction else truth.tau
        return CurveMeasure(tau, tuple(atoms))

    return curve


def cell_moves(cells: Sequence[int], *, gauge: Gauge = "free", held: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Directions along which tau, and the atoms of each cell together, move; offsets within a cell stay.

    cells: the true atom that each atom of the moving measures belongs to. gauge: "free" keeps beta0 of the last cell,
    "anchored" its beta1 too. held: parameters that do not move.
    """
    moves: list[dict[str, Any]] = [] if "tau" in held else [{"tau": 1}]
    fixed = ("beta0",) if gauge == "free" else ("beta0", "beta1")
    for name in (name for name in _ATOM if name not in held):
        for cell in sorted(set(cells))[: -1 if name in fixed else None]:
            moves.append({name: [int(c == cell) for c in cells]})
    return moves


Support: TypeAlias = tuple[Number, Number]


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
    """The ends of the support and, sorted between them, the x at which some beta1_i x is an end of a piece."""
    ends = [_ball(end) for end in ends_of(pieces)]
    slopes = [arb(atom.beta1) for atom in atoms]
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


def segments(
    pieces: Sequence[Piece], atoms: Sequence[Atom], support: Support, nodes: int
) -> Iterator[tuple[list[sp.Expr], list[tuple[arb, arb]]]]:
    """Parts of the support on which every atom has one formula of s: the formulas, and (x, weight of x) for each node.

    The weights of all parts sum to 1.
    """
    low, high = (arb(exact(end)) for end in support)
    for part in pairwise(_cuts(pieces, atoms, low, high)):
        middle, half = (part[0] + part[1]) / 2, (part[1] - part[0]) / 2
        formulas = [_piece(pieces, atom.beta1 * middle).expr for atom in atoms]
        rule = _unit_rule(nodes, int(flint.ctx.prec))
        yield formulas, [(middle + half * x, half * w / (high - low)) for x, w in rule]


def _score(atom: Atom, formula: sp.Expr, x: arb) -> arb:
    s = value(formula, {"z": atom.beta1 * x}, int(flint.ctx.prec))
    if not s.is_finite():
        raise ValueError(f"the activation has no finite value at x = {float(x.mid())}")
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


def _products(experts: Sequence[Atom], variances: Sequence[tuple[int, int, arb, arb]], x: arb) -> arb_mat:
    """int N_i N_j dy at x."""
    mean = [atom.a * x + atom.b for atom in experts]
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
    expert, scored = _places((u.a, u.b, u.nu) for u in atoms), _places((u.beta1,) for u in atoms)
    gated = _places((g.tau, *(v for u in g.atoms for v in (u.beta1, u.beta0))) for g in measures)
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
"""The precision at which a distance that is still not resolved counts as zero."""
_FEWEST_BITS = 256
_RESOLVED_BITS = 60  # of a squared distance, so that exponents carry no rounding error to speak of
_COLUMNS = 4  # of the Richardson table


@dataclass(frozen=True)
class Contact:
    """The order q in dist(t) ~ c t^q, over t = 2^-j for the given levels j.

    distances: at each level, or an upper bound where `zero`. exponents: log2 dist(2^-j)/dist(2^-j-1), one fewer.
    order: extrapolated to t = 0, None where `zero`; error: its change in the last column of the extrapolation.
    digits: the working precision, at least twice the digits of the smallest distance. zero: no distance can be told
    from 0 with these digits (which supports an identity and does not prove it).
    """

    levels: tuple[int, ...]
    distances: tuple[float, ...]
    exponents: tuple[float, ...]
    order: float | None
    error: float | None
    digits: int

    @property
    def zero(self) -> bool:
        """Whether all distances are zero to within the working precision."""
        return self.order is None


def extrapolate(values: Sequence[float]) -> tuple[float, float]:
    """Limit of v_j = v + c_1 2^-j + c_2 4^-j + ... by Richardson, and its change in the last column.

    The squared distance of a curve analytic in t is a power series in t, also where a kink moves with t, so these are
    the powers that its local exponents have.
    """
    row, last = list(values), [values[-1]]
    for k in range(1, min(_COLUMNS, len(values) - 1) + 1):
        row = [(2**k * b - a) / (2**k - 1) for a, b in pairwise(row)]
        last.append(row[-1])
    return last[-1], abs(last[-1] - last[-2])


def _resolved(square: arb, bits: int) -> bool:
    """Whether it is positive, well above its rounding error, and no smaller than the rounding of numbers of size 1."""
    if not square > 0 or square.rel_accuracy_bits() < _RESOLVED_BITS:
        return False
    return -float(square.log().mid()) / log(2) <= bits


def _result(levels: tuple[int, ...], squares: list[arb]) -> Contact:
    exponents = tuple(float(((p / q).log() / (2 * arb.const_log2())).mid()) for p, q in pairwise(squares))
    order, error = extrapolate(exponents)
    distances = tuple(float(square.sqrt().mid()) for square in squares)
    return Contact(levels, distances, exponents, order, error, _digits(flint.ctx.prec))


def _digits(bits: int) -> int:
    return int(bits * log10(2))


def contact(
    curve: Curve,
    truth: CurveMeasure,
    s: str | Activation,
    *,
    support: Support = (-3, 3),
    levels: Sequence[int] = LEVELS,
    moves: Sequence[Mapping[str, Any]] = (),
    nodes: int = NODES,
) -> Contact:
    """The contact order of a curve with G*: q in dist(G_t, G*) ~ c t^q, deterministic (theory 9, leg 2).

    Args:
        curve: t -> G_t, called with exact t = 2^-j and in the working precision.
        truth: G*, whose numbers must be exact.
        s: the activation, "linear" for the linear gate (the softmax gate: tau = 1).
        support: (low, high) of x, which is uniform between them.
        levels: successive j.
        moves: directions (see `line`, `cell_moves`) along which G_t is first moved to a local minimum of
            the distance, so that the order is that of the curve up to these directions. More directions can only raise
            it: it bounds the order over all curves from below.
        nodes: Gauss-Legendre nodes between cuts.

    Raises:
        ValueError: distances of which only some are resolved with `MOST_BITS`, or numbers of the curve that are rounded
            to fewer digits than the working precision.
    """
    pieces, levels = activation(s).pieces, tuple(levels)
    bits = _FEWEST_BITS
    while True:
        with flint.ctx.workprec(bits):
            measures, start = [curve(fmpq(1, 2**j)) for j in levels], None
            for i, g in enumerate(measures if moves else ()):
                minimum = nearest(g, truth, pieces, support, nodes, moves, start)
                measures[i], start = minimum.measure, minimum.lengths * arb(0.5)  # as t is halved
            squares = [squared_distance(g, truth, pieces, support, nodes) for g in measures]
            if all(_resolved(square, bits) for square in squares):
                return _result(levels, squares)
            if bits >= MOST_BITS:
                return _zero(levels, squares)
        bits *= 2


def _zero(levels: tuple[int, ...], squares: list[arb]) -> Contact:
    bits = flint.ctx.prec
    bounds = [float(square.abs_upper().sqrt().mid()) for square in squares]
    if not all(square.is_finite() for square in squares):
        raise ValueError("the densities along the curve are not finite")
    if not all(square.contains(0) for square in squares):
        raise ValueError(f"some distances of the curve are not resolved with {_digits(bits)} digits")
    if max(bounds) > 2.0 ** (-bits // 4):
        raise ValueError("the curve's numbers are rounded to fewer digits than the working precision")
    return Contact(levels, tuple(bounds), (), None, None, _digits(bits))
