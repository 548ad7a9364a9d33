"""Finds all linear relations among an atom's derivatives, and irredundant generators of them (theory 1.2).

A `Relation` is a linear partial differential equation of an atom, as text and as LaTeX.

    >>> from temperance.theory.interactions.interactions import derive
    >>> linear = derive(gate="linear", dim=1, order=2)
    >>> linear.derivatives, linear.rank, len(linear.relations)
    (21, 12, 9)
    >>> [g.equation for g in linear.generators]
    ['tau*u_{tau} + beta1*u_{beta1} = 0', 'tau*u_{beta1 b} = u_{a}', 'u_{b b} = 2*u_{nu}']

A constant expert leaves the heat equation alone:

    >>> [g.equation for g in derive("softmax", "constant").generators]
    ['u_{b b} = 2*u_{nu}']

A linear differential operator sum_alpha c_alpha D^alpha over the coefficient field of an atom is a dictionary {alpha:
c_alpha}. The relations of an atom form a left ideal; their Groebner bases are those of left ideals in a Weyl algebra
with rational-function coefficients (Chyzak and Salvy 1998), for an order of the derivatives that refines their order.
All derivatives of order <= r are compared by one exact elimination.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from math import comb
from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.fields.differential_field import Fraction, cleared_denominators, nullspace
from temperance.theory.interactions.derivatives import DerivativeFamily, Index, divides, multi_indices, raised
from temperance.theory.interactions.independence import RankProof, rank_proof
from temperance.theory.models.by_name import model
from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import NU, Expert, Gate, MoESpec

Operator = dict[Index, Fraction]
Key = Callable[[Index], tuple[int, ...]]


MOST_WORK = 1_500_000  # pairs of terms multiplied in closing: some seconds


class TooMuchWork(Exception):
    """The closing needed more work than is done."""


def size(c: Fraction) -> int:
    """Number of terms of a coefficient, above and below the line."""
    return len(c.num) + len(c.den)


def order_of(f: Operator) -> int:
    """Order of an operator: the largest |alpha|."""
    return max(map(sum, f))


def prolong(f: Operator, i: int) -> Operator:
    """The operator d_i f = sum_alpha (d_i c_alpha) D^alpha + c_alpha D^(alpha + e_i)."""
    out: Operator = {}
    for alpha, c in f.items():
        add_term(out, raised(alpha, i), c)
        add_term(out, alpha, c.field.derivative(c, i))
    return out


def add_term(f: Operator, alpha: Index, c: Fraction) -> None:
    """f += c D^alpha, in place."""
    total = f[alpha] + c if alpha in f else c
    if total.is_zero():
        f.pop(alpha, None)
    else:
        f[alpha] = total


def add_multiple(f: Operator, c: Fraction, g: Operator) -> None:
    """f += c g, in place."""
    for alpha, value in g.items():
        add_term(f, alpha, c * value)


class Closure:
    """The left ideal of some operators as far as it is reached by prolonging up to a given order and eliminating.

    Membership found here is proved (every step is an exact identity); that an operator is not found means only that
    prolongation up to that order does not show it. Raises TooMuchWork after MOST_WORK products.
    """

    def __init__(self, key: Key, order: int) -> None:
        self.key, self.order, self.budget = key, order, MOST_WORK
        self.rows: dict[Index, Operator] = {}

    def add(self, f: Operator) -> None:
        """Adjoin an operator, and prolong all that is new."""
        pending = [f]
        while pending:
            f = self.remainder(pending.pop(0))
            if not f:
                continue
            lead = max(f, key=self.key)
            self.rows[lead] = row = {alpha: c / f[lead] for alpha, c in f.items()}
            pending += [prolong(row, i) for i in range(len(lead)) if sum(lead) < self.order]

    def remainder(self, f: Operator) -> Operator:
        """f with its leading derivatives reduced until one is standard, or {} if f is reached."""
        f = dict(f)
        while f and (lead := max(f, key=self.key)) in self.rows:
            row = self.rows[lead]
            self.budget -= size(f[lead]) * sum(map(size, row.values()))
            if self.budget < 0:
                raise TooMuchWork
            add_multiple(f, -f[lead], row)
        return f


MAX_ORDER = 8


@dataclass(frozen=True)
class Basis:
    """The relations of order <= r, as monic operators with standard tails, and their Groebner basis.

    relations: of every dependent derivative, verified by substitution. operators: those whose leading derivative is no
    derivative of that of another one. standard: the derivatives that lead no relation; they are independent and span
    all others.
    """

    family: DerivativeFamily
    relations: tuple[Operator, ...]
    operators: tuple[Operator, ...]
    standard: tuple[Index, ...]


def groebner_basis(spec: MoESpec, order: int) -> Basis:
    """The relations of order <= order, their Groebner basis, and the standard derivatives.

    Raises ValueError for an order outside 1..8.
    """
    if not isinstance(order, int) or isinstance(order, bool) or not 1 <= order <= MAX_ORDER:
        raise ValueError(f"the order must be an integer from 1 to {MAX_ORDER}, got {order!r}")
    family = DerivativeFamily(spec, order)
    indices = [alpha for degree in range(order + 1) for alpha in multi_indices(family.size, degree)]
    columns = sorted(indices, key=family.key)
    kernel = nullspace(family.field, family.rows(columns), len(columns))
    relations: list[Operator] = []
    minimal: dict[Index, Operator] = {}
    for row in kernel.relations:
        terms = {alpha: c for alpha, c in zip(columns, row, strict=True) if c}
        lead = max(terms, key=family.key)
        relations.append({alpha: family.field.fraction(c, terms[lead]) for alpha, c in terms.items()})
        if not family.annihilates(relations[-1]):
            raise ArithmeticError(f"a derived relation does not annihilate the atom: {lead}")
        if not any(divides(other, lead) for other in minimal):
            minimal[lead] = relations[-1]
    standard = tuple(columns[i] for i in kernel.pivots)
    return Basis(family, tuple(relations), tuple(minimal.values()), standard)


@dataclass(frozen=True)
class Relation:
    """sum_alpha c_alpha D^alpha u = 0, the coefficients polynomials without a common factor.

    parameters: what the entries of the multi-indices alpha count; terms: (c_alpha, alpha), leading derivative first.
    """

    parameters: tuple[sp.Symbol, ...]
    terms: tuple[tuple[sp.Expr, Index], ...]

    @property
    def order(self) -> int:
        """The largest |alpha|."""
        return max(sum(alpha) for _, alpha in self.terms)

    @property
    def equation(self) -> str:
        """The relation as text: u_{beta1 b} is the derivative of u in beta1 and b."""
        return self._written(str, " ", "*")

    @property
    def latex(self) -> str:
        """The relation as LaTeX."""
        return self._written(tex, r"\,", r"\,")

    def _written(self, show: Callable[[sp.Expr], str], space: str, times: str) -> str:
        negative = [c.could_extract_minus_sign() for c, _ in self.terms]
        pieces = []
        for (c, alpha), minus in zip(self.terms, negative, strict=True):
            name, factor = derivative(self.parameters, alpha, show, space), -c if minus else c
            written = f"({show(factor)})" if factor.is_Add else show(factor)
            pieces.append(name if factor == 1 else written + times + name)
        if len(pieces) == 2 and negative[1]:
            return f"{pieces[0]} = {pieces[1]}"
        rest = [(" - " if minus else " + ") + p for minus, p in zip(negative[1:], pieces[1:], strict=True)]
        return pieces[0] + "".join(rest) + " = 0"


def tex(expr: sp.Expr) -> str:
    """LaTeX of an expression; the weight pi of a Gaussian gate is varpi; beta1[i] is beta1 of atom i."""
    names = {s: re.sub(r"\[(\w+)\]", r"_\1", s.name) for s in expr.free_symbols if "[" in s.name or s.name == "pi"}
    latex_names = {s: sp.latex(sp.Symbol(re.sub(r"^pi\b|^pi(?=_)", "varpi", name))) for s, name in names.items()}
    text = sp.latex(expr, symbol_names=latex_names)
    return re.sub(r"_\{\w+(?: \w+)+\}", lambda indices: indices[0].replace(" ", ","), text)


def derivative(
    parameters: tuple[sp.Symbol, ...], alpha: Index, show: Callable[[sp.Expr], str] = tex, space: str = r"\,"
) -> str:
    r"""u, or u_{p q ..} with every parameter as often as it is differentiated in: u_{\beta_{1}\,b}."""
    names = [show(p) for p, e in zip(parameters, alpha, strict=True) for _ in range(e)]
    return "u_{" + space.join(names) + "}" if names else "u"


def relation(family: DerivativeFamily, operator: Operator) -> Relation:
    """The operator with denominators and common factors cleared, leading derivative first and with a positive sign."""
    field, ordered = family.field, sorted(operator, key=family.key)
    cleared = cleared_denominators(field, [operator[alpha] for alpha in ordered])
    terms = ((field.expression(c, family.names), a) for c, a in zip(cleared, ordered, strict=True))
    return Relation(family.spec.parameters, tuple(terms)[::-1])


_UNPROVED = "the rank assumes that the functions of x and y are algebraically independent"


@dataclass(frozen=True)
class Interactions:
    """The interactions of the parameters of an atom up to an order r.

    derivatives: number of derivatives of order <= r (u included); rank: dimension of their span over the coefficient
    field; relations: every dependent derivative in terms of the standard ones; generators: relations whose derivatives
    and their combinations give all of them, none given by the others on closing at order r + 1; complete: whether that
    was decided for all, and the rank proved; missing: what was not, in words. spec: the model; order: r; scope: the
    coefficient field, and what the rank rests on; basis: the Groebner basis behind; proof: of the rank, where there is
    one.
    """

    spec: MoESpec
    order: int
    derivatives: int
    rank: int
    relations: tuple[Relation, ...]
    generators: tuple[Relation, ...]
    complete: bool
    missing: tuple[str, ...]
    scope: str
    basis: Basis = field(repr=False, compare=False)
    proof: RankProof | None = field(default=None, repr=False, compare=False)

    @property
    def proved(self) -> bool:
        """Whether the rank is proved."""
        return self.proof is not None


def derive(
    gate: str | Gate = "linear",
    expert: str | Expert = "gaussian",
    activation: str | sp.Expr | Activation | None = None,
    dim: int = 1,
    order: int = 2,
) -> Interactions:
    """All relations of order <= order among the derivatives of the atom, with rank and irredundant generators.

    gate, expert: a name (linear, activation, generic, ..; gaussian, constant, polynomial:M, ..) or an object of
    theory.models.spec; activation: of the gate "activation", as `activations.activation` takes it; dim: of x, 1 to 20;
    order: 1 to 8. Where closing at order + 1 takes too much work, the result says complete=False and what is missing.
    Raises ValueError for bad input (an order outside 1..8 among it).
    """
    basis = groebner_basis(model(gate, expert, activation, dim), order)
    family = basis.family
    generators, decided = irredundant_generators(basis)
    proof = rank_proof(family, basis.standard)
    rank = "rank proved: a determinant is proved nonzero by interval arithmetic" if proof else _UNPROVED
    missing = [] if decided else ["irredundancy of the generators"]
    missing += [family.spec.gate.caveat] if family.spec.gate.caveat else []
    missing += [] if proof else ["a proof that there are no further relations"]
    return Interactions(
        spec=family.spec,
        order=order,
        derivatives=comb(family.size + order, order),
        rank=len(basis.standard),
        relations=tuple(relation(family, f) for f in basis.relations),
        generators=tuple(relation(family, f) for f in generators),
        complete=not missing,
        missing=tuple(missing),
        scope=f"{coefficient_scope(basis)}; every relation verified by substitution; {rank}",
        basis=basis,
        proof=proof,
    )


def irredundant_generators(basis: Basis) -> tuple[list[Operator], bool]:
    """Generators by order, the simplest first, and whether irredundancy was decided: else they are the whole basis.

    An element of the Groebner basis is kept where closing those kept before it at order r + 1 does not give it; then,
    from the last on, one is dropped where the others of its order and below give it.
    """
    key, order = basis.family.key, basis.family.order + 1
    candidates = sorted(basis.operators, key=lambda f: _complexity(key, f))
    try:
        generators: list[Operator] = []
        closure = Closure(key, order)
        for f in candidates:
            if closure.remainder(f):
                generators.append(f)
                closure.add(f)
        return without_redundant(key, generators, order), True
    except TooMuchWork:
        return candidates, False


def without_redundant(key: Key, operators: list[Operator], order: int) -> list[Operator]:
    """The operators, from the last on without those that the others of their order and below give."""
    for f in reversed(operators):
        degree = order_of(f)
        others = [g for g in operators if g is not f and order_of(g) <= degree]
        if all(order_of(g) < degree for g in others):
            continue  # then it was compared with all of them when it was kept
        closure = Closure(key, order)
        for g in others:
            closure.add(g)
        if not closure.remainder(f):
            operators = [g for g in operators if g is not f]
    return operators


def _complexity(key: Key, f: Operator) -> tuple[int, int, int, int, tuple[int, ...]]:
    """Order, number of terms, total order of the terms, size of the coefficients, place in the parameters' order."""
    total = sum(map(size, f.values()))
    return order_of(f), len(f), sum(map(sum, f)), total, tuple(-e for e in max(f, key=key))


