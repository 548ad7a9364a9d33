"""Holds the fits of studies against the best of a thousand climbs, on fresh samples.

Four climbs in five start uniformly in the box. The fifth starts where one atom of an earlier end, drawn at random, is
moved. A search has at most 40 uniform starts, and moves atoms of its best end alone. For each study it prints in how
many fits, one for each size of each replicate, one search of a single round, and the fit as the study makes it, lie
within 0.05 of the best of all. Then it prints on how many fits the two searches agree, how often and by how much the
thousand climbs are higher, and CPU seconds.

    python benchmarks/maxima.py --replicates 20 --climbs 1000              # of the studies of cells
    python benchmarks/maxima.py --studies exact exponents --replicates 3   # of the others, all of one kind
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from temperance.measurements.slopes import stored_studies
from temperance.numerics.fitting.climb import Stop
from temperance.numerics.fitting.search import APART, search_once
from temperance.numerics.fitting.starts import hop
from temperance.numerics.studies.claim_studies import (
    CONSTANTS,
    EXACT,
    GELU_SPLITS,
    LINEAR,
    MIRROR,
    RELU,
    SOFTMAX_FOUR,
    SOFTMAX_SPLITS,
    TANH_FREE,
    TANH_SPLITS,
    VARIANCE,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "campaigns"))
from remeasure import study_of

sys.path.pop(0)

CELLS = {
    "tanh, free weights": TANH_FREE,
    "tanh, splits": TANH_SPLITS,
    "softmax, splits": SOFTMAX_SPLITS,
    "GELU, splits": GELU_SPLITS,
    "softmax, k = 4": SOFTMAX_FOUR,
}
EXPONENTS = stored_studies()
KINDS = {
    "cells": CELLS,
    "exact": {study.name: study for study in (LINEAR, *EXACT, RELU, *MIRROR, CONSTANTS, *VARIANCE)},
    "exponents": EXPONENTS,
}
SEED = 990_038  # of samples that no study has
_EVERY = 5  # climbs: the last of them moves one atom of an earlier end


def of_replicate(study, replicate, climbs):
    """Of every size: log-likelihoods of one search, of the fit and of the best climb; the gap; CPU seconds of each."""
    begin = time.process_time()
    fits = study.fits(replicate)
    each = (time.process_time() - begin) / len(fits)
    rng, rows = np.random.default_rng([SEED, replicate]), []
    for fit in fits:
        problem, stop, seconds = fit.problem, Stop.in_sample_units(fit.problem.points.n), [time.process_time()]
        one = search_once(problem, study.effort, [SEED, replicate], 0, stop=stop)
        seconds.append(time.process_time())
        ends = []
        for index in range(climbs):
            start = rng.uniform(problem.lower, problem.upper)
            if index % _EVERY == _EVERY - 1:
                start = hop(problem, ends[rng.integers(len(ends))].theta, rng)
            ends.append(problem.climb(start, study.effort.passes, stop))
        best = max(end.value for end in ends) * problem.points.n
        seconds.append(time.process_time())
        search_seconds, climb_seconds = np.diff(seconds)
        rows.append([one.log_likelihood, fit.log_likelihood, best, fit.gap, search_seconds, each, climb_seconds])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--climbs", type=int, default=1000)
    parser.add_argument("--studies", nargs="+", default=["cells"], help=f"of {', '.join(KINDS)}, or their names")
    options = parser.parse_args()
    every = {label: study for studies in KINDS.values() for label, study in studies.items()}
    labels = [label for name in options.studies for label in KINDS.get(name, [name])]
    if unknown := [label for label in labels if label not in every]:
        parser.error(f"no study is called {', '.join(unknown)}; accepted: {', '.join([*KINDS, *every])}")
    print(f"{'study':34} fits  one search    fit  two agree  climbs higher (by)  CPU s: one search, fit, climbs")
    for label in labels:
        study = replace(study_of(every[label]) if label in EXPONENTS else every[label], seed=SEED)
        of_replicate(study, 0, 1)  # compiles
        table = np.array([row for r in range(options.replicates) for row in of_replicate(study, r, options.climbs)])
        values, gaps, seconds = table[:, :3], table[:, 3], table[:, 4:].mean(axis=0)
        one, fit, _ = (values >= values.max(axis=1)[:, None] - APART).mean(axis=0)
        above = values[:, 2] - values[:, 1]
        print(
            f"{label:34} {len(table):4} {one:10.3f} {fit:6.3f} {(gaps <= APART).mean():10.3f}  "
            f"{(above > APART).mean():9.3f} ({max(above.max(), 0):.2f})   "
            f"{seconds[0]:.2f}, {seconds[1]:.2f}, {seconds[2]:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
