"""Records the answers of the toolkit in one file, and lists how two such files differ.

``python tools/compare_answers.py record FILE.json`` asks the command line for the verdicts and certificates of the
catalogue, the verdicts of 300 expressions, the relations of every gate, contact orders and three small rate studies,
and notes the digest of every study. ``python tools/compare_answers.py compare OLD.json NEW.json`` exits with 1 if an
answer is another. It finds all by the installed command and by the names of values, so that
it outlives a move of modules.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import pkgutil
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

EXPRESSIONS = 300
_SEED = 20240131
_TIMES = {"seconds"}
_MISSING = "(nothing)"

_NAMES = """
relu leaky_relu elu selu celu softplus squareplus gelu gelu_tanh silu mish tanh sigmoid softsign hardswish hardtanh
hardsigmoid tanhshrink bent_identity logsigmoid isru isrlu cloglog gaussian sech cauchy square cube abs identity
exp log1p_square log_cosh hypot1 sin cos sinc sinh cosh atan asinh erf tanhexp logish gcu snake quick_gelu
"""
_FORMULAS = """
z z**2 z**3 z**4 exp(z) exp(-z) exp(-z**2) tanh(z) sin(z) cos(z) atan(z) erf(z) log(1+z**2) sqrt(1+z**2) abs(z)
1/(1+z**2) 1/(1+exp(-z)) log(1+exp(z)) max(z,0) z*tanh(z) z*exp(-z**2) log(cosh(z)) asinh(z) sinh(z)
"""
_OUTER = """
tanh({}) exp(-({})**2) log(1+({})**2) sqrt(1+({})**2) ({})**2 1/(1+exp(-({}))) max({},0) atan({}) sin({})
"""
_NUMBERS = "2 3 1/2 -1 0.1 5/4 sqrt(2) pi -3/2 1.702"
_SHIFTS = "1 -1 1/2 -2 0.3 3"
_BRANCHED = (
    "where(z < {0}, {1}, {2})",
    "max({1}, {2})",
    "min({1}, {2})",
    "where(z > {0}, {1}, alpha*({2}))",
    "({1})*abs(z - ({0}))",
)
_PARAMETERS = (
    "{0} + alpha*({1})",
    "alpha*({0})",
    "log(1 + alpha*z**2) + {0}",
    "where(z > 0, {0}, alpha*({1}))",
    "exp(-alpha*z**2)*({0})",
    "z/(1 + exp(-beta*z)) + {0}",
    "tanh(alpha*z + beta)",
    "z**2 + alpha*({0})",
    "log(1 + exp(beta*z))/beta + alpha*({0})",
)
_GATES = "linear generic softmax quadratic gaussian gaussian-full sigmoid cosine cosine-perturbed laplace"
_EXPERTS = "gaussian constant polynomial:2 nonlinear multinomial:3"
_ACTIVATIONS = ("tanh", "relu", "gelu", "exp", "z**2", "log1p_square", "abs")
_POINTS = [
    ["--gate", "softmax"],
    ["--activation", "tanh"],
    ["--activation", "z**2 + z", "--expert", "constant"],
]
_SMALL = ["--n", "200,400,800", "--replicates", "6", "--workers", "1", "--seed", "3"]
_RATES = [
    ["--true", "2", "--fitted", "2"],
    ["--true", "2", "--fitted", "2", "--activation", "tanh"],
    ["--true", "2", "--fitted", "3", "--gate", "softmax"],
]


def expressions() -> list[str]:
    """The expressions in z, the same every time: scaled, composed, branched, combined, and with parameters."""
    rng = random.Random(_SEED)
    names, formulas, numbers, shifts = (text.split() for text in (_NAMES, _FORMULAS, _NUMBERS, _SHIFTS))

    def part() -> str:
        name = rng.choice(names)
        return rng.choice([rng.choice(formulas), f"{name}({rng.choice(numbers)}*z)", f"{name}(z)"])

    kinds: list[Callable[[], str]] = [
        lambda: f"{rng.choice(numbers)}*{rng.choice(names)}({rng.choice(numbers)}*z + ({rng.choice(shifts)}))",
        lambda: rng.choice(_OUTER.split()).format(part()),
        lambda: rng.choice(_BRANCHED).format(rng.choice([*shifts, *"000000"]), part(), part()),
        lambda: rng.choice(["{} + {}", "{} - ({})", "({})*({})", "z*{} + {}"]).format(part(), part()),
        lambda: rng.choice(_PARAMETERS).format(part(), part()),
    ]
    found: dict[str, None] = {}
    for made in itertools.cycle(kinds):
        found[made()] = None
        if len(found) == EXPRESSIONS:
            break
    return list(found)


def answer(command: Callable[[], Any], *arguments: str) -> Any:
    """What the command line prints, as JSON values, with its exit status and message where that is not 0."""
    out, errors, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["temperance", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(errors):
            command()
        status: Any = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.argv = before
    printed = json.loads(out.getvalue()) if out.getvalue() else None
    return timeless(printed if status == 0 else {"status": status, "message": errors.getvalue(), "printed": printed})


def timeless(value: Any) -> Any:
    """The JSON value without what a clock says."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in _TIMES}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def answers() -> Iterator[tuple[str, Any]]:
    """Every item and its answer."""
    (entry,) = entry_points(group="console_scripts", name="temperance")
    command = entry.load()
    catalogue = answer(command, "catalogue", "--json")
    for row in catalogue:
        yield f"catalogue {row['name']}", row
    with tempfile.TemporaryDirectory() as folder:
        for row in catalogue:
            path = Path(folder) / "certificates.json"
            path.unlink(missing_ok=True)
            answer(command, "check", row["name"], "--json", "--certificate", str(path))
            yield f"certificates {row['name']}", timeless(json.loads(path.read_text())) if path.exists() else None
    for text in expressions():
        yield f"check {text}", answer(command, "check", "--json", "--", text)
    for arguments in derivations():
        yield f"derive {' '.join(arguments)}", answer(command, "derive", "--json", *arguments)
    for arguments in _POINTS:
        yield f"exponents {' '.join(arguments)}", answer(command, "exponents", "--json", *arguments)
    for arguments in _RATES:
        yield f"rates {' '.join(arguments)}", answer(command, "rates", "--json", *arguments, *_SMALL)
    yield from digests(entry.module.split(".")[0])


