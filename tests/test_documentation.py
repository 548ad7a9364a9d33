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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_is_a_sentence_and_names_every_argument(name):
    text = FUNCTIONS[name].__doc__ or ""
    assert text.splitlines()[0].endswith((".", ":")), "the first line is no sentence"
    missing = [p for p in parameters(FUNCTIONS[name]) if not named(p, text)]
    assert not missing


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_gives_the_shape_of_every_array(name):
    text, function = FUNCTIONS[name].__doc__ or "", FUNCTIONS[name]
    notes = {p: str(q.annotation) for p, q in parameters(function).items()}
    notes["return"] = str(inspect.signature(function).return_annotation)
    if any(array in note for note in notes.values() for array in ARRAYS):
        assert re.search(r"\((n|k|\.\.\.|m|p|size|replicates)\b[^)]*\)|shape|every element", text)


def raised(function):
    """The names of the exceptions that the body of a function raises itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_names_every_error_that_is_raised(name):
    assert [error for error in raised(FUNCTIONS[name]) if not named(error, FUNCTIONS[name].__doc__ or "")] == []


@pytest.mark.parametrize("name", CLASSES)
def test_the_docstring_of_a_class_names_its_fields(name):
    kind = CLASSES[name]
    text = kind.__doc__ or ""
    assert text.splitlines()[0].endswith(".")
    assert not text.startswith(f"{kind.__name__}("), "made by dataclasses"
    fields = (
        [f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")]
        if dataclasses.is_dataclass(kind)
        else []
    )
    assert [field for field in fields if not named(field, text)] == []


@pytest.mark.parametrize("module", sorted({thing.__module__ for thing in (*FUNCTIONS.values(), *CLASSES.values())}))
def test_a_module_says_what_it_is_about(module):
    first = (sys.modules[module].__doc__ or "").splitlines()[0]
    assert first.rstrip("`").endswith((".", ":"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    pytest.importorskip("pdoc", reason="pdoc, the extra [docs], is not installed")
    folder = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-W", "error", "-m", "temperance.documentation", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def test_the_pages_hold_all_that_temperance_offers(pages):
    page = (pages / "temperance.html").read_text(encoding="utf-8")
    assert set(dir(temperance)) <= set(re.findall(r'id="(\w+)"', page))
    for room in ("theory", "numerics"):
        modules = {path.stem for path in Path(sys.modules[room].__path__[0]).glob("[a-z]*.py")}
        assert {path.stem for path in (pages / room).glob("*.html")} == modules


def test_a_docstring_is_shown_as_it_is_written(pages):
    page = (pages / "temperance.html").read_text(encoding="utf-8")
    text = unescape(re.sub(r"<[^>]+>", "", page))
    assert inspect.cleandoc(temperance.log_likelihood.__doc__) in text


def test_the_links_of_the_pages_lead_somewhere(pages):
    broken = set()
    for path in pages.rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8")):  # with $: made by the search
            target = unescape(link).partition("#")[0]
            if target and "$" not in target and "://" not in target and not (path.parent / target).exists():
                broken.add((path.name, link))
    assert broken == set()
