"""Mutation testing: which small changes of a module do its quick tests not notice?

    python tools/mutation.py numerics/studies/slopes.py [--sample 200] [--seed 0] [--workers 1] [--folder DIR] [--json]

Needs mutmut (`pip install mutmut`), which is no dependency. It works in a copy of the source; the tests of a module are
those named in TESTS. mutmut leaves decorated functions alone, so that decorators that change no value are taken off in
the copy; properties stay unmutated. Survivors are printed as differences: each wants a better test or an explanation.
The last whole runs are in docs/mutation.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS, FILES = ("temperance", "tests", "benchmarks", "campaigns"), ("pyproject.toml", "README.md")
KERNEL = ["tests/theory/kernel/test_false_statements.py", "tests/theory/kernel/test_verdicts.py"]
TESTS = {
    "theory/conditions/decision.py": [
        "tests/theory/conditions/test_decisions.py",
        "tests/theory/activations/test_regions.py",
    ],
    "theory/kernel/verdict.py": KERNEL,
    "theory/kernel/reader.py": KERNEL,
    "theory/interactions/interactions.py": [
        "tests/theory/interactions/test_interaction_reports.py",
        "tests/theory/interactions/test_interactions.py",
    ],
    "numerics/mixture/measures.py": ["tests/numerics/mixture/test_density.py"],
    "numerics/studies/errors.py": [
        "tests/numerics/errors/test_voronoi.py",
        "tests/numerics/errors/test_voronoi_naive.py",
    ],
    "numerics/studies/slopes.py": ["tests/numerics/errors/test_slopes.py"],
}
LENGTH = "tests/theory/kernel/test_kernel.py::test_the_kernel_is_short"  # a file with all its mutants in it is not
NEUTRAL = re.compile(r"^@(one_blas_thread\(\)|cache|lru_cache(\(.*\))?)\n", re.MULTILINE)
CONFIGURATION = """
[tool.mutmut]
source_paths = ["temperance"]
only_mutate = ["{module}"]
also_copy = ["benchmarks", "campaigns", "README.md"]
pytest_add_cli_args = ["-m", "not full", "-p", "no:cacheprovider", "--deselect", "{length}"]
pytest_add_cli_args_test_selection = {tests}
timeout_constant = 5.0
use_git_change_detection = false
"""
STATUS = {0: "survived", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests", 36: "timeout", 24: "timeout"}


def copy(module: str, tests: list[str], folder: Path) -> None:
    """The source with its tests, and a configuration of mutmut for this module.

    The rooms lie inside of the package, as in a wheel: elsewhere the tests would import those that are installed.
    """
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    with (folder / "pyproject.toml").open("a") as file:
        file.write(CONFIGURATION.format(module=module, tests=json.dumps(tests), length=LENGTH))
    (folder / module).write_text(NEUTRAL.sub("", (folder / module).read_text()))


def sampled(module: str, folder: Path, count: int, seed: int) -> list[str]:
    """Names of at most so many of the mutants of the module, drawn at random."""
    code = (
        "from pathlib import Path; from mutmut.mutation.file_mutation import mutate_file_contents as mutate; "
        "from mutmut.utils.format_utils import get_mutant_name as name; import json; "
        f"p = Path({module!r}); print(json.dumps([name(p, m) for m in mutate(str(p), p.read_text()).mutant_names]))"
    )
    names = json.loads(subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True).stdout)
    return random.Random(seed).sample(names, count) if count < len(names) else names


def run(module: str, folder: Path, names: list[str], workers: int) -> dict[str, list[str]]:
    """The mutants by what became of them."""
    limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [mutmut(), "run", "--max-children", str(workers), *names]
    with (folder / "mutmut.log").open("w") as log:
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **limits}, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut failed: see {folder / 'mutmut.log'}")
    codes = json.loads((folder / "mutants" / f"{module}.meta").read_text())["exit_code_by_key"]
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(STATUS.get(abs(codes[name]), "crashed"), []).append(name)
    return found


def mutmut() -> str:
    """Its command, beside this Python."""
    path = Path(sys.executable).with_name("mutmut")
    if not path.exists():
        raise SystemExit(f"there is no {path}: pip install mutmut")
    return str(path)


def difference(folder: Path, name: str) -> str:
    """What a mutant changes."""
    shown = subprocess.run([mutmut(), "show", name], cwd=folder, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in shown.splitlines() if not line.startswith(("---", "+++")))


def main() -> None:
    """Run the mutants of one module and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", choices=TESTS)
    parser.add_argument("--sample", type=int, default=10**9, help="at most so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a new folder to work in, which is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="mutants-"))
    folder.mkdir(exist_ok=True)
    module = f"temperance/{options.module}"
    copy(module, TESTS[options.module], folder)
    names = sampled(module, folder, options.sample, options.seed)
    found = run(module, folder, names, options.workers)
    missed = {name: difference(folder, name) for name in found.get("survived", []) + found.get("no tests", [])}
    counts = dict(Counter({status: len(those) for status, those in found.items()}))
    if options.json:
        print(json.dumps({"module": options.module, "mutants": len(names), **counts, "missed": missed}))
    else:
        print(*missed.values(), f"{options.module}: {len(names)} mutants, {counts}", sep="\n\n")
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
