"""Runs Monte-Carlo legs: slopes of studies, on the lattice as by samples, likelihoods along orbits (theory.md 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temperance.evidence.comparison import study_record
from temperance.evidence.lattices import with_lattices
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import holds
from temperance.evidence.study_runner import Runs
from temperance.numerics.errors.orbit_flatness import SCALES, Flatness, flatness, scaled
from temperance.numerics.errors.slopes import Comparison, compare
from temperance.numerics.fitting.mle import fit_points
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.study import Study

_LEVEL = 0.99  # of all intervals together (Bonferroni)
_WIDEST_RATIO = 2.0  # of variances: an interval that reaches from 1/2 beyond it says nothing
_WIDEST_DIFFERENCE = 0.15  # of slopes, either way
_SHOWN = 3  # of the slopes that are not confirmed, in a detail; the record has them all


def study_leg(runs: Runs, studies: Sequence[Study], *, parameters: Sequence[str] | None = None) -> Leg:
    """The predicted slopes of some studies, and the proofs that their lattices are the right experiments.

    By default these are all but the density, which has a claim of its own.
    """
    records = {study.name: study_record(runs.result(study)) for study in studies}
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
    open_ = [f"{_named(s)} ({s['outcome']}: {s['reason']})" for s in counted if s["outcome"] != "confirmed"]
    sharp = sum(bool(s["sharp"]) for s in counted)
    detail = f"{len(counted) - len(open_)} of {len(counted)} slopes confirmed, {sharp} of them sharp"
    if open_:
        detail += f"; not: {', '.join(open_[:_SHOWN])}"
    if len(open_) > _SHOWN:
        detail += f", and {len(open_) - _SHOWN} more"
    outcome = combined(s["outcome"] for s in counted)
    studies = [{"name": name, "fits": r["fits"], "definition": r["setting"]} for name, r in records.items()]
    names = ("total", "converged", "at_bound", "failed")
    total = {name: sum(r["fits"][name] for r in records.values()) for name in names}
    return Leg(outcome, detail, {"slopes": slopes, "fits": total, "studies": studies})


def _named(slope: dict[str, Any]) -> str:
    cell = "" if slope["cell"] is None else f" in cell {slope['cell']}"
    return f"{slope['study']}: {slope['parameter']}{cell}"


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

    Through the truth where only a part of the parameter space has the orbit, which maxima miss.
    """
    x, y = sample(study.truth, study.gate, size, seed=study.seed, low=study.low, high=study.high)
    start = study.truth
    if not at_truth:
        start = fit_points(study.layout, study.gate, Points(x, y), box=study.box, starts=5, seed=study.seed).measure
    return flatness(scaled(start, SCALES, degree), study.gate, x, y)


def with_twins(leg: Leg, samples: StudyResult, lattice: StudyResult) -> Leg:
    """A leg of slopes with the comparison of two studies, of one exact-specified setting at one list of sizes."""
    outcome, detail, records = compared(samples, lattice)
    return Leg(combined([leg.outcome, outcome]), f"{leg.detail}; {detail}", {"twins": records, **leg.data})


def compared(samples: StudyResult, lattice: StudyResult) -> tuple[LegOutcome, str, list[dict[str, Any]]]:
    """Outcome, detail and records: every group of parameters in every cell."""
    one, other = samples.study, lattice.study
    if replace(one, name=other.name, seed=other.seed, experiment=other.experiment).digest != other.digest:
        raise ValueError(f"{one.name} and {other.name} differ in more than the experiment")
    groups = [
        (name, cell, errors, lattice.errors[name])
        for name, errors in samples.errors.items()
        for cell in (range(errors.shape[-1]) if errors.ndim == 3 else (None,))
    ]
    level = 1 - (1 - _LEVEL) / (2 * len(groups))
    records: list[dict[str, Any]] = []
    for name, cell, *errors in groups:
        here, there = (e if cell is None else e[..., cell] for e in errors)
        found = compare(here, there, one.sizes, level=level)
        records.append(
            {
                "parameter": name,
                "cell": cell,
                "difference_of_slopes": found.difference,
                "difference_ci": list(found.difference_interval),
                "ratio_of_variances": found.ratio,
                "ratio_ci": list(found.ratio_interval),
                "outcome": _outcome(found),
            }
        )
    ratios = [r["ratio_of_variances"] for r in records]
    equal = sum(r["outcome"] == "confirmed" for r in records)
    detail = (
        f"by samples and on the lattice, n = {one.sizes[0]} to {one.sizes[-1]}, slopes and variances are the same for "
        f"{equal} of {len(records)} groups, ratios of variances {min(ratios):.2f} to {max(ratios):.2f}"
    )
    return combined(r["outcome"] for r in records), detail, records


def _outcome(found: Comparison) -> LegOutcome:
    """Confirmed if equality is within intervals that are narrow; no statement of theory is contradicted here."""
    (below, above), (low, high) = found.difference_interval, found.ratio_interval
    narrow = high / low <= _WIDEST_RATIO**2 and above - below <= 2 * _WIDEST_DIFFERENCE
    return "confirmed" if found.equal and narrow else "inconclusive"
