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
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.fields.differential_field import cleared_denominators
from temperance.theory.interactions.derivatives import DerivativeFamily, Index
from temperance.theory.interactions.differential_operators import (
    Basis,
    Closure,
    Key,
    Operator,
    TooMuchWork,
    all_relations,
    groebner_basis,
    order_of,
    size,
)
from temperance.theory.interactions.independence import independent_by_balls
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import Expert, Gate, MoESpec


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
    """LaTeX of an expression; the weight pi of a Gaussian gate becomes varpi, unlike the number."""
    return str(sp.latex(expr, symbol_names={sp.Symbol("pi", positive=True): r"\varpi"}))


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
    terms = ((field.expression(c, family.atom.names), a) for c, a in zip(cleared, ordered, strict=True))
    return Relation(family.spec.parameters, tuple(terms)[::-1])


_UNPROVED = "the rank assumes that the functions of x and y are algebraically independent"


@dataclass(frozen=True)
class Interactions:
    """The interactions of the parameters of an atom up to an order r.

    derivatives: number of derivatives of order <= r (u included); rank: dimension of their span over the coefficient
    field; relations: every dependent derivative in terms of the standard ones; generators: relations whose derivatives
    and their combinations give all of them, none given by the others on closing at order r + 1; complete: whether that
    was decided for all, and the rank proved; missing: what was not, in words; proved: whether the rank is. spec: the
    model; order: r; scope: the coefficient field, and what the rank rests on; basis: the Groebner basis behind.
    """

    spec: MoESpec
    order: int
    derivatives: int
    rank: int
    relations: tuple[Relation, ...]
    generators: tuple[Relation, ...]
    complete: bool
    missing: tuple[str, ...]
    proved: bool
    scope: str
    basis: Basis = field(repr=False, compare=False)


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
    proved = independent_by_balls(family, basis.standard)
    rank = "rank proved: a determinant is proved nonzero by interval arithmetic" if proved else _UNPROVED
    missing = [] if decided else ["irredundancy of the generators"]
    missing += [family.spec.gate.caveat] if family.spec.gate.caveat else []
    missing += [] if proved else ["a proof that there are no further relations"]
    return Interactions(
        spec=family.spec,
        order=order,
        derivatives=comb(family.size + order, order),
        rank=len(basis.standard),
        relations=tuple(relation(family, f) for f in all_relations(basis)),
        generators=tuple(relation(family, f) for f in generators),
        complete=not missing,
        missing=tuple(missing),
        proved=proved,
        scope=f"{coefficient_scope(basis)}; every relation verified by substitution; {rank}",
        basis=basis,
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


def coefficient_scope(basis: Basis) -> str:
    """The field of the coefficients, and where the relations hold."""
    family = basis.family
    generators = [family.field.generators[i] for i in family.atom.coefficients]
    kernels = [str(family.atom.names[g]) for g in generators if g in family.atom.names]
    text = "coefficients: rational functions of the parameters" + (f" and of {', '.join(kernels)}" if kernels else "")
    kinks = family.spec.gate.log_weight.has(sp.Piecewise)
    return text + ("; pointwise derivatives, off the kinks" if kinks else "")
