"""Expands the density of a mixture near the truth in derivatives of the true experts, in 77 digits.

With P_l the gate, D_l the offsets of atom l and c_k(D) = sum_(i+2j=k) dmu^i (dnu/2)^j/(i! j!) (theory 4.3),

    g - g* = sum_(cells c, k) (sum_(l in c) P_l c_k(D_l) - [k = 0] P*_c) d^k f*_c/dmu^k.

This series is cut off at a power of the offsets; the squared distance is that of the densities themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import methodcaller
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from flint import arb, arb_mat, fmpq
from sympy.printing.pycode import PythonCodePrinter

from temperance.numerics.contact.l2_distance import dot, softmax
from temperance.numerics.general.split_mixtures import Family, legendre
from temperance.theory.expressions import balls
from temperance.theory.expressions.language import KNOWN
from temperance.theory.interactions.independence import formula_at
from temperance.theory.models.coordinates import X, is_linear
from temperance.theory.models.spec import NU
from temperance.theory.models.weights import weight_parameters

Balls: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
BITS = 256
NODES = 12  # in x, on every panel
_TERMS = 10  # of the powers of the offsets


def supported(family: Family) -> bool:
    """Whether x is in dimension 1, means are linear in the parameters, and the kinks of the gate, if any, stay."""
    if family.setting.spec.dim > 1 or not is_linear(family.setting):
        return False
    return not any(family.kinks(other, moving=True) for other in (False, True))


class _Exact(PythonCodePrinter):
    """Prints rational numbers and constants in full."""

    def _print_Rational(self, e: sp.Rational) -> str:
        return f"fmpq({e.p}, {e.q})"

    def _print_Pi(self, _: sp.Expr) -> str:
        return "arb.pi()"

    def _print_Exp1(self, _: sp.Expr) -> str:
        return "arb(1).exp()"


_METHODS = {"LambertW": "lambertw", "loggamma": "lgamma", "Abs": "__abs__"}
_CALLS = {f.__name__: methodcaller(_METHODS.get(f.__name__, f.__name__)) for f in KNOWN}
_NAMES: dict[str, Any] = {name: lambda v, call=call: call(arb(v)) for name, call in _CALLS.items()}
_NAMES |= {"arb": arb, "fmpq": fmpq, "sqrt": lambda v: arb(v).sqrt(), "abs": abs}


@cache
def _compiled(formulas: tuple[sp.Expr, ...], symbols: tuple[sp.Symbol, ...]) -> Callable[..., list[Any]]:
    """The values of formulas at balls, in the precision of the caller."""
    if unknown := {f.func.__name__ for e in formulas for f in e.atoms(sp.Function)} - set(_NAMES):
        raise ValueError(f"no ball arithmetic for {min(unknown)}")
    printer = _Exact({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    function: Callable[..., list[Any]] = sp.lambdify(
        symbols, list(formulas), modules=[_NAMES], printer=printer, cse=True
    )
    return function


@dataclass(frozen=True)
class _Node:
    """x with its weight, each cell's log weight and its slopes as formulas, the true gate and experts.

    products: int of d^i f_c/dmu^i d^j f_e/dmu^j dy.
    """

    x: arb
    weight: arb
    formulas: tuple[tuple[sp.Expr, ...], ...]
    basis: list[arb]
    true: list[arb]
    means: list[arb]
    products: arb_mat


class Neighbourhood:
    """The mixtures of a family near the truth, as vectors of balls of its layout; made and used at `BITS`."""

    def __init__(self, family: Family) -> None:
        self.family, cell = family, family.setting
        self.symbols = (*cell.own, *cell.spec.gate.shared)
        weight = cell.spec.gate.log_weight.subs(dict.fromkeys(weight_parameters(cell.spec), 1))
        self.shared = [_exact(cell.point[p]) for p in cell.spec.gate.shared]
        own = [[_exact(cell.point[p]) for p in cell.own], [arb(float(v)) for v in cell.other.values()]]
        self.experts = [[arb(float(at[p])) for p in cell.expert] for at in cell.truth.atoms]
        self.cells = [i for i, size in enumerate(family.sizes) for _ in range(size)]
        rows = [[-arb(family.sizes[i]).log(), *own[i], *self.experts[i]] for i in self.cells]
        self.center: Balls = np.array([*chain.from_iterable(rows), *self.shared], dtype=object)
        rule = (column.tolist() for column in legendre(*family.panels(NODES)))
        self.nodes = [self._node(weight, own, x, share) for x, share in zip(*rule, strict=True)]

    def _node(self, weight: sp.Expr, own: list[list[arb]], x: float, share: float) -> _Node:
        cell = self.family.setting
        points = [{**cell.truth.point(i), X: x} for i in range(2)]
        logs = [formula_at(weight, at) for at in points]
        formulas = tuple((log, *(sp.diff(log, p) for p in self.symbols)) for log in logs)
        ball = arb(x)
        basis = [balls.value(sp.diff(cell.mean, p), {X.name: ball}, BITS) for p in cell.expert if p != NU]
        means = [dot(expert[:-1], basis) for expert in self.experts]
        true = softmax([self._gate(f[:1], ball, [*v, *self.shared])[0] for f, v in zip(formulas, own, strict=True)])
        products = arb_mat(2 * _TERMS, 2 * _TERMS)
        for c in range(2):
            for e in range(2):
                slopes = _slopes(means[c] - means[e], self.experts[c][-1] + self.experts[e][-1], 2 * _TERMS)
                for i in range(_TERMS):
                    for j in range(_TERMS):
                        products[c * _TERMS + i, e * _TERMS + j] = slopes[i + j] * (share if j % 2 == 0 else -share)
        return _Node(ball, arb(share), formulas, basis, true, means, products)

    def _gate(self, formulas: Sequence[sp.Expr], x: arb, values: Sequence[arb]) -> list[arb]:
        return [arb(v) for v in _compiled(tuple(formulas), (X, *self.symbols))(x, *values)]

    def _atoms(self, vector: Balls) -> tuple[list[list[arb]], list[arb]]:
        width, count = self.family.width, len(self.cells)
        return [list(vector[l * width : (l + 1) * width]) for l in range(count)], list(vector[count * width :])

    def _gates(
        self, node: _Node, rows: Sequence[list[arb]], shared: list[arb], count: int | None = None
    ) -> list[list[arb]]:
        own = len(self.family.setting.own)
        return [
            self._gate(node.formulas[c][:count], node.x, [*row[1 : 1 + own], *shared])
            for c, row in zip(self.cells, rows, strict=True)
        ]

    def square(self, vector: Balls) -> arb:
        """The squared L2 distance, nothing cut off."""
        rows, shared = self._atoms(vector)
        own, total = len(self.family.setting.own), arb(0)
        nus = [row[-1] for row in rows] + [expert[-1] for expert in self.experts]
        for node in self.nodes:
            gates = self._gates(node, rows, shared, 1)
            logits = [row[0] + gate[0] for row, gate in zip(rows, gates, strict=True)]
            signed = [*softmax(logits), *(-p for p in node.true)]
            means = [dot(row[1 + own : -1], node.basis) for row in rows] + node.means
            for i, p in enumerate(signed):
                for j, q in enumerate(signed):
                    total += node.weight * p * q * _slopes(means[i] - means[j], nus[i] + nus[j], 1)[0]
        return total

    def table(self, vector: Balls) -> arb_mat:
        """(r, J)^T (r, J) of the residual r, cut off, and its derivatives J by the entries of the vector."""
        total = arb_mat(len(vector) + 1, len(vector) + 1)
        for node in self.nodes:
            columns = arb_mat(self._columns(vector, node).tolist())
            total += columns.transpose() * (node.products * columns)
        return total

    def _columns(self, vector: Balls, node: _Node) -> Balls:
        rows, shared = self._atoms(vector)
        own, width = len(self.family.setting.own), self.family.width
        gates = self._gates(node, rows, shared)
        logits = [row[0] + gate[0] for row, gate in zip(rows, gates, strict=True)]
        columns: Balls = np.full((2 * _TERMS, len(vector) + 1), arb(0), dtype=object)
        places = [slice(c * _TERMS, (c + 1) * _TERMS) for c in self.cells]
        parts = []
        for p, row, c in zip(softmax(logits), rows, self.cells, strict=True):
            gaps = [q - true for q, true in zip(row[1 + own :], self.experts[c], strict=True)]
            parts.append((p, p * _powers(dot(gaps[:-1], node.basis), gaps[-1] / 2)))
        density: Balls = np.full(2 * _TERMS, arb(0), dtype=object)
        for place, (_, part) in zip(places, parts, strict=True):
            density[place] += part
        for l, (place, (p, part)) in enumerate(zip(places, parts, strict=True)):
            pull = -p * density
            pull[place] += part
            at = 1 + l * width
            columns[:, at] = pull
            for i in range(own):
                columns[:, at + 1 + i] = gates[l][1 + i] * pull
            for i in range(len(shared)):
                columns[:, 1 + len(rows) * width + i] += gates[l][1 + own + i] * pull
            for i, b in enumerate(node.basis):
                columns[place, at + 1 + own + i][1:] = b * part[:-1]
            columns[place, at + width - 1][2:] = part[:-2] / 2
        columns[:, 0] = density
        for c in range(2):
            columns[c * _TERMS, 0] -= node.true[c]
        return columns


def _exact(number: sp.Expr) -> arb:
    return balls.value(number, {}, BITS)


def _slopes(gap: arb, v: arb, count: int) -> list[arb]:
    """N(gap; 0, v) and its derivatives by gap."""
    derivatives = [(-gap * gap / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()]
    for n in range(count - 1):
        derivatives.append(-(gap * derivatives[n] + (n * derivatives[n - 1] if n else 0)) / v)
    return derivatives


def _powers(shift: arb, spread: arb) -> Balls:
    """c_0, c_1, ..: sum_(i+2j=k) shift^i spread^j/(i! j!), which satisfy k c_k = shift c_(k-1) + 2 spread c_(k-2)."""
    coefficients = [arb(1), shift]
    for k in range(2, _TERMS):
        coefficients.append((shift * coefficients[-1] + 2 * spread * coefficients[-2]) / k)
    return np.array(coefficients, dtype=object)
