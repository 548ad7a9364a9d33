"""What holds of a gate is told from its formula: no comparison with a gate's or a parameter's name decides it."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from temperance.theory.models.gates import names

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("theory", "numerics", "temperance")
GATES = frozenset(names())
LISTS = frozenset({"FITTED", "ACTIVATED", "GATES"})
STEMS = frozenset(["a", "a_1", "b", "beta0", "beta1", "beta1/tau", "c", "w", "pi", "A", "Gamma", "tau", "nu"])
WITHOUT_STEMS = {("theory", wing) for wing in ("orders", "moments", "contact", "symmetries", "traits", "twins")}

TABLE = {"theory/models/gates.py", "theory/models/experts.py", "theory/models/by_name.py"}
"""Where names of gates and experts are looked up."""

OTHER_WORDS = {
    "theory/contact/contact_curves.py": 1,  # nu as what a curve moves
    "numerics/estimation/fit.py": 2,  # names whose fits keep the estimator that scales the data, and its digits
    "temperance/answers/atlas.py": 1,  # the title of a row leaves out the usual expert
    "temperance/answers/certify.py": 2,  # what a certificate is about: an activation
    "theory/kernel/place.py": 1,
    "theory/kernel/verdict.py": 1,
    "temperance/answers/efficiency.py": 1,  # the condition on an activation that fails
    "temperance/answers/predict.py": 1,  # which gate of docs/gates.md a formula is, in words
    "temperance/claims/c01_c06_c10_symmetries.py": 1,  # a generic position of a true point
    "temperance/claims/c14_atlas.py": 1,  # which rows a claim is about
    "temperance/claims/legs.py": 1,  # a generic position
    "temperance/routers/find.py": 2,  # functions of PyTorch
    "temperance/routers/gates.py": 3,
    "temperance/routers/words.py": 3,
    "temperance/routers/probe.py": 1,
}
"""Comparisons with words that are names of gates as well, or that choose what is shown."""


def words(node):
    """The strings of a literal, and the lists of names that it is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for entry in node.elts:
            yield from words(entry)
    elif isinstance(node, ast.Dict):
        for entry in filter(None, node.keys):
            yield from words(entry)
    elif isinstance(node, ast.Name) and node.id in LISTS:
        yield node.id


def compared(tree):
    """The line and the words of every comparison, case and look-up in a literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node.lineno, {w for side in (node.left, *node.comparators) for w in words(side)}
        elif isinstance(node, ast.MatchValue) or (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict)):
            yield node.lineno, {*words(node.value)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("startswith", "endswith", "removeprefix"):
                yield node.lineno, {w for side in node.args for w in words(side)}
            elif node.func.attr == "get" and isinstance(node.func.value, ast.Dict):
                yield node.lineno, {*words(node.func.value)}


def found(path, text=None):
    """The comparisons of a file that are with names of gates, or where all is told from formulas with parameters'."""
    wing = Path(path).parts
    wanted = GATES | LISTS | (STEMS if wing[:2] in WITHOUT_STEMS else set())
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8") if text is None else text)
    return [line for line, said in compared(tree) if said & wanted]


def test_no_comparison_with_the_name_of_a_gate_is_left():
    files = [str(p.relative_to(ROOT)) for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
    counted = Counter({path: len(found(path)) for path in files if path not in TABLE})
    allowed = Counter(OTHER_WORDS)
    assert {path: n for path, n in counted.items() if n > allowed[path]} == {}
    assert set(allowed) <= set(files)


@pytest.mark.parametrize(
    "text",
    [
        'gate.name == "quadratic"',
        'gate.name in ("linear", "softmax")',
        '"laplace" != name',
        'match name:\n    case "cosine":\n        pass',
        "name in FITTED",
        '{"sigmoid": 1}[name]',
        '{"sigmoid": 1}.get(name)',
        'p.name == "b"',
        'p.name.split("_")[0] in ("A", "Gamma")',
        'name.startswith("beta1")',
    ],
)
def test_every_way_of_comparing_with_a_name_is_seen(text):
    assert found("theory/contact/orders_from_theorems.py", text)
    assert not found("theory/contact/orders_from_theorems.py", 'record["activation"] == other; reason == "gate"')
