"""Holds kept fits of a study against those of here: a tenth of its samples, drawn by its definition, is fitted again.

Fits are the same if they end alike and their log-likelihoods are: the last bits of fits depend on the processor, and
where a search has stopped the likelihood tells how far two fits can be apart.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.studies.results import FAILED
from temperance.numerics.studies.run import Progress, compile_side_by_side, data_of, run_replicate
from temperance.numerics.studies.store import Outcome
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import lost_workers_told

SHARE = 10
SAME = 0.01
"""Of log-likelihoods of whole samples: no function of the parameters then moves by more than a seventh of its error."""


@dataclass(frozen=True)
class Again:
    """How many samples were fitted again, and the largest gap between log-likelihoods (inf: a fit ends otherwise)."""

    samples: int
    gap: float

    @property
    def same(self) -> bool:
        """Whether every fit came out as it is kept."""
        return self.gap <= SAME


def drawn(study: Study) -> list[int]:
    """The replicates that are fitted again: a tenth, two at least, drawn by the digest of the definition."""
    count = max(min(2, study.replicates), -(-study.replicates // SHARE))
    return sorted(random.Random(study.digest).sample(range(study.replicates), count))


def fitted_again(
    study: Study,
    kept: Mapping[int, Outcome],
    executor: Executor,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Again:
    """Fit the drawn replicates of a study on workers, and compare them with those that are kept.

    Raises WorkersLost where a worker process was killed.
    """
    chosen, gap = drawn(study), 0.0
    progress(Progress(0, len(chosen), 0))
    compile_side_by_side([study], executor)
    with lost_workers_told(study.name):
        tasks = [executor.submit(gap_of, study, replicate, kept[replicate]) for replicate in chosen]
        try:
            for done, task in enumerate(tasks, 1):
                gap = max(gap, task.result())
                progress(Progress(done, len(chosen), 0))
        finally:
            for task in tasks:
                task.cancel()
    return Again(len(chosen), gap)


@one_blas_thread()
def gap_of(study: Study, replicate: int, kept: Outcome) -> float:
    """The largest gap between the log-likelihoods of a replicate's fits here and as kept; inf where one ends otherwise.

    Fits that count for nothing (`results.FAILED`) have to end alike only.
    """
    thetas, status, _ = run_replicate(study, replicate)
    if list(status) != list(kept[1]):
        return math.inf
    gaps = [0.0]
    for points, now, before, end in zip(data_of(study, replicate), thetas, kept[0], status, strict=True):
        if end not in FAILED:
            rest = (study.layout, study.gate, points.x, points.y, points.weights, points.reference)
            one, other = (evaluate(theta, *rest, derivatives=False).value for theta in (now, before))
            gaps.append(abs(one - other))
    return max(gaps)
