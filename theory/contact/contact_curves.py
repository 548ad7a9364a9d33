"""Finds curves along which the distance is small, so that orders are no smaller (theory B.2.1), with certificates.

The offsets of the atoms of a cell are polynomials in t and in the node q of a quadrature, whose m positive weights are
the shares. Along a curve the density is the true one up to O(t^N); if an offset, or a weighted mean, is of the order
t^w, its contact order is N/w at least. Of the curves that are tried those count that the kernel accepts at the place.

Offsets are found from what stands before powers of x in gate and mean. Curves begin at the true point of a setting, or
beside it, where a true value 0 moves (`places_beside`).

`flat_certificates` finds what is flat: exact curves along which a parameter moves and the density does not (theory 3.3,
B.1), told from the log weight: all offsets of the gate scaled; all cells moved by what is linear in the weight; two
atoms that keep the mean of a power of some parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import chain
from math import comb
from operator import add, mul
from typing import Any

import sympy as sp
from flint import fmpq

from temperance.theory.contact.places import exact_place, log_weight, place, text
from temperance.theory.kernel.check import prove
from temperance.theory.kernel.reader import Rejected, require
from temperance.theory.kernel.series import Expansion, Ring, Series
from temperance.theory.models import gates
from temperance.theory.models.form import in_places, intercept
from temperance.theory.models.spec import NU, MoESpec, covariates, kinks, own_parameters
from temperance.theory.models.truth import Setting
from temperance.theory.symmetries.score_translations import plain_parameters

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
    if not wanted:
        return {}
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
    weight, own = log_weight(cell.spec), cell.own
    x = covariates(cell.spec.dim)
    if weight.has(sp.Piecewise) or not weight.is_polynomial(*x):
        # it is linear in some of them: those with a power of x before them move, and the rest of it stays
        own = tuple(p for p in own if p in plain_parameters(cell.spec) and sp.diff(weight, p).is_polynomial(*x))
        weight = sp.expand(weight).as_independent(*own, as_Add=True)[1] if own else sp.S.Zero
    solved = _solved(weight, own, values, cell.spec.dim, frozenset(wanted))
    if solved is None:
        return None
    ends, factor = solved
    # one after the other: what is wanted may have symbols of the place
    at, roles = {p: place[p] for p in own}, {_CHANGE[k]: e for k, e in wanted.items()}
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
    if len(solved) != 1:
        return None
    still = {q: p for p, q in ends.items() if q not in solved[0]}  # of several solutions that which moves the fewest
    return {p: sp.cancel(solved[0].get(q, q).subs(still) - p) for p, q in ends.items()}


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
    zero = sorted(p.name for p in movers if cell.point[p].is_zero is not False)
    names = {p.name for p in movers}
    if not zero or not names <= {*here["model"]["own"]}:
        return []
    points = [{p: v for p, v in point.items() if p not in names} for point in here["points"]]
    return [{**here, "points": points, "nonzero": zero}]


@lru_cache(maxsize=64)
def moved_first(cell: Setting) -> frozenset[sp.Symbol]:
    """The parameters that an exact curve of all cells moves from any true value, so that no value 0 is in the way.

    Orders are no smaller than at the mixtures with the true density that are near the true one.
    """
    shift = shift_of_weight(cell, 1) if cell.every and cell.weighted else None
    speeds = {p: sp.diff(e, T).subs(T, 0).subs(cell.point) for p, e in (shift or {}).items()}
    return frozenset(p for p, speed in speeds.items() if speed != 0)


_QUARTIC = ROOT**4 - ROOT**2 / 30 - sp.Rational(1, 2160)  # r = sqrt((3 + 2 sqrt(6))/180)
_NUMBER = {"polynomial": ["-1/2160", "0", "-1/30", "0", "1"], "between": ["1/5", "1/4"]}


@dataclass(frozen=True)
class Curve:
    """Offsets in t and q by parameter, with the distance O(t^order) but for kinks.

    nodes: the monic polynomial whose roots are the values of q in the m atoms. share: of an atom, in q and t.
    every: whether every cell is split alike, else one. shared: offsets of shared parameters.
    """

    offsets: Mapping[str, sp.Expr]
    order: int
    nodes: sp.Expr
    share: sp.Expr
    every: bool = False
    shared: Mapping[str, sp.Expr] = field(default_factory=dict)


def certificates(cell: Setting, at: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The certificates of curves in the cells of a setting that the kernel accepts at its place, or beside it.

    at: the place in its stead.
    """
    here = place(cell) if at is None else at
    proofs = []
    for curve in _curves(cell, cell.size, cell.every):
        best: dict[str, Fraction] = {}
        for there in (here, *places_beside(cell, here)):
            try:
                issued, _ = prove(there, _proof(cell, curve))
            except Rejected:
                continue
            if new := [c for c in issued["claims"] if Fraction(c["value"]) > best.get(c["title"], 0)]:
                best |= {c["title"]: Fraction(c["value"]) for c in new}
                proofs.append({**issued, "claims": new})
    return proofs