def derivations() -> Iterator[list[str]]:
    """Arguments of `derive`: every gate with every expert in the smallest dimension, and with one expert in d = 2."""
    gates = [["--gate", gate] for gate in _GATES.split()]
    gates += [["--gate", "activation", "--activation", activation] for activation in _ACTIVATIONS]
    for gate, order in itertools.product(gates, ("1", "2")):
        dim = "2" if gate[1].startswith("cosine") else "1"
        for expert in _EXPERTS.split() if len(gate) == 2 else ["gaussian"]:
            yield [*gate, "--expert", expert, "--dim", dim, "--order", order]
        if dim == "1":
            yield [*gate, "--dim", "2", "--order", order]


def digests(root: str) -> Iterator[tuple[str, Any]]:
    """The digests of the studies of all claims, and of those of arbitrary gates."""
    claims = _module(root, "CLAIMS").CLAIMS
    for claim in claims:
        for study in claim.studies:
            yield f"study {claim.id} {study.name}", study.digest
    for name, study in _module(root, "stored_studies").stored_studies().items():
        text = json.dumps(study["definition"], sort_keys=True)
        yield f"general study {name}", hashlib.sha256(text.encode()).hexdigest()


def _module(root: str, *names: str) -> Any:
    """The module of the package that defines all these names."""
    for found in pkgutil.walk_packages(import_module(root).__path__, f"{root}."):
        if found.name.endswith("__main__"):
            continue
        with suppress(ImportError):  # of a library that is not installed
            module = import_module(found.name)
            if all(name in vars(module) for name in names):
                return module
    raise LookupError(f"no module of {root} has {', '.join(names)}")


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """One line for every value that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from differences(old.get(key, _MISSING), new.get(key, _MISSING), f"{place} / {key}" if place else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{place}[{index}]")
    elif old != new:
        yield f"{place}: {json.dumps(old)} -> {json.dumps(new)}"


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description="Record the answers of the toolkit, or compare two records.")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    given = parser.parse_args()
    if given.what == "record":
        found = dict(answers())
        given.file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{len(found)} answers in {given.file}")
        return 0
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (given.old, given.new))
    lines = list(differences(old, new))
    print("\n".join([*lines, f"{len(lines)} differences in {len(old)} answers"]))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
