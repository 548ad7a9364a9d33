"""Makes starts for a climb without using the truth: from the data alone, and from a fit of one atom less.

Experts come from clusterwise regression (k-means with means of the model in place of centres) on a subsample, the gate
from the best of many random draws there. Splits double an atom of the smaller fit at opposite offsets.

Example: ``rough_start(problem, np.random.default_rng(1))``.

`process_starts` finds where one more atom would raise a likelihood most, by the gradient process of the smaller fit. At
a maximum of k - 1 atoms with scores S (n, q) and density g, an atom more with parameters u and a small weight w adds w
v(u) to the log density of a point, v = e_u (N_u/g - 1), e_u the ratio of its gate to the sum of the gates. So the
log-likelihood rises by T(u)^2/2 at the best w, with

    D(u) = sum v,   V(u) = |v|^2 - |projection of v on S|^2,   T = D/sqrt(V),   w = D/V,

if the other atoms follow. The local maxima of T over the box are where the maxima of k atoms with a small weight lie
(theory 9.4.1). Where the last atom is set apart (an anchored activation gate), the new one may also take its place, and
where s is odd the two atoms of the smaller fit may be exchanged, or written with opposite beta1 at twice the
temperature: each way to write the smaller fit has other gates for a new atom.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import scaled_spectrum
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import AtomFormulas
from temperance.numerics.mixture.likelihood import FEW_COLUMNS, atom_jets, log_weights, mean_and_slopes, means_of
from temperance.numerics.mixture.points import Points, softmax
from temperance.numerics.mixture.threads import interrupts_noted

SUBSAMPLE = 500
ROUGH_PASSES = 30  # of the climb on the subsample that ends a rough start
_LLOYD_STEPS = 10
_REGULAR = 1e-8  # of the determinant of scaled normal equations
_TRIES = 4  # of a regression whose mean is not linear in its parameters
_GATE_DRAWS = 128
_BLOCK = 64  # points, whose probabilities with all random gates stay in a cache
_LARGEST_SPLIT = 2.0  # times n^(-1/8): of the offsets of a split, in deviations of a parameter from one observation
_NEAR = 4.0  # minus the logarithm of the least part of the way across the box that an atom hops
_CURVED = 1e-8  # of the scaled information: less tells nothing of a scale


@np.errstate(all="ignore")  # means beyond the range of doubles are no fits
def clusterwise_regression(f: AtomFormulas, points: Points, k: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Parameters (k, q) of k means, and the variances (k,) of their residuals, by Lloyd's alternation.

    A cluster too small for a regression gets random points.
    """
    x, y = points.x, points.y
    scaled = np.column_stack([x / np.maximum(x.std(axis=0), 1e-12), y / max(float(y.std()), 1e-12)])
    centres = scaled[rng.choice(len(y), size=k, replace=len(y) < k)]
    labels = ((scaled[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    lines = np.zeros((k, f.line))
    columns = None if f.line_bends else mean_and_slopes(f, x, np.zeros(f.line))
    for step in range(_LLOYD_STEPS):
        for i in range(k):
            inside = np.flatnonzero(labels == i)
            if len(inside) <= f.line:
                inside = rng.choice(len(y), size=min(len(y), 2 * f.line + 1), replace=False)
            if columns is not None:
                lines[i] = _linear_regression(columns[1][:, inside], y[inside] - columns[0][inside])
            else:
                lines[i] = _regression(f, x[inside], y[inside], lines[i] if step else None, rng)
        squares = np.array([(y - mean_and_slopes(f, x, line)[0]) ** 2 for line in lines])
        squares = np.where(np.isfinite(squares), squares, np.inf)
        before, labels = labels, squares.argmin(axis=0)
        if (labels == before).all():
            break
    counts, least = np.bincount(labels, minlength=k), squares.min(axis=0)
    within = np.bincount(labels, weights=least, minlength=k) / np.maximum(counts, 1)
    spread = max(float(y.var()), 1e-300)
    return lines, np.where(counts > f.line, np.maximum(within, 1e-6 * spread), spread)


def _linear_regression(slopes: Floats, y: Floats) -> Floats:
    """The least squares of slopes (q, n) to y (n,), by normal equations where they are regular: for starts they do."""
    square = slopes @ slopes.T
    scale = np.sqrt(np.maximum(square.diagonal(), 1e-300))
    scaled = square / np.outer(scale, scale)
    if np.linalg.det(scaled) > _REGULAR:
        return np.asarray(np.linalg.solve(scaled, slopes @ y / scale) / scale)
    return np.asarray(np.linalg.lstsq(slopes.T, y, rcond=None)[0])


def _regression(f: AtomFormulas, x: Floats, y: Floats, start: Floats | None, rng: np.random.Generator) -> Floats:
    """The least squares of a mean that bends, from a start, or the best from random ones."""
    from scipy.optimize import least_squares

    positive = np.array(f.positive[f.own + f.shared :], dtype=bool)
    draws = [rng.normal(size=f.line) for _ in range(_TRIES)]
    starts = [start] if start is not None else [np.where(positive, np.exp(u), u) for u in draws]
    low = np.where(positive, 1e-9, -np.inf)
    best, least = starts[0], np.inf
    for line in starts:
        with np.errstate(all="ignore"):
            try:
                end = least_squares(
                    lambda p: mean_and_slopes(f, x, p)[0] - y,
                    np.maximum(line, low),
                    lambda p: mean_and_slopes(f, x, p)[1].T,
                    bounds=(low, np.inf),
                    max_nfev=30,
                )
            except ValueError:  # not finite there
                continue
        if end.cost < least:
            best, least = end.x, end.cost
    return best


def random_gates(problem: Problem, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Parameters (count, k, own) of gates, and shared ones (count, shared), heavy-tailed, in the box.

    A gate depends on its parameters through s, and on a temperature through ratios to it, so that both scales are
    searched over two orders of magnitude. An offset is drawn in units of the shared positive parameters.
    """
    f, k, where = problem.formulas, problem.k, problem.where
    spread = max(float(problem.points.x.std()), 1e-12)
    positive = np.array(f.positive, dtype=bool)
    size = np.exp(rng.normal(0, 1.0, (count, k, 1)))
    own = rng.normal(0, 1.5 / spread, (count, k, f.own)) * size
    own = np.where(positive[: f.own], np.exp(np.clip(own * spread / 2, -4, 4)), own)
    shared = rng.normal(0, 1.2, (count, f.shared))
    shared = np.where(positive[f.own : f.own + f.shared], np.exp(shared - 0.7), shared)
    if problem.offset:
        unit = np.where(positive[f.own : f.own + f.shared], shared, 1.0).prod(axis=1)
        own[:, :, 0] = rng.normal(0, 1.5, (count, k)) * unit[:, None]
    every = np.tile(problem.natural((problem.lower + problem.upper) / 2), (count, 1))
    free = np.zeros(where.size, dtype=bool)
    free[problem.places] = True
    at, common = where.values[:, : f.own], where.values[0, f.own : f.own + f.shared]
    own = np.where(free[at], own, every[:, at])
    shared = np.where(free[common], shared, every[:, common])
    low, high = (problem.natural(edge) for edge in (problem.lower, problem.upper))
    return np.clip(own, low[at], high[at]), np.clip(shared, low[common], high[common])


def rough_start(problem: Problem, rng: np.random.Generator) -> Floats:
    """u (p,) from the data: clusterwise regression, and the best of random gates, with the experts in random order.

    In an anchored gauge the atoms are not alike, so that every gate has an order of its own.
    """
    f, k, where = problem.formulas, problem.k, problem.where
    lines, nu = clusterwise_regression(f, problem.points, k, rng)
    own, shared = random_gates(problem, _GATE_DRAWS if f.own + f.shared else 1, rng)
    order = rng.permuted(np.tile(np.arange(k), (len(own), 1)), axis=1)
    best = int(np.argmax(_log_likelihoods(problem, own, shared, lines, nu, order)))
    natural = problem.natural((problem.lower + problem.upper) / 2)
    natural[where.values[:, : f.own]] = own[best]
    natural[where.values[0, f.own : f.own + f.shared]] = shared[best]
    natural[where.values[:, f.own + f.shared :]] = lines[order[best]]
    natural[where.nu] = nu[order[best]]
    positive = where.logs
    natural[positive] = np.maximum(natural[positive], 1e-300)
    return problem.inside(natural)


def start_in_box(problem: Problem, rng: np.random.Generator) -> Floats:
    """u (p,) in the inner half of the box, where the box numbers the atoms: an order from data may be another one."""
    return np.asarray(rng.uniform(*(problem.lower + share * (problem.upper - problem.lower) for share in (0.25, 0.75))))


def _log_likelihoods(
    problem: Problem, own: Floats, shared: Floats, lines: Floats, nu: Floats, order: NDArray[np.intp]
) -> Floats:
    """The log-likelihood of every gate (g, k, own) with the experts in its order (g, k); -inf where it is not finite.

    A gate is computed once where an x comes again and again, as on a lattice.
    """
    x, y, f = problem.points.x, problem.points.y, problem.formulas
    new_x = np.concatenate([[True], (x[1:] != x[:-1]).any(axis=1)])
    new = new_x | np.concatenate([[True], y[1:] != y[:-1]])
    counts, which = np.diff(np.flatnonzero(new), append=len(y)), (np.cumsum(new_x) - 1)[new]
    atom = np.argsort(order, axis=1)  # the one of each expert
    with np.errstate(all="ignore"):
        gates = np.take_along_axis(own, atom[:, :, None], axis=1)
        t = np.stack([log_weights(f, x[new_x], gates[:, i], shared) for i in range(len(nu))], axis=1)  # (g, k, m)
        shares = np.exp(t - t.max(axis=1, keepdims=True))
        shares = np.moveaxis(shares / shares.sum(axis=1, keepdims=True), 0, 2)  # (k, m, g)
        e = np.array([y[new] - mean_and_slopes(f, x[new], line)[0] for line in lines])
        logs = -e * e / (2 * nu[:, None]) - np.log(2 * np.pi * nu[:, None]) / 2
        top = logs.max(axis=0)
        below = np.exp(logs - top)
        values = np.full(len(own), counts @ top)
        for start in range(0, len(top), _BLOCK):
            part = slice(start, start + _BLOCK)
            density = (shares[:, which[part]] * below[:, part, None]).sum(axis=0)
            values += counts[part] @ np.log(np.maximum(density, np.finfo(float).tiny))
    return np.where(np.isfinite(values), values, -np.inf)


def deviations(problem: Problem, u: Floats) -> Floats:
    """How far one observation leaves each coordinate (p,) of u open: sqrt of the diagonal of n I^-1.

    Directions of no information count as short; no deviation is above a quarter of the box.
    """
    information = -problem.sums(u).hessian / problem.points.n
    scale, values, vectors = scaled_spectrum(information)
    spread = np.sqrt((vectors**2 / np.maximum(values, _CURVED)).sum(axis=1)) / scale
    return np.minimum(spread, (problem.upper - problem.lower) / 4)


def labellings(problem: Problem, smaller: Problem, u: Floats) -> list[Floats]:
    """A fit u (p,) of one atom less, atom by atom (k - 1, width), with each atom in turn as the last, if that is a fit.

    A translation of all gates takes what is held in the last atom from the others: the box is another one then. Where
    a gate is anchored, this is a fit of the same density for two atoms of an s that is odd + const (theory 3.3.2).
    """
    width, atoms = problem.where.width, problem.k - 1
    rows = smaller.full(u)[: atoms * width].reshape(atoms, width)
    if problem.parents is not None or (problem.anchored and not (problem.odd and atoms == 2)):
        return [rows]
    last = np.arange((problem.k - 1) * width, problem.k * width)
    held = ~np.isin(last, problem.places) & (np.arange(width) < problem.where.gate)
    every = [rows]
    for j in range(atoms - 1):
        turned = rows[[*range(j), *range(j + 1, atoms), j]]
        turned[:, held] -= turned[-1, held]
        every.append(turned)
    return every


def splits(problem: Problem, bases: Sequence[tuple[Problem, Floats]], rng: np.random.Generator) -> list[Floats]:
    """Starts (p,), one of each mixture of one atom less: its atoms in turn, at opposite offsets, in all labellings.

    The offsets are normal, in units of `deviations`, with scales that are log-uniform from n^(-1/4) to
    2 n^(-1/8), as the offsets of cells are (theory 4.3); the weighted mean stays.
    """
    starts: list[Floats] = []
    before: tuple[Problem, Floats] | None = None
    for index, base in enumerate(bases):
        if before is None or base[1] is not before[1]:
            smaller, u = before = base
            ways, typical = labellings(problem, smaller, u), _typical(problem, smaller, u)
        turn, place = divmod(index, len(parents := problem.parents or range(problem.k - 1)))
        starts.append(_split(problem, smaller, u, ways[turn % len(ways)], parents[place], typical, rng))
    return starts


def grown(problem: Problem, u: Floats, rng: np.random.Generator) -> Floats:
    """A start (p,) from a mixture of as many atoms or fewer, some of which are then split one by one."""
    if len(u) == len(problem.places) or problem.smaller is None:
        return u
    smaller = problem.smaller()
    return splits(problem, [(smaller, grown(smaller, u, rng))], rng)[0]


def hop(problem: Problem, u: Floats, rng: np.random.Generator) -> Floats:
    """A start (p,) with one atom of u (p,) moved: every other time to anywhere in the box, else a part of the way.

    The part is log-uniform from e^-4 to 1.
    """
    moves = problem.places // problem.where.width == rng.integers(problem.k)
    part = np.exp(-max(0.0, rng.uniform(-_NEAR, _NEAR)))
    return np.where(moves, u + part * (rng.uniform(problem.lower, problem.upper) - u), u)


def _typical(problem: Problem, smaller: Problem, u: Floats) -> Floats:
    """The largest of the `deviations` of an atom's coordinates (width,): what the last holds may move in a new one."""
    spread = np.zeros(smaller.where.size)
    spread[smaller.places] = deviations(smaller, u)
    return np.asarray(spread[: smaller.k * smaller.where.width].reshape(smaller.k, -1).max(axis=0))


def _split(
    problem: Problem, smaller: Problem, u: Floats, atoms: Floats, i: int, typical: Floats, rng: np.random.Generator
) -> Floats:
    """A start (p,) with atom i doubled."""
    width, least = problem.where.width, np.log(problem.points.n) / -4
    scale, share = np.exp(rng.uniform(least, least / 2 + np.log(_LARGEST_SPLIT))), rng.uniform(0.2, 0.8)
    pair = atoms[i] + np.outer([share - 1.0, share], scale * rng.normal(size=width) * typical)
    shared = smaller.full(u)[smaller.k * width :]
    if problem.offset:
        unit = float(np.prod(smaller.natural(u)[smaller.k * width :])) if problem.formulas.shared else 1.0
        pair[:, 0] = atoms[i, 0] + unit * np.log([share, 1.0 - share])
    rows = np.concatenate([atoms[:i], pair, atoms[i + 1 :]])
    if problem.offset and problem.parents is None:
        rows[:, 0] -= rows[-1, 0]
    return np.clip(np.concatenate([rows.ravel(), shared])[problem.places], problem.lower, problem.upper)


_STEP = 0.8  # of the grid of lines, in deviations of y given x
_LEVELS = 5  # of the logarithm of nu
_GATES = 11  # of every gate parameter of a line of gates
_DRAWS = 1500  # experts that are drawn where no grid of lines can be made
_NEW_GATES = 24  # of a new atom, that are drawn where no grid is made
_MOST_LINES = 3000  # at one nu, and along each of the two axes
_SMALLEST_NU = 0.1  # of the least variance of the smaller fit
_RANKED = 4000  # of the highest T, which are thinned out
_MOST_POINTS = 2000  # that are looked at; of more a part is drawn
_LEAST_T = 0.5
_SINGULAR = 1e-6  # part of |v|^2 that the projection leaves, below which v is a score
_DEPENDENT = 1e-9  # scaled eigenvalues of the information of the scores that are 0
_LARGEST_WEIGHT = 0.3
_CHUNK = 256  # experts at a time
_FAR = 25.0  # squared deviations over two at which a normal density is 0

GRIDS = {"step": _STEP, "levels": _LEVELS, "gates": _GATES, "draws": [_DRAWS, _NEW_GATES]}
"""What determines the peaks, besides their number and spacing."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A fit of k - 1 atoms as k atoms of which one has no weight yet.

    natural (q,): the parameters of k atoms; slot: the new one; others: the rest; columns: which atoms of the fit these
    are.
    """

    natural: Floats
    slot: int
    others: tuple[int, ...]
    columns: tuple[int, ...]


def embeddings(problem: Problem, smaller: Problem, u: Floats) -> Iterator[Embedding]:
    """The ways to write a fit u (p,) of one atom less as k atoms: the new one in front, or in the place of the last."""
    k, where = problem.k, problem.where
    shared, width = smaller.natural(u)[(k - 1) * where.width :], where.width
    held = problem.natural((problem.lower + problem.upper) / 2)[(k - 1) * width : k * width]
    for turn, labelled in enumerate(labellings(problem, smaller, u)):
        logs, columns = where.logs[:width], [*range(k - 1)]
        rows = np.where(logs, np.exp(np.where(logs, labelled, 0.0)), labelled)
        if turn:
            columns = [c for c in columns if c != turn - 1] + [turn - 1]
        front = np.concatenate([rows[:1], rows])
        yield Embedding(np.concatenate([front.ravel(), shared]), 0, tuple(range(1, k)), tuple(columns))
        if problem.anchored:
            last = np.concatenate([rows, rows[-1:]])
            last[-1, : where.gate] = held[: where.gate]
            yield Embedding(np.concatenate([last.ravel(), shared]), k - 1, tuple(range(k - 1)), tuple(columns))
            if problem.odd and k == 3 and not turn and k * width in problem.places:  # tau moves
                # (beta1, 0) at tau has the density of (beta1, -beta1) at 2 tau, which leaves the place of the last
                last[1, 1 : where.gate] = -rows[0, 1 : where.gate]
                last[:, 0] *= 2
                yield Embedding(np.concatenate([last.ravel(), 2 * shared]), k - 1, (0, 1), tuple(columns))


class Density:
    """The density of k - 1 atoms at points, and sums over y with one more expert: they are the same in all embeddings.

    Points are sorted, and those with one x are a group; x (m, d) are these, held (m,) the weights of the groups.
    columns (n, c): 1, and of every atom r, r e/nu and r (e^2/nu - 1), r being its probability given the point.
    """

    def __init__(self, problem: Problem, embedding: Embedding, points: Points) -> None:
        f, where, natural = problem.formulas, problem.where, embedding.natural
        order = np.lexsort((points.y, *points.x.T))
        x, self.y = points.x[order], points.y[order]
        self.weights = points.weights[order] if points.weighted else np.ones(len(order))
        first = np.flatnonzero(np.concatenate([[True], (x[1:] != x[:-1]).any(axis=1)]))
        self.ends, self.x = np.append(first, len(x)), x[first]
        self.group = np.repeat(np.arange(len(first)), np.diff(self.ends))
        self.compiled = problem.compiled
        jets = [atom_jets(f, self.x, natural[where.values[i]]) for i in embedding.others]
        self.nus = natural[where.nu[list(embedding.others)]][:, None]
        t = np.array([jet.log_weight for jet in jets])
        e = self.y - np.array([jet.mean for jet in jets])[:, self.group]
        square = e * e / self.nus
        posterior = softmax(t[:, self.group] - square / 2 - np.log(2 * np.pi * self.nus) / 2)
        self.log_density = posterior.log_sum - softmax(t).log_sum[self.group]
        shares = posterior.shares
        rows = np.stack([shares, shares * e / self.nus, shares * (square - 1)], axis=1)
        self.columns = np.ascontiguousarray(np.concatenate([np.ones((1, len(x))), rows.reshape(-1, len(x))]).T)
        self.counted = self.columns * self.weights[:, None]
        self.flat = np.add.reduceat(self.counted, first, axis=0).T

    def sums(self, means: Floats, nu: Floats) -> tuple[Floats, Floats]:
        """Of experts with means (l, m), variances nu (l,): sums over y of n (N/g) columns, and of n (N/g)^2.

        Shapes (c, l, m), or (1, l, m) of the first column where every point is its own group, and (l, m).
        """
        if self.compiled:
            ratio, squares = np.zeros((len(nu), len(self.y))), np.zeros((len(nu), len(self.x)))
            data = (self.ends, self.y, self.weights, np.exp(-self.log_density))
            compiled_ratios()(np.ascontiguousarray(means), np.array(nu), *data, ratio, squares)
        else:
            q = (self.y - means[:, self.group]) ** 2 / (2 * nu[:, None])
            ratio = np.where(q < _FAR, np.exp(-q - self.log_density) / np.sqrt(2 * np.pi * nu)[:, None], 0.0)
            squares = np.add.reduceat(ratio * ratio * self.weights, self.ends[:-1], axis=1)
        if len(self.x) == len(self.y):
            return (self.weights * ratio)[None], squares
        sums = np.empty((self.counted.shape[1], len(nu), len(self.x)))
        for i, (low, high) in enumerate(pairwise(self.ends)):
            sums[:, :, i] = (ratio[:, low:high] @ self.counted[low:high]).T
        return sums, squares


class GradientProcess:
    """D, V and the projection on the scores of one embedding, for gates and experts of a new atom.

    The scores are sums over columns of a `Density` with factors (q, c, m) that depend on x alone.
    """

    def __init__(self, problem: Problem, embedding: Embedding, density: Density) -> None:
        f, where, others = problem.formulas, problem.where, embedding.others
        self.embedding, self.density = embedding, density
        jets = [atom_jets(f, density.x, embedding.natural[where.values[i]]) for i in others]
        gates = softmax(np.array([jet.log_weight for jet in jets]))
        self.log_gates = gates.log_sum
        rows: dict[int, Floats] = {}

        def row_of(place: int) -> Floats:
            return rows.setdefault(int(place), np.zeros((density.columns.shape[1], len(density.x))))

        for i, (atom, jet) in enumerate(zip(others, jets, strict=True)):
            column = 1 + 3 * embedding.columns[i]
            for slope, place in zip(jet.gate_slopes, where.values[atom, : f.own + f.shared], strict=True):
                row_of(place)[column] += slope
                row_of(place)[0] -= gates.shares[i] * slope
            for slope, place in zip(jet.line_slopes, where.values[atom, f.own + f.shared :], strict=True):
                row_of(place)[column + 1] += slope
            row_of(where.nu[atom])[column + 2] += 0.5 / density.nus[embedding.columns[i]]
        moves = {*map(int, problem.places)}
        self.factors = np.array([row for place, row in rows.items() if place in moves])
        scores = np.zeros((len(self.factors), len(density.y)))
        for q, c in self._terms:
            scores[q] += self.factors[q, c, density.group] * density.columns[:, c]
        self.root = _inverse_root((scores * density.weights) @ scores.T)
        self.apart = self.root @ scores if len(density.x) == len(density.y) else None

    @cached_property
    def _terms(self) -> NDArray[np.intp]:
        """The factors that are not 0: pairs of a score and a column."""
        return np.argwhere(self.factors.any(axis=2))

    def over(self, gates: Floats, sums: Floats, squares: Floats) -> tuple[Floats, Floats]:
        """D and V of gates with log weights (b, m) and experts with these sums over y: (b, l) each.

        V is 0 where v is a score; where D is not above 0 it may lack the projection.
        """
        ratio, flat = np.exp(np.minimum(gates - self.log_gates, 300.0)), self.density.flat
        gap = sums[0] - flat[0]
        d = ratio @ gap.T
        v = ratio**2 @ (squares - 2 * sums[0] + flat[0]).T
        if self.apart is not None:
            projected = np.zeros(d.shape)
            for row, part, up in zip(ratio, projected, d > 0, strict=True):
                part[up] = (((self.apart * row) @ gap[up].T) ** 2).sum(axis=0)
        else:
            products = np.zeros((len(self.factors), *gap.shape))
            for q, c in self._terms:
                products[q] += self.factors[q, c] * (sums[c] - flat[c])
            along = products @ ratio.T  # (q, l, b)
            projected = ((self.root @ along.reshape(len(along), -1)) ** 2).sum(axis=0).reshape(d.T.shape).T
        rest = v - projected
        return d, np.where(rest > _SINGULAR * v, rest, 0.0)


def _inverse_root(information: Floats) -> Floats:
    """R with R^T R the pseudo-inverse of a matrix."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    used = values > _DEPENDENT
    return np.asarray(vectors[:, used].T / np.sqrt(values[used])[:, None] / scale)


@np.errstate(all="ignore")  # gates that are not defined at some x raise nothing there
def process_starts(
    problem: Problem,
    smaller: Problem,
    u: Floats,
    count: int,
    shift: float,
    rng: np.random.Generator,
    *,
    spacing: float = 1.0,
) -> list[Floats]:
    """Starts (p,) of k atoms at the highest local maxima of T, from a fit u of one atom less.

    spacing: how far two lie apart at least, in deviations of their densities. shift: in [0, 1), of grids that share no
    node; rng: draws what is not on a grid, and some of many points.
    """
    points = problem.points
    most = _MOST_POINTS if problem.formulas.dim <= FEW_COLUMNS else _MOST_POINTS // 4
    if len(points.y) > most and not _repeats(points):
        points = Points(*points.some(most, rng))
    experts = candidate_experts(problem, smaller, u, shift, rng)
    ways = list(embeddings(problem, smaller, u))
    density = Density(problem, ways[0], points)
    processes = [GradientProcess(problem, way, density) for way in ways]
    gates = [_gates(problem, way, shift, rng) for way in ways]
    logs = [_log_weights(problem, way, own, density.x) for way, own in zip(ways, gates, strict=True)]
    means = means_of(problem.formulas, density.x, experts[:, :-1])
    parts: list[list[tuple[Floats, Floats]]] = [[] for _ in ways]
    for start in range(0, len(means), _CHUNK):
        sums = density.sums(means[start : start + _CHUNK], experts[start : start + _CHUNK, -1])
        for part, process, log in zip(parts, processes, logs, strict=True):
            part.append(process.over(log, *sums))
    ranked: list[tuple[float, Floats]] = []
    for part, way, own in zip(parts, ways, gates, strict=True):
        d, v = (np.concatenate(values, axis=1) for values in zip(*part, strict=True))
        ranked += _peaks(problem, way, own, experts, d, v, count, spacing)
    ranked.sort(key=lambda peak: -peak[0])
    return [problem.inside(natural) for _, natural in ranked[:count]]


def _log_weights(problem: Problem, embedding: Embedding, gates: Floats, x: Floats) -> Floats:
    """The log weights (b, m) of own parameters of gates (b, own), with the shared ones of an embedding."""
    f, where = problem.formulas, problem.where
    shared = embedding.natural[where.values[0, f.own : f.own + f.shared]]
    return log_weights(f, x, gates, np.tile(shared, (len(gates), 1)))


def _repeats(points: Points) -> bool:
    """Whether x come again and again, as on a lattice."""
    return len(np.unique(points.x[:, 0])) * 8 < len(points.y)


@cache
def compiled_ratios() -> Any:
    """A function in machine code that fills N/g (l, n) of experts at the points of a `Density`, 0 where N is far.

    And the sums over y of their squares (l, m)."""
    from numba import njit, types

    from temperance.numerics.mixture.vector_code import small_exp

    def ratios(means, nu, ends, y, weights, inverse, ratio, squares):  # type: ignore[no-untyped-def]
        for l in range(len(nu)):
            half, scale, reach = 0.5 / nu[l], 1.0 / math.sqrt(2 * math.pi * nu[l]), math.sqrt(2 * _FAR * nu[l])
            for i in range(len(ends) - 1):
                low, high, mean = ends[i], ends[i + 1], means[l, i]
                while low < high and y[low] < mean - reach:
                    low += 1
                while low < high and y[high - 1] > mean + reach:
                    high -= 1
                for j in range(low, high):
                    gap = y[j] - mean
                    ratio[l, j] = scale * small_exp(-half * gap * gap) * inverse[j]
                for j in range(low, high):
                    squares[l, i] += ratio[l, j] * ratio[l, j] * weights[j]

    block, vector = types.float64[:, ::1], types.float64[::1]
    signature = types.void(block, vector, types.int64[::1], vector, vector, vector, block, block)
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    with interrupts_noted():
        return njit(signature, cache=True, **options)(ratios)


def candidate_experts(problem: Problem, smaller: Problem, u: Floats, shift: float, rng: np.random.Generator) -> Floats:
    """Parameters (l, q + 1) of experts, the last being nu, within the box and the reach of the data.

    A grid of lines, finer where nu is small, at a shift in [0, 1) of its step. Where the mean is no
    line in one covariate they are drawn: half around the experts of the fit, half in the box.
    """
    f, where = problem.formulas, problem.where
    at = [*where.values[0, f.own + f.shared :], where.nu[0]]
    low, high = (problem.natural(edge)[at] for edge in (problem.lower, problem.upper))
    nus = smaller.natural(u)[smaller.where.nu]
    low[-1] = max(low[-1], _SMALLEST_NU * nus.min())
    high[-1] = max(min(high[-1], problem.points.y.var()), low[-1] * (1 + 1e-9))
    if f.dim == 1 and f.line == 2 and not f.line_bends:
        return _lines(problem, low, high, shift)
    rows = smaller.natural(u)[[[*where.values[i, f.own + f.shared :], where.nu[i]] for i in range(problem.k - 1)]]
    logs = where.logs[at]
    low, high, rows = (np.where(logs, np.log(np.maximum(part, 1e-300)), part) for part in (low, high, rows))
    size = np.exp(rng.uniform(np.log(1e-3), 0, (_DRAWS // 2, 1)))
    near = rows[rng.integers(0, len(rows), len(size))]
    near = near + size * (high - low) * rng.normal(size=near.shape) / 4
    far = low + (high - low) * rng.random((_DRAWS - len(near), len(at)))
    every = np.clip(np.concatenate([near, far]), low, high)
    return np.where(logs, np.exp(every), every)


def _lines(problem: Problem, low: Floats, high: Floats, shift: float) -> Floats:
    """The grid of lines: steps of intercept and slope are `_STEP` deviations of y at the spread of x."""
    f, points = problem.formulas, problem.points
    (centre,), (spread,) = points.middle
    spread = max(float(spread), 1e-12)
    _, slopes = mean_and_slopes(f, np.array([[0.0], [1.0]]), np.zeros(2))
    slope = int(np.argmax(np.abs(slopes[:, 1] - slopes[:, 0])))  # which of the two parameters multiplies x
    reach = float(np.ptp(points.y))
    ends = [
        (max(low[j], -reach / spread), min(high[j], reach / spread)) if j == slope else (low[j], high[j])
        for j in (0, 1)
    ]
    parts = []
    for level in _axis(np.log(low[-1]), np.log(high[-1]), _LEVELS, shift):
        step = _STEP * float(np.exp(level / 2))
        counts = [(high - low) / step * (spread if j == slope else 1.0) for j, (low, high) in enumerate(ends)]
        thinning = max(1.0, np.sqrt(np.prod(counts) / _MOST_LINES))
        sizes = [max(3, int(min(np.ceil(count / thinning), _MOST_LINES))) for count in counts]
        axes = [_axis(*ends[j], sizes[j], shift) for j in (0, 1)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        parts.append(np.column_stack([grid, np.full(len(grid), np.exp(level))]))
    lines = np.concatenate(parts)
    middle = lines[:, 1 - slope] + lines[:, slope] * centre
    inside = (middle >= points.y.min()) & (middle <= points.y.max())
    return lines[inside] if inside.any() else lines


def _axis(low: float, high: float, count: int, shift: float) -> Floats:
    """So many values from low to high: with both ends, or at a shift in (0, 1) of the steps."""
    return np.linspace(low, high, count) if not shift else low + (high - low) * (np.arange(count) + shift) / count


def _gates(problem: Problem, embedding: Embedding, shift: float, rng: np.random.Generator) -> Floats:
    """Own parameters (b, own) of a new atom's gate, with no offset: that held in the last place, a grid, or draws.

    A grid is finer near 0, where gates differ most.
    """
    f, where, slot = problem.formulas, problem.where, embedding.slot
    at = where.values[slot, : f.own]
    held = problem.natural((problem.lower + problem.upper) / 2)[at]
    moves = np.isin(at, problem.places)
    moves[0] &= not problem.offset
    if not moves.any():
        rows = held[None]
    elif moves.sum() == 1 and not np.any(where.logs[at[moves]]):
        low, high = (problem.natural(edge)[at[moves]][0] for edge in (problem.lower, problem.upper))
        spread = max(float(problem.points.middle[1].mean()), 1e-12)
        rows = np.tile(held, (_GATES, 1))
        rows[:, moves] = (
            np.sinh(_axis(np.arcsinh(low * spread), np.arcsinh(high * spread), _GATES, shift))[:, None] / spread
        )
    else:
        rows = np.where(moves, random_gates(problem, _NEW_GATES, rng)[0][:, slot], held)
    if problem.offset:
        rows[:, 0] = 0.0
    return rows


def _peaks(
    problem: Problem, way: Embedding, gates: Floats, experts: Floats, d: Floats, v: Floats, count: int, spacing: float
) -> list[tuple[float, Floats]]:
    """The highest T that are apart from higher ones, with the parameters (q,) of k atoms there; d, v (b, l)."""
    f = problem.formulas
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where((v > 0) & (d > 0), d / np.sqrt(v), 0.0)
    t[~np.isfinite(t)] = 0.0
    highest = np.argpartition(-t, _RANKED, axis=None)[:_RANKED] if t.size > _RANKED else np.arange(t.size)
    rest = highest[np.argsort(-t.flat[highest])]
    rest = rest[t.flat[rest] >= _LEAST_T]
    (centre, spread), deviation = problem.points.middle, np.sqrt(experts[:, -1])
    sides = means_of(f, np.stack([centre - spread, centre + spread]), experts[:, :-1])
    left, right = _log_weights(problem, way, gates, np.stack([centre - spread, centre + spread])).T
    kinds = np.stack([left - right, left + right], axis=1)
    peaks: list[tuple[float, Floats]] = []
    while len(rest) and len(peaks) < count:
        b, l = divmod(int(rest[0]), len(experts))
        peaks.append((float(t[b, l]), _with_atom(problem, way, gates[b], experts[l], d[b, l] / v[b, l])))
        bs, ls = np.divmod(rest, len(experts))
        gap = ((sides[l] - sides[ls]) ** 2).sum(axis=1) / (2 * deviation[l] * deviation[ls])
        gap += np.log(experts[l, -1] / experts[ls, -1]) ** 2 + ((kinds[b] - kinds[bs]) ** 2).sum(axis=1) / 4
        rest = rest[1:][gap[1:] >= spacing**2]
    return peaks


def _with_atom(problem: Problem, embedding: Embedding, gate: Floats, expert: Floats, weight: float) -> Floats:
    """The parameters (q,) of an embedding with the new atom at its place, of a small weight."""
    f, where, slot, natural = problem.formulas, problem.where, embedding.slot, embedding.natural.copy()
    natural[where.values[slot, : f.own]] = gate
    natural[where.values[slot, f.own + f.shared :]], natural[where.nu[slot]] = expert[:-1], expert[-1]
    if problem.offset:
        shared = natural[where.values[0, f.own : f.own + f.shared]]
        offset = np.log(min(weight, _LARGEST_WEIGHT)) * (np.prod(shared) if f.shared else 1.0)
        natural[where.values[slot, 0]] = offset
        natural[where.values[:, 0]] -= natural[where.values[-1, 0]]
    return natural
