"""Runs the legs of claim C17: learning coefficients by proof, and the kept volumes of mixtures near a truth.

The volumes are in temperance/claims/data/volumes.json, which `campaigns/volumes.py` makes. Their slopes are log volume
over log distance (theory 6.1).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from temperance.claims.legs import Check, Runs, proof_leg
from temperance.measurements.judgement import Leg, LegOutcome, PlannedTest, combined, holds, with_test
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.numerics.studies.slopes import Hypothesis
from temperance.show.inputs import read_stored
from temperance.theory.coefficients.bounds import Coefficient, coefficient
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

DEVIATION = 0.25  # of a coefficient, that a test should find: coefficients are D/4 apart, D a whole number


@dataclass(frozen=True)
class VolumeStudy:
    """Nested sampling of the mixtures near a truth.

    Attributes:
        gate: softmax, or tanh, anchored. expert: gaussian or constant. cells: fitted atoms of each true one.
        live: points at a time. steps: of the random walk to a new one. deepest: log of the last squared distance.
        window: logs of the squared distances between which the slope is taken. replicates, seed: of the runs.
    """

    name: str
    gate: str
    expert: str
    cells: tuple[int, ...]
    live: int = 120
    steps: int = 160
    deepest: float = -30.0
    window: tuple[float, float] = (-16.0, -30.0)
    replicates: int = 12
    seed: int = 17

    @cached_property
    def digest(self) -> str:
        """Of all that determines the outcome."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def _inside(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """The log distances inside the window, and the log volumes."""
        values = np.asarray(levels)
        inside = (values <= self.window[0]) & (values >= self.window[1])
        return values[inside], -np.arange(1.0, len(values) + 1.0)[inside]

    def slope(self, levels: Sequence[float]) -> float:
        """The slope of log volume on log distance inside the window, of one replicate."""
        return _slope(*self._inside(levels))

    def expected(self, levels: Sequence[float], coefficient: float, multiplicity: int) -> float:
        """The slope of eps^lambda log(1/eps)^(m-1) at the same distances."""
        x, _ = self._inside(levels)
        return _slope(x, coefficient * x + (multiplicity - 1) * np.log(-x))

    def test(self, runs: Sequence[Sequence[float]], coefficient: float, multiplicity: int, level: float) -> Hypothesis:
        """Whether volumes are those of a coefficient: Student's t of the slopes of the replicates, two-sided.

        planned: for log volumes with the variance 1/live a unit, which nested sampling has at best.
        """
        gaps = np.array([self.slope(run) - self.expected(run, coefficient, multiplicity) for run in runs])
        width = self.window[0] - self.window[1]
        best = math.sqrt(1.2 * coefficient / (width * self.live))  # of a least-squares slope of a random walk

        def power(deviation: float) -> float:
            free, error = self.replicates - 1, deviation / math.sqrt(self.replicates)
            return float(stdtr(free, DEVIATION / error + stdtrit(free, level / 2)))

        null = f"the volume falls like eps^{coefficient:g} log(1/eps)^{multiplicity - 1}"
        plan = (null, f"a coefficient smaller or larger by {DEVIATION:g}", power(best))
        if len(gaps) < self.replicates:
            return Hypothesis(*plan)
        error = float(gaps.std(ddof=1))
        t = float(gaps.mean()) * math.sqrt(len(gaps)) / error
        return Hypothesis(*plan, float(2 * stdtr(len(gaps) - 1, -abs(t))), power(error))


@one_blas_thread()
def _slope(x: Floats, y: Floats) -> float:
    return float(np.polyfit(x, y, 1)[0])


SOFTMAX = VolumeStudy("softmax, two true, three fitted", "softmax", "gaussian", (2, 1))
TANH = VolumeStudy("tanh, two true, three fitted", "tanh", "gaussian", (2, 1))
CONSTANT = VolumeStudy("softmax, constant experts, two true, three fitted", "softmax", "constant", (2, 1))
ONE = VolumeStudy("softmax, one true, two fitted", "softmax", "gaussian", (2,))
STUDIES = (SOFTMAX, TANH, CONSTANT, ONE)


def coefficients_proof(_: Runs) -> Leg:
    """The theorems for every setting."""
    checks: list[Check] = []
    for gate, expert, s, true, fitted, exact, m in CLAIMED:
        name = f"{s or gate}, {expert} experts, {true} true, {fitted} fitted"
        spec = partial(model, gate, expert, s)
        checks.append((f"{name}: lambda = {exact}, m = {m}", partial(_decided, spec, true, fitted, exact, m)))
    return proof_leg(checks)


def _decided(spec: Any, true: int, fitted: int, exact: Fraction, m: int) -> LegOutcome:
    result = coefficient(spec(), true, fitted)
    if result.exact is None or result.multiplicity is None:
        return "inconclusive"
    return holds((result.exact, result.multiplicity) == (exact, (m, m)))


@cache
def stored() -> dict[str, Any]:
    """The studies of volumes that are kept."""
    return dict(read_stored("claims/data/volumes.json"))


def predicted(study: VolumeStudy) -> Coefficient:
    """The coefficient of the model of a study."""
    s = "tanh" if study.gate == "tanh" else None
    spec = model("activation" if s else study.gate, study.expert, s)
    return coefficient(spec, len(study.cells), sum(study.cells))


def planned_volumes(level: float) -> list[PlannedTest]:
    """The hypotheses of `volumes_measured`, with the planned power of each."""
    tests = [(study, predicted(study)) for study in STUDIES]
    return [
        PlannedTest(study.name, "lambda", study.test([], float(bounds.exact), bounds.multiplicity[0], level))
        for study, bounds in tests
        if bounds.exact is not None and bounds.multiplicity is not None
    ]


def volumes_measured(_: Runs, level: float) -> Leg:
    """The slopes of the kept volumes against the coefficients."""
    rows = [_row(study, level) for study in STUDIES]
    summary = ", ".join(f"{r['slope']:.3f} +- {r['error']:.3f} (predicted {r['predicted']:.3f})" for r in rows)
    detail = f"slopes of log volume on log distance, of stored volumes: {summary}"
    return Leg(combined(r["outcome"] for r in rows), detail, {"volumes": rows})


def _row(study: VolumeStudy, level: float) -> dict[str, Any]:
    """A study with its test; nothing is tested where what is kept is of another definition."""
    bounds, entry = predicted(study), stored()[study.name]
    runs = entry["levels"] if entry["digest"] == study.digest else []
    if bounds.exact is None or bounds.multiplicity is None or not runs:
        return {"study": study.name, "parameter": "lambda", "outcome": "inconclusive"}
    exact, m = float(bounds.exact), bounds.multiplicity[0]
    slopes = np.array([study.slope(run) for run in runs])
    row = {
        "study": study.name,
        "parameter": "lambda",
        "exact": str(bounds.exact),
        "multiplicity": m,
        "bic": str(bounds.bic),
        "slope": float(slopes.mean()),
        "error": float(slopes.std(ddof=1) / math.sqrt(len(slopes))),
        "predicted": float(np.mean([study.expected(run, exact, m) for run in runs])),
        "replicates": len(runs),
    }
    return with_test(row, study.test(runs, exact, m, level), level)
