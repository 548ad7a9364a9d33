"""CPU time of one fused pass for log-likelihood, score and Hessian, in ns per data point on one core.

"weighted" are the same passes, for each k that of tanh, over points with weights and a reference, in turn with "tanh".

    python benchmarks/kernels.py [--json] [--gates]

With --gates: of the same likelihoods, for every gate of the atlas at k = 2 and three of no paper: without and with
weights, a call at n = 100 in microseconds, and the seconds to compile k = 3, if it was not on disk.
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
from dataclasses import replace

import numpy as np
import sympy as sp

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.likelihood import evaluate, likelihood
from temperance.numerics.mixture.measures import Layout
from temperance.theory.activations.activation import activation
from temperance.theory.models.by_name import least, model
from temperance.theory.models.experts import normal
from temperance.theory.models.gates import names
from temperance.theory.models.spec import NU, TAU, Expert, Gate, MoESpec, covariates

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
        return median_times([lambda: evaluate(theta, layout, replace(gate, machine_code=False), x, y)], REPEATS // 4)
    weights, reference = rng.integers(1, 9, POINTS).astype(float), rng.normal(size=POINTS)
    with_weights = lambda: evaluate(theta, layout, gate, x, y, weights, reference)  # noqa: E731
    return median_times([lambda: evaluate(theta, layout, gate, x, y), with_weights], REPEATS)


def one_of_ones_own() -> list[MoESpec]:
    """Models that no paper has."""
    (x,), (c, w, a, b) = covariates(1), sp.symbols("c w a b", real=True)
    line, curved = ((normal(mean), (a, b, NU)) for mean in (a * x + b, sp.tanh(a * x + b)))
    gates = [
        (Gate("cubic", c * x**3 / TAU + w * x, (c, w, TAU), (TAU,)), curved),
        (Gate("wave", w * sp.cos(x - c) / TAU, (w, c, TAU), (TAU,)), line),
        (Gate("bell", -sp.log(1 + (w * x - c) ** 2), (w, c)), line),
    ]
    return [MoESpec(gate, Expert("own", *expert), 1) for gate, expert in gates]


def measure_generated(spec: MoESpec) -> dict[str, float]:
    """The figures of --gates of one model."""
    formulas, rng = formulas_of(spec), np.random.default_rng(2)
    start = time.process_time()
    likelihood(formulas, 3)
    compiling, made = time.process_time() - start, likelihood(formulas, 2)
    theta = np.abs(rng.normal(0, 0.5, made.where.size))
    x, y = rng.uniform(-3, 3, (POINTS, spec.dim)), rng.normal(0, 2, POINTS)
    weights, reference = rng.integers(1, 9, POINTS).astype(float), rng.normal(size=POINTS)
    few = [np.ascontiguousarray(v[:100]) for v in (x, y)]
    calls = [
        lambda: made(theta, x, y),
        lambda: made(theta, x, y, weights, reference),
        lambda: [made(theta, *few) for _ in range(100)],
    ]
    *passes, hundred = median_times(calls, REPEATS)
    figures = [*passes, hundred * POINTS / 1e5, compiling]
    return dict(zip(("all", "weighted", "us at n = 100", "s to compile"), figures, strict=True))


def gates() -> dict[str, dict[str, float]]:
    """The figures of --gates."""
    found = {}
    for name in names():
        if name == "generic":
            continue
        spec, _ = least(name)
        found[name] = measure_generated(spec)
    for name in ("tanh", "gelu"):
        spec = model("activation", activation=name)
        found[f"activation {name}"] = measure_generated(spec)
    found |= {spec.gate.name: measure_generated(spec) for spec in one_of_ones_own()}
    return {name: {key: round(v, 2) for key, v in row.items()} for name, row in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of one likelihood pass, ns per data point")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--gates", action="store_true", help="likelihoods of every gate of the atlas")
    arguments = parser.parse_args()
    as_json = arguments.json
    if arguments.gates:
        found = gates()
        lines = [f"{name:20}" + "  ".join(f"{key} {v:.2f}" for key, v in row.items()) for name, row in found.items()]
        print(json.dumps(found) if as_json else "\n".join(lines))
        return
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
