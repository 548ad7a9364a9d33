"""Parses the expression language of activations, by a whitelist over Python's syntax tree.

Nothing that a user writes is evaluated by Python or SymPy. Every node of the tree is checked against the words of the
language, and the piecewise formula is built from known operations.
"""

from __future__ import annotations

import ast
import difflib
import operator as operations
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.expressions.functions import LANGUAGE, power
from temperance.theory.expressions.sign_changes import Z, sign_at

MOST_CHARACTERS = 5000
MOST_DIGITS = 40
_LONG_NUMBER = re.compile(rf"(\d[._]?){{{MOST_DIGITS + 1}}}|\d\.?e[+-]?\d{{3}}|\b0[xob]", re.IGNORECASE)

REFUSED_NAMES: dict[str, str] = {
    **dict.fromkeys(("nan", "inf", "oo", "zoo", "I"), "accepted: real numbers"),
    **dict.fromkeys(("x", "y"), "the variable is called z"),
    "tau": "s is what stands before the temperature, in s(beta1.x)/tau: give s alone, such as tanh",
}
"""Names that are no parameters, with what is meant instead."""
CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "E": sp.E}
SWITCHES = ("max", "min", "where")
ACCEPTED = (
    "accepted: the variable z, parameters (other names), numbers, + - * / **, "
    + " ".join(LANGUAGE)
    + " abs sign max min pi E, where(c, e1, e2) with c a comparison, and the names of `temperance catalogue`"
)

