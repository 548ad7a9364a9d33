"""States a fit: a likelihood of k atoms at some points, which coordinates move, and the box that confines them.

u (p,) are the coordinates that move, positive parameters by their logarithms; all coordinates are those of
`atom_formulas.Coordinates`. Gates of layouts and gates given as formulas make problems alike. The box is part of the
estimator; that of softmax, linear and activation gates with linear experts is a `Box`.

Example: ``layout_problem(Layout(2, 1, "free"), gate, points, box).climb(u).stationary``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.fitting.climb import EXACT, NO_FRAME, NO_PLAN, Frame, Maximum, Plan, Stop, climb, frame_of
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, parity
from temperance.numerics.mixture.atom_formulas import AtomFormulas, Coordinates, Sums
from temperance.numerics.mixture.likelihood import GeneratedLikelihood, layout_formulas, layout_places, likelihood
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import NONE, Points
from temperance.theory.expressions.arguments import checked


@checked
@dataclass(frozen=True)
class Box:
    """The compact parameter set, part of the estimator: |beta1|, |beta0|, |a|, |b| entry by entry, tau, nu.

    The bounds of beta1 and a are one number for all entries, or one for each column of x.
    """

    beta1: float | tuple[float, ...]
    beta0: float
    tau: tuple[float, float]
    a: float | tuple[float, ...]
    b: float
    nu: tuple[float, float]

    def __post_init__(self) -> None:
        """Validate."""
        for f in fields(self):
            value = getattr(self, f.name)
            good = bool((np.array(value) > 0).all() and (np.array(value) < np.inf).all())
            if f.name in ("tau", "nu"):
                good = good and len(value) == 2 and value[0] < value[1]
            if not good:
                raise ValueError(f"box: {f.name} must be positive and finite (and a pair increasing), not {value}")

    @staticmethod
    def for_data(x: Floats, y: Floats, weights: Floats = NONE) -> Box:
        """A wide box from the scale of the data: nu within [1e-3, 4] var(y), tau within [1/50, 50]."""
        points = Points(x, y, weights)
        x, y = points.x, points.y
        deviation = float(np.sqrt(points.mean((y - points.mean(y)) ** 2))) or 1.0
        spread = np.sqrt(points.mean((x - points.mean(x)) ** 2))
        spread[spread == 0] = 1.0
        largest, reach = float(np.abs(y).max()) + 10 * deviation, float((np.abs(x) / spread).max())
        beta1, a = (bound / spread for bound in (50.0, 10 * largest))
        variance = deviation**2
        nu = (1e-3 * variance, 4 * variance)
        return Box(one_bound(beta1), 50.0, (0.02, 50.0), one_bound(a), 10 * largest * (1.0 + reach), nu)

    @checked
    def bounds(self, layout: Layout) -> tuple[Floats, Floats]:
        """Lower and upper bounds (p,) of theta, whose coordinates layout names: logarithms for tau and nu.

        Raises ValueError for one bound a column of another number of columns.
        """
        both = []
        for j, (name, atom) in enumerate(layout.names):
            bound = getattr(self, name)
            if name in ("tau", "nu"):
                both.append(np.log(bound))
                continue
            if isinstance(bound, tuple):
                if len(bound) != layout.d:
                    raise ValueError(f"box: {name} must be one number, or one for each of {layout.d} columns of x")
                bound = bound[j - layout.names.index((name, atom))]
            both.append((-bound, bound))
        lower, upper = np.array(both).T.copy()
        return lower, upper


def one_bound(bounds: Floats) -> float | tuple[float, ...]:
    """The bounds of the columns (d,); a single number if they are equal."""
    return float(bounds[0]) if (bounds == bounds[0]).all() else tuple(map(float, bounds))


MAX_PASSES = 500
_MANY = 100  # parameters, from which a climb in NumPy begins without Hessians, as each costs as much as p gradients
_ASCENT = 150  # of these steps, or p
_LEAST_CURVATURE = 1e-3  # of the mean log-likelihood, that is a unit of length in them
_LARGE = 200_000  # points times atoms from which a climb is made pass by pass, so that Ctrl-C is heard


@dataclass(frozen=True, eq=False)
class Problem:
    """The log-likelihood of k atoms at some points, in a box.

    Attributes:
        formulas: of an atom. k: number of atoms; moved: how many of them, the first ones, move their gates.
        points: the data. compiled: whether the likelihood has machine code, where formulas have.
        base (q,): all coordinates, where nothing moves; places (p,): of u in it; tied: coordinates that follow the
            first variance. lower, upper (p,): the box of u.
        offset: whether the first parameter of an atom is the logarithm of its weight, times the temperature.
        anchored: whether the last atom is set apart: its gate is held, and no translation moves all gates alike.
        odd: whether the gates of two atoms can be exchanged, with the sign of their parameters, where one is anchored.
        frame: of the mixture, for steps in charts. smaller: makes the problem of one atom less, if it has one;
            parents: which of its atoms may be split, all by default; kinked: whether the gate is smooth piece by
            piece alone.
    """

    formulas: AtomFormulas
    k: int
    moved: int
    points: Points
    compiled: bool
    base: Floats
    places: NDArray[np.int64]
    lower: Floats
    upper: Floats
    tied: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    offset: bool = True
    anchored: bool = False
    odd: bool = False
    frame: Frame = NO_FRAME
    smaller: Callable[[], Problem] | None = None
    parents: tuple[int, ...] | None = None
    kinked: bool = False

    @cached_property
    def likelihood(self) -> GeneratedLikelihood:
        """The likelihood in all coordinates."""
        return likelihood(self.formulas, self.k, self.moved, self.compiled)

    @property
    def where(self) -> Coordinates:
        """What the coordinates are."""
        return self.likelihood.where

    def at(self, points: Points) -> Problem:
        """The same of other points."""
        return replace(self, points=points)

    def full(self, u: Floats) -> Floats:
        """All coordinates (q,) of u (p,)."""
        theta = self.base.copy()
        theta[self.places] = u
        theta[self.tied] = theta[self.where.nu[0]]
        return theta

    def natural(self, u: Floats) -> Floats:
        """The parameters (q,) of u, which are no logarithms."""
        return self.likelihood.natural(self.full(u))

    def inside(self, natural: Floats) -> Floats:
        """u (p,) of parameters (q,), cut to the box."""
        theta = natural.copy()
        theta[self.where.logs] = np.log(theta[self.where.logs])
        return np.clip(theta[self.places], self.lower, self.upper)

    def edges(self, u: Floats) -> NDArray[np.bool_]:
        """The coordinates (p,) at the edge of the box."""
        return (u <= self.lower) | (u >= self.upper)

    def sums(self, u: Floats) -> Sums:
        """The log-likelihood at u with score (p,) and Hessian (p, p)."""
        points = self.points
        value, score, hessian = self.likelihood(self.full(u), points.x, points.y, points.weights, points.reference)
        first, at = self.where.nu[0], self.places
        for rows in (score, hessian, hessian.T) if len(self.tied) else ():
            rows[first] += rows[self.tied].sum(axis=0)
        return Sums(value, score[at], hessian[at[:, None], at])

    def climb(self, u: Floats, passes: int = MAX_PASSES, stop: Stop = EXACT) -> Maximum:
        """The local maximum of the mean log-likelihood to which a climb from u leads, in at most so many passes."""
        confined = (self.lower, self.upper, passes, self.frame, stop)
        if self._plan is not None and self.k * len(self.points.y) < _LARGE:
            end = climb(self.likelihood.sums.address, self._plan, u, *confined)
            if end.value > -np.inf:  # else a value may be finite in more digits than doubles have
                return end
        n = self.points.n
        if len(u) >= _MANY and not self.compiled:
            u = self._ascended(u)

        def fill(u: Floats, gradient: Floats, hessian: Floats) -> float:
            value, gradient[:], hessian[:] = self.sums(u)
            gradient /= n
            hessian /= n
            return value / n

        return climb(fill, NO_PLAN, u, *confined)

    def _ascended(self, u: Floats) -> Floats:
        """U (p,) after steps of L-BFGS in the box; lengths are in units of the curvature at u."""
        from scipy.optimize import minimize

        points, first = self.points, self.where.nu[0]
        unit = 1 / np.sqrt(np.maximum(np.abs(self.sums(u).hessian.diagonal()) / points.n, _LEAST_CURVATURE))

        def fall(scaled: Floats) -> tuple[float, Floats]:
            at = self.full(np.clip(scaled * unit, self.lower, self.upper))
            value, score = self.likelihood.score(at, points.x, points.y, points.weights, points.reference)
            score[first] += score[self.tied].sum()
            return (-value / points.n if np.isfinite(value) else np.inf), -score[self.places] * unit / points.n

        box = np.stack([self.lower, self.upper], axis=1) / unit[:, None]
        options = {"maxcor": 20, "ftol": 1e-8, "maxiter": max(_ASCENT, len(u))}
        end = minimize(fall, u / unit, jac=True, method="L-BFGS-B", bounds=box, options=options)
        return np.clip(end.x * unit, self.lower, self.upper) if np.isfinite(end.x).all() else u

    @cached_property
    def _plan(self) -> Plan | None:
        code, points, where = self.likelihood.sums, self.points, self.where
        if code is None:
            return None
        x, y, weights, reference = (
            np.require(part, requirements=["C", "W"]) for part in (points.x, points.y, points.weights, points.reference)
        )
        indices = (self.places.astype(np.int64), self.tied.astype(np.int64), where.logs, where.values, where.nu)
        data = (x, y, weights, reference)
        return Plan(self.base, *indices, code.tables, *data, code.count, code.free, float(points.n))


def layout_problem(layout: Layout, gate: CompiledActivation, points: Points, box: Box) -> Problem:
    """The problem of a layout, whose coordinates are u; the linear gate has a temperature that is held.

    Raises ValueError for a linear gate whose tau is to be fitted: data tell beta1/tau and beta0/tau alone.
    """
    linear, k = gate.source.is_linear, layout.k
    if linear and layout.tau is None:
        raise ValueError("the linear gate determines no temperature: hold tau, and fit beta1 and beta0 at it")
    base = np.zeros(k * layout.atom_size + (not linear))
    lower, upper = box.bounds(layout)
    scale = np.ones(layout.size)
    if linear:  # the formulas of the linear gate have the temperature 1
        assert layout.tau is not None
        gates = [name in ("beta1", "beta0") for name, _ in layout.names]
        scale = np.where(gates, 1 / layout.tau, 1.0)
    elif layout.tau is not None:
        base[-1] = np.log(layout.tau)
    return Problem(
        layout_formulas(gate.source, layout.d),
        k,
        layout.gates,
        points,
        gate.machine_code and k > 1,
        base,
        layout_places(layout),
        lower * scale,
        upper * scale,
        anchored=layout.gauge == "anchored" and not linear and k > 1,
        odd=parity(gate) == "odd",
        frame=frame_of(replace(layout, tau=1.0) if linear else layout, *points.middle, linear=linear),
        smaller=partial(layout_problem, replace(layout, k=k - 1), gate, points, box) if k > 1 else None,
        kinked=len(gate.source.pieces) > 1,
    )