def reached(proofs: Iterable[Mapping[str, Any]]) -> dict[str, Fraction]:
    """Name of a parameter, or "mean NAME" of a weighted mean -> the largest order that a certificate proves."""
    best: dict[str, Fraction] = {}
    for claim in (claim for issued in proofs for claim in issued["claims"]):
        if claim["side"] == "at least":
            best[claim["title"]] = max(best.get(claim["title"], Fraction(0)), Fraction(claim["value"]))
    return best


def _proof(cell: Setting, curve: Curve) -> dict[str, Any]:
    """A curve as a proof has it, whether it is one of contact or not."""
    atoms = {
        "nodes": [str(c) for c in reversed(sp.Poly(curve.nodes, Q).all_coeffs())],
        "share": sp.sstr(sp.expand(curve.share)),
        "offsets": {name: sp.sstr(sp.expand(e)) for name, e in curve.offsets.items() if e != 0},
    }
    every = curve.every or not cell.weighted
    return {
        "kind": "curve",
        "number": _NUMBER if any(e.has(ROOT) for e in (curve.share, *curve.offsets.values())) else None,
        "shared": {name: sp.sstr(e) for name, e in curve.shared.items()},
        "cells": [[atoms] if every or i == 0 else [] for i in range(cell.truth.k)],
        "degree": curve.order,
        "directions": directed(cell.spec),
    }


@lru_cache(maxsize=64)
def _power_sums(nodes: sp.Expr, count: int) -> tuple[sp.Expr, ...]:
    """sum_l q_l^n for n < count, by the companion matrix."""
    coefficients = sp.Poly(nodes, Q).all_coeffs()[1:]
    m = len(coefficients)
    companion = sp.Matrix(m, m, lambda i, j: -coefficients[j] if i == 0 else int(i == j + 1))
    power, sums = sp.eye(m), []
    for _ in range(count):
        sums.append(power.trace())
        power = power * companion
    return tuple(sums)


@lru_cache(maxsize=1024)
def _reduced(e: sp.Expr, nodes: sp.Expr) -> sp.Expr:
    """The polynomial of least degree in q and r that is the same at the nodes."""
    return sp.rem(sp.rem(e, nodes, Q), _QUARTIC, ROOT)


@lru_cache(maxsize=1024)
def _sum(nodes: sp.Expr, e: sp.Expr) -> sp.Expr:
    """The sum of a polynomial in q over the nodes."""
    terms = sp.Poly(e, Q).terms()
    sums = _power_sums(nodes, terms[0][0][0] + 1)
    return sp.rem(sum((c * sums[n] for (n,), c in terms), sp.S.Zero), _QUARTIC, ROOT)


