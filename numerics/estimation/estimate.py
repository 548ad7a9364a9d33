"""Fits softmax, linear and activation gates with linear experts: estimates, standard errors, warnings in words.

`general.fit.fit` reads the data and options for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.estimation.arguments import fixed_tau
from temperance.numerics.estimation.delta_method import (
    Errors,
    Row,
    Told,
    identifiable_functions,
    interval,
    left_open,
    parameters,
)
from temperance.numerics.estimation.diagnostics import (
    of_covariates,
    of_search,
    of_separation,
    of_weights,
    uncertain,
    undetermined,
)
from temperance.numerics.estimation.fitted import Estimate, relative_errors
from temperance.numerics.estimation.identifiability import (
    Proved,
    dependent_directions,
    fewer_gates,
    proved_of,
    twin_notes,
)
from temperance.numerics.estimation.result import FitResult
from temperance.numerics.estimation.separation import lost, separated
from temperance.numerics.estimation.standardisation import Units
from temperance.numerics.estimation.tau_profile import Side, settled
from temperance.numerics.fitting.box import Box
from temperance.numerics.fitting.mle import search_layout
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.fitting.starts import SUBSAMPLE, clusterwise_regression
from temperance.numerics.likelihood.by_layout import formulas_of
from temperance.numerics.likelihood.generated import STEM, pays
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.merging.merge import Again
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.activation import activation as activated
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.models.spec import TAU

_CLUSTERINGS = 5


def _estimate(row: Row, errors: Errors, proved: Proved) -> Estimate:
    name, atom, _, gradients, scale = row
    values: list[float] = row.values.tolist()
    told = [errors.of(g) for g in gradients]
    if proved.twin and name in ("tau", "beta1", "beta0"):
        told = [Told(None, False)]
    verdicts = [t.identifiable for t in told]
    identifiable = False if False in verdicts else None if None in verdicts else True
    caveat = next((t.caveat for t in told if t.caveat and t.identifiable is identifiable), None)
    known = [t.se for t in told if t.se is not None]
    if len(known) < len(values) or not np.any(gradients):
        return Estimate(name, atom, values if len(values) > 1 else values[0], None, identifiable, caveat=caveat)
    intervals = [interval(value, e, scale) for value, e in zip(values, known, strict=True)]
    if len(values) > 1:
        return Estimate(name, atom, values, known, identifiable, intervals, caveat)
    return Estimate(name, atom, values[0], known[0], identifiable, intervals[0], caveat)


def default_box(points: Points, k: int) -> Box:
    """`Box.for_data`, with room for variances far below that of y where k lines leave little of it.

    The least variance is 5% of what clusterwise regression leaves, if that is less than var(y)/1000.
    """
    box, rng = Box.for_data(points.x, points.y, points.weights), np.random.default_rng(0)
    part, left = Points(*points.some(SUBSAMPLE, rng)), []
    x, y = part.x, part.y
    linear = formulas_of(activated("identity"), x.shape[1])
    for _ in range(_CLUSTERINGS):
        lines, _ = clusterwise_regression(linear, part, k, rng)
        residuals = y[:, None] - np.column_stack([x, np.ones(len(y))]) @ lines.T
        left.append(float((residuals**2).min(axis=1).sum()) / max(1, len(y) - lines.size))
    low, high = box.nu
    return replace(box, nu=(max(min(low, 0.05 * min(left)), 1e-6 * low), high))


@contextmanager
def announced(experts: int, *, few: bool) -> Iterator[None]:
    """Announce the compilation of a likelihood for so many experts on stderr, if there is one inside: not a load.

    few: that there is none, as there are few points.
    """
    if few:
        yield
        return
    from numba.core.event import Listener, install_listener

    class Announcer(Listener):
        """Prints a message when Numba, which looked on disk before, begins to compile a kernel."""

        def on_start(self, event: Any) -> None:
            compiled = event.data["dispatcher"].py_func
            if compiled.__name__ == "kernel" and compiled.__module__.startswith(STEM):
                message = f"compiling the likelihood for {experts} expert{'s' * (experts > 1)}, once"
                print(message, file=sys.stderr, flush=True)

        def on_end(self, event: Any) -> None:
            pass

    with install_listener("numba:compile", Announcer()):
        yield


@dataclass(frozen=True)
class Search:
    """How many starts, their seed, and what is called with the starts done and their number."""

    starts: int
    seed: int
    progress: Callable[[int, int], None] | None = None


def fits_of(
    points: Points,
    sizes: Sequence[int],
    gate: str,
    activation: str | sp.Expr | Activation | None,
    gauge: str,
    tau: float | None,
    box: Box | None,
    search: Search,
) -> list[FitResult]:
    """The fits of these numbers of linear Gaussian experts to points, with a gate of `FITTED`.

    Data in other units have the same fit in those units. From three experts on, splits of the maximum for one expert
    less are starts too, and from 5,000 points on all starts are compared on pooled points first. Few points are fitted
    in NumPy; for more the likelihood is compiled, once for each gate, number of experts and of columns, which is
    announced on stderr.

    Raises:
        ValueError: data or options that make no fit.
    """
    require_gate(gate, activation is not None, FITTED)
    chosen, held = gauge_of(gauge), _held(gate, tau)
    compiled = compile_activation(activated(activation if activation is not None else "identity"))
    layouts = [_layout(k, points, compiled, chosen, held) for k in sizes]
    return [_fit(layout, compiled, points, box, search) for layout in layouts]


def _held(gate: str, tau: float | None) -> float | None:
    """The temperature that is not fitted: that of a gate without, 1, or the given one; None if it is fitted."""
    if TAU in FITTED[gate](1).shared:
        return fixed_tau(tau)
    if tau not in (None, 1):
        raise ValueError(f"the {gate} gate has tau = 1, not {tau}; the linear gate takes any tau")
    return 1.0


def _layout(k: int, points: Points, gate: CompiledActivation, gauge: Gauge, held: float | None) -> Layout:
    """The coordinates of a fit. Raises ValueError for fewer points than parameters."""
    count = len(points.y)
    if k > count:
        raise ValueError(f"{count} points are fewer than the parameters of {k} atoms")
    layout = Layout(k, points.x.shape[1], "anchored" if gate.source.is_linear else gauge, held)
    if count < max(layout.size, layout.d + 2):
        raise ValueError(f"{count} points are fewer than the {layout.size} numbers that are fitted for {k} atoms")
    return layout


def _evaluated(gate: CompiledActivation, layout: Layout, points: int) -> CompiledActivation:
    """The gate, in machine code where so many points are worth it."""
    return replace(gate, machine_code=pays(formulas_of(gate.source, layout.d), layout.k, layout.gates, points))


@one_blas_thread()
def _fit(
    layout: Layout,
    gate: CompiledActivation,
    points: Points,
    box: Box | None,
    asked: Search,
    known: MixingMeasure | None = None,
    least: float = 0.0,
) -> FitResult:
    """The fit of one size to checked points; known: a measure to start from, besides; least: of variances."""
    linear, gate = gate.source.is_linear, _evaluated(gate, layout, len(points.y))
    if box is not None:
        box.bounds(layout)  # refuses one that does not go with x
    units = Units.of(points, centred_x=linear and box is None, centred_y=box is None)
    scaled = units.rescale(points)
    inside = default_box(scaled, layout.k) if box is None else units.box_of_data(box, back=True)
    inside = replace(inside, nu=(max(inside.nu[0], least / units.y_scale**2), inside.nu[1]))
    matrix, shift = units.matrix(layout)
    at = [] if known is None else [np.asarray(np.linalg.solve(matrix, layout.pack(known) - shift), dtype=float)]
    with announced(layout.k, few=not gate.machine_code):
        found = search_layout(layout, gate, scaled, box=inside, known_starts=at, **vars(asked))
    proved, sides = proved_of(found, gate, scaled), tuple[Side, ...]()
    if not (proved.twin or proved.flows.any()):
        found, sides = settled(found, gate, scaled)
        proved = proved_of(found, gate, scaled)
    proved = replace(proved, dependent=dependent_directions(layout, scaled.x, linear=linear))
    apart = separated(found, gate, scaled, points.x)
    result = units.fit_of_data(found, points.n, box or units.box_of_data(inside))
    fewer = fewer_gates(layout, proved.open_dimensions, proved.dependent, scaled.x)
    level, held = any(side.fall <= AGREE for side in sides), lost(found, apart, linear=linear)
    errors = Errors(found, proved, matrix, held, level=level, fewer=fewer)
    rows = parameters(result)
    rows += identifiable_functions(result, rows, linear, proved)
    estimates = tuple(_estimate(row, errors, proved) for row in rows)
    unknown = left_open(rows, errors) if found.is_estimate else []
    open_still = undetermined(() if errors.by_values else unknown, flat=errors.is_flat)
    others = twin_notes(layout.k, gate.source, layout.gauge, found.measure.beta1.tolist())
    relative = uncertain(relative_errors(estimates), sides)
    size = layout.size - proved.open_dimensions - fewer
    along = proved.dependent @ errors.matrix.T
    of_x = of_covariates(layout, along, fewer, scaled.x, unknown if errors.by_values else ())
    of_x += of_weights(points.n, size)
    split = of_separation(apart, layout.k)
    switching = "s has switching points, where the likelihood is not smooth" if len(gate.source.pieces) > 1 else ""
    notes = (*proved.notes, *others, *of_x, *split, *open_still, *relative, *of_search(found, switching))
    centre = (tuple(units.x_centre.tolist()), units.y_centre)
    described = (estimates, notes, (), points.n, size, result, centre, gate.source)
    again = Again(points, partial(_refitted, (points, box, asked.seed)))
    return FitResult(*described, twin=bool(others), separated=bool(apart), again=again)


def _refitted(
    of: tuple[Points, Box | None, int], fit: FitResult, k: int, known: MixingMeasure | None, starts: int, least: float
) -> FitResult:
    """The fit of k atoms to the data of another fit: from a measure, and from fresh starts; no variance below least.

    of: points, box and seed.
    """
    gate, (points, box, seed) = compile_activation(fit.source), of
    layout = _layout(k, points, gate, fit.fit.layout.gauge, fit.fit.layout.tau)
    found = _fit(layout, gate, points, box, Search(starts, seed), known, least)
    return replace(found, columns=fit.columns, dropped=fit.dropped)
