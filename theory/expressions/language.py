"""Reads expressions by a whitelist over Python's syntax tree, for the languages of activations and of formulas.

Nothing that a user writes is evaluated by Python or SymPy. Every node of the tree is checked against the words of the
language, and a `Reader` builds a value from known operations; its subclasses say what kind of value.
"""

from __future__ import annotations

import ast
import difflib
import operator as operations
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Generic, TypeVar

import sympy as sp

from temperance.theory.expressions.functions import LANGUAGE

MOST_CHARACTERS = 5000
MOST_DIGITS = 40
_LONG_NUMBER = re.compile(rf"(\d[._]?){{{MOST_DIGITS + 1}}}|\d\.?e[+-]?\d{{3}}|\b0[xob]", re.IGNORECASE)

CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "E": sp.E}
SWITCHES = ("max", "min", "where")
NOT_REAL = dict.fromkeys(("nan", "inf", "oo", "zoo", "I"), "accepted: real numbers")
"""Names that every language refuses, with what is meant instead."""
WORDS = f"numbers, + - * / **, {' '.join(LANGUAGE)} abs sign max min pi E, where(c, e1, e2) with c a comparison"
"""What every language accepts beside its variables."""

OPERATIONS: dict[type[ast.operator], Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    ast.Add: operations.add,
    ast.Sub: operations.sub,
    ast.Mult: operations.mul,
    ast.Div: operations.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Gt: operations.gt,
    ast.GtE: operations.ge,
    ast.Lt: operations.lt,
    ast.LtE: operations.le,
    ast.Eq: operations.eq,
    ast.NotEq: operations.ne,
}
T = TypeVar("T")


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """The known names that are this one but for letter case and underscores, or else the nearest, as a question."""
    spelled = {text.casefold().replace("_", ""): text for text in reversed(list(names))}
    plain = name.casefold().replace("_", "")
    near = difflib.get_close_matches(plain, spelled, n=1 if plain in spelled else 2, cutoff=0.75)
    return f"did you mean {' or '.join(spelled[text] for text in near)}?" if near else None


def check_numbers(text: str) -> None:
    """Raise ValueError if a text has a number of over 40 digits, or one that is not written in decimal digits."""
    if _LONG_NUMBER.search(text):
        raise ValueError(f"a number too long; accepted: at most {MOST_DIGITS} decimal digits, exponents up to 99")


def short(text: str) -> str:
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


@dataclass(frozen=True)
class Definition:
    """A named function of the language: formula in z, default values of its parameters in order, other names."""

    formula: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    also: str = ""


@dataclass(frozen=True)
class Language:
    """The words of a language.

    Attributes:
        accepted: what is accepted, for messages.
        variable: the variable, as messages show a call.
        refused: names that are no parameters, with what is meant instead.
    """

    accepted: str
    variable: str
    refused: Mapping[str, str]

    def refuse(self, what: str, hint: str | None = None) -> ValueError:
        """The error for what is not in the language, with a hint, or else with all that is accepted."""
        return ValueError(f"{what}; {hint or self.accepted}")

    def syntax_tree(self, text: str) -> ast.expr:
        """Parse text to a Python expression tree within the limits of the language.

        Raises ValueError: the text is too long, or no expression.
        """
        if len(text) > MOST_CHARACTERS:
            what = f"an expression of {len(text)} characters is too long"
            raise ValueError(f"{what}; accepted: at most {MOST_CHARACTERS}")
        if "#" in text:  # a comment of Python's
            raise self.refuse(f"cannot read {short(text)} (it has a #)")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, Warning, RecursionError, MemoryError, ValueError, OverflowError) as error:
            if word := next(filter(iskeyword, re.findall(r"[A-Za-z_]\w*", text)), None):
                what = f"{word!r} is a word of Python, in whose syntax formulas are read"
                raise self.refuse(what, f"accepted: another name, such as {word}1") from None
            hint = f"products are written *, as in 2*{self.variable}" if "decimal literal" in str(error) else None
            reason = str(getattr(error, "msg", None) or error or type(error).__name__).splitlines()[0]
            raise self.refuse(f"cannot read {short(text)} ({reason})", hint) from None

    def names_in(self, tree: ast.expr, functions: Iterable[str]) -> list[str]:
        """The names of an expression that stand for values, those of outer operations first.

        functions: names that stand for functions, beside those of every language. Raises ValueError: a refused name, or
        a function used as a value.
        """
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names = list(dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called))
        for name in names:
            if name in self.refused or "__" in name or not name.isascii():
                raise self.refuse(f"the name {name!r} is refused", self.refused.get(name))
            if name in LANGUAGE or name in SWITCHES or name in functions:
                raise self.refuse(f"{name} is a function", f"write {name}({self.variable})")
        return [name for name in names if name not in CONSTANTS]


