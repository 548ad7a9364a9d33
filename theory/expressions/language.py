"""Reads expressions by a whitelist over Python's syntax tree, for the languages of activations and of formulas.

Nothing that a user writes is evaluated by Python or SymPy. Every node of the tree is checked against the words of the
language, and a `Reader` builds a value from known operations; its subclasses say what kind of value.

The functions of one variable that the theory knows are in one table, `KNOWN`, each with all that is known of it. What
machine code computes of them is in `numerics`, under the same names.
"""

from __future__ import annotations

import ast
import difflib
import operator as operations
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any, Generic, TypeAlias, TypeVar

import sympy as sp
from flint import arb_series
from sympy import atan, cos, erf, exp, log, pi, sin, sqrt

Series: TypeAlias = arb_series
Formula: TypeAlias = Callable[[sp.Expr], sp.Expr]
MOST_POWER = 1000
MOST_ROOT = 12
_MOST_GAMMA = 400


@dataclass(frozen=True)
class Function:
    """A function g of one variable q.

    Attributes:
        symbol: the SymPy function.
        ball: the power series of g(q) from that of q, enclosed.
        written: g in exp, log, atan and roots, for towers.
        real: where g is real: every (c, edge) asks for c >= 0, with q = edge where c = 0 throughout.
        inverse: that of a strictly increasing g.
        inside: numbers that must be positive for c to be a value of such a g.
        entire: whether g is real-analytic on the whole line.
        steep: whether g is made of exp, in which SymPy takes c*log(b) for b**c.
        build: g(q) as the expression language has it, if not by the SymPy function.
    """

    symbol: Any
    ball: Callable[[Series], Series]
    written: Formula | None = None
    real: Callable[[sp.Expr], list[tuple[sp.Expr, sp.Expr]]] = lambda q: []
    inverse: Formula | None = None
    inside: Callable[[sp.Expr], list[sp.Expr]] = lambda c: []
    entire: bool = False
    steep: bool = False
    build: Formula | None = None

    def of(self, q: sp.Expr) -> sp.Expr:
        """g(q); raises ValueError for a number that SymPy would write out at length."""
        if self.steep:
            _check_logarithms(q)
        return (self.build or self.symbol)(q)


def _check_logarithms(q: sp.Expr) -> None:
    """Raise ValueError for c*log(b) in an exponent, which SymPy takes for b**c, where `power` would for b**c."""
    for product in q.atoms(sp.Mul):
        times, logarithm = product.as_coeff_Mul()
        if logarithm.func is log and times.is_Rational and abs(times) > MOST_POWER:
            raise ValueError(f"a power of {str(times)[:60]}; accepted: at most {MOST_POWER}")


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """base**exponent.

    Raises ValueError: an exponent m/n with n over 12 or m over 1000, or an irrational number to an irrational power.
    """
    if exponent.is_Rational and base not in (0, 1, -1) and (exponent.q > MOST_ROOT or abs(exponent.p) > MOST_POWER):
        raise ValueError(
            f"a power of {str(exponent)[:60]}; accepted: m/n with n at most {MOST_ROOT} and m at most {MOST_POWER}"
        )
    numbers = not base.free_symbols and not exponent.free_symbols
    if numbers and not exponent.is_Rational and not base.is_Rational and base is not sp.E:
        raise ValueError("an irrational number to an irrational power; accepted: powers of rational numbers and of E")
    return base**exponent


def inverse(q: Series) -> Series:
    """1/q; raises ZeroDivisionError if q may be 0."""
    if q[0].contains(0):
        raise ZeroDivisionError
    return q.inv()


def _tanh(q: Series) -> Series:
    # the decaying exponential keeps the ball narrow for large |q|
    sign = -1 if q[0] < 0 else 1
    e = (q * (-2 * sign)).exp()
    return (1 - e) * inverse(1 + e) * sign


def _abs(q: Series) -> Series:
    if q[0].contains(0):
        raise ZeroDivisionError
    return q if q[0] > 0 else -q


def _short(q: sp.Expr) -> sp.Expr:
    if q.is_number and q > _MOST_GAMMA:
        raise ValueError(f"gamma of a number over {_MOST_GAMMA}; accepted: at most {_MOST_GAMMA}")
    return q


