"""Computes the sums of a likelihood from its formulas without machine code, in NumPy and where needed in mpmath.

It takes over where a function has no machine code, and where a value is not finite in doubles though it has a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp

from temperance.numerics.mixture.activation_numpy import MPMATH, Floats, modules, precise
from temperance.numerics.mixture.atom_formulas import AtomFormulas
from temperance.numerics.mixture.kernel_sums import Coordinates
from temperance.numerics.mixture.points import softmax
from temperance.numerics.mixture.threads import one_blas_thread

Formulas = Callable[[Floats, Floats], Floats]
WORKSPACE = 2**17  # numbers in the derivatives of a block of points: about 1 MB, to stay in a second-level cache


class Sums(NamedTuple):
    """Sums over the data: value, score (p,) and hessian (p, p) of the log-likelihood in theta."""

    value: float
    score: Floats
    hessian: Floats


@lru_cache(maxsize=64)
def _compiled(formulas: AtomFormulas) -> Formulas:
    """Of x (n, d) and parameters (p,): log weight, mean, their slopes and second derivatives, (rows, n)."""
    slopes = [
        *formulas.gate_slopes,
        *formulas.gate_bends.values(),
        *formulas.line_slopes,
        *formulas.line_bends.values(),
    ]
    return _function(formulas, [formulas.log_weight, formulas.mean, *slopes])


@lru_cache(maxsize=64)
def log_weight_and_mean(formulas: AtomFormulas) -> Formulas:
    """The log weight and the mean of x (n, d) and parameters (p,), (2, n)."""
    return _function(formulas, [formulas.log_weight, formulas.mean])


@lru_cache(maxsize=64)
def _log_weight(formulas: AtomFormulas) -> Callable[..., Any]:
    symbols = (*formulas.x, *formulas.parameters[: formulas.own + formulas.shared])
    return sp.lambdify(symbols, formulas.log_weight, modules=modules([formulas.log_weight]), cse=True)


def log_weights(formulas: AtomFormulas, x: Floats, own: Floats, shared: Floats) -> Floats:
    """The log weights (g, n) of gates with parameters own (g, own) and shared (g, shared) at x (n, d)."""
    parameters = np.concatenate([own, shared], axis=1).T[:, :, None]
    values = np.empty((len(own), len(x)))
    values[...] = _log_weight(formulas)(*x.T, *parameters)
    return values


@lru_cache(maxsize=64)
def _mean(formulas: AtomFormulas) -> Callable[..., Any]:
    line = formulas.parameters[formulas.own + formulas.shared :]
    return sp.lambdify((*formulas.x, *line), formulas.mean, modules=modules([formulas.mean]), cse=True)


def means_of(formulas: AtomFormulas, x: Floats, lines: Floats) -> Floats:
    """The means (l, n) of experts with parameters lines (l, q) at x (n, d)."""
    values = np.empty((len(lines), len(x)))
    values[...] = _mean(formulas)(*x.T, *lines.T[:, :, None])
    return values


def _function(formulas: AtomFormulas, rows: list[sp.Expr]) -> Formulas:
    symbols = (*formulas.x, *formulas.parameters)
    function = sp.lambdify(symbols, rows, modules=modules(rows), cse=True)
    exact = [_real(sp.lambdify(symbols, row, modules=[MPMATH, "mpmath"])) for row in rows]

    def filled(x: Floats, parameters: Floats) -> Floats:
        values = np.empty((len(rows), len(x)))
        for value, one in zip(values, function(*x.T, *parameters), strict=True):
            value[:] = one
        for value, again in zip(values, exact, strict=True) if not np.isfinite(values.sum()) else ():
            for j in np.flatnonzero(~np.isfinite(value)):
                value[j] = precise(again, *x[j], *parameters)
                if not np.isfinite(value[j]):  # nor are the sums
                    break
        return values

    return filled


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, nan where its values are complex."""

    def filled(*arguments: Any) -> Any:
        value = function(*arguments)
        return mpmath.nan if mpmath.im(value) else value

    return filled


_coordinates = lru_cache(maxsize=64)(Coordinates)


