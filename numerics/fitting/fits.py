"""Fits mixtures by maximum likelihood: the optimum of `search` in the parameters of a layout, or of a model.

Layouts are of softmax, linear and activation gates with linear experts.

Example: ``fit_points(Layout(2, 1, "free"), gate, points, box=Box.for_data(x, y), starts=5, seed=1).status``.

Models have any gate and Gaussian expert. No start uses a true mixture: they come from clusterwise regression with the
model's own mean on a subsample, and the best of many random gates there. The box is part of the estimator. What is held
in the last atom, as weights and scores may be translated: its offset at 0 (or a parameter that only scales its weight
at 1), and parameters of its gate at 0 that a translation of scores moves.

Example: ``fit_general(points, model("quadratic"), 2, seed=1).values`` has the parameters by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import FLAT, scaled_spectrum
from temperance.numerics.fitting.problem import MAX_PASSES, Box, Problem, layout_problem
from temperance.numerics.fitting.search import FAILED, Effort, Optimum, Status, climb_all, search, starts_of
from temperance.numerics.fitting.starts import grown
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.atom_formulas import Coordinates, formulas_of
from temperance.numerics.mixture.likelihood import FEW_COLUMNS, Mixture, evaluate, few, needs_machine_code
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.models.spec import BETA0, NU, MoESpec, true_value, weight_parameters
from temperance.theory.symmetries.traits import translations

Bools = NDArray[np.bool_]
Name = tuple[str, int | None]
"""A parameter and its atom, None of what all atoms share."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """The maximum that a search found.

    k: number of atoms. names: of the coordinates theta (p,), where the search ended; logs (p,): which of them are
    logarithms; edge (p,): which are at the edge of the box. moves (p, q): how theta follows its q free coordinates;
    others are held, a choice of gauge, or tied to the first nu. log_likelihood: the sum of log g over the data.
    information (q, q): of that. flat_directions (m, p): unit vectors in theta along which the information vanishes, on
    what is not at an edge. status, starts, agree, gap, planned, gain: as of an `Optimum`.
    """

    k: int
    names: tuple[Name, ...]
    theta: Floats
    logs: Bools
    edge: Bools
    moves: Floats
    log_likelihood: float
    information: Floats
    flat_directions: Floats
    status: Status
    starts: int
    agree: int
    gap: float
    planned: int | None = None
    gain: float = np.nan

    @property
    def bounds(self) -> tuple[Name, ...]:
        """What is at the edge of the box."""
        return tuple(name for name, at in zip(self.names, self.edge, strict=True) if at)

    @property
    def is_estimate(self) -> bool:
        """Whether the search ended at a maximum that is no spike."""
        return self.status not in FAILED

    @property
    def natural(self) -> Floats:
        """The parameters (p,), of which theta has logarithms."""
        return np.where(self.logs, np.exp(np.where(self.logs, self.theta, 0.0)), self.theta)

    def size_of(self, k: int) -> int:
        """How many numbers a fit of k > 1 atoms has, each with its own nu."""
        raise NotImplementedError

    @property
    def values(self) -> dict[Name, float]:
        """The parameters by their names."""
        return dict(zip(self.names, self.natural.tolist(), strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class LayoutFit(Fit):
    """A fit of a softmax, linear or activation gate with linear experts, all of whose coordinates are free.

    layout: names them. box: what they were confined to. only_ratios: whether data tell ratios to tau alone.
    """

    layout: Layout
    box: Box
    only_ratios: bool

    @cached_property
    def measure(self) -> MixingMeasure:
        """Where the search ended."""
        return self.layout.unpack(self.theta)

    def size_of(self, k: int) -> int:
        """How many numbers a fit of k atoms has."""
        return replace(self.layout, k=k).size - self.only_ratios


def _of_search(optimum: Optimum) -> dict[str, Any]:
    """What a fit has of an optimum as it is."""
    names = ("log_likelihood", "status", "starts", "agree", "gap", "planned", "gain")
    return {name: getattr(optimum, name) for name in names}


def flat_directions(information: Floats, held: Bools) -> Floats:
    """Unit vectors (m, p), zero on the held coordinates, along which the information (p, p) vanishes to rounding."""
    scale, values, vectors = scaled_spectrum(information[np.ix_(~held, ~held)])
    flat = np.abs(values) <= FLAT
    directions = np.zeros((int(flat.sum()), len(held)))
    directions[:, ~held] = (vectors[:, flat] / scale[:, None]).T
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


@one_blas_thread()
def fit_points(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    *,
    box: Box,
    starts: int,
    seed: int,
    known_starts: Sequence[Floats] = (),
    max_passes: int = MAX_PASSES,
) -> LayoutFit:
    """The maximum of one search from so many rough starts, and from known ones (p,), with no peaks and no splits.

    Raises ValueError if there are no starts, too few points, or no start at which the likelihood is finite.
    """
    ratios = _Ratios(layout, gate, points, box)
    thetas = [ratios.inner(theta) for theta in known_starts]
    thetas += starts_of(ratios.problem, None, Effort(starts, 0, 0), [seed], 0)
    if not thetas:
        raise ValueError("at least one start is needed")
    return ratios.fit_of(climb_all(ratios.problem, thetas, max_passes))


@one_blas_thread()
def search_layout(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    *,
    box: Box,
    starts: int,
    seed: int,
    known_starts: Sequence[Floats] = (),
    fewer: Sequence[Floats] = (),
    true: tuple[Layout, Floats] | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
) -> LayoutFit:
    """The maximum-likelihood measure of the points in the box, by `search`.

    starts: rough ones, half of them in each of two searches; from two atoms on peaks of the gradient process and
    splits of a fit of one atom less besides. known_starts (p,): further ones; with no others (starts = 0) there are no
    peaks and no splits. fewer: where the fits of one atom less, and of two less, ended, if known. true: a layout of
    the number of atoms of a truth, and its theta, which is a start too. keep: as of `search`. Raises ValueError as
    `fit_points`, and for a truth that is not in the box.
    """
    ratios = _Ratios(layout, gate, points, box)
    effort = effort_of(ratios.problem, starts)
    known = [ratios.inner(theta) for theta in known_starts]
    if true is not None:
        own = _Ratios(true[0], gate, points, box)
        known += _true_starts(ratios.problem, own.problem, own.inner(true[1]), true[0].names[own.free :])
    smaller = [replace(layout, k=layout.k - i) for i in range(1, 1 + len(fewer))]
    below = [_Ratios(less, gate, points, box).inner(theta) for less, theta in zip(smaller, fewer, strict=True)]
    options: dict[str, Any] = {"known": known, "fewer": below, "progress": progress, "keep": keep}
    return ratios.fit_of(search(ratios.problem, seed=seed, effort=effort, **options))


def _true_starts(problem: Problem, own: Problem, u: Floats, names: Sequence[Name]) -> list[Floats]:
    """The starts that a truth u (p,) gives, of the problem `own` of as many atoms, whose coordinates have these names.

    One if it has no more atoms than are fitted: of fewer some are split. Raises ValueError for one that is not in the
    box.
    """
    inside = np.clip(u, own.lower, own.upper)
    for (name, atom), gap in zip(names, np.abs(u - inside) > _ON_EDGE * (1 + np.abs(u)), strict=True):
        if gap:
            which = name if atom is None else f"{name} of atom {atom}"
            raise ValueError(f"{which} of the truth is not in the box of the fit; accepted: one in it, or a wider box")
    return [grown(problem, inside, np.random.default_rng(0))] if own.k <= problem.k else []


_ON_EDGE = 1e-9  # relative: a truth at the edge of the box is in it
_SEVERAL_COLUMNS, _MANY_COLUMNS = 5, 20  # of x, beyond which fewer starts are made


def effort_of(problem: Problem, starts: int) -> Effort:
    """That of a fit from so many rough starts; from two atoms on with peaks and splits.

    These are fewer without machine code, and for many columns of x, where a climb is dear and peaks are drawn at
    random. With no rough starts there are none at all, but for known ones.
    """
    rough, dim, compiled = -(-starts // 2), problem.formulas.dim, problem.likelihood.sums is not None
    small = not compiled and few(problem.k, len(problem.points.y))
    if not starts or problem.k == 1:
        return Effort(rough, 0, 0)
    effort = Effort(rough)
    if dim > _MANY_COLUMNS:
        effort = Effort(min(rough, 3), 1, 1)
    elif dim > _SEVERAL_COLUMNS:
        effort = Effort(rough, 2, 2)
    elif small or (dim > FEW_COLUMNS and not compiled):
        effort = Effort(rough, 8, 6)
    return replace(effort, rounds=1) if small else effort


class _Ratios:
    """The problem of a layout; where data tell ratios to tau alone, that of the temperature 1."""

    def __init__(self, layout: Layout, gate: CompiledActivation, points: Points, box: Box) -> None:
        if len(points.y) <= layout.d + 1:
            raise ValueError(f"x and y must hold more than {layout.d + 1} points, not {len(points.y)}")
        self.layout, self.gate, self.points, self.box = layout, gate, points, box
        self.free = gate.source.is_linear and layout.tau is None
        low = box.tau[0]
        if self.free:
            widest = (tuple(b / low for b in np.atleast_1d(box.beta1)), box.beta0 / low)
            wide = replace(box, beta1=widest[0] if len(widest[0]) > 1 else widest[0][0], beta0=widest[1])
            self.problem: Problem = layout_problem(replace(layout, tau=1.0), gate, points, wide)
        else:
            self.problem = layout_problem(layout, gate, points, box)
        self._gates = np.array([name in ("beta1", "beta0") for name, _ in layout.names])
        held = gate.source.is_linear and layout.tau is not None
        self._scale = np.where(self._gates, 1 / float(layout.tau or 1.0), 1.0) if held else np.ones(layout.size)

    def inner(self, theta: Floats) -> Floats:
        """Coordinates of the problem."""
        if not self.free:
            return np.asarray(theta, dtype=float) * self._scale
        return np.where(self._gates, theta * np.exp(-theta[0]), theta)[1:]

    def outer(self, u: Floats) -> Floats:
        """Coordinates of the layout; a tau that no data tell is 1, or smaller where the gate would leave the box.

        So a fit is at an edge if and only if its ratios are.
        """
        if not self.free:
            return u / self._scale
        low, high = self.box.tau
        upper = self.box.bounds(self.layout)[1][self._gates]
        ratios, theta = u[self._gates[1:]], np.concatenate([[0.0], u])
        edge = np.abs(ratios) >= upper / low
        most = float((upper / np.maximum(np.abs(ratios), 1e-300)).min(initial=np.inf))  # of tau in the box
        inside = 1.0 if low < 1.0 < high else float(np.sqrt(low * high))
        tau = low if edge.any() else inside if inside < most else float(np.sqrt(low * most))
        theta[0] = np.log(tau)
        theta[self._gates] = np.where(edge, np.sign(ratios) * upper, ratios * tau)
        return theta

    def fit_of(self, optimum: Optimum) -> LayoutFit:
        """An optimum as a fit."""
        theta, points = self.outer(optimum.u), self.points
        lower, upper = self.box.bounds(self.layout)
        theta = np.clip(theta, lower, upper)
        data = (points.x, points.y, points.weights, points.reference)
        hessian = evaluate(theta, self.layout, self.gate, *data).hessian
        edge = (theta <= lower) | (theta >= upper)
        return LayoutFit(
            k=self.layout.k,
            names=self.layout.names,
            theta=theta,
            logs=np.array([name in ("tau", "nu") for name, _ in self.layout.names]),
            edge=edge,
            moves=np.eye(len(theta)),
            information=-hessian,
            flat_directions=self._flat(theta, -hessian / points.n, edge, optimum),
            **_of_search(optimum),
            layout=self.layout,
            box=self.box,
            only_ratios=self.free,
        )

    def _flat(self, theta: Floats, information: Floats, held: Bools, optimum: Optimum) -> Floats:
        """Where tau is free and no data tell it: along its orbit, and what is flat in the ratios to it besides.

        On the orbit the information is of the size of the gradient at which climbs end, and not of rounding.
        """
        if not self.free:
            return flat_directions(information, held)
        scale = np.where(self._gates, np.exp(theta[0]), 1.0)[1:]
        inner = flat_directions(-optimum.maximum.hessian, self.problem.edges(optimum.u)) * scale
        rows = np.column_stack([np.zeros(len(inner)), inner])
        if not held[0]:
            orbit = np.where(self._gates, theta, 0.0)
            orbit[0] = 1.0
            rows = np.vstack([rows, orbit])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


_REACH = 50.0  # of the gate's parameters
_LEAST_NU = 1e-3  # of the variance of y


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelFit(Fit):
    """A fit of a model of any gate and Gaussian expert.

    n_parameters: free coordinates less the flat directions. points: their number. box: of every parameter.
    """

    spec: MoESpec
    n_parameters: int
    points: float
    box: Mapping[str, tuple[float, float]]

    def size_of(self, k: int) -> int:
        """How many numbers a fit of k > 1 atoms has, each with its own nu."""
        return Coordinates(formulas_of(self.spec), k).size - len(held_of(self.spec))


def require_points(points: Points, numbers: int, k: int) -> None:
    """Raise ValueError for fewer points than numbers that are fitted; from three atoms on, fewer than two for each."""
    if len(points.y) < (1 + (k > 2)) * numbers:
        least = f"{'two for each of ' * (k > 2)}the {numbers} numbers"
        raise ValueError(f"{len(points.y)} points are fewer than {least} that are fitted for {k} atoms")


def own_of(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of an atom's gate, its offset first if it has one."""
    return spec.gate.own if spec.gate.offset is None else (BETA0, *spec.gate.own)


