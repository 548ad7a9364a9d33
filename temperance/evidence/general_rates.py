"""Defines rate studies of any gate and expert, and compares their slopes with the orders that are proved (theory 9).

Two true atoms, at the default true point of `exponents` but for experts that are kept apart, are fitted by two or
three. Samples are on the lattice, and every start is made from the true atoms. By least squares of the regression
function x is at fixed nodes, the noise around it Gaussian, and the true point that of `exponents` (theory 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.evidence.comparison import SlopeTests
from temperance.evidence.conditions import conditions, objection
from temperance.evidence.family import LEVEL
from temperance.numerics.fitting.search import FAILED
from temperance.numerics.general.general_mle import require_smooth
from temperance.numerics.general.split_mixtures import WEIGHT, Family
from temperance.numerics.studies.general_studies import (
    GeneralResult,
    GeneralStudy,
    kept_apart,
    run_general,
    run_regression,
)
from temperance.numerics.studies.results import StudySlope, error_points, slope_of
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.exact_orders import bias_orders, exact_orders
from temperance.theory.contact.order_setting import flat_curves, order_setting
from temperance.theory.least_squares.orders import least_squares_orders
from temperance.theory.least_squares.split_atom import split_atom
from temperance.theory.models.order import Order
from temperance.theory.models.spec import NU, MoESpec
from temperance.theory.models.truth import Loss, Setting
from temperance.theory.models.weights import is_weighted
from temperance.theory.rates.prediction import Prediction

SIZES = (10**6, 10**8, 10**10, 10**12)
REPLICATES = 40
_FEWEST, _LARGEST = 100, 10**12
_STARTS, _ROUNDS, _OTHER_POWER = 3, 3, 2.0
_UNPUBLISHED = "no paper on this model is in the list"


@dataclass(frozen=True, eq=False)
class AnyStudy:
    """A study, and what is proved of the groups of its errors: by the title of an order.

    loss: of the fits: the likelihood of the mixture, or least squares of its regression function.
    """

    study: GeneralStudy
    proved: dict[str, Order]
    loss: Loss = "likelihood"

    def run(self, progress: Callable[[int], None]) -> GeneralResult:
        """Sample, fit and compare; progress is told the number of finished replicates."""
        run = run_general if self.loss == "likelihood" else run_regression
        return run(self.study, progress)


def any_study(
    spec: MoESpec,
    true: int,
    fitted: int,
    *,
    sizes: Sequence[int] | None,
    replicates: int | None,
    seed: int,
    loss: Loss = "likelihood",
) -> AnyStudy:
    """The study of a model with these sizes (default: `SIZES`) and replicates (default: `REPLICATES`).

    Raises:
        ValueError: other atoms than two fitted by two or three (least squares: three), a gate with kinks that x can
            reach, or a bad number.
    """
    sizes, replicates = SIZES if sizes is None else tuple(sizes), REPLICATES if replicates is None else replicates
    squares = loss == "least-squares"
    if true != 2 or fitted not in ((3,) if squares else (2, 3)):
        accepted = "--true 2 --fitted 3 by least squares" if squares else "--true 2 --fitted 2 or 3"
        raise ValueError(f"rates of this model are measured with {accepted}, not {true}, {fitted}")
    if replicates < 10 or seed < 0:
        raise ValueError(f"replicates must be at least 10, and the seed not negative, not {replicates}, {seed}")
    if not sizes or list(sizes) != sorted({*sizes}) or not _FEWEST <= sizes[0] <= sizes[-1] <= _LARGEST:
        raise ValueError(
            f"n must be growing sizes from {_FEWEST} to 1e12 for this model, not {', '.join(map(str, sizes))}"
        )
    chosen = order_setting(
        spec.gate, spec.expert, split="all" if fitted == 2 and not is_weighted(spec) else "one", dim=spec.dim
    )
    if squares:
        listed = _by_least_squares(chosen)
    elif fitted == 2:
        exact = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=2)
        chosen, listed = replace(chosen, cells=(1, 1), held=exact.setting.held), exact.orders
    else:
        listed = orders(chosen).orders
    family = Family(chosen if squares else kept_apart(chosen))
    require_smooth(family)
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
    return AnyStudy(GeneralStudy(name, family, powers, sizes, replicates, _STARTS, seed, rounds=_ROUNDS), proved, loss)


def _by_least_squares(chosen: Setting) -> tuple[Order, ...]:
    """What is proved of a setting under least squares, flat where an exact curve of one density moves it, too."""
    gate = {p: chosen.point[p] for p in chosen.spec.gate.parameters}
    curves, proved = flat_curves(chosen), least_squares_orders(split_atom(chosen.spec, gate, chosen.held, None)).orders
    named = (replace(o, parameter=curves.label(o.name, o.is_mean)) for o in proved)
    return tuple(replace(o, upper=None, flat=True) if o.name in curves.flat else o for o in named)


def any_record(plan: AnyStudy, result: GeneralResult) -> dict[str, Any]:
    """A study as `rates --json` prints it: setting, experiment, slopes and fits."""
    status = np.array(result.status)
    valid = ~np.isin(status, FAILED)
    counts = {name: int((status == name).sum()) for name in ("converged", "at_bound")}
    measured = conditions(result)
    no_test = objection(float((~valid).mean()), measured["agreement"])
    judged = SlopeTests(plan.study.sizes, LEVEL / len(result.errors), exact=False, objection=no_test)
    slopes = [{**judged.record(s, p), **measured} for s, p in _slopes(plan, result, valid)]
    return {
        "setting": {**plan.study.definition, "loss": plan.loss},
        "experiment": "lattice" if plan.loss == "likelihood" else "nodes",
        "slopes": slopes,
        "fits": {
            "total": int(status.size),
            "converged": counts["converged"],
            "at_bound": counts["at_bound"],
            "failed": int((~valid).sum()),
        },
        "conditions": measured,
    }


def _slopes(
    plan: AnyStudy, result: GeneralResult, valid: NDArray[np.bool_]
) -> Iterator[tuple[StudySlope, Prediction | None]]:
    """The slope of every group of errors, and what is predicted of it."""
    study, m = plan.study, plan.study.family.m
    shared = {p.name for p in study.family.setting.spec.gate.shared}
    for name, all_errors in result.errors.items():
        cell, size = (None, None) if name in shared else (0, m)
        errors, order = np.where(valid, all_errors, np.nan), plan.proved.get(name)
        slope = slope_of(errors, study.sizes)
        points = error_points(errors, study.sizes)
        label = name if order is None else order.parameter
        yield (
            StudySlope(label, cell, size, 1.0, (study.family.sizes,), None, slope, points, errors),
            None if order is None else _prediction(order, size),
        )


def _prediction(o: Order, size: int | None) -> Prediction:
    rate: Fraction | None = o.rate
    return Prediction(o.parameter, size, None, None, o.reason.text, _UNPUBLISHED, unproved=o.reason.kind, at_least=rate)