def _not_negative(q: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    return [(q, sp.S.Zero)]


def _at_most_one(q: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    return [(1 - q, sp.S.One), (1 + q, -sp.S.One)]


def _acute(c: sp.Expr) -> list[sp.Expr]:
    return [pi / 2 - c, pi / 2 + c]


def _asin(q: sp.Expr) -> sp.Expr:
    return atan(q / sqrt(1 - q**2))


# fmt: off
LANGUAGE: dict[str, Function] = {
    "exp": Function(exp, lambda q: q.exp(), inverse=log, inside=lambda c: [c], entire=True, steep=True),
    "log": Function(log, lambda q: q.log(), real=_not_negative, inverse=exp),
    "sqrt": Function(sqrt, lambda q: q.sqrt(), real=_not_negative),
    "sin": Function(sin, lambda q: q.sin(), entire=True),
    "cos": Function(cos, lambda q: q.cos(), entire=True),
    "tan": Function(sp.tan, lambda q: q.tan(), build=lambda q: sp.tan(q).replace(sp.cot, lambda a: cos(a) / sin(a))),
    "sinh": Function(sp.sinh, lambda q: (q.exp() - (-q).exp()) / 2, lambda q: (exp(q) - exp(-q)) / 2,
                     inverse=sp.asinh, entire=True, steep=True),
    "cosh": Function(sp.cosh, lambda q: (q.exp() + (-q).exp()) / 2, lambda q: (exp(q) + exp(-q)) / 2,
                     entire=True, steep=True),
    "tanh": Function(sp.tanh, _tanh, lambda q: (exp(2 * q) - 1) / (exp(2 * q) + 1),
                     inverse=sp.atanh, inside=lambda c: [1 - c, 1 + c], entire=True, steep=True),
    "asin": Function(sp.asin, lambda q: q.asin(), _asin, real=_at_most_one, inverse=sin, inside=_acute),
    "acos": Function(sp.acos, lambda q: q.acos(), lambda q: pi / 2 - _asin(q), real=_at_most_one),
    "atan": Function(atan, lambda q: q.atan(), inverse=sp.tan, inside=_acute, entire=True),
    "asinh": Function(sp.asinh, lambda q: (q + (q * q + 1).sqrt()).log(), lambda q: log(q + sqrt(q**2 + 1)),
                      inverse=sp.sinh, entire=True),
    "acosh": Function(sp.acosh, lambda q: (q + (q * q - 1).sqrt()).log(), lambda q: log(q + sqrt(q**2 - 1)),
                      real=lambda q: [(q - 1, sp.S.One)]),
    "atanh": Function(sp.atanh, lambda q: ((1 + q) * inverse(1 - q)).log() / 2,
                      lambda q: (log(1 + q) - log(1 - q)) / 2, real=_at_most_one, inverse=sp.tanh),
    "erf": Function(erf, lambda q: q.erf(), entire=True),
    "erfc": Function(sp.erfc, lambda q: q.erfc(), lambda q: 1 - erf(q), entire=True, build=lambda q: 1 - erf(q)),
    "LambertW": Function(sp.LambertW, lambda q: q.lambertw(), real=lambda q: [(sp.E * q + 1, -1 / sp.E)]),
    "gamma": Function(sp.gamma, lambda q: q.gamma(), build=lambda q: sp.gamma(_short(q))),
    "loggamma": Function(sp.loggamma, lambda q: q.lgamma(), real=_not_negative,
                         build=lambda q: sp.loggamma(_short(q))),
}
"""The smooth functions of the expression language, by name."""

_MADE_BY_SYMPY = (
    Function(sp.Abs, _abs),
    Function(sp.cot, lambda q: q.cos() * inverse(q.sin()), lambda q: cos(q) / sin(q)),
)
# fmt: on
KNOWN: dict[Any, Function] = {f.symbol: f for f in (*LANGUAGE.values(), *_MADE_BY_SYMPY)}
"""All functions, those too that SymPy makes of the others, by their SymPy function."""


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
            if name in self.refused or name[0] == "_" or "__" in name or not name.isascii():
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
                values[parameter] = self._read_formula(default, {})
        return self._read_formula(definition.formula, values)

    def _read_formula(self, text: str, values: Mapping[str, T]) -> T:
        reader = copy(self)
        reader.text = text
        return reader.read(self.language.syntax_tree(text), values)
