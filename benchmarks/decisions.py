"""CPU time of the decisions: the whole catalogue, and `temperance check tanh` from a cold start.

python benchmarks/decisions.py [--json]: outcomes beside times; the command is compared with `import sympy` alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from statistics import median
from typing import Any

from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates
from temperance.theory.conditions.decision import decide

RUNS = 5


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


def _child_cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def command() -> dict[str, float]:
    """Median CPU seconds of the command, of its import of SymPy alone, and their ratio."""
    check = median(_child_cpu("from temperance.commands.app import run; run(['check', 'tanh'])") for _ in range(RUNS))
    bare = median(_child_cpu("import sympy") for _ in range(RUNS))
    return {"check_tanh_cpu_s": round(check, 3), "import_sympy_cpu_s": round(bare, 3), "ratio": round(check / bare, 2)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    found = {"catalogue": catalogue(), "command": command()}
    if parser.parse_args().json:
        print(json.dumps(found))
    else:
        for part, figures in found.items():
            print(part, *(f"{name} {value}" for name, value in figures.items()), sep="\n  ")
