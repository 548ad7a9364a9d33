"""Runs Monte-Carlo legs: slopes and variances of studies with their tests, likelihoods along orbits (theory.md 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from temperance.evidence.comparison import fits, study_record
from temperance.evidence.conditions import conditions, objection
from temperance.evidence.family import PlannedTest, name_of, with_test
from temperance.evidence.lattices import with_lattices
from temperance.evidence.outcomes import Leg, combined
from temperance.evidence.proof import holds
from temperance.evidence.study_runner import Runs
from temperance.numerics.errors.hypotheses import Hypothesis, variance_test
from temperance.numerics.errors.orbit_flatness import SCALES, Flatness, flatness, scaled
from temperance.numerics.fitting.mle import fit_points
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.numerics.studies.linear_constants import constants
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.study import Study

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
    return [PlannedTest(study.name, group, _unmade(study, level, floor=floor)) for study in studies]


def _unmade(study: Study, level: float, *, floor: bool = False, numbers: int = 1) -> Hypothesis:
    """The test of a variance before its study runs."""
    none = np.empty((0, len(study.sizes)))
    return variance_test(none, study.sizes, level=level, replicates=study.replicates, floor=floor, numbers=numbers)


def planned_constants(study: Study, level: float) -> list[PlannedTest]:
    """The hypotheses of `with_constants`: each identifiable parameter, and the density."""
    theta = np.tile(study.layout.pack(study.truth), (1, len(study.sizes), 1))
    none = np.zeros((1, len(study.sizes)))
    of_truth = constants(StudyResult(study, theta, np.full(none.shape, "converged"), none.astype(int), none))
    return [
        PlannedTest(study.name, f"{c.parameter} of atom {c.atom}", _unmade(study, level, numbers=c.numbers))
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
