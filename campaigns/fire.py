"""Random activations of known truth against the decision and the proof kernel.

python campaigns/fire.py [--cases 5000] [--seed 1] [--chunk 50] [--results FILE.jsonl] [--json]

Chunks of cases run one after the other, each in a process of its own with at most 4 GB of memory; campaigns/trials.py
says what is compared. With --results each chunk is written down when it ends, and a run with the same options goes on
where it was stopped. Exit status 1 for any wrong verdict, crash, case of over 10 CPU seconds, or rejected certificate.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from hidden_pieces import case
from trials import Row, Tally, trial

_MOST_MEMORY = 4 << 30  # bytes


@dataclass(frozen=True)
class Chunk:
    """A part of a run: its number, its random numbers, how many cases."""

    number: int
    seed: int
    cases: int


def chunks(cases: int, seed: int, size: int) -> list[Chunk]:
    """Split a run into chunks of at most a number of cases."""
    count = -(-cases // size)
    return [Chunk(i, seed, cases * (i + 1) // count - cases * i // count) for i in range(count)]


def run(chunk: Chunk) -> dict[str, Any]:
    """Run one chunk in this process.

    Returns:
        The chunk, counts by kind, everything wrong in lines, CPU seconds and the peak of memory.
    """
    rng, tally, start = random.Random(f"{chunk.seed}:{chunk.number}"), Tally(), time.process_time()
    while sum(row.cases for row in tally.rows.values()) < chunk.cases:
        trial(case(rng), tally)
    return {
        "chunk": asdict(chunk),
        "kinds": {kind: asdict(row) for kind, row in sorted(tally.rows.items())},
        "without_truth": tally.without_truth,
        "reasons": tally.reasons,
        "slowest": tally.slowest,
        "faults": tally.faults,
        "cpu_s": time.process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def run_apart(chunk: Chunk) -> dict[str, Any]:
    """Run one chunk in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn"), _bounded) as pool:
        try:
            return pool.submit(run, chunk).result()
        except BrokenProcessPool:
            died = f"the process of {chunk} ended without an answer"
            return {"chunk": asdict(chunk), "kinds": {}, "faults": [died]}


def run_all(parts: list[Chunk], results: Path | None) -> list[dict[str, Any]]:
    """Run chunks, but for those that a file of results has already; append the others to it."""
    lines = results.read_text().splitlines() if results and results.exists() else []
    done = {json.dumps(found["chunk"]): found for found in map(json.loads, lines)}
    for part in parts:
        name = json.dumps(asdict(part))
        if name not in done:
            done[name] = run_apart(part)
            if results:
                with results.open("a") as file:
                    file.write(json.dumps(done[name]) + "\n")
    return [done[json.dumps(asdict(part))] for part in parts]


def merged(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The outcome of a whole run, from those of its chunks."""
    kinds: defaultdict[str, Row] = defaultdict(Row)
    total, reasons = Row(), Counter[str]()
    for one in found:
        for kind, row in one["kinds"].items():
            kinds[kind].add(Row(**row))
            total.add(Row(**row))
        reasons.update(one.get("reasons", {}))
    return {
        "total": _shown(total),
        "kinds": {kind: _shown(kinds[kind]) for kind in sorted(kinds)},
        "without_truth": sum(one.get("without_truth", 0) for one in found),
        "reasons": dict(reasons.most_common(12)),
        "slowest": max((tuple(one["slowest"]) for one in found if "slowest" in one), default=None),
        "faults": [fault for one in found for fault in one["faults"]],
        "cpu_s": round(sum(one.get("cpu_s", 0) for one in found), 1),
        "peak_mb": max(one.get("peak_mb", 0) for one in found),
    }


def _shown(row: Row) -> dict[str, Any]:
    return {
        **asdict(row),
        "cpu_s": round(row.cpu_s, 1),
        "undecided_share": round(row.undecided / max(row.verdicts, 1), 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=50)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.cases < 1 or options.chunk < 1:
        parser.error("--cases and --chunk must be at least 1")
    found = merged(run_all(chunks(options.cases, options.seed, options.chunk), options.results))
    if options.json:
        print(json.dumps(found))
    else:
        _print(found)
    return int(bool(found["faults"]))


def _print(found: dict[str, Any]) -> None:
    columns = ["cases", "verdicts", "wrong", "undecided", "certificates", "rejected", "bare", "cpu_s"]
    print(f"{'kind':32}", *(f"{c:>12}" for c in columns))
    for kind, row in [*found["kinds"].items(), ("total", found["total"])]:
        print(f"{kind:32}", *(f"{row[c]:>12}" for c in columns))
    for key in ("without_truth", "total", "reasons", "slowest", "cpu_s", "peak_mb"):
        print(f"{key}: {found[key]}")
    print(*found["faults"], sep="\n")


if __name__ == "__main__":
    sys.exit(main())
