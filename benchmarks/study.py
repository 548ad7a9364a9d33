"""CPU time of the over-specified tanh study on the lattice, beside what ordinary samples of the same sizes would cost.

    python benchmarks/study.py [--json] [--replicates 8]

The study has 200 replicates at nine sizes up to 10^12; the time of a few is scaled to them. A replicate by ordinary
samples is run up to n = 10^6, and its cost there is extrapolated in proportion to n: passes over the data are all that
it consists of.
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

from temperance.numerics.studies.claim_studies import TANH_CELL
from temperance.numerics.studies.run import run_replicate
from temperance.numerics.studies.study import Study

REPLICATES, SAMPLED = 200, 10**6


def seconds(study: Study, replicates: int) -> tuple[float, list[Any]]:
    """CPU time of a replicate, and the ends of all fits."""
    run_replicate(replace(study, sizes=study.sizes[:2]), 0)  # compiles or loads
    begin = time.process_time()
    ends = [run_replicate(study, replicate) for replicate in range(replicates)]
    return (time.process_time() - begin) / replicates, ends


def main() -> None:
    parser = argparse.ArgumentParser(description="The over-specified tanh study, and the same by ordinary samples")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--replicates", type=int, default=8, help="that are timed on the lattice")
    options = parser.parse_args()
    lattice, ends = seconds(TANH_CELL, options.replicates)
    sample, _ = seconds(replace(TANH_CELL, experiment="sample", sizes=(1000, SAMPLED)), 1)
    all_points = float(np.sum(TANH_CELL.sizes, dtype=float))
    status = [s for _, row, _ in ends for s in row]
    result = {
        "sizes": [f"{n:.0e}" for n in TANH_CELL.sizes],
        "fits_that_are_estimates": sum(s in ("converged", "at_bound") for s in status) / len(status),
        "study_cpu_s": round(REPLICATES * lattice, 1),
        "sample_of_1e6_cpu_s": round(sample, 2),
        "study_by_samples_cpu_s": float(f"{REPLICATES * sample * all_points / SAMPLED:.2g}"),
        "ratio": float(f"{sample * all_points / SAMPLED / lattice:.2g}"),
    }
    print(json.dumps(result) if options.json else "\n".join(f"{name:24} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
