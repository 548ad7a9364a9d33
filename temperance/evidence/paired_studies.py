"""Compares a study by ordinary samples with the same on the lattice: equal slopes, equal variances."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.numerics.errors.slopes import Comparison, compare
from temperance.numerics.studies.results import StudyResult

_LEVEL = 0.99  # of all intervals together (Bonferroni)
_WIDEST_RATIO = 2.0  # of variances: an interval that reaches from 1/2 beyond it says nothing
_WIDEST_DIFFERENCE = 0.15  # of slopes, either way


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
