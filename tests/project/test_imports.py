"""Imports go downwards only: theory, numerics, temperance; within a room, a module imports those listed before it."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ["theory", "numerics", "temperance"]
# a module of these may use those before it, not those after it; other modules stand anywhere between
LISTED = {
    "theory": [
        "activations",
        "models",
        "derivatives",
        "towers",
        "checker",
        "independence",
        "interactions",
        "symmetry",
        "solvability",
        "rates",
        "exponents",
    ],
    "numerics": ["measures", "density", "kernels", "sampling", "mle", "voronoi", "contact", "slopes", "studies"],
    "temperance": ["claims", "verify", "cli"],
}
HEAVY = ("numba", "scipy", "matplotlib")
FILES = {  # of every module, and of every package within a room
    (room, path.stem): sorted(path.glob("*.py")) if path.is_dir() else [path]
    for room in ROOMS
    for path in sorted((ROOT / room).iterdir())
    if path.stem[0] != "_" and (path.suffix == ".py" or (path / "__init__.py").exists())
}
MODULES = list(FILES)


def imported(tree):
    """(room, module or None) for every import of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            deep = node.module.count(".") == 0 and node.module in ROOMS
            names = [f"{node.module}.{alias.name}" for alias in node.names] if deep else [node.module]
        else:
            continue
        for name in names:
            room, _, module = name.partition(".")
            if room in ROOMS:
                yield room, module.split(".")[0] or None


def imports_of(room, module):
    found = [name for path in FILES[room, module] for name in imported(ast.parse(path.read_text(encoding="utf-8")))]
    return [name for name in found if name != (room, module)]


def test_a_room_imports_itself_and_those_below():
    for room, module in MODULES:
        for other_room, other in imports_of(room, module):
            assert other is not None, f"{other_room} is imported as a whole"
            assert ROOMS.index(other_room) <= ROOMS.index(room), f"{room}.{module} imports {other_room}.{other}"


@pytest.mark.parametrize("room", ROOMS)
def test_the_modules_of_a_room_have_an_order_with_the_listed_one_in_it(room):
    graph = {m: {other for r, other in imports_of(room, m) if r == room} for own, m in MODULES if own == room}
    below = {}
    for module in TopologicalSorter(graph).static_order():  # raises CycleError
        below[module] = graph[module].union(*(below[other] for other in graph[module]))
    for i, module in enumerate(LISTED[room]):
        later = set(LISTED[room][i + 1 :]) & below.get(module, set())
        assert not later, f"{room}.{module} uses {later}, which the list puts after it"


def test_the_test_sees_imports():
    tree = ast.parse("import theory.towers\ndef f():\n    from numerics import mle\n    from temperance.cli import run")
    assert list(imported(tree)) == [("theory", "towers"), ("numerics", "mle"), ("temperance", "cli")]


@pytest.mark.parametrize("room", ["theory", "numerics"])
def test_a_room_is_entered_without_loading_anything(room):
    assert (ROOT / room / "__init__.py").read_text(encoding="utf-8") == ""


def loaded_by(code):
    """The heavy packages that are loaded when code has run in a fresh interpreter."""
    code += f"\nimport sys\nprint(*[m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize(
    "arguments", [["check", "gelu", "elu(z, c)", "--json"], ["check", "relu"], ["derive"], ["--version"]]
)
def test_the_symbolic_commands_load_nothing_heavy(arguments):
    assert loaded_by(f"from temperance.cli import run\nassert run({arguments}) == 0") == []


def test_loading_something_heavy_is_noticed():
    assert loaded_by("import scipy") == ["scipy"]


def test_importing_temperance_loads_no_room():
    code = "import sys, temperance\nprint(*[m for m in sys.modules if m.split('.')[0] in ('theory', 'numerics')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
