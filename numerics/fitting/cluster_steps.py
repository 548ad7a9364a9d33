"""Steps of Lloyd's alternation between lines and labels that machine code makes, where rounding decides nothing.

They need labels alone: lines by normal equations, not as exact as those of a decomposition, will do while every point
is clearly nearer to one of them than to the others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from temperance.numerics.machine.interrupts import interrupts_noted

_REGULAR = 1e-4  # of an entry of the diagonal: a pivot that leaves most digits of the solution
_TIE = 1e-9  # of squares: residuals that differ by less may be the same


def ahead(x1, y, labels, k, most):  # type: ignore[no-untyped-def]
    """Make at most so many steps on labels (n,), in place; returns how many. One that changes nothing is not made.

    x1 (n, q): the columns of the regression; y (n,).
    """
    n, q = x1.shape
    lines, found = np.zeros((k, q, q + 1)), np.zeros(n, np.int64)
    for step in range(most):
        for i in range(k):
            for a in range(q):
                for b in range(q + 1):
                    lines[i, a, b] = 0.0
        for j in range(n):
            for a in range(q):
                lines[labels[j], a, q] += x1[j, a] * y[j]
                for b in range(q):
                    lines[labels[j], a, b] += x1[j, a] * x1[j, b]
        for i in range(k):
            for a in range(q):
                whole = lines[i, a, a]
                for b in range(a):
                    factor = lines[i, a, b]
                    for c in range(b, q + 1):
                        lines[i, a, c] -= factor * lines[i, b, c]
                pivot = lines[i, a, a]
                if not pivot > _REGULAR * whole:
                    return step
                for c in range(a, q + 1):
                    lines[i, a, c] /= pivot
            for a in range(q - 1, -1, -1):
                for b in range(a + 1, q):
                    lines[i, a, q] -= lines[i, a, b] * lines[i, b, q]
        largest, gap, moved = 0.0, np.inf, 0
        for j in range(n):
            best, second = np.inf, np.inf
            for i in range(k):
                residual = y[j]
                for a in range(q):
                    residual -= x1[j, a] * lines[i, a, q]
                square = residual * residual
                largest = max(largest, square)
                if square < best:
                    best, second, found[j] = square, best, i
                elif square < second:
                    second = square
            gap, largest = min(gap, second - best), max(largest, y[j] * y[j])
            moved += found[j] != labels[j]
        if not (gap > _TIE * largest and moved):
            return step
        for j in range(n):  # for a whole array at once, messages about shapes would be compiled, too
            labels[j] = found[j]
    return most


@cache
def compiled_ahead() -> Any:
    """`ahead` in machine code, made or loaded from disk."""
    from numba import njit

    compiled = njit(cache=True, nogil=True, no_cfunc_wrapper=True)(ahead)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        compiled(np.ones((1, 1)), np.ones(1), np.zeros(1, np.int64), 1, 0)
    return compiled