@one_blas_thread()
def plain_sums(
    formulas: AtomFormulas,
    k: int,
    natural: Floats,
    x: Floats,
    y: Floats,
    weights: Floats,
    reference: Floats,
) -> Sums:
    """Value, score and Hessian in all coordinates, at parameters (not logarithms)."""
    where = _coordinates(formulas, k)
    block = max(1, WORKSPACE // (4 * k * where.size))
    value, score, hessian = 0.0, np.zeros(where.size), np.zeros((where.size, where.size))
    for start in range(0, len(y), block):
        part = slice(start, start + block)
        own = (weights[part], reference[part]) if len(weights) else (1.0, 0.0)
        with np.errstate(all="ignore"):
            sums = _block(formulas, where, natural, x[part], y[part], *own)
        value += sums.value
        score += sums.score
        hessian += sums.hessian
    chain = np.where(where.logs, natural, 1.0)
    score = chain * score
    return Sums(value, score, chain[:, None] * hessian * chain + np.diag(np.where(where.logs, score, 0.0)))


def _lowered(t: Floats) -> Floats:
    """Scores (k, n) less the largest of each point: so of scores of any size, the digits of densities stay."""
    return np.asarray(t - t.max(axis=0))


def _joint(t: Floats, e: Floats, nus: Floats) -> Floats:
    """t + log N(e | 0, nu), (k, n)."""
    return np.asarray(t - e * e / (2 * nus[:, None]) - np.log(2 * np.pi * nus[:, None]) / 2)


def responsibilities(formulas: AtomFormulas, natural: Floats, x: Floats, y: Floats) -> Floats:
    """The probabilities of atoms given x and y, (k, n), at parameters (not logarithms)."""
    where = Coordinates(formulas, (len(natural) - formulas.shared) // (formulas.own + formulas.line + 1))
    rows = np.array([log_weight_and_mean(formulas)(x, natural[places]) for places in where.values])
    return softmax(_joint(_lowered(rows[:, 0]), y - rows[:, 1], natural[where.nu])).shares


def mean_and_slopes(formulas: AtomFormulas, x: Floats, line: Floats) -> tuple[Floats, Floats]:
    """The mean (n,) and its slopes (q, n) at parameters line (q,) of the mean."""
    rows = _means(formulas)(*x.T, *line)
    values = np.empty((len(rows), len(x)))
    for value, row in zip(values, rows, strict=True):
        value[:] = row
    return values[0], values[1:]


class AtomJets(NamedTuple):
    """Log weight and mean (n,) of an atom, and their slopes, (p, n) and (q, n)."""

    log_weight: Floats
    mean: Floats
    gate_slopes: Floats
    line_slopes: Floats


def atom_jets(f: AtomFormulas, x: Floats, parameters: Floats) -> AtomJets:
    """What the formulas of an atom are at x (n, d)."""
    rows, g, bends = _compiled(f)(x, parameters), f.own + f.shared, len(f.gate_bends)
    return AtomJets(rows[0], rows[1], rows[2 : 2 + g], rows[2 + g + bends : 2 + g + bends + f.line])


@lru_cache(maxsize=64)
def _means(formulas: AtomFormulas) -> Callable[..., Any]:
    line = formulas.parameters[formulas.own + formulas.shared :]
    rows = [formulas.mean, *formulas.line_slopes]
    return sp.lambdify((*formulas.x, *line), rows, modules=modules(rows), cse=True)


def _block(f: AtomFormulas, where: Coordinates, natural: Floats, x: Floats, y: Floats, w: Any, reference: Any) -> Sums:
    """The sums over some points, by the parameters themselves."""
    counts = (2, f.own + f.shared, len(f.gate_bends), f.line, len(f.line_bends))
    rows, size, nus = [_compiled(f)(x, natural[places]) for places in where.values], where.size, natural[where.nu]
    parts = [[row[low:high] for low, high in pairwise((0, *accumulate(counts)))] for row in rows]
    t, means = (np.array([logs[n] for (logs, *_) in parts]) for n in (0, 1))
    t, e = _lowered(t), y - means
    prior, posterior = softmax(t), softmax(_joint(t, e, nus))
    early, late = np.zeros((2, size, len(y)))  # the means of the slopes over the atoms, before and after y
    second, g = np.zeros((size, size)), f.own + f.shared
    for i, (_, slopes, bends, lines, line_bends) in enumerate(parts):
        nu, at, share = nus[i], where.nu[i], w * posterior.shares[i]
        gate, line = where.values[i, :g], where.values[i, g:]
        every = np.concatenate([where.values[i], [at]])
        square = e[i] ** 2 / nu
        features = np.concatenate([slopes, e[i] * lines / nu, [(square - 1) / (2 * nu)]])
        for places, shares, values, mean, sign in (
            (every, posterior.shares[i], features, late, 1.0),
            (gate, prior.shares[i], slopes, early, -1.0),
        ):
            weighted = shares * values
            mean[places] += weighted
            second[np.ix_(places, places)] += (sign * w * weighted) @ values.T
        for pairs, places, values in (
            (f.gate_bends, gate, bends @ (share - w * prior.shares[i])),
            (f.line_bends, line, line_bends @ (share * e[i]) / nu),
        ):
            for (a, b), total in zip(pairs, values, strict=True):
                second[places[a], places[b]] += total
                second[places[b], places[a]] += total * (a != b)
        second[np.ix_(line, line)] -= (lines * share) @ lines.T / nu
        cross = lines @ (share * e[i]) / nu**2
        second[line, at] -= cross
        second[at, line] -= cross
        second[at, at] -= share @ (square - 0.5) / nu**2
    value = float((w * (posterior.log_sum - prior.log_sum - reference)).sum())
    second += (w * early) @ early.T - (w * late) @ late.T
    return Sums(value, (w * (late - early)).sum(axis=1), second)