@lru_cache(maxsize=16)
def quadrature(size: int, skew: int = 0) -> tuple[sp.Expr, sp.Expr]:
    """The nodes, and the weight in q, of the quadrature that is exact for powers of q below 2 size, of variance 1.

    The law is normal (skew 0), or an inverse Gaussian law less its mean, with the third moment skew. Its cumulants are
    (2j - 3)!! (skew/3)^(j - 2), j = 2, 3, ..
    """
    third, moments = sp.Rational(skew, 3), [sp.S.One]
    for k in range(1, 2 * size):
        parts = [(comb(k - 1, j - 1), j, moments[k - j]) for j in range(2, k + 1)]
        moments.append(sum((c * sp.factorial2(2 * j - 3) * third ** (j - 2) * m for c, j, m in parts), sp.S.Zero))
    products = sp.Matrix(size, size + 1, lambda i, j: moments[i + j])
    lower = products[:, :size].LUsolve(-products[:, size])  # orthogonal to what has a lower degree
    nodes = Q**size + sum(c * Q**n for n, c in enumerate(lower))
    sums = _power_sums(nodes, 2 * size)
    share = sp.Matrix(size, size, lambda i, j: sums[i + j]).LUsolve(sp.Matrix(moments[:size]))
    return nodes, sum((c * Q**n for n, c in enumerate(share)), sp.S.Zero)


def _curves(cell: Setting, m: int, every: bool) -> Iterator[Curve]:
    """The curves that are tried."""
    yield from _plain(cell, m)
    if m < 2:
        return
    values = {p: v if v.is_Rational else p for p, v in cell.point.items()}
    place = {p: v for p, v in values.items() if v.is_Rational or (p in cell.own and _is_location(cell, p))}
    for roles, order, nodes, share in _beside_others(m):
        yield from _natural(cell, roles, order, (nodes, share), place)
    if every and cell.weighted:
        anywhere = {p: p if p in cell.own and _is_location(cell, p) else v for p, v in place.items()}
        for roles, order, nodes, share in _alike(m):
            yield from _natural(cell, roles, order, (nodes, share), anywhere, every=True)
    gaussian = in_places(cell.spec.gate, gates.gaussian(cell.spec.dim))
    if gaussian and cell.spec.dim == 1:
        yield from _jointly_gaussian(cell, gaussian[1:], m, every)
    if gaussian and (cell.spec.dim, m) == (2, 3):
        corners = (T * (1 - 2 * Q**2), T * Q, -(T**2) / 2)  # an equilateral triangle: q = 0 or q^2 = 3/4
        offsets = {p.name: e for p, e in zip(gaussian[1:], corners, strict=True)}
        yield Curve(offsets, 3, Q**3 - Q * sp.Rational(3, 4), sp.Rational(1, 3))


def _plain(cell: Setting, m: int) -> Iterator[Curve]:
    """Curves of every gate: all parameters move by t, all that move no kink, or the expert's, alike or apart."""
    nodes = sp.expand(sp.prod([Q - sp.Rational(2 * i - m + 1, 2) for i in range(m)]))
    even = sp.Rational(1, m)
    own = {p.name: cell.point[p] if cell.point[p].is_Rational and cell.point[p] != 0 else sp.S.One for p in cell.own}
    expert = {p.name: sp.S.One for p in cell.expert}
    shared = {p.name: cell.point[p] if cell.point[p].is_Rational else sp.S.One for p in cell.shared}
    moving = {p.name for kink in kinks(cell.spec) for p in kink.moved_by}
    still = {name: speed for name, speed in own.items() if name not in moving}  # at a kink orders are smaller
    for speeds in ({**own, **expert}, *([{**still, **expert}] if still and still != own else []), expert):
        for drift in (shared, {}) if shared else ({},):
            alike = {name: T * c for name, c in speeds.items()}
            yield Curve(alike, 1, nodes, even, shared={name: T * c for name, c in drift.items()})
        if m > 1:
            yield Curve({name: T * Q * c for name, c in speeds.items()}, 2, nodes, even)


