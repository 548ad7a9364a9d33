"""Finds offsets along curves: of parameters that change what stands before powers of x in gate and mean.

Curves begin at the true point of a setting, or beside it, where a true value 0 moves (`places_beside`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add, mul
from typing import Any

import sympy as sp
from flint import fmpq

from temperance.theory.contact.places import log_weight, text
from temperance.theory.kernel.reader import require
from temperance.theory.kernel.series import Expansion, Ring, Series
from temperance.theory.models.form import intercept
from temperance.theory.models.spec import NU, MoESpec, covariates
from temperance.theory.models.truth import Setting
from temperance.theory.models.weights import own_parameters

T, Q, ROOT = sp.symbols("_t _q _r")
"""Along a curve, the node of an atom, an algebraic number: names that no parameter has."""
Role = tuple[str, int]
"""What stands before (x_1 + .. + x_d)^k in the log weight, ("gate", k), or in the mean, ("mean", k); ("nu", 0).

k = -2 is for x_1^2 + .. + x_d^2.
"""
_CHANGE = {k: sp.Dummy(f"w{abs(k)}") for k in (-2, 1, 2)}


@lru_cache(maxsize=256)
def directed(spec: MoESpec) -> str | None:
    """A log weight that divides by |x|, in the directions u = x/|x|; None for any other one, or where x is left."""
    x, weight = covariates(spec.dim), log_weight(spec)
    norm, length = sp.sqrt(sum(v**2 for v in x)), sp.Dummy("length", positive=True)
    if spec.dim == 1 or not weight.has(1 / norm):
        return None
    u = [sp.Symbol(f"_u{j}") for j in range(1, spec.dim + 1)]
    shorter = weight.subs({norm: length, 1 / norm: 1 / length})
    formula = sp.cancel(shorter.subs({v: length * w for v, w in zip(x, u, strict=True)}, simultaneous=True))
    return None if formula.has(length, *x) else text(formula)


@lru_cache(maxsize=256)
def _coefficients(e: sp.Expr, dim: int) -> tuple[tuple[tuple[int, ...], sp.Expr], ...] | None:
    """The powers of x and their coefficients; None for what is no polynomial in x."""
    x = covariates(dim)
    if e.has(sp.Piecewise) or not e.is_polynomial(*x):
        return None
    return tuple(sp.Poly(e, *x).terms())


def _wanted(powers: tuple[int, ...], roles: Mapping[int, sp.Expr]) -> sp.Expr | None:
    """What the roles have before a monomial: in (x_1 + .. + x_d)^k, or for k = -2 in x_1^2 + .. + x_d^2."""
    parts = [roles[k] for k in (sum(powers),) if k in roles]
    parts = [e * sp.factorial(sum(powers)) / sp.prod([sp.factorial(n) for n in powers]) for e in parts]
    parts += [roles[-2]] if -2 in roles and sum(powers) == max(powers) == 2 else []
    return sum(parts, sp.S.Zero) if parts else None


def offsets_of(
    cell: Setting, roles: Mapping[Role, sp.Expr], place: Mapping[sp.Symbol, sp.Expr], degree: int
) -> tuple[dict[str, sp.Expr], sp.Expr] | None:
    """The offsets of parameters that have these roles along x_1 + .. + x_d, below t^degree, and a factor of weights.

    The factor is what the weight has at x = 0 over its true value. None where no parameters have the roles.
    """
    mean = _of_mean(cell, roles)
    gate = _of_gate(cell, {k: e for (kind, k), e in roles.items() if kind == "gate"}, place, degree)
    if mean is None or gate is None:
        return None
    offsets, factor = gate
    return {**offsets, **mean, **({NU.name: roles["nu", 0]} if ("nu", 0) in roles else {})}, factor


def _of_mean(cell: Setting, roles: Mapping[Role, sp.Expr]) -> dict[str, sp.Expr] | None:
    """The offsets of a mean h(u), u linear in the parameters with powers of x before them and 1 before b."""
    b = intercept(cell.mean, cell.expert[:-1], cell.spec.dim)
    wanted = {k: e for (kind, k), e in roles.items() if kind == "mean"}
    if b is None:
        alone = [p.name for p in cell.expert[:-1] if sp.diff(cell.mean, p) == 1]
        return dict.fromkeys(alone[:1], wanted[0]) if alone and {*wanted} == {0} else None
    offsets, seen = {}, set()
    for p in cell.expert[:-1]:
        terms = _coefficients(sp.simplify(sp.diff(cell.mean, p) / sp.diff(cell.mean, b)), cell.spec.dim)
        if terms is None or len(terms) != 1 or not terms[0][1].is_Rational:
            return None
        ((powers, c),) = terms
        seen.add(sum(powers))
        if (e := _wanted(powers, wanted)) is not None:
            offsets[p.name] = sp.expand(e / c)
    return offsets if {abs(k) for k in wanted} <= seen else None


def _of_gate(
    cell: Setting, wanted: Mapping[int, sp.Expr], place: Mapping[sp.Symbol, sp.Expr], degree: int
) -> tuple[dict[str, sp.Expr], sp.Expr] | None:
    """The offsets of the gate that change the coefficients of its log weight so, and the factor that is free of x."""
    if not wanted:
        return {}, sp.S.One
    values = tuple((p, v) for p, v in place.items() if p not in cell.own)
    solved = _solved(log_weight(cell.spec), cell.own, values, cell.spec.dim, frozenset(wanted))
    if solved is None:
        return None
    ends, factor = solved
    # one after the other: what is wanted may have symbols of the place
    at, roles = {p: place[p] for p in cell.own}, {_CHANGE[k]: e for k, e in wanted.items()}
    offsets = {p.name: below(e.subs(at).subs(roles) - at[p], degree) for p, e in ends}
    return offsets, below(sp.exp(factor.subs(at).subs(roles)), degree)


@lru_cache(maxsize=256)
def _solved(
    weight: sp.Expr,
    own: tuple[sp.Symbol, ...],
    values: tuple[tuple[sp.Symbol, sp.Expr], ...],
    dim: int,
    at: frozenset[int],
) -> tuple[tuple[tuple[sp.Symbol, sp.Expr], ...], sp.Expr] | None:
    """Where the parameters of a gate move if roles in its log weight change by symbols, and the change at x = 0."""
    terms = _coefficients(sp.expand(weight), dim)
    if terms is None or not {abs(k) for k in at} <= {sum(powers) for powers, _ in terms}:
        return None
    ends = {p: sp.Dummy(p.name, positive=p.is_positive) for p in own}
    equations, first = [], sp.S.Zero
    for powers, c in terms:
        change = c.subs(values).subs(ends) - c.subs(values)
        if any(powers):
            equations.append(change - (_wanted(powers, {k: _CHANGE[k] for k in at}) or 0))
        else:
            first = change
    solved = sp.solve(equations, list(ends.values()), dict=True)
    if len(solved) != 1:
        return None
    return tuple((p, solved[0][q]) for p, q in ends.items() if q in solved[0]), first.subs(solved[0])


def shift_of_weight(cell: Setting, most: int | None = None) -> dict[sp.Symbol, sp.Expr] | None:
    """The offsets that move by t all that stands before powers of x in the log weight; None where there are none.

    most: the largest power of x that it is done of; None: all.
    """
    terms, own = _coefficients(sp.expand(log_weight(cell.spec)), cell.spec.dim), own_parameters(cell.spec)
    if terms is None:
        return None
    ends = {p: sp.Dummy(p.name, positive=p.is_positive) for p in own}
    changes = [(c.subs(ends) - c, T if most is None or sum(n) <= most else 0) for n, c in terms if any(n)]
    solved = sp.solve([change - by for change, by in changes], list(ends.values()), dict=True)
    return {p: sp.cancel(solved[0][q] - p) for p, q in ends.items()} if len(solved) == 1 else None


def below(e: sp.Expr, degree: int) -> sp.Expr:
    """The powers of t below a degree, of an expression that is analytic in t and polynomial in all other symbols.

    Raises Rejected where it is not shown to be.
    """
    symbols = [T, *sorted(e.free_symbols - {T}, key=str)]
    names = {p: f"v{i}" for i, p in enumerate(symbols)} | {T: "_t"}
    ring = Ring([*names.values(), "_pi"], (), {})
    series = _series(e, Expansion(ring, {"_t": degree}), names).poly
    require(not ring.has_symbols(series), "a coefficient that is no polynomial")
    terms = {tuple(map(int, m[: len(symbols)])): sp.Rational(int(c.p), int(c.q)) for m, c in series.to_dict().items()}
    return sp.Poly(terms, *symbols).as_expr() if terms else sp.S.Zero


def _series(e: sp.Expr, values: Expansion, names: Mapping[sp.Symbol, str]) -> Series:
    """The kernel's series of an expression."""
    if e.is_Symbol:
        return values.series(values.ring.names[names[e]])
    if e.is_Rational:
        return values.series(values.ring.context.constant(fmpq(int(e.p), int(e.q))))
    if e.is_Pow and e.exp.is_Rational:
        return values.power(_series(e.base, values, names), values.number(0), Fraction(int(e.exp.p), int(e.exp.q)))
    parts = [_series(part, values, names) for part in e.args]
    if e.is_Add or e.is_Mul:
        return reduce(add if e.is_Add else mul, parts)
    require(e.is_Function and len(parts) == 1, "a part is no function of one argument")
    return values.call(e.func.__name__, parts[0])


