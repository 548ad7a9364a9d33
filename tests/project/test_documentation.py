"""The docstrings of what `temperance` offers, and the pages made from them."""

import ast
import dataclasses
import inspect
import os
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


def test_the_page_on_python_lists_what_temperance_offers():
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"::: temperance\.(\w+)", page)) == dir(temperance)
    assert [name for name in dir(temperance) if f"`{name}`" not in temperance.__doc__] == []


def test_there_is_much_to_document():
    assert len(FUNCTIONS) > 20
    assert len(CLASSES) >= 10


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
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return {"ValueError" if name == "BadInput" else name for name in names}  # a subclass, which the shell alone names


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
def site(tmp_path_factory):
    """The site, built as `make docs` builds it: a warning is an error there."""
    pytest.importorskip("mkdocs", reason="mkdocs, of the group docs, is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=quiet)
    assert done.returncode == 0, done.stderr  # --quiet would not count warnings
    return folder


def pages(site):
    return {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


@pytest.mark.slow
def test_the_site_holds_all_that_temperance_offers(site):
    page = (site / "python.html").read_text(encoding="utf-8")
    assert [name for name in dir(temperance) if f'id="temperance.{name}"' not in page] == []


@pytest.mark.slow
def test_the_links_of_the_site_lead_somewhere(site):
    broken = set()
    for path, text in pages(site).items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            target = unescape(link).partition("#")[0]
            within = target and "://" not in target and not target.startswith("data:")
            if within and path.name != "404.html" and not (path.parent / target).exists():
                broken.add((path.name, link))
    assert broken == set()


@pytest.mark.slow
def test_the_site_loads_nothing_from_a_network(site):
    loaded = r'<(?:script|img|iframe)[^>]* src="https?:|<link[^>]* rel="(?:stylesheet|preconnect)"[^>]* href="https?:'
    assert [path.name for path, text in pages(site).items() if re.search(loaded, text)] == []


@pytest.mark.slow
def test_every_formula_of_a_notebook_is_mathml(site):
    page = (site / "notebooks" / "01_interactions.html").read_text(encoding="utf-8")
    assert page.count("<math") > 20
    assert "arithmatex" not in page
    assert "$" not in re.sub(r"<(pre|code|script|math).*?</\1>", "", page, flags=re.DOTALL)
