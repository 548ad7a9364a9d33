"""Finds a gate of the table that has the formula of another, whatever its parameters are called and how it is written.

>>> from temperance.theory.models.spec import BETA0, covariates
>>> (x,), w, t = covariates(1), sp.Symbol("w", real=True), sp.Symbol("t", positive=True)
>>> named(Gate("mine", sp.tanh(w * x) / t, (w, t), (t,), BETA0 / t), 1)
'activation'
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, permutations, product
from math import isfinite

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.balls import is_constant_in
from temperance.theory.models.form import activated, same
from temperance.theory.models.gates import ACTIVATED, GATES
from temperance.theory.models.gates import gate as gate_named
from temperance.theory.models.spec import Gate, Jet

_MOST_ALIKE = 5  # parameters that have the same trace, all of whose orders are tried
_CLOSE = 1e-9
_POINTS = 3  # of the parameters
_X = tuple(tuple((7 * k + 11 * j**2 + 3 * j * k) % 29 / 9 - 1.6 for j in range(20)) for k in range(3))
_ONE_VALUE, _VALUES = 0.7, (0.9, 1.2)

Renaming = Mapping[sp.Symbol, sp.Symbol]


@lru_cache(maxsize=1024)
def renaming(gate: Gate, other: Gate) -> Renaming | None:
    """The parameters of a gate -> those of another that has the same weight, up to a factor that is a number.

    What is declared of the signs of parameters is not compared, as all is asked near a true point that has them.
    None where there is none, and where it was not found.
    """
    counts = [(len(g.own), len(g.shared), g.constants, g.offset is None) for g in (gate, other)]
    if counts[0] != counts[1] or gate.log_weight.has(sp.Piecewise) != other.log_weight.has(sp.Piecewise):
        return None
    for order in _orders(gate, other):
        names = dict(zip(order, (*other.own, *other.shared), strict=True))
        common = {q: sp.Dummy(q.name, real=True, positive=q.is_positive) for q in names.values()}
        first = _unified(gate, {p: common[q] for p, q in names.items()})
        second = _unified(other, common)
        if first == second or all(_up_to_number(e, f) for e, f in zip(first, second, strict=True)):
            return names
    return None


def in_places(gate: Gate, other: Gate) -> tuple[sp.Symbol, ...] | None:
    """The parameters of a gate in the order of those of another with the same weight; None as `renaming` has it."""
    images = renaming(gate, other)
    if images is None:
        return None
    back = {q: p for p, q in images.items()}
    return tuple(back[q] for q in other.parameters)


def _unified(gate: Gate, names: Renaming) -> tuple[sp.Expr, sp.Expr]:
    """The log weight and the offset in other symbols; a free function has one name."""
    free = {jet: Jet(sp.Symbol("s"), *jet.args[1:]) for jet in gate.log_weight.atoms(Jet)}
    offset = sp.S.Zero if gate.offset is None else gate.offset
    return gate.log_weight.xreplace(free).xreplace(dict(names)), offset.xreplace(dict(names))


def _up_to_number(e: sp.Expr, f: sp.Expr) -> bool:
    if e == f:
        return True
    if e.has(sp.Piecewise, Jet):
        return same(e, f)
    gap = sp.expand(sp.expand_log(e) - sp.expand_log(f))
    return gap.is_number or is_constant_in(gap, gap.free_symbols)


def _orders(gate: Gate, other: Gate) -> Iterator[tuple[sp.Symbol, ...]]:
    """The orders of the parameters of a gate in which its weight is that of another, as far as numbers show."""
    groups: list[Iterator[tuple[sp.Symbol, ...]]] = []
    places: list[sp.Symbol] = []
    for ours, theirs in ((gate.own, other.own), (gate.shared, other.shared)):
        traces = {q: _trace(other, q) for q in theirs}
        for trace in dict.fromkeys(traces.values()):
            alike, wanted = [p for p in ours if _trace(gate, p) == trace], [q for q in theirs if traces[q] == trace]
            if len(alike) != len(wanted) or len(alike) > _MOST_ALIKE:
                return
            groups.append(permutations(alike))
            places += wanted
    for chosen in product(*groups):
        images = dict(zip(places, chain(*chosen), strict=True))
        order = tuple(images[q] for q in (*other.own, *other.shared))
        if _agree(gate, order, other):
            yield order


def _agree(gate: Gate, order: Sequence[sp.Symbol], other: Gate) -> bool:
    """Whether the log weights differ by one number at some points."""
    rng, gaps = random.Random(1), []
    for _ in range(_POINTS):
        at = [rng.uniform(0.5, 1.5) for _ in order]
        values = dict(zip(order, at, strict=True)), dict(zip((*other.own, *other.shared), at, strict=True))
        for x in _X:
            ours = _number(gate, tuple(values[0][p] for p in gate.parameters), x)
            theirs = _number(other, tuple(values[1][p] for p in other.parameters), x)
            if ours is not None and theirs is not None:
                gaps.append(ours - theirs)
            elif ours is not theirs:
                return False
    return bool(gaps) and max(gaps) - min(gaps) < _CLOSE


@lru_cache(maxsize=1024)
def _trace(gate: Gate, p: sp.Symbol) -> tuple[float | None, ...]:
    """What a parameter changes where all others have one value, which does not depend on names."""
    changes = []
    for x in _X:
        ends = [_number(gate, tuple(v if q == p else _ONE_VALUE for q in gate.parameters), x) for v in _VALUES]
        numbers = [v for v in ends if v is not None]
        changes.append(round(numbers[1] - numbers[0], 9) if len(numbers) == 2 else None)
    return tuple(changes)


def _number(gate: Gate, values: tuple[float, ...], x: Sequence[float]) -> float | None:
    """The log weight; None where it is no finite number."""
    f, dim = _compiled(gate)
    try:
        value = f(*values, *x[:dim])
    except (ArithmeticError, ValueError, TypeError):
        return None
    return value if isfinite(value) else None


@lru_cache(maxsize=256)
def _compiled(gate: Gate) -> tuple[Callable[..., float], int]:
    """The log weight as a function of numbers, and the dimension that it shows."""
    x = sorted((s for s in gate.log_weight.free_symbols if s.name.startswith("x")), key=lambda s: s.name)
    formula = gate.log_weight.replace(Jet, lambda _, n, z: sp.sin(z + n + 1))  # any one will do to compare orders
    plain = {p: sp.Symbol(f"p{i}") for i, p in enumerate(gate.parameters)}  # as one may be called pi
    return sp.lambdify([*plain.values(), *x], formula.xreplace(plain), "math"), len(x)


def named(gate: Gate, dim: int) -> str | None:
    """The name of the table of gates whose formula this is, up to a renaming of parameters with the same signs.

    None where there is none, and where it was not found.
    """
    namesake = _in_table(gate, dim)
    return None if namesake is None else namesake.name


def recognised(gate: Gate, dim: int) -> Gate:
    """A gate with what the table has beside the formula that it shares with one there: places, and the activation."""
    namesake = None if gate.places else _in_table(gate, dim)
    if namesake is None:
        return gate
    back = dict(zip(namesake.parameters, in_places(gate, namesake) or (), strict=True))
    places = tuple((back[q], values) for q, values in namesake.places)
    return replace(gate, places=places, activation=namesake.activation)


def on_lines_as(gate: Gate, dim: int) -> tuple[Gate, dict[sp.Symbol, tuple[sp.Symbol, bool]]] | None:
    """The gate that the table has in dimension 1 under the name of this one, and what each parameter is there.

    A parameter -> that of dimension 1, and whether it is this one as a whole, not a coordinate of it. None where the
    gate has no name, or none in dimension 1.
    """
    here = _in_table(gate, dim)
    there = None if here is None else _of_table(here.name, 1, here.activation)
    images = None if here is None else renaming(gate, here)
    if there is None or images is None:
        return None
    stems = {q.name: q for q in there.parameters}  # the table calls coordinates by their vector
    return there, {p: (stems[q.name.split("_")[0]], q in there.parameters) for p, q in images.items()}


@lru_cache(maxsize=256)
def _in_table(gate: Gate, dim: int) -> Gate | None:
    form = activated(gate, dim)
    with_s = () if form is None else tuple((name, form.s) for name in ACTIVATED)
    for name, s in (*((name, None) for name in GATES), *with_s):
        other = _of_table(name, dim, s)
        images = None if other is None else renaming(gate, other)
        if images is not None and all(p.is_positive == q.is_positive for p, q in images.items()):
            return other
    return None


@lru_cache(maxsize=256)
def _of_table(name: str, dim: int, s: Activation | None) -> Gate | None:
    try:
        return gate_named(name, dim, s)
    except ValueError:
        return None
