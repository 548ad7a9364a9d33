"""Claim C5: the exact-specified rate n^(-1/2) where F1 holds, by its proof and by the slopes of fits over n."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from temperance.outcomes import Leg, LegOutcome, combined
from theory.independence import decide

if TYPE_CHECKING:
    from numerics.definitions import Study
    from numerics.results import StudyResult, StudySlope

RATE = 0.5
_BOOTSTRAP_SEED = 0
_OUTCOMES: dict[str, LegOutcome] = {"holds": "confirmed", "fails": "contradicted", "undecided": "inconclusive"}


def first_order_proof() -> Leg:
    """F1 for the activation of the study, and that its truth is off the sets where the mixture degenerates."""
    from numerics.settings import TANH_EXACT

    verdict = decide(TANH_EXACT.activation).first_order
    one, two = TANH_EXACT.truth.beta1[:, 0]
    ratio = float(two / one)
    data = {
        "activation": TANH_EXACT.activation,
        "first_order": verdict.outcome,
        "scope": verdict.scope,
        "beta1_ratio": ratio,
    }
    where = f"beta1_2/beta1_1 = {ratio:.3g}"
    if ratio in (1.0, -1.0, 0.0):
        return Leg("inconclusive", f"{where} is one of the excluded 1, -1, 0", data)
    return Leg(
        _OUTCOMES[verdict.outcome],
        f"F1 {verdict.outcome} for {TANH_EXACT.activation}; {where} is none of 1, -1, 0",
        data,
    )


def exact_rates() -> Leg:
    """The slopes of the exact-specified tanh study, whose definition and seed are fixed in numerics.settings."""
    from numerics.results import study_slopes
    from numerics.settings import TANH_EXACT
    from numerics.studies import run_study

    result = run_study(TANH_EXACT, workers=workers())
    supported = first_order_proof().outcome == "confirmed"
    return judged_study(result, study_slopes(result, seed=_BOOTSTRAP_SEED), supported)


def workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judged_study(result: StudyResult, slopes: tuple[StudySlope, ...], supported: bool) -> Leg:
    """All slopes of a study against n^(-1/2); the leg is what they amount to."""
    records = [_slope_record(s, result.dropped, supported) for s in slopes]
    judged = [r for r in records if r["outcome"] is not None]
    outcome = combined(r["outcome"] for r in judged)
    open_ = [_named(r) for r in judged if r["outcome"] != "confirmed"]
    detail = f"{len(judged) - len(open_)} of {len(judged)} slopes confirmed"
    if open_:
        detail += f"; not: {', '.join(open_)}"
    data = {"slopes": records, "fits": _fits(result), "study": _definition(result.study)}
    return Leg(outcome, detail, data)


def _named(record: dict[str, Any]) -> str:
    cell = "" if record["cell"] is None else f" in cell {record['cell']}"
    return f"{record['parameter']}{cell} ({record['outcome']}: {record['reason']})"


def _slope_record(s: StudySlope, dropped: float, supported: bool) -> dict[str, Any]:
    """A slope in the shape of design section 6; cells of another size than one atom have no prediction here."""
    from numerics.slopes import judge

    predicted = RATE if s.cell_size in (1, None) else None
    judgement = (
        None if s.slope is None or predicted is None else judge(s.slope, predicted, dropped, supported=supported)
    )
    return {
        "parameter": s.parameter,
        "cell": s.cell,
        "cell_size": s.cell_size,
        "share": s.share,
        "slope": None if s.slope is None else s.slope.value,
        "ci": None if s.slope is None else [_finite(end) for end in s.slope.interval],
        "predicted": predicted,
        "published": predicted,
        "outcome": None if judgement is None else judgement.outcome,
        "sharp": None if judgement is None else judgement.sharp,
        "reason": None if judgement is None else judgement.reason,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _fits(result: StudyResult) -> dict[str, int]:
    counts = result.counts
    failed = counts["spike"] + counts["max_steps"]
    return {
        "total": sum(counts.values()),
        "converged": counts["converged"],
        "at_bound": counts["at_bound"],
        "failed": failed,
    }


def _definition(study: Study) -> dict[str, Any]:
    return {**study.definition, "digest": study.digest}
