"""Represents mixtures near a true one: cells of several atoms, their offsets as one vector, and g - g* on a grid.

The squared L2 distance E_x int (g - g*)^2 dy, x uniform, is the squared length of a residual vector: Gauss-Legendre in
every coordinate of x (graded towards the kinks of the gate, d = 1), the trapezoid rule in y (which converges
geometrically for Gaussians).

`family_problem` fits any gate and Gaussian expert near a true mixture, in a box around the truth. The first cell has
one to three atoms, or both have two, whose log weights stay within a range of those of an equal split, as the bounds of
contact orders suppose. The gate of the last atom is held where `Family.free` says so, which fixes a translation where
the gate has one.

Example: ``search(family_problem(family, points), seed=0).status`` is "converged".

`RegressionMixture` fits by least squares the regression function (theory 8). At nodes of x that are fixed it sees the
means of the responses alone, so that a fit costs the same at every n: the estimate minimises sum_j (ybar_j - f(x_j))^2
over the box of `family_problem`, f = sum_i pi_i h_i. That is the estimator of arXiv 2402.02952: the likelihood of y -
f(x) with one known variance, and not that of the mixture.

Example: ``mixture.search_once(mixture.means(10**6, rng), 6, (), rng).theta`` are the coordinates of a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from temperance.numerics.fitting.climb import NO_PLAN, Maximum, Stop, climb
from temperance.numerics.fitting.problem import MAX_PASSES, Problem
from temperance.numerics.fitting.search import Status, best_end
from temperance.numerics.mixture.atom_formulas import AtomFormulas
from temperance.numerics.mixture.likelihood import filled
from temperance.numerics.mixture.points import Points, softmax
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.models.form import X
from temperance.theory.models.spec import BETA0, NU, covariates, kinks
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.symmetries.parity import common_sign_changes, is_even, sign_changes
from temperance.theory.symmetries.traits import held_of_split

WEIGHT = "weight"
"""What the log weight of an atom is called beside its parameters."""
Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.intp]]
_NODES = {1: 14, 2: 8}  # in every coordinate of x, on every panel
_FINE = 6  # in x, on the panels at a kink
_CUT = 0.55  # a part of the support
_STEP = 0.5  # in y, in units of the smallest standard deviation of the true experts
_REACH = 7.0  # in y, in standard deviations
_RADIUS = 1.2  # offsets beyond it belong to no neighbourhood of the true mixture
_PART = 0.6  # the same for parameters that must not come near 0, as a part of them: no spikes between the nodes


Function = Callable[[Array, Array], Array]
"""Of x (n, d) and the parameters of some atoms (l, q): (formulas, l, n)."""


@dataclass(frozen=True)
class Compiled:
    """A formula in x and parameters: its value and its slopes by the parameters."""

    value: Function
    slopes: Function

    @staticmethod
    def of(f: sp.Expr, symbols: Sequence[sp.Symbol], x: Sequence[sp.Symbol]) -> Compiled:
        """The function of a formula in x and these parameters."""
        own = (*x, *symbols)
        return Compiled(_function([f], own), _function([sp.diff(f, p) for p in symbols], own))


def _function(formulas: Sequence[sp.Expr], symbols: Sequence[sp.Symbol]) -> Function:
    compiled = sp.lambdify(symbols, formulas, "scipy", cse=True)  # NumPy, with erf and the like

    def evaluate(x: Array, parameters: Array) -> Array:
        return filled(compiled(*x.T, *parameters.T[:, :, None]), len(parameters), len(x))

    return evaluate


class Atoms:
    """The atoms of a vector of a family, or of several, at x (n, d): as many as the vectors have, one after another.

    gates, lines (l, q): parameters of log weights and means; logits, means (l, n); nus (l,).
    """

    def __init__(self, family: Family, vector: Array, x: Array) -> None:
        width, own, shared = family.width, 1 + len(family.setting.own), len(family.setting.spec.gate.shared)
        vectors = np.atleast_2d(vector)
        end = vectors.shape[1] - shared
        rows = vectors[:, :end].reshape(-1, width)
        self.x = x
        self.gates: Array = np.c_[rows[:, 1:own], np.repeat(vectors[:, end:], end // width, axis=0)]
        self.lines: Array = np.delete(rows[:, own:], family.variance, axis=1)
        self.nus: Array = rows[:, own + family.variance]
        self.logits: Array = rows[:, :1] + family.weight.value(x, self.gates)[0]
        self.means: Array = family.mean.value(x, self.lines)[0]


class Family:
    """All mixtures with the cells of a setting, of two true atoms, as vectors of offsets.

    A vector holds, atom by atom, the log weight and the gate's and the expert's own parameters; then the shared ones.
    `free` says which entries move: the weight of the last atom is held (all are, where atoms have none of their own),
    and its gate (of a single second atom; where both cells are split, if scores are modulo translation). `positive`
    says which are, `turned` which shared ones have a twin of the other sign, `radius` how far entries may go: these by
    a part of their value, log weights anywhere.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting, self.m, self.sizes = setting, setting.size, setting.cells
        x, gate = covariates(setting.spec.dim), setting.spec.gate
        self.low, self.high = map(float, setting.truth.box or ())
        values = {p: setting.point.get(p, 1) for p in {*gate.own} - {*setting.own}}
        self.weight = Compiled.of(gate.log_weight.subs(values), (*setting.own, *gate.shared), x)
        self.mean = Compiled.of(setting.mean, [p for p in setting.expert if p != NU], x)
        self.variance = list(setting.expert).index(NU)
        shared = [float(setting.point[p]) for p in gate.shared]
        weights = [log_weight_of(setting.truth, i) for i in range(setting.truth.k)]
        per_atom = [
            np.array([weight, *(float(at[p]) for p in setting.each)])
            for weight, at in zip(weights, setting.truth.atoms, strict=True)
        ]
        self.width = len(per_atom[0])
        cells = [i for i, size in enumerate(self.sizes) for _ in range(size)]
        self.center = np.concatenate([*(per_atom[i] for i in cells), shared])
        self.reference = np.concatenate([*per_atom, shared])
        self.names = [WEIGHT, *(p.name for p in setting.each)]
        atom = [False, *(bool(p.is_positive) for p in setting.each)]
        self.positive = np.array([*atom * len(cells), *(bool(p.is_positive) for p in gate.shared)])
        self.free = self._free(len(cells))
        self.radius = np.where(self.positive, _PART * self.center, _RADIUS)
        self.radius[: len(cells) * self.width : self.width] = np.inf
        common = {p for c in common_sign_changes(gate, setting.spec.dim) for p in c.parameters}
        even = np.array([n in self.signs for n in self.names] * len(cells) + [p in common for p in gate.shared])
        even &= self.center != 0
        self.turned = even & (np.arange(len(even)) >= len(cells) * self.width)
        self.radius[even] = _PART * np.abs(self.center[even])  # at 0, and beyond, an even gate has other orders

    def __reduce__(self) -> tuple[type[Family], tuple[Setting]]:
        """Pickled as its setting, as compiled functions cannot be."""
        return Family, (self.setting,)

    def _free(self, atoms: int) -> Array:
        own = self.setting.own
        held_own = held_of_split(self.setting.spec, own) if self.setting.every else own
        free = np.ones(len(self.center), dtype=bool)
        last = (atoms - 1) * self.width
        free[last : last + 1 + len(own)] = [False, *(p not in held_own for p in own)]
        if not self.setting.weighted:
            free[: atoms * self.width : self.width] = False
        held = [p in self.setting.held for p in self.setting.spec.gate.shared]
        free[atoms * self.width :] = ~np.array(held, dtype=bool) if held else True
        return free

    @property
    def halfway(self) -> dict[str, float]:
        """The parameter in which the two experts differ most, and half of that, where the box would go further.

        In a wider box the maximum may have the spare atom of the first cell at the other expert.
        """
        first, *_, other = self.setting.truth.atoms
        gaps = {p.name: abs(float(first[p] - other[p])) / 2 for p in self.setting.expert if not p.is_positive}
        name = max(gaps, key=lambda name: gaps[name])
        return {name: gaps[name]} if 0 < gaps[name] < _RANGE else {}

    def index(self, atom: int, name: str) -> int:
        """Where a vector holds a parameter of an atom of the first cell."""
        return atom * self.width + self.names.index(name)

    def shared_index(self, name: str) -> int:
        """Where a vector holds a shared parameter."""
        shared = [p.name for p in self.setting.spec.gate.shared]
        return sum(self.sizes) * self.width + shared.index(name)

    def held(self, name: str, atom: int = 0, also: Sequence[int] = ()) -> tuple[int, Indices, Array]:
        """Where a vector holds a parameter, which other entries move, and the slopes of vectors by these.

        Moved so, the first two atoms keep their difference in the parameter, if it is not shared. atom: whose it is.
        also: more entries that move.
        """
        fixed = self.index(atom, name) if name in self.names else self.shared_index(name)
        free = self.free.copy()
        free[list(also)], free[fixed] = True, False
        movers = np.flatnonzero(free)
        slopes = np.eye(len(free))[:, movers]
        if name in self.names:
            slopes[fixed] = slopes[self.index(1, name)]
        return fixed, movers, slopes

    @property
    def accepted(self) -> list[str]:
        """The parameters that move."""
        return [*self.names[1:], *(p.name for p in self.setting.shared)]

    @cached_property
    def signs(self) -> tuple[str, ...]:
        """The parameters whose signs may change together, atom by atom, with the same log weight; else none."""
        changes = sign_changes(self.setting.spec.gate, self.setting.spec.dim)
        even = (
            c.parameters for c in changes if c.kind == "even" and c.rest == 0 and {*c.parameters} <= {*self.setting.own}
        )
        return tuple(p.name for p in next(even, ()))

    def kinks(self, other: bool = False, moving: bool = False) -> list[float]:
        """The x at which the gate of the split atom, or of the other one, has a kink; moving: that parameters move.

        Raises ValueError for a gate with pieces in another dimension than 1, where kinks are curves.
        """
        spec, point = self.setting.spec, self.setting.truth.point(other)
        corners = [kink for kink in kinks(spec) if kink.kind == "boundary" and (kink.moved_by or not moving)]
        if corners and spec.dim > 1:
            raise ValueError(f"the gate {spec.gate.name!r} has kinks; accepted: d = 1, or bounds without measurements")
        places = [float(x) for kink in corners for x in sp.solve(kink.boundary.subs(point), X) if x.is_real]
        return sorted({x for x in places if self.low < x < self.high})

    def panels(self, nodes: int) -> tuple[list[float], int]:
        """Edges of panels in x (d = 1), and nodes on each. A gate that is even sees x^2 alone, which nodes share where
        they are symmetric: its panels are not."""
        low, high, inner, spec = self.low, self.high, self.kinks(), self.setting.spec
        if not is_even(spec.gate.log_weight, covariates(spec.dim)):
            return sorted({low, high, *inner}), nodes
        return sorted({low, high, *inner, low + _CUT * (high - low)}), nodes if inner else nodes // 2

    def grid(self, scale: float) -> Grid:
        """Nodes, finer within `scale` of the kinks."""
        inner = self.kinks()
        if not inner:
            return Grid(self, *self.panels(_NODES[self.setting.spec.dim]))
        edges = {self.low, self.high}
        for kink in inner:
            steps = [scale * k / 2 for k in range(7)] + [scale * 3 * 2.0**k for k in range(1, 20)]
            edges |= {kink + sign * step for step in steps for sign in (-1, 1)}
        inside = sorted(x for x in edges if self.low <= x <= self.high)
        return Grid(self, inside, _FINE)


