"""Measures contact orders: minimises the true L2 distance over all mixtures with one offset at t = 2^-j.

If the minimum is of the order t^q, then |offset|^r = O(distance) holds for no r < q: the order is at least q. A missed
minimum makes q too small, never too large, up to the error of reading it off at finite t: it is the limit of the local
exponents as t -> 0. Shares of the atoms of a cell stay within a factor of each other, as an atom with share 0 may be
anywhere.

`followed` follows minima of the L2 distance to small offsets, in 77 digits (theory 4.3), each from an offset to half of
it.

What is minimised is a series: the density of a mixture near the truth in derivatives of the true experts. With P_l the
gate, D_l the offsets of atom l and c_k(D) = sum_(i+2j=k) dmu^i (dnu/2)^j/(i! j!),

    g - g* = sum_(cells c, k) (sum_(l in c) P_l c_k(D_l) - [k = 0] P*_c) d^k f*_c/dmu^k,

cut off at a power of the offsets. The distance at a minimum that is found is that of the densities themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from math import isfinite, log2
from operator import methodcaller
from typing import Any, TypeAlias

import flint
import numpy as np
import sympy as sp
from flint import arb, arb_mat, fmpq
from sympy.printing.pycode import PythonCodePrinter

from temperance.numerics.contact.curves import softmax
from temperance.numerics.fitting.families import Array, Family, Grid, legendre
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.expressions import balls
from temperance.theory.expressions.language import KNOWN
from temperance.theory.interactions.independence import formula_at
from temperance.theory.models.form import X, is_linear
from temperance.theory.models.spec import NU, weight_parameters

_FLOOR = 1e-15  # below this a distance is rounding error
_RESOLVED = 5e-11  # below it minima are missed: rounding errors of the gradients in flat directions
_LEAST = 1.0  # G* + t v with all atoms moved alike has a distance of the order t: no order is smaller
_SCATTER = 0.1  # of the last local exponents, where a limit is read off
_CLOSE = 0.01  # exponents that close to 1 have met it
_FURTHEST = 0.1  # from the last exponent to a limit that is believed


@dataclass(frozen=True)
class Measured:
    """Distances at offsets t = 2^-j, those above `resolved` free of rounding errors, and their local exponents.

    flat: all distances are rounding error. order: the limit of the exponents, with an error; None where `trouble` says
    why none is read off.
    """

    parameter: str
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    resolved: float = _RESOLVED

    @property
    def flat(self) -> bool:
        """Whether no distance can be told from 0 (which supports an identity and does not prove it)."""
        return bool(self.distances) and max(self.distances) < _FLOOR

    @property
    def exponents(self) -> tuple[float, ...]:
        """log2 of the ratios of successive distances, as far as they are resolved.

        A missed minimum is too large, and may lie above what is resolved: the distance that the exponent before leads
        to must be resolved too.
        """
        exponents: list[float] = []
        for (j, p), (k, q) in pairwise(zip(self.levels, self.distances, strict=True)):
            if not isfinite(p * q):
                continue
            expected = p * 2.0 ** (-(k - j) * exponents[-1]) if exponents else q
            if min(q, expected) <= self.resolved:
                break
            exponents.append(log2(p / q) / (k - j))
        return tuple(exponents)

    @property
    def _limit(self) -> float:
        """The limit of the exponents by Aitken's rule where they settle geometrically, else the last one."""
        last = self.exponents[-3:]
        rest = 0.0
        if len(last) == 3:
            first, second = (q - p for p, q in pairwise(last))
            ratio = second / first if first else 0.0
            rest = second * ratio / (1 - ratio) if 0 < ratio < 0.8 else 0.0
        return last[-1] + (rest if abs(rest) <= _FURTHEST else 0.0)

    @property
    def _spread(self) -> float:
        """How far the last three exponents lie apart."""
        return max(self.exponents[-3:]) - min(self.exponents[-3:])

    @property
    def trouble(self) -> str | None:
        """Why no order is read off; None where one is."""
        if self.flat:
            return "every distance is 0 to rounding, which supports an identity and does not prove it"
        if len(self.exponents) < 2:
            return "fewer than three distances are resolved"
        values = ", ".join(f"{e:.2f}" for e in self.exponents[-3:])
        if self._spread > _SCATTER:
            return f"not measured: the last local exponents, {values}, have not settled"
        if self._limit < _LEAST - max(self._spread, _CLOSE):
            return f"not measured: minima were missed, as local exponents ({values}) below 1, the least order, show"
        return None

    @property
    def order(self) -> float | None:
        """The limit of the exponents, and at least 1; None where none is read off."""
        return None if self.trouble else max(self._limit, _LEAST)

    @property
    def error(self) -> float | None:
        """How far the last three exponents and the order lie apart."""
        return None if self.order is None else max(abs(e - self.order) for e in self.exponents[-3:])


