"""Parses the expression language of activations, by a whitelist over Python's syntax tree.

Nothing that a user writes is evaluated by Python or SymPy. Every node of the tree is checked against the lists of
`theory.activations.grammar`, and the piecewise formula is built from known operations.
"""

from __future__ import annotations

import ast
import operator as operations
from collections.abc import Callable, Mapping
from itertools import pairwise

import sympy as sp

from temperance.theory.activations.grammar import (
    ACCEPTED,
    CONSTANTS,
    REFUSED_NAMES,
    SWITCHES,
    decimal,
    did_you_mean,
    refuse,
    short,
    syntax_tree,
)
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces
from temperance.theory.expressions.functions import LANGUAGE, power
from temperance.theory.expressions.sign_changes import Z, sign_at

_OPERATIONS: dict[type[ast.operator], Callable[[sp.Expr, sp.Expr], sp.Expr]] = {
    ast.Add: operations.add,
    ast.Sub: operations.sub,
    ast.Mult: operations.mul,
    ast.Div: operations.truediv,
}


class Definition:
    """A named function of the language: its formula in z and the default values of its parameters, in order."""

    def __init__(self, formula: str, parameters: Mapping[str, str] | None = None) -> None:
        self.formula = formula
        self.parameters = dict(parameters or {})


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
            return self._name(tree.id, values)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
            operand = self.read(tree.operand, values)
            return operand if isinstance(tree.op, ast.UAdd) else self.algebra.map(lambda v: -v, operand)
        if isinstance(tree, ast.BinOp):
            return self._binary(tree.op, self.read(tree.left, values), self.read(tree.right, values))
        if isinstance(tree, ast.Call):
            return self._call(tree, values)
        raise refuse(f"{short(ast.unparse(tree))} is not in the expression language")

    def _name(self, name: str, values: Mapping[str, Pieces]) -> Pieces:
        if name in values:
            return values[name]
        if name in CONSTANTS:
            return (Piece(CONSTANTS[name]),)
        if name in LANGUAGE or name in SWITCHES or name in self.definitions:
            raise refuse(f"{name} is a function", f"write {name}(z)")
        raise refuse(f"unknown name {name!r}")

    def _number(self, node: ast.Constant) -> sp.Expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise refuse(f"{short(repr(node.value))} is not a real number")
        if isinstance(node.value, int):
            return sp.Integer(node.value)
        whole, decimals, exponent = decimal(self.text, node)
        return sp.Integer(int(whole + decimals or "0")) * sp.Integer(10) ** (exponent - len(decimals))

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
        return self._smooth(lambda b, e: _power_of(b, e, self.algebra), _base_of_power, base, exponent)

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
            return self._switch(name, arguments)
        if name in self.definitions:
            return self._defined(name, arguments)
        raise refuse(f"unknown function {name!r}", did_you_mean(name, [*LANGUAGE, *SWITCHES, *self.definitions]))

    def _count(self, name: str, arguments: list[Pieces], least: int, most: int | None) -> None:
        if len(arguments) < least or (most is not None and len(arguments) > most):
            wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
            raise ValueError(f"{name} takes {wanted} arguments, not {len(arguments)}; {ACCEPTED}")

    def _switch(self, name: str, arguments: list[Pieces]) -> Pieces:
        one, two = (1, 1) if name in ("abs", "sign") else (2, None)
        self._count(name, arguments, one, two)
        first = arguments[0]
        constants = [(Piece(sp.Integer(i)),) for i in (1, 0, -1)]
        if name == "sign":
            return self.algebra.choose(first, *constants)
        if name == "abs":
            return self.algebra.choose(first, first, constants[1], self.algebra.map(lambda v: -v, first))
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
        yes, no = (self.read(a, values) for a in tree.args[1:])
        # by the sign of left - right: positive, zero, negative
        table: dict[type, tuple[Pieces, Pieces, Pieces]] = {
            ast.Gt: (yes, no, no),
            ast.GtE: (yes, yes, no),
            ast.Lt: (no, no, yes),
            ast.LtE: (no, yes, yes),
            ast.Eq: (no, yes, no),
            ast.NotEq: (yes, no, yes),
        }
        if type(condition.ops[0]) not in table:
            raise refuse("where compares with < <= > >= == or !=")
        return self.algebra.choose(difference, *table[type(condition.ops[0])])

    def _defined(self, name: str, arguments: list[Pieces]) -> Pieces:
        definition = self.definitions[name]
        self._count(name, arguments, 1, 1 + len(definition.parameters))
        given = dict(zip(definition.parameters, arguments[1:], strict=False))
        reader = Reader(definition.formula, self.algebra, self.definitions)
        values = {"z": arguments[0]}
        for parameter, default in definition.parameters.items():
            values[parameter] = given.get(parameter) or Reader(default, self.algebra, {}).read(syntax_tree(default), {})
        return reader.read(syntax_tree(definition.formula), values)


def _base_of_power(base: sp.Expr, exponent: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """What must not be negative for a power to be real; 0 has powers where the exponent is not, and 0**0 = 1."""
    return [(exponent, sp.S.One)] if base == 0 and exponent.has(Z) else [(base, sp.S.Zero)]


def _power_of(base: sp.Expr, exponent: sp.Expr, algebra: Algebra) -> sp.Expr:
    """base**exponent, where 0**exponent is 0 if the exponent is positive (at the sample), else not finite."""
    if base == 0 and exponent.free_symbols:
        positive = exponent.has(Z) or sign_at(exponent, algebra.sample) == 1  # in z: on the pieces that are kept
        return sp.S.Zero if positive else sp.zoo
    return power(base, exponent)


def check_names(names: list[str], definitions: Mapping[str, Definition]) -> list[str]:
    """The parameters among the names used as values.

    Raises:
        ValueError: a refused name, a function used as a value, or names without z.
    """
    parameters = [n for n in names if n != "z" and n not in CONSTANTS]
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


def variables(parameters: list[str]) -> dict[str, Pieces]:
    """The value of z and of every parameter as formulas."""
    return {"z": (Piece(Z),), **{n: (Piece(sp.Symbol(n, real=True)),) for n in parameters}}


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