def _natural(
    cell: Setting,
    roles: Mapping[Role, sp.Expr],
    order: int,
    law: tuple[sp.Expr, sp.Expr],
    place: Mapping[sp.Symbol, sp.Expr],
    *,
    every: bool = False,
) -> Iterator[Curve]:
    """The curve whose offsets have these roles, if parameters have them; shares make up for weights at x = 0."""
    stay = not any(kind == "gate" for kind, _ in roles)
    try:
        solution = offsets_of(cell, roles, place, order) if stay or {*cell.own} <= {*place} else None
    except Rejected:  # an offset that is no polynomial below that order
        return
    if solution is None:
        return
    (nodes, share), factor = law, _reduced(solution[1], law[0])
    offsets = {name: _reduced(e, nodes) for name, e in solution[0].items()}
    if factor != 1:
        share = _reduced(below(share / factor, order), nodes)
        share = _reduced(below(share / _sum(nodes, share), order), nodes)
        share += (1 - _sum(nodes, share)) * law[1]
    yield Curve(offsets, order, nodes, share, every)


def _is_location(cell: Setting, p: sp.Symbol) -> bool:
    """Whether a parameter of the gate may have any true value: the log weight has no pole in it."""
    return bool(cell.spec.gate.log_weight.is_polynomial(p))


def _beside_others(m: int) -> Iterator[tuple[dict[Role, sp.Expr], int, sp.Expr, sp.Expr]]:
    """Curves of one cell, by roles, with N and the quadrature."""
    law = quadrature(m)
    spread: dict[Role, sp.Expr] = {("mean", 0): T * Q, ("nu", 0): -(T**2)}
    yield spread, 2 * m, *law
    yield {("gate", 1): T**m * Q, ("mean", 1): -(T ** (m + 1)), **spread}, 2 * m, *law
    yield {("gate", 1): T * Q, ("gate", 2): -(T**2) / 2, ("mean", 1): -(T**2), **spread}, 2 * m, *law
    yield {("gate", 1): T * Q, ("gate", 2): -(T**2) / 2}, 2 * m, *law
    yield {("gate", -2): T**m * Q, ("mean", -2): -(T ** (m + 1)), **spread}, 2 * m, *law
    if m == 3:
        bend = Q**2 - 1
        slopes: dict[Role, sp.Expr] = {("mean", 1): T**3 * bend, ("mean", 0): T**2 * Q, ("nu", 0): -(T**4) * Q**2}
        yield {**slopes, ("mean", 2): -(T**4) * Q}, 8, *law
        yield {**slopes, ("gate", 1): T**4 * bend, ("mean", 2): -(T**4) * Q - 2 * T**7}, 8, *law


def _alike(m: int) -> Iterator[tuple[dict[Role, sp.Expr], int, sp.Expr, sp.Expr]]:
    """Curves of every cell alike, by roles, with N and the quadrature; for m = 2 the order 9/4 of a_1."""
    law = quadrature(m)
    yield {("gate", 1): T * Q, ("mean", 0): T * Q, ("mean", 1): -(T**2), ("nu", 0): -(T**2)}, 2 * m, *law
    yield {("gate", 1): T * Q, ("mean", 0): T**3 * Q, ("mean", 1): -(T**4)}, 6, *law
    yield {("gate", 2): T * Q, ("mean", 0): T * Q, ("mean", 2): -(T**2), ("nu", 0): -(T**2)}, 2 * m, *law
    if m > 2:
        return
    slopes = {("mean", 1): T**3 * (1 - Q), ("mean", 2): T**4 * (1 - Q / 3), ("nu", 0): -(T**4) * (1 + 2 * Q)}
    yield {("gate", 1): T * Q, ("mean", 0): -(T**2) * Q, **slopes}, 6, *law
    r, share = ROOT, 54 * ROOT**3 - ROOT * 43 / 10 + sp.S.Half
    a_1 = 18 * r**3 - r**2 * 21 / 5 - r * 11 / 10 + sp.Rational(97, 300) + Q * (r * 11 / 5 - 36 * r**3)
    a_2 = r**3 * 21 / 5 + r**2 / 10 + r / 100 - sp.Rational(37, 600) + Q * (sp.Rational(37, 300) - r**2 / 5)
    nu = r * 21 / 10 - 18 * r**3 - r**2 * 4 / 5 - sp.Rational(41, 150) + Q * (36 * r**3 - r * 21 / 5)
    expert = {("mean", 1): T**4 * a_1, ("mean", 2): T**5 * a_2, ("mean", 0): T**3 * (Q - share), ("nu", 0): T**6 * nu}
    weight = share * Q + (1 - share) * (1 - Q)
    yield {("gate", 2): -r * T**2 * Q, ("gate", 1): -T * Q, **expert}, 9, Q**2 - Q, weight


