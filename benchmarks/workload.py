"""The published experiment of Nguyen, Nguyen and Ho (NeurIPS 2023), fitted to convergence on one core.

    python benchmarks/workload.py [--json] [--fitted 2|3|4] [--share 0.05] [--baselines] [--paired]

200 sample sizes up to 1e5, 40 replicates of each: 8000 fits. With two atoms a fit starts from the mean of the estimates
of the same replicate at up to 8 sizes before; the first one, and any that does not converge, from 5 starts of its own.
With three or four atoms a fit is that of `temperance fit` with one start, which adds splits of the maximum for one
atom less. No start uses the truth. --paired: these beside 5 starts of their own, each climbed on all points, in turns.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from baselines import em, lbfgs
from published import SIZES, TRUTH

from temperance.numerics.fitting.fits import LayoutFit, fit_points, search_layout
from temperance.numerics.fitting.problem import Box, layout_problem
from temperance.numerics.fitting.search import Effort, starts_of
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, sample
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies.errors import Symmetry, group_errors
from temperance.numerics.studies.slopes import log_slope
from temperance.theory.activations.activation import activation

GATE = compile_activation(activation("linear"))
BOX = Box(beta1=100.0, beta0=50.0, tau=(0.5, 2.0), a=100.0, b=100.0, nu=(0.03, 0.48))
REPLICATES, STARTS, RECENT, SEED = 40, 5, 8, 2023


@dataclass(frozen=True)
class Run:
    fits: list[list[LayoutFit]]  # replicates, sizes
    cpu: float
    wall: float


def sizes(k: int, share: float) -> list[int]:
    every = np.rint(SIZES[2 if k == 2 else 3]).astype(int)
    count = max(2, round(share * len(every)))
    return [int(n) for n in every[np.linspace(0, len(every) - 1, count).round().astype(int)]]


def data(n: int, replicate: int, x: np.ndarray) -> Points:
    return Points(*sample(TRUTH, GATE, n, seed=SEED * 2**32 + n, replicate=replicate, x=x))


def fit_next(layout: Layout, points: Points, before: list[LayoutFit], sizes_before: list[int], seed: int) -> LayoutFit:
    if layout.k == 2 and before:
        mean = np.average([f.theta for f in before], axis=0, weights=sizes_before)
        result = fit_points(layout, GATE, points, box=BOX, starts=0, seed=seed, known_starts=[mean])
        if result.status == "converged":
            return result
    if layout.k == 2:
        return fit_points(layout, GATE, points, box=BOX, starts=STARTS, seed=seed)
    return search_layout(layout, GATE, points, box=BOX, starts=1, seed=seed)


def run(layout: Layout, ns: list[int]) -> Run:
    cpu, wall = time.process_time(), time.monotonic()
    fits: list[list[LayoutFit]] = [[] for _ in range(REPLICATES)]
    for at, n in enumerate(ns):
        x, recent = np.linspace(0, 1, n)[:, None], slice(max(0, at - RECENT), at)
        for replicate, row in enumerate(fits):
            row.append(fit_next(layout, data(n, replicate, x), row[recent], ns[recent], seed=replicate))
        if sys.stderr.isatty():
            print(f"\r{n:7} of {ns[-1]}", end="", file=sys.stderr)
    return Run(fits, time.process_time() - cpu, time.monotonic() - wall)


def warm_up(layout: Layout) -> float:
    """CPU time until everything is compiled or loaded."""
    start = time.process_time()
    fit_points(layout, GATE, data(500, 0, np.linspace(0, 1, 500)[:, None]), box=BOX, starts=1, seed=0)
    return time.process_time() - start


def slope_of(layout: Layout, fits: list[list[LayoutFit]], ns: list[int]) -> Any:
    theta = np.array([[f.theta for f in row] for row in fits])
    kept = np.array([[f.status in ("converged", "at_bound") for f in row] for row in fits])
    errors = group_errors(layout.unpack(theta), TRUTH, Symmetry("anchored", linear=True)).errors
    loss = np.sum([np.nansum(error, axis=-1) for error in errors.values()], axis=0)
    large = np.array(ns) >= 1000
    return log_slope(np.where(kept, loss, np.nan)[:, large], np.array(ns)[large])


def compare(layout: Layout, ns: list[int]) -> dict[str, Any]:
    """Our fit and two others from the same start, on at most 0.5% of the fits."""
    count = max(1, len(ns) * REPLICATES // 200)
    tasks = [(ns[i * len(ns) // count], i % REPLICATES) for i in range(count)]
    names = {"ours": None, "lbfgs": lbfgs, "em": em}
    seconds, reached = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for n, replicate in tasks:
        points = data(n, replicate, np.linspace(0, 1, n)[:, None])
        problem = layout_problem(layout, GATE, points, BOX)
        (start,) = starts_of(problem, None, Effort(1, 0, 0), [replicate], 0)
        for name, method in names.items():
            begin = time.process_time()
            if method is None:
                kwargs = {"box": BOX, "starts": 0, "seed": 0, "known_starts": [start]}
                value = fit_points(layout, GATE, points, **kwargs).log_likelihood
            else:
                value = method(layout, points.x[:, 0], points.y, start, BOX)
            seconds[name] += time.process_time() - begin
            reached[name] += value / n
    return {
        name: {"fits": count, "cpu_s_per_fit": seconds[name] / count, "loglik_per_point": reached[name] / count}
        for name in names
    }


def paired(layout: Layout, ns: list[int]) -> dict[str, float]:
    """CPU time of every fit in both ways, starts included, and the log-likelihoods that the second one gains."""
    seconds, gains, ways = np.zeros(2), [], ((fit_points, STARTS), (search_layout, 1))
    for n in ns:
        x = np.linspace(0, 1, n)[:, None]
        for replicate in range(REPLICATES):
            points, values = data(n, replicate, x), []
            for at, (way, starts) in enumerate(ways):
                begin = time.process_time()
                found = way(layout, GATE, points, box=BOX, starts=starts, seed=replicate)
                seconds[at] += time.process_time() - begin
                values.append(found.log_likelihood)
            gains.append(values[1] - values[0])
    return {
        "fits": len(gains),
        "cpu_s_starts": round(float(seconds[0]), 3),
        "cpu_s_search": round(float(seconds[1]), 3),
        "cpu_ratio": round(float(seconds[1] / seconds[0]), 3),
        "share_lower": float(np.mean(np.array(gains) < -1e-3)),
        "share_higher": float(np.mean(np.array(gains) > 1e-3)),
        "gain_mean": float(np.mean(gains)),
        "gain_least": float(np.min(gains)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="The published experiment, fitted to convergence")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--fitted", type=int, choices=(2, 3, 4), default=2, help="fitted atoms")
    parser.add_argument("--share", type=float, default=1.0, help="share of the sample sizes")
    parser.add_argument("--baselines", action="store_true", help="also SciPy's L-BFGS-B and EM on a few of the fits")
    parser.add_argument("--paired", action="store_true", help="also 5 starts, each on all points")
    options = parser.parse_args()
    if not 0 < options.share <= 1:
        parser.error(f"--share must lie in (0, 1], not {options.share}")
    layout, ns = Layout(options.fitted, 1, tau=1.0), sizes(options.fitted, options.share)
    compile_s = warm_up(layout)
    done = run(layout, ns)
    every = [f for row in done.fits for f in row]
    slope = slope_of(layout, done.fits, ns)
    result: dict[str, Any] = {
        "fits": len(every),
        "cpu_s": round(done.cpu, 3),
        "compile_s": round(compile_s, 3),
        "wall_s": round(done.wall, 3),
        "converged": sum(f.status == "converged" for f in every),
        "at_bound": sum(f.status == "at_bound" for f in every),
        "slope": slope.value,
        "ci": list(slope.interval),
    }
    if options.baselines:
        result["baselines"] = compare(layout, ns)
    if options.paired:
        result["paired"] = paired(layout, ns)
    print(json.dumps(result) if options.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
