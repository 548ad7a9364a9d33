"""CPU time of the decisions of the whole catalogue.

python benchmarks/decisions.py [--json]: outcomes beside times.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from typing import Any

from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates
from temperance.theory.conditions.decision import decide


def catalogue() -> dict[str, Any]:
    """Decide every entry; seconds of CPU time, and how many are decided."""
    seconds, outcomes = {}, Counter()
    for name in CATALOGUE:
        start = time.process_time()
        decision = decide(name)
        seconds[name] = time.process_time() - start
        outcomes[f"{decision.first_order.outcome}/{decision.second_order.outcome}"] += 1
    slowest = max(seconds, key=lambda name: seconds[name])
    start = time.process_time()
    issued = sum(len(certificates(name)) for name in CATALOGUE)
    return {
        "entries": len(seconds),
        "cpu_s": round(sum(seconds.values()), 3),
        "slowest": [slowest, round(seconds[slowest], 3)],
        "outcomes": dict(outcomes),
        "certificates": issued,
        "certificates_cpu_s": round(time.process_time() - start, 3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    found = {"catalogue": catalogue()}
    if parser.parse_args().json:
        print(json.dumps(found))
    else:
        for part, figures in found.items():
            print(part, *(f"{name} {value}" for name, value in figures.items()), sep="\n  ")
