"""Reads a formula in x and named parameters: its smooth parts, and the symbols that its names stand for."""

from __future__ import annotations

import ast
import operator as operations
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import sympy as sp

from temperance.theory.activations.catalogue import FUNCTIONS
from temperance.theory.expressions.language import (
    CONSTANTS,
    LANGUAGE,
    NOT_REAL,
    WORDS,
    Language,
    Reader,
    check_numbers,
    power,
    short,
)
from temperance.theory.models.pieces import Part, Parts, choose, mapped, point_in, written
from temperance.theory.models.spec import BETA0, coordinates, covariates, dot

_ACCEPTED = (
    f"accepted: x, or x1 .. xd, or vectors as in beta1 @ x and norm(x - c), parameters (other names), {WORDS}, and the "
    "functions of `temperance catalogue`"
)
_REFUSED = {
    **NOT_REAL,
    "y": "y is the response: accepted are x and parameters",
    "u": "u is the atom: accepted are x and parameters",
    "z": "the covariate is called x",
}
OF_GATES = Language(_ACCEPTED, "x", _REFUSED)
"""The language of gates."""
OF_MEANS = Language(
    _ACCEPTED,
    "x",
    {
        **_REFUSED,
        "nu": "a mean is without noise, which is added with the variance nu",
        "tau": "tau is the temperature of the gate: accepted are other names",
        BETA0.name: "beta0 is the bias of the gate: accepted are other names",
    },
)
"""The language of experts' means."""
POSITIVE = ("tau", "nu", "Gamma")
_EVERYWHERE = (
    "accepted: what is real and finite at every x, whatever the law of x in a truth (for `fit`: between the x of the "
    "data), and --positive NAME for parameters that are positive"
)
Number: TypeAlias = str | int | float | sp.Expr
SignAt: TypeAlias = Callable[[sp.Expr], int]
"""Of an expression in x: 1 or -1 where it has this sign at all x of some data, else 0."""