def log_weight_of(truth: Truth, atom: int) -> float:
    """The number in the log weight of a true atom, such as beta0/tau; 0 where the truth has none."""
    offset = truth.spec.gate.offset
    return 0.0 if offset is None else float(offset.subs({BETA0: 0, **truth.point(atom)}))


def legendre(edges: Sequence[float], nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes between successive edges, and their weights, which sum to 1."""
    roots, weights = np.polynomial.legendre.leggauss(nodes)
    halves = [((q - p) / 2, (q + p) / 2) for p, q in pairwise(edges)]
    share = np.concatenate([half * weights for half, _ in halves]) / (edges[-1] - edges[0])
    return np.concatenate([mid + half * roots for half, mid in halves]), share


class Grid:
    """The nodes of a family, and g* there."""

    def __init__(self, family: Family, edges: Sequence[float], nodes: int) -> None:
        self.family = family
        line, share = legendre(edges, nodes)
        d = family.setting.spec.dim
        self.x: Array = np.stack(np.meshgrid(*[line] * d, indexing="ij"), axis=-1).reshape(-1, d)
        share = reduce(np.multiply.outer, [share] * d).ravel()
        true = Atoms(family, family.reference, self.x)
        reach, step = _REACH * np.sqrt(max(true.nus)), _STEP * np.sqrt(min(true.nus))
        self.y: Array = np.arange(np.min(true.means) - reach, np.max(true.means) + reach, step)
        self.root = np.sqrt(share * step)[:, None]
        self.true_density = self._density(family.reference)[0]

    def residual(self, vector: Array) -> Array:
        """sqrt(weight) (g - g*) at all nodes."""
        return np.asarray((self.root * (self._density(vector)[0] - self.true_density)).ravel())

    def _density(self, vector: Array) -> tuple[Array, Array, list[Array], Atoms]:
        """The density, gate probabilities, densities of the experts and what they come from."""
        atoms = Atoms(self.family, vector, self.x)
        probabilities = softmax(atoms.logits).shares
        gaps = [self.y[None, :] - mean[:, None] for mean in atoms.means]
        experts = [
            np.exp(-gap * gap / (2 * nu)) / np.sqrt(2 * np.pi * nu) for gap, nu in zip(gaps, atoms.nus, strict=True)
        ]
        density = np.sum([p[:, None] * f for p, f in zip(probabilities, experts, strict=True)], axis=0)
        return density, probabilities, experts, atoms

    def slopes(self, vector: Array) -> Array:
        """The derivatives of the residual by the entries of the vector."""
        density, probabilities, experts, atoms = self._density(vector)
        own = len(self.family.setting.own)
        gate_slopes = self.family.weight.slopes(self.x, atoms.gates)
        mean_slopes = self.family.mean.slopes(self.x, atoms.lines)
        slopes: list[Array] = []
        common = [np.zeros_like(density) for _ in self.family.setting.spec.gate.shared]
        for i, (p, f, nu) in enumerate(zip(probabilities, experts, atoms.nus, strict=True)):
            gap, pull = self.y[None, :] - atoms.means[i][:, None], p[:, None] * (f - density)
            by_gate = [slope[:, None] * pull for slope in gate_slopes[:, i]]
            by_expert = [slope[:, None] * gap / nu * f for slope in mean_slopes[:, i]]
            by_expert.insert(self.family.variance, (gap * gap / nu - 1) / (2 * nu) * f)
            slopes += [pull, *by_gate[:own], *(p[:, None] * d for d in by_expert)]
            common = [c + s for c, s in zip(common, by_gate[own:], strict=True)]
        return np.stack([(self.root * s).ravel() for s in slopes + common], axis=1)


_RANGE = 2.0  # of real parameters around the truth
FACTOR = 4.0  # of positive parameters around the truth
UNEVEN = 1.0  # of the log weight of an atom around that of an equal split of its cell
_WEIGHT = sp.Symbol("weight", real=True)
_CELLS = ((1, 1), (2, 1), (3, 1), (2, 2))


def require_smooth(family: Family) -> None:
    """Raise ValueError for a family that is not fitted: other cells, or a gate with a kink that x reaches."""
    if family.sizes not in _CELLS:
        raise ValueError(f"fits are for one to three atoms beside one, and two beside two, not {family.sizes}")
    cone = any(kink.kind == "cone" and kink.moved_by for kink in kinks(family.setting.spec))
    if cone or family.kinks() or family.kinks(other=True):
        raise ValueError(
            f"the gate {family.setting.spec.gate.name!r} has a kink that x can reach: fits are for smooth gates, "
            "and a lattice would need n^(1/3) points of x"
        )


def family_formulas(family: Family) -> AtomFormulas:
    """Those of a family, whose atoms have log weights; what is known of their gates is put in."""
    cell, gate = family.setting, family.setting.spec.gate
    values = {p: cell.point.get(p, 1) for p in {*gate.own} - {*cell.own}}
    weight, own = gate.log_weight.subs(values) + _WEIGHT, (_WEIGHT, *cell.own)
    return AtomFormulas.of(weight, cell.mean, own, gate.shared, cell.expert, cell.spec.dim)


def center_of(family: Family) -> Array:
    """The true mixture in coordinates, every cell split evenly."""
    center, first = np.log(family.center, out=family.center.copy(), where=family.positive), 0
    for size in family.sizes:
        center[family.width * np.arange(first, first + size)] -= np.log(size)
        first += size
    return center


def family_problem(family: Family, points: Points, *, compiled: bool = True) -> Problem:
    """The fit of a family to points."""
    k, free = sum(family.sizes), np.flatnonzero(family.free)
    last, own = (k - 1) * family.width, 1 + len(family.setting.own)
    reach = np.where(family.positive, np.log(FACTOR), _RANGE)
    reach[family.turned] = family.radius[family.turned]  # one of two twins
    weights = family.width * np.arange(k)
    reach[weights] = np.where(np.repeat(family.sizes, family.sizes) > 1, UNEVEN, _RANGE)
    for name, half in family.halfway.items():
        reach[weights + family.names.index(name)] = half
    center = center_of(family)
    smaller = _drop_atom(family)
    return Problem(
        family_formulas(family),
        k,
        k if family.free[last : last + own].any() else k - 1,
        points,
        compiled,
        center,
        free,
        (center - reach)[free],
        (center + reach)[free],
        smaller=None if smaller is None else partial(family_problem, smaller, points, compiled=compiled),
        parents=(k - 2,) if family.sizes[1] > 1 else tuple(range(max(family.m - 1, 1))),
    )


def _drop_atom(family: Family) -> Family | None:
    """The family of one atom less: of the first cell, or of the second where both are split."""
    first, second = family.sizes
    if first == 1:
        return None
    cells = (first, second - 1) if second > 1 else (first - 1, second)
    return Family(replace(family.setting, cells=cells))


NODES = {1: 64, 2: 12}  # in every coordinate of x
NOISE = 0.01  # standard deviation of y - f(x): a regression function tells little of its atoms
_DIFFERENCE = 1e-5  # of the central differences of a gradient


class Means(NamedTuple):
    """The mean response at every node, of n points in all."""

    n: float
    y: Array


class RegressionMixture:
    """The mixtures of a family as regression functions at nodes of x; variances keep their true values.

    u (p,) are the coordinates of `family_problem` that are no variance, between lower and upper.
    """

    def __init__(self, family: Family) -> None:
        require_smooth(family)
        box = family_problem(family, Points(np.zeros((1, family.setting.spec.dim)), np.zeros(1)), compiled=False)
        mask = ~np.isin(box.places, box.where.nu)
        self.family, self.problem = family, box
        self.free, self.lower, self.upper = box.places[mask], box.lower[mask], box.upper[mask]
        d = family.setting.spec.dim
        line = family.low + (family.high - family.low) * (np.arange(NODES[d]) + 0.5) / NODES[d]
        self.x: Array = np.stack(np.meshgrid(*[line] * d, indexing="ij"), axis=-1).reshape(-1, d)
        self.true = self.regression((self.lower + self.upper) / 2)[0]

    def vector(self, u: Array) -> Array:
        """The vector of the family."""
        theta = self.problem.base.copy()
        theta[self.free] = u
        return self.problem.likelihood.natural(theta)

    def regression(self, u: Array) -> tuple[Array, Array]:
        """f at the nodes, and its slopes by the coordinates (p, nodes)."""
        f, slopes = self.regressions([u])
        return f[0], slopes[:, 0]

    def regressions(self, several: Sequence[Array]) -> tuple[Array, Array]:
        """f at the nodes of several u (l, nodes), and its slopes by the coordinates (p, l, nodes), in one pass."""
        family, vectors, nodes = self.family, np.array([self.vector(u) for u in several]), len(self.x)
        atoms = Atoms(family, vectors, self.x)

        def by_atom(values: Array) -> Array:
            return values.reshape(-1, len(several), sum(family.sizes), nodes).swapaxes(1, 2)

        (logits,), (means,) = by_atom(atoms.logits), by_atom(atoms.means)
        shares = softmax(logits.reshape(len(logits), -1)).shares.reshape(logits.shape)
        f = np.sum(shares * means, axis=0)
        own, width = 1 + len(family.setting.own), family.width
        gate, line = (
            by_atom(part.slopes(self.x, at)) for part, at in ((family.weight, atoms.gates), (family.mean, atoms.lines))
        )
        line_places = np.delete(np.arange(own, width), family.variance)
        slopes = np.zeros((vectors.shape[1], *f.shape))
        for i, (share, mean) in enumerate(zip(shares, means, strict=True)):
            pull, at = share * (mean - f), i * width
            slopes[at] = pull
            slopes[at + 1 : at + own] = gate[: own - 1, i] * pull
            slopes[at + line_places] = line[:, i] * share
            slopes[len(shares) * width :] += gate[own - 1 :, i] * pull
        slopes *= np.where(family.positive, vectors, 1.0).T[:, :, None]
        return f, slopes[self.free]

    def means(self, n: int, rng: np.random.Generator) -> Means:
        """The mean responses of n points, as many at every node."""
        return Means(n, self.true + NOISE * rng.normal(size=len(self.x)) / np.sqrt(n / len(self.x)))

    def fill(self, points: Means, u: Array, gradient: Array, hessian: Array) -> float:
        """The mean of -(y - f)^2/(2 noise^2); fills gradient and Hessian in u, the latter by differences."""
        step = _DIFFERENCE * np.eye(len(u))
        f, slopes = self.regressions([u, *(u + step), *(u - step)])
        gap = (points.y - f) / (NOISE**2 * len(points.y))
        gradient[:], *others = np.einsum("pln,ln->lp", slopes, gap)
        half = (np.array(others[: len(u)]) - np.array(others[len(u) :])) / (2 * _DIFFERENCE)
        hessian[:] = (half + half.T) / 2
        return float(-((points.y - f[0]) @ gap[0]) / 2)

    def search_once(self, points: Means, count: int, initial: Sequence[Array], rng: np.random.Generator) -> Maximum:
        """The highest of the climbs from known u and from so many that are drawn in the box, at all scales."""
        middle, reach = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        scales = np.exp(rng.uniform(np.log(points.n) / -4, 0, count))
        starts = [*initial, *(middle + scale * reach * rng.uniform(-1, 1, len(reach)) for scale in scales)]
        stop = Stop.in_sample_units(points.n)
        kernel = partial(self.fill, points)
        with one_blas_thread():
            ends = [climb(kernel, NO_PLAN, u, self.lower, self.upper, MAX_PASSES, stop=stop) for u in starts]
        return best_end(ends, points.n)[0]

    def status(self, end: Maximum) -> Status:
        """How a climb ended."""
        if not end.stationary:
            return "max_steps"
        return "converged" if ((end.theta > self.lower) & (end.theta < self.upper)).all() else "at_bound"
