"""Imports go downwards only: every wing may use the wings listed before it, and no others."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("theory", "numerics", "temperance")
ORDER = """
theory/kernel theory/expressions theory/activations theory/fields theory/conditions theory/twins theory/coq
theory/models theory/interactions theory/symmetries
theory/rates theory/contact theory/least_squares theory/coefficients
numerics/mixture numerics/fitting numerics/estimation numerics/contact numerics/information
numerics/studies
temperance/show temperance/measurements temperance/claims temperance/interop temperance/routers temperance/answers
temperance/commands
""".split()  # noqa: SIM905 - a table to be read
LARGEST = 14
HEAVY = ("numba", "scipy", "matplotlib")
AFTER_CHECKING = ("numpy", "importlib.metadata", "rich.progress", "temperance.numerics")
AFTER_CHECKING += ("temperance.show.page", "temperance.show.plots", "temperance.show.notebook")
AFTER_CHECKING += ("temperance.theory.kernel", "temperance.theory.interactions", "temperance.commands.notebooks")
"""What `check` has no use for: its start is most of its time."""


def files_of(wing):
    return sorted(path for path in (ROOT / wing).glob("*.py") if path.stem != "__init__")


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def wing_of(module):
    """theory/kernel for temperance.theory.kernel.check, None for what is not ours."""
    parts = module.split(".")
    if parts[0] != "temperance":
        return None
    return "/".join(parts[1:3] if parts[1:2] in (["theory"], ["numerics"]) else parts[:2])


def imported(tree):
    """The dotted name of every import, also of those inside functions and under TYPE_CHECKING."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wings_used(wing):
    return {wing_of(name) for path in files_of(wing) for name in imported(tree_of(path))} - {None, wing, "temperance"}


def test_every_wing_has_its_place_in_the_order():
    found = {
        str(path.parent.relative_to(ROOT))
        for path in (p for room in ROOMS for p in (ROOT / room).glob("*/__init__.py"))
        if not path.parent.is_symlink()
    }
    assert found == set(ORDER)


@pytest.mark.parametrize("wing", ORDER)
def test_a_wing_imports_only_wings_before_it(wing):
    assert wings_used(wing) <= set(ORDER[: ORDER.index(wing)])


def circles(uses):
    """The groups of modules that import one another, of a mapping from each module to those that it imports."""
    reached = {}
    for start in uses:
        found, open_ = set(), [start]
        while open_:
            new = uses[open_.pop()] - found
            found |= new
            open_ += new
        reached[start] = found
    return {frozenset(b for b in reached[a] if a in reached[b]) for a in uses if a in reached[a]}


def test_no_modules_import_one_another():
    paths = {
        f"{'' if room == 'temperance' else 'temperance.'}{wing.replace('/', '.')}.{path.stem}": path
        for wing in ORDER
        for room in (wing.split("/")[0],)
        for path in files_of(wing)
    }
    names = {
        name: {n for full in imported(tree_of(path)) for n in (full, full.rpartition(".")[0])}
        for name, path in paths.items()
    }
    assert circles({name: used & set(paths) for name, used in names.items()}) == set()


def test_a_circle_of_modules_is_noticed():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {frozenset("bc")}


def test_the_kernel_imports_nothing_else_of_ours():
    assert wings_used("theory/kernel") == set()


def test_no_file_stands_outside_the_wings():
    loose = {str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).glob("*.py")}
    assert loose == {"theory/__init__.py", "numerics/__init__.py", "temperance/__init__.py", "temperance/__main__.py"}


def test_wings_are_small_and_say_what_they_hold():
    for wing in ORDER:
        assert 1 <= len(files_of(wing)) <= LARGEST, wing
        body = tree_of(ROOT / wing / "__init__.py").body
        assert len(body) == 1, f"{wing}/__init__.py holds more than a docstring"
        assert len(ast.literal_eval(body[0].value)) > 80, wing


def test_imports_inside_functions_are_seen():
    tree = ast.parse("import temperance.theory.fields.tower\ndef f():\n    from temperance.numerics.fitting import mle")
    assert list(map(wing_of, imported(tree))) == ["theory/fields", "numerics/fitting"]
    assert wing_of("numpy.linalg") is None


def loaded_by(code, watched):
    """Those of the watched packages that are loaded when code has run in a fresh interpreter."""
    code += f"\nimport sys\nprint(*[m for m in {watched} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stderr.split()


ROOMS_OF_MATHEMATICS = ("numpy", "temperance.numerics")


@pytest.mark.parametrize(
    ("lines", "watched"),
    [
        ([["--help"], ["--version"]], ("sympy", *ROOMS_OF_MATHEMATICS)),
        ([["check", "--help"]], ROOMS_OF_MATHEMATICS),  # the types of its options name SymPy
        ([["check", "tanh"]], AFTER_CHECKING),
        ([["check", "gelu", "elu(z, c)", "--json"], ["derive"]], HEAVY),
    ],
)
def test_commands_load_what_they_use(lines, watched):
    code = f"from temperance.commands.app import run\nassert [run(line) for line in {lines}] == {[0] * len(lines)}"
    assert loaded_by(code, watched) == []


def test_loading_something_heavy_is_noticed():
    assert loaded_by("import scipy", HEAVY) == ["scipy"]


def test_importing_temperance_loads_no_room():
    assert loaded_by("import temperance", ("temperance.theory", "temperance.numerics")) == []
