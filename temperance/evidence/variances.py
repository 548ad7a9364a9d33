"""Makes records of variances: mean squared errors over replicates against those that are stated, with their tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.evidence.comparison import fits
from temperance.evidence.family import EACH, with_test
from temperance.evidence.outcomes import Leg, combined
from temperance.evidence.study_runner import Runs
from temperance.numerics.errors.hypotheses import variance_test
from temperance.numerics.errors.slopes import LARGEST_DROPPED
from temperance.numerics.studies.linear_constants import constants
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.study import Study

Floats = NDArray[np.float64]


def variance_row(
    result: StudyResult, ratios: Floats, row: dict[str, Any], *, floor: bool = False, numbers: int = 1
) -> dict[str, Any]:
    """A row with the test of ratios (R, N), squared errors over what is stated; nan where a fit is not meant.

    floor, numbers: as `variance_test` has them. Where more than 5% of the fits failed nothing is tested.
    """
    study, whole = result.study, ratios[~np.isnan(ratios).any(axis=1)]
    if result.dropped > LARGEST_DROPPED:
        whole = whole[:0]
    found = variance_test(whole, study.sizes, level=EACH, replicates=study.replicates, floor=floor, numbers=numbers)
    return with_test({"study": study.name, **row}, found)


def with_constants(leg: Leg, runs: Runs, study: Study) -> Leg:
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
        rows.append(variance_row(result, c.ratios, row, numbers=c.numbers))
    agree, ratios = sum(r["outcome"] == "confirmed" for r in rows), [r["ratio"] for r in rows]
    detail = (
        f"variances times n over those of exact information, {study.replicates} samples at n = "
        f"{', '.join(f'{size:.0e}' for size in n)}: {min(ratios):.3f} to {max(ratios):.3f}, {agree} of {len(rows)} "
        "confirmed"
    )
    data = {**leg.data, "constants": rows, "constants_of": [{"definition": study.definition, "fits": fits(result)}]}
    return Leg(combined([leg.outcome, *(r["outcome"] for r in rows)]), f"{leg.detail}; {detail}", data)
