"""Runs Monte-Carlo legs: slopes and variances of studies with their tests, likelihoods along orbits (theory 9).

`with_lattices` proves that the lattices of studies carry laws, and have no relations of their own (theory D.2, D.4).

`constants` holds errors of a linear gate against exact information (theory 7.1).

The scale (beta1, beta0, tau) -> c (beta1, beta0, tau) leaves the density, so that an estimate may be taken at the true
tau; what is left has a regular information, and n times the mean squares of its errors go to the diagonal of I^-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from temperance.claims.study_runner import Runs
from temperance.measurements.judgement import (
    Leg,
    PlannedTest,
    combined,
    conditions,
    holds,
    name_of,
    objection,
    with_test,
)
from temperance.measurements.slopes import fits, study_record
from temperance.numerics.fitting.fits import fit_points
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.errors import SCALES, Flatness, flatness, scaled
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.slopes import Hypothesis, variance_test
from temperance.numerics.studies.study import Study

if TYPE_CHECKING:
    from temperance.numerics.studies.study import Study
from dataclasses import dataclass

from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.studies.errors import hellinger, in_order

_RATIOS = {"beta1": "beta1/tau", "beta0": "beta0/tau", "nu": "log nu"}


@dataclass(frozen=True, eq=False)
class Constant:
    """An error with its asymptotic constant.

    parameter, atom: what it is of (atom None: the density, in the Hellinger distance). deviation: the limit of RMS
    sqrt(n). ratios (R, N): n error^2/deviation^2, nan where a fit was dropped. numbers: how many squares of normal
    errors a ratio is the mean of.
    """

    parameter: str
    atom: int | None
    deviation: float
    ratios: Floats
    numbers: int = 1


def constants(result: StudyResult) -> list[Constant]:
    """The errors of an exact-specified study of the linear gate with a fitted tau, in one dimension.

    Raises ValueError for another study.
    """
    study, truth = result.study, result.study.truth
    if not (study.linear and study.exact and study.tau is None):
        raise ValueError(f"study {study.name}: constants are those of exact-specified fits of the linear gate with tau")
    tau, information = float(truth.tau), study.lattice_information
    held = Layout(study.k, truth.d, "anchored", tau)
    keep = [j for j, (name, _) in enumerate(study.layout.names) if name != "tau"]
    variances = np.linalg.inv(information[np.ix_(keep, keep)]).diagonal()
    ordered, matched = in_order(result.measures, truth, study.symmetry)
    offsets = held.pack(_at(ordered, tau)) - held.pack(truth)
    matched_fits, n = result.valid_fits & matched.astype(bool), np.array(study.sizes, dtype=float)
    ratios = np.where(matched_fits[..., None], offsets**2 * n[:, None] / variances, np.nan)
    rows = []
    for j, (name, atom) in enumerate(held.names):
        unit = tau if name in ("beta1", "beta0") else 1.0
        rows.append(Constant(_RATIOS.get(name, name), atom, float(variances[j] ** 0.5 / unit), ratios[..., j]))
    # 8 H^2 is the quadratic form of I in the errors, up to its limit: chi-squared, a mean of as many squares
    distance = hellinger(result.measures, truth, study.gate, low=study.low, high=study.high)
    size = len(variances)
    squares = np.where(result.valid_fits, 8 * n * distance**2 / size, np.nan)
    return [*rows, Constant("density", None, (size / 8) ** 0.5, squares, size)]


def _at(measure: MixingMeasure, tau: float) -> MixingMeasure:
    """The measures (..., k) of the same densities with this tau and an anchored last atom."""
    factor = tau / measure.tau
    beta1 = (measure.beta1 - measure.beta1[..., -1:, :]) * factor[..., None, None]
    beta0 = (measure.beta0 - measure.beta0[..., -1:]) * factor[..., None]
    return replace(measure, beta1=beta1, beta0=beta0, tau=np.full(measure.tau.shape, tau))


_ENOUGH = 1e-15  # times n = 10^12: far below one unit of log-likelihood
_EXACT, _OVER_SPECIFIED = 2, 4  # orders of the derivatives: twice and four times the order of a cell of m = 1, 2 atoms


def with_lattices(leg: Leg, studies: Sequence[Study]) -> Leg:
    """A leg of slopes with the proofs by balls for those of its studies that are on a lattice."""
    records = [record for study in studies if study.experiment == "lattice" for record in lattice_records(study)]
    if not records:
        return leg
    outcome = combined(record["outcome"] for record in records)
    detail = leg.detail
    if outcome != "confirmed":
        missed = sorted({r["study"] for r in records if r["outcome"] != "confirmed"})
        detail += f"; not proved to be the right experiment: the lattice of {', '.join(missed)}"
    return Leg(combined([leg.outcome, outcome]), detail, {**leg.data, "lattices": records})


@lru_cache(maxsize=64)  # several claims share a study
def lattice_records(study: Study) -> tuple[dict[str, Any], ...]:
    """For every true atom: the bounds of `normalisation`, and the rank on the lattice, to the order that rates take.

    gates: why the derivatives of the gates have no relations with each other on the design.
    """
    from temperance.numerics.studies.independence import (
        atoms,
        gate_functions,
        independent_on_design,
        normalisation,
        same_relations,
    )
    from temperance.theory.models.gates import activated

    lattice, truth = study.lattice, study.exact_truth
    spec = truth.spec if study.linear else replace(truth.spec, gate=activated(truth.spec.dim, study.gate.source))
    bound, order = normalisation(lattice), _EXACT if study.exact else _OVER_SPECIFIED
    points, records = atoms(study.truth, spec), []
    between, independent = "polynomials, fewer than points" if study.linear else "related, at a mirror point", True
    if not study.linear and study.position == "generic":
        moving = points[: study.layout.gates - (study.k - len(points))]
        independent = independent_on_design(gate_functions(spec, moving, order), {}, lattice)
        between = "independent" if independent else "not proved"
    for atom, point in enumerate(points):
        held = study.gauge == "anchored" and atom == len(points) - 1
        rank = same_relations(spec, point, lattice, order, held=held)
        good = rank.proved and independent and max(bound.box, bound.outside) <= _ENOUGH
        records.append(
            {
                "study": study.name,
                "atom": atom,
                "not_normalised": bound.box,
                "left_out": bound.outside,
                "order": order,
                "derivatives": rank.derivatives,
                "rank": rank.rank,
                "gates": between,
                "outcome": "confirmed" if good else "inconclusive",
            }
        )
    return tuple(records)


_SHOWN = 3  # of the slopes that are not confirmed, in a detail; the record has them all


def study_leg(runs: Runs, level: float, studies: Sequence[Study], *, parameters: Sequence[str] | None = None) -> Leg:
    """The predicted slopes of some studies, and the proofs that their lattices are the right experiments.

    level: of each test. By default these are all but the density, which has a claim of its own.
    """
    records = {study.name: study_record(runs.result(study), level=level) for study in studies}
    slopes = [
        {**slope, "study": name}
        for name, record in records.items()
        for slope in record["slopes"]
        if (slope["parameter"] in parameters if parameters else slope["parameter"] != "density")
    ]
    return with_lattices(judged(slopes, records), studies)


def judged(slopes: list[dict[str, Any]], records: dict[str, dict[str, Any]]) -> Leg:
    """A leg from slope records that name their study and the records of the studies."""
    counted = [s for s in slopes if s["outcome"] is not None]
    open_ = [f"{name_of(s)} ({s['outcome']}: {s['reason']})" for s in counted if s["outcome"] != "confirmed"]
    sharp = sum(bool(s["sharp"]) for s in counted)
    power = [s["test"]["power"] for s in counted if s["outcome"] == "confirmed" and "test" in s]
    detail = f"{len(counted) - len(open_)} of {len(counted)} slopes confirmed, {sharp} of them sharp"
    detail += f", with power {min(power):.3g} at least" if power else ""
    if rare := sum(s["outcome"] is None and "test" in s for s in slopes):
        detail += f"; {rare} more, of few fits, lack the power and are not judged"
    if open_:
        detail += f"; not: {', '.join(open_[:_SHOWN])}"
    if len(open_) > _SHOWN:
        detail += f", and {len(open_) - _SHOWN} more"
    outcome = combined(s["outcome"] for s in counted)
    studies = [
        {"name": name, "fits": r["fits"], "definition": r["setting"], "conditions": r["conditions"]}
        for name, r in records.items()
    ]
    names = ("total", "converged", "at_bound", "failed")
    total = {name: sum(r["fits"][name] for r in records.values()) for name in names}
    return Leg(outcome, detail, {"slopes": slopes, "fits": total, "studies": studies})


def with_profile(leg: Leg, orbit: str, profile: Flatness) -> Leg:
    """A leg of slopes with the likelihood along an orbit besides, which should be flat."""
    size = f"{profile.relative:.0e} of its size"
    detail = "likelihood flat along 1 orbit" + (f", to {size}" if profile.relative else "")
    if not profile.flat:
        detail = f"the likelihood moves along an orbit, by {size}"
    outcome = holds(profile.flat)
    record = {
        "orbit": orbit,
        "range": profile.range,
        "log_likelihood": profile.size,
        "relative": profile.relative,
        "outcome": outcome,
    }
    return Leg(combined([leg.outcome, outcome]), f"{detail}; {leg.detail}", {"profiles": [record], **leg.data})


def orbit_profile(study: Study, degree: float, *, at_truth: bool = False, size: int = 2000) -> Flatness:
    """The likelihood of data of a study along (l beta1, l^p beta0, l^p tau), through the maximum or the truth.

    Start at the true point: only part of the space lies on the orbit, and maxima elsewhere miss it.
    """
    gate = replace(study.gate, machine_code=False)  # which does not pay for so few points
    x, y = sample(study.truth, gate, size, seed=study.seed, low=study.low, high=study.high)
    start = study.truth
    if not at_truth:
        start = fit_points(study.layout, gate, Points(x, y), box=study.box, starts=5, seed=study.seed).measure
    return flatness(scaled(start, SCALES, degree), gate, x, y)


def variance_row(
    result: StudyResult, ratios: Floats, row: dict[str, Any], level: float, *, floor: bool = False, numbers: int = 1
) -> dict[str, Any]:
    """A row with the test of ratios (R, N), squared errors over what is stated; nan where a fit is not meant.

    level: of the test. floor, numbers: as `variance_test` has them.
    """
    study, whole, beside = result.study, ratios[~np.isnan(ratios).any(axis=1)], conditions(result)
    tested = variance_test(whole, study.sizes, level=level, replicates=study.replicates, floor=floor, numbers=numbers)
    no_test = objection(result.dropped, beside["agreement"])
    return with_test({"study": study.name, **row, **beside}, tested, level, objection=no_test)


def planned_variances(studies: Sequence[Study], level: float, *, floor: bool = False) -> list[PlannedTest]:
    """The hypotheses of the variance of log tau in some studies, or of its floor."""
    group = "log tau, floor" if floor else "log tau"
    return [PlannedTest(study.name, group, _planned_test(study, level, floor=floor)) for study in studies]


def _planned_test(study: Study, level: float, *, floor: bool = False, numbers: int = 1) -> Hypothesis:
    """The test of a variance before its study runs."""
    none = np.empty((0, len(study.sizes)))
    return variance_test(none, study.sizes, level=level, replicates=study.replicates, floor=floor, numbers=numbers)


def planned_constants(study: Study, level: float) -> list[PlannedTest]:
    """The hypotheses of `with_constants`: each identifiable parameter, and the density."""
    theta = np.tile(study.layout.pack(study.truth), (1, len(study.sizes), 1))
    none = np.zeros((1, len(study.sizes)))
    of_truth = constants(StudyResult(study, theta, np.full(none.shape, "converged"), none.astype(int), none))
    return [
        PlannedTest(study.name, f"{c.parameter} of atom {c.atom}", _planned_test(study, level, numbers=c.numbers))
        for c in of_truth
    ]


def with_constants(leg: Leg, runs: Runs, level: float, study: Study) -> Leg:
    """A leg with RMS sqrt(n) of a study of the linear gate, for every identifiable parameter and the density."""
    result, n = runs.result(study), np.array(study.sizes, dtype=float)
    rows = []
    for c in constants(result):
        mean = np.nanmean(c.ratios, axis=0)
        row = {
            "parameter": c.parameter,
            "cell": c.atom,
            "sizes": list(study.sizes),
            "predicted": c.deviation,
            "rms_root_n": (c.deviation * np.sqrt(mean)).tolist(),
            "ratios": mean.tolist(),
            "ratio": float(mean.mean()),
        }
        rows.append(variance_row(result, c.ratios, row, level, numbers=c.numbers))
    agree, ratios = sum(r["outcome"] == "confirmed" for r in rows), [r["ratio"] for r in rows]
    detail = (
        f"variances times n over those of exact information, {study.replicates} samples at n = "
        f"{', '.join(f'{size:.0e}' for size in n)}: {min(ratios):.3f} to {max(ratios):.3f}, {agree} of {len(rows)} "
        "confirmed"
    )
    data = {**leg.data, "constants": rows, "constants_of": [{"definition": study.definition, "fits": fits(result)}]}
    return Leg(combined([leg.outcome, *(r["outcome"] for r in rows)]), f"{leg.detail}; {detail}", data)
