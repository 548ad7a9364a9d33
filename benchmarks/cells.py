"""Over-specified cells on the lattice: passes a search, and how often a fit reaches the best of many starts.

    python benchmarks/cells.py [--json] [--replicates 30] [--n 1e5,1e8,1e11] [--cells tanh,softmax,hardtanh]

k = 3 atoms are fitted to counts of k* = 2. A fit has six starts: three splits of each atom of the maximum for k = 2.
"before" stops at fixed tolerances of the mean log-likelihood, "after" in units of the sample, in the chart of a pair.
Both are compared with the best that anything reached, among it 50 more starts (25 splits of each atom) as "after". The
likelihood has many maxima, a few units apart, and either way ends at one of them: shares have a standard error.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np

from temperance.numerics.fitting.mle import Fit, fit_points
from temperance.numerics.fitting.newton import EXACT, Stop
from temperance.numerics.fitting.starting_points import smaller, split_starts
from temperance.numerics.lattice.counts import samples
from temperance.numerics.lattice.experiment import experiment
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.claim_studies import SOFTMAX_CELL, TANH_CELL
from temperance.numerics.studies.study import Study

# the kink of hardtanh, at beta1 x = 1, lies inside the support of x
_TRUTH = MixingMeasure([[0.6], [0.0]], [0.25, 0.0], 0.25, [[0.5], [-0.5]], [2.0, -2.0], [1.0, 0.25])
CELLS = {
    "tanh": TANH_CELL,
    "softmax": SOFTMAX_CELL,
    "hardtanh": replace(TANH_CELL, name="hardtanh", activation="hardtanh", truth=_TRUTH, kink=True),
}
SPLITS, MANY, UNIT, SEED = 3, 25, 1e-3, 2024


def starts(study: Study, found: Fit, points: Points, each: int, stream: int, replicate: int) -> list[Any]:
    rng = np.random.default_rng([SEED, stream, replicate])
    return split_starts(study.layout, found.measure, each, spread=float(points.middle[1][0]), rng=rng)


def searched(study: Study, points: Points, thetas: list[Any], stop: Stop) -> tuple[list[Fit], float]:
    """The end of every start by itself, and the CPU time."""
    begin, options = time.process_time(), {"box": study.box, "starts": 0, "seed": 0, "stop": stop}
    fits = [fit_points(study.layout, study.gate, points, known_starts=[theta], **options) for theta in thetas]
    return fits, time.process_time() - begin


def cell(study: Study, n: int, replicates: int) -> dict[str, dict[str, float]]:
    made, stops = (
        experiment(study.truth, study.gate, study.box, n=n),
        {"before": EXACT, "after": Stop.in_sample_units(n)},
    )
    passes, seconds, gaps, ended = ({name: [] for name in stops} for _ in range(4))  # type: ignore[var-annotated]
    for replicate in range(replicates):
        (points,) = samples(made, (n,), seed=SEED, replicate=replicate)
        options = {"box": study.box, "starts": 2, "seed": replicate, "stop": stops["after"]}
        found = fit_points(smaller(study.layout), study.gate, points, **options)
        thetas, more = (starts(study, found, points, *each, replicate) for each in ((SPLITS, 0), (MANY, 1)))
        ends = {name: searched(study, points, thetas, stop) for name, stop in stops.items()}
        every = [*searched(study, points, more, stops["after"])[0], *(f for fits, _ in ends.values() for f in fits)]
        best = max(f.log_likelihood for f in every)
        for name, (fits, cpu) in ends.items():
            passes[name] += [f.passes for f in fits]
            ended[name] += [f.status != "max_steps" for f in fits]
            gaps[name].append(best - max(f.log_likelihood for f in fits))
            seconds[name].append(cpu)
    return {
        name: {
            "passes_mean": round(float(np.mean(passes[name])), 1),
            "passes_max": max(passes[name]),
            "stationary": round(float(np.mean(ended[name])), 3),
            "fits_at_best": (best := float(np.mean(np.array(gaps[name]) <= UNIT))),
            "fits_at_best_error": round(float(np.sqrt(best * (1 - best) / replicates)), 3),
            "gap_median": float(np.median(gaps[name])),
            "gap_max": float(np.max(gaps[name])),
            "cpu_s_per_fit": round(float(np.mean(seconds[name])), 4),
        }
        for name in stops
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Over-specified cells on the lattice")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--n", default="1e5,1e8,1e11", help="sizes, with commas between")
    parser.add_argument("--cells", default=",".join(CELLS), help="gates, with commas between")
    options = parser.parse_args()
    unknown = [name for name in options.cells.split(",") if name not in CELLS]
    if unknown or options.replicates < 1:
        parser.error(f"--cells must be some of {', '.join(CELLS)}, and --replicates at least 1")
    result = {}
    for name in options.cells.split(","):
        for n in options.n.split(","):
            result[f"{name} {n}"] = found = cell(CELLS[name], int(float(n)), options.replicates)
            for when, row in () if options.json else found.items():
                print(f"{name:9} n = {n:5} {when:7}", "  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
