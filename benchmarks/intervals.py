"""Measures how often 95% intervals of the temperature and the gate hold the truth: by curvature and by profile.

    python benchmarks/intervals.py                  # 200 samples; minutes

The anchored gate of s(z) = gelu, with two experts: tau = 0.5, beta1 = 0.8, beta0 = 0.3, x uniform on [-3, 3], so that
z = beta1 x has a standard deviation of 1.39; 5,000 points. Sample i has the seed 4000 + i; fits have the defaults. A
fit without an interval counts as one that misses.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

from temperance import MixingMeasure, fit, sample

TRUTH = MixingMeasure([[0.8], [0.0]], [0.3, 0.0], 0.5, [[1.0], [-1.0]], [1.0, -1.0], [0.3, 0.5])
VALUES = {"tau": 0.5, "beta1": 0.8, "beta0": 0.3}
POINTS, SEED = 5_000, 4_000


def main() -> None:
    """Print the shares as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    replicates = parser.parse_args().replicates
    counts: Counter[str] = Counter()
    for i in range(replicates):
        x, y = sample(TRUTH, "gelu", POINTS, seed=SEED + i)
        result = fit(x, y, fitted=2, activation="gelu", gauge="anchored")
        counts["misled"] += any("curvature misleads" in warning for warning in result.warnings)
        curvature = {e.parameter: e.interval for e in result.estimates if e.parameter in VALUES}
        counts["without curvature interval"] += None in curvature.values()
        counts["no estimate"] += not result.fit.is_estimate
        profiles = result.profiled(list(VALUES)).profiles if result.fit.is_estimate else ()
        counts["open profile interval"] += any(set(p.ends) != {"closed"} for p in profiles)
        for name, ends in curvature.items():
            counts[f"{name}, curvature"] += ends is not None and ends[0] <= VALUES[name] <= ends[1]
        for p in profiles:
            counts[f"{p.parameter}, profile"] += p.low <= VALUES[p.parameter] <= p.high
    print(json.dumps({"replicates": replicates, **dict(sorted(counts.items()))}))


if __name__ == "__main__":
    main()