def _jointly_gaussian(cell: Setting, gate: tuple[sp.Symbol, ...], m: int, every: bool) -> Iterator[Curve]:
    """x and y are jointly Gaussian, gate being c and Gamma; where every cell is split, the true c may be anywhere."""
    (c, gamma), (x,), b = gate, covariates(1), intercept(cell.mean, cell.expert[:-1], 1)
    slopes = [] if b is None else [p for p in cell.expert if sp.diff(cell.mean, p) == x * sp.diff(cell.mean, b)]
    variance = -(T**2) * (1 + Q / 3)
    starts = (*([cell.point[c]] if cell.point[c].is_Rational else [c]), *([c] if every else []))
    for start in dict.fromkeys(starts) if cell.point[gamma].is_Rational else ():
        slope = below(variance / (cell.point[gamma] + variance), 2 * m)
        joint = {c.name: T * Q, gamma.name: variance, NU.name: below(variance * (1 - slope), 2 * m)}
        mean = {} if b is None else {b.name: below(T * Q - slope * (start + T * Q), 2 * m)}
        offsets = {**joint, **{p.name: slope for p in slopes}, **mean}
        yield Curve(offsets, 2 * m, *quadrature(m, 1))


Place = Mapping[sp.Symbol, sp.Expr]
"""The true values of a gate's parameters in an atom."""
Atoms = Sequence[tuple[sp.Expr, Place]]
"""The shares and offsets of the atoms of a cell."""
_MOST_POWER = 4


def flat_certificates(cell: Setting) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The certificates of exact curves that the kernel accepts: along a scale, and along other curves.

    Along a scale the invariants of the gate stay, and nothing is held; along the others they move.
    """
    places = [{p: at[p] for p in (*cell.held, *at)} for at in map(cell.truth.point, range(cell.truth.k))]
    others = [_means_of_squares(cell)]
    others += [_shifts(cell), _of_two(cell, places)] if cell.every and cell.weighted else []
    free = replace(cell, held=())
    moving = {**(exact_place(free) if cell.size == 1 else place(free)), "fixed": []}
    return _accepted([moving], [_scales(free), _by_lengths(free, places)]), _accepted([place(cell), moving], others)


def _accepted(where: Sequence[Mapping[str, Any]], tried: Sequence[Iterator[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Those that show of something new that it is flat, each at the first place where the kernel accepts it."""
    proofs: list[dict[str, Any]] = []
    for proof in chain(*tried):
        titles = {claim["title"] for other in proofs for claim in other["claims"]}
        for here in where:
            try:
                issued, _ = prove(here, proof)
            except Rejected:
                continue
            if {claim["title"] for claim in issued["claims"]} - titles:
                proofs.append(issued)
            break
    return proofs


def _identity(cells: Sequence[Atoms], shared: Place, length: sp.Expr | None = None) -> dict[str, Any]:
    """A proof: the atoms of each cell, and the offsets of shared parameters. length: r^2."""
    written = [
        [
            {
                "nodes": ["0", "1"],
                "share": str(share),
                "offsets": {p.name: sp.sstr(e) for p, e in offsets.items() if e != 0},
            }
            for share, offsets in atoms
        ]
        for atoms in cells
    ]
    return {
        "kind": "identity",
        "number": None
        if length is None
        else {"polynomial": [str(-length), "0", "1"], "between": ["0", str(length + 1)]},
        "shared": {p.name: sp.sstr(e) for p, e in shared.items() if e != 0},
        "cells": written,
    }


def _scales(cell: Setting) -> Iterator[dict[str, Any]]:
    """All parameters of the gate times 1 + t, shared ones times a power of it, at any true values."""
    for power in range(_MOST_POWER + 1) if cell.spec.gate.shared else (0,):
        shared = {p: sp.expand(p * ((1 + T) ** power - 1)) for p in cell.spec.gate.shared}
        yield _identity([[(sp.S.One, {p: p * T for p in own_parameters(cell.spec)})]] * cell.truth.k, shared)


