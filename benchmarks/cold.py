"""CPU time from cold: what a new user waits for, in units of `import sympy`, with the outcome beside each time.

python benchmarks/cold.py [--json] [--claims C1,C14b | --claims all] [--against COMMIT]: --claims verifies each of these
alone, and for "all" all of them together besides; --against runs the same, in turn, on the files of another commit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from temperance.claims.table import CLAIMS
from temperance.numerics.mixture.measures import MixingMeasure, sample

ROOT = Path(__file__).parents[1]
RUNS = 5
N, SEED = 1000, 34


def cpu(environment: dict[str, str], *command: str) -> tuple[float, str]:
    """CPU seconds of a process of Python and of those that it starts, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def data(folder: Path) -> Path:
    """A file of a mixture of two experts with the gate of tanh."""
    slopes, experts = {"beta1": [[2.0], [0.0]], "a": [[1.0], [-1.0]]}, {"b": [0.0, 1.0], "nu": [0.3, 0.5]}
    numbers: dict[str, Any] = {"beta0": [0.5, 0.0], "tau": 1.0, **slopes, **experts}
    truth = MixingMeasure(**numbers)
    x, y = sample(truth, "tanh", N, seed=SEED)
    path = folder / "data.csv"
    path.write_text("x,y\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(x[:, 0].tolist(), y.tolist(), strict=True)))
    return path


def starts(environment: dict[str, str], unit: float) -> dict[str, Any]:
    """Commands that compute next to nothing: their import is their time."""
    found = {}
    for words in (["--help"], ["--version"], ["check", "tanh"]):
        runs = [cpu(environment, "-m", "temperance", *words) for _ in range(RUNS)]
        found[" ".join(words)] = figures(median(s for s, _ in runs), unit, first_line(runs[0][1]))
    return found


def first_line(printed: str) -> str:
    """The first line with words."""
    return next(line.strip() for line in printed.splitlines() if line.strip())


def fits(environment: dict[str, str], unit: float, folder: Path) -> dict[str, Any]:
    """The first fit on a machine, the second, and a first comparison of sizes; each cache begins empty."""
    found, path = {}, str(data(folder))
    for name, sizes, cache in (("cold", "2", "a"), ("warm", "2", "a"), ("sizes, cold", "1,2,3", "b")):
        words = ("fit", path, "--fitted", sizes, "--activation", "tanh", "--json")
        seconds, printed = cpu(environment | empty(folder / cache), "-m", "temperance", *words)
        found[f"fit, {name}"] = figures(seconds, unit, likelihoods(json.loads(printed)))
    return found


def empty(cache: Path) -> dict[str, str]:
    """What of an environment makes a folder the cache of machine code; it is empty at first."""
    return {"NUMBA_CACHE_DIR": str(cache), "TEMPERANCE_CACHE": str(cache)}


def likelihoods(fit: Mapping[str, Any]) -> list[float]:
    """The log-likelihoods of a fit or of a comparison, to three digits after the point."""
    several = fit.get("sizes", [fit])
    return [round(one["loglik"], 3) for one in several]


def claims(environment: dict[str, str], unit: float, folder: Path, names: list[str]) -> dict[str, Any]:
    """Each claim verified alone, with machine code of all before it; then all together from an empty cache."""
    found = {}
    every = [[name] for name in names] if names != ["all"] else [*([c.id] for c in CLAIMS), []]
    for ids in every:
        cache = empty(folder / ("claims" if ids else "all"))
        seconds, printed = cpu(environment | cache, "-m", "temperance", "verify", *ids, "--json")
        outcomes = {claim["id"]: claim["outcome"] for claim in json.loads(printed)["claims"]}
        found[f"verify {' '.join(ids)}".strip()] = figures(seconds, unit, outcomes)
    return found


def figures(seconds: float, unit: float, outcome: Any) -> dict[str, Any]:
    """A time in seconds and in imports of SymPy, and what came out."""
    return {"cpu_s": round(seconds, 3), "imports": round(seconds / unit, 2), "outcome": outcome}


def measured(environment: dict[str, str], names: list[str]) -> dict[str, Any]:
    """All figures of the files that an environment finds."""
    unit = median(cpu(environment, "-c", "import sympy")[0] for _ in range(RUNS))
    with TemporaryDirectory() as made:
        folder = Path(made)
        found = {**starts(environment, unit), **fits(environment, unit, folder)}
        return {"import_sympy_cpu_s": round(unit, 3), **found, **claims(environment, unit, folder, names)}


def main() -> None:
    """Measure what is here, and another commit beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--claims", default="")
    parser.add_argument("--against")
    options = parser.parse_args()
    names = list(filter(None, options.claims.split(",")))
    found = {"here": measured({**os.environ, "PYTHONPATH": str(ROOT)}, names)}
    if options.against is not None:
        with TemporaryDirectory() as folder:
            archive = subprocess.run(["git", "archive", options.against], cwd=ROOT, capture_output=True, check=True)
            subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
            found[options.against] = measured({**os.environ, "PYTHONPATH": folder}, names)
    if options.json:
        print(json.dumps(found))
    else:
        for place, lines in found.items():
            print(place, *(f"{name}: {value}" for name, value in lines.items()), sep="\n  ")


if __name__ == "__main__":
    main()
