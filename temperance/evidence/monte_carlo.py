"""Runs Monte-Carlo legs: slopes of studies and their tests, likelihoods along orbits (theory.md 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temperance.evidence.comparison import study_record
from temperance.evidence.family import name_of
from temperance.evidence.lattices import with_lattices
from temperance.evidence.outcomes import Leg, combined
from temperance.evidence.proof import holds
from temperance.evidence.study_runner import Runs
from temperance.numerics.errors.orbit_flatness import SCALES, Flatness, flatness, scaled
from temperance.numerics.fitting.mle import fit_points
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.numerics.studies.study import Study

_SHOWN = 3  # of the slopes that are not confirmed, in a detail; the record has them all


def study_leg(runs: Runs, studies: Sequence[Study], *, parameters: Sequence[str] | None = None) -> Leg:
    """The predicted slopes of some studies, and the proofs that their lattices are the right experiments.

    By default these are all but the density, which has a claim of its own.
    """
    records = {study.name: study_record(runs.result(study), tests=True) for study in studies}
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
    studies = [{"name": name, "fits": r["fits"], "definition": r["setting"]} for name, r in records.items()]
    names = ("total", "converged", "at_bound", "failed")
    total = {name: sum(r["fits"][name] for r in records.values()) for name in names}
    return Leg(outcome, detail, {"slopes": slopes, "fits": total, "studies": studies})


def with_profile(leg: Leg, orbit: str, found: Flatness) -> Leg:
    """A leg of slopes with the likelihood along an orbit besides, which should be flat."""
    size = f"{found.relative:.0e} of its size"
    detail = "likelihood flat along 1 orbit" + (f", to {size}" if found.relative else "")
    if not found.flat:
        detail = f"the likelihood moves along an orbit, by {size}"
    outcome = holds(found.flat)
    record = {
        "orbit": orbit,
        "range": found.range,
        "log_likelihood": found.size,
        "relative": found.relative,
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
