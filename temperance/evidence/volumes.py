"""Runs the legs of claim C17: learning coefficients by proof, and the kept volumes of mixtures near a truth.

The studies (`numerics.volumes.volume_study`) are kept in temperance/claims/data/volumes.json; a part of one runs again.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from functools import cache, partial
from importlib.resources import files
from typing import Any

import numpy as np

from temperance.evidence.family import EACH, with_test
from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.proof import Check, holds, proof_leg
from temperance.evidence.study_runner import Runs
from temperance.numerics.volumes.volume_study import ONE, STUDIES, VolumeStudy
from temperance.theory.coefficients.bounds import coefficient
from temperance.theory.coefficients.coefficient import Coefficient
from temperance.theory.models.by_name import model

CLAIMED: tuple[tuple[str, str, str | None, int, int, Fraction, int], ...] = (
    ("softmax", "gaussian", None, 2, 3, Fraction(5), 1),
    ("softmax", "gaussian", None, 3, 4, Fraction(15, 2), 1),
    ("softmax", "constant", None, 2, 3, Fraction(15, 4), 1),
    ("activation", "gaussian", "tanh", 2, 3, Fraction(11, 2), 1),
    ("activation", "gaussian", "gelu", 2, 3, Fraction(11, 2), 1),
    ("softmax", "gaussian", None, 1, 2, Fraction(5, 2), 2),
    ("activation", "gaussian", "cos", 1, 2, Fraction(19, 8), 1),
    ("softmax", "gaussian", None, 2, 4, Fraction(6), 2),
)
"""Gate, expert, activation, k*, k, lambda and m (d = 1)."""

_SHALLOW = -14.0  # log of the squared distance down to which a replicate runs again
_SAME = 1e-5  # between its levels and those that are kept, on one machine
_DEVIATIONS = 5.0  # between them on another, where a random walk may part


def coefficients_proof(_: Runs) -> Leg:
    """The theorems for every setting."""
    checks: list[Check] = []
    for gate, expert, s, true, fitted, exact, m in CLAIMED:
        name = f"{s or gate}, {expert} experts, {true} true, {fitted} fitted"
        spec = partial(model, gate, expert, s)
        checks.append((f"{name}: lambda = {exact}, m = {m}", partial(_decided, spec, true, fitted, exact, m)))
    return proof_leg(checks)


def _decided(spec: Any, true: int, fitted: int, exact: Fraction, m: int) -> LegOutcome:
    found = coefficient(spec(), true, fitted)
    if found.exact is None or found.multiplicity is None:
        return "inconclusive"
    return holds((found.exact, found.multiplicity) == (exact, (m, m)))


@cache
def kept() -> dict[str, Any]:
    """The studies of volumes that are kept."""
    found: dict[str, Any] = json.loads((files("temperance.claims") / "data" / "volumes.json").read_text("utf-8"))
    return found


def predicted(study: VolumeStudy) -> Coefficient:
    """The coefficient of the model of a study."""
    s = "tanh" if study.gate == "tanh" else None
    spec = model("activation" if s else study.gate, study.expert, s)
    return coefficient(spec, len(study.cells), sum(study.cells))


def volumes_measured(_: Runs) -> Leg:
    """The slopes of the kept volumes against the coefficients, and a part of one study again."""
    rows = [_row(study) for study in STUDIES]
    again = _again(ONE)
    shown = ", ".join(f"{r['slope']:.3f} +- {r['error']:.3f} (predicted {r['predicted']:.3f})" for r in rows)
    detail = f"slopes of log volume on log distance: {shown}; a replicate run again: {again['found']}"
    return Leg(combined(r["outcome"] for r in (*rows, again)), detail, {"volumes": rows, "run_again": [again]})


def _row(study: VolumeStudy) -> dict[str, Any]:
    """A study with its test; nothing is tested where what is kept is of another definition."""
    found, entry = predicted(study), kept()[study.name]
    runs = entry["levels"] if entry["digest"] == study.digest else []
    if found.exact is None or found.multiplicity is None or not runs:
        return {"study": study.name, "parameter": "lambda", "outcome": "inconclusive"}
    exact, m = float(found.exact), found.multiplicity[0]
    slopes = np.array([study.slope(run) for run in runs])
    row = {
        "study": study.name,
        "parameter": "lambda",
        "exact": str(found.exact),
        "multiplicity": m,
        "bic": str(found.bic),
        "slope": float(slopes.mean()),
        "error": float(slopes.std(ddof=1) / math.sqrt(len(slopes))),
        "predicted": float(np.mean([study.expected(run, exact, m) for run in runs])),
        "replicates": len(runs),
    }
    return with_test(row, study.test(runs, exact, m, EACH))


def _again(study: VolumeStudy) -> dict[str, Any]:
    """The first replicate, not as deep: the same numbers, or on another machine no farther than chance allows."""
    levels, there = study.run(0, _SHALLOW), kept()[study.name]["levels"][0]
    gaps = np.abs(np.array(levels) - np.array(there[: len(levels)]))
    slope, depth = study.slope(there), len(levels)
    allowed = _DEVIATIONS * math.sqrt(2 * depth / study.live) / slope
    if gaps.max() <= _SAME:
        text, outcome = "the same", "confirmed"
    else:
        text, outcome = f"{gaps[-1]:.2f} away at the last of {depth} levels, {allowed:.2f} allowed", "inconclusive"
        outcome = "confirmed" if gaps[-1] <= allowed else outcome
    return {"study": study.name, "parameter": "levels", "found": text, "outcome": outcome}
