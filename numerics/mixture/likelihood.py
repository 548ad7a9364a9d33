"""Computes the log-likelihood of any gate and any Gaussian expert, its score and its Hessian, from formulas.

`plain_sums` does so without machine code, in NumPy and where needed in mpmath. It takes over where a function has no
machine code, and where a value is not finite in doubles though it has a limit.

A `Mixture` has the values alone: ``Mixture.of(formulas, 2, natural).probabilities(x)`` are the gate's at x (n, d).

`GeneratedLikelihood` does so in machine code where there is some. The coordinates theta are the parameters atom by atom
(those of the gate's log weight, then the expert's), then the shared ones; positive ones by their logarithms
(`Coordinates`).

Example: ``likelihood(formulas_of(model("laplace")), 2)(theta, x, y)`` is the value, the score and the Hessian.

`evaluate` takes the coordinates of a layout: of linear, softmax and activation gates with linear experts. The linear
gate depends on beta1/tau and beta0/tau alone: its kernel is that of the softmax gate at these, and derivatives by tau
follow. With u the parameters of the gates and f homogeneous of degree 0 in (u, tau), f' by log tau is -sum u_p f_p,
which is differentiated once more.

Example: ``evaluate(theta, layout, gate, x, y).score``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import accumulate, pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.mixture.activation_numpy import MPMATH, CompiledActivation, Floats, modules, precise
from temperance.numerics.mixture.atom_formulas import AtomFormulas, Coordinates, Sums, formulas_of
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import NONE, Points, softmax
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.activations.activation import Activation, Z
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import softmax as softmax_gate
from temperance.theory.models.spec import BETA0, TAU, MoESpec, coordinates, covariates, dot

Formulas = Callable[[Floats, Floats], Floats]
WORKSPACE = 2**18  # numbers in the rows of a block of points: 2 MB, to stay in a second-level cache
_LEAST_BLOCK = 512
FEW_COLUMNS = 2  # of x: with more, starts are dear
_FLOOR = -300.0  # of exponents: smaller shares change no sum of doubles, and numbers that are denormal are slow


@lru_cache(maxsize=64)
def log_weight_and_mean(formulas: AtomFormulas) -> Formulas:
    """The log weight and the mean of x (n, d) and parameters (p,), (2, n)."""
    return _function(formulas, [formulas.log_weight, formulas.mean])


@lru_cache(maxsize=192)
def _part(formulas: AtomFormulas, part: Literal["log weight", "mean", "mean and slopes"]) -> Callable[..., Any]:
    """Rows of x and the parameters of the gate, or of the mean, in NumPy alone."""
    gate = formulas.own + formulas.shared
    symbols = formulas.parameters[:gate] if part == "log weight" else formulas.parameters[gate:]
    rows = [formulas.log_weight if part == "log weight" else formulas.mean]
    rows += formulas.line_slopes if part == "mean and slopes" else ()
    return _lambdified(formulas.x, symbols, rows)


def _lambdified(x: Sequence[sp.Symbol], parameters: Sequence[sp.Symbol], rows: Sequence[sp.Expr]) -> Callable[..., Any]:
    """Rows at x (n, d) and parameters (p,) or (p, k, 1).

    A sum of parameters times columns of x is one symbol, its values a product of matrices, if it has many terms.
    """
    sums: dict[sp.Expr, sp.Symbol] = {}
    places: list[tuple[list[int], list[int]]] = []
    own, columns = ({symbol: i for i, symbol in enumerate(symbols)} for symbols in (parameters, x))
    for expr in sp.ordered(set().union(*(row.atoms(sp.Add) for row in rows)) if len(x) > FEW_COLUMNS else ()):
        terms = [term for term in expr.args if term.is_Mul and len(term.args) == 2]
        ordered = [(term, *(term.args if term.args[0] in own else term.args[::-1])) for term in terms]
        pairs = [(term, own[a], columns[b]) for term, a, b in ordered if a in own and b in columns]
        if len(pairs) > FEW_COLUMNS:
            one = sp.Add(*(term for term, *_ in pairs))
            if one not in sums:
                sums[one] = sp.Dummy(real=True)
                places.append(([i for _, i, _ in pairs], [j for *_, j in pairs]))
            sums[expr] = sums[one] + sp.Add(*(term for term in expr.args if term not in one.args))
    dots = list(dict.fromkeys(symbol for symbol in sums.values() if symbol.is_Dummy))
    rows = [row.xreplace(sums) for row in rows]
    symbols = set().union(*(row.free_symbols for row in rows))
    used = [j for j, column in enumerate(x) if column in symbols]  # cse takes the names of the others for its own
    function = sp.lambdify((*(x[j] for j in used), *parameters, *dots), rows, modules=modules(rows), cse=True)

    def evaluated(x: Floats, parameters: Floats) -> Any:
        shape = (*parameters.shape[1:-1], len(x))
        dots = ((parameters[i].reshape(len(i), -1).T @ x.T[j]).reshape(shape) for i, j in places)
        return function(*x.T[used], *parameters, *dots)

    return evaluated


def filled(rows: Sequence[Any], *shape: int) -> Floats:
    """Rows, some of which may be constants, as one array (rows, *shape)."""
    values = np.empty((len(rows), *shape))
    for value, row in zip(values, rows, strict=True):
        value[...] = row
    return values


def log_weights(formulas: AtomFormulas, x: Floats, own: Floats, shared: Floats) -> Floats:
    """The log weights (g, n) of gates with parameters own (g, own) and shared (g, shared) at x (n, d)."""
    parameters = np.concatenate([own, shared], axis=1).T[:, :, None]
    return np.asarray(filled(_part(formulas, "log weight")(x, parameters), len(own), len(x))[0])


def means_of(formulas: AtomFormulas, x: Floats, lines: Floats) -> Floats:
    """The means (l, n) of experts with parameters lines (l, q) at x (n, d)."""
    return np.asarray(filled(_part(formulas, "mean")(x, lines.T[:, :, None]), len(lines), len(x))[0])


def mean_and_slopes(formulas: AtomFormulas, x: Floats, line: Floats) -> tuple[Floats, Floats]:
    """The mean (n,) and its slopes (q, n) at parameters line (q,) of the mean."""
    values = filled(_part(formulas, "mean and slopes")(x, line), len(x))
    return values[0], values[1:]


def _function(formulas: AtomFormulas, rows: Sequence[sp.Expr]) -> Formulas:
    """Of x (n, d) and parameters (p,) or (p, k, 1): the rows, (rows, n) or (rows, k, n).

    What is not finite is computed again in mpmath.
    """
    symbols, function = (*formulas.x, *formulas.parameters), _lambdified(formulas.x, formulas.parameters, rows)

    @cache
    def exact(row: int) -> Callable[..., Any]:
        return sp.lambdify(symbols, rows[row], modules=[MPMATH, "mpmath"])

    def evaluated(x: Floats, parameters: Floats) -> Floats:
        values = filled(function(x, parameters), *parameters.shape[1:-1], len(x))
        for row, *atom, j in np.argwhere(~np.isfinite(values)) if not np.isfinite(values.sum()) else ():
            own = parameters[(slice(None), *atom, 0)] if atom else parameters
            values[(row, *atom, j)] = precise(exact(row), *x[j], *own)
            if not np.isfinite(values[(row, *atom, j)]):  # nor are the sums
                break
        return values

    return evaluated


class _Derivatives:
    """The derivatives of a formula as products of a function of the parameters and a shape, which is of x alone.

    All derivatives of tanh(beta1 . x) by beta1 have one function, and the shapes x1, x2, ..: so sums over the data are
    few. slopes: by parameter the place of its function, and its shape. bends: of the second derivatives that are not 0,
    the places of both parameters, that of the function among `bent`, and the shape.
    """

    def __init__(self, slopes: Sequence[sp.Expr], parameters: Sequence[sp.Symbol]) -> None:
        def factored(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
            shape, function = sp.factor_terms(expr).as_independent(*parameters, as_Add=False)
            number, shape = shape.as_coeff_Mul()
            return number * function, shape

        first = [factored(slope) for slope in slopes]
        self.functions = list(dict.fromkeys(function for function, _ in first))
        self.slopes = [(self.functions.index(function), shape) for function, shape in first]
        second = [[factored(sp.diff(function, p)) for p in parameters] for function in self.functions]
        self.bent = list(dict.fromkeys(function for row in second for function, _ in row if function != 0))
        self.bends = [
            (a, b, self.bent.index(second[n][b][0]), shape * second[n][b][1])
            for a, (n, shape) in enumerate(self.slopes)
            for b in range(a, len(parameters))
            if second[n][b][0] != 0
        ]


class _Plan:
    """Which sums over the data make the score and the Hessian of k atoms.

    A *slot* is a function of one atom: (e^2/nu - 1)/(2 nu), those of its log weight, and those of its mean, times e/nu.
    Slot number n k + i is the n-th of atom i. Rows are slots, then products of two slots, each with itself and those
    after it, then functions of second derivatives; columns are shapes, then products of two of them. thin: how many
    rows are of a variance or of one slot: they need the first `base` columns alone. source, target, factor: which sums
    go where in the half of the Hessian, which is added to its transpose.
    """

    def __init__(self, f: AtomFormulas, k: int) -> None:
        self.where, self.k, gates = Coordinates(f, k), k, f.own + f.shared
        gate, line = (
            _Derivatives(f.gate_slopes, f.parameters[:gates]),
            _Derivatives(f.line_slopes, f.parameters[gates:]),
        )
        ends = accumulate(len(part) for part in ((0, 0), gate.functions, line.functions, gate.bent, line.bent))
        self.parts = [slice(low, high) for low, high in pairwise((0, *ends))]
        rows = [f.log_weight, f.mean, *gate.functions, *line.functions, *gate.bent, *line.bent]
        self.values = _function(f, rows)
        before = 1 + len(gate.functions)  # the slots of the mean come after
        slots = k * (before + len(line.functions))
        place, bent = np.zeros((slots, slots), dtype=np.int64), slots + slots * (slots + 1) // 2
        first, second = np.triu_indices(slots)
        place[first, second] = place[second, first] = np.arange(slots, bent)
        self.thin, self.rows = place[k - 1, -1] + 1, bent + k * (len(gate.bent) + len(line.bent))

        shapes = list(dict.fromkeys([sp.S.One, *(shape for _, shape in (*gate.slopes, *line.slopes))]))
        self.first, self.second = np.triu_indices(len(shapes))
        products = [shapes[i] * shapes[j] for i, j in zip(self.first, self.second, strict=True)]
        column = {product: n for n, product in reversed([*enumerate(products)])}
        others = list(dict.fromkeys(shape for *_, shape in (*gate.bends, *line.bends) if shape not in column))
        column |= {shape: len(products) + n for n, shape in enumerate(others)}
        self.columns = len(products) + len(others)
        self.base = len(shapes)
        self.shapes = sp.lambdify(f.x, [*shapes, *others], modules=modules([*shapes, *others]), cse=True)

        size, entries = self.where.size, list[tuple[int, int, int]]()  # slot, shape, coordinate
        for i in range(k):
            places = [int(place) for place in self.where.values[i]]
            every = [*((1 + n, shape) for n, shape in gate.slopes), *((before + n, shape) for n, shape in line.slopes)]
            entries += [(n * k + i, shapes.index(s), at) for (n, s), at in zip(every, places, strict=True)]
            entries.append((i, 0, int(self.where.nu[i])))
        slot, shape, place_of = np.array(entries).T
        table = np.zeros((len(shapes), len(shapes)), dtype=np.int64)
        table[self.first, self.second] = table[self.second, self.first] = np.arange(len(products))
        self.score_source, self.score_target = slot * self.base + shape, place_of
        one, other = np.triu_indices(len(entries))
        source = self._sum(place[slot[one], slot[other]], table[shape[one], shape[other]])
        target, factor = place_of[one] * size + place_of[other], np.where(one == other, 0.5, 1.0)
        for n, part, start in ((0, gate, 0), (len(gate.bent), line, gates)):
            for a, b, function, product in part.bends:
                values = self.where.values
                source = np.append(source, self._sum(bent + (n + function) * k + np.arange(k), column[product]))
                target = np.append(target, values[:, start + a] * size + values[:, start + b])
                factor = np.append(factor, np.full(k, 0.5 if a == b else 1.0))
        self.source, self.target, self.factor = source, target, factor
        self.slots = slots
        self.spare: list[Floats] = []  # rows and columns of a block; a call takes them, and gives them back

    def _sum(self, row: NDArray[np.int64], column: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """The numbers of the sums of rows and columns, those of thin rows first."""
        wide = self.thin * self.base + (row - self.thin) * self.columns
        return np.asarray(np.where(row < self.thin, row * self.base, wide) + column, dtype=np.int64)

    def fill(self, products: Floats, x: Floats) -> None:
        """Put the columns at x (n, d) into (columns, n), or the shapes alone into (base, n)."""
        shapes = np.empty((self.base + self.columns - len(self.first), len(x)))
        for shape, value in zip(shapes, self.shapes(*x.T), strict=True):
            shape[:] = value
        if len(products) == self.base:
            products[:] = shapes[: self.base]
            return
        at = 0
        for i in range(self.base):
            np.multiply(shapes[i], shapes[i : self.base], out=products[at : at + self.base - i])
            at += self.base - i
        products[at:] = shapes[self.base :]


_plan = lru_cache(maxsize=64)(_Plan)


@one_blas_thread()
def plain_sums(
    formulas: AtomFormulas,
    k: int,
    natural: Floats,
    x: Floats,
    y: Floats,
    weights: Floats,
    reference: Floats,
    *,
    curved: bool = True,
) -> Sums:
    """Value, score and Hessian in all coordinates, at parameters (not logarithms); no Hessian if it is not curved."""
    plan = _plan(formulas, k)
    height, width = (plan.rows, plan.columns) if curved else (plan.slots, plan.base)
    where, value, thin = plan.where, 0.0, min(plan.thin, height)
    narrow, wide = np.zeros((thin, plan.base)), np.zeros((height - thin, width))
    block = max(_LEAST_BLOCK, WORKSPACE // (height + width))
    room = plan.spare.pop() if plan.spare else np.empty(0)
    room = room if len(room) >= (height + width) * block else np.empty((height + width) * block)
    for start in range(0, len(y), block):
        part = slice(start, start + block)
        own = (weights[part], reference[part]) if len(weights) else (None, 0.0)
        n = len(y[part])
        table = room[: (height + width) * n].reshape(-1, n)
        rows, products = table[:height], table[height:]
        with np.errstate(all="ignore"):
            value += _fill(rows, plan, natural, x[part], y[part], *own)
            plan.fill(products, x[part])
            narrow += rows[:thin] @ products[: plan.base].T
            wide += rows[thin:] @ products.T
    plan.spare.append(room)
    flat, chain, size = np.append(narrow, wide), np.where(where.logs, natural, 1.0), where.size
    score: Floats = chain * np.bincount(plan.score_target, flat[plan.score_source], size)
    if not curved:
        return Sums(value, score, np.empty((0, 0)))
    half = np.bincount(plan.target, plan.factor * flat[plan.source], size * size).reshape(size, size)
    hessian = chain[:, None] * (half + half.T) * chain
    return Sums(value, score, hessian + np.diag(np.where(where.logs, score, 0.0)))


def _joint(t: Floats, e: Floats, nus: Floats) -> Floats:
    """t + log N(e | 0, nu), (k, n)."""
    return np.asarray(t - e * e / (2 * nus[:, None]) - np.log(2 * np.pi * nus[:, None]) / 2)


class AtomJets(NamedTuple):
    """Log weight and mean (n,) of an atom, and their slopes, (p, n) and (q, n)."""

    log_weight: Floats
    mean: Floats
    gate_slopes: Floats
    line_slopes: Floats


@lru_cache(maxsize=64)
def _jets(f: AtomFormulas) -> Formulas:
    return _function(f, [f.log_weight, f.mean, *f.gate_slopes, *f.line_slopes])


def atom_jets(f: AtomFormulas, x: Floats, parameters: Floats) -> AtomJets:
    """What the formulas of an atom are at x (n, d)."""
    rows, g = _jets(f)(x, parameters), f.own + f.shared
    return AtomJets(rows[0], rows[1], rows[2 : 2 + g], rows[2 + g :])


def _fill(
    every: Floats, plan: _Plan, natural: Floats, x: Floats, y: Floats, weights: Floats | None, reference: Any
) -> float:
    """Fill the rows (rows, n) of a plan at some points, or the slots alone, and return the log-likelihood of these."""
    nu, n, k = natural[plan.where.nu][:, None], len(y), plan.k
    rows = plan.values(x, natural[plan.where.values].T[:, :, None])
    (t, means), gate, line, gate_bent, line_bent = (rows[part] for part in plan.parts)
    t, e = t - t.max(axis=0), y - means  # of scores of any size the digits of densities stay
    prior, posterior = softmax(t, floor=_FLOOR), softmax(_joint(t, e, nu[:, 0]), floor=_FLOOR)
    p, r, square = prior.shares, posterior.shares, e * e / nu
    slots = np.concatenate([((square - 1) / (2 * nu))[None], gate, line * (e / nu)])
    late, early = (slots * r).reshape(-1, n), (gate * p).reshape(-1, n)
    gains = posterior.log_sum - prior.log_sum - reference
    slots, late_w, early_w = slots.reshape(-1, n), late, early
    if weights is not None:
        late_w, early_w, p, r, gains = late * weights, early * weights, p * weights, r * weights, gains * weights
    gates = k + len(early)  # where the slots of weights end
    every[: len(slots)] = late_w
    every[k:gates] -= early_w
    if len(every) == len(slots):
        return float(gains.sum())
    # second derivatives of the log normal density by mean and variance, of no, one and two variances
    bends = r * np.stack([np.broadcast_to(-1 / nu, e.shape), -e / nu**2, (0.5 - square) / nu**2])
    slopes, m = line.reshape(-1, n), len(slots)
    for s in range(len(slots)):
        pairs = every[m : m + len(slots) - s]
        m += len(pairs)
        np.multiply(late[s:], -late_w[s], out=pairs)
        pairs[::k] += late_w[s] * slots[s::k]
        if s < k:
            pairs[0] += bends[2, s]
            pairs[gates::k] += slopes[s::k] * bends[1, s]
        elif s < gates:
            own = pairs[: gates - s]
            own += early_w[s - k] * early[s - k :]
            own[::k] -= early_w[s - k] * slots[s:gates:k]
        else:
            pairs[::k] += slopes[s - gates] * slopes[s - gates :: k] * bends[0, s % k]
    bent = every[m:].reshape(-1, k, n)
    bent[: len(gate_bent)] = gate_bent * (r - p)
    bent[len(gate_bent) :] = line_bent * (r * e / nu)
    return float(gains.sum())


class Slopes(NamedTuple):
    """Log weights and means of k atoms, (n, k), and their slopes, (n, k, p)."""

    log_weights: Floats
    means: Floats
    of_weights: Floats
    of_means: Floats


@dataclass(frozen=True, eq=False)
class Mixture:
    """k atoms: own (k, o) and shared (s,) parameters of the gate, lines (k, q) of the means, variances nu (k,)."""

    formulas: AtomFormulas
    own: Floats
    shared: Floats
    lines: Floats
    nu: Floats

    @staticmethod
    def of(formulas: AtomFormulas, k: int, natural: Floats) -> Mixture:
        """The mixture of a vector in the order of `Coordinates`, of parameters, not logarithms."""
        where = Coordinates(formulas, k)
        values, own, shared = natural[where.values], formulas.own, formulas.shared
        return Mixture(
            formulas, values[:, :own], values[0, own : own + shared], values[:, own + shared :], natural[where.nu]
        )

    @property
    def k(self) -> int:
        """Number of atoms."""
        return len(self.nu)

    @property
    def natural(self) -> Floats:
        """The vector of `of`."""
        where = Coordinates(self.formulas, self.k)
        vector = np.empty(where.size)
        vector[where.values] = np.hstack([self.own, np.tile(self.shared, (self.k, 1)), self.lines])
        vector[where.nu] = self.nu
        return vector

    @staticmethod
    def at(formulas: AtomFormulas, k: int, theta: Floats) -> Mixture:
        """The mixture of a vector with logarithms of what is positive."""
        logs = Coordinates(formulas, k).logs
        with np.errstate(over="ignore"):
            return Mixture.of(formulas, k, np.where(logs, np.exp(np.where(logs, theta, 0.0)), theta))

    @property
    def theta(self) -> Floats:
        """The vector of `of`, with logarithms of what is positive."""
        logs = Coordinates(self.formulas, self.k).logs
        return np.where(logs, np.log(np.where(logs, self.natural, 1.0)), self.natural)

    def _at(self, x: Floats) -> Floats:
        """Log weights and means at x (n, d), (2, n, k)."""
        function = log_weight_and_mean(self.formulas)
        rows = (np.concatenate([own, self.shared, line]) for own, line in zip(self.own, self.lines, strict=True))
        return np.stack([function(x, row) for row in rows], axis=-1)

    def slopes(self, x: Floats) -> Slopes:
        """Log weights and means with their slopes in theta, at x (n, d), nan where they are not real."""
        f, where = self.formulas, Coordinates(self.formulas, self.k)
        values, slopes, g = np.empty((2, len(x), self.k)), np.zeros((2, len(x), self.k, where.size)), f.own + f.shared
        for i, places in enumerate(where.values):
            atom = np.concatenate([self.own[i], self.shared, self.lines[i]])
            with np.errstate(all="ignore"):
                jets, chain = atom_jets(f, x, atom), np.where(f.positive, atom, 1.0)
                values[:, :, i] = jets.log_weight, jets.mean
                slopes[0, :, i, places[:g]] = jets.gate_slopes * chain[:g, None]
                slopes[1, :, i, places[g:]] = jets.line_slopes * chain[g:, None]
        return Slopes(*values, *slopes)

    def slopes_of_mean(self, x: Floats) -> Floats:
        """Those of the mean of y in theta at x (n, d), (n, p)."""
        log_weights, means, *slopes = self.slopes(x)
        shares = softmax(log_weights, axis=1).shares
        by_weight = shares * (means - (shares * means).sum(axis=1, keepdims=True))
        return np.asarray(sum(np.einsum("nk,nkp->np", w, s) for w, s in zip((by_weight, shares), slopes, strict=True)))

    def probabilities(self, x: Floats) -> Floats:
        """Of the atoms at x (n, d), (n, k)."""
        return softmax(self._at(x)[0], axis=1).shares

    def means(self, x: Floats) -> Floats:
        """Of the experts at x (n, d), (n, k)."""
        return np.asarray(self._at(x)[1])

    def responsibilities(self, points: Points) -> Floats:
        """The probabilities of the atoms given x and y, (n, k)."""
        return softmax(self._joint(points)[1], axis=1).shares

    def log_density(self, points: Points) -> Floats:
        """The log g(y|x) of the points, less their reference, (n,)."""
        weights, joint = self._joint(points)
        logs = softmax(joint, axis=1).log_sum - softmax(weights, axis=1).log_sum
        return logs - points.reference if len(points.reference) else logs

    def log_likelihood(self, points: Points) -> float:
        """The sum of log g(y|x) over the points, less their reference."""
        return float(points.total(self.log_density(points)))

    def _joint(self, points: Points) -> tuple[Floats, Floats]:
        weights, means = self._at(points.x)
        gaps = points.y[:, None] - means
        return weights, weights - gaps * gaps / (2 * self.nu) - np.log(2 * np.pi * self.nu) / 2


STEM = "temperance_likelihood"
"""How the names of modules begin that hold kernels."""

_FEW, _FEW_OF_ONE = 4_000, 40_000  # points times atoms without machine code, and points of one atom
_COMPILED_COLUMNS = 3  # of x, for which kernels are made


class GeneratedLikelihood:
    """The likelihood of k atoms, the first `free` of which move the parameters of their gates.

    Derivatives by those of the others are 0 in machine code. where: the coordinates. compiled: whether it has machine
    code, where formulas have.
    """

    def __init__(self, formulas: AtomFormulas, k: int, free: int, compiled: bool = True) -> None:
        self.formulas, self.k, self.where = formulas, k, Coordinates(formulas, k)
        self._logs = np.flatnonzero(self.where.logs)
        self._plain = partial(plain_sums, formulas, k)
        self.sums: Any = _compiled(formulas, k, free) if compiled else None

    def natural(self, theta: Floats) -> Floats:
        """The parameters of a vector: entries that are logarithms are taken the exponential of."""
        natural = theta.copy()
        natural[self._logs] = np.exp(theta[self._logs])
        return natural

    def __call__(self, theta: Floats, x: Floats, y: Floats, weights: Floats = NONE, reference: Floats = NONE) -> Sums:
        """Value, score (p,) and Hessian (p, p) at theta (p,), for x (n, d), y (n,) in C order; not checked.

        With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j). What is
        not finite in machine code is computed again from the formulas in NumPy and mpmath.
        """
        natural = self.natural(theta)
        if self.sums is not None:
            sums: Sums = self.sums(natural, x, y, weights, reference)
            if math.isfinite(sums.value) and math.isfinite(sums.hessian.sum()):
                return sums
        return self._plain(natural, x, y, weights, reference)

    def score(self, theta: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats) -> tuple[float, Floats]:
        """Value and score (p,) alone, in NumPy: in many columns of x they take a small part of the time."""
        return self._plain(self.natural(theta), x, y, weights, reference, curved=False)[:2]


def few(k: int, points: int) -> bool:
    """Whether points are so few that NumPy finishes a fit of k atoms, from a few starts, before a kernel is made."""
    return k * points <= _FEW


def needs_machine_code(k: int, x: Floats) -> bool:
    """Whether a fit of k atoms to points x (n, d) is worth a kernel, which is written out for every column of x.

    One atom needs few climbs. More need many starts, however few the points are.
    """
    return x.shape[1] <= _COMPILED_COLUMNS and (k > 1 or len(x) > _FEW_OF_ONE)


def _compiled(formulas: AtomFormulas, k: int, free: int) -> Any:
    """The sums in machine code; None for formulas without."""
    from temperance.numerics.mixture.kernels import Compiled, NoMachineCode  # Numba, which few data do without

    try:
        return Compiled(STEM, formulas, k, free)
    except NoMachineCode:
        return None


@lru_cache(maxsize=64)
def likelihood(formulas: AtomFormulas, k: int, free: int | None = None, compiled: bool = True) -> GeneratedLikelihood:
    """The likelihood of k atoms, compiled, or found on disk; free: how many move their gates, all without."""
    return GeneratedLikelihood(formulas, k, k if free is None else free, compiled)


@lru_cache(maxsize=64)
def layout_formulas(activation: Activation, d: int) -> AtomFormulas:
    """Those of an atom, beta0 before beta1; without tau for the linear gate, whose parameters stand for their ratios.

    Outside of the pieces of s the log weight is nan.
    """
    lines = expert("gaussian", d)
    if activation.is_linear:
        return formulas_of(MoESpec(softmax_gate(d), lines, d))
    beta, end = coordinates("beta1", d), sp.S.NegativeInfinity
    z, parts = dot(beta, covariates(d)), list[tuple[sp.Expr, sp.Basic]]()
    for piece in activation.pieces:
        parts += [(sp.nan, z < piece.lower)] * (piece.lower != end)
        end = piece.upper
        parts.append((piece.expr.subs(Z, z) / TAU, z < end if end != sp.oo else sp.true))
    parts += [(sp.nan, sp.true)] * (end != sp.oo)
    weight = parts[0][0] if len(parts) == 1 else sp.Piecewise(*parts, evaluate=False)
    return AtomFormulas.of(weight + BETA0 / TAU, mean_of(lines), (BETA0, *beta), (TAU,), lines.parameters, d)


def layout_places(layout: Layout) -> NDArray[np.int64]:
    """Where the formulas of a layout have its coordinates; log tau, if it is free, comes after the atoms."""
    d, width = layout.d, layout.atom_size
    atom = [*range(1, d + 1), 0, *range(d + 1, width)]  # where an atom of the formulas has beta1, beta0, a, b, nu
    every = [layout.k * width, *(i * width + at for i in range(layout.k) for at in atom)]
    return np.array(every, dtype=np.int64)[layout.free]


def evaluate(
    theta: Floats,
    layout: Layout,
    gate: CompiledActivation,
    x: Floats,
    y: Floats,
    weights: Floats = NONE,
    reference: Floats = NONE,
) -> Sums:
    """Value, score (p,) and Hessian (p, p) at one theta (p,) for x (n, d), y (n,) in C order; not checked.

    With weights (n,) and a reference (n,) the value is sum_j weights_j (log g(y_j | x_j) - reference_j), of which score
    and Hessian are the derivatives.
    """
    linear, fixed = gate.source.is_linear, layout.tau
    moves_tau = linear and fixed is None  # which the kernel does not know
    inner = likelihood(layout_formulas(gate.source, layout.d), layout.k, layout.gates, gate.machine_code)
    full, places, u = np.zeros(inner.where.size), layout_places(layout)[moves_tau:], theta[moves_tau:]
    if not linear and fixed is not None:
        full[-1] = math.log(fixed)
    of_gate = np.array([name in ("beta1", "beta0") for name, _ in layout.names[moves_tau:]])
    inverse = math.exp(-theta[0]) if moves_tau else 1 / fixed if fixed is not None else 1.0
    scale = np.where(of_gate & linear, inverse, 1.0)
    full[places] = u * scale
    value, score, hessian = inner(full, x, y, weights, reference)
    score, hessian = score[places] * scale, hessian[np.ix_(places, places)] * scale[:, None] * scale
    if not moves_tau:
        return Sums(value, score, hessian)
    every, square = np.append(0.0, score), np.pad(hessian, ((1, 0), (1, 0)))
    for a in np.flatnonzero(of_gate):
        every[0] -= u[a] * score[a]
        square[0, 1 + a] -= score[a]
        square[0, 1:] -= u[a] * hessian[a]
    square[0, 0] = -sum(u[a] * square[0, 1 + a] for a in np.flatnonzero(of_gate))
    square[1:, 0] = square[0, 1:]
    return Sums(value, every, square)
