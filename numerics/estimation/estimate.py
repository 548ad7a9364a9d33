"""Fits softmax, linear and activation gates with linear experts: estimates, standard errors, warnings in words.

`general.fit.fit` reads the data and options for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.estimation.data import Units, fixed_tau
from temperance.numerics.estimation.delta_method import (
    Errors,
    Optimum,
    estimate_of,
    identifiable_functions,
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
from temperance.numerics.estimation.identifiability import dependent_directions, fewer_gates, proved_of, twin_notes
from temperance.numerics.estimation.result import FitResult, FittedModel, relative_errors
from temperance.numerics.estimation.separation import lost, separated
from temperance.numerics.estimation.tau_profile import Side, settled
from temperance.numerics.fitting.box import Box
from temperance.numerics.fitting.mle import Fit, search_layout
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.fitting.starts import SUBSAMPLE, clusterwise_regression
from temperance.numerics.likelihood.generated import STEM, few, layout_formulas
from temperance.numerics.merging.as_mixture import mixture_of, model_of
from temperance.numerics.merging.merge import FittedMixture
from temperance.numerics.merging.mixture import Mixture
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.activation import activation as activated
from temperance.theory.models.experts import expert
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.models.spec import NU, TAU, coordinates

_CLUSTERINGS = 5


def default_box(points: Points, k: int) -> Box:
    """`Box.for_data`, with room for variances far below that of y where k lines leave little of it.

    The least variance is 5% of what clusterwise regression leaves, if that is less than var(y)/1000.
    """
    box, rng = Box.for_data(points.x, points.y, points.weights), np.random.default_rng(0)
    part, variances = Points(*points.some(SUBSAMPLE, rng)), []
    x, y = part.x, part.y
    linear = layout_formulas(activated("identity"), x.shape[1])
    for _ in range(_CLUSTERINGS):
        lines, _ = clusterwise_regression(linear, part, k, rng)
        residuals = y[:, None] - np.column_stack([x, np.ones(len(y))]) @ lines.T
        variances.append(float((residuals**2).min(axis=1).sum()) / max(1, len(y) - lines.size))
    low, high = box.nu
    return replace(box, nu=(max(min(low, 0.05 * min(variances)), 1e-6 * low), high))


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


@dataclass(frozen=True, eq=False)
class Data:
    """Checked points, the names of the columns of x, how many rows were left out, and the box that was asked for."""

    points: Points
    columns: tuple[str, ...]
    dropped: int
    box: Box | None


def fits_of(
    data: Data,
    sizes: Sequence[int],
    gate: str,
    activation: str | sp.Expr | Activation | None,
    gauge: str,
    tau: float | None,
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
    layouts = [_layout(k, data.points, compiled, chosen, held) for k in sizes]
    return [_fit(layout, compiled, data, search) for layout in layouts]


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
    return replace(gate, machine_code=not few(layout.k, points))


@one_blas_thread()
def _fit(
    layout: Layout,
    gate: CompiledActivation,
    data: Data,
    search: Search,
    start: MixingMeasure | None = None,
    least: float = 0.0,
) -> FitResult:
    """The fit of one size; start: a measure to begin with, besides; least: of variances."""
    points, box, linear = data.points, data.box, gate.source.is_linear
    gate = _evaluated(gate, layout, len(points.y))
    if box is not None:
        box.bounds(layout)  # refuses one that does not go with x
    units = Units.of(points, centred_x=linear and box is None, centred_y=box is None)
    scaled = units.rescale(points)
    inside = default_box(scaled, layout.k) if box is None else units.box_of_data(box, back=True)
    inside = replace(inside, nu=(max(inside.nu[0], least / units.y_scale**2), inside.nu[1]))
    matrix, shift = units.matrix(layout)
    at = [] if start is None else [np.asarray(np.linalg.solve(matrix, layout.pack(start) - shift), dtype=float)]
    with announced(layout.k, few=not gate.machine_code):
        best = search_layout(layout, gate, scaled, box=inside, known_starts=at, **vars(search))
    proved, sides = proved_of(best, gate, scaled), tuple[Side, ...]()
    if not (proved.twin or proved.flows.any()):
        best, sides = settled(best, gate, scaled)
        proved = proved_of(best, gate, scaled)
    proved = replace(proved, dependent=dependent_directions(layout, scaled.x, linear=linear))
    apart = separated(best, gate, scaled, points.x)
    result = units.fit_of_data(best, points.n, box or units.box_of_data(inside))
    fewer = fewer_gates(layout, proved.open_dimensions, proved.dependent, scaled.x)
    level, no_maximum = any(side.fall <= AGREE for side in sides), lost(best, apart, linear=linear)
    errors = Errors(Optimum.of(best), proved.every, matrix, no_maximum, level=level, open_dimensions=fewer)
    rows = parameters(layout.names, result.theta, Optimum.of(best).logs)
    rows += identifiable_functions(result, rows, linear, proved)
    estimates = tuple(estimate_of(row, errors, ("tau", "beta1", "beta0") * proved.twin) for row in rows)
    unexplained = [(row.name, row.atom) for row in rows if errors.leaves_open(row)]
    others = twin_notes(layout.k, gate.source, layout.gauge, best.measure.beta1.tolist())
    size = layout.size - proved.open_dimensions - fewer
    along = proved.dependent @ matrix.T
    notes = [*proved.notes, *others]
    notes += of_covariates(layout, along, fewer, scaled.x, unexplained if errors.is_counted else ())
    notes += of_weights(points.n, size) + of_separation(apart, layout.k)
    notes += undetermined(() if errors.is_counted else unexplained, flat=errors.is_flat)
    notes += uncertain(relative_errors(estimates), sides)
    switching = "s has switching points, where the likelihood is not smooth" if len(gate.source.pieces) > 1 else ""
    notes += of_search(best, switching)
    return FitResult(
        estimates,
        warnings=tuple(notes),
        columns=data.columns,
        points=points.n,
        n_parameters=size,
        fit=result,
        model=_model(result, gate.source, units),
        mixture=_mixture(result, gate.source, data, search.seed),
        dropped=data.dropped,
        twin=bool(others),
        separated=bool(apart),
    )


def _model(fit: Fit, source: Activation, units: Units) -> FittedModel:
    """The gate and its temperature, in words; the box holds about the centre of the data."""
    layout = fit.layout
    gate = "linear gate" if source.is_linear else f"gate of s(z) = {source.name}, gauge {layout.gauge}"
    gate = f"{gate}, {'tau estimated' if layout.tau is None else f'tau = {layout.tau:g}'}"
    title = f"Mixture of {fit.k} linear Gaussian expert{'s' * (fit.k > 1)}, {gate}"
    centre = {"x": units.x_centre.tolist(), "y": units.y_centre}
    return FittedModel(title, gate, {**asdict(fit.box), "centre": centre}, layout.names)


def _mixture(fit: Fit, source: Activation, data: Data, seed: int) -> FittedMixture:
    """The mixture in formulas, what the gauge holds, and how it is fitted again."""
    mixture, held = mixture_of(fit.measure, fit.layout, source)
    d = fit.layout.d
    line = tuple(p.name for p in expert("gaussian", d).parameters if p != NU)
    names = (("beta0", *(p.name for p in coordinates("beta1", d))), ("tau",), line)

    again = partial(_refit, fit.layout, source, data, seed)
    return FittedMixture(mixture, held, data.points, partial(model_of, source, d), names, again)


def _refit(
    layout: Layout,
    source: Activation,
    data: Data,
    seed: int,
    k: int,
    mixture: Mixture | None = None,
    starts: int = 0,
    least: float = 0.0,
) -> FitResult:
    """The fit of k atoms in the gauge of a layout: from a mixture, and from fresh starts; no variance below least."""
    gate, start = compile_activation(source), None
    if (m := mixture) is not None:
        start = MixingMeasure(m.own[:, 1:], m.own[:, 0], m.shared[0], m.lines[:, :-1], m.lines[:, -1], m.nu)
    smaller = _layout(k, data.points, gate, layout.gauge, layout.tau)
    return _fit(smaller, gate, data, Search(starts, seed), start, least)
