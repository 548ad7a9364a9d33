"""Turns the maximum that a search found into estimates, standard errors and warnings in words.

`refit_of` is of softmax, linear and activation gates with linear experts, `result_of` of any other gate and Gaussian
expert. `estimation.fit.fit` reads the data and options for both.

Standard errors are those of the parameters of a fit, and of the functions that are identifiable where some are not, on
one path for every gate and expert: a row of functions of theta with their gradients (`parameters`,
`rows_of_layout`), and `Errors`, made of where the search ended and of what theory proves.

Example: ``[estimate_of(row, errors) for row in parameters(fit)]``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.estimation.data import Units, fixed_tau
from temperance.numerics.estimation.errors import Errors, StandardError
from temperance.numerics.estimation.identifiability import (
    DESIGN,
    INDISTINCT,
    Proved,
    Side,
    dependent_directions,
    fewer_gates,
    generic_flows,
    lost,
    proved_of,
    separated,
    settled,
    twin_notes,
)
from temperance.numerics.estimation.intervals import QUANTILE, Surroundings, misled, of_layout, of_model
from temperance.numerics.estimation.merge import FittedMixture, Held, Refit, mixture_of, model_of
from temperance.numerics.estimation.result import (
    Estimate,
    FitResult,
    FittedModel,
    Interval,
    Row,
    Scale,
    lone,
    named,
    relative_errors,
    unwrap,
)
from temperance.numerics.estimation.truth_comparison import compared, in_gauge
from temperance.numerics.fitting.climb import climb_of
from temperance.numerics.fitting.fits import Fit, LayoutFit, ModelFit, held_of, own_of, require_points, search_layout
from temperance.numerics.fitting.problem import Box
from temperance.numerics.fitting.search import AGREE
from temperance.numerics.fitting.starts import SUBSAMPLE, clusterwise_regression
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats, compile_activation
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import STEM, Mixture, layout_formulas, needs_machine_code
from temperance.numerics.mixture.measures import Gauge, Layout, MixingMeasure, measure_of
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.activations.activation import Activation
from temperance.theory.activations.activation import activation as activated
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.experts import expert, mean_of
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.models.spec import (
    NU,
    TAU,
    MoESpec,
    atom_symbol,
    coordinates,
    covariates,
    kinks,
    weight_parameters,
)
from temperance.theory.models.truth import Truth
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.symmetries.traits import flows_of_gate, translations, understood

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
def announced(*, compiled: bool) -> Iterator[None]:
    """Announce on stderr what is compiled inside, the likelihood of a gate or the search: not a load.

    compiled: whether there may be one.
    """
    if not compiled:
        yield
        return
    from numba.core.event import Listener, install_listener

    class Announcer(Listener):
        """Prints a message when Numba, which looked on disk before, begins to compile a kernel."""

        def on_start(self, event: Any) -> None:
            compiled = event.data["dispatcher"].py_func
            if compiled.__name__ == "kernel" and compiled.__module__.startswith(STEM):
                print("compiling the likelihood of this gate, once", file=sys.stderr, flush=True)
            elif compiled.__name__ == climb_of(0).__name__:
                print("compiling the search, once: about half a minute", file=sys.stderr, flush=True)

        def on_end(self, event: Any) -> None:
            pass

    with install_listener("numba:compile", Announcer()):
        yield


@dataclass(frozen=True, eq=False)
class Data:
    """Checked points, the names of the columns of x, how many rows were left out, and the box that was asked for.

    The box is a `Box` or None for `refit_of`, bounds by names or None for formulas.
    """

    points: Points
    columns: tuple[str, ...]
    dropped: int
    box: Any


def refit_of(
    data: Data,
    sizes: Sequence[int],
    gate: str,
    activation: str | sp.Expr | Activation | None,
    gauge: str,
    tau: float | None,
    seed: int,
) -> Refit:
    """What fits one of these numbers of linear Gaussian experts to points, with a gate of `FITTED`.

    Data in other units have the same fit in those units. From three experts on, splits of the maximum for one expert
    less are starts too, and so is a truth; from 5,000 points on all starts are compared on pooled points first. From
    two experts on and up to three columns the likelihood is compiled, once for each gate and number of columns, and the
    search once; both are announced on stderr.

    Raises:
        ValueError: data or options that make no fit.
    """
    require_gate(gate, activation is not None, FITTED)
    of_gauge = (gauge_of(gauge), _held(gate, tau))
    source = activated(activation if activation is not None else "identity")
    for k in sizes:
        _layout(k, data.points, source, *of_gauge)
    return partial(_fit, source, *of_gauge, data, seed)


def _held(gate: str, tau: float | None) -> float | None:
    """The temperature that is not fitted: that of a gate without, 1, or the given one; None if it is fitted."""
    if TAU in FITTED[gate](1).shared:
        return fixed_tau(tau)
    if tau not in (None, 1):
        raise ValueError(f"the {gate} gate has tau = 1, not {tau}; the linear gate takes any tau")
    return 1.0


def _layout(k: int, points: Points, source: Activation, gauge: Gauge, held: float | None) -> Layout:
    """The coordinates of a fit. Raises ValueError for fewer points than parameters."""
    count = len(points.y)
    if k > count:
        raise ValueError(f"{count} points are fewer than the parameters of {k} atoms")
    layout = Layout(k, points.x.shape[1], "anchored" if source.is_linear else gauge, held)
    require_points(points, layout.size - (source.is_linear and held is None), k)
    return layout


@one_blas_thread()
def _fit(
    source: Activation,
    gauge: Gauge,
    tau: float | None,
    data: Data,
    seed: int,
    k: int,
    mixture: Mixture | None = None,
    starts: int = 0,
    least: float = 0.0,
    fewer: Sequence[Mixture] = (),
    truth: Truth | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
) -> FitResult:
    """The fit of k atoms, as `Refit` has it, with this gauge and temperature, which is None where it is fitted.

    truth: another start, and what the fit is compared with.
    """
    points, box, linear = data.points, data.box, source.is_linear
    layout = _layout(k, points, source, gauge, tau)
    gate = replace(compile_activation(source), machine_code=needs_machine_code(k, points.x))
    if box is not None:
        box.bounds(layout)  # refuses one that does not go with x
    units = Units.of(points, centred_x=linear and box is None, centred_y=box is None)
    scaled = units.rescale(points)
    inside = default_box(scaled, k) if box is None else units.box_of_data(box, back=True)
    inside = replace(inside, nu=(max(inside.nu[0], least / units.y_scale**2), inside.nu[1]))
    at, below = (_thetas(mixtures, layout, units) for mixtures in ([mixture] if mixture else (), fewer))
    searched: dict[str, Any] = {"box": inside, "starts": starts, "seed": seed, "progress": progress, "keep": keep}
    true = None if truth is None else _true_mixture(truth, layout, source, points.x)
    if true is not None:
        searched["true"] = replace(layout, k=true.k), *_thetas([true], layout, units)
    with announced(compiled=gate.machine_code):
        best = search_layout(layout, gate, scaled, known_starts=at, fewer=below, **searched)
    proved, sides = proved_of(best, gate, scaled), tuple[Side, ...]()
    if not (proved.twin or proved.flows.any()):
        best, sides = settled(best, gate, scaled)
        proved = proved_of(best, gate, scaled)
    result = units.fit_of_data(best, points.n, box or units.box_of_data(inside))
    refit = partial(_fit, source, gauge, tau, data, seed)
    answer = _result_of_layout(best, result, gate, data, units, proved, sides, refit)
    return compared(answer, true, lambda m: rows_of_layout(_at(result, m), linear, proved))


def _true_mixture(truth: Truth, layout: Layout, source: Activation, x: Floats) -> Mixture:
    """A truth at the temperature and in the gauge of a layout. Raises ValueError where it has no such parameters."""
    true, held = mixture_of(measure_of(truth), layout, source)
    tau = float(true.shared[0])
    if layout.tau not in (None, tau):
        if not source.is_linear:
            raise ValueError(f"the truth has tau = {tau:g}, which the fit holds at {layout.tau:g}; accepted: the same")
        true = replace(true, own=true.own * (layout.tau / tau), shared=np.array([layout.tau]))
    return in_gauge(true, held, x)


def _result_of_layout(
    best: LayoutFit,
    result: LayoutFit,
    gate: CompiledActivation,
    data: Data,
    units: Units,
    proved: Proved,
    sides: Sequence[Side],
    refit: Refit,
) -> FitResult:
    """What a fit says; best, result: in the units of the search and of the data; sides: of the profile of tau."""
    layout, source, points = best.layout, gate.source, data.points
    scaled, (matrix, _), linear = units.rescale(points), units.matrix(layout), source.is_linear
    proved = replace(proved, dependent=dependent_directions(layout, scaled.x, linear=linear))
    apart = separated(best, gate, scaled, points.x)
    spare = fewer_gates(layout, proved.open_dimensions, proved.dependent, scaled.x)
    level, no_maximum = any(side.fall <= AGREE for side in sides), lost(best, apart, linear=linear)
    errors = Errors(best, proved.every, matrix, no_maximum, level=level, open_dimensions=spare)
    rows = rows_of_layout(result, linear, proved)
    estimates = tuple(estimate_of(row, errors, ("tau", "beta1", "beta0") * proved.twin) for row in rows)
    unexplained = [(row.name, row.atom) for row in rows if errors.leaves_open(row.gradients)]
    others = twin_notes(layout.k, source, layout.gauge, best.measure.beta1.tolist())
    size = layout.size - proved.open_dimensions - spare
    along = proved.dependent @ matrix.T
    notes = [*proved.notes, *others]
    notes += _of_covariates(layout, along, spare, scaled.x, unexplained if errors.is_counted else ())
    notes += _of_weights(points.n, size) + _of_separation(apart, layout.k)
    notes += _undetermined(() if errors.is_counted else unexplained, flat=errors.is_flat)
    notes += _uncertain(relative_errors(estimates), sides)
    around, mixture = partial(of_layout, best, source, points, units), _mixture(result, source, points, refit)
    notes += [] if sides else _misled(estimates, around)
    switching = "s has switching points, where the likelihood is not smooth" if len(source.pieces) > 1 else ""
    notes += _of_search(best, switching)
    return FitResult(
        estimates,
        notes=tuple(notes),
        columns=data.columns,
        points=points.n,
        n_parameters=size,
        fit=result,
        model=_model(result, source, units),
        mixture=mixture,
        dropped=data.dropped,
        twin=bool(others),
        separated=bool(apart),
        around=around,
        errors=errors,
        gradients=np.vstack([row.gradients for row in rows]),
        places=_places(mixture.values, layout),
    )


def _model(fit: LayoutFit, source: Activation, units: Units) -> FittedModel:
    """The gate and its temperature, in words; the box holds about the centre of the data."""
    layout = fit.layout
    gate = "linear gate" if source.is_linear else f"gate of s(z) = {source.name}, gauge {layout.gauge}"
    gate = f"{gate}, {'tau estimated' if layout.tau is None else f'tau = {layout.tau:g}'}"
    title = f"Mixture of {fit.k} linear Gaussian expert{'s' * (fit.k > 1)}, {gate}"
    centre = {"x": units.x_centre.tolist(), "y": units.y_centre}
    return FittedModel(title, gate, {**asdict(fit.box), "centre": centre})


def _mixture(fit: LayoutFit, source: Activation, points: Points, refit: Refit) -> FittedMixture:
    """The mixture in formulas, and what the gauge holds."""
    mixture, held = mixture_of(fit.measure, fit.layout, source)
    d = fit.layout.d
    line = tuple(p.name for p in expert("gaussian", d).parameters if p != NU)
    names = (("beta0", *(p.name for p in coordinates("beta1", d))), ("tau",), line)
    return FittedMixture(mixture, held, points, partial(model_of, source, d), names, refit)


def _places(mixture: Mixture, layout: Layout) -> list[int]:
    """Where the coordinates of a layout are among those of its mixture."""
    at = Mixture.of(mixture.formulas, mixture.k, np.arange(float(len(mixture.natural))))
    atoms = np.column_stack([at.own[:, 1:], at.own[:, 0], at.lines, at.nu])
    places: list[int] = np.concatenate([at.shared, atoms.ravel()])[layout.free].astype(int).tolist()
    return places


def _thetas(mixtures: Sequence[Mixture], layout: Layout, units: Units) -> list[Floats]:
    """The coordinates of mixtures in these units, each in the layout of as many atoms."""
    thetas = []
    for m in mixtures:
        own = replace(layout, k=m.k)
        matrix, shift = units.matrix(own)
        thetas.append(np.asarray(np.linalg.solve(matrix, own.pack(_measure(m)) - shift), dtype=float))
    return thetas


def _at(fit: LayoutFit, m: Mixture) -> LayoutFit:
    """A fit with the parameters of a mixture."""
    return replace(fit, theta=fit.layout.pack(_measure(m)))


def _measure(m: Mixture) -> MixingMeasure:
    """The measure of a mixture of `mixture_of`."""
    return MixingMeasure(m.own[:, 1:], m.own[:, 0], m.shared[0], m.lines[:, :-1], m.lines[:, -1], m.nu)


_APART = 1e4  # scales of columns that one search can take


def result_of(fit: ModelFit, data: Data, *, noise: str, refit: Refit, true: Mixture | None = None) -> FitResult:
    """What a fit to these data says; noise: each, common or known; true: what it is compared with."""
    spec, k, points, columns = fit.spec, fit.k, data.points, data.columns
    errors = Errors(fit, _flows(fit, points))
    gate = {p.name for p in (*spec.gate.parameters, *held_of(spec))} if k == 1 else set[str]()
    rows = [r for r in parameters(fit) if r.name not in gate]
    estimates = [estimate_of(row, errors) for row in rows]
    open_ = tuple(dict.fromkeys(e.parameter for e in estimates if e.identifiable is False))
    functions = _identifiable(spec, open_)
    of_functions = [(row, estimate_of(row, errors)) for f in functions for row in _rows_of_function(f, fit)]
    determined = [(row, e) for row, e in of_functions if e.se is not None]
    estimates += [e for _, e in determined]
    singular = [(e.parameter, e.atom) for e in estimates if e.caveat == "singular" and e.identifiable is None]
    notes = [*_scales(points, columns), *_of_theory(open_, functions), *_undetermined(singular, flat=False)]
    rough = "a formula has kinks that x reaches, where the likelihood is not smooth"
    crossed, around = _kinks_reached(fit, points), partial(of_model, fit, points, noise)
    if crossed and fit.is_estimate:
        notes.append(f"{rough}: standard errors are those of the stretch between kinks where the search ended")
    notes += _of_weights(points.n, fit.n_parameters) + _uncertain(relative_errors(estimates), ())
    notes += _misled(estimates, around)
    notes += _of_search(fit, f"{rough}, and a maximum at one has no standard error" if crossed else "")
    answer = FitResult(
        tuple(estimates),
        notes=tuple(notes),
        columns=columns,
        points=points.n,
        n_parameters=fit.n_parameters,
        fit=fit,
        model=_formula_model(fit, columns, noise),
        mixture=_formula_mixture(fit, points, refit if noise == "each" else None),
        dropped=data.dropped,
        around=around,
        errors=errors,
        gradients=np.vstack([row.gradients for row in (*rows, *(row for row, _ in determined))]),
        places=range(len(fit.theta)),
    )

    def rows_of(m: Mixture) -> list[Row]:
        at = replace(fit, theta=m.theta)
        return [*parameters(at), *(row for f in functions for row in _rows_of_function(f, at))]

    return compared(answer, true, rows_of)


def true_mixture(truth: Truth, x: Floats) -> Mixture:
    """A truth of a model in the gauge of its fits. Raises ValueError where it has no such parameters."""
    spec = truth.spec
    each = (*own_of(spec), *spec.expert.parameters)
    natural = [atom[p] for atom in truth.atoms for p in each] + [truth.shared[p] for p in spec.gate.shared]
    mixture = Mixture.of(formulas_of(spec), truth.k, np.array(natural, dtype=float))
    return in_gauge(mixture, _held_places(spec), x)


def _misled(estimates: Sequence[Estimate], around: Callable[[], Surroundings]) -> list[str]:
    """About which parameters that all atoms share the curvature misleads; around: the likelihood around the fit."""
    shared = [
        (e.parameter, e.interval)
        for e in estimates
        if e.atom is None and e.caveat is None and not e.is_weak and isinstance(e.interval, tuple)
    ]
    if not shared:
        return []
    here = around()
    return [note for name, interval in shared for note in misled(here, name, interval)]


def _formula_model(fit: ModelFit, columns: tuple[str, ...], noise: str) -> FittedModel:
    """What was understood of gate and expert, and what the columns of x are called."""
    spec, reading = fit.spec, understood(fit.spec)
    named = zip(covariates(spec.dim), columns, strict=True)
    pairs = [f"{x} is column {c}" for j, (x, c) in enumerate(named, 1) if c not in (str(x), f"x{j}", str(j))]
    held = replace(reading, held=tuple(held_of(spec)))
    variance = {"known": ["nu is known"], "common": ["nu is common to all atoms"]}.get(noise, [])
    gate = "; ".join([str(held), *variance, *([", ".join(pairs)] if pairs else [])])
    title = f"Mixture of {fit.k} expert{'s' * (fit.k > 1)} {spec.expert.name}, gate {spec.gate.name}"
    box = {name: list(ends) for name, ends in fit.box.items()}
    record = {"gate_formula": reading.record(), "expert_density": reading.density, "noise": noise}
    return FittedModel(title, gate, box, (gate,), record)


def _formula_mixture(fit: ModelFit, points: Points, refit: Refit | None) -> FittedMixture:
    """The mixture, and what its gate holds."""
    spec, formulas = fit.spec, formulas_of(fit.spec)
    line = tuple(p.name for p in spec.expert.parameters if p != NU)
    names = (tuple(p.name for p in own_of(spec)), tuple(p.name for p in spec.gate.shared), line)
    mixture, itself = Mixture.of(formulas, fit.k, fit.natural), partial(model_of, spec, spec.dim)
    return FittedMixture(mixture, _held_places(spec), points, itself, names, refit)


def _held_places(spec: MoESpec) -> Held:
    """What fits of a model hold."""
    held, own = held_of(spec), own_of(spec)
    return Held(tuple(map(own.index, held)), tuple(held.values()), False, False)


def _flows(fit: ModelFit, points: Points) -> Floats:
    """The flows (m, q) of the parameters that identities move while the density stays.

    Those of each atom or of what is shared, and translations of scores that are not taken away by what is held.
    """
    spec, own = fit.spec, {*fit.spec.gate.own}
    translated = [f for f in translations(spec) if f.free_symbols & own]
    movable = {p.name for flow in flows_of_gate(spec) for p, _ in flow.orbit}
    movable |= {p.name for f in translated for p in (*f.free_symbols & own, *weight_parameters(spec))}
    free = np.array([name in movable for name, _ in fit.names]) @ fit.moves > 0
    low, high = points.x.min(axis=0), points.x.max(axis=0)
    x = np.random.default_rng(0).uniform(low, high, (max(DESIGN, 2 * len(fit.theta)), spec.dim))
    mixture = Mixture.of(formulas_of(spec), fit.k, fit.natural)
    part = generic_flows(mixture, fit.moves[:, free], x) if free.any() else np.zeros((0, 0))
    flows = np.zeros((len(part), len(free)))
    flows[:, free] = part
    return flows


def _identifiable(spec: MoESpec, names: tuple[str, ...]) -> list[sp.Expr]:
    """The identifiable functions of parameters of these names, of one atom or of the atoms i and j."""
    if not names:
        return []
    functions = symmetries(derive(spec.gate, spec.expert, dim=spec.dim, order=1)).identifiable or ()
    wanted = {q for p in spec.parameters if p.name in names for q in (p, atom_symbol(p, "i"), atom_symbol(p, "j"))}
    return [f for f in functions if not f.is_Symbol and f.free_symbols & wanted]


def _of_theory(names: tuple[str, ...], functions: Sequence[sp.Expr]) -> list[str]:
    """That parameters are not identifiable, and which functions of them are."""
    if not names:
        return []
    instead = f"; {', '.join(map(str, functions))} {'is' if len(functions) == 1 else 'are'}" * bool(functions)
    verb = "is" if len(names) == 1 else "are"
    return [f"by an identity of this model {', '.join(names)} {verb} not identifiable{instead}"]


def _rows_of_function(f: sp.Expr, fit: ModelFit) -> Iterator[Row]:
    """A function of one atom's parameters, for every atom.

    None of it where it has more than one atom's parameters, and where it is held.
    """
    symbols = sorted(f.free_symbols, key=str)
    slopes = sp.lambdify(symbols, [f, *(sp.diff(f, p) for p in symbols)], "numpy")
    for atom in range(fit.k):
        places = [j for p in symbols for j, name in enumerate(fit.names) if name in ((p.name, None), (p.name, atom))]
        own = [j for j in places if fit.names[j][1] is not None]
        if len(places) < len(symbols) or not fit.moves[own].any():
            continue
        values = fit.natural[places]
        value, *gradient = slopes(*values)
        along = np.array(gradient) * np.where(fit.logs[places], values, 1.0) @ fit.moves[places]
        yield Row(str(f), atom, np.array([float(value)]), along[None], "log" if f.is_positive else "real")


def _kinks_reached(fit: ModelFit, points: Points) -> bool:
    """Whether points lie on both sides of a kink that parameters move."""
    spec, x = fit.spec, covariates(fit.spec.dim)
    mean = mean_of(spec.expert)
    gaps = [kink.boundary for kink in kinks(spec) if kink.moved_by and kink.kind == "boundary"]
    gaps += [r.lhs - r.rhs for r in mean.atoms(sp.core.relational.Relational)] if mean is not None else []
    values: Floats
    for gap in gaps:
        for atom in range(fit.k):
            at = {name: value for (name, i), value in fit.values.items() if i in (None, atom)}
            numbers = {p: at[p.name] for p in gap.free_symbols if p.name in at}
            values = sp.lambdify(x, gap.subs(numbers), "numpy")(*points.x.T) * np.ones(len(points.y))
            if values.min() <= 0 <= values.max():
                return True
    return False


def _scales(points: Points, columns: tuple[str, ...]) -> list[str]:
    """That columns differ much in scale, which no formula lets us change."""
    named = dict(zip((*(f"column {c} of x" for c in columns), "y"), (*points.x.T, points.y), strict=True))
    sizes = {name: float(np.abs(column).max()) for name, column in named.items()}
    least, most = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
    if sizes[most] <= _APART * sizes[least]:
        return []
    sizes_ = f"{least} is at most {sizes[least]:.3g} and {most} {sizes[most]:.3g} in size"
    return [f"{sizes_}: formulas keep the units of the data, and a search is better in units of like size"]


_ROUNDING = 1e-9  # of a direction


def _undetermined(unknown: Sequence[tuple[str, int | None]], *, flat: bool) -> list[str]:
    """What the information is singular in beyond what theory proves; flat: whether the likelihood is flat along it.

    A singular information alone says nothing of the data: the point may be a saddle, or the foot of a higher ridge.
    """
    names = ", ".join(named(*u) for u in unknown)
    if not unknown:
        return []
    if flat:
        return [f"the likelihood is flat at the maximum that was found: there the data do not determine {names}"]
    return [f"the information is singular where the search ended, in {names}: it may be no maximum, and tells no error"]


def _of_covariates(
    layout: Layout, dependent: Floats, fewer: int, x: Floats, unknown: Sequence[tuple[str, int | None]]
) -> list[str]:
    """Columns of x that depend on each other, along directions (m, p); and gates with too many parameters.

    unknown: what these leave open.
    """
    notes = []
    if len(dependent):
        names, sizes = np.array([name for name, _ in layout.names]), np.abs(dependent)
        largest = (sizes / sizes.max(axis=1, keepdims=True)).max(axis=0)
        groups = [name for name in ("beta1", "beta0", "a", "b") if (largest[names == name] > _ROUNDING).any()]
        listed = " and ".join([", ".join(groups[:-1]), groups[-1]]) if groups[1:] else groups[0]
        what = f"no single {listed} {'are' if groups[1:] else 'is'} determined"
        notes.append(
            f"the columns of x are linearly dependent (to four digits): {what}, "
            f"and AIC and BIC count {len(dependent)} parameters less"
        )
    if fewer:
        values = len(np.unique(x, axis=0))
        notes.append(
            f"x has only {values} different values, where a gate has {(layout.k - 1) * values} log odds: "
            f"AIC and BIC count {fewer} of its parameters less"
            + f", so that the data do not determine {', '.join(named(*u) for u in unknown)}"
            * bool(unknown)
        )
    return notes


def _of_separation(atoms: Sequence[int], k: int) -> list[str]:
    """That the likelihood has no maximum; atoms: of k, those that a gate separates."""
    if not atoms:
        return []
    whole = k == 2 or len(atoms) == k
    each = f"atom {atoms[0]}" if len(atoms) == 1 else f"each of the atoms {', '.join(map(str, atoms))}"
    which = "between the atoms" if whole else f"of {each} from the others"
    return [
        "the likelihood has no maximum: with these experts it rises without end as the gate gets steeper and splits "
        f"the points {which} for certain; the numbers of the gate are where the search stopped"
    ]


def _of_weights(n: float, size: int) -> list[str]:
    """That the weights sum to fewer points than there are parameters, as shares do; n: their sum."""
    note = (
        f"the weights sum to {n:.3g} points, fewer than the {size} parameters: a weight says how often a row was seen"
    )
    return [f"{note}, and standard errors, AIC and BIC are those of so many points"] * (n < size)


def _uncertain(errors: Sequence[tuple[str, int | None, float]], sides: Sequence[Side]) -> list[str]:
    """Relative errors above 1 of positive parameters, (parameter, atom, error), and a profile that does not fall."""
    notes = []
    for parameter, atom, error in errors:
        if error > 1:
            name = named(parameter, atom)
            notes.append(f"the standard error of {name} is {error:.2g} times {name}: it is hardly determined")
    for side, word in zip(sides, ("lower", "upper"), strict=False):
        if side.fall < INDISTINCT:
            notes.append(
                f"the profile likelihood of tau falls by only {max(side.fall, 0.0):.2g} on the way to the edge of the "
                f"box, tau = {side.tau:.3g}: the data give no {word} bound of tau"
            )
    return notes


def _of_search(fit: Fit, hint: str = "") -> list[str]:
    """How the search ended, where that is more than a maximum inside the box; hint: what may have stopped it."""
    notes = []
    if fit.status == "spike":
        notes.append("an atom has collapsed on fewer points than it has parameters: this is not an estimate")
    if fit.status == "max_steps":
        cause = f" ({hint})" if hint else ""
        notes.append(f"the search ended before it reached a maximum{cause}: this is not an estimate")
    for bound in dict.fromkeys(fit.bounds):
        notes.append(f"{named(*bound)} is at the edge of the box, which is part of the estimator")
    return notes + lone(fit)


def estimate_of(row: Row, errors: Errors, twins: Collection[str] = ()) -> Estimate:
    """A row with its standard errors and intervals, or why there are none; twins: names that have another value."""
    name, atom, _, gradients, scale, held = row
    values: list[float] = row.values.tolist()
    if held:
        return Estimate(name, atom, unwrap(values), None, None, caveat="held")
    entries = [StandardError(None, False) if name in twins else errors.of(g) for g in gradients]
    verdicts = [e.identifiable for e in entries]
    identifiable = False if False in verdicts else None if None in verdicts else True
    caveat = next((e.caveat for e in entries if e.caveat and e.identifiable is identifiable), None)
    sizes = [e.se for e in entries if e.se is not None]
    if len(sizes) < len(values) or not np.any(gradients):
        return Estimate(name, atom, unwrap(values), None, identifiable, caveat=caveat)
    ends = [_interval(value, size, scale) for value, size in zip(values, sizes, strict=True)]
    return Estimate(name, atom, unwrap(values), unwrap(sizes), identifiable, ends if len(ends) > 1 else ends[0], caveat)


def _interval(value: float, se: float, scale: Scale) -> Interval:
    """The 95% interval, on a scale."""
    ends = np.array([-1.0, 1.0]) * QUANTILE * se
    with np.errstate(over="ignore"):
        low, high = value * np.exp(ends / value) if scale == "log" else value + ends
    return (max(float(low), -1.0), min(float(high), 1.0)) if scale == "unit" else (float(low), float(high))


def parameters(fit: Fit) -> list[Row]:
    """The parameters of a fit, in their own units."""
    values = fit.natural
    gradients = fit.moves * np.where(fit.logs, values, 1.0)[:, None]
    groups = [(key, list(places)) for key, places in groupby(range(len(values)), fit.names.__getitem__)]
    return [
        Row(*key, values[at], gradients[at], "log" if fit.logs[at[0]] else "real", held=not gradients[at].any())
        for key, at in groups
    ]


def rows_of_layout(result: LayoutFit, linear: bool, proved: Proved) -> list[Row]:
    """The parameters, and what a linear or homogeneous gate with a free temperature determines instead of them."""
    rows, tau, failure = parameters(result), float(result.measure.tau), proved.failure
    if result.layout.tau is not None or result.layout.k == 1:
        return rows
    if linear:
        return rows + [_over_tau(row, tau) for row in rows if row.name in ("beta1", "beta0")]
    if failure is None or failure.kind != "homogeneous":
        return rows
    gates, signed = [row for row in rows if row.name == "beta1" and row.values.any()], proved.powers == "odd"
    name = f"{'sgn(beta1) ' * signed}{failure.invariants[1]}"
    powers = [_power_over_tau(row, tau, name, float(failure.degree), signed=signed) for row in gates]
    if proved.powers:
        *powers, last = powers
        name = f"{name} - {name.replace('beta1', f'beta1_{last.atom}')}"
        powers = [Row(name, r.atom, r.values - last.values, r.gradients - last.gradients) for r in powers]
    directions = [_direction(row) for row in gates] if proved.signs or result.layout.d > 1 else []
    return [*rows, *directions, *powers, *(_over_tau(row, tau) for row in rows if row.name == "beta0")]


def _over_tau(row: Row, tau: float) -> Row:
    """The row divided by tau."""
    values = row.values / tau
    return _composed(row, f"{row.name}/tau", values, np.eye(len(values)) / tau, -values)


def _power_over_tau(row: Row, tau: float, name: str, p: float, *, signed: bool) -> Row:
    """|beta1|^p/tau, with the sign of a single beta1 if `signed`."""
    square = float(row.values @ row.values)
    value = np.array([square ** (p / 2) / tau * (float(np.sign(row.values[0])) if signed else 1.0)])
    return _composed(row, name, value, p * value * row.values[None] / square, -value, "real" if signed else "log")


def _direction(row: Row) -> Row:
    """beta1/|beta1|: for d = 1 a sign, which has no gradient."""
    size = float(np.linalg.norm(row.values))
    unit = row.values / size
    return _composed(row, "beta1/|beta1|", unit, (np.eye(len(unit)) - np.outer(unit, unit)) / size, 0 * unit, "unit")


def _composed(row: Row, name: str, values: Floats, slopes: Floats, by_log_tau: Floats, scale: Scale = "real") -> Row:
    """Functions of the values of a row, with their slopes by these (m, q), and of log tau, the first in theta."""
    gradients = slopes @ row.gradients
    gradients[:, 0] += by_log_tau
    return Row(name, row.atom, values, gradients, scale)
