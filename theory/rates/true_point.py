"""Tells what predictions need to know of a truth, and which part of an activation its atoms see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from numbers import Real
from typing import Literal, TypeAlias

import sympy as sp
from flint import fmpq

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.catalogue import NAMED
from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.conditions.families import kinks_of
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import NoClosedForm, real_roots
from temperance.theory.expressions.language import KNOWN
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import Gate
from temperance.theory.models.truth import Truth

Number = int | float | Fraction
Constant: TypeAlias = int | float | Fraction | str | sp.Expr
Position = Literal["generic", "mirror", "half", "equal"]
Vectors = tuple[tuple[sp.Rational, ...], ...]
_BITS = 256
_LARGEST = 100  # of a constant


def constant(name: str, value: Constant) -> sp.Expr:
    """A number between -100 and 100, exactly. Raises ValueError for any other value of the parameter of that name."""
    accepted = "a number such as 2, 1/2, 0.25 or log(2), between -100 and 100"
    number = value if isinstance(value, sp.Expr) else _read(value)
    if number is None:
        raise ValueError(f"{name} is no number: {value!r:.60}; accepted: {accepted}")
    if number.free_symbols or not abs(balls.value(number, {})) <= _LARGEST:
        raise ValueError(f"{name} is no number in its range: {str(value)[:60]!r}; accepted: {accepted}")
    return number


def _read(value: object) -> sp.Expr | None:
    """The constant that a number or a text stands for; None where it is none."""
    if not isinstance(value, Real | str) or isinstance(value, bool):
        return None
    try:
        read = activation(str(value))
    except ValueError:
        return None
    return read.pieces[0].expr if len(read.pieces) == 1 and read.name not in NAMED else None


def exact(value: Number) -> sp.Rational:
    """A number (or SymPy rational) as an exact fraction; a float stands for its shortest decimal."""
    try:
        number = Fraction(str(value))
    except ValueError:
        raise ValueError(f"a true point has finite numbers, not {value!r}") from None
    return sp.Rational(number.numerator, number.denominator)


def truth_at(beta1: Sequence[Sequence[Number]], tau: Number, box: tuple[Number, Number] | None = None) -> Truth:
    """A truth of which the gates are known, with the temperature tau, and not the experts.

    beta1: of every atom; in the anchored gauge the last is 0. box: (low, high) if x is supported on [low, high]^d, else
    None: all of s is taken to be seen.
    """
    spec = model(generic(len(beta1[0])), dim=len(beta1[0]))
    atoms = tuple(dict(zip(spec.gate.own, map(exact, beta), strict=True)) for beta in beta1)
    ends = None if box is None else (exact(box[0]), exact(box[1]))
    return Truth(spec, atoms, dict.fromkeys(spec.gate.shared, exact(tau)), ends)


def somewhere(true_k: int, dim: int = 1, make: Callable[[int], Gate] = generic) -> Truth:
    """A generic truth of so many atoms."""
    return Truth(model(make(dim), dim=dim), ({},) * true_k)


def slopes(truth: Truth) -> Vectors | None:
    """beta1 of every atom, the first own parameters of its gate; None of a generic truth."""
    own = truth.spec.gate.own[: truth.spec.dim]
    return tuple(tuple(atom[p] for p in own) for atom in truth.atoms) if any(truth.atoms) else None


def position(beta1: Vectors | None) -> Position:
    """Where beta1 lies with respect to the sets of theory 3.3.3; without it, a generic place is meant.

    equal: all atoms have one value; mirror: two values, b and -b; half: two values, b and 0; generic: others.
    """
    values = list(dict.fromkeys(beta1 or ()))
    if len(values) != 2:
        return "equal" if len(values) == 1 else "generic"
    if not all(map(any, values)):
        return "half"
    return "mirror" if values[1] == tuple(-v for v in values[0]) else "generic"


def interval(vector: Sequence[sp.Rational], box: tuple[sp.Expr, sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
    """The values of z = beta1_atom . x over a box."""
    low, high = box
    ends = [sorted((v * low, v * high)) for v in vector]
    return sum((e[0] for e in ends), sp.S.Zero), sum((e[1] for e in ends), sp.S.Zero)


def is_contiguous(pieces: tuple[Piece, ...]) -> bool:
    """Whether there are no gaps between the pieces."""
    return all(sp.simplify(right.lower - left.upper) == 0 for left, right in pairwise(pieces))


def is_analytic(source: Activation) -> bool:
    """Whether s is proved real-analytic on the whole line, from the form of its expression."""
    if len(source.pieces) != 1 or source.parameters:
        return False
    piece = source.pieces[0]
    return piece.lower == -sp.oo and piece.upper == sp.oo and is_entire(piece.expr)


def is_entire(f: sp.Expr) -> bool:
    """Whether a formula is proved real-analytic on the whole line, from its form."""
    if not f.has(Z) or f == Z:
        return True
    if not all(is_entire(g) for g in f.args):
        return False
    if f.is_Add or f.is_Mul or (f.func in KNOWN and KNOWN[f.func].entire):
        return True
    if f.is_Pow and f.exp.is_Integer and f.exp > 0:
        return True
    if f.is_Pow and not f.base.has(Z):
        return balls.sign(f.base, {}) == 1
    if isinstance(f, sp.log) or (f.is_Pow and not f.exp.has(Z)):
        try:
            if real_roots(f.args[0], {}):
                return False
        except NoClosedForm:
            return False
        at_zero = balls.sign(f.args[0], {"z": fmpq(0)})
        integer = f.is_Pow and f.exp.is_Integer
        return at_zero == 1 or (integer and at_zero is not None)
    return False


def covers_line(source: Activation) -> bool:
    """Whether s is real on the whole line, up to the end points of pieces."""
    ends = source.pieces[0].lower, source.pieces[-1].upper
    return ends == (-sp.oo, sp.oo) and is_contiguous(source.pieces)


def irregularity(source: Activation, dim: int, order: int) -> str | None:
    """What forbids expansions of s(beta1.x) in beta1 to an order: a jump, a cusp, or a kink that moves along x = 0.

    Kinks away from 0 are allowed (their effect is known); those at 0 stay in place when d = 1, and for d >= 2 move with
    the direction of beta1, which forbids order 2.
    """
    sample = dict(source.sample)
    kinks = kinks_of(source.pieces, sample)
    if kinks.jumps:
        return f"s jumps: {kinks.described()}"
    for left, right in pairwise(source.pieces):
        point = right.lower
        if point == 0 and dim == 1:
            continue  # beta1.x = 0 at x = 0 whatever beta1 is
        at = {**sample, "z": balls.value(point, sample, _BITS)}
        below, above = (balls.jet(p.expr, at, order, _BITS) for p in (left, right))
        if not all(c.is_finite() for c in (*below, *above)):
            return f"the derivatives of s have no finite limit at z = {point}"
        # order 1 needs s to be continuous, order 2 its derivative too
        if point == 0 and not all((u - v).contains(0) for u, v in zip(above[:order], below[:order], strict=True)):
            return f"s has a {'jump' if order == 1 else 'jump or a kink'} at z = 0, which moves with beta1 when d >= 2"
    return None


def slope_at_zero(source: Activation) -> Literal["nonzero", "finite", "unknown"]:
    """Whether s'(0), from either side, is proved not to be 0; else whether s(0) is proved finite."""
    algebra = Algebra(dict(source.sample))
    around = [
        p for p in source.pieces if algebra.compare(p.lower, sp.S.Zero) <= 0 <= algebra.compare(p.upper, sp.S.Zero)
    ]
    inside = around and algebra.compare(around[0].lower, sp.S.Zero) < 0 < algebra.compare(around[-1].upper, sp.S.Zero)
    if not inside:
        return "unknown"
    jets = [balls.jet(p.expr, {**dict(source.sample), "z": 0}, 1, _BITS) for p in around]
    if all(s.is_finite() and s1.is_finite() and not s1.contains(0) for s, s1 in jets):
        return "nonzero"
    return "finite" if all(s.is_finite() for s, _ in jets) else "unknown"
