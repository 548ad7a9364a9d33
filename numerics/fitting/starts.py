"""Makes starts for a climb without using the truth: from the data alone, and from a fit of one atom less.

Experts come from clusterwise regression (k-means with means of the model in place of centres) on a subsample, the gate
from the best of many random draws there. Splits double an atom of the smaller fit at opposite offsets.

Example: ``rough_start(problem, np.random.default_rng(1))``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import scaled_spectrum
from temperance.numerics.fitting.problem import Problem
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import AtomFormulas
from temperance.numerics.mixture.plain_sums import log_weights, mean_and_slopes
from temperance.numerics.mixture.points import Points

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