def _by_lengths(cell: Setting, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Vectors of one length r times 1 + t, and shared parameters so that v/((|v| + 1) tau) stays."""
    own, shared = own_parameters(cell.spec), cell.spec.gate.shared
    squares = {sum(at[p] ** 2 for p in own) for at in places}
    if not own or len(squares) != 1 or not (square := squares.pop()).is_Rational:
        return
    cells = [[(sp.S.One, {p: at[p] * T for p in own if at[p].is_Rational})] for at in places]
    factor = (1 + T) * (ROOT + 1) / ((1 + T) * ROOT + 1) - 1
    yield _identity(cells, {p: sp.cancel(places[0][p] * factor) for p in shared}, square)


def _means_of_squares(cell: Setting) -> Iterator[dict[str, Any]]:
    """Two atoms whose parameters are multiples of the true ones and keep the mean of squares."""
    size = cell.size
    if size < 2 or not cell.weighted:
        return
    sides, own = [(1 + sign * 2 * T - T**2) / (1 + T**2) for sign in (1, -1)], own_parameters(cell.spec)
    for movers in dict.fromkeys((own, *((p,) for p in own))):
        atoms = [{p: sp.cancel(p * (side - 1)) for p in movers} for side in sides] + [{}] * (size - 2)
        yield _identity([[(sp.Rational(1, size), offsets) for offsets in atoms], *[()] * (cell.truth.k - 1)], {})


def _shifts(cell: Setting) -> Iterator[dict[str, Any]]:
    """What stands before powers of x, or before x alone, in every log weight moved by t; so what it is linear in."""
    for most in (None, 1):
        if (offsets := shift_of_weight(cell, most)) is not None:
            yield _identity([[(sp.S.One, offsets)]] * cell.truth.k, {})
    plain = plain_parameters(cell.spec)
    yield _identity([[(sp.S.One, {p: T for p in own_parameters(cell.spec) if p in plain})]] * cell.truth.k, {})


def _of_two(cell: Setting, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """Two true atoms at told places that change: on one ray, to both sides, turned, or in one parameter by the same."""
    own = own_parameters(cell.spec)
    if len(places) != 2 or any(not at[p].is_Rational for at in places for p in own):
        return
    first, second = places
    drift = {p: first[p] * T for p in cell.spec.gate.shared}
    half = {p: (first[p] + second[p]) / 2 for p in own}
    gap = {p: (first[p] - second[p]) / 2 for p in own}
    ways: list[tuple[Sequence[Place], Place]] = [([{p: first[p] * T for p in own}] * 2, {})]
    ways += [([{p: T}] * 2, {}) for p in own if all(gap[q] == 0 for q in own if q != p)]
    ways.append(([{p: sign * gap[p] * T for p in own} for sign in (1, -1)], drift))
    bent = [
        {p: half[p] / (1 + T) + sign * gap[p] * (1 + T) - at[p] for p in own} for sign, at in ((1, first), (-1, second))
    ]
    ways.append((bent, {}))
    if len(own) == 2 and sum(v**2 for v in gap.values()) != 0:
        c, s = (1 - T**2) / (1 + T**2), 2 * T / (1 + T**2)
        turned = [
            {own[0]: (c - 1) * at[own[0]] - way * at[own[1]], own[1]: way * at[own[0]] + (c - 1) * at[own[1]]}
            for at, way in ((first, s), (second, -s))
        ]
        u, v = own  # the difference of the two is multiplied by this factor, where their lengths are the same
        factor = c + s * (half[u] * gap[v] - half[v] * gap[u]) / (gap[u] ** 2 + gap[v] ** 2)
        ways.append((turned, {p: first[p] * (factor - 1) for p in cell.spec.gate.shared}))
    for offsets, shared in ways:
        cells = [[(sp.S.One, {p: sp.cancel(e) for p, e in atom.items()})] for atom in offsets]
        yield _identity(cells, {p: sp.cancel(e) for p, e in shared.items()})
