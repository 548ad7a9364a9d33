"""Computes the derivatives of an atom divided by the atom, and handles their multi-indices.

For u with log-gradient L_i = d_i log u, the quotient P_alpha = (D^alpha u)/u satisfies P_0 = 1 and

    P_{alpha+e_i} = d_i P_alpha + L_i P_alpha.

The field has a generator for each subexpression that is not rational (kernel). Exponents are written over a lattice
basis, so that exp(z) and exp(2z) share one; roots keep their algebraic relation, hyperbolic functions become
exponentials, sin and cos become tan of the half argument. Generators are added until derivation closes on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import TypeVar

import sympy as sp

from temperance.theory.fields.differential_field import DifferentialField, Fraction, Row, coefficient_rows, nullspace
from temperance.theory.fields.tower import Lattice
from temperance.theory.models.spec import Jet, MoESpec, Y, covariates

_Encoded = TypeVar("_Encoded")
RESIDUAL = sp.Symbol("epsilon", real=True)
MAX_KERNELS = 60
_HALF_ANGLE = {
    sp.sin: lambda t: 2 * t / (1 + t**2),
    sp.cos: lambda t: (1 - t**2) / (1 + t**2),
}


@dataclass
class _Encoder:
    """Registers kernels; encode() returns a rational expression in symbols."""

    parameters: tuple[sp.Symbol, ...]
    residual: sp.Expr | None
    order: int
    observed: frozenset[sp.Symbol]
    lattice: list[sp.Expr] = field(default_factory=list)
    kernels: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)

    def symbol(self, kernel: sp.Expr) -> sp.Symbol:
        if kernel not in self.kernels:
            if len(self.kernels) >= MAX_KERNELS:
                raise ValueError(f"derivation does not close on {MAX_KERNELS} functions, the last one {kernel}")
            self.kernels[kernel] = sp.Symbol(f"k_{len(self.kernels)}")
        return self.kernels[kernel]

    def encode(self, e: sp.Expr) -> sp.Expr:
        if e.is_Rational or (e.is_Symbol and e is not sp.pi):
            return e
        if e.is_Add or e.is_Mul:
            return e.func(*map(self.encode, e.args))
        if isinstance(e, sp.exp) or e is sp.E:
            return self._exponential(sp.expand(sp.log(e)) if e is sp.E else sp.expand(e.args[0]))
        if e.is_Pow:
            return self._power(*e.args)
        if type(e) in _HALF_ANGLE:
            return _HALF_ANGLE[type(e)](self.symbol(sp.tan(e.args[0] / 2)))
        if isinstance(e, sp.sinh | sp.cosh | sp.tanh | sp.coth | sp.sech | sp.csch):
            return self.encode(e.rewrite(sp.exp))
        return self.symbol(e)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_Integer:
            return self.encode(base) ** exponent
        if exponent.is_Rational:
            num, den = sp.fraction(sp.together(self.encode(base)))
            n = exponent.q
            radicand = sp.expand(num * den ** (n - 1))
            return (self.symbol(sp.Pow(radicand, sp.Rational(1, n), evaluate=False)) / den) ** exponent.p
        return self.encode(sp.exp(exponent * sp.log(base)))

    def _exponential(self, exponent: sp.Expr) -> sp.Expr:
        try:
            parts = Lattice(self.lattice).coordinates(exponent)
        except KeyError:
            raise _LatticeGrew(Lattice([*self.lattice, exponent]).exponents) from None
        return sp.Mul(*(self.symbol(sp.exp(b)) ** w for b, w in parts))

    def close(self) -> dict[sp.Symbol, list[sp.Expr]]:
        """Derivatives of all kernels by all parameters, registering what they need.

        0 for kernels of x or y that turn up only in derivatives of u of the highest order: theirs are never used.
        """
        rules: dict[sp.Symbol, list[sp.Expr]] = {}
        depth = 1
        while len(rules) < len(self.kernels):
            for kernel, symbol in [(k, s) for k, s in self.kernels.items() if s not in rules]:
                plain = self.plain(kernel)
                last = depth > self.order and bool(plain.free_symbols & self.observed)
                rules[symbol] = [sp.S.Zero] * len(self.parameters) if last else self.gradient(plain)
            depth += 1
        return rules

    def gradient(self, plain: sp.Expr) -> list[sp.Expr]:
        """The total derivatives by all parameters."""
        slopes = [sp.diff(plain, p) for p in self.parameters]
        if self.residual is not None and RESIDUAL in plain.free_symbols:
            inner = sp.diff(plain, RESIDUAL)
            slopes = [s - inner * sp.diff(self.residual, p) for s, p in zip(slopes, self.parameters, strict=True)]
        return [self.encode(slope) for slope in slopes]

    def plain(self, kernel: sp.Expr) -> sp.Expr:
        """The kernel written without kernels."""
        back = {s: k for k, s in self.kernels.items()}
        while kernel.free_symbols & set(back):
            kernel = kernel.xreplace(back)
        return kernel


class _LatticeGrew(Exception):
    """A new exponent changed the basis: encode again from the start, with this one."""

    def __init__(self, lattice: list[sp.Expr]) -> None:
        self.lattice = lattice


def _on_lattice(encode: Callable[[list[sp.Expr]], _Encoded]) -> _Encoded:
    """What is encoded over a lattice of exponents that no longer grows."""
    lattice: list[sp.Expr] = []
    for _ in range(20):
        try:
            return encode(lattice)
        except _LatticeGrew as growth:
            lattice = growth.lattice
    raise ValueError("the exponents do not settle on a finite lattice")


def residual_form(branches: tuple[sp.Expr, ...]) -> tuple[tuple[sp.Expr, ...], sp.Expr | None]:
    """Replace y - m by one symbol where log u depends on y through it only: (branches, m), or (branches, None)."""
    sums = sorted({n for b in branches for n in b.atoms(sp.Add) if n.coeff(Y) in (1, -1)}, key=sp.default_sort_key)
    for node in sums:
        sign = node.coeff(Y)
        mean = sp.expand(Y - sign * node)
        replaced = tuple(b.subs(node, sign * RESIDUAL) for b in branches)
        if Y not in mean.free_symbols and not any(Y in b.free_symbols for b in replaced):
            return replaced, mean
    return branches, None


def _field(
    encoder: _Encoder, symbols: Sequence[sp.Symbol]
) -> tuple[DifferentialField, list[sp.Symbol], dict[sp.Symbol, sp.Expr]]:
    """The field of the kernels and of symbols, without derivatives; its generators, and what kernels stand for."""
    names = {s: encoder.plain(k) for k, s in encoder.kernels.items()}
    roots = {s: k for k, s in encoder.kernels.items() if k.is_Pow}
    generators = [*reversed(roots), *(s for s in names if s not in roots), *symbols]
    relations = {s: (int(1 / k.exp), k.base) for s, k in reversed(roots.items())}
    return DifferentialField(generators, relations), generators, names


def independent_functions(
    functions: Sequence[sp.Expr], x: Sequence[sp.Symbol], constants: Sequence[sp.Symbol]
) -> list[dict[sp.Expr, sp.Expr]] | None:
    """Each function of x as a combination of those before it that are independent, with coefficients free of x.

    1, cos(x)^2, sin(x)^2 give {1: 1}, {cos(x)^2: 1}, {1: 1, cos(x)^2: -1}. None where no field was built.
    """

    def encoded(lattice: list[sp.Expr]) -> tuple[DifferentialField, list[sp.Symbol], dict, list[Fraction]]:
        encoder = _Encoder((), None, 0, frozenset(x), lattice)
        rational = [encoder.encode(f) for f in functions]
        field_, generators, names = _field(encoder, [*x, *constants])
        return field_, generators, names, [field_.fraction_of(e) for e in rational]

    try:
        field_, generators, names, columns = _on_lattice(encoded)
    except ValueError:
        return None
    free = {i for i, g in enumerate(generators) if not names.get(g, g).free_symbols & {*x}}
    solved = nullspace(field_, coefficient_rows(field_, columns, free), len(functions))
    combinations = [{f: sp.S.One} for f in functions]
    dependent = [j for j in range(len(functions)) if j not in solved.pivots]
    for j, relation in zip(dependent, solved.relations, strict=True):
        c = [field_.expression(e, names) for e in relation]
        combinations[j] = {functions[i]: sp.cancel(-c[i] / c[j]) for i in solved.pivots if c[i] != 0}
    return combinations


Index = tuple[int, ...]


def multi_indices(size: int, degree: int) -> Iterator[Index]:
    """All multi-indices of that many entries with sum degree; there are C(size + degree - 1, degree)."""
    for chosen in combinations_with_replacement(range(size), degree):
        yield tuple(chosen.count(i) for i in range(size))


def raised(alpha: Index, i: int, by: int = 1) -> Index:
    """alpha + by e_i."""
    return (*alpha[:i], alpha[i] + by, *alpha[i + 1 :])


def divides(alpha: Index, beta: Index) -> bool:
    """Whether D^beta is a derivative of D^alpha: alpha <= beta entry by entry."""
    return all(p <= q for p, q in zip(alpha, beta, strict=True))


class DerivativeFamily:
    """The derivatives of the atom of a model up to a given order, divided by the atom, on every branch.

    field: the one in which they live. names: what its generators stand for. observed: indices of the generators that
    depend on x or y; the others generate the coefficient field. gradients[branch][i] = d log u / d parameter i.
    key(alpha) orders the derivatives: by order, then the shared parameters (the temperature) weigh most.
    Raises ValueError for a function whose derivatives do not close on finitely many functions.
    """

    def __init__(self, spec: MoESpec, order: int) -> None:
        self.spec, self.order, self.size = spec, order, len(spec.parameters)
        branches, residual = residual_form(spec.branches)
        visible = frozenset({*covariates(spec.dim), Y, RESIDUAL})

        def encoded(lattice: list[sp.Expr]) -> tuple[_Encoder, list[list[sp.Expr]], dict[sp.Symbol, list[sp.Expr]]]:
            encoder = _Encoder(spec.parameters, residual, order, visible, lattice)
            slopes, rules = [encoder.gradient(b) for b in branches], encoder.close()
            if residual is not None:
                rules[RESIDUAL] = [encoder.encode(-sp.diff(residual, p)) for p in spec.parameters]
            return encoder, slopes, rules

        encoder, slopes, rules = _on_lattice(encoded)
        jets = {j.args[0] for b in spec.branches for j in b.atoms(Jet)}
        constants = [c for c in spec.constants if c not in jets]
        symbols = [Y if residual is None else RESIDUAL, *covariates(spec.dim), *constants, *spec.parameters]
        self.field, generators, self.names = _field(encoder, symbols)
        rules = {g: [sp.Integer(g == p) for p in spec.parameters] for g in generators} | rules
        self.field.rules = [[self.field.fraction_of(rules[g][i]) for g in generators] for i in range(self.size)]
        depends = [g in visible or bool(self.names.get(g, g).free_symbols & visible) for g in generators]
        self.observed = tuple(i for i, moves in enumerate(depends) if moves)
        self.coefficients = tuple(i for i, moves in enumerate(depends) if not moves)
        self.gradients = [[self.field.fraction_of(e) for e in branch] for branch in slopes]
        shared = [i for i, p in enumerate(spec.parameters) if p in spec.gate.shared]
        self._priority = shared + [i for i in range(self.size) if i not in shared]
        self.branches = len(branches)
        zero = (0,) * self.size
        self._known: list[dict[Index, Fraction]] = [{zero: self.field.unit} for _ in branches]

    def key(self, alpha: Index) -> tuple[int, ...]:
        """Sort key of a degree-compatible monomial order."""
        return (sum(alpha), *(alpha[i] for i in self._priority))

    def fraction(self, alpha: Index, branch: int = 0) -> Fraction:
        """P_alpha on a branch, in the field."""
        cache = self._known[branch]
        if alpha not in cache:
            i = next(j for j in self._priority if alpha[j])
            below = self.fraction(raised(alpha, i, -1), branch)
            cache[alpha] = self.field.derivative(below, i) + self.gradients[branch][i] * below
        return cache[alpha]

    def quotient(self, alpha: Index, branch: int = 0) -> sp.Expr:
        """P_alpha = (D^alpha u)/u as a SymPy expression in the parameters, x and the residual (or y)."""
        return self.expression(self.fraction(alpha, branch))

    def expression(self, f: Fraction) -> sp.Expr:
        """A field element as a SymPy expression."""
        return self.field.expression(f.num, self.names) / self.field.expression(f.den, self.names)

    def rows(self, indices: Sequence[Index]) -> list[Row]:
        """The rows to which c is orthogonal iff sum_alpha c_alpha P_alpha = 0 on every branch, free of x and y."""
        constants = set(self.coefficients)
        columns = ([self.fraction(alpha, branch) for alpha in indices] for branch in range(self.branches))
        return [row for column in columns for row in coefficient_rows(self.field, column, constants)]

    def annihilates(self, operator: Mapping[Index, Fraction]) -> bool:
        """Whether sum_alpha c_alpha D^alpha u = 0 exactly, on every branch, by substitution of u."""
        for branch in range(self.branches):
            total = self.field.zero
            for alpha, c in operator.items():
                total += c * self.fraction(alpha, branch)
            if not total.is_zero():
                return False
        return True
