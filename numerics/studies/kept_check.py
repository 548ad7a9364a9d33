"""Holds kept fits of a study against the likelihood of here, in NumPy: those of samples that its definition draws.

Where as many atoms are fitted as there are, the search is made again, and has to find the kept maximum. Where a cell is
split there are many maxima, and rounding decides which of them a search finds: one from the kept fit has to stay there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace

from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.studies.results import FAILED, KeptCheck
from temperance.numerics.studies.run import Progress, data_of, fit_of, run_replicate
from temperance.numerics.studies.store import Outcome
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import lost_workers_told

SHARE = 40
"""One in so many samples is checked, two at least."""


def drawn(study: Study) -> list[int]:
    """The replicates that are checked, drawn by the digest of the definition."""
    count = max(min(2, study.replicates), -(-study.replicates // SHARE))
    return sorted(random.Random(study.digest).sample(range(study.replicates), count))


def check_kept(
    study: Study,
    kept: Mapping[int, Outcome],
    executor: Executor,
    progress: Callable[[Progress], None] = lambda _: None,
) -> KeptCheck:
    """Check the drawn replicates of a study on workers.

    Raises WorkersLost where a worker process was killed.
    """
    chosen, gap = drawn(study), 0.0
    progress(Progress(0, len(chosen), 0))
    with lost_workers_told(study.name):
        tasks = [executor.submit(gap_of, study, replicate, kept[replicate]) for replicate in chosen]
        try:
            for done, task in enumerate(tasks, 1):
                gap = max(gap, task.result())
                progress(Progress(done, len(chosen), 0))
        finally:
            for task in tasks:
                task.cancel()
    return KeptCheck(len(chosen), gap)


@one_blas_thread()
def gap_of(study: Study, replicate: int, kept: Outcome) -> float:
    """The largest gap between the log-likelihoods of a replicate's fits of here and of the kept ones; see `KeptCheck`.

    inf where a fit counts that is kept as one that does not (`results.FAILED`), or the other way round.
    """
    gate, data = replace(study.gate, machine_code=False), data_of(study, replicate)
    thetas, status = kept[:2]
    if study.exact:
        thetas, status, _ = run_replicate(study, replicate, gate)
    gaps = [0.0]
    for points, there, theta, before, end in zip(data, kept[0], thetas, kept[1], status, strict=True):
        failed = [end in FAILED, before in FAILED]
        if any(failed):
            gaps.append(0.0 if all(failed) else math.inf)
            continue
        here = theta if study.exact else fit_of(study, gate, study.layout, points, 0, [there], 0).theta
        rest = (study.layout, gate, points.x, points.y, points.weights, points.reference)
        one, other = (evaluate(fit, *rest, derivatives=False).value for fit in (here, there))
        gaps.append(abs(one - other) if math.isfinite(one - other) else math.inf)
    return max(gaps)