_LEVELS: Sequence[float] = tuple(range(1, 9))
_LEVELS_3: Sequence[float] = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6)  # orders of 6 reach rounding errors soon
_LEVELS_KINK: Sequence[float] = tuple(range(2, 7))  # the grids at a kink are large
_LEVELS_MEAN: Sequence[float] = tuple(range(3, 22, 2))  # offsets of a mean's order 4/3 go down with t^(1/3) only
_LEVELS_MEAN_3: Sequence[float] = (3, 4, 5, 6, 7, 8, 9, 11, 13)  # orders of 3, whose differences go down with t^(1/2)
_LEVELS_MEAN_KINK: Sequence[float] = (6, 8, 10, 12)
_FIRST: Sequence[float] = (1, 1.5, 2)  # from there on minima are followed in more digits
_DEEP = 1e-13  # no smaller offset is of use to one that is resolved
_STARTS = 16  # at the largest offset; _MORE at each of the others
_MORE = 2
_KEPT = 3
_SOLVER: dict[str, Any] = {"method": "lm", "x_scale": "jac", "xtol": 1e-15, "ftol": 1e-15, "max_nfev": 100}
_ROUNDS = 5  # of as many steps, while they gain a part _GAIN
_GAIN = 1e-3
_EVEN = 1.0  # |log share| of an atom in its cell at most, up to a common constant


class _Constrained:
    """Vectors with |D_1 - D_2| = t (or a weighted mean of t) in one parameter, as functions of unconstrained ones."""

    def __init__(self, family: Family, name: str, mean: bool, t: float) -> None:
        self.family, self.t, self.mean = family, t, mean and name in family.names
        self.fixed, self.free, self.slopes = family.held(name, family.m - 1 if mean else 0)
        self.columns = [family.index(l, name) for l in range(family.m)] if self.mean else []
        self.weights = [family.index(l, "weight") for l in range(family.m)]
        log_weights = [l * family.width for l in range(sum(family.sizes))]
        cells = [log_weights[: family.m], log_weights[family.m :]]
        self.split_cells = [cell for cell in cells if len(cell) > 1]

    def vector(self, u: Array) -> tuple[Array, Array]:
        """The vector and its derivatives by u."""
        full, chain = self.family.center + self.slopes @ u, self.slopes.copy()
        for cell in self.split_cells:
            self._shares(cell, full, chain)
        if self.mean:
            self._mean(full, chain)
        else:
            full[self.fixed] += self.t
        return full, chain

    def shrunk(self, u: Array, factor: float) -> Array:
        """The point of G* + factor (G - G*): all offsets scaled, the shares in a cell kept."""
        gap = np.zeros_like(self.family.center)
        gap[self.free] = u
        offsets = factor * gap
        for cell in self.split_cells:
            offsets[cell] += (1 - factor) * (gap[cell] - gap[cell].mean())
        return np.asarray(offsets[self.free])

    def _shares(self, cell: list[int], full: Array, chain: Array) -> None:
        """log weight_l = (mean of the u) + tanh(u_l - their mean)."""
        u, rows = full[cell], chain[cell].copy()
        middle, spread = u.mean(), u - u.mean()
        bent = np.tanh(spread)
        full[cell] = middle - np.log(len(cell)) + _EVEN * bent
        slope = _EVEN * (1 - bent * bent)
        average = rows.mean(axis=0)
        chain[cell] = average + slope[:, None] * (rows - average)

    def _mean(self, full: Array, chain: Array) -> None:
        w = np.exp(full[self.weights])
        offsets = full[self.columns] - self.family.center[self.columns]
        offsets[-1] = (self.t * w.sum() - w[:-1] @ offsets[:-1]) / w[-1]
        full[self.fixed] = self.family.center[self.fixed] + offsets[-1]
        by_weight = (w * (self.t - offsets)) @ chain[self.weights]
        chain[self.fixed] = (by_weight - w[:-1] @ chain[self.columns[:-1]]) / w[-1]


