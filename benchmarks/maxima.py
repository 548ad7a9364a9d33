"""Holds the search for the maximum against the best of a thousand climbs, on fresh samples of the studies of cells.

Climbs start uniformly in the box, which is no part of the search. For each study it prints in how many samples one
search, and the higher of two, lie within 0.05 of the best of all, how often two searches agree, how often and by how
much the thousand climbs are higher, and CPU seconds a search.

    python benchmarks/maxima.py --samples 20 --climbs 1000
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from temperance.numerics.fitting.climb import Stop
from temperance.numerics.fitting.search import APART, search_once
from temperance.numerics.studies.claim_studies import (
    GELU_SPLITS,
    SOFTMAX_FOUR,
    SOFTMAX_SPLITS,
    TANH_FREE,
    TANH_SPLITS,
)
from temperance.numerics.studies.run import data_of

STUDIES = {
    "tanh, free weights": TANH_FREE,
    "tanh, splits": TANH_SPLITS,
    "softmax, splits": SOFTMAX_SPLITS,
    "GELU, splits": GELU_SPLITS,
    "softmax, k = 4": SOFTMAX_FOUR,
}
SEED = 990_031  # of samples that no study has


def of_sample(study, replicate, climbs):
    """Log-likelihoods of two searches and of the best climb of one sample, and CPU seconds of both.

    Samples take the sizes of the study in turn.
    """
    place = replicate % len(study.sizes)
    points = data_of(study, replicate)[place]
    problem, stop = study.problem(points), Stop.in_sample_units(points.n)
    begin = time.process_time()
    halves = [search_once(problem, study.effort, [SEED, replicate], half, stop=stop) for half in (0, 1)]
    middle, rng = time.process_time(), np.random.default_rng([SEED, replicate])
    starts = rng.uniform(problem.lower, problem.upper, (climbs, len(problem.lower)))
    best = max(problem.climb(u, study.effort.passes, stop).value for u in starts) * points.n
    return [h.log_likelihood for h in halves], best, middle - begin, time.process_time() - middle


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--climbs", type=int, default=1000)
    parser.add_argument("--studies", nargs="+", default=list(STUDIES), choices=list(STUDIES))
    options = parser.parse_args()
    print(f"{'study':20} one search  higher of two  two agree  climbs higher (by)  CPU s a search  CPU s of climbs")
    for label in options.studies:
        study = replace(STUDIES[label], seed=SEED)
        of_sample(study, 0, 1)  # compiles
        rows = [of_sample(study, replicate, options.climbs) for replicate in range(options.samples)]
        searches, climbs = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        best = np.maximum(searches.max(axis=1), climbs)
        one = (searches >= best[:, None] - APART).mean()
        two = (searches.max(axis=1) >= best - APART).mean()
        agree = (np.ptp(searches, axis=1) <= APART).mean()
        above = climbs - searches.max(axis=1)
        seconds = [sum(row[i] for row in rows) / len(rows) for i in (2, 3)]
        print(
            f"{label:20} {one:10.3f}  {two:13.3f}  {agree:9.3f}  {(above > APART).mean():8.3f} "
            f"({max(above.max(), 0):.2f})  {seconds[0] / 2:14.2f}  {seconds[1]:15.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