_OPERATIONS: dict[type[ast.operator], Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
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


def refuse(what: str, hint: str | None = None) -> ValueError:
    """The error for what is not in the language, with a hint, or else with all that is accepted."""
    return ValueError(f"{what}; {hint or ACCEPTED}")


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known names that are this one but for letter case and underscores, or else the nearest, as a question."""
    spelled = {text.casefold().replace("_", ""): text for text in reversed(list(known))}
    plain = name.casefold().replace("_", "")
    near = difflib.get_close_matches(plain, spelled, n=1 if plain in spelled else 2, cutoff=0.75)
    return f"did you mean {' or '.join(spelled[text] for text in near)}?" if near else None


def syntax_tree(text: str) -> ast.expr:
    """Parse text to a Python expression tree within the limits of the language.

    Raises:
        ValueError: the text is too long, or no expression.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"an expression of {len(text)} characters is too long; accepted: at most {MOST_CHARACTERS}")
    if "#" in text:  # a comment of Python's
        raise refuse(f"cannot read {short(text)} (it has a #)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, Warning, RecursionError, MemoryError, ValueError, OverflowError) as error:
        hint = "products are written *, as in 2*z" if "decimal literal" in str(error) else None
        why = str(getattr(error, "msg", None) or error or type(error).__name__).splitlines()[0]
        raise refuse(f"cannot read {short(text)} ({why})", hint) from None
    return tree


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


class Reader:
    """Builds the piecewise formula of a syntax tree at one sample of the parameters."""

    def __init__(self, text: str, algebra: Algebra, definitions: Mapping[str, Definition]) -> None:
        self.text = text.strip()
        self.algebra = algebra
        self.definitions = definitions

    def read(self, tree: ast.expr, values: Mapping[str, Pieces]) -> Pieces:
        """The pieces of the tree, with the given meaning of every name."""
        if isinstance(tree, ast.Constant):
            return (Piece(self._number(tree)),)
        if isinstance(tree, ast.Name):
            return values[tree.id] if tree.id in values else (Piece(CONSTANTS[tree.id]),)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
            operand = self.read(tree.operand, values)
            return operand if isinstance(tree.op, ast.UAdd) else self.algebra.map(lambda v: -v, operand)
        if isinstance(tree, ast.BinOp):
            return self._binary(tree.op, self.read(tree.left, values), self.read(tree.right, values))
        if isinstance(tree, ast.Call):
            return self._call(tree, values)
        raise refuse(f"{short(ast.unparse(tree))} is not in the expression language")

    def _number(self, node: ast.Constant) -> sp.Expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise refuse(f"{short(repr(node.value))} is not a real number")
        literal = ast.get_source_segment(self.text, node) or ""  # exact, where the value is a double
        return sp.Rational(literal.replace("_", ""))

    def _binary(self, operator: ast.operator, left: Pieces, right: Pieces) -> Pieces:
        if type(operator) in _OPERATIONS:
            return self.algebra.map(_OPERATIONS[type(operator)], left, right)
        if isinstance(operator, ast.Pow):
            return self._power(left, right)
        if isinstance(operator, ast.BitXor):
            raise refuse("the operator ^ is refused", f"powers are written **: {short(self.text.replace('^', '**'))}")
        raise refuse(f"the operator {type(operator).__name__} is not in the expression language")

    def _power(self, base: Pieces, exponent: Pieces) -> Pieces:
        if all(p.expr.is_Integer for p in exponent):
            return self.algebra.map(power, base, exponent)
        return self._smooth(lambda b, e: _power_of(b, e, self.algebra), lambda b, _: [(b, sp.S.Zero)], base, exponent)

    def _smooth(
        self, build: Callable[..., sp.Expr], domain: Callable[..., list[tuple[sp.Expr, sp.Expr]]], *arguments: Pieces
    ) -> Pieces:
        """Apply a smooth function where its argument keeps it real, then resolve any |.| SymPy made."""
        parts = self.algebra.map(lambda *a: sp.Tuple(*a), *arguments)
        result: list[Piece] = []
        for part in parts:
            for piece in self.algebra.in_domain(part, domain(*part.expr)):
                built = self.algebra.map(lambda a: build(*a), (piece,))
                result += [p for b in built for p in self._without_abs(b)]
        return tuple(result)

    def _without_abs(self, piece: Piece) -> Pieces:
        inner = next(iter(sorted(piece.expr.atoms(sp.Abs, sp.sign), key=lambda a: a.count_ops())), None)
        if inner is None:
            return (piece,)
        signs = self.algebra.signs((Piece(inner.args[0], piece.lower, piece.upper),))
        replacement = (lambda s: s * inner.args[0]) if inner.func is sp.Abs else sp.Integer
        return tuple(
            p
            for part, sign in signs
            for p in self._without_abs(Piece(piece.expr.xreplace({inner: replacement(sign)}), part.lower, part.upper))
        )

    def _call(self, tree: ast.Call, values: Mapping[str, Pieces]) -> Pieces:
        if not isinstance(tree.func, ast.Name) or tree.keywords or any(isinstance(a, ast.Starred) for a in tree.args):
            raise refuse(f"{short(ast.unparse(tree))} is not a call of the expression language")
        name = tree.func.id
        if name == "where":
            return self._where(tree, values)
        arguments = [self.read(a, values) for a in tree.args]
        if name in LANGUAGE:
            self._count(name, arguments, 1, 1)
            return self._smooth(LANGUAGE[name].of, LANGUAGE[name].real, arguments[0])
        if name in SWITCHES:
            return self._largest(name, arguments)
        if name in self.definitions:
            return self._defined(name, arguments)
        raise refuse(f"unknown function {name!r}", did_you_mean(name, [*LANGUAGE, *SWITCHES, *self.definitions]))

    def _count(self, name: str, arguments: list[Pieces], least: int, most: int | None) -> None:
        if len(arguments) < least or (most is not None and len(arguments) > most):
            wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
            raise ValueError(f"{name} takes {wanted} arguments, not {len(arguments)}; {ACCEPTED}")

    def _largest(self, name: str, arguments: list[Pieces]) -> Pieces:
        self._count(name, arguments, 2, None)
        first = arguments[0]
        for second in arguments[1:]:
            difference = self.algebra.map(lambda p, q: p - q, first, second)
            larger, smaller = (first, second) if name == "max" else (second, first)
            first = self.algebra.choose(difference, larger, larger, smaller)
        return first

    def _where(self, tree: ast.Call, values: Mapping[str, Pieces]) -> Pieces:
        condition = tree.args[0] if tree.args else None
        if len(tree.args) != 3 or not isinstance(condition, ast.Compare) or len(condition.ops) != 1:
            raise refuse("where takes a comparison and two expressions", "as in where(z > 0, z, 0)")
        left, right = self.read(condition.left, values), self.read(condition.comparators[0], values)
        difference = self.algebra.map(lambda p, q: p - q, left, right)
        if type(condition.ops[0]) not in _COMPARISONS:
            raise refuse("where compares with < <= > >= == or !=")
        compare = _COMPARISONS[type(condition.ops[0])]
        yes, no = (self.read(a, values) for a in tree.args[1:])
        return self.algebra.choose(difference, *(yes if compare(sign, 0) else no for sign in (1, 0, -1)))

    def _defined(self, name: str, arguments: list[Pieces]) -> Pieces:
        definition = self.definitions[name]
        self._count(name, arguments, 1, 1 + len(definition.parameters))
        given = dict(zip(definition.parameters, arguments[1:], strict=False))
        reader = Reader(definition.formula, self.algebra, self.definitions)
        values = {"z": arguments[0]}
        for parameter, default in definition.parameters.items():
            values[parameter] = given.get(parameter) or Reader(default, self.algebra, {}).read(syntax_tree(default), {})
        return reader.read(syntax_tree(definition.formula), values)


def _power_of(base: sp.Expr, exponent: sp.Expr, algebra: Algebra) -> sp.Expr:
    """base**exponent, where 0**exponent is 0 if the exponent is positive (at the sample), else not finite."""
    if base != 0 or not exponent.free_symbols:
        return power(base, exponent)
    if exponent.has(Z):
        raise ValueError(f"0 to the power {short(str(exponent))}; accepted: powers of 0 that do not vary with z")
    return sp.S.Zero if sign_at(exponent, algebra.sample) == 1 else sp.zoo


def parameters_of(tree: ast.expr, definitions: Mapping[str, Definition]) -> list[str]:
    """The names of the parameters of an expression, in order of appearance.

    Raises:
        ValueError: a refused name, a function used as a value, or names without z.
    """
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called)
    parameters = [name for name in names if name != "z" and name not in CONSTANTS]
    for name in parameters:
        if name in REFUSED_NAMES or "__" in name or not name.isascii():
            raise refuse(f"the name {name!r} is refused", REFUSED_NAMES.get(name))
        if name in LANGUAGE or name in SWITCHES or name in definitions:
            raise refuse(f"{name} is a function", f"write {name}(z)")
    if parameters and "z" not in names:
        named = ", ".join(map(repr, parameters))
        hint = did_you_mean(parameters[0], definitions) if len(parameters) == 1 else None
        what = "unknown activation" if hint else "unknown activation, or an expression without the variable z:"
        raise refuse(f"{what} {named}", hint)
    return parameters


def written_pieces(pieces: Pieces) -> str:
    """Pieces as one expression of the language: where(z < p1, e1, where(z < p2, e2, ...))."""
    distinct = [pieces[0]]
    for piece in pieces[1:]:
        if piece.expr != distinct[-1].expr:
            distinct.append(piece)
    text = str(distinct[-1].expr)
    for piece, after in reversed(list(pairwise(distinct))):
        text = f"where(z < {after.lower}, {piece.expr}, {text})"
    return text
