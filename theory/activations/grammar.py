"""Defines the words and limits of the expression language, and reads a text into a Python syntax tree.

The tree is data only: `theory.activations.parser` builds a formula from it, with known operations.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterable

import sympy as sp

from temperance.theory.expressions.functions import LANGUAGE

MOST_CHARACTERS = 5000
MOST_NESTING = 100
MOST_DIGITS = 40

REFUSED_NAMES: dict[str, str] = {
    **dict.fromkeys(("nan", "inf", "oo", "zoo", "I"), "accepted: real numbers"),
    **dict.fromkeys(("x", "y"), "the variable is called z"),
    "tau": "s is what stands before the temperature, in s(beta1.x)/tau: give s alone, such as tanh",
}
"""Names that are no parameters, with what is meant instead."""
CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "E": sp.E}
SWITCHES = ("abs", "sign", "max", "min", "where")
ACCEPTED = (
    "accepted: the variable z, parameters (other names), numbers, + - * / **, "
    + " ".join(LANGUAGE)
    + " abs sign max min pi E, where(c, e1, e2) with c a comparison, and the names of `temperance catalogue`"
)


def refuse(what: str, hint: str | None = None) -> ValueError:
    """The error for what is not in the language, with a hint, or else with all that is accepted."""
    return ValueError(f"{what}; {hint or ACCEPTED}")


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known names that are nearest to one, as a question."""
    spelled: dict[str, str] = {}
    for text in known:
        spelled.setdefault(text.casefold(), text)
    exact = name.casefold() in spelled
    near = difflib.get_close_matches(name.casefold(), spelled, n=1 if exact else 2, cutoff=0.75)
    return f"did you mean {' or '.join(spelled[text] for text in near)}?" if near else None


def syntax_tree(text: str) -> ast.expr:
    """Parse text to a Python expression tree within the limits of the language.

    Raises:
        ValueError: the text is too long, nested too deeply, or no expression.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"an expression of {len(text)} characters is too long; accepted: at most {MOST_CHARACTERS}")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MOST_NESTING:
        raise ValueError(f"the expression nests {deepest} deep; accepted: at most {MOST_NESTING}")
    if "#" in text:  # a comment of Python's
        raise refuse(f"cannot read {short(text)} (it has a #)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, Warning, RecursionError, MemoryError, ValueError, OverflowError) as error:
        hint = "products are written *, as in 2*z" if "decimal literal" in str(error) else None
        raise refuse(f"cannot read {short(text)} ({_first_line(error)})", hint) from None
    return tree


def check_numbers(text: str) -> None:
    """Raise ValueError if a text has a number of over 40 digits."""
    for node in ast.walk(syntax_tree(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            long = node.value >= 10**MOST_DIGITS
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            whole, decimals, exponent = decimal(text.strip(), node)
            long = max(len(whole) + exponent, len(decimals) - exponent) > MOST_DIGITS
        else:
            continue
        if long:
            raise ValueError(f"a number of over {MOST_DIGITS} digits; accepted: at most {MOST_DIGITS}")


def decimal(text: str, node: ast.Constant) -> tuple[str, str, int]:
    """The digits of a decimal number in a text, before and behind its point, and its exponent."""
    literal = (ast.get_source_segment(text, node) or "").replace("_", "").lower()
    mantissa, _, exponent = literal.partition("e")
    whole, _, decimals = mantissa.partition(".")
    return whole, decimals, int(exponent or 0)


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "msg", None) or error or type(error).__name__).splitlines()[0]


def short(text: str) -> str:
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def names_in(tree: ast.expr) -> list[str]:
    """Names used as values, in order of appearance (called functions are not among them)."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called]
    return list(dict.fromkeys(found))