class _FormulaReader(Reader[Parts]):
    """Builds the smooth parts of a formula, whose values are numbers and column vectors."""

    def __init__(self, text: str, language: Language, dim: int, sign_at: SignAt | None) -> None:
        super().__init__(text, language, FUNCTIONS)
        self.dim, self.sign_at = dim, sign_at

    def number(self, number: sp.Expr) -> Parts:
        """One part."""
        return (Part(number),)

    def apply(self, operation: Callable[..., sp.Expr], *arguments: Parts) -> Parts:
        """Of numbers, of vectors, and of a vector and a number."""
        kinds = [_is_vector(argument) for argument in arguments]
        mixed = operation in (operations.add, operations.sub) and kinds[0] != kinds[1]
        if mixed or (operation is operations.mul and all(kinds)) or (operation is operations.truediv and kinds[1]):
            raise self._no_vector()
        if operation is operations.truediv:
            for part, of in ((part, of.formula) for of in arguments[0] for part in arguments[1]):
                self._require_no_pole(part, of)
        return mapped(operation, *arguments)

    def power(self, base: Parts, exponent: Parts) -> Parts:
        """Of numbers, where the base is not negative or the exponent whole."""
        self._require_numbers(base, exponent)
        for b, e in ((b, e) for b in base for e in exponent if not e.formula.is_integer):
            self._require_real(Part(b.formula, {**b.signs, **e.signs}), b.formula, f"a power {e.formula}")
        for b in base if any(e.formula.is_negative for e in exponent) else ():
            self._require_no_pole(b, sp.S.One)
        return mapped(power, base, exponent)

    def function(self, name: str, argument: Parts) -> Parts:
        """Of a number, where the function is real."""
        self._require_numbers(argument)
        for part in argument:
            if LANGUAGE[name].symbol is sp.tan:  # sin over cos
                self._require_no_pole(Part(sp.cos(part.formula), part.signs), sp.S.One)
            for condition, _ in LANGUAGE[name].real(part.formula):
                self._require_real(part, condition, name)
        return mapped(LANGUAGE[name].of, argument)

    def choose(self, switch: Parts, positive: Parts, zero: Parts, negative: Parts) -> Parts:
        """By the sign of a number."""
        self._require_numbers(switch)
        return choose(switch, positive, zero, negative)

    def binary(self, operator: ast.operator, left: Parts, right: Parts) -> Parts:
        """With u @ v of two vectors, in dimension 1 their product."""
        if not isinstance(operator, ast.MatMult):
            return super().binary(operator, left, right)
        if self.dim == 1:
            return self.apply(operations.mul, left, right)
        if not (_is_vector(left) and _is_vector(right)):
            raise self._no_vector()
        return mapped(dot, left, right)

    def call(self, name: str, arguments: list[Parts]) -> Parts:
        """With norm of a vector, in dimension 1 abs."""
        if name != "norm":
            return super().call(name, arguments)
        self.count(name, arguments, 1, 1)
        if self.dim == 1:
            return super().call("abs", arguments)
        if not _is_vector(arguments[0]):
            raise self._no_vector()
        return mapped(lambda v: sp.sqrt(dot(v, v)), arguments[0])

    def _require_numbers(self, *values: Parts) -> None:
        if any(map(_is_vector, values)):
            raise self._no_vector()

    def _require_real(self, part: Part, condition: sp.Expr, what: str) -> None:
        """Raise ValueError if a point is found where a function of the part has no real value.

        Of several parameters without x it is real where they are, as the determinant of a covariance matrix is.
        """
        is_real = condition.is_nonnegative or part.signs.get(condition) == 1 or self._sign_on_data(condition) > 0
        several = len(condition.free_symbols) > 1 and not condition.free_symbols & {*covariates(self.dim)}
        bad = Part(condition, {**part.signs, condition: -1})
        if is_real or several or (at := point_in(bad)) is None:
            return
        place = ", ".join(f"{name} = {value}" for name, value in at.items())
        raise self.language.refuse(f"{what} of {short(str(part.formula))} is not real at {place}", _EVERYWHERE)

    def _require_no_pole(self, part: Part, of: sp.Expr) -> None:
        """Raise ValueError if a divisor is proved to change its sign as x moves, unless what it divides is 0 there."""
        d, x = part.formula, covariates(self.dim)
        if not d.has(*x) or d.is_nonnegative or d.is_nonpositive or d in part.signs or self._sign_on_data(d) or d == of:
            return
        if all(point_in(Part(d, {**part.signs, d: sign})) is not None for sign in (1, -1)) and not _vanishes(of, d, x):
            raise self.language.refuse(f"a division by {short(str(d))}, which is 0 at some x", _EVERYWHERE)

    def _sign_on_data(self, condition: sp.Expr) -> int:
        """The sign of what depends on x alone at all x of the data, where these are known; else 0."""
        alone = condition.free_symbols <= {*covariates(self.dim)}
        return self.sign_at(condition) if alone and self.sign_at is not None else 0

    def _no_vector(self) -> ValueError:
        what = f"{short(self.text)} mixes vectors and numbers in dimension {self.dim}"
        return self.language.refuse(what, "accepted: products u @ v and lengths norm(v) of vectors, or coordinates x1")


def _vanishes(of: Any, d: sp.Expr, x: Sequence[sp.Symbol]) -> bool:
    """Whether a dividend is 0 wherever its divisor is known to be, as in sin(x)/x."""
    if len(x) > 1 or isinstance(of, sp.MatrixBase):
        return False
    try:
        roots = sp.solve(d, x[0])
    except NotImplementedError:
        return False
    return bool(roots) and all(sp.simplify(of.subs(x[0], root)) == 0 for root in roots)


def _is_vector(value: Parts) -> bool:
    return isinstance(value[0].formula, sp.MatrixBase)


