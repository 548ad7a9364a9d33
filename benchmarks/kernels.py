"""CPU time of one fused pass for log-likelihood, score and Hessian, in ns per data point on one core.

"weighted" are the same passes, for each k that of tanh, over points with weights and a reference, in turn with "tanh".

    python benchmarks/kernels.py [--json]

Each figure is the median of passes over 20000 points, d = 1, tau free; the linear gate is anchored, the others are in
the free gauge. "numpy" is the plain version with the linear gate, "user" an activation that nobody tuned for.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from temperance.numerics.likelihood import kernel as kernels
from temperance.numerics.mixture import density
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import activation

GATES = {"linear": "linear", "tanh": "tanh", "gelu": "gelu", "user": "z*tanh(z) + sin(z)/3"}
POINTS, REPEATS = 20_000, 41


def median_times(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Of each call, ns per point; the calls take turns."""
    times = []
    for repeat in range(repeats + 1):
        row = []
        for call in calls:
            start = time.process_time()
            call()
            row.append(time.process_time() - start)
        times += [row] if repeat else []  # the first compiles
    return list(np.median(times, axis=0) / POINTS * 1e9)


def measure(name: str, k: int, *, plain: bool = False) -> list[float]:
    """Without and with weights; or the plain version alone."""
    layout = Layout(k, 1, "anchored" if name == "linear" else "free")
    rng = np.random.default_rng(k)
    theta = rng.normal(0, 0.5, layout.size)
    x, y = rng.uniform(-3, 3, (POINTS, 1)), rng.normal(0, 2, POINTS)
    gate = compile_activation(activation(GATES[name]))
    if plain:
        return median_times([lambda: density.log_likelihood(theta, layout, gate, x, y)], REPEATS // 4)
    weights, reference = rng.integers(1, 9, POINTS).astype(float), rng.normal(size=POINTS)
    with_weights = lambda: kernels.evaluate(theta, layout, gate, x, y, weights, reference)  # noqa: E731
    return median_times([lambda: kernels.evaluate(theta, layout, gate, x, y), with_weights], REPEATS)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of one likelihood pass, ns per data point")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    result: dict[str, dict[str, float]] = {name: {} for name in (*GATES, "weighted", "numpy")}
    for k in (2, 3, 4):
        for name in GATES:
            plain, weighted = measure(name, k)
            result[name][str(k)] = round(plain, 2)
            if name == "tanh":
                result["weighted"][str(k)] = round(weighted, 2)
        result["numpy"][str(k)] = round(measure("linear", k, plain=True)[0], 2)
    if as_json:
        print(json.dumps(result))
        return
    print("ns per point" + "".join(f"{f'k={k}':>9}" for k in (2, 3, 4)))
    for name, row in result.items():
        print(f"{name:12}" + "".join(f"{row[str(k)]:9.2f}" for k in (2, 3, 4)))


if __name__ == "__main__":
    main()