def _excess(family: Family, vector: Array) -> tuple[Array, Array]:
    """How far entries are beyond their radius, and the derivatives."""
    gap = vector - family.center
    excess = np.maximum(np.abs(gap) - family.radius, 0.0)
    return excess, np.diag(np.where(excess > 0, np.sign(gap), 0.0))


_Found = tuple[float, Array]


@dataclass(frozen=True)
class _Problem:
    """The least distance at one offset."""

    grid: Grid
    constrained: _Constrained

    def residual(self, u: Array) -> Array:
        vector, _ = self.constrained.vector(u)
        return np.concatenate([self.grid.residual(vector), _excess(self.grid.family, vector)[0]])

    def jacobian(self, u: Array) -> Array:
        vector, chain = self.constrained.vector(u)
        return np.asarray(np.concatenate([self.grid.slopes(vector), _excess(self.grid.family, vector)[1]]) @ chain)

    def minimised(self, start: Array) -> _Found:
        """A local minimum; infinite where it is beyond the radius, or the density is not finite on the way."""
        from scipy.optimize import least_squares

        with np.errstate(all="ignore"):
            try:
                solution = least_squares(self.residual, start, self.jacobian, **_SOLVER)
            except (ValueError, np.linalg.LinAlgError):
                return float("inf"), start
        distance = float(np.sqrt(2 * solution.cost))
        near = not np.any(_excess(self.grid.family, self.constrained.vector(solution.x)[0])[0])
        return (distance if near and np.isfinite(distance) else float("inf")), solution.x

    def polished(self, minimum: _Found) -> _Found:
        """The minimum, with the steps begun again until they gain nothing: they run out in narrow valleys."""
        for _ in range(_ROUNDS):
            again = self.minimised(minimum[1])
            gain, minimum = minimum[0] - again[0], min(minimum, again, key=lambda f: f[0])
            if not gain > _GAIN * minimum[0]:
                break
        return minimum


def measure(
    family: Family, parameter: str, *, mean: bool = False, sign: int = 1, levels: Sequence[float] | None = None
) -> Measured:
    """The least distances found at offsets sign 2^-j of a parameter, j increasing.

    Minima are found in doubles and followed in more digits. Doubles alone minimise, from large offsets to small ones,
    up and down again, for means, where kinks move, and where the followed minimum is lost.

    Args:
        family: the mixtures. parameter: of the atoms ("beta1", "a", ..), or shared ("tau").
        mean: hold the weighted mean of the first cell at the offset, not the difference of its first two atoms.
        levels: the j in doubles, in place of those that suit the cell.
    """
    if not mean and supported(family):
        run = _followed(family, parameter, sign)
        if run.flat or not run.trouble:
            return run
    levels = _levels(family, mean) if levels is None else levels
    offsets = [2.0**-level for level in levels]
    problems = [_Problem(family.grid(t), _Constrained(family, parameter, mean, sign * t)) for t in offsets]
    with one_blas_thread():  # where a minimum ends must not depend on how sums are split
        minima, _ = _downwards(problems, np.random.default_rng(0), 1 if family.m == 2 else 3)
        _swept(problems, minima, range(len(minima) - 2, -1, -1))
        _swept(problems, minima, range(1, len(minima)))
    return Measured(parameter, tuple(levels[: len(minima)]), tuple(d for d, _ in minima))


def _levels(family: Family, mean: bool) -> Sequence[float]:
    if family.m > 2:
        return _LEVELS_MEAN_3 if mean else _LEVELS_3
    smooth, kinked = (_LEVELS_MEAN, _LEVELS_MEAN_KINK) if mean else (_LEVELS, _LEVELS_KINK)
    return kinked if family.kinks() else smooth


def _followed(family: Family, parameter: str, sign: int) -> Measured:
    """The same in more digits, begun at minima in doubles."""
    grid = Grid(family, *family.panels(NODES))
    problems = [_Problem(grid, _Constrained(family, parameter, False, sign * 2.0**-level)) for level in _FIRST]
    with one_blas_thread():
        minima, tracks = _downwards(problems, np.random.default_rng(0), 1)
    if len(minima) < len(problems) or not tracks:
        return Measured(parameter, tuple(_FIRST[: len(minima)]), tuple(d for d, _ in minima))
    before, here = (problem.constrained for problem in problems[-2:])
    starts = [(before.vector(first)[0], here.vector(last)[0]) for first, last in tracks[:_KEPT]]
    levels, distances = followed(family, parameter, starts, (_FIRST[-2], _FIRST[-1]), sign)
    return Measured(parameter, tuple(levels), tuple(distances), 0.0)


