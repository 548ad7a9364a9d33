"""CPU time of sample sizes: one information, twelve activations at one truth, the ranking.

python benchmarks/efficiency.py [--json] [--ranking]: outcomes beside times, after import; --ranking: of the catalogue.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import temperance
from temperance.measurements.true_measures import default_truth
from temperance.numerics.information.required import tau_variance
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, measure_of
from temperance.theory.activations.activation import activation

NAMES = ("tanh", "sigmoid", "erf", "sin", "gaussian", "atan", "exp", "gelu", "silu", "mish", "elu", "softplus")
TRUTH = default_truth(2, 1, anchored=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds."""
    start = time.process_time()
    return work(), round(time.process_time() - start, 4)


def main(ranking: bool) -> dict[str, Any]:
    """Times and outcomes."""
    gate, m = compile_activation(activation("tanh")), measure_of(TRUTH)
    variance, once = timed(lambda: tau_variance(m, Layout(2, 1), gate, -3.0, 3.0))
    twelve, of_twelve = timed(lambda: temperance.efficiency(*NAMES, gauge="anchored"))
    found: dict[str, Any] = {
        "information": {"n_tau": 100 * variance, "cpu_s": once},
        "twelve": {"n_tau": [row.n_tau for row in twelve.table], "cpu_s": of_twelve},
    }
    if ranking:
        ranked, of_ranking = timed(lambda: temperance.efficiency(gauge="anchored", match=(0.1, 0.9)))
        known = [row.activation for row in ranked.table if row.n_tau is not None]
        found["ranking"] = {"ranked": len(known), "of": len(ranked.table), "first": known[:3], "cpu_s": of_ranking}
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ranking", action="store_true")
    options = parser.parse_args()
    results = main(options.ranking)
    print(json.dumps(results, indent=None if options.json else 2))