def held_of(spec: MoESpec) -> dict[sp.Symbol, float]:
    """What is held in the last atom, and at which value: weights and scores are told up to a common factor or shift."""
    held = {BETA0: 0.0} if spec.gate.offset is not None else dict.fromkeys(weight_parameters(spec)[:1], 1.0)
    own = {*spec.gate.own}
    for f in translations(spec):
        held |= {p: 0.0 for p in own if not (p.is_positive or (f / p).free_symbols & own)}
    return held


def formula_problem(
    spec: MoESpec,
    k: int,
    points: Points,
    box: Mapping[str, tuple[float, float]],
    noise: float | Literal["common"] | None,
) -> Problem:
    """The fit of k atoms of a model to points in a box.

    noise: None where every atom has its own nu, "common" where all have that of the first, or the value that is known.
    """
    gate, formulas = spec.gate, formulas_of(spec)
    own = own_of(spec)
    held = held_of(spec) if k > 1 else {p: float(true_value(gate, p, 0)) for p in own}  # of one atom, no gate tells
    gates, where = k if {*own} - {*held} else k - 1, Coordinates(formulas, k)
    bounds = [_bounds_of(p, p in own, points, box) for p in (*own, *spec.expert.parameters)]
    common = [_bounds_of(p, True, points, box) for p in gate.shared]
    every = np.array([*bounds * k, *common])
    every[where.logs] = np.log(every[where.logs])
    lower, upper = every.T.copy()
    free = np.ones(where.size, dtype=bool)
    base = np.clip(np.zeros(where.size), lower, upper)
    for p, value in held.items():
        at = (k - 1) * where.width + own.index(p)
        free[at], base[at] = False, np.log(value) if where.logs[at] else value
    if k == 1:
        free[where.size - len(gate.shared) :] = False
    tied = where.nu[1:] if noise == "common" else where.nu[:0]
    free[tied] = False
    if isinstance(noise, float):
        free[where.nu], base[where.nu] = False, np.log(noise)
    return Problem(
        formulas,
        k,
        gates,
        points,
        needs_machine_code(k, points.x),
        base,
        np.flatnonzero(free),
        lower[free],
        upper[free],
        tied=tied,
        offset=gate.offset is not None,
        smaller=partial(formula_problem, spec, k - 1, points, box, noise) if k > 1 else None,
    )