def _downwards(
    problems: Sequence[_Problem], rng: np.random.Generator, effort: int
) -> tuple[list[_Found], list[tuple[Array, Array]]]:
    """The least distances found from large offsets to small ones, until rounding error is reached."""
    minima: list[_Found] = []
    tracks: list[tuple[Array, Array]] = []
    larger = 1.0
    for problem in problems:
        size, t = len(problem.constrained.free), abs(problem.constrained.t)
        count = effort * (_MORE if tracks else _STARTS)
        fresh = [t ** rng.uniform(0.3, 1.5, size) * rng.normal(size=size) for _ in range(count)]
        starts = [(_continued(*track), track[1]) for track in tracks]
        starts += [(problem.constrained.shrunk(u, t / larger), u) for _, u in tracks[:1]]
        starts += [(start, start) for start in [np.zeros(size), *fresh]]
        results = [(*problem.minimised(start), before) for start, before in starts]
        results = sorted((r for r in results if np.isfinite(r[0])), key=lambda r: r[0])
        results = [r for i, r in enumerate(results) if i == 0 or r[0] > (1 + _GAIN) * results[i - 1][0]]
        polished = [(*problem.polished(r[:2]), r[2]) for r in results[: effort * _KEPT]]
        results = sorted(polished, key=lambda r: r[0])
        tracks = [(before, u) for _, u, before in results]
        larger = t
        minima.append(results[0][:2] if results else (float("inf"), np.zeros(size)))
        if minima[-1][0] < _DEEP:
            break
    return minima, tracks


def _swept(problems: Sequence[_Problem], minima: list[_Found], places: Sequence[int]) -> None:
    """Start again at each place from its two neighbours on the side of the first one, and keep what is better."""
    side = 1 if len(places) > 1 and places[0] > places[1] else -1
    for here in places:
        last = minima[here + side][1]
        factor = problems[here].constrained.t / problems[here + side].constrained.t
        starts = [last, problems[here].constrained.shrunk(last, factor)]
        if 0 <= here + 2 * side < len(minima):
            starts.append(_continued(minima[here + 2 * side][1], last))
        for start in starts:
            result = problems[here].minimised(start)
            if result[0] < minima[here][0]:
                minima[here] = problems[here].polished(result)


def _continued(before: Array, last: Array) -> Array:
    """The next point of a curve whose entries are powers of t."""
    ratio = np.divide(last, before, out=np.full_like(last, 0.5), where=np.abs(before) > 1e-14)
    return last * np.clip(np.abs(ratio), 0.02, 16.0)


Balls: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
BITS = 256
NODES = 12  # in x, on every panel
_TERMS = 10  # of the powers of the offsets


def supported(family: Family) -> bool:
    """Whether x is in dimension 1, means are linear in the parameters, and the kinks of the gate, if any, stay."""
    if family.setting.spec.dim > 1 or not is_linear(family.setting):
        return False
    return not any(family.kinks(other, moving=True) for other in (False, True))


class _Exact(PythonCodePrinter):
    """Prints rational numbers and constants in full."""

    def _print_Rational(self, e: sp.Rational) -> str:
        return f"fmpq({e.p}, {e.q})"

    def _print_Pi(self, _: sp.Expr) -> str:
        return "arb.pi()"

    def _print_Exp1(self, _: sp.Expr) -> str:
        return "arb(1).exp()"


_METHODS = {"LambertW": "lambertw", "loggamma": "lgamma", "Abs": "__abs__"}
_CALLS = {f.__name__: methodcaller(_METHODS.get(f.__name__, f.__name__)) for f in KNOWN}
_NAMES: dict[str, Any] = {name: lambda v, call=call: call(arb(v)) for name, call in _CALLS.items()}
_NAMES |= {"arb": arb, "fmpq": fmpq, "sqrt": lambda v: arb(v).sqrt(), "abs": abs}


