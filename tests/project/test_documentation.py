"""The docstrings of what `temperance` offers, and the pages made from them."""

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
import textwrap
from html import unescape
from pathlib import Path

import pytest

import temperance

ROOT = Path(__file__).parents[2]
ARRAYS = ("Floats", "ArrayLike", "NDArray")


def own_methods(kind):
    return [f for name, f in vars(kind).items() if not name.startswith("_") and inspect.isfunction(f)]


def public_functions():
    """Every function that can be had from temperance, and the public methods of its classes."""
    for name in dir(temperance):
        thing = getattr(temperance, name)
        if inspect.isclass(thing):
            yield from ((f"{name}.{method.__name__}", method) for method in own_methods(thing))
        elif callable(thing):
            yield name, thing


FUNCTIONS = dict(public_functions())
CLASSES = {name: thing for name in dir(temperance) if inspect.isclass(thing := getattr(temperance, name))}


def named(word, text):
    return re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text) is not None


def parameters(function):
    return {name: p for name, p in inspect.signature(function).parameters.items() if name != "self"}


def test_there_is_much_to_document():
    assert len(FUNCTIONS) > 20
    assert len(CLASSES) > 10


def test_a_docstring_is_a_sentence_and_names_every_argument():
    for name, function in FUNCTIONS.items():
        text = function.__doc__ or ""
        assert text.splitlines()[0].endswith((".", ":")), f"{name}: the first line is no sentence"
        assert [p for p in parameters(function) if not named(p, text)] == [], name


def test_a_docstring_gives_the_shape_of_every_array():
    for name, function in FUNCTIONS.items():
        notes = [str(q.annotation) for q in parameters(function).values()]
        notes.append(str(inspect.signature(function).return_annotation))
        if any(array in note for note in notes for array in ARRAYS):
            shape = r"\((n|k|\.\.\.|m|p|size|replicates)\b[^)]*\)|shape|every element"
            assert re.search(shape, function.__doc__ or ""), name


def raised(function):
    """The names of the exceptions that the body of a function raises itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def test_a_docstring_names_every_error_that_is_raised():
    for name, function in FUNCTIONS.items():
        assert [error for error in raised(function) if not named(error, function.__doc__ or "")] == [], name


def test_the_docstring_of_a_class_names_its_fields():
    for name, kind in CLASSES.items():
        text = kind.__doc__ or ""
        assert text.splitlines()[0].endswith("."), name
        assert not text.startswith(f"{kind.__name__}("), f"{name}: made by dataclasses"
        fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
        assert [f.name for f in fields if f.name[0] != "_" and not named(f.name, text)] == [], name


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    pytest.importorskip("pdoc", reason="pdoc, the extra [docs], is not installed")
    folder = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-W", "error", str(ROOT / "tools" / "documentation.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.mark.slow
def test_the_pages_hold_all_that_temperance_offers(pages):
    page = (pages / "temperance.html").read_text(encoding="utf-8")
    assert set(dir(temperance)) <= set(re.findall(r'id="(\w+)"', page))
    for room in ("theory", "numerics"):
        modules = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / room).glob("*/[a-z]*.py")}
        files = (pages / "temperance" / room).rglob("*.html")
        assert modules <= {path.relative_to(pages / "temperance").with_suffix("") for path in files}


@pytest.mark.slow
def test_a_docstring_is_shown_as_it_is_written(pages):
    page = (pages / "temperance.html").read_text(encoding="utf-8")
    text = unescape(re.sub(r"<[^>]+>", "", page))
    assert inspect.cleandoc(temperance.log_likelihood.__doc__) in text


@pytest.mark.slow
def test_the_links_of_the_pages_lead_somewhere(pages):
    broken = set()
    for path in pages.rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8")):  # with $: made by the search
            target = unescape(link).partition("#")[0]
            if target and "$" not in target and "://" not in target and not (path.parent / target).exists():
                broken.add((path.name, link))
    assert broken == set()