def _bounds_of(
    p: sp.Symbol, of_gate: bool, points: Points, box: Mapping[str, tuple[float, float]]
) -> tuple[float, float]:
    """The box of a parameter: the one given, or a wide one from the scale of the data."""
    if p.name in box:
        return box[p.name]
    deviation = float(np.sqrt(points.mean((points.y - points.mean(points.y)) ** 2))) or 1.0
    if p == NU:
        return _LEAST_NU * deviation**2, 4 * deviation**2
    narrow = min(1.0, *points.middle[1][points.middle[1] > 0], 1.0)  # the least standard deviation of a column
    if p.is_positive:
        return 1 / _REACH, _REACH * max(1.0, float((points.x**2).max()))
    reach = _REACH if of_gate else 10 * (float(np.abs(points.y).max()) + 10 * deviation)
    return -reach / narrow, reach / narrow


@one_blas_thread()
def fit_general(
    points: Points,
    spec: MoESpec,
    k: int,
    *,
    starts: int = 10,
    seed: int = 0,
    box: Mapping[str, tuple[float, float]] | None = None,
    noise: float | Literal["common"] | None = None,
    known_starts: Sequence[Floats] = (),
    fewer: Sequence[Floats] = (),
    least: float = 0.0,
    true: Mixture | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
) -> ModelFit:
    """The maximum-likelihood mixture of k atoms of a model, from starts that use the data alone.

    Args:
        spec: a gate and a Gaussian expert whose mean is a formula. box: bounds of parameters by name, for every atom;
            others have wide ones.
        noise: None where each atom has its own nu, "common" where all have one, or the value that is known.
        starts, seed: random starts, one for each stream (seed, 0), (seed, 1), ...; known_starts: further thetas.
        fewer: theta of the fits of one atom less, and of two less, if known. least: no variance is below it.
        true: a truth, in the gauge of the fit, which is a start too.
        progress: called with the starts done and their number. keep: as of `search`.

    Raises:
        ValueError: an expert without a mean; a bound that is not a pair; fewer points than numbers that are fitted; no
            start, or none at which the likelihood is finite; a truth that is not in the box.
    """
    inside = _box(spec, box or {})
    if least:
        low, high = _bounds_of(NU, False, points, inside)
        inside = {**inside, "nu": (max(low, least), high)}
    problem = formula_problem(spec, k, points, inside, noise)
    require_points(points, len(problem.places), k)
    vectors = [theta[problem.places] for theta in known_starts]
    places = [formula_problem(spec, k - i, points, inside, noise).places for i in range(1, 1 + len(fewer))]
    below = [theta[at] for theta, at in zip(fewer, places, strict=True)]
    if true is not None:
        own = formula_problem(spec, true.k, points, inside, noise)
        if not np.allclose(own.natural(true.theta[own.places])[own.where.nu], true.nu):
            raise ValueError("nu of the truth is not as the noise of the fit; accepted: one for all atoms, or as known")
        vectors += _true_starts(problem, own, true.theta[own.places], [_names(spec, true.k)[at] for at in own.places])
    effort = effort_of(problem, starts)
    options: dict[str, Any] = {"known": vectors, "fewer": below, "progress": progress, "keep": keep}
    optimum = search(problem, seed=seed, effort=effort, **options)
    return _report(spec, optimum, inside)


