r"""Writes answers and derivations as HTML pages, one file each that loads nothing; their formulas as MathML.

`render` fills a template of templates/; `temperance.claims.page` makes the page of a verification with it.

>>> from temperance.show.page import mathml
>>> "<mi>τ</mi>" in mathml(r"\tau")
True
"""

from __future__ import annotations

import base64
import platform
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from importlib.metadata import version
from textwrap import shorten
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, tostring

import sympy as sp
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from sympy import latex

from temperance.show.output import to_json
from temperance.show.table import Table, badge
from temperance.theory.activations.activation import Activation, Z, activation, reread
from temperance.theory.symmetries.derivation import Derivation, broken

FORMULA = re.compile(r"\$([^$]+)\$")
COMMAND = re.compile(r"\\(texttt|emph|cite|ref)\{((?:[^{}\\]|\\.|\{\})*)\}")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\^{}"} | {c: rf"\{c}" for c in "_&%#{}$"}
SPECIAL |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
"""The characters that LaTeX reads, as prose has them."""
_PLAIN = {"-{}-": "--"} | {tex: mark for mark, tex in SPECIAL.items()}
_GROUPS = {
    "beta1": r"\beta_1",
    "tau": r"\tau",
    "nu": r"\nu",
    "beta1/tau": r"\beta_1/\tau",
    "beta0/tau": r"\beta_0/\tau",
    "beta1_sum": r"\beta_{1,1} + \beta_{1,2}",
    "beta1_difference": r"\beta_{1,1} - \beta_{1,2}",
    "beta1^p/tau": r"|\beta_1|^p/\tau",
    "beta1_direction": r"\beta_1/|\beta_1|",
    "a": "a",
    "b": "b",
}


def mathml(latex: str, *, display: bool = False) -> Markup:
    """A formula as a math element, its LaTeX in the attribute alttext; display: on lines of its own."""
    from latex2mathml.converter import Converter

    tree = Converter(display="block" if display else "inline").convert_to_element(latex)
    del tree.attrib["xmlns"]  # a parser of HTML knows
    for element in tree.iter():
        element.text = unescape(element.text or "")  # the converter leaves entities, which tostring would escape
        _space(element)
    tree.set("alttext", latex)
    return Markup(tostring(tree, encoding="unicode"))


def _space(element: Element) -> None:
    """Spaces as TeX has them: none beside brackets and slashes, thin ones beside the names of functions."""
    text = element.text or ""
    if element.get("fence") or text == "/":
        element.attrib.update(lspace="0", rspace="0")
    elif element.tag in ("mi", "mo") and len(text) > 1 and text.isalpha():
        element.tag = "mo"
        element.attrib.update(lspace="0.12em", rspace="0.12em")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The parts of prose as LaTeX has it, each with its kind: formula, a command of `COMMAND`, or "" for plain text."""
    for i, part in enumerate(FORMULA.split(text.replace(r"\$", "\0"))):
        if i % 2:
            yield "formula", part
            continue
        plain, *commands = COMMAND.split(part)
        yield "", unescaped(plain)
        for name, argument, after in zip(commands[::3], commands[1::3], commands[2::3], strict=True):
            yield name, unescaped(argument)
            yield "", unescaped(after)


def prose(text: str, numbers: Mapping[str, str] = MappingProxyType({})) -> Markup:
    """Prose as HTML; numbers: what stands for each label."""
    return Markup("").join(_shown(kind, content, numbers) for kind, content in pieces(text))


def _shown(kind: str, content: str, numbers: Mapping[str, str]) -> Markup:
    match kind:
        case "formula":
            return mathml(content)
        case "texttt":
            return Markup("<code>{}</code>").format(content)
        case "emph":
            return Markup("<em>{}</em>").format(content)
        case "ref":
            return Markup('<a href="#{0}">{1}</a>').format(content, numbers[content])
        case "cite":
            keys = (Markup('<a href="#{0}">{0}</a>').format(key) for key in content.split(","))
            return Markup("[{}]").format(Markup(", ").join(keys))
    return escape(content)


def unescaped(text: str) -> str:
    """Prose without formulas and commands as the characters that it stands for; a dollar may be a null."""
    for tex, mark in _PLAIN.items():
        text = text.replace(tex, mark)
    return text.replace("\0", "$")


def group(name: str) -> Markup:
    """A group of parameters, by its name in the records of slopes; in words where it has no symbol."""
    return mathml(_GROUPS[name]) if name in _GROUPS else escape(name)


def activation_latex(s: Activation) -> str:
    """The formula of an activation, piece by piece."""
    pieces = ((p.expr, p.upper > Z if p.upper.is_finite else sp.true) for p in s.pieces)
    return str(latex(sp.Piecewise(*pieces)))


def activation_mathml(s: Activation) -> Markup:
    """s(z) = its pieces."""
    return mathml(f"s(z) = {activation_latex(s)}")


PACKAGES = ("numpy", "numba", "sympy", "python-flint", "mpmath", "scipy", "temperance")


def render(template: str, **values: Any) -> str:
    """The page that a template makes of values, and of the versions of packages."""
    return _environment().get_template(template).render(versions=versions(), **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("temperance.show", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        mathml=mathml,
        prose=prose,
        activation=lambda text: activation_mathml(activation(text)),
        certified=lambda expression: activation_mathml(reread(expression)),
        json=to_json,
        base64=lambda data: base64.b64encode(data).decode(),
        badge=badge,
        broken=broken,
        sentence=lambda text: f"{text[:1].upper()}{text[1:]}.",
        shorten=lambda text: shorten(text, 160, placeholder=" …"),
    )
    return environment


def versions() -> dict[str, str]:
    """Of Python and of the packages that results depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def derivation_page(derived: Derivation) -> str:
    """A derivation as an HTML document, step by step, without the code that recomputes it."""
    return render("derivation.html", derived=derived, record=derived.record(), relations=_relations(derived))


def _relations(derived: Derivation) -> Table:
    """All relations, with their numbers and orders."""
    interactions = derived.interactions
    caption = f"Independent relations among the derivatives of order at most {interactions.order}"
    rows = ((str(i), str(r.order), mathml(r.latex)) for i, r in enumerate(interactions.relations, 1))
    return Table(caption, ("number", "order", "relation"), tuple(rows))
