r"""Converts the LaTeX of the theory side to MathML.

>>> from temperance.pages.mathml import mathml
>>> "<mi>τ</mi>" in mathml(r"\tau")
True
"""

from __future__ import annotations

import re
from html import unescape
from xml.etree.ElementTree import Element, tostring

import sympy as sp
from markupsafe import Markup, escape
from sympy import latex

from temperance.theory.activations.activation import Activation, Z

_FORMULA = re.compile(r"\$([^$]+)\$")
_ESCAPED = re.compile(r"\\\^\{\}|\\([_&%#])")
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


def prose(text: str) -> Markup:
    """A paragraph of a derivation, its formulas between dollars, its other characters as TeX reads them."""
    parts = _FORMULA.split(text)
    plain = [_ESCAPED.sub(lambda found: found[1] or "^", part) for part in parts]
    return Markup("").join(mathml(part) if i % 2 else escape(plain[i]) for i, part in enumerate(parts))


def group(name: str) -> Markup:
    """A group of parameters, by its name in the records of slopes; in words where it has no symbol."""
    return mathml(_GROUPS[name]) if name in _GROUPS else escape(name)


def activation(s: Activation) -> Markup:
    """s(z) = its pieces."""
    pieces = ((p.expr, p.upper > Z if p.upper.is_finite else sp.true) for p in s.pieces)
    return mathml(f"s(z) = {latex(sp.Piecewise(*pieces))}")