def _box(spec: MoESpec, box: Mapping[str, tuple[float, float]]) -> Mapping[str, tuple[float, float]]:
    """The box, checked."""
    names = {p.name: p for p in dict.fromkeys((*own_of(spec), *spec.parameters))}
    for name, (low, high) in box.items():
        if name not in names:
            raise ValueError(f"box: {name} is no parameter; the parameters are {', '.join(names)}")
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"box: {name} must be a pair of finite numbers that increases, not {(low, high)}")
        if names[name].is_positive and low <= 0:
            raise ValueError(f"box: {name} must be positive, not within {(low, high)}")
    return box


def _names(spec: MoESpec, k: int) -> tuple[Name, ...]:
    """Of all coordinates of k atoms."""
    each = (*own_of(spec), *spec.expert.parameters)
    return (*((p.name, i) for i in range(k) for p in each), *((p.name, None) for p in spec.gate.shared))


def _report(spec: MoESpec, optimum: Optimum, box: Mapping[str, tuple[float, float]]) -> ModelFit:
    problem, points, u, shared = optimum.problem, optimum.problem.points, optimum.u, spec.gate.shared
    own, each = own_of(spec), (*own_of(spec), *spec.expert.parameters)
    where, theta, hessian = problem.where, problem.full(u), optimum.maximum.hessian
    moves, edge = np.eye(where.size)[:, problem.places], np.zeros(where.size, dtype=bool)
    moves[problem.tied] = moves[where.nu[0]]
    edge[problem.places] = problem.edges(u)
    flat = flat_directions(-hessian, problem.edges(u)) @ moves.T
    edge[problem.tied] = edge[where.nu[0]]
    return ModelFit(
        k=problem.k,
        names=_names(spec, problem.k),
        theta=theta,
        logs=where.logs,
        edge=edge,
        moves=moves,
        information=-hessian * points.n,
        flat_directions=flat,
        **_of_search(optimum),
        spec=spec,
        n_parameters=len(u) - len(flat),
        points=points.n,
        box={p.name: _bounds_of(p, p in (*own, *shared), points, box) for p in (*each, *shared)},
    )
