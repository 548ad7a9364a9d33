"""Prose does not steer the program: what a text says is a field beside it, and nothing takes the text apart."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTING = {"startswith", "endswith", "partition", "rpartition", "removeprefix", "removesuffix"}
SAID = {"reason", "reasons", "why", "detail", "title", "statement", "scope", "answer", "words", "note"}
ALLOWED = {
    "temperance/answers/check.py": "conditions that a user typed",
    "temperance/commands/users.py": "the name of a factory that a user typed",
    "temperance/routers/find.py": "names of modules, and of nodes of torch's graphs",
    "temperance/routers/probe.py": "names of nodes of torch's graphs",
    "temperance/routers/gates.py": "printed formulas, rewritten with the names of a router's parts",
    "temperance/interop/callables.py": "names of modules that a user's function comes from",
    "temperance/interop/torch_tracing.py": "names of torch's operations",
    "temperance/measurements/literature.py": "names of coordinates",
    "temperance/show/table.py": "the outcome at the beginning of a cell, for its colour",
    "temperance/show/plots.py": "digits of a number",
    "temperance/show/page.py": "keys of a command that cites",
    "temperance/show/document.py": "names and marks, which are set as symbols",
    "numerics/estimation/estimate.py": "names of modules of compiled code",
    "temperance/commands/app.py": "words that a user typed",
    "temperance/show/options.py": "values that a user typed",
    "theory/activations/catalogue.py": "names that a user typed",
    "theory/models/by_name.py": "the beginning of a message, which is not said twice",
    "theory/kernel/check.py": "the beginning of a format",
    "theory/kernel/moments.py": "names in certificates",
    "theory/kernel/reader.py": "fractions in certificates",
    "temperance/answers/certify.py": "names in certificates",
    "theory/coq/terms.py": "names of the types of terms",
    "theory/coq/files.py": "a printed polynomial of one constant",
    "theory/symmetries/derivation.py": "words of a line that is broken",
    "theory/expressions/arguments.py": "the home of a type",
    "theory/expressions/language.py": "what Python says of too deep an expression of a user",
    "theory/models/experts.py": "names of experts, with what stands after a colon",
    "theory/models/form.py": "names of covariates",
}
"""Files that take texts apart, and which texts."""


def takes_text_apart(node):
    """Whether a node of a syntax tree asks a text for its parts, or whether it holds some words."""
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Attribute) or getattr(node.func.value, "id", "") == "np":
            return False
        at_words = node.func.attr == "split" and bool(node.args) and isinstance(getattr(node.args[0], "value", 0), str)
        return at_words or node.func.attr in PARTING
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        (right, *_), left = node.comparators, node.left
        named = getattr(right, "attr", getattr(right, "id", None))
        is_part = isinstance(left, ast.Constant) and isinstance(left.value, str) and " " in left.value.strip()
        return is_part or (named in SAID and isinstance(left, ast.Constant | ast.JoinedStr))
    return False


def found_in(source):
    return [node.lineno for node in ast.walk(ast.parse(source)) if takes_text_apart(node)]


def test_no_text_is_taken_apart_but_names_formats_and_what_a_user_typed():
    found = {}
    for room in ("theory", "numerics", "temperance"):
        for path in (ROOT / room).rglob("*.py"):
            if lines := found_in(path.read_text(encoding="utf-8")):
                found[str(path.relative_to(ROOT))] = lines
    assert {path: lines for path, lines in found.items() if path not in ALLOWED} == {}
    assert set(ALLOWED) - set(found) == set(), "no longer needed"


@pytest.mark.parametrize(
    "source",
    [
        'p.reason.endswith("not identifiable")',
        'reason.split(" -> ")',
        'text.partition(";")',
        '"jump" in p.reason',
        'f"{x}" not in why',
        'any("further relations" in m for m in found.missing)',
    ],
)
def test_prose_that_is_read_is_noticed(source):
    assert found_in(source) == [1]


def test_a_kind_that_is_compared_is_none():
    assert found_in('p.kind is Kind.FLAT or "a" in names') == []