class Formula:
    """A formula that was read: its expression, and its parameters in order of appearance, by their names.

    Args:
        dim: the dimension of x; by default the least with the covariates of the formula.
        positive: parameters that are positive, beside tau, nu and Gamma; pi is a number, unless it is here.
        constants: numbers that stand for names, as numbers or texts such as "1/2".
        sign_at: the signs of expressions in x at the x of data; by default a formula is real and finite at every x.
    """

    def __init__(
        self,
        text: str,
        language: Language,
        dim: int | None = None,
        positive: Collection[str] = (),
        constants: Mapping[str, Number] = MappingProxyType({}),
        sign_at: SignAt | None = None,
    ) -> None:
        self.text = text.strip()
        check_numbers(text)
        tree = language.syntax_tree(text)
        placed = sorted((n.lineno, n.col_offset, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name))
        order = list(dict.fromkeys(name for *_, name in placed))
        named = {*language.names_in(tree, FUNCTIONS), *(c for c in CONSTANTS if c in positive)}
        names = [name for name in order if name in named and name != "norm"]
        self.dim = dim if dim is not None else max([1, *map(_coordinate, names)])
        vectors = set(_vectors(tree)) if self.dim > 1 else set()
        self.parameters: dict[str, tuple[sp.Symbol, ...]] = {}
        values: dict[str, Parts] = {}
        for name in names:
            symbols = self._covariates(name)
            if not symbols and name in constants:
                values[name] = (Part(_constant(name, constants[name])),)
                continue
            if not symbols:
                symbols = coordinates(name, self.dim if name in vectors else 1)
                if name in (*POSITIVE, *positive):
                    symbols = tuple(sp.Symbol(p.name, positive=True) for p in symbols)
                self.parameters[name] = symbols
            values[name] = (Part(symbols[0] if len(symbols) == 1 else sp.ImmutableMatrix(symbols)),)
        reader = _FormulaReader(text, language, self.dim, sign_at)
        try:
            parts = reader.read(tree, values)
            reader._require_numbers(parts)
            self.expression = written(parts)
        except (ArithmeticError, RecursionError, MemoryError, NotImplementedError, sp.PolynomialError) as error:
            raise ValueError(f"the formula is too large to work with ({type(error).__name__})") from None

    def _covariates(self, name: str) -> tuple[sp.Symbol, ...]:
        """What x, x1 or x_1 stand for; nothing for another name."""
        x = covariates(self.dim)
        if name == "x":
            return x
        if not re.fullmatch(r"x_?\d+", name):
            return ()
        place = _coordinate(name)
        if not 1 <= place <= self.dim:
            accepted = "x" if self.dim == 1 else f"x1 .. x{self.dim}"
            raise ValueError(f"{name} is no covariate in dimension {self.dim}; accepted: {accepted}")
        return (x[place - 1],)

    def symbols(self, names: Collection[str]) -> tuple[sp.Symbol, ...]:
        """The parameters of some names."""
        return tuple(p for name, symbols in self.parameters.items() if name in names for p in symbols)


def _coordinate(name: str) -> int:
    """2 of x2 and x_2; 0 of other names."""
    return int(match[1]) if (match := re.fullmatch(r"x_?(\d+)", name)) else 0


def _vectors(tree: ast.expr) -> Iterator[str]:
    """The names that stand for vectors: those inside @ and norm; of a product the factor with x, or else the last."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield from _inside(node.left)
            yield from _inside(node.right)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "norm":
            yield from (name for argument in node.args for name in _inside(argument))


def _inside(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.UnaryOp):
        yield from _inside(node.operand)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _inside(node.left)
        yield from _inside(node.right)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        first = isinstance(node.op, ast.Div) or any(
            isinstance(n, ast.Name) and n.id == "x" for n in ast.walk(node.left)
        )
        yield from _inside(node.left if first else node.right)


def _constant(name: str, value: Number) -> sp.Expr:
    """The exact number that a text such as 1/2, or a number, stands for."""
    number = value if isinstance(value, sp.Expr) else Formula(str(value), OF_GATES, 1)
    constant = number if isinstance(number, sp.Expr) else sp.S.NaN if number.parameters else number.expression
    if constant.free_symbols or constant.atoms(sp.Float) or not (constant.is_real and constant.is_finite):
        raise ValueError(
            f"the constant {name} is no number: {short(str(value))}; accepted: numbers such as 2, 1/2, log(2)"
        )
    return constant


def names_in(text: str) -> set[str]:
    """The names in a text, among which are those of its parameters."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def least_dimension(text: str) -> int:
    """The largest d of the covariates x1 .. xd in a text, at least 1."""
    return max([1, *map(_coordinate, names_in(text))])
