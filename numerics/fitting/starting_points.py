"""Finds starting points for the likelihood search without using the truth.

Experts come from clusterwise regression (k-means with lines in place of means) on a subsample, the gate from the best
of many random draws there; `mle` then runs Newton on the subsample. An over-specified likelihood has its maximum near a
split of the maximum for one atom less, which such starts rarely find: `split_starts` makes these.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.cluster_steps import compiled_ahead
from temperance.numerics.likelihood.by_layout import evaluation
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.density import NONE
from temperance.numerics.mixture.measures import Layout, MixingMeasure

SUBSAMPLE = 1000
_LLOYD_STEPS = 10
_GATE_DRAWS = 128
_ROUNDING = 1e-9  # of a log-likelihood, more than any way to compute it
_BLOCK = 64  # points, whose probabilities with all random gates stay in a cache
_STEP = 0.4  # of the offsets of a split, in standard deviations of y given x, or of beta1's size


def _regressions(x1: Floats, y: Floats, labels: NDArray[np.intp], k: int, rng: np.random.Generator) -> Floats:
    """Least-squares lines of the k clusters, (k, d+1); a cluster too small to fit a line gets random points."""
    lines = np.empty((k, x1.shape[1]))
    for i in range(k):
        inside = np.flatnonzero(labels == i)
        if len(inside) <= x1.shape[1]:
            inside = rng.choice(len(y), size=min(len(y), 2 * x1.shape[1]), replace=False)
        lines[i] = np.linalg.lstsq(x1[inside], y[inside], rcond=None)[0]
    return lines


def clusterwise_regression(
    x: Floats, y: Floats, k: int, rng: np.random.Generator, *, compiled: bool = False
) -> tuple[Floats, Floats]:
    """k lines (k, d+1), intercept last, and the variances (k,) of their residuals, by Lloyd's alternation.

    compiled: whether machine code makes the steps in which rounding decides nothing; what is found is the same.
    """
    x1 = np.column_stack([x, np.ones(len(y))])
    points = np.column_stack([x / max(x.std(), 1e-12), y / max(y.std(), 1e-12)])
    centres = points[rng.choice(len(y), size=k, replace=len(y) < k)]
    labels = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    made = compiled_ahead()(x1, y, labels, k, _LLOYD_STEPS - 1) if compiled else 0
    for _ in range(made, _LLOYD_STEPS):
        lines = _regressions(x1, y, labels, k, rng)
        residuals = (y[:, None] - x1 @ lines.T) ** 2
        before, labels = labels, residuals.argmin(axis=1)
        counts = np.bincount(labels, minlength=k)
        if (labels == before).all() and (counts > x1.shape[1]).all():
            break  # further steps would change nothing
    within = np.bincount(labels, weights=residuals.min(axis=1), minlength=k) / np.maximum(counts, 1)
    return lines, np.where(counts > x1.shape[1], np.maximum(within, 1e-6 * y.var()), y.var())


def _random_gates(layout: Layout, spread: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """beta1, beta0 and tau of many gates that obey the gauge; spread is the standard deviation of x.

    Heavy-tailed in beta1 and tau: what a gate looks like depends on beta1 through s, and on tau through ratios to it,
    so that both scales are searched over two orders of magnitude. beta0 is drawn as an offset of the logits.
    """
    shape = (_GATE_DRAWS, layout.k, layout.d)
    beta1 = rng.normal(0, 1.5 / spread, shape) * np.exp(rng.normal(0, 1.0, (_GATE_DRAWS, layout.k, 1)))
    tau = np.exp(rng.normal(-0.7, 1.2, _GATE_DRAWS)) if layout.tau is None else np.full(_GATE_DRAWS, layout.tau)
    beta0 = rng.normal(0, 1.5, shape[:2]) * tau[:, None]
    beta0[:, -1] = 0.0
    if layout.gauge == "anchored":
        beta1[:, -1] = 0.0
    return beta1, beta0, tau


def _likelihood_bounds(
    gate: CompiledActivation,
    drawn: tuple[Floats, Floats, Floats],
    order: NDArray[np.intp],
    lines: Floats,
    nu: Floats,
    x: Floats,
    y: Floats,
) -> tuple[Floats, float]:
    """Upper bounds (c,) of the log-likelihoods with gates that were drawn, and what rounding may take from them.

    order (c, k): the line of each atom. The bounds are the log-likelihoods where no probability underflows, and inf
    where s has no value. A gate is computed once where an x comes again and again, as on a lattice.
    """
    new_x = np.concatenate([[True], (x[1:] != x[:-1]).any(axis=1)])
    new = new_x | np.concatenate([[True], y[1:] != y[:-1]])
    counts, which = np.diff(np.flatnonzero(new), append=len(y)), (np.cumsum(new_x) - 1)[new]
    beta1, beta0, tau = drawn
    atom = np.arange(len(tau)), np.argsort(order, axis=1).T  # the one of each line
    with np.errstate(all="ignore"):
        t = gate(x[new_x] @ beta1[atom].reshape(-1, x.shape[1]).T, 0)[0].reshape(-1, len(nu), len(tau))
        t = (t + beta0[atom]) / tau
        shares = np.exp(t - t.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        e = y[new] - lines[:, :-1] @ x[new].T - lines[:, -1:]
        f = -e * e / (2 * nu[:, None]) - np.log(2 * np.pi * nu[:, None]) / 2
        top = f.max(axis=0)
        below = np.exp(f - top).T[:, :, None]
        bounds = np.full(len(tau), counts @ top)
        for start in range(0, len(top), _BLOCK):
            part = slice(start, start + _BLOCK)
            density = (shares[which[part]] * below[part]).sum(axis=1)
            bounds += counts[part] @ np.log(np.maximum(density, np.finfo(float).tiny))
    return np.where(np.isnan(bounds), np.inf, bounds), float(_ROUNDING * (counts @ (1 + np.abs(top))))


def rough_start(layout: Layout, gate: CompiledActivation, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Theta (p,) from x (n, d), y (n,): clusterwise regression and the best of the random gates.

    The lines go to the atoms in a random order with every gate: in the anchored gauge the atoms are not alike.
    """
    lines, nu = clusterwise_regression(x, y, layout.k, rng, compiled=gate.machine_code)
    beta1, beta0, tau = drawn = _random_gates(layout, max(float(x.std()), 1e-12), rng)
    order = rng.permuted(np.tile(np.arange(layout.k), (_GATE_DRAWS, 1)), axis=1)
    thetas = layout.pack(MixingMeasure(beta1, beta0, tau, lines[order, :-1], lines[order, -1], nu[order]))
    bounds, slack = _likelihood_bounds(gate, drawn, order, lines, nu, x, y)
    evaluate, best, highest = evaluation(layout, gate), 0, -np.inf
    for i in np.argsort(-bounds, kind="stable"):
        if bounds[i] < highest - slack:
            break
        value = evaluate(thetas[i], x, y, NONE, NONE, False).value
        if np.isfinite(value) and (-value, i) < (-highest, best):
            best, highest = i, value
    return thetas[best]


