"""Adds up weighted products of rows, the inner loops of the likelihood kernel, in vectors of eight doubles.

Rows lie in one workspace, `stride` doubles apart, padded to whole vectors with zero weights. Each sum keeps eight
partial sums, one for each lane, in memory between the blocks; lanes are added up at the end. The numbers of rows and
the stride are compile-time constants, so every sum of a tile stays in a register.

Example, inside a jitted function: ``gram(a, b, u, v, out, count, 5, 3, 264)`` adds sum_j u_j v_j A_rj B_cj to
out[(3 r + c), lane] for 5 rows at the address a and 3 rows at b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
_MOST_ROWS = 5  # a tile has at most 5 x 5 sums: with its operands that fills 32 registers
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_BYTES = 8


class _Rows:
    """Loads of vector number `index` of rows at an address."""

    def __init__(self, builder: Any, address: Any, stride: int) -> None:
        self.builder, self.stride = builder, stride // LANES
        self.base = builder.inttoptr(address, _VECTOR.as_pointer())

    def load(self, row: int, index: Any) -> Any:
        offset = self.builder.add(index, ir.Constant(index.type, row * self.stride))
        return self.builder.load(self.builder.gep(self.base, [offset]), align=_BYTES)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return builder.fadd(builder.fmul(x, y, flags=("contract",)), z, flags=("contract",))


def _accumulate(
    builder: Any, out: Any, slots: Sequence[int], count: Any, terms: Callable[[Any], Sequence[tuple[Any, Any]]]
) -> None:
    """out[slots] += the sum over vectors 0..count of the products of pairs that terms(index) lists."""
    sums = _Rows(builder, out, LANES)
    zero = ir.Constant(count.type, 0)
    registers = [cgutils.alloca_once(builder, _VECTOR) for _ in slots]
    for register, slot in zip(registers, slots, strict=True):
        builder.store(sums.load(slot, zero), register)
    with cgutils.for_range(builder, count) as loop:
        for register, (x, y) in zip(registers, terms(loop.index), strict=True):
            builder.store(_multiply_add(builder, x, y, builder.load(register)), register)
    for register, slot in zip(registers, slots, strict=True):
        target = builder.gep(sums.base, [ir.Constant(count.type, slot)])
        builder.store(builder.load(register), target, align=_BYTES)


def _chunks(rows: int) -> list[range]:
    """Near-equal parts of range(rows), none longer than _MOST_ROWS."""
    parts = -(-rows // _MOST_ROWS)
    cuts = [rows * i // parts for i in range(parts + 1)]
    return [range(low, high) for low, high in pairwise(cuts)]


def _literals(*values: Any) -> list[int] | None:
    """Values of compile-time constants, None if one is not constant."""
    return [v.literal_value for v in values] if all(isinstance(v, types.IntegerLiteral) for v in values) else None


def _signature(arguments: int, literals: Sequence[Any]) -> Any:
    return types.none(*[types.int64] * arguments, *literals)


@intrinsic(prefer_literal=True)
def gram(
    typing: Any, a: Any, b: Any, u: Any, v: Any, out: Any, count: Any, rows: Any, columns: Any, stride: Any
) -> Any:
    """out[r columns + c] += sum_j u_j v_j A_rj B_cj, lane by lane."""
    constants = _literals(rows, columns, stride)
    if constants is None:
        return None
    p, q, step = constants

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, second, left, right = (_Rows(builder, address, step) for address in arguments[:4])
        for i in _chunks(p):
            for j in _chunks(q):

                def terms(index: Any, i: range = i, j: range = j) -> list[tuple[Any, Any]]:
                    weight = builder.fmul(left.load(0, index), right.load(0, index))
                    weighted = [builder.fmul(weight, second.load(c, index)) for c in j]
                    return [(x, y) for x in (first.load(r, index) for r in i) for y in weighted]

                _accumulate(builder, arguments[4], [r * q + c for r in i for c in j], arguments[5], terms)
        return context.get_dummy_value()

    return _signature(6, (rows, columns, stride)), generate


@intrinsic(prefer_literal=True)
def spread(typing: Any, a: Any, u: Any, v: Any, out: Any, count: Any, rows: Any, stride: Any) -> Any:
    """out[r] += sum_j u_j A_rj, then in order of r <= c, out[rows + ..] += sum_j u_j (1 - v_j) A_rj A_cj."""
    constants = _literals(rows, stride)
    if constants is None:
        return None
    p, step = constants
    slot = {pair: p + s for s, pair in enumerate((r, c) for r in range(p) for c in range(r, p))}

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, left, right = (_Rows(builder, address, step) for address in arguments[:3])
        parts = _chunks(p)
        for i in parts:
            for j in (part for part in parts if part.start >= i.start):
                pairs = [(r, c) for r in i for c in j if r <= c]
                firsts = list(i) if i == j else []

                def terms(index: Any, j: range = j, pairs: Any = pairs, firsts: Any = firsts) -> list[tuple[Any, Any]]:
                    u = left.load(0, index)
                    weight = builder.fsub(u, builder.fmul(u, right.load(0, index)))
                    rows = {r: first.load(r, index) for r in sorted({r for pair in pairs for r in pair})}
                    weighted = {c: builder.fmul(weight, rows[c]) for c in j}
                    return [(u, rows[r]) for r in firsts] + [(rows[r], weighted[c]) for r, c in pairs]

                _accumulate(builder, arguments[3], [*firsts, *(slot[pair] for pair in pairs)], arguments[4], terms)
        return context.get_dummy_value()

    return _signature(5, (rows, stride)), generate


@intrinsic(prefer_literal=True)
def weigh(typing: Any, a: Any, u: Any, out: Any, count: Any, rows: Any, stride: Any) -> Any:
    """out[r] += sum_j u_j A_rj."""
    constants = _literals(rows, stride)
    if constants is None:
        return None
    p, step = constants

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, left = (_Rows(builder, address, step) for address in arguments[:2])
        for i in _chunks(p):

            def terms(index: Any, i: range = i) -> list[tuple[Any, Any]]:
                weight = left.load(0, index)
                return [(weight, first.load(r, index)) for r in i]

            _accumulate(builder, arguments[2], list(i), arguments[3], terms)
        return context.get_dummy_value()

    return _signature(4, (rows, stride)), generate