def places_beside(cell: Setting, here: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The place where parameters with the true value 0 are any other number, if an identity leads there.

    An exact curve of all cells moves them from any true value. Orders are no smaller than at the mixtures with the true
    density that are near the true one.
    """
    movers = moved_first(cell)
    zero = sorted(p.name for p in movers if not is_nonzero_at_truth(cell, p))
    names = {p.name for p in movers}
    if not zero or not names <= {*here["model"]["own"]}:
        return []
    points = [{p: v for p, v in point.items() if p not in names} for point in here["points"]]
    return [{**here, "points": points, "nonzero": zero}]


def is_nonzero_at_truth(cell: Setting, p: sp.Symbol) -> bool:
    """Whether the true value of a parameter is not 0."""
    return cell.point[p].is_zero is False


@lru_cache(maxsize=64)
def moved_first(cell: Setting) -> frozenset[sp.Symbol]:
    """The parameters that an exact curve of all cells moves from any true value, so that no value 0 is in the way.

    Orders are no smaller than at the mixtures with the true density that are near the true one.
    """
    shift = shift_of_weight(cell, 1) if cell.every and cell.weighted else None
    speeds = {p: sp.diff(e, T).subs(T, 0).subs(cell.point) for p, e in (shift or {}).items()}
    return frozenset(p for p, speed in speeds.items() if speed != 0)
