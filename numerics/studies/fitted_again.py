"""Holds kept fits of a study against those of here: a part of its samples, drawn by its definition, is fitted again.

A kept fit stands if it counts where that of here does, and has no lower likelihood. Their last bits depend on the
processor, and so does the maximum at which a search of a split cell ends; the higher one is the estimate.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.studies.results import FAILED, HIGHER, Again
from temperance.numerics.studies.run import Progress, compile_side_by_side, data_of, run_replicate
from temperance.numerics.studies.store import Outcome
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import lost_workers_told

SHARE = 20
"""One in so many samples is fitted again, two at least."""


def drawn(study: Study) -> list[int]:
    """The replicates that are fitted again, drawn by the digest of the definition."""
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
    chosen, found = drawn(study), list[float]()
    progress(Progress(0, len(chosen), 0))
    compile_side_by_side([study], executor)
    with lost_workers_told(study.name):
        tasks = [executor.submit(gains_of, study, replicate, kept[replicate]) for replicate in chosen]
        try:
            for done, task in enumerate(tasks, 1):
                found += task.result()
                progress(Progress(done, len(chosen), 0))
        finally:
            for task in tasks:
                task.cancel()
    return Again(len(chosen), max(found), sum(gain < -HIGHER for gain in found))


@one_blas_thread()
def gains_of(study: Study, replicate: int, kept: Outcome) -> list[float]:
    """By how much the log-likelihoods of a replicate's fits here are above those of the kept fits; see `Again`."""
    thetas, status, _ = run_replicate(study, replicate)
    gains = []
    each = zip(data_of(study, replicate), thetas, kept[0], status, kept[1], strict=True)
    for points, *fits, end, before in each:
        failed = [end in FAILED, before in FAILED]
        if any(failed):
            gains.append(0.0 if all(failed) else math.inf)
            continue
        rest = (study.layout, study.gate, points.x, points.y, points.weights, points.reference)
        here, there = (evaluate(theta, *rest, derivatives=False).value for theta in fits)
        gains.append(here - there)
    return gains