@cache
def _compiled(formulas: tuple[sp.Expr, ...], symbols: tuple[sp.Symbol, ...]) -> Callable[..., list[Any]]:
    """The values of formulas at balls, in the precision of the caller."""
    if unknown := {f.func.__name__ for e in formulas for f in e.atoms(sp.Function)} - set(_NAMES):
        raise ValueError(f"no ball arithmetic for {min(unknown)}")
    printer = _Exact({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    function: Callable[..., list[Any]] = sp.lambdify(
        symbols, list(formulas), modules=[_NAMES], printer=printer, cse=True
    )
    return function


@dataclass(frozen=True)
class _Node:
    """x with its weight, each cell's log weight and its slopes as formulas, the true gate and experts.

    products: int of d^i f_c/dmu^i d^j f_e/dmu^j dy.
    """

    x: arb
    weight: arb
    formulas: tuple[tuple[sp.Expr, ...], ...]
    basis: list[arb]
    true: list[arb]
    means: list[arb]
    products: arb_mat


def _dot(u: Sequence[arb], v: Sequence[arb]) -> arb:
    return sum((p * q for p, q in zip(u, v, strict=True)), arb(0))


class Neighbourhood:
    """The mixtures of a family near the truth, as vectors of balls of its layout; made and used at `BITS`."""

    def __init__(self, family: Family) -> None:
        self.family, cell = family, family.setting
        self.symbols = (*cell.own, *cell.spec.gate.shared)
        weight = cell.spec.gate.log_weight.subs(dict.fromkeys(weight_parameters(cell.spec), 1))
        self.shared = [_exact(cell.point[p]) for p in cell.spec.gate.shared]
        own = [[_exact(cell.point[p]) for p in cell.own], [arb(float(v)) for v in cell.other.values()]]
        self.experts = [[arb(float(at[p])) for p in cell.expert] for at in cell.truth.atoms]
        self.cells = [i for i, size in enumerate(family.sizes) for _ in range(size)]
        rows = [[-arb(family.sizes[i]).log(), *own[i], *self.experts[i]] for i in self.cells]
        self.center: Balls = np.array([*chain.from_iterable(rows), *self.shared], dtype=object)
        rule = (column.tolist() for column in legendre(*family.panels(NODES)))
        self.nodes = [self._node(weight, own, x, share) for x, share in zip(*rule, strict=True)]

    def _node(self, weight: sp.Expr, own: list[list[arb]], x: float, share: float) -> _Node:
        cell = self.family.setting
        points = [{**cell.truth.point(i), X: x} for i in range(2)]
        logs = [formula_at(weight, at) for at in points]
        formulas = tuple((log, *(sp.diff(log, p) for p in self.symbols)) for log in logs)
        ball = arb(x)
        basis = [balls.value(sp.diff(cell.mean, p), {X.name: ball}, BITS) for p in cell.expert if p != NU]
        means = [_dot(expert[:-1], basis) for expert in self.experts]
        true = softmax([self._gate(f[:1], ball, [*v, *self.shared])[0] for f, v in zip(formulas, own, strict=True)])
        products = arb_mat(2 * _TERMS, 2 * _TERMS)
        for c in range(2):
            for e in range(2):
                slopes = _slopes(means[c] - means[e], self.experts[c][-1] + self.experts[e][-1], 2 * _TERMS)
                for i in range(_TERMS):
                    for j in range(_TERMS):
                        products[c * _TERMS + i, e * _TERMS + j] = slopes[i + j] * (share if j % 2 == 0 else -share)
        return _Node(ball, arb(share), formulas, basis, true, means, products)

    def _gate(self, formulas: Sequence[sp.Expr], x: arb, values: Sequence[arb]) -> list[arb]:
        return [arb(v) for v in _compiled(tuple(formulas), (X, *self.symbols))(x, *values)]

    def _atoms(self, vector: Balls) -> tuple[list[list[arb]], list[arb]]:
        width, count = self.family.width, len(self.cells)
        return [list(vector[l * width : (l + 1) * width]) for l in range(count)], list(vector[count * width :])

    def _gates(
        self, node: _Node, rows: Sequence[list[arb]], shared: list[arb], count: int | None = None
    ) -> list[list[arb]]:
        own = len(self.family.setting.own)
        return [
            self._gate(node.formulas[c][:count], node.x, [*row[1 : 1 + own], *shared])
            for c, row in zip(self.cells, rows, strict=True)
        ]

    def square(self, vector: Balls) -> arb:
        """The squared L2 distance, nothing cut off."""
        rows, shared = self._atoms(vector)
        own, total = len(self.family.setting.own), arb(0)
        nus = [row[-1] for row in rows] + [expert[-1] for expert in self.experts]
        for node in self.nodes:
            gates = self._gates(node, rows, shared, 1)
            logits = [row[0] + gate[0] for row, gate in zip(rows, gates, strict=True)]
            signed = [*softmax(logits), *(-p for p in node.true)]
            means = [_dot(row[1 + own : -1], node.basis) for row in rows] + node.means
            for i, p in enumerate(signed):
                for j, q in enumerate(signed):
                    total += node.weight * p * q * _slopes(means[i] - means[j], nus[i] + nus[j], 1)[0]
        return total

    def table(self, vector: Balls) -> arb_mat:
        """(r, J)^T (r, J) of the residual r, cut off, and its derivatives J by the entries of the vector."""
        total = arb_mat(len(vector) + 1, len(vector) + 1)
        for node in self.nodes:
            columns = arb_mat(self._columns(vector, node).tolist())
            total += columns.transpose() * (node.products * columns)
        return total

    def _columns(self, vector: Balls, node: _Node) -> Balls:
        rows, shared = self._atoms(vector)
        own, width = len(self.family.setting.own), self.family.width
        gates = self._gates(node, rows, shared)
        logits = [row[0] + gate[0] for row, gate in zip(rows, gates, strict=True)]
        columns: Balls = np.full((2 * _TERMS, len(vector) + 1), arb(0), dtype=object)
        places = [slice(c * _TERMS, (c + 1) * _TERMS) for c in self.cells]
        parts = []
        for p, row, c in zip(softmax(logits), rows, self.cells, strict=True):
            gaps = [q - true for q, true in zip(row[1 + own :], self.experts[c], strict=True)]
            parts.append((p, p * _powers(_dot(gaps[:-1], node.basis), gaps[-1] / 2)))
        density: Balls = np.full(2 * _TERMS, arb(0), dtype=object)
        for place, (_, part) in zip(places, parts, strict=True):
            density[place] += part
        for l, (place, (p, part)) in enumerate(zip(places, parts, strict=True)):
            pull = -p * density
            pull[place] += part
            at = 1 + l * width
            columns[:, at] = pull
            for i in range(own):
                columns[:, at + 1 + i] = gates[l][1 + i] * pull
            for i in range(len(shared)):
                columns[:, 1 + len(rows) * width + i] += gates[l][1 + own + i] * pull
            for i, b in enumerate(node.basis):
                columns[place, at + 1 + own + i][1:] = b * part[:-1]
            columns[place, at + width - 1][2:] = part[:-2] / 2
        columns[:, 0] = density
        for c in range(2):
            columns[c * _TERMS, 0] -= node.true[c]
        return columns


def _exact(number: sp.Expr) -> arb:
    return balls.value(number, {}, BITS)


def _slopes(gap: arb, v: arb, count: int) -> list[arb]:
    """N(gap; 0, v) and its derivatives by gap."""
    derivatives = [(-gap * gap / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()]
    for n in range(count - 1):
        derivatives.append(-(gap * derivatives[n] + (n * derivatives[n - 1] if n else 0)) / v)
    return derivatives


def _powers(shift: arb, spread: arb) -> Balls:
    """c_0, c_1, ..: sum_(i+2j=k) shift^i spread^j/(i! j!), which satisfy k c_k = shift c_(k-1) + 2 spread c_(k-2)."""
    coefficients = [arb(1), shift]
    for k in range(2, _TERMS):
        coefficients.append((shift * coefficients[-1] + 2 * spread * coefficients[-2]) / k)
    return np.array(coefficients, dtype=object)


_STEPS = 30
_SOFTEST, _HARDEST = 1e-6, 1e8  # damping
_FAR = 0.5  # an offset that moves further has left the neighbourhood
_NEXT = 1e-9  # to a side of this box
_SETTLED = 5e-3  # of the last three exponents
_LOST = 0.3  # a fall of the exponent, where the minimum is lost
_MISSED = 1.3  # times the square that is expected
_MOST = 20.0  # the last level
_STEEPER = 0.05  # an exponent by which a minimum that is not the least is worth following on


class Constrained:
    """Vectors with an offset of t in one parameter, as base + slopes u; boxed: the log shares in split cells."""

    def __init__(self, near: Neighbourhood, name: str, t: arb) -> None:
        family, self.near = near.family, near
        shares = [l * family.width for l, c in enumerate(near.cells) if family.sizes[c] > 1 and family.setting.weighted]
        fixed, self.free, slopes = family.held(name, also=shares)
        self.boxed = {i for i, at in enumerate(self.free) if at in shares}
        self.base, self.slopes = near.center.copy(), slopes.astype(object)
        self.base[fixed] += t

    def vector(self, u: Balls) -> Balls:
        """The mixture of u."""
        return np.asarray(self.base + self.slopes @ u, dtype=object)

    def start(self, offsets: Array) -> Balls:
        """u of offsets from the true parameters, log weights as they are; its log shares are put into the box."""
        u = np.array([arb(float(v)) for v in offsets[self.free]], dtype=object)
        for i in self.boxed:
            u[i] = u[i] - self.base[self.free[i]]
        return self.inside(
            np.array([min(max(v, arb(-_EVEN)), arb(_EVEN)) if i in self.boxed else v for i, v in enumerate(u)])
        )

    def inside(self, u: Balls) -> Balls:
        """Midpoints, log shares next to a side of the box put on it."""
        sides = {i: _EVEN if u[i] > 0 else -_EVEN for i in self.boxed if abs(u[i]) > _EVEN - _NEXT}
        return np.array([arb(sides[i]) if i in sides else v.mid() for i, v in enumerate(u)], dtype=object)


@dataclass(frozen=True)
class Minimum:
    """u, and the squared distance, cut off."""

    u: Balls
    square: arb


def minimised(problem: Constrained, u: Balls, expected: arb | None = None) -> Minimum:
    """A local minimum by damped Gauss-Newton steps.

    A step is damped relative to the size of each entry and the least square that is `expected`: flat directions are
    those along which entries change by a part of themselves at this cost.
    """
    rows = arb_mat([[1, *[0] * len(u)], *([0, *row] for row in problem.slopes.tolist())])

    def table(u: Balls) -> arb_mat:
        return rows.transpose() * problem.near.table(problem.vector(u)) * rows

    gram = table(u)
    damping, last = arb(1), 0
    for _ in range(_STEPS):
        square = gram[0, 0].mid()
        step = _step(problem, gram, u, damping * min(square, expected or square), min(square, expected or square))
        new = problem.inside(u + step)
        far = any(abs(s) > _FAR for i, s in enumerate(step) if i not in problem.boxed)
        tried = gram if far else table(new)
        if not far and tried[0, 0].mid() < square:
            gain = 1 - tried[0, 0].mid() / square
            last = last + 1 if gain < _GAIN and damping < 0.01 else 0
            u, gram, damping = new, tried, max(damping / 10, arb(_SOFTEST))
            if last == 2:
                break
        elif damping > _HARDEST:
            break
        else:
            damping *= 10
    return Minimum(u, gram[0, 0].mid())


def _step(problem: Constrained, table: arb_mat, u: Balls, damping: arb, least: arb) -> Balls:
    """The damped step within the box: log shares at its sides do not leave it, and it ends at the next side."""
    distance, held = least.sqrt(), set[int]()
    sizes = [arb(1) if i in problem.boxed else max(abs(v), distance) for i, v in enumerate(u)]
    while True:
        free = [i for i in range(len(u)) if i not in held]
        normal = [
            [(table[i + 1, j + 1] + (damping / sizes[i] ** 2 if i == j else 0)).mid() for j in free] for i in free
        ]
        solved = arb_mat(normal).solve(arb_mat([[-table[i + 1, 0].mid()] for i in free]))
        step: Balls = np.array([arb(0)] * len(u), dtype=object)
        step[free] = [solved[i, 0].mid() for i in range(len(free))]
        out = {i for i in problem.boxed - held if abs(u[i]) >= _EVEN and u[i] * step[i] > 0}
        if not out:
            break
        held |= out
    sides = [
        ((_EVEN if step[i] > 0 else -_EVEN) - u[i]) / step[i] for i in problem.boxed if abs(u[i] + step[i]) > _EVEN
    ]
    return step * min([arb(1), *sides]).mid()


@dataclass(frozen=True)
class _Track:
    """Minima at two levels."""

    levels: tuple[float, float]
    minima: tuple[Minimum, Minimum]

    def next(self, at: Callable[[float], Constrained], level: float, depth: int = 2) -> _Track:
        """The minimum at a smaller offset, begun where the powers of t lead that the entries and the square follow.

        One that is much larger than these powers say is looked for again by way of the offset in between.
        """
        (first, last), ahead = self.minima, (level - self.levels[1]) / (self.levels[1] - self.levels[0])
        problem, start = at(level), last.u.copy()
        for i in set(range(len(start))) - problem.boxed:
            if start[i] != 0:
                ratio = abs(start[i] / first.u[i]) if first.u[i] != 0 else arb(0.5)
                start[i] *= min(max(ratio, arb(0.02)), arb(1)) ** arb(ahead)
        expected = (last.square * (last.square / first.square) ** arb(ahead)).mid()
        minimum = minimised(problem, problem.inside(start), expected)
        if depth and minimum.square > _MISSED * expected:
            again = self.next(at, (level + self.levels[1]) / 2, depth - 1).next(at, level, depth - 1).minima[1]
            minimum = min(minimum, again, key=_square)
        return _Track((self.levels[1], level), (last, minimum))


def followed(
    family: Family, name: str, starts: Sequence[tuple[Array, Array]], levels: tuple[float, float], sign: int = 1
) -> tuple[list[float], list[float]]:
    """Levels j, and the least distances found at offsets sign 2^-j, until their exponents settle or a minimum is lost.

    starts: pairs of vectors, near minima at the two levels.
    """
    with flint.ctx.workprec(BITS):
        near = Neighbourhood(family)

        def problem(level: float) -> Constrained:
            return Constrained(near, name, sign * arb(2) ** -arb(level))

        tracks = []
        for pair in starts:
            here = [problem(level) for level in levels]
            minima = [minimised(p, p.start(v - family.center)) for p, v in zip(here, pair, strict=True)]
            tracks.append(_Track(levels, (minima[0], minima[1])))
        path, level = list(levels), levels[1]
        distances = [
            _distance(problem(l), min((t.minima[k] for t in tracks), key=_square)) for k, l in enumerate(levels)
        ]
        exponents: list[float] = []
        while level < _MOST and not (_ended(exponents) and _exponent(tracks[-1]) < exponents[-1] + _STEEPER):
            level = float(int(level) + 1)
            tracks = _prune([track.next(problem, level) for track in tracks])
            distances.append(_distance(problem(level), min((t.minima[1] for t in tracks), key=_square)))
            path.append(level)
            exponents.append(float((distances[-2] / distances[-1]).log() / arb.const_log2()) / (path[-1] - path[-2]))
        last = len(path) - _is_lost(exponents)
        return path[:last], [float(d) for d in distances[:last]]


def _ended(exponents: Sequence[float]) -> bool:
    """Whether they have settled, or the last minimum is lost: no order is below 1, none falls by much at the end."""
    last = exponents[-3:]
    return (len(exponents) > 3 and max(last) - min(last) < _SETTLED) or _is_lost(exponents)


def _is_lost(exponents: Sequence[float]) -> bool:
    """Whether the last minimum is no continuation of those before it.

    No order is as small as 1 - _LOST: after such an exponent another minimum becomes the least, and the exponent falls
    back to its own.
    """
    if len(exponents) < 3:
        return False
    before = exponents[-2] if exponents[-3] >= 1 - _LOST else 1.0
    return exponents[-1] < max(1.0, before) - _LOST


def _square(minimum: Minimum) -> float:
    return float(minimum.square)


def _distance(problem: Constrained, minimum: Minimum) -> arb:
    return problem.near.square(problem.vector(minimum.u)).mid().sqrt()


def _prune(tracks: list[_Track]) -> list[_Track]:
    """The least minimum, and the one that falls fastest: the least at offsets that are smaller yet."""
    least = min(tracks, key=lambda t: _square(t.minima[1]))
    steepest = max(tracks, key=_exponent)
    same = _square(steepest.minima[1]) <= (1 + _GAIN) * _square(least.minima[1])
    return [least] if same else [least, steepest]


def _exponent(track: _Track) -> float:
    """Of the distance, at the last two levels."""
    (first, last), (p, q) = track.levels, (m.square for m in track.minima)
    return float((p / q).log() / (2 * arb.const_log2())) / (last - first)
