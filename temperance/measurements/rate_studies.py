"""Defines the rate studies of a user's own setting: of the gates that have fits of their own, and of any other model.

`study_for` is of linear, softmax and activation gates with linear Gaussian experts. `any_study` is of any gate and
expert: two true atoms, at the default true point of `exponents` but for experts that are kept apart, are fitted by two
or three, and slopes are compared with the orders that are proved (theory 9). Samples are on the lattice, and every
start is made from the true atoms. By least squares of the regression function x is at fixed nodes, the noise around it
Gaussian, and the true point that of `exponents` (theory 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from temperance.measurements.judgement import LEVEL
from temperance.measurements.slopes import describe_size, record_of
from temperance.measurements.true_measures import check_truth
from temperance.numerics.estimation.intervals import held_at
from temperance.numerics.fitting.climb import Stop
from temperance.numerics.fitting.families import WEIGHT, Array, Family, family_problem, require_smooth
from temperance.numerics.fitting.problem import Box
from temperance.numerics.fitting.search import Effort
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Gauge, MixingMeasure, measure_of
from temperance.numerics.studies.lattice import family_experiment, kinks_move, samples
from temperance.numerics.studies.results import GeneralResult, StudySlope, study_slopes
from temperance.numerics.studies.study import GeneralStudy, Kind, RegressionStudy, Study
from temperance.theory.activations.activation import activation
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.contact.exact_orders import bias_orders, exact_orders
from temperance.theory.contact.order_setting import at_truth, flat_curves, order_setting
from temperance.theory.least_squares.orders import least_squares_orders, split_atom
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import FITTED, gauge_of, require_gate
from temperance.theory.models.order import Order, Prediction
from temperance.theory.models.spec import NU, TAU, is_weighted
from temperance.theory.models.truth import Loss, Setting, Truth
from temperance.theory.rates.true_point import Analysis

SIZES = (1000, 2000, 4000, 8000, 16000, 32000)
LATTICE_SIZES = tuple(10**j for j in range(4, 13))
KINKED_SIZES = LATTICE_SIZES[:5]  # where kinks move with beta1: the cells grow like n^(1/3)
REPLICATES = 100
_FEWEST = 10  # replicates that have an interval
_EFFORT, _OF_CELLS = Effort(3, 0, 0, 3), Effort(0, 10, 40, 4)  # of one atom in a cell, and of several
_CELL_SIZES, _CELL_REPLICATES = LATTICE_SIZES[::2], 60
_LARGEST_LATTICE_DIM = 2


def study_for(
    *,
    gate: str = "linear",
    source: str | None = None,
    true: int,
    fitted: int,
    gauge: str = "free",
    truth: Truth | None = None,
    dim: int = 1,
    n: Sequence[int] | None = None,
    replicates: int | None = None,
    seed: int = 0,
    experiment: str | None = None,
) -> Study:
    """The definition of a study from the options of `temperance rates`.

    By default experiment is "lattice" for d = 1, 2 and "sample" beyond, and n goes from 10^4 to 10^12 on the lattice
    (to 10^8 where kinks of the gate move with beta1), from 1000 to 32000 in samples. The box follows the truth (it is
    part of the estimator, and printed); for k > k* it bounds shares below, as the theorem supposes (theory 4.2). Starts
    do not use it: three fresh ones, for k > k* peaks of the gradient process and splits of the maximum for k - 1 atoms,
    and the estimate at the n before. Raises ValueError for a bad option, or a truth of another shape.
    """
    cells = fitted > true
    count = (_CELL_REPLICATES if cells else REPLICATES) if replicates is None else replicates
    usual = "sample" if dim > _LARGEST_LATTICE_DIM else "lattice"
    kind = cast(Kind, usual if experiment is None else experiment)  # Study refuses others
    _check(gate, source, true, fitted, count, seed, dim)
    linear, make = source is None or activation(source).is_linear, FITTED[gate]
    anchored = gauge_of(gauge) == "anchored" or linear
    held = None if TAU in make(dim).shared else 1.0
    chosen = truth or default_truth(model(make(dim), dim=dim), true, "anchored" if anchored else "free")
    check_truth(chosen, true, dim, anchored and not linear)
    measure, (low, high) = measure_of(chosen), map(float, chosen.box or ())
    name = "linear" if linear else str(source)
    if n is None and kind == "lattice":
        moving = kinks_move(measure, compile_activation(activation(name)), low, high)
        n = KINKED_SIZES if moving else _CELL_SIZES if cells else LATTICE_SIZES
    sizes = SIZES if n is None else tuple(n)
    _check_sizes(sizes, fitted * (2 * dim + 3), kind)
    gauge_: Gauge = "anchored" if anchored else "free"
    effort = _OF_CELLS if cells else _EFFORT
    # kinks that some atom sees change the exponent of the error of beta1 in split cells
    split = cells and not linear
    return Study(
        name=f"rates: {gate if linear else name}, k* = {true}, k = {fitted}",
        activation=name,
        truth=measure,
        k=fitted,
        gauge=gauge_,
        sizes=sizes,
        replicates=count,
        starts=effort.rough,
        peaks=effort.peaks,
        splits=effort.splits,
        rounds=effort.rounds,
        box=_box(measure, cells),
        seed=seed,
        low=low,
        high=high,
        tau=held,
        experiment=kind,
        kink=split and Analysis(activation(name), chosen, fitted, gauge_).kinked,
    )


def _check_sizes(n: Sequence[int], smallest: int, kind: Kind) -> None:
    largest = 10**8 if kind == "sample" else 10**12
    for size in n:
        if not smallest <= size <= largest:
            limits = f"{smallest} (all beta1, beta0, a, b, nu) to {describe_size(largest)} (experiment: {kind})"
            raise ValueError(f"n = {describe_size(size)} is out of range; accepted: {limits}")


def _check(gate: str, source: str | None, true: int, fitted: int, replicates: int, seed: int, dim: int) -> None:
    require_gate(gate, source is not None, FITTED)
    if true < 1 or fitted < true or fitted > 12:
        raise ValueError(f"need 1 <= true <= fitted <= 12, not {true}, {fitted}")
    if not 1 <= dim <= 8:
        raise ValueError(f"the dimension must be 1 to 8, not {dim}")
    _check_samples(replicates, seed)
    if source is not None and activation(source).parameters:
        raise ValueError(f"activation {source!r} has free parameters: numbers are needed in their place")


def _check_samples(replicates: int, seed: int) -> None:
    if replicates < _FEWEST:
        raise ValueError(f"replicates must be at least {_FEWEST}, fewer have no interval, not {replicates}")
    if seed < 0:
        raise ValueError(f"the seed must not be negative, not {seed}")


def _wide(values: Any, factor: float, least: float) -> float:
    """A multiple of the largest size of some values, or the least bound."""
    return max(least, factor * float(np.abs(values).max()))


def _box(m: MixingMeasure, cells: bool) -> Box:
    """Wide enough for the truth by a factor of three; for cells of several atoms it bounds their shares below."""
    tau, low, high = float(m.tau), float(m.nu.min()), 3 * float(m.nu.max())
    if cells:
        beta1, beta0 = 2 * float(np.abs(m.beta1).max()) or 1.0, float(np.abs(m.beta0).max()) + 2 * tau
        return Box(beta1, beta0, (tau / 2, 4 * tau), _wide(m.a, 2.5, 3.0), _wide(m.b, 2.5, 5.0), (low / 2, high))
    beta1, beta0, a, b = (_wide(values, 3, 10.0) for values in (m.beta1, m.beta0, m.a, m.b))
    return Box(beta1, beta0, (tau / 20, 20 * tau), a, b, (low / 3, high))


ANY_SIZES = (10**6, 10**8, 10**10, 10**12)
ANY_REPLICATES = 40
_LEAST_SIZE, _LARGEST_SIZE = 100, 10**12
_ANY_STARTS, _ANY_ROUNDS, _OTHER_POWER = 3, 3, 2.0
_UNPUBLISHED = "no paper on this model is in the list"


def any_study(
    truth: Truth,
    fitted: int,
    *,
    sizes: Sequence[int] | None,
    replicates: int | None,
    seed: int,
    loss: Loss = "likelihood",
) -> tuple[GeneralStudy, dict[str, Order]]:
    """The study of a truth with these sizes (default: `ANY_SIZES`) and replicates (default: `ANY_REPLICATES`).

    And what is proved of the groups of its errors, by the title of an order.

    Raises:
        ValueError: other atoms than two fitted by two or three (least squares: three), a gate with kinks that x can
            reach, or a bad number.
    """
    sizes = ANY_SIZES if sizes is None else tuple(sizes)
    replicates = ANY_REPLICATES if replicates is None else replicates
    spec, true, squares = truth.spec, truth.k, loss == "least-squares"
    if true != 2 or fitted not in ((3,) if squares else (2, 3)):
        accepted = "--true 2 --fitted 3 by least squares" if squares else "--true 2 --fitted 2 or 3"
        raise ValueError(f"rates of this model are measured with {accepted}, not {true}, {fitted}")
    _check_samples(replicates, seed)
    if not sizes or list(sizes) != sorted({*sizes}) or not _LEAST_SIZE <= sizes[0] <= sizes[-1] <= _LARGEST_SIZE:
        raise ValueError(
            f"n must be growing sizes from {_LEAST_SIZE} to 1e12 for this model, not {', '.join(map(str, sizes))}"
        )
    split = "all" if fitted == 2 and not is_weighted(spec) else "one"
    chosen = at_truth(order_setting(spec.gate, spec.expert, split=split, dim=spec.dim), truth)
    if squares:
        listed = _by_least_squares(chosen)
    elif fitted == 2:
        exact = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=2, truth=truth)
        chosen, listed = replace(chosen, cells=(1, 1), held=exact.setting.held), exact.orders
    else:
        listed = orders(chosen).orders
    family = Family(chosen)
    proved = {o.title: o for o in listed if not o.flat or o.name not in {p.name for p in chosen.held}}
    flat = {o.name for o in listed if o.flat} - {o.name for o in listed if not o.flat}
    flat |= {NU.name} if squares else set()
    powers = {}
    for name in (p.name for p in (*chosen.each, *chosen.shared)):
        if name not in flat:
            upper = proved[name].upper if name in proved else None
            powers[name] = 1.0 if fitted == 2 else _OTHER_POWER if upper is None else float(upper)
    for o in bias_orders(exact) if fitted == 2 else ():
        if not o.flat and chosen.weighted:
            proved[WEIGHT], powers[WEIGHT] = o, 1.0
    name = f"rates: {spec.gate.name} gate, {spec.expert.name} expert, k* = {true}, k = {fitted}"
    name += ", least squares" if squares else ""
    make = RegressionStudy if squares else GeneralStudy
    return make(name, family, powers, sizes, replicates, _ANY_STARTS, seed, rounds=_ANY_ROUNDS), proved


def _by_least_squares(chosen: Setting) -> tuple[Order, ...]:
    """What is proved of a setting under least squares, flat where an exact curve of one density moves it, too."""
    curves, proved = flat_curves(chosen), least_squares_orders(split_atom(chosen)).orders
    named = (replace(o, parameter=curves.label(o.name, o.is_mean)) for o in proved)
    return tuple(replace(o, upper=None, flat=True) if o.name in curves.flat else o for o in named)


PROFILE_SIZE, _PROFILE_STEPS, _PROFILE_REACH = 10_000, 21, 2.0


def tau_profile(truth: Truth) -> tuple[Array, Array]:
    """Values of tau from half to twice the true one, and the log-likelihood at its maximum for each, less the largest.

    Of one sample of `PROFILE_SIZE` points, with as many atoms as the truth; the gate of the last one is held. Climbs
    begin at the truth and at the maximum of the value before; -inf where none ends.

    Raises:
        ValueError: a gate without tau or with kinks that x can reach, or other than two true atoms.
    """
    spec = truth.spec
    if TAU not in spec.gate.shared or truth.k != 2:
        raise ValueError("the likelihood over tau is drawn of gates with tau and of two true atoms")
    family = Family(exact_orders(spec.gate, spec.expert, d=spec.dim, truth=truth).setting)
    require_smooth(family)
    (points,) = samples(family_experiment(family, n=PROFILE_SIZE), (PROFILE_SIZE,), seed=0)
    problem, at = family_problem(family, points, compiled=False), family.shared_index(TAU.name)
    rest = problem.places != at  # it may be held
    places, lower, upper = (np.append(part[rest], at) for part in (problem.places, problem.lower, problem.upper))
    problem = replace(problem, places=places, lower=lower, upper=upper)
    stop, heights = Stop.in_sample_units(PROFILE_SIZE), list[float]()
    start = before = problem.base[problem.places]
    values = float(truth.shared[TAU]) * np.geomspace(1 / _PROFILE_REACH, _PROFILE_REACH, _PROFILE_STEPS)
    for value in values:
        before, height = held_at(problem, -1, float(np.log(value)), (start, before), stop)
        heights.append(height)
    return values, np.array(heights) - max(heights)


def any_record(proved: Mapping[str, Order], result: GeneralResult) -> dict[str, Any]:
    """A study as `rates --json` prints it: setting, experiment, slopes and fits; proved: as of `any_study`."""
    slopes: list[tuple[StudySlope, Prediction | None]] = []
    for s in study_slopes(result):
        order = proved.get(s.parameter)
        if order is None:
            slopes.append((s, None))
            continue
        name, reason = order.parameter, order.reason
        bound = Prediction(name, s.cell_size, None, None, reason.text, _UNPUBLISHED, unproved=reason.kind)
        slopes.append((replace(s, parameter=name), replace(bound, at_least=order.rate)))
    return record_of(result, slopes, LEVEL / len(result.errors))
