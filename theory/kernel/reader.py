"""Reads what a certificate is written in: rational numbers, names, expressions; and says why it is refused.

Expressions are a small part of Python's: integers, names, + - * / **, functions of one argument, and for weights with
pieces where(u < v, e, ..). Work is bounded before it is done: an expression that would be too long once multiplied out,
or whose numbers would be too large, is refused as it is read.
"""

from __future__ import annotations

import ast
import operator
import re
import signal
import threading
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

from flint import fmpq

FUNCTIONS = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan"}
FUNCTIONS |= {"asinh", "acosh", "atanh", "sqrt", "erf", "gamma", "loggamma", "LambertW"}
ENTIRE = {"exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "asinh", "erf"}
"""The functions that are analytic at every real number."""
TAKEN = {*FUNCTIONS, "pi", "E", "I", "where"}
"""What no parameter is called. Names that begin with _ are the kernel's own: _t, _q, _r, _weight, _u1, .."""
SECONDS = 15
"""CPU seconds, the most that one certificate is worked on: what is accepted does not depend on the load."""

_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_RATIONAL = re.compile(r"-?[0-9]{1,2000}(/[0-9]{1,2000})?")
_MOST_TEXT, _MOST_NODES, _MOST_DEPTH, _MOST_CALLS, _MOST_PIECES = 20_000, 9_000, 300, 24, 8
_MOST_TERMS, _MOST_BITS, _MOST_POWER, _MOST_DEGREE = 50_000, 20_000, 1_000, 2_000


class Rejected(ValueError):
    """A certificate that does not prove what it claims; the message says where it fails."""


@contextmanager
def proving() -> Iterator[None]:
    """Reject a certificate on which the kernel breaks, as whatever breaks proves nothing."""
    try:
        with _limited(SECONDS):
            yield
    except Rejected:
        raise
    except Exception as error:
        raise Rejected(f"malformed: {type(error).__name__} {str(error)[:200]}") from error


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Stop work that takes longer, in the main thread of a Unix process; elsewhere the other limits hold alone."""
    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not timed or signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0:
        yield
        return

    def stop(*_: object) -> None:
        raise Rejected(f"it takes more than {seconds} CPU seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        # one that another thread takes late must not end the process
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN if before is signal.SIG_DFL else before)


def require(condition: object, otherwise: str) -> None:
    """Raise Rejected unless the condition holds."""
    if not condition:
        raise Rejected(otherwise)


def require_keys(part: Any, *keys: str, of: str) -> None:
    """Raise Rejected unless a part of a certificate is an object with these keys and no others."""
    require(isinstance(part, dict) and set(part) == set(keys), f"the keys of {of} are not {', '.join(keys)}")


def names_of(part: Any, of: str) -> tuple[str, ...]:
    """The different names in a list; Rejected for anything that no parameter may be called."""
    fits = isinstance(part, list) and all(isinstance(n, str) and n.isidentifier() and n.isascii() for n in part)
    require(fits and not any(n[0] == "_" or n in TAKEN for n in part), f"{of}: a name")
    require(len({*part}) == len(part), f"{of}: a name is used twice")
    return tuple(part)


def rational(text: Any) -> fmpq:
    """The rational number that is written p or p/q in decimal digits."""
    require(isinstance(text, str) and _RATIONAL.fullmatch(text), f"{str(text)[:60]!r} is no rational number p/q")
    top, _, bottom = text.partition("/")
    require(bottom == "" or int(bottom) != 0, f"{text[:60]!r} is a division by 0")
    return fmpq(int(top), int(bottom or "1"))


def parsed(text: Any) -> ast.expr:
    """The syntax tree of an expression in one line, without comments."""
    plain = isinstance(text, str) and text.isascii() and text.isprintable() and "#" not in text
    require(plain and len(text) <= _MOST_TEXT, f"{str(text)[:60]} is not understood")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise Rejected(f"{text[:60]!r} is no expression") from None
    require(sum(1 for _ in ast.walk(tree)) <= _MOST_NODES and _depth(tree) <= _MOST_DEPTH, "an expression is too long")
    return tree


def _depth(tree: ast.AST) -> int:
    level, depth = [tree], 0
    while level and depth <= _MOST_DEPTH:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return depth


def expression(text: Any, names: Set[str]) -> ast.expr:
    """The syntax tree of an expression in these names. Raises Rejected for any other text."""
    tree = parsed(text)
    _size(tree, names)
    return tree


@dataclass(frozen=True)
class Pieces:
    """where(u1 < v1, e1, where(u2 < v2, e2, .. e)): the formulas e1, e2, .., e and the sides (u1, v1), (u2, v2), .."""

    formulas: tuple[ast.expr, ...]
    sides: tuple[tuple[ast.expr, ast.expr], ...]


def pieces(text: Any, names: Set[str]) -> Pieces:
    """The pieces of an expression in these names."""
    formulas: list[ast.expr] = []
    sides: list[tuple[ast.expr, ast.expr]] = []
    rest: ast.expr | None = parsed(text)
    while rest is not None:
        match rest:
            case ast.Call(ast.Name("where"), [ast.Compare(low, [ast.Lt()], [high]), first, after], []):
                sides.append((low, high))
                parts, rest = [low, high, first], after
            case _:
                parts, first, rest = [rest], rest, None
        for part in parts:
            _size(part, names)
        formulas.append(first)
        require(len(formulas) <= _MOST_PIECES, "too many pieces")
    return Pieces(tuple(formulas), tuple(sides))


def names_in(*trees: ast.expr) -> set[str]:
    """The names in expressions, without those of functions."""
    called = {id(node.func) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)}
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}


def _size(tree: ast.expr, names: Set[str]) -> tuple[int, int, int, int]:
    """How many terms an expression in these names has once multiplied out, the bits of its numbers, its degree.

    The last part is how deep functions, and divisions, are inside of each other; all at most. Rejected for anything but
    integers, these names, operations and functions of one argument.
    """
    match tree:
        case ast.Constant(n) if type(n) is int:
            terms, bits, degree, depth = 1, 1 + n.bit_length(), 0, 0
        case ast.Name(name) if name in names:
            terms, bits, degree, depth = 1, 1, 1, 0
        case ast.UnaryOp(ast.USub(), p):
            terms, bits, degree, depth = _size(p, names)
        case ast.Call(ast.Name(f), [p], []) if f in FUNCTIONS:
            _, bits, _, depth = _size(p, names)
            terms, degree, depth = 1, 1, depth + 1
        case ast.BinOp(p, ast.Pow(), q):
            (terms, bits, degree, depth), (*_, inner) = _size(p, names), _size(q, names)
            depth, exponent = max(depth, inner), written_fraction(q)
            if exponent is None:
                # what is written with a name or a function is no exact power
                has_part = any(isinstance(node, ast.Call | ast.Name) for node in ast.walk(q))
                require(has_part, "an exponent is no number n or n/m")
                terms, degree = 1, 1
            else:
                n = max(abs(exponent.numerator), 1)
                require(max(n, exponent.denominator) <= _MOST_POWER, "an exponent is too large")
                terms, bits, degree = comb(min(terms, _MOST_TERMS) - 1 + n, n), bits * n, degree * n
        case ast.BinOp(p, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as symbol, q):
            (m, a, c, u), (n, b, d, v) = _size(p, names), _size(q, names)
            is_sum, is_quotient = isinstance(symbol, ast.Add | ast.Sub), isinstance(symbol, ast.Div)
            terms = m + n if is_sum else m if is_quotient else m * n
            bits, degree, depth = a + b, max(c, d) if is_sum else c + d, max(u, v) + is_quotient
        case _:
            raise Rejected(f"{ast.unparse(tree)[:60]} is not understood")
    fits = terms <= _MOST_TERMS and bits <= _MOST_BITS and degree <= _MOST_DEGREE
    require(fits, "an expression is too long once it is multiplied out")
    require(depth <= _MOST_CALLS, "functions of functions are nested too deeply")
    return terms, bits, degree, depth


def written_fraction(tree: ast.expr) -> Fraction | None:
    """The value of an exponent that is written n, -n, n/m or -n/m; else None."""
    match tree:
        case ast.Constant(int(n)):
            return Fraction(n)
        case ast.UnaryOp(_, p) if (value := written_fraction(p)) is not None:
            return -value
        case ast.BinOp(p, ast.Div(), ast.Constant(int(n))) if n and (value := written_fraction(p)) is not None:
            return value / n
    return None


def evaluate(tree: ast.expr, values: Any, **names: Any) -> Any:
    """The value of a tree in `values`, an object with names, number, power, call and sound; `names` come first."""
    match tree:
        case ast.Constant(n):
            value = values.number(n)
        case ast.Name(name):
            value = names[name] if name in names else values.names[name]
        case ast.UnaryOp(_, p):
            value = -evaluate(p, values, **names)
        case ast.BinOp(p, symbol, q):
            u, v = evaluate(p, values, **names), evaluate(q, values, **names)
            if isinstance(symbol, ast.Div):
                value = u * values.power(v, values.number(-1), Fraction(-1))
            elif isinstance(symbol, ast.Pow):
                value = values.power(u, v, written_fraction(q))
            else:
                value = _OPERATIONS[type(symbol)](u, v)
        case ast.Call(ast.Name(f), [q]):
            value = values.call(f, evaluate(q, values, **names))
    return values.sound(value)


def matrix_of(part: Any, of: str) -> list[list[fmpq]]:
    """Rows of rational numbers."""
    require(isinstance(part, list) and all(isinstance(row, list) for row in part), of)
    return [[rational(c) for c in row] for row in part]


def points_of(part: Any) -> Sequence[Any]:
    """Points, as a proof has them."""
    require(isinstance(part, list) and all(isinstance(p, list) for p in part), "the points")
    return list(part)