def coefficient_scope(basis: Basis, written: Callable[[sp.Expr], str] = str) -> str:
    """The field of the coefficients, its functions as they are written, and where the relations hold."""
    family = basis.family
    generators = [family.field.generators[i] for i in family.coefficients]
    kernels = [written(family.names[g]) for g in generators if g in family.names]
    text = "coefficients: rational functions of the parameters" + (f" and of {', '.join(kernels)}" if kernels else "")
    kinks = family.spec.gate.log_weight.has(sp.Piecewise)
    return text + ("; pointwise derivatives, off the kinks" if kinks else "")


def gate_conditions(interactions: Interactions) -> dict[str, Any]:
    """The conditions of order 1 and 2 of a gate with an expert: families, verdict, and the relations that break them.

    First order: no relation among u and its first derivatives. Second order: none of order 2 besides those of the
    expert alone, such as the heat equation.
    """
    spec = interactions.spec
    gate = [i for i, p in enumerate(spec.parameters) if p in spec.gate.parameters]
    own = [g for g in interactions.generators if any(alpha[i] for _, alpha in g.terms for i in gate)]
    conditions = [
        _condition("first order", [[sp.S.One, *_slopes(spec)]], [g for g in own if g.order == 1], interactions),
        _condition("second order", _second_order(spec), own, interactions),
    ]
    return {
        "gate": spec.gate.name,
        "expert": spec.expert.name,
        "dim": spec.dim,
        "conditions": conditions,
        "missing": list(interactions.missing),
    }


