"""Defines the studies of volumes, runs them, and finds their slopes: log volume over log distance (theory.md 2.13).

``python -m temperance.numerics.volumes.volume_study FILE.json`` runs the studies of the claims into a file, a replicate
at a time; begun again, it goes on where the file ends.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from temperance.numerics.errors.hypotheses import Hypothesis
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.volumes.hellinger import local
from temperance.numerics.volumes.nested import levels

Floats = NDArray[np.float64]

DEVIATION = 0.25  # of a coefficient, that a test should find: coefficients are D/4 apart, D a whole number
_DIGITS = 6


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

    def run(self, replicate: int, deepest: float | None = None) -> list[float]:
        """Logs of the squared distances at the volumes exp(-1), exp(-2), .. of the box, to `deepest`."""
        rng = np.random.default_rng((self.seed, replicate))
        at = local(self.cells, tanh=self.gate == "tanh", constant=self.expert == "constant")
        found = levels(at, self.live, self.steps, self.deepest if deepest is None else deepest, rng)
        return [round(float(v), _DIGITS) for v in found[self.live - 1 :: self.live]]

    def _inside(self, kept: Sequence[float]) -> tuple[Floats, Floats]:
        """The log distances inside the window, and the log volumes."""
        values = np.asarray(kept)
        inside = (values <= self.window[0]) & (values >= self.window[1])
        return values[inside], -np.arange(1.0, len(values) + 1.0)[inside]

    def slope(self, kept: Sequence[float]) -> float:
        """The slope of log volume on log distance inside the window, of one replicate."""
        return _slope(*self._inside(kept))

    def expected(self, kept: Sequence[float], coefficient: float, multiplicity: int) -> float:
        """The slope of eps^lambda log(1/eps)^(m-1) at the same distances."""
        x, _ = self._inside(kept)
        return _slope(x, coefficient * x + (multiplicity - 1) * np.log(-x))

    def test(self, kept: Sequence[Sequence[float]], coefficient: float, multiplicity: int, level: float) -> Hypothesis:
        """Whether volumes are those of a coefficient: Student's t of the slopes of the replicates, two-sided.

        planned: for log volumes with the variance 1/live a unit, which nested sampling has at best.
        """
        gaps = np.array([self.slope(run) - self.expected(run, coefficient, multiplicity) for run in kept])
        width = self.window[0] - self.window[1]
        best = math.sqrt(1.2 * coefficient / (width * self.live))  # of a least-squares slope of a random walk

        def power(deviation: float) -> float:
            free, error = self.replicates - 1, deviation / math.sqrt(self.replicates)
            return float(stdtr(free, DEVIATION / error + stdtrit(free, level / 2)))

        null = f"the volume falls like eps^{coefficient:g} log(1/eps)^{multiplicity - 1}"
        made = (null, f"a coefficient smaller or larger by {DEVIATION:g}", power(best))
        if len(gaps) < self.replicates:
            return Hypothesis(*made)
        error = float(gaps.std(ddof=1))
        t = float(gaps.mean()) * math.sqrt(len(gaps)) / error
        return Hypothesis(*made, float(2 * stdtr(len(gaps) - 1, -abs(t))), power(error))


@one_blas_thread()
def _slope(x: Floats, y: Floats) -> float:
    """Of the line of least squares."""
    return float(np.polyfit(x, y, 1)[0])


SOFTMAX = VolumeStudy("softmax, two true, three fitted", "softmax", "gaussian", (2, 1))
TANH = VolumeStudy("tanh, two true, three fitted", "tanh", "gaussian", (2, 1))
CONSTANT = VolumeStudy("softmax, constant experts, two true, three fitted", "softmax", "constant", (2, 1))
ONE = VolumeStudy("softmax, one true, two fitted", "softmax", "gaussian", (2,))
STUDIES = (SOFTMAX, TANH, CONSTANT, ONE)


def run_studies(
    path: str | Path, studies: Sequence[VolumeStudy] = STUDIES, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run what a file does not hold, and write it after every replicate; what it holds, by names of studies.

    Raises:
        ValueError: the file holds a study of this name with another definition.
    """
    place = Path(path)
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for study in studies:
        kept = found.setdefault(study.name, {"definition": asdict(study), "digest": study.digest, "levels": []})
        if kept["digest"] != study.digest:
            raise ValueError(f"{str(path)!r} holds another study {study.name!r}; accepted: a new file")
        while len(kept["levels"]) < study.replicates:
            kept["levels"].append(study.run(len(kept["levels"])))
            beside = place.with_suffix(".part")
            beside.write_text(json.dumps(found) + "\n", encoding="utf-8")
            os.replace(beside, place)
            progress(f"{study.name}: {len(kept['levels'])} of {study.replicates}")
    return found


if __name__ == "__main__":
    run_studies(sys.argv[1], progress=lambda text: print(text, file=sys.stderr, flush=True))