class Reader(ABC, Generic[T]):
    """Builds a value of a syntax tree, given the values of its names."""

    def __init__(self, text: str, language: Language, definitions: Mapping[str, Definition]) -> None:
        self.text = text.strip()
        self.language = language
        self.definitions = definitions

    @abstractmethod
    def number(self, number: sp.Expr) -> T:
        """The value of a number."""

    @abstractmethod
    def apply(self, operation: Callable[..., sp.Expr], *arguments: T) -> T:
        """The value of a smooth operation that is defined everywhere."""

    @abstractmethod
    def power(self, base: T, exponent: T) -> T:
        """base**exponent."""

    @abstractmethod
    def function(self, name: str, argument: T) -> T:
        """The value of a function of the table, where it is real."""

    @abstractmethod
    def choose(self, switch: T, positive: T, zero: T, negative: T) -> T:
        """A three-way choice by the sign of switch, almost everywhere."""

    @abstractmethod
    def of_definition(self, text: str) -> Reader[T]:
        """The reader of the formula of a definition."""

    def read(self, tree: ast.expr, values: Mapping[str, T]) -> T:
        """The value of the tree, with the given meaning of every name."""
        if isinstance(tree, ast.Constant):
            return self.number(self._exact(tree))
        if isinstance(tree, ast.Name):
            return values[tree.id] if tree.id in values else self.number(CONSTANTS[tree.id])
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
            operand = self.read(tree.operand, values)
            return operand if isinstance(tree.op, ast.UAdd) else self.apply(operations.neg, operand)
        if isinstance(tree, ast.BinOp):
            return self.binary(tree.op, self.read(tree.left, values), self.read(tree.right, values))
        if isinstance(tree, ast.Call):
            return self._call(tree, values)
        raise self.language.refuse(f"{short(ast.unparse(tree))} is not in the expression language")

    def _exact(self, node: ast.Constant) -> sp.Expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.language.refuse(f"{short(repr(node.value))} is not a real number")
        literal = ast.get_source_segment(self.text, node) or ""  # exact, where the value is a double
        return sp.Rational(literal.replace("_", ""))

    def binary(self, operator: ast.operator, left: T, right: T) -> T:
        """The value of an operator between two values."""
        if type(operator) in OPERATIONS:
            return self.apply(OPERATIONS[type(operator)], left, right)
        if isinstance(operator, ast.Pow):
            return self.power(left, right)
        if isinstance(operator, ast.BitXor):
            written = short(self.text.replace("^", "**"))
            raise self.language.refuse("the operator ^ is refused", f"powers are written **: {written}")
        raise self.language.refuse(f"the operator {type(operator).__name__} is not in the expression language")

    def _call(self, tree: ast.Call, values: Mapping[str, T]) -> T:
        if not isinstance(tree.func, ast.Name) or tree.keywords or any(isinstance(a, ast.Starred) for a in tree.args):
            raise self.language.refuse(f"{short(ast.unparse(tree))} is not a call of the expression language")
        if tree.func.id == "where":
            return self._where(tree, values)
        return self.call(tree.func.id, [self.read(a, values) for a in tree.args])

    def call(self, name: str, arguments: list[T]) -> T:
        """The value of a function, other than where, at values."""
        if name in LANGUAGE:
            self.count(name, arguments, 1, 1)
            return self.function(name, arguments[0])
        if name in SWITCHES:
            return self._largest(name, arguments)
        if name in self.definitions:
            return self._defined(name, arguments)
        suggestion = did_you_mean(name, [*LANGUAGE, *SWITCHES, *self.definitions])
        raise self.language.refuse(f"unknown function {name!r}", suggestion)

    def count(self, name: str, arguments: list[T], least: int, most: int | None) -> None:
        """Raise ValueError for a wrong number of arguments."""
        if len(arguments) < least or (most is not None and len(arguments) > most):
            wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
            raise self.language.refuse(f"{name} takes {wanted} arguments, not {len(arguments)}")

    def _largest(self, name: str, arguments: list[T]) -> T:
        self.count(name, arguments, 2, None)
        first = arguments[0]
        for second in arguments[1:]:
            difference = self.apply(operations.sub, first, second)
            larger, smaller = (first, second) if name == "max" else (second, first)
            first = self.choose(difference, larger, larger, smaller)
        return first

    def _where(self, tree: ast.Call, values: Mapping[str, T]) -> T:
        condition = tree.args[0] if tree.args else None
        if len(tree.args) != 3 or not isinstance(condition, ast.Compare) or len(condition.ops) != 1:
            v = self.language.variable
            raise self.language.refuse("where takes a comparison and two expressions", f"as in where({v} > 0, {v}, 0)")
        left, right = self.read(condition.left, values), self.read(condition.comparators[0], values)
        difference = self.apply(operations.sub, left, right)
        if type(condition.ops[0]) not in _COMPARISONS:
            raise self.language.refuse("where compares with < <= > >= == or !=")
        compare = _COMPARISONS[type(condition.ops[0])]
        yes, no = (self.read(a, values) for a in tree.args[1:])
        return self.choose(difference, *(yes if compare(sign, 0) else no for sign in (1, 0, -1)))

    def _defined(self, name: str, arguments: list[T]) -> T:
        definition = self.definitions[name]
        self.count(name, arguments, 1, 1 + len(definition.parameters))
        values = {"z": arguments[0], **dict(zip(definition.parameters, arguments[1:], strict=False))}
        for parameter, default in definition.parameters.items():
            if parameter not in values:
                values[parameter] = self.of_definition(default).read(self.language.syntax_tree(default), {})
        return self.of_definition(definition.formula).read(self.language.syntax_tree(definition.formula), values)
