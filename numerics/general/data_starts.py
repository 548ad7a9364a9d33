"""Finds starts for a fit of any model from data alone: clusterwise regression, and the best of random gates."""

from __future__ import annotations

import numpy as np

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.generated import GeneratedLikelihood
from temperance.numerics.likelihood.plain_sums import mean_and_slopes
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points

_ROUNDS = 6
_TRIES = 4  # of a regression whose mean is not linear
_GATE_DRAWS = 128


def rough_start(
    likelihood: GeneratedLikelihood, points: Points, lower: Floats, upper: Floats, rng: np.random.Generator
) -> Floats:
    """Theta (p,) in the box: regressions of clusters, in random order with every gate, and the best of the gates."""
    where, k, f = likelihood.where, likelihood.k, likelihood.formulas
    lines, nus = _clusters(f, points, k, rng)
    line, best, most = where.values[:, f.own + f.shared :], None, -np.inf
    gate = np.ones(where.size, dtype=bool)
    gate[[*line.ravel(), *where.nu]] = False
    for _ in range(_GATE_DRAWS if f.own + f.shared else 1):
        theta, order = np.empty(where.size), rng.permutation(k)
        theta[gate] = rng.normal(0, 1.5, int(gate.sum())) * np.exp(rng.normal(0, 0.7, int(gate.sum())))
        theta[line], theta[where.nu] = lines[order], nus[order]
        theta[where.logs & ~gate] = np.log(theta[where.logs & ~gate])
        theta[where.logs & gate] *= 0.5
        theta = np.clip(theta, lower, upper)
        value = likelihood(theta, points.x, points.y, derivatives=False).value
        if best is None or value > most:
            best, most = theta, value if np.isfinite(value) else -np.inf
    assert best is not None
    return best


def _clusters(f: AtomFormulas, points: Points, k: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Parameters of k means (k, q), and the variances of their residuals (k,), by alternation from random centres."""
    x, y = points.x, points.y
    both = np.c_[x / np.maximum(x.std(axis=0), 1e-12), y / max(float(y.std()), 1e-12)]
    centres = both[rng.choice(len(y), size=k, replace=len(y) < k)]
    labels = ((both[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    lines: list[Floats | None] = [None] * k
    for _ in range(_ROUNDS):
        for i in range(k):
            inside = np.flatnonzero(labels == i)
            if len(inside) <= f.line:
                inside = rng.choice(len(y), size=min(len(y), 2 * f.line + 1), replace=False)
            lines[i] = _regression(f, x[inside], y[inside], lines[i], rng)
        squares = np.array([(y - mean_and_slopes(f, x, line)[0]) ** 2 for line in lines if line is not None])
        labels, before = np.where(np.isfinite(squares), squares, np.inf).argmin(axis=0), labels
        if (labels == before).all():
            break
    floor = 1e-6 * max(float(y.var()), 1e-300)
    within = [max(float(squares[i, labels == i].mean()), floor) if (labels == i).any() else y.var() for i in range(k)]
    return np.array(lines), np.array(within)


def _regression(f: AtomFormulas, x: Floats, y: Floats, start: Floats | None, rng: np.random.Generator) -> Floats:
    """The least squares of a mean that is found from a start, or from 0 and random ones."""
    from scipy.optimize import least_squares

    positive = np.array(f.positive[f.own + f.shared :], dtype=bool)
    draws = [rng.normal(size=f.line) for _ in range(1 if not f.line_bends else _TRIES)]
    starts = [start] if start is not None else [np.where(positive, np.exp(u), u) for u in draws]
    low = np.where(positive, 1e-9, -np.inf)
    best, least = starts[0], np.inf
    for line in starts if f.line else ():
        with np.errstate(all="ignore"):
            try:
                found = least_squares(
                    lambda p: mean_and_slopes(f, x, p)[0] - y,
                    np.maximum(line, low),
                    lambda p: mean_and_slopes(f, x, p)[1].T,
                    bounds=(low, np.inf),
                    max_nfev=30,
                )
            except ValueError:  # not finite there
                continue
        if found.cost < least:
            best, least = found.x, found.cost
    return best