def smaller(layout: Layout) -> Layout:
    """The layout of one atom less."""
    return replace(layout, k=layout.k - 1)


def split_starts(
    layout: Layout, found: MixingMeasure, each: int, *, spread: float, rng: np.random.Generator
) -> list[Floats]:
    """Starts (p,): every atom of found, which has one atom less than layout, is split `each` times.

    spread: the standard deviation of x. rng: draws the offsets.
    """
    return [layout.pack(_split(found, atom, layout, spread, rng)) for atom in range(found.k) for _ in range(each)]


def _split(found: MixingMeasure, atom: int, layout: Layout, spread: float, rng: np.random.Generator) -> MixingMeasure:
    """The atom twice, at opposite offsets; the new one goes in front, so that the last keeps the gauge."""
    share, deviation = rng.uniform(0.2, 0.8), float(np.sqrt(found.nu[atom]))
    sides = np.array([share - 1.0, share])  # the weighted mean stays

    def both(values: Floats, step: Floats | float) -> Floats:
        two = values[atom] + np.multiply.outer(sides, step)
        return np.concatenate([values[:atom], two, values[atom + 1 :]])

    d = layout.d
    beta1 = both(found.beta1, _STEP * rng.normal(size=d) * (1 / spread + np.abs(found.beta1[atom])))
    if layout.gauge == "anchored":
        beta1[-1] = 0.0
    weight = found.tau * np.log([share, 1.0 - share])
    beta0 = np.concatenate([found.beta0[:atom], found.beta0[atom] + weight, found.beta0[atom + 1 :]])
    a = both(found.a, _STEP * deviation / spread * rng.normal(size=d))
    b = both(found.b, _STEP * deviation * rng.normal())
    nu = np.exp(both(np.log(found.nu), _STEP * rng.normal()))
    return MixingMeasure(beta1, beta0 - beta0[-1], found.tau, a, b, nu)
