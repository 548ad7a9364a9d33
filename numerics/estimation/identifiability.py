"""What theory proves of the identifiability of a fit, wherever the search ended (theory 2.1, 3.1 and 3.3).

Theory says which symmetry a model has, and at which special places it has more; a flow is a tangent vector, in theta,
of a curve of parameters with one density. Functions that it moves are not identifiable. Where theory has a symmetry,
`flows_of` computes its flows for any gate and expert alike. A fit at a mirror point, or at its twin, has flows and
other points of the same density of its own. Twins (theory 2.3) are other parameters with the density of every fit.
Whatever the model is, the covariates of a sample leave directions open where columns depend on each other, as (2, -1)
of beta1 and of a does with x_2 = 2 x_1.

The profile likelihood of the temperature is looked at where its standard error says that the data tell little of it:
``settled(fit, gate, points)`` climbs on where the profile rises, and says how far it falls on either side.

`separated` proves, in doubles, that a likelihood has no maximum at a fit: it rises without end as the gate gets steeper
(the proof, whose letters are used here, is in docs/fitting.md, "Data that a gate separates").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import sympy as sp
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray
from scipy.linalg import null_space

from temperance.numerics.estimation.intervals import Place, Profile, held_at
from temperance.numerics.estimation.merge import mixture_of
from temperance.numerics.fitting.climb import FLAT
from temperance.numerics.fitting.fits import LayoutFit, fit_points
from temperance.numerics.fitting.problem import layout_problem
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, Parity, parity
from temperance.numerics.mixture.atom_formulas import Coordinates
from temperance.numerics.mixture.likelihood import Mixture, layout_places
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure, log_density
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation
from temperance.theory.conditions.degeneracies import Failure, Mirror, classify, mirror
from temperance.theory.twins.decision import twins
from temperance.theory.twins.twin import Twin

_NO_MEAN = 1e-6  # relative, of a combination of columns that is constant and counts as 0
_STILL = 1e-9  # relative, of changes that are 0 but for rounding
_ASIDE = 1e-7  # relative
_ROUNDING = 1e-6  # of the largest slope: less than that may be rounding
DESIGN = 200  # values of x, at least
INDISTINCT = 1.92  # a fall of the log-likelihood that excludes a value of one parameter at 95%


@dataclass(frozen=True, eq=False)
class Proved:
    """What no data determine.

    flows: (m, p). failure: the symmetry of the activation that applies, if any. powers: how the sizes of beta1 enter,
    where only their differences do (d = 1, free gauge): "even" or "odd" in beta1, else None. signs: whether beta1 and
    -beta1 have different gates, for a homogeneous s. twin: whether another temperature has the same density, off any
    flow. at_place: whether the flows are those of a special place, not of the model around it. notes: all this in
    words. dependent (m, p): directions that no density of these x follows, whatever the gate.
    """

    flows: Floats
    failure: Failure | None = None
    powers: Parity | None = None
    signs: bool = False
    twin: bool = False
    at_place: bool = False
    notes: tuple[str, ...] = ()
    dependent: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def every(self) -> Floats:
        """Flows and dependent directions, (m, p)."""
        return np.vstack([self.flows, self.dependent.reshape(-1, self.flows.shape[1])])

    @property
    def open_dimensions(self) -> int:
        """The number of independent flows of the model around the fit."""
        flows = self.dependent if self.at_place else self.every
        if not len(flows):
            return 0
        sizes = np.linalg.norm(flows, axis=1, keepdims=True)
        return int(np.linalg.matrix_rank(flows / np.where(sizes > 0, sizes, 1.0)))


@np.errstate(all="ignore")  # rows that are not finite are left out
def flows_of(mixture: Mixture, moves: Floats, x: Floats, jumps: Floats | None = None) -> Floats:
    """Directions (m, q) of the free coordinates along which no log odds and no mean changes, at any x (n, d).

    moves (p, q): how the coordinates of the mixture, logarithms of what is positive, follow the free ones. jumps
    (r, q): gradients of functions that move a jump of the gate. By themselves the directions are flat to first order
    only; where a symmetry is proved they are its flows.
    """
    slopes, nu = mixture.slopes(x), Coordinates(mixture.formulas, mixture.k).nu
    odds = slopes.of_weights - slopes.of_weights[:, -1:]
    every = np.concatenate([odds, slopes.of_means]).reshape(-1, len(mixture.natural))
    rows = np.vstack([every, np.eye(every.shape[1])[nu]]) @ moves
    rows = rows if jumps is None else np.vstack([rows, jumps])
    sizes = np.linalg.norm(rows, axis=1)
    rows, sizes = (part[np.isfinite(sizes) & (sizes > 0)] for part in (rows, sizes))
    if not len(rows):  # nothing is defined at these x
        return np.zeros((0, moves.shape[1]))
    rows /= sizes[:, None]
    scale = np.linalg.norm(rows, axis=0)
    scale = np.maximum(scale, _ROUNDING * scale.max())
    _, values, vectors = np.linalg.svd(np.linalg.qr(rows / scale, mode="r"))
    flows = vectors[np.append(values, np.zeros(len(vectors) - len(values))) <= _STILL * values[0]] / scale
    return np.asarray(flows / np.linalg.norm(flows, axis=1, keepdims=True))


def generic_flows(mixture: Mixture, moves: Floats, x: Floats) -> Floats:
    """`flows_of` that mixtures beside this one have, too: at a singular point more directions are flat."""
    theta, step = mixture.theta, moves @ np.random.default_rng(1).normal(size=moves.shape[1])
    beside = theta + _ASIDE * (1.0 + np.abs(theta)) * step
    near = flows_of(Mixture.at(mixture.formulas, mixture.k, beside), moves, x)
    here = np.linalg.qr(flows_of(mixture, moves, x).T)[0]
    return np.asarray(near @ here @ here.T)


def _flows(
    fit: LayoutFit, gate: CompiledActivation, place: MixingMeasure | None = None, *, jumps: bool = False
) -> Floats:
    """The flows (m, p) at a fit, or at a special place of its layout; jumps: whether s may jump, at 0 alone."""
    layout, measure = fit.layout, place or fit.measure
    mixture, _ = mixture_of(measure, layout, gate.source)
    d, size, where = layout.d, layout.atom_size, Coordinates(mixture.formulas, layout.k)
    moves = np.eye(where.size)[:, layout_places(layout)]
    x = np.random.default_rng(0).normal(size=(max(DESIGN, 2 * size), d))
    if not jumps:
        return generic_flows(mixture, moves, x) if place is None else flows_of(mixture, moves, x)
    turned = [
        null_space(b[None]).T @ moves[at] for b, at in zip(measure.beta1, where.values[:, 1 : d + 1], strict=True)
    ]
    return flows_of(mixture, moves, x, np.vstack(turned))


def proved_of(fit: LayoutFit, gate: CompiledActivation, points: Points) -> Proved:
    """What theory proves of a fit to some points."""
    layout, source = fit.layout, gate.source
    if layout.k == 1:
        flows = _flows(fit, gate)
        return Proved(
            flows,
            notes=("one atom has the weight 1 whatever its gate: nothing is learnt of the gate",) * bool(len(flows)),
        )
    if source.is_linear:
        note = "tau is not identifiable with the linear gate: only beta1/tau and beta0/tau are"
        held = layout.tau is not None
        return Proved(_none(fit)) if held else Proved(_flows(fit, gate), notes=(note,))
    failure = classify(source)
    if failure is not None and failure.symmetry and (failure.kind != "homogeneous" or layout.tau is None):
        return _of_failure(fit, gate, failure)
    return _of_place(fit, gate, points)


def _none(fit: LayoutFit) -> Floats:
    return np.zeros((0, fit.layout.size))


def _of_failure(fit: LayoutFit, gate: CompiledActivation, failure: Failure) -> Proved:
    """The flows of an activation that fails the first-order condition by a symmetry, and what is left to learn."""
    tau_free, alike, invariants = fit.layout.tau is None, _alike(fit, gate), failure.invariants
    homogeneous, two = failure.kind == "homogeneous", fit.layout.gauge == "free" and fit.layout.k == 2
    powers, even = alike if homogeneous else None, parity(gate) == "even"
    if failure.kind == "logarithmic" and tau_free and alike == "even":
        invariants = (invariants[0], f"differences of ({invariants[1].replace('_i', '')})/tau")
    elif powers:
        invariants = (f"differences of {'' if powers == 'even' else 'sgn(beta1) '}{invariants[1]}", invariants[2])
    elif homogeneous and float(failure.degree) == 2 and two and even:  # a product of two linear forms
        invariants = ("(beta1_0 beta1_0' - beta1_1 beta1_1')/tau", invariants[2])
    below = fit.box.tau[0] <= float(fit.measure.tau) / 2
    twin = failure.kind == "constant" and tau_free and failure.level is False and alike == "odd" and below
    signs = homogeneous and not even and powers != "odd"
    note = f"the gate is not identifiable, at most these functions of it are: {', '.join(invariants)}"
    flows = _flows(fit, gate, jumps=not homogeneous)
    return Proved(flows, failure, powers, signs, twin=twin, notes=(note,))


def _alike(fit: LayoutFit, gate: CompiledActivation) -> Parity | None:
    """Whether the gates are multiples of one function of x, up to constants: "even" or "odd" in beta1, or None.

    For d = 1 in the free gauge they are if all beta1 have one sign ("even" then as well), or if s - const is even or
    odd; the same may be added to all of them.
    """
    beta1 = fit.measure.beta1[:, 0]
    if fit.layout.d > 1 or fit.layout.gauge == "anchored" or not beta1.all():
        return None
    return "even" if len(set(np.sign(beta1))) == 1 else parity(gate)


def _of_place(fit: LayoutFit, gate: CompiledActivation, points: Points) -> Proved:
    """What is special of the place of the fit: a gate that does not depend on x, a mirror point, or the twin of one."""
    m, layout = fit.measure, fit.layout
    free = layout.gauge == "free"
    still = replace(m, beta1=np.broadcast_to(m.beta1.mean(axis=0) if free else 0.0, m.beta1.shape))
    places = [(_gap(fit, gate, points, still), "constant", still)]
    if free and layout.k == 2:
        half = (m.beta1[0] - m.beta1[1]) / 2
        others = [("mirror", replace(m, beta1=np.array([half, -half])))]
        others += [("twin", replace(m, beta1=m.beta1 * np.eye(2)[i][:, None])) for i in (0, 1)]
        places += [(_gap(fit, gate, points, measure), name, measure) for name, measure in others]
    gap, place, measure = min(places, key=lambda place: place[:2])
    if gap > INDISTINCT:
        return Proved(_none(fit))
    mirrored = mirror(gate.source) if len(places) > 1 else Mirror(None, False)
    if mirrored.proved and mirrored.kind == "even":
        measure = places[1][-1]  # of all gates that do not depend on x a generic one
    return _at_place(fit, gate, place, measure, mirrored if mirrored.proved else Mirror(None, False), gap)


def _gap(fit: LayoutFit, gate: CompiledActivation, points: Points, measure: MixingMeasure) -> float:
    """By how much a measure near the fit has a lower log-likelihood; infinite where it is not finite."""
    reference = points.reference if points.weighted else 0.0
    value = float(points.total(log_density(measure, gate, points.x, points.y) - reference))
    return fit.log_likelihood - value if np.isfinite(value) else np.inf


def _at_place(
    fit: LayoutFit, gate: CompiledActivation, place: str, measure: MixingMeasure, mirrored: Mirror, gap: float
) -> Proved:
    """The flows, twins and words of a special place from which the data do not tell the fit."""
    tau_free, kind, twin = fit.layout.tau is None, mirrored.kind, False
    other = float(fit.measure.tau) * (0.5 if place == "mirror" else 2.0)
    if place == "constant" or (place == "mirror" and kind == "even"):
        what = "a gate that does not depend on x, which leaves tau and beta1 open"
    elif place == "mirror" and kind == "homogeneous" and (tau_free or mirrored.degree == 0):
        what = "a mirror point beta1_1 = -beta1_0, where tau and beta1 are open: an orbit of parameters has one density"
    elif kind == "odd" and tau_free and fit.box.tau[0] <= other <= fit.box.tau[1]:
        what = f"a point whose density has another temperature as well, tau = {other:.3g}"
        twin = True
    else:
        return Proved(_none(fit))
    if gap <= AGREE:
        flows = _none(fit) if twin else _flows(fit, gate, measure)
        return Proved(flows, twin=twin, at_place=True, notes=(f"the fit is at {what}",))
    return Proved(_none(fit), notes=(f"the data do not tell the fit from {what} (log-likelihood lower by {gap:.2g})",))


def twin_notes(
    atoms: int, source: Activation, gauge: Gauge, beta1: Sequence[Sequence[float]] | None = None
) -> tuple[str, ...]:
    """The twins that every measure of so many atoms, or of these beta1, has beside orbits, in words."""
    notes = []
    for twin in single_twins(atoms, source, gauge, beta1):
        rows = twin_matrix(twin)
        if twin.alone:
            notes.append("the fit has twins: beta1 of every atom is determined up to its sign")
        elif rows is None or twin.signs or twin.factor != 1:
            notes.append(f"the fit has a twin with the same density, {twin.where}: {twin.map}")
        else:
            text = " and ".join(f"beta1 of atom {i} is {_of_others(row)}" for i, row in enumerate(rows))
            notes.append(f"the fit has a twin with the same density, in which {text}")
    return tuple(notes)


def _of_others(row: list[float]) -> str:
    """A row with at most one entry other than 0, 1 or -1, in words."""
    if not any(row):
        return "0"
    i = next(i for i, entry in enumerate(row) if entry)
    return f"{'minus ' if row[i] < 0 else ''}what it is here of atom {i}"


def single_twins(
    atoms: int, source: Activation, gauge: Gauge, beta1: Sequence[Sequence[float]] | None = None
) -> list[Twin]:
    """The twins of almost every truth, and of all of the signs of these beta1, that are points: orbits are flows."""
    if atoms < 2 or source.is_linear:
        return []
    every = twins(source, atoms=atoms, gauge=gauge).twins
    here = [t for t in every if (t.always if beta1 is None else t.acts_on(beta1))]
    return [
        t for t in here if not t.factor.free_symbols and t.image_symbols <= {v for e in t.truth for v in e.free_symbols}
    ]


def twin_matrix(twin: Twin) -> list[list[float]] | None:
    """The matrix that takes beta1 of the atoms to that of the twin; None where the twin has parameters of its own."""
    symbols = [v for v in twin.truth if v.is_Symbol]
    rows = [[sp.diff(image, v) if v.is_Symbol else sp.S.Zero for v in twin.truth] for image in twin.image]
    plain = twin.image_symbols <= set(symbols)
    if twin.shift or not plain or not all(entry.is_number for row in rows for entry in row):
        return None
    return [[float(entry) for entry in row] for row in rows]


def constant_combinations(x: Floats) -> tuple[Floats, Floats]:
    """The v (m, d) with x . v constant, to four digits (their squares are what curves), and the constants (m,)."""
    middle = x.mean(axis=0)
    centred = x - middle
    scale = np.linalg.norm(centred, axis=0)
    _, values, rows = np.linalg.svd(np.linalg.qr(centred / scale, mode="r"))
    v = rows[values**2 <= FLAT * values[0] ** 2] / scale
    return v, v @ middle


def dependent_directions(layout: Layout, x: Floats, *, linear: bool) -> Floats:
    """Directions (m, p) of theta along which no a_i . x + b_i and no gate changes at any x (n, d).

    A linear gate has a constant, beta0; s(beta1 . x) has none, so that there x . v = 0 is needed.
    """
    v, constants = constant_combinations(x)
    directions, d, size = [], layout.d, layout.atom_size
    apart = np.abs(constants) > _NO_MEAN * (np.abs(v) @ np.abs(x).max(axis=0))
    mixes = null_space(constants[None]).T if apart.any() else np.eye(len(v))
    gates = np.column_stack([v, -constants]) if linear else np.column_stack([mixes @ v, np.zeros(len(mixes))])
    for atom in range(layout.k):
        blocks = [(d + 1, np.column_stack([v, -constants]))] + [(0, gates)] * (atom < layout.gates)
        for first, rows in blocks:
            full = np.zeros((len(rows), 1 + layout.k * size))
            place = 1 + atom * size + first
            full[:, place : place + d + 1] = rows
            directions.append(full[:, layout.free])
    return np.concatenate(directions)


def fewer_gates(layout: Layout, open_dimensions: int, dependent: Floats, x: Floats) -> int:
    """By how much the parameters of a gate outnumber its values at x (n, d): k - 1 log odds at each different x.

    open_dimensions: what is counted as open already; dependent: of it, what `dependent_directions` found.
    """
    gates = sum(name in ("tau", "beta1", "beta0") for name, _ in layout.names)
    ours = [j for j, (name, _) in enumerate(layout.names) if name in ("a", "b")]
    of_experts = int(np.any(dependent[:, ours], axis=1).sum())
    return max(0, gates - (open_dimensions - of_experts) - (layout.k - 1) * len(np.unique(x, axis=0)))


_WEAK = 0.5  # standard errors of log tau above this are not trusted
_STEPS = 8  # from the estimate to an edge of the box
_STEP = 0.5  # in log tau, at least
_LEVEL = 1e-12  # of a log-likelihood
_ROUNDS = 3
_HALVINGS = 6  # of the step in which a flat profile ends


@dataclass(frozen=True)
class Side:
    """One side of the profile: the first tau that it excludes, else the edge of the box; its fall up to there."""

    tau: float
    fall: float


def settled(fit: LayoutFit, gate: CompiledActivation, points: Points) -> tuple[LayoutFit, tuple[Side, ...]]:
    """The fit, or a higher one to which the profile of tau leads; and its two sides, where they were looked at."""
    for _ in range(_ROUNDS):
        if fit.status == "spike" or fit.layout.tau is not None or fit.edge[0]:
            return fit, ()
        profile, sides = Profile.of(layout_problem(fit.layout, gate, points, fit.box), fit.theta, 0), []
        if profile.se <= _WEAK:
            return fit, ()
        for edge in np.log(fit.box.tau):
            side, highest = _walk(profile, float(edge))
            rise = highest.height - fit.log_likelihood
            if rise > _LEVEL * abs(fit.log_likelihood):
                break
            sides.append(side)
        else:
            return fit, tuple(sides)
        again = fit_points(fit.layout, gate, points, box=fit.box, starts=0, seed=0, known_starts=[highest.u])
        agree = fit.agree if rise <= AGREE else 1
        fit = replace(again, starts=fit.starts, planned=fit.planned, gain=fit.gain + rise, agree=agree)
    return fit, ()


def _walk(profile: Profile, edge: float) -> tuple[Side, Place]:
    """The profile from the estimate towards an edge of log tau, until it excludes a value; and its highest place.

    Where a flat profile begins to move is looked at closely: a gate with kinks is flat below its first kink, and the
    likelihood may rise just behind.
    """
    top, highest = profile.top, [profile.top]
    distance = edge - float(top.u[0])
    count = max(1, min(_STEPS, int(np.ceil(abs(distance) / _STEP))))
    path = [top]
    for i in range(1, count + 1):
        path.append(profile.onwards(edge if i == count else float(top.u[0]) + distance * i / count, path))
        highest.append(path[-1])
        falls = [top.height - place.height for place in path[-2:]]
        if abs(falls[1]) > AGREE >= falls[0]:
            highest += _between(profile, *path[-2:])
        if falls[1] >= INDISTINCT:
            break
    return Side(float(np.exp(path[-1].u[0])), falls[1]), max(highest, key=lambda place: place.height)


def _between(profile: Profile, level: Place, outer: Place) -> Iterator[Place]:
    """Places of the profile ever nearer to the end of its flat part, level, from behind it, moved."""
    for _ in range(_HALVINGS):
        middle = held_at(profile.problem, 0, float(level.u[0] + outer.u[0]) / 2, [level.u, outer.u])
        yield middle
        if abs(profile.top.height - middle.height) > AGREE:
            outer = middle
        else:
            level = middle


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
    best = linprog(objective, np.column_stack([-rows, *margin]), np.zeros(len(rows)), bounds=bounds[: len(objective)])
    if best.x is None:
        return None
    sizes = rows @ best.x[:size]
    solved = sizes.min() >= -_SOLVED and sizes.max() > _SOLVED if zeros else sizes.min() > _SOLVED
    return np.asarray(best.x[:size]) if solved else None


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
