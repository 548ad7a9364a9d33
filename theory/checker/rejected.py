"""What the checkers share: how they refuse, and how they read expressions and rational numbers."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from flint import fmpq

FUNCTIONS = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan"}
FUNCTIONS |= {"asinh", "acosh", "atanh", "sqrt", "erf", "gamma", "loggamma", "LambertW"}
_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_RATIONAL = re.compile(r"-?[0-9]{1,2000}(/[0-9]{1,2000})?")


class Rejected(ValueError):
    """A certificate that does not prove its statement; the message says where it fails."""


@contextmanager
def proving(certificate: Any = None, form: str | None = None, *keys: str) -> Iterator[None]:
    """Reject a certificate on which a checker breaks, as whatever breaks proves nothing; and one of another format.

    form: the format; keys: all that the certificate holds. Without a format both are left to the checker.
    """
    try:
        if form is not None:
            require(certificate["format"] == form, "the format is unknown")
            require_keys(certificate, *keys, of="the certificate")
        yield
    except Rejected:
        raise
    except Exception as error:
        raise Rejected(f"malformed: {type(error).__name__} {error}") from error


def objection(check: Callable[[Any], object], certificate: Any) -> str | None:
    """Why a checker rejects a certificate, or None."""
    try:
        check(certificate)
    except Rejected as error:
        return str(error)
    return None


def require(condition: object, otherwise: str) -> None:
    """Raise Rejected unless the condition holds."""
    if not condition:
        raise Rejected(otherwise)


def require_keys(part: Any, *keys: str, of: str) -> None:
    """Raise Rejected unless a part of a certificate is an object with these keys and no others."""
    require(isinstance(part, dict) and set(part) == set(keys), f"the keys of {of} are not {', '.join(keys)}")


def rational(text: Any) -> fmpq:
    """The rational number that is written p or p/q in decimal digits."""
    require(isinstance(text, str) and _RATIONAL.fullmatch(text), f"{str(text)[:60]!r} is no rational number p/q")
    top, _, bottom = text.partition("/")
    require(bottom == "" or int(bottom) != 0, f"{text[:60]!r} is a division by 0")
    return fmpq(int(top), int(bottom or "1"))


def parsed(text: Any) -> ast.expr:
    """The syntax tree of an expression in one line, without comments."""
    plain = isinstance(text, str) and text.isascii() and text.isprintable() and "#" not in text
    require(plain, f"{str(text)[:60]} is not understood")
    return ast.parse(text, mode="eval").body


def require_understood(tree: ast.expr, names: Set[str]) -> None:
    """That a tree holds integers, these names, operations and functions of one argument, and nothing else of Python."""
    match tree:
        case ast.Constant(n) if type(n) is int:
            return
        case ast.Name(name) if name in names:
            return
        case ast.UnaryOp(ast.USub(), p):
            parts = [p]
        case ast.BinOp(p, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow(), q):
            parts = [p, q]
        case ast.Call(ast.Name(f), [q], []) if f in FUNCTIONS:
            parts = [q]
        case _:
            raise Rejected(f"{ast.unparse(tree)[:60]} is not understood")
    for part in parts:
        require_understood(part, names)


def understood(text: Any, names: Set[str]) -> ast.expr:
    """The syntax tree of an expression in these names. Raises Rejected for any other text."""
    require_understood(tree := parsed(text), names)
    return tree


def branches(tree: ast.expr, constants: Set[str]) -> list[tuple[ast.expr | None, ast.expr]]:
    """where(z < p1, e1, where(z < p2, e2, ... e)) as [(p1, e1), (p2, e2), ..., (None, e)]."""
    match tree:
        case ast.Call(ast.Name("where"), [ast.Compare(ast.Name("z"), [ast.Lt()], [bound]), first, rest], []):
            require_understood(bound, constants)
            require_understood(first, constants | {"z"})
            return [(bound, first), *branches(rest, constants)]
    require_understood(tree, constants | {"z"})
    return [(None, tree)]


def _written_fraction(tree: ast.expr) -> Fraction | None:
    """The value of an exponent that is written n, -n, n/m or -n/m; else None."""
    match tree:
        case ast.Constant(int(n)):
            return Fraction(n)
        case ast.UnaryOp(_, p) if (value := _written_fraction(p)) is not None:
            return -value
        case ast.BinOp(p, ast.Div(), ast.Constant(int(n))) if n and (value := _written_fraction(p)) is not None:
            return value / n
    return None


def evaluate(tree: ast.expr, values: Any, **names: Any) -> Any:
    """The value of a tree in `values`, an object with names, number, power, call and sound; `names` come first."""
    match tree:
        case ast.Constant(n):
            found = values.number(n)
        case ast.Name(name):
            found = names[name] if name in names else values.names[name]
        case ast.UnaryOp(_, p):
            found = -evaluate(p, values, **names)
        case ast.BinOp(p, symbol, q):
            u, v = evaluate(p, values, **names), evaluate(q, values, **names)
            if isinstance(symbol, ast.Div):
                found = u * values.power(v, values.number(-1), Fraction(-1))
            elif isinstance(symbol, ast.Pow):
                found = values.power(u, v, _written_fraction(q))
            else:
                found = _OPERATIONS[type(symbol)](u, v)
        case ast.Call(ast.Name(f), [q]):
            found = values.call(f, evaluate(q, values, **names))
    return values.sound(found)
