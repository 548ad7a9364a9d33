"""Proves that a likelihood has no maximum at a fit: it rises without end as the gate gets steeper.

Let f_i be the log density of expert i at a point, t the logits of the gate, and m an atom. Of the others let t' and f'
be the logs of their weight and of their mean density. Along a ray t_m + l D(x), l >= 0, the others kept, both stay.
With u = t_m - t' + l D and g = f_m - f',

    d log g/dl = D (r_m - pi_m) = D (e^-u - e^-(u+g))/((1 + e^-u)(1 + e^-(u+g))).

A point with D g > 0 is on its side, and a term with D g < 0 is negative. For D > 0 the numerator is a multiple of
e^(-l|D|) and the denominator falls to 1; for D < 0 the same holds with -u and -g. So if no point on the wrong side has
a smaller |D| than d, then its terms, with denominators 1, against those of the points on their side with |D| <= d, at
l = 0, decide: where the latter are more, the slope is positive for all l.

Of the linear gate D may be any affine function of x. Of another s, with two atoms, 1/tau + l with beta0/tau + l c is
such a ray, D = s(beta1_0 . x) - s(beta1_1 . x) + c; if s is homogeneous, beta1 moves in place of tau. And if for every
point D is largest at the atom of the largest f, of any number of atoms, log g tends along l D to its bound max_i f_i
at all points, which no gate reaches. (All this for the experts found, in doubles.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from temperance.numerics.fitting.fits import LayoutFit
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.points import Points
from temperance.theory.conditions.degeneracies import classify

_SOLVED = 1e-6  # margins, of features of size 1, that the solver tells from 0
_SOME = 300  # rows, a part of all, that tell in most cases that there is no ray
_NEAR = 0.05  # mean log-likelihood by which a fit may be below the bound of all gates


def separated(fit: LayoutFit, gate: CompiledActivation, points: Points, x: Floats) -> tuple[int, ...]:
    """The atoms, one for two, whose points a gate separates from the others; () where this is not proved.

    fit: of the points, which are x (n, d) in other units.
    """
    m, k, linear = fit.measure, fit.layout.k, gate.source.is_linear
    if k == 1 or not np.isfinite(fit.log_likelihood):
        return ()
    (s,) = gate(points.x @ m.beta1.T, 0)
    t = (s + m.beta0) / m.tau
    f = -((points.y[:, None] - points.x @ m.a.T - m.b) ** 2) / (2 * m.nu) - np.log(m.nu) / 2
    failure = None if linear or fit.layout.tau is None else classify(gate.source)
    power = failure is not None and failure.kind == "homogeneous" and float(failure.degree) > 0
    steeper = linear or fit.layout.tau is None or power  # all s(beta1_i . x)/tau can grow together
    apart, ones = [], np.ones(len(x))
    if linear:
        features = np.column_stack([points.x / np.abs(points.x).max(axis=0), ones])
    else:
        gap = s[:, 0] - s[:, 1]
        features = np.column_stack([gap / (np.abs(gap).max() or 1.0), ones] if steeper else [ones])
    least = 0.0 if steeper and not linear else -1.0
    for i in range(k if k > 2 else 1) if linear or k == 2 else ():
        others = np.arange(k) != i
        rest = _log_sum(t[:, others])
        odds, gain = t[:, i] - rest, f[:, i] - _log_sum(t[:, others] + f[:, others]) + rest
        rays = (_rays(features, signs, least, x if linear else None) for signs in (gain, odds + gain)[: 1 + linear])
        scaled = [odds] * (k == 2 and steeper)
        if any(_rises(odds, gain, ray, points) for ray in chain(scaled, *rays)):
            apart.append(i)
    if not apart and k > 2 and steeper:
        below = points.mean(f.max(axis=1) - _log_sum(t + f) + _log_sum(t))
        rows = _best(f, None if linear else s, features) if below <= _NEAR else np.zeros((0, 1))
        apart = list(range(k)) * (_solution(rows, least) is not None)
    return tuple(apart)


def lost(fit: LayoutFit, atoms: Sequence[int], *, linear: bool) -> NDArray[np.bool_]:
    """The coordinates (p,) of the gate that have no maximum."""
    every = not linear or fit.layout.k - 1 in atoms
    gates = [
        not linear if name == "tau" else name in ("beta1", "beta0") and (every or atom in atoms)
        for name, atom in fit.layout.names
    ]
    return np.array(gates) & bool(atoms)


def _log_sum(logs: Floats) -> Floats:
    """log sum exp over the last axis."""
    return np.asarray(np.logaddexp.reduce(logs, axis=-1))


def _rises(odds: Floats, gain: Floats, ray: Floats, points: Points) -> bool:
    """Whether the likelihood rises all along a ray, D of every point."""
    side, size = np.sign(ray), np.abs(ray)
    g, u = side * gain, side * odds
    right, wrong = g > 0, g < 0
    size = size * points.weights if points.weighted else size
    near = right & (np.abs(ray) <= np.abs(ray[wrong]).min(initial=np.inf))
    with np.errstate(divide="ignore"):
        up = np.log(size) - u + np.log1p(-np.exp(-np.abs(g))) - np.logaddexp(0, -u) - np.logaddexp(0, -u - g)
        down = np.log(size) - u - g + np.log1p(-np.exp(-np.abs(g)))
    return bool(near.any() and (not wrong.any() or _log_sum(up[near]) > _log_sum(down[wrong])))


def _rays(features: Floats, signs: Floats, least: float, x: Floats | None) -> Iterator[Floats]:
    """Combinations of features (n, q), the first with a factor of at least `least`, that have the signs (n,).

    At some points they may be exactly 0, if features are affine in x (n, d): None where they are not.
    """
    rows = (features * np.sign(signs)[:, None])[signs != 0]
    if len(rows) > _SOME and _solution(rows[:: len(rows) // _SOME], least, zeros=True) is None:
        return
    v = _solution(rows, least)
    v = _solution(rows, least, zeros=True) if v is None and x is not None else v
    if v is not None:
        ray = features @ v
        on = np.abs(ray) <= _SOLVED
        if not on.any():
            yield ray
        elif x is not None and not on.all() and _spans_as_in_doubles(x[on], features[on]):
            yield np.where(on, 0.0, ray)


def _solution(rows: Floats, least: float, *, zeros: bool = False) -> Floats | None:
    """A v in [-1, 1]^q with rows . v > 0, or >= 0 and not all 0, the first entry at least `least`; None without one."""
    from scipy.optimize import linprog

    if not len(rows):
        return None
    size, margin = rows.shape[1], [] if zeros else [np.ones(len(rows))]
    bounds = [(least, 1.0), *[(-1.0, 1.0)] * (size - 1), (None, 1.0)]
    objective = -rows.sum(axis=0) if zeros else np.append(np.zeros(size), -1.0)
    found = linprog(objective, np.column_stack([-rows, *margin]), np.zeros(len(rows)), bounds=bounds[: len(objective)])
    if found.x is None:
        return None
    sizes = rows @ found.x[:size]
    solved = sizes.min() >= -_SOLVED and sizes.max() > _SOLVED if zeros else sizes.min() > _SOLVED
    return np.asarray(found.x[:size]) if solved else None


def _spans_as_in_doubles(x: Floats, features: Floats) -> bool:
    """Whether points span a space of the same dimension in exact arithmetic: what is 0 on it is 0 at them."""
    different, first = np.unique(x, axis=0, return_index=True)
    exact = fmpq_mat([[fmpq(*v.as_integer_ratio()) for v in (*row, 1.0)] for row in different.tolist()]).rank()
    return bool(exact == np.linalg.matrix_rank(features[first], tol=_SOLVED))


def _best(f: Floats, s: Floats | None, features: Floats) -> Floats:
    """Rows of D_l - D_i, l the atom of the largest f of a point and i another, in the coefficients of D.

    Those of the linear gate (s None) are the slopes and constants of all atoms but the last; else the factor of s and
    constants.
    """
    n, k = f.shape
    label, constants = f.argmax(axis=1), np.broadcast_to(np.eye(k)[:, :-1], (n, k, k - 1))
    if s is None:
        each = np.einsum("nlp,nq->nlpq", constants, features).reshape(n, k, -1)
    else:
        each = np.concatenate([s[..., None] / (np.ptp(s) or 1.0), constants], axis=-1)
    rows = each[np.arange(n), label][:, None] - each
    return np.asarray(rows[label[:, None] != np.arange(k)])