def _condition(
    name: str, families: list[list[sp.Expr]], relations: list[Relation], interactions: Interactions
) -> dict[str, Any]:
    verdict = "fails" if relations else "holds" if interactions.complete else "undecided"
    texts = [[str(sp.factor_terms(sp.expand(f))) for f in family] for family in families]
    return {"name": name, "verdict": verdict, "families": texts, "relations": [r.equation for r in relations]}


def _slopes(spec: MoESpec) -> list[sp.Expr]:
    return [sp.diff(spec.gate.log_weight, p) for p in spec.gate.parameters]


def _second_order(spec: MoESpec) -> list[list[sp.Expr]]:
    """The families of the degrees 0, 1 and 2 in y; of an expert that is not Gaussian that of degree 0 alone.

    A function that is there twice is a relation; but for 1 in degree 2, which the heat equation has twice.
    """
    score, slopes, mean = spec.gate.log_weight, _slopes(spec), mean_of(spec.expert)
    pairs = combinations_with_replacement(spec.gate.parameters, 2)
    curvatures = [sp.diff(score, p, q) + sp.diff(score, p) * sp.diff(score, q) for p, q in pairs]
    families = [[sp.S.One, *slopes, *curvatures]]
    if mean is not None:
        slopes_of_mean = [sp.diff(mean, p) for p in spec.expert.parameters if p != NU]
        families.append([*slopes_of_mean, *(h * f for h in slopes_of_mean for f in slopes)])
        squares = [h * k for h, k in combinations_with_replacement(slopes_of_mean, 2)]
        families.append([*squares, *([] if sp.S.One in squares else [sp.S.One]), *slopes])
    return families
